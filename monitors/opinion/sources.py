"""The sources in the database: the shipped catalogue and what people add, change, pause and remove (监测源).

config.toml is followed until a person edits a source on the page; from then on the page's word counts, and the start
says where the two differ. Nothing is deleted: a removed source keeps its reports. Every change raises ``revision``.
Functions that write run inside the caller's write transaction, in somebody's name: they raise ``RefusedError`` before
anything else where the actor may not, and leave their row in the audit trail last, so that its lock is held shortest.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from monitors.access import audit
from monitors.access.actor import SYSTEM, Actor
from monitors.clock import local
from monitors.errors import ConflictError, InputError
from monitors.opinion import source_audit
from monitors.opinion.model import Source
from monitors.opinion.source_rows import (
    Origin,
    PollRow,
    SetAside,
    SourceRow,
    addresses,
    count_sources,
    get,
    list_sources,
    read_row,
    recent_polls,
    select_rows,
    set_aside_rows,
)
from monitors.opinion.source_rules import (
    DATE_PARTS,
    PAGE_INTERVAL_FLOOR,
    PLACEHOLDER,
    address_key,
    is_id,
    new_id,
    problems,
)
from monitors.store import tables as t
from monitors.store.upsert import insert_into

__all__ = [
    "PollRow",
    "SetAside",
    "SourceRow",
    "SyncReport",
    "add_source",
    "add_sources",
    "addresses",
    "count_sources",
    "dated_url",
    "edit_source",
    "get",
    "list_sources",
    "pause",
    "poll_now",
    "recent_polls",
    "remove",
    "restore",
    "resume",
    "set_aside_rows",
    "sync_catalogue",
]

# meta key under which the digests of the catalogue last read are kept: they tell "the operator changed config.toml"
# from "a person changed the source on the page".
_CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What ``sync_catalogue`` did, by id. ``kept``: changed in config.toml, but edited on the page before."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def dated_url(url: str, now: datetime) -> str:
    """The address to ask at ``now``: ``{YYYY}``, ``{MM}`` and ``{DD}`` become the office's date (Asia/Shanghai)."""
    if "{" not in url:
        return url
    today = local(now)
    return PLACEHOLDER.sub(lambda m: today.strftime(DATE_PARTS[m[1]]) if m[1] in DATE_PARTS else m[0], url)


def _columns(source: Source) -> dict[str, Any]:
    values = asdict(source)
    values["group_name"] = values.pop("group")
    values["recipe"]["headers"] = [list(pair) for pair in source.recipe.headers]
    return values


def _fresh_state(source: Source, now: datetime) -> dict[str, Any]:
    """The state of a source whose address nobody has asked yet: due at once, no validators, no history."""
    return {
        "next_at": now,
        "interval_seconds": float(source.interval_seconds),
        "etag": None,
        "last_modified": None,
        "body_hash": None,
        "full_poll_at": None,
        "failures": 0.0,
        "streak": 0,
    }


def _insert(
    connection: Connection, fresh: Sequence[Source], *, origin: Origin, now: datetime, demo: bool = False
) -> None:
    if fresh:
        common = {"origin": origin, "removed": False, "demo": demo, "revision": 1, "created_at": now, "updated_at": now}
        connection.execute(insert(t.source), [_columns(source) | common for source in fresh])
        states = [_fresh_state(source, now) | {"source_id": source.id} for source in fresh]
        connection.execute(insert(t.source_state), states)


def insert_demo(connection: Connection, source: Source, *, now: datetime) -> None:
    """Store a source of the demonstration data; marked, so that clearing finds it. The caller gives paused ones."""
    _insert(connection, [source], origin="page", now=now, demo=True)


def _change(connection: Connection, before: SourceRow, after: Source, *, now: datetime, **values: Any) -> None:
    """Write a new definition over ``before``, if nobody was faster, and fit the polling state to it.

    Raises:
        ConflictError: the stored revision is no longer that of ``before``.
    """
    done = connection.execute(
        update(t.source)
        .where(t.source.c.id == before.source.id, t.source.c.revision == before.revision)
        .values(_columns(after) | values | {"revision": before.revision + 1, "updated_at": now})
    )
    if done.rowcount != 1:
        raise ConflictError(f"“{before.source.name}”刚被他人修改，请刷新后再改")
    old = before.source
    state: dict[str, Any] = {}
    if (after.url, after.kind, after.recipe) != (old.url, old.kind, old.recipe):
        # A poll of the old address may be under way: its lease ends here, so that it cannot write its cursor over ours.
        fence = {"generation": t.source_state.c.generation + 1, "lease_owner": None, "lease_until": None}
        state = _fresh_state(after, now) | fence
    elif (after.interval_seconds, after.max_interval_seconds) != (old.interval_seconds, old.max_interval_seconds):
        interval = min(max(before.present_interval, after.interval_seconds), after.max_interval_seconds)
        state = {"interval_seconds": float(interval), "streak": 0, "next_at": min(before.next_at, now)}
    if old.paused and not after.paused:
        state["next_at"] = now
    if state:
        connection.execute(update(t.source_state).where(t.source_state.c.source_id == old.id).values(state))


