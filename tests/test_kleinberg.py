"""The two-state automaton brackets a burst."""

from itertools import product
from math import log

import numpy as np
import pytest

from monitors.hotspots.kleinberg import raised, since


def cost_of_all(counts, expected, factor=2.0, gamma=1.0):
    """Every way through both states, one by one: the least cost."""
    costs = {}
    for way in product((0, 1), repeat=len(counts)):
        cost, before = 0.0, 0
        for state, c, e in zip(way, counts, expected, strict=True):
            cost += (state > before) * gamma * log(len(counts)) + (factor**state * e - c * log(factor) * state)
            before = state
        costs[way] = cost
    return costs


@pytest.mark.parametrize("seed", range(12))
def test_the_way_found_is_the_cheapest_of_all(seed):
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.3, 2.0, 9)
    counts = rng.poisson(expected * np.where(rng.random(9) < 0.4, 4, 1))
    costs = cost_of_all(counts, expected)
    found = tuple(int(state) for state in raised(counts, expected))
    assert costs[found] == pytest.approx(min(costs.values()))


def test_a_burst_is_bracketed_to_its_days():
    counts = np.array([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 5, 4, 6, 5])
    assert since(counts, np.full(18, 0.3), within=3) == 14
    over = np.concatenate([counts, np.zeros(10, dtype=int)])
    assert since(over, np.full(28, 0.3), within=3) is None
    assert since(over, np.full(28, 0.3), within=12) == 14


def test_quiet_days_have_no_burst():
    assert since(np.zeros(60, dtype=int), np.full(60, 0.01), within=7) is None
    assert since(np.ones(60, dtype=int), np.ones(60), within=7) is None
    assert raised(np.zeros(0, dtype=int), np.zeros(0)).shape == (0,)


def test_of_two_bursts_the_later_counts():
    counts = np.array([0] * 10 + [6] * 4 + [0] * 20 + [6] * 3)
    assert since(counts, np.full(37, 0.3), within=1) == 34
