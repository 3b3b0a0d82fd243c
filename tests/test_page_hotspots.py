"""热点地图 as each role: the map's specification, the address, the drawer, own files that are left aside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role
from monitors.hotspots import layers
from monitors.hotspots.layers import CountyRow
from monitors.regions import divisions, shapes
from pages import hotspot_map
from tests import desk_house as desk
from tests.sent import everything

ROOT = Path(__file__).resolve().parent.parent
LOOKS = ("light", "dark")


def row(code, **changes):
    name = divisions.short_name(code)
    plain = CountyRow(code, name, "", 0.0, 0, 0, shapes.population()[code], 0.0, "", "", 0, 0, None)
    return replace(plain, **changes)


def rows():
    return [row(one.code) for one in divisions.counties()]


def spec(shown, layer="加权事件", focus="", look="light"):
    return hotspot_map.spec(shown, layer, focus=focus, look=look, version="v1", height=500)


def values_of(drawn):
    (found,) = (one for one in drawn["layer"][0]["transform"] if "lookup" in one)
    return found["from"]["data"]["values"]


@pytest.fixture
def held(house):
    now = datetime.now(UTC)
    with house.write() as connection:
        desk.opened(connection, "II", now=now, title="五华示例工地讨薪", first_published_at=now, first_seen_at=now)
        desk.opened(connection, "III", now=now, title="镇雄示例工地讨薪", region="530627", first_seen_at=now)
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "hotspots.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


# ── the specification ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_outlines_are_fetched_from_the_apps_own_address_and_never_sent_with_the_page():
    drawn = spec(rows())
    assert drawn["layer"][0]["data"]["url"] == "/maps/yunnan.topo.json?v=v1"
    text = json.dumps(drawn, ensure_ascii=False)
    assert len(text) < 60_000
    assert "@" not in text  # every place kept for rows is filled
    assert len(values_of(drawn)) == 129


def test_prefecture_lines_swallow_no_clicks():
    lines = spec(rows())["layer"][1]
    assert lines["data"]["format"]["mesh"] == "pref"
    assert lines["mark"]["fill"] is None  # even a transparent fill catches the pointer


def test_a_prefecture_is_drawn_alone_with_the_names_of_its_counties():
    drawn = spec(rows(), focus="530600")
    assert {one["adcode"][:4] for one in values_of(drawn)} == {"5306"}
    assert all("mesh" not in one["data"].get("format", {}) for one in drawn["layer"])
    names = {one["text"] for one in drawn["layer"][1]["data"]["values"]}
    assert {"镇雄", "彝良", "水富"} <= names


def test_counties_of_others_are_outside_and_tell_nothing():
    told = {one["adcode"]: one for one in values_of(spec([row("530627", events=3)], focus="530600"))}
    assert told["530627"]["class"] == "0"
    assert told["530628"] == {
        "adcode": "530628", "place": "昭通市彝良县", "class": "辖区外", "figure": "辖区外"
    }  # fmt: skip


def test_clusters_are_told_in_words_and_by_a_sign_beside_the_colour():
    shown = [
        row("530627", tier="预警", sentence="昭通市镇雄县 11月12日以来 9 起，通常 2.1 起"),
        row("530102", tier="关注"),
    ]
    drawn = spec(shown, "聚集")
    told = {one["adcode"]: one for one in values_of(drawn)}
    assert told["530627"]["figure"].endswith("通常 2.1 起")
    signs = [one["text"] for one in drawn["layer"][-1]["data"]["values"]]
    assert sorted(signs) == ["▲", "●"]


def _light(colour):
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("layer", layers.LAYERS)
def test_every_class_has_a_colour_of_its_own_and_steps_go_one_way_in_lightness(layer, look):
    told = hotspot_map.colours(layer, look)
    assert tuple(told) == layers.classes(layer)
    assert len(set(told.values())) == len(told)
    if layer in layers.BANDS:
        steps = [_light(told[name]) for name in layers.classes(layer)[1:6]]
        assert steps == sorted(steps, reverse=look == "light")


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        ({"county": [{"adcode": "530627"}]}, "530627"),
        ({"county": [{}]}, ""),
        ({"county": []}, ""),
        ({}, ""),
        ({"county": {"adcode": ["530627"]}}, ""),
    ],
)
def test_a_click_beside_the_counties_selects_none(selection, code):
    assert hotspot_map.clicked(SimpleNamespace(selection=selection)) == code


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_province_has_map_legend_and_the_counties_to_look_at(held, signed):
    signed(Role.DUTY_OFFICER)
    shown = everything(page())
    assert "公开报道只是欠薪事件的一小部分" in shown
    assert "审图号" in shown
    assert "截至" in shown
    assert "129 个县（市、区）" in shown
    assert "1. 昆明市五华区" in shown
    assert "2. 昭通市镇雄县" in shown


def test_a_county_clerk_sees_the_own_county_alone(held, signed):
    signed(Role.COUNTY_CLERK, "530627")
    shown = everything(page(county="530102", pref="530100"))
    assert "没有这个县（市、区），或不在您的辖区内" in shown
    assert "镇雄示例工地讨薪" not in shown  # the drawer asked for is another's
    assert "五华示例工地讨薪" not in shown
    assert "昭通市镇雄县" in shown
    assert "1 个县（市、区）" in shown


def test_a_deep_link_opens_the_countys_drawer_and_faults_of_own_files_are_said(held, signed, tmp_path):
    (tmp_path / "population.csv").write_text("code,people,year,source\n530102,x,2025,本办\n", encoding="utf-8")
    signed(Role.LEADER)
    app = page(county="530627", layer="每万人率")
    shown = everything(app)
    assert "镇雄示例工地讨薪" in shown
    assert "五华示例工地讨薪" not in shown
    assert "第 2 行：人数应为正整数" in shown
    assert "2020 年第七次全国人口普查" in shown


def test_who_sees_no_stories_is_refused(held, signed):
    signed(Role.AUDITOR)
    assert "不能" in page().warning[0].value
