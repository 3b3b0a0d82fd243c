"""Many records at once: the bulk inserts of an import, the employers and projects it brings, and their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from monitors.access.actor import Actor
from monitors.ledger import employers, events
from monitors.ledger.model import ProjectStatus, Record
from monitors.ledger.workbook_known import KnownEmployer, KnownProject
from monitors.ledger.workbook_parties import Party
from monitors.ledger.workbook_plan import Plan, PlannedRow
from monitors.settings import Settings
from monitors.store import tables as t

_ACT = "导入"


class Parts:
    """One import being written. ``employers`` and ``projects`` give the ids of the plan's parties by key."""

    def __init__(self, connection: Connection, actor: Actor, settings: Settings, now: datetime, words: str) -> None:
        self.connection = connection
        self.actor = actor
        self.settings = settings
        self.now = now
        self.words = words
        self.employers: dict[str, int] = {}
        self.projects: dict[str, int] = {}
        self.payments: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert all, each with the same columns; their ids in the same order."""
        if not rows:
            return []
        if self.connection.dialect.name == "postgresql":
            # Numbers drawn beforehand: the driver takes apart a statement of ten thousand values far more slowly than
            # it sends the rows one after the other.
            own = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
            drawn = select(own).select_from(func.generate_series(1, len(rows)))
            ids = list(self.connection.scalars(drawn))
            self.connection.execute(
                insert(table), [dict(row) | {"id": number} for number, row in zip(ids, rows, strict=True)]
            )
            return ids
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(self.connection.scalars(statement, [dict(row) for row in rows]))

    def note(
        self,
        kind: Record,
        record_id: int,
        *,
        act: str,
        where: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep an event for ``flush``; ``where`` is the row of the workbook."""
        self._events.append(
            {
                "kind": str(kind),
                "record_id": record_id,
                "at": self.now,
                "act": act,
                "actor": self.actor.display[:80],
                "before": events.plain(before or {}),
                "after": events.plain(after or {}),
                "note": f"{self.words}（{where}行）",
            }
        )

    def flush(self) -> None:
        """Write what was kept: payments and events."""
        for table, rows in ((t.payment, self.payments), (t.ledger_event, self._events)):
            if rows:
                self.connection.execute(insert(table), rows)


def add_parties(parts: Parts, plan: Plan, rows: Sequence[PlannedRow]) -> None:
    """Insert the new employers and projects these rows speak of; fill ``parts.employers`` and ``parts.projects``."""
    parties = plan.parties
    companies: dict[str, tuple[Party, str]] = {}
    sites: dict[str, tuple[Party, str]] = {}
    for row in rows:
        employer, project = parties.employer_of(row.reading), parties.project_of(row.reading)
        if employer:
            companies.setdefault(employer.key, (employer, row.key))
        if project:
            sites.setdefault(project.key, (project, row.key))
            if name := project.told("contractor"):
                contractor = parties.contractor(name, project.region)
                companies.setdefault(contractor.key, (contractor, row.key))
    _insert_employers(parts, companies)
    _insert_projects(parts, plan, sites)


def _insert_employers(parts: Parts, companies: Mapping[str, tuple[Party, str]]) -> None:
    fresh = [(party, where) for party, where in companies.values() if party.known is None]
    parts.employers |= {key: party.known.id for key, (party, _) in companies.items() if party.known}
    blank = {"legal_rep": "", "state_owned": False, "credit": "", "operating_status": ""} | _dated(parts)
    values = [
        blank
        | {"name": employers.tidy(party.name), "uscc": party.told("uscc"), "class": party.told("class_")}
        | {"region": party.region}
        for party, _ in fresh
    ]
    for (party, where), one, made in zip(fresh, values, parts.insert(t.employer, values), strict=True):
        parts.employers[party.key] = made
        after = {key: one[key] for key in ("name", "uscc", "class", "region") if one[key]}
        parts.note(Record.EMPLOYER, made, act=_ACT, after=after, where=where)


def _insert_projects(parts: Parts, plan: Plan, sites: Mapping[str, tuple[Party, str]]) -> None:
    fresh = [(party, where) for party, where in sites.values() if party.known is None]
    parts.projects |= {key: party.known.id for key, (party, _) in sites.items() if party.known}
    blank = {"subcontractors": [], "checks": {}, "bond": {}, "status": str(ProjectStatus.UNDER_WAY)} | _dated(parts)
    values = []
    for party, _ in fresh:
        told: dict[str, Any] = {name: bool(party.told(name)) for name in ("gov", "ppp", "soe")}
        told |= {"industry": party.told("industry"), "developer": party.told("developer") or ""}
        contractor = _contractor(parts, plan, party)
        values.append(
            blank
            | told
            | {"name": employers.tidy(party.name), "region": party.region, "contractor_id": contractor}
        )  # fmt: skip
    keys = ("name", "region", "industry", "developer", "contractor_id", "gov", "ppp", "soe")
    for (party, where), one, made in zip(fresh, values, parts.insert(t.project, values), strict=True):
        parts.projects[party.key] = made
        parts.note(Record.PROJECT, made, act=_ACT, after={k: one[k] for k in keys if one[k]}, where=where)


def _contractor(parts: Parts, plan: Plan, party: Party) -> int | None:
    name = party.told("contractor")
    return parts.employers[plan.parties.contractor(name, party.region).key] if name else None


def _dated(parts: Parts) -> dict[str, Any]:
    return {"demo": False, "created_at": parts.now, "updated_at": parts.now, "revision": 1}


def change_parties(parts: Parts, plan: Plan, rows: Sequence[PlannedRow]) -> None:
    """Write what these rows say otherwise of known employers and projects."""
    written = {row.key for row in rows}
    for party in plan.parties.employers.values():
        values = _said(party, written)
        if values and isinstance(party.known, KnownEmployer):
            stored = {"class" if key == "class_" else key: value for key, (value, _) in values.items()}
            before = {"class" if key == "class_" else key: getattr(party.known, key) for key in values}
            _update(parts, party.known, before, stored, _first(values))
    for party in plan.parties.projects.values():
        values = _said(party, written)
        if values and isinstance(party.known, KnownProject):
            stored = {key: value for key, (value, _) in values.items() if key != "contractor"}
            before = {key: getattr(party.known, key) for key in stored}
            if "contractor" in values:
                stored["contractor_id"] = _contractor(parts, plan, party)
                before["contractor_id"] = party.known.contractor_id
            _update(parts, party.known, before, stored, _first(values))


def _said(party: Party, written: set[str]) -> dict[str, tuple[Any, str]]:
    if party.known is None:
        return {}
    return {key: party.said[key] for key in party.changes() if party.said[key][1] in written}


def _first(values: Mapping[str, tuple[Any, str]]) -> str:
    return next(where for _, where in values.values())


def _update(
    parts: Parts,
    known: KnownEmployer | KnownProject,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    where: str,
) -> None:
    employer = isinstance(known, KnownEmployer)
    kind, table = (Record.EMPLOYER, t.employer) if employer else (Record.PROJECT, t.project)
    done = parts.connection.execute(
        update(table)
        .where(table.c.id == known.id, table.c.revision == known.revision)
        .values({**after, "revision": known.revision + 1, "updated_at": parts.now})
    )
    if done.rowcount != 1:
        raise events.conflict(parts.connection, kind, known.id, known.name)
    parts.note(kind, known.id, act=_ACT, before=before, after=after, where=where)
