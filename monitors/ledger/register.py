"""The list of cases (欠薪台账): what is asked, which cases answer, one page of them, and their sums.

Everything is counted and cut in SQL, so that a list of 100,000 cases costs one page of rows. A query is the same for
the list, the statistics, an export and a saved view, and turns into an address and back.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, cast, exists, false, func, not_, or_, select, true

from monitors.access.scope import PROVINCE, Scope, within
from monitors.errors import InputError
from monitors.ledger.model import CLOSED_CASE, OVER_CASE, CaseState
from monitors.ledger.query import MAX_IDS, Band, Query
from monitors.settings import Ledger
from monitors.store import tables as t

_SORTED: Mapping[str, ColumnElement[Any]] = {
    "完成时限": t.wage_case.c.deadline,
    "更新时间": t.wage_case.c.updated_at,
    "受理日期": t.wage_case.c.accepted_on,
    "查实金额": t.wage_case.c.verified_fen,
    "查实人数": t.wage_case.c.verified_workers,
    "诉求金额": t.wage_case.c.claimed_fen,
    "案件编号": t.wage_case.c.id,
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list; money in 分."""

    id: int
    number: str
    employer: str
    employer_class: str
    project: str
    region: str
    channel: str
    claimed_workers: int
    claimed_fen: int
    verified_workers: int | None
    verified_migrants: int | None
    verified_fen: int | None
    paid_workers: int
    paid_fen: int
    state: str
    band: Band
    deadline: date | None
    accepted_on: date
    unit: str
    person: str
    major: bool
    listed: bool
    escalated: bool
    recurring: bool
    updated_at: datetime
    revision: int
    demo: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """What the cases of a query come to; claimed and verified apart, money in 分."""

    cases: int
    claimed_workers: int
    claimed_fen: int
    verified: int
    verified_workers: int
    verified_fen: int
    paid_workers: int
    paid_fen: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list and the sums of all that answer."""

    rows: tuple[CaseRow, ...]
    sums: Sums


def band(state: str, deadline: date | None, closed_on: date | None, *, today: date, settings: Ledger) -> Band:
    """How a case stands to its deadline; the day itself is the last valid one (domain.md 3.3)."""
    if state in OVER_CASE:
        late = deadline is not None and closed_on is not None and closed_on > deadline
        return "逾期办结" if late else "已办结"
    if deadline is None:
        return "无期限"
    if deadline < today:
        return "逾期"
    return "临期" if (deadline - today).days <= max(settings.due_soon_days) else "在期"


def banded(name: str, *, today: date, settings: Ledger) -> ColumnElement[bool]:
    """``band`` as a condition on ``wage_case``."""
    case = t.wage_case.c
    over = case.state.in_(OVER_CASE)
    late = and_(case.deadline.is_not(None), case.closed_on.is_not(None), case.closed_on > case.deadline)
    soon = today + timedelta(days=max(settings.due_soon_days))
    conditions: dict[str, ColumnElement[bool]] = {
        "逾期": and_(not_(over), case.deadline < today),
        "临期": and_(not_(over), case.deadline >= today, case.deadline <= soon),
        "在期": and_(not_(over), case.deadline > soon),
        "无期限": and_(not_(over), case.deadline.is_(None)),
        "已办结": and_(over, not_(late)),
        "逾期办结": and_(over, late),
    }
    return conditions[name]


def is_verified() -> ColumnElement[bool]:
    """查实: found true, whatever has been done since."""
    return and_(t.wage_case.c.verified_on.is_not(None), t.wage_case.c.state != CaseState.UNFOUNDED)


def is_open() -> ColumnElement[bool]:
    """Not yet 已销账, and not 不属实."""
    return t.wage_case.c.state.not_in(OVER_CASE)


def is_settled() -> ColumnElement[bool]:
    """已销账 and after."""
    return t.wage_case.c.state.in_(CLOSED_CASE)


def condition(scope: Scope, query: Query, *, today: date, settings: Ledger) -> ColumnElement[bool]:
    """The query as one condition on ``wage_case``, within the reader's scope.

    Raises:
        InputError: it asks for more single cases than one statement takes.
    """
    if len(query.ids) > MAX_IDS:
        raise InputError(f"一次最多指定 {MAX_IDS} 个案件")
    return and_(
        visible(scope),
        *_placed(query),
        *_of_employer(query),
        *_of_course(query, today=today, settings=settings),
        *_when(query),
        *_named(query),
    )


def _order(query: Query) -> tuple[ColumnElement[Any], ...]:
    """What is empty comes last either way; the number decides between equals, so that pages never overlap.

    By deadline, what is over comes after all that is still to be done.
    """
    key, number = _SORTED[query.sort], t.wage_case.c.id
    over = [t.wage_case.c.state.in_(OVER_CASE)] if query.sort == "完成时限" else []
    return *over, key.is_(None), key.desc() if query.descending else key, number.desc() if query.descending else number


def _placed(query: Query) -> Iterator[ColumnElement[bool]]:
    region = t.wage_case.c.region
    if query.region and query.exact:
        yield region == query.region
    elif query.region and query.region != PROVINCE:
        yield within(region, query.region)


def _of_employer(query: Query) -> Iterator[ColumnElement[bool]]:
    case = t.wage_case.c
    if query.classes:
        yield _whose(t.employer, case.employer_id, t.employer.c["class"].in_(query.classes))
    if query.industries:
        yield _whose(t.project, case.project_id, t.project.c.industry.in_(query.industries))
    if query.kinds:
        yield or_(*(of_kind(kind) for kind in query.kinds))
    if query.employer_id is not None:
        yield case.employer_id == query.employer_id
    if query.project_id is not None:
        yield case.project_id == query.project_id


def _of_course(query: Query, *, today: date, settings: Ledger) -> Iterator[ColumnElement[bool]]:
    case = t.wage_case.c
    if query.channels:
        yield case.channel.in_(query.channels)
    if query.states:
        yield case.state.in_(query.states)
    if query.bands:
        yield or_(*(banded(one, today=today, settings=settings) for one in query.bands))
    if query.tags:
        yield or_(*(_tagged(tag) for tag in query.tags))
    for flag in query.flags:
        yield _flag(flag, today=today, settings=settings)


def _when(query: Query) -> Iterator[ColumnElement[bool]]:
    accepted = t.wage_case.c.accepted_on
    if query.accepted_from:
        yield accepted >= query.accepted_from
    if query.accepted_to:
        yield accepted <= query.accepted_to
    if query.month:
        first = date.fromisoformat(f"{query.month}-01")
        yield accepted.between(first, first.replace(day=monthrange(first.year, first.month)[1]))


def _named(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.person:
        yield t.wage_case.c.person == query.person
    if query.ids:
        yield t.wage_case.c.id.in_(query.ids)
    if query.text:
        yield _told(query.text)


def visible(scope: Scope) -> ColumnElement[bool]:
    """The cases of the reader's division (辖区)."""
    return true() if scope.everything else within(t.wage_case.c.region, scope.region)


