"""The steps of an alert that is held already: what each asks for beyond the table of ways, and what it writes.

``life`` holds one alert and takes one step, ``bulk`` holds many; the audit trail comes after everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.clock import local
from monitors.desk import alerts, limits, merging, needs, record
from monitors.desk.alerts import Alert
from monitors.desk.faults import DeskError, Fault, refuse
from monitors.desk.record import Act
from monitors.desk.ways import CHECKING, DONE, FALSE, HANDLING, MERGED, NEW, SIGNED, TAKE_BACK, Way
from monitors.errors import ConflictError
from monitors.notify import notices
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.desk_tables import alert_link


def signing(connection: Connection, actor: Actor, alert: Alert, *, settings: Settings, now: datetime) -> Act:
    """Sign an alert that is held; the act is for the audit trail, which comes after all else."""
    if alert.state != NEW:
        if alert.signed_by is None or alert.signed_at is None:
            raise alerts.conflict(connection, alert)
        when = f"{local(alert.signed_at):%m-%d %H:%M}"
        raise ConflictError(f"该警情已由 {alert.signed_by} 于 {when} 签收，请刷新后再办")
    columns: dict[str, Any] = {
        "state": SIGNED,
        "signed_by": actor.display[:60],
        "signed_at": now,
        "holder_id": actor.account_id,
        "update_due_at": limits.next_update(alert.level, settings, now),
    }
    after: dict[str, Any] = {"state": SIGNED}
    if actor.role is Role.SHIFT_LEADER and alert.leader_told_at is None:
        columns["leader_told_at"] = now  # who signs it knows of it
        after["leader"] = actor.display[:60]
    act = Act("state", "alert.sign", columns, {"state": alert.state}, after)
    record.write(connection, actor, alert, act, now=now)
    return act


def moving(
    connection: Connection,
    actor: Actor,
    alert: Alert,
    to: str,
    values: Mapping[str, Any],
    *,
    settings: Settings,
    now: datetime,
) -> Act:
    """As ``move``, of an alert that is held; the act is for the audit trail, which comes after all else."""
    way = needs.way_for(actor, alert, to)
    if to == SIGNED:
        return signing(connection, actor, alert, settings=settings, now=now)
    if to in (MERGED, TAKE_BACK):
        raise DeskError([Fault("state", f"{way.act}请逐起办理")])
    given = needs.checked(way, values, alert, now=now)
    refuse(*lacking(connection, alert, to, given))
    if way.second:
        act = _proposing(actor, way, given, now)
    else:
        if alert.state in (DONE, FALSE):
            merging.alone(connection, alert)
        act = taking(alert, way, given, settings, now)
    record.write(connection, actor, alert, act, now=now)
    if alert.state in (DONE, FALSE) and not alert.demo:
        notices.note(connection, alert.id, "reopened", now=now)
    return act


def taking(
    alert: Alert,
    way: Way,
    given: Mapping[str, Any],
    settings: Settings,
    now: datetime,
    *,
    told: Mapping[str, Any] | None = None,
) -> Act:
    """What taking the way writes."""
    columns: dict[str, Any] = {key: value for key, value in given.items() if key != "no_case"}
    columns |= {"state": way.to, "proposal": None}
    if alert.state in (DONE, FALSE):
        columns |= {"closed_at": None, "reason": "", "result": "", "feedback": "", "no_response": ""}
        columns |= limits.reopened(alert, settings, now)
    elif way.to == HANDLING:
        columns["fact_at"] = now
    elif way.to in (DONE, FALSE):
        columns |= {"closed_at": now, "update_due_at": None}
    after = {"state": way.to, **given, **(told or {})}
    return Act("state", "alert.move", columns, {"state": alert.state}, after)


def lacking(connection: Connection, alert: Alert, to: str, given: Mapping[str, Any]) -> tuple[Fault | None, ...]:
    """What a way asks for beyond its values: a linked case, a published response, or the reason why there is none."""
    if to == HANDLING and not given.get("no_case") and not _linked(connection, alert):
        return (Fault("no_case", "请先关联台账案件；确无关联案件的，请填写理由"),)
    if to != DONE:
        return (None,)
    answered = given.get("no_response") or alert.responded_at is not None
    found = given.get("no_case") or case_or_reason(connection, alert)
    return (
        None if answered else Fault("no_response", "尚无已发布的对外回应；无需回应的，请填写理由"),
        None if found else Fault("no_case", "关联的案件已取消；请重新关联台账案件，或填写未关联案件的理由"),
    )


def case_or_reason(connection: Connection, alert: Alert, *, besides: int | None = None) -> bool:
    """Whether a case is linked, the link ``besides`` apart, or it was said since 报查实 why there is none."""
    if _linked(connection, alert, besides=besides):
        return True
    event = t.alert_event.c
    rows = connection.execute(
        select(event.before, event.after)
        .where(event.alert_id == alert.id, event.kind == "state")
        .order_by(event.id.desc())
    )
    for before, after in rows:
        if after.get("no_case"):
            return True
        if before.get("state") == CHECKING:
            break  # what was said of an earlier round is over
    return False


def _linked(connection: Connection, alert: Alert, *, besides: int | None = None) -> bool:
    link = alert_link.c
    there = exists().where(link.alert_id == alert.id, link.kind == "case", link.ended_at.is_(None))
    if besides is not None:
        there = there.where(link.id != besides)
    return bool(connection.scalar(select(there)))


def _proposing(actor: Actor, way: Way, given: Mapping[str, Any], now: datetime) -> Act:
    who = actor.display[:60]
    held = {
        "to": way.to, "by_id": actor.account_id, "name": actor.name, "by": who, "at": now.isoformat(),
        "values": record.plain(given),
    }  # fmt: skip
    asked = "提请办结" if way.to == DONE else "提请定为误报"
    return Act("proposal", "alert.move", {"proposal": held}, {}, {"act": asked, **given})
