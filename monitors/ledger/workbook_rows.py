"""From cells to entries: each row of a workbook read into values, with every fault at its cell. No store, no clock.

Rows that are no cases (sums, notes, signatures, repeated headings, sub-headings) are set aside and named, so that
nothing vanishes silently. Values of merged cells hold for every row they span; figures do not: they would count twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from monitors.errors import InputError
from monitors.ledger import checks, uscc, workbook_header, workbook_values
from monitors.ledger.faults import Fault
from monitors.ledger.workbook_cells import Sheet, Value, Workbook, address
from monitors.ledger.workbook_columns import BY_KEY, COLUMNS, PERIOD, Column
from monitors.ledger.workbook_header import Header

_SUM = re.compile(r"(?:.{0,10})?(?:合计|小计|总计|累计|共计)(?:[:：（(].*)?")
_NOTE = re.compile(
    r"(?:备注|附注|注|说明|填表说明|填报说明|制表人?|填报人?|填表人?|审核人?|审批人?|经办人|单位负责人|负责人|分管领导|联系人|联系电话|"
    r"制表时间|制表日期|填报日期|填报时间|填报单位|制表单位|制表单位名称)(?:\(.{0,8}\))?[:：]?\s*.*"
)
_NOTE_CELLS = 4  # a line of signatures: 制表人：…  审核人：…  联系电话：…
DITTO = frozenset({"同上", "〃", "″", '"', "”", "々"})
_SEAT = frozenset({"市本级", "州本级", "本级", "市直", "州直", "市级", "州级"})
_FORMULA = "公式没有计算结果，请在 Excel 中打开并保存，或改为数值后再上传"
_ERROR = "单元格是错误值（如 #REF!、#DIV/0!），请改正后再上传"
_MERGED = "合并单元格里的数字分不到各行，请拆分后逐行填写"
_MISSING_REGION = "请填写项目所在州市、县"


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong at one cell: ``欠薪台账!F12``, its column's heading, the words, and the code where there is one."""

    address: str
    heading: str
    words: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.address} {self.heading}：{f'{self.code} ' if self.code else ''}{self.words}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, column by column (``workbook_columns``); ``None`` or ``""`` where the cell is empty. Money in 分."""

    number: str = ""
    employer: str = ""
    uscc: str = ""
    class_: str = ""
    project: str = ""
    region: str = ""
    industry: str = ""
    gov: bool | None = None
    ppp: bool | None = None
    soe: bool | None = None
    developer: str = ""
    contractor: str = ""
    channel: str = ""
    external_no: str = ""
    accepted_on: date | None = None
    claimed_workers: int | None = None
    claimed_migrants: int | None = None
    claimed_fen: int | None = None
    verified_workers: int | None = None
    verified_migrants: int | None = None
    verified_fen: int | None = None
    verified_migrant_fen: int | None = None
    verified_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    plan: str = ""
    unit: str = ""
    person: str = ""
    due: date | None = None
    paid_workers: int | None = None
    paid_migrants: int | None = None
    paid_fen: int | None = None
    paid_migrant_fen: int | None = None
    paid_on: date | None = None
    state: str = ""
    leader: str = ""
    leader_unit: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row as read. ``row`` counts from 0; ``cells`` gives the address of each of its columns."""

    sheet: str
    row: int
    entry: Entry
    faults: tuple[CellFault, ...]
    header: Header

    @property
    def key(self) -> str:
        """``欠薪台账!12``: how decisions name the row."""
        return f"{self.sheet}!{self.row + 1}"

    def at(self, key: str) -> str:
        """The address of the column's cell in this row; of the first column where there is none such."""
        return address(self.sheet, self.row, self.header.columns.get(key, 0))

    def fault(self, found: Fault) -> CellFault:
        """``found`` at the cell that holds the field."""
        key = _PLACES.get(found.field, found.field)
        if key == "region":
            key = next((one for one in ("county", "prefecture", "region_code") if one in self.header.columns), key)
        if key not in self.header.columns and PERIOD in self.header.columns and key.startswith("period"):
            key = PERIOD
        heading = BY_KEY[key].heading if key in BY_KEY else "欠薪时段"
        missing = "" if key in self.header.columns else "（表中没有这一列）"
        return CellFault(self.at(key), heading, found.words + missing, found.code)


