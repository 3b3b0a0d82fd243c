"""Keeping no longer than need be (留存期限): the daily job that removes what has served its time.

Periods stand in ``[retention]`` of config.toml. Short transactions, each complete in itself: killed at any instant, the
next run goes on where this one stopped and writes the same end. The counts ride in the claim on the job (a row of
``meta``), so that the one row in the audit trail tells of a broken-off run's removals too. Alerts, stories and the
trail itself are never removed; demonstration data goes by ``demo.clear``.

A report judged irrelevant that its site still lists comes again after its removal, is judged anew and kept for another
period: what a site still publishes is no secret, and remembering it would need what was to be forgotten.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Select, String, cast, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from monitors.access import audit, chain, restricted
from monitors.access.actor import SYSTEM
from monitors.clock import local, utc_now
from monitors.errors import ConflictError, StoreError
from monitors.opinion.model import CLOSED_STATES
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.search_index import index_items, unindex_items
from monitors.store.upsert import insert_into

BATCH = 100  # rows per transaction, some 0.06 s for reports of 1,000 characters: pages and polls write in between
META_KEY = "retention"  # when the job was last done and how many rows it removed; the doctor reads it
_CLAIM = "retention_claim"  # while it runs: whose it is, when it last moved, what it has removed so far
_ABANDONED = timedelta(minutes=2)  # a run that has not moved for this long died with its process
TEXT_REMOVED = "text_removed"  # key in ``item.judgement``: the day (Asia/Shanghai) the text was removed
LEFT = "left"  # key in ``item.judgement``: the story a report was in until it was judged irrelevant, and since when


@dataclass(frozen=True, slots=True)
class Report:
    """How many rows of each kind a run removed, or would remove (``dry``). ``texts``: reports that lost their text."""

    irrelevant: int = 0
    texts: int = 0
    set_aside: int = 0
    restricted: int = 0
    sessions: int = 0
    dry: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """By name, those above zero; for the audit trail."""
        return {kind.words: getattr(self, kind.name) for kind in _KINDS if getattr(self, kind.name)}

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def words(self) -> str:
        if not self.total:
            return "没有超过保存期限的数据"
        told = "，".join(f"{name} {count}" for name, count in self.counts.items())
        return f"超过保存期限、将被清理的数据：{told}" if self.dry else f"已清理超过保存期限的数据：{told}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of row: the ``Report`` field it counts in, its setting, what is over, and how it goes."""

    name: str
    words: str
    setting: str
    key: Column[Any]
    over: Callable[[datetime], Select[Any]]  # keys of what is older than the cut-off
    remove: Callable[[Connection, Sequence[Any], datetime], int]

    def cutoff(self, settings: Settings, now: datetime) -> datetime | None:
        """What is older goes; None: kept for ever."""
        days: int = getattr(settings.retention, self.setting)
        return now - timedelta(days=days) if days else None


def run(
    store: Store, settings: Settings, *, now: datetime, dry: bool = False, pause: Callable[[float], None] = time.sleep
) -> Report:
    """Remove everything that is over its period as of ``now``; with ``dry`` only count it.

    Between transactions it waits as long as the last one took, so that pages and polls get their turn.

    Raises:
        ConflictError: another run is under way; nothing was done.
        StoreError: the database cannot be used; what was removed is, the next run goes on.
    """
    if dry:
        return _count(store, settings, now)
    report = Report()
    began = time.monotonic()
    for report in steps(store, settings, now=now):  # noqa: B007 - the last one is wanted
        pause(time.monotonic() - began)
        began = time.monotonic()
    return report


def steps(
    store: Store, settings: Settings, *, now: datetime, clock: Callable[[], datetime] = utc_now
) -> Iterator[Report]:
    """``run`` in steps of one short transaction each, with the counts so far after every one; for the watch.

    Errors as in ``run``.
    """
    token = _claim(store, clock())
    try:
        yield from _work(store, settings, token, now, clock)
    except ConflictError:
        raise  # another run holds the claim by now
    except Exception:
        with suppress(StoreError):
            _let_go(store, token)
        raise
    chain.anchor(store, settings, now)


