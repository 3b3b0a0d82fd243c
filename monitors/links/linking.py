"""Tying an alert to cases and clues of the ledger, and taking it back (关联与取消), told on both sides at once.

Many alerts may tell of one case, one alert of several. A link is never removed, only ended with a reason; while it
stands, ``alert.case_ids`` holds the case's number for lists. The alert's row is locked first, the ledger's turn after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.desk import alerts, needs, steps
from monitors.desk.alerts import Alert
from monitors.desk.ways import DONE
from monitors.errors import ConflictError, InputError
from monitors.ledger import events
from monitors.ledger.model import RECORD_NAMES, Record
from monitors.opinion.alerts import append_event
from monitors.store import tables as t

WORK = "alert.work"
_STORED = {Record.CASE: "case", Record.CLUE: "clue"}
_KINDS = {"case": Record.CASE, "clue": Record.CLUE}
GONE = ("误报", "并案")  # what was no arrears, or is told by another alert
_PREFIX = {"AJ": Record.CASE, "XS": Record.CLUE}
_REASON = 200


@dataclass(frozen=True, slots=True)
class Linkable:
    """A case or clue as a link needs it; ``on`` is when it was accepted or received (the office's day)."""

    kind: Record
    id: int
    number: str
    region: str
    state: str
    employer: str
    on: date
    demo: bool


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an alert. ``record`` is None where it lies outside the reader's part of the ledger."""

    id: int
    kind: Record
    record: Linkable | None
    confidence: float | None
    why: tuple[str, ...]
    opened: bool
    by: str
    at: datetime
    ended_at: datetime | None
    ended_by: str
    ended_why: str


@dataclass(frozen=True, slots=True)
class LinkedAlert:
    """An alert as the drawer of its case or clue names it."""

    id: int
    number: str
    level: str
    state: str
    title: str
    first_outlet: str
    first_published_at: datetime


def link(
    connection: Connection,
    actor: Actor,
    alert_id: int,
    kind: Record,
    record_id: int,
    *,
    confidence: float | None = None,
    why: Sequence[str] = (),
    now: datetime,
) -> int:
    """Tie the alert to a case or clue; the link's id. ``confidence`` and ``why`` are those of the offer followed.

    Raises:
        RefusedError: not this person's to do, or no such alert for them.
        InputError: no such record for them, or the alert is 误报 or 并案.
        ConflictError: somebody tied the two already; says who and when.
    """
    alert = held(connection, actor, alert_id)
    record = find(connection, actor, kind, record_id)
    return tie(connection, actor, alert, record, confidence=confidence, why=why, opened=False, now=now)


def held(connection: Connection, actor: Actor, alert_id: int) -> Alert:
    """The alert, locked, where this person may tie it and it is one to be tied.

    Raises:
        RefusedError, InputError: as ``link``.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action=WORK)
    if alert.state in GONE:
        raise InputError(f"警情 {alert.number} 已{'判为误报' if alert.state == '误报' else '并案'}，不能关联台账记录")
    return alert


def tie(
    connection: Connection,
    actor: Actor,
    alert: Alert,
    record: Linkable,
    *,
    confidence: float | None,
    why: Sequence[str],
    opened: bool,
    now: datetime,
) -> int:
    """Write the link of a held alert and tell both histories and the trail.

    Raises:
        InputError: one of the two is demonstration data, the other is not.
        ConflictError: as ``link``.
    """
    if alert.demo != record.demo:
        raise InputError("演示数据与实际工作数据不能相互关联")
    one = t.alert_link.c
    name = f"{RECORD_NAMES[record.kind]} {record.number}"
    there = connection.execute(
        select(one.by, one.at).where(
            one.alert_id == alert.id,
            one.kind == _STORED[record.kind],
            one.record_id == record.id,
            one.ended_at.is_(None),
        )
    ).one_or_none()
    if there is not None:
        raise ConflictError(f"警情 {alert.number} 已由 {there.by} 于 {stamp(there.at)} 关联{name}")
    made: int = connection.execute(
        insert(t.alert_link)
        .values(
            alert_id=alert.id, kind=_STORED[record.kind], record_id=record.id, number=record.number,
            confidence=confidence, why=list(why), opened=opened, by_id=actor.account_id, by=actor.display[:60], at=now,
        )
        .returning(one.id)
    ).scalar_one()  # fmt: skip
    act = "登记并关联" if opened else "关联"
    after: dict[str, Any] = {"act": act, "kind": RECORD_NAMES[record.kind], "number": record.number}
    if confidence is not None:
        # The reasons tell of the record; who sees the alert need not see that, so they stay with the link.
        after["confidence"] = f"{confidence:.0%}"
    _tell(
        connection, actor, alert, record, code="alert.link", act="关联警情", before={}, after=after, words="", now=now
    )
    return made


def unlink(connection: Connection, actor: Actor, alert_id: int, link_id: int, reason: str, *, now: datetime) -> None:
    """End a standing link. The two may be tied again.

    Raises:
        RefusedError: not this person's to do.
        InputError: no such link, no reason, the record is another division's, or it is the only case of a closed alert
            that gave no reason for having none.
        ConflictError: it was ended already; says who and when.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action=WORK)
    reason = needs.words("reason", reason, "取消关联的原因")
    if len(reason) > _REASON:
        raise InputError(f"取消关联的原因不能超过 {_REASON} 字")
    one = t.alert_link.c
    row = connection.execute(select(t.alert_link).where(one.id == link_id, one.alert_id == alert.id)).one_or_none()
    if row is None:
        raise InputError("没有这条关联")
    if row.ended_at is not None:
        raise ConflictError(f"该关联已由 {row.ended_by} 于 {stamp(row.ended_at)} 取消")
    record = find(connection, actor, _KINDS[row.kind], row.record_id)
    if alert.state == DONE and row.kind == "case" and not steps.case_or_reason(connection, alert, besides=link_id):
        raise InputError(f"警情 {alert.number} 已办结，这是它唯一关联的案件；请先关联正确的案件，再取消这一条")
    connection.execute(
        update(t.alert_link)
        .where(one.id == link_id)
        .values(ended_at=now, ended_by=actor.display[:60], ended_why=reason)
    )
    before = {"kind": RECORD_NAMES[record.kind], "number": record.number}
    after = {"act": "取消关联", "number": record.number, "reason": reason}
    _tell(
        connection, actor, alert, record, code="alert.unlink", act="取消关联警情", before=before, after=after,
        words=reason, now=now,
    )  # fmt: skip


