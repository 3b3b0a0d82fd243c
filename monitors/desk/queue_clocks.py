"""The limits of an alert (时限; domain.md 4.2) as the queue counts them: which duty is open, and when it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists

from monitors.desk.alerts import CONFERENCE as CONFERENCE_KIND
from monitors.desk.alerts import PUBLISHED
from monitors.desk.clocks import CHECK, CONFERENCE, FACT, LEADER, PUBLIC, SIGN, UPDATE
from monitors.desk.ways import CHECKING, GRAVE, NEW
from monitors.store import tables as t
from monitors.store.desk_tables import response

CLOCKS = (SIGN, LEADER, FACT, CHECK, UPDATE, PUBLIC, CONFERENCE)


@dataclass(frozen=True, slots=True)
class Due:
    """One limit that counts down: its name and its end (aware UTC)."""

    clock: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """The SQL of one limit: whether its duty is still open on an alert that is, and when it ends (may be null)."""

    open: ColumnElement[bool]
    due: ColumnElement[datetime]


def duties() -> dict[str, Duty]:
    """Every limit by its name, in the order of ``CLOCKS``; all of them presuppose an open alert."""
    alert = t.alert.c
    published = and_(response.c.alert_id == alert.id, response.c.state == PUBLISHED)
    needed = alert.no_response == ""  # 无需回应 was decided: nobody waits for an answer
    open_ = (
        Duty(alert.state == NEW, alert.sign_due_at),
        Duty(alert.leader_told_at.is_(None), alert.leader_due_at),
        Duty(alert.fact_at.is_(None), alert.fact_due_at),
        Duty(alert.state == CHECKING, alert.check_due_at),
        Duty(alert.state != NEW, alert.update_due_at),
        Duty(and_(needed, ~exists().where(published)), alert.public_due_at),
        Duty(
            and_(alert.level.in_(GRAVE), needed, ~exists().where(published, response.c.kind == CONFERENCE_KIND)),
            alert.conference_due_at,
        ),
    )
    return dict(zip(CLOCKS, open_, strict=True))


def standing(duty: Duty) -> ColumnElement[datetime]:
    """When the duty ends, or null where it is done or was never asked for."""
    return case((duty.open, duty.due))
