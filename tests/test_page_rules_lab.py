"""规则与词库, the tabs of the office's own rules: written, tried, put in force, taken back; readers only read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from monitors import settings as settings_module
from monitors.access.roles import Role
from monitors.opinion import lab_job, rule_sets
from monitors.opinion.lab_figures import Day, Gold, Listed, Result, Shift, Totals
from monitors.opinion.rule_grammar import parse
from monitors.opinion.rule_sets import Draft
from monitors.opinion.training import Scores
from monitors.store import tables as t
from pages import rules_draft, rules_words
from tests import seed
from tests.test_page_duty import words
from tests.test_page_rules import keys, page

RULE = "【车队】\n讨薪车队\n!演练\n级别：III"
HOSTILE = "<img src=x onerror=1>车队"


@pytest.fixture
def archive(house):
    seed.plant(house, seed.Planted("镇雄工地工人讨薪", reports=1), datetime.now(UTC))
    return house


@pytest.fixture
def started(monkeypatch):
    """Trials asked for, whose child does nothing: it has the real one's test in test_rule_lab_job."""
    asked = []
    monkeypatch.setattr(lab_job, "_watch", lambda store, number: asked.append(number))
    return asked


def result(floor=""):
    levels = {"I": 0, "II": 0, "III": 1, "IV": 0}
    gained = Shift(None, 7, "", HOSTILE, "2026-11-20", "530627", "", "III", "规则“车队”命中“讨薪车队”，不低于III级 黄")
    none = Listed(0, ())
    return Result(
        1234, 56, 0, 3, Totals(10, dict.fromkeys(levels, 0)), Totals(11, levels),
        (Day("2026-11-20", 0, 1), Day("2026-11-21", 0, 0)), Listed(1, (gained,)), none, none, none, none,
        Gold(Scores(516, 3, 0, 79), Scores(516, 3, 1, 78), floor, ("一篇",)), 12.0,
    )  # fmt: skip


def finish(house, floor=""):
    with house.write() as connection:
        assert lab_job.end(connection, lab_job.latest(connection).id, lab_job.DONE, "", result(floor))


def in_force(house):
    with house.read() as connection:
        return rule_sets.in_force(connection)


def test_a_rule_is_written_tried_put_in_force_and_taken_back(archive, signed, started):
    signed(Role.ADMINISTRATOR)
    app = page()
    assert not app.exception
    assert app.button(key="rules-try").disabled
    app.text_area(key=rules_draft.TEXT).input("讨薪车队").run()
    assert "第 1 行</td><td>这一段没有名称" in words(app)
    assert app.button(key="rules-try").disabled
    app.text_area(key=rules_draft.TEXT).input(RULE)
    app.number_input(key=rules_draft.limit_key("severity.level_4")).set_value(22).run()
    assert "共 1 条规则，没有错误" in words(app)
    assert "不低于III级 黄</td>" in words(app)
    app.text_area(key="rules-try-text").input("几辆讨薪车队开往县城")
    next(button for button in app.button if button.label == "看看命中哪些规则").click().run()
    assert '<mark class="rule" title="规则“车队”命中">讨薪车队</mark>' in words(app)
    assert "“讨薪车队”正文第 3 字" in words(app)
    app.button(key="rules-try").click().run()
    assert len(started) == 1
    with archive.read() as connection:
        run = lab_job.latest(connection)
    assert run.draft == Draft(RULE, {"severity.level_4": 22})
    assert (app.button(key="rules-try").disabled, "rules-cancel" in keys(app)) == (True, True)
    finish(archive, floor="查准率 99.81%，低于下限 100.00%")
    app.run()
    shown = words(app)
    assert '<td class="n">+1</td>' in shown
    assert "&lt;img src=x onerror=1&gt;车队" in shown
    assert 'href="search?report=7"' in shown
    assert "查准率 99.81%，低于下限 100.00%" in shown
    assert app.button(key="rules-save").disabled
    app.text_input(key="rules-reason").input("本地常见").run()
    app.button(key="rules-save").click().run()
    assert in_force(archive).reason == "本地常见"
    assert in_force(archive).draft == run.draft
    app.run()
    assert "本地常见</td>" in words(app)
    app.selectbox(key="rules-version").set_value(1).run()
    app.text_input(key="rules-back-reason").input("误报太多").run()
    app.button(key="rules-back").click().run()
    assert in_force(archive).draft == Draft()
    assert not app.exception
    assert app.text_area(key=rules_draft.TEXT).value == ""
    with archive.read() as connection:
        acts = list(
            connection.scalars(select(t.audit.c.action).where(t.audit.c.kind == "rule_set").order_by(t.audit.c.seq))
        )
    assert acts == ["rule.try", "rule.edit", "rule.edit"]


def test_readers_read_and_have_no_fields(archive, signed):
    signed(Role.SHIFT_LEADER)
    boss = page()
    assert not boss.exception
    assert not keys(boss) & {"rules-try", "rules-save", "rules-back"}
    assert rules_draft.TEXT not in {area.key for area in boss.text_area}
    assert "还没有试验过规则" in words(boss)
    signed(Role.DUTY_OFFICER, "530102")
    assert "试验针对全省的报道" in words(page())


def test_a_rule_in_words():
    lines = ("【甲】", "车队 结队", "+讨薪 工资", "近(8)：塔吊 工人", "!演练", "字段：标题", "地区：镇雄县")
    rest = ("级别：II", "标签：跨县")
    (rule,) = parse("\n".join(lines + rest))
    assert rules_words.asks(rule) == "任一：车队、结队、“塔吊”“工人”相隔不超过 8 字；必有：讨薪或工资；不得有：演练"
    assert rules_words.scope(rule) == "只看标题；地区 昭通市镇雄县"
    assert rules_words.effect(rule) == "不低于II级 橙；标签 跨县"
    assert settings_module.load().severity.level_4  # the page's thresholds are those of config.toml
