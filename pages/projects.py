"""项目与检查: projects and their eight duties, inspections, employers; a click opens a record whole."""

from __future__ import annotations

import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors.access.scope import Scope
from monitors.ledger import party_lists, projects
from monitors.ledger.party_lists import Asked
from monitors.ledger.projects import Screening
from pages import (
    case_notes,
    context,
    employer_drawer,
    inspection_form,
    ledger_table,
    project_drawer,
    project_filters,
    project_form,
    project_tables,
)
from pages.markup import Html, tag

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "ledger_page.css").read_text(encoding="utf-8")
TABS = {"sites": "工程项目", "visits": "检查记录", "firms": "用人单位"}
_DRAWERS = {"sites": "project", "visits": "inspection", "firms": "employer"}  # parameter of the address a row opens
_LISTS: dict[str, Callable[..., tuple[tuple[Any, ...], int]]] = {
    "sites": party_lists.sites,
    "visits": party_lists.visits,
    "firms": party_lists.firms,
}
_PAYLOADS: dict[str, Callable[..., ledger_table.Payload]] = {
    "sites": project_tables.sites,
    "visits": project_tables.visits,
    "firms": project_tables.firms,
}


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=64, show_spinner=False)
def _found(version: tuple[str, ...], scope: Scope, kind: str, asked: Asked, page: int) -> tuple[tuple[Any, ...], int]:  # noqa: ARG001 - the cache key
    size = ledger_table.SIZE
    with context.store().read() as connection:
        return _LISTS[kind](connection, scope, asked, limit=size, offset=(page - 1) * size)


@st.cache_data(max_entries=32, show_spinner=False)
def _screened(version: tuple[str, ...], scope: Scope, region: str) -> Screening:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return projects.screening(connection, scope, region=region)


def _heard(kind: str) -> None:
    told = st.session_state[f"{kind}-list"]
    if number := str(getattr(told, "open", None) or ""):
        st.query_params[_DRAWERS[kind]] = number
    elif page := getattr(told, "page", None):
        asked, _ = st.session_state.get(f"{kind}-at", ({}, 1))
        st.session_state[f"{kind}-at"] = (asked, max(1, int(page)))


def _page(kind: str, asked: Asked) -> int:
    """The page looked at; another question starts at its first."""
    before, page = st.session_state.get(f"{kind}-at", ({}, 1))
    if before != project_filters.params(asked):
        page = 1
    st.session_state[f"{kind}-at"] = (project_filters.params(asked), page)
    return page


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def share(value: Fraction | None) -> str:
    """A share in per cent; an em dash where there is nothing to divide by."""
    return "—" if value is None else f"{float(value):.1%}"


def _sums(found: Screening) -> Html:
    def one(name: str, value: str, more: str) -> Html:
        return tag("span", f"{name} ", tag("b", value), tag("span", f" {more}", class_="muted"))

    return tag(
        "div",
        one("在建项目", f"{found.under_way:,} 个", f"未排查 {found.under_way - found.checked:,} 个"),
        one("排查覆盖率", share(found.coverage), f"已检查 {found.checked:,} ÷ 在建 {found.under_way:,}"),
        one(
            "五项制度落实率", share(found.fulfilment), f"已落实 {found.met:,} ÷ 应落实 {found.met + found.unmet:,} 项次"
        ),
        class_="sums",
    )


def _list(scope: Scope, kind: str) -> None:
    asked = project_filters.ask(scope, kind)
    version, page = context.versions("project", "employer", "inspection", "wage_case"), _page(kind, asked)
    rows, total = _found(version, scope, kind, asked, page)
    if page > 1 and not rows:  # the list has become shorter meanwhile
        st.session_state[f"{kind}-at"] = (project_filters.params(asked), page := 1)
        rows, total = _found(version, scope, kind, asked, page)
    if kind == "sites":
        st.html(_sums(_screened(version, scope, asked.region)))
        st.caption(
            "五项制度依次为专用账户、实名制、总包代发、工资保证金、维权公示，源头三项为审批管理、工程款拨付、资金监管；"
            "✓ 已落实　✗ 未落实　— 不适用　○ 未检查。"
        )
    data = _PAYLOADS[kind](rows, total, page)
    ledger_table.show(data, heard=lambda: _heard(kind), key=f"{kind}-list")


def _turned() -> None:
    title = st.session_state["projects-tab"]
    st.query_params["tab"] = next(name for name, words in TABS.items() if words == title)
    project_filters.forget()


def _tabs(scope: Scope) -> None:
    title, buttons = st.columns([1, 2], vertical_alignment="center")
    title.subheader("项目与检查", anchor=False)
    if context.may("ledger.edit"):
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("登记检查", type="primary", icon=":material/fact_check:", key="inspection-new"):
                inspection_form.ask()
            if st.button("登记项目", icon=":material/add:", key="project-new"):
                project_form.ask()
    first = TABS.get(st.query_params.get("tab", ""), TABS["sites"])
    drawn = st.tabs(list(TABS.values()), default=first, key="projects-tab", on_change=_turned)
    for kind, container in zip(TABS, drawn, strict=True):
        if container.open:
            with container, context.explained():
                _list(scope, kind)


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    case_notes.say()
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.view", kind="page", target="projects")
        try:
            _tabs(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("projects and inspections could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")
            return
        if project_form.show_asked() or inspection_form.show_asked():
            return
        if not (project_drawer.show_chosen() or inspection_form.show_chosen() or employer_drawer.show_chosen()):
            case_notes.unsee()


main()
