"""Stories merged and split by hand: what moves, what becomes of the alerts, and that all of it can be taken back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from monitors.access import chain
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.access.scope import EVERYWHERE
from monitors.errors import InputError, RefusedError
from monitors.opinion import board, dossier, story_alerts, story_edit_records, story_edits
from monitors.opinion.stories import member
from monitors.opinion.story_index import StoryIndex
from monitors.store import tables as t
from tests.test_intake_stories import NOW, SETTINGS, desk, judge  # noqa: F401 - fixtures

DUTY = Actor(None, "li", "李值班", Role.DUTY_OFFICER, "530000", "10.20.0.7")
HOUR = timedelta(hours=1)
TOWER = ("镇雄县安置房工地32名农民工讨薪", "昭通市镇雄县一处安置房项目，32名农民工反映被拖欠工资48万元，多次讨薪未果。")
ALSO = ("县城塔吊上有人讨要血汗钱", "镇雄县城一工地，15名工人称工资未发，爬上塔吊讨薪，消防到场。")
SCHOOL = ("盘龙区学校食堂员工被欠薪", "昆明市盘龙区一所学校食堂，9名员工反映被拖欠工资6万元，要求尽快发放。")


def told(desk, outlet, report, *, after=timedelta()):  # noqa: F811
    """Take a report in; its item's number."""
    (item_id,) = desk.take(outlet, *report, after=after).item_ids
    return item_id


def members(store):
    with store.read() as connection:
        rows = connection.execute(select(t.item.c.id, t.item.c.story_id).order_by(t.item.c.id))
        return {row.id: row.story_id for row in rows}


def merge(store, gone, kept, *, actor=DUTY, now=NOW + HOUR, why=""):
    with acting(store, actor) as connection:
        return story_edits.merge(connection, actor, gone, kept, why=why, settings=SETTINGS, now=now)


def split(store, story_id, items, *, actor=DUTY, now=NOW + HOUR, why=""):
    with acting(store, actor) as connection:
        return story_edits.split(connection, actor, story_id, items, why=why, settings=SETTINGS, now=now)


def undo(store, number, *, actor=DUTY, now=NOW + 2 * HOUR):
    with acting(store, actor) as connection:
        return story_edits.undo(connection, actor, number, settings=SETTINGS, now=now)


def story(store, story_id):
    with store.read() as connection:
        return connection.execute(select(t.story).where(t.story.c.id == story_id)).one()


def alert_of(store, story_id):
    with store.read() as connection:
        return connection.execute(select(t.alert).where(t.alert.c.story_id == story_id)).one_or_none()


def events(store, alert_id):
    with store.read() as connection:
        rows = connection.execute(
            select(t.alert_event).where(t.alert_event.c.alert_id == alert_id).order_by(t.alert_event.c.id)
        ).all()
    return [(row.kind, row.actor, row.before.get("state"), row.after.get("state")) for row in rows]


@pytest.fixture
def two(desk):  # noqa: F811
    """Two stories of one event with their alerts: (desk, the graver one's number, the other's)."""
    told(desk, "都市报", ALSO)
    told(desk, "政务网", TOWER)
    first, second = (row.id for row in desk.stories())
    graver, other = sorted(
        (first, second), key=lambda one: ["I", "II", "III", "IV"].index(alert_of(desk.store, one).level)
    )
    return desk, graver, other


def test_a_merge_moves_reports_and_ends_the_lesser_alert_in_the_actors_name(two):
    desk, graver, other = two  # noqa: F811
    edit = merge(desk.store, other, graver, why="同一塔吊，张三 13812345678 来电证实")
    assert set(members(desk.store).values()) == {graver}
    kept, gone = story(desk.store, graver), story(desk.store, other)
    assert (kept.items, kept.outlets, gone.items) == (2, 2, 0)
    closed, master = alert_of(desk.store, other), alert_of(desk.store, graver)
    assert (closed.state, closed.closed_at, closed.signed_by) == ("并案", NOW + HOUR, "李值班")
    assert master.state == "新警情"
    assert events(desk.store, closed.id)[1:] == [
        ("state", "李值班", "新警情", "已签收"), ("state", "李值班", "已签收", "并案")
    ]  # fmt: skip
    with desk.store.read() as connection:
        last = connection.execute(select(t.alert_event.c.after).order_by(t.alert_event.c.id.desc()).limit(2)).all()
        assert {"master": master.id} in [{"master": row.after.get("master")} for row in last]
        found = dossier.read(connection, DUTY, graver)
        row = connection.execute(select(t.audit).where(t.audit.c.action == "story.edit")).one()
        assert chain.verify(connection).ok
        assert [one.number for one in story_edit_records.history(connection, DUTY, other)] == [edit.number]
    assert any(f"警情 {closed.number} 并入" in step.words for step in found.timeline)
    after = json.loads(row.after)
    assert (row.actor, row.kind, row.target, after["操作"], after["报道"]) == ("li", "story", str(other), "合并", 1)
    assert "13812345678" not in row.after
    assert "13812345678" not in edit.why


