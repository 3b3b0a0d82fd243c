"""Covering complainants in what was stored before, or under older rules (存量脱敏): small transactions, restartable.

Done once per version of the rules. Broken off at any instant, the next call goes on where this one stopped; doing a
batch twice changes nothing. Each step is one short transaction, so polls and pages go on meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update

from monitors.opinion import intake, stories
from monitors.opinion.masking import VERSION, mask, mask_employer, mask_entry, mask_evidence, mask_words
from monitors.opinion.model import Entry, Evidence
from monitors.opinion.story_index import StoryIndex
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.search_index import index_items, unindex_items
from monitors.store.upsert import insert_into

BATCH = 200  # rows per transaction, some 0.1 s
_DONE = "mask_version"  # meta: the version everything stored is covered by
_REACHED = "mask_reached"  # meta: version, table and row where covering goes on


def mask_stored(store: Store, *, batch: int = BATCH, now: datetime) -> int:
    """Cover everything stored; returns how many rows changed. Cheap when nothing is to be done.

    Raises:
        StoreError: the database cannot be used; what was covered stays covered.
    """
    changed = 0
    while (step := mask_some(store, batch=batch, now=now)) is not None:
        changed += step
    return changed


def mask_some(store: Store, *, batch: int = BATCH, now: datetime) -> int | None:
    """One step of ``mask_stored``: how many rows changed, or None where all is covered.

    ``now`` is when the pass was over, kept with its version for people who look.
    """
    with store.read() as connection:
        if _value(connection, _DONE).partition(" ")[0] == VERSION:
            return None
    with store.write() as connection:
        version, _, rest = _value(connection, _REACHED).partition(" ")
        name, _, last = rest.partition(" ")
        place = list(_TABLES).index(name) if version == VERSION and name in _TABLES else 0
        after = int(last) if version == VERSION and last.isdigit() else 0
        table, cover = _TABLES[list(_TABLES)[place]]
        # A source's state is named by its source, not numbered; there are few of them.
        if table is t.source_state:
            changed, end = cover(connection, connection.execute(select(table)).all()), None
        else:
            rows = connection.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(batch)).all()
            changed, end = cover(connection, rows), rows[-1].id if len(rows) == batch else None
        if end is not None:
            _note(connection, _REACHED, f"{VERSION} {table.name} {end}")
        elif place + 1 < len(_TABLES):
            _note(connection, _REACHED, f"{VERSION} {list(_TABLES)[place + 1]} 0")
        else:
            connection.execute(delete(t.meta).where(t.meta.c.key == _REACHED))
            _note(connection, _DONE, f"{VERSION} {now.isoformat()}")
        return changed


def _value(connection: Connection, key: str) -> str:
    return connection.scalar(select(t.meta.c.value).where(t.meta.c.key == key)) or ""


def _note(connection: Connection, key: str, value: str) -> None:
    row = {"key": key, "value": value}
    connection.execute(
        insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
    )


def _items(connection: Connection, rows: list[Row[Any]]) -> int:
    changed = [(row, entry, shown) for row in rows if (shown := mask_entry(entry := _entry(row))) is not entry]
    if not changed:
        return 0
    # The index forgets a row only by the words it was made of, so before they change.
    unindex_items(connection, [row.id for row, _, _ in changed])
    for row, entry, shown in changed:
        values: dict[str, Any] = {
            "title": shown.title,
            "text": shown.text,
            "employer": mask_employer(row.employer, entry, shown),
            "judgement": _judgement(row.judgement, entry, shown),
        }
        if row.text_hash:
            values["text_hash"] = intake.words_key(shown)
        connection.execute(update(t.item).where(t.item.c.id == row.id).values(values))
        _follow(connection, row, values)
        _find_again(connection, row, values)
    index_items(connection, [(row.id, shown.title, shown.text) for row, _, shown in changed])
    return len(changed)


def _entry(row: Row[Any]) -> Entry:
    return Entry(guid="", title=row.title, url=row.url, text=row.text)


def _judgement(kept: dict[str, Any], entry: Entry, shown: Entry) -> dict[str, Any]:
    covered = dict(kept)
    if "matched" in kept:
        covered["matched"] = list(mask_words(tuple(kept["matched"]), entry, shown))
    if "evidence" in kept:
        covered["evidence"] = [asdict(mask_evidence(Evidence(**one), entry, shown)) for one in kept["evidence"]]
    return covered


def _follow(connection: Connection, row: Row[Any], values: dict[str, Any]) -> None:
    """A story took its title and its employer from one of its reports."""
    for name in ("title", "employer"):
        before, after = getattr(row, name), values[name]
        if row.story_id is not None and before != after:
            connection.execute(
                update(t.story).where(t.story.c.id == row.story_id, t.story.c[name] == before).values({name: after})
            )


def _find_again(connection: Connection, row: Row[Any], values: dict[str, Any]) -> None:
    """The story index holds digests of the words, too; those of the covered ones take their place."""
    known = connection.scalar(select(func.count()).where(t.story_signature.c.item_id == row.id))
    if not known:
        return
    for table in (t.story_band, t.story_signature):
        connection.execute(delete(table).where(table.c.item_id == row.id))
    report = stories.member(
        id=row.id,
        title=values["title"],
        text=values["text"],
        published=row.published_at,
        region=row.region,
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=values["employer"],
    )
    StoryIndex().add(connection, report, row.id)


def _stories(connection: Connection, rows: list[Row[Any]]) -> int:
    """What no report of theirs passed on."""
    return sum(_columns(connection, t.story, row, ("title", "employer")) for row in rows)


def _polls(connection: Connection, rows: list[Row[Any]]) -> int:
    return sum(_columns(connection, t.poll, row, ("note",)) for row in rows)


def _states(connection: Connection, rows: list[Row[Any]]) -> int:
    changed = 0
    for row in rows:
        note = mask(row.last_note).text
        if note != row.last_note:
            changed += 1
            chosen = t.source_state.c.source_id == row.source_id
            connection.execute(update(t.source_state).where(chosen).values(last_note=note))
    return changed


def _asides(connection: Connection, rows: list[Row[Any]]) -> int:
    changed = 0
    aside = t.set_aside.c
    for row in rows:
        excerpt = mask(row.excerpt).text
        if excerpt == row.excerpt:
            continue
        changed += 1
        key = hashlib.sha256(f"{row.reason}\n{excerpt}".encode()).hexdigest()
        twin = select(aside.id).where(aside.source_id == row.source_id, aside.fingerprint == key, aside.id != row.id)
        if connection.scalar(twin) is not None:
            connection.execute(delete(t.set_aside).where(aside.id == row.id))
        else:
            connection.execute(update(t.set_aside).where(aside.id == row.id).values(excerpt=excerpt, fingerprint=key))
    return changed


def _columns(connection: Connection, table: Table, row: Row[Any], names: tuple[str, ...]) -> bool:
    values = {
        name: after for name in names if (before := getattr(row, name)) and (after := mask(before).text) != before
    }
    if values:
        connection.execute(update(table).where(table.c.id == row.id).values(values))
    return bool(values)


_TABLES: dict[str, tuple[Table, Callable[[Connection, Any], int]]] = {
    "item": (t.item, _items),
    "story": (t.story, _stories),
    "set_aside": (t.set_aside, _asides),
    "poll": (t.poll, _polls),
    "source_state": (t.source_state, _states),
}
