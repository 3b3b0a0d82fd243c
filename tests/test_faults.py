"""The watch under faults of networks, sources, clocks and signals; numbers name the rows of the fault plan."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from monitors.errors import StoreError
from monitors.opinion import board, claims, heartbeat, intake, polling
from monitors.opinion.demo_feed import rss
from monitors.opinion.model import Entry
from monitors.opinion.source_rows import list_sources
from monitors.opinion.watch import Watch
from monitors.opinion.watch_lock import watch_lock
from monitors.settings import ROOT, Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from tests import fault_server
from tests.feedserver import FeedServer
from tests.test_watch import BODY, REPORT, count, prepared, rows, source_block, start_watch, wait_for_beat, write_config


class Clock:
    """The true time and what somebody added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def server():
    with FeedServer() as running:
        yield running


def once(settings: Settings, store: Store, clock: Callable[[], datetime] | None = None):
    watch = Watch(settings, store, clock=clock) if clock else Watch(settings, store)
    return asyncio.run(watch.run_once()).outcomes


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.05)


def alive(settings: Settings, store: Store, story: Callable[[], Awaitable[None]], clock=None) -> None:
    """Run the watch while ``story`` is told, then end it."""

    async def scenario() -> None:
        stop = asyncio.Event()
        watch = Watch(settings, store, clock=clock) if clock else Watch(settings, store)
        task = asyncio.create_task(watch.run(stop))
        try:
            await story()
        finally:
            stop.set()
            await asyncio.wait_for(task, 15)

    asyncio.run(scenario())


def entry(number: int, **changes) -> Entry:
    values = {"guid": f"g{number}", "title": f"第{number}条", "url": f"http://127.0.0.1/{number}", "text": "天气晴好"}
    return Entry(**(values | changes), published=datetime.now(UTC) - timedelta(minutes=number))


# ── What servers do ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_11_an_untrusted_certificate_is_refused_and_said(tmp_path):
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
         "/CN=localhost", "-keyout", "k.pem", "-out", "c.pem", "-days", "2"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")
    with fault_server.running(serving) as secure:
        url = secure.url.replace("http:", "https:") + "/good"
        settings, store = prepared(write_config(tmp_path, source_block(1, url)))
        (outcome,) = once(settings, store)
    assert outcome.kind == "hard"
    assert "证书" in outcome.note
    assert secure.seen == []
    (poll,) = rows(store, t.poll)
    assert poll.note == outcome.note
    with store.read() as connection:
        (row,) = list_sources(connection)
    assert row.health(settings.watch, datetime.now(UTC)).level == "bad"


def test_12_a_server_that_says_304_for_ever_is_asked_without_condition_once_a_day(server, tmp_path, store):
    stuck = {"ETag": '"never changes"'}
    url = server.body("/a.xml", rss("t", "http://127.0.0.1/", [entry(1)]), "application/rss+xml", headers=stuck)
    settings, store = prepared(write_config(tmp_path, source_block(1, url)), store)
    clock = Clock()
    assert [o.new for o in once(settings, store, clock)] == [1]
    server.body("/a.xml", rss("t", "http://127.0.0.1/", [entry(2), entry(1)]), "application/rss+xml", headers=stuck)
    clock.ahead = timedelta(hours=23)
    assert [(o.kind, o.status) for o in once(settings, store, clock)] == [("unchanged", 304)]
    clock.ahead = timedelta(hours=24, minutes=1)
    assert [(o.kind, o.new) for o in once(settings, store, clock)] == [("ok", 1)]
    assert ["if-none-match" in request.headers for request in server.seen("/a.xml")] == [False, True, False]


def test_13_an_error_page_teaches_no_validators(server, tmp_path):
    page = "<!doctype html><html><title>系统维护</title><body>请稍后再试</body></html>".encode()
    url = server.body("/a.xml", page, "text/html", headers={"ETag": '"poison"'})
    settings, store = prepared(write_config(tmp_path, source_block(1, url)))
    assert once(settings, store)[0].kind == "soft"
    (state,) = rows(store, t.source_state)
    assert (state.etag, state.last_modified, state.body_hash) == (None, None, None)
    server.body("/a.xml", rss("t", "x", [entry(1)]), "application/rss+xml", headers={"ETag": '"poison"'})
    assert [(o.kind, o.new) for o in once(settings, store)] == [("ok", 1)]
    # A feed without entries is no error, but it is nothing to rely on either.
    server.body("/a.xml", rss("t", "x", []), "application/rss+xml", headers={"ETag": '"empty"'})
    once(settings, store)
    assert rows(store, t.source_state)[0].etag == '"poison"'


