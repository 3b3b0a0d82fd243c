"""No record reaches a state by a way the table does not know, nor without what it asks; a refusal changes nothing."""

from __future__ import annotations

import random
from datetime import date

import pytest
from ledger_house import (
    ADMIN,
    AUDITOR,
    CLERK,
    COUNTY,
    ELSEWHERE,
    EVERYONE,
    LED,
    MAJOR,
    NOW,
    OTHER_CLERK,
    OTHER_REVIEWER,
    REVIEWER,
    SETTINGS,
    SHIFT,
    TODAY,
    VERIFIED,
    case,
    edit_row,
    entered,
    faults,
    later,
    measure,
    paid,
    project,
    row,
    settled,
    step,
    verified,
)
from sqlalchemy import func, insert, select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import events, marks, transitions
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import CaseState, ClueState, HazardState, MeasureType, Record
from monitors.store import tables as t

# domain.md 3.2, written a second time and apart from the code.
LEGAL = {
    Record.CASE: {
        "待受理": "核查中", "核查中": "查实 不属实", "查实": "协调处理 立案 待销账", "协调处理": "立案 待销账",
        "立案": "责令改正 撤销立案 待销账", "责令改正": "行政处理处罚 移送公安 待销账",
        "行政处理处罚": "申请强制执行 移送公安 待销账", "申请强制执行": "待销账", "移送公安": "待销账",
        "撤销立案": "待销账", "待销账": "已销账", "已销账": "回头看", "回头看": "闭环 核查中",
    },
    Record.CLUE: {
        "待登记": "已受理 已转送", "已受理": "核查中", "已转送": "核查中 待登记", "核查中": "已结论",
        "已结论": "已反馈", "已反馈": "办结",
    },
    Record.HAZARD: {
        "已登记": "化解中", "化解中": "已排除 转问题", "已排除": "回头看", "回头看": "闭环 化解中",
    },
}  # fmt: skip
EDGES = {
    (kind, a, b) for kind, table in LEGAL.items() for a, targets in table.items() for b in targets.split()
}  # fmt: skip
STATES = {Record.CASE: CaseState, Record.CLUE: ClueState, Record.HAZARD: HazardState}
TABLES = {Record.CASE: t.wage_case, Record.CLUE: t.clue, Record.HAZARD: t.hazard}


def test_the_table_is_that_of_the_rules():
    ways = {
        (kind, state, way.to)
        for kind, table in transitions.WAYS.items()
        for state, found in table.items()
        for way in found
    }
    assert ways == EDGES
    assert all(set(table) == set(STATES[kind]) for kind, table in transitions.WAYS.items())


def test_the_ways_offered_are_those_the_role_may_take():
    def names(state, who):
        return [str(way.to) for way in transitions.allowed(Record.CASE, state, who)]

    assert names("核查中", CLERK) == ["查实"]
    assert names("核查中", REVIEWER) == ["查实", "不属实"]
    assert names("待销账", CLERK) == []
    assert names("待销账", SHIFT) == ["已销账"]
    assert names("待受理", AUDITOR) == []


# ── cases ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_illegal_way_is_e06_with_both_states(store):
    with store.write() as connection:
        number = entered(connection)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.SETTLED)
        assert str(refusal.value) == "E06 不允许从“待受理”变更为“已销账”"
        with pytest.raises(LedgerError, match="E06"):
            step(connection, CLERK, number, "没有的状态")


