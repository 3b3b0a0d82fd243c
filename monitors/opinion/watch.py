"""The watch itself (值守): looks for due sources every tick, polls them side by side, says that it is alive.

The only room that sees network, parser, judge and store together. Several watches may run: on PostgreSQL as many as
wanted, on SQLite one at a time (a lock file; a second one idles until the first is gone).
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import random
import socket
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, delete, select, text

from monitors.clock import utc_now
from monitors.errors import ConflictError, MonitorsError, ParseError, StoreError, reason
from monitors.opinion import claims, heartbeat, intake, masking_stored, rejudge, retention
from monitors.opinion.fetch import Fetcher
from monitors.opinion.judge import Judge, Report
from monitors.opinion.model import Recipe
from monitors.opinion.parse_pool import ParserPool
from monitors.opinion.polling import Outcome, Poller
from monitors.opinion.story_index import StoryIndex
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

log = logging.getLogger(__name__)
Result = TypeVar("Result")

REASSESS_SECONDS = 300.0  # outlets per 24 h and growth per 6 h move slowly; five minutes is early enough
HOUSEKEEPING_SECONDS = 600.0
CHECKPOINT_SECONDS = 30.0
BEAT_SECONDS = 2.0
CLOCK_SECONDS = 5.0  # how often rows "from the future" are looked for
PROBE_LOOK_SECONDS = 3.0  # how often a trial of parser and judge may fall due
RETAIN_AGAIN_SECONDS = 3600.0  # a daily job that failed is tried again after this
REJUDGE_LOOK_SECONDS = 5.0  # how often it is asked whether the archive is to be judged again
COMPLAIN_SECONDS = 60.0  # the same sentence about the store is logged no more often than this
_REASSESS_AT_ONCE = 50  # stories per transaction, some 0.1 s: pages write in between
_TRIAL_FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>自检</title>'
    "<item><guid>1</guid><title>自检</title></item></channel></rss>"
).encode()


@dataclass(frozen=True, slots=True)
class Round:
    """What ``run_once`` did: one outcome per source polled."""

    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> int:
        return sum(o.kind not in ("ok", "unchanged") for o in self.outcomes)


class Watch:
    """One worker. Use ``run`` for ever or ``run_once`` for a single round; both close what they opened."""

    def __init__(self, settings: Settings, store: Store, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{random.getrandbits(32):08x}"
        # One thread for the store: SQLite has one writer anyway, and beats queue behind a stuck write and so show it.
        self._database = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._brain = ThreadPoolExecutor(1, thread_name_prefix="judge")
        self._polls: dict[str, asyncio.Task[Outcome | None]] = {}
        self._probed_at: datetime | None = None
        self._complained: dict[str, float] = {}
        self._retain_not_before = 0.0
        self._rejudging = rejudge.Worker(store, settings, clock=clock)
        self._note = "刚刚启动"

    async def run(self, stop: asyncio.Event) -> None:
        """Poll what is due until ``stop`` is set.

        Raises:
            StoreError: the database cannot be used at the start. Later failures are logged and tried again.
        """
        try:
            with watch_lock(self._settings, self._store) as lock:
                if not lock.acquire():
                    log.warning("another watch runs on this database; waiting for it to end")
                while not lock.acquire():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), 5)
                    if stop.is_set():
                        return
                await self._in_database(self._start, lock.exclusive)
                await self._serve(stop)
        finally:
            self._shut()

    async def run_once(self, among: Collection[str] | None = None) -> Round:
        """Poll every source that is not paused (or those named) once, whether due or not.

        Raises:
            StoreError: the database cannot be used.
        """
        try:
            with watch_lock(self._settings, self._store) as lock:
                alone = lock.acquire()
                await self._in_database(self._start, lock.exclusive and alone)
                wanted = set(among) if among is not None else set(await self._in_database(self._active))
                async with self._fetcher() as fetcher:
                    with ParserPool(self._settings.parse) as pool:
                        poller = self._poller(fetcher, pool, await self._build_judge())
                        outcomes = await self._poll_all(poller, wanted)
                await self._reassess()
                await self._mask_stored()
                return Round(tuple(outcomes))
        finally:
            self._shut()

    async def _poll_all(self, poller: Poller, wanted: set[str]) -> list[Outcome]:
        """Poll the sources ``wanted``, except those that another worker is polling at this moment."""
        begun: list[asyncio.Task[Outcome | None]] = []
        beating = asyncio.create_task(self._every(BEAT_SECONDS, lambda: self._in_database(self._beat_and_renew)))
        try:
            while True:
                room = self._settings.watch.concurrency - len(self._polls)
                held: list[claims.Claim] = []
                if wanted and room > 0:
                    held = await self._in_database(self._claim, room, frozenset(self._polls), frozenset(wanted))
                    wanted -= {one.source.id for one in held}
                    begun += self._begin(poller, held)
                if self._polls:
                    await asyncio.wait(list(self._polls.values()), return_when=asyncio.FIRST_COMPLETED, timeout=5)
                elif not held:
                    break
        finally:
            for task in (beating, *self._polls.values()):
                task.cancel()
        await self._in_database(self._beat_and_renew)
        return [outcome for task in begun if (outcome := task.result()) is not None]

    # ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, stop: asyncio.Event) -> None:
        def stored(seconds: float, work: Callable[[], Any]) -> asyncio.Task[None]:
            return asyncio.create_task(self._every(seconds, lambda: self._in_database(work)))

        # Beating begins first: on a new machine the judge is built for half a minute.
        self._note = "正在准备研判"
        duties = [stored(BEAT_SECONDS, self._beat_and_renew)]
        try:
            judge = await self._build_judge()
            async with self._fetcher() as fetcher:
                with ParserPool(self._settings.parse) as pool:
                    poller = self._poller(fetcher, pool, judge)
                    duties += [
                        asyncio.create_task(self._every(self._settings.watch.tick_seconds, lambda: self._tick(poller))),
                        asyncio.create_task(self._every(PROBE_LOOK_SECONDS, lambda: self._probe_when_due(pool, judge))),
                        asyncio.create_task(self._every(REASSESS_SECONDS, self._reassess)),
                        asyncio.create_task(self._every(HOUSEKEEPING_SECONDS, self._mask_stored)),
                        asyncio.create_task(self._every(HOUSEKEEPING_SECONDS, self._retain_when_due)),
                        asyncio.create_task(self._every(REJUDGE_LOOK_SECONDS, lambda: self._rejudge_when_asked(judge))),
                        stored(CHECKPOINT_SECONDS, self._store.checkpoint),
                        stored(HOUSEKEEPING_SECONDS, self._housekeeping),
                        stored(CLOCK_SECONDS, self._mend_clock),
                    ]
                    await stop.wait()
                    await _end([*duties, *self._polls.values()])
        finally:
            await _end([*duties, *self._polls.values()])
        with suppress(MonitorsError):
            await self._in_database(self._release_own)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[Any]]) -> None:
        """Do ``work`` for ever; a failure is logged and the next time comes all the same."""
        while True:
            began = time.monotonic()
            try:
                await work()
            except StoreError as error:
                self._complain(error)
            except Exception:
                log.exception("a duty of the watch failed")
            await asyncio.sleep(max(0.05, seconds - (time.monotonic() - began)))

    def _complain(self, error: StoreError) -> None:
        """Log the store's sentence once a minute: a full disk must not be filled with words about it."""
        now = time.monotonic()
        if now - self._complained.get(str(error), -COMPLAIN_SECONDS) >= COMPLAIN_SECONDS:
            self._complained[str(error)] = now
            log.error("store: %s", error)

    async def _tick(self, poller: Poller) -> None:
        room = self._settings.watch.concurrency - len(self._polls)
        if room > 0:
            self._begin(poller, await self._in_database(self._claim, room, frozenset(self._polls), None))

    def _begin(self, poller: Poller, held: list[claims.Claim]) -> list[asyncio.Task[Outcome | None]]:
        for one in held:
            task = asyncio.create_task(self._poll(poller, one), name=one.source.id)
            self._polls[one.source.id] = task
            task.add_done_callback(lambda done: self._polls.pop(done.get_name(), None))
        return [self._polls[one.source.id] for one in held]

    async def _poll(self, poller: Poller, held: claims.Claim) -> Outcome | None:
        try:
            outcome = await poller.poll(held)
        except StoreError as error:
            # What was under way was not stored; the lease runs out and the source is polled again.
            self._complain(error)
            return None
        except Exception as error:
            log.exception("polling %s failed in our own code", held.source.id)
            try:
                return await poller.fail(held, f"程序内部错误（{type(error).__name__}），已记入日志")
            except MonitorsError as second:
                log.error("%s: %s", held.source.id, second)  # noqa: TRY400 - the trace above is the one that matters
            except Exception:
                log.exception("that failure of %s could not be recorded", held.source.id)
            return None
        self._note = f"最近抓取：{held.source.name}，{outcome.note}"[:200]
        log.info("%s: %s %s", held.source.id, outcome.kind, outcome.note)
        return outcome

    async def _probe_when_due(self, pool: ParserPool, judge: Judge) -> None:
        # By the wall clock, as the beats are read: set on by a day, they would be a day old until the next probe.
        since = (self._clock() - self._probed_at).total_seconds() if self._probed_at else heartbeat.PROBE_SECONDS
        if not 0 <= since < heartbeat.PROBE_SECONDS:
            self._probed_at = self._clock()
            await self._probe(pool, judge)

    async def _probe(self, pool: ParserPool, judge: Judge) -> None:
        """Show that the parser and the judge work although nothing may be due: their beats stop when they do."""
        now = self._clock()
        with suppress(ParseError):
            parsed = await pool.parse(
                _TRIAL_FEED, kind="feed", url="", content_type="text/xml", recipe=Recipe(), now=now
            )
            if len(parsed.entries) == 1:
                await self._in_database(self._beat, heartbeat.PARSER)
        trial = Report(title="工人讨薪", text="", published=now, source_region="", outlet_national=False, now=now)
        await asyncio.get_running_loop().run_in_executor(self._brain, judge.judge_many, [trial])
        await self._in_database(self._beat, heartbeat.JUDGE)

    async def _reassess(self) -> None:
        stories = await self._in_database(self._open_stories)
        for start in range(0, len(stories), _REASSESS_AT_ONCE):
            await self._in_database(self._reassess_some, stories[start : start + _REASSESS_AT_ONCE])

    async def _mask_stored(self) -> None:
        """Cover what older rules left open, step by step: beats come in between."""
        while await self._in_database(self._mask_some) is not None:
            pass

    async def _retain_when_due(self) -> None:
        """The daily job, step by step: polls and beats come in between."""
        if time.monotonic() < self._retain_not_before or not await self._in_database(self._retention_due):
            return
        steps = retention.steps(self._store, self._settings, now=self._clock())
        report: retention.Report | None = None
        began = time.monotonic()
        try:
            while (done := await self._in_database(next, steps, None)) is not None:
                report = done
                await asyncio.sleep(time.monotonic() - began)  # as long as the step took: pages write as well
                began = time.monotonic()
        except ConflictError as another:
            log.info("%s", another)
            return
        except Exception:
            self._retain_not_before = time.monotonic() + RETAIN_AGAIN_SECONDS
            raise
        if report is not None:
            log.info("%s", report.words)

    async def _rejudge_when_asked(self, judge: Judge) -> None:
        """Judge the archive again, step by step: polls, beats and pages come in between."""
        began = time.monotonic()
        while (batch := await self._in_database(self._rejudging.take, judge.version)) is not None:
            loop = asyncio.get_running_loop()
            judged = await loop.run_in_executor(self._brain, judge.judge_many, batch.reports)
            await self._in_database(partial(self._rejudging.put, batch, judged, seconds=time.monotonic() - began))
            await asyncio.sleep(time.monotonic() - began)  # as long as the step took
            began = time.monotonic()

    # ── what runs in the store's thread ──────────────────────────────────────────────────────────────────────────

    async def _in_database(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._database, work, *arguments)

    async def _build_judge(self) -> Judge:
        return await asyncio.get_running_loop().run_in_executor(self._brain, Judge, self._settings)

    def _fetcher(self) -> Fetcher:
        return Fetcher(self._settings.fetch, retry_after_cap=self._settings.poll.retry_after_cap_seconds)

    def _poller(self, fetcher: Fetcher, pool: ParserPool, judge: Judge) -> Poller:
        return Poller(
            self._settings,
            self._store,
            owner=self._owner,
            fetcher=fetcher,
            parser=pool,
            judge=judge,
            database=self._database,
            brain=self._brain,
            clock=self._clock,
            random=random.random,
        )

    def _start(self, alone: bool) -> None:
        with self._store.write() as connection:
            if alone:
                freed = claims.release_all(connection)
                if freed:
                    log.info("freed %d leases of a watch that ended without giving them back", freed)
            # The clock may have been set back while no watch ran.
            claims.bring_back(connection, self._clock(), lease_seconds=self._settings.watch.lease_seconds)
            heartbeat.beat(connection, heartbeat.LOOP, now=self._clock(), note=self._note)

    def _active(self) -> list[str]:
        query = select(t.source.c.id).where(t.source.c.paused.is_(False), t.source.c.removed.is_(False))
        with self._store.read() as connection:
            return list(connection.scalars(query))

    def _claim(self, room: int, busy: Collection[str], among: Collection[str] | None) -> list[claims.Claim]:
        if among is None and not self._anything_due():
            return []
        with self._store.write() as connection:
            return claims.claim(
                connection,
                self._owner,
                now=self._clock(),
                limit=room,
                lease_seconds=self._settings.watch.lease_seconds,
                among=among,
                without=busy,
            )

    def _anything_due(self) -> bool:
        with self._store.read() as connection:
            return claims.anything_due(connection, self._clock())

    def _beat_and_renew(self) -> None:
        now = self._clock()
        with self._store.write() as connection:
            heartbeat.beat(connection, heartbeat.LOOP, now=now, note=self._note)
            until = now + timedelta(seconds=self._settings.watch.lease_seconds)
            claims.renew(connection, self._owner, list(self._polls), until=until)

    def _beat(self, part: str) -> None:
        with self._store.write() as connection:
            heartbeat.beat(connection, part, now=self._clock())

    def _open_stories(self) -> list[int]:
        with self._store.read() as connection:
            return intake.open_stories(connection)

    def _reassess_some(self, story_ids: list[int]) -> None:
        with self._store.write() as connection:
            intake.reassess(connection, story_ids, settings=self._settings, now=self._clock())

    def _mask_some(self) -> int | None:
        return masking_stored.mask_some(self._store, now=self._clock())

    def _retention_due(self) -> bool:
        with self._store.read() as connection:
            return retention.due(connection, self._settings, self._clock())

    def _mend_clock(self) -> None:
        """Notice that somebody set the clock back, which would leave every due time in the future."""
        now = self._clock()
        with self._store.read() as connection:
            if not claims.any_ahead(connection, now, lease_seconds=self._settings.watch.lease_seconds):
                return
        with self._store.write() as connection:
            mended = claims.bring_back(connection, now, lease_seconds=self._settings.watch.lease_seconds)
        log.warning("the clock was set back: due times of %d sources moved with it", mended)

    def _release_own(self) -> None:
        self._rejudging.let_go()
        with self._store.write() as connection:
            connection.execute(
                t.source_state.update()
                .where(t.source_state.c.lease_owner == self._owner)
                .values(lease_owner=None, lease_until=None)
            )

    def _housekeeping(self) -> None:
        now = self._clock()
        with self._store.write() as connection:
            prune(connection, self._settings, now)

    def _shut(self) -> None:
        self._database.shutdown(wait=True, cancel_futures=True)
        self._brain.shutdown(wait=True, cancel_futures=True)


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def prune(connection: Connection, settings: Settings, now: datetime) -> None:
    """Remove what has served its time: old outcome rows, story candidates beyond the window, change marks.

    What the office keeps by rule goes by ``retention``.
    """
    old = now - timedelta(days=settings.watch.outcome_days)
    connection.execute(delete(t.poll).where(t.poll.c.started_at < old))
    # Twice the window: a report may be published days before it is found.
    StoryIndex().prune(connection, now - timedelta(days=2 * settings.story.window_days))
    if connection.dialect.name == "postgresql":
        # The newest mark of each table stays: without it the version would fall back to that of an empty table.
        connection.execute(
            text(
                "DELETE FROM data_change WHERE at < now() - interval '1 day' "
                "AND id NOT IN (SELECT max(id) FROM data_change GROUP BY t)"
            )
        )


class watch_lock:  # noqa: N801 - used as a context manager, read as one
    """The lock that lets one watch at a time run on a SQLite file of this machine; on PostgreSQL always ours.

    Entering raises StoreError where the folder cannot be written to. ``exclusive`` says whether holding it proves that
    no other watch lives, so that leases left behind may be freed.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.exclusive = store.dialect == "sqlite"
        self._path = Path(f"{store.path}.watch") if store.path else settings.data_dir / "watch"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        if self.exclusive:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise StoreError(f"无法写入数据目录 {self._path.parent}：{reason(error)}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def acquire(self) -> bool:
        """Try to take the lock; the kernel gives it back when the process dies, however it dies."""
        if self._descriptor is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