def test_15_a_source_gone_silent_turns_yellow_then_red_whatever_it_answers(server, tmp_path, store):
    feed = server.feed("/a.xml")
    feed.append(title="一条新闻", text="晴")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)), store)
    clock = Clock()
    once(settings, store, clock)
    feed.clear()
    for hours, level in ((1, "ok"), (73, "warn"), (721, "bad")):
        clock.ahead = timedelta(hours=hours)
        (outcome,) = once(settings, store, clock)
        assert outcome.kind == "ok"
        with store.read() as connection:
            (row,) = list_sources(connection)
            trouble = board.troubled_sources(connection, settings, clock())
        health = row.health(settings.watch, clock())
        assert health.level == level, health.words
        assert (trouble.bad, trouble.warn) == (int(level == "bad"), int(level == "warn"))
        assert level == "ok" or "没有新报道" in health.words


HOSTILE = "坏\x00字\x0b符"


def test_20_control_characters_and_half_characters_reach_no_database(server, tmp_path, store):
    feed = f"<rss><channel><item><guid>a\x00b</guid><title>{HOSTILE}标题</title><link>http://127.0.0.1/a\x00</link>"
    feed += f"<description>{HOSTILE}正文</description></item></channel></rss>"
    server.body("/a.xml", feed.encode(), "text/xml")
    listing = json.dumps({"list": [{"t": f"{HOSTILE}条目\ud83d", "u": "http://127.0.0.1/1\x00", "x": "\udc00"}]})
    server.body("/a.json", listing.encode(), "application/json")
    page = (
        f"<html><body><ul><li><a href='/n/1.html'>{HOSTILE}列表里的一条新闻标题</a>&#0;&#xD83D;</li></ul></body></html>"
    )
    server.body("/a.html", page.encode(), "text/html; charset=utf-8")
    server.body("/n/1.html", f"<html><body><p>{HOSTILE}{'正文' * 60}</p></body></html>".encode())
    blocks = source_block(1, server.url("/a.xml"))
    blocks += source_block(2, server.url("/a.json"), extra='items = "list"\ntitle = "t"\nlink = "u"\nsummary = "x"\n')
    blocks += source_block(3, server.url("/a.html"), extra='items = "li"\ntitle = "a"\nlink = "a"\nfollow = true\n')
    blocks = blocks.replace('"源2"\nkind = "feed"', '"源2"\nkind = "json"')
    blocks = blocks.replace('"源3"\nkind = "feed"', '"源3"\nkind = "page"')
    settings, store = prepared(write_config(tmp_path, blocks), store)
    outcomes = once(settings, store)
    assert [(o.source_id, o.kind) for o in sorted(outcomes, key=lambda o: o.source_id) if o.kind != "ok"] == []
    stored = rows(store, t.item)
    assert len(stored) == 3
    for item in stored:
        told = item.title + item.text + item.url + json.dumps(item.judgement, ensure_ascii=False)
        assert not any((ord(c) < 32 and c not in "\n\t") or 0xD800 <= ord(c) < 0xE000 for c in told)


def test_21_an_entry_given_twice_is_one_report(server, tmp_path, store):
    twice = [entry(1), entry(1), entry(2)]
    url = server.body("/a.xml", rss("t", "x", twice), "application/rss+xml")
    settings, store = prepared(write_config(tmp_path, source_block(1, url)), store)
    assert [o.new for o in once(settings, store)] == [2]
    assert count(store, t.item) == 2


def test_two_sources_of_one_outlet_are_one_voice(server, tmp_path, store):
    blocks = ""
    for number in (1, 2):
        feed = server.feed(f"/{number}.xml")
        feed.append(title=REPORT.format(n=32), text=BODY.format(n=32, m=48, k=1))
        blocks += source_block(number, feed.url, extra='outlet = "同一家报社"\n')
    settings, store = prepared(write_config(tmp_path, blocks), store)
    once(settings, store)
    (story,) = rows(store, t.story)
    assert (story.items, story.outlets) == (2, 1)


def test_a_host_whose_articles_all_fail_is_not_asked_for_each(server, tmp_path):
    feed = server.feed("/a.xml")
    for number in range(9):
        feed.append(title=f"第{number}条新闻", text="导语")
        server.fault(f"/a.xml/article/{number + 1}", "500")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url, extra="follow = true\n")))
    (outcome,) = once(settings, store)
    assert (outcome.kind, outcome.new) == ("ok", 9), outcome.note
    assert sum(server.count(f"/a.xml/article/{number + 1}") for number in range(9)) == 3


def test_retry_after_outlives_a_restart(server, tmp_path):
    feed = server.feed("/a.xml")
    server.fault("/a.xml", "429", retry_after="3600")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)))
    once(settings, store)
    (state,) = rows(store, t.source_state)
    assert state.next_at - datetime.now(UTC) > timedelta(minutes=59)
    asked = server.count("/a.xml")

    async def story() -> None:
        await asyncio.sleep(1.5)

    alive(settings, store, story)
    assert server.count("/a.xml") == asked


# ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_long_first_poll_is_stored_in_parts_and_a_failure_between_them_loses_nothing(
    server, tmp_path, store, monkeypatch
):
    monkeypatch.setattr(polling, "BATCH", 2)
    feed = server.feed("/a.xml")
    for number in range(5):
        feed.append(title=REPORT.format(n=20 + number * 9), text=BODY.format(n=20 + number * 9, m=50, k=number))
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)), store)
    honest, calls = intake.take_in, []

    def second_fails(*arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise StoreError("磁盘已满")
        return honest(*arguments, **named)

    monkeypatch.setattr(intake, "take_in", second_fails)
    assert once(settings, store) == ()
    assert count(store, t.item) == 2
    (state,) = rows(store, t.source_state)
    assert (state.etag, state.last_poll_at, count(store, t.poll)) == (None, None, 0)
    monkeypatch.setattr(intake, "take_in", honest)
    with store.write() as connection:
        claims.release_all(connection)  # the lease would run out by itself
    (outcome,) = once(settings, store)
    assert (outcome.new, outcome.seen, count(store, t.item)) == (3, 2, 5)
    assert rows(store, t.source_state)[0].etag
    stories = rows(store, t.story)
    assert sum(story.items for story in stories) == 5
    assert count(store, t.alert) == len(stories)
    assert [poll.note for poll in rows(store, t.poll)] == ["新 3 条 / 已见 2 条"]


@pytest.mark.parametrize("batch", [2, 100])
def test_a_report_the_database_refuses_is_set_aside_and_the_rest_goes_in(server, tmp_path, store, monkeypatch, batch):
    monkeypatch.setattr(polling, "BATCH", batch)
    feed = server.feed("/a.xml")
    for number in range(5):
        feed.append(title=f"第{number}条" + ("毒" if number == 2 else ""))
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)), store)
    honest = intake._insert_item

    def refusing(connection, source, entry, *arguments, **named):
        if "毒" in entry.title:
            raise OverflowError
        return honest(connection, source, entry, *arguments, **named)

    monkeypatch.setattr(intake, "_insert_item", refusing)
    (outcome,) = once(settings, store)
    assert (outcome.kind, outcome.new, outcome.dropped) == ("ok", 4, 1)
    assert count(store, t.item) == 4
    (aside,) = rows(store, t.set_aside)
    assert "入库出错" in aside.reason
    assert rows(store, t.source_state)[0].etag


def test_a_source_changed_between_two_parts_keeps_nothing_of_the_old_cursor(server, tmp_path, monkeypatch):
    monkeypatch.setattr(polling, "BATCH", 2)
    feed = server.feed("/a.xml")
    for number in range(5):
        feed.append(title=f"第{number}条")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)))
    honest = intake.take_in

    def then_changed(connection, *arguments, **named):
        taken = honest(connection, *arguments, **named)
        connection.execute(t.source_state.update().values(generation=t.source_state.c.generation + 1))
        return taken

    monkeypatch.setattr(intake, "take_in", then_changed)
    (outcome,) = once(settings, store)
    assert (outcome.kind, count(store, t.item)) == ("lost", 2)
    assert rows(store, t.source_state)[0].etag is None


# ── Rounds and signals ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_round_names_every_source_once_also_those_that_end_while_it_looks_away(server, tmp_path):
    blocks = ""
    for number in range(60):
        feed = server.feed(f"/{number}.xml")
        feed.append(title=f"{number}")
        blocks += source_block(number, feed.url)
    settings, store = prepared(write_config(tmp_path, blocks, concurrency="7"))
    outcomes = once(settings, store)
    assert sorted(o.source_id for o in outcomes) == sorted(f"s{number}" for number in range(60))
    assert {o.kind for o in outcomes} == {"ok"}


def test_a_round_leaves_what_another_worker_polls_and_ends(server, tmp_path):
    feeds = [server.feed(f"/{number}.xml") for number in range(2)]
    settings, store = prepared(write_config(tmp_path, "".join(source_block(n, f.url) for n, f in enumerate(feeds))))
    with store.write() as connection:
        claims.claim(connection, "other", now=datetime.now(UTC), limit=1, lease_seconds=120, among=["s0"])
    with watch_lock(settings, store) as lock:
        assert lock.acquire()
        assert [o.source_id for o in once(settings, store)] == ["s1"]


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_the_watch_ends_at_once_although_a_fetch_hangs(server, tmp_path, fault):
    url = server.fault("/a.xml", fault)
    environ = write_config(tmp_path, source_block(1, url))
    settings, store = prepared(environ)
    process = start_watch(environ)
    try:
        wait_for_beat(settings, store, process)
        asyncio.run(until(lambda: server.count("/a.xml") > 0))
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert time.monotonic() - began < 8
    finally:
        process.kill()
    (state,) = rows(store, t.source_state)
    assert state.lease_owner is None


