"""Payments to the workers of a case (支付): what the ledger's purpose is measured by.

The case keeps two sums so that lists need not add up: distinct persons paid and wages without compensation. Wages paid
never exceed what was found owing (E05); compensation (赔偿金) comes on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_rows, checks, consequences, events
from monitors.ledger.case_drafts import confirmed
from monitors.ledger.case_rows import Case
from monitors.ledger.faults import Fault, fault, refuse
from monitors.ledger.field_names import NAMES
from monitors.ledger.model import CaseState, PaymentSource, Record
from monitors.settings import Settings
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """One payment; money in 分, ``proof``: what shows it (工资表、转账凭证 …).

    ``first_*``: of the persons those paid for the first time in this case. None means all of them on a case's first
    payment; later it has to be said.
    """

    on: date
    persons: int
    migrants: int
    wage_fen: int
    wage_migrant_fen: int
    source: str
    proof: str
    first_persons: int | None = None
    first_migrants: int | None = None
    compensation_fen: int = 0
    compensation_migrant_fen: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as it is kept."""

    id: int
    case_id: int
    on: date
    persons: int
    migrants: int
    first_persons: int
    first_migrants: int
    wage_fen: int
    wage_migrant_fen: int
    compensation_fen: int
    compensation_migrant_fen: int
    source: str
    proof: str
    demo: bool
    updated_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class _Paid:
    """Sums over the other payments of the case."""

    payments: int
    persons: int
    migrants: int
    wage_fen: int
    wage_migrant_fen: int


DRAFT_FIELDS = tuple(field.name for field in fields(PaymentDraft))
_COLUMNS = tuple(t.payment.c[field.name] for field in fields(Payment))


def listed(connection: Connection, scope: Scope, case_id: int) -> tuple[Payment, ...]:
    """The case's payments, oldest first.

    Raises:
        InputError: there is no such case within ``scope``.
    """
    case_rows.get(connection, scope, case_id)
    rows = connection.execute(
        select(*_COLUMNS).where(t.payment.c.case_id == case_id).order_by(t.payment.c.on, t.payment.c.id)
    )
    return tuple(Payment(*row) for row in rows)


def check(draft: PaymentDraft, *, settings: Settings, today: date) -> list[Fault]:  # noqa: ARG001 - as every check
    """What is wrong with the payment by itself: E01, E02, E11, E13, required fields."""
    found: list[Fault] = []
    for name in ("on", "persons", "migrants", "wage_fen", "wage_migrant_fen", "source", "proof"):
        found += checks.required(name, getattr(draft, name), NAMES[name])
    for name in ("persons", "migrants", "first_persons", "first_migrants"):
        found += checks.count(name, getattr(draft, name), NAMES[name])
    for name in ("wage_fen", "wage_migrant_fen", "compensation_fen", "compensation_migrant_fen"):
        found += checks.fen(name, getattr(draft, name), NAMES[name])
    found += checks.choice("source", draft.source, PaymentSource, NAMES["source"])
    found += checks.text("proof", draft.proof, "支付凭证")
    found += checks.dates({"on": draft.on}, today=today)
    found += checks.persons("migrants", draft.migrants, draft.persons)
    found += checks.persons("first_migrants", draft.first_migrants, draft.first_persons)
    found += checks.money("wage_migrant_fen", draft.wage_migrant_fen, draft.wage_fen)
    found += checks.money("compensation_migrant_fen", draft.compensation_migrant_fen, draft.compensation_fen)
    if found:
        return found
    for name, first, whole in (
        ("first_persons", draft.first_persons, draft.persons),
        ("first_migrants", draft.first_migrants, draft.migrants),
    ):
        if first is not None and first > whole:
            found.append(Fault(name, f"{NAMES[name]}不能大于本次支付人数"))
    total = draft.wage_fen + draft.compensation_fen
    migrant_total = draft.wage_migrant_fen + draft.compensation_migrant_fen
    if not draft.persons or not total:
        found.append(Fault("persons" if not draft.persons else "wage_fen", "支付人数与金额须同时大于零"))
    elif bool(draft.migrants) != bool(migrant_total):
        found.append(Fault("wage_migrant_fen", "农民工人数与金额须同时填写或同时为零"))
    return found + checks.plausible("persons", draft.persons, "wage_fen", draft.wage_fen)


