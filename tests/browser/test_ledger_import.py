"""An office's own workbook brought in through the browser: preview, decisions, import, and the same file once more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from monitors import settings as settings_module
from monitors.access.actor import console
from monitors.access.roles import Role
from monitors.clock import local
from monitors.ledger import workbook_import, workbook_plan
from monitors.store import tables as t
from tests.workbooks import opened, sixty, sixty_known, tidy

pytestmark = pytest.mark.browser
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATIENCE_MS = 60_000


def known(site, today):
    """The case that the workbook's first row repeats."""
    settings = settings_module.load(environ={})
    with site.store.read() as connection:
        plan = workbook_plan.plan(
            connection, console().scope, opened(tidy([sixty_known(today)])), settings=settings, now=datetime.now(UTC)
        )
    assert workbook_import.apply(site.store, console(), plan, settings=settings, now=datetime.now(UTC)).added == 1


def cases(site):
    with site.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(t.wage_case))


def upload(page, body):
    chosen = {"name": "五华台帐.xlsx", "mimeType": SHEET, "buffer": body}
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(chosen)
    page.get_by_text("核对结果").wait_for(timeout=PATIENCE_MS)


def tally(page):
    return page.locator(".tally").inner_text().replace(" ", "").replace("\n", "")


def test_an_offices_workbook_is_settled_imported_and_changes_nothing_twice(site, browse):
    today = local(datetime.now(UTC)).date()
    known(site, today)
    body = sixty(today)
    page = browse("/ledger-import", role=Role.COUNTY_CLERK, region="530102")
    page.get_by_role("button", name="选择文件，或拖到这里").or_(
        page.get_by_test_id("stFileUploaderDropzone")
    ).first.wait_for()
    assert "Drag and drop" not in page.locator("body").inner_text()
    with page.expect_download() as got:
        page.get_by_role("button", name="下载模板").click()
    assert got.value.suggested_filename == "欠薪台账模板.xlsx"
    upload(page, body)
    for part in ("新增57行", "拒绝2行", "疑似重复1行"):
        assert part in tally(page), tally(page)
    page.get_by_text("E12").first.wait_for()
    with page.expect_download(timeout=PATIENCE_MS) as got:
        page.get_by_role("button", name="下载未导入的 3 行").click()
    assert got.value.suggested_filename.startswith("未导入-五华台帐")
    page.get_by_role("radio", name="合并").or_(page.get_by_role("button", name="合并", exact=True)).first.click()
    page.get_by_text("请先点“按所选重新核对”").wait_for()
    page.get_by_text("数字存疑 1").click()
    page.get_by_text("行数字确认无误").click()
    page.get_by_text("拒绝 2").click()
    page.get_by_text("E01").first.wait_for()
    page.get_by_role("button", name="按所选重新核对").click()
    confirm = page.get_by_role("button", name="确认导入：新增 58 件，修改 1 件")
    confirm.wait_for(timeout=PATIENCE_MS)
    assert cases(site) == 1
    confirm.click()
    page.get_by_text("已导入：新增 58 件，修改 1 件").wait_for(timeout=PATIENCE_MS)
    assert cases(site) == 59
    page.get_by_role("link", name="查看这 59 件案件").wait_for()
    page.get_by_role("button", name="导入另一个文件").click()
    upload(page, body)
    page.get_by_text("导入过").wait_for()
    for part in ("新增0行", "修改0行", "不变58行", "拒绝1行", "疑似重复1行"):
        assert part in tally(page), tally(page)
    assert page.get_by_role("button", name="确认导入：新增 0 件，修改 0 件").is_disabled()
    page.get_by_role("button", name="放弃").click()
    page.get_by_test_id("stFileUploaderDropzone").wait_for()
    assert cases(site) == 59
