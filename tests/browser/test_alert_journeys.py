"""Journeys 1 and 9 at the alert desk: a night's alert goes from the report to 办结 by three people."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from monitors.access.roles import Role
from monitors.clock import utc_now
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests import seed

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
EMPLOYER = "示例建筑劳务有限公司"


@pytest.fixture
def night(site):
    """A tower-crane post in three outlets, and a case of the same employer in the county's ledger."""
    story = seed.plant(site.store, seed.Planted("示例工地一名工人爬上塔吊为工友讨薪", level="II", region=ledger.COUNTY,
                                                workers=20, reports=3), utc_now())  # fmt: skip
    with site.store.write() as connection:
        site.case = ledger.entered(connection, employer_id=ledger.employer(connection, EMPLOYER))
        site.case_number = ledger.case(connection, site.case).number
        site.number = connection.scalar(select(t.alert.c.number).where(t.alert.c.story_id == story))
    return site


def opened(browse, site, role, region="530000"):
    page = browse(f"/alerts?alert={site.number}", role=role, region=region)
    page.get_by_role("dialog").locator(".desk-head h3").wait_for()
    return page


def drawer(page):
    return page.get_by_role("dialog")


def shows(page, state):
    expect(drawer(page).locator(".desk-head .tag.state")).to_have_text(state)


def step(page, act, **given):
    """Choose the next step, fill its form by the fields' labels, send it."""
    drawer(page).get_by_test_id("stButtonGroup").get_by_role("radio", name=act, exact=True).click()
    form = drawer(page).get_by_test_id("stForm").filter(has=page.get_by_role("button", name=act, exact=True))
    for label, value in given.items():
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name=act, exact=True).click()


def stored(site):
    with site.store.read() as connection:
        return connection.execute(select(t.alert).where(t.alert.c.number == site.number)).one()


def test_a_tower_crane_at_night_is_signed_checked_tied_to_its_case_and_closed_by_two(night, browse):
    officer = opened(browse, night, Role.DUTY_OFFICER)
    shows(officer, "新警情")
    drawer(officer).get_by_role("button", name="签收").click()
    shows(officer, "已签收")
    step(officer, "转核查", 核查单位="示例区劳动保障监察大队", 核查人="示例核查员")
    shows(officer, "核查中")

    clerk = opened(browse, night, Role.COUNTY_CLERK, ledger.COUNTY)
    drawer(clerk).get_by_role("tab", name="台账关联").click()
    expect(drawer(clerk)).to_contain_text(night.case_number)
    expect(drawer(clerk).locator(".links li").first).to_contain_text("用人单位")
    drawer(clerk).get_by_role("button", name="关联", exact=True).first.click()
    expect(drawer(clerk)).to_contain_text("已关联的台账记录（1）")
    drawer(clerk).get_by_role("tab", name="办理").click()
    step(clerk, "报查实", 查实情况="情况属实，已约谈施工单位")
    shows(clerk, "处置中")

    # The officer's drawer was left in peace; the next press is told who went on meanwhile.
    drawer(officer).get_by_test_id("stButtonGroup").get_by_role("radio", name="报查实", exact=True).click()
    expect(drawer(officer)).to_contain_text("请刷新后再办理")
    drawer(officer).get_by_role("button", name="刷新").click()
    expect(drawer(officer)).not_to_contain_text("请刷新后再办理")
    shows(officer, "处置中")
    step(officer, "提请办结", 办结结果="工资已足额发放", 反馈情况="已电话反馈工人代表", 无需回应的理由="事态平息")
    expect(drawer(officer).locator(".waiting")).to_contain_text("等另一人审批")

    leader = opened(browse, night, Role.SHIFT_LEADER)
    drawer(leader).get_by_role("button", name="批准", exact=True).click()
    shows(leader, "已办结")
    found = stored(night)
    assert (found.state, found.case_ids) == ("已办结", [night.case_number])
    assert found.fact_at is not None
    with night.store.read() as connection:
        events = connection.execute(select(t.alert_event).where(t.alert_event.c.alert_id == found.id)).all()
    states = [one.after["state"] for one in sorted(events, key=lambda one: one.id) if one.kind == "state"]
    assert [one for one in states if one] == ["已签收", "核查中", "处置中", "已办结"]
    page = browse(f"/ledger?case={night.case_number}", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    expect(page.get_by_role("dialog")).to_contain_text(night.number)


def test_the_morning_shift_takes_over_what_the_night_left_and_both_sign(night, browse):
    officer = browse("/roster", role=Role.DUTY_OFFICER)
    expect(officer.get_by_role("link", name=night.number)).to_be_visible()
    officer.locator("summary", has_text="交班签字").click()
    officer.get_by_label("交接事项").fill("示例工地请继续盯住")
    officer.get_by_role("button", name="交班签字").click()
    expect(officer.get_by_text("您已交班签字，等接班人签字。")).to_be_visible()

    relief = browse("/roster", role=Role.SHIFT_LEADER)
    expect(relief.get_by_text("示例工地请继续盯住").first).to_be_visible()
    relief.get_by_role("button", name="接班签字").click()
    expect(relief.get_by_role("button", name="接班签字")).to_have_count(0)
    with night.store.read() as connection:
        signed = connection.execute(select(t.handover)).one()
    assert signed.out_name
    assert signed.in_name not in ("", signed.out_name)
    assert night.number in str(signed.snapshot)


def test_a_video_about_contract_money_is_a_false_alarm_for_two_and_the_trail_can_be_read(night, browse):
    verifier = opened(browse, night, Role.DUTY_OFFICER)
    drawer(verifier).get_by_role("button", name="签收").click()
    shows(verifier, "已签收")
    drawer(verifier).get_by_test_id("stButtonGroup").get_by_role("radio", name="报误报", exact=True).click()
    form = (
        drawer(verifier).get_by_test_id("stForm").filter(has=verifier.get_by_role("button", name="报误报", exact=True))
    )
    form.get_by_label("误报原因").click()
    verifier.get_by_role("option", name="工程款等其他债务").click()
    form.get_by_label("依据").fill("合同为分包工程款，工资已足额发放")
    form.get_by_role("button", name="报误报", exact=True).click()
    expect(drawer(verifier).locator(".waiting")).to_contain_text("等另一人审批")
    expect(drawer(verifier).get_by_role("button", name="批准", exact=True)).to_have_count(0)  # not one's own
    shows(verifier, "已签收")

    second = opened(browse, night, Role.SHIFT_LEADER)
    drawer(second).get_by_role("button", name="批准", exact=True).click()
    shows(second, "误报")
    found = stored(night)
    assert (found.state, found.reason, found.case_ids) == ("误报", "工程款等其他债务", [])
    with night.store.read() as connection:
        assert ledger.case(connection, night.case).verified_on is None  # the ledger's figures are untouched
    auditor = browse("/people", role=Role.AUDITOR)
    auditor.get_by_role("tab", name="审计记录").click()
    expect(auditor.get_by_text(night.number).first).to_be_visible()
    expect(auditor.locator('[data-testid="stMain"]')).to_contain_text("变更警情状态")
