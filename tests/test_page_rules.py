"""规则与词库: what it shows is what judges; the card of judging again, for whoever may start and stop it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.actor import SYSTEM
from monitors.access.roles import Role
from monitors.opinion import judge as judge_module
from monitors.opinion import rejudge_job, rule_judge, rulebook, trained, training_job
from monitors.opinion.board import elapsed_words
from monitors.opinion.lexicon import shipped
from monitors.opinion.rejudge_job import Counts, Job
from monitors.opinion.relevance import RelevanceModel
from monitors.opinion.training import Scores, Training
from monitors.opinion.training_job import Job as TrainingJob
from monitors.store import tables as t
from pages import context, rejudging
from tests import seed
from tests.test_labels import FIRST, Even
from tests.test_page_duty import words
from tests.test_training import labelled

ROOT = Path(__file__).resolve().parent.parent


def page():
    return AppTest.from_file(str(ROOT / "pages" / "rules.py"), default_timeout=30).run()


def keys(app):
    return {button.key for button in app.button}


@pytest.fixture
def archive(house):
    """Three reports judged by an older version."""
    seed.plant(house, seed.Planted("镇雄工地工人讨薪", reports=3), datetime.now(UTC))
    rejudging._outdated.clear()
    return house


def keep(house, job):
    with house.write() as connection:
        rejudge_job.write(connection, job)


def state(house):
    with house.read() as connection:
        return rejudge_job.read(connection)


def test_the_page_shows_what_judges(archive, signed):
    signed(Role.SHIFT_LEADER)
    app = page()
    assert not app.exception
    shown = words(app)
    settings = context.settings()
    assert trained.choose(settings).version in shown
    for one in rulebook.levels(settings):
        assert elapsed_words(60 * one.sign_minutes) in shown
        assert f"{one.score} 分及以上" in shown
        assert "；".join(one.floors) in shown
    for name, rows in rulebook.points(settings):
        assert f">{name}</td>" in shown
        for row in rows:
            assert f'<td>{row.why}</td><td class="n">{row.points:+d}</td>' in shown
    chosen, weights = rulebook.weights(settings)
    assert f"{weights[0].meaning}</td>" in shown
    assert len(weights) == len(chosen.model.weights)
    assert f"共 {len(shipped().terms):,} 个词语" in shown
    assert "讨薪" in shown


def test_every_group_of_the_lexicon_has_a_chinese_name():
    found = rulebook.groups(shipped().terms)
    assert [group.name for group in found if group.name.isascii()] == []
    assert sum(len(group.terms) for group in found) == len(shipped().terms)
    assert [group.shown for group in found] == sorted((group.shown for group in found), reverse=True)


def test_a_word_is_found_with_its_group(archive, signed):
    signed()
    app = page()
    app.text_input(key="rules-word").input("讨薪").run()
    assert "<td>讨薪</td><td>核心词</td>" in words(app)
    app.text_input(key="rules-word").input("<b>没有的词").run()
    assert "词库中没有这个词语" in words(app)


def test_started_paused_resumed_and_cancelled(archive, signed):
    signed(Role.ADMINISTRATOR)
    app = page()
    assert "有 3 篇报道由以前的版本研判" in words(app)
    app.button(key="rejudge-start").click().run()
    assert state(archive).state == "running"
    assert keys(app) >= {"rejudge-pause", "rejudge-cancel"}
    app.button(key="rejudge-pause").click().run()
    assert state(archive).state == "paused"
    app.button(key="rejudge-resume").click().run()
    assert state(archive).state == "running"
    app.button(key="rejudge-cancel").click().run()
    assert state(archive).state == "cancelled"
    assert "已取消" in words(app)
    assert not app.exception
    with archive.read() as connection:
        rows = connection.execute(select(t.audit).where(t.audit.c.action == "rejudge.run")).all()
    assert len(rows) == 4
    assert {row.display for row in rows} == {"示例人员"}


def test_two_who_start_at_once_start_it_once(archive, signed):
    signed(Role.ADMINISTRATOR)
    app = page()
    with archive.write() as connection:
        rejudge_job.ask(connection, SYSTEM, now=datetime.now(UTC))
    app.button(key="rejudge-start").click().run()
    assert "请等它完成，或先取消" in words(app)
    assert state(archive).by == "系统"


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.AUDITOR])
def test_others_see_how_far_it_is_and_have_no_buttons(archive, signed, role):
    now = datetime.now(UTC)
    counts = Counts(fields={"workers": 7}, reports=7, joined=2)
    keep(archive, Job("running", "赵管理员", now, "新版", 50, 1000, 250, 0, 50.0, counts, "x", now))
    signed(role)
    app = page()
    shown = words(app)
    assert "结果有变的报道 7，涉及人数改变 7，归入事件 2" in shown
    assert not keys(app) & {"rejudge-start", "rejudge-pause", "rejudge-resume", "rejudge-cancel"}
    bar = app.get("progress")[0].proto
    assert (bar.value, bar.text) == (25, "进行中　250 / 1,000 篇　每秒 5 篇　约剩 5 分钟")


def test_whoever_has_a_part_of_the_province_learns_no_numbers_of_the_whole(archive, signed):
    signed(Role.DUTY_OFFICER, "530102")
    assert "由以前的版本研判" not in words(page())
    now = datetime.now(UTC)
    keep(archive, Job("running", "赵管理员", now, "新版", 50, 1000, 250, 0, 50.0, Counts(reports=7), "x", now))
    app = page()
    bar = app.get("progress")[0].proto
    assert (bar.value, bar.text) == (25, "重新研判存量报道：进行中　25%")
    assert "结果有变" not in words(app)


def test_a_watch_that_does_not_run_is_said(archive, signed):
    then = datetime.now(UTC) - timedelta(minutes=5)
    keep(archive, Job("running", "赵管理员", then))
    signed()
    assert "监测没有运行" in words(page())


@pytest.mark.parametrize("role", [Role.COUNTY_CLERK, Role.PREFECTURE_REVIEWER, Role.LEADER])
def test_closed_to_the_others(archive, signed, role):
    signed(role)
    app = page()
    assert "权重" not in words(app)
    with archive.read() as connection:
        assert connection.scalar(select(t.audit.c.target).where(t.audit.c.outcome == "拒绝")) == "rules"


# ── 试算 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def try_out(app, title, text=""):
    app.text_input(key="trying-title").input(title)
    app.text_area(key="trying-text").input(text)
    return next(button for button in app.button if button.label == "试算").click().run()


@pytest.fixture
def light(monkeypatch):
    """SnowNLP, whose model takes seconds to convert in a fresh folder, answers evenly: it has its own tests."""
    monkeypatch.setattr(judge_module, "_snow_scorer", lambda settings: Even())
    now = datetime.now(UTC)
    judge_module.Judge(context.settings()).judge(*FIRST, published=now, now=now)  # words and places, read once


def test_a_typed_text_is_judged_with_marks_reasons_and_points(archive, signed, light):
    signed(Role.DUTY_OFFICER, "530102")
    with archive.read() as connection:
        before = [connection.execute(select(table)).all() for table in (t.item, t.story, t.label, t.alert, t.audit)]
    app = try_out(page(), *FIRST)
    assert not app.exception
    shown = words(app)
    assert '<mark class="workers"' in shown
    assert '<mark class="place"' in shown
    assert "74 人" in shown
    assert "昭通市彝良县" in shown
    assert "涉及74人（50–99人）</td>" in shown
    assert "堵路或围堵办公场所，不低于Ⅱ级" in shown
    assert "标题有明确的欠薪表述</td>" in shown
    assert trained.choose(context.settings()).version in shown
    app = try_out(app, "<script>天麻丰收", "<img src=x onerror=1>收购价每公斤一百元")
    shown = words(app)
    assert "不相关（评分 " in shown
    assert "&lt;script&gt;天麻丰收" in shown
    assert "<script" not in shown
    assert "<img" not in shown
    with archive.read() as connection:
        assert [
            connection.execute(select(table)).all() for table in (t.item, t.story, t.label, t.alert, t.audit)
        ] == before


def test_nothing_typed_is_said_and_no_judge_is_loaded_for_it(archive, signed, monkeypatch):
    monkeypatch.setattr(rule_judge, "present", lambda *a, **k: pytest.fail("a judge was loaded"))
    signed()
    app = try_out(page(), "  ")
    assert "请输入标题或正文" in words(app)
    assert not app.exception


# ── 重新训练 ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def ended(state="done", **changed):
    good = Scores(12, 0, 0, 12)
    values = {
        "labels": 24, "without_text": 3, "gold_before": Scores(480, 14, 0, 125), "gold_after": Scores(484, 10, 0, 125),
        "held_before": good, "held_after": good, "moved": (("标题有疑问语气", -0.5, 0.25),), "refused": "",
        "dry": False, "version": "新版",
    } | changed  # fmt: skip
    now = datetime.now(UTC)
    return TrainingJob(state, "赵管理员", now, "x", ended_at=now, result=Training(**values))


def keep_training(house, job):
    with house.write() as connection:
        training_job._write(connection, job)


@pytest.fixture
def child(monkeypatch):
    """Started children, none of which does anything: they have the real one's test in test_training_job."""
    started = []

    class Idle:
        def wait(self):
            threading.Event().wait(0.2)
            return 1

    monkeypatch.setattr(training_job.subprocess, "Popen", lambda *a, **k: started.append(a) or Idle())
    return started


