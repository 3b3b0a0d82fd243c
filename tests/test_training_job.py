"""Training asked for on a page: one at a time, in a process of its own, its end written down whatever happens."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role, may
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import trained, training, training_job
from monitors.opinion.judge import MODEL
from monitors.opinion.training_job import ABANDONED, Labels
from monitors.store import tables as t
from tests.test_training import NOW, labelled, trail

BOSS_NAME = "赵管理员"
PATIENCE_SECONDS = 90.0


@pytest.fixture
def settings(tmp_path):
    return settings_module.load(environ={"MONITORS_DATA": str(tmp_path / "data")})


def account(store, role=Role.ADMINISTRATOR):
    with store.write() as connection:
        number = connection.execute(
            insert(t.account)
            .values(
                name=f"u{role.name.lower()}", display=BOSS_NAME, role=str(role), region="530000", must_change=False,
                origin="local", created_at=NOW, updated_at=NOW,
            )
            .returning(t.account.c.id)
        ).scalar_one()  # fmt: skip
    return Actor(number, f"u{role.name.lower()}", BOSS_NAME, role, "530000", "10.0.0.1", "feed")


def ask(store, actor, *, dry=False, now=NOW):
    with store.write() as connection:
        return training_job.ask(connection, actor, now=now, dry=dry)


def state(store):
    with store.read() as connection:
        return training_job.read(connection)


def labels(store, settings):
    with store.read() as connection:
        return training_job.labels(connection, trained.choose(settings))


def test_asked_done_and_told_with_its_figures(store, settings):
    boss = account(store)
    labelled(store, 12)
    assert labels(store, settings) == Labels(24, 24)
    job = ask(store, boss)
    assert state(store) == job
    done = training_job.work(store, settings, job.token, now=NOW + timedelta(hours=1))
    assert done.state == "done"
    assert done.why == ""
    assert state(store) == done
    assert done.result.version == trained.choose(settings).version != MODEL
    assert done.result.labels == 24
    assert not done.result.gold_after.worse(done.result.gold_before)
    (row,) = [row for row in trail(store) if row[0] == "model.train"]
    assert row[1] == "成功"
    with store.read() as connection:
        assert connection.scalar(select(t.audit.c.display).where(t.audit.c.action == "model.train")) == BOSS_NAME
    assert labels(store, settings) == Labels(24, 0)
    with store.write() as connection:
        connection.execute(update(t.label).where(t.label.c.id == 1).values(at=NOW + timedelta(hours=2)))
    assert labels(store, settings) == Labels(24, 1)
    with pytest.raises(InputError, match="没有等待进行的训练"):
        training_job.work(store, settings, job.token, now=NOW)


def test_a_trial_puts_nothing_in_force(store, settings):
    labelled(store, 12)
    job = ask(store, account(store), dry=True)
    done = training_job.work(store, settings, job.token, now=NOW)
    assert (done.state, done.dry, done.result.dry) == ("done", True, True)
    assert trained.choose(settings).version == MODEL


def test_what_lowers_the_gold_set_is_refused_and_the_words_are_kept(store, settings):
    labelled(store, 150, wrong=True)
    job = ask(store, account(store))
    done = training_job.work(store, settings, job.token, now=NOW)
    assert done.state == "refused"
    assert state(store).result.refused.startswith("在金标准集上不如出厂权重")
    assert state(store).result.gold_after.worse(state(store).result.gold_before)
    assert trained.choose(settings).version == MODEL


def test_too_few_labels_end_it_with_a_reason(store, settings):
    job = ask(store, account(store))
    done = training_job.work(store, settings, job.token, now=NOW)
    assert (done.state, done.result) == ("failed", None)
    assert "至少需要" in state(store).why


def test_one_at_a_time_until_it_counts_as_dead(store):
    boss = account(store)
    first = ask(store, boss)
    with pytest.raises(ConflictError, match=f"{BOSS_NAME}发起的训练正在进行"):
        ask(store, boss, now=NOW + timedelta(minutes=1))
    later = ask(store, boss, now=NOW + ABANDONED)
    assert later.token != first.token
    assert state(store).token == later.token


def test_a_child_that_comes_back_late_does_not_overwrite_the_next_request(store, settings):
    boss = account(store)
    first = ask(store, boss)
    later = ask(store, boss, now=NOW + ABANDONED)
    with pytest.raises(InputError):
        training_job.work(store, settings, first.token, now=NOW)
    training_job._end(store, first)
    training_job._fail(store, first.token, "中途结束", NOW)
    assert state(store) == later


@pytest.mark.parametrize("changed", [{"disabled": True}, {"role": str(Role.LEADER)}])
def test_whoever_lost_the_right_meanwhile_trains_no_more(store, settings, changed):
    boss = account(store)
    labelled(store, 12)
    job = ask(store, boss)
    with store.write() as connection:
        connection.execute(update(t.account).values(changed))
    done = training_job.work(store, settings, job.token, now=NOW)
    assert done.state == "failed"
    assert done.why
    assert trained.choose(settings).version == MODEL


@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_permissions_decides(store, monkeypatch, role):
    actor = account(store, role)
    started = []
    monkeypatch.setattr(training_job.subprocess, "Popen", lambda *a, **k: started.append(a) or Ended())
    if may(role, "model.train"):
        training_job.start(store, actor, now=NOW)
        assert len(started) == 1
        return
    with pytest.raises(RefusedError):
        training_job.start(store, actor, now=NOW)
    assert (started, state(store)) == ([], None)
    assert [row[:2] for row in trail(store)] == [("model.train", "拒绝")]


class Ended:
    """A child that ends at once, without a word."""

    def wait(self):
        return 137


def eventually(store, *states):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (job := state(store)).state not in states and time.monotonic() < deadline:
        time.sleep(0.1)
    return job


def test_a_child_that_dies_is_written_down(store, monkeypatch):
    monkeypatch.setattr(training_job.subprocess, "Popen", lambda *a, **k: Ended())
    training_job.start(store, account(store), now=NOW)
    job = eventually(store, "failed")
    assert (job.state, job.why) == ("failed", "训练进程中途结束（代码 137），原因见服务器日志")


def test_a_child_that_cannot_be_started_is_written_down(store, monkeypatch):
    def refuse(*a, **k):
        raise OSError(12, "no memory")

    monkeypatch.setattr(training_job.subprocess, "Popen", refuse)
    training_job.start(store, account(store), now=NOW)
    assert state(store).state == "failed"
    assert state(store).why.startswith("无法启动训练进程")


def test_the_real_child_trains_beside_us(house, monkeypatch):
    """The command the page starts, in its own process, with this environment's database."""
    boss = account(house)
    labelled(house, 12)
    training_job.start(house, boss, now=datetime.now(UTC))
    job = eventually(house, "done", "refused", "failed")
    assert (job.state, job.why) == ("done", "")
    assert job.result.version == trained.choose(settings_module.load()).version
    again = subprocess.run(
        [sys.executable, "-m", "monitors", "train", "--job", job.token],
        capture_output=True,
        text=True,
        check=False,
        cwd=training_job.ROOT,
    )
    assert again.returncode == 1
    assert "没有等待进行的训练" in again.stderr
    assert training.use_shipped(house, boss, settings_module.load(), now=NOW)
