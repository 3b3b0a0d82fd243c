"""Training: labels move the weights the way they point, garbage is not put in force, damage is not obeyed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import __main__ as command_line
from monitors import doctor
from monitors import settings as settings_module
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import Role, may
from monitors.errors import InputError, RefusedError
from monitors.opinion import trained, training
from monitors.opinion.judge import MODEL, Judge
from monitors.opinion.relevance import RelevanceModel
from monitors.opinion.trained import TrainedError
from monitors.opinion.training import Example, Scores
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

GOLD = training.GOLD  # before the small one of these tests takes its place
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BOSS = Actor(1, "boss", "赵管理员", Role.ADMINISTRATOR, "530000", "10.0.0.1", "feed")
OWED = "{place}{count}名工人在{site}务工，工资被拖欠{months}个月，多次讨要至今未付。"
FINE = "{place}{site}项目顺利推进，{count}名技术人员连续奋战{months}个月，预计明年通车。"
SHIPPED = training.GOLD
PLACES = ("彝良县", "镇雄县", "元谋县", "蒙自市", "盈江县", "宣威市", "富民县", "罗平县")
SITES = ("公路", "学校", "安置房", "水库", "医院", "厂房")


class Even:
    def score(self, texts):
        return [0.5] * len(texts)


def report(number: int, *, owed: bool) -> tuple[str, str]:
    place, site = PLACES[number % 8], SITES[number % 6]
    slots = {"place": place, "site": site, "count": 10 + number, "months": 2 + number % 5}
    title = f"{place}{site}工地拖欠{10 + number}名工人工资" if owed else f"{place}{site}建设提速"
    return title, (OWED if owed else FINE).format(**slots)


@pytest.fixture(autouse=True)
def gold(tmp_path, monkeypatch):
    """A small gold set of this test's own: the project's grows while others work on it."""
    rows = []
    for number in range(100, 130):
        for owed in (True, False):
            title, text = report(number, owed=owed)
            rows.append({"title": title, "text": text, "relevant": owed})
    rows.append({"title": "某地", "text": "", "relevant": None})
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    monkeypatch.setattr(training, "GOLD", (path,))
    return path


@pytest.fixture
def settings(tmp_path):
    return settings_module.load(environ={"MONITORS_DATA": str(tmp_path / "data")})


def labelled(store, count, *, wrong=False, demo=False, removed=False):
    """So many reports of each kind, labelled as they are, or the other way round."""
    with store.write() as connection:
        if connection.scalar(select(t.source.c.id).where(t.source.c.id == "s")) is None:
            connection.execute(
                insert(t.source).values(
                    id="s", name="示例网", kind="feed", url="https://s.invalid/", group_name="自建", outlet="示例网",
                    interval_seconds=600, max_interval_seconds=7200, region="", tier=3, national=False,
                    condition="正常", paused=False, recipe={}, origin="page", created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        for number in range(count):
            for owed in (True, False):
                title, text = report(number, owed=owed)
                item_id = connection.execute(
                    insert(t.item)
                    .values(
                        source_id="s", guid=f"{number}/{owed}/{demo}/{removed}".ljust(64, "0"), url="", title=title,
                        text="" if removed else text, text_hash="0" * 64, outlet="示例网", published_at=NOW,
                        fetched_at=NOW, relevant=owed, relevance=0.5, sentiment=0, stance="neutral", scope="本省",
                        region="530000", demo=demo, judgement={"text_removed": "2026-11-01"} if removed else {},
                    )
                    .returning(t.item.c.id)
                ).scalar_one()  # fmt: skip
                connection.execute(
                    insert(t.label).values(
                        item_id=item_id, field="relevant", was={"relevant": owed}, said={"value": owed != wrong},
                        model=MODEL, author="张三", at=NOW + timedelta(seconds=number), note="",
                    )
                )  # fmt: skip


def trail(store):
    with store.read() as connection:
        return [
            (row.action, row.outcome, json.loads(row.after))
            for row in connection.execute(select(t.audit).order_by(t.audit.c.seq))
        ]


def judged(judge, text="彝良县30名工人被拖欠工资三个月，至今未付。"):
    return judge.judge("彝良县一工地拖欠工资", text, published=NOW, now=NOW)


# ── fitting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def example(relevant, group="", **found):
    return Example(found, relevant, 1.0, group, "")


@pytest.mark.parametrize(
    ("feature", "relevant"), [("petition", True), ("question_head", True), ("topic_text", False), ("pay_title", False)]
)
def test_labels_that_contradict_a_weight_turn_it_round(feature, relevant):
    shipped = RelevanceModel.load().weights
    assert (shipped[feature] > 0) != relevant
    others = [example(True, title_firm=1.0, text_firm=1.0), example(False, nothing=1.0)] * 20
    few = training.fit_weights([*others, example(relevant, **{feature: 1.0})], shipped)
    many = training.fit_weights([*others, *[example(relevant, **{feature: 1.0})] * 60], shipped)
    assert (many[feature] > 0) == relevant
    assert abs(few[feature] - shipped[feature]) < abs(many[feature] - shipped[feature])
    assert many.keys() == shipped.keys()
    untouched = {name for name in shipped if name not in {feature, "title_firm", "text_firm", "nothing", "bias"}}
    assert all(many[name] == round(shipped[name], 4) for name in untouched)


def test_rows_that_contradict_everything_do_not_break_the_fit():
    shipped = RelevanceModel.load().weights
    rows = [example(False, title_firm=1.0, lead_firm=1.0, text_firm=1.0, dense=1.0)] * 400
    rows += [example(True, nothing=1.0, abroad_head=1.0)] * 400
    found = training.fit_weights(rows, shipped)
    assert all(abs(value) < 30 for value in found.values())
    assert training.scores(rows, found, 0.5) == Scores(400, 0, 0, 400)


def test_the_projects_own_rows_hold_the_weights_and_move_nothing():
    shipped = RelevanceModel.load().weights
    own = [*training._gold(), *training._everyday()]
    assert training.fit_weights([], shipped, own) == {name: round(value, 4) for name, value in shipped.items()}
    rows = [example(False, title_firm=1.0, lead_firm=1.0)] * 20
    free, held = training.fit_weights(rows, shipped), training.fit_weights(rows, shipped, own)
    moved = {name for name in shipped if abs(free[name] - shipped[name]) > 0.05}
    assert moved
    assert all(abs(held[name] - shipped[name]) < abs(free[name] - shipped[name]) for name in moved & {"title_firm"})


def test_labels_that_agree_pass_the_projects_own_gold_set(store, settings, monkeypatch):
    monkeypatch.setattr(training, "GOLD", GOLD)
    labelled(store, 12)
    done = training.train(store, BOSS, settings, now=NOW, dry=True)
    assert done.refused == ""
    assert not done.gold_after.worse(done.gold_before)
    assert done.gold_before.correct + done.gold_before.missed + done.gold_before.alarms > 400


# ── the whole way ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_learned_is_in_force_at_once_and_written_on_every_judgement(store, settings):
    judge = Judge(settings, scorer=Even())
    before = judged(judge)
    assert before.model == judge.version == MODEL
    labelled(store, 12)
    done = training.train(store, BOSS, settings, now=NOW)
    assert (done.refused, done.labels) == ("", 24)
    assert any("已启用" in line for line in done.lines)
    after = judged(judge)
    assert after.model == judge.version == done.version != MODEL
    assert after.model.startswith(f"{MODEL}·本地 ")
    assert trained.choose(settings).model.weights != RelevanceModel.load().weights
    held = json.loads(trained.artefact_path(settings).read_text(encoding="utf-8"))
    assert held["weights"].keys() == RelevanceModel.load().weights.keys()
    assert (held["labels"], held["scores"]["gold_after"]["missed"]) == (24, 0)
    assert "赵管理员" not in json.dumps(held, ensure_ascii=False)
    told = {"标注": 24, "金标准集": done.gold_after.words, "留出检验": done.held_after.words, "启用": "是"}
    assert trail(store) == [("model.train", "成功", told)]
    again = training.train(store, BOSS, settings, now=NOW)
    assert again.version == done.version  # the same data, the same weights
    assert training.use_shipped(store, BOSS, settings, now=NOW)
    assert judged(judge).model == MODEL
    assert not training.use_shipped(store, BOSS, settings, now=NOW)


def test_garbage_is_refused_and_said(store, settings):
    labelled(store, 60, wrong=True)
    done = training.train(store, BOSS, settings, now=NOW)
    assert "金标准集" in done.refused
    assert done.gold_after.worse(done.gold_before)
    assert not trained.artefact_path(settings).exists()
    assert done.version == MODEL
    assert any(line.startswith("未启用：") for line in done.lines)
    ((action, outcome, after),) = trail(store)
    assert (action, outcome, after["启用"], after["why"]) == ("model.train", "失败", "否", done.refused)


def test_a_trial_changes_nothing(store, settings):
    labelled(store, 12)
    done = training.train(store, BOSS, settings, now=NOW, dry=True)
    assert (done.refused, done.dry) == ("", True)
    assert not trained.artefact_path(settings).exists()
    assert trail(store) == []


def test_worse_on_unseen_labels_is_refused():
    good, bad = Scores(10, 0, 0, 10), Scores(9, 1, 0, 10)
    assert training._why_not(good, good, good, bad).startswith("留出检验")
    assert training._why_not(good, bad, good, good).startswith("在金标准集上")
    assert training._why_not(bad, good, bad, good) == ""
    assert training._why_not(good, replace(good, alarms=1, passed=9), good, good) != ""
    missed = Scores(9, 1, 0, 10)  # one found more at the price of a false alarm: precision has a floor as well
    assert training._why_not(missed, Scores(10, 0, 1, 9), good, good).startswith("在金标准集上")


def test_invented_reports_and_removed_texts_teach_nothing(store, settings):
    labelled(store, 20, demo=True, wrong=True)
    labelled(store, 20, removed=True, wrong=True)
    with pytest.raises(InputError, match="可用 0 条"):
        training.train(store, BOSS, settings, now=NOW)
    labelled(store, 6)
    done = training.train(store, BOSS, settings, now=NOW, dry=True)
    assert (done.labels, done.without_text) == (12, 40)


def test_labels_of_one_event_only_are_too_few(store, settings):
    labelled(store, 12)
    with store.write() as connection:
        story = {
            "id": 1, "title": "x", "region": "530000", "scope": "本省", "stance": "unresolved", "sentiment": -0.5,
            "items": 1, "outlets": 1, "first_outlet": "x", "first_published_at": NOW, "first_seen_at": NOW,
            "last_seen_at": NOW, "level": "IV", "score": 20, "severity": {}, "matched": [],
        }  # fmt: skip
        connection.execute(t.story.insert().values(story))
        connection.execute(update(t.label).values(story_id=1))
    with pytest.raises(InputError, match="不同事件"):
        training.train(store, BOSS, settings, now=NOW)


@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_permissions_decides(store, settings, role):
    actor = Actor(3, "x", "某某", role, "530000", "10.0.0.3")
    labelled(store, 6)
    for work in (training.train, training.use_shipped):
        if may(role, "model.train"):
            work(store, actor, settings, now=NOW)
            continue
        with pytest.raises(RefusedError):
            work(store, actor, settings, now=NOW)
    refused = [outcome for _, outcome, _ in trail(store)].count("拒绝")
    assert refused == (0 if may(role, "model.train") else 2)


def test_what_training_learns_from_is_part_of_the_product(monkeypatch):
    # An office has the program without its tests.
    assert all(path.is_relative_to(settings_module.ROOT / "data") for path in SHIPPED)
    monkeypatch.setattr(training, "GOLD", SHIPPED)
    written = list(training._gold())
    assert len(written) > 500
    assert 0.3 < sum(one.relevant for one in written) / len(written) < 0.9


def test_without_a_gold_set_nothing_is_put_in_force(store, settings, monkeypatch, tmp_path):
    labelled(store, 12)
    monkeypatch.setattr(training, "GOLD", (tmp_path / "absent.jsonl",))
    with pytest.raises(InputError, match="金标准集"):
        training.train(store, BOSS, settings, now=NOW)


def test_a_disk_that_refuses_leaves_all_as_it_was(store, settings):
    labelled(store, 12)
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "models").write_text("a file where the folder should be")
    with pytest.raises(TrainedError, match="无法写入"):
        training.train(store, BOSS, settings, now=NOW)
    assert trail(store) == []


# ── the artefact ─────────────────────────────────────────────────────────────────────────────────────────────────────
def content(**changes):
    weights = dict(RelevanceModel.load().weights) | {"bias": -9.0}
    return {
        "trained_at": NOW.isoformat(), "shipped": trained.shipped_digest(), "labels": 30, "weights": weights,
    } | changes  # fmt: skip


def spoilt(path, how):
    whole = RelevanceModel.load().weights
    match how:
        case "cut":
            trained.write(path, content())
            path.write_bytes(path.read_bytes()[:-40])
        case "edited":
            trained.write(path, content())
            path.write_text(path.read_text("utf-8").replace("-9.0", "9.0"), encoding="utf-8")
        case "not text":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xff\xfe\x00weights")
        case "a list":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("[1, 2]")
        case "a feature more":
            trained.write(path, content(weights={**whole, "colour": 1.0}))
        case "a feature less":
            trained.write(path, content(weights={name: 1.0 for name in whole if name != "bias"}))
        case "no number":
            trained.write(path, content(weights={**whole, "bias": "high"}))
        case "not finite":
            trained.write(path, content(weights={**whole, "bias": float("nan")}))
        case "another release":
            trained.write(path, content(shipped="0" * 64))
        case "another format":
            trained.write(path, content(format=2))


@pytest.mark.parametrize(
    "how",
    ["cut", "edited", "not text", "a list", "a feature more", "a feature less", "no number", "not finite",
     "another release", "another format"],
)  # fmt: skip
def test_a_damaged_artefact_is_not_obeyed_and_the_doctor_says_so(settings, how):
    path = trained.artefact_path(settings)
    spoilt(path, how)
    judge = Judge(settings, scorer=Even())
    assert judged(judge).model == MODEL
    assert judged(judge).relevant
    finding = trained.examine(settings)
    assert finding.state == "注意"
    assert "现用随程序发布的权重" in finding.words
    assert "python -m monitors train" in finding.advice
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(settings.data_dir)})
    assert [one.state for one in found if one.part == "研判模型"] == ["注意"]


def test_a_whole_artefact_is_obeyed_and_taken_up_while_running(settings):
    path = trained.artefact_path(settings)
    judge = Judge(settings, scorer=Even())
    assert judged(judge).relevant
    trained.write(path, content(weights=dict.fromkeys(RelevanceModel.load().weights, -9.0)))
    assert not judged(judge).relevant
    assert trained.examine(settings).words.startswith("使用本单位 2026-11-23 训练的权重")
    assert "标注 30 条" in trained.examine(settings).words
    spoilt(path, "cut")  # damaged while running: the shipped weights again
    assert judged(judge).relevant
    assert list(path.parent.iterdir()) == [path]


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_command_says_what_it_did(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings_module.current.cache_clear()
    store = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    upgrade(store)
    assert command_line.main(["train"]) == 1
    assert "至少需要 10 条" in capsys.readouterr().err
    labelled(store, 12)
    assert command_line.main(["train", "--dry-run"]) == 0
    assert "试算通过" in capsys.readouterr().out
    assert command_line.main(["train"]) == 0
    assert "已启用" in capsys.readouterr().out
    assert command_line.main(["train", "--shipped"]) == 0
    assert "已恢复随程序发布的权重" in capsys.readouterr().err
    with store.write() as connection:
        connection.execute(t.item.delete())
    labelled(store, 60, wrong=True)
    assert command_line.main(["train"]) == 1
    assert "未启用" in capsys.readouterr().out
    assert {row[0] for row in trail(store)} == {"model.train"}
    assert SYSTEM.name not in {row[0] for row in trail(store)}
    store.close()
    settings_module.current.cache_clear()
