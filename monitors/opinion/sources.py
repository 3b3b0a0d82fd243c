"""The sources in the database: the shipped catalogue and what people add, change, pause and remove (监测源).

config.toml is followed until a person edits a source on the page; from then on the page's word counts, and the start
says where the two differ. Nothing is deleted: a removed source keeps its reports. Every change raises ``revision``.
Functions that write run inside the caller's write transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from monitors.clock import local
from monitors.errors import ConflictError, InputError
from monitors.opinion import claims
from monitors.opinion.model import SOURCE_GROUPS, Source
from monitors.opinion.schedule import Health, Vitals, health
from monitors.opinion.source_rules import (
    DATE_PARTS,
    PAGE_INTERVAL_FLOOR,
    PLACEHOLDER,
    address_key,
    is_id,
    new_id,
    problems,
)
from monitors.settings import Watch
from monitors.store import tables as t

Origin = Literal["config", "page", "opml"]
# meta key under which the digests of the catalogue last read are kept: they tell "the operator changed config.toml"
# from "a person changed the source on the page".
_CATALOGUE = "catalogue"
_STATE_COLUMNS = (
    "next_at",
    "failures",
    "streak",
    "last_poll_at",
    "last_ok_at",
    "newest_item_at",
    "last_outcome",
    "last_note",
    "lease_until",
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as stored, with the state of its polling. ``present_interval`` is the adaptive one, in seconds."""

    source: Source
    origin: Origin
    removed: bool
    demo: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    present_interval: float
    next_at: datetime
    failures: float
    streak: int
    last_poll_at: datetime | None
    last_ok_at: datetime | None
    newest_item_at: datetime | None
    last_outcome: str
    last_note: str
    lease_until: datetime | None

    def vitals(self) -> Vitals:
        """What ``schedule.health`` judges by."""
        return Vitals(
            paused=self.source.paused,
            condition=self.source.condition,
            created_at=self.created_at,
            next_at=self.next_at,
            interval_seconds=self.present_interval,
            failures=self.failures,
            last_poll_at=self.last_poll_at,
            last_ok_at=self.last_ok_at,
            newest_item_at=self.newest_item_at,
            last_outcome=self.last_outcome,
        )

    def health(self, watch: Watch, now: datetime) -> Health:
        """How the source is, with the words for the screen; demonstration data is never polled."""
        return Health("off", "演示数据，不抓取") if self.demo else health(self.vitals(), watch, now)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What ``sync_catalogue`` did, by id. ``kept``: changed in config.toml, but edited on the page before."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollRow:
    """One poll as it is shown on the source's page."""

    started_at: datetime
    finished_at: datetime
    outcome: str
    status: int | None
    new: int
    seen: int
    dropped: int
    repaired: int
    bytes: int
    note: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """An entry that could not be taken in, with the reason."""

    at: datetime
    reason: str
    excerpt: str


def dated_url(url: str, now: datetime) -> str:
    """The address to ask at ``now``: ``{YYYY}``, ``{MM}`` and ``{DD}`` become the office's date (Asia/Shanghai)."""
    if "{" not in url:
        return url
    today = local(now)
    return PLACEHOLDER.sub(lambda m: today.strftime(DATE_PARTS[m[1]]) if m[1] in DATE_PARTS else m[0], url)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows() -> Select[Any]:
    state = [t.source_state.c[name] for name in _STATE_COLUMNS]
    return select(t.source, t.source_state.c.interval_seconds.label("present_interval"), *state).join(
        t.source_state, t.source_state.c.source_id == t.source.c.id
    )


def _row(row: Row[Any]) -> SourceRow:
    return SourceRow(
        source=claims.source_of(row),
        origin=row.origin,
        removed=row.removed,
        demo=row.demo,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        present_interval=row.present_interval,
        **{name: getattr(row, name) for name in _STATE_COLUMNS},
    )


def _filtered(query: Select[Any], *, group: str, text: str, removed: bool, demo: bool | None) -> Select[Any]:
    query = query.where(t.source.c.removed.is_(removed))
    if demo is not None:
        query = query.where(t.source.c.demo.is_(demo))
    if group:
        query = query.where(t.source.c.group_name == group)
    for word in text.split():
        pattern = "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        columns = (t.source.c.name, t.source.c.outlet, t.source.c.url, t.source.c.id, t.source.c.condition)
        query = query.where(or_(*(column.ilike(pattern, escape="!") for column in columns)))
    return query


