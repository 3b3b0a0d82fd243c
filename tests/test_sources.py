"""The sources in the database: following config.toml, edits by people, removal without loss; on both databases."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.errors import ConflictError, InputError
from monitors.opinion import sources
from monitors.opinion.model import SOURCE_GROUPS, Recipe, Source
from monitors.opinion.schedule import Health
from monitors.opinion.source_rules import new_id, problems, read_headers, recipe_from, recipe_json
from monitors.opinion.sources import dated_url, sync_catalogue
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def a_source(**changes) -> Source:
    base = Source(
        id="a", name="甲报", kind="feed", url="https://a.example/rss", group="州市", outlet="甲报", interval_seconds=600
    )
    return dataclasses.replace(base, **({"max_interval_seconds": 1200} | changes))


A = a_source()
B = a_source(
    outlet="乙网",
    id="b",
    name="乙网·民生",
    kind="page",
    url="https://b.example/list",
    group="云南省级",
    recipe=Recipe(items="ul li"),
)


def synced(store, *catalogue, now=NOW):
    with store.write() as connection:
        return sync_catalogue(connection, catalogue, now)


def row(store, source_id):
    with store.read() as connection:
        return sources.get(connection, source_id)


def do(store, function, *arguments, now=LATER, **named):
    with store.write() as connection:
        return function(connection, SYSTEM, *arguments, now=now, **named)


# ── The shipped catalogue ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def catalogue():
    return [entry.source() for entry in settings_module.load().sources]


def test_catalogue_is_broad_and_honest(catalogue):
    assert len(catalogue) >= 55
    assert {s.group for s in catalogue} == set(SOURCE_GROUPS) - {"自建"}
    assert all(s.paused and s.condition_note for s in catalogue if s.condition in ("已停更", "受阻"))
    assert all(not s.paused for s in catalogue if s.condition in ("正常", "未核实"))
    assert len({(s.url, s.recipe.body) for s in catalogue}) == len(catalogue)
    assert len({s.name for s in catalogue}) == len(catalogue)


def test_catalogue_obeys_the_rules_of_the_page(catalogue):
    assert {s.id: found for s in catalogue if (found := problems(s))} == {}


def test_catalogue_keeps_up_with_a_duty_shift(catalogue):
    """No active board, paper or provincial office may stretch beyond an hour: alerts would come too late."""
    fast = [s for s in catalogue if not s.paused and s.group in ("热榜", "中央媒体", "州市")]
    assert fast
    assert all(s.max_interval_seconds <= 3600 for s in fast)
    assert all(s.interval_seconds >= 300 for s in catalogue), (
        "we are guests: nothing is asked more often than every 5 min"
    )


# ── Following config.toml ────────────────────────────────────────────────────────────────────────────────────────────


def test_first_sync_adds_everything_due_now(store):
    report = synced(store, A, B)
    assert report.added == ("a", "b")
    found = row(store, "b")
    assert found.source == B
    assert (found.origin, found.revision, found.next_at, found.present_interval) == ("config", 1, NOW, 600)
    again = synced(store, A, B, now=LATER)
    assert again == sources.SyncReport()
    assert row(store, "b").updated_at == NOW


def test_nothing_is_written_when_nothing_changed(store):
    synced(store, A)
    before = store.versions("source", "source_state", "meta")
    synced(store, A)
    assert store.versions("source", "source_state", "meta") == before


def test_a_change_in_the_file_is_followed(store):
    synced(store, A)
    report = synced(store, a_source(url="https://a.example/new"), now=LATER)
    assert report.updated == ("a",)
    found = row(store, "a")
    assert found.source.url == "https://a.example/new"
    assert (found.revision, found.next_at) == (2, LATER)


def test_an_edit_on_the_page_wins_and_is_reported(store):
    synced(store, A)
    do(store, sources.edit_source, a_source(name="甲报（改）"), revision=1)
    assert synced(store, A) == sources.SyncReport()
    report = synced(store, a_source(interval_seconds=900))
    assert report.kept == ("a",)
    assert row(store, "a").source.name == "甲报（改）"
    assert row(store, "a").origin == "page"


def test_a_pause_on_the_page_survives_until_the_file_changes(store):
    synced(store, A)
    do(store, sources.pause, "a")
    synced(store, A)
    assert row(store, "a").source.paused
    synced(store, a_source(tier=2))
    assert not row(store, "a").source.paused


def test_vanished_from_the_file_is_hidden_not_deleted_and_may_return(store):
    synced(store, A, B)
    assert synced(store, B).removed == ("a",)
    assert row(store, "a").removed
    with store.read() as connection:
        assert [r.source.id for r in sources.list_sources(connection)] == ["b"]
    assert synced(store, A, B).restored == ("a",)
    assert not row(store, "a").removed


def test_removed_on_the_page_stays_removed(store):
    synced(store, A)
    do(store, sources.remove, "a")
    assert synced(store, A) == sources.SyncReport()
    assert row(store, "a").removed


def test_sources_added_on_the_page_are_not_the_files_business(store):
    synced(store, A)
    added = do(store, sources.add_source, a_source(id="", url="https://c.example/f"))
    assert synced(store, A).removed == ()
    assert not row(store, added).removed


# ── Adding and editing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_added_source_is_due_and_has_a_readable_id(store):
    source_id = do(store, sources.add_source, a_source(id="", url=" https://www.c-d.example:8443/rss ", outlet=""))
    found = row(store, source_id)
    assert source_id.startswith("c-d-example-")
    assert found.source.url == "https://www.c-d.example:8443/rss"
    assert found.source.outlet == "甲报"
    assert (found.origin, found.next_at) == ("page", LATER)


def test_the_same_address_is_not_watched_twice(store):
    synced(store, A)
    with pytest.raises(InputError, match="已在监测：甲报"):
        do(store, sources.add_source, a_source(id="x", name="又一个"))
    question = a_source(id="x", url="https://s.example/q", recipe=Recipe(method="POST", body="云南 欠薪"))
    do(store, sources.add_source, question)
    do(store, sources.add_source, dataclasses.replace(question, id="y", recipe=Recipe(method="POST", body="云南 讨薪")))


def test_an_address_removed_and_added_again_is_the_same_source(store):
    first = do(store, sources.add_source, a_source(id=""))
    do(store, sources.remove, first)
    assert do(store, sources.add_source, a_source(id="", name="回来了")) == first
    assert (row(store, first).source.name, row(store, first).removed) == ("回来了", False)


def test_an_id_in_use_gives_way_to_a_made_one(store):
    synced(store, A)
    made = do(store, sources.add_source, a_source(url="https://other.example/rss"))
    assert made == new_id(a_source(url="https://other.example/rss"))


def test_an_address_given_up_by_an_edit_can_be_watched_again(store):
    first = do(store, sources.add_source, a_source(id=""))
    do(store, sources.edit_source, a_source(id=first, url="https://moved.example/"), revision=1)
    second = do(store, sources.add_source, a_source(id=""))
    do(store, sources.remove, first)
    third = do(store, sources.add_source, a_source(id="", url="https://moved.example/"))
    assert first != second
    assert third == first, "the moved source is the one that watched this address"
    assert row(store, second).source.url == "https://a.example/rss"


def test_edit_resets_what_the_old_address_taught(store):
    synced(store, A)
    with store.write() as connection:
        known = {
            "etag": '"1"',
            "last_modified": "x",
            "body_hash": "h",
            "failures": 3.0,
            "streak": -4,
            "full_poll_at": NOW,
        }
        connection.execute(update(t.source_state).values(next_at=LATER + timedelta(days=1), **known))
    after = do(store, sources.edit_source, a_source(url="https://a.example/2"), revision=1)
    assert (after.failures, after.streak, after.next_at) == (0, 0, LATER)
    with store.read() as connection:
        state = connection.execute(select(t.source_state)).one()
    assert (state.etag, state.last_modified, state.body_hash, state.full_poll_at) == (None, None, None, None)


def test_edit_of_a_name_leaves_the_schedule_alone(store):
    synced(store, A)
    with store.write() as connection:
        connection.execute(
            update(t.source_state).values(etag='"1"', next_at=LATER + timedelta(minutes=7), failures=2.0)
        )
    after = do(store, sources.edit_source, a_source(name="新名"), revision=1)
    assert (after.next_at, after.failures) == (LATER + timedelta(minutes=7), 2.0)


def test_a_shorter_interval_counts_at_once(store):
    synced(store, A)
    with store.write() as connection:
        connection.execute(update(t.source_state).values(next_at=LATER + timedelta(hours=2), interval_seconds=1200.0))
    after = do(store, sources.edit_source, a_source(interval_seconds=60, max_interval_seconds=120), revision=1)
    assert (after.present_interval, after.next_at) == (120, LATER)


def test_two_people_editing_get_a_conflict_not_a_lost_change(store):
    synced(store, A)
    do(store, sources.edit_source, a_source(name="第一人"), revision=1)
    with pytest.raises(ConflictError, match="刚被他人修改"):
        do(store, sources.edit_source, a_source(name="第二人"), revision=1)
    assert row(store, "a").source.name == "第一人"


def test_a_fast_interval_of_the_file_survives_an_edit_of_the_name(store):
    synced(store, a_source(interval_seconds=5, max_interval_seconds=5))
    after = do(store, sources.edit_source, a_source(name="改", interval_seconds=5, max_interval_seconds=5), revision=1)
    assert after.source.interval_seconds == 5
    with pytest.raises(InputError, match="不能短于"):
        do(store, sources.edit_source, a_source(interval_seconds=4, max_interval_seconds=5), revision=2)


def test_pause_resume_and_poll_now(store):
    synced(store, A)
    do(store, sources.pause, "a")
    do(store, sources.pause, "a")
    assert row(store, "a").revision == 2
    with pytest.raises(InputError, match="已暂停"):
        do(store, sources.poll_now, "a")
    with store.write() as connection:
        connection.execute(update(t.source_state).values(next_at=LATER + timedelta(days=1)))
    do(store, sources.resume, "a")
    assert (row(store, "a").source.paused, row(store, "a").next_at) == (False, LATER)
    do(store, sources.poll_now, "a", now=LATER + timedelta(minutes=1))
    assert row(store, "a").next_at == LATER + timedelta(minutes=1)


def test_a_removed_source_can_be_put_back(store):
    synced(store, A)
    do(store, sources.remove, "a")
    assert row(store, "a").health(settings_module.load().watch, NOW) == Health("off", "已移除，不抓取")
    do(store, sources.restore, "a")
    do(store, sources.restore, "a")
    assert (row(store, "a").removed, row(store, "a").next_at) == (False, LATER)
    do(store, sources.remove, "a")
    with store.write() as connection:
        sync_catalogue(connection, [A, a_source(id="twin")], LATER)
    with pytest.raises(InputError, match="已在监测"):
        do(store, sources.restore, "a")


def test_unknown_source_is_said_so(store):
    for function in (sources.pause, sources.resume, sources.remove, sources.restore, sources.poll_now):
        with pytest.raises(InputError, match="没有编号为 nobody"):
            do(store, function, "nobody")


def test_demonstration_sources_are_left_alone(store):
    synced(store, A)
    with store.write() as connection:
        connection.execute(update(t.source).values(demo=True))
    for function in (sources.pause, sources.resume, sources.remove, sources.poll_now):
        with pytest.raises(InputError, match=r"演示数据|已暂停"):
            do(store, function, "a")
    with pytest.raises(InputError, match="演示数据"):
        do(store, sources.edit_source, A, revision=1)
    assert row(store, "a").health(settings_module.load().watch, NOW).level == "off"


# ── Listing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["b", "a"]),
        ({"group": "州市"}, ["a"]),
        ({"text": "甲"}, ["a"]),
        ({"text": "B.EXAMPLE"}, ["b"]),
        ({"text": "乙网 民生"}, ["b"]),
        ({"text": "乙网 甲"}, []),
        ({"text": "%"}, []),
        ({"text": "_"}, []),
        ({"text": "!"}, []),
        ({"text": "'; drop table source --"}, []),
        ({"limit": 1}, ["b"]),
        ({"limit": 1, "offset": 1}, ["a"]),
    ],
)
def test_list(store, filters, expected):
    synced(store, A, B)
    with store.read() as connection:
        assert [r.source.id for r in sources.list_sources(connection, **filters)] == expected
        unlimited = {k: v for k, v in filters.items() if k in ("group", "text")}
        if "limit" not in filters:
            assert sources.count_sources(connection, **unlimited) == len(expected)


def test_polls_and_set_aside_newest_first(store):
    synced(store, A)
    with store.write() as connection:
        for minute in range(3):
            at = NOW + timedelta(minutes=minute)
            values = {"source_id": "a", "started_at": at, "finished_at": at, "outcome": "ok", "note": f"新 {minute} 条"}
            connection.execute(insert(t.poll).values(values))
            aside = {"source_id": "a", "at": at, "reason": "无标题", "excerpt": "…", "fingerprint": str(minute)}
            connection.execute(insert(t.set_aside).values(aside))
    with store.read() as connection:
        assert [p.note for p in sources.recent_polls(connection, "a", limit=2)] == ["新 2 条", "新 1 条"]
        assert [s.at.minute for s in sources.set_aside_rows(connection, "a", limit=2)] == [2, 1]
        assert sources.recent_polls(connection, "nobody") == []


# ── Rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "  "}, "name", "请填写名称"),
        ({"name": "长" * 61}, "name", "60"),
        ({"name": "a\x00b"}, "name", "控制字符"),
        ({"url": ""}, "url", "请填写网址"),
        ({"url": "ftp://a.example/"}, "url", "http"),
        ({"url": "javascript:alert(1)"}, "url", "http"),
        ({"url": "https://"}, "url", "域名"),
        ({"url": "https://u:p@a.example/"}, "url", "密码"),
        ({"url": "https://a.example\\@b.example/"}, "url", ""),
        ({"url": "https://a.example/a b"}, "url", "空格"),
        ({"url": "https://a.example/\r\nX: y"}, "url", "空格"),
        ({"url": "https://[::1/"}, "url", "方括号"),
        ({"url": "https://a.example:99999/"}, "url", "端口"),
        ({"url": "https://a.example/" + "x" * 2000}, "url", "2000"),
        ({"url": "https://a.example/{HH}"}, "url", "{HH}"),
        ({"kind": "xml"}, "kind", "feed"),
        ({"group": "别的"}, "group", "分组"),
        ({"region": "5301"}, "region", "6 位"),
        ({"tier": 5}, "tier", "1 至 4"),
        ({"condition": "受阻", "condition_note": " "}, "condition", "写明原因"),
        ({"interval_seconds": 59}, "interval_seconds", "1 分钟"),
        ({"interval_seconds": 8 * 86_400, "max_interval_seconds": 9 * 86_400}, "interval_seconds", "7 天"),
        ({"max_interval_seconds": 599}, "max_interval_seconds", "不能短于"),
        ({"kind": "page", "recipe": Recipe(items="div[")}, "items", "写法有误"),
        ({"kind": "page", "recipe": Recipe(title=":nonsense(")}, "title", "写法有误"),
        ({"kind": "json", "recipe": Recipe(items="data..list")}, "items", "data.list"),
        ({"kind": "json", "recipe": Recipe(link_template="javascript:{id}")}, "link_template", "http"),
        ({"recipe": Recipe(body="x")}, "body", "POST"),
        ({"recipe": Recipe(headers=(("Host", "b"),))}, "headers", "系统填写"),
        ({"recipe": Recipe(headers=(("Cookie", "SUB=1"),))}, "headers", "系统填写"),
        ({"recipe": Recipe(headers=(("X-A", "a\r\nB: c"),))}, "headers", "英文字符"),
        ({"recipe": Recipe(headers=(("bad name", "x"),))}, "headers", "名称有误"),
    ],
)
def test_each_wrong_field_is_named_in_chinese(changes, field, words):
    found = problems(a_source(**changes))
    assert set(found) == {field}
    assert words in found[field]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://a.example/{YYYY}/{MM}{DD}/x.shtml"},
        {"url": "http://例子.example/新闻?q=欠薪"},
        {"kind": "page", "recipe": Recipe(items='a[href*="/news/c/"]', title="a", link="a")},
        {"kind": "json", "recipe": Recipe(items="data.cards.0.content", link_template="https://x.example/{id}")},
        {"recipe": Recipe(method="POST", body="{}", headers=(("Content-Type", "application/json"),))},
    ],
)
def test_what_the_catalogue_needs_is_allowed(changes):
    assert problems(a_source(**changes)) == {}


def test_refused_sources_are_not_written(store):
    with pytest.raises(InputError, match="请填写名称；网址应以"):
        do(store, sources.add_source, a_source(name="", url="file:///etc/passwd"))
    with store.read() as connection:
        assert sources.list_sources(connection) == []


@pytest.mark.parametrize(
    ("url", "moment", "expected"),
    [
        ("https://x/a", datetime(2026, 1, 1, tzinfo=UTC), "https://x/a"),
        ("https://x/{YYYY}/{MM}{DD}/n", datetime(2026, 3, 4, 15, 59, tzinfo=UTC), "https://x/2026/0304/n"),
        ("https://x/{YYYY}-{MM}-{DD}", datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "https://x/2027-01-01"),
        ("https://x/{id}", datetime(2026, 1, 1, tzinfo=UTC), "https://x/{id}"),
    ],
)
def test_dated_url_uses_the_offices_date(url, moment, expected):
    assert dated_url(url, moment) == expected


def test_headers_and_recipes_travel_whole():
    assert read_headers("B: 2\n\nA: x: y\nbare") == (("A", "x: y"), ("B", "2"), ("bare", ""))
    recipe = Recipe(items="ul li", method="POST", body="{}", headers=(("A", "b"),), follow=True)
    import json

    assert recipe_from(json.loads(recipe_json(recipe))) == recipe
    assert recipe_json(Recipe()) == "{}"
    for wrong in ({"nothing": 1}, {"follow": "yes"}, {"headers": "A: b"}, {"headers": [["A"]]}, {"items": 3}):
        with pytest.raises(ValueError):
            recipe_from(wrong)
