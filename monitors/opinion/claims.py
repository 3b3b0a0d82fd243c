"""Which worker polls which source: leases with a fence (租约), the same on SQLite and PostgreSQL.

A worker claims due sources for ``lease_seconds``; each claim raises the source's ``generation``. Whoever stores the
result must still own that generation: a worker that stalled past its lease finds its work refused, never doubled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from monitors.errors import LeaseLostError
from monitors.opinion.model import Recipe, Source
from monitors.store import tables as t

CLOCK_TOLERANCE_SECONDS = 30.0  # clocks of several machines differ by less; beyond it somebody set one


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
    without: Collection[str] = (),
) -> list[Claim]:
    """Claim up to ``limit`` due sources, most overdue first; with ``among``, those ids whether due or not.

    ``without``: ids never to claim, those the caller is still polling though their lease has run out. Run inside a
    write transaction. Rows another worker is claiming at this moment are skipped, not waited for.
    """
    wanted = t.source_state.c.next_at <= now if among is None else t.source.c.id.in_(among)
    query = (
        select(t.source, t.source_state)
        .join(t.source_state, t.source_state.c.source_id == t.source.c.id)
        .where(*_free(now), wanted, t.source.c.id.not_in(without))
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


def hold(connection: Connection, owner: str, held: Claim) -> None:
    """Prove that the lease is still ours, and keep the row locked while a part of the poll's items is stored.

    Raises:
        LeaseLostError: as ``settle``.
    """
    _write(connection, owner, held, {"lease_owner": owner})


def settle(connection: Connection, owner: str, held: Claim, values: dict[str, Any]) -> None:
    """Write what the poll learned and give the lease back; first statement of the transaction that stores its items.

    Raises:
        LeaseLostError: the lease passed to another worker meanwhile; roll back, store nothing.
    """
    _write(connection, owner, held, {"lease_owner": None, "lease_until": None} | values)


def _write(connection: Connection, owner: str, held: Claim, values: dict[str, Any]) -> None:
    done = connection.execute(
        update(t.source_state)
        .where(
            t.source_state.c.source_id == held.source.id,
            t.source_state.c.generation == held.generation,
            t.source_state.c.lease_owner == owner,
        )
        .values(values)
    )
    if done.rowcount != 1:
        raise LeaseLostError(f"监测源 {held.source.id} 已由其他进程接手或被修改，本次结果作废")


def release_all(connection: Connection) -> int:
    """Free every lease: only for a worker that holds the lock proving that no other one lives."""
    done = connection.execute(
        update(t.source_state)
        .where(t.source_state.c.lease_owner.is_not(None))
        .values(lease_owner=None, lease_until=None)
    )
    return done.rowcount


def give_back(connection: Connection, owner: str) -> None:
    """Free what one worker holds: it ends, and others need not wait for its leases to run out."""
    connection.execute(
        update(t.source_state).where(t.source_state.c.lease_owner == owner).values(lease_owner=None, lease_until=None)
    )


def _ahead(now: datetime, lease_seconds: int) -> ColumnElement[bool]:
    ahead, state = now + timedelta(seconds=CLOCK_TOLERANCE_SECONDS), t.source_state.c
    return or_(
        state.last_poll_at > ahead,
        state.lease_until > ahead + timedelta(seconds=lease_seconds),
        and_(state.last_poll_at.is_(None), state.next_at > ahead),
    )


def any_ahead(connection: Connection, now: datetime, *, lease_seconds: int) -> bool:
    """Whether ``bring_back`` would find anything; a plain read."""
    return connection.scalar(select(t.source_state.c.source_id).where(_ahead(now, lease_seconds)).limit(1)) is not None


def bring_back(connection: Connection, now: datetime, *, lease_seconds: int) -> int:
    """Undo what a clock that once ran ahead wrote, or nothing would be polled until time has caught up.

    A source last polled "in the future" was polled just now as far as anybody can tell: its due time moves back by the
    same step, so that backing off and Retry-After last as long as they were meant to. Doing it twice changes nothing.
    Returns how many sources were mended.
    """
    lease_end = now + timedelta(seconds=lease_seconds)
    query = select(t.source_state).where(_ahead(now, lease_seconds)).order_by(t.source_state.c.source_id)
    rows = connection.execute(query).all()
    for row in rows:
        step = max((row.last_poll_at or row.next_at) - now, timedelta())
        values: dict[str, Any] = {"next_at": row.next_at - step}
        for name in ("last_poll_at", "last_ok_at", "full_poll_at", "newest_item_at"):
            moment = getattr(row, name)
            if moment is not None and moment > now:
                values[name] = now
        if row.lease_until is not None and row.lease_until > lease_end:
            values["lease_until"] = lease_end
        connection.execute(update(t.source_state).where(t.source_state.c.source_id == row.source_id).values(values))
    return len(rows)
