"""Arrears told aslant (no 欠薪 in sight), and wage words that are no case: four sets of invented reports.

Each set was measured before any rule had seen it; sets 1–3 were then worked on, set 4 never was: it shows what the
rules do with wording they were not made for. Right before that work, as (precision, recall, stance): set 1 8/15, 8/21,
8/21; set 2 11/16, 11/24, 8/24; set 3 13/17, 13/25, 9/25; set 4 after it 14/16, 14/16, 12/16.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitors import settings
from monitors.opinion.judge import Judge, Report

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "judge_retold.jsonl").read_text(encoding="utf-8").splitlines()
]


class Even:
    """A scorer without an opinion: what is tested here is not the tone."""

    def score(self, texts):
        return [0.5] * len(texts)


@pytest.fixture(scope="module")
def found():
    judge = Judge(settings.load(), scorer=Even())
    answers = judge.judge_many([Report(row["title"], row["text"], NOW, now=NOW) for row in ROWS])
    return list(zip(ROWS, answers, strict=True))


# Rows of a set that may be wrong: (called a case and is none, a case missed, stance wrong).
@pytest.mark.parametrize(
    ("number", "false", "missed", "stance"), [(1, 0, 0, 1), (2, 0, 3, 3), (3, 0, 4, 4), (4, 2, 2, 4)]
)
def test_a_set_is_read_no_worse_than_it_was(found, number, false, missed, stance):
    rows = [(row, answer) for row, answer in found if row["set"] == number]
    called = [row["title"] for row, answer in rows if answer.relevant and not row["relevant"]]
    lost = [row["title"] for row, answer in rows if row["relevant"] and not answer.relevant]
    wrong = [row["title"] for row, answer in rows if row["relevant"] and answer.stance != row["stance"]]
    assert len(called) <= false, called
    assert len(lost) <= missed, lost
    assert len(wrong) <= stance, wrong


def test_the_acts_told_are_found(found):
    told = [(row["act"], answer.acts) for row, answer in found if "act" in row]
    assert told
    assert all(act in acts for act, acts in told)


def test_the_sets_hold_both_kinds_and_no_text_twice():
    assert len(ROWS) >= 120
    assert len({row["title"] + row["text"] for row in ROWS}) == len(ROWS)
    for number in (1, 2, 3, 4):
        kinds = {row["relevant"] for row in ROWS if row["set"] == number}
        assert kinds == {True, False}
