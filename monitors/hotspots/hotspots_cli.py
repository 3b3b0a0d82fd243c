"""``hotspots``: the scan over a CSV of anybody's counts, one JSON array on standard output.

Counties of Yunnan gather with their neighbours; of other regions no middle is known, each is a zone of its own. Rows
known only to the prefecture are scanned by prefecture, with the counties' sums; where both scans run, each is given
half of the false alarms.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitors.clock import local, utc_now
from monitors.errors import InputError, reason
from monitors.hotspots import counts_file, places
from monitors.hotspots.counts_file import Row
from monitors.hotspots.scan import Cluster, Scan, scan
from monitors.hotspots.zones import Zones, build, singles
from monitors.regions import divisions, shapes
from monitors.settings import Hotspot, Settings


@dataclass(frozen=True, slots=True)
class Span:
    """The days looked at, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``hotspots``."""
    parser.add_argument("file", help="CSV 文件，首行 region,date,cases[,population]；- 为标准输入")
    parser.add_argument("--all", action="store_true", help="也列出未达到“关注”的聚集")
    parser.add_argument("--until", default="", metavar="YYYY-MM-DD", help="分析到哪一天；不写为文件中最后一天")
    parser.add_argument("--seed", type=_seed, help="随机数种子；不写用 config.toml 的 hotspot.seed")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Scan the file and print the clusters, the most surprising first; returns the exit code.

    Raises:
        InputError: the file cannot be read, a row is wrong, or its days are too few for an answer.
    """
    name = "标准输入" if args.file == "-" else args.file
    rows = counts_file.read(_body(args.file), name)
    until = _until(args.until, rows)
    first = max(min(row.day for row in rows), until - timedelta(days=settings.hotspot.baseline_days - 1))
    rows = tuple(row for row in rows if first <= row.day <= until)
    seed = settings.hotspot.seed if args.seed is None else args.seed
    found = []
    for regions, result in scans(rows, Span(first, until), settings.hotspot, seed):
        if result.why:
            raise InputError(f"{name}：{result.why}")
        shown = (one for one in result.clusters if args.all or one.tier(places.rules_of(settings.hotspot)))
        found += [(one.p_value, -one.statistic, _as_json(one, regions, first, rows, settings)) for one in shown]
    print(json.dumps([row for *_, row in sorted(found, key=lambda one: one[:2])], ensure_ascii=False, indent=1))
    return 0


def scans(rows: Sequence[Row], span: Span, settings: Hotspot, seed: int) -> list[tuple[tuple[str, ...], Scan]]:
    """The scans these rows allow, each with the codes its columns stand for; rows known only to a province are named.

    A file that knows nothing finer than provinces is scanned by province.
    """
    levels = {row.region: _level(row.region) for row in rows}
    present = {levels[row.region] for row in rows if row.cases}
    county = tuple(sorted(code for code, level in levels.items() if level == "county"))
    coarse = {code for code, level in levels.items() if level == "prefecture"}
    if set(levels.values()) == {"province"}:
        return [_scanned(rows, tuple(sorted(levels)), span, settings, seed=seed, alpha_share=1.0)]
    unplaced = sum(row.cases for row in rows if levels[row.region] == "province")
    if unplaced:
        print(f"有 {unplaced} 起只知道省份，未计入", file=sys.stderr)
    both = bool(county) and "prefecture" in present
    found = []
    if county:
        found.append(_scanned(rows, county, span, settings, seed=seed, alpha_share=0.5 if both else 1.0))
    if both or not county:
        raised = [Row(_group(row.region), row.day, row.cases, None) for row in rows if levels[row.region] == "county"]
        known = [row for row in rows if row.region in coarse]
        groups = tuple(sorted(coarse | {row.region for row in raised}))
        found.append(_scanned(raised + known, groups, span, settings, seed=seed, alpha_share=0.5 if both else 1.0))
    return found


def _scanned(
    rows: Sequence[Row], regions: tuple[str, ...], span: Span, settings: Hotspot, *, seed: int, alpha_share: float
) -> tuple[tuple[str, ...], Scan]:
    column = {code: place for place, code in enumerate(regions)}
    counts = np.zeros((span.days, len(regions)), dtype=np.int64)
    for row in rows:
        if row.region in column:
            counts[(row.day - span.first).days, column[row.region]] += row.cases
    groups = {code: place for place, code in enumerate(sorted({_group(code) for code in regions}))}
    prefectures = np.array([groups[_group(code)] for code in regions], dtype=np.intp)
    rules = places.rules_of(settings)
    zones = _zones(regions, settings)
    return regions, scan(counts, prefectures, zones, rules, seed=seed, alpha_share=alpha_share)


def _zones(regions: Sequence[str], settings: Hotspot) -> Zones:
    """Neighbours among those whose middle is known, everybody else alone."""
    centres: Mapping[str, tuple[float, float]] = shapes.centres()
    number = len(regions)
    placed = np.array([place for place, code in enumerate(regions) if code in centres], dtype=np.intp)
    if not len(placed):
        return singles(number)
    middles = np.array([centres[regions[place]] for place in placed])
    near = build(middles, neighbours=settings.neighbours, radius_km=settings.radius_km)
    order: NDArray[np.intp] = np.full((number, near.order.shape[1]), number, dtype=np.intp)
    order[:, 0] = np.arange(number)
    order[placed] = np.append(placed, number)[near.order]
    new = np.zeros(order.shape, dtype=np.bool_)
    new[:, 0] = True
    new[placed] = near.new
    return Zones(order, new)


def _as_json(
    one: Cluster, regions: Sequence[str], first: date, rows: Sequence[Row], settings: Settings
) -> dict[str, Any]:
    codes = [regions[place] for place in one.members]
    people = {row.region: row.population for row in rows if row.population}
    population = sum(people[code] or 0 for code in codes) if all(code in people for code in codes) else None
    return {
        "regions": codes,
        "names": [divisions.full_name(code) for code in codes],
        "start": (first + timedelta(days=one.first)).isoformat(),
        "end": (first + timedelta(days=one.last)).isoformat(),
        "observed": one.observed,
        "expected": round(one.expected, 4),
        "relative_risk": round(one.ratio, 4),
        "p_value": round(one.p_value, 6),
        "recurrence_days": round(one.recurrence_days, 1),
        "tier": one.tier(places.rules_of(settings.hotspot)),
        "population": population,
        "per_10000": round(one.observed / population * 10_000, 4) if population else None,
    }


def _level(code: str) -> str:
    division = divisions.by_code(code)
    return division.level if division else ""


def _group(code: str) -> str:
    """The prefecture of a code; its province where it has none (直辖市 and counties under a province)."""
    return divisions.prefecture_of(code) or divisions.province_of(code)


def _until(written: str, rows: Sequence[Row]) -> date:
    last = max(row.day for row in rows)
    if not written:
        if last > local(utc_now()).date():
            print(f"文件中最后一天 {last} 晚于今天，按该日分析", file=sys.stderr)
        return last
    try:
        until = date.fromisoformat(written)
    except ValueError as error:
        raise InputError(f"日期 {written!r} 无法识别，应为 2026-11-30 这样的写法") from error
    if until < min(row.day for row in rows):
        raise InputError(f"文件中没有 {until} 及以前的数据")
    return until


def _seed(written: str) -> int:
    if not written.isascii() or not written.isdigit():
        raise argparse.ArgumentTypeError("种子应为不小于 0 的整数")
    return int(written)


def _body(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"无法读取 {name}：{reason(error)}") from error
