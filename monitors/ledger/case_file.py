"""One case whole (案卷): the case, its limits, payments, documents, proposals and history, read in one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.ledger import case_rows, clock_changes, events, executions, measures, payments, register, suggestions
from monitors.ledger.case_rows import Case
from monitors.ledger.clock_changes import ClockChange
from monitors.ledger.deadlines import ClockState
from monitors.ledger.events import Event
from monitors.ledger.executions import Execution
from monitors.ledger.history_words import Names
from monitors.ledger.measures import Measure
from monitors.ledger.model import Record
from monitors.ledger.payments import Payment
from monitors.ledger.query import Band, Query
from monitors.ledger.suggestions import Suggestion
from monitors.settings import Settings
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything the drawer of a case shows. ``of_employer``/``of_project``: the reader's cases, this one included."""

    case: Case
    band: Band
    clocks: tuple[ClockState, ...]
    changes: tuple[ClockChange, ...]
    payments: tuple[Payment, ...]
    measures: tuple[Measure, ...]
    executions: tuple[Execution, ...]
    suggestions: tuple[Suggestion, ...]
    history: tuple[Event, ...]
    names: Names
    of_employer: int
    of_project: int


def read(connection: Connection, actor: Actor, number: str, *, settings: Settings, today: date) -> CaseFile | None:
    """The case of this number; None where there is none.

    Raises:
        RefusedError: the role sees no ledger, or the case is not the reader's.
    """
    actor.require("ledger.view", kind=Record.CASE, target=number[:80])
    own = t.wage_case.c
    row = connection.execute(select(own.id, own.region).where(own.number == number)).one_or_none()
    if row is None:
        return None
    actor.require("ledger.view", row.region, kind=Record.CASE, target=number)
    scope, case = actor.scope, case_rows.get(connection, actor.scope, row.id)
    history = events.history(connection, Record.CASE, case.id)

    def count(query: Query) -> int:
        wanted = register.condition(scope, query, today=today, settings=settings.ledger)
        return register.sums(connection, wanted, today=today, settings=settings.ledger).cases

    return CaseFile(
        case=case,
        band=register.band(case.state, case.deadline, case.closed_on, today=today, settings=settings.ledger),
        clocks=clock_changes.running(connection, scope, case.id, settings=settings, today=today),
        changes=clock_changes.listed(connection, scope, case.id),
        payments=payments.listed(connection, scope, case.id),
        measures=measures.listed(connection, scope, case.id),
        executions=executions.listed(connection, scope, case_id=case.id),
        suggestions=suggestions.listed(connection, scope, case.id),
        history=history,
        names=_names(connection, history),
        of_employer=count(Query(employer_id=case.employer_id)),
        of_project=count(Query(project_id=case.project_id)) if case.project_id is not None else 0,
    )


def _names(connection: Connection, history: tuple[Event, ...]) -> Names:
    """Names of the employers and projects the history tells of by number."""
    found: dict[tuple[str, int], str] = {}
    for column, table in (("employer_id", t.employer), ("project_id", t.project)):
        told = {value for event in history for side in (event.before, event.after) if (value := _id(side, column))}
        rows = connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(told))) if told else ()
        found |= {(column, row.id): row.name for row in rows}
    return found


def _id(side: Mapping[str, object], column: str) -> int | None:
    value = side.get(column)
    return value if isinstance(value, int) else None
