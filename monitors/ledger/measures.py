"""Documents and steps taken against an employer (措施): ordered, decided, fined, handed over, published (R19).

A measure is a fact somebody registers with its document number; columns 16–20 and ④ of 附件2 count them by their day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_rows, checks, consequences, events, law
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.field_names import NAMES, spoken
from monitors.ledger.model import CaseState, MeasureType, Record
from monitors.settings import Settings
from monitors.store import tables as t

# Orders give a last day: without it nobody can say that it ran out (逾期不改).
WITH_DUE = (MeasureType.ORDER, MeasureType.PAY_ORDER)


@dataclass(frozen=True, slots=True)
class MeasureDraft:
    """One document. ``due``: by when to obey it; ``done_on``: when it was, of a transfer the day police answered."""

    type: str
    doc_no: str
    on: date
    due: date | None = None
    result: str = ""
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as it is kept; ``case_id`` None: against the employer outside a case."""

    id: int
    case_id: int | None
    employer_id: int
    region: str
    type: str
    doc_no: str
    on: date
    due: date | None
    result: str
    done_on: date | None
    demo: bool
    updated_at: datetime
    revision: int


DRAFT_FIELDS = tuple(field.name for field in fields(MeasureDraft))
_COLUMNS = tuple(t.measure.c[field.name] for field in fields(Measure))


def listed(connection: Connection, scope: Scope, case_id: int) -> tuple[Measure, ...]:
    """The case's measures, oldest first.

    Raises:
        InputError: there is no such case within ``scope``.
    """
    case_rows.get(connection, scope, case_id)
    rows = connection.execute(
        select(*_COLUMNS).where(t.measure.c.case_id == case_id).order_by(t.measure.c.on, t.measure.c.id)
    )
    return tuple(Measure(*row) for row in rows)


def check(draft: MeasureDraft, *, settings: Settings, today: date) -> list[Fault]:  # noqa: ARG001 - as every check
    """What is wrong with the measure by itself: E11, required fields, the order of its days."""
    found = checks.required("type", draft.type, "措施类型") + checks.required("doc_no", draft.doc_no, NAMES["doc_no"])
    found += checks.required("on", draft.on, "文书日期")
    found += checks.choice("type", draft.type, MeasureType, "措施类型")
    found += checks.text("doc_no", draft.doc_no, NAMES["doc_no"], 60) + checks.text("result", draft.result, "结果", 60)
    found += checks.dates({"on": draft.on}, today=today)
    found += checks.dates({"done_on": draft.done_on}, today=today, since=draft.on)
    found += checks.ordered(draft.on, "due", draft.due, "限期不能早于文书日期")
    if draft.type in WITH_DUE and draft.due is None:
        found.append(Fault("due", f"{draft.type}文书须填写限期"))
    return found


def add(
    connection: Connection, actor: Actor, case_id: int, draft: MeasureDraft, *, settings: Settings, now: datetime
) -> int:
    """Register a measure on a case; returns its id.

    Raises:
        RefusedError: the actor may not.
        LedgerError: a field is wrong, E10 for a transfer to the police, or the case was found 不属实.
    """
    case = case_rows.hold(connection, actor, case_id, None)
    draft = _tidy(draft)
    found = check(draft, settings=settings, today=local(now).date())
    if case.state == CaseState.UNFOUNDED:
        found.append(Fault("type", "案件已定为不属实，不能登记措施"))
    found += checks.dates({"on": draft.on}, today=date.max, since=case.occurred_on)
    if draft.type == MeasureType.TRANSFER:
        found += _e10(connection, case_id, draft.on)
    refuse(found)
    values = {"case_id": case.id, "employer_id": case.employer_id, "region": case.region, "demo": case.demo}
    measure_id = _insert(connection, draft, values, now)
    told = {"id": measure_id} | asdict(draft)
    case_rows.record(connection, actor, "measure.add", case, act=f"登记{draft.type}", at=now, after=told)
    consequences.follow(connection, case.id, settings=settings, now=now)
    return measure_id


def add_for_employer(
    connection: Connection,
    actor: Actor,
    employer_id: int,
    region: str,
    draft: MeasureDraft,
    *,
    settings: Settings,
    now: datetime,
) -> int:
    """Register a measure that belongs to no case, e.g. an order after an inspection; returns its id.

    Raises:
        RefusedError: the actor may not, or not in ``region``.
        LedgerError: a field is wrong; a transfer to the police belongs to a case.
    """
    actor.require("ledger.edit", region, kind=Record.MEASURE)
    draft = _tidy(draft)
    found = check(draft, settings=settings, today=local(now).date()) + checks.region(region)
    if draft.type in (MeasureType.TRANSFER, MeasureType.POLICE_FILING):
        found.append(Fault("type", f"{draft.type}须登记在案件上"))
    if connection.scalar(select(t.employer.c.id).where(t.employer.c.id == employer_id)) is None:
        found.append(Fault("employer_id", "请选择用人单位"))
    refuse(found)
    values = {"case_id": None, "employer_id": employer_id, "region": region, "demo": False}
    measure_id = _insert(connection, draft, values, now)
    told = asdict(draft)
    _record(connection, actor, "measure.add", (measure_id, region), act=f"登记{draft.type}", at=now, after=told)
    return measure_id


