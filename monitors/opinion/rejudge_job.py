"""The job of judging the archive again (重新研判存量报道): asked for by a person, seen by all, stopped by a person.

One row of ``meta`` is the request, the progress and the worker's claim in one: whoever dies, the next worker goes on
where the row says, and nobody works twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, select

from monitors.access import audit
from monitors.access.actor import SYSTEM, Actor
from monitors.errors import ConflictError, InputError
from monitors.store import tables as t
from monitors.store.upsert import insert_into

META_KEY = "rejudge"
ACTION = "rejudge.run"
PERMISSION = "model.train"
ABANDONED = timedelta(minutes=2)  # a worker that has not moved for this long died with its process
State = Literal["running", "paused", "done", "cancelled"]
STATE_NAMES: dict[State, str] = {"running": "进行中", "paused": "已暂停", "done": "已完成", "cancelled": "已取消"}
# What is counted when it changes: columns of ``item`` in the words of the page.
FIELDS: dict[str, str] = {
    "relevant": "相关性", "stance": "立场", "region": "地点", "workers": "涉及人数", "amount_fen": "涉及金额",
    "employer": "用工单位", "kind": "类型", "level": "级别",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """What judging again changed: reports per field, and what followed for stories and alerts."""

    fields: Mapping[str, int] = field(default_factory=dict)
    reports: int = 0  # of which anything changed
    joined: int = 0
    left: int = 0
    opened: int = 0
    raised: int = 0

    def plus(self, other: Counts) -> Counts:
        names = {**self.fields, **other.fields}
        return Counts(
            fields={name: self.fields.get(name, 0) + other.fields.get(name, 0) for name in names},
            reports=self.reports + other.reports,
            joined=self.joined + other.joined,
            left=self.left + other.left,
            opened=self.opened + other.opened,
            raised=self.raised + other.raised,
        )

    @property
    def told(self) -> dict[str, int]:
        """By name, those above zero; for the page and the audit trail."""
        found = {"结果有变的报道": self.reports}
        found |= {f"{name}改变": self.fields.get(key, 0) for key, name in FIELDS.items()}
        found |= {
            "归入事件": self.joined, "移出事件": self.left, "新开警情": self.opened, "升级警情": self.raised
        }  # fmt: skip
        return {name: number for name, number in found.items() if number}

    @property
    def words(self) -> str:
        return "，".join(f"{name} {number}" for name, number in self.told.items()) or "研判结果没有变化"


@dataclass(frozen=True, slots=True)
class Job:
    """One request. ``position``: reports with a smaller number are still to be judged; None at the beginning.

    ``seconds``: time worked so far, pauses left out; ``model``: the version it is for, ``""`` before a worker took it.
    """

    state: State
    by: str
    asked_at: datetime
    model: str = ""
    position: int | None = None
    total: int = 0
    done: int = 0
    again: int = 0  # passes over what changed under our hands
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)
    token: str = ""
    moved_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in ("running", "paused")

    @property
    def share(self) -> float:
        """The part done, 0…1."""
        return min(1.0, self.done / self.total) if self.total else (0.0 if self.open else 1.0)

    @property
    def rate(self) -> float:
        """Reports per second, 0 while unknown."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_seconds(self) -> float | None:
        """How long it will still take, None while unknown."""
        return max(0, self.total - self.done) / self.rate if self.rate and self.total else None

    def stalled(self, now: datetime) -> bool:
        """Asked for, and no worker moves: the watch does not run."""
        return self.state == "running" and now - (self.moved_at or self.asked_at) > ABANDONED


def read(connection: Connection) -> Job | None:
    """The last request, open or ended."""
    return _job(connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY)))


def hold(connection: Connection) -> Job | None:
    """The same, held against others who write."""
    return _job(connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY).with_for_update()))


def ask(connection: Connection, actor: Actor, *, now: datetime) -> Job:
    """Ask that the archive be judged again; the watch begins within seconds.

    Raises:
        RefusedError: the actor may not.
        ConflictError: one is under way or paused.
    """
    actor.require(PERMISSION, kind="system")
    held = hold(connection)
    if held is not None and held.open:
        raise ConflictError(f"存量报道的重新研判{STATE_NAMES[held.state]}，请等它完成，或先取消")
    job = Job("running", actor.display, now)
    write(connection, job)
    record(connection, actor, "开始", now=now)
    return job


def pause(connection: Connection, actor: Actor, *, now: datetime) -> Job:
    """Let it rest; what was done stays. Errors as in ``ask``; InputError where it is not running."""
    return _turn(connection, actor, "running", "paused", "暂停", now)


def resume(connection: Connection, actor: Actor, *, now: datetime) -> Job:
    """Let it go on where it rested. Errors as in ``pause``."""
    return _turn(connection, actor, "paused", "running", "继续", now)


def cancel(connection: Connection, actor: Actor, *, now: datetime) -> Job:
    """End it; what was judged stays so. Errors as in ``pause``."""
    actor.require(PERMISSION, kind="system")
    held = hold(connection)
    if held is None or not held.open:
        raise InputError("没有正在进行的重新研判")
    job = replace(held, state="cancelled", token="", ended_at=now)
    write(connection, job)
    record(connection, actor, "取消", now=now, job=job)
    return job


def end(connection: Connection, job: Job, *, now: datetime) -> None:
    """All is judged; the trail is told what became of it."""
    ended = replace(job, state="done", token="", ended_at=now)
    write(connection, ended)
    record(connection, SYSTEM, "完成", now=now, job=ended)


def write(connection: Connection, job: Job) -> None:
    """Put the row in place of the one before."""
    value = json.dumps(asdict(job), ensure_ascii=False, default=lambda moment: moment.isoformat())
    row = {"key": META_KEY, "value": value}
    connection.execute(
        insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
    )


def record(connection: Connection, actor: Actor, act: str, *, now: datetime, job: Job | None = None) -> None:
    """One row in the audit trail: who began, paused, cancelled it, or what it changed in the end."""
    after: dict[str, Any] = {"操作": f"{act}重新研判存量报道"}
    if job is not None:
        after |= {"已研判": job.done, "共需研判": job.total, "研判版本": job.model, "发起人": job.by, **job.counts.told}
    audit.append(connection, actor, ACTION, at=now, kind="system", after=after)


def _turn(  # noqa: PLR0917 - one step of the state
    connection: Connection, actor: Actor, before: State, after: State, act: str, now: datetime
) -> Job:
    actor.require(PERMISSION, kind="system")
    held = hold(connection)
    if held is None or held.state != before:
        raise InputError(f"重新研判的状态已改变（{STATE_NAMES[held.state] if held else '没有任务'}），请刷新")
    job = replace(held, state=after, token="", moved_at=now)
    write(connection, job)
    record(connection, actor, act, now=now, job=job if act == "暂停" else None)
    return job


def _job(value: str | None) -> Job | None:
    if value is None:
        return None
    held = json.loads(value)
    moments = {
        name: datetime.fromisoformat(held[name]) if held[name] else None
        for name in ("asked_at", "moved_at", "ended_at")
    }
    return Job(**{**held, **moments, "counts": Counts(**held["counts"])})
