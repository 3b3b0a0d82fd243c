"""What a forecast may lean on: a row's present level, how restless its days are, how far levels stray in four weeks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RECENT = 28  # days whose level is carried on
LONG = 182  # days of the level a quiet row is held to
_STEP = 14  # days between the earlier four weeks that are foretold to measure drift
_HELD = (0.5, 50.0)  # events' worth the long level may weigh
_WIDEST = 1.0  # drift beyond which a number says nothing: the level may as well be nought or double

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """``drift``: variance of a level's change over four weeks, in parts of the mean squared."""

    drift: float

    def variance(self, mean: float, sure: float, restless: float) -> float:
        """Variance of a count of ``mean``: chance, a level known from ``sure`` events, and its drift."""
        return restless * mean + mean * mean * (restless / sure + self.drift)


@dataclass(frozen=True, slots=True)
class Habit:
    """``restless``: variance to mean of weeks, 1 for pure chance; drift ``near`` the festival and ``far`` from it.

    ``held``: events' worth that the level of the last half year weighs beside that of the last 28 days.
    """

    restless: float
    near: Spread
    far: Spread
    held: float


def whole_weeks(length: int) -> list[slice]:
    """Slices of seven days over ``length`` days."""
    return [slice(start, start + 7) for start in range(0, length, 7)]


def levels_of(rows: Counts, factors: Floats, end: int, habit: Habit) -> tuple[Floats, Floats]:
    """Events a day of ``rows`` int[n,T] at factor 1 before index ``end``, and how many events tell so: float[n]."""
    recent, long = slice(max(0, end - RECENT), end), slice(max(0, end - LONG), end)
    usual = (rows[:, long].sum(axis=1) + 0.5) / factors[long].sum()
    evidence = rows[:, recent].sum(axis=1) + habit.held
    return evidence / (factors[recent].sum() + habit.held / usual), evidence


def measured(rows: Counts, factors: Floats, near: NDArray[np.bool_]) -> Habit:
    """Habit of ``rows`` int[n,T] given the shape float[T]; ``near`` bool[T] marks the days before festivals.

    Restlessness by moments over weeks within four-week blocks, then drift by foretelling earlier four weeks from the
    four before them: what their squared errors have beyond chance and beyond the level's own error.
    """
    restless = _restless(rows, factors)
    habit = Habit(restless, Spread(0.0), Spread(0.0), 5.0)
    for _ in range(2):
        far, close = _drift(rows, factors, near, habit)
        held = min(_HELD[1], max(_HELD[0], restless / max(far, 1e-6)))
        habit = Habit(restless, Spread(close), Spread(far), held)
    return habit


def _restless(rows: Counts, factors: Floats) -> float:
    blocks = rows.shape[1] // RECENT
    if blocks == 0:
        return 1.0
    kept = rows.shape[1] - blocks * RECENT
    c = rows[:, kept:].reshape(len(rows), blocks, 4, 7).sum(axis=3)
    f = factors[kept:].reshape(1, blocks, 4, 7).sum(axis=3)
    part = f / f.sum(axis=2, keepdims=True)
    mean = part * c.sum(axis=2, keepdims=True)
    size = float((mean * (1.0 - part)).sum())
    return max(1.0, float(((c - mean) ** 2).sum()) / size) if size > 0.0 else 1.0


def _drift(rows: Counts, factors: Floats, near: NDArray[np.bool_], habit: Habit) -> tuple[float, float]:
    """Drift of all seasons and near festivals, which leans on the others' where few were seen and is never less."""
    length = rows.shape[1]
    sums: dict[bool, list[float]] = {False: [0.0, 0.0], True: [0.0, 0.0]}
    for end in range(length - RECENT, 2 * RECENT - 1, -_STEP):
        ahead = slice(end, end + RECENT)
        size = float(factors[ahead].sum())
        level, sure = levels_of(rows, factors, end, habit)
        mean = level * size
        chance = habit.restless * mean + mean**2 * habit.restless / sure
        # Weighted by how much of the error is drift, so that small rows add no noise and big ones are not all.
        weight = (mean / (chance + 0.05 * mean**2)) ** 2
        place = sums[bool(near[ahead].any())]
        place[0] += float((weight * ((rows[:, ahead].sum(axis=1) - mean) ** 2 - chance)).sum())
        place[1] += float((weight * mean**2).sum())
    (top, bottom), (top_near, bottom_near) = sums[False], sums[True]
    far = _bounded(top + top_near, bottom + bottom_near)
    lent = 0.25 * bottom  # a quarter of the other seasons' weight
    return far, max(far, _bounded(top_near + lent * far, bottom_near + lent))


def _bounded(top: float, bottom: float) -> float:
    return min(_WIDEST, max(0.0, top / bottom)) if bottom > 0.0 else 0.0
