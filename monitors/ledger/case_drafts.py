"""What a clerk gives of a case (案件), and everything that can be wrong with it before the store is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from monitors.ledger import checks
from monitors.ledger.faults import Fault, fault
from monitors.ledger.field_names import NAMES
from monitors.ledger.model import Channel
from monitors.settings import Settings

_SHORT = 60  # width of the columns that name a person or a unit
_MOST_UNITS = 20  # of 协办单位
_FAR = timedelta(days=3650)  # a 完成时限 beyond it is a mistyped year

_FIGURES = ("verified_workers", "verified_migrants", "verified_fen", "verified_migrant_fen")


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A new case. Money in 分; ``first_receiver`` empty: the person who enters it (首问负责, R10).

    ``lead_unit`` empty: suggested from project and employer (R4).
    """

    employer_id: int
    region: str
    channel: str
    accepted_on: date
    claimed_workers: int
    claimed_migrants: int
    claimed_fen: int
    project_id: int | None = None
    external_no: str = ""
    first_receiver: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    occurred_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    lead_unit: str = ""
    co_units: tuple[str, ...] = ()
    plan: str = ""
    unit: str = ""
    person: str = ""
    due: date | None = None
    major: bool = False
    leader: str = ""
    leader_unit: str = ""


DRAFT_FIELDS = tuple(field.name for field in fields(CaseDraft))


def tidy(draft: CaseDraft) -> CaseDraft:
    """Without the spaces around its texts, and without empty co-units and tags."""
    texts: dict[str, Any] = {
        name: value.strip() for name in DRAFT_FIELDS if isinstance(value := getattr(draft, name), str)
    }
    lists: dict[str, Any] = {
        name: tuple(one.strip() for one in getattr(draft, name) if one.strip()) for name in ("tags", "co_units")
    }
    return replace(draft, **texts, **lists)


def check(draft: CaseDraft, *, settings: Settings, today: date) -> list[Fault]:  # noqa: ARG001 - as every check of the ledger
    """All that is wrong with the draft by itself: E01, E11, E13, E14, required fields, choices, lengths."""
    found: list[Fault] = []
    for name in ("employer_id", "channel", "accepted_on", "claimed_workers", "claimed_migrants", "claimed_fen"):
        found += checks.required(name, getattr(draft, name), NAMES[name])
    found += checks.region(draft.region)
    found += checks.choice("channel", draft.channel, Channel, NAMES["channel"])
    found += checks.tags(draft.tags)
    found += _texts(draft)
    found += _days(draft, today)
    for name in ("claimed_workers", "claimed_migrants"):
        found += checks.count(name, getattr(draft, name), NAMES[name])
    found += checks.fen("claimed_fen", draft.claimed_fen, NAMES["claimed_fen"])
    found += checks.persons("claimed_migrants", draft.claimed_migrants, draft.claimed_workers)
    found += checks.plausible("claimed_workers", draft.claimed_workers, "claimed_fen", draft.claimed_fen)
    found += checks.leader(draft.major, draft.leader, draft.leader_unit)
    return found


def _texts(draft: CaseDraft) -> list[Fault]:
    found = checks.text("summary", draft.summary, NAMES["summary"]) + checks.text("plan", draft.plan, NAMES["plan"])
    for name in ("external_no", "first_receiver", "lead_unit", "unit", "person", "leader"):
        found += checks.text(name, getattr(draft, name), NAMES[name], _SHORT)
    for one in draft.co_units:
        found += checks.text("co_units", one, NAMES["co_units"], _SHORT)
    if len(draft.co_units) > _MOST_UNITS:
        found.append(Fault("co_units", f"协办单位不能超过{_MOST_UNITS}个"))
    return found


def _days(draft: CaseDraft, today: date) -> list[Fault]:
    found = checks.dates({"occurred_on": draft.occurred_on}, today=today)
    found += checks.dates({"accepted_on": draft.accepted_on}, today=today, since=draft.occurred_on)
    found += checks.dates({"period_from": draft.period_from, "period_to": draft.period_to}, today=today)
    found += checks.ordered(draft.period_from, "period_to", draft.period_to, "欠薪止不能早于欠薪起")
    found += due_faults(draft.due, draft.accepted_on)
    return found


