"""One act on many alerts: a refusal of one never stops the rest, and each is named with what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.desk import alerts, record, steps
from monitors.desk.alerts import Alert
from monitors.desk.record import Act
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.settings import Settings
from monitors.store.turns import Turn, take

MOST = 500  # at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert. ``words`` is why not, ``""`` where it was done."""

    alert_id: int
    number: str
    done: bool
    words: str


def bulk_sign(
    connection: Connection, actor: Actor, alert_ids: Sequence[int], *, settings: Settings, now: datetime
) -> tuple[Outcome, ...]:
    """Sign these alerts, as ``life.sign``; the outcomes stand in the order given.

    Raises:
        RefusedError: the actor's role may not sign at all.
        InputError: too many at once.
    """

    def work(alert: Alert) -> Act:
        return steps.signing(connection, actor, alert, settings=settings, now=now)

    chosen: dict[int, int | None] = dict.fromkeys(alert_ids)
    return _each(connection, actor, chosen, work, action="alert.sign", now=now)


def bulk_move(
    connection: Connection,
    actor: Actor,
    chosen: Mapping[int, int],
    to: str,
    values: Mapping[str, Any],
    *,
    settings: Settings,
    now: datetime,
) -> tuple[Outcome, ...]:
    """Take the same way with the same values for these alerts (id → revision), as ``life.move``; not for 并案.

    Raises:
        RefusedError: the actor's role works on no alerts.
        InputError: too many at once.
    """

    def work(alert: Alert) -> Act:
        return steps.moving(connection, actor, alert, to, values, settings=settings, now=now)

    return _each(connection, actor, chosen, work, action="alert.work", now=now)


def _each(
    connection: Connection,
    actor: Actor,
    chosen: Mapping[int, int | None],
    work: Callable[[Alert], Act],
    *,
    action: str,
    now: datetime,
) -> tuple[Outcome, ...]:
    actor.require(action, kind="alert")
    if len(chosen) > MOST:
        raise InputError(f"一次最多办理 {MOST} 起警情")
    # Whoever holds several alerts takes this turn first, and all of them before any trail is written.
    take(connection, Turn.STORIES)
    alerts.lock(connection, [alert_id for alert_id in chosen if 0 < alert_id < 2**31])
    found: list[Outcome] = []
    told: list[tuple[Alert, Act]] = []
    refused: list[RefusedError] = []
    for alert_id, revision in chosen.items():
        number = ""
        try:
            alert = alerts.hold(connection, actor, alert_id, revision, action=action)
            number = alert.number
            told.append((alert, work(alert)))
        except RefusedError as error:
            refused.append(error)
            found.append(Outcome(alert_id, number, done=False, words=str(error)))
        except (ConflictError, InputError) as error:
            found.append(Outcome(alert_id, number or _number(connection, actor, alert_id), False, str(error)))
        else:
            found.append(Outcome(alert_id, number, done=True, words=""))
    for alert, act in told:
        record.tell(connection, actor, alert, act, now=now)
    for one in refused:
        audit.append(
            connection, actor, one.action, at=now, kind=one.kind, target=one.target, after={"why": str(one)},
            outcome="拒绝",
        )  # fmt: skip
    return tuple(found)


def _number(connection: Connection, actor: Actor, alert_id: int) -> str:
    """The number of an alert that could not be held in time, for whoever may know it."""
    try:
        return alerts.get(connection, actor, alert_id).number
    except (InputError, RefusedError):
        return ""
