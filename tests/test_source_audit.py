"""Who may change sources and demonstration data, and what the trail says of it: every act × every role, no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access import roles
from monitors.access.acting import acting
from monitors.access.actor import SYSTEM, Actor, console
from monitors.access.roles import Role
from monitors.errors import ConflictError, FetchError, InputError, RefusedError
from monitors.opinion import demo, opml, source_audit, sources
from monitors.opinion.demo_world import world
from monitors.opinion.model import Parsed, Recipe, Source
from monitors.opinion.source_audit import LastChange, last_change
from monitors.opinion.sources import sync_catalogue
from monitors.opinion.trial import run_trial
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TOKEN = "s3cr3t-t0ken"
A = Source(
    id="a",
    name="甲报",
    kind="json",
    url=f"https://a.example/list?key={TOKEN}-1",
    group="州市",
    outlet="甲报",
    region="530100",
    recipe=Recipe(method="POST", body=TOKEN, headers=(("Authorization", TOKEN),)),
)
GONE = replace(A, id="gone", name="乙网", url="https://b.example/rss", recipe=Recipe())
RESTING = replace(A, id="resting", name="丙网", url="https://c.example/rss", recipe=Recipe(), paused=True)
NEW = replace(A, id="", name="丁网", url=f"https://d.example/rss?key={TOKEN}", kind="feed", recipe=Recipe())
OTHER = replace(NEW, url="https://e.example/rss")
TABLES = (t.source, t.source_state, t.item, t.story, t.alert, t.restricted, t.meta)


def person(role: Role) -> Actor:
    return Actor(7, "someone", "张三", role, "530000", "10.0.0.9", "abcdef")


ADMINISTRATOR = person(Role.ADMINISTRATOR)


@pytest.fixture
def stocked(store: Store) -> Store:
    """Three sources: one watched, one removed, one paused."""
    with store.write() as connection:
        sync_catalogue(connection, [A, RESTING], NOW)
        sources.add_source(connection, SYSTEM, GONE, now=NOW)
        sources.remove(connection, SYSTEM, "gone", now=NOW)
    return store


def rows(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(t.audit).order_by(t.audit.c.seq)))


def held(store: Store) -> dict[str, list[Any]]:
    with store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }


def newest(store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    row = rows(store)[-1]
    return json.loads(row.before), json.loads(row.after)


# ── Every act × every role ───────────────────────────────────────────────────────────────────────────────────────────


class Silent:
    """A fetcher and parser that answer nothing, and remember that they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str, **_given: Any) -> Any:
        self.asked.append(url)
        raise FetchError("没有回答")

    async def parse(self, _body: bytes, **_given: Any) -> Parsed:
        raise AssertionError("there is nothing to read")


def candidates() -> list[opml.Candidate]:
    return [opml.Candidate(3, NEW), opml.Candidate(4, OTHER)]


def tried(store: Store, actor: Actor) -> None:
    net = Silent()
    try:
        run_trial(store, actor, A, settings_module.load(), LATER, fetcher=lambda: net, parser=lambda: net)
    finally:
        assert len(net.asked) == int(actor.may("source.poll")), "who may not has nobody asked"


@dataclass(frozen=True)
class Act:
    """One write function: the permission it needs, how it is called, and the record a refusal names."""

    action: str
    call: Callable[[Any, Actor], Any]
    kind: str = "source"
    target: str = ""
    whole: bool = False  # takes the store, opens its own transactions


