"""One alert of the demonstration (演示数据) as the desk works on it: every act with its columns and its event. Pure.

The events read as those of ``desk`` do (which this half may not import): state, leader, update, level, proposal and
response. Nothing lies in the future; whoever approves is another than who asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from sqlalchemy import Row

from monitors.opinion import demo_texts
from monitors.opinion.alerts import LOWERED
from monitors.regions import divisions
from monitors.settings import Clock, Settings

Ending = Literal["", "已办结", "误报"]
Late = Literal["", "sign", "update", "check", "public"]
Columns = dict[str, Any]

STAFF = ("值班员甲（演示）", "值班员乙（演示）", "值班员丙（演示）")
CHECKERS = ("核查员丁（演示）", "核查员戊（演示）")
LEADER = "带班领导己（演示）"
GRAVE = ("I", "II")
_UNTOUCHED = timedelta(minutes=25)  # younger alerts wait for a signature: there is something to do on the page
_PUBLIC = 0.45  # of the milder alerts are answered in public
_SOON = timedelta(hours=30)  # an open alert older than this has been answered
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the alert's history."""

    at: datetime
    kind: str
    actor: str
    before: Columns
    after: Columns


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of ``response`` and what was done with it: when, by whom, what, and what else its event says."""

    columns: Columns
    acts: tuple[tuple[datetime, str, str, Columns], ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """When the alert changes its state; those past ``now`` do not happen. ``ended`` None: it is left open."""

    signed: datetime
    checking: datetime
    handling: datetime
    ended: datetime | None


@dataclass(slots=True)
class Desk:
    """An alert (joined with its story) in work: what will be written of it."""

    row: Row[Any]
    settings: Settings
    random: Random
    now: datetime
    columns: Columns = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.settings.clocks[self.row.level]

    @property
    def county(self) -> str:
        return divisions.short_name(self.row.region) if self.row.region else "属地"

    def say(self, name: str) -> str:
        """One of the phrases of that name."""
        words: str = self.random.choice(demo_texts.table("desk")[name])
        return words

    def tell(self, at: datetime, kind: str, actor: str, after: Columns, before: Columns | None = None) -> None:
        """Append one event."""
        plain = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in after.items()}
        self.events.append(Event(at, kind, actor, before or {}, plain))

    def enter(self, at: datetime, state: str, actor: str, given: Columns, told: Columns | None = None) -> None:
        """Bring it into a state; ``given`` are columns and words of the event alike, ``told`` words alone."""
        before = self.columns.get("state", self.row.state)
        self.tell(at, "state", actor, {"state": state, **given, **(told or {})}, {"state": before})
        self.columns |= given | {"state": state}

    def tell_answer(self, answer: Answer, number: int) -> None:
        """The events of an answer, once its number is known."""
        for at, who, act, more in answer.acts:
            after = {"act": f"{act}回应", "response": number, "kind": answer.columns["kind"]} | more
            self.tell(at, "response", who, after)


def moments(row: Row[Any], now: datetime, random: Random, *, ending: Ending, unfounded: bool) -> Moments:
    """When an alert is signed, checked, handled and ended; an ended one fits into the time it had."""
    start = row.opened_at
    sign = min(row.sign_due_at - start, timedelta(hours=3))
    punctual = not ending or random.random() < 0.9
    signed = start + sign * (random.uniform(0.1, 0.8) if punctual else random.uniform(1.05, 1.4))
    due = min(row.fact_due_at or signed + timedelta(hours=20), signed + timedelta(hours=20))
    room = max(due - signed, 20 * _MINUTE)
    checking = signed + min(room, timedelta(hours=3)) * random.uniform(0.1, 0.3)
    share = random.uniform(0.5, 0.9) if not ending or random.random() < 0.88 else random.uniform(1.1, 1.6)
    handling = signed + room * share
    if not ending:
        return Moments(signed, checking, handling, None)
    if ending == "误报":
        ended = checking + _MINUTE * random.randint(90, 600 if unfounded else 400)
    else:
        ended = handling + timedelta(hours=random.uniform(6, 34 if row.level in GRAVE else 90))
    took, had = ended - start, (now - start) * 0.9
    part = min(1.0, had / took)
    return Moments(*(start + (at - start) * part for at in (signed, checking, handling, ended)))


def live(
    desk: Desk, when: Moments, ending: Ending, *, late: Late = "", lowered: bool = False, propose: bool = False
) -> None:
    """Everything that was done about the alert until it ended, or until now."""
    row, now = desk.row, desk.now
    until = when.ended or now
    waits = now - row.opened_at < _UNTOUCHED and now < row.sign_due_at
    if late == "sign" or (not ending and (waits or when.signed >= now)):
        return
    staff = _sign(desk, when.signed)
    _tell_leader(desk, when.signed, until, staff)
    if when.checking < until:
        _check(desk, when, staff, late=late)
    handled = ending != "误报" and late != "check" and when.handling < until
    if handled:
        _find(desk, when.handling)
    if lowered:
        _lower(desk, when)
    _progress(desk, when, until, staff, late=late)
    answered = False if late == "public" or ending == "误报" else _answer(desk, when, until, staff)
    if ending == "误报" and when.ended:
        _false(desk, when.ended, staff)
    elif ending and when.ended:
        _done(desk, when.ended, staff, answered=answered)
    elif handled and propose and now - when.handling > timedelta(minutes=45):
        _ask_done(desk, when.handling + (now - when.handling) * 0.8, staff, answered=answered)


def merge(desk: Desk, master: Desk, when: Moments, at: datetime) -> None:
    """Signed, then found to tell of what ``master`` tells of."""
    staff = _sign(desk, min(when.signed, at - 3 * _MINUTE))
    _tell_leader(desk, when.signed, at, staff)
    number = master.row.number
    desk.enter(at, "并案", staff, {}, {"master": number, "reason": f"与 {number} 为同一事件"})
    desk.columns |= {"master_id": master.row.id, "closed_at": at, "update_due_at": None}
    master.tell(at, "edit", staff, {"reason": f"警情 {desk.row.number} 并入"})


# ── the acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sign(desk: Desk, at: datetime) -> str:
    staff = desk.random.choice(STAFF)
    desk.enter(at, "已签收", staff, {})
    desk.columns |= {"signed_by": staff, "signed_at": at, "update_due_at": _later(at, desk.clock.update_minutes)}
    return staff


def _tell_leader(desk: Desk, signed: datetime, until: datetime, staff: str) -> None:
    due, random = desk.row.leader_due_at, desk.random
    if due is None:
        return
    room = min(due - signed, timedelta(minutes=90))
    at = signed + (room * random.uniform(0.1, 0.7) if room > _MINUTE else 4 * _MINUTE)
    if until != desk.now and random.random() < 0.08:  # over by now: a few were told late
        at = due + _MINUTE * random.randint(4, 40)
    if at >= until:
        return
    words = desk.say("leader")
    desk.tell(at, "leader", staff, {"leader": LEADER} | ({"words": words} if words else {}))
    desk.columns["leader_told_at"] = at


def _check(desk: Desk, when: Moments, staff: str, *, late: Late) -> None:
    due = max(desk.row.fact_due_at or when.checking, when.checking + timedelta(hours=2))
    due = min(due, when.checking + timedelta(hours=24)).replace(second=0, microsecond=0)
    if late != "check" and not when.ended:
        due = max(due, when.handling + 30 * _MINUTE)
    given = {
        "unit": f"{desk.county}人力资源和社会保障局", "person": desk.random.choice(CHECKERS), "check_due_at": due
    }  # fmt: skip
    desk.enter(when.checking, "核查中", staff, given)


def _find(desk: Desk, at: datetime) -> None:
    """报查实: as a rule what the reports said, sometimes somewhat less."""
    row, random = desk.row, desk.random
    workers = row.workers or random.randint(4, 30)
    amount = row.amount_fen or workers * random.randint(40, 200) * 100_00
    if random.random() < 0.4 and workers > 4:
        fewer = workers - random.randint(1, max(1, workers // 5))
        workers, amount = fewer, amount * fewer // workers // 100_00 * 100_00
    words = desk.say("verified").format(
        单位=row.employer or "用人单位", 人数=workers, 万元=f"{amount / 10**6:.1f}".removesuffix(".0")
    )
    given = {"verified": words, "verified_workers": workers, "verified_fen": amount}
    told = {} if row.case_ids else {"no_case": desk.say("no_case")}
    desk.enter(at, "处置中", desk.columns["person"], given, told)
    desk.columns["fact_at"] = at


def _lower(desk: Desk, when: Moments) -> None:
    """II → III by the leader, once it is found out; the milder level's limits hold from then on."""
    row, clock = desk.row, desk.settings.clocks["III"]
    at = when.handling + ((when.ended or desk.now) - when.handling) * 0.3
    after = {"level": "III", "reason": desk.say("lowered"), LOWERED: row.story_level}
    desk.tell(at, "level", LEADER, after, {"level": row.level})
    public = row.first_published_at + timedelta(hours=clock.public_response_hours)
    desk.columns |= {"level": "III", "public_due_at": public, "conference_due_at": None}


