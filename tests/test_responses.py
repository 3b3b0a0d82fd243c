"""Answers to the public: four eyes, four states, what may be published, and the 5/24/48-hour clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from monitors.desk import alerts, responses
from monitors.desk.faults import DeskError
from monitors.desk.responses import APPROVED, DRAFT, PUBLISHED, WAITING, Publication, ResponseDraft
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.store import tables as t
from tests import desk_house as desk
from tests.access_house import race, trail
from tests.desk_house import CLERK, DUTY, ELSEWHERE, HOUR, MINUTE, NOW, SETTINGS, SHIFT

TEXT = ResponseDraft("回应", "有关情况正在核查，结果将及时公布。", "示例区人社局")
OUT = Publication("示例发布", NOW + MINUTE, "https://news.invalid/notice/1")


@pytest.fixture
def alert_id(store):
    with store.write() as connection:
        return desk.opened(connection, "II")


def act(store, what, who, *given, now=NOW):
    with store.write() as connection:
        return what(connection, who, *given, now=now)


def held(store, alert_id, who=CLERK):
    with store.read() as connection:
        return responses.listed(connection, who, alert_id)


def waiting(store, alert_id):
    number = act(store, responses.write, CLERK, alert_id, TEXT)
    act(store, responses.send_in, CLERK, number, 1)
    return number


def timers(store, alert_id, now):
    with store.read() as connection:
        alert = alerts.get(connection, CLERK, alert_id)
        return responses.timers(alert, responses.listed(connection, CLERK, alert_id), now, SETTINGS)


def test_written_approved_published_with_every_step_on_record(store, alert_id):
    number = waiting(store, alert_id)
    act(store, responses.approve, SHIFT, number, 2)
    act(store, responses.publish, CLERK, number, 3, OUT, now=NOW + HOUR)
    (found,) = held(store, alert_id)
    assert (found.state, found.author, found.approver) == (PUBLISHED, CLERK.display, SHIFT.display)
    assert (found.channel, found.published_at, found.url) == ("示例发布", NOW + MINUTE, OUT.url)
    with store.read() as connection:
        told = connection.scalars(select(t.alert_event.c.after).where(t.alert_event.c.kind == "response")).all()
        assert alerts.get(connection, CLERK, alert_id).responded_at == NOW + MINUTE
        assert alerts.get(connection, CLERK, alert_id).revision == 1  # nobody's open form falls over it
    assert [one["act"] for one in told] == ["拟写回应", "送批回应", "批准回应", "发布回应"]
    assert [one["action"] for one in trail(store)] == [
        "response.write", "response.write", "response.approve", "response.publish",
    ]  # fmt: skip


def test_nobody_approves_ones_own_words(store, alert_id):
    number = act(store, responses.write, SHIFT, alert_id, TEXT)
    act(store, responses.send_in, SHIFT, number, 1)
    with pytest.raises(DeskError, match="拟稿人以外"):
        act(store, responses.approve, SHIFT, number, 2)
    with pytest.raises(RefusedError):
        act(store, responses.approve, desk.DUTY, number, 2)
    act(store, responses.approve, desk.OTHER_SHIFT, number, 2)


def test_whoever_rewrites_is_the_author_from_then_on(store, alert_id):
    number = act(store, responses.write, CLERK, alert_id, TEXT)
    changed = ResponseDraft("回应", "情况已初步查明。", "示例区人社局")
    act(store, responses.rewrite, SHIFT, number, 1, changed)
    act(store, responses.send_in, CLERK, number, 2)
    with pytest.raises(DeskError, match="拟稿人以外"):
        act(store, responses.approve, SHIFT, number, 3)


def test_sent_back_with_a_reason_and_sent_in_again(store, alert_id):
    number = waiting(store, alert_id)
    with pytest.raises(DeskError, match="退回原因"):
        act(store, responses.send_back, SHIFT, number, 2, "  ")
    act(store, responses.send_back, SHIFT, number, 2, "请补充核查单位")
    (found,) = held(store, alert_id)
    assert (found.state, found.returned) == (DRAFT, "请补充核查单位")
    act(store, responses.send_in, CLERK, number, 3)
    act(store, responses.approve, SHIFT, number, 4)
    act(store, responses.send_back, SHIFT, number, 5, "口径有变")  # not out yet: the approval falls
    (found,) = held(store, alert_id)
    assert (found.state, found.approver, found.approved_at) == (DRAFT, "", None)


def test_what_is_out_is_never_edited(store, alert_id):
    number = waiting(store, alert_id)
    act(store, responses.approve, SHIFT, number, 2)
    act(store, responses.publish, CLERK, number, 3, OUT, now=NOW + HOUR)
    steps = (
        (responses.rewrite, CLERK, (TEXT,)), (responses.send_in, CLERK, ()), (responses.approve, SHIFT, ()),
        (responses.send_back, SHIFT, ("改",)), (responses.publish, CLERK, (OUT,)),
    )  # fmt: skip
    for step, who, given in steps:
        with pytest.raises(DeskError, match="已发布的回应不能修改"):
            act(store, step, who, number, 4, *given, now=NOW + 2 * HOUR)


def test_steps_out_of_turn_are_refused(store, alert_id):
    number = act(store, responses.write, CLERK, alert_id, TEXT)
    for step, who, given in ((responses.approve, SHIFT, ()), (responses.publish, CLERK, (OUT,))):
        with pytest.raises(DeskError, match="草稿"):
            act(store, step, who, number, 1, *given)
    act(store, responses.send_in, CLERK, number, 1)
    with pytest.raises(DeskError, match=WAITING):
        act(store, responses.rewrite, CLERK, number, 2, TEXT)


UNPUBLISHABLE = (
    (Publication("", NOW + MINUTE), "channel"),
    (Publication("长" * 61, NOW + MINUTE), "channel"),
    (Publication("示例发布", None), "published_at"),
    (Publication("示例发布", NOW - MINUTE), "published_at"),  # before it was approved
    (Publication("示例发布", NOW + 2 * HOUR), "published_at"),  # not yet
    (Publication("示例发布", NOW + MINUTE, "javascript:alert(1)"), "url"),
    (Publication("示例发布", NOW + MINUTE, "https://"), "url"),
    (Publication("示例发布", NOW + MINUTE, "https://a.invalid@b.invalid/"), "url"),
    (Publication("示例发布", NOW + MINUTE, "http://[x"), "url"),
    (Publication("示例发布", NOW + MINUTE, "https://a.invalid/" + "x" * 500), "url"),
)


def test_what_cannot_be_published(store, alert_id):
    number = waiting(store, alert_id)
    act(store, responses.approve, SHIFT, number, 2)
    for given, field in UNPUBLISHABLE:
        with pytest.raises(DeskError) as refused:
            act(store, responses.publish, CLERK, number, 3, given, now=NOW + HOUR)
        assert [one.field for one in refused.value.faults] == [field], given
    assert held(store, alert_id)[0].state == APPROVED


def test_in_the_minute_of_its_approval_it_may_come_out(store, alert_id):
    number = waiting(store, alert_id)
    act(store, responses.approve, SHIFT, number, 2, now=NOW + timedelta(seconds=40))
    given = Publication("示例发布", NOW)  # a form gives whole minutes
    act(store, responses.publish, CLERK, number, 3, given, now=NOW + timedelta(seconds=50))


UNWRITABLE = (
    (ResponseDraft("回应", "  ", "示例局"), "body"),
    (ResponseDraft("回应", "长" * 5001, "示例局"), "body"),
    (ResponseDraft("声明", "正文", "示例局"), "kind"),
    (ResponseDraft("回应", "正文", ""), "unit"),
    (ResponseDraft("回应", "正文", "长" * 61), "unit"),
)


def test_what_cannot_be_written(store, alert_id):
    for given, field in UNWRITABLE:
        with pytest.raises(DeskError) as refused:
            act(store, responses.write, CLERK, alert_id, given)
        assert [one.field for one in refused.value.faults] == [field], given


def test_another_place_neither_sees_nor_touches_it(store, alert_id):
    number = waiting(store, alert_id)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        held(store, alert_id, ELSEWHERE)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        act(store, responses.write, ELSEWHERE, alert_id, TEXT)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        act(store, responses.rewrite, ELSEWHERE, number, 2, TEXT)
    with pytest.raises(RefusedError):
        act(store, responses.write, desk.AUDITOR, alert_id, TEXT)
    with pytest.raises(InputError, match=responses.MISSING):
        act(store, responses.send_in, CLERK, 9999, 1)


def test_of_two_who_approve_at_once_the_later_is_told_of_the_first(store, alert_id):
    number = waiting(store, alert_id)
    who = (SHIFT, desk.OTHER_SHIFT)
    outcomes = race(2, lambda index: act(store, responses.approve, who[index], number, 2))
    (lost,) = [one for one in outcomes if one is not None]
    assert isinstance(lost, ConflictError)
    assert "批准" in str(lost)
    assert sum(one["action"] == "response.approve" for one in trail(store)) == 1


def test_no_answer_is_written_to_a_false_alarm(store, alert_id):
    with store.write() as connection:
        number = desk.signed(connection, "III")
        desk.move(connection, CLERK, number, "误报", desk.FALSE)
    with pytest.raises(DeskError, match="误报"):
        act(store, responses.write, CLERK, number, TEXT)


def test_the_clocks_run_from_the_first_report(store, alert_id):
    """The story came out an hour before NOW: 5 h to the first answer, 24 h to the conference."""
    first, conference = timers(store, alert_id, NOW)
    assert (first.standing, first.left) == ("计时中", 4 * HOUR)
    assert (conference.standing, conference.left) == ("计时中", 23 * HOUR)
    assert [one.standing for one in timers(store, alert_id, NOW + 4 * HOUR)] == ["计时中", "计时中"]
    assert timers(store, alert_id, NOW + 4 * HOUR + MINUTE)[0].late
    with store.write() as connection:
        desk.published(connection, alert_id, at=NOW + 5 * HOUR)
        desk.published(connection, alert_id, at=NOW + HOUR, state=APPROVED)  # not out: counts for nothing
    first, conference = timers(store, alert_id, NOW + 30 * HOUR)
    assert (first.standing, first.left) == ("超时完成", -HOUR)
    assert (conference.standing, conference.left) == ("已超时", -7 * HOUR)
    with store.write() as connection:
        desk.published(connection, alert_id, at=NOW + 20 * HOUR, kind="发布会")
    assert (timers(store, alert_id, NOW + 30 * HOUR)[1].standing) == "按时"


def test_a_mild_alert_has_48_hours_and_no_conference(store):
    with store.write() as connection:
        number = desk.opened(connection, "III")
    (first,) = timers(store, number, NOW)
    assert (first.left, "48 小时" in first.name) == (47 * HOUR, True)


def test_where_no_answer_is_needed_no_clock_runs(store):
    with store.write() as connection:
        number = desk.closed(connection, "III")
    (first,) = timers(store, number, NOW + 99 * HOUR)
    assert (first.standing, first.late) == ("无需回应", False)


@pytest.mark.parametrize(("at", "standing"), [(NOW + HOUR, "已办结"), (NOW + 30 * HOUR, "已超时")])
def test_when_an_alert_is_closed_its_conference_is_waited_for_no_longer(store, at, standing):
    given = {name: value for name, value in desk.DONE.items() if name != "no_response"}
    with store.write() as connection:
        number = desk.handling(connection, "II")
        desk.published(connection, number)
        desk.linked(connection, number)
        desk.move(connection, DUTY, number, "已办结", given, now=at)
        desk.decide(connection, SHIFT, number, now=at)
    _, conference = timers(store, number, NOW + 99 * HOUR)
    assert (conference.standing, conference.left) == (standing, NOW + 23 * HOUR - at)


def test_the_skeleton_claims_nothing(store, alert_id):
    with store.write() as connection:
        alert = alerts.get(connection, CLERK, alert_id)
        plain = responses.skeleton(alert, "示例区人社局")
        number = desk.checking(connection, "III")
        checking = responses.skeleton(alerts.get(connection, CLERK, number))
    assert "11月23日" in plain
    assert "昆明市五华区" in plain
    assert "正在核查" not in plain  # nobody is checking yet
    assert "正在核查" in checking
    act(store, responses.write, CLERK, alert_id, ResponseDraft("回应", responses.skeleton(alert), "示例区人社局"))
    (found,) = held(store, alert_id)
    assert found.body == plain  # whose words they are goes where the skeleton left it open
    for told in (alert.title, alert.employer, "12"):
        assert told not in plain.replace("11月23日", "")
