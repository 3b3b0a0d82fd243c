"""The server: the gate, the sign-in, Streamlit's pages, health and metrics routes, the watch as a child process.

``streamlit run app.py`` starts everything; ``./run`` prepares the machine first.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

# Both whole before the first visit: a page that asks Altair while another visit still loads pandas finds half of it.
import altair as alt  # noqa: F401
import pandas as pd  # noqa: F401
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitors import logs, settings, status
from monitors.access import acting, anchoring, doors, headers, keys, setup
from monitors.access.bindings import Bindings
from monitors.access.gate import Gate
from monitors.clock import utc_now
from monitors.errors import MonitorsError, RefusedError, StoreError
from monitors.ledger import workdays
from monitors.opening import open_store, prepare
from monitors.opinion.embedded import EmbeddedWatch
from monitors.regions import shapes
from pages.given import heard, told

try:
    SETTINGS = settings.current()
    workdays.load()
    STORE = open_store(SETTINGS)
except MonitorsError as error:
    # The sentence says file, line and what was expected; a trace would bury it.
    sys.exit(str(error))
try:
    prepare(STORE, SETTINGS, utc_now())
except StoreError as error:
    # A full or read-only disk: what is stored can still be read, and the watch tries again until it can write.
    print(error, file=sys.stderr)  # noqa: T201 - before the log is set up


def _silence() -> float:
    """Seconds since the watch last beat; 0 where the database does not say."""
    health = status.health(STORE, SETTINGS, utc_now())
    return health.seconds if health.watch == "stopped" else 0.0


def _greet() -> None:
    """Print where the pages are and, while there is no account, the one-time set-up link.

    On the console alone, never into the log. Streamlit's own greeting is English and is switched off.
    """
    address, port = st.get_option("server.address") or SETTINGS.address, st.get_option("server.port")
    host = "127.0.0.1" if address in ("0.0.0.0", "::") else address  # noqa: S104 - what is compared, not bound
    here = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        token = setup.offer(STORE, settings=SETTINGS, now=utc_now())
    except StoreError as error:
        print(f"暂不能提供设置链接：{error}", file=sys.stderr)  # noqa: T201 - for the person at the console
        return
    if token is None:
        print(f"\n  系统已启动，请用浏览器打开 {here}\n", file=sys.stderr, flush=True)  # noqa: T201 - as above
        return
    lines = (
        "",
        f"  系统还没有账号。请在 {SETTINGS.password.setup_minutes} 分钟内用浏览器打开这个一次性链接，设置省级管理员：",
        "",
        f"    {here}/setup?token={token}",
        "",
        "  从别的电脑打开时，把地址换成这台服务器的地址。链接过期后重新启动即可得到新的。",
        "",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 - as above


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Keep the watch running beside the pages."""
    logs.configure()
    await run_in_threadpool(_greet)
    watch = EmbeddedWatch(silence=_silence) if SETTINGS.watch.embedded else None
    if watch:
        watch.start()
    anchors = asyncio.create_task(anchoring.keep(STORE, SETTINGS))
    try:
        yield {}
    finally:
        anchors.cancel()
        if watch:
            await watch.stop()


async def healthz(request: Request) -> JSONResponse:
    """200 while the watch is alive and the database answers, else 503; the reason only for people signed in."""
    health = await run_in_threadpool(status.health, STORE, SETTINGS, utc_now())
    body = health.as_json() if request.scope["monitors.signed"] else {"ok": health.ok}
    return JSONResponse(body, status_code=200 if health.ok else 503, headers={"Cache-Control": "no-store"})


def _counters(signed: Any) -> bytes:
    if signed is None:  # the gate let it pass: the monitoring system with its own token
        return status.metrics(STORE, utc_now())
    with acting.looking(STORE, signed.actor):
        signed.actor.require("system.metrics", kind="metrics")
    return status.metrics(STORE, utc_now())


async def metrics(request: Request) -> PlainTextResponse:
    """Counters and gauges in Prometheus' text format."""
    try:
        body = await run_in_threadpool(_counters, request.scope["monitors.signed"])
    except RefusedError as refusal:
        return PlainTextResponse(f"{refusal}\n", 403)
    return PlainTextResponse(body, media_type="text/plain; version=0.0.4", headers={"Cache-Control": "no-store"})


async def outlines(_request: Request) -> Response:
    """The counties' outlines for the map; the page asks by version, so the browser may keep what it has."""
    found, _why = await run_in_threadpool(shapes.chosen, SETTINGS.hotspot.shapes, SETTINGS.path.parent)
    return Response(
        found.text, media_type="application/json", headers={"Cache-Control": "private, max-age=604800, immutable"}
    )


def _routes() -> list[Route]:
    found = [
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/maps/yunnan.topo.json", outlines),
        *doors.routes(STORE, SETTINGS),
    ]
    if SETTINGS.sso.enabled:
        from monitors.access import sso  # noqa: PLC0415 - only where the office has one

        found += sso.routes(STORE, SETTINGS)
    return found


# Streamlit signs its cookies with this; its own default is another one at every start.
if __name__ != "__main__":
    st.config.set_option("server.cookieSecret", keys.derived("cookie").hex())
_SHELL = Path(st.__file__).parent / "static" / "index.html"
app = st.App(
    Path(__file__).resolve().parent / "pages" / "frame.py",
    lifespan=lifespan,
    routes=_routes(),
    middleware=[
        Middleware(
            Gate,
            store=STORE,
            settings=SETTINGS,
            bindings=Bindings(told),
            heard=heard,
            script_hashes=headers.script_hashes(_SHELL.read_text(encoding="utf-8")),
        )
    ],
    exception_handlers={HTTPException: doors.refusal},
)

if __name__ == "__main__":
    os.environ["STREAMLIT_SERVER_COOKIE_SECRET"] = keys.derived("cookie").hex()  # read afresh by run()
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")  # proxies are judged by the gate alone, not by uvicorn before it
    app.run(config={"server.address": SETTINGS.address, "server.port": SETTINGS.port})
