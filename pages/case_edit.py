"""修改: the fields of a case that may be changed, and its employer and project."""

from __future__ import annotations

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.ledger import cases
from monitors.ledger.case_file import CaseFile
from pages import case_form, case_notes, case_parties, context
from pages.ledger_fields import Fields
from pages.people_drawer import plain


def panel(found: CaseFile, who: Actor, revision: int) -> None:
    """The tab."""
    case = found.case
    if case.escalated and not who.region.endswith("00"):
        st.caption("本案件已提级办理，修改请与州（市）责任单位商定。")
    key, about = f"edit-{case.number}-{revision}", (case.number, revision)
    fields = Fields(key, about)
    with st.form(key, border=False):
        changes = case_form.draw(fields, case)
        if case.verified_on is not None:
            st.markdown("**查实数据**")
            changes |= case_form.verified(fields, case)
        sent = fields.send("保存修改")
    if sent and fields.run(
        lambda connection, actor: cases.edit(
            connection, actor, case.id, changes, revision,
            settings=context.settings(), now=utc_now(), confirm_figures=fields.sure,
        )
    ):  # fmt: skip
        case_notes.done(f"{case.number} 已修改")
    with st.expander("更换用人单位或工程项目"):
        _parties(found, revision)


def _parties(found: CaseFile, revision: int) -> None:
    case, key = found.case, f"party-{found.case.number}-{revision}"
    parties = f"{plain(case.employer_name)}　{plain(case.project_name) or '（无工程项目）'}"
    st.caption(f"现为：{parties}。用人单位不填则不变。")
    firm = case_parties.employer(key)
    now = (case.project_id, case.project_name) if case.project_id is not None else None
    site = case_parties.project(key, now)
    fields = Fields(key, (case.number, revision))
    with st.form(key, border=False):
        sent = fields.send("保存更换", kind="secondary")
    changes = {"employer_id": firm or case.employer_id, "project_id": site}
    if sent and fields.run(
        lambda connection, actor: cases.edit(
            connection, actor, case.id, changes, revision, settings=context.settings(), now=utc_now()
        )
    ):
        case_notes.done(f"{case.number} 已更换用人单位或项目")
