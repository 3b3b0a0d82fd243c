"""The archive judged again: what changes, what people said that does not, and that nothing stops it halfway."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import intake, labels, masking_stored, rejudge, rejudge_job, story_edits, story_summary
from monitors.opinion.judge import Judge
from monitors.opinion.model import Entry
from monitors.opinion.search import Filters, search
from monitors.opinion.watch import Watch
from monitors.store import tables as t
from tests.test_intake_stories import NOW, SETTINGS, Desk, Even
from tests.test_story_edits import ALSO, DUTY, SCHOOL, TOWER, members, split, story

from monitors.access.scope import EVERYWHERE  # isort: skip

CHIEF = Actor(None, "zhao", "赵管理员", Role.ADMINISTRATOR, "530000", "10.20.0.1")
HOUR = timedelta(hours=1)
OFF_TOPIC = ("县里举办农民工专场招聘会", "昆明市盘龙区举办招聘会，提供岗位三百个，月薪六千元起。")


class Other:
    """The same judge of another version, whose word may differ: ``words`` in a title → changes of the judgement."""

    def __init__(self, judge: Judge, version: str, changes=()):
        self.judge, self.version, self.changes = judge, version, dict(changes)
        self.texts: list[str] = []

    def judge_many(self, reports):
        self.texts += [report.text for report in reports]
        return [
            self._changed(report, found) for report, found in zip(reports, self.judge.judge_many(reports), strict=True)
        ]

    def _changed(self, report, found):
        for words, changes in self.changes.items():
            if words in report.title and (report.relevant is None or "relevant" not in changes):
                found = replace(found, **changes)
        if not found.relevant:
            found = replace(found, severity=None, kind=None)
        return replace(found, model=self.version)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(SETTINGS, scorer=Even())


@pytest.fixture
def desk(store, judge) -> Desk:
    return Desk(store, judge)


def take_in(desk, outlet, report, *, after=timedelta()):
    """A report as the watch takes it in, relevant or not; its item's number."""
    desk.published += 1
    url = f"https://s.example/{desk.published}"
    judged = desk.judge.judge(*report, published=NOW + after, now=NOW + after)
    entry = Entry(url, report[0], url, report[1], NOW + after)
    with desk.store.write() as connection:
        (item_id,) = intake.take_in(
            connection, desk.sources[outlet], [entry], [judged], settings=SETTINGS, now=NOW + after
        ).item_ids
    return item_id


def ask(store, *, actor=CHIEF, now=NOW + HOUR):
    with acting(store, actor) as connection:
        return rejudge_job.ask(connection, actor, now=now)


def work(store, judge, *, now=NOW + HOUR, steps=1_000):
    worker = rejudge.Worker(store, SETTINGS, clock=lambda: now)
    job = None
    for number, job in enumerate(rejudge.run(worker, judge, pause=lambda _: None), start=1):  # noqa: B007
        if number == steps:
            break
    return job


def job_of(store):
    with store.read() as connection:
        return rejudge_job.read(connection)


def item(store, item_id):
    with store.read() as connection:
        return connection.execute(select(t.item).where(t.item.c.id == item_id)).one()


def alerts(store):
    with store.read() as connection:
        return connection.execute(select(t.alert).order_by(t.alert.c.id)).all()


def trail(store):
    with store.read() as connection:
        rows = connection.execute(select(t.audit).where(t.audit.c.action == "rejudge.run").order_by(t.audit.c.seq))
        return [(row.actor, json.loads(row.after)) for row in rows]


