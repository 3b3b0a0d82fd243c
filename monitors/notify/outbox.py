"""The outbox (发件箱): messages written in the transaction of what they tell, sent afterwards, each under one key.

``monitors.notify.leases`` hands them to the workers that send. A message's text may still grow while nobody has taken
it; from then on it stays as it is, for the same key must never stand for two texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, delete, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.errors import ConflictError, InputError
from monitors.notify.texts import OVER
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.upsert import insert_into

MessageKind = Literal["alert", "digest", "escalation", "hotspot", "dead", "test"]
MAX_NUMBERS = 100  # alert numbers handed to a receiver, or kept in the trail
WAITING, SENDING, DONE, DEAD, VOID = "待发", "发送", "已发", "死信", "作废"


def key_of(channel_id: int, kind: str, recipient: str, step: int, parts: Sequence[object]) -> str:
    """What makes a message the same message: 64 hexadecimal digits, sent along as the idempotency key."""
    said = "\x1f".join(str(one) for one in (channel_id, kind, recipient, step, *parts))
    return hashlib.sha256(said.encode()).hexdigest()


def put(
    connection: Connection,
    channel_id: int,
    kind: MessageKind,
    title: str,
    body: str,
    *,
    key_parts: Sequence[object],
    alert_ids: Sequence[int],
    step: int = 0,
    recipient: str = "",
    level: str = "",
    now: datetime,
    settings: Settings,
    not_before: datetime | None = None,
) -> int | None:
    """Add one message; its number, or None where the same message (channel, recipient, step, parts) is there already.

    It is given up ``notify.expire_hours`` after it may first be sent.
    """
    first = max(now, not_before) if not_before else now
    statement = (
        insert_into(connection, t.message)
        .values(
            key=key_of(channel_id, kind, recipient, step, key_parts),
            channel_id=channel_id,
            recipient=recipient,
            kind=kind,
            alert_id=alert_ids[0] if len(alert_ids) == 1 else None,
            alert_ids=list(alert_ids),
            step=step,
            level=level,
            title=title,
            body=body,
            state=WAITING,
            created_at=now,
            next_at=first,
            expires_at=first + timedelta(hours=settings.notify.expire_hours),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(t.message.c.id)
    )
    return connection.execute(statement).scalar_one_or_none()


def resend(connection: Connection, actor: Actor, message_id: int, *, now: datetime, settings: Settings) -> None:
    """Send a dead letter again, under its old key: who got it after all can tell.

    Raises:
        RefusedError: the role manages no notifications.
        InputError: there is no such message.
        ConflictError: it is no dead letter (any more).
    """
    actor.require("notify.manage", kind="message", target=str(message_id))
    message = t.message.c
    query = select(message.state, message.alert_ids, message.error).where(message.id == message_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError("没有这条消息，可能已过保存期限")
    if row.state != DEAD:
        raise ConflictError(f"这条消息现为“{row.state}”，不是未送达的消息，无需重发")
    connection.execute(
        update(t.message)
        .where(message.id == message_id)
        .values(
            state=WAITING, attempts=0, next_at=now, owner="", lease_until=None,
            expires_at=now + timedelta(hours=settings.notify.expire_hours), generation=message.generation + 1,
        )
    )  # fmt: skip
    audit.append(
        connection, actor, "notify.resend", at=now, kind="message", target=str(message_id),
        after={"警情": _numbers(connection, row.alert_ids), "told": row.error},
    )  # fmt: skip


def _numbers(connection: Connection, alert_ids: Sequence[int]) -> list[str]:
    """What the trail calls the alerts by: a title may name people."""
    alert = t.alert.c
    some = list(alert_ids)[:MAX_NUMBERS]
    return list(connection.scalars(select(alert.number).where(alert.id.in_(some)).order_by(alert.number)))


def prune(connection: Connection, settings: Settings, now: datetime, *, limit: int = 500) -> int:
    """Remove messages, with their attempts, and notices of ended alerts after ``notify.keep_days``; how many.

    What still waits stays, however old.
    """
    old = now - timedelta(days=settings.notify.keep_days)
    message, notice = t.message.c, t.notice.c
    over = select(message.id).where(message.created_at < old, message.state.in_((DONE, DEAD, VOID))).limit(limit)
    gone = connection.execute(delete(t.message).where(message.id.in_(over))).rowcount
    ended = select(t.alert.c.id).where(t.alert.c.state.in_(OVER))
    done = select(notice.id).where(notice.decided_at < old, notice.alert_id.in_(ended)).limit(limit)
    return gone + connection.execute(delete(t.notice).where(notice.id.in_(done))).rowcount
