"""The counties of 趋势 as a file for an office. Every file leaves a line in the audit trail before anybody holds it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.hotspots.events import DataSet
from monitors.hotspots.series import UNITS, Window
from monitors.hotspots.series_view import Place, surprise
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store.engine import Store

TITLE = "县（市、区）欠薪趋势表"
ACTIONS: Mapping[DataSet, str] = {"舆情": "story.export", "台账": "ledger.export"}
_COLUMNS = (
    Column("州市", width=20), Column("县（市、区）", width=20), Column("看得见吗", width=10),
    Column("看得见的依据", width=40), Column("所选时段", "integer"), Column("近28天", "integer"),
    Column("前28天", "integer"),
    Column("变化倍数", "decimal"), Column("区间下限", "decimal"), Column("区间上限", "decimal"),
    Column("异常程度", width=10), Column("校正后显著", width=12), Column("近期天数", "integer"),
    Column("近期数", "integer"), Column("近期通常", "decimal"),
)  # fmt: skip


def made(
    store: Store,
    actor: Actor,
    window: Window,
    rows: Sequence[Place],
    fmt: Format,
    *,
    sights: Mapping[str, tuple[str, str]],
    settings: Settings,
    now: datetime,
) -> bytes:
    """The table as the bytes of a file. ``rows`` are the actor's own: counted within their part of the province.

    Raises:
        RefusedError: the role may not export, or a row lies outside the actor's part.
    """
    action = ACTIONS[window.data_set]
    with acting.looking(store, actor):
        actor.require(action)
        for row in rows:
            actor.require(action, row.code)
    where = divisions.full_name(window.region) or window.region
    days = f"{window.first:%Y-%m-%d} 至 {window.last:%Y-%m-%d}"
    unit = UNITS[window.data_set]
    maker = f"制表：{settings.site.office}　　导出人：{actor.display}"
    lines = (
        f"截至时间：{stamp(now)}（北京时间）　　{maker}　　地区：{where}",
        f"数据：{window.data_set}（{unit}）　　所选时段：{days}　　共 {len(rows)} 个县（市、区）",
        "变化为近28天与前28天日均之比，区间为八成；“盲区”的县数字小不说明平静；公开报道只是欠薪事件的一小部分。",
    )
    stream = io.BytesIO()
    sheet = Sheet(f"{TITLE}（{window.data_set}）", lines, _COLUMNS, author=settings.site.office)
    count = sheets.write(fmt, (_cells(row, sights) for row in rows), stream, sheet)
    after = {"format": fmt, "filters": f"{TITLE}：{window.data_set} {where} {days}", "rows": count}
    with store.write() as connection:
        audit.append(connection, actor, action, at=now, region=actor.region, after=after)
    return stream.getvalue()


def file_name(data_set: DataSet, fmt: Format, now: datetime) -> str:
    """``欠薪趋势表_舆情_20261123-0805.xlsx``."""
    return f"欠薪趋势表_{data_set}_{local(now):%Y%m%d-%H%M}.{fmt}"


def _cells(row: Place, sights: Mapping[str, tuple[str, str]]) -> tuple[Cell, ...]:
    state, why = sights.get(row.code, ("", ""))
    one, burst = row.trend, row.burst
    return (
        divisions.full_name(divisions.prefecture_of(row.code)),
        division.name if (division := divisions.by_code(row.code)) else row.code,
        state,
        why,
        row.chosen,
        one.last28 if one else None,
        one.previous28 if one else None,
        *((_tenth(one.ratio), _tenth(one.low), _tenth(one.high)) if one else (None, None, None)),
        surprise(burst),
        "是" if burst.significant else "否",
        burst.window,
        burst.observed,
        _tenth(burst.expected),
    )


def _tenth(number: float) -> Decimal:
    return Decimal(f"{number:.1f}")
