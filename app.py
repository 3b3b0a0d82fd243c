"""The server: Streamlit's pages, health and metrics routes, and the watch as a child process.

``streamlit run app.py`` starts everything; ``./run`` prepares the machine first.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from monitors import logs, settings, status
from monitors.clock import utc_now
from monitors.errors import MonitorsError, StoreError
from monitors.opening import open_store, prepare
from monitors.opinion.embedded import EmbeddedWatch

try:
    SETTINGS = settings.current()
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


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Keep the watch running beside the pages."""
    logs.configure()
    watch = EmbeddedWatch(silence=_silence) if SETTINGS.watch.embedded else None
    if watch:
        watch.start()
    try:
        yield {}
    finally:
        if watch:
            await watch.stop()


async def healthz(_request: Request) -> JSONResponse:
    """200 while the watch is alive and the database answers, else 503, with the reason."""
    health = await run_in_threadpool(status.health, STORE, SETTINGS, utc_now())
    return JSONResponse(health.as_json(), status_code=200 if health.ok else 503, headers={"Cache-Control": "no-store"})


async def metrics(_request: Request) -> PlainTextResponse:
    """Counters and gauges in Prometheus' text format."""
    body = await run_in_threadpool(status.metrics, STORE, utc_now())
    return PlainTextResponse(body, media_type="text/plain; version=0.0.4")


app = st.App(
    Path(__file__).resolve().parent / "pages" / "frame.py",
    lifespan=lifespan,
    routes=[Route("/healthz", healthz), Route("/metrics", metrics)],
)

if __name__ == "__main__":
    app.run(config={"server.address": SETTINGS.address, "server.port": SETTINGS.port})