def test_the_child_ends_cleanly_when_told_although_its_parent_lives(tmp_path):
    environ = write_config(tmp_path, "")
    settings, store = prepared(environ)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitors", "watch", "--child"],
            cwd=ROOT, env=environ, stdin=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        wait_for_beat(settings, store, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0  # not −6: a thread that holds stdin's lock aborts the interpreter
    process.stdin.close()
    assert "Fatal" not in (tmp_path / "log").read_text()


def test_a_fault_of_ours_that_cannot_even_be_recorded_stops_nothing(server, tmp_path, monkeypatch, caplog):
    for name in ("good", "bad"):
        server.feed(f"/{name}.xml").append(title=name)
    blocks = source_block(1, server.url("/bad.xml")) + source_block(2, server.url("/good.xml"))
    settings, store = prepared(write_config(tmp_path, blocks))
    honest = polling.Poller._commit

    def broken(self, held, *arguments):
        if held.source.id == "s1":
            raise ZeroDivisionError
        return honest(self, held, *arguments)

    monkeypatch.setattr(polling.Poller, "_commit", broken)
    assert [(o.source_id, o.kind) for o in once(settings, store)] == [("s2", "ok")]
    assert "could not be recorded" in caplog.text


# ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.timeout(90)
def test_40_a_clock_set_back_an_hour_or_on_a_day_neither_stops_nor_storms(server, tmp_path, caplog):
    feed = server.feed("/a.xml")
    feed.append(title="一条新闻")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url)))  # every 1.2 s
    clock = Clock()
    caplog.set_level(logging.INFO, "monitors")

    async def polls_on() -> None:
        asked, began = server.count("/a.xml"), time.monotonic()
        await until(lambda: server.count("/a.xml") >= asked + 3)
        await asyncio.sleep(1)
        # 3 polls at 1.2 s each and one that fell due by the step: a storm would be tens.
        assert server.count("/a.xml") - asked <= (time.monotonic() - began) / 1.1 + 2

    def page_is_right() -> None:
        now = clock()
        with store.read() as connection:
            pulse = heartbeat.pulse(connection, settings, now)
            (row,) = list_sources(connection)
        assert (pulse.state, pulse.seconds >= 0) == ("ok", True), pulse.words
        assert "-" not in pulse.words + row.health(settings.watch, now).words

    async def story() -> None:
        await until(lambda: server.count("/a.xml") >= 2)
        for step in (timedelta(hours=-1), timedelta(hours=-1), timedelta(days=1)):
            clock.ahead += step
            await polls_on()
            await asyncio.sleep(3.5)  # the trial of parser and judge comes round
            page_is_right()

    alive(settings, store, story, clock)
    assert {poll.outcome for poll in rows(store, t.poll)} <= {"ok", "unchanged"}
    assert "clock was set back" in caplog.text
    (state,) = rows(store, t.source_state)
    assert (state.lease_owner, state.failures) == (None, 0)


def test_40_a_clock_put_right_while_no_watch_ran_is_mended_at_the_start(server, tmp_path, store):
    feed = server.feed("/a.xml")
    feed.append(title="一条新闻")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url, minutes=10)), store)
    clock = Clock()
    clock.ahead = timedelta(days=300)
    once(settings, store, clock)
    clock.ahead = timedelta()

    async def story() -> None:
        await until(lambda: heartbeat_fresh(store, clock()))

    alive(settings, store, story, clock)
    (state,) = rows(store, t.source_state)
    assert timedelta() < state.next_at - clock() < timedelta(minutes=12)
    assert state.last_poll_at <= clock()


def heartbeat_fresh(store: Store, now: datetime) -> bool:
    with store.read() as connection:
        at = connection.scalar(select(func.max(t.heartbeat.c.at)).where(t.heartbeat.c.part == heartbeat.LOOP))
    return at is not None and at <= now


def test_40_a_beat_from_the_future_is_no_sign_of_life(tmp_path, store):
    settings, store = prepared(write_config(tmp_path, ""), store)
    now = datetime.now(UTC)
    with store.write() as connection:
        heartbeat.beat(connection, heartbeat.LOOP, now=now + timedelta(hours=1))
    with store.read() as connection:
        pulse = heartbeat.pulse(connection, settings, now)
    assert (pulse.state, pulse.seconds) == ("stopped", 0.0)
    assert "时钟" in pulse.words
