"""Checks of single records: each number at its field, at and beside its bound."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import settings as settings_module
from monitors.ledger import checks
from monitors.ledger.faults import MESSAGES, Fault, LedgerError, refuse
from monitors.ledger.model import LEADERS, Channel
from monitors.regions import divisions

SETTINGS = settings_module.load(environ={})
TODAY = date(2026, 11, 23)


def codes(found: list[Fault]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in found]


def test_refuse_says_everything_at_once():
    with pytest.raises(LedgerError) as caught:
        refuse([*checks.persons("claimed_migrants", 3, 2), None, *checks.required("region", "", "地区")])
    assert codes(caught.value.faults) == [("E01", "claimed_migrants"), ("", "region")]
    assert str(caught.value) == "E01 农民工人数不能大于职工总人数；请填写地区"
    refuse([None])


@pytest.mark.parametrize("value", [None, "", "  ", "\u3000", [], ()])
def test_missing(value):
    assert checks.required("plan", value, "化解方案") == [Fault("plan", "请填写化解方案")]


@pytest.mark.parametrize("value", [0, "无", False, ["甲"], TODAY])
def test_not_missing(value):
    assert checks.required("plan", value, "化解方案") == []


def test_text_is_bounded_and_storable():
    assert checks.text("plan", "字" * 500, "化解方案") == []
    assert "现有501个字" in checks.text("plan", "字" * 501, "化解方案")[0].words
    assert checks.text("plan", "一\n二\t三\r\n", "化解方案") == []
    for bad in ("一\x00", "\x07", "\x7f", "\ud800"):
        assert "控制字符" in checks.text("plan", bad, "化解方案")[0].words
    assert checks.text("plan", None, "化解方案") == []
    assert checks.text("name", "字" * 61, "责任人", 60)


def test_choices():
    assert checks.choice("channel", "12333", Channel, "渠道") == []
    assert checks.choice("channel", Channel.PETITION, Channel, "渠道") == []
    assert "电话、网站" in checks.choice("channel", "微信", Channel, "渠道")[0].words
    assert checks.choice("channel", "", Channel, "渠道") == []
    assert checks.tags(["陈案", "群体性"]) == []
    assert "“急件”不在可选范围" in checks.tags(["陈案", "急件"])[0].words
    assert checks.tags(["陈案", "陈案"])[0].words == "标签有重复"


def test_counts_and_amounts_are_bounded():
    assert checks.count("persons", 0, "人数") == checks.fen("fen", 0, "金额") == []
    assert checks.count("persons", -1, "人数")[0].words == "人数不能为负数"
    assert checks.count("persons", checks.MAX_COUNT + 1, "人数")
    assert checks.fen("fen", checks.MAX_FEN + 1, "诉求金额")
    assert checks.fen("fen", None, "诉求金额") == []
    assert checks.MAX_FEN * 900_000 < 2**63


def test_e01_and_e02_at_the_migrants_field():
    assert codes(checks.persons("claimed_migrants", 13, 12)) == [("E01", "claimed_migrants")]
    assert checks.persons("claimed_migrants", 12, 12) == []
    assert codes(checks.money("verified_migrant_fen", 101, 100)) == [("E02", "verified_migrant_fen")]
    assert checks.money("verified_migrant_fen", 100, 100) == []
    assert checks.persons("m", None, 1) == checks.persons("m", 1, None) == checks.money("m", None, 1) == []


@pytest.mark.parametrize(
    ("workers", "fen", "expected"),
    [
        (5_000, 5_000 * 100_00, []),
        (5_001, 5_001 * 100_00, [("E13", "w")]),
        (1, 99_99, [("E13", "f")]),
        (1, 100_00, []),
        (1, 500_000_00, []),
        (1, 500_000_01, [("E13", "f")]),
        (3, 299_99, [("E13", "f")]),
        (6_000, 1_00, [("E13", "w"), ("E13", "f")]),
        (0, 100_00, []),
        (None, 100_00, []),
        (10, None, []),
        (10, 0, []),
    ],
)
def test_e13_units_mixed_up(workers, fen, expected):
    assert codes(checks.plausible("w", workers, "f", fen)) == expected


def test_e11_days_after_today_or_before_the_arrears():
    arose = date(2026, 9, 1)
    days = {"accepted_on": date(2026, 11, 24), "verified_on": date(2026, 8, 31), "filed_on": TODAY, "closed_on": None}
    assert codes(checks.dates(days, today=TODAY, since=arose)) == [("E11", "accepted_on"), ("E11", "verified_on")]
    assert checks.dates({"a": arose, "b": TODAY}, today=TODAY, since=arose) == []
    assert checks.dates({"a": date(1904, 1, 1)}, today=TODAY)[0].words == "日期1904-01-01过早，请核对年份"


def test_days_in_order():
    words = "欠薪止不能早于欠薪起"
    assert checks.ordered(TODAY, "period_to", date(2026, 11, 22), words) == [Fault("period_to", words)]
    assert checks.ordered(TODAY, "period_to", TODAY, words) == checks.ordered(None, "period_to", TODAY, words) == []


def test_e03_at_each_of_the_four():
    full = {"plan": "分三期支付", "unit": "示例公司", "person": "示例人员", "due": TODAY}
    assert checks.duty(full) == []
    assert codes(checks.duty({})) == [("E03", name) for name in ("plan", "unit", "person", "due")]
    for name in full:
        assert codes(checks.duty(full | {name: None})) == [("E03", name)]


def test_e14_and_whose_leader():
    assert codes(checks.leader(True, " ", "")) == [("E14", "leader")]
    assert checks.leader(False, "", "") == []
    assert codes(checks.leader(True, "示例人员", "")) == [("", "leader_unit")]
    assert "、".join(LEADERS) in checks.leader(False, "示例人员", "项目部")[0].words
    assert checks.leader(True, "示例人员", LEADERS[0]) == []


def test_e04():
    assert codes(checks.credit_code("91530100000000000M")) == [("E04", "uscc")]
    assert checks.credit_code("91530100000000000N") == checks.credit_code("") == checks.credit_code(None) == []


def test_regions_of_records_and_seats_of_employers():
    assert checks.region("530627") == checks.region("530600") == checks.region("530000") == []
    assert checks.region("")[0].words == "请选择地区"
    for wrong in ("530699", "53062", "530627001", "abcdef"):
        assert "不是有效的区划代码" in checks.region(wrong)[0].words
    assert "云南省内" in checks.region("510100")[0].words
    assert checks.region("510100", anywhere=True) == []


@pytest.mark.parametrize(
    ("code", "prefecture", "county", "fits"),
    [
        ("530627", "昭通市", "镇雄县", True),
        ("530627", "昭通", "镇雄", True),
        ("530627", "云南省昭通市", "昭通市镇雄县", True),
        ("530627", "", "镇雄县", True),
        ("530627", "昭通市", "", True),
        ("530627", "昭通市", "彝良县", False),
        ("530627", "曲靖市", "镇雄县", False),
        ("530600", "昭通市", "", True),
        ("530600", "昭通市", "镇雄县", False),
        ("532901", "大理州", "大理市", True),
        ("532901", "大理白族自治州", "大理", True),
        ("530115", "昆明市", "晋宁区", True),
        ("530122", "昆明市", "晋宁区", True),  # its old code
        ("999999", "昆明市", "", False),
    ],
)
def test_e08_code_and_names(code, prefecture, county, fits):
    found = checks.region_fault(code, prefecture, county)
    assert (found is None) == fits
    assert found is None or (found.code, found.words) == ("E08", MESSAGES["E08"])


def test_every_division_is_found_by_any_of_its_names():
    for county in divisions.counties():
        above = divisions.by_code(county.parent)
        for name in (county.name, divisions.everyday(county), divisions.bare(county), above.name + county.name):
            for prefecture in (above.name, divisions.everyday(above), divisions.bare(above), f"云南省 {above.name}"):
                assert checks.region_named(prefecture, name) == county.code
                assert checks.region_fault(county.code, prefecture, name) is None
    for prefecture in divisions.prefectures():
        assert checks.region_named(divisions.bare(prefecture)) == prefecture.code


def test_names_that_do_not_fit_find_nothing():
    assert checks.region_named("曲靖市", "镇雄县") is None
    assert checks.region_named("", "") is None
    assert checks.region_named("成都市") is None
    assert checks.region_named("", "镇雄县") == "530627"


@given(st.sampled_from(divisions.counties()), st.sampled_from(divisions.counties()))
def test_a_code_fits_the_names_of_no_other_county(one, other):
    above = divisions.by_code(other.parent)
    assert (checks.region_fault(one.code, above.name, other.name) is None) == (one == other)


def test_size_that_makes_a_case_major():
    assert not checks.is_major(49, 999_999_99, SETTINGS)
    assert checks.is_major(50, 0, SETTINGS)
    assert checks.is_major(None, 1_000_000_00, SETTINGS)
