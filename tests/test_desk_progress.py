"""Levels, reports to the leader, progress and holders of an alert, and the clocks they stop and start."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from monitors.access.roles import Role
from monitors.desk import clocks, life
from monitors.desk.progress import takers
from monitors.errors import ConflictError, RefusedError
from monitors.opinion import dossier
from monitors.store import tables as t
from monitors.store.desk_tables import notice
from tests import desk_house as h
from tests.desk_house import CLERK, DUTY, HOUR, MINUTE, NOW, SETTINGS, SHIFT
from tests.test_desk_life import get, made, refused


def level(connection, who, alert_id, to, reason="现场又有人员聚集", *, now=NOW):
    revision = h.row(connection, alert_id).revision
    life.set_level(connection, who, alert_id, revision, to, reason, settings=SETTINGS, now=now)


def told(connection, who, alert_id, leader="示例领导", words="", *, now=NOW):
    life.tell_leader(connection, who, alert_id, h.row(connection, alert_id).revision, leader, words, now=now)


def progress(connection, who, alert_id, words, *, now=NOW):
    life.update(connection, who, alert_id, h.row(connection, alert_id).revision, words, settings=SETTINGS, now=now)


def states(store, alert_id, now):
    return {clock.name: clock.state for clock in clocks.clocks(get(store, alert_id), now, SETTINGS)}


# ── levels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rise_by_hand_shortens_the_limits_and_is_told(store):
    alert_id = made(store, h.opened)
    made(store, level, CLERK, alert_id, "II", now=NOW + 10 * MINUTE)
    alert = get(store, alert_id)
    assert (alert.level, alert.raised_at, alert.state) == ("II", NOW + 10 * MINUTE, "新警情")
    assert alert.sign_due_at == NOW + 40 * MINUTE  # 30 from the rise, less than the 60 from the opening
    assert alert.public_due_at == NOW + 4 * HOUR  # 5 h from first publication
    assert alert.conference_due_at == NOW + 23 * HOUR
    with store.read() as connection:
        assert list(connection.scalars(select(notice.c.kind).order_by(notice.c.id))) == ["opened", "raised"]


def test_lowering_is_for_who_may_approve_and_names_the_floor(store):
    alert_id = made(store, h.signed, "II", severity={"parts": [], "floors": ["持续极端行为"]})
    refused(store, "不能批准", lambda c: level(c, DUTY, alert_id, "III"), RefusedError)
    refused(store, "请填写调整理由", lambda c: level(c, SHIFT, alert_id, "III", " "))
    refused(store, "级别没有变化", lambda c: level(c, SHIFT, alert_id, "II"))
    refused(store, "级之一", lambda c: level(c, SHIFT, alert_id, "关注"))
    made(store, level, SHIFT, alert_id, "III", "人员已劝下并撤离", now=NOW + HOUR)
    alert = get(store, alert_id)
    assert (alert.level, alert.conference_due_at, alert.fact_due_at) == ("III", None, NOW + 8 * HOUR)
    assert alert.public_due_at == NOW + 47 * HOUR
    with store.read() as connection:
        event = connection.execute(select(t.alert_event).where(t.alert_event.c.kind == "level")).one()
    words = dossier.event_words(event.kind, event.actor, event.before, event.after)
    assert words == "shift同志将级别由 II级（橙色）改为 III级（黄色）：人员已劝下并撤离（突破级别下限：持续极端行为）"


def test_what_a_person_lowered_rises_by_itself_only_when_it_is_graver_than_they_knew(store):
    alert_id = made(store, h.signed, "II")
    made(store, level, SHIFT, alert_id, "IV")
    with store.write() as connection:
        assert h.rise(connection, alert_id, "II") is None  # the same story, one more report
        assert h.rise(connection, alert_id, "III") is None
        assert h.rise(connection, alert_id, "I") == alert_id
    assert get(store, alert_id).level == "I"
    other = made(store, h.signed, "III")
    made(store, level, SHIFT, other, "IV")
    made(store, level, DUTY, other, "III")  # taken back by hand: the ordinary rule again
    with store.write() as connection:
        assert h.rise(connection, other, "II") == other


def test_a_closed_alert_is_left_alone(store):
    alert_id = made(store, h.closed)
    refused(store, "警情已办结", lambda c: level(c, SHIFT, alert_id, "II"))
    refused(store, "警情已办结", lambda c: told(c, DUTY, alert_id))
    refused(store, "警情已办结", lambda c: progress(c, DUTY, alert_id, "工资已发"))


# ── leaders, progress, holders ───────────────────────────────────────────────────────────────────────────────────────


def test_the_leader_is_told_once(store):
    alert_id = made(store, h.signed)
    refused(store, "请填写带班领导姓名", lambda c: told(c, DUTY, alert_id, "  "))
    refused(store, "不能签收警情", lambda c: told(c, CLERK, alert_id), RefusedError)
    made(store, told, DUTY, alert_id, words="立即派员到场", now=NOW + MINUTE)
    assert get(store, alert_id).leader_told_at == NOW + MINUTE
    refused(store, "已于 11-23 10:01 报告", lambda c: told(c, DUTY, alert_id))


def test_a_leader_who_signs_knows_of_it(store):
    alert_id = made(store, h.signed, who=SHIFT)
    assert get(store, alert_id).leader_told_at == NOW
    with store.read() as connection:
        assert len(h.events(connection, alert_id)) == 2  # opened, signed: one act, one event


def test_progress_starts_the_next_limit(store):
    alert_id = made(store, h.opened, "II")
    refused(store, "请先签收警情", lambda c: progress(c, DUTY, alert_id, "已派员"))
    made(store, life.sign, DUTY, alert_id, settings=SETTINGS, now=NOW)
    assert get(store, alert_id).update_due_at == NOW + 4 * HOUR
    refused(store, "请填写处置进展", lambda c: progress(c, DUTY, alert_id, " \n"))
    made(store, progress, DUTY, alert_id, "已派员到场", now=NOW + HOUR)
    assert get(store, alert_id).update_due_at == NOW + 5 * HOUR
    with pytest.raises(ConflictError, match="登记处置进展"), store.write() as connection:
        life.update(connection, SHIFT, alert_id, 2, "已到场", settings=SETTINGS, now=NOW)


def test_an_alert_is_given_to_who_can_work_on_it(store):
    alert_id = made(store, h.signed)

    def account(connection, number, role, region, *, disabled=False):
        values = {
            "id": number, "name": f"u{number}", "display": f"示例{number}", "role": str(role), "region": region,
            "must_change": False, "origin": "local", "disabled": disabled, "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip
        connection.execute(insert(t.account).values(values))

    with store.write() as connection:
        account(connection, 1, Role.COUNTY_CLERK, "530102")
        account(connection, 2, Role.COUNTY_CLERK, "530627")
        account(connection, 3, Role.AUDITOR, "530000")
        account(connection, 4, Role.COUNTY_CLERK, "530102", disabled=True)

    def give(connection, holder):
        life.assign(connection, DUTY, alert_id, h.row(connection, alert_id).revision, holder, now=NOW)

    for holder in (2, 3):
        refused(store, "不能办理这起警情", lambda c, one=holder: give(c, one))
    for holder in (4, 9):
        refused(store, "须存在且未停用", lambda c, one=holder: give(c, one))
    with store.read() as connection:
        assert [one.words for one in takers(connection, DUTY, alert_id)] == ["示例1（县级经办）"]
        with pytest.raises(RefusedError):
            takers(connection, CLERK, alert_id)  # who gives nothing away sees no names either
    made(store, give, 1)
    assert get(store, alert_id).holder_id == 1
    with store.read() as connection:
        assert takers(connection, DUTY, alert_id) == ()
    refused(store, "已由 示例1 承办", lambda c: give(c, 1))


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_clocks_of_an_orange_alert_through_a_night(store):
    alert_id = made(store, h.opened, "II")
    fresh = {"签收": "ok", "报告领导": "ok", "核查事实": "ok", "公开回应": "ok", "新闻发布会": "ok"}
    assert states(store, alert_id, NOW) == fresh
    assert states(store, alert_id, NOW + 25 * MINUTE) == fresh | {"签收": "soon"}
    assert states(store, alert_id, NOW + 31 * MINUTE) == fresh | {"签收": "late"}
    made(store, life.sign, DUTY, alert_id, settings=SETTINGS, now=NOW + 31 * MINUTE)
    made(store, told, DUTY, alert_id, now=NOW + 40 * MINUTE)
    made(store, h.move, DUTY, alert_id, "核查中", h.CHECK, now=NOW + 50 * MINUTE)
    found = states(store, alert_id, NOW + 3 * HOUR)
    assert found == {
        "签收": "late", "报告领导": "ok", "核查事实": "late", "核查时限": "ok", "处置进展": "ok", "公开回应": "soon",
        "新闻发布会": "ok",
    }  # fmt: skip
    facts = next(one for one in clocks.clocks(get(store, alert_id), NOW + 3 * HOUR, SETTINGS) if one.name == "核查事实")
    assert facts.due == NOW + 2 * HOUR
    made(store, h.published, alert_id, at=NOW + 3 * HOUR)
    made(store, h.published, alert_id, at=NOW + 6 * HOUR, kind="发布会")
    made(store, h.move, DUTY, alert_id, "处置中", h.FOUND, now=NOW + 7 * HOUR)
    by_name = {clock.name: clock for clock in clocks.clocks(get(store, alert_id), NOW + 7 * HOUR, SETTINGS)}
    assert (by_name["公开回应"].done, by_name["公开回应"].state) == (NOW + 3 * HOUR, "ok")
    assert by_name["新闻发布会"].done == NOW + 6 * HOUR
    assert (by_name["核查事实"].done, by_name["核查事实"].state) == (NOW + 7 * HOUR, "late")


def test_a_closed_alert_asks_for_nothing(store):
    done, wrong = made(store, h.closed), made(store, h.unfounded)
    much_later = NOW + timedelta(days=90)
    assert states(store, done, much_later) == {"签收": "ok", "核查事实": "ok"}
    assert states(store, wrong, much_later) == {"签收": "ok"}


def test_what_was_missed_before_the_closing_stays_told(store):
    alert_id = made(store, h.handling)
    later = NOW + timedelta(days=3)
    made(store, h.published, alert_id, at=later)
    given = {name: value for name, value in h.DONE.items() if name != "no_response"}
    made(store, h.move, DUTY, alert_id, "已办结", given, now=later)
    made(store, h.decide, SHIFT, alert_id, now=later)
    assert states(store, alert_id, later + HOUR) == {
        "签收": "ok", "报告领导": "late", "核查事实": "ok", "公开回应": "late",
    }  # fmt: skip


def test_a_level_without_a_limit_has_no_clock(store):
    alert_id = made(store, h.signed, "IV")
    assert set(states(store, alert_id, NOW)) == {"签收", "核查事实", "处置进展", "公开回应"}


def test_an_older_alert_without_limits_has_the_two_it_was_opened_with(store):
    alert_id = made(store, h.opened)
    with store.write() as connection:
        connection.execute(update(t.alert).values(leader_due_at=None, fact_due_at=None))
        assert connection.scalar(select(func.count()).select_from(t.alert)) == 1
    assert set(states(store, alert_id, NOW)) == {"签收", "公开回应"}