def test_undone_a_merge_leaves_everything_as_it_was_but_what_joined_since(two):
    desk, graver, other = two  # noqa: F811
    before = members(desk.store)
    state_before = alert_of(desk.store, other).state
    merge(desk.store, other, graver)
    moved = next(item for item, owner in before.items() if owner == other)
    copy_of_graver = next(report for report in (TOWER, ALSO) if report[0] == story(desk.store, graver).title)
    later = told(desk, "论坛", (copy_of_graver[0], copy_of_graver[1] + "记者获悉。"), after=HOUR)
    assert members(desk.store)[later] == graver
    undone = undo(desk.store, 1)
    assert (undone.undone_by, undone.standing) == ("李值班", False)
    assert members(desk.store) == before | {later: graver}
    assert story(desk.store, other).items == 1
    assert story(desk.store, graver).items == 2
    again = alert_of(desk.store, other)
    assert state_before == "新警情"
    assert (again.state, again.closed_at) == ("已签收", None)  # the signature was given; it stands
    with desk.store.read() as connection:
        judgement = connection.scalar(select(t.item.c.judgement).where(t.item.c.id == moved))
    assert story_edit_records.BY_HAND not in judgement
    assert judgement["joined"] == "首条报道"
    with pytest.raises(InputError, match="已经撤销"):
        undo(desk.store, 1)


def test_a_story_merged_into_another_is_no_new_story_of_the_last_day(two):
    desk, graver, other = two  # noqa: F811

    def fresh():
        with desk.store.read() as connection:
            return sum(board.counts(connection, EVERYWHERE, SETTINGS, NOW + 2 * HOUR).stories)

    assert fresh() == 2
    merge(desk.store, other, graver)
    assert fresh() == 1
    undo(desk.store, 1)
    assert fresh() == 2


def test_the_graver_alert_stays(two):
    desk, graver, other = two  # noqa: F811
    assert alert_of(desk.store, graver).level != alert_of(desk.store, other).level
    with desk.store.read() as connection:
        assert story_edits.direction(connection, graver, other) == (other, graver)
    before = members(desk.store)
    with pytest.raises(InputError, match=f"请把事件 {other} 并入事件 {graver}"):
        merge(desk.store, graver, other)
    assert members(desk.store) == before
    assert alert_of(desk.store, graver).state == "新警情"


def test_a_closed_alert_is_not_opened_again_by_a_merge(two):
    desk, graver, other = two  # noqa: F811
    with desk.store.write() as connection:
        done = {"state": "已办结", "closed_at": NOW}
        connection.execute(update(t.alert).where(t.alert.c.story_id == other).values(done))
    merge(desk.store, other, graver)
    assert alert_of(desk.store, other).state == "已办结"
    undo(desk.store, 1)
    assert alert_of(desk.store, other).state == "已办结"
    assert len(desk.alerts()) == 2


def test_merges_one_after_the_other_are_undone_from_the_last(desk):  # noqa: F811
    told(desk, "都市报", ALSO)
    told(desk, "政务网", TOWER)
    told(desk, "论坛", SCHOOL)
    ids = [row.id for row in desk.stories()]
    before = members(desk.store)
    with desk.store.read() as connection:
        ranked = sorted(ids, key=lambda one: story_alerts.weight(connection, one))
    merge(desk.store, ranked[0], ranked[1])
    merge(desk.store, ranked[1], ranked[2])
    with desk.store.read() as connection:
        assert story_edit_records.standing_story(connection, ranked[0]) == ranked[2]
    with pytest.raises(InputError, match="请先撤销那一次"):
        undo(desk.store, 1)
    with pytest.raises(InputError, match="已没有报道"):
        merge(desk.store, ranked[0], ranked[2])
    undo(desk.store, 2)
    undo(desk.store, 1)
    assert members(desk.store) == before
    assert {alert_of(desk.store, one).state for one in ids} == {"新警情", "已签收"}


