"""Publication times as sites write them, read by our own rules.

Feed libraries take a time without zone for UTC (8 h off), ``CST`` for US Central (14 h off) and ``2025年9月1日`` for
November. Here: no zone means Asia/Shanghai, ``CST`` means China Standard Time, and a time that cannot be true is not
believed but noted. The result is aware UTC; the note is Chinese and fit for a screen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from monitors.clock import SHANGHAI

EARLIEST_YEAR = 1990  # no news site is older; 1725 and 1970 are bugs of their software
NOTE_NONE = "无日期"
NOTE_UNREADABLE = "日期无法识别"
NOTE_FUTURE = "日期在未来"
NOTE_ANCIENT = "日期过早"
NOTE_DAY_ONLY = "只有日期"


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is aware UTC or None; ``note`` is why it is missing, or ``只有日期`` where no clock time was given."""

    at: datetime | None
    note: str = ""


_ZONES = {
    "CST": 8, "UTC": 0, "GMT": 0, "Z": 0, "UT": 0, "BJT": 8, "HKT": 8, "JST": 9, "KST": 9, "SGT": 8, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "BST": 1, "CET": 1, "CEST": 2,
}  # fmt: skip
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_CLOCK = r"(?P<h>\d{1,2})\s*[:：时点]\s*(?P<mi>\d{1,2})?(?:\s*[:：分]\s*(?P<s>\d{1,2}))?(?:[.,]\d{1,9})?\s*[秒分]?"
_ZONE = r"(?P<zone>Z\b|[+-]\d{2}:?\d{2}\b|[+-]\d{2}\b|(?:UTC|GMT)[+-]\d{1,2}(?::?\d{2})?|[A-Z]{2,5}\b)?"
_HALF = r"(?P<half>上午|中午|下午|晚上|凌晨|早上|AM|PM)?"
_HALF_AFTER = r"(?P<half2>AM|PM)?"
_NUMERIC = re.compile(
    rf"(?P<y>\d{{4}})\s*[-/.年]\s*(?P<m>\d{{1,2}})\s*[-/.月]\s*(?P<d>\d{{1,2}})(?!\d)\s*[日号]?"
    rf"(?:\s*[T,，]?\s*(?:[(（]?(?:星期|周)[一二三四五六日天][)）]?)?\s*{_HALF}\s*{_CLOCK}\s*{_HALF_AFTER}\s*{_ZONE})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2})?)?" + _ZONE + r"\Z"
)
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<d>\d{1,2})[\s-]+(?P<mon>[A-Za-z]{3,9})\.?,?[\s-]+(?P<y>\d{4}|\d{2})"
    rf"(?:,?\s+{_CLOCK}\s*{_ZONE})?",
    re.IGNORECASE,
)
_AMERICAN = re.compile(  # Mon Sep  1 08:00:00 CST 2025, September 1, 2025 8:00 PM
    rf"(?:[A-Za-z]{{3,9}}\.?,?\s+)?(?P<mon>[A-Za-z]{{3,9}})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+"
    rf"(?:{_CLOCK}\s*{_ZONE}\s+(?P<y>\d{{4}})|(?P<y2>\d{{4}}))",
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(rf"(?<!\d)(?P<y>[12]\d)[-/](?P<m>\d{{1,2}})[-/](?P<d>\d{{1,2}})\s+{_HALF}\s*{_CLOCK}")
_EPOCH = re.compile(r"(?P<n>\d{10}|\d{13})(?:\.\d+)?\Z")
_MONTH_DAY = re.compile(
    rf"(?<![\d年])(?P<m>\d{{1,2}})\s*[-/月]\s*(?P<d>\d{{1,2}})(?!\d)\s*[日号]?(?:\s*{_HALF}\s*{_CLOCK})?"
)
_AGO = re.compile(
    r"(?P<n>\d{1,4}|[一二两三四五六七八九十半]+)\s*(?:个)?\s*(?P<unit>秒钟?|分钟|小时|钟头|天|日|周|星期|月)\s*(?:之|以)?前"
)
_DAY_WORD = re.compile(rf"(?P<word>今天|今日|昨天|昨日|前天)\s*{_HALF}\s*(?:{_CLOCK})?")
_JUST = re.compile(r"刚刚|刚才|just now", re.IGNORECASE)
_DIGITS = {
    "半": 0.5,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_UNITS = {
    "秒": 1,
    "秒钟": 1,
    "分钟": 60,
    "小时": 3600,
    "钟头": 3600,
    "天": 86400,
    "日": 86400,
    "周": 604800,
    "星期": 604800,
    "月": 2592000,
}
_FULL_WIDTH = str.maketrans("０１２３４５６７８９：／－．　", "0123456789:/-. ")


def read_date(text: str, now: datetime, *, tolerance_hours: float = 2) -> Moment:
    """The time a piece of text states.

    ``now``: for relative words, dates without year and the check against the future; ``tolerance_hours``: how far
    ahead a time may lie before it is not believed (a wrong clock, not a wrong date).
    """
    text = " ".join(text[:200].translate(_FULL_WIDTH).split())
    if not text:
        return Moment(None, NOTE_NONE)
    for rule in _RULES:
        try:
            found = rule(text, now)
        except (ValueError, OverflowError):  # 2025-13-45, 25:61: shaped like a date, but none
            continue
        if found is not None:
            return _believe(found, now, tolerance_hours)
    return Moment(None, NOTE_UNREADABLE)


def read_epoch(value: float, now: datetime, *, tolerance_hours: float = 2) -> Moment:
    """Seconds or milliseconds since 1970, told apart by size; 0 and negative numbers mean "no date"."""
    if value <= 0:
        return Moment(None, NOTE_NONE)
    try:
        at = datetime.fromtimestamp(value / 1000 if value >= 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return Moment(None, NOTE_UNREADABLE)
    return _believe(Moment(at), now, tolerance_hours)


def date_in_url(url: str, now: datetime) -> Moment:
    """The day an article's address names: ``/2025-09-01/``, ``/2025/0901/``, ``t20250901_12.html``; at midnight."""
    for pattern in _IN_URL:
        found = pattern.search(url)
        if found:
            try:
                day = _shanghai(
                    int(found["y"]) + (2000 if len(found["y"]) == 2 else 0), int(found["m"]), int(found["d"])
                )
            except ValueError:
                continue
            moment = _believe(Moment(day, NOTE_DAY_ONLY), now, 0)
            if moment.at is not None:
                return moment
    return Moment(None, NOTE_NONE)


def has_date(text: str) -> bool:
    """Whether a short piece of text looks like it states a time; for finding the date beside a link."""
    return bool(_LOOKS_DATED.search(text))


_IN_URL = (
    re.compile(r"(?<!\d)(?P<y>20\d{2})[-_/](?P<m>\d{1,2})[-_/](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>20\d{2})[-_/]?(?P<m>[01]\d)[-_/]?(?P<d>[0-3]\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>20\d{2})(?P<m>[01]\d)(?P<d>[0-3]\d)\d{4,8}(?!\d)"),
    re.compile(r"/(?P<y>\d{2})/(?P<m>[01]\d)(?P<d>[0-3]\d)/"),
)
_LOOKS_DATED = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}|(?<!\d)\d{1,2}[-/]\d{1,2}(?!\d)|\d{1,2}月\d{1,2}日"
    r"|\d+\s*(?:秒|分钟|小时|天)前|今天|昨天|前天|刚刚|(?<!\d)[0-2]?\d:[0-5]\d(?!\d)"
)


def _believe(moment: Moment, now: datetime, tolerance_hours: float) -> Moment:
    if moment.at is None:
        return moment
    if moment.at.year < EARLIEST_YEAR:
        return Moment(None, NOTE_ANCIENT)
    if moment.at > now + timedelta(hours=tolerance_hours):
        return Moment(None, NOTE_FUTURE)
    return Moment(moment.at.astimezone(UTC), moment.note)


def _shanghai(  # noqa: PLR0917 - the order of a date is known to everybody
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, zone: timezone | None = None
) -> datetime:
    extra = timedelta()
    if hour == 24:  # midnight as the end of a day
        hour, extra = 0, timedelta(days=1)
    stated = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone or SHANGHAI)
    return (stated + extra).astimezone(UTC)


