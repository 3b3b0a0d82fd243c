"""The demonstration ledger (演示台账): put it in, take it away.

Everything written is marked ``demo`` and invented; its states, documents, payments and deadlines are such as the rules
allow. The rows are written at once and past the writers, which tell the audit trail of every act: a demonstration is
one act of one person, recorded by ``monitors.demo``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Connection, Select, String, Table, cast, delete, insert, select, update

from monitors import settings as settings_module
from monitors.clock import local
from monitors.ledger import cases, demo_cases, demo_parties, demo_records
from monitors.ledger.demo_parties import Columns, Parties, Scene, Told
from monitors.ledger.demo_steps import CLERK, Life
from monitors.ledger.model import OVER_CASE, Record
from monitors.settings import Settings
from monitors.store import tables as t

__all__ = ["Counts", "Told", "clear", "load"]

SEED = 7
_RECORDS: dict[Record, Table] = {
    Record.PAYMENT: t.payment, Record.MEASURE: t.measure, Record.EXECUTION: t.execution,
    Record.RECEPTION: t.reception, Record.HAZARD: t.hazard, Record.CLUE: t.clue, Record.INSPECTION: t.inspection,
    Record.CASE: t.wage_case, Record.PROJECT: t.project, Record.EMPLOYER: t.employer,
}  # fmt: skip
# Links that a real record may have made to an invented case; it stands without.
_LOOSE = (t.clue, t.hazard, t.reception)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was put in or taken away."""

    employers: int
    projects: int
    cases: int
    open_cases: int
    inspections: int
    clues: int
    hazards: int
    receptions: int

    @property
    def counts(self) -> dict[str, int]:
        """For the audit trail."""
        return {
            "用人单位": self.employers, "工程项目": self.projects, "案件": self.cases, "检查": self.inspections,
            "线索": self.clues, "隐患": self.hazards, "接访": self.receptions,
        }  # fmt: skip

    @property
    def words(self) -> str:
        return (
            f"台账案件 {self.cases} 件（未结 {self.open_cases} 件）、用人单位 {self.employers} 户、"
            f"工程项目 {self.projects} 个、检查 {self.inspections} 次、线索 {self.clues} 条、隐患 {self.hazards} 条"
        )


def load(
    connection: Connection,
    now: datetime,
    *,
    seed: int = SEED,
    told: Sequence[Told] = (),
    settings: Settings | None = None,
) -> Counts:
    """Write the invented ledger of the year before ``now``, in place of what stands of an earlier one.

    ``told``: employers that the demonstration's reports name. Numbers follow those of the year's real records.
    """
    clear(connection)
    scene = Scene(Random(seed), now, settings or settings_module.current())  # noqa: S311 - invention, not secrecy
    parties = demo_parties.parties(scene, told)
    lives = demo_cases.lives(scene, parties)
    inspections = demo_records.inspections(scene, parties, lives)
    clues = demo_records.clues(scene, parties, lives)
    hazards = demo_records.hazards(scene, parties, lives)
    receptions = demo_records.receptions(scene, lives)

    employers = _insert(connection, t.employer, [_dated(one) for one in parties.employers])
    projects = _insert(
        connection,
        t.project,
        [_dated(one) | {"contractor_id": employers[one["contractor_id"]]} for one in parties.projects],
    )
    places = _Places(employers, projects, [])
    case_ids = _cases(connection, lives, places)
    places = _Places(employers, projects, case_ids)
    _records(connection, Record.INSPECTION, inspections, places)
    _records(connection, Record.CLUE, clues, places, prefix="XS")
    _records(connection, Record.HAZARD, hazards, places, prefix="YH")
    _records(connection, Record.RECEPTION, receptions, places)
    _first_events(connection, parties, places)
    return Counts(
        len(employers), len(projects), len(lives), sum(one.row["state"] not in OVER_CASE for one in lives),
        len(inspections), len(clues), len(hazards), len(receptions),
    )  # fmt: skip


def clear(connection: Connection) -> Counts:
    """Remove what demonstration brought and what hangs on it, and nothing else. Safe to repeat.

    An employer or project that a real record rests on stays and counts as real; a real record's link to an invented
    case is taken off.
    """
    _adopt(connection)
    invented = select(t.wage_case.c.id).where(t.wage_case.c.demo)
    for table in _LOOSE:
        connection.execute(
            update(table).where(table.c.case_id.in_(invented), table.c.demo.is_(False)).values(case_id=None)
        )
    for kind, table in _RECORDS.items():
        own = select(table.c.id).where(table.c.demo)
        event = t.ledger_event.c
        connection.execute(delete(t.ledger_event).where(event.kind == str(kind), event.record_id.in_(own)))
        sealed, target = t.restricted.c, select(cast(table.c.id, String)).where(table.c.demo)
        connection.execute(delete(t.restricted).where(sealed.kind == str(kind), sealed.target.in_(target)))
    for table in (t.clock_change, t.suggestion):
        connection.execute(delete(table).where(table.c.case_id.in_(invented)))
    open_cases = len(
        connection.scalars(
            select(t.wage_case.c.id).where(t.wage_case.c.demo, t.wage_case.c.state.not_in(OVER_CASE))
        ).all()
    )
    gone = {kind: _remove(connection, table) for kind, table in _RECORDS.items()}
    kinds = Record.INSPECTION, Record.CLUE, Record.HAZARD, Record.RECEPTION
    return Counts(
        gone[Record.EMPLOYER], gone[Record.PROJECT], gone[Record.CASE], open_cases, *(gone[kind] for kind in kinds)
    )


