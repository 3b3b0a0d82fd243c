"""The drawer's 研判依据, clicked: “判错了” opens the right input, what is entered stands, taken back it is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access.roles import Role, may
from monitors.opinion.judge import Judge
from monitors.store import tables as t
from monitors.store.search_index import ensure
from tests.sent import everything
from tests.test_labels import FIRST, SECOND, Even, House

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def judge():
    return Judge(settings_module.load(environ={}), scorer=Even())


@pytest.fixture
def told(house, judge):
    """Two reports of one event in Yiliang, taken in as the watch does."""
    taken = House(house, judge)
    ids = [
        taken.take("都市报", *FIRST, at=NOW - timedelta(minutes=30)),
        taken.take("政务网", *SECOND, at=NOW - timedelta(minutes=20)),
    ]
    ensure(house)
    return taken, ids


def drawer(story_id=1):
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)
    app.query_params["story"] = str(story_id)
    return settled(app.run())


def settled(app):
    assert not app.exception, [error.value for error in app.exception]
    return app


def keys(app):
    return {button.key for button in app.button if button.key and button.key.startswith("judgement-")}


def click(app, key):
    return settled(app.button(key=f"judgement-{key}").click().run())


def submit(app, label="保存更正"):
    return settled(next(button for button in app.button if button.label == label).click().run())


def test_every_output_has_its_reasons_the_model_and_a_way_to_say_it_is_wrong(told, signed):
    house, (first, _) = told
    signed(Role.DUTY_OFFICER)
    app = drawer()
    assert {f"judgement-{first}-{field}-wrong" for field in
            ("relevant", "stance", "county", "workers", "amount", "employer", "level")} <= keys(app)  # fmt: skip
    shown = everything(app)
    assert house.judge.version in shown
    assert "74 人" in shown
    assert "151万元" in shown
    assert "昭通市彝良县" in shown
    assert "“74名" in shown


ENTRIES = [
    ("workers", lambda app: app.number_input[0].set_value(30), "workers", 30, "30 人"),
    ("amount", lambda app: field(app, "正确的涉及金额（万元）").set_value("12.6"), "amount_fen", 12_600_000,
     "12.6万元"),
    ("employer", lambda app: field(app, "正确的用工单位").set_value("滇示朗垣路桥有限公司"), "employer",
     "滇示朗垣路桥有限公司", "滇示朗垣路桥有限公司"),
    ("stance", lambda app: choice(app, "正确的立场").set_value("resolved"), "stance", "resolved", "已解决"),
    ("county", lambda app: choice(app, "正确的地点").set_value("530627"), "region", "530627", "昭通市镇雄县"),
    ("level", lambda app: choice(app, "正确的级别").set_value("I"), "level", "I", "I级 红"),
]  # fmt: skip


def field(app, label):
    return next(one for one in app.text_input if one.label == label)


def choice(app, label):
    return next(one for one in app.selectbox if one.label == label)


@pytest.mark.parametrize(("output", "enter", "column", "stored", "words"), ENTRIES, ids=[one[0] for one in ENTRIES])
def test_what_is_entered_stands_and_can_be_taken_back(told, signed, output, enter, column, stored, words):
    house, (first, _) = told
    signed(Role.PREFECTURE_REVIEWER, "530600")
    before = house.item(first)
    app = click(drawer(), f"{first}-{output}-wrong")
    enter(app)
    field(app, "说明（选填）").set_value("已电话核实")
    app = submit(app)
    assert house.item(first)[column] == stored
    assert "已由示例人员更正" in everything(app)
    assert "原判" in everything(app)
    assert "已电话核实" in everything(app)
    assert words in everything(app)
    (label,) = house.rows(t.label)
    assert (label["field"], label["author"]) == (output, "示例人员")
    app = click(app, f"{first}-{output}-undo")
    assert house.item(first) == before
    assert "已由示例人员更正" not in everything(app)


def test_who_moves_a_story_to_another_county_is_told_where_it_went(told, signed):
    house, (first, _) = told
    signed(Role.COUNTY_CLERK, "530628")
    app = click(drawer(), f"{first}-county-wrong")
    choice(app, "正确的地点").set_value("530627")
    app = submit(app)
    assert house.stories()[0]["region"] == "530627"
    shown = everything(app)
    assert "已记下地点：昭通市镇雄县。事件已重新汇总。事件现由其他地区办理，不再属于您的辖区。" in shown
    assert "没有这起事件" not in shown
    assert "没有这起事件" in everything(drawer())


def test_an_amount_that_is_none_is_said_beside_the_form(told, signed):
    house, (first, _) = told
    signed(Role.DUTY_OFFICER)
    app = click(drawer(), f"{first}-amount-wrong")
    field(app, "正确的涉及金额（万元）").set_value("十二万")
    app = submit(app)
    assert "涉及金额应为数字" in "".join(error.value for error in app.error)
    assert house.rows(t.label) == []
    app = submit(app, "取消")
    assert not [button for button in app.button if button.label == "保存更正"]


def test_an_irrelevant_report_goes_and_comes_back_by_clicks(told, signed):
    house, (first, second) = told
    signed(Role.SHIFT_LEADER)
    app = drawer()
    app = submit(click(app, f"{first}-relevant-wrong"))
    assert not house.item(first)["relevant"]
    app = settled(choice(app, "报道").set_value(second).run())
    app = submit(click(app, f"{second}-relevant-wrong"))
    assert house.stories()[0]["items"] == 0
    assert "报道均被标为不相关，请处理警情。" in "".join(warning.value for warning in app.warning)
    assert house.rows(t.alert)[0]["state"] == "新警情"
    assert keys(app) == {f"judgement-{second}-relevant-undo"}
    click(app, f"{second}-relevant-undo")
    assert house.stories()[0]["items"] == 1
    assert "报道均被标为不相关" not in everything(drawer())


def test_a_right_judgement_may_be_confirmed(told, signed):
    house, (first, _) = told
    signed(Role.DUTY_OFFICER)
    app = click(drawer(), f"{first}-relevant-right")
    assert "已由示例人员确认" in everything(app)
    (label,) = house.rows(t.label)
    assert label["said"] == {"value": True}
    assert f"judgement-{first}-relevant-right" not in keys(app)


@pytest.mark.parametrize("role", [role for role in Role if may(role, "story.view")])
def test_only_who_may_label_is_offered_it(told, signed, role):
    region = {Role.COUNTY_CLERK: "530628", Role.PREFECTURE_REVIEWER: "530600"}.get(role, "530000")
    signed(role, region)
    app = drawer()
    assert "逐篇研判" in everything(app)
    assert bool(keys(app)) == may(role, "label.write")


def test_the_trail_tells_it_in_a_sentence(told, signed, house):
    _, (first, _) = told
    signed(Role.COUNTY_CLERK, "530628")
    app = click(drawer(), f"{first}-workers-wrong")
    app.number_input[0].set_value(30)
    submit(app)
    with house.read() as connection:
        row = connection.execute(select(t.audit).where(t.audit.c.action == "label.write")).one()
    assert (row.kind, row.target, row.region, row.outcome) == ("item", str(first), "530628", "成功")
    assert json.loads(row.before) == {"涉及人数": "74 人"}
    assert json.loads(row.after)["涉及人数"] == "30 人"
    signed(Role.AUDITOR)
    people = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)
    people.query_params["tab"] = "audit"
    people.run()
    shown = everything(people.switch_page(str(ROOT / "pages" / "people.py")).run())
    assert f"示例人员 更正研判 报道 {first}（标题：{FIRST[0]}；涉及人数：74 人 → 30 人）" in shown
