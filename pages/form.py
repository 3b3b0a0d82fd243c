"""附件2报表: the official form of any division and cutoff, counted from the ledger, checked, signed and submitted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from pages import context, form_ask, form_desk, form_figures, form_history, form_records, form_table, form_units
from pages.form_ask import Asked
from pages.form_records import Sheet

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "form_page.css").read_text(encoding="utf-8")
TABS = {"own": "报表", "sum": "下级汇总", "sent": "已报送"}


def _own(scope: Scope, asked: Asked, today: date) -> None:
    cells = form_figures.cells(scope, asked)
    draft = form_desk.drafted(scope, asked, "本级", cells)
    paper = draft.paper({}, ())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"按台账累计 {cells.start} 至 {cells.cutoff}，未报送；点击表内数字查看明细。", width="stretch")
        form_desk.files(paper)
    form_table.show(paper, "form_own")
    form_desk.rounding(cells)
    form_desk.draw(draft, today)
    form_records.show_chosen(scope, Sheet(asked, cells))


def _sent(scope: Scope, asked: Asked, today: date) -> None:  # noqa: ARG001 - one of three alike
    form_history.draw(scope, asked)


_DRAW: dict[str, Callable[[Scope, Asked, date], None]] = {"own": _own, "sum": form_units.draw, "sent": _sent}


def _turned() -> None:
    title = st.session_state["form-tab"]
    st.query_params["tab"] = next(name for name, words in TABS.items() if words == title)
    st.query_params.pop("cell", None)


def _page(scope: Scope, today: date) -> None:
    if number := st.query_params.get("snapshot", ""):
        form_history.draw_one(scope, number)
        return
    asked = form_ask.read(scope, today)
    form_ask.draw(scope, asked, today)
    if due := form_ask.due_words(asked, today):
        st.caption(due)
    names = [name for name in TABS if name != "sum" or asked.region.endswith("00")]
    chosen = st.query_params.get("tab", "")
    first = TABS[chosen if chosen in names else names[0]]
    drawn = st.tabs([TABS[name] for name in names], default=first, key="form-tab", on_change=_turned)
    for name, container in zip(names, drawn, strict=True):
        if container.open:
            with container, context.explained():
                _DRAW[name](scope, asked, today)


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    st.subheader("附件2报表", anchor=False)
    form_desk.say()
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.view", kind="page", target="form")
        try:
            _page(actor.scope, local(utc_now()).date())
        except SQLAlchemyError:
            _LOG.exception("the form could not be counted")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


main()
