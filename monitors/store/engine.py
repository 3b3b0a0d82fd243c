"""The database engine: opening, short reads, serialised writes, data versions. Contains no business logic.

SQLite runs in WAL with ``BEGIN IMMEDIATE``, ``synchronous=FULL`` and a 10 s busy time-out: measured with no lock error
under one poller, twenty readers and three writers, and the only setting that lost nothing at a simulated power cut.
The SQLite that Python links here may carry the WAL-reset fault (3.7.0–3.51.2), in which a checkpoint racing a writer
can damage the file; so connections never checkpoint by themselves, every write holds a shared file lock, and
``checkpoint`` alone takes it exclusively.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from monitors.errors import StoreError, reason
from monitors.store.tables import VERSIONED

BUSY_SECONDS = 10.0
_QUIET_SECONDS = 0.2  # how long a checkpoint waits for writers to pause: it can always come again
_HEADER = b"SQLite format 3\x00"
# Files (device, inode) this process has looked at or connected to. Closing a file of one's own drops every lock the
# process holds on it, SQLite's too: another process would then take itself for the last one and delete the log.
_KNOWN_FILES: set[tuple[int, int]] = set()


def address(url: str) -> URL:
    """The parts of a database's address.

    Raises:
        StoreError: it is none. Without the cause, whose words may hold the address, and the address a password.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("DATABASE_URL 格式不对，应如 postgresql+psycopg://用户:密码@主机:5432/库名") from None


class _BusyError(StoreError):
    """Somebody else holds the file lock."""


