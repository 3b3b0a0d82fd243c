"""What one row makes of a case: the values of a new one, what differs of a known one, the payment it tells of. Pure.

The same checks as for a case entered by hand (``case_drafts``), so that no rule has two homes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitors.access.scope import Scope
from monitors.ledger import checks
from monitors.ledger.case_drafts import (
    DRAFT_FIELDS,
    CaseDraft,
    check,
    check_verified,
    confirmed,
    filed_faults,
    paid_faults,
    paid_migrants_faults,
)
from monitors.ledger.case_rows import Case
from monitors.ledger.faults import Fault, fault
from monitors.ledger.field_names import yuan
from monitors.ledger.model import OVER_CASE, CaseState, Channel
from monitors.ledger.workbook_columns import BY_KEY, IMPORT_STATES
from monitors.ledger.workbook_known import NOTHING_PAID, Known
from monitors.ledger.workbook_parties import Parties, Party
from monitors.ledger.workbook_payment import PaymentPlan, payment, told_paid
from monitors.ledger.workbook_rows import Entry, Reading
from monitors.regions import divisions
from monitors.settings import Settings

FIGURES = ("verified_workers", "verified_migrants", "verified_fen", "verified_migrant_fen")
_CASE = (
    *("channel", "external_no", "accepted_on", "claimed_workers", "claimed_migrants", "claimed_fen"),
    *("period_from", "period_to", "plan", "unit", "person", "due", "leader", "leader_unit", "summary"),
)
_CLAIMS = {"claimed_workers", "claimed_migrants", "claimed_fen"}
_FOUND = (CaseState.VERIFIED, CaseState.MEDIATING)
_FRESH = (CaseState.RECEIVED, CaseState.CHECKING)
# The only moves a workbook makes: they take nothing but what its row holds.
_FORWARD = {
    (CaseState.RECEIVED, CaseState.CHECKING),
    (CaseState.VERIFIED, CaseState.MEDIATING),
} | {(old, new) for old in _FRESH for new in _FOUND}


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What rows are held against: the thresholds, the office's day, the person's part of the province."""

    settings: Settings
    today: date
    scope: Scope


