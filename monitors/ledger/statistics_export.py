"""台账统计 as a file for an office: every dimension one under the other, indicators and filters above them.

Every file leaves a line in the audit trail before anybody holds it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection, func, select

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.ledger import register, statistics
from monitors.ledger.model import Record
from monitors.ledger.query import Query
from monitors.ledger.register import Sums
from monitors.ledger.register_export import ACTION, DEMO
from monitors.ledger.statistics import DIMENSIONS, Rates
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

TITLE = "欠薪台账统计表"
WHOLE = "合计"
OVERLAP = "项目性质按政府投资、PPP、国企分别统计，同一项目可能同时属于几类，不能相加。"
_WORDS_CHARS = 500  # of the filters' words in the audit trail
COLUMNS = (
    Column("统计口径", width=12), Column("分组", width=20), Column("登记案件", "integer"), Column("未结", "integer"),
    Column("逾期未结", "integer"), Column("诉求人数", "integer"), Column("诉求金额（元）", "decimal", 18),
    Column("查实案件", "integer"), Column("查实人数", "integer"), Column("查实金额（元）", "decimal", 18),
    Column("已支付人数", "integer"), Column("已支付工资（元）", "decimal", 18),
)  # fmt: skip


def made(store: Store, actor: Actor, query: Query, fmt: Format, *, settings: Settings, now: datetime) -> bytes:
    """The statistics as the bytes of a file, for a download button that asks when clicked.

    Raises:
        RefusedError: the role may not export.
    """
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        actor.require(ACTION, kind=Record.CASE)
        count = _write(connection, actor, query, fmt, stream, settings=settings, now=now)
    after = {"format": fmt, "filters": f"{TITLE}：{query.words()}"[:_WORDS_CHARS], "rows": count}
    with store.write() as connection:
        audit.append(connection, actor, ACTION, at=now, kind=Record.CASE, region=actor.region, after=after)
    return stream.getvalue()


def file_name(fmt: Format, now: datetime) -> str:
    """``欠薪台账统计表_20261123-0805.xlsx``."""
    return f"{TITLE}_{local(now):%Y%m%d-%H%M}.{fmt}"


def percent(share: Fraction | None) -> str:
    """``87.5%``; an em dash where there is nothing to divide by."""
    return "—" if share is None else f"{float(share):.1%}"


def days(number: float | None) -> str:
    """``12.5 天``; an em dash where nothing is closed."""
    return "—" if number is None else f"{number:.1f} 天"


def _write(
    connection: Connection,
    actor: Actor,
    query: Query,
    fmt: Format,
    stream: io.BytesIO,
    *,
    settings: Settings,
    now: datetime,
) -> int:
    today, rules = local(now).date(), settings.ledger
    wanted = register.condition(actor.scope, query, today=today, settings=rules)
    whole = register.sums(connection, wanted, today=today, settings=rules)
    rates = statistics.rates(connection, actor.scope, query, today=today, settings=rules)
    made_up = connection.scalar(select(func.count()).where(wanted, t.wage_case.c.demo.is_(True))) or 0
    parts = (
        f"截至时间：{stamp(now)}（北京时间）",
        f"制表：{settings.site.office}",
        f"导出人：{actor.display}",
        f"辖区：{divisions.full_name(actor.region) or actor.region}",
    )
    lines = ["　　".join(parts), f"筛选条件：{query.words()}　　共 {whole.cases} 件", _indicators(rates), OVERLAP]
    if made_up:
        lines.append(f"注意：其中 {made_up} 件为{DEMO}，系虚构，不得作为工作依据")
    kind = f"（{DEMO}）" if made_up and made_up == whole.cases else f"（含{DEMO}）" if made_up else ""
    sheet = Sheet(f"{TITLE}{kind}", tuple(lines), COLUMNS, author=settings.site.office)

    def rows() -> Iterator[tuple[Cell, ...]]:
        yield _line(WHOLE, WHOLE, whole)
        for dimension in DIMENSIONS:
            for group in statistics.by(connection, actor.scope, query, dimension, today=today, settings=rules):
                yield _line(dimension, group.name, group.sums)

    return sheets.write(fmt, rows(), stream, sheet)


def _indicators(rates: Rates) -> str:
    return "　　".join(
        (
            f"办结率：{percent(rates.settled_rate)}",
            f"按期办结率：{percent(rates.on_time_rate)}",
            f"追发率：{percent(rates.paid_rate)}",
            f"平均办理：{days(rates.mean_days)}",
            f"中位办理：{days(rates.median_days)}",
            f"逾期办结：{rates.late_closed} 件",
        )
    )


def _line(dimension: str, name: str, sums: Sums) -> tuple[Cell, ...]:
    return (
        dimension, name, sums.cases, sums.open, sums.overdue, sums.claimed_workers, _yuan(sums.claimed_fen),
        sums.verified, sums.verified_workers, _yuan(sums.verified_fen), sums.paid_workers, _yuan(sums.paid_fen),
    )  # fmt: skip


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100