def _zone(name: str | None) -> timezone | None:
    """The zone written after a clock time; None (Asia/Shanghai) where there is none or it is no zone."""
    if not name:
        return None
    name = name.upper()
    if name in _ZONES:
        return _fixed(_ZONES[name] * 60)
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return _fixed(-minutes if found[1] == "-" else minutes)


@lru_cache(maxsize=64)
def _fixed(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _with_clock(found: re.Match[str], year: int, month: int, day: int) -> Moment:
    groups = found.groupdict()
    if not groups.get("h"):
        return Moment(_shanghai(year, month, day), NOTE_DAY_ONLY)
    hour = int(groups["h"])
    half = (groups.get("half") or groups.get("half2") or "").upper()
    if (half in ("下午", "晚上", "PM") and hour < 12) or (half == "中午" and hour < 3):
        hour += 12
    elif half in ("上午", "凌晨", "AM") and hour == 12:
        hour = 0
    return Moment(
        _shanghai(year, month, day, hour, int(groups["mi"] or 0), int(groups["s"] or 0), _zone(groups.get("zone")))
    )


def _numeric(text: str, _now: datetime) -> Moment | None:
    found = _NUMERIC.search(text)
    return _with_clock(found, int(found["y"]), int(found["m"]), int(found["d"])) if found else None


def _short_year(text: str, _now: datetime) -> Moment | None:
    """``19-09-30 12:33``: believed with a clock time only; without one it may be any three numbers."""
    found = _SHORT_YEAR.search(text)
    return _with_clock(found, 2000 + int(found["y"]), int(found["m"]), int(found["d"])) if found else None


def _compact(text: str, _now: datetime) -> Moment | None:
    found = _COMPACT.match(text)
    return _with_clock(found, int(found["y"]), int(found["m"]), int(found["d"])) if found else None


def _rfc822(text: str, _now: datetime) -> Moment | None:
    found = _RFC822.search(text)
    month = _MONTHS.get(found["mon"][:3].lower()) if found else None
    if not found or not month:
        return None
    year = int(found["y"])
    if year < 100:
        year += 2000 if year < 70 else 1900
    return _with_clock(found, year, month, int(found["d"]))


def _american(text: str, _now: datetime) -> Moment | None:
    found = _AMERICAN.search(text)
    month = _MONTHS.get(found["mon"][:3].lower()) if found else None
    if not found or not month:
        return None
    return _with_clock(found, int(found["y"] or found["y2"]), month, int(found["d"]))


def _epoch(text: str, _now: datetime) -> Moment | None:
    found = _EPOCH.match(text)
    if not found:
        return None
    number = int(found["n"])
    return Moment(datetime.fromtimestamp(number / 1000 if len(found["n"]) == 13 else number, UTC))


def _ago(text: str, now: datetime) -> Moment | None:
    found = _AGO.search(text)
    if not found:
        return Moment(now) if _JUST.search(text) else None
    number = float(found["n"]) if found["n"].isdigit() else _chinese(found["n"])
    at = now - timedelta(seconds=number * _UNITS[found["unit"]])
    return Moment(at, NOTE_DAY_ONLY if _UNITS[found["unit"]] >= 86400 else "")


def _chinese(text: str) -> float:
    """半 … 十 … 二十三: the small numbers people write before 小时前."""
    tens, _, ones = text.rpartition("十")
    if "十" not in text:
        return _DIGITS.get(text[0], 1)
    return 10 * _DIGITS.get(tens[:1], 1) + (_DIGITS.get(ones[:1], 0) if ones else 0)


def _day_word(text: str, now: datetime) -> Moment | None:
    found = _DAY_WORD.search(text)
    if not found:
        return None
    back = {"今": 0, "昨": 1, "前": 2}[found["word"][0]]
    day: date = now.astimezone(SHANGHAI).date() - timedelta(days=back)
    return _with_clock(found, day.year, day.month, day.day)


def _month_day(text: str, now: datetime) -> Moment | None:
    """A date without year is the latest such day not after tomorrow: 12-31 read on 2 January is last year's."""
    found = _MONTH_DAY.search(text)
    if not found:
        return None
    today = now.astimezone(SHANGHAI).date()
    month, day = int(found["m"]), int(found["d"])
    for year in (today.year, today.year - 1):
        if (month, day) == (2, 29) and year % 4:
            continue
        if date(year, month, day) <= today + timedelta(days=1):
            return _with_clock(found, year, month, day)
    return None


def _clock_only(text: str, now: datetime) -> Moment | None:
    """``08:30`` alone is today's; a clock time still to come is yesterday's."""
    found = re.fullmatch(r"(?P<h>[0-2]?\d)[:：](?P<mi>[0-5]\d)(?:[:：](?P<s>[0-5]\d))?", text)
    if not found:
        return None
    today = now.astimezone(SHANGHAI).date()
    moment = _with_clock(found, today.year, today.month, today.day)
    if moment.at is not None and moment.at > now + timedelta(minutes=5):
        return Moment(moment.at - timedelta(days=1))
    return moment


_RULES: tuple[Callable[[str, datetime], Moment | None], ...] = (
    _rfc822,
    _numeric,
    _short_year,
    _epoch,
    _compact,
    _american,
    _ago,
    _day_word,
    _month_day,
    _clock_only,
)