def sync_catalogue(connection: Connection, catalogue: Sequence[Source], now: datetime) -> SyncReport:
    """Bring the table to config.toml: what the operator changed there since last time, and nothing else.

    A pause or resume on the page survives until the operator changes that very block. Sources edited on the page are
    left alone and reported in ``kept``. Sources that vanished are marked removed; their reports stay.
    """
    seen_before = _digests(connection)
    digests = {source.id: _digest(source) for source in catalogue}
    rows = {row.id: read_row(row) for row in connection.execute(select_rows())}
    found: dict[str, list[str]] = {name: [] for name in SyncReport.__slots__}
    for source in catalogue:
        row = rows.get(source.id)
        if row is None:
            _insert(connection, [source], origin="config", now=now)
            found["added"].append(source.id)
        elif row.origin != "config":
            if seen_before.get(source.id, digests[source.id]) != digests[source.id]:
                found["kept"].append(source.id)
        elif row.removed:
            _change(connection, row, source, now=now, removed=False)
            found["restored"].append(source.id)
        elif seen_before.get(source.id) != digests[source.id] and row.source != source:
            _change(connection, row, source, now=now)
            found["updated"].append(source.id)
    for row in rows.values():
        if row.source.id not in digests and row.origin == "config" and not (row.removed or row.demo):
            _change(connection, row, row.source, now=now, removed=True)
            found["removed"].append(row.source.id)
    if digests != seen_before:
        _keep_digests(connection, digests)
    _record_sync(connection, found, now)
    return SyncReport(**{name: tuple(ids) for name, ids in found.items()})


def _record_sync(connection: Connection, found: Mapping[str, Sequence[str]], now: datetime) -> None:
    """One row for all that the file changed; nobody's act but the system's."""
    words = {"added": "添加", "updated": "修改", "restored": "放回", "removed": "移除"}
    if done := {words[name]: ids for name, ids in found.items() if ids and name in words}:
        after = {"操作": "按 config.toml 更新", **done}
        audit.append(connection, SYSTEM, "source.edit", at=now, kind=source_audit.KIND, after=after)


def _digest(source: Source) -> str:
    return hashlib.sha256(json.dumps(asdict(source), sort_keys=True).encode()).hexdigest()[:16]


def _digests(connection: Connection) -> dict[str, str]:
    stored = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _CATALOGUE))
    return dict(json.loads(stored)) if stored else {}


def _keep_digests(connection: Connection, digests: Mapping[str, str]) -> None:
    value = json.dumps(digests, sort_keys=True)
    statement = insert_into(connection, t.meta).values(key=_CATALOGUE, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=[t.meta.c.key], set_={"value": value}))


def _refuse(source: Source, interval_floor: float) -> None:
    if found := problems(source, interval_floor=interval_floor):
        raise InputError("；".join(found.values()))


def add_source(
    connection: Connection,
    actor: Actor,
    source: Source,
    *,
    now: datetime,
    origin: Origin = "page",
    interval_floor: float = PAGE_INTERVAL_FLOOR,
) -> str:
    """Add a source and make it due; returns its id (given one is kept if free, else made from the address).

    Raises:
        RefusedError: the actor may not change sources.
        InputError: a field is wrong, or the address is watched already.
    """
    return add_sources(connection, actor, [source], now=now, origin=origin, interval_floor=interval_floor)[0]


def add_sources(
    connection: Connection,
    actor: Actor,
    wanted: Sequence[Source],
    *,
    now: datetime,
    origin: Origin = "page",
    interval_floor: float = PAGE_INTERVAL_FLOOR,
) -> tuple[str, ...]:
    """``add_source`` for several, all or none, each with a row of its own in the trail."""
    actor.require("source.edit", kind=source_audit.KIND, target=wanted[0].id[:80] if len(wanted) == 1 else "")
    watched, gone, ids = addresses(connection), _removed(connection), set(connection.scalars(select(t.source.c.id)))
    done: list[tuple[Source | None, Source]] = []
    for given in wanted:
        source = _trimmed(given)
        _refuse(source, interval_floor)
        key = address_key(source)
        if taken := watched.get(key):
            name = (
                next((after.name for _, after in done if after.id == taken), "") or get(connection, taken).source.name
            )
            raise InputError(f"这个网址已在监测：{name}（编号 {taken}）")
        if there := gone.get(key):
            # The same address watched again: its earlier reports are its own, and are not reported twice.
            source = replace(source, id=there.source.id)
            _change(connection, there, source, now=now, origin=origin, removed=False)
        else:
            source = replace(source, id=_free_id(source, ids))
        done.append((there.source if there else None, source))
        watched[key] = source.id
        ids.add(source.id)
    _insert(connection, [after for before, after in done if before is None], origin=origin, now=now)
    for before, after in done:
        source_audit.record(
            connection, actor, "导入" if origin == "opml" else "添加", before=before, after=after, at=now
        )
    return tuple(after.id for _, after in done)


def _trimmed(source: Source) -> Source:
    name = source.name.strip()
    return replace(source, name=name, url=source.url.strip(), outlet=source.outlet.strip() or name)


