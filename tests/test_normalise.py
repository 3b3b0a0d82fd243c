"""Comparable text keeps the way back to the original characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.opinion.normalise import fold, view


@pytest.mark.parametrize(
    ("original", "folded"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("討薪無果", "讨薪无果"),
        ("拖欠農民工工資", "拖欠农民工工资"),
        ("乾隆年間的著作", "乾隆年间的著作"),
        ("Q&A!", "q&a！"),
        ("（欠薪），「工錢」", '(欠薪)，"工钱"'),
        ("", ""),
    ],
)
def test_fold(original, folded):
    assert fold(original) == folded


@given(st.text(max_size=200))
def test_fold_keeps_the_length(text):
    assert len(fold(text)) == len(text)


def test_fold_survives_lone_surrogates():
    assert fold("欠\ud800薪") == "欠\ud800薪"


@pytest.mark.parametrize(
    ("original", "seen"),
    [
        ("欠 薪", "欠薪"),
        ("讨*薪", "讨薪"),
        ("拖·欠·工·资", "拖欠工资"),
        ("欠\u200b薪", "欠薪"),
        ("農(nóng)民工", "农民工"),
        ("1,396,028元", "1396028元"),
        ("18 人 77 万", "18人77万"),
        ("2021-11-01", "2021-11-01"),
        ("3.5万", "3.5万"),
        ("欠薪，工资", "欠薪，工资"),
        ("a b c", "a b c"),
    ],
)
def test_squeezing(original, seen):
    assert view(original).text == seen


@given(st.text(alphabet="欠薪讨工资 *·\u200b农(nong)12,3。，aB", max_size=60))
def test_every_span_points_at_what_it_stands_for(original):
    seen = view(original)
    last = 0
    for index in range(len(seen.text)):
        start, end = seen.span(index, index + 1)
        assert 0 <= last <= start < end <= len(original)
        assert fold(original[start:end]) == seen.text[index]
        last = start


def test_a_replaced_word_stands_for_the_whole_spelling():
    seen = view("老板欠 xin三个月")
    at = seen.text.index("欠")
    changed = seen.replaced([(at, at + len(seen.text[at:].split("三")[0]), "欠薪")])
    assert changed.text == "老板欠薪三个月"
    start, end = changed.span(2, 4)
    assert changed.original[start:end] == "欠 xin"
    assert changed.span(4, 5) == (7, 8)
