"""How many workers are unpaid and how much they are owed, with the words that say so.

Every number of the report is a candidate; the words around it in its clause give it a score (owed wages, a fine, a
contract sum, monthly pay, injured persons…). The best candidate above a bar is taken, else nothing: a missing number
is asked for, an invented one misleads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from monitors.opinion.mentions import Mention, Reading
from monitors.opinion.numerals import Number, numbers

Field = Literal["title", "text"]

_CLAUSE = re.compile("[。！？；\n]|(?<![0-9])，|，(?![0-9])")
_SENTENCE = re.compile("[。！？；\n]")


@dataclass(frozen=True, slots=True)
class Fact:
    """A number taken from ``field``'s view ``[start:end]`` and the Chinese reason for taking it."""

    value: int
    field: Field
    start: int
    end: int
    why: str
    score: float


# ── persons ───────────────────────────────────────────────────────────────────────────────────────────────────────────
_WORKER = (
    "农民工|民工|工人|员工|职工|工友|劳动者|务工者|务工人员|打工者|打工人|老乡|弟兄|兄弟|教师|老师|医生|护士|医护|司机|环卫工|保洁|保安|"
    "骑手|外卖员|快递员|矿工|船员|飞行员|服务员|厨师|教练|协管员|村民|泥工|木工|瓦工|钢筋工|小工|同事|学员工|申请人|当事人|网格员|辅警|临时工|"
    "群演|代课|店员|师傅|大姐|大叔|村医|女工|男工|粉刷工|工匠|劳务人员|务工|施工人员|人员"
)
_PERSON_AFTER = re.compile(
    rf"(?:(?P<unit>名|位|个|人)(?P<kind>[^，。！？；、：0-9]{{0,6}}?(?:{_WORKER}))?|(?P<bare>(?:建筑|外来|女|男|老|青年|一线|被欠薪?)?(?:{_WORKER}))?)"
)
_NOT_WORKERS = re.compile(
    "^(?:多|余)?(?:名|位|个)?(?:[^，。！？；、]{0,4}(?:违法|嫌疑|失信|民警|警察|警力|消防|官兵|指战员|干部|领导|律师|法官|执法|工作人员|记者|保安持|股东|老板|被告|嫌疑|"
    "包工头|工头|代表|企业|公司|单位|项目|部门|小时|小区|城市|人次|阶段|名额|专班|街道|门店|分店|方面|环节|问题|孩子|子女|小孩|学生|家长|顾客|"
    "业主|租客|房东|客户|读者|网友|亲友|工作日|督查组|地市|材料商|供应商|商户|债权人|工作组|班组长)"
    "|月|年|天|县|市|乡|镇|村|州|省|楼|层|号|栋|期|件|起|案|批|组|元|块|万|亿|岁|日|时|点|分|届|项|处|家|标|路|街|区|段|条|米|吨|平|%|工地|班组|"
    "儿子|女儿|工日|工班|口人|口之家)"
)
_HURT = re.compile(
    "受伤|死亡|被打|遇难|伤者|获救|住院|中毒|被拘|被抓|落网|涉嫌犯罪|到场|赶到|出动|参加|出席|培训|就业|转移|检查|排查|宣传|讲解|发放.{0,4}资料"
)
_OWED_BEFORE = re.compile(
    "拖欠|欠|克扣|涉及|涉|共|合计|总计|包括|等|带|雇|招|我们|为|帮|替|尚|及|和|与|支付|发放|追|停发|一起|的|有|是|达|计"
)
_WORKER_BEFORE = re.compile(rf"(?:{_WORKER})(?:人数|总数)?(?:达到?|超过?|近|共计?|约|有|合计|总计|一共|为|逾|就有)*$")
_MONEY_BEFORE = re.compile("薪$|工资$|欠$|讨$|款$|钱$")
_TOTAL = re.compile("共|合计|总计|总共|累计|涉及|全体|一共|所有|总人数|全部")
_ONE_MORE = re.compile("(?:我|本人|他|她|某)(?:和|及|与|带着|带领|同|跟|以及)(?:其它|其他|另外|另|其余|我的|我们|的)?$")
_SINGLE_PERSON = re.compile(
    "(?:女子|男子|小伙|女孩|男孩|老人|老汉|大爷|大妈|女员工|男员工|女工|男工|保姆|外卖员|外卖小哥|骑手|快递员|女生|男生|大学生|研究生|助理)"
    "|(?:一|某|[0-9]{1,2}岁的?)(?:名|个|位)?(?:[^，。0-9]{0,4}?)(?:员工|工人|农民工|民工|司机|厨师|保安|教师|老师|店员|打工人|环卫工)"
    "|^员工(?=讨)"
)
_COLLECTIVE_OWED = re.compile(
    "(?:快递员|骑手|外卖员|民工|员工|工人|教师|职工|老师|协管员|工友|全体|环卫工|司机|医护|我们|众人|多人|业主|保安|队员)"
    "[^，。！？；讨要索自拖欠]{0,4}(?:工资|薪|血汗钱|工钱|劳动报酬)|们"
)
_LONE_ACTOR = re.compile("一(?:名|个|位)?(?:男子|女子|工人|民工|农民工|员工|男工|女工|小伙|老汉|老人|外卖员|工友)")
_SEVERAL = re.compile(
    "们|几十|数十|多名|数名|等人|我们|工友|十几|上百|数百|众多|一群|大批|[0-9二三四五六七八九十百]+(?:余|多)?名?(?:工人|民工|农民工|员工|职工)"
)
# Old people and children held up a placard with the workers: they are their family, and nobody says how many worked.
_VAGUE_CROWD = re.compile(
    "(?:十几|几十|数十|几百|数百|上百|二三十|三四十)(?:多|余)?(?:名|位|个|号|人)|老人(?:和|与|带着|、)?(?:孩子|小孩|儿童)|带着(?:老人|孩子|老小|一家)"
)
_OWED_ME = re.compile("(?:拖欠|欠|克扣|不发|不给|没给|未给)(?:了)?(?:我|本人)(?!们|等|公司|司|厂|单位|校)")
_FIRST_PERSON = re.compile("本人|我(?!们|国|县|市|省|校|院|司|区|厂|等|村|镇|单位|公司|方|局)")
_FIRST_PLURAL = re.compile("我们|咱们|大家|工友|同事|员工们|其他员工|其他人|一批|大伙|我等|全体|很多员工|多名|数名")


