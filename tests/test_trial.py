"""试抓一次 and the command line of sources: plain Chinese for every end, nothing stored."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.errors import FetchError, InputError, ParseError
from monitors.opinion import sources, sources_cli
from monitors.opinion.model import Entry, Parsed, Recipe, Rejected, Response, Source
from monitors.opinion.trial import run_trial, try_source

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SOURCE = Source(id="src", name="甲报", kind="feed", url="https://a.example/{YYYY}{MM}{DD}.xml", group="州市")
ENTRIES = (
    Entry("1", "新", "https://a.example/1", "", NOW - timedelta(minutes=12)),
    Entry("2", "旧", "https://a.example/2", "", NOW - timedelta(days=2)),
    Entry("3", "无时间", "https://a.example/3", "", None, "无日期"),
)


class Net:
    """A fetcher that answers, or fails, as told, and remembers what it was asked."""

    def __init__(self, body: bytes = b"x" * 2048, error: FetchError | None = None, final: str = "") -> None:
        self.body, self.error, self.final, self.asked = body, error, final, []

    async def fetch(self, url, *, method="GET", headers=(), body="", etag=None, last_modified=None):
        self.asked.append((url, method, tuple(headers), body, etag, last_modified))
        if self.error:
            raise self.error
        return Response(self.final or url, 200, {"content-type": "text/xml"}, self.body, NOW, 0.34)


class Pool:
    def __init__(self, parsed: Parsed | None = None, error: ParseError | None = None) -> None:
        self.parsed, self.error = parsed or Parsed(ENTRIES, encoding="gb18030"), error

    async def parse(self, body, *, kind, url, content_type, recipe, now):
        if self.error:
            raise self.error
        return self.parsed

    async def article(self, body, *, url, content_type, now):
        raise AssertionError("a trial reads no article pages")


def tried(source=SOURCE, net=None, pool=None):
    return asyncio.run(try_source(source, net or Net(), pool or Pool(), NOW))


def test_success_says_how_many_how_new_and_how():
    net = Net()
    trial = tried(net=net)
    assert trial.ok
    assert trial.lines == (
        "抓到 3 条",
        "最新一条发布于 2026-11-23 11:48（12 分钟前），1 条没有可读的发布时间",
        "答复 2 KB，编码 gb18030，用时 0.3 秒",
    )
    assert net.asked == [("https://a.example/20261123.xml", "GET", (), "", None, None)]
    assert (trial.status, trial.size, trial.encoding, trial.entries) == (200, 2048, "gb18030", ENTRIES)


def test_the_recipe_is_used():
    net = Net()
    tried(replace(SOURCE, kind="json", recipe=Recipe(method="POST", body="{}", headers=(("A", "b"),))), net)
    assert net.asked[0][1:4] == ("POST", (("A", "b"),), "{}")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("temporary", "自动重试"), ("soft", "稍后再试"), ("hard", "核对网址"), ("refused", "保护内网"), ("?", "稍后")],
)
def test_each_failure_says_what_to_do(kind, words):
    trial = tried(net=Net(error=FetchError("服务器返回 404（页面不存在）", kind=kind, status=404)))
    assert not trial.ok
    assert trial.lines[0] == "没有抓到：服务器返回 404（页面不存在）"
    assert words in trial.lines[1]
    assert trial.status == 404


@pytest.mark.parametrize(("kind", "words"), [("feed", "网页列表"), ("page", "条目选择器"), ("json", "路径")])
def test_an_unreadable_answer_says_where_to_look(kind, words):
    trial = tried(replace(SOURCE, kind=kind), pool=Pool(error=ParseError("格式变了：收到登录页")))
    assert not trial.ok
    assert "读不出条目：格式变了：收到登录页" in trial.lines[0]
    assert words in trial.lines[1]


@pytest.mark.parametrize(
    ("parsed", "ok", "words"),
    [
        (Parsed(()), False, "列表是空的"),
        (Parsed((), (Rejected("无标题", "…"),)), False, "1 条全部搁置"),
        (Parsed(ENTRIES[:1], (Rejected("无标题", "…"),)), True, "抓到 1 条，另有 1 条搁置"),
        (Parsed(ENTRIES[2:]), True, "没有可读的发布时间，将按抓取时间记录"),
        (Parsed(ENTRIES[:1], repaired=3), True, "有 3 个字符"),
    ],
)
def test_verdicts(parsed, ok, words):
    trial = tried(pool=Pool(parsed))
    assert trial.ok is ok
    assert words in "；".join(trial.lines)


def test_a_redirect_is_shown():
    assert "网站把请求转到了 https://b.example/" in tried(net=Net(final="https://b.example/")).lines


# ── The command line ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shipped():
    return settings_module.load()


def command(store, settings, *words):
    parser = argparse.ArgumentParser()
    sources_cli.add_arguments(parser)
    return sources_cli.run(parser.parse_args(words), settings, store)


def rows_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_list_brings_in_the_catalogue_and_filters(store, shipped, capsys):
    assert command(store, shipped, "list") == 0
    rows = rows_of(capsys)
    assert len(rows) == len(shipped.sources)
    assert {"id", "name", "url", "group", "condition", "health", "health_words", "next_at"} <= set(rows[0])
    command(store, shipped, "list", "--group", "热榜", "--text", "知乎")
    assert [row["id"] for row in rows_of(capsys)] == ["rb-zhihu"]


def test_unknown_source_is_an_error(store, shipped):
    with pytest.raises(InputError, match="nobody"):
        command(store, shipped, "test", "nobody")


def test_opml_through_files(store, shipped, capsys, tmp_path):
    target = tmp_path / "a.opml"
    assert command(store, shipped, "export-opml", str(target), "--group", "部委") == 0
    assert [p.name for p in tmp_path.glob("*opml*")] == ["a.opml"]
    other = target.read_bytes().replace(b"mohrss.gov.cn", b"mohrss.example")
    target.write_bytes(other)
    capsys.readouterr()
    assert command(store, shipped, "import-opml", str(target), "--dry-run") == 0
    dry = rows_of(capsys)
    assert command(store, shipped, "import-opml", str(target)) == 0
    done = rows_of(capsys)
    assert [row["result"] for row in dry].count("可添加") == 4
    assert [row["result"] for row in done].count("已添加") == 4
    assert [row["result"] for row in done].count("已有") == 4
    with store.read() as connection:
        for row in done[:4]:
            assert sources.get(connection, row["id"]).source.url == row["url"]
    with pytest.raises(InputError, match="无法读取"):
        command(store, shipped, "import-opml", str(tmp_path / "missing"))


def test_a_real_look_over_loopback(store, shipped):
    pytest.importorskip("monitors.opinion.parse_pool")
    from tests.feedserver import FeedServer

    with FeedServer() as server:
        server.feed("/a.xml").append(title="镇雄工地欠薪", text="工人讨薪")
        server.fault("/b.xml", "500")
        trusted = shipped.fetch.model_copy(update={"trusted_networks": (server.trusted,)})
        settings = shipped.model_copy(update={"fetch": trusted})
        good = run_trial(store, SYSTEM, replace(SOURCE, url=server.url("/a.xml")), settings, datetime.now(UTC))
        bad = run_trial(store, SYSTEM, replace(SOURCE, url=server.url("/b.xml")), settings, datetime.now(UTC))
        private = run_trial(store, SYSTEM, replace(SOURCE, url=server.url("/a.xml")), shipped, datetime.now(UTC))
    assert [e.title for e in good.entries] == ["镇雄工地欠薪"]
    assert not bad.ok
    assert bad.status == 500
    assert "trusted_networks" in private.lines[1]


def test_what_a_trial_shows_is_covered_as_a_stored_report_would_be():
    entry = Entry("1", "工人来信反映被拖欠工资", "https://a.example/1", "我的电话是13812345678，请帮帮我们。", NOW)
    parsed = Parsed((entry,), (Rejected("没有标题", "联系我 13812345678 要工资"),), "utf-8")
    trial = tried(pool=Pool(parsed))
    assert "138****5678" in trial.entries[0].text
    assert "13812345678" not in trial.entries[0].text + trial.rejected[0].excerpt
