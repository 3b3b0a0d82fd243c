"""A trial of rules asked for on a page (试验): one row of ``lab_run``, worked on by a limited child beside the pages.

One at a time. Whoever dies, the row tells: a child that ends without a word is written down as failed by the thread
that waits for it, and after ``ABANDONED`` without a step anybody may begin anew. A trial writes nothing but its row,
so one that was cut short is simply begun again.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from monitors.access import audit
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.errors import ConflictError, InputError, MonitorsError, StoreError, reason
from monitors.opinion import lab_figures, rule_lab, rule_sets
from monitors.opinion.lab_figures import Result
from monitors.opinion.rule_sets import Draft
from monitors.settings import ROOT, Settings
from monitors.store.desk_tables import lab_run
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

log = logging.getLogger(__name__)

PERMISSION = "rule.edit"
RUNNING, DONE, FAILED, CANCELLED = "运行", "完成", "失败", "取消"
DAYS = (7, 30, 90, 180, 365)
ABANDONED = timedelta(minutes=3)  # a step takes seconds
MEMORY_MB = 2_048  # of address space, most of it libraries that are mapped and never touched
KEPT = 30  # runs; the figures of those that were put in force stand beside the rules


@dataclass(frozen=True, slots=True)
class Run:
    """One trial. ``done`` of ``total`` reports; ``moved_at``: its last step; ``result`` once it is 完成."""

    id: int
    at: datetime
    by: str
    draft: Draft
    against: int
    days: int
    state: str
    done: int
    total: int
    moved_at: datetime
    result: Result | None
    error: str

    @property
    def share(self) -> float:
        """How far it is, 0…1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def running(self, now: datetime) -> bool:
        """Asked for, and somebody may still be at it."""
        return self.state == RUNNING and now - self.moved_at < ABANDONED


