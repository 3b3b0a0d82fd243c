"""Escalation, listing, leaders, rechecks and what the law suggests: marked by whom it behoves, told, and taken back."""

from __future__ import annotations

from datetime import date

import pytest
from access_house import race
from ledger_house import (
    ADMIN,
    CLERK,
    ELSEWHERE,
    LED,
    MAJOR,
    NOW,
    OTHER_REVIEWER,
    REVIEWER,
    SETTINGS,
    SHIFT,
    TODAY,
    actor,
    case,
    entered,
    faults,
    measure,
    paid,
    row,
    settled,
    step,
    verified,
)
from sqlalchemy import select

from monitors.access.roles import Role
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import events, marks, suggestions
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import CaseState, MeasureType, Record
from monitors.store import tables as t


def revision(connection, number):
    return row(connection, number).revision


def escalate(connection, number, who=REVIEWER, **more):
    given = {"unit": "示例市人社局", "person": "示例人员", "reason": "县级难以解决"} | more
    marks.escalate(connection, who, number, revision(connection, number), **given, settings=SETTINGS, now=NOW)


def test_the_prefecture_takes_a_case_over_and_gives_it_back(store):
    with store.write() as connection:
        number = verified(connection)
        with pytest.raises(RefusedError):
            escalate(connection, number, who=CLERK)
        with pytest.raises(RefusedError, match="提级办理由州（市）或省级决定"):
            escalate(connection, number, who=actor("xian", Role.SHIFT_LEADER, "530102"))
        with pytest.raises(LedgerError) as refusal:
            escalate(connection, number, unit=" ", person="")
        assert set(faults(refusal)) == {"unit", "person"}
        with pytest.raises(LedgerError):
            escalate(connection, number, reason="")
        escalate(connection, number)
        with pytest.raises(LedgerError, match="已经提级"):
            escalate(connection, number)
        found, told = case(connection, number), events.history(connection, Record.CASE, number)[0]
        assert (found.escalated, found.unit, found.co_units) == (True, "示例市人社局", ("示例区人社局",))
        assert (told.act, told.note, told.before["unit"]) == ("提级办理", "县级难以解决", "示例区人社局")
        trail = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc())).first()
        assert (trail.action, "县级难以解决" in trail.after) == ("case.mark", False)
        marks.hand_back(
            connection, REVIEWER, number, revision(connection, number), unit="示例区人社局", person="甲",
            reason="已理顺", now=NOW,
        )  # fmt: skip
        found = case(connection, number)
        assert (found.escalated, found.unit, found.co_units) == (False, "示例区人社局", ())
        step(connection, CLERK, number, CaseState.MEDIATING)


def test_a_listed_case_has_a_leader_and_comes_off_the_list(store):
    with store.write() as connection:
        number = entered(connection)
        with pytest.raises(LedgerError) as refusal:
            marks.put_on_list(connection, REVIEWER, number, revision(connection, number), reason="人数多", now=NOW)
        assert faults(refusal) == {"leader": "E14"}
        marks.lead(connection, CLERK, number, revision(connection, number), **LED, settings=SETTINGS, now=NOW)
        with pytest.raises(RefusedError):
            marks.put_on_list(connection, CLERK, number, revision(connection, number), reason="人数多", now=NOW)
        marks.put_on_list(connection, REVIEWER, number, revision(connection, number), reason="人数多", now=NOW)
        with pytest.raises(LedgerError) as refusal:
            marks.lead(
                connection, CLERK, number, revision(connection, number), leader="", leader_unit="", settings=SETTINGS,
                now=NOW,
            )  # fmt: skip
        assert faults(refusal) == {"leader": "E14"}
        with pytest.raises(ConflictError):
            marks.take_off_list(connection, REVIEWER, number, 1, reason="已办妥", now=NOW)
        marks.take_off_list(connection, SHIFT, number, revision(connection, number), reason="已办妥", now=NOW)
        assert not case(connection, number).listed
        with pytest.raises(LedgerError, match="没有挂牌"):
            marks.take_off_list(connection, REVIEWER, number, revision(connection, number), reason="又", now=NOW)


