"""The history of the ledger's records: who did what when, with the values before and after; it only grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from monitors.access.actor import Actor
from monitors.clock import stamp
from monitors.errors import ConflictError
from monitors.ledger.model import Record
from monitors.store import tables as t

MOVED = "变更状态"  # ``act`` of every transition; ``after`` holds the new state and under ``by`` the sign-in name


@dataclass(frozen=True, slots=True)
class Event:
    """One act on a record. ``before`` and ``after``: column → value, days as ISO text, money in 分."""

    id: int
    at: datetime
    act: str
    actor: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    note: str


def note(
    connection: Connection,
    kind: Record,
    record_id: int,
    *,
    at: datetime,
    act: str,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    words: str = "",
) -> None:
    """Append one act to the record's history, in the transaction of the act itself."""
    connection.execute(
        insert(t.ledger_event).values(
            kind=str(kind),
            record_id=record_id,
            at=at,
            act=act,
            actor=actor.display[:80],
            before=plain(before or {}),
            after=plain(after or {}),
            note=words,
        )
    )


def history(connection: Connection, kind: Record, record_id: int) -> tuple[Event, ...]:
    """Everything done to the record, newest first. Who may see the record was asked by the caller."""
    event = t.ledger_event.c
    rows = connection.execute(
        select(event.id, event.at, event.act, event.actor, event.before, event.after, event.note)
        .where(event.kind == str(kind), event.record_id == record_id)
        .order_by(event.id.desc())
    )
    return tuple(Event(*row) for row in rows)


def moved_by(connection: Connection, kind: Record, record_id: int, state: str) -> str:
    """Sign-in name of who last brought the record into ``state``, ``""`` where nobody did."""
    found = history(connection, kind, record_id)
    return next((str(e.after.get("by", "")) for e in found if e.act == MOVED and e.after.get("state") == state), "")


def conflict(connection: Connection, kind: Record, record_id: int, name: str) -> ConflictError:
    """The refusal of an edit that rests on an older state of the record ``name``: who was faster, and when."""
    last = next(iter(history(connection, kind, record_id)), None)
    who = f"{last.actor}于 {stamp(last.at)} " if last else "他人"
    return ConflictError(
        f"“{name}”已由{who}修改（{last.act}），请刷新后再改" if last else f"“{name}”已由他人修改，请刷新后再改"
    )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping as JSON holds it."""
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return list(value) if isinstance(value, tuple | frozenset | set) else value
