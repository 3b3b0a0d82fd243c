"""The forecast on five simulated years: ``python -m benchmarks.forecast [worlds]`` (3 where none is said).

A world is 16 prefectures, 30 or 1.5 events a day in all, with weekdays, a ramp to about 2.2 times as many before each
Spring Festival (another height each year and prefecture), a quiet week after it, years of different level and a weekly
drift (log-sd 0.15) in each prefecture. Printed: error of 28-day totals per prefecture (WAPE), bias and the share inside
the 80 % interval, beside three plain rules in the same run. Everything is simulated.
"""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.hotspots.festivals import SPRING_FESTIVALS
from monitors.hotspots.forecast import Forecast, forecast

FIRST, DAYS, PREFECTURES = date(2021, 4, 1), 5 * 365 - 60, 16
WEEK = np.array([1.15, 1.1, 1.05, 1.05, 1.05, 0.85, 0.75])


def world(rng: np.random.Generator, daily: float) -> tuple[dict[int, np.ndarray], list[date]]:
    days = [FIRST + timedelta(days=i) for i in range(DAYS)]
    shares = rng.dirichlet(np.full(PREFECTURES, 2.0))
    years = rng.normal(0, 0.15, 12)
    tilt = rng.normal(0, 0.15, (12, PREFECTURES))
    drift = np.zeros((DAYS // 7 + 1, PREFECTURES))
    for week in range(1, len(drift)):
        drift[week] = 0.9 * drift[week - 1] + rng.normal(0, 0.15 * np.sqrt(1 - 0.81), PREFECTURES)
    counts = np.zeros((DAYS, PREFECTURES), dtype=np.int64)
    for i, day in enumerate(days):
        year, festival = next((k, one) for k, one in enumerate(SPRING_FESTIVALS) if one >= day)
        ahead, since = (festival - day).days, (day - SPRING_FESTIVALS[year - 1]).days
        ramp = np.log(2.2) * max(0.0, 1 - abs(ahead - 12) / 70) * np.exp(tilt[year % 12]) if ahead <= 82 else 0.0
        quiet = 0.45 if since <= 7 or ahead <= 2 else 1.0
        rate = daily * shares * WEEK[day.weekday()] * quiet * np.exp(ramp + years[year % 12] + drift[i // 7])
        counts[i] = rng.poisson(rate * rng.gamma(10, 0.1, PREFECTURES))
    return {i: counts[:, i] for i in range(PREFECTURES)}, days


def main() -> None:
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for daily in (30.0, 1.5):
        sums: dict[tuple[str, str], list[tuple[float, ...]]] = {}
        spent, origins = 0.0, 0
        for seed in range(worlds):
            history, days = world(np.random.default_rng([20_211_130, seed]), daily)
            started = time.process_time()
            found = forecast(history, days, SPRING_FESTIVALS)
            spent += time.process_time() - started
            assert isinstance(found, Forecast)
            for test in found.backtests:
                origins = max(origins, len(test.origins))
                for score in test.scores:
                    sums.setdefault((test.name, score.method), []).append(
                        (score.wape, score.province, score.bias, test.coverage)
                    )
        print(f"{daily} events a day, {worlds} worlds, up to {origins} origins, {spent / worlds:.2f} s each")
        for (name, method), rows in sums.items():
            wape, province, bias, coverage = np.mean(rows, axis=0)
            inside = f"   inside 80 %: {coverage:.2f}" if method == "本模型" else ""
            print(f"  {name:8} {method:14} WAPE {wape:.3f}   province {province:.3f}   bias {bias:+.3f}{inside}")


if __name__ == "__main__":
    main()
