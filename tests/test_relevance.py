"""Mentions, moods and the weighing of features."""

import csv

import pytest

from monitors.errors import SettingsError
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.relevance import PATH, Document, RelevanceModel, features

MODEL = RelevanceModel.load()


def relevance(title: str, text: str = "") -> float:
    return MODEL.score(features(Document(read(title, shipped()), read(text, shipped())))).value


def mentions(text: str):
    reading = read(text, shipped())
    return [(reading.view.text[m.start : m.end], m.kind, m.mood) for m in reading.mentions if m.strength >= 0.65]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("拖欠我们施工班组三十余人的工资", [("拖欠我们施工班组三十余人的工资", "owe", "stated")]),
        ("工资迟迟没有发", [("工资迟迟", "owe", "stated")]),
        ("多次讨要被欠的工钱", [("被欠的工钱", "owe", "stated")]),
        ("拖欠货款和工人工资", [("拖欠货款和工人工资", "owe", "stated")]),
        ("拖欠供应商货款，员工工资正常", []),
        ("拖欠民工8万元", [("拖欠民工8万", "owe", "stated")]),
        ("拖欠。工资照发", []),
        ("公司没有拖欠工资", [("拖欠工资", "compound", "negated")]),
        ("严禁拖欠工资", [("拖欠工资", "compound", "preventive")]),
        ("否认拖欠工资", [("拖欠工资", "compound", "denied")]),
        ("如果被拖欠工资", [("拖欠工资", "compound", "supposed")]),
        ("员工允许讨论工资", []),
        ("11家银行反向讨薪", []),
        ("工资条、工资单怎么看", []),
        ("拖欠劳务费的是工友", [("拖欠劳务费", "owe", "stated")]),
    ],
)
def test_mentions(text, found):
    assert mentions(text) == found


@pytest.mark.parametrize(
    ("higher", "lower"),
    [
        ("拖欠员工工资", "没有拖欠员工工资"),
        ("工人讨薪", "美国工人讨薪"),
        ("俱乐部员工讨薪", "足球俱乐部球员讨薪"),
        ("工地欠薪", "电视剧里的欠薪"),
        ("拖欠工人工资", "拖欠供应商货款"),
        ("拖欠工资怎么维权", "最低工资怎么算"),
        ("农民工血汗钱被拖欠", "投资血汗钱被骗"),
    ],
)
def test_a_context_lowers(higher, lower):
    assert relevance(higher) > relevance(lower)


def test_a_context_never_vetoes_core_and_act():
    assert (
        relevance("影视公司拖欠群演工资，群演爬塔吊讨薪", "影视公司拖欠32名群演工资18万元，群演爬上塔吊讨薪。") >= 0.5
    )


def test_passing_mention_in_a_long_text_counts_less():
    filler = "全县经济运行平稳，项目建设有序推进，群众生活持续改善。" * 30
    told = "工地拖欠20名工人工资，工人多次讨要无果。"
    assert (
        relevance("全县工作综述", filler + "个别工地拖欠工资。" + filler)
        < 0.5
        <= relevance("工地拖欠工资", told + filler)
    )


def test_every_feature_has_a_weight_and_a_meaning():
    found = features(Document(read("", shipped()), read("", shipped())))
    with PATH.open(encoding="utf-8") as file:
        rows = {row["feature"]: row for row in csv.DictReader(file)}
    assert set(found) | {"bias"} == set(rows)
    assert all(row["meaning"] for row in rows.values())


def test_reasons_are_chinese_and_most_telling_first():
    reading = Document(read("拖欠农民工工资", shipped()), read("", shipped()))
    reasons = MODEL.score(features(reading)).reasons
    assert abs(reasons[0][2]) >= abs(reasons[-1][2])
    assert all(not meaning.isascii() for _, meaning, _ in reasons)


def test_damaged_weights_are_said(tmp_path):
    path = tmp_path / "relevance.csv"
    path.write_text("feature,weight,prior,meaning\nbias,很小,0,起点\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="无法读取相关性权重"):
        RelevanceModel.load(path)
