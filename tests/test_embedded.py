"""The watch as a child: started, restarted when it dies, ended with the server."""

from __future__ import annotations

import asyncio
import os
import sys

from monitors.opinion import embedded
from monitors.opinion.embedded import EmbeddedWatch


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_dead_child_is_started_again_and_stop_ends_it(monkeypatch, tmp_path):
    monkeypatch.setattr(embedded, "FIRST_WAIT_SECONDS", 0.01)
    marker = tmp_path / "starts"
    script = f"""
import pathlib, os, sys, time
path = pathlib.Path({str(marker)!r})
starts = path.read_text().splitlines() if path.exists() else []
path.write_text("\\n".join([*starts, str(os.getpid())]))
if len(starts) < 2:
    os._exit(3)
time.sleep(60)
"""

    async def scenario() -> None:
        watch = EmbeddedWatch((sys.executable, "-c", script))
        watch.start()
        async with asyncio.timeout(20):
            while watch.starts < 3 or len(marker.read_text().splitlines()) < 3:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)
        last = int(marker.read_text().splitlines()[-1])
        assert not gone(last)
        await watch.stop()
        assert gone(last)
        await asyncio.sleep(0.1)
        assert watch.starts == 3

    asyncio.run(scenario())


def test_a_child_that_hangs_is_ended_and_started_again(monkeypatch):
    for name, seconds in (("FIRST_WAIT_SECONDS", 0.01), ("LOOK_SECONDS", 0.05), ("HUNG_SECONDS", 0.3)):
        monkeypatch.setattr(embedded, name, seconds)
    silent = {"seconds": 0.0}

    async def scenario() -> None:
        watch = EmbeddedWatch((sys.executable, "-c", "import time; time.sleep(60)"), silence=lambda: silent["seconds"])
        watch.start()
        await asyncio.sleep(0.6)
        assert watch.starts == 1  # it says that it lives
        silent["seconds"] = 1.0
        async with asyncio.timeout(20):
            while watch.starts < 2:  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(0.02)
        silent["seconds"] = 0.0
        await watch.stop()

    asyncio.run(scenario())


def test_a_child_that_cannot_be_started_is_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(embedded, "FIRST_WAIT_SECONDS", 0.01)

    async def scenario() -> None:
        watch = EmbeddedWatch(("/nowhere/python",))
        watch.start()
        async with asyncio.timeout(20):
            while caplog.text.count("starting it again") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await watch.stop()

    asyncio.run(scenario())
