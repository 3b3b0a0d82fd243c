"""How many workers are unpaid, with the words that say so.

Every number of the report is a candidate; the words around it in its clause give it a score (owed wages, injured
persons, policemen…). The best candidate above a bar is taken, else nothing: a missing number is asked for, an invented
one misleads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    "^(?:多|余)?(?:名|位|个)?(?:[^，。！？；、]{0,4}(?:违法|嫌疑|失信|民警|警察|警力|消防|官兵|指战员|干部|领导|律师|法官|执法|工作人员|记者|保安持|股东|老板|被告|嫌疑|"
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
_WORKER_BEFORE = re.compile(rf"(?:{WORKER})(?:人数|总数)?(?:达到?|超过?|近|共计?|约|有|合计|总计|一共|为|逾|就有)*$")
_MONEY_BEFORE = re.compile("薪$|工资$|欠$|讨$|款$|钱$")
_BAR = 2.0
_WHY = "涉及人数："
_CASE = re.compile("拖欠[0-9]+[多余]?(?:名|位|个)")
_PAID_EACH = re.compile("(?:的)?(?:劳动报酬|工资|薪酬|劳务费)[^，。！？；]{0,4}[0-9]")
_LISTED = re.compile("(?:(?<![\u4e00-\u9fff])|(?<=[省市县镇乡村]人))[\u4e00-\u9fff]{2,4}[，；](?:男|女)[，；。]")
_SUM_RATHER = 1000  # 欠8000民工工资 is a sum, 欠300员工工资 a count
_TOTAL = re.compile("共|合计|总计|总共|累计|涉及|全体|一共|所有|总人数|全部")
_ONE_MORE = re.compile("(?:我|本人|他|她|某)(?:和|及|与|带着|带领|同|跟|以及)(?:其它|其他|另外|另|其余|我的|我们|的)?$")
_SINGLE_PERSON = re.compile(
    "(?:女子|男子|小伙|女孩|男孩|老人|老汉|大爷|大妈|女员工|男员工|女工|男工|保姆|外卖员|外卖小哥|骑手|快递员|女生|男生|大学生|研究生|助理)"
    "|(?:一|某|[0-9]{1,2}岁的?)(?:名|个|位)?(?:[^，。0-9]{0,4}?)(?:员工|工人|农民工|民工|司机|厨师|保安|教师|老师|店员|打工人|环卫工|演员|歌手|选手|主播|教练|模特|球员|外教|医生|护士|程序员|剪辑师|摄影师|学徒|月嫂|保洁)"
    "|[男女](?:演员|歌手|选手|主播|司机|教师|老师|医生|护士|模特)|^员工(?=讨)"
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
_DOZENS = "(?:十几|几十|数十|几百|数百|上百|二三十|三四十|[一二三四五六七八九]十几)(?:多|余)?(?:名|位|个|号|人)"
_VAGUE_CROWD = re.compile(_DOZENS + "|老人(?:和|与|带着|、)?(?:孩子|小孩|儿童)|带着(?:老人|孩子|老小|一家)")
_MANY = re.compile("几十|数十|多名|数名|等人|十几|上百|数百|众多|一群|大批")
_OWED_ME = re.compile("(?:拖欠|欠|克扣|不发|不给|没给|未给)(?:了)?(?:我|本人)(?!们|等|公司|司|厂|单位|校)")
_PAIR = re.compile(
    "(?:夫妻俩|夫妇俩?|夫妻[二两]人|夫妻(?=的?(?:工资|工钱|血汗钱))|两口子|父子俩|父女俩|母子俩|母女俩|兄弟俩|姐妹俩|姐弟俩|兄妹俩)(?![^，。！？；被]{0,8}(?:拖欠|欠(?!薪)))"
    "(?=的?(?:工资|工钱|血汗钱)|[^。！？；]{0,24}(?:打工|务工|干活|做工|上班|被拖欠|被欠|讨薪|讨要|工资[^，。]{0,3}[没未]|没拿到|未拿到|血汗钱))"
)
# One person told of by name or kinship: 其父亲…被欠薪, 拖欠李女士工资, 农民工邢某讨要工资.
_ONE = (
    "(?:(?:其|我|她|他|自己的?|我的)(?:父亲|母亲|爸爸?|妈妈?|丈夫|妻子|老公|老婆|儿子|女儿|哥哥?|弟弟?|姐姐?|妹妹?|爷爷|叔叔?|舅舅?|爱人)"
    "|(?:农民工|民工|工人|员工|职工|务工者|劳动者|司机|骑手|保安|保洁员?|厨师)(?<!名)[\u4e00-\u9fff]某某?|(?<![和与及、从了者官警师])[\u4e00-\u9fff](?:先生|女士|师傅|大爷|大姐|阿姨|老汉))"
    "(?!等|们|和|与|、|的(?:公司|企业|工厂|工地|店)|经理|老板|承包|[0-9])"
)
_WAGES = "(?:工资|薪|工钱|劳动报酬|血汗钱|加班费|劳务费)"
_ONE_OWED = re.compile(
    _ONE + "(?:[^。！？；]{0,30}?(?:被(?!控|指|曝|告|判|列|抓|捕|拘|认定|诉|以|责令|公诉)[^，。！？；]{0,12}?"
    "(?:拖欠|欠薪|欠工|克扣)|(?:讨要|追讨|索要|追索|讨回|要回)[^，。！？；]{0,8}"
    + _WAGES
    + "|(?:没有?|未)(?:拿|领|收|要)到[^，。！？；]{0,6}"
    + _WAGES
    + "|(?:拖欠|欠|克扣|不给|没给)了?(?:他|她|自己|其本人|其)(?!们|他|余)))"
    "|(?:拖欠|欠|克扣|不给|没给)了?" + _ONE + "[^，。！？；]{0,10}" + _WAGES
)
_NOT_OWED_ONE = re.compile(
    "(?:律师|记者|民警|法官|检察官|负责人|老板|经理|包工头|房东|工头|被告人?|嫌疑人|我们|人大代表)$"
)
_FIRST_PERSON = re.compile("本人|我(?!们|国|县|市|省|校|院|司|区|厂|等|村|镇|单位|公司|方|局)")
_FIRST_PLURAL = re.compile("我们|咱们|大家|工友|同事|员工们|其他员工|其他人|一批|大伙|我等|全体|很多员工|多名|数名")


def workers(title: Reading, text: Reading) -> Fact | None:
    """Persons whose wages are (or were) owed: the stated floor (50余人 → 50), None for ranges (数十人).

    ``why`` tells, where another count of the report could have been meant, which one and why this one was taken.
    """
    found: list[Fact] = []
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    for field, reading in fields:
        found.extend(_person_candidates(field, reading))
    found = summed(found)
    best = strongest(found, bar=_BAR)
    if best is None:
        return _single(title, text)
    cases = [fact for fact in found if fact.basis == "每案"]
    if best in cases:
        best = side_by_side(best, cases, _WHY)
    return chosen(best, [fact for fact in found if fact.score >= _BAR and fact.value != best.value])


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
            continue  # 一名工人 is told by ``_single``: most "one"s of a report are somebody else
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


def _person_score(  # noqa: C901 - one line per sign for or against
    text: str, number: Number, after: re.Match[str], near: Nearness
) -> tuple[float, int, str]:
    left, right = sentence_of(text, number.start, after.end())
    before = text[max(left, number.start - 16) : number.start]
    behind = text[number.end : min(right, number.end + 16)]
    value = int(number.value or 0)
    kind = after["kind"] or after["bare"] or ""
    if (
        _NOT_WORKERS.match(behind)
        and not _DOES.match(behind)
        and not re.match(f"(?:名|位|个)?(?:被欠|被拖)?(?:{WORKER})", behind)
    ):
        return 0.0, value, ""
    if number.value and re.search("第$|[0-9]$|约定$|号$", before):
        return 0.0, value, ""
    clause_left, clause_right = clause_of(text, number.start, after.end())
    clause = text[clause_left:clause_right]
    distance = near.apart(number.start, after.end())
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
    if (
        re.search(
            "检查|排查|巡查|走访|惠及|覆盖|培训|登记|在册|总人数|职工总数",
            text[max(left, number.start - 40) : number.start],
        )
        and not re.search("拖欠|追发|追回|追讨|欠薪", text[max(left, number.start - 30) : number.start])
        and not _PAY_NOW.search(before)
    ):
        score -= 3.0
    if distance and _PART_OF.search(text[left : number.start]) and not near.begins_within(number.end, clause_right):
        score -= 1.5
    score += 0.6 if _OURS.search(before) else 0.0
    if re.search("雇|招|带|组织", before[-8:]) and kind:
        score += 0.5
    if re.search("(?:股东|老板|债权人|供应商|代表|受害|业主|学员)", clause[:40]) and not kind:
        score -= 0.8
    why = f"{_WHY}{text[number.start : max(after.end(), number.end)]}"
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
    told = _told_of_one(head, whole)
    if told:
        return told
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


def _told_of_one(head: str, whole: str) -> Fact | None:
    """夫妻俩, 其父亲, 李女士: who is owed is told by kinship or a name, and nobody else is."""
    named = _LISTED.findall(whole) if "，男" in whole or "，女" in whole or "；男" in whole else []
    if len(named) > 1 and _FIRST_PLURAL.search(whole) and not re.search(_DOZENS, whole):
        first = _LISTED.search(whole)
        if first:
            return Fact(len(named), "text", first.start(), first.end(), f"涉及人数：列名{len(named)}人", 1.0)
    fields: tuple[tuple[Field, str], ...] = (("title", head), ("text", whole[:600]))
    for field, told in fields:
        pair = _PAIR.search(told)
        if pair and not _MANY.search(head + whole):
            return Fact(2, field, pair.start(), pair.start() + 3, "涉及人数：二人", 1.0)
        one = _ONE_OWED.search(told)
        if one and not _NOT_OWED_ONE.search(told[: one.start()]) and not _SEVERAL.search(head + "\n" + whole):
            return Fact(1, field, one.start(), one.end(), "涉及人数：单人", 1.0)
    return None


def _many_or_debtor(head: str, match: re.Match[str]) -> bool:
    if (
        re.search("[名位们多等众数几各全]$|集体|[0-9]人?$", head[max(0, match.start() - 2) : match.start()])
        and head[match.start()] not in "一某"
    ):
        return True
    behind = head[match.end() : match.end() + 8]
    return bool(re.match("[^，。被]{0,3}(?:拖欠|欠(?!薪)|恶意)|们", behind))
