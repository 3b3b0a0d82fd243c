"""One clue, hazard or reception whole: the record and its history, read in one snapshot, found by what it is called."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.ledger import clue_rows, events, hazards, receptions
from monitors.ledger.clue_rows import Clue
from monitors.ledger.events import Event
from monitors.ledger.hazards import Hazard
from monitors.ledger.history_words import Names
from monitors.ledger.model import Record
from monitors.ledger.receptions import Reception
from monitors.store import tables as t

_ID_DIGITS = 10
_CALLED = (("employer_id", t.employer, "name"), ("project_id", t.project, "name"), ("case_id", t.wage_case, "number"))
NO_CASE = -1  # the id of a case that is not there: refused beside its field by whoever writes it


@dataclass(frozen=True, slots=True)
class ClueFile:
    """``employer``: the registered one it is bound to; ``handler``: sign-in name of who brought it where it is."""

    clue: Clue
    employer: str
    handler: str
    history: tuple[Event, ...]
    names: Names


@dataclass(frozen=True, slots=True)
class HazardFile:
    """``case_number``: of the case it became."""

    hazard: Hazard
    case_number: str
    history: tuple[Event, ...]
    names: Names


@dataclass(frozen=True, slots=True)
class ReceptionFile:
    """A reception with its history."""

    reception: Reception
    history: tuple[Event, ...]
    names: Names


def clue(connection: Connection, actor: Actor, number: str) -> ClueFile | None:
    """The clue of this number; None where there is none.

    Raises:
        RefusedError: the role sees no ledger, or the clue is not the reader's.
    """
    made = _found(connection, actor, Record.CLUE, t.clue, number)
    if made is None:
        return None
    found, history = clue_rows.get(connection, actor.scope, made), events.history(connection, Record.CLUE, made)
    names = _names(connection, history)
    employer = connection.scalar(select(t.employer.c.name).where(t.employer.c.id == found.employer_id)) or ""
    handler = events.moved_by(connection, Record.CLUE, made, found.state)
    return ClueFile(found, employer, handler, history, names)


def hazard(connection: Connection, actor: Actor, number: str) -> HazardFile | None:
    """The hazard of this number. As ``clue``."""
    made = _found(connection, actor, Record.HAZARD, t.hazard, number)
    if made is None:
        return None
    found, history = hazards.get(connection, actor.scope, made), events.history(connection, Record.HAZARD, made)
    own = t.wage_case.c
    number = connection.scalar(select(own.number).where(own.id == found.case_id)) or ""
    return HazardFile(found, number, history, _names(connection, history))


def reception(connection: Connection, actor: Actor, number: str) -> ReceptionFile | None:
    """The reception of this id (a reception has no other number). As ``clue``."""
    if not (number.isascii() and number.isdigit() and len(number) < _ID_DIGITS):
        actor.require("ledger.view", kind=Record.RECEPTION, target=number[:80])
        return None
    made = _found(connection, actor, Record.RECEPTION, t.reception, number, by="id")
    if made is None:
        return None
    history = events.history(connection, Record.RECEPTION, made)
    return ReceptionFile(receptions.get(connection, actor.scope, made), history, _names(connection, history))


def case_id(connection: Connection, scope: Scope, number: str) -> int:
    """The id of the reader's case of this number; ``NO_CASE`` where there is none or it is not the reader's."""
    own = t.wage_case.c
    query = select(own.id).where(own.number == number.strip().upper())
    if not scope.everything:
        query = query.where(within(own.region, scope.region))
    return connection.scalar(query) or NO_CASE


def _found(
    connection: Connection, actor: Actor, kind: Record, table: Table, number: str, *, by: str = "number"
) -> int | None:
    actor.require("ledger.view", kind=kind, target=number[:80])
    wanted = int(number) if by == "id" else number
    row = connection.execute(select(table.c.id, table.c.region).where(table.c[by] == wanted)).one_or_none()
    if row is None:
        return None
    actor.require("ledger.view", row.region, kind=kind, target=number)
    return int(row.id)


def _names(connection: Connection, history: tuple[Event, ...]) -> Names:
    """What the history tells of by number: employers, projects and cases."""
    found: dict[tuple[str, int], str] = {}
    for column, table, name in _CALLED:
        told = {
            value
            for event in history
            for side in (event.before, event.after)
            if isinstance(value := side.get(column), int) and not isinstance(value, bool)
        }
        rows = connection.execute(select(table.c.id, table.c[name]).where(table.c.id.in_(told))) if told else ()
        found |= {(column, row[0]): row[1] for row in rows}
    return found
