"""A count of persons that stands away from the words for wages owed: 撂下我们14个打窝栽树的, 全车间八十多号.

Asked only where no count stands beside those words (``persons``). What is counted must be somebody who works or is told
of as us or them; offices, owners, families, customers and the hurt are refused by what follows the number, and what
was counted for another end (走了9个, 有员工260人) weighs less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from monitors.opinion.figures import Fact, Field, sentence_of
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import Number, numbers

# Who does work for pay, by the last word of what is counted: trades end in 工, 匠, 手, 师, 员; kin and neighbours hire
# themselves out together.
WORKING = (
    "工人|工友|民工|员工|职工|队员|[\u4e00-\u9fff]工(?![程资地作期艺业会厂钱])|[技铁木石瓦漆花]匠|(?:机|帮|水|炮|桩|助|枪)手|师傅|"
    "[\u4e00-\u9fff](?<![人官成议党委会公动专演教])员(?!额|会|外)|司机|驾驶员|教师|老师|教练|医生|护士|医护|厨师|帮厨|大厨|后厨|护工|保安|保洁|保姆|月嫂|"
    "主播|演员|群演|模特|歌手|乐手|顾问|经纪人|设计师|工程师|[\u4e00-\u9fff]师(?![傅大生范资院部长])|师傅|老乡|乡亲|村民|兄弟|弟兄|姐妹|伙计|徒弟|学徒|阿姨|嬢嬢|婆婆|婆娘|"
    "大姐|大妈|大嫂|大叔|大爷|老哥|小伙|姑娘|汉子|妇女|老人|务工者|组长|名字|劳动者|打工者|打工人|大学生|学生工|实习生|暑假工|临时工|外聘工|帮工|建设者|翻译|"
    "前台|收银|文员|客服|销售|骑手|派件员|场工|劳力|劳动力|人员|人"
)
_AFTER = re.compile(
    f'(?:(?P<unit>名|位|个|口|号|来号|来个|条)(?P<kind>(?:[^，。！？；、：0-9()"\\s]{{0,7}}?(?:{WORKING}))|'
    "(?=没|未|都|被|还|也|至今|[^，。！？；、]{1,7}的(?=[，。！？；]|$)))|"
    f"(?P<bare>人(?!民|均|社|力|事|工|行|次|份|才|大|数|家|口|气|员)|口人|(?:{WORKING})))"
)
COUPLE = re.compile(
    "两口子|夫妻[二两]人|(?:夫妻|夫妇|父子|父女|母子|母女|师徒|婆媳|兄妹|姐弟)俩|小两口|老两口|(?P<many>[两三四])(?:兄弟|姐妹)(?![\u4e00-\u9fff]{0,12}[店厂])"
)
COUPLE_OF = {"两": 2, "三": 3, "四": 4}
PAIRED = re.compile(
    "(?:俩|仨)(?=[\u4e00-\u9fff]{0,6}?(?:的?(?:工资|工钱|钱)|工|员|手|人|师傅|被欠|没拿|未拿|都|至今|一起|明天|今天|找|去|在|，|。))"
)
REFUSED = re.compile(
    "^(?:多|余|来|几)?(?:名|位|个|口|号|人|条)?(?:[^，。！？；、的被没未工欠拿与和向0-9]{0,4}?(?:民警|警察|警力|消防|官兵|干部|领导|律师|法官|执法|工作人员|记者|"
    "股东|老板|被告|嫌疑|包工头|工头|代表|企业|公司|单位|项目|部门|小区|城市|名额|专班|街道|门店|分店|方面|环节|问题|孩子|子女|小孩|家长|顾客|业主|租客|房东|客户|读者|"
    "亲友|督查|材料商|供应商|供货商|商户|债权人|工作组|班组(?!人|的?[0-9])|投资者|学员|旅客|游客|乘客|病人|患者|观众|粉丝|消费者|违法|调解员|网格员|检察|法援|仲裁员|书记员|协理员|督导员|评估|"
    "志愿者|辅导员|联络员|监察员|党员|委员|团队|平台|账户|负责人|经理|代理人)|工地|个工(?=[，。、])|小时|人次|阶段|工作日|月|年|天|工日|台班|人口|专职|人社|块|元)"
)
NOT_BEFORE = re.compile(
    "(?:第|[0-9]|约定|每|平均|人均|(?<![留撂撇欠])下|另|又|再|哪|这|那|某|(?<![等前])一|出动|派出|组织|检查|走访|排查|培训|招聘|招|缺|新增|转移|安置|惠及|登记|注册|拘留|抓获|[0-9一二两三四五六七八九]车)$"
)
_LESS = (
    (re.compile("(?:其中|另有|还有|包括|含)[^，]{0,6}$"), 1.0),
    (re.compile("(?:仅剩|只剩)[^，]{0,3}$"), 1.5),
    (
        re.compile(
            "(?:单位|厂里?|集团|企业|[司校院店站场矿]里?)(?:现|共|一共|总共)?(?:有|拥有)(?:在职|正式)?(?:员工|职工|工人)?$"
        ),
        1.2,
    ),
    (re.compile("走了?$|辞职了?$|离职了?$|带头的?$"), 1.2),
)
_BEHIND_LESS = re.compile(
    "[^，。！？；]{0,4}(?:先拿到|已经?拿到|已领到|已拿到|受伤|受轻伤|重伤|死亡|遇难|住院|到场|赶到|上班|辞职|离职)"
)
_TOTAL = re.compile("(?:共计?|合计|总计|总共|一共|全部|全体|涉及|涉|所有|加起来|前后有?|达|计)[^，。0-9]{0,4}$")
_OURS = re.compile(
    "(?:我们|咱们|我等|咱|他们|她们|它们|俺们|一起的(?:还有)?|一行|一伙|一帮|全(?:组|班|队|车间|家|村|部门)|同村|本村|寨子|合伙[^，]{0,8})[^，。！？；0-9]{0,8}$"
)
_OWED = re.compile(
    "(?:拖欠|欠下?着?|差着?|短着?|压着?|扣着?|挨|撂下|留下|撇下|克扣|不给|没给|未付|给|为|帮|替)(?:了|我们|他们|她们|其)?$"
)
WAGES = re.compile(
    "工资|薪|工钱|劳务费|劳动报酬|血汗钱|汗水钱|辛苦钱|报酬|课时费|底薪|绩效|补贴|钱|欠|差|讨|账|拖|[没未]发|[没未]结|元|块|万"
)
_FIRM = re.compile("工资|薪|工钱|劳务费|劳动报酬|血汗钱|汗水钱|辛苦钱|课时费|配送费|酬")
_ONE_MORE = re.compile(
    "(?:我|本人|他|她|您|你|师傅|女士|先生)(?:和|及|与|带着?|带领|领着|同|跟|以及)(?:其它|其他|另外|另|其余|我的|我们|他的|她的|同车间|同班组|同村|几个?){0,6}$"
)
_WITH_SELF = re.compile("(?:我一个人|我自己)[^。！？]{0,12}(?:一起的|另外|其他)(?:还有|的)?$")
# 我的8600元没给…，另外两位也没拿到: the teller is one more.
_OTHERS, _AS_WELL = (
    re.compile("(?:另外|其他|还有|别的)(?:的)?$"),
    re.compile("[^，。！？；]{0,8}也(?:都)?(?:没|未|被|是一样)"),
)
_MINE = re.compile("[我他她](?!们)[^。！？]{0,30}(?:没给|没结|没发|没拿|欠|扣)")
_MOST = 100_000
_BAR = 1.2
_BAR_ALONE = 0.65  # nobody else is counted in the report
_AND = re.compile("[和、及与]|以及|另有|还有")
_COUNTED_KIND = re.compile("[^名位个]{1,6}[名位个][^，。]{1,6}")  # 四个师傅两个小工 needs no word between
# 我们工人一共三十三个: who is counted stands before the words for a total.
_NAMED_BEFORE = re.compile(f"(?:{WORKING})(?:们)?(?:一共|总共|共计?|合计|足足|加起来|大概|大约|约|有|是){{0,2}}$")
_OURS_IN_ALL = re.compile("(?:我们|咱们|他们|她们)[^，。！？；0-9]{0,10}(?:一共|总共|共计?|合计|加起来)(?:有|是)?$")
_UNIT_ALONE = re.compile("[名人个位号](?=[，。；！、的]|$)")
_US_BEFORE = re.compile("(?:我们|他们|她们|咱们|我们组|我们班|队上|一起的|一起的还有|兄弟)$")
_UNIT_ONLY = re.compile("[个位名](?!月|星期|礼拜|小时|季度|年|工作日|工地|项目)")
_LISTED_BEFORE = re.compile("[名位个人][^，。；0-9]{1,6}[、和及]$")
_NAMED_AMONG = re.compile("[某\u4e00-\u9fff]等$|(?:和|与|跟)[^，。0-9]{1,3}$")


# 专班一共5个人, 检查组一行8人: who came to look. 公司原有46人, 拥有212家门店、店员1500余名: how large the firm is.
_CAME = re.compile(
    "(?:民警|警力|干部|干警|专班|检查组|工作组|督[查导]组|调查组|调解员|律师|法官|执法人员|执法组|小分队|消防员|救援人员|志愿者|网格员|代表)[^。！？；，]{0,6}?(?:一行|共计?|一共|总共|合计|计)(?:有)?$"
)
_STAFF = re.compile(
    "(?:公司|企业|单位|厂|店|院|校)?(?:原有|原来有|编制|在编|配备)(?:员工|职工)?$|(?:拥有|共有|现有|开有|下辖|设有)[^。，]{0,12}[家个][^。，]{0,6}(?:门店|分店|网点|站点|公司|校区|车间|工厂|基地)[^。]{0,8}$"
)
# 专任教师97人、后勤人员35人: kinds before their counts, side by side.
_KIND_BEFORE = re.compile(f"(?:{WORKING})$")
_AND_KIND = re.compile(f"(?:[、和及与]|以及)[\u4e00-\u9fff]{{0,4}}(?:{WORKING})")


def is_visiting_or_staff(before: str) -> bool:
    """Whether the words before a count make it those who came to look, or the firm's own size."""
    return bool(_CAME.search(before) or _STAFF.search(before))


