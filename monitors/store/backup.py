"""Backup while everything runs: one file that holds the whole database, whichever database that is.

The file is a ZIP of two members: ``monitors.db``, a complete SQLite database, and ``manifest.json``, which says what
it holds and its digest. A SQLite store is copied with ``VACUUM INTO``, one read snapshot that stops no writer (a plain
file copy under load was corrupt in 3 of 30 trials). A PostgreSQL store is read in one REPEATABLE READ transaction and
written to the same form, so a backup needs no client tools, can be opened anywhere, and can be restored to either
database: that is also how an office moves from SQLite to PostgreSQL and back. ``monitors.store.restore`` is the way
back. The key that signs the audit trail and opens the restricted fields is never in it: it lies outside the database.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, select

from monitors.clock import local
from monitors.errors import StoreError, reason
from monitors.store.engine import BUSY_SECONDS, Store
from monitors.store.schema import head, present, upgrade
from monitors.store.tables import metadata

FORMAT = "monitors-backup"
FORMAT_VERSION = 1
DATABASE = "monitors.db"
MANIFEST = "manifest.json"
_WORK_PREFIX = ".monitors-work-"
_ROWS = 1000
_BLOCK = 1 << 20
_STALE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``created_at`` is ISO 8601 UTC, ``bytes`` and ``sha256`` are of the database inside."""

    created_at: str
    dialect: str
    revision: str
    bytes: int
    sha256: str
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup made. ``bytes`` is the size of the file."""

    path: Path
    bytes: int
    manifest: Manifest

    @property
    def words(self) -> str:
        """One line for the operator."""
        items, alerts = self.manifest.rows.get("item", 0), self.manifest.rows.get("alert", 0)
        held = f"{self.bytes / 1e6:.1f} MB，报道 {items} 篇，警情 {alerts} 条，已校验"
        return f"已备份到 {self.path}（{held}）。备份不含密钥，没有密钥就不能恢复：请将密钥文件另行妥善保管"


def backup(store: Store, file: Path, *, now: datetime) -> Backup:
    """Write a backup of ``store`` to ``file`` (or into it, where it is a folder), whole or not at all.

    The finished file is read back and its database has passed ``integrity_check`` before it takes its name.

    Raises:
        StoreError: the folder cannot be written, the disk is full, or the database is damaged.
    """
    target = file / f"monitors-{local(now):%Y%m%d-%H%M%S}.zip" if file.is_dir() else file
    with _disk_explained(target), workspace(target.parent) as work:
        copy = work / DATABASE
        if store.dialect == "sqlite":
            _copy_sqlite(store, copy)
        else:
            _copy_rows_out(store, copy)
        revision, rows = inspect_database(copy)
        manifest = Manifest(
            created_at=now.isoformat(timespec="seconds"),
            dialect=store.dialect,
            revision=revision,
            bytes=copy.stat().st_size,
            sha256=digest(copy),
            rows=rows,
        )
        packed = work / "backup.zip"
        _pack(packed, copy, manifest)
        copy.unlink()
        verify(packed)
        sync(packed)
        packed.replace(target)
        sync(target.parent)
    return Backup(target, target.stat().st_size, manifest)


def verify(file: Path) -> Manifest:
    """Read a backup through and compare it with its manifest; touches nothing else.

    Raises:
        StoreError: not a backup of ours, or damaged.
    """
    manifest = read_manifest(file)
    found = hashlib.sha256()
    for block in _database_blocks(file, manifest):
        found.update(block)
    if found.hexdigest() != manifest.sha256:
        raise StoreError(f"备份文件 {file} 已损坏：内容与清单的校验值不符，请换一份备份")
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a backup says it holds.

    Raises:
        StoreError: not a backup of ours, or made by a later release.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            held = json.loads(archive.read(MANIFEST))
        kind, version = held.pop("format"), held.pop("version")
        manifest = Manifest(**held)
    except OSError as error:
        raise StoreError(f"无法读取备份文件 {file}：{error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"{file} 不是本程序的备份文件，或已损坏") from error
    if kind != FORMAT:
        raise StoreError(f"{file} 不是本程序的备份文件")
    if version != FORMAT_VERSION:
        raise StoreError(f"备份文件 {file} 由更新的程序生成（格式 {version}），请先升级程序")
    return manifest


def unpack(file: Path, manifest: Manifest, target: Path) -> None:
    """Write the database inside a backup to ``target`` and compare its digest.

    Raises:
        StoreError: damaged, or no room on the disk.
    """
    if shutil.disk_usage(target.parent).free < manifest.bytes * 1.2:
        raise StoreError(f"磁盘空间不足：恢复需要 {manifest.bytes * 1.2 / 1e6:.0f} MB，请先清理 {target.parent}")
    found = hashlib.sha256()
    with target.open("wb") as stream:
        for block in _database_blocks(file, manifest):
            found.update(block)
            stream.write(block)
    if found.hexdigest() != manifest.sha256:
        raise StoreError(f"备份文件 {file} 已损坏：内容与清单的校验值不符，未做任何改动，请换一份备份")


def inspect_database(path: Path) -> tuple[str, dict[str, int]]:
    """Revision and row counts of a SQLite database that nobody writes.

    Raises:
        StoreError: it fails ``integrity_check`` or holds no schema of ours.
    """
    try:
        with closing(sqlite3.connect(str(path), isolation_level=None)) as raw:
            state = raw.execute("PRAGMA integrity_check").fetchone()[0]
            if state != "ok":
                raise StoreError(f"数据库完整性检查未通过（{state}），请换一份备份")
            revision = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            held = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            counted = [table.name for table in metadata.sorted_tables if table.name in held]
            rows = {name: raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in counted}  # noqa: S608 - our own table names
    except sqlite3.DatabaseError as error:
        raise StoreError(f"数据库已损坏（{error}），请换一份备份") from error
    if revision is None:
        raise StoreError("数据库没有版本号，不是本程序的数据库")
    return str(revision[0]), rows


def copy_rows(source: Connection, sink: Connection, tables: Iterable[Table]) -> None:
    """Copy whole tables, parents first, through their declared types."""
    for table in tables:
        rows = source.execution_options(yield_per=_ROWS).execute(select(table))
        for part in rows.mappings().partitions(_ROWS):
            sink.execute(table.insert(), [dict(row) for row in part])


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A private folder inside ``folder`` (same disk, so that a rename is one step); removed at the end.

    What a killed run left behind is removed here a day later.
    """
    with suppress(OSError):
        for left in folder.glob(f"{_WORK_PREFIX}*"):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=folder))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def single_file(path: Path) -> None:
    """Fold the write-ahead log of a database nobody else has open into its one file."""
    with closing(sqlite3.connect(str(path), isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")


def _copy_sqlite(store: Store, target: Path) -> None:
    try:
        with closing(sqlite3.connect(str(store.path), timeout=BUSY_SECONDS, isolation_level=None)) as raw:
            raw.execute("PRAGMA wal_autocheckpoint = 0")
            raw.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.DatabaseError as error:
        words = str(error).lower()
        if "full" in words:
            raise StoreError(f"磁盘已满，未生成备份；请清理 {target.parent.parent} 或换一个位置") from error
        if "malformed" in words or "not a database" in words:
            raise StoreError("数据库文件已损坏，无法备份；请用最近的备份恢复（python -m monitors restore）") from error
        raise StoreError(f"备份未完成：{error}；请稍后再试") from error


def _copy_rows_out(store: Store, target: Path) -> None:
    if present(store) != head():
        raise StoreError("数据库不是本程序的版本，请先启动一次程序完成升级再备份")
    copy = Store(f"sqlite:///{target}")
    try:
        upgrade(copy)
        with (
            store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as source,
            copy.write() as sink,
        ):
            for table in reversed(metadata.sorted_tables):
                sink.execute(table.delete())
            copy_rows(source, sink, metadata.sorted_tables)
    finally:
        copy.close()
    single_file(target)


def _pack(packed: Path, database: Path, manifest: Manifest) -> None:
    descriptor = os.open(packed, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        described = {"format": FORMAT, "version": FORMAT_VERSION, **asdict(manifest)}
        archive.writestr(MANIFEST, json.dumps(described, ensure_ascii=False, indent=1))
        archive.write(database, DATABASE)


def _database_blocks(file: Path, manifest: Manifest) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(DATABASE).file_size != manifest.bytes:
                raise StoreError(f"备份文件 {file} 已损坏：数据库大小与清单不符，请换一份备份")
            with archive.open(DATABASE) as stream:
                read: Callable[[], bytes] = lambda: stream.read(_BLOCK)  # noqa: E731 - iter() wants a callable
                yield from iter(read, b"")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, EOFError) as error:
        raise StoreError(f"备份文件 {file} 已损坏，请换一份备份") from error
    except OSError as error:
        raise StoreError(f"无法读取备份文件 {file}：{error.strerror or error}") from error


@contextmanager
def _disk_explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"无法写入备份 {target}：{reason(error)}") from error
