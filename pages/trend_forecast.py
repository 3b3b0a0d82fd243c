"""未来四周: what each prefecture may have to deal with, how sure that is, and how such figures did before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st

from monitors.access.scope import Scope
from monitors.clock import local
from monitors.hotspots import forecast, series, series_view
from monitors.hotspots.backtest import Backtest
from monitors.hotspots.events import DATA_SETS, SEES, DataSet
from monitors.hotspots.festivals import SPRING_FESTIVALS, next_spring_festival
from monitors.hotspots.forecast import Forecast, TooShort
from monitors.hotspots.outlook import Outlook, Span
from monitors.hotspots.series import Window
from monitors.regions import divisions
from pages import context, trend_data
from pages.markup import Html, tag
from pages.trend_charts import day_words
from pages.trend_data import Asked
from pages.trend_words import HELP

_YEARS = 6  # of history that are read: five festivals and the days before them
CAVEAT = "预测只外推过去的规律，不知道新的政策、项目停工和集中整治；用于安排人手，不作考核依据。"


@st.cache_data(max_entries=16, ttl=6 * 3600, show_spinner="正在推算…")
def _foretold(
    version: tuple[str, ...],  # noqa: ARG001 - the cache key
    scope: Scope,
    data_set: DataSet,
    region: str,
    today: date,
) -> Forecast | TooShort | None:
    with context.store().read() as connection:
        begun = series.begun(connection, data_set)
        if begun is None or begun >= today:
            return None
        # Today is not over: its few events would pull the level down.
        last = today - timedelta(days=1)
        window = Window(data_set, max(begun, last - timedelta(days=366 * _YEARS)), last, region)
        found = series.by_place(connection, scope, window)
    rows = series_view.by_part(found, _parts(region))
    return forecast.forecast(dict(enumerate(rows.counts)), found.days, SPRING_FESTIVALS)


def _parts(region: str) -> tuple[str, ...]:
    """Prefectures are foretold, not their counties: a county has too few events."""
    return series_view.parts_of(region) if region.endswith("0000") else (region,)


def panel(asked: Asked, _: object) -> None:
    """The part of the page."""
    sets = [name for name in DATA_SETS if context.may(SEES[name])]
    with st.container(horizontal=True, vertical_alignment="center", key="trend-head-forecast"):
        st.markdown("**未来四周**", width="content")
        data_set = st.segmented_control(
            "预测", sets, default=sets[-1], required=True, key="trend-forecast-set", label_visibility="collapsed",
            format_func=lambda name: {"舆情": "舆情事件", "台账": "受理案件"}[name],
        )  # fmt: skip
        with st.popover("怎么算的", type="tertiary", icon=":material/help:"):
            st.write(HELP["forecast"])
    data_set = data_set or sets[-1]
    today = local(asked.now).date()
    version = context.versions(*trend_data.COUNTED[data_set])
    found = _foretold(version, asked.scope, data_set, asked.window.region, today)
    if found is None:
        st.info("还没有数据，无从预测。", icon=":material/info:")
        return
    if isinstance(found, TooShort):
        st.info(f"暂不预测：{found.reason}", icon=":material/hourglass_empty:")
        return
    festival = next_spring_festival(today)
    near = f"距春节（{festival:%Y-%m-%d}）还有 {(festival - today).days} 天。" if festival else ""
    st.caption(f"{near}{found.words}从 {found.outlooks[0].weeks[0].first:%Y-%m-%d} 起，不受上面所选时段影响。")
    st.html(table(found, _parts(asked.window.region), series.UNITS[data_set]))
    if found.backtests:
        st.html(tests_table(found.backtests))
    elif found.kind == "模型":
        st.caption("数据还不够做回测，预测的把握无从验证。")
    st.caption(CAVEAT)


def table(found: Forecast, parts: Sequence[str], unit: str) -> Html:
    """A line per prefecture and week; the province's own interval last."""
    weeks = found.province.weeks
    heads = [
        tag("th", "地区", scope="col"),
        *(tag("th", f"{day_words(one.first)}起一周", scope="col", class_="n") for one in weeks),
        tag("th", f"四周合计（{unit}）", scope="col", class_="n"),
    ]
    shown = sorted(found.outlooks, key=lambda one: (-(one.total.mean or one.total.high), one.prefecture))
    lines = [_line(divisions.short_name(parts[one.prefecture]), one) for one in shown]
    if len(parts) > 1:
        lines.append(_line("全省", found.province, class_="whole"))
    inside = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *lines))
    return tag("div", inside, class_="trend-table", tabindex="0")


def _line(name: str, one: Outlook, class_: str = "") -> Html:
    cells = (tag("td", _span(span), class_="n") for span in (*one.weeks, one.total))
    return tag("tr", tag("td", name), *cells, class_=class_)


def _span(span: Span) -> str:
    if span.mean is None:
        return f"{span.low}–{span.high}"
    return f"{series_view.figure(span.mean)}（{span.low}–{span.high}）"


def tests_table(tests: Sequence[Backtest]) -> Html:
    """How the same procedure did on earlier days, beside the simplest ones."""
    names = [score.method for score in tests[0].scores]
    heads = ("回测", "起点数", "实际总数", "覆盖（应近 80%）", *(f"误差·{name}" for name in names))
    lines = [
        tag(
            "tr",
            tag("td", one.name),
            tag("td", len(one.origins), class_="n"),
            tag("td", one.came, class_="n"),
            tag("td", f"{one.coverage:.0%}", class_="n"),
            *(tag("td", f"{score.wape:.1%}", class_="n") for score in one.scores),
        )
        for one in tests
    ]
    top = (tag("th", name, scope="col", class_="n" if at else "") for at, name in enumerate(heads))
    inside = tag("table", tag("thead", tag("tr", *top)), tag("tbody", *lines))
    return tag("div", inside, class_="trend-table", tabindex="0")
