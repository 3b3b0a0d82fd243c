"""Where keyword rules hit a report (规则命中): all rules' words in one pass, with places in the text as published.

One automaton holds the words of all rules; a rule is looked at only where one of its words (or the sure characters of
one of its patterns) stands in the text. Evasive spellings count for what they stand for and as they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import ahocorasick_rs

from monitors.opinion.lexicon import Lexicon, shipped
from monitors.opinion.mentions import Reading, read
from monitors.opinion.model import Evidence, RuleHit
from monitors.opinion.normalise import View, mended
from monitors.opinion.normalise import view as make_view
from monitors.opinion.rule_effect import admits
from monitors.opinion.rule_grammar import Field, Near, Rule, Term, Word, terms
from monitors.opinion.rule_patterns import Pattern

_SHOWN = 12  # places shown per rule, the first of each word before the second of any
_KEPT = 200  # places kept per word and field: a text made of one word must not cost more
_TITLE, _TEXT = 500, 8_000  # read by ``match``; the judge cuts before

Place = tuple[int, int]  # begin and end in the text as published
_Found = dict[Field, dict[int, list[Place]]]  # by the number of the word in the automaton


@dataclass(frozen=True, slots=True)
class Origin:
    """Which source a report came by, for rules that name some."""

    id: str = ""
    name: str = ""
    group: str = ""
    outlet: str = ""

    @property
    def names(self) -> tuple[str, str, str, str]:
        return (self.id, self.name, self.group, self.outlet)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that hit, and where: evidence on the original characters, with its Chinese reason."""

    rule: Rule
    spans: tuple[Evidence, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What was found, as published, each once."""
        return tuple(dict.fromkeys(span.text for span in self.spans))

    @property
    def told(self) -> RuleHit:
        """What is kept with the judgement; the words are kept as its evidence, which is masked."""
        return RuleHit(self.rule.name, self.rule.level, self.rule.tags, self.rule.regions)


def match(
    rule: Rule,
    title: str,
    text: str,
    *,
    origin: Origin | None = None,
    region: str = "",
    scope: str = "本省",
    lexicon: Lexicon | None = None,
) -> Hit | None:
    """One rule on one report; None where it does not hit. Many rules are cheaper in one ``Matcher``."""
    words = lexicon or shipped()
    document = read(mended(title[:_TITLE]), words), read(mended(text[:_TEXT]), words)
    found = Matcher([rule]).find(*document, origin=origin or Origin(), region=region, scope=scope)
    return found[0] if found else None


class Matcher:
    """All rules of a set in one automaton. Immutable after construction, so threads may share it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        forms = dict.fromkeys(form for rule in self.rules for term in terms(rule) for form in _forms(term))
        self._numbers = {form: number for number, form in enumerate(forms)}
        self._texts = tuple(forms)
        self._automaton = ahocorasick_rs.AhoCorasick(self._texts) if forms else None
        # Which rules a word calls up, and those with a pattern that no sure word announces.
        called: dict[int, dict[int, None]] = {}
        always: dict[int, None] = {}
        for index, rule in enumerate(self.rules):
            for term in rule.some or next(iter(rule.every), ()):
                for form in _forms(term)[:1]:
                    called.setdefault(self._numbers[form], {})[index] = None
                if not _forms(term):
                    always[index] = None
        self._called = {number: tuple(found) for number, found in called.items()}
        self._always = tuple(always)

    def find(self, title: Reading, text: Reading, *, origin: Origin, region: str, scope: str) -> tuple[Hit, ...]:
        """The rules that hit, in their order. ``region``, ``scope``: where the report belongs (see ``Judgement``)."""
        if not self.rules:
            return ()
        views: dict[Field, tuple[View, ...]] = {"title": _views(title), "text": _views(text)}
        found: _Found = {name: self._places(both) for name, both in views.items()}
        wanted = dict.fromkeys(self._always)
        for places in found.values():
            for number in places:
                wanted.update(dict.fromkeys(self._called.get(number, ())))
        report = _Report(views, found, self._numbers)
        hits = []
        for index in sorted(wanted):
            rule = self.rules[index]
            if _comes_by(rule, origin) and admits(rule.regions, region, scope):
                hit = report.hit(rule)
                if hit is not None:
                    hits.append(hit)
        return tuple(hits)

    def _places(self, views: Sequence[View]) -> dict[int, list[Place]]:
        """Where each word stands, in offsets of the original, rising and each once."""
        found: dict[int, dict[Place, None]] = {}
        if self._automaton is None:
            return {}
        for view in views:
            for number, start, end in self._automaton.find_matches_as_indexes(view.text, overlapping=True):
                held = found.setdefault(number, {})
                if len(held) < _KEPT:
                    held[view.span(start, end)] = None
        return {number: sorted(held) for number, held in found.items()}


def _views(reading: Reading) -> tuple[View, ...]:
    """The text as it is meant and, where evasive spellings were undone, also as it is written."""
    return (reading.view, make_view(reading.view.original)) if reading.evasions else (reading.view,)


def _forms(term: Term) -> tuple[str, ...]:
    """What of a term goes into the automaton."""
    if isinstance(term, Word):
        return (term.form,)
    if isinstance(term, Near):
        return tuple(word.form for word in term.words)
    return (term.wanted,) if term.wanted else ()


def _comes_by(rule: Rule, origin: Origin) -> bool:
    if rule.sources and not any(name in rule.sources for name in origin.names if name):
        return False
    return not rule.platforms or any(part in name for part in rule.platforms for name in origin.names)


@dataclass(slots=True)
class _Report:
    """One report under all rules: patterns are run once, whichever rules share them."""

    views: Mapping[Field, tuple[View, ...]]
    found: _Found
    numbers: Mapping[str, int]
    _ran: dict[tuple[Field, str], list[Place]] = field(default_factory=dict)

    def hit(self, rule: Rule) -> Hit | None:
        lines = (rule.some, *rule.every) if rule.some else rule.every
        if not all(self._any(line, rule.fields) for line in lines) or self._any(rule.never, rule.fields):
            return None
        why = f"规则“{rule.name}”命中"
        spans = [one for line in lines for term in line for name in rule.fields for one in self._told(term, name, why)]
        # The first place of each word, then the second of each: the screen shows every word before any twice.
        spans.sort(key=lambda one: (one[0], one[1].field != "title", one[1].start))
        return Hit(rule, tuple(dict.fromkeys(span for _, span in spans))[:_SHOWN])

    def _any(self, line: Sequence[Term], fields: Sequence[Field]) -> bool:
        return any(self._places(term, name) for term in line for name in fields)

    def _told(self, term: Term, name: Field, why: str) -> list[tuple[int, Evidence]]:
        original = self.views[name][0].original
        told = f"{why}（相隔不超过 {term.gap} 字）" if isinstance(term, Near) else why
        return [
            (rank, Evidence(name, start, end, original[start:end], told, "rule"))
            for rank, (start, end) in enumerate(self._places(term, name)[:_SHOWN])
        ]

    def _places(self, term: Term, name: Field) -> list[Place]:
        if isinstance(term, Word):
            return self._alone(term, name) if self._of(term, name) else []
        if isinstance(term, Near):
            return _together([self._of(word, name) for word in term.words], term.gap)
        return self._pattern(term, name)

    def _of(self, word: Word, name: Field) -> list[Place]:
        return self.found[name].get(self.numbers[word.form], [])

    def _alone(self, word: Word, name: Field) -> list[Place]:
        """Where the word stands and not in the middle of a longer Latin one: NBA is not in NBAX."""
        if not (_latin(word.form[0]) or _latin(word.form[-1])):
            return self._of(word, name)
        text = self.views[name][0].original
        return [
            (start, end)
            for start, end in self._of(word, name)
            if not (_latin(text[max(0, start - 1) : start]) and _latin(text[start]))
            and not (_latin(text[end - 1]) and _latin(text[end : end + 1]))
        ]

    def _pattern(self, pattern: Pattern, name: Field) -> list[Place]:
        if pattern.wanted and self.numbers[pattern.wanted] not in self.found[name]:
            return []
        key = (name, pattern.written)
        if key not in self._ran:
            places: dict[Place, None] = {}
            for view in self.views[name]:
                for one in islice(pattern.compiled.finditer(view.text), _KEPT):
                    places[view.span(*one.span())] = None
            self._ran[key] = sorted(places)
        return self._ran[key]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _together(places: Sequence[Sequence[Place]], gap: int) -> list[Place]:
    """The places of words that stand together, at most ``gap`` characters between them in all. Linear in the places."""
    if not all(places):
        return []
    last: list[Place | None] = [None] * len(places)
    kept: dict[Place, None] = {}
    for place, index in sorted((place, index) for index, found in enumerate(places) for place in found):
        last[index] = place
        group = [one for one in last if one is not None]
        if len(group) == len(places):
            across = max(end for _, end in group) - min(start for start, _ in group)
            if across - sum(end - start for start, end in group) <= gap:
                kept.update(dict.fromkeys(sorted(group)))
    return list(kept)
