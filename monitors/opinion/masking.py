"""Covering what leads to a complainant (个人信息脱敏), after judging and before storing.

举报人保密（劳动保障监察条例第九条），处理限于最小范围（个人信息保护法第六条）: what is stored, searched, shown
and exported is the covered text. It has the length of the original, so that evidence still points at its characters.
Pure and idempotent: covering twice changes nothing more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from monitors.opinion import masking_names, masking_numbers, name_lists
from monitors.opinion.model import Entry, Evidence, Judgement
from monitors.opinion.normalise import fold

_RULES = "1"
# Reports stored under another version are covered anew (see ``masking_stored``).
VERSION = f"{_RULES}-{hashlib.sha256(name_lists.PATH.read_bytes()).hexdigest()[:12]}"
COVER = "*"


@dataclass(frozen=True, slots=True)
class Span:
    """Something personal at ``[start:end]``, partly covered; ``kind`` is Chinese (姓名, 手机号, 身份证号, 车牌号…)."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with its personal data covered, character for character, and where that was."""

    text: str
    spans: tuple[Span, ...] = ()


def mask(text: str) -> Masked:
    """``text`` covered, of the same length."""
    return _mask_all(text)[0]


def mask_entry(entry: Entry) -> Entry:
    """The entry as it may be stored and shown; its identity and address stay."""
    title, text = _mask_all(entry.title, entry.text)
    if not title.spans and not text.spans:
        return entry
    return replace(entry, title=title.text, text=text.text)


def mask_report(entry: Entry, judgement: Judgement) -> tuple[Entry, Judgement]:
    """A judged report as it may be stored: the words of the judgement are those of the covered entry again."""
    shown = mask_entry(entry)
    if shown is entry:
        return entry, judgement
    return shown, replace(
        judgement,
        evidence=tuple(mask_evidence(one, entry, shown) for one in judgement.evidence),
        matched=mask_words(judgement.matched, entry, shown),
        employer=mask_employer(judgement.employer, entry, shown),
    )


def mask_evidence(one: Evidence, entry: Entry, shown: Entry) -> Evidence:
    """The same piece of evidence, its text cut from the covered entry."""
    before, after = (entry.title, shown.title) if one.field == "title" else (entry.text, shown.text)
    words = after[one.start : one.end] if before[one.start : one.end] == one.text else mask(one.text).text
    return one if words == one.text else replace(one, text=words)


def mask_words(words: tuple[str, ...], entry: Entry, shown: Entry) -> tuple[str, ...]:
    """Matched terms without those that stood only in what is covered now (an office's own words may be a name)."""
    return tuple(
        word
        for word in words
        if word in shown.title or word in shown.text or not (word in entry.title or word in entry.text)
    )


def mask_employer(name: str | None, entry: Entry, shown: Entry) -> str | None:
    """The employer's name; covered where the rules took a complainant for the debtor."""
    if not name:
        return name
    for before, after in ((entry.title, shown.title), (entry.text, shown.text)):
        at = before.find(name)
        if at >= 0:
            return after[at : at + len(name)]
    return mask(name).text


def _mask_all(*fields: str) -> tuple[Masked, ...]:
    """The fields of one report: a name known from one of them is covered in all."""
    folded = tuple(fold(field) for field in fields)
    numbers = tuple(tuple(masking_numbers.find(field)) for field in folded)
    names = masking_names.find(folded, numbers)
    return tuple(
        _covered(field, [*found, *persons]) for field, found, persons in zip(fields, numbers, names, strict=True)
    )


def _covered(text: str, found: list[masking_numbers.Found]) -> Masked:
    if not found:
        return Masked(text)
    characters = list(text)
    for one in found:
        for at in one.covered:
            characters[at] = COVER
    spans = sorted((Span(one.start, one.end, one.kind) for one in found), key=lambda span: (span.start, span.end))
    return Masked("".join(characters), tuple(spans))
