"""What the region scope (辖区) costs: ``python benchmarks/scope.py [items] [postgresql+psycopg://…]``.

The same questions for the province, one prefecture and one county over one store; ms, and times the province's. A
county sees less than a hundredth of the rows, so its answers must come off an index and not off a pass over all.
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

from sqlalchemy import Connection, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors import settings
from monitors.access.scope import EVERYWHERE, Scope
from monitors.opinion import board, export, search
from monitors.opinion.export import AlertFilters
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES
from monitors.opinion.search import Filters
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.search_index import ensure

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
SETTINGS = settings.load(environ={})
SCOPES = (("province", EVERYWHERE), ("prefecture", Scope("530600")), ("county", Scope("530627")))
WORDS = {"工资": 0.5, "农民工": 0.25, "讨薪": 0.05, "塔吊": 0.01, "彝良甘蔗": 0.0002}
RELEVANT = 0.2  # share of the items that are, and belong to a story; four of them to one
MONTH = NOW - timedelta(days=30)


def questions() -> list[tuple[str, Callable[[Connection, Scope], object]]]:
    def found(filters: Filters) -> Callable[[Connection, Scope], object]:
        return lambda connection, scope: search.search(connection, scope, filters, size=20)

    return [
        ("duty: counts", lambda c, s: board.counts(c, s, SETTINGS, NOW)),
        ("duty: open alerts", lambda c, s: board.open_alerts(c, s, limit=50)),
        ("duty: alarm", board.alarm),
        ("duty: by prefecture", board.prefecture_counts),
        ("duty: by hour", lambda c, s: board.hourly_levels(c, s, SETTINGS, NOW)),
        ("search: nothing asked", found(Filters())),
        ("search: relevant", found(Filters(relevance="相关"))),
        ("search: last 30 days", found(Filters(since=MONTH))),
        ("search: own county", found(Filters(region="530627"))),
        ("search: very common word", found(Filters(query="工资"))),
        ("search: very common word, best", found(Filters(query="工资", sort="匹配"))),
        ("search: common word", found(Filters(query="农民工"))),
        ("search: common word, 30 days", found(Filters(query="农民工", since=MONTH))),
        ("search: middling word", found(Filters(query="讨薪"))),
        ("search: middling word, best", found(Filters(query="讨薪", sort="匹配"))),
        ("search: rare phrase", found(Filters(query="彝良甘蔗"))),
        ("search: all but a word", found(Filters(query="-农民工"))),
        ("search: lists of sources", search.outlets),
        ("export: count alerts", lambda c, s: export.count_alerts(c, s, AlertFilters())),
        ("export: rows of open alerts", lambda c, s: list(export.alert_rows(c, s, AlertFilters(open_only=True), NOW))),
    ]


def place(chance: random.Random, counties: list[str]) -> str:
    """A county, sometimes only the prefecture, the province, another province or nothing."""
    drawn = chance.random()
    if drawn < 0.6:
        return chance.choice(counties)
    return chance.choice((f"{chance.choice(counties)[:4]}00", "530000", "441424", ""))


def stories(
    count: int, chance: random.Random, counties: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """``count`` stories over a year, each with an alert; most of the old alerts are closed."""
    found, alerts = [], []
    for number in range(1, count + 1):
        at = NOW - timedelta(seconds=chance.randrange(365 * 86_400))
        level = chance.choice(ALERT_LEVELS)
        found.append({
            "id": number, "title": "示例工地工人反映工资未发", "region": place(chance, counties), "scope": "本省",
            "stance": "unresolved", "sentiment": 0.0, "items": 4, "outlets": 2, "first_outlet": "示例", "level": level,
            "score": 40, "first_published_at": at, "first_seen_at": at, "last_seen_at": at, "severity": {},
            "matched": [],
        })  # fmt: skip
        state = ALERT_STATES[4] if at < MONTH else chance.choice(ALERT_STATES)
        alerts.append({
            "number": f"YJ-{number}", "story_id": number, "level": level, "score": 40, "state": state, "opened_at": at,
            "raised_at": at, "sign_due_at": at, "public_due_at": at, "case_ids": [],
        })  # fmt: skip
    return found, alerts


def items(
    count: int, placed: list[dict[str, Any]], chance: random.Random, counties: list[str]
) -> Iterator[dict[str, Any]]:
    """``count`` items of some 300 characters over a year."""
    letters = [chr(0x4E00 + chance.randrange(6000)) for _ in range(1500)]
    vocabulary = ["".join(chance.choices(letters, k=2)) for _ in range(20_000)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))
    for number in range(count):
        body = chance.choices(vocabulary, cum_weights=weights, k=150)
        for word, share in WORDS.items():
            if chance.random() < share:
                body[chance.randrange(150)] = word
        relevant = chance.random() < RELEVANT
        story = chance.choice(placed) if relevant else None
        at = story["first_seen_at"] if story else NOW - timedelta(seconds=chance.randrange(365 * 86_400))
        yield {
            "source_id": f"bench-{chance.randrange(300)}", "guid": str(number), "url": "https://example.org/",
            "text": "".join(body), "title": "".join(chance.choices(vocabulary, cum_weights=weights, k=9)),
            "text_hash": "", "outlet": "示例", "published_at": at, "fetched_at": at, "relevant": relevant,
            "relevance": 0.5, "sentiment": 0.0, "stance": "neutral", "scope": "本省", "judgement": {},
            "region": story["region"] if story and chance.random() < 0.9 else place(chance, counties),
            "level": "IV" if relevant else None, "story_id": story["id"] if story else None,
        }  # fmt: skip


def fill(store: Store, count: int) -> None:
    """Sources, stories, alerts and items, with the index made and the statistics gathered."""
    chance = random.Random(2026)
    counties = [division.code for division in divisions.counties()]
    placed, alerts = stories(int(count * RELEVANT / 4), chance, counties)
    with store.write() as connection:
        source = {
            "kind": "feed", "url": "http://127.0.0.1/", "group_name": "自建", "outlet": "示例", "interval_seconds": 60,
            "max_interval_seconds": 60, "tier": 3, "national": False, "condition": "正常", "paused": True, "recipe": {},
            "origin": "page", "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip
        connection.execute(t.source.insert(), [{**source, "id": f"bench-{n}", "name": f"示例{n}"} for n in range(300)])
        connection.execute(t.story.insert(), placed)
        connection.execute(t.alert.insert(), alerts)
        rows = items(count, placed, chance, counties)
        while batch := list(itertools.islice(rows, 5000)):
            connection.execute(t.item.insert(), batch)
    ensure(store)
    store.checkpoint()
    if store.dialect != "sqlite":
        with store.write() as connection:
            connection.execute(text("ANALYZE"))


def milliseconds(work: Callable[[], object], times: int = 5) -> float:
    """Median of some runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main(count: int = 200_000, url: str = "") -> None:
    """Fill, then ask each question in each scope."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(url or f"sqlite:///{folder}/bench.db")
        upgrade(store)
        fill(store, count)
        print(f"{store.dialect}, {count:,} items, {int(count * RELEVANT / 4):,} stories")
        print(f"{'question':34}" + "".join(f"{name:>12}" for name, _ in SCOPES) + f"{'pref. ×':>10}{'county ×':>10}")
        with store.read() as connection:
            for name, ask in questions():
                province, *others = (
                    milliseconds(lambda question=ask, asked=scope: question(connection, asked)) for _, scope in SCOPES
                )
                taken = "".join(f"{value:12.2f}" for value in (province, *others))
                print(f"{name:34}{taken}" + "".join(f"{value / province:10.2f}" for value in others), flush=True)
        store.close()


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]