def is_others(text: str, start: int, end: int) -> bool:
    """另外两位也没拿到, said by one who told of his own pay first."""
    return bool(
        _AS_WELL.match(text, end) and _OTHERS.search(text, max(0, start - 4), start) and _MINE.search(text, 0, start)
    )


def left_over(fields: tuple[tuple[Field, Reading], ...], label: str) -> Fact | None:
    """The count that most plausibly is of those unpaid, None where nothing counted can be.

    A crowd told of roughly (二十几个老乡) is none, whatever else is counted beside it.
    """
    found: list[Fact] = []
    for field, reading in fields:
        here = list(_candidates(field, reading, label))
        if any(fact.value == 0 for fact in here):
            return None
        found += joined(here, reading.view.text, label)
    only = len({fact.value for fact in found}) == 1
    passing = [fact for fact in found if fact.score >= (_BAR_ALONE if only else _BAR)]
    return max(passing, key=lambda fact: (round(fact.score, 2), fact.field == "title", -fact.start), default=None)


def joined(found: list[Fact], text: str, label: str) -> list[Fact]:
    """二十六名老师和五名前台: side by side in one phrase they are 31, unless a total follows."""
    if len(found) < 2:
        return found
    joined: list[Fact] = []
    for fact in found:
        last = joined[-1] if joined else None
        if (
            last
            and (
                _AND.fullmatch(text, last.end, fact.start)
                or (
                    last.end == fact.start
                    and _COUNTED_KIND.fullmatch(text, last.start, last.end)
                    and _COUNTED_KIND.fullmatch(text, fact.start, fact.end)
                )
                or (
                    _AND_KIND.fullmatch(text, last.end, fact.start)
                    and _KIND_BEFORE.search(text, max(0, last.start - 6), last.start)
                )
            )
            and last.value != fact.value
            and text[fact.start - 1] != "，"
        ):
            total = last.value + fact.value
            joined[-1] = replace(
                last,
                value=total,
                end=fact.end,
                score=max(last.score, fact.score),
                why=f"{label}{text[last.start : fact.end]}",
            )
        else:
            joined.append(fact)
    return joined


