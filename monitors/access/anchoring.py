"""Anchors of the trail while the server runs (定时锚点): what was done meanwhile cannot be taken back unseen.

Who can write to the database can put an older end of the trail back, head and all; it fits. Only what was written down
outside since then tells. Anchors at the start and once a day would leave a day's acts to be erased.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from monitors.access import chain
from monitors.clock import utc_now
from monitors.errors import StoreError
from monitors.settings import Settings
from monitors.store.engine import Store

SECONDS = 900.0  # a line of 170 bytes where something was done: 6 MB in a year at the most

_log = logging.getLogger(__name__)


async def keep(
    store: Store, settings: Settings, *, every: float = SECONDS, now: Callable[[], datetime] = utc_now
) -> None:
    """Write the newest digest down every so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            await asyncio.to_thread(chain.anchor, store, settings, now())
        except StoreError as error:
            _log.warning("the trail's newest digest could not be written down: %s", error)
