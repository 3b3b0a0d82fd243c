"""A house with its gate for the tests: the real middleware and doors before a small application, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient

from monitors.access import accounts, doors, sessions
from monitors.access.bindings import Bindings, Told
from monitors.access.gate import Gate
from monitors.access.roles import Role
from monitors.settings import Settings
from monitors.store.engine import Store
from tests.access_house import SETTINGS

SITE = "http://duty.example"
HTML = {"Accept": "text/html,application/xhtml+xml"}
OWN = {"Origin": SITE}


def told(payload: bytes) -> Told:
    """The tests' messages: ``media:name`` or ``session:id``."""
    kind, _, word = payload.decode().partition(":")
    return Told(media=(word,)) if kind == "media" else Told(session=word) if kind == "session" else Told()


async def inside(request: Request) -> JSONResponse:
    """What stands behind the gate: says what reached it."""
    ours = {name: value for name, value in request.headers.items() if name.startswith("x-monitors-")}
    signed = request.scope["monitors.signed"]
    body = {"path": request.url.path, "ours": ours, "name": signed.actor.name if signed else ""}
    return JSONResponse(body | {"address": request.scope["monitors.address"]})


async def broken(_request: Request) -> JSONResponse:
    raise RuntimeError("a secret word of the server")


def guarded(
    store: Store,
    settings: Settings = SETTINGS,
    *,
    routes: Sequence[BaseRoute] = (),
    bindings: Bindings | None = None,
    heard: Callable[[bytes], bool] = lambda _payload: True,
) -> Starlette:
    return Starlette(
        routes=[
            *routes,
            *doors.routes(store, settings),
            Route("/broken", broken),
            Route("/{path:path}", inside, methods=["GET", "HEAD", "PUT", "DELETE"]),
        ],
        middleware=[
            Middleware(
                Gate, store=store, settings=settings, bindings=bindings or Bindings(told), heard=heard, now=clock_now
            )
        ],
        exception_handlers={HTTPException: doors.refusal},
    )


def clock_now() -> datetime:
    return datetime.now(UTC)


def client(app: Starlette, **keywords: object) -> TestClient:
    """A browser without redirects, so that each answer is seen. It comes from 10.20.0.7, no proxy of ours."""
    return TestClient(
        app,
        base_url=SITE,
        follow_redirects=False,
        raise_server_exceptions=False,
        client=("10.20.0.7", 40000),
        **keywords,
    )


def admit(
    store: Store,
    name: str = "li",
    role: Role = Role.COUNTY_CLERK,
    region: str = "530102",
    *,
    must_change: bool = False,
    settings: Settings = SETTINGS,
    now: datetime | None = None,
) -> str:
    """A sign-in, without the price of a password; the account is made where there is none."""
    now = now or clock_now()
    with store.write() as connection:
        found = accounts.by_name(connection, name)
        if found is None:
            account_id = accounts.create(
                connection, name=name, display=f"{name}同志", role=role, region=region,
                password=None, must_change=must_change, now=now,
            )  # fmt: skip
            found = accounts.get(connection, account_id)
        return sessions.mint(connection, found, settings=settings, now=now, address="10.20.0.7", agent="test")


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{sessions.COOKIE}={token}"}


def with_session(settings: Settings = SETTINGS, **changes: object) -> Settings:
    return settings.model_copy(update={"session": settings.session.model_copy(update=changes)})


def set_cookie(answer: httpx.Response) -> str:
    """The sign-in cookie as the answer sets it, attributes and all; empty where it does not."""
    found = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{sessions.COOKIE}=")]
    assert len(found) <= 1
    return found[0] if found else ""
