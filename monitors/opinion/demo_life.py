"""What becomes of the demonstration's alerts and sources once the reports are in (演示数据). Deterministic.

Here it is chosen which alerts stay open, which end how, and which are late on purpose; ``demo_desk`` then lives each.
Written as the desk's own acts would be: the alert's columns and one appended event per act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from monitors.opinion import demo_desk
from monitors.opinion.alerts import worse
from monitors.opinion.demo_desk import Desk, Ending, Late, Moments
from monitors.settings import Settings
from monitors.store import tables as t

OPEN_ALERTS = 15
MERGED = 4  # at most
LOWERED = 3
PROPOSED = 3  # wait for a second person, at most
_FRESH = timedelta(hours=6)
_NOT_WAGES = ("工程款纠纷", "工程款、机械租赁款", "与事实不符")
_RELAPSE = 0.06  # of closed alerts, this part were judged 误报 without being a contractor's dispute
_NEAR = timedelta(days=5)  # of two alerts of one county that may tell of one event
_CALM = ("III", "IV")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one alert ends (``""``: it is open), which limit it misses, and where it was merged into."""

    row: Row[Any]
    ending: Ending
    moments: Moments
    late: Late = ""
    lowered: bool = False


def move_alerts(connection: Connection, now: datetime, settings: Settings) -> None:
    """Give every demonstration alert the life it would have had by ``now``; some ``OPEN_ALERTS`` are left open.

    ``alert.case_ids`` says which of them the ledger knows by then: the others give a reason for having no case.
    """
    random = Random(OPEN_ALERTS)  # noqa: S311 - invention, not secrecy
    story = t.story.c
    rows = connection.execute(
        select(
            t.alert, story.title, story.region, story.workers, story.amount_fen, story.employer,
            story.first_published_at, story.level.label("story_level"),
        )
        .join(t.story, story.id == t.alert.c.story_id)
        .where(t.alert.c.demo)
        .order_by(t.alert.c.opened_at.desc(), t.alert.c.id.desc())
    ).all()  # fmt: skip
    plans = _plans(rows, _unfounded(connection), now, random)
    masters = _masters(plans, now, random)
    desks = {key: Desk(plan.row, settings, random, now) for key, plan in plans.items()}
    asked = 0
    for key, plan in plans.items():
        if key in masters:
            master, at = masters[key]
            demo_desk.merge(desks[key], desks[master], plan.moments, at)
            continue
        propose = plan.ending == "" and not plan.late and asked < PROPOSED
        demo_desk.live(desks[key], plan.moments, plan.ending, late=plan.late, lowered=plan.lowered, propose=propose)
        asked += "proposal" in desks[key].columns
    _write(connection, list(desks.values()))


def settle_sources(connection: Connection) -> None:
    """The sources' state as after their last poll, so that their page shows something to read."""
    latest = connection.execute(
        select(t.item.c.source_id, func.max(t.item.c.published_at), func.max(t.item.c.fetched_at), func.count())
        .where(t.item.c.demo)
        .group_by(t.item.c.source_id)
    ).all()
    for source_id, newest, fetched, count in latest:
        connection.execute(
            update(t.source_state)
            .where(t.source_state.c.source_id == source_id)
            .values(
                newest_item_at=newest,
                last_poll_at=fetched,
                last_ok_at=fetched,
                last_outcome="ok",
                last_note=f"演示数据，共 {count} 篇",
            )
        )


def _unfounded(connection: Connection) -> set[int]:
    """Stories in which an official report says that it was no unpaid wage."""
    found: set[int] = set()
    for words in _NOT_WAGES:
        said = or_(t.item.c.title.contains(words, autoescape=True), t.item.c.text.contains(words, autoescape=True))
        query = select(t.item.c.story_id).where(t.item.c.demo, said)
        found.update(s for s in connection.scalars(query) if s is not None)
    return found


