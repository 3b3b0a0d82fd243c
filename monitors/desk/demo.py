"""The demonstration's roster and hand-overs (演示数据) of the province's desk, told from real ones by their names.

No column marks them: whoever stands there has no account and a name that ends in （演示）. Where a real roster is kept
none is put in, since an invented shift would hide an hour for which nobody is named (R24).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select

from monitors.access.scope import PROVINCE
from monitors.clock import SHANGHAI, local
from monitors.desk import ways
from monitors.desk.clocks import FACT, SIGN
from monitors.desk.handover import Figures, Happening, OpenItem
from monitors.opinion.board import short_place
from monitors.opinion.demo_desk import LEADER, STAFF
from monitors.opinion.event_words import level_words
from monitors.store import tables as t

_LEADERS = (LEADER, "带班领导庚（演示）")
_MARK = "（演示）"
_DAYS = 10  # from two days ago, so that two shifts are over at any hour, to this day next week
_DAY, _NIGHT = time(8), time(20)
_EARLY = timedelta(minutes=6)  # one signs before the hour


def load(connection: Connection, now: datetime) -> int:
    """Two shifts a day until next week, and the last two hand-overs; returns the number of shifts."""
    shift, held = t.shift.c, t.handover.c
    first = local(now).date() - timedelta(days=2)
    start = datetime.combine(first, _DAY, SHANGHAI)
    if connection.scalar(select(shift.id).where(shift.region == PROVINCE, shift.ends_at > start).limit(1)):
        return 0
    rows: list[dict[str, Any]] = []
    for number in range(2 * _DAYS):
        day = first + timedelta(days=number // 2)
        begins = datetime.combine(day, _NIGHT if number % 2 else _DAY, SHANGHAI)
        rows.append({
            "region": PROVINCE, "starts_at": begins, "ends_at": begins + timedelta(hours=12),
            "officer": STAFF[number % len(STAFF)], "leader": _LEADERS[number // 2 % 2], "note": "演示数据",
            "created_at": start - timedelta(days=3), "updated_at": start - timedelta(days=3),
        })  # fmt: skip
    connection.execute(insert(t.shift), rows)
    if not connection.scalar(select(held.id).where(held.region == PROVINCE).limit(1)):
        _hand_over(connection, [one for one in rows if one["ends_at"] <= now], rows)
    return len(rows)


def clear(connection: Connection) -> None:
    """Remove the invented shifts and hand-overs. A shift in which somebody with an account stands by now is real."""
    shift, held = t.shift.c, t.handover.c
    invented = (shift.officer_id.is_(None), shift.leader_id.is_(None), shift.note == "演示数据")
    named = or_(shift.officer.endswith(_MARK), shift.leader.endswith(_MARK))
    connection.execute(delete(t.shift).where(*invented, named))
    connection.execute(delete(t.handover).where(held.out_id.is_(None), held.out_name.endswith(_MARK)))


def _hand_over(connection: Connection, over: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
    """The last two shifts that are over: the earlier one was taken over, the later one waits."""
    for one in over[-2:]:
        last = one is over[-1] and len(over) > 1
        at = one["ends_at"] - _EARLY
        following = rows[rows.index(one) + 1]
        connection.execute(
            insert(t.handover).values(
                region=PROVINCE, from_at=one["starts_at"] - _EARLY, to_at=at, out_name=one["officer"],
                out_at=at, in_name="" if last else following["officer"],
                in_at=None if last else at + timedelta(minutes=9),
                notes="重点跟进级别最高的在办警情，未签收的请接班后先行签收。",
                in_notes="" if last else "已逐起核对在办警情，无遗漏。",
                snapshot=_snapshot(connection, one["starts_at"] - _EARLY, at), revision=1 if last else 2,
            )
        )  # fmt: skip


# ── what stood then ──────────────────────────────────────────────────────────────────────────────────────────────────
def _snapshot(connection: Connection, start: datetime, end: datetime) -> dict[str, Any]:
    """As ``handover`` freezes it, reckoned for a moment that is past."""
    items, unsigned, overdue = _open(connection, end)
    event = t.alert_event.c
    events = connection.execute(
        select(event.at, event.kind, event.actor, event.before, event.after, t.alert.c.number)
        .join(t.alert, t.alert.c.id == event.alert_id)
        .where(t.alert.c.demo, event.at > start, event.at <= end)
        .order_by(event.at.desc(), event.id.desc())
    ).all()
    count = dict.fromkeys(Figures.__slots__, 0) | {"open": len(items), "unsigned": unsigned, "overdue": overdue}
    names = {ways.SIGNED: "signed", ways.DONE: "closed", ways.FALSE: "false", ways.MERGED: "merged"}
    told: list[Happening] = []
    for one in events:
        words = ""
        match one.kind:
            case "opened":
                count["opened"] += 1
                words = f"发出 {level_words(one.after['level'])}警情"
            case "state":
                words = ways.deed(one.before["state"], one.after["state"])
                if name := names.get(one.after["state"]):
                    count[name] += 1
            case "leader":
                words = "报告带班领导"
            case "update":
                words = f"处置进展：{one.after['words']}"
            case "response" | "proposal":
                words = one.after["act"]
                count["responses"] += words == "发布回应"
        if words:
            told.append(Happening(one.at, one.number, words, one.actor))
    return {
        "figures": asdict(Figures(**count)),
        "items": [asdict(one) | {"due_at": one.due_at.isoformat() if one.due_at else None} for one in items],
        "events": [asdict(one) | {"at": one.at.isoformat()} for one in told],
        "events_total": len(told),
    }


def _open(connection: Connection, at: datetime) -> tuple[list[OpenItem], int, int]:
    """The alerts open at that moment in the state they had, how many were unsigned, how many late."""
    alert, event = t.alert.c, t.alert_event.c
    rows = connection.execute(
        select(t.alert, t.story.c.title, t.story.c.region)
        .join(t.story, t.story.c.id == alert.story_id)
        .where(alert.demo, alert.opened_at <= at, or_(alert.closed_at.is_(None), alert.closed_at > at))
        .order_by(alert.level, alert.opened_at.desc())
    ).all()
    states = {
        alert_id: after["state"]
        for alert_id, after in connection.execute(
            select(event.alert_id, event.after)
            .where(event.kind == "state", event.at <= at)
            .order_by(event.at, event.id)
        )
    }
    items, late = [], 0
    for row in rows:
        signed = row.signed_at is not None and row.signed_at <= at
        found = row.fact_at is not None and row.fact_at <= at
        clock, due = (SIGN, row.sign_due_at) if not signed else (FACT, row.fact_due_at) if not found else ("", None)
        late += due is not None and due < at
        checked = row.unit and states.get(row.id) not in (None, ways.SIGNED)
        who = f"{row.signed_by}；核查：{row.unit} {row.person}" if checked else row.signed_by or ""
        items.append(
            OpenItem(
                row.id, row.number, row.title, row.level, states.get(row.id, ways.NEW), short_place(row.region),
                who if signed else "未签收", clock if due else "", due, demo=True,
            )
        )  # fmt: skip
    return items, sum(one.state == ways.NEW for one in items), late
