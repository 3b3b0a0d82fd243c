"""The charts of 台账统计 as Vega-Lite specifications. Every bar is a link to the cases it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import altair as alt

from monitors.ledger.breakdown import BARS, Measure, bars
from monitors.ledger.query import Query
from monitors.ledger.statistics import Dimension, Group
from pages.wording import money

# Readable on the light and on the dark page alike.
_COLOURS = {
    "逾期未结": "#dc2626", "期内未结": "#3b82f6", "已了结": "#94a3b8",
    "诉求": "#94a3b8", "查实": "#ea580c", "已支付": "#0d9488",
}  # fmt: skip
_AXES: dict[Measure, str] = {"件数": "件", "人数": "人", "金额": "万元"}
_FEN_PER_WAN = 1_000_000
_LINE, _LINES = 25, 38  # px for a stacked bar, for three beside each other
_UPRIGHT = 400  # px of the months' chart
_ROUND = 140  # px for legend, axis and the room round them, which count into the height


def to_cases(query: Query) -> str:
    """The address of the list of these cases."""
    asked = urlencode(query.params())
    return f"/ledger?{asked}" if asked else "/ledger"


def told(measure: Measure, value: int) -> str:
    """The figure as read: ``1,234 件``, ``56 人``, ``12.6 万元``."""
    return money(value) if measure == "金额" else f"{value:,} {_AXES[measure]}"


def by_group(dimension: Dimension, measure: Measure, groups: Sequence[Group]) -> dict[str, Any]:
    """The groups' bars: those of 件数 stacked to 登记, those of 人数 and 金额 beside each other; months upright."""
    names = BARS[measure]
    values = [
        {
            "group": group.name,
            "part": one.name,
            "rank": rank,
            "n": one.value / _FEN_PER_WAN if measure == "金额" else one.value,
            "words": told(measure, one.value),
            "href": to_cases(one.query),
        }
        for group in groups
        for rank, one in enumerate(bars(measure, group))
        if one.query is not None
    ]
    upright, stacked = dimension == "月份", measure == "件数"
    place: dict[str, Any] = {
        "field": "group",
        "type": "nominal",
        "sort": None,
        "scale": alt.Scale(domain=[group.name for group in groups], paddingInner=0.25),
        "axis": alt.Axis(title=None, labelLimit=130, labelOverlap=upright, ticks=False, domain=False),
    }
    length: dict[str, Any] = {
        "field": "n",
        "type": "quantitative",
        "axis": alt.Axis(
            title=_AXES[measure], titleAngle=0, tickCount=5, tickMinStep=alt.Undefined if measure == "金额" else 1
        ),
    }
    beside = {"field": "part", "type": "nominal", "sort": list(names)}
    encoded: dict[str, Any] = {
        "x": alt.X(**place) if upright else alt.X(**length),
        "y": alt.Y(**length) if upright else alt.Y(**place),
        "color": alt.Color(
            field="part",
            type="nominal",
            scale=alt.Scale(domain=list(names), range=[_COLOURS[name] for name in names]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        "href": alt.Href(field="href", type="nominal"),
        "tooltip": [
            alt.Tooltip(field="group", type="nominal", title=dimension),
            alt.Tooltip(field="part", type="nominal", title="统计项"),
            alt.Tooltip(field="words", type="nominal", title=measure),
        ],
    }
    if stacked:
        encoded["order"] = alt.Order(field="rank", type="quantitative")
    else:
        encoded["xOffset" if upright else "yOffset"] = alt.XOffset(**beside) if upright else alt.YOffset(**beside)
    height = _UPRIGHT if upright else (_LINE if stacked else _LINES) * max(1, len(groups)) + _ROUND
    chart = alt.Chart(alt.Data(values=values)).mark_bar(cursor="pointer").encode(**encoded).properties(height=height)
    return chart.to_dict()
