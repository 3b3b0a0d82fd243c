"""Weeks to come, row by row: by the year's shape where it is known, between two scenarios where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots import ramp
from monitors.hotspots.levels import Habit, Spread, levels_of, measured, whole_weeks
from monitors.hotspots.tails import quantile

RAMP_DAYS = 60  # before a festival, in which wages are asked for
SCENARIO_PEAK = 2.2  # times as many at the festival as 60 days before: the upper scenario, an assumption and said to be
SCENARIO_QUIET = 0.5  # of the usual in the 14 days after a festival: the lower scenario
_SCENARIO_DRIFT = 0.0625  # a level that strays by a quarter in four weeks
_QUIET_DAYS = 14
_LOW, _HIGH = 0.1, 0.9  # 80 % interval

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Events to expect from ``first`` to ``last``; 80 % interval ``low`` to ``high``; ``mean`` None in a scenario."""

    first: date
    last: date
    mean: float | None
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one prefecture (its index), −1 for the province: each week and all of them."""

    prefecture: int
    weeks: tuple[Span, ...]
    total: Span


def festivals_within(days: Sequence[date], festivals: Sequence[date]) -> tuple[date, ...]:
    """Those of ``festivals`` that ``days`` cover together with the 60 days before."""
    ramp_days = timedelta(days=RAMP_DAYS)
    return tuple(one for one in sorted(festivals) if days[0] <= one - ramp_days and one <= days[-1])


def modelled(
    rows: Counts, days: Sequence[date], future: Sequence[date], festivals: Sequence[date], *, weekly: bool = True
) -> list[tuple[Span, ...]]:
    """Per row of int[n + 1,T] (prefectures, then the province) its weeks and their total, by shape and level.

    Without ``weekly`` the total alone.
    """
    shape = ramp.fit(rows[-1], days, festivals)
    factors = shape.factors(ramp.columns(days, festivals))
    ahead = shape.factors(ramp.columns(future, festivals))
    near = ramp.days_to(days, festivals) <= RAMP_DAYS
    soon = bool((ramp.days_to(future, festivals) <= RAMP_DAYS).any())
    found = []
    for part in (rows[:-1], rows[-1:]):  # a province errs less than its prefectures: each by its own measure
        habit = measured(part, factors, near)
        found += _spans(part, factors, (ahead, ahead), future, habit, near=soon, weekly=weekly)
    return found


def scenario(
    rows: Counts, days: Sequence[date], future: Sequence[date], festivals: Sequence[date]
) -> list[tuple[Span, ...]]:
    """Per row as ``modelled``, bounds only: the low one flat with the quiet after a festival, the high one rising."""

    def rising(some: Sequence[date]) -> Floats:
        return 1.0 + (SCENARIO_PEAK - 1.0) * np.maximum(0, RAMP_DAYS - ramp.days_to(some, festivals)) / RAMP_DAYS

    quiet = [any(0 < (day - one).days <= _QUIET_DAYS for one in festivals) for day in future]
    level = np.where(quiet, SCENARIO_QUIET, 1.0)
    ramped = rising(future) / float(rising(days[-28:]).mean())  # falls after a festival
    low, high, flat = np.minimum(level, ramped), np.maximum(level, ramped), np.ones(len(days))
    habit = measured(rows[:-1], flat, np.zeros(len(days), dtype=np.bool_))
    habit = replace(habit, near=Spread(max(habit.near.drift, _SCENARIO_DRIFT)))
    found = _spans(rows, flat, (low, high), future, habit, near=True, weekly=True)
    return [tuple(replace(span, mean=None) for span in spans) for spans in found]


def _spans(
    rows: Counts,
    factors: Floats,
    bounds: tuple[Floats, Floats],
    future: Sequence[date],
    habit: Habit,
    *,
    near: bool,
    weekly: bool,
) -> list[tuple[Span, ...]]:
    """Weeks and total per row; ``bounds`` are the factors of the lower and the upper bound, alike in a model."""
    spread = habit.near if near else habit.far
    found = []
    for level, sure in zip(*levels_of(rows, factors, rows.shape[1], habit), strict=True):
        spans = []
        for week in [*whole_weeks(len(future) if weekly else 0), slice(0, len(future))]:
            means = [float(level * bound[week].sum()) for bound in bounds]
            variances = [spread.variance(mean, float(sure), habit.restless) for mean in means]
            low, high = quantile(_LOW, means[0], variances[0]), quantile(_HIGH, means[1], variances[1])
            spans.append(Span(future[week][0], future[week][-1], means[0], low, max(low, high)))
        found.append(tuple(spans))
    return found
