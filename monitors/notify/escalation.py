"""Up the list (升级): an alert nobody signs is told to the next people on the list, until somebody does.

I and II: ``notify.escalate_minutes`` after opening, or after the rise to such a level. III and IV: once, when the time
to sign has passed. That a step was taken is a row of ``notice`` (step1 …, overdue), so that a restart repeats nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from monitors.notify import roster, silences, texts
from monitors.notify.notices import PENDING
from monitors.notify.outbox import VOID, WAITING, put
from monitors.notify.plan import NOWHERE, TOLD
from monitors.notify.routing import Route, routes
from monitors.notify.texts import URGENT, Facts
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

OVERDUE = "overdue"
LISTED = 3  # steps the list has; further ones are told to those of the last
ALONE = 3  # up to so many alerts of one moment each have a message of their own for a person
_AT_ONCE = 500  # alerts of one transaction


@dataclass(frozen=True, slots=True)
class _Step:
    """What is due for one alert (step 0: the time to sign has passed), and which of it reached nobody before."""

    facts: Facts
    steps: tuple[int, ...]
    unheard: frozenset[str]

    @property
    def highest(self) -> int:
        return max(self.steps)


@dataclass(frozen=True, slots=True)
class _Person:
    """Where a message goes; ``name`` as the reason in the notice says it."""

    channel_id: int
    recipient: str
    name: str


@dataclass(frozen=True, slots=True)
class _Lists:
    """Who may be told at all: the list by division and step, as far as its channels are enabled, and the channels."""

    listed: Mapping[tuple[str, int], Sequence[_Person]]
    routes: Mapping[int, Route]

    def people(self, step: _Step) -> list[_Person]:
        """Those on the list for each step, of the county, else the prefecture, else the province; else the channels."""
        desks, found = _above(step.facts.region), list[_Person]()
        # Each step has its own people: who comes later on another desk's list is not left out where several are due.
        for number in sorted({min(max(1, one), LISTED) for one in step.steps}):
            people = next((self.listed[desk, number] for desk in desks if (desk, number) in self.listed), None)
            # Nobody is on the list: better all who hear of such alerts than nobody.
            found += people or [
                _Person(one.id, "", f"渠道“{one.name}”") for one in self.routes.values() if one.takes(step.facts)
            ]
        return found


def cancel(connection: Connection, alert_id: int, now: datetime) -> int:
    """Withdraw what still waits to press for this alert: escalations and repeats. How many messages that were.

    Call it in the transaction that signs, closes or merges the alert. What is being sent at this instant goes out; what
    is tried again later is withdrawn when its turn comes (``leases.claim``).
    """
    message = t.message.c
    pressing = or_(message.kind == "escalation", and_(message.kind == "alert", message.step > 0))
    done = connection.execute(
        update(t.message)
        .where(message.alert_id == alert_id, message.state == WAITING, pressing)
        .values(state=VOID, error="警情已有人签收或已结束，不再催办", lease_until=None, next_at=now)
    )
    return done.rowcount


def run(store: Store, settings: Settings, now: datetime) -> int:
    """Take every step that is due; how many alerts were told of.

    Raises:
        StoreError: the database cannot be used; the steps are due until they are taken.
    """
    total = 0
    while True:
        with store.read() as connection:
            if not _due(connection, settings, now):
                return total
        with store.write() as connection:
            take(connection, Turn.NOTICES)
            due = _due(connection, settings, now)[:_AT_ONCE]
            _tell(connection, due, settings, now)
            total += len(due)


def _due(connection: Connection, settings: Settings, now: datetime) -> list[_Step]:
    """What is to be told now. A step that found nobody is due again as soon as there is somebody to tell."""
    alert, notice, minutes = t.alert.c, t.notice.c, settings.notify.escalate_minutes
    early = now - timedelta(minutes=minutes[0])
    # Alerts of the time before there were notices have none, and press nobody.
    known = select(notice.id).where(notice.alert_id == alert.id, notice.state != PENDING).correlate(t.alert).exists()
    wanted = select(alert.id).where(
        alert.state == texts.UNSIGNED,
        alert.demo.is_(False),
        known,
        or_(and_(alert.level.in_(URGENT), alert.opened_at <= early), alert.sign_due_at <= now),
    )
    ids = list(connection.scalars(wanted.order_by(alert.id)))
    if not ids:
        return []
    lists = _lists(connection)
    done, unheard = defaultdict[int, set[str]](set), defaultdict[int, set[str]](set)
    taken = select(notice.alert_id, notice.kind, notice.state).where(
        or_(notice.kind.like("step%"), notice.kind == OVERDUE), notice.alert_id.in_(wanted)
    )
    for row in connection.execute(taken):
        # Without any channel there is nobody to tell, and nothing to look at twice.
        again = row.state == NOWHERE and lists.routes
        (unheard if again else done)[row.alert_id].add(row.kind)
    # The cheap question first: who has had every step there is needs no closer look.
    every = {f"step{number}" for number in range(1, len(minutes) + 1)}
    ids = [one for one in ids if not every <= done[one]]
    found, silent = texts.load(connection, ids), silences.standing(connection, now)
    since = _urgent_since(connection, [one.id for one in found.values() if one.level in URGENT])
    steps: list[_Step] = []
    for facts in found.values():
        if silences.matching(silent, facts, now) is not None:
            continue  # due when the silence ends
        if facts.level in URGENT:
            base = since.get(facts.id, facts.opened_at)
            late = [k for k, after in enumerate(minutes, 1) if now >= base + timedelta(minutes=after)]
        else:
            late = [0] if facts.sign_due_at <= now else []
        new = [k for k in late if _kind(k) not in done[facts.id]]
        if not new:
            continue
        step = _Step(facts, tuple(new), frozenset(unheard[facts.id]))
        if not step.unheard >= {_kind(k) for k in new} or lists.people(step):
            steps.append(step)
    return steps


def _kind(step: int) -> str:
    return f"step{step}" if step else OVERDUE


def _urgent_since(connection: Connection, alert_ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each alert has been I or II without a break, by its history."""
    event, found = t.alert_event.c, dict[int, datetime]()
    for start in range(0, len(alert_ids), _AT_ONCE):
        some = alert_ids[start : start + _AT_ONCE]
        query = select(event.alert_id, event.at, event.after).where(
            event.alert_id.in_(some), event.kind.in_(("opened", "level"))
        )
        for row in connection.execute(query.order_by(event.id)):
            if row.after.get("level") in URGENT:
                found.setdefault(row.alert_id, row.at)
            else:
                found.pop(row.alert_id, None)  # lowered: a later rise begins anew
    return found


