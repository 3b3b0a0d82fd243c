"""What the ledger refuses, by number (E01–E14, domain.md 3.2), each said at the field it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitors.errors import InputError

MESSAGES: dict[str, str] = {
    "E01": "农民工人数不能大于职工总人数",
    "E02": "农民工欠薪金额不能大于欠薪总金额",
    "E03": "查实或隐患记录须填写化解方案、责任单位、责任人、完成时限",
    "E04": "统一社会信用代码校验失败",
    "E05": "累计支付工资超过查实金额，请核对或先调整查实金额",
    "E06": "不允许从“{a}”变更为“{b}”",
    "E07": "动用金额超过应急周转金余额",
    "E08": "区划代码与州市、县名称不一致",
    "E09": "未填写反馈时间和方式，不得办结",
    "E10": "移送公安前须登记责令支付文书及逾期情况",
    "E11": "日期不能晚于今天/早于欠薪发生日",
    "E12": "疑似重复：同企业、同项目、同时段已有记录{id}",
    "E13": "单位疑似填错：人数或金额超过合理上限（万/元）",
    "E14": "重大案件须指定包案领导",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field. ``code`` is empty for plain checks (required, too long, not a choice).

    ``field`` is the column's name, so that a form shows the words beside it; ``words`` the Chinese sentence.
    """

    field: str
    words: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.words}" if self.code else self.words


def fault(code: str, field: str, **values: object) -> Fault:
    """The fault ``code`` at ``field``; ``values`` fill the message."""
    return Fault(field, MESSAGES[code].format(**values), code)


class LedgerError(InputError):
    """The record was refused; nothing was written. ``faults`` says what is wrong, field by field."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("；".join(str(one) for one in faults))
        self.faults = tuple(faults)


def refuse(faults: Iterable[Fault | None]) -> None:
    """Go on only where nothing is wrong.

    Raises:
        LedgerError: with everything that is.
    """
    found = [one for one in faults if one is not None]
    if found:
        raise LedgerError(found)
