"""Signing in and out, the first set-up and one's own password, as plain forms (登录入口).

The gate has looked the visitor up before: ``scope["monitors.signed"]`` and ``scope["monitors.address"]``. It has also
refused every POST that was not made by a page of this site.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from monitors.access import accounts, forms, gate, sessions, setup, signing
from monitors.access.sessions import Signed
from monitors.access.signing import SignInFailed
from monitors.clock import utc_now
from monitors.errors import InputError
from monitors.settings import ROOT, Settings
from monitors.store.engine import Store

_BODY_BYTES = 8 * 1024  # a name and three passwords; more is not a form of ours
_FIELDS = 8
_STYLE = (Path(__file__).resolve().parent / "doors.css").read_text(encoding="utf-8")
_EMBLEM_BYTES = 1024 * 1024
_NOWHERE = frozenset({"/login", "/logout", "/setup", "/password", "/sso/login", "/sso/callback"})
_OUT = "已退出登录。"
_ENDED = "登录已结束，请重新登录。"
_WORDS = {404: "没有这个地址。", 405: "此地址不接受这种请求。", 413: "内容过大，已拒绝。", 416: "没有这一段内容。"}

_log = logging.getLogger(__name__)


def routes(store: Store, settings: Settings) -> list[Route]:
    """The routes of the doors; the gate must stand before them."""
    doors = _Doors(store, settings)
    return [
        Route("/login", doors.sign_in_page, methods=["GET"]),
        Route("/login", doors.sign_in, methods=["POST"]),
        Route("/login/style.css", doors.style, methods=["GET"]),
        Route("/login/emblem", doors.emblem, methods=["GET"]),
        Route("/logout", doors.sign_out, methods=["POST"]),
        Route("/logout", doors.home, methods=["GET"]),
        Route("/setup", doors.set_up_page, methods=["GET"]),
        Route("/setup", doors.set_up, methods=["POST"]),
        Route("/password", doors.password_page, methods=["GET"]),
        Route("/password", doors.password, methods=["POST"]),
    ]


def enter(request: Request, token: str, settings: Settings, next_: str) -> Response:
    """Hand the sign-in's token over as a cookie and lead to ``next_``, which is checked once more."""
    response = RedirectResponse(safe_next(next_), 303)
    _set_cookie(response, request, settings, token, settings.session.absolute_hours * 3600)
    return response


def safe_next(value: object) -> str:
    """``value`` where it is an address of a page of this site, else ``/``.

    Refused are other sites (``//host``, ``https:``), what browsers read as such (backslashes, control characters),
    and the doors themselves, which would lead in a circle.
    """
    if not isinstance(value, str) or not value.startswith("/") or value.startswith("//") or len(value) > 2048:
        return "/"
    if "\\" in value or not value.isprintable() or " " in value:
        return "/"
    parts = urlsplit(value)
    if parts.scheme or parts.netloc or parts.path.rstrip("/") in _NOWHERE:
        return "/"
    return value


def refusal(_request: Request, error: Exception) -> Response:
    """What the framework refuses on its own, in Chinese; for Starlette's exception handlers."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kept = (error.headers or {}) if isinstance(error, HTTPException) else {}
    return PlainTextResponse(_WORDS.get(status, "请求无法处理。") + "\n", status, dict(kept))


def _set_cookie(response: Response, request: Request, settings: Settings, token: str, seconds: int) -> None:
    response.set_cookie(
        sessions.COOKIE,
        token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.session.https_only or gate.is_https(request.scope, settings),
    )


async def _read(request: Request) -> dict[str, str]:
    """The form's fields.

    Raises:
        HTTPException: it is too large or is none.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_BYTES:
            raise HTTPException(413)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise HTTPException(400) from error


def _signed(request: Request) -> Signed | None:
    found: Signed | None = request.scope.get("monitors.signed")
    return found


def _came_from(request: Request) -> dict[str, str]:
    return {"address": request.scope.get("monitors.address", ""), "agent": request.headers.get("user-agent", "")}


