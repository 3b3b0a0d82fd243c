"""The roster: who answers for a division, hours nobody is named for, series, and whose rosters one may make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from monitors.access.roles import Role
from monitors.access.scope import Scope
from monitors.clock import SHANGHAI
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.notify import roster, rostering
from monitors.notify.rostering import Named, ShiftDraft
from monitors.store import tables as t
from tests.access_house import person, race, trail

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Yunnan
COUNTY, PREFECTURE, PROVINCE, FAR = "530102", "530100", "530000", "530627"


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def draft(region=PREFECTURE, start=None, end=None, officer="值班甲", leader=""):
    return ShiftDraft(region, start or at(23, 8), end or at(23, 20), Named(officer), Named(leader))


@pytest.fixture
def chief(store):
    """Makes the roster of a prefecture."""
    return person(store, "reviewer", role=Role.PREFECTURE_REVIEWER, region=PREFECTURE).actor("10.20.0.9")


@pytest.fixture
def boss(store):
    return person(store, "boss", role=Role.ADMINISTRATOR, region=PROVINCE).actor("10.20.0.9")


def add(store, who, given, now=NOW):
    with store.write() as connection:
        return rostering.add(connection, who, given, now=now)


def read(store, what, *given):
    with store.read() as connection:
        return what(connection, *given)


def test_a_county_without_shift_is_answered_for_by_its_prefecture_then_the_province(store, boss):
    add(store, boss, draft(PROVINCE, officer="值班省", leader="带班省"))
    found, desk = read(store, roster.on_duty, COUNTY, NOW)
    assert (found.officer, desk) == ("值班省", PROVINCE)
    add(store, boss, draft(PREFECTURE, officer="值班市"))
    assert read(store, roster.on_duty, COUNTY, NOW)[1] == PREFECTURE
    assert read(store, roster.leader_on_duty, COUNTY, NOW)[1] == PROVINCE  # the prefecture named none
    add(store, boss, draft(COUNTY, officer=""))
    assert read(store, roster.on_duty, COUNTY, NOW)[1] == PREFECTURE  # an unnamed shift answers for nobody
    assert read(store, roster.on_duty, "", NOW)[1] == PROVINCE
    assert read(store, roster.on_duty, "440106", NOW)[1] == PROVINCE
    assert read(store, roster.on_duty, COUNTY, at(23, 20)) is None  # the end belongs to the next shift


def test_the_officer_of_a_stopped_account_answers_for_nobody(store, chief):
    officer = person(store, "duty", role=Role.DUTY_OFFICER, region=PREFECTURE)
    add(store, chief, replace(draft(), officer=Named(id=officer.id)))
    assert read(store, roster.on_duty, PREFECTURE, NOW)[0].officer == officer.display
    with store.write() as connection:
        connection.execute(update(t.account).where(t.account.c.id == officer.id).values(disabled=True))
    assert read(store, roster.on_duty, PREFECTURE, NOW) is None
    assert "账号已停用" in read(store, roster.warning, PREFECTURE, NOW)


def test_overlap_is_refused_and_the_other_shift_named(store, chief):
    add(store, chief, draft())
    with pytest.raises(InputError, match="11-23 08:00—20:00（值班甲）"):
        add(store, chief, draft(start=at(23, 19), end=at(24, 8)))
    add(store, chief, draft(start=at(23, 20), end=at(24, 8)))  # end to end is no overlap


def test_of_two_who_add_the_same_shift_at_once_one_is_told_of_the_other(store, chief):
    outcomes = race(4, lambda number: add(store, chief, draft(officer=f"值班{number}")))
    assert sum(isinstance(one, int) for one in outcomes) == 1
    assert sum(isinstance(one, InputError) and "重叠" in str(one) for one in outcomes) == 3


IMPOSSIBLE = (
    (draft(start=at(23, 20), end=at(23, 8)), "结束时间须晚于"),
    (draft(start=at(23, 8), end=at(24, 9)), "不超过 24 小时"),
    (draft(start=at(22, 8), end=at(22, 20)), "已结束"),
    (replace(draft(), note="长" * 501), "备注不超过"),
    (replace(draft(), officer=Named("长" * 61)), "姓名不超过"),
    (replace(draft(), region="440106"), "所在地区"),
)


def test_impossible_shifts_are_refused(store, boss):
    for given, words in IMPOSSIBLE:
        with pytest.raises(InputError, match=words):
            add(store, boss, given)


def test_nobody_makes_the_roster_of_another_place_nor_without_the_right(store, chief):
    with pytest.raises(RefusedError):
        add(store, chief, draft(FAR))
    with pytest.raises(RefusedError):
        add(store, chief, draft(PROVINCE))
    officer = person(store, "duty", role=Role.DUTY_OFFICER, region=PREFECTURE).actor("10.20.0.9")
    with pytest.raises(RefusedError):
        add(store, officer, draft())
    far = person(store, "far", role=Role.DUTY_OFFICER, region=FAR)
    with pytest.raises(InputError, match="不是本地区的账号"):
        add(store, chief, replace(draft(), officer=Named(id=far.id)))


def test_another_place_s_shift_is_as_good_as_none(store, boss, chief):
    number = add(store, boss, draft(FAR))
    for unknown in (number, 9999):
        with pytest.raises(InputError, match=roster.MISSING), store.write() as connection:
            rostering.remove(connection, chief, unknown, 1, now=NOW)


def test_a_shift_is_changed_until_it_is_over_and_removed_until_it_begins(store, chief):
    number = add(store, chief, draft())
    with store.write() as connection:
        rostering.edit(connection, chief, number, 1, draft(officer="值班乙"), now=NOW)
    with pytest.raises(ConflictError), store.write() as connection:
        rostering.edit(connection, chief, number, 1, draft(officer="值班丙"), now=NOW)
    with pytest.raises(InputError, match="开始时间不能修改"), store.write() as connection:
        rostering.edit(connection, chief, number, 2, draft(start=at(23, 7)), now=NOW)
    with pytest.raises(InputError, match="不能删除"), store.write() as connection:
        rostering.remove(connection, chief, number, 2, now=NOW)
    with pytest.raises(InputError, match="已结束"), store.write() as connection:
        rostering.edit(connection, chief, number, 2, draft(officer="值班丁"), now=NOW + timedelta(days=1))
    with store.write() as connection:
        rostering.remove(connection, chief, number, 2, now=at(23, 7))
    assert read(store, roster.current, PREFECTURE, NOW) is None
    changed = trail(store)[1]
    assert (changed["action"], changed["kind"], changed["region"]) == ("roster.edit", "shift", PREFECTURE)
    assert '"值班员":"值班甲"' in changed["before"]
    assert "值班乙" in changed["after"]
    assert "时间" not in changed["after"]  # what did not change is not told


def test_two_shifts_a_day_in_turn(store, chief):
    with store.write() as connection:
        made = rostering.series(
            connection, chief, PREFECTURE, date(2026, 11, 23), date(2026, 11, 25),
            officers=[Named("甲"), Named("乙"), Named("丙")], leaders=[Named("带班")], now=NOW,
        )  # fmt: skip
    assert len(made.added) == 6
    found = read(store, roster.between, PREFECTURE, at(23, 0), at(27, 0))
    assert [one.officer for one in found] == ["甲", "乙", "丙", "甲", "乙", "丙"]
    assert (found[1].starts_at, found[1].ends_at) == (at(23, 20), at(24, 8))
    assert {one.leader for one in found} == {"带班"}
    assert not read(store, roster.coverage, Scope(PREFECTURE), NOW)


def test_a_series_leaves_out_what_is_taken_and_what_is_past(store, chief):
    add(store, chief, draft(start=at(24, 8), end=at(24, 20)))
    with store.write() as connection:
        made = rostering.series(
            connection, chief, PREFECTURE, date(2026, 11, 22), date(2026, 11, 24), times=[time(20), time(8)], now=NOW
        )
    assert (len(made.added), len(made.left_out)) == (3, 1)  # the night of the 22nd is over by 09:00
    assert "11-24 08:00—20:00（值班甲）" in made.words
    for times in (rostering.TWO_SHIFTS, ()):
        with pytest.raises(InputError), store.write() as connection:
            rostering.series(
                connection, chief, PREFECTURE, date(2026, 11, 24), date(2026, 11, 24), times=times, now=NOW
            )
    with pytest.raises(InputError, match="一次最多"), store.write() as connection:
        rostering.series(connection, chief, PREFECTURE, date(2026, 11, 24), date(2027, 11, 24), now=NOW)


def test_last_week_once_more(store, chief):
    with store.write() as connection:
        rostering.series(
            connection, chief, PREFECTURE, date(2026, 11, 23), date(2026, 11, 29), officers=[Named("甲"), Named("乙")],
            now=at(23, 0),
        )  # fmt: skip
        made = rostering.copy_week(connection, chief, PREFECTURE, date(2026, 11, 30), now=NOW)
    assert len(made.added) == 14
    assert read(store, roster.current, PREFECTURE, at(30, 9)).officer == "甲"
    with pytest.raises(InputError, match="重叠"), store.write() as connection:
        rostering.copy_week(connection, chief, PREFECTURE, date(2026, 11, 30), now=NOW)
    with pytest.raises(InputError, match="没有排班"), store.write() as connection:
        rostering.copy_week(connection, chief, PREFECTURE, date(2026, 12, 21), now=NOW)


def test_hours_nobody_is_named_for(store, boss):
    empty = read(store, roster.coverage, Scope(PREFECTURE), NOW)
    assert [(one.kind, one.starts_at, one.ends_at) for one in empty] == [("未排班", NOW, NOW + timedelta(hours=24))]
    assert read(store, roster.warning, PREFECTURE, NOW) == "当前时段未排班"
    add(store, boss, draft(start=at(23, 8), end=at(23, 20), officer=""))
    add(store, boss, draft(start=at(23, 22), end=at(24, 8)))
    assert read(store, roster.warning, PREFECTURE, NOW) == "当前班次未排值班员"
    found = read(store, roster.coverage, Scope(PREFECTURE), NOW)
    assert [(one.kind, one.starts_at, one.ends_at) for one in found] == [
        ("未排值班员", NOW, at(23, 20)), ("未排班", at(23, 20), at(23, 22)), ("未排班", at(24, 8), at(24, 9)),
    ]  # fmt: skip
    # The province sees a desk that is kept below it, and its own; a county that keeps none is not asked of.
    assert {one.region for one in read(store, roster.coverage, Scope(PROVINCE), NOW)} == {PROVINCE, PREFECTURE}
    assert read(store, roster.desks, Scope(COUNTY), NOW) == (COUNTY,)


def test_a_division_without_a_desk_is_well_while_one_above_answers(store, boss):
    assert read(store, roster.warning, COUNTY, NOW) == "当前时段未排班"
    add(store, boss, draft(PROVINCE, officer="值班省"))
    assert read(store, roster.warning, COUNTY, NOW) == ""
    add(store, boss, draft(COUNTY, start=at(24, 8), end=at(24, 20)))  # from then on it keeps one
    assert read(store, roster.warning, COUNTY, NOW) == "当前时段未排班"


def test_who_may_stand_on_a_desk_s_roster(store, chief):
    person(store, "duty", role=Role.DUTY_OFFICER, region=PREFECTURE)
    person(store, "shift", role=Role.SHIFT_LEADER, region=PREFECTURE)
    person(store, "eye", role=Role.LEADER, region=PREFECTURE)
    person(store, "far", role=Role.DUTY_OFFICER, region=FAR)
    assert {one.name for one in read(store, roster.people, chief, PREFECTURE, "officer")} == {
        "duty同志", "shift同志", "reviewer同志",
    }  # fmt: skip
    assert [one.name for one in read(store, roster.people, chief, PREFECTURE, "leader")] == ["shift同志"]
    with pytest.raises(RefusedError):
        read(store, roster.people, chief, FAR, "officer")


def test_a_shift_leaves_its_moments_with_their_zone(store, chief):
    number = add(store, chief, draft())
    stored = read(store, lambda connection: connection.execute(select(t.shift.c.starts_at)).scalar_one())
    assert stored == at(23, 8)
    assert stored.tzinfo is not None
    assert read(store, roster.get, Scope(PREFECTURE), number).words == "11-23 08:00—20:00（值班甲）"
