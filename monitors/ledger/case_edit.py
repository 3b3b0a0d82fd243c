"""Changing a case that is there: single fields, and unit, person and due day of many at once (修改、分派)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_drafts, case_rows, checks, consequences
from monitors.ledger.case_drafts import (
    DRAFT_FIELDS,
    CaseDraft,
    check,
    check_verified,
    confirmed,
    due_faults,
    filed_faults,
    paid_faults,
    tidy,
)
from monitors.ledger.case_rows import Case
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.field_names import NAMES
from monitors.ledger.model import OVER_CASE
from monitors.settings import Settings
from monitors.store import tables as t

# Written by the transition to 查实 first, corrected here.
VERIFIED = (
    "verified_workers",
    "verified_migrants",
    "verified_fen",
    "verified_migrant_fen",
    "verified_on",
    "prior_period",
)
EDITABLE = frozenset((*DRAFT_FIELDS, *VERIFIED))
MOST_AT_ONCE = 500  # cases of one bulk assignment: each leaves a line in history and trail


def edit(
    connection: Connection,
    actor: Actor,
    case_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    settings: Settings,
    now: datetime,
    confirm_figures: bool = False,
) -> None:
    """Change fields of the case as it was at ``revision``; nothing is written where nothing differs.

    ``confirm_figures``: the person has looked at the figures that E13 doubts.

    Raises:
        RefusedError: the actor may not, or the case would leave the actor's region.
        ConflictError: somebody changed it since ``revision``; the sentence says who and when.
        LedgerError: a field is wrong, may not be edited, or the case is closed.
    """
    case = case_rows.hold(connection, actor, case_id, revision)
    refuse(_untouchable(case, changes))
    new = _tidied(case, changes)
    before, after = case_rows.difference(case, new)
    if not after:
        return
    if case.state in OVER_CASE:
        refuse([Fault("state", f"案件{case.state}，不能再修改")])
    if "region" in after:
        actor.require("ledger.edit", after["region"], kind=case_rows.KIND, target=case.number)
    today = local(now).date()
    refuse(confirmed(_faults(connection, case, after, settings, today), confirm_figures))
    if case.verified_on and checks.is_major(
        after.get("verified_workers", case.verified_workers), after.get("verified_fen", case.verified_fen), settings
    ):
        if not case.major:
            before["major"] = False
        after["major"] = True
    stored = after | ({"recurring": False} if {"project_id", "accepted_on"} & after.keys() else {})
    case_rows.put(connection, case, stored, now)
    case_rows.record(connection, actor, "case.edit", case, act="修改", at=now, before=before, after=after)
    consequences.follow(connection, case.id, settings=settings, now=now)


def _untouchable(case: Case, changes: Mapping[str, Any]) -> list[Fault]:
    """Fields that are no matter of editing: who received it first (R10), the state, sums and marks."""
    found = []
    for name, value in changes.items():
        if name == "first_receiver" and value != case.first_receiver:
            found.append(Fault(name, "首问负责人登记后不能更改"))
        elif name not in EDITABLE:
            found.append(Fault(name, f"{NAMES.get(name, name)}不能直接修改"))
        elif name in VERIFIED and case.verified_on is None and value not in (None, False):
            found.append(Fault(name, f"案件尚未查实，{NAMES[name]}请在变更为“查实”时填写"))
    return found


def _tidied(case: Case, changes: Mapping[str, Any]) -> dict[str, Any]:
    draft = tidy(CaseDraft(**{name: changes.get(name, getattr(case, name)) for name in DRAFT_FIELDS}))
    return {name: getattr(draft, name, value) if name in DRAFT_FIELDS else value for name, value in changes.items()}


def _faults(
    connection: Connection, case: Case, after: Mapping[str, Any], settings: Settings, today: date
) -> list[Fault]:
    whole = asdict(case) | dict(after)
    found = check(CaseDraft(**{name: whole[name] for name in DRAFT_FIELDS}), settings=settings, today=today)
    found = confirmed(found, not {"claimed_workers", "claimed_fen"} & after.keys())  # E13 doubts new figures only
    found += known(connection, whole["employer_id"], whole["project_id"])
    if "accepted_on" in after and not found:
        found += filed_faults(whole["accepted_on"], case.filed_on)
    if case.verified_on is None:
        return found
    own = confirmed(check_verified(whole, settings=settings, today=today), not set(VERIFIED) & after.keys())
    found += [one for one in own if one not in found]  # E14 is a matter of both
    if not [one for one in own if one.field in VERIFIED]:
        found += paid_faults(whole["verified_workers"], whole["verified_fen"], case.paid_workers, case.paid_fen)
        found += paid_migrants_faults(connection, case.id, whole)
    if "major" in after and not after["major"]:
        if checks.is_major(whole["verified_workers"], whole["verified_fen"], settings):
            found.append(Fault("major", "查实人数或金额已达重大案件标准，不能取消"))
        if case.listed:
            found.append(Fault("major", "案件正在挂牌办理，请先摘牌"))
    return found


def paid_migrants_faults(connection: Connection, case_id: int, whole: Mapping[str, Any]) -> list[Fault]:
    """E05 and persons for the migrants among those paid: no more than were found owed."""
    paid = t.payment.c
    persons, fen = connection.execute(
        select(func.sum(paid.first_migrants), func.sum(paid.wage_migrant_fen)).where(paid.case_id == case_id)
    ).one()
    owed = whole["verified_migrants"], whole["verified_migrant_fen"]
    return case_drafts.paid_migrants_faults(*owed, int(persons or 0), int(fen or 0))


def known(connection: Connection, employer_id: int, project_id: int | None) -> list[Fault]:
    """Whether employer and project are there."""
    found = []
    if connection.scalar(select(t.employer.c.id).where(t.employer.c.id == employer_id)) is None:
        found.append(Fault("employer_id", "请选择用人单位"))
    if project_id is not None and connection.scalar(select(t.project.c.id).where(t.project.c.id == project_id)) is None:
        found.append(Fault("project_id", "没有这个工程项目，请重新选择"))
    return found


def assign(
    connection: Connection,
    actor: Actor,
    ids: Collection[int],
    *,
    unit: str,
    person: str,
    due: date | None = None,
    lead_unit: str = "",
    settings: Settings,
    now: datetime,
) -> int:
    """Give cases a responsible unit and person, and where given a due day and a leading unit; all or none.

    Returns how many changed.

    Raises:
        RefusedError: the actor may not, or one of the cases is not the actor's.
        LedgerError: unit or person is missing, a case is over, or the day lies before one was accepted.
    """
    actor.require("ledger.edit", kind=case_rows.KIND)
    asked = {"unit": unit.strip(), "person": person.strip(), "due": due, "lead_unit": lead_unit.strip()}
    wanted = {name: value for name, value in asked.items() if value}
    found = checks.required("unit", asked["unit"], NAMES["unit"])
    found += checks.required("person", asked["person"], NAMES["person"])
    for name in ("unit", "person", "lead_unit"):
        found += checks.text(name, str(asked[name]), NAMES[name], 60)
    refuse(found)
    if not ids:
        raise InputError("请先选择要分派的案件")
    if len(set(ids)) > MOST_AT_ONCE:
        raise InputError(f"一次最多分派{MOST_AT_ONCE}件，请缩小选择范围")
    cases = [case_rows.hold(connection, actor, one, None, owner=True) for one in sorted(set(ids))]
    over = [case.number for case in cases if case.state in OVER_CASE]
    refuse([Fault("ids", f"以下案件已了结，不能分派：{'、'.join(over[:10])}")] if over else [])
    late = [case.number for case in cases if due_faults(due, case.accepted_on)]
    refuse([Fault("due", f"完成时限早于受理日期或过远：{'、'.join(late[:10])}")] if late else [])
    changed = 0
    for case in cases:
        before, after = case_rows.difference(case, wanted)
        if not after:
            continue
        case_rows.put(connection, case, after, now)
        case_rows.record(connection, actor, "case.assign", case, act="分派", at=now, before=before, after=after)
        consequences.follow(connection, case.id, settings=settings, now=now)
        changed += 1
    return changed
