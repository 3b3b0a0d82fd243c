"""监测源: what is watched and how well; a click shows one source whole, to try, change, pause or remove it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from monitors.clock import utc_now
from monitors.errors import MonitorsError
from monitors.opinion import sources
from monitors.opinion.model import SOURCE_GROUPS
from monitors.opinion.schedule import HEALTH_NAMES
from pages import context, source_drawer, source_exchange, source_table
from pages.source_table import Judged

REFRESH_SECONDS = 5.0
ALL_GROUPS = "全部分组"
LEVEL_NAMES: dict[str, str] = {"all": "全部", **HEALTH_NAMES, "gone": "已移除"}


# ── query: all rows are light and few; filtered by words in SQL, by health (which depends on the time) here ───────────
@st.cache_data(max_entries=16, show_spinner=False)
def _judged(version: tuple[str, ...], minute: datetime, group: str, text: str, *, removed: bool) -> list[Judged]:  # noqa: ARG001 - the cache key
    watch = context.settings().watch
    with context.store().read() as connection:
        rows = sources.list_sources(connection, group=group, text=text, removed=removed)
    return source_table.in_order([Judged(row, row.health(watch, minute)) for row in rows])


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _opened() -> None:
    st.session_state["source_clicked"] = str(st.session_state["source_table"].open or "")


def _turned() -> None:
    st.session_state["source_page"] = max(1, int(st.session_state["source_table"].page or 1))


def _first_page() -> None:
    st.session_state["source_page"] = 1


@st.fragment(run_every=REFRESH_SECONDS)
def _live() -> None:
    if clicked := st.session_state.pop("source_clicked", ""):
        # The drawer belongs to the page, not to the part of it that redraws itself every few seconds.
        st.query_params["source"] = clicked
        st.rerun()
    try:
        if not context.may("source.view"):
            st.rerun()  # the whole page, which says why
        _list()
    except MonitorsError as error:
        st.error(f"{error}。本页会自动重试。", icon=":material/error:")


def _list() -> None:
    now = utc_now()
    minute = now.replace(second=0, microsecond=0)
    version = context.versions("source", "source_state")
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    group = bar.selectbox(
        "分组", [ALL_GROUPS, *SOURCE_GROUPS], key="source_group", width=150, on_change=_first_page, filter_mode=None
    )
    text = bar.text_input(
        "查找", key="source_text", placeholder="名称、媒体或网址", live="300ms", width=240, on_change=_first_page
    )
    asked = ("" if group == ALL_GROUPS else group, text.strip())
    found = _judged(version, minute, *asked, removed=False)
    gone = _judged(version, minute, *asked, removed=True)
    counts = {"all": len(found), **source_table.health_counts(found), "gone": len(gone)}
    levels = ["all", *HEALTH_NAMES, "gone"]
    chosen = bar.segmented_control(
        "状态",
        levels,
        key="source_level",
        default="all",
        required=True,
        label_visibility="collapsed",
        format_func=lambda level: f"{LEVEL_NAMES[level]} {counts[level]}",
        on_change=_first_page,
    )
    shown = gone if chosen == "gone" else [one for one in found if chosen in (None, "all", one.health.level)]
    size = context.settings().duty.page_size
    pages = max(1, -(-len(shown) // size))
    page = min(st.session_state.get("source_page", 1), pages)
    data = source_table.payload(
        shown[(page - 1) * size : page * size],
        minute,
        page=page,
        pages=pages,
        total=len(shown),
        nothing=_nothing(text, group, chosen, adding=context.may("source.edit")),
    )
    source_table.show(data, on_open=_opened, on_page=_turned)


def _nothing(text: str, group: str, level: str | None, *, adding: bool) -> str:
    if text.strip() or group != ALL_GROUPS or level not in (None, "all"):
        return "没有符合条件的监测源，请放宽筛选条件。"
    words = "还没有监测源。系统启动监测时会载入 config.toml 中的目录"
    return f"{words}；也可以点“新增监测源”。" if adding else f"{words}。"


def main() -> None:
    """The page."""
    source_drawer.style()
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("source.view", kind="source")
        _page(changing=actor.may("source.edit"))


def _page(*, changing: bool) -> None:
    head = st.container(horizontal=True, vertical_alignment="center")
    head.subheader("监测源", anchor=False, width="stretch")
    adding = exchanging = False
    if changing:
        adding = head.button("新增监测源", icon=":material/add:", type="primary", key="source_new")
        exchanging = head.button("导入 / 导出", icon=":material/swap_vert:", key="source_exchange")
    source_drawer.say_note()
    _live()
    if adding:
        source_drawer.open_new()
    elif exchanging:
        source_exchange.open_dialog()
    elif wanted := st.query_params.get("source", ""):
        source_drawer.open_drawer(wanted)


main()
