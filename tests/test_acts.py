"""What was done: heights told in many ways, sit-ins told by the place, crowds counted in either field."""

import pytest

from monitors.opinion import acts
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read


def found(title: str, text: str = ""):
    return acts.find(read(title, shipped()), read(text, shipped()))


def codes(title: str, text: str = "") -> list[str]:
    return [act.code for act in found(title, text)]


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("女工坐在楼顶边缘讨薪", "extreme"),
        ("男子站在天桥护栏外讨要工钱", "extreme"),
        ("男子攀上信号塔讨薪", "extreme"),
        ("工人翻上广告牌讨工资", "extreme"),
        ("四十名工人挤在院里要说法，称被欠薪", "gathering"),
        ("三十五名工人坐在售楼部大厅不走讨要工资", "gathering"),
        ("五十名员工把前台围住讨薪", "blockade"),
    ],
)
def test_an_act_told_in_other_words(title, code):
    assert code in codes(title)


@pytest.mark.parametrize(
    "title",
    [
        "工人坐在工地门口吃饭，聊起被拖欠工资",
        "严防三十名工人坐在大厅不走讨薪等事件",
        "消防员站在楼顶边缘演练，与欠薪无关的培训",
        "六年前他曾爬上塔吊讨薪",
    ],
)
def test_no_act_of_this_event(title):
    assert not {"gathering", "blockade"} & set(codes(title))
    if "消防" not in title:
        assert "extreme" not in codes(title)


def test_a_crowd_counted_only_in_the_text_is_counted():
    title, text = read("工人在项目部静坐讨薪", shipped()), read("二十一名工人在项目部静坐讨薪。", shipped())
    assert acts.gathered(title, text, acts.find(title, text)) == 21


def test_a_crowd_without_a_number_stays_uncounted():
    title, text = read("工人静坐讨薪", shipped()), read("工人静坐讨薪，警方到场。", shipped())
    assert acts.gathered(title, text, acts.find(title, text)) is None
