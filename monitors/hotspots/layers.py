"""What the map of hotspots (热点地图) shows of each county: five layers over one set of figures, in fixed bands.

The bands do not move with the data: a colour means the same on any day, and nought is a class of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.hotspots import coverage, events, places, runs
from monitors.hotspots.coverage import Coverage
from monitors.hotspots.events import SEES, DataSet, Event
from monitors.hotspots.runs import Shown, ShownCluster
from monitors.regions import divisions
from monitors.regions.shapes import Population
from monitors.settings import Settings
from monitors.store import tables as t

Layer = Literal["加权事件", "每万人率", "聚集", "未结金额", "可见度"]
LAYERS: tuple[Layer, ...] = ("加权事件", "每万人率", "聚集", "未结金额", "可见度")
WEIGHTS = {"I": 8, "II": 4, "III": 2, "IV": 1}  # an event of 关注 stands in the counts alone
CASE_WEIGHTS = {events.MAJOR: 4, "": 1}
RATE_DAYS = 90  # long enough for a county to have a few events
FEW = 5  # below, a rate is said to rest on few events
PER = 10_000
_FEN_PER_WAN = 1_000_000
_TIERS = ("预警", "关注")
OVER = ("已销账", "回头看", "闭环", "不属实")  # of the ledger's states: nothing more is owed
NO_PEOPLE, NOT_KNOWN = "缺人口数", "未知"
# Upper ends of the bands after nought, exclusive; the last is open. 未结金额 in 万元.
BANDS: Mapping[Layer, tuple[float, ...]] = {
    "加权事件": (1, 2, 4, 8),
    "每万人率": (0.02, 0.05, 0.1, 0.2),
    "未结金额": (10, 50, 200, 1000),
}
UNITS: Mapping[Layer, str] = {"加权事件": "", "每万人率": "", "未结金额": " 万元"}


@dataclass(frozen=True, slots=True)
class CountyRow:
    """One county under all layers. ``events``: of the last ``RATE_DAYS`` days, ``week``: of the last seven.

    ``weighted``: each event by level, halved with every half-life. ``rate``: events of ``RATE_DAYS`` per 10,000 people,
    None without a denominator. ``open_fen``: 查实 (else 诉求) less paid of open cases, in 分. ``tier``: 预警, 关注 or
    empty.
    """

    code: str
    name: str
    prefecture: str
    weighted: float
    events: int
    week: int
    people: Population | None
    rate: float | None
    tier: str
    sentence: str
    open_cases: int
    open_fen: int
    coverage: Coverage | None

    @property
    def sight(self) -> str:
        """可见, 弱, 盲区."""
        return self.coverage.state if self.coverage else NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Layers:
    """The counties a reader sees, in code order. ``unplaced``: events of the reader's part known to no county of it."""

    data_set: DataSet
    day: date
    rows: tuple[CountyRow, ...]
    events: int
    unplaced: int
    demo: bool
    shown: Shown


def read(
    connection: Connection,
    actor: Actor,
    data_set: DataSet,
    people: Mapping[str, Population],
    *,
    settings: Settings,
    now: datetime,
) -> Layers:
    """Every layer for the counties of the actor's region; the ledger's layer only for those who see the ledger.

    Raises:
        RefusedError: the role does not see that data set.
    """
    actor.require(SEES[data_set], kind="hotspot")
    today = local(now).date()
    within = None if actor.scope.everything else (actor.region,)
    found = events.read(connection, data_set, today - timedelta(days=RATE_DAYS - 1), today, within=within)
    weighted = weights(found, today, settings.hotspot.half_life_days)
    counts = Counter(one.region for one in found)
    week = Counter(one.region for one in found if (today - one.day).days < 7)
    shown = runs.latest(connection, actor, data_set, now)
    told = coloured(shown.clusters)
    owed = _owed(connection, actor) if actor.may(SEES["台账"]) else {}
    sights = coverage.by_county(connection, settings, now)
    rows = []
    for code in places.COUNTIES:
        if not actor.scope.covers(code):
            continue
        cluster, (open_cases, open_fen) = told.get(code), owed.get(code, (0, 0))
        rows.append(
            CountyRow(
                code=code,
                name=divisions.short_name(code),
                prefecture=divisions.short_name(divisions.prefecture_of(code)),
                weighted=weighted.get(code, 0.0),
                events=counts[code],
                week=week[code],
                people=people.get(code),
                rate=counts[code] * PER / people[code].people if code in people else None,
                tier=cluster.tier if cluster else "",
                sentence=cluster.sentence if cluster else "",
                open_cases=open_cases,
                open_fen=open_fen,
                coverage=sights.get(code),
            )
        )
    unplaced = sum(number for code, number in counts.items() if events.column(code) is None)
    demo = any(one.demo for one in found) or shown.demo
    return Layers(data_set, today, tuple(rows), len(found), unplaced, demo, shown)


