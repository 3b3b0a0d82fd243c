"""Hostile bodies cost their own time and memory, never the pool: kills, crashes, limits, orphans."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil
import pytest

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion.articles import read_article
from monitors.opinion.model import Parsed, Recipe
from monitors.opinion.parse import parse
from monitors.opinion.parse_pool import ParserPool

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LIMITS = settings.Parse(
    seconds=1.5, memory_mb=512, workers=1, max_entries=2000, max_text_chars=20000, future_tolerance_hours=2
)
FEED = "<rss><channel><title>测试</title><item><title>讨薪</title><pubDate>2026-11-20</pubDate></item></channel></rss>"
GOOD = FEED.encode()


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    with ParserPool(LIMITS) as opened:
        yield opened


def ask(pool: ParserPool, body: bytes, **more: object) -> Parsed:
    return asyncio.run(pool.parse(body, **({"kind": "feed", "now": NOW} | more)))  # type: ignore[arg-type]


def child_pids() -> list[int]:
    return [
        process.pid
        for process in psutil.Process().children()
        if process.status() != psutil.STATUS_ZOMBIE and "monitors.opinion.parse_child" in process.cmdline()
    ]


def test_the_child_answers_as_this_process_would(pool: ParserPool) -> None:
    here = parse(GOOD, kind="feed", now=NOW, limits=LIMITS)
    assert ask(pool, GOOD) == here
    recipe = Recipe(items="l", headers=(("a", "b"),))
    body = '{"l":[{"title":"讨薪"},{}]}'.encode()
    assert ask(pool, body, kind="json", recipe=recipe) == parse(
        body, kind="json", recipe=recipe, now=NOW, limits=LIMITS
    )
    page = ("<html><title>讨薪的结局</title><p>" + "工人们终于拿到工资。" * 20 + "</p></html>").encode()
    article = asyncio.run(pool.article(page, url="https://h.example/2026/1120/1.html", now=NOW))
    assert article == read_article(page, url="https://h.example/2026/1120/1.html", now=NOW, limits=LIMITS)
    assert len(child_pids()) == 1


def test_what_the_child_refuses_is_told_and_the_child_stays(pool: ParserPool) -> None:
    ask(pool, GOOD)
    before = child_pids()
    with pytest.raises(ParseError, match="普通网页"):
        ask(pool, b"<html></html>")
    assert child_pids() == before


BOMBS = {
    "author": f"<rss><channel><item><title>x</title><author>{'a.' * 150_000}</author><broken></item></rss>",
    "unclosed": f"<rss><channel><item><title>x</title><description>{'<b>' * 2_700_000}</description></item></channel>",
    "comments": "<rss><channel><item><title>x</title></item></channel></rss>" + "<!-- >" * 60 + "<!" * 200_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_stopped_in_time_and_the_pool_goes_on(pool: ParserPool, name: str) -> None:
    ask(pool, GOOD)
    started = time.monotonic()
    with contextlib.suppress(ParseError):  # some are read after all on a quick machine; what counts is the time
        ask(pool, BOMBS[name].encode())
    assert time.monotonic() - started < LIMITS.seconds + 1
    assert len(ask(pool, GOOD).entries) == 1


def test_memory_is_limited() -> None:
    tight = LIMITS.model_copy(update={"memory_mb": 160, "seconds": 20.0})
    # A list of small numbers takes 16 times its text in memory.
    body = b'{"items":[' + b"[1],[2]," * 1_500_000 + b"1]}"
    with ParserPool(tight) as pool:
        with pytest.raises(ParseError, match="内存"):
            ask(pool, body)
        assert len(ask(pool, GOOD).entries) == 1


def test_a_child_that_dies_is_replaced(pool: ParserPool) -> None:
    ask(pool, GOOD)
    (victim,) = child_pids()
    os.kill(victim, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(victim)] if psutil.pid_exists(victim) else [], timeout=5)
    assert len(ask(pool, GOOD).entries) == 1
    assert child_pids() != [victim]


def test_a_child_killed_at_work_costs_one_body(pool: ParserPool) -> None:
    async def run() -> None:
        await pool.parse(GOOD, kind="feed", now=NOW)
        (victim,) = child_pids()
        busy = asyncio.create_task(pool.parse(BOMBS["author"].encode(), kind="feed", now=NOW))
        await asyncio.sleep(0.3)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(ParseError, match="意外退出"):
            await busy
        assert len((await pool.parse(GOOD, kind="feed", now=NOW)).entries) == 1

    asyncio.run(run())


def test_many_at_once_and_one_hostile_among_them() -> None:
    async def run(pool: ParserPool) -> list[object]:
        bodies = [GOOD] * 20 + [BOMBS["author"].encode()] + [GOOD] * 20
        tasks = [pool.parse(body, kind="feed", now=NOW) for body in bodies]
        return await asyncio.gather(*tasks, return_exceptions=True)

    with ParserPool(LIMITS.model_copy(update={"workers": 2})) as pool:
        results = asyncio.run(run(pool))
    assert sum(isinstance(result, Parsed) for result in results) == 40
    assert isinstance(results[20], ParseError)


def test_nothing_is_left_after_closing() -> None:
    pool = ParserPool(LIMITS)
    ask(pool, GOOD)
    assert len(child_pids()) == 1
    pool.close()
    assert child_pids() == []


def test_children_die_with_a_parent_that_is_killed() -> None:
    script = f"""
import asyncio, time, psutil
from datetime import datetime, UTC
from monitors import settings
from monitors.opinion.parse_pool import ParserPool
pool = ParserPool(settings.Parse(**{LIMITS.model_dump()!r}))
asyncio.run(pool.parse({GOOD!r}, kind="feed", now=datetime.now(UTC)))
print(psutil.Process().children()[0].pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=settings.ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


def test_a_large_parent_does_not_make_its_children_look_grown(pool: ParserPool) -> None:
    ballast = bytearray(LIMITS.memory_mb * 1_048_576)
    ballast[::4096] = b"x" * len(ballast[::4096])  # touched, so that it counts
    ask(pool, GOOD)
    before = child_pids()
    del ballast
    ask(pool, GOOD)
    assert len(before) == 1
    assert child_pids() == before