def _remove(connection: Connection, table: Table) -> int:
    return connection.execute(delete(table).where(table.c.demo)).rowcount


def _adopt(connection: Connection) -> None:
    """Invented parties of real records become real: first the projects, then the employers behind either."""
    _become_real(connection, t.project, [
        select(table.c.project_id).where(table.c.demo.is_(False), table.c.project_id.is_not(None))
        for table in (t.wage_case, t.inspection, t.hazard)
    ])  # fmt: skip
    _become_real(connection, t.employer, [
        *(select(table.c.employer_id).where(table.c.demo.is_(False), table.c.employer_id.is_not(None))
          for table in (t.wage_case, t.inspection, t.hazard, t.clue, t.measure)),
        select(t.project.c.contractor_id).where(t.project.c.demo.is_(False), t.project.c.contractor_id.is_not(None)),
    ])  # fmt: skip


def _become_real(connection: Connection, table: Table, resting: Iterable[Select[Any]]) -> None:
    for query in resting:
        connection.execute(update(table).where(table.c.demo, table.c.id.in_(query)).values(demo=False))


@dataclass(frozen=True, slots=True)
class _Places:
    """Ids by position."""

    employers: Sequence[int]
    projects: Sequence[int]
    cases: Sequence[int]

    def of(self, row: Mapping[str, Any]) -> Columns:
        """The row with ids in place of positions."""
        placed = dict(row)
        for name, ids in (("employer_id", self.employers), ("project_id", self.projects), ("case_id", self.cases)):
            if placed.get(name) is not None:
                placed[name] = ids[placed[name]]
        return placed


def _insert(connection: Connection, table: Table, rows: Sequence[Columns]) -> list[int]:
    """Write the rows; their ids in the same order."""
    if not rows:
        return []
    query = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.execute(query, rows).scalars())


def _dated(row: Columns, at: datetime | None = None, touched: datetime | None = None, revision: int = 1) -> Columns:
    """The row as stored: invented, entered ``at``, last changed ``touched``."""
    own = {name: value for name, value in row.items() if name != "at"}
    entered = at or row["at"]
    return own | {"demo": True, "created_at": entered, "updated_at": touched or entered, "revision": revision}


def _numbers(connection: Connection, prefix: str, moments: Sequence[datetime]) -> list[str]:
    """The next number for each, counted per year; ``moments`` ascend."""
    found: list[str] = []
    for year in sorted({local(at).year for at in moments}):
        own = [at for at in moments if local(at).year == year]
        found += cases.numbers(connection, prefix, own[0], len(own))
    return found


def _cases(connection: Connection, lives: Sequence[Life], places: _Places) -> list[int]:
    numbers = _numbers(connection, "AJ", [life.created_at for life in lives])
    ids = _insert(
        connection,
        t.wage_case,
        [
            places.of(_dated(life.row, life.created_at, life.at, len(life.events))) | {"number": number}
            for life, number in zip(lives, numbers, strict=True)
        ],
    )
    pairs = list(zip(ids, lives, strict=True))
    for table, name in ((t.payment, "payments"), (t.measure, "measures"), (t.execution, "executions")):
        _insert(connection, table, [
            places.of(_dated(row)) | {"case_id": case_id} for case_id, life in pairs for row in getattr(life, name)
        ])  # fmt: skip
    _insert(connection, t.clock_change, [row | {"case_id": case_id} for case_id, life in pairs for row in life.changes])
    _insert(
        connection, t.suggestion, [row | {"case_id": case_id} for case_id, life in pairs for row in life.suggestions]
    )
    _events(connection, Record.CASE, [(case_id, life.events) for case_id, life in pairs])
    return ids


def _records(
    connection: Connection, kind: Record, records: Sequence[demo_records.Kept], places: _Places, *, prefix: str = ""
) -> None:
    rows = [places.of(_dated(one.row, one.created_at, one.at, len(one.events))) for one in records]
    if prefix:
        numbers = _numbers(connection, prefix, [one.created_at for one in records])
        rows = [row | {"number": number} for row, number in zip(rows, numbers, strict=True)]
    ids = _insert(connection, _RECORDS[kind], rows)
    told = [
        (own, [one | {"after": places.of(one["after"])} for one in record.events])
        for own, record in zip(ids, records, strict=True)
    ]
    _events(connection, kind, told)


def _first_events(connection: Connection, parties: Parties, places: _Places) -> None:
    for kind, ids, rows in (
        (Record.EMPLOYER, places.employers, parties.employers),
        (Record.PROJECT, places.projects, parties.projects),
    ):
        told = [
            (own, [{"at": row["at"], "act": "登记", "actor": CLERK[1], "before": {},
                    "after": {"name": row["name"], "region": row["region"]}, "note": ""}])
            for own, row in zip(ids, rows, strict=True)
        ]  # fmt: skip
        _events(connection, kind, told)


def _events(connection: Connection, kind: Record, told: Sequence[tuple[int, Sequence[Columns]]]) -> None:
    """Histories in the order of time within each record, as they would have been written."""
    rows = [
        {"kind": str(kind), "record_id": record_id} | event
        for record_id, own in told
        for event in sorted(own, key=lambda one: one["at"])
    ]
    if rows:
        connection.execute(insert(t.ledger_event), rows)
