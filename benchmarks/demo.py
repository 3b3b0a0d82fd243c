"""The demonstration's invented world through the real pipeline: seconds, and how much of the truth comes out.

Who wrote the world knows which report tells which story, so relevance and stories can be counted exactly. Invented
texts are easier than real ones: the figures tell whether something broke, not how good the judge is.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import select

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.clock import utc_now
from monitors.opinion import demo
from monitors.opinion.demo_world import world
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade


def main() -> None:
    # A key of its own: the trail is signed, and the project's data folder may hold none yet.
    os.environ["MONITORS_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
    now, settings = utc_now(), settings_module.load()
    started = time.perf_counter()
    planned = world(now)
    print(f"write   {len(planned)} reports in {time.perf_counter() - started:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/demo.db")
        upgrade(store)
        demo.Judge(settings)  # the sentiment model is converted once per machine; not the demonstration's cost
        started = time.perf_counter()
        report = demo.load(store, SYSTEM, settings, now=now)
        print(f"load    {report.words} in {time.perf_counter() - started:.2f} s")
        with store.read() as connection:
            rows = connection.execute(select(t.item.c.url, t.item.c.relevant, t.item.c.story_id)).all()
        found = {row.url: row for row in rows}
        started = time.perf_counter()
        demo.clear(store, SYSTEM)
        print(f"clear   in {time.perf_counter() - started:.2f} s")
        store.close()
    told = [(p.story, found[p.entry.url].relevant, found[p.entry.url].story_id) for p in planned]
    counted = Counter((bool(story), relevant) for story, relevant, _ in told)
    hits = counted[True, True]
    precision, recall = hits / (hits + counted[False, True]), hits / (hits + counted[True, False])
    print(f"relevant precision {precision:.3f} recall {recall:.3f}")
    pairs = Counter(
        (a[0] == b[0], a[2] == b[2]) for a, b in combinations([row for row in told if row[0] and row[2]], 2)
    )
    together = pairs[True, True]
    print(f"stories  pair precision {together / (together + pairs[False, True]):.3f}", end=" ")
    print(f"recall {together / (together + pairs[True, False]):.3f} (later stages are stories of their own)")


if __name__ == "__main__":
    main()
