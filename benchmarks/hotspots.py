"""The space-time scan on simulated counts: ``python benchmarks/hotspots.py [--quick]``: minutes.

129 counties with their true middles and census populations, 240 days up to six days before Spring Festival, weekdays, a
rise to 2.2 times towards the festival; each scan sees the 180 days before its day, of the last 60. *Clean*: counties,
weekdays and rise multiply. *Messy*: each county drifts by the week (log-sd 0.25) and each prefecture rises in its own
way. Printed: calm days with an alarm (Wilson's 95 % interval), planted ten-day gatherings found and after how many
days, beside rankings and z-scores in the same run, the time of one scan, and what counting articles would do. All of it
is simulated by the hand that wrote the scan: it says what the method can do, not what Yunnan will see.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.hotspots import scan_null
from monitors.hotspots.places import COUNTIES, prefecture_index, zones_of_yunnan
from monitors.hotspots.scan import Rules, Scan, scan
from monitors.hotspots.zones import distances_km
from monitors.regions import shapes

SERIES_DAYS, BASELINE, WATCHED = 240, 180, 60
WEEK = np.array([1.12, 1.08, 1.06, 1.05, 1.05, 0.86, 0.78])
PEOPLE = np.array([shapes.population()[code].people for code in COUNTIES], dtype=float)
NEAREST = np.argsort(distances_km(np.array([shapes.centres()[code] for code in COUNTIES])), axis=1, kind="stable")
PREFECTURES = prefecture_index()
ZONES = zones_of_yunnan(15, 150.0)
RULES = Rules()
LEVELS = (10, 40, 150)  # events a day in the province
EXCESS = {10: (12, 20), 40: (20, 35), 150: (40, 70)}  # events a gathering adds in its ten days
SIZES = (1, 4, 10)
GATHERING_DAYS = 10
SEED = 4_711


def rates(rng: np.random.Generator, mean: float, *, messy: bool, drift: float = 0.25) -> np.ndarray:
    """Expected events float[240, 129]; ``mean`` a day in the province before the rise."""
    days = np.arange(SERIES_DAYS)
    risen = np.clip((days - SERIES_DAYS + 60) / 60, 0, 1)
    usual = PEOPLE / PEOPLE.sum() * rng.gamma(4, 0.25, len(PEOPLE))  # not every county has the trouble of its size
    log = np.log(mean * usual / usual.sum()) + np.log(WEEK[days % 7])[:, None]
    if messy:
        weeks = SERIES_DAYS // 7 + 1
        wander = np.zeros((weeks, len(usual)))
        wander[0] = rng.normal(0, drift, len(usual))
        for week in range(1, weeks):
            wander[week] = 0.8 * wander[week - 1] + rng.normal(0, drift * 0.6, len(usual))
        log = log + np.repeat(wander, 7, axis=0)[:SERIES_DAYS]
        own = 1 + rng.normal(0, 0.3, PREFECTURES.max() + 1)[PREFECTURES]
        return np.exp(log + np.log(2.2) * risen[:, None] * own)
    return np.exp(log + np.log(2.2) * risen[:, None])


def scanned(counts: np.ndarray, day: int, *, plain: bool = False) -> Scan:
    """The scan of the 180 days that end with ``day``; ``plain``: without the scatter, as a permutation scan has it."""
    table = counts[day - BASELINE + 1 : day + 1]
    if not plain:
        return scan(table, PREFECTURES, ZONES, RULES, seed=day)

    def calm(*given: np.ndarray) -> scan_null.Null:
        return replace(known(*given), tau_county=0.0, tau_prefecture=0.0)

    known = scan_null.null_of
    with patch.object(scan_null, "null_of", calm):
        return scan(table, PREFECTURES, ZONES, RULES, seed=day)


def strongest(found: Scan) -> float:
    return min((one.p_value for one in found.clusters), default=1.0)


# ── What offices do without a scan: a figure per county, the higher the more alarming ──


def top_counts(counts: np.ndarray, day: int) -> np.ndarray:
    return counts[day - 6 : day + 1].sum(axis=0).astype(float)


def rate_z(counts: np.ndarray, day: int) -> np.ndarray:
    rate = top_counts(counts, day) / PEOPLE
    return (rate - rate.mean()) / (rate.std() or 1.0)


def own_z(counts: np.ndarray, day: int) -> np.ndarray:
    past = counts[day - BASELINE + 1 : day - 6]
    weeks = past[len(past) % 7 :].reshape(-1, 7, counts.shape[1]).sum(axis=1)
    return (top_counts(counts, day) - weeks.mean(axis=0)) / np.maximum(weeks.std(axis=0), 0.2)


@dataclass(frozen=True)
class Rival:
    name: str
    score: Callable[[np.ndarray, int], np.ndarray]
    nominal: Callable[[np.ndarray], np.ndarray]  # which counties it names by its usual rule


def _top_five(score: np.ndarray) -> np.ndarray:
    return score >= max(1.0, np.sort(score)[-5])


RIVALS = (
    Rival("five highest counts", top_counts, _top_five),
    Rival("rate z > 3", rate_z, lambda score: score > 3),
    Rival("own history z > 3", own_z, lambda score: score > 3),
)


def wilson(hits: int, number: int) -> str:
    """Share in percent with Wilson's 95 % interval."""
    z, share = 1.96, hits / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * np.sqrt(share * (1 - share) / number + z * z / (4 * number**2))
    return f"{share:6.1%} ({max(0.0, middle - half):.1%}–{middle + half:.1%})"


