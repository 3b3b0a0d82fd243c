"""Who owes among all who are named: parties, the features of each, and the choice with its reasons."""

import json

import pytest

from benchmarks import fit_employer
from monitors.opinion import employer_candidates, employer_cues, employers, ranking
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read


def readings(title, text):
    return read(title, shipped()), read(text, shipped())


def found(title, text):
    return employers.find(*readings(title, text))


def parties(title, text):
    return {one.best.words: one for one in employer_candidates.parties(readings(title, text))}


def cues(title, text):
    both = readings(title, text)
    among = employer_candidates.parties(both)
    return dict(zip((one.best.words for one in among), employer_cues.of_parties(both, among), strict=True))


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("", "我们三个在滇岭木业干了四个月，滇岭木业拖欠我们工资两万元，老板电话不接。", "滇岭木业"),
        ("", "总包云南滇示建设集团有限公司把劳务分包给云南岭示劳务有限公司，岭示公司拖欠21名工人工资，已被责令支付。",
         "云南岭示劳务有限公司"),
        ("", "包工头尹某承包外墙工程后雇了16人，领走工程款后失联，拖欠工资共计12万元。", "尹某"),
        ("一批工人拿到欠薪", "县人力资源和社会保障局会同法院为9名工人追回被拖欠的工资6万元。", None),
        ("", "记者从县总工会获悉，今年以来累计为工人追回工资400万元。", None),
        ("", "工人周某等三人到劳动监察大队反映，被拖欠工资两个月。", None),
        ("", "曲靖一家“滇岭食府”招我们做帮厨，三个月工资没发，问就说再等等。", "滇岭食府"),
    ],
)  # fmt: skip
def test_who_owes(title, text, wanted):
    named = found(title, text)
    assert (named and named.name) == wanted


def test_the_reasons_are_said_in_words():
    named = found("", "被告云南滇示置业有限公司拖欠12名工人工资共计30万元。")
    assert named.name == "云南滇示置业有限公司"
    assert named.why.startswith("可能的欠薪单位：")
    assert "后接“拖欠、没发”" in named.why


def test_the_place_of_the_name_is_where_it_stands():
    text = "来电反映：云南滇示建设（集团）有限公司拖欠15名工人工资。"
    named = found("", text)
    assert named.field == "text"
    assert read(text, shipped()).view.text[named.start : named.end] == "云南滇示建设(集团)有限公司"
    assert named.name == "云南滇示建设（集团）有限公司"


def test_a_headline_alone_is_judged_by_the_grammar():
    both = readings("滇示家具厂拖欠工资", "")
    assert employers.find(*both) == employers.by_grammar(*both)


def test_short_and_full_name_are_one_party_told_by_the_full_one():
    both = parties("", "云南岭示劳务有限公司承建，岭示公司至今拖欠工资。")
    assert [one.words for one in both["云南岭示劳务有限公司"].names] == ["云南岭示劳务有限公司", "岭示公司"]


def test_two_persons_are_two_parties():
    assert {"尹某", "段某"} <= parties("", "尹某把活包给段某，段某拖欠工资。").keys()


@pytest.mark.parametrize("words", ["欠装卸公司", "便利店", "某劳动监察大队", "县人民法院", "昆明公司", "老板开的厂"])
def test_what_only_ends_like_a_name_is_none(words):
    assert not employer_candidates.is_named(words)


@pytest.mark.parametrize("words", ["滇岭木业", "滇示制衣厂", "云南滇示建设有限公司", "岭示中学"])
def test_names_of_ones_own(words):
    assert employer_candidates.is_named(words)


def test_words_beside_the_name_are_features():
    said = cues("", "被执行人云南滇示置业有限公司拖欠工资，云南岭示建材有限公司督促其付款。")
    assert {"before: sued", "behind: owes at once", "shape registered"} <= said["云南滇示置业有限公司"]
    assert "behind: helps" in said["云南岭示建材有限公司"]
    assert "behind: owes at once" not in said["云南岭示建材有限公司"]


def test_a_word_that_points_back_lends_its_features():
    said = cues("", "记者联系云南滇示置业有限公司。该公司拖欠工资属实。")
    assert "it behind: owes at once" in said["云南滇示置业有限公司"]


def test_every_feature_has_a_weight_and_a_meaning():
    weights = {one.name for one in ranking.load(employers.PATH).features}
    names = {f"before: {name}" for name, _ in employer_cues._BEFORE}
    names |= {f"behind: {name}" for name, _ in employer_cues._AFTER}
    names |= {f"it {name}" for name in employer_cues._LENT}
    names |= {f"{one} + {other}" for one, other in employer_cues._PAIRS}
    assert names <= weights


def test_a_list_of_many_names_is_looked_at_in_part():
    text = "。".join(f"云南滇{chr(0x4E00 + 37 * at)}岭建筑有限公司拖欠工资" for at in range(300))
    assert len(employer_candidates.parties(readings("", text))) <= employer_candidates.MOST


def test_fitting_moves_weights_to_what_is_labelled_and_leaves_what_is_held(tmp_path):
    told = "施工单位云南滇示建设有限公司承建，{}老板拖欠工资。"
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "\n".join(
            json.dumps({"title": "", "text": told.format(f"工友{at}人的"), "relevant": True, "employer": None})
            for at in range(30)
        ),
        encoding="utf-8",
    )
    rows = list(fit_employer.rows([path]))
    assert len(rows) == 30
    before = ranking.load(employers.PATH).features
    after = {one.name: one for one in fit_employer.fitted(rows, before)}
    assert after["none"].weight > after["none"].prior
    assert after["said"].weight == next(one.weight for one in before if one.name == "said")
    assert fit_employer.told(rows, tuple(after.values()))[2] == 0
