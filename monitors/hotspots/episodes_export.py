"""The episodes as a file (聚集事件清单): what was found when, how rare by chance, told when, and how it was marked."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal

from monitors import sheets
from monitors.access import audit
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.hotspots import episodes, words
from monitors.hotspots.episodes import Episode
from monitors.hotspots.events import DataSet
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store.engine import Store

EXPORTS: dict[DataSet, str] = {"舆情": "story.export", "台账": "ledger.export"}
COLUMNS = (
    Column("编号", "integer", 8), Column("级别", width=8), Column("层次", width=8), Column("地区", width=36),
    Column("说明", width=52), Column("起始日", width=12), Column("最近一日", width=12), Column("起数", "integer", 8),
    Column("通常", "decimal", 8), Column("p 值", width=10), Column("多少天一遇", "integer", 12),
    Column("首次显示", "time", 17), Column("最近出现", "time", 17), Column("状态", width=8),
    Column("告知时间", "time", 17), Column("标注", width=8), Column("标注说明", width=30), Column("标注人", width=12),
    Column("备注", width=10),
)  # fmt: skip
_DEMO = "演示数据"


def file_name(data_set: DataSet, fmt: Format, now: datetime) -> str:
    """``聚集事件_舆情_20261123-0805.xlsx``."""
    return f"聚集事件_{data_set}_{local(now):%Y%m%d-%H%M}.{fmt}"


def made(store: Store, actor: Actor, data_set: DataSet, fmt: Format, *, settings: Settings, now: datetime) -> bytes:
    """All episodes that the actor sees, as the bytes of a file; the export is in the trail.

    Raises:
        RefusedError: the role may not export that data set.
        InputError: more lines than ``[export] max_rows``.
    """
    action = EXPORTS[data_set]
    with acting(store, actor) as connection:
        actor.require(action, kind="hotspot")
        found = episodes.listed(connection, actor, data_set, now=now)
        if len(found) > settings.export.max_rows:
            raise InputError(f"共 {len(found)} 条，超过一次导出的上限 {settings.export.max_rows} 条")
        audit.append(
            connection, actor, action, at=now, kind="hotspot", target=data_set, region=actor.region,
            after={"format": fmt, "filters": "聚集事件", "rows": len(found)},
        )  # fmt: skip
    stream = io.BytesIO()
    sheets.write(fmt, (_cells(one) for one in found), stream, _sheet(actor, data_set, found, settings, now))
    return stream.getvalue()


def _sheet(actor: Actor, data_set: DataSet, found: tuple[Episode, ...], settings: Settings, now: datetime) -> Sheet:
    head = (
        f"截至时间：{stamp(now)}（北京时间）", f"制表：{settings.site.office}", f"导出人：{actor.display}",
        f"辖区：{divisions.full_name(actor.region) or actor.region}",
    )  # fmt: skip
    lines = ["　　".join(head), f"数据：{data_set}　　共 {len(found)} 起；“多少天一遇”为纯属偶然出现这样的聚集的间隔"]
    demo = sum(one.demo for one in found)
    if demo:
        lines.append(f"注意：其中 {demo} 起为{_DEMO}，系虚构，不得作为工作依据")
    kind = f"（{_DEMO}）" if demo and demo == len(found) else f"（含{_DEMO}）" if demo else ""
    return Sheet(f"聚集事件{kind}", tuple(lines), COLUMNS, author=settings.site.office)


def _cells(one: Episode) -> tuple[Cell, ...]:
    beyond = f"，另有本辖区外 {one.outside} 个" if one.outside else ""
    return (
        one.id, one.tier, one.kind, f"{words.names(one.regions)}{beyond}", one.sentence, str(one.first_day),
        str(one.last_day), one.observed, Decimal(f"{one.expected:.1f}"), f"{one.p_value:.3f}",
        round(one.recurrence_days), one.opened_at, one.seen_at, "进行中" if one.open else "已结束", one.told_at,
        one.verdict, one.verdict_words, one.verdict_by, _DEMO if one.demo else "",
    )  # fmt: skip