def workers(title: Reading, text: Reading) -> Fact | None:
    """Persons whose wages are (or were) owed: the stated floor (50余人 → 50), None for ranges (数十人)."""
    found: list[Fact] = []
    for field, reading in (("title", title), ("text", text)):
        found.extend(_person_candidates(field, reading))  # type: ignore[arg-type]
    best = _best(found, bar=2.0)
    return best or _single(title, text)


def _person_candidates(field: Field, reading: Reading) -> Iterator[Fact]:
    text = reading.view.text
    for number in numbers(text):
        if number.value is None or number.value != int(number.value) or not 1 <= number.value <= 2_000_000:
            continue
        after = _PERSON_AFTER.match(text, number.end)
        if not after or not (after["unit"] or after["bare"]):
            continue
        if after["unit"] == "个" and not after["kind"] and not text.startswith("人", after.end()):
            continue
        if number.value == 1:
            continue  # 一名工人 is told by ``_single``: most "one"s of a report are somebody else
        if after["kind"] is None and after["unit"] in ("名", "位") and not _owner_follows(text, after.end()):
            continue
        if after["bare"] and _MONEY_BEFORE.search(text[max(0, number.start - 3) : number.start]):
            continue  # 讨薪3.2万 农民工…: the sum, then the worker
        if after["bare"] and re.match("[^，。]{0,2}(?:款|工资|薪|血汗钱|工钱)", text[after.end() : after.end() + 6]):
            continue
        score, value, why = _person_score(text, number, after, reading.mentions)
        if score:
            yield Fact(
                value, field, number.start, max(after.end(), number.end), why, score + (0.6 if field == "title" else 0)
            )


def _owner_follows(text: str, at: int) -> bool:
    return bool(re.match("[^，。！？；0-9]{0,4}(?:人|工|员|者)", text[at : at + 8]))


