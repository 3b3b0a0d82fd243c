"""Episodes (聚集事件): what people are told of and mark. Clusters of following days that share a place are one episode.

An episode is told of once, again where it becomes graver or half as many events join it, and closes when no scan has
found it for ``gap_days``. When it was first shown is its ``opened_at``: no later scan changes that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import PROVINCE
from monitors.clock import local, stamp
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.hotspots import words
from monitors.hotspots.events import SEES, DataSet
from monitors.settings import Settings
from monitors.store import tables as t

Verdict = Literal["属实", "误报", "不明"]
VERDICTS: tuple[Verdict, ...] = ("属实", "误报", "不明")
FALSE: Verdict = "误报"
WARNING, WATCH = "预警", "关注"
MAX_WORDS = 200
GROWN = 1.5  # so many times the events people were told of are news again
MISSING = "没有这起聚集事件，可能已随演示数据清除"
_ACTION, _KIND = "hotspot.mark", "hotspot"


@dataclass(frozen=True, slots=True)
class Found:
    """A cluster that reached a tier, as its episode needs it. ``regions``: codes; ``events``: ids of those counted."""

    regions: tuple[str, ...]
    first_day: date
    last_day: date
    observed: int
    expected: float
    p_value: float
    tier: str
    events: tuple[int, ...]
    demo: bool


@dataclass(frozen=True, slots=True)
class Due:
    """An episode people are to be told of, by the strongest cluster of this scan. ``again``: they were told before."""

    episode_id: int
    data_set: DataSet
    kind: str
    tier: str
    found: Found
    again: bool


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode as a reader sees it: ``regions`` and ``events`` inside the reader's part, ``outside`` how many more.

    ``observed``, ``expected``, ``p_value`` are those of the last scan that found it; ``sentence`` says them in words.
    """

    id: int
    data_set: DataSet
    kind: str
    regions: tuple[str, ...]
    outside: int
    first_day: date
    last_day: date
    tier: str
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    told_at: datetime | None
    told_events: int
    verdict: str
    verdict_words: str
    verdict_by: str
    verdict_at: datetime | None
    demo: bool
    revision: int
    observed: int
    expected: float
    p_value: float
    events: tuple[int, ...]
    sentence: str

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def recurrence_days(self) -> float:
        """Days of calm in which chance shows one as strong once."""
        return 1.0 / self.p_value


@dataclass(frozen=True, slots=True)
class Month:
    """How the episodes first shown in a month were marked. ``precision``: 属实 of those that are 属实 or 误报."""

    month: str  # 2026-11
    shown: int
    true: int
    false: int
    unclear: int

    @property
    def precision(self) -> float | None:
        """None where nobody has said of one whether it was true."""
        decided = self.true + self.false
        return self.true / decided if decided else None


# ── what a scan does to them ─────────────────────────────────────────────────────────────────────────────────────────
def follow(
    connection: Connection, data_set: DataSet, kind: str, found: Sequence[Found], *, settings: Settings, now: datetime
) -> tuple[list[int], list[Due]]:
    """Join each cluster (the strongest first) to its open episode or open one, close what is over.

    Returns the episode of each cluster, and those people are to be told of.
    """
    held = t.hotspot_episode.c
    query = select(t.hotspot_episode).where(held.data_set == data_set, held.kind == kind, held.closed_at.is_(None))
    open_ones = {row.id: row for row in connection.execute(query.order_by(held.id).with_for_update())}
    strongest: dict[int, Found] = {}
    of_cluster: list[int] = []
    for one in found:
        episode_id = _fitting(open_ones, one, settings.hotspot.gap_days)
        if episode_id is None:
            episode_id = _open(connection, data_set, kind, one, now)
        else:
            _grow(connection, open_ones[episode_id], one, now)
        query = select(t.hotspot_episode).where(held.id == episode_id)
        open_ones[episode_id] = connection.execute(query).one()
        strongest.setdefault(episode_id, one)
        of_cluster.append(episode_id)
    gap = timedelta(days=settings.hotspot.gap_days)
    for row in open_ones.values():
        if row.id not in strongest and local(now).date() - local(row.seen_at).date() > gap:
            connection.execute(
                update(t.hotspot_episode).where(held.id == row.id).values(closed_at=now, revision=held.revision + 1)
            )
    due = [
        Due(key, data_set, kind, open_ones[key].tier, one, again=open_ones[key].told_at is not None)
        for key, one in strongest.items()
        if _worth_telling(open_ones[key], one)
    ]
    return of_cluster, due


