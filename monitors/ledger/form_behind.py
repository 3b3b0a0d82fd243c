"""The records behind a figure of 附件2: what a click on a cell opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from monitors.errors import InputError
from monitors.ledger.form import Period, latest_inspections, period_of
from monitors.ledger.form_layout import BLANK_UNITS, COLUMNS, FLAGS, MEASURE_COLUMNS, ROWS
from monitors.ledger.model import MeasureType, Record
from monitors.settings import Campaign
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Behind:
    """Records of one kind, oldest number first, and the cases they belong to (themselves, where they are cases)."""

    kind: Record
    ids: tuple[int, ...]
    case_ids: tuple[int, ...] = ()


def behind(connection: Connection, *, campaign: Campaign, cutoff: date, region: str, row: int, col: int) -> Behind:
    """What row 1–5, column 1–20 counts; records that add nothing to the cell are left out.

    Columns 1–4: the newest inspection of each employer. 5–11: cases. 12–15: payments. 16–20: measures.

    Raises:
        InputError: there is no such cell, or as ``form.period_of``.
    """
    if not (1 <= row <= len(ROWS) and 1 <= col <= len(COLUMNS)):
        raise InputError(f"表中没有第 {row} 行第 {col} 栏")
    period = period_of(campaign, cutoff, region)
    if col <= 4:
        newest = latest_inspections(period)
        counted = (newest.c.workers, newest.c.migrants, newest.c.migrants_with_contract)
        query = select(newest.c.id).join(t.employer, t.employer.c.id == newest.c.employer_id).order_by(newest.c.id)
        if col > 1:
            query = query.where(counted[col - 2] > 0)
        return Behind(Record.INSPECTION, _ids(connection, _of_class(query, row)))
    if col <= 11:
        query = select(t.wage_case.c.id).join(t.employer, t.employer.c.id == t.wage_case.c.employer_id)
        query = query.where(_case_condition(period, col)).order_by(t.wage_case.c.id)
        ids = _ids(connection, _of_class(query, row))
        return Behind(Record.CASE, ids, ids)
    if col <= 15:
        payment = t.payment.c
        counted_of = {
            12: payment.persons,
            13: payment.migrants,
            14: payment.wage_fen + payment.compensation_fen,
            15: payment.wage_migrant_fen + payment.compensation_migrant_fen,
        }
        pairs = select(payment.id, payment.case_id).join(t.wage_case, t.wage_case.c.id == payment.case_id)
        pairs = pairs.join(t.employer, t.employer.c.id == t.wage_case.c.employer_id)
        pairs = pairs.where(period.paid(), counted_of[col] > 0).order_by(payment.id)
        return _with_cases(connection, Record.PAYMENT, _of_class(pairs, row))
    measure = t.measure.c
    pairs = select(measure.id, measure.case_id).join(t.employer, t.employer.c.id == measure.employer_id)
    pairs = pairs.where(period.taken(*MEASURE_COLUMNS[col])).order_by(measure.id)
    return _with_cases(connection, Record.MEASURE, _of_class(pairs, row))


def behind_other(connection: Connection, *, campaign: Campaign, cutoff: date, region: str, blank: int) -> Behind:
    """What blank 1–14 of 其他情况 counts. 检查 and 查实 give projects, money and persons cases, ④ measures.

    Raises:
        InputError: there is no such blank, or as ``form.period_of``.
    """
    if not 1 <= blank <= len(BLANK_UNITS):
        raise InputError(f"其他情况没有第 {blank} 空")
    period = period_of(campaign, cutoff, region)
    if blank > len(FLAGS) * 4:
        type_ = MeasureType.PUBLISHED if blank == len(FLAGS) * 4 + 1 else MeasureType.BLACKLISTED
        row = t.measure.c
        return _with_cases(
            connection, Record.MEASURE, select(row.id, row.case_id).where(period.taken(type_)).order_by(row.id)
        )
    place, what = divmod(blank - 1, 4)
    flagged = t.project.c[FLAGS[place]]
    if what == 0:
        seen = select(t.project.c.id).distinct().join(t.inspection, t.inspection.c.project_id == t.project.c.id)
        return Behind(
            Record.PROJECT, _ids(connection, seen.where(flagged, period.inspected()).order_by(t.project.c.id))
        )
    cases = select(t.wage_case.c.project_id, t.wage_case.c.id).join(
        t.project, t.project.c.id == t.wage_case.c.project_id
    )
    cases = cases.where(flagged, period.verified()).order_by(t.wage_case.c.id)
    if what == 2:
        cases = cases.where(t.wage_case.c.verified_fen > 0)
    elif what == 3:
        cases = cases.where(t.wage_case.c.verified_workers > 0)
    found = connection.execute(cases).all()
    ids = tuple(line.id for line in found)
    projects = tuple(sorted({line.project_id for line in found}))
    return Behind(Record.PROJECT, projects, ids) if what == 1 else Behind(Record.CASE, ids, ids)


def _case_condition(period: Period, col: int) -> ColumnElement[bool]:
    row = t.wage_case.c
    if col == 10:
        return period.filed()
    if col == 11:
        return period.settled()
    counted = {6: row.verified_workers, 7: row.verified_migrants, 8: row.verified_fen, 9: row.verified_migrant_fen}
    return period.verified() if col == 5 else period.verified() & (counted[col] > 0)


def _of_class(query: Select[Any], row: int) -> Select[Any]:
    """The row's class only; 合计 takes all."""
    return query if row == 1 else query.where(t.employer.c["class"] == ROWS[row - 1])


def _ids(connection: Connection, query: Select[Any]) -> tuple[int, ...]:
    return tuple(connection.scalars(query))


def _with_cases(connection: Connection, kind: Record, query: Select[Any]) -> Behind:
    found = connection.execute(query).all()
    cases = sorted({line.case_id for line in found if line.case_id is not None})
    return Behind(kind, tuple(line.id for line in found), tuple(cases))
