"""What one look of the duty page costs the server: nothing changed, something changed, and without any cache.

    python benchmarks/duty.py [alerts]

Milliseconds of one run of the live fragment's work (queries, shaping, handing over), median of many in one process.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors import settings
from monitors.access.scope import EVERYWHERE
from monitors.opinion import board
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from pages import charts, screen
from tests import seed

ROOT = Path(__file__).resolve().parent.parent


def median_ms(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begin) * 1000)
    return statistics.median(spent)


def main(alerts: int = 300) -> None:
    configured, now = settings.load(environ={}), datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        for planted in seed.mixed(alerts):
            seed.plant(store, planted, now)
        seed.beat(store, now)
        size = configured.duty.page_size

        def unchanged() -> object:
            version = store.versions("alert", "story", "item", "meta")
            with store.read() as connection:
                return version, board.strip(connection, configured, now)

        def everything() -> object:
            unchanged()
            with store.read() as connection:
                counts = board.counts(connection, EVERYWHERE, configured, now)
                rows = board.open_alerts(connection, EVERYWHERE, limit=size)
                hours = board.hourly_levels(connection, EVERYWHERE, configured, now)
                places = board.prefecture_counts(connection, EVERYWHERE)
                board.alarm(connection, EVERYWHERE)
            payload = screen.board_payload(counts, rows, chosen="", page=1, page_size=size)
            return payload, charts.hourly(hours, counts.hours), charts.by_prefecture(places)

        everything()
        still, moved = median_ms(unchanged, 200), median_ms(everything, 30)
        print(f"{alerts} stories, one look: {still:.2f} ms unchanged, {moved:.1f} ms anew ({moved / still:.0f} x)")
        store.close()
    _whole_fragment(alerts)


def _whole_fragment(alerts: int) -> None:
    """The same through Streamlit itself: a run of the page with warm caches against one whose caches are emptied."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MONITORS_DATA"] = folder
        os.environ.pop("DATABASE_URL", None)
        store, now = Store(f"sqlite:///{folder}/monitors.db"), datetime.now(UTC)
        upgrade(store)
        for planted in seed.mixed(alerts):
            seed.plant(store, planted, now)
        seed.beat(store, now)
        app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60).run()
        warm = median_ms(app.run, 15)

        def cold() -> None:
            st.cache_data.clear()
            app.run()

        def changed() -> None:
            seed.plant(store, seed.Planted("又一起讨薪", level="I", age=timedelta(0)), datetime.now(UTC))
            app.run()

        without, after = median_ms(cold, 10), median_ms(changed, 10)
        print(
            f"whole page run: {warm:.0f} ms unchanged, {after:.0f} ms after a change, {without:.0f} ms without caches"
        )
        store.close()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
