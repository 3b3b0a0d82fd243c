"""The field's words (domain.md 4.1), kept as data in ``data/lexicon/terms.csv`` and found in one pass.

Columns: ``term``; ``group``; ``weight`` (how telling it is, for sentiment and for the order shown); ``means`` (what an
evasive spelling stands for); ``not_before`` / ``not_after`` (neighbours, joined by ``|``, beside which the term is
another word: 施|工资|质); ``note``. A term may stand in several groups, once in each.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import ahocorasick_rs

from monitors.errors import SettingsError
from monitors.opinion.normalise import fold

PATH = Path(__file__).resolve().parent.parent.parent / "data" / "lexicon" / "terms.csv"
_COLUMNS = ("term", "group", "weight", "means", "not_before", "not_after", "note")

# Groups whose words are shown to people as "matched", most telling first; the others only serve the grammar.
SHOWN_GROUPS = ("core", "evasive", "extreme", "protest", "resolution", "dialect", "official", "sector", "contrary")


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the lexicon, in comparable characters (see ``normalise``)."""

    text: str
    group: str
    weight: float
    means: str = ""
    not_before: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    note: str = ""


class Hit(NamedTuple):
    """A term found at ``view.text[start:end]``; a tuple, for some hundred are made for each report."""

    start: int
    end: int
    term: Term


def read_terms(path: Path = PATH) -> tuple[Term, ...]:
    """The rows of a lexicon file.

    Raises:
        SettingsError: the file cannot be read, a column is missing or a weight is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"无法读取词库 {path}：{error}") from error
    terms = []
    for line, row in enumerate(rows, start=2):
        try:
            text, group, weight = fold(row["term"]).strip(), row["group"], float(row["weight"])
            before, after = row["not_before"] or "", row["not_after"] or ""
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"词库 {path} 第 {line} 行有误：应有 {'、'.join(_COLUMNS)} 各列，weight 为数字"
            ) from error
        if not text:
            raise SettingsError(f"词库 {path} 第 {line} 行有误：term 不能为空")
        terms.append(
            Term(
                text,
                group,
                weight,
                fold(row["means"] or ""),
                tuple(part for part in before.split("|") if part),
                tuple(part for part in after.split("|") if part),
                row["note"] or "",
            )
        )
    return tuple(terms)


def _is_latin(character: str) -> bool:
    return "a" <= character <= "z"


class Lexicon:
    """All terms in one automaton. Immutable after construction, so threads may share it."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.terms = tuple(terms)
        by_text: dict[str, list[Term]] = {}
        for term in self.terms:
            by_text.setdefault(term.text, []).append(term)
        self._texts = tuple(by_text)
        self._by_index = tuple(tuple(found) for found in by_text.values())
        # A term needs its neighbours looked at when it begins or ends in a Latin letter or carries a guard.
        self._careful = tuple(
            _is_latin(text[0]) or _is_latin(text[-1]) or any(term.not_before or term.not_after for term in found)
            for text, found in by_text.items()
        )
        self._automaton = ahocorasick_rs.AhoCorasick(self._texts)

    def hits(self, text: str) -> list[Hit]:
        """Every term of every group in comparable ``text``, overlapping ones too, by position."""
        careful, by_index = self._careful, self._by_index
        found = [
            Hit(start, end, term)
            for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True)
            for term in by_index[index]
            if not careful[index] or _stands_alone(text, start, end, term)
        ]
        found.sort(key=_by_place)
        return found


def _by_place(hit: Hit) -> int:
    """Rising start, the longest first: one number sorts faster than a pair."""
    return (hit[0] << 24) - hit[1]


def _stands_alone(text: str, start: int, end: int, term: Term) -> bool:
    if start and _is_latin(text[start]) and _is_latin(text[start - 1]):
        return False
    if end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end]):
        return False
    if any(text.endswith(before, 0, start) for before in term.not_before):
        return False
    return not any(text.startswith(after, end) for after in term.not_after)


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The lexicon that comes with the product, read once per process."""
    return Lexicon(read_terms())
