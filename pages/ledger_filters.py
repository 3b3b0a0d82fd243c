"""The filter bar of the ledger's lists and statistics. The address holds the whole question, so it can be passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from monitors.access.scope import PROVINCE, Scope
from monitors.ledger.model import TAGS, CaseState, Channel, EmployerClass, Industry
from monitors.ledger.query import BANDS, FLAGS, KINDS, Query
from monitors.regions import divisions

_NAMES = tuple(Query.__slots__)
_MANY: dict[str, tuple[str, Sequence[str]]] = {
    "states": ("状态", tuple(map(str, CaseState))),
    "bands": ("时限", BANDS),
    "classes": ("企业类别", tuple(map(str, EmployerClass))),
    "industries": ("行业", tuple(map(str, Industry))),
    "kinds": ("项目性质", KINDS),
    "channels": ("线索渠道", tuple(map(str, Channel))),
    "flags": ("标记", FLAGS),
    "tags": ("标签", TAGS),
}
_DAYS = {"accepted_from": "受理日期从", "accepted_to": "受理日期到"}
# Asked by no widget: a link from elsewhere narrows by them, the heads of the list sort by them.
_LIMITS = ("exact", "employer_id", "project_id", "month", "ids")
_REST = (*_LIMITS, "sort", "descending")


def ask(scope: Scope, key: str) -> Query:
    """Draw the bar and give the question it asks. ``key``: whose widgets these are, one word for each page."""
    _seed(scope, key)
    first = st.columns(_widths(scope))
    first[0].text_input(
        "关键词",
        key=f"{key}-text",
        placeholder="编号、单位、项目、信用代码、责任人、案情",
        label_visibility="collapsed",
        icon=":material/search:",
        max_chars=60,
    )
    places(scope, key, first[1:-3])
    _several(first[-3], key, "states")
    _several(first[-2], key, "bands")
    _several(first[-1], key, "flags")
    second = st.columns([1.3, 1, 1, 1, 0.9])
    for column, name in zip(second, ("classes", "industries", "kinds", "channels"), strict=False):
        _several(column, key, name)
    with second[-1].popover("更多条件", width="stretch", icon=":material/tune:"):
        _more(key)
    query = _asked(scope, key)
    _limited(query, key)
    _tell(query, key)
    return query


def sort(key: str, by: str, *, descending: bool) -> None:
    """For a callback of the list: order by ``by`` from here on."""
    _write(key, replace(Query.read(st.query_params.to_dict()), sort=by, descending=descending))


def load(query: Query, key: str) -> None:
    """For a callback: ask this instead of what stands in the bar."""
    _write(key, query)


def _write(key: str, query: Query) -> None:
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in _NAMES}
    st.query_params.from_dict(others | query.params())
    st.session_state.pop(f"{key}-told", None)  # the widgets follow the address


def _widths(scope: Scope) -> list[float]:
    places = 2 if scope.everything else 1 if scope.region.endswith("00") else 0
    return [2.6, *[1.2] * places, 1.2, 1.1, 1.1]


def _several(where: Any, key: str, name: str) -> None:
    label, options = _MANY[name]
    where.multiselect(
        label, options, key=f"{key}-{name}", placeholder=label, label_visibility="collapsed", select_all=False
    )


def places(scope: Scope, key: str, columns: Sequence[Any]) -> None:
    """A choice of places only among one's own: a prefecture's people choose a county, a county's nothing.

    The answers stand in the session state under ``{key}-pref`` and ``{key}-county``.
    """
    if not columns:
        return
    chosen = scope.region
    if scope.everything:
        names = {"": "全部州市"} | {d.code: d.name for d in divisions.prefectures()}
        chosen = columns[0].selectbox(
            "州市",
            list(names),
            key=f"{key}-pref",
            format_func=names.__getitem__,
            label_visibility="collapsed",
            on_change=_no_county,
            args=(key,),
        )
    names = {"": "全部县市区"} | {d.code: d.name for d in divisions.counties() if chosen and d.parent == chosen}
    columns[-1].selectbox(
        "县（市、区）", list(names), key=f"{key}-county", format_func=names.__getitem__, label_visibility="collapsed"
    )


def _no_county(key: str) -> None:
    st.session_state[f"{key}-county"] = ""  # the counties of another prefecture are other counties


def _more(key: str) -> None:
    st.multiselect("标签", TAGS, key=f"{key}-tags", placeholder="不限", select_all=False)
    st.text_input("责任人", key=f"{key}-person", max_chars=60)
    for name, label in _DAYS.items():
        st.date_input(label, value=None, key=f"{key}-{name}", format="YYYY-MM-DD")
    st.button(
        "清空全部条件", on_click=load, args=(Query(), key), width="stretch", icon=":material/filter_alt_off:",
        key=f"{key}-clear",
    )  # fmt: skip


def _limited(query: Query, key: str) -> None:
    """A link brought a limit that no widget shows: say so, and let it go in one click."""
    limits = Query(**{name: getattr(query, name) for name in _LIMITS})
    if limits == Query():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"另有限定：{limits.words()}")
        free = replace(query, **{name: getattr(Query(), name) for name in _LIMITS})
        st.button("取消限定", key=f"{key}-free", type="tertiary", on_click=load, args=(free, key))


def _address() -> dict[str, str]:
    return {name: value for name in _NAMES if (value := st.query_params.get(name, ""))}


def _seed(scope: Scope, key: str) -> None:
    """The widgets follow the address where somebody came with one, or it changed behind their backs."""
    address = _address()
    if st.session_state.get(f"{key}-told") == address and f"{key}-text" in st.session_state:
        return
    query = Query.read(address)
    for name in ("text", "person", *_DAYS):
        st.session_state[f"{key}-{name}"] = getattr(query, name)
    for name in _MANY:
        st.session_state[f"{key}-{name}"] = list(getattr(query, name))
    own = query.region if query.region not in ("", PROVINCE) and scope.covers(query.region) else ""
    if scope.everything:
        st.session_state[f"{key}-pref"] = divisions.prefecture_of(own) if own else ""
    st.session_state[f"{key}-county"] = own if own and not own.endswith("00") else ""
    st.session_state[f"{key}-rest"] = {name: getattr(query, name) for name in _REST}


def _asked(scope: Scope, key: str) -> Query:
    held = st.session_state
    rest = held.get(f"{key}-rest", {})
    region = held.get(f"{key}-county") or held.get(f"{key}-pref") or ""
    values: dict[str, Any] = {name: tuple(held.get(f"{key}-{name}") or ()) for name in _MANY}
    values |= {name: (held.get(f"{key}-{name}") or "").strip() for name in ("text", "person")}
    values |= {name: held.get(f"{key}-{name}") for name in _DAYS}
    exact = bool(rest.get("exact")) and (region or scope.region).endswith("00")
    return Query(**(rest | values | {"region": region or (scope.region if exact else ""), "exact": exact}))


def _tell(query: Query, key: str) -> None:
    told = query.params()
    if told != _address():
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in _NAMES}
        st.query_params.from_dict(others | told)
    st.session_state[f"{key}-told"] = told
