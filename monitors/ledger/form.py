"""附件2 from the ledger: every figure of one campaign, region and cutoff, derived and never typed (domain.md 2).

A record counts by its own date within [start of the campaign, cutoff], never by the present state, so that a form of
last month can be made again. The database adds up; only sums come here. Money is 分, people persons, both exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Subquery, and_, case, func, or_, select

from monitors.access.scope import within
from monitors.errors import InputError
from monitors.ledger.form_layout import (
    BLANK_UNITS,
    COLUMNS,
    FLAGS,
    MEASURE_COLUMNS,
    ROWS,
    STEP,
    Unit,
    figure,
    steps,
)
from monitors.ledger.model import EmployerClass, MeasureType
from monitors.regions import divisions
from monitors.settings import Campaign
from monitors.store import tables as t

_Grid = dict[str, list[int]]


def _unindexed(day: ColumnElement[date | None]) -> ColumnElement[date | None]:
    # By date SQLite fetches rows out of the order they lie in: a busy campaign's payments took three times as long.
    return func.coalesce(day, day)


@dataclass(frozen=True, slots=True)
class Period:
    """What a form is about: one division, from the campaign's first day to the cutoff, both included."""

    start: date
    cutoff: date
    region: str

    def inspected(self) -> ColumnElement[bool]:
        """Inspections of the period."""
        return and_(t.inspection.c.on.between(self.start, self.cutoff), within(t.inspection.c.region, self.region))

    def verified(self) -> ColumnElement[bool]:
        """Cases found true (查实) in the period."""
        return and_(
            _unindexed(t.wage_case.c.verified_on).between(self.start, self.cutoff),
            within(t.wage_case.c.region, self.region),
        )

    def filed(self) -> ColumnElement[bool]:
        """Cases filed (立案) in the period."""
        row = t.wage_case.c
        return and_(self._either(row.filed_on, row.first_filed_on), within(row.region, self.region))

    def settled(self) -> ColumnElement[bool]:
        """Cases settled in the period that were, by the cutoff, never filed."""
        row = t.wage_case.c
        return and_(
            self._either(row.closed_on, row.first_closed_on),
            or_(row.filed_on.is_(None), func.coalesce(row.first_filed_on, row.filed_on) > self.cutoff),
            within(row.region, self.region),
        )

    def _either(self, last: ColumnElement[Any], first: ColumnElement[Any]) -> ColumnElement[bool]:
        """The last day or the first lies in the period: what was filed or closed counts although it was so again."""
        return or_(last.between(self.start, self.cutoff), first.between(self.start, self.cutoff))

    def paid(self) -> ColumnElement[bool]:
        """Payments of the period; on ``payment`` joined to its case."""
        return and_(
            _unindexed(t.payment.c.on).between(self.start, self.cutoff), within(t.wage_case.c.region, self.region)
        )

    def prior(self) -> ColumnElement[bool]:
        """Cases whose arrears are from before the campaign, wholly or found true before it."""
        return or_(t.wage_case.c.prior_period, t.wage_case.c.verified_on < self.start)

    def taken(self, *types: MeasureType) -> ColumnElement[bool]:
        """Measures of these types in the period."""
        row = t.measure.c
        return and_(row.type.in_(types), row.on.between(self.start, self.cutoff), within(row.region, self.region))


