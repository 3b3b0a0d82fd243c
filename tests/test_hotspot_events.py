"""Which stories and cases are counted, where and on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitors.hotspots import events, places
from tests.hotspot_house import DAY, KUNMING, NOW, YILIANG, ZHAOTONG, ZHENXIONG, alert, cases, stories

TODAY = date(2026, 11, 23)


def read(store, data_set="舆情", first=TODAY, last=TODAY, **asked):
    with store.read() as connection:
        return events.read(connection, data_set, first, last, **asked)


def test_a_story_counts_on_the_shanghai_day_it_was_first_seen(store) -> None:
    with store.write() as connection:
        before, after = stories(
            connection,
            {"first_seen_at": datetime(2026, 11, 22, 15, 59, tzinfo=UTC)},  # 23:59 of the day before
            {"first_seen_at": datetime(2026, 11, 22, 16, 0, tzinfo=UTC)},
        )
    assert [one.id for one in read(store)] == [after]
    assert [(one.id, one.day) for one in read(store, first=TODAY - DAY)] == [(before, TODAY - DAY), (after, TODAY)]


@pytest.mark.parametrize(
    "changes",
    [{"scope": "外省"}, {"scope": "背景"}, {"scope": "未定位", "region": ""}, {"items": 0, "outlets": 0}],
    ids=["elsewhere", "background", "nowhere", "merged away"],
)
def test_what_is_no_event_of_the_province_is_not_counted(store, changes) -> None:
    with store.write() as connection:
        stories(connection, changes)
        kept = stories(connection, {})
    assert [one.id for one in read(store)] == kept


def test_a_story_people_found_false_or_merged_by_its_alert_is_not_counted_one_open_again_is(store) -> None:
    with store.write() as connection:
        false, merged, again, plain = stories(connection, {}, {}, {}, {})
        alert(connection, false, "误报", closed_at=NOW)
        alert(connection, merged, "并案", closed_at=NOW)
        alert(connection, again, "误报", number="YJ20261101-0001", closed_at=NOW)
        alert(connection, again, "核查中", number="YJ20261102-0001")
    found = {one.id: one.number for one in read(store)}
    assert found == {again: "YJ20261102-0001", plain: ""}


def test_severe_is_level_one_and_two(store) -> None:
    with store.write() as connection:
        stories(connection, *({"level": level} for level in ("I", "II", "III", "IV", "关注")))
    assert [one.severe for one in read(store)] == [True, True, False, False, False]


def test_cases_count_on_the_day_of_acceptance_unless_unfounded(store) -> None:
    with store.write() as connection:
        plain, major, _, _ = cases(
            connection,
            {"accepted_on": TODAY},
            {"accepted_on": TODAY, "major": True},
            {"accepted_on": TODAY, "state": "不属实"},
            {"accepted_on": TODAY - DAY},
        )
    found = read(store, "台账")
    assert [(one.id, one.severe, one.number) for one in found] == [
        (plain, False, "AJ2026-000001"),
        (major, True, "AJ2026-000002"),
    ]


def test_within_keeps_to_a_division(store) -> None:
    with store.write() as connection:
        rows = ({"region": region} for region in (ZHENXIONG, YILIANG, ZHAOTONG, KUNMING, "530000"))
        zhenxiong, yiliang, zhaotong, kunming, _ = stories(connection, *rows)
    assert [one.id for one in read(store, within=(ZHENXIONG,))] == [zhenxiong]
    assert [one.id for one in read(store, within=(ZHAOTONG,))] == [zhenxiong, yiliang, zhaotong]
    assert [one.id for one in read(store, within=(ZHENXIONG, KUNMING))] == [zhenxiong, kunming]
    assert len(read(store, within=("530000",))) == 5


def test_events_known_only_to_the_prefecture_count_there_alone(store) -> None:
    with store.write() as connection:
        stories(connection, *({"region": region} for region in (ZHENXIONG, YILIANG, ZHAOTONG, "530000")))
    counted = events.counted(read(store), TODAY - DAY, TODAY)
    assert counted.counts.shape == (2, 129)
    assert counted.by_prefecture.shape == (2, 16)
    assert counted.counts.sum() == 2
    assert counted.counts[1, places.COUNTIES.index(ZHENXIONG)] == 1
    assert counted.by_prefecture[1, places.PREFECTURES.index(ZHAOTONG)] == 3
    assert counted.by_prefecture.sum() == 3
    assert counted.unplaced == 2


def test_events_by_number(store) -> None:
    with store.write() as connection:
        first, second, gone = stories(connection, {}, {"region": KUNMING}, {"items": 0})
    with store.read() as connection:
        assert [one.id for one in events.of(connection, "舆情", (second, first, gone, 999))] == [first, second]
        assert [one.id for one in events.of(connection, "舆情", (first, second), within=(KUNMING,))] == [second]
