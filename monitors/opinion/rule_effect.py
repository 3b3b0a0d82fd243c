"""What a keyword rule that hit does to a level (规则的效力): it may raise, never lower. Pure.

Reports from elsewhere and background stay in the list, unless the rule's own 地区 names such places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitors.opinion.model import LEVEL_NAMES, LEVELS, RuleHit, Scope, Severity
from monitors.opinion.rule_grammar import ABROAD, ANYWHERE, NOWHERE
from monitors.regions import divisions

_LISTED: tuple[Scope, ...] = ("外省", "背景")  # what opens no alert by itself (model.Judgement)


def admits(regions: Sequence[str], region: str, scope: str) -> bool:
    """Whether a rule for ``regions`` looks at a report of this place (six-digit code or ``""``) and scope."""
    return not regions or any(_lies_in(region, scope, wanted) for wanted in regions)


def _lies_in(region: str, scope: str, wanted: str) -> bool:
    if wanted in (ANYWHERE, ABROAD, NOWHERE):
        return wanted == ANYWHERE or (scope == "外省" if wanted == ABROAD else not region)
    return divisions.within(region, wanted)


def holds(hit: RuleHit, region: str, scope: str) -> bool:
    """Whether the rule's level counts for a report of this place and scope."""
    if not admits(hit.regions, region, scope):
        return False
    if scope == "外省":
        return any(_lies_in(region, scope, wanted) for wanted in hit.regions)
    return scope not in _LISTED or ANYWHERE in hit.regions


def gravest(hits: Iterable[RuleHit], region: str, scope: str) -> RuleHit | None:
    """The rule that asks for the gravest level among those that hold there; None where none does."""
    return min((hit for hit in hits if holds(hit, region, scope)), key=_rank, default=None)


def _rank(hit: RuleHit) -> int:
    return LEVELS.index(hit.level)


def raised(severity: Severity, hit: RuleHit | None) -> Severity:
    """At least the level the rule asks for, with the reason among the floors where it made the difference."""
    if hit is None or _rank(hit) >= LEVELS.index(severity.level):
        return severity
    floor = f"规则“{hit.name}”定为不低于{LEVEL_NAMES[hit.level]}"
    return replace(severity, level=hit.level, floors=(*severity.floors, floor))


def stored(judgement: Mapping[str, Any]) -> tuple[RuleHit, ...]:
    """The rules that hit a report, from its stored reasons; none in what was judged before there were rules."""
    return tuple(
        RuleHit(one["name"], one["level"], tuple(one["tags"]), tuple(one["regions"]))
        for one in judgement.get("rules", ())
    )
