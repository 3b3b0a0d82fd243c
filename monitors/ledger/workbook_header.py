"""Where the table begins: the heading row under titles and remarks, in one, two or three levels (台帐 or 台账 alike).

Which column holds what is known by its heading; a heading that is bare (其中农民工, 人数, 金额) by the group over it or
by what stands to its left. The unit of money comes from the heading, else from a line above (单位：万元).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from monitors.ledger.workbook_cells import Sheet, Value, letters
from monitors.ledger.workbook_columns import (
    BARE_FIGURES,
    BARE_MIGRANTS,
    BY_KEY,
    GROUPS,
    ORDINAL,
    READ_ONLY,
    REQUIRED,
    named,
    plain,
    unit_of,
)

_SEARCHED = 40  # rows from the top
_ENOUGH = 3  # known headings make a heading row
_LEVELS = 3
EXAMPLES = ("填写示例", "填写说明", "示例", "填表说明", "样表", "说明")  # sheets that are never data
_UNIT_LINE = re.compile(r"单位[:：]?\(?(亿元|万元|元)")
_PAIRS = {  # what a bare "其中农民工" right of it means
    "claimed_workers": "claimed_migrants", "verified_workers": "verified_migrants", "paid_workers": "paid_migrants",
    "verified_fen": "verified_migrant_fen", "paid_fen": "paid_migrant_fen",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """``first`` … ``last`` are the heading's rows, ``columns`` maps keys (and ``period``) to places from 0.

    ``units`` gives the unit of a money column (``""``: nobody said, 元 is assumed); ``ignored`` are headings nobody
    knows, ``faults`` what makes the whole sheet unreadable.
    """

    first: int
    last: int
    columns: Mapping[str, int]
    units: Mapping[str, str]
    ignored: tuple[str, ...]
    faults: tuple[str, ...]
    ordinals: frozenset[int]  # columns of somebody's running numbers
    texts: frozenset[str]  # the heading's cells, to know it again further down


def find(sheet: Sheet) -> Header | None:
    """The heading of ``sheet``; None where the sheet holds no ledger."""
    best: tuple[int, int, int] | None = None
    for row in range(min(_SEARCHED, len(sheet.rows))):
        for levels in range(1, _LEVELS + 1):
            if row + levels > len(sheet.rows):
                break
            score = len(set(_keys(_headings(sheet, row, row + levels - 1)).values()))
            # A title over the heading adds nothing, so the fewest levels that say as much win.
            if score >= _ENOUGH and (best is None or (score, -levels) > best[:2]):
                best = score, -levels, row
    if best is None:
        return None
    return _described(sheet, best[2], best[2] - best[1] - 1)


def _described(sheet: Sheet, first: int, last: int) -> Header:
    headings = _headings(sheet, first, last)
    keys = _keys(headings)
    twice = [key for key, times in Counter(keys.values()).items() if times > 1]
    faults = []
    for key in twice:
        places = "、".join(f"{letters(column)}{last + 1}" for column, found in keys.items() if found == key)
        faults.append(f"“{_name(key)}”出现了不止一次（{places}），请删去多余的列")
    columns = {key: column for column, key in keys.items() if key not in twice}
    missing = [column.heading for column in REQUIRED if column.key not in columns and column.key not in twice]
    if "number" in columns:
        missing = []  # rows of ours, to be changed: what is not there stays as it is
    if missing:
        faults.append(f"缺少列：{'、'.join(missing)}")
    if not {"prefecture", "county", "region_code"} & set(columns) and not faults and "number" not in columns:
        faults.append("缺少列：项目所在州市、项目所在县")
    above = _unit_above(sheet, first)
    units = {
        key: next((unit for part in reversed(headings[column]) if (unit := unit_of(part))), "") or above
        for key, column in columns.items()
        if key in BY_KEY and BY_KEY[key].kind == "money"
    }
    ignored = tuple(
        f"{letters(column)}列“{parts[-1]}”"
        for column, parts in headings.items()
        if column not in keys and plain(parts[-1]) not in ORDINAL and parts[-1] not in READ_ONLY
    )
    ordinals = frozenset(column for column, parts in headings.items() if plain(parts[-1]) in ORDINAL)
    texts = frozenset(parts[-1] for parts in headings.values())
    return Header(first, last, columns, units, ignored, tuple(faults), ordinals, texts)


def _name(key: str) -> str:
    return BY_KEY[key].heading if key in BY_KEY else "欠薪时段"


def _headings(sheet: Sheet, first: int, last: int) -> dict[int, list[str]]:
    """Column → its headings from the top level down, merged cells filled, equal ones once."""
    filled: dict[tuple[int, int], Value] = {}
    for merge in sheet.merges:
        if merge.top <= last and merge.bottom >= first and merge.bottom - merge.top < _LEVELS:
            value = sheet.at(merge.top, merge.left) if merge.top < len(sheet.rows) else None
            for row in range(max(merge.top, first), min(merge.bottom, last) + 1):
                for column in range(merge.left, min(merge.right, merge.left + 60) + 1):
                    filled[row, column] = value
    found: dict[int, list[str]] = {}
    width = max((len(sheet.rows[row]) for row in range(first, last + 1)), default=0)
    width = max([width, *(column + 1 for _, column in filled)])
    for column in range(width):
        parts: list[str] = []
        for row in range(first, last + 1):
            value = filled.get((row, column), sheet.at(row, column))
            if isinstance(value, str) and value.strip() and (not parts or parts[-1] != value.strip()):
                parts.append(value.strip())
        if parts:
            found[column] = parts
    return found


def _keys(headings: Mapping[int, list[str]]) -> dict[int, str]:
    """Column → key, for the headings that are known."""
    found: dict[int, str] = {}
    left = ""
    for column in sorted(headings):
        key = _key([plain(part) for part in headings[column]], left)
        if key:
            found[column] = key
        left = key
    return found


def _key(parts: list[str], left: str) -> str:
    known = named()
    last = parts[-1]
    if len(parts) > 1:
        group = next((name for name, words in GROUPS.items() if parts[0] in words), "")
        key = f"{group}_{BARE_FIGURES[last]}" if group and last in BARE_FIGURES else ""
        if key in BY_KEY:
            return key
        if joined := known.get("".join(parts), ""):
            return joined
        # A title over the headings is no part of them, but a group nobody knows is: 化解情况 / 人数.
    if last in BARE_MIGRANTS:
        return _PAIRS.get(left, "")
    if last in ("其中农民工金额", "农民工金额") and left.startswith("paid"):
        return "paid_migrant_fen"
    return known.get(last, "")


def _unit_above(sheet: Sheet, first: int) -> str:
    for row in range(first - 1, -1, -1):
        for value in sheet.rows[row]:
            if isinstance(value, str):
                text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", value))
                if found := _UNIT_LINE.search(text):
                    return found[1]
    return ""
