"""The parts of the gate by themselves: proxies believed or not, what a second remembers, whose address it is."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import update
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from monitors.access import accounts, peers, sessions, sockets
from monitors.access.bindings import Bindings, Told
from monitors.access.known import Known
from monitors.access.roles import Role
from monitors.errors import StoreError
from monitors.store import tables as t
from tests.access_house import SETTINGS
from tests.gate_house import OWN, SITE, admit, client, clock_now, cookie, guarded, told, with_session

SOCKET = SITE.replace("http:", "ws:") + "/_stcore/stream"


def scope(peer: str = "127.0.0.1", *, scheme: str = "http", kind: str = "http", **headers: str) -> dict:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "client": (peer, 4), "scheme": scheme, "headers": named}


# ── who is asking ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "found"),
    [
        ("10.20.0.7", "", ("127.0.0.1/32",), "10.20.0.7"),
        ("10.20.0.7", "1.2.3.4", ("127.0.0.1/32",), "10.20.0.7"),
        ("127.0.0.1", "", ("127.0.0.1/32",), "127.0.0.1"),
        ("127.0.0.1", "10.20.0.7", ("127.0.0.1/32",), "10.20.0.7"),
        ("127.0.0.1", "6.6.6.6, 10.20.0.7", ("127.0.0.1/32",), "10.20.0.7"),
        ("127.0.0.1", "10.20.0.7, 10.9.0.1", ("127.0.0.1/32", "10.9.0.0/16"), "10.20.0.7"),
        ("127.0.0.1", "10.9.0.2, 10.9.0.1", ("127.0.0.1/32", "10.9.0.0/16"), "10.9.0.2"),
        ("127.0.0.1", "10.20.0.7", (), "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, <script>", ("127.0.0.1/32",), "127.0.0.1"),
        ("127.0.0.1", "10.20.0.7:50123", ("127.0.0.1/32",), "10.20.0.7"),
        ("127.0.0.1", "[2001:db8::7]:50123", ("127.0.0.1/32",), "2001:db8::7"),
        ("::1", "2001:db8::7", ("::1/128",), "2001:db8::7"),
        ("::ffff:127.0.0.1", "10.20.0.7", ("127.0.0.1/32",), "10.20.0.7"),
        ("", "10.20.0.7", ("127.0.0.1/32",), ""),
    ],
)
def test_the_clients_address_is_the_last_that_is_no_proxy_of_ours(peer, forwarded, proxies, found):
    settings = with_session(trusted_proxies=proxies)
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    assert peers.client_address(scope(peer, **headers), settings) == found


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (scope(scheme="https"), True),
        (scope(scheme="wss", kind="websocket"), True),
        (scope(), False),
        (scope(x_forwarded_proto="https"), True),
        (scope("10.20.0.7", x_forwarded_proto="https"), False),
        (scope(x_forwarded_proto="https, http"), False),  # the last word is the nearest proxy's
    ],
)
def test_https_is_what_the_visitors_browser_speaks(asked, answer):
    assert peers.is_https(asked, SETTINGS) is answer


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "duty.example", "origin": "http://duty.example"}, True),
        ({"host": "duty.example:80", "origin": "http://duty.example"}, True),
        ({"host": "Duty.Example", "origin": "http://duty.example:80"}, True),
        ({"host": "duty.example:8501", "origin": "http://duty.example"}, False),
        ({"host": "duty.example", "origin": "http://duty.example.evil.example"}, False),
        ({"host": "duty.example", "origin": "http://duty.example@evil.example"}, False),
        ({"host": "duty.example", "origin": "http://user@duty.example"}, False),
        ({"host": "duty.example", "origin": "ftp://duty.example"}, False),
        ({"host": "duty.example", "origin": "http://[bad"}, False),
        ({"host": "duty.example", "origin": "null"}, False),
        ({"host": "duty.example"}, False),
        ({"host": "duty.example", "referer": "http://duty.example/login?next=/"}, True),
        ({"host": "duty.example", "origin": "null", "referer": "http://duty.example/"}, False),
        ({"origin": "http://"}, False),
    ],
)
def test_a_request_comes_from_our_own_page_or_not(headers, same):
    assert peers.same_origin(scope("10.20.0.7", **headers), SETTINGS) is same


def test_a_socket_is_not_judged_by_its_referer():
    asked = scope("10.20.0.7", kind="websocket", host="duty.example", referer="http://duty.example/")
    assert not peers.same_origin(asked, SETTINGS)


# ── what is remembered for a second ──────────────────────────────────────────────────────────────────────────────────


class Counting:
    """A store that counts how often it is read."""

    def __init__(self, store):
        self.store, self.reads = store, 0

    def read(self):
        self.reads += 1
        return self.store.read()


def test_a_storm_of_requests_looks_a_sign_in_up_once(store):
    token, counting = admit(store), Counting(store)

    async def storm():
        known = Known(counting, SETTINGS, clock_now, seconds=60)
        return await asyncio.gather(*(known.find(token) for _ in range(60)))

    found = asyncio.run(storm())
    assert {one.actor.name for one in found} == {"li"}
    assert counting.reads == 1


def test_bad_answers_and_old_ones_are_not_kept(store):
    token, counting = admit(store), Counting(store)

    async def asked():
        known = Known(counting, SETTINGS, clock_now, seconds=60)
        assert await known.find("forged") is None
        assert await known.find("forged") is None
        assert counting.reads == 2
        for junk in ("", "x" * 5000, "会话"):
            assert await known.find(junk) is None
        assert counting.reads == 2, "what cannot be a token asks nobody"
        assert await known.find(token) is not None
        with store.write() as connection:
            connection.execute(update(t.session).values(ended_at=clock_now()))
        assert await known.find(token) is not None, "within the second"
        known.forget(token)
        assert await known.find(token) is None
        stale = Known(counting, SETTINGS, clock_now, seconds=0)
        assert await stale.find(token) is None

    asyncio.run(asked())


def test_an_answer_on_its_way_is_not_kept_over_a_change(store):
    token = admit(store)
    asked, go_on = threading.Event(), threading.Event()

    class Slow:
        def read(self):
            asked.set()
            assert go_on.wait(30)
            return store.read()

    async def race():
        slow = Slow()
        known = Known(slow, SETTINGS, clock_now, seconds=60)
        early = asyncio.create_task(known.find(token))
        assert await asyncio.to_thread(asked.wait, 30)
        known.forget(token)
        go_on.set()
        assert await early is not None
        with store.write() as connection:
            connection.execute(update(t.session).values(ended_at=clock_now()))
        return await known.find(token)

    assert asyncio.run(race()) is None


def test_a_database_that_fails_is_not_taken_for_a_bad_cookie(store):
    token = admit(store)

    class Dead:
        def read(self):
            raise StoreError("数据库正忙")

    async def asked():
        known = Known(Dead(), SETTINGS, clock_now)
        with pytest.raises(StoreError):
            await known.find(token)
        with pytest.raises(StoreError):
            await known.find(token)

    asyncio.run(asked())


# ── whose address it is ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_is_good_for_whom_it_was_sent_to():
    bindings = Bindings(told, limit=3)
    bindings.learn(b"media:a.xlsx", 1)
    assert bindings.may_fetch("a.xlsx", 1)
    assert not bindings.may_fetch("a.xlsx", 2)
    bindings.learn(b"media:a.xlsx", 2)
    assert bindings.may_fetch("a.xlsx", 1)
    assert bindings.may_fetch("a.xlsx", 2), "the same file may be given to both"
    bindings.learn(b"text: /media/b.xlsx", 2)
    assert not bindings.may_fetch("b.xlsx", 2), "words in a message give nothing"
    bindings.learn(b"session:s1", 1)
    bindings.learn(b"session:s1", 2)
    assert bindings.may_upload("s1", 1)
    assert not bindings.may_upload("s1", 2), "a page session stays its first owner's"
    assert not bindings.may_upload("", 1)
    for number in range(3):
        bindings.learn(f"media:{number}".encode(), 1)
    assert not bindings.may_fetch("a.xlsx", 1), "the oldest are forgotten"
    assert bindings.may_fetch("2", 1)


def test_the_gate_learns_from_the_socket_and_serves_by_it(store):
    li, wang = (admit(store, name, Role.ADMINISTRATOR, "530000") for name in ("li", "wang"))

    async def page(socket):
        await socket.accept()
        await socket.send_bytes(b"session:page-of-li")
        await socket.send_bytes(b"media:list.xlsx")
        await socket.close()

    with client(guarded(store, routes=[WebSocketRoute("/_stcore/stream", page)])) as visitor:
        assert visitor.get("/media/list.xlsx", headers=cookie(li)).status_code == 404, "not given yet"
        with visitor.websocket_connect(SOCKET, headers=OWN | cookie(li)) as socket:
            assert socket.receive_bytes() == b"session:page-of-li"
            socket.receive_bytes()
        mine = visitor.get("/media/list.xlsx", headers=cookie(li))
        assert mine.status_code == 200
        assert mine.headers["cache-control"] == "no-store, private"
        assert visitor.get("/media/list.xlsx", headers=cookie(wang)).status_code == 404
        upload = "/_stcore/upload_file/page-of-li/f1"
        assert visitor.put(upload, headers=OWN | cookie(li)).status_code == 200
        assert visitor.put(upload, headers=OWN | cookie(wang)).status_code == 404
        assert visitor.delete(upload, headers=OWN | cookie(wang)).status_code == 404
        assert visitor.put(upload, headers=cookie(li)).status_code == 403, "not from our page"
        assert visitor.put(upload, headers=OWN | cookie(li) | {"Content-Length": "x"}).status_code in (400, 413)


def test_headers_of_ours_come_from_the_gate_alone(store):
    token = admit(store)
    forged = {"X-Monitors-Account": "999", "x-monitors-session": "feed", "X-MONITORS-Role": "省级管理员".encode()}
    forged["X-Monitors-Address"] = "1.2.3.4"
    seen = client(guarded(store)).get("/duty", headers=forged | cookie(token)).json()
    with store.read() as connection:
        account = accounts.by_name(connection, "li")
    assert seen["ours"] == {
        "x-monitors-account": str(account.id),
        "x-monitors-session": sessions.token_hash(token)[:12],
        "x-monitors-address": "10.20.0.7",
    }
    assert seen["address"] == "10.20.0.7"


@pytest.mark.parametrize("origin", ["", "http://evil.example", SITE])
def test_a_socket_needs_origin_and_sign_in(store, origin):
    async def page(socket):
        await socket.accept()
        await socket.close()

    visitor = client(guarded(store, routes=[WebSocketRoute("/_stcore/stream", page)]))
    headers = cookie(admit(store)) | ({"Origin": origin} if origin else {})
    if origin == SITE:
        with visitor.websocket_connect(SOCKET, headers=headers):
            pass
        headers = {"Origin": origin}
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect(SOCKET, headers=headers):
        pass


# ── a socket whose sign-in ends ──────────────────────────────────────────────────────────────────────────────────────


class Line:
    """The server's end of one socket: what the browser sends, what it was sent."""

    def __init__(self):
        self.coming: asyncio.Queue = asyncio.Queue()
        self.sent: list[dict] = []

    async def receive(self):
        return await self.coming.get()

    async def send(self, message):
        self.sent.append(message)


