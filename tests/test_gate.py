"""The gate as an outsider meets it: the real server on loopback, over HTTP and WebSocket, with every false paper.

The server is the whole product (``streamlit run app.py``) without the watch; ``Tab`` speaks Streamlit's own protocol.
"""

from __future__ import annotations

import concurrent.futures
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from monitors import settings as settings_module
from monitors.access import sessions
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.site_house import SCRAPER, Guarded, Site, emptied, served

SETTINGS = settings_module.load(environ={})
HTML = {"Accept": "text/html"}
COUNTY = (Role.COUNTY_CLERK, "530102")


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Guarded]:
    with served(Guarded(tmp_path_factory.mktemp("gate"))) as opened:
        yield opened


@pytest.fixture
def site(running: Guarded) -> Iterator[Guarded]:
    with emptied(running) as opened:
        yield opened


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{sessions.COOKIE}={token}"} if token else {}


def get(site: Site, path: str, token: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(site.url + path, headers=cookie(token) | named)


def session_row(site: Site, token: str, **values: object) -> None:
    with site.store.write() as connection:
        held = t.session.c.token_hash == sessions.token_hash(token)
        connection.execute(update(t.session).where(held).values(**values))


class Tab:
    """One browser tab, spoken by hand."""

    def __init__(self, site: Site, token: str, *, session: str = "", origin: str | None = "", **headers: str) -> None:
        self.socket = connect(
            site.url.replace("http", "ws", 1) + "/_stcore/stream",
            origin=site.url if origin == "" else origin,
            subprotocols=["streamlit", "none", *([session] if session else [])],
            additional_headers=cookie(token) | {name.replace("_", "-"): value for name, value in headers.items()},
            max_size=None,
        )

    def run(self) -> bytes:
        """Run the page once; returns everything it sent."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        self.socket.send(message.SerializeToString())
        sent = b""
        while True:
            payload = self.socket.recv(timeout=30)
            sent += payload
            found = ForwardMsg.FromString(payload)
            if found.WhichOneof("type") == "new_session":
                self.session = found.new_session.initialize.session_id
            if found.WhichOneof("type") == "script_finished":
                return sent

    def until_closed(self, *, talking: bool = False) -> int:
        """Wait for the server to hang up, silent or clicking on; returns the close code."""
        message = BackMsg()
        message.app_heartbeat = True
        while True:
            try:
                if talking:
                    self.socket.send(message.SerializeToString())
                self.socket.recv(timeout=0.5 if talking else 30)
            except TimeoutError:
                assert talking, "the server never hung up"
            except ConnectionClosed as closed:
                return closed.rcvd.code

    def close(self) -> None:
        self.socket.close()


# ── false papers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def no_paper(_site: Site) -> dict[str, str]:
    return {}


def forged_cookie(_site: Site) -> dict[str, str]:
    return cookie("Zm9yZ2VkLWZvcmdlZC1mb3JnZWQtZm9yZ2VkLWZvcmdlZA")


def monstrous_cookie(_site: Site) -> dict[str, str]:
    return cookie("x" * 5000)


def digest_as_cookie(site: Site) -> dict[str, str]:
    """What a thief of the database has."""
    return cookie(sessions.token_hash(site.sign_in()))


def forged_headers(site: Site) -> dict[str, str]:
    token = site.sign_in()
    return {
        "X-Monitors-Account": "1",
        "X-Monitors-Session": sessions.token_hash(token)[:12],
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-User": "administrator",
        "Authorization": "Bearer " + token,
    }


def expired(site: Site) -> dict[str, str]:
    token = site.sign_in()
    session_row(site, token, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    return cookie(token)


def idle(site: Site) -> dict[str, str]:
    token = site.sign_in()
    session_row(site, token, seen_at=datetime.now(UTC) - timedelta(minutes=SETTINGS.session.idle_minutes, seconds=1))
    return cookie(token)


def revoked(site: Site) -> dict[str, str]:
    token = site.sign_in()
    session_row(site, token, ended_at=datetime.now(UTC), ended_why="管理员结束")
    return cookie(token)


def disabled(site: Site) -> dict[str, str]:
    token = site.sign_in()
    with site.store.write() as connection:
        connection.execute(update(t.account).values(disabled=True))
    return cookie(token)


PAPERS = (
    no_paper, forged_cookie, monstrous_cookie, digest_as_cookie, forged_headers, expired, idle, revoked, disabled
)  # fmt: skip
papers = pytest.mark.parametrize("paper", PAPERS, ids=lambda made: made.__name__)


def addresses(site: Site) -> list[str]:
    """Every kind of address the server has; a real file of Streamlit's among them."""
    page = get(site, "/", site.sign_in(name="somebody"), **HTML).text
    asset = re.search(r'src="\.(/static/js/index[^"]+)"', page).group(1)
    return [
        "/", "/?story=1", "/duty", "/search?q=%E5%B7%A5%E5%9C%B0", "/sources", "/people", "/index.html", "/favicon.png",
        asset, "/manifest.json", "/static/../app.py", "/media/deadbeef.xlsx", "/_stcore/host-config", "/_stcore/stream",
        "/_stcore/bidi-components/monitors/x.js", "/_stcore/upload_file/a/b", "/component/x/index.html",
        "/app/static/x",
        "/metrics", "/password", "/login/", "/login/../duty", "/LOGIN", "/healthz/", "/sso/login", "/sso/callback",
        "/logout",
        "//login", "/%2e%2e/login/style.css/..",
    ]  # fmt: skip


@papers
def test_no_address_answers_to_a_false_paper(site, paper):
    held = paper(site)
    for path in addresses(site):
        words = httpx.get(site.url + path, headers=held)
        assert words.status_code == 401, (path, words.status_code)
        assert words.text == "请先登录。\n"
        opened = httpx.get(site.url + path, headers=held | HTML)
        assert opened.status_code == 303, path
        assert opened.headers["location"].partition("?")[0] == "/login"
        assert opened.content == b""


@papers
def test_no_socket_opens_to_a_false_paper(site, paper):
    with pytest.raises(InvalidStatus) as refused:
        Tab(site, "", **paper(site))
    assert refused.value.response.status_code == 403


@papers
def test_nothing_is_written_with_a_false_paper(site, paper):
    held = paper(site) | {"Origin": site.url}
    for method, path in (
        ("PUT", "/_stcore/upload_file/a/b"),
        ("DELETE", "/_stcore/upload_file/a/b"),
        ("POST", "/password"),
    ):
        assert httpx.request(method, site.url + path, headers=held, content=b"x").status_code == 401, path
    assert httpx.post(site.url + "/duty", headers=held).status_code == 405


@papers
def test_an_outsider_learns_from_the_health_check_only_whether(site, paper):
    held = paper(site)
    outside = httpx.get(site.url + "/healthz", headers=held)
    assert outside.json() == {"ok": False}, "the watch does not run here"
    assert outside.status_code == 503
    whole = get(site, "/healthz", site.sign_in(name="insider")).json()
    assert {"watch", "database", "message"} <= set(whole)


def test_the_same_addresses_answer_to_a_true_one(site):
    """Else the tests above would pass with the server broken."""
    token = site.sign_in()
    found = {path: get(site, path, token, **HTML).status_code for path in addresses(site)}
    assert (
        found["/"] == found["/search?q=%E5%B7%A5%E5%9C%B0"] == found["/_stcore/host-config"] == found["/metrics"] == 200
    )
    assert found["/media/deadbeef.xlsx"] == 404
    assert 401 not in found.values()
    tab = Tab(site, token)
    assert b"admin" in tab.run()
    tab.close()


def test_what_nobody_needs_is_shut_for_everybody(site):
    token = site.sign_in()
    for path in (
        "/_stcore/agent/interact", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json", "/_stcore/metrics",
        "/_stcore/script-health-check", "/auth/login", "/auth/logout", "/oauth2callback",
    ):  # fmt: skip
        assert get(site, path, token).status_code == 404, path
        assert httpx.post(site.url + path, headers=cookie(token) | {"Origin": site.url}).status_code == 404, path


def test_the_open_doors_are_these(site):
    for path in ("/login", "/login/style.css", "/setup", "/_stcore/health"):
        assert get(site, path).status_code == 200, path
    assert get(site, "/login/emblem").status_code == 404
    for path in ("/login", "/setup"):
        assert "<script" not in get(site, path).text


# ── sign-ins that end while a page is open ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("talking", [False, True], ids=["silent", "clicking"])
@pytest.mark.parametrize("end", [revoked, expired, idle, disabled], ids=lambda made: made.__name__)
def test_an_open_socket_is_closed_when_its_sign_in_ends(site, end, talking):
    class Here:
        """The paper makers end a sign-in they ask for; this one is already in use."""

        store = site.store

        @staticmethod
        def sign_in() -> str:
            return token

    token = site.sign_in()
    tab, other = Tab(site, token), Tab(site, site.sign_in(*COUNTY, name="other"))
    tab.run()
    end(Here)
    if end is disabled:
        with site.store.write() as connection:
            connection.execute(update(t.account).where(t.account.c.name == "other").values(disabled=False))
    assert tab.until_closed(talking=talking) == 4401
    with pytest.raises(InvalidStatus):
        Tab(site, token, session=tab.session)
    other.run()
    other.close()


# ── one person's keys are no use to another ──────────────────────────────────────────────────────────────────────────


def test_another_persons_page_session_is_not_resumed(site):
    victim_token, thief_token = site.sign_in(), site.sign_in(*COUNTY)
    victim = Tab(site, victim_token)
    victim.run()
    thief = Tab(site, thief_token, session=victim.session)
    thief.run()
    assert thief.session != victim.session
    victim.run()  # and its owner was not thrown out
    forged = Tab(site, thief_token, session=victim.session, X_Monitors_Account="1")
    forged.run()
    assert forged.session != victim.session
    again = Tab(site, site.sign_in(), session=victim.session)
    again.run()
    assert again.session != victim.session, "nor by the same person under another sign-in"
    for tab in (victim, thief, forged, again):
        tab.close()
    back = Tab(site, victim_token, session=victim.session)
    back.run()
    assert back.session == victim.session, "its own sign-in comes back to it"
    back.close()


def test_uploads_go_only_into_ones_own_page(site):
    token, other = site.sign_in(), site.sign_in(*COUNTY)
    tab, theirs = Tab(site, token), Tab(site, other)
    tab.run(), theirs.run()
    first = get(site, "/_stcore/health")
    xsrf = first.cookies["_streamlit_xsrf"]

    def put(token: str, session: str, **headers: str) -> int:
        papers = {
            "Cookie": f"{sessions.COOKIE}={token}; _streamlit_xsrf={xsrf}",
            "X-Xsrftoken": xsrf,
            "Origin": site.url,
        }
        sent = {name: value for name, value in (papers | headers).items() if value}
        file = {"file": ("sources.opml", b"<opml/>", "text/xml")}
        return httpx.put(f"{site.url}/_stcore/upload_file/{session}/f1", files=file, headers=sent).status_code

    assert put(token, tab.session) == 204
    assert put(other, tab.session) == 404, "another's page"
    assert put(token, theirs.session) == 404
    assert put(token, "no-such-session") == 404
    assert put("", tab.session) == 401
    assert put(token, tab.session, Origin="") == 403
    assert put(token, tab.session, Origin="http://evil.example") == 403
    head = (
        f"PUT /_stcore/upload_file/{tab.session}/f2 HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nOrigin: {site.url}\r\n"
    )
    head += f"Cookie: {sessions.COOKIE}={token}\r\nContent-Length: {22 * 1024 * 1024}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as raw:
        raw.sendall(head.encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413 "), "refused before a byte of it was sent"
    for one in (tab, theirs):
        one.close()


# ── where requests come from ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "https://127.0.0.1"])
def test_a_socket_must_be_opened_by_our_own_page(site, origin):
    with pytest.raises(InvalidStatus):
        Tab(site, site.sign_in(), origin=origin)


def test_behind_our_proxy_the_forwarded_origin_counts(site):
    token = site.sign_in()
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "zqx.example.gov.cn"}
    tab = Tab(site, token, origin="https://zqx.example.gov.cn", **forwarded)
    assert b"admin" in tab.run()
    tab.close()
    with pytest.raises(InvalidStatus):
        Tab(site, token, **forwarded)


def test_the_trail_says_where_a_failed_sign_in_came_from(site):
    form = {"name": "nobody", "password": "wrong"}
    forged = {"Origin": site.url, "X-Forwarded-For": "6.6.6.6, 10.20.0.99"}
    assert httpx.post(site.url + "/login", data=form, headers=forged).status_code == 401
    with site.store.read() as connection:
        last = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (last.actor, last.address, last.outcome) == ("nobody", "10.20.0.99", "失败"), "not the address it made up"


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_metrics_are_for_those_the_table_names_and_for_the_scraper(site):
    clerk = site.sign_in(*COUNTY)
    refused = get(site, "/metrics", clerk)
    assert refused.status_code == 403
    with site.store.read() as connection:
        last = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (last.action, last.outcome, last.actor) == ("system.metrics", "拒绝", "county_clerk-530102")
    for token in (site.sign_in(), site.sign_in(Role.AUDITOR)):
        assert "monitors_items" in get(site, "/metrics", token).text
    assert "monitors_items" in get(site, "/metrics", Authorization=f"Bearer {SCRAPER}").text
    for word in (f"Bearer {SCRAPER}x", f"bearer {SCRAPER}", SCRAPER, "Bearer", f"Basic {SCRAPER}"):
        assert get(site, "/metrics", Authorization=word).status_code == 401, word
    assert get(site, "/", Authorization=f"Bearer {SCRAPER}").status_code == 401, "and for nothing else"


# ── a first password ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_must_change_the_password_gets_no_page_and_no_socket(site):
    token = site.sign_in()
    with site.store.write() as connection:
        connection.execute(update(t.account).values(must_change=True))
    assert get(site, "/", token, **HTML).headers["location"] == "/password"
    assert get(site, "/_stcore/host-config", token).status_code == 403
    assert get(site, "/password", token).status_code == 200
    with pytest.raises(InvalidStatus):
        Tab(site, token)


# ── a flood ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flood_of_wrong_sign_ins_keeps_nobody_from_working(site):
    token = site.sign_in()

    def wrong(number: int) -> int:
        form = {"name": f"guess{number % 7}", "password": "wrong"}
        origin = {"Origin": site.url, "X-Forwarded-For": f"10.20.{number}.1"}
        return httpx.post(site.url + "/login", data=form, headers=origin, timeout=60).status_code

    tab = Tab(site, token)
    with concurrent.futures.ThreadPoolExecutor(60) as many:
        flood = [many.submit(wrong, number) for number in range(60)]
        while True:
            assert get(site, "/", token, **HTML).status_code == 200
            assert b"admin" in tab.run()
            if all(one.done() for one in flood):
                break
    assert {one.result() for one in flood} == {401, 429}, "some were answered, the rest turned away at once"
    tab.close()
