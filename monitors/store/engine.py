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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from monitors.errors import StoreError
from monitors.store.tables import VERSIONED

BUSY_SECONDS = 10.0
_HEADER = b"SQLite format 3\x00"


class Store:
    """One database. ``read()`` for short snapshots, ``write()`` for one all-or-nothing transaction."""

    def __init__(self, url: str) -> None:
        """Open without creating tables; see ``monitors.store.schema.upgrade``.

        Raises:
            StoreError: the SQLite file exists but is empty or is not a database (never silently replaced).
        """
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        self.path: Path | None = None
        self._local = threading.local()
        if self.dialect == "sqlite":
            if not self.url.database or self.url.database == ":memory:":
                raise StoreError("数据库须是磁盘上的文件，不支持内存数据库")
            self.path = Path(self.url.database)
            self._refuse_damaged_file(self.path)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # complaints are nobody else's to read
            self.engine = create_engine(self.url, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=24)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", self._begin_sqlite)
        else:
            # A process frozen inside a transaction must not hold its locks for ever, nor a waiter wait for ever.
            limits = {
                "lock_timeout": f"{BUSY_SECONDS:.0f}s",
                "idle_in_transaction_session_timeout": "15s",
                "timezone": "UTC",
            }
            options = " ".join(f"-c {name}={value}" for name, value in limits.items())
            self.engine = create_engine(
                self.url, pool_size=8, max_overflow=24, pool_pre_ping=True, connect_args={"options": options}
            )

    @staticmethod
    def _refuse_damaged_file(path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            head = file.read(len(_HEADER))
        if head != _HEADER:
            state = "是空文件" if not head else "不是 SQLite 数据库"
            raise StoreError(f"数据库文件 {path} {state}，未启动；请用备份恢复，或确认无用后移走该文件")

    def _begin_sqlite(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if getattr(self._local, "writing", False) else "BEGIN")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent snapshot; keep it short, readers hold checkpoints back."""
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
        descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise StoreError("数据库正忙，10 秒内未能写入，请稍后再试") from None
                    time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)

    def checkpoint(self) -> int:
        """Fold the write-ahead log back into the database file; call when quiet. Returns its bytes afterwards."""
        if self.dialect != "sqlite":
            return 0
        with self._file_lock(fcntl.LOCK_EX, BUSY_SECONDS):
            raw = sqlite3.connect(str(self.path), timeout=0.1, isolation_level=None)
            try:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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

    def ping(self) -> None:
        """One trivial query, for health checks."""
        with self.read() as connection:
            connection.execute(select(1))

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
    "idle-in-transaction": "数据库连接因停顿过久被断开，本次未写入",
    "locked": "数据库正忙，10 秒内未能完成，请稍后再试",
    "readonly": "数据库为只读，无法写入，请检查磁盘权限",
    "disk is full": "磁盘已满，无法写入；已有数据仍可查看，请尽快清理磁盘",
    "malformed": "数据库文件已损坏，已停止写入；请用最近的备份恢复（python -m monitors restore）",
    "not a database": "数据库文件已损坏，已停止写入；请用最近的备份恢复（python -m monitors restore）",
    "unable to open": "无法打开数据库文件，请检查路径与权限",
}


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the driver's failures into the Chinese sentence an operator can act on; other errors pass."""
    try:
        yield
    except OperationalError as error:
        message = str(error.orig).lower()
        for needle, sentence in _REASONS.items():
            if needle in message:
                raise StoreError(sentence) from error
        if error.connection_invalidated or "connect" in message:
            raise StoreError("无法连接数据库服务器，请检查 DATABASE_URL 与网络") from error
        raise
    except DBAPIError as error:
        if "malformed" in str(error.orig).lower():
            raise StoreError(_REASONS["malformed"]) from error
        raise
