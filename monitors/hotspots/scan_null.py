"""What a calm province would look like: expected shares, how far calm counts scatter, and replicates of both.

The null hypothesis of ``scan``: a county's share of the province's events does not change in the last days, except for
the scatter that whole weeks of the past have shown. Without that scatter (the plain permutation scan) local drift alone
raises alarms on 4 to 76 days of a hundred, the more the more events there are (docs/hotspots.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots.zones import Zones

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK_DAYS = 7
# A statistic below this is never rare: replicates that reach it nowhere count as reaching just this.
LEAST_STATISTIC = 4.0
LEAST_CASES = 3
_NO_SCATTER = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """``shares`` float[n] sum to one; ``total``: events of the baseline; scatter between counties and prefectures.

    ``prefectures`` int[n]: to which each place belongs. ``tau_*`` are variances of a factor with mean one that a
    week's expected count is multiplied by.
    """

    shares: Floats
    prefectures: NDArray[np.intp]
    total: int
    tau_county: float
    tau_prefecture: float


def null_of(counts: Integers, usable: NDArray[np.bool_], prefectures: NDArray[np.intp]) -> Null:
    """The null hypothesis from int[T, n] daily counts; cells that are not ``usable`` (bool[T, n]) are no baseline."""
    shares, _ = fit(counts, usable)
    groups = np.zeros((counts.shape[1], int(prefectures.max(initial=-1)) + 1))
    groups[np.arange(counts.shape[1]), prefectures] = 1.0
    weeks = (len(counts) - BLOCK_DAYS) // BLOCK_DAYS  # the last week is the one in question
    rows = slice(len(counts) - BLOCK_DAYS * (weeks + 1), len(counts) - BLOCK_DAYS)
    weekly = counts[rows].reshape(weeks, BLOCK_DAYS, -1).sum(axis=1)
    known: NDArray[np.bool_] = np.logical_and.reduce(usable[rows].reshape(weeks, BLOCK_DAYS, -1), axis=1)
    tau_all = dispersion(weekly, known)
    missing: Floats = (~known).astype(np.float64) @ groups
    tau_prefecture = dispersion(weekly @ groups, missing == 0)
    total = int(counts[usable].sum())
    return Null(shares, prefectures, total, max(0.0, tau_all - tau_prefecture), tau_prefecture)


def fit(counts: NDArray[np.integer] | Floats, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Shares float[n] and row totals float[T] of independence: expected[t, i] = totals[t] · shares[i].

    With every cell usable: column sum over grand total, and the row sums. Else the margins of the usable cells are
    matched by proportional fitting (quasi-independence): a column's share is its own sum over what the whole table
    would have on the very same rows.
    """
    table = np.where(usable, counts, 0).astype(np.float64)
    columns, rows = table.sum(axis=0), table.sum(axis=1)
    if not columns.any():
        return np.zeros_like(columns), np.zeros_like(rows)
    shares = columns / columns.sum()
    if usable.all():
        return shares, rows
    cells = usable.astype(np.float64)
    totals = rows
    for _ in range(200):
        before = shares
        totals = _ratio(rows, cells @ shares)
        shares = _ratio(columns, totals @ cells)
        shares /= shares.sum()
        if np.abs(shares - before).max() < 1e-13:
            break
    return shares, _ratio(rows, cells @ shares)


def dispersion(counts: NDArray[np.integer] | Floats, usable: NDArray[np.bool_]) -> float:
    """Variance beyond Poisson's, relative to the expected count squared, of [blocks, groups]; never below zero.

    Moment estimator Σ[(c − μ)² − μf] / Σμ²f with f = (1 − row share)(1 − column share), the variance that fitted
    margins leave.
    """
    shares, totals = fit(counts, usable)
    if not totals.sum():
        return 0.0
    expected = totals[:, None] * shares
    left = (1.0 - totals / totals.sum())[:, None] * (1.0 - shares)
    excess = np.where(usable, (counts - expected) ** 2 - expected * left, 0.0).sum()
    scale = float(np.where(usable, expected**2 * left, 0.0).sum())
    return max(0.0, float(excess) / scale) if scale > 0 else 0.0


def statistic(observed: NDArray[np.integer] | Floats, expected: Floats, total: int) -> Floats:
    """Log-likelihood ratio of "more than expected here": c ln(c/μ) + (N − c) ln((N − c)/(N − μ)); 0 where c ≤ μ."""
    rest = total - observed
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.where(rest > 0, rest * np.log(rest / (total - expected)), 0.0)
        value = observed * np.log(observed / expected) + outside
    return np.where(observed > expected, value, 0.0)


