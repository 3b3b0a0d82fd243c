"""Versions of the office's rules: who may save, what is refused, what is in force and who was faster."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitors import settings as settings_module
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import rule_sets
from monitors.opinion.mentions import read
from monitors.opinion.rule_grammar import RulesError
from monitors.opinion.rule_sets import Alias, Draft
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SETTINGS = settings_module.load(environ={})
CHIEF = Actor(3, "zhao", "赵管理员", Role.ADMINISTRATOR, "530000", "10.20.0.1")
OTHER = Actor(4, "qian", "钱管理员", Role.ADMINISTRATOR, "530000", "10.20.0.2")
DUTY = Actor(5, "li", "李值班", Role.DUTY_OFFICER, "530000", "10.20.0.3")
TEXT = "【跨县讨薪车队】\n包车讨薪\n级别：II"


def save(store, draft, *, actor=CHIEF, expected=0, reason="试过", now=NOW):
    with acting(store, actor) as connection:
        return rule_sets.save(
            connection, actor, draft, reason, {"gained": 3}, expected, settings=SETTINGS, now=now
        )  # fmt: skip


def in_force(store):
    with store.read() as connection:
        return rule_sets.in_force(connection)


def trail(store):
    with store.read() as connection:
        return connection.execute(select(t.audit).where(t.audit.c.action == "rule.edit").order_by(t.audit.c.seq)).all()


def test_what_is_saved_is_in_force_and_told(store):
    assert in_force(store) is rule_sets.EMPTY
    draft = Draft(TEXT + "  \n", {"judge.relevance_threshold": 0.6, "severity.level_1": 85}, (Alias("苦银子", "工钱"),))
    number = save(store, draft)
    found = in_force(store)
    assert (found.id, found.by, found.reason, found.figures) == (number, "赵管理员", "试过", {"gained": 3})
    assert found.at == NOW
    assert [rule.name for rule in found.rules] == ["跨县讨薪车队"]
    assert found.draft.thresholds == {"judge.relevance_threshold": 0.6, "severity.level_1": 85}
    assert found.draft.aliases == (Alias("苦银子", "工钱"),)
    assert rule_sets.restored(json.loads(json.dumps(rule_sets.stored(found.draft)))) == found.draft
    (row,) = trail(store)
    assert (row.display, row.outcome, row.target) == ("赵管理员", "成功", str(number))
    assert json.loads(row.after)["reason"] == "试过"
    assert "包车讨薪" not in row.after


def test_the_thresholds_in_force_are_everybodys_settings(store):
    save(store, Draft(thresholds={"severity.level_1": 85, "severity.report_days": 3}))
    with store.read() as connection:
        chosen = rule_sets.effective(connection, SETTINGS)
    assert (chosen.severity.level_1, chosen.severity.report_days) == (85, 3)
    assert chosen.severity.level_2 == SETTINGS.severity.level_2
    assert chosen.site == SETTINGS.site


def test_a_threshold_that_says_what_the_file_says_is_none(store):
    save(store, Draft(TEXT, {"severity.level_1": SETTINGS.severity.level_1}))
    assert in_force(store).draft.thresholds == {}


def test_the_slower_of_two_is_told_of_the_faster(store):
    first = save(store, Draft(TEXT))
    with pytest.raises(ConflictError, match=f"赵管理员 于 11-23 10:00.*第 {first} 版"):
        save(store, Draft(TEXT + "\n+红河"), actor=OTHER, expected=0, now=NOW + timedelta(minutes=1))
    assert in_force(store).id == first
    assert len(trail(store)) == 1


def test_going_back_is_saving_the_old_words_again(store):
    first = save(store, Draft(TEXT))
    second = save(store, Draft(TEXT + "\n+红河"), expected=first)
    with store.read() as connection:
        old = rule_sets.get(connection, first)
    third = save(store, old.draft, expected=second, reason="恢复")
    with store.read() as connection:
        assert [one.id for one in rule_sets.history(connection)] == [third, second, first]
        assert rule_sets.get(connection, 0) is rule_sets.EMPTY
        with pytest.raises(InputError, match="没有第 99 版"):
            rule_sets.get(connection, 99)
    assert in_force(store).draft == old.draft
    with pytest.raises(InputError, match="没有需要保存的修改"):
        save(store, old.draft, expected=third)


def test_only_the_administrator_may_and_the_refusal_is_recorded(store):
    with pytest.raises(RefusedError):
        save(store, Draft(TEXT), actor=DUTY)
    assert in_force(store).id == 0
    (row,) = trail(store)
    assert (row.display, row.outcome) == ("李值班", "拒绝")


@pytest.mark.parametrize(
    ("draft", "told"),
    [
        (Draft(thresholds={"judge.max_chars": 9}), "没有“judge.max_chars”这个门槛"),
        (Draft(thresholds={"judge.relevance_threshold": 1.5}), "相关门槛应小于 1"),
        (Draft(thresholds={"severity.level_2": 90}), "依次减小"),
        (Draft(thresholds={"severity.level_2": 60.5}), "II级分数线应为整数"),
        (Draft(thresholds={"severity.report_days": 0}), "不再报警应不小于 1"),
        (Draft(aliases=(Alias("薪", "工资"),)), "写法应为 2–20 个字"),
        (Draft(aliases=(Alias("苦钱", ""),)), "含义应为"),
        (Draft(aliases=(Alias("工资", "工钱"),)), "词库里的词"),
        (Draft(aliases=(Alias("苦银子", "工钱"), Alias("苦 銀子", "工资"))), "重复"),
        (Draft(aliases=(Alias("工錢錢", "工钱钱"),)), "写法与含义相同"),
    ],
)
def test_what_does_not_hold_is_refused(draft, told):
    with pytest.raises(InputError, match=told):
        rule_sets.check(draft, SETTINGS)


def test_rules_with_faults_are_refused_with_their_lines():
    with pytest.raises(RulesError) as caught:
        rule_sets.check(Draft("【甲】\n钱"), SETTINGS)
    assert [fault.line for fault in caught.value.faults] == [2]


def test_thresholds_that_no_longer_fit_the_file_are_left_out(store):
    save(store, Draft(thresholds={"severity.level_1": 61}))
    higher = SETTINGS.model_copy(update={"severity": SETTINGS.severity.model_copy(update={"level_2": 70})})
    with store.read() as connection:
        assert rule_sets.effective(connection, higher) is higher


def test_an_alias_is_read_as_what_it_means():
    lexicon = rule_sets.lexicon_under((Alias("苦银子", "工资"),))
    reading = read("老板不给苦銀子", lexicon)
    assert "工资" in reading.view.text
    assert [reading.view.original[start:end] for start, end, _ in reading.evasions] == ["苦銀子"]
