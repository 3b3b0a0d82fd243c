"""台账统计: what the cases come to, by region, class, industry, kind, channel, month, state (domain.md 6).

The same ``Query`` as the list's: every number leads back to its cases. All sums are made in SQL; money is 分. A rate
whose denominator is 0 is None and shown as “—”.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Integer, String, and_, cast, false, func, select

from monitors.access.scope import PROVINCE, Scope
from monitors.ledger.model import CaseState, Channel, EmployerClass, Industry
from monitors.ledger.query import KINDS, Query
from monitors.ledger.register import Sums, banded, condition, is_settled, is_verified, summed
from monitors.regions import divisions
from monitors.settings import Ledger
from monitors.store import tables as t

Dimension = Literal["地区", "企业类别", "行业", "项目性质", "渠道", "月份", "状态"]
DIMENSIONS: tuple[Dimension, ...] = ("地区", "企业类别", "行业", "项目性质", "渠道", "月份", "状态")
NO_PROJECT = "非工程"


@dataclass(frozen=True, slots=True)
class Group:
    """One bar, one line: its cases' sums, and the query that lists them."""

    key: str
    name: str
    sums: Sums
    query: Query


@dataclass(frozen=True, slots=True)
class Rates:
    """Indicators of domain.md 6 over the cases of a query; shares 0…1, days."""

    settled: int
    settled_rate: Fraction | None  # 办结率 = 已销账 ÷ 查实
    on_time_rate: Fraction | None  # 按期办结率 = closed on time ÷ (closed + open overdue)
    paid_rate: Fraction | None  # 追发率 = wages paid ÷ verified, capped at 1
    mean_days: float | None  # 平均办理天数, closed − accepted
    median_days: float | None
    late_closed: int
    paid_fen: int  # wages paid in the cases found true; may exceed what was verified


def rates(connection: Connection, scope: Scope, query: Query, *, today: date, settings: Ledger) -> Rates:
    """The indicators. 办结率 counts cases that were found true only: what was never owed cannot be paid."""
    case = t.wage_case.c
    wanted = condition(scope, query, today=today, settings=settings)
    closed = and_(is_settled(), is_verified())
    late = banded("逾期办结", today=today, settings=settings)
    row = connection.execute(
        select(
            func.count().filter(is_verified()).label("verified"),
            func.count().filter(closed).label("settled"),
            func.count().filter(closed, late).label("late"),
            func.count().filter(banded("逾期", today=today, settings=settings)).label("overdue"),
            func.coalesce(func.sum(case.paid_fen).filter(is_verified()), 0).label("paid"),
            func.coalesce(func.sum(case.verified_fen).filter(is_verified()), 0).label("owed"),
        ).where(wanted)
    ).one()
    taken = _days(connection, and_(wanted, closed, case.closed_on.is_not(None)))
    return Rates(
        settled=row.settled,
        settled_rate=_share(row.settled, row.verified),
        on_time_rate=_share(row.settled - row.late, row.settled + row.overdue),
        paid_rate=_share(min(int(row.paid), int(row.owed)), int(row.owed)),
        mean_days=_mean(taken),
        median_days=_median(taken),
        late_closed=row.late,
        paid_fen=int(row.paid),
    )


def by(
    connection: Connection, scope: Scope, query: Query, dimension: Dimension, *, today: date, settings: Ledger
) -> tuple[Group, ...]:
    """The cases of a query along one dimension, in the order people expect; empty groups are there with zeros.

    Regions: prefectures of the province, counties of a prefecture. 项目性质: 政府投资、PPP、国企 may
    hold of one project together, so these groups overlap and must not be added up (附件2 备注3).
    """
    wanted, area = condition(scope, query, today=today, settings=settings), _area(scope, query)
    columns = summed(today=today, settings=settings)
    if dimension == "项目性质":
        return _by_kind(connection, wanted, query, columns)
    key, source = _key(dimension, area)
    found = {
        str(row.key): _sums(row)
        for row in connection.execute(
            select(key.label("key"), *columns).select_from(source).where(wanted).group_by(key)
        )
    }
    return tuple(
        Group(one, name, found.get(one, _EMPTY), _narrowed(query, dimension, one, area))
        for one, name in _all(dimension, area, found)
    )


def _by_kind(
    connection: Connection, wanted: ColumnElement[bool], query: Query, columns: Sequence[ColumnElement[Any]]
) -> tuple[Group, ...]:
    """One pass over the cases: every mixture of kinds counted once, then added to each kind it holds."""
    site = t.project.c
    held: dict[str, ColumnElement[bool]] = {
        "政府投资": site.gov.is_(True), "PPP": site.ppp.is_(True), "国企": site.soe.is_(True),
        NO_PROJECT: t.wage_case.c.project_id.is_(None),
    }  # fmt: skip
    named = [func.coalesce(held[kind], false()).label(f"kind{number}") for number, kind in enumerate(KINDS)]
    joined = t.wage_case.outerjoin(t.project, site.id == t.wage_case.c.project_id)
    mixed = connection.execute(select(*named, *columns).select_from(joined).where(wanted).group_by(*named)).all()
    return tuple(
        Group(kind, kind, _added(_sums(row) for row in mixed if getattr(row, f"kind{number}")), asked)
        for number, kind in enumerate(KINDS)
        if not query.kinds or kind in query.kinds  # "PPP and also 国企" is no question the list can be asked
        for asked in (replace(query, kinds=(kind,)),)
    )


