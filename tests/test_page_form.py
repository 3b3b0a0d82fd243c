"""The page 附件2报表: sheet, figures and their records, checks, 报送, snapshots, sums, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select, update
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access.roles import Role, may
from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from monitors.errors import RefusedError
from monitors.ledger.form_checks import Finding
from monitors.ledger.form_files import file_name
from monitors.ledger.form_layout import BLANKS, COLUMNS, HEADER_ROWS, NOTES, WIDTH
from monitors.ledger.form_lines import Place
from monitors.ledger.form_paper import Paper, Signed
from monitors.store import tables as t
from pages import context, form_ask, form_desk, form_table
from tests.form_ledger import CAMPAIGN, chance_ledger, golden, write
from tests.form_page import (
    DECEMBER,
    KUNMING,
    NOVEMBER,
    ROOT,
    SIGNED,
    WHY,
    address,
    explain,
    field,
    keys,
    page,
    send,
    sheet,
    sign,
    snapshots,
    submit,
    words,
)


@pytest.fixture
def ledger(house):
    with house.write() as connection:
        write(connection, golden())
    return house


# ── the sheet ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sheet_stands_in_the_official_layout(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    data = sheet(page())
    covered = [
        (row, column)
        for one in data["headings"]
        for row in range(one["top"], one["bottom"] + 1)
        for column in range(one["left"], one["right"] + 1)
    ]
    assert sorted(covered) == [(row, column) for row in range(HEADER_ROWS) for column in range(WIDTH)]
    assert [row["name"] for row in data["rows"]] == ["合计", "建筑企业", "加工制造企业", "校外培训机构", "其他用人单位"]
    assert [len(row["figures"]) for row in data["rows"]] == [len(COLUMNS)] * 5
    assert data["notes"] == list(NOTES)
    assert [one.partition("：")[0] for one in data["signatures"]] == list(SIGNED)
    assert data["head"][:2] == ["制表单位名称（盖章）：昆明市", "数据截至：2021年11月30日"]
    assert data["title"] == "根治欠薪冬季专项行动情况（未报送）"


def test_every_figure_is_that_of_the_golden_form_and_opens_where_it_is_not_zero(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    data, expected = sheet(page()), golden()["forms"][0]
    for row, line in zip(data["rows"], expected["rows"], strict=True):
        assert [bool(one["at"]) for one in row["figures"]] == [bool(exact) for exact in line]
    for column in (8, 9, 14):
        assert [row["figures"][column - 1]["words"] for row in data["rows"]] == expected["printed_money"][str(column)]
    blanks = [part for line in data["others"] for part in line if "at" in part]
    assert [part["words"] for part in blanks] == expected["printed_others"]
    assert [part["at"] for part in blanks] == [f"0-{number}" for number in range(1, len(BLANKS) + 1)]
    text = "".join(part["words"] for part in data["others"][0])
    assert text == "①政府投资工程项目：检查 1 个，查实存在欠薪 1 个（拖欠工资 3.00 万元，涉及 0.0030 万人）；"


def test_what_a_check_found_is_marked_at_its_cells(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    marks = {
        (row["number"], index)
        for row in sheet(page())["rows"]
        for index, one in enumerate(row["figures"], start=1)
        if one["mark"] == "W"
    }
    assert marks == {(4, 5), (4, 1), (4, 6), (4, 2), (5, 12), (5, 6), (5, 14), (5, 8), (2, 20), (2, 19)}


def test_a_cell_that_blocks_is_marked_so_though_it_also_wants_words():
    both = (Finding("F02", 1, (3, 2), "甲"), Finding("F21", 1, (3,), "乙"))
    assert form_table._marks(both) == {(1, 3): "E", (1, 2): "E"}


@pytest.mark.parametrize("text", ["", "8", "6-1", "1-21", "0-15", "1-0", "x-1", "1-²", "1-999999", "-1-2", "1-2-3"])
def test_a_place_that_is_not_on_the_form_is_none(text):
    assert form_table.place_of(text) is None


def test_places_have_the_names_of_the_form():
    assert form_table.name_of(form_table.place_of("1-8")) == "“合计”行第8栏“涉及金额（合计）”"
    assert form_table.name_of(Place(0, 14)) == "其他情况④列入欠薪“黑名单”"


# ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_usual_cutoff_is_that_of_the_report_due_next():
    present, past = settings_module.load().campaigns[-1], settings_module.load().campaigns[0]
    assert form_ask.usual_cutoff(present, date(2026, 11, 24)) == date(2026, 11, 30)
    assert form_ask.usual_cutoff(present, date(2026, 12, 3)) == date(2026, 11, 30)  # due that day itself
    assert form_ask.usual_cutoff(present, date(2026, 12, 4)) == date(2026, 12, 31)
    assert form_ask.usual_cutoff(past, date(2026, 11, 24)) == DECEMBER
    assert form_ask.usual_cutoff(CAMPAIGN, date(2021, 11, 9)) == date(2021, 11, 9)  # a campaign without reports
    assert form_ask.usual_cutoff(CAMPAIGN, date(2026, 1, 1)) == CAMPAIGN.end


def test_a_person_chooses_among_their_own_divisions():
    assert form_ask.places(Scope("530102")) == ("530102",)
    assert len(form_ask.places(Scope(KUNMING))) == 15
    everywhere = form_ask.places(Scope("530000"))
    assert (everywhere[0], len(everywhere), len(set(everywhere))) == ("530000", 146, 146)


def test_the_present_campaign_comes_first_and_fields_write_the_address(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = AppTest.from_file(str(ROOT / "pages" / "form.py"), default_timeout=60).run()
    assert app.selectbox(key="form-campaign").value == settings_module.load().campaign.key
    app.selectbox(key="form-campaign").select("2021").run()
    assert address(app, "campaign") == "2021"
    assert app.selectbox(key="form-cutoff").value == "2021-12-31"
    app.selectbox(key="form-cutoff").select("2021-11-30").run()
    app.selectbox(key="form-region").select("530103").run()
    assert (address(app, "cutoff"), address(app, "region")) == ("2021-11-30", "530103")
    assert sheet(app)["head"][0].endswith("昆明市盘龙区")
    app.selectbox(key="form-cutoff").select("other").run()
    app.date_input(key="form-day").set_value(date(2021, 11, 15)).run()
    assert address(app, "cutoff") == "2021-11-15"
    assert sheet(app)["head"][1] == "数据截至：2021年11月15日"
    app.selectbox(key="form-cutoff").select("2021-11-30").run()
    assert sheet(app)["head"][1] == "数据截至：2021年11月30日"
    assert not app.date_input


@pytest.mark.parametrize(
    "wrong", [{"cutoff": "2020-01-01"}, {"cutoff": "昨天"}, {"region": "530300"}, {"region": "x"}, {"campaign": "?"}]
)
def test_an_address_that_cannot_be_meant_shows_the_usual_form_of_ones_own(ledger, signed, wrong):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    data = sheet(page(**wrong))
    assert data["head"][0].endswith("昆明市")


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_figure_opens_its_records(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    shown = words(page(cell="1-8"))
    assert "昆明市，截至 2021-11-30：6.03 万元（准确数 60,199.99 元）" in shown  # as printed, and exactly
    assert "案件记录 4 条" in shown
    assert 'href="/ledger?case=AJ2021-000001"' in shown
    assert "30,049.99 元" in shown
    assert "同一案件中多次领到工资的人只计一次" in words(page(cell="1-12"))
    assert "政府投资工程项目：检查" in words(page(cell="0-1"))
    assert "数字明细" not in words(page(cell="9-9"))


@pytest.mark.parametrize(
    "cell", [f"{row}-{column}" for row in (1, 2) for column in range(1, 21)] + ["0-2", "0-3", "0-4"]
)
def test_every_kind_of_record_can_be_shown(ledger, signed, cell):
    signed(Role.ADMINISTRATOR)
    app = page(cell=cell)
    assert not app.exception
    assert not app.error
    assert "记录" in words(app)


def test_hostile_names_are_words(house, signed):
    hostile = "<img src=x onerror=y()> ![b](http://beacon.invalid/b.png)"
    with house.write() as connection:
        ledger = chance_ledger(3, cases=20)
        for one in ledger["employer"]:
            one["name"] = hostile
        write(connection, ledger)
    signed(Role.ADMINISTRATOR)
    app = page(cell="1-1")
    assert "<img" not in words(app)
    assert "&lt;img src=x onerror=y()&gt;" in words(app)


# ── checks, signatures, 报送 ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_is_explained_signed_submitted_and_frozen(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page()
    assert "须更正 0 项，须说明 5 项" in words(app)
    assert app.button(key="form-submit").disabled
    app = send(sign(app))
    assert "请说明原因后再报送" in words(app)
    assert snapshots(ledger) == ()
    app = send(explain(app))
    (one,) = snapshots(ledger)
    assert (one.region, one.cutoff, one.kind, one.explanations) == (KUNMING, NOVEMBER, "本级", WHY)
    assert one.signed == Signed(*SIGNED.values())
    assert address(app, "snapshot") == str(one.id)
    data = sheet(app)
    assert data["title"] == "根治欠薪冬季专项行动情况"  # no longer 未报送
    assert data["signatures"] == [f"{name}：{who}" for name, who in SIGNED.items()]
    assert "说明 F21：已核实，情况属实" in words(app)
    before = data["rows"]
    with ledger.write() as connection:
        connection.execute(update(t.wage_case).values(verified_fen=1))
        connection.execute(delete(t.payment))
    app = page(snapshot=one.id)
    assert sheet(app)["rows"] == before
    assert "校验一致" in words(app)
    app = page(snapshot=one.id, cell="1-8")
    assert "报送件中的数字不再变化" in words(app)


def test_what_is_typed_stays_with_its_form_over_another_tab_and_another_region(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page()
    app.text_area(key=field("本级", "F21")).set_value("先写一半").run()
    app.selectbox(key="form-region").select("530103").run()
    assert "先写一半" not in [area.value for area in app.text_area]
    app.selectbox(key="form-region").select(KUNMING).run()
    assert app.text_area(key=field("本级", "F21")).value == "先写一半"


def test_an_error_blocks_whatever_is_explained(ledger, signed):
    with ledger.write() as connection:
        connection.execute(update(t.payment).where(t.payment.c.id == 4).values(wage_fen=9_000_000))
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = sign(page())
    assert "F11" in words(app)
    assert app.button(key="form-submit").disabled
    assert "有须更正的项目，暂不能报送" in words(app)


def test_a_missing_signature_is_said(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = send(explain(page()))
    assert "请填写单位负责人后再报送" in words(app)
    assert snapshots(ledger) == ()


def test_figures_that_changed_since_they_were_on_the_screen_are_looked_at_again(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = explain(sign(page()))
    next(box for box in app.checkbox if box.key.startswith("form-ready")).check().run()
    with ledger.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 4).values(verified_fen=2_005_000))
    app.button(key="form-submit").click().run()
    assert "台账数据在您核对期间有变化" in words(app)
    assert snapshots(ledger) == ()
    app.button(key="form-submit").click().run()
    assert [one.cells.at(1, 8) for one in snapshots(ledger)] == [7_019_999]


def test_a_cutoff_that_has_not_come_cannot_be_submitted(house, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    present = settings_module.load().campaign
    if local(utc_now()).date() >= present.end:
        pytest.skip("the present campaign of config.toml is over")
    app = page(campaign=present.key, cutoff=present.end.isoformat())
    assert sheet(app) is not None
    assert "form-submit" not in keys(app)
    assert "到期后方可报送" in words(app)


def test_the_names_of_the_last_form_are_offered_and_its_reasons_as_a_hint(ledger, signed):
    submit(ledger, KUNMING)
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page(cutoff=DECEMBER)
    assert app.text_input(key=field("本级", "单位负责人", cutoff=DECEMBER)).value == "甲同志"
    area = app.text_area(key=field("本级", "F21", cutoff=DECEMBER))
    assert (area.value, area.placeholder) == ("", "上次说明：说明")


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_and_may_what_the_table_says(ledger, signed, role):
    signed(role, KUNMING if role in (Role.PREFECTURE_REVIEWER, Role.LEADER, Role.DUTY_OFFICER) else "")
    app = page()
    assert (sheet(app) is not None) is may(role, "ledger.view")
    assert ("form-submit" in keys(app)) is may(role, "form.submit")
    files = {button.proto.label for button in app.get("download_button")}
    assert files == (set(form_desk.FILES.values()) if may(role, "ledger.export") else set())
    if not may(role, "ledger.view"):
        with ledger.read() as connection:
            last = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
        assert (last.action, last.kind, last.target, last.outcome) == ("ledger.view", "page", "form", "拒绝")


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_made_for_whoever_is_signed_in_then_and_say_that_they_are_drafts(ledger, signed):
    token = signed(Role.PREFECTURE_REVIEWER, KUNMING)
    with ledger.read() as connection:
        cells = form_desk.form_snapshots.form.cells(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING)
    paper = Paper(cells, "示例", NOVEMBER, draft=True)
    assert form_desk._file(context.Held(token, ""), paper, "xlsx", 0)[:2] == b"PK"
    assert form_desk._file(context.Held(token, ""), paper, "pdf", 0)[:4] == b"%PDF"
    assert file_name(paper, "pdf") == "专项行动情况表_昆明市_20211130_未报送.pdf"
    assert file_name(replace(paper, draft=False), "xlsx") == "专项行动情况表_昆明市_20211130.xlsx"
    with ledger.write() as connection:
        connection.execute(update(t.session).values(ended_at=datetime.now(UTC), ended_why="退出"))
    with pytest.raises(RefusedError, match="登录已结束"):
        form_desk._file(context.Held(token, ""), paper, "xlsx", 0)
