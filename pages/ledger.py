"""欠薪台账: the cases of one's own division, filtered, sorted, summed; a click opens a case whole."""

from __future__ import annotations

import logging
from datetime import date
from functools import partial
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from monitors.ledger import register, register_export
from monitors.ledger.query import Query
from monitors.ledger.register import Page, Sums
from pages import case, case_assign, case_new, case_notes, context, ledger_filters, ledger_table, ledger_views
from pages.markup import Html, tag
from pages.wording import money, persons

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "ledger_page.css").read_text(encoding="utf-8")
KEY = "ledger"
_AT = "ledger-at"  # in the session state: (the question, the page of it that is looked at)
FORMAT_NAMES: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=64, show_spinner=False)
def _found(version: tuple[str, ...], scope: Scope, query: Query, today: date, page: int) -> Page:  # noqa: ARG001 - the cache key
    rules, size = context.settings().ledger, ledger_table.SIZE
    with context.store().read() as connection:
        return register.page(
            connection, scope, query, today=today, settings=rules, limit=size, offset=(page - 1) * size
        )


def _heard() -> None:
    """The list reports: a row was opened, the page turned, a head pressed, ticked rows are to be assigned."""
    told = st.session_state[ledger_table.KEY]
    if number := str(getattr(told, "open", None) or ""):
        st.query_params["case"] = number
    elif page := getattr(told, "page", None):
        asked, _ = st.session_state.get(_AT, ({}, 1))
        st.session_state[_AT] = (asked, max(1, int(page)))
    elif order := getattr(told, "sort", None):
        ledger_filters.sort(KEY, str(order["by"]), descending=bool(order["descending"]))
    elif ids := getattr(told, "assign", None):
        case_assign.ask([int(one) for one in ids if str(one).isdigit()])


def _page(query: Query) -> int:
    """The page looked at; another question starts at its first."""
    asked, page = st.session_state.get(_AT, ({}, 1))
    if asked != query.params():
        page = 1
    st.session_state[_AT] = (query.params(), page)
    return page


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sums(sums: Sums) -> Html:
    def one(name: str, value: str, more: str = "", tone: str = "") -> Html:
        return tag(
            "span", f"{name} ", tag("b", value), tag("span", f" {more}", class_="muted") if more else "", class_=tone
        )

    return tag(
        "div",
        one("案件", f"{sums.cases:,} 件"),
        one("未结", f"{sums.open:,} 件"),
        one("逾期", f"{sums.overdue:,} 件", tone="late" if sums.overdue else ""),
        one("诉求", money(sums.claimed_fen), persons(sums.claimed_workers)),
        one("查实", money(sums.verified_fen), f"{sums.verified:,} 件 {persons(sums.verified_workers)}"),
        one("已支付", money(sums.paid_fen), persons(sums.paid_workers)),
        class_="sums",
    )


def _head(query: Query, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        if context.may("ledger.edit") and st.button("登记案件", type="primary", icon=":material/add:", key="case-new"):
            case_new.ask()
        ledger_views.popover(query, KEY)
        if context.may("ledger.export"):
            _export(query, total)


def _export(query: Query, total: int) -> None:
    with st.popover("导出", icon=":material/download:", disabled=not total, key="ledger-export"):
        st.caption("导出当前条件下的全部案件，含截至时间与筛选条件；每次导出留痕。")
        for fmt, name in FORMAT_NAMES.items():
            st.download_button(
                name,
                partial(_file, context.held(), query, fmt),
                file_name=register_export.file_name(fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"ledger-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, query: Query, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, for whoever is signed in then; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return register_export.made(context.store(), actor, query, fmt, settings=context.settings(), now=utc_now())


def _list(scope: Scope) -> None:
    title, buttons = st.columns([1, 2], vertical_alignment="center")
    title.subheader("欠薪台账", anchor=False)
    query = ledger_filters.ask(scope, KEY)
    today, page = local(utc_now()).date(), _page(query)
    version = context.versions("wage_case", "employer", "project")
    found = _found(version, scope, query, today, page)
    if page > 1 and not found.rows:  # the list has become shorter meanwhile
        st.session_state[_AT] = (query.params(), page := 1)
        found = _found(version, scope, query, today, page)
    with buttons:
        _head(query, found.sums.cases)
    st.html(_sums(found.sums))
    picking = context.may("ledger.edit")
    data = ledger_table.payload(found, query, today=today, page=page, picking=picking)
    ledger_table.show(data, heard=_heard)


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    case_notes.say()
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.view", kind="page", target="ledger")
        try:
            _list(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("the ledger could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")
            return
        if not (case_new.show_asked() or case_assign.show_asked()):
            case.show_chosen()


main()
