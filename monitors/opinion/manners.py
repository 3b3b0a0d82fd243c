"""How often one host may be asked (每个网站的访问节奏): one visit at a time and a pause between visits.

We are guests on other people's servers. Hosts of the operator's own (``fetch.trusted_networks``) have no pause and
take ``OWN_HOST_VISITS`` visits at once. A host that answered 429/503 with Retry-After is left alone until then, for all
its sources. State is in memory: after a restart the first visit comes at once, which ``Retry-After`` in the source's
row (kept by the watch) already covers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from monitors.errors import FetchError

OWN_HOST_VISITS = 64  # of 300 loopback sources thirty may drip for the whole deadline without holding up the rest
_KEEP_HOSTS = 4096  # idle hosts beyond this many are forgotten, oldest first


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    gap: float
    free_at: float = 0.0
    held_until: float = 0.0
    users: int = field(default=0)


class Manners:
    """One per fetcher. ``clock`` is monotonic seconds (injected by tests)."""

    def __init__(self, gap_seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = gap_seconds
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def visit(self, host: str, *, own: bool) -> AsyncIterator[None]:
        """Wait for the host's turn, however long the queue; raise FetchError(temporary) while it is held back."""
        state = self._state(host, own=own)
        state.users += 1
        try:
            self._check_hold(host, state)
            async with state.slots:
                wait = state.free_at - self._clock()
                if wait > 0:
                    await asyncio.sleep(wait)
                self._check_hold(host, state)
                try:
                    yield
                finally:
                    state.free_at = self._clock() + state.gap
        finally:
            state.users -= 1

    def hold(self, host: str, seconds: float) -> None:
        """Leave the host alone for ``seconds`` (its Retry-After, already clamped)."""
        state = self._state(host, own=False)
        state.held_until = max(state.held_until, self._clock() + seconds)

    def _check_hold(self, host: str, state: _Host) -> None:
        remaining = state.held_until - self._clock()
        if remaining > 0:
            message = f"{host} 要求稍后再来，{_spoken(remaining)}后再试"
            raise FetchError(message, kind="temporary", retry_after=remaining)

    def _state(self, host: str, *, own: bool) -> _Host:
        state = self._hosts.get(host)
        if state is None:
            if len(self._hosts) >= _KEEP_HOSTS:
                self._forget()
            state = _Host(asyncio.Semaphore(OWN_HOST_VISITS if own else 1), 0.0 if own else self._gap)
            self._hosts[host] = state
        return state

    def _forget(self) -> None:
        now = self._clock()
        for host, state in list(self._hosts.items()):
            if not state.users and state.free_at <= now and state.held_until <= now:
                del self._hosts[host]


def _spoken(seconds: float) -> str:
    """``90`` → ``2 分钟``: whole units, rounded up, as a clerk would say it."""
    if seconds < 60:
        return f"{max(1, round(seconds))} 秒"
    if seconds < 5400:
        return f"{-(-seconds // 60):.0f} 分钟"
    return f"{-(-seconds // 3600):.0f} 小时"
