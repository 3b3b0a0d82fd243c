"""The charts of 趋势 as Vega-Lite specifications, and the sparkline of a table's row.

Dates are positions with Chinese labels of our own: Vega's names of months and weekdays are English. Colours are told
apart by people who do not see red and green, on the light page and on the dark one; nothing is said by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import altair as alt

from monitors.hotspots.series import Counts
from monitors.hotspots.series_view import Band
from pages.hotspot_map import Look
from pages.markup import Html, tag

BRUSH = "brush"
WEEKDAYS = "一二三四五六日"
_LINE, _GREY, _RAISED = "#3b82f6", "#94a3b8", "#e66101"
# Of cividis, from few to many, as on the map: deeper on the light page, brighter on the dark one; and the ink on each.
_LEVELS: Mapping[Look, tuple[str, ...]] = {
    "light": ("#f2e59a", "#c2b06a", "#7a7b78", "#17335f"),
    "dark": ("#33558b", "#7a7b78", "#b5a567", "#f3d948"),
}
_INKS: Mapping[Look, tuple[str, ...]] = {
    "light": ("dark", "dark", "light", "light"),
    "dark": ("light", "dark", "dark", "dark"),
}
_NONE = "rgba(148,163,184,0.22)"  # no event: a class of its own
# Neutral in the middle, the two ends of PuOr outside; more than five kinds are not told apart.
_SHARES = ("#e66101", "#94a3b8", "#8073ac", "#fdb863", "#5ba3cf", "#4b5563", "#c6b8dd", "#0d9488")
_SPARK = 130  # px of a row's weeks
_DAY = 19  # px of one day in the calendar
_CELL, _ACROSS = 96, 4  # px of one small chart's height; how many beside each other


def day_words(day: date) -> str:
    """``11月23日``."""
    return f"{day.month}月{day.day}日"


def _labelled(marks: Mapping[float, str]) -> dict[str, Any]:
    names = {f"{at:g}": words for at, words in marks.items()}
    return {"values": list(marks), "labelExpr": f"({names})[datum.value]"}


def _months(days: Sequence[date], *, at_most: int = 9) -> dict[float, str]:
    """Labels below an axis of days: firsts of months where there are several, else every few days."""
    firsts = [n for n, day in enumerate(days) if day.day == 1]
    if len(days) > 62 and firsts:
        return {n: f"{days[n].year}年1月" if days[n].month == 1 else f"{days[n].month}月" for n in firsts}
    every = max(1, math.ceil(len(days) / at_most))
    return {n: day_words(days[n]) for n in range(0, len(days), every)}


def daily(days: Sequence[date], numbers: Sequence[int], marked: Mapping[date, str], unit: str) -> dict[str, Any]:
    """Events a day, to brush a range of days on; ``marked`` are festivals with their names."""
    values = [{"i": n, "n": number} for n, (_, number) in enumerate(zip(days, numbers, strict=True))]
    brush = alt.selection_interval(name=BRUSH, encodings=["x"], mark=alt.BrushConfig(fill=_LINE, fillOpacity=0.15))
    chart = (
        alt.Chart(alt.Data(values=values))
        .transform_calculate(to="datum.i + 0.86", day=_told(days[0], days, marked))
        .mark_bar(color=_LINE)
        .encode(
            x=alt.X(
                field="i",
                type="quantitative",
                scale=alt.Scale(domain=[0, len(days)], nice=False),
                axis=alt.Axis(title=None, grid=False, **_labelled(_months(days))),
            ),
            x2=alt.X2(field="to"),
            y=alt.Y(
                field="n",
                type="quantitative",
                scale=alt.Scale(domain=[0, max(1, *numbers)]),
                axis=alt.Axis(title=None, tickCount=3, format="d", tickMinStep=1),
            ),
            y2=alt.Y2Datum(0),
            tooltip=[
                alt.Tooltip(field="day", type="nominal", title="日期"),
                alt.Tooltip(field="n", type="quantitative", title=f"当日（{unit}）"),
            ],
        )
        .properties(height=105)
        .add_params(brush)
    )
    return chart.to_dict()


def _told(first: date, days: Sequence[date], marked: Mapping[date, str]) -> str:
    """Vega's expression for the words of day ``i``, so that they need not be sent with every day."""
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000)
    at = f"({start} + datum.i * 864e5)"
    names = {str(n): f"（{marked[day]}）" for n, day in enumerate(days) if day in marked}
    weekday = f"substring('日一二三四五六', utcday{at}, utcday{at} + 1)"
    return f"(utcmonth{at} + 1) + '月' + utcdate{at} + '日 周' + {weekday} + (({names})[datum.i] || '')"


