"""A province's worth of sources at once, a third of them broken: one round, bounded memory, every failure named."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import psutil
import pytest
from sqlalchemy import func, select

from monitors.settings import ROOT
from monitors.store import tables as t
from tests.feedserver import FeedServer
from tests.test_watch import prepared, source_block, write_config

SOURCES = 300
# One in thirty of each, two healthy thirds. Kinds a poll may end in (the class of failure decides the patience).
FAULTS = {
    "drip": {"temporary", "soft"},
    "hang": {"temporary"},
    "reset": {"temporary"},
    "truncated": {"temporary"},
    "500": {"soft"},
    "429": {"temporary"},
    "redirect loop": {"soft", "hard"},
    "gzip bomb": {"soft"},
    "endless": {"soft"},
    "login page": {"soft"},
}
MEMORY_BOUND = 600 * 1024 * 1024


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_three_hundred_sources_in_one_round(tmp_path):
    faults = list(FAULTS)
    with FeedServer() as server:
        blocks, broken = [], {}
        for number in range(SOURCES):
            path = f"/{number}.xml"
            feed = server.feed(path)
            for entry in range(20):
                feed.append(title=f"第{number}号源第{entry}条普通新闻", text=f"内容{number}-{entry}，天气晴好。")
            if number % 3 == 0:
                fault = faults[number // 3 % len(faults)]
                # A smaller bomb than the fetch tests throw: here the one test server packs ten of them at once.
                server.fault(path, fault, **({"megabytes": 32} if fault == "gzip bomb" else {}))
                broken[f"s{number}"] = fault
            elif number % 7 == 0:
                server.fault(path, "wrong charset")
            blocks.append(source_block(number, feed.url, minutes=60))
        environ = write_config(tmp_path, "".join(blocks))
        _, store = prepared(environ)
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"],
            cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            peak = asyncio.run(_until_polled(process, store, SOURCES))
            took = time.monotonic() - began
        finally:
            _end(process)
        with store.read() as connection:
            outcomes = dict(connection.execute(select(t.poll.c.source_id, t.poll.c.outcome)).tuples().all())
            items = dict(
                connection.execute(select(t.item.c.source_id, func.count()).group_by(t.item.c.source_id)).tuples().all()
            )
            garbled = connection.scalar(select(func.count()).where(t.item.c.title.not_like("第%号源第%条普通新闻")))
    for source_id, outcome in outcomes.items():
        if source_id in broken:
            assert outcome in FAULTS[broken[source_id]], (broken[source_id], outcome)
            assert source_id not in items
        else:
            assert (outcome, items[source_id]) == ("ok", 20), source_id
    assert garbled == 0
    assert len(outcomes) == SOURCES
    print(f"\n{SOURCES} sources in {took:.0f} s from a cold start, peak {peak / 2**20:.0f} MiB in all processes")  # noqa: T201 - the figures of the run
    print(Counter(outcomes.values()))  # noqa: T201
    assert peak < MEMORY_BOUND


async def _until_polled(process: subprocess.Popen[bytes], store, wanted: int) -> int:
    """Wait until every source has an outcome row; returns the highest memory of the process tree seen, in bytes."""
    peak = 0
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        peak = max(peak, tree_memory(process.pid))
        with store.read() as connection:
            polled = connection.scalar(select(func.count(t.poll.c.source_id.distinct())))
        if polled >= wanted:
            return peak
        await asyncio.sleep(0.2)
    pytest.fail(f"only {polled} of {wanted} sources were polled by {datetime.now(UTC):%H:%M:%S}")


def tree_memory(pid: int) -> int:
    """Proportional set size of a process and all below it: pages shared between them count once."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
    except psutil.NoSuchProcess:
        pass
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, 9)
        process.wait()