def test_what_is_found_true_has_figures_and_the_four_duties(store):
    with store.write() as connection:
        number = entered(connection)
        step(connection, CLERK, number, CaseState.CHECKING)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.VERIFIED)
        assert faults(refusal) == {
            "verified_workers": "请填写查实人数", "verified_migrants": "请填写其中农民工人数",
            "verified_fen": "请填写查实金额", "verified_migrant_fen": "请填写其中农民工金额",
            "plan": "E03", "unit": "E03", "person": "E03", "due": "E03",
        }  # fmt: skip
        for wrong, said in (
            ({"verified_migrants": 13}, {"verified_migrants": "E01"}),
            ({"verified_migrant_fen": 140_000_01}, {"verified_migrant_fen": "E02"}),
            ({"verified_fen": 99_99 * 12, "verified_migrant_fen": 1}, {"verified_fen": "E13"}),
            ({"verified_on": date(2026, 11, 24)}, {"verified_on": "E11"}),
            ({"verified_on": date(2026, 11, 9)}, {"verified_on": "E11"}),
            ({"verified_workers": 50}, {"leader": "E14"}),
            ({"verified_fen": 1_000_000_00}, {"leader": "E14"}),
        ):
            with pytest.raises(LedgerError) as refusal:
                step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | wrong)
            assert faults(refusal) == said
        for wrong in ({"verified_workers": "12"}, {"verified_fen": 1.5}, {"due": "明天"}, {"verified_workers": True}):
            with pytest.raises(LedgerError, match="格式不正确"):
                step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | wrong)
        with pytest.raises(LedgerError, match="不填写此项"):
            step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | {"paid_fen": 1})
        step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED)
        found = case(connection, number)
        assert (found.verified_on, found.claimed_workers, found.verified_workers) == (TODAY, 20, 12)
        assert not found.major


def test_nobody_owed_anything_is_not_found_true(store):
    with store.write() as connection:
        number = entered(connection)
        step(connection, CLERK, number, CaseState.CHECKING)
        nothing = dict.fromkeys(("verified_workers", "verified_migrants", "verified_fen", "verified_migrant_fen"), 0)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | nothing)
        assert set(faults(refusal)) == {"verified_workers", "verified_fen"}
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | {"verified_migrants": 0})
        assert set(faults(refusal)) == {"verified_migrant_fen"}


def test_size_makes_a_case_major_and_a_leader_is_asked_for(store):
    with store.write() as connection:
        number = verified(connection, given=MAJOR | LED)
        assert case(connection, number).major
        with pytest.raises(LedgerError) as refusal:
            entered_major = entered(connection)
            step(connection, CLERK, entered_major, CaseState.CHECKING)
            step(connection, CLERK, entered_major, CaseState.VERIFIED, MAJOR)
        assert faults(refusal) == {"leader": "E14"}


def test_unfounded_takes_a_reviewer_who_did_not_do_the_checking(store):
    given = {"finding": "系工程款纠纷", "evidence": "双方结算单"}
    with store.write() as connection:
        number = entered(connection)
        step(connection, REVIEWER, number, CaseState.CHECKING)
        with pytest.raises(LedgerError, match="须由另一人复核"):
            step(connection, REVIEWER, number, CaseState.UNFOUNDED, given)
        with pytest.raises(RefusedError):
            step(connection, CLERK, number, CaseState.UNFOUNDED, given)
        with pytest.raises(LedgerError) as refusal:
            step(connection, OTHER_REVIEWER, number, CaseState.UNFOUNDED, {"finding": "系工程款纠纷"})
        assert set(faults(refusal)) == {"evidence"}
        step(connection, OTHER_REVIEWER, number, CaseState.UNFOUNDED, given)
        found = case(connection, number)
        assert (found.state, found.verified_fen, found.deadline) == ("不属实", None, None)


def test_nothing_is_closed_before_the_workers_have_their_money(store):
    with store.write() as connection:
        number = verified(connection)
        paid(connection, number, persons=11, migrants=10, wage_fen=139_999_99)
        with pytest.raises(LedgerError, match=r"尚有 0.01元 未支付"):
            step(connection, CLERK, number, CaseState.SETTLING)
        paid(connection, number, persons=1, migrants=0, first_persons=1, first_migrants=0, wage_fen=1,
             wage_migrant_fen=0, confirm=True)  # fmt: skip
        step(connection, CLERK, number, CaseState.SETTLING)
        with pytest.raises(RefusedError):
            step(connection, OTHER_CLERK, number, CaseState.SETTLED)
        edit_row(connection, number, {"verified_fen": 140_000_01})  # more was owed than had been found
        with pytest.raises(LedgerError, match=r"尚有 0.01元 未支付"):
            step(connection, REVIEWER, number, CaseState.SETTLED)
        edit_row(connection, number, {"verified_fen": 140_000_00})
        step(connection, SHIFT, number, CaseState.SETTLED)
        found = case(connection, number)
        assert (found.closed_on, found.recheck_on) == (TODAY, date(2026, 12, 23))
        assert found.deadline == VERIFIED["due"]