def test_the_leader_is_of_the_government_or_a_member_unit(store):
    with store.write() as connection:
        number = entered(connection)
        for given, field in (
            ({"leader": "示例领导", "leader_unit": "企业负责人"}, "leader_unit"),
            ({"leader": "示例领导", "leader_unit": ""}, "leader_unit"),
            ({"leader": "", "leader_unit": "", "major": True}, "leader"),
        ):
            with pytest.raises(LedgerError) as refusal:
                marks.lead(connection, CLERK, number, 1, **given, settings=SETTINGS, now=NOW)
            assert set(faults(refusal)) == {field}
        marks.lead(connection, CLERK, number, 1, **LED, major=True, settings=SETTINGS, now=NOW)
        assert case(connection, number).major
        marks.lead(connection, CLERK, number, 2, **LED, settings=SETTINGS, now=NOW)
        assert revision(connection, number) == 2  # the same again is no change
        large = verified(connection, given=MAJOR | LED)
        with pytest.raises(LedgerError, match="已达重大案件标准"):
            marks.lead(
                connection, CLERK, large, revision(connection, large), **LED, major=False, settings=SETTINGS, now=NOW
            )


def test_what_was_settled_is_due_to_be_looked_at_again(store):
    with store.write() as connection:
        number = settled(connection)
        other = settled(connection, closed_on=TODAY)
        step(connection, CLERK, other, CaseState.RECHECKING)
        step(connection, CLERK, other, CaseState.ENDED, {"finding": "未复发"})
        day = date(2026, 12, 23)
        assert marks.recheck_due(connection, ADMIN.scope, date(2026, 12, 22)) == ()
        assert [one.id for one in marks.recheck_due(connection, ADMIN.scope, day)] == [number]
        assert marks.recheck_due(connection, ELSEWHERE.scope, day) == ()


def test_a_reviewers_objection_stays_with_the_case_until_it_is_met(store):
    with store.write() as connection:
        number = verified(connection)
        paid(connection, number)
        with pytest.raises(LedgerError, match="待销账"):
            marks.object_to_settling(
                connection, REVIEWER, number, revision(connection, number), words="缺签字", now=NOW
            )
        step(connection, CLERK, number, CaseState.SETTLING)
        marks.object_to_settling(connection, REVIEWER, number, revision(connection, number), words="缺签字", now=NOW)
        told = events.history(connection, Record.CASE, number)[0]
        assert (told.act, told.note, case(connection, number).state) == ("销账复核意见", "缺签字", "待销账")
        with pytest.raises(RefusedError):
            marks.object_to_settling(connection, CLERK, number, revision(connection, number), words="无", now=NOW)


def test_who_asked_for_settling_does_not_approve_its_ending(store):
    given = {"ending": "劳动者书面撤回并确认", "words": "撤回书", "settings": SETTINGS, "now": NOW}
    with store.write() as connection:
        number = entered(connection)
        with pytest.raises(LedgerError, match="查实后"):
            marks.approve_ending(connection, REVIEWER, number, 1, **given)
        number = verified(connection)
        paid(connection, number)
        step(connection, REVIEWER, number, CaseState.SETTLING)
        with pytest.raises(LedgerError, match="须由另一人批准"):
            marks.approve_ending(connection, REVIEWER, number, revision(connection, number), **given)
        with pytest.raises(LedgerError) as refusal:
            marks.approve_ending(
                connection, OTHER_REVIEWER, number, revision(connection, number), **(given | {"words": "长" * 461})
            )
        assert set(faults(refusal)) == {"words"}
        marks.approve_ending(connection, OTHER_REVIEWER, number, revision(connection, number), **given)


# ── suggestions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def open_kinds(connection, number):
    return {one.kind: one for one in suggestions.listed(connection, CLERK.scope, number) if one.state == "待定"}


