"""Where the counties lie, how many people live there, and the outlines the map is drawn from.

``centres.csv`` and ``yunnan.topo.json`` are made by ``monitors.regions.shapes_build``; ``population.csv`` is
the census of 2020. Provenance and limits of use: ``data/regions/README.md``.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from monitors.errors import InputError, reason
from monitors.regions import divisions
from monitors.regions.divisions import DATA

SHIPPED = DATA / "yunnan.topo.json"
_MOST_BYTES = 4 * 1024 * 1024  # every open map asks for it once
_AROUND = (96.0, 20.0, 108.0, 31.0)  # degrees: west, south, east, north of anything in Yunnan
Line = Sequence[tuple[float, float]]
_COLUMNS = ("code", "people", "year", "source")
_MOST_PEOPLE = 100_000_000


@dataclass(frozen=True, slots=True)
class Population:
    """Usual residents (常住人口) of a county or prefecture, the year they were counted, and who says so."""

    code: str
    people: int
    year: int
    source: str


@dataclass(frozen=True, slots=True)
class Outlines:
    """A TopoJSON file ready to be served. ``official``: the office's own in place of the shipped one."""

    text: bytes
    official: bool

    @property
    def version(self) -> str:
        """Changes with the content: the browser may keep what it has fetched under this name."""
        return hashlib.sha256(self.text).hexdigest()[:12]


@cache
def centres() -> Mapping[str, tuple[float, float]]:
    """Yunnan's 129 counties in code order: longitude and latitude of their middle, WGS-84 degrees."""
    rows = divisions.rows("centres.csv")
    return MappingProxyType({row["code"]: (float(row["lon"]), float(row["lat"])) for row in rows})


@cache
def population() -> Mapping[str, Population]:
    """The shipped figures: all counties and prefectures, census of 2020."""
    return MappingProxyType(_populations(divisions.rows("population.csv"), "population.csv"))