def _plans(rows: Sequence[Row[Any]], unfounded: set[int], now: datetime, random: Random) -> dict[int, _Plan]:
    left_open = _left_open(rows, unfounded, now, random)
    late = _late([row for row in rows if row.id in left_open], now)
    found: dict[int, _Plan] = {}
    lowered = 0
    for row in rows:
        ending: Ending = ""
        if row.id not in left_open:
            ending = "误报" if row.story_id in unfounded or random.random() < _RELAPSE else "已办结"
        lower = ending == "已办结" and row.level == "II" and lowered < LOWERED
        lowered += lower
        moments = demo_desk.moments(row, now, random, ending=ending, unfounded=row.story_id in unfounded)
        found[row.id] = _Plan(row, ending, moments, late.get(row.id, ""), lower)
    return found


def _left_open(rows: Sequence[Row[Any]], unfounded: set[int], now: datetime, random: Random) -> set[int]:
    """All that is fresh stays open, then older ones by chance, the recent ones rather than the old."""
    candidates = [row for row in rows if row.story_id not in unfounded]
    chosen = {row.id for row in candidates if now - row.opened_at < _FRESH}
    older = [row for row in candidates if row.id not in chosen]
    for row in older:
        if len(chosen) >= OPEN_ALERTS:
            break
        if random.random() < (0.55 if now - row.opened_at < timedelta(days=2) else 0.1):
            chosen.add(row.id)
    return chosen


def _late(rows: Sequence[Row[Any]], now: datetime) -> Mapping[int, Late]:
    """One open alert misses each of these limits; whatever else is open is in time."""
    found: dict[int, Late] = {}
    wanted: tuple[tuple[Late, timedelta], ...] = (
        ("sign", timedelta(minutes=20)), ("check", timedelta(hours=26)), ("update", timedelta(hours=58)),
        ("public", timedelta(hours=49)),
    )  # fmt: skip
    for limit, age in wanted:
        for row in rows:
            since = now - (row.sign_due_at if limit == "sign" else row.opened_at)
            if row.id not in found and row.level in _CALM and since > age:
                found[row.id] = limit
                break
    return found


def _masters(plans: Mapping[int, _Plan], now: datetime, random: Random) -> dict[int, tuple[int, datetime]]:
    """Alerts that went into another one of their county which was open then and no milder: master and moment."""
    found: dict[int, tuple[int, datetime]] = {}
    for key, plan in plans.items():
        if plan.ending != "已办结" or plan.lowered or len(found) == MERGED:
            continue
        if any(master == key for master, _ in found.values()):
            continue
        for other, into in plans.items():
            row, master = plan.row, into.row
            if other == key or other in found or row.region != master.region or not row.region or into.ending == "误报":
                continue
            if abs(row.opened_at - master.opened_at) > _NEAR or worse(row.level, master.level) or into.lowered:
                continue
            at = max(plan.moments.signed, into.moments.signed) + timedelta(minutes=random.randint(8, 40))
            if into.late != "sign" and at < min(into.moments.ended or now, now):
                found[key] = other, at
                break
    return found


def _write(connection: Connection, desks: Sequence[Desk]) -> None:
    """All rows at once: answers first, since their events name them."""
    answers = [(desk, answer) for desk in desks for answer in desk.answers]
    if answers:
        query = insert(t.response).returning(t.response.c.id, sort_by_parameter_order=True)
        ids = connection.execute(query, [answer.columns | {"alert_id": desk.row.id} for desk, answer in answers])
        for (desk, answer), number in zip(answers, ids.scalars(), strict=True):
            desk.tell_answer(answer, number)
    events: list[dict[str, Any]] = []
    for desk in desks:
        told = sorted(desk.events, key=lambda one: one.at)
        events += [
            {"alert_id": desk.row.id, "at": one.at, "kind": one.kind, "actor": one.actor, "before": one.before,
             "after": one.after}
            for one in told
        ]  # fmt: skip
        if told:
            own = sum(one.kind not in ("response", "edit") for one in told)
            values = desk.columns | {"touched_at": told[-1].at, "revision": t.alert.c.revision + own}
            connection.execute(update(t.alert).where(t.alert.c.id == desk.row.id).values(values))
    if events:
        connection.execute(insert(t.alert_event), events)
