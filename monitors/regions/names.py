"""Every surface a place name takes in a report, and how far each can be trusted: the table behind the place resolver.

Yunnan's names compete with the rest of the country's and with words that only look like names, so that the longest
match from the left decides (灌云县 is not 云县, 大理石 is not 大理).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from monitors.regions import divisions

# firm: the name alone says where. lone: the same, where it begins as a word does (computed, see ``rivals``).
# weak: something else in the report must speak of the region. strict: an everyday word or a given name; it must touch
# another place, or stand alone in a report that speaks of the region.
Trust = Literal["firm", "lone", "weak", "strict"]
Form = Literal["full", "bare", "alias", "town", "cue", "lookalike"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One place a surface can mean. ``code`` is at most six digits long: a township is read as its county."""

    code: str
    form: Form
    trust: Trust
    why: str
    unless: tuple[str, ...] = ()  # words that, standing anywhere in a report, take the name's word away
    rivals: int = 0  # places elsewhere in the country whose name is or holds this one
    towns: tuple[str, ...] = ()  # stems of the county's own townships that few others share: 盘溪 behind 华宁


# Bare names of prefectures elsewhere that are everyday words; they need their province beside them.
# fmt: off
_WORDLIKE_ELSEWHERE = frozenset((
    "朝阳", "大同", "大庆", "白银", "中山", "黄山", "来宾", "安康", "白山", "四平", "玉树", "海南",
    "海北", "海西", "海东", "通化", "黄石", "长治", "东方", "三明", "清远", "吉安", "自贡", "金华",
    "平凉", "宜春", "定西", "随州", "武威", "松原", "辽源", "安顺", "和田", "黄南", "汉中", "商洛",
    "保定", "临夏", "锦州",
))
# fmt: on
# Full names that are also common nouns.
_COMMON_NOUNS = frozenset(
    (
        "古城区",
        "城区",
        "郊区",
        "矿区",
        "东区",
        "西区",
        "南区",
        "北区",
        "新城区",
        "云县",
        "芒市",
        "河口区",
        "开发区",
        "市中区",
        "城中区",
    )
)
# A township name that more counties than this share is no evidence for any of them.
_TOO_COMMON = 6
_TIERS: tuple[Trust, ...] = ("firm", "weak", "strict")
# A name of Yunnan that the table of tiers does not speak of may stand alone with so few namesakes in the country.
FEW_RIVALS = 2


def readings() -> dict[str, tuple[Reading, ...]]:
    """All surfaces with their readings, look-alikes included (their reading has an empty code)."""
    table: dict[str, list[Reading]] = defaultdict(list)
    for division in divisions.everywhere():
        _add_division(table, division)
    _add_townships(table)
    for row in divisions.rows("names.csv"):
        form: Form = "cue" if row["kind"] in {"cue", "landmark"} else "alias"
        why = {"cue": "地域说法", "landmark": "地标", "old": "旧称", "alias": "别称"}[row["kind"]]
        table[row["name"]].append(Reading(row["code"], form, "strict" if row["needs"] else "firm", why))
    for row in divisions.rows("lookalikes.csv"):
        table[row["phrase"]] = [Reading("", "lookalike", "firm", row["reason"])]
    return {surface: tuple(dict.fromkeys(found)) for surface, found in table.items() if len(surface) > 1}


def _add_division(table: dict[str, list[Reading]], division: divisions.Division) -> None:
    code = division.code
    bare = divisions.bare(division)
    fulls = {division.name, divisions.everyday(division)} if division.level != "province" else {division.name}
    kind = {"province": "省名", "prefecture": "州市名", "county": "县区名"}[division.level]
    for name in fulls:
        common = name in _COMMON_NOUNS or (len(name) == 2 and division.level == "county")
        short: Trust = "lone" if code.startswith("53") and len(name) == 2 else "weak"  # 云县, 芒市
        table[name].append(Reading(code, "full", short if common else "firm", kind))
    if bare not in fulls:
        trust, unless = _trust(division, bare)
        rivals = _rivals(bare) if code.startswith("53") else 0
        if trust == "weak" and code.startswith("53") and bare not in _tiers() and rivals <= FEW_RIVALS:
            trust = "lone"
        towns = _telling_towns().get(code, ())
        table[bare].append(Reading(code, "bare", trust, f"{kind}简称", unless, rivals, towns))


def _trust(division: divisions.Division, bare: str) -> tuple[Trust, tuple[str, ...]]:
    if division.level == "province":
        return "firm", ()
    if division.code.startswith("53"):
        return _tiers().get(bare, ("weak", ()))
    if division.level == "prefecture":
        return ("weak" if bare in _WORDLIKE_ELSEWHERE else "firm"), ()
    return "strict", ()


@cache
def _stems_elsewhere() -> str:
    """Stems of the other provinces' townships, a name as often as it is given, between bars."""
    stems = (divisions.town_stem(name) for _, names in divisions.townships_elsewhere() for name in names)
    return f"|{'|'.join(stems)}|"


def _rivals(bare: str) -> int:
    """How many townships outside Yunnan are called so or hold the name; counties are readings of their own."""
    return _stems_elsewhere().count(bare)


@cache
def _telling_towns() -> dict[str, tuple[str, ...]]:
    """County → stems of its townships hardly any place elsewhere shares: behind the county's name they prove it."""
    shared = Counter(_stems_elsewhere().split("|"))
    found: dict[str, list[str]] = defaultdict(list)
    for town in divisions.townships():
        stem = divisions.town_stem(town.name)
        if len(stem) > 1 and shared[stem] <= FEW_RIVALS:
            found[town.parent].append(stem)
    return {county: tuple(stems) for county, stems in found.items()}


@cache
def _tiers() -> dict[str, tuple[Trust, tuple[str, ...]]]:
    found: dict[str, tuple[Trust, tuple[str, ...]]] = {}
    for row in divisions.rows("tiers.csv"):
        tier = next(tier for tier in _TIERS if tier == row["tier"])
        found[row["name"]] = tier, tuple(row["unless"].split())
    return found


def _add_townships(table: dict[str, list[Reading]]) -> None:
    """Townships by their full name only; a name that other counties share is left for the context to decide."""
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for county, names in divisions.townships_elsewhere():
        for name in names:
            elsewhere[name].append(county)
    home = _townships_of_yunnan(elsewhere)
    for name, counties in home.items():
        trust: Trust = "weak" if name in elsewhere or len(counties) > 1 or len(name) < 3 else "firm"
        table[name].extend(Reading(county, "town", trust, "乡镇街道") for county in counties)
    for name, counties in elsewhere.items():
        if name not in home and len(counties) > _TOO_COMMON:
            table.setdefault(name, [])  # 城关镇 says nothing, but it keeps shorter names from matching inside it
            continue
        trust = "firm" if len(counties) == 1 and name not in home and len(name) > 3 else "weak"
        table[name].extend(Reading(county, "town", trust, "外省乡镇街道") for county in counties[:_TOO_COMMON])


def _townships_of_yunnan(elsewhere: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Name → counties; a seat that became a 街道 or a 镇 keeps its older name in reports for years."""
    home: dict[str, list[str]] = defaultdict(list)
    for town in divisions.townships():
        home[town.name].append(town.parent)
    for name, counties in list(home.items()):
        for suffix, olds in (("街道", ("镇", "办事处")), ("镇", ("乡",))):
            stem = name.removesuffix(suffix)
            if stem == name or len(stem) < 2:
                continue
            for older in (stem + old for old in olds):
                if older not in home and older not in elsewhere:
                    home[older] = counties
    return dict(home)
