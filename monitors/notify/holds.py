"""Channels that asked for patience (Retry-After): nothing is sent by them until then, whichever message was refused.

One row of ``meta`` per channel, so that two workers and a restart keep it. A channel that was changed since is tried
at once, and so is one whose time of asking lies in the future: a clock was set back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from monitors.store import tables as t
from monitors.store.upsert import insert_into

_KEY = "notify_hold:"


def hold(connection: Connection, channel_id: int, seconds: float, *, now: datetime) -> None:
    """Send nothing by the channel for ``seconds``; a later word of it replaces an earlier one."""
    revision = connection.scalar(select(t.channel.c.revision).where(t.channel.c.id == channel_id))
    until = now + timedelta(seconds=seconds)
    row = {"key": f"{_KEY}{channel_id}", "value": f"{revision} {now.isoformat()} {until.isoformat()}"}
    connection.execute(
        insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
    )


def lift(connection: Connection, channel_id: int) -> None:
    """Forget it: the channel is gone, and another may get its number."""
    connection.execute(delete(t.meta).where(t.meta.c.key == f"{_KEY}{channel_id}"))


def held(connection: Connection, now: datetime, *, tolerance: timedelta) -> frozenset[int]:
    """The channels nothing is sent by at ``now``; ``tolerance``: by how much the clocks of two machines may differ."""
    rows = connection.execute(select(t.meta).where(t.meta.c.key.startswith(_KEY, autoescape=True))).all()
    if not rows:
        return frozenset()
    revisions = {row.id: row.revision for row in connection.execute(select(t.channel.c.id, t.channel.c.revision))}
    found = set[int]()
    for row in rows:
        channel_id = int(row.key.removeprefix(_KEY))
        revision, asked, until = row.value.split()
        standing = datetime.fromisoformat(asked) <= now + tolerance and now < datetime.fromisoformat(until)
        if standing and str(revisions.get(channel_id)) == revision:
            found.add(channel_id)
    return frozenset(found)
