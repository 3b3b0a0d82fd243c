"""One alert with everything its drawer shows (警情卷宗): the alert, its reports, limits, spread and whole history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from monitors.access.actor import Actor
from monitors.clock import stamp
from monitors.desk import alerts, queue, ways
from monitors.desk.alerts import Alert
from monitors.desk.queue import QueueRow
from monitors.desk.record import NAMES
from monitors.errors import InputError
from monitors.opinion import dossier
from monitors.opinion.dossier import Dossier, event_words
from monitors.opinion.event_words import level_words
from monitors.store import tables as t

_HOUR = timedelta(hours=1)
_MOST_HOURS = 72  # of the spread curve; a story that goes on for weeks is drawn by its first three days
_FEN_PER_YUAN = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history: what was done (``act``), by whom, when, and what was said with it."""

    at: datetime
    act: str
    actor: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Reports by clock hour of publication: ``hours`` are their beginnings, ``later`` what came after the last."""

    hours: tuple[datetime, ...]
    reports: tuple[int, ...]
    later: int


@dataclass(frozen=True, slots=True)
class AlertFile:
    """The alert, its line in the queue (limits, marks), its story, its history (newest first), what went into it."""

    alert: Alert
    row: QueueRow
    story: Dossier
    history: tuple[Event, ...]
    spread: Spread
    merged: tuple[str, ...]


def read(connection: Connection, actor: Actor, number: str) -> AlertFile:
    """The alert of this number as ``actor`` may see it.

    Raises:
        InputError: there is none.
        RefusedError: the role sees no alerts, or it is of another place (in the same words).
    """
    alert = alerts.get(connection, actor, number)
    story = dossier.read(connection, actor, alert.story_id)
    row = connection.execute(queue.selected().where(t.alert.c.id == alert.id)).one()
    if story is None:
        raise InputError(alerts.MISSING)
    merged = connection.scalars(select(t.alert.c.number).where(t.alert.c.master_id == alert.id).order_by(t.alert.c.id))
    return AlertFile(
        alert=alert,
        row=queue.row_of(row),
        story=story,
        history=_history(connection, alert.id),
        spread=spread(connection, alert.story_id),
        merged=tuple(merged),
    )


def _history(connection: Connection, alert_id: int) -> tuple[Event, ...]:
    event = t.alert_event
    rows = connection.execute(select(event).where(event.c.alert_id == alert_id).order_by(event.c.id.desc()))
    return tuple(event_of(row) for row in rows)


def event_of(row: Row[Any]) -> Event:
    """One stored event in words; a kind not known here is told as the story's timeline tells it."""
    before: Mapping[str, Any] = row.before or {}
    after: Mapping[str, Any] = row.after or {}
    lines = tuple(f"{_name(key)}：{_value(key, value)}" for key, value in after.items() if _told(key, value))
    match row.kind:
        case "opened":
            return Event(row.at, f"发出 {_level(after)}警情", row.actor, ())
        case "state":
            act = ways.deed(str(before.get("state", "")), str(after.get("state", "")))
            why = str(after.get("why") or "")
            changed = f"{before.get('state', '？')} → {after.get('state', '？')}"
            return Event(row.at, act, row.actor, (changed, *lines, *((why,) if why else ())))
        case "level":
            return Event(row.at, f"级别 {_level(before)} → {_level(after)}", row.actor, lines)
        case "proposal" | "leader" | "update" | "assign" | "plan" | "link" | "response":
            named = {"leader": "报告带班领导", "update": "处置进展", "assign": "转办", "plan": "预案处置",
                     "link": "台账关联", "response": "对外回应"}  # fmt: skip
            act = str(after.get("act") or named.get(row.kind, "提请审批"))
            # Why a record was tied tells of the record, which this reader may not see: it stands in 台账关联.
            why = "" if row.kind == "link" else after.get("why") or ""
            told = ("、".join(map(str, why)) if isinstance(why, list) else str(why), str(after.get("number") or ""))
            return Event(row.at, act, row.actor, (*lines, *(one for one in told if one)))
        case _:
            return Event(row.at, event_words(row.kind, row.actor, before, after), row.actor, ())


def _told(key: str, value: object) -> bool:
    """What is not said in the heading already."""
    return key in NAMES and key not in ("act", "state", "level") and value not in (None, "", [], False)


def _name(key: str) -> str:
    return NAMES[key].removesuffix("（分）")  # said here in 元


def _value(key: str, value: Any) -> str:
    if key == "check_due_at":
        return stamp(datetime.fromisoformat(str(value)))
    if key == "verified_fen":
        return f"{value / _FEN_PER_YUAN:,.2f}".removesuffix(".00") + " 元"
    if key == "verified_workers":
        return f"{value} 人"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _level(values: Mapping[str, Any]) -> str:
    return level_words(str(values.get("level", ""))) or "未知级别"


def spread(connection: Connection, story_id: int) -> Spread:
    """How the reports of a story came, hour by hour from the first."""
    moments = list(
        connection.scalars(
            select(t.item.c.published_at).where(t.item.c.story_id == story_id).order_by(t.item.c.published_at)
        )
    )
    if not moments:
        return Spread((), (), 0)
    first = moments[0].replace(minute=0, second=0, microsecond=0)
    tally = Counter((moment - first) // _HOUR for moment in moments)
    last = min(max(tally), _MOST_HOURS - 1)
    return Spread(
        tuple(first + _HOUR * hour for hour in range(last + 1)),
        tuple(tally.get(hour, 0) for hour in range(last + 1)),
        sum(number for hour, number in tally.items() if hour > last),
    )
