"""The duty page in a real browser: an alert comes, is heard, is opened; hostile text stays text; the server dies."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from monitors import settings as settings_module
from monitors.store.tables import meta
from tests import seed

pytestmark = pytest.mark.browser
REFRESH = settings_module.load(environ={}).duty.refresh_seconds
NO_SCROLL = "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"


def now():
    return datetime.now(UTC)


def fill(site, number=12):
    for planted in seed.mixed(number):
        seed.plant(site.store, planted, now())
    seed.beat(site.store, now())


def test_a_new_red_alert_is_seen_and_heard_at_the_top(site, browse):
    fill(site)
    page = browse()
    page.wait_for_selector(".row")
    page.get_by_role("button", name="点此开启声音").click()
    page.get_by_role("button", name="声音已开").wait_for()
    heard = page.evaluate("globalThis.dutyRings")
    seed.plant(site.store, seed.Planted("刚刚发生的讨薪", level="I", age=timedelta(0)), now())
    planted_at = time.monotonic()
    page.locator(".row.fresh", has_text="刚刚发生的讨薪").wait_for()
    assert time.monotonic() - planted_at <= REFRESH + 1
    assert "刚刚发生的讨薪" in page.locator(".row").first.inner_text()
    assert page.locator(".row mark", has_text="讨薪").count() > 0
    assert page.evaluate("globalThis.dutyRings") == heard + 1
    page.wait_for_function("() => document.title.startsWith('(')")
    seed.plant(site.store, seed.Planted("不响铃的讨薪", level="III", age=timedelta(0)), now())
    page.locator(".row", has_text="不响铃的讨薪").wait_for()
    assert page.evaluate("globalThis.dutyRings") == heard + 1, "yellow and blue alerts come in silence"
    page.reload()
    page.wait_for_selector(".row")
    page.wait_for_timeout(500)
    assert not page.evaluate("globalThis.dutyRings"), "what was heard is not heard again after a reload"


def test_sound_switched_off_stays_off_in_this_browser(site, browse):
    fill(site, 3)
    page = browse()
    page.get_by_role("button", name="点此开启声音").click()
    page.get_by_role("button", name="声音已开").click()
    page.get_by_role("button", name="声音已关").wait_for()
    page.reload()
    page.get_by_role("button", name="声音已关").wait_for()


def test_hostile_text_stays_text_in_list_drawer_and_wall(site, browse):
    for planted in seed.hostile():
        seed.plant(site.store, planted, now())
    page = browse()
    page.wait_for_selector(".row")
    shown = page.locator(".row .title").all_inner_texts()
    for title in seed.HOSTILE_TITLES:
        assert title in shown
    for row in range(len(seed.HOSTILE_TITLES)):
        page.locator(".row").nth(row).click()
        page.locator(".dossier h3").wait_for()
        links = page.locator(".dossier a").evaluate_all("found => found.map(one => one.getAttribute('href'))")
        strange = [href for href in links if not re.fullmatch(r"\?story=\d+|/alerts\?alert=[\w-]+", href)]
        assert strange == [], "only another story of ours or its alert is an address; javascript: is none"
        assert page.locator(".dossier img, .dossier script, .dossier .katex").count() == 0
        page.get_by_role("tab", name="研判依据").click()
        page.keyboard.press("Escape")
        page.locator(".dossier h3").wait_for(state="detached")
    assert page.evaluate("globalThis.hacked") is None
    assert page.evaluate(NO_SCROLL)[0] <= 0, "a long word must not widen the page"
    wall = browse("/?wall=1")
    wall.wait_for_selector(".line")
    assert wall.evaluate("globalThis.hacked") is None


def test_the_drawer_opens_stays_open_and_has_an_address(site, browse):
    fill(site)
    page = browse()
    row = page.locator(".row").first
    title = row.locator(".title").inner_text()
    row.click()
    page.locator(".dossier h3", has_text=title).wait_for()
    address = page.url
    assert "?story=" in address
    page.get_by_role("tab", name="时间线").click()
    seed.plant(site.store, seed.Planted("抽屉开着时来的讨薪", level="I", age=timedelta(0)), now())
    page.locator(".row", has_text="抽屉开着时来的讨薪").wait_for(state="attached")
    assert page.locator(".dossier h3", has_text=title).is_visible(), "a refresh must not close the drawer"
    assert page.locator(".dossier ol.line li").first.is_visible(), "nor leave the tab that was being read"
    page.get_by_role("button", name="Close").click()
    page.wait_for_url(site.url + "/")
    page.goto(address)
    page.locator(".dossier h3", has_text=title).wait_for()
    source = page.locator('.dossier a[rel~="noopener"][target="_blank"]').first
    assert source.get_attribute("href").startswith("https://")


def test_filters_and_pages(site, browse):
    for number in range(60):
        level = "II" if number % 20 == 0 else "IV"
        seed.plant(site.store, seed.Planted(f"示例讨薪{number}", level=level, age=timedelta(minutes=number)), now())
    page = browse()
    page.get_by_text("第 1 / 2 页，共 60 起").wait_for()
    page.get_by_role("button", name="下一页 ›").click()
    page.get_by_text("第 2 / 2 页，共 60 起").wait_for()
    assert page.locator(".row").count() == 10
    page.get_by_role("button", name="II级 橙").first.click()
    page.wait_for_function(
        "n => document.querySelectorAll('[data-testid=stBidiComponentRegular], *').length > n", arg=0
    )
    page.locator('.choice[aria-pressed="true"]', has_text="II级 橙").wait_for()
    assert page.locator(".row").count() == page.locator(".row.orange").count() == 3


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_and_is_readable(site, browse, width, height, dark):
    fill(site, 20)
    page = browse(width=width, height=height, dark=dark)
    page.wait_for_selector(".row")
    assert page.evaluate(NO_SCROLL)[0] <= 0
    assert page.locator(".row .title").first.bounding_box()["width"] > width * 0.25
    for selector in (".words", ".row .title", ".row .meta", ".card b", ".due"):
        assert contrast(page.locator(selector).first) >= 4.5, selector
    page.locator(".row").first.click()
    page.locator(".dossier a").first.wait_for()
    page.wait_for_timeout(500)  # the drawer slides in and fades in meanwhile
    for selector in (".dossier h3", ".dossier dt", ".dossier a", ".dossier .muted", ".dossier mark"):
        assert contrast(page.locator(selector).first) >= 4.5, selector


def contrast(locator):
    """WCAG contrast of an element's text against the first opaque background behind it."""
    text, behind = locator.evaluate(
        """node => {
          const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
          const over = colours => {
            paint.clearRect(0, 0, 1, 1)
            for (const colour of colours) { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1) }
            return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3) }
          const layers = []
          let opacity = 1
          for (let at = node; at; at = at.parentNode instanceof ShadowRoot ? at.parentNode.host : at.parentElement) {
            layers.unshift(getComputedStyle(at).backgroundColor); opacity *= Number(getComputedStyle(at).opacity) }
          const back = over(["white", ...layers]), front = over([getComputedStyle(node).color])
          return [front.map((value, i) => value * opacity + back[i] * (1 - opacity)), back]
        }"""
    )

    def light(colour):
        parts = [value / 255 for value in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(text), light(behind)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768)])
