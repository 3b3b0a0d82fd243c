"""How many workers are unpaid, with the words that say so.

Every number of the report is a candidate; the words around it in its clause give it a score (owed wages, injured
persons, policemen…). The best candidate above a bar is taken, else nothing: a missing number is asked for, an invented
one misleads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitors.opinion import headcounts, singles
from monitors.opinion.figures import (
    WORKER,
    Fact,
    Field,
    Nearness,
    chosen,
    clause_of,
    sentence_of,
    side_by_side,
    strongest,
    summed,
)
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import Number, numbers

_PERSON_AFTER = re.compile(
    rf"(?:(?P<unit>名|位|个|人|号(?=人|工|民|农|员|老|兄|弟))(?P<kind>[^，。！？；、：0-9]{{0,6}}?(?:{WORKER}))?|(?P<bare>(?:建筑|外来|女|男|老|青年|一线|被欠薪?)?(?:{WORKER}))?)"
)
_NOT_WORKERS = re.compile(
    "^(?:多|余)?(?:名|位|个)?(?:[^，。！？；、]{0,4}(?:违法|嫌疑|失信|民警|警察|警力|消防|官兵|指战员|干部|领导|律师|法官|仲裁员|执法|工作人员|记者|保安持|股东|老板|被告|嫌疑|"
    "包工头|工头|代表|企业|公司|单位|项目|部门|小时|小区|城市|人次|阶段|名额|专班|街道|门店|分店|方面|环节|问题|孩子|子女|小孩|学生|家长|顾客|"
    "业主|租客|房东|客户|读者|网友|亲友|工作日|督查组|地市|材料商|供应商|商户|债权人|工作组|班组长)"
    "|月|年|天|县|市|乡|镇|村|州|省|楼|层|号(?!人|工|民|农|员|老|兄|弟)|栋|期|件|起|案|批|组|元|块|万|亿|岁|日|时|点|分|届|项|处|家|标|路|街|区|段|条|米|吨|平|%|工地|班组|"
    "儿子|女儿|工日|工班|口人|口之家)"
)
# 9人诉某公司, 12人到项目部: what follows a whole count of persons is what they do, not what they are.
_DOES = re.compile(
    "^(?:多|余)?人(?:诉|与|和|向|被|把|将|到|在|同|因|的|找|告|讨|追|受|跟|为|给|从|于|去|来|没|未|至今|干|做|打工|工资|均|都|共|一起|起诉|拿|领|集体)"
    "(?![^，。！？；、]{0,3}(?:违法|嫌疑|失信|被拘|落网))"
)
# 班组37人的工资被拖欠，其中木工12人: a part of what was counted, unless its own clause says it is unpaid.
_PART_OF = re.compile("其中[^。！？；]{0,16}$")
_PAY_NOW = re.compile("(?:支付|补发|发放|追发|清偿|兑付|结清|讨回|要回|付清)(?:了|拖欠|所欠|欠)?$")
_OURS = re.compile(
    "(?:我们|他们|她们|我等|咱们|一行|同村|工友|老乡|班组|队里|手下|一共|全体|全班组?)[^，。！？；0-9]{0,3}$"
)
_HURT = re.compile(
    "受伤|死亡|被打|遇难|伤者|获救|住院|中毒|被拘|被抓|落网|涉嫌犯罪|到场|赶到|出动|参加|出席|培训|就业|转移|检查|排查|宣传|讲解|发放.{0,4}资料"
)
_OWED_BEFORE = re.compile(
    "拖欠|欠|克扣|涉及|涉|共|合计|总计|包括|等|带|雇|招|我们|为|帮|替|尚|及|和|与|支付|发放|追|停发|一起|的|有|是|达|计"
)
_WORKER_BEFORE = re.compile(
    rf"(?:{WORKER})(?:人数|总数)?(?:达到?|超过?|近|共计?|约|有|合计|总计|一共|为|逾|就有){{0,6}}$"
)
_MONEY_BEFORE = re.compile("薪$|工资$|欠$|讨$|款$|钱$")
_BAR = 2.0
_WHY = "涉及人数："
_ROUND = re.compile("：(?:[近上约超过]?[一数]?[百千][多余]?)(?:名|位|个|人|号|(?=[\u4e00-\u9fff]))")
_CASE = re.compile("拖欠[0-9]{1,12}[多余]?(?:名|位|个)")
_PAID_EACH = re.compile("(?:的)?(?:劳动报酬|工资|薪酬|劳务费)[^，。！？；]{0,4}[0-9]")
_SUM_RATHER = 1000  # 欠8000民工工资 is a sum, 欠300员工工资 a count
_TOTAL = re.compile("共|合计|总计|总共|累计|涉及|全体|一共|所有|总人数|全部")
_ONE_MORE = re.compile(
    "(?:我|本人|他|她|某|您|你|师傅|女士|先生)(?:和|及|与|带着|带领|同|跟|以及)(?:其它|其他|另外|另|其余|我的|我们|的|同车间|同班组|同村|同厂|同队){0,6}$"
)
_ALL_TOLD = re.compile("(?:连|算上|加上|包括|含)[^，。！？；]{1,5}在内，?(?:一共|共|总共|共计|合计)?(?:有)?$")
# 其余8人工资均已结清: those who are paid beside those who are not.
_THE_REST, _PAID_UP = (
    re.compile("(?:其余|其他|其它|另外|另有|剩下|余下)(?:的)?$"),
    re.compile("(?:均|都|已|全部)[^，。]{0,3}(?:结清|付清|发放|发清|拿到|领到|兑现|支付)"),
)
_ON_THE_BOOKS = re.compile("(?:在册|登记|总人数|职工总数)[^，。]{0,6}$")
_NOT_YET_HERE = re.compile("未发|没发|未付|没付|未领|没领|未支付|未结|没结")
_NOT_YET = re.compile("[^。！？；]{0,24}(?:未发|没发|未付|没付|未领|没领|欠|拖|未支付)")
_WITH_SELF = re.compile("(?:连|加上|算上|包括)(?:他|她|我)?(?:自己|本人|我)(?:一共|共|总共)?$")


def workers(title: Reading, text: Reading) -> Fact | None:
    """Persons whose wages are (or were) owed: the stated floor (50余人 → 50), None for ranges (数十人).

    ``why`` tells, where another count of the report could have been meant, which one and why this one was taken.
    """
    found: list[Fact] = []
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    for field, reading in fields:
        found.extend(headcounts.joined(list(_person_candidates(field, reading)), reading.view.text, _WHY))
    found = summed(found)
    best = _sharper(strongest(found, bar=_BAR), found)
    if best is None:
        return _without_wages_beside(title, text, fields)
    cases = [fact for fact in found if fact.basis == "每案"]
    if best in cases:
        best = side_by_side(best, cases, _WHY)
    return chosen(best, [fact for fact in found if fact.score >= _BAR and fact.value != best.value])


def _without_wages_beside(title: Reading, text: Reading, fields: tuple[tuple[Field, Reading], ...]) -> Fact | None:
    """One person told of plainly, else a count that stands apart, else who alone tells of his pay."""
    one = singles.single(title, text)
    if one is None or one.field == "title":
        counted = headcounts.left_over(fields, _WHY)
        if one is None or (counted and counted.why.endswith(title.view.text[one.start : one.end])):
            return counted or singles.by_subject(title, text)  # 六名大学生 below, 大学生 in the headline
    return one


def _sharper(best: Fact | None, found: list[Fact]) -> Fact | None:
    """百余名 here and 120名 there are one crowd: the exact count is kept."""
    if best is None or best.value % 100 or not _ROUND.search(best.why):
        return best
    exact = [fact for fact in found if best.value < fact.value < best.value * 1.5 and fact.score >= _BAR - 0.6]
    return max(exact, key=lambda fact: fact.score, default=best)


def _person_candidates(field: Field, reading: Reading) -> Iterator[Fact]:
    text, near = reading.view.text, Nearness(reading.mentions)
    for number in numbers(text):
        if number.value is None or number.value != int(number.value) or not 1 <= number.value <= 2_000_000:
            continue
        after = _PERSON_AFTER.match(text, number.end)
        if not after or not (after["unit"] or after["bare"]):
            continue
        if after["unit"] == "个" and not after["kind"] and not text.startswith("人", after.end()):
            continue
        if number.value == 1:
            continue  # 一名工人 is told by ``singles``: most "one"s of a report are somebody else
        if (
            after["kind"] is None
            and after["unit"] in ("名", "位")
            and not _owner_follows(text, after.end())
            and not _WORKER_BEFORE.search(text[max(0, number.start - 16) : number.start])
        ):
            continue
        if (
            after["bare"]
            and number.value >= _SUM_RATHER
            and _MONEY_BEFORE.search(text[max(0, number.start - 3) : number.start])
        ):
            continue  # 讨薪3.2万 农民工…: the sum, then the worker
        if (
            after["bare"]
            and number.value >= _SUM_RATHER
            and re.match("[^，。]{0,2}(?:款|工资|薪|血汗钱|工钱)", text[after.end() : after.end() + 6])
        ):
            continue
        score, value, why = _person_score(text, number, after, near)
        if score:
            end = max(after.end(), number.end)
            basis = "每案" if _CASE.search(text[:end], max(0, number.start - 6)) and _PAID_EACH.match(text, end) else ""
            yield Fact(value, field, number.start, end, why, score + (0.6 if field == "title" else 0), basis)


def _owner_follows(text: str, at: int) -> bool:
    return bool(re.match("[^，。！？；、0-9]{0,6}(?:人|工|员|者|师|手)", text[at : at + 8]))


def is_no_count(before: str, behind: str, clause: str) -> bool:
    """Whether what is counted are no workers, a number of something else, or workers who were paid up."""
    others = _NOT_WORKERS.match(behind) and not _DOES.match(behind)
    if others and not re.match(f"(?:名|位|个)?(?:被欠|被拖)?(?:{WORKER})", behind):
        return True
    return bool(re.search("第$|[0-9]$|约定$|号$", before) or (_THE_REST.search(before) and _PAID_UP.search(clause)))


def _person_score(  # noqa: C901 - one line per sign for or against
    text: str, number: Number, after: re.Match[str], near: Nearness
) -> tuple[float, int, str]:
    left, right = sentence_of(text, number.start, after.end())
    before = text[max(left, number.start - 16) : number.start]
    behind = text[number.end : min(right, number.end + 16)]
    value = int(number.value or 0)
    kind = after["kind"] or after["bare"] or ""
    clause_left, clause_right = clause_of(text, number.start, after.end())
    clause = text[clause_left:clause_right]
    came = headcounts.is_visiting_or_staff(text[max(left, number.start - 24) : number.start])
    if came or is_no_count(before, behind, clause):
        return 0.0, value, ""
    distance = near.apart(number.start, after.end())
    score = 1.0 if after["unit"] or kind else 0.0
    score += 1.0 if kind and kind != "人员" else 0.0
    score += 1.6 if distance <= 4 else 1.2 if distance <= 16 else 0.7 if distance <= 40 else 0.0
    score += 0.4 if _OWED_BEFORE.search(before[-6:]) else 0.0
    score += 0.5 if _TOTAL.search(before[-8:]) else 0.0
    score += 1.3 if re.match("(?:名|位|个)?人?(?:共|合计|总共|一共)(?![^，。]{0,3}同)", behind) else 0.0
    score += 1.6 if _WITH_SELF.search(before) else 3.4 if _ALL_TOLD.search(before) else 0.0
    score += 1.2 if _WORKER_BEFORE.search(before) else 0.0
    score += 0.8 if re.search("带了?$|带着$|雇了?$|雇用了?$|雇佣了?$|招了?$|一共有$", before) else 0.0
    if _HURT.search(clause) and distance > 2:
        score -= 1.8
    if re.search(
        "(?:单位|集团|企业|[司厂校院店站场矿]里?)(?:现|共|一共)?(?:有|拥有)(?:在职|正式)?(?:员工|职工|工人)$", before
    ):
        score -= 2.0
    if re.search("(?:走|辞职|离职)了?$", before):
        score -= 2.5
    if re.search("(?:仅剩|只剩|剩下?)[^，]{0,6}$", before):
        score -= 2.5
    elif distance > 6 and re.search("(?:其中|另有|还有|仅有|只有|仅)[^，]{0,6}$", before):
        score -= 0.6
    if (
        re.search(
            "检查|排查|巡查|走访|惠及|覆盖|培训|登记|在册|总人数|职工总数",
            text[max(left, number.start - 40) : number.start],
        )
        and not re.search("拖欠|追发|追回|追讨|欠薪", text[max(left, number.start - 30) : number.start])
        and not _PAY_NOW.search(before)
        and not (_ON_THE_BOOKS.search(before) and _NOT_YET.match(text, after.end()))
    ):
        score -= 3.0
    unpaid = bool(_NOT_YET_HERE.search(text, number.end, clause_right))
    rest_unpaid = bool(_THE_REST.search(before) and _NOT_YET_HERE.search(text, number.end, right))
    if distance and _PART_OF.search(text[left : number.start]) and not unpaid:
        score -= 0.0 if near.begins_within(number.end, clause_right) else 1.5
    elif rest_unpaid or (unpaid and before.endswith("其中")):
        score += 1.6  # 12人已结清，其余3人…尚未发放; 清退20人…其中12名的绩效暂未发放
    score += 0.6 if _OURS.search(before) else 0.0
    if re.search("雇|招|带|组织", before[-8:]) and kind:
        score += 0.5
    if re.search("(?:股东|老板|债权人|供应商|代表|受害|业主|学员)", clause[:40]) and not kind:
        score -= 0.8
    why = f"{_WHY}{text[number.start : max(after.end(), number.end)]}"
    if value < 1000 and (_ONE_MORE.search(before) or headcounts.is_others(text, number.start, after.end())):
        return score + 0.4, value + 1, why + "，另加本人"
    return score, value, why