def _person_score(  # noqa: C901 - one line per sign for or against
    text: str, number: Number, after: re.Match[str], mentions: Sequence[Mention]
) -> tuple[float, int, str]:
    left, right = _sentence(text, number.start, after.end())
    before = text[max(left, number.start - 16) : number.start]
    behind = text[number.end : min(right, number.end + 16)]
    value = int(number.value or 0)
    kind = after["kind"] or after["bare"] or ""
    if _NOT_WORKERS.match(behind) and not re.match(f"(?:名|位|个)?(?:被欠|被拖)?(?:{_WORKER})", behind):
        return 0.0, value, ""
    if number.value and re.search("第$|[0-9]$|约定$|号$", before):
        return 0.0, value, ""
    clause_left, clause_right = _clause(text, number.start, after.end())
    clause = text[clause_left:clause_right]
    distance = min((_apart(m, number.start, after.end()) for m in mentions if m.strength >= 0.3), default=999)
    score = 1.0 if after["unit"] or kind else 0.0
    score += 1.0 if kind and kind != "人员" else 0.0
    score += 1.6 if distance <= 4 else 1.2 if distance <= 16 else 0.7 if distance <= 40 else 0.0
    score += 0.4 if _OWED_BEFORE.search(before[-6:]) else 0.0
    score += 0.5 if _TOTAL.search(before[-8:]) else 0.0
    score += 1.2 if _WORKER_BEFORE.search(before) else 0.0
    score += 0.8 if re.search("带了?$|带着$|雇了?$|雇用了?$|雇佣了?$|招了?$|一共有$", before) else 0.0
    if _HURT.search(clause) and distance > 2:
        score -= 1.8
    if re.search("(?:公司|单位|全厂|集团|企业|厂)(?:现|共|一共)?(?:有|拥有)(?:员工|职工|工人)$", before):
        score -= 2.0
    if re.search("(?:仅剩|只剩|剩下?)[^，]{0,6}$", before):
        score -= 2.5
    elif distance > 6 and re.search("(?:其中|另有|还有|仅有|只有|仅)[^，]{0,6}$", before):
        score -= 0.6
    if re.search(
        "检查|排查|巡查|走访|惠及|覆盖|培训|登记|在册|总人数|职工总数",
        text[max(left, number.start - 40) : number.start],
    ) and not re.search("拖欠|追发|追回|追讨|欠薪", text[max(left, number.start - 30) : number.start]):
        score -= 3.0
    if re.search("雇|招|带|组织", before[-8:]) and kind:
        score += 0.5
    if re.search("(?:股东|老板|债权人|供应商|代表|受害|业主|学员)", clause[:40]) and not kind:
        score -= 0.8
    why = f"涉及人数：{text[number.start : max(after.end(), number.end)]}"
    if _ONE_MORE.search(before) and value < 1000:
        return score + 0.4, value + 1, why + "，另加本人"
    return score, value, why


def _single(title: Reading, text: Reading) -> Fact | None:
    """One person's own wages: a headline about one worker, or a complaint in the first person singular."""
    head, whole = title.view.text, text.view.text
    if title.mentions:
        match = _SINGLE_PERSON.search(head)
        crowd = _VAGUE_CROWD.search(head + "\n" + whole[:300])
        if match and not crowd and not _COLLECTIVE_OWED.search(head) and not _many_or_debtor(head, match):
            return Fact(1, "title", match.start(), match.end(), "涉及人数：单人", 1.0)
    actor = _LONE_ACTOR.search(whole[:300])
    if actor and not _SEVERAL.search(head + "\n" + whole) and (text.of("extreme") or text.mentions):
        near = [(h.start, h.end) for h in text.of("extreme")] + [(m.start, m.end) for m in text.mentions]
        if any(0 <= start - actor.end() <= 30 for start, _ in near):
            return Fact(1, "text", actor.start(), actor.end(), "涉及人数：单人", 1.0)
    first = _OWED_ME.search(head + "\n" + whole)
    alone = bool(first) and not re.search("民工|工人|我们|我等|全体", head)
    first = _FIRST_PERSON.search(whole)
    plural = len(_FIRST_PLURAL.findall(whole))
    opening = whole.startswith("本人") and plural == 0
    if (
        first
        and (alone or opening or not _COLLECTIVE_OWED.search(head))
        and plural <= 1
        and (alone or opening or len(_FIRST_PERSON.findall(whole)) >= 2)
        and any(m.strength >= 0.5 for m in (*title.mentions, *text.mentions))
        and not re.search("民工|员工工资|工人工资|我司|我公司|我单位|我代表", head + whole[:400])
    ):
        return Fact(1, "text", first.start(), first.end(), "涉及人数：本人", 1.0)
    return None


def _many_or_debtor(head: str, match: re.Match[str]) -> bool:
    if (
        re.search("[名位们多等众数几各全]$|集体|[0-9]人?$", head[max(0, match.start() - 2) : match.start()])
        and head[match.start()] not in "一某"
    ):
        return True
    behind = head[match.end() : match.end() + 8]
    return bool(re.match("[^，。被]{0,3}(?:拖欠|欠(?!薪)|恶意)|们", behind))


