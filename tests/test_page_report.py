"""A report in no story, found by 舆情检索: why it is held irrelevant, marked 相关 and taken back by clicks, refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role, may
from monitors.errors import RefusedError
from monitors.opinion import dossier, labels
from monitors.opinion.judge import Judge
from monitors.store import tables as t
from monitors.store.search_index import ensure
from tests.sent import everything
from tests.test_labels import FIRST, MISSED, OTHER, Even, House

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime.now(UTC)
SETTINGS = settings_module.load(environ={})
HOME = {Role.COUNTY_CLERK: "530628", Role.PREFECTURE_REVIEWER: "530600"}


@pytest.fixture(scope="module")
def judge():
    return Judge(SETTINGS, scorer=Even())


@pytest.fixture
def told(house, judge):
    """One report that the judge misses, one that is rightly passed over, one in a story."""
    taken = House(house, judge)
    missed = taken.take("论坛", MISSED[0], f"昭通市彝良县：{MISSED[1]}", at=NOW - timedelta(minutes=30))
    other = taken.take("都市报", *OTHER, at=NOW - timedelta(minutes=25))
    taken.take("政务网", *FIRST, at=NOW - timedelta(minutes=20))
    ensure(house)
    assert not taken.item(missed)["relevant"]
    assert taken.item(missed)["region"] == "530628"
    return taken, missed, other


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "search.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = str(value)
    return settled(app.run())


def settled(app):
    assert not app.exception, [error.value for error in app.exception]
    return app


def keys(app):
    return {button.key for button in app.button if button.key and button.key.startswith("judgement-")}


def click(app, key):
    return settled(app.button(key=key).click().run())


def submit(app):
    return settled(next(button for button in app.button if button.label == "保存更正").click().run())


def test_marked_relevant_from_the_result_and_taken_back(told, signed):
    house, missed, _ = told
    before = {**house.item(missed), "judgement": {}}
    signed(Role.DUTY_OFFICER)
    app = click(page(rel="不相关"), f"report-{missed}")
    shown = everything(app)
    assert "这篇报道被判为不相关（系统评分 " in shown
    assert "达到 50% 才算相关" in shown
    assert house.judge.version in shown
    app = click(app, f"judgement-{missed}-relevant-wrong")
    assert "达到级别的照常报警" in everything(app)
    next(one for one in app.text_input if one.label == "说明（选填）").set_value("本地方言，已电话核实")
    app = submit(app)
    after = house.item(missed)
    assert after["relevant"]
    assert after["story_id"] is not None
    shown = everything(app)
    assert f"这篇报道在事件 {after['story_id']} 中。" in shown
    assert "已记下相关性：相关。事件已重新汇总。" in shown
    assert "已由示例人员更正" in shown
    app = click(app, "report-story")
    assert app.query_params["story"] == str(after["story_id"])
    app = click(page(report=missed), f"judgement-{missed}-relevant-undo")
    assert {**house.item(missed), "judgement": {}} == before
    assert "labelled" not in house.item(missed)["judgement"]
    assert "不在任何事件中" in everything(app)
    assert "并入本事件" not in everything(app)
    with house.store.read() as connection:
        rows = connection.execute(select(t.audit).where(t.audit.c.kind == "item").order_by(t.audit.c.seq)).all()
    assert [(row.action, row.outcome) for row in rows] == [("label.write", "成功"), ("label.remove", "成功")]
    assert json.loads(rows[0].after)["words"] == "本地方言，已电话核实"


def test_a_right_no_can_be_confirmed_and_still_be_changed(told, signed):
    house, _, other = told
    signed(Role.SHIFT_LEADER)
    app = click(page(report=other), f"judgement-{other}-relevant-right")
    assert "已由示例人员确认" in everything(app)
    assert not house.item(other)["relevant"]
    assert "没有找到拖欠工资的表述" in everything(app)
    assert keys(app) == {f"judgement-{other}-relevant-wrong", f"judgement-{other}-relevant-undo"}
    submit(click(app, f"judgement-{other}-relevant-wrong"))
    assert house.item(other)["relevant"]


@pytest.mark.parametrize("role", [role for role in Role if may(role, "story.view")])
def test_only_who_may_label_is_offered_it(told, signed, role):
    _, missed, _ = told
    signed(role, HOME.get(role, "530000"))
    app = page(report=missed)
    shown = everything(app)
    assert "达到 50% 才算相关" in shown
    assert bool(keys(app)) == may(role, "label.write")
    assert ("您的角色可以查看，不能更正研判" in shown) != may(role, "label.write")


def test_a_report_of_elsewhere_is_as_if_there_were_none(told, signed):
    house, missed, _ = told
    signed(Role.COUNTY_CLERK, "530102")
    for number in (missed, 99_999):
        app = page(report=number)
        assert "没有这篇报道" in everything(app)
        assert MISSED[0] not in everything(app)
    with house.store.read() as connection:
        refused = connection.execute(select(t.audit).where(t.audit.c.outcome == "拒绝")).all()
    assert [(row.action, row.kind, row.target) for row in refused] == [("story.view", "item", str(missed))]


def test_nonsense_in_the_address_opens_nothing(told, signed):
    signed()
    for value in ("x", "-1", "٣", "9" * 30):
        assert "报道详情" not in everything(page(report=value))


def test_who_took_it_out_of_its_story_is_named(told, signed):
    house, _, _ = told
    signed(Role.DUTY_OFFICER)
    third = next(row["id"] for row in house.rows(t.item) if row["story_id"] is not None)
    house.put(third, "relevant", False, now=NOW)
    app = page(report=third)
    assert "由张三标注" in everything(app)
    assert keys(app) == {f"judgement-{third}-relevant-undo"}


CLERK = Actor(7, "zhang", "张三", Role.COUNTY_CLERK, "530628", "10.0.0.9", "abcd")
LEADER = Actor(8, "li", "李四", Role.LEADER, "530000", "10.0.0.8", "beef")
AUDITOR = Actor(9, "wang", "王五", Role.AUDITOR, "530000", "10.0.0.7", "cafe")


def test_the_function_behind_the_button_refuses_by_itself(store, judge):
    house = House(store, judge)
    missed = house.take("论坛", MISSED[0], f"昭通市彝良县：{MISSED[1]}", at=NOW)
    with pytest.raises(RefusedError), acting(store, LEADER) as connection:
        labels.put(connection, LEADER, missed, "relevant", True, settings=SETTINGS, now=NOW)
    assert not house.item(missed)["relevant"]
    with store.read() as connection:
        view, found = dossier.report(connection, CLERK, missed)
        assert (view.title, found.inside, found.story_id) == (MISSED[0], False, None)
        assert dossier.report(connection, CLERK, missed + 1) is None
        with pytest.raises(RefusedError):
            dossier.report(connection, AUDITOR, missed)
    house.put(missed, "relevant", True, actor=CLERK, now=NOW)
    with store.read() as connection:
        _, found = dossier.report(connection, CLERK, missed)
    assert found.inside
    assert found.story_id == house.item(missed)["story_id"]
