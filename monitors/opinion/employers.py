"""Who owes: the employer's name by the grammar of company names, and by its place before "owes".

The names come from ``employer_names``; the words beside each give it a score. Who reports, tries, builds for or pays in
someone's stead is not who owes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from monitors.opinion import (
    employer_candidates,
    employer_cues,
    employer_names,
    firm_names,
    introduced,
    ranking,
    workplaces,
)
from monitors.opinion.employer_candidates import Party
from monitors.opinion.figures import Nearness
from monitors.opinion.mentions import Reading
from monitors.settings import ROOT

Field = Literal["title", "text"]

PATH = ROOT / "data" / "lexicon" / "employer.json"
_BRACKETS = str.maketrans("（）", "()")

_PLACE = re.compile("^(?:[\u4e00-\u9fffa-z0-9]{1,4}(?:省|市|县|区|州|镇|乡)){1,6}")
# Who owes although an office: only where it is said of the office itself.
_AUTHORITY = re.compile("(?:政府|街道办事处|街道办|管委会|村委会|居委会|(?:教育|建设|水务|交通|住建|财政|卫生)局)$")
_UPPER = re.compile("(?:总包|发包|建设|业主|甲|开发)(?:方|单位|商)?(?:的|为|是)?$")
_LOWER = re.compile("(?:分包|劳务|用工|用人|雇佣)(?:方|单位|商|给|公司)?(?:的|为|是)?$")
_OTHER_DEBT = re.compile(
    "(?:没有?给|未付|未支付|拖欠|欠)[^，。；工薪]{0,16}(?:工程款|材料款|货款|进度款)(?!和|及|、|与|[^，。]{0,2}工资)"
)
_REGISTERED = re.compile("(?:公司|集团|合作社)$")
_LIST = re.compile("等[0-9一二三四五六七八九十]{1,12}[多余]?家|第[一二三四五]批|[多数]家|名单[^。]{0,20}(?:包括|分别)")
_CONTRACTED = re.compile(
    "(?:外包|劳务|分包)(?:公司|方|单位|队伍|商)(?=[^，。；]{0,24}?(?:拖欠|欠[^，。]{0,10}(?:工资|钱)))"
)
_DENIED = re.compile("并非|不实|辟谣|实际是")
# 酒店外包保洁, 景区的外包公司: the client whose work was given away owes nothing.
_GIVEN_AWAY = re.compile("的?(?:食堂|保洁|物业|分拣|安保|配送|绿化|客房){0,6}外包")
_KIND_ONLY = re.compile("[\u4e00-\u9fff]{2}(?:公司|企业)|[\u4e00-\u9fff]{2,5}厂")
_NO_BRAND = re.compile(
    "(?:[\u4e00-\u9fff]{1,3}[市县区州镇])?(?:快递|外卖|连锁|大|小|私人|民营|建筑|装饰|装修|劳务|保洁|保安|物业|运输|清运|外包){0,2}(?:公司|企业|网点|站点|药房|工地|项目|店|医院|学校|场)|"
    "[\u4e00-\u9fff]{1,3}[厂店馆坊]|厂"
)
# 那家果脯厂"蜜滇食品", 叫做"…之家"的油坊: the kind of workplace beside its own name.
_BRANDED = re.compile(
    '(?P<kind>[\u4e00-\u9fff][厂店馆坊场院校司站])"(?P<brand>[\u4e00-\u9fffa-z0-9]{2,12})"|'
    '"(?P<before>[\u4e00-\u9fffa-z0-9]{2,12})"的(?P<behind>[\u4e00-\u9fff]{1,4}[厂店馆坊场院校司站])'
)
_BARE = 5  # characters of a name that may be nothing but a kind (石材加工厂)
_PAYS_FOR = re.compile("(?:已|先行|代为|全额|足额|按时|已经|将){1,6}[^，。；]{0,4}(?:垫付|拨付|支付|结清|付清)")
_ALIAS = re.compile("\\((?:以?下称|以?下简称|简称)[^()]{1,14}\\)")
_HIRED_BY = re.compile("(?:招用|雇用|雇佣|聘用|招募|招聘|派遣)")
_TAIL = re.compile(
    "(?:建筑|医药|劳务|科技|装饰|装修|物业|餐饮|食品|建设|工程)?(?:股份|有限|责任|集团){0,6}(?:公司|集团|厂|项目部|医院|学校)?$"
)
_KIND_POINTS = {"person": 1.5, "manager": 0.5, "subject": 1.2, "generic": 0.2, "described": 0.7, "passed on": 1.4}
_NOT_THE_DEBTOR = re.compile(
    "门口|门前|大门|附近|对面|楼下|协助|帮助|帮我|督促|出面|尽快|介入|协调|核实|调查|为我|做主|关注|抢救|治疗|救治|住院|等[0-9]{1,12}[多余]?家"
)
_BEFORE = (
    (_UPPER, -0.5),
    (_LOWER, 0.3),
    (re.compile("投诉|举报|曝|反映|控告$"), 0.5),
    (re.compile("(?:向|为|找|帮|给).?$"), 0.2),
)
_BEHIND = (
    (_HIRED_BY, 1.2),
    (_OTHER_DEBT, -1.2),
    (_PAYS_FOR, -1.2),
    (re.compile("称|表示|回应|记者|报道|工作人员"), -0.3),
)
_BAR = 1.5  # below this a name is only somebody named
_OWES_ITSELF = re.compile(
    "(?:、[^，。；]{2,6}局)?(?:(?:承建|实施|承包|运营)的[^，。包班老]{2,24}?)?(?:因[^，。]{2,12})?(?:在[^，。]{2,16})?(?:自[^，。]{2,8}以来)?(?:长期|一直|恶意|无故|已经?|目前|尚|仍|至今|累计|共|还|未按时|未足额){0,6}(?:拖欠|欠薪|欠发|欠(?=[^，。]{1,12}工资)|未支付|未发放|没有?发|克扣)"
)
_OWES = re.compile(
    "拖欠|欠薪|欠|克扣|未发|没发|不发|停发|发不|拒付|拒不|未付|没付|托欠|薪资|工资|员工|未支付|卷款|跑路|失联|倒闭|解散|恶意|长期|无故|违法"
)


@dataclass(frozen=True, slots=True)
class Employer:
    """A name at the view's ``[start:end]`` of ``field``; ``why``: what speaks for it, for a reader."""

    name: str
    field: Field
    start: int
    end: int
    why: str = "可能的欠薪单位"


