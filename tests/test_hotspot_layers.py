"""The map's figures: weights, bands, money, who sees which county, the drawer, and the list as a file."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select

from monitors.errors import RefusedError
from monitors.hotspots import county, layers, layers_export
from monitors.hotspots.events import Event
from monitors.hotspots.layers import CountyRow
from monitors.hotspots.runs import ShownCluster
from monitors.ledger.model import OVER_CASE
from monitors.regions import shapes
from monitors.store import tables as t
from tests import desk_house as desk
from tests import ledger_house as ledger

NOW, SETTINGS = ledger.NOW, ledger.SETTINGS
TODAY = ledger.TODAY
PEOPLE = shapes.population()
CLERK, FAR, REVIEWER, DUTY, LEADER, AUDITOR = (
    desk.CLERK, desk.ELSEWHERE, desk.REVIEWER, desk.DUTY, desk.LEADER, desk.AUDITOR,
)  # fmt: skip


def event(region="530102", level="III", ago=0):
    return Event(1, region, TODAY - timedelta(days=ago), level, level in ("I", "II"), False, "示例", "")


def row(**changes):
    plain = CountyRow("530102", "五华区", "昆明市", 0.0, 0, 0, PEOPLE["530102"], 0.0, "", "", 0, 0, None)
    return replace(plain, **changes)


def cluster(regions, tier, p=0.001, kind="县级"):
    return ShownCluster(
        1, kind, None, 1, tuple(regions), 0, TODAY, TODAY, 9, 2.1, 5.0, p, tier, (), "昭通市镇雄、彝良两县"
    )  # fmt: skip


@pytest.fixture
def held(store):
    """Stories of two counties, one of no county, and cases of one: one unverified, one verified and part paid."""
    with store.write() as connection:
        for days, level, region in (
            (0, "I", "530102"), (7, "III", "530102"), (100, "I", "530102"), (1, "IV", "530627"), (2, "关注", "530600"),
        ):  # fmt: skip
            desk.story(connection, level=level, region=region, first_seen_at=NOW - timedelta(days=days))
        ledger.entered(connection)
        ledger.paid(connection, ledger.verified(connection), wage_fen=40_000_00, wage_migrant_fen=40_000_00, persons=3,
                    migrants=3)  # fmt: skip
        ledger.settled(connection)
    return store


def read(store, who=DUTY, data_set="舆情"):
    with store.read() as connection:
        return layers.read(connection, who, data_set, PEOPLE, settings=SETTINGS, now=NOW)


def drawer(store, who, code):
    with store.read() as connection:
        return county.read(connection, who, code, people=PEOPLE.get(code), coverage=None, now=NOW)


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_weight_is_the_levels_and_halves_with_every_week():
    found = layers.weights([event(level="I"), event(level="II", ago=7), event(level="IV", ago=14)], TODAY, 7.0)
    assert found == {"530102": pytest.approx(8 + 2 + 0.25)}
    assert layers.weights([event(level="关注")], TODAY, 7.0) == {"530102": 0}


def test_a_case_weighs_one_a_major_one_four():
    assert layers.weights([event(level=""), event(level="重大")], TODAY, 7.0) == {"530102": 5}


def test_states_that_owe_nothing_more_are_the_ledgers():
    assert set(layers.OVER) == {str(state) for state in OVER_CASE}


@pytest.mark.parametrize(
    ("layer", "changes", "name"),
    [
        ("加权事件", {"weighted": 0.0}, "0"),
        ("加权事件", {"weighted": 0.3}, "不到 1"),
        ("加权事件", {"weighted": 1.0}, "1–2"),
        ("加权事件", {"weighted": 8.0}, "8 以上"),
        ("每万人率", {"rate": 0.02}, "0.02–0.05"),
        ("每万人率", {"rate": None, "people": None}, "缺人口数"),
        ("未结金额", {"open_fen": 9_999_999, "open_cases": 1}, "不到 10 万元"),
        ("未结金额", {"open_fen": 1_000_000_000, "open_cases": 1}, "1,000 万元 以上"),
        ("聚集", {"tier": "预警"}, "预警"),
        ("聚集", {}, "未见聚集"),
        ("可见度", {}, "未知"),
    ],
)
def test_a_county_is_in_one_class(layer, changes, name):
    assert layers.classes(layer)[layers.class_of(layer, row(**changes))] == name


def test_a_rate_on_few_events_says_so_and_none_is_guessed():
    assert layers.words_of("每万人率", row(events=2, rate=0.0175)) == "0.018 起/万人（件数少）"
    assert layers.words_of("每万人率", row(events=9, rate=0.0787)) == "0.079 起/万人"
    assert layers.words_of("每万人率", row(people=None, rate=None)) == "缺人口数"


def test_only_clusters_with_a_tier_colour_and_the_gravest_wins():
    told = layers.coloured([
        cluster(["530627", "530628"], "关注", 0.008), cluster(["530628"], "预警", 0.001), cluster(["530102"], "", 0.2),
    ])  # fmt: skip
    assert {code: one.tier for code, one in told.items()} == {"530627": "关注", "530628": "预警"}


def test_a_prefectures_cluster_colours_its_counties_unless_they_have_their_own():
    told = layers.coloured([cluster(["530600"], "预警", kind="州市"), cluster(["530627"], "关注", 0.009)])
    assert told["530627"].tier == "关注"
    assert told["530628"].tier == "预警"
    assert len(told) == 11  # counties of 昭通


# ── from the store ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_province_sees_every_county_with_its_figures(held):
    found = read(held)
    assert len(found.rows) == 129
    by_code = {one.code: one for one in found.rows}
    home = by_code["530102"]
    assert (home.events, home.week) == (2, 1)
    assert home.weighted == pytest.approx(8 + 2 * 0.5)
    assert home.rate == pytest.approx(2 * 10_000 / PEOPLE["530102"].people)
    assert (found.events, found.unplaced) == (4, 1)
    assert by_code["530627"].weighted == pytest.approx(0.5 ** (1 / 7))
    assert home.sight in ("可见", "弱", "盲区")


def test_money_owed_is_verified_else_claimed_less_paid(held):
    home = {one.code: one for one in read(held, data_set="台账").rows}["530102"]
    assert home.open_cases == 2
    assert home.open_fen == 300_000_00 + (140_000_00 - 40_000_00)
    assert home.events == 3  # the settled one was a case as well


def test_each_sees_the_counties_of_the_own_region(held):
    for who, counties, unplaced in ((CLERK, 1, 0), (REVIEWER, 14, 0), (LEADER, 129, 1)):
        found = read(held, who)
        assert len(found.rows) == counties, who
        assert all(who.scope.covers(one.code) for one in found.rows), who
        assert found.unplaced == unplaced, who
    with pytest.raises(RefusedError):
        read(held, AUDITOR)


def test_the_drawer_tells_of_the_county_alone(held):
    found = drawer(held, DUTY, "530102")
    assert found.name == "昆明市五华区"
    assert found.stories_total == 2  # the one of a hundred days ago is history
    assert [one.level for one in found.stories] == ["I", "III"]
    assert [one.owed_fen for one in found.cases] == [100_000_00, 300_000_00]  # the one with a deadline first
    money = found.money
    assert (money.open_cases, money.open_fen) == (2, 400_000_00)
    assert money.paid_fen == 180_000_00
    assert money.by_source == (("企业", 180_000_00),)
    assert drawer(held, DUTY, "530627").money.paid_fen is None  # no record is not nought


def test_a_storys_alert_stands_beside_it_and_a_false_one_is_none(store):
    with store.write() as connection:
        shown = desk.opened(connection, "II", now=NOW, region="530627")
        desk.unfounded(connection, region="530102")
    found = drawer(store, DUTY, "530627")
    with store.read() as connection:
        number = desk.row(connection, shown).number
    assert [(one.number, one.state) for one in found.stories] == [(number, "新警情")]
    assert found.open_alerts == 1
    assert drawer(store, DUTY, "530102").stories == ()


def test_bonds_stand_only_where_recorded(store):
    with store.write() as connection:
        ledger.project(connection)
        ledger.project(
            connection, "示例二标段", bond={"kind": "现金", "amount_fen": 5_000_00, "bank": "示例银行", "expiry": None}
        )
    money = drawer(store, DUTY, "530102").money
    assert (money.projects, money.bonded, money.bonds_fen) == (2, 1, 5_000_00)


def test_another_countys_drawer_is_refused(store):
    for who, code in ((FAR, "530102"), (REVIEWER, "530627"), (CLERK, "999999"), (AUDITOR, "530102")):
        with store.read() as connection, pytest.raises(RefusedError):
            county.read(connection, who, code, people=None, coverage=None, now=NOW)


def test_sources_are_those_of_the_county_and_its_prefecture(store):
    with store.write() as connection:
        for number, region in enumerate(("530627", "530600", "530102", "530000", "")):
            values = {
                "id": f"s{number}", "name": f"示例源{number}", "kind": "feed", "url": "https://example.invalid/f",
                "group_name": "媒体", "outlet": "示例", "interval_seconds": 300, "max_interval_seconds": 900,
                "region": region, "tier": 2, "national": False, "condition": "verified", "paused": False, "recipe": {},
                "origin": "page", "created_at": NOW, "updated_at": NOW,
            }  # fmt: skip
            connection.execute(insert(t.source).values(values))
    assert [one.name for one in drawer(store, DUTY, "530627").sources] == ["示例源0", "示例源1"]


# ── as a file ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_has_every_county_of_the_reader_and_is_in_the_trail(held):
    made = layers_export.made(held, DUTY, "舆情", PEOPLE, "xlsx", settings=SETTINGS, now=NOW)
    sheet = load_workbook(io.BytesIO(made)).active
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    head = next(index for index, line in enumerate(lines) if line[0] == "代码")
    assert len(lines) - head - 1 == 129
    home = dict(zip(lines[head], next(line for line in lines if line[0] == "530102"), strict=True))
    assert (home["近 90 天（起）"], home["加权事件"], home["未结案件（件）"]) == (2, 9, 2)
    assert home["未结金额（万元）"] == 40
    assert home["人数年份与出处"] == "2020 年第七次全国人口普查"
    assert any("截至 2026-11-23" in str(line[0]) for line in lines[:head])
    with held.read() as connection:
        acts = connection.execute(select(t.audit.c.actor, t.audit.c.action, t.audit.c.target)).all()
    assert acts[-1] == ("duty", "story.export", "舆情")


def test_a_county_exports_its_own_line_and_an_auditor_none(held):
    made = layers_export.made(held, CLERK, "台账", PEOPLE, "csv", settings=SETTINGS, now=NOW).decode("utf-8-sig")
    assert "530102" in made
    assert "530627" not in made
    with pytest.raises(RefusedError):
        layers_export.made(held, AUDITOR, "舆情", PEOPLE, "csv", settings=SETTINGS, now=NOW)
