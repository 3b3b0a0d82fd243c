"""警情处置: the queue of alerts for a night's shift, by mouse or keyboard; a press opens one at the right."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import utc_now
from monitors.desk import queue
from monitors.desk.queue import Page, Query
from pages import alert, alert_bulk, alert_filters, alert_list, case_notes, context, screen, story

_LOG = logging.getLogger("monitors.pages")
_FOLDER = Path(__file__).resolve().parent / "live"
_CSS = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in ("ledger_page.css", "queue_page.css"))
_TABLES = ("alert", "story", "response", "alert_link")
_AT = "alerts-at"  # in the session state: (the question, the page of it that is looked at)
_DRAWN, LIST = "alerts-drawn", "alerts-list"


# ── query: keyed by the data versions, who asks (我的), and the minute (limits run out by themselves) ─────────────────
@st.cache_data(max_entries=64, show_spinner=False)
def _found(version: tuple[str, ...], scope: Scope, who: Actor, query: Query, minute: datetime, page: int) -> Page:  # noqa: ARG001, PLR0917 - the cache key
    size = alert_list.SIZE
    with context.store().read() as connection:
        return queue.page(connection, who, query, now=minute, limit=size, offset=(page - 1) * size)


def _state() -> tuple[tuple[str, ...], datetime]:
    """What the list was drawn for: when it differs, something changed or a minute has passed."""
    return context.versions(*_TABLES), utc_now().replace(second=0, microsecond=0)


def _page(query: Query) -> int:
    """The page looked at; another question starts at its first."""
    asked, page = st.session_state.get(_AT, ({}, 1))
    if asked != query.params():
        page = 1
    st.session_state[_AT] = (query.params(), page)
    return int(page)


# ── hear ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _heard() -> None:
    """The list reports: a row was opened, the page turned, another tab chosen, something is to be done with rows."""
    told = st.session_state[alert_list.KEY]
    if number := str(getattr(told, "open", None) or ""):
        st.query_params["alert"] = number  # by way of the address: the drawer belongs to the page
        st.rerun()
    elif page := getattr(told, "page", None):
        asked, _ = st.session_state.get(_AT, ({}, 1))
        st.session_state[_AT] = (asked, max(1, int(page)))
    elif tab := getattr(told, "choose", None):
        alert_filters.choose(str(tab))
    elif act := getattr(told, "act", None):
        ids = [int(one) for one in act["ids"] if str(one).isascii() and str(one).isdigit()]
        if act["name"] == "sign":
            alert_bulk.sign(ids)
        else:
            alert_bulk.ask(str(act["name"]), ids)
            st.rerun()


def _changed() -> None:
    st.rerun(LIST)


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.fragment(run_every=context.settings().duty.refresh_seconds)
def _beat() -> None:
    """Every few seconds: has anything changed? Then the list alone is drawn again; an open drawer is left in peace."""
    with context.explained():
        context.stay()
        state = _state()
        changed = screen.opaque(state) if state != st.session_state.get(_DRAWN) else ""
        refresh = context.settings().duty.refresh_seconds
        data = alert_list.beat_payload(refresh=refresh, changed=changed, now=utc_now())
        alert_list.show_beat(data, on_changed=_changed)


@st.fragment(key=LIST)
def _list() -> None:
    """Tabs and rows; a fragment, so that a tab or a page turned asks for nothing else."""
    st.session_state[_DRAWN] = _state()
    with context.explained():
        try:
            _draw_list()
        except SQLAlchemyError:
            _LOG.exception("the queue of alerts could not be read")
            st.error("数据库读取失败，本页会自动重试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


def _draw_list() -> None:
    who = context.reader()
    query = alert_filters.query_now()
    page = _page(query)
    version, minute = st.session_state[_DRAWN]
    found = _found(version, who.scope, who, query, minute, page)
    if page > 1 and not found.rows:  # the list has become shorter meanwhile
        st.session_state[_AT] = (query.params(), page := 1)
        found = _found(version, who.scope, who, query, minute, page)
    alert_bulk.say()
    alert_list.show(alert_list.payload(found, query, page=page, offered=alert_list.acts(who)), heard=_heard)


def _export(query: Query) -> None:
    with st.popover("导出", icon=":material/download:", key="alerts-export"):
        st.caption("导出当前范围和条件下的全部警情，含核查、查实与各项时限；每次导出留痕。")
        alert_bulk.downloads("alerts-export", lambda: query)


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    case_notes.say()
    with context.explained():
        with context.look():
            who = context.actor()
            who.require("story.view", kind="page", target="alerts")
        title, beat, export = st.columns([1.3, 3, 0.6], vertical_alignment="center")
        title.subheader("警情处置", anchor=False)
        with beat:
            _beat()
        alert_filters.ask(who.scope)
        if who.may("story.export"):
            with export, st.container(horizontal=True, horizontal_alignment="right"):
                _export(alert_filters.query_now())
        _list()
        if alert_bulk.show_asked():
            return
        if st.query_params.get("story"):
            story.show_chosen()
        else:
            alert.show_chosen()


main()
