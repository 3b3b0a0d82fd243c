"""Judgments, awards and applications that a court enforces (执行, R33), with what came in; also in batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, true, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_rows, checks, consequences, events
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.field_names import NAMES, spoken
from monitors.ledger.model import ExecutionBasis, Record
from monitors.settings import Settings
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class ExecutionDraft:
    """One enforcement. ``region`` counts where it belongs to no case; money in 分; ``batch``: 集中执行活动."""

    basis: str
    court: str
    on: date
    amount_fen: int
    recovered_fen: int = 0
    batch: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """An enforcement as it is kept."""

    id: int
    case_id: int | None
    region: str
    basis: str
    court: str
    on: date
    amount_fen: int
    recovered_fen: int
    batch: str
    demo: bool
    updated_at: datetime
    revision: int


DRAFT_FIELDS = tuple(field.name for field in fields(ExecutionDraft))
_COLUMNS = tuple(t.execution.c[field.name] for field in fields(Execution))


def listed(
    connection: Connection,
    scope: Scope,
    *,
    case_id: int | None = None,
    batch: str = "",
    limit: int = 100,
    offset: int = 0,
) -> tuple[Execution, ...]:
    """Enforcements within ``scope``, newest first; of one case, or of one batch."""
    own = t.execution.c
    query = select(*_COLUMNS).where(true() if scope.everything else within(own.region, scope.region))
    if case_id is not None:
        query = query.where(own.case_id == case_id)
    if batch:
        query = query.where(own.batch == batch)
    rows = connection.execute(query.order_by(own.on.desc(), own.id.desc()).limit(limit).offset(offset))
    return tuple(Execution(*row) for row in rows)


def check(draft: ExecutionDraft, *, settings: Settings, today: date) -> list[Fault]:  # noqa: ARG001 - as every check
    """What is wrong with the enforcement by itself."""
    found: list[Fault] = []
    for name in ("basis", "court", "on", "amount_fen"):
        found += checks.required(name, getattr(draft, name), NAMES[name])
    found += checks.choice("basis", draft.basis, ExecutionBasis, NAMES["basis"])
    found += checks.text("court", draft.court, NAMES["court"], 60) + checks.text("batch", draft.batch, "批次", 60)
    found += checks.fen("amount_fen", draft.amount_fen, NAMES["amount_fen"])
    found += checks.fen("recovered_fen", draft.recovered_fen, NAMES["recovered_fen"])
    found += checks.dates({"on": draft.on}, today=today)
    if not found and draft.amount_fen == 0:
        found.append(Fault("amount_fen", "申请执行金额应大于零"))
    if not found and draft.recovered_fen > draft.amount_fen:
        found.append(Fault("recovered_fen", "执行到位金额不能大于申请执行金额"))
    return found


def add(
    connection: Connection,
    actor: Actor,
    draft: ExecutionDraft,
    *,
    case_id: int | None = None,
    settings: Settings,
    now: datetime,
) -> int:
    """Register an enforcement, of a case or of a region; returns its id.

    Raises:
        RefusedError: the actor may not.
        LedgerError: a field is wrong.
    """
    actor.require("ledger.edit", kind=Record.EXECUTION)
    draft = replace(draft, court=draft.court.strip(), batch=draft.batch.strip())
    case = case_rows.hold(connection, actor, case_id, None) if case_id is not None else None
    if case is not None:
        draft = replace(draft, region=case.region)
    refuse(check(draft, settings=settings, today=local(now).date()) + checks.region(draft.region))
    actor.require("ledger.edit", draft.region, kind=Record.EXECUTION)
    values = asdict(draft) | {"case_id": case_id, "demo": bool(case and case.demo), "revision": 1}
    values |= {"created_at": now, "updated_at": now}
    number: int = connection.execute(insert(t.execution).values(values).returning(t.execution.c.id)).scalar_one()
    which = (number, draft.region, case)
    _record(connection, actor, "execution.add", which, act="登记执行", at=now, after=asdict(draft))
    if case is not None:
        consequences.follow(connection, case.id, settings=settings, now=now)
    return number


def edit(
    connection: Connection,
    actor: Actor,
    execution_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Correct an enforcement as it was at ``revision``, e.g. what has come in since; its region stays.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody changed it since.
        LedgerError: a field is wrong.
    """
    actor.require("ledger.edit", kind=Record.EXECUTION, target=str(execution_id))
    own = t.execution.c
    case_id = connection.scalar(select(own.case_id).where(own.id == execution_id))
    # The case first, as whoever moves the case with its enforcements.
    case = case_rows.hold(connection, actor, case_id, None) if case_id is not None else None
    row = connection.execute(select(t.execution).where(own.id == execution_id).with_for_update()).one_or_none()
    if row is None:
        raise InputError("这条执行记录已不存在，请刷新")
    actor.require("ledger.edit", row.region, kind=Record.EXECUTION, target=str(execution_id))
    if row.revision != revision:
        kind, number = (Record.CASE, row.case_id) if row.case_id is not None else (Record.EXECUTION, execution_id)
        raise events.conflict(connection, kind, number, f"{row.court}执行记录")
    refuse(Fault(name, "此项不能修改") for name in changes if name not in DRAFT_FIELDS or name == "region")
    old = ExecutionDraft(**{name: getattr(row, name) for name in DRAFT_FIELDS})
    new = replace(old, **changes)
    if new == old:
        return
    refuse(check(new, settings=settings, today=local(now).date()))
    connection.execute(
        update(t.execution)
        .where(own.id == execution_id)
        .values(asdict(new) | {"revision": revision + 1, "updated_at": now})
    )
    after = {name: value for name, value in asdict(new).items() if getattr(old, name) != value}
    before = {name: getattr(old, name) for name in after}
    which = (execution_id, row.region, case)
    _record(connection, actor, "execution.edit", which, act="修改执行", at=now, before=before, after=after)


def _record(
    connection: Connection,
    actor: Actor,
    code: str,
    which: tuple[int, str, case_rows.Case | None],
    *,
    act: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
) -> None:
    number, region, case = which
    if case is not None:
        told = {"id": number} | dict(after)
        case_rows.record(connection, actor, code, case, act=act, at=at, before=before, after=told)
        return
    events.note(connection, Record.EXECUTION, number, at=at, act=act, actor=actor, before=before, after=after)
    audit.append(
        connection, actor, code, at=at, kind=Record.EXECUTION, target=str(number), region=region,
        before=spoken(before or {}), after=spoken(after),
    )  # fmt: skip
