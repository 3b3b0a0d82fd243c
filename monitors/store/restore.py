"""Restoring a backup: checked first, put in place in one step, what it replaces kept aside.

Nothing of the present database is touched before the backup has been unpacked beside it, compared with its digest,
checked and brought to this release's schema. Broken off at any instant, the old database or the new one is there.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, func, make_url, select, text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from monitors.clock import local, stamp
from monitors.errors import StoreError
from monitors.store import tables as t
from monitors.store.backup import (
    Manifest,
    backup,
    copy_rows,
    inspect_database,
    read_manifest,
    single_file,
    sync,
    unpack,
    workspace,
)
from monitors.store.engine import BUSY_SECONDS, Store
from monitors.store.schema import upgrade
from monitors.store.search_index import ensure
from monitors.store.tables import metadata


class _Watch(Protocol):
    @property
    def heartbeat_red_seconds(self) -> int: ...


class Deployment(Protocol):
    """What a restore has to know of ``monitors.settings.Settings``, which this room may not import."""

    @property
    def database_url(self) -> str: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def watch(self) -> _Watch: ...


Admit = Callable[[Connection, Manifest], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore done. ``kept``: where the replaced database is, None where there was none."""

    manifest: Manifest
    kept: Path | None
    indexed: int

    @property
    def words(self) -> str:
        """What happened and what to do next, for the operator."""
        made = stamp(datetime.fromisoformat(self.manifest.created_at))
        kept = f"原数据库保留在 {self.kept}。" if self.kept else ""
        found = f"报道 {self.manifest.rows.get('item', 0)} 篇"
        signed = "所有人须重新登录；备份之后停用的账号、改过的密码也回到备份时的样子，请核对账号。"
        return f"已恢复 {made} 的备份（{found}）。{kept}{signed}请重新启动服务。"


def restore(settings: Deployment, file: Path, *, now: datetime, admit: Admit, force: bool = False) -> Restored:
    """Put the database in ``file`` in the place of the present one. The page server must be started anew afterwards.

    ``admit`` is given the unpacked database, at this release's schema, in a transaction before it takes its place:
    there the rooms above this one refuse it or write down that it was restored.

    Raises:
        StoreError: the watch or a page still uses the database and ``force`` was not given; the backup is damaged or
            made by a newer release; ``admit`` refused it; no room on the disk. The present database is then unchanged.
    """
    manifest = read_manifest(file)
    if not force:
        _refuse_while_watched(settings, now)
    url = make_url(settings.database_url)
    live = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    folder = live.parent if live else settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder) as work:
        fresh = work / "restored.db"
        unpack(file, manifest, fresh)
        inspect_database(fresh)
        indexed = _bring_up(fresh, manifest, admit, whole=live is not None)
        if live:
            kept = _replace_file(live, fresh, now, force=force)
        else:
            kept, indexed = _replace_rows(settings, fresh, now)
    return Restored(manifest, kept, indexed)


def _refuse_while_watched(settings: Deployment, now: datetime) -> None:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    try:
        store = Store(settings.database_url)
    except StoreError:
        return  # damaged: nobody can be watching with it, and it is what the restore is for
    try:
        with store.read() as connection:
            beat = connection.scalar(select(func.max(t.heartbeat.c.at)))
    except (StoreError, SQLAlchemyError) as error:
        if store.dialect == "sqlite" or "heartbeat" in str(error):
            return  # damaged, or a new server without tables
        raise
    finally:
        store.close()
    if beat is not None and abs((now - beat).total_seconds()) <= settings.watch.heartbeat_red_seconds:
        raise StoreError("值守仍在运行，未恢复。请先停止服务（值守与页面），再恢复；确知无碍时可加 --force")


def _bring_up(path: Path, manifest: Manifest, admit: Admit, *, whole: bool) -> int:
    """Bring an unpacked database to this release: schema, and for SQLite its search index too."""
    store = Store(f"sqlite:///{path}")
    try:
        upgrade(store)
        with store.write() as connection:
            admit(connection, manifest)
        indexed = ensure(store) if whole else 0
    finally:
        store.close()
    single_file(path)
    sync(path)
    return indexed


