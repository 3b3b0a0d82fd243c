"""One scan and what is kept of it (聚集研判): read, compute outside any transaction, write under one turn.

Three questions are asked of a data set each time: where events gather by county, by prefecture (with those whose county
nobody knows), and where grave ones do. Where nothing changed since the last answer, none is asked. Of each day the last
answer is kept, and those before it on which an episode's history rests.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Row, delete, func, insert, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.hotspots import announce, changes, episodes, events, places, words
from monitors.hotspots.episodes import Due, Episode, Found
from monitors.hotspots.events import SEES, Counted, DataSet, Event
from monitors.hotspots.scan import Change, Cluster, Scan, scan, scan_prefectures
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

Kind = Literal["县级", "州市", "严重"]
KINDS: tuple[Kind, ...] = ("县级", "州市", "严重")
GRAVE_SHARE = 0.5  # of the false alarms: the scan of grave events is run beside that of all
KEEP_DAYS = 400
_AHEAD = timedelta(minutes=10)  # an answer farther in the future was written by a wrong clock
_NOTHING = "还没有可供分析的事件"


@dataclass(frozen=True, slots=True)
class _Input:
    """What one answer rests on. ``events`` are those of ``first`` … ``day``, by day."""

    data_set: DataSet
    first: date
    day: date
    events: tuple[Event, ...]
    changes: tuple[changes.KnownChange, ...]
    counted: Counted
    grave: Counted
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: Kind
    scan: Scan
    milliseconds: int


@dataclass(frozen=True, slots=True)
class ShownCluster:
    """One cluster as a reader sees it; ``regions`` and ``events`` inside the reader's part, ``outside`` how many more.

    ``tier``: 预警, 关注, or ``""``: not to be coloured.
    """

    id: int
    kind: Kind
    episode_id: int | None
    place: int
    regions: tuple[str, ...]
    outside: int
    first_day: date
    last_day: date
    observed: int
    expected: float
    statistic: float
    p_value: float
    tier: str
    events: tuple[int, ...]
    sentence: str

    @property
    def ratio(self) -> float:
        """Observed to expected."""
        return self.observed / self.expected if self.expected else float("inf")

    @property
    def recurrence_days(self) -> float:
        """Days of calm in which chance shows one as strong once."""
        return 1.0 / self.p_value


@dataclass(frozen=True, slots=True)
class Shown:
    """The last answer for a data set. ``at`` None: there is none yet; ``reason``: why it holds no clusters, in words.

    ``tau_*`` and ``left_out`` (counties whose baseline is being rebuilt) are those of the scan by county.
    """

    data_set: DataSet
    at: datetime | None = None
    day: date | None = None
    days: int = 0
    total: int = 0
    unplaced: int = 0
    tau_county: float = 0.0
    tau_prefecture: float = 0.0
    milliseconds: int = 0
    demo: bool = False
    reason: str = _NOTHING
    left_out: tuple[str, ...] = ()
    parameters: dict[str, Any] | None = None
    clusters: tuple[ShownCluster, ...] = ()
    episodes: tuple[Episode, ...] = ()


def run(store: Store, settings: Settings, data_set: DataSet, *, now: datetime, force: bool = False) -> int | None:
    """Ask anew where anything changed, and write the answer; the run's id, None where nothing changed.

    ``force``: even so. Two workers at once write one answer, and people are told once.

    Raises:
        StoreError: the database cannot be used; nothing is written.
    """
    with store.read() as connection:
        given = _gather(connection, settings, data_set, now)
        standing = _newest(connection, data_set)
    if not force and standing is not None and standing.fingerprint == given.fingerprint:
        return None
    answers = [_ask(given, kind, settings) for kind in KINDS]
    with store.write() as connection:
        take(connection, Turn.HOTSPOTS)
        standing = _newest(connection, data_set)
        if standing is not None and not force and _faster(standing, given, now):
            return None
        return _write(connection, given, answers, settings=settings, now=now)


def latest(connection: Connection, actor: Actor, data_set: DataSet, now: datetime) -> Shown:
    """The last answer with its clusters in the actor's region and the open episodes there.

    Raises:
        RefusedError: the role does not see that data set.
    """
    actor.require(SEES[data_set], kind="hotspot")
    held, cluster = t.hotspot_run.c, t.hotspot_cluster.c
    newest = select(func.max(held.id)).where(held.data_set == data_set).group_by(held.kind)
    runs = {row.kind: row for row in connection.execute(select(t.hotspot_run).where(held.id.in_(newest)))}
    if KINDS[0] not in runs:
        return Shown(data_set)
    main = runs[KINDS[0]]
    kinds = {row.id: kind for kind, row in runs.items()}
    rows = [
        row
        for row in connection.execute(
            select(t.hotspot_cluster).where(cluster.run_id.in_(kinds)).order_by(cluster.p_value, cluster.id)
        )
        if any(actor.scope.covers(code) for code in row.regions)
    ]
    visible: frozenset[int] | None = None
    if not actor.scope.everything:
        wanted = {number for row in rows for number in row.events}
        visible = frozenset(one.id for one in events.of(connection, data_set, wanted, within=(actor.region,)))
    return Shown(
        data_set=data_set, at=main.at, day=main.day, days=main.days, total=main.total, unplaced=main.unplaced,
        tau_county=main.tau_county, tau_prefecture=main.tau_prefecture,
        milliseconds=sum(row.milliseconds for row in runs.values()), demo=main.demo, reason=main.reason,
        left_out=tuple(main.left_out), parameters=main.parameters,
        clusters=tuple(_shown(row, kinds[row.run_id], actor, visible, now) for row in rows),
        episodes=episodes.listed(connection, actor, data_set, open_only=True, now=now),
    )  # fmt: skip


def _shown(row: Row[Any], kind: Kind, actor: Actor, visible: frozenset[int] | None, now: datetime) -> ShownCluster:
    seen, outside = episodes.inside(actor, row.regions)
    said = words.sentence(
        seen, row.first_day, row.last_day, row.observed, row.expected, year=local(now).year, outside=outside
    )
    known = {name: getattr(row, name) for name in ShownCluster.__slots__ if name in row._fields}
    own = tuple(number for number in row.events if visible is None or number in visible)
    return ShownCluster(**known | {"kind": kind, "regions": seen, "outside": outside, "events": own, "sentence": said})


def _faster(standing: Row[Any], given: _Input, now: datetime) -> bool:
    """Whether another worker answered meanwhile, from the same input or from newer."""
    return bool(standing.fingerprint == given.fingerprint or now < standing.at <= now + _AHEAD)


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _gather(connection: Connection, settings: Settings, data_set: DataSet, now: datetime) -> _Input:
    day = local(now).date()
    earliest = day - timedelta(days=settings.hotspot.baseline_days - 1)
    found = events.read(connection, data_set, earliest, day)
    # Days before the first event are no calm days: nobody was watching yet.
    first = found[0].day if found else day
    known = changes.standing(connection, data_set)
    counted = events.counted(found, first, day)
    grave = events.counted((one for one in found if one.severe), first, day)
    said = hashlib.sha256(json.dumps([data_set, str(first), str(day), _parameters(settings)]).encode())
    said.update(np.array([one.id for one in found], dtype=np.int64).tobytes())
    for table in (counted.counts, counted.by_prefecture, grave.counts):
        said.update(table.tobytes())
    said.update(repr([(one.region, one.day) for one in known]).encode())
    return _Input(data_set, first, day, found, known, counted, grave, said.hexdigest())


def _parameters(settings: Settings) -> dict[str, Any]:
    names = (
        "baseline_days", "windows", "neighbours", "radius_km", "replicates", "seed", "min_cases", "min_ratio",
        "watch_days", "alert_days", "gap_days",
    )  # fmt: skip
    return {name: getattr(settings.hotspot, name) for name in names}


def _newest(connection: Connection, data_set: DataSet) -> Row[Any] | None:
    held = t.hotspot_run.c
    query = select(t.hotspot_run).where(held.data_set == data_set, held.kind == KINDS[0])
    return connection.execute(query.order_by(held.id.desc()).limit(1)).one_or_none()


# ── compute ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _ask(given: _Input, kind: Kind, settings: Settings) -> _Answer:
    began = time.perf_counter()
    rules, seed = places.rules_of(settings.hotspot), settings.hotspot.seed
    if not given.events:
        answer = Scan((), 0, 0.0, 0.0, rules.replicates, seed, why=_NOTHING)
    elif kind == "州市":
        answer = scan_prefectures(
            given.counted.by_prefecture, rules, seed=seed, changes=_changes(given, places.PREFECTURES, stem=4)
        )
    else:
        answer = scan(
            (given.grave if kind == "严重" else given.counted).counts,
            places.prefecture_index(),
            places.zones_of_yunnan(settings.hotspot.neighbours, settings.hotspot.radius_km),
            rules,
            seed=seed,
            changes=_changes(given, places.COUNTIES, stem=6),
            alpha_share=GRAVE_SHARE if kind == "严重" else 1.0,
        )
    return _Answer(kind, answer, round((time.perf_counter() - began) * 1000))


def _changes(given: _Input, codes: Sequence[str], *, stem: int) -> list[Change]:
    """The known changes on the columns ``codes``; a county's makes its prefecture's count another as well."""
    found = []
    for one in given.changes:
        common = min(stem, 4 if one.region.endswith("00") else 6)
        members = tuple(index for index, code in enumerate(codes) if code[:common] == one.region[:common])
        since = (one.day - given.first).days
        if members and since > 0:
            found.append(Change(members, since))
    return found


# ── write ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _write(
    connection: Connection, given: _Input, answers: Sequence[_Answer], *, settings: Settings, now: datetime
) -> int:
    due: list[Due] = []
    runs: dict[Kind, int] = {}
    for answer in answers:
        runs[answer.kind] = _record(connection, given, answer, settings=settings, now=now)
        due += _clusters(connection, given, answer, runs[answer.kind], settings=settings, now=now)
    for one in due:
        if announce.tell(connection, one, settings=settings, now=now):
            episodes.told(connection, one, now=now)
    _prune(connection, given, list(runs.values()))
    return runs[KINDS[0]]


def _record(connection: Connection, given: _Input, answer: _Answer, *, settings: Settings, now: datetime) -> int:
    codes = _codes(answer.kind)
    found = answer.scan
    number: int = connection.execute(
        insert(t.hotspot_run)
        .values(
            data_set=given.data_set, kind=answer.kind, day=given.day, at=now, fingerprint=given.fingerprint,
            days=(given.day - given.first).days + 1, total=found.total, unplaced=given.counted.unplaced,
            tau_county=found.tau_county, tau_prefecture=found.tau_prefecture, parameters=_parameters(settings),
            left_out=[codes[index] for index in found.left_out], reason=found.why, milliseconds=answer.milliseconds,
            demo=any(one.demo for one in given.events),
        )
        .returning(t.hotspot_run.c.id)
    ).scalar_one()  # fmt: skip
    return number


def _clusters(
    connection: Connection, given: _Input, answer: _Answer, run_id: int, *, settings: Settings, now: datetime
) -> list[Due]:
    rules = places.rules_of(settings.hotspot)
    told = [_found(given, answer.kind, one, one.tier(rules)) for one in answer.scan.clusters]
    graded = [one for one in told if one.tier]
    ids, due = episodes.follow(connection, given.data_set, answer.kind, graded, settings=settings, now=now)
    of_graded = iter(ids)
    rows = [
        {
            "run_id": run_id, "episode_id": next(of_graded) if one.tier else None, "place": place,
            "regions": list(one.regions), "first_day": one.first_day, "last_day": one.last_day,
            "observed": one.observed, "expected": one.expected, "statistic": cluster.statistic,
            "p_value": one.p_value, "tier": one.tier, "events": list(one.events),
        }
        for place, (one, cluster) in enumerate(zip(told, answer.scan.clusters, strict=True), start=1)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(t.hotspot_cluster), rows)
    return due


def _codes(kind: Kind) -> tuple[str, ...]:
    return places.PREFECTURES if kind == "州市" else places.COUNTIES


def _found(given: _Input, kind: Kind, cluster: Cluster, tier: str) -> Found:
    members = set(cluster.members)
    first, last = (given.first + timedelta(days=row) for row in (cluster.first, cluster.last))
    place = events.prefecture_column if kind == "州市" else events.column
    inside = [
        one
        for one in given.events
        if first <= one.day <= last and (one.severe or kind != "严重") and place(one.region) in members
    ]
    codes = _codes(kind)
    return Found(
        regions=tuple(codes[index] for index in cluster.members), first_day=first, last_day=last,
        observed=cluster.observed, expected=cluster.expected, p_value=cluster.p_value, tier=tier,
        events=tuple(one.id for one in inside), demo=any(one.demo for one in inside),
    )  # fmt: skip


def _prune(connection: Connection, given: _Input, new: Sequence[int]) -> None:
    """Remove the day's earlier answers, but not what an episode was last seen by, and what is older than a year."""
    held, cluster = t.hotspot_run.c, t.hotspot_cluster.c
    last = select(func.max(cluster.run_id)).where(cluster.episode_id.is_not(None)).group_by(cluster.episode_id)
    gone = select(held.id).where(
        held.data_set == given.data_set,
        ((held.day == given.day) & held.id.not_in(last)) | (held.day < given.day - timedelta(days=KEEP_DAYS)),
        held.id.not_in(new),
    )
    ids = list(connection.scalars(gone))
    if ids:
        connection.execute(delete(t.hotspot_cluster).where(cluster.run_id.in_(ids)))
        connection.execute(delete(t.hotspot_run).where(held.id.in_(ids)))
