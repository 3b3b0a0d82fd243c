"""The filter bars of 项目与检查: each list asks what it knows, and the address holds the question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from monitors.access.scope import PROVINCE, Scope
from monitors.ledger.model import EmployerClass, Industry, ProjectStatus
from monitors.ledger.party_lists import SITE_FLAGS, Asked
from monitors.regions import divisions
from pages import ledger_filters

_MANY: dict[str, tuple[str, Sequence[str]]] = {
    "industries": ("行业", tuple(map(str, Industry))),
    "statuses": ("状态", tuple(map(str, ProjectStatus))),
    "flags": ("情形", SITE_FLAGS),
    "classes": ("企业类别", tuple(map(str, EmployerClass))),
}
_DAYS = {"since": "检查日期从", "until": "检查日期到"}
_NAMES = ("text", "region", *_MANY, *_DAYS, "project_id")
_TEXT = {
    "sites": ("项目、建设单位、总包单位", ("industries", "statuses", "flags")),
    "visits": ("用人单位、项目、检查单位", ()),
    "firms": ("单位名称、信用代码、法定代表人", ("classes",)),
}


def ask(scope: Scope, key: str) -> Asked:
    """Draw the bar of the list ``key`` (``sites``, ``visits`` or ``firms``) and give the question it asks."""
    _seed(scope, key)
    hint, several = _TEXT[key]
    days = _DAYS if key == "visits" else {}
    places = 2 if scope.everything else 1 if scope.region.endswith("00") else 0
    columns = st.columns([2.2, *[1.25] * places, *[1.2] * (len(several) + bool(days))])
    columns[0].text_input(
        "关键词", key=f"{key}-text", placeholder=hint, label_visibility="collapsed", icon=":material/search:",
        max_chars=60,
    )  # fmt: skip
    ledger_filters.places(scope, key, columns[1 : 1 + places])
    rest = iter(columns[1 + places :])
    for name in several:
        label, options = _MANY[name]
        next(rest).multiselect(
            label, options, key=f"{key}-{name}", placeholder=label, label_visibility="collapsed", select_all=False
        )
    if days:
        with next(rest).popover(_days_words(key), width="stretch", icon=":material/date_range:"):
            for name, label in days.items():
                st.date_input(label, value=None, key=f"{key}-{name}", format="YYYY-MM-DD")
    asked = _asked(key)
    if asked.project_id is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("另有限定：指定工程项目")
            st.button("取消限定", key=f"{key}-free", type="tertiary", on_click=_free, args=(key,))
    _tell(asked, key)
    return asked


def _days_words(key: str) -> str:
    first, last = (st.session_state.get(f"{key}-{name}") for name in _DAYS)
    return f"{first or '…'} 至 {last or '…'}" if first or last else "检查日期"


def forget() -> None:
    """Another list is looked at: what the last one was asked is not asked of it."""
    for name in _NAMES:
        st.query_params.pop(name, None)


def _free(key: str) -> None:
    st.query_params.pop("project_id", None)
    st.session_state.pop(f"{key}-told", None)


def params(asked: Asked) -> dict[str, str]:
    """The question as parameters of an address; what says nothing is left out."""
    told = {name: ",".join(getattr(asked, name)) for name in _MANY} | {"text": asked.text, "region": asked.region}
    told |= {name: day.isoformat() for name in _DAYS if (day := getattr(asked, name))}
    told["project_id"] = str(asked.project_id or "")
    return {name: value for name, value in told.items() if value}


def _address() -> dict[str, str]:
    return {name: value for name in _NAMES if (value := st.query_params.get(name, ""))}


def _seed(scope: Scope, key: str) -> None:
    address, held = _address(), st.session_state
    if held.get(f"{key}-told") == address and f"{key}-text" in held:
        return
    held[f"{key}-text"] = address.get("text", "")[:60]
    for name, (_, options) in _MANY.items():
        held[f"{key}-{name}"] = [one for one in address.get(name, "").split(",") if one in options]
    for name in _DAYS:
        held[f"{key}-{name}"] = _day(address.get(name, ""))
    region = address.get("region", "")
    known = divisions.by_code(region) is not None and region != PROVINCE and scope.covers(region)
    own = region if known else ""
    if scope.everything:
        held[f"{key}-pref"] = divisions.prefecture_of(own) if own else ""
    held[f"{key}-county"] = own if own and not own.endswith("00") else ""
    held[f"{key}-project"] = whole(address.get("project_id", ""))


def _asked(key: str) -> Asked:
    held = st.session_state
    hint = _TEXT[key][1]
    values: dict[str, Any] = {name: tuple(held.get(f"{key}-{name}") or ()) for name in hint}
    if key == "visits":
        values |= {name: held.get(f"{key}-{name}") for name in _DAYS} | {"project_id": held.get(f"{key}-project")}
    region = held.get(f"{key}-county") or held.get(f"{key}-pref") or ""
    return Asked(text=(held.get(f"{key}-text") or "").strip(), region=region, **values)


def _tell(asked: Asked, key: str) -> None:
    told = params(asked)
    if told != _address():
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in _NAMES}
        st.query_params.from_dict(others | told)
    st.session_state[f"{key}-told"] = told


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def whole(text: str) -> int | None:
    """A record's number out of an address; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