def list_sources(
    connection: Connection,
    *,
    group: str = "",
    text: str = "",
    removed: bool = False,
    demo: bool | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[SourceRow]:
    """Sources in the order of the catalogue's groups, then by name; ``text`` words must all occur in name, outlet, …"""
    place = {group: number for number, group in enumerate(SOURCE_GROUPS)}
    order = (case(place, value=t.source.c.group_name, else_=len(place)), t.source.c.name, t.source.c.id)
    query = _filtered(_rows(), group=group, text=text, removed=removed, demo=demo).order_by(*order)
    if limit is not None:
        query = query.limit(limit).offset(offset)
    return [_row(row) for row in connection.execute(query)]


def count_sources(connection: Connection, *, group: str = "", text: str = "", demo: bool | None = None) -> int:
    """How many sources ``list_sources`` would give without a limit."""
    query = _filtered(select(func.count()).select_from(t.source), group=group, text=text, removed=False, demo=demo)
    return int(connection.scalar(query) or 0)


def get(connection: Connection, source_id: str) -> SourceRow:
    """One source, removed ones included.

    Raises:
        InputError: there is no such source.
    """
    row = connection.execute(_rows().where(t.source.c.id == source_id)).one_or_none()
    if row is None:
        raise InputError(f"没有编号为 {source_id} 的监测源")
    return _row(row)


def to_source(row: SourceRow) -> Source:
    """The definition the watch polls by."""
    return row.source


def recent_polls(connection: Connection, source_id: str, *, limit: int = 20) -> list[PollRow]:
    """The last polls of a source, newest first."""
    columns = [t.poll.c[name] for name in PollRow.__slots__]
    query = (
        select(*columns).where(t.poll.c.source_id == source_id).order_by(t.poll.c.started_at.desc(), t.poll.c.id.desc())
    )
    return [PollRow(**row._mapping) for row in connection.execute(query.limit(limit))]  # noqa: SLF001 - public by contract


def set_aside_rows(connection: Connection, source_id: str, *, limit: int = 20) -> list[SetAside]:
    """Entries of a source that were set aside, newest first."""
    columns = [t.set_aside.c[name] for name in SetAside.__slots__]
    query = select(*columns).where(t.set_aside.c.source_id == source_id)
    rows = connection.execute(query.order_by(t.set_aside.c.at.desc(), t.set_aside.c.id.desc()).limit(limit))
    return [SetAside(**row._mapping) for row in rows]  # noqa: SLF001 - public by contract


def addresses(connection: Connection) -> dict[tuple[str, str], str]:
    """``address_key`` → id of every source not removed and not demonstration data: what an import would double."""
    rows = connection.execute(_rows().where(t.source.c.removed.is_(False), t.source.c.demo.is_(False)))
    return {address_key(claims.source_of(row)): row.id for row in rows}


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


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


def _insert(connection: Connection, source: Source, *, origin: Origin, now: datetime, demo: bool = False) -> None:
    values = _columns(source) | {"origin": origin, "removed": False, "demo": demo, "revision": 1}
    connection.execute(insert(t.source).values(values | {"created_at": now, "updated_at": now}))
    connection.execute(insert(t.source_state).values(_fresh_state(source, now) | {"source_id": source.id}))


def insert_demo(connection: Connection, source: Source, *, now: datetime) -> None:
    """Store a source of the demonstration data; marked, so that clearing finds it. The caller gives paused ones."""
    _insert(connection, source, origin="page", now=now, demo=True)


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
        state = _fresh_state(after, now)
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
    rows = {row.id: _row(row) for row in connection.execute(_rows())}
    found: dict[str, list[str]] = {name: [] for name in SyncReport.__slots__}
    for source in catalogue:
        row = rows.get(source.id)
        if row is None:
            _insert(connection, source, origin="config", now=now)
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
    return SyncReport(**{name: tuple(ids) for name, ids in found.items()})


def _digest(source: Source) -> str:
    return hashlib.sha256(json.dumps(asdict(source), sort_keys=True).encode()).hexdigest()[:16]


def _digests(connection: Connection) -> dict[str, str]:
    stored = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _CATALOGUE))
    return dict(json.loads(stored)) if stored else {}


def _keep_digests(connection: Connection, digests: Mapping[str, str]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    value = json.dumps(digests, sort_keys=True)
    statement = dialect.insert(t.meta).values(key=_CATALOGUE, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=[t.meta.c.key], set_={"value": value}))


