"""Keyword rules under odd hands: a database changed by hand, patterns made to be slow, rules for other provinces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from monitors.opinion import lab_gold, lab_try, rule_judge, rule_lab, rule_patterns, rule_sets, tryout
from monitors.opinion.judge import Judge, Report
from monitors.opinion.lab_figures import Gold
from monitors.opinion.rule_grammar import MAX_ALL_STEPS, RulesError, parse
from monitors.opinion.rule_match import match
from monitors.opinion.rule_sets import Alias, Draft, RuleSet
from monitors.opinion.training import Scores
from monitors.store import tables as t
from tests.test_intake_stories import NOW, SETTINGS, Desk, Even
from tests.test_rule_judging import ABROAD, LOST, UNSEEN
from tests.test_rule_lab import publish

CARS = "【车队】\n车队\n级别：II"


@pytest.fixture(scope="module")
def plain():
    return Judge(SETTINGS, scorer=Even())


def by_hand(store, text="", thresholds=None, aliases=None):
    """A version as somebody with a database program leaves it."""
    with store.write() as connection:
        return connection.execute(
            insert(t.rule_set)
            .values(
                at=NOW, by="赵管理员", reason="", text=text, thresholds=thresholds or {}, aliases=aliases or [],
                figures={},
            )
            .returning(t.rule_set.c.id)
        ).scalar_one()  # fmt: skip


def relevant(judge, report):
    return judge.judge_many([Report(*report, NOW, now=NOW)])[0].relevant


# ── the laboratory ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "report", "gained"),
    [("地区：外省", ABROAD, ["II"]), ("地区：未定位", LOST, ["II"]), ("地区：不限", ABROAD, ["II"]), ("", ABROAD, [])],
)
def test_a_trial_opens_what_a_rule_for_other_places_would_open(store, plain, monkeypatch, line, report, gained):
    even = Gold(Scores(1, 0, 0, 1), Scores(1, 0, 0, 1), "", ())
    monkeypatch.setattr(lab_gold, "compare", lambda before, after: even)
    publish(Desk(store, plain), "论坛", *report)
    draft = Draft(f"{CARS}\n{line}".strip())
    found = rule_lab.run(store, SETTINGS, draft, against=0, days=30, now=NOW + timedelta(hours=6))
    assert [one.after for one in found.gained.rows] == gained


# ── a version that does not read ─────────────────────────────────────────────────────────────────────────────────────


def test_the_last_keyword_rules_that_read_go_on_judging_and_that_is_said(store):
    good = by_hand(store, CARS)
    with store.read() as connection:
        assert rule_sets.unread(connection) == ""
    by_hand(store, "【甲】\n钱")
    bad = by_hand(store, "没有名称")
    with store.read() as connection:
        present, told = rule_sets.in_force(connection), rule_sets.unread(connection)
        judge = rule_judge.present(connection, SETTINGS, scorer=Even())
    assert (present.id, present.spare.id) == (bad, good)
    assert told == f"第 {bad} 版研判规则的关键词规则读不出，沿用第 {good} 版的关键词规则"
    assert judge.version.endswith(f"·规则集 {bad}（关键词沿用第 {good} 版）")
    assert relevant(judge, UNSEEN)
    watch = rule_judge.Presiding(SETTINGS, RuleSet(0, Draft()), scorer=Even())
    watch.take_up(present)
    assert relevant(watch, UNSEEN)


def test_numbers_and_spellings_that_are_none_stop_nobody(store, plain):
    limits = {"severity.level_4": "二十", "severity.level_1": None, "judge.relevance_threshold": True, "x": [1]}
    by_hand(store, CARS, limits, [{"word": "讨莘"}, "讨莘", None, {"word": "讨莘", "means": "讨薪"}])
    with store.read() as connection:
        present = rule_sets.in_force(connection)
        assert rule_sets.effective(connection, SETTINGS) == SETTINGS
        assert rule_sets.settings_under(SETTINGS, present) == SETTINGS
        assert present.draft.aliases == (Alias("讨莘", "讨薪"),)
        judge = rule_judge.present(connection, SETTINGS, scorer=Even())
    desk = Desk(store, judge)
    desk.take("都市报", *UNSEEN)
    assert [alert.level for alert in desk.alerts()] == ["II"]


# ── 试算 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_points_and_threshold_are_those_of_the_rules_in_force(plain):
    text = ("镇雄县一名工人反映", "昭通市镇雄县一名工人说，老板拖捡苦银子半年不给。")
    asked = tryout.Asked(*text, "", NOW.date())
    draft = Draft("", {"judge.relevance_threshold": 0.25}, (Alias("拖捡", "拖欠"), Alias("苦银子", "工资")))
    before = tryout.answer(plain, asked, now=NOW)
    after = tryout.answer(rule_judge.under(SETTINGS, RuleSet(3, draft), like=plain), asked, now=NOW)
    assert (before.threshold, after.threshold) == (SETTINGS.judge.relevance_threshold, 0.25)
    assert sum(points for _, points in after.weighed) > sum(points for _, points in before.weighed)


# ── patterns made to be slow ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ("讨薪(队伍|车队)", 11),  # 2, the bracket 5, either of two
        ("讨薪.{0,3}队", 2 + 2 * 3 + 4),  # each length is tried again from behind, and the last after each
        ("(甲乙){3}丙", 3 * (5 + 2) + 1),
        ("[甲乙]{50}[丙]", 51),
    ],
)
def test_the_steps_of_a_pattern_are_counted(written, steps):
    assert rule_patterns.read(written).steps == steps


@pytest.mark.parametrize("written", ["(" + "a" * 120 + "){50}[b]", "(a|[a]){9}[b]a", "(a[a-z])?" * 9 + "[b]a"])
def test_one_way_may_still_be_too_long(written):
    with pytest.raises(rule_patterns.PatternError, match="步"):
        rule_patterns.read(written)


def test_all_patterns_together_are_bounded_by_steps_not_by_ways():
    one = "【规则{n}】\n/[a-z]{{50}}[a-z]{{50}}[{n}]/"
    most = MAX_ALL_STEPS // 101
    assert len(parse("\n\n".join(one.format(n=n) for n in range(most)))) == most
    with pytest.raises(RulesError, match="太费时"):
        parse("\n\n".join(one.format(n=n) for n in range(most + 1)))


# ── odd texts ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff【车队】\r\n车队\r\n级别：II\r\n", "【车队】\n\t车队\t\n　级别：II", "［车队］\n车队\n级别：II",
        "【车队】\n车\u200b队\n级别：ＩＩ", "【车队】\n車隊\n级别:II", "【车队】\n“车队”\n级别：Ⅱ",
    ],
)  # fmt: skip
def test_odd_spellings_of_one_rule_are_that_rule(text):
    (rule,) = parse(text)
    assert (rule.name, rule.level) == ("车队", "II")
    assert match(rule, *UNSEEN, region="530627").words == ("车队",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("【甲】", "没有要找的词"), ("【甲】\n!演练", "没有要找的词"), ("【甲】\n+", "符号后面是空的"),
        ("【甲】\n车队\n\n【甲】\n船队", "重复"), ("【甲】\n\u200b", "没有要找的词"), ("【甲】\n！", "符号后面是空的"),
        ("\n".join(f"第{n}行" for n in range(10_000)), "没有名称"), ("【\u200b】\n车队", "规则名称"),
        ("【甲】\ud800\n\ud800", "没有要找的词"),
    ],
)  # fmt: skip
def test_odd_rules_are_told_in_words(text, told):
    with pytest.raises(RulesError, match=told):
        parse(text)


def test_a_report_with_odd_characters_is_matched():
    (rule,) = parse(CARS)
    assert match(rule, "车\u200b队", "\ufeff车队\x00", region="530627") is not None


@pytest.mark.parametrize("half", ["\ud800", "\udfff\ud800"])
def test_half_a_character_is_read_like_any_other(plain, half):
    """A lone surrogate, as a program that cuts texts in the middle leaves it, stops neither judge nor rules."""
    title, text = f"镇雄县工人{half}讨薪", f"昭通市镇雄县12名工人{half}被拖欠工资12万元，老板{half}不见了。"
    asked = [
        Report(title.replace(half, one), text.replace(half, one), NOW, now=NOW) for one in (half, "\ufffd" * len(half))
    ]
    found, other = plain.judge_many(asked)
    assert found == other
    assert (found.relevant, found.region, found.workers) == (True, "530627", 12)
    (rule,) = parse("【讨薪】\n讨薪")
    assert [span.start for span in match(rule, title, text).spans] == [5 + len(half)]
    assert [hit.rule.name for hit in lab_try.attempt((rule,), (), title, text).hits] == ["讨薪"]
    assert tryout.answer(plain, tryout.Asked(title, text, "", NOW.date()), now=NOW).judgement.relevant
