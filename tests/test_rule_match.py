"""Where keyword rules hit: the words and their places in the text as published, and what finding them costs."""

import sys

import pytest

from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.rule_grammar import parse
from monitors.opinion.rule_match import Matcher, Origin, match


def hit(lines, text, *, title="", **where):
    (rule,) = parse(f"【示例】\n{lines}")
    return match(rule, title, text, **where)


def words(found):
    return found.words if found else None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("老板欠薪不给", "欠薪"),
        ("老板欠xin不给", "欠xin"),
        ("老板欠ＸＩＮ不给", "欠ＸＩＮ"),
        ("老闆欠 薪不給", "欠 薪"),
        ("老板欠*薪不给", "欠*薪"),
        ("老板欠\u200b薪不给", "欠\u200b薪"),
    ],
)
def test_a_word_is_found_however_it_is_spelt_and_shown_as_published(text, shown):
    found = hit("欠薪", text)
    assert [span.text for span in found.spans] == [shown]
    (span,) = found.spans
    assert text[span.start : span.end] == shown
    assert span.field == "text"
    assert span.about == "rule"
    assert "规则“示例”命中" in span.why


def test_an_evasive_spelling_can_be_asked_for_by_itself():
    assert words(hit("欠xin", "老板欠xin不给")) == ("欠xin",)
    assert hit("欠xin", "老板欠薪不给") is None


def test_a_latin_word_is_not_found_inside_another():
    assert hit("NBA", "看nba欠薪")
    assert hit("NBA", "看wnbax欠薪") is None


@pytest.mark.parametrize(
    ("lines", "text", "hits"),
    [
        ("欠薪 讨薪", "工人讨薪", True),
        ("欠薪\n+塔吊", "工人欠薪", False),
        ("欠薪\n+塔吊 楼顶\n+红河", "红河工人欠薪上楼顶", True),
        ("欠薪\n+塔吊 楼顶\n+红河", "红河工人欠薪", False),
        ("+塔吊\n+红河", "红河塔吊", True),
        ("欠薪\n!演练", "欠薪应急演练", False),
        ("/第[一二三]次讨薪/", "第二次讨薪", True),
        ("/第[一二三]次讨薪/\n!/讨薪.{0,3}成功/", "第二次讨薪已成功", False),
        ("近(3)：塔吊 工人", "工人爬塔吊", True),
        ("近(3)：塔吊 工人", "塔吊上有三名工人", False),
        ("近(3)：塔吊 工人", "塔吊上有三名；远处。工人在塔吊", True),
        ("近(2)：欠 薪 款", "欠了薪、款", True),
    ],
)
def test_any_all_none_near_and_patterns(lines, text, hits):
    assert bool(hit(lines, text)) is hits


def test_an_exclusion_acts_on_its_own_rule_only():
    rules = parse("【甲】\n欠薪\n!演练\n\n【乙】\n欠薪\n")
    found = Matcher(rules).find(
        read("", shipped()), read("欠薪演练", shipped()), origin=Origin(), region="", scope="本省"
    )
    assert [one.rule.name for one in found] == ["乙"]


@pytest.mark.parametrize(
    ("lines", "title", "text", "hits"),
    [
        ("欠薪\n字段：标题", "欠薪", "", True),
        ("欠薪\n字段：标题", "", "欠薪", False),
        ("欠薪\n字段：正文", "欠薪", "", False),
        ("欠薪\n+塔吊", "欠薪", "塔吊", True),
        ("欠薪\n!塔吊\n字段：标题", "欠薪", "塔吊", True),
        ("近(5)：欠薪 塔吊", "欠薪", "塔吊", False),
    ],
)
def test_fields(lines, title, text, hits):
    assert bool(hit(lines, text, title=title)) is hits


@pytest.mark.parametrize(
    ("line", "where", "hits"),
    [
        ("来源：yn-daily", {"origin": Origin("yn-daily")}, True),
        ("来源：热榜", {"origin": Origin("x", "示例热搜", "热榜", "示例平台")}, True),
        ("来源：热榜", {"origin": Origin("x", "示例", "自建", "热榜转载")}, False),
        ("来源：热榜", {}, False),
        ("平台：示例平", {"origin": Origin("x", "某榜", "热榜", "示例平台")}, True),
        ("地区：昭通市", {"region": "530627"}, True),
        ("地区：昭通市", {"region": "530102"}, False),
        ("地区：昭通市", {"region": ""}, False),
        ("地区：未定位", {"region": ""}, True),
        ("地区：外省", {"region": "520100", "scope": "外省"}, True),
        ("地区：外省", {"region": "530627"}, False),
        ("地区：不限", {"region": "", "scope": "未定位"}, True),
    ],
)
def test_scopes(line, where, hits):
    assert bool(hit(f"欠薪\n{line}", "工人欠薪", **where)) is hits


def test_every_word_is_shown_before_any_is_shown_twice():
    found = hit("欠薪 塔吊", "欠薪" * 40 + "，塔吊")
    assert {"欠薪", "塔吊"} == set(found.words)
    assert len(found.spans) <= 12


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
ONE = (
    "【规则{n}】\n欠薪事由{n} 讨薪情形{n}号 拖欠情况{n}\n近(10)：塔吊{n} 工人{n}\n/第{n}次(讨薪|上访)/\n"
    "+工地{n} 项目{n}\n!演练{n}"
)
MANY = "\n\n".join(ONE.format(n=n) for n in range(500))


def steps(work):
    """Lines run and generators resumed."""
    count = 0

    def step(_frame, _event, _argument):
        nonlocal count
        count += 1
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="module")
def many():
    return Matcher(parse(MANY))


def asked(matcher, text):
    fields = read("", shipped()), read(text, shipped())
    return lambda: matcher.find(*fields, origin=Origin(), region="530627", scope="本省")


def test_rules_that_do_not_concern_a_text_cost_nothing(many):
    text = "镇雄县某工地三十名工人反映被拖欠工资，多次讨要未果。" * 300
    few = Matcher(parse("【甲】\n欠薪事由1"))
    assert not asked(many, text)()
    assert steps(asked(many, text)) < 2 * steps(asked(few, text)) + 50


@pytest.mark.parametrize("unit", ["欠薪事由7工地7", "塔吊3工人3工地3", "工地4第4次讨薪", "欠薪事由"])
def test_four_times_the_text_is_at_most_about_four_times_the_work(many, unit):
    def text(length):
        return (unit * length)[:length]

    asked(many, text(100))()
    assert steps(asked(many, text(8_000))) < 6 * steps(asked(many, text(2_000)))


def test_a_text_made_of_one_word_all_rules_know_is_bounded_by_the_rules():
    rules = Matcher(parse("\n\n".join(f"【规则{n}】\n欠薪\n+工地{n}" for n in range(500))))
    short, long = "欠薪" * 100, "欠薪" * 4_000
    assert steps(asked(rules, long)) < 45 * steps(asked(rules, short))
    assert not asked(rules, long)()
