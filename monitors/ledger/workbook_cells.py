"""A workbook's cells, read in a child that can be killed (reliability.md 45–53): what stands where, nothing of meaning.

The first row and column are 0 here and 1 and A in ``address``. Hidden sheets are named, not read.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from monitors import child, settings
from monitors.errors import InputError

Value = str | int | float | bool | date | None

# 20,000 rows of 37 filled columns need less than 300; a hostile sheet asks for gigabytes at once.
MEMORY_MB = 768
SECONDS = 60.0  # the same rows take 2 s on an idle core
TITLE_ROWS = 500  # rows of titles, notes and sums that may stand round the rows that count
_TOO_SLOW = "工作簿 {seconds:g} 秒内没有读完，已中止；请删除多余的工作表和格式后再上传"
_DIED = (
    "工作簿占用内存超过上限，已中止读取。常见原因：表格最右或最下方很远处有多余内容或格式；"
    "请把有数据的区域复制到新工作簿后再上传"
)


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, bounds inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One visible sheet. ``rows`` are ragged: what lies beyond a row's last filled cell is empty.

    ``broken`` holds the cells with a formula that was never calculated (``formula``) or an error value (``error``).
    """

    name: str
    rows: tuple[tuple[Value, ...], ...]
    merges: tuple[Merge, ...]
    broken: Mapping[tuple[int, int], str]

    def at(self, row: int, column: int) -> Value:
        """The cell, None where empty."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None


@dataclass(frozen=True, slots=True)
class Workbook:
    """``name`` is the file's, ``sha256`` its fingerprint, ``date1904`` how a bare number is a day."""

    name: str
    sha256: str
    sheets: tuple[Sheet, ...]
    hidden: tuple[str, ...]
    date1904: bool = False


def letters(column: int) -> str:
    """A column's letters: 0 → A, 26 → AA."""
    text, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def address(sheet: str, row: int, column: int) -> str:
    """``欠薪台账!F12``, as Excel says it."""
    return f"{sheet}!{letters(column)}{row + 1}"


def read(
    body: bytes, name: str, limits: settings.Ledger, *, memory_mb: int = MEMORY_MB, seconds: float = SECONDS
) -> Workbook:
    """The workbook's visible sheets.

    Raises:
        InputError: too large, damaged, locked by a password, not a workbook, or hostile. Nothing else was harmed.
    """
    if len(body) > limits.import_mib * 1_048_576:
        raise InputError(f"文件超过 {limits.import_mib} MB 上限，请拆成几个文件后再上传")
    if not body.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        web = b"<html" in body[:2_000].lower() or b"<table" in body[:2_000].lower()
        kind = "网页格式的假 Excel 文件" if web else "不是 Excel 工作簿的文件"
        raise InputError(f"这是{kind}，请用 Excel 或 WPS 打开后另存为 .xlsx 再上传")
    answer = _ask(body, limits.import_rows + TITLE_ROWS, memory_mb, seconds)
    if "error" in answer:
        raise InputError(str(answer["error"]))
    try:
        sheets = tuple(_sheet(one) for one in answer["sheets"])
        hidden = tuple(map(str, answer["hidden"]))
        return Workbook(name, hashlib.sha256(body).hexdigest(), sheets, hidden, bool(answer["date1904"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(_DIED) from error


def _ask(body: bytes, rows: int, memory_mb: int, seconds: float) -> dict[str, Any]:
    process = subprocess.Popen(  # noqa: S603 - our own module, numbers for arguments
        [sys.executable, "-m", "monitors.ledger.workbook_child", str(os.getpid()), str(memory_mb), str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.ROOT,
        env={**os.environ, "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"},
    )
    try:
        said, _ = process.communicate(body, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise InputError(_TOO_SLOW.format(seconds=seconds)) from error
    finally:
        process.kill()
        process.wait()
    try:
        answer = child.read_header(BytesIO(said))
    except ValueError:
        answer = None
    if answer is None:
        raise InputError(_DIED)
    return answer


def _sheet(said: dict[str, Any]) -> Sheet:
    return Sheet(
        name=str(said["name"]),
        rows=tuple(tuple(_value(cell) for cell in row) for row in said["rows"]),
        merges=tuple(Merge(*map(int, one)) for one in said["merges"]),
        broken={(int(row), int(column)): str(why) for row, column, why in said["broken"]},
    )


def _value(cell: Any) -> Value:
    if cell == "":
        return None
    if isinstance(cell, dict):
        return date.fromisoformat(cell["day"])
    if isinstance(cell, (str, int, float, bool)):
        return cell
    raise TypeError(type(cell).__name__)