def test_who_sent_it_for_settling_does_not_review_it(store):
    with store.write() as connection:
        number = verified(connection)
        paid(connection, number)
        step(connection, REVIEWER, number, CaseState.SETTLING)
        with pytest.raises(LedgerError, match="“待销账”由您本人经办，变更为“已销账”须由另一人复核"):
            step(connection, REVIEWER, number, CaseState.SETTLED)
        step(connection, OTHER_REVIEWER, number, CaseState.SETTLED)
        assert case(connection, number).handler == "reviewer"


def ordered(connection, number):
    step(connection, CLERK, number, CaseState.FILED)
    measure(connection, number)
    step(connection, CLERK, number, CaseState.ORDERED)


def test_handing_over_to_the_police_rests_on_an_unheeded_order_and_closes_nothing(store):
    with store.write() as connection:
        number = verified(connection)
        step(connection, CLERK, number, CaseState.FILED, {"filed_on": TODAY})
        with pytest.raises(LedgerError, match="请先登记责令改正或责令支付文书"):
            step(connection, CLERK, number, CaseState.ORDERED)
        with pytest.raises(LedgerError) as refusal:
            measure(connection, number, MeasureType.TRANSFER, on=TODAY, due=None)
        assert faults(refusal) == {"type": "E10"}
        order = measure(connection, number, due=TODAY)
        step(connection, CLERK, number, CaseState.ORDERED)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.TRANSFERRED)
        assert faults(refusal) == {"state": "E10"}  # its last day is not over
        tomorrow = later(1)
        with pytest.raises(LedgerError, match="请先登记移送公安文书"):
            step(connection, CLERK, number, CaseState.TRANSFERRED, now=tomorrow)
        from monitors.ledger import measures

        measures.add(
            connection, CLERK, number, measures.MeasureDraft("移送公安", "示例移〔2026〕1号", tomorrow.date()),
            settings=SETTINGS, now=tomorrow,
        )  # fmt: skip
        step(connection, CLERK, number, CaseState.TRANSFERRED, now=tomorrow)
        with pytest.raises(LedgerError, match=r"尚有 140,000.00元 未支付"):
            step(connection, CLERK, number, CaseState.SETTLING, now=tomorrow)
        assert case(connection, number).closed_on is None
        assert order


def test_another_legal_ending_is_approved_by_a_reviewer(store):
    with store.write() as connection:
        number = verified(connection)
        given = {"ending": "用人单位破产，债权已申报确认", "words": "示例法院裁定书", "settings": SETTINGS, "now": NOW}
        with pytest.raises(RefusedError):
            marks.approve_ending(connection, CLERK, number, row(connection, number).revision, **given)
        with pytest.raises(LedgerError) as refusal:
            marks.approve_ending(
                connection, REVIEWER, number, row(connection, number).revision, **(given | {"ending": "移送公安"})
            )
        assert set(faults(refusal)) == {"ending"}
        marks.approve_ending(connection, REVIEWER, number, row(connection, number).revision, **given)
        step(connection, CLERK, number, CaseState.SETTLING)
        step(connection, REVIEWER, number, CaseState.SETTLED)
        assert case(connection, number).legal_ending == "用人单位破产，债权已申报确认：示例法院裁定书"


def test_a_large_or_old_case_is_closed_only_with_leader_and_proof(store):
    with store.write() as connection:
        number = verified(connection, given=MAJOR | LED)
        paid(connection, number)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.SETTLING)
        assert faults(refusal) == {"proof": "重大案件、陈案销账须填写销账依据"}
        step(connection, CLERK, number, CaseState.SETTLING, {"proof": "工资发放表"})
        edit_row(connection, number, {"leader": ""})
        with pytest.raises(LedgerError) as refusal:
            step(connection, REVIEWER, number, CaseState.SETTLED)
        assert faults(refusal) == {"leader": "E14"}
        edit_row(connection, number, {"leader": "示例领导"})
        step(connection, REVIEWER, number, CaseState.SETTLED)

        old = verified(connection, accepted_on=date(2025, 11, 22))
        paid(connection, old)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, old, CaseState.SETTLING)
        assert set(faults(refusal)) == {"leader", "proof"}


