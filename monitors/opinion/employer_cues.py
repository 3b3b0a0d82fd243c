"""What the words beside a name say of its part in the report (线索): one named yes-or-no feature per line.

Features are read off each writing of a party and joined: a party that is once said to owe is said to owe. Words that
only point back (该公司, 厂方, 老板) lend theirs to the party named last before them. Weights are in
``data/lexicon/employer.json``; nothing here decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from monitors.opinion import employer_candidates
from monitors.opinion.employer_candidates import Party
from monitors.opinion.figures import Nearness
from monitors.opinion.mentions import Reading

_OWE = (
    "拖欠|拖着|拖到|拖延|欠(?!条|薪问题|薪案|款方)|克扣|"
    "未发|没发|没给|没结|没付|没兑现|不给|不发|不结|停发|发不|付不|未付|未给|未支付|未足额|"
    "未结清|未能|无力支付|无法支付|拒付|拒不|押着|压着|扣着|扣下|不肯|不付|赖|悬空|一分钱?(?:没|不|未)"
)
_PAY = "支付|付清|结清|发放|补发|兑现|打入|打到|转来|转给|清偿|履行|拿出|筹|偿还|给付|垫付"


def _paired(*words: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(words[at + 1])) for at, name in enumerate(words) if at % 2 == 0)


# Before the name, in its own clause, ending where the name begins.
_BEFORE = _paired(
    "sued",
    "(?:被告人?|被申请人|被执行人|被上诉人|诉|嫌疑人|起诉|状告|告)(?:为|是|系|：)?$",
    "complained of",
    "(?:投诉|举报|曝光|避雷|反映|控诉|控告|质问|曝)[^，。！？；]{0,8}$",
    "debtor's role",
    "(?:用人单位|用工(?:方|单位|企业)|雇主|欠薪(?:企业|单位|方|的)|拖欠工资的?单位|涉事(?:企业|单位|公司)|东家|涉案(?:企业|公司))(?:为|是|系|叫|：|-){0,2}$",
    "boss's role",
    "(?:包工头|工头|老板娘?|承包人|承包商|雇主|加盟商|班组长|经营者|店主|场主|负责人|带班|控制人|外地人|自然人|中间人)(?:是|叫|为)?$",
    "builder's role",
    "(?:施工|承建|劳务|分包|劳务分包|承包|运营|经营|中标)(?:单位|公司|企业|方|商)(?:为|是|系|：){0,2}$",
    "client's role",
    "(?:总包|总承包|建设|业主|开发|甲方|发包|监理|监管|主管|责任)(?:单位|企业|公司|方|商)?(?:为|是|系|：){0,2}$",
    "named",
    '(?:名|名称|名字|全称|名叫|叫做?|名为|就是|方-{1,4}|方：)(?:叫|是|为|：|-)?"?$',
    "kind before quote",
    '(?:[厂店馆院校场站家个矿]|公司|企业|平台)"$',
    "by",
    "(?:被|遭|由)(?:[^，。！？；、]{0,4}一家)?$",
    "for",
    "(?:给|帮|为|替|跟|随)(?:[^，。！？；、]{0,6})$",
    "at",
    "(?:在|到|去|进|入职)(?:[^，。！？；、]{0,8})$",
    "with",
    "(?:跟|和|与|同)(?:[^，。！？；、]{0,3})$",
    "towards",
    "(?:向|对|找|问)(?:[^，。！？；、]{0,4})$",
    "from",
    "(?:从|自|随)(?:[^，。！？；、]{0,4})$",
    "ordered",
    "(?:责令|判令|判决|裁决|裁定|要求|督促|约谈|查处|认定)(?:[^，。！？；、]{0,4})$",
    "subcontracted to",
    "(?:分包|转包|发包|承包|转手|转|分|包)给?(?:了)?给?(?:[^，。！？；、]{0,3})$",
    "worker's role",
    "(?:工人|民工|员工|职工|工友|老乡|司机|原告|申请人|劳动者|受害人|伤者|师傅|骑手|店员|厨师|保洁|保安|村民|教师|老师|妇女|小伙|男子|女子|工匠|我叫|本人|我是)$",
    "official's role",
    "(?:法官|民警|律师|记者|检察官|书记|局长|主任|调解员|干警|院长|镇长|县长|市长)$",
    "own group",
    "(?:我|咱|本)$",
    "one of a row",
    "、$|[和及与]$",
    "clause begins",
    "(?:^|[，。！？；：\n])$",
    "sentence begins",
    "(?:^|[。！？；\n])$",
)
# Behind the name, from where it ends.
_AFTER = _paired(
    "owes at once",
    f"[^，。！？；、]{{0,4}}?(?:{_OWE})",
    "owes in clause",
    f"[^，。！？；]{{5,24}}?(?:{_OWE})",
    "owes behind comma",
    f"[^。！？；，]{{0,24}}，[^。！？；，]{{0,10}}?(?:{_OWE})",
    "owes in sentence",
    f"[^。！？；]{{10,60}}?(?:{_OWE})",
    "staff owed",
    "的?[^，。！？；]{0,4}(?:员工|工人|职工|教师|老师|司机|农民工|民工|店员|厨师|骑手|工资|工钱|薪)",
    "pays",
    f"[^，。！？；]{{0,16}}?(?:{_PAY})",
    "pays in sentence",
    f"[^。！？；]{{16,50}}?(?:{_PAY})",
    "pays for others",
    "[^，。；]{0,12}(?:垫付|拨付|代付|代发|先行支付|先行清偿)",
    "hires",
    "[^。！？；]{0,16}?(?:雇|招(?!商|投|牌)|聘|喊我|叫我|请我|请了|带着)",
    "work done",
    "[^，。！？；]{0,6}?(?:干|做(?!主)|打工|务工|上班|工作|任教|当|栽|修|建|盖|砌|贴|装|卸|搬|铺|摘|砍|采|切|缝|开[^，。]{1,3}车|看夜|绑|挖|洗|扫|送)",
    "closed",
    "[^，。！？；]{0,12}?(?:倒闭|倒了|关门|关停|停产|停工|破产|撤场|注销|解散|停业|停窑|经营困难|资金)",
    "fled",
    "[^。！？；]{0,20}?(?:跑路|失联|失踪|逃匿|消失|卷走|卷款|携款|躲|更换|被抓|抓获|刑拘|拘留|到案|获刑|移送|公诉)",
    "took money",
    "[^。！？；]{0,24}?(?:领走|领取|拿去|挪用|收到|还了网贷|赌|挥霍|变卖|卖)",
    "contract",
    "(?:的)?(?:劳动|劳务|用工|聘用){0,2}(?:合同|协议)|签(?:的|了|订)",
    "contractor",
    "[^，。！？；]{0,6}(?:承建|承包|承揽|中标|实施|施工)",
    "gives work away",
    "[^，。！？；]{0,3}(?:把|将)[^。！？；]{2,20}(?:分|转|发|承)?(?:包给|手给|分给|交给)",
    "develops",
    "(?:投资)?(?:开发|投资|兴建)(?:建设)?的",
    "site",
    "(?:的|里|内|在建)?[^，。！？；]{0,4}(?:项目|工地|工程|标段)",
    "boss",
    "的?(?:老板娘?|负责人|老总|[店厂场校院园站矿]长|经营者|经理|法人|法定代表人|实际|股东|站长|加盟商)",
    "says",
    "[^，。]{0,4}(?:称|表示|回应|说|声明|通报|解释|答复|回复)",
    "gate",
    "[^，。]{0,2}(?:门口|大门|门前|楼下|附近|对面|旁边)",
    "in court",
    "[^，。]{0,16}(?:劳动争议|追索|一案|纠纷|纠纷案)|作为被告",
    "ordered to",
    "[^，。]{0,12}?(?:应当?|须|需|限期|于[^，。]{1,16}(?:日|内|前))(?:[^，。]{0,14})(?:支付|给付|补发|发放|清偿|付清|解决)",
    "listed",
    "[^，。]{0,10}(?:黑名单|失信|被执行人|立案|查处|处罚|约谈|罚款)",
    "other debt",
    "[^，。！？；工薪]{0,12}(?:工程款|材料款|货款|进度款|机械费|台班费|服务费|装卸费)",
    "victims",
    "(?:等[0-9一二三四五六七八九十百余多几]{0,6}[名人位]|等|[、和与][\u4e00-\u9fff]{1,3}(?:等|[0-9两二三]))",
    "claims",
    "[^，。]{0,4}(?:反映|投诉|报警|申请(?!人)|讨要|讨薪|索要|起诉|求助|来电|来信|受伤)",
    "helps",
    "[^，。！？；]{0,6}(?:协助|帮助|介入|协调|调解|核实|受理|督促|责令|约谈|追回|追讨|开展|组织|联合|启动|支持)",
    "clause ends",
    "[，。！？；\n]|$",
)
_FROM = re.compile("(?:向|找|问|从|到|在)$")
_CLAIMED = re.compile(
    "(?:手中|手里|那里)?[^，。！？；]{0,6}(?:讨要|讨薪|讨债|索要|追讨|追索|要回|讨回|追回|要账|要钱|要工资)"
)
_BACK = re.compile(
    "该(?:公司|企业|单位|厂|店|校|院|项目部|街道|站)|(?:厂|院|校|店|馆|企业)方|(?<![\u4e00-\u9fff])(?:公司|企业|单位|厂里|店里|学校|老板|医院|对方|他)(?=[^的])"
)
_CHARGED = re.compile("(?:我|咱|俺|大家|大伙)(?:们|这)")
_REACH = 16
_AHEAD = 64

_POLICY = re.compile("今年以来|去年以来|累计|共(?:受理|办结|接|查处|追回)|率|检查组|专项|机制|条例|印发|会议|开展")
_MANY = re.compile("[多几数0-9两三四五六七八九十]{1,4}(?:家|起|件|个项目)|案例[一二三四五1-5]|名单")
_OWN_GROUP = re.compile("我们?班组|我们[0-9一二三四五六七八九十几]{0,4}人|工友|兄弟")


def of_none(readings: Sequence[Reading], found: Sequence[Party]) -> set[str]:
    """Features of the answer that nobody named owes."""
    text = "\n".join(reading.view.text for reading in readings)
    shapes = {party.best.shape for party in found}
    mentions = [mention for reading in readings for mention in reading.mentions]
    said = {
        "none": True,
        "none: title alone": not readings[1].view.text,
        "none: office's figures": bool(_POLICY.search(text)),
        "none: many cases": bool(_MANY.search(text)),
        "none: nothing stated": not any(mention.mood == "stated" for mention in mentions),
        "none: no company": not shapes & {"registered", "company"},
        "none: first person": bool(_CHARGED.search(text)),
    }
    return {name for name, holds in said.items() if holds}


def of_parties(readings: Sequence[Reading], found: Sequence[Party]) -> list[set[str]]:
    """Features of each party."""
    near = [Nearness(reading.mentions) for reading in readings]
    cues = [_joined(readings, near, party) for party in found]
    for at, names in _pointed_back(readings, found):
        cues[at].update(names)
    registered = [at for at, party in enumerate(found) if party.best.shape == "registered"]
    for at, party in enumerate(found):
        cues[at].update(_standing(party, at, found, registered))
        cues[at].update(_together(cues[at]))
    return cues


_LESSER = ("person", "quoted", "words", "kind", "nameless")
_PAIRS = (
    ("before: at", "behind: work done"),
    ("shape person", "before: boss's role"),
    ("shape person", "behind: fled"),
    ("shape person", "behind: hires"),
    ("shape person", "behind: owes at once"),
    ("shape person", "registered elsewhere"),
    ("shape person", "before: sued"),
    ("shape person", "behind: claims"),
    ("shape person", "behind: pays"),
    ("shape office", "behind: owes at once"),
    ("shape workplace", "no brand"),
    ("shape quoted", "before: kind before quote"),
    ("shape registered", "before: client's role"),
    ("shape workplace", "behind: owes at once"),
    ("shape nameless", "behind: owes at once"),
    ("no brand", "behind: owes at once"),
    ("shape registered", "behind: owes at once"),
    ("shape company", "behind: owes at once"),
    ("no brand", "only one"),
)


def _together(cues: set[str]) -> set[str]:
    """Pairs of features that mean more together than each alone."""
    return {f"{one} + {other}" for one, other in _PAIRS if one in cues and other in cues}


def _standing(party: Party, at: int, found: Sequence[Party], registered: Sequence[int]) -> set[str]:
    """What the party is and where it stands among the others."""
    best = party.best
    shape = best.shape
    rivals = [other for other in found if other is not party]
    said = {
        f"shape {shape}": True,
        "only registered": registered == [at],
        "registered elsewhere": bool(registered) and shape != "registered",
        "company elsewhere": shape in _LESSER and any(one.best.shape == "company" for one in rivals),
        "only one": not rivals,
        "first": at == 0,
        "last": at == len(found) - 1 and at > 0,
        "repeated": len(party.names) > 1,
        "often": len(party.names) > 3,
        "in title": party.names[0].field == 0,
        "in both": {name.field for name in party.names} == {0, 1},
        "several forms": len({name.words for name in party.names}) > 1,
        "no brand": shape not in ("person", "quoted", "registered") and employer_candidates.is_brandless(best.words),
        "given work": employer_candidates.is_contracted(best.words),
        "loose": shape not in ("person", "quoted") and employer_candidates.is_loose(best.words),
        "helper": employer_candidates.is_helper(best.words),
        "only person": shape == "person" and all(one.best.shape != "person" for one in rivals),
        "long": len(best.words) > 5,
        "short": len(best.words) <= 3 and shape != "person",
    }
    return {name for name, holds in said.items() if holds}


def _joined(readings: Sequence[Reading], near: Sequence[Nearness], party: Party) -> set[str]:
    cues: set[str] = set()
    for name in party.names:
        cues.update(_beside(readings[name.field].view.text, name.start, name.end))
    apart = min(near[name.field].apart(name.start, name.end) for name in party.names)
    for reach in (2, 8, 20, 60):
        if apart <= reach:
            cues.add(f"within {reach}")
    return cues


def _beside(text: str, start: int, end: int) -> Iterator[str]:
    before = text[max(0, start - _REACH) : start]
    for name, pattern in _BEFORE:
        if pattern.search(before):
            yield f"before: {name}"
    if text.startswith('"', end):
        end += 1
    if text.startswith("(", end):
        close = text.find(")", end, end + 20)
        end = close + 1 if close > 0 else end
    after = text[end : end + _AHEAD]
    if _FROM.search(before) and _CLAIMED.match(after):
        yield "claimed from"
        after = after[:0]
    for name, pattern in _AFTER:
        if pattern.match(after):
            yield f"behind: {name}"


# What a word that points back lends to whom it means.
_LENT = frozenset(
    f"behind: {one}"
    for one in (
        "owes at once", "owes in clause", "owes behind comma", "pays", "pays for others", "hires", "fled", "closed",
        "ordered to", "says",
    )
)  # fmt: skip
_ORGANISED = ("registered", "company", "workplace", "quoted", "nameless", "kind", "office")


def _pointed_back(readings: Sequence[Reading], found: Sequence[Party]) -> Iterator[tuple[int, list[str]]]:
    """Parties by number with the features of the words that stand for them."""
    for number, reading in enumerate(readings):
        places = sorted(
            (name.start, name.end, at)
            for at, party in enumerate(found)
            for name in party.names
            if name.field == number and party.best.shape in _ORGANISED
        )
        if not places:
            continue
        text, behind, count = reading.view.text, 0, 0
        for match in _BACK.finditer(text):
            while behind < len(places) and places[behind][0] <= match.start():
                behind += 1
            if behind and places[behind - 1][1] <= match.start() and count < 40:
                count += 1
                said = _beside(text, *match.span())
                yield places[behind - 1][2], [f"it {name}" for name in said if name in _LENT]
