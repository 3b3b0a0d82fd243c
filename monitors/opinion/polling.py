"""One poll of one source, from the request to the committed items (一次抓取).

The harvest, the judge and the store meet only here and in ``watch``; each of them knows nothing of the others. Whatever
goes wrong ends in one outcome row in words and a time to come back: a source is never switched off.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, insert

from monitors.errors import FetchError, LeaseLostError, MonitorsError, ParseError
from monitors.opinion import claims, intake, schedule
from monitors.opinion.harvest import Fetches, Harvest, Harvester, Parses
from monitors.opinion.judge import Report
from monitors.opinion.masking import mask
from monitors.opinion.model import Entry, Judgement, Rejected, Source
from monitors.opinion.rule_match import Origin
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

Result = TypeVar("Result")
BATCH = 50  # entries judged and stored at a time: 1,800 wage reports took 25 s in one, holding up every writer
_ASIDE_KEPT = 50  # set-aside entries written per poll, enough to see what is wrong; the count is exact
log = logging.getLogger(__name__)


class Judges(Protocol):
    """What a poll needs of the judge (``judge.Judge``)."""

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one poll ended: a row of ``poll``. ``kind``: ok, unchanged, temporary, soft, hard, refused or lost."""

    source_id: str
    kind: str
    note: str
    status: int | None = None
    new: int = 0
    seen: int = 0
    dropped: int = 0
    repaired: int = 0
    size: int = 0
    opened: tuple[int, ...] = ()
    raised: tuple[int, ...] = ()


_Judged = tuple[Entry, Judgement]


