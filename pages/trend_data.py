"""What the page 趋势 asks of the store, kept by data version and by the reader's part of the province."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import streamlit as st

from monitors.access.scope import Scope
from monitors.hotspots import series, series_spread, series_view
from monitors.hotspots.bursts import Burst, Series, province_level
from monitors.hotspots.events import DataSet
from monitors.hotspots.festivals import SPRING_FESTIVALS
from monitors.hotspots.series import BEFORE, DIMENSIONS, Daily, Window
from monitors.hotspots.series_spread import Spread
from monitors.hotspots.series_view import Place
from monitors.ledger import workdays
from pages import context

# Tables whose change changes the counts.
COUNTED: Mapping[DataSet, tuple[str, ...]] = {"舆情": ("story", "alert"), "台账": ("wage_case",)}
# Told apart by these, a series is looked over for bursts; how a case ended or a story is told is no event of its own.
BURSTING: Mapping[DataSet, tuple[str, ...]] = {
    "舆情": ("关键词", "类别", "首发来源"),
    "台账": ("标签", "行业", "线索渠道"),
}
_SEVERAL = 40  # most frequent values of a dimension that are looked at
_LIVE = 3600  # seconds a cached answer is kept at most


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at now: who sees, which window; ``begun`` is the day of the first event of all."""

    scope: Scope
    window: Window
    begun: date
    now: datetime

    @property
    def version(self) -> tuple[str, ...]:
        return context.versions(*COUNTED[self.window.data_set])

    @property
    def with_before(self) -> Window:
        """The window with what its first days are held against."""
        first = max(self.begun, self.window.first - timedelta(days=BEFORE))
        return replace(self.window, first=first)

    @property
    def length(self) -> int:
        """Days of the window."""
        return (self.window.last - self.window.first).days + 1

    @property
    def weeks(self) -> int:
        """Weeks the charts show: those of the window, four at least, for a line needs some."""
        return max(4, self.length // series_view.WEEK)


@dataclass(frozen=True, slots=True)
class Judged:
    """Every series that was looked over, with its answer; ``first`` is the day of row 0 of the series."""

    first: date
    found: Mapping[str, Burst]


@st.cache_data(max_entries=64, ttl=_LIVE, show_spinner=False)
def begun(version: tuple[str, ...], scope: Scope, data_set: DataSet) -> date | None:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return series.begun(connection, data_set)


@st.cache_data(max_entries=64, ttl=_LIVE, show_spinner="正在统计…")
def _places(version: tuple[str, ...], scope: Scope, window: Window) -> Daily:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return series.by_place(connection, scope, window)


@st.cache_data(max_entries=128, ttl=_LIVE, show_spinner="正在统计…")
def _named(version: tuple[str, ...], scope: Scope, window: Window, dimension: str) -> Daily:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return series.by(connection, scope, window, dimension)


@st.cache_data(max_entries=32, ttl=_LIVE, show_spinner="正在统计传播速度…")
def _spreads(version: tuple[str, ...], scope: Scope, window: Window) -> tuple[Spread, ...]:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return series_spread.fastest(connection, scope, window)


@st.cache_data(max_entries=64, ttl=_LIVE, show_spinner="正在比对…")
def _judged(version: tuple[str, ...], scope: Scope, window: Window, q: float) -> Judged:
    places = _places(version, scope, window)
    codes = dict.fromkeys((*series_view.counties_of(window.region), *series_view.parts_of(window.region)))
    every = list(series_view.place_series(places, tuple(codes)))
    for dimension in BURSTING[window.data_set]:
        named = _named(version, scope, window, dimension)
        for key in most(named, _SEVERAL):
            own = named.of(key)
            every.append(Series(f"{dimension}/{key}", own, province_level((places.total - own).clip(0))))
    return Judged(places.first, {one.key: one for one in series_view.judged(every, places.days, q)})


def places(asked: Asked) -> Daily:
    """Events a day by place, with the days before the window that it is held against."""
    return _places(asked.version, asked.scope, asked.with_before)


def named(asked: Asked, dimension: str) -> Daily:
    """The same by word, kind, source and so on."""
    version = asked.version
    if dimension == "行业":
        version += context.versions("project")
    if dimension == "首发来源":
        version += context.versions("source")
    return _named(version, asked.scope, asked.with_before, dimension)


def spreads(asked: Asked) -> tuple[Spread, ...]:
    """The stories of the window that spread fastest."""
    return _spreads(asked.version, asked.scope, asked.window)


def judged(asked: Asked) -> Judged:
    """All series of the page held against their own usual level, as if the window's last day were today."""
    return _judged(asked.version, asked.scope, asked.with_before, context.settings().hotspot.burst_q)


def county_rows(asked: Asked) -> tuple[Place, ...]:
    """The counties of the window's region, those that rose most first."""
    codes = series_view.counties_of(asked.window.region)
    found = judged(asked).found
    return tuple(series_view.rows(places(asked), found, codes, weeks=asked.weeks, chosen=asked.length))


def most(daily: Daily, number: int) -> tuple[str, ...]:
    """The keys with most events, in that order."""
    sums = daily.counts.sum(axis=1)
    return tuple(daily.keys[row] for row in sorted(range(len(daily.keys)), key=lambda row: (-sums[row], row))[:number])


def festivals(days: tuple[date, ...]) -> Mapping[date, str]:
    """Days with a name: Spring Festival, and working days on which the office rests."""
    found = {day: "休假" for day in days if day.weekday() < 5 and not workdays.is_workday(day)}
    return found | {day: "春节" for day in days if day in SPRING_FESTIVALS}


def dimensions(asked: Asked) -> tuple[str, ...]:
    """What events of the data set are told apart by."""
    return DIMENSIONS[asked.window.data_set]