def _candidates(field: Field, reading: Reading, label: str) -> Iterator[Fact]:
    text = reading.view.text
    for couple in COUPLE.finditer(text):
        value = COUPLE_OF.get(couple["many"] or "", 2)
        yield Fact(value, field, couple.start(), couple.end(), f"{label}{couple.group()}", 1.0)
    for number in numbers(text):
        if number.value is not None and (number.value != int(number.value) or not 1 <= number.value <= _MOST):
            continue
        pair = PAIRED.match(text, number.start)
        after = None if pair else _AFTER.match(text, number.end)
        named_before = _NAMED_BEFORE.search(text, max(0, number.start - 12), number.start)
        if (
            not pair
            and not after
            and not (
                (
                    (named_before or _OURS_IN_ALL.search(text, max(0, number.start - 20), number.start))
                    and _UNIT_ALONE.match(text, number.end)
                )
                or (
                    _US_BEFORE.search(text, max(0, number.start - 8), number.start)
                    and _UNIT_ONLY.match(text, number.end)
                )
            )
        ):
            continue
        end = pair.end() if pair else after.end() if after else number.end
        if REFUSED.match(text[number.end : number.end + 14]):
            continue
        left, right = sentence_of(text, number.start, end)
        before = text[max(left, number.start - 20) : number.start]
        if NOT_BEFORE.search(before) or is_visiting_or_staff(before):
            continue
        if number.value is None:
            yield Fact(0, field, number.start, end, "", 0.0)
            continue
        if number.value == 1 and not _LISTED_BEFORE.search(before):
            continue
        score, value = _weight(text, number, end, before, (left, right))
        kind = (after["kind"] or after["bare"] or "") if after else "人"
        score += 0.6 if kind and kind not in ("人", "口人", "老人", "人员") else 0.0
        score += 0.4 if field == "title" else 0.0
        more = "，另加本人" if value != number.value else ""
        yield Fact(value, field, number.start, end, f"{label}{text[number.start : end]}{more}", score)


