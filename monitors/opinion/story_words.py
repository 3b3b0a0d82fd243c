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

from monitors.opinion.normalise import fold
from monitors.opinion.numerals import chinese
from monitors.settings import ROOT

PATH = ROOT / "data" / "story_words.toml"

_LIGHT = 0.34
_TAG = re.compile(r"#\s*([^#\n]{2,40}?)\s*#")
_BREAK = re.compile(r"[^0-9a-z.\u3400-\u9fff]+")
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,4})?)\s*([十百千]?[万亿]?)(?:余|多)?\s*([\u4e00-\u9fff]?)")
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3})")
_ORDINAL = re.compile(r"第([一二三四五六七八九十百\d]{1,4})([届期批号轮季次条]?)")
_UNITS = {"": 1, "十": 10, "百": 100, "千": 1000}
_LARGE = {"": 1, "万": 10_000, "亿": 100_000_000}
_DATE_UNITS = frozenset("年月日时分号点")
_PLACE = re.compile(r"([\u4e00-\u9fff]{2})(自治县|县|区|市|州|旗|镇|乡|街道)")
_COMPANY = re.compile(
    r"[\u4e00-\u9fffa-z()]{2,20}?(?:有限责任公司|股份有限公司|有限公司|工程公司|劳务公司|建筑公司|集团公司)"
)
_LEAD_CHARS = 300


@dataclass(frozen=True, slots=True)
class Words:
    """What a report shares with another of the same event, and hardly with one of another event.

    ``title``: bigrams of the title (of the first sentence where there is none) with their weights; ``lead``: title and
    first 300 characters, folded; ``tags``: hashtags; ``names``: companies named in full; ``figures``:
    quantities of the title by unit; ``numbers``: all quantities, dates left out; ``places``: tokens such as 盘龙区 in
    title and lead; ``wage``: whether the title or lead speaks of wages.
    """

    title: Mapping[str, float]
    lead: str
    tags: frozenset[str]
    names: frozenset[str]
    figures: Mapping[str, frozenset[float]]
    numbers: frozenset[str]
    places: frozenset[str]
    wage: bool

    @property
    def weight(self) -> float:
        """How much the title says that is its own."""
        return sum(self.title.values())


_WAGE = re.compile("工资|欠薪|讨薪|薪资|薪水|薪酬|血汗钱|工钱|劳动报酬|民工|劳务费|工程款")


def words(title: str, text: str) -> Words:
    """Read a report's words."""
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
    best: dict[str, float] = {}
    for at in range(len(cleaned) - 1):
        pair = cleaned[at : at + 2]
        if _BREAK.search(pair) is None and (value := min(each[at], each[at + 1])) > 0:
            best[pair] = max(best.get(pair, 0.0), value)
    yield from best.items()


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
