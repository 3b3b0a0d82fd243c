"""Which worker sends which message: leases with a fence, rates counted from the table, retries, dead letters (死信).

A message is taken for ``notify.lease_seconds``, longer than an attempt may last; each taking raises its ``generation``,
and whoever reports an attempt must still own it. Per channel one message is under way at a time, however many workers.
A worker that dies between sending and reporting leaves a message that is sent again under the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, and_, case, func, insert, or_, select, update

from monitors.errors import LeaseLostError
from monitors.notify import channels, holds, texts
from monitors.notify.outbox import DEAD, DONE, MAX_NUMBERS, SENDING, VOID, WAITING, put
from monitors.notify.outgoing import Outgoing, Sent
from monitors.notify.routing import Route, routes
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t

CLOCK_TOLERANCE = timedelta(seconds=30)  # clocks of several machines differ by less; beyond it somebody set one
RETRY_AFTER_CAP = 86_400.0  # a receiver may ask for a day's patience, not for ten years'
LONGEST_LEASE = timedelta(seconds=600)  # ``notify.lease_seconds`` allows no more: a longer one is a wrong clock's
_MINUTE = timedelta(seconds=60)
_URGENCY = {"I": 0, "II": 1, "III": 2, "IV": 3}


@dataclass(frozen=True, slots=True)
class Held:
    """One message, ours to send until the lease ends, with its channel's sealed settings."""

    id: int
    generation: int
    channel_id: int
    channel_kind: str
    sealed: bytes = field(repr=False)
    outgoing: Outgoing
    attempts: int


def anything_due(connection: Connection, now: datetime) -> bool:
    """Whether ``claim`` or ``expire`` would find something; a plain read, so that an idle look takes no write lock."""
    message = t.message.c
    enabled = select(t.channel.c.id).where(t.channel.c.enabled.is_(True))
    going = and_(_free(now), message.channel_id.in_(enabled), message.channel_id.not_in(_on_hold(connection, now)))
    due = select(message.id).where(or_(going, and_(_open(), message.expires_at <= now))).limit(1)
    return connection.scalar(due) is not None


