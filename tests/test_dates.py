"""Publication times: every spelling seen on Chinese sites, and every way a time may not be believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitors.clock import SHANGHAI
from monitors.opinion import dates
from monitors.opinion.dates import date_in_url, read_date, read_epoch

NOW = datetime(2025, 9, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai

READ = [
    ("Mon, 01 Sep 2025 08:00:00 +0800", "2025-09-01 08:00:00"),
    ("Mon, 01 Sep 2025 08:00:00 GMT", "2025-09-01 16:00:00"),
    ("Mon, 01 Sep 2025 08:00:00 CST", "2025-09-01 08:00:00"),
    ("Mon Sep  1 08:00:00 CST 2025", "2025-09-01 08:00:00"),
    ("01 Sep 25 08:00 EST", "2025-09-01 21:00:00"),
    ("Mon, 01 Sep 2025 08:00:00", "2025-09-01 08:00:00"),
    ("2025-09-01T08:00:00Z", "2025-09-01 16:00:00"),
    ("2025-09-01T08:00:00.123+08:00", "2025-09-01 08:00:00"),
    ("2025-09-01T08:00:00", "2025-09-01 08:00:00"),
    ("2025-09-01 08:00", "2025-09-01 08:00:00"),
    ("2025/09/01 8:05:07", "2025-09-01 08:05:07"),
    ("2025.09.01 08:00", "2025-09-01 08:00:00"),
    ("2025年9月1日 8时30分", "2025-09-01 08:30:00"),
    ("2025年09月01日08:30", "2025-09-01 08:30:00"),
    ("2025年9月1日 星期一 下午3:20", "2025-09-01 15:20:00"),
    ("发布时间：２０２５－０９－０１　０８：００", "2025-09-01 08:00:00"),
    ("2025-09-01 12:30 AM", "2025-09-01 00:30:00"),
    ("2025-08-31 24:00", "2025-09-01 00:00:00"),
    ("20250901083000", "2025-09-01 08:30:00"),
    ("1756684800", "2025-09-01 08:00:00"),
    ("1756684800000", "2025-09-01 08:00:00"),
    ("September 1, 2025", "2025-09-01 00:00:00"),
    ("25-09-01 08:00", "2025-09-01 08:00:00"),
    ("昨天 08:00", "2025-09-01 08:00:00"),
    ("前天", "2025-08-31 00:00:00"),
    ("今天 09:10", "2025-09-02 09:10:00"),
    ("30分钟前", "2025-09-02 11:30:00"),
    ("3 小时前", "2025-09-02 09:00:00"),
    ("半小时前", "2025-09-02 11:30:00"),
    ("两天前", "2025-08-31 12:00:00"),
    ("刚刚", "2025-09-02 12:00:00"),
    ("09-01 08:00", "2025-09-01 08:00:00"),
    ("9月1日", "2025-09-01 00:00:00"),
    ("12-31", "2024-12-31 00:00:00"),
    ("08:30", "2025-09-02 08:30:00"),
    ("23:30", "2025-09-01 23:30:00"),
]
NOT_BELIEVED = [
    ("", dates.NOTE_NONE),
    ("近日", dates.NOTE_UNREADABLE),
    ("2025-13-45", dates.NOTE_UNREADABLE),
    ("2031-01-01 00:00", dates.NOTE_FUTURE),
    ("2025-09-02 15:00", dates.NOTE_FUTURE),
    ("1725-01-01", dates.NOTE_ANCIENT),
    ("Thu, 01 Jan 1970 00:00:00 GMT", dates.NOTE_ANCIENT),
    ("99999999999999999999", dates.NOTE_UNREADABLE),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_reads_every_spelling(text: str, expected: str) -> None:
    moment = read_date(text, NOW)
    assert moment.at is not None, moment.note
    assert moment.at.utcoffset() is not None
    assert moment.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") == expected


@pytest.mark.parametrize(("text", "note"), NOT_BELIEVED)
def test_says_why_a_time_is_not_believed(text: str, note: str) -> None:
    assert read_date(text, NOW) == dates.Moment(None, note)


def test_a_clock_a_little_fast_is_believed() -> None:
    assert read_date("2025-09-02 13:30", NOW).at == datetime(2025, 9, 2, 5, 30, tzinfo=UTC)


def test_day_without_clock_time_is_noted() -> None:
    assert read_date("2025-09-01", NOW).note == dates.NOTE_DAY_ONLY


@pytest.mark.parametrize("value", [1756684800, 1756684800000, 1756684800.5])
def test_epoch_seconds_and_milliseconds(value: float) -> None:
    at = read_epoch(value, NOW).at
    assert at is not None
    assert at.replace(microsecond=0) == datetime(2025, 9, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("value", [0, -5, float("inf"), 1e30])
def test_epoch_nonsense_is_no_date(value: float) -> None:
    assert read_epoch(value, NOW).at is None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://www.kunming.cn/news/c/2025-09-01/13000.shtml", "2025-09-01"),
        ("http://a.example/2025/0901/c123-456.html", "2025-09-01"),
        ("http://a.example/zwgk/202509/t20250901_5321.html", "2025-09-01"),
        ("http://a.example/25/0901/20/FGN.html", "2025-09-01"),
        ("http://a.example/thread-202643-1-1.html", None),
        ("http://a.example/20991231/x.html", None),
    ],
)
def test_day_in_an_address(url: str, day: str | None) -> None:
    at = date_in_url(url, NOW).at
    assert (at.astimezone(SHANGHAI).strftime("%Y-%m-%d") if at else None) == day


def test_hostile_text_is_read_in_no_time() -> None:
    import time

    started = time.perf_counter()
    for text in ("1" * 100_000, "2025-" * 50_000, "Mon, " * 50_000, "1 " * 100_000):
        read_date(text, NOW)
    assert time.perf_counter() - started < 0.5
