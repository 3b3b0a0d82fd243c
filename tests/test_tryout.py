"""试算: what is typed is judged as a report is, with the reasons, and leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitors import settings as settings_module
from monitors.errors import InputError
from monitors.opinion import tryout
from monitors.opinion.judge import Judge
from monitors.opinion.tryout import Asked
from tests.test_labels import FIRST, OTHER, Even

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = NOW.date()
SETTINGS = settings_module.load(environ={})


@pytest.fixture(scope="module")
def judge():
    return Judge(SETTINGS, scorer=Even())


def ask(judge, title="", text="", region="", day=TODAY, national=False):
    return tryout.answer(judge, Asked(title, text, region, day, national), now=NOW)


def test_it_is_the_judges_own_word_with_every_reason(judge):
    found = ask(judge, *FIRST)
    assert found.judgement == judge.judge(*FIRST, published=NOW, now=NOW)
    outputs = {output.field: output for output in found.outputs}
    assert outputs["relevant"].value is True
    assert outputs["county"].value == "530628"
    assert outputs["workers"].value == 74
    assert any("74名" in reason for reason in outputs["workers"].reasons)
    assert outputs["level"].value == found.judgement.severity.level
    assert len(outputs["level"].reasons) == len(found.judgement.severity.parts) + len(found.judgement.severity.floors)
    assert found.weighed[0][1] > 0
    assert not found.cut


def test_an_irrelevant_text_says_so_and_nothing_else(judge):
    found = ask(judge, *OTHER)
    assert [(output.field, output.value) for output in found.outputs] == [("relevant", False)]
    assert found.period == ()


def test_home_of_the_outlet_and_day_count(judge):
    text = "我县一工地30名工人被拖欠工资，从今年3月至8月一直未付，多次讨要无果。"
    assert ask(judge, "工人讨薪", text).judgement.region != "530628"
    assert ask(judge, "工人讨薪", text, region="530628").judgement.region == "530628"
    assert "2026年3月" in ask(judge, "工人讨薪", text).period[0]
    assert "2025年3月" in ask(judge, "工人讨薪", text, day=TODAY - timedelta(days=365)).period[0]
    near = ask(judge, *FIRST, day=datetime(2022, 1, 20, tzinfo=UTC).date()).judgement.severity
    assert any("距春节" in part.why for part in near.parts)
    assert any("全国性媒体" in part.why for part in ask(judge, *FIRST, national=True).judgement.severity.parts)


def test_what_cannot_be_judged_is_said(judge):
    for title, text in (("", ""), ("  ", "\n"), ("\x00", "")):
        with pytest.raises(InputError, match="请输入标题或正文"):
            ask(judge, title, text)
    with pytest.raises(InputError, match="不能晚于今天"):
        ask(judge, *FIRST, day=TODAY + timedelta(days=2))


def test_a_long_text_is_read_to_the_limit_and_said_so(judge):
    limit = SETTINGS.judge.max_chars
    found = ask(judge, FIRST[0], FIRST[1].ljust(limit + 5, "。"))
    assert (found.cut, len(found.text)) == (True, limit)
    assert all(piece.end <= limit for piece in found.judgement.evidence if piece.field == "text")
