"""How fast the archive is judged again, and in how much memory: ``python benchmarks/rejudge.py [10000]``.

Demonstration reports, repeated under other guids until there are enough, in a database of its own. Two passes: after a
change of version that changes no finding, and one in which the figures of every wage report change.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, insert, select, update

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors import settings as settings_module
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.opinion import demo, rejudge, rejudge_job
from monitors.opinion.judge import Judge
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

ROOT = Path(__file__).resolve().parent.parent


class Stirred:
    """The judge, but every wage report tells of one person more."""

    def __init__(self, judge: Judge, version: str) -> None:
        self.judge, self.version = judge, version

    def judge_many(self, reports):
        found = self.judge.judge_many(reports)
        more = [replace(one, workers=(one.workers or 10) + 1) if one.relevant else one for one in found]
        return [replace(one, model=self.version) for one in more]


def megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1_048_576


def fill(store: Store, settings: Settings, wanted: int) -> None:
    demo.load(store, console(), settings, now=utc_now())
    with store.write() as connection:
        rows = [dict(row) for row in connection.execute(select(t.item).order_by(t.item.c.id)).mappings()]
        count, again = len(rows), 0
        while count < wanted:
            again += 1
            part = rows[: wanted - count]
            count += len(part)
            copies = [{k: v for k, v in row.items() if k != "id"} | {"guid": f"{again}-{row['id']}"} for row in part]
            connection.execute(insert(t.item), copies)
        for row in connection.execute(select(t.item.c.id, t.item.c.judgement)).all():
            old = row.judgement | {"model": "earlier"}
            connection.execute(update(t.item).where(t.item.c.id == row.id).values(judgement=old))
        relevant = connection.scalar(select(func.count()).where(t.item.c.relevant))
    print(f"{count} reports, {relevant} of them about wages")


def judge_again(store: Store, settings: Settings, judge: Judge | Stirred, name: str) -> None:
    with store.write() as connection:
        rejudge_job.ask(connection, console(), now=utc_now())
    worker, before, memory = rejudge.Worker(store, settings), megabytes(), []
    judging, writing = [], []
    began = time.perf_counter()
    while (batch := worker.take(judge.version)) is not None:
        at = time.perf_counter()
        judged = judge.judge_many(batch.reports)
        judging.append(time.perf_counter() - at)
        worker.put(batch, judged)
        writing.append(time.perf_counter() - at - judging[-1])
        memory.append(megabytes())
    took = time.perf_counter() - began
    with store.read() as connection:
        job = rejudge_job.read(connection)
        rest = rejudge.outdated(connection, judge.version)
    print(
        f"{name}: {job.done} reports in {took:.1f} s, {job.done / took:.0f} a second without rests "
        f"(judging {sum(judging):.1f} s, writing {sum(writing):.1f} s, longest {1000 * max(writing):.0f} ms); "
        f"memory {before:.0f} MB before, {memory[len(memory) // 4]:.0f} after a quarter, {memory[-1]:.0f} at the end; "
        f"{rest} left; {job.counts.words}"
    )


def main(wanted: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MONITORS_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
        os.environ.setdefault("MONITORS_MODELS", str(ROOT / "data" / "var" / "models"))
        os.environ["MONITORS_DATA"] = folder
        settings = settings_module.load()
        store = Store(f"sqlite:///{folder}/bench.db")
        upgrade(store)
        fill(store, settings, wanted)
        judge = Judge(settings)
        judge_again(store, settings, judge, "another version, the same findings")
        judge_again(store, settings, Stirred(judge, "stirred"), "all figures change")
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
