"""Figures of the judge on the measuring data, and its speed beside SnowNLP: `python benchmarks/judge.py [--errors N]`.

Figures are taken on rows labelled with certainty. Speed: the very same texts in the same run, judged whole (places and
SnowNLP's score included) against the original SnowNLP's sentiment alone, by the clock and by CPU time.
"""

import argparse
import gzip
import json
import os
import resource
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from monitors import settings
from monitors.opinion.judge import Judge, Report

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, tzinfo=UTC)
STANCES = {"negative": "unresolved", "neutral": "neutral", "positive": "resolved"}


def rows(path: Path):
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in body.decode("utf-8").splitlines()]


def judged(judge: Judge, found):
    reports = [Report(row.get("title") or "", row.get("text") or "", NOW, now=NOW) for row in found]
    return [one for start in range(0, len(reports), 512) for one in judge.judge_many(reports[start : start + 512])]


class Figure:
    """Right of stated, invented of not stated, and the errors."""

    def __init__(self, name: str) -> None:
        self.name, self.right, self.stated, self.invented, self.silent = name, 0, 0, 0, 0
        self.errors: list[str] = []

    def add(self, row, wanted, got, *, same=None) -> None:
        if wanted in (None, ""):
            self.silent += 1
            self.invented += got is not None
            bad = got is not None
        else:
            self.stated += 1
            good = got is not None and (same(wanted, got) if same else wanted == got)
            self.right += good
            bad = not good
        if bad:
            self.errors.append(f"    {row['id']} wanted {wanted} got {got} | {(row.get('title') or row['text'])[:40]}")

    def show(self, errors: int) -> None:
        rate = self.right / self.stated if self.stated else float("nan")
        extra = f", invented {self.invented}/{self.silent} = {self.invented / self.silent:.3f}" if self.silent else ""
        print(f"{self.name}: {self.right}/{self.stated} = {rate:.3f}{extra}")
        print("\n".join(self.errors[:errors]), end="\n" if errors and self.errors else "")


def same_employer(wanted: str, got: str) -> bool:
    return any(got in name or name in got for name in wanted.split(";"))


def measure(judge: Judge, shared: Path, errors: int) -> None:
    found = rows(shared / "relevance.jsonl")
    answers = judged(judge, found)
    sure = [(row, answer) for row, answer in zip(found, answers, strict=True) if row["sure"]]
    table = Counter((bool(row["relevant"]), answer.relevant) for row, answer in sure)
    print(
        f"relevance: precision {table[True, True] / (table[True, True] + table[False, True]):.3f} "
        f"recall {table[True, True] / (table[True, True] + table[True, False]):.3f} {dict(table)}"
    )
    stance, sign = Figure("stance"), Figure("sentiment sign")
    workers, amount, employer = Figure("workers"), Figure("amount"), Figure("employer")
    for row, answer in sure:
        if not row["relevant"]:
            continue
        stance.add(row, STANCES[row["stance"]], answer.stance)
        if row["stance"] != "neutral":
            sign.add(row, row["stance"] == "positive", answer.sentiment > 0)
        workers.add(row, row["workers"], answer.workers)
        amount.add(row, row["amount_yuan"] and round(row["amount_yuan"] * 100), answer.amount_fen)
        employer.add(row, row["employer"], answer.employer, same=same_employer)
    for figure in (stance, sign, workers, amount, employer):
        figure.show(errors)
    general = rows(shared / "sentiment.jsonl")
    right: Counter[tuple[str, str]] = Counter()
    for row, answer in zip(general, judged(judge, general), strict=True):
        right[row["source"][:24], "n"] += 1
        right[row["source"][:24], "ours"] += (answer.sentiment > 0) == bool(row["label"])
        right[row["source"][:24], "snownlp"] += ((answer.snownlp or 0) > 0.5) == bool(row["label"])
    for source in sorted({source for source, _ in right}):
        n = right[source, "n"]
        print(f"sentiment {source}: {right[source, 'ours'] / n:.3f} (SnowNLP {right[source, 'snownlp'] / n:.3f})")
    stream = rows(shared / "stream.jsonl.gz")
    flagged = [row["title"] for row, one in zip(stream, judged(judge, stream), strict=True) if one.relevant]
    print(f"stream: {len(flagged)} of {len(stream)} titles called relevant")
    print("\n".join(f"    {title}" for title in flagged))


SPEED_SAMPLE = 120  # texts that both judge: SnowNLP needs the better part of a second for a long one
WARM_UP = 32


def timed(work) -> tuple[float, float]:
    """Wall and CPU seconds of ``work``."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def speed(judge: Judge, texts) -> None:
    """Both on the very same texts, one after the other, each warmed up on others: nothing is remembered from a text."""
    from snownlp import SnowNLP  # noqa: PLC0415 - 2 s and 431 MB: only when speed is measured

    step = max(1, len(texts) // SPEED_SAMPLE)
    sample = texts[::step][:SPEED_SAMPLE]
    others = [text for text in texts if text not in set(sample)][:WARM_UP] or ["热身"]
    SnowNLP(others[0]).sentiments  # noqa: B018 - loads its model before the clock starts
    judge.judge_many([Report("", text, NOW, now=NOW) for text in others])
    reports = [Report("", text, NOW, now=NOW) for text in sample]
    ours = timed(lambda: judge.judge_many(reports))
    snow = timed(lambda: [SnowNLP(text).sentiments for text in sample])
    mean = sum(map(len, sample)) / len(sample)
    relevant = sum(one.relevant for one in judge.judge_many(reports))
    print(f"speed: {len(sample)} texts of {mean:.0f} characters, {relevant} of them relevant, judged by both")
    for name, (wall, cpu) in (("judged whole", ours), ("SnowNLP alone", snow)):
        print(f"  {name}: {len(sample) / wall:.1f}/s, {1000 * cpu / len(sample):.1f} ms CPU a text")
    print(f"  ratio: {snow[0] / ours[0]:.1f}x by the clock, {snow[1] / ours[1]:.1f}x by CPU time")
    beside_the_loop(sample, ours[0])


def beside_the_loop(sample, whole: float) -> None:
    """The plainest watch there is, a loop of ``in`` over a handful of words, on the same texts."""
    words = ("欠薪", "讨薪", "拖欠工资", "农民工工资", "血汗钱", "拖欠农民工工资", "工资没发", "恶意欠薪")
    rounds = 50
    wall, _ = timed(lambda: [any(word in text for word in words) for _ in range(rounds) for text in sample])
    times = whole * rounds / wall
    print(f"  a loop of `in` over {len(words)} words: {len(sample) * rounds / wall:.0f}/s, {times:.0f} times as fast")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory at its highest, SnowNLP's own model included: {peak:.0f} MB")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--errors", type=int, default=0, help="show so many errors of each figure")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    arguments.add_argument("--speed", action="store_true", help="time only, measure nothing")
    options = arguments.parse_args()
    judge = Judge(settings.load())
    measuring = options.shared / "eval"
    if measuring.is_dir():
        if not options.speed:
            measure(judge, measuring, options.errors)
        texts = [row["text"] for row in rows(measuring / "relevance.jsonl") if len(row["text"]) > 150]
    else:
        print(f"no measuring data at {options.shared}; speed only")
        own = (ROOT / "tests" / "data" / "gold_judge.jsonl").read_text(encoding="utf-8").splitlines()
        texts = [
            "".join(json.loads(line)["title"] + "。" + json.loads(line)["text"] for line in own[at : at + 8])
            for at in range(0, 160, 8)
        ]
    speed(judge, texts)
    print(f"cores {os.cpu_count()}")


if __name__ == "__main__":
    main()
