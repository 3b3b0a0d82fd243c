"""Grouping reports into stories: its speed against comparing each newcomer with every report of the window.

    python -m benchmarks.stories [--events 1000]

Reports: invented template notices of different counties and their reprints, written here; the worst there is for an
index, for all of them look alike. How well reports are grouped is `./run score` and tests/test_stories.py.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, update

from monitors import settings
from monitors.opinion import stories
from monitors.opinion.normalise import fold
from monitors.opinion.stories import Member
from monitors.opinion.story_index import StoryIndex
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEMPLATES = (
    (
        "{county}法院为{workers}名农民工追回工资{amount}万元",
        (
            "近日，{county}人民法院举行执行案款集中发放活动，现场为{workers}名农民工发放工资{amount}万元。据了解，{employer}承建的项目因"
            "资金周转困难，长期未结清工人劳动报酬。执行立案后，干警通过网络查控系统查明其名下账户，依法予以冻结，并多次上门释法"
            "明理，最终促使其履行义务。领到案款的工友连声道谢。"
        ),
    ),
    (
        "{county}人社局专项行动：已为{workers}名劳动者清欠{amount}万元",
        (
            "冬季行动开展以来，{county}人力资源和社会保障局联合住建、公安等部门，对在建工程项目逐一排查，建立问题台账，实行销号管理。"
            "针对{employer}拖欠工资问题，执法人员当天立案、当天约谈，督促企业筹措资金{amount}万元，支付{workers}名劳动者工资。"
        ),
    ),
    (
        "{county}一工地{workers}名工人反映被拖欠工资{amount}万元",
        (
            "{workers}名工人向记者反映，他们在{county}一处在建工地干活，负责施工的{employer}从年中起便没有足额发放工资，合计{amount}万元。"
            "工人多次找项目部讨要，对方以甲方未拨款为由推脱。记者致电该公司，电话无人接听。当地有关部门表示将介入调查。"
        ),
    ),
)
OUTLETS = ("演示晨报", "边城在线", "滇池快讯", "红土网", "三江时评")


def notices(events: int) -> list[Member]:
    """Invented notices of different counties, each reprinted up to four times with the changes reprints have."""
    chance = random.Random(5)
    counties = [division for division in divisions.counties() if division.code.startswith("53")]
    members: list[Member] = []
    for event in range(events):
        county = counties[event % len(counties)]
        title, text = TEMPLATES[event % len(TEMPLATES)]
        name = "".join(chance.choice("恒泰鑫隆盛嘉远宏瑞达昌顺") for _ in range(2))
        facts = {
            "county": county.name,
            "workers": chance.randint(5, 180),
            "amount": chance.randint(6, 900),
            "employer": f"云南{name}建筑工程有限公司",
        }
        published = NOW + timedelta(hours=chance.uniform(0, 48))
        for copy in range(chance.randint(1, 5)):
            reprint, headline = text.format(**facts), title.format(**facts)
            if copy:
                headline = chance.choice((headline, f"【转】{headline}", f"{headline}_{chance.choice(OUTLETS)}"))
                reprint = reprint[: int(len(reprint) * chance.uniform(0.6, 1))] + f"（{chance.choice(OUTLETS)}）"
            report = stories.member(
                id=len(members),
                title=headline,
                text=reprint,
                published=published + timedelta(hours=chance.uniform(0, 30)),
                region=county.code,
                workers=int(facts["workers"]),
                amount_fen=int(facts["amount"]) * 1_000_000,
                employer=str(facts["employer"]),
            )
            members.append(report)
    return members


def stored(members: Sequence[Member], limits: settings.Story, newest: int) -> float:
    """Reports per second of the newest through the stored index on SQLite: item, find, story, add; 50 a transaction."""
    index = StoryIndex()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/bench.db")
        upgrade(store)
        with store.write() as connection:
            connection.execute(insert(t.source).values(_source()))
        begin = 0.0
        for start in range(0, len(members), 50):
            if start <= len(members) - newest:
                begin, first = time.process_time(), start
            with store.write() as connection:
                for report in members[start : start + 50]:
                    _take(connection, index, report, limits)
        seconds = time.process_time() - begin
        store.close()
    return (len(members) - first) / seconds


def _take(connection: Connection, index: StoryIndex, report: Member, limits: settings.Story) -> None:
    item_id = connection.execute(insert(t.item).values(_item(report)).returning(t.item.c.id)).scalar_one()
    found = index.find(connection, report, limits)
    if found:
        story_id = found[0]
    else:
        story_id = connection.execute(insert(t.story).values(_story(report)).returning(t.story.c.id)).scalar_one()
    connection.execute(update(t.item).where(t.item.c.id == item_id).values(story_id=story_id))
    index.add(connection, report, item_id)


def brute_force(members: Sequence[Member], newest: int) -> float:
    """Reports per second when each of the newest is held against every report before it, by shingles, in memory."""
    grams = []
    for report in members:
        text = fold(f"{report.title}{report.text}")
        grams.append({text[i : i + 3] for i in range(len(text) - 2)})
    begin = time.process_time()
    for index in range(len(members) - newest, len(members)):
        max(len(grams[index] & other) / len(grams[index] | other) for other in grams[:index])
    return newest / (time.process_time() - begin)


def _source() -> dict[str, object]:
    return {
        "id": "bench", "name": "基准", "kind": "feed", "url": "https://bench.example/", "group_name": "自建",
        "outlet": "基准", "interval_seconds": 600, "max_interval_seconds": 7200, "tier": 3, "national": False,
        "condition": "正常", "paused": False, "recipe": {}, "origin": "config", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def _item(report: Member) -> dict[str, object]:
    return {
        "source_id": "bench", "guid": f"{report.id:064d}", "url": "https://bench.example/", "title": report.title,
        "text": report.text, "text_hash": report.text_hash, "outlet": "基准", "published_at": report.published,
        "fetched_at": NOW, "relevant": True, "relevance": 1.0, "sentiment": 0.0, "stance": "neutral", "scope": "本省",
        "region": report.region, "workers": report.workers, "amount_fen": report.amount_fen,
        "employer": report.employer, "judgement": {},
    }  # fmt: skip


def _story(report: Member) -> dict[str, object]:
    return {
        "title": report.title, "region": report.region, "scope": "本省", "stance": "neutral", "sentiment": 0.0,
        "items": 1, "outlets": 1, "first_outlet": "基准", "first_published_at": report.published, "first_seen_at": NOW,
        "last_seen_at": NOW, "level": "关注", "score": 0, "severity": {}, "matched": [],
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=1000)
    arguments = options.parse_args()
    limits = settings.load().story

    members = notices(arguments.events)
    newest = min(200, len(members))
    print(f"{len(members)} reports of {arguments.events} events in one window; timed: the newest {newest}")
    indexed, compared = stored(members, limits, newest), brute_force(members, newest)
    print(f"  stored index (find + add, SQLite)   {indexed:9,.0f} reports per CPU second   {indexed / compared:6.1f} x")
    print(f"  every report compared, in memory    {compared:9,.0f} reports per CPU second      1.0 x")


if __name__ == "__main__":
    main()