def latest(connection: Connection) -> Run | None:
    """The last trial, whatever became of it."""
    row = connection.execute(select(lab_run).order_by(lab_run.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row)


def of(connection: Connection, draft: Draft, against: int) -> Run | None:
    """The newest finished trial of exactly this draft against these rules in force."""
    rows = connection.execute(
        select(lab_run).where(lab_run.c.state == DONE, lab_run.c.against == against).order_by(lab_run.c.id.desc())
    )
    return next((run for run in map(_run, rows) if run.draft == draft), None)


def start(store: Store, actor: Actor, draft: Draft, *, settings: Settings, days: int = 90, now: datetime) -> int:
    """Write the request down and start the child; returns the run's number at once.

    Raises:
        RefusedError: the actor may not; recorded.
        InputError: the draft has faults, or the days are none of ``DAYS``.
        ConflictError: a trial is running.
        StoreError: the database refused.
    """
    with acting(store, actor) as connection:
        run_id = ask(connection, actor, draft, settings=settings, days=days, now=now)
    # The child dies with the thread that started it, so that thread is one that stays.
    threading.Thread(target=_watch, args=(store, run_id), daemon=True, name=f"lab {run_id}").start()
    return run_id


def ask(
    connection: Connection, actor: Actor, draft: Draft, *, settings: Settings, days: int = 90, now: datetime
) -> int:
    """The request itself, for ``work`` to do. Errors as in ``start``."""
    actor.require(PERMISSION, kind="rule_set")
    if days not in DAYS:
        raise InputError(f"试验的天数应为 {'、'.join(map(str, DAYS))} 之一")
    rule_sets.check(draft, settings)
    take(connection, Turn.RULES)
    held = latest(connection)
    if held is not None and held.state == RUNNING:
        if held.running(now):
            raise ConflictError(f"{held.by}发起的试验正在进行，请等它完成或先取消")
        end(connection, held.id, FAILED, "程序中途停止，请重新试验")
    run_id: int = connection.execute(
        insert(lab_run)
        .values(
            at=now, by_id=actor.account_id, by=actor.display, draft=rule_sets.stored(draft),
            against=rule_sets.in_force(connection).id, days=days, state=RUNNING, result={"moved_at": now.isoformat()},
        )
        .returning(lab_run.c.id)
    ).scalar_one()  # fmt: skip
    connection.execute(delete(lab_run).where(lab_run.c.id <= run_id - KEPT))
    audit.append(connection, actor, "rule.try", at=now, kind="rule_set", target=f"试验 {run_id}", after={"天数": days})
    return run_id


def cancel(connection: Connection, actor: Actor, run_id: int, *, now: datetime) -> None:
    """Stop a running trial; the child ends at its next step.

    Raises:
        RefusedError: the actor may not.
        ConflictError: it has ended already.
    """
    actor.require(PERMISSION, kind="rule_set", target=f"试验 {run_id}")
    if not end(connection, run_id, CANCELLED, f"由{actor.display}取消"):
        raise ConflictError("这次试验已经结束")
    what = {"act": "取消试验"}
    audit.append(connection, actor, "rule.try", at=now, kind="rule_set", target=f"试验 {run_id}", after=what)


def end(connection: Connection, run_id: int, state: str, error: str = "", result: Result | None = None) -> bool:
    """The trial ends so, unless it has ended already; then False."""
    values: dict[str, Any] = {"state": state, "error": error}
    if result is not None:
        values["result"] = lab_figures.stored(result)
    chosen = (lab_run.c.id == run_id, lab_run.c.state == RUNNING)
    return connection.execute(update(lab_run).where(*chosen).values(values)).rowcount == 1


def work(store: Store, settings: Settings, run_id: int) -> Run:
    """The child's part: try the draft, step by step, and write down the end.

    Raises:
        InputError: no such trial waits.
        StoreError: the database refused.
    """
    with store.read() as connection:
        run = get(connection, run_id)
    if run is None or run.state != RUNNING:
        raise InputError("没有等待进行的试验，可能已被取消")

    def step(done: int, total: int) -> bool:
        now = utc_now().isoformat()
        values = {"done": done, "total": total, "result": {"moved_at": now}}
        chosen = (lab_run.c.id == run_id, lab_run.c.state == RUNNING)
        with store.write() as connection:
            return connection.execute(update(lab_run).where(*chosen).values(values)).rowcount == 1

    try:
        result = rule_lab.run(store, settings, run.draft, against=run.against, days=run.days, now=run.at, progress=step)
    except MonitorsError as error:
        _end(store, run_id, FAILED, str(error))
    except MemoryError:
        _end(store, run_id, FAILED, "内存不足，请缩短天数后重试")
    else:
        if result is not None:  # None: cancelled
            _end(store, run_id, DONE, "", result)
    with store.read() as connection:
        return get(connection, run_id) or run


def main() -> None:
    """The child: ``python -m monitors.opinion.lab_job PARENT_PID MEMORY_MB RUN``."""
    from monitors import child, settings  # noqa: PLC0415 - what only the child needs
    from monitors.opening import open_store  # noqa: PLC0415 - Alembic takes a third of a second to import

    parent, memory_mb, run_id = (int(word) for word in sys.argv[1:4])
    child.confine(parent, memory_mb, writes=True)
    os.nice(10)  # the pages and the watch go first
    present = settings.current()
    store = open_store(present)
    try:
        work(store, present, run_id)
    finally:
        store.close()


def _watch(store: Store, run_id: int) -> None:
    """Start the child and wait for it: whatever happens, the row says how it ended."""
    command = (sys.executable, "-m", "monitors.opinion.lab_job", str(os.getpid()), str(MEMORY_MB), str(run_id))
    try:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT
        )
        error = f"试验进程中途结束（代码 {process.wait()}），原因见服务器日志"
    except OSError as fault:
        error = f"无法启动试验进程（{reason(fault)}）"
    try:
        _end(store, run_id, FAILED, error)
    except StoreError:
        log.exception("how the trial ended could not be written down")


def _end(store: Store, run_id: int, state: str, error: str, result: Result | None = None) -> None:
    with store.write() as connection:
        end(connection, run_id, state, error, result)


def get(connection: Connection, run_id: int) -> Run | None:
    """One trial; None where there is none of that number (any more)."""
    row = connection.execute(select(lab_run).where(lab_run.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> Run:
    moved = row.result.get("moved_at") if row.state != DONE else None
    return Run(
        id=row.id,
        at=row.at,
        by=row.by,
        draft=rule_sets.restored(row.draft),
        against=row.against,
        days=row.days,
        state=row.state,
        done=row.done,
        total=row.total,
        moved_at=datetime.fromisoformat(moved) if moved else row.at,
        result=lab_figures.restored(row.result) if row.state == DONE else None,
        error=row.error,
    )


if __name__ == "__main__":
    main()
