"""附件2 as an Excel workbook: the layout of the notice on one landscape A4 page; text and numbers, never a formula."""

from __future__ import annotations

from typing import Any, BinaryIO

import xlsxwriter

from monitors.ledger.form_layout import (
    ATTACHMENT,
    COLUMNS,
    DECIMALS,
    HEADER_ROWS,
    NOTES,
    ROWS,
    STUB,
    WIDTH,
    Unit,
    figure,
    headings,
    other_lines,
)
from monitors.ledger.form_paper import Paper
from monitors.sheets import clean

_TOP = 3  # rows above the table: 附件2, title, 制表单位 and 制表时间
_LAST = WIDTH - 1
_NUMBER = {0: "0", 2: "0.00", 4: "0.0000"}
_WIDTHS = {Unit.EMPLOYERS: 7.5, Unit.PERSONS: 8.5, Unit.MONEY: 11, Unit.PIECES: 7.5, Unit.PROJECTS: 7.5}


def write(paper: Paper, stream: BinaryIO) -> None:
    """Write the workbook: the form, and a second sheet with checks, explanations and rounding where there are any."""
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": clean(paper.title), "author": clean(paper.unit)})
    page = book.add_worksheet(ATTACHMENT)
    forms = _formats(book)
    _frame(page)
    _above(page, paper, forms)
    _table(page, paper, forms)
    last = _below(page, paper, forms)
    page.print_area(0, 0, last, _LAST)
    if paper.remarks():
        _remarks(book, paper)
    book.close()


def _formats(book: Any) -> dict[str, Any]:
    plain = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
    boxed = {**plain, "border": 1, "align": "center", "text_wrap": True}
    return {
        "mark": book.add_format({**plain, "font_name": "黑体", "font_size": 12}),
        "title": book.add_format({**plain, "bold": True, "font_size": 18, "align": "center"}),
        "left": book.add_format(plain),
        "centre": book.add_format({**plain, "align": "center"}),
        "right": book.add_format({**plain, "align": "right"}),
        "head": book.add_format(boxed),
        "name": book.add_format({**boxed, "align": "left"}),
        "block": book.add_format({**boxed, "align": "left"}),
        "note": book.add_format({**plain, "text_wrap": True, "font_size": 9}),
        **{
            f"number{places}": book.add_format({**boxed, "text_wrap": False, "num_format": pattern})
            for places, pattern in _NUMBER.items()
        },
    }


def _frame(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 1)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    page.center_horizontally()
    page.hide_gridlines(2)
    page.set_column(0, 0, 17)
    page.set_column(1, 1, 5)
    for place, column in enumerate(COLUMNS, start=len(STUB)):
        page.set_column(place, place, _WIDTHS[column.unit])


def _above(page: Any, paper: Paper, forms: dict[str, Any]) -> None:
    unit, cutoff, made = paper.head()
    page.write_string(0, 0, ATTACHMENT, forms["mark"])
    page.set_row(1, 30)
    page.merge_range(1, 0, 1, _LAST, "", forms["title"])
    page.write_string(1, 0, paper.title, forms["title"])
    page.set_row(2, 20)
    for first, last, words, form in ((0, 8, unit, "left"), (9, 14, cutoff, "centre"), (15, _LAST, made, "right")):
        page.merge_range(2, first, 2, last, "", forms[form])
        page.write_string(2, first, clean(words), forms[form])


def _table(page: Any, paper: Paper, forms: dict[str, Any]) -> None:
    for row, height in enumerate((22, 34, 34, 18)):
        page.set_row(_TOP + row, height)
    for cell in headings():
        top, bottom = _TOP + cell.top, _TOP + cell.bottom
        if (cell.top, cell.left) != (cell.bottom, cell.right):
            page.merge_range(top, cell.left, bottom, cell.right, "", forms["head"])
        page.write_string(top, cell.left, cell.words, forms["head"])
    for index, name in enumerate(ROWS):
        row = _TOP + HEADER_ROWS + index
        page.set_row(row, 24)
        page.write_string(row, 0, name, forms["name"])
        page.write_number(row, 1, index + 1, forms["number0"])
        for place, column in enumerate(COLUMNS):
            value = figure(column.unit, paper.cells.shown[index][place])
            page.write_number(row, len(STUB) + place, value, forms[f"number{DECIMALS[column.unit]}"])


def _below(page: Any, paper: Paper, forms: dict[str, Any]) -> int:
    """其他情况, signatures and 备注; returns the last row."""
    row = _TOP + HEADER_ROWS + len(ROWS)
    lines = other_lines(paper.cells.printed_others())
    page.merge_range(row, 0, row + len(lines) - 1, 0, "", forms["head"])
    page.write_string(row, 0, "其他情况", forms["head"])
    for line in lines:
        page.set_row(row, 20)
        page.merge_range(row, 1, row, _LAST, "", forms["block"])
        page.write_string(row, 1, line, forms["block"])
        row += 1
    page.set_row(row, 28)
    spans = ((0, 4), (5, 10), (11, 15), (16, _LAST))
    for (first, last), words in zip(spans, paper.signatures(), strict=True):
        page.merge_range(row, first, row, last, "", forms["left"])
        page.write_string(row, first, clean(words), forms["left"])
    for number, note in enumerate(NOTES):
        row += 1
        page.set_row(row, 16)
        page.merge_range(row, 0, row, _LAST, "", forms["note"])
        page.write_string(row, 0, f"备注：{note}" if number == 0 else f"　　　{note}", forms["note"])
    return row


def _remarks(book: Any, paper: Paper) -> None:
    page = book.add_worksheet("审核说明")
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_column(0, 0, 100)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page.write_string(0, 0, f"{paper.title}：审核说明", book.add_format({"bold": True, "font_size": 14}))
    for row, line in enumerate(paper.remarks(), start=1):
        page.write_string(row, 0, clean(line), wrapped)
