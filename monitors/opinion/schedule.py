"""When to poll a source next and how well it is: pure policy, no I/O (何时再抓、是否健康).

The interval moves between the source's floor and cap: a third shorter when two polls in a row were mostly new, half
as long again when two were mostly seen. A failing source waits linearly longer, by the class of its failures, and is
never switched off. Health is judged by the age of the newest report, because a stale source that answers 200 is the
commonest silent failure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitors import settings as s

HealthLevel = Literal["ok", "warn", "bad", "off"]
HEALTH_NAMES: dict[HealthLevel, str] = {"ok": "正常", "warn": "注意", "bad": "故障", "off": "停用"}

# Weighted failures in a row at which a source turns red: one that somebody must mend, or four passing ones.
RED_FAILURES = 1.0
# Silent this many times longer than ``watch.silence_hours`` is no longer a quiet week but a dead column.
DEAD_SILENCES = 10
# A poll later than this beyond its time means that nobody polls; shorter delays are queues for one host.
LATE_SECONDS = 600.0
_STREAK = 2
_STREAK_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class PollState:
    """What the last poll left: present interval (seconds), weighted failures in a row, streak (+new / −seen polls)."""

    interval_seconds: float
    failures: float = 0.0
    streak: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended: ``kind`` is ok, unchanged, temporary, soft, hard or refused; ``retry_after`` in seconds."""

    kind: str
    new: int = 0
    seen: int = 0
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NextPoll:
    """When to come back, and the state to keep until then."""

    next_at: datetime
    interval_seconds: float
    failures: float
    streak: int


def next_poll(
    state: PollState,
    outcome: Outcome,
    poll: s.Poll,
    *,
    now: datetime,
    interval_floor: float,
    interval_cap: float,
    random: Callable[[], float],
) -> NextPoll:
    """The policy. ``random`` gives 0…1; ``interval_floor`` and ``interval_cap`` are the source's own, in seconds.

    A good poll waits between floor and cap, never outside. A bad one waits ``failures × backoff_seconds``, not less
    than the interval it would have had, not more than ``backoff_cap_seconds``. What a server asks for in Retry-After
    is honoured after either, up to ``retry_after_cap_seconds``.
    """
    floor = max(1.0, interval_floor)
    cap = max(floor, interval_cap)
    interval = _clamp(state.interval_seconds, floor, cap)
    spread = 1 + poll.jitter * (2 * _clamp(random(), 0, 1) - 1)
    if outcome.kind in ("ok", "unchanged"):
        failures = 0.0
        streak = _streak(state.streak, outcome)
        if streak >= _STREAK:
            interval = _clamp(interval * poll.shorten, floor, cap)
        elif streak <= -_STREAK:
            interval = _clamp(interval * poll.lengthen, floor, cap)
        # Spread, then held between floor and cap again: where the two are equal the interval is exact.
        wait = _clamp(interval * spread, floor, cap)
    else:
        weights = {"temporary": poll.weight_temporary, "soft": poll.weight_soft}
        failures = _clamp(state.failures, 0, 1e6) + weights.get(outcome.kind, poll.weight_hard)
        streak = 0
        longest = max(interval, poll.backoff_cap_seconds)
        wait = _clamp(failures * poll.backoff_seconds * spread, interval, longest)
    if outcome.retry_after is not None and outcome.retry_after > 0:
        wait = max(wait, min(outcome.retry_after, poll.retry_after_cap_seconds))
    return NextPoll(now + timedelta(seconds=wait), interval, failures, streak)


def _clamp(value: float, low: float, high: float) -> float:
    return low if math.isnan(value) else max(low, min(high, value))


def _streak(before: int, outcome: Outcome) -> int:
    """Polls in a row that were mostly new (positive) or mostly seen (negative); a tie breaks the row."""
    if outcome.new > outcome.seen:
        return min(_STREAK_LIMIT, max(before, 0) + 1)
    if outcome.new < outcome.seen or not outcome.new:
        return max(-_STREAK_LIMIT, min(before, 0) - 1)
    return 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """What health is judged by; times aware, ``interval_seconds`` the present one."""

    paused: bool
    condition: str
    created_at: datetime
    next_at: datetime
    interval_seconds: float
    failures: float = 0.0
    last_poll_at: datetime | None = None
    last_ok_at: datetime | None = None
    newest_item_at: datetime | None = None
    last_outcome: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """A level for the colour and a sentence for the screen."""

    level: HealthLevel
    words: str


def health(state: Vitals, watch: s.Watch, now: datetime) -> Health:
    """How a source is: whether it answers, then whether anybody asks it, then how old its newest report is."""
    if state.paused:
        reason = f"（{state.condition}）" if state.condition in ("已停更", "受阻") else ""
        return Health("off", f"已暂停{reason}")
    return _waiting(state, now) or _failing(state, now) or _silence(state, watch, now)


def _waiting(state: Vitals, now: datetime) -> Health | None:
    late = now - state.next_at
    if state.last_poll_at is None:
        if now - max(state.created_at, state.next_at) > timedelta(seconds=LATE_SECONDS):
            return Health("warn", f"等待首次抓取已 {age(late)}")
        return Health("ok", "等待首次抓取")
    if not state.failures and late > timedelta(seconds=max(LATE_SECONDS, state.interval_seconds)):
        return Health("warn", f"抓取已迟 {age(late)}")
    return None


def _failing(state: Vitals, now: datetime) -> Health | None:
    if not state.failures:
        return None
    since = f"上次成功 {age(now - state.last_ok_at)}前" if state.last_ok_at else "从未成功"
    if state.failures >= RED_FAILURES:
        return Health("bad", f"连续失败，{since}")
    return Health("warn", f"失败待重试，{since}")


def _silence(state: Vitals, watch: s.Watch, now: datetime) -> Health:
    if state.newest_item_at is None:
        return Health("warn", "能连通，但还没有读到报道")
    silent = now - state.newest_item_at
    if silent > timedelta(hours=watch.silence_hours * DEAD_SILENCES):
        return Health("bad", f"已 {age(silent)}没有新报道，疑似停更")
    if silent > timedelta(hours=watch.silence_hours):
        return Health("warn", f"已 {age(silent)}没有新报道")
    return Health("ok", f"最新报道 {age(silent)}前")


def age(span: timedelta) -> str:
    """A span in the unit a person would use: ``40 秒``, ``12 分钟``, ``5 小时``, ``3 天``; never negative."""
    seconds = max(0.0, span.total_seconds())
    for size, unit in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} 秒"