ACTS = {
    "add": Act("source.edit", lambda c, who: sources.add_source(c, who, NEW, now=LATER)),
    "add several": Act("source.edit", lambda c, who: sources.add_sources(c, who, [NEW, OTHER], now=LATER)),
    "edit": Act(
        "source.edit", lambda c, who: sources.edit_source(c, who, replace(A, tier=1), revision=1, now=LATER), target="a"
    ),
    "pause": Act("source.edit", lambda c, who: sources.pause(c, who, "a", now=LATER), target="a"),
    "resume": Act("source.edit", lambda c, who: sources.resume(c, who, "resting", now=LATER), target="resting"),
    "remove": Act("source.edit", lambda c, who: sources.remove(c, who, "a", now=LATER), target="a"),
    "restore": Act("source.edit", lambda c, who: sources.restore(c, who, "gone", now=LATER), target="gone"),
    "poll now": Act("source.poll", lambda c, who: sources.poll_now(c, who, "a", now=LATER), target="a"),
    "import": Act("source.edit", lambda c, who: opml.import_sources(c, who, candidates(), now=LATER)),
    "export": Act("source.edit", lambda s, who: opml.export_file(s, who, now=LATER), whole=True),
    "trial": Act("source.poll", tried, target="a", whole=True),
    "demo load": Act(
        "demo.manage", lambda s, who: demo.load(s, who, settings_module.load(), now=NOW), kind="demo", whole=True
    ),
    "demo clear": Act("demo.manage", demo.clear, kind="demo", whole=True),
}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world of two transactions."""
    last = world(NOW)[-60:]
    monkeypatch.setattr(demo, "world", lambda _now: last)


def do(store: Store, act: Act, who: Actor) -> None:
    if act.whole:
        act.call(store, who)
    else:
        with acting(store, who) as connection:
            act.call(connection, who)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_done_or_refused_as_the_table_says(stocked: Store, name: str) -> None:
    act = ACTS[name]
    before, recorded = held(stocked), len(rows(stocked))
    refused = [role for role in Role if not roles.may(role, act.action)]
    assert len(refused) in range(1, 7), "an act for everybody or for nobody would prove nothing"
    for role in refused:
        with pytest.raises(RefusedError, match="您的角色"):
            do(stocked, act, person(role))
    assert held(stocked) == before
    left = rows(stocked)[recorded:]
    assert [row.role for row in left] == [str(role) for role in refused], "each refusal is in the trail, once"
    assert {(r.action, r.outcome, r.kind, r.target) for r in left} == {(act.action, "拒绝", act.kind, act.target)}

    for role in set(Role) - set(refused):
        start = len(rows(stocked))
        do(stocked, act, person(role))
        done = rows(stocked)[start:]
        assert {(row.action, row.outcome, row.role, row.display) for row in done} == {
            (act.action, "成功", str(role), "张三")
        }
        assert len(done) == (2 if name in ("import", "add several") else 1)


def test_a_refusal_comes_before_anything_is_said_of_the_record(stocked: Store) -> None:
    """Otherwise the sentence would tell who may not look which sources there are."""
    clerk = person(Role.COUNTY_CLERK)
    for function in (sources.pause, sources.resume, sources.remove, sources.restore, sources.poll_now):
        with stocked.write() as connection, pytest.raises(RefusedError):
            function(connection, clerk, "nobody", now=NOW)
    with stocked.write() as connection, pytest.raises(RefusedError):
        sources.add_source(connection, clerk, A, now=NOW)


def test_the_console_acts_under_its_own_name(stocked: Store) -> None:
    with acting(stocked, console()) as connection:
        sources.pause(connection, console(), "a", now=LATER)
    row = rows(stocked)[-1]
    assert row.actor.startswith("控制台:")
    assert (row.role, row.address, row.at) == ("", "命令行", LATER)


# ── What the trail says ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_names_the_changed_fields_and_no_others(stocked: Store) -> None:
    after = replace(A, name="甲报（改）", national=True, region="530102", interval_seconds=900)
    with acting(stocked, ADMINISTRATOR) as connection:
        sources.edit_source(connection, ADMINISTRATOR, after, revision=1, now=LATER)
    before, now = newest(stocked)
    assert before == {"名称": "甲报", "中央或全国性": "否", "归属地": "昆明市", "抓取间隔（秒）": 600}
    assert now == {
        "操作": "修改",
        "监测源": "甲报（改）",
        "名称": "甲报（改）",
        "中央或全国性": "是",
        "归属地": "昆明市五华区",
        "抓取间隔（秒）": 900,
    }
    row = rows(stocked)[-1]
    assert (row.kind, row.target, row.region) == ("source", "a", "530102")


def test_of_secrets_the_trail_says_only_that_they_changed(stocked: Store) -> None:
    recipe = replace(A.recipe, body=TOKEN + "2", headers=(("Authorization", TOKEN + "2"),), items="data")
    after = replace(A, url=f"https://a.example/list?key={TOKEN}-2", recipe=recipe)
    with acting(stocked, ADMINISTRATOR) as connection:
        sources.edit_source(connection, ADMINISTRATOR, after, revision=1, now=LATER)
    before, now = newest(stocked)
    assert before == {"网址": "https://a.example/list", "条目选择器": ""}
    assert now == {
        "操作": "修改",
        "监测源": "甲报",
        "网址": "https://a.example/list（参数已更改）",
        "条目选择器": "data",
        "请求正文": "已更改",
        "请求头": "已更改",
    }
    moved = replace(
        after, url=f"https://z.example/{{YYYY}}#{TOKEN}", recipe=Recipe(link_template=f"https://z/?{TOKEN}")
    )
    with acting(stocked, ADMINISTRATOR) as connection:
        sources.edit_source(connection, ADMINISTRATOR, moved, revision=2, now=LATER)
        sources.add_source(connection, ADMINISTRATOR, NEW, now=LATER)
        sources.poll_now(connection, ADMINISTRATOR, "a", now=LATER)
    opml.export_file(stocked, ADMINISTRATOR, text="a.example", now=LATER)
    tried(stocked, ADMINISTRATOR)
    with pytest.raises(InputError), acting(stocked, ADMINISTRATOR) as connection:
        sources.add_source(connection, ADMINISTRATOR, replace(NEW, name=""), now=LATER)
    assert TOKEN not in repr(rows(stocked))


@pytest.mark.parametrize("field", sorted(set(Source.__slots__) - {"id", "recipe"}) + sorted(Recipe.__slots__))
def test_no_field_can_change_unseen(field: str) -> None:
    def other(value: object) -> object:
        return {"": "x", 0: 1}.get(value, (not value) if isinstance(value, bool) else 99 if value else (("A", "b"),))

    if field in Recipe.__slots__:
        after = replace(GONE, recipe=replace(GONE.recipe, **{field: other(getattr(GONE.recipe, field))}))
    else:
        after = replace(
            GONE, **{field: "json2" if isinstance(getattr(GONE, field), str) else other(getattr(GONE, field))}
        )
    _, now = source_audit.differences(GONE, after)
    assert len(now) == 1
    assert not set("".join(now)) & set("abcdefghijklmnopqrstuvwxyz_"), "named as people name it"


def test_adding_removing_and_putting_back_are_told_apart(stocked: Store) -> None:
    start = len(rows(stocked))
    with acting(stocked, ADMINISTRATOR) as connection:
        added = sources.add_source(connection, ADMINISTRATOR, NEW, now=LATER)
        sources.pause(connection, ADMINISTRATOR, added, now=LATER)
        sources.pause(connection, ADMINISTRATOR, added, now=LATER)
        sources.resume(connection, ADMINISTRATOR, added, now=LATER)
        sources.remove(connection, ADMINISTRATOR, added, now=LATER)
        sources.remove(connection, ADMINISTRATOR, added, now=LATER)
        sources.restore(connection, ADMINISTRATOR, added, now=LATER)
        sources.restore(connection, ADMINISTRATOR, added, now=LATER)
        sources.poll_now(connection, ADMINISTRATOR, added, now=LATER)
    done = rows(stocked)[start:]
    told = [json.loads(row.after)["操作"] for row in done]
    assert told == ["添加", "暂停抓取", "恢复抓取", "移除", "放回列表", "立即抓取"], "what changed nothing is no act"
    assert {row.target for row in done} == {added}
    first = json.loads(done[0].after)
    assert (first["名称"], first["网址"], first["归属地"]) == ("丁网", "https://d.example/rss", "昆明市")
    assert json.loads(done[-1].after) == {"操作": "立即抓取", "监测源": "丁网", "主机": "d.example"}


def test_what_was_not_changed_leaves_no_row(stocked: Store) -> None:
    start = len(rows(stocked))
    with pytest.raises(ConflictError), acting(stocked, ADMINISTRATOR) as connection:
        sources.edit_source(connection, ADMINISTRATOR, A, revision=9, now=LATER)
    with pytest.raises(InputError), acting(stocked, ADMINISTRATOR) as connection:
        opml.import_sources(
            connection, ADMINISTRATOR, [*candidates(), opml.Candidate(9, replace(NEW, url="x"))], now=NOW
        )
    assert rows(stocked)[start:] == []
    with stocked.read() as connection:
        assert sources.count_sources(connection) == 2


def test_an_import_says_of_each_source_that_it_came_from_a_file(stocked: Store) -> None:
    with acting(stocked, ADMINISTRATOR) as connection:
        ids = opml.import_sources(connection, ADMINISTRATOR, candidates(), now=LATER)
        assert opml.import_sources(connection, ADMINISTRATOR, [], now=LATER) == ()
    done = rows(stocked)[-2:]
    assert [(row.target, json.loads(row.after)["操作"]) for row in done] == [(one, "导入") for one in ids]


def test_an_export_says_which_and_how_many(stocked: Store) -> None:
    data, count = opml.export_file(stocked, ADMINISTRATOR, group="州市", now=LATER)
    assert count == len(opml.read_opml(data).candidates) == 2
    assert newest(stocked)[1] == {"操作": "导出", "格式": "OPML", "分组": "州市", "个数": 2}


def test_following_the_file_is_one_row_of_the_systems_own(store: Store) -> None:
    def synced(*catalogue: Source) -> None:
        with store.write() as connection:
            sync_catalogue(connection, catalogue, NOW)

    synced(A, GONE)
    (row,) = rows(store)
    assert (row.actor, row.action, row.kind, row.target, row.outcome) == ("系统", "source.edit", "source", "", "成功")
    assert json.loads(row.after) == {"操作": "按 config.toml 更新", "添加": ["a", "gone"]}
    synced(A, GONE)
    assert len(rows(store)) == 1
    synced(replace(A, tier=1))
    assert newest(store)[1] == {"操作": "按 config.toml 更新", "修改": ["a"], "移除": ["gone"]}


# ── Who changed it last ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_last_change_is_the_persons_until_the_file_changes_it(stocked: Store) -> None:
    def told(source_id: str) -> LastChange | None:
        with stocked.read() as connection:
            return last_change(connection, sources.get(connection, source_id))

    assert told("a") == LastChange("config.toml", NOW)
    with acting(stocked, ADMINISTRATOR) as connection:
        sources.pause(connection, ADMINISTRATOR, "a", now=LATER)
        sources.resume(connection, ADMINISTRATOR, "a", now=LATER)
        sources.poll_now(connection, SYSTEM, "a", now=LATER + timedelta(hours=1))
    assert told("a") == LastChange("张三", LATER), "having it asked is no change"
    with pytest.raises(RefusedError), acting(stocked, person(Role.AUDITOR)) as connection:
        sources.pause(connection, person(Role.AUDITOR), "a", now=LATER)
    assert told("a") == LastChange("张三", LATER), "who was refused changed nothing"
    with stocked.write() as connection:
        sync_catalogue(connection, [replace(A, tier=1), RESTING], LATER + timedelta(days=1))
    assert told("a") == LastChange("config.toml", LATER + timedelta(days=1))
    assert told("gone") == LastChange("系统", NOW)
    with stocked.write() as connection:
        connection.execute(update(t.source).where(t.source.c.id == "gone").values(updated_at=LATER))
    assert told("gone") is None, "changed before anything was recorded"


# ── Demonstration data ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("tiny")
def test_loading_and_clearing_say_how_much(store: Store) -> None:
    report = demo.load(store, ADMINISTRATOR, settings_module.load(), now=NOW)
    assert newest(store)[1] == {"操作": "载入", **report.counts}
    with store.write() as connection:
        invented = connection.scalars(select(t.story.c.id).where(t.story.c.demo).limit(2)).all()
        for kind, target in (("story", str(invented[0])), ("story", "999999"), ("case", str(invented[1]))):
            values = {"kind": kind, "target": target, "region": "530100", "sealed": b"x", "fields": ["reporter"]}
            connection.execute(
                insert(t.restricted).values(values | {"created_by": "张三", "created_at": NOW, "updated_at": NOW})
            )
    assert demo.clear(store, ADMINISTRATOR) == report.items
    assert newest(store)[1] == {"操作": "清除", **report.counts, "受限信息": 1}
    with store.read() as connection:
        kept = connection.execute(select(t.restricted.c.kind, t.restricted.c.target).order_by(t.restricted.c.id)).all()
    assert [tuple(row) for row in kept] == [("story", "999999"), ("case", str(invented[1]))]


@pytest.mark.usefixtures("tiny")
def test_a_load_that_failed_is_recorded_as_failed(store: Store) -> None:
    def leave(part: float, _words: str) -> None:
        if part > 0.6:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        demo.load(store, ADMINISTRATOR, settings_module.load(), now=NOW, progress=leave)
    (row,) = rows(store)
    assert (row.action, row.outcome, row.display) == ("demo.manage", "失败", "张三")
    assert json.loads(row.after)["操作"] == "载入未完成，已撤回"
