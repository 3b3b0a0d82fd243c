"""The demonstration has something to find, shown at once, told to nobody, and gone with the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from monitors.clock import local
from monitors.hotspots import demo, episodes, events, places, runs, scan
from monitors.opinion import demo_world
from monitors.store import tables as t
from tests.hotspot_house import ADMIN, DAY, NOW, SETTINGS, ZHENXIONG, calm, gathering, stories

EMPTIED = (t.hotspot_run, t.hotspot_cluster, t.hotspot_episode)


def counts(store):
    with store.read() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) for table in EMPTIED]


@pytest.mark.parametrize(
    "now",
    [datetime(2026, 11, 23, 2, 30, tzinfo=UTC), datetime(2027, 3, 5, 13, 0, tzinfo=UTC)],
    ids=["winter morning", "spring night"],
)
def test_whenever_it_is_loaded_something_gathers_around_zhenxiong_and_nowhere_else(now) -> None:
    known = {event.label: event.place for event in demo_world._cast(now)}
    found = [
        events.Event(
            number, known.get(label) or label.split("-")[1], local(reports[0].fetched_at).date(), "IV", False, True, "",
            "",
        )
        for number, (label, reports) in enumerate(demo_world.stories(demo_world.world(now)).items())
        if label.split("-")[0] not in ("外省", "政策", "普法")
    ]  # fmt: skip
    counted = events.counted(found, min(one.day for one in found), local(now).date())
    rules = places.rules_of(SETTINGS.hotspot)
    zones = places.zones_of_yunnan(SETTINGS.hotspot.neighbours, SETTINGS.hotspot.radius_km)
    answer = scan.scan(counted.counts, places.prefecture_index(), zones, rules, seed=SETTINGS.hotspot.seed)
    graded = [one for one in answer.clusters if one.tier(rules)]
    assert len(graded) == 1
    assert ZHENXIONG in {places.COUNTIES[member] for member in graded[0].members}


def test_it_is_scanned_at_once_and_some_days_before_and_clearing_takes_all_away(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(demo=True), *gathering(number=48, days=8, demo=True))
    assert demo.load(store, SETTINGS, now=NOW) == 3, "two days before and today; there are no cases"
    with store.read() as connection:
        found = episodes.listed(connection, ADMIN, "舆情", now=NOW)
    one = next(one for one in found if one.kind == "县级")
    assert one.demo
    assert one.opened_at == NOW - 3 * DAY
    assert one.seen_at == NOW
    with store.write() as connection:
        assert demo.clear(connection) == len(found)
        assert demo.clear(connection) == 0
    assert counts(store) == [0, 0, 0]


def test_beside_real_events_the_past_is_not_scanned(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(), *gathering(demo=True))
    assert demo.load(store, SETTINGS, now=NOW) == 1
    with store.read() as connection:
        assert runs.latest(connection, ADMIN, "舆情", NOW).at == NOW
    off = SETTINGS.model_copy(update={"hotspot": SETTINGS.hotspot.model_copy(update={"enabled": False})})
    assert demo.load(store, off, now=NOW + DAY) == 0


def test_nothing_to_scan_leaves_nothing_behind(store) -> None:
    assert demo.load(store, SETTINGS, now=NOW) == 0
    assert counts(store) == [0, 0, 0]
