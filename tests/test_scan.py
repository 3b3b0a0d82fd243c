"""The space-time scan: what it finds, what it leaves in peace, and that the quick way is the plain way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.hotspots import scan_null
from monitors.hotspots.scan import Change, Cluster, Rules, scan, scan_prefectures
from monitors.hotspots.zones import build, singles

RULES = Rules(replicates=199)
GRID = np.array([[100 + 0.2 * column, 24 + 0.2 * row] for row in range(4) for column in range(6)])
PLACES = len(GRID)
AREAS = np.arange(PLACES) // 6
ZONES = build(GRID, neighbours=6, radius_km=60)
HIT = (7, 8)


def calm(days: int = 90, *, mean: float = 8.0, seed: int = 7, places: int = PLACES):
    """Independent counts, places of unequal size."""
    rng = np.random.default_rng(seed)
    return rng.poisson(mean * rng.dirichlet(np.full(places, 1.0)), (days, places))


def planted(days: int = 90, *, seed: int = 7):
    counts = calm(days, seed=seed)
    counts[-4:, HIT] += 3
    return counts


def run(counts, rules: Rules = RULES, **more):
    return scan(counts, AREAS, ZONES, rules, **({"seed": 5} | more))


def test_a_planted_gathering_is_found_with_its_places_and_days():
    found = run(planted())
    first = found.clusters[0]
    assert set(HIT) <= set(first.members)
    assert (first.first, first.last) == (86, 89)
    assert first.observed == planted()[86:, list(first.members)].sum() >= 24
    assert first.ratio == pytest.approx(first.observed / first.expected)
    assert first.p_value == 1 / 200
    assert first.recurrence_days == pytest.approx(200)
    assert first.tier(RULES) == "关注"
    assert first.tier(Rules(alert_days=200)) == "预警"
    assert first.tier(Rules(watch_days=201)) == ""
    assert found.why == ""


def test_a_recurrence_interval_of_just_the_limit_counts():
    one = Cluster((0,), 0, 0, 5, 1.0, 5.0, 9.0, p_value=10 / 1000)
    assert one.tier(Rules(watch_days=100)) == "关注"


def test_the_same_counts_and_seed_give_the_same_answer():
    assert run(planted()) == run(planted())
    assert run(planted(), seed=5).clusters[0].statistic == run(planted(), seed=6).clusters[0].statistic


def test_expected_is_the_share_of_the_whole_baseline():
    counts = planted()
    for one in run(counts).clusters:
        share = counts[:, list(one.members)].sum() / counts.sum()
        assert one.expected == pytest.approx(share * counts[one.first :].sum())


def test_a_rise_of_the_whole_province_gathers_nowhere():
    counts = calm()
    counts[-5:] = counts[-5:] * 3
    assert not [one for one in run(counts).clusters if one.tier(RULES)]


def test_secondary_clusters_share_no_place_and_come_by_strength():
    counts = planted()
    counts[-3:, 22] += 6
    found = run(counts).clusters
    assert {7, 22} <= {place for one in found for place in one.members if one.tier(RULES)}
    members = [place for one in found for place in one.members]
    assert len(members) == len(set(members))
    assert [one.statistic for one in found] == sorted((one.statistic for one in found), reverse=True)


def test_few_events_or_little_more_than_usual_are_no_candidates():
    assert all(one.observed >= 9 for one in run(planted(), Rules(replicates=99, min_cases=9)).clusters)
    assert all(one.ratio >= 4 for one in run(planted(), Rules(replicates=99, min_ratio=4.0)).clusters)
    assert run(planted(), Rules(replicates=99, min_cases=500)).clusters == ()


def test_half_of_the_false_alarms_doubles_p():
    whole, half = run(planted()).clusters, run(planted(), alpha_share=0.5).clusters
    assert [one.p_value for one in half] == [min(1.0, 2 * one.p_value) for one in whole]


def test_local_drift_of_the_past_makes_p_more_careful():
    rng = np.random.default_rng(3)
    counts = rng.poisson(2.0, (182, PLACES))
    waves = np.repeat(rng.gamma(2, 0.5, (26, PLACES)), 7, axis=0)
    drifting = rng.poisson(waves * 2.0)
    for table in (counts, drifting):
        table[-3:, 7] += 9
    still, rough = run(counts), run(drifting)
    assert still.tau_county < 0.05
    assert rough.tau_county == pytest.approx(0.5, abs=0.2)
    assert rough.clusters[0].p_value > still.clusters[0].p_value


def test_what_a_prefecture_does_as_one_is_scatter_between_prefectures():
    rng = np.random.default_rng(4)
    waves = np.repeat(rng.gamma(2, 0.5, (26, 4)), 7, axis=0)[:, AREAS]
    found = run(rng.poisson(waves * 0.5))
    assert found.tau_prefecture == pytest.approx(0.5, abs=0.25)
    assert found.tau_county < 0.1


def test_prefectures_are_scanned_each_for_itself():
    counts = calm(90, places=16)
    counts[-5:, 3] += 4
    found = scan_prefectures(counts, RULES, seed=5)
    assert found.clusters[0].members == (3,)
    assert found.tau_county == 0.0
    assert all(len(one.members) == 1 for one in found.clusters)


class TestKnownChanges:
    """A new portal in one county is no gathering, and what comes after it is measured from there."""

    def test_more_reports_since_a_change_are_usual(self):
        counts = calm(120)
        counts[-30:, 7] += 3
        loud = run(counts).clusters
        assert any(7 in one.members for one in loud)
        calmed = run(counts, changes=[Change((7,), 90)])
        assert not [one for one in calmed.clusters if 7 in one.members and one.tier(RULES)]
        assert calmed.left_out == ()

    def test_a_gathering_after_the_change_is_found_against_the_new_level(self):
        counts = calm(120)
        counts[-60:, 7] += 1
        counts[-3:, 7] += 7
        one = run(counts, changes=[Change((7,), 60)]).clusters[0]
        others = counts[:, [place for place in range(PLACES) if place != 7]].sum(axis=1)
        assert one.members == (7,)
        # Alone changed: events against the others' on the same days, carried to the window.
        level = counts[60:, 7].sum() / others[60:].sum()
        total_of_window = counts[one.first :].sum()
        assert one.expected == pytest.approx(total_of_window * level / (1 + level))

    def test_a_change_of_all_is_a_shorter_history(self):
        counts = planted(120)
        assert run(counts, changes=[Change(tuple(range(PLACES)), 60)]).clusters[0].expected == pytest.approx(
            run(counts[60:]).clusters[0].expected
        )

    def test_too_young_a_change_leaves_the_place_out_and_names_it(self):
        counts = planted()
        found = run(counts, changes=[Change((7,), 80)])
        assert found.left_out == (7,)
        assert 8 in found.clusters[0].members
        assert not any(7 in one.members for one in found.clusters)
        assert found.total == counts.sum() - counts[:, 7].sum()

    def test_a_change_yet_to_come_changes_nothing(self):
        assert run(planted(), changes=[Change((7,), 90)]) == run(planted())

    def test_the_latest_change_of_a_place_counts(self):
        counts = planted()
        both = run(counts, changes=[Change((7,), 40), Change((7, 8), 20)])
        assert both == run(counts, changes=[Change((8,), 20), Change((7,), 40)])


class TestRobust:
    def test_too_short_a_history_is_no_answer_and_says_why(self):
        found = run(planted(27))
        assert found.clusters == ()
        assert "27 天" in found.why
        assert run(planted(28)).why == ""

    def test_a_short_history_is_scanned_by_the_windows_it_holds(self):
        assert set(HIT) & set(run(planted(28)).clusters[0].members)
        assert all(one.last - one.first < 14 for one in run(planted(28), Rules(windows=(3, 28))).clusters)
        assert run(planted(28), Rules(windows=(28,))).clusters == ()

    @pytest.mark.parametrize("quiet", [slice(None), slice(-14, None), slice(0, -14)], ids=["all", "lately", "before"])
    def test_days_without_events(self, quiet):
        counts = calm()
        counts[quiet] = 0
        assert not [one for one in run(counts).clusters if one.tier(RULES)]

    def test_one_place_with_everything_is_its_own_usual(self):
        counts = np.zeros((60, PLACES), dtype=int)
        counts[:, 4] = 3
        counts[-2:, 4] = 40
        assert run(counts).clusters == ()

    def test_events_nowhere_before_and_here_now(self):
        counts = np.zeros((60, PLACES), dtype=int)
        counts[-1, 4] = 9
        assert run(counts).clusters == ()  # all there is lies here: nothing to compare with

    def test_very_many_events_do_not_overflow(self):
        counts = calm(60) * 0 + 4000
        counts[-3:, 7] += 9000
        assert run(counts, Rules(replicates=19)).clusters[0].members == (7,)

    def test_no_places_at_all(self):
        nothing = np.zeros((60, 0), dtype=int)
        assert scan(nothing, np.zeros(0, dtype=int), singles(0), RULES, seed=1).clusters == ()

    @pytest.mark.parametrize(
        ("counts", "more"),
        [
            (-calm(), {}),
            (calm().astype(float), {}),
            (calm()[:, :5], {}),
            (calm()[0], {}),
            (np.full((60, PLACES), 2**40), {}),
            (calm(), {"alpha_share": 0.0}),
            (calm(), {"rules": Rules(windows=())}),
            (calm(), {"rules": Rules(windows=(0, 3))}),
            (calm(), {"rules": Rules(replicates=0)}),
        ],
    )
    def test_what_cannot_be_counts_is_refused(self, counts, more):
        with pytest.raises(ValueError):
            run(counts, **more)

    def test_prefectures_must_be_indexes(self):
        with pytest.raises(ValueError):
            scan(calm(), AREAS - 1, ZONES, RULES, seed=1)
        with pytest.raises(ValueError):
            scan(calm(), AREAS[:-1], ZONES, RULES, seed=1)


def plain_maxima(null, zones, windows, number, rng, least=5, ratio=2.0):
    """Every zone of every window of every replicate, evaluated one by one."""
    greatest = np.full(number, scan_null.LEAST_STATISTIC)
    steps = [windows[0], *(after - before for before, after in pairwise(windows))]
    for within, drawn in zip(windows, scan_null.replicates(null, steps, number, rng), strict=True):
        expected = scan_null.expectations(null.shares, zones, within)
        for row, step in zip(*np.nonzero(zones.new), strict=True):
            for one in range(number):
                count = int(drawn[zones.order[row, : step + 1], one].sum())
                if count >= least and count >= ratio * expected[row, step]:
                    value = scan_null.statistic(np.array([count]), expected[row, step : step + 1], null.total)[0]
                    greatest[one] = max(greatest[one], value)
    return greatest


@pytest.mark.parametrize(
    ("mean", "tau", "rule"),
    [
        (3.0, (0.0, 0.0), (3, 1.0)),
        (6.0, (0.3, 0.0), (5, 2.0)),
        (6.0, (0.2, 0.4), (2, 3.0)),
        (90.0, (0.02, 0.1), (5, 1.2)),
    ],
)
def test_the_quick_way_is_the_plain_way_to_the_last_bit(mean, tau, rule):
    counts = calm(60, mean=mean)
    null = scan_null.Null(counts.sum(axis=0) / counts.sum(), AREAS, int(counts.sum()), *tau)
    windows = [int(counts[-days:].sum()) for days in (1, 2, 4, 7)]
    quick = scan_null.maxima(null, ZONES, windows, 80, np.random.default_rng(2), least=rule[0], ratio=rule[1])
    plain = plain_maxima(null, ZONES, windows, 80, np.random.default_rng(2), least=rule[0], ratio=rule[1])
    assert np.abs(quick - plain).max() == 0
    assert quick.max() > scan_null.LEAST_STATISTIC


def test_a_plain_scan_finds_the_same_clusters():
    counts = planted()
    found = run(counts, Rules(windows=(1, 3, 7), replicates=19))
    null = scan_null.null_of(counts, np.ones(counts.shape, dtype=bool), AREAS)
    candidates = []
    for days in (1, 3, 7):
        within = counts[-days:]
        for members in ZONES.members:
            observed = int(within[:, list(members)].sum())
            expected = counts[:, list(members)].sum() * within.sum() / counts.sum()
            value = float(scan_null.statistic(np.array([observed]), np.array([expected]), int(counts.sum()))[0])
            if observed >= 5 and observed >= 2 * expected and value >= 4:
                candidates.append((value, -len(members), -days, members, observed))
    best = max(candidates)
    assert found.clusters[0].statistic == pytest.approx(best[0], rel=1e-12)
    assert set(found.clusters[0].members) == set(best[3])
    assert found.clusters[0].observed == best[4]
    greatest = plain_maxima(
        null, ZONES, [int(counts[-days:].sum()) for days in (1, 3, 7)], 19, np.random.default_rng(5)
    )
    for one in found.clusters:
        assert one.p_value == (1 + (greatest >= one.statistic).sum()) / 20


def test_the_least_count_is_the_first_that_reaches():
    counts = calm(60, mean=30)
    expected = scan_null.expectations(counts.sum(axis=0) / counts.sum(), ZONES, 210)
    least = scan_null.least_cases(expected, ZONES, 210, int(counts.sum()))
    reach = least <= 210
    assert (
        scan_null.least_cases(expected, ZONES, 210, int(counts.sum()), ratio=2.0)[reach] >= 2 * expected[reach]
    ).all()
    at = scan_null.statistic(least, expected, int(counts.sum()))
    below = scan_null.statistic(least - 1, expected, int(counts.sum()))
    assert (at[reach] >= 4).all()
    assert ((below < 4) | (least - 1 < 3))[reach].all()
    assert reach.any()
    assert (least[~ZONES.new] == 211).all()


def test_replicates_keep_the_events_of_every_window():
    null = scan_null.Null(np.full(6, 1 / 6), np.arange(6) // 2, 600, 0.4, 0.3)
    held = [drawn.copy() for drawn in scan_null.replicates(null, [3, 0, 11], 50, np.random.default_rng(1))]
    assert [set(one.sum(axis=0).tolist()) for one in held] == [{3}, {3}, {14}]
    assert all((after >= before).all() for before, after in pairwise(held))


def test_scatter_beyond_all_bounds_still_draws():
    null = scan_null.Null(np.array([0.5, 0.5]), np.array([0, 1]), 100, 1e9, 1e9)
    *_, last = scan_null.replicates(null, [40], 30, np.random.default_rng(1))
    assert set(last.sum(axis=0).tolist()) == {40}


def test_calm_provinces_are_left_in_peace_about_as_often_as_promised():
    alarms = sum(
        any(one.p_value <= 0.05 for one in run(calm(60, seed=seed), Rules(replicates=99)).clusters)
        for seed in range(100)
    )
    assert alarms <= 11  # 1 in 100 would be seen by a p honest at .05


@settings(max_examples=25, deadline=None)
@given(
    st.integers(28, 45),
    st.lists(st.tuples(st.integers(0, 44), st.integers(0, PLACES - 1), st.integers(0, 30)), max_size=40),
    st.lists(st.tuples(st.integers(0, PLACES - 1), st.integers(-3, 60)), max_size=3),
)
def test_any_counts_give_clusters_that_keep_their_promises(days, events, changes):
    counts = np.zeros((days, PLACES), dtype=np.int64)
    for day, place, number in events:
        counts[day % days, place] += number
    found = run(counts, Rules(replicates=19), changes=[Change((place,), since) for place, since in changes])
    taken = [place for one in found.clusters for place in one.members]
    assert len(taken) == len(set(taken))
    for one in found.clusters:
        assert 1 / 20 <= one.p_value <= 1
        assert one.last == days - 1 >= one.first >= days // 2
        assert one.observed >= 5
        assert one.observed >= 2 * one.expected > 0
        assert not set(one.members) & set(found.left_out)
        assert one.observed == counts[one.first :, list(one.members)].sum()
    assert found.tau_county >= 0 <= found.tau_prefecture