def _replace_file(live: Path, fresh: Path, now: datetime, *, force: bool) -> Path | None:
    stamp = f"{local(now):%Y%m%d-%H%M%S}"
    fresh.chmod(0o600)
    with _writers_held_off(live):
        if not live.exists():
            fresh.replace(live)
            sync(live.parent)
            return None
        _release(live, force=force)
        kept = _unused(live.with_name(f"{live.stem}-replaced-{stamp}{live.suffix}"))
        for ending in ("-wal", "-shm"):
            # Left behind, the old log would be read into the new database.
            with suppress(FileNotFoundError):
                Path(f"{live}{ending}").rename(f"{kept}{ending}")
        try:
            os.link(live, kept)  # the old file under its new name first: at no instant is there no database
        except OSError:
            live.rename(kept)
        fresh.replace(live)
        sync(live.parent)
    return kept


def _release(live: Path, *, force: bool) -> None:
    """Make sure nobody has the present file open, and fold its log into it."""
    try:
        with closing(sqlite3.connect(str(live), timeout=1.0, isolation_level=None)) as raw:
            # Leaving WAL needs the file alone: an open page server or watch makes this fail, even when idle.
            raw.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if not force and "locked" in str(error).lower():
            raise StoreError(
                "仍有程序（页面或值守）在使用数据库，未恢复。请先停止服务再恢复；确知无碍时可加 --force"
            ) from error
    except sqlite3.DatabaseError:
        return  # damaged: kept aside as it is


@contextmanager
def _writers_held_off(live: Path) -> Iterator[None]:
    # The lock every writer of ``Store`` takes shared.
    descriptor = os.open(f"{live}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise StoreError("数据库正在写入，10 秒内未能停下，未恢复，请稍后再试") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _unused(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def _replace_rows(settings: Deployment, fresh: Path, now: datetime) -> tuple[Path | None, int]:
    """PostgreSQL: all rows exchanged in one transaction, the replaced ones kept as a backup file."""
    store = Store(settings.database_url)
    origin = Store(f"sqlite:///{fresh}")
    try:
        upgrade(store)
        kept = None
        if _holds_rows(store):
            kept = _unused(settings.data_dir / f"replaced-{local(now):%Y%m%d-%H%M%S}.zip")
            backup(store, kept, now=now)
        with origin.read() as source, store.write() as sink:
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            _lift_guard(sink)
            sink.execute(text(f"TRUNCATE item_fts, {names}"))
            sink.execute(text("ALTER TABLE audit ENABLE TRIGGER audit_no_change"))
            copy_rows(source, sink, metadata.sorted_tables)
            _continue_numbers(sink)
        return kept, ensure(store)
    finally:
        origin.close()
        store.close()


def _lift_guard(sink: Connection) -> None:
    """Let this transaction empty the audit trail, which refuses even that; nobody else sees it lifted."""
    try:
        sink.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_no_change"))
    except ProgrammingError as error:
        raise StoreError(
            "数据库账户不是数据表的所有者，未恢复；请把 DATABASE_URL 换成建表账户再运行恢复，恢复后换回"
        ) from error


def _holds_rows(store: Store) -> bool:
    with store.read() as connection:
        # A new database already holds the head of its empty trail: nothing to keep.
        counted = [table for table in metadata.sorted_tables if table is not t.audit_head]
        return any(connection.execute(select(table).limit(1)).first() for table in counted)


def _continue_numbers(sink: Connection) -> None:
    """New rows get ids after the restored ones."""
    for table in metadata.sorted_tables:
        if "id" not in table.c or table.c.id.type.python_type is not int:
            continue
        sink.execute(
            text(
                f'SELECT setval(seq, (SELECT max(id) FROM "{table.name}")) '  # noqa: S608 - our own table names
                f"FROM pg_get_serial_sequence('{table.name}', 'id') AS seq "
                f'WHERE seq IS NOT NULL AND EXISTS (SELECT 1 FROM "{table.name}")'
            )
        )
