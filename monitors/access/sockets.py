"""An open WebSocket whose sign-in may end at any moment (长连接复核).

The sign-in is looked at with every message that comes in and every few seconds besides. Once it no longer holds, the
page has a short grace to notice by itself and show that the person is signed out; then the socket is closed, whether
or not anything comes in, so that nothing more is pushed to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitors.errors import StoreError

ENDED = 4401  # close code: no longer signed in
GRACE_SECONDS = 5.0
PATIENCE_SECONDS = 60.0  # a database that does not answer says nothing about a sign-in; but not for ever


class _Watched:
    def __init__(self, holds: Callable[[], Awaitable[bool]], every: float, grace: float) -> None:
        self.over = asyncio.Event()
        self._holds = holds
        self._every = every
        self._grace = grace
        self._good_at = self._time()
        self._ended_at: float | None = None

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    async def look(self) -> None:
        if self._ended_at is not None:
            return
        try:
            if await self._holds():
                self._good_at = self._time()
                return
        except StoreError:
            if self._time() - self._good_at < PATIENCE_SECONDS:
                return
        self._ended_at = self._time()

    async def watch(self, send: Send) -> None:
        while self._ended_at is None:
            await asyncio.sleep(self._every)
            await self.look()
        await asyncio.sleep(max(0.0, self._ended_at + self._grace - self._time()))
        self.over.set()
        with suppress(Exception):  # the other side may have gone in this very moment
            await send({"type": "websocket.close", "code": ENDED, "reason": "signed out"})


def only(receive: Receive, heard: Callable[[bytes], bool]) -> Receive:
    """``receive`` without the messages of the browser that ``heard`` passes over."""

    async def receiving() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or not message.get("bytes") or heard(message["bytes"]):
                return message

    return receiving


async def serve(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    holds: Callable[[], Awaitable[bool]],
    sent: Callable[[bytes], None],
    every: float,
    grace: float = GRACE_SECONDS,
) -> None:
    """Run ``app`` on one accepted sign-in's WebSocket until either side leaves or the sign-in has ended.

    ``holds`` says whether the sign-in still does; ``sent`` is shown every outgoing message; ``every`` and ``grace``
    are seconds.
    """
    watched = _Watched(holds, every, grace)
    over = asyncio.create_task(watched.over.wait())

    async def receiving() -> Message:
        coming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not coming.done():
                coming.cancel()
        if watched.over.is_set():
            return {"type": "websocket.disconnect", "code": ENDED}
        message = coming.result()
        if message["type"] == "websocket.receive":
            await watched.look()
        return message

    async def sending(message: Message) -> None:
        if watched.over.is_set():
            return
        if message["type"] == "websocket.send" and message.get("bytes"):
            sent(message["bytes"])
        await send(message)

    watching = asyncio.create_task(watched.watch(send))
    try:
        await app(scope, receiving, sending)
    finally:
        for task in (watching, over):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
