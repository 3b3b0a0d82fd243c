"""The sources as they stand in the database: definition, state of polling, history (监测源查询). Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, case, func, or_, select

from monitors.errors import InputError
from monitors.opinion import claims
from monitors.opinion.model import SOURCE_GROUPS, Source
from monitors.opinion.schedule import Health, Vitals, health
from monitors.opinion.source_rules import address_key
from monitors.settings import Watch
from monitors.store import tables as t

Origin = Literal["config", "page", "opml"]
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
        if self.demo or self.removed:
            return Health("off", "演示数据，不抓取" if self.demo else "已移除，不抓取")
        return health(self.vitals(), watch, now)


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


def select_rows() -> Select[Any]:
    state = [t.source_state.c[name] for name in _STATE_COLUMNS]
    return select(t.source, t.source_state.c.interval_seconds.label("present_interval"), *state).join(
        t.source_state, t.source_state.c.source_id == t.source.c.id
    )


def read_row(row: Row[Any]) -> SourceRow:
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
    query = _filtered(select_rows(), group=group, text=text, removed=removed, demo=demo).order_by(*order)
    if limit is not None:
        query = query.limit(limit).offset(offset)
    return [read_row(row) for row in connection.execute(query)]


def count_sources(connection: Connection, *, group: str = "", text: str = "", demo: bool | None = None) -> int:
    """How many sources ``list_sources`` would give without a limit."""
    query = _filtered(select(func.count()).select_from(t.source), group=group, text=text, removed=False, demo=demo)
    return int(connection.scalar(query) or 0)


def get(connection: Connection, source_id: str) -> SourceRow:
    """One source, removed ones included.

    Raises:
        InputError: there is no such source.
    """
    row = connection.execute(select_rows().where(t.source.c.id == source_id)).one_or_none()
    if row is None:
        raise InputError(f"没有编号为 {source_id} 的监测源")
    return read_row(row)


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
    rows = connection.execute(select_rows().where(t.source.c.removed.is_(False), t.source.c.demo.is_(False)))
    return {address_key(claims.source_of(row)): row.id for row in rows}
