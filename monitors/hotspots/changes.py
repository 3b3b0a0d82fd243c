"""Known changes (情况变更登记): a county opens a new portal or counts otherwise, so its past is no measure any more.

From the day of the change its baseline is built anew; until there are enough days it is left out of the scan, and the
page says so. A change is never removed: it is taken back, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, insert, or_, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.clock import local, stamp
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.hotspots.events import DATA_SETS, SEES, DataSet
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.turns import Turn, take

MAX_REASON = 200
OLDEST_DAYS = 366  # no baseline reaches farther back
MISSING = "没有这条情况变更，可能已随演示数据清除"
_ACTION, _KIND = "hotspot.register", "known_change"


@dataclass(frozen=True, slots=True)
class Draft:
    """A change as entered. ``region``: a county or a prefecture, then all its counties."""

    region: str
    data_set: DataSet
    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class KnownChange:
    """One row of ``known_change`` (see there)."""

    id: int
    region: str
    data_set: DataSet
    day: date
    reason: str
    by: str
    at: datetime
    ended_at: datetime | None
    ended_by: str
    ended_why: str
    demo: bool

    @property
    def stands(self) -> bool:
        """Whether it has not been taken back."""
        return self.ended_at is None


def standing(connection: Connection, data_set: DataSet) -> tuple[KnownChange, ...]:
    """Those the scan must respect, in the order they were entered."""
    return tuple(_read(connection, t.known_change.c.data_set == data_set, t.known_change.c.ended_at.is_(None)))


def listed(connection: Connection, actor: Actor, data_set: DataSet) -> tuple[KnownChange, ...]:
    """Those of the actor's region and of the divisions above it, standing ones first, newest first.

    Raises:
        RefusedError: the role does not see that data set.
    """
    actor.require(SEES[data_set], kind=_KIND)
    held = t.known_change.c
    conditions: list[Any] = [held.data_set == data_set]
    if not actor.scope.everything:
        above = divisions.lineage(divisions.current_code(actor.region))
        conditions.append(or_(within(held.region, actor.region), held.region.in_(above)))
    found = _read(connection, *conditions)
    return tuple(sorted(found, key=lambda one: (not one.stands, -one.id)))


def add(connection: Connection, actor: Actor, draft: Draft, *, now: datetime) -> int:
    """Enter a change; its number.

    Raises:
        RefusedError: the role may not, or the region is not the actor's.
        InputError: what is missing or wrong, in words.
        ConflictError: the same stands already.
    """
    actor.require(_ACTION, draft.region, kind=_KIND)
    today, reason = local(now).date(), " ".join(draft.reason.split())
    division = divisions.by_code(draft.region)
    if division is None or division.level not in ("county", "prefecture") or not draft.region.startswith("53"):
        raise InputError("请选择云南省的一个州（市）或县（市、区）")
    if draft.data_set not in DATA_SETS:
        raise InputError("请选择数据：舆情或台账")
    if draft.day > today:
        raise InputError("变更日期不能晚于今天；尚未发生的变更，到当天再登记")
    if draft.day < today - timedelta(days=OLDEST_DAYS):
        raise InputError(f"变更日期早于 {OLDEST_DAYS} 天前，已不影响基线，无需登记")
    if not reason or len(reason) > MAX_REASON:
        raise InputError(f"请填写变更的情况，不超过 {MAX_REASON} 字")
    take(connection, Turn.HOTSPOTS)
    held = t.known_change.c
    same = select(held.by, held.at).where(
        held.region == draft.region, held.data_set == draft.data_set, held.day == draft.day, held.ended_at.is_(None)
    )
    if (other := connection.execute(same).first()) is not None:
        raise ConflictError(f"该地该日的情况变更已由 {other.by} 于 {stamp(other.at)} 登记")
    change_id: int = connection.execute(
        insert(t.known_change)
        .values(
            region=draft.region, data_set=draft.data_set, day=draft.day, reason=reason, by_id=actor.account_id,
            by=actor.display, at=now,
        )
        .returning(held.id)
    ).scalar_one()  # fmt: skip
    audit.append(
        connection, actor, _ACTION, at=now, kind=_KIND, target=str(change_id), region=draft.region,
        after={"act": "登记", "数据": draft.data_set, "变更日期": draft.day.isoformat(), "情况": reason},
    )  # fmt: skip
    return change_id


def end(connection: Connection, actor: Actor, change_id: int, why: str, *, now: datetime) -> None:
    """Take a change back: the days before it count again.

    Raises:
        RefusedError: the role may not, or it is of another place.
        InputError: there is none, or no reason is given.
        ConflictError: it was taken back already; the sentence names who did it.
    """
    actor.require(_ACTION, kind=_KIND, target=str(change_id))
    words = " ".join(why.split())
    if not words or len(words) > MAX_REASON:
        raise InputError(f"请填写撤销的理由，不超过 {MAX_REASON} 字")
    row = connection.execute(
        select(t.known_change).where(t.known_change.c.id == change_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise InputError(MISSING)
    if not actor.scope.covers(row.region):
        raise RefusedError(MISSING, action=_ACTION, kind=_KIND, target=str(change_id))
    if row.ended_at is not None:
        raise ConflictError(f"这条情况变更已由 {row.ended_by} 于 {stamp(row.ended_at)} 撤销")
    connection.execute(
        update(t.known_change)
        .where(t.known_change.c.id == change_id)
        .values(ended_at=now, ended_by=actor.display, ended_why=words)
    )
    audit.append(
        connection, actor, _ACTION, at=now, kind=_KIND, target=str(change_id), region=row.region,
        before={"数据": row.data_set, "变更日期": row.day.isoformat(), "情况": row.reason},
        after={"act": "撤销", "理由": words},
    )  # fmt: skip


def _read(connection: Connection, *conditions: Any) -> Iterable[KnownChange]:
    columns = [t.known_change.c[name] for name in KnownChange.__slots__]
    for row in connection.execute(select(*columns).where(*conditions).order_by(t.known_change.c.id)):
        values = dict(zip(KnownChange.__slots__, row, strict=True))
        yield KnownChange(**values | {"data_set": cast("DataSet", values["data_set"])})
