"""Everybody in a report who might owe (候选欠薪单位), widely: one candidate per party, all its names together.

Companies by their endings, workplaces by their kind, 某…厂, names in quotation marks, offices, persons by role or 某.
The short and the full form of a name are one party. Who owes is chosen in ``employers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from monitors.opinion import employer_names, firm_names, workplaces
from monitors.opinion.mentions import Reading

Shape = Literal[
    "subject", "registered", "company", "workplace", "kind", "nameless", "quoted", "office", "person", "words"
]  # fmt: skip

MOST = 60  # names of one report looked at; beyond it is a list
_LONGEST = 32
_SOME = re.compile(
    "某[\u4e00-\u9fff]{0,10}?(?:有限公司|公司|集团|企业|厂|店|馆|站|场|医院|学校|学院|幼儿园|酒店|饭店|工地|项目部|中心|街道办|合作社|药房|超市|队|平台)"
)
_QUOTED = re.compile('"([\u4e00-\u9fffa-z0-9()]{2,16})"')
_QUOTED_NOT = re.compile(
    "[的了着过吗呢吧啊我你他她它这那]|薪|工资|欠|钱|老赖|条|不|没|春风|零|专项|行动|绿色|通道|一|说|等|双|三|跑|法|同意|恶意|失信|名单|机制|包工|承包|代表|服务|网格|案|账|维权|和解|诚信|车间"
)
_OFFICE = re.compile(
    "(?:某|[\u4e00-\u9fffa-z0-9]{2,8}?)?(?:街道办事处|街道办|镇政府|乡政府|县政府|村委会|居委会|管委会|管理局|管理所|管理站|管理处|教育局|教体局|财政局|城管局|水务局|建设局|住建局|交通局|环卫所|环卫站|疾控中心|卫生院|卫生局|政务中心|(?:司法|教育)部门)|某[镇乡村]|村委会"
)
_BOSS = re.compile(
    "(?:(?<!工)"
    + employer_names.SURNAME
    + "(?:某某?)?(?:老板|总(?=[，。拖欠说不没跑])|工头)|(?<![\u4e00-\u9fff])老"
    + employer_names.SURNAME
    + "(?![\u4e00-\u9fff]{0,3}(?:诉|讨|拿到|领到)))"
)
# 包工头 and what else only begins like a surname.
_NO_BOSS = re.compile(
    "包工头|老[支师书年党家本外奶]|[后时向关于和从经要欠找]老板|[时于常应能]总|[从和向经时]工头|[那这应]老板"
)
_SOMEBODY = re.compile(
    "(?:" + employer_names.SURNAME + "|[付岩玉闫肖代涂佘])某[某甲乙丙]?"
    "(?![\u4e00-\u9fff]{0,6}?(?:[市县区镇乡村州厂店站场矿院校]|公司|项目|工地|单位|企业))"
)
_NO_NAME = re.compile("^[那这]|[账薪钱资不没未给被饭找跑躲逃管推装答应说称人包]")
_ROLE_NAME = re.compile(
    "(?:包工头|工头|老板|被告人?|被执行人|被申请人|负责人|承包人|承包商|经营者|嫌疑人|控制人|法定代表人|法人|雇主|班组长|加盟商|店主|场主|塘主|庄主|业主|房东|组长|队长)(?:是|为|叫|：)?"
    "(" + employer_names.SURNAME + "[\u4e00-\u9fff]{1,2})"
    "(?=[，。、：；(\n]|的|拖欠|欠|承包|拒|在|以|将|也|又|把|因|犯|雇|于|给|没|不|至今|失联|跑路|未|称|说|逃|共|已|向|被|是)"
)
_LEGAL = re.compile("有限(?:责任)?公司|分公司|集团公司")
_COMPANY = re.compile("(?:公司|集团|矿业|置业|建工|地产|科技|餐饮|物业|传媒|合作社)$")
_NEVER = re.compile(
    "检察院|法院|公安|人社|劳动监察|劳动局|信访|仲裁|司法局|律师|晚报|日报|电视台|新闻|派出所|监察|消防|工会|妇联|住建|记者|领导小组|专班|支队|大队|银行|政府督查室|法庭|工商联|交警"
)
_GENERIC_KIND = re.compile(
    "(?:[\u4e00-\u9fff]{1,3}[市县区州镇]|[\u4e00-\u9fff]{1,4}(?:省|一|某))?(?:快递|外卖|连锁|大|小|私人|民营|建筑|装饰|装修|劳务|劳务派遣|保洁|保安|物业|运输|清运|外包|房地产|房产|开发|科技|传媒|文化|餐饮|家政|健身|培训|服装|施工|工程|上市|制鞋|航空|医药|食品|公交|环卫|水泥|装卸){0,2}"
    "(?:公司|企业|网点|站点|药房|工地|项目|项目部|店|医院|学校|场|厂|平台|队|机构|中介|基地)"
)
_TAIL = re.compile(
    "(?:建筑|医药|劳务|科技|装饰|装修|物业|餐饮|食品|建设|工程|服务|管理|置业|实业|房地产|开发){0,3}(?:股份|有限|责任|集团){0,4}(?:分公司|公司|集团|厂|项目部|医院|学校)?$"
)
_PLACE = re.compile("^(?:[\u4e00-\u9fffa-z0-9]{1,4}(?:省|市|县|区|州|镇|乡)){1,4}")
_LOOSE = re.compile(
    "[的了着过我你他她这那哪谁没未只还也就把让请问欠因于从被说称判现见做修包]|[0-9]{2,12}|以|且|如|却|一家|合伙|上(?:周|星期|个?月)|月份|女工|工人"
)
_CUT = re.compile(
    "[的了着过我你他她这那哪谁没未只还也就把让请欠于从被说称判却且因]|合伙|成立|修(?![理配文水武])|包(?![头装])|女工|工人|老板|发现|以及|处罚|上(?:周|星期)|月份?(?=[一-鿿]{4})|[0-9]{2,12}|(?<![一-鿿])[与和]|任(?!丘)|见过|做(?!工)|干|来(?![宾凤])|驻"
)
_KEEPS = re.compile("[一-鿿]{2,30}$")
_SURNAMED = re.compile(employer_names.SURNAME + "某(?![市县区镇乡村州])")
_NO_BRAND = re.compile(
    "(?:[一-鿿a-z0-9]{1,12}?(?:[省市县区州镇乡村旗里]|街道))?(?:一|某|某家|一家|国有|民营|私立|知名|连锁|大型|乡镇){0,3}"
    "(?:[茶鞋糖酒药纸砖板米油面石砂瓷木果冰花肉皮]|服装|制衣|电子|家具|水泥|玩具|模具|石料|石材|木材|食品|印刷|加工|皮革|灯饰|陶瓷|纺织|化工|塑料|大理石|养殖|养猪|养鸡|采石|砂石|便利|火锅|烧烤|奶茶|理发|美发|米线|早餐|水果|足浴|健身|家政|物业|外卖|快递|外包|保洁|保安|劳务|装修|装饰|运输|传媒|航空|培训|建筑|芦荟|橡胶|羽绒服){1,2}"
    "(?:厂|店|馆|场|坊|矿|公司|中心|平台|企业|队|企|园|房|方)|(?:[一-鿿a-z0-9]{1,12}?(?:[省市县区州镇乡村]|街道))?(?:一|一家|某|某家)?(?:酒店|饭店|宾馆|民宿|茶园|农庄|庄园|超市|商场|幼儿园|学校|医院|景区|门店|工地|果园|基地|农场|客栈|餐厅)"
)
_CONTRACTED = re.compile("^(?:外包|劳务|分包|承包|派遣|劳务派遣)")
_RUNS = re.compile(
    "^(?:公司|该公司|企业|单位|工厂|厂|集团|分公司|项目部|项目|工程|学校|医院|店|门店|平台|有限公司|物业|物业公司|工地|机构|站点|网点)$"
)


@dataclass(frozen=True, slots=True)
class Name:
    """One writing of a party at the view's ``[start:end]`` of field number ``field`` (0 the title, 1 the text)."""

    field: int
    start: int
    end: int
    words: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Party:
    """All writings of one party in order of appearance; ``best`` is the fullest."""

    names: tuple[Name, ...]
    best: Name


