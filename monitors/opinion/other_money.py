"""Sums of a report that are not what is owed, and what is left of one that was partly paid.

A price for one piece of work (一柜600元), the smallest of many claims (最小的一笔才900元), what a firm is owed by its
client (结算1926万元，尚有546万元未付) are no wages. 工资六万九，只转了一万五，余下的五万四没给: what is left goes
before the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from monitors.opinion.figures import Fact
from monitors.opinion.numerals import numbers

_PIECE_BEFORE = re.compile(
    "(?:一|1|每)(?:节课|堂课|[柜车吨斤趟件单方米晚场节篓筐袋棵株亩平班页张块]|公斤|平米|平方米?|小时|公里|个工)(?:是|算|只给|给)?$"
)
_EXTREME = re.compile(
    "最(?:小|少|大|多|高|低)(?:的)?(?:一?[笔个位人名户]|者)?(?:的)?(?:才|仅|只|达|有|欠|为|是){0,2}[^，。！？；0-9]{0,4}$"
)
_TO_A_FIRM = re.compile(
    "(?:欠|差|付给?|支付给?)(?:着|了)?[^，。！？；0-9]{0,6}(?:公司|银行|信用社|劳务队|供应商|材料商|分包商|供货商|商户)"
    "(?!的?(?:工人|员工|民工|农民工|职工))[^，。！？；0-9工薪]{0,6}$"
)
_SETTLED = re.compile("(?:结算|审定|合同价|总造价|合同额|产值)[^。！？；]{0,40}$")
# 工资保证金，缺口145万元; 周转金不足: what an office holds ready.
_HELD_READY = re.compile("(?:保证金|风险金|周转金|准备金)[^。！？；]{0,8}(?:缺口|差额|不足)[^，。0-9]{0,4}$")
_WAGES = re.compile("工资(?!保证金|专户|保函)|薪|工钱|劳动报酬|劳务费|人工|血汗钱|民工|工人")
_AND_MORE = re.compile("(?:元|块)?(?:钱)?(?:和|及|以及|加上|另加|还有)[^，。！？；元块万]{0,14}")
NOT_WAGES = re.compile(
    "补偿|赔偿|押金|保证金|材料|货款|工程款|机械|台班|罚|医药|医疗|利息|房租|社保|奖金|年终奖|生活费|分别"
)
# 我们二十七人占87.2万: our part of what the firm owes all.
_OUR_PART = re.compile("(?:我们|咱们)[^，。！？；]{0,12}占(?:了)?(?:其中)?(?:的)?$")
_REACH = 30


def is_our_part(before: str) -> bool:
    """Whether the words before a sum make it the tellers' part of a larger one."""
    return bool(_OUR_PART.search(before))


def is_other(text: str, start: int, end: int, sentence: int) -> bool:
    """Whether the sum at ``text[start:end]`` is a price, one of many or a firm's own claim; ``sentence``: its start."""
    near = text[max(sentence, start - 24) : start]
    if _PIECE_BEFORE.search(near) or _EXTREME.search(near) or _TO_A_FIRM.search(near) or _HELD_READY.search(near):
        return True
    return bool(_SETTLED.search(text[sentence:start])) and not _WAGES.search(
        text, max(sentence, start - _REACH), min(len(text), end + 14)
    )


def left_of(best: Fact, found: Sequence[Fact], text: str) -> Fact:
    """The sum still owed where ``best`` is the whole and the difference was paid: 六万九 less 一万五 is 五万四."""
    if best.field != "text":
        return best
    told = {int(number.value * 100) for number in numbers(text) if number.value}
    for fact in found:
        if (
            fact.field == "text"
            and fact.basis == "尚欠"
            and fact.value < best.value
            and best.value - fact.value in told
        ):
            return replace(fact, why=f"{fact.why}，已付部分不计")
    return best


def with_its_other_half(best: Fact, found: Sequence[Fact], text: str, label: str) -> Fact:
    """10月份工资5100元和11月份8天的1360元: two wages joined in one clause, and no total told, are added."""
    if best.field != "text" or best.basis == "合计":
        return best
    for fact in found:
        if fact.field != "text" or fact.value == best.value:
            continue
        first, second = sorted((best, fact), key=lambda one: one.start)
        between = text[first.end : second.start]
        if _AND_MORE.fullmatch(between) and not NOT_WAGES.search(text[max(first.start - 8, 0) : second.end + 6]):
            why = f"{label}{text[first.start : first.end]}＋{text[second.start : second.end]}，两项相加"
            return replace(first, value=first.value + second.value, end=second.end, why=why, basis="合计", open=False)
    return best
