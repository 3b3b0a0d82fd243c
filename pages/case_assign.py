"""批量分派: a responsible unit and person, and where wanted a due day, for the cases ticked in the list."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from monitors.clock import utc_now
from monitors.ledger import cases
from monitors.ledger.model import Record
from pages import case_notes, context, presses
from pages.ledger_fields import Fields

_IDS = "case-assign-ids"


def ask(ids: Sequence[int]) -> None:
    """From here on the form for these cases stands open."""
    st.session_state[_IDS] = tuple(ids)


def show_asked() -> bool:
    """Draw the form where cases were chosen."""
    ids = st.session_state.get(_IDS)
    if not ids:
        return False
    _dialog(ids)
    return True


def _closed() -> None:
    st.session_state.pop(_IDS, None)
    presses.forget()


@st.dialog("批量分派", width="medium", on_dismiss=_closed)
def _dialog(ids: tuple[int, ...]) -> None:
    with context.explained():
        with context.look():
            context.actor().require("ledger.edit", kind=Record.CASE)
        st.caption(f"已选 {len(ids)} 件。要么全部分派，要么都不变；每件都记入办理过程。")
        fields = Fields("assign", ids)
        with st.form("assign", border=False):
            left, right = st.columns(2)
            unit = fields.text("unit", "责任单位 *", where=left)
            person = fields.text("person", "责任人 *", where=right)
            due = fields.day("due", "完成时限（不填则不变）", where=left)
            lead = fields.text("lead_unit", "牵头部门（不填则不变）", where=right)
            sent = fields.send(f"分派 {len(ids)} 件")
        changed: list[int] = []
        if sent and fields.run(
            lambda connection, actor: changed.append(
                cases.assign(
                    connection, actor, ids, unit=unit, person=person, due=due, lead_unit=lead,
                    settings=context.settings(), now=utc_now(),
                )
            )
        ):  # fmt: skip
            _closed()
            case_notes.done(f"已分派 {changed[0]} 件" if changed[0] else "所选案件原已如此分派")
