"""Numbers as reports write them: 12.6万余元, 两万三, 叁拾多人, 23.6w, 近千万, 十几 (no number at all).

A number is found anchor first: a digit or a numeral starts it, and every repetition below is bounded, so the cost is
linear in the text whatever it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache

_DIGITS = {
    "零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9, "俩": 2, "仨": 3,
}  # fmt: skip
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_TENS = {"廿": 20, "卅": 30}
_LARGE = {"万": 10_000, "亿": 100_000_000, "w": 10_000}
_UNITS = _SMALL | _LARGE
_NUMERALS = "".join((*_DIGITS, *_SMALL, *_TENS)).replace("俩", "").replace("仨", "")
_UNIT = "[" + "".join(_SMALL) + "]"
# What follows a unit: 12万|3千5百, 贰拾叁万|伍仟陆佰, 1亿|2000万, 三万|零六十, 两万|三.
_PIECE = "[零〇]?(?:[0-9]{1,4}|[" + "".join(_DIGITS)[2:] + "](?![直起共并分些]))" + _UNIT + "?"
# 几十, 数百, 十几: a range, not a number. 上百, 百余, 近千: the round number itself.
NUMBER = re.compile(
    r"(?=[0-9数几好若干亿俩仨" + _NUMERALS + r"])(?<![0-9.a-z])(?P<vague>(?<![人总件户次金])数|[几好若干]{1,2}|)"
    r"(?P<body>(?<=[近超过上])亿|[0-9]{1,12}(?:\.[0-9]{1,6})?|[俩仨]|[" + _NUMERALS + r"]{1,12})"
    r"(?P<unit>" + _UNIT + r"?)(?P<more1>[多余来几]?)(?P<large>[万亿w]?)(?P<more2>[多余几]?)"
    r"(?P<tail>(?:" + _PIECE + r"){1,5}[万w]?(?![0-9.年月日号％%]))?"
)
_DIGITS_ALONE = re.compile("[" + "".join(_DIGITS)[2:] + "]{2,5}")
_PIECES = re.compile("([零〇]?)([0-9]{1,4}|[" + "".join(_DIGITS)[2:] + "])(" + _UNIT + "?)")
# 50至60名, 30到40万: between two numbers, so neither is the figure.
_TO = re.compile("(?:至|到|-|~|—{1,2})(?=[0-9" + _NUMERALS + "])")
_SPACED = re.compile("(?P<digits>[0-9](?: [0-9]){1,6}) ?(?=[名人位个万元块])")
_MORE_TIMES = re.compile("次(?!性)")  # 欠8万多次讨要: the 多 belongs to the times asked


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
        elif character in _TENS:
            section, digit, last_unit = section + _TENS[character], 0, 10
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


@lru_cache(maxsize=32)  # persons and money are looked for in the same text, one after the other
def numbers(text: str) -> tuple[Number, ...]:
    """Every number of ``text`` (already folded), left to right."""
    found: list[Number] = []
    at, ranged = 0, -1
    while match := NUMBER.search(text, at):
        at = match.end()
        one = _spaced(text, match) or _value(text, match)
        if one is None:
            continue
        at = one.end
        if one.start == ranged:
            one = replace(one, value=None)
        to = _TO.match(text, one.end)
        if to:
            one, ranged = replace(one, value=None), to.end()
        found.append(one)
    return tuple(found)


def _spaced(text: str, match: re.Match[str]) -> Number | None:
    """搬运工 1 5 人: single digits with a blank between each are one number, broken to escape notice."""
    if text[match.start() + 1 : match.start() + 2] != " ":
        return None
    digits = _SPACED.match(text, match.start())
    if not digits:
        return None
    return Number(match.start(), digits.end("digits"), Decimal(digits["digits"].replace(" ", "")), open=False)


def _value(text: str, match: re.Match[str]) -> Number | None:
    body, unit, large = match["body"], match["unit"], match["large"]
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
    value *= _UNITS.get(unit, 1) * _UNITS.get(large, 1)
    more = bool(match["more1"] or match["more2"])
    last = match["more2"] or (match["more1"] if not large else "")
    if last == "多" and _MORE_TIMES.match(text, end):
        end, more = end - 1, bool(match["more1"] and large)
    if match["tail"] and (unit or large) and not match["more1"] and not match["more2"]:
        if _DIGITS_ALONE.fullmatch(match["tail"]):
            # 两万六一夜白了头: the second digit belongs to the next word; 两万六七 is between.
            between = bool(_RANGE.match(match["tail"]))
            above = _UNITS[large or unit] // 10
            end = match.start("tail") + (2 if between else 1)
            return Number(match.start(), end, None if between else value + _DIGITS[match["tail"][0]] * above, more)
        value, end = _with_tail(text, value, match)
    return Number(match.start(), end, None if vague else value, more)


def _with_tail(text: str, value: Decimal, match: re.Match[str]) -> tuple[Decimal, int]:
    """两万三, 1万2千, 3万5000, 12万3千5百, 伍万捌仟叁佰, 1亿2000万: what follows the unit."""
    tail, alone = match["tail"], (value, match.end("more2"))
    above = _UNITS[match["large"] or match["unit"]]
    ten_thousands = tail[-1] in "万w"
    if ten_thousands:
        if match["large"] != "亿" and match["large"]:
            return alone
        if not match["large"]:  # 1千2百万
            value *= 10_000
        above = 100_000_000 if match["large"] else above * 10_000
    pieces = _PIECES.findall(tail)
    rest, scale = Decimal(0), 10_000 if ten_thousands else 1
    for index, (zero, digits, unit) in enumerate(pieces):
        number = int(digits) if digits[0].isdigit() and digits[0] not in _DIGITS else _DIGITS[digits]
        if unit:
            step = _SMALL[unit] * scale
        elif number < 10 and not zero and not ten_thousands:
            # 1万5 is 15,000, but 1万5名工人 is 10,000 and five.
            if index == 0 and text[match.end() : match.end() + 1] in ("名", "位", "人", "个", "户", "家"):
                return alone
            step = above // 10
        elif zero or number >= 100 or ten_thousands:
            step = scale
        else:
            return alone
        if number * step >= above or (not unit and index < len(pieces) - 1):
            return alone
        rest += number * step
        above = step if unit else 1
    return value + rest, match.end("tail")
