"""Taking a record one legal step further (变更状态): which step, what it asks for, and the step itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from monitors.clock import utc_now
from monitors.ledger import lead_files, transitions
from monitors.ledger.model import Conclusion, Record
from monitors.ledger.ways import Need, Way
from pages import case_notes, context
from pages.ledger_fields import Fields

_WIDE = ("text",)  # kinds of value that take a whole line
_BESIDE = 2  # short fields on one line


@dataclass(frozen=True, slots=True)
class Stepping:
    """The record, the revision its reader looks at, and what it holds already (column → value)."""

    kind: Record
    id: int
    number: str
    state: str
    revision: int
    held: Mapping[str, Any]
    conclusions: tuple[Conclusion, ...] = tuple(Conclusion)  # those this person may come to


def choose(record: Stepping, ways: Sequence[Way]) -> None:
    """Offer ``ways``; ask what the chosen one needs; take it."""
    key = f"step-{record.number}-{record.revision}"
    st.caption(f"现为“{record.state}”，可变更为：")
    chosen = st.segmented_control(
        "下一步", [way.to for way in ways], key=f"{key}-to", label_visibility="collapsed",
        default=ways[0].to if len(ways) == 1 else None,
    )  # fmt: skip
    way = next((one for one in ways if one.to == chosen), None)
    if way is None:
        return
    fields = Fields(f"{key}-{way.to}", (record.number, record.revision))
    with st.form(f"{key}-{way.to}", border=True):
        given = _given(fields, record, way)
        if way.second:
            st.caption("此步骤由经办人以外的人复核，您的姓名与时间记入办理过程。")
        sent = fields.send(f"变更为“{way.to}”")
    if sent and fields.run(
        lambda connection, actor: transitions.move(
            connection, actor, record.kind, record.id, way.to, given, record.revision,
            settings=context.settings(), now=utc_now(), confirm_figures=fields.sure,
        )
    ):  # fmt: skip
        case_notes.done(f"{record.number} 已变更为“{way.to}”")


def _given(fields: Fields, record: Stepping, way: Way) -> dict[str, Any]:
    """What the way asks for, prefilled with what the record has."""
    given: dict[str, Any] = {}
    short = [need for need in way.needs if need.type not in _WIDE]
    for start in range(0, len(short), _BESIDE):
        # Row by row: a message below one field must not move its neighbours apart.
        for column, need in zip(st.columns(_BESIDE), short[start : start + _BESIDE], strict=False):
            given[need.field] = _one(fields, record, need, column)
    for need in way.needs:
        if need.type in _WIDE:
            given[need.field] = fields.need(need, record.held.get(need.field))
    return given


def _one(fields: Fields, record: Stepping, need: Need, where: Any) -> Any:
    if need.type == "conclusion":
        return fields.choice(need.field, f"{need.words} *", record.conclusions, where=where) or None
    if need.type == "case":
        words = f"{need.words} *" if need.required else need.words
        return case_of(fields.text(need.field, words, where=where, placeholder="案件编号，如 AJ2026-000123"))
    return fields.need(need, record.held.get(need.field), where=where)


def case_of(number: str) -> int | None:
    """The case a person named by its number. None where nothing was named; a number of no case is refused when sent."""
    if not number:
        return None
    with context.look() as connection:
        return lead_files.case_id(connection, context.actor().scope, number)
