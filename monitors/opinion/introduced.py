"""Who is said to be the one worked for, without the word "owes" beside the name.

A name is introduced (厂名叫…, 厂方——…——, 这家名为…的企业, 由…承办, 签的是…的合同, 被告人系…经营人), work is done
for it (给…栽树, 在…上班), or a court turns to it (向…发出支付令, …成被执行人). A person is told by his deeds: he hired,
took the money, left. Which name is taken in the end is decided in ``employers``.
"""

from __future__ import annotations

import re

from monitors.opinion import employer_names
from monitors.opinion.mentions import Reading

_HOUSE = (
    "(?:厂|公司|单位|企业|店|院|校|学校|医院|场|站|平台|项目部|班组|物业|机构|基地|合作社|"
    "车间|园区|酒店|民宿|雇主|东家|用工方|劳务方|施工方|承建方|欠薪方|招工的|雇我们的)"
)
_NAMED = re.compile(
    _HOUSE + "(?:方)?(?:的)?(?:全称|全名|名称|名字|名)?(?:就是|就叫|叫做|名叫|名为|叫|是|为|系|：|，?也就是){1,2}"
    '(?:这家|一家)?[^，。！？；、]{0,4}?"?$|'
    '(?:[厂院校馆店矿]方|厂名|店名|校名|公司名|单位名|名叫|名为|叫做|登记名|注册名|执照上是)(?:叫|是|为|：)?"?$'
)
_NOT_NAMED = re.compile(
    "(?:总包|总承包|建设|业主|发包|开发|甲方|监理|中标|主管|责任|监管)(?:单位|方|公司|企业)?[^，。]{0,3}$"
)
_RUN_BY = re.compile(
    "(?:来|负责|具体|实际|统一){0,2}(?:办(?!理)|经营|运营|开办|开的|承包|承租|管理|在管|招(?!投)|用工|聘|雇|派)"
)
_CONTRACT = re.compile("(?:的)?(?:劳动|劳务|用工|聘用|承揽){0,2}(?:合同|协议)|签(?:的|了|订)")
_CONTRACT_BEFORE = re.compile(
    "签(?:的|订的|了)?(?:合同|协议)?(?:的)?是$|(?:合同|协议|社保)[^，。]{0,3}(?:跟|和|与|同|是)$|(?:跟|和|与|同)$"
)
_FOR = re.compile("(?:给|帮|为|替)$")
_AT = re.compile("(?:在|到|去|进)$")
_WORK = re.compile(
    "(?:栽|种|修|建|盖|砌|贴|刷|装|卸|搬|送|拉|挖|焊|做(?!主)|干|打(?!来|电)|铺|摘|采|剪|割|扛|开|跑|看(?!望)|守|拍|画|绑|浇|养|喂|扫|洗|切|缝|编|教|剥|挑|施工|供(?!应)|提供劳务|务工|打工|干活)"
)
_WORKED_AT = re.compile("(?:里|内)?(?:上班|打工|务工|工作|干活|做工|当|做|干|任教|任职|实习|兼职|开[^，。]{1,4}车)")
_TURNED_TO = re.compile(
    "(?:送达|发出|下达|下发|发放|作出|提出)[^，。]{0,6}(?:支付令|限期|责令|整改|执行通知|决定书|仲裁)|(?:追索|追讨|讨要|索要)"
)
_CONVICTED = re.compile(
    "(?:成|成为|成了|被列为|被列入|被纳入|列入|作为)(?:了)?(?:[^，。]{0,4})?(?:被执行人|被告|失信|“?老赖|黑名单)"
)
_RUNS = re.compile(
    "的?(?:实际|主要|原|现任)?(?:经营(?:者|人)|控制人|法定代表人|法人代表|法人|老板|投资人|出资人|承包人|负责人)"
)
# 经向某街道办核实，该街道…清退: who is asked about itself.
_ASKED_OF_ITSELF = re.compile(
    "(?:核实|了解|调查|核查|问询)[^，。]{0,4}，该(?:公司|街道|单位|企业|学?校|厂|店|院|村|站|项目部)"
)
_RUNS_BEFORE = re.compile("(?:系|是|为|作为|身为)$")


