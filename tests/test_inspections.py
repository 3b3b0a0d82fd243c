"""Inspections: the form's columns 2–4 hold by themselves, and what was found reaches the project. All invented."""

from __future__ import annotations

from datetime import date

import pytest
from access_house import race
from ledger_house import ADMIN, CLERK, COUNTY, DUTY, ELSEWHERE, NOW, REVIEWER, TODAY, employer, faults, later, project

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import events, inspections, projects
from monitors.ledger.faults import LedgerError
from monitors.ledger.inspections import InspectionDraft
from monitors.ledger.model import Record
from monitors.ledger.projects import Checked

DAY = date(2026, 11, 20)


def draft(employer_id, **more):
    plain = {
        "employer_id": employer_id, "region": COUNTY, "on": DAY, "unit": "示例区劳动保障监察大队", "workers": 40,
        "migrants": 30, "migrants_with_contract": 30,
    }  # fmt: skip
    return InspectionDraft(**plain | more)


def add(connection, employer_id, who=CLERK, *, confirm=False, **more):
    return inspections.add(
        connection, who, draft(employer_id, **more), today=TODAY, now=NOW, confirm_figures=confirm
    )  # fmt: skip


def test_an_inspection_comes_back_with_its_names(store):
    with store.write() as connection:
        firm, site = employer(connection), project(connection)
        made = add(connection, firm, project_id=site, note=" 现场台账齐全 ")
        found = inspections.get(connection, CLERK.scope, made)
        assert (found.employer_name, found.project_name) == ("示例建筑劳务有限公司", "示例安置房一标段")
        assert (found.workers, found.migrants, found.migrants_with_contract) == (40, 30, 30)
        assert (found.on, found.note, found.checks, found.revision) == (DAY, "现场台账齐全", {}, 1)
        assert events.history(connection, Record.INSPECTION, made)[0].after["workers"] == 40


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"migrants": 41, "migrants_with_contract": 41}, {"migrants": "E01"}),
        ({"migrants_with_contract": 31}, {"migrants_with_contract": "E01"}),
        ({"workers": 5001}, {"workers": "E13"}),
        ({"workers": -1, "migrants": -1}, {"workers", "migrants", "migrants_with_contract"}),
        ({"workers": None}, {"workers"}),
        ({"on": date(2026, 11, 24)}, {"on": "E11"}),
        ({"unit": " "}, {"unit"}),
        ({"region": ""}, {"region"}),
        ({"employer_id": 0}, {"employer_id"}),
        ({"project_id": 404}, {"project_id"}),
        ({"checks": {"专用账户": Checked("不详", DAY)}}, {"checks"}),
    ],
)  # fmt: skip
def test_refused(store, more, wrong):
    with store.write() as connection:
        firm = employer(connection)
        with pytest.raises(LedgerError) as caught:
            add(connection, **{"employer_id": firm} | more)
    assert set(faults(caught)) == set(wrong)
    if isinstance(wrong, dict):
        assert faults(caught) == wrong


def test_nobody_and_the_doubted_number_confirmed_are_let_in(store):
    with store.write() as connection:
        firm = employer(connection)
        add(connection, firm, workers=0, migrants=0, migrants_with_contract=0)
        add(connection, firm, workers=6000, confirm=True)
        with pytest.raises(LedgerError):
            add(connection, firm, workers=6000, migrants=6001, confirm=True)  # only E13 can be confirmed


def test_findings_reach_the_project_unless_something_newer_stands_there(store):
    older, newer = date(2026, 11, 1), date(2026, 11, 22)
    with store.write() as connection:
        firm = employer(connection)
        held = {
            "专用账户": {"value": "是", "on": older.isoformat()},
            "实名制": {"value": "是", "on": newer.isoformat()},
        }
        site = project(connection, checks=held)
        seen = {"专用账户": Checked("否", DAY), "实名制": Checked("否", DAY), "资金监管": Checked("是", DAY)}
        made = add(connection, firm, project_id=site, checks=seen)
        assert inspections.get(connection, CLERK.scope, made).checks == seen  # as found that day
        now = projects.get(connection, CLERK.scope, site)
        assert now.checks == {
            "专用账户": Checked("否", DAY), "实名制": Checked("是", newer), "资金监管": Checked("是", DAY),
        }  # fmt: skip
        assert now.unmet == ("专用账户",)
        assert now.revision == 2
        assert events.history(connection, Record.PROJECT, site)[0].act == "检查"
        add(connection, firm, project_id=site, checks=seen)  # the same again changes nothing
        assert projects.get(connection, CLERK.scope, site).revision == 2