def _added(sums: Iterable[Sums]) -> Sums:
    parts = tuple(sums)
    return Sums(**{name: sum(getattr(part, name) for part in parts) for name in _NAMES})


def _area(scope: Scope, query: Query) -> str:
    """The division whose parts are shown: the one asked for, else the reader's own."""
    return query.region if query.region and scope.covers(query.region) else scope.region


def _key(dimension: Dimension, area: str) -> tuple[ColumnElement[Any], Any]:
    """What to group by, and from which tables."""
    case = t.wage_case.c
    if dimension == "地区":
        whole = case.region if area != PROVINCE else func.substr(case.region, 1, 4).op("||")("00")
        return whole, t.wage_case
    if dimension == "企业类别":
        return t.employer.c["class"], t.wage_case.join(t.employer, t.employer.c.id == case.employer_id)
    if dimension == "行业":
        joined = t.wage_case.outerjoin(t.project, t.project.c.id == case.project_id)
        return func.coalesce(t.project.c.industry, NO_PROJECT), joined
    if dimension == "月份":
        return func.substr(cast(case.accepted_on, String), 1, 7), t.wage_case
    return {"渠道": case.channel, "状态": case.state}[dimension], t.wage_case


def _all(dimension: Dimension, area: str, found: dict[str, Sums]) -> Sequence[tuple[str, str]]:
    """Every group of the dimension with its name, whether or not it has cases."""
    if dimension == "地区":
        if area == PROVINCE:
            parts = [division.code for division in divisions.prefectures()]
        else:
            parts = [d.code for d in divisions.counties() if divisions.within(d.code, area)] or [area]
        strange = sorted(set(found) - set(parts))  # a case placed at the prefecture itself, or not placed
        return [(code, divisions.short_name(code)) for code in parts] + [(code, _placed(code)) for code in strange]
    if dimension == "月份":
        return [(month, month) for month in sorted(found)]
    words: Sequence[str] = {
        "企业类别": tuple(EmployerClass),
        "行业": (*Industry, NO_PROJECT),
        "渠道": tuple(Channel),
        "状态": tuple(CaseState),
    }[dimension]
    return [(str(word), str(word)) for word in words]


def _placed(code: str) -> str:
    known = divisions.by_code(code)
    return f"{divisions.short_name(code)}（未到县）" if known else "未定位"


def _narrowed(query: Query, dimension: Dimension, key: str, area: str) -> Query:
    if dimension == "地区":
        # The area among its own parts: exactly what is placed at it, not all that lies within.
        return replace(query, region=key, exact=key == area and area.endswith("00"))
    if dimension == "月份":
        return replace(query, month=key)
    if dimension == "行业" and key == NO_PROJECT:
        return replace(query, kinds=(NO_PROJECT,))
    if dimension == "企业类别":
        return replace(query, classes=(key,))
    if dimension == "行业":
        return replace(query, industries=(key,))
    return replace(query, channels=(key,)) if dimension == "渠道" else replace(query, states=(key,))


def _sums(row: Any) -> Sums:
    return Sums(**{name: int(getattr(row, name) or 0) for name in _NAMES})


_NAMES = tuple(Sums.__slots__)
_EMPTY = Sums(**dict.fromkeys(_NAMES, 0))


def _days(connection: Connection, wanted: ColumnElement[bool]) -> list[tuple[int, int]]:
    """(days taken, how many cases), ascending."""
    case = t.wage_case.c
    if connection.dialect.name == "sqlite":
        taken: ColumnElement[Any] = cast(func.julianday(case.closed_on) - func.julianday(case.accepted_on), Integer)
    else:
        taken = case.closed_on - case.accepted_on
    query = select(taken.label("days"), func.count().label("cases")).where(wanted).group_by(taken).order_by(taken)
    return [(int(row.days), row.cases) for row in connection.execute(query)]


def _mean(taken: list[tuple[int, int]]) -> float | None:
    count = sum(cases for _, cases in taken)
    return sum(days * cases for days, cases in taken) / count if count else None


def _median(taken: list[tuple[int, int]]) -> float | None:
    count = sum(cases for _, cases in taken)
    if not count:
        return None
    return (_nth(taken, (count - 1) // 2) + _nth(taken, count // 2)) / 2


def _nth(taken: list[tuple[int, int]], index: int) -> int:
    for days, cases in taken:
        if index < cases:
            return days
        index -= cases
    raise IndexError(index)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
