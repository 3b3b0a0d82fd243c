"""Numbers at their edges: two windows of a burst, stray old cases, a place left out of the scan, days told in UTC."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from monitors.hotspots import counts_file
from monitors.hotspots.bursts import Series, bursts
from monitors.hotspots.counts_file import Row
from monitors.hotspots.festivals import SPRING_FESTIVALS
from monitors.hotspots.forecast import Forecast, TooShort, forecast
from monitors.hotspots.scan import Change, Rules, scan
from monitors.hotspots.zones import build

ZHENXIONG = "530627"


def days_up_to(last, number):
    return [last - timedelta(days=number - 1 - i) for i in range(number)]


class TestBursts:
    def test_two_events_today_do_not_hide_three_in_a_week(self):
        counts = np.zeros(70, dtype=np.int64)
        counts[30], counts[-6], counts[-1] = 1, 1, 2
        (found,) = bursts([Series("镇雄", counts)], np.arange(70) % 7)
        assert (found.window, found.observed, found.significant) == (7, 3, True)

    def test_where_no_window_has_three_the_most_surprising_is_shown_unmarked(self):
        counts = np.zeros(70, dtype=np.int64)
        counts[-1] = 2
        (found,) = bursts([Series("镇雄", counts)], np.arange(70) % 7)
        assert (found.window, found.observed, found.significant) == (1, 2, False)


class TestForecast:
    """One old case, or one with a wrong year, makes no years of history."""

    def test_a_stray_old_case_brings_no_festivals_with_it(self):
        days = days_up_to(date(2026, 11, 20), 6 * 365)
        row = np.random.default_rng(3).poisson(3.0, len(days))
        row[:-200] = 0
        row[0] = 1
        found = forecast({0: row}, days, SPRING_FESTIVALS)
        assert isinstance(found, Forecast)
        assert (found.kind, found.festivals, found.backtests) == ("情景", 0, ())
        assert found == forecast({0: row[-200:]}, days[-200:], SPRING_FESTIVALS)

    def test_a_stray_old_case_does_not_make_young_data_old(self):
        days = days_up_to(date(2026, 11, 20), 1000)
        row = np.zeros(1000, dtype=np.int64)
        row[0], row[-30:] = 1, 4
        found = forecast({0: row}, days, SPRING_FESTIVALS)
        assert isinstance(found, TooShort)
        assert "现有 30 天、120 起" in found.reason

    def test_a_quiet_month_is_still_history(self):
        days = days_up_to(date(2026, 11, 20), 300)
        row = np.ones(300, dtype=np.int64)
        row[100:140] = 0
        found = forecast({0: row}, days, SPRING_FESTIVALS)
        assert isinstance(found, Forecast)
        assert (found.days, found.events) == (300, 260)


GRID = np.array([[100 + 0.1 * place, 25.0] for place in range(10)])


class TestScan:
    def test_a_place_left_out_keeps_no_two_gatherings_apart(self):
        # 20 lies between two gatherings and its baseline is too young: the zones around either hold it.
        line = np.array([[100 + 0.1 * place, 25.0] for place in range(40)])
        counts = np.random.default_rng(4).poisson(2.0, (90, 40))
        counts[-4:, [18, 19]] += 8
        counts[-2:, [21, 22]] += 12
        zones = build(line, neighbours=3, radius_km=100)
        found = scan(counts, np.zeros(40, int), zones, Rules(replicates=99), seed=1, changes=[Change((20,), 85)])
        assert found.left_out == (20,)
        assert {one.members for one in found.clusters} == {(19, 18), (21, 22)}

    def test_windows_longer_than_half_the_history_are_no_silent_calm(self):
        found = scan(np.ones((40, 10), int), np.zeros(10, int), build(GRID, neighbours=3, radius_km=100),
                     Rules(windows=(28,)), seed=1)  # fmt: skip
        assert found.clusters == ()
        assert "56 天" in found.why


class TestFile:
    @pytest.mark.parametrize(
        ("written", "day"),
        [
            ("2026-11-30T20:00Z", date(2026, 12, 1)),
            ("2026-11-30 20:00:00+00:00", date(2026, 12, 1)),
            ("2026-11-30T15:59:59.999Z", date(2026, 11, 30)),
            ("2026-12-01T00:30+08:00", date(2026, 12, 1)),
            ("2026-11-30 23:59", date(2026, 11, 30)),
        ],
    )
    def test_an_instant_is_told_by_the_day_in_shanghai(self, written, day):
        body = f"region,date,cases\n{ZHENXIONG},{written},1\n".encode()
        assert counts_file.read(body, "起数.csv") == (Row(ZHENXIONG, day, 1, None),)