def brushed(selection: Mapping[str, Any] | None, days: Sequence[date]) -> tuple[date, date] | None:
    """The days under the brush, both ends included; None where nothing sensible is chosen."""
    ends = ((selection or {}).get(BRUSH) or {}).get("i")
    if not isinstance(ends, (list, tuple)) or len(ends) != 2 or not days:
        return None
    try:
        low, high = sorted(float(end) for end in ends)
    except (TypeError, ValueError):
        return None
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    first = min(max(0, math.floor(low)), len(days) - 1)
    last = min(max(first, math.ceil(high) - 1), len(days) - 1)
    return days[first], days[last]


def steps(numbers: Sequence[int]) -> tuple[int, ...]:
    """Lower bounds of the heat map's classes: one, and what half, a fifth, a twentieth of the days with any reach."""
    some = sorted(n for n in numbers if n > 0)
    if not some:
        return (1,)
    return tuple(sorted({1, *(some[int(len(some) * part)] for part in (0.5, 0.8, 0.95))}))


def calendar(
    days: Sequence[date], numbers: Sequence[int], marked: Mapping[date, str], unit: str, *, look: Look = "light"
) -> dict[str, Any]:
    """Weeks across, weekdays down; ``marked`` days carry the first character of their name."""
    bounds = steps(numbers)
    names = ["0", *_classes(bounds)]
    late = days[0].weekday()
    monday = days[0] - timedelta(days=late)
    values = [
        {"i": n, "n": number, "r": sum(number >= bound for bound in bounds)}
        for n, (_, number) in enumerate(zip(days, numbers, strict=True))
    ]
    last = (len(days) - 1 + late) // 7
    mondays = [monday + timedelta(days=7 * n) for n in range(last + 1)]
    marks = {n: f"{day.month}月" for n, day in enumerate(mondays) if n == 0 or day.month != mondays[n - 1].month}
    if len(marks) > 1 and 1 in marks:
        del marks[0]  # two names would stand on each other
    shown = {
        "x": alt.X(
            field="w",
            type="ordinal",
            scale=alt.Scale(domain=list(range(last + 1)), paddingInner=0.12),
            axis=alt.Axis(title=None, labelAngle=0, ticks=False, domain=False, labelAlign="left", **_labelled(marks)),
        ),
        "y": alt.Y(
            field="d",
            type="ordinal",
            scale=alt.Scale(domain=list(WEEKDAYS), paddingInner=0.12),
            axis=alt.Axis(title=None, ticks=False, domain=False, labelOverlap=False),
        ),
    }
    firsts = {str(n): marked[day][:1] for n, day in enumerate(days) if day in marked}
    base = alt.Chart(alt.Data(values=values)).transform_calculate(
        w=f"floor((datum.i + {late}) / 7)",
        d=f"substring('{WEEKDAYS}', (datum.i + {late}) % 7, (datum.i + {late}) % 7 + 1)",
        c=f"({names})[datum.r]",
        day=_told(days[0], days, marked),
        m=f"({firsts})[datum.i] || ''",
        ink=f"({['none', *_INKS[look][-len(bounds) :]]})[datum.r]",
    )
    colours = [_NONE, *_LEVELS[look][-len(bounds) :]]
    cells = base.mark_rect(cornerRadius=2).encode(
        **shown,
        color=alt.Color(
            field="c",
            type="ordinal",
            scale=alt.Scale(domain=names, range=colours),
            legend=alt.Legend(title=f"每日{unit}数", orient="bottom", direction="horizontal", symbolType="square"),
        ),
        tooltip=[
            alt.Tooltip(field="day", type="nominal", title="日期"),
            alt.Tooltip(field="n", type="quantitative", title=f"当日（{unit}）"),
        ],
    )
    ink = alt.Scale(domain=["light", "dark", "none"], range=["#ffffff", "#111827", "#7c8798"])
    names_of_days = base.mark_text(fontSize=10, fontWeight="bold").encode(
        **shown,
        text=alt.Text(field="m", type="nominal"),
        color=alt.Color(field="ink", type="nominal", scale=ink, legend=None),
    )
    layered = (
        alt.layer(cells, names_of_days)
        .resolve_scale(color="independent")
        .properties(width=alt.Step(_DAY), height=alt.Step(_DAY))
    )
    return layered.to_dict()


