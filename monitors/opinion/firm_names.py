"""The shape of an employer's name (用人单位名称): what belongs to it, what was only written beside it, what is none.

An employer is a name, never a phrase: 镇雄236名工人聚集 names nobody. Pure string rules over comparable characters (see
``normalise``); which of several names owes is decided in ``employers``.
"""

from __future__ import annotations

import re

# Verbs and roles before a name that the search for its left end ran over.
_LEADING = re.compile(
    "^(?:着|正(?:在)?(?=核|调|对|与|督|约)|待(?=[^，]{4})|已(?=拖|被)|都(?=[^市江])|其(?=运营|所在|下属|承包|施工|用人)|(?:帮助|协助|协调|请求|要求)?(?:核查|核实|调查|查处|解决|处理|督促|责令)|"
    "帮助|(?:运营|承包|施工|总包|分包|用工|发包|开发)(?:方|商|单位|企业)|用人单位|所在(?:的)?|涉事(?:企业|单位)?|任职|供职|就职|隶属|名为|市长|县长|局长|书记|"
    "近日|中院就|法院就|就(?!业)|由|在|是|与|向|被){1,6}"
)
# 生产企业大理…有限公司, 前期物业昆明…有限公司, 余某以云南…有限公司: what it is or who used its name, run on.
_RUN_ON = re.compile("^.{0,12}?(?:企业|期物业|某某?以)(?=[\u4e00-\u9fff()]{4,24}有限)")
# Who speaks for or works at the named one, written right behind it.
_TRAILING = re.compile("(?:领导|老板|负责人|不给|不发|方面|内部|内|里|外|门口|门前|现场|大门){1,6}$")
# An anonymised place (A市, K10县) or a division with its kind: 昭通市, 威信县, 安平镇, 金山桥街道.
_UNIT = re.compile(
    "(?:[a-z][0-9]{0,2}[省市县区州](?:市(?=[\u4e00-\u9fff]))?|[\u4e00-\u9fff]{2,7}?自治[州县区]|"
    "(?!小区|社区|园区|市区|城区|厂区|片区|校区|景区|地区)[\u4e00-\u9fff](?![小社园厂片校景地])[\u4e00-\u9fff]{0,3}?(?:省|市(?!场|政|民|委|属)|县(?!城|医|委|属)|区(?!域|块)|州(?=[\u4e00-\u9fff]))|"
    "[\u4e00-\u9fff]{2,3}(?:镇|乡)(?![政卫中小])|[\u4e00-\u9fff]{2,3}街道(?!办))"
)
_WORKSITE = re.compile("(?:项目部?|工程|标段|标|工地|安置房|[一二三四五六七八九十0-9]期|地块|进口段)$")
_COMPANY = re.compile("(?:公司|集团|矿业|厂|养殖场|农场|林场|煤矿|合作社|中心|酒店|饭店)$")
_SITE_BEFORE = re.compile("(?:项目部?|工地|标段)(?=[\u4e00-\u9fff]{4,40}(?:公司|集团)$)")
# A school or hospital whose building is what is built: the project is named after it, it owes nobody.
_BUILT = re.compile(
    "(?:(?:迁建|新建|改扩建|扩建|(?:教学|综合|门诊|住院|宿舍|办公|实训|实验)楼|体育馆|图书馆|新?[校院]区|新区|分院|[一二三四]期|装修|改造|建设){1,2}"
    "(?:项目部?|工程|工地|标段)?|(?:建筑|施工|在建)?(?:项目部?|工程|工地|标段))(?!队|方|学院|公司)"
)
# No name holds these: persons counted, kinds of workers, what people do, say or see.
_PHRASE = re.compile(
    "[0-9一二两三四五六七八九十百几数多余][名位]|[0-9几数多余]{1,12}个?人|(?:农民工|民工|工人|员工|职工|工友|务工者|劳动者)(?!文化宫|医院|日报|新村)|"
    "聚集|堵住|围堵|堵路|堵门|堵工|讨薪|讨要|追讨|拖欠|欠薪|举牌|横幅|维权|停工|罢工|爬上|塔吊|门口|有人|路过|解释|表示|消费者|事件$|(?:称|说|讲)$|"
    "今天|刚刚|刚充|现场$|视频|一夜|网友|血汗|工资|工钱|打工|上班|干活|^都"
)


