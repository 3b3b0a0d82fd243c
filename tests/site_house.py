"""The whole product on loopback for the tests: the real server behind its gate, without the watch, in its own folder.

with served(Site(folder)) as running:      # once for many tests: starting it takes longer than most of them
    with emptied(running) as site: ...     # each test: an empty house, whose log is looked over at the end
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import delete

from monitors import settings as settings_module
from monitors.access import accounts, sessions
from monitors.access.roles import Role
from monitors.settings import ROOT
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.tables import metadata

START_SECONDS = 40.0
SCRAPER = "scrape-the-gauges-0123456789"
KEY = base64.b64encode(b"tests only".ljust(32, b".")).decode()  # as in tests/conftest.py: test and server share a trail
KEPT = (t.audit, t.audit_head)  # the database refuses to let go of these


class Site:
    """One server with a data folder of its own. ``store`` is the tests' way into its database."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.store = Store(f"sqlite:///{data / 'monitors.db'}")
        upgrade(self.store)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """The server's: its own folder, the project's settings without sources and without the watch."""
        config = self.data / "config.toml"
        text = (ROOT / "config.toml").read_text(encoding="utf-8").partition("# ── Sources")[0]
        config.write_text(re.sub(r"(?m)^embedded = true", "embedded = false", text), encoding="utf-8")
        found = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        own = {"MONITORS_DATA": str(self.data), "MONITORS_CONFIG": str(config), "MONITORS_KEY": KEY}
        return found | own | {"FORWARDED_ALLOW_IPS": ""}  # as ./run does: the gate alone judges proxies

    def start(self) -> None:
        """Start the server behind its gate (without the watch, which would go out to the sources) and await it."""
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        pytest.fail(f"the server did not start:\n{self.log()}")

    def log(self) -> str:
        return (self.data / "server.log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """SIGKILL: what a power cut looks like to the browser."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def empty(self) -> None:
        """Take everything out of the database; the data versions move on, so the pages' caches follow."""
        with self.store.write() as connection:
            connection.exec_driver_sql("INSERT INTO item_fts (item_fts) VALUES ('delete-all')")
            for table in reversed(metadata.sorted_tables):
                if table is t.meta:
                    connection.execute(delete(table).where(t.meta.c.key != "key_mark"))
                elif table not in KEPT:
                    connection.execute(delete(table))

    def sign_in(self, role: Role = Role.ADMINISTRATOR, region: str = "530000", name: str = "") -> str:
        """A sign-in of somebody with this role, made on the first asking; returns the token for the cookie."""
        name = name or f"{role.name.lower()}-{region}"
        now = datetime.now(UTC)
        settings = settings_module.load(environ={})
        with self.store.write() as connection:
            found = accounts.by_name(connection, name)
            if found is None:
                account_id = accounts.create(
                    connection, name=name, display=f"测试·{role}", role=role, region=region,
                    password=None, must_change=False, now=now,
                )  # fmt: skip
                found = accounts.get(connection, account_id)
            return sessions.mint(
                connection, found, settings=settings, now=now, address="127.0.0.1", agent="browser test"
            )


class Guarded(Site):
    """A server whose gauges a monitoring system may read with ``SCRAPER``."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"MONITORS_METRICS_TOKEN": SCRAPER}


House = TypeVar("House", bound=Site)


@contextmanager
def served(opened: House) -> Iterator[House]:
    """The server from its start to its end."""
    opened.start()
    try:
        yield opened
    finally:
        opened.kill()
        opened.store.close()


@contextmanager
def emptied(running: House) -> Iterator[House]:
    """An empty house whose server is running; what it logged meanwhile may hold no stack trace."""
    running.empty()
    if running.process is None:
        running.start()
    before = len(running.log())
    yield running
    said = running.log()[before:]
    assert "Traceback" not in said, said
