"""What differs between two sets of rules (两版规则对照), line by line, for people to read. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from monitors.opinion.lab_thresholds import THRESHOLDS

Mark = Literal["+", "-", " "]
_AROUND = 2  # unchanged lines shown beside a changed one


class Rules(Protocol):
    """Text, thresholds and aliases: a draft as well as a set in force."""

    @property
    def text(self) -> str: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    @property
    def aliases(self) -> Sequence[Alias]: ...


class Alias(Protocol):
    """One alias: the word and what it means."""

    @property
    def word(self) -> str: ...
    @property
    def means(self) -> str: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``+`` only in the newer, ``-`` only in the older, blank in both."""

    mark: Mark
    words: str


def text(before: Rules, after: Rules) -> tuple[Line, ...]:
    """The keyword rules: changed lines with two neighbours, ``…`` where lines are left out; nothing where equal."""
    old, new = before.text.splitlines(), after.text.splitlines()
    found: list[Line] = []
    for number, group in enumerate(
        difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)
    ):
        if number:
            found.append(Line(" ", "…"))
        for kind, a, b, c, d in group:
            if kind == "equal":
                found += [Line(" ", words) for words in old[a:b]]
                continue
            found += [Line("-", words) for words in old[a:b]]
            found += [Line("+", words) for words in new[c:d]]
    return tuple(found)


def thresholds(before: Rules, after: Rules) -> tuple[Line, ...]:
    """Thresholds that differ, each as one sentence; what a set does not name is as in config.toml."""
    found = []
    for one in THRESHOLDS:
        old, new = before.thresholds.get(one.name), after.thresholds.get(one.name)
        if old == new:
            continue
        was = "出厂值" if old is None else one.shown(old)
        now = "出厂值" if new is None else one.shown(new)
        found.append(Line("+", f"{one.words}：{was} → {now}"))
    return tuple(found)


def aliases(before: Rules, after: Rules) -> tuple[Line, ...]:
    """Aliases taken out and put in."""
    old, new = [_alias(one) for one in before.aliases], [_alias(one) for one in after.aliases]
    gone = [Line("-", words) for words in old if words not in new]
    return (*gone, *(Line("+", words) for words in new if words not in old))


def _alias(one: Alias) -> str:
    note = f"（{one.note}）" if one.note else ""
    return f"{one.word} → {one.means}{note}"