def calm_days(level: int, days: int, *, messy: bool, drift: float = 0.25) -> Iterator[tuple[np.ndarray, int]]:
    """Counts and the row of the day, ten days of each simulated winter."""
    rng = np.random.default_rng([SEED, level, messy, int(100 * drift)])
    for number in range(days):
        if number % 10 == 0:
            counts = rng.poisson(rates(rng, level, messy=messy, drift=drift))
        yield counts, SERIES_DAYS - WATCHED + 5 + 6 * (number % 10)


def false_alarms(days: int) -> dict[tuple[int, bool], dict[str, float]]:
    """Print alarms on calm days; returns for each condition the rivals' thresholds that alarm on 1 % of them."""
    print(f"\n1  Calm days with an alarm ({days} days each)")
    print(f"{'':24}{'scan, p ≤ 0.01':>24}{'scan, p ≤ 1/365':>24}{'plain permutation scan':>26}", end="")
    print("".join(f"{one.name:>22}" for one in RIVALS))
    limits: dict[tuple[int, bool], dict[str, float]] = {}
    for messy, drift in ((False, 0.25), (True, 0.25), (True, 0.4)):
        for level in LEVELS:
            found, plain, named = [], [], {one.name: 0 for one in RIVALS}
            peaks: dict[str, list[float]] = {one.name: [] for one in RIVALS}
            for number, (counts, day) in enumerate(calm_days(level, days, messy=messy, drift=drift)):
                found.append(strongest(scanned(counts, day)))
                if number % 3 == 0:
                    plain.append(strongest(scanned(counts, day, plain=True)))
                for one in RIVALS:
                    score = one.score(counts, day)
                    peaks[one.name].append(score.max())
                    named[one.name] += bool(one.nominal(score).any())
            if drift == 0.25:
                limits[level, messy] = {name: float(np.quantile(peak, 0.99)) for name, peak in peaks.items()}
            name = f"{level}/day {f'messy, sd {drift}' if messy else 'clean'}"
            rules = (sum(p <= 0.01 for p in found), sum(p * 365 <= 1 for p in found))
            print(f"{name:24}" + "".join(f"{wilson(hits, days):>24}" for hits in rules), end="")
            print(f"{wilson(sum(p <= 0.01 for p in plain), len(plain)):>26}", end="")
            print("".join(f"{hits / days:>22.0%}" for hits in named.values()), flush=True)
    return limits


@dataclass
class Found:
    """Runs in which something was found, after how many days, and how much of what was named was planted."""

    delays: list[int]
    shares: list[float]

    def words(self, runs: int) -> str:
        delay = f"{np.median(self.delays):.0f}" if self.delays else "–"
        right = f"{np.mean(self.shares):.2f}" if self.shares else "–"
        return f"{len(self.delays) / runs:.2f} {delay:>3} {right:>5}"


def planted(runs: int, limits: dict[tuple[int, bool], dict[str, float]], kinds: tuple[bool, ...]) -> None:
    """Print how many planted gatherings each method finds within their ten days."""
    print(f"\n2  Planted gatherings found ({runs} each; share found, median days until, share of what was named)")
    columns = ["scan, p ≤ 0.01", *(f"{one.name.split(' >')[0]} {how}" for one in RIVALS for how in ("rule", "at 1 %"))]
    print(f"{'':34}" + "".join(f"{name:>28}" for name in columns))
    for messy in kinds:
        for level in LEVELS:
            for size in SIZES:
                for excess in EXCESS[level]:
                    rng = np.random.default_rng([SEED + 1, level, messy, size, excess])
                    found = {name: Found([], []) for name in columns}
                    for _ in range(runs):
                        _one_gathering(rng, level, size, excess, messy=messy, limits=limits[level, messy], found=found)
                    name = f"{level}/day {'messy' if messy else 'clean'}, {size} counties, +{excess}"
                    print(f"{name:34}" + "".join(f"{one.words(runs):>28}" for one in found.values()), flush=True)


