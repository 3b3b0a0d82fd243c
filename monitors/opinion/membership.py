"""A stored report enters or leaves a story (归入与移出事件), after it was taken in: said by a person, or judged anew.

Call under ``story_summary.hold_stories``, inside a write transaction; afterwards ``refresh_story`` there sums them up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from monitors.opinion import intake, stories, story_edit_records
from monitors.opinion.story_index import StoryIndex
from monitors.settings import Settings
from monitors.store import tables as t

_INDEX = StoryIndex()


def leave(connection: Connection, item_id: int) -> int | None:
    """Take a report out of its story and out of the index; returns the story it left, None where it was in none."""
    story_id = connection.scalar(select(t.item.c.story_id).where(t.item.c.id == item_id))
    forget(connection, item_id)
    connection.execute(update(t.item).where(t.item.c.id == item_id).values(story_id=None))
    return story_id


def join(
    connection: Connection, item_id: int, *, settings: Settings, now: datetime, story_id: int | None = None
) -> int:
    """Put a stored relevant report, whose columns are settled, into the story it belongs to; returns the story.

    That is the story a person gave it by merging or splitting; else ``story_id``, where it goes back to where it was;
    else one found as at intake, but none that a person took it out of. Of a story merged since, the one it went into.
    ``now``: when a story it founds was first seen.
    """
    row = connection.execute(select(t.item).where(t.item.c.id == item_id)).one()
    member = _member(row)
    back = story_edit_records.given(connection, row.judgement)
    if back is None and story_id is not None:
        back = story_edit_records.standing_story(connection, story_id)
    if back is not None and connection.scalar(select(t.story.c.id).where(t.story.c.id == back)) is not None:
        story_id, reason = back, str(row.judgement.get("joined") or "重新归入")
    else:
        founding = {
            name: getattr(row, name) for name in ("title", "region", "scope", "stance", "sentiment", "demo")
        } | {"first_outlet": row.outlet, "first_published_at": row.published_at}
        without = story_edit_records.apart(row.judgement)
        story_id, reason = intake.find_or_found(
            connection, member, founding, settings=settings, now=now, without=without
        )
    values = {"story_id": story_id, "judgement": row.judgement | {"joined": reason}}
    connection.execute(update(t.item).where(t.item.c.id == item_id).values(values))
    forget(connection, item_id)
    _INDEX.add(connection, member, item_id)
    return story_id


def index_again(connection: Connection, item_id: int) -> None:
    """The report's place or employer has changed: newcomers find it by what it says now."""
    row = connection.execute(select(t.item).where(t.item.c.id == item_id)).one()
    known = connection.scalar(select(t.story_signature.c.item_id).where(t.story_signature.c.item_id == item_id))
    if known is not None:  # else it is older than the index reaches back
        forget(connection, item_id)
        _INDEX.add(connection, _member(row), item_id)


def forget(connection: Connection, item_id: int) -> None:
    """Newcomers do not find the report any more."""
    for table in (t.story_band, t.story_signature):
        connection.execute(delete(table).where(table.c.item_id == item_id))


def _member(row: Any) -> stories.Member:
    return stories.member(
        id=row.id,
        title=row.title,
        text=row.text,
        published=row.published_at,
        region=row.region,
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=row.employer,
    )