def claim(
    connection: Connection, owner: str, *, now: datetime, settings: Settings, busy: Collection[int] = ()
) -> list[Held]:
    """Take at most one due message per channel, the most urgent first; ``busy``: channels never to take from.

    Run inside a write transaction. A channel that asked for patience is left alone; what presses for alerts that have
    been signed meanwhile is withdrawn instead.
    """
    channel, message = t.channel.c, t.message.c
    waiting = select(message.id).where(message.channel_id == channel.id, _free(now)).exists()
    query = (
        select(channel.id, channel.kind, channel.sealed, channel.per_minute)
        .where(channel.enabled.is_(True), channel.id.not_in([*busy, *_on_hold(connection, now)]), waiting)
        .order_by(channel.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found: list[Held] = []
    for row in connection.execute(query).all():
        if _under_way(connection, row.id, now) or _used(connection, row.id, now) >= row.per_minute:
            continue
        chosen = _next(connection, row.id, now)
        if chosen is not None:
            found.append(_take(connection, owner, row, chosen, now=now, settings=settings))
    return found


def settle(
    connection: Connection,
    owner: str,
    held: Held,
    sent: Sent,
    *,
    now: datetime,
    settings: Settings,
    random: Callable[[], float],
) -> str:
    """Record one attempt; the message's new state.

    Raises:
        LeaseLostError: another worker has the message by now, or it was withdrawn; roll back, write nothing.
    """
    message = t.message.c
    ours = message.id == held.id, message.generation == held.generation, message.owner == owner
    query = select(message.attempts, message.expires_at).where(*ours, message.state == SENDING).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LeaseLostError(f"消息 {held.id} 已由其他进程接手或被撤回，本次结果不计")
    connection.execute(
        insert(t.attempt).values(message_id=held.id, at=now, ok=sent.ok, status=sent.status, told=sent.told)
    )
    values: dict[str, Any] = {"attempts": row.attempts + 1, "status": sent.status, "lease_until": None, "owner": ""}
    if sent.ok:
        state, values = DONE, values | {"sent_at": now, "error": ""}
    elif sent.permanent:
        state, values = DEAD, values | {"error": sent.told}
    else:
        delay = _delay(row.attempts, sent.retry_after, settings, random)
        state, values = WAITING, values | {"error": sent.told, "next_at": now + timedelta(seconds=delay)}
        if sent.retry_after is not None:
            # It is the channel that asked. A day's silence would hide the gravest alert: try before.
            patience = min(delay, settings.notify.retry_cap_seconds)
            holds.hold(connection, held.channel_id, patience, now=now)
    connection.execute(update(t.message).where(message.id == held.id).values(state=state, **values))
    channels.tell(connection, held.channel_id, sent, now=now)
    if state == DEAD:
        _announce(connection, [held.channel_id], now=now, settings=settings)
    return state


def expire(connection: Connection, *, now: datetime, settings: Settings) -> int:
    """Give up what could not be delivered in its time; how many messages became dead letters."""
    message = t.message.c
    query = (
        select(message.id, message.channel_id, message.attempts, message.error)
        .where(_open(), message.expires_at <= now, or_(message.state == WAITING, _lapsed(now)))
        .order_by(message.id)
        .limit(500)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    for row in rows:
        words = f"{settings.notify.expire_hours} 小时内未能送达，已停止重试"
        words += f"；最后一次：{row.error}" if row.error else ""
        connection.execute(
            update(t.message)
            .where(message.id == row.id)
            .values(state=DEAD, error=words, lease_until=None, owner="", generation=message.generation + 1)
        )
    if rows:
        _announce(connection, sorted({row.channel_id for row in rows}), now=now, settings=settings)
    return len(rows)


def any_ahead(connection: Connection, now: datetime) -> bool:
    """Whether ``mend`` would find anything; a plain read."""
    return connection.scalar(select(t.message.c.id).where(_ahead(now)).limit(1)) is not None


def mend(connection: Connection, now: datetime) -> int:
    """Undo what a clock that once ran ahead wrote, or retries would wait until time has caught up. How many messages.

    A message made or tried "in the future" was made or tried just now as far as anybody can tell: its other times move
    back by the same step. Doing it twice changes nothing.
    """
    message, attempt = t.message.c, t.attempt.c
    query = select(message.id, message.created_at, message.next_at, message.expires_at, message.lease_until)
    rows = connection.execute(query.add_columns(_tried().label("tried")).where(_ahead(now)).order_by(message.id)).all()
    for row in rows:
        step = max(moment for moment in (row.created_at, row.tried, now) if moment is not None) - now
        values: dict[str, Any] = {"created_at": min(row.created_at, now), "next_at": row.next_at - step}
        values["expires_at"] = row.expires_at - step
        if row.lease_until is not None:
            values["lease_until"] = min(row.lease_until - step, now + LONGEST_LEASE)
        connection.execute(update(t.message).where(message.id == row.id).values(values))
        connection.execute(update(t.attempt).where(attempt.message_id == row.id, attempt.at > now).values(at=now))
    return len(rows)


def _tried() -> ScalarSelect[Any]:
    attempt = t.attempt.c
    query = select(func.max(attempt.at)).where(attempt.message_id == t.message.c.id)
    return query.correlate(t.message).scalar_subquery()


def _ahead(now: datetime) -> ColumnElement[bool]:
    ahead = now + CLOCK_TOLERANCE
    taken = and_(t.message.c.state == SENDING, t.message.c.lease_until > ahead + LONGEST_LEASE)
    return and_(_open(), or_(t.message.c.created_at > ahead, _tried() > ahead, taken))


def _open() -> ColumnElement[bool]:
    return t.message.c.state.in_((WAITING, SENDING))


def _lapsed(now: datetime) -> ColumnElement[bool]:
    """Taken by a worker that has not been heard of within its lease."""
    return and_(t.message.c.state == SENDING, t.message.c.lease_until <= now)


def _free(now: datetime) -> ColumnElement[bool]:
    message = t.message.c
    return and_(or_(and_(message.state == WAITING, message.next_at <= now), _lapsed(now)), message.expires_at > now)


def _on_hold(connection: Connection, now: datetime) -> frozenset[int]:
    return holds.held(connection, now, tolerance=CLOCK_TOLERANCE)


def _under_way(connection: Connection, channel_id: int, now: datetime) -> bool:
    message = t.message.c
    query = select(message.id).where(
        message.channel_id == channel_id, message.state == SENDING, message.lease_until > now
    )
    return connection.scalar(query.limit(1)) is not None


def _used(connection: Connection, channel_id: int, now: datetime) -> int:
    """Attempts of the last minute, by whichever worker and before whatever restart."""
    attempt, message = t.attempt.c, t.message.c
    query = (
        select(func.count())
        .select_from(t.attempt.join(t.message, attempt.message_id == message.id))
        .where(message.channel_id == channel_id, attempt.at > now - _MINUTE, attempt.at <= now + CLOCK_TOLERANCE)
    )
    return connection.scalar(query) or 0


def _next(connection: Connection, channel_id: int, now: datetime) -> Row[Any] | None:
    message = t.message.c
    urgency = case((message.kind == "escalation", -1), else_=case(_URGENCY, value=message.level, else_=4))
    query = (
        select(t.message)
        .where(message.channel_id == channel_id, _free(now))
        .order_by(urgency, message.next_at, message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (row := connection.execute(query).one_or_none()) is not None:
        if not _needless(connection, row):
            return row
        connection.execute(
            update(t.message)
            .where(message.id == row.id)
            .values(
                state=VOID,
                error="警情已有人签收或已结束，不再催办",
                lease_until=None,
                generation=message.generation + 1,
            )
        )
    return None


def _needless(connection: Connection, row: Row[Any]) -> bool:
    """Whether it only presses to sign alerts of which none is unsigned any more."""
    if not (row.kind == "escalation" or (row.kind == "alert" and row.step > 0)) or not row.alert_ids:
        return False
    alert = t.alert.c
    query = select(alert.id).where(alert.id.in_(row.alert_ids), alert.state == texts.UNSIGNED).limit(1)
    return connection.scalar(query) is None


def _take(connection: Connection, owner: str, channel: Any, row: Any, *, now: datetime, settings: Settings) -> Held:
    message = t.message.c
    until = now + timedelta(seconds=settings.notify.lease_seconds)
    connection.execute(
        update(t.message)
        .where(message.id == row.id)
        .values(state=SENDING, owner=owner, lease_until=until, generation=row.generation + 1)
    )
    numbers = connection.scalars(
        select(t.alert.c.number).where(t.alert.c.id.in_(row.alert_ids[:MAX_NUMBERS])).order_by(t.alert.c.number)
    )
    outgoing = Outgoing(
        key=row.key, kind=row.kind, title=row.title, body=row.body, created_at=row.created_at, level=row.level,
        step=row.step, recipient=row.recipient, alerts=tuple(numbers),
    )  # fmt: skip
    return Held(row.id, row.generation + 1, channel.id, channel.kind, channel.sealed, outgoing, row.attempts)


def _delay(attempts: int, asked: float | None, settings: Settings, random: Callable[[], float]) -> float:
    """Seconds until the next attempt: what the receiver asked for, else 30 s · 2ⁿ with full jitter, capped."""
    if asked is not None:
        return min(max(1.0, asked), RETRY_AFTER_CAP)
    longest = min(settings.notify.retry_cap_seconds, settings.notify.retry_seconds * 2.0 ** min(attempts, 20))
    return max(1.0, random() * longest)


def _announce(connection: Connection, failed: Sequence[int], *, now: datetime, settings: Settings) -> None:
    """Tell the other channels, once per outage, that a channel does not deliver."""
    others, message = routes(connection), t.message.c
    for channel_id in failed:
        channel = connection.execute(select(t.channel).where(t.channel.c.id == channel_id)).one()
        query = select(func.count()).where(message.channel_id == channel_id, message.state == DEAD)
        count = connection.scalar(query) or 0
        words = texts.undelivered(channel.name, count, channel.last_error, site_url=settings.notify.site_url)
        # An outage lasts until the channel next delivers: that moment names it.
        outage = ("dead", channel_id, channel.last_ok_at.isoformat() if channel.last_ok_at else "")
        for other in others:
            if other.id != channel_id and _concerns(other, channel.region):
                put(
                    connection, other.id, "dead", words.title, words.body, key_parts=outage, alert_ids=[],
                    now=now, settings=settings,
                )  # fmt: skip


def _concerns(other: Route, region: str) -> bool:
    return other.region == divisions.YUNNAN or divisions.within(region, other.region)
