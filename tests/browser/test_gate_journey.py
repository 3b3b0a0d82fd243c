"""The gate in a real browser: signing in and out, the first password, files for their owner alone, no script let in."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import update

from monitors.access import accounts, passwords, sessions
from monitors.access.roles import Role
from monitors.store import tables as t
from tests import seed
from tests.browser.conftest import SETTLED

pytestmark = pytest.mark.browser
PASSWORD, ANOTHER = "Cuihu-Hong-2026", "Dianchi-Ou-2027"
PAGES = ("/", "/?wall=1", "/search", "/sources", "/people")


def now():
    return datetime.now(UTC)


def fill(site, number=6):
    for planted in seed.mixed(number):
        seed.plant(site.store, planted, now())
    seed.beat(site.store, now())


def account(site, name="zhiban", *, must_change=False):
    with site.store.write() as connection:
        return accounts.create(
            connection, name=name, display="值班员甲", role=Role.DUTY_OFFICER, region="530000",
            password=passwords.hashed(PASSWORD), must_change=must_change, now=now(),
        )  # fmt: skip


def fill_in(page, **values):
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.click("button[type=submit]")


def fetch(site, path, token=""):
    held = {"Cookie": f"{sessions.COOKIE}={token}"} if token else {}
    return httpx.get(site.url + path, headers=held).status_code


def test_a_deep_link_leads_through_the_sign_in_to_its_page(site, browse):
    fill(site)
    account(site)
    page = browse("/search?q=讨薪", signed=False, calm=False)  # a wrong password is a 401, and the console says so
    assert "/login?next=" in page.url
    fill_in(page, name="zhiban", password="wrong")
    assert page.inner_text(".said") == "登录名或密码不正确"
    assert page.input_value("[name=name]") == "zhiban", "the name need not be typed again"
    fill_in(page, name="ZHIBAN ", password=PASSWORD)
    page.wait_for_url("**/search?q=*")
    page.wait_for_selector(SETTLED)
    page.get_by_text("值班员甲").first.wait_for()
    assert page.evaluate("document.cookie.includes('monitors_session')") is False, "out of reach of scripts"
    page.goto(site.url + "/login")
    page.wait_for_selector(SETTLED)


def test_the_first_password_is_changed_before_anything_is_seen(site, browse):
    fill(site)
    account(site, must_change=True)
    page = browse("/", signed=False)
    fill_in(page, name="zhiban", password=PASSWORD)
    page.get_by_text("修改初始密码").first.wait_for()
    page.goto(site.url + "/search")
    assert "/password?next=%2Fsearch" in page.url, "no way round it"
    fill_in(page, old=PASSWORD, new=ANOTHER, again=ANOTHER)
    page.wait_for_selector(SETTLED)
    assert page.url == site.url + "/search"


def test_no_page_breaks_its_own_rules(site, browse):
    """``browse`` fails on any word in the console, and a refused script or style is one."""
    for path in ("/login", "/setup?token=x"):
        browse(path, signed=False)
    fill(site)
    page = browse("/")
    page.wait_for_selector(".row")
    page.wait_for_selector("canvas.marks, [data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    for path in (*PAGES, "/password"):
        page.goto(site.url + path)
        page.wait_for_selector(SETTLED if path != "/password" else "form")
        page.wait_for_timeout(500)  # what comes late (fonts, workers, charts) is judged as well
    account(site)
    browse("/login", signed=False)


def test_a_script_or_a_beacon_that_gets_into_a_page_does_nothing(site, chromium):
    context = chromium.new_context()
    context.add_cookies([{"name": sessions.COOKIE, "value": site.sign_in(), "url": site.url}])
    page = context.new_page()
    answered = []
    page.on("response", lambda answer: answered.append(answer.url))
    page.goto(site.url)
    page.wait_for_selector(SETTLED)
    page.evaluate("""() => {
        globalThis.refused = [];
        addEventListener("securitypolicyviolation", event => refused.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "globalThis.hacked = 1";
        document.body.append(script);
        new Image().src = `http://localhost:${location.port}/login/emblem`;
        document.body.insertAdjacentHTML("beforeend", '<a onclick="hacked=1" id="lure">x</a>');
        document.getElementById("lure").click();
    }""")
    page.wait_for_function("() => refused.length >= 3")  # a function: a bare expression would be refused as well
    assert page.evaluate("globalThis.hacked") is None
    assert set(page.evaluate("refused")) == {"script-src-elem", "script-src-attr", "img-src"}
    assert not [url for url in answered if "//localhost" in url], "another host is not even asked"
    context.close()


def test_an_exported_list_opens_for_whom_it_was_made_alone(site, browse):
    fill(site)
    mine, colleague = site.sign_in(), site.sign_in(name="colleague")
    page = browse("/search", token=mine)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/media/" in request.url else None)
    page.get_by_role("button", name="导出").first.click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Excel").first.click()
    assert taken.value.path().stat().st_size > 1000
    address = asked[0].removeprefix(site.url)
    assert fetch(site, address, mine) == 200
    assert fetch(site, address, colleague) == 404, "not even an administrator beside"
    assert fetch(site, address) == 401
    page.goto(site.url + "/search?q=" + address)  # shown back to the colleague, an address gives nothing
    other = browse("/search?q=" + address, token=colleague)
    other.wait_for_timeout(500)
    assert fetch(site, address, colleague) == 404
    with site.store.write() as connection:
        connection.execute(update(t.session).values(ended_at=now()))
    page.wait_for_url("**/login?next=*")
    assert fetch(site, address, mine) == 401


def test_sign_in_pages_fit_their_screens(site, browse):
    account(site)
    for width, height in ((1366, 768), (1920, 1080), (390, 844)):
        for path in ("/login", "/setup"):
            page = browse(path, signed=False, width=width, height=height, calm=False)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
            assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, (path, width)
            assert page.evaluate("getComputedStyle(document.body).borderTopWidth") == "4px", "the style came"
