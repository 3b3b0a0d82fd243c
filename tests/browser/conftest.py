"""A real server on loopback and headless Chromium before it. Any request that leaves the machine fails the test.

def test_something(site, browse):
    seed.plant(site.store, ...)
    page = browse("/")                                      # as 省级管理员, settled
    page = browse("/", role=Role.COUNTY_CLERK, region="530102")
    page = browse("/login", signed=False)

Pages are closed, and looked over for stray requests and errors, at the end.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from monitors import settings as settings_module
from monitors.access import accounts, sessions
from monitors.access.roles import Role
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.tables import metadata

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 40.0
SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# Streamlit asks for two files relative to the address of a deep link and gets 404; harmless, and not ours to mend.
KNOWN_NOISE = "the server responded with a status of 404"
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


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all browser tests: starting it takes longer than most of them."""
    opened = Site(tmp_path_factory.mktemp("site"))
    opened.start()
    yield opened
    opened.kill()
    opened.store.close()


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """An empty house whose server is running; the server's log is looked over at the end."""
    running_site.empty()
    if running_site.process is None:
        running_site.start()
    before = len(running_site.log())
    yield running_site
    said = running_site.log()[before:]
    assert "Traceback" not in said, said


# Chromium's own errands (updates, sync, first run) would leave the machine and are not what the tests watch for.
QUIET = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The machine's own Chromium; nothing is downloaded. Closed with its module: Playwright occupies the event loop."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def browse(site: Site, chromium: Any) -> Iterator[Callable[..., Any]]:
    """``browse(path, role=…, region=…, width=…, height=…, dark=…, calm=…)`` signs in, opens a page, waits for it.

    ``signed=False`` for the pages before the sign-in, ``token=…`` for a sign-in made before, ``calm=False`` for a test
    that kills the server: then the browser's own complaints are expected.
    """
    contexts: list[Any] = []
    outside: list[str] = []
    errors: list[str] = []

    def opened(
        path: str = "/",
        *,
        role: Role | str = Role.ADMINISTRATOR,
        region: str = "530000",
        token: str = "",
        signed: bool = True,
        width: int = 1366,
        height: int = 768,
        dark: bool = False,
        calm: bool = True,
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        if signed:
            cookie = token or site.sign_in(Role(role), region)
            context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": site.url}])
        page = context.new_page()
        page.on("request", lambda request: None if _local(request.url, site.port) else outside.append(request.url))
        page.on("websocket", lambda socket_: None if _local(socket_.url, site.port) else outside.append(socket_.url))
        if calm:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    errors.append(said.text) if said.type == "error" and KNOWN_NOISE not in said.text else None
                ),
            )
        page.goto(site.url + path)
        if signed:
            page.wait_for_selector(SETTLED)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert outside == [], "requests left the machine"
    assert errors == [], "the browser complained"


def _local(url: str, port: int) -> bool:
    return url.startswith((f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/", "data:", "blob:", "about:"))
