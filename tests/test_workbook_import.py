"""From preview to ledger: what is added, changed, refused or doubtful; all of it is written, or nothing."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from ledger_house import ADMIN, AUDITOR, CLERK, ELSEWHERE, LED, NOW, REVIEWER, SETTINGS, paid
from sqlalchemy import func, select
from workbooks import FOUND, ROW, made, opened, tidy

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import (
    cases,
    consequences,
    events,
    transitions,
    workbook_export,
    workbook_import,
    workbook_plan,
    workbook_template,
)
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import Record
from monitors.ledger.query import Query
from monitors.ledger.workbook_plan import Verdict
from monitors.store import tables as t


def planned(store, body, who=ADMIN, **more):
    with store.read() as connection:
        return workbook_plan.plan(
            connection, who.scope, opened(body, more.pop("name", "台账.xlsx")), settings=SETTINGS, now=NOW, **more
        )


def brought_in(store, body, who=ADMIN, **more):
    plan = planned(store, body, who, **more)
    return workbook_import.apply(store, who, plan, settings=SETTINGS, now=NOW)


def verdicts(plan):
    return [str(row.verdict) for row in plan.rows]


def faults(plan):
    return [[(one.address, one.code or one.words) for one in row.faults] for row in plan.rows]


def everything(store):
    tables = (t.employer, t.project, t.wage_case, t.payment, t.ledger_event, t.import_batch, t.suggestion)
    with store.read() as connection:
        return {table.name: connection.execute(select(table).order_by(table.c.id)).all() for table in tables}


def all_cases(store):
    with store.read() as connection:
        ids = connection.scalars(select(t.wage_case.c.id).order_by(t.wage_case.c.id))
        return [cases.get(connection, ADMIN.scope, one) for one in ids]


def test_new_rows_become_cases_with_all_that_belongs_to_them(store):
    paid = FOUND | {"paid_workers": 32, "paid_fen": 480000, "paid_on": "2026-11-20", "employer": "滇示乙建设有限公司"}
    result = brought_in(store, tidy([ROW, paid | {"project": "二标段", "contractor": "滇示丙集团有限公司"}]), CLERK)
    assert (result.added, result.refused) == (2, 0)
    first, second = all_cases(store)
    assert (first.number, first.state, first.verified_on) == ("AJ2026-000001", "待受理", None)
    assert (first.claimed_workers, first.claimed_migrants, first.claimed_fen) == (36, 30, 540_000_00)
    assert (first.period_from, first.period_to) == (date(2026, 3, 1), date(2026, 9, 30))
    assert (first.first_receiver, first.created_by) == (CLERK.display, CLERK.name)
    assert (second.state, second.verified_fen, second.verified_on) == ("查实", 480_000_00, date(2026, 11, 10))
    assert second.deadline == date(2026, 12, 20)
    assert (second.paid_workers, second.paid_fen) == (32, 480_000_00)
    with store.read() as connection:
        paid_row = connection.execute(select(t.payment)).one()
        assert (paid_row.migrants, paid_row.first_migrants, paid_row.wage_migrant_fen) == (30, 30, 450_000_00)
        site = connection.execute(select(t.project).where(t.project.c.name == "二标段")).one()
        assert (site.gov, site.ppp, site.industry, site.status) == (True, False, "住建", "在建")
        names = set(connection.scalars(select(t.employer.c.name)))
        assert names == {"滇示甲建设有限公司", "滇示乙建设有限公司", "滇示丙集团有限公司"}
        told = events.history(connection, Record.CASE, first.id)
        assert [one.act for one in told] == ["导入"]
        assert "台账.xlsx" in told[0].note
        assert "欠薪台账!2" in told[0].note
        batch = connection.execute(select(t.import_batch)).one()
        assert (batch.added, batch.changed, batch.same, batch.refused, batch.actor) == (2, 0, 0, 0, CLERK.display)
        trail = connection.execute(select(t.audit).where(t.audit.c.action == "ledger.import")).one()
        assert (trail.kind, trail.target, trail.outcome) == ("ledger", "台账.xlsx", "成功")
        assert batch.sha256 in trail.after


def test_the_same_file_twice_changes_nothing(store):
    body = tidy([ROW, FOUND | {"project": "二标段", "paid_workers": 32, "paid_fen": 480000, "paid_on": "2026-11-20"}])
    brought_in(store, body)
    before = everything(store)
    again = planned(store, body)
    assert verdicts(again) == ["不变", "不变"]
    result = workbook_import.apply(store, ADMIN, again, settings=SETTINGS, now=NOW)
    assert (result.added, result.changed, result.same) == (0, 0, 2)
    after = everything(store)
    assert {name for name in after if after[name] != before[name]} == {"import_batch"}


def test_export_edit_two_cells_import_changes_two_cells(store):
    rows = [FOUND | {"project": f"{number}标段", "summary": f"第{number}件\n换行"} for number in range(4)]
    rows[2] |= {"paid_workers": 32, "paid_fen": 480000, "paid_on": "2026-11-20"}
    brought_in(store, tidy(rows))
    stream = io.BytesIO()
    assert workbook_export.export(store, ADMIN, Query(sort="案件编号"), stream, settings=SETTINGS, now=NOW) == 4
    plan = planned(store, stream.getvalue())
    assert verdicts(plan) == ["不变"] * 4
    assert not plan.notes
    book = openpyxl.load_workbook(io.BytesIO(stream.getvalue()))
    page = book.active
    (top,) = [row for row in range(1, 10) if page.cell(row, 1).value == "案件编号"]
    place = {page.cell(top, column).value: column for column in range(1, 60)}
    page.cell(top + 1, place["责任人"]).value = "示例新人"
    page.cell(top + 3, place["行业类别"]).value = "交通"
    edited = io.BytesIO()
    book.save(edited)
    before = everything(store)
    plan = planned(store, edited.getvalue())
    changed = [(one.heading, one.before, one.after) for row in plan.rows for one in row.changes]
    assert changed == [("责任人", "示例人员", "示例新人"), ("行业类别", "住建", "交通")]
    result = workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert (result.added, result.changed, result.same) == (0, 2, 2)
    after = everything(store)
    assert len(after["wage_case"]) == 4
    touched = [new for new in after["wage_case"] if new not in before["wage_case"]]
    assert [row.person for row in touched] == ["示例新人"]
    assert [row.industry for row in after["project"] if row not in before["project"]] == ["交通"]


def test_an_exported_list_holds_formulas_as_text_and_leaves_a_line(store):
    brought_in(store, tidy([ROW]))
    (case,) = all_cases(store)
    with store.write() as connection:
        change = {"summary": "=HYPERLINK(1)"}
        cases.edit(connection, ADMIN, case.id, change, case.revision, settings=SETTINGS, now=NOW)
    stream = io.BytesIO()
    workbook_export.export(store, ADMIN, Query(), stream, settings=SETTINGS, now=NOW)
    with zipfile.ZipFile(stream) as archive:
        written = archive.read("xl/worksheets/sheet1.xml")
    assert b"=HYPERLINK(1)" in written
    assert b"<f>" not in written
    with store.read() as connection:
        line = connection.execute(select(t.audit).where(t.audit.c.action == "ledger.export")).one()
    assert '"rows":1' in line.after
    with pytest.raises(RefusedError):
        workbook_export.export(store, AUDITOR, Query(), io.BytesIO(), settings=SETTINGS, now=NOW)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"claimed_migrants": 37}, ("诉求其中农民工", "E01")),
        ({"claimed_workers": 6000}, ("诉求人数", "E13")),
        ({"claimed_fen": 36}, ("诉求金额（元）", "E13")),
        ({"accepted_on": "2026-12-01"}, ("受理日期", "E11")),
        ({"verified_migrants": 33}, ("查实其中农民工", "E01")),
        ({"verified_migrant_fen": 480001}, ("其中农民工金额（元）", "E02")),
        ({"plan": None}, ("化解方案", "E03")),
        ({"uscc": "91530000MA6K5NPF9Y"}, ("统一社会信用代码", "E04")),
        ({"paid_workers": 3, "paid_fen": 480001, "paid_on": "2026-11-20"}, ("已支付金额（元）", "E05")),
        ({"verified_workers": 60, "verified_fen": 900000}, ("包案领导", "E14")),
        ({"state": "已销账"}, ("状态", "")),
        ({"class_": None, "employer": "滇示丁公司"}, ("企业类别", "")),
        ({"industry": None}, ("行业类别", "")),
        ({"paid_workers": 3, "paid_fen": 1000, "paid_on": "2026-11-20"}, ("已支付其中农民工", "")),
        ({"due": "2026-10-01"}, ("完成时限", "")),
    ],
)
def test_what_is_wrong_is_told_at_the_cell_and_not_written(store, change, wanted):
    headed = {
        "uscc": None,
        "leader": None,
        "state": None,
        "paid_workers": None,
        "paid_migrants": None,
        "paid_fen": None,
    }
    plan = planned(store, tidy([FOUND | headed | change, ROW | {"project": "好标段"}]))
    assert verdicts(plan) == ["拒绝", "新增"]
    assert wanted in [(one.heading, one.code) for one in plan.rows[0].faults]
    result = workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert (result.added, result.refused) == (1, 1)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.project)) == 1, "nothing of the refused row"


def test_figures_that_are_doubted_pass_once_confirmed(store):
    body = tidy([ROW | {"claimed_fen": 3599}, ROW | {"claimed_fen": 36, "project": "二标段", "claimed_migrants": 99}])
    assert faults(planned(store, body))[0] == [("欠薪台账!L2", "E13")]
    plan = planned(store, body, trusted={"欠薪台账!2", "欠薪台账!3"})
    assert verdicts(plan) == ["新增", "拒绝"]
    assert [code for _, code in faults(plan)[1]] == ["E01"]


def test_a_duplicate_waits_for_a_person(store):
    brought_in(store, tidy([ROW]))
    (there,) = all_cases(store)
    later = ROW | {"accepted_on": "2026-11-08", "claimed_workers": 40, "external_no": "ZZ-1", "plan": "先行清偿"}
    plan = planned(store, tidy([later]))
    assert verdicts(plan) == ["疑似重复"]
    assert there.number in str(plan.rows[0].faults[0])
    result = workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert (result.added, result.changed, result.duplicates) == (0, 0, 1)
    merged = planned(store, tidy([later]), decisions={"欠薪台账!2": "合并"})
    assert verdicts(merged) == ["修改"]
    workbook_import.apply(store, ADMIN, merged, settings=SETTINGS, now=NOW)
    (joined,) = all_cases(store)
    assert (joined.claimed_workers, joined.external_no, joined.plan) == (40, "ZZ-1", "先行清偿")
    assert joined.accepted_on == there.accepted_on
    assert joined.summary == there.summary
    added = planned(store, tidy([later | {"external_no": None}]), decisions={"欠薪台账!2": "新增"})
    workbook_import.apply(store, ADMIN, added, settings=SETTINGS, now=NOW)
    assert [case.number for case in all_cases(store)] == [there.number, "AJ2026-000002"]


def test_two_rows_of_one_matter_in_one_file(store):
    plan = planned(store, tidy([ROW, ROW | {"claimed_workers": 99, "claimed_fen": 990000}]))
    assert verdicts(plan) == ["新增", "疑似重复"]
    assert plan.rows[1].duplicates[0].number == "欠薪台账!2"


def test_what_rows_say_of_one_employer_must_agree(store):
    plan = planned(store, tidy([ROW, ROW | {"project": "二标段", "class_": "其他用人单位"}]))
    assert verdicts(plan) == ["新增", "拒绝"]
    assert faults(plan)[1] == [("欠薪台账!B3", "与欠薪台账!2行同一企业的企业类别不一致，请核对")]


def test_a_case_found_true_by_workbook(store):
    brought_in(store, tidy([ROW]))
    result = brought_in(store, tidy([FOUND]))
    assert (result.added, result.changed) == (0, 1)
    (case,) = all_cases(store)
    assert (case.state, case.verified_workers, case.deadline) == ("查实", 32, date(2026, 12, 20))
    with store.read() as connection:
        moved = events.moved_by(connection, Record.CASE, case.id, "查实")
    assert moved == ADMIN.name
    more = FOUND | {"paid_workers": 12, "paid_migrants": 10, "paid_fen": 100000, "paid_migrant_fen": 90000}
    brought_in(store, tidy([more | {"paid_on": "2026-11-18"}]))
    again = more | {"paid_fen": 150000, "paid_migrant_fen": 130000, "paid_on": "2026-11-20"}
    brought_in(store, tidy([again]))
    last = more | {"paid_workers": 32, "paid_migrants": 30, "paid_fen": 480000, "paid_migrant_fen": 450000}
    brought_in(store, tidy([last | {"paid_on": "2026-11-22"}]))
    with store.read() as connection:
        rows = connection.execute(select(t.payment).order_by(t.payment.c.on)).all()
    told = [(row.persons, row.first_persons, row.first_migrants, row.wage_fen) for row in rows]
    assert told == [(12, 12, 10, 10_000_000), (12, 0, 0, 5_000_000), (20, 20, 20, 33_000_000)]
    less = planned(store, tidy([more | {"paid_on": "2026-11-22"}]))
    assert verdicts(less) == ["拒绝"]


def test_an_illegal_move_is_refused_with_e06(store):
    brought_in(store, tidy([ROW]))
    plan = planned(store, tidy([ROW | {"state": "立案"}]))
    assert [code for _, code in faults(plan)[0]] == ["E06"]


def test_nobody_imports_beyond_their_division_or_without_the_right(store):
    body = tidy([ROW])
    plan = planned(store, body, ELSEWHERE)
    assert verdicts(plan) == ["拒绝"]
    whole = planned(store, body, ADMIN)
    for who in (ELSEWHERE, AUDITOR):
        with pytest.raises(RefusedError):
            workbook_import.apply(store, who, whole, settings=SETTINGS, now=NOW)
    with store.read() as connection:
        refused = connection.scalars(select(t.audit.c.action).where(t.audit.c.outcome == "拒绝")).all()
        assert refused == ["ledger.import", "ledger.import"]
        assert connection.scalar(select(func.count()).select_from(t.employer)) == 0


def test_a_case_of_another_division_is_not_told_of(store):
    brought_in(store, tidy([ROW]))
    plan = planned(
        store, tidy([{"number": "AJ2026-000001", "employer": "滇示甲建设有限公司", "plan": "看看"}]), ELSEWHERE
    )
    assert "不在您的辖区内" in plan.rows[0].faults[0].words


def test_a_ledger_that_changed_since_the_preview_is_not_overwritten(store):
    brought_in(store, tidy([ROW]))
    plan = planned(store, tidy([ROW | {"plan": "表里的方案"}]))
    (case,) = all_cases(store)
    with store.write() as connection:
        cases.edit(connection, REVIEWER, case.id, {"plan": "别人的方案"}, case.revision, settings=SETTINGS, now=NOW)
    before = everything(store)
    with pytest.raises(ConflictError, match="重新预览"):
        workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert everything(store) == before


def test_a_change_that_does_not_concern_the_rows_does_not_stop_them(store):
    plan = planned(store, tidy([ROW]))
    brought_in(store, tidy([ROW | {"employer": "滇示别家公司", "project": "别处工程"}]))
    assert workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW).added == 1
    assert [case.number for case in all_cases(store)] == ["AJ2026-000001", "AJ2026-000002"]


def test_many_changed_cases_have_the_consequences_each_alone_would_have(store):
    rows = [FOUND | {"project": f"{number}标段", "employer": f"滇示{number}建设有限公司"} for number in range(5)]
    brought_in(store, tidy(rows))
    grown = {"verified_workers": 36, "verified_migrants": 36, "verified_fen": 9_000_000, "claimed_fen": 9_000_000}
    more = grown | LED | {"verified_migrant_fen": 9_000_000, "claimed_migrants": 36, "due": "2026-12-05"}
    plan = planned(store, tidy([row | more for row in rows]))
    assert verdicts(plan) == ["修改"] * 5, faults(plan)
    workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert {case.deadline for case in all_cases(store)} == {date(2026, 12, 5)}
    before = everything(store)
    assert len(before["suggestion"]) >= 5, "each of them is large enough for the police"
    with store.write() as connection:
        for row in before["wage_case"]:
            consequences.follow(connection, row.id, settings=SETTINGS, now=NOW)
    assert everything(store) == before


def test_a_failure_in_the_middle_writes_nothing(store, monkeypatch):
    brought_in(store, tidy([ROW]))
    before = everything(store)
    plan = planned(store, tidy([FOUND, ROW | {"project": "二标段"}]))
    assert verdicts(plan) == ["修改", "新增"]

    def broken(*_args, **_more):
        raise RuntimeError("power cut")

    monkeypatch.setattr(workbook_import.consequences, "follow_all", broken)
    with pytest.raises(RuntimeError):
        workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert everything(store) == before


def test_a_sheet_with_doubled_columns_imports_nothing(store):
    def fill(book):
        book.active.append(["企业名称", "诉求人数", "诉求人数", "州市", "县"])
        book.active.append(["滇示甲公司", 1, 2, "昆明市", "五华区"])

    plan = planned(store, made(fill))
    with pytest.raises(InputError, match="不止一次"):
        workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)


def test_decisions_can_be_changed_without_reading_the_file_again(store):
    plan = planned(store, tidy([ROW, ROW | {"claimed_workers": 35}]))
    with store.read() as connection:
        fresh = workbook_plan.revised(
            connection, ADMIN.scope, plan, settings=SETTINGS, now=NOW, decisions={"欠薪台账!3": "新增"}
        )
    assert fresh.count(Verdict.ADD) == 2
    assert replace(fresh).sha256 == plan.sha256


def test_the_template_is_understood_and_empty(store):
    stream = io.BytesIO()
    workbook_template.template(stream)
    plan = planned(store, stream.getvalue())
    assert not plan.rows
    assert not plan.faults
    book = openpyxl.load_workbook(io.BytesIO(stream.getvalue()))
    assert book["区划"].sheet_state == "hidden"
    page = book["欠薪台账"]
    ruled = {str(rule.sqref).split(":")[0][:-1] for rule in page.data_validations.dataValidation}
    assert len(ruled) >= 12
    example = book["填写示例"]
    example.title = "欠薪台账样"
    filled = io.BytesIO()
    book.save(filled)
    assert verdicts(planned(store, filled.getvalue())) == ["新增"], "the example itself is right"


def test_who_brought_a_case_in_as_being_checked_does_not_rule_it_out_alone(store):
    brought_in(store, tidy([ROW | {"state": "核查中"}]), REVIEWER)
    (case,) = all_cases(store)
    given = {"finding": "未发现欠薪", "evidence": "工资表"}
    with store.write() as connection, pytest.raises(LedgerError, match="另一人"):
        transitions.move(
            connection, REVIEWER, Record.CASE, case.id, "不属实", given, case.revision, settings=SETTINGS, now=NOW
        )


def test_who_moves_a_case_on_by_a_workbook_is_its_handler(store):
    brought_in(store, tidy([ROW]), CLERK)
    (case,) = all_cases(store)
    brought_in(store, tidy([ROW | {"number": case.number, "state": "核查中"}]), REVIEWER)
    assert all_cases(store)[0].handler == REVIEWER.name


def test_a_payment_entered_while_a_workbook_is_written_is_not_lost(store, monkeypatch):
    brought_in(store, tidy([FOUND]))
    (case,) = all_cases(store)
    more = FOUND | {"number": case.number, "paid_workers": 20, "paid_fen": 200000, "paid_migrants": 20}
    plan = planned(store, tidy([more | {"paid_migrant_fen": 200000, "paid_on": "2026-11-20"}]))
    assert verdicts(plan) == ["修改"]
    with store.write() as connection:
        paid(connection, case.id, persons=5, migrants=5, wage_fen=50_000_00, wage_migrant_fen=50_000_00)
    # In PostgreSQL the payment may be committed after the import looked whether the ledger has changed.
    monkeypatch.setattr(workbook_import, "versions", lambda _connection: plan.versions)
    with pytest.raises(ConflictError):
        workbook_import.apply(store, ADMIN, plan, settings=SETTINGS, now=NOW)
    assert all_cases(store)[0].paid_fen == 50_000_00


def test_a_row_does_not_bring_the_migrants_found_below_those_paid(store):
    brought_in(store, tidy([FOUND]))
    (case,) = all_cases(store)
    with store.write() as connection:
        paid(connection, case.id, persons=30, migrants=30, wage_fen=400_000_00, wage_migrant_fen=400_000_00)
    plan = planned(
        store, tidy([FOUND | {"number": case.number, "verified_migrants": 20, "verified_migrant_fen": 300000}])
    )
    assert verdicts(plan) == ["拒绝"]
