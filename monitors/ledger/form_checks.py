"""What must hold between the figures of 附件2 (domain.md 2), on exact values.

E blocks the submission; W asks for an explanation that is kept with the form. One explanation answers every finding
of its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitors.ledger.faults import Fault, LedgerError
from monitors.ledger.form import FormCells
from monitors.ledger.form_layout import BLANKS, COLUMNS, FLAG_NAMES, FLAGS, ROWS
from monitors.ledger.model import MAX_TEXT
from monitors.regions import divisions

Level = Literal["E", "W"]

# Code → the rule, for lists and help; a finding's own words name row and columns.
RULES: dict[str, str] = {
    "F01": "合计应等于各类用人单位之和",
    "F02": "第3栏不大于第2栏",
    "F03": "第4栏不大于第3栏",
    "F04": "第7栏不大于第6栏",
    "F05": "第9栏不大于第8栏",
    "F06": "第13栏不大于第12栏",
    "F07": "第15栏不大于第14栏",
    "F08": "人数与金额应同时为零或同时大于零",
    "F09": "其他情况①至③查实存在欠薪的项目不多于检查的项目",
    "F10": "各项数字不小于零，户、件、个为整数",
    "F11": "追发工资及赔偿金不超过拖欠金额的两倍（追发以前年度欠薪的除外）",
    "F21": "第5栏一般不大于第1栏",
    "F22": "第6栏一般不大于第2栏",
    "F23": "第12栏一般不大于第6栏",
    "F24": "第14栏一般不大于第8栏",
    "F25": "存在拖欠的，一般应有立案或非立案方式解决的案件",
    "F26": "移送公安机关一般不多于责令改正与行政处理决定之和",
    "F27": "公安机关立案一般不多于移送",
    "F28": "其他情况①至③的拖欠金额一般不大于合计的拖欠金额",
    "F29": "累计数一般不小于上次报送",
    "F30": "下级单位应全部报送",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that does not hold. ``row`` 1–5, or 0 for 其他情况 and the form as a whole; ``columns`` concerned."""

    code: str
    row: int
    columns: tuple[int, ...]
    words: str

    @property
    def level(self) -> Level:
        """E blocks, W wants to be explained: codes from F21 on."""
        return "E" if self.code < "F20" else "W"

    def __str__(self) -> str:
        return f"{self.code} {self.words}"


