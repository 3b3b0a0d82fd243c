"""What becomes of alerts when a person merges or splits their stories (并案): every change an appended event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.notify import escalation
from monitors.opinion.alerts import append_event
from monitors.opinion.model import CLOSED_STATES, LEVELS
from monitors.store import tables as t

MERGED = "并案"


def open_alert(connection: Connection, story_id: int) -> Row[Any] | None:
    """The one open alert of a story, or None."""
    query = select(t.alert).where(t.alert.c.story_id == story_id, t.alert.c.state.not_in(CLOSED_STATES))
    return connection.execute(query.with_for_update()).one_or_none()


def weight(connection: Connection, story_id: int) -> tuple[bool, int]:
    """How much a story's alerts weigh when two are merged: an open one before closed ones, then the graver level.

    What is merged away asks nobody to act any more: the alert that stays must not be the lesser one.
    """
    query = select(t.alert.c.state, t.alert.c.level).where(t.alert.c.story_id == story_id, t.alert.c.state != MERGED)
    found = [(row.state not in CLOSED_STATES, -LEVELS.index(row.level)) for row in connection.execute(query)]
    return max(found, default=(False, -len(LEVELS)))


def close_into(
    connection: Connection, actor: Actor, story_id: int, into_id: int, *, reports: int, now: datetime
) -> dict[str, Any] | None:
    """End the open alert of one story as 并案 with the other's; returns what ``reopen`` needs, None where none is open.

    A new alert is signed first (domain.md 4.3: only a signed one may become 并案): who merges it has seen it.

    Raises:
        InputError: the other story has no open alert to take it over.
    """
    ours = open_alert(connection, story_id)
    master = open_alert(connection, into_id)  # both under the turn STORIES: nobody waits in a ring
    if ours is None:
        tell(connection, actor, into_id, f"并入事件 {story_id} 的报道 {reports} 篇", now=now)
        return None
    if master is None:
        raise InputError(
            f"事件 {story_id} 的警情 {ours.number} 仍在办理，而事件 {into_id} 没有在办警情，请先办结再操作"
        )
    state, who = ours.state, actor.display[:60]
    signed: dict[str, Any] = {}
    if ours.signed_at is None:
        signed = {"signed_by": who, "signed_at": now, "holder_id": actor.account_id}
    if state == "新警情":
        append_event(
            connection, ours.id, "state", at=now, actor=who, before={"state": state}, after={"state": "已签收"}
        )
        state = "已签收"
    after = {"state": MERGED, "master": master.id, "reason": f"与 {master.number} 为同一事件"}
    append_event(connection, ours.id, "state", at=now, actor=who, before={"state": state}, after=after)
    values = {
        "state": MERGED, "master_id": master.id, "closed_at": now, "update_due_at": None, "proposal": None,
        "touched_at": now, "revision": t.alert.c.revision + 1, **signed,
    }  # fmt: skip
    connection.execute(update(t.alert).where(t.alert.c.id == ours.id).values(values))
    escalation.cancel(connection, ours.id, now)
    tell(connection, actor, into_id, f"警情 {ours.number} 并入，报道 {reports} 篇", now=now)
    due = ours.update_due_at.isoformat() if ours.update_due_at else None
    return {"id": ours.id, "state": state, "update_due_at": due}


def reopen(
    connection: Connection, actor: Actor, closed: Mapping[str, Any] | None, *, reason: str, now: datetime
) -> None:
    """Give an alert back the state it had before ``close_into``; nothing where somebody has changed it since."""
    if closed is None:
        return
    alert = connection.execute(select(t.alert).where(t.alert.c.id == closed["id"]).with_for_update()).one_or_none()
    if alert is None or alert.state != MERGED or open_alert(connection, alert.story_id) is not None:
        return
    after = {"state": closed["state"], "reason": reason}
    append_event(connection, alert.id, "state", at=now, actor=actor.display[:60], before={"state": MERGED}, after=after)
    due = closed.get("update_due_at")  # an older record does not know it
    values = {
        "state": closed["state"], "master_id": None, "closed_at": None, "touched_at": now,
        "update_due_at": datetime.fromisoformat(due) if due else None, "revision": t.alert.c.revision + 1,
    }  # fmt: skip
    connection.execute(update(t.alert).where(t.alert.c.id == alert.id).values(values))


def tell(connection: Connection, actor: Actor, story_id: int, words: str, *, now: datetime) -> None:
    """Leave a line in the history of the story's open alert, where it has one."""
    alert = open_alert(connection, story_id)
    if alert is not None:
        append_event(connection, alert.id, "edit", at=now, actor=actor.display[:60], before={}, after={"reason": words})
