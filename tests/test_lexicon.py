"""The shipped words and the automaton that finds them."""

from collections import Counter

import pytest

from monitors.errors import SettingsError
from monitors.opinion.lexicon import SHOWN_GROUPS, Lexicon, Term, read_terms, shipped

CORE = [
    "欠薪",
    "讨薪",
    "拖欠工资",
    "拖欠农民工工资",
    "拖欠薪资",
    "克扣工资",
    "恶意欠薪",
    "欠薪逃匿",
    "欠发工资",
    "未发工资",
    "工资未发",
    "不发工资",
    "发不出工资",
    "工资没结",
    "未结工资",
    "拖薪",
    "薪资拖欠",
    "血汗钱",
    "要工资",
    "讨工资",
    "讨工钱",
    "追讨工资",
    "讨要工钱",
    "工钱没给",
    "停发工资",
    "压工资",
    "打白条",
    "拖欠绩效",
    "拖欠加班费",
    "老板跑路",
]


def terms_of(text: str, group: str) -> list[str]:
    return [hit.term.text for hit in shipped().hits(text) if hit.term.group == group]


def test_no_term_stands_twice_in_a_group():
    counted = Counter((term.text, term.group) for term in read_terms())
    assert [key for key, times in counted.items() if times > 1] == []


def test_every_term_has_a_note_and_shown_groups_exist():
    terms = read_terms()
    assert all(term.note for term in terms)
    assert set(SHOWN_GROUPS) <= {term.group for term in terms}
    assert all(term.means for term in terms if term.group == "evasive")


@pytest.mark.parametrize("word", CORE)
def test_the_office_s_core_words_are_found(word):
    assert word in terms_of(f"昨日{word}一事", "core")


@pytest.mark.parametrize(
    ("text", "group", "word"),
    [
        ("取得施工资质", "pay", "工资"),
        ("竣工资料齐全", "pay", "工资"),
        ("最低工资标准", "pay", "工资"),
        ("银行反向讨薪", "core", "讨薪"),
        ("讨论工资", "claim", "讨"),
        ("跳楼价促销", "extreme", "跳楼"),
        ("主要工资收入", "core", "要工资"),
        ("qianxinwan", "evasive", "qianxin"),
        ("混凝土聚集骨料", "protest", "聚集骨"),
    ],
)
def test_guards(text, group, word):
    assert word not in terms_of(text, group)


@pytest.mark.parametrize(("text", "word"), [("老板欠xin", "欠xin"), ("gong资没发", "gong资"), ("要去跳lou", "跳lou")])
def test_evasive_spellings_are_found(text, word):
    assert word in terms_of(text, "evasive")


def test_overlapping_terms_are_all_reported_in_order():
    lexicon = Lexicon([Term("拖欠工资", "a", 1), Term("欠工", "a", 1), Term("工资", "b", 1)])
    assert [(hit.start, hit.end, hit.term.text) for hit in lexicon.hits("拖欠工资")] == [
        (0, 4, "拖欠工资"),
        (1, 3, "欠工"),
        (2, 4, "工资"),
    ]


@pytest.mark.parametrize(
    "body", ["term,group\n欠薪,core\n", "term,group,weight,means,not_before,not_after,note\n欠薪,core,重,,,,\n",
             "term,group,weight,means,not_before,not_after,note\n,core,1,,,,\n"]
)  # fmt: skip
def test_a_bad_lexicon_is_named_with_its_line(tmp_path, body):
    path = tmp_path / "terms.csv"
    path.write_text(body, encoding="utf-8")
    with pytest.raises(SettingsError, match="第 2 行"):
        read_terms(path)


def test_a_missing_lexicon_is_said(tmp_path):
    with pytest.raises(SettingsError, match="无法读取词库"):
        read_terms(tmp_path / "nowhere.csv")
