"""Cases are entered, checked, numbered, found again, edited and assigned; who may not is refused; nothing is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from access_house import race
from ledger_house import (
    ADMIN,
    AUDITOR,
    CLERK,
    COUNTY,
    DUTY,
    ELSEWHERE,
    LEADER,
    LED,
    NOW,
    OTHER_CLERK,
    REVIEWER,
    SETTINGS,
    SHIFT,
    TODAY,
    VERIFIED,
    case,
    draft,
    employer,
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
from sqlalchemy import func, select

from monitors.access import acting, trail
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import cases, events, executions
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import CaseState, Record
from monitors.store import tables as t


def create(connection, given, who=CLERK, **more):
    return cases.create(connection, who, given, settings=SETTINGS, now=NOW, **more)


def edit(connection, case_id, changes, revision=None, who=CLERK, now=NOW, **more):
    revision = revision if revision is not None else row(connection, case_id).revision
    cases.edit(connection, who, case_id, changes, revision, settings=SETTINGS, now=now, **more)


# ── entering ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_case_is_entered_with_its_number_history_and_trail(store):
    with store.write() as connection:
        works = employer(connection, state_owned=True)
        site = project(connection, industry="水利")
        number = create(connection, draft(works, project_id=site, summary="  示例摘要 ", due=date(2026, 12, 1)))
        found = case(connection, number)
        (event,) = events.history(connection, Record.CASE, number)
        trail = connection.execute(select(t.audit)).one()
    assert (found.number, found.state, found.first_receiver) == ("AJ2026-000001", "待受理", "clerk同志")
    assert (found.employer_name, found.employer_class, found.project_name) == (
        "示例建筑劳务有限公司",
        "建筑企业",
        "示例安置房一标段",
    )
    assert (found.summary, found.created_by, found.revision) == ("示例摘要", "clerk", 1)
    assert (found.lead_unit, found.co_units) == ("国资监管部门", ("水利部门", "人力资源社会保障部门"))
    assert found.deadline == date(2026, 12, 1)  # the promise; nothing else runs yet
    assert found.verified_workers is None  # what is claimed is never taken for found
    assert found.verified_fen is None
    assert (event.act, event.actor, event.after["summary"]) == ("登记", "clerk同志", "示例摘要")
    assert (trail.action, trail.target, trail.region) == ("case.create", "AJ2026-000001", COUNTY)
    assert json.loads(trail.after)["案情摘要"] == "已更改"  # it may name a complainant


def test_numbers_count_per_year_of_the_office(store):
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # already 2027 in Kunming
    with store.write() as connection:
        assert cases.numbers(connection, "AJ", NOW, 3) == ["AJ2026-000001", "AJ2026-000002", "AJ2026-000003"]
        for _ in range(2):
            entered(connection)
        assert cases.number(connection, "AJ", NOW) == "AJ2026-000003"
        assert cases.number(connection, "AJ", new_year) == "AJ2027-000001"
        assert cases.number(connection, "XS", NOW) == "XS2026-000001"


_WRONG = (
    ({"claimed_migrants": 21}, "claimed_migrants", "E01"),
    ({"accepted_on": date(2026, 11, 24)}, "accepted_on", "E11"),
    ({"occurred_on": date(2026, 11, 11)}, "accepted_on", "E11"),
    ({"occurred_on": date(2027, 1, 1)}, "occurred_on", "E11"),
    ({"claimed_workers": 5_001, "claimed_fen": 90_000_000_00}, "claimed_workers", "E13"),
    ({"claimed_fen": 30_00}, "claimed_fen", "E13"),
    ({"major": True}, "leader", "E14"),
    ({"leader": "示例领导", "leader_unit": "企业负责人"}, "leader_unit", "包案领导身份应为以下之一"),
    ({"channel": "微信"}, "channel", "线索渠道应为以下之一"),
    ({"channel": ""}, "channel", "请填写线索渠道"),
    ({"region": "530199"}, "region", "不是有效的区划代码"),
    ({"region": "440106"}, "region", "应在云南省内"),
    ({"tags": ("讨薪",)}, "tags", "不在可选范围"),
    ({"claimed_workers": -1, "claimed_migrants": -1}, "claimed_workers", "不能为负数"),
    ({"summary": "长" * 501}, "summary", "不能超过500个字"),
    ({"unit": "长" * 61}, "unit", "不能超过60个字"),
    ({"period_from": date(2026, 9, 1), "period_to": date(2026, 8, 1)}, "period_to", "不能早于欠薪起"),
    ({"due": date(2026, 11, 9)}, "due", "不能早于受理日期"),
    ({"due": date(2126, 11, 9)}, "due", "年份"),
    ({"employer_id": 999_999}, "employer_id", "请选择用人单位"),
    ({"project_id": 999_999}, "project_id", "没有这个工程项目"),
)


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(store):
    with store.write() as connection:
        right = draft(employer(connection))
        for wrong, field, said in _WRONG:
            with pytest.raises(LedgerError) as refusal:
                create(connection, replace(right, **wrong), who=ADMIN)
            assert said in faults(refusal)[field], wrong
        assert connection.scalar(select(func.count()).select_from(t.wage_case)) == 0
        assert connection.scalar(select(func.count()).select_from(t.ledger_event)) == 0


def test_all_faults_are_said_at_once(store):
    with store.write() as connection, pytest.raises(LedgerError) as refusal:
        create(connection, draft(employer(connection), channel="微信", claimed_migrants=30, major=True))
    assert set(faults(refusal)) == {"channel", "claimed_migrants", "leader"}


def test_figures_that_e13_doubts_are_taken_once_a_person_says_so(store):
    with store.write() as connection:
        number = create(connection, draft(employer(connection), claimed_fen=30_00), confirm_figures=True)
        edit(connection, number, {"unit": "示例区人社局"})  # not doubted again: nobody touched the figures
        with pytest.raises(LedgerError):
            edit(connection, number, {"claimed_fen": 31_00})
        assert case(connection, number).claimed_fen == 30_00


def test_who_may_not_enter_is_refused_and_recorded(store):
    strangers = [ELSEWHERE, DUTY, SHIFT, LEADER, AUDITOR]
    with store.write() as connection:
        works = employer(connection)
    for who in strangers:
        with pytest.raises(RefusedError), acting.acting(store, who) as connection:
            create(connection, draft(works), who=who)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.wage_case)) == 0
        told = connection.execute(select(t.audit.c.actor, t.audit.c.outcome).order_by(t.audit.c.seq)).all()
    assert told == [(who.name, "拒绝") for who in strangers]


# ── duplicates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_employer_project_and_period_is_e12_until_a_person_says_otherwise(store):
    summer = {"period_from": date(2026, 6, 1), "period_to": date(2026, 8, 31)}
    with store.write() as connection:
        works, site = employer(connection), project(connection)
        first = create(connection, draft(works, project_id=site, **summer))
        again = draft(works, project_id=site, period_from=date(2026, 8, 31), period_to=date(2026, 9, 30))
        with pytest.raises(LedgerError) as refusal:
            create(connection, again)
        assert [str(one) for one in refusal.value.faults] == [
            "E12 疑似重复：同企业、同项目、同时段已有记录AJ2026-000001"
        ]
        (hit,) = cases.duplicates(connection, again)
        assert (hit.case_id, hit.state, hit.why) == (first, "待受理", "同企业、同项目、同时段")
        autumn = replace(again, period_from=date(2026, 9, 1))
        assert cases.duplicates(connection, autumn) == ()
        assert cases.duplicates(connection, replace(again, project_id=None)) == ()
        assert cases.duplicates(connection, replace(again, employer_id=employer(connection, "示例另一单位"))) == ()
        assert cases.duplicates(connection, replace(again, period_from=None, period_to=None)) == (hit,)
        assert create(connection, again, confirm_duplicate=True) != first


def test_a_closed_case_without_a_period_is_no_duplicate_of_a_new_one(store):
    with store.write() as connection:
        works = employer(connection)
        open_case = entered(connection, employer_id=works)
        assert [hit.case_id for hit in cases.duplicates(connection, draft(works))] == [open_case]
        other = employer(connection, "示例另一单位")
        settled(connection, employer_id=other)
        assert cases.duplicates(connection, draft(other)) == ()


def test_the_same_external_number_of_the_same_channel_is_a_duplicate_whoever_is_named(store):
    with store.write() as connection:
        first = entered(connection, external_no="K-100", channel="12345")
        other = draft(employer(connection, "示例另一单位"), external_no="K-100", channel="12345")
        (hit,) = cases.duplicates(connection, other)
        assert (hit.case_id, hit.why) == (first, "同一渠道的来源编号相同（K-100）")
        assert cases.duplicates(connection, replace(other, channel="12333")) == ()


def test_a_second_report_joins_the_case_and_is_told(store):
    with store.write() as connection:
        works = employer(connection)
        number = create(
            connection, draft(works, tags=("越级",), period_from=date(2026, 8, 1), period_to=date(2026, 9, 30))
        )
        second = draft(
            works, channel="信访", external_no="X-7", first_receiver="别人", claimed_workers=25, claimed_migrants=20,
            claimed_fen=200_000_00, tags=("群体性",), period_from=date(2026, 7, 1), period_to=date(2026, 8, 31),
        )  # fmt: skip
        added = cases.merge(connection, CLERK, number, second, settings=SETTINGS, now=NOW)
        found = case(connection, number)
        told = events.history(connection, Record.CASE, number)[0]
    assert set(added) == {"external_no", "claimed_workers", "claimed_migrants", "period_from", "tags"}
    assert (found.claimed_workers, found.claimed_migrants, found.claimed_fen) == (25, 20, 300_000_00)
    assert (found.period_from, found.period_to) == (date(2026, 7, 1), date(2026, 9, 30))
    assert (found.tags, found.first_receiver, found.channel) == (("越级", "群体性"), "clerk同志", "电话")
    assert (told.act, told.note) == ("并入", "并入一条重复反映：信访 X-7")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_case_elsewhere_and_no_case_are_not_told_apart(store):
    with store.write() as connection:
        number = entered(connection)
        for case_id, who in ((number, ELSEWHERE), (number + 1, CLERK)):
            with pytest.raises(InputError, match=f"没有编号为 {case_id} 的案件，或该案件不在您的辖区内"):
                cases.get(connection, who.scope, case_id)
        assert cases.get(connection, REVIEWER.scope, number).id == number


# ── editing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_changes_what_differs_and_tells_before_and_after(store):
    with store.write() as connection:
        number = entered(connection, unit="旧单位")
        edit(connection, number, {"unit": " 新单位 ", "channel": "电话", "due": date(2026, 12, 1)}, now=later(1))
        found, told = case(connection, number), events.history(connection, Record.CASE, number)[0]
        assert (found.unit, found.due, found.deadline, found.revision) == (
            "新单位",
            date(2026, 12, 1),
            date(2026, 12, 1),
            2,
        )
        assert found.updated_at == later(1)
        assert (told.before, told.after) == (
            {"unit": "旧单位", "due": None}, {"unit": "新单位", "due": "2026-12-01"},
        )  # fmt: skip
        edit(connection, number, {"unit": "新单位"})
        assert row(connection, number).revision == 2  # nothing differs: nothing is written
        assert len(events.history(connection, Record.CASE, number)) == 2


def test_of_two_edits_of_one_state_the_second_learns_who_was_faster_and_when(store):
    with store.write() as connection:
        number = entered(connection)
    with store.write() as connection:
        edit(connection, number, {"unit": "甲"}, revision=1, who=OTHER_CLERK, now=later(minutes=7))
    with store.write() as connection:
        before = row(connection, number)
        with pytest.raises(ConflictError) as refusal:
            edit(connection, number, {"unit": "乙"}, revision=1)
        assert row(connection, number) == before
    assert str(refusal.value) == "“AJ2026-000001”已由clerk2同志于 2026-11-23 10:07 修改（修改），请刷新后再改"


def test_who_received_it_first_never_changes(store):
    with store.write() as connection:
        number = entered(connection, first_receiver="示例首问人")
        edit(connection, number, {"first_receiver": "示例首问人", "unit": "甲"})
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"first_receiver": "别人"})
        assert faults(refusal) == {"first_receiver": "首问负责人登记后不能更改"}


def test_what_is_not_a_matter_of_editing_is_refused(store):
    with store.write() as connection:
        number = entered(connection)
        for name in ("state", "paid_fen", "closed_on", "recurring", "escalated", "handler", "number", "id"):
            with pytest.raises(LedgerError) as refusal:
                edit(connection, number, {name: "已销账"})
            assert "不能直接修改" in faults(refusal)[name]


def test_verified_figures_are_corrected_within_what_was_paid_and_never_before_they_are_found(store):
    with store.write() as connection:
        number = entered(connection)
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"verified_fen": 1_000_00})
        assert "尚未查实" in faults(refusal)["verified_fen"]
        number = verified(connection)
        paid(connection, number, persons=6, migrants=6, wage_fen=90_000_00, wage_migrant_fen=80_000_00)
        for changes, field in (
            ({"verified_fen": 89_999_99, "verified_migrant_fen": 80_000_00}, "verified_fen"),
            ({"verified_migrant_fen": 79_999_99}, "verified_migrant_fen"),
        ):
            with pytest.raises(LedgerError) as refusal:
                edit(connection, number, changes)
            assert faults(refusal) == {field: "E05"}
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"verified_workers": 5, "verified_migrants": 5})
        assert set(faults(refusal)) == {"verified_workers", "verified_migrants"}
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"verified_migrants": 13})
        assert faults(refusal) == {"verified_migrants": "E01"}
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"verified_migrant_fen": 150_000_00})
        assert faults(refusal) == {"verified_migrant_fen": "E02"}
        edit(connection, number, {"verified_fen": 90_000_00, "verified_migrant_fen": 80_000_00})
        found = case(connection, number)
        assert (found.verified_fen, found.claimed_fen) == (90_000_00, 300_000_00)


def test_a_verified_case_keeps_its_four_duties_and_a_large_one_its_leader(store):
    with store.write() as connection:
        number = verified(connection)
        for name, empty in {"plan": "", "unit": " ", "person": "", "due": None}.items():
            with pytest.raises(LedgerError) as refusal:
                edit(connection, number, {name: empty})
            assert faults(refusal) == {name: "E03"}
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"verified_workers": 50})
        assert faults(refusal) == {"leader": "E14"}
        edit(connection, number, {"verified_workers": 50, **LED})
        assert case(connection, number).major
        told = events.history(connection, Record.CASE, number)[0]
        assert (told.before["major"], told.after["major"]) == (False, True)
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"major": False})
        assert "已达重大案件标准" in faults(refusal)["major"]
        with pytest.raises(LedgerError) as refusal:
            edit(connection, number, {"leader": ""})
        assert faults(refusal) == {"leader": "E14"}


def test_a_closed_case_is_not_edited(store):
    with store.write() as connection:
        number = settled(connection)
        with pytest.raises(LedgerError, match="案件已销账，不能再修改"):
            edit(connection, number, {"unit": "甲"})
        edit(connection, number, {"unit": VERIFIED["unit"]})  # an import of the same row is no edit


def test_a_case_does_not_leave_the_actors_region(store):
    with store.write() as connection:
        number = entered(connection)
        with pytest.raises(RefusedError):
            edit(connection, number, {"region": "530103"})
        edit(connection, number, {"region": "530103"}, who=REVIEWER)
        assert case(connection, number).region == "530103"
        with pytest.raises(RefusedError):
            edit(connection, number, {"unit": "甲"})


# ── assigning many ───────────────────────────────────────────────────────────────────────────────────────────────────


def assign(connection, ids, who=CLERK, **more):
    given = {"unit": "示例区人社局", "person": "示例经办人"} | more
    return cases.assign(connection, who, ids, **given, settings=SETTINGS, now=NOW)


def test_many_are_assigned_at_once_each_with_its_line(store):
    with store.write() as connection:
        ids = [entered(connection) for _ in range(3)]
        assert assign(connection, ids, due=date(2026, 12, 5)) == 3
        assert {(one.unit, one.person, one.deadline) for one in (case(connection, i) for i in ids)} == {
            ("示例区人社局", "示例经办人", date(2026, 12, 5))
        }
        assert [events.history(connection, Record.CASE, i)[0].act for i in ids] == ["分派"] * 3
        acts = connection.scalars(select(t.audit.c.action)).all()
        assert acts.count("case.assign") == 3
        assert assign(connection, ids, due=date(2026, 12, 5)) == 0


def test_all_or_none_are_assigned(store):
    with store.write() as connection:
        good, over = entered(connection), settled(connection)
        before = row(connection, good)
        with pytest.raises(LedgerError, match="已了结"):
            assign(connection, [good, over])
        with pytest.raises(LedgerError) as refusal:
            assign(connection, [good], unit=" ", person="")
        assert set(faults(refusal)) == {"unit", "person"}
        with pytest.raises(RefusedError):
            assign(connection, [good], who=ELSEWHERE)
        with pytest.raises(InputError, match="请先选择"):
            assign(connection, [])
        with pytest.raises(LedgerError):
            assign(connection, [good], due=date(2026, 11, 1))
        assert row(connection, good) == before


# ── the trail ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_free_text_never_stands_in_the_trail(store):
    name = "某某投诉人"
    with store.write() as connection:
        number = entered(connection, summary=name, plan=name)
        step(connection, CLERK, number, CaseState.CHECKING)
        step(connection, CLERK, number, CaseState.VERIFIED, VERIFIED | {"plan": name + "的方案"})
        edit(connection, number, {"summary": name * 2})
        measure(connection, number)
        paid(connection, number, proof=name)
        step(connection, CLERK, number, CaseState.SETTLING, {"proof": name})
        step(connection, REVIEWER, number, CaseState.SETTLED)
        step(connection, CLERK, number, CaseState.RECHECKING, now=later(30))
        step(connection, CLERK, number, CaseState.CHECKING, {"reason": name}, now=later(31))
        written = "".join(str(tuple(one)) for one in connection.execute(select(t.audit)))
        kept = "".join(str(one.after) for one in events.history(connection, Record.CASE, number))
    assert name not in written
    assert kept.count(name) >= 6
    assert TODAY.isoformat() in written


def test_the_trail_reads_as_sentences(store):
    with store.write() as connection:
        number = entered(connection, accepted_on=TODAY)
        step(connection, CLERK, number, CaseState.CHECKING)
        assign(connection, [number])
        found = trail.search(connection, ADMIN, trail.Filters(), page=1, size=10).rows
    first = (
        "clerk同志 登记案件 AJ2026-000001（受理日期：2026-11-23；地区：昆明市五华区；牵头部门：人力资源社会保障部门；"
        "状态：待受理；用人单位编号：1；线索渠道：电话；诉求人数：20；"
        "诉求农民工人数：18；诉求金额：300,000.00元；首问负责人：clerk同志）"
    )
    assert [trail.sentence(one) for one in found] == [
        "clerk同志 分派案件 AJ2026-000001（责任人：示例经办人；责任单位：示例区人社局）",
        "clerk同志 办理案件 AJ2026-000001（状态：待受理 → 核查中）",
        first,
    ]


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_several_who_edit_one_state_at_once_one_wins(store):
    with store.write() as connection:
        number = entered(connection)

    def work(one):
        with store.write() as connection:
            edit(connection, number, {"unit": f"示例单位{one}"}, revision=1)

    outcomes = race(4, work)
    assert sorted(type(one).__name__ for one in outcomes) == ["ConflictError"] * 3 + ["NoneType"]
    with store.read() as connection:
        assert case(connection, number).revision == 2


def test_several_at_once_get_numbers_of_their_own_and_one_matter_is_entered_once(store):
    with store.write() as connection:
        works = [employer(connection, f"示例单位{one}") for one in range(4)]

    def apart(one):
        with store.write() as connection:
            return create(connection, draft(works[one]))

    def alike(_one):
        with store.write() as connection:
            return create(connection, draft(works[0], project_id=site))

    assert len(set(race(4, apart))) == 4
    with store.write() as connection:
        site = project(connection)
    outcomes = race(4, alike)
    assert sum(isinstance(one, LedgerError) for one in outcomes) == 3
    with store.read() as connection:
        numbers = connection.scalars(select(t.wage_case.c.number).order_by(t.wage_case.c.number)).all()
    assert numbers == [f"AJ2026-00000{one}" for one in range(1, 6)]


# ── what hangs on a case ─────────────────────────────────────────────────────────────────────────────────────────────
def test_the_documents_of_a_case_go_with_it_to_another_county_and_employer(store):
    with store.write() as connection:
        number = verified(connection)
        made = measure(connection, number)
        enforced = executions.add(
            connection,
            CLERK,
            executions.ExecutionDraft("判决", "示例区人民法院", TODAY, 140_000_00, 0),
            case_id=number,
            settings=SETTINGS,
            now=NOW,
        )
        firm = employer(connection, "滇示乙加工厂", **{"class": "加工制造企业"})
        edit(connection, number, {"region": "530103", "employer_id": firm}, who=ADMIN)
        moved = connection.execute(select(t.measure).where(t.measure.c.id == made)).one()
        assert (moved.region, moved.employer_id) == ("530103", firm)
        kept = connection.execute(select(t.execution).where(t.execution.c.id == enforced)).one()
        assert kept.region == "530103"


@pytest.mark.parametrize("day", [None, date(2026, 11, 9)])
def test_a_case_found_true_keeps_a_day_of_it_not_before_its_acceptance(store, day):
    with store.write() as connection:
        number = verified(connection)
        with pytest.raises(LedgerError) as refused:
            edit(connection, number, {"verified_on": day})
        assert "verified_on" in faults(refused)


def test_a_case_was_not_accepted_after_it_was_filed(store):
    with store.write() as connection:
        number = verified(
            connection, accepted_on=date(2026, 11, 1), given=VERIFIED | {"verified_on": date(2026, 11, 20)}
        )
        step(connection, CLERK, number, CaseState.FILED, {"filed_on": date(2026, 11, 5)})
        with pytest.raises(LedgerError) as refused:
            edit(connection, number, {"accepted_on": date(2026, 11, 6)})
        assert faults(refused) == {"accepted_on": "E11"}
