"""Judging the archive again after the model, the lexicon or the rules changed (重新研判存量报道), newest reports first.

Steps of one short transaction each, so that polls and pages go on; killed at any instant, the next worker goes on where
``rejudge_job`` says. What people said stands: labelled outputs keep the said value, reports merged or split by hand
keep their story. Alerts open and rise by the ordinary rules and never fall. Reports whose text was removed keep their
judgement: a title alone would be judged worse than before. Texts are judged as they are stored, covered, and not
changed, so the evidence's offsets hold and the full-text index stays as it is.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update

from monitors.clock import utc_now
from monitors.opinion import membership, rejudge_job, rejudge_labels, rule_sets, story_edits, story_summary
from monitors.opinion.judge import Judge, Report
from monitors.opinion.model import Judgement
from monitors.opinion.rejudge_job import FIELDS, Counts, Job
from monitors.opinion.rejudge_labels import Settled
from monitors.opinion.retention import LEFT, TEXT_REMOVED
from monitors.opinion.rule_match import Origin
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

BATCH = 50  # reports per transaction: pages and polls write in between
_PASSES = 3  # over reports that somebody else changed while they were judged
# What a story is summed up from beside the columns; a change of any other part concerns the report alone.
_SUMMED = ("matched", "acts", "gathered", "visiting_province", "public_project", "specific_claim")
_FOUND_BY = ("region", "employer")  # what newcomers find a report by


@dataclass(frozen=True, slots=True)
class Batch:
    """Reports read for judging, newest first.

    ``reports``: what the judge is asked, one per row, then once more as relevant for those in ``missed``, which a
    person said the judge had missed.
    """

    rows: tuple[Row[Any], ...]
    reports: tuple[Report, ...]
    missed: tuple[int, ...]

    def found(self, judgements: Sequence[Judgement]) -> Iterator[tuple[Row[Any], Judgement, Judgement | None]]:
        """Each row with the judge's own word, and its word as relevant where that was asked."""
        as_relevant = dict(zip(self.missed, judgements[len(self.rows) :], strict=True))
        for row, own in zip(self.rows, judgements[: len(self.rows)], strict=True):
            yield row, own, as_relevant.get(row.id)


