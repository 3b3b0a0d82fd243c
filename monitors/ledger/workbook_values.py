"""What people write into cells → persons, 分, days, words. Pure; a cell that cannot be read says what to write instead.

Full-width digits, thousands separators, units in the cell, days as text, as a month or as a spreadsheet's number.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from monitors.errors import InputError
from monitors.ledger.checks import FIRST_DAY, MAX_COUNT, MAX_FEN
from monitors.ledger.workbook_cells import Value
from monitors.ledger.workbook_columns import Column

_EMPTY = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "无", "空", "暂无", "不详", "未知", "n/a", "na", "nan", "none"}
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,16})(?:\.[0-9]{1,12})?")
_MULTIPLES = {"亿": 10**8, "万": 10**4, "千": 10**3, "百": 10**2, "": 1}
_AMOUNT = re.compile(rf"(?:人民币|¥|￥|RMB)?({_NUMBER.pattern})(亿|万|千|百)?(?:元|圆|块)?(?:整|正)?", re.IGNORECASE)
_PEOPLE = re.compile(rf"({_NUMBER.pattern})(万)?(?:人|名|位|个)?")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?")
_MONTH = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})月?份?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TO = re.compile(r"至今|[至到~～—]+|--+|(?<=[0-9月日])-(?=[0-9]{4})")
_SERIALS = range(36_526, 73_051)  # 2000-01-01 … 2100-01-01 as days since 1899-12-30
_YEARS = 2_100

_YES = dict.fromkeys(("是", "有", "√", "✓", "y", "yes", "1", "true"), True)
_NO = {
    "否": False,
    "非": False,
    "×": False,
    "✗": False,
    "x": False,
    "n": False,
    "no": False,
    "0": False,
    "false": False,
}

# Words of other forms → ours; only where nobody could mean anything else.
_SYNONYMS: dict[str, dict[str, str]] = {
    "class_": {
        "建筑": "建筑企业", "建筑业": "建筑企业", "建筑施工企业": "建筑企业", "建筑类": "建筑企业",
        "工程建设领域": "建筑企业", "工程建设": "建筑企业", "加工制造业": "加工制造企业", "加工制造": "加工制造企业",
        "制造业": "加工制造企业", "制造企业": "加工制造企业", "培训机构": "校外培训机构", "校外培训": "校外培训机构",
        "其他": "其他用人单位", "其它": "其他用人单位", "其他企业": "其他用人单位", "其它用人单位": "其他用人单位",
    },
    "industry": {
        "住房城乡建设": "住建", "住房和城乡建设": "住建", "房屋建筑": "住建", "房建": "住建", "市政": "住建",
        "住建领域": "住建", "房地产": "住建", "交通运输": "交通", "公路": "交通", "铁路": "交通", "交通领域": "交通",
        "水电": "水利", "水务": "水利", "水利领域": "水利", "其它": "其他",
    },
    "channel": {
        "12333热线": "12333", "12333电话": "12333", "12333举报投诉平台": "12333", "12345热线": "12345",
        "政务服务热线": "12345", "全国根治欠薪线索反映平台": "全国平台", "根治欠薪线索反映平台": "全国平台",
        "国家平台": "全国平台", "来电": "电话", "电话投诉": "电话", "举报电话": "电话", "来人": "来访", "上门": "来访",
        "现场来访": "来访", "集体来访": "群访", "日常排查": "排查", "摸底排查": "排查", "巡查": "排查", "网络": "网站",
        "网络舆情": "舆情", "其它": "其他", "上级督办": "上级交办", "交办": "上级交办", "转办": "上级转办",
    },
    "state": {"未受理": "待受理", "受理": "核查中", "调查中": "核查中", "办理中": "核查中", "已查实": "查实",
              "属实": "查实", "协调": "协调处理", "协调中": "协调处理", "调解中": "协调处理", "已立案": "立案"},
}  # fmt: skip


def text(value: Value) -> str:
    """One line of text; a number as people read it, never ``12.0``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)
    said = str(value)
    if "\n" not in said and "\r" not in said:
        return " ".join(said.split())
    return "\n".join(" ".join(line.split()) for line in said.splitlines() if line.strip())


def _said(value: Value) -> str:
    """The cell for reading: half width, without blanks; ``""`` where it says that there is nothing."""
    return _half(value if isinstance(value, str) else text(value))


@lru_cache(16_384)  # most cells of a column say one of a few things
def _half(value: str) -> str:
    found = "".join(unicodedata.normalize("NFKC", value).split())
    return "" if found.lower() in _EMPTY else found


def empty(value: Value) -> bool:
    """Whether nothing stands there, or a dash."""
    return _said(value) == ""


def count(value: Value) -> int | None:
    """Whole persons. Raises InputError with the words for the cell."""
    said = _said(value)
    if not said:
        return None
    if isinstance(value, bool) or not (found := _PEOPLE.fullmatch(said)):
        raise InputError(f"“{_short(said)}”不是人数，请填整数，如35")
    number = Decimal(found[1].replace(",", "")) * (10**4 if found[2] else 1)
    if number < 0:
        raise InputError("人数不能为负数")
    if number != number.to_integral_value():
        raise InputError(f"人数应为整数，现为{_short(said)}")
    if number > MAX_COUNT:
        raise InputError("人数过大，请核对")
    return int(number)


