"""One project whole (工程项目档案): its duties, inspections, documents, hazards, cases and history, in one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.ledger import events, hazards, inspections, projects, rectifications, register
from monitors.ledger.events import Event
from monitors.ledger.field_names import yuan
from monitors.ledger.hazards import Hazard, HazardDraft
from monitors.ledger.inspections import Inspection
from monitors.ledger.model import Record
from monitors.ledger.projects import Project
from monitors.ledger.query import Query
from monitors.ledger.rectifications import Proposal, Rectification
from monitors.ledger.register import Page
from monitors.settings import Settings
from monitors.store import tables as t

MOST = 30  # inspections, hazards and cases shown with a project; the lists have them all


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """Everything the drawer of a project shows. ``proposed``: hazards its failed checks ask for and nobody noted."""

    project: Project
    inspections: tuple[Inspection, ...]
    documents: tuple[Rectification, ...]
    proposals: tuple[Proposal, ...]
    hazards: tuple[Hazard, ...]
    proposed: tuple[HazardDraft, ...]
    cases: Page
    history: tuple[Event, ...]

    @property
    def unordered(self) -> tuple[str, ...]:
        """Duties found wanting for which no order is running or has run out."""
        open_ = {name for one in self.documents if one.measure.done_on is None for name in one.duties}
        return tuple(name for name in self.project.unmet if name not in open_)


def read(
    connection: Connection, actor: Actor, project_id: int, *, settings: Settings, today: date
) -> ProjectFile | None:
    """The project; None where there is none.

    Raises:
        RefusedError: the role sees no ledger, or the project is not the reader's.
    """
    actor.require("ledger.view", kind=Record.PROJECT, target=str(project_id))
    region = connection.scalar(select(t.project.c.region).where(t.project.c.id == project_id))
    if region is None:
        return None
    actor.require("ledger.view", region, kind=Record.PROJECT, target=str(project_id))
    scope = actor.scope
    project = projects.get(connection, scope, project_id)
    history = events.history(connection, Record.PROJECT, project_id)
    documents = rectifications.read(connection, scope, history)
    asked = Query(project_id=project_id, sort="受理日期", descending=True)
    return ProjectFile(
        project=project,
        inspections=inspections.listed(connection, scope, project_id=project_id, limit=MOST),
        documents=documents,
        proposals=rectifications.proposals(documents, project.checks, today=today),
        hazards=hazards.listed(connection, scope, project_id=project_id, limit=MOST),
        proposed=hazards.proposed(connection, scope, project_id=project_id),
        cases=register.page(connection, scope, asked, today=today, settings=settings.ledger, limit=MOST, offset=0),
        history=told(connection, history),
    )


def told(connection: Connection, history: tuple[Event, ...]) -> tuple[Event, ...]:
    """A history with each duty as a line of its own, a 保证金 and the main contractor in words."""
    ids = {side["contractor_id"] for one in history for side in (one.before, one.after) if side.get("contractor_id")}
    rows = connection.execute(select(t.employer.c.id, t.employer.c.name).where(t.employer.c.id.in_(ids))).all()
    names = {row.id: row.name for row in rows}
    return tuple(replace(one, before=_spread(one.before, names), after=_spread(one.after, names)) for one in history)


def _spread(side: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in side.items():
        if key == "checks" and isinstance(value, Mapping):
            found |= {name: f"{one['value']}（{one['on']}）" for name, one in value.items()}
        elif key == "bond" and isinstance(value, Mapping):
            until = f"，至{value['expiry']}" if value.get("expiry") else ""
            found[key] = f"{value['kind']} {yuan(value['amount_fen'])} {value['bank']}{until}" if value else ""
        elif key == "contractor_id":
            found["总包单位"] = names.get(value, "")
        else:
            found[key] = value
    return found
