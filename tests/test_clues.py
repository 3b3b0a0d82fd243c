"""Clues: numbered, in time or late, joined when repeated, the complainant kept apart. All invented."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from threading import Barrier

import ledger_house as house
import pytest
from ledger_house import ADMIN, CLERK, COUNTY, DUTY, ELSEWHERE, NOW, REVIEWER, SETTINGS, TODAY, employer, faults, later
from sqlalchemy import select

from monitors.access import restricted
from monitors.access.restricted import Fields
from monitors.errors import ConflictError, InputError, MonitorsError, RefusedError
from monitors.ledger import cases, clues, events, transitions
from monitors.ledger.clues import ClueDraft, RepeatedError
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import ClueState, Record
from monitors.store import tables as t

HOUR = timedelta(hours=1)
WHO = Fields(reporter="示例反映人", phone="0871-00000000")


def draft(**more):
    plain = {
        "channel": "全国平台", "region": COUNTY, "received_at": NOW - HOUR, "employer_name": "示例建筑劳务有限公司",
        "summary": "三个月工资未发",
    }  # fmt: skip
    return ClueDraft(**plain | more)


def add(connection, who=CLERK, *, reporter=None, now=NOW, confirm=False, **more):
    return clues.add(
        connection, who, draft(**more), settings=SETTINGS, now=now, reporter=reporter, confirm_figures=confirm
    )


def revision(connection, made):
    return connection.execute(select(t.clue.c.revision).where(t.clue.c.id == made)).scalar_one()


def move(connection, made, to, given=None, who=CLERK, now=NOW):
    at = revision(connection, made)
    transitions.move(connection, who, Record.CLUE, made, to, given or {}, at, settings=SETTINGS, now=now)


def checking(connection, **more):
    made = add(connection, **more)
    move(connection, made, ClueState.ACCEPTED)
    move(connection, made, ClueState.CHECKING)
    return made


def test_a_clue_is_numbered_has_a_receiver_and_a_day(store):
    with store.write() as connection:
        made = add(connection, external_no=" QG-1 ", project_name="示例(一期)", persons=20, amount_fen=30_000_000)
        found = clues.get(connection, CLERK.scope, made)
        assert (found.number, found.state, found.external_no) == ("XS2026-000001", "待登记", "QG-1")
        assert (found.first_receiver, found.project_name) == ("clerk同志", "示例（一期）")
        assert found.due == date(2026, 12, 8)  # fifteen days from receipt
        assert (found.persons, found.amount_fen, found.conclusion, found.case_number) == (20, 30_000_000, "", "")
        assert found.received_at == NOW - HOUR
        given = add(connection, due=date(2026, 11, 30), first_receiver="示例窗口")
        found = clues.get(connection, CLERK.scope, given)
        assert (found.number, found.due, found.first_receiver) == ("XS2026-000002", date(2026, 11, 30), "示例窗口")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"channel": ""}, {"channel"}),
        ({"channel": "微信"}, {"channel"}),
        ({"region": ""}, {"region"}),
        ({"received_at": NOW + HOUR}, {"received_at"}),
        ({"received_at": datetime(1926, 11, 1, tzinfo=UTC)}, {"received_at"}),
        ({"employer_name": " ", "summary": ""}, {"employer_name"}),
        ({"employer_id": 404}, {"employer_id"}),
        ({"persons": 10, "amount_fen": 10}, {"amount_fen"}),
        ({"persons": 5001}, {"persons"}),
        ({"due": date(2026, 11, 22)}, {"due"}),
        ({"due": date(2062, 11, 22)}, {"due"}),
        ({"summary": "联系13800000000"}, {"summary"}),
        ({"summary": "证件53010219000101001x"}, {"summary"}),
        ({"summary": "字" * 501, "external_no": "1" * 61, "person": "字" * 61}, {"summary", "external_no", "person"}),
    ],
)
def test_refused(store, more, wrong):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(connection, **more)
    assert set(faults(caught)) == wrong


def test_a_long_number_that_is_nobody_s_is_let_in(store):
    with store.write() as connection:
        add(connection, summary="合同编号 20261380000000012，欠薪 138000 元")
        add(connection, persons=5001, confirm=True)


def test_the_complainant_is_sealed_and_in_no_list_history_or_trail(store):
    with store.write() as connection:
        made = add(connection, reporter=WHO)
        held = restricted.summary(connection, CLERK, clues.KIND, str(made), COUNTY)
        assert held.filled == ("reporter", "phone")
        told = [str(row) for table in (t.clue, t.ledger_event, t.audit) for row in connection.execute(select(table))]
        assert not [one for one in told if WHO.reporter in one or WHO.phone in one]
    opened = restricted.read(store, CLERK, clues.KIND, str(made), COUNTY, why="核实情况", now=NOW)
    assert (opened.reporter, opened.phone) == (WHO.reporter, WHO.phone)
    with pytest.raises(RefusedError):
        restricted.read(store, ELSEWHERE, clues.KIND, str(made), COUNTY, why="好奇", now=NOW)


def test_an_impossible_telephone_refuses_the_whole_clue(store):
    with pytest.raises(InputError), store.write() as connection:
        add(connection, reporter=Fields(phone="不知道"))
    with store.read() as connection:
        assert connection.execute(select(t.clue.c.id)).all() == []


def test_the_same_number_of_the_same_channel_is_offered_to_be_joined(store):
    with store.write() as connection:
        first = add(connection, external_no="QG-1")
        add(connection, external_no="QG-1", channel="12345")  # another platform counts for itself
        add(connection)
        add(connection)  # without a number nothing repeats
        with pytest.raises(RepeatedError, match=r"XS2026-000001（昆明市五华区）") as caught:
            add(connection, ELSEWHERE, external_no="QG-1", region="530627")
        assert (caught.value.clue_id, caught.value.number) == (first, "XS2026-000001")
        other = add(connection, external_no="QG-2")
        with pytest.raises(RepeatedError):
            clues.edit(connection, CLERK, other, {"external_no": "QG-1"}, 1, now=NOW)
        clues.edit(connection, CLERK, first, {"external_no": "QG-1", "persons": 3}, 1, now=NOW)


def at_once(store, *works):
    """What each of the works, all begun at one moment in a transaction of its own, returned or raised."""
    ready = Barrier(len(works))

    def begun(work):
        ready.wait(10)
        try:
            with store.write() as connection:
                return work(connection)
        except MonitorsError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begun, works))


def test_of_four_clerks_at_once_one_registers_the_number(store):
    done = at_once(store, *([lambda connection: add(connection, external_no="QG-1")] * 4))
    assert sorted(type(one).__name__ for one in done) == ["RepeatedError"] * 3 + ["int"]
    with store.read() as connection:
        assert connection.execute(select(t.clue.c.number)).scalars().all() == ["XS2026-000001"]


def test_an_edit_and_a_case_opened_at_once_wait_for_each_other_in_turn(store):
    with store.write() as connection:
        made, firm = checking(connection), employer(connection)
    done = at_once(
        store,
        lambda connection: clues.edit(connection, CLERK, made, {"persons": 9}, 3, now=NOW),
        lambda connection: clues.open_case(connection, CLERK, made, house.draft(firm), 3, settings=SETTINGS, now=NOW),
    )
    assert [type(one) for one in done].count(ConflictError) == 1  # the slower one, told so and not by a deadlock


def test_joining_fills_blanks_keeps_the_larger_figure_and_the_first_receiver(store):
    with store.write() as connection:
        made = add(connection, external_no="QG-1", persons=10, amount_fen=10_000_000, first_receiver="示例窗口")
        again = draft(
            external_no="QG-1", persons=8, amount_fen=12_000_000, project_name="示例安置房", summary="再次反映",
            first_receiver="他人",
        )  # fmt: skip
        assert clues.merge(connection, CLERK, made, again, 1, now=later(1)) == ("project_name", "amount_fen")
        found = clues.get(connection, CLERK.scope, made)
        assert (found.persons, found.amount_fen, found.project_name) == (10, 12_000_000, "示例安置房")
        assert (found.summary, found.first_receiver) == ("三个月工资未发", "示例窗口")
        newest = events.history(connection, Record.CLUE, made)[0]
        assert (newest.act, newest.note) == ("并入", "并入一条重复反映：全国平台 QG-1：再次反映")
        assert clues.merge(connection, CLERK, made, again, 2, now=later(2)) == ()  # told, though it adds nothing
        assert events.history(connection, Record.CLUE, made)[0].note.endswith("再次反映")
        with pytest.raises(ConflictError):
            clues.merge(connection, CLERK, made, again, 1, now=later(2))
        with pytest.raises(RefusedError):
            clues.merge(connection, ELSEWHERE, made, again, 3, now=later(2))


def test_who_received_it_first_never_changes(store):
    with store.write() as connection:
        made = add(connection)
        with pytest.raises(LedgerError) as caught:
            clues.edit(connection, CLERK, made, {"first_receiver": "他人"}, 1, now=NOW)
        assert set(faults(caught)) == {"first_receiver"}
        move(connection, made, ClueState.PASSED_ON, {"target_unit": "示例区住建局"})
        assert clues.get(connection, CLERK.scope, made).first_receiver == "clerk同志"


def test_edits_until_done(store):
    with store.write() as connection:
        made = checking(connection)
        clues.edit(connection, CLERK, made, {"persons": 5}, 3, now=NOW)
        with pytest.raises(ConflictError, match="XS2026-000001"):
            clues.edit(connection, CLERK, made, {"persons": 6}, 3, now=NOW)
        for who in (ELSEWHERE, DUTY):
            with pytest.raises(RefusedError):
                clues.edit(connection, who, made, {"persons": 6}, 4, now=NOW)
        with pytest.raises(RefusedError):
            clues.edit(connection, CLERK, made, {"region": "530627"}, 4, now=NOW)
        move(connection, made, ClueState.CONCLUDED, {"conclusion": "属实已解决"})
        move(connection, made, ClueState.ANSWERED, {"feedback_on": TODAY, "feedback_how": "电话"})
        move(connection, made, ClueState.DONE)
        with pytest.raises(LedgerError, match="已办结"):
            clues.edit(connection, CLERK, made, {"persons": 6}, revision(connection, made), now=NOW)
        again = draft(persons=50)
        assert clues.merge(connection, CLERK, made, again, revision(connection, made), now=NOW) == ()
        assert clues.get(connection, CLERK.scope, made).persons == 5


def test_a_clue_becomes_a_case_with_its_first_receiver_or_neither_is_written(store):
    with store.write() as connection:
        firm = employer(connection)
        made = add(connection, external_no="QG-1", persons=20, amount_fen=30_000_000, first_receiver="示例窗口")
        clue = clues.get(connection, CLERK.scope, made)
    plain = clues.as_case(clue, employer_id=firm, accepted_on=TODAY)
    assert (plain.claimed_workers, plain.claimed_fen, plain.summary) == (20, 30_000_000, "三个月工资未发")
    with pytest.raises(LedgerError, match="E06"), store.write() as connection:
        clues.open_case(connection, CLERK, made, plain, 1, settings=SETTINGS, now=NOW)
    with store.write() as connection:
        assert connection.execute(select(t.wage_case.c.id)).all() == []
        move(connection, made, ClueState.ACCEPTED)
        move(connection, made, ClueState.CHECKING)
        mine = house.draft(firm)  # of another channel, without a receiver: the clue's stand
        case_id = clues.open_case(connection, CLERK, made, mine, 3, settings=SETTINGS, now=NOW)
        case, clue = cases.get(connection, CLERK.scope, case_id), clues.get(connection, CLERK.scope, made)
        assert (case.channel, case.external_no, case.first_receiver) == ("全国平台", "QG-1", "示例窗口")
        assert (clue.state, clue.conclusion, clue.case_number) == ("已结论", "属实转案件", case.number)
        assert (case.verified_workers, case.verified_fen) == (None, None)


def test_late_to_accept_and_late_to_settle(store):
    received = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 18:00 of the 20th: to be accepted by the 21st
    with store.write() as connection:
        waiting = add(connection, received_at=received)
        midnight = add(connection, received_at=datetime(2026, 11, 20, 17, 0, tzinfo=UTC))  # 01:00 of the 21st here
        passed = add(connection, received_at=received, due=date(2026, 11, 30))
        move(connection, passed, ClueState.PASSED_ON, {"target_unit": "示例区住建局"})
        done = checking(connection, received_at=received, due=date(2026, 11, 30))
        move(connection, done, ClueState.CONCLUDED, {"conclusion": "撤回"})

        def late(today, who=CLERK):
            found = clues.late(connection, who.scope, settings=SETTINGS, today=today)
            assert all(one.late(settings=SETTINGS, today=today) for one in found)
            every = clues.listed(connection, who.scope)
            words = {one.id: one.late(settings=SETTINGS, today=today) for one in every}
            assert {one.id for one in found} == {key for key, word in words.items() if word}
            return {key: word for key, word in words.items() if word}

        assert late(date(2026, 11, 21)) == {}
        assert late(date(2026, 11, 22)) == {waiting: "逾期未受理"}
        assert late(date(2026, 11, 23)) == {waiting: "逾期未受理", midnight: "逾期未受理"}
        assert late(date(2026, 11, 30))[waiting] == "逾期未受理"
        assert late(date(2026, 12, 1)) == {
            waiting: "逾期未受理", midnight: "逾期未受理", passed: "逾期未核处",
        }  # fmt: skip
        assert late(date(2026, 12, 6))[waiting] == "逾期未核处"
        assert late(date(2026, 12, 6), ELSEWHERE) == {}


def test_punctuality_counts_whose_day_has_come(store):
    day = date(2026, 11, 30)
    evening = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)  # 23:59 of the last day here
    with store.write() as connection:
        assert clues.punctuality(connection, ADMIN.scope, today=TODAY).rate is None
        for at in (evening, evening + timedelta(minutes=1), None):
            made = checking(connection, due=day)
            if at is not None:
                move(connection, made, ClueState.CONCLUDED, {"conclusion": "撤回"}, now=at)
        add(connection, due=date(2026, 12, 20))
        add(connection, REVIEWER, region="530103", due=day)
        assert clues.punctuality(connection, CLERK.scope, today=date(2026, 11, 29)).rate is None
        counted = clues.punctuality(connection, CLERK.scope, today=day)
        assert (counted.due, counted.in_time, counted.rate) == (3, 1, Fraction(1, 3))
        assert clues.punctuality(connection, ADMIN.scope, today=day).due == 4
        assert clues.punctuality(connection, ADMIN.scope, today=day, region="530103").rate == 0


def test_listed_narrows_newest_first(store):
    with store.write() as connection:
        first = checking(connection, received_at=NOW - 3 * HOUR, employer_name="示例甲公司", external_no="QG_1")
        move(connection, first, ClueState.CONCLUDED, {"conclusion": "重复"})
        second = add(connection, received_at=NOW - 2 * HOUR, channel="电话", summary="食堂的工资")
        third = add(connection, REVIEWER, received_at=NOW - HOUR, region="530103")

        def ids(**more):
            return [one.id for one in clues.listed(connection, ADMIN.scope, **more)]

        assert ids() == [third, second, first]
        assert ids(text="示例甲") == ids(text="_") == ids(conclusions=("重复",)) == ids(states=("已结论",)) == [first]
        assert ids(channels=("电话",)) == ids(text="食堂") == [second]
        assert ids(region="530103") == ids(text="XS2026-000003") == [third]
        assert ids(limit=1, offset=1) == [second]
        with pytest.raises(InputError):
            clues.get(connection, ELSEWHERE.scope, first)
