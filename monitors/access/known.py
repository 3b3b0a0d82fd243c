"""Sign-ins found a moment ago (短时记忆): one look at the database a second per person, however much is asked.

A page asks for some sixty files at once, each of which needs the sign-in looked up. Only good answers are kept, and
only for a second: what has ended is noticed within it, and forged cookies gain nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import anyio.to_thread
from anyio import CapacityLimiter

from monitors.access import sessions
from monitors.access.sessions import Signed
from monitors.settings import Settings
from monitors.store.engine import Store

SECONDS = 1.0
_LONGEST = 128  # characters; no token of ours is longer
_THREADS = 8  # of its own, so that files being served never keep a sign-in waiting


class Known:
    """Looks sign-ins up. Event loop only."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime], seconds: float = SECONDS) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._seconds = seconds
        self._held: dict[str, tuple[float, Signed]] = {}
        self._asking: dict[str, asyncio.Task[Signed | None]] = {}
        self._threads: CapacityLimiter | None = None

    async def find(self, token: str, *, afresh: bool = False) -> Signed | None:
        """The sign-in this cookie stands for, as it was at most a second ago; None where it does not hold.

        ``afresh``: as it is now, whatever is remembered or being asked.

        Raises:
            StoreError: the database does not answer.
        """
        if not token or len(token) > _LONGEST or not token.isascii():
            return None
        if afresh:
            self.forget(token)
        key = sessions.token_hash(token)
        held = self._held.get(key)
        if held is not None and asyncio.get_running_loop().time() - held[0] < self._seconds:
            return held[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key, token))
        # Shielded: one visitor who leaves must not take the answer from the others who wait for it.
        return await asyncio.shield(asking)

    def forget(self, token: str) -> None:
        """Look again at the next request: this one has just changed something about the sign-in."""
        key = sessions.token_hash(token)
        self._held.pop(key, None)
        self._asking.pop(key, None)

    async def _ask(self, key: str, token: str) -> Signed | None:
        me = asyncio.current_task()
        asked_at = asyncio.get_running_loop().time()
        if self._threads is None:
            self._threads = CapacityLimiter(_THREADS)
        found: Signed | None = None
        try:
            found = await anyio.to_thread.run_sync(self._look, token, limiter=self._threads)
        finally:
            if self._asking.get(key) is me:  # else forgotten meanwhile: the answer may be older than the change
                del self._asking[key]
                self._held.pop(key, None)
                if found is not None:
                    self._keep(key, asked_at, found)
        return found

    def _keep(self, key: str, at: float, found: Signed) -> None:
        for old in [name for name, (then, _signed) in self._held.items() if at - then >= self._seconds]:
            del self._held[old]
        self._held[key] = (at, found)

    def _look(self, token: str) -> Signed | None:
        with self._store.read() as connection:
            return sessions.find(connection, token, settings=self._settings, now=self._now())