def test_the_wall_fills_the_screen_and_nothing_more(site, browse, width, height):
    fill(site, 40)
    page = browse("/?wall=1", width=width, height=height)
    page.wait_for_selector(".line")
    right, down = page.evaluate(NO_SCROLL)
    assert right <= 0
    assert down <= 0
    lines = page.locator(".line")
    assert lines.count() == 10
    last = lines.last.bounding_box()
    assert last["y"] + last["height"] <= page.locator("footer").bounding_box()["y"]
    assert page.locator(".time").inner_text().count(":") == 2
    seed.plant(site.store, seed.Planted("大屏上的讨薪", level="I", age=timedelta(0)), now())
    page.locator(".line", has_text="大屏上的讨薪").wait_for()
    page.get_by_role("link", name="退出大屏").click()
    page.wait_for_selector(".row")


def test_a_dead_server_is_said_in_chinese_and_the_page_recovers_by_itself(site, browse):
    fill(site, 3)
    page = browse(calm=False)
    page.wait_for_selector(".row")
    site.kill()
    page.locator(".words", has_text="本页与服务器失去联系").wait_for(timeout=30_000)
    shown = page.locator('[data-testid="stDialog"]')
    if shown.count():
        assert "系统提示" in shown.locator("h2").evaluate("node => getComputedStyle(node, '::after').content")
    seed.plant(site.store, seed.Planted("断线期间的讨薪", level="I", age=timedelta(0)), now())
    seed.beat(site.store, now())
    site.start()
    page.locator(".row", has_text="断线期间的讨薪").wait_for(timeout=40_000)
    page.locator(".words", has_text="监测正常").wait_for()


def test_a_stopped_watch_turns_the_strip_red_without_a_reload(site, browse):
    fill(site, 3)
    page = browse()
    page.locator('.pulse[data-state="ok"]').wait_for()
    seed.beat(site.store, now() - timedelta(minutes=7))
    page.locator('.pulse[data-state="stopped"]', has_text="监测已停 7 分钟").wait_for()
    seed.beat(site.store, now())
    page.locator('.pulse[data-state="ok"]').wait_for()


def test_an_empty_page_fills_by_itself(site, browse):
    page = browse()
    page.get_by_text("还没有任何报道").wait_for()
    with site.store.write() as connection:
        connection.execute(insert(meta).values(key="something", value="moved on"))
    page.wait_for_timeout(3 * REFRESH * 1000)
    assert page.locator('[data-testid="stException"]').count() == 0
    seed.plant(site.store, seed.Planted("第一起讨薪", level="II", age=timedelta(0)), now())
    page.locator(".row", has_text="第一起讨薪").wait_for()
    page.get_by_text("还没有任何报道").wait_for(state="detached")
