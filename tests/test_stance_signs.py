"""The signs of stance: what happened to the money clause by clause, and how the signs are weighed."""

import json

import pytest

from monitors.errors import SettingsError
from monitors.opinion import stance, stance_model
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.stance_events import events
from monitors.opinion.stance_model import MARGIN, Shares, StanceWeights
from monitors.opinion.stance_signs import signs


def happened(text):
    return [one.what for one in events(read(text, shipped()).view.text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("工人领到了工资", ["paid"]),
        ("三万元工钱打到了卡上", ["paid"]),
        ("拖欠的工资已全部结清", ["paid"]),
        ("公司承诺月底前结清工资", ["promised"]),
        ("法院判令公司支付工资", ["ordered"]),
        ("责令其十日内支付工资", ["ordered"]),
        ("只发了一个月工资", ["part"]),
        ("工资一直没发到手", ["unpaid"]),
        ("老板失联，工资没人管", ["unpaid", "unpaid"]),
        ("拖欠工资两年，昨天终于到账", ["unpaid", "paid"]),
        ("工资到账了吗？", ["promised"]),
        ("欠薪问题得到圆满解决", ["paid"]),
        ("官司打到中院", []),
        ("今天天气很好", []),
    ],
)
def test_what_happened_to_the_money(text, wanted):
    assert happened(text) == wanted


def test_an_event_points_at_its_words():
    view = read("拖欠半年，工资昨天全部结清。", shipped()).view
    last = events(view.text)[-1]
    assert view.text[last.start : last.end] == "结清"


def test_a_long_text_is_read_at_both_ends():
    told = "工人领到工资。" + "天气很好，" * 400 + "老板失联。"
    assert happened(told) == ["paid", "unpaid"]


def of(title, text=""):
    return signs(read(title, shipped()), read(text, shipped()))


def test_who_speaks_is_a_sign():
    asked = of("", "领导您好，我们十二个人的工钱我找了三次，我们该怎么办？")
    assert asked["first_person"] == 1.0
    assert asked["own_asks"] == 1.0
    assert "first_person" not in of("我国我省我市将开展检查")


def test_what_follows_a_payment_is_a_sign():
    assert "nothing_behind_paid" in of("", "老板拖欠工资。昨天工资已结清。")
    assert "unpaid_behind_paid" in of("", "前年的工资已结清。去年的一直拖欠。")


def test_a_judgment_without_payment_is_a_sign():
    assert "judged_unpaid" in of("", "法院一审判决公司支付工资六万元。")
    assert "judged_unpaid" not in of("", "法院一审判决公司支付工资六万元。次日工人领到了钱。")


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("", "法院判决公司于十日内支付原告拖欠的工资21480元，驳回其他诉讼请求。", "neutral"),
        ("一笔旧账", "包工头欠下八名瓦工两年的工钱，经法官调解，昨天把三万六千元交到了工人手里。", "resolved"),
        (
            "感谢监察大队",
            "老板欠我们三个人的工钱跑了几趟要不回来，打了电话，两天就把钱要到了，一分都不少。",
            "resolved",
        ),
        ("", "我们十个人在工地干了四个月，老板只给了生活费，剩下的三万一直没给，求领导帮忙。", "unresolved"),
    ],
)
def test_stage_by_signs(title, text, wanted):
    found = stance.judge(read(title, shipped()), read(text, shipped()), specific=True)
    assert found.stance == wanted


def test_overruled_rules_leave_evidence_of_what_was_found():
    title, text = (
        read("", shipped()),
        read("法院判决公司于十日内支付原告拖欠的工资21480元，驳回其他诉讼请求。", shipped()),
    )
    ruled, found = stance.by_rules(title, text, specific=True), stance.judge(title, text, specific=True)
    assert (ruled.stance, found.stance) == ("unresolved", "neutral")
    assert not found.policy
    assert {why for *_, why in found.evidence} == {"已裁判、责令或约定支付"}


def test_the_lean_tells_paid_from_owed():
    owed = stance.judge(read("拖欠工资", shipped()), read("老板失联，至今未付。", shipped()), specific=True)
    paid = stance.judge(read("工资到账", shipped()), read("拖欠的工资昨天全部结清。", shipped()), specific=True)
    assert -1 <= owed.lean < 0 < paid.lean <= 1


# ── the weights ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_shares_are_a_softmax_of_the_weighed_signs():
    weights = StanceWeights({"bias": (0.0, 0.0, 0.0), "paid": (0.0, 0.0, 2.0)})
    none, half = weights.shares({"unheard": 1.0}), weights.shares({"paid": 0.5})
    assert none == Shares(1 / 3, 1 / 3, 1 / 3)
    assert half.resolved == pytest.approx(0.57612, abs=1e-4)
    assert half.unresolved + half.neutral + half.resolved == pytest.approx(1.0)


def test_the_rules_stand_within_the_margin():
    assert Shares(0.45, 0.55, 0.0).chosen("unresolved") == "unresolved"
    assert Shares(0.4, 0.4 + MARGIN + 0.01, 0.0).chosen("unresolved") == "neutral"


def test_every_shipped_weight_belongs_to_a_sign_that_can_be_found():
    weights = stance_model.shipped().by_sign
    assert stance_model.BIAS in weights
    assert len(weights) > 50
    assert all(abs(one) < 10 for row in weights.values() for one in row)


def test_a_written_file_is_read_back(tmp_path):
    path = tmp_path / "stance.json"
    path.write_text(stance_model.written({"bias": (0.0, 0.5, -0.5)}), encoding="utf-8")
    assert stance_model.shipped(path).by_sign == {"bias": (0.0, 0.5, -0.5)}


@pytest.mark.parametrize("fault", ["changed", "short", "torn", "missing"])
def test_a_faulty_file_is_refused(tmp_path, fault):
    path = tmp_path / "stance.json"
    whole = stance_model.written({"bias": (0.0, 0.5, -0.5)})
    if fault == "changed":
        path.write_text(whole.replace("-0.5", "-0.6"), encoding="utf-8")
    elif fault == "short":
        held = json.loads(whole)
        held["signs"]["bias"] = [0.0]
        path.write_text(json.dumps(held), encoding="utf-8")
    elif fault == "torn":
        path.write_text(whole[:-20], encoding="utf-8")
    with pytest.raises(SettingsError, match="进展判定的权重"):
        stance_model.shipped(path)
