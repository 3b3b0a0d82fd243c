"""Projects of the ledger: three flags, eight duties with their days, and what they come to. All invented."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import pytest
from ledger_house import ADMIN, CLERK, COUNTY, ELSEWHERE, NOW, REVIEWER, TODAY, employer, faults, later
from sqlalchemy import select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import events, projects
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import SYSTEMS, Record
from monitors.ledger.projects import Bond, Checked, ProjectDraft
from monitors.store import tables as t

DAY = date(2026, 11, 3)


def draft(name="示例安置房一标段", **more):
    return ProjectDraft(**{"name": name, "region": COUNTY, "industry": "住建"} | more)


def add(connection, who=CLERK, **more):
    return projects.add(connection, who, draft(**more), today=TODAY, now=NOW)


def edit(connection, made, changes, revision=1, who=CLERK):
    projects.edit(connection, who, made, changes, revision, today=TODAY, now=later(1))


def test_a_project_comes_back_as_it_was_given(store):
    held = {"专用账户": Checked("是", DAY), "资金监管": Checked("否", DAY), "实名制": Checked("不适用", TODAY)}
    bond = Bond("保函", 1_234_500, "示例银行五华支行", date(2027, 6, 30))
    with store.write() as connection:
        builder = employer(connection, "示例总包有限公司")
        made = add(
            connection, name=" 示例(一期) 道路工程 ", developer=" 示例城投 ", contractor_id=builder, gov=True, soe=True,
            subcontractors=("示例劳务甲", " ", "示例劳务甲", "示例劳务乙 "), checks=held, bond=bond,
        )  # fmt: skip
        found = projects.get(connection, CLERK.scope, made)
        audited = connection.execute(select(t.audit.c.after).order_by(t.audit.c.seq.desc()).limit(1)).scalar_one()
    assert (found.name, found.developer, found.contractor) == ("示例（一期） 道路工程", "示例城投", "示例总包有限公司")
    assert found.subcontractors == ("示例劳务甲", "示例劳务乙")
    assert (found.gov, found.ppp, found.soe, found.status) == (True, False, True, "在建")
    assert found.checks == held
    assert found.bond == bond
    assert found.unmet == ("资金监管",)
    told = json.loads(audited)
    assert told["检查结果"] == "专用账户是（2026-11-03）、实名制不适用（2026-11-23）、资金监管否（2026-11-03）"
    assert told["工资保证金"] == "保函 12,345.00元 示例银行五华支行，至2027-06-30"
    assert "政府与社会资本合作" not in told


def test_everything_wrong_is_said_at_once(store):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(
            connection, name="", region="510104", industry="铁路", status="未开工", developer="字" * 121,
            checks={"安全帽": Checked("是", DAY)}, bond=Bond("股票", -1, "银行"),
            subcontractors=("字" * 121,),
        )  # fmt: skip
    wrong = {"name", "region", "industry", "status", "developer", "checks", "bond", "subcontractors"}
    assert set(faults(caught)) == wrong


def test_the_main_contractor_is_an_employer_on_record(store):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(connection, contractor_id=77)
    assert set(faults(caught)) == {"contractor_id"}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"专用账户": Checked("", DAY)}, "请填写“专用账户”的检查结果"),
        ({"专用账户": Checked("大概", DAY)}, "是、否、不适用"),
        ({"专用账户": Checked("是", date(2026, 11, 24))}, "日期不能晚于今天"),
    ],
)
def test_a_finding_is_one_of_three_and_has_a_day_that_has_been(held, said):
    assert any(said in one.words for one in projects.check_duties(held, today=TODAY))
    assert projects.check_duties({"专用账户": Checked("是", TODAY)}, today=TODAY) == []


def test_one_name_stands_once_in_a_county(store):
    with store.write() as connection:
        made = add(connection)
        with pytest.raises(LedgerError) as caught:
            add(connection, name="示例安置房一标段 ")
        assert "标段不同" in faults(caught)["name"]
        there = add(connection, REVIEWER, region="530103")
        assert projects.find(connection, name="示例安置房一标段", region="530103") == there
        with pytest.raises(LedgerError):
            edit(connection, there, {"region": COUNTY}, who=REVIEWER)
        edit(connection, made, {"developer": "示例城投"})  # its own name stays free


def test_put_finds_the_project_of_this_county_or_adds_it(store):
    with store.write() as connection:
        made, new = projects.put(connection, REVIEWER, draft(), today=TODAY, now=NOW)
        assert new
        assert projects.put(connection, REVIEWER, draft(industry="交通"), today=TODAY, now=NOW) == (made, False)
        assert projects.put(connection, REVIEWER, draft(region="530103"), today=TODAY, now=NOW)[1]


def test_an_edit_keeps_what_it_does_not_name(store):
    held = {"维权公示": Checked("是", DAY)}
    with store.write() as connection:
        made = add(connection, checks=held, bond=Bond("现金", 100, "示例银行"))
        edit(connection, made, {"status": "停工"})
        found = projects.get(connection, CLERK.scope, made)
        assert (found.status, found.revision, found.checks, found.bond) == (
            "停工",
            2,
            held,
            Bond("现金", 100, "示例银行"),
        )
        newest = events.history(connection, Record.PROJECT, made)[0]
        assert (newest.before, newest.after) == ({"status": "在建"}, {"status": "停工"})
        edit(connection, made, {"bond": None}, 2)
        assert projects.get(connection, CLERK.scope, made).bond is None
        with pytest.raises(ConflictError):
            edit(connection, made, {"status": "完工"}, 2)


def test_who_may_and_who_sees(store):
    with store.write() as connection:
        made = add(connection)
        with pytest.raises(RefusedError):
            add(connection, ELSEWHERE, name="示例越界项目")
        with pytest.raises(RefusedError):
            edit(connection, made, {"status": "停工"}, who=ELSEWHERE)
        with pytest.raises(RefusedError):
            edit(connection, made, {"region": "530627"}, who=CLERK)
        with pytest.raises(InputError):
            projects.get(connection, ELSEWHERE.scope, made)
        assert projects.listed(connection, ELSEWHERE.scope) == ()
        assert len(projects.listed(connection, REVIEWER.scope)) == 1


def test_listed_narrows(store):
    with store.write() as connection:
        add(connection, name="示例甲", industry="交通")
        add(connection, name="示例乙", status="完工")
        add(connection, REVIEWER, name="示例丙_", region="530103")

        def names(**more):
            return [one.name for one in projects.listed(connection, ADMIN.scope, **more)]

        assert names(industries=("交通",)) == ["示例甲"]
        assert names(statuses=("完工",)) == ["示例乙"]
        assert names(region="530103") == names(text="_") == ["示例丙_"]
        assert sorted(names()) == ["示例丙_", "示例乙", "示例甲"]
        assert len(names(limit=2)) == 2


def test_screening_counts_projects_under_way_and_their_five_systems(store):
    with store.write() as connection:
        assert projects.screening(connection, ADMIN.scope).coverage is None
        add(connection, name="示例甲", checks={name: Checked("是", DAY) for name in SYSTEMS})
        add(connection, name="示例乙", checks={"专用账户": Checked("否", DAY), "实名制": Checked("不适用", DAY)})
        add(connection, name="示例丙")
        add(connection, name="示例丁", status="完工", checks={"专用账户": Checked("否", DAY)})
        add(connection, REVIEWER, name="示例戊", region="530103", checks={"资金监管": Checked("否", DAY)})
        here = projects.screening(connection, CLERK.scope)
        assert (here.under_way, here.checked, here.met, here.unmet) == (3, 2, 5, 1)
        assert (here.coverage, here.fulfilment) == (Fraction(2, 3), Fraction(5, 6))
        there = projects.screening(connection, ADMIN.scope, region="530103")
        assert (there.coverage, there.fulfilment) == (Fraction(1), None)  # a source check is no system
