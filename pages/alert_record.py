"""由警情登记: a case or clue filled with what the reports say; what looks like it is offered to be tied instead."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import local, utc_now
from monitors.desk.alerts import Alert
from monitors.errors import InputError
from monitors.ledger import cases, clues
from monitors.ledger.case_drafts import CaseDraft
from monitors.ledger.cases import DuplicateHit
from monitors.ledger.clues import ClueDraft, RepeatedError
from monitors.ledger.faults import Fault
from monitors.ledger.model import Record
from monitors.links import drafts, linking
from monitors.links.drafts import Prefilled
from pages import case_form, case_notes, case_parties, clue_form, context
from pages.ledger_fields import Fields
from pages.people_drawer import plain
from pages.presses import press, pressed
from pages.signed import short_region

_TWICE = "alert-record-twice"  # in the session state: (alert's number, draft, figures confirmed) that E12 stopped
_REPEATED = "alert-record-repeated"  # (alert's number, id of the clue its number names already)
_SHOWN = 8


def forget() -> None:
    """The alert was left, or its record is entered."""
    st.session_state.pop(_TWICE, None)
    st.session_state.pop(_REPEATED, None)


def tie(
    alert: Alert,
    kind: Record,
    record_id: int,
    number: str,
    *,
    confidence: float | None = None,
    why: tuple[str, ...] = (),
) -> None:
    """Tie the two in this person's name and draw anew; a refusal is said where the button stands."""
    with context.explained():
        with context.act() as connection:
            linking.link(
                connection, context.actor(), alert.id, kind, record_id, confidence=confidence, why=why, now=utc_now()
            )
        forget()
        case_notes.done(f"已关联 {number}")


def _told(alert: Alert) -> Prefilled:
    with context.look() as connection:
        return drafts.prefilled(connection, context.actor(), alert.id)


def _key(alert: Alert, kind: str) -> str:
    # After a record is entered the form is a new one: the next starts from the reports again.
    return f"alert-{kind}-{alert.number}-{len(alert.case_ids)}"


# ── a case ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def case(alert: Alert) -> None:
    """The form of a new case."""
    told, key = _told(alert), _key(alert, "case")
    st.caption("按报道预填，报道未说明的请核实后填写；登记后与本警情互相关联。报道中的人数、金额按诉求登记，不作查实。")
    st.session_state.setdefault(f"{key}-employer-text", told.employer_name)
    firm = case_parties.employer(key)
    site = case_parties.project(key)
    # A number the reports do not tell is asked for, not entered as nought.
    untold = {"claimed_workers": told.persons, "claimed_migrants": None, "claimed_fen": told.amount_fen}
    draft = replace(drafts.as_case(told, accepted_on=local(utc_now()).date()), **untold)
    draft = replace(draft, first_receiver=context.actor().display[:60])
    fields = Fields(key, alert.number)
    with st.form(key, border=True):
        values = case_form.draw(fields, draft)
        sent = fields.send("登记案件并关联", icon=":material/save:")
    if sent and firm is None:
        fields.complain([Fault("employer_id", "请先查找并选择用人单位")])
    elif sent and firm is not None:
        given = replace(draft, employer_id=firm, project_id=site, **values)
        if not _doubles(alert, given, sure=fields.sure):
            _enter(alert, fields, given, sure=fields.sure)
    _twice(alert, fields)


def _doubles(alert: Alert, draft: CaseDraft, *, sure: bool) -> bool:
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    if hits:
        st.session_state[_TWICE] = (alert.number, draft, sure)
    else:
        st.session_state.pop(_TWICE, None)
    return bool(hits)


def _enter(alert: Alert, fields: Fields, draft: CaseDraft, *, sure: bool, twice: bool = False) -> None:
    if fields.run(
        lambda connection, actor: drafts.open_case(
            connection, actor, alert.id, draft, settings=context.settings(), now=utc_now(), confirm_duplicate=twice,
            confirm_figures=sure,
        )
    ):  # fmt: skip
        forget()
        case_notes.done("案件已登记，并与本警情关联")


def _twice(alert: Alert, fields: Fields) -> None:
    """E12: each case that may be the same is to be tied; or it is another matter after all."""
    kept = st.session_state.get(_TWICE)
    if kept is None or kept[0] != alert.number:
        return
    _, draft, sure = kept
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    scope = context.actor().scope
    st.warning(
        f"E12 疑似重复：同企业、同项目、同时段已有 {len(hits)} 件记录，请核对；是同一件事的直接关联。",
        icon=":material/content_copy:",
    )
    for hit in hits[:_SHOWN]:
        _hit(alert, hit, mine=scope.covers(hit.region))
    name = "alert-case-anyway"
    st.button("核对过，是另一起案件，仍然登记", key=name, on_click=press, args=(name, alert.number))
    if pressed(name, alert.number):
        _enter(alert, fields, draft, sure=sure, twice=True)


def _hit(alert: Alert, hit: DuplicateHit, *, mine: bool) -> None:
    left, right = st.columns([5, 1.5], vertical_alignment="center")
    number = hit.number if mine else "（其他地区的案件）"
    left.markdown(f"**{number}**　{short_region(hit.region)}　{hit.state}　{hit.accepted_on} 受理　{plain(hit.why)}")
    if not mine:
        return
    name = f"alert-bind-{hit.case_id}"
    right.button("关联此案", key=name, on_click=press, args=(name, alert.number), width="stretch")
    if pressed(name, alert.number):
        tie(alert, Record.CASE, hit.case_id, hit.number)


# ── a clue ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def clue(alert: Alert) -> None:
    """The form of a new clue."""
    told, key = _told(alert), _key(alert, "clue")
    st.caption("按报道预填，请核对补充；登记后与本警情互相关联。收到时间为本单位登记的时间，首发时间见警情。")
    fields = Fields(key, alert.number)
    draft = drafts.as_clue(told, received_at=utc_now())
    with st.form(key, border=True):
        values = clue_form.draw(fields, None, draft)
        sent = fields.send("登记线索并关联", icon=":material/save:")
    if sent and clue_form.dated(fields, values):
        _register(alert, fields, ClueDraft(**values))
    _repeated(alert)


def _register(alert: Alert, fields: Fields, draft: ClueDraft) -> None:
    st.session_state.pop(_REPEATED, None)

    def work(connection: Connection, actor: Actor) -> None:
        try:
            drafts.open_clue(
                connection, actor, alert.id, draft, settings=context.settings(), now=utc_now(),
                confirm_figures=fields.sure,
            )  # fmt: skip
        except RepeatedError as error:
            st.session_state[_REPEATED] = (alert.number, error.clue_id)
            raise

    if fields.run(work):
        forget()
        case_notes.done("线索已登记，并与本警情关联")


def _repeated(alert: Alert) -> None:
    """The number came before: tie the clue that bears it, where it is one's own."""
    kept = st.session_state.get(_REPEATED)
    if kept is None or kept[0] != alert.number:
        return
    try:
        with context.look() as connection:
            number = clues.get(connection, context.actor().scope, kept[1]).number
    except InputError:
        st.info("该线索在其他地区登记，请与登记地联系，不在本地重复登记。", icon=":material/info:")
        return
    name = "alert-clue-tie"
    st.button(f"关联线索 {number}", key=name, on_click=press, args=(name, alert.number))
    if pressed(name, alert.number):
        tie(alert, Record.CLUE, kept[1], number)
