"""Demonstration data (演示数据): load it, take it away, publish some of it as a feed.

Nothing is faked: the invented reports go through the judge and the intake that real ones go through, in the order and
at the times at which they would have been fetched. Everything written is marked ``demo``, its sources are paused.
Loading and clearing need ``demo.manage`` and leave one row in the audit trail, in the transaction that settles them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, String, Table, case, cast, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from monitors import settings as settings_module
from monitors.access import audit
from monitors.access.acting import acting, looking
from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.errors import ConflictError, InputError
from monitors.opinion import demo_desk, demo_life, intake, story_summary
from monitors.opinion.demo_feed import rss
from monitors.opinion.demo_world import Planned, sources, stories, world
from monitors.opinion.judge import Judge, Report
from monitors.opinion.model import CLOSED_STATES, Judgement, Source
from monitors.opinion.sources import insert_demo
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.search_index import unindex_items

Progress = Callable[[float, str], None]
# What goes with the reports in the transaction that settles them; how much it was, by name, for the audit trail.
Beside = Callable[[Connection], Mapping[str, int]]

META_KEY = "demo"
_KIND = "demo"  # kind of record in the audit trail
# A load that has not moved for this long died with its process; the next one clears up after it.
_ABANDONED = timedelta(minutes=2)
# Polls per transaction: well under a second of write lock, so that the watch and the pages go on meanwhile.
_POLLS_AT_ONCE = 40
_JUDGED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was loaded."""

    items: int
    relevant: int
    stories: int
    alerts: int
    open_alerts: int

    @property
    def counts(self) -> dict[str, int]:
        """For the audit trail."""
        return {"报道": self.items, "警情": self.alerts, "事件": self.stories}

    @property
    def words(self) -> str:
        return (
            f"报道 {self.items} 篇，其中欠薪相关 {self.relevant} 篇，归并为 {self.stories} 个事件，"
            f"警情 {self.alerts} 起（在办 {self.open_alerts} 起）"
        )


@dataclass(frozen=True, slots=True)
class _Cleared:
    """How much a clearing took away."""

    items: int
    alerts: int
    stories: int
    restricted: int

    @property
    def counts(self) -> dict[str, int]:
        return {"报道": self.items, "警情": self.alerts, "事件": self.stories, "受限信息": self.restricted}


def load(
    store: Store,
    actor: Actor,
    settings: Settings,
    *,
    now: datetime,
    progress: Progress | None = None,
    beside: Beside | None = None,
    after: Callable[[Connection], None] | None = None,
) -> DemoReport:
    """Take in the invented reports of the days before ``now``, and move their alerts along. All of it or nothing.

    ``beside`` writes what else belongs to it before the alerts are moved along, ``after`` what rests on their lives.
    ``progress`` is told the part done (0…1) and what is being
    done. A failure, or a page that is left meanwhile, takes back what was written; a killed process leaves a mark that
    the next load recognises and clears.

    Raises:
        RefusedError: the actor may not; recorded.
        InputError: demonstration data is there already, or is being loaded.
        ConflictError: somebody cleared it while it was being loaded.
    """
    tell = progress or (lambda _part, _words: None)
    with looking(store, actor):
        actor.require("demo.manage", kind=_KIND)
    token = _claim(store, actor, now)
    try:
        tell(0.02, "正在编写演示报道…")
        planned = world(now)
        judgements = _judged(Judge(settings), planned, tell)
        with store.write() as connection:
            for source in sources():
                insert_demo(connection, source, now=planned[0].fetched_at)
        pairs = list(zip(planned, judgements, strict=True))
        done = 0
        for batch in _batches(pairs):
            with store.write() as connection:
                _hold(connection, token, now=utc_now(), items=done)
                for source, fetched_at, poll in batch:
                    _take_in(connection, source, fetched_at, poll, settings)
                    done += len(poll)
            tell(0.35 + 0.6 * done / len(pairs), f"正在入库：{done} / {len(pairs)} 篇")
        with store.write() as connection:
            _hold(connection, token, now=utc_now(), items=done)
            demo_life.settle_sources(connection)
            more = beside(connection) if beside else {}
            demo_life.move_alerts(connection, now, settings)
            report = _report(connection)
            if after:
                after(connection)
            final = json.dumps({"loaded_at": now.isoformat(), "items": report.items})
            connection.execute(update(t.meta).where(t.meta.c.key == META_KEY).values(value=final))
            _record(connection, actor, "载入", {**report.counts, **more})
    except ConflictError:
        raise
    except BaseException:  # also a page that is left: what was begun is taken back before it goes on
        with store.write() as connection:
            _record(connection, actor, "载入未完成，已撤回", _take_away(connection).counts, outcome="失败")
        raise
    tell(1.0, "完成")
    return report


