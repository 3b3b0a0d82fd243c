"""Development data for the page tests: stories, reports and alerts written straight into the store, nothing judged.

``python tests/seed.py [alerts]`` fills the database of the present environment, for looking at the pages by hand.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitors.opinion import heartbeat
from monitors.opinion.model import ALERT_LEVELS
from monitors.store import tables as t
from monitors.store.engine import Store

SIGN_MINUTES = {"I": 15, "II": 30, "III": 60, "IV": 1440}
SCORES = {"I": 86, "II": 67, "III": 48, "IV": 26, "关注": 12}
OUTLETS = ("示例晨报", "示例在线", "示例都市报", "示例网络论坛", "示例县融媒")
# What a hostile outlet may put into a title: every one of these must appear as plain characters.
HOSTILE_TITLES = (
    "讨薪 <script>window.hacked=1</script><img src=http://beacon.invalid/a.png onerror=window.hacked=1>",
    "讨薪 ![图](http://beacon.invalid/b.png) [点我](javascript:window.hacked=1) :material/home: :red[红] $\\frac12$",
    "讨薪" + "长" * 150 + "https://beacon.invalid/" + "x" * 150,
    "讨薪 </style></textarea>{{7*7}} & &amp; \u202e反向\u202c \"'` 欠薪",
)
TITLES = (
    "示例工地三名工人爬上塔吊讨要工资",
    "数十名务工人员在示例项目部门口聚集讨薪",
    "工人反映示例高标准农田项目拖欠工资半年",
    "示例电子厂停工，员工称两个月工资未发",
    "网友发帖：在示例水电站干活，工钱要不着",
    "示例校外培训机构关门，老师称被拖欠工资",
    "环卫工人反映工资迟迟未结",
    "示例楼盘停工，农民工血汗钱没有着落",
)
PLACES = ("530627", "530102", "532504", "530302", "532901", "533103", "530602", "530000", "532801", "530827")


@dataclass(frozen=True, slots=True)
class Planted:
    """One story to write; what is not given is plausible."""

    title: str
    level: str = "IV"
    age: timedelta = timedelta(hours=2)
    region: str = "530627"
    workers: int | None = 60
    amount_fen: int | None = 12_600_000_0
    reports: int = 2
    state: str = "新警情"
    url: str = "https://news.invalid/report"
    text: str = "据了解，工人们称被拖欠工资，多次讨薪未果。"
    matched: tuple[str, ...] = ("讨薪", "拖欠工资", "欠薪", "讨要工资", "工资未发", "工钱")


def beat(store: Store, at: datetime) -> None:
    """Every part of the watch reports itself well at ``at``."""
    with store.write() as connection:
        for part in (heartbeat.LOOP, heartbeat.PARSER, heartbeat.JUDGE):
            heartbeat.beat(connection, part, now=at)


def outlets(store: Store, now: datetime) -> None:
    """The invented outlets, one of them failing and one silent."""
    with store.write() as connection:
        if connection.scalar(select(t.source.c.id).limit(1)):
            return
        for number, name in enumerate(OUTLETS):
            connection.execute(
                insert(t.source).values(
                    id=f"seed-{number}", name=name, kind="feed", url=f"https://s{number}.invalid/rss",
                    group_name="自建", outlet=name, interval_seconds=600, max_interval_seconds=7200, region="",
                    tier=number % 4 + 1, national=number == 0, condition="正常", paused=False, recipe={},
                    origin="page", created_at=now, updated_at=now,
                )
            )  # fmt: skip
            connection.execute(
                insert(t.source_state).values(
                    source_id=f"seed-{number}", next_at=now, interval_seconds=600.0,
                    failures=2.0 if number == 3 else 0.0, last_poll_at=now, last_ok_at=now,
                    newest_item_at=now - (timedelta(days=9) if number == 4 else timedelta(minutes=9)),
                )
            )  # fmt: skip


def plant(store: Store, planted: Planted, now: datetime) -> int:
    """Write one story with its reports and, unless it is 关注, its open alert. Returns the story's id."""
    outlets(store, now)
    seen, published = now - planted.age, now - planted.age - timedelta(minutes=7)
    score = SCORES[planted.level]
    parts = [
        {"code": "E", "points": 20, "why": "聚集、横幅或集访"},
        {"code": "N", "points": 16, "why": "涉及 50–99 人"},
    ]
    facts: dict[str, Any] = {
        "region": planted.region, "scope": "本省", "kind": "讨薪维权", "stance": "unresolved", "sentiment": -0.62,
        "workers": planted.workers, "amount_fen": planted.amount_fen, "employer": "示例建筑劳务有限公司",
    }  # fmt: skip
    with store.write() as connection:
        story_id: int = connection.execute(
            insert(t.story)
            .values(
                title=planted.title, items=planted.reports, outlets=min(planted.reports, len(OUTLETS)),
                first_outlet=OUTLETS[0], first_published_at=published, first_seen_at=seen,
                last_seen_at=seen + timedelta(minutes=planted.reports), level=planted.level, score=score,
                severity={"parts": parts, "floors": ["有 50 人以上聚集，不低于 II 级"], "notes": []},
                matched=[word for word in planted.matched if word in planted.title + planted.text], **facts,
            )
            .returning(t.story.c.id)
        ).scalar_one()  # fmt: skip
        for number in range(planted.reports):
            title = planted.title if number % 2 == 0 else f"关注：{planted.title}"
            connection.execute(
                insert(t.item).values(
                    source_id=f"seed-{number % len(OUTLETS)}",
                    guid=hashlib.sha256(f"{story_id}/{number}".encode()).hexdigest(),
                    url=f"{planted.url}/{story_id}/{number}" if planted.url.startswith("http") else planted.url,
                    title=title, text=planted.text, text_hash="0" * 64, outlet=OUTLETS[number % len(OUTLETS)],
                    published_at=published + timedelta(minutes=number), published_note="",
                    fetched_at=seen + timedelta(minutes=number), relevant=True, relevance=0.97, level=planted.level,
                    score=score, story_id=story_id, judgement=_why(title, planted, parts), **facts,
                )
            )  # fmt: skip
        if planted.level in ALERT_LEVELS:
            _alert(connection, planted, story_id, seen, published)
    return story_id


