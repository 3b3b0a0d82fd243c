"""附件2 as it is printed: its words, columns, units and how a figure is written (domain.md 2). No I/O.

Figures are kept exactly (户, 件, 个; persons; 分). On paper persons stand in 万人 to four decimals, which is exact, and
money in 万元 to two, rounded half up; the row 合计 adds the rounded rows, so that what is printed balances.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from monitors.ledger.model import EmployerClass, MeasureType

TITLE = "根治欠薪冬季专项行动情况"
ATTACHMENT = "附件2"
ROWS: tuple[str, ...] = ("合计", *EmployerClass)  # 序号 1–5
STUB = ("甲", "序号")
SIGNERS = ("单位负责人", "处（队）负责人", "制表人", "联系电话")
NOTES = (
    "1.本表所称案件包括立案处理的案件和以非立案方式处理的案件。",
    "2.国企项目，是指中央或地方监管的国有企业、国有控股企业作为施工总承包单位的工程建设项目，按工程（标段）统计。",
    "3.同一工程建设项目同属政府投资工程、政府与社会资本合作项目、国企项目中两类以上的，在各类中分别统计。",
)


class Unit(StrEnum):
    """What a column counts in."""

    EMPLOYERS = "户"
    PERSONS = "万人"
    MONEY = "万元"
    PIECES = "件"
    PROJECTS = "个"


# A printed figure is a whole number of its smallest step: one person (0.0001 万人), one hundred yuan (0.01 万元).
STEP: dict[Unit, int] = dict.fromkeys(Unit, 1) | {Unit.MONEY: 100_00}
DECIMALS: dict[Unit, int] = dict.fromkeys(Unit, 0) | {Unit.PERSONS: 4, Unit.MONEY: 2}


@dataclass(frozen=True, slots=True)
class Column:
    """One of the columns 1–20. ``sub`` is the third line of its heading, ``""`` where ``item`` spans two."""

    number: int
    group: str
    item: str
    sub: str
    unit: Unit

    @property
    def words(self) -> str:
        """The column by number and name, for a message: ``第7栏“涉及职工人数（其中：农民工）”``."""
        return f"第{self.number}栏“{self.item}{f'（{self.sub}）' if self.sub else ''}”"


_INSPECTED, _OWED, _HANDLED = "检查用人单位情况", "拖欠工资情况", "处理情况"
_PUNISHED, _CRIME = "行政处理处罚", "涉嫌犯罪案件"
_ALL, _MIGRANTS = "合计", "其中：农民工"
_PAID_PERSONS, _PAID = "追发工资及赔偿金人数", "追发工资及赔偿金"

COLUMNS: tuple[Column, ...] = (
    Column(1, _INSPECTED, "用人单位数", "", Unit.EMPLOYERS),
    Column(2, _INSPECTED, "涉及职工人数", "", Unit.PERSONS),
    Column(3, _INSPECTED, "其中：农民工人数", "", Unit.PERSONS),
    Column(4, _INSPECTED, "农民工签订劳动合同人数", "", Unit.PERSONS),
    Column(5, _OWED, "用人单位数", "", Unit.EMPLOYERS),
    Column(6, _OWED, "涉及职工人数", _ALL, Unit.PERSONS),
    Column(7, _OWED, "涉及职工人数", _MIGRANTS, Unit.PERSONS),
    Column(8, _OWED, "涉及金额", _ALL, Unit.MONEY),
    Column(9, _OWED, "涉及金额", _MIGRANTS, Unit.MONEY),
    Column(10, _HANDLED, "立案", "", Unit.PIECES),
    Column(11, _HANDLED, "通过协调等非立案方式解决", "", Unit.PIECES),
    Column(12, _HANDLED, _PAID_PERSONS, _ALL, Unit.PERSONS),
    Column(13, _HANDLED, _PAID_PERSONS, _MIGRANTS, Unit.PERSONS),
    Column(14, _HANDLED, _PAID, _ALL, Unit.MONEY),
    Column(15, _HANDLED, _PAID, _MIGRANTS, Unit.MONEY),
    Column(16, _PUNISHED, "责令改正", "", Unit.PIECES),
    Column(17, _PUNISHED, "行政处理决定", "", Unit.PIECES),
    Column(18, _PUNISHED, "行政处罚决定", "", Unit.PIECES),
    Column(19, _CRIME, "移送公安机关", "", Unit.PIECES),
    Column(20, _CRIME, "公安机关立案", "", Unit.PIECES),
)
# Headings that span several columns: (first, last) of groups, and of items with two sub-items.
GROUPS = ((1, 4), (5, 9), (10, 15), (16, 18), (19, 20))
SPLIT_ITEMS = ((6, 7), (8, 9), (12, 13), (14, 15))

# 责令支付 is an order to put right in the sense of 劳动保障监察条例 26, so column 16 counts it too.
MEASURE_COLUMNS: dict[int, tuple[MeasureType, ...]] = {
    16: (MeasureType.ORDER, MeasureType.PAY_ORDER),
    17: (MeasureType.DECISION,),
    18: (MeasureType.PENALTY,),
    19: (MeasureType.TRANSFER,),
    20: (MeasureType.POLICE_FILING,),
}

FLAGS = ("gov", "ppp", "soe")  # columns of ``project``, in the order of ①–③
FLAG_NAMES = ("政府投资工程项目", "政府与社会资本合作项目", "国企项目")
BLANK_UNITS: tuple[Unit, ...] = (
    *(Unit.PROJECTS, Unit.PROJECTS, Unit.MONEY, Unit.PERSONS) * len(FLAGS),
    Unit.EMPLOYERS,
    Unit.PIECES,
)
BLANKS: tuple[str, ...] = (
    *(f"{mark}{name}：{what}" for mark, name in zip("①②③", FLAG_NAMES, strict=True)
      for what in ("检查", "查实存在欠薪", "拖欠工资", "涉及人数")),
    "④公布欠薪严重违法单位",
    "④列入欠薪“黑名单”",
)  # fmt: skip

HEADER_ROWS = 4  # group, item, sub-item, numbers
WIDTH = len(STUB) + len(COLUMNS)


@dataclass(frozen=True, slots=True)
class Heading:
    """One cell of the table's head, merged where it spans: rows 0–3, columns 0–21, both ends included."""

    top: int
    left: int
    bottom: int
    right: int
    words: str


