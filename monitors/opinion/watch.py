"""The watch itself (值守): looks for due sources every tick, polls them side by side, says that it is alive.

The only room that sees network, parser, judge and store together. Several watches may run: on PostgreSQL as many as
wanted, on SQLite one at a time (a lock file; a second one idles until the first is gone).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Collection, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select

from monitors.clock import utc_now
from monitors.errors import ConflictError, MonitorsError, ParseError, StoreError
from monitors.opinion import (
    claims,
    heartbeat,
    housekeeping,
    masking_stored,
    rejudge,
    retention,
    rule_sets,
    story_summary,
)
from monitors.opinion.fetch import Fetcher
from monitors.opinion.judge import Report
from monitors.opinion.model import Recipe
from monitors.opinion.parse_pool import ParserPool
from monitors.opinion.polling import Outcome, Poller
from monitors.opinion.rule_judge import Presiding
from monitors.opinion.rule_sets import RuleSet
from monitors.opinion.watch_lock import watch_lock
from monitors.recurring import Recurring
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

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Callable[[], datetime] = utc_now,
        daily: Callable[[datetime], Iterator[object] | None] = lambda _now: None,
        notify: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """``daily``: another room's daily work, asked for at each look: steps to take, or None where it is not due.

        ``notify``: the notifications' duties, served beside the watch until they are cancelled.
        """
        self._settings = settings
        self._daily = daily
        self._notify = notify
        self._store = store
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{random.getrandbits(32):08x}"
        # One thread for the store: SQLite has one writer anyway, and beats queue behind a stuck write and so show it.
        self._database = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._brain = ThreadPoolExecutor(1, thread_name_prefix="judge")
        self._polls: dict[str, asyncio.Task[Outcome | None]] = {}
        self._probed_at: datetime | None = None
        self._recurring = Recurring(log, "watch")
        self._retain_not_before = 0.0
        self._rules_seen: tuple[str, ...] = ()
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
        beating = asyncio.create_task(
            self._recurring.every(BEAT_SECONDS, lambda: self._in_database(self._beat_and_renew))
        )
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
            return asyncio.create_task(self._recurring.every(seconds, lambda: self._in_database(work)))

        # Beating begins first: on a new machine the judge is built for half a minute.
        self._note = "正在准备研判"
        duties = [stored(BEAT_SECONDS, self._beat_and_renew)]
        if self._notify is not None:
            duties.append(asyncio.create_task(self._notify()))
        try:
            judge = await self._build_judge()
            async with self._fetcher() as fetcher:
                with ParserPool(self._settings.parse) as pool:
                    poller = self._poller(fetcher, pool, judge)
                    duties += [
                        asyncio.create_task(
                            self._recurring.every(self._settings.watch.tick_seconds, lambda: self._tick(poller))
                        ),
                        asyncio.create_task(
                            self._recurring.every(self._settings.watch.tick_seconds, lambda: self._heed(judge))
                        ),
                        asyncio.create_task(
                            self._recurring.every(PROBE_LOOK_SECONDS, lambda: self._probe_when_due(pool, judge))
                        ),
                        asyncio.create_task(self._recurring.every(REASSESS_SECONDS, self._reassess)),
                        asyncio.create_task(self._recurring.every(HOUSEKEEPING_SECONDS, self._mask_stored)),
                        asyncio.create_task(self._recurring.every(HOUSEKEEPING_SECONDS, self._retain_when_due)),
                        asyncio.create_task(self._recurring.every(HOUSEKEEPING_SECONDS, self._other_daily)),
                        asyncio.create_task(
                            self._recurring.every(REJUDGE_LOOK_SECONDS, lambda: self._rejudge_when_asked(judge))
                        ),
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
            self._recurring.complain(error)
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

    async def _probe_when_due(self, pool: ParserPool, judge: Presiding) -> None:
        # By the wall clock, as the beats are read: set on by a day, they would be a day old until the next probe.
        since = (self._clock() - self._probed_at).total_seconds() if self._probed_at else heartbeat.PROBE_SECONDS
        if not 0 <= since < heartbeat.PROBE_SECONDS:
            self._probed_at = self._clock()
            await self._probe(pool, judge)

    async def _probe(self, pool: ParserPool, judge: Presiding) -> None:
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
        try:
            report = await self._through(retention.steps(self._store, self._settings, now=self._clock()))
        except ConflictError as another:
            log.info("%s", another)
            return
        except Exception:
            self._retain_not_before = time.monotonic() + RETAIN_AGAIN_SECONDS
            raise
        if report is not None:
            log.info("%s", report.words)

    async def _other_daily(self) -> None:
        """Another room's daily work, step by step in the store's thread; the last step is what there is to tell."""
        steps = await self._in_database(self._daily, self._clock())
        if steps is not None:
            log.info("%s", await self._through(steps))

    async def _through(self, steps: Iterator[Result]) -> Result | None:
        """Take the steps in the store's thread, pausing after each as long as it took: pages write as well."""
        last: Result | None = None
        began = time.monotonic()
        while (done := await self._in_database(next, steps, None)) is not None:
            last = done
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()
        return last

    async def _heed(self, judge: Presiding) -> None:
        """Take up rules that somebody saved: between two batches, so a batch is judged by one version throughout."""
        version = await self._in_database(self._store.versions, "rule_set")
        if version == self._rules_seen:
            return
        version, rules = await self._in_database(self._rules_now)
        if rules.id != judge.rule_set.id:
            await asyncio.get_running_loop().run_in_executor(self._brain, judge.take_up, rules)
            log.info("rules in force: %s", judge.version)
        self._rules_seen = version

    async def _rejudge_when_asked(self, judge: Presiding) -> None:
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

    async def _build_judge(self) -> Presiding:
        _, rules = await self._in_database(self._rules_now)
        return await asyncio.get_running_loop().run_in_executor(self._brain, Presiding, self._settings, rules)

    def _fetcher(self) -> Fetcher:
        return Fetcher(self._settings.fetch, retry_after_cap=self._settings.poll.retry_after_cap_seconds)

    def _poller(self, fetcher: Fetcher, pool: ParserPool, judge: Presiding) -> Poller:
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

    def _rules_now(self) -> tuple[tuple[str, ...], RuleSet]:
        """The data version, and the rules of that version or a later one."""
        version = self._store.versions("rule_set")
        with self._store.read() as connection:
            return version, rule_sets.in_force(connection)

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
            return story_summary.open_stories(connection)

    def _reassess_some(self, story_ids: list[int]) -> None:
        with self._store.write() as connection:
            story_summary.reassess(connection, story_ids, settings=self._settings, now=self._clock())

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
            claims.give_back(connection, self._owner)

    def _housekeeping(self) -> None:
        now = self._clock()
        with self._store.write() as connection:
            housekeeping.prune(connection, self._settings, now)

    def _shut(self) -> None:
        self._database.shutdown(wait=True, cancel_futures=True)
        self._brain.shutdown(wait=True, cancel_futures=True)


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
