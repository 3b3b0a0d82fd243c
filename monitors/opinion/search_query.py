"""The query language of 舆情检索: words that must all occur, ``"exact phrase"``, ``-exclude``, ``one|other``.

Whatever is typed has a meaning or is left out with a note; no input is an error. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitors.store.search_index import Phrase, fold, phrase

MAX_CHARS = 200
MAX_TERMS = 20

# “ ” „ 「 」 『 』 open and close a phrase like the plain quote, ｜ is |; fold has made the full-width ones half-width.
_OPERATORS = str.maketrans(dict.fromkeys("“”„‟「」『』〝〞", '"') | {"−": "-", "–": "-", "—": "-", "¦": "|"})
_TERM = re.compile(r'(?P<bar>\|)|(?P<minus>(?:(?<=\s)|^)-+)?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<word>[^\s"|]+))')


@dataclass(frozen=True, slots=True)
class Query:
    """``required``: one phrase of each group must occur; ``excluded``: none of these. ``notes`` are for the user.

    ``hopeless``: something was typed, but nothing in it can be looked for; such a query finds nothing.
    """

    required: tuple[tuple[Phrase, ...], ...] = ()
    excluded: tuple[Phrase, ...] = ()
    notes: tuple[str, ...] = ()
    hopeless: bool = False

    @property
    def empty(self) -> bool:
        """No condition on the text."""
        return not self.required and not self.excluded

    @property
    def wanted(self) -> tuple[Phrase, ...]:
        """Every phrase to highlight."""
        return tuple(found for group in self.required for found in group)

    def fts5(self) -> str:
        """The required part and its exclusions for FTS5; meaningful only where ``required`` is not empty."""
        groups = [" OR ".join(p.fts5() for p in group) for group in self.required]
        wanted = " AND ".join(f"({group})" for group in groups)
        return f"({wanted}) NOT ({self.fts5_excluded()})" if self.excluded else wanted

    def fts5_excluded(self) -> str:
        """What must not occur, for FTS5."""
        return " OR ".join(p.fts5() for p in self.excluded)

    def tsquery(self) -> str:
        """The whole query for PostgreSQL."""
        parts = ["(" + " | ".join(p.tsquery() for p in group) + ")" for group in self.required]
        parts += [f"!{p.tsquery()}" for p in self.excluded]
        return " & ".join(parts)


def parse(typed: str) -> Query:
    """Read what a person typed into the search box."""
    notes = []
    shown = typed.strip()
    if len(shown) > MAX_CHARS:
        shown = shown[:MAX_CHARS]
        notes.append(f"检索词过长，只用了前 {MAX_CHARS} 个字")
    required: list[list[Phrase]] = []
    excluded: list[Phrase] = []
    skipped: list[str] = []
    terms = 0
    bar = False
    to_excluded = False
    for match in _TERM.finditer(fold(shown).translate(_OPERATORS)):
        if match["bar"]:
            bar = terms > 0
            continue
        quoted = match["quoted"] is not None
        wanted = phrase(match["quoted"] if quoted else match["word"], whole_words=quoted)
        if wanted is None:
            skipped.append(match.group())
            continue
        terms += 1
        if terms > MAX_TERMS:
            notes.append(f"检索词过多，只用了前 {MAX_TERMS} 个")
            break
        to_excluded = match["minus"] is not None or (bar and to_excluded)
        if to_excluded:
            excluded.append(wanted)
        elif bar and required:
            required[-1].append(wanted)
        else:
            required.append([wanted])
        bar = False
    if shown and not terms:
        return Query(notes=("没有可检索的文字，请输入汉字、字母或数字",), hopeless=True)
    if any(term.strip('"-| ') for term in skipped):
        notes.append("标点符号不参与检索")
    return Query(tuple(tuple(group) for group in required), tuple(excluded), tuple(notes))
