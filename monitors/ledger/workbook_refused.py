"""Rows that were not imported, as a workbook with the reasons beside them: mended, it can be uploaded as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, BinaryIO

import xlsxwriter

from monitors.ledger.workbook_cells import Sheet, Value, Workbook
from monitors.ledger.workbook_columns import BY_KEY
from monitors.ledger.workbook_header import Header
from monitors.ledger.workbook_plan import Plan, PlannedRow, Verdict
from monitors.ledger.workbook_rows import DITTO
from monitors.sheets import clean

REASONS, ORIGIN = "未导入原因", "原位置"
_CELL_CHARS = 32_767  # Excel's own limit
_DAY = "yyyy-mm-dd"
_1904 = 1_462  # days between the two calendars of workbooks
LEFT_OUT = (Verdict.REFUSED, Verdict.DUPLICATE)


def write(book: Workbook, plan: Plan, out: BinaryIO) -> int:
    """Write the rows left out to ``out``, each sheet by its name; returns how many.

    Cells stand as they stood, under our own headings. A merged cell's value is repeated where the reading repeats it.
    """
    sheets = {sheet.name: sheet for sheet in book.sheets}
    rows: dict[str, list[PlannedRow]] = {}
    for row in plan.rows:
        if row.verdict in LEFT_OUT:
            rows.setdefault(row.reading.sheet, []).append(row)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    made = xlsxwriter.Workbook(out, options)
    for name, found in rows.items():
        _sheet(made, made.add_worksheet(name), sheets[name], found, date1904=book.date1904)
    made.close()
    return sum(map(len, rows.values()))


def _sheet(made: Any, page: Any, sheet: Sheet, rows: list[PlannedRow], *, date1904: bool) -> None:
    header = rows[0].reading.header
    head = made.add_format({"bold": True, "border": 1, "bg_color": "#F2F2F2", "text_wrap": True, "valign": "vcenter"})
    why = made.add_format({"text_wrap": True, "valign": "top", "font_color": "#C00000"})
    day = made.add_format({"num_format": _DAY, "valign": "top"})
    page.set_column(0, 0, 60)
    page.set_column(1, 1, 16)
    page.set_column(2, len(header.columns) + 1, 16)
    for place, words in enumerate((REASONS, ORIGIN, *(_heading(key, header) for key in header.columns))):
        page.write_string(0, place, words, head)
    page.freeze_panes(1, 2)
    above = _filled(sheet, header)
    late = frozenset(key for key, column in BY_KEY.items() if date1904 and column.kind in ("day", "first", "last"))
    for line, row in enumerate(rows, start=1):
        page.write_string(line, 0, _reasons(row), why)
        page.write_string(line, 1, row.key)
        for place, key in enumerate(header.columns, start=2):
            value = above.get((row.reading.row, key))
            if key in late and isinstance(value, (int, float)):
                value += _1904  # the new workbook counts days from 1900
            _cell(page, (line, place), value, day)


def _heading(key: str, header: Header) -> str:
    """Our own heading, with the unit the sheet used: the cells below it stay as they are."""
    if key not in BY_KEY:
        return "欠薪时段"
    heading, unit = BY_KEY[key].heading, header.units.get(key, "")
    return f"{heading.split('（')[0]}（{unit}）" if unit else heading


def _filled(sheet: Sheet, header: Header) -> Mapping[tuple[int, str], Value]:
    """Row and column key → value, with merged cells and 同上 filled as the reading fills them."""
    merged = {
        (row, merge.left): sheet.at(merge.top, merge.left)
        for merge in sheet.merges
        if merge.top > header.last
        for row in range(merge.top, min(merge.bottom, len(sheet.rows) - 1) + 1)
    }
    found: dict[tuple[int, str], Value] = {}
    last: dict[str, Value] = {}
    for row in range(header.last + 1, len(sheet.rows)):
        for key, place in header.columns.items():
            figure = key in BY_KEY and BY_KEY[key].kind in ("count", "money")
            value = sheet.at(row, place)
            if value is None and not figure:  # a figure over several rows would count twice
                value = merged.get((row, place))
            if isinstance(value, str) and value.strip() in DITTO:
                value = last.get(key)
            elif value is not None:
                last[key] = value
            found[row, key] = value
    return found


def _cell(page: Any, where: tuple[int, int], value: Value, day: Any) -> None:
    if isinstance(value, bool):
        page.write_string(*where, "是" if value else "否")
    elif isinstance(value, (int, float)):
        page.write_number(*where, value)
    elif isinstance(value, date):
        page.write_datetime(*where, value, day)
    elif value is not None:
        page.write_string(*where, clean(value)[:_CELL_CHARS])


def _reasons(row: PlannedRow) -> str:
    words = [f"{one.heading}：{f'{one.code} ' if one.code else ''}{one.words}" for one in row.faults]
    words += [f"{one.number}：{one.why}" for one in row.duplicates]
    return clean("；".join(words))[:_CELL_CHARS]
