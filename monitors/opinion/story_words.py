"""What tells one event from another in a report's words (事件特征): weighted title characters, figures, places, names.

Two headlines of one event share what is peculiar to it; two headlines of one *kind* of event share the kind's words. So
every character of a title has a weight: none in the trade's stock phrases, little in kinds of people and places, full
elsewhere. Pure; ``data/story_words.toml`` is the whole of its knowledge.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from monitors.opinion.firm_names import is_company
from monitors.opinion.normalise import fold
from monitors.opinion.numerals import chinese
from monitors.settings import ROOT

PATH = ROOT / "data" / "story_words.toml"

_LIGHT = 0.34
_LATIN_WEIGHT = 1.5
_TAG = re.compile(r"#([^#\n]{2,48})#")
_LATIN = re.compile(r"[a-z][a-z0-9]+")
_HAN_PAIR = re.compile(r"[\u3400-\u9fff]{2}")
_BREAK = re.compile(r"[^0-9a-z.\u3400-\u9fff]+")
_QUANTITY = re.compile(
    r"(?<![a-z\d.])(\d{1,15}(?:\.\d{1,4})?) {0,2}([十百千]?[万亿]?)[余多]?"
    r" {0,2}([人名元个起岁枚次例户家件天级项位年月日时分号点]?)"
)
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3})")
_ORDINAL = re.compile(r"第([一二三四五六七八九十百\d]{1,4})([届期批号轮季次条]?)")
_UNITS = {"": 1, "十": 10, "百": 100, "千": 1000}
_LARGE = {"": 1, "万": 10_000, "亿": 100_000_000}
_DATE_UNITS = frozenset("年月日时分号点")
_PLACE = re.compile(r"[\u4e00-\u9fff]{2}(?:(?:[\u4e00-\u9fff]{1,2}族){1,4}自治[县州]|县|区|市|州|镇|街道)")
_PROVINCE = re.compile(r"[\u4e00-\u9fff]{2}(?:省|市|州|县|区)")
_COMPANY = re.compile(
    r"[\u4e00-\u9fffa-z()]{2,20}?(?:有限责任公司|股份有限公司|有限公司|工程公司|劳务公司|建筑公司|集团公司)"
)
_SITE = re.compile(r"([\u4e00-\u9fff0-9]{4}(?:工程|项目|标段|工地|安置房|小区|基地|二期|三期))(?!款|量|师|造价)")
_LEAD_CHARS = 300


@dataclass(frozen=True, slots=True)
class Words:
    """What a report shares with another of the same event, and hardly with one of another event.

    ``title``: bigrams of the title (of the first sentence where there is none) with their weights; ``lead``: title and
    first 300 characters, folded; ``tags``: hashtags; ``names``: companies named in full; ``figures``:
    quantities of the title by unit; ``numbers``: all quantities, dates left out; ``places``: tokens such as 盘龙区 in
    title and lead; ``wage``: whether title or lead speaks of money owed;
    ``employer``: what is its own in the employer's name; ``company``: whether that name is a company's;
    ``sites``: how the names of worksites in title and lead end (中学教学楼工程), whatever was written before them.
    """

    title: Mapping[str, float]
    lead: str
    tags: frozenset[str]
    names: frozenset[str]
    figures: Mapping[str, frozenset[float]]
    numbers: frozenset[str]
    places: frozenset[str]
    wage: bool
    employer: str
    company: bool
    sites: frozenset[str]

    @property
    def weight(self) -> float:
        """How much the title says that is its own."""
        return sum(self.title.values())


_WAGE = re.compile("工资|欠薪|讨薪|薪资|薪水|薪酬|片酬|血汗钱|工钱|劳动报酬|民工|劳务费|工程款|拖欠|讨款|讨债|讨要")


def words(title: str, text: str, employer: str | None = None) -> Words:
    """Read a report's words; ``employer`` as judged, where it was."""
    head = fold(title)
    body = fold(text)
    shown = head if head.strip() else re.split("[。！？\n]", _TAG.sub("", body).strip(), maxsplit=1)[0][:60]
    lead = f"{head} {body[:_LEAD_CHARS]}"
    return Words(
        title=dict(_weighted(shown)),
        lead=lead,
        tags=frozenset(tag for found in _TAG.findall(f"{head} {body}") if len(tag := _BREAK.sub("", found)) >= 4),
        names=frozenset(_company(name) for name in _COMPANY.findall(f"{head} {body}")),
        figures=_figures(shown),
        numbers=frozenset(f"{value:g}{unit}" for value, unit in _quantities(f"{head} {body}")),
        places=frozenset(_places(lead)),
        wage=_WAGE.search(lead) is not None,
        employer=employer_core(employer or ""),
        company=is_company(fold(employer or "")),
        sites=frozenset(match[1] for match in _SITE.finditer(lead)),
    )