def converse(holds, talk, *, grace: float):
    """Run a page on a line; returns what the page heard and what the browser was sent."""

    async def run():
        line, heard = Line(), []

        async def app(_scope, receive, send):
            while True:
                message = await receive()
                heard.append(message)
                if message["type"] == "websocket.disconnect":
                    return
                await send({"type": "websocket.send", "bytes": b"answer"})

        served = asyncio.create_task(
            sockets.serve(app, {}, line.receive, line.send, holds=holds, sent=lambda _b: None, every=0.02, grace=grace)
        )
        await talk(line)
        await asyncio.wait_for(served, 30)
        return heard, line.sent

    return asyncio.run(run())


async def nothing(_line):
    return


def test_a_silent_socket_is_closed():
    answers = [True, True, False]

    async def holds():
        return answers.pop(0) if answers else True  # an end is an end, whatever is said later

    heard, sent = converse(holds, nothing, grace=0.0)
    assert heard == [{"type": "websocket.disconnect", "code": 4401}]
    assert sent == [{"type": "websocket.close", "code": 4401, "reason": "signed out"}]


def test_within_the_grace_the_page_can_still_say_that_it_is_over():
    ended = False

    async def holds():
        return not ended

    async def talk(line):
        nonlocal ended
        ended = True
        for _ in range(3):
            await line.coming.put({"type": "websocket.receive", "bytes": b"click"})

    heard, sent = converse(holds, talk, grace=0.3)
    assert [one["type"] for one in heard] == ["websocket.receive"] * 3 + ["websocket.disconnect"]
    assert [one["type"] for one in sent] == ["websocket.send"] * 3 + ["websocket.close"]


