"""Pausing, resuming and extending a limit that runs on a case, with reason and approver (期限变更, domain.md 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local
from monitors.ledger import case_rows, checks, consequences, deadlines, suggestions
from monitors.ledger.deadlines import EXTEND, PAUSE, RESUME, ClockState
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.field_names import NAMES
from monitors.ledger.model import OVER_CASE, Clock
from monitors.settings import Settings
from monitors.store import tables as t

__all__ = ["EXTEND", "PAUSE", "RESUME", "ClockChange", "change", "listed", "running"]


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One change of a limit; ``days`` of an extension in the limit's own unit (工作日 or 日)."""

    id: int
    case_id: int
    clock: str
    kind: str
    on: date
    days: int | None
    reason: str
    approver: str
    at: datetime
    actor: str


_COLUMNS = tuple(t.clock_change.c[name] for name in ClockChange.__slots__)


def listed(connection: Connection, scope: Scope, case_id: int) -> tuple[ClockChange, ...]:
    """The case's changes in the order they were made.

    Raises:
        InputError: there is no such case within ``scope``.
    """
    case_rows.get(connection, scope, case_id)
    return _changes(connection, case_id)


def _changes(connection: Connection, case_id: int) -> tuple[ClockChange, ...]:
    rows = connection.execute(
        select(*_COLUMNS).where(t.clock_change.c.case_id == case_id).order_by(t.clock_change.c.id)
    )
    return tuple(ClockChange(*row) for row in rows)


def running(
    connection: Connection, scope: Scope, case_id: int, *, settings: Settings, today: date
) -> tuple[ClockState, ...]:
    """The limits that run on the case, earliest last day first.

    Raises:
        InputError: there is no such case within ``scope``.
    """
    case = case_rows.get(connection, scope, case_id)
    measures = connection.execute(select(t.measure).where(t.measure.c.case_id == case_id)).mappings().all()
    reported = suggestions.reported_on(connection, case_id)
    changes = _changes(connection, case_id)
    return deadlines.clocks(case, measures, changes, settings=settings, today=today, reported_on=reported)


def change(
    connection: Connection,
    actor: Actor,
    case_id: int,
    clock: Clock,
    kind: str,
    *,
    on: date,
    reason: str,
    approver: str,
    days: int | None = None,
    settings: Settings,
    now: datetime,
) -> None:
    """Pause (暂停), resume (恢复) or extend (延长) one limit; who approved it is named.

    Raises:
        RefusedError: the actor may not.
        LedgerError: the limit does not run or may not be changed so, a field is missing, or the case is over.
    """
    case = case_rows.hold(connection, actor, case_id, None, owner=True)
    reason, approver, today = reason.strip(), approver.strip(), local(now).date()
    if case.state in OVER_CASE:
        refuse([Fault("state", f"案件{case.state}，不能再变更期限")])
    found = checks.required("reason", reason, NAMES["reason"]) + checks.text("reason", reason, NAMES["reason"])
    found += checks.required("approver", approver, NAMES["approver"])
    found += checks.text("approver", approver, NAMES["approver"], 60)
    found += checks.dates({"on": on}, today=today, since=case.accepted_on)
    if not found:
        found += deadlines.change_faults(clock, kind, days, on, _changes(connection, case_id))
        states = running(connection, actor.scope, case_id, settings=settings, today=today)
        if clock not in {state.clock for state in states}:
            found.append(Fault("clock", f"该案件没有正在计算的“{clock}”期限"))
    refuse(found)
    values = {"clock": str(clock), "kind": kind, "on": on, "days": days if kind == EXTEND else None}
    values |= {"reason": reason, "approver": approver}
    connection.execute(
        insert(t.clock_change).values(values | {"case_id": case_id, "at": now, "actor": actor.display[:80]})
    )
    case_rows.record(connection, actor, "case.clock", case, act=f"期限{kind}", at=now, after=values, words=reason)
    consequences.follow(connection, case_id, settings=settings, now=now)
