"""Channels (通知渠道): by which way which alerts reach people; who changes them, and what the page shows of them.

Everything here is the whole province's: only 省级管理员 adds and changes, whoever may look sees no secret. The trail
says that an address or a password was changed, never what it is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from monitors.access import audit
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.errors import ConflictError, InputError
from monitors.notify import holds, senders
from monitors.notify.channel_settings import (
    KINDS,
    ChannelError,
    ChannelFault,
    ChannelKind,
    ChannelSettings,
    check,
    kept,
    seal,
    unseal,
)
from monitors.notify.outgoing import Outgoing, Sent
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store

LEVELS = ("I", "II", "III", "IV")
MAX_NAME = 40
MISSING = "没有这个通知渠道，可能已被移除；请刷新页面"
_VIEW, _MANAGE = "notify.view", "notify.manage"
_WAITING = ("待发", "发送")


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes by a channel: alerts within ``region`` of ``levels``, at most ``per_minute``.

    Between ``quiet_from`` and ``quiet_to`` (minutes after midnight, Asia/Shanghai) III and IV wait; None: never.
    """

    name: str
    region: str
    levels: tuple[str, ...]
    quiet_from: int | None = None
    quiet_to: int | None = None
    per_minute: int = 20
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as it stands, without its settings. ``shown``: where it leads, without any secret."""

    id: int
    kind: ChannelKind
    shown: str
    plan: Plan
    last_ok_at: datetime | None
    last_error_at: datetime | None
    last_error: str
    revision: int
    waiting: int = 0  # messages not yet sent
    settings: ChannelSettings | None = None  # as opened for the sender; its repr shows no secret

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self.last_error_at is not None and (self.last_ok_at is None or self.last_error_at > self.last_ok_at)


def list_channels(connection: Connection, actor: Actor) -> tuple[Channel, ...]:
    """All channels by name. Raises RefusedError."""
    actor.require(_VIEW, kind="channel")
    waiting = _waiting(connection)
    rows = connection.execute(select(t.channel).order_by(t.channel.c.name)).mappings()
    return tuple(_channel(row, waiting.get(row["id"], 0)) for row in rows)


def get(connection: Connection, actor: Actor, channel_id: int) -> Channel:
    """One channel. Raises RefusedError, InputError."""
    actor.require(_VIEW, kind="channel", target=str(channel_id))
    return _channel(_row(connection, channel_id), _waiting(connection).get(channel_id, 0))


def open_settings(connection: Connection, channel_id: int) -> ChannelSettings | None:
    """The settings for the sender, secrets included; None where the channel is gone."""
    row = connection.execute(select(t.channel).where(t.channel.c.id == channel_id)).mappings().first()
    return unseal(row["sealed"], row["id"], row["kind"]) if row else None


def open_all(connection: Connection) -> tuple[Channel, ...]:
    """Every channel with its ``settings``, for the sender; settings that do not open are ``damaged``."""
    rows = connection.execute(select(t.channel).order_by(t.channel.c.id)).mappings()
    return tuple(replace(_channel(row), settings=unseal(row["sealed"], row["id"], row["kind"])) for row in rows)


def editable(connection: Connection, actor: Actor, channel_id: int) -> ChannelSettings:
    """The settings without secrets, to fill a form with: empty address, secret and password. Raises RefusedError."""
    actor.require(_MANAGE, kind="channel", target=str(channel_id))
    row = _row(connection, channel_id)
    held = unseal(row["sealed"], channel_id, row["kind"])
    if held.damaged:
        return ChannelSettings(held.kind)
    return ChannelSettings(
        held.kind, plain=held.plain, ca=held.ca, host=held.host, port=held.port, security=held.security,
        username=held.username, sender=held.sender, sender_name=held.sender_name, recipients=held.recipients,
    )  # fmt: skip


def add(connection: Connection, actor: Actor, plan: Plan, settings: ChannelSettings, *, now: datetime) -> int:
    """Add a channel; returns its number.

    Raises:
        RefusedError: the actor may not.
        ChannelError: what is wrong, field by field.
    """
    actor.require(_MANAGE, kind="channel", target=plan.name[:MAX_NAME])
    plan = _checked(connection, plan, settings, 0)
    values = _values(plan) | {"kind": settings.kind, "shown": settings.shown, "sealed": b"", "updated_at": now}
    inserted = insert(t.channel).values(values | {"created_at": now}).returning(t.channel.c.id)
    channel_id: int = connection.execute(inserted).scalar_one()
    # Bound to the number, which is known only now.
    sealed = seal(settings, channel_id)
    connection.execute(update(t.channel).where(t.channel.c.id == channel_id).values(sealed=sealed))
    after = {"act": "添加", "kind": KINDS[settings.kind], "shown": settings.shown} | _words(plan)
    _note(connection, actor, plan.name, now, {}, after)
    return channel_id


def edit(  # noqa: PLR0917 - the channel, as it was last seen, and both halves of what it shall be
    connection: Connection,
    actor: Actor,
    channel_id: int,
    revision: int,
    plan: Plan,
    settings: ChannelSettings,
    *,
    now: datetime,
) -> None:
    """Change a channel. Secrets left empty stay as they are, as long as the receiver does.

    Raises:
        RefusedError: the actor may not.
        InputError: there is no such channel.
        ConflictError: somebody was faster.
        ChannelError: what is wrong, field by field.
    """
    row = _hold(connection, actor, channel_id, revision)
    present = unseal(row["sealed"], channel_id, row["kind"])
    if settings.kind != row["kind"]:
        raise InputError("渠道类型不能更改，请新增一个渠道")
    whole = kept(settings, present)
    plan = _checked(connection, plan, whole, channel_id)
    values = _values(plan) | {"shown": whole.shown, "updated_at": now, "revision": revision + 1}
    if whole != present:
        values["sealed"] = seal(whole, channel_id)
    connection.execute(update(t.channel).where(t.channel.c.id == channel_id).values(values))
    old, new = _words(_channel(row).plan) | {"shown": row["shown"]}, _words(plan) | {"shown": whole.shown}
    changed = [name for name in new if new[name] != old[name]]
    after = {"act": "修改"} | {name: new[name] for name in changed}
    if whole != present:
        after["secret"] = "已更改"  # noqa: S105 - the word that it was changed
    _note(connection, actor, plan.name, now, {name: old[name] for name in changed}, after)


def switch(
    connection: Connection, actor: Actor, channel_id: int, revision: int, *, enabled: bool, now: datetime
) -> None:
    """Enable or stop a channel. Raises as ``edit``."""
    row = _hold(connection, actor, channel_id, revision)
    values = {"enabled": enabled, "updated_at": now, "revision": revision + 1}
    connection.execute(update(t.channel).where(t.channel.c.id == channel_id).values(values))
    _note(connection, actor, row["name"], now, {}, {"act": "启用" if enabled else "停用"})


def remove(connection: Connection, actor: Actor, channel_id: int, revision: int, *, now: datetime) -> int:
    """Remove a channel with its messages and the contacts it serves; returns how many messages were still waiting.

    Raises as ``edit``; the trail keeps what it was called and what was lost.
    """
    actor.require(_MANAGE, kind="channel", target=str(channel_id))
    waiting = _waiting(connection).get(channel_id, 0)
    # Messages before the channel: the order in which the sender writes down a result.
    connection.execute(delete(t.message).where(t.message.c.channel_id == channel_id))
    row = _hold(connection, actor, channel_id, revision)
    connection.execute(delete(t.channel).where(t.channel.c.id == channel_id))
    holds.lift(connection, channel_id)
    before = {"kind": KINDS.get(row["kind"], row["kind"]), "shown": row["shown"], "count": waiting}
    _note(connection, actor, row["name"], now, before, {"act": "移除"})
    return waiting


# ── trying it out ────────────────────────────────────────────────────────────────────────────────────────────────────
def test(store: Store, actor: Actor, channel_id: int, *, timeout: float, now: datetime) -> Sent:
    """Send a test message at once and say what the channel answered; in the trail and among the messages.

    Raises:
        RefusedError: the actor may not; recorded.
        InputError: there is no such channel.
    """
    with acting(store, actor) as connection:
        actor.require(_MANAGE, kind="channel", target=str(channel_id))
        row = _row(connection, channel_id)
        settings = unseal(row["sealed"], channel_id, row["kind"])
    message = _test_message(row["name"], actor, now)
    sent = asyncio.run(senders.send(settings, message, timeout=timeout))
    with acting(store, actor) as connection:
        _record_test(connection, channel_id, message, sent, now)
        audit.append(
            connection,
            actor,
            "notify.test",
            at=now,
            kind="channel",
            target=row["name"],
            after={"told": sent.told, "ok": sent.ok},
            outcome="成功" if sent.ok else "失败",
        )
    return sent


def _test_message(name: str, actor: Actor, now: datetime) -> Outgoing:
    key = hashlib.sha256(f"test|{name}|{now.isoformat()}".encode()).hexdigest()
    body = f"渠道“{name}”可以收到警情通知。本条为测试消息，由 {actor.display} 发出，无需处理。"
    return Outgoing(key, "test", "【测试】警情通知渠道测试", body, now)


def _record_test(connection: Connection, channel_id: int, message: Outgoing, sent: Sent, now: datetime) -> None:
    if connection.scalar(select(t.channel.c.id).where(t.channel.c.id == channel_id)) is None:
        return  # removed while we were sending
    values: dict[str, Any] = {
        "key": message.key, "channel_id": channel_id, "kind": message.kind, "alert_ids": [], "title": message.title,
        "body": message.body, "state": "已发" if sent.ok else "作废", "attempts": 1, "created_at": now, "next_at": now,
        "expires_at": now + timedelta(hours=1), "sent_at": now if sent.ok else None, "status": sent.status,
        "error": "" if sent.ok else sent.told,
    }  # fmt: skip
    number: int = connection.execute(insert(t.message).values(values).returning(t.message.c.id)).scalar_one()
    attempt = {"message_id": number, "at": now, "ok": sent.ok, "status": sent.status, "told": sent.told}
    connection.execute(insert(t.attempt).values(attempt))
    tell(connection, channel_id, sent, now=now)


def tell(connection: Connection, channel_id: int, sent: Sent, *, now: datetime) -> None:
    """Note at the channel how its last attempt went; the sender calls it in the transaction of its result."""
    values = {"last_ok_at": now} if sent.ok else {"last_error_at": now, "last_error": sent.told}
    connection.execute(update(t.channel).where(t.channel.c.id == channel_id).values(values))


# ── behind it ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _row(connection: Connection, channel_id: int, *, lock: bool = False) -> RowMapping:
    query = select(t.channel).where(t.channel.c.id == channel_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise InputError(MISSING)
    return row


def _hold(connection: Connection, actor: Actor, channel_id: int, revision: int) -> RowMapping:
    actor.require(_MANAGE, kind="channel", target=str(channel_id))
    row = _row(connection, channel_id, lock=True)
    if row["revision"] != revision:
        raise ConflictError(f"渠道“{row['name']}”已被他人更改，请刷新页面后再改")
    return row


def _channel(row: RowMapping, waiting: int = 0) -> Channel:
    plan = Plan(
        row["name"], row["region"], tuple(row["levels"]), row["quiet_from"], row["quiet_to"], row["per_minute"],
        row["enabled"],
    )  # fmt: skip
    return Channel(
        row["id"], row["kind"], row["shown"], plan, row["last_ok_at"], row["last_error_at"], row["last_error"],
        row["revision"], waiting,
    )  # fmt: skip


def _waiting(connection: Connection) -> dict[int, int]:
    query = select(t.message.c.channel_id, func.count().label("waiting")).where(t.message.c.state.in_(_WAITING))
    return {row.channel_id: row.waiting for row in connection.execute(query.group_by(t.message.c.channel_id))}


def _checked(connection: Connection, plan: Plan, settings: ChannelSettings, channel_id: int) -> Plan:
    """``plan`` in order. Raises ChannelError with everything that is wrong with it and with the settings."""
    name = " ".join(plan.name.split())
    faults = [*_plan_faults(plan, name), *check(settings)]
    taken = select(t.channel.c.id).where(t.channel.c.name == name, t.channel.c.id != channel_id)
    if not any(one.field == "name" for one in faults) and connection.scalar(taken) is not None:
        faults.append(ChannelFault("name", f"已有名为“{name}”的渠道，请换一个名称"))
    if faults:
        raise ChannelError(faults)
    levels = tuple(one for one in LEVELS if one in plan.levels)
    return Plan(name, plan.region, levels, plan.quiet_from, plan.quiet_to, plan.per_minute, plan.enabled)


def _plan_faults(plan: Plan, name: str) -> list[ChannelFault]:
    faults = []
    if not name or len(name) > MAX_NAME or not name.isprintable():
        faults.append(ChannelFault("name", f"请填写渠道名称，不超过 {MAX_NAME} 字"))
    if not divisions.within(plan.region, divisions.YUNNAN) or divisions.by_code(plan.region) is None:
        faults.append(ChannelFault("region", "请选择适用地区"))
    if not plan.levels or set(plan.levels) - set(LEVELS):
        faults.append(ChannelFault("levels", "请至少选择一个警情级别"))
    quiet = (plan.quiet_from, plan.quiet_to)
    if (None in quiet and quiet != (None, None)) or any(one is not None and not 0 <= one < 1440 for one in quiet):
        faults.append(ChannelFault("quiet", "免打扰须同时填写开始和结束时间"))
    elif plan.quiet_from is not None and plan.quiet_from == plan.quiet_to:
        faults.append(ChannelFault("quiet", "免打扰的开始和结束时间不能相同"))
    if not 1 <= plan.per_minute <= 600:
        faults.append(ChannelFault("per_minute", "每分钟条数应为 1–600；群机器人一般不超过 20"))
    return faults


def _values(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name, "enabled": plan.enabled, "region": plan.region, "levels": list(plan.levels),
        "quiet_from": plan.quiet_from, "quiet_to": plan.quiet_to, "per_minute": plan.per_minute,
    }  # fmt: skip


def clock_words(minutes: int) -> str:
    """Minutes after midnight as ``22:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def quiet_words(plan: Plan) -> str:
    """``22:00–07:00``, ``""`` where there are no quiet hours."""
    if plan.quiet_from is None or plan.quiet_to is None:
        return ""
    return f"{clock_words(plan.quiet_from)}–{clock_words(plan.quiet_to)}"


def _words(plan: Plan) -> dict[str, Any]:
    return {
        "channel": plan.name, "enabled": plan.enabled, "region": plan.region, "levels": "、".join(plan.levels),
        "quiet": quiet_words(plan) or "无", "per_minute": plan.per_minute,
    }  # fmt: skip


def _note(  # noqa: PLR0917 - both sides of one change
    connection: Connection,
    actor: Actor,
    name: str,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    audit.append(connection, actor, _MANAGE, at=now, kind="channel", target=name, before=before, after=after)
