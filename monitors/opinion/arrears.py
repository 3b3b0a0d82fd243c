"""For which months wages are owed (欠薪时段): 2025年3月至8月工资, 自6月起停发, 连续4个月没领到, 去年下半年的工钱.

Months, never days: wages are owed by the month. A month without a year is the latest one not after the report. What is
only said of the work, the trial or the promise (12月10日前付清) is no such period.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from monitors.opinion.figures import Field
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import chinese

_PAY = "(?:工资|薪(?!酬制)|工钱|劳动报酬|劳务费|血汗钱|汗水钱|加班费|课时费|绩效|配送费|跑单费|提成|钱|账)"
_UNPAID = (
    "(?:停发|只发|欠发|未发|没有?发|没有?领|未领|没有?拿|未拿|没有?给|未给|不发|不给|没有?付|未付|没有?结|未结|未支付|没再发|少发|一直扣着?|拖欠|欠薪|欠着?|拖着|压着|"
    "不见工资|没见)"
)
_YEAR = "(?:(?P<{0}year>20[0-9]{{2}})年|(?P<{0}said>今年|去年|前年|本年|当年|同年))?"
# 冬月, 腊月 and 正月 of the farmers' calendar fall mostly in December, January and February.
_LUNAR = {"冬": 12, "腊": 1, "正": 2}
_MONTH = "(?P<{0}month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九]|[冬腊正](?=月))"
# 3月上半月, 5月16日至31日: a part of a month counts as that month.
_PART_OF_MONTH = "(?:[上下]半月|[上中下]旬|[0-9]{1,2}[日号]?(?:至|到|-|~)[0-9]{1,2}[日号])?"
_DAY = "(?:[0-9]{1,2}[日号]|初|中旬|下旬|上旬|底|末)?"
_TO = "(?:份)?" + _DAY + "(?:[做干忙一]?(?:至|到|-|~)|起?[做干]到|、|和|与|及)"
_RANGE = re.compile(
    _YEAR.format("a")
    + _MONTH.format("a")
    + "(?:月)?"
    + _TO
    + _YEAR.format("b")
    + _MONTH.format("b")
    + "月(?:份)?"
    + _DAY
)
_PAIR = re.compile(_YEAR.format("a") + "(?P<two>一二|二三|三四|四五|五六|六七|七八|八九)月(?:份)?")
_SINCE = re.compile(
    "(?:自|从|打|由)?"
    + _YEAR.format("a")
    + _MONTH.format("a")
    + "月(?:份)?"
    + _DAY
    + "(?:起|开始|以来|以后|之后|后|至今|到现在|到今天|拖到)"
)
_ONE = re.compile(
    _YEAR.format("a") + _MONTH.format("a") + "月(?:份)?" + _PART_OF_MONTH + "(?:期间)?(?:的)?(?=" + _PAY + ")"
)
_PART = re.compile(
    _YEAR.format("a").rstrip("?") + "(?P<part>[上下]半年|全年|整年|年度|全年度|一整年)?(?:的)?(?=" + _PAY + ")"
)
_HALF = re.compile(_YEAR.format("a") + "(?P<part>[上下]半年)(?:的)?(?=[^，。！？；]{0,6}" + _PAY + ")")
_LAST = re.compile("上个?月(?:的)?(?:份)?(?=" + _PAY + ")")
_SPAN = (
    "(?<![0-9])(?P<count>[0-9]{1,2}|十[一二三四五六七八]?|[一二两俩三四五六七八九])"
    "(?P<unit>个(?P<half>半)?(?:多|余)?月|年(?![0-9一二三四五六七八九十]{1,2}月)(?P<and>半)?)|(?P<halfyear>半年)"
)
_OWED_SPAN = re.compile(
    "(?:"
    + _UNPAID
    + "|长达|逾|超过|连续|已有|累计欠发|差)[^，。！？；0-9]{0,10}?(?:"
    + _SPAN
    + ")(?!前|后|内|以内|的?(?:刑|判)|拘役)"
)
_SPAN_OWED = re.compile(
    "(?:"
    + _SPAN
    + ")(?!前|后|内)[^，。！？；]{0,3}?(?:的)?(?:"
    + _PAY
    + "|底薪|薪水|薪资|(?:总共|合计|一共|共)(?=[^，。！？；]{0,4}[0-9一二三四五六七八九])|"
    + _UNPAID
    + ")|(?:"
    + _SPAN.replace("P<", "P<x_")
    + ")(?!前|后|内)[^，。！？；]{0,8}?"
    + _UNPAID
)
_NOT_OWED = re.compile(
    "(?:干了?|做了?|干满|做满|打了|工作了?|历时|获刑|徒刑|失联|停工|入职|等了|要了|讨了|追讨|跑了|已经?发|先发|补发|发了|守了|看了?|平均|"
    "每(?:个?月|天|日)|第|押|只拿过|不到|停薪)[^，。！？；]{0,4}$"
)
_CONTEXT = re.compile(_PAY + "|" + _UNPAID)
_REACH = 40
# 拖欠两年的工资: how long ago, not for how long.
_AGO = re.compile("欠了?$")
_MOST = 60  # months: longer is a slip of the pen


@dataclass(frozen=True, slots=True)
class Found:
    """``first`` and ``last`` month owed as 2025-03 (``last`` empty: until now), how many; where the view tells it."""

    first: str
    last: str
    months: int | None
    field: Field
    start: int
    end: int

    @property
    def why(self) -> str:
        """How it was read, for the judgement's reasons."""
        count = f"{self.months}个月" if self.months else ""
        if not self.first:
            return f"欠薪时段：{count}"
        until = "起至今" if not self.last else "" if self.last == self.first else f"至{_said(self.last)}"
        return f"欠薪时段：{_said(self.first)}{until}{f'（{count}）' if count else ''}"