def test_a_case_that_became_old_while_waiting_for_review_still_needs_its_proof(store):
    with store.write() as connection:
        number = verified(connection, given=VERIFIED | LED)
        paid(connection, number)
        step(connection, CLERK, number, CaseState.SETTLING)
        year_on = later(400)
        with pytest.raises(LedgerError) as refusal:
            step(connection, REVIEWER, number, CaseState.SETTLED, now=year_on)
        assert set(faults(refusal)) == {"proof"}
        marks.add_proof(connection, CLERK, number, row(connection, number).revision, proof="工资发放表", now=year_on)
        step(connection, REVIEWER, number, CaseState.SETTLED, now=year_on)


def test_withdrawing_a_filing_asks_for_its_reason(store):
    with store.write() as connection:
        number = verified(connection)
        step(connection, CLERK, number, CaseState.FILED)
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.WITHDRAWN)
        assert set(faults(refusal)) == {"reason"}
        step(connection, CLERK, number, CaseState.WITHDRAWN, {"reason": "情节轻微并已改正"})
        found = case(connection, number)
        assert (found.filed_on, found.withdrawn_on) == (TODAY, TODAY)


def test_a_relapse_opens_the_case_again_and_forgets_nothing(store):
    with store.write() as connection:
        number = settled(connection)
        step(connection, CLERK, number, CaseState.RECHECKING, now=later(30))
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.CHECKING, now=later(30))
        assert set(faults(refusal)) == {"reason"}
        step(connection, CLERK, number, CaseState.CHECKING, {"reason": "又欠两人工资"}, now=later(30))
        found = case(connection, number)
        assert (found.closed_on, found.recheck_on, found.verified_on) == (None, None, TODAY)
        assert found.first_closed_on == TODAY  # the form of that day counts it as before
        assert (found.verified_fen, found.paid_fen) == (140_000_00, 140_000_00)
        with pytest.raises(LedgerError, match="曾经查实"):
            step(connection, REVIEWER, number, CaseState.UNFOUNDED, {"finding": "无", "evidence": "无"}, now=later(30))
        with pytest.raises(LedgerError) as refusal:
            step(connection, CLERK, number, CaseState.VERIFIED, {"verified_fen": 130_000_00}, now=later(31))
        assert faults(refusal) == {"verified_fen": "E05"}
        step(connection, CLERK, number, CaseState.VERIFIED, {"verified_fen": 150_000_00}, now=later(31))
        found = case(connection, number)
        assert (found.verified_workers, found.verified_fen, found.verified_on) == (12, 150_000_00, TODAY)
        with pytest.raises(LedgerError, match=r"尚有 10,000.00元 未支付"):
            step(connection, CLERK, number, CaseState.SETTLING, now=later(31))


def test_a_case_the_prefecture_took_over_is_moved_by_it_alone(store):
    with store.write() as connection:
        number = verified(connection)
        marks.escalate(
            connection, REVIEWER, number, row(connection, number).revision, unit="示例市人社局", person="示例人员",
            reason="县级难以解决", settings=SETTINGS, now=NOW,
        )  # fmt: skip
        with pytest.raises(RefusedError, match=r"已提级由.*昆明市.*办理，县级为协办单位"):
            step(connection, CLERK, number, CaseState.MEDIATING)
        paid(connection, number)  # helping it still may
        step(connection, REVIEWER, number, CaseState.MEDIATING)
        found = case(connection, number)
        assert (found.unit, found.co_units) == ("示例市人社局", ("示例区人社局",))


