"""登记线索、隐患、接访: the forms of new records; a clue whose number came before is offered to be joined (并入)."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.access.restricted import Fields as Reporter
from monitors.clock import local, utc_now
from monitors.errors import InputError
from monitors.ledger import clues, hazards, receptions
from monitors.ledger.clue_rows import Clue
from monitors.ledger.clues import ClueDraft, RepeatedError
from monitors.ledger.hazards import HazardDraft
from monitors.ledger.model import Record
from monitors.ledger.receptions import ReceptionDraft
from pages import case_notes, case_parties, clue, clue_form, context, hazard, presses, reception
from pages.lead_filters import CLUES, HAZARDS, RECEPTIONS
from pages.ledger_fields import Fields
from pages.presses import press, pressed

_ASKED = "lead-new-asked"  # in the session state: which form stands open
_TWICE = "lead-new-twice"  # (the draft, the clue it repeats, whether a reporter was told)
_KEY = "new-lead"
NAMES = {CLUES: "登记线索", HAZARDS: "登记隐患", RECEPTIONS: "登记接访"}


def ask(tab: str) -> None:
    """From here on the form of this tab stands open."""
    st.session_state[_ASKED] = tab
    st.session_state.pop(_TWICE, None)


def show_asked() -> bool:
    """Draw the form that was asked for."""
    draw = {CLUES: _clue, HAZARDS: _hazard, RECEPTIONS: _reception}.get(st.session_state.get(_ASKED, ""))
    if draw is None:
        return False
    draw()
    return True


def _closed() -> None:
    st.session_state.pop(_ASKED, None)
    st.session_state.pop(_TWICE, None)
    presses.forget()


def _go(param: str, number: str, words: str) -> None:
    _closed()
    for name in [name for name in st.session_state if str(name).startswith(f"{_KEY}-")]:
        del st.session_state[name]
    st.query_params[param] = number
    case_notes.done(words)


def _allowed(kind: Record) -> None:
    with context.look():
        context.actor().require("ledger.edit", kind=kind)


# ── clue ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("登记线索", width=980, position="right", on_dismiss=_closed)
def _clue() -> None:
    with context.explained():
        _allowed(Record.CLUE)
        fields = Fields(f"{_KEY}-clue", _KEY)
        with st.form(f"{_KEY}-clue", border=True):
            told = clue_form.draw(fields, None)
            reporter = clue_form.reporter(fields)
            sent = fields.send("登记线索", icon=":material/save:")
        if sent and clue_form.dated(fields, told):
            _add_clue(fields, ClueDraft(**told), reporter)
        _repeated()


def _add_clue(fields: Fields, draft: ClueDraft, reporter: Reporter | None) -> None:
    st.session_state.pop(_TWICE, None)
    made: list[int] = []

    def work(connection: Connection, actor: Actor) -> None:
        try:
            made.append(
                clues.add(
                    connection, actor, draft, settings=context.settings(), now=utc_now(), reporter=reporter,
                    confirm_figures=fields.sure,
                )
            )  # fmt: skip
        except RepeatedError as error:
            st.session_state[_TWICE] = (draft, error.clue_id, reporter is not None)
            raise

    if fields.run(work):
        found = _own(made[0])
        if found is not None:
            _go(clue.PARAM, found.number, f"{found.number} 已登记")


def _own(clue_id: int) -> Clue | None:
    """The clue, where it is this person's to see."""
    with context.look() as connection:
        try:
            return clues.get(connection, context.actor().scope, clue_id)
        except InputError:
            return None


def _repeated() -> None:
    """The number came before: join the two, where the first is one's own."""
    if (kept := st.session_state.get(_TWICE)) is None:
        return
    draft, clue_id, told = kept
    found = _own(clue_id)
    if found is None:
        st.info("该线索在其他地区登记，请与登记地联系，不在本地重复登记。", icon=":material/info:")
        return
    st.warning(
        f"重复反映：{found.number}　{found.employer_name}　{found.state}　首问负责人 {found.first_receiver}。"
        "并入后补充原线索未填的内容，首问负责人和收到时间不变。",
        icon=":material/content_copy:",
    )
    if told:
        st.caption("本次填写的举报人信息不随并入保存，请在原线索的“受限信息”中登记。")
    name, fields = "lead-new-join", Fields(f"{_KEY}-join", clue_id)
    st.button("并入该线索", key=name, type="primary", on_click=press, args=(name, clue_id))
    if pressed(name, clue_id):
        said = st.empty()
        if fields.run(
            lambda connection, actor: clues.merge(
                connection, actor, clue_id, draft, found.revision, now=utc_now()
            )
        ):  # fmt: skip
            _go(clue.PARAM, found.number, f"已并入 {found.number}")
        else:
            said.error("并入未成功，请核对填写内容后重试。")


# ── hazard, reception ────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("登记隐患", width=980, position="right", on_dismiss=_closed)
def _hazard() -> None:
    with context.explained():
        _allowed(Record.HAZARD)
        key = f"{_KEY}-hazard"
        firm = case_parties.employer(key, "用人单位名称或统一社会信用代码（与工程项目至少填一项）")
        site = case_parties.project(key)
        fields, made = Fields(key, _KEY), list[int]()
        with st.form(key, border=True):
            told = hazard.form(fields, None)
            sent = fields.send("登记隐患", icon=":material/save:")
        draft = HazardDraft(employer_id=firm, project_id=site, **told)
        if sent and fields.run(
            lambda connection, actor: made.append(
                hazards.add(connection, actor, draft, now=utc_now(), confirm_figures=fields.sure)
            )
        ):
            with context.look() as connection:
                number = hazards.get(connection, context.actor().scope, made[0]).number
            _go(hazard.PARAM, number, f"{number} 已登记")


@st.dialog("登记接访", width=980, position="right", on_dismiss=_closed)
def _reception() -> None:
    with context.explained():
        _allowed(Record.RECEPTION)
        fields, made = Fields(f"{_KEY}-reception", _KEY), list[int]()
        with st.form(f"{_KEY}-reception", border=True):
            told = reception.form(fields, None)
            sent = fields.send("登记接访", icon=":material/save:")
        draft, now = ReceptionDraft(**told), utc_now()
        if sent and fields.run(
            lambda connection, actor: made.append(
                receptions.add(connection, actor, draft, today=local(now).date(), now=now)
            )
        ):
            _go(reception.PARAM, str(made[0]), "接访已登记")