def _weight(text: str, number: Number, end: int, before: str, sentence: tuple[int, int]) -> tuple[float, int]:
    left, right = sentence
    said = text[left:right]
    score = 1.0 if _FIRM.search(said) else 0.7 if WAGES.search(said) else 0.3
    score += 0.8 if _TOTAL.search(before) else 0.0
    score += 0.8 if _OURS.search(before) else 0.0
    score += 0.6 if _OWED.search(before) else 0.0
    score += (
        0.5
        if re.match(
            "(?:的|们的?)?(?:工资|工钱|薪|血汗钱|汗水钱|钱|劳务费|底薪)|[^，。！？；]{0,4}(?:被欠|被拖|没拿|未拿|没领|未领|没有拿|没有一个|白干|白苦)",
            text[end : end + 12],
        )
        else 0.0
    )
    score += 0.5 if _NAMED_AMONG.search(before) else 0.0
    score -= sum(points for pattern, points in _LESS if pattern.search(before))
    score -= 1.2 if _BEHIND_LESS.match(text, end) else 0.0
    value = int(number.value or 0)
    if value < 1000 and is_others(text, number.start, end):
        return score + 0.4, value + 1
    if value < 1000 and (_ONE_MORE.search(before) or _WITH_SELF.search(text[max(0, number.start - 24) : number.start])):
        return score + 0.4, value + 1
    return score, value
