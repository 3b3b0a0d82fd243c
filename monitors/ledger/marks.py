"""What singles a case out (R16–R18, R54, R56): 提级, 挂牌, 领导包案, 回头看, and endings a reviewer approves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, true

from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.errors import RefusedError
from monitors.ledger import case_rows, checks, consequences
from monitors.ledger.case_moves import PROOF
from monitors.ledger.case_rows import Case
from monitors.ledger.faults import Fault, fault, refuse
from monitors.ledger.field_names import NAMES
from monitors.ledger.model import MAX_TEXT, OVER_CASE, CaseState
from monitors.settings import Settings
from monitors.store import tables as t

# Endings other than payment that close a case once a reviewer approves (R44). Handing over to the police is none.
LEGAL_ENDINGS = (
    "判决或裁决执行完毕",
    "法院裁定终结本次执行程序",
    "转入仲裁或诉讼程序并已审结",
    "用人单位破产，债权已申报确认",
    "劳动者书面撤回并确认",
    "经复核确认无须支付余款",
)
_TEXT_LEFT = 40  # of the 500 characters, kept for the kind of ending before its words


def _open(connection: Connection, actor: Actor, case_id: int, revision: int, action: str) -> Case:
    case = case_rows.hold(connection, actor, case_id, revision, action=action, owner=True)
    if case.state in OVER_CASE:
        refuse([Fault("state", f"案件{case.state}，不能再变更标记")])
    return case


def _reason(words: str, field: str = "reason", name: str = "原因") -> str:
    words = words.strip()
    refuse(checks.required(field, words, name) + checks.text(field, words, name))
    return words


def _mark(
    connection: Connection,
    actor: Actor,
    case: Case,
    values: dict[str, Any],
    *,
    act: str,
    now: datetime,
    words: str = "",
) -> None:
    before, after = case_rows.difference(case, values)
    case_rows.put(connection, case, values, now)
    case_rows.record(
        connection, actor, "case.mark", case, act=act, said=act, at=now, before=before, after=after, words=words
    )


def escalate(
    connection: Connection,
    actor: Actor,
    case_id: int,
    revision: int,
    *,
    unit: str,
    person: str,
    reason: str,
    settings: Settings,
    now: datetime,
) -> None:
    """提级办理: the prefecture takes the case over; the county's unit becomes 协办 and no longer moves it (R16).

    Raises:
        RefusedError: the actor is no reviewer, or of a county.
        LedgerError: unit, person or reason is missing, the case is over, or it is escalated already.
    """
    case = _open(connection, actor, case_id, revision, "ledger.review")
    _above_county(actor, case, "提级办理")
    if case.escalated:
        refuse([Fault("state", "该案件已经提级办理")])
    words, unit, person = _reason(reason), unit.strip(), person.strip()
    found = checks.required("unit", unit, NAMES["unit"]) + checks.required("person", person, NAMES["person"])
    refuse(found + checks.text("unit", unit, NAMES["unit"], 60) + checks.text("person", person, NAMES["person"], 60))
    helping = tuple(dict.fromkeys(one for one in (*case.co_units, case.unit) if one and one != unit))
    values = {"escalated": True, "unit": unit, "person": person, "co_units": helping}
    _mark(connection, actor, case, values, act="提级办理", now=now, words=words)
    consequences.follow(connection, case.id, settings=settings, now=now)


def hand_back(
    connection: Connection,
    actor: Actor,
    case_id: int,
    revision: int,
    *,
    unit: str,
    person: str,
    reason: str,
    now: datetime,
) -> None:
    """交回属地: the county is in charge again. Raises as ``escalate``."""
    case = _open(connection, actor, case_id, revision, "ledger.review")
    _above_county(actor, case, "交回属地办理")
    if not case.escalated:
        refuse([Fault("state", "该案件没有提级办理")])
    words, unit, person = _reason(reason), unit.strip(), person.strip()
    found = checks.required("unit", unit, NAMES["unit"]) + checks.required("person", person, NAMES["person"])
    refuse(found + checks.text("unit", unit, NAMES["unit"], 60) + checks.text("person", person, NAMES["person"], 60))
    helping = tuple(one for one in case.co_units if one != unit)
    values = {"escalated": False, "unit": unit, "person": person, "co_units": helping}
    _mark(connection, actor, case, values, act="交回属地办理", now=now, words=words)


def _above_county(actor: Actor, case: Case, what: str) -> None:
    if not actor.region.endswith("00"):
        words = f"{what}由州（市）或省级决定"
        raise RefusedError(words, action="ledger.review", kind=case_rows.KIND, target=case.number)


def put_on_list(
    connection: Connection, actor: Actor, case_id: int, revision: int, *, reason: str, now: datetime
) -> None:
    """挂牌办理 (R56): a leader must be in charge (E14).

    Raises:
        RefusedError: the actor is no reviewer.
        LedgerError: no leader, no reason, the case is over or on the list already.
    """
    case = _open(connection, actor, case_id, revision, "ledger.review")
    if case.listed:
        refuse([Fault("state", "该案件已经挂牌办理")])
    refuse([fault("E14", "leader")] if not case.leader else [])
    _mark(connection, actor, case, {"listed": True}, act="挂牌办理", now=now, words=_reason(reason))


def take_off_list(
    connection: Connection, actor: Actor, case_id: int, revision: int, *, reason: str, now: datetime
) -> None:
    """摘牌. Raises as ``put_on_list``."""
    case = _open(connection, actor, case_id, revision, "ledger.review")
    if not case.listed:
        refuse([Fault("state", "该案件没有挂牌办理")])
    _mark(connection, actor, case, {"listed": False}, act="摘牌", now=now, words=_reason(reason))


def lead(
    connection: Connection,
    actor: Actor,
    case_id: int,
    revision: int,
    *,
    leader: str,
    leader_unit: str,
    major: bool | None = None,
    settings: Settings,
    now: datetime,
) -> None:
    """领导包案 (R18): who of the government or of a member unit answers for the case; with ``major`` also 重大 or not.

    Raises:
        RefusedError: the actor may not.
        LedgerError: E14, a unit that is none of ``model.LEADERS``, or no longer 重大 although its size says so.
    """
    case = _open(connection, actor, case_id, revision, "ledger.edit")
    leader = leader.strip()
    grave = case.major if major is None else major
    found = checks.leader(grave or case.listed, leader, leader_unit) + checks.text(
        "leader", leader, NAMES["leader"], 60
    )
    if not grave and case.verified_on and checks.is_major(case.verified_workers, case.verified_fen, settings):
        found.append(Fault("major", "查实人数或金额已达重大案件标准，不能取消"))
    refuse(found)
    values = {"leader": leader, "leader_unit": leader_unit if leader else "", "major": grave}
    if case_rows.difference(case, values)[1]:
        _mark(connection, actor, case, values, act="领导包案", now=now)


def approve_ending(
    connection: Connection,
    actor: Actor,
    case_id: int,
    revision: int,
    *,
    ending: str,
    words: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Approve another legal ending than payment, after which the case may be sent for 销账 (R44).

    Raises:
        RefusedError: the actor is no reviewer.
        LedgerError: not one of ``LEGAL_ENDINGS``, no words, or the case is not verified or is over.
    """
    case = _open(connection, actor, case_id, revision, "ledger.review")
    if case.verified_on is None:
        refuse([Fault("state", "案件查实后才能批准法定结案情形")])
    found = checks.required("ending", ending, "法定结案情形")
    found += checks.choice("ending", ending, LEGAL_ENDINGS, "法定结案情形")
    found += checks.text("words", words.strip(), "批准依据", MAX_TEXT - _TEXT_LEFT)
    refuse(found + checks.required("words", words, "批准依据"))
    if case.handler == actor.name and case.state == CaseState.SETTLING:
        refuse([Fault("state", "销账由您本人提请，法定结案情形须由另一人批准")])
    values = {"legal_ending": f"{ending}：{words.strip()}"}
    _mark(connection, actor, case, values, act="批准法定结案", now=now, words=words.strip())
    consequences.follow(connection, case.id, settings=settings, now=now)


