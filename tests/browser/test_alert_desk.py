"""警情处置 in a real browser: two press 签收 at once, and an alert is worked on from the queue by the keyboard."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from monitors.access.roles import Role
from monitors.store import tables as t
from tests import seed
from tests.browser.conftest import SETTLED

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture
def numbers(site):
    """Three alerts, the gravest first."""
    for level in ("II", "III", "IV"):
        seed.plant(site.store, seed.Planted(f"示例工地{level}讨薪", level=level), datetime.now(UTC))
    with site.store.read() as connection:
        return list(connection.scalars(select(t.alert.c.number).order_by(t.alert.c.id)))


def state(site, number):
    with site.store.read() as connection:
        return connection.scalar(select(t.alert.c.state).where(t.alert.c.number == number))


def test_of_two_who_press_sign_at_once_one_wins_and_the_other_is_told_who(site, browse, numbers):
    first = browse(f"/alerts?alert={numbers[0]}", role=Role.DUTY_OFFICER)
    second = browse(f"/alerts?alert={numbers[0]}", role=Role.SHIFT_LEADER)
    presses = [page.get_by_role("dialog").get_by_role("button", name="签收", exact=True) for page in (first, second)]
    for press in presses:
        expect(press).to_be_visible()
    for press in presses:
        press.click(no_wait_after=True)
    told = re.compile(r"该警情已由 测试·(值班员|带班领导) 于 \d\d-\d\d \d\d:\d\d 签收")
    won = [page.locator(".desk-head .tag.state", has_text="已签收") for page in (first, second)]
    lost = [page.get_by_role("dialog").get_by_text(told).first for page in (first, second)]
    for page, one, other in zip((first, second), won, lost, strict=True):
        expect(one.or_(other).first).to_be_visible()
        page.wait_for_selector(SETTLED)
    assert sorted(found.count() for found in lost) == [0, 1]
    with site.store.read() as connection:
        events = connection.execute(select(t.alert_event.c.kind).where(t.alert_event.c.actor.like("测试%"))).all()
    assert len(events) == 1, "one signature, one event"


def test_an_alert_is_signed_checked_and_found_from_the_keyboard(site, browse, numbers):
    page = browse("/alerts?order=级别高在前", role=Role.DUTY_OFFICER)
    rows = page.locator(".line")
    expect(rows).to_have_count(3)
    page.wait_for_selector(SETTLED)
    for _ in range(40):  # the rows are drawn a moment before the page hears keys
        page.keyboard.press("/")
        if page.get_by_label("关键词").evaluate("field => field === document.activeElement"):
            break
        page.wait_for_timeout(250)
    page.keyboard.type("js")  # letters are text while somebody types
    expect(page.get_by_label("关键词")).to_have_value("js")
    page.get_by_label("关键词").fill("")
    page.get_by_label("关键词").press("Enter")
    page.get_by_text("警情处置", exact=True).last.click()
    page.wait_for_selector(SETTLED)
    expect(rows).to_have_count(3)
    for key in ("j", "j", "x", "k", "x"):
        page.keyboard.press(key)
    expect(page.locator(".told")).to_have_text("已选 2 起")
    page.keyboard.press("s")
    for row in (rows.nth(0), rows.nth(1)):
        expect(row).to_contain_text("已签收")
    assert [state(site, number) for number in numbers] == ["已签收", "已签收", "新警情"]
    page.wait_for_selector(SETTLED)
    rows.first.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("转核查", exact=True).click()
    drawer.get_by_label("核查单位 *").fill("示例县人社局")
    drawer.get_by_label("核查人 *").fill("核查员甲")
    page.wait_for_selector(SETTLED)
    drawer.get_by_role("button", name="转核查", exact=True).last.click()
    expect(drawer.locator(".tag.state")).to_have_text("核查中")
    drawer.get_by_text("报查实", exact=True).click()
    drawer.get_by_label("查实情况 *").fill("情况属实，工资已当场兑付")
    page.wait_for_selector(SETTLED)
    drawer.get_by_role("button", name="报查实", exact=True).last.click()
    expect(drawer.get_by_role("alert").filter(has_text="有 1 项需要更正")).to_be_visible()
    expect(drawer.locator(".field-problem").filter(has_text="请先关联台账案件")).to_be_visible()
    drawer.get_by_label(re.compile("^未关联案件的理由")).fill("已当场兑付，未立案")
    page.wait_for_selector(SETTLED)
    drawer.get_by_role("button", name="报查实", exact=True).last.click()
    expect(drawer.locator(".tag.state")).to_have_text("处置中")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows.first).to_contain_text("处置中")
    expect(page).not_to_have_url(re.compile("alert="))
    assert state(site, numbers[0]) == "处置中"
