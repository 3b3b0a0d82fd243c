"""A trial of rules over a large archive: ``python -m benchmarks.lab [reports]``.

100,000 stored reports of 90 days, a third of them about wages, a tenth in one event. The trial runs as a page starts
it, in a child within its limits: its seconds, what it held, how long it left the page without a word. Beside it, on
the last days of the same archive, what judging each report wholly anew for both sides takes. ``DATABASE_URL`` names
an empty database; without one, SQLite.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import insert, select, text

from monitors import settings as settings_module
from monitors.access import keys
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.opinion import lab_gold, lab_job, rule_lab
from monitors.opinion.intake import explanation, findings
from monitors.opinion.judge import Judge, Report
from monitors.opinion.lab_figures import Gold
from monitors.opinion.model import Judgement
from monitors.opinion.rule_sets import Draft
from monitors.opinion.training import Scores
from monitors.settings import ROOT, Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

DAYS = 90
DISTINCT = 2_000  # texts; the rest are copies under other titles
LENGTH = 700  # characters of a text, about
HUGE = 0.1  # of all reports, in one event
EVENT = 6  # reports of an ordinary one
SOURCES = 40
SLICE = 3  # days judged anew for both sides
RULES = 30
_PHRASE = re.compile(r"[\u4e00-\u9fff]{7}")
_EVEN = Gold(Scores(1, 0, 0, 1), Scores(1, 0, 0, 1), "", ())


class Even:
    """SnowNLP left out, as the laboratory leaves it out."""

    def score(self, texts):
        return [0.5] * len(texts)


@dataclass(frozen=True, slots=True)
class Written:
    """A report and what was judged of it."""

    title: str
    text: str
    judged: Judgement


def written(settings: Settings, now: datetime) -> tuple[list[Written], list[Written]]:
    """Texts about wages and about other things, judged."""
    dice = random.Random(17)
    rows = [json.loads(line) for line in lab_gold.GOLD.read_text(encoding="utf-8").splitlines()]
    other = [f"{row['title']}。{row['text']}" for row in rows if row.get("relevant") is False]
    told = []
    for number in range(DISTINCT):
        row = rows[number % len(rows)]
        body = f"{row['title']}。{row['text']}"
        while len(body) < LENGTH:
            body += f"\n另讯：{dice.choice(other)}"
        told.append((f"{row['title']}（{number}）", body))
    judge = Judge(settings, scorer=Even())
    reports = [Report(title, body, now, now=now) for title, body in told]
    both = [Written(*one, found) for one, found in zip(told, judge.judge_many(reports), strict=True)]
    return [one for one in both if one.judged.relevant], [one for one in both if not one.judged.relevant]


def items(wages: list[Written], other: list[Written], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Rows of ``item``: the huge event 1, ordinary events from 2 on, then what is about other things."""
    huge, relevant = int(count * HUGE), count // 3
    kept = {id(one): findings(one.judged) | {"judgement": explanation(one.judged)} for one in (*wages, *other)}
    for number in range(count):
        source = number % SOURCES
        if number < huge:
            story, at = 1, now - timedelta(days=60) + timedelta(seconds=60 * number)
        elif number < relevant:
            story = 2 + (number - huge) // EVENT
            at = began(story, now) + timedelta(hours=number % EVENT)
        else:
            story, at = None, now - timedelta(seconds=number * 7919 % (DAYS * 86_400))
        one = other[number % len(other)] if story is None else wages[number % len(wages) if story > 1 else number % 12]
        yield {
            "source_id": f"s{source}", "guid": f"{number:064d}", "url": f"https://bench.invalid/{number}",
            "title": one.title, "text": one.text, "text_hash": f"{number:064d}", "outlet": f"示例晨报{source}",
            "published_at": at, "fetched_at": at, "story_id": story, **kept[id(one)],
        }  # fmt: skip


def began(story: int, now: datetime) -> datetime:
    """When an event was first seen."""
    return now - timedelta(days=60 if story == 1 else 1 + story * 37 % (DAYS - 2), hours=story % 24)


