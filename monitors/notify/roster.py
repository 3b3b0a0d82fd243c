"""The roster (值班表): who watches which desk when, who leads, and which hours nobody is named for (R24).

A desk is the duty desk of one division. Where a county has nobody on duty its prefecture answers, then the province.
Times are stored UTC; a shift is ``[starts_at, ends_at)``. Writing: ``monitors.notify.rostering``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, select

from monitors.access.actor import Actor
from monitors.access.roles import Role, may
from monitors.access.scope import PROVINCE, Scope, within
from monitors.clock import local
from monitors.errors import InputError
from monitors.regions import divisions
from monitors.store import tables as t

MISSING = "没有这个班次，或您无权查看"
_KNOWN = timedelta(days=30)  # a desk that had a shift so lately is expected to have one now
GapKind = Literal["未排班", "未排值班员", "值班员账号已停用"]
Duty = Literal["officer", "leader"]


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of one desk. ``officer`` empty: nobody is named (red); ``stopped``: the officer's account is."""

    id: int
    region: str
    starts_at: datetime
    ends_at: datetime
    officer_id: int | None
    officer: str
    leader_id: int | None
    leader: str
    note: str
    revision: int
    stopped: bool = False

    @property
    def named(self) -> bool:
        """Whether somebody who can sign in, or somebody by name, is on duty."""
        return bool(self.officer) and not self.stopped

    @property
    def words(self) -> str:
        """``11-23 08:00—20:00 张三`` as a refusal names it."""
        return f"{span(self.starts_at, self.ends_at)}（{self.officer or '未排值班员'}）"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account who may stand on the roster."""

    id: int
    name: str
    role: str
    unit: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours of a desk for which nobody is named; ``shift_id`` where there is a shift without an officer."""

    region: str
    starts_at: datetime
    ends_at: datetime
    kind: GapKind
    shift_id: int | None = None

    @property
    def words(self) -> str:
        """``11-23 20:00—11-24 08:00 未排值班员``."""
        return f"{span(self.starts_at, self.ends_at)} {self.kind}"


def span(start: datetime, end: datetime) -> str:
    """Both ends on the office's clock, the second day only where it is another."""
    first, last = local(start), local(end)
    return (
        f"{first:%m-%d %H:%M}—{last:%H:%M}"
        if first.date() == last.date()
        else f"{first:%m-%d %H:%M}—{last:%m-%d %H:%M}"
    )


def _query() -> Select[Any]:
    stopped = func.coalesce(t.account.c.disabled, False).label("stopped")
    joined = t.shift.outerjoin(t.account, t.account.c.id == t.shift.c.officer_id)
    return select(t.shift, stopped).select_from(joined)


def read_rows(connection: Connection, query: Select[Any]) -> tuple[Shift, ...]:
    """The shifts that ``query`` over ``shift`` and ``stopped`` finds."""
    rows = connection.execute(query).mappings()
    return tuple(
        Shift(**{name: row[name] for name in Shift.__slots__} | {"stopped": bool(row["stopped"])}) for row in rows
    )


def get(connection: Connection, scope: Scope, shift_id: int) -> Shift:
    """One shift.

    Raises:
        InputError: there is none, or it is another division's; the two are not told apart.
    """
    found = read_rows(connection, _query().where(t.shift.c.id == shift_id))
    if not found or not scope.covers(found[0].region):
        raise InputError(MISSING)
    return found[0]