_Candidate = tuple[Field, Reading, int, int, str]


def find(title: Reading, text: Reading) -> Employer | None:
    """The most likely debtor named, or None.

    A report with a text is judged by the weights of ``data/lexicon/employer.json``, in which what the grammar says is
    one voice; a headline alone by the grammar.
    """
    said = by_grammar(title, text)
    return _weighed((title, text), said) if text.view.text else said


@dataclass(frozen=True, slots=True)
class Question:
    """Who might owe and the features of each, those of "nobody" last."""

    parties: tuple[Party, ...]
    cues: tuple[tuple[str, ...], ...]


def question(title: Reading, text: Reading, said: Employer | None) -> Question:
    """What is weighed; ``said``: whom the grammar names."""
    readings = (title, text)
    told = [(int(said.field == "text"), said.start, said.end)] if said else []
    parties = employer_candidates.parties(readings, told)
    cues = employer_cues.of_parties(readings, parties)
    for party, found in zip(parties, cues, strict=True):
        if said and _is_said(party, said):
            found.add("said")
    nobody = employer_cues.of_none(readings, parties) | (set() if said else {"none: said"})
    return Question(tuple(parties), tuple(tuple(sorted(found)) for found in (*cues, nobody)))


def _is_said(party: Party, said: Employer) -> bool:
    name = said.name.lower().translate(_BRACKETS)
    return any(name in one.words or one.words in name for one in party.names)


def _weighed(readings: tuple[Reading, Reading], said: Employer | None) -> Employer | None:
    asked = question(*readings, said)
    weights = ranking.load(PATH)
    at = ranking.choose(weights, asked.cues)
    if at == len(asked.parties):
        return None
    party = asked.parties[at]
    best = party.best
    reasons = "、".join(weights.reasons(asked.cues[at]))
    why = f"可能的欠薪单位：{reasons}" if reasons else "可能的欠薪单位"
    if said and best.shape != "registered" and _is_said(party, said):
        return replace(said, why=why)
    field: Field = "text" if best.field else "title"
    return Employer(_as_written(readings[best.field], best.start, best.end), field, best.start, best.end, why)


