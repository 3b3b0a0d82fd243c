"""Outlines, centres and populations of the counties: complete, consistent, and faults of own files told in words."""

from __future__ import annotations

import json
import math

import pytest

from monitors.errors import InputError
from monitors.regions import divisions, shapes, shapes_build

COUNTIES = {county.code for county in divisions.counties()}


@pytest.fixture
def topology():
    return json.loads(shapes.SHIPPED.read_text(encoding="utf-8"))


def fault(topology):
    return shapes.fault_of(json.dumps(topology).encode())


def ring_of(topology, code):
    shape = next(one for one in topology["objects"]["county"]["geometries"] if one["properties"]["adcode"] == code)
    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
    return shape, polygons


def holds(polygons, arcs, lon, lat):
    """Even–odd rule over all rings."""
    inside = False
    for polygon in polygons:
        for ring in polygon:
            points = [point for index in ring for point in (arcs[index] if index >= 0 else arcs[~index][::-1])]
            for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
                if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                    inside = not inside
    return inside


def test_the_shipped_outlines_are_what_the_map_asks_for(topology):
    assert shapes.fault_of(shapes.SHIPPED.read_bytes()) is None
    assert len(topology["objects"]["county"]["geometries"]) == 129
    assert len(topology["objects"]["pref"]["geometries"]) == 16
    assert shapes.SHIPPED.stat().st_size < 130_000  # fetched by every first visit


def test_every_centre_lies_in_its_own_county(topology):
    arcs = shapes._arcs(topology)
    centres = shapes.centres()
    assert set(centres) == COUNTIES
    outside = [code for code, at in centres.items() if not holds(ring_of(topology, code)[1], arcs, *at)]
    assert outside == []


def test_known_towns_lie_in_their_counties(topology):
    """Seats of government, WGS-84; 禄丰 changed its code, 镇雄 and 泸水 lie at the province's edges."""
    arcs = shapes._arcs(topology)
    for code, at in {"532302": (102.075, 25.146), "530627": (104.873, 27.436), "533301": (98.854, 25.851)}.items():
        assert holds(ring_of(topology, code)[1], arcs, *at)


def test_unshifting_undoes_the_shift():
    for lon, lat in ((102.71, 25.04), (97.55, 23.9), (106.1, 24.2)):
        off = shapes_build.shift(lon, lat)
        assert 100 < math.hypot(off[0] * 100_000, off[1] * 111_000) < 800  # metres
        back = shapes_build.unshifted(lon + off[0], lat + off[1])
        assert back == pytest.approx((lon, lat), abs=1e-7)


def test_a_centre_is_that_of_the_largest_part():
    square = [(100.0, 25.0), (100.0, 26.0), (101.0, 26.0), (101.0, 25.0)]
    islet = [(105.0, 25.0), (105.0, 25.1), (105.1, 25.1), (105.1, 25.0)]
    assert shapes_build.centre([[islet], [square]]) == pytest.approx((100.5, 25.5))


def test_a_centre_is_never_outside():
    bend = [(100.0, 25.0), (100.0, 28.0), (103.0, 28.0), (103.0, 27.0), (101.0, 27.0), (101.0, 25.0)]
    lon, lat = shapes_build.centre([[bend]])
    assert 100 < lon < 101
    assert 25 < lat < 27


def test_populations_add_up_to_the_province():
    people = shapes.population()
    assert set(people) == COUNTIES | {one.code for one in divisions.prefectures()}
    assert sum(people[one.code].people for one in divisions.prefectures()) == 47_209_277
    for above in divisions.prefectures():
        assert sum(people[code].people for code in COUNTIES if code[:4] == above.code[:4]) == people[above.code].people
    assert all(one.year == 2020 and one.source for one in people.values())


def test_own_figures_go_over_the_shipped_ones(tmp_path):
    file = tmp_path / "population.csv"
    file.write_text(
        "code,people,year,source\n530627,200000,2025,本办农民工台账\n532331,5,2024,旧代码\n", encoding="utf-8"
    )
    people = shapes.own_population(file)
    assert people["530627"] == shapes.Population("530627", 200_000, 2025, "本办农民工台账")
    assert people["532302"].people == 5  # 禄丰 under its old code
    assert people["530102"] == shapes.population()["530102"]
    assert shapes.own_population(tmp_path / "none.csv") == shapes.population()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("999999,1,2020,x", "第 2 行：没有代码"),
        ("530102,many,2020,x", "第 2 行：人数"),
        ("530102,0,2020,x", "第 2 行：人数"),
        ("530102,1,20,x", "第 2 行：年份"),
        ("530103,1,2020,x\n530103,2,2020,x", "第 3 行：昆明市盘龙区已有一行"),
        ("530102", "第 2 行：人数"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, words):
    file = tmp_path / "population.csv"
    file.write_text(f"code,people,year,source\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        shapes.own_population(file)


def test_a_population_file_that_is_none(tmp_path):
    file = tmp_path / "population.csv"
    file.write_text("代码,人数\n", encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行"):
        shapes.own_population(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        shapes.own_population(file)


def test_official_outlines_drop_in(tmp_path, topology):
    file = tmp_path / "own.topo.json"
    file.write_text(json.dumps(topology), encoding="utf-8")
    own, shipped = shapes.outlines(file), shapes.outlines(None)
    assert (own.official, shipped.official) == (True, False)
    assert own.version != shipped.version  # the browser must not keep drawing the other one
    assert json.loads(own.text) == json.loads(shipped.text)


def test_official_outlines_that_cannot_be_drawn_are_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="不存在"):
        shapes.outlines(tmp_path / "none.json")
    file = tmp_path / "own.json"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="为空"):
        shapes.outlines(file)
    for text in (b"{}", b"[]", b"not json", b'{"type":"Topology","objects":{},"arcs":[]}'):
        file.write_bytes(text)
        with pytest.raises(InputError, match="结构不对"):
            shapes.outlines(file)


def test_a_file_left_aside_is_said_and_read_anew_once_it_is_mended(tmp_path):
    assert shapes.chosen("", tmp_path)[1] == ""
    found, words = shapes.chosen("own.json", tmp_path)
    assert "own.json" in words
    assert found == shapes.outlines(None)
    (tmp_path / "own.json").write_bytes(shapes.SHIPPED.read_bytes())
    found, words = shapes.chosen("own.json", tmp_path)
    assert words == ""
    assert found.official


def test_what_is_wrong_with_a_file_is_said(topology):
    counties = topology["objects"]["county"]["geometries"]
    first = counties[0]["properties"]
    keep = dict(first)

    first["name"] = "别名区"
    assert "与区划表不一致" in fault(topology)
    first.update(keep, adcode="539999")
    assert "缺 1 个" in fault(topology)
    first.update(keep)

    counties.append(counties[1])
    assert "130 个" in fault(topology)
    counties.pop()

    gone = topology["objects"]["pref"]["geometries"].pop()
    assert "16 个" in fault(topology)
    topology["objects"]["pref"]["geometries"].append(gone)

    topology["transform"]["translate"][0] -= 60
    assert "不在云南附近" in fault(topology)
    topology["transform"]["translate"][0] += 60
    assert fault(topology) is None


def test_counter_clockwise_rings_are_refused(topology):
    shape, polygons = ring_of(topology, "530627")
    for polygon in polygons:
        polygon[:] = [[~index for index in reversed(ring)] for ring in polygon]
    assert "逆时针" in fault(topology)
    assert shape["properties"]["adcode"] in fault(topology)
