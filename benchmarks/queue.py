"""The queue of the alert desk over many alerts: ``python benchmarks/queue.py [alerts]`` (100,000 where none is said).

Most are closed, six in a hundred open. For each question of the page the seconds it takes and what part they are of
reading every alert with its story once, in the same run. ``DATABASE_URL`` names an empty database; without, SQLite.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.desk import queue
from monitors.desk.queue import ORDERS, TABS, Query
from monitors.opinion.model import ALERT_LEVELS
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OPEN = ("新警情", "已签收", "核查中", "处置中", "新警情", "处置中")
PROVINCE = Actor(1, "duty", "值班员甲", Role.DUTY_OFFICER, "530000", "")
COUNTY = Actor(2, "county", "县级甲", Role.COUNTY_CLERK, "530627", "")
QUESTIONS: dict[str, tuple[Actor, Query, int]] = {
    **{f"tab {tab}": (PROVINCE, Query(tab), 0) for tab in TABS},
    "open, gravest first": (PROVINCE, Query(order=ORDERS[1]), 0),
    "all, newest first": (PROVINCE, Query("全部", order=ORDERS[2]), 0),
    "all, newest first, page 100": (PROVINCE, Query("全部", order=ORDERS[2]), 4950),
    "late by the public's limit": (PROVINCE, Query(clock="公开回应"), 0),
    "words of a title, all": (PROVINCE, Query("全部", text="第777起", order=ORDERS[2]), 0),
    "a county's open ones": (COUNTY, Query(), 0),
}


def fill(store: Store, number: int) -> None:
    """``number`` alerts, the oldest first."""
    counties = [division.code for division in divisions.counties()]
    for start in range(0, number, 5000):
        ids = range(start + 1, min(start + 5000, number) + 1)
        with store.write() as connection:
            connection.execute(insert(t.story), [_story(one, number, counties) for one in ids])
            connection.execute(insert(t.alert), [_alert(one, number) for one in ids])
    with store.write() as connection:
        connection.execute(text("ANALYZE"))


def _seen(one: int, number: int) -> datetime:
    return NOW - timedelta(minutes=5 * (number - one))


def _story(one: int, number: int, counties: list[str]) -> dict[str, Any]:
    seen = _seen(one, number)
    return {
        "id": one, "title": f"示例工地讨薪（第{one}起）", "region": counties[one % len(counties)], "scope": "本省",
        "stance": "unresolved", "sentiment": -0.5, "workers": 12, "amount_fen": 140_000_00, "items": 1, "outlets": 1,
        "employer": "示例建筑劳务有限公司", "first_outlet": "示例都市报", "first_published_at": seen,
        "first_seen_at": seen, "last_seen_at": seen, "level": ALERT_LEVELS[one % 4], "score": 45, "severity": {},
        "matched": ["讨薪"],
    }  # fmt: skip


def _alert(one: int, number: int) -> dict[str, Any]:
    seen = _seen(one, number)
    open_ = one * 100 > number * 94
    return {
        "number": f"YJ{seen:%Y%m%d}-{one:06d}", "story_id": one, "level": ALERT_LEVELS[one % 4], "score": 45,
        "state": OPEN[one % 6] if open_ else "误报" if one % 3 == 0 else "已办结", "opened_at": seen, "raised_at": seen,
        "sign_due_at": seen + timedelta(hours=1), "public_due_at": seen + timedelta(hours=48), "case_ids": [],
        "fact_due_at": seen + timedelta(hours=8), "update_due_at": seen + timedelta(hours=24),
        "holder_id": one % 40 if open_ else None,
    }  # fmt: skip


def timed(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some tries, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def main(number: int = 100_000) -> None:
    """Fill a database and ask."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.environ.get("DATABASE_URL") or f"sqlite:///{Path(folder) / 'queue.db'}")
        upgrade(store)
        fill(store, number)
        with store.read() as connection:
            whole = timed(
                lambda: connection.execute(
                    select(t.alert, t.story).join(t.story, t.story.c.id == t.alert.c.story_id)
                ).all()
            )
            print(f"{number} alerts, reading every one with its story: {whole:.2f} s")
            for name, (who, query, offset) in QUESTIONS.items():
                took = timed(
                    lambda who=who, query=query, offset=offset: queue.page(
                        connection, who, query, now=NOW, limit=50, offset=offset
                    )
                )
                print(f"{name:32} {took * 1000:8.1f} ms  {took / whole:6.1%}")
        store.close()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