def by_grammar(title: Reading, text: Reading) -> Employer | None:
    """Whom the patterns of company names and of "owes" alone would name."""
    candidates: list[_Candidate] = []
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    for field, reading in fields:
        candidates.extend((field, reading, *name) for name in employer_names.names(reading, lead=field == "title"))
    near = {field: Nearness(reading.mentions) for field, reading in fields}
    best: tuple[float, int, Employer] | None = None
    for field, reading, start, end, kind in candidates:
        score = _score(reading, near[field], start, end, kind) + (0.6 if field == "title" else 0.0)
        if score >= _BAR and (best is None or (score, -start) > (best[0], best[1])):
            best = (score, -start, Employer(_as_written(reading, start, end), field, start, end))
    if best is None:
        found = _alone(candidates) or _introduced(_workplace(fields), candidates, fields)
    else:
        found = _full_name(_company_behind(_contractor(best[2], text), candidates), candidates)
        found = _introduced(found, candidates, fields)
    return _by_deeds(fields, found)


def _is_bare(name: str) -> bool:
    """Whether only the kind of workplace is told (陶瓷厂, 快递网点)."""
    return bool(_NO_BRAND.fullmatch(name))


def _introduced(
    found: Employer | None, candidates: list[_Candidate], fields: tuple[tuple[Field, Reading], ...]
) -> Employer | None:
    """在一家石材厂, and further on 厂名是…石材加工厂: the name told for the workplace."""
    if found is not None and not _is_bare(found.name):
        return found
    for field, reading in fields if found else ():
        for match in _BRANDED.finditer(reading.view.text) if '"' in reading.view.text else ():
            if found and found.name.endswith(match["kind"] or match["behind"]):
                brand = match.span("brand" if match["kind"] else "before")
                return Employer(_as_written(reading, *brand), field, *brand)
    for field, reading, start, end, kind in candidates:
        text = reading.view.text
        if kind == "name" and end - start > _BARE and introduced.is_named(text, start):
            return Employer(_as_written(reading, start, end), field, start, end)
    return found


def _by_deeds(fields: tuple[tuple[Field, Reading], ...], found: Employer | None) -> Employer | None:
    """快递网点 in the headline, 加盟商龙某拖着派件费没给 below: who did what a debtor does, where no firm is named."""
    if found is not None and not _is_bare(found.name):
        return found
    deeds = introduced.debtor(tuple(reading for _, reading in fields))
    if deeds is None:
        return found
    number, start, end = deeds
    field, reading = fields[number]
    return Employer(_as_written(reading, start, end), field, start, end)


def _alone(candidates: list[_Candidate]) -> Employer | None:
    """The only company registered by name in the report, where nothing makes it a payer, a client or a helper."""
    named = {
        reading.view.text[start:end]: (field, reading, start, end, kind)
        for field, reading, start, end, kind in candidates
        if kind == "name" and _REGISTERED.search(reading.view.text, start, end)
    }
    if any(_LIST.search(reading.view.text) for _, reading, *_ in named.values()):
        return None  # one of many on a list
    whole = [one for name, one in named.items() if "有限" in name] or list(named.values())
    if len(whole) != 1:
        return None
    field, reading, start, end, kind = whole[0]
    text = reading.view.text
    if (
        _score(reading, Nearness(reading.mentions), start, end, kind) <= 0
        or firm_names.is_clause(text[start : end - 2], subject=True)
        or _DENIED.search(text)
    ):
        return None
    if _UPPER.search(text[max(0, start - 8) : start]) or _OTHER_DEBT.match(text, end) or _PAYS_FOR.match(text, end):
        return None
    return Employer(_as_written(reading, start, end), field, start, end)


