"""One employer whole: where it builds, what was inspected there, its cases, its history, as far as the reader sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.ledger import employers, events, inspections, record_rows, register
from monitors.ledger.employers import Employer
from monitors.ledger.events import Event
from monitors.ledger.inspections import Inspection
from monitors.ledger.model import Record
from monitors.ledger.query import Query
from monitors.ledger.register import Page
from monitors.settings import Settings
from monitors.store import tables as t

MOST = 30  # projects, inspections and cases shown with an employer


@dataclass(frozen=True, slots=True)
class EmployerFile:
    """Everything the drawer of an employer shows. ``projects``: (id, name, region, status) where it is 总包."""

    employer: Employer
    projects: tuple[tuple[int, str, str, str], ...]
    inspections: tuple[Inspection, ...]
    cases: Page
    history: tuple[Event, ...]


def read(
    connection: Connection, actor: Actor, employer_id: int, *, settings: Settings, today: date
) -> EmployerFile | None:
    """The employer; None where there is none.

    Raises:
        RefusedError: the role sees no ledger.
    """
    actor.require("ledger.view", kind=Record.EMPLOYER, target=str(employer_id))
    if connection.scalar(select(t.employer.c.id).where(t.employer.c.id == employer_id)) is None:
        return None
    scope, project = actor.scope, t.project.c
    built = record_rows.narrowed(
        select(project.id, project.name, project.region, project.status), project.region, scope
    ).where(project.contractor_id == employer_id)
    rows = connection.execute(built.order_by(project.region, project.name).limit(MOST))
    asked = Query(employer_id=employer_id, sort="受理日期", descending=True)
    return EmployerFile(
        employer=employers.get(connection, employer_id),
        projects=tuple((row.id, row.name, row.region, row.status) for row in rows),
        inspections=inspections.listed(connection, scope, employer_id=employer_id, limit=MOST),
        cases=register.page(connection, scope, asked, today=today, settings=settings.ledger, limit=MOST, offset=0),
        history=events.history(connection, Record.EMPLOYER, employer_id),
    )
