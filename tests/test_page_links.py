"""台账关联 in an alert's drawer, and the page 见报与台账: offered, tied, taken back, entered, listed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role
from monitors.clock import local, utc_now
from monitors.ledger import cases, clues
from monitors.ledger.model import Record
from monitors.links import linking
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests import seed
from tests.ledger_house import ADMIN, CLERK, COUNTY
from tests.seed import Planted
from tests.test_page_duty import words

ROOT = Path(__file__).resolve().parent.parent
FIRM = "示例建筑劳务有限公司"
HOSTILE = "讨薪 <script>window.hacked=1</script> ![图](http://beacon.invalid/b.png)"


def alert(house, title="示例工地数十名工人讨薪", **more):
    story = seed.plant(house, Planted(title, region=COUNTY, **more), utc_now())
    with house.read() as connection:
        return connection.scalar(select(t.alert.c.id).where(t.alert.c.story_id == story))


def case(house, who=CLERK, firm=FIRM, **more):
    """A case accepted five days ago that fits the planted alert; its id."""
    day = local(utc_now()).date() - timedelta(days=5)
    with house.write() as connection:
        made = connection.scalar(select(t.employer.c.id).where(t.employer.c.name == firm))
        made = made or ledger.employer(connection, firm)
        draft = ledger.draft(made, accepted_on=day, claimed_workers=58, **more)
        return cases.create(connection, who, draft, settings=ledger.SETTINGS, now=utc_now())


def panel(alert_id):
    script = f"from pages import alert_links, case_notes\ncase_notes.say()\nalert_links.panel({alert_id})\n"
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "links.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def tied(house, alert_id):
    with house.read() as connection:
        return connection.scalar(select(t.alert.c.case_ids).where(t.alert.c.id == alert_id))


def said(app):
    return words(app) + "\n".join(one.value for kind in ("info", "success") for one in app.get(kind))


def choose(app, label):
    (control,) = (one for one in app.get("button_group") if "新建案件" in str(one.proto))
    control.set_value(label).run()
    assert not app.exception, [error.value for error in app.exception]


# ── the tab of the alert ─────────────────────────────────────────────────────────────────────────────────────────────
def test_an_offer_is_followed_and_taken_back(house, signed):
    first, made = alert(house), case(house)
    signed(Role.COUNTY_CLERK, COUNTY)
    app = panel(first)
    assert "尚未关联" in said(app)
    assert f"用人单位名称相同：{FIRM}" in said(app)
    app.button(key=f"link-wage_case-{made}").click().run()
    assert tied(house, first) == ["AJ2026-000001"]
    assert "示例人员 于" in said(app)
    with house.read() as connection:
        (link,) = linking.links_of(connection, ADMIN, first)
    assert link.confidence > 0.6
    app.button(key=f"unlink-{link.id}-send").click().run()
    assert "请填写取消关联的原因" in said(app)
    app.text_area(key=f"unlink-{link.id}-reason").set_value("另一工地")
    app.button(key=f"unlink-{link.id}-send").click().run()
    assert tied(house, first) == []
    assert "原因：另一工地" in said(app)


def test_a_record_is_tied_by_its_number(house, signed):
    first = alert(house)
    case(house, firm="示例全然不同单位")
    signed(Role.DUTY_OFFICER)
    app = panel(first)
    key = next(one.key for one in app.text_input if one.key.startswith("link-number-"))
    app.text_input(key=key).set_value("AJ2026-000009")
    app.button(key=key.removesuffix("-number") + "-send").click().run()
    assert "没有案件 AJ2026-000009" in said(app)
    app.text_input(key=key).set_value("aj2026-000001")
    app.button(key=key.removesuffix("-number") + "-send").click().run()
    assert tied(house, first) == ["AJ2026-000001"]


def test_a_case_is_entered_from_the_reports(house, signed):
    first = alert(house, amount_fen=600_000_00)
    with house.write() as connection:
        ledger.employer(connection, FIRM)
    signed(Role.COUNTY_CLERK, COUNTY)
    app = panel(first)
    choose(app, Record.CASE)
    key = next(one.key for one in app.text_input if one.key.endswith("-external_no")).removesuffix("-external_no")
    assert app.text_input(key=f"{key}-employer-text").value == FIRM
    assert app.number_input(key=f"{key}-claimed_workers").value == 60
    assert app.number_input(key=f"{key}-claimed_migrants").value is None
    app.number_input(key=f"{key}-claimed_migrants").set_value(50)
    app.button(key=f"{key}-send").click().run()
    assert tied(house, first) == ["AJ2026-000001"]
    with house.read() as connection:
        made = connection.execute(select(t.wage_case)).one()
    assert (made.channel, made.claimed_workers, made.claimed_fen) == ("舆情", 60, 600_000_00)
    assert made.external_no.startswith("YJ")


def test_what_is_there_already_is_tied_instead_of_entered_twice(house, signed):
    first, made = alert(house, amount_fen=600_000_00), case(house)
    signed(Role.COUNTY_CLERK, COUNTY)
    app = panel(first)
    choose(app, Record.CASE)
    key = next(one.key for one in app.text_input if one.key.endswith("-external_no")).removesuffix("-external_no")
    app.number_input(key=f"{key}-claimed_migrants").set_value(50)
    app.button(key=f"{key}-send").click().run()
    assert "E12 疑似重复" in said(app)
    app.button(key=f"alert-bind-{made}").click().run()
    assert tied(house, first) == ["AJ2026-000001"]
    with house.read() as connection:
        assert len(connection.execute(select(t.wage_case.c.id)).all()) == 1


def test_a_clue_is_entered_from_the_reports(house, signed):
    first = alert(house)
    signed(Role.COUNTY_CLERK, COUNTY)
    app = panel(first)
    choose(app, Record.CLUE)
    key = next(one.key for one in app.text_input if one.key.endswith("-employer_name")).removesuffix("-employer_name")
    assert app.text_input(key=f"{key}-employer_name").value == FIRM
    app.button(key=f"{key}-send").click().run()
    with house.read() as connection:
        (link,) = linking.links_of(connection, ADMIN, first)
        assert clues.get(connection, ADMIN.scope, link.record.id).employer_name == FIRM
    assert "由本警情登记" in said(app)


@pytest.mark.parametrize(("role", "region"), [(Role.LEADER, "530000"), (Role.SHIFT_LEADER, "530100")])
def test_who_may_not_is_offered_nothing_to_press(house, signed, role, region):
    first = alert(house)
    case(house)
    signed(role, region)
    app = panel(first)
    keys = {one.key for one in app.button}
    assert any(key.startswith("link-wage_case-") for key in keys) == (role is Role.SHIFT_LEADER)
    assert "由本警情登记" not in said(app)  # neither enters records


def test_who_sees_no_ledger_gets_words_and_no_data(house, signed):
    first = alert(house)
    case(house)
    signed(Role.AUDITOR)
    app = panel(first)
    assert "您的角色不能查看欠薪台账" in said(app)
    assert "AJ2026" not in said(app)


def test_another_countys_alert_is_as_if_there_were_none(house, signed):
    first = alert(house)
    signed(Role.COUNTY_CLERK, "530627")
    assert "没有这起警情" in said(panel(first))


# ── the lists ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def world(house):
    """Two alerts: one tied to a case accepted five days before, one to nothing, with a hostile title."""
    known, alone = alert(house), alert(house, title=HOSTILE)
    made = case(house)
    with house.write() as connection:
        linking.link(connection, CLERK, known, Record.CASE, made, now=utc_now())
        numbers = {one.id: one.number for one in connection.execute(select(t.alert.c.id, t.alert.c.number)) if one.id}
    return numbers[known], numbers[alone]


def test_each_list_holds_its_own(world, house, signed):
    known, alone = world
    signed(Role.COUNTY_CLERK, COUNTY)
    missing = words(page())
    assert f"/alerts?alert={alone}" in missing
    assert known not in missing
    assert "<script>" not in missing
    assert "见报前已掌握" in missing
    before = words(page(tab="入账后见报"))
    assert f"/alerts?alert={known}" in before
    assert "提前 5 天" in before
    assert "AJ2026-000001" in before
    assert alone not in before
    leads = words(page(tab="提前量"))
    assert "五华区" in leads
    assert '提前 1–7 天</td><td class="n">1<' in leads


def test_another_county_sees_none_of_it(world, signed):
    signed(Role.COUNTY_CLERK, "530627")
    for tab in ("见报未入账", "入账后见报", "提前量"):
        told = words(page(tab=tab))
        assert not any(number in told for number in world)


def test_the_case_names_its_alerts(world, signed):
    known, _ = world
    signed(Role.COUNTY_CLERK, COUNTY)
    app = AppTest.from_file(str(ROOT / "pages" / "ledger.py"), default_timeout=60)
    app.query_params["case"] = "AJ2026-000001"
    app.run()
    assert not app.exception
    assert "关联警情（1）" in words(app)
    assert f"/alerts?alert={known}" in words(app)
