"""A trial asked for on a page: one at a time, in a limited process of its own; what may be put in force."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from monitors import settings as settings_module
from monitors.access.roles import Role, may
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import lab_adopt, lab_figures, lab_gold, lab_job, rule_sets
from monitors.opinion.lab_figures import Gold, Listed, Result, Totals
from monitors.opinion.lab_job import ABANDONED, CANCELLED, DONE, FAILED, KEPT
from monitors.opinion.rule_sets import Draft
from monitors.opinion.training import Scores
from monitors.store import tables as t
from monitors.store.desk_tables import lab_run
from tests.test_training import NOW, trail
from tests.test_training_job import account

SETTINGS = settings_module.load()
DRAFT = Draft("【车队】\n讨薪车队\n级别：III", {"severity.level_4": 22})
OTHER = Draft("【车队】\n讨薪车队\n级别：II")
EVEN = Gold(Scores(1, 0, 0, 1), Scores(1, 0, 0, 1), "", ())
BELOW = Gold(Scores(1, 0, 0, 1), Scores(0, 1, 0, 1), "查全率 90.00%，低于下限 99.42%", ("一篇",))
PATIENCE_SECONDS = 90.0


def result(gold=EVEN):
    none, empty = Listed(0, ()), Totals(0, dict.fromkeys(("I", "II", "III", "IV"), 0))
    return Result(0, 0, 0, 0, empty, empty, (), none, none, none, none, none, gold, 0.1)


def ask(store, actor, draft=DRAFT, *, now=NOW):
    with store.write() as connection:
        return lab_job.ask(connection, actor, draft, settings=SETTINGS, now=now)


def latest(store):
    with store.read() as connection:
        return lab_job.latest(connection)


def tried(store, actor, draft=DRAFT, gold=EVEN):
    """A finished trial of the draft."""
    number = ask(store, actor, draft)
    with store.write() as connection:
        assert lab_job.end(connection, number, DONE, "", result(gold))
    return number


def adopt(store, actor, draft=DRAFT, reason="", expected_id=0):
    with store.write() as connection:
        return lab_adopt.adopt(
            connection, actor, draft, reason, expected_id=expected_id, settings=SETTINGS, now=NOW + timedelta(hours=1)
        )


def restore(store, actor, old_id, reason, expected_id):
    with store.write() as connection:
        return lab_adopt.restore(
            connection, actor, old_id, reason, expected_id=expected_id, settings=SETTINGS, now=NOW + timedelta(hours=2)
        )


def in_force(store):
    with store.read() as connection:
        return rule_sets.in_force(connection)


# ── the trial ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_asked_done_and_told(store, monkeypatch):
    boss = account(store)
    monkeypatch.setattr(lab_gold, "compare", lambda before, after: EVEN)
    number = ask(store, boss)
    assert (latest(store).state, latest(store).draft, latest(store).running(NOW)) == ("运行", DRAFT, True)
    done = lab_job.work(store, SETTINGS, number)
    assert (done.state, done.error, done.result.gold, done.result.reports) == (DONE, "", EVEN, 0)
    assert latest(store) == done
    assert [row[:2] for row in trail(store)] == [("rule.try", "成功")]
    with pytest.raises(InputError, match="没有等待进行的试验"):
        lab_job.work(store, SETTINGS, number)


def test_one_at_a_time_until_it_counts_as_dead(store):
    boss = account(store)
    first = ask(store, boss)
    with pytest.raises(ConflictError, match="赵管理员发起的试验正在进行"):
        ask(store, boss, OTHER, now=NOW + timedelta(minutes=1))
    second = ask(store, boss, OTHER, now=NOW + ABANDONED)
    with store.read() as connection:
        assert lab_job.get(connection, first).error == "程序中途停止，请重新试验"
    assert latest(store).id == second
    with store.write() as connection:  # the first child comes back late
        assert not lab_job.end(connection, first, DONE, "", result())


def test_cancelled_it_ends_at_its_next_step(store, monkeypatch):
    boss = account(store)
    number = ask(store, boss)

    def cancelled(*arguments, progress, **more):
        assert progress(10, 100)
        assert latest(store).share == 0.1
        with store.write() as connection:
            lab_job.cancel(connection, boss, number, now=NOW)
        assert not progress(20, 100)

    monkeypatch.setattr(lab_job.rule_lab, "run", cancelled)
    done = lab_job.work(store, SETTINGS, number)
    assert (done.state, done.error, done.done, done.result) == (CANCELLED, "由赵管理员取消", 10, None)
    with pytest.raises(ConflictError, match="已经结束"), store.write() as connection:
        lab_job.cancel(connection, boss, number, now=NOW)


def test_what_goes_wrong_is_written_down(store, monkeypatch):
    boss = account(store)
    for error, words in ((InputError("缺少金标准集"), "缺少金标准集"), (MemoryError(), "内存不足，请缩短天数后重试")):
        number = ask(store, boss)

        def fail(*arguments, error=error, **more):
            raise error

        monkeypatch.setattr(lab_job.rule_lab, "run", fail)
        done = lab_job.work(store, SETTINGS, number)
        assert (done.state, done.error) == (FAILED, words)


def test_faults_of_the_draft_and_odd_days_are_refused_at_once(store):
    boss = account(store)
    with pytest.raises(InputError):
        ask(store, boss, Draft("没有名称"))
    with pytest.raises(InputError, match="依次减小"):
        ask(store, boss, Draft("", {"severity.level_4": 80}))
    with pytest.raises(InputError, match="天数"), store.write() as connection:
        lab_job.ask(connection, boss, DRAFT, settings=SETTINGS, days=3650, now=NOW)
    assert latest(store) is None


def test_old_trials_are_cleared(store):
    boss = account(store)
    for _ in range(KEPT + 3):
        tried(store, boss)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(lab_run)) == KEPT


@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_permissions_decides(store, role):
    actor = account(store, role)
    if may(role, "rule.edit"):
        assert ask(store, actor)
        return
    with pytest.raises(RefusedError):
        lab_job.start(store, actor, DRAFT, settings=SETTINGS, now=NOW)
    with pytest.raises(RefusedError):
        adopt(store, actor)
    with pytest.raises(RefusedError):
        restore(store, actor, 0, "试", 0)
    assert latest(store) is None
    assert trail(store)[0][:2] == ("rule.edit", "拒绝")


def eventually(store):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (run := latest(store)).state == "运行" and time.monotonic() < deadline:
        time.sleep(0.1)
    return run


def test_a_child_that_dies_is_written_down(store, monkeypatch):
    class Ended:
        def wait(self):
            return 137

    monkeypatch.setattr(lab_job.subprocess, "Popen", lambda *a, **k: Ended())
    lab_job.start(store, account(store), DRAFT, settings=SETTINGS, now=datetime.now(UTC))
    run = eventually(store)
    assert (run.state, run.error) == (FAILED, "试验进程中途结束（代码 137），原因见服务器日志")


def test_the_real_child_tries_beside_us(house):
    """The command the page starts, within its limits, with this environment's database."""
    lab_job.start(house, account(house), DRAFT, settings=settings_module.load(), now=datetime.now(UTC))
    run = eventually(house)
    assert (run.state, run.error) == (DONE, "")
    assert run.result.gold.floor == ""
    assert run.result.gold.before.found > 500
    assert len(run.result.days) == 91