def _tell(
    connection: Connection,
    actor: Actor,
    alert: Alert,
    record: Linkable,
    *,
    code: str,
    act: str,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
    words: str = "",
) -> None:
    """Keep the numbers for lists, and tell the alert's history, the record's, and the trail.

    The alert has a new revision: whoever was about to say why there is no case looks again.
    """
    values = {"case_ids": _numbers(connection, alert.id), "touched_at": now, "revision": t.alert.c.revision + 1}
    connection.execute(update(t.alert).where(t.alert.c.id == alert.id).values(values))
    append_event(connection, alert.id, "link", at=now, actor=actor.display[:60], before=before, after=after)
    said = f"警情 {alert.number}（{alert.level}级）" + (f"：{words}" if words else "")
    events.note(connection, record.kind, record.id, at=now, act=act, actor=actor, words=said)
    told = {"关联记录": f"{RECORD_NAMES[record.kind]} {record.number}"}
    audit.append(
        connection, actor, code, at=now, kind="alert", target=alert.number, region=alert.region,
        before=told if code == "alert.unlink" else {}, after={"原因": words} if words else told,
    )  # fmt: skip


def _numbers(connection: Connection, alert_id: int) -> list[str]:
    one = t.alert_link.c
    return list(
        connection.scalars(
            select(one.number)
            .where(one.alert_id == alert_id, one.kind == "case", one.ended_at.is_(None))
            .order_by(one.at, one.id)
        )
    )


# ── records and links as they are read ───────────────────────────────────────────────────────────────────────────────
def find(connection: Connection, actor: Actor, kind: Record, record_id: int) -> Linkable:
    """The case or clue.

    Raises:
        RefusedError: the role does not see the ledger.
        InputError: there is none, or it lies outside the reader's part; the two are not told apart.
    """
    actor.require("ledger.view", kind=kind, target=str(record_id))
    table = t.wage_case if kind is Record.CASE else t.clue
    row = connection.execute(_records(kind).where(table.c.id == record_id)).one_or_none()
    if row is None or not actor.scope.covers(row.region):
        raise InputError(f"没有编号为 {record_id} 的{RECORD_NAMES[kind]}，或该记录不在您的辖区内")
    return _linkable(kind, row)


