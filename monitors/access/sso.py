"""Single sign-on of the office (单点登录): to the provider and back, and then the same sign-in as by password.

What must be remembered in between goes along in a cookie of ten minutes that only this server can read or make, so
that a restart, a second server or a flood of visitors loses nobody's sign-in.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from monitors.access import accounts, audit, doors, forms, keys, peers, sessions, signing, sso_claims
from monitors.access.account_rows import cut
from monitors.access.actor import Actor
from monitors.access.audit import Outcome
from monitors.access.lockout import failures_of
from monitors.access.provider import Asked, NotVouched, Provider, ProviderDown
from monitors.access.scope import PROVINCE
from monitors.access.signing import SignInFailed
from monitors.clock import utc_now
from monitors.errors import InputError
from monitors.settings import Settings
from monitors.store.engine import Store

COOKIE = "monitors_sso"
SECRET = "MONITORS_SSO_SECRET"  # noqa: S105 - the variable's name
WAY = "统一身份认证"
_MINUTES = 10  # to type a password and a one-time code at the provider
_NEXT = 1024  # a longer address would not fit into the cookie; the person lands on the first page
_USED = 4096
_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_DOWN = "统一身份认证暂时无法连接，请稍后再试或使用本系统账号登录"
_CANCELLED = "您已在统一身份认证中取消登录"
_STALE = "登录已超时或已在别处完成，请重新登录"
_NOT_PROVED = "统一身份认证未能确认您的身份，请重新登录，若一再出现请联系省级管理员"

_log = logging.getLogger(__name__)


def routes(
    store: Store,
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    environ: Mapping[str, str] = os.environ,
) -> list[Route]:
    """``/sso/login`` and ``/sso/callback``; the gate must stand before them."""
    way = _Way(store, settings, now, Provider(settings.sso, environ.get(SECRET, "")))
    return [
        Route("/sso/login", way.begin, methods=["GET"]),
        Route("/sso/callback", way.back, methods=["GET"]),
    ]


class _Refusal(Exception):  # noqa: N818 - an answer
    """What the person is told, and the status."""

    def __init__(self, words: str, status: int, retry_after: int = 0) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.retry_after = retry_after


class _Way:
    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime], provider: Provider) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._provider = provider
        self._used: OrderedDict[str, datetime] = OrderedDict()
        self._used_lock = threading.Lock()

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        next_ = doors.safe_next(request.query_params.get("next", "/"))
        if request.scope.get("monitors.signed") is not None:
            return RedirectResponse(next_, 303)
        if not await run_in_threadpool(self._set_up):
            return RedirectResponse("/login", 303)  # which says where the set-up link is
        try:
            asked = await self._provider.ask(self._callback(request), self._now())
        except ProviderDown as down:
            return self._page(next_, self._down(down))
        response = RedirectResponse(asked.url, 303)
        self._remember(response, request, self._sealed(asked, next_), _MINUTES * 60)
        return response

    async def back(self, request: Request) -> Response:
        """Take the provider's answer, which the browser brings."""
        given = request.query_params
        opened = self._opened(request.cookies.get(COOKIE, ""))
        state = given.get("state", "")
        if opened is None or not hmac.compare_digest(opened[0].state.encode(), state.encode()) or self._spent(state):
            if request.scope.get("monitors.signed") is not None:
                return RedirectResponse("/", 303)  # the page was loaded again after it had done its work
            _log.warning("an answer of the provider that nobody here waits for (%s)", self._address(request))
            words = _CANCELLED if given.get("error") == "access_denied" else _STALE  # some send no state with a no
            return self._page("/", _Refusal(words, 400))
        asked, next_ = opened
        response: Response
        try:
            token = await self._admitted(request, asked, code=given.get("code", ""), error=given.get("error", ""))
        except _Refusal as refusal:
            response = self._page(next_, refusal)
        else:
            await self._end_former(request)
            response = doors.enter(request, token, self._settings, next_)
        self._remember(response, request, "", 0)
        return response

    async def _admitted(self, request: Request, asked: Asked, *, code: str, error: str) -> str:
        now, address = self._now(), self._address(request)
        failures = failures_of(self._store)
        if wait := failures.address_wait(address, now):
            raise _Refusal(f"登录失败次数过多，请 {wait} 秒后再试", 429, wait)
        sso = self._settings.sso
        try:
            if error or not code:
                raise NotVouched(f"认证系统未予通过（{cut(error, 60) or '没有授权码'}）")  # noqa: TRY301
            claims = await self._provider.claims(code, asked, now, wanted=sso_claims.wanted(sso))
        except ProviderDown as down:
            raise self._down(down) from down
        except NotVouched as no:
            _log.warning("a sign-in through the provider was refused: %s", no)
            failures.note_address(address, now)
            await run_in_threadpool(self._note, request, "（未知）", "", str(no), "失败")
            words = _CANCELLED if error == "access_denied" else _NOT_PROVED
            raise _Refusal(words, 401) from no
        try:
            person = sso_claims.person(claims, sso)
        except InputError as refused:
            name, subject = sso_claims.said_name(claims, sso), str(claims.get("sub", ""))
            await run_in_threadpool(self._note, request, name, subject, str(refused), "拒绝")
            raise _Refusal(str(refused), 403) from refused
        try:
            return await run_in_threadpool(
                partial(
                    signing.sign_in_external,
                    self._store,
                    issuer=sso.issuer.rstrip("/"),
                    subject=person.subject,
                    name=person.name,
                    display=person.display,
                    role=person.role,
                    region=person.region,
                    settings=self._settings,
                    now=now,
                    address=address,
                    agent=request.headers.get("user-agent", ""),
                )
            )
        except SignInFailed as failed:
            raise _Refusal(str(failed), failed.status, failed.retry_after) from failed

    # ── what goes along in the cookie ───────────────────────────────────────────────────────────────────────────────

    def _sealed(self, asked: Asked, next_: str) -> str:
        kept = asdict(asked) | {"url": "", "next": next_ if len(next_.encode()) <= _NEXT else "/"}
        return _box().encrypt_at_time(json.dumps(kept).encode(), int(self._now().timestamp())).decode()

    def _opened(self, cookie: str) -> tuple[Asked, str] | None:
        """The question this browser was sent off with; None where there is none, it is forged, or time is over."""
        try:
            held = json.loads(_box().decrypt_at_time(cookie.encode(), _MINUTES * 60, int(self._now().timestamp())))
        except InvalidToken:
            return None
        next_ = held.pop("next")
        return Asked(**held), next_

    def _remember(self, response: Response, request: Request, value: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=seconds,
            path="/sso/",
            httponly=True,
            samesite="lax",  # the way back from the provider is a link of another site
            secure=self._https(request),
        )

    def _spent(self, state: str) -> bool:
        """Whether this answer was brought before; from now on it was. Codes are good once at the provider as well."""
        now = self._now()
        with self._used_lock:
            while self._used and (
                len(self._used) >= _USED or next(iter(self._used.values())) + timedelta(minutes=_MINUTES) < now
            ):
                self._used.popitem(last=False)
            spent = state in self._used
            self._used[state] = now
        return spent

    # ── small things ────────────────────────────────────────────────────────────────────────────────────────────────

    def _callback(self, request: Request) -> str:
        """Our address as the visitor's browser knows it. The provider accepts none but those registered with it."""
        host = peers.host(request.scope, self._settings)
        if not _HOST.fullmatch(host):
            raise HTTPException(400)
        return f"{'https' if self._https(request) else 'http'}://{host}/sso/callback"

    def _https(self, request: Request) -> bool:
        return self._settings.session.https_only or peers.is_https(request.scope, self._settings)

    @staticmethod
    def _address(request: Request) -> str:
        return cut(str(request.scope.get("monitors.address", "")), 64)

    @staticmethod
    def _down(why: ProviderDown) -> _Refusal:
        _log.warning("the single sign-on provider cannot be used: %s", why)
        return _Refusal(_DOWN, 503)

    def _page(self, next_: str, refusal: _Refusal) -> Response:
        """The sign-in page with both ways in, and why the last one failed."""
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
        return HTMLResponse(forms.sign_in(self._settings, next_=next_, error=refusal.words), refusal.status, wait)

    def _set_up(self) -> bool:
        with self._store.read() as connection:
            return accounts.any_exists(connection)

    async def _end_former(self, request: Request) -> None:
        if request.scope.get("monitors.signed") is not None:
            former = request.cookies.get(sessions.COOKIE, "")
            out = partial(signing.sign_out, self._store, former, settings=self._settings, now=self._now())
            await run_in_threadpool(out)

    def _note(self, request: Request, name: str, subject: str, why: str, outcome: Outcome) -> None:
        typed = cut(name, 40) or "（未知）"
        after: dict[str, Any] = {"way": WAY, "why": why}
        if subject:
            after["subject"] = cut(subject, 64)
        actor = Actor(None, typed, typed, None, PROVINCE, self._address(request))
        with self._store.write() as connection:
            audit.append(
                connection, actor, "session.sign_in", at=self._now(), kind="account", after=after, outcome=outcome
            )


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(keys.derived("sso")))
