"""Cases (案件): entering one, its number, what looks like it already, and joining a second report to it.

Claimed figures (诉求) are what people say, verified ones (查实) what was found: the former enter here, the latter by
``monitors.ledger.transitions`` when the case is found true, and nothing copies one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, or_, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_rows, consequences, law
from monitors.ledger.case_drafts import DRAFT_FIELDS, CaseDraft, check, check_verified, confirmed, tidy
from monitors.ledger.case_edit import assign, edit, known
from monitors.ledger.case_rows import Case, get
from monitors.ledger.faults import Fault, fault, refuse
from monitors.ledger.model import CLOSED_CASE, CaseState
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

__all__ = [
    "Case",
    "CaseDraft",
    "DuplicateHit",
    "assign",
    "check",
    "check_verified",
    "create",
    "duplicates",
    "edit",
    "get",
    "merge",
    "number",
    "numbers",
]

_NUMBERED: dict[str, Table] = {"AJ": t.wage_case, "XS": t.clue, "YH": t.hazard}


@dataclass(frozen=True, slots=True)
class DuplicateHit:
    """A case that may be the same as the one being entered. ``why`` says what the two have in common."""

    case_id: int
    number: str
    region: str
    state: str
    accepted_on: date
    why: str


def create(
    connection: Connection,
    actor: Actor,
    draft: CaseDraft,
    *,
    settings: Settings,
    now: datetime,
    demo: bool = False,
    confirm_duplicate: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Enter a case as 待受理; returns its id.

    ``confirm_duplicate``: a person has seen what E12 named and says it is another matter; ``confirm_figures``: the
    same of E13.

    Raises:
        RefusedError: the actor may not, or not there.
        LedgerError: a field is wrong, or E12.
    """
    actor.require("ledger.edit", kind=case_rows.KIND)
    draft = tidy(draft)
    refuse(confirmed(check(draft, settings=settings, today=local(now).date()), confirm_figures))
    actor.require("ledger.edit", draft.region, kind=case_rows.KIND)
    refuse(known(connection, draft.employer_id, draft.project_id))
    take(connection, Turn.LEDGER_NUMBERS)  # the second of two clerks at once sees the first one's case
    if not confirm_duplicate and (hits := duplicates(connection, draft)):
        refuse([fault("E12", "employer_id", id=hits[0].number)])
    draft = _with_receiver(_with_lead(connection, draft), actor)
    values: dict[str, Any] = {name: getattr(draft, name) for name in DRAFT_FIELDS}
    values |= {"tags": list(draft.tags), "co_units": list(draft.co_units), "number": number(connection, "AJ", now)}
    values |= {"state": CaseState.RECEIVED, "created_by": actor.name[:80], "demo": demo, "revision": 1}
    values |= {"created_at": now, "updated_at": now}
    case_id: int = connection.execute(insert(t.wage_case).values(values).returning(t.wage_case.c.id)).scalar_one()
    case = case_rows.get(connection, actor.scope, case_id)
    entered = {name: getattr(draft, name) for name in DRAFT_FIELDS if getattr(draft, name) not in (None, "", (), False)}
    after = {"number": case.number, "state": case.state} | entered
    case_rows.record(connection, actor, "case.create", case, act="登记", at=now, after=after)
    consequences.follow(connection, case_id, settings=settings, now=now)
    return case_id


def _with_receiver(draft: CaseDraft, actor: Actor) -> CaseDraft:
    return draft if draft.first_receiver else replace(draft, first_receiver=actor.display[:60])


def _with_lead(connection: Connection, draft: CaseDraft) -> CaseDraft:
    """The leading unit that project and employer suggest, where nobody named one (R4)."""
    if draft.lead_unit:
        return draft
    employer = connection.execute(select(t.employer).where(t.employer.c.id == draft.employer_id)).mappings().one()
    project = None
    if draft.project_id is not None:
        project = connection.execute(select(t.project).where(t.project.c.id == draft.project_id)).mappings().one()
    lead, helping = law.lead_unit(project, employer)
    return replace(draft, lead_unit=lead, co_units=draft.co_units or helping)


def number(connection: Connection, prefix: str, now: datetime) -> str:
    """The next number of a case (AJ), clue (XS) or hazard (YH): ``AJ2026-000001``, counted per year of the office."""
    return numbers(connection, prefix, now, 1)[0]


