"""Speed and memory of the judge, stage by stage and whole, beside SnowNLP alone and beside a loop of `in` tests.

    python -m benchmarks.judge [--texts 120] [--shared FOLDER]

The very same texts in the same run, by the clock and by CPU time; each side is warmed up on other texts. Texts are
those of FOLDER/eval/relevance.jsonl above 150 characters, else the project's own reports, eight to a text. How well it
judges is `./run score`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitors import settings
from monitors.clock import local
from monitors.opinion import acts, arrears, employers, facts, stance
from monitors.opinion.judge import Judge, Report
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import Reading, read
from monitors.opinion.relevance import Document, RelevanceModel, features
from monitors.opinion.snow import SnowScorer
from monitors.regions.places import PlaceResolver

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WARM_UP = 32
LONG = 150  # characters; shorter ones are headlines
WORDS = ("欠薪", "讨薪", "拖欠工资", "农民工工资", "血汗钱", "拖欠农民工工资", "工资没发", "恶意欠薪")
LOOPS = 50  # of the loop of `in`, which is over before a clock notices


@dataclass(frozen=True, slots=True)
class Took:
    """Wall and CPU seconds for all texts."""

    wall: float
    cpu: float


def timed(work: Callable[[], Any]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def megabytes() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def texts(shared: Path) -> list[str]:
    measuring = shared / "eval" / "relevance.jsonl"
    if measuring.is_file():
        rows = map(json.loads, measuring.read_text(encoding="utf-8").splitlines())
        return [row["text"] for row in rows if len(row["text"]) > LONG]
    print(f"no measuring data at {shared}: the project's own reports, eight to a text")
    own = (settings.ROOT / "data" / "training" / "gold_reports.jsonl").read_text(encoding="utf-8").splitlines()
    told = [f"{row['title']}。{row['text']}" for row in map(json.loads, own)]
    return ["".join(told[at : at + 8]) for at in range(0, len(told), 8)]


def chosen(found: Sequence[str], number: int) -> tuple[list[str], list[str]]:
    """Texts to measure, spread over all, and others to warm up on."""
    sample = list(found[:: max(1, len(found) // number)])[:number]
    return sample, [text for text in found if text not in set(sample)][:WARM_UP] or ["热身"]


def stages(judge: Judge, sample: Sequence[str], configured: settings.Settings) -> Iterator[tuple[str, Took, int]]:
    """Name, time and number of texts of each stage; facts and stance are asked of relevant texts alone, as judged."""
    lexicon, weights, places = shipped(), RelevanceModel.load(), PlaceResolver()
    day, empty = local(NOW).date(), read("", lexicon)
    readings = [read(text, lexicon) for text in sample]
    judged = judge.judge_many([Report("", text, NOW, now=NOW) for text in sample])
    ours = [reading for reading, one in zip(readings, judged, strict=True) if one.relevant]
    scorer = SnowScorer(configured.model_dir)
    on_all: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("words and mentions", lambda: [read(text, lexicon) for text in sample]),
        ("relevance", lambda: [weights.score(features(Document(empty, reading))) for reading in readings]),
        ("places", lambda: [places.resolve("", text) for text in sample]),
        ("SnowNLP's score in bulk", lambda: scorer.score(sample)),
    )

    def ask(question: Callable[[Reading], Any]) -> Callable[[], Any]:
        return lambda: [question(reading) for reading in ours]

    on_ours: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("persons and sums", ask(lambda text: (facts.workers(empty, text), facts.amount(empty, text)))),
        ("employer", ask(lambda text: employers.find(empty, text))),
        ("acts", ask(lambda text: acts.find(empty, text))),
        ("stance", ask(lambda text: stance.judge(empty, text, specific=True))),
        ("months owed", ask(lambda text: arrears.find(empty, text, day))),
    )
    for among, size in ((on_all, len(sample)), (on_ours, len(ours))):
        for name, work in among:
            work()
            yield name, timed(work), size


def line(name: str, took: Took, size: int) -> None:
    rate = size / took.wall if took.wall else 0.0
    print(f"  {name:34}{rate:11,.1f}/s {1000 * took.cpu / max(1, size):9.3f} ms CPU a text   {size} texts")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=int, default=120, help="how many both judge; SnowNLP needs up to 1 s for one")
    options.add_argument("--shared", type=Path, default=settings.ROOT.parent / "shared")
    arguments = options.parse_args()
    configured = settings.load()
    began = time.perf_counter()
    judge = Judge(configured)
    built = time.perf_counter() - began
    sample, others = chosen(texts(arguments.shared), arguments.texts)
    reports = [Report("", text, NOW, now=NOW) for text in sample]
    judge.judge_many([Report("", text, NOW, now=NOW) for text in others])
    ours = timed(lambda: judge.judge_many(reports))
    memory = megabytes()

    from snownlp import SnowNLP  # noqa: PLC0415 - seconds and hundreds of MB: after our memory was looked at

    for text in others[:2]:
        SnowNLP(text).sentiments  # noqa: B018 - loads its model before the clock starts
    theirs = timed(lambda: [SnowNLP(text).sentiments for text in sample])
    loop = timed(lambda: [any(word in text for word in WORDS) for _ in range(LOOPS) for text in sample])

    mean = sum(map(len, sample)) / len(sample)
    print(f"{len(sample)} texts of {mean:.0f} characters, the same for all; cores {os.cpu_count()}")
    line("judged whole", ours, len(sample))
    line("SnowNLP alone", theirs, len(sample))
    line(f"a loop of `in` over {len(WORDS)} words", loop, len(sample) * LOOPS)
    print(
        f"judged whole beside SnowNLP: {theirs.wall / ours.wall:.1f} x by the clock, {theirs.cpu / ours.cpu:.1f} x CPU"
    )
    print(f"the loop beside judged whole: {ours.wall * LOOPS / loop.wall:,.0f} x by the clock")
    print("stages")
    for name, took, size in stages(judge, sample, configured):
        line(name, took, size)
    print(
        f"memory at its highest: {memory:.0f} MB for the judge, {megabytes():.0f} MB with SnowNLP's own model beside it"
    )
    print(f"the judge is built in {built:.1f} s")


if __name__ == "__main__":
    main()
