"""Bursts and trends of one region, keyword, sector or source: is today's count more than chance, and is it growing?

Never a z-score on three events: the tail of a negative binomial says how often chance alone gives as many, and
Benjamini–Hochberg over all series looked at says how many of the marked ones are chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots import kleinberg
from monitors.hotspots.tails import at_least, beta_quantile

WINDOWS = (1, 3, 7)  # days
BASELINE = 56  # days, eight of each weekday
GAP = 2  # days between baseline and window: a burst's first days are not its own measure
LEAST_BASELINE = 14  # days; below it nothing is called usual
LEAST_EVENTS = 3  # fewer are never called a burst, however quiet it was before
_WEEKDAY_PRIOR = 20.0  # events that each weekday has in common with the others before it may differ
_LEVEL_DAYS, _LEVEL_PRIOR = 14, 20.0  # of ``province_level``

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """Events of one place, word or source: ``counts`` int[T] a day, last row today.

    ``exposure`` float[T] > 0 is what the counts are proportional to apart from weekdays (the province's level, a
    festival's ramp); None where nothing is known.
    """

    key: str
    counts: Counts
    exposure: Floats | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """The most surprising of the windows ending today.

    ``p_value`` is paid for the three windows, ``q_value`` for all series; ``since`` is the row where the raised days
    began, for significant ones.
    """

    key: str
    window: int
    observed: int
    expected: float
    p_value: float
    q_value: float
    since: int | None
    significant: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Events of the last 28 days against the 28 before; ``ratio`` of events a day, ``low`` and ``high`` its interval.

    ``previous_days`` are the days the earlier figure covers, fewer than 28 while the data is young.
    """

    last28: int
    previous28: int
    previous_days: int
    ratio: float
    low: float
    high: float


def bursts(series: Sequence[Series], weekdays: NDArray[np.int64], *, q: float = 0.05) -> tuple[Burst, ...]:
    """One answer per series, in their order. ``weekdays`` int[T], 0 Monday … 6 Sunday, of the same T days.

    The level is (S + ½)/E over up to 56 days, two days before the window: S events, E exposure weighted by weekday. The
    window's mean is m = level · exposure, its variance m + ψm² + m²/(S + ½): chance, restless days, a level not known
    exactly. All series share ψ. Raises ValueError where lengths differ.
    """
    if not series:
        return ()
    length = len(weekdays)
    if any(len(one.counts) != length or (one.exposure is not None and len(one.exposure) != length) for one in series):
        raise ValueError("every series needs one count and one exposure per weekday given")
    counts = np.stack([one.counts for one in series]).astype(np.int64)
    exposure = np.stack([np.ones(length) if one.exposure is None else one.exposure for one in series])
    exposure = exposure * _weekday_weights(counts, exposure, weekdays)[weekdays]
    best = [(1.0, WINDOWS[0], 0, 0.0)] * len(series)
    for window in WINDOWS:
        start = length - window
        rows = _baseline(start)
        if rows.stop - rows.start < LEAST_BASELINE:
            continue
        seen, size = counts[:, rows].sum(axis=1), exposure[:, rows].sum(axis=1)
        observed = counts[:, start:].sum(axis=1)
        mean = (seen + 0.5) / size * exposure[:, start:].sum(axis=1)
        variance = mean + mean**2 * (dispersion(counts, exposure, window) + 1.0 / (seen + 0.5))
        for i in range(len(series)):
            p = at_least(int(observed[i]), float(mean[i]), float(variance[i]))
            if p < best[i][0] or window == WINDOWS[0]:
                best[i] = (p, window, int(observed[i]), float(mean[i]))
    p_values = np.minimum(1.0, len(WINDOWS) * np.array([one[0] for one in best]))
    q_values = benjamini_hochberg(p_values)
    found = []
    for i, (_, window, observed_here, expected) in enumerate(best):
        significant = bool(q_values[i] <= q and observed_here >= LEAST_EVENTS)
        since = _since(counts[i], exposure[i], window) if significant else None
        figures = float(p_values[i]), float(q_values[i])
        found.append(Burst(series[i].key, window, observed_here, expected, *figures, since, significant))
    return tuple(found)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Give q float[n] for p float[n]: the share of chance among all as small (Benjamini & Hochberg 1995)."""
    number = len(p_values)
    order = np.argsort(p_values)[::-1]
    scaled = p_values[order] * number / np.arange(number, 0, -1)
    q_values = np.empty(number)
    q_values[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return q_values


def dispersion(counts: Counts, exposure: Floats, window: int) -> float:
    """ψ of sums over ``window`` days, shared by all series: variance beyond chance in parts of the mean squared.

    ``counts`` int[n,T], ``exposure`` float[n,T]. Each earlier window is foretold as today's is, from the days before
    it, and what its error has beyond chance and beyond the level's own error is taken by moments:
    ψ = Σu[(c − μ)² − μ − μ²/(S + ½)] / Σu·μ², u = 1/(1 + ψμ)² so that one loud series does not speak for all. So a
    level that drifts between baseline and window is paid for, not only restless days.
    """
    ends = np.arange(LEAST_BASELINE + GAP + window, counts.shape[1] - window - GAP + 1)
    if len(ends) == 0:
        return 0.0
    seen, size = _summed(counts), _summed(exposure)
    stop = ends - window - GAP
    first = np.maximum(0, stop - BASELINE)
    usual = seen[:, stop] - seen[:, first] + 0.5
    mean = usual / (size[:, stop] - size[:, first]) * (size[:, ends] - size[:, ends - window])
    observed = seen[:, ends] - seen[:, ends - window]
    error, chance, square = (observed - mean) ** 2, mean + mean**2 / usual, mean**2
    psi = 0.0
    for _ in range(8):
        # An earlier burst is no restlessness: beyond six deviations and three events an error counts no further.
        capped = np.minimum(error, 36.0 * (chance + psi * square) + 9.0)
        weight = 1.0 / (1.0 + psi * mean) ** 2
        psi = max(0.0, float((weight * (capped - chance)).sum() / (weight * square).sum()))
    return psi


def trend(counts: Counts, *, level: float = 0.8) -> Trend | None:
    """The last 28 of ``counts`` int[T] against the 28 days before; None with fewer than 35 days.

    Two Poisson rates with Jeffreys' gamma priors: the last one's share of both is Beta(a + ½, b + ½), which gives the
    ratio's interval of ``level`` exactly. Zero against zero is ratio 1 with a wide interval.
    """
    previous_days = min(28, len(counts) - 28)
    if previous_days < 7:
        return None
    last, previous = int(counts[-28:].sum()), int(counts[-28 - previous_days : -28].sum())
    a, b, days = last + 0.5, previous + 0.5, previous_days / 28
    low, high = (beta_quantile(tail, a, b) for tail in ((1 - level) / 2, (1 + level) / 2))
    return Trend(last, previous, previous_days, a / b * days, low / (1 - low) * days, high / (1 - high) * days)


def province_level(totals: Counts) -> Floats:
    """Exposure float[T] by the province's own level: mean of the last 14 days of ``totals`` int[T], around 1.

    A county's burst is then more than the ramp before Spring Festival that every county has. Pull to the overall mean
    by 20 events, so that a few days with little do not count as a level. Give it the other series' total, never the
    looked-at one's own.
    """
    length = len(totals)
    if length == 0 or totals.sum() == 0:
        return np.ones(length)
    mean = float(totals.mean())
    sums = np.concatenate(([0.0], np.cumsum(totals, dtype=np.float64)))
    rows = np.arange(1, length + 1)
    first = np.maximum(0, rows - _LEVEL_DAYS)
    level: Floats = (sums[rows] - sums[first] + _LEVEL_PRIOR) / ((rows - first) * mean + _LEVEL_PRIOR)
    return level


def _baseline(start: int) -> slice:
    stop = max(0, start - GAP)
    return slice(max(0, stop - BASELINE), stop)


def _weekday_weights(counts: Counts, exposure: Floats, weekdays: NDArray[np.int64]) -> Floats:
    """float[7] around 1, shared by all series, from the baseline of the shortest window."""
    rows = _baseline(len(weekdays) - 1)
    if rows.stop - rows.start < LEAST_BASELINE:
        return np.ones(7)
    part, size = counts[:, rows], exposure[:, rows]
    expected = size * (part.sum(axis=1) / size.sum(axis=1))[:, None]
    seen = np.bincount(weekdays[rows], weights=part.sum(axis=0), minlength=7)
    due = np.bincount(weekdays[rows], weights=expected.sum(axis=0), minlength=7)
    weights: Floats = (seen + _WEEKDAY_PRIOR) / (due + _WEEKDAY_PRIOR)
    return weights


def _summed(values: NDArray[np.generic]) -> Floats:
    """Sums over the first t of T days, float[n,T+1]."""
    return np.concatenate((np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=np.float64)), axis=1)


def _since(counts: Counts, exposure: Floats, window: int) -> int | None:
    rows = _baseline(len(counts) - window)
    usual = (counts[rows].sum() + 0.5) / exposure[rows].sum() * exposure
    first = rows.start
    found = kleinberg.since(counts[first:], usual[first:], within=window)
    return None if found is None else first + found