def told(connection: Connection, due: Due, *, now: datetime) -> None:
    """Remember what people were told."""
    connection.execute(
        update(t.hotspot_episode)
        .where(t.hotspot_episode.c.id == due.episode_id)
        .values(told_tier=due.tier, told_events=due.found.observed, told_at=now)
    )


def _fitting(open_ones: Mapping[int, Row[Any]], one: Found, gap_days: int) -> int | None:
    """The open episode with the most places in common whose days reach those of the cluster; the oldest of equals."""
    gap = timedelta(days=gap_days)
    best: tuple[int, int] | None = None
    for key, row in open_ones.items():
        shared = len(set(row.regions) & set(one.regions))
        touches = one.first_day - gap <= row.last_day and row.first_day - gap <= one.last_day
        if shared and touches and (best is None or shared > best[0]):
            best = shared, key
    return best[1] if best else None


def _open(connection: Connection, data_set: DataSet, kind: str, one: Found, now: datetime) -> int:
    number: int = connection.execute(
        insert(t.hotspot_episode)
        .values(
            data_set=data_set, kind=kind, regions=list(one.regions), first_day=one.first_day, last_day=one.last_day,
            tier=one.tier, opened_at=now, seen_at=now, demo=one.demo,
        )
        .returning(t.hotspot_episode.c.id)
    ).scalar_one()  # fmt: skip
    return number


def _grow(connection: Connection, row: Row[Any], one: Found, now: datetime) -> None:
    connection.execute(
        update(t.hotspot_episode)
        .where(t.hotspot_episode.c.id == row.id)
        .values(
            regions=list(dict.fromkeys([*row.regions, *one.regions])),
            first_day=min(row.first_day, one.first_day),
            last_day=max(row.last_day, one.last_day),
            tier=WARNING if WARNING in (row.tier, one.tier) else WATCH,
            seen_at=now,
            demo=row.demo or one.demo,
        )
    )


def _worth_telling(row: Row[Any], one: Found) -> bool:
    if row.demo or row.verdict == FALSE:
        return False
    if row.told_at is None or (row.tier == WARNING and row.told_tier != WARNING):
        return True
    return bool(one.observed >= GROWN * row.told_events)


# ── what people see and say of them ──────────────────────────────────────────────────────────────────────────────────
def listed(
    connection: Connection, actor: Actor, data_set: DataSet, *, open_only: bool = False, now: datetime
) -> tuple[Episode, ...]:
    """The episodes that reach into the actor's region: open ones first, the gravest first, then the newest.

    Raises:
        RefusedError: the role does not see that data set.
    """
    actor.require(SEES[data_set], kind=_KIND)
    held = t.hotspot_episode.c
    query = select(t.hotspot_episode).where(held.data_set == data_set)
    if open_only:
        query = query.where(held.closed_at.is_(None))
    rows = [row for row in connection.execute(query) if any(actor.scope.covers(code) for code in row.regions)]
    last = _last_clusters(connection, [row.id for row in rows])
    inside = _events_inside(connection, actor, data_set, last.values())
    found = [_seen(row, last.get(row.id), actor, inside, now) for row in rows]
    return tuple(sorted(found, key=lambda one: (not one.open, one.tier != WARNING if one.open else False, -one.id)))