def clear(store: Store, actor: Actor, *, beside: Beside | None = None) -> int:
    """Remove everything that demonstration brought and nothing else; returns how many reports. Safe to repeat.

    ``beside`` takes away what else belonged to it.

    Raises:
        RefusedError: the actor may not; recorded.
    """
    with acting(store, actor) as connection:
        actor.require("demo.manage", kind=_KIND)
        cleared = _take_away(connection)
        more = beside(connection) if beside else {}
        _record(connection, actor, "清除", {**cleared.counts, **more})
    return cleared.items


def _take_away(connection: Connection) -> _Cleared:
    ids = list(connection.scalars(select(t.item.c.id).where(t.item.c.demo)))
    told_together = list(
        connection.scalars(
            select(t.item.c.story_id)
            .where(t.item.c.story_id.is_not(None))
            .group_by(t.item.c.story_id)
            .having(_any(t.item.c.demo) & _any(~t.item.c.demo))
        )
    )
    if told_together:
        _return_to_real(connection, told_together)
    alerts = select(t.alert.c.id).where(t.alert.c.demo)
    connection.execute(delete(t.alert_event).where(t.alert_event.c.alert_id.in_(alerts)))
    alerts_gone = connection.execute(delete(t.alert).where(t.alert.c.demo)).rowcount  # with its answers and links
    gone = t.alert.c.master_id.is_not(None) & t.alert.c.master_id.not_in(select(t.alert.c.id))
    connection.execute(update(t.alert).where(gone).values(master_id=None))
    unindex_items(connection, ids)
    connection.execute(delete(t.item).where(t.item.c.demo))
    told = select(cast(t.story.c.id, String)).where(t.story.c.demo)
    held = t.restricted.c.kind == "story", t.restricted.c.target.in_(told)
    restricted_gone = connection.execute(delete(t.restricted).where(*held)).rowcount
    stories_gone = connection.execute(delete(t.story).where(t.story.c.demo)).rowcount
    demo_sources = select(t.source.c.id).where(t.source.c.demo)
    for table in (t.set_aside, t.poll, t.source_state):
        connection.execute(delete(table).where(table.c.source_id.in_(demo_sources)))
    connection.execute(delete(t.source).where(t.source.c.demo))
    connection.execute(delete(t.meta).where(t.meta.c.key == META_KEY))
    if told_together:
        settings = settings_module.current()
        for story_id in told_together:
            story_summary.refresh_story(connection, story_id, settings=settings, now=utc_now())
    return _Cleared(len(ids), alerts_gone, stories_gone, restricted_gone)


def _record(
    connection: Connection, actor: Actor, act: str, counts: Mapping[str, int], *, outcome: audit.Outcome = "成功"
) -> None:
    after = {"操作": act, **counts}
    audit.append(connection, actor, "demo.manage", at=utc_now(), kind=_KIND, after=after, outcome=outcome)


def replay_feed(directory: Path, *, now: datetime, count: int = 20, name: str = "demo.xml") -> Path:
    """Write the last ``count`` invented wage reports before ``now`` as an RSS file, newest first; returns its path.

    Serve the folder on an address that ``fetch.trusted_networks`` names and add it as a source to see the whole way of
    a report live. The file appears whole or not at all.
    """
    told = [report for reports in stories(world(now)).values() for report in reports]
    told.sort(key=lambda report: report.fetched_at, reverse=True)
    body = rss("演示数据：虚构的欠薪报道", "https://demo.example/", (report.entry for report in told[:count]))
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / name
    draft = target.with_suffix(f".{secrets.token_hex(4)}.tmp")
    draft.write_bytes(body)
    draft.replace(target)
    return target


def _any(condition: Any) -> Any:
    return func.max(case((condition, 1), else_=0)) == 1


