r"""Regular expressions a duty officer may write (正则的安全写法): a subset whose cost is known before it is run.

Python's engine tries again where it failed, so a careless pattern can take for ever. Allowed is what has a bound:
characters, ``.``, ``[…]``, ``\d \w \s``, ``(…|…)``, ``?``, ``{m,n}``, ``^``, ``$``. The number of ways a pattern can
be tried at one place (``ways``) and the characters compared on all of them (``steps``: a pattern with one way can be
thousands long) are counted while it is read, and limited. Characters are folded as the text is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitors.opinion.normalise import fold

MAX_CHARS = 200
MAX_TIMES = 50  # repetitions of one part
MAX_WAYS = 1_000  # ways to try one pattern at one place
MAX_STEPS = 3_000  # characters compared at one place, at most
_MOST = 10**9  # more is not counted
_GROUP = 5  # steps a bracket costs each time it is entered
_DEEPEST = 10
_LEAST = 2  # characters a hit must have: one alone would hit everywhere
# Full-width twins people type by accident; fold() keeps some of them for the sake of sentences.
_TWINS = str.maketrans("（）［］｛｝｜？，．＾＄＼＊＋－", "()[]{}|?,.^$\\*+-")
_CLASSES = frozenset("dDwWsS")


class PatternError(ValueError):
    """The pattern is not allowed; the words say what to write instead."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """``wanted``: characters every hit contains, ``""`` where none are sure; ``steps``: its cost at one place."""

    written: str
    compiled: re.Pattern[str]
    ways: int
    steps: int
    wanted: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a pattern: its form, ways, the least it hits, whether it repeats, sure characters, steps."""

    form: str
    ways: int
    least: int
    repeats: bool = False
    plain: str = ""
    steps: int = 1


def read(written: str) -> Pattern:
    """The pattern between the two strokes.

    Raises:
        PatternError: not allowed, with what to write instead.
    """
    if not written:
        raise PatternError("两个斜线之间是空的，请写上要找的内容，如 /讨薪(队伍|车队)/")
    if len(written) > MAX_CHARS:
        raise PatternError(f"正则共 {len(written)} 个字符，最多 {MAX_CHARS} 个，请拆成几行")
    reader = _Reader(written.translate(_TWINS))
    whole = reader.choice(0)
    if not reader.ended:
        raise PatternError("多了一个右括号“)”，要找括号本身请写 \\)")
    if whole.least < _LEAST:
        raise PatternError(f"至少须命中 {_LEAST} 个字，现在一个字甚至空白也算命中，请加上必有的字")
    _affordable(whole)
    wanted = reader.wanted if len(reader.wanted) >= _LEAST else ""
    return Pattern(written, re.compile(whole.form), whole.ways, whole.steps, wanted)


def _affordable(whole: _Part) -> None:
    advice = "请缩小 {} 里的范围或拆成几行，也可改用“近(10)：甲 乙”"
    if whole.ways > MAX_WAYS:
        told = whole.ways if whole.ways < _MOST else "无数"
        raise PatternError(f"这个正则在一处就有 {told} 种试法（最多 {MAX_WAYS} 种），{advice}")
    if whole.steps > MAX_STEPS:
        told = whole.steps if whole.steps < _MOST else "无数"
        raise PatternError(f"这个正则在一处就要比对 {told} 步（最多 {MAX_STEPS} 步），{advice}")


