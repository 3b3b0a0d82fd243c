"""The clocks of an alert (时限, domain.md 4.2): what is due when, what was done when, and what is late. Pure.

They are columns of the alert, so they run on through any restart; a countdown is ``due`` less the server's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitors.desk.alerts import Alert
from monitors.desk.ways import CHECKING, DONE, GRAVE
from monitors.settings import Settings

SIGN, LEADER, FACT, UPDATE, PUBLIC, CONFERENCE = "签收", "报告领导", "核查事实", "处置进展", "公开回应", "新闻发布会"
CHECK = "核查时限"
_SHARE = 4  # a clock is soon due in the last quarter of its limit


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock. ``done``: when it was met, None where it was not. ``state`` late: past due, or met too late."""

    name: str
    due: datetime
    done: datetime | None
    state: Literal["ok", "soon", "late"]

    @property
    def running(self) -> bool:
        """Still to be met."""
        return self.done is None


def clocks(alert: Alert, now: datetime, settings: Settings) -> tuple[Clock, ...]:
    """The clocks that concern this alert at ``now``, in the order they are usually due.

    A closed alert's clocks stand still: those met and those missed before it was closed are told, and none asks for
    anything. 误报 and 并案 leave only what was met; a closing without any response leaves out the public ones.
    """
    return tuple(_all(alert, now if alert.open else min(now, alert.closed_at or now), settings))


def _all(alert: Alert, now: datetime, settings: Settings) -> Iterator[Clock]:
    limit = settings.clocks[alert.level]
    yield from _one(alert, now, SIGN, (alert.sign_due_at, alert.signed_at), _minutes(limit.sign_minutes))
    yield from _one(alert, now, LEADER, (alert.leader_due_at, alert.leader_told_at), _minutes(limit.leader_minutes))
    yield from _one(alert, now, FACT, (alert.fact_due_at, alert.fact_at), _minutes(limit.fact_minutes))
    if alert.state == CHECKING:
        yield from _one(alert, now, CHECK, (alert.check_due_at, None), _minutes(480))
    if alert.open:
        yield from _one(alert, now, UPDATE, (alert.update_due_at, None), _minutes(limit.update_minutes))
    if alert.state == DONE and alert.no_response and alert.responded_at is None:
        return
    public = _minutes(60 * limit.public_response_hours)
    yield from _one(alert, now, PUBLIC, (alert.public_due_at, alert.responded_at), public)
    if alert.level in GRAVE:
        conference = _minutes(60 * limit.conference_hours)
        yield from _one(alert, now, CONFERENCE, (alert.conference_due_at, alert.conference_at), conference)


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def _one(
    alert: Alert, now: datetime, name: str, times: tuple[datetime | None, datetime | None], limit: timedelta
) -> Iterator[Clock]:
    due, done = times
    if due is None:
        return
    if done is not None:
        yield Clock(name, due, done, "late" if done > due else "ok")
        return
    if not alert.open and (alert.state != DONE or now <= due):
        return  # nobody is asked any more, and nothing was missed
    if now > due:
        yield Clock(name, due, None, "late")
    else:
        yield Clock(name, due, None, "soon" if due - now <= limit / _SHARE else "ok")