def due(connection: Connection, settings: Settings, now: datetime) -> bool:
    """Whether the job has not been done since its hour last struck (Asia/Shanghai); a missed day is due at once."""
    held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY)) or ""
    try:
        last = datetime.fromisoformat(held.partition(" ")[0])
    except ValueError:
        return True
    here = local(now)
    struck = here.replace(hour=settings.retention.hour, minute=0, second=0, microsecond=0)
    if struck > here:
        struck -= timedelta(days=1)
    # A last time in the future was written by a wrong clock: it must not keep the job from running for years.
    return last < struck or last > now + timedelta(days=1)


def _count(store: Store, settings: Settings, now: datetime) -> Report:
    found: dict[str, int] = {}
    with store.read() as connection:
        for kind in _KINDS:
            if cutoff := kind.cutoff(settings, now):
                over = kind.over(cutoff).subquery()
                found[kind.name] = connection.scalar(select(func.count()).select_from(over)) or 0
    return Report(**found, dry=True)


def _work(
    store: Store, settings: Settings, token: str, now: datetime, clock: Callable[[], datetime]
) -> Iterator[Report]:
    for kind in _KINDS:
        cutoff = kind.cutoff(settings, now)
        if cutoff is None:
            continue
        with store.read() as connection:
            keys = list(connection.scalars(kind.over(cutoff).order_by(kind.key)))
        for start in range(0, len(keys), BATCH):
            with store.write() as connection:
                report = _held(connection, token)
                # Asked again here: since the list was made an alert may have opened, or a field been rewritten.
                still = kind.over(cutoff).where(kind.key.in_(keys[start : start + BATCH]))
                removed = kind.remove(connection, connection.scalars(still.with_for_update()).all(), now)
                report = replace(report, **{kind.name: getattr(report, kind.name) + removed})
                _note(connection, _CLAIM, _mark(token, clock(), report))
            yield report
    with store.write() as connection:
        report = _held(connection, token)
        if report.total:
            cutoffs = {k.setting: local(c).date().isoformat() for k in _KINDS if (c := k.cutoff(settings, now))}
            after = {
                "清理": report.counts,
                "早于": {k.words: cutoffs[k.setting] for k in _KINDS if k.setting in cutoffs},
            }
            audit.append(connection, SYSTEM, "retention.run", at=now, kind="system", after=after)
        _note(connection, META_KEY, f"{now.isoformat()} {report.total}")
        connection.execute(delete(t.meta).where(t.meta.c.key == _CLAIM))
    yield report


# ── one run at a time ────────────────────────────────────────────────────────────────────────────────────────────────


def _claim(store: Store, at: datetime) -> str:
    """Make this run the only one; of a dead one its counts are taken over. Returns the token that proves it."""
    token = secrets.token_hex(8)
    busy = ConflictError("清理过期数据的任务正在运行，请几分钟后再试")
    try:
        with store.write() as connection:
            held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _CLAIM).with_for_update())
            if held is None:
                connection.execute(insert(t.meta).values(key=_CLAIM, value=_mark(token, at, Report())))
                return token
            before = json.loads(held)
            if before["token"] and abs(at - datetime.fromisoformat(before["moved_at"])) < _ABANDONED:
                raise busy
            _note(connection, _CLAIM, _mark(token, at, Report(**before["counts"])))
    except IntegrityError:
        raise busy from None
    return token


def _held(connection: Connection, token: str) -> Report:
    """What this run has removed so far, if it is still the one under way."""
    held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _CLAIM).with_for_update())
    mark = json.loads(held) if held else {}
    if mark.get("token") != token:
        raise ConflictError("清理过期数据的任务已由另一进程接手，本次停止")
    return Report(**mark["counts"])


def _let_go(store: Store, token: str) -> None:
    """A failed run keeps its counts for the next one but not its claim."""
    with store.write() as connection, suppress(ConflictError):
        report = _held(connection, token)
        _note(connection, _CLAIM, _mark("", utc_now(), report))


def _mark(token: str, at: datetime, report: Report) -> str:
    counts = {name: value for name, value in asdict(report).items() if name != "dry"}
    return json.dumps({"token": token, "moved_at": at.isoformat(), "counts": counts})


def _note(connection: Connection, key: str, value: str) -> None:
    row = {"key": key, "value": value}
    connection.execute(
        insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
    )


# ── what is over, and how it goes ────────────────────────────────────────────────────────────────────────────────────

_OPEN = t.alert.c.state.not_in(CLOSED_STATES)
_LABELLED = select(t.label.c.item_id)  # what an officer said of a report lasts as long as the report


