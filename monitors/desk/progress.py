"""What is done about an alert without changing its state: level, report to the leader, progress, who has it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.clock import local
from monitors.desk import alerts, limits, needs, record
from monitors.desk.alerts import Alert
from monitors.desk.faults import DeskError, Fault, refuse
from monitors.desk.record import Act
from monitors.desk.ways import DONE, FALSE
from monitors.notify import notices
from monitors.opinion.alerts import LOWERED, limits_after_rise, worse
from monitors.opinion.model import ALERT_LEVELS
from monitors.settings import Settings
from monitors.store import tables as t

UPDATE = LEADER = ASSIGN = "alert.sign"  # the permission each takes
RAISE, LOWER = "alert.work", "alert.approve"


def set_level(  # noqa: PLR0917 - which alert, as it stood when, to which level and why
    connection: Connection,
    actor: Actor,
    alert_id: int,
    revision: int,
    level: str,
    reason: str,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Raise or lower the level; an event, not a state. Lowering, all the more below a floor, is for who may approve.

    A rise shortens the limits and is told to people again; after a lowering they count anew from where each began, and
    the alert rises by itself only above the level its story has now.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody was faster.
        DeskError: no such level, the same one, no reason, or the alert is closed.
    """
    alert = alerts.hold(connection, actor, alert_id, revision, action=RAISE)
    refuse(
        Fault("level", "请选择 I、II、III、IV 级之一") if level not in ALERT_LEVELS else None,
        Fault("level", "级别没有变化") if level == alert.level else None,
        _closed(alert),
    )
    rising = worse(level, alert.level)
    if not rising:
        actor.require(LOWER, alert.region, kind="alert", target=alert.number)
    why = needs.words("reason", reason, "调整理由")
    before: dict[str, Any] = {"level": alert.level}
    after: dict[str, Any] = {"level": level, "reason": why}
    if rising:
        columns = limits_after_rise(asdict(alert), alert.first_published_at, settings.clocks[level], now)
    else:
        columns = limits.lowered(alert, level, settings, now, reopened_at=_reopened_at(connection, alert.id))
        story = connection.execute(
            select(t.story.c.level, t.story.c.severity).where(t.story.c.id == alert.story_id)
        ).one()
        after[LOWERED] = story.level
        floors = "、".join((story.severity or {}).get("floors", ()))
        if floors and worse(story.level, level):
            after["floors"] = floors
    act = Act("level", "alert.level", {**columns, "level": level}, before, after)
    record.write(connection, actor, alert, act, now=now)
    if rising and not alert.demo:
        notices.note(connection, alert.id, "raised", now=now)
    record.tell(connection, actor, alert, act, now=now)


def _reopened_at(connection: Connection, alert_id: int) -> datetime | None:
    event = t.alert_event.c
    rows = connection.execute(
        select(event.at, event.before)
        .where(event.alert_id == alert_id, event.kind == "state")
        .order_by(event.id.desc())
    )
    return next((row.at for row in rows if row.before.get("state") in (DONE, FALSE)), None)


def tell_leader(  # noqa: PLR0917 - whom, of which alert, as it stood when
    connection: Connection,
    actor: Actor,
    alert_id: int,
    revision: int,
    leader: str,
    words: str = "",
    *,
    now: datetime,
) -> None:
    """报告带班领导: who was told, and what they said (``words``, optional). Done once; signing as 带班领导 does it too.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody was faster.
        DeskError: nobody is named, it was reported already, or the alert is closed.
    """
    alert = alerts.hold(connection, actor, alert_id, revision, action=LEADER)
    told = alert.leader_told_at
    refuse(_closed(alert), Fault("leader", f"已于 {local(told):%m-%d %H:%M} 报告带班领导") if told else None)
    name = needs.named("leader", leader, "带班领导姓名")
    said = needs.words("words", words, "领导意见", required=False)
    after = {"leader": name} | ({"words": said} if said else {})
    act = Act("leader", "alert.leader", {"leader_told_at": now}, {}, after)
    record.done(connection, actor, alert, act, now=now)


def update(
    connection: Connection, actor: Actor, alert_id: int, revision: int, words: str, *, settings: Settings, now: datetime
) -> None:
    """处置进展; the next one is due a whole limit from now.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody was faster.
        DeskError: nothing is said, or the alert is not yet signed or closed already.
    """
    alert = alerts.hold(connection, actor, alert_id, revision, action=UPDATE)
    refuse(_closed(alert), Fault("state", "请先签收警情") if alert.signed_at is None else None)
    said = needs.words("words", words, "处置进展")
    columns = {"update_due_at": limits.next_update(alert.level, settings, now)}
    record.done(connection, actor, alert, Act("update", "alert.update", columns, {}, {"words": said}), now=now)


@dataclass(frozen=True, slots=True)
class Taker:
    """An account that an alert may be given to."""

    id: int
    display: str
    unit: str
    role: str

    @property
    def words(self) -> str:
        """``张三（值班员，示例县人社局）``."""
        return f"{self.display}（{'，'.join(part for part in (self.role, self.unit) if part)}）"


def takers(connection: Connection, actor: Actor, alert_id: int) -> tuple[Taker, ...]:
    """Whom ``assign`` would take for this alert, the present holder apart, by name.

    Raises:
        RefusedError: the actor assigns nothing, or the alert is of another place.
        InputError: there is none.
    """
    alert = alerts.get(connection, actor, alert_id)
    actor.require(ASSIGN, alert.region, kind="alert", target=alert.number)
    found = connection.execute(select(t.account).where(~t.account.c.disabled)).all()
    able = [one for one in found if one.id != alert.holder_id and _able(one, alert)]
    return tuple(Taker(one.id, one.display, one.unit, one.role) for one in sorted(able, key=lambda one: one.display))


def _able(account: Row[Any], alert: Alert) -> bool:
    who = Actor(account.id, account.name, account.display, Role(account.role), account.region, "")
    return who.may("alert.work", alert.region)


def assign(
    connection: Connection, actor: Actor, alert_id: int, revision: int, holder_id: int, *, now: datetime
) -> None:
    """Give the alert to another account (“我的”), whose region covers it and whose role works on alerts.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody was faster.
        DeskError: that account cannot take it, or the alert is not yet signed or closed already.
    """
    alert = alerts.hold(connection, actor, alert_id, revision, action=ASSIGN)
    refuse(_closed(alert), Fault("state", "请先签收警情") if alert.signed_at is None else None)
    holder = connection.execute(select(t.account).where(t.account.c.id == holder_id)).one_or_none()
    if holder is None or holder.disabled:
        raise DeskError([Fault("holder", "请选择承办人；所选账号须存在且未停用")])
    if holder_id == alert.holder_id:
        raise DeskError([Fault("holder", f"本警情已由 {holder.display} 承办")])
    if not _able(holder, alert):
        raise DeskError([Fault("holder", f"{holder.display} 的角色或辖区不能办理这起警情")])
    columns = {"holder_id": holder_id}
    act = Act("assign", "alert.work", columns, {}, {"act": "转办", "holder": holder.display})
    record.done(connection, actor, alert, act, now=now)


def _closed(alert: Alert) -> Fault | None:
    return None if alert.open else Fault("state", f"警情{alert.state}，不能再作此操作")
