"""No inference: what a person is shown is what a database would show that only ever held what they may see (辖区)."""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from monitors.access import acting, audit, roles
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import Role
from monitors.access.scope import EVERYWHERE, Scope
from monitors.errors import InputError, RefusedError
from monitors.opinion import board, dossier, export, export_cli, search
from monitors.opinion.export import AlertFilters
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES, CLOSED_STATES
from monitors.opinion.search import Filters
from monitors.settings import load
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from tests.conftest import fresh_database

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
SETTINGS = load(environ={})
# Three counties of two prefectures, the prefecture itself, the province, another province, nowhere.
PLACES = ("530627", "530602", "532504", "530600", "530000", "441424", "")
REGIONS = ("530627", "530602", "532504", "530600", "532500", "530102", "530000")  # 530102 has nothing at all
WORDS = ("讨薪", "塔吊", "拖欠工资", "停工", "甘蔗")


@dataclass(frozen=True, slots=True)
class House:
    """All rows of a database, by table."""

    stories: list[dict[str, Any]]
    items: list[dict[str, Any]]
    alerts: list[dict[str, Any]]

    def seen_from(self, region: str) -> House:
        """The rows a person of ``region`` may see, found without the conditions under test."""
        scope = Scope(region)
        stories = [row for row in self.stories if scope.covers(row["region"])]
        ids = {row["id"] for row in stories}
        items = [
            row for row in self.items if (row["story_id"] in ids if row["story_id"] else scope.covers(row["region"]))
        ]
        return House(stories, items, [row for row in self.alerts if row["story_id"] in ids])


def built(seed: int) -> House:
    """Stories of every place, level and state; reports that place a story elsewhere; reports without a story."""
    chance = random.Random(seed)
    stories, items, alerts = [], [], []
    for number in range(1, 43):
        seen = NOW - timedelta(minutes=chance.randrange(26 * 60))
        level, state = ALERT_LEVELS[number % 4], chance.choice((*ALERT_STATES, "新警情", "新警情"))
        facts = {
            "region": PLACES[number % len(PLACES)], "scope": "本省", "stance": "unresolved", "sentiment": -0.5,
            "level": level, "score": 40, "demo": number % 5 == 0,
        }  # fmt: skip
        stories.append({
            **facts, "id": number, "title": f"第{number}起{chance.choice(WORDS)}", "items": 3, "outlets": 2,
            "first_outlet": "甲报", "first_published_at": seen, "first_seen_at": seen, "last_seen_at": seen,
            "severity": {}, "matched": ["讨薪"],
        })  # fmt: skip
        if number % 6:
            alerts.append({
                "id": number, "number": f"YJ20261123-{number:04d}", "story_id": number, "level": level, "score": 40,
                "state": state, "opened_at": seen, "raised_at": seen, "sign_due_at": seen + timedelta(hours=1),
                "public_due_at": seen + timedelta(hours=5), "case_ids": [], "demo": facts["demo"],
            })  # fmt: skip
        for _ in range(3):
            place = facts["region"] if chance.random() < 0.6 else chance.choice(PLACES)
            items.append(report(len(items) + 1, chance, seen, facts | {"region": place, "story_id": number}))
    for _ in range(120):
        seen = NOW - timedelta(minutes=chance.randrange(26 * 60))
        relevant = chance.random() < 0.5
        facts = {
            "region": chance.choice(PLACES), "scope": "本省", "stance": "neutral", "sentiment": 0.0, "story_id": None,
            "level": "关注" if relevant else None, "score": None, "demo": False, "relevant": relevant,
        }  # fmt: skip
        items.append(report(len(items) + 1, chance, seen, facts))
    return House(stories, items, alerts)


def report(number: int, chance: random.Random, seen: datetime, facts: dict[str, Any]) -> dict[str, Any]:
    # A word that is rare in one place and common elsewhere: an order that weighs it by all reports would tell.
    words = chance.choices(WORDS, weights=(5, 1, 3, 2, 9 if facts["region"] == "532504" else 1), k=3)
    # Sources 0…2 report of anything, every place has one of its own besides.
    source = f"s{chance.randrange(3)}" if chance.random() < 0.7 else f"s{3 + PLACES.index(facts['region'])}"
    return {
        "relevant": True, **facts, "id": number, "source_id": source, "guid": str(number), "url": "https://news.invalid/",
        "title": f"第{number}篇{chance.choice(words)}", "text": "雨。" * chance.randrange(9) + "。".join(words),
        "text_hash": "", "outlet": f"{source}报", "published_at": seen, "fetched_at": seen, "relevance": 0.9,
        "kind": None, "judgement": {"matched": words},
    }  # fmt: skip


