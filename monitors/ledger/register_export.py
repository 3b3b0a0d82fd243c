"""The list of cases as a file for an office: every case of a question, streamed, with 截至时间 and filters above it.

Every file leaves a line in the audit trail before anybody holds it.
"""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from sqlalchemy import Connection, func, select

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.ledger import register
from monitors.ledger.model import Record
from monitors.ledger.query import MAX_IDS, Query
from monitors.ledger.register import CaseRow
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

ACTION = "ledger.export"
DEMO = "演示数据"
_WORDS_CHARS = 500  # of the filters' words in the audit trail
COLUMNS = (
    Column("案件编号", width=16), Column("州市", width=14), Column("县（市、区）", width=14),
    Column("用人单位", width=30), Column("企业类别", width=14), Column("工程项目", width=24),
    Column("线索渠道", width=10), Column("受理日期", width=12), Column("诉求人数", "integer"),
    Column("诉求金额（元）", "decimal", 16), Column("查实人数", "integer"), Column("其中农民工", "integer"),
    Column("查实金额（元）", "decimal", 16), Column("已支付人数", "integer"), Column("已支付工资（元）", "decimal", 16),
    Column("状态", width=12), Column("时限", width=10), Column("最近时限", width=12), Column("责任单位", width=20),
    Column("责任人", width=12), Column("标记", width=20), Column("更新时间", "time", 17), Column("备注", width=10),
)  # fmt: skip
MARKS = {"major": "重大", "listed": "挂牌", "escalated": "提级", "recurring": "边清边欠"}


def marks(row: CaseRow) -> tuple[str, ...]:
    """What singles the case out, in words."""
    return tuple(words for name, words in MARKS.items() if getattr(row, name))


def cells(row: CaseRow) -> tuple[Cell, ...]:
    """One line of the file; money in 元, days as ISO text."""
    prefecture = divisions.by_code(divisions.prefecture_of(row.region))
    own = divisions.by_code(row.region)
    return (
        row.number,
        prefecture.name if prefecture else "",
        own.name if own and not row.region.endswith("00") else "",
        row.employer,
        row.employer_class,
        row.project,
        row.channel,
        row.accepted_on.isoformat(),
        row.claimed_workers,
        _yuan(row.claimed_fen),
        row.verified_workers,
        row.verified_migrants,
        _yuan(row.verified_fen),
        row.paid_workers,
        _yuan(row.paid_fen),
        row.state,
        row.band,
        row.deadline.isoformat() if row.deadline else "",
        row.unit,
        row.person,
        "、".join(marks(row)),
        row.updated_at,
        DEMO if row.demo else "",
    )


def write(
    connection: Connection,
    actor: Actor,
    query: Query,
    fmt: Format,
    stream: BinaryIO,
    *,
    settings: Settings,
    now: datetime,
) -> int:
    """Write all cases of the question, in its order, to ``stream``; returns how many.

    Raises:
        RefusedError: the role may not export.
        InputError: more cases than ``[export] max_rows``; nothing was written.
    """
    actor.require(ACTION, kind=Record.CASE)
    today, most = local(now).date(), settings.export.max_rows
    found = register.ids(connection, actor.scope, query, today=today, settings=settings.ledger, limit=most + 1)
    if len(found) > most:
        raise InputError(f"共 {len(found)} 件以上，超过一次导出的上限 {most} 件，请缩小筛选范围")
    made_up = _demo(connection, found)
    parts = (
        f"截至时间：{stamp(now)}（北京时间）",
        f"制表：{settings.site.office}",
        f"导出人：{actor.display}",
        f"辖区：{divisions.full_name(actor.region) or actor.region}",
    )
    lines = [
        "　　".join(parts),
        f"筛选条件：{query.words()}　　共 {len(found)} 件",
    ]
    if made_up:
        lines.append(f"注意：其中 {made_up} 件为{DEMO}，系虚构，不得作为工作依据")
    kind = f"（{DEMO}）" if made_up and made_up == len(found) else f"（含{DEMO}）" if made_up else ""
    sheet = Sheet(f"欠薪案件台账{kind}", tuple(lines), COLUMNS, author=settings.site.office)
    rows = register.rows(connection, actor.scope, found, today=today, settings=settings.ledger)
    return sheets.write(fmt, (cells(row) for row in rows), stream, sheet)


def made(store: Store, actor: Actor, query: Query, fmt: Format, *, settings: Settings, now: datetime) -> bytes:
    """The list as the bytes of a file, for a download button that asks when clicked. Raises as ``write``."""
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        count = write(connection, actor, query, fmt, stream, settings=settings, now=now)
    after = {"format": fmt, "filters": query.words()[:_WORDS_CHARS], "rows": count}
    with store.write() as connection:
        audit.append(connection, actor, ACTION, at=now, kind=Record.CASE, region=actor.region, after=after)
    return stream.getvalue()


def file_name(fmt: Format, now: datetime) -> str:
    """``欠薪案件台账_20261123-0805.xlsx``."""
    return f"欠薪案件台账_{local(now):%Y%m%d-%H%M}.{fmt}"


def _demo(connection: Connection, found: tuple[int, ...]) -> int:
    """How many of the cases are demonstration data: the header says it before the first row is written."""
    case = t.wage_case.c
    parts = (found[start : start + MAX_IDS] for start in range(0, len(found), MAX_IDS))
    return sum(
        connection.scalar(select(func.count()).where(case.id.in_(part), case.demo.is_(True))) or 0 for part in parts
    )


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen) / 100
