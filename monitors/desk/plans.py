"""Response plans (应急处置预案, R23): one per level, a checklist; whether it runs and what is done, from the events.

The lists are ``data/plans.toml``. Nothing is stored but events of kind ``plan`` with the words of that day, so that a
plan rewritten later changes no record.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.desk import alerts, needs
from monitors.desk.alerts import Alert
from monitors.desk.faults import Fault, refuse
from monitors.errors import ConflictError
from monitors.opinion.alerts import append_event
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES
from monitors.store import tables as t

PATH = Path(__file__).resolve().parents[2] / "data" / "plans.toml"
NOTE_CHARS = 500
START, STOP, TICK, UNTICK = "启动预案", "终止预案", "完成事项", "撤回事项"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: ``id`` within its plan, the ``phase`` it belongs to, ``who`` does it."""

    id: str
    phase: str
    words: str
    who: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one level. ``basis``: what it rests on."""

    level: str
    name: str
    basis: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One item with whoever ticked it; ``at`` None while it is open."""

    item: Item
    by: str = ""
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """How the alert's plan stands. ``plan`` None: none was ever started; ``stopped_at`` None: it runs."""

    plan: Plan | None
    started_by: str = ""
    started_at: datetime | None = None
    stopped_by: str = ""
    stopped_at: datetime | None = None
    why: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def running(self) -> bool:
        """Started and not stopped."""
        return self.plan is not None and self.stopped_at is None

    @property
    def done(self) -> int:
        """Items ticked."""
        return sum(one.at is not None for one in self.checks)


@cache
def library() -> Mapping[str, Plan]:
    """Level → its plan, as shipped.

    Raises:
        ValueError: the file lacks a level or names an item twice.
    """
    held = tomllib.loads(PATH.read_text(encoding="utf-8"))
    found = {}
    for one in held["plan"]:
        items = tuple(Item(**item) for item in one["item"])
        if len({item.id for item in items}) != len(items):
            raise ValueError(f"plan {one['level']} names an item twice")
        found[one["level"]] = Plan(one["level"], one["name"], one["basis"], items)
    if tuple(found) != ALERT_LEVELS:
        raise ValueError("plans.toml must hold one plan for each level, the gravest first")
    return found


def run(connection: Connection, actor: Actor, alert_id: int) -> Run:
    """How the alert's plan stands.

    Raises:
        RefusedError, InputError: as ``alerts.get``.
    """
    alerts.get(connection, actor, alert_id)
    return _run(connection, alert_id)


def start(connection: Connection, actor: Actor, alert_id: int, *, now: datetime) -> None:
    """Start the plan of the alert's present level; one of another level that runs is followed by it.

    Raises:
        RefusedError, InputError: as ``alerts.hold``.
        ConflictError: it runs already; the sentence names who started it.
        DeskError: the alert is closed.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action="alert.sign")
    if not alert.open:
        refuse(Fault("", f"警情 {alert.number} 为“{alert.state}”，不能启动预案"))
    held = _run(connection, alert_id)
    if held.running and held.plan is not None and held.plan.level == alert.level:
        raise ConflictError(f"该预案已由 {_named(held.started_by, held.started_at)} 启动，请刷新后再办")
    plan = library()[alert.level]
    before = {"level": held.plan.level} if held.running and held.plan else {}
    _told(connection, actor, alert, START, {"level": plan.level, "words": plan.name}, now=now, before=before)


def stop(connection: Connection, actor: Actor, alert_id: int, reason: str, *, now: datetime) -> None:
    """Stop the plan that runs, with the reason.

    Raises:
        ConflictError: it is stopped already; the sentence names who did.
        DeskError: none was started, or there is no reason.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action="alert.sign")
    held = _run(connection, alert_id)
    if held.plan is None:
        refuse(Fault("", "该警情尚未启动预案"))
    if held.stopped_at is not None:
        raise ConflictError(f"该预案已由 {_named(held.stopped_by, held.stopped_at)} 终止，请刷新后再办")
    level = held.plan.level if held.plan else alert.level
    _told(connection, actor, alert, STOP, {"level": level, "why": _note(reason, "终止原因", needed=True)}, now=now)


