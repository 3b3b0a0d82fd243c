"""The lists of 见报与台账 as files for an office; every file leaves a line in the audit trail first."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.links import lists
from monitors.links.lists import AlertLine, Asked, Met
from monitors.opinion.export_columns import places
from monitors.opinion.model import LEVEL_NAMES
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store.engine import Store

MISSING = "见报未入账"
LISTS = (MISSING, lists.BEFORE, lists.SAME_DAY, lists.AFTER)
_NEEDED = ("story.export", "ledger.export")
_DEMO = "演示数据"
_WORDS_CHARS = 500  # of the filters' words in the audit trail
_ALERT = (
    Column("警情编号", width=18), Column("级别", width=10), Column("状态", width=10), Column("标题", width=40),
    Column("州市", width=14), Column("县（市、区）", width=14), Column("用工单位", width=28), Column("人数", "integer"),
    Column("金额（元）", "decimal", 16), Column("首发媒体", width=16), Column("首发时间", "time", 17),
)  # fmt: skip
_KNOWN = (Column("关联记录", width=24), Column("最早入账", width=12), Column("提前天数", "integer"))
_NOTE = Column("备注", width=10)


def made(
    store: Store, actor: Actor, which: str, asked: Asked, fmt: Format, *, settings: Settings, now: datetime
) -> bytes:
    """One of ``LISTS`` as the bytes of a file, for a download button that asks when clicked.

    Raises:
        RefusedError: the role may not export stories or the ledger.
        InputError: more lines than ``[export] max_rows``.
    """
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        for action in _NEEDED:
            actor.require(action, kind="alert")
        rows, demo = _rows(connection, actor, which, asked, settings.export.max_rows)
        columns = (*_ALERT, *(() if which == MISSING else _KNOWN), _NOTE)
        sheet = _sheet(actor, which, asked, columns, (len(rows), demo), settings=settings, now=now)
        count = sheets.write(fmt, rows, stream, sheet)
    after = {"format": fmt, "filters": f"{which}；{asked.words()}"[:_WORDS_CHARS], "rows": count}
    with store.write() as connection:
        audit.append(connection, actor, _NEEDED[0], at=now, kind="alert", region=actor.region, after=after)
    return stream.getvalue()


def file_name(which: str, fmt: Format, now: datetime) -> str:
    """``见报未入账_20261123-0805.xlsx``."""
    return f"{which}_{local(now):%Y%m%d-%H%M}.{fmt}"


def _rows(
    connection: Connection, actor: Actor, which: str, asked: Asked, most: int
) -> tuple[Sequence[tuple[Cell, ...]], int]:
    if which == MISSING:
        total, _ = lists.count_not_in_ledger(connection, actor, asked)
        found: Sequence[AlertLine | Met] = (
            lists.not_in_ledger(connection, actor, asked, limit=most) if total <= most else ()
        )
    else:
        found = [one for one in lists.met(connection, actor, asked) if one.kind == which]
        total = len(found)
    if total > most:
        raise InputError(f"共 {total} 条，超过一次导出的上限 {most} 条，请缩小时间或地区范围")
    return [_cells(one) for one in found], sum(_line(one).demo for one in found)


def _sheet(
    actor: Actor,
    which: str,
    asked: Asked,
    columns: Iterable[Column],
    counts: tuple[int, int],
    *,
    settings: Settings,
    now: datetime,
) -> Sheet:
    total, demo = counts
    head = (
        f"截至时间：{stamp(now)}（北京时间）",
        f"制表：{settings.site.office}",
        f"导出人：{actor.display}",
        f"辖区：{divisions.full_name(actor.region) or actor.region}",
    )
    lines = ["　　".join(head), f"筛选条件：{asked.words()}　　共 {total} 条"]
    if which != MISSING:
        lines.append("提前天数：首发日期减最早入账日期；正数为见报前已入账，负数为见报后入账")
    if demo:
        lines.append(f"注意：其中 {demo} 条为{_DEMO}，系虚构，不得作为工作依据")
    kind = f"（{_DEMO}）" if demo and demo == total else f"（含{_DEMO}）" if demo else ""
    return Sheet(f"{which}{kind}", tuple(lines), tuple(columns), author=settings.site.office)


def _line(one: AlertLine | Met) -> AlertLine:
    return one.alert if isinstance(one, Met) else one


def _cells(one: AlertLine | Met) -> tuple[Cell, ...]:
    alert = _line(one)
    prefecture, county = places(alert.region)
    amount = None if alert.amount_fen is None else Decimal(alert.amount_fen) / 100
    told: tuple[Cell, ...] = (
        alert.number, LEVEL_NAMES.get(alert.level, alert.level), alert.state, alert.title, prefecture, county,
        alert.employer, alert.workers, amount, alert.first_outlet, alert.first_published_at,
    )  # fmt: skip
    known: tuple[Cell, ...] = (
        ("、".join(one.records), one.known_on.isoformat(), one.days) if isinstance(one, Met) else ()
    )
    return (*told, *known, _DEMO if alert.demo else "")