def test_nothing_is_pushed_after_the_end():
    async def holds():
        return False

    async def run():
        line = Line()

        async def app(_scope, receive, send):
            while (await receive())["type"] != "websocket.disconnect":
                pass
            await send({"type": "websocket.send", "bytes": b"late"})

        await sockets.serve(app, {}, line.receive, line.send, holds=holds, sent=lambda _b: None, every=0.02, grace=0.0)
        return line.sent

    assert [one["type"] for one in asyncio.run(run())] == ["websocket.close"]


def test_a_browser_that_leaves_leaves_no_task_behind():
    async def holds():
        return True

    async def run():
        line = Line()
        await line.coming.put({"type": "websocket.disconnect", "code": 1001})

        async def app(_scope, receive, _send):
            assert (await receive())["code"] == 1001

        await sockets.serve(app, {}, line.receive, line.send, holds=holds, sent=lambda _b: None, every=60, grace=0.0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(run()) == set()


def test_a_database_that_does_not_answer_ends_no_sign_in_at_once(monkeypatch):
    asked: asyncio.Queue = asyncio.Queue()

    async def holds():
        await asked.put("once more")
        raise StoreError("数据库正忙")

    async def talk(line):
        for _ in range(5):
            await asked.get()
        assert line.sent == []
        monkeypatch.setattr(sockets, "PATIENCE_SECONDS", 0.0)

    heard, _sent = converse(holds, talk, grace=0.0)
    assert heard[-1]["code"] == 4401, "but not for ever"


def test_what_a_message_of_streamlit_gives_away():
    app = pytest.importorskip("streamlit.proto.ForwardMsg_pb2")
    from pages.given import told as read

    message = app.ForwardMsg()
    message.new_session.initialize.session_id = "page-1"
    assert read(message.SerializeToString()) == Told(session="page-1")
    message = app.ForwardMsg()
    message.backend_operation_response.deferred_file.url = "/media/abc.xlsx"
    assert read(message.SerializeToString()) == Told(media=("abc.xlsx",))
    message = app.ForwardMsg()
    message.delta.new_element.download_button.url = "/media/def.csv"
    assert read(message.SerializeToString()) == Told(media=("def.csv",))
    message = app.ForwardMsg()
    message.delta.new_element.imgs.imgs.add().url = "/media/pic.png"
    assert read(message.SerializeToString()) == Told(media=("pic.png",))
    for put in ("markdown.body", "text_input.value", "text_input.default", "link_button.url", "text.body"):
        message = app.ForwardMsg()
        part, _, field = put.partition(".")
        setattr(getattr(message.delta.new_element, part), field, "/media/abc.xlsx")
        assert read(message.SerializeToString()) == Told(), put
