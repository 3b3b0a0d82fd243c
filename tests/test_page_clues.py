"""The page 线索与隐患 as each role: lists and filters in the address, the drawer of a clue, what is repeated."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from monitors.access import restricted
from monitors.access.roles import Role, may
from monitors.clock import local, utc_now
from monitors.ledger import clues
from monitors.ledger.model import ClueState, Record
from monitors.store import tables as t
from pages.lead_filters import Asked
from tests import ledger_house as ledger
from tests.lead_page import (
    FAR,
    checking,
    clue,
    form,
    labels,
    move,
    number,
    numbers,
    page,
    planted,
    row,
    table,
)
from tests.sent import everything
from tests.test_page_duty import words

PEOPLE = [
    (Role.COUNTY_CLERK, ledger.COUNTY),
    (Role.COUNTY_CLERK, FAR),
    (Role.PREFECTURE_REVIEWER, ledger.PREFECTURE),
    (Role.ADMINISTRATOR, "530000"),
    (Role.DUTY_OFFICER, "530000"),
    (Role.SHIFT_LEADER, ledger.PREFECTURE),
    (Role.LEADER, "530000"),
]


@pytest.fixture
def held(house):
    return planted(house)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_empty_ledger_shows_every_tab(house, signed):
    signed(Role.ADMINISTRATOR)
    for tab in ("线索", "隐患", "接访"):
        assert table(page(tab=tab))["rows"] == []
    assert "没有到期待回头看的案件" in words(page(tab="回头看"))
    assert "线索按时核处率 <b>—</b>" in words(page())


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_each_sees_ones_own(held, signed, role, region):
    signed(role, region)
    app = page()
    inside = {held.far} if region == FAR else {held.checking, held.late}
    wanted = inside | {held.far} if region == "530000" else inside
    assert numbers(app) == wanted
    assert ("登记线索" in labels(app)) == may(role, "ledger.edit")
    assert (held.far in everything(app)) == (held.far in wanted)
    assert numbers(page(tab="隐患")) == (set() if region == FAR else {held.defusing, held.stale})
    assert len(table(page(tab="接访"))["rows"]) == (region != FAR)


def test_the_auditor_sees_nothing(held, signed):
    signed(Role.AUDITOR)
    app = page(clue=held.checking)
    assert held.checking not in everything(app)
    assert app.warning


def test_the_address_asks_and_the_widgets_answer_it(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page(states="核查中,x", region=ledger.PREFECTURE)
    assert numbers(app) == {held.checking}
    assert app.selectbox(key="lead-线索-pref").value == ledger.PREFECTURE
    app.multiselect(key="lead-线索-states").set_value([]).run()
    assert numbers(app) == {held.checking, held.late}
    app.text_input(key="lead-线索-text").set_value("示例迟报").run()
    assert numbers(app) == {held.late}
    assert app.query_params["text"] == "示例迟报"
    assert numbers(page(channels="电话")) == set()
    assert numbers(page(tab="隐患", states="化解中")) == {held.defusing}


def test_another_tab_asks_another_question_in_the_same_place(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page(states="核查中", region=ledger.COUNTY)
    (tabs,) = (one for one in app.get("button_group") if "接访" in str(one.proto))
    tabs.set_value("隐患").run()
    assert numbers(app) == {held.defusing, held.stale}
    assert (app.query_params["tab"], app.query_params["region"]) == ("隐患", ledger.COUNTY)
    assert "states" not in app.query_params


def test_what_is_late_stale_or_loose_is_counted_and_leads_to_its_list(held, house, signed):
    signed(Role.ADMINISTRATOR)
    shown = words(page())
    assert "超 7 天未跟进 <b>1 条</b>" in shown
    assert "群访未关联案件 <b>1 条</b>" in shown
    with house.write() as connection:  # what came in by the test's fixed day, beside the clock's late one
        connection.execute(update(t.clue).where(t.clue.c.number != held.late).values(due=date(2100, 1, 1)))
        connection.execute(update(t.clue).where(t.clue.c.number == held.far).values(received_at=utc_now()))
    assert numbers(page(only="逾期")) == {held.late}
    assert "逾期未核处" in json.dumps(table(page(only="逾期")), ensure_ascii=False)
    assert numbers(page(tab="隐患", only="久未跟进")) == {held.stale}
    assert len(table(page(tab="接访", only="未关联案件", kinds="群访"))["rows"]) == 1
    assert not table(page(tab="接访", kinds="个访"))["rows"]


def test_strange_addresses_are_no_error(held, signed):
    signed(Role.ADMINISTRATOR)
    for address in (
        {"tab": "x", "states": ",,"}, {"region": "999999"}, {"only": "全部"}, {"clue": "x" * 900},
        {"reception": "９９"}, {"reception": "9" * 40}, {"hazard": "' or 1=1"},
    ):  # fmt: skip
        assert page(**address)


def test_an_address_holds_the_whole_question():
    asked = Asked("线索", "示例", "530102", ("核查中",), ("舆情",), ("重复",), only="逾期")
    assert Asked.read(asked.params()) == asked
    assert Asked.read({"tab": "接访", "text": "x", "states": "核查中"}) == Asked("接访")


# ── a clue ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_who_may_not_edit_sees_no_way_to(held, signed, role, region):
    signed(role, region)
    app = page(clue=held.far if region == FAR else held.checking)
    for label in ("保存修改", "登记案件并关联"):
        assert (label in labels(app)) == (may(role, "ledger.edit") and (label == "保存修改" or region != FAR))


@pytest.mark.parametrize("kind", ["clue", "hazard", "reception"])
def test_outside_ones_region_is_as_if_it_were_not(held, house, signed, kind):
    signed(Role.COUNTY_CLERK, "530302")
    called = {"clue": held.checking, "hazard": held.defusing, "reception": held.visit}[kind]
    missing = page(**{kind: "99999" if kind == "reception" else "XS2020-999999"})
    outside = page(**{kind: called})
    assert [one.value for one in missing.warning] == [one.value for one in outside.warning] != []
    with house.read() as connection:
        refused = connection.execute(select(t.audit.c["action", "target"]).where(t.audit.c.outcome == "拒绝")).all()
    assert [tuple(one) for one in refused] == [("ledger.view", called)]


def test_a_second_person_finds_a_false_claim_and_no_figure_changes(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(clue=held.checking)
    key = form(house, t.clue, held.checking, "已结论")
    assert "虚假讨薪" not in app.selectbox(key=f"{key}-conclusion").options, "who checks does not deny"
    signed(Role.PREFECTURE_REVIEWER, ledger.PREFECTURE)
    app = page(clue=held.checking)
    app.selectbox(key=f"{key}-conclusion").set_value("虚假讨薪")
    app.button(key=f"{key}-send").click().run()
    assert "须填写证据" in words(app)
    assert row(house, t.clue, held.checking).state == "核查中"
    app.text_area(key=f"{key}-evidence").set_value("工程款结算纠纷，工资表显示已发放")
    app.button(key=f"{key}-send").click().run()
    done = row(house, t.clue, held.checking)
    assert (done.state, done.conclusion, done.case_id) == ("已结论", "虚假讨薪", None)
    assert "状态：核查中 → 已结论" in words(app)
    with house.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.wage_case)) == 0
        last = connection.execute(select(t.audit).where(t.audit.c.action == "clue.move")).all()[-1]
    assert json.loads(last.after)["结论"] == "虚假讨薪"


def test_who_brought_it_into_checking_is_told_to_leave_the_denial_to_another(house, signed):
    signed(Role.PREFECTURE_REVIEWER, ledger.PREFECTURE)
    with house.write() as connection:
        name = connection.scalar(select(t.account.c.name))
        own = dataclasses.replace(ledger.REVIEWER, name=name)
        made = checking(connection, own, region=ledger.COUNTY)
    called = number(house, t.clue, made)
    app = page(clue=called)
    options = app.selectbox(key=f"{form(house, t.clue, called, '已结论')}-conclusion").options
    assert "非欠薪（工程款/劳务款）" in options
    assert "不属实" not in options
    assert any("须由另一人复核" in one.value for one in app.info)


def test_a_shift_leader_may_only_deny(held, house, signed):
    signed(Role.SHIFT_LEADER, ledger.PREFECTURE)
    app = page(clue=held.checking)
    options = app.selectbox(key=f"{form(house, t.clue, held.checking, '已结论')}-conclusion").options
    assert {one for one in options if one not in ("", "请选择")} == {"不属实", "虚假讨薪"}
    assert "保存修改" not in labels(app)


def test_without_an_answer_nothing_is_done_with(held, house, signed):
    with house.write() as connection:
        made = connection.scalar(select(t.clue.c.id).where(t.clue.c.number == held.checking))
        move(connection, Record.CLUE, made, ClueState.CONCLUDED, {"conclusion": "属实已解决"})
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(clue=held.checking)
    key = form(house, t.clue, held.checking, "已反馈")
    app.button(key=f"{key}-send").click().run()
    assert "E09 未填写反馈时间和方式，不得办结" in words(app)
    app.date_input(key=f"{key}-feedback_on").set_value(local(utc_now()).date())
    app.text_input(key=f"{key}-feedback_how").set_value("电话")
    app.button(key=f"{key}-send").click().run()
    assert row(house, t.clue, held.checking).state == "已反馈"
    app.button(key=f"{form(house, t.clue, held.checking, '办结')}-send").click().run()
    assert row(house, t.clue, held.checking).state == "办结"
    assert "保存修改" not in labels(app), "what is done with stands"


def test_a_clue_becomes_a_case_and_each_leads_to_the_other(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(clue=held.checking)
    key = f"lead-case-{held.checking}-{row(house, t.clue, held.checking).revision}"
    app.button(key=f"{key}-send").click().run()
    assert "请先查找并选择用人单位" in words(app)
    app.button(key=f"{key}-firm-send").click().run()
    app.selectbox(key=f"{key}-firm-class").set_value("建筑企业")
    app.button(key=f"{key}-firm-send").click().run()
    for name, value in (("claimed_workers", 9), ("claimed_migrants", 8), ("claimed_fen", 90000.0)):
        app.number_input(key=f"{key}-{name}").set_value(value)
    app.button(key=f"{key}-send").click().run()
    done = row(house, t.clue, held.checking)
    assert (done.state, done.conclusion) == ("已结论", "属实转案件")
    with house.read() as connection:
        case = ledger.case(connection, done.case_id)
    assert (case.channel, case.first_receiver, case.claimed_workers) == ("舆情", done.first_receiver, 9)
    assert f"/ledger?case={case.number}" in words(app)


def test_a_double_of_a_clues_case_is_offered_to_be_bound(held, house, signed):
    with house.write() as connection:
        firm = ledger.employer(connection, "示例核查单位")
        there = ledger.entered(connection, employer_id=firm, accepted_on=local(utc_now()).date() - timedelta(days=2))
        connection.execute(update(t.clue).where(t.clue.c.number == held.checking).values(employer_id=firm))
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(clue=held.checking)
    key = f"lead-case-{held.checking}-{row(house, t.clue, held.checking).revision}"
    for name, value in (("claimed_workers", 9), ("claimed_migrants", 8), ("claimed_fen", 90000.0)):
        app.number_input(key=f"{key}-{name}").set_value(value)
    app.button(key=f"{key}-send").click().run()
    assert any("E12 疑似重复" in one.value for one in app.warning)
    app.button(key=f"lead-bind-{there}").click().run()
    assert row(house, t.clue, held.checking).case_id == there
    with house.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.wage_case)) == 1


def fill_clue(app, **more):
    key = "new-lead-clue"
    app.selectbox(key=f"{key}-channel").set_value("全国平台")
    app.text_input(key=f"{key}-external_no").set_value("QG-示例-1")
    app.text_input(key=f"{key}-employer_name").set_value("示例平台单位")
    app.number_input(key=f"{key}-persons").set_value(more.get("persons", 3))
    app.button(key=f"{key}-send").click().run()


def test_a_new_clue_keeps_its_reporter_apart_and_a_second_report_is_joined(house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page()
    app.button(key="lead-new").click().run()
    app.text_input(key="new-lead-clue-reporter").set_value("示例反映人甲")
    fill_clue(app)
    called = app.query_params["clue"]
    first = row(house, t.clue, called)
    assert (first.first_receiver, first.state) == ("示例人员", "待登记")
    assert "示例反映人甲" not in everything(app)
    with house.read() as connection:
        assert restricted.summary(connection, ledger.CLERK, "clue", str(first.id), ledger.COUNTY).filled == (
            "reporter",
        )
    app = page()
    app.button(key="lead-new").click().run()
    fill_clue(app, persons=30)
    assert "已登记为线索" in words(app)
    app.button(key="lead-new-join").click().run()
    assert app.query_params["clue"] == called
    with house.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.clue)) == 1
    assert row(house, t.clue, called).persons == 30


def test_a_number_registered_elsewhere_is_not_ones_own_to_join(house, signed):
    with house.write() as connection:
        clue(connection, ledger.ELSEWHERE, channel="全国平台", external_no="QG-示例-1", employer_name="示例远方单位")
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page()
    app.button(key="lead-new").click().run()
    fill_clue(app)
    assert any("其他地区登记" in one.value for one in app.info)
    assert "并入该线索" not in labels(app)
    assert "示例远方单位" not in everything(app)


def test_the_first_receiver_stands_and_the_time_is_not_changed_unasked(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    before = row(house, t.clue, held.checking)
    app = page(clue=held.checking)
    key = f"clue-edit-{held.checking}-{before.revision}"
    assert app.text_input(key=f"{key}-receiver").disabled
    app.text_area(key=f"{key}-summary").set_value("补充：另有两人反映 13800138000")
    app.button(key=f"{key}-send").click().run()
    assert "不要写电话号码" in words(app)
    app.text_area(key=f"{key}-summary").set_value("补充：另有两人反映")
    app.button(key=f"{key}-send").click().run()
    after = row(house, t.clue, held.checking)
    assert (after.summary, after.first_receiver, after.received_at) == (
        "补充：另有两人反映", before.first_receiver, before.received_at,
    )  # fmt: skip
    assert "线索内容：" in words(app), "the history speaks of a clue, not of a case"


def test_a_limit_is_not_taken_away(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    before = row(house, t.clue, held.checking)
    app = page(clue=held.checking)
    key = f"clue-edit-{held.checking}-{before.revision}"
    app.date_input(key=f"{key}-due").set_value(None)
    app.button(key=f"{key}-send").click().run()
    assert "请填写核处期限" in words(app)
    assert row(house, t.clue, held.checking) == before


def test_whoever_was_slower_is_told_who_was_faster(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(clue=held.checking)
    before = row(house, t.clue, held.checking)
    with house.write() as connection:
        clues.edit(connection, ledger.CLERK, before.id, {"unit": "示例监察大队"}, before.revision, now=ledger.NOW)
    app.button(key=f"clue-edit-{held.checking}-{before.revision}-send").click().run()
    assert "请刷新后再改" in words(app)
    assert any("本线索clerk同志于" in one.value for one in app.warning)
