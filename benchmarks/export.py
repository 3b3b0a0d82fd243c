"""Exporting alerts: ``python benchmarks/export.py [alerts]``. Seconds, megabytes, and the memory that each form takes.

The baseline writes the same cells to a workbook held whole in memory (openpyxl), as a first attempt would.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors import sheets
from monitors.access.actor import SYSTEM
from monitors.access.scope import EVERYWHERE
from monitors.clock import local
from monitors.opinion import export
from monitors.opinion.export import AlertFilters
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES
from monitors.regions import divisions
from monitors.settings import load
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def fill(store: Store, count: int) -> None:
    """``count`` alerts, each with a story of its own."""
    chance = random.Random(2026)
    counties = [division.code for division in divisions.counties()]
    stories, alerts = [], []
    for number in range(1, count + 1):
        at = NOW - timedelta(minutes=number)
        level = chance.choice(ALERT_LEVELS)
        stories.append({
            "id": number, "title": f"示例工地第 {number} 起，工人反映工资未发，多次讨要无果",
            "region": chance.choice(counties),
            "scope": "本省", "stance": "unresolved", "sentiment": chance.uniform(-1, 1), "items": 3, "outlets": 2,
            "workers": chance.choice((None, 7, 60)), "amount_fen": chance.choice((None, 12_600_000_0)), "score": 40,
            "first_outlet": "示例晨报", "first_published_at": at, "first_seen_at": at, "last_seen_at": at,
            "level": level, "severity": {}, "matched": ["讨薪", "工资未发", "拖欠工资"],
        })  # fmt: skip
        alerts.append({
            "number": f"YJ{local(at):%Y%m%d}-{number:06d}", "story_id": number, "level": level, "score": 40,
            "state": chance.choice(ALERT_STATES), "opened_at": at, "raised_at": at, "sign_due_at": at,
            "public_due_at": at + timedelta(days=1), "case_ids": [],
        })  # fmt: skip
    with store.write() as connection:
        connection.execute(t.story.insert(), stories)
        connection.execute(t.alert.insert(), alerts)


def naive(store: Store) -> bytes:
    """All rows, all cells and the whole workbook in memory."""
    book = openpyxl.Workbook()
    page = book.active
    page.append([column.heading for column in export.ALERT_COLUMNS])
    with store.read() as connection:
        for row in list(export.alert_rows(connection, EVERYWHERE, AlertFilters(), NOW)):
            page.append([local(c).replace(tzinfo=None) if isinstance(c, datetime) else c for c in row.cells()])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def measure(name: str, work: Callable[[], bytes]) -> None:
    """Time once, then once more with memory traced (which is slower)."""
    start = time.perf_counter()
    size = len(work())
    taken = time.perf_counter() - start
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{name:24}{taken:8.2f} s{size / 1e6:8.1f} MB file{peak / 1e6:9.1f} MB peak")


def main(count: int = 10_000) -> None:
    """Fill, export in every form, compare."""
    settings = load()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/bench.db")
        upgrade(store)
        fill(store, count)
        print(f"{count:,} alerts")
        for fmt in sheets.FORMATS:
            measure(
                fmt, lambda form=fmt: export.alerts_file(store, SYSTEM, AlertFilters(), form, NOW, settings=settings)
            )
        measure("openpyxl, in memory", lambda: naive(store))
        store.close()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