_PLACES = {"employer_id": "employer", "project_id": "project", "class": "class_", "contractor_id": "contractor"}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row or sheet that was set aside: where, and what it is."""

    address: str
    why: str


@dataclass(slots=True)
class Readings:
    """All that a workbook says. ``faults`` concern whole sheets: with one of them nothing is imported."""

    rows: list[Reading] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(book: Workbook, most: int) -> Readings:
    """Every visible sheet's rows; ``most`` of them at the utmost.

    Raises:
        InputError: no sheet holds a ledger, or there are too many rows.
    """
    found = Readings()
    for name in book.hidden:
        found.skipped.append(Skipped(name, "隐藏的工作表，未读取"))
    headed = False
    for sheet in book.sheets:
        if sheet.name.strip() in workbook_header.EXAMPLES:
            continue
        header = workbook_header.find(sheet)
        if header is None:
            if any(sheet.rows):
                found.skipped.append(Skipped(sheet.name, "没有找到台账表头，未读取"))
            continue
        headed = True
        _sheet(book, sheet, header, found)
        if len(found.rows) > most:
            raise InputError(f"工作簿有效行超过一次 {most} 行的上限，请拆成几个文件")
    if not headed:
        wanted = "、".join(column.heading for column in COLUMNS if column.required)
        raise InputError(f"没有找到台账表头：表头行应含有{wanted}等列，可下载模板对照")
    return found


def _sheet(book: Workbook, sheet: Sheet, header: Header, found: Readings) -> None:
    found.faults += [f"工作表“{sheet.name}”：{words}" for words in header.faults]
    if header.faults:
        return
    if header.ignored:
        found.notes.append(f"工作表“{sheet.name}”中不导入的列：{'、'.join(header.ignored)}")
    assumed = [BY_KEY[key].heading for key, unit in header.units.items() if not unit]
    if assumed:
        names = "、".join(heading.split("（")[0] for heading in assumed)
        found.notes.append(f"工作表“{sheet.name}”的{names}没有注明单位，按元读取")
    merged = _merged(sheet, header)
    table = _Table(sheet, header, merged, book.date1904, {})
    for row in range(header.last + 1, len(sheet.rows)):
        if why := _no_case(sheet, header, row, merged):
            if why != "空行":
                found.skipped.append(Skipped(address(sheet.name, row, 0), why))
            continue
        found.rows.append(_row(table, row))


def _merged(sheet: Sheet, header: Header) -> Mapping[tuple[int, int], tuple[int, int]]:
    """Cells below the heading that belong to a merged range of several rows → its first cell."""
    known = set(header.columns.values())
    return {
        (row, merge.left): (merge.top, merge.left)
        for merge in sheet.merges
        if merge.left in known and merge.top > header.last and merge.bottom > merge.top
        for row in range(merge.top, min(merge.bottom, len(sheet.rows) - 1) + 1)
    }


def _no_case(sheet: Sheet, header: Header, row: int, merged: Mapping[tuple[int, int], tuple[int, int]]) -> str:
    """Why the row is no case, ``""`` where it is one."""
    cells = {column: value for column, value in enumerate(sheet.rows[row]) if not _blank(value)}
    told = {column: value for column, value in cells.items() if column not in header.ordinals or _worded(value)}
    spanned = any(not _blank(sheet.at(*merged[row, c])) for c in header.columns.values() if (row, c) in merged)
    if not told and not spanned:
        return "空行"
    first = next(iter(cells.values()), None)
    if isinstance(first, str):
        text = _half(first)
        if len(text) <= 16 and _SUM.fullmatch(text):
            return "合计行"
        if len(cells) <= _NOTE_CELLS and _NOTE.fullmatch(text):
            return "备注或签名行"
    if sum(1 for value in cells.values() if isinstance(value, str) and value.strip() in header.texts) >= 3:
        return "重复的表头"
    named = any(header.columns.get(key) in told for key in ("number", "employer"))
    if len(told) == 1 and not spanned and (not named or next(iter(told)) == 0):
        return "小标题或说明文字"
    return ""


def _blank(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _worded(value: Value) -> bool:
    """Words in a column of running numbers: a sub-heading, a sum, a note."""
    return isinstance(value, str) and not re.fullmatch(r"[\d.、()-]*", _half(value))


def _half(value: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", value))


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet while its rows are read; ``above`` holds each column's last value, for 同上."""

    sheet: Sheet
    header: Header
    merged: Mapping[tuple[int, int], tuple[int, int]]
    date1904: bool
    above: dict[str, Value]


