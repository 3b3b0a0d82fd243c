"""The page 警情处置 as each role: the queue, its address, the drawer, and what is done there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role, may
from monitors.store import tables as t
from tests import desk_house as desk
from tests.sent import everything
from tests.test_page_duty import words

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def held(house):
    """Numbers of alerts of 五华 by their state, and of one of 镇雄."""
    now = datetime.now(UTC)
    check = desk.CHECK | {"check_due_at": now + timedelta(days=1)}
    with house.write() as connection:
        made = {
            "new": desk.opened(connection, "II", now=now, first_published_at=now),
            "signed": desk.signed(connection, "III", now=now, first_published_at=now),
            "far": desk.opened(connection, "IV", now=now, first_published_at=now, region="530627"),
        }
        made["asked"] = desk.signed(connection, "III", now=now, first_published_at=now)
        desk.move(connection, desk.DUTY, made["asked"], "核查中", check, now=now)
        desk.move(connection, desk.DUTY, made["asked"], "处置中", desk.FOUND, now=now)
        desk.move(connection, desk.DUTY, made["asked"], "已办结", desk.DONE, now=now)
        return {name: desk.row(connection, one).number for name, one in made.items()}


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "alerts.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def table(app):
    """What the queue was last given."""
    (found,) = (one.proto for one in app.get("bidi_component") if one.proto.component_name == "alert_queue")
    return json.loads(found.json)


def numbers(app):
    return {row["number"] for row in table(app)["rows"]}


def labels(app):
    return {button.label for button in app.button}


def state(house, number):
    with house.read() as connection:
        return connection.scalar(select(t.alert.c.state).where(t.alert.c.number == number))


PEOPLE = [
    (Role.COUNTY_CLERK, "530627"),
    (Role.PREFECTURE_REVIEWER, "530100"),
    (Role.DUTY_OFFICER, "530000"),
    (Role.LEADER, "530000"),
]


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_each_sees_ones_own_alerts_and_the_acts_of_the_role(held, signed, role, region):
    signed(role, region)
    app = page()
    near, far = set(held.values()) - {held["far"]}, {held["far"]}
    wanted = {"530627": far, "530100": near, "530000": near | far}[region]
    assert numbers(app) == wanted
    sent = everything(app)
    assert (held["new"] in sent, held["far"] in sent) == (held["new"] in wanted, held["far"] in wanted)
    offered = {act["name"] for act in table(app)["acts"]}
    assert offered == {
        name
        for name, action in (("sign", "alert.sign"), ("check", "alert.work"), ("export", "story.export"))
        if may(role, action)
    }


def test_the_auditor_sees_no_desk(held, signed):
    signed(Role.AUDITOR)
    app = page()
    assert "不能" in words(app)
    assert held["new"] not in everything(app)


def test_the_address_is_the_question(held, signed):
    signed(Role.DUTY_OFFICER)
    assert numbers(page(tab="待签收")) == {held["new"], held["far"]}
    assert numbers(page(tab="待批")) == {held["asked"]}
    assert numbers(page(levels="II", tab="全部")) == {held["new"]}
    assert numbers(page(region="530627")) == {held["far"]}
    app = page(text="没有这样的字")
    assert table(app)["rows"] == []
    assert "没有符合条件的警情" in table(app)["nothing"]
    app.text_input(key="alerts-text").set_value(held["signed"]).run()
    assert numbers(app) == {held["signed"]}
    assert held["signed"] in app.query_params["text"]


def test_rows_carry_limits_and_marks(held, signed):
    signed(Role.DUTY_OFFICER)
    rows = {row["number"]: row for row in table(page())["rows"]}
    assert "签收" in [due["name"] for due in rows[held["new"]]["dues"]]
    assert "处置进展" in [due["name"] for due in rows[held["signed"]]["dues"]]
    assert ["待批：办结", "已提请，等另一人审批"] in [list(mark) for mark in rows[held["asked"]]["marks"]]
    assert rows[held["asked"]]["holder"] == "示例区人社局 示例核查员"


# ── the drawer ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "role", "region", "offered", "not_offered"),
    [
        ("new", Role.DUTY_OFFICER, "530000", {"签收", "登记报告"}, {"登记进展", "批准"}),
        ("new", Role.COUNTY_CLERK, "530102", {"调整级别"}, {"签收", "登记报告"}),
        ("signed", Role.DUTY_OFFICER, "530000", {"登记进展"}, {"签收"}),
        ("asked", Role.SHIFT_LEADER, "530000", {"批准", "退回"}, {"撤回提请"}),
        ("asked", Role.DUTY_OFFICER, "530000", {"登记进展"}, {"批准", "撤回提请"}),
        ("new", Role.LEADER, "530000", set(), {"签收", "批准", "登记进展", "调整级别"}),
    ],
)
def test_the_drawer_offers_what_the_role_may(held, signed, name, role, region, offered, not_offered):
    signed(role, region)
    app = page(alert=held[name])
    assert held[name] in words(app)
    assert offered <= labels(app)
    assert not labels(app) & not_offered


def test_the_history_and_the_proposal_are_told_in_words(held, signed):
    signed(Role.SHIFT_LEADER)
    shown = words(page(alert=held["asked"]))
    for part in ("办理过程（5）", "提请办结", "报查实", "转核查", "签收", "duty同志", "工资已足额发放", "等另一人审批"):
        assert part in shown
    assert "None" not in shown


def test_a_step_that_lacks_something_says_each_reason_once_and_is_given_to_another(held, house, signed):
    signed(Role.COUNTY_CLERK, "530102")
    signed(Role.DUTY_OFFICER)
    app = page(alert=held["signed"])
    next(one for one in app.get("button_group") if one.label == "下一步").set_value("报误报")
    app.run()
    next(one for one in app.button if one.label == "报误报").click()
    shown = words(app.run())
    assert shown.count("请选择误报原因") == shown.count("请填写依据") == 1
    assert "有 2 项需要更正" in shown
    taker = next(one for one in app.selectbox if one.label == "转给 *")
    taker.set_value(taker.options[-1])
    next(one for one in app.button if one.label == "转办").click()
    app.run()
    assert "承办人：示例人员" in words(app)


@pytest.mark.parametrize("number", ["YJ20000101-0001", "", "\x00", "x" * 300, "<b>"])
def test_an_alert_that_is_not_there_opens_nothing(held, signed, number):
    signed(Role.DUTY_OFFICER)
    app = page(alert=number)
    assert ("没有这起警情" in words(app)) == bool(number)


def test_another_countys_alert_is_as_if_it_were_not_there_and_the_attempt_is_on_record(held, house, signed):
    signed(Role.COUNTY_CLERK, "530627")
    app = page(alert=held["new"])
    assert "没有这起警情" in words(app)
    assert "示例工地工人讨薪（1）" not in everything(app)
    with house.read() as connection:
        last = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (last.outcome, last.target) == ("拒绝", held["new"])


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────
def asked(house, what, *numbers):
    """The page with the form for these alerts open."""
    with house.read() as connection:
        ids = connection.scalars(select(t.alert.c.id).where(t.alert.c.number.in_(numbers)).order_by(t.alert.c.id)).all()
    app = AppTest.from_file(str(ROOT / "pages" / "alerts.py"), default_timeout=60)
    app.session_state["alert-bulk"] = (what, tuple(ids))
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def test_several_go_to_one_unit_and_who_cannot_is_named_with_the_reason(held, house, signed):
    signed(Role.DUTY_OFFICER)
    app = asked(house, "check", held["new"], held["signed"])
    app.text_input(key="alert-check-unit").set_value("示例县人社局")
    app.text_input(key="alert-check-person").set_value("核查员甲")
    next(button for button in app.button if button.label == "转核查 2 起").click()
    app.run()
    assert state(house, held["signed"]) == "核查中"
    assert state(house, held["new"]) == "新警情"
    assert f"已转核查 1 起：{held['signed']}" in [one.value for one in app.toast]
    shown = words(app)
    assert "1 起未能转核查" in shown
    assert held["new"] in shown
    app.run()
    assert "1 起未能转核查" in words(app), "the reasons stay until they were read"
    assert not app.toast
    app.button(key="alerts-read").click().run()
    assert "1 起未能转核查" not in words(app)


def test_a_selection_is_offered_as_a_file_to_who_may_export(held, house, signed):
    signed(Role.LEADER)
    app = asked(house, "export", held["new"])
    assert "已选 1 起" in words(app)


@pytest.mark.parametrize(("role", "expected"), [(Role.DUTY_OFFICER, True), (Role.LEADER, False)])
def test_signing_several_is_done_in_ones_own_name_or_refused(held, house, signed, role, expected):
    signed(role)
    with house.read() as connection:
        alert_id = connection.scalar(select(t.alert.c.id).where(t.alert.c.number == held["new"]))
    app = AppTest.from_string(
        f"from pages import alert_bulk\nalert_bulk.sign([{alert_id}])\nalert_bulk.say()", default_timeout=60
    ).run()
    assert (state(house, held["new"]) == "已签收") is expected
    (told,) = app.toast
    assert ("已签收 1 起" in told.value) is expected
    assert ("不能" in told.value) is not expected