@dataclass(frozen=True, slots=True)
class FormCells:
    """The figures of one form. Rows 1–5 by columns 1–20, and the 14 blanks of 其他情况.

    ``rows`` and ``others`` are exact: 户, 件, 个; persons; 分. ``shown`` and ``shown_others`` are what is printed, in
    smallest steps (``form_layout.STEP``). ``prior_fen`` is, row by row, the part of column 14 paid on arrears from
    before the campaign. ``demo``: invented demonstration records are among those counted.
    """

    campaign: str
    start: date
    cutoff: date
    region: str
    rows: tuple[tuple[int, ...], ...]
    others: tuple[int, ...]
    shown: tuple[tuple[int, ...], ...]
    shown_others: tuple[int, ...]
    prior_fen: tuple[int, ...]
    demo: bool = False

    def at(self, row: int, column: int) -> int:
        """The exact figure of row 1–5, column 1–20."""
        return self.rows[row - 1][column - 1]

    def printed(self, row: int, column: int) -> str:
        """The figure as it stands on paper."""
        return str(figure(COLUMNS[column - 1].unit, self.shown[row - 1][column - 1]))

    def printed_others(self) -> tuple[str, ...]:
        """The 14 blanks as they stand on paper."""
        return tuple(str(figure(unit, shown)) for unit, shown in zip(BLANK_UNITS, self.shown_others, strict=True))

    def rounding(self) -> dict[int, int]:
        """By how many 分 the printed 合计 of a money column differs from the exact sum; only where it does."""
        off = {
            column.number: self.shown[0][column.number - 1] * STEP[Unit.MONEY] - self.at(1, column.number)
            for column in COLUMNS
            if column.unit is Unit.MONEY
        }
        return {number: fen for number, fen in off.items() if fen}


def period_of(campaign: Campaign, cutoff: date, region: str) -> Period:
    """The period of a form.

    Raises:
        InputError: the cutoff lies outside the campaign, or there is no such division in the province.
    """
    if not campaign.start <= cutoff <= campaign.end:
        raise InputError(
            f"截止日期 {cutoff} 不在“{campaign.name}”期间（{campaign.start} 至 {campaign.end}）内，请重新选择"
        )
    division = divisions.by_code(region)
    if division is None or not region.startswith("53") or len(region) != 6:
        raise InputError(f"没有区划代码 {region}，应为本省六位代码，例如昭通市 530600")
    return Period(campaign.start, cutoff, region)


def cells(connection: Connection, *, campaign: Campaign, cutoff: date, region: str) -> FormCells:
    """Count the form of ``region`` up to and including ``cutoff``.

    Raises:
        InputError: as ``period_of``.
    """
    period = period_of(campaign, cutoff, region)
    count = _Count(connection, period)
    total = [sum(column) for column in zip(*count.grid.values(), strict=True)]
    rows = tuple(tuple(row) for row in (total, *(count.grid[name] for name in EmployerClass)))
    prior = (sum(count.prior.values()), *(count.prior.get(name, 0) for name in EmployerClass))
    return FormCells(
        campaign=campaign.key,
        start=period.start,
        cutoff=cutoff,
        region=region,
        rows=rows,
        others=tuple(count.others),
        shown=rounded(rows),
        shown_others=tuple(steps(unit, exact) for unit, exact in zip(BLANK_UNITS, count.others, strict=True)),
        prior_fen=prior,
        demo=count.demo > 0,
    )


