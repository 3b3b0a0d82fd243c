"""Handing over the desk (交接班): what happened since the last time, what is open, signed by both.

The outgoing officer signs, which freezes figures and open items as they stood; the incoming one, another person,
confirms with remarks. Neither part can be changed afterwards; one that nobody took over is shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import PROVINCE, Scope, within
from monitors.clock import local, stamp
from monitors.desk import queue, ways
from monitors.desk.faults import Fault, refuse
from monitors.desk.queue import QueueRow
from monitors.errors import ConflictError, InputError
from monitors.opinion.alerts import worse
from monitors.opinion.event_words import level_words
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.turns import Turn, take

MISSING = "没有这次交接班，或您无权查看"
NOTES_CHARS = 2000
MOST_ITEMS, MOST_EVENTS = 300, 200  # kept in a snapshot; the totals say how many there were
_MOST_WAITING = 20
_FIRST, _LONGEST = timedelta(hours=24), timedelta(days=31)  # how far back where nobody handed over before, and at most
_TOLD = ("opened", "state", "level", "leader", "update", "plan", "response", "proposal")


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the shift, and how the desk stands at its end. ``dead``: messages that reached nobody."""

    opened: int
    signed: int
    closed: int
    false: int
    merged: int
    reopened: int
    raised: int
    lowered: int
    responses: int
    open: int
    unsigned: int
    overdue: int
    dead: int


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One alert that goes over to the next shift. ``clock`` names the limit that ends first, ``due_at`` when."""

    id: int
    number: str
    title: str
    level: str
    state: str
    place: str
    who: str
    clock: str
    due_at: datetime | None
    demo: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One act of the shift."""

    at: datetime
    number: str
    words: str
    who: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What is handed over: ``region``'s desk from ``from_at`` to ``to_at``; ``events`` newest first."""

    region: str
    from_at: datetime
    to_at: datetime
    figures: Figures
    items: tuple[OpenItem, ...]
    events: tuple[Happening, ...]
    events_total: int


