"""The child beside the pages that reads, plans and writes one uploaded workbook: see ``import_desk``.

One at a time: a plan of 20,000 rows needs some hundred megabytes, and the machine has two processors. The plan is kept
between preview and writing as a pickle in the import's own folder, which only this server's account can write to.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from monitors import logs
from monitors import settings as settings_module
from monitors.access import account_rows
from monitors.access.actor import Actor
from monitors.clock import stamp, utc_now
from monitors.errors import ConflictError, InputError, MonitorsError
from monitors.ledger import (
    import_batches,
    import_desk,
    import_lines,
    workbook_cells,
    workbook_import,
    workbook_plan,
    workbook_refused,
)  # fmt: skip
from monitors.ledger.import_desk import Job
from monitors.ledger.workbook_cells import Workbook
from monitors.ledger.workbook_plan import Plan
from monitors.settings import Settings
from monitors.sheets import write_file
from monitors.store.engine import Store

log = logging.getLogger(__name__)
Task = Literal["plan", "write"]
_CELLS, _PLAN, _TURN = "cells.pickle", "plan.pickle", "turn"
_SKIPPED = 200  # lines of rows set aside that a page shows
_KINDNESS = 5  # planning may wait for the pages; writing holds a lock and may not
_ODD = "程序出错，未导入任何内容；请重试，仍不行请联系管理员查看日志"


def main(words: list[str]) -> None:
    """Do the task of a job, write down how it ended, and leave: with 0 where it went well."""
    os.umask(0o077)
    logs.configure(logging.WARNING)
    gc.disable()  # a million small objects that live to the end; looking through them costs a fifth
    task, token, turn = words
    settings = settings_module.load()
    own = import_desk.folder(settings, token)
    if task == "plan":
        os.nice(_KINDNESS)
    with _alone(settings):
        store = Store(settings.database_url)
        done = work(store, settings, own, "write" if task == "write" else "plan", int(turn))
        # Ended without closing: a close that takes itself for the last one would remove the write-ahead log of SQLite,
        # and the server, which opens its file twice and so loses its locks, may still be reading from it.
        logging.shutdown()
        os._exit(0 if done else 1)


def work(store: Store, settings: Settings, own: Path, task: Task, turn: int) -> bool:
    """Do the task and write down how it ended; False where it could not be done, with nothing in the ledger.

    A job that was dropped or has moved on is left alone.
    """
    job = import_desk.read(own)
    if job is None or job.turn != turn or job.state not in import_desk.WORKING:
        return True
    try:
        (_write if task == "write" else _preview)(store, settings, own, job, utc_now())
    except MonitorsError as error:
        import_desk.fail(own, turn, str(error), utc_now())
    except Exception:
        log.exception("an import failed")
        import_desk.fail(own, turn, _ODD, utc_now())
    else:
        return True
    return False


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Until nobody else's workbook is being worked on; the lock goes with the process, however it ends."""
    with (import_desk.root(settings) / _TURN).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _preview(store: Store, settings: Settings, own: Path, job: Job, now: datetime) -> None:
    book = _load(own / _CELLS)
    if not isinstance(book, Workbook):
        _tell(own, job, lambda held: replace(held, state="读取", since=now))
        book = workbook_cells.read((own / import_desk.BOOK).read_bytes(), job.file_name, settings.ledger)
        _keep(own / _CELLS, book)
    _tell(own, job, lambda held: replace(held, state="核对", since=utc_now()))
    before = _load(own / _PLAN)
    actor = _actor(store, job)
    chosen: dict[str, Any] = {"decisions": job.decisions, "trusted": job.trusted, "settings": settings, "now": now}
    with store.read() as connection:
        if isinstance(before, Plan):
            plan = workbook_plan.revised(connection, actor.scope, before, **chosen)
        else:
            plan = workbook_plan.plan(connection, actor.scope, book, **chosen)
        earlier = import_batches.same_file(connection, actor.scope, plan.sha256)
    note = f"这个文件已由{earlier.actor}于 {stamp(earlier.at)} 导入过。" if earlier and job.turn == 0 else job.note
    _publish(own, job, plan, book, note)


def _publish(own: Path, job: Job, plan: Plan, book: Workbook, note: str) -> None:
    """Leave the preview where the page finds it; then, while people look at it, the workbook of what is left out."""
    (own / import_desk.REFUSED).unlink(missing_ok=True)
    import_lines.write(own, plan)
    _keep(own / _PLAN, plan)
    counts = {str(verdict): count for verdict, count in plan.counts.items()}
    skipped = tuple((one.address, one.why) for one in plan.skipped[:_SKIPPED])
    if len(plan.skipped) > _SKIPPED:
        skipped = (*skipped, ("……", f"另有 {len(plan.skipped) - _SKIPPED} 处"))

    def ready(held: Job) -> Job:
        return replace(
            held, state="待确认", since=utc_now(), counts=counts, faults=plan.faults, notes=plan.notes, note=note,
            skipped=skipped, applied=job.decisions, believed=job.trusted,
        )  # fmt: skip

    _tell(own, job, ready)
    if any(plan.count(verdict) for verdict in workbook_refused.LEFT_OUT):
        write_file(own / import_desk.REFUSED, lambda stream: workbook_refused.write(book, plan, stream))


def _write(store: Store, settings: Settings, own: Path, job: Job, now: datetime) -> None:
    plan, actor = _load(own / _PLAN), _actor(store, job)
    if not isinstance(plan, Plan):
        raise InputError("预览已不在，请重新核对")
    try:
        result = workbook_import.apply(store, actor, plan, settings=settings, now=now)
    except ConflictError:
        # Somebody changed the ledger since: what would happen now is shown, and asked about, again.
        _preview(store, settings, own, replace(job, note=_MOVED), now)
        return
    _tell(own, job, lambda held: replace(held, state="已导入", since=utc_now(), result=result))
    for name in (import_desk.BOOK, _CELLS, _PLAN, *import_lines.FILES):
        (own / name).unlink(missing_ok=True)


_MOVED = "预览之后台账有变动，未导入任何内容；以下已按现在的台账重新核对，请再确认一次。"


def _actor(store: Store, job: Job) -> Actor:
    """Whoever asked, with the rights they have now."""
    with store.read() as connection:
        account = account_rows.get(connection, job.account_id)
    if account.disabled or account.region != job.region:
        raise InputError("您的账号已停用或换了地区，请重新登录后再上传")
    return account.actor(job.address, job.session)


def _tell(own: Path, job: Job, change: Callable[[Job], Job]) -> None:
    """Move the job on; one that was dropped or has moved on without us is left alone."""
    try:
        with import_desk.held(own):
            held = import_desk.read(own)
            if held is not None and held.turn == job.turn and held.state in import_desk.WORKING:
                import_desk.write(own, change(held))
                return
    except FileNotFoundError:
        pass
    raise InputError("这次上传已放弃")


def _keep(path: Path, value: object) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        pickle.dump(value, stream, protocol=pickle.HIGHEST_PROTOCOL)
    part.replace(path)


def _load(path: Path) -> object:
    """What ``_keep`` kept, None where nothing is or another release kept it."""
    odd = (OSError, pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError)
    with suppress(*odd), path.open("rb") as stream:
        return pickle.load(stream)  # noqa: S301 - written by ourselves into a folder nobody else can write to
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