class Poller:
    """Polls claimed sources. ``database`` runs store calls one at a time; ``brain`` runs the judge."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        owner: str,
        fetcher: Fetches,
        parser: Parses,
        judge: Judges,
        database: Executor,
        brain: Executor,
        clock: Callable[[], datetime],
        random: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._store = store
        self._owner = owner
        self._harvester = Harvester(settings, fetcher, parser, clock)
        self._judge = judge
        self._database = database
        self._brain = brain
        self._clock = clock
        self._random = random

    async def poll(self, held: claims.Claim) -> Outcome:
        """Poll one claimed source and store what it gave. Only failures of the store itself are raised."""
        started = self._clock()
        try:
            harvest = await self._harvester.gather(held, started)
            fresh = await self._in_database(self._unseen, held.source.id, harvest.entries)
            if held.source.recipe.follow and fresh:
                fresh, complete = await self._harvester.follow(fresh)
                harvest = replace(harvest, complete=complete)
        except FetchError as error:
            harvest, fresh = Harvest(error.kind, error.status, note=str(error), retry_after=error.retry_after), []
        except ParseError as error:
            harvest, fresh = Harvest("soft", note=str(error)), []
        harvest = replace(harvest, fresh=tuple(fresh))
        batches = [fresh[start : start + BATCH] for start in range(0, len(fresh), BATCH)] or [[]]
        stored: list[intake.Intake] = []
        try:
            # Each batch is stored whole or not at all; the cursor moves with the last one, so that a crash between
            # two of them only makes the next poll begin where this one ended.
            for batch in batches[:-1]:
                judged, unjudged = await self._judged(held.source, batch)
                parts, refused = await self._stored(held, judged)
                stored += parts
                harvest = replace(harvest, rejected=(*harvest.rejected, *unjudged, *refused))
            judged, unjudged = await self._judged(held.source, batches[-1])
            harvest = replace(harvest, rejected=(*harvest.rejected, *unjudged))
            try:
                return await self._in_database(self._commit, held, harvest, judged, stored, started)
            except MonitorsError:
                raise
            except Exception:  # noqa: BLE001 - logged by the second attempt, which finds the report at fault
                parts, refused = await self._stored(held, judged)
            harvest = replace(harvest, rejected=(*harvest.rejected, *refused))
            return await self._in_database(self._commit, held, harvest, [], [*stored, *parts], started)
        except LeaseLostError as error:
            return Outcome(held.source.id, "lost", str(error))

    async def fail(self, held: claims.Claim, note: str) -> Outcome:
        """Record a poll that broke in our own code, so that the source shows it and waits like any failing one."""
        harvest = Harvest("soft", note=note)
        return await self._in_database(self._commit, held, harvest, [], [], self._clock())

    async def _stored(
        self, held: claims.Claim, judged: Sequence[_Judged]
    ) -> tuple[list[intake.Intake], list[Rejected]]:
        """Store a batch; should the database refuse one report, it alone is set aside and the rest goes in."""
        try:
            return [await self._in_database(self._store_part, held, judged)], []
        except MonitorsError:
            raise
        except Exception:
            log.exception("storing a batch of %s failed; trying one by one", held.source.id)
        parts: list[intake.Intake] = []
        refused: list[Rejected] = []
        for one in judged:
            try:
                parts.append(await self._in_database(self._store_part, held, [one]))
            except MonitorsError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                excerpt = one[0].title[:300].encode("utf-8", "replace").decode().replace("\0", "")
                refused.append(Rejected(f"入库出错（{type(error).__name__}）", excerpt))
        return parts, refused

    async def _judged(self, source: Source, entries: Sequence[Entry]) -> tuple[list[_Judged], list[Rejected]]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._brain, self._judge_all, source, entries, self._clock())

    def _judge_all(
        self, source: Source, entries: Sequence[Entry], now: datetime
    ) -> tuple[list[_Judged], list[Rejected]]:
        """Judge a batch; should one entry break the judge, it alone is set aside and the rest goes on."""
        reports = [_report(source, entry, now) for entry in entries]
        try:
            return list(zip(entries, self._judge.judge_many(reports), strict=True)), []
        except Exception:  # a fault of ours must cost one report, never a source
            log.exception("judging a batch of %s failed; trying one by one", source.id)
        judged: list[_Judged] = []
        rejected: list[Rejected] = []
        for entry, report in zip(entries, reports, strict=True):
            try:
                judged.append((entry, self._judge.judge_many([report])[0]))
            except Exception as error:  # noqa: BLE001 - as above
                rejected.append(Rejected(f"研判出错（{type(error).__name__}）", f"{entry.title}\n{entry.text}"[:300]))
        return judged, rejected

    async def _in_database(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._database, work, *arguments)

    def _unseen(self, source_id: str, entries: Sequence[Entry]) -> list[Entry]:
        if not entries:
            return []
        with self._store.read() as connection:
            return intake.unseen(connection, source_id, entries, self._clock())

    def _store_part(self, held: claims.Claim, judged: Sequence[_Judged]) -> intake.Intake:
        with self._store.write() as connection:
            claims.hold(connection, self._owner, held)
            return self._take_in(connection, held.source, judged, self._clock())

    def _take_in(
        self, connection: Connection, source: Source, judged: Sequence[_Judged], now: datetime
    ) -> intake.Intake:
        entries, judgements = [entry for entry, _ in judged], [judgement for _, judgement in judged]
        return intake.take_in(connection, source, entries, judgements, settings=self._settings, now=now)

    def _commit(
        self,
        held: claims.Claim,
        harvest: Harvest,
        judged: Sequence[_Judged],
        stored: Sequence[intake.Intake],
        started: datetime,
    ) -> Outcome:
        """Items, stories, alerts, the outcome row and the source's cursor in one transaction, the fence first.

        ``stored`` are the batches already in, ``judged`` is the last one.
        """
        now = self._clock()
        source = held.source
        with self._store.write() as connection:
            new = len(harvest.fresh)
            state = schedule.next_poll(
                schedule.PollState(held.interval_seconds, held.failures, held.streak),
                schedule.Outcome(
                    harvest.kind, new=new, seen=len(harvest.entries) - new, retry_after=harvest.retry_after
                ),
                self._settings.poll,
                now=now,
                interval_floor=source.interval_seconds,
                interval_cap=source.max_interval_seconds,
                random=self._random,
            )
            good = harvest.kind in ("ok", "unchanged")
            values: dict[str, Any] = {
                "next_at": state.next_at,
                "interval_seconds": state.interval_seconds,
                "failures": state.failures,
                "streak": state.streak,
                "last_poll_at": now,
                "last_outcome": harvest.kind,
            }
            if good:
                values["last_ok_at"] = now
            newest = _newest([*harvest.entries, *harvest.fresh], now) or (now if new else None)
            if newest and (held.newest_item_at is None or newest > held.newest_item_at):
                values["newest_item_at"] = newest
            if harvest.unconditional:
                values["full_poll_at"] = now
            if harvest.complete:
                values |= harvest.validators
            claims.settle(connection, self._owner, held, values)
            taken = [*stored, self._take_in(connection, source, judged, now)]
            added = sum(len(part.item_ids) for part in taken)
            dropped = _set_aside(connection, source.id, harvest.rejected, now)
            outcome = Outcome(
                source.id,
                harvest.kind,
                mask(harvest.note).text or _note(harvest, added),
                harvest.status,
                added,
                len(harvest.entries) - added,
                len(harvest.rejected),
                harvest.repaired,
                harvest.size,
                tuple(alert for part in taken for alert in part.opened),
                tuple(alert for part in taken for alert in part.raised),
            )
            connection.execute(
                t.source_state.update().where(t.source_state.c.source_id == source.id).values(last_note=outcome.note)
            )
            connection.execute(
                insert(t.poll).values(
                    source_id=source.id,
                    started_at=started,
                    finished_at=now,
                    outcome=outcome.kind,
                    status=outcome.status,
                    new=outcome.new,
                    seen=outcome.seen,
                    dropped=dropped,
                    repaired=outcome.repaired,
                    bytes=outcome.size,
                    note=outcome.note,
                )
            )
        return outcome


def _newest(entries: Sequence[Entry], now: datetime) -> datetime | None:
    """The latest believable publication time, by which a source's health is judged."""
    return max((e.published for e in entries if e.published and e.published <= now), default=None)


