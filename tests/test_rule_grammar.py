"""The text of keyword rules: what it may say, and that every fault is told with its line and what to write instead."""

import re

import pytest

from monitors.opinion import rule_grammar, rule_patterns
from monitors.opinion.rule_grammar import Near, RulesError, Word, parse
from monitors.opinion.rule_patterns import Pattern, PatternError

FULL = """
# 跨县讨薪，值班室示例
【跨县讨薪车队】
包车讨薪、结伴讨薪
“讨薪 车队”
近(12)：塔吊 工人
/(集体|结伴).{0,6}讨薪/
+红河 蒙自
+工地
! 演练 /消防(演习|演练)/
字段：正文
来源：热榜 云南网
平台：微博
地区：红河州、昭通市昭阳区代码 530602
级别：II
标签：跨地区 车队
[只列出]
＃ 全角的井号也是说明
欠xin
关注
"""


def faults(text):
    with pytest.raises(RulesError) as caught:
        parse(text)
    return {fault.line: fault.words for fault in caught.value.faults}


def forms(found):
    return [word.form for word in found if isinstance(word, Word)]


def test_a_block_says_everything_a_rule_can():
    text = FULL.replace("! 演练 /消防(演习|演练)/", "! 演练\n!/消防(演习|演练)/").replace("昭通市昭阳区代码 ", "")
    first, second = parse(text)
    assert first.name == "跨县讨薪车队"
    assert first.line == 3
    assert forms(first.some) == ["包车讨薪", "结伴讨薪", "讨薪车队"]
    assert next(term for term in first.some if isinstance(term, Near)).gap == 12
    assert [term.written for term in first.some if isinstance(term, Pattern)] == ["(集体|结伴).{0,6}讨薪"]
    assert [forms(line) for line in first.every] == [["红河", "蒙自"], ["工地"]]
    assert forms(first.never) == ["演练"]
    assert len(first.never) == 2
    assert first.fields == ("text",)
    assert first.sources == ("热榜", "云南网")
    assert first.platforms == ("微博",)
    assert first.regions == ("532500", "530602")
    assert first.level == "II"
    assert first.tags == ("跨地区", "车队")
    assert (second.name, second.level, second.never) == ("只列出", "关注", ())
    assert forms(second.some) == ["欠xin"]


def test_an_empty_text_has_no_rules():
    assert parse("") == parse("\n  \n# 只有说明\n\n") == ()


@pytest.mark.parametrize(
    ("said", "level"),
    [("I", "I"), ("ii", "II"), ("III级", "III"), ("Ⅳ级 蓝", "IV"), ("二级", "II"), ("3", "III"), ("关注", "关注")],
)
def test_levels_as_people_write_them(said, level):
    assert parse(f"【甲规则】\n欠薪\n级别：{said}")[0].level == level