def settle(store: Store, house: House) -> Store:
    with store.write() as connection:
        for number in range(3 + len(PLACES)):
            values = {
                "id": f"s{number}", "name": f"来源{number}", "kind": "feed", "url": "http://127.0.0.1/",
                "group_name": "自建", "outlet": f"s{number}报", "interval_seconds": 60, "max_interval_seconds": 60,
                "tier": 3, "national": False, "condition": "正常", "paused": False, "recipe": {}, "origin": "page",
                "created_at": NOW, "updated_at": NOW,
            }  # fmt: skip
            connection.execute(t.source.insert().values(values))
        for table, rows in ((t.story, house.stories), (t.item, house.items), (t.alert, house.alerts)):
            if rows:
                connection.execute(table.insert(), rows)
        events = [
            {
                "alert_id": row["id"],
                "at": row["opened_at"],
                "kind": "opened",
                "actor": "系统",
                "before": {},
                "after": {},
            }
            for row in house.alerts
        ]
        if events:
            connection.execute(t.alert_event.insert(), events)
    search.ensure(store)
    return store


@pytest.fixture
def another(store, request, tmp_path) -> Iterator[Callable[[House], Store]]:
    """Makes further stores on the database of ``store``, each holding one house."""
    made: list[Store] = []

    def make(house: House) -> Store:
        name = f"twin{len(made)}"
        if store.dialect == "sqlite":
            url = f"sqlite:///{tmp_path / name}.db"
        else:
            url = fresh_database(request.getfixturevalue("postgres_server"), name)
        made.append(Store(url))
        upgrade(made[-1])
        return settle(made[-1], house)

    yield make
    for opened in made:
        opened.close()


# ── every question the product asks of reports, stories and alerts ───────────────────────────────────────────────────
NARROWED: tuple[dict[str, Any], ...] = (
    {"relevance": "相关"}, {"since": NOW - timedelta(hours=9)}, {"levels": ("I", "关注")}, {"source": "s4"},
    {"outlet": "s1报"}, {"group": "自建"},
)  # fmt: skip
SEARCHES = [Filters(query=query) for query in ("", "讨薪", "塔吊|甘蔗", "讨薪 -停工", "-讨薪", "篇")]
SEARCHES += [Filters(query=query, **narrowed) for query in ("", "讨薪") for narrowed in NARROWED]
RANKED = [replace(asked, sort="匹配") for asked in SEARCHES if asked.query]
PLACED = [Filters(query=query, region=region) for query in ("", "甘蔗|塔吊") for region in (*PLACES[:-1], "530800")]
ALERTS = [
    AlertFilters(),
    AlertFilters(open_only=True, levels=("I", "II")),
    AlertFilters(states=("新警情",), since=NOW - timedelta(hours=9)),
    AlertFilters(keyword="讨薪"),
    AlertFilters(keyword="YJ2026"),
]
PLACED_ALERTS = [AlertFilters(region=region) for region in (*PLACES[:-1], "530800")]


def at(region: str, role: Role = Role.DUTY_OFFICER) -> Actor:
    return Actor(7, "zhang", "张三", role, region, "10.0.0.9", "abcdef")


def story_seen(connection: Connection, scope: Scope, story_id: int) -> object:
    """The story, or the sentence instead: whether it is nowhere or elsewhere must not show."""
    try:
        return dossier.read(connection, at(scope.region), story_id) or dossier.MISSING
    except RefusedError as refusal:
        return str(refusal)


def written(connection: Connection, scope: Scope, filters: AlertFilters | Filters) -> bytes:
    stream = io.BytesIO()
    write: Callable[..., int] = export.write_alerts if isinstance(filters, AlertFilters) else export.write_items
    write(connection, scope, filters, "csv", stream, by="张三", now=NOW, settings=SETTINGS)
    return stream.getvalue()