def _progress(desk: Desk, when: Moments, until: datetime, staff: str, *, late: Late) -> None:
    """处置进展 before each is due; ``late``: the last one was forgotten."""
    minutes = desk.clock.update_minutes
    if not minutes:
        return
    step, last, random = timedelta(minutes=minutes), when.signed, desk.random
    end = until - step * 1.15 if late == "update" else until
    said: set[str] = set()
    while (at := last + step * random.uniform(0.55, 0.92)) < end:
        name = "handling" if desk.columns.get("fact_at") and at > when.handling else "checking"
        fresh = [one for one in demo_texts.table("desk")[name] if one not in said]
        words = random.choice(fresh or demo_texts.table("desk")[name])
        said.add(words)
        desk.tell(at, "update", staff, {"words": words})
        last = at
    desk.columns["update_due_at"] = last + step


def _answer(desk: Desk, when: Moments, until: datetime, staff: str) -> bool:
    """What was said in public, as far as it got until then; whether something is out."""
    row, random = desk.row, desk.random
    grave = row.level in GRAVE
    aged = when.ended is None and desk.now - row.first_published_at > _SOON
    if not (grave or aged or random.random() < _PUBLIC):
        return False
    due = min(row.public_due_at, row.first_published_at + timedelta(hours=28))
    late = when.ended is not None and random.random() < 0.12
    out = _publication(when.signed, due, when.ended, random, late=late)
    first = _written(desk, "权威信息" if grave else "回应", (when.signed, out), until, staff)
    asked = grave and row.conference_due_at is not None and "level" not in desk.columns  # not of one lowered meanwhile
    if asked and (row.level == "I" or when.ended is None or random.random() < 0.8):
        start = max(when.checking, out)
        held = _publication(start, row.conference_due_at, when.ended, random, late=False)
        _written(desk, "发布会", (start, held), until, staff)
    return first


