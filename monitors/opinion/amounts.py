"""How much is owed, with the words that say so.

Every sum of the report is a candidate; the words around it in its clause give it a score (owed wages, a fine, a
contract sum, monthly pay…). The best candidate above a bar is taken, else nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from monitors.opinion import headcounts, other_money, sums
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

_YUAN = re.compile("^(?:多|余)?(?:元|块|圆|人民币|rmb)(?:钱)?")
_OWED = re.compile(
    "拖欠|欠|克扣|未付|未发|没发|没给|未给|未支付|讨要|讨|追讨|索要|追回|追索|追发|要回|截留|停发|兑付|兑现|执结|执行到位|被拖|剩余|尚|清偿|挪用|转移|抵|未结|付清|支付|垫付|还在等|等着|盼着|还差|挽回"
)
_WAGE = re.compile(
    "工资(?!保证金|专户|专用账户|保函|支付保障|表|条|卡)|薪|工钱|劳动报酬|血汗钱|劳务费|劳务款|人工费|民工款|报酬|加班费|绩效|欠款|汗水钱|辛苦钱|工人安装款|案款|执行款"
)
_WAGE_AFTER = re.compile(
    "^(?:元|块|圆|人民币)?(?:钱)?(?:左右|以上|的|多|余){0,6}[^，。！？；0-9]{0,8}?(?:工资|欠薪|工钱|薪|血汗钱|辛苦钱|汗水钱|打工钱|劳动报酬|劳务费|劳务款|人工费|报酬|欠款|案款|执行款)"
)
_OTHER = re.compile(
    "路费|车费|稿费|服务费|台班费|机械款|管理费|停车费|罚金|罚款|罚|处以|赔偿金|补偿|赔偿|餐费|合同|工程款|造价|投资|货款|材料款|材料费|贷款|借款|注册资本|注册资金|市值|押金|定金|保证金|周转金|股价|"
    "成交|拍卖|标的|被收|收费|索赔|餐|利息|奖励|慰问金|租金|房租|流转费|医疗费|医药费|治疗费|机械费|设备款|彩礼|保险|公积金|社保|首付|总价|中标|工程总|营业额|欠税|税|利润|套现"
)
_RATE = re.compile(
    "每月|每人|日工资|保底|每天|每个月|(?<!个)月薪|日薪|底薪|(?<!个)月工资|人均|平均|一个月|每平|元/|/月|/天|一天|按照|单价|约定工资|工资标准|每年|年薪|时薪|每班|每小时|绩效"
)
_RATE_AFTER = re.compile(
    "^(?:多|余)?(?:元|块)?(?:钱)?(?:/|一个月|每月|一天|每天|/月|一平|每平|一米|一间|一个工|的月薪|月薪|以上的月)"
)
# 合计8.06万元，其中工资7.82万元: of a mixed sum the wages are told apart.
_OF_IT_WAGES = re.compile(
    "其中(?:拖欠|欠|未付|应付)?(?:的)?(?:农民工|民工|工人|人工|员工)?(?:工资|薪|劳动报酬|人工费|工钱|人工)[^，。！？；0-9]{0,4}$"
)
_BAR = 2.0
_IN_REACH = 40
_NEARLY, _SURER = 0.9, 1.5  # the least score of an exact figure within a tenth of the round one, and beyond
_CREWS = 8
_CREW = 5000  # persons of one crew whose sums may be worked out
_LEAST_EACH = 100  # 元
_HEADS = re.compile("(?:名|位|个)?(?:人(?![均民])|工|农民工|员工|民工|职工)")
_BESIDE = 10  # characters between a sum and the words for wages owed that still are one phrase
_WHY = "欠薪金额："
_PLAUSIBLE = 1_000_000_000  # 元: above this only totals over many cases are wages; 62亿 is what investors lost
_MANY_CASES = re.compile("全国|全省|各地|各级|累计|共为|同比|今年")
_COUNTED = re.compile(
    "[名个人位户件家起次平方米吨公里亩株只头台套枚辆斤袋桶步条瓶票份场本箱车款字年月日号楼栋间]|多?[名人户家件枚]|美元|港元|韩元|日元|欧元|美金"
)
_STILL_OWED = re.compile(
    "(?:还|尚|仍|下|总计|总共|共|合计)(?:拖)?欠[^，。！？；]{0,8}$|差额(?:为|共|达)?$|未付清[^，]{0,4}$|尚有$|剩余(?:的)?$|[余剩]下(?:的|来的|那)?$|仍有$|还剩$|[还尚]差$"
)
_UNPAID = re.compile(
    "[^。！？；0-9]{0,14}?(?:未给|没给|未付|没付|没有给|至今未|至今没|不给|没有支付|未支付|没结|未结|未兑现|没兑现|未拿到|没拿到)"
)
# 血汗钱4.6万元: words that never stand for a monthly rate.
_PLAINLY = re.compile(
    "(?:血汗钱|辛苦钱|汗水钱|欠薪|拖欠的?工资|劳动报酬)(?:共计?|计|合计|约|近|达|高达|超过?|逾){0,6}$"
)
_TOTAL = re.compile(
    "(?:共计?|合计|累计|总额|金额|总数|总计|总共|涉案[^，]{0,4})(?:人民币|达到?|高达|多达|为|是|近|约|超过?|过|逾){0,6}$"
)
_COUNT = "[0-9一二两三四五六七八九十百千]{1,12}[多余]?(?:名|位|个)?"
# 每月工资90500，总计457750: a total written without its unit.
_UNITLESS_TOTAL = re.compile("(?:工资|薪|工钱)[^。！？；]{0,30}(?:总计|合计|共计)$")
# 支付44名农民工58万元, 为26名农民工发放执行款40万元: the sum right behind those it is for.
_FOR_WORKERS = re.compile(
    "(?:支付|发放|追回|讨回|追讨|追发|要回|兑付|清偿|拖欠|欠|给|为|帮)[^，。！？；]{0,6}"
    + _COUNT
    + f"[^，。！？；0-9]{{0,4}}(?:{WORKER})(?:们)?(?:的)?"
    + "(?:发放|追回|追讨|追索|清欠|讨回|兑付|支付|追发|要回)?[了到]?"
    + "(?:执行款|工资|案款|欠薪|劳动报酬)?(?:共计?|合计|近|约|总计){0,6}$"
)
_CASE = re.compile("拖欠" + _COUNT)  # 前者拖欠237名劳动者劳动报酬801万元；后者拖欠280名…: cases side by side
_TO_WORKERS = re.compile(
    "[多余]?元?(?:优先|直接|先|全部|一次性|如数){0,6}(?:付|给|发|支付|打|转|汇|存|送|交)(?:给|到|入|进|至)?(?:了)?"
    "(?:[0-9一二两三四五六七八九十百]{1,6}[多余]?[名位个])?(?:农民工|民工|工人|员工|[\u4e00-\u9fff]{1,3}工(?![程地资]))"
)
_THEIRS = re.compile(rf"(?:[0-9]个?人(?:一起|共|合计|总共)|(?:{WORKER})的)$")
# 涉及企业100家、劳动者7000人、金额过亿元: one row of figures, persons before money.
_ROW = re.compile(f"(?:{WORKER})[^，。！？；、]{{0,4}}{_COUNT}万?[多余]?[名位]?人?、[^，。！？；、0-9]{{0,8}}$")
_RECEIVED = re.compile("[^，。！？；0-9]{0,10}?(?:到手|到账|领到|拿到|追回|讨回|要回|发放到位|兑现)")
_COINS = re.compile(
    "(?:枚|个)(?:面值)?为?(?P<face>[一1五5两2])?(?P<unit>[元块角毛分])(?:钱|面值)?的?(?:硬币|钢镚|纸币|零钱)"
)
_FACES = {"一": 1, "1": 1, "五": 5, "5": 5, "两": 2, "2": 2, None: 1}
_FEN = {"元": 100, "块": 100, "角": 10, "毛": 10, "分": 1}
_FACE_VALUE = re.compile("[元块](?:钱|面值)?的?(?:硬币|钢镚|纸币)")
_PER_HEAD = (
    "(?:每(?:个?人|名(?:工人|员工|农民工|民工)?|位)|人均|一(?:个)?人(?=[差欠短0-9一二两三四五六七八九])|"
    "各(?=[0-9一二两三四五六七八九]))"
)
_EACH = re.compile(_PER_HEAD + "[^，。！？；0-9]{0,10}$")
_EACH_OWED = re.compile(_PER_HEAD + "[^，。！？；0-9月天日]{0,8}$")
_PER_HEAD_HERE = re.compile(_PER_HEAD)
_ABOUT = re.compile("(?:多|余|来)?(?:元|块)?(?:钱)?(?:左右|上下|以上|不等|的样子|到[0-9]|/|每|一天|一个月)")
_ABOUT_BEFORE = re.compile("约|近|超|大概|差不多|多于|不到|少则|从|月|天|日|应|奖|罚|补|餐|押|交|缴")
_PARTS = 3  # so many sums owed to one and another, and no total said: none of them is the figure
_JOINED_WAGE = re.compile("^[、和及与][^，。！？；]{0,4}(?:工资|薪|工钱|劳务)")
_THIS_YEAR = re.compile("今年以来[^。]{0,12}(?:办理|受理|查处|处理)[^。]{0,24}(?:件|起)")
_MEDICAL = re.compile("(?:医疗|医药|治疗|住院)费[^，。！？；]{0,6}$")
_DEMANDED = re.compile("要求|请求|主张|责令|判令|应当|应支付|须|讨要|合起来|算下来")
_PAID = re.compile(
    "(?:已|曾|先后|只|仅|陆续|共|才)?(?:支付|发放|付了|给了|发了|预付|付过|打了|已付|已垫付|已先行垫付)[^，。]{0,8}$"
)


def amount(title: Reading, text: Reading) -> Fact | None:
    """Wages owed, or recovered where only that is stated, in 分; None for ranges (十几万, 数百万).

    ``why`` tells, where another sum of the report could have been meant, which one and why this one was taken.
    """
    found: list[Fact] = []
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    for field, reading in fields:
        found.extend(_money_candidates(field, reading, headed=bool(title.mentions)))
    found = summed(found)
    found, product = _each_and_all(found, fields)
    best = strongest(found, bar=_BAR)
    if best is None:
        return product or sums.told_apart(fields, _WHY)
    cases = [fact for fact in found if fact.basis == "每案"]
    if best in cases:
        best = side_by_side(best, cases, _WHY)
    if _only_parts(best, found, text.view.text):
        return None
    best = other_money.left_of(best, found, text.view.text)
    best = other_money.with_its_other_half(best, found, text.view.text, _WHY)
    exact = _sharper(best, found)
    return chosen(exact, [fact for fact in found if fact.score >= _BAR and not _same_sum(fact, best)])


def _money_candidates(field: Field, reading: Reading, *, headed: bool) -> Iterator[Fact]:
    text, near = reading.view.text, Nearness(reading.mentions)
    for number in numbers(text):
        if number.value is None or number.value <= 0 or number.value > Decimal(10) ** 13:
            continue
        coins = _COINS.match(text, number.end)
        if coins:
            if near.apart(number.start, coins.end()) <= _IN_REACH:
                fen = int(number.value * _FACES[coins["face"]] * _FEN[coins["unit"]])
                yield Fact(fen, field, number.start, coins.end(), _WHY + text[number.start : coins.end()], 2.2)
            continue
        if number.value <= 100 and _FACE_VALUE.match(text, number.end):
            continue  # 5000枚一元硬币: the coin, not the pay
        shown = text[number.start : number.end]
        unit = _YUAN.match(text[number.end : number.end + 6])
        if (
            unit
            and shown[0] in "千百"
            and not re.search("[近超过上约]$", text[max(0, number.start - 1) : number.start])
        ):
            continue
        large = (
            number.value >= 1000
            and re.search("[万亿w]", shown)
            and not _COUNTED.match(text[number.end : number.end + 2])
        )
        bare = (
            number.value >= 300
            and shown.isdigit()
            and not 1980 <= number.value <= 2040
            and (
                _UNITLESS_TOTAL.search(text, max(0, number.start - 40), number.start)
                or re.match("工资|欠薪|薪水|工钱|血汗钱", text[number.end : number.end + 3])
                or (
                    number.value >= 500
                    and re.search(
                        "(?:工资|薪|工钱|欠款)(?:共|为|是|合计|总计|共计)?$",
                        text[max(0, number.start - 8) : number.start],
                    )
                    and not re.match("[名个人位年月]", text[number.end : number.end + 1])
                )
            )
        )
        if not (unit or large or bare):
            continue
        if number.value > _PLAUSIBLE and not _MANY_CASES.search(text[max(0, number.start - 60) : number.start]):
            continue
        end = number.end + (unit.end() if unit else 0)
        score, basis = _money_score(text, number, end, near, headed=headed)
        if score > 0:
            score += 0.4 if field == "title" else 0.0
            fen = int(number.value * 100)
            yield Fact(fen, field, number.start, end, _WHY + text[number.start : end], score, basis, number.open)


def _money_score(text: str, number: Number, end: int, near_to: Nearness, *, headed: bool) -> tuple[float, str]:
    left, right = clause_of(text, number.start, end)
    sentence_left, _ = sentence_of(text, number.start, end)
    before = text[left : number.start]
    near = before[-14:]
    behind = text[number.end : min(right, number.end + 18)]
    distance = near_to.apart(number.start, end)
    score = 1.4 if distance <= 3 else 1.0 if distance <= 16 else 0.5 if distance <= _IN_REACH else 0.0
    score += 1.0 if _OWED.search(near) else 0.0
    score += 1.0 if re.search("主张(?:的)?(?:工资|欠薪|劳动报酬)?$", near) else 0.0
    wage_here = bool(_WAGE.search(near))
    score += 0.8 if wage_here else 0.0
    score += 1.2 if _WAGE_AFTER.match(text[number.end : min(right, number.end + 20)]) else 0.0
    total = _TOTAL.search(near)
    score += 0.5 if total else 0.0
    if distance <= 60 and left > sentence_left and (total or re.fullmatch("(?:共计|合计|涉及|人民币|近|约)?", before)):
        # 拖欠…17人…的工资，共计155,486元 / 共计25人，25.8万余元: the sum stands in a clause of its own.
        score += (
            1.2
            if total or re.search("[0-9][多余]?(?:名|位|个)?[^，]{0,5}[人工]，$", text[max(0, left - 14) : left])
            else 0.0
        )
    score += 0.6 if total and distance <= _BESIDE else 0.0
    score += 0.4 if _PLAINLY.search(near) else 0.0
    score += 1.2 if _ROW.search(before[-24:]) else 0.0
    theirs = bool(_THEIRS.search(near))
    for_workers = bool(_FOR_WORKERS.search(before[-28:]))
    score += 1.5 if for_workers or theirs else 0.0
    to_them = bool(_TO_WORKERS.match(text, number.end))
    score += 1.7 if to_them else 0.0
    if _RECEIVED.match(text, end) and (theirs or distance <= _BESIDE or _WAGE.search(text[end : end + 8])):
        score += 0.8
    other = _other_money(near, behind)
    still = bool(_STILL_OWED.search(near)) and not _MEDICAL.search(near)
    score += 2.7 if still else 0.0
    score += 0.5 if re.search("(?:还|尚|仍)(?:拖)?欠[^，]{0,6}$", near) else 0.0
    unpaid = _unpaid_after(text, end)
    score += unpaid
    if headed and distance > _IN_REACH and (unpaid or still or to_them):
        score += 0.4  # the headline says whose money this is
    score += (
        0.8
        if re.search(
            "执行到位|兑现|案款|执行款|追回|挽回|领到|拿到", text[max(sentence_left, number.start - 24) : number.start]
        )
        else 0.0
    )
    score -= other
    if other_money.is_other(text, number.start, end, sentence_left):
        return 0.0, ""
    of_it = bool(_OF_IT_WAGES.search(near))
    score += 3.2 if of_it else 3.0 if other_money.is_our_part(before) else 0.0
    if not for_workers and _THIS_YEAR.search(text[sentence_left : number.start]):
        score -= 4.0  # what an office recovered in all its cases, not what is owed in this one
    if _RATE.search(near[-8:]) or _RATE_AFTER.match(behind):
        score -= 2.0
    if (
        _PAID.search(before[-14:])
        and not for_workers
        and not re.search("欠|追|未|拒", near)
        and not _DEMANDED.search(before)
    ):
        score -= 1.2
    if re.search("超过$", near) and re.search("总额超过$", near):
        score -= 1.0
    case = for_workers and _CASE.search(before[-28:])
    return score, "合计" if total else "尚欠" if still else "每案" if case else ""


def _unpaid_after(text: str, end: int) -> float:
    """共8400元，老板至今未给: the sum first, then that it was not paid."""
    match = _UNPAID.match(text, end)
    if not match:
        return 0.0
    return 2.0 if match.end() - end <= 6 else 1.2


def _other_money(near: str, behind: str) -> float:
    """How far the words beside a sum say it is something else than wages: the nearest noun decides."""
    others = list(_OTHER.finditer(near))
    wages = list(_WAGE.finditer(near))
    after = re.match("^(?:多|余)?(?:元|块)?(?:钱)?(?:的)?(?:" + _OTHER.pattern + ")", behind)
    if after:
        return 0.0 if _JOINED_WAGE.match(behind[after.end() :]) else 1.8
    if not others:
        return 0.0
    if wages and wages[-1].end() > others[-1].start():
        return 0.0
    if wages and re.search("[、和及与]", near[wages[-1].end() : others[-1].start() + 1]):
        return 0.2
    return 1.8


def _each_and_all(found: list[Fact], fields: tuple[tuple[Field, Reading], ...]) -> tuple[list[Fact], Fact | None]:
    """每人8000元 and 30人 make 24万元: the stated total that agrees is surer; unstated, it is worked out."""
    product: Fact | None = None
    for field, reading in fields:
        text = reading.view.text
        if not _PER_HEAD_HERE.search(text):
            continue
        read_here = numbers(text)
        persons = {
            int(one.value)
            for one in read_here
            if one.value and 2 <= one.value <= _CREW and not one.open and _HEADS.match(text, one.end)
        }
        if not persons:
            counted = headcounts.left_over(fields, _WHY)
            persons = {counted.value} if counted and counted.value <= _CREW else set()
        if len(persons) > _CREWS:
            continue  # a roll of many crews: nobody can say which count goes with which rate
        for each in read_here:
            if (
                not each.value
                or each.value < _LEAST_EACH
                or not _EACH.search(text[max(0, each.start - 20) : each.start])
            ):
                continue
            beside = text[max(0, each.start - 28) : each.end + 12]
            if not _OWED.search(beside) and not _WAGE.search(beside) and not re.search("[差短吞]|没[给发拿]", beside):
                continue  # 每人1万元的餐费
            for count in persons:
                whole = int(each.value * count * 100)
                why = f"，与每人{text[each.start : each.end]}元×{count}人相符"
                found = [
                    replace(one, score=one.score + 1.0, why=one.why + why, basis="合计")
                    if one.value == whole and one.score >= 1 and "相符" not in one.why
                    else one
                    for one in found
                ]
            owed = _EACH_OWED.search(text[max(0, each.start - 20) : each.start])
            about = _ABOUT.match(text, each.end) or _ABOUT_BEFORE.search(owed.group() if owed else "")
            if owed and not about and not each.open and len(persons) == 1 and product is None:
                count = next(iter(persons))
                why = f"{_WHY}每人{text[each.start : each.end]}元×{count}人，未见合计"
                product = Fact(int(each.value * count * 100), field, each.start, each.end, why, _BAR, "合计")
    return found, product


def _only_parts(best: Fact, found: list[Fact], text: str) -> bool:
    """欠我4万，欠老王3.7万，欠小朱3.5万 and no total over them: none of these is what is owed in all."""
    if best.field == "title" or best.why.count("相符"):
        return False
    left, right = sentence_of(text, best.start, best.end)
    parts = {one.value for one in found if one.field == "text" and left <= one.start < right and one.score >= _BAR}
    owed = len(re.findall("欠", text[left:right]))
    return len(parts) >= _PARTS and owed >= _PARTS and best.value < sum(parts) - best.value


def _same_sum(fact: Fact, best: Fact) -> bool:
    return fact.value == best.value or abs(fact.value - best.value) < _step(best)


def _step(fact: Fact) -> int:
    """How far an exact figure may lie above: 2万余 is below 3万, 12.6万 below 12.7万."""
    return 10 ** (len(str(fact.value)) - _digits(fact.value)) if fact.open else fact.value // 10


def _sharper(best: Fact, found: list[Fact]) -> Fact:
    """10万多元 here and 104757元 there are one sum: the exact figure is kept."""
    exact = [
        fact
        for fact in found
        if best.value * 1.0005 < fact.value < best.value + _step(best)
        and fact.score >= (_NEARLY if fact.value < best.value * 1.1 else _SURER)
        and _digits(fact.value) > _digits(best.value)
    ]
    return max(exact, key=lambda fact: fact.score, default=best)


def _digits(value: int) -> int:
    return len(str(value).rstrip("0"))
