"""聚集事件 and 情况变更登记 as a person meets them: the lists, one episode, marking it, entering and taking back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access.roles import Role
from monitors.hotspots import changes, episodes, episodes_export, runs
from monitors.store import tables as t
from tests.hotspot_house import ADMIN, LEADER, NOW, SETTINGS, ZHENXIONG, calm, gathering, stories

panels = pytest.importorskip("pages.hotspot_episodes")
register = pytest.importorskip("pages.hotspot_changes")


def _episodes() -> None:
    from pages import hotspot_episodes

    hotspot_episodes.panel()


def _changes() -> None:
    from pages import hotspot_changes

    hotspot_changes.panel()


@pytest.fixture
def gathered(house):
    """A gathering of today: the pages ask by the clock."""
    shift = datetime.now(UTC) - NOW
    moved = [row | {"first_seen_at": row["first_seen_at"] + shift} for row in (*calm(), *gathering())]
    with house.write() as connection:
        stories(connection, *moved)
    runs.run(house, SETTINGS, "舆情", now=NOW + shift)
    return house


def the_episode(store):
    with store.read() as connection:
        found = episodes.listed(connection, ADMIN, "舆情", now=datetime.now(UTC))
    return next(one for one in found if one.kind == "县级")


def opened(page):
    return AppTest.from_function(page, default_timeout=30)


def html(at):
    return " ".join(one.proto.body for one in at.get("html"))


def test_a_line_says_tier_words_times_and_mark(gathered) -> None:
    one = the_episode(gathered)
    cells = panels.line(one).cells
    assert (cells[0].main, cells[0].tone) == (one.tier, "bad" if one.tier == "预警" else "warn")
    assert cells[1].main == one.sentence
    assert cells[4].main == "未告知"
    assert cells[5].main == "未标注"


def test_an_episode_is_opened_by_its_address_and_marked(gathered, signed) -> None:
    one = the_episode(gathered)
    signed(Role.SHIFT_LEADER, "530000")
    at = opened(_episodes)
    at.query_params["episode"] = str(one.id)
    at.run()
    assert not at.exception
    told = html(at)
    assert one.sentence in told
    assert "纯属偶然出现这样的聚集" in told
    assert told.count("/alerts?story=") == len(one.events)
    at.radio[0].set_value("属实")
    at.button(key=f"hotspot-mark-{one.id}-{one.revision}-save").click().run()
    assert not at.exception
    assert the_episode(gathered).verdict == "属实"


def test_a_county_reads_its_part_and_marks_nothing(gathered, signed) -> None:
    one = the_episode(gathered)
    signed(Role.COUNTY_CLERK, ZHENXIONG)
    at = opened(_episodes)
    at.query_params["episode"] = str(one.id)
    at.run()
    assert not at.exception
    assert not at.radio
    assert "含本辖区外" in html(at)
    assert 0 < html(at).count("/alerts?story=") < len(one.events)
    at.query_params["episode"] = "99999"
    at.run()
    assert "没有这起聚集事件" in at.warning[0].value


def test_a_change_is_entered_and_refused_in_words(house, signed) -> None:
    signed(Role.SHIFT_LEADER, ZHENXIONG)
    at = opened(_changes).run()
    assert not at.exception
    at.button(key="hotspot-change-舆情-0-save").click().run()
    assert "请填写变更的情况" in at.error[0].value.replace("\\", "")
    at.text_input(key="hotspot-change-舆情-0-reason").set_value("新开通网上投诉平台")
    at.button(key="hotspot-change-舆情-0-save").click().run()
    assert not at.exception
    with house.read() as connection:
        (one,) = changes.standing(connection, "舆情")
    assert (one.region, one.reason) == (ZHENXIONG, "新开通网上投诉平台")
    row = register.line(one, may_end=True)
    assert (row.action, row.cells[3].main) == ("撤销", "生效中")
    assert register.line(one, may_end=False).action == ""


def test_who_may_not_register_sees_the_list_alone(house, signed) -> None:
    signed(Role.LEADER)
    at = opened(_changes).run()
    assert not at.exception
    assert not at.text_input


def test_the_file_holds_every_episode_and_leaves_a_row_in_the_trail(gathered) -> None:
    made = episodes_export.made(
        gathered, LEADER, "舆情", "csv", settings=SETTINGS, now=datetime.now(UTC) + timedelta(seconds=1)
    ).decode("utf-8-sig")
    assert the_episode(gathered).sentence in made
    assert "截至时间：" in made
    with gathered.read() as connection:
        row = connection.execute(select(t.audit).where(t.audit.c.action == "story.export")).one()
    assert (row.kind, row.target, row.outcome) == ("hotspot", "舆情", "成功")