def _publication(start: datetime, due: datetime, ended: datetime | None, random: Random, *, late: bool) -> datetime:
    """When an answer begun at ``start`` comes out; that of a closed alert before it was closed."""
    if late:
        at = max(due, start) + _MINUTE * random.randint(15, 200)
    else:
        at = start + max(due - start, 40 * _MINUTE) * random.uniform(0.45, 0.9)
    return min(at, start + (ended - start) * 0.8) if ended else at


def _written(desk: Desk, kind: str, span: tuple[datetime, datetime], until: datetime, staff: str) -> bool:
    """草稿 → 待批 → 已批准 → 已发布, as far as it got by ``until``; whether it is out."""
    start, out = span
    if out <= start:
        return False
    room, random = out - start, desk.random
    text = demo_texts.table("desk")["answer"]
    unit = f"{desk.county}人力资源和社会保障局"
    body = text[{"发布会": "conference", "权威信息": "first"}.get(kind, "reply")].format(地方=desk.county, 单位=unit)
    channel = f"{random.choice(text['channels'])}（演示）"
    url = f"https://rsj.example/{desk.row.region or '530000'}/{desk.row.number.lower()}.html"
    steps: tuple[tuple[float, str, str, str, Columns], ...] = (
        (0.3, "拟写", "草稿", staff, {}),
        (0.5, "送批", "待批", staff, {}),
        (0.8, "批准", "已批准", LEADER, {"approver": LEADER}),
        (1.0, "发布", "已发布", staff, {"channel": channel, "url": url}),
    )
    columns: Columns = {
        "kind": kind, "state": "", "body": body, "unit": unit, "author": staff, "approver": "", "approved_at": None,
        "channel": "", "published_at": None, "url": "", "revision": 0,
    }  # fmt: skip
    acts: list[tuple[datetime, str, str, Columns]] = []
    for share, act, state, who, given in steps:
        at = start + room * share
        if at >= until:
            break
        columns |= given | {"state": state, "updated_at": at, "revision": columns["revision"] + 1}
        columns["created_at"] = columns.get("created_at", at)
        more: Columns = {}
        if state == "已批准":
            columns["approved_at"] = at
        elif state == "已发布":
            columns["published_at"] = at
            more = {"channel": channel, "published_at": at, "url": url}
        acts.append((at, who, act, more))
    if not acts:
        return False
    desk.answers.append(Answer(columns, tuple(acts)))
    return bool(columns["published_at"])


