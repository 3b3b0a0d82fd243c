"""Judged entries → items → stories → alerts, inside the one transaction that also settles the poll (入库).

Every step is idempotent by a key in the database: an item by source and guid, an alert by "one open per story". A crash
before the commit leaves nothing; a repeat after it finds everything seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, insert, select, text, update

from monitors.clock import local
from monitors.opinion import alerts, masking, stories
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, Entry, Judgement, Severity, Source
from monitors.opinion.severity import SeverityInputs, assess
from monitors.opinion.story_facts import Report, StoryFacts, summarise
from monitors.opinion.story_index import StoryIndex
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.search_index import index_items
from monitors.store.upsert import insert_into

REPEAT_DAYS = 30  # the same words again after a month are news: the complaint still stands
REPEAT_CHARS = 40  # two people may write one sentence alike, not a paragraph
_STORY_LOCK = 530_001
# What a story is summed up from; never the texts: hundreds of reprints would be megabytes read under the write lock.
_SUMMED_UP: tuple[ColumnElement[Any], ...] = (
    t.item.c.title, t.item.c.outlet, t.item.c.published_at, t.item.c.fetched_at, t.item.c.region, t.item.c.scope,
    t.item.c.kind, t.item.c.stance, t.item.c.sentiment, t.item.c.workers, t.item.c.amount_fen, t.item.c.employer,
    t.item.c.judgement, t.item.c.level, t.source.c.tier, t.source.c.national,
)  # fmt: skip
EMPTIED = "报道均被标为不相关，请处理警情"  # said of a story that has lost its last report; its alert is a person's
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


def hold_stories(connection: Connection) -> None:
    """Workers join stories one after the other, else two reports of one event would found two stories."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STORY_LOCK})


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
    severity = judgement.severity
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
        "judgement": explanation(judgement),
        "demo": demo,
    }
    statement = insert_into(connection, t.item).values(values).on_conflict_do_nothing().returning(t.item.c.id)
    return connection.execute(statement).scalar_one_or_none()


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

    ``without``: stories that a person took this report out of (``story_edits.apart``); ``now`` is when it was fetched.
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


def refresh_story(
    connection: Connection, story_id: int, *, settings: Settings, now: datetime, as_of: datetime | None = None
) -> alerts.Change:
    """Recompute a story from its reports, then open or raise its alert. Safe to repeat at any time.

    ``as_of``: when its spread and growth are reckoned, ``now`` where not given: last month's story whose reports are
    judged anew must not become a quiet one. A story without reports keeps what it last said, with the note
    ``EMPTIED``, and its alert as it is.
    """
    rows = connection.execute(
        select(*_SUMMED_UP)
        .join_from(t.item, t.source, t.source.c.id == t.item.c.source_id)
        .where(t.item.c.story_id == story_id)
    ).all()
    if not rows:
        return _emptied(connection, story_id)
    at = as_of or now
    facts = summarise([_report(row) for row in rows], at)
    severity = _as_said(assess(severity_inputs(facts, settings=settings, now=at), settings.severity), rows)
    before = connection.execute(select(t.story).where(t.story.c.id == story_id)).one()
    values: dict[str, Any] = {
        "title": facts.title,
        "region": facts.region,
        "scope": facts.scope,
        "kind": facts.kind,
        "stance": facts.stance,
        "sentiment": facts.sentiment,
        "workers": facts.workers,
        "amount_fen": facts.amount_fen,
        "employer": facts.employer,
        "items": len(rows),
        "outlets": facts.outlets,
        "first_outlet": facts.first_outlet,
        "first_published_at": facts.first_published_at,
        "last_seen_at": max(row.fetched_at for row in rows),
        "level": severity.level,
        "score": severity.score,
        "severity": {
            "parts": [asdict(p) for p in severity.parts],
            "floors": list(severity.floors),
            "notes": list(facts.disagreements),
        },
        "matched": list(facts.matched),
    }
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    if changed:
        connection.execute(update(t.story).where(t.story.c.id == story_id).values(changed))
    story = {**before._mapping, **values}  # noqa: SLF001 - SQLAlchemy's public name
    return alerts.consider(connection, story, settings=settings, now=now)


def _emptied(connection: Connection, story_id: int) -> alerts.Change:
    kept: dict[str, Any] = connection.scalar(select(t.story.c.severity).where(t.story.c.id == story_id)) or {}
    values = {"items": 0, "outlets": 0, "severity": kept | {"notes": [EMPTIED]}}
    connection.execute(update(t.story).where(t.story.c.id == story_id).values(values))
    return alerts.Change()


def _as_said(severity: Severity, rows: Sequence[Row[Any]]) -> Severity:
    """Raised to the gravest level a person gave one of the reports; a milder one corrects that report alone."""
    for row in rows:
        said = row.judgement.get("labelled", {}).get("level")
        if said and alerts.worse(row.level, severity.level):
            floor = f"{said['by']}定为{LEVEL_NAMES[row.level]}"
            severity = replace(severity, level=row.level, floors=(*severity.floors, floor))
    return severity


def open_stories(connection: Connection) -> list[int]:
    """Stories with an open alert, oldest first: what ``reassess`` should look at again."""
    query = select(t.alert.c.story_id).where(t.alert.c.state.not_in(CLOSED_STATES)).order_by(t.alert.c.story_id)
    return list(connection.scalars(query))


def reassess(
    connection: Connection, story_ids: Sequence[int], *, settings: Settings, now: datetime
) -> list[alerts.Change]:
    """Look again at stories with an open alert: outlets per 24 h, growth and the calendar move with time.

    Give a few dozen at a time: the write lock is held meanwhile.
    """
    hold_stories(connection)
    return [refresh_story(connection, story_id, settings=settings, now=now) for story_id in story_ids]


def _report(row: Row[Any]) -> Report:
    return Report(
        title=row.title,
        outlet=row.outlet,
        tier=row.tier,
        national=row.national,
        published_at=row.published_at,
        region=row.region,
        scope=row.scope,
        kind=row.kind,
        stance=row.stance,
        sentiment=row.sentiment,
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=row.employer,
        matched=tuple(row.judgement["matched"]),
        acts=tuple(row.judgement["acts"]),
        gathered=row.judgement["gathered"],
        visiting_province=row.judgement["visiting_province"],
        public_project=row.judgement["public_project"],
        specific_claim=row.judgement["specific_claim"],
        said=frozenset(row.judgement.get("labelled", ())),
    )


def severity_inputs(facts: StoryFacts, *, settings: Settings, now: datetime) -> SeverityInputs:
    """The story's facts in the terms of the severity table (domain.md 4.2)."""
    today = local(now).date()
    festival = settings.spring_festival_after(today)
    waited = (now - facts.first_published_at).total_seconds() / 3600
    return SeverityInputs(
        acts=facts.acts,
        workers=facts.workers,
        amount_fen=facts.amount_fen,
        outlets_24h=facts.outlets_24h,
        national_outlet=facts.national,
        growth=facts.growth,
        hours_without_response=None if facts.answered or facts.scope != "本省" else waited,
        public_project=facts.public_project,
        days_to_festival=(festival - today).days if festival else None,
        settled=facts.settled,
        in_province_claim=facts.specific_claim and facts.scope == "本省",
        gathered=facts.gathered,
        visiting_province=facts.visiting_province,
        listed_only=facts.scope in ("背景", "外省"),
    )
