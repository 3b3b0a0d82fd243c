"""Hazards: noted, followed up, found when stale, proposed from failed checks, and turned into cases. All invented."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import ledger_house as house
import pytest
from ledger_house import (
    ADMIN,
    CLERK,
    COUNTY,
    ELSEWHERE,
    NOW,
    REVIEWER,
    SETTINGS,
    TODAY,
    employer,
    faults,
    later,
    project,
)
from sqlalchemy import select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import cases, events, hazards, transitions
from monitors.ledger.faults import LedgerError
from monitors.ledger.hazards import HazardDraft
from monitors.ledger.model import HazardState, Record
from monitors.store import tables as t

DUTY = {"plan": "督促拨付人工费", "unit": "示例区住建局", "person": "示例责任人", "due": date(2026, 12, 10)}


def draft(employer_id, **more):
    plain = {"region": COUNTY, "source": "排查", "cause": "人工费拖延两月，月底到期", "employer_id": employer_id}
    return HazardDraft(**plain | more)


def add(connection, who=CLERK, *, now=NOW, confirm=False, **more):
    firm = more.pop("employer_id", None) or employer(connection, f"示例隐患单位{len(more)}")
    return hazards.add(connection, who, draft(firm, **more), now=now, confirm_figures=confirm)


def revision(connection, made):
    return connection.execute(select(t.hazard.c.revision).where(t.hazard.c.id == made)).scalar_one()


def move(connection, made, to, given=None, who=CLERK, now=NOW):
    transitions.move(
        connection, who, Record.HAZARD, made, to, given or {}, revision(connection, made), settings=SETTINGS, now=now
    )


def removed(connection, **more):
    made = add(connection, **DUTY, **more)
    move(connection, made, HazardState.DEFUSING)
    move(connection, made, HazardState.REMOVED, {"proof": "工资已足额发放"})
    return made


def test_a_hazard_is_numbered_and_told(store):
    with store.write() as connection:
        firm, site = employer(connection), project(connection)
        made = add(connection, employer_id=firm, project_id=site, persons=30, amount_fen=45_000_000, cause=" 资金紧张 ")
        found = hazards.get(connection, CLERK.scope, made)
        assert (found.number, found.state, found.cause) == ("YH2026-000001", "已登记", "资金紧张")
        assert (found.employer_name, found.project_name) == ("示例建筑劳务有限公司", "示例安置房一标段")
        assert (found.persons, found.amount_fen, found.due) == (30, 45_000_000, None)
        second = add(connection, employer_id=firm)
        assert hazards.get(connection, CLERK.scope, second).number == "YH2026-000002"
        assert events.history(connection, Record.HAZARD, made)[0].act == "登记"


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"source": ""}, {"source"}),
        ({"source": "字" * 21}, {"source"}),
        ({"cause": " "}, {"cause"}),
        ({"region": "510104"}, {"region"}),
        ({"persons": 10, "amount_fen": 10}, {"amount_fen"}),
        ({"persons": 5001}, {"persons"}),
        ({"due": date(2026, 11, 22)}, {"due"}),
        ({"due": date(2062, 11, 22)}, {"due"}),
        ({"project_id": 404}, {"project_id"}),
        ({"employer_id": 404}, {"employer_id"}),
        ({"plan": "字" * 501, "unit": "字" * 61, "person": "字" * 61}, {"plan", "unit", "person"}),
    ],
)
def test_refused(store, more, wrong):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(connection, **more)
    assert set(faults(caught)) == wrong


def test_an_employer_or_a_project_is_named(store):
    with store.write() as connection:
        with pytest.raises(LedgerError) as caught:
            hazards.add(connection, CLERK, draft(None), now=NOW)
        assert set(faults(caught)) == {"employer_id"}
        hazards.add(connection, CLERK, draft(None, project_id=project(connection)), now=NOW)
        add(connection, persons=5001, confirm=True)


def test_defusing_takes_the_four_of_e03_and_keeps_them(store):
    with store.write() as connection:
        made = add(connection, plan=DUTY["plan"])
        with pytest.raises(LedgerError) as caught:
            move(connection, made, HazardState.DEFUSING)
        assert faults(caught) == dict.fromkeys(("unit", "person", "due"), "E03")
        move(connection, made, HazardState.DEFUSING, {key: DUTY[key] for key in ("unit", "person", "due")})
        with pytest.raises(LedgerError) as caught:
            hazards.edit(connection, CLERK, made, {"person": " "}, revision(connection, made), now=NOW)
        assert faults(caught) == {"person": "E03"}
        hazards.edit(connection, CLERK, made, {"person": "示例接手人"}, revision(connection, made), now=NOW)
        assert hazards.get(connection, CLERK.scope, made).person == "示例接手人"


def test_an_edit_is_refused_to_the_slower_and_to_the_other_county(store):
    with store.write() as connection:
        made = add(connection)
        hazards.edit(connection, CLERK, made, {"cause": "改过的情况"}, 1, now=later(1))
        with pytest.raises(ConflictError, match="YH2026-000001"):
            hazards.edit(connection, CLERK, made, {"cause": "再改"}, 1, now=NOW)
        with pytest.raises(RefusedError):
            hazards.edit(connection, ELSEWHERE, made, {"cause": "再改"}, 2, now=NOW)
        with pytest.raises(RefusedError):
            add(connection, house.DUTY)
        with pytest.raises(RefusedError):
            add(connection, ELSEWHERE)
        with pytest.raises(InputError):
            hazards.get(connection, ELSEWHERE.scope, made)


def test_stale_after_seven_days_without_a_word(store):
    with store.write() as connection:
        old = add(connection, now=NOW - timedelta(days=8))
        add(connection, now=NOW - timedelta(days=7))
        add(connection, REVIEWER, region="530103", now=NOW - timedelta(days=9))
        over = removed(connection)
        connection.execute(t.hazard.update().where(t.hazard.c.id == over).values(updated_at=NOW - timedelta(days=30)))

        def stale(who, **more):
            return [one.id for one in hazards.stale(connection, who.scope, settings=SETTINGS, now=NOW, **more)]

        assert stale(CLERK) == [old]
        assert len(stale(REVIEWER)) == 2
        assert stale(REVIEWER, region=COUNTY) == [old]
        hazards.follow_up(connection, CLERK, old, " 已约谈总包 ", 1, now=NOW)
        assert stale(CLERK) == []
        newest = events.history(connection, Record.HAZARD, old)[0]
        assert (newest.act, newest.note) == ("跟进", "已约谈总包")
        with pytest.raises(LedgerError):
            hazards.follow_up(connection, CLERK, old, "  ", 2, now=NOW)
        with pytest.raises(ConflictError):
            hazards.follow_up(connection, CLERK, old, "又一次", 1, now=NOW)


def test_what_a_follow_up_says_is_not_in_the_trail(store):
    with store.write() as connection:
        made = add(connection)
        hazards.follow_up(connection, CLERK, made, "只在历史中的话", 1, now=NOW)
        row = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert row.action == "hazard.edit"
    assert "只在历史中的话" not in row.after


def test_rechecks_come_due(store):
    with store.write() as connection:
        made = removed(connection)
        due = TODAY + timedelta(days=SETTINGS.ledger.recheck_days)
        assert hazards.rechecks(connection, CLERK.scope, today=due - timedelta(days=1)) == ()
        (one,) = hazards.rechecks(connection, CLERK.scope, today=due)
        assert (one.id, one.recheck_on) == (made, due)
        move(connection, made, HazardState.RECHECKING)
        move(connection, made, HazardState.ENDED, {"finding": "未复发"})
        assert hazards.rechecks(connection, CLERK.scope, today=due) == ()
        with pytest.raises(LedgerError, match="闭环"):
            hazards.edit(connection, CLERK, made, {"cause": "改"}, revision(connection, made), now=NOW)


def test_a_hazard_becomes_a_case_whole_or_not_at_all(store):
    with store.write() as connection:
        firm = employer(connection)
        made = add(connection, employer_id=firm, **DUTY)
    with pytest.raises(LedgerError), store.write() as connection:
        hazards.open_case(connection, CLERK, made, house.draft(firm), 1, settings=SETTINGS, now=NOW)
    with store.write() as connection:
        assert connection.execute(select(t.wage_case.c.id)).all() == []
        move(connection, made, HazardState.DEFUSING)
        case_id = hazards.open_case(connection, CLERK, made, house.draft(firm), 2, settings=SETTINGS, now=NOW)
        found = hazards.get(connection, CLERK.scope, made)
        assert (found.state, found.case_id) == ("转问题", case_id)
        assert cases.get(connection, CLERK.scope, case_id).state == "待受理"


def test_failed_checks_are_proposed_until_noted_and_again_when_over(store):
    held = {"专用账户": {"value": "否", "on": "2026-11-03"}, "实名制": {"value": "是", "on": "2026-11-03"}}
    with store.write() as connection:
        firm = employer(connection)
        site = project(connection, contractor_id=firm, checks=held | {"资金监管": {"value": "否", "on": "2026-11-05"}})
        project(connection, "示例远方项目", region="530627", checks=held)
        first, second = hazards.proposed(connection, CLERK.scope)
        assert (first.source, first.project_id, first.employer_id) == ("专用账户未落实", site, firm)
        assert "2026-11-03" in first.cause
        assert second.source == "资金监管未落实"
        assert len(hazards.proposed(connection, ADMIN.scope)) == 3
        assert len(hazards.proposed(connection, ADMIN.scope, region="530627")) == 1
        made = hazards.add(connection, CLERK, first, now=NOW)
        assert [one.source for one in hazards.proposed(connection, ADMIN.scope, project_id=site)] == ["资金监管未落实"]
        move(connection, made, HazardState.DEFUSING, DUTY)
        move(connection, made, HazardState.REMOVED, {"proof": "已开户"})
        move(connection, made, HazardState.RECHECKING)
        move(connection, made, HazardState.ENDED, {"finding": "已开户"})
        assert len(hazards.proposed(connection, CLERK.scope, project_id=site)) == 2  # still 否 on the project


def test_defusal_rate_and_lists(store):
    with store.write() as connection:
        assert hazards.defusal(connection, ADMIN.scope).rate is None
        add(connection)
        running = add(connection, **DUTY)
        move(connection, running, HazardState.DEFUSING)
        done = removed(connection, source="舆情")
        firm = employer(connection)
        became = add(connection, employer_id=firm, **DUTY)
        move(connection, became, HazardState.DEFUSING)
        hazards.open_case(connection, CLERK, became, house.draft(firm), 2, settings=SETTINGS, now=NOW)
        count = hazards.defusal(connection, CLERK.scope)
        assert (count.removed, count.running, count.became_case, count.rate) == (1, 1, 1, Fraction(1, 3))
        assert hazards.defusal(connection, ELSEWHERE.scope).rate is None

        def ids(**more):
            return [one.id for one in hazards.listed(connection, ADMIN.scope, **more)]

        assert ids(states=("已排除",)) == [done]
        assert ids(employer_id=firm) == [became]
        assert ids(text="YH2026-000003") == [done]
        assert ids(text="建筑劳务") == [became]
        assert ids(overdue_on=date(2026, 12, 10)) == []
        assert ids(overdue_on=date(2026, 12, 11)) == [running]
        assert ids(region="530103") == []
        assert ids(limit=1) == [became]