def _row(table: _Table, row: int) -> Reading:
    sheet, header, above = table.sheet, table.header, table.above
    values: dict[str, Any] = {}
    faults: list[CellFault] = []
    for key, place in header.columns.items():
        column = BY_KEY.get(key)
        try:
            value = _cell(table, row, place, column)
            if isinstance(value, str) and value.strip() in DITTO and key in above:
                value = above[key]
            above[key] = value
            if column is None:
                values["period_from"], values["period_to"] = workbook_values.period(value, date1904=table.date1904)
            elif (read_value := _value(value, column, table)) not in (None, ""):
                values[key] = read_value
        except InputError as error:
            heading = column.heading if column else "欠薪时段"
            code = "E04" if column and column.kind == "code" and column.key == "uscc" else ""
            faults.append(CellFault(address(sheet.name, row, place), heading, str(error), code))
    where = {key: values.pop(key, "") for key in ("prefecture", "county", "region_code")}
    failed = {fault.address for fault in faults}
    reading = Reading(sheet.name, row, Entry(**values), (), header)
    region, wrong = _region(**where)
    if not region and not wrong and not values.get("number"):
        wrong = [Fault("region", _MISSING_REGION)]
    faults += [one for one in map(reading.fault, wrong) if one.address not in failed]
    if not values.get("number"):
        faults += [
            reading.fault(Fault(column.key, f"请填写{column.heading.split('（')[0]}"))
            for column in COLUMNS
            if column.required and column.key not in values and reading.at(column.key) not in failed
        ]
    return Reading(sheet.name, row, Entry(**values, region=region), tuple(faults), header)


def _cell(table: _Table, row: int, place: int, column: Column | None) -> Value:
    sheet, merged = table.sheet, table.merged
    if why := sheet.broken.get((row, place)):
        raise InputError(_FORMULA if why == "formula" else _ERROR)
    if (row, place) not in merged:
        return sheet.at(row, place)
    value = sheet.at(*merged[row, place])
    if column and (column.kind in ("count", "money") or column.key == "number") and not _blank(value):
        raise InputError(_MERGED)
    return value


def _value(value: Value, column: Column, table: _Table) -> Any:
    found: Any = None
    match column.kind:
        case "count":
            found = workbook_values.count(value)
        case "money":
            found = workbook_values.money(value, table.header.units[column.key])
        case "day":
            found = workbook_values.day(value, date1904=table.date1904)
        case "first" | "last":
            found = workbook_values.day(value, date1904=table.date1904, month=column.kind)
        case "choice":
            found = workbook_values.choice(value, column)
        case "yes":
            found = workbook_values.yes(value)
        case "code":
            found = _code(value, column)
        case "text":
            found = _words(value, column)
    return found


def _words(value: Value, column: Column) -> str:
    found = workbook_values.words(value, column)
    if faults := checks.text(column.key, found, column.heading, column.limit):
        raise InputError(faults[0].words)
    return found.replace("\n", "") if column.key in ("number", "employer", "project", "contractor") else found


def _code(value: Value, column: Column) -> str:
    if workbook_values.empty(value):
        return ""
    found = uscc.normalise(workbook_values.text(value))
    if column.key == "uscc" and (faults := checks.credit_code(found)):
        raise InputError(faults[0].words)
    return found


def _region(prefecture: str, county: str, region_code: str) -> tuple[str, list[Fault]]:
    """The division the names mean, and E08 where they mean none or the code says otherwise."""
    if _half(county) in _SEAT:
        county = ""
    if not (prefecture or county or region_code):
        return "", []
    if region_code:
        wrong = checks.region_fault(region_code, prefecture, county)
        return ("", [wrong]) if wrong else (region_code, checks.region(region_code))
    named = _named(prefecture, county)
    if named:
        return named, []
    said = f"{prefecture}{county}"
    words = f"云南省没有“{said}”，或不止一处，请写州市和县的名称" if said else _MISSING_REGION
    return "", [Fault("region", words, "E08")]


@lru_cache(4_096)
def _named(prefecture: str, county: str) -> str | None:
    return checks.region_named(prefecture, county)
