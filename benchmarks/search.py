"""Full-text search against a scan with LIKE, same rows, same run: ``python benchmarks/search.py [items]``.

Items are made up of invented two-character words, a few of them frequent and most rare as in any language, with field
words strewn in at known rates, so that rare, middling and very common words are all asked for. Both sides do the same
job: count up to the cap and give the first page. Prints the time of making the index, its size, and ms per question.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, or_, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.access.scope import EVERYWHERE, within
from monitors.opinion.search import CAP, Filters, search
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.search_index import ensure

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
# Word → share of the items that hold it.
WORDS = {"工资": 0.5, "农民工": 0.25, "讨薪": 0.05, "塔吊": 0.01, "示例劳务公司": 0.002, "彝良甘蔗": 0.0002}
QUESTIONS = (
    ("very common word, newest first", Filters(query="工资")),
    ("very common word, best first", Filters(query="工资", sort="匹配")),
    ("common word", Filters(query="农民工")),
    ("middling word", Filters(query="讨薪")),
    ("middling word, best first", Filters(query="讨薪", sort="匹配")),
    ("two words", Filters(query="讨薪 塔吊")),
    ("phrase", Filters(query='"示例劳务公司"')),
    ("rare phrase", Filters(query="彝良甘蔗")),
    ("one character", Filters(query="薪")),
    ("either, excluding", Filters(query="讨薪|塔吊 -农民工")),
    ("common word in one prefecture", Filters(query="农民工", region="530600")),
    ("common word, last 30 days", Filters(query="农民工", since=NOW - timedelta(days=30))),
    ("no word, one county", Filters(region="530627")),
    ("nothing asked", Filters()),
    ("nothing found", Filters(query="没有这句话")),
)


def rows(count: int) -> Iterator[dict[str, Any]]:
    """``count`` items of some 300 characters over a year."""
    chance = random.Random(2026)
    letters = [chr(0x4E00 + chance.randrange(6000)) for _ in range(1500)]
    vocabulary = ["".join(chance.choices(letters, k=2)) for _ in range(20_000)]
    # Zipf's law: the n-th most frequent word occurs 1/n times as often as the first.
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))
    for number in range(count):
        body = chance.choices(vocabulary, cum_weights=weights, k=150)
        for word, share in WORDS.items():
            if chance.random() < share:
                body[chance.randrange(150)] = word
        yield {
            "source_id": "bench", "guid": str(number), "url": "https://example.org/", "text": "".join(body),
            "title": "".join(chance.choices(vocabulary, cum_weights=weights, k=9)),
            "text_hash": "", "outlet": "示例", "published_note": "",
            "published_at": NOW - timedelta(seconds=chance.randrange(365 * 86_400)), "fetched_at": NOW,
            "relevant": chance.random() < 0.2, "relevance": 0.5, "sentiment": 0.0, "stance": "neutral", "kind": None,
            "scope": "本省", "region": f"53{chance.randrange(1, 30):02d}{chance.randrange(30):02d}", "judgement": {},
        }  # fmt: skip


def by_like(connection: Connection, filters: Filters) -> None:
    """The same page of results without an index: every word of the question as LIKE '%word%'."""
    query = select(t.item.c.id)
    if filters.region:
        query = query.where(within(t.item.c.region, filters.region))
    if filters.since:
        query = query.where(t.item.c.published_at >= filters.since)
    for word in filters.query.replace('"', "").split():
        wanted = word.lstrip("-").split("|")
        found = or_(
            *(column.contains(w, autoescape=True) for w in wanted for column in (t.item.c.title, t.item.c.text))
        )
        query = query.where(~found if word.startswith("-") else found)
    connection.scalar(select(func.count()).select_from(query.limit(CAP + 1).subquery()))
    connection.execute(query.order_by(t.item.c.published_at.desc(), t.item.c.id.desc()).limit(20)).all()


def milliseconds(work: Callable[[], object], times: int = 5) -> float:
    """Median of some runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main(count: int = 200_000) -> None:
    """Fill, index, ask."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        store = Store(f"sqlite:///{path}")
        upgrade(store)
        with store.write() as connection:
            connection.execute(
                t.source.insert().values(
                    id="bench", name="示例", kind="feed", url="http://127.0.0.1/", group_name="自建", outlet="示例",
                    interval_seconds=60, max_interval_seconds=60, tier=3, national=False, condition="正常", paused=True,
                    recipe={}, origin="page", created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
            batch = []
            for row in rows(count):
                batch.append(row)
                if len(batch) == 5000:
                    connection.execute(t.item.insert(), batch)
                    batch = []
            if batch:
                connection.execute(t.item.insert(), batch)
        store.checkpoint()
        before = path.stat().st_size
        start = time.perf_counter()
        ensure(store)
        taken = time.perf_counter() - start
        store.checkpoint()
        grown = path.stat().st_size - before
        print(f"{count:,} items, {before / 1e6:.0f} MB; index made in {taken:.1f} s ({count / taken:,.0f} items/s), ")
        print(f"{grown / 1e6:.0f} MB\n{'question':34}{'found':>9}{'index ms':>10}{'LIKE ms':>10}{'times':>8}")
        with store.read() as connection:
            for name, filters in QUESTIONS:
                found = search(connection, EVERYWHERE, filters, size=20)
                ours = milliseconds(lambda asked=filters: search(connection, EVERYWHERE, asked, size=20))
                scan = milliseconds(lambda asked=filters: by_like(connection, asked), 1) if filters.query else None
                total = f"{found.total:,}{'+' if found.capped else ''}"
                other = f"{scan:10.0f}{scan / ours:8.0f}" if scan else f"{'–':>10}{'–':>8}"
                print(f"{name:34}{total:>9}{ours:10.1f}{other}")
        store.close()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
