"""Lists of alerts and of search results for an office: which rows, which columns, what the header says.

The alert list holds the fields of domain.md 1 (U3) in their order, with 截至时间 and the active filters above.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import BinaryIO

from sqlalchemy import ColumnElement, Connection, func, or_, select

from monitors import sheets
from monitors.clock import SHANGHAI, local, stamp
from monitors.errors import InputError
from monitors.opinion import search
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, STANCE_NAMES
from monitors.regions import divisions
from monitors.settings import Settings, current
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

DEMO = "演示数据"
_DEMO_TITLE = "【演示】"
_FEN_PER_WAN = 1_000_000

ALERT_COLUMNS = (
    Column("编号", width=18),
    Column("级别", width=9),
    Column("标题", width=44),
    Column("首发媒体", width=14),
    Column("首发时间", "time", 16),
    Column("州市", width=14),
    Column("县", width=14),
    Column("人数", "integer", 7),
    Column("金额(万元)", "decimal", 11),
    Column("关键词", width=24),
    Column("情感", width=7),
    Column("状态", width=9),
    Column("签收人", width=10),
    Column("时限", width=30),
    Column("关联案件", width=14),
)
ITEM_COLUMNS = (
    Column("标题", width=44),
    Column("媒体", width=14),
    Column("发布时间", "time", 16),
    Column("州市", width=14),
    Column("县", width=14),
    Column("是否相关", width=9),
    Column("级别", width=9),
    Column("立场", width=8),
    Column("情感", width=7),
    Column("类别", width=12),
    Column("人数", "integer", 7),
    Column("金额(万元)", "decimal", 11),
    Column("用人单位", width=24),
    Column("关键词", width=24),
    Column("摘要", width=60),
    Column("链接", width=36),
    Column("监测源", width=16),
    Column("入库时间", "time", 16),
)


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


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as exported. ``workers`` persons, ``amount_fen`` 分; ``due`` is Chinese and says what is due when."""

    number: str
    level: str
    title: str
    first_outlet: str
    first_published_at: datetime
    prefecture: str
    county: str
    workers: int | None
    amount_fen: int | None
    keywords: tuple[str, ...]
    tone: str
    state: str
    signed_by: str
    due: str
    cases: tuple[str, ...]
    demo: bool

    def cells(self) -> tuple[Cell, ...]:
        """The cells in the order of ``ALERT_COLUMNS``."""
        return (
            self.number,
            LEVEL_NAMES.get(self.level, self.level),
            f"{_DEMO_TITLE}{self.title}" if self.demo else self.title,
            self.first_outlet,
            self.first_published_at,
            self.prefecture,
            self.county,
            self.workers,
            _wan(self.amount_fen),
            "、".join(self.keywords),
            self.tone,
            self.state,
            self.signed_by,
            self.due,
            "、".join(self.cases),
        )


def alert_conditions(filters: AlertFilters) -> list[ColumnElement[bool]]:
    """The filters as conditions on ``alert`` joined with its ``story``; for any query over both."""
    found: list[ColumnElement[bool]] = []
    if filters.since:
        found.append(t.alert.c.opened_at >= filters.since)
    if filters.until:
        found.append(t.alert.c.opened_at < filters.until)
    if filters.levels:
        found.append(t.alert.c.level.in_(filters.levels))
    if filters.states:
        found.append(t.alert.c.state.in_(filters.states))
    if filters.region:
        found.append(search.within(t.story.c.region, filters.region))
    if filters.open_only:
        found.append(t.alert.c.state.not_in(CLOSED_STATES))
    if filters.keyword:
        held = (t.story.c.title, t.story.c.employer, t.alert.c.number)
        found.append(or_(*(place.icontains(filters.keyword, autoescape=True) for place in held)))
    return found


def count_alerts(connection: Connection, filters: AlertFilters) -> tuple[int, int]:
    """How many alerts match, and how many of them are demonstration data."""
    query = (
        select(func.count(), func.count().filter(t.alert.c.demo))
        .select_from(t.alert.join(t.story, t.story.c.id == t.alert.c.story_id))
        .where(*alert_conditions(filters))
    )
    total, demo = connection.execute(query).one()
    return total, demo


def alert_rows(
    connection: Connection,
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
        .where(*alert_conditions(filters))
        .order_by(alert.opened_at.desc(), alert.id.desc())
        .execution_options(yield_per=500)
    )  # fmt: skip
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
            cases=tuple(map(str, row.case_ids)),
            demo=row.demo,
        )


def due_words(state: str, sign_due_at: datetime, public_due_at: datetime, now: datetime) -> str:
    """What is due next and when: signing while new, then the first public response; nothing once closed."""
    if state in CLOSED_STATES:
        return ""
    what, moment = ("签收", sign_due_at) if state == "新警情" else ("首次回应", public_due_at)
    return f"{what} {stamp(moment)}" + ("（已超时）" if moment < now else "")


def tone(sentiment: float, negative_at: float, positive_at: float) -> str:
    """负面, 中性 or 正面 for a sentiment of −1…1."""
    if sentiment <= negative_at:
        return "负面"
    return "正面" if sentiment >= positive_at else "中性"