def _refuse(source: Source, interval_floor: float) -> None:
    if found := problems(source, interval_floor=interval_floor):
        raise InputError("；".join(found.values()))


def add_source(
    connection: Connection,
    source: Source,
    *,
    now: datetime,
    origin: Origin = "page",
    interval_floor: float = PAGE_INTERVAL_FLOOR,
) -> str:
    """Add a source and make it due; returns its id (given one is kept if free, else made from the address).

    Raises:
        InputError: a field is wrong, or the address is watched already.
    """
    source = replace(
        source, name=source.name.strip(), url=source.url.strip(), outlet=source.outlet.strip() or source.name.strip()
    )
    _refuse(source, interval_floor)
    if taken := addresses(connection).get(address_key(source)):
        raise InputError(f"这个网址已在监测：{get(connection, taken).source.name}（编号 {taken}）")
    for wanted in (source.id, new_id(source)):
        if not is_id(wanted):
            continue
        source = replace(source, id=wanted)
        there = connection.execute(_rows().where(t.source.c.id == wanted)).one_or_none()
        if there is None:
            _insert(connection, source, origin=origin, now=now)
            return wanted
        if there.removed and address_key(claims.source_of(there)) == address_key(source):
            # The same address watched again: its earlier reports are its own, and are not reported twice.
            _change(connection, _row(there), source, now=now, origin=origin, removed=False)
            return wanted
    raise InputError("无法为这个网址分配编号，请先恢复或改名同编号的监测源")


def edit_source(
    connection: Connection, source: Source, *, revision: int, now: datetime, interval_floor: float = PAGE_INTERVAL_FLOOR
) -> SourceRow:
    """Replace the definition of ``source.id`` as it was at ``revision``; the page's word counts from now on.

    Raises:
        InputError: a field is wrong, there is no such source, or another one has the address.
        ConflictError: somebody changed it since ``revision``.
    """
    before = get(connection, source.id)
    if before.demo:
        raise InputError("演示数据的监测源不能修改")
    if before.revision != revision:
        raise ConflictError(f"“{before.source.name}”刚被他人修改，请刷新后再改")
    source = replace(
        source, name=source.name.strip(), url=source.url.strip(), outlet=source.outlet.strip() or source.name.strip()
    )
    # A shorter interval that config.toml set stays valid while it is not touched.
    floor = min(interval_floor, before.source.interval_seconds)
    _refuse(source, floor)
    taken = addresses(connection).get(address_key(source), source.id)
    if taken != source.id:
        raise InputError(f"这个网址已在监测：{get(connection, taken).source.name}（编号 {taken}）")
    _change(connection, before, source, now=now, origin="page" if before.origin == "config" else before.origin)
    return get(connection, source.id)


def pause(connection: Connection, source_id: str, *, now: datetime) -> None:
    """Stop polling a source until it is resumed; twice is once."""
    _set_paused(connection, source_id, True, now)


def resume(connection: Connection, source_id: str, *, now: datetime) -> None:
    """Poll a paused source again, at once."""
    _set_paused(connection, source_id, False, now)


def _set_paused(connection: Connection, source_id: str, paused: bool, now: datetime) -> None:
    row = get(connection, source_id)
    if row.demo:
        raise InputError("演示数据的监测源不抓取")
    if row.removed:
        raise InputError(f"“{row.source.name}”已移除")
    if row.source.paused != paused:
        _change(connection, row, replace(row.source, paused=paused), now=now)


def remove(connection: Connection, source_id: str, *, now: datetime) -> None:
    """Take a source off the list; its reports stay, and config.toml does not bring it back."""
    row = get(connection, source_id)
    if row.demo:
        raise InputError("演示数据请用“清除演示数据”移除")
    if not row.removed:
        origin = "page" if row.origin == "config" else row.origin
        _change(connection, row, row.source, now=now, removed=True, origin=origin)


def poll_now(connection: Connection, source_id: str, *, now: datetime) -> None:
    """Make a source due at once; the watch takes it at its next look.

    Raises:
        InputError: it is paused, removed or demonstration data, so nobody would poll it.
    """
    row = get(connection, source_id)
    if row.demo or row.removed or row.source.paused:
        raise InputError(f"“{row.source.name}”已暂停，请先恢复抓取")
    connection.execute(update(t.source_state).where(t.source_state.c.source_id == source_id).values(next_at=now))
