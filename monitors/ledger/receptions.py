"""Receptions (接访): who came, who received them, and which case it is about (R12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.errors import InputError
from monitors.ledger import checks, record_rows
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.model import Record, VisitKind
from monitors.store import tables as t

MOST_REPRESENTATIVES = 5  # 《信访条例》第十八条: a group speaks through at most five
_MOST_NAMES = 20  # units or staff of one reception


@dataclass(frozen=True, slots=True)
class ReceptionDraft:
    """What is given of a reception. ``representatives``: those who spoke for the others; 0 where each spoke alone."""

    region: str
    on: date
    kind: str
    units: tuple[str, ...]
    staff: tuple[str, ...]
    persons: int
    representatives: int = 0
    case_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reception:
    """One reception as stored; ``case_number`` empty while it is linked to no case."""

    id: int
    region: str
    on: date
    kind: str
    units: tuple[str, ...]
    staff: tuple[str, ...]
    persons: int
    representatives: int
    case_id: int | None
    case_number: str
    note: str
    demo: bool
    revision: int


def check(draft: ReceptionDraft, *, today: date) -> list[Fault]:
    """What is wrong with it, field by field; a joint reception needs two units or more."""
    found = [
        *checks.region(draft.region),
        *checks.required("on", draft.on, "接访日期"),
        *checks.dates({"on": draft.on}, today=today),
        *checks.required("kind", draft.kind, "来访类型"),
        *checks.choice("kind", draft.kind, VisitKind, "来访类型"),
        *_names("units", draft.units, "参加单位"),
        *_names("staff", draft.staff, "接访人员"),
        *checks.required("persons", draft.persons, "来访人数"),
        *checks.count("persons", draft.persons, "来访人数"),
        *checks.count("representatives", draft.representatives, "代表人数"),
        *checks.text("note", draft.note, "接访情况"),
    ]
    if draft.persons == 0:
        found.append(Fault("persons", "来访人数应大于零"))
    if draft.representatives > (draft.persons or 0):
        found.append(Fault("representatives", "代表人数不能大于来访人数"))
    elif draft.representatives > MOST_REPRESENTATIVES:
        found.append(Fault("representatives", f"集体来访的代表不得超过{MOST_REPRESENTATIVES}人"))
    if draft.kind == VisitKind.JOINT and len(draft.units) == 1:
        found.append(Fault("units", "联合接访须填写两个以上参加单位"))
    return found


def add(
    connection: Connection, actor: Actor, draft: ReceptionDraft, *, today: date, now: datetime, demo: bool = False
) -> int:
    """Register a reception.

    Raises:
        LedgerError: see ``check``; also where the case is not there or not the actor's.
        RefusedError: it took place in another division.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.RECEPTION)
    refuse([*check(draft, today=today), *_related(connection, actor, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.RECEPTION)
    return record_rows.add(connection, actor, Record.RECEPTION, _columns(draft), name=_name(draft), now=now, demo=demo)


def edit(
    connection: Connection,
    actor: Actor,
    reception_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    today: date,
    now: datetime,
) -> None:
    """Change fields of ``ReceptionDraft``; linking it to its case is such a change.

    Raises:
        LedgerError, RefusedError: as in ``add``.
        ConflictError: somebody else changed it first.
    """
    row = record_rows.hold(connection, actor, Record.RECEPTION, reception_id, revision, name="id")
    held = get(connection, actor.scope, reception_id)
    before = ReceptionDraft(**{one.name: getattr(held, one.name) for one in fields(ReceptionDraft)})
    draft = _clean(replace(before, **changes))
    refuse([*check(draft, today=today), *_related(connection, actor, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.RECEPTION, target=str(reception_id))
    record_rows.change(connection, actor, Record.RECEPTION, row, _columns(draft), name=_name(draft), now=now)


def get(connection: Connection, scope: Scope, reception_id: int) -> Reception:
    """The reception.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(_query().where(t.reception.c.id == reception_id)).mappings().one_or_none()
    if row is None or not scope.covers(row["region"]):
        raise InputError(f"没有编号为 {reception_id} 的接访记录")
    return _read(row)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    region: str = "",
    kinds: tuple[str, ...] = (),
    case_id: int | None = None,
    unlinked: bool = False,
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Reception, ...]:
    """Receptions of the reader's division, newest first. ``unlinked``: only those still to be linked to a case."""
    query = _narrowed(
        _query(), scope, region=region, kinds=kinds, case_id=case_id, unlinked=unlinked, since=since, until=until
    )
    reception = t.reception.c
    query = query.order_by(reception.on.desc(), reception.id.desc()).limit(limit).offset(offset)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def counted(connection: Connection, scope: Scope, **asked: Any) -> int:
    """How many receptions ``listed`` would give, asked alike, were there no limit."""
    query = _narrowed(select(func.count()).select_from(t.reception), scope, **asked)
    return int(connection.execute(query).scalar_one())


def _narrowed(
    query: Select[Any],
    scope: Scope,
    *,
    region: str = "",
    kinds: tuple[str, ...] = (),
    case_id: int | None = None,
    unlinked: bool = False,
    since: date | None = None,
    until: date | None = None,
) -> Select[Any]:
    reception = t.reception.c
    query = record_rows.narrowed(query, reception.region, scope, region)
    if kinds:
        query = query.where(reception.kind.in_(kinds))
    if case_id is not None:
        query = query.where(reception.case_id == case_id)
    if unlinked:
        query = query.where(reception.case_id.is_(None))
    if since is not None:
        query = query.where(reception.on >= since)
    if until is not None:
        query = query.where(reception.on <= until)
    return query


def _query() -> Select[Any]:
    joined = t.reception.outerjoin(t.wage_case, t.wage_case.c.id == t.reception.c.case_id)
    return select(t.reception, t.wage_case.c.number.label("case_number")).select_from(joined)


def _read(row: RowMapping) -> Reception:
    values = {name: row[name] for name in Reception.__slots__}
    lists = {"units": tuple(row["units"]), "staff": tuple(row["staff"])}
    return Reception(**values | lists | {"case_number": row["case_number"] or ""})


def _names(field: str, names: tuple[str, ...], words: str) -> list[Fault]:
    found = checks.required(field, names, words)
    found += [one for name in names for one in checks.text(field, name, words, 60)]
    return [*found, Fault(field, f"{words}不能超过{_MOST_NAMES}个")] if len(names) > _MOST_NAMES else found


def _clean(draft: ReceptionDraft) -> ReceptionDraft:
    units, staff = (tuple(dict.fromkeys(one.strip() for one in x if one.strip())) for x in (draft.units, draft.staff))
    return replace(draft, units=units, staff=staff, note=draft.note.strip())


def _columns(draft: ReceptionDraft) -> dict[str, Any]:
    return {one.name: getattr(draft, one.name) for one in fields(ReceptionDraft)}


def _related(connection: Connection, actor: Actor, draft: ReceptionDraft) -> list[Fault]:
    if draft.case_id is None:
        return []
    region = connection.scalar(select(t.wage_case.c.region).where(t.wage_case.c.id == draft.case_id))
    there = region is not None and actor.scope.covers(region)
    return [] if there else [Fault("case_id", "没有这起案件，或该案件不在您的辖区内")]


def _name(draft: ReceptionDraft) -> str:
    """What the trail calls a reception."""
    return f"{draft.on.isoformat()} {draft.kind}"
