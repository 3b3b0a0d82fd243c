"""线索与隐患 in a real browser: a "讨薪" video that is no wage claim is denied by a second person (journey 9)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from monitors.access.restricted import Fields
from monitors.access.roles import Role
from monitors.ledger.model import HazardState, Record
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.lead_page import DUTY, checking, clue, hazard, move

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
HOSTILE = "示例<img src=http://beacon.invalid/a.png onerror=hacked=1>工地"


@pytest.fixture
def full(site):
    with site.store.write() as connection:
        site.clue = checking(connection, employer_name=HOSTILE, summary="网传讨薪视频，自称班组长")
        site.verified = ledger.verified(connection)
        site.risk = hazard(connection)
        move(connection, Record.HAZARD, site.risk, HazardState.DEFUSING, DUTY)
    return site


def clue_of(site):
    with site.store.read() as connection:
        return connection.execute(select(t.clue).where(t.clue.c.id == site.clue)).one()


def figures(site):
    own = t.wage_case.c
    with site.store.read() as connection:
        return connection.execute(
            select(func.count(), func.sum(own.verified_fen), func.sum(own.claimed_fen), func.sum(own.verified_workers))
        ).one()


def test_a_video_that_is_no_wage_claim_is_denied_by_a_second_person(full, browse):
    before, number = figures(full), clue_of(full).number
    page = browse("/clues", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    rows = page.locator(".ledger tbody tr")
    expect(rows).to_have_count(1)
    rows.first.click()
    expect(page.locator(".case-facts h3")).to_contain_text(number)
    expect(page.locator(".case-facts h3")).to_contain_text(HOSTILE)
    assert f"clue={number}" in page.url
    page.get_by_role("tab", name="办理").click()
    page.get_by_role("combobox", name="结论 *").click()
    expect(page.get_by_role("option", name="非欠薪（工程款/劳务款）")).to_be_visible()
    expect(page.get_by_role("option", name="虚假讨薪")).to_have_count(0)

    page = browse(f"/clues?clue={number}", role=Role.PREFECTURE_REVIEWER, region=ledger.PREFECTURE)
    page.get_by_role("tab", name="办理").click()
    page.get_by_role("combobox", name="结论 *").click()
    page.get_by_role("option", name="虚假讨薪").click()
    page.get_by_role("button", name="变更为“已结论”").click()
    expect(page.locator(".problems")).to_contain_text("须填写证据")
    assert clue_of(full).state == "核查中"
    page.get_by_role("textbox", name="证据").fill("系工程款结算纠纷，工资表显示工资已发放")
    page.get_by_role("button", name="变更为“已结论”").click()
    expect(page.locator(".case-facts .tag.state")).to_have_text("已结论")
    expect(page.locator(".case-history")).to_contain_text("结论：虚假讨薪")
    done = clue_of(full)
    assert (done.state, done.conclusion, done.case_id) == ("已结论", "虚假讨薪", None)
    assert figures(full) == before
    assert page.evaluate("globalThis.hacked") is None

    page = browse("/people?tab=audit", role=Role.AUDITOR)
    expect(page.locator("body")).to_contain_text(re.compile("办理线索"))
    expect(page.locator("body")).to_contain_text(number)


def test_another_tab_opens_a_hazard_and_its_step_asks_what_it_needs(full, browse):
    page = browse("/clues", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    page.get_by_role("radio", name="隐患", exact=True).click()
    rows = page.locator(".ledger tbody tr")
    expect(rows.first).to_contain_text("化解中")
    page.wait_for_url(lambda address: "tab=" in address)
    rows.first.click()
    expect(page.locator(".case-facts .tag.state")).to_have_text("化解中")
    page.get_by_role("tab", name="办理").click()
    page.get_by_role("radio", name="已排除", exact=True).click()
    page.get_by_role("button", name="变更为“已排除”").click()
    expect(page.locator(".problems")).to_contain_text("请填写排除依据")
    page.get_by_role("textbox", name="排除依据").fill("人工费已足额拨付至专用账户")
    page.get_by_role("button", name="变更为“已排除”").click()
    expect(page.locator(".case-facts .tag.state")).to_have_text("已排除")
    page.keyboard.press("Escape")
    expect(rows.first).to_contain_text("已排除")
    page.wait_for_url(lambda address: "hazard=" not in address)


def test_who_complained_is_shown_for_a_reason_and_on_record(full, browse):
    with full.store.write() as connection:
        made = clue(connection, reporter=Fields(reporter="示例反映人乙"))
        number = connection.scalar(select(t.clue.c.number).where(t.clue.c.id == made))
    page = browse(f"/clues?clue={number}", role=Role.COUNTY_CLERK, region=ledger.COUNTY)
    page.get_by_role("tab", name="受限信息").click()
    expect(page.locator("body")).not_to_contain_text("示例反映人乙")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("body")).to_contain_text("示例反映人乙")
    with full.store.read() as connection:
        acts = connection.execute(select(t.audit.c["action", "kind", "target"])).all()
    assert ("restricted.read", "clue", str(made)) in [tuple(one) for one in acts]
