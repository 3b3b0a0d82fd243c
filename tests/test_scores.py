"""The pinned-score gate: the judge keeps its floors, and a worse judge does not get through."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from scoring import __main__ as command
from scoring import corpora, floors, grouping, measures
from scoring.figures import MEANINGS, Fault, Figure
from scoring.floors import FloorError, Floors, Measured

from monitors import settings
from monitors.opinion.judge import Judge

PINNED = floors.load()
LEVELS = {"I", "II", "III", "IV", "关注"}


@pytest.fixture(scope="module")
def shipped():
    return settings.load(corpora.ROOT / "config.toml")


@pytest.fixture(scope="module")
def judge(shipped):
    return Judge(shipped)


def measured(judge, shipped, corpus):
    return Measured(corpus, tuple(measures.measure(corpus, judge, shipped)))


def figure(value: float, key: str = "amount", faults: tuple[Fault, ...] = ()) -> Figure:
    return Figure("gold", key, value, "", faults)


def gold_of(*figures: Figure, digest: str = "d") -> Measured:
    return Measured(corpora.Corpus("gold", digest, ()), figures)


# ── The gate itself ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_judge_keeps_its_floors_on_the_gold_set(judge, shipped):
    assert not floors.problems(PINNED, [measured(judge, shipped, corpora.gold())])


def test_the_judge_keeps_its_floors_on_real_text(judge, shipped, shared_dir):
    found = [measured(judge, shipped, corpus) for corpus in corpora.shared(shared_dir)]
    assert {one.corpus.name for one in found} == {"relevance", "region", "dups", "sentiment", "stream", "lists"}
    assert not floors.problems(PINNED, found)


def test_every_figure_of_every_corpus_is_pinned():
    assert set(PINNED.digests) == {"gold", "relevance", "region", "dups", "sentiment", "stream", "lists"}
    assert {name.partition(".")[2] for name in PINNED.bounds} == set(MEANINGS)


class Worse:
    """The real judge with one answer spoilt."""

    def __init__(self, judge, spoil):
        self.judge, self.spoil = judge, spoil

    def judge_many(self, reports):
        return [self.spoil(answer) for answer in self.judge.judge_many(reports)]


@pytest.mark.parametrize(
    ("spoil", "fallen"),
    [
        (lambda a: replace(a, relevant=a.relevance >= 0.995), "gold.relevance_recall"),
        (lambda a: replace(a, relevant=True), "gold.relevance_precision"),
        (lambda a: replace(a, stance="resolved"), "gold.stance"),
        (lambda a: replace(a, sentiment=abs(a.sentiment)), "gold.sentiment_sign"),
        (lambda a: replace(a, workers=a.workers and a.workers + 1), "gold.workers"),
        (lambda a: replace(a, workers=a.workers or 1), "gold.workers_invented"),
        (lambda a: replace(a, amount_fen=a.amount_fen and a.amount_fen * 10), "gold.amount"),
        (lambda a: replace(a, amount_fen=a.amount_fen or 100), "gold.amount_invented"),
        (lambda a: replace(a, employer=None), "gold.employer"),
        (lambda a: replace(a, employer=a.employer or "某公司"), "gold.employer_invented"),
        (lambda a: replace(a, region=a.region[:4] + "00"), "gold.county"),
        (lambda a: replace(a, region="530102"), "gold.look_alikes"),
        (lambda a: replace(a, region="530102"), "gold.place_invented"),
        (lambda a: replace(a, region=""), "gold.prefecture"),
        (lambda a: replace(a, severity=a.severity and replace(a.severity, level="IV")), "gold.level"),
    ],
)
def test_a_worse_judge_fails_the_gate(judge, shipped, spoil, fallen):
    found = measured(Worse(judge, spoil), shipped, corpora.gold())
    worse = next(one for one in found.figures if one.name == fallen)
    (message,) = [words for words in floors.problems(PINNED, [found]) if words.startswith(fallen)]
    assert f"{worse.value:.4f}" in message
    assert f"{PINNED.bounds[fallen]:.4f}" in message
    assert message.count("应为") == min(floors.SHOWN, len(worse.faults)) > 0


def test_grouping_that_joins_too_easily_fails_the_gate(judge, shipped):
    story = shipped.story.model_copy(update={"copy_similarity": 0.2, "window_days": 60})
    loose = shipped.model_copy(update={"story": story})
    found = measured(judge, loose, corpora.gold())
    assert any(words.startswith("gold.stories_pair_precision") for words in floors.problems(PINNED, [found]))


def test_a_changed_corpus_fails_and_says_what_to_do():
    pinned = Floors({"gold": "old"}, {"gold.amount": 0.9})
    (message,) = floors.problems(pinned, [gold_of(figure(0.95), digest="new")])
    assert "指纹" in message
    assert "./run score --raise" in message


def test_a_figure_no_longer_measured_fails():
    pinned = Floors({"gold": "d"}, {"gold.amount": 0.9, "gold.stance": 0.9, "region.county": 0.9})
    (message,) = floors.problems(pinned, [gold_of(figure(0.95))])
    assert message.startswith("gold.stance")


def test_a_figure_without_a_floor_fails():
    (message,) = floors.problems(Floors({"gold": "d"}, {}), [gold_of(figure(0.95))])
    assert "还没有下限" in message


def test_the_worst_errors_come_first():
    faults = tuple(Fault(f"r{n:02d}", "1", "2", "", badness=n) for n in range(15))
    (message,) = floors.problems(Floors({"gold": "d"}, {"gold.amount": 0.9}), [gold_of(figure(0.5, faults=faults))])
    shown = message.splitlines()[1:]
    assert [line.split()[0] for line in shown] == [f"r{n:02d}" for n in range(14, 4, -1)]


# ── Moving a floor ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_floors_rise_and_never_fall_by_raising():
    pinned = Floors({"gold": "d"}, {"gold.amount": 0.9, "gold.amount_invented": 0.02})
    better, changes = floors.raised(pinned, [gold_of(figure(0.95128), figure(0.01001, "amount_invented"))])
    assert better.bounds == {"gold.amount": 0.9512, "gold.amount_invented": 0.0101}
    assert len(changes) == 2
    assert floors.raised(better, [gold_of(figure(0.95128), figure(0.01001, "amount_invented"))]) == (better, [])
    with pytest.raises(FloorError, match=r"gold\.amount"):
        floors.raised(better, [gold_of(figure(0.94), figure(0.0, "amount_invented"))])


def test_a_changed_corpus_cannot_carry_a_fall_with_it():
    pinned = Floors({"gold": "old"}, {"gold.amount": 0.9})
    with pytest.raises(FloorError, match="--lower"):
        floors.raised(pinned, [gold_of(figure(0.8), digest="new")])
    better, _ = floors.raised(pinned, [gold_of(figure(0.92), digest="new")])
    assert better.digests == {"gold": "new"}


def test_lowering_keeps_the_reason_and_the_day_and_touches_one_floor():
    pinned = Floors({"gold": "d"}, {"gold.amount": 0.9, "gold.stance": 0.9})
    found = [gold_of(figure(0.85), figure(0.8, "stance"))]
    lower = floors.lowered(pinned, found, "gold.amount", " 口径改为查实金额 ", date(2026, 11, 23))
    assert lower.bounds == {"gold.amount": 0.85, "gold.stance": 0.9}
    (entry,) = lower.lowered
    assert (entry.figure, entry.before, entry.after) == ("gold.amount", 0.9, 0.85)
    assert (entry.reason, entry.day) == ("口径改为查实金额", "2026-11-23")


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("gold.amount", "  ", "--reason"),
        ("gold.amonut", "原因", "gold.amonut"),
        ("gold.stance", "原因", "无须下调"),
    ],
)
def test_lowering_is_refused_without_reason_name_or_need(name, reason, words):
    pinned = Floors({"gold": "d"}, {"gold.amount": 0.9, "gold.stance": 0.9})
    with pytest.raises(FloorError, match=words):
        floors.lowered(pinned, [gold_of(figure(0.85), figure(0.95, "stance"))], name, reason, date(2026, 11, 23))


def test_floors_survive_the_file(tmp_path: Path):
    kept = Floors(
        {"gold": "d"}, {"gold.amount": 0.9}, (floors.Lowered("gold.amount", 0.95, 0.9, "口径变了", "2026-11-23"),)
    )
    floors.save(kept, tmp_path / "floors.json")
    assert floors.load(tmp_path / "floors.json") == kept
    assert floors.load(tmp_path / "none.json") == Floors({}, {})


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """The command on floors of its own and one figure at 0.85."""
    path = tmp_path / "floors.json"
    fault = Fault("k001", "5", "6", "标题")
    monkeypatch.setattr(command, "measure_all", lambda *, own_only=False: [gold_of(figure(0.85, faults=(fault,)))])
    monkeypatch.setattr(floors, "load", lambda read=floors.load: read(path))
    monkeypatch.setattr(floors, "save", lambda kept, write=floors.save: write(kept, path))
    return path


def pin(path: Path, bound: float) -> None:
    floors.save.__defaults__[0](Floors({"gold": "d"}, {"gold.amount": bound}), path)


def test_the_command_fails_below_the_floor_and_shows_value_floor_and_errors(bench, capsys):
    pin(bench, 0.9)
    assert command.main(["--own"]) == 1
    shown = capsys.readouterr().out
    assert "0.8500" in shown
    assert "≥0.9000" in shown
    assert "k001 应为 5，实为 6 ｜标题" in shown


def test_the_command_raises(bench):
    pin(bench, 0.8)
    assert command.main(["--own", "--raise"]) == 0
    assert json.loads(bench.read_text(encoding="utf-8"))["bounds"] == {"gold.amount": 0.85}


def test_the_command_lowers_only_with_a_reason(bench, capsys):
    pin(bench, 0.9)
    before = bench.read_bytes()
    assert command.main(["--own", "--lower", "gold.amount"]) == 1
    assert "--reason" in capsys.readouterr().err
    assert command.main(["--own", "--raise"]) == 1
    assert bench.read_bytes() == before
    assert command.main(["--own", "--lower", "gold.amount", "--reason", "口径变了"]) == 0
    assert json.loads(bench.read_text(encoding="utf-8"))["lowered"][0]["reason"] == "口径变了"


# ── The measures on cases counted by hand ────────────────────────────────────────────────────────────────────────────


def test_grouping_figures_counted_by_hand():
    event = {"a": 1, "b": 1, "c": 2, "d": 3}
    words = dict.fromkeys(event, "")
    b3, pairs = grouping.figures("gold", {"a": 1, "b": 1, "c": 2, "d": 3}, event, words)
    assert (b3.value, pairs.value) == (1.0, 1.0)
    # c joined to a and b: precision (2/3 + 2/3 + 1/3 + 1) / 4, recall 1; one of three pairs is right.
    b3, pairs = grouping.figures("gold", {"a": 1, "b": 1, "c": 1, "d": 3}, event, words)
    precision = (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4
    assert b3.value == pytest.approx(2 * precision / (precision + 1))
    assert pairs.value == pytest.approx(1 / 3)
    assert [fault.row for fault in pairs.faults] == ["a+c", "b+c"]


@pytest.mark.parametrize(
    ("value", "key", "bound", "missed"),
    [(0.95, "amount", 0.96, True), (0.96, "amount", 0.96, False), (0.03, "amount_invented", 0.02, True)],
)
def test_which_side_of_a_bound_is_wrong(value, key, bound, missed):
    assert figure(value, key).misses(bound) is missed
    assert not figure(value, key).misses(figure(value, key).bound())


# ── The gold set ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_gold_set_is_large_distinct_and_of_every_kind():
    rows = corpora.gold().rows
    assert len(rows) >= 400
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({(row["title"], row["text"]) for row in rows}) == len(rows)
    kinds = Counter(row["case"] for row in rows)
    assert set(kinds) == {
        "core", "dialect", "evasive", "negation", "false_positive", "look_alike", "alias", "place", "workers", "amount",
        "employer", "stance", "severity", "story", "template", "later_stage", "official", "sector",
        "oblique",
    }  # fmt: skip
    assert min(kinds.values()) >= 7
    assert {row["level"] for row in rows if "level" in row} == LEVELS


def test_the_weights_were_not_fitted_on_the_gold_set():
    # benchmarks/fit_relevance.py learns from gold_judge.jsonl; what it learnt from cannot say how well it does.
    learnt = (corpora.ROOT / "data" / "training" / "gold_judge.jsonl").read_text(encoding="utf-8").splitlines()
    seen = {(row["title"], row["text"]) for row in map(json.loads, learnt)}
    assert not seen & {(row["title"], row["text"]) for row in corpora.gold().rows}


def test_what_is_labelled_is_consistent():
    for row in corpora.gold().rows:
        if row.get("county"):
            assert row["county"][:4] == row["prefecture"][:4], row["id"]
        if row["look_alike"]:
            assert row["county"] is row["prefecture"] is None, row["id"]
        if row.get("relevant") is False:
            assert not {"stance", "workers", "amount_fen", "employer", "story"} & set(row), row["id"]
        assert row.get("level", "关注") in LEVELS
