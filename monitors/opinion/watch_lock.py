"""One watch at a time on one SQLite file: the lock that says so."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from monitors.errors import StoreError, reason
from monitors.settings import Settings
from monitors.store.engine import Store


class watch_lock:  # noqa: N801 - used as a context manager, read as one
    """The lock that lets one watch at a time run on a SQLite file of this machine; on PostgreSQL always ours.

    Entering raises StoreError where the folder cannot be written to. ``exclusive`` says whether holding it proves that
    no other watch lives, so that leases left behind may be freed.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.exclusive = store.dialect == "sqlite"
        self._path = Path(f"{store.path}.watch") if store.path else settings.data_dir / "watch"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        if self.exclusive:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise StoreError(f"无法写入数据目录 {self._path.parent}：{reason(error)}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def acquire(self) -> bool:
        """Try to take the lock; the kernel gives it back when the process dies, however it dies."""
        if self._descriptor is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
