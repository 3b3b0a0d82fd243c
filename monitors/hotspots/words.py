"""A cluster in plain words (聚集的文字说明): where, since when, how many, how many as a rule, how rare by chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from monitors.regions import divisions

_NUMERALS = "零一二三四五六七八九十"
_NAMED = 6  # places of one prefecture that are named; of more the first, and how many there are
_KINDS = "县市区"


def sentence(
    regions: Sequence[str],
    first: date,
    last: date,
    observed: int,
    expected: float,
    *,
    year: int,
    outside: int = 0,
) -> str:
    """``昭通市镇雄、彝良两县 11月12日以来 9 起，通常 2.1 起``.

    ``year``: the reader's, in which dates go without one. ``outside``: places of the cluster that are not named.
    """
    beyond = f"（含本辖区外 {outside} 个县（市、区））" if outside else ""
    when = span(first, last, year=year)
    return f"{names(regions)}{beyond} {when} {observed} 起，通常 {usual(expected)}"


def names(regions: Sequence[str]) -> str:
    """``昭通市镇雄、彝良两县``; each prefecture is said once, in the order of its first place."""
    known = [code for code in regions if divisions.by_code(divisions.current_code(code))]
    heads = list(dict.fromkeys(code[:4] for code in known))
    ordered = sorted(known, key=lambda code: heads.index(code[:4]))
    return "，".join(_of_one(list(group)) for _, group in groupby(ordered, key=lambda code: code[:4]))


def _of_one(codes: Sequence[str]) -> str:
    """Places of one prefecture, or the prefecture itself."""
    prefecture = divisions.prefecture_of(codes[0])
    head = divisions.short_name(prefecture) if prefecture else ""
    counties = [code for code in codes if code != prefecture]
    if not counties:
        return head
    if len(counties) == 1:
        return head + divisions.short_name(counties[0])
    shorts = [divisions.short_name(code) for code in counties]
    kinds = {name[-1] for name in shorts}
    kind = kinds.pop() if len(kinds) == 1 and kinds <= set(_KINDS) else "县（市、区）"
    said = "、".join(divisions.bare_name(code) for code in counties[:_NAMED])
    return f"{head}{said}{'等' if len(counties) > _NAMED else ''}{_count(len(counties))}{kind}"


def _count(number: int) -> str:
    """``两``, ``三`` … ``十``, then figures."""
    return "两" if number == 2 else _NUMERALS[number] if number < len(_NUMERALS) else f" {number} "


def span(first: date, last: date, *, year: int) -> str:
    """``11月12日以来``; one day: ``11月23日``."""
    begun = day(first, year=year)
    return begun if first == last else f"{begun}以来"


def day(one: date, *, year: int) -> str:
    """``11月12日``, with its year where that is not ``year``."""
    words = f"{one.month}月{one.day}日"
    return words if one.year == year else f"{one.year}年{words}"


def usual(expected: float) -> str:
    """``2.1 起``, ``不到 0.1 起``."""
    return f"{expected:.1f} 起" if expected >= 0.1 else "不到 0.1 起"


def rarity(p_value: float, least: float = 0.0) -> str:
    """``纯属偶然出现这样的聚集，约 250 天才有一次``. ``least``: the smallest p the simulation can give."""
    days = round(1 / p_value)
    if p_value <= least * (1 + 1e-9):
        return f"纯属偶然出现这样的聚集，{days} 天也难有一次"
    return f"纯属偶然出现这样的聚集，约 {days} 天才有一次"