# ── money ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_YUAN = re.compile("^(?:多|余)?(?:元|块|圆|人民币|rmb)(?:钱)?")
_OWED = re.compile(
    "拖欠|欠|克扣|未付|未发|没发|没给|未给|未支付|讨要|讨|追讨|索要|追回|追索|追发|要回|截留|停发|兑付|兑现|执结|执行到位|被拖|剩余|尚|清偿|挪用|转移|抵|未结|付清|支付|垫付|还在等|等着|盼着"
)
_WAGE = re.compile(
    "工资|薪|工钱|劳动报酬|血汗钱|劳务费|劳务款|人工费|民工款|报酬|加班费|绩效|欠款|汗水钱|辛苦钱|工人安装款|案款"
)
_WAGE_AFTER = re.compile(
    "^(?:元|块|圆|人民币)?(?:钱)?(?:左右|以上|的|多|余)*[^，。！？；0-9]{0,8}?(?:工资|欠薪|工钱|薪|血汗钱|劳动报酬|劳务费|劳务款|人工费|报酬|欠款|案款|执行款)"
)
_OTHER = re.compile(
    "罚金|罚款|罚|处以|赔偿金|补偿|赔偿|餐费|合同|工程款|造价|投资|货款|材料款|材料费|贷款|借款|注册资本|注册资金|市值|押金|定金|保证金|周转金|股价|"
    "成交|拍卖|标的|被收|收费|索赔|餐|利息|奖励|慰问金|租金|房租|流转费|医疗费|医药费|治疗费|机械费|设备款|彩礼|保险|公积金|社保|首付|总价|中标|工程总|营业额|欠税|税|利润|套现"
)
_RATE = re.compile(
    "每月|每人|每天|每个月|(?<!个)月薪|日薪|底薪|(?<!个)月工资|人均|平均|一个月|每平|元/|/月|/天|一天|按照|单价|约定工资|工资标准|每年|年薪|时薪|每班|每小时|绩效"
)
_RATE_AFTER = re.compile(
    "^(?:多|余)?(?:元|块)?(?:钱)?(?:/|一个月|每月|一天|每天|/月|一平|每平|一米|一间|一个工|的月薪|月薪|以上的月)"
)
_PLAUSIBLE = 1_000_000_000  # 元: above this only totals over many cases are wages; 62亿 is what investors lost
_MANY_CASES = re.compile("全国|全省|各地|各级|累计|共为|同比|今年")
_COUNTED = re.compile(
    "[名个人位户件家起次平方米吨公里亩株只头台套枚辆斤袋桶步条瓶票份场本箱车款字年月日号楼栋间]|多?[名人户家件枚]|美元|港元|韩元|日元|欧元|美金"
)
_STILL_OWED = re.compile(
    "(?:还|尚|仍|下|总计|总共|共|合计)(?:拖)?欠[^，。！？；]{0,8}$|未付清[^，]{0,4}$|尚有$|剩余$|余下$|仍有$|还剩$"
)
_UNPAID = re.compile(
    "[^。！？；0-9]{0,14}?(?:未给|没给|未付|没付|没有给|至今未|至今没|不给|没有支付|未支付|没结|未结|未兑现|没兑现|未拿到|没拿到)"
)
_JOINED_WAGE = re.compile("^[、和及与][^，。！？；]{0,4}(?:工资|薪|工钱|劳务)")
_THIS_YEAR = re.compile("今年以来[^。]{0,12}(?:办理|受理|查处|处理)[^。]{0,24}(?:件|起)")
_MEDICAL = re.compile("(?:医疗|医药|治疗|住院)费[^，。！？；]{0,6}$")
_DEMANDED = re.compile("要求|请求|主张|责令|判令|应当|应支付|须|讨要|合起来|算下来")
_PAID = re.compile("(?:已|曾|先后|只|仅|陆续|共|才)?(?:支付|发放|付了|给了|发了|预付|付过|打了|已付)[^，。]{0,8}$")


def amount(title: Reading, text: Reading) -> Fact | None:
    """Wages owed, or recovered where only that is stated, in 分; None for ranges (十几万, 数百万)."""
    found: list[Fact] = []
    for field, reading in (("title", title), ("text", text)):
        found.extend(_money_candidates(field, reading))  # type: ignore[arg-type]
    best = _best(found, bar=2.0)
    return best and _sharper(best, found)


def _money_candidates(field: Field, reading: Reading) -> Iterator[Fact]:
    text = reading.view.text
    for number in numbers(text):
        if number.value is None or number.value <= 0 or number.value > Decimal(10) ** 13:
            continue
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
                re.match("工资|欠薪|薪水|工钱|血汗钱", text[number.end : number.end + 3])
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
        score, why = _money_score(text, number, end, reading.mentions)
        if score > 0:
            yield Fact(
                int(number.value * 100), field, number.start, end, why, score + (0.4 if field == "title" else 0.0)
            )


