"""The life of an alert (警情, domain.md 4.3): the only code that changes its state in a person's name.

``ways`` is the table of what is legal. Every act locks the alert, asks for permission, region and revision, changes
the row, appends one event and one line of the audit trail, all in one transaction; a refusal writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.desk import alerts, merging, needs, record, steps
from monitors.desk.alerts import Proposal
from monitors.desk.bulk import Outcome, bulk_move, bulk_sign
from monitors.desk.faults import DeskError, Fault, refuse
from monitors.desk.progress import assign, set_level, tell_leader, update
from monitors.desk.record import Act
from monitors.desk.ways import DONE, FALSE, MERGED, TAKE_BACK, find
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

__all__ = [
    "Outcome", "assign", "bulk_move", "bulk_sign", "decide", "move", "set_level", "sign", "tell_leader", "update",
]  # fmt: skip


def sign(connection: Connection, actor: Actor, alert_id: int, *, settings: Settings, now: datetime) -> None:
    """新警情 → 已签收. Whoever presses later is told who was first.

    Raises:
        RefusedError: the actor may not, or the alert is of another place.
        InputError: there is none.
        ConflictError: it is signed already; the sentence names by whom and when.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action="alert.sign")
    record.tell(connection, actor, alert, steps.signing(connection, actor, alert, settings=settings, now=now), now=now)


def move(  # noqa: PLR0917 - reads as the sentence it is: who brings which alert where, with what
    connection: Connection,
    actor: Actor,
    alert_id: int,
    revision: int,
    to: str,
    values: Mapping[str, Any],
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Bring the alert, as it was at ``revision``, to ``to``; a way that takes two persons leaves a proposal instead.

    Raises:
        RefusedError: the actor may not, or the alert is of another place.
        InputError: there is none.
        ConflictError: somebody was faster.
        DeskError: there is no such way, a value is missing or wrong, or a proposal waits for its answer.
    """
    alerts.known_id(alert_id)
    if to == MERGED:
        master = values.get("master")
        merging.merge(connection, actor, alert_id, revision, master, now=now)
        return
    if to == TAKE_BACK:
        merging.take_back(connection, actor, alert_id, revision, values.get("reason"), settings=settings, now=now)
        return
    state = connection.scalar(select(t.alert.c.state).where(t.alert.c.id == alert_id))
    if state in (DONE, FALSE):
        take(connection, Turn.STORIES)  # whoever opens alerts by itself waits: one open alert per story
    alert = alerts.hold(connection, actor, alert_id, revision, action="alert.work")
    act = steps.moving(connection, actor, alert, to, values, settings=settings, now=now)
    record.tell(connection, actor, alert, act, now=now)


def decide(  # noqa: PLR0917 - who answers which proposal, as it stood when, how and why
    connection: Connection,
    actor: Actor,
    alert_id: int,
    revision: int,
    agree: bool,
    words: str,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Answer the proposal: another person agrees, or it is sent back (by its own author: withdrawn).

    办结 is agreed to by whoever may approve, 误报 by anybody who works on alerts, never by who proposed it. What the
    way asks for is asked again: a response may have been withdrawn meanwhile.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody was faster.
        DeskError: nothing waits, the same person, no reason for sending back, or something is lacking by now.
    """
    alert = alerts.hold(connection, actor, alert_id, revision, action="alert.work")
    held = alert.proposal
    if held is None:
        raise DeskError([Fault("proposal", "该警情没有待审批的事项")])
    way = find(alert, held.to)
    own = held.made_by(actor)
    if way is not None and not (own and not agree):
        actor.require(way.decided_by, alert.region, kind="alert", target=alert.number)
    if not agree:
        act = _sent_back(held, needs.words("words", words, "退回理由", required=not own), own=own)
    else:
        refuse(Fault("proposal", "须由提请人以外的另一人审批") if own else None)
        if way is None:
            raise DeskError([Fault("state", f"不允许从“{alert.state}”变更为“{held.to}”")])
        refuse(*steps.lacking(connection, alert, held.to, held.values))
        told = {"proposed_by": held.by, "words": needs.words("words", words, "审批意见", required=False)}
        act = steps.taking(alert, way, held.values, settings, now, told=told)
    record.done(connection, actor, alert, act, now=now)


def _sent_back(held: Proposal, words: str, *, own: bool) -> Act:
    asked = "办结" if held.to == DONE else "误报"
    after = {"act": f"撤回{asked}提请" if own else f"退回{asked}提请", "words": words, "proposed_by": held.by}
    return Act("proposal", "alert.move", {"proposal": None}, {}, after)
