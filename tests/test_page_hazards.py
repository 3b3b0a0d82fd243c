"""The page 线索与隐患: hazards, receptions, what is to be looked at again, and each record read whole."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from monitors.access.roles import Role
from monitors.ledger import clues, hazards, lead_files, receptions
from monitors.ledger.model import ClueState, HazardState, Record
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.lead_page import (
    DUTY,
    FAR,
    checking,
    clue,
    form,
    hazard,
    move,
    number,
    page,
    planted,
    row,
    visit,
)
from tests.sent import everything
from tests.test_page_duty import words


@pytest.fixture
def held(house):
    return planted(house)


# ── hazards, receptions, what is to be looked at again ───────────────────────────────────────────────────────────────
def test_a_hazard_needs_its_four_then_goes_its_way(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(tab="隐患", hazard=held.stale)
    assert "天未跟进" in words(app)
    key = form(house, t.hazard, held.stale, "化解中")
    app.button(key=f"{key}-send").click().run()
    assert "E03 查实或隐患记录须填写化解方案、责任单位、责任人、完成时限" in words(app)
    app.text_area(key=f"{key}-plan").set_value("督促拨付人工费")
    app.text_input(key=f"{key}-unit").set_value("示例区住建局")
    app.text_input(key=f"{key}-person").set_value("示例责任人")
    app.date_input(key=f"{key}-due").set_value(date(2030, 1, 5))
    app.button(key=f"{key}-send").click().run()
    assert row(house, t.hazard, held.stale).state == "化解中"
    follow = f"hazard-follow-{held.stale}-{row(house, t.hazard, held.stale).revision}"
    app.text_area(key=f"{follow}-note").set_value("已约谈总包")
    app.button(key=f"{follow}-send").click().run()
    assert "已约谈总包" in words(app)
    assert "天未跟进" not in words(app).split("办理过程")[0].split("情况", 1)[-1]


def test_a_hazard_is_bound_to_a_case_by_its_number(held, house, signed):
    with house.write() as connection:
        there, far = ledger.entered(connection), ledger.entered(connection, ledger.ELSEWHERE, region=FAR)
        called, outside = (ledger.case(connection, one).number for one in (there, far))
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(tab="隐患", hazard=held.defusing)
    revision = row(house, t.hazard, held.defusing).revision
    (steps,) = (one for one in app.get("button_group") if "转问题" in str(one.proto))
    steps.set_value("转问题").run()
    key = f"step-{held.defusing}-{revision}-转问题"
    app.text_input(key=f"{key}-case_id").set_value(outside)
    app.button(key=f"{key}-send").click().run()
    assert "没有这起案件，或该案件不在您的辖区内" in words(app)
    app.text_input(key=f"{key}-case_id").set_value(called)
    app.button(key=f"{key}-send").click().run()
    done = row(house, t.hazard, held.defusing)
    assert (done.state, done.case_id) == ("转问题", there)


def test_a_hazard_becomes_a_case_of_the_same_firm(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(tab="隐患", hazard=held.defusing)
    key = f"lead-case-{held.defusing}-{row(house, t.hazard, held.defusing).revision}"
    for name, value in (("claimed_workers", 9), ("claimed_migrants", 8), ("claimed_fen", 90000.0)):
        app.number_input(key=f"{key}-{name}").set_value(value)
    app.button(key=f"{key}-send").click().run()
    done = row(house, t.hazard, held.defusing)
    with house.read() as connection:
        case = ledger.case(connection, done.case_id)
    assert (done.state, case.employer_id, case.channel) == ("转问题", done.employer_id, "排查")


def test_a_new_hazard_needs_a_firm_or_a_project(house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    with house.write() as connection:
        ledger.employer(connection, "示例新隐患单位")
    app = page(tab="隐患")
    app.button(key="lead-new").click().run()
    app.selectbox(key="new-lead-hazard-source").set_value("排查")
    app.text_area(key="new-lead-hazard-cause").set_value("人工费将于月底到期")
    app.button(key="new-lead-hazard-send").click().run()
    assert "请选择用人单位或工程项目" in words(app)
    app.text_input(key="new-lead-hazard-employer-text").set_value("示例新隐患单位").run()
    app.button(key="new-lead-hazard-send").click().run()
    assert row(house, t.hazard, app.query_params["hazard"]).state == "已登记"


def test_a_reception_is_entered_and_linked_to_its_case(house, signed):
    with house.write() as connection:
        called = ledger.case(connection, ledger.entered(connection)).number
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(tab="接访")
    app.button(key="lead-new").click().run()
    key = "new-lead-reception"
    app.selectbox(key=f"{key}-kind").set_value("群访")
    app.number_input(key=f"{key}-persons").set_value(12)
    app.number_input(key=f"{key}-representatives").set_value(6)
    app.text_input(key=f"{key}-units").set_value("示例区信访局，示例区人社局")
    app.text_input(key=f"{key}-staff").set_value("示例接访人")
    app.button(key=f"{key}-send").click().run()
    assert "代表不得超过5人" in words(app)
    app.number_input(key=f"{key}-representatives").set_value(5)
    app.button(key=f"{key}-send").click().run()
    made = app.query_params["reception"]
    assert "未关联案件" in words(app)
    app.text_input(key=f"reception-edit-{made}-1-case_id").set_value(called.lower())
    app.button(key=f"reception-edit-{made}-1-send").click().run()
    assert f"/ledger?case={called}" in words(app)


@pytest.mark.parametrize("tab", ["线索", "隐患", "接访"])
def test_a_dialog_reached_without_its_button_refuses(held, house, signed, tab):
    signed(Role.LEADER)
    app = page(tab=tab)
    app.session_state["lead-new-asked"] = tab
    app.run()
    assert any("不能" in one.value for one in app.warning)
    assert not [button for button in app.button if str(button.key).startswith("new-lead")]


def test_what_is_to_be_looked_at_again_leads_to_its_record(house, signed):
    with house.write() as connection:
        case = ledger.settled(connection)
        ledger.edit_row(connection, case, {"recheck_on": date(2026, 1, 5)})
        called = ledger.case(connection, case).number
        risk = hazard(connection)
        move(connection, Record.HAZARD, risk, HazardState.DEFUSING, DUTY)
        move(connection, Record.HAZARD, risk, HazardState.REMOVED, {"proof": "人工费已拨付"})
        connection.execute(update(t.hazard).where(t.hazard.c.id == risk).values(recheck_on=date(2026, 1, 5)))
    danger = number(house, t.hazard, risk)
    signed(Role.LEADER)
    shown = words(page(tab="回头看"))
    assert f"/ledger?case={called}" in shown
    assert f"hazard={danger}" in shown
    signed(Role.COUNTY_CLERK, FAR)
    for address in ({}, {"region": ledger.COUNTY}):
        shown = everything(page(tab="回头看", **address))
        assert called not in shown
        assert danger not in shown


# ── one record whole ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_counts_are_those_of_the_lists(store):
    with store.write() as connection:
        for days in (0, -40):
            clue(connection, at=ledger.later(days=days))
        hazard(connection, at=ledger.later(days=-30))
        visit(connection)
    late = {"late_on": ledger.TODAY, "settings": ledger.SETTINGS}
    with store.read() as connection:
        scope = ledger.CLERK.scope
        assert [one.number for one in clues.listed(connection, scope, **late)] == ["XS2026-000002"]
        assert clues.counted(connection, scope, **late) == 1
        assert clues.counted(connection, scope, text="三个月") == 2
        before = hazards.stale_before(ledger.SETTINGS, ledger.NOW)
        assert hazards.counted(connection, scope, untouched_since=before, text="人工费") == 1
        assert hazards.counted(connection, ledger.ELSEWHERE.scope) == 0
        assert receptions.counted(connection, scope, unlinked=True, kinds=("群访",)) == 1
        assert receptions.counted(connection, scope, kinds=("个访",)) == 0


def test_a_file_tells_who_brought_the_clue_where_it_is(store):
    with store.write() as connection:
        made = checking(connection)
        case = ledger.entered(connection)
        move(connection, Record.CLUE, made, ClueState.CONCLUDED, {"conclusion": "属实转案件", "case_id": case})
    with store.read() as connection:
        found = lead_files.clue(connection, ledger.LEADER, clues.get(connection, ledger.ADMIN.scope, made).number)
        called = ledger.case(connection, case).number
        assert (found.handler, found.names["case_id", case]) == ("clerk", called)
        assert lead_files.case_id(connection, ledger.CLERK.scope, f" {called.lower()} ") == case
        assert lead_files.case_id(connection, ledger.ELSEWHERE.scope, called) == lead_files.NO_CASE
        assert lead_files.reception(connection, ledger.ADMIN, "12x") is None