def test_a_stale_move_is_a_conflict(store):
    with store.write() as connection:
        number = entered(connection)
        step(connection, OTHER_CLERK, number, CaseState.CHECKING)
        before = row(connection, number)
        with pytest.raises(ConflictError, match=r"已由clerk2同志于 2026-11-23 10:00 修改（变更状态）"):
            transitions.move(
                connection, CLERK, Record.CASE, number, CaseState.CHECKING, {}, 1, settings=SETTINGS, now=NOW
            )
        assert row(connection, number) == before


def test_arrears_on_a_site_that_had_been_settled_are_flagged(store):
    with store.write() as connection:
        site, done = project(connection), project(connection, "示例已完工项目", status="完工")
        settled(connection, project_id=site, closed_on=TODAY)
        settled(connection, project_id=done, closed_on=TODAY)
        before = entered(connection, project_id=site)  # accepted before the earlier one was closed
        again = entered(connection, project_id=site, accepted_on=TODAY)
        finished = entered(connection, project_id=done, accepted_on=TODAY)
        flags = [case(connection, number).recurring for number in (before, again, finished)]
        assert flags == [False, True, False]
        assert [one.id for one in marks.recurring(connection, ADMIN.scope)] == [again]
        assert marks.recurring(connection, ELSEWHERE.scope) == ()


# ── clues and hazards ────────────────────────────────────────────────────────────────────────────────────────────────


def clue(connection, number="XS2026-000001"):
    values = {
        "number": number, "channel": "电话", "region": COUNTY, "first_receiver": "示例首问人", "received_at": NOW,
        "state": "待登记", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return connection.execute(insert(t.clue).values(values).returning(t.clue.c.id)).scalar_one()


def hazard(connection, number="YH2026-000001"):
    values = {
        "number": number, "region": COUNTY, "source": "排查", "cause": "工程款未到位", "state": "已登记",
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return connection.execute(insert(t.hazard).values(values).returning(t.hazard.c.id)).scalar_one()


def go(connection, who, kind, number, to, given=None, now=NOW):
    held = TABLES[kind]
    revision = connection.execute(select(held.c.revision).where(held.c.id == number)).scalar_one()
    transitions.move(connection, who, kind, number, to, given or {}, revision, settings=SETTINGS, now=now)


def held(connection, kind, number):
    return connection.execute(select(TABLES[kind]).where(TABLES[kind].c.id == number)).one()


def test_a_clue_is_accepted_with_a_due_day_and_answered_before_it_is_done(store):
    with store.write() as connection:
        number = clue(connection)
        go(connection, CLERK, Record.CLUE, number, "已受理", {"unit": "示例区人社局"})
        assert held(connection, Record.CLUE, number).due == date(2026, 12, 8)
        go(connection, CLERK, Record.CLUE, number, "核查中")
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.CLUE, number, "已结论")
        assert set(faults(refusal)) == {"conclusion"}
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.CLUE, number, "已结论", {"conclusion": "属实转案件"})
        assert set(faults(refusal)) == {"case_id"}
        with pytest.raises(LedgerError, match="没有这起案件"):
            go(connection, CLERK, Record.CLUE, number, "已结论", {"conclusion": "属实转案件", "case_id": 99})
        case_id = entered(connection)
        go(connection, CLERK, Record.CLUE, number, "已结论", {"conclusion": "属实转案件", "case_id": case_id})
        assert held(connection, Record.CLUE, number).concluded_at == NOW
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.CLUE, number, "已反馈")
        assert faults(refusal) == {"feedback_on": "E09", "feedback_how": "E09"}
        with pytest.raises(LedgerError) as refusal:
            go(
                connection,
                CLERK,
                Record.CLUE,
                number,
                "已反馈",
                {"feedback_on": date(2026, 11, 22), "feedback_how": "电话"},
            )
        assert faults(refusal) == {"feedback_on": "E11"}
        go(connection, CLERK, Record.CLUE, number, "已反馈", {"feedback_on": TODAY, "feedback_how": "电话"})
        go(connection, CLERK, Record.CLUE, number, "办结")
        found = held(connection, Record.CLUE, number)
        assert (found.state, found.case_id, found.first_receiver, found.revision) == ("办结", case_id, "示例首问人", 6)