def due_faults(due: date | None, accepted_on: date | None) -> list[Fault]:
    """A promised day lies after the day the case was accepted, and within ten years of it."""
    if due is None or accepted_on is None:
        return []
    if due < accepted_on:
        return [Fault("due", "完成时限不能早于受理日期")]
    return [Fault("due", "完成时限过远，请核对年份")] if due - accepted_on > _FAR else []


def check_verified(record: Mapping[str, Any], *, settings: Settings, today: date) -> list[Fault]:
    """What is wrong with the verified figures and duty of a case found true: E01–E03, E11, E13, E14.

    ``record`` holds the case's columns as they would stand. Paid sums are compared elsewhere (E05).
    """
    found: list[Fault] = []
    for name in _FIGURES:
        found += checks.required(name, record[name], NAMES[name])
    workers, migrants, total, migrant_fen = (record[name] for name in _FIGURES)
    for name in _FIGURES[:2]:
        found += checks.count(name, record[name], NAMES[name])
    for name in _FIGURES[2:]:
        found += checks.fen(name, record[name], NAMES[name])
    found += checks.persons("verified_migrants", migrants, workers)
    found += checks.money("verified_migrant_fen", migrant_fen, total)
    if not found:
        found += _nothing(workers, migrants, total, migrant_fen)
    found += checks.plausible("verified_workers", workers, "verified_fen", total)
    found += checks.required("verified_on", record["verified_on"], NAMES["verified_on"])  # 附件2 counts by it
    since = max((day for day in (record["occurred_on"], record["accepted_on"]) if day), default=None)
    found += checks.dates({"verified_on": record["verified_on"]}, today=today, since=since)
    found += checks.duty(record)
    major = record["major"] or checks.is_major(workers, total, settings)
    found += checks.leader(major, record["leader"], record["leader_unit"])
    return found


def _nothing(workers: int, migrants: int, total: int, migrant_fen: int) -> list[Fault]:
    """A case found true has people and money, and of migrants both or neither (checks of 附件2 between 6–9)."""
    found = []
    if not workers:
        found.append(Fault("verified_workers", "查实案件的人数应大于零；没有欠薪的请定为不属实"))
    if not total:
        found.append(Fault("verified_fen", "查实案件的金额应大于零；没有欠薪的请定为不属实"))
    if bool(migrants) != bool(migrant_fen):
        found.append(Fault("verified_migrant_fen", "查实的农民工人数与金额须同时填写或同时为零"))
    return found


def paid_faults(verified_workers: int, verified_fen: int, paid_workers: int, paid_fen: int) -> list[Fault]:
    """E05 where more wages were paid than were found owing; likewise persons. At the verified columns."""
    found = [fault("E05", "verified_fen")] if paid_fen > verified_fen else []
    if paid_workers > verified_workers:
        found.append(Fault("verified_workers", f"已支付{paid_workers}人，查实人数不能少于已支付人数"))
    return found


def paid_migrants_faults(migrants: int, migrant_fen: int, paid_migrants: int, paid_fen: int) -> list[Fault]:
    """The same for the migrants among them."""
    found = []
    if paid_migrants > migrants:
        words = f"已支付农民工{paid_migrants}人，查实农民工人数不能少于已支付人数"
        found.append(Fault("verified_migrants", words))
    if paid_fen > migrant_fen:
        found.append(fault("E05", "verified_migrant_fen"))
    return found


def filed_faults(accepted_on: date, filed_on: date | None) -> list[Fault]:
    """E11 where a case would be accepted after it was filed (立案)."""
    return [fault("E11", "accepted_on")] if filed_on is not None and accepted_on > filed_on else []


def confirmed(found: list[Fault], figures: bool) -> list[Fault]:
    """Without E13, where a person has looked at the units and says the figures are right."""
    return [one for one in found if not (figures and one.code == "E13")]