def test_training_is_started_once_and_its_buttons_wait(archive, signed, child):
    signed(Role.ADMINISTRATOR)
    labelled(archive, 6)
    app = page()
    assert "标注共 12 条，还没有用于训练" in words(app)
    keep_training(archive, TrainingJob("running", "钱管理员", datetime.now(UTC), "y"))
    app = app.button(key="train-start").click().run()
    assert "钱管理员发起的训练正在进行，请等它完成" in "".join(one.value for one in app.info)
    assert child == []
    assert app.button(key="train-start").disabled
    keep_training(archive, ended())
    app = page()
    app.button(key="train-dry").click().run()
    assert len(child) == 1
    assert not app.exception


def test_the_figures_before_and_after_are_shown(archive, signed):
    signed(Role.SHIFT_LEADER)
    keep_training(archive, ended())
    shown = words(page())
    assert '<td class="n">14</td><td class="n">0</td><td class="n">100.0%</td><td class="n">97.2%</td>' in shown
    assert '<td class="n">10</td><td class="n">0</td><td class="n">100.0%</td><td class="n">98.0%</td>' in shown
    assert '<td>标题有疑问语气</td><td class="n">-0.50</td><td class="n">+0.25</td>' in shown
    assert "另有 3 条标注的正文已按期限清除" in shown
    assert "并启用（新版）" in shown


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (ended("refused", refused="在金标准集上不如出厂权重"), "未启用：在金标准集上不如出厂权重。仍用原来的权重。"),
        (ended(dry=True), "可以启用（未启用）"),
        (
            TrainingJob("failed", "赵管理员", datetime.now(UTC), "x", why="训练进程中途结束（代码 9）"),
            "没有完成：训练进程中途结束（代码 9）。仍用原来的权重。",
        ),
        (
            TrainingJob("running", "赵管理员", datetime.now(UTC) - timedelta(hours=1), "x"),
            "没有完成：程序中途停止。仍用原来的权重。",
        ),
    ],
)
def test_how_it_ended_is_said_in_words(archive, signed, job, said):
    signed(Role.ADMINISTRATOR)
    keep_training(archive, job)
    assert said in words(page())