def object_to_settling(
    connection: Connection, actor: Actor, case_id: int, revision: int, *, words: str, now: datetime
) -> None:
    """Say what the reviewer misses before 销账; the case stays 待销账 until it is there.

    Raises:
        RefusedError: the actor is no reviewer.
        LedgerError: no words, or the case is not 待销账.
    """
    case = _open(connection, actor, case_id, revision, "ledger.review")
    if case.state != CaseState.SETTLING:
        refuse([Fault("state", "只有待销账的案件可以提出复核意见")])
    _mark(connection, actor, case, {}, act="销账复核意见", now=now, words=_reason(words, "words", "复核意见"))


def add_proof(connection: Connection, actor: Actor, case_id: int, revision: int, *, proof: str, now: datetime) -> None:
    """Add what shows that the workers were paid, to a case that is 待销账 (R17).

    Raises:
        RefusedError: the actor may not.
        LedgerError: no words, or the case is not 待销账.
    """
    case = _open(connection, actor, case_id, revision, "ledger.edit")
    if case.state != CaseState.SETTLING:
        refuse([Fault("state", "只有待销账的案件需要补充销账依据")])
    _mark(connection, actor, case, {}, act=PROOF, now=now, words=_reason(proof, "proof", "销账依据"))


def recheck_due(connection: Connection, scope: Scope, today: date, *, limit: int = 200) -> tuple[Case, ...]:
    """回头看 (R54): settled cases whose day to be looked at again has come, longest waiting first."""
    own = t.wage_case.c
    rows = connection.execute(
        case_rows.query()
        .where(own.recheck_on <= today, own.state.in_((CaseState.SETTLED, CaseState.RECHECKING)))
        .where(true() if scope.everything else within(own.region, scope.region))
        .order_by(own.recheck_on, own.id)
        .limit(limit)
    )
    return tuple(case_rows.read(row) for row in rows)


def recurring(connection: Connection, scope: Scope, *, limit: int = 200) -> tuple[Case, ...]:
    """边清边欠 (R20): the flagged cases, newest first."""
    own = t.wage_case.c
    rows = connection.execute(
        case_rows.query()
        .where(own.recurring.is_(True))
        .where(true() if scope.everything else within(own.region, scope.region))
        .order_by(own.id.desc())
        .limit(limit)
    )
    return tuple(case_rows.read(row) for row in rows)
