"""What people write into cells becomes persons, 分 and days, or words that say what to write."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.errors import InputError
from monitors.ledger import workbook_values as values
from monitors.ledger.workbook_columns import BY_KEY


@pytest.mark.parametrize(
    ("cell", "unit", "fen"),
    [
        ("１２，６００", "", 1_260_000), ("1.26万元", "元", 1_260_000), (3.5, "万元", 3_500_000),
        ("3.5", "万元", 3_500_000),
        ("35000元", "万元", 3_500_000), ("¥1,234.50", "", 123_450), (0.1 + 0.2, "", 30),
        ("—", "", None), ("", "", None),
        (None, "", None), ("人民币12万元整", "", 12_000_000), (0, "", 0), (1234.567, "", 123_457),
        ("２．５ 万 元", "", 2_500_000),
        (12, "千元", 1_200_000), ("0.5亿元", "", 5_000_000_000),
    ],
)  # fmt: skip
def test_money(cell, unit, fen):
    assert values.money(cell, unit) == fen


@pytest.mark.parametrize("cell", ["1,2万", -3, "-3", "约5万元", "5-6万", True, 1e300, "九万", "12元5角", "1e5"])
def test_what_is_no_amount_is_refused(cell):
    with pytest.raises(InputError, match="金额"):
        values.money(cell, "")


@pytest.mark.parametrize(
    ("cell", "persons"),
    [("12人", 12), ("１２", 12), (12.0, 12), ("1.2万", 12_000), ("/", None), ("1,200名", 1200), (0, 0)],
)
def test_persons(cell, persons):
    assert values.count(cell) == persons


@pytest.mark.parametrize("cell", [12.5, "50余人", True, -3, "-3", "十二", "1,2", 10**9])
def test_what_is_no_number_of_persons_is_refused(cell):
    with pytest.raises(InputError, match="人数"):
        values.count(cell)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2021-11-1", date(2021, 11, 1)), ("２０２１．１１．１", date(2021, 11, 1)),
        ("2021年11月1日", date(2021, 11, 1)),
        ("2021/11/01 08:30", date(2021, 11, 1)), ("20211101", date(2021, 11, 1)), (20211101.0, date(2021, 11, 1)),
        (44501.0, date(2021, 11, 1)), (44501.75, date(2021, 11, 1)), (date(2021, 11, 1), date(2021, 11, 1)),
        ("无", None),
    ],
)  # fmt: skip
def test_days(cell, day):
    assert values.day(cell, date1904=False) == day


def test_a_bare_number_counts_from_the_workbooks_own_epoch():
    assert values.day(43039, date1904=True) == values.day(44501, date1904=False) == date(2021, 11, 1)


@pytest.mark.parametrize("cell", ["2021年13月1日", "2021-02-30", "昨天", "1899-1-1", 2021.11, "2021-11", 12, True])
def test_what_is_no_day_is_refused(cell):
    with pytest.raises(InputError):
        values.day(cell, date1904=False)


def test_a_month_is_its_first_or_last_day_where_a_period_is_meant():
    assert values.day("2024年2月", date1904=False, month="last") == date(2024, 2, 29)
    assert values.day("2024.02", date1904=False, month="first") == date(2024, 2, 1)
    assert values.day(2024.11, date1904=False, month="first") == date(2024, 11, 1)
    with pytest.raises(InputError, match="1月也可能是10月"):
        values.day(2024.1, date1904=False, month="first")


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("2026年3月至9月", date(2026, 3, 1), date(2026, 9, 30)),
        ("2026.3-2026.9", date(2026, 3, 1), date(2026, 9, 30)),
        ("2026-03-01至2026-09-15", date(2026, 3, 1), date(2026, 9, 15)), ("2026年3月至今", date(2026, 3, 1), None),
        ("2026年3月", date(2026, 3, 1), date(2026, 3, 31)),
        ("2026年3月1日—2026年9月5日", date(2026, 3, 1), date(2026, 9, 5)),
    ],
)  # fmt: skip
def test_periods(cell, first, last):
    assert values.period(cell, date1904=False) == (first, last)


def test_choices_take_other_offices_words_and_refuse_the_rest():
    assert values.choice("建筑业", BY_KEY["class_"]) == "建筑企业"
    assert (
        values.choice("领导(只读)", BY_KEY["class_"].__class__("x", "x", "choice", choices=("领导（只读）",)))
        == "领导（只读）"
    )
    with pytest.raises(InputError, match="可选范围"):
        values.choice("火星", BY_KEY["channel"])


@given(st.integers(0, 10**13 - 1))
def test_any_amount_written_as_yuan_is_read_as_it_was(fen):
    assert values.money(f"{fen // 100:,}.{fen % 100:02d}元", "万元") == fen


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text):
    for read in (
        lambda: values.money(text, ""),
        lambda: values.count(text),
        lambda: values.day(text, date1904=False, month="last"),
        lambda: values.period(text, date1904=False),
        lambda: values.yes(text),
    ):
        with contextlib.suppress(InputError):  # any other error fails the test
            read()
