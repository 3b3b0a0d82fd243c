"""并案: an alert goes into another one that tells of the same, and comes back where that was wrong (domain.md 4.3).

The stories stay two: that two stories are one is decided in ``opinion.story_edits``, whose alerts become 并案 too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.desk import alerts, limits, needs, record
from monitors.desk.alerts import Alert
from monitors.desk.faults import DeskError, Fault, refuse
from monitors.desk.record import Act
from monitors.desk.ways import MERGED, SIGNED, TAKE_BACK
from monitors.opinion import story_alerts
from monitors.opinion.alerts import append_event, worse
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take


def merge(connection: Connection, actor: Actor, alert_id: int, revision: int, master: object, *, now: datetime) -> None:
    """As ``life.move`` to 并案: ``master`` is the number of the open alert that takes it over.

    The graver of two stays: what is merged away asks nobody to act any more.
    """
    # Whoever holds two alerts takes this turn first, as the watch does when it raises many: nobody waits in a ring.
    take(connection, Turn.STORIES)
    number = alerts.number_in(master)
    master_id = connection.scalar(select(t.alert.c.id).where(t.alert.c.number == number))
    alerts.lock(connection, [one for one in (alert_id, master_id) if one is not None])
    alert = alerts.hold(connection, actor, alert_id, revision, action="alert.sign")
    way = needs.way_for(actor, alert, MERGED)
    given = needs.checked(way, {"master": master}, alert, now=now)
    into = _master(connection, actor, alert, number, given["master"])
    columns = {"state": MERGED, "master_id": into.id, "closed_at": now, "update_due_at": None, "proposal": None}
    after = {"state": MERGED, "master": into.number, "reason": f"与 {into.number} 为同一事件"}
    act = Act("state", "alert.move", columns, {"state": alert.state}, after)
    record.write(connection, actor, alert, act, now=now)
    _tell_master(connection, actor, into.id, f"警情 {alert.number} 并入", now)
    record.tell(connection, actor, alert, act, now=now)


def take_back(
    connection: Connection, actor: Actor, alert_id: int, revision: int, reason: object, *, settings: Settings,
    now: datetime,
) -> None:  # fmt: skip
    """As ``life.move`` to ``TAKE_BACK``: the alert has the state again that it had before 并案."""
    take(connection, Turn.STORIES)
    alert = alerts.hold(connection, actor, alert_id, revision, action="alert.sign")
    way = needs.way_for(actor, alert, TAKE_BACK)
    given = needs.checked(way, {"reason": reason}, alert, now=now)
    alone(connection, alert)
    if not alert.story_items:
        refuse(Fault("state", "该警情所属事件的报道已并入其他事件，请在事件详情中撤销那次合并"))
    state = _state_before(connection, alert)
    columns = {
        "state": state, "master_id": None, "closed_at": None,
        "update_due_at": limits.next_update(alert.level, settings, now),
    }  # fmt: skip
    after: dict[str, Any] = {"state": state, **given}
    act = Act("state", "alert.move", columns, {"state": MERGED, "master": alert.master_number}, after)
    record.write(connection, actor, alert, act, now=now)
    if alert.master_id is not None:
        _tell_master(connection, actor, alert.master_id, f"警情 {alert.number} 撤销并案", now)
    record.tell(connection, actor, alert, act, now=now)


def alone(connection: Connection, alert: Alert) -> None:
    """A story has one open alert: a closed one does not come back beside another.

    Raises:
        DeskError: the story has another open alert, which is named.
    """
    other = story_alerts.open_alert(connection, alert.story_id)
    if other is not None and other.id != alert.id:
        refuse(Fault("state", f"该事件已有在办警情 {other.number}，请在那起警情中办理"))


def chain(connection: Connection, alert_id: int) -> tuple[int, ...]:
    """The alert and those it went into, one after the other; ends where one stands by itself, or at a ring."""
    found: list[int] = []
    here: int | None = alert_id
    while here is not None and here not in found:
        found.append(here)
        here = connection.scalar(select(t.alert.c.master_id).where(t.alert.c.id == here))
    return tuple(found)


def _master(connection: Connection, actor: Actor, alert: Alert, number: str, told: str) -> Alert:
    row = connection.execute(alerts.query(t.alert.c.number == number)).one_or_none()
    into = alerts.from_row(row) if row is not None else None
    if into is None or not actor.scope.covers(into.region):
        raise DeskError([Fault("master", f"没有编号为 {number or told} 的警情")])
    refuse(
        Fault("master", "不能把警情并入它自己") if into.id == alert.id else None,
        Fault("master", f"警情 {number} {into.state}，只能并入在办警情") if not into.open else None,
        Fault("master", "演示数据与真实警情不能并案") if into.demo != alert.demo else None,
        Fault("master", f"本警情级别高于 {number}，应予保留：请把 {number} 并入本警情")
        if worse(alert.level, into.level)
        else None,
        Fault("master", f"警情 {number} 已并入本警情，不能互相并案")
        if alert.id in chain(connection, into.id)[1:]
        else None,
    )
    return into


def _state_before(connection: Connection, alert: Alert) -> str:
    event = t.alert_event.c
    rows = connection.execute(
        select(event.before, event.after)
        .where(event.alert_id == alert.id, event.kind == "state")
        .order_by(event.id.desc())
    )
    return next((str(before["state"]) for before, after in rows if after.get("state") == MERGED), SIGNED)


def _tell_master(connection: Connection, actor: Actor, master_id: int, words: str, now: datetime) -> None:
    append_event(
        connection, master_id, "edit", at=now, actor=actor.display[:60], before={}, after={"reason": words}
    )  # fmt: skip
