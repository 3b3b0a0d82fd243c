"""What a workbook would do to the ledger, row by row: 新增, 修改, 不变, 拒绝, 疑似重复; nothing is written here.

An empty cell never erases what the ledger holds. A row with a case number changes that case; one without is the case
of the same employer, project and day of acceptance whose arrears meet its own, else a new one. Where a case is merely
alike (E12), a person decides: 合并, 新增 or 跳过. Figures that E13 doubts are taken once a person confirmed the row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Connection

from monitors.access.scope import Scope
from monitors.clock import local
from monitors.ledger import workbook_changes, workbook_rows
from monitors.ledger.case_rows import Case
from monitors.ledger.faults import Fault, fault
from monitors.ledger.model import CLOSED_CASE, CaseState
from monitors.ledger.workbook_cells import Workbook
from monitors.ledger.workbook_changes import Outcome, Yardstick
from monitors.ledger.workbook_known import Known
from monitors.ledger.workbook_parties import Parties, Party
from monitors.ledger.workbook_payment import PaymentPlan
from monitors.ledger.workbook_rows import CellFault, Reading, Readings, Skipped
from monitors.settings import Settings

Decision = Literal["合并", "新增", "跳过"]


class Verdict(StrEnum):
    """What becomes of a row."""

    ADD = "新增"
    CHANGE = "修改"
    SAME = "不变"
    REFUSED = "拒绝"
    DUPLICATE = "疑似重复"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs from the ledger, in words."""

    address: str
    heading: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What the row may repeat: a case (``case_id``), or a row above it (``case_id`` None, ``number`` its key)."""

    case_id: int | None
    number: str
    why: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row and what becomes of it. ``values`` are the case's columns to be written, all of them for a new case."""

    reading: Reading
    verdict: Verdict
    faults: tuple[CellFault, ...] = ()
    remarks: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    case: Case | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    payment: PaymentPlan | None = None

    @property
    def key(self) -> str:
        """``欠薪台账!12``."""
        return self.reading.key


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole preview. With ``faults`` (of whole sheets) nothing can be imported.

    ``versions`` say which state of the ledger it rests on, ``decisions`` and ``trusted`` what persons have settled.
    """

    file_name: str
    sha256: str
    rows: tuple[PlannedRow, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]
    parties: Parties
    versions: tuple[str, ...]
    decisions: Mapping[str, Decision]
    trusted: frozenset[str]
    readings: Readings

    def count(self, verdict: Verdict) -> int:
        """How many rows."""
        return self.counts[verdict]

    @property
    def counts(self) -> Counter[Verdict]:
        """Rows by verdict."""
        return Counter(row.verdict for row in self.rows)


def plan(
    connection: Connection,
    scope: Scope,
    book: Workbook,
    *,
    settings: Settings,
    now: datetime,
    decisions: Mapping[str, Decision] | None = None,
    trusted: Collection[str] = (),
) -> Plan:
    """Compare ``book`` with the ledger as ``connection`` sees it.

    Args:
        connection: for reading only; its snapshot ends with the call.
        scope: the person's part of the province; cases elsewhere are neither matched nor told of.
        book: the workbook, see ``workbook_cells.read``.
        settings: ``[ledger]`` limits the rows and says what is 重大.
        now: the moment; no day may lie after it.
        decisions: row key → what to do with a suspected duplicate.
        trusted: keys of rows whose figures a person has confirmed although E13 doubts them.

    Raises:
        InputError: no sheet holds a ledger, or there are too many rows.
    """
    readings = workbook_rows.read(book, settings.ledger.import_rows)
    return _planned(
        connection, scope, readings, (book.name, book.sha256), settings, now, dict(decisions or {}), frozenset(trusted)
    )


def revised(
    connection: Connection,
    scope: Scope,
    before: Plan,
    *,
    settings: Settings,
    now: datetime,
    decisions: Mapping[str, Decision] | None = None,
    trusted: Collection[str] | None = None,
) -> Plan:
    """The same workbook against the ledger of now, with other decisions where they are given."""
    settled = before.decisions if decisions is None else dict(decisions)
    sure = before.trusted if trusted is None else frozenset(trusted)
    named = before.file_name, before.sha256
    return _planned(connection, scope, before.readings, named, settings, now, settled, sure)


def _planned(  # noqa: PLR0917 - both ways in give the same eight, by place
    connection: Connection,
    scope: Scope,
    readings: Readings,
    named: tuple[str, str],
    settings: Settings,
    now: datetime,
    decisions: Mapping[str, Decision],
    trusted: frozenset[str],
) -> Plan:
    whole = () if readings.faults else readings.rows
    known = Known(connection, scope, [reading.entry for reading in whole])
    connection.rollback()  # of a reading: what follows may take longer than PostgreSQL lets a transaction idle
    parties = Parties(known, scope, whole)
    planner = _Planner(known, parties, Yardstick(settings, local(now).date(), scope), decisions, trusted)
    return Plan(
        file_name=named[0],
        sha256=named[1],
        rows=tuple(planner.row(reading) for reading in whole),
        skipped=tuple(readings.skipped),
        notes=tuple(readings.notes),
        faults=tuple(readings.faults),
        parties=parties,
        versions=known.versions,
        decisions=decisions,
        trusted=trusted,
        readings=readings,
    )


class _Planner:
    def __init__(
        self,
        known: Known,
        parties: Parties,
        yardstick: Yardstick,
        decisions: Mapping[str, Decision],
        trusted: frozenset[str],
    ) -> None:
        self._known = known
        self._parties = parties
        self._yardstick = yardstick
        self._decisions = decisions
        self._trusted = trusted
        self._taken: dict[int, str] = {}  # case → the row that is it
        self._above: dict[tuple[str, str], list[Reading]] = defaultdict(list)

    def row(self, reading: Reading) -> PlannedRow:
        """The row's verdict; rows must come in the order of the file."""
        entry, parties = reading.entry, self._parties
        remarks = tuple(parties.remarks(reading))
        faults = [*reading.faults, *map(reading.fault, parties.faults(reading))]
        if entry.region and not self._yardstick.scope.covers(entry.region):
            faults.append(reading.fault(Fault("region", "该地区不在您的辖区内")))
        case, alike, found = self._case_of(reading)
        faults += [reading.fault(one) for one in found]
        if faults and not self._worth_checking(reading):
            return PlannedRow(reading, Verdict.REFUSED, tuple(faults), remarks)
        decision = self._decisions.get(reading.key)
        told = PlannedRow(reading, Verdict.REFUSED, tuple(faults), remarks, duplicates=tuple(alike), case=case)
        if alike and decision == "合并" and alike[0].case_id is not None:
            target = self._case(alike[0].case_id)
            return self._done(replace(told, case=target), workbook_changes.merged(target, entry, self._yardstick))
        if alike and decision != "新增":
            words = reading.fault(fault("E12", "employer_id", id=alike[0].number))
            verdict = Verdict.REFUSED if faults else Verdict.DUPLICATE
            return replace(told, verdict=verdict, faults=(*faults, words))
        if case is not None:
            return self._done(told, workbook_changes.changed(case, reading, self._known, parties, self._yardstick))
        return self._done(told, workbook_changes.created(reading, parties, self._yardstick))

    @staticmethod
    def _worth_checking(reading: Reading) -> bool:
        """Whether a row with faults already is looked at further: never at the first fault only."""
        entry = reading.entry
        return bool(entry.number or (entry.employer and entry.region))

    def _done(self, told: PlannedRow, outcome: Outcome) -> PlannedRow:
        """``told`` with what its outcome adds: further faults, or the verdict and what is to be written."""
        reading, trusted = told.reading, told.key in self._trusted
        failed = {one.address for one in told.faults}
        own = [reading.fault(one) for one in outcome.faults if not (trusted and one.code == "E13")]
        found = (*told.faults, *dict.fromkeys(one for one in own if one.address not in failed))
        told = replace(told, faults=found, remarks=(*told.remarks, *outcome.remarks))
        if found:
            return told
        verdict = Verdict.ADD if told.case is None else Verdict.CHANGE if outcome.changes else Verdict.SAME
        changes = tuple(Change(reading.at(key), name, old, new) for key, name, old, new in outcome.changes)
        return replace(told, verdict=verdict, changes=changes, values=outcome.values, payment=outcome.payment)

    def _case(self, case_id: int) -> Case:
        return next(case for case in self._known.by_number.values() if case.id == case_id)

    def _case_of(self, reading: Reading) -> tuple[Case | None, list[Duplicate], list[Fault]]:
        """The case the row is, what it may repeat, and what is wrong with the claim."""
        entry = reading.entry
        if entry.number:
            case = self._known.by_number.get(entry.number)
            if case is None:
                return None, [], [Fault("number", f"没有编号为{entry.number}的案件，或该案件不在您的辖区内")]
            if where := self._taken.get(case.id):
                return case, [], [Fault("number", f"与{where}行的案件编号相同")]
            self._taken[case.id] = reading.key
            return case, [], []
        employer, project = self._parties.employer_of(reading), self._parties.project_of(reading)
        if employer is None:
            return None, [], []
        alike = self._alike_in_store(reading, employer, project)
        same = [case for case in alike if case.accepted_on == entry.accepted_on and case.id not in self._taken]
        if len(same) > 1:  # several on one day: the one whose claim it is
            same = [case for case in same if case.claimed_fen == entry.claimed_fen]
        if len(same) == 1:
            self._taken[same[0].id] = reading.key
            return same[0], [], []
        hits = [Duplicate(case.id, case.number, "同企业、同项目、同时段") for case in alike]
        hits += [
            Duplicate(case.id, case.number, f"同一渠道的来源编号相同（{entry.external_no}）")
            for case in self._known.by_external.get((entry.channel, entry.external_no), [])
            if case not in alike
        ]
        hits += self._alike_in_file(reading, employer, project)
        return None, hits, []

    def _alike_in_store(self, reading: Reading, employer: Party, project: Party | None) -> list[Case]:
        if employer.known is None or (project is not None and project.known is None):
            return []
        place = project.known.id if project is not None and project.known else None
        return [
            case
            for case in self._known.cases.get((employer.known.id, place), [])
            if case.state != CaseState.UNFOUNDED
            and (
                _meet((case.period_from, case.period_to), reading)
                if (case.period_from or case.period_to) and (reading.entry.period_from or reading.entry.period_to)
                else case.state not in CLOSED_CASE or case.accepted_on == reading.entry.accepted_on
            )
        ]

    def _alike_in_file(self, reading: Reading, employer: Party, project: Party | None) -> list[Duplicate]:
        above = self._above[employer.key, project.key if project else ""]
        found = [
            Duplicate(None, one.key, "表内同企业、同项目、同时段")
            for one in above
            if _meet((one.entry.period_from, one.entry.period_to), reading)
        ]
        above.append(reading)
        return found[:1]


def _meet(there: tuple[date | None, date | None], reading: Reading) -> bool:
    """Whether the arrears share a day; a period nobody gave meets every other."""
    here = reading.entry.period_from, reading.entry.period_to
    if there == (None, None) or here == (None, None):
        return True
    first = max(one[0] or date.min for one in (there, here))
    last = min(one[1] or date.max for one in (there, here))
    return first <= last
