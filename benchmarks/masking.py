"""What masking covers, how rightly, and what it costs beside judging: `python benchmarks/masking.py [--show]`.

Precision and recall are spans of the own gold sentences (``tests/data/gold_masking.jsonl``). On the measuring data
nothing is labelled: counts by kind, and with ``--show`` every span with its neighbours, for a person to read.
"""

import argparse
import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from judge import rows

from monitors import settings
from monitors.opinion.judge import Judge, Report
from monitors.opinion.masking import Masked, mask, mask_entry
from monitors.opinion.model import Entry

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILES = ("relevance.jsonl", "dups.jsonl", "region.jsonl", "sentiment.jsonl", "sentiment_news3.jsonl", "stream.jsonl.gz")


def covered(before: str, after: str) -> set[tuple[int, int]]:
    """Runs of covered characters, as (start, end)."""
    marks = "".join("x" if a != b else "." for a, b in zip(before, after, strict=True))
    return {match.span() for match in re.finditer("x+", marks)}


def gold() -> None:
    right = invented = missed = 0
    for line in (ROOT / "tests" / "data" / "gold_masking.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        got, wanted = covered(row["text"], mask(row["text"]).text), covered(row["text"], row["masked"])
        right += len(got & wanted)
        invented += len(got - wanted)
        missed += len(wanted - got)
        if got != wanted:
            print(f"    {row['text']}")
    precision, recall = right / (right + invented), right / (right + missed)
    print(f"gold: precision {precision:.3f} recall {recall:.3f} ({right + missed} spans)")


def entry(row) -> Entry:
    return Entry("", row.get("title") or "", "", row.get("text") or "")


def natural(path: Path, *, show: bool) -> None:
    kinds: Counter[str] = Counter()
    touched = 0
    found = rows(path)
    for one in map(entry, found):
        shown = mask_entry(one)
        touched += shown is not one
        for field in (one.title, one.text):
            masked: Masked = mask(field)
            for span in masked.spans:
                kinds[span.kind] += 1
                if show:
                    before, after = field[: span.start][-12:], field[span.end :][:10]
                    around = f"{before}【{field[span.start : span.end]}】{after}"
                    print("   ", span.kind, around.replace("\n", "/"))
    print(f"{path.name}: {touched} of {len(found)} reports touched, {dict(kinds)}")


def cost(judge: Judge, found) -> None:
    entries = [entry(row) for row in found][:300]
    mask_entry(entries[0])
    start = time.process_time()
    for one in entries:
        mask_entry(one)
    masking = (time.process_time() - start) / len(entries)
    reports = [Report(one.title, one.text, NOW, now=NOW) for one in entries]
    judge.judge_many(reports[:20])
    start = time.process_time()
    judge.judge_many(reports)
    judging = (time.process_time() - start) / len(entries)
    mean = sum(len(one.text) for one in entries) / len(entries)
    print(
        f"cost ({mean:.0f} characters): masking {masking * 1e6:.0f} µs, judging {judging * 1e6:.0f} µs"
        f" = {masking / judging:.1%}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--show", action="store_true", help="show every span of the measuring data")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = arguments.parse_args()
    gold()
    measuring = options.shared / "eval"
    if not measuring.is_dir():
        print(f"no measuring data at {options.shared}; gold sentences only")
        return
    for name in FILES:
        natural(measuring / name, show=options.show)
    cost(Judge(settings.load()), rows(measuring / "relevance.jsonl"))


if __name__ == "__main__":
    main()
