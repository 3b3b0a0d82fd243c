"""Stories beside a story: other stages of one affair, and what it might be merged with. Asked each time, never stored.

A settlement months after the protest is a story of its own (its alert has other clocks), but whoever reads one wants to
see the other: the same employer in the same county, however long ago (同一用人单位、同一县的前后事件).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.opinion.story_words import employer_core
from monitors.settings import Story
from monitors.store.search_index import fold
from monitors.store.tables import alert, story

_LOOKED_AT = 500  # stories of one county with an employer, the newest first
_COLUMNS = (
    story.c.id, story.c.title, story.c.region, story.c.employer, story.c.kind, story.c.level, story.c["items"],
    story.c.first_published_at, story.c.last_seen_at, story.c.demo,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A story beside another. ``days``: how long after the other one it was first published; negative: before."""

    id: int
    title: str
    region: str
    employer: str | None
    kind: str | None
    level: str
    reports: int
    first_published_at: datetime
    days: int


def related(connection: Connection, actor: Actor, story_id: int, *, limit: int = 8) -> tuple[Neighbour, ...]:
    """Earlier and later stories of the same employer in the same county, in order of publication.

    Only what the actor sees; none where the story names no employer or no county.
    """
    actor.require("story.view", kind="story", target=str(story_id))
    own = _own(connection, actor, story_id)
    core = employer_core(own.employer or "") if own is not None else ""
    if own is None or not core or own.region.endswith("00") or not own.region:
        return ()
    rows = _others(connection, actor, own, story.c.region == own.region, story.c.employer.is_not(None))
    same = [row for row in rows if _same(core, employer_core(row.employer))]
    nearest = sorted(same, key=lambda row: abs(row.first_published_at - own.first_published_at))[:limit]
    return tuple(_neighbour(row, own) for row in sorted(nearest, key=lambda row: (row.first_published_at, row.id)))


def mergeable(
    connection: Connection, actor: Actor, story_id: int, words: str, settings: Story, *, limit: int = 20
) -> tuple[Neighbour, ...]:
    """Stories one may want to merge with, the nearest first; only what the actor sees.

    ``words``: number of a story or alert, or part of a title; ``""`` for those of the same place about that time.
    """
    actor.require("story.edit", kind="story", target=str(story_id))
    own = _own(connection, actor, story_id)
    if own is None:
        return ()
    cleaned = " ".join(words.split())[:60]
    conditions: list[ColumnElement[bool]] = []
    if cleaned:
        by_number = select(alert.c.story_id).where(alert.c.number == cleaned.upper())
        either: list[ColumnElement[bool]] = [story.c.id.in_(by_number)]
        either += [story.c.title.contains(one, autoescape=True) for one in {cleaned, fold(cleaned)}]
        if cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 10:
            either.append(story.c.id == int(cleaned))
        conditions.append(or_(*either))
    else:
        span = timedelta(days=2 * settings.window_days)
        near = and_(story.c.last_seen_at >= own.last_seen_at - span, story.c.last_seen_at <= own.last_seen_at + span)
        # A county's story may have been told of its prefecture alone, and one of nowhere of any place.
        prefecture = f"{own.region[:4]}00" if own.region else actor.region
        conditions += [near, or_(within(story.c.region, prefecture), story.c.region == "")]
    rows = _others(connection, actor, own, *conditions)
    rows.sort(key=lambda row: (row.region != own.region, abs(row.first_published_at - own.first_published_at)))
    return tuple(_neighbour(row, own) for row in rows[:limit])


def _own(connection: Connection, actor: Actor, story_id: int) -> Row[Any] | None:
    query: Select[Any] = select(*_COLUMNS).where(story.c.id == story_id, actor.scope.stories())
    return connection.execute(query).one_or_none()


def _others(connection: Connection, actor: Actor, own: Row[Any], *conditions: ColumnElement[bool]) -> list[Row[Any]]:
    query = (
        select(*_COLUMNS)
        .where(
            *conditions, story.c.id != own.id, story.c["items"] > 0, story.c.demo.is_(own.demo), actor.scope.stories()
        )
        .order_by(story.c.last_seen_at.desc(), story.c.id.desc())
        .limit(_LOOKED_AT)
    )  # fmt: skip
    return list(connection.execute(query))


def _same(core: str, other: str) -> bool:
    """One name is the other's short form: its characters occur in the longer one, in order."""
    shorter, longer = sorted((core, other), key=len)
    rest = iter(longer)
    return bool(shorter) and all(character in rest for character in shorter)


def _neighbour(row: Row[Any], own: Row[Any]) -> Neighbour:
    return Neighbour(
        id=row.id,
        title=row.title,
        region=row.region,
        employer=row.employer,
        kind=row.kind,
        level=row.level,
        reports=row.items,
        first_published_at=row.first_published_at,
        days=round((row.first_published_at - own.first_published_at) / timedelta(days=1)),
    )


def stage_words(neighbour: Neighbour) -> str:
    """When it was, seen from the other story: ``此前 62 天``, ``同一天``, ``此后 3 天``."""
    if neighbour.days == 0:
        return "同一天"
    return f"此后 {neighbour.days} 天" if neighbour.days > 0 else f"此前 {-neighbour.days} 天"
