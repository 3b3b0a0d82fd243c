"""The gate in front of everything (门禁): pages, WebSocket, files, uploads, component code, metrics.

Pure ASGI and first in the line, so that what has no sign-in never reaches Streamlit, whose session ids and file
addresses open doors to whoever holds them. After the gate a request carries three headers of ours: the account's number
and the sign-in's, and Streamlit resumes a page session only for the same two (``server.trustedUserHeaders``); and
where it comes from, which the trail says of every act.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitors.access import acting, headers, peers, sessions, sockets
from monitors.access.account_rows import cut
from monitors.access.bindings import Bindings
from monitors.access.known import Known
from monitors.access.peers import client_address, is_https, same_origin
from monitors.access.sessions import Signed
from monitors.clock import utc_now
from monitors.errors import RefusedError, StoreError
from monitors.settings import Settings
from monitors.store.engine import Store

__all__ = ["Gate", "client_address", "is_https", "same_origin"]

DOORS = frozenset({"/login", "/login/style.css", "/login/emblem", "/setup", "/password", "/logout"})
SSO = frozenset({"/sso/login", "/sso/callback"})
_OPEN = frozenset({"/login", "/login/style.css", "/login/emblem", "/setup", "/healthz", "/_stcore/health"})
_FORMS = frozenset({"/login", "/setup", "/password", "/logout"})
_WHILE_MUST_CHANGE = frozenset({"/password", "/logout", "/login/style.css", "/login/emblem", "/healthz"})
# Streamlit serves these although nobody here needs them: its own metrics, its own sign-in, sessions over plain HTTP.
_SHUT = (
    "/_stcore/agent",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/auth/",
    "/oauth2callback",
)
_UPLOAD = "/_stcore/upload_file/"
_UPLOADERS = ("source.edit", "ledger.import")  # who may do one of these may send files: no other page takes any
_MEDIA = "/media/"
_SAFE = frozenset({"GET", "HEAD"})
_PREFIX = b"x-monitors-"
_UPLOAD_BYTES = 21 * 1024 * 1024  # Streamlit's maxUploadSize and what the form round the file takes

_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware. What follows it finds ``scope["monitors.signed"]``: the ``Signed``, or None at an open door."""

    def __init__(
        self,
        app: ASGIApp,
        store: Store,
        settings: Settings,
        *,
        bindings: Bindings,
        script_hashes: tuple[str, ...] = (),
        heard: Callable[[bytes], bool] = lambda _payload: True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``bindings`` learns what each person is given; ``script_hashes`` are Streamlit's own inline scripts.

        ``heard`` says whether a message of a browser is passed on: Streamlit obeys some that no page of ours sends.
        """
        self.app = app
        self._settings = settings
        self._bindings = bindings
        self._heard = heard
        self._store = store
        self._hashes = script_hashes
        self._known = Known(store, settings, now)
        self._open = _OPEN | SSO if settings.sso.enabled else _OPEN
        self._scraper = os.environ.get("MONITORS_METRICS_TOKEN", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        # Streamlit compares Origin with Host by itself; behind a proxy of ours both must be the address bar's.
        host = peers.host(scope, self._settings).encode("latin-1")
        kept = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(_PREFIX)]
        scope["headers"] = [(name, host if name.lower() == b"host" else value) for name, value in kept]
        scope["monitors.address"] = client_address(scope, self._settings)
        scope["monitors.signed"] = None
        token = HTTPConnection(scope).cookies.get(sessions.COOKIE, "")
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, token)
        else:
            await self._http(scope, receive, send, token)

    async def _http(self, scope: Scope, receive: Receive, send: Send, token: str) -> None:
        path = scope["path"]
        door = path in DOORS or path in SSO
        policy = (
            headers.doors_policy() if door else headers.pages_policy(self._hashes, peers.host(scope, self._settings))
        )
        cache = "no-store, private" if (door and path != "/login/style.css") or path.startswith(_MEDIA) else ""
        dressed = headers.dressed(send, policy=policy, https=is_https(scope, self._settings), cache=cache)
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if token and scope["method"] not in _SAFE:
                    self._known.forget(token)  # a changed password or a sign-out counts from the very next request
            await dressed(message)

        try:
            await self._pass(scope, receive, sending, token)
        except StoreError as error:
            if started:
                raise
            _log.warning("refused for want of the database: %s", error)
            await _say(scope, receive, sending, 503, "数据库暂时无法使用，请稍后再试。")  # the log has the path
        except Exception:
            _log.exception("a request failed: %s %s", scope["method"], path)
            if started:
                raise
            await _say(scope, receive, sending, 500, "系统出错，未能完成。请稍后再试；若一再出现，请联系系统管理员。")

    async def _pass(self, scope: Scope, receive: Receive, send: Send, token: str) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith(_SHUT):
            await _say(scope, receive, send, 404, "没有这个地址。")
            return
        if method not in _SAFE and (refused := self._unsafe(scope)):
            await _say(scope, receive, send, *refused)
            return
        # A page or a door is looked up afresh: within the second after a sign-out it would lead back into a dead page.
        afresh = path in DOORS or path in SSO or _wants_page(scope)
        found = await self._known.find(token, afresh=afresh)
        signed = scope["monitors.signed"] = _here(scope, found) if found else None
        opened = path in self._open or (path == "/logout" and method == "POST")
        if not opened and not (path == "/metrics" and self._scrapes(scope)):
            if signed is None:
                await self._turn_away(scope, receive, send)
                return
            if signed.must_change and path not in _WHILE_MUST_CHANGE:
                await self._turn_away(scope, receive, send, signed)
                return
            if not self._theirs(path, signed.account_id):
                await _say(scope, receive, send, 404, "没有这个文件，或它不是给您的。")
                return
            if path.startswith(_UPLOAD) and not await self._may_upload(signed):
                await _say(scope, receive, send, 403, "您的角色不能上传文件。")
                return
        if signed is not None:
            _mark(scope, signed)
        await self.app(scope, receive, send)

    def _unsafe(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request that would change something goes no further; None where it may."""
        path, method = scope["path"], scope["method"]
        if not same_origin(scope, self._settings):
            _log.warning("refused a %s to %s from another site (%s)", method, path, scope["monitors.address"])
            return 403, "请求不是从本系统的页面发出的，已拒绝。"
        upload = path.startswith(_UPLOAD) and method in {"PUT", "DELETE"}
        if not upload and not (method == "POST" and path in _FORMS):
            return 405, "此地址不接受这种请求。"
        length = Headers(scope=scope).get("content-length", "0")
        if upload and not (length.isdecimal() and int(length) <= _UPLOAD_BYTES):
            return 413, "文件过大，请压缩或拆分后再上传（上限 20 MB）。"
        return None

    def _theirs(self, path: str, account_id: int) -> bool:
        if path.startswith(_MEDIA):
            return self._bindings.may_fetch(path.removeprefix(_MEDIA), account_id)
        if path.startswith(_UPLOAD):
            return self._bindings.may_upload(path.removeprefix(_UPLOAD).partition("/")[0], account_id)
        return True

    async def _may_upload(self, signed: Signed) -> bool:
        """Whether the role has a page that takes files: else one's own page would be a way to fill the memory."""
        actor = signed.actor
        if any(actor.may(action) for action in _UPLOADERS):
            return True
        refusal = RefusedError("您的角色不能上传文件", action=_UPLOADERS[0], kind="page", target="upload")
        await run_in_threadpool(acting.record, self._store, actor, refusal)
        return False

    def _scrapes(self, scope: Scope) -> bool:
        """Whether this is the monitoring system with its own token."""
        said = Headers(scope=scope).get("authorization", "")
        return bool(self._scraper) and hmac.compare_digest(said.encode(), f"Bearer {self._scraper}".encode())

    @staticmethod
    async def _turn_away(scope: Scope, receive: Receive, send: Send, signed: Signed | None = None) -> None:
        """To the sign-in page, or the password page where ``signed`` must change it first; a program gets words."""
        if not _wants_page(scope):
            words = (401, "请先登录。") if signed is None else (403, "请先修改初始密码。")
            await _say(scope, receive, send, *words)
            return
        wanted = quote(scope["path"], safe="/")
        if scope["query_string"]:
            wanted += "?" + scope["query_string"].decode("latin-1")
        door = "/login" if signed is None else "/password"
        to = door if wanted == "/" else f"{door}?next={quote(wanted, safe='')}"
        response = RedirectResponse(to, 303, {"Cache-Control": "no-store"})
        await response(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, token: str) -> None:
        """Before it is accepted: from our own page, by somebody signed in. After: see ``sockets``."""
        if not same_origin(scope, self._settings) or scope["path"].startswith(_SHUT):
            _log.warning("refused a WebSocket from another site (%s)", scope["monitors.address"])
            await send({"type": "websocket.close", "code": 4403})
            return
        try:
            signed = await self._known.find(token, afresh=True)
        except StoreError as error:
            _log.warning("refused a WebSocket for want of the database: %s", error)
            await send({"type": "websocket.close", "code": 1013})
            return
        if signed is None or signed.must_change:
            await send({"type": "websocket.close", "code": sockets.ENDED})
            return
        scope["monitors.signed"] = _here(scope, signed)
        _mark(scope, signed)

        async def holds() -> bool:
            return await self._known.find(token) is not None

        await sockets.serve(
            self.app,
            scope,
            sockets.only(receive, self._heard),
            send,
            holds=holds,
            sent=lambda payload: self._bindings.learn(payload, signed.account_id),
            every=self._settings.session.check_seconds,
        )


def _mark(scope: Scope, signed: Signed) -> None:
    """Say to Streamlit who this is; headers of this name that came from outside were taken off before."""
    scope["headers"] = [
        *scope["headers"],
        (b"x-monitors-account", str(signed.account_id).encode()),
        (b"x-monitors-session", signed.actor.session.encode()),
        (b"x-monitors-address", scope["monitors.address"].encode("ascii", "replace")),
    ]


def _here(scope: Scope, signed: Signed) -> Signed:
    """The sign-in as it is used now: a cookie taken to another machine acts from there, not from where it was given."""
    return replace(signed, actor=replace(signed.actor, address=cut(scope["monitors.address"], 64)))


def _wants_page(scope: Scope) -> bool:
    """Whether a person opens an address, rather than a page or a program fetching something."""
    return scope["method"] in _SAFE and "text/html" in Headers(scope=scope).get("accept", "")


async def _say(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    response = PlainTextResponse(words + "\n", status, {"Cache-Control": "no-store"})
    await response(scope, receive, send)
