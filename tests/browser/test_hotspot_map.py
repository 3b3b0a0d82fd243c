"""热点地图 in a real browser: a click on a county opens its drawer, each time, and nothing comes from outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from monitors.access.roles import Role
from tests import seed
from tests.browser.conftest import SETTLED

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
# The map listens to clicks only once it is drawn, which the browser does when it has time between two frames.
DRAWN = "() => new Promise(done => requestIdleCallback(() => requestAnimationFrame(() => requestIdleCallback(done))))"


def test_a_click_on_a_county_opens_its_drawer_each_time(site, browse):
    seed.plant(site.store, seed.Planted("镇雄示例工地讨薪", region="530627"), datetime.now(UTC))
    page = browse("/hotspots", role=Role.DUTY_OFFICER)
    county = page.locator('[data-testid="stVegaLiteChart"] path[aria-label*="昭通市镇雄县"]')
    for _ in range(2):
        expect(county).to_be_visible()
        page.wait_for_selector(SETTLED)
        page.evaluate(DRAWN)
        county.click()
        expect(page.get_by_role("dialog").get_by_text("镇雄示例工地讨薪")).to_be_visible()
        expect(page).to_have_url(re.compile("county=530627"))
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("county="))