def numbers(connection: Connection, prefix: str, now: datetime, count: int) -> list[str]:
    """The next ``count`` numbers; whoever else asks waits until this transaction ends."""
    take(connection, Turn.LEDGER_NUMBERS)
    column = _NUMBERED[prefix].c.number
    stem = f"{prefix}{local(now).year}-"
    highest = connection.scalar(
        select(column).where(column.like(f"{stem}%")).order_by(func.length(column).desc(), column.desc()).limit(1)
    )
    last = int(highest.removeprefix(stem)) if highest else 0
    return [f"{stem}{last + one:06d}" for one in range(1, count + 1)]


def duplicates(connection: Connection, draft: CaseDraft, *, besides: int | None = None) -> tuple[DuplicateHit, ...]:
    """Cases that may be the same: E12 (same employer, same project, periods that meet), or the same external number.

    A period nobody gave meets every case that is not closed. Newest first; ``besides``: the case being edited itself.
    """
    case = t.wage_case.c
    alike = case.employer_id == draft.employer_id
    alike &= case.project_id == draft.project_id if draft.project_id is not None else case.project_id.is_(None)
    wanted = [alike]
    if draft.external_no:
        wanted.append((case.channel == draft.channel) & (case.external_no == draft.external_no))
    rows = connection.execute(
        select(t.wage_case).where(or_(*wanted), case.id != (besides or 0)).order_by(case.id.desc())
    )
    found = []
    for row in rows:
        if draft.external_no and (row.channel, row.external_no) == (draft.channel, draft.external_no):
            why = f"同一渠道的来源编号相同（{row.external_no}）"
        elif row.state != CaseState.UNFOUNDED and _same_matter(row, draft) and _meet(row, draft):
            why = "同企业、同项目、同时段"
        else:
            continue
        found.append(DuplicateHit(row.id, row.number, row.region, row.state, row.accepted_on, why))
    return tuple(found)


def _same_matter(row: Row[Any], draft: CaseDraft) -> bool:
    return (row.employer_id, row.project_id) == (draft.employer_id, draft.project_id)


def _meet(row: Row[Any], draft: CaseDraft) -> bool:
    there, here = (row.period_from, row.period_to), (draft.period_from, draft.period_to)
    if there == (None, None) or here == (None, None):
        return row.state not in CLOSED_CASE
    first = max(one[0] or date.min for one in (there, here))
    last = min(one[1] or date.max for one in (there, here))
    return first <= last


def merge(
    connection: Connection,
    actor: Actor,
    case_id: int,
    draft: CaseDraft,
    *,
    settings: Settings,
    now: datetime,
) -> tuple[str, ...]:
    """Join a second report to the case it repeats (并入, R14) instead of entering it; returns the fields it added to.

    It fills what the case leaves blank, widens the period, adds tags, and where more is claimed claims that: the same
    people counted twice are still the same people. What was verified, and who received the case first, stay.

    Raises:
        RefusedError, LedgerError: as ``edit``; the case is over: enter it anew, with the duplicate confirmed.
    """
    case = case_rows.hold(connection, actor, case_id, None)
    if case.closed or case.state == CaseState.UNFOUNDED:
        refuse([Fault("state", f"案件 {case.number} {case.state}，不能并入；请确认为新案件后登记")])
    if case.employer_id != draft.employer_id:
        raise InputError(f"用人单位与案件 {case.number} 不同，不能并入")
    draft = tidy(draft)
    changes: dict[str, Any] = {}
    for name in ("external_no", "summary", "occurred_on", "plan", "unit", "person", "due", "project_id"):
        if not getattr(case, name) and getattr(draft, name):
            changes[name] = getattr(draft, name)
    if draft.claimed_fen > case.claimed_fen:
        changes["claimed_fen"] = draft.claimed_fen
    if draft.claimed_workers > case.claimed_workers:
        changes |= {"claimed_workers": draft.claimed_workers, "claimed_migrants": draft.claimed_migrants}
    starts = [one for one in (case.period_from, draft.period_from) if one]
    ends = [one for one in (case.period_to, draft.period_to) if one]
    changes |= {"period_from": min(starts)} if starts else {}
    changes |= {"period_to": max(ends)} if ends else {}
    changes["tags"] = tuple(dict.fromkeys((*case.tags, *draft.tags)))
    _, after = case_rows.difference(case, changes)
    edit(connection, actor, case_id, after, case.revision, settings=settings, now=now)
    told = {"channel": draft.channel, "external_no": draft.external_no, "on": draft.accepted_on}
    words = f"并入一条重复反映：{draft.channel} {draft.external_no}".rstrip()
    case_rows.record(connection, actor, "case.merge", case, act="并入", at=now, after=told, words=words)
    return tuple(after)