# ── in force ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_what_was_tried_word_for_word_comes_into_force(store):
    boss = account(store)
    with pytest.raises(InputError, match="还没有对照现行规则试验过"):
        adopt(store, boss)
    tried(store, boss, OTHER)
    with pytest.raises(InputError, match="还没有对照现行规则试验过"):
        adopt(store, boss)
    run = tried(store, boss)
    assert adopt(store, boss, reason=" 新说法 ") == 1
    present = in_force(store)
    assert (present.draft, present.reason, present.by) == (DRAFT, "新说法", "赵管理员")
    assert (present.figures["run"], present.figures["days"], present.figures["alerts"]) == (run, 90, [0, 0])
    with pytest.raises(InputError, match="试验过"):
        adopt(store, boss, OTHER, expected_id=1)  # it was tried against what was in force before
    tried(store, boss, OTHER)
    assert adopt(store, boss, OTHER, expected_id=1) == 2


def test_below_the_floor_a_reason_is_asked_for(store):
    boss = account(store)
    tried(store, boss, gold=BELOW)
    for reason in ("", "   "):
        with pytest.raises(InputError, match=r"查全率 90.00%，低于下限 99.42%，保存须填写理由"):
            adopt(store, boss, reason=reason)
    with pytest.raises(InputError, match="不能超过"):
        adopt(store, boss, reason="长" * 301)
    assert in_force(store).id == 0
    adopt(store, boss, reason="本地多为此类说法")
    assert in_force(store).figures["gold"]["floor"] == BELOW.floor


def test_the_slower_of_two_is_told_of_the_faster(store):
    boss = account(store)
    tried(store, boss)
    tried(store, boss, OTHER)
    adopt(store, boss)
    with pytest.raises(ConflictError, match=r"赵管理员.*第 1 版"):
        adopt(store, boss, OTHER)


def test_back_to_an_older_version_at_once_with_a_reason(store):
    boss = account(store)
    tried(store, boss)
    adopt(store, boss)
    with pytest.raises(InputError, match="须填写理由"):
        restore(store, boss, 0, " ", 1)
    assert restore(store, boss, 0, "误报太多", 1) == 2
    assert (in_force(store).draft, in_force(store).reason) == (Draft(), "恢复出厂设置：误报太多")
    with pytest.raises(ConflictError):
        restore(store, boss, 1, "再用", 1)
    assert restore(store, boss, 1, "再用", 2) == 3
    assert (in_force(store).draft, in_force(store).reason) == (DRAFT, "恢复第 1 版：再用")
    assert in_force(store).figures["restored"] == 1
    with pytest.raises(InputError, match="不必恢复"):
        restore(store, boss, 1, "再用", 3)
    with pytest.raises(InputError, match="没有第 9 版"):
        restore(store, boss, 9, "再用", 3)


def test_a_row_of_another_hand_reads_as_it_was_written(store):
    """What ``stored`` writes, both databases give back."""
    with store.write() as connection:
        connection.execute(
            insert(lab_run).values(
                at=NOW, by="赵", draft=rule_sets.stored(DRAFT), against=0, days=7, state=DONE,
                result=lab_figures.stored(result(BELOW)),
            )
        )  # fmt: skip
        assert lab_job.of(connection, DRAFT, 0).result == result(BELOW)
        assert lab_job.of(connection, DRAFT, 1) is None
        assert connection.scalar(select(t.rule_set.c.id)) is None
