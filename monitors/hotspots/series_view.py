"""What the page 趋势 shows of daily counts: weeks, what was to be expected, rows of places and words, bursts in words.

Pure: counts in, figures out. Weeks are blocks of seven days that end on the last day, so that no week is a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitors.access.scope import PROVINCE
from monitors.hotspots import tails
from monitors.hotspots.bursts import (
    BASELINE,
    GAP,
    LEAST_BASELINE,
    Burst,
    Series,
    Trend,
    benjamini_hochberg,
    bursts,
    dispersion,
    province_level,
    trend,
)
from monitors.hotspots.series import Counts, Daily
from monitors.regions import divisions

Floats = NDArray[np.float64]
WEEK: Final = 7
BAND: Final = 0.8  # of the weeks lie within the grey band where nothing happens
# p-value below which a place's last days are called so; the words say how often chance alone shows as many.
SURPRISES: Final = ((0.001, "罕见"), (0.01, "少见"), (0.05, "偏多"))
_RISE_LEAST = 3  # events of a word in 28 days below which no rise is named
MAX_WORDS: Final = 60  # most frequent words looked at: each further one makes the others' bar higher


@dataclass(frozen=True, slots=True)
class Band:
    """Per week and part what was to be expected: float[parts, weeks], NaN where there is too little before it."""

    low: Floats
    mean: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Place:
    """One county or prefecture in the table. ``weekly`` oldest first; ``chosen`` events of the days chosen."""

    code: str
    weekly: tuple[int, ...]
    chosen: int
    trend: Trend | None
    burst: Burst


@dataclass(frozen=True, slots=True)
class Word:
    """One word (or tag) of the last 28 days against the 28 before, beside all words' change.

    ``share`` and ``share_before`` are its parts of the events; ``p_value``: how often so many of its mentions would
    fall into the later days if it had only risen as the events did; ``q_value`` is that over all words.
    """

    key: str
    trend: Trend
    share: float
    share_before: float
    p_value: float
    q_value: float
    rising: bool


def weekly(daily: Daily, weeks: int) -> Counts:
    """int[keys, at most ``weeks``]: sums of seven days, the last ending on the last day; whole weeks alone."""
    number = min(weeks, daily.counts.shape[1] // WEEK)
    used = daily.counts[:, daily.counts.shape[1] - number * WEEK :]
    found: Counts = used.reshape(len(daily.keys), number, WEEK).sum(axis=2)
    return found


def week_ends(daily: Daily, weeks: int) -> tuple[date, ...]:
    """The last day of each of those weeks."""
    number = min(weeks, daily.counts.shape[1] // WEEK)
    return tuple(daily.last - timedelta(days=WEEK * (number - 1 - n)) for n in range(number))


def parts_of(region: str) -> tuple[str, ...]:
    """The divisions a region is drawn by: the province's prefectures, a prefecture's counties, a county itself."""
    if region == PROVINCE:
        return tuple(d.code for d in divisions.prefectures())
    inside = tuple(d.code for d in divisions.counties() if d.parent == region)
    return inside or (region,)


def counties_of(region: str) -> tuple[str, ...]:
    """The counties of a region, in order of code."""
    return tuple(d.code for d in divisions.counties() if divisions.within(d.code, region))


def by_part(places: Daily, parts: Sequence[str]) -> Daily:
    """Events a day of each part, those known to it alone among them, in the order of ``parts``."""
    counts = np.zeros((len(parts), places.counts.shape[1]), dtype=np.int64)
    for row, part in enumerate(parts):  # one part may lie within another: a county and its prefecture
        counts[row] = places.counts[[divisions.within(code, part) for code in places.keys]].sum(axis=0)
    return Daily(places.first, tuple(parts), counts)


def expected(parts: Daily, weeks: int) -> Band:
    """The grey band: what each week's number lies in 80 times of 100, judged by up to 56 days two days before it.

    Negative binomial of mean m = 7(S + ½)/days and variance m + ψm² + m²/(S + ½), ψ shared by the parts, as ``bursts``
    has it for seven days.
    """
    length, number = parts.counts.shape[1], min(weeks, parts.counts.shape[1] // WEEK)
    shape = (len(parts.keys), number)
    low, mean, high = (np.full(shape, np.nan) for _ in range(3))
    psi = dispersion(parts.counts, np.ones(parts.counts.shape), WEEK) if length >= 2 * WEEK else 0.0
    for week in range(number):
        stop = length - (number - week) * WEEK - GAP
        start = max(0, stop - BASELINE)
        if stop - start < LEAST_BASELINE:
            continue
        seen = parts.counts[:, start:stop].sum(axis=1)
        means = (seen + 0.5) * WEEK / (stop - start)
        variances = means + means**2 * (psi + 1.0 / (seen + 0.5))
        mean[:, week] = means
        for row, (m, v) in enumerate(zip(means.tolist(), variances.tolist(), strict=True)):
            low[row, week] = tails.quantile((1 - BAND) / 2, m, v)
            high[row, week] = tails.quantile((1 + BAND) / 2, m, v)
    return Band(low, mean, high)


def place_series(places: Daily, codes: Sequence[str]) -> tuple[Series, ...]:
    """One series per code; its exposure is the level of all the others, so that a common rise is nobody's burst."""
    daily = by_part(places, codes)
    whole = places.total
    if len(codes) < 2:
        return tuple(Series(code, daily.of(code)) for code in codes)
    return tuple(Series(code, own, province_level(whole - own)) for code, own in zip(codes, daily.counts, strict=True))


