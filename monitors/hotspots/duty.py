"""The regional scan's own duty beside the watch (重点地区值守): ask anew where events gather, once something changed.

It reads, computes and writes in a thread of its own, so that neither polling nor messages wait for it. A day that
begins is a change as well: what was today has become yesterday.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial

from monitors.clock import local, utc_now
from monitors.hotspots import runs
from monitors.hotspots.events import DATA_SETS
from monitors.recurring import Recurring
from monitors.settings import Settings
from monitors.store.engine import Store

log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0  # at most one scan a minute: it reads half a year of events
_READS = ("story", "alert", "wage_case", "known_change")


class Duty:
    """One worker. ``run`` serves until it is cancelled; nothing is done without ``hotspot.enabled``."""

    def __init__(self, store: Store, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._seen: tuple[date, tuple[str, ...]] | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        if not self._settings.hotspot.enabled:
            return
        thread = ThreadPoolExecutor(1, thread_name_prefix="hotspots")
        loop = asyncio.get_running_loop()
        try:
            await Recurring(log, "hotspots").every(LOOK_SECONDS, partial(loop.run_in_executor, thread, self.look))
        finally:
            thread.shutdown(wait=True, cancel_futures=True)

    def look(self) -> int:
        """Scan both data sets if anything they rest on changed since the last look; how many new answers there are.

        Raises:
            StoreError: the database cannot be used; the next look tries again.
        """
        if not self._settings.hotspot.enabled:
            return 0
        now = self._clock()
        # Versions before data: what changes in between is seen at the next look.
        seen = local(now).date(), self._store.versions(*_READS)
        if seen == self._seen:
            return 0
        found = [runs.run(self._store, self._settings, data_set, now=now) for data_set in DATA_SETS]
        self._seen = seen
        return sum(one is not None for one in found)

    def once(self) -> None:
        """For ``watch --once``: look, and where that fails say so in the log; it ends nothing else."""
        try:
            self.look()
        except Exception:
            log.exception("the regional scan failed")