def _why(title: str, planted: Planted, parts: list[dict[str, Any]]) -> dict[str, Any]:
    found = (
        {"field": field, "start": document.index(word), "end": document.index(word) + len(word), "text": word,
         "why": f"出现欠薪用语“{word}”", "about": "relevance"}
        for field, document in (("title", title), ("text", planted.text))
        for word in planted.matched
        if word in document
    )  # fmt: skip
    return {"matched": list(planted.matched), "acts": ["gathering"], "evidence": list(found), "parts": parts,
            "floors": [], "snownlp": 0.11, "model": "seed", "joined": "首条报道"}  # fmt: skip


def _alert(connection: Any, planted: Planted, story_id: int, seen: datetime, published: datetime) -> None:
    signed = planted.state != "新警情"
    alert_id = connection.execute(
        insert(t.alert)
        .values(
            number=f"YJ{seen:%Y%m%d}-{story_id:04d}", story_id=story_id, level=planted.level,
            score=SCORES[planted.level], state=planted.state, opened_at=seen, raised_at=seen,
            sign_due_at=seen + timedelta(minutes=SIGN_MINUTES[planted.level]),
            public_due_at=published + timedelta(hours=5 if planted.level in ("I", "II") else 48),
            signed_by="值班员甲" if signed else None, signed_at=seen + timedelta(minutes=9) if signed else None,
            closed_at=seen + timedelta(hours=1) if planted.state in ("已办结", "误报", "并案") else None, case_ids=[],
        )
        .returning(t.alert.c.id)
    ).scalar_one()  # fmt: skip
    first = {"level": planted.level, "score": SCORES[planted.level], "state": "新警情"}
    events: list[tuple[datetime, str, str, dict[str, Any], dict[str, Any]]] = [(seen, "opened", "系统", {}, first)]
    if signed:
        after = {"state": planted.state}
        events.append((seen + timedelta(minutes=9), "state", "值班员甲", {"state": "新警情"}, after))
    for at, kind, actor, before, after in events:
        connection.execute(
            insert(t.alert_event).values(alert_id=alert_id, at=at, kind=kind, actor=actor, before=before, after=after)
        )


def mixed(number: int) -> Iterable[Planted]:
    """``number`` stories of every level, state, place and age, the grave ones recent."""
    for index in range(number):
        level = ("IV", "III", "IV", "关注", "II", "IV", "III", "IV", "IV", "I")[index % 10]
        yield Planted(
            title=TITLES[index % len(TITLES)] + (f"（第{index}起）" if index >= len(TITLES) else ""),
            level=level,
            age=timedelta(minutes=11 + index * (7 if level in ("I", "II") else 29)),
            region=PLACES[index % len(PLACES)] if index % 13 else "",
            workers=(None, 7, 35, 60, 220)[index % 5],
            amount_fen=(None, 4_500_00, 12_600_000, 380_000_000, 12_345_678_900)[(index + 2) % 5],
            reports=1 + index % 6,
            state=("新警情", "新警情", "已签收", "核查中", "新警情", "处置中", "已办结")[index % 7],
        )


def hostile() -> Iterable[Planted]:
    """One story per hostile title, all orange so that they stand at the top."""
    for title in HOSTILE_TITLES:
        yield Planted(title=title, level="II", url="javascript:alert(1)", text=f"正文也一样：{title} 讨薪")


def main(number: int = 24) -> None:
    """Fill the database of the present environment with ``number`` mixed stories and the hostile ones."""
    from monitors import settings
    from monitors.store.schema import upgrade

    configured = settings.load()
    store, now = Store(configured.database_url), datetime.now(UTC)
    upgrade(store)
    for planted in (*mixed(number), *hostile()):
        plant(store, planted, now)
    beat(store, now)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