def own_population(path: Path) -> Mapping[str, Population]:
    """The shipped figures with those of the office's own file over them; without a file, the shipped ones.

    Raises:
        InputError: the file cannot be read, or a row is wrong; the row is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return population()
    except (OSError, UnicodeDecodeError) as error:
        what = reason(error) if isinstance(error, OSError) else "不是 UTF-8 编码"
        raise InputError(f"人口表 {path.name} 读不出来：{what}") from error
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise InputError(f"人口表 {path.name} 第 1 行应为 {','.join(_COLUMNS)}")
    return MappingProxyType({**population(), **_populations(reader, path.name)})


def chosen(named: str, base: Path) -> tuple[Outlines, str]:
    """The outlines to draw, and in words what is wrong with the office's own file where it had to be left aside.

    ``named``: ``[hotspot] shapes`` of config.toml, relative to ``base``; empty for the shipped ones.
    """
    if not named:
        return _checked(None, 0)
    path = base / named
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _checked(path, changed)


@lru_cache(maxsize=4)
def _checked(path: Path | None, changed: int) -> tuple[Outlines, str]:  # noqa: ARG001 - a changed file is read anew
    try:
        return outlines(path), ""
    except InputError as error:
        return outlines(None), str(error)


def outlines(official: Path | None) -> Outlines:
    """The shipped outlines, or the office's own file where one is named.

    Raises:
        InputError: the file is missing or not of the schema the map is drawn by; the sentence says what is wrong.
    """
    if official is None:
        return Outlines(SHIPPED.read_bytes(), official=False)
    try:
        size = official.stat().st_size
        text = official.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise InputError(f"边界文件 {official.name} 读不出来：{reason(error)}") from error
    if not text:
        raise InputError(f"边界文件 {official.name} 为空或超过 {_MOST_BYTES // 1024 // 1024} MB，请先简化")
    if (fault := fault_of(text)) is not None:
        raise InputError(f"边界文件 {official.name} 不合要求：{fault}")
    return Outlines(text, official=True)


def fault_of(text: bytes) -> str | None:
    """What keeps this TopoJSON from being drawn, in words; None: nothing."""
    try:
        topology = json.loads(text)
        if topology["type"] != "Topology":
            return "不是 TopoJSON（type 应为 Topology）"
        counties, prefectures = (topology["objects"][name]["geometries"] for name in ("county", "pref"))
        arcs = _arcs(topology)
        return _fault_of_counties(counties) or _fault_of_prefectures(prefectures) or _fault_of_rings(counties, arcs)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError):
        return "结构不对：应有 arcs，以及 objects 下的 county 和 pref 两层多边形"


def _fault_of_counties(geometries: Sequence[Mapping[str, Any]]) -> str | None:
    found = {one["properties"]["adcode"]: one["properties"] for one in geometries}
    wanted = {county.code: county for county in divisions.counties()}
    if missing := sorted(set(wanted) - set(found)):
        return f"缺 {len(missing)} 个县（市、区），如 {divisions.full_name(missing[0])}（{missing[0]}）"
    if extra := sorted(set(found) - set(wanted)):
        return f"县级图形多出代码 {extra[0]}"
    if len(found) != len(geometries):
        return f"县级图形有 {len(geometries)} 个，应为 {len(wanted)} 个、代码不重复"
    for code, county in wanted.items():
        told, prefecture = found[code], divisions.prefecture_of(code)
        above = divisions.by_code(prefecture)
        if (told["name"], told["pref_code"], told["pref"]) != (county.name, prefecture, above.name if above else ""):
            return f"{code} 的 name、pref、pref_code 与区划表不一致，应为 {divisions.full_name(code)}（{prefecture}）"
    return None


def _fault_of_prefectures(geometries: Sequence[Mapping[str, Any]]) -> str | None:
    wanted = {one.code for one in divisions.prefectures()}
    found = {one["properties"]["pref_code"] for one in geometries}
    return None if found == wanted and len(geometries) == len(wanted) else "州市一层应为 16 个图形，各有 pref_code"


def _fault_of_rings(geometries: Sequence[Mapping[str, Any]], arcs: Sequence[Line]) -> str | None:
    west, south, east, north = _AROUND
    for one in geometries:
        polygons = [one["arcs"]] if one["type"] == "Polygon" else one["arcs"]
        for polygon in polygons:
            ring = [point for index in polygon[0] for point in (arcs[index] if index >= 0 else arcs[~index][::-1])]
            if not all(west <= lon <= east and south <= lat <= north for lon, lat in ring):
                return f"{one['properties']['adcode']} 的坐标不在云南附近，应为经纬度（WGS-84）"
            twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True))
            if twice > 0:  # d3 takes such a ring for everything but the county
                return f"{one['properties']['adcode']} 的外环是逆时针，应为顺时针"
    return None


def _arcs(topology: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    """Every arc in degrees: quantized ones are stored as steps."""
    transform = topology.get("transform")
    if transform is None:
        return [[(float(lon), float(lat)) for lon, lat, *_ in arc] for arc in topology["arcs"]]
    (kx, ky), (dx, dy) = transform["scale"], transform["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y, *_ in arc:
            x, y = x + step_x, y + step_y
            points.append((x * kx + dx, y * ky + dy))
        found.append(points)
    return found


def _populations(rows: Iterator[Mapping[str, str]], name: str) -> dict[str, Population]:
    """Checked rows by code.

    Raises:
        InputError: with the row's number, the heading being row 1.
    """
    known = {one.code for one in (*divisions.counties(), *divisions.prefectures())}
    found: dict[str, Population] = {}
    for number, row in enumerate(rows, start=2):
        code, people, year = ((row.get(one) or "").strip() for one in ("code", "people", "year"))
        code = divisions.current_code(code)
        if code not in known:
            raise InputError(f"人口表 {name} 第 {number} 行：没有代码为“{code}”的县（市、区）或州（市）")
        if code in found:
            raise InputError(f"人口表 {name} 第 {number} 行：{divisions.full_name(code)}已有一行")
        if not (people.isascii() and people.isdigit() and 0 < int(people) < _MOST_PEOPLE):
            raise InputError(f"人口表 {name} 第 {number} 行：人数应为正整数，写的是“{people}”")
        if not (year.isascii() and year.isdigit() and len(year) == 4):
            raise InputError(f"人口表 {name} 第 {number} 行：年份应为四位数字，写的是“{year}”")
        found[code] = Population(code, int(people), int(year), (row.get("source") or "").strip())
    return found