def pay(
    connection: Connection,
    actor: Actor,
    case_id: int,
    draft: PaymentDraft,
    *,
    settings: Settings,
    now: datetime,
    confirm: bool = False,
) -> int:
    """Enter a payment; returns its id. ``confirm``: the person has looked at the figures that E13 doubts.

    Raises:
        RefusedError: the actor may not.
        LedgerError: a field is wrong, the case is not verified or is closed, or more would be paid than is owed (E05).
    """
    case = _open(connection, actor, case_id)
    draft = replace(draft, proof=draft.proof.strip())
    today = local(now).date()
    refuse(confirmed(check(draft, settings=settings, today=today), confirm))
    draft, found = _against(connection, case, draft)
    refuse(found)
    values = asdict(draft) | {
        "case_id": case.id,
        "demo": case.demo,
        "created_at": now,
        "updated_at": now,
        "revision": 1,
    }
    payment_id: int = connection.execute(insert(t.payment).values(values).returning(t.payment.c.id)).scalar_one()
    _sum_up(connection, case, now)
    told = {"id": payment_id} | asdict(draft)
    case_rows.record(connection, actor, "payment.add", case, act="登记支付", at=now, after=told)
    consequences.follow(connection, case.id, settings=settings, now=now)
    return payment_id


def edit(
    connection: Connection,
    actor: Actor,
    payment_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    settings: Settings,
    now: datetime,
    confirm: bool = False,
) -> None:
    """Correct a payment as it was at ``revision``.

    Raises:
        RefusedError, LedgerError: as ``pay``.
        ConflictError: somebody changed it since.
    """
    case, row = _hold(connection, actor, payment_id)
    if row.revision != revision:
        raise events.conflict(connection, Record.CASE, case.id, f"案件 {case.number} 的支付记录")
    refuse(Fault(name, f"{NAMES.get(name, name)}不能修改") for name in changes if name not in DRAFT_FIELDS)
    old = PaymentDraft(**{name: getattr(row, name) for name in DRAFT_FIELDS})
    new = replace(old, **changes)
    if new == old:
        return
    refuse(confirmed(check(new, settings=settings, today=local(now).date()), confirm))
    new, found = _against(connection, case, new, besides=payment_id)
    refuse(found)
    values = asdict(new) | {"revision": revision + 1, "updated_at": now}
    connection.execute(update(t.payment).where(t.payment.c.id == payment_id).values(values))
    _sum_up(connection, case, now)
    after = {name: value for name, value in asdict(new).items() if getattr(old, name) != value}
    before = {"id": payment_id} | {name: getattr(old, name) for name in after}
    after = {"id": payment_id} | after
    case_rows.record(connection, actor, "payment.edit", case, act="修改支付", at=now, before=before, after=after)
    consequences.follow(connection, case.id, settings=settings, now=now)


