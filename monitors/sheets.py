"""Lists as files an office opens: XLSX, CSV and JSON Lines. Nothing here knows what the rows mean.

Cells come from reports on the internet and are opened in Excel by officials: no cell may become a formula, a link or a
control sequence. Rows are streamed, so memory does not grow with their number.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

import xlsxwriter

from monitors.clock import local, stamp
from monitors.errors import StoreError, reason

Format = Literal["xlsx", "csv", "jsonl"]
Cell = str | int | Decimal | datetime | None
FORMATS: tuple[Format, ...] = ("xlsx", "csv", "jsonl")
MIME: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}

_XLSX_CELL_CHARS = 32_767  # Excel's own limit; a longer text makes the file unreadable
# C0 and C1 controls, direction overrides that show a text backwards, lone surrogates, non-characters.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAKS = re.compile(r"[\t\r\n\u2028\u2029]+")
# A spreadsheet reads what begins so as a formula; full-width twins are read alike by some.
_FORMULA = re.compile(r"[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``kind`` gives the cell its number format; ``width`` is in characters of the default font."""

    heading: str
    kind: Literal["text", "integer", "decimal", "time"] = "text"
    width: float = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands above and around the rows: title, lines below it (截至时间, filters), columns."""

    title: str
    lines: tuple[str, ...]
    columns: tuple[Column, ...]
    author: str = ""


def clean(value: str) -> str:
    """One line without anything that could hide, turn or break the text."""
    return _BREAKS.sub(" ", _UNSAFE.sub("", value)).strip()


def write(fmt: Format, rows: Iterable[Sequence[Cell]], stream: BinaryIO, sheet: Sheet) -> int:
    """Write ``rows`` to ``stream`` in one of ``FORMATS``; returns how many there were."""
    writers: dict[Format, Callable[[Iterable[Sequence[Cell]], BinaryIO, Sheet], int]] = {
        "xlsx": write_xlsx,
        "csv": write_csv,
        "jsonl": write_jsonl,
    }
    return writers[fmt](rows, stream, sheet)


def write_xlsx(rows: Iterable[Sequence[Cell]], stream: BinaryIO, sheet: Sheet) -> int:
    """An Excel workbook: title, lines, frozen heading with filter, numbers as numbers, A4 landscape for print."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(stream, options)
    book.set_properties({"title": clean(sheet.title), "author": clean(sheet.author)})
    page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "", clean(sheet.title))[:31] or "清单")
    top = len(sheet.lines) + 1
    formats = _xlsx_formats(book)
    page.set_row(0, 24)
    page.write_string(0, 0, clean(sheet.title), formats["title"])
    for number, line in enumerate(sheet.lines, start=1):
        page.write_string(number, 0, clean(line), formats["line"])
    page.set_row(top, 20)
    for index, column in enumerate(sheet.columns):
        page.set_column(index, index, column.width)
        page.write_string(top, index, column.heading, formats["heading"])
    count = 0
    for count, row in enumerate(rows, start=1):
        for index, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
            _xlsx_cell(page, top + count, index, cell, formats[column.kind])
    page.freeze_panes(top + 1, 1)
    page.autofilter(top, 0, top + max(count, 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&C第 &P 页，共 &N 页")
    book.close()
    return count


def _xlsx_formats(book: Any) -> dict[str, Any]:
    cell = {"border": 1, "border_color": "#BFBFBF", "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "line": book.add_format({"font_color": "#595959"}),
        "heading": book.add_format({**cell, "bold": True, "bg_color": "#F2F2F2", "valign": "vcenter"}),
        "text": book.add_format({**cell, "text_wrap": True, "num_format": "@"}),
        "integer": book.add_format({**cell, "num_format": "#,##0"}),
        "decimal": book.add_format({**cell, "num_format": "#,##0.00"}),
        "time": book.add_format({**cell, "num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
    }


def _xlsx_cell(page: Any, row: int, index: int, cell: Cell, form: Any) -> None:
    if cell is None:
        page.write_blank(row, index, None, form)
    elif isinstance(cell, datetime):
        page.write_datetime(row, index, local(cell).replace(tzinfo=None, second=0, microsecond=0), form)
    elif isinstance(cell, (int, Decimal)):
        page.write_number(row, index, cell, form)
    else:
        # write_string alone never guesses: "=1+1" stays the four characters it is.
        page.write_string(row, index, clean(cell)[:_XLSX_CELL_CHARS], form)


def write_csv(rows: Iterable[Sequence[Cell]], stream: BinaryIO, sheet: Sheet) -> int:
    """CSV as Excel expects it in China: UTF-8 with BOM, CRLF. Title and lines come first, then the headings."""
    wrapped = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(wrapped, lineterminator="\r\n")
    for line in (sheet.title, *sheet.lines):
        writer.writerow([_csv_text(line)])
    writer.writerow([column.heading for column in sheet.columns])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        count += 1
    wrapped.detach()
    return count


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return stamp(cell)
    return _csv_text(cell) if isinstance(cell, str) else str(cell)


def _csv_text(value: str) -> str:
    line = clean(value)
    if _FORMULA.match(line) and not _NUMBER.fullmatch(line):
        return f"'{line}"
    return line


def write_jsonl(rows: Iterable[Sequence[Cell]], stream: BinaryIO, sheet: Sheet) -> int:
    """One JSON object a line, keyed by heading; times with offset, numbers as numbers; no header lines."""
    keys = [column.heading for column in sheet.columns]
    count = 0
    for row in rows:
        values = {key: _json_value(cell) for key, cell in zip(keys, row, strict=True)}
        stream.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _json_value(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return local(cell).isoformat(timespec="seconds")
    if isinstance(cell, Decimal):
        return float(cell)
    return clean(cell) if isinstance(cell, str) else cell


def slug(name: str, fallback: str = "导出") -> str:
    """A file name that any system accepts and no path can hide in: ``../../x`` becomes ``x``."""
    kept = re.sub(r"[^\w.()（）-]+", "_", clean(name)).strip("._ ")[:80].rstrip("._ ")
    if not kept:
        return fallback
    return f"{fallback}_{kept}" if _RESERVED.fullmatch(kept) else kept


def write_file(path: Path, produce: Callable[[BinaryIO], int]) -> int:
    """Write a file whole or not at all: beside it first, then renamed. Returns what ``produce`` returns.

    Raises:
        StoreError: the folder does not exist, is not writable, or the disk is full.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise StoreError(f"无法写入 {path}：{reason(error)}") from error
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            count = produce(stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"无法写入 {path}：{reason(error)}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return count
