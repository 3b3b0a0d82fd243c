"""The notifications' own duties beside the watch (通知值守): plan, escalate, send, report outside, tidy up, for ever.

They use the store in a thread of their own, so that no long work of the watch holds up a message, and beat apart from
it: a stuck planner or sender does not hide behind a live loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from monitors.clock import utc_now
from monitors.notify import beat, escalation, leases, outbox, plan, senders
from monitors.notify.sender import Send, Sender
from monitors.recurring import Recurring
from monitors.settings import SEND_GRACE_SECONDS, Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

log = logging.getLogger(__name__)
PLAN_SECONDS = 2.0
LOOK_BACK_SECONDS = 10.0  # how often it is asked what may be told by now, and who is to be reminded
ESCALATE_SECONDS = 5.0
SEND_SECONDS = 0.5
BEAT_SECONDS = 5.0
TIDY_SECONDS = 600.0
MEND_SECONDS = 10.0
PLANNER, SENDER = "notify", "sender"  # the parts' names in ``heartbeat``


class Duty:
    """One worker. ``run`` serves until it is cancelled."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        send: Send = senders.send,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._database = ThreadPoolExecutor(1, thread_name_prefix="notify")
        self._sender = Sender(store, settings, send=send, clock=clock, database=self._database)
        self._well: dict[str, float] = {}  # part: when it last did its work, by a clock nobody sets
        self._looked_back = 0.0
        self._escalated = float("-inf")  # when that last went well
        self._recurring = Recurring(log, "notifications")

    async def run(self) -> None:
        """Serve until cancelled. Without ``notify.enabled`` only the outside report is kept up."""
        every: list[tuple[float, Callable[[], Awaitable[object]]]] = [(beat.PING_SECONDS, self._report)]
        if self._settings.notify.enabled:
            every += [
                (PLAN_SECONDS, self._plan),
                (ESCALATE_SECONDS, self._escalate),
                (SEND_SECONDS, self._look),
                (BEAT_SECONDS, lambda: self._in_database(self._beat)),
                (MEND_SECONDS, lambda: self._in_database(self._mend)),
                (TIDY_SECONDS, lambda: self._in_database(self._tidy)),
            ]
        tasks = [asyncio.create_task(self._recurring.every(seconds, work)) for seconds, work in every]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._sender.close()
            self._database.shutdown(wait=True, cancel_futures=True)

    async def once(self) -> None:
        """Tell what is to be told by now, waiting for nothing that may still come; what fails is tried again later.

        For ``watch --once``. Nothing is done without ``notify.enabled``.
        """
        try:
            if not self._settings.notify.enabled:
                return
            at_once = self._settings.notify.model_copy(update={"group_seconds": 0})
            settings = self._settings.model_copy(update={"notify": at_once})
            await self._in_database(lambda: plan.run(self._store, settings, self._clock()))
            await self._in_database(lambda: escalation.run(self._store, self._settings, self._clock()))
            await self._sender.drain()
        finally:
            await self._sender.close()
            self._database.shutdown(wait=True, cancel_futures=True)

    async def _plan(self) -> None:
        now = time.monotonic()
        look_back = now - self._looked_back >= LOOK_BACK_SECONDS or not self._looked_back
        await self._in_database(lambda: plan.run(self._store, self._settings, self._clock(), look_back=look_back))
        if look_back:
            self._looked_back = now
        # Escalating is half of the planner's work: where it fails every time, the planner does not pass for well.
        if time.monotonic() - self._escalated <= 3 * ESCALATE_SECONDS:
            self._well[PLANNER] = time.monotonic()

    async def _look(self) -> None:
        await self._sender.look()
        # An attempt past its own deadline and ours: the sender is stuck, whatever the loop does.
        if self._sender.oldest_seconds <= self._settings.notify.send_seconds + 2 * SEND_GRACE_SECONDS:
            self._well[SENDER] = time.monotonic()

    async def _report(self) -> None:
        told = await beat.run(self._store, self._settings, self._clock(), database=self._database)
        if told.host and not told.ok:
            log.warning("%s", told.told)

    async def _escalate(self) -> None:
        await self._in_database(lambda: escalation.run(self._store, self._settings, self._clock()))
        self._escalated = time.monotonic()

    def _beat(self) -> None:
        since = time.monotonic() - 2 * BEAT_SECONDS
        well = [part for part, at in self._well.items() if at >= since]
        if not well:
            return
        now = self._clock()
        with self._store.write() as connection:
            for part in well:
                row = {"part": part, "at": now, "note": ""}
                connection.execute(
                    insert_into(connection, t.heartbeat)
                    .values(row)
                    .on_conflict_do_update(index_elements=["part"], set_={"at": now, "note": ""})
                )

    def _mend(self) -> None:
        with self._store.read() as connection:
            wanted = leases.any_ahead(connection, self._clock())
        if wanted:
            with self._store.write() as connection:
                mended = leases.mend(connection, self._clock())
            log.warning("the clock was set back: times of %d messages moved with it", mended)

    def _tidy(self) -> None:
        while True:
            with self._store.write() as connection:
                if not outbox.prune(connection, self._settings, self._clock()):
                    return

    async def _in_database(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._database, work)
