"""The stories of the last days in the database, findable by what reports share (事件索引).

Every worker reads and extends the same rows inside its own write transaction, so a restart forgets nothing. A report is
compared only with those that share a key with it (``stories.Member.keys``) or its county and a fact, within the window.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, desc, func, insert, or_, select

from monitors.opinion import minhash
from monitors.opinion.stories import CANDIDATES, REPRESENTATIVES, Link, Member, differs, link, member, stated_differ
from monitors.settings import Story
from monitors.store import tables as t

_REMEMBERED = 1_000  # reports kept as read, some 15 kB each; stories of the day are compared again and again
_LOOKED_AT = 200  # reports whose stated facts are looked at, those that share most keys first
_COLUMNS = (
    t.item.c.id,
    t.item.c.text_hash,
    t.item.c.published_at,
    t.item.c.region,
    t.item.c.workers,
    t.item.c.amount_fen,
    t.item.c.employer,
    t.item.c.story_id,
)


class StoryIndex:
    """Finds the story a report belongs to. Call ``find`` and ``add`` inside one write transaction.

    Holds nothing but a bounded memory of reports already read, keyed by their content, so one object may serve many
    transactions; it is not meant for several threads at once.
    """

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[Any, ...], Member] = OrderedDict()

    def find(
        self, connection: Connection, report: Member, settings: Story, *, without: Collection[int] = ()
    ) -> tuple[int, str] | None:
        """The story this report joins and the Chinese reason, or None where it begins one of its own.

        ``without``: stories it must not join whatever the words say, because a person took it out of them.

        Raises:
            ValueError: the report has no publication time.
        """
        linked: dict[int, Link] = {}
        for other, story_id in self._candidates(connection, report, settings):
            if story_id in without:
                continue
            found = link(report, other, settings)
            if found and (story_id not in linked or found.strength > linked[story_id].strength):
                linked[story_id] = found
        # Strongest first; of two equal ones the older story, so that arrival order matters as little as it can.
        for story_id, found in sorted(linked.items(), key=lambda pair: (-pair[1].strength, pair[0])):
            if not any(differs(report, other) for other in self._representatives(connection, story_id)):
                return story_id, found.reason
        return None

    def add(self, connection: Connection, report: Member, item_id: int) -> None:
        """Make a stored report findable.

        Raises:
            ValueError: the report has no publication time.
        """
        connection.execute(
            insert(t.story_signature).values(
                item_id=item_id, at=_moment(report), signature=minhash.to_bytes(report.signature)
            )
        )
        connection.execute(insert(t.story_band), [{"band": key, "item_id": item_id} for key in sorted(report.keys)])

    def forget(self, connection: Connection, item_ids: Sequence[int]) -> None:
        """Make reports findable no longer: they left their story."""
        for table in (t.story_band, t.story_signature):
            connection.execute(delete(table).where(table.c.item_id.in_(item_ids)))

    def prune(self, connection: Connection, before: datetime) -> int:
        """Forget reports published before ``before`` (their items and stories stay). Returns how many."""
        old = select(t.story_signature.c.item_id).where(t.story_signature.c.at < before)
        connection.execute(delete(t.story_band).where(t.story_band.c.item_id.in_(old)))
        return connection.execute(delete(t.story_signature).where(t.story_signature.c.at < before)).rowcount

    def rebuild(self, connection: Connection, since: datetime) -> int:
        """Make the index anew from the items published since ``since``, for a restored store. Returns how many."""
        connection.execute(delete(t.story_band))
        connection.execute(delete(t.story_signature))
        wanted = select(t.item.c.id).where(t.item.c.published_at >= since, t.item.c.story_id.is_not(None))
        ids = connection.scalars(wanted.order_by(t.item.c.id)).all()
        count = 0
        for report, _ in self._members(connection, self._rows(connection, ids)):
            self.add(connection, report, int(report.id))
            count += 1
        return count

    def _candidates(self, connection: Connection, report: Member, settings: Story) -> Iterable[tuple[Member, int]]:
        span = timedelta(days=2 * settings.window_days)
        band = t.story_band.c
        # The index alone answers this; what is too old is dropped below, and ``prune`` keeps that little.
        shared = (
            select(band.item_id, func.count().label("shared"))
            .where(band.band.in_(sorted(report.keys)))
            .group_by(band.item_id)
            .order_by(desc("shared"), desc(band.item_id))
            .limit(_LOOKED_AT)
        )
        counts = {row.item_id: int(row.shared) for row in connection.execute(shared)}
        wanted = dict.fromkeys([*counts, *self._alike(connection, report, span)])
        near: list[Row[Any]] = []
        for row in self._rows(connection, list(wanted)):
            # Template notices crowd in from every county: most fall here, before their texts are read. Those that
            # share every band may be the very same text, which no stated fact can part.
            parted = stated_differ(report.region, report.amount_fen, row.region, row.amount_fen)
            if abs(row.published_at - _moment(report)) <= span and (
                not parted or counts.get(row.id, 0) >= minhash.BANDS
            ):
                near.append(row)
        order = {item_id: rank for rank, item_id in enumerate(wanted)}
        near.sort(key=lambda row: order[row.id])
        return self._members(connection, near[: 2 * CANDIDATES])

    def _alike(self, connection: Connection, report: Member, span: timedelta) -> Sequence[int]:
        """Reports of the same county with an employer, or about the same amount or persons, whatever their words."""
        moment, item = _moment(report), t.item.c
        facts = []
        if report.employer:
            facts.append(item.employer.is_not(None))
        for column, value in ((item.amount_fen, report.amount_fen), (item.workers, report.workers)):
            if value:
                facts.append(column.between(int(value * 0.8), int(value * 1.25) + 1))
        if not report.region or not facts:
            return ()
        alike = (
            select(item.id)
            .where(
                item.region == report.region,
                item.published_at.between(moment - span, moment + span),
                item.story_id.is_not(None),
                or_(*facts),
            )
            .order_by(desc(item.published_at), item.id)
            .limit(CANDIDATES)
        )
        return connection.scalars(alike).all()

    def _representatives(self, connection: Connection, story_id: int) -> list[Member]:
        first = select(t.item.c.id).where(t.item.c.story_id == story_id).order_by(t.item.c.published_at, t.item.c.id)
        ids = connection.scalars(first.limit(REPRESENTATIVES)).all()
        return [report for report, _ in self._members(connection, self._rows(connection, ids))]

    def _rows(self, connection: Connection, ids: Sequence[int]) -> list[Row[Any]]:
        """What is stated of the reports that belong to a story, without their texts."""
        rows: list[Row[Any]] = []
        for start in range(0, len(ids), 500):
            chosen = and_(t.item.c.id.in_(ids[start : start + 500]), t.item.c.story_id.is_not(None))
            rows.extend(connection.execute(select(*_COLUMNS).where(chosen).order_by(t.item.c.id)))
        return rows

    def _members(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[tuple[Member, int]]:
        """The reports with their stories, each text read once."""
        # An item's number may be given again after a rollback; its content cannot be mistaken.
        keys: dict[int, tuple[Any, ...]] = {row.id: tuple(row)[:-1] for row in rows}
        unread = [row.id for row in rows if keys[row.id] not in self._read]
        texts: dict[int, Row[Any]] = {}
        for start in range(0, len(unread), 500):
            query = select(t.item.c.id, t.item.c.title, t.item.c.text).where(
                t.item.c.id.in_(unread[start : start + 500])
            )
            texts |= {row.id: row for row in connection.execute(query)}
        found = []
        for row in rows:
            report = self._read.get(keys[row.id]) or member(
                id=row.id,
                title=texts[row.id].title,
                text=texts[row.id].text,
                published=row.published_at,
                region=row.region,
                workers=row.workers,
                amount_fen=row.amount_fen,
                employer=row.employer,
            )
            self._read[keys[row.id]] = report
            self._read.move_to_end(keys[row.id])
            found.append((report, row.story_id))
        while len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)
        return found


def _moment(report: Member) -> datetime:
    if report.published is None:
        raise ValueError("a stored report has a publication time")
    return report.published