def decide(connection, suggestion_id, adopt, who=REVIEWER, reason="情况属实"):
    suggestions.decide(connection, who, suggestion_id, adopt, reason=reason, settings=SETTINGS, now=NOW)


def test_the_law_suggests_as_the_facts_stand_and_a_named_person_decides(store):
    with store.write() as connection:
        number = verified(connection)
        first = open_kinds(connection, number)["移送公安"]
        assert first.why.startswith("达标：")
        assert "尚缺：责令支付文书及其期限" in first.why
        measure(connection, number)
        found = open_kinds(connection, number)
        assert set(found) == {"移送公安", "失信名单", "行政处罚"}
        assert found["移送公安"].id == first.id
        assert "尚缺" not in found["移送公安"].why
        with pytest.raises(RefusedError):
            decide(connection, first.id, True, who=CLERK)
        with pytest.raises(RefusedError):
            decide(connection, first.id, True, who=actor("far", Role.PREFECTURE_REVIEWER, "530600"))
        with pytest.raises(LedgerError) as refusal:
            decide(connection, first.id, True, reason=" ")
        assert set(faults(refusal)) == {"reason"}
        decide(connection, first.id, True)
        decide(connection, found["失信名单"].id, False, reason="已约定分期支付")
        with pytest.raises(ConflictError, match="已由reviewer同志于 2026-11-23 10:00 决定为“采纳”"):
            decide(connection, first.id, False, who=OTHER_REVIEWER)
        kept = {one.kind: one for one in suggestions.listed(connection, CLERK.scope, number)}
        assert (kept["移送公安"].state, kept["移送公安"].decided_by) == ("采纳", "reviewer同志")
        assert (kept["失信名单"].state, kept["失信名单"].reason) == ("不采纳", "已约定分期支付")
        assert case(connection, number).deadline == date(2026, 11, 26)  # three days to decide on the transfer
        assert connection.scalars(select(t.measure.c.type)).all() == ["责令支付"]  # nothing happens by itself


def test_a_suggestion_nobody_decided_goes_with_the_facts_and_a_decided_one_stays(store):
    with store.write() as connection:
        number = verified(connection)
        measure(connection, number)
        penalty = open_kinds(connection, number)["行政处罚"]
        decide(connection, penalty.id, False)
        paid(connection, number)
        assert {one.kind: one.state for one in suggestions.listed(connection, CLERK.scope, number)} == {
            "行政处罚": "不采纳"
        }
        told = events.history(connection, Record.CASE, number)
        assert "处置建议决定" in [one.act for one in told]
        with pytest.raises(InputError, match="已不存在"):
            decide(connection, 99_999, True)


def test_nothing_is_suggested_before_anything_is_found_true(store):
    with store.write() as connection:
        number = entered(connection)
        assert suggestions.listed(connection, CLERK.scope, number) == ()
        with pytest.raises(InputError):
            suggestions.listed(connection, ELSEWHERE.scope, number)


def test_a_transfer_suggests_publishing(store):
    with store.write() as connection:
        number = verified(connection)
        measure(connection, number)
        measure(connection, number, MeasureType.TRANSFER, on=TODAY, due=None)
        assert "重大公布" in open_kinds(connection, number)


def test_of_two_who_decide_one_proposal_at_once_one_is_told_of_the_other(store):
    with store.write() as connection:
        number = verified(connection, given=MAJOR | LED)
        measure(connection, number)
        first = suggestions.listed(connection, CLERK.scope, number)[0]

    def work(one):
        with store.write() as connection:
            decide(connection, first.id, bool(one % 2), who=(REVIEWER, OTHER_REVIEWER)[one % 2])

    outcomes = race(4, work)
    assert sorted(isinstance(one, ConflictError) for one in outcomes) == [False, True, True, True]
    with store.read() as connection:
        told = [one.act for one in events.history(connection, Record.CASE, number)]
    assert told.count("处置建议决定") == 1
