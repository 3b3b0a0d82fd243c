"""The page 导入台账 as each role: upload, the child's work, preview, what is settled, confirm, past imports."""

from __future__ import annotations

import io
import os
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from ledger_house import ADMIN, ELSEWHERE, SETTINGS
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest
from workbooks import ROW, made, opened, tidy

from monitors import settings as settings_module
from monitors.access.roles import Role, may
from monitors.clock import utc_now
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import (
    import_batches,
    import_desk,
    import_lines,
    import_work,
    workbook_import,
    workbook_plan,
    workbook_refused,
)
from monitors.ledger.workbook_columns import BY_KEY
from monitors.ledger.workbook_plan import Verdict
from monitors.store import tables as t
from pages import context
from tests.test_page_duty import words

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0


def day(back):
    return (utc_now() - timedelta(days=back)).date().isoformat()


def row(**more):
    return ROW | {"accepted_on": day(20), "period_from": day(200), "period_to": day(60)} | more


GOOD = row()
ALIKE = row(accepted_on=day(10), claimed_workers=40)
MANY = row(claimed_workers=12_000, claimed_migrants=12_000, claimed_fen=90_000_000, project="二标段")
WRONG = row(claimed_migrants=99, project="三标段")


@pytest.fixture
def settings(house):
    return settings_module.load()


@pytest.fixture
def inline(house, monkeypatch):
    """The child's work done at once and in this process; what the child itself is good for has a test of its own."""
    done = []

    def start(settings, job, task):
        done.append(task)
        import_work.work(house, settings, import_desk.folder(settings, job.token), task, job.turn)

    monkeypatch.setattr(import_desk, "_start", start)
    return done


@pytest.fixture
def clerk(signed):
    """A county clerk of 五华 at the page."""
    signed(Role.COUNTY_CLERK, "530102")
    return context.actor


def begun(settings, who, body, name="台账.xlsx", now=None):
    return import_desk.begin(context.store(), settings, who, body, name, now=now or utc_now())


