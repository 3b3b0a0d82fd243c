"""What follows from a change of a case by itself: its deadline, the law's suggestions, and 边清边欠 (R20)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Table, bindparam, select, update

from monitors.clock import local
from monitors.ledger import deadlines, suggestions
from monitors.ledger.model import CLOSED_CASE, OVER_CASE, ProjectStatus
from monitors.settings import Settings
from monitors.store import tables as t

_AT_ONCE = 500  # cases of one set of reads


def follow(connection: Connection, case_id: int, *, settings: Settings, now: datetime) -> None:
    """Bring deadline, flag and suggestions to what the case's records say; after every change of any of them.

    A closed case keeps the deadline it was closed against.
    """
    follow_all(connection, (case_id,), settings=settings, now=now)


def follow_all(connection: Connection, case_ids: Sequence[int], *, settings: Settings, now: datetime) -> None:
    """``follow`` for many cases, some hundred at a time: a workbook changes thousands under one lock."""
    for start in range(0, len(case_ids), _AT_ONCE):
        _follow(connection, case_ids[start : start + _AT_ONCE], settings, now)


def _follow(connection: Connection, case_ids: Sequence[int], settings: Settings, now: datetime) -> None:
    case, today = t.wage_case.c, local(now).date()
    query = select(t.wage_case).where(case.id.in_(case_ids), case.state.not_in(CLOSED_CASE)).order_by(case.id)
    cases = connection.execute(query).mappings().all()
    ids = [one["id"] for one in cases]
    measures = _by_case(connection, t.measure, ids)
    changes = _by_case(connection, t.clock_change, ids)
    kept = _by_case(connection, t.suggestion, ids)
    employers = _by_id(connection, t.employer, (one["employer_id"] for one in cases))
    projects = _by_id(connection, t.project, (one["project_id"] for one in cases))
    under_way = [one["id"] for one in projects.values() if one["status"] == ProjectStatus.UNDER_WAY]
    settled = _settled(connection, under_way)
    changed, proposals = [], suggestions.Changes(connection, now)
    for one in cases:
        own = one["id"]
        running = deadlines.clocks(
            one,
            measures[own],
            changes[own],
            settings=settings,
            today=today,
            reported_on=suggestions.reported(kept[own]),
        )
        again = one["recurring"] or any(
            other != own and closed_on <= one["accepted_on"] for other, closed_on in settled.get(one["project_id"], ())
        )
        values = {
            "deadline": deadlines.effective(running),
            # Once so, so it stays: the project may finish meanwhile.
            "recurring": again and one["state"] not in OVER_CASE,
        }
        if any(one[key] != value for key, value in values.items()):
            changed.append({"own_id": own} | {f"new_{key}": value for key, value in values.items()})
        parties = employers[one["employer_id"]], projects.get(one["project_id"])
        proposals.compare(one, measures[own], parties, kept[own], settings)
    if changed:
        stored: dict[str, Any] = {key: bindparam(f"new_{key}") for key in ("deadline", "recurring")} | {
            "updated_at": now
        }
        connection.execute(update(t.wage_case).where(case.id == bindparam("own_id")).values(stored), changed)
    proposals.write()


def _by_case(connection: Connection, table: Table, ids: Sequence[int]) -> defaultdict[int, list[RowMapping]]:
    """The rows of these cases, in the order they were made."""
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.case_id.in_(ids)).order_by(table.c.id)).mappings():
        found[row["case_id"]].append(row)
    return found


def _by_id(connection: Connection, table: Table, ids: Iterable[int | None]) -> dict[int | None, RowMapping]:
    own: Column[Any] = table.c.id
    wanted = {one for one in ids if one is not None}
    return {row["id"]: row for row in connection.execute(select(table).where(own.in_(wanted))).mappings()}


def _settled(connection: Connection, project_ids: Sequence[int]) -> dict[int | None, list[tuple[int, date]]]:
    """Project → its closed cases with the day each was closed."""
    case, found = t.wage_case.c, defaultdict(list)
    query = select(case.project_id, case.id, case.closed_on).where(case.closed_on.is_not(None))
    for project_id, own, closed_on in connection.execute(query.where(case.project_id.in_(project_ids))):
        found[project_id].append((own, closed_on))
    return dict(found)


def recurs(connection: Connection, project_id: int | None, accepted_on: date) -> bool:
    """边清边欠: arrears accepted after earlier ones of the same project, still 在建, had been settled."""
    if project_id is None:
        return False
    earlier = select(t.wage_case.c.id).where(
        t.wage_case.c.project_id == project_id, t.wage_case.c.closed_on <= accepted_on
    )
    under_way = select(t.project.c.id).where(
        t.project.c.id == project_id, t.project.c.status == ProjectStatus.UNDER_WAY
    )
    return connection.scalar(under_way) is not None and connection.scalar(earlier.limit(1)) is not None