def parties(readings: Sequence[Reading], extra: Iterable[tuple[int, int, int]] = ()) -> list[Party]:
    """Who might owe, in order of first appearance; ``extra``: names found otherwise (field, start, end)."""
    names: list[Name] = []
    for number, reading in enumerate(readings):
        text = reading.view.text
        told: list[tuple[int, int, Shape]] = [(start, end, "words") for at, start, end in extra if at == number]
        names.extend(_apart(number, text, (*_all(reading, lead=number == 0), *told)))
    return _joined(names)


def _all(reading: Reading, *, lead: bool) -> Iterator[tuple[int, int, Shape]]:
    """Spans with a first guess at their shape, the more certain writings first."""
    text = reading.view.text
    for start, end, kind in employer_names.names(reading, lead=lead):
        yield start, end, "person" if kind in ("person", "manager") else "subject" if kind == "subject" else "words"
    for start, end in (*employer_names.shapes(text), *workplaces.shapes(text)):
        begin = _begin(text, start, end)
        if begin is not None and is_named(text[begin:end]):
            yield begin, end, "words"
    for match in _QUOTED.finditer(text) if '"' in text else ():
        if not (_QUOTED_NOT.search(match[1]) or is_loose(match[1])):
            yield *match.span(1), "quoted"
    yield from _persons(text)
    yield from _nameless(text)
    for match in _OFFICE.finditer(text):
        left = employer_names.left_of(text, match.end() - 2) if len(match.group()) > 3 else match.start()
        begin = max(match.start(), left) if left < match.end() - 1 else match.start()
        if not _CUT.search(text, begin, match.end()):
            yield begin, match.end(), "office"


