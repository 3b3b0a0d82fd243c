"""Divisions of Yunnan and beyond: counts, names, lineage, old codes."""

from __future__ import annotations

import pytest

from monitors.regions import divisions


def test_yunnan_is_complete():
    assert len(divisions.prefectures()) == 16
    assert len(divisions.counties()) == 129
    assert len(divisions.townships()) == 1461
    assert {d.parent for d in divisions.counties()} == {d.code for d in divisions.prefectures()}
    assert {d.parent for d in divisions.townships()} == {d.code for d in divisions.counties()}


def test_counties_by_prefecture():
    held = dict.fromkeys((d.code for d in divisions.prefectures()), 0)
    for county in divisions.counties():
        held[divisions.prefecture_of(county.code)] += 1
    assert held == {
        "530100": 14, "530300": 9, "530400": 9, "530500": 5, "530600": 11, "530700": 5, "530800": 10, "530900": 8,
        "532300": 10, "532500": 13, "532600": 8, "532800": 3, "532900": 12, "533100": 5, "533300": 4, "533400": 3,
    }  # fmt: skip


def test_all_31_mainland_provinces_and_three_more():
    provinces = [d for d in divisions.everywhere() if d.level == "province"]
    assert len(provinces) == 34
    assert all(divisions.lineage(d.code) == (d.code,) for d in provinces)


@pytest.mark.parametrize(
    ("code", "full", "short", "bare"),
    [
        ("530000", "云南省", "云南", "云南"),
        ("530600", "昭通市", "昭通市", "昭通"),
        ("530627", "昭通市镇雄县", "镇雄县", "镇雄"),
        ("530128", "昆明市禄劝彝族苗族自治县", "禄劝县", "禄劝"),
        ("532800", "西双版纳傣族自治州", "西双版纳州", "西双版纳"),
        ("530922", "临沧市云县", "云县", "云县"),
        ("530102", "昆明市五华区", "五华区", "五华"),
        ("533103", "德宏傣族景颇族自治州芒市", "芒市", "芒市"),
        ("441424", "广东省梅州市五华县", "五华县", "五华"),
        ("110105", "北京市朝阳区", "朝阳区", "朝阳"),
        ("650000", "新疆维吾尔自治区", "新疆", "新疆"),
        ("450000", "广西壮族自治区", "广西", "广西"),
        ("150000", "内蒙古自治区", "内蒙古", "内蒙古"),
        ("810000", "香港特别行政区", "香港", "香港"),
        ("429004", "湖北省仙桃市", "仙桃市", "仙桃"),
        ("530421", "玉溪市江川区", "江川区", "江川"),  # an old code
        ("999999", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_names(code, full, short, bare):
    assert (divisions.full_name(code), divisions.short_name(code), divisions.bare_name(code)) == (full, short, bare)


@pytest.mark.parametrize(
    ("code", "scope", "expected"),
    [
        ("530627", "530627", True),
        ("530627", "530600", True),
        ("530627", "530000", True),
        ("530600", "530600", True),
        ("530600", "530627", False),
        ("530000", "530600", False),
        ("530700", "530600", False),
        ("441424", "530000", False),
        ("530627101", "530627", True),
        ("530630", "530681", True),  # 水富县 became 水富市
        ("", "530000", False),
        ("530627", "", False),
    ],
)
def test_within(code, scope, expected):
    assert divisions.within(code, scope) is expected


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("530122", "晋宁区"), ("530328", "沾益区"), ("530321", "马龙区"), ("530421", "江川区"), ("530422", "澄江市"),
        ("530522", "腾冲市"), ("530630", "水富市"), ("532331", "禄丰市"), ("533421", "香格里拉市"),
        ("533321", "泸水市"),
        ("532522", "蒙自市"), ("532526", "弥勒市"), ("532621", "文山市"), ("532725", "景谷傣族彝族自治县"),
    ],
)  # fmt: skip
def test_old_codes(old, name):
    assert divisions.by_code(old) is None
    found = divisions.by_code(divisions.current_code(old))
    assert found is not None
    assert found.name == name


def test_every_old_code_leads_to_a_living_one():
    table = list(divisions.rows("old_codes.csv"))
    assert len({row["old"] for row in table}) == len(table) > 50
    for row in table:
        assert divisions.by_code(row["old"]) is None
        assert divisions.by_code(row["new"]) is not None
        assert divisions.current_code(row["new"]) == row["new"]


def test_names_of_hand_kept_tables_point_somewhere():
    for row in divisions.rows("names.csv"):
        assert divisions.by_code(row["code"]), row
    bare = {divisions.bare(d) for d in (*divisions.counties(), *divisions.prefectures())}
    tiers = [row["name"] for row in divisions.rows("tiers.csv")]
    assert len(tiers) == len(set(tiers))
    assert set(tiers) <= bare
