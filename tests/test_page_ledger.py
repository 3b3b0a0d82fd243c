"""The page 欠薪台账 as each role: the list, its filters in the address, the drawer of a case and its acts."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest

from monitors.access import accounts
from monitors.access.roles import Role, may
from monitors.errors import InputError, RefusedError
from monitors.ledger import cases, register_export, views
from monitors.ledger.events import Event
from monitors.ledger.faults import LedgerError
from monitors.ledger.history_words import lines
from monitors.ledger.model import CaseState
from monitors.ledger.query import Query
from monitors.store import tables as t
from pages import context, ledger_fields, ledger_table
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


@dataclasses.dataclass
class Held:
    """Numbers of three cases of 五华 and one of 镇雄."""

    checking: str
    verified: str
    settled: str
    far: str
    ids: dict[str, int]


@pytest.fixture
def held(house):
    with house.write() as connection:
        checking = ledger.entered(connection, channel="来访")
        ledger.step(connection, ledger.CLERK, checking, CaseState.CHECKING)
        verified = ledger.verified(connection)
        settled = ledger.settled(connection)
        far = ledger.entered(connection, ledger.ELSEWHERE, region="530627")
        numbers = [ledger.case(connection, one).number for one in (checking, verified, settled, far)]
    return Held(*numbers, dict(zip(numbers, (checking, verified, settled, far), strict=True)))


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "ledger.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def table(app):
    """What the list was last given."""
    (found,) = (one.proto for one in app.get("bidi_component") if one.proto.component_name == "ledger_table")
    return json.loads(found.json)


def numbers(app):
    return [row["number"] for row in table(app)["rows"]]


def labels(app):
    return {button.label for button in app.button}


def state(house, number):
    with house.read() as connection:
        return connection.scalar(select(t.wage_case.c.state).where(t.wage_case.c.number == number))


def edit(house, number, who=ledger.CLERK, **changes):
    with house.write() as connection:
        row = connection.execute(select(t.wage_case).where(t.wage_case.c.number == number)).one()
        cases.edit(
            connection, who, row.id, changes, row.revision, settings=ledger.SETTINGS, now=ledger.later(minutes=9)
        )


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_empty_ledger_shows_the_page(house, signed):
    signed(Role.ADMINISTRATOR)
    assert table(page())["nothing"] == "台账中还没有案件。"


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_each_sees_ones_own_cases(held, signed, role, region):
    signed(role, region)
    app = page()
    inside = {held.checking, held.verified, held.settled} if region != "530627" else {held.far}
    wanted = inside | {held.far} if region == "530000" else inside
    assert set(numbers(app)) == wanted
    assert table(app)["picking"] == may(role, "ledger.edit")
    assert ("登记案件" in labels(app)) == may(role, "ledger.edit")
    sent = everything(app)
    assert (held.far in sent) == (held.far in wanted)


def test_the_auditor_sees_no_ledger(held, signed):
    signed(Role.AUDITOR)
    app = page(case=held.verified)
    assert "不能查看欠薪台账" in app.warning[0].value
    assert held.verified not in everything(app)


def test_the_address_asks_and_the_widgets_answer_it(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page(states="已销账,查实", region=ledger.PREFECTURE, sort="案件编号", descending="True")
    assert numbers(app) == [held.settled, held.verified]
    assert app.selectbox(key="ledger-pref").value == ledger.PREFECTURE
    assert set(app.multiselect(key="ledger-states").value) == {"查实", "已销账"}
    app.multiselect(key="ledger-states").set_value(["核查中"]).run()
    assert numbers(app) == [held.checking]
    assert app.query_params["states"] == "核查中"
    app.text_input(key="ledger-text").set_value("没有这样的单位").run()
    assert table(app)["nothing"] == "没有符合条件的案件，请放宽筛选条件。"
    app.button(key="ledger-clear").click().run()
    assert len(numbers(app)) == 4
    assert "states" not in app.query_params


def test_a_limit_no_widget_shows_is_said_and_lifted(held, house, signed):
    signed(Role.ADMINISTRATOR)
    with house.read() as connection:
        employer = connection.scalar(select(t.wage_case.c.employer_id).where(t.wage_case.c.number == held.far))
    app = page(employer_id=str(employer))
    assert numbers(app) == [held.far]
    assert any("指定用人单位" in one.value for one in app.caption)
    app.button(key="ledger-free").click().run()
    assert len(numbers(app)) == 4


@pytest.mark.parametrize(
    ("role", "region"), [(Role.COUNTY_CLERK, ledger.COUNTY), (Role.PREFECTURE_REVIEWER, ledger.PREFECTURE)]
)
def test_an_address_of_another_place_shows_nothing_of_it(held, signed, role, region):
    signed(role, region)
    assert held.far not in numbers(page(region="530627"))
    assert not numbers(page(text=held.far))


def test_strange_addresses_are_no_error(held, signed):
    signed(Role.ADMINISTRATOR)
    for address in (
        {"states": "x,,"},
        {"accepted_from": "2026-13-40"},
        {"ids": "a,9" * 9},
        {"region": "999999"},
        {"sort": "x"},
    ):
        assert page(**address)


def test_the_sums_are_those_of_the_question(held, signed):
    signed(Role.ADMINISTRATOR)
    shown = words(page(states="查实"))
    assert "案件 <b>1 件</b>" in shown
    assert "查实 <b>14 万元</b>" in shown


@pytest.mark.parametrize(
    ("band", "deadline", "said"),
    [
        ("逾期", date(2026, 11, 18), "逾期 5 天"),
        ("临期", date(2026, 11, 23), "临期 今日"),
        ("临期", date(2026, 11, 25), "临期 2 天"),
        ("无期限", None, "无期限"),
        ("已办结", date(2026, 11, 18), "已办结"),
    ],
)
def test_the_band_is_said_in_words(band, deadline, said):
    row = type("Row", (), {"band": band, "deadline": deadline})
    assert ledger_table.due_words(row, ledger.TODAY) == said


# ── the drawer ───────────────────────────────────────────────────────────────────────────────────────────────────────
CHANGING = ("登记支付", "登记文书", "保存修改", "保存包案", "登记执行", "保存期限变更", "更正")


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_who_may_not_edit_sees_no_way_to(held, signed, role, region):
    signed(role, region)
    number = held.far if region == "530627" else held.verified
    app = page(case=number)
    assert number in words(app)
    steps = [one for one in app.get("button_group") if "协调处理" in str(one.proto)]
    assert bool(steps) == (may(role, "ledger.edit") and number == held.verified)
    assert any(label in labels(app) for label in CHANGING) == may(role, "ledger.edit")
    if not may(role, "ledger.edit") and not may(role, "ledger.review"):
        assert not [
            box for box in (*app.text_area, *app.number_input) if not box.key.startswith(("ledger", "restricted"))
        ]


def test_outside_ones_region_is_as_if_it_were_not(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    missing = page(case="AJ2020-999999")
    outside = page(case=held.far)
    assert [one.value for one in missing.warning] == [one.value for one in outside.warning] != []
    assert "示例用工单位" not in words(outside)
    with house.read() as connection:
        refused = connection.execute(select(t.audit.c["action", "target"]).where(t.audit.c.outcome == "拒绝")).all()
    assert [tuple(row) for row in refused] == [("ledger.view", held.far)]


def test_claimed_and_verified_stand_apart_and_the_history_is_told(held, signed):
    signed(Role.LEADER)
    shown = words(page(case=held.verified))
    assert "30 万元" in shown
    assert "14 万元" in shown
    assert "状态：核查中 → 查实" in shown
    assert "查实金额：140,000.00元" in shown
    assert "承诺时限" in shown


def step_key(house, number, to=""):
    with house.read() as connection:
        revision = connection.scalar(select(t.wage_case.c.revision).where(t.wage_case.c.number == number))
    return f"step-{number}-{revision}", f"step-{number}-{revision}-{to}"


def test_a_missing_field_is_said_beside_it_then_the_case_moves(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(case=held.checking)
    _, form = step_key(house, held.checking, "查实")
    assert "不属实" not in str(app.get("button_group")), "a second person's step is not the clerk's"
    app.number_input(key=f"{form}-verified_workers").set_value(12)
    app.number_input(key=f"{form}-verified_migrants").set_value(10)
    app.number_input(key=f"{form}-verified_fen").set_value(140000.55)
    app.number_input(key=f"{form}-verified_migrant_fen").set_value(120000.0)
    app.button(key=f"{form}-send").click().run()
    assert "E03 查实或隐患记录须填写化解方案、责任单位、责任人、完成时限" in words(app)
    assert words(app).count("field-problem") >= 4
    assert state(house, held.checking) == "核查中"
    app.text_area(key=f"{form}-plan").set_value("督促总包先行清偿")
    app.text_input(key=f"{form}-unit").set_value("示例区人社局")
    app.text_input(key=f"{form}-person").set_value("示例经办人")
    app.date_input(key=f"{form}-due").set_value(date(2030, 1, 5))
    app.button(key=f"{form}-send").click().run()
    assert not app.exception
    assert state(house, held.checking) == "查实"
    with house.read() as connection:
        assert ledger.case(connection, held.ids[held.checking]).verified_fen == 140_000_55


def test_whoever_was_slower_is_told_who_was_faster(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(case=held.verified)
    key, _ = step_key(house, held.verified)
    edit(house, held.verified, summary="他人刚刚补充")
    app.button(key=f"edit-{held.verified}-{key.rsplit('-', 1)[1]}-send").click().run()
    shown = words(app) + "".join(one.value for one in app.warning)
    assert "已由clerk同志于 2026-11-23 10:09 修改（修改），请刷新后再改" in shown
    assert "clerk同志于 2026-11-23 10:09 已修改" in shown
    app.button(key="case-refresh").click().run()
    assert not [one for one in app.warning if "请刷新" in one.value]


def test_a_clerk_pays_and_more_than_found_owing_is_refused(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(case=held.verified)
    form = f"pay-{held.verified}-0"
    for name, value in (("persons", 12), ("migrants", 10), ("wage_fen", 140000.01), ("wage_migrant_fen", 120000.0)):
        app.number_input(key=f"{form}-{name}").set_value(value)
    app.selectbox(key=f"{form}-source").set_value("企业")
    app.date_input(key=f"{form}-on").set_value(date(2026, 11, 20))
    app.text_area(key=f"{form}-proof").set_value("银行代发凭证")
    app.button(key=f"{form}-send").click().run()
    assert "E05 累计支付工资超过查实金额" in words(app)
    app.number_input(key=f"{form}-wage_fen").set_value(140000.0)
    app.button(key=f"{form}-send").click().run()
    with house.read() as connection:
        assert ledger.case(connection, held.ids[held.verified]).paid_fen == 140_000_00


def test_a_reviewer_settles_what_another_sent(held, house, signed):
    with house.write() as connection:
        ledger.paid(connection, held.ids[held.verified])
        ledger.step(connection, ledger.CLERK, held.ids[held.verified], CaseState.SETTLING)
    signed(Role.PREFECTURE_REVIEWER, ledger.PREFECTURE)
    app = page(case=held.verified)
    _, form = step_key(house, held.verified, "已销账")
    app.button(key=f"{form}-send").click().run()
    assert state(house, held.verified) == "已销账"


def test_a_case_taken_over_is_no_longer_the_countys(held, house, signed):
    with house.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.number == held.verified).values(escalated=True))
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page(case=held.verified)
    assert any("已提级办理" in one.value for one in app.info)
    assert not [key for key in (button.key for button in app.button) if key and key.startswith(("step-", "lead-"))]


def test_the_name_of_an_employer_is_words_and_no_picture(held, house, signed):
    name = "![签](https://example.invalid/p.png)示例公司"
    with house.write() as connection:
        connection.execute(update(t.employer).values(name=name))
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    (now,) = [one.value for one in page(case=held.verified).caption if one.value.startswith("现为：")]
    assert "示例公司" in now
    assert "![签](" not in now


def test_a_new_case_is_entered_and_its_double_is_offered(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page()
    app.button(key="case-new").click().run()

    app.text_input(key="new-case-employer-text").set_value("示例新登记劳务有限公司").run()
    app.selectbox(key="new-case-firm-class").set_value("建筑企业")
    app.button(key="new-case-firm-send").click().run()
    assert any("已登记并选用" in one.value for one in app.success)

    def fill():
        app.selectbox(key="new-case-channel").set_value("电话")
        for name, value in (("claimed_workers", 9), ("claimed_migrants", 8), ("claimed_fen", 90000.0)):
            app.number_input(key=f"new-case-{name}").set_value(value)

    fill()
    app.button(key="new-case-send").click().run()
    assert not app.exception
    number = app.query_params["case"]
    assert state(house, number) == "待受理"
    del app.query_params["case"]
    app.run()
    app.button(key="case-new").click().run()
    app.text_input(key="new-case-employer-text").set_value("示例新登记劳务").run()
    app.selectbox(key="new-case-employer").select_index(0).run()
    fill()
    app.button(key="new-case-send").click().run()
    assert any("E12 疑似重复" in one.value for one in app.warning)
    with house.read() as connection:
        before = connection.scalar(select(func.count()).select_from(t.wage_case))
    app.button(key="case-new-anyway").click().run()
    assert app.query_params["case"] != number
    with house.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.wage_case)) == before + 1


def test_ticked_cases_are_assigned_together(held, house, signed):
    signed(Role.COUNTY_CLERK, ledger.COUNTY)
    app = page()
    app.session_state["case-assign-ids"] = (held.ids[held.checking], held.ids[held.verified])
    app.run()
    app.text_input(key="assign-unit").set_value("示例区住建局")
    app.button(key="assign-send").click().run()
    assert "请填写责任人" in words(app)
    app.text_input(key="assign-person").set_value("示例承办")
    app.button(key="assign-send").click().run()
    with house.read() as connection:
        assert {ledger.case(connection, held.ids[one]).unit for one in (held.checking, held.verified)} == {
            "示例区住建局"
        }


@pytest.mark.parametrize("role", [Role.LEADER, Role.DUTY_OFFICER, Role.SHIFT_LEADER])
def test_a_dialog_reached_without_its_button_refuses(held, house, signed, role):
    signed(role)
    for name, value in (("case-assign-ids", (held.ids[held.verified],)), ("case-new-asked", True)):
        app = AppTest.from_file(str(ROOT / "pages" / "ledger.py"), default_timeout=60)
        app.session_state[name] = value
        app.run()
        assert any("不能登记、修改、分派台账记录" in one.value for one in app.warning)


# ── views, export, words ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_view_is_kept_for_its_person_alone(store):
    with store.write() as connection:
        two = []
        for name in ("one", "other"):
            number = accounts.create(
                connection, name=name, display=name, role=Role.COUNTY_CLERK, region=ledger.COUNTY, password=None,
                must_change=False, now=ledger.NOW,
            )  # fmt: skip
            two.append(dataclasses.replace(ledger.CLERK, account_id=number))
        one, other = two
        asked = Query(states=("查实",), region="530100")
        kept = views.save(connection, one, "ledger", " 本周  到期 ", asked.params(), now=ledger.NOW)
        assert views.save(connection, one, "ledger", "本周 到期", Query(text="甲").params(), now=ledger.NOW) == kept
        (view,) = views.listed(connection, one, "ledger")
        assert (view.name, Query.read(view.query)) == ("本周 到期", Query(text="甲"))
        assert views.listed(connection, other, "ledger") == views.listed(connection, one, "stats") == ()
        views.remove(connection, other, kept)
        assert views.listed(connection, one, "ledger")
        views.remove(connection, one, kept)
        assert not views.listed(connection, one, "ledger")
        for name in ("", "长" * 31):
            with pytest.raises(LedgerError):
                views.save(connection, one, "ledger", name, {}, now=ledger.NOW)
        for number in range(views.MOST):
            views.save(connection, one, "ledger", f"视图{number}", {}, now=ledger.NOW)
        with pytest.raises(InputError, match="最多保存"):
            views.save(connection, one, "ledger", "再一个", {}, now=ledger.NOW)
        with pytest.raises(InputError, match="登录账号"):
            views.save(connection, ledger.CLERK, "ledger", "无账号", {}, now=ledger.NOW)


def test_a_view_is_saved_and_asked_again_on_the_page(held, signed):
    signed(Role.ADMINISTRATOR)
    app = page(states="查实")
    app.text_input(key="view-name").set_value("只看查实")
    next(one for one in app.button if one.label == "保存视图").click().run()
    app.button(key="ledger-clear").click().run()
    assert len(numbers(app)) == 4
    next(one for one in app.button if one.label == "只看查实").click().run()
    assert numbers(app) == [held.verified]


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_the_file_holds_ones_own_cases_says_the_filters_and_leaves_a_line(store, fmt):
    with store.write() as connection:
        ledger.verified(connection, employer_id=ledger.employer(connection, "=示例公式单位"))
        ledger.entered(connection, ledger.ELSEWHERE, region="530627")
    query = Query(states=("查实",))
    made = register_export.made(store, ledger.LEADER, query, fmt, settings=ledger.SETTINGS, now=ledger.NOW)
    with store.read() as connection:
        (line,) = connection.execute(select(t.audit).where(t.audit.c.action == "ledger.export")).all()
    told = json.loads(line.after) if isinstance(line.after, str) else line.after
    assert (line.display, line.kind, told["rows"], told["filters"]) == ("leader同志", "wage_case", 1, "状态：查实")
    if fmt == "csv":
        text = made.decode("utf-8-sig")
        assert "截至时间：2026-11-23 10:00" in text
        assert "筛选条件：状态：查实" in text
        assert "'=示例公式单位" in text
        assert "140000" in text
        county = register_export.made(store, ledger.ELSEWHERE, Query(), fmt, settings=ledger.SETTINGS, now=ledger.NOW)
        assert "镇雄县" in county.decode("utf-8-sig")
        assert "示例公式单位" not in county.decode("utf-8-sig")
    with pytest.raises(RefusedError):
        register_export.made(store, ledger.AUDITOR, query, fmt, settings=ledger.SETTINGS, now=ledger.NOW)
    narrow = ledger.SETTINGS.export.model_copy(update={"max_rows": 1})
    few = ledger.SETTINGS.model_copy(update={"export": narrow})
    with pytest.raises(InputError, match="超过一次导出的上限 1 件"):
        register_export.made(store, ledger.LEADER, Query(), fmt, settings=few, now=ledger.NOW)


def test_a_change_is_told_in_words():
    event = Event(
        1, ledger.NOW, "修改", "甲",
        {"claimed_fen": 100_00, "major": False, "employer_id": 1, "tags": [], "unit": "甲"},
        {"claimed_fen": 250_50, "major": True, "employer_id": 2, "tags": ["陈案"], "by": "x", "unit": "甲"},
        "",
    )  # fmt: skip
    assert lines(dataclasses.replace(event, before={}, after={"plan": "约谈", "id": 3}), {}) == ("化解方案：约谈",)
    assert lines(event, {("employer_id", 2): "乙公司"}) == (
        "诉求金额：100.00元 → 250.50元",
        "重大：否 → 是",
        "用人单位：编号 1 → 乙公司",
        "标签：（空） → 陈案",
    )


@pytest.mark.parametrize(("typed", "fen"), [(None, None), (0.0, 0), (1.005, 101), (140000.55, 14000055), (19.99, 1999)])
def test_yuan_as_typed_is_exact_fen(typed, fen):
    assert ledger_fields.fen(typed) == fen


def test_the_file_is_made_for_whoever_is_signed_in_when_it_is_clicked(held, house, signed):
    kept = context.Held(signed(Role.COUNTY_CLERK, ledger.COUNTY), "10.20.0.7")
    with house.write() as connection:
        connection.execute(t.account.update().values(disabled=True))
    with pytest.raises(RefusedError, match="登录已结束"):
        context.actor_of(kept)
