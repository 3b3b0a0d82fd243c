"""Counts for the page 趋势 over many stories: ``python benchmarks/trends.py [stories]`` (100,000 where none is said).

For each question of the page the seconds it takes over a window of 26 weeks with what stands before it, and what part
they are of reading the window's rows into pandas and grouping them there, in the same run. ``DATABASE_URL`` names an
empty database; without, SQLite.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert, select, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.access.scope import EVERYWHERE, Scope
from monitors.clock import local
from monitors.hotspots import series, series_spread, series_view
from monitors.hotspots.series import BEFORE, DIMENSIONS, Daily, Window
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAYS = 26 * 7
YEARS = 2  # the stories are spread over; the window holds a quarter of them
WORDS = [f"示例词{n}" for n in range(200)]


def fill(store: Store, number: int) -> None:
    """``number`` stories of ``YEARS`` years with three words each, one in five told by two outlets or more."""
    rng = np.random.default_rng(7)
    counties = [division.code for division in divisions.counties()]
    for start in range(0, number, 5000):
        stories, items = [], []
        for one in range(start + 1, min(start + 5000, number) + 1):
            seen = NOW - timedelta(days=365 * YEARS * float(rng.random()))
            outlets = int(rng.integers(2, 9)) if one % 5 == 0 else 1
            stories.append({
                "id": one, "title": f"示例工地讨薪（第{one}起）", "region": counties[one % len(counties)],
                "scope": "本省", "stance": "unresolved", "sentiment": -0.5, "items": outlets, "outlets": outlets,
                "kind": "讨薪维权",
                "first_outlet": f"示例媒体{one % 50}", "first_published_at": seen, "first_seen_at": seen,
                "last_seen_at": seen, "level": "IV", "score": 30, "severity": {},
                "matched": [WORDS[int(n)] for n in rng.choice(len(WORDS), 3, replace=False)],
            })  # fmt: skip
            items += [_item(one, n, seen, stories[-1]["region"]) for n in range(outlets)]
        with store.write() as connection:
            connection.execute(insert(t.story), stories)
            connection.execute(insert(t.item), items)
    with store.write() as connection:
        connection.execute(text("ANALYZE"))


def _item(story: int, number: int, seen: datetime, region: str) -> dict[str, object]:
    at = seen + timedelta(hours=3 * number)
    return {
        "source_id": "one", "guid": f"{story}-{number}", "url": "https://s.invalid/1", "title": "讨薪", "text": "讨薪",
        "text_hash": "", "outlet": f"示例媒体{number}", "published_at": at, "fetched_at": at, "relevant": True,
        "relevance": 1.0, "sentiment": -0.5, "stance": "unresolved", "scope": "本省", "region": region,
        "judgement": {}, "story_id": story,
    }  # fmt: skip


def _source(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            insert(t.source).values(
                id="one", name="示例晨报", kind="feed", url="https://s.invalid/rss", group_name="州市",
                outlet="示例媒体1", interval_seconds=600, max_interval_seconds=7200, region="", tier=2, national=False,
                condition="正常", paused=False, recipe={}, origin="page", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


def timed(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some tries, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def in_pandas(store: Store, window: Window) -> pd.DataFrame:
    """The plain way: the window's rows, whole, grouped by day and place outside the database."""
    story = t.story.c
    wanted = story.first_seen_at >= series.midnight(window.first)
    with store.read() as connection:
        rows = connection.execute(select(t.story).where(wanted, story.scope == "本省")).all()
    frame = pd.DataFrame([(row.first_seen_at, row.region) for row in rows], columns=["at", "region"])
    frame["day"] = frame["at"].dt.tz_convert("Asia/Shanghai").dt.date
    return frame.pivot_table(index="day", columns="region", values="at", aggfunc="count", fill_value=0)


def reckoned(places: Daily) -> None:
    """What a look adds after the counts: bursts, bands and rows of 129 counties and 16 prefectures."""
    codes = (*series_view.counties_of("530000"), *series_view.parts_of("530000"))
    found = {one.key: one for one in series_view.judged(series_view.place_series(places, codes), places.days, 0.05)}
    series_view.rows(places, found, series_view.counties_of("530000"), weeks=26, chosen=DAYS)
    series_view.expected(series_view.by_part(places, series_view.parts_of("530000")), 26)


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        _source(store)
        fill(store, number)
        last = local(NOW).date()
        window = Window("舆情", last - timedelta(days=DAYS + BEFORE - 1), last)
        whole = timed(lambda: in_pandas(store, window))
        print(f"{number} stories; rows of the window into pandas {whole:.2f} s")
        with store.read() as connection:
            places = series.by_place(connection, EVERYWHERE, window)
            questions: dict[str, Callable[[], object]] = {
                "by place": lambda: series.by_place(connection, EVERYWHERE, window),
                "by place, one prefecture": lambda: series.by_place(
                    connection, Scope("530600"), Window("舆情", window.first, last, "530600")
                ),
                **{
                    f"by {name}": (lambda name=name: series.by(connection, EVERYWHERE, window, name))
                    for name in DIMENSIONS["舆情"]
                },
                "spread": lambda: series_spread.fastest(connection, EVERYWHERE, window),
                "bursts, bands, rows": lambda: reckoned(places),
            }
            for name, work in questions.items():
                seconds = timed(work)
                print(f"{name:<26}{seconds:8.3f} s   {seconds / whole:6.2f} of pandas")
        store.close()


if __name__ == "__main__":
    main()
