"""Where in a text stands what was looked for, and the stretch of it worth showing (命中片段)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitors.store.search_index import Phrase, fold

SNIPPET_CHARS = 140
_LEAD_CHARS = 36  # shown before the first match, so that the sentence it stands in begins on the screen
_MAX_SPANS = 200


def spans(original: str, phrases: Sequence[Phrase]) -> tuple[tuple[int, int], ...]:
    """Where ``phrases`` stand in ``original``: merged, in order, at most 200."""
    if not original or not phrases:
        return ()
    folded = fold(original)
    found = sorted({m.span() for wanted in phrases for m in _pattern(wanted).finditer(folded)})
    merged: list[tuple[int, int]] = []
    for start, end in found[: _MAX_SPANS * 4]:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged[:_MAX_SPANS])


def snippet(original: str, phrases: Sequence[Phrase]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The stretch of a text that shows most of what was looked for, on one line, and where it stands there."""
    found = spans(original, phrases)
    start = 0
    if found and found[-1][1] > SNIPPET_CHARS:
        shown = SNIPPET_CHARS - _LEAD_CHARS
        best = max(found, key=lambda span: (sum(span[0] <= s and e <= span[0] + shown for s, e in found), -span[0]))
        start = max(0, best[0] - _LEAD_CHARS)
        sentence = -1 if not start else max(original.rfind(mark, start, best[0]) for mark in "。！？；\n")
        start = sentence + 1 if sentence >= 0 else start
    end = min(len(original), start + SNIPPET_CHARS)
    line = re.sub(r"\s", " ", original[start:end])
    before, after = ("…" if start else ""), ("…" if end < len(original) else "")
    shift = len(before) - start
    kept = tuple((s + shift, min(e, end) + shift) for s, e in found if start <= s < end)
    return f"{before}{line}{after}", kept


def _pattern(wanted: Phrase) -> re.Pattern[str]:
    # Between two pieces the index saw only what is neither character nor digit; so does the highlight.
    body = r"[^0-9a-z\u3400-\u9fff]*".join(re.escape(part) for part in wanted.parts)
    head = r"(?<![0-9a-z])" if wanted.parts[0][0].isascii() else ""
    tail = r"(?![0-9a-z])" if wanted.parts[-1][-1].isascii() and not wanted.open_end else ""
    return re.compile(head + body + tail)
