"""When what has to be done next, as an alert is signed, reopened or lowered (domain.md 4.2, last column). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitors.desk.alerts import Alert
from monitors.settings import Settings


def next_update(level: str, settings: Settings, now: datetime) -> datetime | None:
    """When the next 处置进展 is due, counted from now; None where the level asks for none."""
    return _after(now, settings.clocks[level].update_minutes)


def reopened(alert: Alert, settings: Settings, now: datetime) -> dict[str, Any]:
    """Facts and progress are asked for anew; the public's clock runs on from first publication."""
    return {
        "fact_due_at": _after(now, settings.clocks[alert.level].fact_minutes),
        "fact_at": None,
        "update_due_at": next_update(alert.level, settings, now),
    }


def lowered(
    alert: Alert, level: str, settings: Settings, now: datetime, *, reopened_at: datetime | None = None
) -> dict[str, Any]:
    """The milder level's limits, counted from where each began; what is done stays done.

    ``reopened_at``: when the alert was last opened again, from where facts are asked for anew.
    """
    clock = settings.clocks[level]
    return {
        "sign_due_at": alert.sign_due_at
        if alert.signed_at
        else alert.opened_at + timedelta(minutes=clock.sign_minutes),
        "public_due_at": alert.first_published_at + timedelta(hours=clock.public_response_hours),
        "leader_due_at": alert.leader_due_at if alert.leader_told_at else _after(alert.opened_at, clock.leader_minutes),
        "fact_due_at": alert.fact_due_at
        if alert.fact_at
        else _after(reopened_at or alert.opened_at, clock.fact_minutes),
        "update_due_at": next_update(level, settings, now) if alert.update_due_at else None,
        "conference_due_at": _after(alert.first_published_at, 60 * clock.conference_hours),
    }


def _after(start: datetime, minutes: int) -> datetime | None:
    return start + timedelta(minutes=minutes) if minutes else None