def shown(c: Connection, scope: Scope) -> Iterator[tuple[str, object]]:
    """Answers that on a database of visible rows alone are the same for that place and for the whole province."""
    yield "counts", board.counts(c, scope, SETTINGS, NOW)
    for level in ("", *ALERT_LEVELS):
        for unsigned in (False, True):
            yield (
                f"alerts {level} {unsigned}",
                board.open_alerts(c, scope, level=level, unsigned_only=unsigned, limit=9),
            )
    yield "second page", board.open_alerts(c, scope, limit=3, offset=3)
    yield "alarm", board.alarm(c, scope)
    yield "hours", board.hourly_levels(c, scope, SETTINGS, NOW)
    yield "all items", [hit.id for hit in search.hits_of(c, scope, range(1, 400), Filters())]
    yield "demo", search.count_demo(c, scope, range(1, 400))
    for asked in SEARCHES:
        yield f"search {asked}", search.search(c, scope, asked, page=1, size=4)
        yield f"page 2 {asked}", search.search(c, scope, asked, page=2, size=4)
        yield f"count {asked}", search.count(c, scope, asked)
        yield f"ids {asked}", search.matching_ids(c, scope, asked, 50)
    for wanted in ALERTS:
        yield f"alert count {wanted}", export.count_alerts(c, scope, wanted)
        yield f"alert rows {wanted}", list(export.alert_rows(c, scope, wanted, NOW))
    for story_id in range(45):
        yield f"story {story_id}", story_seen(c, scope, story_id)


def shown_here(c: Connection, scope: Scope) -> Iterator[tuple[str, object]]:
    """Answers that name the place or depend on how one searches there."""
    yield "sources", search.outlets(c, scope)
    yield "prefectures", board.prefecture_counts(c, scope)
    for asked in (*PLACED, *RANKED):
        yield f"search {asked}", search.search(c, scope, asked, size=9)
        yield f"ids {asked}", search.matching_ids(c, scope, asked, 50)
    for wanted in PLACED_ALERTS:
        yield f"alert count {wanted}", export.count_alerts(c, scope, wanted)
        yield f"alert rows {wanted}", list(export.alert_rows(c, scope, wanted, NOW))
    for filters in (*ALERTS, *SEARCHES[:2], *PLACED[:2], *PLACED_ALERTS):
        yield f"file {filters}", written(c, scope, filters)


def same(ours: list[tuple[str, object]], theirs: Iterator[tuple[str, object]], where: str) -> None:
    for (name, here), (_, there) in zip(ours, theirs, strict=True):
        assert here == there, (where, name)


@pytest.mark.parametrize(("cap", "many"), [(10_000, 2000), (7, 3)])
def test_nobody_is_shown_more_than_a_database_of_their_own_would_show(store, another, monkeypatch, cap, many):
    """``cap`` and ``many`` are small once, so that the capped counts and the other way of searching are met too."""
    monkeypatch.setattr(search, "CAP", cap)
    monkeypatch.setattr(search, "_MANY", many)
    house = built(2026)
    settle(store, house)
    # All places on SQLite; three on PostgreSQL, where a new store takes a second.
    for region in REGIONS if store.dialect == "sqlite" else ("530627", "532500", "530102"):
        scope, seen = Scope(region), house.seen_from(region)
        twin = another(seen)
        with store.read() as whole, twin.read() as alone:
            answers = list(shown(whole, scope))
            assert len(answers) > 100
            same(answers, shown(alone, scope), region)
            same(answers, shown(alone, EVERYWHERE), f"{region} as a province of its own")
            same(list(shown_here(whole, scope)), shown_here(alone, scope), region)
            for tested in (False, True):
                rows = whole.scalars(select(t.item.c.id).where(scope.items(tested=tested)).order_by(t.item.c.id)).all()
                assert rows == [row["id"] for row in seen.items], (region, tested)


