"""How many cases the coming four weeks will bring to each prefecture: level of the last 28 days times the year's shape.

The shape (``ramp``) is the whole province's, the level each prefecture's own. With fewer than two festivals in the data
nobody can know the ramp: a band between two scenarios is given and no middle. With less still, a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitors.hotspots.backtest import Backtest, backtests
from monitors.hotspots.outlook import RAMP_DAYS, SCENARIO_PEAK, Outlook, festivals_within, modelled, scenario

LEAST_DAYS, LEAST_EVENTS = 120, 60
LEAST_FESTIVALS = 2  # with the 60 days before them, for a ramp of their own
LONGEST_SILENCE = 90  # days; before so long without one event anywhere nobody counted, whatever stray case lies there

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Forecast:
    """``kind`` 模型 or 情景, with the reason in ``words``; ``province`` is its own figure, not the sum of intervals.

    ``backtests``: the same procedure on earlier days, all of them and those before festivals; none in a scenario.
    """

    kind: Literal["模型", "情景"]
    words: str
    outlooks: tuple[Outlook, ...]
    province: Outlook
    days: int
    events: int
    festivals: int
    backtests: tuple[Backtest, ...]


@dataclass(frozen=True, slots=True)
class TooShort:
    """Nothing is foretold; ``reason`` says in Chinese what is there and what is needed."""

    reason: str
    days: int
    events: int


def forecast(
    history: Mapping[int, Counts], days: Sequence[date], festivals: Sequence[date], *, horizon: int = 28
) -> Forecast | TooShort:
    """Foretell the ``horizon`` days (whole weeks) after the last of ``days``, by prefecture index.

    ``history`` holds int[T] events a day per prefecture, ``days`` the T days without a gap, ``festivals`` the Spring
    Festivals of these and the coming years. Days before the first event, or before ninety days without any, are no
    history: an old case, or one with a wrong year, does not make young data old. Raises ValueError where days have
    gaps or lengths differ.
    """
    keys = sorted(history)
    length = len(days)
    if any(len(history[key]) != length for key in keys):
        raise ValueError("every prefecture needs one count per day")
    if length and (days[-1] - days[0]).days != length - 1:
        raise ValueError("days have gaps")
    if horizon < 7 or horizon % 7:
        raise ValueError("the horizon is whole weeks")
    counts = np.stack([history[key] for key in keys]).astype(np.int64) if keys else np.zeros((0, length), np.int64)
    first = _first_counted(counts.sum(axis=0))
    counts, days, length = counts[:, first:], days[first:], length - first
    events = int(counts.sum())
    if length < LEAST_DAYS or events < LEAST_EVENTS:
        reason = (
            f"现有 {length} 天、{events} 起的数据，至少要有 {LEAST_DAYS} 天、{LEAST_EVENTS} 起才能预测，"
            "攒够以后自动显示。"
        )
        return TooShort(reason, length, events)
    past = len(festivals_within(days, festivals))
    future = [days[-1] + timedelta(days=ahead) for ahead in range(1, horizon + 1)]
    rows = np.concatenate((counts, counts.sum(axis=0, keepdims=True)))
    names = [*keys, -1]
    tested: tuple[Backtest, ...] = ()
    if past < LEAST_FESTIVALS:
        found = scenario(rows, days, future, festivals)
        words = (
            f"数据里只有 {past} 个完整的春节前 {RAMP_DAYS} 天，至少要 {LEAST_FESTIVALS} 个才能算出节前涨幅。"
            f"下限按近 28 天水平持平、节后回落，上限假定节前 {RAMP_DAYS} 天内逐步涨到 {SCENARIO_PEAK} 倍，不给中间值。"
        )
        kind: Literal["模型", "情景"] = "情景"
    else:
        found = modelled(rows, days, future, festivals)
        tested = backtests(rows, days, festivals, horizon)
        words = f"按近 28 天水平、星期和距春节天数推算，节前涨幅取自数据里的 {past} 个春节；区间为 80%。"
        kind = "模型"
    outlooks = tuple(Outlook(name, spans[:-1], spans[-1]) for name, spans in zip(names, found, strict=True))
    return Forecast(kind, words, outlooks[:-1], outlooks[-1], length, events, past, tested)


def _first_counted(totals: Counts) -> int:
    """The row of ``totals`` int[T] from which on there is history; T where there is no event at all."""
    with_events = np.flatnonzero(totals)
    if not len(with_events):
        return len(totals)
    silences = np.flatnonzero(np.diff(with_events) > LONGEST_SILENCE)
    return int(with_events[silences[-1] + 1] if len(silences) else with_events[0])
