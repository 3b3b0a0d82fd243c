"""Where events gather in space and time: a permutation scan with an over-dispersed null (docs/hotspots.md).

Input are whole numbers of *events* by place and day, never of articles: several articles of one event would make nearly
every calm day an alarm. The last row is today; only gatherings alive today are looked for. The same input and seed give
the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots import scan_null
from monitors.hotspots.scan_null import LEAST_STATISTIC, Integers, Null
from monitors.hotspots.zones import Zones, singles

Tier = Literal["预警", "关注", ""]

SHORTEST_DAYS = 28  # history: below it neither shares nor their scatter are known
SHORTEST_SINCE_CHANGE = 14
# Replicates may stand out a little less than a candidate must: room for the drift that τ misses (docs/hotspots.md).
REPLICATE_LENIENCE = 0.75


@dataclass(frozen=True, slots=True)
class Rules:
    """``windows``: days; ``min_ratio``: observed to expected; ``watch_days``, ``alert_days``: recurrence intervals."""

    windows: tuple[int, ...] = (1, 2, 3, 4, 5, 7, 10, 14)
    replicates: int = 999
    min_cases: int = 5
    min_ratio: float = 2.0
    watch_days: float = 100.0
    alert_days: float = 365.0


@dataclass(frozen=True, slots=True)
class Change:
    """A known change (情况变更) at ``members`` (columns): rows before ``since`` are no baseline for them."""

    members: tuple[int, ...]
    since: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """More events than usual at ``members`` (columns, nearest to the middle first) on rows ``first`` to ``last``.

    ``ratio`` = observed / expected; ``p_value``: how often, at most, a calm province shows one as strong, anywhere and
    in any window.
    """

    members: tuple[int, ...]
    first: int
    last: int
    observed: int
    expected: float
    ratio: float
    statistic: float
    p_value: float

    @property
    def recurrence_days(self) -> float:
        """Days of calm in which chance shows one as strong once, scanning once a day."""
        return 1.0 / self.p_value

    def tier(self, rules: Rules) -> Tier:
        """预警, 关注, or nothing to colour."""
        # A hair's breadth of float must not cost a tier: 1 / (10 / 1000) is meant to be 100.
        reached = self.recurrence_days * (1 + 1e-9)
        return "预警" if reached >= rules.alert_days else "关注" if reached >= rules.watch_days else ""


@dataclass(frozen=True, slots=True)
class Scan:
    """Clusters, the strongest first, no two with a place in common; those of no tier are among them.

    ``total``: events of the baseline; ``left_out``: columns without a baseline since their change; ``why`` (Chinese)
    says why there is no answer at all, else ``""``.
    """

    clusters: tuple[Cluster, ...]
    total: int
    tau_county: float
    tau_prefecture: float
    replicates: int
    seed: int
    left_out: tuple[int, ...] = ()
    why: str = ""


def scan(
    counts: NDArray[np.integer],
    prefectures: NDArray[np.integer],
    zones: Zones,
    rules: Rules,
    *,
    seed: int,
    changes: Sequence[Change] = (),
    alpha_share: float = 1.0,
) -> Scan:
    """Gatherings that are alive on the last row of ``counts`` int[T, n] (events per day and place).

    ``prefectures`` int[n]: which prefecture each place belongs to, from 0. ``alpha_share``: this scan's part of the
    false alarms where several are run on one day; p values are divided by it.

    Raises:
        ValueError: counts that are negative or no whole numbers, shapes that do not fit, rules without sense.
    """
    table = _checked(counts, prefectures, zones, rules, alpha_share)
    days = len(table)
    answer = Scan((), 0, 0.0, 0.0, rules.replicates, seed)
    shortest = max(SHORTEST_DAYS, 2 * min(rules.windows))
    if days < shortest:
        return replace(answer, why=f"只有 {days} 天数据，至少需要 {shortest} 天才能判断聚集")
    spans = sorted({window for window in rules.windows if window <= days // 2})
    since = _since(table.shape, changes)
    # A window must lie wholly after the change, or what the change brought would be held against its own past.
    left_out = np.flatnonzero((since > 0) & (days - since < max([SHORTEST_SINCE_CHANGE, *spans])))
    table[:, left_out] = 0
    usable = np.arange(days)[:, None] >= since
    usable[:, left_out] = True  # empty columns: nothing to fit
    null = scan_null.null_of(table, usable, prefectures.astype(np.intp))
    windows = {span: int(table[days - span :].sum()) for span in spans}
    out = tuple(int(place) for place in left_out)
    answer = Scan((), null.total, null.tau_county, null.tau_prefecture, rules.replicates, seed, out)
    candidates = _candidates(table, null, zones, rules, windows)
    if not candidates:
        return answer
    greatest = scan_null.maxima(
        null,
        zones,
        list(windows.values()),
        rules.replicates,
        np.random.default_rng(seed),
        least=rules.min_cases,
        ratio=1 + REPLICATE_LENIENCE * (rules.min_ratio - 1),
    )
    # A place left out belongs to no gathering, so it keeps no two of them apart either.
    named = [replace(one, members=tuple(place for place in one.members if place not in out)) for one in candidates]
    return replace(answer, clusters=_disjoint(named, np.sort(greatest), alpha_share))


def scan_prefectures(
    counts: NDArray[np.integer],
    rules: Rules,
    *,
    seed: int,
    changes: Sequence[Change] = (),
    alpha_share: float = 1.0,
) -> Scan:
    """``scan`` of int[T, prefectures], each prefecture a zone of its own: for events whose county is not known.

    ``counts`` holds the counties' sums as well. Raises as ``scan`` does.
    """
    number = np.asarray(counts).shape[-1]
    return scan(counts, np.arange(number), singles(number), rules, seed=seed, changes=changes, alpha_share=alpha_share)


def _checked(
    counts: NDArray[np.integer],
    prefectures: NDArray[np.integer],
    zones: Zones,
    rules: Rules,
    alpha_share: float,
) -> Integers:
    table = np.asarray(counts)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer):
        raise ValueError("counts must be whole numbers of shape [days, places]")
    if table.size and table.min() < 0:
        raise ValueError("counts must not be negative")
    if zones.places != table.shape[1] or np.shape(prefectures) != (table.shape[1],):
        raise ValueError("counts, prefectures and zones must speak of the same places")
    if not np.issubdtype(np.asarray(prefectures).dtype, np.integer) or (len(prefectures) and prefectures.min() < 0):
        raise ValueError("prefectures must be whole numbers from 0")
    if not rules.windows or min(rules.windows) < 1 or rules.replicates < 1 or not 0 < alpha_share <= 1:
        raise ValueError("windows and replicates must be at least one, alpha_share in (0, 1]")
    if table.sum(dtype=np.float64) >= np.iinfo(np.int32).max:
        raise ValueError("more events than a scan can count")
    return table.astype(np.int64)


def _since(shape: tuple[int, int], changes: Sequence[Change]) -> Integers:
    """The first row int[n] that is baseline for each place. A change after the last row has not happened yet."""
    since = np.zeros(shape[1], dtype=np.int64)
    for change in changes:
        if change.since < shape[0]:
            members = list(change.members)
            since[members] = np.maximum(since[members], change.since)
    return since


def _candidates(table: Integers, null: Null, zones: Zones, rules: Rules, windows: Mapping[int, int]) -> list[Cluster]:
    """Zones with enough events and enough more than usual, the strongest first; p not yet known.

    ``windows``: days → events of the province in them.
    """
    found = []
    days = len(table)
    for span, events in windows.items():
        observed = np.cumsum(np.append(table[days - span :].sum(axis=0), 0)[zones.order], axis=1)
        expected = scan_null.expectations(null.shares, zones, events)
        value = scan_null.statistic(observed, expected, null.total)
        fits = zones.new & (value >= LEAST_STATISTIC) & (observed >= rules.min_cases)
        fits &= observed >= rules.min_ratio * expected
        for row, step in zip(*np.nonzero(fits), strict=True):
            here, usual = int(observed[row, step]), float(expected[row, step])
            members = tuple(int(place) for place in zones.order[row, : step + 1])
            strength = float(value[row, step])
            found.append(Cluster(members, days - span, days - 1, here, usual, here / usual, strength, 1.0))
    # Of equals the smallest place and the shortest time say it best.
    return sorted(found, key=lambda one: (-one.statistic, len(one.members), -one.first, one.members))


def _disjoint(candidates: Sequence[Cluster], greatest: NDArray[np.float64], alpha_share: float) -> tuple[Cluster, ...]:
    """The strongest candidates without a common place, each with its p from the replicates' maxima (ascending)."""
    taken: set[int] = set()
    kept = []
    for one in candidates:
        if taken.isdisjoint(one.members):
            taken.update(one.members)
            reached = len(greatest) - int(np.searchsorted(greatest, one.statistic, side="left"))
            p_value = min(1.0, (1 + reached) / (len(greatest) + 1) / alpha_share)
            kept.append(replace(one, p_value=p_value))
    return tuple(kept)