def between(connection: Connection, region: str, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """The desk's shifts that touch ``[start, end)``, in their order."""
    shift = t.shift.c
    query = _query().where(shift.region == region, shift.ends_at > start, shift.starts_at < end)
    return read_rows(connection, query.order_by(shift.starts_at, shift.id))


def current(connection: Connection, region: str, now: datetime) -> Shift | None:
    """The desk's own shift at ``now``, named or not."""
    found = between(connection, region, now, now + timedelta(microseconds=1))
    return found[0] if found else None


def on_duty(connection: Connection, region: str, now: datetime) -> tuple[Shift, str] | None:
    """The shift with a named officer that answers for ``region`` now, and whose desk that is.

    The division's own desk first, then its prefecture's, then the province's; ``""`` (未定位) is the province's.
    """
    for desk in _above(region):
        shift = current(connection, desk, now)
        if shift is not None and shift.named:
            return shift, desk
    return None


def leader_on_duty(connection: Connection, region: str, now: datetime) -> tuple[Shift, str] | None:
    """The shift with a named 带班领导 that answers for ``region`` now, and whose desk that is; as ``on_duty``."""
    for desk in _above(region):
        shift = current(connection, desk, now)
        if shift is not None and shift.leader:
            return shift, desk
    return None


def _above(region: str) -> tuple[str, ...]:
    chain = tuple(code for code in divisions.lineage(divisions.current_code(region)) if len(code) == len(PROVINCE))
    return chain if chain[-1:] == (PROVINCE,) else (PROVINCE,)


def desks(connection: Connection, scope: Scope, now: datetime) -> tuple[str, ...]:
    """The desks within ``scope`` that are kept: its own, and those with a shift within the last 30 days or to come."""
    shift = t.shift.c
    query = select(shift.region).where(within(shift.region, scope.region), shift.ends_at > now - _KNOWN).distinct()
    others = sorted(set(connection.scalars(query)) - {scope.region})
    return (scope.region, *others)


def _kept(connection: Connection, region: str, now: datetime) -> bool:
    shift = t.shift.c
    query = select(shift.id).where(shift.region == region, shift.ends_at > now - _KNOWN).limit(1)
    return connection.scalar(query) is not None


def coverage(
    connection: Connection, scope: Scope, now: datetime, hours: int = 24, *, regions: Iterable[str] | None = None
) -> tuple[Gap, ...]:
    """The hours from ``now`` on for which a desk has nobody named: no shift, no officer, or a stopped account.

    ``regions``: the desks asked about; all of ``desks`` where not given. A gap that has begun starts at ``now``.
    """
    end = now + timedelta(hours=hours)
    wanted = desks(connection, scope, now) if regions is None else tuple(one for one in regions if scope.covers(one))
    found: list[Gap] = []
    for region in wanted:
        at = now
        for shift in between(connection, region, now, end):
            if shift.starts_at > at:
                found.append(Gap(region, at, shift.starts_at, "未排班"))
            if not shift.named:
                kind: GapKind = "值班员账号已停用" if shift.officer else "未排值班员"
                found.append(Gap(region, max(now, shift.starts_at), min(end, shift.ends_at), kind, shift.id))
            at = max(at, shift.ends_at)
        if at < end:
            found.append(Gap(region, at, end, "未排班"))
    return tuple(found)


def warning(connection: Connection, region: str, now: datetime) -> str:
    """The red words on the duty screen about the desk's present shift (R24); ``""`` where all is well.

    A division that keeps no desk of its own is well while one above it answers.
    """
    shift = current(connection, region, now)
    if shift is None:
        covered = not _kept(connection, region, now) and on_duty(connection, region, now) is not None
        return "" if covered else "当前时段未排班"
    if not shift.officer:
        return "当前班次未排值班员"
    return f"当前值班员 {shift.officer} 的账号已停用" if shift.stopped else ""


def people(connection: Connection, actor: Actor, region: str, duty: Duty) -> tuple[Person, ...]:
    """Accounts of the desk's own division that may stand on its roster, by name; the stopped ones left out.

    An officer signs or works alerts, a 带班领导 approves.

    Raises:
        RefusedError: the actor makes no roster there.
    """
    actor.require("roster.edit", region, kind="shift")
    action = {"officer": ("alert.sign", "alert.work"), "leader": ("alert.approve",)}[duty]
    roles = [str(role) for role in Role if any(may(role, one) for one in action)]
    account = t.account.c
    query = (
        select(account.id, account.display, account.role, account.unit)
        .where(account.region == region, account.disabled.is_(False), account.role.in_(roles))
        .order_by(account.display, account.id)
    )
    return tuple(Person(row.id, row.display, row.role, row.unit) for row in connection.execute(query))
