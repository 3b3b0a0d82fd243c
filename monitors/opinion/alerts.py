"""Opening and raising alerts (警情): one open alert per story, every change an appended event.

An alert's level only ever rises by itself. A confirmed settlement lowers the story's score, which is shown; lowering
the alert is a named person's decision (domain.md 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from monitors.clock import local
from monitors.opinion.model import ALERT_LEVELS, CLOSED_STATES, LEVEL_NAMES
from monitors.settings import Settings
from monitors.store import tables as t

_CALM = ("III", "IV")  # levels at which nobody's life and no public order is in danger
SYSTEM = "系统"
_RANK = {level: rank for rank, level in enumerate(("关注", "IV", "III", "II", "I"))}
_NUMBER_LOCK = 530_002


@dataclass(frozen=True, slots=True)
class Change:
    """What ``consider`` did: ``opened``, ``raised`` or nothing."""

    alert_id: int | None = None
    kind: str = ""


def worse(level: str, than: str) -> bool:
    """Whether ``level`` is graver than ``than``."""
    return _RANK[level] > _RANK[than]


def consider(connection: Connection, story: Mapping[str, Any], *, settings: Settings, now: datetime) -> Change:
    """Open the story's alert, raise it, or leave it, by the story as it now stands.

    No alert opens for a story outside the province, for background, or first published longer than ``report_days``
    ago, nor for one that only tells that wages were paid, unless lives or public order were in danger (I, II): nobody
    is asked to act. A story whose alert was closed opens a new one only when it has become graver than that alert was.
    """
    level = story["level"]
    if story["scope"] != "本省" or level not in ALERT_LEVELS:
        return Change()
    latest = connection.execute(
        select(t.alert).where(t.alert.c.story_id == story["id"]).order_by(t.alert.c.id.desc()).limit(1)
    ).one_or_none()
    if latest is not None and latest.state not in CLOSED_STATES:
        if not worse(level, latest.level):
            return Change()
        _raise(connection, latest._asdict(), story, settings=settings, now=now)
        return Change(latest.id, "raised")
    if latest is not None and not worse(level, latest.level):
        return Change()
    late = now - story["first_published_at"] > timedelta(days=settings.severity.report_days)
    if late or (story["stance"] == "resolved" and level in _CALM):
        return Change()
    return Change(_open(connection, story, settings=settings, now=now), "opened")


def append_event(
    connection: Connection,
    alert_id: int,
    kind: str,
    *,
    at: datetime,
    actor: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Append one event to the alert's history; nothing is ever changed or removed there."""
    connection.execute(
        insert(t.alert_event).values(
            alert_id=alert_id, kind=kind, at=at, actor=actor, before=dict(before), after=dict(after)
        )
    )


def _open(connection: Connection, story: Mapping[str, Any], *, settings: Settings, now: datetime) -> int:
    clock = settings.clocks[story["level"]]
    alert_id: int = connection.execute(
        insert(t.alert)
        .values(
            number=_next_number(connection, now),
            story_id=story["id"],
            level=story["level"],
            score=story["score"],
            state="新警情",
            opened_at=now,
            raised_at=now,
            sign_due_at=now + timedelta(minutes=clock.sign_minutes),
            public_due_at=story["first_published_at"] + timedelta(hours=clock.public_response_hours),
            case_ids=[],
            demo=story["demo"],
        )
        .returning(t.alert.c.id)
    ).scalar_one()
    after = {"level": story["level"], "score": story["score"], "state": "新警情"}
    append_event(connection, alert_id, "opened", at=now, actor=SYSTEM, before={}, after=after)
    return alert_id


def _raise(
    connection: Connection, alert: Mapping[str, Any], story: Mapping[str, Any], *, settings: Settings, now: datetime
) -> None:
    clock = settings.clocks[story["level"]]
    values: dict[str, Any] = {
        "level": story["level"],
        "score": story["score"],
        "raised_at": now,
        "public_due_at": min(
            alert["public_due_at"], story["first_published_at"] + timedelta(hours=clock.public_response_hours)
        ),
        "revision": t.alert.c.revision + 1,
    }
    if alert["signed_at"] is None:
        # The shorter time to sign starts when the level rises, but never gives more time than there was.
        values["sign_due_at"] = min(alert["sign_due_at"], now + timedelta(minutes=clock.sign_minutes))
    connection.execute(update(t.alert).where(t.alert.c.id == alert["id"]).values(values))
    append_event(
        connection,
        alert["id"],
        "level",
        at=now,
        actor=SYSTEM,
        before={"level": alert["level"], "score": alert["score"]},
        after={"level": story["level"], "score": story["score"], "why": f"升为{LEVEL_NAMES[story['level']]}"},
    )


def _next_number(connection: Connection, now: datetime) -> str:
    """``YJ20261123-0001``: counted per Shanghai day; the lock makes two workers count one after the other."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _NUMBER_LOCK})
    prefix = f"YJ{local(now):%Y%m%d}-"
    highest = connection.execute(
        select(t.alert.c.number)
        .where(t.alert.c.number.like(f"{prefix}%"))
        .order_by(func.length(t.alert.c.number).desc(), t.alert.c.number.desc())
        .limit(1)
    ).scalar()
    return f"{prefix}{int(highest.removeprefix(prefix)) + 1 if highest else 1:04d}"
