"""One person's own wages: a headline about one worker, a complaint in the first person, a name or kinship told.

Asked only where the report counts nobody (``persons``, ``headcounts``).
"""

from __future__ import annotations

import re

from monitors.opinion.figures import Fact, Field
from monitors.opinion.mentions import Reading

_LISTED = re.compile("(?:(?<![\u4e00-\u9fff])|(?<=[省市县镇乡村]人))[\u4e00-\u9fff]{2,4}[，；](?:男|女)[，；。]")
_SINGLE_PERSON = re.compile(
    "(?:女子|男子|小伙|女孩|男孩|老人|老汉|大爷|大妈|女员工|男员工|女工|男工|保姆|外卖员|外卖小哥|骑手|快递员|女生|男生|大学生|研究生|助理)"
    "|(?:一|某|[0-9]{1,2}岁的?)(?:名|个|位)?(?:[^，。0-9]{0,4}?)(?:员工|工人|农民工|民工|司机|厨师|保安|教师|老师|店员|打工人|环卫工|演员|歌手|选手|主播|教练|模特|球员|外教|医生|护士|程序员|剪辑师|摄影师|学徒|月嫂|保洁)"
    "|(?:年薪|月薪)(?:[^，。]{0,4}的)?(?:员工|教练|高管|主播|[一-鿿]{1,3}[员师])|[男女](?:演员|歌手|选手|主播|司机|教师|老师|医生|护士|模特)|^员工(?=讨)"
)
_COLLECTIVE_OWED = re.compile(
    "(?:快递员|骑手|外卖员|民工|员工|工人|教师|职工|老师|协管员|工友|全体|环卫工|司机|医护|我们|众人|多人|业主|保安|队员)"
    "[^，。！？；讨要索自拖欠]{0,4}(?:工资|薪|血汗钱|工钱|劳动报酬)|们"
)
_LONE_ACTOR = re.compile("一(?:名|个|位)?(?:男子|女子|工人|民工|农民工|员工|男工|女工|小伙|老汉|老人|外卖员|工友)")
_SEVERAL = re.compile(
    "们|几十|数十|多名|数名|等人|我们|工友|十几|上百|数百|众多|一群|大批|[0-9二三四五六七八九十百]{1,12}(?:余|多)?名?(?:工人|民工|农民工|员工|职工)"
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
_SOMEBODY = re.compile("[一-鿿]某某?")
_OWED_JUST = re.compile("(?:拖欠|欠|支付|付给|克扣)(?:了)?$")
_WAGES_ASKED = re.compile(
    "(?:索要|讨要|追讨|追索|起诉|拖欠|拖着|欠|没拿|未领)[^。！？；]{0,30}(?:工资|薪|工钱|报酬|钱)"
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
_RELATIVE = (
    "(?:大|小|二|三|四|老|堂|表|干)?(?:男人|老公|丈夫|爱人|媳妇|老婆|妻子|婆娘|哥哥?|弟弟?|姐姐?|妹妹?|"
    "兄弟|姑爷|女婿|侄子|外甥|儿子|女儿|姑娘|父亲|母亲|爸爸?|妈妈?|爹|娘|嫂子?|叔叔?|伯伯?|婶婶?|舅舅?|姨|姑|老表|儿媳)"
)
# 我和媳妇, 我家男人、我家兄弟、我家姑爷, 一家三口: a family is counted by its members.
_I_AND = re.compile("我(?:和|跟|与|同)我?(?:家|的)?" + _RELATIVE + "(?!们|等|[、和跟与]|他|家)")
_FAMILY = re.compile(
    "(?:我、)?我(?:家|的)?" + _RELATIVE + "(?:[、，]?(?:和|跟|还有)?我(?:家|的)?" + _RELATIVE + "){1,5}"
)
_HOUSEHOLD = re.compile("一家(?P<size>[三四五六])口(?!之家|人?等)")
_SIZE = {"三": 3, "四": 4, "五": 5, "六": 6}
# 工人姜某（男，38岁）、焦某（男，45岁）到项目部索要工资: workers told one by one.
_BY_NAME = re.compile(
    "(?:工人|民工|农民工|员工|职工|务工者|司机|教师|原告|申请人|[一-鿿]工|[一-鿿]师)"
    "(?P<names>[一-鿿]某某?(?:\\([^()]{1,20}\\))?(?:[、和][一-鿿]某某?(?:\\([^()]{1,20}\\))?){1,6})(?!等)"
)
_MYSELF = re.compile("我个人(?:是|的|就|被|差|欠|一共|还有|有)")
_BY_MY_NAME = re.compile("(?:^|[，。：\n])(?:我叫|我姓|本人姓?)[^，。们]{1,5}[，。]")
_NOT_OWED_ONE = re.compile(
    "(?:律师|记者|民警|法官|检察官|负责人|老板|经理|包工头|房东|工头|被告人?|嫌疑人|我们|人大代表)$"
)
_FIRST_PERSON = re.compile("本人|我(?!们|国|县|市|省|校|院|司|区|厂|等|村|镇|单位|公司|方|局)")
_FIRST_PLURAL = re.compile("我们|咱们|大家|工友|同事|员工们|其他员工|其他人|一批|大伙|我等|全体|很多员工|多名|数名")


def single(title: Reading, text: Reading) -> Fact | None:
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
    told_of = _named_or_alone(whole)
    if told_of:
        return told_of
    fields: tuple[tuple[Field, str], ...] = (("title", head), ("text", whole[:600]))
    for field, told in fields:
        kin = None if _MANY.search(head + whole) else _kin(field, told)
        if kin:
            return kin
        one = _ONE_OWED.search(told)
        if one and not _NOT_OWED_ONE.search(told[: one.start()]) and not _SEVERAL.search(head + "\n" + whole):
            return Fact(1, field, one.start(), one.end(), "涉及人数：单人", 1.0)
    return None


def _kin(field: Field, told: str) -> Fact | None:
    """Members of one family who worked together, counted by name of kinship."""
    household = _HOUSEHOLD.search(told)
    if household:
        size = _SIZE[household["size"]]
        return Fact(size, field, household.start(), household.end(), f"涉及人数：一家{size}人", 1.0)
    family = _FAMILY.search(told)
    if family:
        count = len(re.findall("我(?:家|的)?" + _RELATIVE, family.group())) + family.group().startswith("我、")
        return Fact(count, field, family.start(), family.end(), f"涉及人数：一家{count}人", 1.0)
    both = _I_AND.search(told)
    if both:
        return Fact(2, field, both.start(), both.end(), "涉及人数：二人", 1.0)
    pair = _PAIR.search(told)
    return Fact(2, field, pair.start(), pair.start() + 3, "涉及人数：二人", 1.0) if pair else None


def _named_or_alone(whole: str) -> Fact | None:
    """我个人是2700多: the teller alone. 工人姜某、焦某到项目部索要工资: the workers named."""
    mine = _MYSELF.search(whole)
    if mine:
        return Fact(1, "text", mine.start(), mine.end(), "涉及人数：本人", 1.0)
    by_name = _BY_NAME.search(whole)
    if by_name and (
        _WAGES_ASKED.search(whole, by_name.end(), by_name.end() + 40)
        or _OWED_JUST.search(whole, max(0, by_name.start() - 6), by_name.start())
    ):
        count = len(_SOMEBODY.findall(by_name["names"]))
        return Fact(count, "text", by_name.start(), by_name.end(), f"涉及人数：列名{count}人", 1.0)
    return None


def _many_or_debtor(head: str, match: re.Match[str]) -> bool:
    if (
        re.search("[名位们多等众数几各全]$|集体|[0-9]人?$", head[max(0, match.start() - 2) : match.start()])
        and head[match.start()] not in "一某"
    ):
        return True
    behind = head[match.end() : match.end() + 8]
    return bool(re.match("[^，。被]{0,3}(?:拖欠|欠(?!薪)|恶意)|们", behind))


# Several are told of, whatever else is: 我们, 工友, 员工们, 三十多人.
_PLURAL = re.compile(
    "们|工友|同事|大家|大伙|全体|全员|多名|数名|等人|一批|一群|几个|几名|数十|数百|几十|众|弟兄|(?<!跟着)(?<!随)老乡|班组|(?<![一某位名个])(?:员工|职工|农民工|民工|工人|教师|老师|司机|骑手|保安|演员)(?![\u4e00-\u9fff]?某)(?:和|工资|的工资|讨|要|被|反映|称|停)"
    "|[两三四五六七八九十百千0-9几数多余]{1,12}(?:多|余)?(?:名|位|个)?(?:农民工|民工|工人|员工|职工|人)(?!均)"
)
_KIN = (
    "(?:父亲|母亲|爸爸?|妈妈?|丈夫|妻子|老公|老婆|儿子|女儿|哥哥?|弟弟?|姐姐?|妹妹?|爷爷|奶奶|叔叔?|舅舅?|爱人|"
    "婆娘|媳妇|婶婶?)"
)
_ONE_TOLD = re.compile(
    "(?P<who>(?:我|他|她|其|女童的?|孩子的?)的?"
    + _KIN
    + "(?!和|与|跟|、|的?(?:老板|公司|单位))|(?:^|(?<=[，。！？；：\n]))"
    + _KIN
    + "在"
    "|(?:一名|一位|一个|[0-9一二三四五六七八九十]{2,3}岁的?|独臂|残疾|(?:向|付|给|欠|原告|申请人|劳动者|阿姨|大姐|民工|焊工|学徒工?|工人|[瓦木泥油焊电漆技员]工|服务员|师傅|月嫂|保姆))(?:姓)?(?:[小老阿]?[\u4e00-\u9fff](?:某某?|师傅|先生|女士|大姐)|[小老阿](?![板师家人乡百总婆公爷妈])[\u4e00-\u9fff])"
    "|(?<![几多数全两])(?:一名|一位|一个|独臂)(?:[\u4e00-\u9fff]{0,4}?)(?:工人|民工|员工|服务员|月嫂|司机|焊工|木工|瓦工|看护工|护工|学徒工?|小工|保安|师傅|工程师|厨师)"
    "|(?:^|(?<=[，。！？；：\n]))[小老阿]?(?:[\u4e00-\u9fff](?:女士|先生|师傅|某某?|大姐|阿姨|大爷)|[小老阿](?![板师家人乡百总婆公爷妈])[\u4e00-\u9fff])"
    "(?!等|们|和|与|、|带|的(?:公司|企业|工厂|工地|店)|经理|老板|承包)|(?:^|(?<=[，。！？；：\n]))(?:[^，。！？；]{0,6}的)?(?:小伙|老汉|老人|大爷|大妈|姑娘)(?=[0-9]{2}岁|被劝|说|称|坐在|爬)|(?:^|(?<=[，。！？；：\n]))阿姨姓|(?:^|(?<=[，。！？；：\n]))[他她](?![们的家俩等称说表]))"
)
# Who came to help makes nobody plural.
_OFFICIALS = re.compile(
    "(?:民警|消防员?|消防车|干警|干部|保安|工作人员|调解员|医护人员)[0-9一二三四五六七八九十]{1,3}(?:多|余)?[名人位辆]|"
    "[0-9一二三四五六七八九十]{1,3}(?:多|余)?[名位](?:民警|消防员|干警|干部|法官|工作人员|调解员|医护人员)"
)
_DEBTOR = re.compile(
    "^(?:[^，。！？；]{0,6}(?:老板|包工头|承包|经营|雇主|跑路|失联|拖欠[^，。]{0,8}(?:工|人)|逃匿|被抓|获刑|落网|公司))"
)
_UNPAID = re.compile(
    "一分没有|一分钱?(?:都|也)?没|没有一分|没见到|待结算|变成|没有结|没给|不给|未付|没付|没结|未结|没发|不发|欠|差|剩|扣|拖|押|没有了|没拿|未拿|停了?他|不认|没钱|石沉|讨|要回|要了|支付|付清|到账|打发|下文|付"
)
_I = re.compile("(?<![自告])我(?!们|国|县|市|省|州|校|院|司|区|厂|等|村|镇|单位|公司|方|局|所|处|这|所在|们)|本人")
_WORKED_ALONE = re.compile(
    "(?:^|[。\n])在[^，。]{2,14}(?:当|做|干)[^，。]{1,8}，|"
    "(?:干|做|跑|出满|砌|看|入职)(?:了|满|足)[^，。！？]{0,4}[0-9一二三四五六七八九十半两]{1,12}(?:来|多)?(?:个)?(?:天|月|年|工|学期)"
)
# What offices do and say of many; a death is told of for its own sake.
_OFFICE = re.compile(
    "部署|印发|专项行动|会议|工作组|排查|推进会|清零|检查组|宣传|考核|失信名单|承诺书|防范|我司|我公司|我单位|我代表|举报电话|"
    "坠亡|身亡|死亡|遇难|致死"
)


def by_subject(title: Reading, text: Reading) -> Fact | None:
    """Nobody is counted, nothing is plural, and who tells or is told of is one: then one is unpaid."""
    head, whole = title.view.text, text.view.text
    both = head + "\n" + whole
    both_plural = _OFFICIALS.sub("", both)
    if _BY_MY_NAME.search(whole) and both_plural.count("我们") == 1:
        both_plural = both_plural.replace("我们", "我")  # 我叫小朱…平台月底打给我们: one tells of himself
    if _PLURAL.search(both_plural) or _OFFICE.search(both) or not _UNPAID.search(both):
        return None
    mentions = (*title.mentions, *text.mentions)
    if mentions and not any(mention.mood == "stated" for mention in mentions):
        return None
    fields: tuple[tuple[Field, str], ...] = (("text", whole), ("title", head))
    for field, told in fields:
        first = _I.search(told)
        if first and not re.match(
            "[^，。]{0,4}(?:举报|看到|听说|认为|想问|想咨询)", told[first.end() : first.end() + 10]
        ):
            return Fact(1, field, first.start(), first.end(), "涉及人数：本人", 1.0)
        for one in _ONE_TOLD.finditer(told):
            if not _DEBTOR.match(told, one.end()) and not _NOT_OWED_ONE.search(
                told, max(0, one.start() - 8), one.start()
            ):
                return Fact(1, field, one.start(), one.end(), "涉及人数：单人", 0.9)
    alone = _WORKED_ALONE.search(whole)
    if alone:
        return Fact(1, "text", alone.start(), alone.end(), "涉及人数：单人", 0.8)
    return None
