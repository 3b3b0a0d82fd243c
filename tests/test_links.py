"""Tying alerts to the ledger and taking it back, drafts from a story, and the lists of what the press knew first."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import select, update

from monitors.desk import alerts as desk_alerts
from monitors.desk import queue_export
from monitors.desk.queue import Query
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import cases, clues, events
from monitors.ledger.clues import RepeatedError
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import Record
from monitors.links import drafts, export, linking, lists
from monitors.links.lists import AFTER, BEFORE, SAME_DAY, Asked
from monitors.opinion import export as alert_export
from monitors.store import tables as t
from tests import seed
from tests.ledger_house import (
    ADMIN,
    AUDITOR,
    CLERK,
    COUNTY,
    DUTY,
    ELSEWHERE,
    LEADER,
    NOW,
    OTHER_CLERK,
    SETTINGS,
    SHIFT,
    edit_row,
    employer,
    entered,
    later,
)
from tests.seed import Planted

TITLE = "示例工地数十名工人讨薪"


def alert(store, *, age=timedelta(hours=2), region=COUNTY, state="新警情", **more):
    """A planted alert of the clerk's county; its id."""
    story = seed.plant(store, Planted(TITLE, region=region, age=age, state=state, **more), NOW)
    with store.read() as connection:
        return connection.scalar(select(t.alert.c.id).where(t.alert.c.story_id == story))


def row(connection, alert_id):
    return connection.execute(select(t.alert).where(t.alert.c.id == alert_id)).one()


def kinds(connection, alert_id):
    event = t.alert_event.c
    return list(connection.scalars(select(event.kind).where(event.alert_id == alert_id).order_by(event.id)))


def trail(connection, action):
    return connection.execute(select(t.audit).where(t.audit.c.action == action)).all()


def clue_of(connection, **more):
    plain = clues.ClueDraft("12345", COUNTY, NOW - timedelta(days=3), employer_name="示例建筑劳务有限公司")
    return clues.add(connection, CLERK, replace(plain, **more), settings=SETTINGS, now=NOW)


# ── tying and untying ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_link_is_told_on_both_sides_and_kept_for_lists(store):
    first = alert(store)
    with store.write() as connection:
        one, two = entered(connection), entered(connection)
        clue = clue_of(connection)
    with store.write() as connection:
        linking.link(connection, CLERK, first, Record.CASE, one, confidence=0.87, why=("同一县",), now=NOW)
        linking.link(connection, DUTY, first, Record.CASE, two, now=later(minutes=1))
        linking.link(connection, CLERK, first, Record.CLUE, clue, now=later(minutes=2))
    with store.read() as connection:
        numbers = [cases.get(connection, ADMIN.scope, number).number for number in (one, two)]
        assert row(connection, first).case_ids == numbers  # clues are no cases
        assert row(connection, first).touched_at == later(minutes=2)
        assert kinds(connection, first) == ["opened", "link", "link", "link"]
        event = t.alert_event.c
        first_link = select(event.after).where(event.alert_id == first, event.kind == "link").order_by(event.id)
        assert connection.scalars(first_link).first() == {
            "act": "关联", "kind": "案件", "number": numbers[0], "confidence": "87%",
        }  # fmt: skip
        told = events.history(connection, Record.CASE, one)[0]
        assert told.act == "关联警情"
        assert row(connection, first).number in told.note
        assert len(trail(connection, "alert.link")) == 3
        found = linking.links_of(connection, CLERK, first)
        assert (found[0].kind, found[0].record.number, found[0].confidence) == (Record.CASE, numbers[0], 0.87)
        assert found[0].why == ("同一县",)


def test_one_case_stands_with_several_alerts(store):
    first, second = alert(store), alert(store)
    with store.write() as connection:
        case = entered(connection)
        for each in (first, second):
            linking.link(connection, CLERK, each, Record.CASE, case, now=NOW)
    with store.read() as connection:
        told = linking.alerts_of(connection, CLERK, Record.CASE, case)
        assert {one.id for one in told} == {first, second}
        assert linking.alerts_of(connection, ELSEWHERE, Record.CASE, case) == ()  # their stories are another county's