def test_the_archive_takes_the_new_version_and_its_findings(desk):
    first = take_in(desk, "都市报", TOWER)
    second = take_in(desk, "论坛", SCHOOL)
    other = take_in(desk, "论坛", OFF_TOPIC)
    before = {one: item(desk.store, one) for one in (first, second, other)}
    ask(desk.store)
    work(desk.store, Other(desk.judge, "新版", {"镇雄": {"workers": 45}}))
    job = job_of(desk.store)
    assert (job.state, job.done, job.total, job.share) == ("done", 3, 3, 1.0)
    assert dict(job.counts.fields) == {"workers": 1}
    assert item(desk.store, first).workers == 45
    assert story(desk.store, before[first].story_id).workers == 45
    for one, row in before.items():
        now = item(desk.store, one)
        assert now.judgement["model"] == "新版"
        assert now.judgement["evidence"] == row.judgement["evidence"]
        assert (now.title, now.text, now.story_id) == (row.title, row.text, row.story_id)
    assert item(desk.store, first).judgement["joined"] == "首条报道"
    started, ended = trail(desk.store)
    assert started == ("zhao", {"操作": "开始重新研判存量报道"})
    assert ended[0] == "系统"
    assert ended[1] == {
        "操作": "完成重新研判存量报道", "已研判": 3, "共需研判": 3, "研判版本": "新版", "发起人": "赵管理员",
        "结果有变的报道": 1, "涉及人数改变": 1,
    }  # fmt: skip
    with desk.store.read() as connection:
        assert search(connection, EVERYWHERE, Filters(query="镇雄"), page=1, size=10).total == 1
        assert rejudge.outdated(connection, "新版") == 0


def test_newest_first_in_steps_and_killed_anywhere_it_goes_on(desk, monkeypatch):
    monkeypatch.setattr(rejudge, "BATCH", 2)
    ids = [take_in(desk, "论坛", (f"第{n}处工地讨薪", TOWER[1] + f"第{n}处。"), after=n * HOUR) for n in range(7)]
    new = Other(desk.judge, "新版")
    ask(desk.store)
    work(desk.store, new, steps=1)
    done = [one for one in ids if item(desk.store, one).judgement["model"] == "新版"]
    assert done == ids[-2:]
    # Killed between reading and writing: nothing of that step is kept, nothing is counted.
    dead = rejudge.Worker(desk.store, SETTINGS, clock=lambda: NOW + HOUR)
    assert dead.take("新版") is None  # the first worker still counts as alive
    late = NOW + HOUR + 2 * rejudge_job.ABANDONED
    dead = rejudge.Worker(desk.store, SETTINGS, clock=lambda: late)
    batch = dead.take("新版")
    assert [row.id for row in batch.rows] == ids[3:5][::-1]
    work(desk.store, new, now=late + 2 * rejudge_job.ABANDONED)
    job = job_of(desk.store)
    assert (job.state, job.done, job.total) == ("done", 7, 7)
    assert {item(desk.store, one).judgement["model"] for one in ids} == {"新版"}
    # The one that was thought dead wakes up and finds its step refused.
    assert dead.put(batch, new.judge_many(batch.reports)) is None


def test_killed_while_writing_nothing_of_the_step_is_left(desk, monkeypatch):
    first = take_in(desk, "都市报", TOWER)
    ask(desk.store)
    real = story_summary.refresh_story

    def dies(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(story_summary, "refresh_story", dies)
    with pytest.raises(KeyboardInterrupt):
        work(desk.store, Other(desk.judge, "新版", {"镇雄": {"workers": 45}}))
    assert item(desk.store, first).judgement["model"] != "新版"
    assert job_of(desk.store).done == 0
    monkeypatch.setattr(story_summary, "refresh_story", real)
    work(desk.store, Other(desk.judge, "新版", {"镇雄": {"workers": 45}}), now=NOW + 2 * HOUR)
    assert (job_of(desk.store).done, job_of(desk.store).counts.fields["workers"]) == (1, 1)


def test_what_becomes_irrelevant_leaves_and_what_becomes_relevant_joins(desk):
    first = take_in(desk, "都市报", TOWER)
    copy = take_in(desk, "政务网", (TOWER[0], TOWER[1] + "县里已介入。"))
    alone = take_in(desk, "论坛", SCHOOL)
    owners = members(desk.store)
    ask(desk.store)
    work(desk.store, Other(desk.judge, "甲版", {"镇雄": {"relevant": False}, "盘龙": {"relevant": False}}))
    assert set(members(desk.store).values()) == {None}
    assert story(desk.store, owners[first]).items == 0
    assert {row.state for row in alerts(desk.store)} == {"新警情"}  # a person closes them
    assert job_of(desk.store).counts.left == 3
    with desk.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.story_signature)) == 0
    ask(desk.store)
    work(desk.store, Other(desk.judge, "乙版"))
    again = members(desk.store)
    assert again == owners  # a model given up again leaves every story as it found it
    assert story(desk.store, again[first]).items == 2
    assert again[first] == again[copy] != again[alone]
    assert "left" not in item(desk.store, first).judgement
    assert story(desk.store, again[first]).first_seen_at == NOW
    assert job_of(desk.store).counts.joined == 3