class _Doors:
    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._picture = _emblem(settings)

    # ── signing in and out ──────────────────────────────────────────────────────────────────────────────────────────

    async def sign_in_page(self, request: Request) -> Response:
        next_ = safe_next(request.query_params.get("next", "/"))
        signed = _signed(request)
        if signed is not None:
            return RedirectResponse(_on(next_, must_change=signed.must_change), 303)
        if not await run_in_threadpool(self._any_account):
            return HTMLResponse(forms.no_account(self._settings))
        asked = request.query_params
        notice = _OUT if "out" in asked else _ENDED if "ended" in asked else ""
        return HTMLResponse(forms.sign_in(self._settings, next_=next_, notice=notice))

    async def sign_in(self, request: Request) -> Response:
        given = await _read(request)
        name, next_ = given.get("name", ""), safe_next(given.get("next", "/"))
        try:
            token, must_change = await run_in_threadpool(
                partial(
                    signing.sign_in,
                    self._store,
                    name,
                    given.get("password", ""),
                    settings=self._settings,
                    now=utc_now(),
                    **_came_from(request),
                )
            )
        except SignInFailed as failed:
            page = forms.sign_in(self._settings, name=name[:64], next_=next_, error=str(failed))
            wait = {"Retry-After": str(failed.retry_after)} if failed.retry_after else {}
            return HTMLResponse(page, failed.status, wait)
        await self._end_former(request)
        response = RedirectResponse(_on(next_, must_change=must_change), 303)
        _set_cookie(response, request, self._settings, token, self._settings.session.absolute_hours * 3600)
        return response

    async def sign_out(self, request: Request) -> Response:
        await self._end_former(request)
        response = RedirectResponse("/login?out=1", 303)
        _set_cookie(response, request, self._settings, "", 0)
        return response

    async def home(self, _request: Request) -> Response:
        """A link signs nobody out: an address of another site could be one."""
        return RedirectResponse("/", 303)

    async def _end_former(self, request: Request) -> None:
        """End the sign-in this browser held until now: the next shift signs in over the last one's."""
        former = request.cookies.get(sessions.COOKIE, "")
        if _signed(request) is not None:
            await run_in_threadpool(
                partial(signing.sign_out, self._store, former, settings=self._settings, now=utc_now())
            )

    # ── the first set-up ────────────────────────────────────────────────────────────────────────────────────────────

    async def set_up_page(self, request: Request) -> Response:
        if await run_in_threadpool(self._any_account):
            return self._set_up_already()
        token = request.query_params.get("token", "")
        if not token:
            return HTMLResponse(forms.no_account(self._settings))
        return HTMLResponse(forms.set_up(self._settings, token))

    async def set_up(self, request: Request) -> Response:
        given = await _read(request)
        token, name, display = given.get("token", ""), given.get("name", ""), given.get("display", "")
        try:
            _twice(given)
            session = await run_in_threadpool(
                partial(
                    setup.complete,
                    self._store,
                    token,
                    name=name,
                    display=display,
                    password=given["new"],
                    settings=self._settings,
                    now=utc_now(),
                    **_came_from(request),
                )
            )
        except InputError as error:
            if await run_in_threadpool(self._any_account):
                return self._set_up_already()
            page = forms.set_up(self._settings, token, name=name[:64], display=display[:64], error=str(error))
            return HTMLResponse(page, 422)
        return enter(request, session, self._settings, "/")

    def _set_up_already(self) -> Response:
        words = "管理员已经设置，此链接不再有效。请直接登录。"
        return HTMLResponse(forms.notice(self._settings, "设置已完成", words, to="/login", label="去登录"), 410)

    def _any_account(self) -> bool:
        with self._store.read() as connection:
            return accounts.any_exists(connection)

    # ── one's own password ──────────────────────────────────────────────────────────────────────────────────────────

    async def password_page(self, request: Request) -> Response:
        signed = _signed(request)
        if signed is None:
            return RedirectResponse("/login?next=%2Fpassword", 303)
        next_ = safe_next(request.query_params.get("next", "/"))
        page = forms.password(
            self._settings, name=signed.actor.name, who=signed.display, forced=signed.must_change, next_=next_
        )
        return HTMLResponse(page)

    async def password(self, request: Request) -> Response:
        signed = _signed(request)
        if signed is None:
            return RedirectResponse("/login", 303)
        given = await _read(request)
        next_ = safe_next(given.get("next", "/"))
        try:
            _twice(given)
            await run_in_threadpool(
                partial(
                    accounts.change_password,
                    self._store,
                    signed.actor,
                    given.get("old", ""),
                    given["new"],
                    now=utc_now(),
                    settings=self._settings,
                )
            )
        except InputError as error:
            forced = signed.must_change
            page = forms.password(
                self._settings,
                name=signed.actor.name,
                who=signed.display,
                forced=forced,
                next_=next_,
                error=str(error),
            )
            return HTMLResponse(page, 422)
        if signed.must_change:
            return RedirectResponse(next_, 303)
        words = "新密码已生效，本账号在其他地方的登录已全部退出。"
        return HTMLResponse(forms.notice(self._settings, "密码已修改", words, to=next_, label="返回系统"))

    # ── what the pages are drawn with ───────────────────────────────────────────────────────────────────────────────

    async def style(self, _request: Request) -> Response:
        return PlainTextResponse(_STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})

    async def emblem(self, _request: Request) -> Response:
        if self._picture is None:
            raise HTTPException(404)
        content, kind = self._picture
        return Response(content, media_type=kind)


def _on(next_: str, *, must_change: bool) -> str:
    if not must_change:
        return next_
    return "/password" if next_ == "/" else f"/password?next={quote(next_, safe='')}"


def _twice(given: dict[str, Any]) -> None:
    if given.setdefault("new", "") != given.get("again", ""):
        raise InputError("两次输入的密码不一致，请重新输入")


def _emblem(settings: Settings) -> tuple[bytes, str] | None:
    """The picture above the form, read once; a file that cannot be used is left out and said in the log."""
    if not settings.site.emblem:
        return None
    path = ROOT / settings.site.emblem
    try:
        if path.stat().st_size > _EMBLEM_BYTES:
            _log.warning("the emblem %s is larger than 1 MB and is not shown", path)
            return None
        return path.read_bytes(), "image/svg+xml" if path.suffix.lower() == ".svg" else "image/png"
    except OSError as error:
        _log.warning("the emblem %s cannot be read and is not shown: %s", path, error)
        return None