_Month = tuple[int, int]
_Candidate = tuple[float, int, int, _Month | None, _Month | None, int | None]


def find(title: Reading, text: Reading, published: date) -> Found | None:
    """The months for which wages are (or were) owed; None where the report does not tell."""
    best: tuple[_Candidate, Field, str] | None = None
    spans: list[int] = []
    fields: tuple[tuple[Field, Reading], ...] = (("text", text), ("title", title))
    for field, reading in fields:
        words = reading.view.text
        for found in _found(words, published):
            if found[3] is None and found[5] is not None:
                spans.append(found[5])
            if best is None or found[0] > best[0][0]:
                best = (found, field, words)
    if best is None:
        return None
    (_, start, end, first, last, months), field, words = best
    if first and last:
        months = (last[0] - first[0]) * 12 + last[1] - first[1] + 1
    elif first and spans:
        months = spans[0]
        last = _later(first, months - 1)
    if months is not None and not 0 < months <= _MOST:
        return None
    return Found(_shown(first), _shown(last), months, field, start, end)


def _found(text: str, published: date) -> Iterator[_Candidate]:
    for match in _RANGE.finditer(text):
        if _near(text, match.start(), match.end()):
            first, last = _both(match, published)
            yield 3.0, match.start(), match.end(), first, last, None
    for match in _PAIR.finditer(text):
        if _near(text, match.start(), match.end()):
            first = _point(match, "a", published, "一二三四五六七八九".index(match["two"][0]) + 1)
            yield 2.8, match.start(), match.end(), first, _later(first, 1), None
    yield from _since(text, published)
    yield from _named(text, published)
    yield from _lengths(text)


def _since(text: str, published: date) -> Iterator[_Candidate]:
    """自6月起停发: the first month, and none told as the last."""
    for match in _SINCE.finditer(text):
        behind = text[match.end() : match.end() + 24].partition("。")[0]
        until_now = "拖到" in match.group() or "至今" in match.group()
        if until_now or re.match(f"(?:的)?{_PAY}", behind) or re.search(_UNPAID, behind):
            first = _point(match, "a", published)
            after = re.search("月份?(?:以|之)?后$", match.group())  # 8月后没再发: August was paid
            yield 2.6, match.start(), match.end(), _later(first, 1) if after else first, None, None


