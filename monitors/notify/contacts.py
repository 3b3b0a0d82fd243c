"""The list of who is told when nobody signs (升级名单): by division and step, each by a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.notify.channel_settings import ChannelError, ChannelFault, recipient_fault
from monitors.regions import divisions
from monitors.store import tables as t

STEPS = {1: "第一次升级", 2: "第二次升级", 3: "第三次升级"}
MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Contact:
    """One line of the list. ``recipient``: mailbox or member within the channel, empty for the whole group."""

    id: int
    region: str
    step: int
    name: str
    account_id: int | None
    channel_id: int
    channel: str
    recipient: str


def list_contacts(connection: Connection, actor: Actor) -> tuple[Contact, ...]:
    """The whole list by division and step. Raises RefusedError."""
    actor.require("notify.view", kind="contact")
    query = (
        select(t.contact, t.channel.c.name.label("channel"))
        .join(t.channel, t.channel.c.id == t.contact.c.channel_id)
        .order_by(t.contact.c.region, t.contact.c.step, t.contact.c.name, t.contact.c.id)
    )
    names = ("id", "region", "step", "name", "account_id", "channel_id", "channel", "recipient")
    return tuple(Contact(*(row[name] for name in names)) for row in connection.execute(query).mappings())


def add(
    connection: Connection,
    actor: Actor,
    *,
    region: str,
    step: int,
    name: str,
    channel_id: int,
    recipient: str = "",
    account_id: int | None = None,
    now: datetime,
) -> int:
    """Add somebody to the list; returns the line's number.

    Raises:
        RefusedError: the actor may not.
        ChannelError: what is wrong, field by field.
    """
    actor.require("notify.manage", kind="contact", target=name[:MAX_NAME])
    name, recipient = " ".join(name.split()), recipient.strip()
    channel = connection.execute(select(t.channel).where(t.channel.c.id == channel_id)).mappings().first()
    faults = []
    if divisions.by_code(region) is None or not divisions.within(region, divisions.YUNNAN):
        faults.append(ChannelFault("region", "请选择地区"))
    if step not in STEPS:
        faults.append(ChannelFault("step", "请选择第几次升级"))
    if not name or len(name) > MAX_NAME or not name.isprintable():
        faults.append(ChannelFault("name", f"请填写姓名或岗位，不超过 {MAX_NAME} 字"))
    if channel is None:
        faults.append(ChannelFault("channel_id", "请选择通知渠道"))
    elif words := recipient_fault(channel["kind"], recipient):
        faults.append(ChannelFault("recipient", words))
    same = (t.contact.c.region == region, t.contact.c.step == step, t.contact.c.channel_id == channel_id)
    if connection.scalar(select(t.contact.c.id).where(*same, t.contact.c.recipient == recipient)) is not None:
        faults.append(ChannelFault("recipient", "名单中已有该地区同一次升级的同一收件人"))
    if channel is None or faults:
        raise ChannelError(faults)
    values = {"region": region, "step": step, "name": name, "channel_id": channel_id}
    more = {"recipient": recipient, "account_id": account_id}
    number: int = connection.execute(insert(t.contact).values(values | more).returning(t.contact.c.id)).scalar_one()
    after = {"act": "添加", "display": name, "step": STEPS[step], "channel": channel["name"]}
    # A mobile number or mailbox of a person stays out of the trail: that there is one says enough.
    audit.append(connection, actor, "notify.manage", at=now, kind="contact", target=name, region=region, after=after)
    return number


def remove(connection: Connection, actor: Actor, contact_id: int, *, now: datetime) -> None:
    """Take somebody off the list. Raises RefusedError, InputError."""
    actor.require("notify.manage", kind="contact", target=str(contact_id))
    query = select(t.contact).where(t.contact.c.id == contact_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise InputError("名单中没有这一行，可能已被他人移除；请刷新页面")
    connection.execute(delete(t.contact).where(t.contact.c.id == contact_id))
    before = {"display": row["name"], "step": STEPS.get(row["step"], str(row["step"]))}
    audit.append(
        connection, actor, "notify.manage", at=now, kind="contact", target=row["name"], region=row["region"],
        before=before, after={"act": "移除"},
    )  # fmt: skip
