"""Working days of the office (工作日): weekends, statutory holidays and 调休 as the State Council announces them.

The package ``chinese_calendar`` knows the announced years; ``data/holidays.toml`` adds a year, or corrects one, without
code. A year nobody has announced has its weekends and statutory days alone (全国年节及纪念日放假办法), and ``known``
says so: such a date may still move by a few days either way.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from chinese_calendar import constants  # type: ignore[import-untyped]  # the package carries no types
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from monitors.errors import SettingsError
from monitors.errors import reason as reason_of
from monitors.settings import ROOT
from monitors.settings_faults import explain, not_toml

HOLIDAYS = ROOT / "data" / "holidays.toml"
_DAY = timedelta(days=1)
_FIXED = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))  # statutory days that follow no moon
_SHIPPED = range(min(constants.holidays).year, max(constants.holidays).year + 1)


class _Year(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    official: bool
    off: frozenset[date]
    work: frozenset[date] = frozenset()

    @field_validator("official", mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        if not isinstance(value, bool):
            raise PydanticCustomError("bool_type", "应为 true 或 false")
        return value

    @field_validator("off", "work", mode="before")
    @classmethod
    def _days(cls, value: object, info: ValidationInfo) -> frozenset[date]:
        year = info.context["year"] if info.context else 0
        return frozenset(day for entry in _list(value) for day in _span(entry, year))

    @field_validator("work")
    @classmethod
    def _weekend(cls, value: frozenset[date], info: ValidationInfo) -> frozenset[date]:
        both = sorted(value & info.data.get("off", frozenset()))
        if both:
            raise PydanticCustomError("both", "{day} 同时写在放假和上班里", {"day": both[0].isoformat()})
        plain = sorted(day for day in value if day.weekday() < 5)
        if plain:
            raise PydanticCustomError("plain", "{day} 不是周六、周日，不必写", {"day": plain[0].isoformat()})
        return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise PydanticCustomError("list_type", "应为列表")
    return value


def _span(entry: object, year: int) -> list[date]:
    """The days of one entry: a date, or the two ends of a holiday."""
    ends = entry if isinstance(entry, list) else [entry, entry]
    if len(ends) != 2 or not all(type(end) is date for end in ends):  # a datetime is a date too, but not a day
        raise PydanticCustomError("days", "应为日期（例如 2027-01-01）或起止两个日期（例如 [2027-02-05, 2027-02-11]）")
    first, last = cast("list[date]", ends)
    for end in (first, last):
        if end.year != year:
            raise PydanticCustomError("year", "{day} 不在这一年", {"day": end.isoformat()})
    if last < first or (last - first).days > 30:
        raise PydanticCustomError("order", "{a} 至 {b} 起止颠倒或过长", {"a": first.isoformat(), "b": last.isoformat()})
    return [first + _DAY * n for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the file adds to the announced years of the package."""

    years: Mapping[int, _Year]

    def known(self, year: int) -> bool:
        """Whether the year's official table is present."""
        own = self.years.get(year)
        return year in _SHIPPED or (own is not None and own.official)

    def workdays(self, year: int) -> tuple[date, ...]:
        """All working days of the year, in order."""
        own = self.years.get(year)
        if own and (own.official or year not in _SHIPPED):
            off, work = own.off, own.work
        elif year in _SHIPPED:
            off = frozenset(day for day in constants.holidays if day.year == year)
            work = frozenset(day for day in constants.workdays if day.year == year)
        else:
            off, work = frozenset(date(year, month, day) for month, day in _FIXED), frozenset()
        first = date(year, 1, 1)
        days = (first + _DAY * n for n in range((date(year, 12, 31) - first).days + 1))
        return tuple(day for day in days if day in work or (day.weekday() < 5 and day not in off))


def load(path: Path = HOLIDAYS) -> Calendar:
    """Read and check the operator's file.

    Raises:
        SettingsError: it cannot be read, is not TOML, or holds a wrong year or day; file, line and key are named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"无法读取放假日历 {path}：{reason_of(error)}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"放假日历 {path} 不是 UTF-8 编码，请另存为 UTF-8") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(not_toml(path, text, str(error))) from error
    return Calendar({_number(path, text, key): _checked(path, text, key, table) for key, table in tables.items()})


def _number(path: Path, text: str, key: str) -> int:
    if key.isascii() and key.isdigit() and 2004 <= int(key) <= 2100:
        return int(key)
    line = next((n for n, one in enumerate(text.splitlines(), 1) if one.strip().lstrip("[").startswith(key)), 1)
    raise SettingsError(f"设置有误，未启动。\n{path} 第 {line} 行：{key} 应为 2004–2100 之间的年份，写作 [2027]")


def _checked(path: Path, text: str, key: str, table: object) -> _Year:
    try:
        return TypeAdapter(dict[str, _Year]).validate_python({key: table}, context={"year": int(key)})[key]
    except ValidationError as error:
        raise SettingsError(explain(path, text, error)) from error


@cache
def _present() -> Calendar:
    return load()


@cache
def _of(year: int) -> tuple[date, ...]:
    return _present().workdays(year)


@cache
def _set(year: int) -> frozenset[date]:
    return frozenset(_of(year))


def known(year: int) -> bool:
    """Whether the official table of that year is present; otherwise weekends and statutory days are all we know."""
    return _present().known(year)


def is_workday(day: date) -> bool:
    """Whether the office works that day (调休 weekends included)."""
    return day in _set(day.year)


def add_workdays(start: date, days: int) -> date:
    """The last day of a limit of ``days`` working days; counting starts the day after ``start``. 0 gives ``start``.

    Raises:
        ValueError: ``days`` is negative.
    """
    if days < 0:
        raise ValueError("a limit cannot be negative")
    if not days:
        return start
    year = start.year
    index = bisect_right(_of(year), start) + days - 1
    while index >= len(_of(year)):
        index -= len(_of(year))
        year += 1
    return _of(year)[index]


def workdays_between(a: date, b: date) -> int:
    """Working days after ``a`` up to and including ``b``; negative where ``b`` lies before ``a``."""
    if b < a:
        return -workdays_between(b, a)
    whole = sum(len(_of(year)) for year in range(a.year, b.year))
    return whole + bisect_right(_of(b.year), b) - bisect_right(_of(a.year), a)
