"""What a person may say of a judgement (标注的取值): the outputs, what is right of each, checked, and in words."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from monitors.errors import InputError
from monitors.opinion import masking
from monitors.opinion.model import LEVEL_NAMES, LEVELS, STANCE_NAMES, STANCES
from monitors.opinion.severity import FEN_PER_WAN, yuan
from monitors.regions import divisions

LabelField = Literal["relevant", "stance", "county", "workers", "amount", "employer", "level"]
Value = bool | int | str | None  # by field; None: the report does not state it

FIELDS: dict[LabelField, str] = {
    "relevant": "相关性",
    "stance": "立场",
    "county": "地点",
    "workers": "涉及人数",
    "amount": "涉及金额",
    "employer": "用工单位",
    "level": "级别",
}
MAX_WORKERS = 1_000_000
MAX_FEN = 10**13  # 1,000 亿元: beyond it somebody has mistaken 元 for 万元
MAX_EMPLOYER = 60
MAX_NOTE = 200


def check(field: LabelField, value: Value) -> Value:
    """The value as it is stored.

    ``relevant`` true or false; ``stance`` and ``level`` one of theirs; ``county`` a six-digit code of province,
    prefecture or county, ``""`` for 未定位; ``workers`` persons; ``amount`` integer 分; ``employer`` a name.

    Raises:
        InputError: it can be none; says what was expected.
    """
    name = FIELDS[field]
    match field:
        case "relevant":
            if isinstance(value, bool):
                return value
            raise InputError("请选择“相关”或“不相关”")
        case "stance" | "level":
            if value in (STANCES if field == "stance" else LEVELS):
                return value
            raise InputError(f"请从列表中选择{name}")
        case "county":
            return _division(value)
        case "workers":
            return _whole(name, value, MAX_WORKERS, f"{MAX_WORKERS:,} 人")
        case "amount":
            return _whole(name, value, MAX_FEN, "1,000 亿元")
        case "employer":
            return _employer(value)


def _division(value: Value) -> str:
    if value == "":
        return ""
    found = divisions.by_code(value) if isinstance(value, str) else None
    if found is None or found.level == "township":
        raise InputError("请从列表中选择州市或县（市、区）")
    return found.code


def _whole(name: str, value: Value, most: int, words: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name}应为 0 或正整数，报道未说明时请留空")
    if value > most:
        raise InputError(f"{name}不能超过 {words}，请核对单位")
    return value


def _employer(value: Value) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InputError("用工单位应为文字")
    return clean("用工单位", value or "", MAX_EMPLOYER) or None


def clean(name: str, text: str, most: int) -> str:
    """``text`` trimmed, what leads to a complainant covered as in a report.

    Raises:
        InputError: too long, or with characters nobody sees.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in text):
        raise InputError(f"{name}含有不可见的控制字符，请重新输入")
    text = masking.mask(text).text
    if len(text) > most:
        raise InputError(f"{name}不能超过 {most} 字，现有 {len(text)} 字")
    return text


def parse_wan(text: str) -> int | None:
    """An amount as entered in 万元 (``12.6``, ``1,200``, ``１２．６ 万元``) in 分; None where nothing was entered.

    Raises:
        InputError: not a number, or finer than one 分.
    """
    bare = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    bare = bare.removesuffix("万元").removesuffix("万")
    if not bare:
        return None
    try:
        fen = Decimal(bare) * FEN_PER_WAN
    except InvalidOperation:
        fen = Decimal("NaN")
    if not fen.is_finite():
        raise InputError("涉及金额应为数字，单位万元，如 12.6")
    if abs(fen) > MAX_FEN * 10:
        raise InputError("涉及金额不能超过 1,000 亿元，请核对单位")
    if fen != fen.to_integral_value():
        raise InputError("涉及金额精确到分即可（万元后最多六位小数）")
    return int(fen)


def words(field: LabelField, value: Value) -> str:
    """The value as a screen and the audit trail say it."""
    if value is None:
        return "未定级" if field == "level" else "未说明"
    match field:
        case "relevant":
            said = "相关" if value else "不相关"
        case "stance":
            said = STANCE_NAMES.get(str(value), str(value))
        case "county":
            said = divisions.full_name(str(value)) or str(value) or "未定位"
        case "level":
            said = LEVEL_NAMES.get(str(value), str(value))
        case "workers":
            said = f"{value:,} 人"
        case "amount":
            said = yuan(int(value))
        case "employer":
            said = str(value)
    return said


def known(field: str) -> LabelField:
    """``field`` if it is one.

    Raises:
        InputError: it is none.
    """
    for name in get_args(LabelField):
        if name == field:
            found: LabelField = name
            return found
    raise InputError(f"没有可以标注的项目“{field}”")
