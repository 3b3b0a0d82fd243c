"""The page 实时值班 in every state it can be in, run without a browser: the components' data is what is looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

from monitors.errors import StoreError
from monitors.opinion import board
from monitors.store import tables as t
from tests import seed

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def house(house, signed):
    """The house with an administrator looking."""
    signed()
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def component(app, name):
    """The data last given to one of the live components, or None where it is not on the page."""
    assert not app.exception, [error.value for error in app.exception]
    found = [e.proto for e in app.get("bidi_component") if e.proto.component_name == f"duty_{name}"]
    return json.loads(found[0].json) if found else None


def words(app):
    return "\n".join(
        [
            element.value
            for kind in ("markdown", "caption", "subheader", "error", "warning")
            for element in app.get(kind)
        ]
        + [element.proto.body for element in app.get("html")]
    )


def buttons(app):
    return {button.label: button for button in app.button}


def test_an_empty_database_offers_what_to_do_next(house):
    app = page()
    pulse = component(app, "pulse")
    assert (pulse["state"], pulse["words"]) == ("never", "监测尚未运行")
    assert component(app, "board") is None
    assert "还没有任何报道" in words(app)
    assert "载入演示数据" in buttons(app)


def test_a_normal_page(house):
    now = datetime.now(UTC)
    for planted in seed.mixed(12):
        seed.plant(house, planted, now)
    seed.beat(house, now)
    app = page()
    pulse, live = component(app, "pulse"), component(app, "board")
    assert pulse["state"] == "ok"
    assert pulse["words"].startswith("监测正常 · ")
    assert "1 个故障" in pulse["sources"]["words"]
    assert [card["label"] for card in live["cards"]] == ["监测报道", "欠薪相关", "新增事件", "新增警情", "未办结"]
    assert live["total"] == len(live["alerts"])
    assert [alert["tone"] for alert in live["alerts"]][:2] == ["red", "orange"]
    assert len(app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")) == 2
    assert "载入演示数据" not in buttons(app)


def test_a_dead_watch_is_said_first_and_with_what_to_do(house):
    now = datetime.now(UTC)
    seed.plant(house, seed.Planted("示例讨薪"), now)
    seed.beat(house, now - timedelta(minutes=7, seconds=5))
    pulse = component(page(), "pulse")
    assert (pulse["state"], pulse["words"]) == ("stopped", "监测已停 7 分钟")
    assert "请重新启动" in pulse["advice"]


def test_sixty_alerts_are_paged(house):
    now = datetime.now(UTC)
    for number in range(60):
        seed.plant(house, seed.Planted(f"示例讨薪{number}", level="IV", age=timedelta(minutes=number)), now)
    app = page()
    live = component(app, "board")
    assert (live["total"], live["pages"], len(live["alerts"])) == (60, 2, 50)
    app.session_state["duty_page"] = 2
    app.run()
    live = component(app, "board")
    assert (live["page"], len(live["alerts"])) == (2, 10)


@pytest.mark.parametrize(("chosen", "expected"), [("II", 2), ("new", 3), ("IV", 0)])
def test_the_filters_narrow_the_list(house, chosen, expected):
    now = datetime.now(UTC)
    for level, state in (("II", "新警情"), ("II", "已签收"), ("I", "新警情"), ("III", "新警情")):
        seed.plant(house, seed.Planted("示例讨薪", level=level, state=state), now)
    app = page()
    app.session_state["duty_chosen"] = chosen
    live = component(app.run(), "board")
    assert (live["total"], len(live["alerts"])) == (expected, expected)
    assert [choice["value"] for choice in live["choices"] if choice["on"]] == [chosen]


def test_only_a_change_is_asked_for_again(house, monkeypatch):
    now = datetime.now(UTC)
    seed.plant(house, seed.Planted("示例讨薪"), now)
    asked = []
    honest = board.open_alerts

    def counting(connection, scope, **named):
        asked.append(named)
        return honest(connection, scope, **named)

    monkeypatch.setattr(board, "open_alerts", counting)
    minute = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    monkeypatch.setattr("monitors.clock.utc_now", lambda: minute)
    app = page()
    app.run()
    assert len(asked) == 1
    seed.plant(house, seed.Planted("又一起讨薪", level="I"), now)
    live = component(app.run(), "board")
    assert len(asked) == 2
    assert live["alerts"][0]["title"][0][0] == "又一起"


def test_the_wall_has_everything_and_no_frame(house):
    now = datetime.now(UTC)
    for planted in seed.mixed(30):
        seed.plant(house, planted, now)
    seed.beat(house, now)
    app = page(wall="1")
    wall = component(app, "wall")
    assert wall["pulse"]["state"] == "ok"
    assert len(wall["tiles"]) == 8
    assert len(wall["alerts"]) == 10
    assert sum(row["total"] for row in wall["prefectures"]) == sum(tile["value"] for tile in wall["tiles"][:4])
    assert component(app, "board") is None
    assert not app.caption


def test_the_wall_of_an_empty_database(house):
    wall = component(page(wall="1"), "wall")
    assert wall["alerts"] == []
    assert wall["nothing"]


def test_demonstration_data_is_marked_on_the_page(house):
    seed.plant(house, seed.Planted("示例讨薪"), datetime.now(UTC))
    with house.write() as connection:
        mark = json.dumps({"loaded_at": "2026-11-23T02:00:00+00:00", "items": 1313})
        connection.execute(insert(t.meta).values(key="demo", value=mark))
    app = page()
    assert "演示数据** · 2026-11-23 10:00 载入 1313 篇" in words(app)
    assert "清除演示数据" in buttons(app)
    assert component(page(wall="1"), "wall")["demo"]


def test_a_story_has_an_address(house):
    story_id = seed.plant(house, seed.Planted("示例讨薪 <script>", level="II", reports=3), datetime.now(UTC))
    app = page(story=str(story_id))
    shown = words(app)
    assert "示例讨薪 &lt;script&gt;" in shown
    assert "<script" not in shown
    for part in ("涉及人数", "公开回应时限", "查看原文", "内部预警级别", "值班人员决定", "本系统发现"):
        assert part in shown


@pytest.mark.parametrize(("asked", "said"), [("999", "没有这起事件"), ("abc", ""), ("-1", ""), ("9" * 40, "")])
def test_a_wrong_address_of_a_story_does_no_harm(house, asked, said):
    seed.plant(house, seed.Planted("示例讨薪"), datetime.now(UTC))
    app = page(story=asked)
    assert component(app, "board")["total"] == 1
    assert ("没有这起事件" in words(app)) == bool(said)


def test_a_database_that_cannot_be_read_is_said_in_chinese(house, monkeypatch):
    seed.plant(house, seed.Planted("示例讨薪"), datetime.now(UTC))
    app = page()

    def broken(*_arguments):
        raise StoreError("数据库正忙，10 秒内未能完成，请稍后再试")

    monkeypatch.setattr(board, "strip", broken)
    app.run()
    assert not app.exception
    assert "数据库正忙，10 秒内未能完成，请稍后再试。本页会自动重试。" in words(app)


def test_a_damaged_database_stops_the_frame_with_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "monitors.db").write_bytes(b"not a database at all")
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    st.cache_resource.clear()
    app = page()
    assert not app.exception
    assert "不是 SQLite 数据库" in words(app)
    assert (tmp_path / "monitors.db").read_bytes() == b"not a database at all"
    st.cache_resource.clear()