def headings() -> tuple[Heading, ...]:
    """The head of the table: groups, items, sub-items, and the row 甲, 序号, 1–20. The corner is empty."""
    found = [Heading(0, place, 2, place, "") for place in range(len(STUB))]
    found += [Heading(0, _place(first), 0, _place(last), COLUMNS[first - 1].group) for first, last in GROUPS]
    for first, last in SPLIT_ITEMS:
        found.append(Heading(1, _place(first), 1, _place(last), COLUMNS[first - 1].item))
    for column in COLUMNS:
        place = _place(column.number)
        words = f"{column.sub or column.item}\n（{column.unit}）"
        found.append(Heading(2 if column.sub else 1, place, 2, place, words))
    numbers = (*STUB, *(str(column.number) for column in COLUMNS))
    found += [Heading(3, place, 3, place, words) for place, words in enumerate(numbers)]
    return tuple(found)


def _place(number: int) -> int:
    return len(STUB) + number - 1


def steps(unit: Unit, exact: int) -> int:
    """The figure in its smallest printed steps, rounded half up (away from zero)."""
    return int((Decimal(exact) / STEP[unit]).quantize(Decimal(1), ROUND_HALF_UP))


def figure(unit: Unit, shown: int) -> Decimal:
    """The number that is printed for so many steps: 12345 of 万元 → ``Decimal("123.45")``."""
    return Decimal(shown).scaleb(-DECIMALS[unit])


def other_lines(figures: tuple[str, ...]) -> tuple[str, ...]:
    """其他情况 ①–④ with the 14 blanks filled."""
    lines = []
    for index, (mark, name) in enumerate(zip("①②③", FLAG_NAMES, strict=True)):
        checked, owing, money, persons = figures[index * 4 : index * 4 + 4]
        lines.append(
            f"{mark}{name}：检查 {checked} 个，查实存在欠薪 {owing} 个（拖欠工资 {money} 万元，涉及 {persons} 万人）；"
        )
    lines.append(f"④公布欠薪严重违法单位 {figures[12]} 户，列入欠薪“黑名单” {figures[13]} 件。")
    return tuple(lines)
