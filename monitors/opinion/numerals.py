"""Numbers as reports write them: 12.6万余元, 两万三, 叁拾多人, 23.6w, 近千万, 十几 (no number at all).

A number is found anchor first: a digit or a numeral starts it, and every repetition below is bounded, so the cost is
linear in the text whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_DIGITS = {
    "零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9, "俩": 2, "仨": 3,
}  # fmt: skip
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000, "w": 10_000}
_NUMERALS = "".join(_DIGITS) + "".join(_SMALL) + "万亿"
# 几十, 数百, 十几: a range, not a number. 上百, 百余, 近千: the round number itself.
NUMBER = re.compile(
    r"(?<![0-9.a-z])(?P<vague>(?<![人总件户次金])数|[几好若干]{1,2}|)"
    r"(?P<body>(?<=[近超过上])亿|[0-9]{1,12}(?:\.[0-9]{1,6})?|[" + _NUMERALS.replace("万亿", "") + r"]{1,12})"
    r"(?P<more1>[多余来几]?)(?P<unit>[十百千]?[万亿w]?)(?P<more2>[多余几]?)"
    r"(?P<tail>(?:[0-9]{1,5}|[零一二两三四五六七八九][十百千]?(?:[一二三四五六七八九][十百]?){0,3})(?![0-9.年月日号％%]))?"
    r"(?P<tail_unit>[百千]?)"
)


# 三四十万, 两三个, 十五六: two digits in a row that rise by one mean "between".
_RANGE = re.compile("一二(?![〇零一二三四五六七八九])|两三|二三(?=[十百千万]|$)|三四|四五|五六|六七|七八|八九")


@dataclass(frozen=True, slots=True)
class Number:
    """``text[start:end]`` read as ``value`` (None for a range such as 几十); ``open`` where 多, 余 stands in it."""

    start: int
    end: int
    value: Decimal | None
    open: bool


def chinese(numeral: str) -> int | None:
    """The value of a numeral written in characters, ``None`` where it is none (一〇, 十 and 二〇二四 included)."""
    if not numeral:
        return None
    if all(character in _DIGITS for character in numeral):
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total = section = digit = 0
    last_unit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _SMALL:
            unit = _SMALL[character]
            section += (digit or (1 if not section or unit == 10 else 0)) * unit
            digit, last_unit = 0, unit
        elif character == "亿":
            total, section, digit = (total + section + digit) * _LARGE["亿"], 0, 0
            last_unit = _LARGE["亿"]
        elif character == "万":
            total, section, digit = total + (section + digit) * _LARGE["万"], 0, 0
            last_unit = _LARGE["万"]
        else:
            return None
    # 两万三 is 23,000; 三百五 is 350; 一百零五 is 105.
    if digit and last_unit >= 100 and len(numeral) > 1 and numeral[-2] not in "零〇":
        digit *= last_unit // 10
    return total + section + digit


def numbers(text: str) -> Iterator[Number]:
    """Every number of ``text`` (already folded), left to right."""
    for match in NUMBER.finditer(text):
        found = _value(match)
        if found is not None:
            yield found


def _value(match: re.Match[str]) -> Number | None:
    body, unit = match["body"], match["unit"]
    more = bool(match["more1"] or match["more2"])
    end = match.end("more2")
    vague = bool(match["vague"]) or "几" in (match["more1"], match["more2"])
    if body[0].isdigit():
        try:
            value = Decimal(body)
        except InvalidOperation:
            return None
    elif body == "亿":
        value = Decimal(_LARGE[body])
    else:
        vague = vague or bool(_RANGE.search(body))
        whole = chinese(body)
        if whole is None:
            return None
        value = Decimal(whole)
    for character in unit:
        value *= _SMALL.get(character) or _LARGE[character]
    if unit and not match["more1"] and not match["more2"] and match["tail"]:
        value, end = _with_tail(value, match, end)
    return Number(match.start(), end, None if vague else value, more)


def _with_tail(value: Decimal, match: re.Match[str], end: int) -> tuple[Decimal, int]:
    """两万三, 1万2千, 3万5000, 1万零5百: what follows the large unit."""
    tail, tail_unit = match["tail"], match["tail_unit"]
    rest = Decimal(tail) if tail[0].isdigit() else Decimal(chinese(tail) or 0)
    if tail_unit:
        return value + rest * _SMALL[tail_unit], match.end("tail_unit")
    if rest < 10 and tail[0] != "零" and match["unit"][-1:] in ("万", "w"):
        return value + rest * 1000, match.end("tail")
    if rest >= 100:
        return value + rest, match.end("tail")
    return value, end
