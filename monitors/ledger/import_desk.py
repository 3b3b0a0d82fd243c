"""One person's import from upload to end (导入台): the file in a folder of its own, worked on by a child process.

Planning 20,000 rows is seconds of pure Python; in the server's process every page would stand still. The child
(``import_work``) leaves a preview of lines on disk; the page reads the few it shows. ``job.json`` says how far it is.
What a workbook holds are people's matters: only the server's account may read the folder, and it goes with the
import, when it is dropped, or after a day.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from monitors.access import acting
from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.errors import ConflictError, InputError, StoreError, reason
from monitors.ledger.workbook_import import ACTION, Result
from monitors.ledger.workbook_plan import Decision
from monitors.settings import ROOT, Settings
from monitors.sheets import clean
from monitors.store.engine import Store

log = logging.getLogger(__name__)

State = Literal["排队", "读取", "核对", "待确认", "写入", "已导入", "未完成"]
WORKING: frozenset[State] = frozenset({"排队", "读取", "核对", "写入"})
KEPT = timedelta(hours=24)  # how long a file lies here that nobody imports or drops
ABANDONED = timedelta(minutes=10)  # the largest workbook takes half a minute; another one may be before it
BOOK, REFUSED = "book", "refused.xlsx"
_JOB, _LOCK = "job.json", "lock"


@dataclass(frozen=True, slots=True)
class Job:
    """One upload of one person. ``account_id``, ``address``, ``session``: in whose name the child acts.

    ``turn`` counts the previews made. ``decisions`` and ``trusted`` are what the person has settled so far, ``applied``
    and ``believed`` those the preview already shows. ``faults`` concern the whole file: with one nothing is imported.
    """

    token: str
    account_id: int
    region: str
    address: str
    session: str
    file_name: str
    asked_at: datetime
    state: State
    since: datetime
    turn: int = 0
    why: str = ""
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    applied: Mapping[str, Decision] = field(default_factory=dict)
    believed: frozenset[str] = frozenset()
    result: Result | None = None

    def working(self, now: datetime) -> bool:
        """Whether the child may still be at it."""
        return self.state in WORKING and now - self.since < ABANDONED

    @property
    def unsettled(self) -> bool:
        """Whether something was settled that the preview does not show yet. 跳过 is what happens anyway."""
        return self.trusted != self.believed or _heeded(self.decisions) != _heeded(self.applied)


def _heeded(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    return {key: choice for key, choice in decisions.items() if choice != "跳过"}


def root(settings: Settings) -> Path:
    """Where the folders of all imports are."""
    return settings.data_dir / "imports"


def folder(settings: Settings, token: str) -> Path:
    """The import's own folder.

    Raises:
        InputError: no token of ours.
    """
    if len(token) != 32 or not set(token) <= set("0123456789abcdef"):
        raise InputError("没有这次导入")
    return root(settings) / token


# ── what a page asks for ─────────────────────────────────────────────────────────────────────────────────────────────
def begin(store: Store, settings: Settings, actor: Actor, body: bytes, name: str, *, now: datetime) -> Job:
    """Keep the file and start the child that previews it; an earlier upload of this person is dropped.

    Raises:
        RefusedError: the actor may not import; recorded.
        ConflictError: their last import is being written just now.
        InputError: the file is too large.
        StoreError: the disk is full or not writable.
    """
    with acting.looking(store, actor):
        actor.require(ACTION, kind="ledger", target=clean(name)[:80])
    if len(body) > settings.ledger.import_mib * 1_048_576:
        raise InputError(f"文件超过 {settings.ledger.import_mib} MB 上限，请拆成几个文件后再上传")
    tidy(settings, now)
    if (before := mine(settings, actor)) is not None:
        drop(settings, actor, before.token, now=now)
    token = secrets.token_hex(16)
    job = Job(
        token, actor.account_id or 0, actor.region, actor.address, actor.session, clean(name)[:200], now, "排队", now
    )
    own = folder(settings, token)
    try:
        root(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
        own.mkdir(mode=0o700)
        with os.fdopen(os.open(own / BOOK, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(body)
        write(own, job)
    except OSError as error:
        shutil.rmtree(own, ignore_errors=True)
        raise StoreError(f"文件无法保存到服务器（{reason(error)}），请联系管理员") from error
    _start(settings, job, "plan")
    return job


def mine(settings: Settings, actor: Actor) -> Job | None:
    """This person's upload, where there is one; one made in another division's name is none of theirs any more."""
    for job in _jobs(settings):
        if job.account_id == (actor.account_id or 0) and job.region == actor.region:
            return job
    return None


def settle(
    settings: Settings,
    actor: Actor,
    token: str,
    *,
    decisions: Mapping[str, Decision | None] | None = None,
    trusted: Mapping[str, bool] | None = None,
) -> Job:
    """Keep what the person settles row by row; ``None`` and ``False`` take it back. ``again`` shows what follows.

    Raises:
        ConflictError: the preview is being made or written.
        InputError: it is gone.
    """
    with _held(settings, actor, token) as (own, job):
        if job.state != "待确认":
            raise ConflictError("正在核对或写入，请稍候再选")
        chosen = dict(job.decisions)
        for key, choice in (decisions or {}).items():
            chosen.pop(key, None)
            if choice is not None:
                chosen[key] = choice
        sure = set(job.trusted)
        for key, whether in (trusted or {}).items():
            (sure.add if whether else sure.discard)(key)
        settled = replace(job, decisions=chosen, trusted=frozenset(sure))
        write(own, settled)
    return settled


def again(settings: Settings, actor: Actor, token: str, *, now: datetime) -> Job:
    """Preview the file once more, with what was settled and against the ledger of now. Errors as in ``settle``."""
    return _next(settings, actor, token, "plan", now)


def confirm(settings: Settings, actor: Actor, token: str, *, now: datetime) -> Job:
    """Write what the preview shows. Errors as in ``settle``; also where something settled is not in the preview yet."""
    return _next(settings, actor, token, "write", now)


def drop(settings: Settings, actor: Actor, token: str, *, now: datetime) -> None:
    """Forget the file and its preview.

    Raises:
        ConflictError: it is being written.
    """
    with suppress(InputError), _held(settings, actor, token) as (own, job):
        if job.state == "写入" and job.working(now):
            raise ConflictError("正在写入台账，不能放弃；完成后可在导入记录中查看")
        shutil.rmtree(own, ignore_errors=True)


def refused(settings: Settings, job: Job) -> bytes | None:
    """The workbook of the rows left out; None while it is being written."""
    try:
        return (folder(settings, job.token) / REFUSED).read_bytes()
    except FileNotFoundError:
        return None


def tidy(settings: Settings, now: datetime) -> int:
    """Remove what lies here for longer than ``KEPT``; returns how many."""
    gone = 0
    for own in _folders(settings):
        job = read(own)
        with suppress(OSError):
            began = job.asked_at.timestamp() if job else own.stat().st_mtime
            if now.timestamp() - began > KEPT.total_seconds() and not (job and job.working(now)):
                shutil.rmtree(own, ignore_errors=True)
                gone += 1
    return gone


# ── what page and child share ────────────────────────────────────────────────────────────────────────────────────────
def read(own: Path) -> Job | None:
    """The job of a folder; None where it is gone or half made."""
    try:
        told = json.loads((own / _JOB).read_bytes())
    except (OSError, ValueError):
        return None
    told["asked_at"], told["since"] = (datetime.fromisoformat(told[name]) for name in ("asked_at", "since"))
    told["skipped"] = tuple((str(where), str(why)) for where, why in told["skipped"])
    told |= {name: tuple(told[name]) for name in ("faults", "notes")}
    told |= {name: frozenset(told[name]) for name in ("trusted", "believed")}
    told["result"] = Result(**told["result"]) if told["result"] else None
    return Job(**told)


def write(own: Path, job: Job) -> None:
    """Replace the job of a folder; a folder that was dropped meanwhile is not made again.

    Raises:
        OSError: the folder is gone or the disk full.
    """
    told = {one.name: getattr(job, one.name) for one in fields(job)}
    told |= {name: sorted(told[name]) for name in ("trusted", "believed")}
    told["result"] = asdict(job.result) if job.result else None
    part = own / f".{secrets.token_hex(4)}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(told, stream, ensure_ascii=False, default=lambda moment: moment.isoformat())
    part.replace(own / _JOB)


@contextmanager
def held(own: Path) -> Iterator[None]:
    """Nobody else changes the job of this folder meanwhile.

    Raises:
        OSError: the folder is gone.
    """
    with os.fdopen(os.open(own / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def fail(own: Path, turn: int, why: str, now: datetime) -> None:
    """The work of this turn ends with these words, unless it has ended already."""
    with suppress(OSError), held(own):
        job = read(own)
        if job is not None and job.turn == turn and job.state in WORKING:
            write(own, replace(job, state="未完成", why=why, since=now))


# ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _folders(settings: Settings) -> list[Path]:
    try:
        return sorted(one for one in root(settings).iterdir() if one.is_dir())
    except OSError:
        return []


def _jobs(settings: Settings) -> Iterator[Job]:
    for own in _folders(settings):
        if (job := read(own)) is not None:
            yield job


@contextmanager
def _held(settings: Settings, actor: Actor, token: str) -> Iterator[tuple[Path, Job]]:
    own = folder(settings, token)
    gone = InputError("这次上传已不在（已导入、已放弃或超过 24 小时），请重新上传")
    try:
        with held(own):
            job = read(own)
            if job is None or job.account_id != (actor.account_id or 0) or job.region != actor.region:
                raise gone
            yield own, job
    except FileNotFoundError as error:
        raise gone from error
    except OSError as error:
        raise StoreError(f"文件无法保存到服务器（{reason(error)}），请联系管理员") from error


def _next(settings: Settings, actor: Actor, token: str, task: str, now: datetime) -> Job:
    with _held(settings, actor, token) as (own, job):
        if job.working(now) or job.state == "已导入":
            raise ConflictError("这个文件正在处理或已经导入，请刷新页面")
        if task == "write" and (job.state != "待确认" or job.unsettled or job.faults):
            raise ConflictError("预览还不能导入，请先重新核对")
        going = replace(job, state="写入" if task == "write" else "核对", since=now, turn=job.turn + 1, why="", note="")
        write(own, going)
    _start(settings, going, task)
    return going


def _start(settings: Settings, job: Job, task: str) -> None:
    own = folder(settings, job.token)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module, our own words for arguments
            (sys.executable, "-m", "monitors.ledger.import_work", task, job.token, str(job.turn)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"},
        )
    except OSError as error:
        fail(own, job.turn, f"无法启动导入进程（{reason(error)}）", utc_now())
        return
    threading.Thread(target=_await, args=(process, own, job.turn), daemon=True).start()


def _await(process: subprocess.Popen[bytes], own: Path, turn: int) -> None:
    code = process.wait()
    if code:
        log.warning("the import's child ended with code %d", code)
    fail(own, turn, f"处理这个文件的进程中途结束（代码 {code}），未导入任何内容；请重试，仍不行请联系管理员", utc_now())


def told(job: Job) -> dict[str, Any]:
    """How many rows of each kind, in the order they are spoken of."""
    return {name: int(job.counts.get(name, 0)) for name in ("新增", "修改", "不变", "拒绝", "疑似重复")}
