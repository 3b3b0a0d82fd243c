"""The page 监测源: every state it can be in, the words of the form, and one journey in a real browser."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.clock import utc_now
from monitors.opinion import sources
from monitors.opinion.model import Recipe, Source
from monitors.opinion.schedule import Health
from monitors.opinion.sources import sync_catalogue
from monitors.store import tables as t
from pages import source_table
from pages.source_table import Judged, due_words, health_counts, in_order, interval_words
from tests.feedserver import FeedServer

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOSTILE = "<img src=http://beacon.invalid/a.png onerror=x()> ![b](http://beacon.invalid/b.png) :material/home:"


@pytest.fixture
def full(house):
    now = utc_now()
    with house.write() as connection:
        sync_catalogue(connection, [entry.source() for entry in settings_module.load().sources], now)
        changed = t.source_state.update().where(t.source_state.c.source_id == "ym-thepaper")
        connection.execute(
            changed.values(failures=3.0, last_poll_at=now, last_outcome="hard", last_note="服务器返回 404")
        )
        poll = {"source_id": "ym-thepaper", "started_at": now, "finished_at": now, "outcome": "hard"}
        connection.execute(insert(t.poll).values(poll | {"note": f"坏 {HOSTILE}"}))
        aside = {"source_id": "ym-thepaper", "at": now, "reason": "无标题", "excerpt": HOSTILE, "fingerprint": "1"}
        connection.execute(insert(t.set_aside).values(aside))
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "sources.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def html_of(app):
    assert not app.exception
    return "\n".join(block.proto.body for block in app.get("html"))


def labels(app):
    return {button.label for button in app.button}


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_database_shows_the_page(house):
    app = page()
    assert not app.exception
    assert [element.value for element in app.subheader] == ["监测源"]


def test_the_whole_catalogue_is_counted_by_health(full):
    app = page()
    assert not app.exception
    (levels,) = app.get("button_group")
    assert [option.content for option in levels.proto.options][:1] == [f"全部 {len(settings_module.load().sources)}"]
    assert "故障 1" in [option.content for option in levels.proto.options]


def test_filters_narrow_what_is_counted(full):
    app = page()
    app.selectbox(key="source_group").select("热榜").run()
    app.text_input(key="source_text").set_value("知乎").run()
    assert not app.exception
    (levels,) = app.get("button_group")
    assert levels.proto.options[0].content == "全部 1"


def test_the_drawer_shows_one_source_whole_and_inertly(full):
    app = page(source="ym-thepaper")
    shown = html_of(app)
    assert "<h3>澎湃新闻</h3>" in shown
    assert "连续失败，从未成功" in shown
    assert "&lt;img src=http://beacon.invalid/a.png" in shown
    assert "<img" not in shown
    assert {"试抓一次", "立即抓取", "暂停抓取", "确认移除"} <= labels(app)


def test_a_paused_source_can_be_resumed_not_polled(full):
    app = page(source="ss-google-taoxin")
    assert "境内网络无法访问" in html_of(app)
    assert "恢复抓取" in labels(app)
    assert not {"立即抓取", "暂停抓取"} & labels(app)


def test_a_demonstration_source_offers_nothing_to_change(full):
    with full.write() as connection:
        connection.execute(update(t.source).where(t.source.c.id == "rb-zhihu").values(demo=True))
    app = page(source="rb-zhihu")
    assert "演示数据，不抓取" in html_of(app)
    assert not {"试抓一次", "立即抓取", "保存修改"} & labels(app)


def test_a_removed_source_can_be_found_and_put_back(full):
    with full.write() as connection:
        sources.remove(connection, "rb-zhihu", now=utc_now())
    app = page(source="rb-zhihu")
    (levels,) = app.get("button_group")
    assert levels.proto.options[-1].content == "已移除 1"
    assert "放回列表" in labels(app)
    assert not {"试抓一次", "保存修改"} & labels(app)


def test_an_unknown_source_is_said_so(full):
    app = page(source="nobody")
    assert not app.exception
    assert "没有编号为 nobody" in app.warning[0].value


def test_the_empty_form_asks_in_chinese(full):
    app = page()
    app.button(key="source_new").click().run()
    assert not app.exception
    assert {"名称 *", "网址 *", "媒体名称"} <= {field.label for field in app.text_input}
    assert {"添加", "试抓一次"} <= labels(app)


def test_import_and_export_stand_in_one_drawer(full):
    app = page()
    app.button(key="source_exchange").click().run()
    assert not app.exception
    total = len(settings_module.load().sources)
    assert [button.label for button in app.get("download_button")] == [f"下载 {total} 个监测源"]


def test_no_english_is_left_in_labels(full):
    app = page(source="ss-people-qianxin")
    assert not app.exception
    words = [
        element.label
        for kind in ("button", "selectbox", "text_input", "number_input", "checkbox", "text_area")
        for element in getattr(app, kind)
    ]
    assert words
    allowed = re.compile(r"RSS|Atom|JSON|Feed|CSS|OPML|POST|GET|Referer|https|[: /（）*…]")
    assert [word for word in words if re.search(r"[A-Za-z]{2,}", allowed.sub("", word))] == []


# ── The rows as the browser gets them ────────────────────────────────────────────────────────────────────────────────


def a_row(store, **state):
    source = Source(id="a", name="甲报", kind="page", url="https://a.example/新闻/?q=1", group="州市", outlet="甲报")
    with store.write() as connection:
        sync_catalogue(connection, [dataclasses.replace(source, recipe=Recipe(items="li"))], NOW)
        if state:
            connection.execute(update(t.source_state).values(**state))
    with store.read() as connection:
        return sources.get(connection, "a")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"next_at": NOW + timedelta(minutes=12)}, "12 分钟后"),
        ({"next_at": NOW + timedelta(seconds=59)}, "1 分钟内"),
        ({"next_at": NOW - timedelta(seconds=59)}, "1 分钟内"),
        ({"next_at": NOW - timedelta(hours=1)}, "已迟 1 小时"),
        ({"lease_until": NOW + timedelta(minutes=1)}, "正在抓取"),
        ({"lease_until": NOW - timedelta(minutes=1), "next_at": NOW + timedelta(hours=2)}, "2 小时后"),
    ],
)
def test_when_next(house, state, words):
    assert due_words(a_row(house, **state), NOW) == words


def test_a_line_says_everything_once(house):
    row = a_row(
        house, last_poll_at=NOW - timedelta(minutes=3), newest_item_at=NOW - timedelta(hours=2), last_note="新 1 条"
    )
    judged = Judged(row, Health("ok", "最新报道 2 小时前"))
    data = source_table.payload([judged], NOW, page=1, pages=1, total=1, nothing="")
    (line,) = data["rows"]
    assert line["host"] == "a.example/新闻"
    assert (line["health"], line["note"], line["polled"]) == ("正常", "新 1 条", "3 分钟前")
    assert (line["newest"], line["interval"], line["kind"]) == ("2 小时前", "每 10 分钟", "网页列表")


def test_trouble_comes_first(house):
    row = a_row(house)
    found = in_order([Judged(row, Health(level, level)) for level in ("off", "ok", "bad", "warn", "ok")])
    assert [one.health.level for one in found] == ["bad", "warn", "ok", "ok", "off"]
    assert health_counts(found) == {"ok": 2, "warn": 1, "bad": 1, "off": 1}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 秒"), (60, "1 分钟"), (90, "1.5 分钟"), (3600, "1 小时"), (5400, "1.5 小时"), (86_400, "1 天")],
)
def test_interval_words(seconds, words):
    assert interval_words(seconds) == words


# ── One journey in a real browser ────────────────────────────────────────────────────────────────────────────────────

CHROMIUM = "/usr/bin/chromium"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def site(full, tmp_path):
    """The pages on a port of their own, over the same store, with loopback addresses trusted; yields the address."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(text.replace("trusted_networks = []", 'trusted_networks = ["127.0.0.0/8"]'), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "pages/frame.py", "--server.port", str(port)]
    environ = os.environ | {"MONITORS_DATA": str(tmp_path), "MONITORS_CONFIG": str(config)}
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/sources"
    server.terminate()
    server.wait(20)