def test_what_a_newer_version_throws_out_is_kept_for_its_period_from_then(desk, tmp_path, monkeypatch):
    from monitors.opinion import retention

    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    settings = SETTINGS.model_copy(update={"data_dir": tmp_path})
    days = timedelta(days=SETTINGS.retention.irrelevant_days)
    take_in(desk, "都市报", TOWER)
    late = NOW + days + timedelta(days=10)
    ask(desk.store, now=late)
    work(desk.store, Other(desk.judge, "甲版", {"镇雄": {"relevant": False}}), now=late)
    for now, left in ((late + timedelta(days=1), 1), (late + days - HOUR, 1), (late + days + HOUR, 0)):
        retention.run(desk.store, settings, now=now, pause=lambda _: None)
        assert len(members(desk.store)) == left, now


def test_an_old_report_found_relevant_opens_no_alert_a_recent_one_does(desk):
    old = take_in(desk, "都市报", TOWER)
    recent = take_in(desk, "论坛", SCHOOL, after=timedelta(days=40))
    with desk.store.write() as connection:
        connection.execute(update(t.item).values(relevant=False, story_id=None, level=None, score=None, kind=None))
        for table in (t.story_band, t.story_signature, t.alert_event, t.alert, t.story):
            connection.execute(table.delete())
    ask(desk.store)
    now = NOW + timedelta(days=41)
    work(desk.store, Other(desk.judge, "新版"), now=now)
    assert item(desk.store, old).relevant
    (opened,) = alerts(desk.store)
    assert opened.story_id == item(desk.store, recent).story_id
    assert opened.opened_at == now
    assert job_of(desk.store).counts.opened == 1


def test_an_alert_rises_and_never_falls(desk):
    up, down = take_in(desk, "论坛", SCHOOL), take_in(desk, "都市报", TOWER)
    levels = {row.story_id: row.level for row in alerts(desk.store)}
    new = Other(desk.judge, "新版", {"盘龙": {"acts": ("death",)}, "镇雄": {"workers": None, "amount_fen": None}})
    ask(desk.store)
    work(desk.store, new)
    after = {row.story_id: row.level for row in alerts(desk.store)}
    assert after[item(desk.store, up).story_id] == "I"
    fallen = item(desk.store, down).story_id
    assert after[fallen] == levels[fallen]
    assert story(desk.store, fallen).workers is None
    assert job_of(desk.store).counts.raised == 1


def test_what_an_officer_said_stands_and_taken_back_gives_the_new_version(desk):
    first = take_in(desk, "都市报", TOWER)
    missed = take_in(desk, "论坛", OFF_TOPIC)
    wrong = take_in(desk, "论坛", SCHOOL)
    for one, field, value in ((first, "workers", 30), (first, "county", "530102"), (missed, "relevant", True),
                              (wrong, "relevant", False)):  # fmt: skip
        with acting(desk.store, DUTY) as connection:
            labels.put(connection, DUTY, one, field, value, settings=SETTINGS, now=NOW + HOUR)
    owners = members(desk.store)
    ask(desk.store)
    changes = {"镇雄": {"workers": 45}, "盘龙": {"workers": 12}, "招聘": {"relevant": False}}
    work(desk.store, Other(desk.judge, "新版", changes), now=NOW + 2 * HOUR)
    assert members(desk.store) == owners
    row = item(desk.store, first)
    assert (row.workers, row.region, row.scope) == (30, "530102", "本省")
    assert row.judgement["labelled"]["workers"]["was"] == 45
    assert item(desk.store, missed).relevant
    assert not item(desk.store, wrong).relevant
    assert item(desk.store, wrong).level is None
    for one, field in ((first, "workers"), (wrong, "relevant"), (missed, "relevant")):
        with acting(desk.store, DUTY) as connection:
            labels.remove(connection, DUTY, one, field, settings=SETTINGS, now=NOW + 3 * HOUR)
    assert item(desk.store, first).workers == 45
    assert (item(desk.store, wrong).relevant, item(desk.store, wrong).workers) == (True, 12)
    assert item(desk.store, wrong).level is not None
    assert not item(desk.store, missed).relevant
    assert members(desk.store)[missed] is None