def of_kind(kind: str) -> ColumnElement[bool]:
    """Cases of projects of one of ``KINDS``."""
    case, project = t.wage_case.c, t.project.c
    if kind == "非工程":
        return case.project_id.is_(None)
    flag = {"政府投资": project.gov, "PPP": project.ppp, "国企": project.soe}[kind]
    return _whose(t.project, case.project_id, flag.is_(True))


def _whose(party: Table, link: ColumnElement[Any], wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """Cases whose employer or project is so. Not ``IN``: SQLite would start from all parties, not from the county."""
    return exists().where(party.c.id == link, wanted).correlate(t.wage_case)


def page(
    connection: Connection,
    scope: Scope,
    query: Query,
    *,
    today: date,
    settings: Ledger,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """One page of the cases that answer, in the order asked for, and the sums of all of them."""
    wanted = condition(scope, query, today=today, settings=settings)
    case, employer, project = t.wage_case.c, t.employer.c, t.project.c
    chosen = select(case.id).where(wanted).order_by(*_order(query)).limit(limit).offset(offset)
    ids = list(connection.scalars(chosen))
    told = (
        select(
            *_COLUMNS,
            employer.name.label("employer"),
            employer["class"].label("employer_class"),
            func.coalesce(project.name, "").label("project"),
        )
        .select_from(t.wage_case)
        .join(t.employer, employer.id == case.employer_id)
        .outerjoin(t.project, project.id == case.project_id)
        .where(case.id.in_(ids))
    )
    found = {row["id"]: row for row in connection.execute(told).mappings()} if ids else {}
    rows = tuple(_row(dict(found[one]), today, settings) for one in ids)
    return Page(rows, sums(connection, wanted, today=today, settings=settings))


def ids(
    connection: Connection, scope: Scope, query: Query, *, today: date, settings: Ledger, limit: int = 100_000
) -> tuple[int, ...]:
    """The cases that answer, in the order asked for: for an export or an act on all of them."""
    wanted = condition(scope, query, today=today, settings=settings)
    return tuple(connection.scalars(select(t.wage_case.c.id).where(wanted).order_by(*_order(query)).limit(limit)))


def rows(
    connection: Connection, scope: Scope, wanted_ids: Sequence[int], *, today: date, settings: Ledger
) -> Iterator[CaseRow]:
    """The lines of these cases, in batches, in the order given; what the reader may not see is left out."""
    for start in range(0, len(wanted_ids), MAX_IDS):
        part = tuple(wanted_ids[start : start + MAX_IDS])
        found = page(connection, scope, Query(ids=part), today=today, settings=settings, limit=MAX_IDS).rows
        known = {row.id: row for row in found}
        yield from (known[one] for one in part if one in known)


def sums(connection: Connection, wanted: ColumnElement[bool], *, today: date, settings: Ledger) -> Sums:
    """What the cases under a condition come to."""
    row = connection.execute(select(*summed(today=today, settings=settings)).where(wanted)).mappings().one()
    return Sums(**{name: int(value or 0) for name, value in row.items()})


def summed(*, today: date, settings: Ledger) -> tuple[ColumnElement[Any], ...]:
    """The columns of ``Sums``, to be grouped by whatever is asked."""
    case = t.wage_case.c
    true_one = is_verified()
    return (
        func.count().label("cases"),
        func.sum(case.claimed_workers).label("claimed_workers"),
        func.sum(case.claimed_fen).label("claimed_fen"),
        func.count().filter(true_one).label("verified"),
        func.sum(case.verified_workers).filter(true_one).label("verified_workers"),
        func.sum(case.verified_fen).filter(true_one).label("verified_fen"),
        func.sum(case.paid_workers).label("paid_workers"),
        func.sum(case.paid_fen).label("paid_fen"),
        func.count().filter(is_open()).label("open"),
        func.count().filter(banded("逾期", today=today, settings=settings)).label("overdue"),
    )


_COLUMNS = tuple(
    t.wage_case.c[name]
    for name in (
        *("id", "number", "region", "channel", "claimed_workers", "claimed_fen", "verified_workers"),
        *("verified_migrants", "verified_fen", "paid_workers", "paid_fen", "state", "deadline", "accepted_on", "unit"),
        *("person", "major", "listed", "escalated", "recurring", "updated_at", "revision", "demo", "closed_on"),
    )
)


def _row(values: dict[str, Any], today: date, settings: Ledger) -> CaseRow:
    closed_on = values.pop("closed_on")
    stands = band(values["state"], values["deadline"], closed_on, today=today, settings=settings)
    return CaseRow(**values, band=stands)


def _flag(flag: str, *, today: date, settings: Ledger) -> ColumnElement[bool]:
    case = t.wage_case.c
    old = today - timedelta(days=settings.old_days)
    return {
        "重大": case.major.is_(True),
        "挂牌": case.listed.is_(True),
        "提级": case.escalated.is_(True),
        "陈案": and_(is_open(), case.accepted_on < old),
        "边清边欠": case.recurring.is_(True),
        "未结": is_open(),
        "查实": is_verified(),
    }.get(flag, false())


def _told(text: str) -> ColumnElement[bool]:
    """Every word of ``text`` is found in the number, the names, the credit code, the person or the summary."""
    case = t.wage_case.c
    conditions = []
    for word in text.split()[:5]:
        pattern = f"%{_escaped(word)}%"
        names = select(t.employer.c.id).where(
            or_(t.employer.c.name.ilike(pattern, escape="\\"), t.employer.c.uscc == word.upper())
        )
        sites = select(t.project.c.id).where(t.project.c.name.ilike(pattern, escape="\\"))
        own = (case.number, case.external_no, case.person, case.summary)
        conditions.append(
            or_(
                case.employer_id.in_(names),
                case.project_id.in_(sites),
                *(column.ilike(pattern, escape="\\") for column in own),
            )
        )
    return and_(*conditions)


def _tagged(tag: str) -> ColumnElement[bool]:
    """The list of tags, kept as JSON text on either database, holds ``tag``."""
    held = cast(t.wage_case.c.tags, Text)
    spelled = [json.dumps(tag), json.dumps(tag, ensure_ascii=False)]  # PostgreSQL keeps the text as it was sent
    return or_(*(func.replace(held, one, "") != held for one in spelled))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
