"""The shape of a year in counts a day: weekdays and the ramp before Spring Festival, by a Poisson regression.

The ramp is a broken line in days to the festival; each festival's year has its own height, so that years of more or
less trouble do not bend it. Every coefficient is held towards 0, so nothing diverges where there is little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

HINGES = (4, 8, 15, 25, 40, 60, 90, 120)  # days to the festival where the line may bend (findings of the simulation)
AFTER = 15  # days the quiet after the festival takes to pass
NEW_YEAR = 30  # days after a festival at which the next festival's year begins
_HELD = 1.0  # events' worth of evidence that holds each coefficient towards 0
_FAR = 10_000  # days to a festival nobody has told us of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """``coefficients`` float[15] of ``columns``: logarithms of factors on counts a day."""

    coefficients: Floats

    def factors(self, columns: Floats) -> Floats:
        """Relative counts a day, float[T] > 0, for ``columns`` float[T,15]."""
        return np.exp(np.clip(columns @ self.coefficients, -5.0, 5.0))


def days_to(days: Sequence[date], festivals: Sequence[date]) -> NDArray[np.int64]:
    """Days to the next of ``festivals``, int[T], 0 on its day; a large number beyond the last one known."""
    ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
    known = np.array(sorted(one.toordinal() for one in festivals), dtype=np.int64)
    following = np.searchsorted(known, ordinals)
    padded = np.append(known, ordinals.max(initial=0) + _FAR)
    return padded[following] - ordinals


def columns(days: Sequence[date], festivals: Sequence[date]) -> Floats:
    """Regressors float[T,15]: Tuesday to Sunday, the eight hinges (1 on the festival), the quiet after it."""
    ahead = days_to(days, festivals)
    ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
    known = np.array(sorted(one.toordinal() for one in festivals), dtype=np.int64)
    before = np.searchsorted(known, ordinals) - 1
    since = ordinals - np.append(known, ordinals.min(initial=0) - _FAR)[before]  # −1 takes the padding
    weekdays = (ordinals - 1) % 7
    return np.column_stack(
        [
            *(weekdays == day for day in range(1, 7)),
            *(np.maximum(0, hinge - ahead) / hinge for hinge in HINGES),
            np.maximum(0, AFTER - since) / AFTER,
        ]
    ).astype(np.float64)


def fit(totals: NDArray[np.int64], days: Sequence[date], festivals: Sequence[date]) -> Shape:
    """The shape of ``totals`` int[T] by iteratively reweighted least squares, each year with its own height."""
    season = columns(days, festivals)
    starts = sorted(one.toordinal() + NEW_YEAR for one in festivals)
    years = np.searchsorted(starts, [day.toordinal() for day in days], side="right")
    heights = (years[:, None] == np.unique(years)[None, :]).astype(np.float64)
    x = np.concatenate((season, heights), axis=1)
    mean = max(float(totals.mean()), 1e-6)
    held = np.diag(np.full(x.shape[1], _HELD))
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        fitted = mean * np.exp(np.clip(x @ beta, -20.0, 20.0))
        step = np.linalg.solve((x * fitted[:, None]).T @ x + held, x.T @ (totals - fitted) - held @ beta)
        largest = float(np.abs(x @ step).max(initial=0.0))
        beta += step * min(1.0, 2.0 / largest) if largest > 0.0 else step
        if largest < 1e-9:
            break
    return Shape(beta[: season.shape[1]])
