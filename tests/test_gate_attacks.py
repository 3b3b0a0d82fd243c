"""Ways round the gate that were tried and once worked: each stays shut."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from monitors.access import sessions
from monitors.access.bindings import Bindings
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.access_house import GOOD, person, quick_hashing, trail
from tests.gate_house import HTML, OWN, admit, client, clock_now, cookie, guarded, told

PATH = "/_stcore/stream"
SOCKET = f"ws://duty.example{PATH}"


def end(store, token):
    """As a button on a page does it: past the gate."""
    with store.write() as connection:
        held = t.session.c.token_hash == sessions.token_hash(token)
        connection.execute(update(t.session).where(held).values(ended_at=clock_now(), ended_why="退出"))


@pytest.mark.parametrize("path", ["/", "/duty", "/login", "/password"])
def test_the_gates_memory_leads_nobody_back_into_a_page(store, path):
    token = admit(store)
    with client(guarded(store)) as browser:
        assert browser.get("/static/app.js", headers=cookie(token)).status_code == 200, "remembered from here on"
        end(store, token)
        answer = browser.get(path, headers=HTML | cookie(token))
    if path == "/login":
        assert answer.status_code == 200, "the form, not the way back"
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")


def test_the_gates_memory_opens_no_socket(store):
    async def page(socket):
        await socket.accept()
        await socket.close()

    token = admit(store)
    with client(guarded(store, routes=[WebSocketRoute(PATH, page)])) as browser:
        with browser.websocket_connect(SOCKET, headers=OWN | cookie(token)):
            pass
        browser.get("/static/app.js", headers=cookie(token))
        end(store, token)
        with pytest.raises(WebSocketDisconnect), browser.websocket_connect(SOCKET, headers=OWN | cookie(token)):
            pass


def test_who_has_no_page_that_takes_files_cannot_fill_the_memory_with_them(store):
    bindings = Bindings(told)
    reader, boss = admit(store, role=Role.LEADER), admit(store, "boss", Role.ADMINISTRATOR, "530000")
    for account in (1, 2):
        bindings.learn(f"session:page-{account}".encode(), account)
    browser = client(guarded(store, bindings=bindings))
    refused = browser.put("/_stcore/upload_file/page-1/f", headers=OWN | cookie(reader))
    assert (refused.status_code, refused.text) == (403, "您的角色不能上传文件。\n")
    assert browser.put("/_stcore/upload_file/page-2/f", headers=OWN | cookie(boss)).status_code == 200
    row = trail(store)[-1]
    assert (row["actor"], row["action"], row["outcome"], row["address"]) == ("li", "source.edit", "拒绝", "10.20.0.7")
    clerk = admit(store, "wang")  # imports workbooks of the ledger
    bindings.learn(b"session:page-3", 3)
    assert browser.put("/_stcore/upload_file/page-3/f", headers=OWN | cookie(clerk)).status_code == 200


def test_messages_no_page_sends_are_not_passed_on(store):
    given = pytest.importorskip("pages.given")
    from streamlit.proto.BackMsg_pb2 import BackMsg

    got = []

    async def page(socket):
        await socket.accept()
        while not got:
            got.append(BackMsg.FromString(await socket.receive_bytes()).WhichOneof("type"))
            await socket.send_bytes(b"text:ok")

    app = guarded(store, routes=[WebSocketRoute(PATH, page)], heard=given.heard)
    with client(app) as browser, browser.websocket_connect(SOCKET, headers=OWN | cookie(admit(store))) as socket:
        for name in ("clear_cache", "load_git_info", "set_run_on_save", "debug_shutdown_runtime", "app_heartbeat"):
            message = BackMsg()
            setattr(message, name, True)
            socket.send_bytes(message.SerializeToString())
        assert socket.receive_bytes() == b"text:ok"
    assert got == ["app_heartbeat"]
    assert given.heard(b"\xff\xff no message"), "Streamlit hangs up on these by itself"


def test_a_stolen_cookie_acts_from_the_thiefs_address(store, monkeypatch):
    quick_hashing(monkeypatch)
    person(store)
    with client(guarded(store)) as home:
        entered = home.post("/login", data={"name": "li", "password": GOOD}, headers=OWN)
        token = entered.cookies[sessions.COOKIE]
    thief = client(guarded(store))
    thief._transport.client = ("10.99.0.66", 40000)
    wrong = {"old": "not-the-one-2026", "new": "Another-One-2026", "again": "Another-One-2026"}
    assert thief.post("/password", data=wrong, headers=OWN | cookie(token)).status_code == 422
    acts = [(row["action"], row["outcome"], row["address"]) for row in trail(store)]
    assert acts == [("session.sign_in", "成功", "10.20.0.7"), ("password.change", "失败", "10.99.0.66")]


def test_a_browser_keeps_no_page_to_go_back_to(store):
    async def shell(_request):
        return HTMLResponse("<html></html>", headers={"Cache-Control": "no-cache", "ETag": "x"})

    with client(guarded(store, routes=[Route("/shell", shell)])) as browser:
        answer = browser.get("/shell", headers=HTML | cookie(admit(store)))
    assert answer.headers.get_list("cache-control") == ["no-store, private"]
    assert answer.headers["etag"] == "x"


def test_the_words_of_a_database_error_hold_no_value(store):
    with pytest.raises(IntegrityError) as raised, store.write() as connection:
        for _ in range(2):
            connection.execute(insert(t.meta).values(key="twice", value="$argon2id$a-digest"))
    assert "argon2" not in str(raised.value)