def remove(
    connection: Connection,
    actor: Actor,
    payment_id: int,
    revision: int,
    *,
    reason: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Take back a payment entered by mistake; the history keeps it whole.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody changed it since ``revision``.
        LedgerError: no reason, or the case is closed.
    """
    case, row = _hold(connection, actor, payment_id)
    if row.revision != revision:
        raise events.conflict(connection, Record.CASE, case.id, f"案件 {case.number} 的支付记录")
    reason = reason.strip()
    refuse(checks.required("reason", reason, "删除原因") + checks.text("reason", reason, "删除原因"))
    others = _paid(connection, case.id, besides=payment_id)
    if others.payments and not others.persons:
        refuse([Fault("first_persons", "其余支付记录未计首次领到人数，请先修改它们再删除这一笔")])
    connection.execute(delete(t.payment).where(t.payment.c.id == payment_id))
    _sum_up(connection, case, now)
    before = {"id": payment_id} | {name: getattr(row, name) for name in DRAFT_FIELDS}
    case_rows.record(
        connection, actor, "payment.remove", case, act="删除支付", at=now, before=before, after={"reason": reason},
        words=reason,
    )  # fmt: skip
    consequences.follow(connection, case.id, settings=settings, now=now)


def _hold(connection: Connection, actor: Actor, payment_id: int) -> tuple[Case, Row[Any]]:
    """The payment's case, held, and the payment as it is then."""
    actor.require("ledger.edit", kind=Record.PAYMENT, target=str(payment_id))
    case_id = connection.scalar(select(t.payment.c.case_id).where(t.payment.c.id == payment_id))
    case = _open(connection, actor, case_id) if case_id is not None else None
    row = connection.execute(select(t.payment).where(t.payment.c.id == payment_id)).one_or_none()
    if case is None or row is None:
        raise InputError("这笔支付记录已不存在，请刷新")
    return case, row


def _open(connection: Connection, actor: Actor, case_id: int) -> Case:
    """The case, held, if payments may be entered: found true, and not closed."""
    case = case_rows.hold(connection, actor, case_id, None)
    if case.closed:
        refuse([Fault("state", f"案件{case.state}，不能再登记或修改支付；复发的请先变更为“核查中”")])
    if case.verified_on is None or case.state == CaseState.UNFOUNDED:
        refuse([Fault("state", "案件查实后才能登记支付")])
    return case


def _against(
    connection: Connection, case: Case, draft: PaymentDraft, *, besides: int | None = None
) -> tuple[PaymentDraft, list[Fault]]:
    """The draft with its first-time persons, and what is wrong with it beside the case and its other payments."""
    others = _paid(connection, case.id, besides=besides)
    found: list[Fault] = checks.dates({"on": draft.on}, today=date.max, since=case.occurred_on)
    if not others.payments:
        draft = replace(
            draft,
            first_persons=draft.persons if draft.first_persons is None else draft.first_persons,
            first_migrants=draft.migrants if draft.first_migrants is None else draft.first_migrants,
        )
    found += [
        Fault(name, f"该案件已有支付记录，请填写{NAMES[name]}（没有的填0）")
        for name in ("first_persons", "first_migrants")
        if getattr(draft, name) is None
    ]
    if others.wage_fen + draft.wage_fen > (case.verified_fen or 0):
        found.append(fault("E05", "wage_fen"))
    elif others.wage_migrant_fen + draft.wage_migrant_fen > (case.verified_migrant_fen or 0):
        found.append(fault("E05", "wage_migrant_fen"))
    if others.persons + (draft.first_persons or 0) > (case.verified_workers or 0):
        found.append(Fault("first_persons", f"累计支付人数超过查实人数{case.verified_workers}人，请核对"))
    elif others.migrants + (draft.first_migrants or 0) > (case.verified_migrants or 0):
        found.append(Fault("first_migrants", f"累计支付农民工人数超过查实农民工人数{case.verified_migrants}人，请核对"))
    elif draft.first_persons is not None and draft.persons > others.persons + draft.first_persons:
        found.append(
            Fault("first_persons", f"此前共{others.persons}人领到，本次支付{draft.persons}人，首次领到人数偏少")
        )
    return draft, found


def _paid(connection: Connection, case_id: int, *, besides: int | None = None) -> _Paid:
    paid = t.payment.c
    sums = (paid.first_persons, paid.first_migrants, paid.wage_fen, paid.wage_migrant_fen)
    row = connection.execute(
        select(func.count(), *(func.sum(column) for column in sums)).where(
            paid.case_id == case_id, paid.id != (besides or 0)
        )
    ).one()
    return _Paid(*(int(value or 0) for value in row))


def _sum_up(connection: Connection, case: Case, now: datetime) -> None:
    paid = _paid(connection, case.id)
    case_rows.put_derived(connection, case.id, {"paid_workers": paid.persons, "paid_fen": paid.wage_fen}, now)
