"""Who is signed in, in a real browser: an end is an end in every tab, and acts count while waiting does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from monitors.access.roles import Role
from monitors.store import tables as t
from monitors.store.search_index import ensure
from tests import seed
from tests.browser.conftest import SETTLED, still

pytestmark = pytest.mark.browser

TITLE = "只给看得见的人看的讨薪"
PHONE = "13988887777"
LOGIN = re.compile(r"/login(\?|$)")


def now():
    return datetime.now(UTC)


@pytest.fixture
def full(site):
    site.story = seed.plant(site.store, seed.Planted(TITLE, level="I", region="530102"), now())
    seed.plant(site.store, seed.Planted("别处的讨薪", level="II", region="530627"), now())
    seed.beat(site.store, now())
    ensure(site.store)
    with site.store.read() as connection:
        site.before = connection.execute(select(func.max(t.audit.c.seq))).scalar() or 0
    return site


def change(site, table, **values):
    with site.store.write() as connection:
        connection.execute(update(table).values(**values))


def acts(site, action):
    """The rows of this test alone: the trail of the one server of all browser tests is never emptied."""
    with site.store.read() as connection:
        query = select(t.audit.c["display", "target", "outcome", "after"]).where(t.audit.c.action == action)
        return [
            tuple(row) for row in connection.execute(query.where(t.audit.c.seq > site.before).order_by(t.audit.c.seq))
        ]


def gone(page):
    """The sign-in page, and nothing left of the one before."""
    page.wait_for_url(LOGIN)
    assert TITLE not in page.content()


def test_signing_out_in_one_tab_ends_every_tab(full, browse):
    page = browse(calm=False)  # a tab of the ended sign-in may ask once more and be told 401
    others = [page.context.new_page() for _ in range(3)]
    for other, path in zip(others, ("/search", "/?wall=1", f"/?story={full.story}"), strict=True):
        other.goto(full.url + path)
        other.get_by_text("只给看得见的人看的").first.wait_for()
    others[2].locator(".dossier h3").wait_for()
    page.get_by_role("button", name="退出登录").click()
    gone(page)
    assert "next=" not in page.url, "who signs out is not led back"
    for other in others:
        gone(other)
    assert "next=%2F%3Fstory%3D" in others[2].url
    page.goto(full.url + "/")
    gone(page)
    assert len(acts(full, "session.sign_out")) == 1


@pytest.mark.parametrize("way", ["ended", "idle", "expired", "disabled"])
def test_an_open_page_leaves_within_moments_of_the_end(full, browse, way):
    page = browse(f"/?story={full.story}", calm=False)
    page.locator(".dossier h3", has_text=TITLE).wait_for()
    past = now() - timedelta(hours=13)
    if way == "disabled":
        change(full, t.account, disabled=True)
    else:
        change(full, t.session, **{{"ended": "ended_at", "idle": "seen_at", "expired": "expires_at"}[way]: past})
    gone(page)


def test_a_page_that_slept_over_its_end_leaves_when_the_line_is_back(full, browse):
    page = browse(calm=False)
    page.locator(".row", has_text=TITLE).wait_for()
    full.kill()
    change(full, t.session, ended_at=now())
    full.start()
    page.wait_for_url(LOGIN, timeout=60_000)


def test_a_new_region_makes_another_page_within_moments(full, browse):
    page = browse(role=Role.SHIFT_LEADER)
    page.locator(".row", has_text="别处的讨薪").wait_for()
    change(full, t.account, region="530102")
    page.get_by_text("辖区：昆明市五华区").wait_for()
    page.locator(".row", has_text="别处的讨薪").wait_for(state="detached")
    assert page.locator(".row").count() == 1


def seen_at(site):
    with site.store.read() as connection:
        return connection.scalar(select(t.session.c.seen_at).order_by(t.session.c.created_at.desc()).limit(1))


def test_an_act_counts_and_waiting_does_not(full, browse):
    page = browse("/search", role=Role.LEADER)
    page.get_by_text(TITLE).first.wait_for()
    long_ago = now() - timedelta(minutes=30)
    change(full, t.session, seen_at=long_ago)
    seed.plant(full.store, seed.Planted("又一起讨薪"), now())
    page.wait_for_timeout(5000)
    assert seen_at(full) == long_ago, "looks every few seconds are no acts"
    page.mouse.click(700, 700)
    page.wait_for_timeout(2500)
    assert seen_at(full) > now() - timedelta(minutes=1)


@pytest.mark.parametrize(("role", "stays"), [(Role.DUTY_OFFICER, True), (Role.LEADER, False)])
def test_the_duty_screen_keeps_those_on_duty_signed_in(full, browse, role, stays):
    page = browse("/?wall=1", role=role)
    page.wait_for_selector(".line")
    long_ago = now() - timedelta(minutes=30)
    change(full, t.session, seen_at=long_ago)
    seed.plant(full.store, seed.Planted("大屏上又一起讨薪", level="I"), now())
    page.locator(".line", has_text="大屏上又一起讨薪").wait_for()
    page.wait_for_timeout(2500)
    assert (seen_at(full) > long_ago) == stays


def test_the_box_leads_to_the_password_and_strange_addresses_are_said_in_chinese(full, browse):
    page = browse(role=Role.LEADER)
    page.locator(".account", has_text="领导(只读) · 云南省").wait_for()
    page.get_by_role("link", name="修改密码").click()
    page.wait_for_url("**/password")
    assert len(page.context.pages) == 1
    page.goto(full.url + "/sources")
    page.get_by_text("没有这个页面，或您无权查看。").wait_for()
    page.goto(full.url + "/duty")
    page.locator(".row", has_text=TITLE).wait_for()
    assert [row[1:3] for row in acts(full, "source.view")] == [("sources", "拒绝")]


def test_restricted_fields_are_written_read_for_a_reason_and_gone_with_the_drawer(full, browse):
    page = browse(f"/?story={full.story}", role=Role.COUNTY_CLERK, region="530102")
    page.get_by_role("tab", name="受限信息").click()
    page.get_by_text("登记受限信息", exact=True).click()
    page.get_by_label("举报人").fill("示例举报人某")
    page.get_by_label("联系电话").fill("打电话")
    still(page, page.get_by_role("button", name="保存")).click()
    page.get_by_text("联系电话应为电话号码").wait_for()
    page.get_by_label("联系电话").fill(PHONE)
    still(page, page.get_by_role("button", name="保存")).click()
    page.get_by_text("受限信息已加密保存。").wait_for()
    page.get_by_text("举报人、联系电话").wait_for()
    assert PHONE not in page.content()

    page.get_by_label("事由").click()
    page.get_by_role("option", name="其他").click()
    still(page, page.get_by_role("button", name="查看", exact=True)).click()
    page.get_by_text("请填写说明后再查看。").wait_for()
    assert acts(full, "restricted.read") == []
    page.get_by_label("说明").fill("回访")
    still(page, page.get_by_role("button", name="查看", exact=True)).click()
    page.locator(".dossier dd", has_text=PHONE).wait_for()
    [reading] = acts(full, "restricted.read")
    assert "其他：回访" in reading[3]
    assert PHONE not in reading[3]

    page.get_by_role("button", name="Close").click()
    page.wait_for_url(full.url + "/")
    page.wait_for_selector(SETTLED)
    page.locator(".row", has_text=TITLE).click()
    page.get_by_role("tab", name="受限信息").click()
    page.get_by_text("举报人、联系电话").wait_for()
    assert PHONE not in page.content()
    assert len(acts(full, "restricted.read")) == 1

    still(page, page.get_by_role("button", name="查看", exact=True)).click()
    page.locator(".dossier dd", has_text=PHONE).wait_for()
    page.get_by_text("更正或删除").click()
    still(page, page.get_by_role("button", name="删除受限信息"))
    assert page.get_by_role("button", name="删除受限信息").is_disabled()
    page.get_by_text("确认删除本事件的全部受限信息").click()
    still(page, page.get_by_role("button", name="删除受限信息")).click()
    page.get_by_text("受限信息已删除。").wait_for()
    page.get_by_text("本事件没有登记受限信息").wait_for()
    assert len(acts(full, "restricted.remove")) == 1


def test_a_file_holds_ones_own_and_names_who_made_it(full, browse):
    page = browse(role=Role.COUNTY_CLERK, region="530102")
    page.get_by_text("导出警情清单").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV（Excel 可直接打开）").click()
    made = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert TITLE in made
    assert "别处的讨薪" not in made
    assert "测试·县级经办" in made
    assert [row[0] for row in acts(full, "story.export")] == ["测试·县级经办"]
