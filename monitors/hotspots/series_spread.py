"""How fast stories spread: distinct outlets (not reports) after 1, 6, 24 and 72 hours, and the hours to the fifth.

Held against the same figures of the reader's own archive: a percentile says what part of it spread more slowly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from monitors.access.scope import Scope
from monitors.hotspots.series import Window, here, midnight
from monitors.store import tables as t

HOURS: Final = (1, 6, 24, 72)
FIFTH: Final = 5
ARCHIVE: Final = 2000  # stories told by two outlets or more, newest first, that speeds are held against
ARCHIVE_LEAST: Final = 20  # with fewer no percentile is named
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Spread:
    """One story. ``outlets``: distinct outlets within each of ``HOURS`` of the first publication, it included.

    ``fifth_hours``: hours to the fifth outlet, None where it never came. ``percentile``: 0–100 of the archive by the
    outlets within 24 hours, ties half; None where the archive is too small. ``rate``: outlets an hour at their fastest
    of the four.
    """

    id: int
    title: str
    region: str
    level: str
    first_at: datetime
    outlets: tuple[int, ...]
    fifth_hours: float | None
    percentile: float | None
    archive: int

    @property
    def rate(self) -> float:
        return max((number - 1) / hours for number, hours in zip(self.outlets, HOURS, strict=True))


def fastest(connection: Connection, scope: Scope, window: Window, *, most: int = 20) -> tuple[Spread, ...]:
    """The stories first seen in the window that at least two outlets told, most outlets within 24 hours first."""
    story = t.story.c
    asked = (
        select(story.id, story.title, story.region, story.level, story.first_published_at, story.first_seen_at)
        .where(here(scope, window.region), story.outlets > 1)
        .where(story.first_seen_at < midnight(window.last + timedelta(days=1)))
        .order_by(story.first_seen_at.desc(), story.id.desc())
        .limit(ARCHIVE)
    )
    archive = connection.execute(asked).all()
    times = dict(_arrivals(connection, [row.id for row in archive]))
    within = {row.id: reached(row.first_published_at, times.get(row.id, ())) for row in archive}
    daily = sorted(counts[HOURS.index(24)] for counts in within.values())
    begin = midnight(window.first)
    found = [
        Spread(
            row.id,
            row.title,
            row.region,
            row.level,
            row.first_published_at,
            within[row.id],
            _hours_to(row.first_published_at, times.get(row.id, ()), FIFTH),
            percentile(daily, within[row.id][HOURS.index(24)]),
            len(archive),
        )
        for row in archive
        if row.first_seen_at >= begin
    ]
    found.sort(key=lambda one: (-one.outlets[HOURS.index(24)], -one.rate, -one.first_at.timestamp(), one.id))
    return tuple(found[:most])


def reached(first: datetime, arrivals: Sequence[datetime]) -> tuple[int, ...]:
    """How many of the outlets' first reports came within each of ``HOURS`` after ``first``; at least one."""
    return tuple(max(1, sum(at <= first + timedelta(hours=hours) for at in arrivals)) for hours in HOURS)


def percentile(archive: Sequence[int], number: int) -> float | None:
    """What part of the sorted ``archive`` lies below ``number``, those equal to it by half; 0–100."""
    if len(archive) < ARCHIVE_LEAST:
        return None
    return 50.0 * (bisect_left(archive, number) + bisect_right(archive, number)) / len(archive)


def _hours_to(first: datetime, arrivals: Sequence[datetime], number: int) -> float | None:
    if len(arrivals) < number:
        return None
    return max(0.0, (sorted(arrivals)[number - 1] - first).total_seconds() / 3600)


def _arrivals(connection: Connection, ids: Sequence[int]) -> Iterator[tuple[int, tuple[datetime, ...]]]:
    """For each story when each of its outlets first told it."""
    item = t.item.c
    for start in range(0, len(ids), _AT_ONCE):
        query = (
            select(item.story_id, func.min(item.published_at))
            .where(item.story_id.in_(ids[start : start + _AT_ONCE]))
            .group_by(item.story_id, item.outlet)
            .order_by(item.story_id)
        )
        yield from _grouped(connection.execute(query).tuples())


def _grouped(rows: Iterable[tuple[int | None, datetime]]) -> Iterator[tuple[int, tuple[datetime, ...]]]:
    held: dict[int, list[datetime]] = {}
    for number, at in rows:
        if number is not None:
            held.setdefault(number, []).append(at)
    for number, moments in held.items():
        yield number, tuple(moments)