def _workplace(fields: tuple[tuple[Field, Reading], ...]) -> Employer | None:
    """一家烤鱼店, 砖厂老板: no name is told, but the kind of workplace is; the text goes first."""
    spans = [(span, field, reading) for field, reading in reversed(fields) for span in workplaces.find(reading)]
    spans.sort(key=lambda found: -found[0][0])
    mentions = [mention for _, reading in fields for mention in reading.mentions]
    if mentions and not any(mention.mood == "stated" for mention in mentions):
        return None  # who is told not to owe, or asked to see to it that nobody does
    names = {reading.view.text[start:end] for (_, start, end), _, reading in spans}
    if not spans or spans[0][0][0] < (workplaces.BAR_ALONE if len(names) == 1 else workplaces.BAR):
        return None
    (_, start, end), field, reading = spans[0]
    return Employer(_as_written(reading, start, end), field, start, end)


def _contractor(found: Employer, text: Reading) -> Employer:
    """景区欠薪 in the headline, 景区外包公司拖欠 below: who was given the work owes, not where it is done."""
    behind = _CONTRACTED.search(text.view.text) if found.field == "title" and "有限" not in found.name else None
    if not behind or found.name in behind.group():
        return found
    return Employer(_as_written(text, behind.start(), behind.end()), "text", behind.start(), behind.end())


def _company_behind(found: Employer, candidates: list[_Candidate]) -> Employer:
    """某项目欠薪 in the headline, 某某公司拖欠12名工人工资 below it: the registered company owes, not the worksite."""
    if found.field == "title" and _KIND_ONLY.fullmatch(found.name):
        return _alone(candidates) or found
    if found.name.endswith(("公司", "集团")):
        return found
    for field, reading, start, end, kind in candidates:
        name = reading.view.text[start:end]
        if kind == "name" and name.endswith("有限公司") and _OWES_ITSELF.match(reading.view.text, end):
            return Employer(_as_written(reading, start, end), field, start, end)
    return found


def _as_written(reading: Reading, start: int, end: int) -> str:
    """The name in simplified characters, Latin letters in their own case."""
    view = reading.view
    return "".join(
        view.original[view.span(at, at + 1)[0]] if view.text[at].isascii() else view.text[at]
        for at in range(start, end)
    )


def _full_name(found: Employer, candidates: list[_Candidate]) -> Employer:
    """某某公司 in the headline and 某某建筑有限公司 in the text are one: the registered name is the better one."""
    if "有限" in found.name:
        return found
    brand = _TAIL.sub("", _PLACE.sub("", found.name.lower()))
    if len(brand) < 2:
        return found
    for field, reading, start, end, kind in candidates:
        name = reading.view.text[start:end]
        if kind == "name" and ("有限" in name or name == f"{brand}办事处") and brand in name:
            return Employer(_as_written(reading, start, end), field, start, end)
    return found


def _score(reading: Reading, near: Nearness, start: int, end: int, kind: str) -> float:
    text = reading.view.text
    name, before = text[start:end], text[max(0, start - 8) : start]
    alias = _ALIAS.match(text, end)
    end = alias.end() if alias else end
    end += text.startswith('"', end)
    after = text[end : end + 14]
    if (
        (_NOT_THE_DEBTOR.match(text, end) and not introduced.is_asked_of_itself(text, end))
        or _GIVEN_AWAY.match(text, end)
        or before.endswith(("下称", "简称", "工地在", "位于", "地点在", "项目在"))
    ):
        return 0.0
    itself = kind == "subject" or introduced.is_asked_of_itself(text, end) or bool(_OWES_ITSELF.match(text, end))
    if _AUTHORITY.search(name) and not itself:
        return 0.0  # who is asked for help, or whose gate it is
    score = _KIND_POINTS.get(kind, 1.0) + (0.4 if "有限" in name or "集团" in name else 0.0)
    score += sum(points for pattern, points in _BEFORE if pattern.search(before))
    score += sum(points for pattern, points in _BEHIND if pattern.match(text, end))
    score += 1.2 if _OWES.search(after[:8]) else 0.6 if _OWES.search(after) else 0.0
    score += introduced.points(text, start, end)
    apart = near.apart(start, end)
    return score + (0.8 if apart <= 4 else 0.5 if apart <= 20 else 0.2 if apart <= 60 else 0.0)