def _money_score(text: str, number: Number, end: int, mentions: Sequence[Mention]) -> tuple[float, str]:
    left, right = _clause(text, number.start, end)
    sentence_left, _ = _sentence(text, number.start, end)
    before = text[left : number.start]
    near = before[-14:]
    behind = text[number.end : min(right, number.end + 18)]
    distance = min((_apart(m, number.start, end) for m in mentions if m.strength >= 0.3), default=999)
    score = 1.4 if distance <= 3 else 1.0 if distance <= 16 else 0.5 if distance <= 40 else 0.0
    score += 1.0 if _OWED.search(near) else 0.0
    score += 1.0 if re.search("主张(?:的)?(?:工资|欠薪|劳动报酬)?$", near) else 0.0
    score += 0.8 if _WAGE.search(near) else 0.0
    score += 1.2 if _WAGE_AFTER.match(text[number.end : min(right, number.end + 20)]) else 0.0
    total = re.search(
        "(?:共计?|合计|累计|总额|金额|总数|总计|总共|涉案[^，]{0,4})(?:人民币|达到?|为|是|近|约|超过?)*$", near
    )
    score += 0.5 if total else 0.0
    if distance <= 60 and left > sentence_left and (total or re.fullmatch("(?:共计|合计|涉及|人民币|近|约)?", before)):
        # 拖欠…17人…的工资，共计155,486元 / 共计25人，25.8万余元: the sum stands in a clause of its own.
        score += (
            1.2
            if total or re.search("[0-9][多余]?(?:名|位|个)?[^，]{0,5}[人工]，$", text[max(0, left - 14) : left])
            else 0.0
        )
    other = _other_money(near, behind)
    score += 2.7 if _STILL_OWED.search(near) and not _MEDICAL.search(near) else 0.0
    score += 0.5 if re.search("(?:还|尚|仍)(?:拖)?欠[^，]{0,6}$", near) else 0.0
    score += 1.5 if re.search(rf"(?:[0-9]个?人(?:一起|共|合计|总共)|(?:{_WORKER})的)$", near) else 0.0
    score += _unpaid_after(text, end)
    score += (
        0.8
        if re.search("执行到位|兑现|案款|追回|领到|拿到", text[max(sentence_left, number.start - 24) : number.start])
        else 0.0
    )
    score -= other
    if _THIS_YEAR.search(text[sentence_left : number.start]):
        score -= 4.0  # what an office recovered in all its cases, not what is owed in this one
    if _RATE.search(near[-8:]) or _RATE_AFTER.match(behind):
        score -= 2.0
    if _PAID.search(before[-14:]) and not re.search("欠|追|未|拒", near) and not _DEMANDED.search(before):
        score -= 1.2
    if re.search("超过$", near) and re.search("总额超过$", near):
        score -= 1.0
    return score, f"欠薪金额：{text[number.start : end]}"


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


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _best(found: list[Fact], bar: float) -> Fact | None:
    """The best candidate at or above the bar; a total beats a part, an earlier one a later one."""
    passing = [fact for fact in found if fact.score >= bar]
    if not passing:
        return None
    return max(passing, key=lambda fact: (round(fact.score, 2), fact.field == "title", -fact.start))


def _sharper(best: Fact, found: list[Fact]) -> Fact:
    """10万多元 here and 104757元 there are one sum: the exact figure is kept."""
    exact = [
        fact
        for fact in found
        if best.value * 1.0005 < fact.value < best.value * 1.1
        and fact.score >= 0.9
        and _digits(fact.value) > _digits(best.value)
    ]
    return max(exact, key=lambda fact: fact.score, default=best)


def _digits(value: int) -> int:
    return len(str(value).rstrip("0"))


def _apart(mention: Mention, start: int, end: int) -> int:
    if mention.end <= start:
        return start - mention.end
    if end <= mention.start:
        return mention.start - end
    return 0


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    return _around(text, start, end, "。！？；\n，")


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    return _around(text, start, end, "。！？；\n")


def _around(text: str, start: int, end: int, marks: str) -> tuple[int, int]:
    left = max((text.rfind(mark, max(0, start - 120), start) for mark in marks), default=-1) + 1
    rights = [at for at in (text.find(mark, end, end + 120) for mark in marks) if at >= 0]
    return max(left, start - 120, 0), min(rights, default=min(len(text), end + 120))
