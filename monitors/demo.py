"""Demonstration data (演示数据): invented reports with their alerts, an invented ledger, what ties them, a roster.

All of it comes and goes in one transaction with one row in the audit trail; the ledger knows most of what the reports
tell of, a part of it before they did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.desk import demo as desk
from monitors.hotspots import demo as hotspots
from monitors.ledger import checks
from monitors.ledger import demo as ledger
from monitors.links import demo as links
from monitors.links.candidates import Candidate
from monitors.opinion import demo as opinion
from monitors.opinion.demo import DemoReport, Progress
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

_KNOWN = 23  # seed of what the ledger knows of the reports
_SHARE = 0.8  # of the alerts with a county have a case; not every one of them was tied to it
_BEFORE = 0.4  # of these were accepted before the press told …
_LONGEST = 28  # … by so many days at most


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded of each half."""

    reports: DemoReport
    ledger: ledger.Counts

    @property
    def words(self) -> str:
        return f"已载入演示数据：{self.reports.words}；{self.ledger.words}。内容均为虚构"


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed of each half."""

    reports: int
    ledger: ledger.Counts

    @property
    def words(self) -> str:
        return f"已清除演示数据：报道 {self.reports} 篇，台账案件 {self.ledger.cases} 件及其相关记录"


def load(store: Store, actor: Actor, settings: Settings, *, now: datetime, progress: Progress | None = None) -> Loaded:
    """Load both halves as of ``now``: all of it or nothing.

    Raises:
        RefusedError: the actor may not; recorded.
        InputError: demonstration data is there already, or is being loaded.
        ConflictError: somebody cleared it while it was being loaded.
    """
    counts: list[ledger.Counts] = []
    chosen: dict[int, Candidate] = {}

    def beside(connection: Connection) -> Mapping[str, int]:
        told = _told(connection)
        counts.append(ledger.load(connection, now, told=list(told.values()), settings=settings))
        chosen.update(links.choose(connection, list(told)))
        return counts[-1].counts

    def after(connection: Connection) -> None:
        links.write(connection, chosen, now)
        desk.load(connection, now)

    reports = opinion.load(store, actor, settings, now=now, progress=progress, beside=beside, after=after)
    hotspots.load(store, settings, now=now)  # reads what was loaded; the watch's own scan would be a minute away
    return Loaded(reports, counts[-1])


def clear(store: Store, actor: Actor) -> Cleared:
    """Remove everything that demonstration brought and nothing else. Safe to repeat.

    Raises:
        RefusedError: the actor may not; recorded.
    """
    counts: list[ledger.Counts] = []

    def beside(connection: Connection) -> Mapping[str, int]:
        hotspots.clear(connection)
        desk.clear(connection)
        links.clear(connection)
        counts.append(ledger.clear(connection))
        return counts[-1].counts

    reports = opinion.clear(store, actor, beside=beside)
    return Cleared(reports, counts[-1])


def _told(connection: Connection) -> dict[int, ledger.Told]:
    """What the ledger knows of the invented alerts whose county is known: most of them, a part before the press did.

    By alert; those with a named employer and the gravest first.
    """
    random, story = Random(_KNOWN), t.story.c  # noqa: S311 - invention, not secrecy
    rows = connection.execute(
        select(t.alert.c.id, story.employer, story.region, story.first_seen_at, story.first_published_at,
               story.workers, story.amount_fen)
        .join(t.story, story.id == t.alert.c.story_id)
        .where(t.alert.c.demo)
        .order_by(story.employer.is_(None), story.score.desc(), story.id.desc(), t.alert.c.id)
    )  # fmt: skip
    found: dict[int, ledger.Told] = {}
    for alert_id, employer, region, seen_at, published_at, workers, amount in rows:
        if not divisions.within(region, divisions.YUNNAN) or region.endswith("00") or random.random() > _SHARE:
            continue
        name = employer if employer and employer.endswith("公司") else ""
        lead = random.randint(1, _LONGEST) if random.random() < _BEFORE else 0
        fits = workers and amount and not checks.plausible("", workers, "", amount)
        # Who came to the office before were not just those whom the reports counted later.
        part = random.uniform(0.7, 1.1) if lead else 1.0
        persons = max(1, round(workers * part)) if fits else None
        fen = (max(1, round(amount * part / 100_00)) * 100_00 if lead else amount) if fits else None
        found[alert_id] = ledger.Told(name, region, published_at if lead else seen_at, persons, fen, lead)
    return found
