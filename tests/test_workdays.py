"""Working days: the announced 调休 of real years, limits counted over them, and the file an operator extends."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.errors import SettingsError
from monitors.ledger import workdays
from monitors.ledger.workdays import add_workdays, is_workday, known, load, workdays_between

DAYS = st.dates(date(2004, 1, 1), date(2031, 12, 31))


def days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2022-01-01", "2022-01-03"),
        ("2022-01-31", "2022-02-06"),
        ("2024-02-10", "2024-02-17"),
        ("2024-10-01", "2024-10-07"),
        ("2025-01-28", "2025-02-04"),
        ("2025-10-01", "2025-10-08"),
        ("2026-02-15", "2026-02-23"),
        ("2026-10-01", "2026-10-07"),
    ],
)
def test_the_whole_holiday_is_off(first, last):
    assert not [day for day in days(first, last) if is_workday(day)]


@pytest.mark.parametrize(
    "day",
    ["2022-01-29", "2022-01-30", "2024-02-04", "2024-02-18", "2024-09-29", "2025-01-26", "2025-02-08", "2026-02-14",
     "2026-02-28", "2026-10-10"],
)  # fmt: skip
def test_weekends_that_were_swapped_are_worked(day):
    swapped = date.fromisoformat(day)
    assert swapped.weekday() >= 5
    assert is_workday(swapped)


def test_five_working_days_after_the_campaign():
    assert add_workdays(date(2022, 1, 31), 5) == date(2022, 2, 11)
    assert workdays_between(date(2022, 1, 31), date(2022, 2, 11)) == 5


def test_counting_starts_the_next_day_and_passes_weekends():
    friday = date(2026, 11, 6)
    assert add_workdays(friday, 0) == friday
    assert add_workdays(friday, 1) == date(2026, 11, 9)
    assert add_workdays(date(2026, 11, 8), 1) == date(2026, 11, 9)
    with pytest.raises(ValueError, match="negative"):
        add_workdays(friday, -1)


def test_sixty_working_days_across_spring_festival():
    # By hand: 22 in December, 21 in January (1–3 off, the 4th worked), 16 in February (15–23 off, 14 and 28 worked), 1.
    assert add_workdays(date(2025, 12, 1), 22) == date(2025, 12, 31)
    assert add_workdays(date(2025, 12, 31), 21) == date(2026, 1, 30)
    assert add_workdays(date(2025, 12, 1), 60) == date(2026, 3, 2)


@given(DAYS, st.integers(0, 400))
def test_adding_and_counting_are_inverse(start, count):
    end = add_workdays(start, count)
    assert workdays_between(start, end) == count
    assert workdays_between(end, start) == -count
    assert not count or is_workday(end)


@given(DAYS, DAYS, st.integers(0, 120))
def test_a_later_start_never_ends_earlier(one, other, count):
    first, second = sorted((one, other))
    assert add_workdays(first, count) <= add_workdays(second, count)
    assert add_workdays(first, count) <= add_workdays(first, count + 1)


@given(DAYS, DAYS, DAYS)
def test_counts_of_adjoining_spans_add_up(a, b, c):
    assert workdays_between(a, b) + workdays_between(b, c) == workdays_between(a, c)


def test_a_year_nobody_announced_has_weekends_and_statutory_days_and_says_so():
    assert known(2022)
    assert known(2026)
    assert not known(2027)
    assert not known(2031)
    statutory = [*days("2027-02-05", "2027-02-08"), date(2027, 1, 1), date(2027, 4, 5), date(2027, 6, 9)]
    assert not [day for day in statutory if is_workday(day)]
    assert is_workday(date(2027, 2, 9))
    assert not is_workday(date(2027, 2, 13))
    assert not is_workday(date(2031, 10, 1))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "holidays.toml"
    path.write_text(text, encoding="utf-8")
    return path


ANNOUNCED = """
[2027]
official = true
off = [2027-01-01, [2027-02-05, 2027-02-11]]
work = [2027-01-31, 2027-02-14]
"""


def test_an_operator_adds_a_year(tmp_path):
    calendar = load(written(tmp_path, ANNOUNCED))
    worked = calendar.workdays(2027)
    assert calendar.known(2027)
    assert {date(2027, 1, 31), date(2027, 2, 14), date(2027, 2, 12)} <= set(worked)
    assert not set(days("2027-02-05", "2027-02-11")) & set(worked)


def test_an_announced_year_in_the_file_overrules_the_package_and_a_guess_does_not(tmp_path):
    table = "[2026]\nofficial = {}\noff = [2026-11-23]\n"
    overruled = load(written(tmp_path, table.format("true"))).workdays(2026)
    assert date(2026, 11, 23) not in overruled
    assert date(2026, 10, 1) in overruled
    kept = load(written(tmp_path, table.format("false"))).workdays(2026)
    assert date(2026, 11, 23) in kept
    assert date(2026, 10, 1) not in kept


WRONG = [
    ("off = [2027-01-01, [2027-02-05, 2027-02-11]]", "off = [2026-01-01]", "第 4 行", "2027.off 2026-01-01 不在这一年"),
    ("off = [2027-01-01, [2027-02-05, 2027-02-11]]", "off = [[2027-02-11, 2027-02-05]]", "第 4 行", "起止颠倒"),
    ("off = [2027-01-01, [2027-02-05, 2027-02-11]]", 'off = ["2027-01-01"]', "第 4 行", "2027.off 应为日期"),
    ("off = [2027-01-01, [2027-02-05, 2027-02-11]]", "off = [2027-01-01T08:00:00]", "第 4 行", "2027.off 应为日期"),
    ("off = [2027-01-01, [2027-02-05, 2027-02-11]]", "off = 2027-01-01", "第 4 行", "2027.off 应为列表"),
    ("work = [2027-01-31, 2027-02-14]", "work = [2027-02-07]", "第 5 行", "2027-02-07 同时写在放假和上班里"),
    ("work = [2027-01-31, 2027-02-14]", "work = [2027-03-01]", "第 5 行", "2027-03-01 不是周六、周日"),
    ("work = [2027-01-31, 2027-02-14]", "working = []", "第 5 行", "2027.working 没有这个设置项"),
    ("official = true", "official = 1", "第 3 行", "2027.official 应为 true 或 false"),
    ("official = true", "", "第 2 行", "2027.official 缺少这一项"),
    ("[2027]", "[二〇二七]", "第 2 行", "不合 TOML 格式"),
    ("[2027]", "[27]", "第 2 行", "27 应为 2004–2100 之间的年份"),
    ("[2027-02-05, 2027-02-11]]", "[2027-02-05, 2027-02-11]", "行", "不合 TOML 格式"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_a_mistake_is_named_with_line_and_key(tmp_path, old, new, place, words):
    assert old in ANNOUNCED
    path = written(tmp_path, ANNOUNCED.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert place in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_missing_or_not_utf8_is_said_so(tmp_path):
    with pytest.raises(SettingsError, match="文件或文件夹不存在"):
        load(tmp_path / "none.toml")
    path = tmp_path / "gbk.toml"
    path.write_bytes("# 放假\n".encode("gbk"))
    with pytest.raises(SettingsError, match="不是 UTF-8"):
        load(path)


def test_the_shipped_file_holds_thirteen_statutory_days_where_none_fall_together():
    off = workdays.load().years[2027].off
    assert len(off) == 13
    assert len(workdays.load().years[2028].off) == 12  # 中秋 falls on October 3rd
