"""A real server on loopback and headless Chromium before it. Any request that leaves the machine fails the test.

def test_something(site, browse):
    seed.plant(site.store, ...)
    page = browse("/")                                      # as 省级管理员, settled
    page = browse("/", role=Role.COUNTY_CLERK, region="530102")
    page = browse("/login", signed=False)

Pages are closed, and looked over for stray requests and errors, at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitors.access import sessions
from monitors.access.roles import Role
from tests.site_house import Site, emptied, served

SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# Streamlit asks for two files relative to the address of a deep link and gets 404; harmless, and not ours to mend.
KNOWN_NOISE = "the server responded with a status of 404"


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all browser tests: starting it takes longer than most of them."""
    with served(Site(tmp_path_factory.mktemp("site"))) as opened:
        yield opened


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """An empty house whose server is running; the server's log is looked over at the end."""
    with emptied(running_site) as opened:
        yield opened


def still(page: Any, place: Any) -> Any:
    """``place`` once it has not moved for 0.4 s: Playwright is content with two frames; an expander slides for longer.

    A press that begins on a button and ends beside it is no click.
    """
    place.scroll_into_view_if_needed()
    before, calm = place.bounding_box(), 0
    for _ in range(100):
        page.wait_for_timeout(100)
        now = place.bounding_box()
        calm = calm + 1 if now == before else 0
        before = now
        if calm == 4:
            return place
    raise AssertionError("never stands still")


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
    sync_api.expect.set_options(timeout=15_000)  # two cores, three workers: five seconds are not always enough
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