@dataclass(frozen=True, slots=True)
class Handover:
    """One hand-over. ``in_at`` None: nobody has taken over yet."""

    id: int
    region: str
    from_at: datetime
    to_at: datetime
    out_id: int | None
    out_name: str
    out_at: datetime
    in_id: int | None
    in_name: str
    in_at: datetime | None
    notes: str
    in_notes: str
    summary: Summary
    revision: int


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def last(connection: Connection, region: str) -> Handover | None:
    """The desk's newest hand-over."""
    held = t.handover.c
    query = select(t.handover).where(held.region == region).order_by(held.to_at.desc(), held.id.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return _read(row) if row else None


def prepare(connection: Connection, actor: Actor, region: str, *, now: datetime) -> Summary:
    """What there is to hand over at this desk now.

    Raises:
        RefusedError: the actor sees no alerts, or not this division's.
    """
    actor.require("story.view", region, kind="handover", target=region)
    before = last(connection, region)
    start = max(before.to_at, now - _LONGEST) if before else now - _FIRST
    scope = Scope(region)
    query = queue.Query(tab="在办", region="" if region == actor.region else region)
    page = queue.page(connection, actor, query, now=now, limit=MOST_ITEMS)
    late = queue.page(connection, actor, queue.Query(tab="超时", region=query.region), now=now, limit=1)
    events = _events(connection, scope, start, now)
    figures = Figures(
        **_counted(events), open=page.total, unsigned=page.tabs["待签收"], overdue=late.total,
        dead=_dead(connection, scope, start),
    )  # fmt: skip
    told = [one for one in (_happening(row) for row in reversed(events)) if one is not None]
    items = tuple(_item(row) for row in page.rows)
    return Summary(region, start, now, figures, items, tuple(told[:MOST_EVENTS]), len(told))


def listed(
    connection: Connection, actor: Actor, region: str, *, limit: int = 20, offset: int = 0
) -> tuple[Handover, ...]:
    """The desk's hand-overs, newest first.

    Raises:
        RefusedError: as ``prepare``.
    """
    actor.require("story.view", region, kind="handover", target=region)
    held = t.handover.c
    query = select(t.handover).where(held.region == region).order_by(held.to_at.desc(), held.id.desc())
    return tuple(_read(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings())


def counted(connection: Connection, actor: Actor, region: str) -> int:
    """How many hand-overs the desk has."""
    actor.require("story.view", region, kind="handover", target=region)
    query = select(func.count()).select_from(t.handover).where(t.handover.c.region == region)
    return int(connection.execute(query).scalar_one())


def get(connection: Connection, actor: Actor, handover_id: int) -> Handover:
    """One hand-over.

    Raises:
        RefusedError: the role sees no alerts.
        InputError: there is none, or it is another division's; the two are not told apart.
    """
    actor.require("story.view", kind="handover", target=str(handover_id))
    row = connection.execute(select(t.handover).where(t.handover.c.id == handover_id)).mappings().one_or_none()
    if row is None or not actor.scope.covers(row["region"]):
        raise InputError(MISSING)
    return _read(row)


def untaken(connection: Connection, scope: Scope) -> tuple[tuple[str, datetime, str], ...]:
    """Hand-overs that nobody has taken over, oldest first: division, when it was signed, by whom.

    A later hand-over does not make up for one that nobody took: what it says still waits for a reader.
    """
    held = t.handover.c
    query = select(held.region, held.out_at, held.out_name).where(held.in_at.is_(None))
    rows = connection.execute(query.where(within(held.region, scope.region)).order_by(held.out_at, held.id))
    return tuple((row.region, row.out_at, row.out_name) for row in rows)


def waiting(connection: Connection, actor: Actor, region: str) -> tuple[Handover, ...]:
    """The desk's hand-overs that nobody has taken over, oldest first.

    Raises:
        RefusedError: as ``prepare``.
    """
    actor.require("story.view", region, kind="handover", target=region)
    held = t.handover.c
    query = select(t.handover).where(held.region == region, held.in_at.is_(None)).order_by(held.to_at, held.id)
    return tuple(_read(row) for row in connection.execute(query.limit(_MOST_WAITING)).mappings())


# ── signing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def sign_out(
    connection: Connection, actor: Actor, region: str, notes: str, *, previous: int | None, now: datetime
) -> int:
    """The outgoing officer signs: the summary as it stands now is frozen. Returns the hand-over's number.

    ``previous`` is the last hand-over the person saw (None: there was none).

    Raises:
        RefusedError: the actor hands nothing over there.
        ConflictError: somebody handed over meanwhile; the sentence names who.
        DeskError: the notes are too long.
    """
    actor.require("handover.sign", region, kind="handover", target=region)
    take(connection, Turn.ROSTER)
    before = last(connection, region)
    if before is not None and before.id != previous:
        raise ConflictError(f"该班已由 {before.out_name} 于 {local(before.out_at):%m-%d %H:%M} 交班，请刷新后再办")
    notes = _notes(notes, "交接事项")
    summary = prepare(connection, actor, region, now=now)
    number: int = connection.execute(
        insert(t.handover)
        .values(
            region=region, from_at=summary.from_at, to_at=now, out_id=actor.account_id, out_name=actor.display[:60],
            out_at=now, notes=notes, snapshot=_written(summary),
        )
        .returning(t.handover.c.id)
    ).scalar_one()  # fmt: skip
    told = {"时段": f"{stamp(summary.from_at)} 至 {stamp(now)}", "未办结": summary.figures.open}
    told["超时"] = summary.figures.overdue
    audit.append(
        connection, actor, "handover.sign", at=now, kind="handover", target=str(number), region=region,
        after={**told, "act": "交班签字"},
    )  # fmt: skip
    return number


def sign_in(
    connection: Connection, actor: Actor, handover_id: int, revision: int, notes: str, *, now: datetime
) -> None:
    """The incoming officer, another person, confirms with remarks of their own. Nothing can be changed after.

    Raises:
        RefusedError: the actor takes nothing over there.
        InputError: there is none, or it is another division's.
        ConflictError: somebody took over already; the sentence names who.
        DeskError: it is the person who handed over, or the remarks are too long.
    """
    actor.require("handover.sign", kind="handover", target=str(handover_id))
    connection.execute(select(t.handover.c.id).where(t.handover.c.id == handover_id).with_for_update())
    held = get(connection, actor, handover_id)
    if held.in_at is not None:
        when = f"{local(held.in_at):%m-%d %H:%M}"
        raise ConflictError(f"该班已由 {held.in_name} 于 {when} 接班，不能重复签字")
    if held.revision != revision:
        raise ConflictError("该交接班已有变化，请刷新后再办")
    own = held.out_id == actor.account_id if held.out_id is not None else held.out_name == actor.display
    if own:
        refuse(Fault("", "接班须由交班人以外的人签字"))
    notes = _notes(notes, "接班意见")
    values = {"in_id": actor.account_id, "in_name": actor.display[:60], "in_at": now, "in_notes": notes}
    connection.execute(update(t.handover).where(t.handover.c.id == handover_id).values(**values, revision=revision + 1))
    audit.append(
        connection, actor, "handover.sign", at=now, kind="handover", target=str(handover_id), region=held.region,
        after={"交班人": held.out_name, "act": "接班签字"},
    )  # fmt: skip


def _notes(words: str, name: str) -> str:
    words = words.replace("\x00", "").strip()
    refuse(Fault("notes", f"{name}不超过 {NOTES_CHARS} 字") if len(words) > NOTES_CHARS else None)
    return words


# ── what happened ────────────────────────────────────────────────────────────────────────────────────────────────────
def _events(connection: Connection, scope: Scope, start: datetime, end: datetime) -> list[Mapping[str, Any]]:
    """Every act of the shift on alerts of the desk, oldest first."""
    event = t.alert_event.c
    query = (
        select(event.at, event.kind, event.actor, event.before, event.after, t.alert.c.number)
        .join(t.alert, t.alert.c.id == event.alert_id)
        .join(t.story, t.story.c.id == t.alert.c.story_id)
        .where(event.at > start, event.at <= end, event.kind.in_(_TOLD), scope.stories())
        .order_by(event.at, event.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _counted(events: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    found = dict.fromkeys(
        ("opened", "signed", "closed", "false", "merged", "reopened", "raised", "lowered", "responses"), 0
    )
    states = {ways.SIGNED: "signed", ways.DONE: "closed", ways.FALSE: "false", ways.MERGED: "merged"}
    for one in events:
        before, after = one["before"], one["after"]
        name = ""
        if one["kind"] == "opened":
            name = "opened"
        elif one["kind"] == "state":
            again = before.get("state") in (ways.DONE, ways.FALSE)
            name = "reopened" if again else states.get(after.get("state", ""), "")
            name = "" if before.get("state") == ways.MERGED else name  # taken back: it goes on where it stood
        elif one["kind"] == "level" and before.get("level") != after.get("level"):
            name = "raised" if worse(after["level"], before["level"]) else "lowered"
        elif one["kind"] == "response" and after.get("act") == "发布回应":
            name = "responses"
        if name:
            found[name] += 1
    return found


def _happening(row: Mapping[str, Any]) -> Happening | None:
    before, after = row["before"], row["after"]
    match row["kind"]:
        case "opened":
            words = f"发出 {level_words(str(after.get('level', '')))}警情"
        case "state":
            words = ways.deed(str(before.get("state", "")), str(after.get("state", "")))
        case "level":
            if before.get("level") == after.get("level"):
                return None
            way = "升为" if worse(after["level"], before["level"]) else "降为"
            words = f"{way} {level_words(after['level'])}"
        case "response" | "plan" | "proposal":
            words = str(after.get("act") or "提请审批")
            if row["kind"] == "plan" and after.get("item"):
                words = f"{words}：{after.get('words', '')}"
        case "leader":
            words = "报告带班领导"
        case _:
            told = str(after.get("words") or after.get("note") or "")
            words = f"处置进展：{told[:80]}" if told else "登记处置进展"
    return Happening(row["at"], row["number"], words, row["actor"])


def _item(row: QueueRow) -> OpenItem:
    checked = " ".join(part for part in (row.unit, row.person) if part)
    who = "；".join(part for part in (row.holder, f"核查：{checked}" if checked else "") if part)
    due = row.dues[0] if row.dues else None
    return OpenItem(
        row.id, row.number, row.title, row.level, row.state, row.place_short, who or "未签收", due.clock if due else "",
        due.at if due else None, row.demo,
    )  # fmt: skip


def _dead(connection: Connection, scope: Scope, start: datetime) -> int:
    """Messages given up that would still have been tried within the shift; those about several are the province's."""
    message = t.message.c
    own = select(t.alert.c.id).join(t.story, t.story.c.id == t.alert.c.story_id).where(scope.stories())
    about: ColumnElement[bool] = message.alert_id.in_(own)
    if scope.region == PROVINCE:
        about = or_(about, message.alert_id.is_(None))
    query = select(func.count()).where(message.state == "死信", message.expires_at > start, about)
    return int(connection.execute(query.select_from(t.message)).scalar_one())


# ── the snapshot ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _written(summary: Summary) -> dict[str, Any]:
    """The snapshot as JSON holds it; ``_read`` is its other half."""
    return {
        "figures": asdict(summary.figures),
        "items": [asdict(one) | {"due_at": one.due_at.isoformat() if one.due_at else None} for one in summary.items],
        "events": [asdict(one) | {"at": one.at.isoformat()} for one in summary.events],
        "events_total": summary.events_total,
    }


def _read(row: RowMapping) -> Handover:
    held = row["snapshot"]
    items = (
        OpenItem(**one | {"due_at": datetime.fromisoformat(one["due_at"]) if one["due_at"] else None})
        for one in held["items"]
    )
    events = (Happening(**one | {"at": datetime.fromisoformat(one["at"])}) for one in held["events"])
    summary = Summary(
        row["region"], row["from_at"], row["to_at"], Figures(**held["figures"]), tuple(items), tuple(events),
        held["events_total"],
    )  # fmt: skip
    names = [name for name in Handover.__slots__ if name != "summary"]
    return Handover(**{name: row[name] for name in names}, summary=summary)


def desk_name(region: str) -> str:
    """``云南省值班室``, ``昆明市五华区值班室``."""
    return f"{divisions.full_name(region)}值班室"
