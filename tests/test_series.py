"""Counts by day, place and word: the Shanghai day, what is no event, whose events, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import insert

from monitors.access.scope import EVERYWHERE, Scope
from monitors.hotspots import events, series, series_spread
from monitors.hotspots.series import DIMENSIONS, Window
from monitors.store import tables as t
from tests import ledger_house as ledger

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 23)
WUHUA, ZHENXIONG, KUNMING = "530102", "530627", "530100"


def story(connection, region, at, **more):
    values = {
        "title": "示例工地讨薪", "region": region, "scope": "本省", "kind": "讨薪维权", "stance": "unresolved",
        "sentiment": -0.5, "items": 1, "outlets": 1, "first_outlet": "示例晨报", "first_published_at": at,
        "first_seen_at": at, "last_seen_at": at, "level": "IV", "score": 30, "severity": {}, "matched": ["讨薪"],
    } | more  # fmt: skip
    return connection.execute(insert(t.story).values(values).returning(t.story.c.id)).scalar_one()


def alert(connection, story_id, state, number):
    at = datetime(2026, 11, 5, tzinfo=UTC)
    connection.execute(
        insert(t.alert).values(
            number=number, story_id=story_id, level="IV", score=30, state=state, opened_at=at, raised_at=at,
            sign_due_at=at, public_due_at=at, case_ids=[],
        )
    )  # fmt: skip


@pytest.fixture
def stories(store):
    noon = datetime(2026, 11, 5, 4, tzinfo=UTC)
    with store.write() as connection:
        story(connection, WUHUA, datetime(2026, 11, 4, 15, 59, tzinfo=UTC))  # still the 4th in Shanghai
        story(connection, WUHUA, datetime(2026, 11, 4, 16, 0, tzinfo=UTC), matched=["讨薪", "塔吊"], stance="resolved")
        story(connection, KUNMING, noon, first_outlet="无名小报", matched=[])
        story(connection, ZHENXIONG, noon, kind=None, level="II")
        story(connection, ZHENXIONG, datetime(2026, 11, 23, 15, 59, tzinfo=UTC))
        story(connection, ZHENXIONG, datetime(2026, 11, 23, 16, 0, tzinfo=UTC))  # tomorrow
        story(connection, "440106", noon, scope="外省")
        story(connection, WUHUA, noon, items=0)
        alert(connection, story(connection, WUHUA, noon), "误报", "YJ1")
        reopened = story(connection, WUHUA, noon)
        alert(connection, reopened, "误报", "YJ2")
        alert(connection, reopened, "处置中", "YJ3")
        connection.execute(
            insert(t.source).values(
                id="one", name="示例晨报", kind="feed", url="https://s.invalid/rss", group_name="州市",
                outlet="示例晨报", interval_seconds=600, max_interval_seconds=7200, region="", tier=2, national=False,
                condition="正常", paused=False, recipe={}, origin="page", created_at=noon, updated_at=noon,
            )
        )  # fmt: skip
    return store


def counted(daily):
    """day of the month → number, for every key."""
    return {
        key: {(daily.first + timedelta(days=n)).day: int(c) for n, c in enumerate(row) if c}
        for key, row in zip(daily.keys, daily.counts, strict=True)
    }


def test_a_story_counts_on_the_shanghai_day_it_was_first_seen(stories):
    with stories.read() as connection:
        found = series.by_place(connection, EVERYWHERE, Window("舆情", FIRST, LAST))
        every = events.read(connection, "舆情", FIRST, LAST)
    assert counted(found) == {WUHUA: {4: 1, 5: 2}, KUNMING: {5: 1}, ZHENXIONG: {5: 1, 23: 1}}
    assert found.last == LAST
    assert len(found.days) == 23
    # The map counts the same events one by one.
    assert found.total.sum() == len(every)
    assert counted(found.grouped(dict.fromkeys(found.keys, "全部")))["全部"] == {4: 1, 5: 4, 23: 1}


@pytest.mark.parametrize(
    ("scope", "region", "places"),
    [
        (WUHUA, WUHUA, {WUHUA}),
        (KUNMING, KUNMING, {WUHUA, KUNMING}),
        ("530000", ZHENXIONG, {ZHENXIONG}),
        ("530000", "530600", {ZHENXIONG}),
        (WUHUA, ZHENXIONG, set()),  # what is not one's own is not had by asking for it
        (WUHUA, "530000", {WUHUA}),
        (ZHENXIONG, KUNMING, set()),
    ],
)
def test_whoever_asks_gets_only_their_own(stories, scope, region, places):
    with stories.read() as connection:
        found = series.by_place(connection, Scope(scope), Window("舆情", FIRST, LAST, region))
        words = series.by(connection, Scope(scope), Window("舆情", FIRST, LAST, region), "关键词")
    assert set(found.keys) == places
    assert bool(words.keys) == bool(places)


def test_stories_by_word_kind_source_stance_and_level(stories):
    window = Window("舆情", FIRST, LAST)
    with stories.read() as connection:
        by = {name: series.by(connection, EVERYWHERE, window, name) for name in DIMENSIONS["舆情"]}
    assert counted(by["关键词"]) == {"塔吊": {5: 1}, "讨薪": {4: 1, 5: 3, 23: 1}}
    assert counted(by["类别"])[series.NONE] == {5: 1}
    assert counted(by["首发来源"]) == {"州市": {4: 1, 5: 3, 23: 1}, series.NONE: {5: 1}}
    assert counted(by["立场"])["resolved"] == {5: 1}
    assert counted(by["级别"])["II"] == {5: 1}


def test_cases_by_day_of_acceptance_tag_and_industry(store):
    with store.write() as connection:
        site = ledger.project(connection, industry="交通")
        ledger.entered(connection, accepted_on=date(2026, 11, 3), project_id=site, tags=("群体性", "越级"))
        ledger.entered(connection, accepted_on=date(2026, 11, 3), channel="来访")
        ledger.entered(connection, ledger.ELSEWHERE, region=ZHENXIONG, accepted_on=date(2026, 10, 31))
        unfounded = ledger.entered(connection, accepted_on=date(2026, 11, 4))
        connection.execute(t.wage_case.update().where(t.wage_case.c.id == unfounded).values(state="不属实"))
    window = Window("台账", FIRST, LAST)
    with store.read() as connection:
        assert counted(series.by_place(connection, EVERYWHERE, window)) == {WUHUA: {3: 2}}
        assert series.begun(connection, "台账") == date(2026, 10, 31)
        assert series.begun(connection, "舆情") is None
        assert counted(series.by(connection, EVERYWHERE, window, "标签")) == {"群体性": {3: 1}, "越级": {3: 1}}
        assert counted(series.by(connection, EVERYWHERE, window, "行业")) == {"交通": {3: 1}, series.NONE: {3: 1}}
        assert counted(series.by(connection, EVERYWHERE, window, "线索渠道"))["来访"] == {3: 1}
        with pytest.raises(ValueError, match="关键词"):
            series.by(connection, EVERYWHERE, window, "关键词")


def test_nothing_counted_is_still_so_many_days(store):
    with store.read() as connection:
        found = series.by_place(connection, EVERYWHERE, Window("舆情", FIRST, LAST))
    assert found.keys == ()
    assert found.total.tolist() == [0] * 23
    assert found.of("530102").tolist() == [0] * 23


def _told(connection, region, at, hours):
    """A story whose outlets tell it so many hours after the first."""
    number = story(connection, region, at, items=len(hours), outlets=len(hours))
    for n, later in enumerate(hours):
        when = at + timedelta(hours=later)
        for twice in range(2):  # the same outlet again is no further outlet
            connection.execute(
                insert(t.item).values(
                    source_id="one", guid=f"{number}-{n}-{twice}", url="https://s.invalid/1", title="讨薪", text="讨薪",
                    text_hash="", outlet=f"示例媒体{n}", published_at=when + timedelta(hours=twice), fetched_at=when,
                    relevant=True, relevance=1.0, sentiment=-0.5, stance="unresolved", scope="本省", region=region,
                    judgement={}, story_id=number,
                )
            )  # fmt: skip
    return number


def test_speed_counts_outlets_and_is_held_against_ones_own_archive(stories):
    at = datetime(2026, 11, 10, 2, tzinfo=UTC)
    with stories.write() as connection:
        for _ in range(series_spread.ARCHIVE_LEAST - 1):
            _told(connection, WUHUA, datetime(2026, 10, 1, 2, tzinfo=UTC), [0, 30])
        fast = _told(connection, WUHUA, at, [0, 0.5, 1, 5, 5.5, 71])
        _told(connection, ZHENXIONG, at, [0, 2])
    with stories.read() as connection:
        (own,) = series_spread.fastest(connection, Scope(KUNMING), Window("舆情", FIRST, LAST, KUNMING))
        few = series_spread.fastest(connection, Scope(ZHENXIONG), Window("舆情", FIRST, LAST, ZHENXIONG))
        whole = series_spread.fastest(connection, EVERYWHERE, Window("舆情", FIRST, LAST), most=1)
    assert own.id == fast
    assert own.outlets == (3, 5, 5, 6)
    assert own.fifth_hours == pytest.approx(5.5)
    assert own.rate == pytest.approx(2.0)
    assert own.percentile == pytest.approx(97.5)
    assert own.archive == series_spread.ARCHIVE_LEAST
    assert [(one.outlets, one.fifth_hours, one.percentile) for one in few] == [((1, 2, 2, 2), None, None)]
    assert [one.id for one in whole] == [fast]


def test_days_after_the_last_are_cut_off():
    daily = series.Daily(FIRST, ("a",), np.arange(5)[None, :])
    assert daily.until(date(2026, 11, 3)).counts.tolist() == [[0, 1, 2]]
    assert daily.until(date(2026, 10, 1)).counts.shape == (1, 0)
