"""When to poll next and how well a source is: tables of cases over the pure policy."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import settings
from monitors.opinion.schedule import Outcome, PollState, Vitals, age, health, next_poll

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def shipped() -> settings.Settings:
    return settings.load()


def ask(shipped, state=None, outcome=None, *, floor=600, cap=7200, random=0.5):
    return next_poll(
        state or PollState(600),
        outcome or Outcome("ok", 1, 29),
        shipped.poll,
        now=NOW,
        interval_floor=floor,
        interval_cap=cap,
        random=lambda: random,
    )


@pytest.mark.parametrize(
    ("interval", "streak", "new", "seen", "expected_interval", "expected_streak"),
    [
        (1200, 0, 30, 0, 1200, 1),  # one mostly-new poll is not yet a reason
        (1200, 1, 20, 10, 804, 2),  # two in a row: a third sooner
        (1200, 5, 20, 10, 804, 6),  # and on, while it lasts
        (700, 1, 20, 10, 600, 2),  # down to the floor
        (1200, 0, 0, 30, 1200, -1),
        (1200, -1, 3, 27, 1800, -2),  # two mostly seen: half as late again
        (6000, -7, 0, 30, 7200, -8),  # up to the cap
        (1200, 3, 1, 29, 1200, -1),  # a change of mind starts a new row
        (1200, -3, 29, 1, 1200, 1),
        (1200, -3, 15, 15, 1200, 0),  # half and half breaks the row
        (1200, -1, 0, 0, 1800, -2),  # a valid empty list brings nothing new
        (60, 0, 1, 9, 600, -1),  # the floor was raised since
        (9999, 0, 1, 9, 7200, -1),  # the cap was lowered since
    ],
)
def test_interval_adapts(shipped, interval, streak, new, seen, expected_interval, expected_streak):
    found = ask(shipped, PollState(interval, 2.5, streak), Outcome("ok", new, seen))
    assert found.interval_seconds == pytest.approx(expected_interval)
    assert found.streak == expected_streak
    assert found.failures == 0
    assert found.next_at == NOW + timedelta(seconds=found.interval_seconds)


def test_unchanged_counts_as_seen(shipped):
    assert ask(shipped, PollState(1200, 0, -1), Outcome("unchanged")).interval_seconds == 1800


@pytest.mark.parametrize("random", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("streak", [-900, -2, 0, 2, 900])
def test_interval_without_room_is_exact(shipped, random, streak):
    """A source polled every 5 s keeps to 5 s however quiet it is: the alert comes within the interval."""
    for outcome in (Outcome("ok", 0, 50), Outcome("ok", 50, 0), Outcome("unchanged")):
        found = ask(shipped, PollState(5, 0, streak), outcome, floor=5, cap=5, random=random)
        assert found.next_at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("before", "kind", "failures", "minutes"),
    [
        (0, "temporary", 0.25, 10),  # never sooner than the interval
        (2.0, "temporary", 2.25, 11.25),
        (1.75, "soft", 2.25, 11.25),
        (2.0, "hard", 3.0, 15),
        (2.0, "refused", 3.0, 15),
        (2.0, "anything unknown", 3.0, 15),
        (9.0, "hard", 10.0, 50),  # linear, not doubling
        (71.0, "hard", 72.0, 360),
        (500.0, "hard", 501.0, 360),  # never later than the cap, never switched off
    ],
)
def test_backoff_by_class_of_failure(shipped, before, kind, failures, minutes):
    found = ask(shipped, PollState(600, before, -5), Outcome(kind))
    assert found.failures == pytest.approx(failures)
    assert found.next_at - NOW == timedelta(minutes=minutes)
    assert found.streak == 0
    assert found.interval_seconds == 600


def test_backoff_cap_never_shortens_a_slow_source(shipped):
    found = ask(shipped, PollState(86_400, 3), Outcome("hard"), floor=86_400, cap=86_400)
    assert found.next_at - NOW == DAY


@pytest.mark.parametrize(
    ("kind", "retry_after", "seconds"),
    [
        ("temporary", 1800, 1800),
        ("temporary", 30, 600),  # sooner than we would come anyway
        ("temporary", 3.2e8, 86_400),  # ten years is asked again tomorrow
        ("temporary", math.inf, 86_400),
        ("temporary", math.nan, 600),
        ("temporary", -5, 600),
        ("temporary", None, 600),
        ("ok", 1800, 1800),  # a good answer may ask for patience too
    ],
)
def test_retry_after(shipped, kind, retry_after, seconds):
    found = ask(shipped, outcome=Outcome(kind, 1, 1, retry_after))
    assert (found.next_at - NOW).total_seconds() == pytest.approx(seconds)


@given(
    interval=st.floats(allow_nan=True, allow_infinity=True),
    failures=st.floats(allow_nan=True, allow_infinity=True),
    streak=st.integers(-(10**6), 10**6),
    kind=st.sampled_from(["ok", "unchanged", "temporary", "soft", "hard", "refused"]),
    new=st.integers(0, 2000),
    seen=st.integers(0, 2000),
    retry=st.none() | st.floats(allow_nan=True, allow_infinity=True),
    floor=st.integers(1, 86_400),
    room=st.integers(0, 86_400),
    random=st.floats(0, 1),
)
def test_bounds_always_hold(shipped, interval, failures, streak, kind, new, seen, retry, floor, room, random):
    poll = shipped.poll
    cap = floor + room
    found = next_poll(
        PollState(interval, failures, streak),
        Outcome(kind, new, seen, retry),
        poll,
        now=NOW,
        interval_floor=floor,
        interval_cap=cap,
        random=lambda: random,
    )
    wait = (found.next_at - NOW).total_seconds()
    assert floor <= found.interval_seconds <= cap
    assert wait >= floor - 1e-6
    assert wait <= max(cap, poll.backoff_cap_seconds, poll.retry_after_cap_seconds) + 1e-6
    if kind in ("ok", "unchanged") and not (retry and retry > 0):
        assert wait <= cap + 1e-6
    assert math.isfinite(found.failures)


def test_sources_do_not_march_in_step(shipped):
    waits = {ask(shipped, PollState(1200), random=r / 10).next_at for r in range(11)}
    assert len(waits) == 11
    assert max(waits) - min(waits) == timedelta(seconds=240)


GOOD = Vitals(
    paused=False,
    condition="未核实",
    created_at=NOW - 90 * DAY,
    next_at=NOW + timedelta(minutes=5),
    interval_seconds=600,
    last_poll_at=NOW - timedelta(minutes=5),
    last_ok_at=NOW - timedelta(minutes=5),
    newest_item_at=NOW - timedelta(minutes=40),
    last_outcome="ok",
)
FRESH = replace(GOOD, last_poll_at=None, last_ok_at=None, newest_item_at=None, created_at=NOW, next_at=NOW)


@pytest.mark.parametrize(
    ("vitals", "level", "words"),
    [
        (GOOD, "ok", "最新报道 40 分钟前"),
        (replace(GOOD, newest_item_at=NOW - 72 * HOUR), "ok", "最新报道 3 天前"),
        (replace(GOOD, newest_item_at=NOW - 73 * HOUR), "warn", "已 3 天没有新报道"),
        (replace(GOOD, newest_item_at=NOW - 31 * DAY), "bad", "已 31 天没有新报道，疑似停更"),
        (replace(GOOD, newest_item_at=None), "warn", "能连通，但还没有读到报道"),
        (replace(GOOD, newest_item_at=NOW + HOUR), "ok", "最新报道 0 秒前"),
        (replace(GOOD, failures=0.25), "warn", "失败待重试，上次成功 5 分钟前"),
        (replace(GOOD, failures=1.0, last_ok_at=NOW - 7 * HOUR), "bad", "连续失败，上次成功 7 小时前"),
        (replace(GOOD, failures=6.0, last_ok_at=None, newest_item_at=None), "bad", "连续失败，从未成功"),
        (replace(GOOD, next_at=NOW - timedelta(minutes=9)), "ok", "最新报道 40 分钟前"),
        (replace(GOOD, next_at=NOW - timedelta(minutes=12)), "warn", "抓取已迟 12 分钟"),
        (replace(GOOD, paused=True, failures=9.0), "off", "已暂停"),
        (replace(GOOD, paused=True, condition="受阻"), "off", "已暂停（受阻）"),
        (FRESH, "ok", "等待首次抓取"),
        (replace(FRESH, created_at=NOW - DAY, next_at=NOW - DAY), "warn", "等待首次抓取已 1 天"),
    ],
)
def test_health(shipped, vitals, level, words):
    found = health(vitals, shipped.watch, NOW)
    assert (found.level, found.words) == (level, words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 秒"), (59.9, "59 秒"), (60, "1 分钟"), (3599, "59 分钟"), (3600, "1 小时"), (86_400 * 3.9, "3 天")],
)
def test_age(seconds, words):
    assert age(timedelta(seconds=seconds)) == words
