"""How much a story and a record of the ledger look like one matter: named signs, each with its weight and its words.

Pure. A confidence is a sum of signs between 0 and 0.98, no verdict: a person links, the signs say why it was offered.
The weights were set by ``tests/links_world.py``, whose measured floors stand in ``tests/test_links_candidates.py``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rapidfuzz import fuzz, process

from monitors.ledger import employers
from monitors.regions import divisions

SHOWN = 0.30  # below it nothing is offered: a place and a month in common are no reason
DAYS = 30  # around first publication
_LIKE = 82  # of 100, as ``employers.near``
_PART_OF, _NAMED = 92, 95  # of 100: one name holds the other; the text names the firm
_SHORT = 2  # a name of so many characters is part of too many others
_SAID = 4  # characters a name needs before its standing in a text means anything
_MOST = 0.98  # no offer is certain: a person decides
_ALONE = 0.35  # a firm's name in another county, or where numbers speak against it, never counts for more
_WEIGHTS = {
    "employer": 0.45, "contractor": 0.25, "developer": 0.20, "project": 0.30, "county": 0.15, "prefecture": 0.03,
    "persons": 0.15, "amount": 0.15, "days": 0.15, "period": 0.08,
}  # fmt: skip
_AGAINST = {"employer": -0.20, "persons": -0.12, "amount": -0.12, "over": -0.20, "far": -0.10}
_SECTION = re.compile(
    r"(?:工程|建设|项目|施工)*第?[一二三四五六七八九十百\dA-Za-z]*(?:标段|合同段|分部|标|期|区)?(?:工程|项目)*$"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the reports of a story say. ``text``: all of them, bare (``employers.bare_name``); ``also``: aliases."""

    region: str
    employer: str
    text: str
    workers: int | None
    amount_fen: int | None
    first_on: date
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The employer as the reports call it and as the office's list of aliases does, bare."""
        return _names(self.employer, self.also)


@dataclass(frozen=True, slots=True)
class Known:
    """What a case or clue says; ``persons`` and ``amounts`` hold claimed and verified, whichever there are."""

    region: str
    employer: str
    project: str = ""
    contractor: str = ""
    developer: str = ""
    persons: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()
    on: date | None = None  # accepted, or received
    occurred: date | None = None
    period: tuple[date | None, date | None] = (None, None)
    over_on: date | None = None  # when it was settled or found untrue


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing in common, or one that speaks against it (``weight`` below nought), in words."""

    name: str
    weight: float
    words: str


@lru_cache(maxsize=65_536)
def bare(name: str) -> str:
    """``employers.bare_name``, kept: the same names are compared for every alert."""
    return employers.bare_name(name)


@lru_cache(maxsize=64)
def _names(employer: str, also: tuple[str, ...]) -> tuple[str, ...]:
    told = (bare(one) for one in (employer, *also) if one)
    return tuple(dict.fromkeys(one for one in told if len(one) > 1))


@lru_cache(maxsize=16)
def _pieces(text: str) -> frozenset[str]:
    """Every run of ``_SAID`` characters of the text: what is not among them need not be sought in it."""
    return frozenset(text[start : start + _SAID] for start in range(len(text) - _SAID + 1))


def _told_in(name: str, text: str) -> bool:
    pieces = _pieces(text)
    return name[:_SAID] in pieces and name[-_SAID:] in pieces and name in text


@lru_cache(maxsize=65_536)
def stem(project: str) -> str:
    """The project's name as a report would tell it: without 标段, 期 and the like."""
    whole = bare(project)
    return _SECTION.sub("", whole) or whole


def likeness(names: tuple[str, ...], text: str, firm: str) -> int:
    """0–100: how like ``firm`` (bare) is to what the story calls its employer, or whether its text names it."""
    return _alike(names, text, (firm,)).get(firm, 0)


def likenesses(names: tuple[str, ...], text: str, firms: Collection[str]) -> dict[str, int]:
    """``likeness`` of many firms at once, by their names as they are written; without those that are not alike."""
    found = _alike(names, text, list(dict.fromkeys(map(bare, firms))))
    return {firm: mark for firm in firms if (mark := found.get(bare(firm)))}


def _alike(names: tuple[str, ...], text: str, firms: Sequence[str]) -> dict[str, int]:
    """Whole lists are compared outside Python's own loop: a ledger has tens of thousands of names."""
    found: dict[str, int] = {}
    for name in names:
        for firm, ratio, _ in process.extract(name, firms, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=None):
            found[firm] = max(found.get(firm, 0), round(ratio))
        for firm in firms:
            if (name in firm or firm in name) and len(firm) > _SHORT:
                found[firm] = max(found.get(firm, 0), _PART_OF)
    pieces = _pieces(text)
    for firm in firms:
        if firm[:_SAID] in pieces and firm in text:
            found[firm] = max(found.get(firm, 0), _NAMED)
    return found | dict.fromkeys(set(names).intersection(firms), 100)


