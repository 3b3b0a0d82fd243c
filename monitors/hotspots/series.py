"""Events counted for the page 趋势: by day and place, by day and word, always within the reader's part.

Counted in SQL over a bounded window, so that what leaves the database is as small as what the page shows. Events are
stories of this province (舆情, by the Shanghai day they were first seen) or cases (台账, by the day of acceptance).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Date, FromClause, Integer, and_, case, cast, func, select, true

from monitors.access.scope import EVERYWHERE, PROVINCE, Scope, within
from monitors.clock import SHANGHAI, local
from monitors.hotspots.events import DataSet
from monitors.regions import divisions
from monitors.store import tables as t

UNITS: Final[Mapping[DataSet, str]] = {"舆情": "起", "台账": "件"}
# What events are told apart by, beside their place.
DIMENSIONS: Final[Mapping[DataSet, tuple[str, ...]]] = {
    "舆情": ("关键词", "类别", "首发来源", "立场", "级别"),
    "台账": ("标签", "行业", "线索渠道", "办理状态"),
}
NONE: Final = "未注明"
MAX_DAYS: Final = 400  # of the range a reader may choose
BEFORE: Final = 70  # days read ahead of a range, so that its first day has a baseline too

Counts = NDArray[np.int64]
_DAY_SECONDS = 86_400
_OFFSET_SECONDS = 8 * 3600  # Shanghai has kept UTC+8 since 1991
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at: events of ``data_set`` from ``first`` to ``last``, both included, within ``region``.

    The reader's scope holds whatever region is asked for.
    """

    data_set: DataSet
    first: date
    last: date
    region: str = PROVINCE


@dataclass(frozen=True, slots=True)
class Daily:
    """Events a day: ``counts`` int[len(keys), T], the first column is the day ``first``, the last one the day asked."""

    first: date
    keys: tuple[str, ...]
    counts: Counts

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.counts.shape[1] - 1)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range(self.counts.shape[1]))

    @property
    def total(self) -> Counts:
        """int[T]: all keys together. For words this is more than the events, since one event has several."""
        found: Counts = self.counts.sum(axis=0, dtype=np.int64)
        return found

    def of(self, key: str) -> Counts:
        """int[T] of one key; zeros where nothing was counted."""
        if key in self.keys:
            found: Counts = self.counts[self.keys.index(key)]
            return found
        return np.zeros(self.counts.shape[1], dtype=np.int64)

    def until(self, last: date) -> Daily:
        """The same without the days after ``last``, as if it were today."""
        length = max(0, (last - self.first).days + 1)
        return Daily(self.first, self.keys, self.counts[:, :length])

    def grouped(self, names: Mapping[str, str]) -> Daily:
        """The rows added up under new names, in the order the names first appear; keys without a name are left out."""
        keys = tuple(dict.fromkeys(names.values()))
        counts = np.zeros((len(keys), self.counts.shape[1]), dtype=np.int64)
        for row, key in enumerate(self.keys):
            if key in names:
                counts[keys.index(names[key])] += self.counts[row]
        return Daily(self.first, keys, counts)


def by_place(connection: Connection, scope: Scope, window: Window) -> Daily:
    """Events a day by division: counties, and prefectures or the province where no more is known."""
    source, day, place, wanted = _events(connection, scope, window)
    query = select(day, place, func.count()).select_from(source).where(wanted).group_by(day, place)
    rows = connection.execute(query)
    return _daily(window, ((int(d), divisions.current_code(str(code)), int(n)) for d, code, n in rows))


def by(connection: Connection, scope: Scope, window: Window, dimension: str) -> Daily:
    """Events a day by one of ``DIMENSIONS``. An event with several words or tags counts for each of them.

    Raises:
        ValueError: a dimension the data set does not have.
    """
    if dimension not in DIMENSIONS[window.data_set]:
        raise ValueError(f"{window.data_set} are not told apart by {dimension}")
    source, day, _, wanted = _events(connection, scope, window)
    key: ColumnElement[Any]
    if dimension in ("关键词", "标签"):
        column = t.story.c.matched if dimension == "关键词" else t.wage_case.c.tags
        each = _each(connection, column)
        source, key = source.join(each, true()), each.c.value
    elif dimension == "行业":
        source = source.outerjoin(t.project, t.project.c.id == t.wage_case.c.project_id)
        key = func.coalesce(t.project.c.industry, NONE)
    else:
        key = {
            "类别": func.coalesce(t.story.c.kind, NONE),
            "首发来源": t.story.c.first_outlet,
            "立场": t.story.c.stance,
            "级别": t.story.c.level,
            "线索渠道": t.wage_case.c.channel,
            "办理状态": t.wage_case.c.state,
        }[dimension]
    query = select(day, key, func.count()).select_from(source).where(wanted).group_by(day, key)
    found = _daily(window, ((int(d), str(name), int(n)) for d, name, n in connection.execute(query)))
    return found.grouped(_groups_of_outlets(connection, found.keys)) if dimension == "首发来源" else found