def edit(
    connection: Connection,
    actor: Actor,
    measure_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Correct a measure as it was at ``revision``; its type stays.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody changed it since.
        LedgerError: a field is wrong, or a transfer of another day would not rest on an unheeded order (E10).
    """
    row = _hold(connection, actor, measure_id, revision)
    untouchable = [
        name for name in changes if name not in DRAFT_FIELDS or (name == "type" and changes[name] != row.type)
    ]
    refuse(Fault(name, "措施类型登记后不能修改" if name == "type" else "此项不能修改") for name in untouchable)
    old = MeasureDraft(**{name: getattr(row, name) for name in DRAFT_FIELDS})
    new = _tidy(replace(old, **changes))
    if new == old:
        return
    found = check(new, settings=settings, today=local(now).date())
    if row.type == MeasureType.TRANSFER and new.on != row.on:
        found += _e10(connection, row.case_id, new.on)  # not for later days: the order may have been obeyed since
    refuse(found)
    done = connection.execute(
        update(t.measure)
        .where(t.measure.c.id == measure_id, t.measure.c.revision == revision)
        .values(asdict(new) | {"revision": revision + 1, "updated_at": now})
    )
    if done.rowcount != 1:
        raise events.conflict(connection, Record.MEASURE, measure_id, f"{row.type}文书 {row.doc_no}")
    after = {name: value for name, value in asdict(new).items() if getattr(old, name) != value}
    before = {name: getattr(old, name) for name in after}
    act = "措施已履行" if after.get("done_on") and not old.done_on else "修改措施"
    told = {"id": measure_id, "type": row.type}
    if row.case_id is None:
        _record(
            connection, actor, "measure.edit", (measure_id, row.region), act=act, at=now, before=before, after=after
        )
        return
    case = case_rows.hold(connection, actor, row.case_id, None)
    case_rows.record(connection, actor, "measure.edit", case, act=act, at=now, before=told | before, after=told | after)
    consequences.follow(connection, case.id, settings=settings, now=now)


def obeyed(
    connection: Connection,
    actor: Actor,
    measure_id: int,
    done_on: date,
    revision: int,
    *,
    result: str = "",
    settings: Settings,
    now: datetime,
) -> None:
    """Note that a measure was obeyed (已履行), or how a transfer to the police was answered. Raises as ``edit``."""
    changes: dict[str, Any] = {"done_on": done_on} | ({"result": result} if result else {})
    edit(connection, actor, measure_id, changes, revision, settings=settings, now=now)


def _tidy(draft: MeasureDraft) -> MeasureDraft:
    return replace(draft, doc_no=draft.doc_no.strip(), result=draft.result.strip())


def _insert(connection: Connection, draft: MeasureDraft, values: Mapping[str, Any], now: datetime) -> int:
    whole = asdict(draft) | dict(values) | {"created_at": now, "updated_at": now, "revision": 1}
    measure_id: int = connection.execute(insert(t.measure).values(whole).returning(t.measure.c.id)).scalar_one()
    return measure_id


def _e10(connection: Connection, case_id: int, on: date) -> list[Fault]:
    orders = connection.execute(select(t.measure).where(t.measure.c.case_id == case_id)).mappings().all()
    return law.transfer_faults(orders, on)


def _hold(connection: Connection, actor: Actor, measure_id: int, revision: int) -> Row[Any]:
    actor.require("ledger.edit", kind=Record.MEASURE, target=str(measure_id))
    own = t.measure.c
    case_id = connection.scalar(select(own.case_id).where(own.id == measure_id))
    if case_id is not None:  # the case first, as whoever moves the case with its documents
        case_rows.hold(connection, actor, case_id, None)
    row = connection.execute(select(t.measure).where(own.id == measure_id).with_for_update()).one_or_none()
    if row is None:
        raise InputError("这条措施记录已不存在，请刷新")
    actor.require("ledger.edit", row.region, kind=Record.MEASURE, target=str(measure_id))
    if row.revision != revision:
        kind, number = (Record.CASE, row.case_id) if row.case_id is not None else (Record.MEASURE, measure_id)
        raise events.conflict(connection, kind, number, f"{row.type}文书 {row.doc_no}")
    return row


def _record(
    connection: Connection,
    actor: Actor,
    code: str,
    which: tuple[int, str],
    *,
    act: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """History and trail of a measure outside a case; ``which``: its id and region."""
    measure_id, region = which
    events.note(connection, Record.MEASURE, measure_id, at=at, act=act, actor=actor, before=before, after=after)
    audit.append(
        connection, actor, code, at=at, kind=Record.MEASURE, target=str(measure_id), region=region,
        before=spoken(before or {}), after=spoken(after or {}),
    )  # fmt: skip