def _irrelevant(cutoff: datetime) -> Select[Any]:
    item = t.item.c
    return select(item.id).where(
        item.fetched_at < cutoff,
        item.relevant.is_(False),
        item.story_id.is_(None),
        item.demo.is_(False),
        item.id.not_in(_LABELLED),
        # Held for a wage report until it was judged again: its period begins then, else a poor model costs the archive.
        func.coalesce(item.judgement[(LEFT, "at")].as_string(), "") < cutoff.isoformat(),
    )


def _remove_items(connection: Connection, ids: Sequence[int], _now: datetime) -> int:
    unindex_items(connection, ids)
    return connection.execute(delete(t.item).where(t.item.c.id.in_(ids))).rowcount


def _texts(cutoff: datetime) -> Select[Any]:
    """Reports of a story with an open alert keep their text: somebody is still at work on it."""
    item = t.item.c
    at_work = select(t.alert.c.story_id).where(_OPEN)
    return select(item.id).where(
        item.fetched_at < cutoff,
        item.text != "",
        item.demo.is_(False),
        or_(item.relevant, item.story_id.is_not(None), item.id.in_(_LABELLED)),
        or_(item.story_id.is_(None), item.story_id.not_in(at_work)),
    )


def _remove_texts(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Title, address, outlet and judgement stay; evidence that pointed into the text would dangle and goes with it."""
    rows = connection.execute(select(t.item.c.id, t.item.c.title, t.item.c.judgement).where(t.item.c.id.in_(ids))).all()
    unindex_items(connection, ids)
    for row in rows:
        kept = [one for one in row.judgement.get("evidence", ()) if one["field"] != "text"]
        judgement = row.judgement | {"evidence": kept, TEXT_REMOVED: local(now).date().isoformat()}
        connection.execute(update(t.item).where(t.item.c.id == row.id).values(text="", judgement=judgement))
    index_items(connection, [(row.id, row.title, "") for row in rows])
    return len(rows)


def _asides(cutoff: datetime) -> Select[Any]:
    demo = select(t.source.c.id).where(t.source.c.demo)
    return select(t.set_aside.c.id).where(t.set_aside.c.at < cutoff, t.set_aside.c.source_id.not_in(demo))


def _remove_asides(connection: Connection, ids: Sequence[int], _now: datetime) -> int:
    return connection.execute(delete(t.set_aside).where(t.set_aside.c.id.in_(ids))).rowcount


def _restricted(cutoff: datetime) -> Select[Any]:
    """Those of a story whose alerts are closed since before the cut-off, or that has none."""
    held = t.restricted.c
    live = select(cast(t.alert.c.story_id, String)).where(or_(_OPEN, t.alert.c.closed_at >= cutoff))
    demo = select(cast(t.story.c.id, String)).where(t.story.c.demo)
    return select(held.id).where(
        held.kind == "story", held.updated_at < cutoff, held.target.not_in(live), held.target.not_in(demo)
    )


def _remove_restricted(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Each with its own row in the trail, as when a person removes it: the field's absence must be explained."""
    held = t.restricted.c
    rows = connection.execute(select(held.kind, held.target, held.region).where(held.id.in_(ids))).all()
    for row in rows:
        restricted.remove(connection, SYSTEM, row.kind, row.target, row.region, now=now)
    return len(rows)


def _sessions(cutoff: datetime) -> Select[Any]:
    session = t.session.c
    return select(session.token_hash).where(or_(session.ended_at < cutoff, session.expires_at < cutoff))


def _remove_sessions(connection: Connection, hashes: Sequence[str], _now: datetime) -> int:
    return connection.execute(delete(t.session).where(t.session.c.token_hash.in_(hashes))).rowcount


_KINDS = (
    _Kind("irrelevant", "无关报道", "irrelevant_days", t.item.c.id, _irrelevant, _remove_items),
    _Kind("texts", "相关报道的正文", "report_text_days", t.item.c.id, _texts, _remove_texts),
    _Kind("set_aside", "未能读取的条目", "set_aside_days", t.set_aside.c.id, _asides, _remove_asides),
    _Kind("restricted", "受限信息", "restricted_days", t.restricted.c.id, _restricted, _remove_restricted),
    _Kind("sessions", "登录会话", "session_days", t.session.c.token_hash, _sessions, _remove_sessions),
)
