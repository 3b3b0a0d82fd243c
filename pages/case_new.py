"""登记案件: employer and project looked up first, then the case; what looks like it already is offered (E12)."""

from __future__ import annotations

import streamlit as st

from monitors.clock import utc_now
from monitors.errors import MonitorsError
from monitors.ledger import case_rows, cases
from monitors.ledger.cases import CaseDraft, DuplicateHit
from monitors.ledger.model import OVER_CASE, Record
from pages import case_form, case_notes, case_parties, context, presses
from pages.ledger_fields import Fields
from pages.people_drawer import plain
from pages.presses import press, pressed
from pages.signed import short_region

_ASKED = "case-new-asked"
_TWICE = "case-new-twice"  # in the session state: (draft, the person confirmed its figures) that E12 stopped
_KEY = "new-case"


def ask() -> None:
    """From here on the form stands open."""
    st.session_state[_ASKED] = True
    st.session_state.pop(_TWICE, None)


def show_asked() -> bool:
    """Draw the form where it was asked for."""
    if not st.session_state.get(_ASKED):
        return False
    _dialog()
    return True


def _closed() -> None:
    st.session_state.pop(_ASKED, None)
    st.session_state.pop(_TWICE, None)
    presses.forget()


@st.dialog("登记案件", width=980, position="right", on_dismiss=_closed)
def _dialog() -> None:
    with context.explained():
        with context.look():
            context.actor().require("ledger.edit", kind=Record.CASE)
        firm = case_parties.employer(_KEY)
        site = case_parties.project(_KEY)
        fields = Fields(_KEY, _KEY)
        with st.form(_KEY, border=True):
            values = case_form.draw(fields, None)
            sent = fields.send("登记案件", icon=":material/save:")
        draft = CaseDraft(employer_id=firm, project_id=site, **values)  # type: ignore[arg-type]
        if sent and _check(fields, draft):
            _enter(fields, draft, sure=fields.sure)
        _twice(fields)


def _check(fields: Fields, draft: CaseDraft) -> bool:
    """Whether nothing looks like it already; where something does, it is kept and offered below."""
    if not isinstance(draft.employer_id, int):
        return True  # ``create`` says what is missing
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    if hits:
        st.session_state[_TWICE] = (draft, fields.sure)
    else:
        st.session_state.pop(_TWICE, None)
    return not hits


def _enter(fields: Fields, draft: CaseDraft, *, sure: bool, twice: bool = False) -> None:
    made: list[int] = []
    if fields.run(
        lambda connection, actor: made.append(
            cases.create(
                connection, actor, draft, settings=context.settings(), now=utc_now(),
                confirm_duplicate=twice, confirm_figures=sure,
            )
        )
    ):  # fmt: skip
        _go(made[0], "已登记")


def _go(case_id: int, words: str) -> None:
    with context.look() as connection:
        number = case_rows.get(connection, context.actor().scope, case_id).number
    _closed()
    for name in [name for name in st.session_state if str(name).startswith(f"{_KEY}-")]:
        del st.session_state[name]
    case_notes.opened(number, f"{number} {words}")


def _twice(fields: Fields) -> None:
    """E12: the cases that may be the same, each to be joined; or it is another matter after all."""
    if (kept := st.session_state.get(_TWICE)) is None:
        return
    draft, sure = kept
    with context.look() as connection:
        hits = cases.duplicates(connection, draft)
    scope = context.actor().scope
    st.warning(f"E12 疑似重复：同企业、同项目、同时段已有 {len(hits)} 件记录，请核对。", icon=":material/content_copy:")
    for hit in hits[:8]:
        _hit(hit, draft, mine=scope.covers(hit.region))
    st.button(
        "核对过，是另一起案件，仍然登记",
        key="case-new-anyway",
        on_click=press,
        args=("case-new-anyway", _KEY),
        type="primary",
    )
    if pressed("case-new-anyway", _KEY):
        _enter(fields, draft, sure=sure, twice=True)


def _hit(hit: DuplicateHit, draft: CaseDraft, *, mine: bool) -> None:
    left, right = st.columns([5, 1.4], vertical_alignment="center")
    number = hit.number if mine else "（其他地区的案件）"
    left.markdown(f"**{number}**　{short_region(hit.region)}　{hit.state}　{hit.accepted_on} 受理　{plain(hit.why)}")
    if not mine or hit.state in OVER_CASE:
        return
    name = f"case-join-{hit.case_id}"
    right.button("并入此案", key=name, on_click=press, args=(name, hit.case_id), width="stretch")
    if pressed(name, hit.case_id):
        try:
            with context.act() as connection:
                cases.merge(connection, context.actor(), hit.case_id, draft, settings=context.settings(), now=utc_now())
        except MonitorsError as error:
            st.error(f"{str(error).rstrip('。')}。")
            return
        _go(hit.case_id, "已并入这条反映")
