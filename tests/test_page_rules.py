"""规则与词库: what it shows is what judges; the card of judging again, for whoever may start and stop it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.actor import SYSTEM
from monitors.access.roles import Role
from monitors.opinion import rejudge_job, rulebook, trained
from monitors.opinion.board import elapsed_words
from monitors.opinion.lexicon import shipped
from monitors.opinion.rejudge_job import Counts, Job
from monitors.store import tables as t
from pages import context, rejudging
from tests import seed
from tests.test_page_duty import words

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
