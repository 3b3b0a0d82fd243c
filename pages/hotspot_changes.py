"""情况变更登记: what makes a county's past no measure of its present, entered and taken back here."""

from __future__ import annotations

import streamlit as st

from monitors.clock import local, stamp, utc_now
from monitors.errors import MonitorsError
from monitors.hotspots import changes, words
from monitors.hotspots.changes import Draft, KnownChange
from monitors.hotspots.events import DATA_SETS, SEES, DataSet
from monitors.hotspots.scan import SHORTEST_SINCE_CHANGE
from monitors.regions import divisions
from pages import context, people_table
from pages.markup import plain
from pages.people_drawer import complain, rerun_with, say_note
from pages.people_table import Cell, Head, Line

_TABLE, _PAGE, _GOING = "hotspot-changes", "hotspot-changes-page", "hotspot-change-going"
_SET = "hotspot-changes-set"
HEADS = (
    Head("地区", "20%"),
    Head("变更日期", "8.5rem"),
    Head("情况"),
    Head("状态", "8rem"),
    Head("登记", "11rem"),
    Head("", "6.5rem"),
)
ABOUT = (
    "一个县新开通投诉平台、改变统计口径后，起数变多变少并不是聚集。登记后，该地从变更日起重新积累基线，"
    "不满 {days} 天时不参与研判，并在热点地图上注明；登记州（市）的，所辖各县都算。"
)


def line(one: KnownChange, *, may_end: bool) -> Line:
    """One row of the list; ``may_end``: the reader may take it back."""
    year = local(utc_now()).year
    state = "生效中" if one.stands else "已撤销"
    return Line(
        id=str(one.id),
        name=f"{words.names((one.region,))}，{one.reason}，{state}",
        cells=(
            Cell(words.names((one.region,)), "演示数据" if one.demo else "", strong=one.stands),
            Cell(words.day(one.day, year=year)),
            Cell(one.reason, f"撤销理由：{one.ended_why}" if not one.stands else "", hint=one.reason),
            Cell(state, tone="ok" if one.stands else "off"),
            Cell(one.by, stamp(one.at)),
        ),
        tone="" if one.stands else "off",
        action="撤销" if may_end and one.stands else "",
        note=None if may_end and one.stands else "",
    )


def panel() -> None:
    """The tab."""
    say_note()
    who = context.actor()
    registers = who.may("hotspot.register")
    sets = [one for one in DATA_SETS if who.may(SEES[one])]
    data_set = st.segmented_control(
        "数据", sets, default=sets[0], required=True, key=_SET, label_visibility="collapsed"
    )
    days = max(SHORTEST_SINCE_CHANGE, *context.settings().hotspot.windows)
    st.caption(ABOUT.format(days=days))
    with context.look() as connection:
        rows = changes.listed(connection, who, data_set)
    if registers:
        _adding(data_set)
    listing = people_table.cut(
        HEADS,
        [line(one, may_end=registers and who.scope.covers(one.region)) for one in rows],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="没有登记过情况变更。",
    )
    people_table.show(listing, _TABLE, on_open=_asked, on_page=_turned)
    if going := st.session_state.pop(_GOING, ""):
        _confirm(next((one for one in rows if str(one.id) == going), None))


def regions() -> dict[str, str]:
    """Code → name of the prefectures and counties in the reader's part."""
    scope = context.actor().scope
    every = {one.code: divisions.full_name(one.code) for one in (*divisions.prefectures(), *divisions.counties())}
    return {code: every[code] for code in sorted(every) if scope.covers(code)}


def _adding(data_set: DataSet) -> None:
    names, today = regions(), local(utc_now()).date()
    with st.expander("登记情况变更", icon=":material/edit_note:"):
        key = f"hotspot-change-{data_set}-{st.session_state.get('hotspot-change-made', 0)}"
        with st.form(key, border=False):
            left, right = st.columns([2, 1])
            region = left.selectbox(
                "地区 *", list(names), index=0 if len(names) == 1 else None, format_func=names.__getitem__,
                placeholder="选择…", key=f"{key}-region",
            )  # fmt: skip
            day = right.date_input("变更日期 *", today, max_value=today, format="YYYY-MM-DD", key=f"{key}-day")
            reason = st.text_input("情况 *", max_chars=changes.MAX_REASON, key=f"{key}-reason",
                                   placeholder="如：县里新开通网上投诉平台")  # fmt: skip
            sent = st.form_submit_button("登记", type="primary", icon=":material/edit_note:", key=f"{key}-save")
        if not sent:
            return
        try:
            with context.act() as connection:
                changes.add(connection, context.actor(), Draft(region or "", data_set, day, reason), now=utc_now())
        except MonitorsError as error:
            complain(error)
            return
        st.session_state["hotspot-change-made"] = st.session_state.get("hotspot-change-made", 0) + 1
        rerun_with("已登记，一分钟内重新研判")


def _asked() -> None:
    st.session_state[_GOING] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


@st.dialog("撤销情况变更", width="small")
def _confirm(one: KnownChange | None) -> None:
    if one is None:
        st.write("没有这条情况变更。")
        return
    st.write(plain(f"{words.names((one.region,))}：{one.reason}"))
    st.write("撤销后，变更日以前的起数重新计入基线。")
    why = st.text_input("撤销理由 *", max_chars=changes.MAX_REASON, key=f"hotspot-change-why-{one.id}")
    if st.button("确认撤销", type="primary", key="hotspot-change-end"):
        try:
            with context.act() as connection:
                changes.end(connection, context.actor(), one.id, why, now=utc_now())
        except MonitorsError as error:
            complain(error)
            return
        rerun_with("已撤销，一分钟内重新研判")
