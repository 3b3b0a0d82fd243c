"""The charts beside the list, as Vega-Lite specifications: built once per data version, then only sent.

Channels are given as classes with their types: the shorthand strings cost a hundred times more to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt

from monitors.clock import local
from monitors.opinion.board import HourLevel, PrefectureCount
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES, LEVELS

# Readable on the light and on the dark page alike.
_COLOURS = {"I": "#dc2626", "II": "#f97316", "III": "#eab308", "IV": "#3b82f6", "关注": "#94a3b8"}


def _scale(levels: Sequence[str]) -> alt.Scale:
    return alt.Scale(domain=[LEVEL_NAMES[level] for level in levels], range=[_COLOURS[level] for level in levels])


def hourly(rows: Sequence[HourLevel], hours: Sequence[datetime]) -> dict[str, Any]:
    """Relevant reports per hour, stacked by level."""
    order = {hour: index for index, hour in enumerate(hours)}
    values = [
        {
            "i": order[row.hour], "hour": f"{local(row.hour):%-m月%-d日 %H:00}", "level": LEVEL_NAMES[row.level],
            "rank": LEVELS.index(row.level), "n": row.reports,  # type: ignore[arg-type]
        }
        for row in rows
        if row.level in LEVELS and row.hour in order
    ]  # fmt: skip
    ticks = [index for index, hour in enumerate(hours) if local(hour).hour % 6 == 0]
    labels = {str(index): f"{local(hours[index]):%H:00}" for index in ticks}
    totals = Counter(dict.fromkeys(order.values(), 0))
    for value in values:
        totals[value["i"]] += value["n"]
    top = max(1, *totals.values())
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            x=alt.X(
                field="i",
                type="ordinal",
                scale=alt.Scale(domain=list(range(len(hours))), paddingInner=0.2),
                axis=alt.Axis(title=None, values=ticks, labelAngle=0, labelExpr=f"({labels})[datum.value]", grid=False),
            ),
            y=alt.Y(
                field="n",
                type="quantitative",
                scale=alt.Scale(domain=[0, top]),
                axis=alt.Axis(title=None, tickCount=3, format="d"),
            ),
            color=alt.Color(field="level", type="nominal", scale=_scale(LEVELS), legend=None),
            order=alt.Order(field="rank", type="quantitative"),
            tooltip=[
                alt.Tooltip(field="hour", type="nominal", title="时段"),
                alt.Tooltip(field="level", type="nominal", title="级别"),
                alt.Tooltip(field="n", type="quantitative", title="篇数"),
            ],
        )
        .properties(height=120)
    )
    return chart.to_dict()


def by_prefecture(rows: Sequence[PrefectureCount], parts: str = "州市") -> dict[str, Any]:
    """Open alerts by place, stacked by level; ``parts`` names what the places are (州市, 县市区)."""
    values = [
        {"place": row.name, "level": LEVEL_NAMES[level], "rank": rank, "n": number, "total": row.total}
        for row in rows
        for rank, (level, number) in enumerate(zip(ALERT_LEVELS, row.levels, strict=True))
        if number
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y(
                field="place",
                type="nominal",
                sort=[row.name for row in rows],
                axis=alt.Axis(title=None, labelLimit=120, labelOverlap=False, ticks=False, domain=False),
            ),
            x=alt.X(
                field="n",
                type="quantitative",
                scale=alt.Scale(domain=[0, max((row.total for row in rows), default=1)]),
                axis=alt.Axis(title=None, tickMinStep=1, format="d"),
            ),
            color=alt.Color(field="level", type="nominal", scale=_scale(ALERT_LEVELS), legend=None),
            order=alt.Order(field="rank", type="quantitative"),
            tooltip=[
                alt.Tooltip(field="place", type="nominal", title=parts),
                alt.Tooltip(field="level", type="nominal", title="级别"),
                alt.Tooltip(field="n", type="quantitative", title="未办结（起）"),
            ],
        )
        .properties(height=25 * max(1, len(rows)) + 50)
    )
    return chart.to_dict()


def spread(hours: Sequence[datetime], reports: Sequence[int]) -> dict[str, Any]:
    """How the reports of one story came, hour by hour of publication."""
    values = [
        {"i": index, "hour": f"{local(hour):%-m月%-d日 %H:00}", "n": number}
        for index, (hour, number) in enumerate(zip(hours, reports, strict=True))
    ]
    every = max(1, len(hours) // 6)
    labels = {str(index): f"{local(hour):%-d日 %H:00}" for index, hour in enumerate(hours) if index % every == 0}
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_area(line=True, point=True, opacity=0.35)
        .encode(
            x=alt.X(
                field="i",
                type="quantitative",
                scale=alt.Scale(domain=[0, max(1, len(hours) - 1)], nice=False),
                axis=alt.Axis(
                    title=None, values=[int(at) for at in labels], labelExpr=f"({labels})[datum.value]", grid=False
                ),
            ),
            y=alt.Y(field="n", type="quantitative", axis=alt.Axis(title=None, tickCount=3, format="d")),
            tooltip=[
                alt.Tooltip(field="hour", type="nominal", title="时段"),
                alt.Tooltip(field="n", type="quantitative", title="篇数"),
            ],
        )
        .properties(height=110)
    )
    return chart.to_dict()
