"""Demonstration data: the invented world is varied, deterministic and marked; loading is whole, clearing is clean."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import feedparser
import pytest
from sqlalchemy import func, insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.clock import local
from monitors.desk import queue
from monitors.desk.ways import FALSE_REASONS, GRAVE
from monitors.errors import ConflictError, InputError
from monitors.opinion import demo, demo_texts
from monitors.opinion.demo_world import DAYS, HISTORY_DAYS, sources, stories, world
from monitors.opinion.model import (
    ALERT_LEVELS,
    ALERT_STATES,
    CLOSED_STATES,
    SOURCE_GROUPS,
    Entry,
    Recipe,
    Source,
    SourceKind,
)
from monitors.opinion.parse import parse
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
EMPTIED = (t.item, t.story, t.story_signature, t.story_band, t.alert, t.alert_event, t.source, t.source_state, t.poll,
           t.response)  # fmt: skip


@pytest.fixture(scope="module")
def planned():
    return world(NOW)


@pytest.fixture
def settings() -> Settings:
    return settings_module.load()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load only the last days of the world: the same code in a fraction of the time."""
    last = [report for report in world(NOW) if NOW - report.fetched_at < timedelta(days=4)]
    monkeypatch.setattr(demo, "world", lambda now: last)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for two transactions, for tests of how loading begins and ends."""
    last = world(NOW)[-60:]
    monkeypatch.setattr(demo, "world", lambda now: last)


# ── The invented world ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_moment_gives_the_same_world_in_every_process(planned) -> None:
    code = (
        "from datetime import *; import hashlib; from monitors.opinion.demo_world import world;"
        "print(hashlib.sha256(repr(world(datetime(2026,11,23,2,30,tzinfo=UTC))).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert world(NOW) == planned
    assert world(NOW, seed=1) != planned


def test_size_span_and_order(planned) -> None:
    told = stories(planned)
    assert 1300 <= len(planned) <= 1700
    assert 300 <= len(told) <= 370
    assert 550 <= sum(map(len, told.values())) <= 700
    assert [p.fetched_at for p in planned] == sorted(p.fetched_at for p in planned)
    assert planned[-1].fetched_at <= NOW
    assert timedelta(days=HISTORY_DAYS - 15) < NOW - planned[0].fetched_at < timedelta(days=HISTORY_DAYS + 1)
    last_week = sum(NOW - p.fetched_at < timedelta(days=7) for p in planned)
    first_week = sum(timedelta(days=DAYS - 7) < NOW - p.fetched_at < timedelta(days=DAYS) for p in planned)
    assert last_week > 1.3 * first_week


def test_the_months_before_are_calm_and_everywhere(planned) -> None:
    before = [p for p in planned if NOW - p.fetched_at > timedelta(days=DAYS + 10)]
    assert 120 <= len({p.story for p in before}) <= 220
    assert Counter(p.story for p in before).most_common(1)[0][1] <= 4
    weeks = Counter((NOW - p.fetched_at).days // 7 for p in before)
    assert max(weeks.values()) < 3 * min(sorted(weeks.values())[2:])
    assert {plan["name"] for plan in demo_texts.table("plans")["plan"] if plan.get("before")} == {
        "零星解决", "零星举报", "零星讨薪", "零星聚集",
    }  # fmt: skip


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_at_any_hour_there_is_something_fresh_and_nothing_from_the_future(hour: int) -> None:
    now = NOW.replace(hour=hour)
    reports = world(now)
    assert max(p.fetched_at for p in reports) <= now
    told = stories(reports)
    assert {"red", "orange-1", "orange-2", "orange-3", "night"} <= set(told)
    assert now - told["orange-1"][0].fetched_at < timedelta(minutes=30)


def test_the_tower_crane_at_night_is_told_by_three_outlets_within_an_hour(planned) -> None:
    first = stories(planned)["night"][:3]
    assert [p.source.outlet for p in first] == list(dict.fromkeys(p.source.outlet for p in first))
    assert f"{local(first[0].entry.published):%H:%M}" == "02:10"
    assert first[2].fetched_at - first[0].fetched_at < timedelta(minutes=100)
    assert all("塔吊" in p.entry.title + p.entry.text for p in first)


def test_every_county_is_in_the_news(planned) -> None:
    text = "\n".join(p.entry.title + p.entry.text for p in planned)
    assert [d.name for d in divisions.counties() if divisions.bare(d) not in text] == []


def test_texts_are_varied_and_of_a_natural_length(planned) -> None:
    lengths = sorted(len(p.entry.text) for p in planned)
    assert lengths[0] >= 25
    assert lengths[-1] <= 450
    assert lengths[len(lengths) // 20] >= 55
    told = [p for reports in stories(planned).values() for p in reports]
    # A few posts are repeated word for word, as posts are; more would look stamped.
    assert len({p.entry.text for p in told}) >= 0.98 * len(told)
    assert Counter(p.entry.title for p in told).most_common(1)[0][1] <= 6
    assert not [p.entry.title for p in planned if re.search(r"[{}|]|None", p.entry.title + p.entry.text)]


def test_there_are_enough_templates() -> None:
    parts = demo_texts.table("relevant")["report"]
    assert sum(len(part["open"]) for part in parts) >= 60
    assert len(demo_texts.table("everyday")["topic"]) >= 40


def test_every_stage_of_every_plan_has_words_for_its_voices() -> None:
    known = {(part["family"], part["voice"]) for part in demo_texts.table("relevant")["report"]}
    plans = demo_texts.table("plans")["plan"]
    needed = {
        (family, voice)
        for plan in plans
        for family, _, _, voices in plan["stages"]
        for entry in voices
        if not entry.startswith("+")
        for voice in entry.split("|")
    }
    assert needed - known == set()
    used = {family for plan in plans for family, *_ in plan["stages"]}
    assert {family for family, _ in known} - used == set()


def test_names_are_invented_and_sources_cannot_exist(planned) -> None:
    assert all(s.paused and s.name.startswith("演示·") and ".example/" in s.url for s in sources())
    assert {s.group for s in sources()} <= set(SOURCE_GROUPS)
    assert 20 <= len(sources()) <= 30
    firm = re.compile(r"[一-鿿]{4,16}有限公司")
    for report in planned:
        assert ".example/" in report.entry.url
        for name in firm.findall(report.entry.title + report.entry.text):
            assert re.search("滇示|示例|演示", name), name


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "一"),
        (2, "两"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (206, "二百零六"),
        (330, "三百三十"),
        (1002, "一千零二"),
    ],
)
def test_spoken_numbers(number: int, words: str) -> None:
    assert demo_texts.spoken(number) == words


def test_one_report_agrees_with_itself() -> None:
    slots: dict[str, str] = {}
    random = Random(3)
    first = demo_texts.fill("{甲|乙|丙|丁} {n1-1000} {d1-9}", slots, random)
    assert demo_texts.fill("{甲|乙|丙|丁} {n1-1000} {d1-9}", slots, random) == first
    with pytest.raises(KeyError):
        demo_texts.fill("{没有}", {}, random)


# ── Loading and clearing ─────────────────────────────────────────────────────────────────────────────────────────────


def counts(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) for table in EMPTIED}


def indexed(store: Store) -> int:
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM item_fts").scalar_one()


@pytest.mark.usefixtures("small")
def test_loaded_through_the_real_intake_then_cleared_without_a_trace(store: Store, settings: Settings) -> None:
    real = Source("real", "真实来源", "feed", "https://news.example.org/feed.xml", outlet="真实来源")
    with store.write() as connection:
        now = NOW - timedelta(days=1)
        demo.insert_demo(connection, real, now=now)
        connection.execute(update(t.source).where(t.source.c.id == "real").values(demo=False))
        judged = demo.Judge(settings).judge("某地新闻", "今天天气晴好，适合出行。", published=now, now=now)
        entry = Entry("g", "某地新闻", "https://news.example.org/1", "今天天气晴好，适合出行。", now)
        demo.intake.take_in(connection, real, [entry], [judged], settings=settings, now=now)
    before, indexed_before = counts(store), indexed(store)

    told: list[float] = []
    report = demo.load(store, SYSTEM, settings, now=NOW, progress=lambda part, _words: told.append(part))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert report.items == len(demo.world(NOW))
    assert report.alerts > report.open_alerts >= 8
    with store.read() as connection:
        mark = json.loads(connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "demo")))
        assert mark == {"loaded_at": NOW.isoformat(), "items": report.items}
        assert connection.scalar(select(func.count()).where(t.source.c.demo, ~t.source.c.paused)) == 0
        levels = set(connection.scalars(select(t.alert.c.level).where(t.alert.c.state.not_in(CLOSED_STATES))))
        assert levels == set(ALERT_LEVELS)
    assert indexed(store) == indexed_before + report.items

    with pytest.raises(InputError, match="已经载入"):
        demo.load(store, SYSTEM, settings, now=NOW)
    assert demo.clear(store, SYSTEM) == report.items
    assert demo.clear(store, SYSTEM) == 0
    assert counts(store) == before
    assert indexed(store) == indexed_before


@pytest.mark.usefixtures("small")
def test_the_life_of_alerts_is_possible(store: Store, settings: Settings) -> None:
    demo.load(store, SYSTEM, settings, now=NOW)
    with store.read() as connection:
        alerts = {row.id: row for row in connection.execute(select(t.alert))}
        events = connection.execute(select(t.alert_event).order_by(t.alert_event.c.alert_id, t.alert_event.c.id)).all()
        answers = connection.execute(select(t.response)).all()
        notices = connection.scalar(select(func.count()).select_from(t.notice))
        queued = queue.page(connection, SYSTEM, queue.Query(tab="在办"), now=NOW, limit=100).rows
    assert {row.state for row in alerts.values()} >= {"新警情", "核查中", "已办结"}
    for row in alerts.values():
        history = [e for e in events if e.alert_id == row.id]
        moves = [e for e in history if e.kind == "state"]
        assert history[0].kind == "opened"
        assert all(row.opened_at <= e.at <= NOW for e in moves)
        assert [e.at for e in moves] == sorted(e.at for e in moves)
        assert [e.before["state"] for e in moves] == ["新警情", *(e.after["state"] for e in moves)][: len(moves)]
        assert {e.after["state"] for e in moves} <= set(ALERT_STATES)
        assert row.state == (moves[-1].after["state"] if moves else "新警情")
        assert (row.closed_at is not None) == (row.state in CLOSED_STATES)
        assert (row.signed_at is None) == (row.state == "新警情")
        assert (row.fact_at is None) == ("处置中" not in {e.after["state"] for e in moves})
        assert (row.update_due_at is None) == (row.signed_at is None or row.closed_at is not None)
        assert bool(row.unit and row.person and row.check_due_at) == ("核查中" in {e.after["state"] for e in moves})
        last = moves[-1].after if moves else {}
        out = [one for one in answers if one.alert_id == row.id and one.state == "已发布"]
        if row.state == "已办结":
            assert row.result
            assert row.feedback
            assert bool(row.no_response) == (not out)
            assert last["proposed_by"] != moves[-1].actor
        if row.state == "误报":
            assert row.reason in FALSE_REASONS
            assert row.evidence
            assert row.level not in GRAVE or last["proposed_by"] != moves[-1].actor
        if row.state == "并案":
            master = alerts[row.master_id]
            assert master.state not in ("误报", "并案")
            assert last["master"] == master.number
        told = [e.after["act"] for e in history if e.kind == "response"]
        assert told.count("发布回应") == len(out)
    for one in answers:
        assert one.author != one.approver
        assert (one.published_at is not None) == (one.state == "已发布")
        assert one.created_at <= (one.approved_at or NOW) <= (one.published_at or NOW) <= NOW
    assert notices == 0
    assert any(row.proposal for row in alerts.values())
    overdue = {row.id for row in queued if any(due.at < NOW for due in row.dues)}
    assert 1 <= len(overdue) <= 5, "some are late, most are in time"
    assert len(queued) > 2 * len(overdue)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("stop_at", [0.3, 0.6, 0.9])
def test_a_load_that_fails_takes_back_what_it_wrote(store: Store, settings: Settings, stop_at: float) -> None:
    class Left(BaseException):
        pass

    def leave(part: float, _words: str) -> None:
        if part >= stop_at:
            raise Left

    with pytest.raises(Left):
        demo.load(store, SYSTEM, settings, now=NOW, progress=leave)
    assert set(counts(store).values()) == {0}
    with store.read() as connection:
        assert connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "demo")) is None


@pytest.mark.usefixtures("tiny")
def test_a_second_click_waits_and_a_killed_load_is_cleared_by_the_next(store: Store, settings: Settings) -> None:
    def mark(touched_at: datetime) -> None:
        value = json.dumps(
            {"loaded_at": NOW.isoformat(), "items": 3, "token": "x", "touched_at": touched_at.isoformat()}
        )
        with store.write() as connection:
            connection.execute(insert(t.meta).values(key="demo", value=value))

    mark(demo.utc_now())
    with pytest.raises(InputError, match="正在载入"):
        demo.load(store, SYSTEM, settings, now=NOW)
    demo.clear(store, SYSTEM)
    mark(demo.utc_now() - timedelta(minutes=5))
    assert demo.load(store, SYSTEM, settings, now=NOW).items > 0


@pytest.mark.usefixtures("tiny")
def test_cleared_while_loading_stops_the_load(store: Store, settings: Settings) -> None:
    def clear_at_half(part: float, _words: str) -> None:
        if 0.5 < part < 0.9:
            demo.clear(store, SYSTEM)

    with pytest.raises(ConflictError, match="被清除"):
        demo.load(store, SYSTEM, settings, now=NOW, progress=clear_at_half)
    assert set(counts(store).values()) == {0}


@pytest.mark.usefixtures("tiny")
def test_a_real_report_that_joined_an_invented_story_keeps_it(store: Store, settings: Settings) -> None:
    demo.load(store, SYSTEM, settings, now=NOW)
    with store.read() as connection:
        copied = connection.execute(
            select(t.item)
            .join(t.alert, t.alert.c.story_id == t.item.c.story_id)
            .where(t.item.c.relevant, t.alert.c.state.not_in(CLOSED_STATES))
            .order_by(t.item.c.id.desc())
            .limit(1)
        ).one()
    real = Source("real", "真实来源", "feed", "https://news.example.org/feed.xml", outlet="真实来源")
    judged = demo.Judge(settings).judge(copied.title, copied.text, published=NOW, now=NOW)
    with store.write() as connection:
        demo.insert_demo(connection, real, now=NOW)
        connection.execute(update(t.source).where(t.source.c.id == "real").values(demo=False))
        entry = Entry("g", copied.title, "https://news.example.org/1", copied.text, NOW)
        demo.intake.take_in(connection, real, [entry], [judged], settings=settings, now=NOW)
        joined = connection.scalar(select(t.item.c.story_id).where(t.item.c.source_id == "real"))
    assert joined == copied.story_id

    demo.clear(store, SYSTEM)
    with store.read() as connection:
        item = connection.execute(select(t.item)).one()
        story = connection.execute(select(t.story)).one()
        alert = connection.execute(select(t.alert)).one()
        assert connection.execute(select(t.response)).all() == []
        assert alert.proposal is None
    assert (item.source_id, item.story_id, item.demo) == ("real", story.id, False)
    assert (story.items, story.first_outlet, story.demo) == (1, "真实来源", False)
    assert (alert.story_id, alert.demo) == (story.id, False)


# ── As a feed ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_replayed_as_a_feed_newest_first(tmp_path: Path) -> None:
    path = demo.replay_feed(tmp_path / "served", now=NOW, count=12)
    read = feedparser.parse(path.read_bytes())
    assert [p.name for p in path.parent.iterdir()] == ["demo.xml"]
    assert not read.bozo
    assert len(read.entries) == 12
    times = [entry.published_parsed for entry in read.entries]
    assert times[0] >= times[-1]
    assert "演示数据" in read.feed.title


LISTED = Recipe(items="ul.news li", title="a", link="a", time="span.date")
HOT = Recipe(
    items="data.list",
    title="title",
    time="time",
    summary="digest",
    link_template="https://demo.example/hot/{id}",
)


@pytest.mark.parametrize(
    ("name", "kind", "content_type", "recipe", "count", "title"),
    [
        ("feed.xml", "feed", "application/rss+xml", Recipe(), 4, "演示县一项目拖欠23名工人工资"),
        ("atom.xml", "feed", "application/atom+xml", Recipe(), 3, "示例花卉基地采花工领到工资"),
        ("gbk.xml", "feed", "text/xml; charset=utf-8", Recipe(), 2, "演示路段十二名工人讨要工资"),
        ("list.html", "page", "text/html", LISTED, 4, "关于示例项目拖欠农民工工资线索的核查通报"),
        ("hot.json", "json", "application/json", HOT, 3, "骑手讨要三个月工资"),
    ],
)
def test_samples_are_read_as_promised(
    name: str, kind: SourceKind, content_type: str, recipe: Recipe, count: int, title: str
) -> None:
    body = (Path(__file__).parents[1] / "data" / "samples" / name).read_bytes()
    read = parse(
        body,
        kind=kind,
        url="https://demo.example/list/",
        content_type=content_type,
        recipe=recipe,
        now=datetime(2026, 11, 23, 10, tzinfo=UTC),
        limits=settings_module.load().parse,
    )
    assert len(read.entries) == count
    assert read.entries[0].title.startswith(title)
    assert all(entry.published is not None for entry in read.entries)
    assert all(entry.url.startswith("https://demo.example/") for entry in read.entries)
