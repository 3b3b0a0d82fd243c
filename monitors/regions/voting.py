"""From places mentioned to the one place a report is about: every mention votes, province first, county last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

YUNNAN = "530000"

# How a mention may vote.
#   plain: it says where the matter happened.
#   home: where somebody lives; it settles a county inside a prefecture that plain votes settled, never against them.
#   origin: where somebody comes from or goes; the same, and only where it is not a mere aside.
#   hard: a company's or an outlet's name; it counts only where nothing else does.
#   listed: one of a row of places all over the country (云南、江苏、山东、湖南四省); it never counts.
Standing = Literal["plain", "home", "origin", "hard", "listed"]

# A level is settled when the first is this much stronger than the second; below that they are "equally supported".
CLEAR = 1.25
# Yunnan is kept at province level unless another province is this much stronger: a miss costs more than a look.
HOME_BIAS = 1.6
# A county (prefecture) named in passing does not settle a report that speaks of the whole prefecture (province).
SHARE = 0.15
# Where a province is named as somebody's home, its other mentions are probably that too.
ORIGIN_SHADOW = 0.35


@dataclass(slots=True)
class Vote:
    """One mention's vote. ``tail``: the last and most exact part of its address (云南|昭通|镇雄县: only the last)."""

    code: str
    weight: float
    standing: Standing = "plain"
    tail: bool = True
    site: bool = False


def decide(votes: Sequence[Vote], prefectures: frozenset[str]) -> str:
    """The code all votes settle on, ``""`` for none.

    ``prefectures``: the codes that exist, since a county may hang from its province.
    """
    votes = [v for v in votes if v.standing not in {"listed", "hard"}] or [v for v in votes if v.standing != "listed"]
    if not votes:
        return ""
    _shade_origins(votes)
    province = _province(votes)
    votes = [v for v in votes if v.code[:2] == province[:2]]

    def holder(code: str) -> str:
        above = code[:4] + "00"
        return above if above in prefectures else "" if code.endswith("0000") else code

    prefecture = _settle(votes, holder, province)
    if not prefecture.endswith("00") or prefecture == province:
        return prefecture
    votes = [v for v in votes if v.code[:4] == prefecture[:4]]
    return _settle(votes, lambda code: "" if code.endswith("00") else code, prefecture)


def _province(votes: Sequence[Vote]) -> str:
    totals: dict[str, float] = defaultdict(float)
    for vote in votes:
        totals[vote.code[:2] + "0000"] += vote.weight
    best = max(totals, key=lambda code: (totals[code], code))
    return YUNNAN if totals.get(YUNNAN, 0.0) * HOME_BIAS >= totals[best] else best


def _settle(votes: Sequence[Vote], level: Callable[[str], str], above: str) -> str:
    """The division one level below ``above`` that clearly leads, else ``above``."""
    lived = [v for v in votes if v.standing != "origin"]
    for group, share in (([v for v in lived if v.standing != "home"], SHARE), (lived, 0.0), (votes, SHARE)):
        totals: dict[str, float] = defaultdict(float)
        for vote in group:
            code = level(vote.code)
            if code:
                totals[code] += vote.weight
        if totals:
            general = sum(v.weight for v in group if v.code == above and v.tail)
            ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
            second = ranked[1][1] if len(ranked) > 1 else 0.0
            clear = ranked[0][1] >= CLEAR * second and ranked[0][1] >= share * general
            return ranked[0][0] if clear else above
    return above


def _shade_origins(votes: Sequence[Vote]) -> None:
    homes = {v.code[:2] for v in votes if v.standing == "origin"}
    if not homes or all(v.code[:2] in homes for v in votes):
        return
    for vote in votes:
        if vote.code[:2] in homes and vote.standing == "plain" and not vote.site:
            vote.weight *= ORIGIN_SHADOW
