"""Administrative divisions of China, Yunnan's down to township: codes, names, what lies within what.

Codes are those of GB/T 2260: province ``530000``, prefecture ``530100``, county ``530102``; townships carry the nine
digits of the statistical code book. State of 2023-06-30 (``data/regions/README.md``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

DATA = Path(__file__).resolve().parents[2] / "data" / "regions"
YUNNAN = "530000"

DivisionLevel = Literal["province", "prefecture", "county", "township"]

_ETHNIC = (
    "蒙古族|蒙古|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族?|傣族|黎族|傈僳族|佤族|畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|"
    "柯尔克孜族?|土族|达斡尔族?|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族?|阿昌族|普米族|塔吉克族?|怒族|鄂温克族?|德昂族|保安族|裕固族|独龙族|鄂伦春族?|各族"
)
_AUTONOMOUS = re.compile(rf"^(?P<bare>.+?)(?:{_ETHNIC})*自治(?P<kind>[区州县旗])$")
# 新疆维吾尔自治区 and the like would lose their own name to the ethnic list; provinces are few enough to be named.
_PROVINCE_BARE = re.compile(r"(?:省|市|特别行政区|(?:壮族|回族|维吾尔)?自治区)$")
_SUFFIX = re.compile(r"(?:地区|林区|特区|新区|[市县区州盟旗])$")
_TOWN_SUFFIX = re.compile(rf"(?:{_ETHNIC})*(?:街道|地区|苏木|农场|林场|办事处|[镇乡])$")


@dataclass(frozen=True, slots=True)
class Division:
    """One division. ``parent`` is the code one level up, ``""`` for a province."""

    code: str
    name: str
    level: DivisionLevel
    parent: str


def by_code(code: str) -> Division | None:
    """The division with this code (six digits, nine for a township), else None. Old codes are not followed."""
    return _all().get(code) or _townships().get(code)


def everywhere() -> tuple[Division, ...]:
    """Every province, prefecture and county of the country, in code order."""
    return tuple(_all().values())


def prefectures() -> tuple[Division, ...]:
    """Yunnan's 16 prefectures (州市)."""
    return tuple(d for d in _all().values() if d.parent == YUNNAN and d.level == "prefecture")


def counties() -> tuple[Division, ...]:
    """Yunnan's 129 counties (县市区)."""
    return tuple(d for d in _all().values() if d.level == "county" and d.code.startswith("53"))


def townships() -> tuple[Division, ...]:
    """Yunnan's townships (乡镇街道, with farms and zones that are counted as such), nine-digit codes."""
    return tuple(_townships().values())


def townships_elsewhere() -> Iterator[tuple[str, tuple[str, ...]]]:
    """County code and township names for the rest of the country: competitors of Yunnan's names, nothing more."""
    for row in rows("townships_elsewhere.csv"):
        yield row["county"], tuple(row["names"].split(" "))


def prefecture_of(code: str) -> str:
    """Code of the prefecture that holds ``code``; ``""`` for a province, an unknown code, a county without one."""
    candidate = code[:4] + "00"
    division = _all().get(candidate)
    return candidate if division and division.level == "prefecture" else ""


def province_of(code: str) -> str:
    """Code of the province that holds ``code``, ``""`` if there is none."""
    candidate = code[:2] + "0000"
    return candidate if candidate in _all() else ""


@cache
def lineage(code: str) -> tuple[str, ...]:
    """``code`` and the divisions that hold it, smallest first. Empty for an unknown code."""
    found: list[str] = []
    division = by_code(code)
    while division:
        found.append(division.code)
        division = by_code(division.parent)
    return tuple(found)


def within(code: str, scope_code: str) -> bool:
    """Whether ``code`` is or lies inside ``scope_code``. Old codes are followed; ``""`` lies nowhere, holds nothing."""
    if not code or not scope_code:
        return False
    return holds(current_code(scope_code), current_code(code))


def holds(above: str, code: str) -> bool:
    """``within`` for two codes known to be current and not empty; an arithmetic of digits, for inner loops."""
    return (
        code == above
        or (
            above[-2:] == "00" and len(above) == 6 and code.startswith(above[:2] if above[-4:] == "0000" else above[:4])
        )
        or (len(code) == 9 and code.startswith(above))
    )


def current_code(old: str) -> str:
    """Today's code for one that changed when a county became a city or district; other codes come back as they are."""
    return _old_codes().get(old, old)


def full_name(code: str) -> str:
    """Name with what is needed to know it: 昭通市镇雄县, 广东省梅州市五华县; ``""`` for an unknown code."""
    chain = [by_code(c) for c in reversed(lineage(current_code(code)))]
    names = [d.name for d in chain if d]
    home = code.startswith("53") and len(names) > 1
    return "".join(names[1:] if home else names)


def short_name(code: str) -> str:
    """Everyday form with its suffix, ethnic names left out: 禄劝县, 大理州, 五华区, 云南."""
    division = by_code(current_code(code))
    return everyday(division) if division else ""


def bare_name(code: str) -> str:
    """Name without suffix: 禄劝, 大理, 五华, 云南. One-character names keep theirs: 云县."""
    division = by_code(current_code(code))
    return bare(division) if division else ""


def everyday(division: Division) -> str:
    if division.level == "province":
        return bare(division)
    found = _AUTONOMOUS.match(division.name)
    return found["bare"] + found["kind"] if found else division.name


def bare(division: Division) -> str:
    if division.level == "province":
        return _PROVINCE_BARE.sub("", division.name)
    if division.level == "township":
        return division.name
    found = _AUTONOMOUS.match(division.name)
    stem = found["bare"] if found else _SUFFIX.sub("", division.name)
    return stem if len(stem) > 1 else everyday(division)


def town_stem(name: str) -> str:
    """A township's name without what it is: 盘溪镇 → 盘溪, 马楠苗族彝族乡 → 马楠."""
    return _TOWN_SUFFIX.sub("", name)


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of one shipped table; lines that begin with ``#`` are remarks."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


@cache
def _all() -> dict[str, Division]:
    names = {row["code"]: row["name"] for row in rows("divisions.csv")}
    found: dict[str, Division] = {}
    for code, name in names.items():
        province = code[:2] + "0000"
        prefecture = code[:4] + "00"
        if code == province:
            found[code] = Division(code, name, "province", "")
        elif code == prefecture:
            found[code] = Division(code, name, "prefecture", province)
        else:
            found[code] = Division(code, name, "county", prefecture if prefecture in names else province)
    return found


@cache
def _townships() -> dict[str, Division]:
    return {
        row["code"]: Division(row["code"], row["name"], "township", row["code"][:6]) for row in rows("townships.csv")
    }


@cache
def _old_codes() -> dict[str, str]:
    return {row["old"]: row["new"] for row in rows("old_codes.csv")}
