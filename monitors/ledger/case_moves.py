"""What a case's transitions ask beyond the table of ways, and what they write (案件, domain.md 3.2).

A case is closed when the workers have their money, or a reviewer has approved another legal ending; handing it to the
police closes nothing (R44). 重大 cases and 陈案 are not closed without a leader in charge and proof (R17).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.ledger import case_rows, checks, consequences, events, needs
from monitors.ledger.case_drafts import check_verified, confirmed, due_faults, paid_faults
from monitors.ledger.case_edit import paid_migrants_faults
from monitors.ledger.case_rows import Case
from monitors.ledger.deadlines import is_old
from monitors.ledger.faults import Fault, LedgerError, fault, refuse
from monitors.ledger.field_names import yuan
from monitors.ledger.law import transfer_faults
from monitors.ledger.model import CaseState, MeasureType, Record
from monitors.ledger.ways import Way, find
from monitors.settings import Settings
from monitors.store import tables as t

_S, _M = CaseState, MeasureType
# The document that must be registered before the case stands in the state.
DOCUMENTS: dict[str, tuple[MeasureType, ...]] = {
    _S.ORDERED: (_M.ORDER, _M.PAY_ORDER),
    _S.PENALISED: (_M.DECISION, _M.PENALTY),
    _S.ENFORCING: (_M.ENFORCEMENT,),
    _S.TRANSFERRED: (_M.TRANSFER,),
}


def move(
    connection: Connection,
    actor: Actor,
    case_id: int,
    to: str,
    *,
    given: Mapping[str, Any],
    revision: int,
    settings: Settings,
    now: datetime,
    confirm_figures: bool,
) -> None:
    """As ``transitions.move``, of a case."""
    able = "ledger.edit" if actor.may("ledger.edit") or not actor.may("ledger.review") else "ledger.review"
    case = case_rows.hold(connection, actor, case_id, revision, action=able, owner=True)
    way = find(Record.CASE, case.state, to)
    if way is None:
        raise LedgerError([fault("E06", "state", a=case.state, b=to)])
    actor.require(way.action, case.region, kind=case_rows.KIND, target=case.number)
    if way.second and case.handler == actor.name:
        refuse([Fault("state", f"“{case.state}”由您本人经办，变更为“{to}”须由另一人复核")])
    values, found = needs.checked(way, given, asdict(case))
    refuse(found)
    today = local(now).date()
    values = _dated(way, values, case, today)
    refuse(confirmed(_faults(connection, case, to, values, settings=settings, today=today), confirm_figures))
    stored = _columns(case, to, values, actor, settings)
    case_rows.put(connection, case, stored, now)
    after = {"state": to, "by": actor.name} | values
    case_rows.record(
        connection, actor, "case.move", case, act=events.MOVED, at=now, before={"state": case.state}, after=after
    )
    consequences.follow(connection, case.id, settings=settings, now=now)


def _dated(way: Way, values: dict[str, Any], case: Case, today: date) -> dict[str, Any]:
    """Optional days default to today; a relapsed case found true again keeps the day it first was."""
    for need in way.needs:
        if need.type == "date" and not need.required and need.field not in values:
            values[need.field] = (case.verified_on if need.field == "verified_on" else None) or today
    return values


def _faults(
    connection: Connection, case: Case, to: str, values: Mapping[str, Any], *, settings: Settings, today: date
) -> list[Fault]:
    match to:
        case _S.VERIFIED:
            found = _verified(connection, case, values, settings=settings, today=today)
        case _S.UNFOUNDED:
            words = "该案件曾经查实，不能定为不属实；复发情况不属实的，请按原查实数据查实后销账"
            found = [Fault("state", words)] if case.verified_on else []
        case _S.FILED:
            found = checks.dates({"filed_on": values["filed_on"]}, today=today, since=case.accepted_on)
        case _S.WITHDRAWN:
            found = checks.dates({"withdrawn_on": values["withdrawn_on"]}, today=today, since=case.filed_on)
        case _S.SETTLING:
            found = _unpaid(case) + _unled(case, settings, today) + _unproved(case, values, settings, today)
        case _S.SETTLED:
            found = checks.dates({"closed_on": values["closed_on"]}, today=today, since=case.verified_on)
            found += _unpaid(case) + _unled(case, settings, today) + _unshown(connection, case, settings, today)
        case _:
            found = _undocumented(connection, case, to, today)
    return found


def _verified(
    connection: Connection, case: Case, values: Mapping[str, Any], *, settings: Settings, today: date
) -> list[Fault]:
    whole = asdict(case) | dict(values)
    found = check_verified(whole, settings=settings, today=today)
    found += checks.dates({"verified_on": whole["verified_on"]}, today=today, since=case.accepted_on)
    found += due_faults(whole["due"], case.accepted_on)
    if not found:
        found += paid_faults(whole["verified_workers"], whole["verified_fen"], case.paid_workers, case.paid_fen)
        found += paid_migrants_faults(connection, case.id, whole)
    return list(dict.fromkeys(found))


def _unpaid(case: Case) -> list[Fault]:
    """Workers have what was found owing, or a reviewer approved another ending."""
    owing = (case.verified_fen or 0) - case.paid_fen
    if owing <= 0 or case.legal_ending:
        return []
    return [Fault("state", f"尚有 {yuan(owing)} 未支付，不能销账；依法以其他方式结案的，请先由复核人批准法定结案情形")]


def weighty(case: Case, settings: Settings, today: date) -> bool:
    """重大案件 or 陈案: led by a named leader and closed with proof."""
    return case.major or "陈案" in case.tags or is_old(case.accepted_on, case.closed_on, today, settings)


def _unled(case: Case, settings: Settings, today: date) -> list[Fault]:
    if not weighty(case, settings, today) or case.leader:
        return []
    return [fault("E14", "leader") if case.major else Fault("leader", "陈案须指定包案领导后方可销账")]


def _unproved(case: Case, values: Mapping[str, Any], settings: Settings, today: date) -> list[Fault]:
    if values.get("proof") or not weighty(case, settings, today):
        return []
    return [Fault("proof", "重大案件、陈案销账须填写销账依据")]


def _unshown(connection: Connection, case: Case, settings: Settings, today: date) -> list[Fault]:
    """Proof that was not asked for when the case was sent for review, because it became 重大 or old since."""
    if not weighty(case, settings, today):
        return []
    past = events.history(connection, Record.CASE, case.id)
    sent = next((e for e in past if e.act == events.MOVED and e.after.get("state") == _S.SETTLING), None)
    if sent is not None and sent.after.get("proof"):
        return []
    added = next((e for e in past if e.act == PROOF and (sent is None or e.id > sent.id)), None)
    return [] if added else [Fault("proof", "重大案件、陈案销账须有销账依据，请经办人补充")]


PROOF = "补充销账依据"  # act of ``marks.add_proof``


def _undocumented(connection: Connection, case: Case, to: str, today: date) -> list[Fault]:
    wanted = DOCUMENTS.get(to)
    if wanted is None:
        return []
    measures = connection.execute(select(t.measure).where(t.measure.c.case_id == case.id)).mappings().all()
    there: set[str] = {m["type"] for m in measures}
    if to == _S.ENFORCING and connection.scalar(
        select(t.execution.c.id).where(t.execution.c.case_id == case.id).limit(1)
    ):
        return []
    if to == _S.TRANSFERRED and _M.TRANSFER not in there and (found := transfer_faults(measures, today, "state")):
        return found
    if there & set(wanted):
        return []
    return [Fault("state", f"请先登记{'或'.join(wanted)}文书，再变更为“{to}”")]


def _columns(case: Case, to: str, values: Mapping[str, Any], actor: Actor, settings: Settings) -> dict[str, Any]:
    """The columns a transition writes; what is no column (reasons, evidence, proof) stays in the history."""
    stored: dict[str, Any] = {key: value for key, value in values.items() if hasattr(case, key)}
    stored["state"] = to
    if to in (_S.CHECKING, _S.SETTLING):
        stored["handler"] = actor.name[:80]  # whose finding or request the next step has somebody else review
    match to:
        case _S.VERIFIED:
            figures = asdict(case) | stored
            stored["major"] = case.major or checks.is_major(
                figures["verified_workers"], figures["verified_fen"], settings
            )
        case _S.SETTLED:
            stored["recheck_on"] = values["closed_on"] + timedelta(days=settings.ledger.recheck_days)
        case _S.ENDED:
            stored["recheck_on"] = None
        case _S.CHECKING if case.closed:
            # 复发: the case is open again. What was verified and paid stays, so that no count of the past changes.
            stored |= {"closed_on": None, "legal_ending": "", "recheck_on": None}
            stored["first_closed_on"] = case.first_closed_on or case.closed_on
        case _S.FILED if case.filed_on:
            stored["first_filed_on"] = case.first_filed_on or case.filed_on
    return stored