def test_hand_edits_hold_when_reports_come_back(desk):
    first = take_in(desk, "都市报", TOWER)
    second = take_in(desk, "政务网", (TOWER[0], TOWER[1] + "县里已介入。"))
    whole = members(desk.store)[first]
    edit = split(desk.store, whole, [second])
    ask(desk.store)
    work(desk.store, Other(desk.judge, "甲版", {"镇雄": {"relevant": False}}))
    assert set(members(desk.store).values()) == {None}
    ask(desk.store)
    work(desk.store, Other(desk.judge, "乙版"))
    after = members(desk.store)
    assert after == {first: whole, second: edit.target}


def test_merged_reports_stay_merged(desk):
    take_in(desk, "都市报", ALSO)
    take_in(desk, "政务网", TOWER)
    one, other = {*members(desk.store).values()}
    with acting(desk.store, DUTY) as connection:
        gone, kept = story_edits.direction(connection, one, other)
        story_edits.merge(connection, DUTY, gone, kept, why="", settings=SETTINGS, now=NOW + HOUR)
    ask(desk.store)
    work(desk.store, Other(desk.judge, "甲版", {"塔吊": {"relevant": False, "workers": 9}, "镇雄": {"workers": 9}}))
    ask(desk.store)
    work(desk.store, Other(desk.judge, "乙版"))
    assert set(members(desk.store).values()) == {kept}


def test_covered_texts_are_judged_covered_and_stay_so(desk):
    named = ("镇雄县工地讨薪", TOWER[1] + "反映人张小明，电话13812345678，身份证号530627199001011234。")
    one = take_in(desk, "都市报", named)
    before = item(desk.store, one)
    assert "13812345678" not in before.text
    new = Other(desk.judge, "新版")
    ask(desk.store)
    work(desk.store, new)
    after = item(desk.store, one)
    assert new.texts == [before.text]
    assert (after.text, after.text_hash, after.employer) == (before.text, before.text_hash, before.employer)
    for piece in after.judgement["evidence"]:
        assert getattr(after, piece["field"])[piece["start"] : piece["end"]] == piece["text"]
    while masking_stored.mask_some(desk.store, now=NOW) is not None:
        pass
    assert item(desk.store, one).text == before.text


def test_a_report_without_its_text_keeps_its_judgement(desk):
    from monitors.opinion import retention

    one = take_in(desk, "都市报", TOWER)
    with desk.store.write() as connection:
        retention._remove_texts(connection, [one], NOW)
    before = item(desk.store, one)
    ask(desk.store)
    work(desk.store, Other(desk.judge, "新版"))
    assert tuple(item(desk.store, one)) == tuple(before)
    assert (job_of(desk.store).state, job_of(desk.store).total) == ("done", 0)


def test_a_report_changed_while_it_was_judged_is_judged_as_it_stands(desk):
    one = take_in(desk, "都市报", TOWER)
    take_in(desk, "论坛", SCHOOL)
    ask(desk.store)
    new = Other(desk.judge, "新版")
    real, stirred = new.judge_many, []

    def stirring(reports):
        if not stirred:
            stirred.append(1)
            with desk.store.write() as connection:
                connection.execute(update(t.item).where(t.item.c.id == one).values(text=TOWER[1] + "（更正）"))
        return real(reports)

    new.judge_many = stirring
    work(desk.store, new)
    assert job_of(desk.store).state == "done"
    assert item(desk.store, one).judgement["model"] == "新版"
    assert new.texts[-1].endswith("（更正）")