def money(value: Value, unit: str) -> int | None:
    """分. ``unit`` (元 where empty) counts unless the cell names its own. Raises InputError with the cell's words.

    What is less than a 分 (a formula's thirds) is rounded half up.
    """
    said = _said(value)
    if not said:
        return None
    found = None if isinstance(value, (bool, date)) else _AMOUNT.fullmatch(said)
    if isinstance(value, float) and not found:  # 1e-05, or a number beyond any ledger
        number = Decimal(repr(value))
        own = False
    elif found:
        number = Decimal(found[1].replace(",", ""))
        own = bool(found[2]) or said[-1] in "元圆块整正"
        number *= _MULTIPLES[found[2] or ""]
    else:
        raise InputError(f"“{_short(said)}”不是金额，请填数字，如12600或1.26万元")
    if not own:
        number *= _MULTIPLES[unit.removesuffix("元")]
    if number < 0:
        raise InputError("金额不能为负数")
    try:
        fen = int((number * 100).quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, OverflowError) as error:
        raise InputError("金额过大，请核对") from error
    if fen > MAX_FEN:
        raise InputError("金额过大，请核对")
    return fen


def day(value: Value, *, date1904: bool, month: str = "") -> date | None:
    """A day. ``month`` (``first`` | ``last``) also takes a month and means its first or last day.

    Raises InputError with the words for the cell.
    """
    said = _said(value)
    if not said:
        return None
    if isinstance(value, date):
        return _sensible(value, said)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and (found := _serial(value, date1904)):
        return found
    # The blank between a day and a time of day is gone from ``said``.
    if match := _DAY.fullmatch(said) or _DIGITS.fullmatch(said):
        return _sensible(_made(int(match[1]), int(match[2]), int(match[3]), said), said)
    if month and (match := _MONTH.fullmatch(said)):
        if isinstance(value, float) and len(match[2]) < 2:
            raise InputError(f"“{said}”可能是1月也可能是10月，请写成2026-10或2026年10月")
        year, number = int(match[1]), int(match[2])
        start = _sensible(_made(year, number, 1, said), said)
        return start if month == "first" else start.replace(day=calendar.monthrange(year, number)[1])
    example = "2026-11-03" if not month else "2026-11-03或2026年11月"
    raise InputError(f"“{_short(said)}”不是日期，请写成{example}")


def _serial(value: float, date1904: bool) -> date | None:
    """A spreadsheet's own number for a day; 1462 days lie between the two epochs."""
    if not float(value).is_integer():
        value = int(value)  # a time of day after the day
    days = int(value) + (1_462 if date1904 else 0)
    return date(1899, 12, 30) + timedelta(days) if days in _SERIALS else None


def _made(year: int, month: int, number: int, said: str) -> date:
    try:
        return date(year, month, number)
    except ValueError as error:
        raise InputError(f"“{_short(said)}”不是一个日期，请核对") from error


def _sensible(found: date, said: str) -> date:
    if found < FIRST_DAY or found.year > _YEARS:
        raise InputError(f"日期{_short(said)}的年份不对，请核对")
    return found


def period(value: Value, *, date1904: bool) -> tuple[date | None, date | None]:
    """Both ends of ``2026年3月至2026年9月``; one month alone is both. Raises InputError with the words for the cell."""
    if isinstance(value, str):
        parts = [part for part in _TO.split(unicodedata.normalize("NFKC", value)) if part is not None]
        if len(parts) == 2:
            first, last = (part.strip() for part in parts)
            year = re.match(r"\s*([0-9]{4})", first)
            if last and year and re.fullmatch(r"[0-9]{1,2}月(?:份|[0-9]{1,2}日)?", last):
                last = f"{year[1]}年{last}"  # 2026年3月至9月
            return day(first, date1904=date1904, month="first"), day(last, date1904=date1904, month="last")
    return day(value, date1904=date1904, month="first"), day(value, date1904=date1904, month="last")


def yes(value: Value) -> bool | None:
    """是 or 否, None where empty. Raises InputError with the words for the cell."""
    said = _said(value).lower()
    if not said:
        return None
    if said in _YES or said in _NO:
        return said in _YES
    raise InputError(f"“{_short(said)}”应为是或否")


def choice(value: Value, column: Column) -> str:
    """One of the column's words, ``""`` where empty. Raises InputError with the words for the cell."""
    said = _said(value)
    if not said:
        return ""
    found = _SYNONYMS.get(column.key, {}).get(said, said)
    for one in column.choices:
        if found in (one, _half(one)):  # full-width brackets in ours, half-width in what was read
            return one
    raise InputError(f"“{_short(said)}”不在可选范围：{'、'.join(column.choices)}")


def words(value: Value, column: Column) -> str:
    """Free text within the column's limit; ``""`` where empty or a dash. Raises InputError."""
    if empty(value):
        return ""
    found = text(value)
    if len(found) > column.limit:
        raise InputError(f"{column.heading}不能超过{column.limit}个字，现有{len(found)}个字")
    return found


def _short(said: str) -> str:
    return said if len(said) <= 20 else f"{said[:20]}…"
