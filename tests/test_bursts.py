"""Bursts: what is marked, what is not, and what it says; trends with their intervals."""

import math

import numpy as np
import pytest

from monitors.hotspots.bursts import Series, benjamini_hochberg, bursts, dispersion, province_level, trend

T = 120
WEEKDAYS = np.arange(T) % 7


def quiet(rng, mean, number, days=T):
    return rng.poisson(mean, (number, days))


def named(counts, exposure=None):
    return [Series(str(i), one, exposure) for i, one in enumerate(counts)]


def test_a_planted_burst_is_found_with_its_window_and_first_day():
    rng = np.random.default_rng(1)
    counts = quiet(rng, 0.3, 60)
    counts[7, -4:] += 4
    found = bursts(named(counts), WEEKDAYS)
    assert [one.key for one in found if one.significant] == ["7"]
    burst = found[7]
    assert burst.since == T - 4
    assert burst.observed >= 12
    assert burst.window in {3, 7}
    assert burst.expected < 3.5
    assert burst.q_value <= 0.05


def test_all_zeros_are_no_surprise_and_no_nan():
    found = bursts(named(np.zeros((5, T), dtype=int)), WEEKDAYS)
    assert {(one.p_value, one.q_value, one.significant, one.since) for one in found} == {(1.0, 1.0, False, None)}
    assert all(math.isfinite(one.expected) for one in found)


def test_two_events_after_silence_are_not_called_a_burst():
    counts = np.zeros((1, T), dtype=int)
    counts[0, -1] = 2
    [two] = bursts(named(counts), WEEKDAYS)
    assert two.p_value < 0.05
    assert not two.significant
    counts[0, -1] = 3
    assert bursts(named(counts), WEEKDAYS)[0].significant


def test_the_same_burst_weighs_less_among_many_series():
    rng = np.random.default_rng(4)
    counts = quiet(rng, 0.3, 120)
    counts[0, -1] = 4
    alone = bursts(named(counts[:1]), WEEKDAYS)[0]
    among = bursts(named(counts), WEEKDAYS)[0]
    assert alone.q_value < among.q_value


def test_young_data_marks_nothing():
    counts = np.zeros((2, 15), dtype=int)
    counts[0, -1] = 30
    assert not any(one.significant for one in bursts(named(counts), WEEKDAYS[:15]))
    counts = np.zeros((2, 40), dtype=int)
    counts[0, -1] = 30
    assert bursts(named(counts), WEEKDAYS[:40])[0].significant


def test_weekdays_are_expected():
    # Ten times as many on Mondays: a Monday as full as the others is no burst.
    rng = np.random.default_rng(5)
    days = 113  # the last one is a Monday
    counts = rng.poisson(np.where(WEEKDAYS[:days] == 0, 5.0, 0.5), (40, days))
    counts[:, -1] = 6
    monday = bursts(named(counts), WEEKDAYS[:days])
    assert not any(one.significant for one in monday)
    tuesday = bursts(named(counts), (WEEKDAYS[:days] + 1) % 7)
    assert monday[0].p_value == pytest.approx(tuesday[0].p_value)  # a name of a day is only a name
    shuffled = np.concatenate([WEEKDAYS[: days - 1], [3]])
    assert sum(one.significant for one in bursts(named(counts), shuffled)) > 20


def test_a_ramp_the_whole_province_has_is_no_burst_of_a_county():
    rng = np.random.default_rng(6)
    ramp = np.concatenate([np.ones(T - 14), np.linspace(1.2, 4.0, 14)])
    counts = rng.poisson(0.8 * ramp, (60, T))
    without = bursts(named(counts), WEEKDAYS)
    with_it = bursts(named(counts, province_level(counts.sum(axis=0))), WEEKDAYS)
    assert sum(one.significant for one in with_it) < sum(one.significant for one in without)
    known = bursts(named(counts, ramp), WEEKDAYS)
    assert not any(one.significant for one in known)


def test_drifting_levels_stay_at_the_stated_false_alarms():
    # Weekly drift between baseline and window is what breaks plain tails; 129 × 30 looks.
    rng = np.random.default_rng(7)
    drift = np.zeros((129, 24))
    for week in range(1, 24):
        drift[:, week] = 0.7 * drift[:, week - 1] + rng.normal(0, 0.18, 129)
    counts = rng.poisson(4.0 * np.exp(np.repeat(drift, 7, axis=1)))
    weekdays = np.arange(counts.shape[1]) % 7
    looks = [bursts(named(counts[:, :end]), weekdays[:end]) for end in range(80, 169, 3)]
    p_values = np.array([one.p_value for look in looks for one in look])
    assert (p_values <= 0.01).mean() <= 0.015
    assert (p_values <= 0.01).mean() > 0.0005
    assert sum(any(one.significant for one in look) for look in looks) <= 4


def test_restless_days_are_measured():
    rng = np.random.default_rng(8)
    calm = rng.poisson(3.0, (100, T))
    restless = rng.poisson(3.0 * rng.gamma(2.0, 0.5, (100, T)))  # true ψ₁ = 0.5
    ones = np.ones((100, T))
    assert dispersion(calm, ones, 1) < 0.03
    assert dispersion(restless, ones, 1) == pytest.approx(0.5, abs=0.08)
    assert dispersion(restless, ones, 7) == pytest.approx(0.5 / 7, abs=0.03)
    # One loud burst in one series must not silence the others.
    restless[0, 60] = 500
    assert dispersion(restless, ones, 1) < 0.7


def test_benjamini_hochberg_by_hand():
    q_values = benjamini_hochberg(np.array([0.01, 0.5, 0.02, 0.04]))
    assert q_values == pytest.approx([0.04, 0.5, 0.04, 0.16 / 3])


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="weekday"):
        bursts(named(np.zeros((2, 10), dtype=int)), WEEKDAYS)
    assert bursts([], WEEKDAYS) == ()


def test_a_trend_is_a_ratio_with_its_interval():
    counts = np.concatenate([np.zeros(10, dtype=int), np.full(28, 1), np.full(28, 2)])
    found = trend(counts)
    assert (found.last28, found.previous28, found.previous_days) == (56, 28, 28)
    assert found.ratio == pytest.approx(56.5 / 28.5)
    # F quantiles of gamma rates, from many seeded draws.
    rng = np.random.default_rng(9)
    draws = rng.gamma(56.5, size=400_000) / rng.gamma(28.5, size=400_000)
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.1, 0.9]), rel=0.01)


def test_a_trend_of_young_or_empty_data():
    assert trend(np.ones(34, dtype=int)) is None
    young = trend(np.ones(40, dtype=int))
    assert (young.last28, young.previous28, young.previous_days) == (28, 12, 12)
    assert young.low < 1 < young.high
    assert young.ratio == pytest.approx(28.5 / 12.5 * 12 / 28)
    nothing = trend(np.zeros(60, dtype=int))
    assert nothing.ratio == 1
    assert nothing.low < 0.1
    assert nothing.high > 10


def test_the_provinces_level_follows_a_ramp_and_survives_emptiness():
    level = province_level(np.concatenate([np.full(60, 20), np.full(30, 60)]))
    assert level[-1] / level[40] == pytest.approx(3, rel=0.1)
    assert (province_level(np.zeros(30, dtype=int)) == 1).all()
    assert province_level(np.zeros(0, dtype=int)).shape == (0,)
    assert province_level(np.eye(1, 30, 29, dtype=int)[0])[-1] < 2  # a single event is no level
