"""Counts that somebody else made: a CSV of region, date and cases, read row by row, every wrong row named."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from monitors.clock import SHANGHAI
from monitors.errors import InputError
from monitors.regions import divisions

MAX_BYTES = 64 * 1_048_576
MAX_CASES = 1_000_000  # of one row; more is a column mistaken for another
SHOWN_FAULTS = 20

# The columns with the names people give them; the first is ours.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "region": ("region", "地区", "区划", "区划代码", "行政区划", "县市区"),
    "date": ("date", "日期"),
    "cases": ("cases", "件数", "起数", "数量"),
    "population": ("population", "人口"),
}
_DAY = re.compile(
    r"((?:19|20)\d{2})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[ T]([\d:.]+)(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?", re.ASCII)
_WHOLE = re.compile(r"(\d{1,12})(?:\.0+)?", re.ASCII)
_CODE = re.compile(r"(\d{6})(?:\.0|\d{3}|\d{6})?", re.ASCII)  # a township counts for its county


@dataclass(frozen=True, slots=True)
class Row:
    """``cases`` events in ``region`` (six-digit code of today) on ``day``; ``population`` None where not said."""

    region: str
    day: date
    cases: int
    population: int | None


def read(body: bytes, name: str) -> tuple[Row, ...]:
    """The rows of a CSV file in UTF-8 (with or without BOM) or GB 18030.

    Raises:
        InputError: no CSV, columns missing, or rows that cannot be read, each with its line number and the reason.
    """
    if len(body) > MAX_BYTES:
        raise InputError(f"{name} 超过 {MAX_BYTES // 1_048_576} MiB 上限，未读取")
    rows: list[Row] = []
    faults: list[str] = []
    try:
        for line, cells in _lines(_text(body, name), name):
            try:
                rows.append(_row(cells))
            except InputError as fault:
                faults.append(f"{name} 第 {line} 行：{fault}")
    except csv.Error as error:
        raise InputError(f"{name} 不是有效的 CSV 文件：{error}") from error
    if faults:
        more = [f"另有 {len(faults) - SHOWN_FAULTS} 行有误"] if len(faults) > SHOWN_FAULTS else []
        raise InputError("\n".join(faults[:SHOWN_FAULTS] + more))
    if not rows:
        raise InputError(f"{name} 没有数据行")
    return tuple(rows)


def region_of(written: str) -> str:
    """Today's six-digit code of a division written as its code or its name.

    Raises:
        InputError: nobody bears it, or several do.
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", written))
    if not text:
        raise InputError("地区为空，请填写六位区划代码或名称")
    digits = _CODE.fullmatch(text)
    if digits:
        code = divisions.current_code(digits[1])
        if divisions.by_code(code) is None:
            raise InputError(f"地区代码 {text} 不存在")
        return code
    codes = _names().get(text, ())
    at_home = [code for code in codes if code.startswith(divisions.YUNNAN[:2])]
    found = at_home or codes
    if not found:
        raise InputError(f"地区“{written.strip()[:30]}”无法识别，请填写六位区划代码或全称")
    if len(found) > 1:
        meant = "、".join(f"{divisions.full_name(code)}（{code}）" for code in found[:4])
        raise InputError(f"地区“{written.strip()[:30]}”有多种可能：{meant}，请填写六位区划代码")
    return found[0]


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    forms: tuple[Callable[[str], str], ...] = (divisions.full_name, divisions.short_name, divisions.bare_name)
    for one in divisions.everywhere():
        province = divisions.by_code(divisions.province_of(one.code))
        whole = divisions.full_name(one.code)
        for name in (one.name, *(form(one.code) for form in forms), (province.name if province else "") + whole):
            found[name].add(one.code)
    return {name: tuple(sorted(codes)) for name, codes in found.items()}


def _text(body: bytes, name: str) -> str:
    for codec in ("utf-8-sig", "gb18030"):
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{name} 不是文本文件，应为 UTF-8 或 GB18030 编码的 CSV")


def _lines(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by our column names; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [cell.strip().lower() for cell in next(reader, [])]
    places: dict[str, int] = {}
    for column, names in _HEADERS.items():
        at = [place for place, cell in enumerate(header) if cell in names]
        if len(at) > 1:
            raise InputError(f"{name} 的列 {column} 出现了 {len(at)} 次")
        if at:
            places[column] = at[0]
    missing = [column for column in ("region", "date", "cases") if column not in places]
    if missing:
        raise InputError(f"{name} 缺少列：{'、'.join(missing)}；首行应为 region,date,cases[,population]")
    for cells in reader:
        if any(cell.strip() for cell in cells):
            held = {column: cells[place] if place < len(cells) else "" for column, place in places.items()}
            yield reader.line_num, held


def _row(cells: Mapping[str, str]) -> Row:
    people = cells.get("population", "").strip()
    return Row(
        region_of(cells["region"]),
        _day(cells["date"]),
        _whole(cells["cases"], "件数"),
        _whole(people, "人口", largest=10**10) if people else None,
    )


def _day(written: str) -> date:
    found = _DAY.fullmatch(written.strip())
    if found:
        year, month, day = found[1], found[2] or found[4], found[3] or found[5]
        time = _TIME.fullmatch(found[6]) if found[6] else None
        if time or not found[6]:
            try:
                zone = datetime.strptime(found[7], "%z").tzinfo if found[7] else SHANGHAI
                hour, minute = map(int, time.groups()) if time else (0, 0)
                moment = datetime(int(year), int(month), int(day), hour, minute, tzinfo=zone)
                return moment.astimezone(SHANGHAI).date()
            except (ValueError, OverflowError):
                pass
    raise InputError(f"日期“{written.strip()[:30]}”无法识别，应为 2026-11-30 这样的写法")


def _whole(written: str, what: str, *, largest: int = MAX_CASES) -> int:
    found = _WHOLE.fullmatch(unicodedata.normalize("NFKC", written).strip())
    if not found:
        raise InputError(f"{what}“{written.strip()[:30]}”应为不小于 0 的整数")
    if int(found[1]) > largest:
        raise InputError(f"{what} {found[1]} 超过上限 {largest}")
    return int(found[1])