@dataclass(slots=True)
class Outcome:
    """``changes``: column key, heading, before and after in words; ``values`` the case's columns to be written."""

    values: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[str, str, str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    payment: PaymentPlan | None = None


def columns(case: Case) -> dict[str, Any]:
    """The case as a mapping; ``asdict`` would copy every value."""
    return {name: getattr(case, name) for name in Case.__slots__}


def created(reading: Reading, parties: Parties, yardstick: Yardstick) -> Outcome:
    """The new case of a row."""
    entry, found = reading.entry, Outcome()
    settings, today = yardstick.settings, yardstick.today
    found.faults += parties.missing(reading)
    values: dict[str, Any] = {name: getattr(entry, name) for name in _CASE}
    if not entry.channel:
        values["channel"] = str(Channel.OTHER)
        found.remarks.append("未填线索渠道，记为“其他”")
    if entry.claimed_migrants is None:
        values["claimed_migrants"] = 0
        found.remarks.append("未填诉求其中农民工，记为0")
    draft = CaseDraft(employer_id=1, region=entry.region, **values)
    required = [key for key in ("accepted_on", "claimed_workers", "claimed_fen") if values[key] is None]
    if not required:  # else said at the cell already
        found.faults += check(draft, settings=settings, today=today)
    told = any(getattr(entry, key) is not None for key in FIGURES)
    state = entry.state or (CaseState.VERIFIED if told else CaseState.RECEIVED)
    if state not in IMPORT_STATES:
        words = f"新案件的状态限{'、'.join(IMPORT_STATES)}；“{state}”须登记后在系统内办理"
        found.faults.append(Fault("state", words))
    elif told and state not in _FOUND:
        found.faults.append(Fault("state", f"已填查实人数或金额，状态不应为“{state}”"))
    values |= {"region": entry.region, "state": str(state)}
    values |= dict.fromkeys((*FIGURES, "verified_on")) | {"major": False}
    if state in _FOUND:
        values |= {key: getattr(entry, key) for key in FIGURES} | {"verified_on": entry.verified_on or today}
        _judge_found(found, values | {"occurred_on": None}, settings, today)
        values["major"] = checks.is_major(entry.verified_workers, entry.verified_fen, settings)
    if told_paid(entry, (0, 0)):
        found.payment, wrong = payment(entry, values, (0, 0), NOTHING_PAID, today)
        found.faults += wrong
    found.values = values
    return found


def changed(case: Case, reading: Reading, known: Known, parties: Parties, yardstick: Yardstick) -> Outcome:
    """What the row changes of ``case``; cells that are empty or missing change nothing."""
    entry, found = reading.entry, Outcome()
    values = _values(case, entry, found, yardstick)
    whole = columns(case) | values
    if set(values) & set(FIGURES) and checks.is_major(
        whole["verified_workers"], whole["verified_fen"], yardstick.settings
    ):
        whole["major"] = True
        values |= {} if case.major else {"major": True}
    _judge(found, case, values, yardstick)
    paid, before = known.paid.get(case.id, NOTHING_PAID), (case.paid_workers, case.paid_fen)
    if set(values) & set(FIGURES) and not found.faults:
        owed = whole["verified_migrants"], whole["verified_migrant_fen"]
        found.faults += paid_migrants_faults(*owed, paid.migrants, paid.migrant_fen)
    if told_paid(entry, before):
        found.payment, wrong = payment(entry, whole, before, paid, yardstick.today)
        found.faults += wrong
    found.values = values
    found.changes += [(key, *_words(key, getattr(case, key), new)) for key, new in values.items() if key != "major"]
    project = parties.project_of(reading)
    for party in (parties.employer_of(reading), project):
        found.changes += _party_changes(reading, party)
    if project is not None and case.project_id is None:
        found.changes.append(("project", BY_KEY["project"].heading, "", project.name))
    if found.payment:
        found.changes.append(("paid_fen", "已支付金额", yuan(paid.fen), yuan(paid.fen + found.payment.wage_fen)))
    if found.changes:
        found.faults += _barred(case, yardstick.scope)
    return found


def _values(case: Case, entry: Entry, found: Outcome, yardstick: Yardstick) -> dict[str, Any]:
    """The case's own columns that the row says otherwise."""
    values = {
        key: new
        for key in _CASE
        if (new := getattr(entry, key)) not in (None, "") and not _alike(new, getattr(case, key))
    }
    if entry.region and entry.region != case.region and not divisions.within(case.region, entry.region):
        values["region"] = entry.region
    told = {key: new for key in (*FIGURES, "verified_on") if (new := getattr(entry, key)) is not None}
    state = _state(case, entry, told, found)
    if state != case.state:
        values["state"] = state
    if case.verified_on is not None:
        values |= {key: new for key, new in told.items() if new != getattr(case, key)}
    elif state in _FOUND:
        values |= {key: told.get(key) for key in FIGURES} | {"verified_on": entry.verified_on or yardstick.today}
    elif told:
        found.faults.append(Fault("verified_workers", "案件尚未查实，填写查实数时状态应为“查实”"))
    return values


def merged(case: Case, entry: Entry, yardstick: Yardstick) -> Outcome:
    """Join the row to a case it repeats: blanks are filled, the period widened, of two claims the larger kept (R14).

    The same people counted twice are still the same people; what was verified and paid stays.
    """
    found = Outcome()
    blanks = ("external_no", "summary", "plan", "unit", "person", "due")
    values = {key: new for key in blanks if not getattr(case, key) and (new := getattr(entry, key))}
    if (entry.claimed_fen or 0) > case.claimed_fen:
        values["claimed_fen"] = entry.claimed_fen
    if (entry.claimed_workers or 0) > case.claimed_workers:
        values["claimed_workers"] = entry.claimed_workers
        values["claimed_migrants"] = entry.claimed_migrants or case.claimed_migrants
    starts = [one for one in (case.period_from, entry.period_from) if one]
    ends = [one for one in (case.period_to, entry.period_to) if one]
    if starts and min(starts) != case.period_from:
        values["period_from"] = min(starts)
    if ends and max(ends) != case.period_to:
        values["period_to"] = max(ends)
    _judge(found, case, values, yardstick)
    found.values = values
    found.changes += [(key, *_words(key, getattr(case, key), new)) for key, new in values.items()]
    if values and case.state in OVER_CASE:
        found.faults.append(Fault("number", f"案件{case.number}{case.state}，不能并入；请选择“新增”"))
    return found


def _state(case: Case, entry: Entry, told: Mapping[str, Any], found: Outcome) -> str:
    figures = all(told.get(key) is not None for key in FIGURES)
    if not entry.state:
        return str(CaseState.VERIFIED) if case.state in _FRESH and figures else case.state
    if entry.state == case.state or (CaseState(case.state), CaseState(entry.state)) in _FORWARD:
        return entry.state
    words = fault("E06", "state", a=case.state, b=entry.state)
    found.faults.append(Fault("state", f"{words.words}；请在案件页办理", "E06"))
    return case.state


def _alike(new: Any, old: Any) -> bool:
    """Equal but for line breaks and blanks, which an export does not keep."""
    both_text = isinstance(new, str) and isinstance(old, str)
    return " ".join(new.split()) == " ".join(old.split()) if both_text else bool(new == old)


def _judge(found: Outcome, case: Case, values: Mapping[str, Any], yardstick: Yardstick) -> None:
    """The checks of an edit: E13 doubts only figures that are new."""
    if not values:
        return
    whole = columns(case) | dict(values)
    draft = CaseDraft(**{name: whole[name] for name in DRAFT_FIELDS})
    own = check(draft, settings=yardstick.settings, today=yardstick.today)
    found.faults += confirmed(own, not _CLAIMS & values.keys())
    if "accepted_on" in values and not found.faults:
        found.faults += filed_faults(whole["accepted_on"], case.filed_on)
    if whole["verified_on"] is not None:
        _judge_found(found, whole, yardstick.settings, yardstick.today, trusted=not set(FIGURES) & values.keys())
        if not found.faults:
            found.faults += paid_faults(
                whole["verified_workers"], whole["verified_fen"], case.paid_workers, case.paid_fen
            )


def _judge_found(
    found: Outcome, record: Mapping[str, Any], settings: Settings, today: date, *, trusted: bool = False
) -> None:
    own = confirmed(check_verified(record, settings=settings, today=today), trusted)
    found.faults += [one for one in own if one not in found.faults]


def _barred(case: Case, scope: Scope) -> list[Fault]:
    if case.state in OVER_CASE:
        return [Fault("number", f"案件{case.number}{case.state}，不能再修改")]
    if case.escalated and not scope.region.endswith("00"):
        above = divisions.full_name(divisions.prefecture_of(case.region)) or "上级"
        return [Fault("number", f"案件{case.number}已提级由{above}办理，请报{above}处理")]
    return []


def _party_changes(reading: Reading, party: Party | None) -> list[tuple[str, str, str, str]]:
    """What this very row says of a known employer or project that differs."""
    if party is None or party.known is None:
        return []
    return [
        (key, *_words(key, getattr(party.known, key), new))
        for key, new in party.changes().items()
        if party.said[key][1] == reading.key
    ]


def _words(key: str, before: Any, after: Any) -> tuple[str, str, str]:
    column = BY_KEY["county" if key == "region" else key]
    return column.heading.split("（")[0], _told(key, before), _told(key, after)


def _told(key: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if key.endswith("_fen"):
        return yuan(value)
    return divisions.full_name(value) or value if key == "region" else str(value)
