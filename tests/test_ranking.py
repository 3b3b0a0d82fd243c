"""The choice by weighed features: the file that holds the weights, what is taken, and what is said of it."""

import pytest

from monitors.errors import SettingsError
from monitors.opinion import employers, ranking
from monitors.opinion.ranking import Feature

FEATURES = (
    Feature("owes", "后接“拖欠”", 1.5, 1.0),
    Feature("near", "离欠薪表述近", 0.5, 0.5),
    Feature("faint", "最先出现", 0.1, 0.1),
    Feature("helper", "受理机构", -3.0, -3.0),
    Feature("none", "", 1.0, 1.0),
)


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(ranking.written(FEATURES), encoding="utf-8")
    assert ranking.load(path).features == FEATURES


@pytest.mark.parametrize(
    "change", [("1.5", "2.5"), ('"digest": "', '"digest": "0'), ("{", "["), ('"format": 1', '"format": 2')]
)
def test_a_file_changed_by_hand_is_refused(tmp_path, change):
    path = tmp_path / "weights.json"
    path.write_text(ranking.written(FEATURES).replace(*change, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"weights\.json.*请恢复随程序发布的文件"):
        ranking.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"weights\.json"):
        ranking.load(tmp_path / "weights.json")


def test_a_weight_that_is_no_number_is_refused(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(ranking.written([Feature("owes", "", float("nan"), 0.0)]), encoding="utf-8")
    with pytest.raises(SettingsError):
        ranking.load(path)


def test_the_heaviest_is_taken_and_the_first_of_equals():
    weights = ranking.Weights(FEATURES)
    assert ranking.choose(weights, [("near",), ("owes",), ("none",)]) == 1
    assert ranking.choose(weights, [("owes", "helper"), ("none",)]) == 1
    assert ranking.choose(weights, [("near",), ("near",), ()]) == 0


def test_a_feature_without_a_weight_is_not_passed_over():
    with pytest.raises(KeyError):
        ranking.Weights(FEATURES).weigh(("owes", "unheard of"))


def test_the_reasons_are_what_speaks_for_it_strongest_first():
    weights = ranking.Weights(FEATURES)
    assert weights.reasons(("faint", "near", "helper", "owes")) == ("后接“拖欠”", "离欠薪表述近")
    assert weights.reasons(("near", "owes"), most=1) == ("后接“拖欠”",)


def test_the_shipped_weights_hold_what_the_grammar_says_and_explain_the_rest():
    shipped = ranking.load(employers.PATH).features
    assert {one.name for one in shipped if one.held} == {"said", "none: said"}
    assert all(one.meaning for one in shipped)
