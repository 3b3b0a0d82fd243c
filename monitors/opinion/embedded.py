"""The watch as a child of the page server (内嵌监测): started with it, restarted when it dies or hangs, ended with it.

A process of its own, so that polling never shares a GIL with pages. The child ends when its standard input closes,
so a page server killed outright leaves no orphan behind.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from monitors.settings import ROOT

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
HEALTHY_SECONDS = 60.0  # a child that lived this long was sound: its next restart is immediate again
STOP_SECONDS = 10.0
LOOK_SECONDS = 20.0  # how often a living child is asked for
HUNG_SECONDS = 300.0  # a child that gave no sign of life for so long is ended: no honest work takes a tenth of it


class EmbeddedWatch:
    """Keeps ``python -m monitors watch`` running until ``stop`` is called.

    ``silence``: seconds since the watch last gave a sign of life, asked in a thread; a child that hangs is killed and
    started again.
    """

    def __init__(
        self,
        command: tuple[str, ...] = (sys.executable, "-m", "monitors", "watch", "--child"),
        *,
        silence: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._command = command
        self._silence = silence
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.starts = 0

    def start(self) -> None:
        """Begin keeping the child alive; returns at once."""
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the child (politely, then not) and stop restarting it."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _keep(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            began = time.monotonic()
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, cwd=ROOT
                )
                self.starts += 1
                end = f"code {await self._ended(self._process, began)}"
            except OSError as error:  # no memory or no process left at this moment: it will be tried again
                end = str(error)
            lived = time.monotonic() - began
            wait = FIRST_WAIT_SECONDS if lived >= HEALTHY_SECONDS else min(wait * 2, LONGEST_WAIT_SECONDS)
            log.error("the watch ended (%s) after %.0f s; starting it again in %.0f s", end, lived, wait)
            await asyncio.sleep(wait)

    async def _ended(self, process: asyncio.subprocess.Process, began: float) -> int:
        """Wait for the end of the child, bringing it about when it hangs; returns its exit code."""
        while True:
            with suppress(TimeoutError):
                return await asyncio.wait_for(process.wait(), LOOK_SECONDS)
            lived = time.monotonic() - began
            if min(lived, await asyncio.to_thread(self._silence)) > HUNG_SECONDS:
                log.error("the watch has given no sign of life for %.0f s; ending it", HUNG_SECONDS)
                process.kill()