def test_reports_taken_apart_never_find_together_again_by_themselves(desk):  # noqa: F811
    first = told(desk, "都市报", TOWER)
    second = told(desk, "政务网", (TOWER[0], TOWER[1] + "县里已介入。"))
    (whole,) = {*members(desk.store).values()}
    edit = split(desk.store, whole, [second], why="另一标段")
    assert members(desk.store) == {first: whole, second: edit.target}
    assert (story(desk.store, whole).items, story(desk.store, edit.target).items) == (1, 1)
    # Each of them, out of its story and back by its words, would be taken for the other's.
    for item_id, own in ((first, whole), (second, edit.target)):
        with desk.store.read() as connection:
            row = connection.execute(select(t.item).where(t.item.c.id == item_id)).one()
            report = member(
                id=row.id, title=row.title, text=row.text, published=row.published_at, region=row.region,
                workers=row.workers, amount_fen=row.amount_fen,
            )  # fmt: skip
            find, index = StoryIndex().find, StoryIndex()
            other = ({whole, edit.target} - {own}).pop()
            assert find(connection, report, SETTINGS.story, without=()) is not None
            kept_out = story_edit_records.apart(row.judgement)
            assert kept_out == (other,)
            found = index.find(connection, report, SETTINGS.story, without=kept_out)
            assert found is None or found[0] == own
            assert story_edit_records.given(connection, row.judgement) == (edit.target if item_id == second else None)
    undo(desk.store, edit.number)
    assert set(members(desk.store).values()) == {whole}
    assert story(desk.store, edit.target).items == 0
    with desk.store.read() as connection:
        assert [row.judgement.get("by_hand") for row in connection.execute(select(t.item))] == [None, None]


def test_a_split_off_story_has_an_alert_by_the_ordinary_rules_and_gives_it_back(desk):  # noqa: F811
    told(desk, "都市报", TOWER)
    second = told(desk, "政务网", (TOWER[0], TOWER[1] + "县里已介入。"))
    (whole,) = {*members(desk.store).values()}
    edit = split(desk.store, whole, [second])
    own = alert_of(desk.store, edit.target)
    assert own.state == "新警情"
    assert own.opened_at == NOW + HOUR
    undo(desk.store, edit.number)
    assert alert_of(desk.store, edit.target).state == "并案"
    assert alert_of(desk.store, whole).state == "新警情"


def test_an_old_report_split_off_opens_no_alert(desk):  # noqa: F811
    told(desk, "都市报", TOWER)
    second = told(desk, "政务网", (TOWER[0], TOWER[1] + "县里已介入。"))
    (whole,) = {*members(desk.store).values()}
    late = NOW + timedelta(days=SETTINGS.severity.report_days + 1)
    edit = split(desk.store, whole, [second], now=late)
    assert alert_of(desk.store, edit.target) is None


def test_an_old_story_merged_keeps_its_spread(two):
    """Judged as of its last report: a month later no outlet has written within 24 h."""
    desk, graver, other = two  # noqa: F811
    with desk.store.write() as connection:
        connection.execute(update(t.alert).values(state="已办结", closed_at=NOW))
    late = NOW + timedelta(days=60)
    merge(desk.store, other, graver, now=late)
    parts = {part["code"]: part for part in story(desk.store, graver).severity["parts"]}
    assert "2家媒体" in parts["M"]["why"]
    assert len(desk.alerts()) == 2


@pytest.mark.parametrize(
    ("chosen", "words"), [("none", "请先选择"), ("all", "至少留下一篇"), ("foreign", "已不在本事件")]
)
def test_what_cannot_be_split_off_is_said(two, chosen, words):
    desk, graver, _ = two  # noqa: F811
    owners = members(desk.store)
    mine = [item for item, owner in owners.items() if owner == graver]
    asked = {"none": [], "all": mine, "foreign": [*owners]}[chosen]
    with pytest.raises(InputError, match=words):
        split(desk.store, graver, asked)
    assert members(desk.store) == owners


def test_an_edit_stays_within_the_actors_place_and_role(two):
    desk, graver, other = two  # noqa: F811
    before = members(desk.store)
    elsewhere = Actor(None, "he", "何审核", Role.PREFECTURE_REVIEWER, "530100", "10.20.0.8")
    leader = Actor(None, "wu", "吴领导", Role.LEADER, "530000", "10.20.0.9")
    clerk = Actor(None, "ma", "马经办", Role.COUNTY_CLERK, "530627", "10.20.0.10")
    for actor in (elsewhere, leader, clerk):
        with pytest.raises(RefusedError) as refused:
            merge(desk.store, other, graver, actor=actor)
        if actor is elsewhere:
            assert str(refused.value) == dossier.MISSING
    merge(desk.store, other, graver)
    for actor in (elsewhere, leader, clerk):
        with pytest.raises(RefusedError):
            undo(desk.store, 1, actor=actor)
    assert set(members(desk.store).values()) == {graver} != set(before.values())
    with desk.store.read() as connection:
        refusals = connection.execute(select(t.audit).where(t.audit.c.outcome == "拒绝")).all()
        assert story_edit_records.history(connection, elsewhere, graver) == ()
    assert [row.action for row in refusals] == ["story.edit"] * 6


def test_invented_and_real_stories_are_not_merged(two):
    desk, graver, other = two  # noqa: F811
    with desk.store.write() as connection:
        connection.execute(update(t.story).where(t.story.c.id == other).values(demo=True))
    with pytest.raises(InputError, match="演示数据"):
        merge(desk.store, other, graver)
