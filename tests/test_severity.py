"""Every row of the severity table and every floor (domain.md 4.2)."""

import pytest

from monitors import settings
from monitors.opinion.severity import ACT_POINTS, FLOORS, SeverityInputs, assess, table, yuan

RULES = settings.load().severity
WAN = 1_000_000


def points(code: str, **inputs) -> int:
    inputs.setdefault("outlets_24h", 0)
    found = assess(SeverityInputs(**inputs), RULES)
    return sum(part.points for part in found.parts if part.code == code)


@pytest.mark.parametrize(
    ("code", "inputs", "expected"),
    [
        ("E", {"acts": ()}, 0),
        ("E", {"acts": ("death",)}, 40),
        ("E", {"acts": ("injury",)}, 40),
        ("E", {"acts": ("extreme",)}, 32),
        ("E", {"acts": ("threat",)}, 32),
        ("E", {"acts": ("blockade",)}, 28),
        ("E", {"acts": ("gathering",)}, 20),
        ("E", {"acts": ("stoppage",)}, 15),
        ("E", {"acts": ("complaint",)}, 5),
        ("E", {"acts": ("complaint", "gathering", "extreme")}, 32),
        ("N", {"workers": None}, 0),
        ("N", {"workers": 0}, 0),
        ("N", {"workers": 1}, 3),
        ("N", {"workers": 9}, 3),
        ("N", {"workers": 10}, 8),
        ("N", {"workers": 29}, 8),
        ("N", {"workers": 30}, 12),
        ("N", {"workers": 49}, 12),
        ("N", {"workers": 50}, 16),
        ("N", {"workers": 99}, 16),
        ("N", {"workers": 100}, 20),
        ("N", {"workers": 5000}, 20),
        ("A", {"amount_fen": None}, 0),
        ("A", {"amount_fen": 1}, 2),
        ("A", {"amount_fen": 5 * WAN - 1}, 2),
        ("A", {"amount_fen": 5 * WAN}, 4),
        ("A", {"amount_fen": 10 * WAN - 1}, 4),
        ("A", {"amount_fen": 10 * WAN}, 6),
        ("A", {"amount_fen": 100 * WAN - 1}, 6),
        ("A", {"amount_fen": 100 * WAN}, 8),
        ("A", {"amount_fen": 500 * WAN - 1}, 8),
        ("A", {"amount_fen": 500 * WAN}, 10),
        ("M", {"outlets_24h": 0}, 0),
        ("M", {"outlets_24h": 1}, 2),
        ("M", {"outlets_24h": 2}, 6),
        ("M", {"outlets_24h": 4}, 6),
        ("M", {"outlets_24h": 5}, 10),
        ("M", {"outlets_24h": 9}, 10),
        ("M", {"outlets_24h": 10}, 13),
        ("M", {"outlets_24h": 19}, 13),
        ("M", {"outlets_24h": 20}, 15),
        ("M", {"outlets_24h": 20, "national_outlet": True}, 20),
        ("G", {"growth": None}, 0),
        ("G", {"growth": 1.49}, 0),
        ("G", {"growth": 1.5}, 3),
        ("G", {"growth": 3.0}, 3),
        ("G", {"growth": 3.01}, 5),
        ("G", {"hours_without_response": 48.0}, 0),
        ("G", {"hours_without_response": 48.5}, 5),
        ("G", {"growth": 4.0, "hours_without_response": 72.0}, 10),
        ("B", {"public_project": True}, 5),
        ("B", {"days_to_festival": None}, 0),
        ("B", {"days_to_festival": 31}, 0),
        ("B", {"days_to_festival": 30}, 5),
        ("B", {"days_to_festival": 0}, 5),
        ("B", {"settled": True}, -20),
        ("B", {"public_project": True, "days_to_festival": 3, "settled": True}, -10),
    ],
)
def test_points_of_each_row(code, inputs, expected):
    assert points(code, **inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "level", "said"),
    [
        ({"acts": ("death",)}, "I", "死亡"),
        ({"gathered": 200}, "I", "200人"),
        ({"gathered": 199}, "II", "聚集199人"),
        ({"acts": ("extreme",)}, "II", "极端行为"),
        ({"gathered": 50}, "II", "聚集50人"),
        ({"acts": ("blockade",)}, "II", "堵路"),
        ({"visiting_province": 5}, "II", "到省上访"),
        ({"visiting_province": 4}, "关注", ""),
        ({"gathered": 49}, "III", "聚集49人"),
        ({"gathered": 10}, "III", "聚集10人"),
        ({"gathered": 9}, "关注", ""),
        ({"national_outlet": True}, "III", "全国性媒体"),
        ({"outlets_24h": 5}, "III", "5家"),
        ({"outlets_24h": 4}, "关注", ""),
        ({"in_province_claim": True}, "IV", "省内"),
        ({"acts": ("threat",)}, "IV", ""),  # 34 points, no floor: spoken, not under way
        ({"acts": ("injury",)}, "III", ""),  # 42 points
        ({}, "关注", ""),
    ],
)
def test_floors(inputs, level, said):
    found = assess(SeverityInputs(**inputs), RULES)
    assert found.level == level
    assert said in "；".join(found.floors)
    assert bool(said) == bool(found.floors)


