"""Silences (静默): for a stated reason and time nobody is told of certain alerts; they are listed and counted still.

When a silence ends, alerts that nobody has signed meanwhile are told after all (``monitors.notify.plan``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, insert, or_, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.clock import stamp
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.notify.texts import GRAVEST, Facts, level_name
from monitors.regions import divisions
from monitors.store import tables as t

LEVELS = GRAVEST[:4]
MAX_DAYS = 30
MAX_REASON, MAX_WORDS = 200, 100
MISSING = "没有这条静默，可能已被删除"


@dataclass(frozen=True, slots=True)
class Draft:
    """A silence as entered. ``words``: any of these, parted by blanks, in title or employer; empty: whatever they say.

    ``story_id``: this story alone.
    """

    region: str
    levels: tuple[str, ...]
    reason: str
    ends_at: datetime
    starts_at: datetime | None = None  # None: at once
    words: str = ""
    story_id: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """One row of ``silence`` (see there)."""

    id: int
    region: str
    levels: tuple[str, ...]
    words: str
    story_id: int | None
    reason: str
    starts_at: datetime
    ends_at: datetime
    by: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str

    def stands(self, now: datetime) -> bool:
        """Whether it is in force at ``now``."""
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def covers(self, facts: Facts) -> bool:
        """Whether it is about this alert."""
        if facts.level not in self.levels or (self.story_id is not None and self.story_id != facts.story_id):
            return False
        if self.region != divisions.YUNNAN and not divisions.within(facts.region, self.region):
            return False
        said = f"{facts.title}\n{facts.employer or ''}"
        return not self.words.split() or any(word in said for word in self.words.split())

    @property
    def why(self) -> str:
        """What the notice says of it."""
        return f"静默至 {stamp(self.ends_at)}（{self.by}：{self.reason}）"


def standing(connection: Connection, now: datetime) -> tuple[Silence, ...]:
    """The silences in force, for the planner."""
    held = t.silence.c
    rows = _read(connection, held.ended_at.is_(None), held.starts_at <= now, held.ends_at > now)
    return tuple(rows)


def listed(connection: Connection, actor: Actor, now: datetime, *, days: int = 30) -> tuple[Silence, ...]:
    """Those that concern the actor's region and stand, are to come, or ended within ``days``; newest first.

    That is its own and those of the divisions above, for they hold back its alerts too; of a single story, where it is
    one of the actor's.

    Raises:
        RefusedError: the role sees neither alerts nor channels.
    """
    if not actor.may("notify.view"):
        actor.require("story.view", kind="silence")
    held = t.silence.c
    conditions = [held.ends_at > now - timedelta(days=days)]
    if not actor.scope.everything:
        above = divisions.lineage(divisions.current_code(actor.region))
        ours = held.story_id.in_(select(t.story.c.id).where(actor.scope.stories()))
        conditions.append(
            or_(within(held.region, actor.region), and_(held.region.in_(above), or_(held.story_id.is_(None), ours)))
        )
    return tuple(reversed(list(_read(connection, *conditions))))


def matching(silences: Iterable[Silence], facts: Facts, now: datetime) -> Silence | None:
    """The silence that keeps this alert from being told, the one that lasts longest; None: it is told."""
    found = [one for one in silences if one.stands(now) and one.covers(facts)]
    return max(found, key=lambda one: one.ends_at, default=None)


def add(connection: Connection, actor: Actor, draft: Draft, *, now: datetime) -> int:
    """Set a silence; its number.

    Raises:
        RefusedError: the role may not, or the region is not the actor's.
        InputError: what is missing or wrong, in words.
    """
    actor.require("alert.silence", draft.region, kind="silence")
    starts, reason, words = draft.starts_at or now, draft.reason.strip(), " ".join(draft.words.split())
    if divisions.by_code(draft.region) is None or not draft.region.startswith("53") or len(draft.region) != 6:
        raise InputError("请选择静默的地区")
    if not draft.levels or set(draft.levels) - set(LEVELS):
        raise InputError("请至少选择一个级别（I、II、III、IV）")
    if not reason or len(reason) > MAX_REASON:
        raise InputError(f"请填写静默的理由，不超过 {MAX_REASON} 字")
    if len(words) > MAX_WORDS:
        raise InputError(f"关键词不能超过 {MAX_WORDS} 字")
    if draft.ends_at <= max(now, starts):
        raise InputError("结束时间须晚于开始时间和现在")
    if draft.ends_at - starts > timedelta(days=MAX_DAYS):
        raise InputError(f"静默最长 {MAX_DAYS} 天；仍需静默的，到期后再设")
    if draft.story_id is not None:
        region = connection.scalar(select(t.story.c.region).where(t.story.c.id == draft.story_id))
        if region is None or not actor.scope.covers(region):
            raise InputError("没有这起事件，可能已随演示数据清除")
    levels = [level for level in LEVELS if level in draft.levels]
    values = {
        "region": draft.region, "levels": levels, "words": words, "story_id": draft.story_id, "reason": reason,
        "starts_at": starts, "ends_at": draft.ends_at,
    }  # fmt: skip
    silence_id: int = connection.execute(
        insert(t.silence)
        .values(**values, by_id=actor.account_id, by=actor.display, created_at=now)
        .returning(t.silence.c.id)
    ).scalar_one()
    audit.append(
        connection, actor, "alert.silence", at=now, kind="silence", target=str(silence_id), region=draft.region,
        after={"act": "设置", "levels": [level_name(one) for one in levels], "words": words, "reason": reason,
               "ends_at": draft.ends_at.isoformat()},
    )  # fmt: skip
    return silence_id


def end(connection: Connection, actor: Actor, silence_id: int, *, now: datetime) -> None:
    """End it before its time; what it held back and nobody has signed is told at the planner's next look.

    Raises:
        RefusedError: the role may not, or it is of another place.
        InputError: there is none.
        ConflictError: it has ended already; the sentence names who ended it.
    """
    actor.require("alert.silence", kind="silence", target=str(silence_id))
    query = select(t.silence).where(t.silence.c.id == silence_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(MISSING)
    if not actor.scope.covers(row.region):
        raise RefusedError(MISSING, action="alert.silence", kind="silence", target=str(silence_id))
    if row.ended_at is not None:
        raise ConflictError(f"该静默已由 {row.ended_by} 于 {stamp(row.ended_at)} 解除")
    if row.ends_at <= now:
        raise ConflictError(f"该静默已于 {stamp(row.ends_at)} 到期")
    connection.execute(
        update(t.silence).where(t.silence.c.id == silence_id).values(ended_at=now, ended_by=actor.display)
    )
    audit.append(
        connection, actor, "alert.silence", at=now, kind="silence", target=str(silence_id), region=row.region,
        before={"ends_at": row.ends_at.isoformat()}, after={"act": "解除", "reason": row.reason},
    )  # fmt: skip


def _read(connection: Connection, *conditions: object) -> Iterable[Silence]:
    columns = [t.silence.c[name] for name in Silence.__slots__]
    for row in connection.execute(select(*columns).where(*conditions).order_by(t.silence.c.id)):  # type: ignore[arg-type]
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
        yield Silence(**values | {"levels": tuple(values["levels"])})
