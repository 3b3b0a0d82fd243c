"""OPML out and in: what would change is shown first; nothing is written until it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from monitors.clock import local, utc_now
from monitors.opinion import opml, source_audit, sources
from monitors.opinion.model import SOURCE_GROUPS
from pages import context, source_drawer
from pages.markup import Html, tag
from pages.source_table import KIND_NAMES

ALL = "全部"
_SHOWN = 200


@st.dialog("导入与导出监测源", width="large", position="right")
def open_dialog() -> None:
    """Take sources in from a file, give them out as a file, or try the system with invented reports."""
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("source.edit", kind=source_audit.KIND)
        taking, giving, *trying = st.tabs(["导入", "导出", *(["演示数据"] if actor.may("demo.manage") else [])])
        with taking, context.explained():
            _import()
        with giving, context.explained():
            _export()
        for tab in trying:
            with tab:
                _demo()


def _demo() -> None:
    st.caption("约四十天、一千多篇虚构报道，供培训和熟悉系统用；每页都会标明，随时一键清除，不影响真实数据。")
    context.load_button()


def _import() -> None:
    st.caption(
        "支持各种阅读器导出的 OPML 文件（扩展名 .opml 或 .xml），不超过 2 MB、2000 项。导入前先核对，确认后才写入。"
    )
    upload = st.file_uploader("OPML 文件", type=["opml", "xml"], key="opml-file", label_visibility="collapsed")
    if upload is None:
        return
    reading = opml.read_opml(upload.getvalue())
    with context.store().read() as connection:
        plan = opml.plan_import(connection, reading)
    if plan.note:
        st.warning(plan.note, icon=":material/warning:")
    st.markdown(f"可导入 **{len(plan.fresh)}** 个，已有 **{len(plan.known)}** 个，有误 **{len(plan.refused)}** 个。")
    if plan.fresh:
        st.html(_fresh(plan.fresh))
    for heading, rows in (("已有，跳过", plan.known), ("有误，不导入", plan.refused)):
        if rows:
            with st.expander(f"{heading}（{len(rows)}）", expanded=heading.startswith("有误")):
                st.html(_refused(rows))
    if plan.fresh and st.button(f"确认导入 {len(plan.fresh)} 个", type="primary", key="opml-confirm"):
        with context.act() as connection:
            added = opml.import_sources(connection, context.actor(), plan.fresh, now=utc_now())
        source_drawer.rerun_with(f"已导入 {len(added)} 个监测源")


def _fresh(rows: Sequence[opml.Candidate]) -> Html:
    head = tag("tr", *(tag("th", words) for words in ("行", "名称", "分组", "类型")), tag("th", "网址", class_="grow"))
    body = [
        tag(
            "tr",
            tag("td", row.line, class_="n"),
            tag("td", row.source.name, class_="n"),
            tag("td", row.source.group, class_="n"),
            tag("td", KIND_NAMES.get(row.source.kind, row.source.kind), class_="n"),
            tag("td", row.source.url),
        )
        for row in rows[:_SHOWN]
    ]
    more = tag("p", f"另有 {len(rows) - _SHOWN} 个未列出，确认后一并导入。") if len(rows) > _SHOWN else ""
    return tag("div", tag("table", head, *body, class_="source-polls"), more)


def _refused(rows: Sequence[opml.Refused]) -> Html:
    head = tag("tr", tag("th", "行"), tag("th", "名称"), tag("th", "原因", class_="grow"))
    body = [
        tag("tr", tag("td", row.line, class_="n"), tag("td", row.name, class_="n"), tag("td", row.reason))
        for row in rows[:_SHOWN]
    ]
    return tag("table", head, *body, class_="source-polls")


def _export() -> None:
    st.caption("导出为 OPML 文件，可备份、移到另一台服务器，或在阅读器中订阅其中的 RSS。")
    group = st.selectbox("分组", [ALL, *SOURCE_GROUPS], key="opml-group", filter_mode=None)
    with context.store().read() as connection:
        rows = sources.list_sources(connection, group="" if group == ALL else group, demo=False)
    held = context.held()

    def made() -> bytes:
        # Outside the run, when somebody clicks: whether the sign-in still holds is asked anew.
        who, chosen = context.actor_of(held), "" if group == ALL else group
        return opml.export_file(context.store(), who, group=chosen, now=utc_now())[0]

    st.download_button(
        f"下载 {len(rows)} 个监测源",
        data=made,
        file_name=f"监测源-{group}-{local(utc_now()):%Y%m%d}.opml",
        mime="text/x-opml",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        disabled=not rows,
        key="opml-download",
    )