def _one_gathering(
    rng: np.random.Generator,
    level: int,
    size: int,
    excess: int,
    *,
    messy: bool,
    limits: dict[str, float],
    found: dict[str, Found],
) -> None:
    counts = rng.poisson(rates(rng, level, messy=messy))
    members = NEAREST[rng.integers(len(COUNTIES)), :size]
    start = int(rng.integers(SERIES_DAYS - WATCHED + 5, SERIES_DAYS - GATHERING_DAYS))
    for _ in range(rng.poisson(excess)):
        counts[start + rng.integers(GATHERING_DAYS), rng.choice(members)] += 1
    truly = np.isin(np.arange(len(COUNTIES)), members)
    open_ = dict(found)
    for delay in range(GATHERING_DAYS):
        day = start + delay
        marks: dict[str, np.ndarray] = {}
        if "scan, p ≤ 0.01" in open_:
            marks["scan, p ≤ 0.01"] = np.zeros(len(COUNTIES), dtype=bool)
            for one in scanned(counts, day).clusters:
                if one.p_value <= 0.01 and truly[list(one.members)].any():
                    marks["scan, p ≤ 0.01"][list(one.members)] = True
        for rival in RIVALS:
            score, short = rival.score(counts, day), rival.name.split(" >")[0]
            marks[f"{short} rule"] = rival.nominal(score)
            marks[f"{short} at 1 %"] = score > limits[rival.name]
        for name, named in marks.items():
            if name in open_ and (named & truly).any():
                open_.pop(name).delays.append(delay + 1)
                found[name].shares.append(float((named & truly).sum() / named.sum()))


def plain_maxima(null: scan_null.Null, windows: list[int], number: int, rng: np.random.Generator) -> np.ndarray:
    """Every zone of every window of every replicate evaluated, without the compare of whole numbers first."""
    greatest = np.full(number, scan_null.LEAST_STATISTIC)
    steps = [windows[0], *np.diff(windows).tolist()]
    for within, drawn in zip(windows, scan_null.replicates(null, steps, number, rng), strict=True):
        expected = scan_null.expectations(null.shares, ZONES, within)
        held = np.zeros_like(drawn)
        padded = np.vstack([drawn, np.zeros((1, number), dtype=drawn.dtype)])
        for step in range(ZONES.order.shape[1]):
            held = held + padded[ZONES.order[:, step]]
            value = scan_null.statistic(held, expected[:, step, None], null.total)
            value[(held < scan_null.LEAST_CASES) | ~ZONES.new[:, step, None]] = 0
            greatest = np.maximum(greatest, value.max(axis=0))
    return greatest


def seconds(times: int) -> None:
    """Print the processor time of one whole scan after warm-up, and against evaluating everything."""
    print(f"\n3  One scan, 129 counties × 180 days × 999 replicates ({times} after one to warm up)")
    for level in (*LEVELS, 400):
        rng = np.random.default_rng([SEED + 2, level])
        counts = rng.poisson(rates(rng, level, messy=True))
        counts[-3:, 7] += 6 + level // 10  # something to answer for: without a candidate no replicate is drawn
        scanned(counts, SERIES_DAYS - 1)
        took = []
        for _ in range(times):
            before = time.process_time()
            scanned(counts, SERIES_DAYS - 1)
            took.append(time.process_time() - before)
        table = counts[-BASELINE:]
        null = scan_null.null_of(table, np.ones(table.shape, dtype=bool), PREFECTURES)
        windows = [int(table[-days:].sum()) for days in RULES.windows]
        before = time.process_time()
        quick = scan_null.maxima(null, ZONES, windows, 999, np.random.default_rng(1))
        middle = time.process_time()
        plain = plain_maxima(null, windows, 999, np.random.default_rng(1))
        after = time.process_time()
        median, slow = np.quantile(1000 * np.array(took), [0.5, 0.95])
        faster, gap = (after - middle) / (middle - before), np.abs(quick - plain).max()
        print(f"{level:4}/day  median {median:5.0f} ms, 95 % within {slow:5.0f} ms;", end=" ")
        print(f"replicates {faster:.1f} times as fast as evaluating all, greatest difference {gap}", flush=True)


def articles(days: int) -> None:
    """Print what happens where a quarter of the events come as several articles, 1.6 articles an event."""
    print(f"\n4  Articles counted in place of events, 40 events/day, clean ({days} calm days)")
    rows = {"events, scan": 0, "articles, scan": 0, "events, plain": 0, "articles, plain": 0}
    rng = np.random.default_rng(SEED + 3)
    for counts, day in calm_days(40, days, messy=False):
        several = rng.binomial(counts, 0.25)
        # 2.4 more for each of them; of one event the articles come on one day.
        posts = counts + several + rng.negative_binomial(np.maximum(several, 1), 1 / 2.4) * (several > 0)
        for name, table in (("events", counts), ("articles", posts)):
            rows[f"{name}, scan"] += strongest(scanned(table, day)) <= 0.01
            rows[f"{name}, plain"] += strongest(scanned(table, day, plain=True)) <= 0.01
    for name, hits in rows.items():
        print(f"{name:18} {wilson(hits, days)} of days with an alarm at p ≤ 0.01")


def main(words: list[str] | None = None) -> None:
    """Print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer days and runs")
    parser.add_argument("--part", choices="1234", help="only this table (2 needs 1)")
    asked = parser.parse_args(words)
    quick, part = asked.quick, asked.part
    began = time.process_time()
    if part in {None, "1", "2"}:
        limits = false_alarms(40 if quick else 250)
        if part != "1":
            planted(3 if quick else 20, limits, (True,))
    if part in {None, "3"}:
        seconds(5 if quick else 30)
    if part in {None, "4"}:
        articles(20 if quick else 100)
    print(f"\n{time.process_time() - began:.0f} s of one processor; numpy {np.__version__}")


if __name__ == "__main__":
    main()
