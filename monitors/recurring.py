"""What a long-running part does again and again: a failure is logged, and the next time comes all the same."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from monitors.errors import StoreError

COMPLAIN_SECONDS = 60.0  # the same sentence about the store is logged no more often than this


class Recurring:
    """The duties of one part; ``log`` is the part's, ``part`` what its log calls it."""

    def __init__(self, log: logging.Logger, part: str) -> None:
        self._log = log
        self._part = part
        self._complained: dict[str, float] = {}

    async def every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do ``work`` for ever, beginning every ``seconds``, or at once where it took longer."""
        while True:
            began = time.monotonic()
            try:
                await work()
            except StoreError as error:
                self.complain(error)
            except Exception:  # noqa: BLE001 - one failed duty must not end the others; the trace is logged
                self._log.exception("a duty of the %s failed", self._part)
            await asyncio.sleep(max(0.05, seconds - (time.monotonic() - began)))

    def complain(self, error: StoreError) -> None:
        """Log the store's sentence once a minute: a full disk must not be filled with words about it."""
        now = time.monotonic()
        if now - self._complained.get(str(error), -COMPLAIN_SECONDS) >= COMPLAIN_SECONDS:
            self._complained[str(error)] = now
            self._log.error("store: %s", error)
