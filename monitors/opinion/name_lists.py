"""What is known of personal names (姓名用字): surnames, the characters of given names, words that only look like names.

The lists stand in ``data/lexicon/persons.toml``; places come from the table of divisions.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache

from monitors.regions import divisions
from monitors.settings import ROOT

PATH = ROOT / "data" / "lexicon" / "persons.toml"
DOTS = "·•‧・･"


@dataclass(frozen=True, slots=True)
class NameLists:
    """The lists of the file by name; ``doubtful`` without what stands among the plain surnames, too."""

    surnames: frozenset[str]
    doubtful: frozenset[str]
    particles: frozenset[str]
    compound: frozenset[str]
    long: frozenset[str]
    syllables: frozenset[str]
    dotted: re.Pattern[str]
    given: frozenset[str]
    never: frozenset[str]
    words: frozenset[str]
    titles: tuple[str, ...]


@lru_cache(maxsize=1)
def lists() -> NameLists:
    """The file, read once per process."""
    table = tomllib.loads(PATH.read_text(encoding="utf-8"))
    characters = {
        name: frozenset(table[name]) - frozenset(" \n")
        for name in ("surnames", "doubtful", "particles", "long", "syllables", "given", "never")
    }
    return NameLists(
        surnames=characters["surnames"] | characters["doubtful"],
        doubtful=characters["doubtful"] - characters["surnames"],
        particles=characters["particles"],
        compound=frozenset(table["compound"].split()),
        long=characters["long"],
        syllables=characters["syllables"],
        dotted=_dotted("".join(sorted(characters["syllables"]))),
        given=characters["given"],
        never=characters["never"],
        words=frozenset(table["words"].split()),
        titles=tuple(table["titles"].split()),
    )


def _dotted(syllables: str) -> re.Pattern[str]:
    """阿卜杜拉·买买提, 吉克·阿牛."""
    return re.compile(f"[{syllables}]{{1,6}}(?:[{DOTS}][{syllables}]{{1,6}}){{1,2}}")


@cache
def places() -> frozenset[str]:
    """Names of places that would pass for a person's (高明, 石景山, 文山); who is called like one is not covered."""
    names = (
        name for one in divisions.everywhere() for name in (one.name, divisions.everyday(one), divisions.bare(one))
    )
    return frozenset(name for name in names if len(name) <= 6)
