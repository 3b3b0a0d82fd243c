"""附件2报表 in a real browser: from the cutoff to the frozen form (domain.md 7, journeys 4 and 5), and on paper."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.ledger import form_snapshots
from monitors.ledger.form_paper import Signed
from monitors.store import tables as t
from tests.browser.conftest import SETTLED
from tests.form_ledger import golden, write

pytestmark = pytest.mark.browser

ADDRESS = "/form?campaign=2021&cutoff=2021-11-30"
KUNMING = "530100"


@pytest.fixture
def full(site):
    with site.store.write() as connection:
        write(connection, golden())
    return site


def figure(page, at):
    return page.locator(f'.figure[data-at="{at}"]:visible')


def test_a_prefecture_reporter_explains_submits_downloads_and_the_form_stays(full, browse):
    page = browse("/form?campaign=2021", role=Role.PREFECTURE_REVIEWER, region=KUNMING)
    page.get_by_role("combobox", name="数据截止日期").click()
    page.get_by_role("option", name="2021-11-30").click()
    page.get_by_text("数据截至：2021年11月30日").wait_for()
    assert page.get_by_text("根治欠薪冬季专项行动情况（未报送）").is_visible()

    figure(page, "1-8").click()
    page.get_by_role("dialog").get_by_text("案件记录 4 条").wait_for()
    assert "cell=1-8" in page.url
    page.get_by_role("button", name="Close").click()
    page.wait_for_url(lambda url: "cell=" not in url)

    for code in ("F21", "F22", "F23", "F24", "F27"):
        page.get_by_label(f"{code} 说明").fill(f"已核实{code}")
    for label, words in (
        ("单位负责人", "甲同志"),
        ("处（队）负责人", "乙同志"),
        ("制表人", "丙同志"),
        ("联系电话", "0871-00000000"),
    ):
        page.get_by_label(label, exact=True).fill(words)
    page.get_by_text("已核对表内数字，报送后不能修改或撤回").click()
    page.get_by_role("button", name="报送", exact=True).click()
    page.get_by_text("报送件第", exact=False).first.wait_for()
    page.get_by_text("内容已固定，校验一致").wait_for()
    page.get_by_text("说明 F27：已核实F27").wait_for()
    assert page.get_by_text("联系电话：0871-00000000").is_visible()

    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载 Excel").click()
    assert waiting.value.suggested_filename == "专项行动情况表_昆明市_20211130.xlsx"
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as book:
        text = book.read("xl/sharedStrings.xml").decode()
    assert "甲同志" in text
    assert "未报送" not in text

    with full.store.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 4).values(verified_fen=2_005_000))
    page.reload()
    page.get_by_text("内容已固定，校验一致").wait_for()
    assert figure(page, "1-8").inner_text() == "6.03"
    page.get_by_text("与当前台账比较").click()
    page.get_by_text("+10,000.00 元").first.wait_for()
    page.get_by_role("button", name="返回报表").click()
    page.get_by_text("根治欠薪冬季专项行动情况（未报送）").wait_for()
    assert figure(page, "1-8").inner_text() == "7.03"


def test_the_province_sums_what_was_submitted_and_lists_what_is_missing(full, browse):
    with full.store.write() as connection:
        form_snapshots.submit(
            connection,
            Actor(1, "li", "李同志", Role.PREFECTURE_REVIEWER, KUNMING, "10.20.0.7"),
            campaign=next(one for one in settings_module.load(environ={}).campaigns if one.key == "2021"),
            cutoff=date(2021, 11, 30),
            region=KUNMING,
            unit="示例制表单位",
            signed=Signed("甲", "", "丙", "0871-00000000"),
            explanations=dict.fromkeys(("F21", "F22", "F23", "F24", "F27"), "说明"),
            now=datetime.now(UTC),
        )
    page = browse(ADDRESS)
    page.get_by_role("tab", name="下级汇总").click()
    page.get_by_text("下级单位 16 个：已报 1 个，未报 15 个").wait_for()
    page.get_by_text("1 个单位报送数之和").wait_for()
    page.wait_for_selector(SETTLED)
    assert figure(page, "1-8").inner_text() == "6.03"  # of the one unit, not of the whole ledger
    figure(page, "1-8").click()
    page.get_by_role("dialog").get_by_text("昆明市", exact=True).wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_text("与本级台账统计数的差异").click()
    page.get_by_text("各项数字完全一致").or_(page.get_by_text("下级汇总", exact=True).last).wait_for()


def test_another_division_keeps_the_tab_where_it_has_one(full, browse):
    page = browse(ADDRESS + "&tab=sum", role=Role.PREFECTURE_REVIEWER, region=KUNMING)
    page.get_by_text("下级单位 14 个：已报 0 个，未报 14 个").wait_for()
    for name, shown in (("昆明市五华区", "制表单位名称（盖章）：昆明市五华区"), ("昆明市", "下级单位 14 个")):
        page.get_by_role("combobox", name="填报地区").click()
        page.get_by_role("option", name=name, exact=True).click()
        page.get_by_text(shown).first.wait_for()


@pytest.mark.parametrize(("width", "height", "dark"), [(1366, 768, False), (1920, 1080, True)])
def test_nothing_of_the_sheet_is_cut_off_and_it_prints_on_one_page_across(full, browse, width, height, dark):
    page = browse(ADDRESS, role=Role.PREFECTURE_REVIEWER, region=KUNMING, width=width, height=height, dark=dark)
    figure(page, "1-8").wait_for()
    frame = page.locator(".sheet .frame")
    assert frame.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 1
    assert b"/MediaBox [0 0 841" in paper  # A4 across


def test_a_narrow_window_scrolls_the_sheet_sideways_inside_its_frame(full, browse):
    page = browse(ADDRESS, role=Role.PREFECTURE_REVIEWER, region=KUNMING, width=1000)
    figure(page, "1-8").wait_for()
    assert page.locator(".sheet .frame").evaluate("node => node.scrollWidth > node.clientWidth")
    figure(page, "1-20").scroll_into_view_if_needed()
    figure(page, "1-20").click()
    page.get_by_role("dialog").get_by_text("措施记录 1 条").wait_for()
