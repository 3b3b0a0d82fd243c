"""What the outbox did (发送记录), for those who look: messages with their attempts, each reader's own part of them.

A message tells of alerts: whoever sees no reports sees that it was sent, not what it says; whoever works for a
division sees the messages about its alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.errors import InputError
from monitors.store import tables as t

KINDS = {"alert": "警情", "digest": "汇总", "escalation": "升级", "hotspot": "聚集", "dead": "死信提醒", "test": "测试"}
STATES = {"待发": "待发", "发送": "发送中", "已发": "已发", "死信": "死信", "作废": "作废"}
HIDDEN = "（您的角色不查看警情内容）"
MISSING = "没有这条消息，可能已过保存期限"


@dataclass(frozen=True, slots=True)
class Message:
    """One message without its text. ``error``: what the last failed attempt was told."""

    id: int
    channel_id: int
    channel: str
    recipient: str
    kind: str
    level: str
    title: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    status: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. ``told``: the channel's own words, or ours where it had none."""

    at: datetime
    ok: bool
    status: int | None
    told: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the messages asked for, newest first, and how many there are in each state."""

    rows: tuple[Message, ...]
    total: int
    counts: Mapping[str, int]


def search(
    connection: Connection,
    actor: Actor,
    *,
    state: str = "",
    channel_id: int | None = None,
    page: int = 1,
    size: int = 50,
) -> Found:
    """Messages in ``state`` (empty: all) by ``channel_id`` (None: all). Raises RefusedError."""
    actor.require("notify.view", kind="message")
    seen = _seen(actor)
    if channel_id is not None:
        seen.append(t.message.c.channel_id == channel_id)
    by_state = _joined(select(t.message.c.state, func.count().label("number"))).where(*seen)
    counts = {row.state: row.number for row in connection.execute(by_state.group_by(t.message.c.state))}
    if state:
        seen.append(t.message.c.state == state)
    query = _joined(select(t.message, t.channel.c.name.label("channel"))).where(*seen)
    rows = connection.execute(
        query.order_by(t.message.c.id.desc()).limit(size).offset((max(1, page) - 1) * size)
    ).mappings()
    total = counts.get(state, 0) if state else sum(counts.values())
    return Found(tuple(_message(row, actor) for row in rows), total, counts)


def get(connection: Connection, actor: Actor, message_id: int) -> tuple[Message, str, tuple[Attempt, ...]]:
    """One message, its text and its attempts, oldest first.

    Raises:
        RefusedError: the role sees no notifications.
        InputError: there is none, or not for this reader.
    """
    actor.require("notify.view", kind="message", target=str(message_id))
    query = _joined(select(t.message, t.channel.c.name.label("channel")))
    row = connection.execute(query.where(t.message.c.id == message_id, *_seen(actor))).mappings().first()
    if row is None:
        raise InputError(MISSING)
    held = t.attempt.c
    tried = connection.execute(
        select(held.at, held.ok, held.status, held.told).where(held.message_id == message_id).order_by(held.id)
    )
    body = row["body"] if _reads(row, actor) else HIDDEN
    return _message(row, actor), body, tuple(Attempt(*one) for one in tried)


def _joined(query: Select[Any]) -> Select[Any]:
    message = t.message.c
    return (
        query.select_from(t.message)
        .join(t.channel, t.channel.c.id == message.channel_id)
        .outerjoin(t.alert, t.alert.c.id == message.alert_id)
        .outerjoin(t.story, t.story.c.id == t.alert.c.story_id)
    )


def _seen(actor: Actor) -> list[ColumnElement[bool]]:
    # A digest is about many places, a test about none: they are the province's.
    return [] if actor.scope.everything else [within(t.story.c.region, actor.region)]


def _reads(row: RowMapping, actor: Actor) -> bool:
    return row["kind"] == "test" or actor.may("story.view")


def _message(row: RowMapping, actor: Actor) -> Message:
    names = [name for name in Message.__slots__ if name != "title"]
    return Message(**{name: row[name] for name in names}, title=row["title"] if _reads(row, actor) else HIDDEN)