def test_paused_resumed_and_cancelled_by_who_may(desk, monkeypatch):
    monkeypatch.setattr(rejudge, "BATCH", 1)
    ids = [take_in(desk, "论坛", (f"第{n}处工地讨薪", TOWER[1] + f"第{n}处。"), after=n * HOUR) for n in range(4)]
    new = Other(desk.judge, "新版")
    with pytest.raises(RefusedError):
        ask(desk.store, actor=DUTY)
    ask(desk.store)
    with pytest.raises(ConflictError, match="进行中"):
        ask(desk.store)
    work(desk.store, new, steps=1)
    for act in (rejudge_job.pause, rejudge_job.resume, rejudge_job.pause):
        with acting(desk.store, CHIEF) as connection:
            act(connection, CHIEF, now=NOW + HOUR)
        if act is rejudge_job.pause:
            assert work(desk.store, new) is None
            with pytest.raises(InputError), acting(desk.store, CHIEF) as connection:
                rejudge_job.pause(connection, CHIEF, now=NOW + HOUR)
    with acting(desk.store, CHIEF) as connection:
        rejudge_job.cancel(connection, CHIEF, now=NOW + HOUR)
    assert work(desk.store, new) is None
    models = [item(desk.store, one).judgement["model"] == "新版" for one in ids]
    assert models == [False, False, False, True]
    acts = [after["操作"].removesuffix("重新研判存量报道") for _, after in trail(desk.store)]
    assert acts == ["开始", "暂停", "继续", "暂停", "取消"]
    # The next one counts only what is left.
    ask(desk.store)
    work(desk.store, new)
    assert (job_of(desk.store).state, job_of(desk.store).total) == ("done", 3)


def test_another_version_meanwhile_begins_anew_at_the_newest(desk, monkeypatch):
    monkeypatch.setattr(rejudge, "BATCH", 1)
    ids = [take_in(desk, "论坛", (f"第{n}处工地讨薪", TOWER[1] + f"第{n}处。"), after=n * HOUR) for n in range(3)]
    ask(desk.store)
    worker = rejudge.Worker(desk.store, SETTINGS, clock=lambda: NOW + HOUR)
    new = Other(desk.judge, "甲版")
    for number, _ in enumerate(rejudge.run(worker, new, pause=lambda _: None)):
        if number == 1:
            new.version = "乙版"
    assert {item(desk.store, one).judgement["model"] for one in ids} == {"乙版"}
    job = job_of(desk.store)
    assert (job.state, job.model, job.done, job.total) == ("done", "乙版", 5, 5)


def test_a_trial_counts_and_writes_nothing(desk):
    one = take_in(desk, "都市报", TOWER)
    before = item(desk.store, one)
    *_, (done, total, counts) = rejudge.survey(
        desk.store, Other(desk.judge, "新版", {"镇雄": {"workers": 45}}), SETTINGS
    )
    assert (done, total, dict(counts.fields)) == (1, 1, {"workers": 1})
    assert tuple(item(desk.store, one)) == tuple(before)
    assert job_of(desk.store) is None


def test_the_watch_does_it_when_asked(desk, tmp_path):
    import asyncio

    one = take_in(desk, "都市报", TOWER)
    watch = Watch(SETTINGS, desk.store, clock=lambda: NOW + HOUR)
    new = Other(desk.judge, "新版")
    asyncio.run(watch._rejudge_when_asked(new))
    assert item(desk.store, one).judgement["model"] != "新版"
    ask(desk.store)
    asyncio.run(watch._rejudge_when_asked(new))
    assert item(desk.store, one).judgement["model"] == "新版"
    assert job_of(desk.store).state == "done"
    watch._shut()


def test_progress_is_told_with_rate_and_rest():
    job = rejudge_job.Job("running", "赵管理员", NOW, total=1000, done=250, seconds=50.0, moved_at=NOW)
    assert (job.share, job.rate, job.left_seconds) == (0.25, 5.0, 150.0)
    assert not job.stalled(NOW + timedelta(minutes=1))
    assert job.stalled(NOW + timedelta(minutes=3))
    assert rejudge_job.Job("running", "赵管理员", NOW).left_seconds is None