def expectations(shares: Floats, zones: Zones, within: int) -> Floats:
    """Expected events float[n, k] of each zone (as grown in ``zones.order``) where the province has ``within``."""
    return np.cumsum(np.append(shares, 0.0)[zones.order], axis=1) * within


def least_cases(
    expected: Floats, zones: Zones, within: int, total: int, *, least: int = LEAST_CASES, ratio: float = 1.0
) -> Integers:
    """The fewest events of each zone that are worth a word; ``within + 1`` where no number is.

    Whole, at least ``least``, at least ``ratio`` times the expected, and of a statistic of ``LEAST_STATISTIC``.
    """
    low = np.maximum(np.maximum(least, np.floor(expected) + 1), np.ceil(ratio * expected)).astype(np.int64)
    high = np.full_like(low, within + 1)
    low = np.minimum(low, high)
    while (low < high).any():
        middle = (low + high) // 2
        reached = statistic(middle, expected, total) >= LEAST_STATISTIC
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return np.where(zones.new, high, within + 1)


def replicates(null: Null, steps: Sequence[int], number: int, rng: np.random.Generator) -> Iterator[NDArray[np.int32]]:
    """For each window, the shortest first: int[n, number] events of calm replicates, growing from window to window.

    ``steps``: events the province had in each window beyond the one before. A replicate's factors, by prefecture and by
    county, hold for all its windows.
    """
    weights = np.repeat(null.shares[None, :], number, axis=0)
    groups = int(null.prefectures.max(initial=-1)) + 1
    if null.tau_prefecture > _NO_SCATTER:
        weights *= rng.gamma(1 / null.tau_prefecture, null.tau_prefecture, (number, groups))[:, null.prefectures]
    if null.tau_county > _NO_SCATTER:
        weights *= rng.gamma(1 / null.tau_county, null.tau_county, weights.shape)
    sums = weights.sum(axis=1, keepdims=True)
    # Scatter so great that every factor underflowed leaves the shares themselves.
    weights = np.where(sums > 0, weights / np.where(sums > 0, sums, 1.0), null.shares)
    # The largest first: the draw ends once all events have a place.
    order = np.argsort(-null.shares, kind="stable")
    drawn = np.zeros((len(order), number), dtype=np.int32)
    ranked = weights[:, order]
    for step in steps:
        if step:
            drawn[order] += rng.multinomial(step, ranked).T.astype(np.int32)
        yield drawn


def maxima(
    null: Null,
    zones: Zones,
    windows: Sequence[int],
    number: int,
    rng: np.random.Generator,
    *,
    least: int = LEAST_CASES,
    ratio: float = 1.0,
) -> Floats:
    """The greatest statistic float[number] of each replicate over all zones and windows, ``LEAST_STATISTIC`` at least.

    ``windows``: events of the province in each window, none smaller than the one before. Zones with fewer than
    ``least`` events or less than ``ratio`` times the expected are passed over, as they are in the observed counts.
    Exact: the statistic grows with c, so a compare of whole numbers tells where it is worth evaluating; there it is
    evaluated as for the observed counts.
    """
    greatest = np.full(number, LEAST_STATISTIC)
    small = np.int16 if windows[-1] < np.iinfo(np.int16).max else np.int32
    padded = np.zeros((zones.places + 1, number), dtype=small)
    held, taken = np.empty((2, zones.places, number), dtype=small)
    steps = [windows[0], *(after - before for before, after in pairwise(windows))]
    for within, drawn in zip(windows, replicates(null, steps, number, rng), strict=True):
        padded[:-1] = drawn
        expected = expectations(null.shares, zones, within)
        fewest = least_cases(expected, zones, within, null.total, least=least, ratio=ratio)
        held[:] = 0
        for step in range(zones.order.shape[1]):
            np.take(padded, zones.order[:, step], axis=0, out=taken, mode="clip")
            np.add(held, taken, out=held)
            hit = np.flatnonzero(held.max(axis=1) >= fewest[:, step])
            if len(hit):
                counts = held[hit]
                row, replicate = np.nonzero(counts >= fewest[hit, step][:, None])
                value = statistic(counts[row, replicate].astype(np.int64), expected[hit[row], step], null.total)
                np.maximum.at(greatest, replicate, value)
    return greatest


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