def test_correcting_an_inspection_corrects_the_project(store):
    with store.write() as connection:
        site = project(connection)
        made = add(connection, employer(connection), project_id=site, checks={"专用账户": Checked("否", DAY)})
        changes = {"checks": {"专用账户": Checked("是", DAY)}, "workers": 41}
        inspections.edit(connection, CLERK, made, changes, 1, today=TODAY, now=later(1))
        assert projects.get(connection, CLERK.scope, site).unmet == ()
        assert inspections.get(connection, CLERK.scope, made).workers == 41
        with pytest.raises(ConflictError, match=f"检查 {made}"):
            inspections.edit(connection, CLERK, made, {"workers": 42}, 1, today=TODAY, now=NOW)
        with pytest.raises(LedgerError):
            inspections.edit(connection, CLERK, made, {"workers": 1}, 2, today=TODAY, now=NOW)


def test_place_and_site_agree(store):
    with store.write() as connection:
        firm = employer(connection)
        site, town = project(connection), project(connection, "示例市属项目", region="530100")
        with pytest.raises(LedgerError) as caught:
            add(connection, firm, REVIEWER, project_id=site, region="530103")
        assert set(faults(caught)) == {"region"}
        add(connection, firm, REVIEWER, project_id=town, region="530103")  # no county known of the project
        far = project(connection, "示例远方项目", region="530627")
        with pytest.raises(LedgerError) as caught:
            add(connection, firm, project_id=far)
        assert "辖区" in faults(caught)["project_id"]


def test_who_may_and_who_sees(store):
    with store.write() as connection:
        firm = employer(connection)
        made = add(connection, firm)
        for who in (ELSEWHERE, DUTY):
            with pytest.raises(RefusedError):
                add(connection, firm, who)
        with pytest.raises(RefusedError):
            inspections.edit(connection, ELSEWHERE, made, {"workers": 41}, 1, today=TODAY, now=NOW)
        with pytest.raises(InputError):
            inspections.get(connection, ELSEWHERE.scope, made)
        add(connection, firm, ELSEWHERE, region="530627")  # an employer may be inspected where it works
        assert len(inspections.listed(connection, ELSEWHERE.scope)) == 1


def test_listed_narrows_newest_first(store):
    with store.write() as connection:
        firm, other, site = employer(connection), employer(connection, "示例另一家"), project(connection)
        first = add(connection, firm, on=date(2026, 11, 1))
        second = add(connection, other, on=date(2026, 11, 5), project_id=site)
        third = add(connection, firm, REVIEWER, on=date(2026, 11, 5), region="530103")

        def ids(**more):
            return [one.id for one in inspections.listed(connection, ADMIN.scope, **more)]

        assert ids() == [third, second, first]
        assert ids(employer_id=firm) == [third, first]
        assert ids(project_id=site) == [second]
        assert ids(region="530103") == [third]
        assert ids(since=date(2026, 11, 5)) == [third, second]
        assert ids(until=date(2026, 11, 1)) == [first]
        assert ids(limit=1, offset=1) == [second]


def test_inspections_of_one_site_at_once_do_not_wait_for_each_other_in_a_circle(store):
    with store.write() as connection:
        firm, site = employer(connection), project(connection)

    def work(one):
        with store.write() as connection:
            return add(connection, firm, project_id=site, checks={"专用账户": Checked("是", DAY)}, note=f"第{one}组")

    outcomes = race(6, work)
    assert all(isinstance(one, int) for one in outcomes), outcomes
