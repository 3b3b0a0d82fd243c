"""Links between the demonstration's alerts and its ledger (演示数据): which there are, and how they were made.

The records are those that the desk itself would be offered, with the same confidence and reasons. Chosen before the
alerts are moved along, since who knows of a case gives no reason for having none; written after, since a link has its
place in the alert's life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, or_, select, update

from monitors.access.actor import SYSTEM
from monitors.ledger.model import RECORD_NAMES, CaseState, Record
from monitors.links.candidates import Candidate, candidates
from monitors.links.linking import GONE
from monitors.store import tables as t

_SURE = 0.5  # below it the demonstration's staff would not have linked
_MINUTES = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class _Line:
    """One alert and its case, as far as the link needs them."""

    id: int
    number: str
    level: str
    state: str
    signed_by: str
    signed_at: datetime
    fact_at: datetime | None
    closed_at: datetime | None
    record: Candidate
    entered_at: datetime

    def made_at(self, now: datetime) -> datetime:
        """Once the alert is signed and the case is there, before the facts are recorded and the alert is closed."""
        after = max(self.signed_at, self.entered_at)
        before = min(one for one in (self.fact_at, self.closed_at, now) if one is not None)
        return min(after + _MINUTES, before) if before > after else after


def choose(connection: Connection, alert_ids: Sequence[int]) -> dict[int, Candidate]:
    """The likeliest invented case of each alert; ``alert.case_ids`` holds its number from now on."""
    found: dict[int, Candidate] = {}
    for alert_id in alert_ids:
        offered = candidates(connection, SYSTEM, alert_id, limit=3)
        likely = [
            one for one in offered
            if one.demo and one.kind is Record.CASE and one.confidence >= _SURE and one.state != CaseState.UNFOUNDED
        ]  # fmt: skip
        if likely:
            found[alert_id] = likely[0]
            _keep(connection, alert_id, [likely[0].number])
    return found


def write(connection: Connection, chosen: Mapping[int, Candidate], now: datetime) -> int:
    """Tie the chosen ones that are signed and stand, in both histories; returns how many. The others stay untied."""
    lines = _lines(connection, chosen)
    for alert_id in chosen.keys() - {line.id for line in lines}:
        _keep(connection, alert_id, [])
    if not lines:
        return 0
    links: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    entered: list[dict[str, Any]] = []
    name = RECORD_NAMES[Record.CASE]
    for line in lines:
        record, at = line.record, line.made_at(now)
        opened = line.entered_at > line.signed_at
        links.append({
            "alert_id": line.id, "kind": "case", "record_id": record.id, "number": record.number,
            "confidence": None if opened else record.confidence, "why": [] if opened else list(record.reasons),
            "opened": opened, "by": line.signed_by, "at": at,
        })  # fmt: skip
        after = {"act": "登记并关联" if opened else "关联", "kind": name, "number": record.number}
        if not opened:
            after |= {"confidence": f"{record.confidence:.0%}", "why": "；".join(record.reasons)}
        told.append({
            "alert_id": line.id, "kind": "link", "at": at, "actor": line.signed_by, "before": {}, "after": after
        })  # fmt: skip
        entered.append({
            "kind": str(Record.CASE), "record_id": record.id, "at": at, "act": "关联警情", "actor": line.signed_by,
            "before": {}, "after": {}, "note": f"警情 {line.number}（{line.level}级）",
        })  # fmt: skip
    connection.execute(insert(t.alert_link), links)
    event, history = t.alert_event.c, t.ledger_event.c
    _in_time(connection, t.alert_event, event.alert_id.in_([one["alert_id"] for one in links]), told)
    of_cases = and_(history.kind == str(Record.CASE), history.record_id.in_([one["record_id"] for one in links]))
    _in_time(connection, t.ledger_event, of_cases, entered)
    return len(links)


def clear(connection: Connection) -> None:
    """Remove every link to an invented record, also of an alert that became real meanwhile. Safe to repeat."""
    link = t.alert_link.c
    invented = or_(
        and_(link.kind == "case", link.record_id.in_(select(t.wage_case.c.id).where(t.wage_case.c.demo))),
        and_(link.kind == "clue", link.record_id.in_(select(t.clue.c.id).where(t.clue.c.demo))),
    )
    touched = sorted(set(connection.scalars(select(link.alert_id).where(invented))))
    connection.execute(delete(t.alert_link).where(invented))
    for alert_id in touched:
        standing = select(link.number).where(link.alert_id == alert_id, link.kind == "case", link.ended_at.is_(None))
        _keep(connection, alert_id, list(connection.scalars(standing.order_by(link.at, link.id))))


def _in_time(connection: Connection, table: Table, own: ColumnElement[bool], told: list[dict[str, Any]]) -> None:
    """Write events where they belong: histories are read in the order of their ids, so what is later comes again."""
    later = and_(own, table.c.at > min(one["at"] for one in told))
    held = [dict(row) for row in connection.execute(select(table).where(later).order_by(table.c.id)).mappings()]
    connection.execute(delete(table).where(later))
    again = [{name: value for name, value in one.items() if name != "id"} for one in held]
    connection.execute(insert(table), sorted([*again, *told], key=lambda one: one["at"]))


def _lines(connection: Connection, chosen: Mapping[int, Candidate]) -> list[_Line]:
    alert = t.alert.c
    rows = connection.execute(
        select(
            alert.id, alert.number, alert.level, alert.state, alert.signed_by, alert.signed_at, alert.fact_at,
            alert.closed_at,
        ).where(alert.id.in_(list(chosen)), alert.signed_at.is_not(None), alert.state.not_in(GONE)).order_by(alert.id)
    ).all()  # fmt: skip
    case = t.wage_case.c
    ids = [one.id for one in chosen.values()]
    entered = {
        row.id: row.created_at for row in connection.execute(select(case.id, case.created_at).where(case.id.in_(ids)))
    }
    return [_Line(**row._asdict(), record=chosen[row.id], entered_at=entered[chosen[row.id].id]) for row in rows]


def _keep(connection: Connection, alert_id: int, numbers: list[str]) -> None:
    connection.execute(update(t.alert).where(t.alert.c.id == alert_id).values(case_ids=numbers))
