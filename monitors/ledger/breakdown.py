"""The figures of 台账统计 one by one, each with the question that lists its cases (domain.md 6).

A figure of nothing leads nowhere. The sums above the list that a figure leads to hold the same figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from monitors.ledger.model import CLOSED_CASE
from monitors.ledger.query import Query
from monitors.ledger.register import Sums
from monitors.ledger.statistics import Group, Rates

Measure = Literal["件数", "人数", "金额"]
MEASURES: tuple[Measure, ...] = ("件数", "人数", "金额")
# What the bars of a group are, in the order drawn; those of 件数 add up to 登记, the others stand beside each other.
BARS: dict[Measure, tuple[str, ...]] = {
    "件数": ("逾期未结", "期内未结", "已了结"),
    "人数": ("诉求", "查实", "已支付"),
    "金额": ("诉求", "查实", "已支付"),
}
COLUMNS: dict[Measure, tuple[str, ...]] = {
    "件数": ("登记", *BARS["件数"], "查实"),
    "人数": BARS["人数"],
    "金额": BARS["金额"],
}
_IN_TIME, _OVER = ("临期", "在期", "无期限"), ("已办结", "逾期办结")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number (cases, persons or 分) and the question behind it; none where there is nothing to list."""

    name: str
    value: int
    query: Query | None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One share of the head: its formula in numbers, each leading to its cases."""

    name: str
    share: Fraction | None
    parts: tuple[Figure, ...]


def narrowed(query: Query, *, flag: str = "", bands: Sequence[str] = (), states: Sequence[str] = ()) -> Query | None:
    """Those of the question's cases that also carry the flag and stand so; None where the question rules them out."""
    flags = query.flags if not flag or flag in query.flags else (*query.flags, flag)
    kept_bands = tuple(one for one in bands if not query.bands or one in query.bands)
    kept_states = tuple(str(one) for one in states if not query.states or str(one) in query.states)
    if (bands and not kept_bands) or (states and not kept_states):
        return None
    return replace(query, flags=flags, bands=kept_bands or query.bands, states=kept_states or query.states)


def figures(measure: Measure, sums: Sums, query: Query) -> tuple[Figure, ...]:
    """The numbers of one line, in the order of ``COLUMNS``."""
    true_ones = narrowed(query, flag="查实")
    if measure == "件数":
        told: tuple[tuple[int, Query | None], ...] = (
            (sums.cases, query),
            (sums.overdue, narrowed(query, bands=("逾期",))),
            (sums.open - sums.overdue, narrowed(query, bands=_IN_TIME)),
            (sums.cases - sums.open, narrowed(query, bands=_OVER)),
            (sums.verified, true_ones),
        )
    elif measure == "人数":
        told = (sums.claimed_workers, query), (sums.verified_workers, true_ones), (sums.paid_workers, query)
    else:
        told = (sums.claimed_fen, query), (sums.verified_fen, true_ones), (sums.paid_fen, query)
    return tuple(_figure(name, *one) for name, one in zip(COLUMNS[measure], told, strict=True))


def bars(measure: Measure, group: Group) -> tuple[Figure, ...]:
    """The bars of one group, in the order of ``BARS``."""
    named = {one.name: one for one in figures(measure, group.sums, group.query)}
    return tuple(named[name] for name in BARS[measure])


def indicators(sums: Sums, rates: Rates, query: Query) -> tuple[Indicator, ...]:
    """办结率、按期办结率、追发率 with what they are made of."""
    true_ones = narrowed(query, flag="查实")
    settled = settled_of(query)
    in_time = narrowed(settled, bands=("已办结",)) if settled else None
    overdue = _figure("超期", sums.overdue, narrowed(query, bands=("逾期",)))
    return (
        Indicator(
            "办结率",
            rates.settled_rate,
            (_figure("已销账", rates.settled, settled), _figure("查实", sums.verified, true_ones)),
        ),
        Indicator(
            "按期办结率",
            rates.on_time_rate,
            (_figure("按期", rates.settled - rates.late_closed, in_time), late_of(rates, query), overdue),
        ),
        Indicator(
            "追发率",
            rates.paid_rate,
            (_figure("已付", rates.paid_fen, true_ones), _figure("查实", sums.verified_fen, true_ones)),
        ),
    )


def settled_of(query: Query) -> Query | None:
    """The cases found true and 已销账, or further."""
    return narrowed(query, flag="查实", states=CLOSED_CASE)


def late_of(rates: Rates, query: Query) -> Figure:
    """逾期办结: closed after the deadline."""
    settled = settled_of(query)
    return _figure("逾期办结", rates.late_closed, narrowed(settled, bands=("逾期办结",)) if settled else None)


def _figure(name: str, value: int, query: Query | None) -> Figure:
    return Figure(name, value, query if value else None)
