"""The ledger in a real browser: filter, open, a missing field is said, the case moves; two people at one case."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from monitors.access.roles import Role
from monitors.ledger.model import CaseState
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.browser.conftest import SETTLED

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
HOSTILE = "示例<img src=http://beacon.invalid/a.png onerror=hacked=1>公司"


@pytest.fixture
def full(site):
    with site.store.write() as connection:
        site.checking = ledger.entered(connection, employer_id=ledger.employer(connection, HOSTILE))
        ledger.step(connection, ledger.CLERK, site.checking, CaseState.CHECKING)
        site.verified = ledger.verified(connection)
        ledger.settled(connection)
        ledger.entered(connection, ledger.ELSEWHERE, region="530627")
        site.numbers = {one: ledger.case(connection, one).number for one in (site.checking, site.verified)}
    return site


def stored(site, case_id):
    with site.store.read() as connection:
        return connection.execute(select(t.wage_case).where(t.wage_case.c.id == case_id)).one()


def clerk(browse, path):
    return browse(path, role=Role.COUNTY_CLERK, region=ledger.COUNTY)


def test_a_clerk_filters_opens_is_told_what_is_missing_and_moves_the_case(full, browse):
    page = clerk(browse, "/ledger")
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_role("combobox", name="状态").click()
    page.get_by_role("option", name="核查中").click()
    expect(rows).to_have_count(1)
    page.keyboard.press("Escape")
    assert "states=" in page.url
    expect(rows.first).to_contain_text(HOSTILE)
    rows.first.click()
    expect(page.locator(".case-facts h3")).to_contain_text(full.numbers[full.checking])
    assert f"case={full.numbers[full.checking]}" in page.url
    page.get_by_role("tab", name="办理").click()
    page.get_by_role("spinbutton", name="查实人数").fill("12")
    page.get_by_role("spinbutton", name="其中农民工人数").fill("10")
    page.get_by_role("spinbutton", name="查实金额").fill("140000.55")
    page.get_by_role("spinbutton", name="其中农民工金额").fill("120000")
    page.get_by_role("button", name="变更为“查实”").click()
    expect(page.locator(".problems")).to_contain_text("E03 查实或隐患记录须填写化解方案、责任单位、责任人、完成时限")
    assert page.locator(".field-problem").count() >= 4
    assert stored(full, full.checking).state == "核查中"
    form = page.get_by_role("tabpanel", name="办理")
    form.get_by_role("textbox", name="责任单位").fill("示例区人社局")
    form.get_by_role("textbox", name="责任人").fill("示例经办人")
    form.get_by_role("textbox", name="化解方案").fill("督促总包先行清偿")
    due = form.get_by_test_id("stDateInput").filter(has_text="完成时限")
    due.get_by_role("spinbutton").first.click()
    page.keyboard.type("20300105")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="变更为“查实”").click()
    expect(page.locator(".case-facts .tag.state")).to_have_text("查实")
    moved = stored(full, full.checking)
    assert (moved.state, moved.verified_fen, moved.due.isoformat()) == ("查实", 140_000_55, "2030-01-05")
    expect(page.locator(".case-history")).to_contain_text("状态：核查中 → 查实")
    page.keyboard.press("Escape")
    expect(page.locator(".ledger .nothing")).to_contain_text("没有符合条件的案件")
    page.wait_for_url(lambda address: "case=" not in address)
    assert page.evaluate("globalThis.hacked") is None


def test_two_people_at_one_case_the_slower_is_told_who_was_faster(full, browse):
    path = f"/ledger?case={full.numbers[full.verified]}"
    fast, slow = clerk(browse, path), browse(path, role=Role.PREFECTURE_REVIEWER, region=ledger.PREFECTURE)
    for page in (fast, slow):
        page.get_by_role("tab", name="修改").click()
        page.get_by_role("textbox", name="案情摘要").wait_for()
    fast.get_by_role("textbox", name="案情摘要").fill("先到的补充")
    fast.get_by_role("button", name="保存修改").click()
    expect(fast.locator(".case-history")).to_contain_text("案情摘要：")
    slow.get_by_role("textbox", name="案情摘要").fill("后到的补充")
    slow.get_by_role("button", name="保存修改").click()
    expect(slow.locator(".problems")).to_contain_text(re.compile(r"已由测试·县级经办于 .* 修改（修改），请刷新后再改"))
    assert stored(full, full.verified).summary == "先到的补充"
    slow.get_by_role("button", name="刷新").click()
    # The drawer is drawn anew beside the old one, which goes with its message.
    expect(slow.locator(".problems")).to_have_count(0)
    slow.wait_for_selector(SETTLED)
    expect(slow.get_by_role("tab", name="修改")).to_have_count(1)
    slow.get_by_role("tab", name="修改").click()
    expect(slow.get_by_role("textbox", name="案情摘要")).to_have_value("先到的补充")
    slow.wait_for_selector(SETTLED)
    slow.get_by_role("textbox", name="案情摘要").fill("两人的补充")
    slow.get_by_role("button", name="保存修改").click()
    expect(slow.locator(".case-history")).to_contain_text("先到的补充 → 两人的补充")
    assert stored(full, full.verified).summary == "两人的补充"


def test_ticked_cases_are_assigned_and_heads_sort(full, browse):
    page = clerk(browse, "/ledger")
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="编号 / 渠道").click()
    expect(rows.first).to_contain_text("AJ2026-000003")
    for row in (1, 2):
        rows.nth(row).get_by_role("checkbox").check()
    page.get_by_role("button", name="分派所选 2 件").click()
    page.get_by_role("textbox", name="责任单位").fill("示例区住建局")
    page.get_by_role("textbox", name="责任人").fill("示例承办")
    page.get_by_role("button", name="分派 2 件", exact=True).click()
    expect(rows.filter(has_text="示例区住建局")).to_have_count(2)


def test_what_stands_in_a_new_case_survives_the_registration_of_its_employer(full, browse):
    page = clerk(browse, "/ledger")
    page.get_by_role("button", name="登记案件").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("textbox", name="用人单位名称或统一社会信用代码").fill("示例新登记劳务有限公司")
    page.keyboard.press("Enter")
    # What the search answers is drawn above the form: a figure being typed at that instant would be lost.
    expect(drawer.get_by_role("combobox", name="企业类别")).to_be_visible()
    page.wait_for_selector(SETTLED)
    drawer.get_by_role("spinbutton", name="诉求人数").fill("9")
    drawer.get_by_role("combobox", name="企业类别").click()
    page.get_by_role("option", name="加工制造企业").click()
    drawer.get_by_role("button", name="登记用人单位").click()
    expect(drawer.get_by_text("已登记并选用")).to_be_visible()
    expect(drawer.get_by_role("spinbutton", name="诉求人数")).to_have_value("9")
    drawer.get_by_role("spinbutton", name="其中农民工").fill("8")
    drawer.get_by_role("spinbutton", name="诉求金额").fill("90000")
    drawer.get_by_role("combobox", name="线索渠道").click()
    page.get_by_role("option", name="来访", exact=True).click()
    drawer.get_by_role("button", name="登记案件").click()
    expect(page.locator(".case-facts h3")).to_contain_text("示例新登记劳务有限公司")
    expect(page.locator(".case-facts .tag.state")).to_have_text("待受理")


def test_a_leader_reads_and_has_nothing_to_press(full, browse):
    page = browse(f"/ledger?case={full.numbers[full.verified]}", role=Role.LEADER)
    expect(page.locator(".case-facts h3")).to_contain_text(full.numbers[full.verified])
    for name in ("办理", "修改", "督办与期限"):
        expect(page.get_by_role("tab", name=name)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".ledger tbody tr")).to_have_count(4)
    expect(page.locator(".ledger input")).to_have_count(0)
    expect(page.get_by_role("button", name="登记案件")).to_have_count(0)
