"""归并与相关 in the story drawer: links to the other stages, merging, splitting, taking back; each for whom it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitors.access.actor import SYSTEM
from monitors.access.roles import Role
from monitors.opinion import story_edits, story_neighbours
from monitors.store import tables as t
from pages import context
from tests import seed
from tests.sent import everything
from tests.test_page_duty import page, words

FIRM = "滇示云砚建设有限公司"
DAY = timedelta(days=1)


@pytest.fixture
def affair(house):
    """One employer's affair in 镇雄: the protest, the settlement months later; and another employer's, elsewhere."""
    now = datetime.now(UTC)
    planted = {
        "protest": seed.Planted("镇雄工地工人讨薪", level="III", age=DAY, reports=3),
        "settled": seed.Planted("镇雄工地工资已付清", level="关注", age=90 * DAY, reports=1),
        "other": seed.Planted("镇雄另一处讨薪 :red[红] **粗**", level="IV", age=2 * DAY, reports=2),
        "kunming": seed.Planted("五华工地讨薪", level="IV", age=DAY, region="530102"),
    }
    ids = {name: seed.plant(house, one, now) for name, one in planted.items()}
    with house.write() as connection:
        for name, firm in (("protest", FIRM), ("settled", "云砚建设"), ("other", "别家劳务公司"), ("kunming", FIRM)):
            connection.execute(t.story.update().where(t.story.c.id == ids[name]).values(employer=firm))
            connection.execute(t.item.update().where(t.item.c.story_id == ids[name]).values(employer=firm))
        for row in connection.execute(select(t.item.c.id, t.item.c.judgement)):
            whole = {"gathered": None, "visiting_province": None, "public_project": False, "specific_claim": True}
            connection.execute(t.item.update().where(t.item.c.id == row.id).values(judgement=row.judgement | whole))
    return ids


def owners(house):
    with house.read() as connection:
        return {row.id: row.story_id for row in connection.execute(select(t.item.c.id, t.item.c.story_id))}


def test_other_stages_are_linked_and_stay_apart(house, affair, signed):
    signed()
    app = page(story=str(affair["protest"]))
    assert not app.exception
    shown = words(app)
    assert f'href="?story={affair["settled"]}"' in shown
    assert "此前 89 天" in shown
    for name in ("other", "kunming"):  # another employer; another county
        assert f'href="?story={affair[name]}"' not in shown
    with house.read() as connection:
        back = story_neighbours.related(connection, SYSTEM, affair["settled"])
    assert [(one.id, one.days) for one in back] == [(affair["protest"], 89)]


def test_candidates_are_of_the_same_place_and_of_the_readers(house, affair, signed):
    settings = context.settings().story

    def found(words="", actor=SYSTEM):
        with house.read() as connection:
            return [one.id for one in story_neighbours.mergeable(connection, actor, affair["protest"], words, settings)]

    assert found() == [affair["other"]]
    assert set(found("讨薪")) == {affair["other"], affair["kunming"]}
    assert found(str(affair["settled"])) == [affair["settled"]]
    with house.read() as connection:
        number = connection.scalar(select(t.alert.c.number).where(t.alert.c.story_id == affair["kunming"]))
    assert found(number) == [affair["kunming"]]
    assert found("%") == []
    signed(Role.PREFECTURE_REVIEWER, "530600")
    assert found("讨薪", context.actor()) == [affair["other"]]
    signed(Role.PREFECTURE_REVIEWER, "530100")
    assert found("讨薪", context.actor()) == []


def test_merged_in_the_drawer_and_taken_back(house, affair, signed):
    signed(Role.DUTY_OFFICER)
    before = owners(house)
    app = page(story=str(affair["other"]))
    app.selectbox(key="story-merge-other").select(affair["protest"]).run()
    assert f"事件 {affair['protest']}（其警情级别更高或仍在办理）" in words(app)
    app.text_input(key="story-merge-why").input("同一工地")
    app.button(key="story-merge-do").click().run()
    assert not app.exception
    assert set(owners(house).values()) == {affair["protest"], affair["settled"], affair["kunming"]}
    assert app.query_params["story"] in (str(affair["protest"]), [str(affair["protest"])])
    shown = words(app) + "\n".join(element.value for element in app.success)
    assert f"已把事件 {affair['other']} 的 2 篇报道并入事件 {affair['protest']}" in shown
    assert "同一工地" in shown
    gone = page(story=str(affair["other"]))
    assert "本事件现在没有报道" in words(gone)
    assert "story-merge-do" not in everything(gone)
    app.button(key="story-undo-1").click().run()
    assert not app.exception
    assert owners(house) == before
    assert "撤销" in words(app)
    assert "story-undo-1" not in {button.key for button in app.button}


def test_split_in_the_drawer(house, affair, signed):
    signed(Role.SHIFT_LEADER)
    mine = [item for item, owner in owners(house).items() if owner == affair["protest"]]
    app = page(story=str(affair["protest"]))
    assert app.button(key="story-split-do").disabled
    app.multiselect(key="story-split-items").select(mine[-1]).run()
    app.button(key="story-split-do").click().run()
    assert not app.exception
    after = owners(house)
    assert after[mine[-1]] not in affair.values()
    assert {after[item] for item in mine[:-1]} == {affair["protest"]}
    assert f"事件 {after[mine[-1]]}" in words(app)


@pytest.mark.parametrize(
    ("role", "region", "offered"),
    [
        (Role.COUNTY_CLERK, "530627", False),
        (Role.LEADER, "530000", False),
        (Role.PREFECTURE_REVIEWER, "530600", True),
        (Role.DUTY_OFFICER, "530627", True),
    ],
)
def test_editing_is_offered_to_those_who_may(affair, signed, role, region, offered):
    signed(role, region)
    app = page(story=str(affair["protest"]))
    assert "前后相关事件" in words(app)
    keys = {button.key for button in app.button}
    assert ("story-split-do" in keys) == offered


def test_an_edit_that_came_too_late_changes_nothing(house, affair, signed):
    signed(Role.DUTY_OFFICER)
    app = page(story=str(affair["other"]))
    app.selectbox(key="story-merge-other").select(affair["protest"]).run()
    with house.write() as connection:  # somebody else was faster
        story_edits.merge(
            connection, SYSTEM, affair["other"], affair["protest"], why="", settings=context.settings(),
            now=datetime.now(UTC),
        )  # fmt: skip
    before = owners(house)
    app.button(key="story-merge-do").click().run()
    assert not app.exception
    assert owners(house) == before
    assert "本事件现在没有报道" in words(app)