def mentioned(project: str, text: str) -> bool:
    """Whether the reports name the project."""
    name = stem(project)
    return len(name) >= _SAID and _told_in(name, text)


def weigh(told: Told, known: Known) -> tuple[float, tuple[str, ...]]:
    """The confidence, two places, and the reasons, the strongest first, what speaks against it last."""
    found = [*_parties(told, known), *_place(told, known), *_numbers(told, known), *_days(told, known)]
    total = sum(one.weight for one in found)
    named = {one.name for one in found if one.weight > 0}
    against = any(one.weight < 0 for one in found)
    elsewhere = "county" not in named and "prefecture" not in named
    if elsewhere and not named & {"project", "persons", "amount"}:
        total = min(total, _ALONE)
    if against and not named & {"employer", "contractor", "developer", "project"}:
        total = min(total, _ALONE)
    ordered = sorted(found, key=lambda one: -one.weight)
    return round(min(_MOST, max(0.0, total)), 2), tuple(one.words for one in ordered)


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _parties(told: Told, known: Known) -> Iterator[Sign]:
    found = False
    for name, what, firm in (
        ("employer", "用人单位", known.employer),
        ("contractor", "施工总承包单位", known.contractor),
        ("developer", "建设单位", known.developer),
    ):
        like = likeness(told.names, told.text, bare(firm)) if firm and not found else 0
        if like >= _LIKE:
            found = True
            yield Sign(name, _WEIGHTS[name] * (0.5 + like / 200), _called(what, like, firm))
    if known.project and mentioned(known.project, told.text):
        found = True
        yield Sign("project", _WEIGHTS["project"], f"报道提到工程项目：{known.project}")
    if not found and told.names and known.employer:
        yield Sign("employer", _AGAINST["employer"], f"用人单位名称不同：{known.employer}")


def _called(what: str, like: int, firm: str) -> str:
    return f"{what}名称相同：{firm}" if like == 100 else f"{what}名称相近（{like}%）：{firm}"


# ── where ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _place(told: Told, known: Known) -> Iterator[Sign]:
    if not told.region or told.region.endswith("0000"):
        return  # the reports do not say where
    if known.region == told.region and not told.region.endswith("00"):
        yield Sign("county", _WEIGHTS["county"], f"同一县（市、区）：{divisions.short_name(known.region)}")
    elif told.region.endswith("00") or known.region.endswith("00"):
        if divisions.prefecture_of(told.region) == divisions.prefecture_of(known.region):
            yield Sign("prefecture", _WEIGHTS["prefecture"], f"同一州市：{divisions.short_name(told.region)}")
    else:
        yield Sign("county", _AGAINST["far"], f"不在同一县（市、区）：{divisions.short_name(known.region)}")


# ── how many, how much ───────────────────────────────────────────────────────────────────────────────────────────────
def _numbers(told: Told, known: Known) -> Iterator[Sign]:
    for name, what, mine, theirs in (
        ("persons", "人数", told.workers, known.persons),
        ("amount", "金额", told.amount_fen, known.amounts),
    ):
        others = [one for one in theirs if one > 0]
        if not mine or not others:
            continue
        near = min(others, key=lambda one: _times(mine, one))
        times, words = _times(mine, near), f"{_spoken(name, near)}／{_spoken(name, mine)}"
        if times <= 1.3:
            yield Sign(name, _WEIGHTS[name], f"{what}相近：{words}")
        elif times <= 2:
            yield Sign(name, _WEIGHTS[name] / 2, f"{what}差距不大：{words}")
        elif times >= 3:
            yield Sign(name, _AGAINST[name], f"{what}相差较大：{words}")


def _times(one: int, other: int) -> float:
    return max(one, other) / min(one, other)


def _spoken(name: str, number: int) -> str:
    if name == "persons":
        return f"{number} 人"
    yuan = number / 100
    return f"{yuan / 10_000:.4g} 万元" if yuan >= 10_000 else f"{yuan:.10g} 元"


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _days(told: Told, known: Known) -> Iterator[Sign]:
    days = [(told.first_on - one).days for one in (known.on, known.occurred) if one is not None]
    near = min(days, key=abs, default=None)
    first, last = known.period
    if near is not None and abs(near) <= DAYS:
        told_words = "同日" if not near else f"首发{'前' if near > 0 else '后'} {abs(near)} 天"
        yield Sign("days", _WEIGHTS["days"], f"时间相近：{told_words}")
    elif first is not None and first <= told.first_on and (last is None or (told.first_on - last).days <= DAYS):
        yield Sign("period", _WEIGHTS["period"], "首发时间在欠薪时段内或其后不久")
    elif near is not None and abs(near) > 6 * DAYS:
        yield Sign("days", _AGAINST["far"], f"时间相隔较久：{abs(near)} 天")
    if known.over_on is not None and (told.first_on - known.over_on).days > DAYS:
        yield Sign("over", _AGAINST["over"], f"首发前已办结（{known.over_on}）")
