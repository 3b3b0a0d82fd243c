"""The forecast held against what came: from earlier days, with nothing known of the days after them.

Beside it, from the same days: the last 28 days carried on, last year's change at the same date, and last year's change
at the same distance from Spring Festival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots import ramp
from monitors.hotspots.outlook import RAMP_DAYS, festivals_within, modelled

STEP = 14  # days between two origins
LONGEST = 728  # days back from the end that are foretold again
LEAST_BEFORE = 120  # days an origin needs before it, with a whole festival among them
MODEL, FLAT, LAST_YEAR, ALIGNED = "本模型", "近28天持平", "去年同期变化", "去年距春节同样天数的变化"

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """``wape``: Σ|forecast − came| / Σ came over prefectures and origins; ``bias``: Σ(forecast − came) / Σ came.

    ``province``: the same error of the whole province's figure.
    """

    method: str
    wape: float
    province: float
    bias: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """Totals of the whole horizon per prefecture. ``coverage``: share inside the 80 % interval; ``came``: events."""

    name: str
    origins: tuple[date, ...]
    came: int
    coverage: float
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    origin: date
    near: bool
    came: Floats  # [n + 1], the province last
    foretold: tuple[Floats, ...]  # per method
    inside: Floats  # [n] of 0 and 1


def backtests(rows: Counts, days: Sequence[date], festivals: Sequence[date], horizon: int) -> tuple[Backtest, ...]:
    """Over all origins and over those whose horizon meets the 60 days before a festival; ``rows`` int[n + 1,T]."""
    ends = range(len(days) - horizon, max(LEAST_BEFORE, len(days) - LONGEST) - 1, -STEP)
    looks = [_look(rows, days, festivals, end, horizon) for end in ends if festivals_within(days[:end], festivals)]
    groups = ("全部", looks), (f"春节前 {RAMP_DAYS} 天", [look for look in looks if look.near])
    return tuple(_scored(name, group) for name, group in groups if sum(float(one.came.sum()) for one in group) > 0)


def _look(rows: Counts, days: Sequence[date], festivals: Sequence[date], end: int, horizon: int) -> _Look:
    future = [days[end - 1] + timedelta(days=ahead) for ahead in range(1, horizon + 1)]
    spans = [found[-1] for found in modelled(rows[:, :end], days[:end], future, festivals, weekly=False)]
    came = rows[:, end : end + horizon].sum(axis=1).astype(np.float64)
    recent = rows[:, end - 28 : end].sum(axis=1) * (horizon / 28)
    total = rows[-1]
    aligned = _year_back(days[end - 1], festivals)
    foretold = (
        np.array([span.mean for span in spans], dtype=np.float64),
        recent,
        recent * _change(total, end, 364, horizon),  # 52 weeks: the same weekdays
        recent * _change(total, end, aligned, horizon),
    )
    inside = [float(span.low <= seen <= span.high) for span, seen in zip(spans[:-1], came[:-1], strict=True)]
    near = bool((ramp.days_to(future, festivals) <= RAMP_DAYS).any())
    return _Look(days[end - 1], near, came, foretold, np.array(inside))


def _year_back(origin: date, festivals: Sequence[date]) -> int:
    """Days from ``origin`` back to the day as far from the festival before; 364 where the festivals are not known."""
    known = sorted(festivals)
    following = next((i for i, one in enumerate(known) if one >= origin), 0)
    return (known[following] - known[following - 1]).days if following else 364


def _change(total: Counts, end: int, back: int, horizon: int) -> float:
    """How the ``horizon`` days a year before compared with their 28 days before; 1 where the data does not reach."""
    start = end - back
    if start < 28:
        return 1.0
    before = float(total[start - 28 : start].sum()) * horizon / 28
    return float(total[start : start + horizon].sum()) / before if before > 0 else 1.0


def _scored(name: str, looks: Sequence[_Look]) -> Backtest:
    came = np.stack([look.came for look in looks])
    total = float(came[:, :-1].sum())
    scores = []
    for i, method in enumerate((MODEL, FLAT, LAST_YEAR, ALIGNED)):
        error = np.stack([look.foretold[i] for look in looks]) - came
        small, large = (float(np.abs(part).sum()) / total for part in (error[:, :-1], error[:, -1]))
        scores.append(Score(method, small, large, float(error[:, :-1].sum()) / total))
    coverage = float(np.concatenate([look.inside for look in looks]).mean())
    return Backtest(name, tuple(sorted(look.origin for look in looks)), int(total), coverage, tuple(scores))