def test_the_house_has_something_to_hide():
    """Else the comparison above would prove nothing."""
    house = built(2026)
    for region in REGIONS[:5]:
        seen = house.seen_from(region)
        assert 3 < len(seen.stories) < len(house.stories) / 2
        assert 10 < len(seen.items) < len(house.items) / 2
        assert any(row["state"] not in CLOSED_STATES for row in seen.alerts)
        placed_elsewhere = [row for row in seen.items if not Scope(region).covers(row["region"])]
        assert placed_elsewhere, "a story's report is seen although it names another place"
        own = [row for row in house.items if Scope(region).covers(row["region"]) and row not in seen.items]
        assert own, "a report that names the place but belongs to a story elsewhere is not seen"
    assert house.seen_from("530102").items == []
    assert house.seen_from("530000") == house


def test_the_order_by_match_does_not_tell_what_is_reported_elsewhere(store, another):
    def rows(elsewhere: int) -> House:
        texts = [("530627", "工人讨薪回家"), ("530627", "工人爬上塔吊"), *[("532504", "塔吊上的工人")] * elsewhere]
        return House([], [
            report(number, random.Random(number), NOW, {
                "region": place, "scope": "本省", "stance": "neutral", "sentiment": 0.0, "story_id": None,
                "level": None, "score": None, "demo": False,
            }) | {"title": "某地", "text": body}
            for number, (place, body) in enumerate(texts, start=1)
        ], [])  # fmt: skip

    def order(opened: Store, scope: Scope) -> list[int]:
        asked = Filters(query="塔吊|讨薪", region="530627", sort="匹配")
        with opened.read() as connection:
            return search.matching_ids(connection, scope, asked, 9)

    settle(store, rows(40))
    alone = another(rows(0))
    assert order(store, Scope("530627")) == order(alone, Scope("530627")) == [2, 1]
    if store.dialect == "sqlite":
        assert order(store, EVERYWHERE) != order(alone, EVERYWHERE), "the province's own order does weigh rare words"


def test_asking_for_another_place_finds_nothing_and_for_a_larger_one_ones_own(store):
    house = built(2026)
    settle(store, house)
    for region in ("530627", "530602", "530600"):
        scope, seen = Scope(region), house.seen_from(region)
        assert {"532504", "441424"} & {row["region"] for row in seen.items}, (
            "a report of its stories names such a place"
        )
        with store.read() as connection:
            for elsewhere in ("532504", "532500", "441424"):
                for query in ("", "篇"):
                    asked = Filters(query=query, region=elsewhere)
                    assert search.count(connection, scope, asked) == (0, False)
                    assert search.matching_ids(connection, scope, asked, 9) == []
                assert export.count_alerts(connection, scope, AlertFilters(region=elsewhere)) == (0, 0)
            total, _ = search.count(connection, scope, Filters(region="530000"))
            assert total == sum(row["region"].startswith("53") for row in seen.items) > 0
            alerts, _ = export.count_alerts(connection, scope, AlertFilters(region="530000"))
            assert alerts == len(seen.alerts) > 0


def test_the_condition_on_items_holds_inside_a_query_that_names_stories_too(store):
    house = built(2026)
    settle(store, house)
    for tested in (False, True):
        with store.read() as connection:
            query = select(t.item.c.id).join(t.story, t.story.c.id == t.item.c.story_id)
            rows = connection.scalars(query.where(Scope("530627").items(tested=tested)).order_by(t.item.c.id)).all()
        assert rows == [row["id"] for row in house.seen_from("530627").items if row["story_id"]]


# ── roles, refusals and the trail ────────────────────────────────────────────────────────────────────────────────────
def trail(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(t.audit).order_by(t.audit.c.seq)))


