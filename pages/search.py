"""舆情检索: all reports, by words and by filters. The address holds the whole question, so it can be passed on."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.scope import Scope
from monitors.clock import SHANGHAI, local, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import export, search
from monitors.opinion.model import KINDS, LEVELS, SOURCE_GROUPS, STANCE_NAMES, STANCES
from monitors.regions import divisions
from pages import context, report, results, signed, story
from pages.wording import level_name

_LOG = logging.getLogger("monitors.pages")
SIZE = 20
ALL_TIME, TODAY, CUSTOM = "全部时间", "今天", "自定义"
PERIODS = {ALL_TIME: None, TODAY: 0, "近 24 小时": 1, "近 7 天": 7, "近 30 天": 30, "近一年": 365, CUSTOM: None}
# Key of each widget = name in the address → value when nothing is asked.
DEFAULTS = {
    "q": "", "time": ALL_TIME, "days": (), "pref": "", "county": "", "rel": "全部", "level": [], "stance": "",
    "kind": "", "group": "", "source": "", "outlet": "", "sort": "时间", "page": 1,
}  # fmt: skip
FORMAT_NAMES: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格", "jsonl": "JSON Lines"}


# ── ask ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _first_page() -> None:
    st.session_state["page"] = 1


def _new_prefecture() -> None:
    _first_page()
    st.session_state["county"] = ""  # the counties of another prefecture are other counties


def _clear() -> None:
    for key, value in DEFAULTS.items():
        if key in st.session_state:
            st.session_state[key] = value


def _select(label: str, options: list[str], key: str, names: dict[str, str] | None = None, none: str = "不限") -> str:
    shown = {"": none} | (names or {})
    chosen = st.selectbox(
        label,
        options,
        key=key,
        bind="query-params",
        on_change=_new_prefecture if key == "pref" else _first_page,
        format_func=lambda value: shown.get(value, value),
    )
    return chosen or ""


def _ask(scope: Scope) -> search.Filters:
    st.text_input(
        "检索词",
        key="q",
        bind="query-params",
        type="search",
        on_change=_first_page,
        placeholder="输入检索词后按回车，例如：讨薪 塔吊",
        label_visibility="collapsed",
        icon=":material/search:",
        max_chars=200,
    )
    st.caption("空格：同时含有　｜　竖线 |：含其一　｜　减号 -：排除　｜　引号“ ”：原样连续")
    # A choice of places only among one's own: a prefecture's people choose a county, a county's nothing.
    wide = [1.25, 1.25] if scope.everything else [1.25] if _has_counties(scope) else []
    period, *places, rel, level, stance, more = st.columns([1.15, *wide, 1, 1.7, 1, 1], vertical_alignment="bottom")
    with period:
        _select("时间", list(PERIODS), "time")
    chosen = scope.region
    if scope.everything:
        with places[0]:
            names = {d.code: d.name for d in divisions.prefectures()} | {divisions.YUNNAN: "云南省（全部）"}
            chosen = _select("州市", ["", divisions.YUNNAN, *(d.code for d in divisions.prefectures())], "pref", names)
    if places:
        with places[-1]:
            inside = [d for d in divisions.counties() if d.parent == chosen]
            _select("县（市、区）", ["", *(d.code for d in inside)], "county", {d.code: d.name for d in inside})
    with rel:
        _select("相关性", ["全部", "相关", "不相关"], "rel")
    with level:
        st.multiselect(
            "级别",
            LEVELS,
            key="level",
            bind="query-params",
            on_change=_first_page,
            format_func=level_name,
            placeholder="不限",
            select_all=False,
        )
    with stance:
        _select("立场", ["", *STANCES], "stance", STANCE_NAMES)
    with more, st.popover("更多条件", width="stretch", icon=":material/tune:"):
        _ask_more(scope)
    if st.session_state["time"] == CUSTOM:
        st.date_input(
            "发布日期（起止两天都含）",
            value=(),
            key="days",
            bind="query-params",
            on_change=_first_page,
            format="YYYY-MM-DD",
            width=320,
        )
    return _filters(utc_now())


def _has_counties(scope: Scope) -> bool:
    return scope.region.endswith("00")


def _ask_more(scope: Scope) -> None:
    # Which sources and outlets a part of the province meets with depends on its reports; the province sees all.
    known = _outlets(context.versions("source") if scope.everything else context.versions("item", "source"), scope)
    _select("类别", ["", *KINDS], "kind")
    _select("来源组", ["", *SOURCE_GROUPS], "group")
    _select("监测源", ["", *(key for key, _ in known.sources)], "source", dict(known.sources))
    _select("媒体", ["", *known.outlets], "outlet")
    st.button("清空全部条件", on_click=_clear, width="stretch", icon=":material/filter_alt_off:")


def _filters(now: datetime) -> search.Filters:
    asked = st.session_state
    since, until = _period(asked["time"], asked.get("days", ()), now)
    return search.Filters(
        query=asked["q"] or "",
        since=since,
        until=until,
        region=asked.get("county") or asked.get("pref") or "",
        source=asked["source"] or "",
        group=asked["group"] or "",
        outlet=asked["outlet"] or "",
        relevance=asked["rel"],
        levels=tuple(asked["level"]),
        stance=asked["stance"] or "",
        kind=asked["kind"] or "",
    )


def _period(name: str, days: tuple[date, ...], now: datetime) -> tuple[datetime | None, datetime | None]:
    """The chosen period as instants. Rounded to the minute, so that a rerun asks the same question."""
    minute = now.replace(second=0, microsecond=0)
    if name == CUSTOM and days:
        first, last = days[0], days[-1]
        return _midnight(first), _midnight(last + timedelta(days=1))
    if name == TODAY:
        return _midnight(local(now).date()), None
    length = PERIODS[name]
    return (minute - timedelta(days=length) if length else None), None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=64, show_spinner=False)
def _found(version: tuple[str, ...], scope: Scope, filters: search.Filters, page: int) -> search.Found:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return search.search(connection, scope, filters, page=page, size=SIZE)


@st.cache_data(max_entries=32, show_spinner=False)
def _outlets(version: tuple[str, ...], scope: Scope) -> search.Outlets:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return search.outlets(connection, scope)


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _count_words(found: search.Found) -> str:
    if found.capped:
        return f"{found.total:,}+ 篇（只列最前 {found.total:,} 篇，请加条件缩小范围）"
    return f"{found.total:,} 篇"


def _bar(scope: Scope, filters: search.Filters) -> tuple[search.Filters, search.Found]:
    """The line above the results: count, order, export."""
    left, middle, right = st.columns([5, 2.2, 1], vertical_alignment="center")
    with middle, st.container(horizontal_alignment="right"):
        order = st.segmented_control(
            "排序",
            search.SORTS,
            key="sort",
            bind="query-params",
            default="时间",
            required=True,
            on_change=_first_page,
            format_func=lambda value: {"时间": "最新在前", "匹配": "最匹配在前"}[value],
            label_visibility="collapsed",
        )
    filters = replace(filters, sort=order or "时间")
    found = _found(context.versions("item", "source"), scope, filters, _page())
    with left:
        place = "" if scope.everything else f"　辖区：{signed.short_region(scope.region)}"
        st.markdown(f"**找到 {_count_words(found)}**{place}")
        for note in found.notes:
            st.caption(note)
    if context.may("story.export"):
        with right:
            _export(filters, found)
    return filters, found


def _export(filters: search.Filters, found: search.Found) -> None:
    now = utc_now()
    with st.popover("导出", width="stretch", icon=":material/download:", disabled=not found.total):
        st.caption("导出当前条件下的全部结果，含截至时间与筛选条件。")
        for fmt, name in FORMAT_NAMES.items():
            st.download_button(
                name,
                partial(_items_file, context.held(), filters, fmt),
                file_name=export.file_name("舆情检索结果", fmt, now),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"export-{fmt}",
                width="stretch",
            )


def _items_file(held: context.Held, filters: search.Filters, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, for whoever is signed in then; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return export.items_file(context.store(), actor, filters, fmt, utc_now(), settings=context.settings())


def _page() -> int:
    """The page asked for. On the first run the pager below is not drawn yet, so the address is asked."""
    asked = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return int(asked) if asked.isdigit() and len(asked) < 6 else 1


def _open(name: str, number: int) -> None:
    st.query_params[name] = str(number)


def _list(found: search.Found) -> None:
    now = utc_now()
    with st.container(gap="xsmall"):
        for hit in found.hits:
            with st.container(border=True, key=f"hit-{hit.id}"):
                left, right = st.columns([9, 1], vertical_alignment="center")
                left.html(results.hit_html(hit, now))
                lone = hit.story_id is None
                right.button(
                    "查看报道" if lone else "查看事件",
                    key=f"report-{hit.id}" if lone else f"story-{hit.id}",
                    on_click=_open,
                    args=("report", hit.id) if lone else ("story", hit.story_id),
                    type="tertiary",
                    width="stretch",
                )
    if found.pages > 1:
        with st.container(horizontal_alignment="center"):
            if st.session_state.get("page", 1) > found.pages:
                st.session_state["page"] = found.pages
            st.pagination(found.pages, key="page", bind="query-params")


def main() -> None:
    """The page."""
    st.html(f"<style>{results.STYLE}</style>")
    if context.offer_demo():
        return
    try:
        scope = context.scope()
        _, found = _bar(scope, _ask(scope))
    except MonitorsError as error:
        st.error(str(error), icon=":material/error:")
        return
    except SQLAlchemyError:
        _LOG.exception("the search could not be answered")
        st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")
        return
    if not found.total:
        st.info("没有符合条件的报道。可以少用几个词、放宽时间或地区。", icon=":material/search_off:")
    _list(found)
    story.show_chosen()
    report.show_chosen()


main()