@pytest.mark.parametrize("conclusion", ["不属实", "虚假讨薪"])
def test_denying_a_clue_takes_evidence_and_another_person(store, conclusion):
    with store.write() as connection:
        number = clue(connection)
        go(connection, CLERK, Record.CLUE, number, "已受理")
        go(connection, REVIEWER, Record.CLUE, number, "核查中")
        given = {"conclusion": conclusion, "evidence": "双方结算单"}
        with pytest.raises(RefusedError):
            go(connection, CLERK, Record.CLUE, number, "已结论", given)
        with pytest.raises(LedgerError, match="核查人以外的另一人"):
            go(connection, REVIEWER, Record.CLUE, number, "已结论", given)
        with pytest.raises(LedgerError) as refusal:
            go(connection, OTHER_REVIEWER, Record.CLUE, number, "已结论", {"conclusion": conclusion})
        assert set(faults(refusal)) == {"evidence"}
        go(connection, OTHER_REVIEWER, Record.CLUE, number, "已结论", given)
        assert events.history(connection, Record.CLUE, number)[0].after["evidence"] == "双方结算单"


def test_a_clue_passed_on_comes_back_with_a_reason(store):
    with store.write() as connection:
        number = clue(connection)
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.CLUE, number, "已转送")
        assert set(faults(refusal)) == {"target_unit"}
        go(connection, CLERK, Record.CLUE, number, "已转送", {"target_unit": "示例局"})
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.CLUE, number, "待登记")
        assert set(faults(refusal)) == {"reason"}
        go(connection, CLERK, Record.CLUE, number, "待登记", {"reason": "不属其职责"})
        with pytest.raises(LedgerError):
            go(connection, CLERK, Record.CLUE, number, "已转送")  # to whom is said anew


def test_a_hazard_is_defused_with_plan_and_people_and_looked_at_again(store):
    duty = {name: VERIFIED[name] for name in ("plan", "unit", "person", "due")}
    with store.write() as connection:
        number = hazard(connection)
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.HAZARD, number, "化解中", {"plan": "督促拨款"})
        assert faults(refusal) == {"unit": "E03", "person": "E03", "due": "E03"}
        go(connection, CLERK, Record.HAZARD, number, "化解中", duty)
        with pytest.raises(LedgerError) as refusal:
            go(connection, CLERK, Record.HAZARD, number, "已排除")
        assert set(faults(refusal)) == {"proof"}
        go(connection, CLERK, Record.HAZARD, number, "已排除", {"proof": "拨款凭证"})
        assert held(connection, Record.HAZARD, number).recheck_on == date(2026, 12, 23)
        go(connection, CLERK, Record.HAZARD, number, "回头看")
        go(connection, CLERK, Record.HAZARD, number, "化解中", {"reason": "再次停拨"})
        with pytest.raises(LedgerError):
            go(connection, CLERK, Record.HAZARD, number, "已排除")  # proof is given anew
        case_id = entered(connection)
        go(connection, CLERK, Record.HAZARD, number, "转问题", {"case_id": case_id})
        assert held(connection, Record.HAZARD, number).case_id == case_id
        with pytest.raises(InputError):
            transitions.move(connection, CLERK, Record.HAZARD, 999, "化解中", duty, 1, settings=SETTINGS, now=NOW)


# ── anything at all ──────────────────────────────────────────────────────────────────────────────────────────────────

_RIGHT = {
    "查实": VERIFIED, "不属实": {"finding": "无", "evidence": "无"}, "撤销立案": {"reason": "轻微"},
    "闭环": {"finding": "未复发"}, "待销账": {"proof": "凭证"}, "已转送": {"target_unit": "示例局"},
    "已反馈": {"feedback_on": TODAY, "feedback_how": "电话"}, "已排除": {"proof": "凭证"},
    "化解中": {name: VERIFIED[name] for name in ("plan", "unit", "person", "due")},
}  # fmt: skip


