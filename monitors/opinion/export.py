"""Lists of alerts and of search results for an office: which rows, which columns, what the header says.

Above the list stand 截至时间, who exported it (导出人) for which part of the province (辖区), and the active filters.
Every file leaves a line in the audit trail before anybody holds it. The columns: ``monitors.opinion.export_columns``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.clock import SHANGHAI, local, stamp
from monitors.errors import InputError
from monitors.opinion import search
from monitors.opinion.export_columns import ALERT_COLUMNS, ITEM_COLUMNS, AlertRow, due_words, item_cells, places, tone
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, STANCE_NAMES
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.desk_tables import alert_link
from monitors.store.engine import Store

DEMO = "演示数据"
ACTION = "story.export"
_WORDS_CHARS = 500  # of the filters' words in the audit trail


@dataclass(frozen=True, slots=True)
class AlertFilters:
    """Which alerts. Empty means "any". ``since`` ≤ opening < ``until``; ``keyword`` in title, employer or number."""

    since: datetime | None = None
    until: datetime | None = None
    levels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    region: str = ""
    open_only: bool = False
    keyword: str = ""

    def words(self) -> str:
        """The active filters for a reader, e.g. ``级别：I级 红；地区：昭通市``."""
        parts = _period_words("预警时间", self.since, self.until)
        if self.levels:
            parts.append("级别：" + "、".join(LEVEL_NAMES.get(level, level) for level in self.levels))
        if self.states:
            parts.append("状态：" + "、".join(self.states))
        if self.region:
            parts.append(f"地区：{_region_words(self.region)}")
        if self.open_only:
            parts.append("仅未办结")
        if self.keyword:
            parts.append(f"关键词：{self.keyword}")
        return "；".join(parts) or "全部"


def alert_conditions(scope: Scope, filters: AlertFilters) -> list[ColumnElement[bool]]:
    """Scope and filters as conditions on ``alert`` joined with its ``story``; for any query over both."""
    found = [scope.stories()]
    if filters.since:
        found.append(t.alert.c.opened_at >= filters.since)
    if filters.until:
        found.append(t.alert.c.opened_at < filters.until)
    if filters.levels:
        found.append(t.alert.c.level.in_(filters.levels))
    if filters.states:
        found.append(t.alert.c.state.in_(filters.states))
    if filters.region:
        found.append(search.region_condition(scope, t.story.c.region, filters.region))
    if filters.open_only:
        found.append(t.alert.c.state.not_in(CLOSED_STATES))
    if filters.keyword:
        held = (t.story.c.title, t.story.c.employer, t.alert.c.number)
        found.append(or_(*(place.icontains(filters.keyword, autoescape=True) for place in held)))
    return found


def count_alerts(connection: Connection, scope: Scope, filters: AlertFilters) -> tuple[int, int]:
    """How many alerts match, and how many of them are demonstration data."""
    query = (
        select(func.count(), func.count().filter(t.alert.c.demo))
        .select_from(t.alert.join(t.story, t.story.c.id == t.alert.c.story_id))
        .where(*alert_conditions(scope, filters))
    )
    total, demo = connection.execute(query).one()
    return total, demo


def alert_rows(
    connection: Connection,
    scope: Scope,
    filters: AlertFilters,
    now: datetime,
    *,
    negative_at: float = -0.2,
    positive_at: float = 0.2,
) -> Iterator[AlertRow]:
    """The alerts, newest first, streamed. ``negative_at``/``positive_at``: where 负面 ends and 正面 begins."""
    alert, story = t.alert.c, t.story.c
    query = (
        select(
            alert.number, alert.level, alert.state, alert.signed_by, alert.sign_due_at, alert.public_due_at,
            alert.case_ids, alert.demo, story.title, story.first_outlet, story.first_published_at, story.region,
            story.workers, story.amount_fen, story.matched, story.sentiment,
        )
        .select_from(t.alert.join(t.story, story.id == alert.story_id))
        .where(*alert_conditions(scope, filters))
        .order_by(alert.opened_at.desc(), alert.id.desc())
        .execution_options(yield_per=500)
    )  # fmt: skip
    seen = seen_cases(connection, scope)
    for row in connection.execute(query):
        prefecture, county = places(row.region)
        yield AlertRow(
            number=row.number,
            level=row.level,
            title=row.title,
            first_outlet=row.first_outlet,
            first_published_at=row.first_published_at,
            prefecture=prefecture,
            county=county,
            workers=row.workers,
            amount_fen=row.amount_fen,
            keywords=tuple(map(str, row.matched)),
            tone=tone(row.sentiment, negative_at, positive_at),
            state=row.state,
            signed_by=row.signed_by or "",
            due=due_words(row.state, row.sign_due_at, row.public_due_at, now),
            cases=case_numbers(row.case_ids, seen),
            demo=row.demo,
        )


def seen_cases(connection: Connection, scope: Scope) -> frozenset[str] | None:
    """Numbers of the linked cases within the reader's part of the ledger; None: all of them.

    An alert of one county may be tied to a case of another, whose number that county does not learn.
    """
    if scope.everything:
        return None
    one, case = alert_link.c, t.wage_case.c
    query = select(case.number).join(alert_link, and_(one.kind == "case", one.record_id == case.id))
    return frozenset(connection.scalars(query.where(one.ended_at.is_(None), within(case.region, scope.region))))


def case_numbers(numbers: Iterable[object] | None, seen: frozenset[str] | None) -> tuple[str, ...]:
    """``alert.case_ids`` as this reader may know them; ``seen`` as ``seen_cases`` gave it."""
    return tuple(one for one in map(str, numbers or ()) if seen is None or one in seen)


def write_alerts(
    connection: Connection,
    scope: Scope,
    filters: AlertFilters,
    fmt: Format,
    stream: BinaryIO,
    *,
    by: str,
    now: datetime,
    settings: Settings,
) -> int:
    """Write the whole list to ``stream``, exported by the person ``by``; returns the number of alerts.

    Raises:
        InputError: more alerts than ``[export] max_rows``; nothing was written.
    """
    total, demo = count_alerts(connection, scope, filters)
    if total > settings.export.max_rows:
        raise InputError(f"共 {total} 条，超过一次导出的上限 {settings.export.max_rows} 条，请缩小时间或地区范围")
    head = _head(scope, by, now, settings)
    sheet = _sheet("欠薪舆情警情清单", head, filters.words(), ALERT_COLUMNS, total=total, demo=demo)
    judged = settings.judge
    rows = alert_rows(connection, scope, filters, now, negative_at=judged.negative_at, positive_at=judged.positive_at)
    return sheets.write(fmt, (row.cells() for row in rows), stream, sheet)


def write_items(
    connection: Connection,
    scope: Scope,
    filters: search.Filters,
    fmt: Format,
    stream: BinaryIO,
    *,
    by: str,
    now: datetime,
    settings: Settings,
) -> int:
    """Write all results of a search, in its order, to ``stream``; returns how many there were.

    Raises:
        InputError: more results than ``[export] max_rows``; nothing was written.
    """
    limit = settings.export.max_rows
    ids = search.matching_ids(connection, scope, filters, limit + 1)
    if len(ids) > limit:
        raise InputError(f"检索结果超过一次导出的上限 {limit} 条，请缩小时间或地区范围")
    demo = search.count_demo(connection, scope, ids)
    head = _head(scope, by, now, settings)
    sheet = _sheet("舆情检索结果", head, item_filter_words(filters), ITEM_COLUMNS, total=len(ids), demo=demo)
    rows = (item_cells(hit, settings) for hit in search.hits_of(connection, scope, ids, filters))
    return sheets.write(fmt, rows, stream, sheet)


def alerts_file(
    store: Store, actor: Actor, filters: AlertFilters, fmt: Format, now: datetime, *, settings: Settings
) -> bytes:
    """The alert list as the bytes of a file, for a download button that asks when clicked.

    Raises:
        RefusedError: the role may not export; InputError: more alerts than ``[export] max_rows``.
    """
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        actor.require(ACTION, kind="alert")
        rows = write_alerts(connection, actor.scope, filters, fmt, stream, by=actor.display, now=now, settings=settings)
    record(store, actor, "alert", fmt=fmt, words=filters.words(), rows=rows, now=now)
    return stream.getvalue()


def items_file(
    store: Store, actor: Actor, filters: search.Filters, fmt: Format, now: datetime, *, settings: Settings
) -> bytes:
    """All results of a search as the bytes of a file.

    Raises:
        RefusedError: the role may not export; InputError: more results than ``[export] max_rows``.
    """
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        actor.require(ACTION, kind="item")
        rows = write_items(connection, actor.scope, filters, fmt, stream, by=actor.display, now=now, settings=settings)
    record(store, actor, "item", fmt=fmt, words=item_filter_words(filters), rows=rows, now=now)
    return stream.getvalue()


def record(
    store: Store, actor: Actor, kind: Literal["alert", "item"], *, fmt: Format, words: str, rows: int, now: datetime
) -> None:
    """Note the export in the audit trail (逐次留痕); a file whose line cannot be written is not handed out."""
    after = {"format": fmt, "filters": words[:_WORDS_CHARS], "rows": rows}
    with store.write() as connection:
        audit.append(connection, actor, ACTION, at=now, kind=kind, region=actor.region, after=after)


def item_filter_words(filters: search.Filters) -> str:
    """The active filters of a search for a reader."""
    parts = [f"检索词：{filters.query.strip()}"] if filters.query.strip() else []
    parts += _period_words("发布时间", filters.since, filters.until)
    if filters.region:
        parts.append(f"地区：{_region_words(filters.region)}")
    named = (
        ("监测源", filters.source),
        ("来源组", filters.group),
        ("媒体", filters.outlet),
        ("相关性", "" if filters.relevance == "全部" else filters.relevance),
        ("级别", "、".join(LEVEL_NAMES.get(level, level) for level in filters.levels)),
        ("立场", STANCE_NAMES.get(filters.stance, filters.stance)),
        ("类别", filters.kind),
    )
    parts += [f"{name}：{value}" for name, value in named if value]
    return "；".join(parts) or "全部"


def file_name(kind: str, fmt: Format, now: datetime) -> str:
    """``警情清单_20261123-0805.xlsx``: safe on every system, sorted by time."""
    return f"{sheets.slug(kind)}_{local(now):%Y%m%d-%H%M}.{fmt}"


def _head(scope: Scope, by: str, now: datetime, settings: Settings) -> tuple[str, str]:
    """The office, and the line that says as of when, by whom and for which part of the province."""
    office = settings.site.office
    parts = (
        f"截至时间：{stamp(now)}（北京时间）",
        f"制表：{office}",
        f"导出人：{by}",
        f"辖区：{_region_words(scope.region)}",
    )
    return office, "　　".join(parts)


def _sheet(
    title: str, head: tuple[str, str], filters: str, columns: tuple[Column, ...], *, total: int, demo: int
) -> Sheet:
    office, line = head
    if demo:
        title += f"（{DEMO}）" if demo == total else f"（含{DEMO}）"
    lines = [line, f"筛选条件：{filters}　　共 {total} 条"]
    if demo:
        lines.append(f"注意：其中 {demo} 条为{DEMO}，系虚构，不得作为工作依据")
    return Sheet(title, tuple(lines), columns, author=office)


def _period_words(name: str, since: datetime | None, until: datetime | None) -> list[str]:
    if since is None and until is None:
        return []
    last = None if until is None else until - timedelta(minutes=1)
    return [f"{name}：{stamp(since) if since else '最早'} 至 {stamp(last) if last else '最新'}"]


def _region_words(code: str) -> str:
    return divisions.full_name(code) or code


def day_start(text: str) -> datetime:
    """``2026-11-01`` on the office's clock → the aware instant at which that day begins.

    Raises:
        InputError: not a date.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise InputError(f"日期 {text!r} 无法识别，应为 2026-11-01 这样的写法") from error
