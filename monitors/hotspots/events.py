"""The events that are counted: stories (舆情) or cases of the ledger (台账), each once, by county and Shanghai day.

Stories, never reports: several reports of one story would make nearly every calm day an alarm. A story counts on the
day it was first seen, a case on the day it was accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, and_, case, func, or_, select

from monitors.access.scope import PROVINCE
from monitors.access.scope import within as lies_within
from monitors.clock import SHANGHAI, local
from monitors.hotspots import places
from monitors.regions import divisions
from monitors.store import tables as t

DataSet = Literal["舆情", "台账"]
DATA_SETS: tuple[DataSet, ...] = ("舆情", "台账")
SEES: dict[DataSet, str] = {"舆情": "story.view", "台账": "ledger.view"}  # the action that shows the data set
GRAVE = ("I", "II")
MAJOR = "重大"
UNFOUNDED = "不属实"  # of the ledger's states: it was never owed
_FALSE, _MERGED = "误报", "并案"
_AT_ONCE = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``region``: county, prefecture, or the province where no more is known; ``day``: in Shanghai.

    ``level``: I … IV, 关注 of a story; ``重大`` or ``""`` of a case. ``number``: of its alert (``""``: none) or case.
    """

    id: int
    region: str
    day: date
    level: str
    severe: bool
    demo: bool
    title: str
    number: str


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Events per day and place: ``counts`` int[T, 129] by ``places.COUNTIES``, ``by_prefecture`` int[T, 16].

    ``by_prefecture`` holds also the events known only to the prefecture; ``unplaced``: those known to no county.
    """

    counts: NDArray[np.int64]
    by_prefecture: NDArray[np.int64]
    unplaced: int


def read(
    connection: Connection, data_set: DataSet, first: date, last: date, *, within: Sequence[str] | None = None
) -> tuple[Event, ...]:
    """Events of the days ``first`` to ``last`` (inclusive), by day and number.

    ``within``: only those inside one of these divisions; None: the province. A story that people merged into another or
    found to be no wage arrears is none, nor is a case that proved unfounded.
    """
    query = _stories(first, last) if data_set == "舆情" else _cases(first, last)
    return _events(connection, data_set, _inside(query, data_set, within))


def of(
    connection: Connection, data_set: DataSet, ids: Iterable[int], *, within: Sequence[str] | None = None
) -> tuple[Event, ...]:
    """The events of these ids that are still there, by day and number; ``within`` as in ``read``."""
    wanted = sorted(set(ids))
    table = t.story if data_set == "舆情" else t.wage_case
    found: list[Event] = []
    for start in range(0, len(wanted), _AT_ONCE):
        query = _stories() if data_set == "舆情" else _cases()
        query = query.where(table.c.id.in_(wanted[start : start + _AT_ONCE]))
        found += _events(connection, data_set, _inside(query, data_set, within))
    return tuple(sorted(found, key=lambda one: (one.day, one.id)))


def counted(events: Iterable[Event], first: date, last: date) -> Counted:
    """The events of ``first`` to ``last`` per day and place; those of other days or no place of Yunnan are left out."""
    days = max(0, (last - first).days + 1)
    counts = np.zeros((days, len(places.COUNTIES)), dtype=np.int64)
    by_prefecture = np.zeros((days, len(places.PREFECTURES)), dtype=np.int64)
    unplaced = 0
    for one in events:
        row = (one.day - first).days
        if not 0 <= row < days:
            continue
        county, prefecture = column(one.region), prefecture_column(one.region)
        if county is not None:
            counts[row, county] += 1
        else:
            unplaced += 1
        if prefecture is not None:
            by_prefecture[row, prefecture] += 1
    return Counted(counts, by_prefecture, unplaced)


def column(region: str) -> int | None:
    """The county's column in ``counts``; None where ``region`` is no county of Yunnan."""
    return _COUNTY_COLUMN.get(region)


def prefecture_column(region: str) -> int | None:
    """The column of the prefecture that ``region`` is or lies in; None where there is none in Yunnan."""
    return _PREFECTURE_COLUMN.get(region[:4])


_COUNTY_COLUMN = {code: index for index, code in enumerate(places.COUNTIES)}
_PREFECTURE_COLUMN = {code[:4]: index for index, code in enumerate(places.PREFECTURES)}


def day_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants from which and before which it is ``first`` … ``last`` in Shanghai."""
    return _midnight(first), _midnight(last + timedelta(days=1))


def _stories(first: date | None = None, last: date | None = None) -> Select[Any]:
    story, alert = t.story.c, t.alert.c
    over = alert.state.in_((_FALSE, _MERGED))
    told = (
        select(
            alert.story_id,
            func.max(alert.number).label("number"),
            func.max(case((over, 0), else_=1)).label("stands"),
        )
        .group_by(alert.story_id)
        .subquery()
    )
    query = (
        select(
            story.id, story.region, story.first_seen_at.label("at"), story.level, story.demo, story.title,
            func.coalesce(told.c.number, "").label("number"),
        )
        .outerjoin(told, told.c.story_id == story.id)
        # A story whose reports all went into another one is empty.
        .where(story.scope == "本省", story["items"] > 0, or_(told.c.stands.is_(None), told.c.stands == 1))
        .order_by(story.first_seen_at, story.id)
    )  # fmt: skip
    if first is not None and last is not None:
        begin, end = day_bounds(first, last)
        query = query.where(story.first_seen_at >= begin, story.first_seen_at < end)
    return query


def _cases(first: date | None = None, last: date | None = None) -> Select[Any]:
    wage_case = t.wage_case.c
    query = (
        select(
            wage_case.id, wage_case.region, wage_case.accepted_on.label("at"),
            case((or_(wage_case.major, wage_case.listed), MAJOR), else_="").label("level"), wage_case.demo,
            t.employer.c.name.label("title"), wage_case.number,
        )
        .join(t.employer, t.employer.c.id == wage_case.employer_id)
        .where(wage_case.state != UNFOUNDED)
        .order_by(wage_case.accepted_on, wage_case.id)
    )  # fmt: skip
    if first is not None and last is not None:
        query = query.where(and_(wage_case.accepted_on >= first, wage_case.accepted_on <= last))
    return query


def _inside(query: Select[Any], data_set: DataSet, within: Sequence[str] | None) -> Select[Any]:
    if within is None or PROVINCE in within:
        return query
    region = (t.story if data_set == "舆情" else t.wage_case).c.region
    return query.where(or_(*(lies_within(region, code) for code in within)))


def _events(connection: Connection, data_set: DataSet, query: Select[Any]) -> tuple[Event, ...]:
    current = divisions.current_code
    found = []
    for number, region, at, level, demo, title, called in connection.execute(query):
        day = local(at).date() if isinstance(at, datetime) else at
        severe = level in GRAVE if data_set == "舆情" else level == MAJOR
        found.append(Event(number, current(region), day, level, severe, demo, title, called))
    return tuple(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