def _classes(bounds: Sequence[int]) -> list[str]:
    ends = [*(bound - 1 for bound in bounds[1:]), None]
    return [
        f"{low} 及以上" if high is None else str(low) if low == high else f"{low}–{high}"
        for low, high in zip(bounds, ends, strict=True)
    ]


def multiples(
    names: Sequence[str], by_week: Counts, band: Band, ends: Sequence[date], *, raised: Sequence[bool], unit: str
) -> dict[str, Any]:
    """Small charts in one picture, four across: a line of weeks over the grey band of what was expected.

    Each has a height of its own, its greatest week written at its top.
    """
    weeks = by_week.shape[1]
    across = min(_ACROSS, len(names))
    down = math.ceil(len(names) / across)
    tops = [
        max(1, int(by_week[part].max()), *(int(high) for high in band.high[part] if not math.isnan(high)))
        for part in range(len(names))
    ]
    values: list[dict[str, Any]] = []
    for part in range(len(names)):
        values.append({"p": part, "w": -1})  # its head
        for week in range(weeks):
            one: dict[str, Any] = {"p": part, "w": week, "n": int(by_week[part, week])}
            if not math.isnan(mean := band.mean[part, week]):
                one |= {"l": int(band.low[part, week]), "h": int(band.high[part, week]), "e": round(float(mean), 1)}
            values.append(one)
    heads = [f"▲ {name}" if up else name for name, up in zip(names, raised, strict=True)]
    floor = f"({down - 1} - floor(datum.p / {across})) * 1.42"
    known = "isValid(datum.e)"
    drawn = {
        "x": f"(datum.p % {across}) * 1.08 + max(0, datum.w) / {max(1, weeks - 1)}",
        "top": f"({tops})[datum.p]",
        "y": f"{floor} + (datum.w < 0 ? 1.21 : datum.n / datum.top)",
        "low": f"{known} ? {floor} + datum.l / datum.top : null",
        "high": f"{known} ? {floor} + datum.h / datum.top : null",
        "t": f"({list(names)})[datum.p] + ' ' + ({[_week(end) for end in ends]})[datum.w]",
        "usual": f"{known} ? datum.e + '（' + datum.l + '–' + datum.h + '）' : '此前数据不足'",
        "head": f"({heads})[datum.p]",
        "right": f"(datum.p % {across}) * 1.08 + 1",
        "most": f"'最高 ' + ({[int(row.max()) for row in by_week]})[datum.p]",
        "up": f"'' + ({[int(up) for up in raised]})[datum.p]",
    }
    span = alt.Scale(domain=[0, across * 1.08 - 0.08], nice=False)
    x = alt.X(field="x", type="quantitative", scale=span, axis=None)
    scale = alt.Scale(domain=[0, down * 1.42 - 0.1], nice=False)
    data = alt.Chart(alt.Data(values=values))
    weekly = data.transform_filter("datum.w >= 0")
    tooltip = [
        alt.Tooltip(field="t", type="nominal", title="一周"),
        alt.Tooltip(field="n", type="quantitative", title=f"当周（{unit}）"),
        alt.Tooltip(field="usual", type="nominal", title="通常（八成区间）"),
    ]
    detail = alt.Detail(field="p", type="nominal")
    grey = weekly.mark_area(color=_GREY, opacity=0.3).encode(
        x=x, y=alt.Y(field="low", type="quantitative", scale=scale, axis=None), y2=alt.Y2(field="high"), detail=detail
    )
    level = alt.Y(field="y", type="quantitative", scale=scale, axis=None)
    line = weekly.mark_line(color=_LINE, strokeWidth=1.8).encode(x=x, y=level, detail=detail)
    # Wide invisible points: the pointer need not meet the line.
    points = weekly.mark_point(size=160, opacity=0.001, filled=True).encode(x=x, y=level, tooltip=tooltip)
    heads_alone = data.transform_filter("datum.w < 0")
    ink = alt.Scale(domain=["1", "0"], range=[_RAISED, "#7c8798"])
    named = heads_alone.mark_text(align="left", fontSize=12, fontWeight="bold").encode(
        x=x,
        y=level,
        text=alt.Text(field="head", type="nominal"),
        color=alt.Color(field="up", type="nominal", scale=ink, legend=None),
    )
    highest = heads_alone.mark_text(align="right", fontSize=11, color="#7c8798").encode(
        x=alt.X(field="right", type="quantitative", scale=span, axis=None),
        y=level,
        text=alt.Text(field="most", type="nominal"),
    )
    layered = alt.layer(grey, line, named, highest, points).transform_calculate(**drawn).properties(height=_CELL * down)
    return layered.to_dict()