@pytest.mark.parametrize(
    ("score", "level"),
    [(100, "I"), (80, "I"), (79, "II"), (60, "II"), (59, "III"), (40, "III"), (39, "IV"), (20, "IV"), (19, "关注")],
)
def test_level_of_a_score(score, level):
    from monitors.opinion.severity import level_of

    assert level_of(score, RULES) == level


def test_settlement_lowers_the_score_but_no_floor():
    before = assess(SeverityInputs(acts=("extreme",), workers=60, amount_fen=30 * WAN, in_province_claim=True), RULES)
    after = assess(
        SeverityInputs(acts=("extreme",), workers=60, amount_fen=30 * WAN, in_province_claim=True, settled=True), RULES
    )
    assert before.score - after.score == 20
    assert after.level == "II"
    assert any("极端行为" in floor for floor in after.floors)


def test_the_score_stays_between_0_and_100():
    worst = SeverityInputs(
        acts=tuple(ACT_POINTS), workers=500, amount_fen=900 * WAN, outlets_24h=50, national_outlet=True, growth=9.0,
        hours_without_response=90.0, public_project=True, days_to_festival=1,
    )  # fmt: skip
    assert assess(worst, RULES).score == 100
    assert assess(SeverityInputs(settled=True, outlets_24h=0), RULES).score == 0


def test_background_is_scored_but_only_listed():
    found = assess(SeverityInputs(acts=("death",), workers=300, national_outlet=True, listed_only=True), RULES)
    assert found.score == 67
    assert found.level == "关注"


def test_every_part_has_a_reason():
    found = assess(SeverityInputs(acts=("gathering",), workers=12, amount_fen=126_000_00, settled=True), RULES)
    assert [part.why for part in found.parts] == [
        "聚集、横幅或集访",
        "涉及12人（10–29人）",
        "欠薪12.6万元（10–100万元）",
        "24小时内1家媒体",
        "工资已确认解决",
    ]


@pytest.mark.parametrize(
    ("fen", "shown"), [(350_000, "3,500元"), (12_600_000, "12.6万元"), (123_456_789, "123.4568万元"), (150, "1.50元")]
)
def test_money_as_read(fen, shown):
    assert yuan(fen) == shown


@pytest.mark.parametrize(
    ("code", "inputs", "when"),
    [
        ("E", {"acts": ("blockade",)}, "堵路、围堵或打砸"),
        ("N", {"workers": 9}, "1–9人"),
        ("N", {"workers": 10}, "10–29人"),
        ("N", {"workers": 49}, "30–49人"),
        ("N", {"workers": 300}, "100人以上"),
        ("A", {"amount_fen": 4 * WAN}, "不足5万元"),
        ("A", {"amount_fen": 10 * WAN}, "10–100万元"),
        ("A", {"amount_fen": 900 * WAN}, "500万元以上"),
        ("M", {"outlets_24h": 1}, "24小时内1家媒体"),
        ("M", {"outlets_24h": 4}, "24小时内2–4家媒体"),
        ("M", {"outlets_24h": 25}, "24小时内20家以上媒体"),
        ("M", {"national_outlet": True}, "全国性媒体或热搜，另加"),
        ("G", {"growth": 2.9}, "近6小时报道为前6小时的1.5–3倍"),
        ("G", {"growth": 3.1}, "近6小时报道超过前6小时的3倍"),
        ("G", {"hours_without_response": 49}, "首发超过48小时未见官方回应，另加"),
        ("B", {"public_project": True}, "政府、PPP或国企项目"),
        ("B", {"days_to_festival": 30}, "距春节30天以内，另加"),
        ("B", {"settled": True}, "工资已确认解决，另减"),
    ],
)
def test_the_table_shown_gives_the_points_computed(code, inputs, when):
    (row,) = [row for row in table(RULES) if (row.code, row.why) == (code, when)]
    assert row.points == points(code, **inputs)


def test_the_table_and_the_floors_are_whole():
    rows = table(RULES)
    assert len({(row.code, row.why) for row in rows}) == len(rows) == 30
    assert [floor.when for floor in FLOORS] == [
        "有人死亡", "聚集200人以上", "出现极端行为", "聚集50–199人", "堵路或围堵办公场所", "5人以上到省上访",
        "聚集10–49人", "全国性媒体报道", "5家以上媒体报道", "省内具体欠薪诉求",
    ]  # fmt: skip
