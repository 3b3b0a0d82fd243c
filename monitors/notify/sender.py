"""The worker that sends (发送): one message per channel at a time, channels side by side, each attempt with a deadline.

It knows neither alerts nor rules: it takes what is due from the outbox, hands it to the channel, records the answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from monitors.clock import utc_now
from monitors.errors import LeaseLostError, StoreError
from monitors.notify import leases, senders
from monitors.notify.channel_settings import ChannelKind, ChannelSettings, unseal
from monitors.notify.outgoing import Outgoing, Sent
from monitors.settings import SEND_GRACE_SECONDS, Settings
from monitors.store.engine import Store

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Send(Protocol):
    """``senders.send``, or what stands for it in a test."""

    def __call__(self, channel: ChannelSettings, message: Outgoing, *, timeout: float) -> Awaitable[Sent]: ...


class Sender:
    """One worker; several may run on one database. ``clock``, ``random`` and ``send`` are replaced in tests."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        send: Send = senders.send,
        clock: Callable[[], datetime] = utc_now,
        random: Callable[[], float] = random.random,
        database: Executor | None = None,
    ) -> None:
        """``database``: the thread in which the store is used; the loop's own where none is given."""
        self._store = store
        self._settings = settings
        self._send = send
        self._clock = clock
        self._random = random
        self._database = database
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"[:120]
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._began: dict[int, float] = {}

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest attempt under way has lasted; 0 where there is none."""
        return time.monotonic() - min(self._began.values()) if self._began else 0.0

    async def look(self) -> int:
        """Take what is due and begin sending it; how many messages were begun.

        Raises:
            StoreError: the database cannot be used; nothing was begun.
        """
        held = await self._in_database(self._claim, frozenset(self._under_way))
        for one in held:
            task = asyncio.create_task(self._deliver(one))
            self._under_way[one.channel_id] = task
            self._began[one.channel_id] = time.monotonic()
            task.add_done_callback(partial(self._ended, one.channel_id))
        return len(held)

    def _ended(self, channel_id: int, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(channel_id, None)
        self._began.pop(channel_id, None)

    async def drain(self) -> None:
        """Look and send until nothing is due any more at this time; for tests and the command line."""
        while await self.look() or self._under_way:
            if self._under_way:
                await asyncio.wait(list(self._under_way.values()))

    async def close(self) -> None:
        """Break off what is under way: it is sent again, under the same key, when the lease has run out."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, held: leases.Held) -> None:
        seconds = self._settings.notify.send_seconds
        try:
            channel = unseal(held.sealed, held.channel_id, cast("ChannelKind", held.channel_kind))
            async with asyncio.timeout(seconds + SEND_GRACE_SECONDS):
                sent = await self._send(channel, held.outgoing, timeout=seconds)
        except TimeoutError:
            sent = Sent(False, None, f"{seconds:g} 秒内没有应答")
        except StoreError as error:  # no key to open the channel's settings with: the operator can put it back
            sent = Sent(False, None, str(error))
        except Exception as error:  # noqa: BLE001 - one channel's fault must not stop the others; a trace might hold a secret
            log.error("sending message %d failed with %s", held.id, type(error).__name__)  # noqa: TRY400 - as above
            sent = Sent(False, None, f"发送时出错（{type(error).__name__}），请联系系统管理员")
        try:
            state = await self._in_database(self._settle, held, sent)
        except LeaseLostError as error:
            log.warning("%s", error)
        except StoreError as error:
            # Not recorded: the lease runs out and the message is sent again under the same key.
            log.error("message %d: %s", held.id, error)  # noqa: TRY400 - a sentence for the operator
        else:
            log.info("message %d: %s", held.id, state)

    def _claim(self, busy: frozenset[int]) -> list[leases.Held]:
        now = self._clock()
        with self._store.read() as connection:
            if not leases.anything_due(connection, now):
                return []
        with self._store.write() as connection:
            leases.expire(connection, now=now, settings=self._settings)
            return leases.claim(connection, self.owner, now=now, settings=self._settings, busy=busy)

    def _settle(self, held: leases.Held, sent: Sent) -> str:
        with self._store.write() as connection:
            return leases.settle(
                connection, self.owner, held, sent,
                now=self._clock(), settings=self._settings, random=self._random,
            )  # fmt: skip

    async def _in_database(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._database, work, *arguments)
