"""The page 值班与交接, and the alert's tabs 对外回应 and 应急预案, as those who use them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role
from monitors.clock import local, utc_now
from monitors.desk import handover
from monitors.notify import rostering
from monitors.notify.roster import Shift
from monitors.notify.rostering import Named, ShiftDraft
from monitors.store import tables as t
from pages import roster_week
from tests import seed
from tests.access_house import trail
from tests.desk_house import ADMIN
from tests.sent import everything
from tests.test_page_duty import component, words

ROOT = Path(__file__).resolve().parent.parent
COUNTY, PREFECTURE, PROVINCE = "530627", "530600", "530000"
TITLE = "示例工地三名工人爬上塔吊讨要工资"


@pytest.fixture
def desk(house):
    """One orange alert being checked; its row."""
    seed.plant(house, seed.Planted(TITLE, level="II", region=COUNTY, state="核查中"), utc_now())
    with house.read() as connection:
        return connection.execute(select(t.alert)).one()


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    registered = app._registered_pages.items()
    app._page_hash = next(key for key, one in registered if one["url_pathname"] == "roster")
    return app.run()


def send(app, key):
    next(one for one in app.button if one.key.startswith(key) and one.key.endswith("send")).click()
    return app.run()


def field(app, kind, ends):
    return next(one for one in app.get(kind) if one.key and one.key.endswith(ends))


def turn(app, tab, label="内容"):
    next(one for one in app.get("button_group") if one.label == label).set_value(tab)
    return app.run()


def add_shift(house, region=PROVINCE, officer="值班甲", leader="带班甲"):
    now = utc_now()
    with house.write() as connection:
        draft = ShiftDraft(region, now - timedelta(hours=1), now + timedelta(hours=9), Named(officer), Named(leader))
        return rostering.add(connection, ADMIN, draft, now=now)


def test_an_empty_roster_is_red_and_a_series_fills_it(desk, house, signed):
    signed(Role.SHIFT_LEADER)
    app = page()
    assert "当前时段未排班" in words(app)
    app = turn(app, "值班表")
    field(app, "text_input", "-officers").set_value("值班甲、示例人员")
    field(app, "text_input", "-leaders").set_value("带班乙")
    app = send(app, "roster-530000")
    shown = words(app)
    assert "值班甲" in shown
    assert "带班 带班乙" in shown
    with house.read() as connection:
        rows = connection.execute(select(t.shift.c.officer, t.shift.c.officer_id)).all()
    assert {row.officer for row in rows} == {"值班甲", "示例人员"}
    assert {row.officer_id is None for row in rows if row.officer == "示例人员"} == {False}  # an account of the desk


def test_a_shift_of_the_night_before_stands_on_monday_with_its_day():
    monday, sunday = date(2026, 11, 23), roster_week.midnight(date(2026, 11, 22))
    hours = [(20, 32), (32, 44), (44, 56), (56, 116)]
    shifts = [
        Shift(number, PROVINCE, sunday + timedelta(hours=a), sunday + timedelta(hours=b), None, "甲", None, "", "", 1)
        for number, (a, b) in enumerate(hours)
    ]
    drawn = roster_week.week(monday, shifts, sunday, editing=False)
    for told in ("11-22 20:00—08:00", "<i>08:00—20:00", "<i>20:00—次日 08:00", "<i>08:00—11-26 20:00"):
        assert told in drawn


def test_what_is_refused_stands_at_the_form(desk, house, signed):
    add_shift(house)
    signed(Role.SHIFT_LEADER)
    app = turn(turn(page(), "值班表"), "单独一班", "排班方式")
    for part in ("-starts", "-ends"):  # round the clock from now on
        field(app, "time_input", part).set_value(local(utc_now()).time().replace(second=0, microsecond=0))
    app = send(app, "roster-530000")
    assert "重叠" in words(app)


def test_the_duty_screen_says_in_red_that_nobody_is_named(desk, house, signed):
    signed(Role.DUTY_OFFICER)
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=30).run()
    assert component(app, "pulse")["roster"] == "当前时段未排班"
    add_shift(house, officer="")
    assert component(app.run(), "pulse")["roster"] == "当前班次未排值班员"


def test_one_hands_over_and_another_takes_over(desk, house, signed):
    add_shift(house)
    signed(Role.DUTY_OFFICER)
    app = page()
    assert TITLE in words(app)
    field(app, "text_area", "-notes").set_value("塔吊一事 04:10 前报查实情况")
    app = send(app, "handover-out")
    assert "等接班人签字" in words(app)
    assert not [one for one in app.button if one.key.startswith("handover-in")]
    signed(Role.SHIFT_LEADER)
    app = page()
    assert "塔吊一事 04:10 前报查实情况" in words(app)
    field(app, "text_area", "handover-in-1-notes").set_value("已知悉")
    app = send(app, "handover-in")
    with house.read() as connection:
        held = handover.get(connection, ADMIN, 1)
        assert connection.scalar(select(func.count()).select_from(t.handover)) == 1
    assert (held.in_notes, held.summary.figures.open) == ("已知悉", 1)
    assert "已知悉" in words(turn(app, "历次交接"))


def test_a_county_sees_its_own_desk_and_signs_nothing(desk, house, signed):
    add_shift(house)
    signed(Role.COUNTY_CLERK, "530102")
    app = page(desk=PROVINCE)
    shown = everything(app)
    assert "五华区值班室" in shown
    assert TITLE not in shown
    assert "值班甲" in words(app)  # who answers for it meanwhile
    assert not [one for one in app.button if one.key.startswith(("handover-", "roster-530"))]


# ── the alert's tabs ─────────────────────────────────────────────────────────────────────────────────────────────────
def _panel(which, number):
    """Drawn by itself; the drawer round it is tried elsewhere."""
    import importlib

    from monitors.desk import alerts
    from pages import context

    with context.look() as connection:
        alert = alerts.get(connection, context.actor(), number)
    importlib.import_module(f"pages.{which}").panel(alert)


def panel(which, number):
    return AppTest.from_function(_panel, args=(which, number), default_timeout=30).run()


def click(app, label):
    next(one for one in app.button if one.label == label).click()
    return app.run()


def test_an_answer_is_written_approved_and_published(desk, house, signed):
    signed(Role.DUTY_OFFICER)
    app = panel("alert_response", desk.number)
    assert "首次回应（5 小时）" in words(app)
    assert "正在核查" in field(app, "text_area", "-body").value
    field(app, "text_input", "-unit").set_value("示例县人社局")
    app = click(app, "保存草稿")
    app = click(app, "送批")
    assert "等带班领导批准" in words(app)
    signed(Role.SHIFT_LEADER)
    app = click(panel("alert_response", desk.number), "批准")
    field(app, "text_input", "-channel").set_value("示例发布")
    field(app, "text_input", "-url").set_value("javascript:alert(1)")
    app = click(app, "登记发布")
    assert "网址须以" in words(app)
    field(app, "text_input", "-url").set_value("https://news.invalid/1")
    app = click(app, "登记发布")
    assert "已发布" in words(app)
    assert not [one for one in app.button if one.label in ("登记发布", "退回拟稿人", "保存修改")]
    assert [one["action"] for one in trail(house)][-1] == "response.publish"


def test_a_plan_is_started_and_ticked(desk, house, signed):
    signed(Role.DUTY_OFFICER)
    app = click(panel("alert_plan", desk.number), "启动II级（橙）应急处置预案")
    field(app, "text_input", f"plan-note-{desk.number}-0").set_value("现场 12 人")
    app.checkbox[0].check()
    app = app.run()
    assert "已完成 1 项" in words(app)
    assert "现场 12 人" in app.checkbox[0].label
    app.checkbox[0].uncheck()
    assert "已完成 0 项" in words(app.run())
    signed(Role.LEADER)
    app = panel("alert_plan", desk.number)
    assert not list(app.button)
    assert not [one for one in app.checkbox if not one.disabled]