@pytest.mark.parametrize("role", Role)
def test_a_story_is_read_by_those_who_may_and_only_in_their_place(store, role):
    settle(store, built(2026))
    here, elsewhere = 7, 8  # stories 7, 14, … are of PLACES[0]
    for region in ("530627", "530600", "530000"):
        actor = at(region, role)
        for story_id in (here, elsewhere, 999):
            with store.read() as connection:
                place = connection.scalar(select(t.story.c.region).where(t.story.c.id == story_id))
            refused = not roles.may(role, "story.view") or (place is not None and not Scope(region).covers(place))
            before = len(trail(store))
            if not refused:
                with acting.looking(store, actor) as connection:
                    found = dossier.read(connection, actor, story_id)
                assert (found is None) == (story_id == 999)
                assert len(trail(store)) == before
                continue
            with pytest.raises(RefusedError) as caught, acting.looking(store, actor) as connection:
                dossier.read(connection, actor, story_id)
            if roles.may(role, "story.view"):
                assert str(caught.value) == dossier.MISSING
            line = trail(store)[-1]
            assert (line.action, line.kind, line.target) == ("story.view", "story", str(story_id))
            assert (line.outcome, line.actor, line.region) == ("拒绝", "zhang", "")
            assert len(trail(store)) == before + 1


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", ["alert", "item"])
def test_an_export_says_who_made_it_and_leaves_a_line(store, role, kind):
    settle(store, built(2026))
    actor = at("530627", role)

    def file() -> bytes:
        if kind == "alert":
            return export.alerts_file(store, actor, AlertFilters(open_only=True), "csv", NOW, settings=SETTINGS)
        return export.items_file(store, actor, Filters(query="讨薪"), "csv", NOW, settings=SETTINGS)

    if not roles.may(role, "story.export"):
        with pytest.raises(RefusedError, match="不能导出"):
            file()
        [line] = trail(store)
        assert (line.action, line.kind, line.outcome) == ("story.export", kind, "拒绝")
        return
    lines = file().decode("utf-8-sig").splitlines()
    assert "导出人：张三" in lines[1]
    assert "辖区：昭通市镇雄县" in lines[1]
    [line] = trail(store)
    rows = len(lines) - 5 if "演示" in lines[3] else len(lines) - 4
    words = "仅未办结" if kind == "alert" else "检索词：讨薪"
    assert (line.action, line.kind, line.outcome, line.region) == ("story.export", kind, "成功", "530627")
    assert (line.actor, line.display, line.address, line.session) == ("zhang", "张三", "10.0.0.9", "abcdef")
    assert line.after == audit.canonical({"format": "csv", "filters": words, "rows": rows})


def test_no_file_without_its_line_and_no_line_without_a_file(store, monkeypatch):
    settle(store, built(2026))
    small = SETTINGS.model_copy(update={"export": SETTINGS.export.model_copy(update={"max_rows": 2})})
    for make in (export.alerts_file, export.items_file):
        filters: Any = AlertFilters() if make is export.alerts_file else Filters()
        with pytest.raises(InputError, match="上限 2 条"):
            make(store, SYSTEM, filters, "csv", NOW, settings=small)
        assert trail(store) == []

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(audit, "append", broken)
    for make in (export.alerts_file, export.items_file):
        filters = AlertFilters() if make is export.alerts_file else Filters()
        with pytest.raises(RuntimeError, match="the trail"):
            make(store, SYSTEM, filters, "csv", NOW, settings=SETTINGS)


@pytest.mark.parametrize("target", ["-", "list.csv"])
def test_the_command_line_sees_the_province_and_is_recorded_too(store, tmp_path, capfdbinary, monkeypatch, target):
    house = built(2026)
    settle(store, house)
    output = target if target == "-" else str(tmp_path / target)
    parser = argparse.ArgumentParser()
    export_cli.add_arguments(parser)

    def run() -> int:
        return export_cli.run(parser.parse_args(["-o", output, "--format", "csv"]), SETTINGS, store)

    assert run() == 0
    out = capfdbinary.readouterr().out if target == "-" else (tmp_path / target).read_bytes()
    text = out.decode("utf-8-sig")
    assert "导出人：控制台:" in text
    assert "辖区：云南省" in text
    [line] = trail(store)
    assert (line.action, line.kind, line.address, line.role) == ("story.export", "alert", "命令行", "")
    assert f'"rows":{len(house.alerts)}' in line.after

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(audit, "append", broken)
    if target != "-":
        (tmp_path / target).unlink()
    with pytest.raises(RuntimeError, match="the trail"):
        run()
    assert capfdbinary.readouterr().out == b""
    assert not (tmp_path / target).exists()


def test_a_long_question_does_not_fill_the_trail(store):
    settle(store, built(2026))
    asked = Filters(query="讨薪" * 5000)
    export.items_file(store, at("530627"), replace(asked, relevance="相关"), "jsonl", NOW, settings=SETTINGS)
    [line] = trail(store)
    assert len(line.after) < 600
