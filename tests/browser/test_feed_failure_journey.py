"""Journey 10: a feed fails, is red alone while others go on, and on recovery brings all once and no alert twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitors.store import tables as t
from tests.browser.test_watch_to_page import House
from tests.feedserver import FeedServer
from tests.test_watch import source_block

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
TEXT = "昭通市镇雄县一处安置房项目，46名农民工被拖欠工资210万元，多次讨薪未果。"


@pytest.fixture
def feed_server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, feed_server: FeedServer) -> Iterator[House]:
    """The whole system on two feeds, the first of which is gone."""
    good, bad = feed_server.feed("/good.xml"), feed_server.feed("/bad.xml")
    feed_server.fault("/bad.xml", "status", status=404)
    house = House(tmp_path, source_block(1, bad.url, minutes=1) + source_block(2, good.url, minutes=5 / 60))
    good.append(title="滇池畔今日迎来红嘴鸥", text="市民观鸥热情高涨。")
    house.start()
    yield house
    if house.process:
        house.kill()
    house.store.close()


def counted(site, table):
    with site.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


@pytest.mark.slow
def test_a_failing_source_is_red_alone_and_recovers_without_a_second_alert(site, feed_server, browse):
    page = browse("/sources", calm=False)  # the server is stopped at the end, and the browser will say so
    bad, good = page.locator("tbody tr", has_text="源1"), page.locator("tbody tr", has_text="源2")
    expect(bad).to_contain_text("404", timeout=60_000)
    expect(bad).to_have_class("bad")
    expect(good).to_have_class("ok")

    feed_server.feed("/good.xml").append(title="镇雄县某安置房工地46名农民工讨薪", text=TEXT)
    duty = browse("/", calm=False)
    duty.get_by_text("某安置房工地46名农民工").first.wait_for(timeout=60_000)  # the others go on
    assert counted(site, t.alert) == 1

    # It recovers with the same event, one entry twice, and one without a date.
    feed = feed_server.feed("/bad.xml")
    told = feed.append(title="镇雄县某安置房工地46名农民工讨薪", text=TEXT, guid="same")
    feed.append(entry=told)
    feed.append(entry=replace(told, guid="undated", title="多云转晴", text="明日多云转晴。", published=None))
    feed_server.heal("/bad.xml")
    for words in ("新 2 条 / 已见 1 条", "没有变化"):  # and a second look brings nothing more
        bad.click()
        page.get_by_role("dialog").get_by_role("button", name="立即抓取").click()
        expect(page.get_by_role("dialog")).to_contain_text(words, timeout=60_000)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(bad).to_have_class("ok", timeout=30_000)
    with site.store.read() as connection:
        titles = list(connection.scalars(select(t.item.c.title).where(t.item.c.source_id == "s1")))
        undated = connection.scalar(select(t.item.c.published_note).where(t.item.c.title == "多云转晴"))
    assert sorted(titles) == ["多云转晴", "镇雄县某安置房工地46名农民工讨薪"]
    assert undated
    assert counted(site, t.story) == 1
    assert counted(site, t.alert) == 1
