"""The payment a row tells of: its running totals (累计数) against what is on record. Pure.

A workbook says how many have been paid in all; what exceeds the record becomes one payment. Less than the record is a
correction of a payment, which nobody makes by workbook.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitors.ledger import checks
from monitors.ledger.faults import Fault, fault
from monitors.ledger.field_names import yuan
from monitors.ledger.workbook_columns import BY_KEY
from monitors.ledger.workbook_known import Paid
from monitors.ledger.workbook_rows import Entry

_CORRECT = "更正已登记的支付请在案件页办理"


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """One payment: what the row tells beyond what is on record; money in 分.

    ``first_persons`` are paid for the first time; where there is none, those paid before got more.
    """

    on: date
    persons: int
    migrants: int
    first_persons: int
    first_migrants: int
    wage_fen: int
    wage_migrant_fen: int


def told_paid(entry: Entry, before: tuple[int, int]) -> bool:
    """Whether the row speaks of other sums than the persons and 分 ``before``; nothing paid is nothing told."""
    if entry.paid_fen is None and entry.paid_workers is None:
        return False
    return (entry.paid_workers or 0, entry.paid_fen or 0) != before


def payment(
    entry: Entry, record: Mapping[str, Any], before: tuple[int, int], paid: Paid, today: date
) -> tuple[PaymentPlan | None, list[Fault]]:
    """The payment, or what is wrong with it.

    ``record`` holds the case's verified figures as they will stand, ``before`` persons and 分 kept with the case,
    ``paid`` the sums of its payments.
    """
    if faults := _totals(entry, record, before):
        return None, faults
    total, fen = entry.paid_workers or 0, entry.paid_fen or 0
    faults = checks.required("paid_on", entry.paid_on, "支付日期")
    faults += checks.dates({"paid_on": entry.paid_on}, today=today)
    most = (record["verified_workers"] or 0, record["verified_migrants"] or 0)
    most_fen = (record["verified_fen"] or 0, record["verified_migrant_fen"] or 0)
    migrants = _of_migrants(entry.paid_migrants, total, *most)
    migrant_fen = _of_migrants(entry.paid_migrant_fen, fen, *most_fen)
    faults += _part("paid_migrants", migrants, (total, most[1], paid.migrants))
    faults += _part("paid_migrant_fen", migrant_fen, (fen, most_fen[1], paid.migrant_fen))
    if faults or migrants is None or migrant_fen is None or entry.paid_on is None:
        return None, faults
    first = total - before[0]
    made = PaymentPlan(
        on=entry.paid_on,
        persons=first or total,
        migrants=migrants - paid.migrants if first else migrants,
        first_persons=first,
        first_migrants=migrants - paid.migrants,
        wage_fen=fen - before[1],
        wage_migrant_fen=migrant_fen - paid.migrant_fen,
    )
    if made.first_migrants > made.first_persons or made.wage_migrant_fen > made.wage_fen:
        return None, [Fault("paid_migrants", f"新增支付中农民工的人数、金额超过合计，请核对；{_CORRECT}")]
    return made, []


def _totals(entry: Entry, record: Mapping[str, Any], before: tuple[int, int]) -> list[Fault]:
    if entry.paid_fen is None or entry.paid_workers is None:
        missing = "paid_fen" if entry.paid_fen is None else "paid_workers"
        return [Fault(missing, "已支付人数和已支付金额须同时填写")]
    if record["verified_on"] is None:
        return [Fault("paid_fen", "案件查实后才能登记支付")]
    if entry.paid_fen <= before[1] or entry.paid_workers < before[0]:
        return [Fault("paid_fen", f"台账已登记支付{before[0]}人、{yuan(before[1])}，{_CORRECT}")]
    found = [fault("E05", "paid_fen")] if entry.paid_fen > (record["verified_fen"] or 0) else []
    if entry.paid_workers > (record["verified_workers"] or 0):
        found.append(Fault("paid_workers", f"已支付人数不能大于查实人数{record['verified_workers'] or 0}人"))
    if not entry.paid_workers:
        found.append(Fault("paid_workers", "已支付金额大于零，已支付人数也应大于零"))
    return found


def _of_migrants(told: int | None, part: int, total: int, migrants: int) -> int | None:
    """How much of what was paid is migrants', where it follows: all is, none is, or all has been paid."""
    if told is not None:
        return told
    if migrants == total or part == 0:
        return part
    return migrants if part == total or migrants == 0 else None


def _part(key: str, value: int | None, bounds: tuple[int, int, int]) -> list[Fault]:
    """``value`` is within what was paid in all, within the verified figure, and no less than on record."""
    name = BY_KEY[key].heading.split("（")[0]
    whole, most, least = bounds
    if value is None:
        return [Fault(key, f"请填写{name}")]
    if value > whole:
        return [fault("E01" if key == "paid_migrants" else "E02", key)]
    if value > most:
        return [Fault(key, f"{name}不能大于查实数")]
    return [Fault(key, f"{name}少于台账已登记数，{_CORRECT}")] if value < least else []
