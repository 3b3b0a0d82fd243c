"""What the laboratory reads (试验所读): the stored reports of some days in pieces, each in a short transaction.

Polls and pages write in between. However large one event is, no more than ``PIECE`` of its texts are held at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from monitors.opinion import rejudge_labels
from monitors.store import tables as t
from monitors.store.engine import Store

PIECE = 200  # reports read at a time
_STORIES = 40  # events looked up at a time
_COLUMNS = (
    *("id", "title", "text", "text_hash", "outlet", "published_at", "fetched_at", "relevant", "relevance", "sentiment"),
    *("stance", "kind", "scope", "level", "score", "region", "workers", "amount_fen", "employer", "judgement"),
    *("story_id", "source_id", "demo"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some reports: those of an event stand together, in the order they came in. ``said``: people's labels, by report.

    ``numbers``: of the events' alerts. An event may go on in the next piece.
    """

    rows: Sequence[Row[Any]]
    said: Mapping[int, rejudge_labels.Said]
    numbers: Mapping[int, str] = field(default_factory=dict)


def count(connection: Connection, since: datetime) -> int:
    """How many reports ``pieces`` will give, about: more come in meanwhile."""
    inside = select(t.story.c.id).where(t.story.c.first_seen_at >= since)
    in_events = select(func.count()).select_from(t.item).where(t.item.c.story_id.in_(inside))
    loose = select(func.count()).select_from(t.item).where(t.item.c.story_id.is_(None), t.item.c.fetched_at >= since)
    return (connection.scalar(in_events) or 0) + (connection.scalar(loose) or 0)


def pieces(store: Store, since: datetime) -> Iterator[Piece]:
    """The reports of events first seen since then, whenever they came in, event by event; then those without one."""
    yield from _in_events(store, since)
    last = 0
    loose = (t.item.c.story_id.is_(None), t.item.c.fetched_at >= since)
    while True:
        with store.read() as connection:
            chosen = _query().where(*loose, t.item.c.id > last).order_by(t.item.c.id).limit(PIECE)
            rows = connection.execute(chosen).all()
            said = rejudge_labels.of(connection, [row.id for row in rows])
        if not rows:
            return
        yield Piece(rows, said)
        last = rows[-1].id


def _in_events(store: Store, since: datetime) -> Iterator[Piece]:
    story, item, last = t.story.c, t.item.c, 0
    recent = select(story.id).where(story.first_seen_at >= since).order_by(story.id).limit(_STORIES)
    while True:
        with store.read() as connection:
            stories = connection.scalars(recent.where(story.id > last)).all()
            inside = select(item.id).where(item.story_id.in_(stories)).order_by(item.story_id, item.id)
            ids = connection.scalars(inside).all() if stories else ()
            numbered = select(t.alert.c.story_id, t.alert.c.number).where(t.alert.c.story_id.in_(stories))
            numbers = {row.story_id: row.number for row in connection.execute(numbered.order_by(t.alert.c.id))}
        if not stories:
            return
        for start in range(0, len(ids), PIECE):
            chosen = _query().where(item.id.in_(ids[start : start + PIECE]), item.story_id.in_(stories))
            with store.read() as connection:
                rows = connection.execute(chosen.order_by(item.story_id, item.id)).all()
                said = rejudge_labels.of(connection, [row.id for row in rows])
            yield Piece(rows, said, numbers)
        last = stories[-1]


def _query() -> Select[Any]:
    columns: tuple[ColumnElement[Any], ...] = tuple(t.item.c[name] for name in _COLUMNS)
    source = t.source.c
    home = (
        source.region.label("home"),
        source.national,
        source.tier,
        source.group_name,
        source.name.label("source_name"),
    )
    return select(*columns, *home).join_from(t.item, t.source, source.id == t.item.c.source_id)
