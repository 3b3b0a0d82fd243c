"""One scan and what is kept of it: found, kept, repeated only on change, seen by whom it concerns."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import delete, func, select, update

from monitors.errors import RefusedError
from monitors.hotspots import changes, runs
from monitors.hotspots.changes import Draft
from monitors.hotspots.duty import Duty
from monitors.store import tables as t
from tests.hotspot_house import (
    ADMIN,
    AUDITOR,
    COUNTY,
    DAY,
    ELSEWHERE,
    NOW,
    PREFECTURE,
    SETTINGS,
    YILIANG,
    ZHAOTONG,
    ZHENXIONG,
    calm,
    cases,
    gathering,
    stories,
)


def scan(store, data_set="舆情", now=NOW, **asked):
    return runs.run(store, SETTINGS, data_set, now=now, **asked)


def shown(store, actor=ADMIN, data_set="舆情", now=NOW):
    with store.read() as connection:
        return runs.latest(connection, actor, data_set, now)


def count(store, table):
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


@pytest.fixture
def gathered(store):
    """A calm half year with a gathering in two counties at its end, scanned."""
    with store.write() as connection:
        stories(connection, *calm(level="II"), *gathering(level="II"))
    scan(store)
    return store


def test_a_gathering_is_found_with_its_events_and_words(gathered) -> None:
    found = shown(gathered)
    assert found.at == NOW
    assert (found.days, found.total, found.reason) == (120, 264, "")
    first = next(one for one in found.clusters if one.kind == "县级" and one.tier)
    assert set(first.regions) >= {ZHENXIONG, YILIANG}
    assert (first.tier, first.outside, first.last_day) == ("预警", 0, NOW.date())
    assert len(first.events) == first.observed
    assert first.observed >= 24
    assert first.sentence.startswith("昭通市")
    assert f" {first.observed} 起，通常 " in first.sentence
    assert first.recurrence_days >= SETTINGS.hotspot.alert_days
    assert {one.kind for one in found.clusters if one.tier} == {"县级", "州市", "严重"}
    assert {(one.kind, one.tier) for one in found.episodes} >= {("县级", "预警")}


def test_the_grave_scan_counts_grave_events_alone(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(), *gathering(level="III"))
    scan(store)
    assert not [one for one in shown(store).clusters if one.kind == "严重" and one.tier]


def test_events_known_only_to_the_prefecture_gather_there(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(), *gathering(regions=(ZHAOTONG,)))
    scan(store)
    found = {one.kind: one for one in shown(store).clusters if one.tier}
    assert set(found) == {"州市"}
    assert found["州市"].regions == (ZHAOTONG,)
    assert len(found["州市"].events) == found["州市"].observed
    assert shown(store).unplaced == 24


def test_nothing_changed_nothing_scanned(gathered) -> None:
    assert scan(gathered, now=NOW + timedelta(minutes=5)) is None
    assert scan(gathered, now=NOW + timedelta(minutes=5), force=True) is not None
    with gathered.write() as connection:
        stories(connection, {"region": ZHENXIONG})
    assert scan(gathered, now=NOW + timedelta(minutes=9)) is not None
    assert scan(gathered, now=NOW + timedelta(minutes=10)) is None
    assert scan(gathered, now=NOW + DAY) is not None, "another day is another answer"


def test_of_a_day_the_last_answer_is_kept_and_old_ones_go(gathered) -> None:
    with gathered.write() as connection:
        stories(connection, {"region": YILIANG})
    scan(gathered, now=NOW + timedelta(minutes=9))
    assert count(gathered, t.hotspot_run) == 3
    scan(gathered, now=NOW + DAY)
    assert count(gathered, t.hotspot_run) == 6
    with gathered.write() as connection:
        connection.execute(update(t.hotspot_run).values(day=NOW.date() - timedelta(days=401)))
    scan(gathered, now=NOW + 2 * DAY)
    assert count(gathered, t.hotspot_run) == 3


def test_an_answer_on_which_an_episode_rests_stays(gathered) -> None:
    with gathered.write() as connection:
        connection.execute(delete(t.story).where(t.story.c.title != "示例工地工人讨薪"))
    scan(gathered, now=NOW + timedelta(minutes=9))
    found = shown(gathered, now=NOW + timedelta(minutes=9))
    assert not [one for one in found.clusters if one.tier]
    episode = next(one for one in found.episodes if one.kind == "县级")
    assert episode.observed >= 24, "what it was when it was seen is still known"
    assert episode.open


def test_two_workers_write_one_answer(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(), *gathering())
    barrier, found = Barrier(2), []

    def work() -> None:
        barrier.wait()
        found.append(scan(store))

    workers = [Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(one is None for one in found) == [False, True]
    assert count(store, t.hotspot_run) == 3
    with store.read() as connection:
        kinds = list(connection.scalars(select(t.hotspot_episode.c.kind)))
    assert len(kinds) == len(set(kinds))


def test_an_older_reading_does_not_replace_a_newer_one_a_wrong_clock_stops_nothing(gathered) -> None:
    with gathered.write() as connection:
        stories(connection, {"region": ZHENXIONG})
    assert scan(gathered, now=NOW - timedelta(minutes=1)) is None
    with gathered.write() as connection:
        connection.execute(update(t.hotspot_run).values(at=NOW + 900 * DAY))
    assert scan(gathered, now=NOW + timedelta(minutes=1)) is not None


def test_too_short_a_history_is_said(store) -> None:
    scan(store)
    assert shown(store).reason == "还没有可供分析的事件"
    with store.write() as connection:
        stories(connection, *calm(10), *gathering())
    scan(store)
    assert shown(store).reason == "只有 10 天数据，至少需要 28 天才能判断聚集"
    assert not shown(store).clusters


def test_before_the_first_scan_there_is_nothing_to_show(store) -> None:
    found = shown(store)
    assert (found.at, found.clusters, found.episodes) == (None, (), ())


def test_a_known_change_leaves_the_county_out_until_it_has_a_baseline(gathered) -> None:
    draft = Draft(ZHENXIONG, "舆情", NOW.date() - 6 * DAY, "县里新开通了投诉平台")
    with gathered.write() as connection:
        changes.add(connection, ADMIN, draft, now=NOW)
    scan(gathered, now=NOW + timedelta(minutes=1))
    found = shown(gathered)
    assert found.left_out == (ZHENXIONG,)
    assert not [one for one in found.clusters if ZHENXIONG in one.regions]
    with gathered.read() as connection:
        number = changes.listed(connection, ADMIN, "舆情")[0].id
    with gathered.write() as connection:
        changes.end(connection, ADMIN, number, "登记有误", now=NOW)
    scan(gathered, now=NOW + timedelta(minutes=2))
    assert shown(gathered).left_out == ()
    assert [one for one in shown(gathered).clusters if ZHENXIONG in one.regions]


def test_cases_are_the_second_data_set(store) -> None:
    with store.write() as connection:
        day = NOW.date()
        rows = [{"region": one["region"], "accepted_on": day - (NOW - one["first_seen_at"])} for one in calm()]
        rows += [{"region": one["region"], "accepted_on": day - (NOW - one["first_seen_at"])} for one in gathering()]
        cases(connection, *rows)
    assert scan(store) is not None
    scan(store, "台账")
    assert not shown(store).clusters
    found = [one for one in shown(store, data_set="台账").clusters if one.tier and one.kind == "县级"]
    assert set(found[0].regions) >= {ZHENXIONG, YILIANG}


def test_who_sees_what(gathered) -> None:
    whole = next(one for one in shown(gathered).clusters if one.kind == "县级" and one.tier)
    prefecture = next(one for one in shown(gathered, PREFECTURE).clusters if one.kind == "县级" and one.tier)
    assert (prefecture.regions, prefecture.outside) == (whole.regions, 0)
    county = next(one for one in shown(gathered, COUNTY).clusters if one.tier)
    assert (county.regions, county.outside) == ((ZHENXIONG,), len(whole.regions) - 1)
    assert set(county.events) < set(whole.events)
    assert f"含本辖区外 {county.outside} 个县（市、区）" in county.sentence
    assert "彝良" not in county.sentence
    assert not [one for one in shown(gathered, ELSEWHERE).clusters if one.tier]
    assert not shown(gathered, ELSEWHERE).episodes
    with pytest.raises(RefusedError):
        shown(gathered, AUDITOR)


def test_the_duty_looks_again_only_after_a_change(store) -> None:
    now = [NOW]
    duty = Duty(store, SETTINGS, clock=lambda: now[0])
    with store.write() as connection:
        stories(connection, *calm(40))
    assert duty.look() == 2
    assert duty.look() == 0
    with store.write() as connection:
        stories(connection, {"region": ZHENXIONG})
    now[0] += timedelta(minutes=1)
    assert duty.look() == 1, "the ledger has not changed"
    now[0] += DAY
    assert duty.look() == 2


def test_the_duty_does_nothing_where_it_is_switched_off(store) -> None:
    off = SETTINGS.model_copy(update={"hotspot": SETTINGS.hotspot.model_copy(update={"enabled": False})})
    with store.write() as connection:
        stories(connection, *calm(40))
    assert Duty(store, off, clock=lambda: NOW).look() == 0
    assert count(store, t.hotspot_run) == 0
