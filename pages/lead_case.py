"""转案件: what a clue or hazard says becomes a case; what looks like it already is offered instead (E12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from monitors.clock import utc_now
from monitors.ledger import cases, clues, hazards, transitions
from monitors.ledger.case_drafts import CaseDraft
from monitors.ledger.cases import DuplicateHit
from monitors.ledger.faults import Fault
from monitors.ledger.model import OVER_CASE, ClueState, Conclusion, HazardState, Record
from pages import case_form, case_notes, case_parties, context
from pages.ledger_fields import Fields
from pages.people_drawer import plain
from pages.presses import press, pressed
from pages.signed import short_region

_TWICE = "lead-case-twice"  # in the session state: (number of the record, draft, figures confirmed) that E12 stopped
_ENTER = {Record.CLUE: clues.open_case, Record.HAZARD: hazards.open_case}


@dataclass(frozen=True, slots=True)
class Origin:
    """The record that becomes a case, and what it calls its parties; ``employer_id`` where it is a registered one."""

    kind: Record
    id: int
    number: str
    revision: int
    employer_id: int | None
    employer_name: str
    project_id: int | None
    project_name: str


def panel(origin: Origin, draft: CaseDraft) -> None:
    """The tab. ``draft`` is filled with what the record says; nothing of it is verified."""
    key = f"lead-case-{origin.number}-{origin.revision}"
    st.caption(
        "登记为新案件，双方互相关联；内容按线索（隐患）预填，请核对补充。已有案件的，在“办理”中填写案件编号关联。"
    )
    firm, site = _parties(origin, key)
    fields = Fields(key, (origin.number, origin.revision))
    with st.form(key, border=True):
        values = case_form.draw(fields, draft)
        sent = fields.send("登记案件并关联", icon=":material/save:")
    if sent and firm is None:
        fields.complain([Fault("employer_id", "请先查找并选择用人单位")])
    elif sent and firm is not None:
        told = replace(draft, employer_id=firm, project_id=site, **values)
        if not _doubles(origin, told, sure=fields.sure):
            _enter(origin, fields, told, sure=fields.sure)
    _twice(origin, fields)


def _parties(origin: Origin, key: str) -> tuple[int | None, int | None]:
    if origin.employer_id is not None:
        st.markdown(f"用人单位：**{plain(origin.employer_name)}**　工程项目：{plain(origin.project_name) or '（无）'}")
        if not st.checkbox("更换用人单位或工程项目", key=f"{key}-other"):
            return origin.employer_id, origin.project_id
    for name, told in (("employer", origin.employer_name), ("project", origin.project_name)):
        st.session_state.setdefault(f"{key}-{name}-text", told)
    firm = case_parties.employer(key)
    now = (origin.project_id, origin.project_name) if origin.project_id is not None else None
    return firm, case_parties.project(key, now)


def _doubles(origin: Origin, draft: CaseDraft, *, sure: bool) -> bool:
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    if hits:
        st.session_state[_TWICE] = (origin.number, draft, sure)
    else:
        st.session_state.pop(_TWICE, None)
    return bool(hits)


def _enter(origin: Origin, fields: Fields, draft: CaseDraft, *, sure: bool, twice: bool = False) -> None:
    if fields.run(
        lambda connection, actor: _ENTER[origin.kind](
            connection, actor, origin.id, draft, origin.revision,
            settings=context.settings(), now=utc_now(), confirm_duplicate=twice, confirm_figures=sure,
        )
    ):  # fmt: skip
        forget()
        case_notes.done(f"{origin.number} 已转为案件")


def _bind(origin: Origin, fields: Fields, case_id: int) -> None:
    clue = origin.kind is Record.CLUE
    to = ClueState.CONCLUDED if clue else HazardState.BECAME_CASE
    given = {"case_id": case_id} | ({"conclusion": str(Conclusion.CASE)} if clue else {})
    if fields.run(
        lambda connection, actor: transitions.move(
            connection, actor, origin.kind, origin.id, to, given, origin.revision,
            settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        forget()
        case_notes.done(f"{origin.number} 已关联案件")


def forget() -> None:
    """The record was left, or became a case."""
    st.session_state.pop(_TWICE, None)


def _twice(origin: Origin, fields: Fields) -> None:
    kept = st.session_state.get(_TWICE)
    if kept is None or kept[0] != origin.number:
        return
    _, draft, sure = kept
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    scope = context.actor().scope
    st.warning(f"E12 疑似重复：同企业、同项目、同时段已有 {len(hits)} 件记录，请核对。", icon=":material/content_copy:")
    for hit in hits[:8]:
        _hit(origin, fields, hit, mine=scope.covers(hit.region))
    name = "lead-case-anyway"
    st.button("核对过，是另一起案件，仍然登记", key=name, on_click=press, args=(name, origin.number), type="primary")
    if pressed(name, origin.number):
        _enter(origin, fields, draft, sure=sure, twice=True)


def _hit(origin: Origin, fields: Fields, hit: DuplicateHit, *, mine: bool) -> None:
    left, right = st.columns([5, 1.4], vertical_alignment="center")
    number = hit.number if mine else "（其他地区的案件）"
    left.markdown(f"**{number}**　{short_region(hit.region)}　{hit.state}　{hit.accepted_on} 受理　{plain(hit.why)}")
    if not mine or hit.state in OVER_CASE:
        return
    name = f"lead-bind-{hit.case_id}"
    right.button("关联此案", key=name, on_click=press, args=(name, hit.case_id), width="stretch")
    if pressed(name, hit.case_id):
        _bind(origin, fields, hit.case_id)
