"""汇总: which units below have submitted for this cutoff, the sum of their forms, where the ledger counts otherwise."""

from __future__ import annotations

from datetime import date

import streamlit as st

from monitors.access.scope import Scope
from monitors.clock import stamp
from monitors.ledger import form_sum
from monitors.ledger.form_sum import Sum
from monitors.regions import divisions
from pages import form_desk, form_figures, form_history, form_records, form_table
from pages.form_ask import Asked
from pages.form_records import Sheet
from pages.markup import Html, tag


def draw(scope: Scope, asked: Asked, today: date) -> None:
    """The tab."""
    found = form_figures.summed(scope, asked)
    units = form_sum.subordinates(asked.region)
    st.markdown(f"**下级单位 {len(units)} 个：已报 {len(found.parts)} 个，未报 {len(found.missing)} 个**")
    st.html(_units(units, found))
    if not found.parts:
        st.info(f"截至 {asked.cutoff} 的报表下级单位均未报送，报送后在此自动汇总。", icon=":material/info:")
        return
    draft = form_desk.drafted(scope, asked, "汇总", found.cells, found.missing)
    paper = draft.paper({code: part.id for code, part in found.parts.items()}, found.missing)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(found.parts)} 个单位报送数之和**（未报送）", width="stretch")
        form_desk.files(paper)
    form_table.show(paper, "form_sum")
    form_desk.rounding(found.cells)
    with st.expander(f"与本级台账统计数的差异：{len(found.differences)} 处", key="form-sum-differences"):
        st.caption("同一用人单位在几个地区都有记录的，汇总时各计一户，台账只计一户；报送后台账的修改也不计入汇总。")
        st.html(form_history.differences(found.differences, "台账统计", "下级汇总"))
    form_desk.draw(draft, today)
    form_records.show_chosen(scope, Sheet(asked, found.cells, parts=found.parts))


def _units(units: tuple[str, ...], found: Sum) -> Html:
    rows = []
    for code in units:
        part = found.parts.get(code)
        state = tag("span", "已报", class_="tag ok") if part else tag("span", "未报", class_="tag none")
        told = (
            (
                tag("a", f"第 {part.id} 号", href=f"/form?snapshot={part.id}", target="_blank", rel="noopener"),
                stamp(part.at),
                part.actor,
            )
            if part
            else ("—", "—", "—")
        )
        rows.append(
            tag("tr", tag("td", divisions.full_name(code)), tag("td", state), *(tag("td", words) for words in told))
        )
    head = tag("tr", *(tag("th", words) for words in ("单位", "报送", "报送件", "报送时间", "报送人")))
    return tag("div", tag("div", tag("table", head, *rows), class_="scroll"), class_="form-list")
