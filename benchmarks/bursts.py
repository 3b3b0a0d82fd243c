"""Bursts on simulated counts: ``python -m benchmarks.bursts [panels]`` (12 where none is said).

A panel is 129 series, a third each of mean 0.1, 1 and 8 events a day, restless from day to day and drifting by the
week (log-sd 0.25), with weekdays. Printed beside a z-score and EARS C2 in the same run: series-days marked with nothing
planted (nominal 0.003 for the tail, z > 3 for the others), and the share of planted 5-day bursts found on one of their
days, at the nominal rule and at the threshold that marks 0.002 of quiet series-days. Everything is simulated.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.hotspots.bursts import Series, bursts

MEANS, EXCESS = (0.1, 1.0, 8.0), (4, 10, 40)  # events a day; events a burst adds over its five days
SERIES, DAYS, WATCHED, BURST = 129, 160, 60, 5
NOMINAL = {"NB tail": -np.log(0.003), "z-score": 3.0, "EARS C2": 3.0}
WEEK = np.array([1.15, 1.1, 1.05, 1.05, 1.05, 0.85, 0.75])


def panel(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means [129], counts [129, DAYS], weekdays [DAYS]."""
    means = np.repeat(MEANS, SERIES // 3)
    drift = np.zeros((SERIES, DAYS // 7 + 1))
    for week in range(drift.shape[1]):
        drift[:, week] = 0.7 * drift[:, week - 1] + rng.normal(0, 0.25 * np.sqrt(1 - 0.49), SERIES)
    weekdays = np.arange(DAYS) % 7
    rate = means[:, None] * np.exp(np.repeat(drift, 7, axis=1)[:, :DAYS]) * WEEK[weekdays]
    return means, rng.poisson(rate * rng.gamma(10, 0.1, rate.shape)), weekdays


def tail(counts: np.ndarray, weekdays: np.ndarray) -> np.ndarray:
    """−ln p of each series on the last day."""
    found = bursts([Series(str(i), one) for i, one in enumerate(counts)], weekdays)
    return -np.log([max(1e-300, one.p_value) for one in found])


def z_score(counts: np.ndarray, _weekdays: np.ndarray) -> np.ndarray:
    before = counts[:, -57:-1]
    return (counts[:, -1] - before.mean(axis=1)) / np.maximum(before.std(axis=1, ddof=1), 1e-9)


def ears(counts: np.ndarray, _weekdays: np.ndarray) -> np.ndarray:
    before = counts[:, -10:-3]
    deviation = before.std(axis=1, ddof=1)
    surplus = counts[:, -1] - before.mean(axis=1)
    return np.where(deviation > 0, surplus / np.maximum(deviation, 1e-9), np.where(surplus > 0, 1e9, 0.0))


METHODS = {"NB tail": tail, "z-score": z_score, "EARS C2": ears}


def main() -> None:
    panels = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    rng = np.random.default_rng(20_211_130)
    quiet = {name: [] for name in METHODS}
    planted = {name: [] for name in METHODS}
    families = discoveries = 0
    started, calls = time.process_time(), 0
    for _ in range(panels):
        means, counts, weekdays = panel(rng)
        for day in range(DAYS - WATCHED, DAYS, 3):
            for name, score in METHODS.items():
                quiet[name].append(score(counts[:, : day + 1], weekdays[: day + 1]))
            found = bursts([Series("", one) for one in counts[:, : day + 1]], weekdays[: day + 1])
            families += any(one.significant for one in found)
            discoveries += sum(one.significant for one in found)
            calls += 1
        for start in range(DAYS - WATCHED, DAYS - BURST, 12):
            # One series in ten bursts: few enough that the others still say what is usual.
            chosen = rng.permutation(SERIES)[: SERIES // 10]
            loud = counts.copy()
            for i in chosen:
                days = start + rng.integers(0, BURST, EXCESS[MEANS.index(means[i])])
                np.add.at(loud[i], days, 1)
            for name, score in METHODS.items():
                scores = [score(loud[:, : day + 1], weekdays[: day + 1]) for day in range(start, start + BURST)]
                planted[name].append(np.column_stack((means[chosen], np.max(scores, axis=0)[chosen])))
    spent = time.process_time() - started
    print(f"{panels} panels of {SERIES} series; burst adds {EXCESS} events over {BURST} days at means {MEANS}")
    print(f"{'':10}{'false alarms a day, nominal':>36}{'power, nominal':>24}{'power at 0.002':>24}")
    means = np.repeat(MEANS, SERIES // 3)
    for name in METHODS:
        null, hit = np.array(quiet[name]), np.concatenate(planted[name])
        alarms = [float((null[:, means == m] > NOMINAL[name]).mean()) for m in MEANS]
        power = [float((hit[hit[:, 0] == m, 1] > NOMINAL[name]).mean()) for m in MEANS]
        matched = [float((hit[hit[:, 0] == m, 1] > np.quantile(null[:, means == m], 0.998)).mean()) for m in MEANS]
        columns = (
            f"{' / '.join(f'{x:.4f}' for x in alarms):>36}",
            *(f"{' / '.join(f'{x:.2f}' for x in y):>24}" for y in (power, matched)),
        )
        print(f"{name:10}{''.join(columns)}")
    print(f"with q = 0.05 over all series: {discoveries} marked in {calls} quiet days, on {families} of them")
    print(f"{spent:.1f} s of processor time in all")


if __name__ == "__main__":
    main()
