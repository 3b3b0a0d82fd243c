"""For which months wages are owed: the ways reports tell it, and what is no such period."""

from datetime import UTC, date, datetime

import pytest

from monitors import settings
from monitors.opinion import arrears
from monitors.opinion.judge import Judge, as_json
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read

PUBLISHED = date(2026, 3, 10)
TOLD = [
    ("拖欠我们2025年3月至8月工资共四万元", "2025-03", "2025-08", 6),
    ("公司欠发9月、10月两个月工资", "2025-09", "2025-10", 2),
    ("拖欠2025年11月到今年2月的工钱", "2025-11", "2026-02", 4),
    ("去年十一月至今年一月工资未发", "2025-11", "2026-01", 3),
    ("自2025年12月起停发工资", "2025-12", "", None),
    ("从去年6月开始就没有发过工资", "2025-06", "", None),
    ("12月后没再发过工资", "2026-01", "", None),
    ("厂里一直拖欠去年五六月份的工资", "2025-05", "2025-06", 2),
    ("老板没给2月份工资", "2026-02", "2026-02", 1),
    ("7月份工资到现在没发", "2025-07", "2025-07", 1),
    ("上个月工资没发", "2026-02", "2026-02", 1),
    ("去年下半年的工钱还欠着", "2025-07", "2025-12", 6),
    ("2024年全年的工资没有着落", "2024-01", "2024-12", 12),
    ("我们从三月干到九月，一分工资没给", "2025-03", "2025-09", 7),
    ("已连续4个月没领到工资", "", "", 4),
    ("拖欠半年工资", "", "", 6),
    ("从去年腊月到现在工资一分没发", "2026-01", "", None),
    ("去年冬月和腊月的工钱没结", "2025-12", "2026-01", 2),
    ("今年正月的工资到现在没给", "2026-02", "2026-02", 1),
    ("从前年腊月到去年五月的工资没给", "2025-01", "2025-05", 5),
    ("2024年腊月的工钱没结", "2025-01", "2025-01", 1),
    ("去年7月下半月工资拖着不发", "2025-07", "2025-07", 1),
    ("去年5月16日至31日的工资未支付", "2025-05", "2025-05", 1),
    ("去年8月1日到15日的工钱没结", "2025-08", "2025-08", 1),
    ("三个多月的薪水没有发", "", "", 3),
    ("一年半的工资没结", "", "", 18),
    ("自2025年9月起欠发工资，累计欠发5个月", "2025-09", "2026-01", 5),
]
NOT_TOLD = [
    "承诺12月10日前付清工资",
    "3月7日，法院开庭审理这起欠薪案",
    "干了八个月，工资没给够",
    "被告人拖欠工资，获刑十个月",
    "月薪4500元，被拖欠工资",
    "追回拖欠两年的工资",
    "讨薪队伍等了三个月",
    "拖欠两个半月工资",
    "2026年2月3日电 某公司拖欠工资",
]


def _find(text, title=""):
    return arrears.find(read(title, shipped()), read(text, shipped()), PUBLISHED)


@pytest.mark.parametrize(("text", "first", "last", "months"), TOLD)
def test_months_told(text, first, last, months):
    found = _find(text)
    assert found is not None
    assert (found.first, found.last, found.months) == (first, last, months)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_is_no_period(text):
    assert _find(text) is None


def test_a_headline_tells_it_too():
    found = _find("工人们仍在等。", title="一砖厂拖欠十二名工人1至3月工资")
    assert found is not None
    assert (found.field, found.first, found.last) == ("title", "2026-01", "2026-03")


def test_the_judgement_carries_it_with_the_reports_own_words():
    judge = Judge(settings.load())
    at = datetime(2026, 3, 10, tzinfo=UTC)
    found = judge.judge(
        "建水县一砖厂拖欠工资", "砖厂拖欠12名工人２０２５年１０月至１２月工资共9.6万元。", published=at, now=at
    )
    assert as_json(found)["period"] == {
        "from": "2025-10",
        "to": "2025-12",
        "months": 3,
        "text": "２０２５年１０月至１２月",
    }
    evidence = [one for one in found.evidence if one.about == "period"]
    assert [one.why for one in evidence] == ["欠薪时段：2025年10月至2025年12月（3个月）"]
    unrelated = judge.judge("樱花开了", "公园里1月至3月都有花看。", published=at, now=at)
    assert as_json(unrelated)["period"] is None