def test_back_to_the_shipped_weights_by_a_click(archive, signed):
    signed(Role.ADMINISTRATOR)
    settings = context.settings()
    weights = dict(RelevanceModel.load().weights) | {"bias": -3.0}
    made = {"trained_at": "2026-11-20T01:00:00+00:00", "shipped": trained.shipped_digest(), "labels": 30}
    trained.write(trained.artefact_path(settings), made | {"weights": weights})
    app = page()
    assert "本单位 2026-11-20 用 30 条标注训练的权重" in words(app)
    app.button(key="train-shipped").click().run()
    assert not trained.artefact_path(settings).exists()
    app = page()
    assert "随程序发布的权重" in words(app)
    assert "train-shipped" not in keys(app)


def test_a_damaged_file_is_said_with_the_way_out(archive, signed):
    signed(Role.ADMINISTRATOR)
    path = trained.artefact_path(context.settings())
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    app = page()
    assert "现用随程序发布的权重" in words(app)
    assert "train-shipped" in keys(app)


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.AUDITOR])
def test_others_see_how_training_went_and_have_no_buttons(archive, signed, role):
    keep_training(archive, ended())
    signed(role)
    app = page()
    assert "并启用（新版）" in words(app)
    assert not {key for key in keys(app) if key and key.startswith("train-")}


def test_whoever_has_a_part_of_the_province_sees_no_counts_of_labels(archive, signed):
    labelled(archive, 6)
    keep_training(archive, ended())
    signed(Role.DUTY_OFFICER, "530102")
    shown = words(page())
    assert "标注共" not in shown
    assert "并启用" not in shown