def _tell(connection: Connection, due: Sequence[_Step], settings: Settings, now: datetime) -> None:
    lists = _lists(connection)
    parcels: dict[tuple[int, str, int], list[_Step]] = defaultdict(list)
    for step in due:
        people = lists.people(step)
        names = "、".join(dict.fromkeys(one.name for one in people))
        told = f"签收超时，催办：{names}" if step.highest == 0 else f"第 {step.highest} 次催办：{names}"
        why = told if people else "升级名单和渠道中都没有可告知的人，有了即告知"
        values = {"at": now, "state": TOLD if people else NOWHERE, "why": why, "decided_at": now}
        _record(connection, step, values)
        for one in dict.fromkeys((person.channel_id, person.recipient) for person in people):
            parcels[*one, step.highest].append(step)
    for (channel_id, recipient, number), steps in parcels.items():
        groups = [[one] for one in steps] if len(steps) <= ALONE else [steps]
        for group in groups:
            found = [one.facts for one in group]
            level = texts.gravest(found)
            words = texts.pressing(
                found, number, _duty_words(connection, found, now), site_url=settings.notify.site_url, now=now
            )
            put(
                connection, channel_id, "escalation", words.title, words.body,
                key_parts=("escalation", *(one.id for one in found)), alert_ids=[one.id for one in found],
                step=number, recipient=recipient, level=level, now=now, settings=settings,
                not_before=lists.routes[channel_id].opens_at(level, now),
            )  # fmt: skip


def _record(connection: Connection, step: _Step, values: Mapping[str, Any]) -> None:
    """One row per step; the one that said nobody could be told now says who was."""
    notice, kinds = t.notice.c, [_kind(one) for one in step.steps]
    again, first = [one for one in kinds if one in step.unheard], [one for one in kinds if one not in step.unheard]
    if again:
        connection.execute(
            update(t.notice).where(notice.alert_id == step.facts.id, notice.kind.in_(again)).values(values)
        )
    if first:
        connection.execute(insert(t.notice), [{**values, "alert_id": step.facts.id, "kind": kind} for kind in first])


def _lists(connection: Connection) -> _Lists:
    contact, open_routes = t.contact.c, {route.id: route for route in routes(connection)}
    columns = (contact.region, contact.step, contact.channel_id, contact.recipient, contact.name)
    query = select(*columns).where(contact.channel_id.in_(list(open_routes)))
    listed: dict[tuple[str, int], list[_Person]] = defaultdict(list)
    for row in connection.execute(query.order_by(contact.step, contact.id)):
        listed[row.region, row.step].append(_Person(row.channel_id, row.recipient, row.name))
    return _Lists(listed, open_routes)


def _above(region: str) -> tuple[str, ...]:
    chain = divisions.lineage(divisions.current_code(region))
    return chain if divisions.YUNNAN in chain else (divisions.YUNNAN,)


def _duty_words(connection: Connection, found: Sequence[Facts], now: datetime) -> str:
    """``当班：张三，带班领导：李四`` of the desk that answers for the first alert; ``""`` where nobody is named."""
    region = found[0].region
    officer, leader = roster.on_duty(connection, region, now), roster.leader_on_duty(connection, region, now)
    said = [f"当班：{officer[0].officer}"] if officer and officer[0].officer else []
    said += [f"带班领导：{leader[0].leader}"] if leader and leader[0].leader else []
    return "，".join(said)
