"""The lists of projects, inspections and employers, each row with what the office looks for: last check, open cases.

Counted and cut in SQL. Records of other divisions are on no list; employers are a public register, yet only the
reader's own cases and inspections are counted at them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, exists, func, or_, select

from monitors.access.scope import Scope, within
from monitors.ledger import record_rows
from monitors.ledger.model import CheckValue, ProjectStatus
from monitors.ledger.projects import Checked, read_checks
from monitors.ledger.register import is_open
from monitors.store import tables as t

SiteFlag = Literal["未排查", "有未落实", "有未结案件", "政府投资", "PPP", "国企"]
SITE_FLAGS: tuple[SiteFlag, ...] = ("未排查", "有未落实", "有未结案件", "政府投资", "PPP", "国企")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one of the lists is asked; empty means "any". Each list heeds what it knows."""

    text: str = ""
    region: str = ""
    industries: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    project_id: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """One project of the list. ``inspected_on``: of the last inspection, or of a duty found otherwise (an import)."""

    id: int
    name: str
    region: str
    industry: str
    status: str
    developer: str
    contractor: str
    gov: bool
    ppp: bool
    soe: bool
    checks: Mapping[str, Checked]
    inspected_on: date | None
    open_cases: int
    demo: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One inspection of the list."""

    id: int
    on: date
    employer: str
    project: str
    region: str
    unit: str
    workers: int
    migrants: int
    migrants_with_contract: int
    checks: Mapping[str, Checked]
    demo: bool


@dataclass(frozen=True, slots=True)
class Firm:
    """One employer of the list."""

    id: int
    name: str
    uscc: str
    employer_class: str
    region: str
    legal_rep: str
    state_owned: bool
    credit: str
    operating_status: str
    inspected_on: date | None
    open_cases: int
    demo: bool


def sites(
    connection: Connection, scope: Scope, asked: Asked, *, limit: int, offset: int
) -> tuple[tuple[Site, ...], int]:
    """One page of the projects by place and name, those under way first, and how many there are in all."""
    project, builder = t.project.c, t.employer.c
    columns = (
        *(project[name] for name in ("id", "name", "region", "industry", "status", "developer")),
        func.coalesce(builder.name, "").label("contractor"), project.gov, project.ppp, project.soe, project.checks,
        _last(scope, t.inspection.c.project_id == project.id), _cases(scope, t.wage_case.c.project_id == project.id),
        project.demo,
    )  # fmt: skip
    joined = t.project.outerjoin(t.employer, builder.id == project.contractor_id)
    query = record_rows.narrowed(select(*columns).select_from(joined), project.region, scope, asked.region)
    query = query.where(*_said(asked.text, project.name, project.developer, builder.name))
    if asked.industries:
        query = query.where(project.industry.in_(asked.industries))
    if asked.statuses:
        query = query.where(project.status.in_(asked.statuses))
    for flag in asked.flags:
        query = query.where(_flagged(scope, flag))
    order = (project.status != ProjectStatus.UNDER_WAY).asc(), project.region, project.name, project.id
    total, rows = _cut(connection, query, order, limit, offset)
    return tuple(_site(row) for row in rows), total


def _site(row: dict[str, Any]) -> Site:
    checks = read_checks(row["checks"])
    days = [one.on for one in checks.values()] + [day for day in (row["inspected_on"],) if day]
    return Site(**row | {"checks": checks, "inspected_on": max(days, default=None)})


def visits(
    connection: Connection, scope: Scope, asked: Asked, *, limit: int, offset: int
) -> tuple[tuple[Visit, ...], int]:
    """One page of the inspections, newest first, and how many there are in all; both days are included."""
    inspection = t.inspection.c
    columns = (
        inspection.id, inspection.on, t.employer.c.name.label("employer"),
        func.coalesce(t.project.c.name, "").label("project"),
        *(inspection[name] for name in ("region", "unit", "workers", "migrants", "migrants_with_contract", "checks")),
        inspection.demo,
    )  # fmt: skip
    joined = t.inspection.join(t.employer, t.employer.c.id == inspection.employer_id)
    joined = joined.outerjoin(t.project, t.project.c.id == inspection.project_id)
    query = record_rows.narrowed(select(*columns).select_from(joined), inspection.region, scope, asked.region)
    query = query.where(*_said(asked.text, t.employer.c.name, t.project.c.name, inspection.unit))
    if asked.since is not None:
        query = query.where(inspection.on >= asked.since)
    if asked.until is not None:
        query = query.where(inspection.on <= asked.until)
    if asked.project_id is not None:
        query = query.where(inspection.project_id == asked.project_id)
    total, rows = _cut(connection, query, (inspection.on.desc(), inspection.id.desc()), limit, offset)
    return tuple(Visit(**row | {"checks": read_checks(row["checks"])}) for row in rows), total


def firms(
    connection: Connection, scope: Scope, asked: Asked, *, limit: int, offset: int
) -> tuple[tuple[Firm, ...], int]:
    """One page of the employers by name, and how many there are in all; ``region`` is where they are registered."""
    employer = t.employer.c
    columns = (
        employer.id, employer.name, func.coalesce(employer.uscc, "").label("uscc"),
        employer["class"].label("employer_class"),
        *(employer[name] for name in ("region", "legal_rep", "state_owned", "credit", "operating_status")),
        _last(scope, t.inspection.c.employer_id == employer.id),
        _cases(scope, t.wage_case.c.employer_id == employer.id), employer.demo,
    )  # fmt: skip
    query = select(*columns).where(*_said(asked.text, employer.name, employer.uscc, employer.legal_rep))
    if asked.region:
        query = query.where(within(employer.region, asked.region))
    if asked.classes:
        query = query.where(employer["class"].in_(asked.classes))
    total, rows = _cut(connection, query, (employer.name, employer.id), limit, offset)
    return tuple(Firm(**row) for row in rows), total


def _cut(
    connection: Connection, query: Select[Any], order: tuple[ColumnElement[Any], ...], limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True)
    total = int(connection.execute(counted).scalar_one())
    rows = connection.execute(query.order_by(*order).limit(limit).offset(offset)).mappings()
    return total, [dict(row) for row in rows]


def _said(text: str, *columns: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    """Nothing, or that one of ``columns`` holds ``text``."""
    word = text.strip()
    return (or_(*(one.icontains(word, autoescape=True) for one in columns)),) if word else ()


def _last(scope: Scope, of: ColumnElement[bool]) -> ColumnElement[Any]:
    """The day of the last inspection that the reader may see."""
    inspection = t.inspection.c
    query = record_rows.narrowed(select(func.max(inspection.on)), inspection.region, scope).where(of)
    return query.scalar_subquery().label("inspected_on")


def _cases(scope: Scope, of: ColumnElement[bool]) -> ColumnElement[Any]:
    """How many open cases that the reader may see."""
    query = record_rows.narrowed(select(func.count(t.wage_case.c.id)), t.wage_case.c.region, scope)
    return query.where(of, is_open()).scalar_subquery().label("open_cases")


def _flagged(scope: Scope, flag: str) -> ColumnElement[bool]:
    project, case = t.project.c, t.wage_case.c
    checks = cast(project.checks, Text)
    owing = record_rows.narrowed(select(case.id), case.region, scope).where(case.project_id == project.id, is_open())
    conditions: dict[str, ColumnElement[bool]] = {
        "未排查": and_(checks == "{}", project.status == ProjectStatus.UNDER_WAY),
        # Either spelling of the word: the column holds it escaped, an imported file may hold it plain.
        "有未落实": or_(
            checks.contains(json.dumps(CheckValue.NO), autoescape=True), checks.contains(f'"{CheckValue.NO}"')
        ),
        "有未结案件": exists(owing),
        "政府投资": project.gov,
        "PPP": project.ppp,
        "国企": project.soe,
    }
    return conditions[flag]
