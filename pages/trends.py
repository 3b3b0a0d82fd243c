"""趋势: how events rise and fall by day, place, word and source. A range brushed on the first chart leads the rest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors.access.scope import Scope
from monitors.clock import local, stamp, utc_now
from monitors.hotspots import series
from monitors.hotspots.events import DATA_SETS, SEES, DataSet
from monitors.hotspots.series import MAX_DAYS, Window
from monitors.regions import divisions
from pages import context, signed, story, trend_charts, trend_data, trend_views
from pages.trend_data import Asked

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "trends_page.css").read_text(encoding="utf-8")
OWN = "自定义"
WEEKS = ("4", "8", "13", "26", OWN)
CAVEAT = {
    "舆情": "公开报道只是欠薪事件的一小部分：这里的升降也可能来自媒体关注或监测源的变化，没有报道不等于没有欠薪。",
    "台账": "按受理日期统计已登记案件（不含不属实）：补录、集中导入会造成假的升降。",
}  # fmt: skip


# ── ask ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sets() -> list[DataSet]:
    return [name for name in DATA_SETS if context.may(SEES[name])]


def _region_name(code: str, scope: Scope) -> str:
    if code == scope.region:
        return f"{signed.short_region(code)}（全部）" if code.endswith("00") else signed.short_region(code)
    above, own = divisions.prefecture_of(code), divisions.short_name(code)
    return own if above in ("", code) else f"{divisions.short_name(above)} · {own}"


def _regions(scope: Scope) -> list[str]:
    inside = [d.code for d in (*divisions.prefectures(), *divisions.counties()) if scope.covers(d.code)]
    return [scope.region, *sorted(code for code in inside if code != scope.region)]


def _held(name: str, options: Sequence[str], default: str) -> None:
    """The widget ``name`` begins with what the address says, if that is one of ``options``; else with ``default``."""
    if st.session_state.get(name) not in options:
        asked = st.query_params.get(name, "")
        st.session_state[name] = asked if asked in options else default


def _tell(**answers: str) -> None:
    """The address holds the answers, so that it can be passed on."""
    for name, value in answers.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def _ask(scope: Scope, today: date) -> Window:
    """The bar: data set, region, range."""
    which, where, long, days = st.columns([1.1, 1.8, 2.4, 1.8], vertical_alignment="bottom")
    sets = _sets()
    _held("set", sets, sets[0])
    _held("region", _regions(scope), scope.region)
    _held("weeks", WEEKS, WEEKS[2])
    with which:
        chosen = st.segmented_control("数据", sets, required=True, key="set", label_visibility="collapsed")
    with where:
        region = st.selectbox(
            "地区",
            _regions(scope),
            key="region",
            format_func=lambda code: _region_name(code, scope),
            label_visibility="collapsed",
        )
    with long:
        weeks = st.segmented_control(
            "时段",
            WEEKS,
            required=True,
            key="weeks",
            format_func=lambda name: name if name == OWN else f"近{name}周",
            label_visibility="collapsed",
        )
    last, length = today, 7 * int(weeks) if weeks and weeks != OWN else 7 * 13
    first = last - timedelta(days=length - 1)
    if weeks == OWN:
        with days:
            ends = st.date_input(
                "起止日期（两天都含）",
                value=(first, last),
                max_value=today,
                key="days",
                bind="query-params",
                format="YYYY-MM-DD",
                label_visibility="collapsed",
            )
        first, last = _range(ends, today, first)
    _tell(set=chosen or sets[0], region=region or scope.region, weeks=weeks or WEEKS[2])
    return Window(chosen or sets[0], first, last, region or scope.region)


def _range(ends: object, today: date, otherwise: date) -> tuple[date, date]:
    """The two days chosen; while only one is, it stands for the beginning. At most ``MAX_DAYS``."""
    given = [day for day in ends if isinstance(day, date)] if isinstance(ends, tuple) else []
    first = min(given[0], today) if given else otherwise
    last = min(max(given[-1], first), today) if len(given) > 1 else today
    return max(first, last - timedelta(days=MAX_DAYS - 1)), last


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _top(window: Window, places: series.Daily) -> tuple[date, date] | None:
    """The chart to brush on; gives the days under the brush."""
    days = [day for day in places.days if day >= window.first]
    numbers = places.total[places.counts.shape[1] - len(days) :].tolist()
    unit = series.UNITS[window.data_set]
    times = st.session_state.get("trend-cleared", 0)
    key = f"trend-brush-{window.data_set}-{window.region}-{days[0]}-{days[-1]}-{times}"
    before = trend_charts.brushed((st.session_state.get(key) or {}).get("selection"), days)
    words, clear = st.columns([5, 1], vertical_alignment="center")
    with words:
        trend_views.head(f"每日{unit}数", "daily", _daily_words(before, sum(numbers), unit))
    if before is not None:
        clear.button("恢复全部时段", key="trend-clear", on_click=_clear, type="tertiary", icon=":material/close:")
    event = st.vega_lite_chart(
        trend_charts.daily(days, numbers, trend_data.festivals(tuple(days)), unit),
        key=key,
        on_select="rerun",
        selection_mode=trend_charts.BRUSH,
        alt=f"每日{unit}数，按住左键横向拖动可选取时段",
    )
    return trend_charts.brushed(event.get("selection"), days)


def _daily_words(chosen: tuple[date, date] | None, total: int, unit: str) -> str:
    if chosen is None:
        return f"共 {total:,} {unit}。在图上按住左键横向拖动，可选取一段时间，下面各图随之改变。"
    first, last = map(trend_charts.day_words, chosen)
    return f"已选 {first}至{last}，下面各图只看这一段，并把{last}当作“今天”。"


def _clear() -> None:
    st.session_state["trend-cleared"] = st.session_state.get("trend-cleared", 0) + 1


def _page(scope: Scope) -> None:
    now = utc_now()
    today = local(now).date()
    title, saved = st.columns([5, 1], vertical_alignment="center")
    title.subheader("趋势", anchor=False)
    window = _ask(scope, today)
    begun = trend_data.begun(context.versions(*trend_data.COUNTED[window.data_set]), scope, window.data_set)
    if begun is None or begun > window.last:
        what = "本省欠薪报道" if window.data_set == "舆情" else "登记的案件"
        st.info(f"{'这段时间' if begun else '目前'}还没有{what}，没有可画的趋势。", icon=":material/info:")
        return
    window = replace(window, first=max(window.first, begun))
    asked = Asked(scope, window, begun, now)
    places = trend_data.places(asked)
    chosen = _top(window, places)
    if chosen is not None:
        asked = replace(asked, window=replace(window, first=chosen[0], last=chosen[1]))
    views = [name for name in trend_views.VIEWS if window.data_set == "舆情" or name not in trend_views.STORIES_ALONE]
    _held("view", views, views[0])
    view = st.segmented_control("内容", views, required=True, key="view", label_visibility="collapsed")
    _tell(view=view or views[0])
    trend_views.VIEWS[view or views[0]](asked, saved)
    st.caption(f"截至 {stamp(now)}（北京时间），今天尚未结束。{CAVEAT[window.data_set]}")
    story.show_chosen()


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    with context.explained():
        with context.look():
            actor = context.actor()
            if not _sets():
                actor.require("story.view", kind="page", target="trends")
        try:
            _page(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("the trends could not be counted")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


main()
