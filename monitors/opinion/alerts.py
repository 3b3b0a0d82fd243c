"""Opening and raising alerts (警情): one open alert per story, every change an appended event.

An alert's level only ever rises by itself. A confirmed settlement lowers the story's score, which is shown; lowering
the alert is a named person's decision (domain.md 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from monitors.clock import local
from monitors.notify import notices
from monitors.opinion.model import ALERT_LEVELS, CLOSED_STATES, LEVEL_NAMES
from monitors.settings import Clock, Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

_CALM = ("III", "IV")  # levels at which nobody's life and no public order is in danger
SYSTEM = "系统"
LOWERED = "story_level"  # in the event of a person's lowering: the story's level they knew
_RANK = {level: rank for rank, level in enumerate(("关注", "IV", "III", "II", "I"))}


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

    No alert opens for a story outside the province or for background (unless a keyword rule asks for it there), or
    first published longer than ``report_days`` ago, nor for one that only tells that wages were paid, unless lives or
    public order were in danger (I, II): nobody is asked to act. A story whose alert was closed opens a new one only
    when it has become graver than that alert was.
    """
    level = story["level"]
    if not _concerns_us(story):
        return Change()
    latest = connection.execute(
        select(t.alert)
        .where(t.alert.c.story_id == story["id"])
        # An open one before later ones that are closed: an older alert can have been opened again.
        .order_by(t.alert.c.state.in_(CLOSED_STATES), t.alert.c.id.desc())
        .limit(1)
    ).one_or_none()
    if latest is not None and latest.state not in CLOSED_STATES and worse(level, latest.level):
        # A person may be signing, raising or closing it at this very moment: what they wrote is not written over.
        latest = connection.execute(select(t.alert).where(t.alert.c.id == latest.id).with_for_update()).one()
    if latest is not None and latest.state not in CLOSED_STATES:
        if not worse(level, latest.level) or _settled(connection, latest.id, level):
            return Change()
        _raise(connection, latest._asdict(), story, settings=settings, now=now)
        return Change(latest.id, "raised")
    if latest is not None and not worse(level, latest.level):
        return Change()
    if not would_open(story, settings=settings, now=now):
        return Change()
    return Change(_open(connection, story, settings=settings, now=now), "opened")


def would_open(story: Mapping[str, Any], *, settings: Settings, now: datetime) -> bool:
    """Whether a story that has had no alert opens one, by its scope, level, stance and first publication."""
    if not _concerns_us(story):
        return False
    late = now - story["first_published_at"] > timedelta(days=settings.severity.report_days)
    return not late and not (story["stance"] == "resolved" and story["level"] in _CALM)


def _concerns_us(story: Mapping[str, Any]) -> bool:
    """In the province, or asked for by a keyword rule that holds where the story is; and at one of the four levels."""
    rules = (story.get("severity") or {}).get("rules", ())
    asked = story["scope"] == "本省" or any(rule["level"] in ALERT_LEVELS for rule in rules)
    return asked and story["level"] in ALERT_LEVELS


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
            leader_due_at=_after(now, minutes=clock.leader_minutes),
            fact_due_at=_after(now, minutes=clock.fact_minutes),
            conference_due_at=_after(story["first_published_at"], minutes=60 * clock.conference_hours),
            case_ids=[],
            demo=story["demo"],
        )
        .returning(t.alert.c.id)
    ).scalar_one()
    after = {"level": story["level"], "score": story["score"], "state": "新警情"}
    append_event(connection, alert_id, "opened", at=now, actor=SYSTEM, before={}, after=after)
    if not story["demo"]:
        notices.note(connection, alert_id, "opened", now=now)
    return alert_id


def _raise(
    connection: Connection, alert: Mapping[str, Any], story: Mapping[str, Any], *, settings: Settings, now: datetime
) -> None:
    values: dict[str, Any] = {
        "level": story["level"],
        "score": story["score"],
        "revision": t.alert.c.revision + 1,
        **limits_after_rise(alert, story["first_published_at"], settings.clocks[story["level"]], now),
    }
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
    if not alert["demo"]:
        notices.note(connection, alert["id"], "raised", now=now)


def limits_after_rise(
    alert: Mapping[str, Any], first_published_at: datetime, clock: Clock, now: datetime
) -> dict[str, Any]:
    """The columns of time that change when an alert rises to the level of ``clock``, by itself or by a person."""
    values: dict[str, Any] = {
        "raised_at": now,
        "public_due_at": min(alert["public_due_at"], first_published_at + timedelta(hours=clock.public_response_hours)),
        **_sooner(alert, first_published_at, clock, now),
    }
    if alert["signed_at"] is None:
        # The shorter time to sign starts when the level rises, but never gives more time than there was.
        values["sign_due_at"] = min(alert["sign_due_at"], now + timedelta(minutes=clock.sign_minutes))
    return values


def _settled(connection: Connection, alert_id: int, level: str) -> bool:
    """Whether a person lowered the alert last, knowing the story at this level: it rises by itself above that only."""
    event = t.alert_event.c
    last = connection.execute(
        select(event.after).where(event.alert_id == alert_id, event.kind == "level").order_by(event.id.desc()).limit(1)
    ).scalar()
    known = (last or {}).get(LOWERED)
    return known is not None and not worse(level, known)


def _after(start: datetime, *, minutes: int) -> datetime | None:
    """The end of a limit of so many minutes; none where the level has no such limit."""
    return start + timedelta(minutes=minutes) if minutes else None


def _sooner(alert: Mapping[str, Any], first_published_at: datetime, clock: Clock, now: datetime) -> dict[str, Any]:
    """The other limits under a graver level: they run from the rise, and never give more time than there was."""
    limits = {
        "leader_due_at": _after(now, minutes=clock.leader_minutes) if alert["leader_told_at"] is None else None,
        "fact_due_at": _after(now, minutes=clock.fact_minutes) if alert["fact_at"] is None else None,
        "update_due_at": _after(now, minutes=clock.update_minutes) if alert["update_due_at"] else None,
        "conference_due_at": _after(first_published_at, minutes=60 * clock.conference_hours),
    }
    return {
        name: due if alert[name] is None else min(due, alert[name]) for name, due in limits.items() if due is not None
    }


def _next_number(connection: Connection, now: datetime) -> str:
    """``YJ20261123-0001``: counted per Shanghai day; the lock makes two workers count one after the other."""
    take(connection, Turn.ALERT_NUMBERS)
    prefix = f"YJ{local(now):%Y%m%d}-"
    highest = connection.execute(
        select(t.alert.c.number)
        .where(t.alert.c.number.like(f"{prefix}%"))
        .order_by(func.length(t.alert.c.number).desc(), t.alert.c.number.desc())
        .limit(1)
    ).scalar()
    return f"{prefix}{int(highest.removeprefix(prefix)) + 1 if highest else 1:04d}"
