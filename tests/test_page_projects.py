"""The page 项目与检查 as each role: three lists, their filters in the address, drawers, and journey 6 by clicks."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role, may
from monitors.clock import local, utc_now
from monitors.ledger import inspections, projects
from monitors.ledger.inspections import InspectionDraft
from monitors.ledger.model import CHECKS
from monitors.ledger.projects import Checked
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests.sent import everything
from tests.test_page_duty import words

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = [
    (Role.COUNTY_CLERK, ledger.COUNTY),
    (Role.COUNTY_CLERK, "530627"),
    (Role.PREFECTURE_REVIEWER, ledger.PREFECTURE),
    (Role.ADMINISTRATOR, "530000"),
    (Role.DUTY_OFFICER, "530000"),
    (Role.SHIFT_LEADER, ledger.PREFECTURE),
    (Role.LEADER, "530000"),
]
NEAR, FAR = "示例安置房一标段", "示例镇雄水库工程"
# The pages ask the real clock: their days are counted from it.
TODAY = local(utc_now()).date()
DAY, ISSUED, DUE, DONE = (TODAY - timedelta(days=days) for days in (20, 19, 13, 3))


@pytest.fixture
def held(house):
    """One project of 五华, inspected and wanting a 专用账户; one of 镇雄, never inspected."""
    with house.write() as connection:
        house.builder = ledger.employer(connection, "示例总包有限公司")
        house.near = ledger.project(connection, NEAR, contractor_id=house.builder, gov=True)
        house.far = ledger.project(connection, FAR, region="530627", industry="水利")
        checks = {name: Checked("否" if name == "专用账户" else "是", DAY) for name in CHECKS}
        house.visit = inspections.add(
            connection, ledger.CLERK,
            InspectionDraft(house.builder, ledger.COUNTY, DAY, "示例监察大队", 40, 30, 20, house.near, checks),
            today=TODAY, now=ledger.NOW,
        )  # fmt: skip
        ledger.entered(connection, employer_id=house.builder, project_id=house.near)
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "projects.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def rows(app):
    (found,) = (one.proto for one in app.get("bidi_component") if one.proto.component_name == "ledger_table")
    return json.loads(found.json)["rows"]


def names(app):
    return [row["cells"][0]["main"] for row in rows(app)]


def labels(app):
    return {button.label for button in app.button}


def clerk(signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)


def stored(house, table, record):
    with house.read() as connection:
        return connection.execute(select(table).where(table.c.id == record)).one()


# ── the lists ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_each_sees_ones_own_projects(held, signed, role, region):
    signed(role, region)
    app = page()
    wanted = {"530627": {FAR}, "530000": {NEAR, FAR}}.get(region, {NEAR})
    assert set(names(app)) == wanted
    assert ({"登记检查", "登记项目"} <= labels(app)) == may(role, "ledger.edit")
    sent = everything(app)
    assert (FAR in sent) == (FAR in wanted)
    assert (NEAR in sent) == (NEAR in wanted)


def test_the_auditor_sees_nothing(held, signed):
    signed(Role.AUDITOR)
    app = page(project=str(held.near))
    assert app.warning
    assert NEAR not in everything(app)


def test_a_row_tells_the_five_systems_the_last_check_and_open_cases(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page()
    row = next(row for row in rows(app) if row["cells"][0]["main"] == NEAR)
    assert [cell["main"] for cell in row["cells"][3:]] == [
        "示例总包有限公司", "政府投资", "✗ ✓ ✓ ✓ ✓｜✓ ✓ ✓", DAY.isoformat(), "1 件",
    ]  # fmt: skip
    assert "专用账户 未落实" in row["cells"][5]["hint"]
    shown = words(app)
    assert "50.0%" in shown, "one of two projects under way was inspected"
    assert "80.0%" in shown, "four of five systems"


def test_the_address_asks_and_the_widgets_answer_it(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page(industries="水利", flags="未排查", region="530600")
    assert names(app) == [FAR]
    assert app.selectbox(key="sites-pref").value == "530600"
    app.multiselect(key="sites-industries").set_value(["住建"]).run()
    assert names(app) == []
    assert app.query_params["industries"] == "住建"
    app.selectbox(key="sites-pref").set_value("").run()
    app.multiselect(key="sites-flags").set_value(["有未落实"]).run()
    assert names(app) == [NEAR]


def test_inspections_and_employers_have_their_lists(held, signed):
    clerk(signed)
    assert names(page(tab="visits")) == [DAY.isoformat()]
    assert names(page(tab="visits", since=ISSUED.isoformat())) == []
    assert names(page(tab="firms", text="总包")) == ["示例总包有限公司"]


@pytest.mark.parametrize(
    "address",
    [{"tab": "x"}, {"region": "99"}, {"since": "2026-13-40", "tab": "visits"}, {"project": "x"}, {"project": "9" * 40},
     {"inspection": "-1"}, {"employer": "0"}, {"project_id": "z", "tab": "visits"}],
)  # fmt: skip
def test_strange_addresses_are_no_error(held, signed, address):
    signed(Role.ADMINISTRATOR)
    assert page(**address)


# ── the drawers ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_who_may_not_edit_sees_the_project_and_no_form(held, signed, role, region):
    signed(role, region)
    app = page(project=str(held.near))
    if region == "530627":
        assert "没有这个工程项目" in app.warning[0].value
        assert NEAR not in everything(app)
        return
    shown = words(app)
    assert "示例总包有限公司" in shown
    assert f"/ledger?project_id={held.near}" in shown
    assert "✗ 未落实" in shown
    for label in ("保存修改", "登记文书", "列为隐患"):
        assert (label in labels(app)) == may(role, "ledger.edit")


def test_outside_ones_region_is_as_if_it_were_not(held, signed):
    clerk(signed)
    missing, outside = page(project="9999"), page(project=str(held.far))
    assert [one.value for one in missing.warning] == [one.value for one in outside.warning] != []
    with held.read() as connection:
        refused = connection.execute(select(t.audit.c["action", "target"]).where(t.audit.c.outcome == "拒绝")).all()
    assert [tuple(row) for row in refused] == [("ledger.view", str(held.far))]


def test_an_inspection_and_an_employer_open_by_their_addresses(held, signed):
    clerk(signed)
    shown = words(page(tab="visits", inspection=str(held.visit)))
    assert "40 人，其中农民工 30 人，签订劳动合同 20 人" in shown
    assert f"/projects?project={held.near}" in shown
    shown = words(page(tab="firms", employer=str(held.builder)))
    assert "总承包的工程项目" in shown
    assert f"/ledger?employer_id={held.builder}" in shown


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_project_is_registered_and_what_is_missing_said_beside_it(held, signed):
    clerk(signed)
    app = page()
    app.button(key="project-new").click().run()
    app.button(key="new-project-send").click().run()
    assert words(app).count('class="field-problem"') == 2, "name and industry; the clerk's county stands there"
    app.text_input(key="new-project-name").set_value(NEAR)
    app.selectbox(key="new-project-industry").set_value("交通")
    app.button(key="new-project-send").click().run()
    assert "该地已有同名项目" in words(app)
    app.text_input(key="new-project-name").set_value("示例道路工程")
    app.selectbox(key="new-project-bond").set_value("保函")
    app.number_input(key="new-project-bond_fen").set_value(123456.78)
    app.checkbox(key="new-project-ppp").set_value(True)
    app.text_area(key="new-project-subcontractors").set_value("示例劳务甲\n示例劳务乙")
    app.button(key="new-project-send").click().run()
    with held.read() as connection:
        made = connection.scalar(select(t.project.c.id).where(t.project.c.name == "示例道路工程"))
        found = projects.get(connection, ledger.ADMIN.scope, made)
    assert (found.bond.kind, found.bond.amount_fen, found.ppp) == ("保函", 123_456_78, True)
    assert found.subcontractors == ("示例劳务甲", "示例劳务乙")
    assert app.query_params["project"] == str(made)


def test_a_project_is_changed_and_the_slower_is_told(held, signed):
    clerk(signed)
    app = page(project=str(held.near))
    key = f"project-edit-{held.near}-2"
    app.selectbox(key=f"{key}-status").set_value("停工")
    app.button(key=f"{key}-send").click().run()
    assert stored(held, t.project, held.near).status == "停工"
    slow = page(project=str(held.near))
    with held.write() as connection:
        projects.edit(
            connection, ledger.CLERK, held.near, {"developer": "示例城投"}, 3, today=ledger.TODAY, now=ledger.later(1)
        )
    key = f"project-edit-{held.near}-3"
    slow.selectbox(key=f"{key}-status").set_value("完工")
    slow.button(key=f"{key}-send").click().run()
    assert "已由clerk同志于" in words(slow)
    assert stored(held, t.project, held.near).status == "停工"
    slow.button(key="project-refresh").click().run()
    assert not slow.warning


def test_an_employer_is_corrected_by_whoever_covers_its_place(held, signed):
    signed(Role.COUNTY_CLERK, "530627")
    app = page(tab="firms", employer=str(held.builder))
    assert "保存修改" not in labels(app)
    clerk(signed)
    app = page(tab="firms", employer=str(held.builder))
    key = f"employer-edit-{held.builder}-1"
    app.text_input(key=f"{key}-uscc").set_value("91530102MA6DEMO00X")
    app.button(key=f"{key}-send").click().run()
    assert "E04" in words(app)
    app.text_input(key=f"{key}-uscc").set_value("")
    app.selectbox(key=f"{key}-credit").set_value("C")
    app.button(key=f"{key}-send").click().run()
    assert stored(held, t.employer, held.builder).credit == "C"


def test_an_inspection_of_anybody_is_registered_from_the_list(held, signed):
    clerk(signed)
    app = page(tab="visits")
    app.button(key="inspection-new").click().run()
    app.text_input(key="new-inspection-employer-text").set_value("示例总包有限公司").run()
    for name, value in (("workers", 9), ("migrants", 10), ("migrants_with_contract", 11)):
        app.number_input(key=f"new-inspection-{name}").set_value(value)
    app.button(key="new-inspection-send").click().run()
    shown = words(app)
    assert "E01 农民工人数不能大于职工总人数" in shown
    assert "签订劳动合同人数不能大于农民工人数" in shown
    assert "请填写检查单位" in shown
    app.number_input(key="new-inspection-workers").set_value(12)
    app.text_input(key="new-inspection-unit").set_value("示例监察大队")
    app.number_input(key="new-inspection-migrants_with_contract").set_value(10)
    app.button(key="new-inspection-send").click().run()
    with held.read() as connection:
        found = connection.execute(select(t.inspection).order_by(t.inspection.c.id.desc())).first()
    assert (found.employer_id, found.project_id, found.workers, found.checks) == (held.builder, None, 12, {})


def test_an_inspection_is_corrected_and_the_project_follows(held, signed):
    clerk(signed)
    app = page(tab="visits", inspection=str(held.visit))
    key = f"inspection-edit-{held.visit}-1"
    app.selectbox(key=f"{key}-check-专用账户").set_value("是")
    app.button(key=f"{key}-send").click().run()
    assert stored(held, t.project, held.near).checks["专用账户"] == {"value": "是", "on": DAY.isoformat()}


def test_journey_6_wanting_ordered_run_out_proposed_and_mended(held, signed):
    clerk(signed)
    app = page(project=str(held.near))
    key = f"order-{held.near}-0-专用账户"
    assert app.multiselect(key=f"{key}-duties").value == ["专用账户"]
    app.text_input(key=f"{key}-doc_no").set_value("示例监改〔2026〕3号")
    app.date_input(key=f"{key}-on").set_value(ISSUED)
    app.button(key=f"{key}-send").click().run()
    assert "责令改正文书须填写限期" in words(app)
    app.date_input(key=f"{key}-due").set_value(DUE)
    app.button(key=f"{key}-send").click().run()
    shown = words(app)
    assert "逾期未改" in shown
    assert "《保障农民工工资支付条例》第五十五条" in shown
    assert "责令项目停工，并处5万—10万元罚款" in shown
    measure = stored(held, t.measure, 1)
    assert (measure.type, measure.employer_id, measure.case_id) == ("责令改正", held.builder, None)
    app.date_input(key="order-done-1-1-done_on").set_value(DONE)
    app.button(key="order-done-1-1-send").click().run()
    shown = words(app)
    assert "建议行政处罚" not in shown
    assert stored(held, t.measure, 1).done_on == DONE
    assert stored(held, t.project, held.near).checks["专用账户"] == {"value": "是", "on": DONE.isoformat()}


def test_an_unmet_duty_is_noted_as_a_hazard_once(held, signed):
    clerk(signed)
    app = page(project=str(held.near))
    key = f"hazard-{held.near}-专用账户未落实"
    app.button(key=key).click().run()
    with held.read() as connection:
        (found,) = connection.execute(select(t.hazard)).all()
    assert (found.source, found.project_id, found.state) == ("专用账户未落实", held.near, "已登记")
    assert key not in {button.key for button in app.button}
    assert f"/clues?hazard={found.number}" in words(app)
