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
from sqlalchemy import insert, select, update
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access import roles, sessions
from monitors.access.actor import SYSTEM
from monitors.access.roles import Role
from monitors.clock import utc_now
from monitors.errors import RefusedError
from monitors.opinion import opml, sources
from monitors.opinion.model import Recipe, Source
from monitors.opinion.schedule import Health
from monitors.opinion.sources import sync_catalogue
from monitors.store import tables as t
from pages import source_drawer, source_exchange, source_table
from pages.markup import plain
from pages.source_table import Judged, due_words, health_counts, in_order, interval_words
from tests.feedserver import FeedServer

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOSTILE = "<img src=http://beacon.invalid/a.png onerror=x()> ![b](http://beacon.invalid/b.png) :material/home:"


@pytest.fixture
def admin(signed):
    """The token of an administrator, who looks at the page from here on."""
    return signed(Role.ADMINISTRATOR)


@pytest.fixture
def full(house, admin):
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


@pytest.mark.usefixtures("admin", "house")
def test_an_empty_database_shows_the_page():
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
        sources.remove(connection, SYSTEM, "rb-zhihu", now=utc_now())
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


# ── Who may do what ──────────────────────────────────────────────────────────────────────────────────────────────────

CHANGING = {"新增监测源", "导入 / 导出", "暂停抓取", "确认移除", "保存修改"}
POLLING = {"试抓一次", "立即抓取"}


def trail(store, outcome="成功"):
    query = select(t.audit.c.action, t.audit.c.display, t.audit.c.target).where(t.audit.c.outcome == outcome)
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(t.audit.c.seq))]


@pytest.mark.parametrize("role", Role)
def test_each_role_is_offered_what_it_may_do(full, signed, role):
    signed(role)
    app = page(source="ym-thepaper")
    offered = labels(app)
    if not roles.may(role, "source.view"):
        assert not offered
        assert not app.subheader
        assert "不能查看监测源" in app.warning[0].value
        assert "澎湃" not in html_of(app)
        assert trail(full, "拒绝") == [("source.view", "示例人员", "")]
        return
    assert "<h3>澎湃新闻</h3>" in html_of(app)
    assert offered & CHANGING == (CHANGING if roles.may(role, "source.edit") else set())
    assert offered & POLLING == (POLLING if roles.may(role, "source.poll") else set())
    assert trail(full, "拒绝") == []


def test_every_change_on_the_page_is_the_persons(full, signed):
    signed(Role.ADMINISTRATOR)
    start = len(trail(full))
    page(source="ym-thepaper").button(key="source-pause").click().run()
    app = page(source="ym-thepaper").button(key="source-resume").click().run()
    assert re.search(r"最近修改</dt><dd>示例人员 \d\d-\d\d \d\d:\d\d", html_of(app))
    app.button(key="source-poll").click().run()
    app.button(key="source-remove").click().run()
    page(source="ym-thepaper").button(key="source-restore").click().run()
    did = trail(full)[start:]
    assert did == [
        (action, "示例人员", "ym-thepaper")
        for action in ("source.edit", "source.edit", "source.poll", "source.edit", "source.edit")
    ]


def test_who_changed_a_source_is_said_to_everybody_who_sees_it(full, signed):
    signed(Role.AUDITOR)
    assert "最近修改</dt><dd>config.toml" in html_of(page(source="ym-thepaper"))


@pytest.mark.parametrize("key", ["source-pause", "source-poll", "source-remove", "source-try"])
def test_a_button_drawn_before_the_role_changed_does_nothing(full, signed, key):
    app = page(source="ym-thepaper")
    with full.read() as connection:
        before = sources.get(connection, "ym-thepaper")
    signed(Role.SHIFT_LEADER)
    app.button(key=key).click().run()
    assert not app.exception
    with full.read() as connection:
        assert sources.get(connection, "ym-thepaper") == before
    assert "示例人员" not in {who for _, who, _ in trail(full)}


NEEDS = dict.fromkeys(("pause", "resume", "remove", "restore"), "source.edit") | {"poll_now": "source.poll"}
REFUSED = [(name, role) for name, action in NEEDS.items() for role in Role if not roles.may(role, action)]


@pytest.mark.parametrize(("function", "role"), REFUSED)
def test_an_act_sent_without_its_button_is_refused_in_words(full, signed, function, role):
    signed(role)
    script = f"""
from monitors.opinion import sources
from pages import source_drawer
source_drawer._change(sources.{function}, "ym-thepaper", "")
"""
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    assert f"您的角色“{plain(role)}”不能" in app.warning[0].value
    assert trail(full, "拒绝") == [(NEEDS[function], "示例人员", "ym-thepaper")]


@pytest.mark.parametrize("opens", ["open_new", "open_dialog"])
@pytest.mark.parametrize("role", [role for role in Role if not roles.may(role, "source.edit")])
def test_a_drawer_reached_without_its_button_refuses(full, signed, opens, role):
    signed(role)
    module = {"open_new": source_drawer, "open_dialog": source_exchange}[opens].__name__
    app = AppTest.from_string(f"import {module} as drawer\ndrawer.{opens}()", default_timeout=60).run()
    assert not app.exception
    assert "不能添加" in app.warning[0].value
    assert not labels(app)
    assert not app.get("file_uploader")
    assert trail(full, "拒绝") == [("source.edit", "示例人员", "")]


def test_a_list_is_given_out_only_while_the_sign_in_holds(full, signed, monkeypatch):
    held = []
    monkeypatch.setattr(source_exchange.st, "download_button", lambda *_, data, **__: held.append(data))
    app = page()
    app.button(key="source_exchange").click().run()
    (made,) = held
    assert len(opml.read_opml(made()).candidates) == len(settings_module.load().sources)
    assert trail(full)[-1][:2] == ("source.edit", "示例人员")
    with full.write() as connection:
        connection.execute(update(t.account).values(disabled=True))
    with pytest.raises(RefusedError, match="重新登录"):
        made()


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
def site(full, admin, tmp_path):
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
def test_a_person_tries_adds_and_removes_a_source(site, admin):
    sync_api = pytest.importorskip("playwright.sync_api")
    with FeedServer() as feeds, sync_api.sync_playwright() as playwright:
        feeds.feed("/new.xml").append(title=f"讨薪 {HOSTILE}", text="工人反映")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.set_default_timeout(60_000)
        page.context.add_cookies([{"name": sessions.COOKIE, "value": admin, "url": site}])
        outside: list[str] = []
        inside = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(inside) else outside.append(request.url))
        expect = sync_api.expect
        expect.set_options(timeout=15_000)
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
