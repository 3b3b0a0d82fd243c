"""How well a county is watched, and how much neither the press nor the hotline told of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from monitors.hotspots import coverage
from monitors.store import tables as t
from tests.hotspot_house import DAY, KUNMING, NOW, SETTINGS, YILIANG, ZHAOTONG, ZHENXIONG, alert, cases, stories

HOUR = timedelta(hours=1)


def judge(**given):
    known = {"local_sources": 1, "sources": 3, "fresh": 2, "reports": 30, "newest": NOW - HOUR} | given
    return coverage.judge(ZHENXIONG, **known, settings=SETTINGS, now=NOW)


@pytest.mark.parametrize(
    ("given", "state", "why"),
    [
        ({}, "可见", ""),
        ({"newest": NOW - 3 * DAY}, "可见", ""),
        ({"newest": NOW - 4 * DAY}, "弱", "最近一篇该地的报道在 4 天前"),
        ({"reports": 12}, "弱", "平常每周只有 0.9 篇报道"),
        ({"newest": NOW - 40 * DAY}, "弱", "最近一篇该地的报道在 40 天前"),
        ({"newest": None, "reports": 0}, "弱", "近 90 天没有该地的报道"),
        ({"local_sources": 0}, "可见", "没有本县、本州（市）的监测源"),
        ({"local_sources": 0, "newest": NOW - 15 * DAY}, "盲区", "只有全省性监测源，且 14 天没有该地的报道"),
        ({"local_sources": 0, "newest": None, "reports": 0}, "盲区", "只有全省性监测源"),
        ({"fresh": 0}, "盲区", "3 个监测源近期都没有抓到新内容"),
        ({"sources": 0, "fresh": 0, "local_sources": 0}, "盲区", "没有监测源报道过该地"),
    ],
)
def test_a_county_is_seen_weakly_or_not_and_why(given, state, why) -> None:
    found = judge(**given)
    assert found.state == state
    assert why in "；".join(found.why)
    assert found.why or state == "可见", "whatever is not well seen has a reason"


def _source(connection, name, region="", *, ok=NOW, newest=NOW, **changes):
    columns = {
        "id": name, "name": name, "kind": "feed", "url": "https://news.example/", "group_name": "地方媒体",
        "outlet": name, "interval_seconds": 300, "max_interval_seconds": 3600, "region": region, "tier": 2,
        "national": False, "condition": "正常", "paused": False, "recipe": {}, "origin": "page", "created_at": NOW,
        "updated_at": NOW,
    } | changes  # fmt: skip
    connection.execute(insert(t.source).values(columns))
    state = {"source_id": name, "next_at": NOW, "interval_seconds": 300, "last_ok_at": ok, "newest_item_at": newest}
    connection.execute(insert(t.source_state).values(state))


def _item(connection, source, region, at, number):
    connection.execute(
        insert(t.item).values(
            source_id=source, guid=f"{number:064d}", url="https://news.example/1", title="示例新闻", text="示例",
            text_hash=f"{number:064d}", outlet=source, published_at=at, fetched_at=at, relevant=False, relevance=0.1,
            sentiment=0.5, stance="neutral", scope="本省", region=region, judgement={},
        )
    )  # fmt: skip


@pytest.fixture
def watched(store):
    with store.write() as connection:
        _source(connection, "province", "530000")
        _source(connection, "zhaotong", ZHAOTONG)
        _source(connection, "stale", "530100", newest=NOW - 30 * DAY)
        _source(connection, "unreached", "530300", ok=NOW - 2 * DAY)
        _source(connection, "paused", "532500", paused=True)
        _source(connection, "demo", "532900", ok=NOW - 3 * DAY, paused=True, demo=True)
        for number in range(14):
            _item(connection, "province", ZHENXIONG, NOW - number * 2 * DAY, number)
        _item(connection, "zhaotong", YILIANG, NOW - 5 * DAY, 50)
        _item(connection, "province", "533401", NOW - 20 * DAY, 51)
        _item(connection, "province", "533102", NOW - 100 * DAY, 52)
        _item(connection, "province", "533122", NOW + DAY, 53)
    with store.read() as connection:
        return coverage.by_county(connection, SETTINGS, NOW)


def test_each_county_has_its_sources_volume_and_newest_report(watched) -> None:
    assert len(watched) == 129
    one = watched[ZHENXIONG]
    assert (one.state, one.sources, one.fresh, one.reports, one.newest) == ("可见", 2, 2, 14, NOW)
    one = watched[YILIANG]
    assert (one.state, one.sources, one.reports, one.newest) == ("弱", 1, 1, NOW - 5 * DAY)
    assert watched["530602"].state == "弱", "its prefecture's source is fresh and has not spoken of it"
    assert (watched["533401"].state, watched["533401"].sources) == ("盲区", 1)


def test_old_reports_and_those_of_the_future_are_no_sight(watched) -> None:
    for code in ("533102", "533122"):
        assert (watched[code].state, watched[code].reports, watched[code].newest) == ("盲区", 0, None)


def test_a_source_that_is_stale_unreached_or_paused_sees_nothing(watched) -> None:
    assert (watched[KUNMING].state, watched[KUNMING].sources, watched[KUNMING].fresh) == ("盲区", 1, 0)
    assert (watched["530302"].state, watched["530302"].fresh) == ("盲区", 0)
    assert (watched["532501"].state, watched["532501"].sources) == ("盲区", 0)
    assert (watched["532901"].state, watched["532901"].fresh) == ("弱", 1), "the demonstration's are never polled"


def test_without_any_source_all_is_blind(store) -> None:
    with store.read() as connection:
        assert {one.state for one in coverage.by_county(connection, SETTINGS, NOW).values()} == {"盲区"}


def _tie(connection, alert_id, kind, record_id, **changes):
    connection.execute(
        insert(t.alert_link).values(
            {
                "alert_id": alert_id, "kind": kind, "record_id": record_id, "number": "X", "why": [], "by": "示例",
                "at": NOW,
            }
            | changes
        )
    )  # fmt: skip


def _overlap(store):
    with store.read() as connection:
        return coverage.overlap(connection, SETTINGS, NOW)


def test_what_the_press_and_the_hotline_both_know_gives_an_estimate(store) -> None:
    with store.write() as connection:
        told = stories(connection, *({} for _ in range(30)))
        known = cases(
            connection, *({} for _ in range(25)), {"channel": "舆情"}, {"state": "不属实"},
            {"accepted_on": NOW.date() - 400 * DAY},
        )  # fmt: skip
        alerts = [alert(connection, story_id, "核查中") for story_id in told]
        for index in range(10):
            _tie(connection, alerts[index], "case", known[index])
        _tie(connection, alerts[0], "case", known[24])  # one story, two cases: one event
        _tie(connection, alerts[20], "case", known[20], opened=True)  # entered from the alert: no second witness
        _tie(connection, alerts[21], "case", known[21], ended_at=NOW)
        for index in (25, 26, 27):
            _tie(connection, alerts[22], "case", known[index])
    found = _overlap(store)
    assert (found.news, found.hotline, found.both) == (30, 24, 10)
    assert found.estimate is not None
    assert found.estimate.total == pytest.approx(31 * 25 / 11 - 1)
    assert "两边都没有看到的约" in found.words


def test_too_few_ties_give_a_reason(store) -> None:
    with store.write() as connection:
        told = stories(connection, *({} for _ in range(3)))
        known = cases(connection, {}, {})
        _tie(connection, alert(connection, told[0], "核查中"), "case", known[0])
    found = _overlap(store)
    assert (found.news, found.hotline, found.both, found.estimate) == (3, 2, 1, None)
    assert "至少要 7 起才能估算" in found.words


def test_a_clue_that_became_a_case_counts_once(store) -> None:
    with store.write() as connection:
        (case_id,) = cases(connection, {})
        for number, of in enumerate((case_id, None), start=1):
            connection.execute(
                insert(t.clue).values(
                    number=f"XS2026-{number:06d}", channel="12345", region=ZHENXIONG, first_receiver="示例",
                    received_at=NOW, state="已受理", case_id=of, created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        (story_id,) = stories(connection, {})
        _tie(connection, alert(connection, story_id, "核查中"), "clue", 1)
    found = _overlap(store)
    assert (found.hotline, found.both) == (2, 1)
