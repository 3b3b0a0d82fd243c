"""A figure that could be the one asked for, as a row of named features (候选数字).

``person_candidates`` and ``sum_candidates`` find them, ``choice`` weighs them against each other and against saying
nothing. What the rules of ``persons`` and ``amounts`` would take is one feature among others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitors.opinion.figures import Fact, Field, Nearness
from monitors.opinion.mentions import Reading
from monitors.opinion.surroundings import OFFICE_WORK, WORKER, Surroundings, Word, surroundings

Fields = tuple[tuple[Field, Reading], ...]

MOST = 120  # numbers of one field looked at; a longer row is a table, not a telling
_HEAD = 800  # characters of the text that say whether a number is to be expected
_LONG = 400
_PARTS = 8
VAGUE = re.compile(
    "(?:几|数)[十百千]|十[几来]|上[百千]|[一二三四五六七八九]十[几来]|多名|数名|大批|众多|部分|一批|一群|二三十|三四十"
)
VAGUE_WORKERS = re.compile(
    f"(?:{VAGUE.pattern})[多余]?(?:名|位|个|号)?[^，。！？；0-9]{{0,5}}?(?:{WORKER.pattern}|人|老乡|兄弟|村民)"
)
_SINGLE = re.compile("单人|本人|二人|一家|列名")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A figure with its features; ``fact`` is None for the candidate that says nothing is told.

    ``words``: those beside it, for the reason. ``stands``: whether it stands in the text as a number of its own.
    """

    fact: Fact | None
    features: dict[str, float]
    words: tuple[Word, ...] = ()
    stands: bool = False

    @property
    def value(self) -> int | None:
        return self.fact.value if self.fact else None


@dataclass(frozen=True, slots=True)
class Found:
    """A figure as it was found: ``marks`` are features of how, ``made`` where it was worked out of several."""

    fact: Fact
    marks: tuple[str, ...]
    made: bool = False


def placed(found: Iterable[Found], reading: Reading) -> list[Candidate]:
    """The figures of one field with the words beside them."""
    rows = list(found)
    if not rows:
        return []
    around, near = surroundings(reading.view.text), Nearness(reading.mentions)
    return [_placed(one, around, near) for one in rows]


def _placed(found: Found, around: Surroundings, near: Nearness) -> Candidate:
    fact = found.fact
    words = tuple(around.beside(fact.start, fact.end))
    names = [word.feature for word in words]
    names += [*found.marks, "figure", f"mention.{_reach(near.apart(fact.start, fact.end))}"]
    if fact.field == "title":
        names.append("title")
    if fact.open:
        names.append("open")
    return Candidate(fact, dict.fromkeys(names, 1.0), words, stands=not found.made)


def _reach(apart: int) -> str:
    return "touch" if apart <= 4 else "near" if apart <= 16 else "clause" if apart <= 40 else "far"


def beside_each_other(found: Sequence[Candidate], fields: Fields, pick: Fact | None) -> list[Candidate]:
    """The candidates with what they are among the others and to the rules, last of all the one that says nothing."""
    values = [one.fact.value for one in found if one.fact and one.stands]
    often = Counter(values)
    rules = _of_rules(pick)
    whole: list[Candidate] = []
    for at, one in enumerate(found):
        names = _among(one, at, often, values) if "figure" in one.features else []
        if pick and one.value == pick.value:
            names += rules
        whole.append(replace(one, features=one.features | dict.fromkeys(names, 1.0)))
    if pick and all(one.value != pick.value for one in found):
        whole.append(Candidate(pick, dict.fromkeys((*rules, "rules.alone"), 1.0)))
    nothing = _of_nothing(fields)
    if pick is None:
        nothing.append("rules.nothing")
    return [*whole, Candidate(None, dict.fromkeys(nothing, 1.0))]


def _among(one: Candidate, at: int, often: Counter[int], values: Sequence[int]) -> list[str]:
    value = one.value or 0
    names = [f"digits.{min(len(str(value)), 11)}"]
    if len(often) == 1:
        names.append("only")
    elif often:
        names += ["largest"] if value == max(often) else []
        names += ["smallest"] if value == min(often) else []
    if often[value] > 1:
        names.append("repeated")
    if at == 0:
        names.append("first")
    if _adds_up(value, [other for other in values if other < value][:_PARTS]):
        names.append("adds_up")
    return names


def _adds_up(value: int, parts: Sequence[int]) -> bool:
    return any(
        sum(parts[first:last]) == value for first in range(len(parts)) for last in range(first + 2, len(parts) + 1)
    )


def _of_rules(pick: Fact | None) -> list[str]:
    """How surely, and by which of their ways, the rules take ``pick``."""
    if pick is None:
        return []
    way = "single" if _SINGLE.search(pick.why) else "firm" if pick.score >= 2.0 else "apart"
    return ["rules", f"rules.{way}", *(["rules.rival"] if "另有" in pick.why else [])]


def _of_nothing(fields: Fields) -> list[str]:
    """What makes it likely that no figure is told."""
    (_, title), (_, text) = fields
    both = f"{title.view.text}\n{text.view.text[:_HEAD]}"
    mentions = (*title.mentions, *text.mentions)
    marks = (
        ("vague", bool(VAGUE.search(both))),
        ("vague_workers", bool(VAGUE_WORKERS.search(both))),
        ("no_mention", not mentions),
        ("not_stated", bool(mentions) and not any(one.mood == "stated" for one in mentions)),
        ("title_mention", bool(title.mentions)),
        ("office", bool(OFFICE_WORK.search(both))),
        ("long", len(both) > _LONG),
    )
    return ["nothing", *(f"nothing.{name}" for name, holds in marks if holds)]