def _closing(desk: Desk, *, answered: bool) -> Columns:
    given = {"result": desk.say("result"), "feedback": desk.say("feedback")}
    return given if answered else given | {"no_response": desk.say("no_response")}


def _ask_done(desk: Desk, at: datetime, staff: str, *, answered: bool) -> Columns:
    given = _closing(desk, answered=answered)
    desk.tell(at, "proposal", staff, {"act": "提请办结", **given})
    desk.columns["proposal"] = _proposal("已办结", staff, at, given)
    return given


def _done(desk: Desk, at: datetime, staff: str, *, answered: bool) -> None:
    last = max(one.at for one in desk.events)
    given = _ask_done(desk, at - min(40 * _MINUTE, (at - last) / 2), staff, answered=answered)
    desk.enter(at, "已办结", LEADER, given, {"proposed_by": staff, "words": desk.say("agreed")})
    desk.columns |= {"closed_at": at, "update_due_at": None, "proposal": None}


def _false(desk: Desk, at: datetime, staff: str) -> None:
    """误报 of I and II takes a second person."""
    contract = desk.random.random() < 0.8
    given = {
        "reason": "工程款等其他债务" if contract else "不实信息",
        "evidence": desk.say("not_wages" if contract else "untrue"),
    }  # fmt: skip
    if desk.row.level in GRAVE:
        desk.tell(at - 6 * _MINUTE, "proposal", staff, {"act": "提请定为误报", **given})
        desk.enter(at, "误报", LEADER, given, {"proposed_by": staff, "words": "同意。"})
    else:
        desk.enter(at, "误报", desk.columns.get("person", staff), given)
    desk.columns |= {"closed_at": at, "update_due_at": None, "proposal": None}


def _proposal(to: str, staff: str, at: datetime, given: Mapping[str, Any]) -> Columns:
    return {"to": to, "by_id": None, "name": "demo-duty", "by": staff, "at": at.isoformat(), "values": dict(given)}


def _later(at: datetime, minutes: int) -> datetime | None:
    return at + timedelta(minutes=minutes) if minutes else None