def _persons(text: str) -> Iterator[tuple[int, int, Shape]]:
    for match in _SOMEBODY.finditer(text) if "某" in text else ():
        yield *match.span(), "person"
    for match in _BOSS.finditer(text):
        if not _NO_BOSS.match(match.group()):
            yield *match.span(), "person"
    for match in _ROLE_NAME.finditer(text):
        if not _NO_NAME.search(match[1]):
            yield *match.span(1), "person"


def _nameless(text: str) -> Iterator[tuple[int, int, Shape]]:
    """某橡胶加工厂; not 李某在工厂."""
    for match in _SOME.finditer(text) if "某" in text else ():
        if not _CUT.search(match.group()) and not _SURNAMED.match(text, max(0, match.start() - 1)):
            yield *match.span(), "nameless"


def _begin(text: str, start: int, end: int) -> int | None:
    """Where the name within ``text[start:end]`` begins: behind the last word no name holds; None where none is left."""
    cuts = [match.end() for match in _CUT.finditer(text, start, end)]
    begin = cuts[-1] if cuts else start
    return begin if end - begin > 1 and (begin == start or _KEEPS.search(text, begin, end)) else None


def _apart(number: int, text: str, spans: Iterable[tuple[int, int, Shape]]) -> list[Name]:
    """Spans that end at one place are one name (the first told wins); one inside another is left out."""
    taken: dict[int, tuple[int, Shape]] = {}
    for start, end, shape in spans:
        runs_on = shape == "person" and end - start > 2 and text[end - 1] in "犯称说与和为等的是在"
        stop = end - runs_on
        if 2 <= stop - start <= _LONGEST and not _RUNS.fullmatch(text, start, stop):
            taken.setdefault(stop, (start, shape))
    kept: list[tuple[int, int, Shape]] = []
    for start, end, shape in sorted(
        ((s, e, shape) for e, (s, shape) in taken.items()), key=lambda one: (one[0], -one[1])
    ):
        last = kept[-1] if kept else (0, 0, shape)
        left = last[1] if start < last[1] and last[2] != "person" else start
        if end > last[1] and end - left > 1:
            kept.append((left, end, shape))
    return [Name(number, s, e, text[s:e], _shape(text[s:e], shape)) for s, e, shape in kept[:MOST]]


