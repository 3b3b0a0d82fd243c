"""常用视图 of the ledger page: keep the present question under a name, ask it again in one click."""

from __future__ import annotations

import streamlit as st

from monitors.clock import utc_now
from monitors.ledger import views
from monitors.ledger.query import Query
from pages import context, ledger_filters

PAGE = "ledger"


def popover(query: Query, key: str) -> None:
    """The button with the list of this person's views."""
    with st.popover("常用视图", icon=":material/bookmark:", key="ledger-views"):
        with context.look() as connection:
            kept = views.listed(connection, context.actor(), PAGE)
        for view in kept:
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.button(
                view.name,
                key=f"view-{view.id}",
                width="stretch",
                help=Query.read(view.query).words(),
                on_click=ledger_filters.load,
                args=(Query.read(view.query), key),
            )
            right.button("删除", key=f"view-remove-{view.id}", type="tertiary", on_click=_remove, args=(view.id,))
        if not kept:
            st.caption("还没有保存的视图。设好筛选条件后，在下面取个名称保存，下次一点即用。")
        with st.form("view-save", border=False, clear_on_submit=True):
            name = st.text_input(
                "把当前条件存为", max_chars=views.MAX_NAME, key="view-name", placeholder="例如：本周到期"
            )
            sent = st.form_submit_button("保存视图", icon=":material/bookmark_add:", width="stretch")
        if sent:
            with context.explained():
                with context.act() as connection:
                    views.save(connection, context.actor(), PAGE, name, query.params(), now=utc_now())
                st.rerun()


def _remove(view_id: int) -> None:
    with context.explained(), context.act() as connection:
        views.remove(connection, context.actor(), view_id)