def check(cells: FormCells, previous: FormCells | None = None, *, missing: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Everything that is wrong or odd, by code.

    ``previous`` is the last form submitted for the same region and campaign, ``missing`` the subordinate divisions
    whose form a sum lacks.
    """
    found = [*_totals(cells)]
    for row in range(1, len(ROWS) + 1):
        found += _blocking(cells, row)
        found += _odd(cells, row)
    found += _others(cells)
    if previous is not None:
        found += _falls(cells, previous)
    if missing:
        names = "、".join(divisions.full_name(code) or code for code in missing)
        found.append(Finding("F30", 0, (), f"{len(missing)} 个单位未报送：{names}"))
    return tuple(sorted(found, key=lambda one: (one.code, one.row, one.columns)))


def refuse_unsound(findings: Sequence[Finding], explanations: Mapping[str, str]) -> dict[str, str]:
    """Go on only where nothing blocks and every W is explained; returns the explanations that are needed, trimmed.

    Raises:
        LedgerError: with all that stands against the submission; ``Fault.field`` is the check's code.
    """
    given = {code: words.strip() for code, words in explanations.items()}
    faults = [Fault(one.code, one.words, one.code) for one in findings if one.level == "E"]
    needed = sorted({one.code for one in findings if one.level == "W"})
    for code in needed:
        if not given.get(code):
            faults.append(Fault(code, f"“{RULES[code]}”不符，请说明原因后再报送", code))
        elif len(given[code]) > MAX_TEXT:
            faults.append(Fault(code, f"说明不能超过 {MAX_TEXT} 字", code))
    if faults:
        raise LedgerError(faults)
    return {code: given[code] for code in needed}


def _totals(cells: FormCells) -> Iterator[Finding]:
    for column in COLUMNS:
        total = cells.at(1, column.number)
        parts = sum(cells.at(row, column.number) for row in range(2, len(ROWS) + 1))
        if total != parts:
            words = f"{column.words}合计 {total}，各类用人单位之和 {parts}，请核对用人单位类别"
            yield Finding("F01", 1, (column.number,), words)


_NOT_ABOVE = {"F02": (3, 2), "F03": (4, 3), "F04": (7, 6), "F05": (9, 8), "F06": (13, 12), "F07": (15, 14)}
_TOGETHER = ((6, 8), (7, 9), (12, 14), (13, 15))
_SELDOM_ABOVE = {"F21": (5, 1), "F22": (6, 2), "F23": (12, 6), "F27": (20, 19)}


def _blocking(cells: FormCells, row: int) -> Iterator[Finding]:
    for code, (part, whole) in _NOT_ABOVE.items():
        if cells.at(row, part) > cells.at(row, whole):
            yield Finding(code, row, (part, whole), _above(row, part, whole))
    for persons, money in _TOGETHER:
        if (cells.at(row, persons) > 0) != (cells.at(row, money) > 0):
            has, lacks = (persons, money) if cells.at(row, persons) > 0 else (money, persons)
            words = f"{_name(row)}：{_column(has)}大于零而{_column(lacks)}为零"
            yield Finding("F08", row, (persons, money), words)
    for column in COLUMNS:
        if cells.at(row, column.number) < 0:
            yield Finding("F10", row, (column.number,), f"{_name(row)}：{column.words}小于零")
    if _twice_too_much(cells, row):
        words = f"{_name(row)}：{_column(14)}超过{_column(8)}的两倍，且没有追发以前年度欠薪的记录"
        yield Finding("F11", row, (14, 8), words)


def _twice_too_much(cells: FormCells, row: int) -> bool:
    # 加付赔偿金 is at most as much again (劳动保障监察条例 26); older debts paid now are the only other reason.
    return cells.at(row, 14) > 2 * cells.at(row, 8) and not cells.prior_fen[row - 1]


def _odd(cells: FormCells, row: int) -> Iterator[Finding]:
    for code, (part, whole) in _SELDOM_ABOVE.items():
        if cells.at(row, part) > cells.at(row, whole):
            yield Finding(code, row, (part, whole), _above(row, part, whole))
    if cells.at(row, 14) > cells.at(row, 8) and not _twice_too_much(cells, row):
        yield Finding("F24", row, (14, 8), _above(row, 14, 8))
    if cells.at(row, 5) > 0 and cells.at(row, 10) + cells.at(row, 11) == 0:
        words = f"{_name(row)}：{_column(5)}大于零，而{_column(10)}和{_column(11)}均为零"
        yield Finding("F25", row, (5, 10, 11), words)
    if cells.at(row, 19) > cells.at(row, 16) + cells.at(row, 17):
        words = f"{_name(row)}：{_column(19)}大于{_column(16)}与{_column(17)}之和"
        yield Finding("F26", row, (19, 16, 17), words)


def _others(cells: FormCells) -> Iterator[Finding]:
    for index in range(len(FLAGS)):
        checked, owing, fen, _ = cells.others[index * 4 : index * 4 + 4]
        name = f"其他情况{'①②③'[index]}{FLAG_NAMES[index]}"
        if owing > checked:
            yield Finding("F09", 0, (), f"{name}：查实存在欠薪 {owing} 个，多于检查的 {checked} 个")
        if fen > cells.at(1, 8):
            yield Finding("F28", 0, (8,), f"{name}：拖欠工资大于合计的{_column(8)}")
    for blank, value in zip(BLANKS, cells.others, strict=True):
        if value < 0:
            yield Finding("F10", 0, (), f"其他情况{blank}小于零")


def _falls(cells: FormCells, previous: FormCells) -> Iterator[Finding]:
    for row in range(1, len(ROWS) + 1):
        fallen = tuple(c.number for c in COLUMNS if cells.at(row, c.number) < previous.at(row, c.number))
        if fallen:
            numbers = "、".join(map(str, fallen))
            words = f"{_name(row)}：第 {numbers} 栏小于上次报送（截至 {previous.cutoff}）"
            yield Finding("F29", row, fallen, words)
    for blank, now, before in zip(BLANKS, cells.others, previous.others, strict=True):
        if now < before:
            yield Finding("F29", 0, (), f"其他情况{blank}小于上次报送（截至 {previous.cutoff}）")


def _name(row: int) -> str:
    return f"“{ROWS[row - 1]}”行"


def _column(number: int) -> str:
    return COLUMNS[number - 1].words


def _above(row: int, part: int, whole: int) -> str:
    return f"{_name(row)}：{_column(part)}大于{_column(whole)}"