def _named(text: str, published: date) -> Iterator[_Candidate]:
    """8月份工资, 上个月工资, 2025年下半年的工钱: the months by their name."""
    for pattern in (_HALF, _PART):
        for match in pattern.finditer(text):
            year = _year(match, "a", published) or published.year
            low, high = {"上半年": (1, 6), "下半年": (7, 12)}.get(match["part"] or "", (1, 12))
            yield 2.4, match.start(), match.end(), (year, low), (year, high), None
    for match in _ONE.finditer(text):
        point = _point(match, "a", published)
        yield 2.0, match.start(), match.end(), point, point, None
    for match in _LAST.finditer(text):
        point = _later((published.year, published.month), -1)
        yield 1.9, match.start(), match.end(), point, point, None


def _lengths(text: str) -> Iterator[_Candidate]:
    for pattern in (_SPAN_OWED, _OWED_SPAN):
        for match in pattern.finditer(text):
            if _NOT_OWED.search(text[max(0, match.start() - 8) : match.start()]):
                continue
            told = {key.removeprefix("x_"): value for key, value in match.groupdict().items() if value}
            years = told.get("unit", "").startswith("年")
            if years and (
                re.search("欠[^年]{0,9}年", match.group())
                or _AGO.search(text, max(0, match.start() - 4), match.start())
            ):
                continue
            months = _length(told)
            if months:
                yield 1.5, match.start(), match.end(), None, None, months


def _length(told: dict[str, str]) -> int | None:
    if "halfyear" in told:
        return 6
    count = int(told["count"]) if told["count"].isdigit() else chinese(told["count"])
    if count is None or "half" in told:
        return None  # 两个半月 is no whole number of months
    return count if "月" in told["unit"] else count * 12 + (6 if "and" in told else 0)


def _near(text: str, start: int, end: int) -> bool:
    """Whether wages or their absence are told of in the words beside ``text[start:end]``."""
    behind = text[end : end + _REACH].partition("。")[0]
    before = text[max(0, start - 16) : start]
    return bool(_CONTEXT.search(behind) or _CONTEXT.search(before.rpartition("。")[2]))


def _both(match: re.Match[str], published: date) -> tuple[_Month, _Month]:
    last_year, first_year = _year(match, "b", published), _year(match, "a", published)
    low, high = _number(match["amonth"]), _number(match["bmonth"])
    if first_year is None and last_year is None:
        last = _point(match, "b", published)
        return (last[0] - (low > high), low), last
    if first_year is None and last_year is not None:
        return (last_year - (low > high), low), (last_year, high)
    first_year = first_year or published.year
    return (first_year, low), (last_year if last_year is not None else first_year + (low > high), high)


def _point(match: re.Match[str], which: str, published: date, month: int | None = None) -> _Month:
    month = month or _number(match[f"{which}month"])
    year = _year(match, which, published)
    return (year if year is not None else published.year - (month > published.month), month)


def _year(match: re.Match[str], which: str, published: date) -> int | None:
    written, said = match[f"{which}year"], match[f"{which}said"]
    if not written and not said:
        return None
    year = (
        int(written) if written else {"去年": published.year - 1, "前年": published.year - 2}.get(said, published.year)
    )
    if match.groupdict().get(f"{which}month") == "腊" and (year + 1, 1) <= (published.year, published.month):
        return year + 1  # 去年腊月 ended when this year had begun
    return year


def _number(month: str) -> int:
    return int(month) if month.isdigit() else _LUNAR.get(month) or chinese(month) or 1


def _later(month: _Month, by: int) -> _Month:
    year, zero_based = divmod(month[0] * 12 + month[1] - 1 + by, 12)
    return year, zero_based + 1


def _shown(month: _Month | None) -> str:
    return f"{month[0]}-{month[1]:02}" if month else ""


def _said(month: str) -> str:
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"
