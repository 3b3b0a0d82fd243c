"""The child that opens a workbook: ``python -m monitors.ledger.workbook_child PARENT_PID MEMORY_MB ROWS``.

The file comes on standard input, one JSON answer goes to standard output, then the process ends. A workbook with one
cell at the far end of a sheet makes the reader ask for 550 GB and abort, which nothing within a process can catch:
hence a process (reliability.md 3e).
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

from monitors import child

INFLATED_BYTES = 100 * 1_048_576  # 20,000 rows of 40 filled cells are about 45 MB of XML
RATIO = 100  # of a part: honest sheets are packed about 10 to 1
PARTS = 2_000
COLUMNS = 200  # within a row; beyond it only stray marks are found in an office's ledgers
SHEETS = 60

TOO_LARGE = "工作簿解压后超过 {limit} MB，可能有大量空白格式或隐藏内容；请把数据另存到新工作簿后再上传"
DAMAGED = "文件已损坏或不是 Excel 工作簿，请用 Excel 或 WPS 打开后另存为 .xlsx 再上传"
LOCKED = "工作簿设有打开密码，请去掉密码后再上传"
_SMALL_PART = 1_048_576  # a part below it may be packed as tightly as it likes: a sheet of equal rows is
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)(?<!/)>(.*?)</c>', re.DOTALL)
_NO_VALUE = re.compile(rb"<f[ >/](?!.*<v>[^<]+</v>)", re.DOTALL)
_1904 = re.compile(rb'<(?:\w+:)?workbookPr[^>]*date1904="(?:1|true)"')
_RELATION = re.compile(rb"<Relationship [^>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet [^>]*>")


class _RefusedError(Exception):
    """The file goes no further; the text is for the person who sent it."""


def main() -> None:
    """Read, answer, end."""
    parent, memory_mb, rows = (int(word) for word in sys.argv[1:4])
    child.confine(parent, memory_mb)
    body = sys.stdin.buffer.read()
    try:
        answer = read(body, rows)
    except _RefusedError as error:
        answer = {"error": str(error)}
    except MemoryError:
        del body
        answer = {"error": TOO_LARGE.format(limit=INFLATED_BYTES // 1_048_576)}
    child.write_frame(sys.stdout.buffer, answer, plain=_plain)


def read(body: bytes, rows: int) -> dict[str, Any]:
    """The visible sheets' cells, as the parent expects them; see ``workbook_cells``."""
    parts = _preflight(body) if body.startswith(b"PK") else None
    try:
        book = calamine.load_workbook(io.BytesIO(body))
    except calamine.PasswordError as error:
        raise _RefusedError(LOCKED) from error
    except Exception as error:
        # An encrypted .xlsx is an OLE container holding two streams of these names.
        locked = "EncryptedPackage".encode("utf-16-le") in body
        raise _RefusedError(LOCKED if locked else DAMAGED) from error
    found: list[dict[str, Any]] = []
    hidden: list[str] = []
    for known in book.sheets_metadata[:SHEETS]:
        if known.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        if known.visible != calamine.SheetVisibleEnum.Visible:
            hidden.append(known.name)
            continue
        found.append(_sheet(book, known.name, rows, parts))
    return {"sheets": found, "hidden": hidden, "date1904": parts is not None and parts.date1904}


def _sheet(book: calamine.CalamineWorkbook, name: str, rows: int, parts: _Parts | None) -> dict[str, Any]:
    try:
        sheet = book.get_sheet_by_name(name)
        cells = sheet.to_python(skip_empty_area=False)
    except Exception as error:
        raise _RefusedError(f"工作表“{name}”读不出来：{DAMAGED}") from error
    while cells and not any(value != "" for value in cells[-1]):
        cells.pop()
    if len(cells) > rows:
        raise _RefusedError(f"工作表“{name}”有 {len(cells)} 行，超过一次 {rows} 行的上限，请拆成几个文件")
    return {
        "name": name,
        "rows": [_trimmed(row[:COLUMNS]) for row in cells],
        "merges": [[*first, *last] for first, last in sheet.merged_cell_ranges or () if first[0] < len(cells)],
        "broken": parts.broken(name) if parts else [],
    }


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] == "":
        row.pop()
    return row


class _Parts:
    """The XML of a workbook where the reader leaves things out: the epoch, formulas without a value, error cells."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        book = self._text("xl/workbook.xml")
        self.date1904 = bool(_1904.search(book))
        targets = {
            _attribute(tag, "Id"): _attribute(tag, "Target").removeprefix("/xl/").removeprefix("xl/")
            for tag in _RELATION.findall(self._text("xl/_rels/workbook.xml.rels"))
        }
        self._paths = {
            _attribute(tag, "name"): "xl/" + targets.get(_attribute(tag, "r:id"), "") for tag in _SHEET.findall(book)
        }

    def broken(self, name: str) -> list[list[Any]]:
        """``[row, column, why]`` from 0 for cells that show a value in Excel, or an error, but hold none for us."""
        text = self._text(self._paths.get(name, ""))
        if b"<f" not in text and b't="e"' not in text:
            return []
        found: list[list[Any]] = []
        for column, row, attributes, inside in _CELL.findall(text):
            why = "error" if b't="e"' in attributes else "formula" if _NO_VALUE.search(inside) else ""
            if why:
                found.append([int(row) - 1, _number(column), why])
        return found

    def _text(self, path: str) -> bytes:
        return self._archive.read(path) if path in self._names else b""


def _preflight(body: bytes) -> _Parts:
    """Look into the container before anything inflates it as a whole.

    Raises:
        _RefusedError: too many parts, too much in them, or packed more tightly than any ledger is.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
        why = _suspicious(archive.infolist())
        parts = None if why else _Parts(archive)
    except MemoryError:
        raise
    except Exception as error:  # BadZipFile, zlib.error and what else a crafted archive raises
        raise _RefusedError(DAMAGED) from error
    if parts is None:
        raise _RefusedError(why)
    return parts


def _suspicious(parts: list[zipfile.ZipInfo]) -> str:
    """Why the container is not opened, ``""`` where it is."""
    if any(part.flag_bits & 1 for part in parts):
        return LOCKED
    packed = any(part.file_size > max(_SMALL_PART, RATIO * part.compress_size) for part in parts)
    if packed or len(parts) > PARTS or sum(part.file_size for part in parts) > INFLATED_BYTES:
        return TOO_LARGE.format(limit=INFLATED_BYTES // 1_048_576)
    return ""


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rb"\s" + name.encode() + rb'="([^"]*)"', tag)
    text = found[1].decode("utf-8", "replace") if found else ""
    for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(written, meant)
    return text


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _plain(value: object) -> Any:
    if isinstance(value, (datetime, date)):  # a cell's time of day means nothing in a ledger of days
        return {"day": value.isoformat()[:10]}
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    main()