class Store:
    """One database. ``read()`` for short snapshots, ``write()`` for one all-or-nothing transaction."""

    def __init__(self, url: str) -> None:
        """Open without creating tables; see ``monitors.store.schema.upgrade``.

        Raises:
            StoreError: the SQLite file exists but is empty or is not a database (never silently replaced), its folder
                cannot be used, or the address is not one of a database.
        """
        self.url = address(url)
        self.dialect = self.url.get_backend_name()
        self.path: Path | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the file we have open
        self._local = threading.local()
        if self.dialect == "sqlite":
            if not self.url.database or self.url.database == ":memory:":
                raise StoreError("数据库须是磁盘上的文件，不支持内存数据库")
            self.path = Path(self.url.database)
            try:
                self._refuse_damaged_file(self.path)
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # complaints are nobody else's to read
            except OSError as error:
                raise StoreError(f"无法使用数据目录 {self.path.parent}：{reason(error)}") from error
            # Values stay out of the words of an error: they go into the log, and a password's digest is one of them.
            self.engine = create_engine(
                self.url,
                connect_args={"timeout": BUSY_SECONDS},
                pool_size=8,
                max_overflow=24,
                hide_parameters=True,
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "connect", self._know_file)
            event.listen(self.engine, "begin", self._begin_sqlite)
        else:
            # A process frozen inside a transaction must not hold its locks for ever, nor a waiter wait for ever.
            limits = {
                "lock_timeout": f"{BUSY_SECONDS:.0f}s",
                "idle_in_transaction_session_timeout": "15s",
                "timezone": "UTC",
            }
            options = " ".join(f"-c {name}={value}" for name, value in limits.items())
            # A server that vanished without a word is noticed in half a minute, not when the kernel gives up.
            patience = {"connect_timeout": int(BUSY_SECONDS), "tcp_user_timeout": 30_000, "keepalives_idle": 20}
            try:
                self.engine = create_engine(
                    self.url,
                    pool_size=8,
                    max_overflow=24,
                    pool_pre_ping=True,
                    hide_parameters=True,
                    connect_args={"options": options, **patience},
                )
            except (ImportError, NoSuchModuleError):
                kind = self.url.drivername
                raise StoreError(f"不支持数据库类型 {kind}，DATABASE_URL 应以 postgresql+psycopg:// 开头") from None

    @staticmethod
    def _refuse_damaged_file(path: Path) -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            return
        head = b""
        if found.st_size:
            if (found.st_dev, found.st_ino) in _KNOWN_FILES:
                return
            with path.open("rb") as file:
                head = file.read(len(_HEADER))
        if head != _HEADER:
            state = "是空文件" if not head else "不是 SQLite 数据库"
            raise StoreError(f"数据库文件 {path} {state}，未启动；请用备份恢复，或确认无用后移走该文件")
        _KNOWN_FILES.add((found.st_dev, found.st_ino))

    def _know_file(self, *_: object) -> None:
        """A connection has been made: from here on nobody in this process may open and close the file beside it."""
        if self.path is not None:
            found = self.path.stat()
            _KNOWN_FILES.add((found.st_dev, found.st_ino))

    def _follow_file(self) -> None:
        """Notice that a restore, or a person, put another file in the place of ours; the old one is read by nobody."""
        if self.path is None:
            return
        try:
            found = self.path.stat()
        except FileNotFoundError:
            if self._file is None:
                return  # new: the first connection makes it
            raise StoreError(f"数据库文件 {self.path} 不见了，未读写；请放回原处，或用备份恢复") from None
        except OSError as error:
            raise StoreError(f"无法读取数据库文件 {self.path}：{reason(error)}") from error
        identity = found.st_dev, found.st_ino
        if self._file not in (None, identity):
            self.engine.dispose()
        self._file = identity

    def _begin_sqlite(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if getattr(self._local, "writing", False) else "BEGIN")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent snapshot; keep it short, readers hold checkpoints back."""
        self._follow_file()
        with _explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed whole at the end of the block, or not at all.

        Raises:
            StoreError: the database stayed locked for 10 s, is read-only, full or damaged.
        """
        with _explained():
            if self.dialect != "sqlite":
                with self.engine.begin() as connection:
                    yield connection
                return
            with self._file_lock(fcntl.LOCK_SH, BUSY_SECONDS):
                self._follow_file()
                self._local.writing = True
                try:
                    with self.engine.begin() as connection:
                        self._local.writing = False
                        yield connection
                finally:
                    self._local.writing = False

    @contextmanager
    def _file_lock(self, mode: int, seconds: float) -> Iterator[None]:
        # A descriptor of its own per holder: flock belongs to the open file, and threads share ours.
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"无法写入数据目录 {Path(f'{self.path}').parent}：{reason(error)}") from error
        try:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise _BusyError("数据库正忙，10 秒内未能写入，请稍后再试") from None
                    time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)

    def checkpoint(self) -> int:
        """Fold the write-ahead log back into the database file, unless somebody is writing at this moment.

        Returns the log's bytes afterwards. Call it often: it gives way at once rather than make a writer wait.

        Raises:
            StoreError: the disk is full or the file damaged.
        """
        if self.dialect != "sqlite":
            return 0
        with suppress(_BusyError), self._file_lock(fcntl.LOCK_EX, _QUIET_SECONDS):
            raw = sqlite3.connect(str(self.path), timeout=0.1, isolation_level=None)
            try:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                if "locked" not in str(error):
                    raise _in_words(str(error)) or StoreError(f"数据库日志未能合并：{error}") from error
            finally:
                raw.close()
        log = Path(f"{self.path}-wal")
        return log.stat().st_size if log.exists() else 0

    def versions(self, *tables: str) -> tuple[str, ...]:
        """Data versions of ``tables`` (all versioned ones where none is named): equal means nothing has changed."""
        names = tables or VERSIONED
        with self.read() as connection:
            found = connection.execute(text("SELECT t, v FROM data_version")).all()
        rows = {str(name): str(value) for name, value in found}
        return tuple(rows.get(name, "0") for name in names)

    def close(self) -> None:
        """Give every connection back; a closed store may not be used again."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would commit around DDL and start deferred; ``begin`` above does it.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}").close()


_REASONS = {
    "lock timeout": "数据库正忙，10 秒内未能完成，请稍后再试",
    "deadlock detected": "数据库正忙（两处写入互等），本次未写入，请稍后再试",
    "idle-in-transaction": "数据库连接因停顿过久被断开，本次未写入",
    "locked": "数据库正忙，10 秒内未能完成，请稍后再试",
    "readonly": "数据库为只读，无法写入，请检查磁盘权限",
    "disk is full": "磁盘已满，无法写入；已有数据仍可查看，请尽快清理磁盘",
    "disk i/o error": "数据库文件读写出错，请检查磁盘是否已满或损坏",
    "malformed": "数据库文件已损坏，已停止写入；请用最近的备份恢复（python -m monitors restore）",
    "not a database": "数据库文件不是 SQLite 数据库或已损坏，未读写；请用最近的备份恢复（python -m monitors restore）",
    "unable to open": "无法打开数据库文件，请检查路径与权限",
    "password authentication failed": "数据库服务器拒绝登录，请检查 DATABASE_URL 中的用户名与密码",
    "no space left": "数据库服务器磁盘已满，无法写入；已有数据仍可查看，请尽快清理磁盘",
}
_NO_SERVER = "无法连接数据库服务器，请检查 DATABASE_URL 与网络"


def _in_words(message: str) -> StoreError | None:
    """The failure as the sentence an operator can act on; None where we do not know it."""
    lower = message.lower()
    return next((StoreError(sentence) for needle, sentence in _REASONS.items() if needle in lower), None)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the driver's failures into StoreError; mistakes of our own (a missing table, a broken rule) pass."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreError("数据库连接已用尽，请稍后再试") from error
    except DBAPIError as error:
        message = str(error.orig)
        lost = error.connection_invalidated or isinstance(error, InterfaceError)
        of_the_file = isinstance(error, OperationalError) or "malformed" in message or "not a database" in message
        if of_the_file and (known := _in_words(message)):
            raise known from error
        if lost or (isinstance(error, OperationalError) and "connect" in message.lower()):
            raise StoreError(_NO_SERVER) from error
        raise
