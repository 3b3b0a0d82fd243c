"""Judged entries → items → stories → alerts, inside the one transaction that also settles the poll (入库).

Every step is idempotent by a key in the database: an item by source and guid, an alert by "one open per story". A crash
before the commit leaves nothing; a repeat after it finds everything seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, insert, select, update

from monitors.opinion import alerts, masking, stories
from monitors.opinion.model import Entry, Judgement, Source
from monitors.opinion.story_index import StoryIndex
from monitors.opinion.story_summary import hold_stories, refresh_story
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.search_index import index_items
from monitors.store.upsert import insert_into

REPEAT_DAYS = 30  # the same words again after a month are news: the complaint still stands
REPEAT_CHARS = 40  # two people may write one sentence alike, not a paragraph
_INDEX = StoryIndex()


@dataclass(frozen=True, slots=True)
class _Relevant:
    """A stored report about wage arrears, on its way into a story."""

    item_id: int
    entry: Entry
    judgement: Judgement
    published: datetime


@dataclass(frozen=True, slots=True)
class Intake:
    """What one batch added: items by id, how many were known already, and the alerts it opened or raised."""

    item_ids: tuple[int, ...]
    seen: int
    opened: tuple[int, ...]
    raised: tuple[int, ...]


def guid_key(entry: Entry) -> str:
    """The stored key of an entry within its source: 64 hexadecimal digits."""
    return hashlib.sha256(entry.guid.encode()).hexdigest()


def text_key(entry: Entry) -> str:
    """Digest of what a report says, as it is shown: 64 hexadecimal digits.

    Over the covered words (``masking``): over the published ones, four covered digits of a telephone could be found by
    trying all ten thousand.
    """
    return words_key(masking.mask_entry(entry))


def words_key(entry: Entry) -> str:
    """Digest of an entry's words as they stand."""
    return hashlib.sha256(f"{entry.title}\n{entry.text}".encode()).hexdigest()