def weights(found: Sequence[Event], today: date, half_life_days: float) -> dict[str, float]:
    """Sum of the events' weights by region; a weight halves with every ``half_life_days``."""
    sums: dict[str, float] = {}
    for one in found:
        weight = WEIGHTS.get(one.level, 0) if one.level not in CASE_WEIGHTS else CASE_WEIGHTS[one.level]
        fresh = 0.5 ** ((today - one.day).days / half_life_days)
        sums[one.region] = sums.get(one.region, 0.0) + weight * fresh
    return sums


def coloured(clusters: Sequence[ShownCluster]) -> dict[str, ShownCluster]:
    """The gravest cluster with a tier of each county; that of a whole prefecture only where the county has none."""
    found: dict[str, ShownCluster] = {}
    order = sorted(
        (one for one in clusters if one.tier in _TIERS),
        key=lambda one: (one.kind == "州市", _TIERS.index(one.tier), one.p_value),
    )
    for one in order:
        for region in one.regions:
            members = [code for code in places.COUNTIES if code[:4] == region[:4]] if region[4:] == "00" else [region]
            for code in members:
                found.setdefault(code, one)
    return found


# ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def classes(layer: Layer) -> tuple[str, ...]:
    """The names of a layer's classes, lowest first, those for what is not known last."""
    if layer == "聚集":
        return ("未见聚集", "关注", "预警")
    if layer == "可见度":
        return ("可见", "弱", "盲区", NOT_KNOWN)
    ends, unit = BANDS[layer], UNITS[layer]
    steps = [f"不到 {_plain(ends[0])}{unit}"]
    steps += [f"{_plain(low)}–{_plain(high)}{unit}" for low, high in pairwise(ends)]
    last = (NO_PEOPLE,) if layer == "每万人率" else ()
    return ("0", *steps, f"{_plain(ends[-1])}{unit} 以上", *last)


def class_of(layer: Layer, row: CountyRow) -> int:
    """Which of ``classes`` the county belongs to."""
    if layer == "聚集":
        return {"预警": 2, "关注": 1}.get(row.tier, 0)
    if layer == "可见度":
        return classes(layer).index(row.sight)
    value = value_of(layer, row)
    if value is None:
        return len(classes(layer)) - 1
    if value <= 0:
        return 0
    return 1 + sum(value >= end for end in BANDS[layer])


def value_of(layer: Layer, row: CountyRow) -> float | None:
    """The county's figure under a layer of bands, in the bands' unit."""
    if layer == "加权事件":
        return row.weighted
    if layer == "每万人率":
        return row.rate
    return row.open_fen / _FEN_PER_WAN


def rank(layer: Layer, row: CountyRow) -> tuple[float, ...]:
    """Sort key: what a reader should look at first has the largest."""
    if layer == "聚集":
        return (class_of(layer, row), row.weighted, row.events)
    if layer == "可见度":
        return ({"盲区": 2, "弱": 1}.get(row.sight, 0), row.people.people if row.people else 0)
    return (value_of(layer, row) or 0.0, row.events)


def words_of(layer: Layer, row: CountyRow) -> str:
    """The county's figure as it is read: ``3.2``, ``0.045 起/万人（件数少）``, ``120.5 万元（8 件）``."""
    if layer == "聚集":
        return row.tier or "未见聚集"
    if layer == "可见度":
        return row.sight
    if layer == "加权事件":
        return f"{row.weighted:.1f}" if row.weighted else "0"
    if layer == "每万人率":
        if row.rate is None:
            return NO_PEOPLE
        few = "（件数少）" if 0 < row.events < FEW else ""
        return f"{row.rate:.3f} 起/万人{few}" if row.rate else "0"
    return f"{row.open_fen / _FEN_PER_WAN:,.1f} 万元（{row.open_cases} 件）" if row.open_cases else "无未结案件"


def _plain(number: float) -> str:
    return f"{number:,g}"


def owed_fen() -> ColumnElement[int]:
    """What is still owed in a case, in 分: 查实 where there is one, else 诉求, less what was paid."""
    held = t.wage_case.c
    verified = and_(held.verified_on.is_not(None), held.verified_fen.is_not(None))
    stated = case((verified, held.verified_fen), else_=held.claimed_fen)
    return case((stated > held.paid_fen, stated - held.paid_fen), else_=0)


def _owed(connection: Connection, actor: Actor) -> dict[str, tuple[int, int]]:
    """Open cases and what is still owed in 分, by county."""
    held = t.wage_case.c
    query = (
        select(held.region, func.count().label("cases"), func.sum(owed_fen()).label("fen"))
        .where(held.state.not_in(OVER))
        .group_by(held.region)
    )
    found: dict[str, tuple[int, int]] = {}
    row: Any
    for row in connection.execute(query):
        code = divisions.current_code(row.region)
        if actor.scope.covers(code):
            cases, fen = found.get(code, (0, 0))
            found[code] = cases + row.cases, fen + int(row.fen or 0)
    return found
