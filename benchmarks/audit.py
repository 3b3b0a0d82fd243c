"""What the audit trail costs: ``python benchmarks/audit.py [rows] [postgresql+psycopg://…]``.

Appending: ms added to a transaction that commits one row anyway. Verifying: rows a second over the whole trail, and
times the same rows merely read, in CPU seconds of this process. The ratio is what to compare between machines.
"""

from __future__ import annotations

import base64
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, update

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.access import audit, chain
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CLERK = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9", "0123456789ab")
ACTS = 200
os.environ["MONITORS_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()  # of this run alone


def fill(store: Store, count: int) -> float:
    """``count`` rows in one transaction, written as ``audit.append`` writes them; seconds a row."""
    began = time.perf_counter()
    with store.write() as connection:
        for n in range(count):
            audit.append(
                connection, CLERK, "story.export", at=NOW + timedelta(seconds=n), kind="alert", target=str(n),
                region="530102", after={"format": "xlsx", "filters": "昭通市 · I 级 · 近 30 天", "rows": n},
            )  # fmt: skip
    return (time.perf_counter() - began) / count


def milliseconds(act: Callable[[int], None]) -> float:
    found = []
    for n in range(ACTS):
        began = time.perf_counter()
        act(n)
        found.append(time.perf_counter() - began)
    return statistics.median(found) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/monitors.db")
        upgrade(store)
        with store.write() as connection:
            connection.execute(insert(t.meta).values(key="benchmark", value=""))

        def change(n: int, *, audited: bool) -> None:
            with store.write() as connection:
                connection.execute(update(t.meta).where(t.meta.c.key == "benchmark").values(value=str(n)))
                if audited:
                    audit.append(connection, CLERK, "source.edit", at=NOW, kind="source", target="a", after={"n": n})

        inside = fill(store, count)
        plain = milliseconds(lambda n: change(n, audited=False))
        audited = milliseconds(lambda n: change(n, audited=True))
        print(f"append, {store.dialect}: {inside * 1000:.2f} ms inside a transaction")
        print(f"one change and its commit: {plain:.2f} ms, with its audit row {audited:.2f} ms")
        with store.read() as connection:
            began = time.process_time()
            statement = select(t.audit).order_by(t.audit.c.seq)
            read = sum(1 for _ in connection.execute(statement, execution_options={"yield_per": 2000}))
            reading = time.process_time() - began
            began = time.process_time()
            verdict = chain.verify(connection, Path(folder) / chain.ANCHORS)
            verifying = time.process_time() - began
        if not verdict.ok or verdict.rows != read:
            raise SystemExit(verdict.words)
        print(
            f"verify {read:,} rows: {verifying:.2f} s CPU, {read / verifying:,.0f} rows/s; plain read {reading:.2f} s"
        )
        print(f"verify : plain read = {verifying / reading:.1f}")
        store.close()


if __name__ == "__main__":
    main()