class Worker:
    """One worker's part of the job: ``take`` a batch, judge it, ``put`` it.

    The three may run in threads of their own, one after the other.
    """

    def __init__(self, store: Store, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._token = secrets.token_hex(8)

    def take(self, model: str) -> Batch | None:
        """The next reports that another version than ``model`` judged; None: nothing to do, or not for us."""
        with self._store.read() as connection:
            job = rejudge_job.read(connection)
            if job is None or not self._ours(job):
                return None
            # Another version than the one begun with: the newest reports have to be looked at again.
            fresh = job.model != model or job.position is None
            total = _count(connection, model) + job.done if fresh else job.total
            batch = _batch(connection, model, None if fresh else job.position)
            left = not batch.rows and job.again < _PASSES and _count(connection, model)
        with self._store.write() as connection:
            held = rejudge_job.hold(connection)
            if held is None or not self._ours(held) or (held.position, held.model) != (job.position, job.model):
                return None  # stopped or taken over meanwhile
            moved = replace(held, token=self._token, moved_at=self._clock(), model=model, total=total)
            if batch.rows:
                rejudge_job.write(connection, replace(moved, position=batch.rows[0].id + 1))
            elif left:
                rejudge_job.write(connection, replace(moved, position=None, again=moved.again + 1))
            else:
                rejudge_job.end(connection, moved, now=self._clock())
        if batch.rows:
            return batch
        return self.take(model) if left else None

    def put(self, batch: Batch, judgements: Sequence[Judgement], *, seconds: float = 0.0) -> Job | None:
        """Store what the judge says now, and what follows; None where the job was stopped or taken over meanwhile.

        ``seconds``: what reading and judging took, for the rate.
        """
        began = time.monotonic()
        now = self._clock()
        with self._store.write() as connection:
            job = rejudge_job.hold(connection)
            if job is None or job.token != self._token or job.state != "running":
                return None
            counts = _put(connection, batch, judgements, settings=self._settings, now=now)
            job = replace(
                job,
                position=batch.rows[-1].id,
                done=job.done + len(batch.rows),
                seconds=round(job.seconds + seconds + time.monotonic() - began, 3),
                counts=job.counts.plus(counts),
                moved_at=now,
            )
            rejudge_job.write(connection, job)
        return job

    def let_go(self) -> None:
        """Stop although there is more: another worker need not wait until this one counts as dead."""
        with self._store.write() as connection:
            job = rejudge_job.hold(connection)
            if job is not None and job.token == self._token:
                rejudge_job.write(connection, replace(job, token=""))

    def _ours(self, job: Job) -> bool:
        if job.state != "running":
            return False
        alive = job.moved_at is not None and abs(self._clock() - job.moved_at) < rejudge_job.ABANDONED
        return job.token in ("", self._token) or not alive


def run(worker: Worker, judge: Judge, *, pause: Callable[[float], None] = time.sleep) -> Iterator[Job]:
    """Work until nothing is left or a person stops it; the job after each step. Rests as long as each step took."""
    while True:
        began = time.monotonic()
        batch = worker.take(judge.version)
        if batch is None:
            return
        judged = judge.judge_many(batch.reports)
        job = worker.put(batch, judged, seconds=time.monotonic() - began)
        if job is None:
            return
        took = time.monotonic() - began
        yield job
        pause(took)


def survey(store: Store, judge: Judge, settings: Settings) -> Iterator[tuple[int, int, Counts]]:
    """What judging again would change, nothing written: reports looked at, of how many, and the counts so far."""
    model, position, done, counts = judge.version, None, 0, Counts()
    with store.read() as connection:
        total = _count(connection, model)
    while True:
        with store.read() as connection:
            batch = _batch(connection, model, position)
            if not batch.rows:
                return
            said = rejudge_labels.of(connection, [row.id for row in batch.rows])
            settings = rule_sets.effective(connection, settings)
        for row, own, asked in batch.found(judge.judge_many(batch.reports)):
            after = rejudge_labels.settled(row, own, asked, said.get(row.id, {}), settings=settings)
            if after is not None:
                counts = counts.plus(_changes(row, after))
        position, done = batch.rows[-1].id, done + len(batch.rows)
        yield done, max(total, done), counts


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _outdated(model: str) -> ColumnElement[bool]:
    why = t.item.c.judgement
    return and_(why["model"].as_string().is_distinct_from(model), why[TEXT_REMOVED].as_string().is_(None))


def outdated(connection: Connection, model: str) -> int:
    """How many reports another version than ``model`` judged and can be judged again."""
    return _count(connection, model)


def _count(connection: Connection, model: str) -> int:
    return connection.scalar(select(func.count()).select_from(t.item).where(_outdated(model))) or 0


def _query() -> Select[Any]:
    source = t.source.c
    known_by = (source.name.label("source_name"), source.group_name.label("source_group"))
    return select(t.item, source.region.label("home"), source.national, *known_by).join(
        t.source, t.source.c.id == t.item.c.source_id
    )


def _batch(connection: Connection, model: str, position: int | None) -> Batch:
    query = _query().where(_outdated(model))
    if position is not None:
        query = query.where(t.item.c.id < position)
    rows = connection.execute(query.order_by(t.item.c.id.desc()).limit(BATCH)).all()
    said = rejudge_labels.of(connection, [row.id for row in rows])
    missed = [row for row in rows if said.get(row.id, {}).get("relevant")]
    asked = [_report(row) for row in rows] + [_report(row, relevant=True) for row in missed]
    return Batch(tuple(rows), tuple(asked), tuple(row.id for row in missed))


def _report(row: Row[Any], *, relevant: bool | None = None) -> Report:
    origin = Origin(row.source_id, row.source_name, row.source_group, row.outlet)
    return Report(row.title, row.text, row.published_at, row.home, row.national, row.fetched_at, relevant, origin)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _put(
    connection: Connection, batch: Batch, judgements: Sequence[Judgement], *, settings: Settings, now: datetime
) -> Counts:
    settings = rule_sets.effective(connection, settings)
    story_summary.hold_stories(connection)
    ids = [row.id for row in batch.rows]
    # Asked again under the lock: since they were read, somebody may have labelled or moved them, or removed the text.
    chosen = _query().where(t.item.c.id.in_(ids)).with_for_update(of=t.item)
    present = {row.id: row for row in connection.execute(chosen)}
    said = rejudge_labels.of(connection, ids)
    counts = Counts()
    touched: dict[int, None] = {}
    for was, own, asked in batch.found(judgements):
        row = present.get(was.id)
        if row is None or (row.title, row.text) != (was.title, was.text):
            continue  # found again in the next pass, if it is still there
        after = rejudge_labels.settled(row, own, asked, said.get(row.id, {}), settings=settings)
        if after is not None:
            counts = counts.plus(_store(connection, row, after, touched, settings=settings, now=now))
    for story_id in touched:
        as_of = story_edits.as_of(connection, story_id, now)
        change = story_summary.refresh_story(connection, story_id, settings=settings, now=now, as_of=as_of)
        counts = counts.plus(Counts(opened=change.kind == "opened", raised=change.kind == "raised"))
    return counts


def _store(
    connection: Connection,
    row: Row[Any],
    after: Settled,
    touched: dict[int, None],
    *,
    settings: Settings,
    now: datetime,
) -> Counts:
    """One report: its columns, its reasons, and the story it is in, leaves or joins."""
    changes = _changes(row, after)
    kept = {name: value for name, value in row.judgement.items() if name not in after.why and name != LEFT}
    before = row.judgement.get(LEFT)
    if not after.columns["relevant"] and row.story_id is not None:
        kept[LEFT] = {"story": row.story_id, "at": now.isoformat()}
    elif not after.columns["relevant"] and before:
        kept[LEFT] = before
    judgement = rejudge_labels.note(connection, row.id, {**kept, **after.why}, after)
    connection.execute(update(t.item).where(t.item.c.id == row.id).values(**after.columns, judgement=judgement))
    joined = left = 0
    if after.columns["relevant"] and row.story_id is None:
        # Back to where it was, if it was anywhere: a model given up again leaves every story as it found it.
        last = before["story"] if before else None
        story_id = membership.join(connection, row.id, settings=settings, now=row.fetched_at, story_id=last)
        touched[story_id], joined = None, 1
    elif not after.columns["relevant"] and row.story_id is not None:
        membership.leave(connection, row.id)
        touched[row.story_id], left = None, 1
    elif row.story_id is not None and _concerns_story(row, after):
        touched[row.story_id] = None
        if any(getattr(row, name) != after.columns[name] for name in _FOUND_BY):
            membership.index_again(connection, row.id)
    return changes.plus(Counts(joined=joined, left=left))


def _changes(row: Row[Any], after: Settled) -> Counts:
    fields = {name: 1 for name in FIELDS if getattr(row, name) != after.columns[name]}
    return Counts(fields=fields, reports=bool(fields))


def _concerns_story(row: Row[Any], after: Settled) -> bool:
    if any(getattr(row, name) != value for name, value in after.columns.items()):
        return True
    before: Mapping[str, Any] = row.judgement
    # Judged before there were rules: none hit.
    return before.get("rules", []) != after.why["rules"] or any(before.get(name) != after.why[name] for name in _SUMMED)
