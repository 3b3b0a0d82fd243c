"""Checks of single records (E01–E14, domain.md 3.2), shared by every writer and the importer. No store, no clock.

Each returns the faults it found, at the fields named by the caller; a value that is missing (None, "") passes every
check but ``required``, so that a form says one thing per field. Money is 分, people are whole persons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from monitors.ledger import uscc
from monitors.ledger.faults import Fault, fault
from monitors.ledger.model import LEADERS, MAX_AVERAGE_FEN, MAX_PERSONS, MAX_TEXT, MIN_AVERAGE_FEN, TAGS
from monitors.regions import divisions
from monitors.settings import Settings

FIRST_DAY = date(2000, 1, 1)  # an earlier day is a mistyped year or a spreadsheet's serial read in the wrong epoch
MAX_COUNT = 10_000_000  # persons of one record, plausible or not: above it nothing can be added up
MAX_FEN = 10**13  # 1000 亿元: a million such records still add up within the database's integers

# What E03 asks of a case found true and of a hazard.
DUTY = {"plan": "化解方案", "unit": "责任单位", "person": "责任人", "due": "完成时限"}


def required(field: str, value: object, name: str) -> list[Fault]:
    """``name`` must be filled in; blank text and an empty list count as missing, 0 does not."""
    if value is None or (isinstance(value, str) and not value.strip()) or value in ([], ()):
        return [Fault(field, f"请填写{name}")]
    return []


def text(field: str, value: str | None, name: str, limit: int = MAX_TEXT) -> list[Fault]:
    """At most ``limit`` characters, and none that a database or a workbook cannot hold."""
    if not value:
        return []
    if len(value) > limit:
        return [Fault(field, f"{name}不能超过{limit}个字，现有{len(value)}个字")]
    # Category C*: controls and lone surrogates; line breaks and tabs are what people type.
    if any((c < " " and c not in "\n\r\t") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in value):
        return [Fault(field, f"{name}含有无法保存的控制字符，请重新输入")]
    return []


def choice(field: str, value: str | None, choices: Iterable[str], name: str) -> list[Fault]:
    """One of ``choices``; empty passes (see ``required``)."""
    if not value:
        return []
    words = [str(one) for one in choices]
    return [] if str(value) in words else [Fault(field, f"{name}应为以下之一：{'、'.join(words)}")]


def chosen(field: str, values: Collection[str], choices: Iterable[str], name: str) -> list[Fault]:
    """Each of ``values`` one of ``choices``, none twice."""
    words = [str(one) for one in choices]
    strange = [str(one) for one in values if str(one) not in words]
    if strange:
        return [Fault(field, f"{name}“{'、'.join(strange)}”不在可选范围：{'、'.join(words)}")]
    return [Fault(field, f"{name}有重复")] if len(set(values)) < len(values) else []


def tags(values: Collection[str], field: str = "tags") -> list[Fault]:
    """Focus tags (R42), from ``model.TAGS``."""
    return chosen(field, values, TAGS, "标签")


def count(field: str, value: int | None, name: str) -> list[Fault]:
    """A number of persons or things: not negative, and not beyond what can be added up."""
    return _bounded(field, value, name, MAX_COUNT, "")


def fen(field: str, value: int | None, name: str) -> list[Fault]:
    """An amount in 分: not negative, and not beyond what can be added up."""
    return _bounded(field, value, name, MAX_FEN, "金额")


def _bounded(field: str, value: int | None, name: str, most: int, what: str) -> list[Fault]:
    if value is None:
        return []
    if value < 0:
        return [Fault(field, f"{name}不能为负数")]
    return [Fault(field, f"{name}{what}过大，请核对")] if value > most else []


def persons(field: str, migrants: int | None, workers: int | None) -> list[Fault]:
    """E01 at ``field``, the migrants' column: no more 农民工 than 职工. Also 签订合同人数 against 农民工人数."""
    return [fault("E01", field)] if migrants is not None and workers is not None and migrants > workers else []


def money(field: str, migrant_fen: int | None, total_fen: int | None) -> list[Fault]:
    """E02 at ``field``, the migrants' column: they are owed no more than everybody."""
    return (
        [fault("E02", field)] if migrant_fen is not None and total_fen is not None and migrant_fen > total_fen else []
    )


def plausible(workers_field: str, workers: int | None, fen_field: str, amount_fen: int | None) -> list[Fault]:
    """E13: more than 5,000 persons, or on average under 100 元 or over 500,000 元 each; units were mixed up."""
    found = [fault("E13", workers_field)] if workers is not None and workers > MAX_PERSONS else []
    if workers and amount_fen and not MIN_AVERAGE_FEN * workers <= amount_fen <= MAX_AVERAGE_FEN * workers:
        found.append(fault("E13", fen_field))
    return found


