"""趋势 in a real browser: a range brushed on the first chart leads what stands below it, one press takes it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitors.access.roles import Role
from tests.test_series import story

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


def test_a_brushed_range_leads_the_table(site, browse):
    now = datetime.now(UTC)
    with site.store.write() as connection:
        for day in range(56):
            story(connection, "530627", now - timedelta(days=day))
    page = browse("/trends?weeks=8&view=县（市、区）", role=Role.LEADER)
    row = page.locator(".trend-table tbody tr").filter(has_text="镇雄县")
    expect(row.locator("td").nth(3)).to_have_text("56")
    drawing = page.locator('[data-testid="stVegaLiteChart"] svg, [data-testid="stVegaLiteChart"] canvas').first
    expect(drawing).to_be_visible()
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.5, steps=8)
    page.mouse.up()
    clear = page.get_by_role("button", name="恢复全部时段")
    expect(clear).to_be_visible()
    expect(row.locator("td").nth(3)).not_to_have_text("56")
    assert 10 <= int(row.locator("td").nth(3).inner_text()) <= 20
    expect(page.get_by_text("下面各图只看这一段")).to_be_visible()
    clear.click()
    expect(row.locator("td").nth(3)).to_have_text("56")
