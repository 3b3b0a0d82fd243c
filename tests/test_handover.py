"""Handing over the desk: what the shift did, what is open, frozen and signed by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from monitors.access.scope import Scope
from monitors.desk import handover, handover_paper, life, responses
from monitors.desk.faults import DeskError
from monitors.desk.responses import Publication, ResponseDraft
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.store import tables as t
from tests import desk_house as desk
from tests.access_house import race, trail
from tests.desk_house import CLERK, COUNTY, COUNTY_DUTY, DUTY, HOUR, MINUTE, NOW, OTHER_DUTY, PROVINCE, SETTINGS, SHIFT

EVENING = NOW + 10 * HOUR


def out(store, who, region=PROVINCE, notes="塔吊讨薪一事 04:10 须报查实情况", previous=None, now=EVENING):
    with store.write() as connection:
        return handover.sign_out(connection, who, region, notes, previous=previous, now=now)


def into(store, who, number, notes="已知悉", now=EVENING + 5 * MINUTE, revision=1):
    with store.write() as connection:
        handover.sign_in(connection, who, number, revision, notes, now=now)


def prepared(store, who=DUTY, region=PROVINCE, now=EVENING):
    with store.read() as connection:
        return handover.prepare(connection, who, region, now=now)


def get(store, number, who=DUTY):
    with store.read() as connection:
        return handover.get(connection, who, number)


@pytest.fixture
def busy(store):
    """A shift that did one of everything; the number of the alert still to be checked."""
    with store.write() as connection:
        desk.closed(connection, "III")
        false = desk.signed(connection, "III")
        desk.move(connection, CLERK, false, "误报", desk.FALSE)
        checking = desk.checking(connection, "II", region="530627", title="示例塔吊上三名工人讨薪")
        desk.opened(connection, "IV")
        row = desk.row(connection, checking)
        life.set_level(
            connection, SHIFT, checking, row.revision, "I", "现场人数增加", settings=SETTINGS, now=NOW + HOUR
        )
        draft = responses.write(connection, DUTY, checking, ResponseDraft("回应", "正在核查", "示例局"), now=NOW)
        responses.send_in(connection, DUTY, draft, 1, now=NOW)
        responses.approve(connection, SHIFT, draft, 2, now=NOW)
        responses.publish(connection, DUTY, draft, 3, Publication("示例发布", NOW + MINUTE), now=NOW + HOUR)
        return row.number


def test_what_the_shift_did_and_what_goes_over(store, busy):
    found = prepared(store)
    assert (found.from_at, found.to_at) == (EVENING - timedelta(hours=24), EVENING)
    figures = found.figures
    assert (figures.opened, figures.signed, figures.closed, figures.false) == (4, 3, 1, 1)
    assert (figures.raised, figures.lowered, figures.responses) == (1, 0, 1)
    assert (figures.open, figures.unsigned, figures.overdue, figures.dead) == (2, 1, 2, 0)
    tower = next(one for one in found.items if one.number == busy)
    assert (tower.level, tower.state, tower.title) == ("I", "核查中", "示例塔吊上三名工人讨薪")
    assert "示例核查员" in tower.who
    assert tower.place == "昭通市镇雄县"
    assert tower.clock
    assert tower.due_at is not None
    assert next(one for one in found.items if one.number != busy).who == "未签收"
    assert {"签收", "升为 I级（红色）", "发布回应"} <= {one.words for one in found.events}
    assert found.events[0].at >= found.events[-1].at
    assert found.events_total == len(found.events)


def test_the_next_shift_starts_where_the_last_ended(store, busy):
    first = out(store, DUTY)
    with store.write() as connection:
        desk.signed(connection, "III", who=OTHER_DUTY, now=EVENING + HOUR)
    found = prepared(store, now=EVENING + 2 * HOUR)
    assert found.from_at == EVENING
    assert (found.figures.opened, found.figures.signed, found.figures.closed) == (1, 1, 0)
    assert found.figures.open == 3
    assert get(store, first).summary.figures.open == 2  # as it was signed, whatever came after


def test_signed_by_two_persons_and_then_never_again(store, busy):
    number = out(store, DUTY)
    with store.read() as connection:
        assert [one[0] for one in handover.untaken(connection, Scope(PROVINCE))] == [PROVINCE]
    with pytest.raises(DeskError, match="交班人以外"):
        into(store, DUTY, number)
    into(store, OTHER_DUTY, number)
    held = get(store, number)
    assert (held.out_name, held.in_name, held.in_notes) == (DUTY.display, OTHER_DUTY.display, "已知悉")
    with pytest.raises(ConflictError, match=f"{OTHER_DUTY.display} 于 11-23 20:05 接班"):
        into(store, SHIFT, number, revision=2)
    with store.read() as connection:
        assert not handover.untaken(connection, Scope(PROVINCE))
    assert [(one["action"], one["kind"]) for one in trail(store)[-2:]] == [("handover.sign", "handover")] * 2


def test_a_later_hand_over_does_not_make_up_for_one_that_nobody_took(store, busy):
    first = out(store, DUTY)
    second = out(store, OTHER_DUTY, previous=first, now=EVENING + 12 * HOUR)
    into(store, SHIFT, second, now=EVENING + 12 * HOUR)
    with store.read() as connection:
        assert [one[2] for one in handover.untaken(connection, Scope(PROVINCE))] == [DUTY.display]
        assert [one.id for one in handover.waiting(connection, SHIFT, PROVINCE)] == [first]
    into(store, SHIFT, first, now=EVENING + 12 * HOUR)
    with store.read() as connection:
        assert not handover.untaken(connection, Scope(PROVINCE))
        assert handover.waiting(connection, SHIFT, PROVINCE) == ()


def test_two_who_hand_over_or_take_over_at_once(store, busy):
    outcomes = race(2, lambda index: out(store, (DUTY, OTHER_DUTY)[index]))
    (lost,) = [one for one in outcomes if not isinstance(one, int)]
    assert isinstance(lost, ConflictError)
    assert "交班" in str(lost)
    (number,) = [one for one in outcomes if isinstance(one, int)]
    takers = (SHIFT, desk.OTHER_SHIFT)
    outcomes = race(2, lambda index: into(store, takers[index], number))
    assert sorted(type(one).__name__ for one in outcomes) == ["ConflictError", "NoneType"]


def test_a_desk_sees_its_own_part(store, busy):
    own = prepared(store, COUNTY_DUTY, COUNTY)
    assert busy not in {one.number for one in own.items}
    assert (own.figures.opened, own.figures.raised, own.figures.open) == (3, 0, 1)
    assert busy not in {one.number for one in own.events}
    above = prepared(store, DUTY, COUNTY)  # whoever is above looks at the same desk
    assert (above.figures, above.items) == (own.figures, own.items)
    with pytest.raises(RefusedError):
        prepared(store, COUNTY_DUTY, PROVINCE)
    with pytest.raises(RefusedError):
        out(store, COUNTY_DUTY, PROVINCE)
    with pytest.raises(RefusedError):
        out(store, CLERK, COUNTY)
    number = out(store, DUTY)
    for unknown in (number, 9999):
        with pytest.raises(InputError, match=handover.MISSING):
            into(store, COUNTY_DUTY, unknown)


def test_messages_that_reached_nobody_go_over_too(store, busy):
    with store.write() as connection:
        alert_id = connection.scalar(t.alert.select().with_only_columns(t.alert.c.id).where(t.alert.c.number == busy))
        channel = connection.execute(
            insert(t.channel).values(
                name="示例", kind="webhook", shown="a.invalid", sealed=b"x", region=PROVINCE, levels=["I"],
                created_at=NOW, updated_at=NOW,
            ).returning(t.channel.c.id)
        ).scalar_one()  # fmt: skip
        for key, state, about in (("a", "死信", alert_id), ("b", "死信", None), ("c", "已发", alert_id)):
            connection.execute(
                insert(t.message).values(
                    key=key, channel_id=channel, kind="alert", alert_id=about, alert_ids=[], title="示例", body="示例",
                    state=state, created_at=NOW, next_at=NOW, expires_at=NOW + 24 * HOUR,
                )
            )  # fmt: skip
    assert prepared(store).figures.dead == 2
    assert prepared(store, COUNTY_DUTY, COUNTY).figures.dead == 0


def test_a_merge_taken_back_and_a_reopening_are_told_apart(store):
    with store.write() as connection:
        master, part = desk.signed(connection, "III"), desk.signed(connection, "III")
        desk.move(connection, DUTY, part, "并案", {"master": desk.row(connection, master).number})
        desk.move(connection, DUTY, part, "撤销并案", {"reason": "不是同一事件"})
        done = desk.closed(connection, "III")
        desk.move(connection, SHIFT, done, "核查中", desk.AGAIN)
    figures = prepared(store).figures
    assert (figures.merged, figures.reopened, figures.signed, figures.closed, figures.open) == (1, 1, 3, 1, 3)


def test_the_sheet_of_paper(store, busy):
    number = out(store, DUTY, notes="#sys.inputs *星号* $x$ 原样印出")
    told = handover_paper.content(get(store, number))
    assert (told["title"], told["in_notes"]) == ("云南省值班室交接班记录", "（尚未接班）")
    assert told["notes"] == "#sys.inputs *星号* $x$ 原样印出"
    into(store, OTHER_DUTY, number)
    assert handover_paper.content(get(store, number))["signatures"][1] == "接班人：duty2同志　2026-11-23 20:05"
    assert handover_paper.pdf(get(store, number)).startswith(b"%PDF")


def test_a_long_list_is_cut_and_says_so(store, busy, monkeypatch):
    monkeypatch.setattr(handover, "MOST_ITEMS", 1)
    monkeypatch.setattr(handover, "MOST_EVENTS", 3)
    told = handover_paper.content(get(store, out(store, DUTY)))
    assert len(told["items"]) == 1
    assert told["items_title"] == "移交的未办结警情（2 起，列出最急的 1 起）"
    assert "列出最近的 3 条" in told["events_title"]


def test_notes_have_an_end(store):
    with pytest.raises(DeskError, match="不超过"):
        out(store, DUTY, notes="长" * 2001)
    with store.write() as connection:
        connection.execute(update(t.handover).values(notes="x"))  # none was written
    with store.read() as connection:
        assert handover.counted(connection, DUTY, PROVINCE) == 0
        assert handover.listed(connection, DUTY, PROVINCE) == ()