def _return_to_real(connection: Connection, story_ids: Sequence[int]) -> None:
    """A real report that joined an invented story keeps the story and its alert; the caller reckons them anew."""
    connection.execute(update(t.story).where(t.story.c.id.in_(story_ids)).values(demo=False))
    kept = select(t.alert.c.id).where(t.alert.c.story_id.in_(story_ids), t.alert.c.demo)
    said = t.response.c.author_id.is_(None) & t.response.c.author.in_(demo_desk.STAFF)
    connection.execute(delete(t.response).where(said, t.response.c.alert_id.in_(kept)))
    for alert_id, proposal in connection.execute(
        select(t.alert.c.id, t.alert.c.proposal).where(t.alert.c.id.in_(kept))
    ):
        if proposal and proposal.get("by") in demo_desk.STAFF:  # nobody is to answer what nobody asked
            connection.execute(update(t.alert).where(t.alert.c.id == alert_id).values(proposal=None))
    connection.execute(update(t.alert).where(t.alert.c.story_id.in_(story_ids)).values(demo=False))


def _claim(store: Store, actor: Actor, now: datetime) -> str:
    """Write the mark that one load is under way; its token tells ours from another's."""
    with store.read() as connection:
        value = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY))
    if value is not None:
        mark = json.loads(value)
        if "token" not in mark:
            raise InputError("演示数据已经载入；要重新载入，请先清除")
        if utc_now() - datetime.fromisoformat(mark["touched_at"]) < _ABANDONED:
            raise InputError("演示数据正在载入，请稍候")
        clear(store, actor)
    token = secrets.token_hex(8)
    try:
        with store.write() as connection:
            connection.execute(insert(t.meta).values(key=META_KEY, value=_mark(token, utc_now(), now, 0)))
    except IntegrityError as error:
        raise InputError("演示数据正在载入，请稍候") from error
    return token


def _mark(token: str, touched_at: datetime, loaded_at: datetime, items: int) -> str:
    return json.dumps(
        {
            "loaded_at": loaded_at.isoformat(),
            "items": items,
            "token": token,
            "touched_at": touched_at.isoformat(),
        }
    )


def _hold(connection: Connection, token: str, *, now: datetime, items: int) -> None:
    """Prove that this load is still the one under way, and say that it moves."""
    value = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY))
    mark = json.loads(value) if value else {}
    if mark.get("token") != token:
        raise ConflictError("演示数据在载入时被清除，已停止载入")
    fresh = _mark(token, now, datetime.fromisoformat(mark["loaded_at"]), items)
    connection.execute(update(t.meta).where(t.meta.c.key == META_KEY).values(value=fresh))


def _judged(judge: Judge, planned: Sequence[Planned], tell: Progress) -> list[Judgement]:
    judgements: list[Judgement] = []
    for start in range(0, len(planned), _JUDGED_AT_ONCE):
        tell(0.05 + 0.3 * start / len(planned), f"正在研判：{start} / {len(planned)} 篇")
        judgements.extend(
            judge.judge_many(
                [
                    Report(
                        title=report.entry.title,
                        text=report.entry.text,
                        published=report.entry.published or report.fetched_at,
                        source_region=report.source.region,
                        outlet_national=report.source.national,
                        now=report.fetched_at,
                    )
                    for report in planned[start : start + _JUDGED_AT_ONCE]
                ]
            )
        )
    return judgements


_Pair = tuple[Planned, Judgement]
_Poll = tuple[Source, datetime, list[_Pair]]


def _batches(pairs: Sequence[_Pair]) -> Iterator[list[_Poll]]:
    """Polls in the order of fetching, some per transaction; what one source gave at one time is one poll."""
    batch: list[_Poll] = []
    for (fetched_at, _), group in groupby(pairs, key=lambda pair: (pair[0].fetched_at, pair[0].source.id)):
        poll = list(group)
        batch.append((poll[0][0].source, fetched_at, poll))
        if len(batch) >= _POLLS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _take_in(
    connection: Connection, source: Source, fetched_at: datetime, poll: Iterable[_Pair], settings: Settings
) -> None:
    entries, judgements = zip(*((report.entry, judgement) for report, judgement in poll), strict=True)
    intake.take_in(connection, source, entries, judgements, settings=settings, now=fetched_at, demo=True)


def _report(connection: Connection) -> DemoReport:
    def count(table: Table, *conditions: Any) -> int:
        found = connection.execute(select(table.c.id).where(table.c.demo, *conditions)).all()
        return len(found)

    return DemoReport(
        items=count(t.item),
        relevant=count(t.item, t.item.c.relevant),
        stories=count(t.story),
        alerts=count(t.alert),
        open_alerts=count(t.alert, t.alert.c.state.not_in(CLOSED_STATES)),
    )
