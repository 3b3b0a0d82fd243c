"""Payments never exceed what was found owing, their sums stay right; documents, courts and limits are kept in order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from ledger_house import (
    ADMIN,
    CLERK,
    COUNTY,
    ELSEWHERE,
    NOW,
    OTHER_CLERK,
    REVIEWER,
    SETTINGS,
    TODAY,
    case,
    employer,
    entered,
    faults,
    later,
    measure,
    paid,
    row,
    settled,
    step,
    verified,
)
from sqlalchemy import func, select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import clock_changes, events, executions, measures, payments
from monitors.ledger.executions import ExecutionDraft
from monitors.ledger.faults import LedgerError
from monitors.ledger.measures import MeasureDraft
from monitors.ledger.model import CaseState, Clock, MeasureType, Record
from monitors.store import tables as t

PART = {"persons": 5, "migrants": 4, "wage_fen": 50_000_00, "wage_migrant_fen": 40_000_00}


def sums(connection, case_id):
    found = case(connection, case_id)
    return found.paid_workers, found.paid_fen


def change(connection, payment_id, changes, *, revision=1, who=CLERK):
    payments.edit(connection, who, payment_id, changes, revision, settings=SETTINGS, now=later(1))


# ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_payment_counts_people_once_and_wages_without_compensation(store):
    with store.write() as connection:
        number = verified(connection)
        paid(connection, number, **PART, compensation_fen=9_000_00, compensation_migrant_fen=9_000_00)
        assert sums(connection, number) == (5, 50_000_00)
        with pytest.raises(LedgerError) as refusal:
            paid(connection, number, **PART)
        assert set(faults(refusal)) == {"first_persons", "first_migrants"}  # are they the same five?
        paid(connection, number, **PART, first_persons=2, first_migrants=1)
        assert sums(connection, number) == (7, 100_000_00)
        first, second = payments.listed(connection, CLERK.scope, number)
        assert (first.first_persons, first.compensation_fen, second.first_persons) == (5, 9_000_00, 2)
        assert row(connection, number).revision == 3  # nobody's open edit conflicts with a payment


_WRONG_PAYMENTS = (
    ({"wage_fen": 140_000_01}, "wage_fen", "E05"),
    ({"wage_migrant_fen": 120_000_01}, "wage_migrant_fen", "E05"),
    ({"persons": 13}, "first_persons", "累计支付人数超过查实人数12人"),
    ({"migrants": 11}, "first_migrants", "累计支付农民工人数超过查实农民工人数10人"),
    ({"migrants": 13}, "migrants", "E01"),
    ({"wage_migrant_fen": 150_000_00}, "wage_migrant_fen", "E02"),
    ({"compensation_fen": 1, "compensation_migrant_fen": 2}, "compensation_migrant_fen", "E02"),
    ({"on": date(2026, 11, 24)}, "on", "E11"),
    ({"on": date(2026, 10, 31)}, "on", "E11"),
    ({"wage_fen": 1_199_00, "wage_migrant_fen": 1_000_00}, "wage_fen", "E13"),
    ({"source": "个人"}, "source", "资金来源应为以下之一"),
    ({"proof": "  "}, "proof", "请填写"),
    ({"persons": 0, "migrants": 0, "wage_migrant_fen": 0}, "persons", "须同时大于零"),
    ({"wage_fen": 0, "wage_migrant_fen": 0}, "wage_fen", "须同时大于零"),
    ({"migrants": 0}, "wage_migrant_fen", "须同时填写或同时为零"),
    ({"first_persons": 13}, "first_persons", "不能大于本次支付人数"),
    ({"first_persons": 11, "first_migrants": 10}, "first_persons", "首次领到人数偏少"),
    ({"wage_fen": -1, "wage_migrant_fen": -1}, "wage_fen", "不能为负数"),
)


def test_a_wrong_payment_is_refused_at_its_field_and_changes_no_sum(store):
    with store.write() as connection:
        number = verified(connection, occurred_on=date(2026, 11, 1))
        before = row(connection, number)
        for wrong, field, said in _WRONG_PAYMENTS:
            with pytest.raises(LedgerError) as refusal:
                paid(connection, number, **wrong)
            assert said in faults(refusal)[field], wrong
        assert row(connection, number) == before
        assert connection.scalar(select(func.count()).select_from(t.payment)) == 0


def test_figures_that_e13_doubts_are_taken_once_a_person_says_so_but_never_more_than_is_owed(store):
    with store.write() as connection:
        number = verified(connection)
        paid(connection, number, wage_fen=1_199_00, wage_migrant_fen=1_000_00, confirm=True)
        with pytest.raises(LedgerError) as refusal:
            paid(connection, number, wage_fen=139_000_00, first_persons=0, first_migrants=0, confirm=True)
        assert faults(refusal) == {"wage_fen": "E05"}


def test_only_a_case_found_true_and_not_closed_takes_payments(store):
    with store.write() as connection:
        with pytest.raises(LedgerError, match="查实后才能登记支付"):
            paid(connection, entered(connection))
        number = settled(connection)
        (kept,) = payments.listed(connection, CLERK.scope, number)
        with pytest.raises(LedgerError, match="案件已销账，不能再登记或修改支付"):
            paid(connection, number, first_persons=0, first_migrants=0)
        with pytest.raises(LedgerError, match="案件已销账"):
            change(connection, kept.id, {"wage_fen": 1_00})
        with pytest.raises(LedgerError, match="案件已销账"):
            payments.remove(connection, CLERK, kept.id, 1, reason="错", settings=SETTINGS, now=NOW)
        with pytest.raises(RefusedError):
            paid(connection, verified(connection), who=ELSEWHERE)


def test_payments_are_corrected_and_taken_back_with_the_sums(store):
    with store.write() as connection:
        number = verified(connection)
        one = paid(connection, number, **PART)
        two = paid(connection, number, **PART, first_persons=5, first_migrants=4)
        change(connection, one, {"wage_fen": 60_000_00, "proof": "更正后的凭证"})
        assert sums(connection, number) == (10, 110_000_00)
        told = events.history(connection, Record.CASE, number)[0]
        assert (told.act, told.before["wage_fen"], told.after["wage_fen"]) == ("修改支付", 50_000_00, 60_000_00)
        with pytest.raises(ConflictError, match="支付记录”已由clerk同志"):
            change(connection, one, {"wage_fen": 70_000_00})
        with pytest.raises(LedgerError) as refusal:
            change(connection, one, {"wage_fen": 90_000_01}, revision=2)
        assert faults(refusal) == {"wage_fen": "E05"}
        with pytest.raises(LedgerError) as refusal:
            payments.remove(connection, CLERK, one, 2, reason=" ", settings=SETTINGS, now=NOW)
        assert set(faults(refusal)) == {"reason"}
        payments.remove(connection, OTHER_CLERK, one, 2, reason="重复登记", settings=SETTINGS, now=NOW)
        assert sums(connection, number) == (5, 50_000_00)
        told = events.history(connection, Record.CASE, number)[0]
        assert (told.act, told.actor, told.before["wage_fen"], told.note) == (
            "删除支付", "clerk2同志", 60_000_00, "重复登记",
        )  # fmt: skip
        with pytest.raises(InputError, match="已不存在"):
            payments.remove(connection, CLERK, one, 2, reason="又一次", settings=SETTINGS, now=NOW)
        payments.remove(connection, CLERK, two, 1, reason="误登", settings=SETTINGS, now=NOW)
        assert sums(connection, number) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_the_kept_sums_are_those_of_the_payments_whatever_is_done(store, seed):
    dice = random.Random(seed)
    with store.write() as connection:
        number = verified(connection)
        done = 0
        for _ in range(40):
            persons, first = dice.randint(0, 8), dice.randint(0, 6)
            wage = dice.randint(0, 60_000_00)
            kept = payments.listed(connection, CLERK.scope, number)
            before = row(connection, number)
            try:
                if kept and dice.random() < 0.3:
                    payments.remove(
                        connection, CLERK, dice.choice(kept).id, dice.choice(kept).revision, reason="试",
                        settings=SETTINGS, now=NOW,
                    )  # fmt: skip
                elif kept and dice.random() < 0.4:
                    one = dice.choice(kept)
                    change(connection, one.id, {"wage_fen": wage, "persons": persons}, revision=one.revision)
                else:
                    paid(
                        connection, number, persons=persons, migrants=0, first_persons=first, first_migrants=0,
                        wage_fen=wage, wage_migrant_fen=0,
                    )  # fmt: skip
            except (LedgerError, ConflictError):
                assert row(connection, number) == before
            else:
                done += 1
            kept = payments.listed(connection, CLERK.scope, number)
            assert sums(connection, number) == (sum(p.first_persons for p in kept), sum(p.wage_fen for p in kept))
            assert sums(connection, number)[1] <= 140_000_00
            assert all(p.persons <= 12 for p in kept)
        assert done >= 5


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_measure_is_registered_obeyed_and_told(store):
    with store.write() as connection:
        number = verified(connection)
        order = measure(connection, number, MeasureType.ORDER)
        measures.obeyed(connection, CLERK, order, date(2026, 11, 17), 1, result="已改正", settings=SETTINGS, now=NOW)
        (found,) = measures.listed(connection, CLERK.scope, number)
        assert (found.type, found.done_on, found.result, found.revision) == (
            "责令改正",
            date(2026, 11, 17),
            "已改正",
            2,
        )
        assert [one.act for one in events.history(connection, Record.CASE, number)][:3] == [
            "措施已履行", "处置建议", "登记责令改正",
        ]  # fmt: skip
        with pytest.raises(ConflictError):
            measures.edit(connection, CLERK, order, {"doc_no": "新"}, 1, settings=SETTINGS, now=NOW)
        with pytest.raises(LedgerError, match="措施类型登记后不能修改"):
            measures.edit(connection, CLERK, order, {"type": "行政处罚"}, 2, settings=SETTINGS, now=NOW)


_WRONG_MEASURES = (
    ({"doc_no": " "}, "doc_no", "请填写文书编号"),
    ({"type": "警告"}, "type", "措施类型应为以下之一"),
    ({"on": date(2026, 11, 24), "due": date(2026, 11, 30)}, "on", "E11"),
    ({"on": date(2026, 10, 30)}, "on", "E11"),
    ({"due": None}, "due", "须填写限期"),
    ({"due": date(2026, 11, 1)}, "due", "限期不能早于文书日期"),
    ({"done_on": date(2026, 11, 11)}, "done_on", "E11"),
    ({"done_on": date(2026, 11, 24)}, "done_on", "E11"),
    ({"doc_no": "长" * 61}, "doc_no", "不能超过60个字"),
)


def test_a_wrong_measure_is_refused_at_its_field(store):
    with store.write() as connection:
        number = verified(connection, occurred_on=date(2026, 11, 1))
        for wrong, field, said in _WRONG_MEASURES:
            with pytest.raises(LedgerError) as refusal:
                measure(connection, number, **wrong)
            assert said in faults(refusal)[field], wrong
        assert measures.listed(connection, CLERK.scope, number) == ()


def test_a_transfer_rests_on_an_order_to_pay_that_ran_out_unheeded(store):
    with store.write() as connection:
        number = verified(connection)
        given = {"on": date(2026, 11, 19), "due": None}
        measure(connection, number, MeasureType.ORDER)  # to mend is not to pay
        with pytest.raises(LedgerError) as refusal:
            measure(connection, number, MeasureType.TRANSFER, **given)
        assert faults(refusal) == {"type": "E10"}
        order = measure(connection, number)
        with pytest.raises(LedgerError):
            measure(connection, number, MeasureType.TRANSFER, on=date(2026, 11, 18), due=None)  # its last day
        transfer = measure(connection, number, MeasureType.TRANSFER, **given)
        with pytest.raises(LedgerError) as refusal:
            measures.edit(connection, CLERK, transfer, {"on": date(2026, 11, 18)}, 1, settings=SETTINGS, now=NOW)
        assert faults(refusal) == {"type": "E10"}
        measures.obeyed(connection, CLERK, order, date(2026, 11, 22), 1, settings=SETTINGS, now=NOW)
        measures.obeyed(connection, CLERK, transfer, date(2026, 11, 23), 1, settings=SETTINGS, now=NOW)
        other = verified(connection)
        done = measure(connection, other, done_on=date(2026, 11, 17))
        with pytest.raises(LedgerError):
            measure(connection, other, MeasureType.TRANSFER, **given)
        assert done


def test_a_measure_outside_a_case_belongs_to_its_employer(store):
    given = MeasureDraft("责令改正", "示例监令〔2026〕9号", TODAY, due=date(2026, 12, 1))
    with store.write() as connection:
        works = employer(connection)
        with pytest.raises(RefusedError):
            measures.add_for_employer(connection, ELSEWHERE, works, COUNTY, given, settings=SETTINGS, now=NOW)
        for more, field in ((replace(given, type="移送公安"), "type"), (replace(given, doc_no=""), "doc_no")):
            with pytest.raises(LedgerError) as refusal:
                measures.add_for_employer(connection, CLERK, works, COUNTY, more, settings=SETTINGS, now=NOW)
            assert set(faults(refusal)) == {field}
        with pytest.raises(LedgerError):
            measures.add_for_employer(connection, CLERK, 999, COUNTY, given, settings=SETTINGS, now=NOW)
        number = measures.add_for_employer(connection, CLERK, works, COUNTY, given, settings=SETTINGS, now=NOW)
        measures.obeyed(connection, CLERK, number, TODAY, 1, settings=SETTINGS, now=NOW)
        acts = [one.act for one in events.history(connection, Record.MEASURE, number)]
    assert acts == ["措施已履行", "登记责令改正"]


# ── courts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_enforcement_is_kept_with_what_came_in(store):
    given = ExecutionDraft("判决", "示例区人民法院", TODAY, 140_000_00, batch="冬季集中执行")
    with store.write() as connection:
        number = verified(connection)
        one = executions.add(connection, CLERK, given, case_id=number, settings=SETTINGS, now=NOW)
        loose = executions.add(connection, ADMIN, replace(given, region="530627"), settings=SETTINGS, now=NOW)
        executions.edit(connection, CLERK, one, {"recovered_fen": 50_000_00}, 1, settings=SETTINGS, now=NOW)
        with pytest.raises(ConflictError):
            executions.edit(connection, CLERK, one, {"recovered_fen": 1}, 1, settings=SETTINGS, now=NOW)
        with pytest.raises(LedgerError) as refusal:
            executions.edit(connection, CLERK, one, {"recovered_fen": 140_000_01}, 2, settings=SETTINGS, now=NOW)
        assert set(faults(refusal)) == {"recovered_fen"}
        with pytest.raises(RefusedError):
            executions.edit(connection, CLERK, loose, {"recovered_fen": 1}, 1, settings=SETTINGS, now=NOW)
        with pytest.raises(LedgerError):
            executions.add(connection, ADMIN, given, settings=SETTINGS, now=NOW)  # of no case and no place
        (found,) = executions.listed(connection, CLERK.scope)
        assert (found.case_id, found.region, found.recovered_fen) == (number, COUNTY, 50_000_00)
        assert len(executions.listed(connection, ADMIN.scope, batch="冬季集中执行")) == 2
        assert [one.act for one in events.history(connection, Record.CASE, number)][:2] == ["修改执行", "登记执行"]
        step(connection, CLERK, number, CaseState.FILED)
        measure(connection, number)
        step(connection, CLERK, number, CaseState.ORDERED)
        measure(connection, number, MeasureType.PENALTY, on=TODAY, due=None)
        step(connection, CLERK, number, CaseState.PENALISED)
        step(connection, CLERK, number, CaseState.ENFORCING)  # the court's own number stands for a document


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def clock(connection, number, kind, *, on=TODAY, which=Clock.INVESTIGATION, who=CLERK, **more):
    given = {"reason": "等待鉴定", "approver": "示例负责人"} | more
    clock_changes.change(connection, who, number, which, kind, on=on, **given, settings=SETTINGS, now=NOW)


def test_limits_run_pause_and_extend_with_reason_and_approver(store):
    with store.write() as connection:
        number = verified(connection)
        with pytest.raises(LedgerError) as refusal:
            clock(connection, number, "延长", days=30)
        assert "没有正在计算的" in faults(refusal)["clock"]
        step(connection, CLERK, number, CaseState.FILED)
        assert case(connection, number).deadline == date(2026, 12, 20)
        states = clock_changes.running(connection, CLERK.scope, number, settings=SETTINGS, today=TODAY)
        limits = {state.clock: state.due for state in states}
        assert limits[Clock.CAMPAIGN] == SETTINGS.campaign.end
        assert limits[Clock.PENALTY] == date(2027, 2, 21)
        for wrong, field in (({"reason": " "}, "reason"), ({"approver": ""}, "approver"), ({"days": 31}, "days")):
            with pytest.raises(LedgerError) as refusal:
                clock(connection, number, "延长", **({"days": 30} | wrong))
            assert set(faults(refusal)) == {field}
        clock(connection, number, "暂停", which=Clock.PROMISE)
        assert case(connection, number).deadline == SETTINGS.campaign.end
        with pytest.raises(LedgerError, match="已经暂停"):
            clock(connection, number, "暂停", which=Clock.PROMISE)
        clock_changes.change(
            connection, CLERK, number, Clock.PROMISE, "恢复", on=later(5).date(), reason="鉴定完成",
            approver="示例负责人", settings=SETTINGS, now=later(5),
        )  # fmt: skip
        assert case(connection, number).deadline == date(2026, 12, 25)
        kept = clock_changes.listed(connection, CLERK.scope, number)
        assert [(one.kind, one.approver, one.actor) for one in kept] == [
            ("暂停", "示例负责人", "clerk同志"), ("恢复", "示例负责人", "clerk同志"),
        ]  # fmt: skip
        assert events.history(connection, Record.CASE, number)[0].act == "期限恢复"
        with pytest.raises(RefusedError):
            clock(connection, number, "延长", days=1, who=ELSEWHERE)


def test_a_closed_case_keeps_the_deadline_it_was_closed_against(store):
    with store.write() as connection:
        number = settled(connection)
        with pytest.raises(LedgerError, match="案件已销账，不能再变更期限"):
            clock(connection, number, "延长", which=Clock.PROMISE, days=5)
        step(connection, REVIEWER, number, CaseState.RECHECKING, now=later(40))
        assert case(connection, number).deadline == date(2026, 12, 20)