def _given(dice, kind, state, to, case_id):
    """Mostly what the way asks for, now and then less or nonsense."""
    if to == "已结论":
        given = dice.choice(
            [{"conclusion": "重复"}, {"conclusion": "虚假讨薪", "evidence": "有"}, {"conclusion": "无"}]
        )
    elif to == "转问题":
        given = {"case_id": case_id}
    elif (kind, state) in {
        (Record.CASE, "回头看"),
        (Record.HAZARD, "回头看"),
        (Record.CLUE, "已转送"),
    } and to != "闭环":
        given = {"reason": "又来"} if to != "核查中" or kind is Record.CASE else {}
    else:
        given = dict(_RIGHT.get(to, {}))
    throw = dice.random()
    if given and throw < 0.15:
        given.pop(dice.choice(list(given)))
    elif throw < 0.2:
        given[dice.choice(["plan", "closed_on", "nonsense"])] = dice.choice([7, "x" * 501, None])
    return given


def _seen(connection, kind, number):
    """The record and how much was told of anything."""
    told = [connection.scalar(select(func.count()).select_from(table)) for table in (t.ledger_event, t.audit)]
    return held(connection, kind, number), told


def _on_the_side(dice, connection, number):
    """Payments and documents between the moves, so that every state can be reached."""
    kind = dice.choice(
        [MeasureType.PAY_ORDER, MeasureType.PENALTY, MeasureType.TRANSFER, MeasureType.ENFORCEMENT, None]
    )
    try:
        if kind is None:
            paid(connection, number)
        else:
            measure(connection, number, kind, on=date(2026, 11, 12) if kind == MeasureType.PAY_ORDER else TODAY,
                    due=date(2026, 11, 18) if kind == MeasureType.PAY_ORDER else None)  # fmt: skip
    except LedgerError:
        pass


@pytest.mark.parametrize("seed", range(3))
def test_whatever_anybody_tries_only_legal_ways_are_taken_and_refusals_write_nothing(store, seed):
    dice = random.Random(seed)
    reached: dict[Record, set[str]] = {kind: set() for kind in TABLES}
    with store.write() as connection:
        target = entered(connection)
        for turn in range(10):
            for kind in (Record.CASE, Record.CASE, Record.CASE, Record.CLUE, Record.HAZARD):
                if kind is Record.CASE:
                    number = entered(connection)
                else:
                    number = (clue if kind is Record.CLUE else hazard)(connection, f"{kind[:2]}{seed}-{turn}")
                for _ in range(24):
                    before, told = _seen(connection, kind, number)
                    reached[kind].add(before.state)
                    legal = LEGAL[kind].get(before.state, "").split()
                    to = dice.choice(legal) if legal and dice.random() < 0.7 else dice.choice(list(STATES[kind]))
                    who = dice.choice(EVERYONE if dice.random() < 0.4 else (CLERK, REVIEWER, OTHER_REVIEWER, ADMIN))
                    given = _given(dice, kind, before.state, to, target)
                    stale = dice.random() < 0.05
                    try:
                        transitions.move(
                            connection,
                            who,
                            kind,
                            number,
                            to,
                            given,
                            before.revision - stale,
                            settings=SETTINGS,
                            now=NOW,
                        )
                    except (LedgerError, RefusedError, ConflictError):
                        assert _seen(connection, kind, number) == (before, told), (kind, before.state, to)
                    else:
                        after, since = _seen(connection, kind, number)
                        assert (kind, before.state, to) in EDGES
                        assert not stale
                        assert who.scope.covers(COUNTY)
                        denied = to == "不属实" or given.get("conclusion") == "虚假讨薪"
                        assert who.may("ledger.review" if denied or to == "已销账" else "ledger.edit")
                        assert (after.state, after.revision) == (to, before.revision + 1)
                        assert since[1] == told[1] + 1
                        if to == "已销账":
                            assert who.may("ledger.review")
                            assert who.name != before.handler
                            assert after.paid_fen >= after.verified_fen
                        if kind is Record.CASE and after.verified_on:
                            assert after.paid_fen <= after.verified_fen
                    if kind is Record.CASE and dice.random() < 0.6:
                        _on_the_side(dice, connection, number)
    assert reached[Record.CLUE] >= {"已结论", "办结"}
    assert len(reached[Record.CASE]) >= 11
    assert reached[Record.HAZARD] >= {"闭环", "转问题"}