def fill(store: Store, settings: Settings, count: int, now: datetime) -> None:
    """Write the archive."""
    wages, other = written(settings, now)
    last = 1 + max(0, count // 3 - int(count * HUGE) - 1) // EVENT + 1
    with store.write() as connection:
        common = {
            "kind": "feed", "group_name": "自建", "interval_seconds": 600, "max_interval_seconds": 7200, "region": "",
            "tier": 3, "national": False, "condition": "正常", "paused": False, "recipe": {}, "origin": "page",
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        sources = [
            {"id": f"s{n}", "name": f"示例晨报{n}", "url": f"https://bench.invalid/{n}", "outlet": f"示例晨报{n}"}
            for n in range(SOURCES)
        ]
        connection.execute(insert(t.source), [one | common for one in sources])
        summed = {
            "title": "示例", "region": "", "scope": "本省", "stance": "unresolved", "sentiment": -0.5, "items": EVENT,
            "outlets": EVENT, "first_outlet": "示例晨报", "level": "IV", "score": 30, "severity": {}, "matched": [],
        }  # fmt: skip
        at = ("first_published_at", "first_seen_at", "last_seen_at")
        stories = [{"id": n} | summed | dict.fromkeys(at, began(n, now)) for n in range(1, last + 1)]
        connection.execute(insert(t.story), stories)
        rows = list(items(wages, other, count, now))
        for start in range(0, count, 1_000):
            connection.execute(insert(t.item), rows[start : start + 1_000])
        connection.execute(text("ANALYZE"))
    print(f"{store.dialect}, {count} reports of {DAYS} days, {last} events, the largest of {int(count * HUGE)}")


def draft() -> Draft:
    """Rules that a report in a hundred is hit by, and a threshold."""
    rows = [json.loads(line) for line in lab_gold.GOLD.read_text(encoding="utf-8").splitlines()]
    phrases = [found[0] for row in rows if row.get("relevant") and (found := _PHRASE.findall(row["title"] or ""))]
    rules = [
        f"【规则{number}】\n{words}\n近(10)：车队 条幅{number}\n级别：III"
        for number, words in enumerate(random.Random(23).sample(phrases, RULES))
    ]
    return Draft("\n\n".join(rules), {"judge.relevance_threshold": 0.45})


def in_a_child(store: Store, settings: Settings, asked: Draft) -> None:
    """The trial as the page starts it, looked at from outside."""
    with store.write() as connection:
        run_id = lab_job.ask(connection, console(), asked, settings=settings, days=DAYS, now=utc_now())
    began_at, silent, highest, resident = time.monotonic(), 0.0, 0, 0
    command = (sys.executable, "-m", "monitors.opinion.lab_job", str(os.getpid()), str(lab_job.MEMORY_MB), str(run_id))
    child = subprocess.Popen(command, cwd=ROOT)
    done, moved = -1, time.monotonic()
    while child.poll() is None:
        time.sleep(0.2)
        with store.read() as connection:
            run = lab_job.get(connection, run_id)
        if run and run.done != done:
            done, moved = run.done, time.monotonic()
        silent = max(silent, time.monotonic() - moved)
        with_sizes = Path(f"/proc/{child.pid}/status")
        if with_sizes.exists():
            sizes = dict(line.split(":", 1) for line in with_sizes.read_text().splitlines() if ":" in line)
            highest = max(highest, int(sizes.get("VmPeak", "0").split()[0]))
            resident = max(resident, int(sizes.get("VmHWM", "0").split()[0]))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with store.read() as connection:
        run = lab_job.get(connection, run_id)
    took = time.monotonic() - began_at
    assert run is not None
    print(
        f"  the child: {run.state} {run.error} in {took:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of the processor;"
        f" {resident // 1024} MB at its highest, {highest // 1024} of {lab_job.MEMORY_MB} MB of address space; longest"
        f" without a step {silent:.1f} s of {lab_job.ABANDONED.total_seconds():.0f}"
    )
    if run.result is not None:
        found = run.result
        print(
            f"  alerts {found.before.alerts} → {found.after.alerts}; gained {found.gained.count},"
            f" lost {found.lost.count}, moved {found.moved.count}; joined {found.joined.count},"
            f" dropped {found.dropped.count}"
        )


def beside_judging_all(store: Store, settings: Settings, asked: Draft) -> None:
    """The last days in this process: as it is, and every report judged wholly anew for both sides."""
    now, took, results = utc_now(), [], []
    for touched in (rule_lab.touched, mock.Mock(return_value=("",))):
        with (
            mock.patch.object(lab_gold, "compare", return_value=_EVEN),
            mock.patch.object(rule_lab, "touched", touched),
        ):
            begun = time.process_time()
            found = rule_lab.run(store, settings, asked, against=0, days=SLICE, now=now)
        assert found is not None
        took.append(time.process_time() - begun)
        results.append(found)
    ours, theirs = results
    same = (ours.before, ours.after, ours.days) == (theirs.before, theirs.after, theirs.days)
    print(
        f"  {ours.reports} reports of {SLICE} days: {took[0]:.2f} s of the processor; judging every report anew for"
        f" both sides {took[1]:.2f} s, {took[1] / took[0]:.1f} x; {'the same figures' if same else 'OTHER FIGURES'}"
    )


def main(count: int) -> None:
    """Fill and measure."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MONITORS_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
        os.environ.setdefault("MONITORS_MODELS", str(ROOT / "data" / "var" / "models"))
        os.environ["MONITORS_DATA"] = folder
        settings = settings_module.load()
        store = Store(settings.database_url)
        upgrade(store)
        keys.settle(store)
        fill(store, settings, count, utc_now())
        store.checkpoint()
        asked = draft()
        with store.read() as connection:
            assert connection.scalar(select(t.rule_set.c.id)) is None
        beside_judging_all(store, settings, asked)
        in_a_child(store, settings, asked)
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
