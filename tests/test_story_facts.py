"""What a story says as a whole: a table of reports and the facts they give together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitors.opinion.story_facts import Report, summarise

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BASE = Report(
    title="工人讨薪", outlet="甲", tier=3, national=False, published_at=NOW - timedelta(hours=3), region="530627",
    scope="本省", kind="讨薪维权", stance="unresolved", sentiment=-0.5, workers=None, amount_fen=None, employer=None,
    matched=("讨薪",), acts=("complaint",),
)  # fmt: skip


def r(**changes):
    hours = changes.pop("hours", None)
    if hours is not None:
        changes["published_at"] = NOW - timedelta(hours=hours)
    return replace(BASE, **changes)


@pytest.mark.parametrize(
    ("reports", "workers", "disagree"),
    [
        ([r()], None, False),
        ([r(workers=30), r(outlet="乙")], 30, False),
        ([r(workers=30), r(workers=30, outlet="乙"), r(workers=50, outlet="丙")], 30, True),
        # One outlet repeating itself is one voice.
        ([r(workers=30), r(workers=30), r(workers=50, outlet="乙", tier=1)], 50, True),
        # Equal voices, equal credit: the larger number, because first reports undercount.
        ([r(workers=30), r(workers=50, outlet="乙")], 50, True),
    ],
)
def test_numbers_agree_by_outlets_then_credit_then_size(reports, workers, disagree):
    facts = summarise(reports, NOW)
    assert facts.workers == workers
    assert bool(facts.disagreements) is disagree


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (["530627", "530600"], "530627"),
        (["530600", "530600", "530600", "530627", "530628", "530628"], "530628"),
        (["", "530000"], "530000"),
        ([""], ""),
        (["530102", "530600", "530600"], "530600"),
    ],
)
def test_the_finest_supported_place_wins(regions, expected):
    reports = [r(region=code, outlet=str(number)) for number, code in enumerate(regions)]
    assert summarise(reports, NOW).region == expected


@pytest.mark.parametrize(
    ("reports", "settled", "stance"),
    [
        ([r(hours=5), r(hours=1, stance="resolved", tier=1, outlet="乙")], True, "resolved"),
        ([r(hours=5), r(hours=1, stance="resolved", tier=4, outlet="乙")], False, "resolved"),
        ([r(hours=1), r(hours=5, stance="resolved", tier=1, outlet="乙")], False, "unresolved"),
        ([r(stance="neutral")], False, "neutral"),
    ],
)
def test_only_the_latest_official_word_settles(reports, settled, stance):
    facts = summarise(reports, NOW)
    assert (facts.settled, facts.stance) == (settled, stance)


def test_outlets_growth_and_first_publication():
    reports = [r(hours=h, outlet=o) for h, o in ((30, "甲"), (9, "甲"), (4, "乙"), (2, "丙"), (1, "丁"))]
    facts = summarise(reports, NOW)
    assert (facts.outlets, facts.outlets_24h, facts.first_outlet) == (4, 4, "甲")
    assert facts.growth == 3.0
    assert facts.first_published_at == NOW - timedelta(hours=30)
    assert summarise(reports[2:], NOW).growth is None


def test_in_province_reports_speak_for_the_story():
    facts = summarise([r(scope="背景", region="", workers=9, hours=9), r(workers=20)], NOW)
    assert (facts.scope, facts.workers, facts.region) == ("本省", 20, "530627")


def test_order_of_reports_does_not_matter():
    reports = [r(workers=n, hours=n, outlet=str(n), region=c) for n, c in ((3, "530600"), (5, "530627"), (7, "530628"))]
    assert summarise(reports, NOW) == summarise(reports[::-1], NOW)
