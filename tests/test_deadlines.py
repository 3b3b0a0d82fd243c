"""Limits that run on a case: each row of the table of limits, pauses, extensions, the campaign's cap, bands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import settings as settings_module
from monitors.ledger import workdays
from monitors.ledger.deadlines import (
    BANDS,
    EXTEND,
    LIMITS,
    PAUSE,
    RESUME,
    ClockState,
    campaign_of,
    change_faults,
    clocks,
    effective,
    is_old,
    reminders,
)
from monitors.ledger.model import CaseState, Clock, MeasureType
from monitors.ledger.register import band

SETTINGS = settings_module.load(environ={})
D = date


@dataclass(frozen=True)
class Case:
    state: str = CaseState.VERIFIED
    accepted_on: date = date(2026, 3, 2)
    verified_on: date | None = None
    filed_on: date | None = None
    withdrawn_on: date | None = None
    closed_on: date | None = None
    due: date | None = None


@dataclass(frozen=True)
class Measure:
    type: str
    on: date
    due: date | None = None
    done_on: date | None = None


@dataclass(frozen=True)
class Change:
    clock: str
    kind: str
    on: date
    days: int | None = None
    reason: str = field(default="示例")


def running(case: Case, today: date, measures=(), changes=(), **more) -> dict[Clock, ClockState]:
    return {s.clock: s for s in clocks(case, measures, changes, settings=SETTINGS, today=today, **more)}


def test_every_clock_of_the_model_has_its_rule_in_words():
    assert set(LIMITS) == set(Clock)
    assert all(limit.rule for limit in LIMITS.values())


def test_nothing_runs_on_a_new_case_without_a_promise():
    assert running(Case(state=CaseState.RECEIVED), D(2026, 3, 5)) == {}
    assert effective(()) is None


def test_investigation_and_penalty_from_the_day_of_filing():
    found = running(Case(state=CaseState.FILED, filed_on=D(2026, 3, 2)), D(2026, 3, 2))
    assert set(found) == {Clock.INVESTIGATION, Clock.PENALTY}
    # By hand: 21 more in March, 21 in April (6th off), in May 6–8, the worked 9th, 5 + 5, and 4 from the 25th.
    assert found[Clock.INVESTIGATION].due == D(2026, 5, 28)
    assert found[Clock.PENALTY].due == D(2026, 5, 31)
    assert found[Clock.PENALTY].left == 90


@pytest.mark.parametrize("kind", [MeasureType.DECISION, MeasureType.PENALTY, MeasureType.TRANSFER])
def test_a_decision_ends_both_and_an_order_to_mend_neither(kind):
    case = Case(state=CaseState.ORDERED, filed_on=D(2026, 3, 2))
    order = Measure(MeasureType.ORDER, D(2026, 3, 10))
    assert {Clock.INVESTIGATION, Clock.PENALTY} <= set(running(case, D(2026, 4, 1), [order]))
    decided = running(case, D(2026, 4, 1), [order, Measure(kind, D(2026, 3, 20), done_on=D(2026, 3, 21))])
    assert decided == {}


def test_a_measure_from_before_the_filing_ends_nothing():
    case = Case(state=CaseState.FILED, filed_on=D(2026, 3, 2))
    assert Clock.PENALTY in running(case, D(2026, 4, 1), [Measure(MeasureType.PENALTY, D(2026, 2, 1))])


def test_a_withdrawn_filing_runs_no_more():
    assert running(Case(filed_on=D(2026, 3, 2), withdrawn_on=D(2026, 3, 9)), D(2026, 4, 1)) == {}


def test_a_relapse_filed_anew_runs_again():
    case = Case(filed_on=D(2026, 9, 1), withdrawn_on=D(2026, 3, 9))
    assert running(case, D(2026, 9, 2))[Clock.PENALTY].due == D(2026, 11, 30)


def test_a_case_found_untrue_has_no_limits():
    case = Case(state=CaseState.UNFOUNDED, due=D(2026, 4, 1), filed_on=D(2026, 3, 2))
    assert running(case, D(2026, 3, 20)) == {}


def test_transfer_three_days_to_decide_and_three_for_the_police():
    case = Case(verified_on=None)
    found = running(case, D(2026, 3, 11), reported_on=D(2026, 3, 10))
    assert found[Clock.TRANSFER].due == D(2026, 3, 13)
    handed = Measure(MeasureType.TRANSFER, D(2026, 3, 12))
    after = running(case, D(2026, 3, 14), [handed], reported_on=D(2026, 3, 10))
    assert set(after) == {Clock.POLICE_REVIEW}
    assert (after[Clock.POLICE_REVIEW].due, after[Clock.POLICE_REVIEW].left) == (D(2026, 3, 15), 1)
    assert running(case, D(2026, 3, 14), [handed, Measure(MeasureType.POLICE_FILING, D(2026, 3, 14))]) == {}
    # The police answered that they file nothing: the transfer carries the day, and the review is over.
    assert running(case, D(2026, 3, 16), [replace(handed, done_on=D(2026, 3, 15))]) == {}


def test_a_verified_case_is_settled_by_the_end_of_its_campaign_or_earlier():
    case = Case(accepted_on=D(2021, 11, 5), verified_on=D(2021, 11, 20), due=D(2022, 3, 1))
    found = running(case, D(2021, 12, 1))
    assert found[Clock.CAMPAIGN].due == D(2022, 1, 31)
    assert effective(found.values()) == D(2022, 1, 31)
    sooner = running(replace(case, due=D(2021, 12, 15)), D(2021, 12, 1))
    assert effective(sooner.values()) == D(2021, 12, 15)
    statutory = running(replace(case, due=None, filed_on=D(2021, 10, 11)), D(2021, 12, 1))
    # By hand: 14 more in October, 22 in November, 23 in December, 1–3 January off: the 4th is the sixtieth.
    assert effective(statutory.values()) == D(2022, 1, 4)


def test_the_campaign_a_case_belongs_to():
    assert campaign_of(D(2021, 11, 20), SETTINGS).key == "2021"
    assert campaign_of(D(2022, 1, 31), SETTINGS).key == "2021"
    assert campaign_of(D(2022, 2, 1), SETTINGS).key == "2026"
    assert campaign_of(D(2027, 2, 6), SETTINGS) is None
    assert campaign_of(None, SETTINGS) is None
    assert running(Case(verified_on=D(2027, 2, 6)), D(2027, 3, 1)) == {}


def test_a_given_campaign_caps_what_was_verified_before_it_and_is_still_open():
    older = Case(accepted_on=D(2021, 11, 5), verified_on=D(2021, 11, 20))
    assert running(older, D(2026, 11, 23), campaign=SETTINGS.campaign)[Clock.CAMPAIGN].due == D(2027, 2, 5)
    closed = replace(older, state=CaseState.SETTLED, closed_on=D(2022, 1, 20))
    assert running(closed, D(2026, 11, 23), campaign=SETTINGS.campaign) == {}


def test_overdue_is_the_day_after_the_last_valid_day():
    case = Case(due=D(2026, 11, 30))
    assert running(case, D(2026, 11, 30))[Clock.PROMISE].left == 0
    assert running(case, D(2026, 12, 1))[Clock.PROMISE].left == -1


def test_a_case_closed_late_stays_late():
    case = Case(state=CaseState.SETTLED, due=D(2026, 4, 1), closed_on=D(2026, 4, 3))
    found = running(case, D(2026, 11, 23))
    assert found[Clock.PROMISE].left == -2
    due, today = effective(found.values()), D(2026, 11, 23)
    assert band(case.state, due, case.closed_on, today=today, settings=SETTINGS.ledger) == "逾期办结"


def test_an_extension_is_capped_by_the_law():
    case = Case(filed_on=D(2026, 3, 2))
    longer = running(case, D(2026, 4, 1), changes=[Change(Clock.INVESTIGATION, EXTEND, D(2026, 4, 1), 30)])
    assert longer[Clock.INVESTIGATION].due == workdays.add_workdays(D(2026, 3, 2), 90)
    assert longer[Clock.INVESTIGATION].extended_days == 30
    assert "已批准延长30个工作日" in longer[Clock.INVESTIGATION].why
    assert longer[Clock.PENALTY].due == D(2026, 5, 31)
    more = running(case, D(2026, 4, 1), changes=[Change(Clock.INVESTIGATION, EXTEND, D(2026, 4, 1), 45)])
    assert more[Clock.INVESTIGATION].due == longer[Clock.INVESTIGATION].due


def test_a_pause_in_calendar_days_moves_the_last_day_by_its_length():
    case = Case(filed_on=D(2026, 3, 2))
    pause = [Change(Clock.PENALTY, PAUSE, D(2026, 3, 10)), Change(Clock.PENALTY, RESUME, D(2026, 3, 20))]
    found = running(case, D(2026, 4, 1), changes=pause)[Clock.PENALTY]
    assert found.due == D(2026, 6, 10)
    assert "2026-03-10至2026-03-19暂停" in found.why
    stopped = running(case, D(2026, 3, 15), changes=pause)[Clock.PENALTY]
    assert (stopped.paused, stopped.due, stopped.left) == (True, None, None)
    assert "自2026-03-10起暂停" in stopped.why


def test_a_paused_limit_does_not_hide_the_others():
    case = Case(filed_on=D(2026, 3, 2), due=D(2026, 8, 1))
    pause = [Change(Clock.INVESTIGATION, PAUSE, D(2026, 3, 10)), Change(Clock.PENALTY, PAUSE, D(2026, 3, 10))]
    states = clocks(case, [], pause, settings=SETTINGS, today=D(2026, 4, 1))
    assert effective(states) == D(2026, 8, 1)
    assert states[0].clock == Clock.PROMISE


def test_a_pause_after_the_limit_ran_out_mends_nothing():
    case = Case(due=D(2026, 4, 1))
    late = [Change(Clock.PROMISE, PAUSE, D(2026, 4, 2))]
    assert running(case, D(2026, 5, 1), changes=late)[Clock.PROMISE].due == D(2026, 4, 1)


def test_the_campaign_and_the_three_days_are_neither_paused_nor_extended():
    case = Case(verified_on=D(2026, 11, 5))
    changes = [Change(Clock.CAMPAIGN, PAUSE, D(2026, 11, 6)), Change(Clock.CAMPAIGN, EXTEND, D(2026, 11, 6), 30)]
    assert running(case, D(2026, 11, 23), changes=changes)[Clock.CAMPAIGN].due == D(2027, 2, 5)
    for clock in (Clock.CAMPAIGN, Clock.TRANSFER, Clock.POLICE_REVIEW):
        assert change_faults(clock, PAUSE, None, D(2026, 11, 6), [])
        assert change_faults(clock, EXTEND, 1, D(2026, 11, 6), [])


@given(
    start=st.dates(D(2022, 1, 1), D(2026, 6, 30)),
    clock=st.sampled_from([Clock.INVESTIGATION, Clock.PENALTY]),
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4),
    extended=st.integers(0, 30),
)
def test_paused_days_are_not_counted(start, clock, spans, extended):
    """The last day found by formula is the one found by ticking off day after day."""
    changes, cursor, paused = [Change(clock, EXTEND, start, extended)], start, set()
    for gap, length in spans:
        first = cursor + timedelta(days=gap)
        cursor = first + timedelta(days=length)
        changes += [Change(clock, PAUSE, first), Change(clock, RESUME, cursor)]
        paused |= {first + timedelta(days=n) for n in range(length)}
    counted, day = 0, start
    while counted < LIMITS[clock].days + extended:
        day += timedelta(days=1)
        counted += day not in paused and (not LIMITS[clock].workdays or workdays.is_workday(day))
    found = running(Case(filed_on=start), D(2030, 1, 1), changes=changes)[clock]
    assert found.due == day
    assert found.left == (day - D(2030, 1, 1)).days


def test_a_limit_that_reaches_into_a_year_not_yet_announced_says_so():
    case = Case(filed_on=D(2026, 11, 23))
    assert "2027年放假调休安排尚未录入" in running(case, D(2026, 11, 23))[Clock.INVESTIGATION].why
    assert "尚未录入" not in running(case, D(2026, 11, 23))[Clock.PENALTY].why


CHANGES = [
    (Clock.INVESTIGATION, EXTEND, 31, (), "累计最多延长30个工作日"),
    (Clock.INVESTIGATION, EXTEND, 10, (Change(Clock.INVESTIGATION, EXTEND, D(2026, 3, 1), 25),), "已延长25个工作日"),
    (Clock.INVESTIGATION, EXTEND, None, (), "请填写延长天数"),
    (Clock.INVESTIGATION, EXTEND, -3, (), "请填写延长天数"),
    (Clock.PENALTY, PAUSE, None, (Change(Clock.PENALTY, PAUSE, D(2026, 3, 5)),), "自2026-03-05起已经暂停"),
    (Clock.PENALTY, RESUME, None, (), "没有暂停，无需恢复"),
    (Clock.PENALTY, RESUME, None, (Change(Clock.PENALTY, PAUSE, D(2026, 4, 5)),), "不能早于上一次变更（2026-04-05）"),
    (Clock.PENALTY, "取消", None, (), "暂停、恢复、延长"),
]


@pytest.mark.parametrize(("clock", "kind", "days", "before", "words"), CHANGES)
def test_changes_out_of_turn_are_refused(clock, kind, days, before, words):
    found = change_faults(clock, kind, days, D(2026, 4, 1), before)
    assert [fault for fault in found if words in fault.words]


def test_changes_in_turn_are_taken():
    paused = [Change(Clock.PENALTY, PAUSE, D(2026, 3, 5))]
    assert change_faults(Clock.INVESTIGATION, EXTEND, 30, D(2026, 4, 1), paused) == []
    assert change_faults(Clock.PENALTY, RESUME, None, D(2026, 4, 1), paused) == []
    resumed = [*paused, Change(Clock.PENALTY, RESUME, D(2026, 4, 1))]
    assert change_faults(Clock.PENALTY, PAUSE, None, D(2026, 4, 1), resumed) == []


def test_reminders_three_days_and_one_day_before():
    assert reminders(D(2026, 12, 3), SETTINGS) == (D(2026, 11, 30), D(2026, 12, 2))
    assert reminders(None, SETTINGS) == ()


@pytest.mark.parametrize(
    ("deadline", "closed", "today", "expected"),
    [
        (None, None, D(2026, 12, 3), "无期限"),
        (D(2026, 12, 3), None, D(2026, 11, 29), "在期"),
        (D(2026, 12, 3), None, D(2026, 11, 30), "临期"),
        (D(2026, 12, 3), None, D(2026, 12, 3), "临期"),
        (D(2026, 12, 3), None, D(2026, 12, 4), "逾期"),
        (D(2026, 12, 3), D(2026, 12, 3), D(2027, 1, 1), "已办结"),
        (D(2026, 12, 3), D(2026, 12, 4), D(2027, 1, 1), "逾期办结"),
        (None, D(2026, 12, 4), D(2027, 1, 1), "已办结"),
    ],
)
def test_bands(deadline, closed, today, expected):
    state = CaseState.SETTLED if closed else CaseState.CHECKING
    assert band(state, deadline, closed, today=today, settings=SETTINGS.ledger) == expected
    assert expected in BANDS


def test_an_old_case_is_one_unresolved_for_more_than_a_year():
    assert not is_old(D(2025, 11, 23), None, D(2026, 11, 23), SETTINGS)
    assert is_old(D(2025, 11, 22), None, D(2026, 11, 23), SETTINGS)
    assert not is_old(D(2025, 1, 1), D(2025, 6, 1), D(2026, 11, 23), SETTINGS)


def test_rows_and_mappings_are_read_alike():
    case = Case(filed_on=D(2026, 3, 2), due=D(2026, 4, 1))
    as_mapping = clocks(dict(vars(case)), [], [], settings=SETTINGS, today=D(2026, 3, 9))
    assert as_mapping == clocks(case, [], [], settings=SETTINGS, today=D(2026, 3, 9))
