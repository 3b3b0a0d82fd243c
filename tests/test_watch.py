"""The watch end to end over loopback: a feed in, an alert out, once, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from monitors import settings as settings_module
from monitors.opinion import heartbeat, housekeeping
from monitors.opinion.sources import sync_catalogue
from monitors.opinion.watch import Watch
from monitors.opinion.watch_lock import watch_lock
from monitors.settings import ROOT, Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from tests.conftest import fresh_database
from tests.feedserver import FeedServer

MODELS = ROOT / "data" / "var" / "models"
BARE = (ROOT / "config.toml").read_text(encoding="utf-8").split("[[source]]")[0]
REPORT = "镇雄县某安置房工地{n}名农民工被拖欠工资，在项目部门口讨薪"
BODY = "昭通市镇雄县一处安置房项目，{n}名农民工反映被拖欠工资{m}万元，多次讨要未果。编号{k}。"


@pytest.fixture
def server():
    with FeedServer() as running:
        yield running


def source_block(number: int, url: str, *, minutes: float = 0.02, extra: str = "") -> str:
    return (
        f'\n[[source]]\nid = "s{number}"\nname = "源{number}"\nkind = "feed"\nurl = "{url}"\ngroup = "自建"\n'
        f"interval_minutes = {minutes}\nmax_interval_minutes = {minutes}\n{extra}"
    )


def write_config(tmp_path, blocks: str, **changes: str) -> dict[str, str]:
    """A config.toml over loopback; returns the environment of a process that uses it."""
    text = BARE.replace("trusted_networks = []", 'trusted_networks = ["127.0.0.0/8"]')
    for key, value in changes.items():  # of two tables with one key the first is meant: [watch] before [notify]
        text, changed = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
        assert changed, f"config.toml has no {key}"
    path = tmp_path / "config.toml"
    path.write_text(text + blocks, encoding="utf-8")
    return {
        **os.environ,
        "MONITORS_CONFIG": str(path),
        "MONITORS_DATA": str(tmp_path / "var"),
        "MONITORS_MODELS": str(MODELS),
        "DATABASE_URL": "",
    }


def prepared(environ: dict[str, str], store: Store | None = None) -> tuple[Settings, Store]:
    settings = settings_module.load(environ=environ)
    store = store or Store(settings.database_url)
    upgrade(store)
    with store.write() as connection:
        sync_catalogue(connection, [entry.source() for entry in settings.sources], datetime.now(UTC))
    return settings, store


def rows(store: Store, table):
    with store.read() as connection:
        return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def once(settings: Settings, store: Store):
    return asyncio.run(Watch(settings, store).run_once())


def test_an_unpaid_report_becomes_one_alert_and_a_second_poll_adds_nothing(server, tmp_path, store):
    feed = server.feed("/a.xml")
    feed.append(title="今日天气晴朗适宜出行", text="全省以晴为主。")
    feed.append(title=REPORT.format(n=32), text=BODY.format(n=32, m=48, k=1))
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)), store)

    (outcome,) = once(settings, store).outcomes
    assert (outcome.kind, outcome.new, len(outcome.opened)) == ("ok", 2, 1), outcome.note
    relevant = [item for item in rows(store, t.item) if item.relevant]
    assert [(i.region, i.workers, i.amount_fen, i.stance) for i in relevant] == [
        ("530627", 32, 48_000_000, "unresolved")
    ]
    (alert,) = rows(store, t.alert)
    assert alert.state == "新警情"
    (poll,) = rows(store, t.poll)
    assert poll.note == "新 2 条 / 已见 0 条"
    with store.read() as connection:
        assert heartbeat.pulse(connection, settings, datetime.now(UTC)).state == "ok"

    (outcome,) = once(settings, store).outcomes
    # 304 by ETag, or the daily unconditional poll that sees everything again: either way nothing new.
    assert (outcome.kind in ("ok", "unchanged"), outcome.new, outcome.opened) == (True, 0, ())
    feed.append(title="又一条与工资无关的新闻", text="")
    (outcome,) = once(settings, store).outcomes
    assert (outcome.kind, outcome.new, outcome.seen) == ("ok", 1, 2)
    assert len(rows(store, t.alert)) == 1


def test_reprints_join_the_story_and_spread_is_counted(server, tmp_path, store):
    feeds = [server.feed(f"/{name}.xml") for name in "abc"]
    for feed in feeds:
        feed.append(title=REPORT.format(n=32), text=BODY.format(n=32, m=48, k=1))
    settings, store = prepared(
        write_config(tmp_path, "".join(source_block(n, feed.url) for n, feed in enumerate(feeds))), store
    )
    once(settings, store)
    (story,) = rows(store, t.story)
    assert (story.items, story.outlets) == (3, 3)
    assert len(rows(store, t.alert)) == 1


def test_a_site_that_gives_new_addresses_at_every_visit_doubles_nothing(server, tmp_path, store):
    feed = server.feed("/a.xml")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)), store)
    body = BODY.format(n=32, m=48, k=1)
    for visit in range(3):
        feed.clear()
        feed.append(title=REPORT.format(n=32), text=body, guid=f"g{visit}", url=server.url(f"/x?s={visit}"))
        # Two people may ask the same in a few words: those are two reports.
        feed.append(title="帮忙讨薪", text="工资没给", guid=f"short{visit}", url=server.url(f"/y?s={visit}"))
        once(settings, store)
    assert sorted(len(item.text) >= 40 for item in rows(store, t.item)) == [False] * 3 + [True]
    later = datetime.now(UTC) + timedelta(days=31)
    feed.clear()
    feed.append(title=REPORT.format(n=32), text=body, guid="again", url=server.url("/x?s=again"))
    asyncio.run(Watch(settings, store, clock=lambda: later).run_once())
    assert sum(len(item.text) >= 40 for item in rows(store, t.item)) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("500", "soft"), ("429", "temporary"), ("reset", "temporary"), ("redirect loop", "soft"), ("login page", "soft")],
)
def test_a_failing_source_says_so_waits_and_heals(server, tmp_path, fault, kind):
    feed = server.feed("/a.xml")
    feed.append(title=REPORT.format(n=9), text=BODY.format(n=9, m=3, k=1))
    server.fault("/a.xml", fault)
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)))
    (outcome,) = once(settings, store).outcomes
    assert outcome.kind == kind, outcome.note
    (state,) = rows(store, t.source_state)
    assert state.failures > 0
    assert state.next_at > datetime.now(UTC) + timedelta(seconds=30)
    assert state.last_note == outcome.note
    assert any("\u4e00" <= character <= "\u9fff" for character in outcome.note)
    assert rows(store, t.item) == []

    server.heal("/a.xml")
    (outcome,) = once(settings, store).outcomes
    assert (outcome.kind, outcome.new) == ("ok", 1)
    assert rows(store, t.source_state)[0].failures == 0


def test_a_fault_in_our_own_judge_costs_one_report_not_the_source(server, tmp_path, monkeypatch):
    from monitors.opinion.judge import Judge

    honest = Judge.judge_many

    def fragile(self, reports):
        if any("毒" in report.title for report in reports):
            raise ZeroDivisionError
        return honest(self, reports)

    monkeypatch.setattr(Judge, "judge_many", fragile)
    feed = server.feed("/a.xml")
    feed.append(title="这条有毒", text="")
    feed.append(title="这条正常", text="")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)))
    (outcome,) = once(settings, store).outcomes
    assert (outcome.kind, outcome.new, outcome.dropped) == ("ok", 1, 1)
    (aside,) = rows(store, t.set_aside)
    assert "ZeroDivisionError" in aside.reason


def test_only_one_watch_runs_on_a_sqlite_file(tmp_path):
    settings, store = prepared(write_config(tmp_path, ""))
    with watch_lock(settings, store) as first, watch_lock(settings, store) as second:
        assert first.acquire()
        assert not second.acquire()
    with watch_lock(settings, store) as third:
        assert third.acquire()


def test_old_outcomes_go_and_fresh_ones_stay(tmp_path, store):
    settings, store = prepared(write_config(tmp_path, source_block(1, "http://127.0.0.1:9/x")), store)
    now = datetime.now(UTC)
    with store.write() as connection:
        for days in (1, 29, 31):
            at = now - timedelta(days=days)
            connection.execute(
                t.poll.insert().values(source_id="s1", started_at=at, finished_at=at, outcome="ok", note=str(days))
            )
        housekeeping.prune(connection, settings, now)
    assert [poll.note for poll in rows(store, t.poll)] == ["1", "29"]


def test_clearing_old_marks_never_takes_a_version_back(postgres_server, tmp_path):
    store = Store(fresh_database(postgres_server, "old_marks"))
    settings, store = prepared(write_config(tmp_path, ""), store)
    with store.write() as connection:
        for key in "abc":
            connection.execute(t.meta.insert().values(key=key, value=""))
        connection.exec_driver_sql("UPDATE data_change SET at = at - interval '2 days'")
    empty, now = store.versions("alert", "meta"), datetime.now(UTC)
    with store.write() as connection:
        housekeeping.prune(connection, settings, now)
        assert connection.exec_driver_sql("SELECT count(*) FROM data_change WHERE t = 'meta'").scalar() == 1
    alert, meta = store.versions("alert", "meta")
    assert alert == empty[0]
    assert meta.startswith(empty[1].split(".")[0])
    assert meta != "0"
    store.close()


# ── Killed in mid-poll ───────────────────────────────────────────────────────────────────────────────────────────────

KILLS = 8


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(server, tmp_path):
    feeds = [server.feed(f"/{number}.xml") for number in range(6)]
    environ = write_config(
        tmp_path, "".join(source_block(n, feed.url) for n, feed in enumerate(feeds)), concurrency="6"
    )
    settings, store = prepared(environ)
    dice = random.Random(7)
    published = Counter()

    def publish() -> None:
        number = sum(published.values()) + 1
        feed = dice.randrange(len(feeds))
        workers = 10 + number  # different persons, so that every report is a story of its own
        feeds[feed].append(title=REPORT.format(n=workers), text=BODY.format(n=workers, m=workers * 2, k=number))
        published[f"s{feed}"] += 1

    for _ in range(KILLS):
        process = start_watch(environ)
        try:
            wait_for_beat(settings, store, process)
            deadline = time.monotonic() + dice.uniform(0.3, 1.6)
            while time.monotonic() < deadline:
                publish()
                time.sleep(dice.uniform(0.02, 0.2))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    process = start_watch(environ)
    try:
        total = sum(published.values())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and count(store, t.item) < total:
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert count(store, t.item) == total
    with store.read() as connection:
        per_source = dict(
            connection.execute(select(t.item.c.source_id, func.count()).group_by(t.item.c.source_id)).tuples().all()
        )
        assert per_source == dict(published)
        open_per_story = connection.execute(
            select(t.alert.c.story_id, func.count()).group_by(t.alert.c.story_id).having(func.count() > 1)
        ).all()
        assert open_per_story == []
        opened = connection.scalar(select(func.count()).where(t.alert_event.c.kind == "opened"))
        assert opened == count(store, t.alert) > 0
        orphans = connection.scalar(select(func.count()).where(t.item.c.relevant, t.item.c.story_id.is_(None)))
        assert orphans == 0
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        stories = connection.execute(select(t.story.c.id, t.story.c["items"])).all()
        for story_id, items in stories:
            assert connection.scalar(select(func.count()).where(t.item.c.story_id == story_id)) == items


def start_watch(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitors", "watch"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL
    )


def wait_for_beat(settings: Settings, store: Store, process: subprocess.Popen[bytes]) -> None:
    began = datetime.now(UTC)
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        assert process.poll() is None, "the watch ended by itself"
        with store.read() as connection:
            at = connection.scalar(select(t.heartbeat.c.at).where(t.heartbeat.c.part == heartbeat.JUDGE))
        if at is not None and at >= began:
            return
        time.sleep(0.05)
    pytest.fail("the watch gave no sign of life")


def count(store: Store, table) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_the_child_ends_when_its_parent_is_gone(tmp_path):
    environ = write_config(tmp_path, "")
    settings, store = prepared(environ)
    process = subprocess.Popen(
        [sys.executable, "-m", "monitors", "watch", "--child"],
        cwd=ROOT, env=environ, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for_beat(settings, store, process)
    process.stdin.close()
    assert process.wait(20) == 0