def by_number(connection: Connection, actor: Actor, number: str) -> Linkable:
    """The case or clue that people call ``AJ2026-000123`` or ``XS2026-000001``.

    Raises:
        RefusedError, InputError: as ``find``.
    """
    actor.require("ledger.view", kind=Record.CASE, target=number[:20])
    called = number.strip().upper()
    kind = _PREFIX.get(called[:2])
    if kind is None:
        raise InputError("请填写案件编号（AJ 开头）或线索编号（XS 开头）")
    table = t.wage_case if kind is Record.CASE else t.clue
    row = connection.execute(_records(kind).where(table.c.number == called)).one_or_none()
    if row is None or not actor.scope.covers(row.region):
        raise InputError(f"没有{RECORD_NAMES[kind]} {called[:20]}，或该记录不在您的辖区内")
    return _linkable(kind, row)


def links_of(connection: Connection, actor: Actor, alert_id: int, *, ended: bool = False) -> tuple[Link, ...]:
    """The alert's standing links, oldest first; ``ended``: those that were taken back instead.

    Raises:
        RefusedError: no such alert for this person, or the role does not see the ledger.
    """
    alert = alerts.get(connection, actor, alert_id)
    actor.require("ledger.view", kind="alert", target=alert.number)
    one = t.alert_link.c
    rows = connection.execute(
        select(t.alert_link)
        .where(one.alert_id == alert.id, one.ended_at.is_not(None) if ended else one.ended_at.is_(None))
        .order_by(one.at, one.id)
    ).all()
    records = _several(connection, actor, rows)
    return tuple(
        Link(
            row.id, _KINDS[row.kind], records.get((row.kind, row.record_id)), row.confidence, tuple(row.why),
            row.opened, row.by, row.at, row.ended_at, row.ended_by, row.ended_why,
        )
        for row in rows
    )  # fmt: skip


def alerts_of(connection: Connection, actor: Actor, kind: Record, record_id: int) -> tuple[LinkedAlert, ...]:
    """The alerts tied to a case or clue that lie in the reader's part of the province, last published first.

    Empty for who sees no stories: the record's page says nothing of them then.
    """
    if not actor.may("story.view"):
        return ()
    alert, story, one = t.alert.c, t.story.c, t.alert_link.c
    rows = connection.execute(
        select(
            alert.id, alert.number, alert.level, alert.state, story.title, story.first_outlet, story.first_published_at
        )
        .select_from(t.alert_link.join(t.alert, alert.id == one.alert_id).join(t.story, story.id == alert.story_id))
        .where(
            one.kind == _STORED[kind], one.record_id == record_id, one.ended_at.is_(None), actor.scope.stories()
        )
        .order_by(story.first_published_at.desc(), alert.id.desc())
    )  # fmt: skip
    return tuple(LinkedAlert(**row._asdict()) for row in rows)


def _several(connection: Connection, actor: Actor, rows: Sequence[Row[Any]]) -> dict[tuple[str, int], Linkable]:
    found: dict[tuple[str, int], Linkable] = {}
    for stored, kind in _KINDS.items():
        ids = [row.record_id for row in rows if row.kind == stored]
        table = t.wage_case if kind is Record.CASE else t.clue
        for row in connection.execute(_records(kind).where(table.c.id.in_(ids))) if ids else ():
            if actor.scope.covers(row.region):
                found[stored, row.id] = _linkable(kind, row)
    return found


def _records(kind: Record) -> Select[Any]:
    if kind is Record.CASE:
        case = t.wage_case.c
        return select(
            case.id, case.number, case.region, case.state, case.accepted_on.label("at"), case.demo,
            t.employer.c.name.label("employer"),
        ).select_from(t.wage_case.join(t.employer, t.employer.c.id == case.employer_id))  # fmt: skip
    clue = t.clue.c
    return select(
        clue.id, clue.number, clue.region, clue.state, clue.received_at.label("at"), clue.demo,
        clue.employer_name.label("employer"),
    )  # fmt: skip


def _linkable(kind: Record, row: Row[Any]) -> Linkable:
    on = local(row.at).date() if isinstance(row.at, datetime) else row.at
    return Linkable(kind, row.id, row.number, row.region, row.state, row.employer, on, row.demo)