class _Reader:
    """Reads a pattern once, from left to right."""

    def __init__(self, written: str) -> None:
        self._text = written
        self._at = 0
        self.wanted = ""  # the longest run of sure characters at the top level

    @property
    def ended(self) -> bool:
        return self._at >= len(self._text)

    def _peek(self) -> str:
        return self._text[self._at] if not self.ended else ""

    def _take(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def choice(self, depth: int) -> _Part:
        """One or several sequences, parted by ``|``."""
        if depth > _DEEPEST:
            raise PatternError("括号套得太深，请拆成几行")
        options = [self._sequence(depth)]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence(depth))
        if len(options) == 1:
            return options[0]
        if depth == 0:
            self.wanted = ""
        return _Part(
            "|".join(option.form for option in options),
            sum(option.ways for option in options),
            min(option.least for option in options),
            any(option.repeats for option in options),
            steps=min(sum(option.steps for option in options), _MOST),
        )

    def _sequence(self, depth: int) -> _Part:
        forms: list[str] = []
        ways, steps, least, repeats, run, longest = 1, 0, 0, False, "", ""
        while not self.ended and self._peek() not in "|)":
            if self._peek() in " \u3000":
                self._at += 1  # the text is searched without its blanks
                continue
            part = self._repeated(self._one(depth))
            forms.append(part.form)
            steps = min(steps + ways * part.steps, _MOST)  # what follows is tried after each way of what stands before
            ways, least, repeats = min(ways * part.ways, _MOST), least + part.least, repeats or part.repeats
            run = run + part.plain if part.plain else ""
            longest = max(longest, run, key=len)
        if depth == 0:
            self.wanted = max(self.wanted, longest, key=len)
        return _Part("".join(forms), ways, least, repeats, steps=steps)

    def _one(self, depth: int) -> _Part:
        character = self._take()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return _Part(self._set(), 1, 1)
        if character == ".":
            return _Part(".", 1, 1)
        if character in "^$":
            return _Part(character, 1, 0)
        if character == "\\":
            return self._escaped()
        if character in "*+":
            raise PatternError(f"不能用“{character}”（没有上限），请写明最多几个，如 .{{0,10}}")
        if character in "?{":
            raise PatternError(f"“{character}”前面没有可重复的内容")
        if character in "]}":
            raise PatternError(f"多了一个“{character}”，要找它本身请写 \\{character}")
        folded = fold(character)
        return _Part(re.escape(folded), 1, 1, plain=folded)

    def _group(self, depth: int) -> _Part:
        if self._peek() == "?":
            raise PatternError("括号里不能以“?”开头（断言、命名、反向引用都不支持），请只写 (甲|乙)")
        inner = self.choice(depth + 1)
        if self._take() != ")":
            raise PatternError("少了一个右括号“)”")
        return _Part(f"(?:{inner.form})", inner.ways, inner.least, inner.repeats, steps=inner.steps + _GROUP)

    def _escaped(self) -> _Part:
        character = self._take()
        if character in _CLASSES and character:
            return _Part(f"\\{character}", 1, 1)
        if not character or character.isalnum():
            raise PatternError(f"不支持“\\{character}”，可用 \\d（数字）、\\w（字）、\\s（空白），或在标点前加 \\")
        folded = fold(character)
        return _Part(re.escape(folded), 1, 1, plain=folded)

    def _set(self) -> str:
        """The inside of ``[…]`` up to and with its bracket."""
        form = ["["]
        if self._peek() == "^":
            form.append(self._take())
        members = 0
        while self._peek() != "]":
            if self.ended:
                raise PatternError("少了一个右方括号“]”")
            first = self._member()
            members += 1
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                last = self._member()
                if len(first) != 1 or len(last) != 1 or first > last:
                    raise PatternError("方括号里的范围写反了或不完整，应如 [0-9]、[a-z]")
                form.append(f"{re.escape(first)}-{re.escape(last)}")
            else:
                form.append(first if len(first) > 1 else re.escape(first))
        self._at += 1
        if not members:
            raise PatternError("方括号里是空的，应如 [甲乙丙]")
        return "".join(form) + "]"

    def _member(self) -> str:
        character = self._take()
        if character != "\\":
            return fold(character)
        character = self._take()
        if character and character in _CLASSES:
            return f"\\{character}"
        if not character or character.isalnum():
            raise PatternError(f"方括号里不支持“\\{character}”")
        return fold(character)

    def _repeated(self, part: _Part) -> _Part:
        """``part`` with the ``?`` or ``{m,n}`` that follows it, if any."""
        sign = self._peek()
        if sign in ("*", "+"):
            raise PatternError(f"不能用“{sign}”（没有上限），请写明最多几个，如 .{{0,10}}")
        if sign == "?":
            self._at += 1
            low, high = 0, 1
        elif sign == "{":
            low, high = self._bounds()
        else:
            return part
        if part.repeats and high > 1:
            raise PatternError("括号里已有重复，括号外不能再重复，请展开来写")
        follows = self._peek()
        if follows and follows in "?{":
            raise PatternError("一处只能写一个重复（? 或 {m,n}）")
        ways = steps = 0
        for times in range(high + 1):
            ways = min(ways + part.ways**times, _MOST) if times >= low else 0
            steps = min(steps + part.ways ** (times - 1) * part.steps, _MOST) if times else 0
        steps *= 1 if low == high else 2  # what may be shorter is tried again from behind
        return _Part(f"{part.form}{{{low},{high}}}", ways, part.least * low, True, steps=steps)

    def _bounds(self) -> tuple[int, int]:
        end = self._text.find("}", self._at)
        inside = self._text[self._at + 1 : end].replace(" ", "") if end > 0 else ""
        low, comma, high = inside.partition(",")
        if not (low.isdecimal() and len(low) <= 3 and (not comma or (high.isdecimal() and len(high) <= 3))):
            raise PatternError("重复次数应写成 {3} 或 {0,10}，上下限都要写")
        self._at = end + 1
        first, last = int(low), int(high) if comma else int(low)
        if not first <= last <= MAX_TIMES or last == 0:
            raise PatternError(f"重复次数应从小到大，最多 {MAX_TIMES} 次，如 {{0,10}}")
        return first, last
