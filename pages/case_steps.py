"""办理: the steps this person may take from the case's present state, each with what it asks for."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.ledger import marks, transitions
from monitors.ledger.case_file import CaseFile
from monitors.ledger.case_rows import Case
from monitors.ledger.model import CaseState, Record
from pages import case_notes, way_form
from pages.ledger_fields import Fields
from pages.way_form import Stepping


def panel(found: CaseFile, who: Actor, revision: int) -> None:
    """The tab."""
    case = found.case
    ways = transitions.allowed(Record.CASE, case.state, who)
    if case.escalated and not who.region.endswith("00"):
        st.info("本案件已提级办理，县级为协办单位，由州（市）变更状态。", icon=":material/info:")
        return
    own = [way for way in ways if way.second and case.handler == who.name]
    for way in own:
        st.info(f"本案件由您经办，变更为“{way.to}”须由另一人复核。", icon=":material/info:")
    ways = tuple(way for way in ways if way not in own)
    if ways:
        record = Stepping(Record.CASE, case.id, case.number, case.state, revision, asdict(case))
        way_form.choose(record, ways)
    elif not own:
        st.caption(f"案件现为“{case.state}”，您没有可办理的下一步。")
    if case.state == CaseState.SETTLING:
        _settling(case, who, revision)


def _settling(case: Case, who: Actor, revision: int) -> None:
    key, about = f"settle-{case.number}-{revision}", (case.number, revision)
    if who.may("ledger.edit"):
        with st.expander("补充销账依据"):
            fields = Fields(f"{key}-proof", about)
            with st.form(f"{key}-proof", border=False):
                proof = fields.area("proof", "销账依据")
                sent = fields.send("保存依据")
            if sent and fields.run(
                lambda connection, actor: marks.add_proof(
                    connection, actor, case.id, revision, proof=proof, now=utc_now()
                )
            ):
                case_notes.done("销账依据已补充")
    if who.may("ledger.review"):
        with st.expander("提出复核意见"):
            fields = Fields(f"{key}-words", about)
            with st.form(f"{key}-words", border=False):
                words = fields.area("words", "复核意见")
                sent = fields.send("发出意见", kind="secondary")
            if sent and fields.run(
                lambda connection, actor: marks.object_to_settling(
                    connection, actor, case.id, revision, words=words, now=utc_now()
                )
            ):
                case_notes.done("复核意见已记入办理过程")
