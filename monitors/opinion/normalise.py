"""Text made comparable without losing its place: every character matched can be pointed at in the original.

``fold`` maps character for character (full-width → half-width, traditional → simplified, upper → lower case).
``view`` folds and then *squeezes* what people put inside words to escape notice or what a copier left there
(blanks, zero-width characters, ``*``, ``·``, bracketed pinyin), keeping the offset of each remaining character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import opencc

_CODE_POINTS = 0x110000
_HALVES = re.compile("[\ud800-\udfff]")
# Characters OpenCC would change although simplified text uses them as they are (乾隆, 著作, 哪吒).
_KEPT = frozenset("乾著吒拚捱榘")
# Half-width twins of the punctuation a number, a rule or a reader treats alike.
_PUNCTUATION = {
    "　": " ",
    "\t": " ",
    "\u00a0": " ",
    "〔": "(",
    "〕": ")",
    "【": "[",
    "】": "]",
    "「": '"',
    "」": '"',
    "『": '"',
    "』": '"',
    "“": '"',
    "”": '"',
    "﹒": ".",
    "—": "-",
    "–": "-",
    "～": "~",
    "⼯": "工",
    "⾦": "金",
    "⼈": "人",
}
# Sentence marks stay Chinese so that rules can tell a sentence from a decimal point.
_SENTENCE_MARKS = {"!": "！", "?": "？", ";": "；"}


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint32]:
    """One look-up per code point: 4 MB, built in some 20 ms from OpenCC's own table."""
    table = np.arange(_CODE_POINTS, dtype=np.uint32)
    for code in range(0xFF01, 0xFF5F):
        if chr(code) not in "，！？；：":
            table[code] = code - 0xFEE0
    ideographs = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simplified = opencc.OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    for before, after in zip(ideographs, simplified, strict=True):
        if len(after) == 1 and before not in _KEPT:
            table[ord(before)] = ord(after)
    for mapping in (_PUNCTUATION, _SENTENCE_MARKS):
        for before, after in mapping.items():
            table[ord(before)] = ord(after)
    for code in range(0x41, 0x5B):
        table[code] = code + 32
    for code in range(0xFF21, 0xFF3B):
        table[code] = code - 0xFEE0 + 32
    table[ord(",")] = ord("，")
    table[ord(":")] = ord("：")
    table.flags.writeable = False
    return table


def mended(text: str) -> str:
    """``text`` with half characters (lone surrogates) made U+FFFD, always of the same length: the automata take UTF-8.

    For texts where they enter judging; what comes by a feed has lost them already.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return _HALVES.sub("\ufffd", text)
    return text


def fold(text: str) -> str:
    """``text`` in comparable characters; always of the same length."""
    if not text:
        return ""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _table()[codes].tobytes().decode("utf-32-le", "surrogatepass")


# Zero-width and direction marks vanish wherever they stand.
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\ufe0f\ufe0e"
# Marks that people put between the characters of a word; between two Latin letters or digits they mean something.
_IDEOGRAPH = r"[\u3400-\u9fff]"
_MARKS = r" *·•・_~\^|/\\+=`'’‘\-.…"
# One character class first, then what stood before it: the engine skips quickly to the few places worth a look.
_SQUEEZE = re.compile(
    rf"[{_INVISIBLE}{_MARKS}(,，](?:"
    rf"(?<=[{_INVISIBLE}])[{_INVISIBLE}]{{0,64}}"
    rf"|(?<={_IDEOGRAPH}\()[a-zü-ɏḀ-ỿ\u00e0-\u00ff\u0300-\u036fɡ]{{1,7}}\)"  # 农(nóng)民工: pinyin left by a copier
    rf"|(?<={_IDEOGRAPH}[{_MARKS}])[{_MARKS}]{{0,2}}(?={_IDEOGRAPH})"
    rf"|(?<=[0-9] )(?={_IDEOGRAPH})|(?<={_IDEOGRAPH} )(?=[0-9])"
    r"|(?<=[0-9],)(?=[0-9]{3})|(?<=[0-9]，)(?=[0-9]{3}(?![0-9])))"  # 1,396,028
)


@dataclass(frozen=True, slots=True)
class View:
    """A text as the rules see it: ``text[i]`` stands for ``original[begins[i]:ends[i]]``.

    ``begins`` is None where nothing was squeezed or replaced (then every character stands for itself), ``ends`` where
    nothing was replaced (then every character stands for one).
    """

    original: str
    text: str
    begins: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of ``text[start:end]`` (not empty)."""
        if self.begins is None:
            return start, end
        if self.ends is None:
            return self.begins[start], self.begins[end - 1] + 1
        return self.begins[start], self.ends[end - 1]

    def replaced(self, changes: Sequence[tuple[int, int, str]]) -> View:
        """The same view with ``text[start:end]`` read as another word, for each change in rising order.

        Every character of the new word stands for the whole of what it replaces.
        """
        text: list[str] = []
        begins: list[int] = []
        ends: list[int] = []
        position = 0
        for start, end, word in (*changes, (len(self.text), len(self.text), "")):
            if start < position:
                continue
            for index in range(position, start):
                begin, stop = self.span(index, index + 1)
                begins.append(begin)
                ends.append(stop)
            text.append(self.text[position:start] + word)
            if word:
                begin, stop = self.span(start, end)
                begins.extend([begin] * len(word))
                ends.extend([stop] * len(word))
            position = end
        return View(self.original, "".join(text), tuple(begins), tuple(ends))


def view(original: str) -> View:
    """The comparable, squeezed form of ``original`` with the way back."""
    folded = fold(original)
    pieces: list[tuple[int, int]] = []
    position = 0
    for match in _SQUEEZE.finditer(folded):
        if match.start() > position:
            pieces.append((position, match.start()))
        position = match.end()
    if position == 0:
        return View(original, folded)
    pieces.append((position, len(folded)))
    text = "".join(folded[start:end] for start, end in pieces)
    begins: list[int] = []
    for start, end in pieces:
        begins.extend(range(start, end))
    return View(original, text, tuple(begins))
