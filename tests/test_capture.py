"""Capture–recapture: worked examples, coverage of the interval, and silence where too little is known."""

import numpy as np
import pytest

from monitors.hotspots.capture import CAVEAT, LEAST_BOTH, estimate, too_few


def interval(first, second, both, level):
    """The published formula, written out on its own."""
    from math import exp, sqrt
    from statistics import NormalDist

    z = NormalDist().inv_cdf(0.5 + level / 2)
    k, n, big = both, first, second
    sigma = sqrt(
        1 / (k + 0.5) + 1 / (big - k + 0.5) + 1 / (n - k + 0.5) + (k + 0.5) / ((n - k + 0.5) * (big - k + 0.5))
    )
    factor = (big - k + 0.5) * (n - k + 0.5) / (k + 0.5)
    return big + n - k - 0.5 + factor * exp(-z * sigma), big + n - k - 0.5 + factor * exp(z * sigma)


def test_the_turtles_of_the_textbook(monkeypatch):
    # 10 marked, 15 caught later, 5 of them marked: about 28 turtles, 22 to 65 with 95 %.
    monkeypatch.setattr("monitors.hotspots.capture.LEAST_BOTH", 5)
    found = estimate(10, 15, 5)
    assert found.total == pytest.approx(28.333, abs=0.001)
    assert (round(found.low), round(found.high)) == (22, 65)
    assert (found.low, found.high) == pytest.approx(interval(10, 15, 5, 0.95))
    assert found.seen == 20
    assert found.missed == pytest.approx(8.333, abs=0.001)


def test_sources_that_know_the_same_leave_nothing_missed():
    found = estimate(40, 40, 40)
    assert found.total == pytest.approx(40)
    assert found.low == 40
    assert 40 <= found.high < 43
    inside = estimate(40, 30, 30)  # the second knows nothing the first does not
    assert 40 <= inside.total <= inside.high < 50
    assert found.missed == pytest.approx(0)


@pytest.mark.parametrize(("chance_first", "chance_second"), [(0.5, 0.3), (0.25, 0.25), (0.7, 0.15)])
def test_the_interval_covers_what_it_promises(chance_first, chance_second):
    rng = np.random.default_rng(20_211_130)
    true, covered, totals = 200, 0, []
    runs = 2_000
    for _ in range(runs):
        first, second = rng.random(true) < chance_first, rng.random(true) < chance_second
        found = estimate(int(first.sum()), int(second.sum()), int((first & second).sum()))
        if found is None:
            runs -= 1
            continue
        covered += found.low <= true <= found.high
        totals.append(found.total)
    assert runs > 1_800
    assert 0.93 <= covered / runs <= 0.985
    assert np.mean(totals) == pytest.approx(true, rel=0.04)


def test_dependence_lowers_the_estimate_as_the_caveat_says():
    # Half the incidents are loud: both sources find these far more often.
    rng = np.random.default_rng(3)
    loud = np.arange(2_000) < 1_000
    chance = np.where(loud, 0.6, 0.1)
    first, second = rng.random(2_000) < chance, rng.random(2_000) < chance
    found = estimate(int(first.sum()), int(second.sum()), int((first & second).sum()))
    assert found.high < 2_000
    assert "偏低" in CAVEAT


def test_too_few_known_to_both_is_said_and_not_estimated():
    assert estimate(30, 12, LEAST_BOTH - 1) is None
    assert estimate(0, 0, 0) is None
    assert "只有 6 起" in too_few(30, 12, 6)
    assert too_few(30, 12, 7) == ""


@pytest.mark.parametrize("counts", [(3, 9, 4), (9, 3, 4), (3, 3, -1)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="known to both"):
        estimate(*counts)