@dataclass(frozen=True, slots=True)
class _Lists:
    """The data file: ``weight`` of each listed word, ``pattern`` that finds them (longest first), ``not_places``."""

    weight: Mapping[str, float]
    pattern: re.Pattern[str]
    not_places: frozenset[str]


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    table = tomllib.loads(PATH.read_text(encoding="utf-8"))
    stock, kinds, places = (table[name].split() for name in ("stock", "kinds", "places"))
    weight = {**dict.fromkeys(kinds, _LIGHT), **dict.fromkeys(places, _LIGHT), **dict.fromkeys(stock, 0.0)}
    longest_first = sorted(weight, key=lambda word: (-len(word), word))
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return _Lists(weight, pattern, frozenset(table["not_places"].split()))


def _weighted(text: str) -> Iterator[tuple[str, float]]:
    lists = _lists()
    cleaned = _QUANTITY.sub(" ", text)
    each = [1.0] * len(cleaned)
    for match in lists.pattern.finditer(cleaned):
        each[match.start() : match.end()] = [lists.weight[match.group()]] * (match.end() - match.start())
    for match in _PROVINCE.finditer(cleaned):
        for at in range(match.start(), match.end()):
            each[at] = min(each[at], _LIGHT)
    best: dict[str, float] = {}
    for name in _LATIN.finditer(cleaned):
        # A Latin name is one word, not as many as it has letters.
        best[name.group()] = _LATIN_WEIGHT
    for at in range(len(cleaned) - 1):
        pair = cleaned[at : at + 2]
        if _HAN_PAIR.fullmatch(pair) and min(each[at], each[at + 1]) > 0:
            best[pair] = max(best.get(pair, 0.0), (each[at] + each[at + 1]) / 2)
    yield from best.items()


_TRADE = re.compile(
    r"有限责任公司|股份有限公司|有限公司|分公司|公司|集团|股份|建筑|建设|建工|工程|劳务|装饰|装修|劳动|服务|某某?|一家?|涉事|企业|单位|施工|承包|项目部?"
)


def employer_core(name: str) -> str:
    """What is an employer's own in its name, ``""`` where only trade words are left (某建筑公司)."""
    core = _TRADE.sub("", _BREAK.sub("", fold(name)))
    return core if len(core) >= 2 else ""


def _company(name: str) -> str:
    return re.sub(r"^(?:.{0,4}?(?:近日|日前|由|在|是|与|和|对|向|被|为|系|告|诉|的|名|了))", "", name)[-14:]


def _quantities(text: str) -> Iterator[tuple[float, str]]:
    for match in _QUANTITY.finditer(_THOUSANDS.sub("", text)):
        number, scale, unit = match.groups()
        if unit in _DATE_UNITS and not scale:
            continue
        small, large = (scale[:1], scale[1:]) if scale[:1] in "十百千" and scale else ("", scale)
        yield float(number) * _UNITS.get(small, 1) * _LARGE.get(large, 1), unit


def _figures(title: str) -> dict[str, frozenset[float]]:
    found: dict[str, set[float]] = {}
    for value, unit in _quantities(title):
        found.setdefault(unit, set()).add(value)
    for number, unit in _ORDINAL.findall(title):
        found.setdefault(f"第{unit}", set()).add(float(number) if number.isdigit() else float(chinese(number) or 0))
    return {unit: frozenset(values) for unit, values in found.items()}


def _places(text: str) -> Iterator[str]:
    not_places = _lists().not_places
    for match in _PLACE.finditer(text):
        if match.group() not in not_places and match.group()[1:] not in not_places:
            yield match.group()