def rounded(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Rows 1–5 in printed steps; 合计 adds the rounded rows 2–5."""
    parts = [[steps(column.unit, exact) for column, exact in zip(COLUMNS, row, strict=True)] for row in rows[1:]]
    return (tuple(map(sum, zip(*parts, strict=True))), *map(tuple, parts))


def latest_inspections(period: Period) -> Subquery:
    """The newest inspection of each employer in the period: columns 1–4 count nobody twice."""
    row = t.inspection.c
    newest = func.row_number().over(partition_by=row.employer_id, order_by=(row.on.desc(), row.id.desc()))
    ranked = select(
        row.id, row.employer_id, row.workers, row.migrants, row.migrants_with_contract, row.demo, newest.label("rank")
    ).where(period.inspected())
    inside = ranked.subquery()
    return select(inside).where(inside.c.rank == 1).subquery()


def paid_again(period: Period) -> Subquery:
    """How many people each case was paid in the period who had been paid in it before the period, by employer.

    ``first_persons`` of a payment were never paid in the case before. Of the others those beyond the newcomers of
    earlier payments in the period can only have been paid before it. Cases without earlier payments have none.
    """
    row, earlier, repeated = t.payment.c, t.payment.alias("earlier"), t.payment.alias("repeated")
    again = select(repeated.c.case_id).where(
        _unindexed(repeated.c.on).between(period.start, period.cutoff), repeated.c.persons > repeated.c.first_persons
    )
    before = (
        select(earlier.c.id).where(earlier.c.case_id == row.case_id, earlier.c.on < period.start).correlate(t.payment)
    )
    order: Mapping[str, Any] = {"partition_by": row.case_id, "order_by": (row.on, row.id), "rows": (None, -1)}
    lines = (
        select(
            row.case_id,
            t.wage_case.c.employer_id,
            (row.persons - row.first_persons - _before(row.first_persons, order)).label("persons"),
            (row.migrants - row.first_migrants - _before(row.first_migrants, order)).label("migrants"),
        )
        .select_from(t.payment.join(t.wage_case, t.wage_case.c.id == row.case_id))
        .where(period.paid(), row.case_id.in_(again), before.exists())
    )
    line = lines.subquery().c
    known = [func.max(case((number > 0, number), else_=0)) for number in (line.persons, line.migrants)]
    return (
        select(line.employer_id, known[0].label("persons"), known[1].label("migrants"))
        .group_by(line.case_id, line.employer_id)
        .subquery()
    )


def _before(newcomers: ColumnElement[int], order: Mapping[str, Any]) -> ColumnElement[int]:
    return func.coalesce(func.sum(newcomers).over(**order), 0)


class _Count:
    """The queries of one form and what they gave, by employer class.

    Each adds up per employer (or project) first and asks for its class after: fewer rows to join.
    """

    def __init__(self, connection: Connection, period: Period) -> None:
        self._connection, self._period = connection, period
        self.grid: _Grid = {name: [0] * len(COLUMNS) for name in ROWS[1:]}
        self.prior: dict[str, int] = {}
        self.others = [0] * len(BLANK_UNITS)
        self.demo = 0
        self._inspections()
        self._verified()
        self._handled()
        self._payments()
        self._measures()
        self._projects()

    def _put(self, row: Sequence[Any], columns: Iterable[int], values: Iterable[Any]) -> None:
        """Add one group's values; a class the form does not know still counts in 合计 (and fails F01)."""
        line = self.grid.setdefault(row[0], [0] * len(COLUMNS))
        for number, value in zip(columns, values, strict=True):
            line[number - 1] += int(value or 0)

    def _by_class(self, per_employer: FromClause, *more: Any) -> Sequence[Any]:
        """Class, ``more``, number of rows, then the sum of every other column of ``per_employer``."""
        of, taken = t.employer.c["class"], {one.key for one in more} | {"employer_id"}
        sums = [func.sum(one) for one in per_employer.c if one.key not in taken]
        joined = per_employer.join(t.employer, t.employer.c.id == per_employer.c.employer_id)
        query = select(of, *more, func.count(), *sums).select_from(joined).group_by(of, *more)
        return self._connection.execute(query).all()

    def _inspections(self) -> None:
        row = latest_inspections(self._period).c
        query = select(row.employer_id, row.workers, row.migrants, row.migrants_with_contract)
        for found in self._by_class(query.add_columns(case((row.demo, 1), else_=0).label("demo")).subquery()):
            self._put(found, (1, 2, 3, 4), found[1:5])
            self.demo += int(found[5])

    def _verified(self) -> None:
        row = t.wage_case.c
        money = (row.verified_workers, row.verified_migrants, row.verified_fen, row.verified_migrant_fen)
        sums = (func.sum(one).label(one.key) for one in money)
        query = select(row.employer_id, *sums, _demo(row.demo)).where(self._period.verified())
        for found in self._by_class(query.group_by(row.employer_id).subquery()):
            self._put(found, (5, 6, 7, 8, 9), found[1:6])
            self.demo += int(found[6])

    def _handled(self) -> None:
        row, filed, settled = t.wage_case.c, self._period.filed(), self._period.settled()
        counts = (func.count().filter(filed).label("filed"), func.count().filter(settled).label("settled"))
        query = select(row.employer_id, *counts, _demo(row.demo)).where(
            within(row.region, self._period.region), or_(filed, settled)
        )
        for found in self._by_class(query.group_by(row.employer_id).subquery()):
            self._put(found, (10, 11), found[2:4])
            self.demo += int(found[4])

    def _payments(self) -> None:
        row, owed = t.payment.c, t.wage_case.c
        fen = row.wage_fen + row.compensation_fen
        sums = (
            func.sum(row.first_persons).label("persons"),
            func.sum(row.first_migrants).label("migrants"),
            func.sum(fen).label("fen"),
            func.sum(row.wage_migrant_fen + row.compensation_migrant_fen).label("migrant_fen"),
            func.sum(case((self._period.prior(), fen), else_=0)).label("prior_fen"),
        )
        query = (
            select(owed.employer_id, *sums, _demo(or_(row.demo, owed.demo)))
            .select_from(t.payment.join(t.wage_case, owed.id == row.case_id))
            .where(self._period.paid())
            .group_by(owed.employer_id)
        )
        for found in self._by_class(query.subquery()):
            self._put(found, (12, 13, 14, 15), found[2:6])
            self.prior[found[0]] = int(found[6])
            self.demo += int(found[7])
        for found in self._by_class(paid_again(self._period)):
            self._put(found, (12, 13), found[2:4])

    def _measures(self) -> None:
        row = t.measure.c
        column_of = {str(type_): number for number, types in MEASURE_COLUMNS.items() for type_ in types}
        counted = (*map(MeasureType, column_of), MeasureType.PUBLISHED, MeasureType.BLACKLISTED)
        query = select(row.employer_id, row.type, func.count().label("pieces"), _demo(row.demo))
        per_employer = query.where(self._period.taken(*counted)).group_by(row.employer_id, row.type).subquery()
        for found in self._by_class(per_employer, per_employer.c.type):
            self.demo += int(found[4])
            if found.type == MeasureType.PUBLISHED:
                self.others[12] += int(found[2])  # 户: an employer published twice is one
            elif found.type == MeasureType.BLACKLISTED:
                self.others[13] += int(found[3])  # 件
            else:
                self._put(found, (column_of[found.type],), (found[3],))

    def _projects(self) -> None:
        project, row = t.project.c, t.wage_case.c
        flags = [project[name] for name in FLAGS]
        # A project that is two of the three counts in both (备注3): three sums side by side, never one kind.
        seen = select(t.inspection.c.project_id).where(self._period.inspected()).distinct().subquery()
        checked = select(*(func.count().filter(flag) for flag in flags))
        checked = checked.select_from(seen.join(t.project, project.id == seen.c.project_id))
        sums = (func.sum(row.verified_fen).label("fen"), func.sum(row.verified_workers).label("workers"))
        owing = select(row.project_id, *sums).where(self._period.verified()).group_by(row.project_id).subquery()
        what = [
            one
            for flag in flags
            for one in (
                func.count().filter(flag),
                func.sum(case((flag, owing.c.fen), else_=0)),
                func.sum(case((flag, owing.c.workers), else_=0)),
            )
        ]
        owed = select(*what).select_from(owing.join(t.project, project.id == owing.c.project_id))
        found, due = self._connection.execute(checked).one(), self._connection.execute(owed).one()
        for index in range(len(FLAGS)):
            values = (found[index], *due[index * 3 : index * 3 + 3])
            self.others[index * 4 : index * 4 + 4] = [int(value or 0) for value in values]


def _demo(marked: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(marked).label("demo")