def _shape(words: str, guess: Shape) -> Shape:
    """The first that holds."""
    if guess in ("person", "quoted"):
        return guess
    shapes: tuple[tuple[bool, Shape], ...] = (
        (employer_names.is_nameless(words), "kind"),
        (bool(_LEGAL.search(words)) and "某" not in words, "registered"),
        ("某" in words, "nameless"),
        (guess == "office", "office"),
        (bool(_GENERIC_KIND.fullmatch(words)), "kind"),
        (bool(_OFFICE.fullmatch(words)), "office"),
        (bool(_COMPANY.search(words)), "company"),
        (workplaces.is_workplace(words), "workplace"),
    )
    return next((shape for holds, shape in shapes if holds), guess)


def _core(words: str) -> str:
    """What tells the name from others of its kind: without place, trade and legal form."""
    return _TAIL.sub("", _PLACE.sub("", words))


def _joined(names: Sequence[Name]) -> list[Party]:
    """One party per name and its other writings."""
    groups: list[list[Name]] = []
    for name in names[: 2 * MOST]:
        group = next((group for group in groups if any(_same(name, other) for other in group[:4])), None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return [Party(tuple(group), _fullest(group)) for group in groups]


def _same(one: Name, other: Name) -> bool:
    if one.words == other.words:
        return True
    if "person" in (one.shape, other.shape) or {"kind", "nameless"} & {one.shape, other.shape}:
        return False
    short, long = sorted((one.words, other.words), key=len)
    if short in long:
        return len(short) > 2 or long.startswith(short)
    core = _core(short)
    return len(core) >= 2 and core in long and core not in ("云南", "昆明", "中国")


_ORDER = {"registered": 4, "company": 3, "workplace": 2, "office": 2}


def _fullest(group: Sequence[Name]) -> Name:
    return max(group, key=_fullness)


def _fullness(name: Name) -> tuple[int, bool, bool, int, int]:
    """A registered name before a short one, a present one before a former one (原…公司), a long one before a short."""
    sound = not firm_names.is_phrase(name.words)
    return _ORDER.get(name.shape, 0), not name.words.startswith("原"), sound, len(name.words), -name.field


def is_loose(words: str) -> bool:
    """Whether the words are no name but a piece of a clause."""
    return (
        firm_names.is_phrase(words)
        or firm_names.is_clause(words, subject=False)
        or not employer_names.is_name(words)
        or bool(_LOOSE.search(words))
    )


def is_brandless(words: str) -> bool:
    """Whether only a place, a trade and a kind are told (勐海茶厂, 便利店)."""
    behind = next((size for size in (4, 3, 2) if employer_names.is_place(words[:size])), 0)
    return bool(_NO_BRAND.fullmatch(words) or (behind and _NO_BRAND.fullmatch(words, behind)))


def is_contracted(words: str) -> bool:
    """Whether the kind itself says that work was given to it (外包公司, 劳务公司)."""
    return bool(_CONTRACTED.search(words))


def is_named(words: str) -> bool:
    """Whether the words, found by their ending alone, name one: no clause, no bare kind, no office that helps."""
    return not (
        is_loose(words)
        or is_brandless(words)
        or is_helper(words)
        or _GENERIC_KIND.fullmatch(words)
        or employer_names.is_nameless(words)
        or employer_names.is_place(words.removesuffix("公司"))
    )


def is_helper(words: str) -> bool:
    """Courts, offices that see to wages, the press and the banks."""
    return bool(_NEVER.search(words))
