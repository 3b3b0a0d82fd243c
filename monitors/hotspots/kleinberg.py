"""When a burst began: the two-state automaton of Kleinberg (Bursty and Hierarchical Structure in Streams, 2002).

It only brackets a burst that ``bursts`` has found: its own costs have no false-alarm meaning.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def raised(
    counts: NDArray[np.int64], expected: NDArray[np.float64], *, factor: float = 2.0, gamma: float = 1.0
) -> NDArray[np.bool_]:
    """Which of the T days lie in the raised state on the cheapest way through both states.

    ``counts`` int[T] events a day, ``expected`` float[T] usual events a day (> 0); the raised state expects ``factor``
    times as many. Going up costs ``gamma`` · ln T, coming down nothing. The first day starts in the usual state.
    """
    length = len(counts)
    if length == 0:
        return np.zeros(0, dtype=np.bool_)
    # Poisson costs; what both states share is left out.
    usual = expected
    burst = factor * expected - counts * math.log(factor)
    up = gamma * math.log(max(length, 2))
    cost_usual, cost_burst = 0.0, up
    from_usual = np.zeros((length, 2), dtype=np.bool_)
    for t in range(length):
        down = cost_burst < cost_usual
        climb = cost_usual + up < cost_burst
        from_usual[t] = not down, climb
        cost_usual, cost_burst = (
            (cost_burst if down else cost_usual) + float(usual[t]),
            (cost_usual + up if climb else cost_burst) + float(burst[t]),
        )
    state = np.zeros(length, dtype=np.bool_)
    high = cost_burst < cost_usual
    for t in range(length - 1, -1, -1):
        state[t] = high
        high = not from_usual[t, int(high)]
    return state


def since(
    counts: NDArray[np.int64],
    expected: NDArray[np.float64],
    *,
    within: int,
    factor: float = 2.0,
    gamma: float = 1.0,
) -> int | None:
    """Row at which the raised run began that touches the last ``within`` days; None where there is none."""
    state = raised(counts, expected, factor=factor, gamma=gamma)
    rows = np.flatnonzero(state)
    if len(rows) == 0 or rows[-1] < len(state) - within:
        return None
    gaps = np.flatnonzero(np.diff(rows) > 1)
    return int(rows[gaps[-1] + 1] if len(gaps) else rows[0])
