"""The drawer of one report that is in no story (``?report=12``): why it is held irrelevant, and saying otherwise."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from monitors.errors import MonitorsError, RefusedError
from monitors.opinion import dossier
from monitors.opinion.dossier import ReportView
from monitors.opinion.judged import MISSING, Judged
from pages import context, judgement, story
from pages.markup import tag


def show_chosen() -> None:
    """Show the report of the page's address at the right edge, unless a story is chosen."""
    value = st.query_params.get("report", "")
    if "story" not in st.query_params and value.isascii() and value.isdigit() and len(value) < 12:
        _drawer(int(value))


def _closed() -> None:
    st.query_params.pop("report", None)


@st.dialog("报道详情", width=880, position="right", on_dismiss=_closed)
def _drawer(item_id: int) -> None:
    try:
        with context.look() as connection:
            found = dossier.report(connection, context.actor(), item_id)
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        if not judgement.farewell():
            st.warning(f"{MISSING}。", icon="🔍")
        return
    _show(*found)


def _show(view: ReportView, judged: Judged) -> None:
    if judged.story_id is not None:
        left, right = st.columns([5, 1.2], vertical_alignment="center")
        left.success(f"这篇报道在事件 {judged.story_id} 中。", icon=":material/check_circle:")
        if right.button("查看事件", key="report-story", type="primary", width="stretch"):
            st.query_params.pop("report", None)
            st.query_params["story"] = str(judged.story_id)
            st.rerun()
    else:
        threshold = context.settings().judge.relevance_threshold
        why = f"系统评分 {judged.relevance:.0%}，达到 {threshold:.0%} 才算相关"
        label = judged.outputs[0].label
        if label is not None and not label.confirms:
            why = f"由{label.author}标注"
        view = replace(view, joined="")  # of a story it is in no more
        st.info(f"这篇报道被判为不相关（{why}），不在任何事件中，也不报警。", icon=":material/info:")
    st.html(tag("div", story.colours() if view.evidence else "", story.report_html(view, first=True), class_="dossier"))
    st.html(tag("div", tag("h4", "研判依据"), class_="dossier"))
    judgement.alone(judged)