@lru_cache(maxsize=4096)
def places(code: str) -> tuple[str, str]:
    """Names of prefecture and county for a division code; empty where the code does not reach so far."""
    if not code:
        return "", ""
    found = {d.level: d.name for d in map(divisions.by_code, divisions.lineage(divisions.current_code(code))) if d}
    if not found:
        return code, ""  # a code the table does not know is shown rather than lost
    prefecture = found.get("prefecture", found["province"] if not code.startswith("53") else "")
    return prefecture, found.get("county", "")


def alert_sheet(filters: AlertFilters, *, total: int, demo: int, now: datetime, office: str) -> Sheet:
    """Title and header lines of an alert list."""
    return _sheet("欠薪舆情警情清单", filters.words(), ALERT_COLUMNS, total=total, demo=demo, now=now, office=office)


def write_alerts(
    connection: Connection, filters: AlertFilters, fmt: Format, stream: BinaryIO, *, now: datetime, settings: Settings
) -> int:
    """Write the whole list to ``stream``; returns the number of alerts.

    Raises:
        InputError: more alerts than ``[export] max_rows``; nothing was written.
    """
    total, demo = count_alerts(connection, filters)
    if total > settings.export.max_rows:
        raise InputError(f"共 {total} 条，超过一次导出的上限 {settings.export.max_rows} 条，请缩小时间或地区范围")
    sheet = alert_sheet(filters, total=total, demo=demo, now=now, office=settings.site.office)
    judged = settings.judge
    rows = alert_rows(connection, filters, now, negative_at=judged.negative_at, positive_at=judged.positive_at)
    return sheets.write(fmt, (row.cells() for row in rows), stream, sheet)


def alerts_file(
    store: Store, filters: AlertFilters, fmt: Format, now: datetime, *, settings: Settings | None = None
) -> bytes:
    """The alert list as the bytes of a file, for a download button that asks when clicked."""
    stream = io.BytesIO()
    with store.read() as connection:
        write_alerts(connection, filters, fmt, stream, now=now, settings=settings or current())
    return stream.getvalue()


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


def items_file(
    store: Store, filters: search.Filters, fmt: Format, now: datetime, *, settings: Settings | None = None
) -> bytes:
    """All results of a search, in its order, as the bytes of a file.

    Raises:
        InputError: more results than ``[export] max_rows``.
    """
    known = settings or current()
    limit = known.export.max_rows
    stream = io.BytesIO()
    with store.read() as connection:
        ids = search.matching_ids(connection, filters, limit + 1)
        if len(ids) > limit:
            raise InputError(f"检索结果超过一次导出的上限 {limit} 条，请缩小时间或地区范围")
        sheet = _sheet(
            "舆情检索结果",
            item_filter_words(filters),
            ITEM_COLUMNS,
            total=len(ids),
            demo=search.count_demo(connection, ids),
            now=now,
            office=known.site.office,
        )
        rows = (_item_cells(hit, known) for hit in search.hits_of(connection, ids, filters))
        sheets.write(fmt, rows, stream, sheet)
    return stream.getvalue()


def file_name(kind: str, fmt: Format, now: datetime) -> str:
    """``警情清单_20261123-0805.xlsx``: safe on every system, sorted by time."""
    return f"{sheets.slug(kind)}_{local(now):%Y%m%d-%H%M}.{fmt}"


def _item_cells(hit: search.Hit, settings: Settings) -> tuple[Cell, ...]:
    prefecture, county = places(hit.region)
    return (
        f"{_DEMO_TITLE}{hit.title}" if hit.demo else hit.title,
        hit.outlet,
        hit.published_at,
        prefecture,
        county,
        "相关" if hit.relevant else "不相关",
        LEVEL_NAMES.get(hit.level, hit.level) if hit.level else "",
        STANCE_NAMES.get(hit.stance, hit.stance),
        tone(hit.sentiment, settings.judge.negative_at, settings.judge.positive_at),
        hit.kind or "",
        hit.workers,
        _wan(hit.amount_fen),
        hit.employer or "",
        "、".join(hit.matched),
        hit.snippet,
        hit.url,
        hit.source_name,
        hit.fetched_at,
    )


def _sheet(
    title: str, filters: str, columns: tuple[Column, ...], *, total: int, demo: int, now: datetime, office: str
) -> Sheet:
    if demo:
        title += f"（{DEMO}）" if demo == total else f"（含{DEMO}）"
    lines = [f"截至时间：{stamp(now)}（北京时间）　　制表：{office}", f"筛选条件：{filters}　　共 {total} 条"]
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


def _wan(fen: int | None) -> Decimal | None:
    """分 → 万元 with two decimals."""
    return None if fen is None else (Decimal(fen) / _FEN_PER_WAN).quantize(Decimal("0.01"))


def day_start(text: str) -> datetime:
    """``2026-11-01`` on the office's clock → the aware instant at which that day begins.

    Raises:
        InputError: not a date.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise InputError(f"日期 {text!r} 无法识别，应为 2026-11-01 这样的写法") from error
