"""The ledger as a workbook: the template's own columns, so that what was exported, edited and imported again fits.

Above the heading stand 截至时间, who exported it for which part of the province, and the filters. Every file leaves a
line in the audit trail before anybody holds it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from sqlalchemy import Connection, func, select

from monitors import sheets
from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.ledger import case_rows, register
from monitors.ledger.case_rows import Case
from monitors.ledger.query import Query
from monitors.ledger.workbook_columns import COLUMNS, READ_ONLY, Column
from monitors.ledger.workbook_known import NOTHING_PAID, Paid
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

ACTION = "ledger.export"
TITLE = "欠薪台账"
_AT_ONCE = 500
_WORDS_CHARS = 500  # of the filters' words in the trail


@dataclass(frozen=True, slots=True)
class _Line:
    """A case with what its row takes from other records."""

    case: Case
    project: Any  # a row of ``project`` with its contractor's name, None where there is none
    paid: Paid


def export(
    store: Store,
    actor: Actor,
    query: Query,
    out: BinaryIO,
    *,
    settings: Settings,
    now: datetime,
    fmt: Format = "xlsx",
) -> int:
    """Write the cases that answer ``query``, in its order, to ``out``; returns how many.

    Raises:
        RefusedError: the actor may not export.
        InputError: more cases than ``[export] max_rows``; nothing was written.
    """
    held = io.BytesIO()
    with acting.looking(store, actor) as connection:
        actor.require(ACTION, kind="ledger")
        limit = settings.export.max_rows
        today = local(now).date()
        ids = register.ids(
            connection, actor.scope, query, today=today, settings=settings.ledger, limit=limit + 1
        )  # fmt: skip
        if len(ids) > limit:
            raise InputError(f"共有超过 {limit} 件，超出一次导出的上限，请缩小时间或地区范围")
        wanted = register.condition(actor.scope, query, today=today, settings=settings.ledger)
        demo = connection.scalar(select(func.count()).select_from(t.wage_case).where(wanted, t.wage_case.c.demo))
        place = divisions.full_name(actor.region) or actor.region
        lines = [
            f"截至时间：{stamp(now)}（北京时间）　　制表：{settings.site.office}",
            f"导出人：{actor.display}　　辖区：{place}",
            f"筛选条件：{query.words()}　　共 {len(ids)} 件　　改动后可按“案件编号”导回；空白单元格不改动台账",
        ]
        if demo:
            lines.append(f"注意：其中 {demo} 件为演示数据，系虚构，不得作为工作依据")
        sheet = Sheet(TITLE, tuple(lines), _columns(), author=settings.site.office)
        count = sheets.write(fmt, (_cells(line) for line in _lines(connection, actor, ids)), held, sheet)
    after = {"format": fmt, "filters": query.words()[:_WORDS_CHARS], "rows": count}
    with store.write() as connection:
        audit.append(connection, actor, ACTION, at=now, kind="ledger", region=actor.region, after=after)
    out.write(held.getvalue())
    return count


def _columns() -> tuple[sheets.Column, ...]:
    own = [sheets.Column(column.heading, _kind(column), column.width) for column in COLUMNS]
    return (*own, *(sheets.Column(heading, "text", 16) for heading in READ_ONLY))


def _kind(column: Column) -> Any:
    return {"count": "integer", "money": "decimal"}.get(column.kind, "text")


def _lines(connection: Connection, actor: Actor, ids: Sequence[int]) -> Iterator[_Line]:
    """The cases in the order of ``ids``; what the actor may not see was never among them."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        found = connection.execute(case_rows.query().where(t.wage_case.c.id.in_(part), register.visible(actor.scope)))
        cases = {case.id: case for case in map(case_rows.read, found)}
        sites = _projects(connection, {case.project_id for case in cases.values() if case.project_id})
        paid = _paid(connection, [case.id for case in cases.values() if case.paid_fen])
        for one in part:
            if case := cases.get(one):
                yield _Line(case, sites.get(case.project_id or 0), paid.get(one, NOTHING_PAID))


def _projects(connection: Connection, ids: set[int]) -> dict[int, Any]:
    contractor = t.employer.alias("contractor")
    query = (
        select(t.project, func.coalesce(contractor.c.name, "").label("contractor"))
        .outerjoin(contractor, contractor.c.id == t.project.c.contractor_id)
        .where(t.project.c.id.in_(ids))
    )
    return {row.id: row for row in connection.execute(query)} if ids else {}


def _paid(connection: Connection, ids: Sequence[int]) -> dict[int, Paid]:
    c = t.payment.c
    sums = (c.first_persons, c.first_migrants, c.wage_fen, c.wage_migrant_fen)
    query = select(c.case_id, *(func.sum(one) for one in sums), func.max(c.on)).where(c.case_id.in_(ids))
    found = {}
    for case_id, *told, last in connection.execute(query.group_by(c.case_id)).all() if ids else ():
        persons, migrants, fen, migrant_fen = (int(one or 0) for one in told)
        found[case_id] = Paid(persons, migrants, fen, migrant_fen, last)
    return found


def _cells(line: _Line) -> list[Cell]:
    case, project, paid = line.case, line.project, line.paid
    county = divisions.by_code(case.region)
    prefecture = divisions.by_code(divisions.prefecture_of(case.region))
    told: dict[str, Any] = {
        "employer": case.employer_name,
        "uscc": case.uscc or "",
        "class_": case.employer_class,
        "project": case.project_name,
        "prefecture": prefecture.name if prefecture else "",
        "county": county.name if county and county.level == "county" else "",
        "region_code": case.region,
    }
    if project is not None:
        told |= {name: getattr(project, name) for name in ("industry", "gov", "ppp", "soe", "developer", "contractor")}
    if paid.fen:
        told |= {"paid_workers": case.paid_workers, "paid_migrants": paid.migrants, "paid_fen": case.paid_fen}
        told |= {"paid_migrant_fen": paid.migrant_fen, "paid_on": paid.last}
    row = [_cell(column, told.get(column.key, getattr(case, column.key, None))) for column in COLUMNS]
    nothing_paid = not paid.fen
    if nothing_paid:
        row = [None if column.of == "payment" else cell for column, cell in zip(COLUMNS, row, strict=True)]
    deadline = case.deadline.isoformat() if case.deadline else ""
    return [*row, case.lead_unit, deadline, case.first_receiver, stamp(case.updated_at)]


def _cell(column: Column, value: Any) -> Cell:
    if value is None or value == "":
        return None
    if column.kind == "yes":
        return "是" if value else "否"
    if column.kind == "money":
        return Decimal(value) / 100
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if column.kind == "count" else str(value)
