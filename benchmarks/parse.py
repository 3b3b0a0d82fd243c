"""How much the quick feed reader saves over feedparser: ``python -m benchmarks.parse [FOLDER]`` of feeds.

Without a folder: the real feeds beside the project where they are present, else the shipped samples.
Prints milliseconds per file for both ways, where the quick reader answers, and the ratio of the sums. Both include
what is the same for both (stripping markup, dates, identities); "bare" leaves that out.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion import feeds, feeds_fast
from monitors.opinion.decode import decode
from monitors.opinion.entries import Frame

LIMITS = settings.Parse(
    seconds=10.0, memory_mb=1024, workers=1, max_entries=2000, max_text_chars=20000, future_tolerance_hours=2
)
ROUNDS = 3
FEEDS = (".xml", ".rss", ".atom", ".rdf")
REAL = settings.ROOT.parent / "shared" / "feeds"


def best(work: Callable[[], object]) -> float:
    """The least milliseconds of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return min(times)


def main(folder: Path) -> None:
    frame = Frame(datetime.now(UTC), LIMITS, "https://h.example/feed")
    sums = [0.0] * 4
    answered = files = 0
    for path in sorted(path for path in folder.iterdir() if path.suffix in FEEDS):
        decoded = decode(path.read_bytes())
        try:
            text, _ = feeds._checked(decoded.text.lstrip("\ufeff \t\r\n"))  # noqa: SLF001 - measured by itself
        except ParseError:
            continue
        files += 1
        if feeds_fast.read(text) is None:
            continue
        answered += 1
        times = (
            best(lambda decoded=decoded: feeds.read_feed(decoded, frame)),
            best(lambda decoded=decoded: feeds.read_feed(decoded, frame, fast=False)),
            best(lambda text=text: feeds_fast.read(text)),
            best(lambda text=text: feeds._ask_feedparser(text)),  # noqa: SLF001 - measured by itself
        )
        sums = [total + taken for total, taken in zip(sums, times, strict=True)]
        print(f"{path.name[:50]:50} {times[0]:8.1f} {times[1]:8.1f} ms {times[1] / times[0]:5.1f}×")
    print(f"quick reader answers {answered} of {files} XML feeds")
    print(f"whole: {sums[0]:.0f} against {sums[1]:.0f} ms, {sums[1] / sums[0]:.1f}×")
    print(f"bare:  {sums[2]:.0f} against {sums[3]:.0f} ms, {sums[3] / sums[2]:.1f}×")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REAL if REAL.is_dir() else settings.ROOT / "data" / "samples")