def tick(  # noqa: PLR0917 - who marks which item of which alert as done or not
    connection: Connection, actor: Actor, alert_id: int, item_id: str, done: bool, note: str = "", *, now: datetime
) -> None:
    """Mark an item of the running plan as done, or take that back.

    Raises:
        ConflictError: somebody was faster; the sentence names who.
        DeskError: no plan runs, or it has no such item.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action="alert.work")
    held = _run(connection, alert_id)
    check = next((one for one in held.checks if one.item.id == item_id), None)
    if not held.running or held.plan is None:
        refuse(Fault("", "该警情没有正在执行的预案"))
    if check is None:
        refuse(Fault("item", "预案中没有这一事项"))
    assert check is not None and held.plan is not None  # noqa: PT018 - said above, for the type checker
    if (check.at is not None) == done:
        by = f"已由 {_named(check.by, check.at)} 完成" if done else "尚未完成或已撤回"
        raise ConflictError(f"“{check.item.words}”{by}，请刷新后再办")
    after = {"level": held.plan.level, "item": item_id, "words": check.item.words}
    after |= {"note": _note(note, "说明")} if note.strip() else {}
    _told(connection, actor, alert, TICK if done else UNTICK, after, now=now)


def _run(connection: Connection, alert_id: int) -> Run:
    event = t.alert_event.c
    rows = connection.execute(
        select(event.at, event.actor, event.after)
        .where(event.alert_id == alert_id, event.kind == "plan")
        .order_by(event.id)
    ).all()
    found = Run(None)
    ticked: dict[str, tuple[str, datetime, str]] = {}
    said: dict[str, str] = {}
    for row in rows:
        told: Mapping[str, Any] = row.after
        match told.get("act"):
            case "启动预案":
                if found.plan is None or found.plan.level != told["level"]:
                    ticked, said = {}, {}  # another level is another list
                found = Run(library()[told["level"]], row.actor, row.at)
            case "终止预案":
                found = Run(found.plan, found.started_by, found.started_at, row.actor, row.at, str(told.get("why", "")))
            case "完成事项":
                ticked[told["item"]] = (row.actor, row.at, str(told.get("note", "")))
                said[told["item"]] = str(told["words"])
            case "撤回事项":
                ticked.pop(told["item"], None)
    if found.plan is None:
        return found
    checks = [Check(item, *ticked.pop(item.id, ("", None, ""))) for item in found.plan.items]
    # What was done under a list that has been rewritten since stays on record.
    checks += [Check(Item(number, "原事项", said[number], ""), *by) for number, by in ticked.items()]
    return Run(
        found.plan, found.started_by, found.started_at, found.stopped_by, found.stopped_at, found.why, tuple(checks)
    )


def _note(words: str, name: str, *, needed: bool = False) -> str:
    words = needs.words("why", words, name, required=needed)
    refuse(Fault("why", f"{name}不超过 {NOTE_CHARS} 字") if len(words) > NOTE_CHARS else None)
    return words


def _named(who: str, at: datetime | None) -> str:
    return f"{who} 于 {local(at):%m-%d %H:%M}" if at else who


def _told(
    connection: Connection, actor: Actor, alert: Alert, act: str, after: Mapping[str, str], *, now: datetime,
    before: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """The event, then the line of the trail. The alert's revision stays: nobody's form falls over a tick."""
    connection.execute(update(t.alert).where(t.alert.c.id == alert.id).values(touched_at=now))
    append_event(
        connection, alert.id, "plan", at=now, actor=actor.display[:60], before=before or {}, after={"act": act, **after}
    )
    told = {"级别": LEVEL_NAMES.get(after["level"], ""), "事项": after.get("words"), "why": after.get("why")}
    told |= {"说明": after.get("note")}
    audit.append(
        connection, actor, "alert.plan", at=now, kind="alert", target=alert.number, region=alert.region,
        after={name: value for name, value in told.items() if value} | {"act": act},
    )  # fmt: skip
