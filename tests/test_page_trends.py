"""The page 趋势: the address holds the question, each role's own events, what is said of little data, the file."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.clock import local
from monitors.errors import RefusedError
from monitors.hotspots import series_export
from monitors.hotspots.bursts import Burst, Trend
from monitors.hotspots.series import Window
from monitors.hotspots.series_view import Place
from monitors.store import tables as t
from tests.sent import everything
from tests.test_page_duty import words
from tests.test_series import story

ROOT = Path(__file__).resolve().parent.parent
WUHUA, ZHENXIONG = "530102", "530627"


@pytest.fixture
def stories(house):
    """镇雄 one a fortnight for 150 days and nine in the last five; 五华 one a week, with a word of its own."""
    now = datetime.now(UTC)
    ages = [(ZHENXIONG, day + 0.01) for day in range(6, 150, 14)]
    ages += [(ZHENXIONG, n / 2 + 0.01) for n in range(9)]
    with house.write() as connection:
        for region, days in ages:
            story(connection, region, now - timedelta(days=days), matched=["讨薪", "镇雄词"])
        for day in range(3, 150, 7):
            story(connection, WUHUA, now - timedelta(days=day), matched=["讨薪", "五华词"])
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "trends.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def test_the_address_holds_the_question_and_a_rise_is_said(stories, signed):
    signed(Role.DUTY_OFFICER)
    app = page(region="530600", weeks="26")
    assert app.selectbox(key="region").value == "530600"
    assert "镇雄县 近7天" in words(app)
    assert "截至" in words(app)
    sent = sum(len(node.proto.SerializeToString()) for node in app._tree if getattr(node, "proto", None) is not None)
    assert sent < 100_000
    app.segmented_control(key="view").set_value("关键词与标签").run()
    assert not app.exception
    assert "镇雄词" in words(app)
    assert "五华词" not in words(app)
    assert "关键词与标签" in app.query_params["view"]


@pytest.mark.parametrize("view", ["总览", "县（市、区）", "构成", "关键词与标签", "传播速度", "未来四周"])
def test_a_county_sees_its_own_alone_whatever_the_address_says(stories, signed, view):
    signed(Role.COUNTY_CLERK, WUHUA)
    app = page(region=ZHENXIONG, weeks="26", view=view)
    assert app.selectbox(key="region").value == WUHUA
    sent = everything(app)
    assert "镇雄" not in sent
    assert "五华" in sent


def test_without_events_and_without_permission_it_says_so(house, signed):
    signed(Role.LEADER)
    assert "目前还没有本省欠薪报道" in everything(page())
    assert "目前还没有登记的案件" in everything(page(set="台账"))
    signed(Role.AUDITOR)
    app = page()
    assert not app.segmented_control
    with house.read() as connection:
        assert connection.scalar(select(t.audit.c.target).where(t.audit.c.outcome == "拒绝")) == "trends"


def test_the_ledger_is_the_other_data_set(house, signed):
    now = datetime.now(UTC)
    today = local(now).date()
    from tests import ledger_house as ledger

    with house.write() as connection:
        employer = ledger.employer(connection)
        for n in range(90):
            values = {
                "number": f"AJ2026-{n:06d}", "employer_id": employer, "region": WUHUA, "channel": "来访",
                "first_receiver": "示例", "tags": ["群体性"], "accepted_on": today - timedelta(days=n * 2),
                "claimed_workers": 1, "claimed_migrants": 1, "claimed_fen": 1_000_00, "co_units": [],
                "state": "待受理", "created_by": "示例", "created_at": now, "updated_at": now,
            }  # fmt: skip
            connection.execute(insert(t.wage_case).values(values))
    signed(Role.LEADER)
    app = page(set="台账", view="构成", weeks="8")
    assert "传播速度" not in app.segmented_control(key="view").options
    assert "每日件数" in words(app)
    app.segmented_control(key="view").set_value("未来四周").run()
    assert not app.exception
    assert "数据里只有 0 个完整的春节前 60 天" in words(app)  # a band between two scenarios, no middle
    assert "昆明市" in words(app)


# ── file ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
ROW = Place(
    ZHENXIONG, (0, 3), 9, Trend(8, 2, 28, 3.4, 1.6, 8.4), Burst(ZHENXIONG, 7, 9, 0.6, 1e-6, 2e-4, 140, significant=True)
)
WINDOW = Window("舆情", date(2026, 8, 25), date(2026, 11, 23), "530600")
SETTINGS = settings_module.load(environ={})


def made(house, role, region):
    who = Actor(None, "x", "示例人员", role, region, "")
    sights = {ZHENXIONG: ("盲区", "没有监测源报道过该地")}
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)
    return series_export.made(house, who, WINDOW, [ROW], "csv", sights=sights, settings=SETTINGS, now=now)


def test_the_file_holds_the_figures_and_leaves_a_line_in_the_trail(house):
    lines = list(csv.reader(io.StringIO(made(house, Role.PREFECTURE_REVIEWER, "530600").decode("utf-8-sig"))))
    heads = next(n for n, line in enumerate(lines) if line[:1] == ["州市"])
    found = dict(zip(lines[heads], lines[heads + 1], strict=True))
    assert found["县（市、区）"] == "镇雄县"
    assert (found["看得见吗"], found["近28天"], found["前28天"], found["变化倍数"]) == ("盲区", "8", "2", "3.4")
    assert (found["异常程度"], found["校正后显著"], found["近期天数"]) == ("罕见", "是", "7")
    above = "".join("".join(line) for line in lines[:heads])
    assert "截至时间：2026-11-23 10:00" in above
    assert "2026-08-25 至 2026-11-23" in above
    with house.read() as connection:
        row = connection.execute(select(t.audit).where(t.audit.c.action == "story.export")).one()
    assert json.loads(row.after)["rows"] == 1


@pytest.mark.parametrize(("role", "region"), [(Role.AUDITOR, "530000"), (Role.COUNTY_CLERK, WUHUA)])
def test_no_file_without_permission_or_of_another_place(house, role, region):
    with pytest.raises(RefusedError):
        made(house, role, region)