def _free_id(source: Source, ids: Collection[str]) -> str:
    """The id given, if it may be had; else one made of the address, which may be that of a source since moved away."""
    made = new_id(source)
    wanted = itertools.chain((source.id, made), (f"{made}-{number}" for number in itertools.count(2)))
    return next(one for one in wanted if is_id(one) and one not in ids)


def _removed(connection: Connection) -> dict[tuple[str, str], SourceRow]:
    """The removed sources by the address they watched."""
    rows = connection.execute(select_rows().where(t.source.c.removed.is_(True), t.source.c.demo.is_(False)))
    return {address_key(row.source): row for row in map(read_row, rows)}


def edit_source(
    connection: Connection,
    actor: Actor,
    source: Source,
    *,
    revision: int,
    now: datetime,
    interval_floor: float = PAGE_INTERVAL_FLOOR,
) -> SourceRow:
    """Replace the definition of ``source.id`` as it was at ``revision``; the page's word counts from now on.

    Raises:
        RefusedError: the actor may not change sources.
        InputError: a field is wrong, there is no such source, or another one has the address.
        ConflictError: somebody changed it since ``revision``.
    """
    before = _permitted(connection, actor, "source.edit", source.id)
    if before.demo:
        raise InputError("演示数据的监测源不能修改")
    if before.revision != revision:
        raise ConflictError(f"“{before.source.name}”刚被他人修改，请刷新后再改")
    source = _trimmed(source)
    # A shorter interval that config.toml set stays valid while it is not touched.
    floor = min(interval_floor, before.source.interval_seconds)
    _refuse(source, floor)
    taken = addresses(connection).get(address_key(source), source.id)
    if taken != source.id:
        raise InputError(f"这个网址已在监测：{get(connection, taken).source.name}（编号 {taken}）")
    _change(connection, before, source, now=now, origin="page" if before.origin == "config" else before.origin)
    source_audit.record(connection, actor, "修改", before=before.source, after=source, at=now)
    return get(connection, source.id)


def _permitted(connection: Connection, actor: Actor, action: str, source_id: str) -> SourceRow:
    """The source, if the actor may do ``action`` to it."""
    actor.require(action, kind=source_audit.KIND, target=source_id[:80])
    return get(connection, source_id)


def pause(connection: Connection, actor: Actor, source_id: str, *, now: datetime) -> None:
    """Stop polling a source until it is resumed; twice is once."""
    _set_paused(connection, actor, source_id, True, now)


def resume(connection: Connection, actor: Actor, source_id: str, *, now: datetime) -> None:
    """Poll a paused source again, at once."""
    _set_paused(connection, actor, source_id, False, now)


def _set_paused(connection: Connection, actor: Actor, source_id: str, paused: bool, now: datetime) -> None:
    row = _permitted(connection, actor, "source.edit", source_id)
    if row.demo:
        raise InputError("演示数据的监测源不抓取")
    if row.removed:
        raise InputError(f"“{row.source.name}”已移除")
    if row.source.paused != paused:
        changed = replace(row.source, paused=paused)
        _change(connection, row, changed, now=now)
        act = "暂停抓取" if paused else "恢复抓取"
        source_audit.record(connection, actor, act, before=row.source, after=changed, at=now)


def remove(connection: Connection, actor: Actor, source_id: str, *, now: datetime) -> None:
    """Take a source off the list; its reports stay, and config.toml does not bring it back."""
    row = _permitted(connection, actor, "source.edit", source_id)
    if row.demo:
        raise InputError("演示数据请用“清除演示数据”移除")
    if not row.removed:
        origin = "page" if row.origin == "config" else row.origin
        _change(connection, row, row.source, now=now, removed=True, origin=origin)
        source_audit.record(connection, actor, "移除", before=row.source, after=row.source, at=now)


def restore(connection: Connection, actor: Actor, source_id: str, *, now: datetime) -> None:
    """Put a removed source back on the list, due at once if it is not paused.

    Raises:
        InputError: another source watches the address by now.
    """
    row = _permitted(connection, actor, "source.edit", source_id)
    if not row.removed:
        return
    if taken := addresses(connection).get(address_key(row.source)):
        raise InputError(f"这个网址已在监测：{get(connection, taken).source.name}（编号 {taken}）")
    _change(connection, row, row.source, now=now, removed=False)
    connection.execute(update(t.source_state).where(t.source_state.c.source_id == source_id).values(next_at=now))
    source_audit.record(connection, actor, "放回列表", before=row.source, after=row.source, at=now)


def poll_now(connection: Connection, actor: Actor, source_id: str, *, now: datetime) -> None:
    """Make a source due at once; the watch takes it at its next look.

    Raises:
        InputError: it is paused, removed or demonstration data, so nobody would poll it.
    """
    row = _permitted(connection, actor, "source.poll", source_id)
    if row.demo or row.removed or row.source.paused:
        raise InputError(f"“{row.source.name}”已暂停，请先恢复抓取")
    connection.execute(update(t.source_state).where(t.source_state.c.source_id == source_id).values(next_at=now))
    source_audit.record_poll(connection, actor, "立即抓取", row.source, at=now)