@pytest.mark.parametrize(
    ("said", "code"),
    [("镇雄县", "530627"), ("镇雄", "530627"), ("昭通", "530600"), ("云南省", "530000"), ("贵州省", "520000"),
     ("530602", "530602"), ("不限", "不限"), ("外省", "外省"), ("未定位", "未定位")],
)  # fmt: skip
def test_places_by_name_or_code(said, code):
    assert parse(f"【甲规则】\n欠薪\n地区：{said}")[0].regions == (code,)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("钱", "只有一个字"),
        ("+", "符号后面是空的"),
        ("!不报警 钱", "只有一个字"),
        ("不报警", "写成 !词"),
        ("“没有写完", "引号不成对"),
        ("，。！", "没有字|引号"),
        ("区域：红河", "没有“区域”这一项"),
        ("字段：评论", "标题、正文 或 全部"),
        ("级别：V", "级别应为"),
        ("级别：", "是空的"),
        ("地区：不存在县", "没有“不存在县”这个地区"),
        ("地区：539999", "没有区划代码"),
        ("地区：朝阳区", "不止一个.*写代码"),
        ("近：塔吊 工人", r"近\(10\)"),
        ("近(0)：塔吊 工人", "1–200"),
        ("近(5)：塔吊", "2–5 个词"),
        ("近(5)：塔吊 塔吊", "重复"),
        ("/讨薪", "斜线结尾"),
        ("/讨薪/i", "斜线结尾"),
        ("//", "是空的"),
        ("/讨薪.*车队/", "没有上限.*\\{0,10\\}"),
        ("/(讨薪{1,9}){1,9}/", "不能再重复"),
        ("/.{0,40}讨.{0,40}薪/", "1681 种"),
        ("/.?/", "至少须命中 2 个字"),
        ("/[甲乙/", "右方括号"),
        ("/(讨薪/", "右括号"),
        ("/讨薪)/", "多了一个右括号"),
        ("/(?=讨薪)/", "断言"),
        (r"/(讨薪)\1/", "不支持"),
        ("/讨薪{3,/", r"\{0,10\}"),
        ("/讨薪{5,2}/", "从小到大"),
        ("/讨薪{0,99}/", "最多 50"),
        ("/{3}讨薪/", "前面没有"),
        ("/[z-a]讨薪/", "范围写反"),
        ("甲" * 41, "最多 40"),
    ],
)
def test_a_fault_says_its_line_and_what_to_write(line, told):
    found = faults(f"# 说明\n【甲规则】\n欠薪\n{line}\n")
    assert list(found) == [4]
    assert re.search(told, found[4])


def test_all_faults_are_told_at_once_in_order():
    text = "没有名称的行\n还有一行\n\n【甲】\n!演练\n\n【甲】\n欠薪\n级别：II\n级别：III\n\n【】\n欠薪\n"
    found = faults(text)
    assert list(found) == sorted(found) == [1, 4, 7, 10, 12]
    assert "【名称】" in found[1]
    assert "没有要找的词" in found[4]
    assert "重复" in found[7]
    assert "写了两遍" in found[10]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n\n".join(f"【规则{n}】\n欠薪" for n in range(rule_grammar.MAX_RULES + 1)), "最多 500 条"),
        ("【甲】\n" + " ".join(f"欠薪{n}" for n in range(rule_grammar.MAX_TERMS + 1)), "词太多"),
        ("\n\n".join(f"【规则{n}】\n/甲.{{0,20}}乙.{{0,20}}丙{n}/" for n in range(11)), "太费时"),
        ("甲" * (rule_grammar.MAX_TEXT + 1), "最多 100000 字"),
    ],
)
def test_what_could_not_be_matched_in_time_is_not_accepted(text, told):
    assert any(told in words for words in faults(text).values())


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        ("讨薪（队伍｜车队）", "讨薪车队来了", "讨薪车队"),
        ("[0-9]{1,3}名工人", "还有120名工人", "120名工人"),
        (r"\d{2,3}万元?欠薪", "48万元欠薪", "48万元欠薪"),
        ("NBA.{0,4}欠薪", "nba球员欠薪", "nba球员欠薪"),
        (r"欠薪\(某\)", "欠薪(某)", "欠薪(某)"),
        ("^欠薪.{2}$", "欠薪工人", "欠薪工人"),
        ("[^一二]名工人", "三名工人", "三名工人"),
        ("討薪", "讨薪", "讨薪"),
        ("欠\u3000薪", "欠薪", "欠薪"),
    ],
)
def test_patterns_find_what_they_say(written, text, found):
    assert rule_patterns.read(written).compiled.search(text)[0] == found


def test_the_sure_characters_of_a_pattern_are_known():
    assert rule_patterns.read("(集体|结伴).{0,6}讨薪人").wanted == "讨薪人"
    assert rule_patterns.read("讨薪人?|欠薪").wanted == ""
    assert rule_patterns.read("[甲乙]丙.").wanted == ""


@pytest.mark.parametrize("written", ["(a|aa){20}b", "(讨|讨薪|薪){3,20}", "(((((((((((讨薪)))))))))))", "(甲?){30}乙"])
def test_patterns_that_would_take_for_ever_are_refused(written):
    with pytest.raises(PatternError):
        rule_patterns.read(written)
