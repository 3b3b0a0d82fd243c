"""The judge as a whole: the project's gold set, evidence on the original characters, determinism, threads."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitors import settings
from monitors.opinion.judge import Judge, Report, as_json
from monitors.opinion.model import KINDS

GOLD = [
    json.loads(line)
    for line in (settings.ROOT / "data" / "training" / "gold_judge.jsonl").read_text(encoding="utf-8").splitlines()
]
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Even:
    """Stands for SnowNLP where its score does not matter; the real one has its own tests."""

    def __init__(self, value: float = 0.5) -> None:
        self.value = value

    def score(self, texts):
        return [self.value] * len(texts)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(settings.load(), scorer=Even())


def one(judge: Judge, title: str, text: str = "", **more):
    return judge.judge(title, text, published=NOW, now=NOW, **more)


@pytest.mark.parametrize("row", GOLD, ids=lambda row: row["id"])
def test_gold(judge, row):
    found = one(judge, row["title"], row["text"])
    if row["relevant"] is not None:
        assert found.relevant == row["relevant"], found.relevance
    if not found.relevant:
        assert found.severity is None
        assert found.kind is None
        return
    assert found.kind in KINDS
    if "stance" in row:
        assert found.stance in row["stance"]
    for name in ("kind", "workers", "employer"):
        if name in row:
            assert getattr(found, name) == row[name], name
    if "amount_yuan" in row:
        wanted = row["amount_yuan"]
        assert found.amount_fen == (None if wanted is None else wanted * 100)
    if "acts" in row:
        assert list(found.acts) == row["acts"]


def test_the_gold_set_is_large_and_invented():
    assert len(GOLD) >= 150
    assert len({(row["title"], row["text"]) for row in GOLD}) == len(GOLD)


@pytest.mark.parametrize("row", GOLD[::3], ids=lambda row: row["id"])
def test_evidence_points_at_the_original_characters(judge, row):
    found = one(judge, row["title"], row["text"])
    for evidence in found.evidence:
        assert row[evidence.field][evidence.start : evidence.end] == evidence.text
        assert evidence.text
        assert evidence.why


_PIECES = st.lists(
    st.sampled_from(
        ["拖欠", "工资", "欠xin", "讨 薪", "農民工", "工(gōng)资", "20余名", "12.6万余元", "昭通", "，", "。", "\n",
         "爬塔吊", "!", "滇示建筑有限公司", "已付清", "１２３", "\u200b", "🙂", "a", "欠", "每人", "共计", "老板"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(title=_PIECES, text=_PIECES)
@hypothesis_settings(max_examples=150, deadline=None)
def test_evidence_is_exact_whatever_the_text(title, text):
    found = _JUDGE.judge(title, text, published=NOW, now=NOW)
    fields = {"title": title, "text": text}
    for evidence in found.evidence:
        assert fields[evidence.field][evidence.start : evidence.end] == evidence.text
    assert 0.0 <= found.relevance <= 1.0
    assert -1.0 <= found.sentiment <= 1.0
    assert all(word in title or word in text for word in found.matched)


_JUDGE = Judge(settings.load(), scorer=Even())


def test_same_input_same_output_also_across_threads(judge):
    reports = [Report(row["title"], row["text"], NOW, now=NOW) for row in GOLD[:60]]
    first = judge.judge_many(reports)
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda report: judge.judge_many([report])[0], reports))
    assert again == first


def test_severity_of_a_night_at_the_tower_crane(judge):
    found = one(
        judge, "镇雄一工地20余名工人爬塔吊讨薪", "11月22日夜，镇雄县一工地20余名工人爬上塔吊，称被拖欠工资46万元。"
    )
    assert found.scope == "本省"
    assert found.region == "530627"
    assert found.severity is not None
    assert found.severity.level == "II"
    assert {part.code: part.points for part in found.severity.parts} == {"E": 32, "N": 8, "A": 6, "M": 2}
    assert found.specific_claim


@pytest.mark.parametrize(
    ("title", "text", "scope"),
    [
        ("我省召开根治欠薪冬季专项行动推进会", "会议要求确保农民工工资按时足额支付。", "背景"),
        ("河南郑州一工地拖欠工资，工人爬塔吊", "郑州市30名工人被拖欠工资。", "外省"),
        ("工地拖欠我们工资三个月了", "老板不接电话。", "未定位"),
    ],
)
def test_what_is_not_here_never_rises_above_listing(judge, title, text, scope):
    found = one(judge, title, text)
    assert found.relevant
    assert found.scope == scope
    assert found.severity is not None
    if scope in ("背景", "外省"):
        assert found.severity.level == "关注"
        assert found.severity.score > 0


def test_gathered_persons_and_the_province_floor(judge):
    found = one(judge, "昆明60余名工人在政府门口聚集讨薪", "因被拖欠工资，60余名工人在昆明市官渡区一办公楼前聚集。")
    assert found.gathered == 60
    assert found.severity is not None
    assert found.severity.level == "II"


def test_festival_counts_within_thirty_days():
    eve = datetime(2027, 1, 20, tzinfo=UTC)
    near = _JUDGE.judge("曲靖30名工人被拖欠工资", "", published=eve, now=eve)
    far = one(_JUDGE, "曲靖30名工人被拖欠工资")
    assert near.severity is not None
    assert far.severity is not None
    assert near.severity.score - far.severity.score == 5


@pytest.mark.parametrize(("tone", "sign"), [(0.9, 1), (0.1, -1)])
def test_sentiment_of_other_news_is_snownlps(tone, sign):
    judge = Judge(settings.load(), scorer=Even(tone))
    assert one(judge, "洱海水质持续向好").sentiment * sign > 0


@pytest.mark.parametrize(
    ("title", "sign"),
    [("60名工人拿到被拖欠的工资送来锦旗", 1), ("工人爬塔吊讨薪，老板失联", -1), ("拖欠工资已全部发放", 1)],
)
@pytest.mark.parametrize("tone", [0.02, 0.98])
def test_sentiment_of_wage_reports_follows_the_event(title, sign, tone):
    assert one(Judge(settings.load(), scorer=Even(tone)), title).sentiment * sign > 0


def test_json_of_a_judgement_is_serialisable(judge):
    printed = json.loads(json.dumps(as_json(one(judge, "昭通镇雄12名工人被拖欠工资8万元")), ensure_ascii=False))
    assert printed["region"] == "530627"
    assert printed["amount_fen"] == 8_000_000
    assert printed["level"] == "IV"


def test_matched_terms_come_most_telling_first_in_their_own_spelling(judge):
    found = one(judge, "工地欠xin，工人堵路")
    assert found.matched[:2] == ("欠xin", "堵路")


def test_nothing_at_all(judge):
    found = one(judge, "", "")
    assert not found.relevant
    assert found.evidence == ()


def test_score_of_an_empty_batch(judge):
    assert judge.judge_many([]) == []


def test_a_text_made_to_be_slow_is_read_to_a_limit(judge):
    limit = settings.load().judge.max_chars
    long = "农民工讨薪" + "某" * limit + "镇雄县拖欠37名农民工工资"
    found = one(judge, "工人讨薪", long)
    assert found.relevant
    assert found.workers is None
    assert all(e.end <= limit for e in found.evidence if e.field == "text")