def unseen(connection: Connection, source_id: str, entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """The entries this source has not given us before, in order, each once.

    Known is the same guid, whenever; and the same words of some length within ``REPEAT_DAYS``, because some sites give
    a report a new address at every visit. Short texts may be two people's: they count by guid alone.
    """
    by_guid: dict[str, Entry] = {}
    for entry in entries:
        by_guid.setdefault(guid_key(entry), entry)
    guids = _known(connection, t.item.c.guid, list(by_guid), t.item.c.source_id == source_id)
    by_text: dict[str, Entry] = {}
    as_published: dict[str, str] = {}  # reports stored before there was masking, until it has reached them
    for guid, entry in by_guid.items():
        if guid in guids:
            continue
        long = len(entry.text) >= REPEAT_CHARS
        key = text_key(entry) if long else guid
        if key not in by_text:
            by_text[key] = entry
            as_published[key] = words_key(entry) if long else guid
    recent = t.item.c.fetched_at >= now - timedelta(days=REPEAT_DAYS)
    wanted = list(dict.fromkeys((*by_text, *as_published.values())))
    texts = _known(connection, t.item.c.text_hash, wanted, t.item.c.source_id == source_id, recent)
    return [entry for key, entry in by_text.items() if key not in texts and as_published[key] not in texts]


def _known(
    connection: Connection, column: Column[str], keys: Sequence[str], *conditions: ColumnElement[bool]
) -> set[str]:
    """Those of ``keys`` that stand in ``column``."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):
        query = select(column).where(column.in_(keys[start : start + 500]), *conditions)
        found.update(connection.scalars(query))
    return found


def take_in(
    connection: Connection,
    source: Source,
    entries: Sequence[Entry],
    judgements: Sequence[Judgement],
    *,
    settings: Settings,
    now: datetime,
    demo: bool = False,
) -> Intake:
    """Store ``entries`` with their judgements, extend stories, open or raise alerts. ``now`` is the time of fetching.

    What leads to a complainant is covered here, after judging. Call inside a write transaction, after
    ``claims.settle`` has proved that the lease still holds.
    """
    item_ids: list[int] = []
    relevant: list[_Relevant] = []
    indexed: list[tuple[int, str, str]] = []
    for published_entry, published_judgement in zip(entries, judgements, strict=True):
        entry, judgement = masking.mask_report(published_entry, published_judgement)
        published = entry.published or now
        item_id = _insert_item(connection, source, entry, judgement, published=published, now=now, demo=demo)
        if item_id is None:
            continue
        item_ids.append(item_id)
        indexed.append((item_id, entry.title, entry.text))
        if judgement.relevant:
            relevant.append(_Relevant(item_id, entry, judgement, published))
    index_items(connection, indexed)
    changes: list[alerts.Change] = []
    if relevant:
        hold_stories(connection)
        touched: dict[int, None] = {}
        for report in relevant:
            touched[_join_story(connection, source, report, settings=settings, now=now, demo=demo)] = None
        changes = [refresh_story(connection, story_id, settings=settings, now=now) for story_id in touched]
    return Intake(
        item_ids=tuple(item_ids),
        seen=len(entries) - len(item_ids),
        opened=tuple(c.alert_id for c in changes if c.kind == "opened" and c.alert_id is not None),
        raised=tuple(c.alert_id for c in changes if c.kind == "raised" and c.alert_id is not None),
    )


def _insert_item(
    connection: Connection,
    source: Source,
    entry: Entry,
    judgement: Judgement,
    *,
    published: datetime,
    now: datetime,
    demo: bool,
) -> int | None:
    values = {
        "source_id": source.id,
        "guid": guid_key(entry),
        "url": entry.url,
        "title": entry.title,
        "text": entry.text,
        "text_hash": words_key(entry),
        "outlet": source.outlet,
        "published_at": published,
        "published_note": entry.published_note,
        "fetched_at": now,
        **findings(judgement),
        "judgement": explanation(judgement),
        "demo": demo,
    }
    statement = insert_into(connection, t.item).values(values).on_conflict_do_nothing().returning(t.item.c.id)
    return connection.execute(statement).scalar_one_or_none()


def findings(judgement: Judgement) -> dict[str, Any]:
    """The columns of ``item`` that hold a judgement, its reasons apart."""
    severity = judgement.severity
    return {
        "relevant": judgement.relevant,
        "relevance": judgement.relevance,
        "sentiment": judgement.sentiment,
        "stance": judgement.stance,
        "kind": judgement.kind,
        "scope": judgement.scope,
        "level": severity.level if severity else None,
        "score": severity.score if severity else None,
        "region": judgement.region,
        "workers": judgement.workers,
        "amount_fen": judgement.amount_fen,
        "employer": judgement.employer,
    }


def explanation(judgement: Judgement) -> dict[str, Any]:
    """The part of a judgement that has no column of its own, as JSON: why it was made."""
    severity = judgement.severity
    return {
        "matched": list(judgement.matched),
        "acts": list(judgement.acts),
        "evidence": [asdict(e) for e in judgement.evidence],
        "parts": [asdict(p) for p in severity.parts] if severity else [],
        "floors": list(severity.floors) if severity else [],
        "gathered": judgement.gathered,
        "visiting_province": judgement.visiting_province,
        "public_project": judgement.public_project,
        "specific_claim": judgement.specific_claim,
        "snownlp": judgement.snownlp,
        "rules": [
            {"name": one.name, "level": one.level, "tags": list(one.tags), "regions": list(one.regions)}
            for one in judgement.rules
        ],
        "model": judgement.model,
    }


def _join_story(
    connection: Connection, source: Source, report: _Relevant, *, settings: Settings, now: datetime, demo: bool
) -> int:
    """Find the report's story or found one; returns the story's id."""
    entry, judgement, published = report.entry, report.judgement, report.published
    member = stories.member(
        id=report.item_id,
        title=entry.title,
        text=entry.text,
        published=published,
        region=judgement.region,
        workers=judgement.workers,
        amount_fen=judgement.amount_fen,
        employer=judgement.employer,
        relevant=True,
    )
    founding = {
        "title": entry.title,
        "region": judgement.region,
        "scope": judgement.scope,
        "stance": judgement.stance,
        "sentiment": judgement.sentiment,
        "first_outlet": source.outlet,
        "first_published_at": published,
        "demo": demo,
    }
    story_id, reason = find_or_found(connection, member, founding, settings=settings, now=now)
    joined = explanation(judgement) | {"joined": reason}
    connection.execute(update(t.item).where(t.item.c.id == report.item_id).values(story_id=story_id, judgement=joined))
    _INDEX.add(connection, member, report.item_id)
    return story_id


def find_or_found(
    connection: Connection,
    member: stories.Member,
    founding: Mapping[str, Any],
    *,
    settings: Settings,
    now: datetime,
    without: Collection[int] = (),
) -> tuple[int, str]:
    """The story a report joins and the Chinese reason; a new one of the columns ``founding`` where it joins none.

    ``without``: stories that a person took this report out of (``story_edit_records.apart``). ``now``: when fetched.
    Call under ``hold_stories``; the caller puts the report in and calls ``refresh_story``.
    """
    found = _INDEX.find(connection, member, settings.story, without=without)
    if found is not None:
        return found
    nothing_yet = {"items": 0, "outlets": 0, "level": "关注", "score": 0, "severity": {}, "matched": []}
    seen = {"first_seen_at": now, "last_seen_at": now}
    story_id: int = connection.execute(
        insert(t.story).values({**founding, **nothing_yet, **seen}).returning(t.story.c.id)
    ).scalar_one()
    return story_id, "首条报道"
