"""The filter bar of the alert desk. The address holds the whole question, so that it can be passed on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from monitors.access.scope import PROVINCE, Scope
from monitors.desk.queue import LINKED, ORDERS, Query
from monitors.desk.queue_clocks import CLOCKS
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES, LEVEL_NAMES
from monitors.regions import divisions
from pages import ledger_filters

KEY = "alerts"
_NAMES = tuple(name for name in Query.__slots__ if name != "ids")
_WIDGETS = ("text", "levels", "states", "since", "until", "linked", "clock", "order")
_TOLD = f"{KEY}-told"


def ask(scope: Scope) -> Query:
    """Draw the bar and give the question it asks, with the tab of the address."""
    _seed(scope)
    columns = st.columns(_widths(scope))
    columns[0].text_input(
        "关键词",
        key=f"{KEY}-text",
        placeholder="编号、标题、单位、核查人",
        label_visibility="collapsed",
        icon=":material/search:",
        max_chars=60,
    )
    ledger_filters.places(scope, KEY, columns[1:-4])
    _several(columns[-4], "级别", "levels", ALERT_LEVELS, LEVEL_NAMES)
    _several(columns[-3], "状态", "states", ALERT_STATES, {})
    columns[-2].selectbox("排序", ORDERS, key=f"{KEY}-order", label_visibility="collapsed")
    with columns[-1].popover("更多条件", width="stretch", icon=":material/tune:"):
        _more()
    query = _asked()
    _tell(query)
    return query


def choose(tab: str) -> None:
    """For a callback of the list: another tab from here on."""
    _write(replace(Query.read(st.query_params.to_dict()), tab=Query.read({"tab": tab}).tab))


def query_now() -> Query:
    """The question as the address holds it: for the list, which is drawn again without the bar."""
    return Query.read(st.query_params.to_dict())


def _widths(scope: Scope) -> list[float]:
    places = 2 if scope.everything else 1 if scope.region.endswith("00") else 0
    return [2.2, *[1.15] * places, 1.2, 1.2, 1.15, 1.1]


def _several(where: Any, label: str, name: str, options: tuple[Any, ...], names: dict[str, str]) -> None:
    where.multiselect(
        label,
        list(map(str, options)),
        key=f"{KEY}-{name}",
        placeholder=label,
        label_visibility="collapsed",
        select_all=False,
        format_func=lambda one: names.get(one, one),
    )


def _more() -> None:
    st.selectbox("哪项时限超时", ["", *CLOCKS], key=f"{KEY}-clock", format_func=lambda one: one or "不限")
    st.selectbox("台账关联", ["", *LINKED], key=f"{KEY}-linked", format_func=lambda one: one or "不限")
    for name, label in (("since", "发出日期从"), ("until", "发出日期到")):
        st.date_input(label, value=None, key=f"{KEY}-{name}", format="YYYY-MM-DD")
    st.button(
        "清空全部条件", key=f"{KEY}-clear", on_click=_write, args=(Query(),), width="stretch",
        icon=":material/filter_alt_off:",
    )  # fmt: skip


def _seed(scope: Scope) -> None:
    """The widgets follow the address where somebody came with one, or it changed behind their backs."""
    address = _address()
    if st.session_state.get(_TOLD) == address and f"{KEY}-text" in st.session_state:
        return
    query = Query.read(address)
    for name in _WIDGETS:
        value = getattr(query, name)
        st.session_state[f"{KEY}-{name}"] = list(value) if isinstance(value, tuple) else value
    own = query.region if query.region not in ("", PROVINCE) and scope.covers(query.region) else ""
    if scope.everything:
        st.session_state[f"{KEY}-pref"] = divisions.prefecture_of(own) if own else ""
    st.session_state[f"{KEY}-county"] = own if own and not own.endswith("00") else ""


def _asked() -> Query:
    held = st.session_state
    return Query(
        tab=query_now().tab,
        text=(held.get(f"{KEY}-text") or "").strip(),
        region=held.get(f"{KEY}-county") or held.get(f"{KEY}-pref") or "",
        levels=tuple(held.get(f"{KEY}-levels") or ()),
        states=tuple(held.get(f"{KEY}-states") or ()),
        since=held.get(f"{KEY}-since"),
        until=held.get(f"{KEY}-until"),
        linked=held.get(f"{KEY}-linked") or "",
        clock=held.get(f"{KEY}-clock") or "",
        order=held.get(f"{KEY}-order") or ORDERS[0],
    )


def _tell(query: Query) -> None:
    told = query.params()
    if told != _address():
        _put(told)
    st.session_state[_TOLD] = told


def _write(query: Query) -> None:
    _put(query.params())
    st.session_state.pop(_TOLD, None)  # the widgets follow the address


def _put(told: dict[str, str]) -> None:
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in _NAMES}
    st.query_params.from_dict(others | told)


def _address() -> dict[str, str]:
    return {name: value for name in _NAMES if (value := st.query_params.get(name, ""))}
