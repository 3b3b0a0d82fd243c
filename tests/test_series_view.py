"""Figures of the page 趋势 from counts alone: weeks, bands, rows, words, sentences, charts and what a look weighs."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from monitors.clock import SHANGHAI
from monitors.hotspots import festivals, places, series_view
from monitors.hotspots.bursts import Trend
from monitors.hotspots.series import Daily
from monitors.hotspots.series_spread import Spread, percentile, reached
from monitors.ledger import workdays
from pages import trend_charts, trend_forecast, trend_tables

LAST = date(2026, 11, 23)
WUHUA, ZHENXIONG, YILIANG = "530102", "530627", "530628"


def daily(rows, length):
    """Daily counts that end on ``LAST``: key → {days before the last: number}, or the same number every day."""
    counts = np.zeros((len(rows), length), dtype=np.int64)
    for row, given in enumerate(rows.values()):
        if isinstance(given, int):
            counts[row] = given
        else:
            for before, number in given.items():
                counts[row, length - 1 - before] = number
    return Daily(LAST - timedelta(days=length - 1), tuple(rows), counts)


def judged(found, codes):
    return {one.key: one for one in series_view.judged(series_view.place_series(found, codes), found.days, 0.05)}


def test_weeks_end_on_the_last_day_and_are_whole():
    found = daily({"a": {0: 1, 6: 2, 7: 4, 20: 8}}, 25)
    assert series_view.weekly(found, 26).tolist() == [[8, 4, 3]]
    assert series_view.weekly(found, 2).tolist() == [[4, 3]]
    assert series_view.week_ends(found, 2) == (date(2026, 11, 16), LAST)
    assert series_view.weekly(daily({"a": 1}, 6), 4).shape == (1, 0)


def test_a_part_has_what_is_known_to_it_alone_and_counties_lie_in_their_prefecture():
    found = daily({WUHUA: 1, "530100": 2, ZHENXIONG: 4, "530000": 8}, 7)
    parts = series_view.by_part(found, ("530100", WUHUA, "530600", "532500"))
    assert parts.counts[:, 0].tolist() == [3, 1, 4, 0]
    assert len(series_view.parts_of("530000")) == 16
    assert series_view.parts_of("530600")[0].startswith("5306")
    assert series_view.parts_of(WUHUA) == (WUHUA,)
    assert series_view.counties_of("530000") == places.COUNTIES


def test_the_band_waits_for_a_fortnight_and_holds_most_calm_weeks():
    rng = np.random.default_rng(11)
    codes = series_view.parts_of("530000")
    counts = rng.poisson(0.8, (16, 26 * 7 + 70))
    found = Daily(LAST - timedelta(days=counts.shape[1] - 1), codes, counts)
    band = series_view.expected(found, 26)
    by_week = series_view.weekly(found, 26)
    inside = ((by_week >= band.low) & (by_week <= band.high)).mean()
    assert 0.75 <= inside <= 0.92
    young = series_view.expected(found.until(found.first + timedelta(days=34)), 5)
    assert np.isnan(young.mean[:, :2]).all()  # nothing is usual in the first two weeks and two days
    assert not np.isnan(young.mean[:, 3:]).any()


def test_a_planted_rise_leads_the_table_and_is_said_in_words():
    rng = np.random.default_rng(5)
    counts = rng.poisson(0.05, (129, 150))
    found = Daily(LAST - timedelta(days=149), places.COUNTIES, counts)
    counts[places.COUNTIES.index(ZHENXIONG), -3:] = (2, 3, 3)
    bursts = judged(found, places.COUNTIES)
    rows = series_view.rows(found, bursts, places.COUNTIES, weeks=13, chosen=28)
    assert rows[0].code == ZHENXIONG
    assert rows[0].chosen == counts[places.COUNTIES.index(ZHENXIONG), -28:].sum()
    assert sum(rows[0].weekly) == counts[places.COUNTIES.index(ZHENXIONG), -91:].sum()
    ((name, one),) = series_view.ordered(list(bursts.values()), trend_tables.divisions.short_name)
    said = series_view.burst_words(one, name, "起", found.last, found.first)
    assert re.fullmatch(r"镇雄县 近[37]天 \d+ 起，通常 0\.\d 起，11月[12]\d日起偏多", said)
    assert series_view.surprise(one) == "罕见"
    assert "▲ 罕见（显著）" in trend_tables.state(rows[0], "可见")


def test_what_the_whole_province_does_is_nobodys_burst():
    counts = np.full((129, 120), 0, dtype=np.int64)
    counts[:, ::9] = 1
    counts[:, -14:] = np.random.default_rng(2).poisson(0.35, (129, 14))  # three times as much, everywhere
    found = Daily(LAST - timedelta(days=119), places.COUNTIES, counts)
    assert not [one for one in judged(found, places.COUNTIES).values() if one.significant]


def test_no_sight_is_never_called_calm():
    found = daily({WUHUA: {40: 1}}, 90)
    (row,) = series_view.rows(found, judged(found, (WUHUA,)), (WUHUA,), weeks=4, chosen=28)
    assert "平常" in trend_tables.state(row, "可见")
    blind = trend_tables.counties([row], {WUHUA: ("盲区", "没有监测源")}, trend_tables.address({}), weeks=4)
    assert "平常" not in blind
    assert "看不见，不等于平静" in blind
    assert "○ 盲区" in blind
    assert "没有监测源" in blind


def test_a_word_rises_against_what_all_events_do():
    length = 70
    events = np.full(length, 2, dtype=np.int64)
    events[-28:] = 6
    with_all = {n: 3 if n < 28 else 1 for n in range(56)}  # grows as the events do
    alone = {n: 1 if n < 28 else 0 for n in range(56)} | {1: 6, 3: 6, 5: 6, 8: 6, 9: 6, 12: 6, 20: 6}
    found = series_view.words(daily({"讨薪": with_all, "塔吊": alone, "旧词": {60: 3}}, length), events, q=0.05)
    assert [(one.key, one.rising) for one in found] == [("塔吊", True), ("讨薪", False)]
    assert found[0].share == pytest.approx(found[0].trend.last28 / (28 * 6))
    assert found[0].p_value < 1e-6
    assert found[1].p_value > 0.3
    assert series_view.words(daily({"a": 1}, 30), np.ones(30, dtype=np.int64), q=0.05) == []


@pytest.mark.parametrize(
    ("count", "number", "share", "tail"),
    [(0, 5, 0.5, 1.0), (5, 5, 0.5, 1 / 32), (4, 5, 0.5, 6 / 32), (1, 3, 0.2, 1 - 0.8**3)],
)
def test_the_binomial_tail_is_exact(count, number, share, tail):
    assert series_view._at_least(count, number, share) == pytest.approx(tail)


@pytest.mark.parametrize(
    ("one", "said", "arrow"),
    [
        (None, "数据不足", ""),
        (Trend(0, 0, 28, 1.0, 0.1, 9.0), "—", ""),
        (Trend(8, 0, 28, 17.0, 4.0, 900.0), "此前没有", "↑"),
        (Trend(22, 3, 28, 6.43, 3.5, 15.6), "6.4 倍（3.5–16）", "↑"),
        (Trend(1, 9, 28, 0.16, 0.05, 0.6), "0.2 倍（0.1–0.6）", "↓"),
    ],
)
def test_change_in_words(one, said, arrow):
    assert trend_tables.ratio(one) == said
    assert trend_tables.direction(one) == arrow


def test_outlets_are_counted_from_the_first_publication():
    first = datetime(2026, 11, 20, 8, tzinfo=SHANGHAI)
    later = [first + timedelta(hours=hours) for hours in (0, 1, 1.01, 23, 80)]
    assert reached(first, later) == (2, 3, 4, 4)
    assert reached(first, []) == (1, 1, 1, 1)
    assert percentile([1] * 10, 5) is None
    assert percentile([1] * 10 + [2] * 10, 2) == 75.0
    young = Spread(7, "示例<工地>", WUHUA, "II", first, (2, 3, 4, 4), None, 75.0, 20)
    html = trend_tables.speeds([young], trend_tables.address({"weeks": "8"}), now=first + timedelta(hours=5))
    assert "快于 75% 的事件（未满 24 小时）" in html
    assert "?weeks=8&amp;story=7" in html
    assert "示例&lt;工地&gt;" in html


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────
DAYS = [LAST - timedelta(days=9 - n) for n in range(10)]


@pytest.mark.parametrize(
    ("ends", "chosen"),
    [
        ([2.2, 4.9], (DAYS[2], DAYS[4])),
        ([4.9, 2.2], (DAYS[2], DAYS[4])),
        ([3, 5], (DAYS[3], DAYS[4])),
        ([-7, 99], (DAYS[0], DAYS[9])),
        ([3.4, 3.4], (DAYS[3], DAYS[3])),
        ([], None),
        (None, None),
        (["x", 3], None),
        ([float("nan"), 3], None),
    ],
)
def test_the_days_under_the_brush(ends, chosen):
    assert trend_charts.brushed({"brush": {"i": ends}}, DAYS) == chosen
    assert trend_charts.brushed({}, DAYS) is None
    assert trend_charts.brushed(None, DAYS) is None


def test_heat_classes_cover_every_number_once():
    assert trend_charts.steps([0, 0]) == (1,)
    assert trend_charts.steps([1, 1, 2, 1, 3, 9, 2, 2]) == (1, 2, 3, 9)
    assert trend_charts._classes((1, 2, 5)) == ["1", "2–4", "5 及以上"]


def test_the_calendar_marks_festivals_and_begins_on_a_monday():
    days = [date(2027, 2, 3) + timedelta(days=n) for n in range(10)]
    spec = trend_charts.calendar(days, list(range(10)), {date(2027, 2, 6): "春节"}, "起")
    assert [value["n"] for value in spec["data"]["values"]] == list(range(10))
    text = json.dumps(spec, ensure_ascii=False)
    assert "floor((datum.i + 2) / 7)" in text  # the first day is a Wednesday
    assert "{'3': '（春节）'}" in text
    assert "{'3': '春'}" in text
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["0", "1–4", "5–7", "8", "9 及以上"]


def test_shares_of_a_week_make_the_whole():
    by_week = np.array([[1, 0, 2], [3, 0, 2]])
    spec = trend_charts.shares(["a", "b"], by_week, DAYS[:3], unit="起", named=str.upper)
    values = spec["layer"][0]["data"]["values"]
    assert sum(value["v"] for value in values if value["w"] == 0) == pytest.approx(1)
    assert not [value for value in values if value["w"] == 1]
    assert {value["n"] for value in values} == {"1 / 4 起", "3 / 4 起", "2 / 4 起"}


def everything(counts):
    """Specifications and tables of a look at the whole province, by view."""
    found = Daily(LAST - timedelta(days=counts.shape[1] - 1), places.COUNTIES, counts)
    shown = found.days[-182:]
    parts = series_view.by_part(found, series_view.parts_of("530000"))
    numbers = found.total[-182:].tolist()
    named = [trend_tables.divisions.short_name(code) for code in parts.keys]
    brush = trend_charts.daily(shown, numbers, {}, "起")
    rows = series_view.rows(found, judged(found, places.COUNTIES), places.COUNTIES, weeks=26, chosen=182)
    sights = dict.fromkeys(places.COUNTIES, ("弱", "没有本县、本州（市）的监测源；最近一篇该地的报道在 9 天前"))
    return {
        "总览": [
            brush,
            trend_charts.calendar(shown, numbers, {}, "起"),
            trend_charts.multiples(
                named, series_view.weekly(parts, 26), series_view.expected(parts, 26),
                series_view.week_ends(parts, 26), raised=[False] * 16, unit="起",
            ),
        ],
        "县（市、区）": [brush, trend_tables.counties(rows, sights, trend_tables.address({"weeks": "26"}), weeks=26)],
    }  # fmt: skip


@pytest.mark.parametrize("view", ["总览", "县（市、区）"])
def test_a_look_at_the_whole_province_weighs_less_than_100_kb(view):
    counts = np.random.default_rng(3).poisson(0.3, (129, 252))
    sent = sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in everything(counts)[view])
    assert 20_000 < sent <= 100_000


def test_no_chart_speaks_english():
    """Titles and labels of axes, legends and tooltips; names of months and weekdays come from us alone."""
    counts = np.random.default_rng(3).poisson(0.3, (129, 252))
    for spec in everything(counts)["总览"]:
        text = json.dumps(spec)
        assert '"temporal"' not in text
        for title in re.findall(r'"title": ("[^"]*")', text):
            assert not re.search(r"[A-Za-z]", json.loads(title)), title
        for tips in re.findall(r'"tooltip": (\[.*?\])', text):
            assert all("title" in tip for tip in json.loads(tips))


# ── festivals, forecast ──────────────────────────────────────────────────────────────────────────────────────────────
def test_spring_festivals_lie_in_their_months_and_agree_with_the_holidays():
    for day in festivals.SPRING_FESTIVALS:
        assert date(day.year, 1, 21) <= day <= date(day.year, 2, 20)
    gaps = {(b - a).days for a, b in zip(festivals.SPRING_FESTIVALS, festivals.SPRING_FESTIVALS[1:], strict=False)}
    assert gaps <= {353, 354, 355, 383, 384, 385}  # twelve moons or thirteen
    for day in festivals.SPRING_FESTIVALS:
        if 2018 <= day.year <= 2028:
            assert not workdays.is_workday(day)
    assert festivals.next_spring_festival(date(2026, 11, 23)) == date(2027, 2, 6)
    assert festivals.next_spring_festival(date(2027, 2, 6)) == date(2027, 2, 6)
    assert festivals.next_spring_festival(date(2041, 1, 1)) is None


def test_the_forecast_shows_its_weeks_interval_and_how_it_did():
    from monitors.hotspots import forecast

    days = [date(2023, 6, 1) + timedelta(days=n) for n in range(1270)]
    rng = np.random.default_rng(8)
    ramp = np.array([2.0 if 0 <= (festivals.next_spring_festival(day) - day).days <= 30 else 1.0 for day in days])
    found = forecast.forecast(
        {n: rng.poisson(0.6 * ramp) for n in range(3)}, days, festivals.SPRING_FESTIVALS
    )  # fmt: skip
    html = trend_forecast.table(found, ("530100", "530600", "532500"), "件")
    assert html.count("<tr") == 5
    assert "全省" in html
    assert re.search(r"\d（\d+–\d+）", html)
    tested = trend_forecast.tests_table(found.backtests)
    assert "覆盖（应近 80%）" in tested
    assert re.search(r"误差·.*\d+\.\d%", tested)
