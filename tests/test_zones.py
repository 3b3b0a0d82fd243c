"""Zones: each place with its nearest neighbours, each set once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.hotspots import zones
from monitors.hotspots.zones import build, distances_km, singles

# About 11 km from one to the next along a parallel, the last one far off.
LINE = np.array([[102.0, 25.0], [102.1, 25.0], [102.21, 25.0], [104.0, 25.0]])


def test_a_zone_grows_by_the_nearest_and_ends_at_the_radius():
    found = build(LINE, neighbours=15, radius_km=50)
    assert set(found.members) == {(0,), (1,), (2,), (3,), (0, 1), (0, 1, 2), (2, 1)}
    assert found.places == 4


def test_no_zone_holds_more_places_than_asked_for():
    assert max(len(one) for one in build(LINE, neighbours=2, radius_km=5000).members) == 2


def test_the_same_set_around_two_middles_stands_once():
    found = build(LINE, neighbours=4, radius_km=5000)
    sets = [frozenset(one) for one in found.members]
    assert len(sets) == len(set(sets))
    assert frozenset(range(4)) in sets


def test_distances_are_kilometres_on_the_globe():
    far = distances_km(np.array([[102.7122, 25.0406], [100.2676, 25.6065]]))  # 昆明, 大理
    assert far[0, 1] == pytest.approx(253, abs=2)
    assert far[0, 0] == 0


def test_singles_know_no_neighbours():
    assert singles(3).members == ((0,), (1,), (2,))


@pytest.mark.parametrize(
    ("centres", "neighbours"),
    [([[102.0, np.nan]], 3), ([102.0, 25.0], 3), ([[102.0, 25.0]], 0)],
    ids=["no number", "wrong shape", "no place"],
)
def test_what_makes_no_zones_is_refused(centres, neighbours):
    with pytest.raises(ValueError):
        build(np.array(centres), neighbours=neighbours, radius_km=100)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([100.0, 100.2, 100.4, 103.0]), st.sampled_from([24.0, 24.3, 27.0])), max_size=12
    ),
    st.integers(1, 6),
    st.sampled_from([1.0, 40.0, 400.0]),
)
def test_every_zone_is_a_middle_with_its_nearest(points, neighbours, radius):
    centres = np.array(points, dtype=float).reshape(-1, 2)
    found = build(centres, neighbours=neighbours, radius_km=radius)
    far = zones.distances_km(centres)
    assert {one[0] for one in found.members} == set(range(len(points))) or len(set(points)) < len(points)
    assert len({frozenset(one) for one in found.members}) == len(found.members)
    for middle, *others in found.members:
        reach = [far[middle, other] for other in others]
        assert len(set(others) | {middle}) == len(others) + 1 <= neighbours
        assert reach == sorted(reach)
        assert all(one <= radius for one in reach)
        nearer = {place for place in range(len(points)) if reach and far[middle, place] < reach[-1]}
        assert nearer <= {middle, *others}