def dates(days: Mapping[str, date | None], *, today: date, since: date | None = None) -> list[Fault]:
    """E11 for each of ``days`` (field → day) after ``today`` or before ``since``, the day the arrears arose (发生日).

    A day before 2000 is a mistyped year and said so.
    """
    found = []
    for field, day in days.items():
        if day is None:
            continue
        if day > today or (since is not None and day < since):
            found.append(fault("E11", field))
        elif day < FIRST_DAY:
            found.append(Fault(field, f"日期{day.isoformat()}过早，请核对年份"))
    return found


def ordered(first: date | None, field: str, last: date | None, words: str) -> list[Fault]:
    """``words`` at ``field`` (the later day's column) where ``last`` lies before ``first``."""
    return [Fault(field, words)] if first and last and last < first else []


def duty(record: Mapping[str, Any]) -> list[Fault]:
    """E03 at each of plan, unit, person, due that is missing. Asked of 查实 cases and of hazards being defused (R7)."""
    return [fault("E03", field) for field, name in DUTY.items() if required(field, record.get(field), name)]


def leader(major: bool, name: str, unit: str) -> list[Fault]:
    """E14: a 重大 case has a leader in personal charge; the leader is of the government or a member unit (R18)."""
    if not name.strip():
        return [fault("E14", "leader")] if major else []
    return required("leader_unit", unit, "包案领导身份") + choice("leader_unit", unit, LEADERS, "包案领导身份")


def credit_code(value: str | None, field: str = "uscc") -> list[Fault]:
    """E04; an empty code is unknown, not wrong."""
    return [] if not value or uscc.valid(value) else [fault("E04", field)]


def region(code: str, *, field: str = "region", name: str = "地区", anywhere: bool = False) -> list[Fault]:
    """A present division of Yunnan down to county; with ``anywhere`` of any province (an employer's seat)."""
    known = divisions.by_code(code) if len(code) == 6 else None
    if not known:
        return [Fault(field, f"{name}“{code}”不是有效的区划代码" if code else f"请选择{name}")]
    return [] if anywhere or divisions.within(code, divisions.YUNNAN) else [Fault(field, f"{name}应在云南省内")]


def region_fault(code: str, prefecture_name: str = "", county_name: str = "", *, field: str = "region") -> Fault | None:
    """E08: the code is not that of the 州市 and 县 beside it. An empty name is not compared; old codes are followed."""
    code = divisions.current_code(code.strip())
    if not divisions.by_code(code):
        return fault("E08", field)
    here = divisions.prefecture_of(code)
    county = code if code != here else ""
    for asked, of in ((_spoken(prefecture_name), here), (_spoken(county_name), county)):
        if asked and asked not in _names(of):
            return fault("E08", field)
    return None


def region_named(prefecture_name: str, county_name: str = "") -> str | None:
    """Code of the county (or, without one, the prefecture) of Yunnan so named; None where the names do not fit.

    Takes official, everyday and bare names: 大理白族自治州, 大理州, 大理. A county alone suffices where only one fits.
    """
    wanted, county = _spoken(prefecture_name), _spoken(county_name)
    above = _named("prefecture").get(wanted, ())
    if not county:
        return above[0] if len(above) == 1 else None
    found = [c for c in _named("county").get(county, ()) if not wanted or divisions.prefecture_of(c) in above]
    return found[0] if len(found) == 1 else None


@cache
def _named(level: str) -> dict[str, tuple[str, ...]]:
    """Codes of Yunnan's prefectures or counties by each of their names; an index, since workbooks ask row by row."""
    found: dict[str, tuple[str, ...]] = {}
    for division in divisions.prefectures() if level == "prefecture" else divisions.counties():
        for name in _names(division.code):
            found[name] = (*found.get(name, ()), division.code)
    return found


def _spoken(name: str) -> str:
    return "".join(name.split()).removeprefix("云南省").removeprefix("云南")


@cache
def _names(code: str) -> frozenset[str]:
    """What people write for a division: with and without the prefecture before it."""
    division = divisions.by_code(code)
    if not division:
        return frozenset()
    own = {division.name, divisions.everyday(division), divisions.bare(division)}
    above = divisions.by_code(division.parent) if division.level == "county" else None
    before = {above.name, divisions.everyday(above), divisions.bare(above)} if above else set()
    return frozenset(own | {one + last for one in before for last in own})


def is_major(workers: int | None, amount_fen: int | None, settings: Settings) -> bool:
    """Whether size alone makes the case 重大 (domain.md 3.4, 督办 thresholds); a person may say so of smaller ones."""
    return (workers or 0) >= settings.ledger.major_workers or (amount_fen or 0) >= settings.ledger.major_yuan * 100