def begun(connection: Connection, data_set: DataSet) -> date | None:
    """The day of the province's first event, since when the records are kept; None where there is none.

    Of the whole province whoever asks: a county without events since then was calm or unseen, not unrecorded.
    """
    moment = t.story.c.first_seen_at if data_set == "舆情" else t.wage_case.c.accepted_on
    found = connection.scalar(select(func.min(moment)).where(_here(EVERYWHERE, data_set, PROVINCE)))
    return local(found).date() if isinstance(found, datetime) else found


def midnight(day: date) -> datetime:
    """When the day begins on the office's clock."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def here(scope: Scope, region: str) -> ColumnElement[bool]:
    """Condition on ``story``: of this province, within the reader's part of it and within ``region``."""
    return _here(scope, "舆情", region)


def _here(scope: Scope, data_set: DataSet, region: str) -> ColumnElement[bool]:
    place = t.story.c.region if data_set == "舆情" else t.wage_case.c.region
    counted = _true_stories() if data_set == "舆情" else (t.wage_case.c.state != "不属实",)
    return and_(*counted, *(within(place, code) for code in sorted({scope.region, region} - {PROVINCE, ""})))


def _true_stories() -> tuple[ColumnElement[bool], ...]:
    """Of this province, not emptied by a merge, not found to be no wage arrears: as ``events.read`` counts them."""
    over = t.alert.c.state.in_(("误报", "并案"))
    fallen = select(t.alert.c.story_id).group_by(t.alert.c.story_id).having(func.max(case((over, 0), else_=1)) == 0)
    return t.story.c.scope == "本省", t.story.c["items"] > 0, t.story.c.id.not_in(fallen)


def _events(
    connection: Connection, scope: Scope, window: Window
) -> tuple[FromClause, ColumnElement[int], ColumnElement[str], ColumnElement[bool]]:
    """Table, whole days since 1970, division and condition of the events."""
    sqlite = connection.dialect.name == "sqlite"
    wanted = _here(scope, window.data_set, window.region)
    day: ColumnElement[int]
    if window.data_set == "台账":
        on = t.wage_case.c.accepted_on
        if sqlite:
            day = cast(func.strftime("%s", on), Integer).op("/")(_DAY_SECONDS)
        else:
            day = cast(on - cast(_EPOCH, Date), Integer)
        return t.wage_case, day, t.wage_case.c.region, and_(on.between(window.first, window.last), wanted)
    seen = t.story.c.first_seen_at
    if sqlite:
        # Division of integers is whole in SQLite; SQLAlchemy's // would add a FLOOR that plain builds lack.
        day = (cast(func.strftime("%s", seen), Integer) + _OFFSET_SECONDS).op("/", precedence=8)(_DAY_SECONDS)
    else:
        day = cast(func.floor((func.extract("epoch", seen) + _OFFSET_SECONDS) / _DAY_SECONDS), Integer)
    inside = and_(seen >= midnight(window.first), seen < midnight(window.last + timedelta(days=1)))
    return t.story, day, t.story.c.region, and_(inside, wanted)


def _each(connection: Connection, column: ColumnElement[Any]) -> Any:
    """The entries of a list kept as JSON, as rows."""
    read = func.json_each if connection.dialect.name == "sqlite" else func.json_array_elements_text
    return read(column).table_valued("value")


def _groups_of_outlets(connection: Connection, outlets: Iterable[str]) -> dict[str, str]:
    rows = connection.execute(select(t.source.c.outlet, t.source.c.group_name).order_by(t.source.c.id.desc()))
    groups = {str(outlet): str(group) for outlet, group in rows}
    return {outlet: groups.get(outlet, NONE) for outlet in outlets}


def _daily(window: Window, rows: Iterable[tuple[int, str, int]]) -> Daily:
    start, length = (window.first - _EPOCH).days, (window.last - window.first).days + 1
    found = list(rows)
    keys = tuple(sorted({key for _, key, _ in found}))
    at = {key: row for row, key in enumerate(keys)}
    counts = np.zeros((len(keys), max(0, length)), dtype=np.int64)
    for day, key, number in found:
        counts[at[key], day - start] += number
    return Daily(window.first, keys, counts)