def points(text: str, start: int, end: int) -> float:
    """How plainly the name at ``text[start:end]`` is introduced as the one worked for; 0 where it is not."""
    before = text[max(0, start - 16) : start]
    if _NOT_NAMED.search(before):
        return 0.0
    score = 0.0
    if is_named(text, start):
        score += 1.2
    if _RUNS_BEFORE.search(before) and _RUNS.match(text, end):
        score += 1.2
    if before.endswith("由") and _RUN_BY.match(text, end):
        score += 1.0
    if _CONTRACT.match(text, end) and _CONTRACT_BEFORE.search(before):
        score += 1.0
    if (_FOR.search(before) and _WORK.match(text, end)) or (_AT.search(before) and _WORKED_AT.match(text, end)):
        score += 0.8
    if before.endswith(("向", "对")) and _TURNED_TO.match(text, end):
        score += 1.2
    score += 1.2 if is_asked_of_itself(text, end) else 0.0
    return score + (1.4 if _CONVICTED.match(text, end) else 0.0)


def is_named(text: str, start: int) -> bool:
    """Whether the name that begins at ``start`` is said to be that of a workplace told of (厂名叫…, 厂方——…)."""
    before = text[max(0, start - 16) : start]
    return bool(_NAMED.search(before)) and not _NOT_NAMED.search(before)


def is_asked_of_itself(text: str, end: int) -> bool:
    """Whether the office named up to ``end`` was asked about what it did itself."""
    return bool(_ASKED_OF_ITSELF.match(text, end))


_SOMEBODY = re.compile(
    "(?:"
    + employer_names.SURNAME
    + "|[付岩玉闫肖代涂佘])某某?(?![\u4e00-\u9fff]{0,6}?(?:[市县区镇乡村州厂店站场矿院校]|公司|项目|工地|单位|企业))"
)
# Who is owed, helps or tries: never the debtor.
_VICTIM_BEFORE = re.compile(
    "(?:工人|民工|农民工|员工|职工|务工者|工友|司机|原告|申请人|劳动者|受害人|伤者|死者|骑手|店员|厨师|保洁|保安|村民|技师|教师|老师|讲师|设计师|妇女|小伙|"
    "法官|民警|律师|记者|检察官|书记|局长|主任|调解员|干警|员工代表|帮|替|为|给|欠|、|和|与|还|名叫)$"
)
_VICTIM_BEHIND = re.compile(
    "(?:等[0-9一二三四五六七八九十百余多几]{0,6}[名人位]|等|[、和与]|们|诉|的?工资|律师|法官|民警|反映|投诉|报警|申请|称自己)"
)
_ROLE_BEFORE = re.compile(
    "(?:包工头|工头|老板娘?|老总|承包人|承包商|分包人|加盟商|经营者|经营人|雇主|店主|厂长|场主|塘主|庄主|园主|业主|户主|负责人|实际控制人|法定代表人|被告人?|被申请人|被执行人|嫌疑人|"
    "合伙人|外地人|外地老板|承租人|自然人|二包|中间人|带班|班组长|组长|矿主|站长|队长|经理)$"
)
_DEEDS = re.compile(
    "(?:雇|招(?:用|来|了)|拖着|拖欠|尚欠|欠下|欠着|欠了|未付|没付|没给|未支付|不付|拒付|拒不|卷款|卷走|卷钱|携款|领走|拿去|挪用|挪作|挥霍|还赌|还了|跑路|逃匿|逃|失联|失踪|消失|离开|躲|更换手机|拉黑|"
    "被抓|抓获|到案|落网|被刑|取保|公诉|获刑|判处|付清|付了|分[^，。]{0,2}次|给付|支付|清偿|履行|结清|出具|写下|打下|打了|签下|承诺|答应|捎|凑|变卖|卖掉|卖了|下落|账户|名下|认账|赖账|经营的|开的|承包|租下)"
)
_REACH, _VICTIM = 28, 4.0


def debtor(fields: tuple[Reading, ...]) -> tuple[int, int, int] | None:
    """The one 某 whose deeds are a debtor's: number of the field, start and end; None where two are as likely."""
    weight: dict[str, float] = {}
    first: dict[str, tuple[int, int, int]] = {}
    for number, reading in enumerate(fields):
        text = reading.view.text
        for match in _SOMEBODY.finditer(text) if "某" in text else ():
            name, before = match.group(), text[max(0, match.start() - 6) : match.start()]
            if _VICTIM_BEHIND.match(text, match.end()) or _VICTIM_BEFORE.search(before):
                weight[name] = weight.get(name, 0.0) - _VICTIM
                continue
            first.setdefault(name, (number, *match.span()))
            deeds = bool(_DEEDS.search(text[match.end() : match.end() + _REACH].partition("。")[0]))
            weight[name] = weight.get(name, 0.0) + bool(_ROLE_BEFORE.search(before)) + deeds
    ranked = sorted(((points, name) for name, points in weight.items() if points > 0 and name in first), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return first[ranked[0][1]]
