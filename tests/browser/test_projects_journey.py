"""Journey 6 in a real browser: an inspector finds no 专用账户, orders it, the order runs out, it is mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from monitors.access.roles import Role
from monitors.clock import local, utc_now
from monitors.store import tables as t
from tests import ledger_house as ledger

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
# The pages ask the real clock: their days are counted from it.
FOUND, ISSUED, DUE, DONE = (local(utc_now()).date() - timedelta(days=days) for days in (20, 19, 13, 3))
HOSTILE = "示例<img src=http://beacon.invalid/a.png onerror=hacked=1>项目"


@pytest.fixture
def full(site):
    with site.store.write() as connection:
        builder = ledger.employer(connection, "示例总包有限公司")
        site.project = ledger.project(connection, "示例塔吊安置房", contractor_id=builder, gov=True)
        ledger.project(connection, HOSTILE)
        ledger.project(connection, "示例镇雄水库", region="530627")
    return site


def stored(site):
    with site.store.read() as connection:
        return connection.execute(select(t.project).where(t.project.c.id == site.project)).one()


def choose(page, drawer, name, value):
    drawer.get_by_role("combobox", name=name, exact=True).click()
    page.get_by_role("option", name=value, exact=True).click()


def day(page, drawer, name, on):
    drawer.get_by_test_id("stDateInput").filter(has_text=name).get_by_role("spinbutton").first.click()
    page.keyboard.type(f"{on:%Y%m%d}")
    drawer.locator(".case-facts h3").click()  # the calendar lies over the form until one looks elsewhere


def test_an_inspector_finds_orders_is_told_the_article_and_sees_it_mended(full, browse):
    page = browse("/projects", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(2)
    assert page.evaluate("globalThis.hacked") is None
    rows.filter(has_text="示例塔吊安置房").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator(".case-facts .tag.soon")).to_have_text("未排查")
    assert f"project={full.project}" in page.url

    drawer.get_by_role("tab", name="检查").click()
    drawer.get_by_role("textbox", name="检查单位").fill("示例区劳动保障监察大队")
    for name, value in (("职工人数", "40"), ("其中农民工人数", "50"), ("农民工签订劳动合同人数", "20")):
        drawer.get_by_role("spinbutton", name=name).fill(value)
    for name in ("实名制", "总包代发", "工资保证金", "维权公示"):
        choose(page, drawer, name, "是")
    choose(page, drawer, "专用账户", "否")
    day(page, drawer, "检查日期", FOUND)
    drawer.get_by_role("button", name="登记检查").click()
    expect(drawer.locator(".problems")).to_contain_text("E01 农民工人数不能大于职工总人数")
    drawer.get_by_role("spinbutton", name="其中农民工人数").fill("30")
    drawer.get_by_role("button", name="登记检查").click()
    expect(drawer.locator(".case-facts .tag.late")).to_have_text("1 项未落实")
    assert stored(full).checks["专用账户"] == {"value": "否", "on": FOUND.isoformat()}

    drawer.get_by_role("tab", name="整改").click()
    drawer.get_by_role("textbox", name="文书编号").fill("示例监改〔2026〕3号")
    day(page, drawer, "文书日期", ISSUED)
    day(page, drawer, "限期", DUE)
    drawer.get_by_role("button", name="登记文书").click()
    proposal = drawer.locator(".problems", has_text="建议行政处罚")
    expect(proposal).to_contain_text("《保障农民工工资支付条例》第五十五条")
    expect(proposal).to_contain_text("责令项目停工，并处5万—10万元罚款")
    drawer.get_by_role("button", name="列为隐患").click()
    expect(drawer.locator(".case-facts a", has_text="YH2026-000001")).to_be_visible()

    day(page, drawer, "履行日期", DONE)
    drawer.get_by_role("button", name="登记履行", exact=True).click()
    expect(proposal).to_have_count(0)
    expect(drawer.locator(".case-history")).to_contain_text(f"专用账户：否（{FOUND}） → 是（{DONE}）")
    assert stored(full).checks["专用账户"] == {"value": "是", "on": DONE.isoformat()}
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "project=" not in address)
    expect(rows.filter(has_text="示例塔吊安置房")).to_contain_text("✓ ✓ ✓ ✓ ✓｜○ ○ ○")


def test_the_tabs_are_three_lists_and_the_address_keeps_the_filters(full, browse):
    page = browse("/projects?flags=未排查&text=塔吊", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    expect(page.locator(".ledger tbody tr")).to_have_count(1)
    page.get_by_role("tab", name="用人单位").click()
    expect(page.locator(".ledger tbody tr")).to_have_count(1)
    expect(page.locator(".ledger tbody tr").first).to_contain_text("示例总包有限公司")
    page.wait_for_url(lambda address: "tab=firms" in address and "flags=" not in address)
    page.get_by_role("tab", name="检查记录").click()
    expect(page.locator(".ledger .nothing")).to_contain_text("没有符合条件的检查记录")