def _week(end: date) -> str:
    return f"{day_words(end - timedelta(days=6))}至{day_words(end)}"


def shares(
    keys: Sequence[str], by_week: Counts, ends: Sequence[date], *, unit: str, named: Callable[[str], str]
) -> dict[str, Any]:
    """What part of each week's events each kind makes, stacked to the whole, with the numbers."""
    totals = by_week.sum(axis=0)
    values = [
        {
            "w": week, "k": named(key), "r": rank, "v": round(float(by_week[rank, week] / totals[week]), 4),
            "t": _week(ends[week]), "n": f"{int(by_week[rank, week])} / {int(totals[week])} {unit}",
        }
        for rank, key in enumerate(keys)
        for week in range(by_week.shape[1])
        if by_week[rank, week]
    ]  # fmt: skip
    every = max(1, math.ceil(by_week.shape[1] / 9))
    marks = {n: day_words(ends[n]) for n in range(by_week.shape[1]) if (by_week.shape[1] - 1 - n) % every == 0}
    names = [named(key) for key in keys]
    x = alt.X(
        field="w",
        type="ordinal",
        scale=alt.Scale(domain=list(range(by_week.shape[1])), paddingInner=0.15),
        axis=alt.Axis(title="每周截止日", labelAngle=0, grid=False, ticks=False, **_labelled(marks)),
    )
    bars = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y(
                field="v",
                type="quantitative",
                stack="zero",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(title=None, format="%", tickCount=5),
            ),
            color=alt.Color(
                field="k",
                type="nominal",
                scale=alt.Scale(domain=names, range=[_SHARES[n % len(_SHARES)] for n in range(len(names))]),
                legend=alt.Legend(title=None, orient="top", columns=8),
            ),
            order=alt.Order(field="r", type="quantitative"),
            tooltip=[
                alt.Tooltip(field="t", type="nominal", title="一周"),
                alt.Tooltip(field="k", type="nominal", title="类别"),
                alt.Tooltip(field="v", type="quantitative", title="占比", format=".0%"),
                alt.Tooltip(field="n", type="nominal", title="数量"),
            ],
        )
    )
    tops = [{"w": week, "v": 1, "s": str(int(total))} for week, total in enumerate(totals)]
    counts = (
        alt.Chart(alt.Data(values=tops))
        .mark_text(dy=-6, fontSize=11, color="#7c8798")
        .encode(x=x, y=alt.Y(field="v", type="quantitative"), text=alt.Text(field="s", type="nominal"))
    )
    return alt.layer(bars, counts).properties(height=300).to_dict()


def sparkline(numbers: Sequence[int]) -> Html:
    """A row's weeks as a tiny picture; the figures beside it say what matters."""
    top, wide = max(1, *numbers) if numbers else 1, _SPARK // max(1, len(numbers))
    steps_up = "".join(f"V{20 - (number and max(2, round(19 * number / top)))}h{wide}" for number in numbers)
    # Drawn as an image: inside HTML of ours Streamlit takes drawings out.
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_SPARK} 20'>"
        f"<path fill='{_LINE}' d='M0 20{steps_up}V20'/></svg>"
    )
    return tag("img", src=f"data:image/svg+xml,{quote(drawing, safe=' =:/.-')}", alt="", class_="spark")