@pytest.mark.browser
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine")
def test_a_person_tries_adds_and_removes_a_source(site):
    sync_api = pytest.importorskip("playwright.sync_api")
    with FeedServer() as feeds, sync_api.sync_playwright() as playwright:
        feeds.feed("/new.xml").append(title=f"讨薪 {HOSTILE}", text="工人反映")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.set_default_timeout(60_000)
        outside: list[str] = []
        inside = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(inside) else outside.append(request.url))
        expect = sync_api.expect
        page.goto(site)
        expect(page.locator(".sources tbody tr").first).to_contain_text("澎湃新闻")

        page.locator(".sources tbody tr").first.click()
        expect(page.locator(".source-facts h3")).to_have_text("澎湃新闻")
        assert page.url.endswith("?source=ym-thepaper")
        page.keyboard.press("Escape")
        expect(page.locator(".source-facts")).to_have_count(0)

        page.get_by_role("button", name="新增监测源").click()
        page.get_by_role("button", name="添加", exact=True).click()
        expect(page.locator(".problems")).to_contain_text("请填写网址")
        page.get_by_role("textbox", name="名称 *").fill("环回新源")
        page.get_by_role("textbox", name="网址 *").fill(feeds.url("/new.xml"))
        page.get_by_role("button", name="试抓一次").click()
        expect(page.locator(".trial")).to_contain_text("抓到 1 条")
        expect(page.locator(".trial table")).to_contain_text("![b](http://beacon.invalid/b.png) :material/home:")
        page.get_by_role("button", name="添加", exact=True).click()
        expect(page.locator(".source-facts h3")).to_have_text("环回新源")

        page.get_by_role("button", name="移除").click()
        page.get_by_role("button", name="确认移除").click()
        expect(page.locator(".source-facts")).to_have_count(0)
        page.get_by_role("textbox", name="查找").fill("环回新源")
        expect(page.locator(".sources .nothing")).to_contain_text("没有符合条件的监测源")
        browser.close()
    assert outside == []
