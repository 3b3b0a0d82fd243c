"""台账统计 in a real browser: a bar and a number lead to the cases, the way back finds the view, a prefecture opens."""

from __future__ import annotations

import pytest

from monitors.access.roles import Role
from monitors.ledger.model import CaseState
from tests import ledger_house as ledger

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
CHART = '[data-testid="stVegaLiteChart"]'


@pytest.fixture
def full(site):
    with site.store.write() as connection:
        checking = ledger.entered(connection)
        ledger.step(connection, ledger.CLERK, checking, CaseState.CHECKING)
        ledger.verified(connection)
        ledger.settled(connection)
        ledger.entered(connection, ledger.ELSEWHERE, region="530627")
    return site


def press_a_bar(page):
    """Press down the middle of the bars until one answers: their pixels are the chart's own business."""
    drawing = page.locator(f"{CHART} canvas, {CHART} svg").first
    expect(drawing).to_be_visible()
    drawing.scroll_into_view_if_needed()
    height = int(drawing.bounding_box()["height"])
    for y in range(50, height - 40, 8):
        drawing.click(position={"x": 125, "y": y}, force=True)
        page.wait_for_timeout(50)
        if "/ledger?" in page.url:
            return
    pytest.fail("no bar led anywhere")


def test_bars_and_numbers_lead_to_their_cases_and_back(full, browse):
    page = browse("/ledger-stats?by=渠道", role=Role.LEADER)
    total = page.locator(".stats-table tr.whole")
    expect(total).to_contain_text("4")
    press_a_bar(page)
    page.locator(".sums").wait_for()
    assert "channels=" in page.url
    expect(page.locator(".ledger tbody tr").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name="渠道", exact=True)).to_be_checked()
    total.get_by_role("link", name="4").click()
    expect(page.locator(".ledger tbody tr")).to_have_count(4)


def test_a_prefecture_opens_and_the_measure_is_kept_in_the_address(full, browse):
    page = browse("/ledger-stats")
    page.get_by_text("金额", exact=True).click()
    page.wait_for_url(lambda address: "show=" in address)
    expect(page.locator(".stats-table")).to_contain_text("诉求（万元）")
    page.locator(".stats-table").get_by_role("link", name="昆明市").click()
    county = page.locator(".stats-table tr").filter(has_text="五华区")
    expect(county).to_contain_text("90.00")
    assert "region=530100" in page.url