def mark(
    connection: Connection, actor: Actor, episode_id: int, verdict: str, said: str, *, revision: int, now: datetime
) -> None:
    """Say whether it was true (属实), false (误报) or cannot be told (不明). A false one is not told of again.

    Raises:
        RefusedError: the role may not, or it reaches beyond the actor's region.
        InputError: there is none, or what is said is missing or too long.
        ConflictError: somebody marked it meanwhile; the sentence names who.
    """
    actor.require(_ACTION, kind=_KIND, target=str(episode_id))
    note = " ".join(said.split())
    if verdict not in VERDICTS:
        raise InputError("请选择属实、误报或不明")
    if len(note) > MAX_WORDS:
        raise InputError(f"说明不能超过 {MAX_WORDS} 字")
    if verdict == FALSE and not note:
        raise InputError("标为误报的，请说明原因")
    held = t.hotspot_episode.c
    row = connection.execute(select(t.hotspot_episode).where(held.id == episode_id).with_for_update()).one_or_none()
    if row is None:
        raise InputError(MISSING)
    actor.require(SEES[row.data_set], kind=_KIND, target=str(episode_id))
    covered = [actor.scope.covers(code) for code in row.regions]
    if not any(covered):
        raise RefusedError(MISSING, action=_ACTION, kind=_KIND, target=str(episode_id))
    if not all(covered):
        raise RefusedError(
            "这起聚集事件涉及本辖区以外，请由上级标注", action=_ACTION, kind=_KIND, target=str(episode_id)
        )
    if row.revision != revision:
        who = f"已由 {row.verdict_by} 于 {stamp(row.verdict_at)} 标为{row.verdict}" if row.verdict else "已有变化"
        raise ConflictError(f"这起聚集事件{who}，请看过最新内容后再标")
    connection.execute(
        update(t.hotspot_episode)
        .where(held.id == episode_id)
        .values(
            verdict=verdict, verdict_words=note, verdict_by_id=actor.account_id, verdict_by=actor.display,
            verdict_at=now, revision=held.revision + 1,
        )
    )  # fmt: skip
    region = row.regions[0] if len(row.regions) == 1 else row.regions[0][:4] + "00"
    if any(code[:4] != region[:4] for code in row.regions):
        region = PROVINCE
    audit.append(
        connection, actor, _ACTION, at=now, kind=_KIND, target=str(episode_id), region=region,
        before={"标注": row.verdict, "说明": row.verdict_words}, after={"标注": verdict, "说明": note},
    )  # fmt: skip


def months(found: Sequence[Episode]) -> tuple[Month, ...]:
    """How well the episodes of each month were founded, the newest month first."""
    by_month: dict[str, list[Episode]] = defaultdict(list)
    for one in found:
        by_month[f"{local(one.opened_at):%Y-%m}"].append(one)
    return tuple(
        Month(month, len(some), *(sum(one.verdict == verdict for one in some) for verdict in VERDICTS))
        for month, some in sorted(by_month.items(), reverse=True)
    )


def inside(actor: Actor, regions: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Those of the places that the actor sees, and how many more there are."""
    seen = tuple(code for code in regions if actor.scope.covers(code))
    return seen, len(regions) - len(seen)


def _last_clusters(connection: Connection, episode_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """The strongest cluster of the last run that found each episode."""
    cluster = t.hotspot_cluster.c
    wanted = set(episode_ids)
    last = (
        select(cluster.episode_id, func.max(cluster.run_id).label("run_id"))
        .where(cluster.episode_id.is_not(None))
        .group_by(cluster.episode_id)
        .subquery()
    )
    query = (
        select(t.hotspot_cluster)
        .join(last, (last.c.episode_id == cluster.episode_id) & (last.c.run_id == cluster.run_id))
        .order_by(cluster.place)
    )
    found: dict[int, Row[Any]] = {}
    for row in connection.execute(query):
        if row.episode_id in wanted:
            found.setdefault(row.episode_id, row)
    return found


def _events_inside(connection: Connection, actor: Actor, data_set: DataSet, clusters: Any) -> frozenset[int] | None:
    """Which of the clusters' events the actor sees; None: all of them."""
    if actor.scope.everything:
        return None
    from monitors.hotspots import events  # noqa: PLC0415 - numpy is needed only here

    wanted = {number for row in clusters for number in row.events}
    return frozenset(one.id for one in events.of(connection, data_set, wanted, within=(actor.region,)))


def _seen(
    row: Row[Any], cluster: Row[Any] | None, actor: Actor, visible: frozenset[int] | None, now: datetime
) -> Episode:
    regions, outside = inside(actor, row.regions)
    events = tuple(cluster.events) if cluster else ()
    known = {name: getattr(row, name) for name in Episode.__slots__ if name in row._fields}
    one = Episode(
        **known
        | {
            "regions": regions, "outside": outside, "sentence": "",
            "observed": cluster.observed if cluster else 0,
            "expected": cluster.expected if cluster else 0.0,
            "p_value": cluster.p_value if cluster else 1.0,
            "events": tuple(number for number in events if visible is None or number in visible),
        }
    )  # fmt: skip
    if cluster is None:
        return replace(one, sentence=f"{words.names(regions)} {words.day(row.first_day, year=local(now).year)}以来")
    shown, beyond = inside(actor, cluster.regions)
    said = words.sentence(
        shown or regions, cluster.first_day, cluster.last_day, cluster.observed, cluster.expected,
        year=local(now).year, outside=beyond,
    )  # fmt: skip
    return replace(one, sentence=said)
