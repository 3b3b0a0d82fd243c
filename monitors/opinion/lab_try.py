"""A pasted text under keyword rules that are still being written (试一试): which hit, and where. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from monitors.errors import InputError
from monitors.opinion import rule_sets
from monitors.opinion.mentions import read
from monitors.opinion.normalise import mended
from monitors.opinion.rule_grammar import Rule
from monitors.opinion.rule_match import Hit, Matcher, Origin
from monitors.opinion.rule_sets import Alias
from monitors.regions.places import PlaceResolver

MAX_TITLE, MAX_TEXT = 500, 8_000  # as the judge reads


@dataclass(frozen=True, slots=True)
class Tried:
    """``hits`` in the order of the rules; ``title`` and ``text`` as they were read; ``place`` found in them."""

    title: str
    text: str
    place: str
    hits: tuple[Hit, ...]


def attempt(rules: Sequence[Rule], aliases: Sequence[Alias], title: str, text: str) -> Tried:
    """The rules on a pasted text, whatever source they are for: a pasted text has none.

    Raises:
        InputError: nothing was pasted.
    """
    title, text = mended(title.strip()[:MAX_TITLE]), mended(text.strip()[:MAX_TEXT])
    if not title and not text:
        raise InputError("请输入标题或正文")
    lexicon = rule_sets.lexicon_under(aliases)
    place = _places().resolve(title, text, source_region="")
    anywhere = Matcher(replace(rule, sources=(), platforms=()) for rule in rules)
    document = read(title, lexicon), read(text, lexicon)
    hits = anywhere.find(*document, origin=Origin(), region=place.code, scope=place.scope)
    return Tried(title, text, place.name, hits)


@lru_cache(maxsize=1)
def _places() -> PlaceResolver:
    return PlaceResolver()