_KIND = re.compile(
    "(?:公司|集团|[厂店馆院校园局社所站场矿标]|[业建]|建设|酒店|房|工程|高速|项目|工地|山庄|物业|餐饮|蛋糕|公交|航空|汽车|定制|中小学|学|队|部|城|中心|机构|基地|俱乐部|政府|办事处|部门)$"
)
_NEVER = re.compile(
    "[^a-z]在[^a-z]{1,12}的|^[进出下]厂|(?:工业园区?|产业园区?|物流园区?|园区|开发区|经开区|新区)$|(?:修|盖|砌|搭|装修|修建)[一个家栋]{0,12}(?:酒店|民宿|厂|学校|医院|宾馆|客栈)$|[给帮]人"
)
_CLAUSE = re.compile(
    "[的了着过我你他她这那哪谁]|[0-9]{1,12}[月日年个]|^自|[起与和及]$|^[数几多][十百千万]$|^(?:数百|上千|进厂|赖账|举报|公布|反映|曝光|转让|护林|饲养|养护)|"
    "[做干修讨找追卖垫爬堵围拘赖]|领(?![航先创域])|管(?![理业道家])|工地人|拿到|领回|没|不(?!走|二)|未|只|还|也|就|把|让|请|问|去年|今年|明年|主播$|单位|[又再]$|^工伤|^骗子"
)


def trimmed(name: str) -> tuple[int, int]:
    """``name[start:end]``: the name without the words and the places beside it.

    A company, school or shop keeps the last place of a row, which may be part of the registered name (昭通市威信县某厂
    is 威信县某厂); a worksite keeps none, unless a village's name is all it has.
    """
    run_on = _RUN_ON.match(name)
    start, end = run_on.end() if run_on else 0, len(name)
    leading = None if run_on else _LEADING.match(name)
    if leading and end - leading.end() >= 3:
        start = leading.end()
    trailing = _TRAILING.search(name, start)
    if trailing and trailing.start() - start >= 3:
        end = trailing.start()
    start = _after_site(name, start, end)
    worksite = bool(_WORKSITE.search(name, start, end)) and not _COMPANY.search(name, start, end)
    return _after_places(name, start, end, keep_last=not worksite), end


def _after_places(name: str, start: int, end: int, *, keep_last: bool) -> int:
    ends = [start]
    while True:
        unit = _UNIT.match(name, ends[-1], end)
        if not unit or end - unit.end() < 3:
            break
        if unit.group().endswith("省"):
            ends = [unit.start()]  # a registered name begins with its province
        ends.append(unit.end())
    if not keep_last and not re.match("[\u4e00-\u9fff]{2,6}(?:村|镇|乡)", name[ends[-1] : end]):
        return ends[-1]
    if len(ends) > 1 and name[ends[-1] - 1] in "镇乡道":
        return ends[-1]  # where a company or school stands; its name holds the county, if any
    return ends[-2] if len(ends) > 1 else ends[0]


def _after_site(name: str, start: int, end: int) -> int:
    """名都项目某某建筑公司: the company stands behind the site it works on."""
    site = _SITE_BEFORE.search(name, start, end)
    return site.end() if site else start


def is_phrase(name: str) -> bool:
    """Whether the words say what somebody did or how many they were, instead of naming one."""
    return bool(_PHRASE.search(name))


def is_clause(name: str, *, subject: bool) -> bool:
    """Whether the words are a piece of a clause (修酒店, 自8月15日起); a ``subject`` of "owes" is judged harder."""
    if _NEVER.search(name):
        return True
    return subject and bool(_CLAUSE.search(name)) and not _KIND.search(name)


def is_built(text: str, end: int) -> bool:
    """Whether the school, hospital or hotel named up to ``end`` only gives its name to what is being built."""
    return bool(_BUILT.match(text, end))


def is_company(name: str) -> bool:
    """Whether this is a company's own name, well enough formed that another such name means another company."""
    return bool(_COMPANY.search(name)) and not is_phrase(name) and not re.search("某|一家", name)
