"""Whole journeys through the ledger in a real browser (domain.md 7): the police liaison's (8), the reporter's (5).

And what those see who only read (领导) or have no ledger at all (审计).
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from monitors.access.roles import Role
from monitors.clock import local, utc_now
from monitors.ledger.model import CaseState, MeasureType
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.browser.conftest import SETTLED
from tests.form_ledger import golden, write
from tests.site_house import Site, served

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

KUNMING, QUJING, YUXI = "530100", "530300", "530400"
YEAR_END = "/form?campaign=2021&cutoff=2021-12-31"
# Everything by which the ledger, a case or the form is changed; a reader finds none of it.
CHANGING = re.compile("登记|保存|修改|分派|变更|报送$|更正|采纳|批准|挂牌|提级|导入|删除|合并|撤")


def today():
    return local(utc_now()).date()


class Wintry(Site):
    """A server in whose settings a campaign is on, whatever day the tests run."""

    def environment(self):
        found = super().environment()
        config = Path(found["MONITORS_CONFIG"])
        start, end = today() - timedelta(days=40), today() + timedelta(days=40)
        days = f"start = {start}\nend = {end}\nspring_festival = {end + timedelta(days=1)}"
        text = f'\n[[campaign]]\nname = "示例专项行动"\ncode = "now"\n{days}\n'
        config.write_text(config.read_text(encoding="utf-8") + text, encoding="utf-8")
        return found


@pytest.fixture(scope="module")
def running_site(tmp_path_factory):
    with served(Wintry(tmp_path_factory.mktemp("wintry"))) as opened:
        yield opened


def figure(page, at):
    return page.locator(f'.figure[data-at="{at}"]:visible')


def printed(page, row):
    """The twenty printed figures of a row of the sheet on the screen."""
    return page.locator(".sheet tbody tr:visible").nth(row - 1).locator("td.n").all_inner_texts()


# ── journey 8 ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def filed(site):
    with site.store.write() as connection:
        site.case = ledger.verified(connection)
        ledger.step(connection, ledger.CLERK, site.case, CaseState.FILED)
        site.number = ledger.case(connection, site.case).number
    return site


def opened(browse, site, **who):
    return browse(f"/ledger?case={site.number}", **(who or {"role": Role.COUNTY_CLERK, "region": ledger.COUNTY}))


def tab(page, name):
    page.wait_for_selector(SETTLED)  # what is clicked while the drawer is drawn anew closes again
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()
    return page.get_by_role("tabpanel", name=re.compile(f"^{name}"))


def choose(box, words):
    """Open the list and take a line; opened anew where a redraw has closed it."""
    line = box.page.get_by_role("option", name=words, exact=True)
    for _ in range(4):
        box.click()
        try:
            line.click(timeout=5000)
        except sync_api.TimeoutError:
            continue
        return
    pytest.fail(f"“{words}” could not be chosen")


def type_day(form, label, day):
    form.get_by_test_id("stDateInput").filter(has_text=label).get_by_role("spinbutton").first.click()
    form.page.keyboard.type(f"{day:%Y%m%d}")
    form.page.keyboard.press("Tab")


def register(page, kind, doc_no, on, due=None):
    """Fill in a document in the tab 措施 and send it."""
    panel = tab(page, "措施")
    form = panel.get_by_test_id("stExpander").filter(has_text="登记措施文书")
    if form.locator("details").get_attribute("open") is None:
        form.get_by_text("登记措施文书").click()
    choose(form.get_by_role("combobox", name="措施类型"), kind)
    form.get_by_role("textbox", name="文书编号").fill(doc_no)
    type_day(form, "文书日期", on)
    if due:
        type_day(form, "限期", due)
    form.get_by_role("button", name="登记文书").click()
    return panel


def step(page, to):
    panel = tab(page, "办理")
    send = panel.get_by_role("button", name=f"变更为“{to}”")
    choice = panel.get_by_role("radio", name=to, exact=True)
    expect(send.or_(choice).first).to_be_visible()
    if not send.is_visible():  # an only way is chosen beforehand
        choice.click()
    send.click()
    return panel


def test_a_transfer_waits_for_the_unheeded_order_is_timed_counted_and_closes_nothing(filed, browse):
    page, day = opened(browse, filed), today()
    panel = register(page, MeasureType.TRANSFER, "示例移字〔2026〕1号", day)
    expect(panel.locator(".problems")).to_contain_text("E10 移送公安前须登记责令支付文书及逾期情况")

    # An order whose last day has not passed is not yet an unheeded one.
    register(page, MeasureType.PAY_ORDER, "示例监令〔2026〕1号", day - timedelta(days=9), day)
    row = page.locator("tr").filter(has_text="示例监令〔2026〕1号")
    expect(row).to_have_count(1)
    expect(row).not_to_contain_text("逾期未改")
    panel = register(page, MeasureType.TRANSFER, "示例移字〔2026〕1号", day)
    expect(panel.locator(".problems")).to_contain_text("E10")

    panel.get_by_text("更正文书、登记履行结果").click()
    form = panel.get_by_test_id("stExpander").filter(has_text="更正文书、登记履行结果")
    type_day(form, "限期", day - timedelta(days=2))
    form.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("逾期未改")

    # The law's amount is reached and the order unheeded: proposed, and a reviewer decides; from then three days run.
    reviewer = opened(browse, filed, role=Role.PREFECTURE_REVIEWER, region=ledger.PREFECTURE)
    proposals = tab(reviewer, "建议")
    proposal = proposals.get_by_test_id("stVerticalBlock").filter(has_text="移送公安（待定）").last
    expect(proposal).to_contain_text("12人、140,000元")
    expect(proposal).not_to_contain_text("尚缺")
    choose(proposal.get_by_role("combobox", name="决定"), "采纳")
    proposal.get_by_role("textbox", name="理由").fill("事实清楚，移送")
    proposal.get_by_role("button", name="保存决定").click()
    expect(reviewer.get_by_text("移送公安（采纳）")).to_have_count(1)
    limit = tab(reviewer, "概况").locator("tr").filter(has_text="国务院令第310号第五条")
    expect(limit).to_contain_text(f"{day + timedelta(days=3)}")
    expect(limit).to_contain_text("剩 3 天")

    page.reload()
    page.wait_for_selector(SETTLED)
    step(page, CaseState.ORDERED)
    expect(page.locator(".case-facts .tag.state")).to_have_text("责令改正")
    register(page, MeasureType.TRANSFER, "示例移字〔2026〕1号", day)
    expect(page.locator("tr").filter(has_text="示例移字〔2026〕1号")).to_have_count(1)
    step(page, CaseState.TRANSFERRED)
    expect(page.locator(".case-facts .tag.state")).to_have_text("移送公安")
    limits = tab(page, "概况").locator("tr")
    expect(limits.filter(has_text="国务院令第310号第八条")).to_contain_text("剩 3 天")
    expect(limits.filter(has_text="国务院令第310号第五条")).to_have_count(0)

    register(page, MeasureType.POLICE_FILING, "示例公（刑）立字〔2026〕1号", day)
    expect(page.locator("tr").filter(has_text="示例公（刑）立字〔2026〕1号")).to_have_count(1)
    expect(tab(page, "概况").locator("tr").filter(has_text="国务院令第310号第八条")).to_have_count(0)

    # Handed over is not paid: the case stays open, and 销账 is refused.
    panel = step(page, CaseState.SETTLING)
    expect(panel.locator(".problems")).to_contain_text("尚有 140,000.00元 未支付，不能销账")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "case=" not in address)
    expect(page.locator(".sums")).to_contain_text("未结 1 件")
    with filed.store.read() as connection:
        left = ledger.row(connection, filed.case)
    assert (left.state, left.closed_on) == ("移送公安", None)

    page.goto(f"{filed.url}/form?campaign=now&cutoff={day}")
    figure(page, "1-20").wait_for()
    assert [printed(page, row)[18:] for row in (1, 2, 3)] == [["1", "1"], ["1", "1"], ["0", "0"]]
    assert printed(page, 1)[10] == "0", "not settled"
    figure(page, "1-20").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("措施记录 1 条")).to_be_visible()
    expect(drawer.get_by_role("link", name=filed.number)).to_be_visible()
    expect(drawer).to_contain_text("示例公（刑）立字〔2026〕1号")


# ── journey 5 ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def year_end(site):
    with site.store.write() as connection:
        write(connection, golden())
    return site


def explain_and_submit(page):
    """Answer every W, sign, and submit what is on the screen."""
    page.get_by_text("已核对表内数字，报送后不能修改或撤回").wait_for()
    asked = page.get_by_label(re.compile(r"^F\d\d 说明"))
    for place in range(asked.count()):
        asked.nth(place).fill("已逐笔核实")
    for label, words in (
        ("单位负责人", "甲同志"),
        ("处（队）负责人", "乙同志"),
        ("制表人", "丙同志"),
        ("联系电话", "0871-00000000"),
    ):
        page.get_by_label(label, exact=True).fill(words)
    page.wait_for_selector(SETTLED)
    page.get_by_text("已核对表内数字，报送后不能修改或撤回").click()
    submit = page.get_by_role("button", name="报送", exact=True)
    expect(submit).to_be_enabled()
    page.wait_for_selector(SETTLED)
    submit.click()
    page.get_by_text("内容已固定，校验一致").wait_for()


def words_of(download):
    """Every text of the one sheet of a downloaded workbook."""
    with zipfile.ZipFile(io.BytesIO(Path(download.path()).read_bytes())) as book:
        return book.read("xl/sharedStrings.xml").decode()


def test_the_province_sums_what_came_in_names_what_is_missing_compares_and_exports(year_end, browse):
    for region in (KUNMING, QUJING, YUXI):
        page = browse(YEAR_END, role=Role.PREFECTURE_REVIEWER, region=region)
        explain_and_submit(page)
    # What a unit changes after its submission is not in the sum; the comparison with the ledger shows it.
    with year_end.store.write() as connection:
        owed = connection.execute(select(t.wage_case.c.verified_fen).where(t.wage_case.c.id == 7)).scalar_one()
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 7).values(verified_fen=owed + 1_000_000))

    page = browse(YEAR_END)
    page.get_by_role("tab", name="下级汇总").click()
    page.get_by_text("下级单位 16 个：已报 3 个，未报 13 个").wait_for()
    page.get_by_text("3 个单位报送数之和").wait_for()
    page.wait_for_selector(SETTLED)
    units = page.locator(".form-list tr").filter(has=page.locator(".tag"))
    assert [units.filter(has_text=state).count() for state in ("已报", "未报")] == [3, 13]
    expect(units.filter(has_text="昆明市")).to_contain_text("已报")
    expect(units.filter(has_text="昭通市")).to_contain_text("未报")

    expect(figure(page, "1-8")).to_be_visible()
    figure(page, "1-8").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("昆明市", exact=True)).to_be_visible()
    expect(drawer.get_by_text("曲靖市", exact=True)).to_be_visible()
    expect(drawer.get_by_text("玉溪市", exact=True)).to_have_count(0)  # it owes nothing
    page.get_by_role("button", name="Close").click()
    page.wait_for_url(lambda address: "cell=" not in address)

    page.get_by_text(re.compile("与本级台账统计数的差异：[1-9]")).click()
    changed = page.locator(".form-list tr").filter(has_text="合计 第8栏")
    expect(changed).to_contain_text("−10,000.00 元")

    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载 Excel").click()
    draft = words_of(waiting.value)
    assert "未报送" in draft, "and the paper says so"

    asked = page.get_by_label(re.compile("^F30 说明"))
    expect(asked).to_be_visible()
    explain_and_submit(page)
    expect(page.get_by_text(re.compile("F30.*13 个单位未报送"))).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载 Excel").click()
    assert waiting.value.suggested_filename.endswith("_20211231.xlsx")
    frozen = words_of(waiting.value)
    assert "甲同志" in frozen
    with year_end.store.read() as connection:
        kept = connection.execute(select(t.form_snapshot).order_by(t.form_snapshot.c.id.desc()).limit(1)).one()
    assert (kept.kind, kept.region, kept.cutoff) == ("汇总", "530000", date(2021, 12, 31))
    assert sorted(kept.parts) == [KUNMING, QUJING, YUXI]


# ── who only reads, who has no ledger ────────────────────────────────────────────────────────────────────────────────
def buttons(page):
    """Every word on something to press in the page and the drawer, the navigation left out."""
    found = page.locator('[data-testid="stMain"], [role="dialog"]').locator("button, [role=radio], [role=tab], summary")
    return [words.strip() for words in found.all_inner_texts() if words.strip()]


def test_a_leader_finds_nothing_to_change_in_ledger_case_and_form(filed, browse):
    with filed.store.write() as connection:
        ledger.measure(connection, filed.case)
        ledger.settled(connection)
    page = opened(browse, filed, role=Role.LEADER)
    expect(page.locator(".case-facts h3")).to_contain_text(filed.number)
    for name in ("概况", "支付", "措施", "建议"):
        tab(page, name)
        assert [one for one in buttons(page) if CHANGING.search(one)] == []
    assert page.get_by_role("tab", name=re.compile("办理|修改|督办")).count() == 0
    assert page.get_by_role("dialog").locator("input:visible, textarea:visible").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator(".ledger tbody tr")).to_have_count(2)
    assert page.locator(".ledger input").count() == 0
    assert [one for one in buttons(page) if CHANGING.search(one)] == []
    expect(page.locator('[data-testid="stSidebarNav"]')).to_contain_text("附件2报表")
    expect(page.locator('[data-testid="stSidebarNav"]')).not_to_contain_text("导入台账")

    page.get_by_role("link", name="附件2报表").click()
    page.get_by_text("表内审核").wait_for()
    # A tab turned while the last one is still being drawn would be turned back by its answer: wait for its words.
    for name, words in (("报表", "表内审核"), ("下级汇总", "下级单位"), ("已报送", "还没有报送过")):
        page.get_by_role("tab", name=name, exact=True).click()
        page.get_by_text(words).first.wait_for()
        expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
        page.wait_for_selector(SETTLED)
        assert page.get_by_role("button", name="报送", exact=True).count() == 0
        assert page.get_by_text("签名与报送").count() == 0
        assert page.locator('[data-testid="stMain"] textarea').count() == 0
    with filed.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.form_snapshot)) == 0


def test_an_auditor_has_no_page_of_the_ledger(filed, browse):
    page = browse("/", role=Role.AUDITOR)
    navigation = page.locator('[data-testid="stSidebarNav"]')
    expect(navigation).to_contain_text("用户与审计")
    for name in ("欠薪台账", "项目与检查", "线索与隐患", "导入台账", "台账统计", "附件2报表"):
        expect(navigation).not_to_contain_text(name)
    for address in (f"/ledger?case={filed.number}", "/form", "/ledger-stats", "/ledger-import"):
        page.goto(filed.url + address)
        expect(page.get_by_text("没有这个页面，或您无权查看。")).to_be_visible()
        assert filed.number not in page.locator('[data-testid="stMain"]').inner_text()