def _report(source: Source, entry: Entry, now: datetime) -> Report:
    return Report(
        title=entry.title,
        text=entry.text,
        published=entry.published or now,
        source_region=source.region,
        outlet_national=source.national,
        now=now,
        origin=Origin(source.id, source.name, source.group, source.outlet),
    )


def _note(harvest: Harvest, new: int) -> str:
    """One line a person can read: ``新 3 条 / 已见 27 条 / 搁置 0 条``."""
    parts = [f"新 {new} 条", f"已见 {len(harvest.entries) - new} 条"]
    if harvest.rejected:
        parts.append(f"搁置 {len(harvest.rejected)} 条")
    if harvest.repaired:
        parts.append(f"修复 {harvest.repaired} 个乱码字符")
    if not harvest.complete:
        parts.append("其余正文下次再读")
    return " / ".join(parts)


def _set_aside(connection: Connection, source_id: str, rejected: Sequence[Rejected], now: datetime) -> int:
    """Keep what could not be read, each bad entry once and not a flood of them; returns how many were in this poll."""
    for entry in rejected[:_ASIDE_KEPT]:
        # A report that could not be stored names people like any other; its digest must not give them away either.
        excerpt = mask(entry.excerpt).text[:500]
        key = hashlib.sha256(f"{entry.reason}\n{excerpt}".encode()).hexdigest()
        connection.execute(
            insert_into(connection, t.set_aside)
            .values(source_id=source_id, at=now, reason=entry.reason, excerpt=excerpt, fingerprint=key)
            .on_conflict_do_nothing()
        )
    return len(rejected)
