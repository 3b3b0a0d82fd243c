"""Training asked for on a page (重新训练): one row of ``meta`` says who asked and how it ended; a child process works.

A process of its own, so that no page waits and nothing of it stays in memory. Whoever dies, the row tells: a child
that ends without a word is written down as failed by the thread that started it, and after ``ABANDONED`` anybody may
ask again.
"""

from __future__ import annotations

import json
import logging
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from monitors.access import account_rows
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.errors import ConflictError, InputError, MonitorsError, StoreError, reason
from monitors.opinion import training
from monitors.opinion.trained import Chosen
from monitors.opinion.training import Scores, Training
from monitors.settings import ROOT, Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

log = logging.getLogger(__name__)

META_KEY = "training"
PERMISSION = "model.train"
ABANDONED = timedelta(minutes=10)  # with 20,000 labels it takes half a minute
State = Literal["running", "done", "refused", "failed"]
STATE_NAMES: dict[State, str] = {"running": "进行中", "done": "已完成", "refused": "未启用", "failed": "没有完成"}


@dataclass(frozen=True, slots=True)
class Job:
    """One request. ``dry``: only figures are wanted; ``why``: why it failed; ``result``: the figures, once there are.

    ``account_id``, ``address`` and ``session`` are of the person in whose name the child acts.
    """

    state: State
    by: str
    asked_at: datetime
    token: str
    dry: bool = False
    account_id: int | None = None
    address: str = ""
    session: str = ""
    ended_at: datetime | None = None
    why: str = ""
    result: Training | None = None

    def running(self, now: datetime) -> bool:
        """Asked for, and somebody may still be at it."""
        return self.state == "running" and now - self.asked_at < ABANDONED


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of relevance the office has given: all of them, and those since the weights in force were trained."""

    all: int
    since: int


def labels(connection: Connection, chosen: Chosen) -> Labels:
    """How many there are to learn from; those of demonstration data teach nothing and are not counted."""
    query = (
        select(func.count())
        .select_from(t.label.join(t.item, t.item.c.id == t.label.c.item_id))
        .where(t.label.c.field == "relevant", t.item.c.demo.is_(False))
    )
    whole = connection.scalar(query) or 0
    if not chosen.trained_at:
        return Labels(whole, whole)
    since = query.where(t.label.c.at > datetime.fromisoformat(chosen.trained_at))
    return Labels(whole, connection.scalar(since) or 0)


def read(connection: Connection) -> Job | None:
    """The last request, running or ended."""
    return _job(connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY)))


def start(store: Store, actor: Actor, *, now: datetime, dry: bool = False) -> Job:
    """Write the request down and start the child; returns at once.

    Raises:
        RefusedError: the actor may not; recorded.
        ConflictError: one is running.
        StoreError: the database refused.
    """
    with acting(store, actor) as connection:
        job = ask(connection, actor, now=now, dry=dry)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own command
            (sys.executable, "-m", "monitors", "train", "--job", job.token),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
    except OSError as error:
        _fail(store, job.token, f"无法启动训练进程（{reason(error)}）", utc_now())
        return job
    threading.Thread(target=_await, args=(process, store, job.token), daemon=True).start()
    return job


def ask(connection: Connection, actor: Actor, *, now: datetime, dry: bool = False) -> Job:
    """The request itself, for ``work`` to do. Errors as in ``start``."""
    actor.require(PERMISSION, kind="model")
    held = _hold(connection)
    if held is not None and held.running(now):
        raise ConflictError(f"{held.by}发起的训练正在进行，请等它完成")
    job = Job("running", actor.display, now, secrets.token_hex(8), dry, actor.account_id, actor.address, actor.session)
    _write(connection, job)
    return job


def work(store: Store, settings: Settings, token: str, *, now: datetime) -> Job:
    """The child's part: train in the name of whoever asked, with the rights they have now, and write down the end.

    Raises:
        InputError: no such request waits.
        StoreError: the database refused.
    """
    with store.read() as connection:
        job = read(connection)
        if job is None or job.token != token or job.state != "running":
            raise InputError("没有等待进行的训练，可能已由别处完成")
    try:
        found = training.train(store, _who(store, job), settings, now=now, dry=job.dry)
    except MonitorsError as error:
        return _end(store, replace(job, state="failed", why=str(error)))
    return _end(store, replace(job, state="refused" if found.refused else "done", result=found))


def _who(store: Store, job: Job) -> Actor:
    with store.read() as connection:
        account = account_rows.get(connection, job.account_id or 0)
    if account.disabled:
        raise InputError(f"账号 {account.name} 已停用")
    return account.actor(job.address, job.session)


def _await(process: subprocess.Popen[bytes], store: Store, token: str) -> None:
    code = process.wait()
    try:
        _fail(store, token, f"训练进程中途结束（代码 {code}），原因见服务器日志", utc_now())
    except StoreError:
        log.exception("how the training ended could not be written down")


def _fail(store: Store, token: str, why: str, now: datetime) -> None:
    """The request ends with these words, unless it has ended already."""
    with store.write() as connection:
        job = _hold(connection)
        if job is not None and job.token == token and job.state == "running":
            _write(connection, replace(job, state="failed", why=why, ended_at=now))


def _end(store: Store, job: Job) -> Job:
    ended = replace(job, ended_at=utc_now())
    with store.write() as connection:
        held = _hold(connection)
        if held is not None and held.token == job.token:
            _write(connection, ended)
    return ended


def _hold(connection: Connection) -> Job | None:
    return _job(connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY).with_for_update()))


def _write(connection: Connection, job: Job) -> None:
    value = json.dumps(asdict(job), ensure_ascii=False, default=lambda moment: moment.isoformat())
    row = {"key": META_KEY, "value": value}
    connection.execute(
        insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
    )


def _job(value: str | None) -> Job | None:
    if value is None:
        return None
    held = json.loads(value)
    moments = {name: datetime.fromisoformat(held[name]) if held[name] else None for name in ("asked_at", "ended_at")}
    return Job(**{**held, **moments, "result": _training(held["result"])})


def _training(held: Mapping[str, Any] | None) -> Training | None:
    if held is None:
        return None
    scores = {
        name: Scores(**held[name]) for name in ("gold_before", "gold_after", "held_before", "held_after")
    }  # fmt: skip
    moved = tuple((str(words), float(before), float(after)) for words, before, after in held["moved"])
    return Training(**{**held, **scores, "moved": moved})