def surprise(burst: Burst) -> str:
    """偏多, 少见 or 罕见 by the p-value; ``""`` where chance shows as many often enough."""
    return next((words for limit, words in SURPRISES if burst.p_value < limit and burst.observed), "")


def judged(series: Sequence[Series], days: Sequence[date], q: float) -> tuple[Burst, ...]:
    """``bursts`` over everything that is looked at, so that q speaks for the whole page."""
    return bursts(series, np.array([day.weekday() for day in days], dtype=np.int64), q=q)


def rows(places: Daily, found: Mapping[str, Burst], codes: Sequence[str], *, weeks: int, chosen: int) -> list[Place]:
    """The table of ``codes``: those that rose most first; ``chosen`` is the length of the days chosen."""
    daily = by_part(places, codes)
    by_week = weekly(daily, weeks)
    made = [
        Place(
            code,
            tuple(int(n) for n in by_week[row]),
            int(daily.counts[row, max(0, daily.counts.shape[1] - chosen) :].sum()),
            trend(daily.counts[row]),
            found[code],
        )
        for row, code in enumerate(codes)
    ]
    return sorted(made, key=_by_change)


def _by_change(row: Place) -> tuple[float, float, int, str]:
    """Surest rise first: the least p, then the ratio's lower end, then the number."""
    low = row.trend.low if row.trend else 0.0
    return min(row.burst.p_value, 0.05), -low, -row.chosen, row.code


def words(named: Daily, events: Counts, *, q: float) -> list[Word]:
    """The words that rise against ``events`` int[T] of the same days, surest first. Nothing with less than 35 days.

    p = P(X ≥ a) for X ~ Binomial(a + b, e₁/(e₁ + e₂)): a mentions of the last 28 days, b of the 28 before, e₁ and e₂
    the events of both; then Benjamini–Hochberg over the words.
    """
    whole = trend(events)
    if whole is None:
        return []
    order = np.argsort(-named.counts[:, -2 * 4 * WEEK :].sum(axis=1), kind="stable")[:MAX_WORDS]
    both = [
        (named.keys[row], one) for row in order if (one := trend(named.counts[row])) and one.last28 + one.previous28
    ]
    if not both:
        return []
    now, before = max(whole.last28, 1), max(whole.previous28, 1)
    due = (whole.last28 + 0.5) / (whole.last28 + whole.previous28 + 1.0)
    p_values = np.array([_at_least(one.last28, one.last28 + one.previous28, due) for _, one in both])
    q_values = benjamini_hochberg(p_values)
    found = [
        Word(
            key,
            one,
            one.last28 / now,
            one.previous28 / before,
            float(p_values[i]),
            float(q_values[i]),
            bool(q_values[i] <= q and one.last28 >= _RISE_LEAST),
        )
        for i, (key, one) in enumerate(both)
    ]
    return sorted(found, key=lambda word: (not word.rising, word.p_value, -word.trend.last28, word.key))


def _at_least(count: int, number: int, probability: float) -> float:
    """P(X ≥ ``count``) for X ~ Binomial(``number``, ``probability``), by the beta distribution."""
    return 1.0 if count <= 0 else tails.beta_at_most(probability, count, number - count + 1)


def burst_words(burst: Burst, name: str, unit: str, last: date, first: date) -> str:
    """``红河州 近3天 8 起，通常 2.1 起，11月18日起偏多``; ``first`` is the day of row 0."""
    when = f"{last.month}月{last.day}日" if burst.window == 1 else f"近{burst.window}天"
    said = f"{name} {when} {burst.observed} {unit}，通常 {figure(burst.expected)} {unit}"
    if burst.since is None:
        return said
    day = first + timedelta(days=burst.since)
    return f"{said}，{day.month}月{day.day}日起偏多"


def figure(number: float) -> str:
    """One decimal below ten, none above: ``2.1``, ``14``."""
    return f"{number:.1f}" if number < 9.95 else f"{number:.0f}"


def ordered(found: Sequence[Burst], named: Callable[[str], str]) -> list[tuple[str, Burst]]:
    """The significant ones with their names, surest first."""
    raised = sorted((one for one in found if one.significant), key=lambda one: (one.p_value, one.key))
    return [(named(one.key), one) for one in raised]
