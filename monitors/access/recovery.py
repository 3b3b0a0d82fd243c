"""What a restored backup has to go through before it takes the database's place (恢复备份).

It must have been made under the present key; nobody is signed in any more, since a sign-in ended after the backup
would come back to life; and the trail says that, when and by whom it was put back.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, update

from monitors.access import audit, chain, keys
from monitors.access.actor import console
from monitors.settings import Settings
from monitors.store import tables as t

ENDED = "恢复备份"


def admit(connection: Connection, settings: Settings, *, file: Path, made_at: str, now: datetime) -> None:
    """Make the unpacked backup the database of this house, or refuse it.

    ``made_at``: when it was made (ISO 8601). The row appended says which anchor of the trail it replaces.

    Raises:
        StoreError: it was made under another key, or the anchors cannot be written.
    """
    keys.admit(connection)
    open_ones = t.session.c.ended_at.is_(None)
    ended = connection.execute(update(t.session).where(open_ones).values(ended_at=now, ended_why=ENDED)).rowcount
    replaced = chain.newest_anchor(settings)
    seq = audit.append(
        connection,
        console(),
        chain.RESTORED,
        at=now,
        kind="backup",
        target=file.name[-80:],
        after={"备份时间": made_at, "ended": ended, "取代的锚点": replaced.seq if replaced else "无"},
    )
    mac = connection.execute(select(t.audit.c.mac).where(t.audit.c.seq == seq)).scalar_one()
    chain.note_restore(settings, seq, mac, now)
