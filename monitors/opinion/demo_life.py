"""The life of the demonstration's alerts and sources once the reports are in: signed, checked, closed (演示数据).

Written as the duty staff's own actions would be: the alert's state and one appended event per step. Deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from monitors.opinion.alerts import append_event
from monitors.opinion.model import CLOSED_STATES
from monitors.regions import divisions
from monitors.store import tables as t

OPEN_ALERTS = 15
_FRESH = timedelta(hours=6)
_UNTOUCHED = timedelta(minutes=25)  # younger alerts wait for a signature: there is something to do on the page
_STAFF = ("值班员甲（演示）", "值班员乙（演示）", "值班员丙（演示）")
_CHECKERS = ("核查员丁（演示）", "核查员戊（演示）")
_LEADER = "带班领导己（演示）"
_NOT_WAGES = ("工程款纠纷", "工程款、机械租赁款", "与事实不符")
_RESULTS = (
    "总包单位已先行垫付，工资全部发放到位，工人签字确认",
    "企业已补发工资，银行流水已核对",
    "启用农民工工资保证金支付，余款由企业分期付清，首期已到账",
    "双方达成支付协议，工资已足额发放",
)
_RELAPSE = 0.06  # of closed alerts, this part were judged 误报 without being a contractor's dispute


@dataclass(frozen=True, slots=True)
class _Step:
    at: datetime
    state: str
    actor: str
    details: dict[str, Any]


def move_alerts(connection: Connection, now: datetime) -> None:
    """Give every demonstration alert the life it would have had by ``now``; some ``OPEN_ALERTS`` are left open."""
    random = Random(OPEN_ALERTS)  # noqa: S311 - invention, not secrecy
    rows = connection.execute(
        select(t.alert, t.story.c.title, t.story.c.region, t.story.c.workers, t.story.c.amount_fen)
        .join(t.story, t.story.c.id == t.alert.c.story_id)
        .where(t.alert.c.demo)
        .order_by(t.alert.c.opened_at.desc(), t.alert.c.id.desc())
    ).all()
    unfounded = _unfounded(connection)
    left_open = _left_open(rows, unfounded, now, random)
    for row in rows:
        steps = _open_life(row, now, random) if row.id in left_open else _closed_life(row, unfounded, now, random)
        _walk(connection, row, steps)


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


def _signed(row: Row[Any], random: Random) -> _Step:
    """Signed within its limit nine times in ten, else a little late."""
    limit = min(row.sign_due_at - row.opened_at, timedelta(hours=3))
    share = random.uniform(0.1, 0.8) if random.random() < 0.9 else random.uniform(1.05, 1.4)
    return _Step(row.opened_at + limit * share, "已签收", random.choice(_STAFF), {})


def _checking(row: Row[Any], after: datetime, random: Random) -> _Step:
    unit = f"{divisions.short_name(row.region)}人社局" if row.region else "属地人社局"
    due = (after + timedelta(hours=24)).isoformat()
    return _Step(
        after + timedelta(minutes=random.randint(8, 50)),
        "核查中",
        random.choice(_STAFF),
        {"unit": unit, "person": random.choice(_CHECKERS), "due": due},
    )


def _handling(row: Row[Any], after: datetime, random: Random) -> _Step:
    details = {"found": "情况属实，已约谈企业负责人", "workers": row.workers, "amount_fen": row.amount_fen}
    return _Step(after + timedelta(minutes=random.randint(50, 300)), "处置中", random.choice(_CHECKERS), details)


def _open_life(row: Row[Any], now: datetime, random: Random) -> list[_Step]:
    if now - row.opened_at < _UNTOUCHED:
        return []
    signed = _signed(row, random)
    checking = _checking(row, signed.at, random)
    handling = _handling(row, checking.at, random)
    return [step for step in (signed, checking, handling) if step.at < now]


def _closed_life(row: Row[Any], unfounded: set[int], now: datetime, random: Random) -> list[_Step]:
    steps = [signed := _signed(row, random), checking := _checking(row, signed.at, random)]
    if row.story_id in unfounded or random.random() < _RELAPSE:
        reason = "非欠薪（工程款、劳务款争议）" if row.story_id in unfounded else "不属实"
        details = {"reason": reason, "evidence": "银行流水、工人签字确认", "second": _LEADER}
        after = checking.at + timedelta(minutes=random.randint(90, 600))
        steps.append(_Step(after, "误报", random.choice(_CHECKERS), details))
    else:
        steps.append(handling := _handling(row, checking.at, random))
        after = handling.at + timedelta(hours=random.uniform(6, 90))
        details = {"result": random.choice(_RESULTS), "response": "已回应", "approved_by": _LEADER}
        steps.append(_Step(after, "已办结", random.choice(_CHECKERS), details))
    took, had = steps[-1].at - row.opened_at, (now - row.opened_at) * 0.9
    if took <= had:
        return steps
    return [replace(step, at=row.opened_at + (step.at - row.opened_at) * (had / took)) for step in steps]


def _walk(connection: Connection, row: Row[Any], steps: Sequence[_Step]) -> None:
    if not steps:
        return
    state = row.state
    for step in steps:
        after = {"state": step.state, **step.details}
        append_event(connection, row.id, "state", at=step.at, actor=step.actor, before={"state": state}, after=after)
        state = step.state
    values: dict[str, Any] = {
        "state": state,
        "signed_by": steps[0].actor,
        "signed_at": steps[0].at,
        "closed_at": steps[-1].at if state in CLOSED_STATES else None,
        "revision": t.alert.c.revision + len(steps),
    }
    connection.execute(update(t.alert).where(t.alert.c.id == row.id).values(values))
