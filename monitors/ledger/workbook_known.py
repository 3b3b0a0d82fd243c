"""What the ledger already holds of the employers, projects and cases a workbook names, fetched in a few large reads."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select, text

from monitors.access.scope import Scope, within
from monitors.ledger import case_rows, employers
from monitors.ledger.case_rows import Case
from monitors.ledger.workbook_rows import Entry
from monitors.store import tables as t

_AT_ONCE = 800  # values of one IN
TABLES = ("employer", "project", "wage_case", "payment")  # what a plan rests on


@dataclass(frozen=True, slots=True)
class KnownEmployer:
    """An employer of the ledger."""

    id: int
    name: str
    uscc: str | None
    class_: str
    region: str
    state_owned: bool
    revision: int


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project of the ledger; ``contractor`` is the name."""

    id: int
    name: str
    region: str
    industry: str
    developer: str
    contractor_id: int | None
    contractor: str
    gov: bool
    ppp: bool
    soe: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Paid:
    """The payments of a case added up; ``migrants`` are distinct, as ``Case.paid_workers`` is."""

    workers: int
    migrants: int
    fen: int
    migrant_fen: int
    last: date | None


NOTHING_PAID = Paid(0, 0, 0, 0, None)


class Known:
    """The store as it was when the plan was made. ``versions`` tell later whether it still is."""

    def __init__(self, connection: Connection, scope: Scope, entries: Sequence[Entry]) -> None:
        self.versions = versions(connection)
        names = {name for entry in entries for name in (entry.employer, entry.contractor) if name}
        codes = {entry.uscc for entry in entries if entry.uscc}
        numbers = {entry.number for entry in entries if entry.number}
        self.by_number: dict[str, Case] = {}
        self.cases: dict[tuple[int, int | None], list[Case]] = defaultdict(list)
        self.by_external: dict[tuple[str, str], list[Case]] = defaultdict(list)
        self.employers: dict[int, KnownEmployer] = {}
        self.by_uscc: dict[str, KnownEmployer] = {}
        self.by_name: dict[str, list[KnownEmployer]] = defaultdict(list)
        self.projects: dict[int, KnownProject] = {}
        self.by_site: dict[str, list[KnownProject]] = defaultdict(list)
        self.paid: dict[int, Paid] = {}
        numbered = list(_cases(connection, scope, t.wage_case.c.number, numbers))
        self._employers(connection, names, codes, {case.employer_id for case in numbered})
        found = {case.id: case for case in numbered}
        found |= {c.id: c for c in _cases(connection, scope, t.wage_case.c.employer_id, set(self.employers))}
        outside = {entry.external_no for entry in entries if entry.external_no}
        found |= {c.id: c for c in _cases(connection, scope, t.wage_case.c.external_no, outside)}
        for case in found.values():
            self.by_number[case.number] = case
            self.cases[case.employer_id, case.project_id].append(case)
            if case.external_no:
                self.by_external[case.channel, case.external_no].append(case)
        sites = {entry.project for entry in entries if entry.project}
        self._projects(connection, sites, {case.project_id for case in found.values() if case.project_id})
        self._payments(connection, [case.id for case in found.values() if case.paid_workers or case.paid_fen])

    def _employers(
        self, connection: Connection, names: Collection[str], codes: Collection[str], ids: Collection[int]
    ) -> None:
        c = t.employer.c
        query = select(c.id, c.name, c.uscc, c["class"], c.region, c.state_owned, c.revision)
        wanted = ((c.name, _variants(names)), (c.uscc, codes), (c.id, ids))
        for column, values in wanted:
            for part in _parts(values):
                for row in connection.execute(query.where(column.in_(part))):
                    self.employers[row[0]] = KnownEmployer(*row)
        for one in self.employers.values():
            self.by_name[folded(one.name)].append(one)
            if one.uscc:
                self.by_uscc[one.uscc] = one

    def _projects(self, connection: Connection, names: Collection[str], ids: Collection[int]) -> None:
        c, contractor = t.project.c, t.employer.alias("contractor")
        own = (c.id, c.name, c.region, c.industry, c.developer, c.contractor_id)
        query = select(*own, func.coalesce(contractor.c.name, ""), c.gov, c.ppp, c.soe, c.revision).select_from(
            t.project.outerjoin(contractor, contractor.c.id == c.contractor_id)
        )
        for column, values in ((c.name, _variants(names)), (c.id, ids)):
            for part in _parts(values):
                for row in connection.execute(query.where(column.in_(part))):
                    self.projects[row[0]] = KnownProject(*row)
        for one in self.projects.values():
            self.by_site[folded(one.name)].append(one)

    def _payments(self, connection: Connection, ids: Collection[int]) -> None:
        c = t.payment.c
        sums = (c.first_persons, c.first_migrants, c.wage_fen, c.wage_migrant_fen)
        query = select(c.case_id, *(func.sum(column) for column in sums), func.max(c.on)).group_by(c.case_id)
        for part in _parts(ids):
            for case_id, *values, last in connection.execute(query.where(c.case_id.in_(part))):
                workers, migrants, fen, migrant_fen = (int(value or 0) for value in values)
                self.paid[case_id] = Paid(workers, migrants, fen, migrant_fen, last)


def versions(connection: Connection) -> tuple[str, ...]:
    """Data versions of ``TABLES`` within this connection's own snapshot."""
    found = {str(name): str(value) for name, value in connection.execute(text("SELECT t, v FROM data_version"))}
    return tuple(found.get(name, "0") for name in TABLES)


@lru_cache(65_536)  # asked several times of every name in a workbook
def folded(name: str) -> str:
    """A name for comparing: half width, no blanks; a bracket is a bracket."""
    return "".join(unicodedata.normalize("NFKC", name).split()).upper()


def _variants(names: Iterable[str]) -> set[str]:
    """How the same name may have been stored: as written, or with the other kind of brackets."""
    found = set()
    for name in names:
        half = "".join(unicodedata.normalize("NFKC", name).split())
        found |= {name, half, half.replace("(", "（").replace(")", "）"), employers.tidy(name)}
    return found


def _cases(connection: Connection, scope: Scope, column: Any, values: Collection[Any]) -> Iterator[Case]:
    """The cases within ``scope``."""
    place = within(t.wage_case.c.region, scope.region)
    for part in _parts(values):
        query = case_rows.query().where(column.in_(part))
        for row in connection.execute(query if scope.everything else query.where(place)):
            yield case_rows.read(row)


def _parts(values: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
