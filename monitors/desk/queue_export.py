"""The queue as a list for an office (警情处置清单): what is known of each alert, who has it, its limits, its outcome.

Above the list stand 截至时间, who exported it for which part of the province, and the filters; every file leaves a line
in the audit trail before anybody holds it.
"""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, func, select

from monitors import sheets
from monitors.access import acting
from monitors.access.actor import Actor
from monitors.clock import stamp
from monitors.desk import queue
from monitors.desk.queue import Query, QueueRow
from monitors.desk.queue_clocks import CLOCKS
from monitors.errors import InputError
from monitors.opinion import export
from monitors.opinion.export_columns import places
from monitors.opinion.model import LEVEL_NAMES
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

TITLE = "警情处置清单"
_FEN_PER_WAN = 1_000_000
COLUMNS = (
    Column("编号", width=18),
    Column("级别", width=9),
    Column("状态", width=9),
    Column("标题", width=44),
    Column("州市", width=14),
    Column("县", width=14),
    Column("用工单位", width=24),
    Column("人数", "integer", 7),
    Column("金额(万元)", "decimal", 11),
    Column("首发媒体", width=14),
    Column("首发时间", "time", 16),
    Column("发出时间", "time", 16),
    Column("签收人", width=10),
    Column("签收时间", "time", 16),
    Column("核查单位", width=18),
    Column("核查人", width=10),
    Column("查实情况", width=40),
    Column("查实人数", "integer", 9),
    Column("查实金额(万元)", "decimal", 13),
    *(Column(clock if clock.endswith("时限") else f"{clock}时限", "time", 16) for clock in CLOCKS),
    Column("超时事项", width=24),
    Column("已回应", width=8),
    Column("关联案件", width=16),
    Column("办结结果", width=30),
    Column("反馈情况", width=30),
    Column("误报原因", width=14),
    Column("备注", width=8),
)
_MORE = (
    t.alert.c.signed_by, t.alert.c.signed_at, t.alert.c.verified, t.alert.c.verified_workers, t.alert.c.verified_fen,
    t.alert.c.case_ids, t.alert.c.result, t.alert.c.feedback, t.alert.c.reason, t.story.c.first_outlet,
    t.story.c.first_published_at,
)  # fmt: skip


def write(
    connection: Connection, actor: Actor, query: Query, fmt: Format, stream: BinaryIO, *, settings: Settings,
    now: datetime,
) -> int:  # fmt: skip
    """Write all alerts of the question, in its order, to ``stream``; returns how many.

    Raises:
        RefusedError: the role may not export.
        InputError: more alerts than ``[export] max_rows``; nothing was written.
    """
    actor.require(export.ACTION, kind="alert")
    wanted = queue.in_tab(actor, query, now)
    total, demo = connection.execute(
        select(func.count(), func.count().filter(t.alert.c.demo))
        .select_from(t.alert.join(t.story, t.story.c.id == t.alert.c.story_id))
        .where(*wanted)
    ).one()
    if total > settings.export.max_rows:
        raise InputError(f"共 {total} 起，超过一次导出的上限 {settings.export.max_rows} 条，请缩小筛选范围")
    found = connection.execute(
        queue.selected()
        .add_columns(*_MORE)
        .where(*wanted)
        .order_by(*queue.order(connection, query))
        .execution_options(yield_per=500)
    )
    sheet = _sheet(actor, query, settings.site.office, total=total, demo=demo, now=now)
    seen = export.seen_cases(connection, actor.scope)
    return sheets.write(fmt, (_cells(row, now, seen) for row in found), stream, sheet)


def made(store: Store, actor: Actor, query: Query, fmt: Format, *, settings: Settings, now: datetime) -> bytes:
    """The list as the bytes of a file, for a download button that asks when clicked. Raises as ``write``."""
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        rows = write(connection, actor, query, fmt, stream, settings=settings, now=now)
    export.record(store, actor, "alert", fmt=fmt, words=query.words(), rows=rows, now=now)
    return stream.getvalue()


def file_name(fmt: Format, now: datetime) -> str:
    """``警情处置清单_20261123-0805.xlsx``."""
    return export.file_name(TITLE, fmt, now)


def _sheet(actor: Actor, query: Query, office: str, *, total: int, demo: int, now: datetime) -> Sheet:
    parts = (
        f"截至时间：{stamp(now)}（北京时间）",
        f"制表：{office}",
        f"导出人：{actor.display}",
        f"辖区：{divisions.full_name(actor.region) or actor.region}",
    )
    lines = ["　　".join(parts), f"筛选条件：{query.words()}　　共 {total} 起"]
    title = TITLE
    if demo:
        title += f"（{export.DEMO}）" if demo == total else f"（含{export.DEMO}）"
        lines.append(f"注意：其中 {demo} 起为{export.DEMO}，系虚构，不得作为工作依据")
    return Sheet(title, tuple(lines), COLUMNS, author=office)


def _cells(row: Row[Any], now: datetime, seen: frozenset[str] | None) -> tuple[Cell, ...]:
    one: QueueRow = queue.row_of(row)
    prefecture, county = places(one.region)
    ends = {due.clock: due.at for due in one.dues}
    return (
        one.number,
        LEVEL_NAMES.get(one.level, one.level),
        one.state,
        one.title,
        prefecture,
        county,
        one.employer,
        one.workers,
        _wan(one.amount_fen),
        row.first_outlet,
        row.first_published_at,
        one.opened_at,
        row.signed_by or "",
        row.signed_at,
        one.unit,
        one.person,
        row.verified,
        row.verified_workers,
        _wan(row.verified_fen),
        *(ends.get(clock) for clock in CLOCKS),
        "、".join(due.clock for due in one.dues if due.at < now),
        "是" if one.answered else "否",
        "、".join(export.case_numbers(row.case_ids, seen)),
        row.result,
        row.feedback,
        row.reason,
        export.DEMO if one.demo else "",
    )


def _wan(fen: int | None) -> Decimal | None:
    """分 → 万元 with two decimals."""
    return None if fen is None else (Decimal(fen) / _FEN_PER_WAN).quantize(Decimal("0.01"))
