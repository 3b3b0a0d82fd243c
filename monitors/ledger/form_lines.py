"""The records behind a figure of 附件2 as a person reads them: whose, where, when, and what each adds to the figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from monitors.ledger.form_behind import Behind
from monitors.ledger.form_layout import BLANK_UNITS, COLUMNS, FLAGS, Unit
from monitors.ledger.model import Record
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Place:
    """One figure of the form: row 1–5 with column 1–20, or row 0 with blank 1–14 of 其他情况."""

    row: int
    column: int

    @property
    def unit(self) -> Unit:
        """What the figure counts in."""
        return BLANK_UNITS[self.column - 1] if self.row == 0 else COLUMNS[self.column - 1].unit


@dataclass(frozen=True, slots=True)
class Line:
    """One record: ``case`` its case's number, ``on`` the day it counts by, ``share`` what it adds (1; persons; 分)."""

    case: str
    employer: str
    project: str
    region: str
    on: date | None
    words: str
    share: int


def lines(connection: Connection, found: Behind, place: Place, *, limit: int) -> tuple[Line, ...]:
    """The first ``limit`` records of ``found``, which ``form_behind`` gave for this place; oldest number first."""
    table = _TABLES[found.kind]
    query = _QUERIES[found.kind](place).where(table.c.id.in_(found.ids[:limit])).order_by(table.c.id)
    return tuple(
        Line(
            row.case or "", row.employer or "", row.project or "", row.region, row.day, row.words or "", int(row.share)
        )
        for row in connection.execute(query)
    )


def _inspections(place: Place) -> Select[Any]:
    row = t.inspection.c
    share = {1: literal(1), 2: row.workers, 3: row.migrants, 4: row.migrants_with_contract}[place.column]
    joined = t.inspection.join(t.employer, t.employer.c.id == row.employer_id)
    joined = joined.outerjoin(t.project, t.project.c.id == row.project_id)
    return _line(literal(""), row.region, row.on, row.unit, share).select_from(joined)


def _cases(place: Place) -> Select[Any]:
    row = t.wage_case.c
    first_filed, first_closed = row.first_filed_on, row.first_closed_on
    days: Mapping[int, ColumnElement[Any]] = {
        10: func.coalesce(first_filed, row.filed_on),
        11: func.coalesce(first_closed, row.closed_on),
    }
    shares: Mapping[int, ColumnElement[Any]] = {
        6: row.verified_workers, 7: row.verified_migrants, 8: row.verified_fen, 9: row.verified_migrant_fen,
    }  # fmt: skip
    if place.row == 0:
        share: ColumnElement[Any] = {Unit.MONEY: row.verified_fen, Unit.PERSONS: row.verified_workers}[place.unit]
        day: ColumnElement[Any] = row.verified_on
    else:
        share, day = shares.get(place.column, literal(1)), days.get(place.column, row.verified_on)
    joined = t.wage_case.join(t.employer, t.employer.c.id == row.employer_id)
    joined = joined.outerjoin(t.project, t.project.c.id == row.project_id)
    return _line(row.number, row.region, day, row.state, share).select_from(joined)


def _payments(place: Place) -> Select[Any]:
    row = t.payment.c
    share = {
        12: row.persons,
        13: row.migrants,
        14: row.wage_fen + row.compensation_fen,
        15: row.wage_migrant_fen + row.compensation_migrant_fen,
    }[place.column]
    owed = t.wage_case.c
    joined = t.payment.join(t.wage_case, owed.id == row.case_id)
    joined = joined.join(t.employer, t.employer.c.id == owed.employer_id)
    joined = joined.outerjoin(t.project, t.project.c.id == owed.project_id)
    return _line(owed.number, owed.region, row.on, row.source, share).select_from(joined)


def _measures(_place: Place) -> Select[Any]:
    row = t.measure.c
    joined = t.measure.join(t.employer, t.employer.c.id == row.employer_id)
    joined = joined.outerjoin(t.wage_case, t.wage_case.c.id == row.case_id)
    joined = joined.outerjoin(t.project, t.project.c.id == t.wage_case.c.project_id)
    words = row.type + literal(" ") + row.doc_no
    return _line(t.wage_case.c.number, row.region, row.on, words, literal(1)).select_from(joined)


def _projects(_place: Place) -> Select[Any]:
    row = t.project.c
    joined = t.project.outerjoin(t.employer, t.employer.c.id == row.contractor_id)
    words = row.industry + literal(" ") + row.status
    return _line(literal(""), row.region, literal(None), words, literal(1)).select_from(joined)


def _line(case: Any, region: Any, day: Any, words: Any, share: Any) -> Select[Any]:
    return select(
        case.label("case"),
        t.employer.c.name.label("employer"),
        t.project.c.name.label("project"),
        region.label("region"),
        day.label("day"),
        words.label("words"),
        share.label("share"),
    )


_TABLES = {
    Record.INSPECTION: t.inspection,
    Record.CASE: t.wage_case,
    Record.PAYMENT: t.payment,
    Record.MEASURE: t.measure,
    Record.PROJECT: t.project,
}
_QUERIES = {
    Record.INSPECTION: _inspections,
    Record.CASE: _cases,
    Record.PAYMENT: _payments,
    Record.MEASURE: _measures,
    Record.PROJECT: _projects,
}


def remark(place: Place, kind: Record) -> str:
    """Why the records need not add up to the figure; ``""`` where they do."""
    if place.row and place.column in (12, 13):
        return "同一案件中多次领到工资的人只计一次，各次支付人数之和可能大于表内数字。"
    if place.unit is Unit.EMPLOYERS and kind is not Record.INSPECTION:
        return "同一用人单位有多条记录的只计一户。"
    if place.row == 0 and place.column <= len(FLAGS) * 4:
        return "同一项目兼属两类以上的，在各类中分别统计。"
    return ""