def ready(settings, who):
    """The person's job once nobody works on it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (job := import_desk.mine(settings, who)) is not None and job.working(utc_now()):
        assert time.monotonic() < until, job
        time.sleep(0.05)
    return job


def page():
    app = AppTest.from_file(str(ROOT / "pages" / "ledger_import.py"), default_timeout=60).run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def press(app, key):
    app = app.button(key=key).click().run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def keys(app):
    return {button.key for button in app.button}


def rows_of(house):
    with house.read() as connection:
        return connection.scalar(select(func.count()).select_from(t.wage_case))


def imported(house, who, body):
    with house.read() as connection:
        plan = workbook_plan.plan(connection, who.scope, opened(body), settings=SETTINGS, now=utc_now())
    return workbook_import.apply(house, who, plan, settings=SETTINGS, now=utc_now())


def lines(settings, job, group="全部"):
    own = import_desk.folder(settings, job.token)
    return import_lines.read(own, import_lines.places(own).starts[group])


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_import_sees_the_page(signed, settings, inline, role):
    signed(role)
    app = page()
    if may(role, "ledger.import"):
        assert "下载模板" in {button.proto.label for button in app.get("download_button")}
        assert begun(settings, context.actor(), tidy([GOOD])).state == "排队"
        return
    assert "不能" in words(app)
    assert not app.get("download_button")
    with pytest.raises(RefusedError):
        begun(settings, context.actor(), tidy([GOOD]))
    assert not inline
    assert import_desk.mine(settings, context.actor()) is None


def test_nobody_sees_or_touches_the_upload_of_another(clerk, signed, settings, inline):
    job = begun(settings, clerk(), tidy([GOOD]))
    signed(Role.COUNTY_CLERK, "530102")
    other = context.actor()
    assert import_desk.mine(settings, other) is None
    assert "台账.xlsx" not in words(page())
    for act in (import_desk.again, import_desk.confirm):
        with pytest.raises(InputError, match="重新上传"):
            act(settings, other, job.token, now=utc_now())
    import_desk.drop(settings, other, job.token, now=utc_now())
    assert import_desk.folder(settings, job.token).is_dir()
    with pytest.raises(InputError):
        import_desk.folder(settings, "../" * 10 + "aa")


def test_what_lies_on_disk_is_for_the_server_alone_and_goes_with_the_import(clerk, settings, inline, house):
    old = os.umask(0o022)
    try:
        job = begun(settings, clerk(), tidy([GOOD, WRONG]))
    finally:
        os.umask(old)
    own = import_desk.folder(settings, job.token)
    assert stat.S_IMODE(own.stat().st_mode) == stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((own / import_desk.BOOK).stat().st_mode) == 0o600
    press(page(), "import-confirm")
    assert rows_of(house) == 1
    assert {one.name for one in own.iterdir()} == {"job.json", "lock", import_desk.REFUSED}
    press(page(), "import-new")
    assert not own.exists()


# ── preview ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_preview_counts_and_says_row_by_row_what_and_why(clerk, settings, inline, house):
    imported(house, clerk(), tidy([GOOD]))
    begun(settings, clerk(), tidy([GOOD | {"claimed_workers": 37}, ALIKE, MANY, WRONG, row(project="四标段")]))
    app = page()
    for name, number in (("新增", 1), ("修改", 1), ("不变", 0), ("拒绝", 2), ("疑似重复", 1)):
        assert f"{name}<b>{number}</b>" in words(app)
    groups = app.get("button_group")[0]
    assert groups.options == ["全部 5", "新增 1", "修改 1", "拒绝 2", "疑似重复 1", "数字存疑 1"]
    assert groups.value == "疑似重复", "what a person must settle comes first"
    assert "E12" in words(app)
    assert rows_of(house) == 1, "nothing is written by looking"
    app.session_state["import-group"] = "全部"
    shown = words(app.run())
    for said in ("<s>36", "<ins>37", "E01", "E13", "欠薪台账!2", "登记为新案件"):
        assert said in shown
    app.session_state["import-group"] = "拒绝"
    shown = words(app.run())
    assert "欠薪台账!5" in shown
    assert "欠薪台账!2" not in shown


def test_a_long_preview_is_paged(clerk, settings, inline):
    begun(settings, clerk(), tidy([row(project=f"{number}标段") for number in range(1, 62)]))
    app = page()
    assert "欠薪台账!51<" in words(app)
    assert "欠薪台账!52<" not in words(app)
    app = press(app, "import-next")
    assert "第 2 页，共 2 页" in words(app)
    assert "欠薪台账!62<" in words(app)
    assert app.button(key="import-next").disabled
    assert "欠薪台账!2<" in words(press(app, "import-before"))


def test_text_of_a_workbook_stays_text(clerk, settings, inline):
    hostile = "<img src=x onerror=alert(1)>公司"
    begun(settings, clerk(), tidy([row(employer=hostile)]), name="<b>台账</b>.xlsx")
    shown = words(page())
    assert "<img" not in shown
    assert "<b>台账" not in shown
    assert "&lt;img src=x" in shown


def test_a_sheet_that_cannot_be_read_says_why_and_imports_nothing(clerk, settings, inline):
    begun(settings, clerk(), b"PK\x03\x04 no workbook")
    app = page()
    assert "没有处理完" in words(app)
    assert {"import-new"} <= keys(app)
    assert "import-confirm" not in keys(app)

    def doubled(book):
        book.active.append(["企业名称", "诉求人数", "诉求人数", "州市", "县"])
        book.active.append(["滇示甲公司", 1, 2, "昆明市", "五华区"])

    begun(settings, clerk(), made(doubled))
    app = page()
    assert "不止一次" in words(app)
    assert app.button(key="import-confirm").disabled
    job = import_desk.mine(settings, clerk())
    with pytest.raises(ConflictError):
        import_desk.confirm(settings, clerk(), job.token, now=utc_now())


# ── what a person settles ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_suspected_duplicate_is_merged_added_or_skipped(clerk, settings, inline, house):
    imported(house, clerk(), tidy([GOOD]))
    job = begun(settings, clerk(), tidy([ALIKE]))
    app = page()
    assert app.button(key="import-confirm").disabled
    widget = f"import-choice|{job.token}|欠薪台账!2"
    (choice,) = [one for one in app.get("button_group") if one.key == widget]
    assert choice.options == ["合并", "新增", "跳过"]
    app = choice.set_value("合并").run()
    assert "请先点“按所选重新核对”" in words(app)
    assert app.button(key="import-confirm").disabled
    app = press(app, "import-again")
    assert "修改<b>1</b>" in words(app)
    (line,) = lines(settings, job, "疑似重复")
    assert (line.verdict, line.choice) == (Verdict.CHANGE, "合并")
    app = press(app, "import-all-新增")
    app = press(app, "import-again")
    assert "新增<b>1</b>" in words(app)
    app = press(app, "import-all-跳过")
    app = press(app, "import-again")
    assert "疑似重复<b>1</b>" in words(app)
    app = press(press(app, "import-all-合并"), "import-again")
    press(app, "import-confirm")
    assert rows_of(house) == 1
    with house.read() as connection:
        assert connection.scalar(select(t.wage_case.c.claimed_workers)) == 40


def test_doubtful_figures_are_taken_once_confirmed(clerk, settings, inline, house):
    job = begun(settings, clerk(), tidy([MANY, WRONG]))
    app = page()
    app.session_state["import-group"] = "数字存疑"
    app = app.run()
    app = app.checkbox(key=f"import-trust|{job.token}|欠薪台账!2").check().run()
    app = press(app, "import-again")
    assert "新增<b>1</b>" in words(app)
    app = press(press(app, "import-trust-none"), "import-again")
    assert "新增<b>0</b>" in words(app)
    app = press(press(press(app, "import-trust-all"), "import-again"), "import-confirm")
    assert "新增 1 件" in app.success[0].value
    assert rows_of(house) == 1


# ── confirm ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_confirmed_once_written_once_and_the_same_file_changes_nothing(clerk, settings, inline, house):
    body = tidy([GOOD, row(project="二标段"), WRONG])
    job = begun(settings, clerk(), body)
    app = page()
    assert app.button(key="import-confirm").label == "确认导入：新增 2 件，修改 0 件"
    app = press(app, "import-confirm")
    assert "已导入：新增 2 件，修改 0 件，不变 0 件，拒绝 1 行未导入" in "\n".join(s.value for s in app.success)
    assert "台账.xlsx" in words(app)
    with pytest.raises(ConflictError):
        import_desk.confirm(settings, clerk(), job.token, now=utc_now())
    with house.read() as connection:
        (batch,) = import_batches.listed(connection, clerk().scope, limit=9)
        assert (batch.added, batch.refused) == (2, 1)
        cases = import_batches.cases_of(connection, clerk().scope, batch.id)
        assert len(cases) == 2
        assert import_batches.listed(connection, ELSEWHERE.scope, limit=9) == ()
        assert import_batches.cases_of(connection, ELSEWHERE.scope, batch.id) == ()
        assert import_batches.total(connection, ADMIN.scope) == 1
    press(app, "import-new")
    begun(settings, clerk(), body)
    app = page()
    assert "导入过" in words(app)
    assert "不变<b>2</b>" in words(app)
    assert app.button(key="import-confirm").disabled


def test_a_ledger_that_moved_is_shown_again_before_anything_is_written(clerk, settings, inline, house):
    imported(house, clerk(), tidy([GOOD]))
    begun(settings, clerk(), tidy([GOOD | {"claimed_workers": 37}, row(project="二标段")]))
    app = page()
    with house.write() as connection:
        connection.execute(update(t.wage_case).values(claimed_workers=41, revision=t.wage_case.c.revision + 1))
    app = press(app, "import-confirm")
    assert "台账有变动" in words(app)
    assert rows_of(house) == 1
    app.session_state["import-group"] = "修改"
    assert "<s>41" in words(app.run())
    press(app, "import-confirm")
    assert rows_of(house) == 2


def test_a_right_taken_away_meanwhile_is_asked_for_again(clerk, settings, inline, house):
    begun(settings, clerk(), tidy([GOOD]))
    app = page()
    with house.write() as connection:
        connection.execute(update(t.account).values(role=str(Role.DUTY_OFFICER)))
    app = press(app, "import-confirm")
    assert rows_of(house) == 0
    assert "不能" in words(app)


def test_rows_of_another_division_are_refused(clerk, settings, inline):
    begun(settings, clerk(), tidy([row(county="官渡区")]))
    assert "不在您的辖区内" in words(page())


# ── what was left out ────────────────────────────────────────────────────────────────────────────────────────────────
def test_rows_left_out_come_back_with_reasons_and_can_be_uploaded_mended(clerk, settings, inline):
    def ugly(book):
        page = book.active
        page.title = "台帐"
        page.append(["某县欠薪台帐（单位：万元）"])
        heads = [
            "企业名称",
            "企业类别",
            "项目名称",
            "州市",
            "县",
            "行业",
            "受理日期",
            "反映人数",
            "其中农民工",
            "反映金额",
        ]
        page.append([*heads, "欠薪起始", "欠薪截止", "线索渠道", "我县自设的列"])
        page.append(
            [
                "滇示甲公司",
                "建筑企业",
                "一标段",
                "昆明市",
                "五华区",
                "住建",
                day(9),
                3,
                30,
                6,
                day(99),
                day(50),
                "来访",
                "甲",
            ]
        )
        page.append(
            ["同上", "同上", "二标段", "同上", "同上", "同上", day(9), "若干", 3, 6, day(99), day(50), "来访", "乙"]
        )
        page.append(["同上", "同上", "三标段", "同上", "同上", "同上", day(9), 4, 4, 6, day(99), day(50), "来访", "丙"])
        page.merge_cells("N3:N5")

    job = begun(settings, clerk(), made(ugly))
    job = ready(settings, clerk())
    assert import_desk.told(job)["拒绝"] == 2, [line.faults for line in lines(settings, job)]
    body = import_desk.refused(settings, job)
    sheet = openpyxl.load_workbook(io.BytesIO(body))["台帐"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[:2] == [workbook_refused.REASONS, workbook_refused.ORIGIN]
    assert "E01" in sheet["A2"].value
    assert [sheet["B2"].value, sheet["B3"].value] == ["台帐!3", "台帐!4"]
    place = {name: number for number, name in enumerate(heads, start=1)}
    assert sheet.cell(3, place[BY_KEY["employer"].heading]).value == "滇示甲公司", "同上 is spelt out"
    workers, migrants = (place[BY_KEY[key].heading] for key in ("claimed_workers", "claimed_migrants"))
    sheet.cell(2, migrants).value = 3
    sheet.cell(3, workers).value = 5
    stream = io.BytesIO()
    sheet.parent.save(stream)
    import_desk.drop(settings, clerk(), job.token, now=utc_now())
    job = begun(settings, clerk(), stream.getvalue())
    found = lines(settings, job)
    assert [str(line.verdict) for line in found] == ["新增", "新增"], [line.faults for line in found]
    assert {line.fen for line in found} == {6_000_000}, "万元 stays 万元"


# ── the child itself ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_child_previews_and_writes_beside_the_pages(clerk, settings, house):
    # The page's store opens the file anew, and closing a file lets go of this process's locks on it: with a connection
    # of the house still open the child would think itself alone and take the write-ahead log away from under it.
    house.engine.dispose()
    job = begun(settings, clerk(), tidy([GOOD, WRONG]))
    app = page()
    assert "放弃" in {button.label for button in app.button}
    job = ready(settings, clerk())
    assert (job.state, job.why) == ("待确认", "")
    app = press(page(), "import-confirm")
    job = ready(settings, clerk())
    assert (job.state, job.result.added, job.result.refused) == ("已导入", 1, 1)
    assert rows_of(house) == 1
    with house.read() as connection:
        assert connection.scalar(select(t.audit.c.address).where(t.audit.c.action == "ledger.import")) is not None


def test_a_child_that_dies_is_told_of(clerk, settings, monkeypatch):
    monkeypatch.setattr(import_desk.sys, "executable", "/bin/false")
    begun(settings, clerk(), tidy([GOOD]))
    job = ready(settings, clerk())
    assert job.state == "未完成"
    assert "中途结束" in words(page())
    monkeypatch.undo()


def test_a_fault_of_ours_is_no_stack_trace(clerk, settings, inline, monkeypatch):
    def broken(*_args, **_more):
        raise ZeroDivisionError("secret path")

    monkeypatch.setattr(import_work.workbook_plan, "plan", broken)
    begun(settings, clerk(), tidy([GOOD]))
    app = page()
    assert "程序出错" in words(app)
    assert "secret path" not in words(app)


def test_what_lies_about_for_a_day_goes_and_one_job_is_kept_per_person(clerk, signed, settings, inline):
    now = datetime.now(UTC)
    old = begun(settings, clerk(), tidy([GOOD]), now=now - timedelta(hours=25))
    assert import_desk.folder(settings, old.token).exists()
    signed(Role.COUNTY_CLERK, "530103")
    first = begun(settings, context.actor(), tidy([GOOD]), now=now)
    assert not import_desk.folder(settings, old.token).exists()
    second = begun(settings, context.actor(), tidy([GOOD]), now=now)
    assert not import_desk.folder(settings, first.token).exists()
    assert import_desk.mine(settings, context.actor()).token == second.token
    assert import_desk.tidy(settings, now + timedelta(hours=23)) == 0
    assert import_desk.tidy(settings, now + timedelta(hours=25)) == 1


def test_a_job_that_was_dropped_is_not_made_again(clerk, settings, monkeypatch, house):
    monkeypatch.setattr(import_desk, "_start", lambda *_: None)
    job = begun(settings, clerk(), tidy([GOOD]))
    own = import_desk.folder(settings, job.token)
    import_desk.drop(settings, clerk(), job.token, now=utc_now())
    assert import_work.work(house, settings, own, "plan", 0)
    assert not own.exists()
    job = begun(settings, clerk(), tidy([GOOD]))
    own = import_desk.folder(settings, job.token)
    import_desk.write(own, replace(job, state="写入"))
    with pytest.raises(ConflictError, match="正在写入"):
        import_desk.drop(settings, clerk(), job.token, now=utc_now())
    with pytest.raises(ConflictError):
        import_desk.settle(settings, clerk(), job.token, decisions={"欠薪台账!2": "新增"})