def test_the_second_to_tie_the_same_is_told_who_was_first(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
        linking.link(connection, CLERK, first, Record.CASE, case, now=NOW)
    with store.write() as connection, pytest.raises(ConflictError, match=r"clerk同志 于 .* 关联案件 AJ2026-000001"):
        linking.link(connection, OTHER_CLERK, first, Record.CASE, case, now=later(minutes=1))


def test_two_at_once_make_one_link(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
    start, said = threading.Barrier(2), []

    def press(who):
        start.wait()
        try:
            with store.write() as connection:
                linking.link(connection, who, first, Record.CASE, case, now=NOW)
            said.append("done")
        except ConflictError as error:
            said.append(str(error))

    both = [threading.Thread(target=press, args=(who,)) for who in (CLERK, OTHER_CLERK)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert said.count("done") == 1
    assert any("关联案件" in words for words in said)
    with store.read() as connection:
        assert len(row(connection, first).case_ids) == 1


def test_a_link_is_ended_with_a_reason_and_may_be_made_again(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
        made = linking.link(connection, CLERK, first, Record.CASE, case, now=NOW)
    with store.write() as connection, pytest.raises(InputError, match="原因"):
        linking.unlink(connection, CLERK, first, made, "  ", now=NOW)
    with store.write() as connection:
        linking.unlink(connection, CLERK, first, made, "核实为另一工地", now=later(minutes=5))
    with store.read() as connection:
        assert row(connection, first).case_ids == []
        assert linking.links_of(connection, CLERK, first) == ()
        (ended,) = linking.links_of(connection, CLERK, first, ended=True)
        assert (ended.ended_why, ended.ended_by) == ("核实为另一工地", "clerk同志")
        assert events.history(connection, Record.CASE, case)[0].act == "取消关联警情"
        assert len(trail(connection, "alert.unlink")) == 1
    with store.write() as connection, pytest.raises(ConflictError, match="已由 clerk同志"):
        linking.unlink(connection, OTHER_CLERK, first, made, "又一次", now=later(minutes=6))
    with store.write() as connection:
        linking.link(connection, CLERK, first, Record.CASE, case, now=later(minutes=7))
        assert len(row(connection, first).case_ids) == 1


@pytest.mark.parametrize("who", [LEADER, AUDITOR, ELSEWHERE])
def test_who_may_not_ties_nothing(store, who):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
    with store.write() as connection, pytest.raises(RefusedError):
        linking.link(connection, who, first, Record.CASE, case, now=NOW)
    with store.read() as connection:
        assert kinds(connection, first) == ["opened"]


def test_a_case_of_another_county_is_as_if_there_were_none(store):
    first = alert(store)
    with store.write() as connection:
        far = entered(connection, ADMIN, region="530627")
        number = cases.get(connection, ADMIN.scope, far).number
    with store.write() as connection, pytest.raises(InputError, match="不在您的辖区内"):
        linking.link(connection, CLERK, first, Record.CASE, far, now=NOW)
    with store.read() as connection, pytest.raises(InputError, match="不在您的辖区内"):
        linking.by_number(connection, CLERK, number)
    with store.write() as connection:
        linking.link(connection, ADMIN, first, Record.CASE, far, now=NOW)
    with store.read() as connection:
        (seen,) = linking.links_of(connection, CLERK, first)
        assert seen.record is None  # the clerk learns that there is a link, not to what


@pytest.mark.parametrize("state", ["误报", "并案"])
def test_what_is_no_matter_of_its_own_is_not_tied(store, state):
    first = alert(store, state=state)
    with store.write() as connection:
        case = entered(connection)
        with pytest.raises(InputError, match="不能关联"):
            linking.link(connection, CLERK, first, Record.CASE, case, now=NOW)


def test_demonstration_and_work_do_not_mix(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
        edit_row(connection, case, {"demo": True})
        with pytest.raises(InputError, match="演示"):
            linking.link(connection, CLERK, first, Record.CASE, case, now=NOW)


@pytest.mark.parametrize(("typed", "words"), [("", "AJ 开头"), ("YH2026-000001", "AJ 开头"), ("aj2026-9", "没有案件")])
def test_a_number_nobody_has_is_said(store, typed, words):
    with store.read() as connection, pytest.raises(InputError, match=words):
        linking.by_number(connection, CLERK, typed)


# ── a draft from the story ───────────────────────────────────────────────────────────────────────────────────────────
def test_the_draft_says_what_the_reports_say_and_no_more(store):
    first = alert(store, workers=None, text="工人们被拖欠2026年3月至8月的工资。")
    with store.read() as connection:
        told = drafts.prefilled(connection, CLERK, first)
    assert (told.region, told.employer_name, told.persons) == (COUNTY, "示例建筑劳务有限公司", None)
    assert (told.period_from, told.period_to) == (date(2026, 3, 1), date(2026, 8, 31))
    assert TITLE in told.summary
    assert "https://news.invalid/report" in told.summary
    draft = drafts.as_case(told, accepted_on=NOW.date())
    assert (draft.channel, draft.external_no, draft.employer_id) == ("舆情", told.alert.number, 0)


def test_a_complainant_in_a_title_is_covered_in_the_draft(store):
    first = alert(store)
    with store.write() as connection:
        story = row(connection, first).story_id
        values = {"title": "工人反映欠薪，联系电话13800000000"}
        connection.execute(update(t.story).where(t.story.c.id == story).values(values))
        connection.execute(
            update(t.item).where(t.item.c.story_id == story).values(url="https://n.invalid/110101199001010011")
        )
    with store.read() as connection:
        told = drafts.prefilled(connection, CLERK, first)
    assert "13800000000" not in told.summary
    assert "110101199001010011" not in told.summary
    assert clues.check(drafts.as_clue(told, received_at=NOW), now=NOW) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("拖欠3月至8月工资", (date(2026, 3, 1), date(2026, 8, 31))),
        ("2025年11月到2026年2月的工钱没给", (date(2025, 11, 1), date(2026, 2, 28))),
        ("10月至12月份工资未发", (date(2026, 10, 1), date(2026, 11, 23))),
        ("12月至次年", (None, None)),
        ("项目13月至14月工资", (None, None)),
        ("活动3月至8月举行", (None, None)),
    ],
)
def test_the_months_owed_for(text, found):
    assert drafts.period(text, date(2026, 11, 23)) == found


def test_a_case_is_entered_and_tied_at_once(store):
    first = alert(store)
    with store.write() as connection:
        firm = employer(connection)
        draft = _draft(connection, first, firm)
        made = drafts.open_case(connection, CLERK, first, draft, settings=SETTINGS, now=NOW)
    with store.read() as connection:
        case = cases.get(connection, CLERK.scope, made)
        assert (case.channel, case.external_no) == ("舆情", row(connection, first).number)
        assert row(connection, first).case_ids == [case.number]
        (link,) = linking.links_of(connection, CLERK, first)
        assert link.opened
    with store.write() as connection, pytest.raises(LedgerError, match="E12"):
        drafts.open_case(connection, CLERK, first, draft, settings=SETTINGS, now=NOW)


def test_a_case_that_cannot_be_tied_is_not_entered(store):
    first = alert(store, state="误报")
    with store.write() as connection:
        firm = employer(connection)
        draft = _draft(connection, first, firm)
    for who in (CLERK, SHIFT):  # the alert is no arrears; the shift leader enters no cases
        with pytest.raises((InputError, RefusedError)), store.write() as connection:
            drafts.open_case(connection, who, first, draft, settings=SETTINGS, now=NOW)
    with store.read() as connection:
        assert connection.scalar(select(t.wage_case.c.id)) is None


def test_a_clue_is_registered_once_and_tied(store):
    first = alert(store)
    with store.write() as connection:
        draft = drafts.as_clue(drafts.prefilled(connection, CLERK, first), received_at=NOW)
        made = drafts.open_clue(connection, CLERK, first, draft, settings=SETTINGS, now=NOW)
        assert clues.get(connection, CLERK.scope, made).channel == "舆情"
        assert row(connection, first).case_ids == []
    with store.write() as connection, pytest.raises(RepeatedError) as error:
        drafts.open_clue(connection, CLERK, first, draft, settings=SETTINGS, now=NOW)
    assert error.value.clue_id == made


def _draft(connection, alert_id, firm):
    told = drafts.prefilled(connection, CLERK, alert_id)
    return replace(drafts.as_case(told, accepted_on=date(2026, 11, 23)), employer_id=firm, claimed_migrants=0)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def known(store):
    """Five alerts: unlinked, known ten days before, the same day, four days after, and 误报; their ids."""
    ids = [alert(store) for _ in range(4)] + [alert(store, state="误报")]
    with store.write() as connection:
        on = [date(2026, 11, 13), date(2026, 11, 23), date(2026, 11, 23)]
        made = [entered(connection, accepted_on=day) for day in on]
        for each, case in zip(ids[1:4], made, strict=True):
            linking.link(connection, CLERK, each, Record.CASE, case, now=NOW)
        story = row(connection, ids[3]).story_id
        early = datetime(2026, 11, 19, 2, 0, tzinfo=UTC)
        connection.execute(update(t.story).where(t.story.c.id == story).values(first_published_at=early))
    return ids


def test_what_the_ledger_does_not_hold(store, known):
    with store.read() as connection:
        assert [one.id for one in lists.not_in_ledger(connection, CLERK, Asked())] == [known[0]]
        assert lists.count_not_in_ledger(connection, CLERK, Asked()) == (1, 0)
        assert lists.not_in_ledger(connection, ELSEWHERE, Asked()) == ()
        assert lists.not_in_ledger(connection, CLERK, Asked(until=date(2026, 11, 22))) == ()
        assert lists.not_in_ledger(connection, CLERK, Asked(levels=("I",))) == ()
        assert lists.not_in_ledger(connection, CLERK, Asked(text="没有这样的字")) == ()


def test_what_went_into_an_alert_ties_it_to_the_ledger_as_well(store, known):
    unlinked, tied = known[0], known[1]
    between = alert(store)

    def into(one, master):
        with store.write() as connection:
            values = {"state": "并案", "master_id": master}
            connection.execute(update(t.alert).where(t.alert.c.id == one).values(values))

    into(tied, between)
    into(between, unlinked)
    with store.read() as connection:
        assert lists.not_in_ledger(connection, CLERK, Asked()) == ()
        found = {one.alert.id: (one.days, one.records) for one in lists.met(connection, CLERK, Asked())}
        (number,) = row(connection, tied).case_ids
        assert found[unlinked] == (10, (number,))
        assert not {tied, between} & found.keys()
        assert lists.leads(connection, ADMIN, Asked())[0].missing == 0
    into(unlinked, tied)  # a ring has no end, the question has
    with store.read() as connection:
        assert lists.not_in_ledger(connection, CLERK, Asked()) == ()


def test_a_file_names_no_case_of_another_county(store):
    first = alert(store)
    with store.write() as connection:
        own, far = entered(connection), entered(connection, ADMIN, region="530627")
        numbers = [cases.get(connection, ADMIN.scope, one).number for one in (own, far)]
        for one in (own, far):
            linking.link(connection, ADMIN, first, Record.CASE, one, now=NOW)
    with store.read() as connection:
        for who, seen in ((CLERK, numbers[:1]), (ADMIN, numbers)):
            (listed,) = alert_export.alert_rows(connection, who.scope, alert_export.AlertFilters(), NOW)
            assert listed.cases == tuple(seen)
    for who, seen in ((CLERK, numbers[:1]), (ADMIN, numbers)):
        made = queue_export.made(store, who, Query(tab="全部"), "csv", settings=SETTINGS, now=NOW).decode("utf-8-sig")
        assert [one in made for one in numbers] == [one in seen for one in numbers]


def test_a_link_is_a_change_that_others_look_at_first(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection)
        seen = row(connection, first).revision
        linking.link(connection, ADMIN, first, Record.CASE, case, now=NOW)
    with store.write() as connection, pytest.raises(ConflictError, match="关联，请刷新后再办"):
        desk_alerts.hold(connection, SHIFT, first, seen, action="alert.work")


def test_how_long_before_the_press_the_office_knew(store, known):
    with store.read() as connection:
        found = lists.met(connection, CLERK, Asked())
        assert [(one.alert.id, one.days, one.kind) for one in found] == [
            (known[1], 10, BEFORE), (known[2], 0, SAME_DAY), (known[3], -4, AFTER),
        ]  # fmt: skip
        assert [pair for pair in lists.spread(found) if pair[1]] == [
            ("提前 8–30 天", 1), ("同日", 1), ("滞后 1–7 天", 1),
        ]  # fmt: skip
        whole, *parts = lists.leads(connection, ADMIN, Asked())
    assert (whole.missing, whole.before, whole.same_day, whole.after, whole.days) == (1, 1, 1, 1, 0.0)
    assert whole.share == pytest.approx(1 / 4)
    assert [one.region for one in parts] == ["530100"]


def test_a_case_is_known_since_its_clue(store):
    first = alert(store)
    with store.write() as connection:
        case = entered(connection, accepted_on=date(2026, 11, 23))
        clue = clue_of(connection, received_at=NOW - timedelta(days=6))
        connection.execute(update(t.clue).where(t.clue.c.id == clue).values(case_id=case))
        linking.link(connection, CLERK, first, Record.CASE, case, now=NOW)
    with store.read() as connection:
        (one,) = lists.met(connection, CLERK, Asked())
    assert (one.days, one.kind) == (6, BEFORE)


@pytest.mark.parametrize("who", [AUDITOR])
def test_who_sees_no_stories_sees_no_list(store, who):
    with store.read() as connection:
        for ask in (lists.not_in_ledger, lists.met, lists.leads, lists.count_not_in_ledger):
            with pytest.raises(RefusedError):
                ask(connection, who, Asked())


def test_a_list_becomes_a_file_with_its_line_in_the_trail(store, known):
    data = export.made(store, CLERK, lists.BEFORE, Asked(), "xlsx", settings=SETTINGS, now=NOW)
    page = openpyxl.load_workbook(io.BytesIO(data)).active
    rows = [[cell.value for cell in line] for line in page.iter_rows()]
    assert rows[0][0] == "入账后见报"
    heads = next(line for line in rows if line[0] == "警情编号")
    (line,) = rows[rows.index(heads) + 1 :]
    assert line[heads.index("提前天数")] == 10
    assert line[heads.index("关联记录")] == "AJ2026-000001"
    missing = export.made(store, CLERK, export.MISSING, Asked(), "csv", settings=SETTINGS, now=NOW).decode("utf-8-sig")
    assert missing.count("YJ") == 1
    with store.read() as connection:
        assert [one.action for one in trail(connection, "story.export")] == ["story.export"] * 2


def test_who_may_not_export_gets_no_file(store):
    with pytest.raises(RefusedError):
        export.made(store, AUDITOR, export.MISSING, Asked(), "csv", settings=SETTINGS, now=NOW)
