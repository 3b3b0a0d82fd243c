"""Making the roster (排班): one shift, a series of them, last week's once more, whoever takes over from whom.

A desk's shifts never overlap. What has been is a record of who was on duty: it is neither moved nor removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from monitors.access import audit
from monitors.access.account_rows import get as account_of
from monitors.access.actor import Actor
from monitors.access.scope import PROVINCE
from monitors.clock import SHANGHAI, local, stamp
from monitors.errors import ConflictError, InputError
from monitors.notify import roster
from monitors.notify.roster import Shift, span
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.turns import Turn, take

TWO_SHIFTS = (time(8), time(20))
MOST_HOURS = 24  # of one shift; longer is a slip of the pen
MOST_DAYS = 62  # of one series
NAME_CHARS, NOTE_CHARS = 60, 500


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody on the roster: an account (its name is then taken from there), or a name alone; empty: nobody."""

    name: str = ""
    id: int | None = None


NOBODY = Named()


@dataclass(frozen=True, slots=True)
class ShiftDraft:
    """What is given of a shift."""

    region: str
    starts_at: datetime
    ends_at: datetime
    officer: Named = NOBODY
    leader: Named = NOBODY
    note: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What a series did: the shifts added, and those left out because another one stands there (in words)."""

    added: tuple[int, ...]
    left_out: tuple[str, ...]

    @property
    def words(self) -> str:
        """``新排 14 班`` and what was left out."""
        more = (
            f"；{len(self.left_out)} 班与已排的班次重叠，未排：{'；'.join(self.left_out[:3])}" if self.left_out else ""
        )
        return f"新排 {len(self.added)} 班{more}{' 等' if len(self.left_out) > 3 else ''}"


def add(connection: Connection, actor: Actor, draft: ShiftDraft, *, now: datetime) -> int:
    """Add one shift.

    Raises:
        InputError: its times are impossible, it is over already, or it overlaps another one, which is named.
        RefusedError: the actor makes no roster there.
    """
    draft = _checked(connection, actor, draft, now)
    if other := _overlapping(connection, draft):
        raise InputError(f"与已排的班次 {other.words} 重叠，请改时间或修改该班次")
    return _insert(connection, actor, draft, now)


def edit(
    connection: Connection, actor: Actor, shift_id: int, revision: int, draft: ShiftDraft, *, now: datetime
) -> None:
    """Change a shift that is not over; one that has begun keeps its beginning.

    Raises:
        InputError: as in ``add``; the shift is over.
        ConflictError: somebody else changed it first.
    """
    held = _held(connection, actor, shift_id, revision)
    if held.ends_at <= now:
        raise InputError("该班次已结束，值班记录不能修改")
    if held.starts_at <= now and draft.starts_at != held.starts_at:
        raise InputError("该班次已开始，开始时间不能修改")
    draft = _checked(connection, actor, replace(draft, region=held.region), now)
    if other := _overlapping(connection, draft, besides=shift_id):
        raise InputError(f"与已排的班次 {other.words} 重叠，请改时间或修改该班次")
    values = _values(draft)
    if all(getattr(held, name) == value for name, value in values.items()):
        return
    connection.execute(
        update(t.shift).where(t.shift.c.id == shift_id).values(**values, updated_at=now, revision=revision + 1)
    )
    after = _words(values)
    before = {name: words for name, words in _words(_of(held)).items() if after.get(name) != words}
    after = {name: words for name, words in after.items() if _words(_of(held)).get(name) != words}
    _trail(connection, actor, (held.region, shift_id), "修改", at=now, before=before, after=after)


def remove(connection: Connection, actor: Actor, shift_id: int, revision: int, *, now: datetime) -> None:
    """Remove a shift that has not begun.

    Raises:
        InputError: it has begun, thus is a record.
        ConflictError: somebody else changed it first.
    """
    held = _held(connection, actor, shift_id, revision)
    if held.starts_at <= now:
        raise InputError("该班次已开始，不能删除；可修改值班人员")
    connection.execute(delete(t.shift).where(t.shift.c.id == shift_id))
    _trail(connection, actor, (held.region, shift_id), "删除", at=now, before=_words(_of(held)), after={})


def series(
    connection: Connection,
    actor: Actor,
    region: str,
    first: date,
    last: date,
    *,
    times: Sequence[time] = TWO_SHIFTS,
    officers: Sequence[Named] = (),
    leaders: Sequence[Named] = (),
    now: datetime,
) -> Made:
    """Every day from ``first`` to ``last`` (Asia/Shanghai) a shift from each of ``times`` to the next one.

    ``officers`` and ``leaders`` take turns in the order given, from shift to shift; none: the shifts stay unnamed.
    Shifts already over are not made, those that overlap another one are left out and named.

    Raises:
        InputError: the days or times are impossible, or nothing could be added.
    """
    hours = sorted(set(times))
    if not hours:
        raise InputError("请至少填写一个交接班时间")
    if not first <= last < first + timedelta(days=MOST_DAYS):
        raise InputError(f"起止日期有误：一次最多连排 {MOST_DAYS} 天")
    drafts: list[ShiftDraft] = []
    for day in range((last - first).days + 1):
        starts = [datetime.combine(first + timedelta(days=day), at, SHANGHAI) for at in hours]
        ends = [*starts[1:], datetime.combine(first + timedelta(days=day + 1), hours[0], SHANGHAI)]
        for start, end in zip(starts, ends, strict=True):
            turn = len(drafts)
            officer = officers[turn % len(officers)] if officers else NOBODY
            leader = leaders[turn % len(leaders)] if leaders else NOBODY
            drafts.append(ShiftDraft(region, start, end, officer, leader))
    return _several(connection, actor, [one for one in drafts if one.ends_at > now], "所选日期均已过去", now)


def copy_week(connection: Connection, actor: Actor, region: str, monday: date, *, now: datetime) -> Made:
    """Make the week from ``monday`` like the week before: times, officers, leaders. People without account go along.

    Raises:
        InputError: there is nothing to copy, or nothing could be added.
    """
    actor.require("roster.edit", region, kind="shift")
    start = datetime.combine(monday - timedelta(days=7), time(0), SHANGHAI)
    before = [
        one for one in roster.between(connection, region, start, start + timedelta(days=7)) if one.starts_at >= start
    ]
    if not before:
        raise InputError(f"上一周（{local(start):%m-%d} 起）没有排班，无可复制")
    week = timedelta(days=7)
    drafts = [
        ShiftDraft(
            region, one.starts_at + week, one.ends_at + week,
            NOBODY if one.stopped else Named(one.officer, one.officer_id), Named(one.leader, one.leader_id),
        )
        for one in before
    ]  # fmt: skip
    return _several(connection, actor, [one for one in drafts if one.ends_at > now], "该周已经过去", now)


def _several(connection: Connection, actor: Actor, drafts: Sequence[ShiftDraft], past: str, now: datetime) -> Made:
    added: list[int] = []
    left_out: list[str] = []
    for draft in drafts:
        checked = _checked(connection, actor, draft, now)
        other = _overlapping(connection, checked)
        if other is None:
            added.append(_insert(connection, actor, checked, now))
        else:
            left_out.append(f"{span(draft.starts_at, draft.ends_at)} 与 {other.words}")
    if not added:
        raise InputError(f"没有新排任何班次：{'；'.join(left_out[:3])} 重叠" if left_out else past)
    return Made(tuple(added), tuple(left_out))


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _checked(connection: Connection, actor: Actor, draft: ShiftDraft, now: datetime) -> ShiftDraft:
    actor.require("roster.edit", kind="shift")
    division = divisions.by_code(draft.region)
    if division is None or not (draft.region == PROVINCE or divisions.within(draft.region, PROVINCE)):
        raise InputError("请选择值班的单位所在地区")
    actor.require("roster.edit", draft.region, kind="shift", target=draft.region)
    take(connection, Turn.ROSTER)
    if draft.ends_at <= draft.starts_at:
        raise InputError("结束时间须晚于开始时间")
    if draft.ends_at - draft.starts_at > timedelta(hours=MOST_HOURS):
        raise InputError(f"一班不超过 {MOST_HOURS} 小时，连续多日请用“连续排班”")
    if draft.ends_at <= now:
        raise InputError(f"该班次在 {stamp(draft.ends_at)} 已结束，不能补排")
    if len(draft.note) > NOTE_CHARS:
        raise InputError(f"备注不超过 {NOTE_CHARS} 字")
    officer = _person(connection, draft.officer, draft.region, "值班员")
    leader = _person(connection, draft.leader, draft.region, "带班领导")
    return replace(draft, officer=officer, leader=leader, note=draft.note.replace("\x00", "").strip())


def _person(connection: Connection, named: Named, region: str, words: str) -> Named:
    name = " ".join(named.name.split())
    if named.id is None:
        if not name.isprintable():
            raise InputError(f"{words}姓名含有不可见字符")
        if len(name) > NAME_CHARS:
            raise InputError(f"{words}姓名不超过 {NAME_CHARS} 字")
        return Named(name)
    account = account_of(connection, named.id)
    if account.disabled:
        raise InputError(f"{words}“{account.display}”的账号已停用，请另选")
    if account.region != region:
        raise InputError(f"{words}“{account.display}”不是本地区的账号，请另选或直接填写姓名")
    return Named(account.display, account.id)


def _overlapping(connection: Connection, draft: ShiftDraft, *, besides: int | None = None) -> Shift | None:
    found = roster.between(connection, draft.region, draft.starts_at, draft.ends_at)
    return next((one for one in found if one.id != besides), None)


def _held(connection: Connection, actor: Actor, shift_id: int, revision: int) -> Shift:
    actor.require("roster.edit", kind="shift", target=str(shift_id))
    take(connection, Turn.ROSTER)
    connection.execute(select(t.shift.c.id).where(t.shift.c.id == shift_id).with_for_update())
    held = roster.get(connection, actor.scope, shift_id)
    if held.revision != revision:
        at = connection.execute(select(t.shift.c.updated_at).where(t.shift.c.id == shift_id)).scalar_one()
        raise ConflictError(f"该班次已由他人于 {stamp(at)} 修改，请载入最新内容后再改")
    return held


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _values(draft: ShiftDraft) -> dict[str, Any]:
    return {
        "starts_at": draft.starts_at, "ends_at": draft.ends_at, "officer_id": draft.officer.id,
        "officer": draft.officer.name, "leader_id": draft.leader.id, "leader": draft.leader.name, "note": draft.note,
    }  # fmt: skip


def _insert(connection: Connection, actor: Actor, draft: ShiftDraft, now: datetime) -> int:
    values = _values(draft)
    shift_id: int = connection.execute(
        insert(t.shift).values(**values, region=draft.region, created_at=now, updated_at=now).returning(t.shift.c.id)
    ).scalar_one()
    _trail(connection, actor, (draft.region, shift_id), "添加", at=now, before={}, after=_words(values))
    return shift_id


def _of(held: Shift) -> dict[str, Any]:
    names = ("starts_at", "ends_at", "officer_id", "officer", "leader_id", "leader", "note")
    return {name: getattr(held, name) for name in names}


def _words(values: Mapping[str, Any]) -> dict[str, str]:
    """A shift as the trail tells of it."""
    told = {
        "时间": span(values["starts_at"], values["ends_at"]), "值班员": values["officer"] or "未排",
        "带班领导": values["leader"], "备注": values["note"],
    }  # fmt: skip
    return {name: words for name, words in told.items() if words}


def _trail(connection: Connection, actor: Actor, desk: tuple[str, int], act: str, **told: Any) -> None:
    region, shift_id = desk
    told["after"] = {**told["after"], "act": f"{act}班次"}
    audit.append(connection, actor, "roster.edit", kind="shift", target=str(shift_id), region=region, **told)
