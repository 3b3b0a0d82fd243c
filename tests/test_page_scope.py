"""As each role, through the page: what is not theirs reaches no browser, and asking for it leaves a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from monitors.access import restricted
from monitors.access.actor import SYSTEM
from monitors.access.roles import Role, may
from monitors.access.scope import Scope
from monitors.opinion import export
from monitors.store import tables as t
from monitors.store.search_index import ensure
from pages import context
from tests import seed
from tests.sent import everything
from tests.test_page_duty import component, words

ROOT = Path(__file__).resolve().parent.parent
# region → what gives its records away: a title and an employer of its own, and a level nobody else has.
HOUSES = {
    "530102": ("五华工地讨薪一起", "五华甲建筑公司"),
    "530103": ("盘龙工厂讨薪一起", "盘龙乙电子公司"),
    "530100": ("昆明某处讨薪一起", "昆明丙置业公司"),
    "530627": ("镇雄塔吊讨薪一起", "镇雄丁劳务公司"),
    "440106": ("天河工地讨薪一起", "天河戊建筑公司"),
    "": ("不知何处讨薪一起", "无处己建筑公司"),
}
PEOPLE = [
    (Role.COUNTY_CLERK, "530102"),
    (Role.COUNTY_CLERK, "530627"),
    (Role.PREFECTURE_REVIEWER, "530100"),
    (Role.ADMINISTRATOR, "530000"),
    (Role.DUTY_OFFICER, "530102"),
    (Role.DUTY_OFFICER, "530000"),
    (Role.SHIFT_LEADER, "530100"),
    (Role.LEADER, "530000"),
    (Role.LEADER, "530627"),
]
SEARCH = "search.py"


@pytest.fixture
def stories(house):
    now = datetime.now(UTC)
    planted = {}
    for number, (region, (title, employer)) in enumerate(HOUSES.items()):
        one = seed.Planted(
            title,
            level="II",
            region=region,
            text=f"{employer}拖欠工资，工人讨薪未果。",
            age=timedelta(minutes=10 + number),
        )
        planted[region] = seed.plant(house, one, now)
        with house.write() as connection:
            connection.execute(t.story.update().where(t.story.c.id == planted[region]).values(employer=employer))
    seed.beat(house, now)
    ensure(house)
    return planted


def page(file="", **address):
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    return app.switch_page(str(ROOT / "pages" / file)).run() if file else app


def apart(region):
    return [words for place, words in HOUSES.items() if not Scope(region).covers(place)]


def refusals(house):
    with house.read() as connection:
        query = select(t.audit.c["action", "kind", "target"]).where(t.audit.c.outcome == "拒绝")
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_nothing_of_another_place_reaches_the_browser(stories, signed, role, region):
    signed(role, region)
    visible = [place for place in HOUSES if Scope(region).covers(place)]
    duty, wall, search = page(), page(wall="1"), page(SEARCH)
    for app in (duty, wall, search):
        shown = everything(app)
        for title, employer in apart(region):
            assert title[:4] not in shown
            assert employer not in shown
    assert component(duty, "board")["total"] == len(visible)
    assert component(wall, "wall")["tiles"][1]["value"] == len(visible)
    counted = next(element.value for element in search.markdown if element.value.startswith("**找到"))
    assert counted.startswith(f"**找到 {2 * len(visible)} 篇**")
    assert ("辖区：" in counted) == (not Scope(region).everything)
    for place in visible:
        assert HOUSES[place][0][:4] in everything(search)


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_a_deep_link_outside_says_what_a_missing_story_says(house, stories, signed, role, region):
    signed(role, region)
    missing = words(page(story="99999"))
    assert "没有这起事件，可能已随演示数据清除。" in missing
    for place, story_id in stories.items():
        shown = words(page(story=str(story_id)))
        inside = Scope(region).covers(place)
        assert (HOUSES[place][1] in shown) == inside
        assert ("没有这起事件" in shown) == (not inside)
    outside = {str(story_id) for place, story_id in stories.items() if not Scope(region).covers(place)}
    assert {target for action, kind, target in refusals(house) if (action, kind) == ("story.view", "story")} == outside


def test_the_address_of_a_search_asks_for_no_more_than_ones_own(stories, signed):
    signed(Role.COUNTY_CLERK, "530102")
    for address in (
        {"pref": "530600"},
        {"county": "530627"},
        {"q": "镇雄"},
        {"q": "镇雄丁劳务公司"},
        {"outlet": "示例晨报"},
    ):
        app = page(**address)
        app.switch_page(str(ROOT / "pages" / SEARCH)).run()
        assert "镇雄塔吊" not in everything(app)


@pytest.mark.parametrize(
    ("role", "region", "labels"),
    [
        (Role.ADMINISTRATOR, "530000", {"州市", "县（市、区）"}),
        (Role.PREFECTURE_REVIEWER, "530100", {"县（市、区）"}),
        (Role.COUNTY_CLERK, "530102", set()),
    ],
)
def test_places_to_choose_are_ones_own(stories, signed, role, region, labels):
    signed(role, region)
    app = page(SEARCH)
    boxes = {box.label: box for box in app.selectbox}
    assert set(boxes) & {"州市", "县（市、区）"} == labels
    if labels == {"县（市、区）"}:
        assert len(boxes["县（市、区）"].options) == 1 + 14
        boxes["县（市、区）"].select("530103").run()
        assert "盘龙工厂" in everything(app)
        assert "五华工地" not in everything(app)


@pytest.mark.parametrize(
    ("role", "region", "heading", "charts"),
    [
        (Role.ADMINISTRATOR, "530000", "", "按州市"),
        (Role.PREFECTURE_REVIEWER, "530100", "辖区：昆明市", "按县市区"),
        (Role.COUNTY_CLERK, "530102", "辖区：昆明市五华区", ""),
    ],
)
def test_the_page_says_whose_records_these_are(stories, signed, role, region, heading, charts):
    signed(role, region)
    app = page()
    assert component(app, "pulse")["place"] == heading
    assert [chart for chart in ("按州市", "按县市区") if chart in words(app)] == ([charts] if charts else [])
    wall = component(page(wall="1"), "wall")
    assert wall["place"] == heading
    assert charts in wall["parts"]
    assert bool(wall["prefectures"]) == bool(charts)


@pytest.mark.parametrize("role", [role for role in Role if may(role, "story.view")])
def test_source_trouble_and_demonstration_data_only_for_those_concerned(stories, signed, role):
    signed(role)
    app = page()
    assert bool(component(app, "pulse")["sources"]["words"]) == may(role, "source.view")
    with context.store().write() as connection:
        connection.execute(
            t.meta.insert().values(key="demo", value='{"loaded_at":"2026-11-23T02:00:00+00:00","items":7}')
        )
    app = page()
    assert "演示数据" in words(app)
    assert ("清除演示数据" in [button.label for button in app.button]) == may(role, "demo.manage")
    assert ("7 篇" in words(app)) == context.scope().everything


@pytest.mark.parametrize("role", [role for role in Role if may(role, "story.view")])
def test_on_an_empty_house_only_who_may_is_offered_demonstration_data(house, signed, role):
    signed(role)
    app = page()
    assert "还没有任何报道" in words(app)
    assert ("载入演示数据" in [button.label for button in app.button]) == may(role, "demo.manage")


def test_a_file_is_made_for_whoever_is_signed_in_when_it_is_clicked(house, stories, signed):
    held = context.Held(signed(Role.COUNTY_CLERK, "530102"), "10.20.0.7")
    actor = context.actor_of(held)
    assert actor.address == "10.20.0.7", "where the click came from, not the sign-in"
    made = export.alerts_file(
        house, actor, export.AlertFilters(), "csv", datetime.now(UTC), settings=context.settings()
    )
    text = made.decode("utf-8-sig")
    assert "五华工地讨薪一起" in text
    assert not [title for title, _ in apart("530102") if title in text]
    with house.write() as connection:
        connection.execute(t.account.update().values(disabled=True))
    with pytest.raises(Exception, match="登录已结束"):
        context.actor_of(held)


def test_a_reading_person_sees_no_export_where_the_role_has_none(stories, signed, monkeypatch):
    signed(Role.LEADER, "530627")
    honest = context.may
    monkeypatch.setattr(context, "may", lambda action: action != "story.export" and honest(action))
    assert "导出警情清单" not in everything(page())
    assert "export-xlsx" not in everything(page(SEARCH))


# ── restricted fields ────────────────────────────────────────────────────────────────────────────────────────────────
PHONE = "13988887777"


@pytest.fixture
def reported(house, stories):
    held = restricted.Fields(reporter="示例举报人某", phone=PHONE)
    with house.write() as connection:
        for region, story_id in stories.items():
            restricted.write(
                connection, SYSTEM, "story", str(story_id), region, held, revision=None, now=datetime.now(UTC)
            )
    return stories


@pytest.mark.parametrize(("role", "region"), PEOPLE)
def test_restricted_fields_are_named_but_not_shown(reported, signed, role, region):
    signed(role, region)
    place = next(place for place in HOUSES if Scope(region).covers(place))
    app = page(story=str(reported[place]))
    shown = everything(app)
    allowed = may(role, "restricted.read") or may(role, "restricted.write")
    assert ("受限信息" in shown) == allowed
    assert ("已登记：**举报人、联系电话**" in words(app)) == allowed
    assert PHONE not in shown
    assert "示例举报人某" not in shown


def readings(house):
    with house.read() as connection:
        query = select(t.audit.c["actor", "target", "after"]).where(
            t.audit.c.action == "restricted.read", t.audit.c.outcome == "成功"
        )
        return [tuple(row) for row in connection.execute(query)]


def test_a_press_answered_while_the_whole_page_is_drawn_is_answered_well(house, stories, signed):
    """As when two acts come in one message: the run is one of the whole page, in which no part can be drawn alone."""
    signed(Role.COUNTY_CLERK, "530102")
    app = page(story=str(stories["530102"]))
    app.text_input(key="restricted-phone").set_value(PHONE)
    next(button for button in app.button if button.label == "保存").click().run()
    assert not app.exception
    assert "受限信息已加密保存。" in [box.value for box in app.info]
    assert "已登记：**联系电话**" in words(app)


def test_what_was_read_is_shown_to_this_sign_in_until_the_drawer_closes(house, reported, signed):
    signed(Role.COUNTY_CLERK, "530102")
    story_id = reported["530102"]
    app = page(story=str(story_id))
    values = restricted.read(
        house, context.actor(), "story", str(story_id), "530102", why="核实情况", now=datetime.now(UTC)
    )
    assert len(readings(house)) == 1
    app.session_state["restricted_shown"] = (story_id, context.signed().token_hash, values, 1)
    assert PHONE in everything(app.run())
    assert PHONE in everything(app.run()), "drawn again while the drawer is open"
    del app.query_params["story"]
    app.run()
    assert "restricted_shown" not in app.session_state
    app.query_params["story"] = str(story_id)
    assert PHONE not in everything(app.run())
    assert len(readings(house)) == 1


@pytest.mark.parametrize("kept", ["another story", "another sign-in", "an older revision"])
def test_values_kept_for_something_else_are_not_shown(reported, signed, kept):
    signed(Role.ADMINISTRATOR)
    story_id = reported["530102"]
    app = page(story=str(story_id))
    values = restricted.Fields(phone=PHONE)
    mine = context.signed().token_hash
    app.session_state["restricted_shown"] = {
        "another story": (reported["530627"], mine, values, 1),
        "another sign-in": (story_id, "0" * 64, values, 1),
        "an older revision": (story_id, mine, values, 0),
    }[kept]
    assert PHONE not in everything(app.run())


def test_a_role_that_only_reads_has_no_form(reported, signed):
    for role, written in ((Role.DUTY_OFFICER, True), (Role.SHIFT_LEADER, False)):
        assert may(role, "restricted.write") == written
        signed(role, "530000")
        app = page(story=str(reported["530102"]))
        app.session_state["restricted_shown"] = (
            reported["530102"], context.signed().token_hash, restricted.Fields(phone=PHONE), 1,
        )  # fmt: skip
        shown = everything(app.run())
        assert PHONE in shown
        assert ("更正或删除" in shown) == written
