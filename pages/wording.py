"""Figures as duty staff read them: money, persons, levels and stances in Chinese, with their units and colours."""

from __future__ import annotations

from collections.abc import Iterable

from monitors.opinion.model import LEVEL_NAMES
from monitors.settings import Judge

FEN_PER_YUAN = 100
# Level → the colour's name in the style sheets.
TONES = {"I": "red", "II": "orange", "III": "yellow", "IV": "blue", "关注": "grey"}


def money(fen: int | None) -> str:
    """``8,500 元``, ``12.6 万元``, ``1.23 亿元``; an em dash where no amount is stated."""
    if fen is None:
        return "—"
    yuan = fen / FEN_PER_YUAN
    if abs(yuan) < 10_000:
        return f"{yuan:,.0f} 元" if fen % FEN_PER_YUAN == 0 else f"{yuan:,.2f} 元"
    if abs(yuan) < 100_000_000:
        return f"{_short(yuan / 10_000)} 万元"
    return f"{_short(yuan / 100_000_000)} 亿元"


def _short(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def persons(number: int | None) -> str:
    """``1,200 人``; an em dash where no number is stated."""
    return "—" if number is None else f"{number:,} 人"


def level_name(level: str) -> str:
    """``I级 红`` for ``I``; what is unknown is shown as it is."""
    return LEVEL_NAMES.get(level, level)


def sentiment_name(score: float, limits: Judge) -> str:
    """负面, 中性 or 正面 by the office's limits."""
    if score <= limits.negative_at:
        return "负面"
    return "正面" if score >= limits.positive_at else "中性"


def marked(text: str, words: Iterable[str]) -> list[tuple[str, bool]]:
    """``text`` cut into pieces, each with whether it is one of ``words``; the pieces joined are ``text`` again."""
    low = text.lower()
    hit = bytearray(len(text))
    # Lower-casing may change the length of a few letters (İ); offsets would then lie, so such text is left unmarked.
    for word in words if len(low) == len(text) else ():
        start = low.find(word.lower()) if word else -1
        while start >= 0:
            hit[start : start + len(word)] = b"\x01" * len(word)
            start = low.find(word.lower(), start + 1)
    pieces: list[tuple[str, bool]] = []
    begin = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or hit[end] != hit[begin]:
            pieces.append((text[begin:end], bool(hit[begin])))
            begin = end
    return pieces
