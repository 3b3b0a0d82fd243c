"""The map as a list (热点清单): every county of the reader's region with the figures of all layers, as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from monitors import sheets
from monitors.access import audit
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.hotspots import layers
from monitors.hotspots.events import DataSet
from monitors.hotspots.layers import CountyRow
from monitors.regions import divisions
from monitors.regions.shapes import Population
from monitors.settings import Settings
from monitors.sheets import Cell, Column
from monitors.store.engine import Store

_WAN = Decimal(1_000_000)  # 分 in 万元
COLUMNS = (
    Column("代码", width=9),
    Column("州（市）", width=12),
    Column("县（市、区）", width=14),
    Column("近 7 天（起）", "integer", 12),
    Column(f"近 {layers.RATE_DAYS} 天（起）", "integer", 13),
    Column("加权事件", "decimal", 11),
    Column("每万人率", "text", 11),
    Column("人数", "integer", 12),
    Column("人数年份与出处", width=24),
    Column("聚集", width=8),
    Column("聚集说明", width=46),
    Column("未结案件（件）", "integer", 14),
    Column("未结金额（万元）", "decimal", 16),
    Column("可见度", width=8),
    Column("可见度原因", width=40),
)


def file_name(data_set: DataSet, fmt: sheets.Format, now: datetime) -> str:
    """``热点清单_舆情_20261124_0830.xlsx``."""
    return f"热点清单_{data_set}_{local(now):%Y%m%d_%H%M}.{fmt}"


def made(
    store: Store,
    actor: Actor,
    data_set: DataSet,
    people: Mapping[str, Population],
    fmt: sheets.Format,
    *,
    settings: Settings,
    now: datetime,
) -> bytes:
    """The file, in the actor's name; the export is in the trail.

    Raises:
        RefusedError: the role may not export, or does not see the data set.
    """
    with acting(store, actor) as connection:
        actor.require("story.export", kind="hotspot")
        found = layers.read(connection, actor, data_set, people, settings=settings, now=now)
        audit.append(
            connection, actor, "story.export", at=now, kind="hotspot", target=data_set, region=actor.region,
            after={"清单": "热点地图", "格式": fmt, "行数": len(found.rows)},
        )  # fmt: skip
    area = divisions.full_name(actor.region)
    lines = [
        f"数据：{data_set}；范围：{area}；截至 {stamp(now)}；导出人 {actor.display}",
        f"近 {layers.RATE_DAYS} 天共 {found.events} 起，其中 {found.unplaced} 起未落到县（市、区），不在下表",
        "公开报道只是欠薪事件的一小部分；可见度为盲区的，数字小不等于没有欠薪",
    ]
    if found.demo:
        lines.append("含演示数据，内容均为虚构")
    sheet = sheets.Sheet("热点清单", tuple(lines), COLUMNS, author=actor.display)
    stream = io.BytesIO()
    sheets.write(fmt, _rows(found.rows), stream, sheet)
    return stream.getvalue()


def _rows(rows: tuple[CountyRow, ...]) -> Iterator[list[Cell]]:
    for row in rows:
        rate = layers.NO_PEOPLE if row.rate is None else f"{row.rate:.4f}"
        people = row.people
        yield [
            row.code, row.prefecture, row.name, row.week, row.events, Decimal(f"{row.weighted:.2f}"), rate,
            people.people if people else None, f"{people.year} 年{people.source}" if people else "",
            row.tier, row.sentence, row.open_cases, Decimal(row.open_fen) / _WAN, row.sight,
            "；".join(row.coverage.why) if row.coverage else "",
        ]  # fmt: skip
