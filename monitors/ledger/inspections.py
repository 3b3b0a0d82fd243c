"""Inspections (检查): whom the office looked at, how many work there, and what it found of the eight duties.

Columns 1–4 of 附件2 and its blanks ①–③ are counted from these records alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.errors import InputError
from monitors.ledger import checks, projects, record_rows
from monitors.ledger.case_drafts import confirmed
from monitors.ledger.case_edit import known
from monitors.ledger.faults import Fault, fault, refuse
from monitors.ledger.model import MAX_PERSONS, Record
from monitors.ledger.projects import Checked
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class InspectionDraft:
    """What is given of an inspection; ``region`` is where it took place and decides whose form counts it."""

    employer_id: int
    region: str
    on: date
    unit: str
    workers: int
    migrants: int
    migrants_with_contract: int
    project_id: int | None = None
    checks: Mapping[str, Checked] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One inspection as stored, with the names of employer and project."""

    id: int
    employer_id: int
    employer_name: str
    project_id: int | None
    project_name: str
    region: str
    on: date
    unit: str
    workers: int
    migrants: int
    migrants_with_contract: int
    checks: Mapping[str, Checked]
    note: str
    demo: bool
    revision: int


_FIGURES = {
    "workers": "职工人数",
    "migrants": "农民工人数",
    "migrants_with_contract": "农民工签订劳动合同人数",
}


def check(draft: InspectionDraft, *, today: date) -> list[Fault]:
    """What is wrong with it, field by field: contracts ≤ migrants ≤ workers, as columns 2–4 of the form must be."""
    found = [
        *checks.required("employer_id", draft.employer_id, "用人单位"),
        *checks.region(draft.region, name="检查地点"),
        *checks.required("on", draft.on, "检查日期"),
        *checks.dates({"on": draft.on}, today=today),
        *checks.required("unit", draft.unit, "检查单位"),
        *checks.text("unit", draft.unit, "检查单位", 60),
        *checks.text("note", draft.note, "检查情况"),
        *projects.check_duties(draft.checks or {}, today=today),
    ]
    for name, words in _FIGURES.items():
        found += checks.required(name, getattr(draft, name), words)
        found += checks.count(name, getattr(draft, name), words)
    found += checks.persons("migrants", draft.migrants, draft.workers)
    if checks.persons("migrants_with_contract", draft.migrants_with_contract, draft.migrants):
        found.append(Fault("migrants_with_contract", "签订劳动合同人数不能大于农民工人数", "E01"))
    if draft.workers is not None and draft.workers > MAX_PERSONS:
        found.append(fault("E13", "workers"))
    return found


def add(
    connection: Connection,
    actor: Actor,
    draft: InspectionDraft,
    *,
    today: date,
    now: datetime,
    demo: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Register an inspection; what it found of the duties becomes the project's own state where nothing is newer.

    ``confirm_figures``: a person has looked at the number of persons that E13 doubts.

    Raises:
        LedgerError: see ``check``; also where employer or project is not there, or the project stands elsewhere.
        RefusedError: it took place in another division.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.INSPECTION)
    refuse([*confirmed(check(draft, today=today), confirm_figures), *_related(connection, actor, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.INSPECTION)
    name = _name(connection, draft)
    made = record_rows.add(connection, actor, Record.INSPECTION, _columns(draft), name=name, now=now, demo=demo)
    _observe(connection, actor, draft, now)
    return made


def edit(
    connection: Connection,
    actor: Actor,
    inspection_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    today: date,
    now: datetime,
    confirm_figures: bool = False,
) -> None:
    """Change fields of ``InspectionDraft``; the project's state follows as in ``add``.

    Raises:
        LedgerError, RefusedError: as in ``add``.
        ConflictError: somebody else changed it first.
    """
    row = record_rows.hold(connection, actor, Record.INSPECTION, inspection_id, revision, name="id")
    held = get(connection, actor.scope, inspection_id)
    before = InspectionDraft(**{one.name: getattr(held, one.name) for one in fields(InspectionDraft)})
    draft = _clean(replace(before, **changes))
    refuse([*confirmed(check(draft, today=today), confirm_figures), *_related(connection, actor, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.INSPECTION, target=str(inspection_id))
    name = _name(connection, draft)
    if record_rows.change(connection, actor, Record.INSPECTION, row, _columns(draft), name=name, now=now):
        _observe(connection, actor, draft, now)


def get(connection: Connection, scope: Scope, inspection_id: int) -> Inspection:
    """The inspection.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(_query().where(t.inspection.c.id == inspection_id)).mappings().one_or_none()
    if row is None or not scope.covers(row["region"]):
        raise InputError(f"没有编号为 {inspection_id} 的检查记录")
    return _read(row)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    region: str = "",
    employer_id: int | None = None,
    project_id: int | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Inspection, ...]:
    """Inspections of the reader's division, newest first; ``since`` and ``until`` are both included."""
    inspection = t.inspection.c
    query = record_rows.narrowed(_query(), inspection.region, scope, region)
    if employer_id is not None:
        query = query.where(inspection.employer_id == employer_id)
    if project_id is not None:
        query = query.where(inspection.project_id == project_id)
    if since is not None:
        query = query.where(inspection.on >= since)
    if until is not None:
        query = query.where(inspection.on <= until)
    query = query.order_by(inspection.on.desc(), inspection.id.desc()).limit(limit).offset(offset)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def _query() -> Select[Any]:
    joined = t.inspection.join(t.employer, t.employer.c.id == t.inspection.c.employer_id)
    joined = joined.outerjoin(t.project, t.project.c.id == t.inspection.c.project_id)
    names = t.employer.c.name.label("employer_name"), t.project.c.name.label("project_name")
    return select(t.inspection, *names).select_from(joined)


def _read(row: RowMapping) -> Inspection:
    values = {name: row[name] for name in Inspection.__slots__}
    more = {"project_name": row["project_name"] or "", "checks": projects.read_checks(row["checks"])}
    return Inspection(**values | more)


def _clean(draft: InspectionDraft) -> InspectionDraft:
    return replace(draft, unit=draft.unit.strip(), note=draft.note.strip())


def _columns(draft: InspectionDraft) -> dict[str, Any]:
    values = {one.name: getattr(draft, one.name) for one in fields(InspectionDraft)}
    return values | {"checks": projects.stored_checks(draft.checks or {})}


def _related(connection: Connection, actor: Actor, draft: InspectionDraft) -> list[Fault]:
    found = known(connection, draft.employer_id, draft.project_id)
    if draft.project_id is None or found:
        return found
    # Held before anything is written: whoever has the trail's turn and then waits for the site stops everybody.
    held = select(t.project.c.region).where(t.project.c.id == draft.project_id).with_for_update()
    site = connection.execute(held).scalar_one()
    if not actor.scope.covers(site):
        return [Fault("project_id", "该工程项目不在您的辖区内")]
    if not (Scope(site).covers(draft.region) or Scope(draft.region).covers(site)):
        return [Fault("region", "检查地点与项目所在地不一致")]
    return []


def _observe(connection: Connection, actor: Actor, draft: InspectionDraft, now: datetime) -> None:
    if draft.project_id is not None and draft.checks:
        projects.observe(connection, actor, draft.project_id, draft.checks, now=now)


def _name(connection: Connection, draft: InspectionDraft) -> str:
    """What the trail calls an inspection: whom, and on which day."""
    who = connection.execute(select(t.employer.c.name).where(t.employer.c.id == draft.employer_id)).scalar_one()
    return f"{who} {draft.on.isoformat()}"
