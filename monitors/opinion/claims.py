"""Which worker polls which source: leases with a fence (租约), the same on SQLite and PostgreSQL.

A worker claims due sources for ``lease_seconds``; each claim raises the source's ``generation``. Whoever stores the
result must still own that generation: a worker that stalled past its lease finds its work refused, never doubled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from monitors.errors import LeaseLostError
from monitors.opinion.model import Recipe, Source
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Claim:
    """One source, ours to poll until the lease ends, with what the last poll left behind."""

    source: Source
    generation: int
    interval_seconds: float
    failures: float
    streak: int
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    full_poll_at: datetime | None
    newest_item_at: datetime | None


def source_of(row: Row[Any]) -> Source:
    """The definition in a row of ``source``."""
    recipe = dict(row.recipe)
    headers = tuple((str(name), str(value)) for name, value in recipe.pop("headers", ()))
    return Source(
        id=row.id,
        name=row.name,
        kind=row.kind,
        url=row.url,
        group=row.group_name,
        outlet=row.outlet,
        interval_seconds=row.interval_seconds,
        max_interval_seconds=row.max_interval_seconds,
        region=row.region,
        tier=row.tier,
        national=row.national,
        condition=row.condition,
        condition_note=row.condition_note,
        paused=row.paused,
        recipe=Recipe(headers=headers, **recipe),
    )


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    unleased = or_(t.source_state.c.lease_until.is_(None), t.source_state.c.lease_until <= now)
    return t.source.c.paused.is_(False), t.source.c.removed.is_(False), unleased


def anything_due(connection: Connection, now: datetime) -> bool:
    """Whether ``claim`` would find a source; a plain read, so that an idle tick takes no write lock."""
    query = (
        select(t.source.c.id)
        .join(t.source_state, t.source_state.c.source_id == t.source.c.id)
        .where(*_free(now), t.source_state.c.next_at <= now)
        .limit(1)
    )
    return connection.scalar(query) is not None


def claim(
    connection: Connection,
    owner: str,
    *,
    now: datetime,
    limit: int,
    lease_seconds: int,
    among: Collection[str] | None = None,
) -> list[Claim]:
    """Claim up to ``limit`` due sources, most overdue first; with ``among``, those ids whether due or not.

    Run inside a write transaction. Rows another worker is claiming at this moment are skipped, not waited for.
    """
    wanted = t.source_state.c.next_at <= now if among is None else t.source.c.id.in_(among)
    query = (
        select(t.source, t.source_state)
        .join(t.source_state, t.source_state.c.source_id == t.source.c.id)
        .where(*_free(now), wanted)
        .order_by(t.source_state.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=t.source_state)
    )
    rows = connection.execute(query).all()
    claims = [
        Claim(
            source=source_of(row),
            generation=row.generation + 1,
            interval_seconds=row._mapping[t.source_state.c.interval_seconds],  # noqa: SLF001 - both tables have the name
            failures=row.failures,
            streak=row.streak,
            etag=row.etag,
            last_modified=row.last_modified,
            body_hash=row.body_hash,
            full_poll_at=row.full_poll_at,
            newest_item_at=row.newest_item_at,
        )
        for row in rows
    ]
    if claims:
        connection.execute(
            update(t.source_state)
            .where(t.source_state.c.source_id.in_([c.source.id for c in claims]))
            .values(
                generation=t.source_state.c.generation + 1,
                lease_owner=owner,
                lease_until=now + timedelta(seconds=lease_seconds),
            )
        )
    return claims


def renew(connection: Connection, owner: str, source_ids: Sequence[str], *, until: datetime) -> None:
    """Keep the leases of polls still under way (a queue for one host may be longer than a lease)."""
    if source_ids:
        connection.execute(
            update(t.source_state)
            .where(t.source_state.c.lease_owner == owner, t.source_state.c.source_id.in_(source_ids))
            .values(lease_until=until)
        )


def settle(connection: Connection, owner: str, held: Claim, values: dict[str, Any]) -> None:
    """Write what the poll learned and give the lease back; first statement of the transaction that stores its items.

    Raises:
        LeaseLostError: the lease passed to another worker meanwhile; roll back, store nothing.
    """
    done = connection.execute(
        update(t.source_state)
        .where(
            t.source_state.c.source_id == held.source.id,
            t.source_state.c.generation == held.generation,
            t.source_state.c.lease_owner == owner,
        )
        .values(lease_owner=None, lease_until=None, **values)
    )
    if done.rowcount != 1:
        raise LeaseLostError(f"监测源 {held.source.id} 已由其他进程接手，本次结果作废")


def release_all(connection: Connection) -> int:
    """Free every lease: only for a worker that holds the lock proving that no other one lives."""
    done = connection.execute(
        update(t.source_state)
        .where(t.source_state.c.lease_owner.is_not(None))
        .values(lease_owner=None, lease_until=None)
    )
    return done.rowcount


def shift_clock(connection: Connection, delta: timedelta) -> None:
    """After the wall clock stepped back by ``-delta``: move due times with it, or nothing would be polled meanwhile."""
    rows = connection.execute(select(t.source_state.c.source_id, t.source_state.c.next_at)).all()
    for source_id, next_at in rows:
        connection.execute(
            update(t.source_state).where(t.source_state.c.source_id == source_id).values(next_at=next_at + delta)
        )
