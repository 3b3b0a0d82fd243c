"""What is to be told about alerts: one row per opening or rise, written in the very transaction that made it.

``monitors.notify.plan`` decides later what becomes of it; a crash in between loses nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert

from monitors.store import tables as t

NoticeKind = Literal["opened", "raised", "reopened"]
PENDING = "待处理"


def note(connection: Connection, alert_id: int, kind: NoticeKind, *, now: datetime) -> None:
    """Note that people are to be told. Demonstration alerts are nobody's emergency: do not call this for them."""
    connection.execute(insert(t.notice).values(alert_id=alert_id, kind=kind, at=now, state=PENDING))
