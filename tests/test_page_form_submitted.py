"""附件2报表, what was submitted: the list, differences, one form as it was, and sums of the units below."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from monitors.access.roles import Role
from monitors.clock import utc_now
from monitors.store import tables as t
from tests.form_ledger import golden, write
from tests.form_page import KUNMING, keys, page, send, sheet, sign, snapshots, submit, words


@pytest.fixture
def ledger(house):
    with house.write() as connection:
        write(connection, golden())
    return house


# ── submitted ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_submitted_forms_are_listed_compared_and_opened(ledger, signed):
    first = submit(ledger, KUNMING, now=utc_now() - timedelta(days=1))
    with ledger.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 4).values(verified_fen=2_005_000))
    second = submit(ledger, KUNMING)
    other = submit(ledger, "530300")
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page(tab="sent")
    assert {f"form-open-{first}", f"form-open-{second}"} <= keys(app)
    assert f"form-open-{other}" not in keys(app)
    assert (app.selectbox(key="form-before").value, app.selectbox(key="form-after").value) == (first, second)
    shown = words(app)
    assert "合计 第8栏“涉及金额（合计）”" in shown
    assert "+10,000.00 元" in shown
    app.selectbox(key="form-before").select(second).run()
    assert "各项数字完全一致" in words(app)
    app.selectbox(key="form-after").select(0).run()
    assert "各项数字完全一致" in words(app)
    app.button(key=f"form-open-{first}").click().run()
    assert sheet(app)["rows"][0]["figures"][7]["words"] == "6.03"
    app.button(key="form-back").click().run()
    assert "snapshot" not in app.query_params


def test_another_divisions_form_and_one_that_is_not_there_are_the_same_to_the_reader(ledger, signed):
    other = submit(ledger, "530300")
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    for number in (other, 9999, "x", "²"):
        app = page(snapshot=number)
        assert sheet(app) is None
        assert "没有这份报送件，或您无权查看" in words(app)


def test_a_form_that_was_altered_in_the_database_is_shown_as_altered(ledger, signed):
    number = submit(ledger, KUNMING)
    with ledger.write() as connection:
        connection.execute(update(t.form_snapshot).values(explanations={"F21": "改"}))
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    assert "与其校验值不符" in words(page(snapshot=number))
    assert "与校验值不符" in words(page(tab="sent"))


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sum_names_the_missing_units_and_what_each_brought(ledger, signed):
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page(tab="sum")
    assert sheet(app) is None
    assert "已报 0 个，未报 14 个" in words(app)
    part = submit(ledger, "530103", role=Role.COUNTY_CLERK)
    app = page(tab="sum")
    shown = words(app)
    assert "已报 1 个，未报 13 个" in shown
    assert "F30" in shown
    assert "下级汇总" in shown
    assert sheet(app)["rows"][0]["figures"][7]["words"] == snapshots(ledger)[0].cells.printed(1, 8)
    shown = words(page(tab="sum", cell="1-8"))
    assert f'href="/form?snapshot={part}"' in shown
    assert "昆明市盘龙区" in shown


def test_a_sum_is_submitted_with_its_parts(ledger, signed):
    part = submit(ledger, "530103", role=Role.COUNTY_CLERK)
    signed(Role.PREFECTURE_REVIEWER, KUNMING)
    app = page(tab="sum")
    for area in app.text_area:
        area.set_value("其余单位次日补报")
    app = send(sign(app.run(), "汇总"))
    one = snapshots(ledger, KUNMING)[0]
    assert (one.kind, dict(one.parts)) == ("汇总", {"530103": part})
    assert "F30" in one.explanations
    assert "由 1 个下级单位报送的报表汇总" in words(app)


def test_a_county_has_no_sum(ledger, signed):
    signed(Role.COUNTY_CLERK, "530102")
    app = page(tab="sum")
    assert [tab.label for tab in app.tabs] == ["报表", "已报送"]
    assert sheet(app) is not None


def test_a_county_chosen_on_the_tab_of_sums_shows_its_own_form(ledger, signed):
    signed(Role.ADMINISTRATOR)
    app = page(tab="sum")
    assert "下级单位 16 个" in words(app)
    app.selectbox(key="form-region").select("530102").run()
    assert sheet(app)["head"][0].endswith("昆明市五华区")
