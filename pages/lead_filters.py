"""The filter bar of 线索与隐患: one question for each tab, held in the address, so that it can be passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from monitors.access.scope import PROVINCE, Scope
from monitors.ledger.model import Channel, ClueState, Conclusion, HazardState, VisitKind
from monitors.regions import divisions
from pages import ledger_filters

CLUES, HAZARDS, RECEPTIONS, RECHECKS = TABS = ("线索", "隐患", "接访", "回头看")
LATE, STALE, UNLINKED = "逾期", "久未跟进", "未关联案件"
_MANY: dict[str, dict[str, tuple[str, Sequence[str]]]] = {
    CLUES: {
        "states": ("状态", tuple(map(str, ClueState))),
        "channels": ("线索渠道", tuple(map(str, Channel))),
        "conclusions": ("结论", tuple(map(str, Conclusion))),
    },
    HAZARDS: {"states": ("状态", tuple(map(str, HazardState)))},
    RECEPTIONS: {"kinds": ("来访类型", tuple(map(str, VisitKind)))},
    RECHECKS: {},
}
_ONLY = {CLUES: (LATE,), HAZARDS: (LATE, STALE), RECEPTIONS: (UNLINKED,), RECHECKS: ()}
_SEARCHED = {CLUES: "编号、来源编号、单位、项目、内容", HAZARDS: "编号、单位、项目、隐患情况"}
_HINT = "不限（提示）"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the bar asks; empty means "any". ``only``: 逾期, 久未跟进 or 未关联案件."""

    tab: str = CLUES
    text: str = ""
    region: str = ""
    states: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    conclusions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    only: str = ""

    def params(self) -> dict[str, str]:
        """As parameters of an address; what says nothing is left out."""
        found: dict[str, str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value != one.default:
                found[one.name] = ",".join(value) if isinstance(value, tuple) else value
        return found

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Asked:
        """From an address; what cannot be understood is dropped, never an error."""
        tab = params.get("tab", "")
        tab = tab if tab in TABS else CLUES
        values: dict[str, Any] = {
            name: tuple(word for word in params.get(name, "").split(",") if word in options)
            for name, (_, options) in _MANY[tab].items()
        }
        region, only = params.get("region", ""), params.get("only", "")
        values["region"] = region if divisions.by_code(region) is not None and region != PROVINCE else ""
        values["only"] = only if only in _ONLY[tab] else ""
        values["text"] = params.get("text", "").strip()[:60] if tab in _SEARCHED else ""
        return cls(tab=tab, **values)


NAMES = tuple(Asked.__slots__)


def ask(scope: Scope, key: str) -> Asked:
    """Draw the choice of the tab and its bar; what it asks."""
    _seed(scope, key)
    tab = st.segmented_control(
        "类别", TABS, key=f"{key}-tab", label_visibility="collapsed", on_change=_turned, args=(key,)
    )
    tab = tab or CLUES
    name, many, only = f"{key}-{tab}", _MANY[tab], _ONLY[tab]
    places = 2 if scope.everything else 1 if scope.region.endswith("00") else 0
    widths = [2.4] * (tab in _SEARCHED) + [1.2] * (places + len(many) + bool(only))
    spare = 6 - sum(widths)  # one widget alone would be as wide as the page
    columns = iter(st.columns([*widths, spare] if spare > 0 else widths))
    if tab in _SEARCHED:
        next(columns).text_input(
            "关键词", key=f"{name}-text", placeholder=_SEARCHED[tab], label_visibility="collapsed",
            icon=":material/search:", max_chars=60,
        )  # fmt: skip
    ledger_filters.places(scope, name, [next(columns) for _ in range(places)])
    for one, (label, options) in many.items():
        next(columns).multiselect(
            label, options, key=f"{name}-{one}", placeholder=label, label_visibility="collapsed", select_all=False
        )
    if only:
        next(columns).selectbox(
            "提示",
            ("", *only),
            key=f"{name}-only",
            format_func=lambda word: word or _HINT,
            label_visibility="collapsed",
        )
    asked = _asked(name, tab)
    _tell(asked, key)
    return asked


def _turned(key: str) -> None:
    """Another tab asks another question; the place stays."""
    tab = st.session_state.get(f"{key}-tab") or CLUES
    _write(Asked(tab, region=st.query_params.get("region", "")))
    st.session_state.pop(f"{key}-told", None)


def _seed(scope: Scope, key: str) -> None:
    """The widgets follow the address where somebody came with one, or it changed behind their backs."""
    address = _address()
    if st.session_state.get(f"{key}-told") == address and f"{key}-tab" in st.session_state:
        return
    asked = Asked.read(address)
    held, name = st.session_state, f"{key}-{asked.tab}"
    held[f"{key}-tab"] = asked.tab
    for one in _MANY[asked.tab]:
        held[f"{name}-{one}"] = list(getattr(asked, one))
    held[f"{name}-text"], held[f"{name}-only"] = asked.text, asked.only
    own = asked.region if asked.region and scope.covers(asked.region) else ""
    if scope.everything:
        held[f"{name}-pref"] = divisions.prefecture_of(own) if own else ""
    held[f"{name}-county"] = own if own and not own.endswith("00") else ""


def _asked(name: str, tab: str) -> Asked:
    held = st.session_state
    values: dict[str, Any] = {one: tuple(held.get(f"{name}-{one}") or ()) for one in _MANY[tab]}
    region = held.get(f"{name}-county") or held.get(f"{name}-pref") or ""
    text = (held.get(f"{name}-text") or "").strip() if tab in _SEARCHED else ""
    return Asked(tab, text, region, only=held.get(f"{name}-only") or "", **values)


def _address() -> dict[str, str]:
    return {name: value for name in NAMES if (value := st.query_params.get(name, ""))}


def _tell(asked: Asked, key: str) -> None:
    if asked.params() != _address():
        _write(asked)
    st.session_state[f"{key}-told"] = asked.params()


def _write(asked: Asked) -> None:
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in NAMES}
    st.query_params.from_dict(others | asked.params())
