"""One alert as the desk works on it: reading it within one's region, and holding it while it is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.desk import ways
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion.event_words import level_words
from monitors.store import tables as t
from monitors.store.desk_tables import response

# One sentence for an alert that is not there and for one of another place: nobody learns which it was.
MISSING = "没有这起警情，可能已随演示数据清除"
PUBLISHED = "已发布"  # state of a response that is out
CONFERENCE = "发布会"
_NUMBER = re.compile(r"YJ[0-9]{8}-[0-9]{4,10}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for a second person: to bring the alert ``to`` a state, with ``values``. ``name``: sign-in name."""

    to: str
    by_id: int | None
    name: str
    by: str
    at: datetime
    values: Mapping[str, Any]

    def made_by(self, actor: Actor) -> bool:
        """Whether this is the very person who proposed it."""
        if self.by_id is not None and actor.account_id is not None:
            return self.by_id == actor.account_id
        return self.name == actor.name


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of ``alert`` (see there), with what its story says and when the public was answered.

    ``title`` … ``first_published_at`` are the story's; ``responded_at`` the first response published, ``conference_at``
    the first press conference; ``master_number`` the alert it was merged into.
    """

    id: int
    number: str
    story_id: int
    level: str
    score: int
    state: str
    opened_at: datetime
    raised_at: datetime
    sign_due_at: datetime
    public_due_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    closed_at: datetime | None
    case_ids: tuple[str, ...]
    demo: bool
    revision: int
    leader_due_at: datetime | None
    leader_told_at: datetime | None
    fact_due_at: datetime | None
    fact_at: datetime | None
    update_due_at: datetime | None
    conference_due_at: datetime | None
    holder_id: int | None
    unit: str
    person: str
    check_due_at: datetime | None
    verified: str
    verified_workers: int | None
    verified_fen: int | None
    result: str
    feedback: str
    no_response: str
    reason: str
    evidence: str
    proposal: Proposal | None
    master_id: int | None
    touched_at: datetime | None
    title: str
    region: str
    employer: str | None
    workers: int | None
    amount_fen: int | None
    first_published_at: datetime
    story_items: int
    responded_at: datetime | None
    conference_at: datetime | None
    master_number: str | None

    @property
    def open(self) -> bool:
        """Somebody still has to act."""
        return self.state not in (ways.DONE, ways.FALSE, ways.MERGED)


def query(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Whole alerts under these conditions on ``alert`` and ``story``, for ``from_row``; the caller minds the region."""
    out = select(func.min(response.c.published_at)).where(
        response.c.alert_id == t.alert.c.id, response.c.state == PUBLISHED
    )
    master = t.alert.alias("master")
    return (
        select(
            t.alert,
            t.story.c.title,
            t.story.c.region,
            t.story.c.employer,
            t.story.c.workers,
            t.story.c.amount_fen,
            t.story.c.first_published_at,
            t.story.c["items"].label("story_items"),
            out.correlate(t.alert).scalar_subquery().label("responded_at"),
            out.where(response.c.kind == CONFERENCE).correlate(t.alert).scalar_subquery().label("conference_at"),
            select(master.c.number)
            .where(master.c.id == t.alert.c.master_id)
            .correlate(t.alert)
            .scalar_subquery()
            .label("master_number"),
        )
        .join(t.story, t.story.c.id == t.alert.c.story_id)
        .where(*conditions)
    )


def from_row(row: Row[Any]) -> Alert:
    """One row of ``query``."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    held = values["proposal"]
    values["proposal"] = Proposal(**{**held, "at": datetime.fromisoformat(held["at"])}) if held else None
    values["case_ids"] = tuple(values["case_ids"] or ())
    return Alert(**values)


def get(connection: Connection, actor: Actor, which: int | str) -> Alert:
    """The alert of this id or number (``YJ20261123-0001``).

    Raises:
        InputError: there is none.
        RefusedError: the role sees no alerts, or it is of another place (in the same words).
    """
    actor.require("story.view", kind="alert", target=str(which))
    condition = t.alert.c.number == number_in(which) if isinstance(which, str) else t.alert.c.id == known_id(which)
    return _within(connection.execute(query(condition)).one_or_none(), actor, "story.view")


def hold(connection: Connection, actor: Actor, alert_id: int, revision: int | None, *, action: str) -> Alert:
    """The alert, locked until the transaction ends, as it was when the person looked at it (``revision``).

    Raises:
        RefusedError: the role may not do ``action``, or the alert is, by now, of another place.
        InputError: there is none.
        ConflictError: somebody was faster; the sentence names who, when and what.
    """
    actor.require(action, kind="alert", target=str(alert_id))
    lock(connection, [known_id(alert_id)])
    alert = _within(connection.execute(query(t.alert.c.id == alert_id)).one_or_none(), actor, action)
    if revision is not None and revision != alert.revision:
        raise conflict(connection, alert)
    return alert


def lock(connection: Connection, alert_ids: list[int]) -> None:
    """Lock these alerts in the order of their ids, so that two who want the same never wait for each other."""
    chosen = select(t.alert.c.id).where(t.alert.c.id.in_(alert_ids)).order_by(t.alert.c.id)
    connection.execute(chosen.with_for_update()).all()


def number_in(told: object) -> str:
    """What may be an alert's number, as it was typed or stands in an address; ``""`` for anything else."""
    number = told.strip().upper() if isinstance(told, str) else ""
    return number if _NUMBER.fullmatch(number) else ""


def known_id(told: int) -> int:
    """The id, where the database can hold such a number.

    Raises:
        InputError: no alert has it.
    """
    if not 0 < told < 2**31:
        raise InputError(MISSING)
    return told


def conflict(connection: Connection, alert: Alert) -> ConflictError:
    """Who was faster: “该警情已由 张三 于 11-23 10:20 签收，请刷新后再办”."""
    event = t.alert_event.c
    last = connection.execute(
        select(event.kind, event.actor, event.at, event.before, event.after)
        .where(event.alert_id == alert.id, event.kind != "report")
        .order_by(event.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return ConflictError(f"警情 {alert.number} 已有变化，请刷新后再办")
    did = _did(last.kind, last.before or {}, last.after or {})
    return ConflictError(f"该警情已由 {last.actor} 于 {local(last.at):%m-%d %H:%M} {did}，请刷新后再办")


def _did(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    match kind:
        case "state":
            return ways.deed(str(before.get("state", "")), str(after.get("state", "")))
        case "level":
            return f"把级别调整为 {level_words(str(after.get('level', ''))) or '其他级别'}"
        case "proposal":
            return str(after.get("act", "")) or "提请审批"
        case _:
            return str(after.get("act", "")) or {
                "leader": "报告带班领导", "update": "登记处置进展", "plan": "执行预案", "link": "关联台账记录",
                "response": "办理对外回应", "assign": "转办",
            }.get(kind, "修改")  # fmt: skip


def _within(row: Row[Any] | None, actor: Actor, action: str) -> Alert:
    if row is None:
        raise InputError(MISSING)
    alert = from_row(row)
    if not actor.scope.covers(alert.region):
        raise RefusedError(MISSING, action=action, kind="alert", target=alert.number)
    return alert
