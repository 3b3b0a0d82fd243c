"""The lists of projects, inspections and employers: what they find, count and keep from other divisions."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_house import (
    ADMIN,
    CLERK,
    COUNTY,
    ELSEWHERE,
    NOW,
    PREFECTURE,
    REVIEWER,
    SETTINGS,
    TODAY,
    employer,
    entered,
    project,
    settled,
)

from monitors.ledger import employer_file, inspections, party_lists
from monitors.ledger.inspections import InspectionDraft
from monitors.ledger.party_lists import Asked
from monitors.ledger.projects import Checked

DAY = date(2026, 11, 3)


@pytest.fixture
def full(store):
    """Three projects of 五华 (one inspected and wanting, one never, one finished) and one of 镇雄, with cases."""
    with store.write() as connection:
        builder = employer(connection, "示例总包有限公司", uscc="91530102MA6DEMO00X")
        site = project(connection, "示例安置房一标段", contractor_id=builder, gov=True, developer="示例城投")
        project(connection, "示例道路工程", industry="交通", soe=True, ppp=True)
        project(connection, "示例旧厂房", status="完工")
        far = project(connection, "示例水库", region="530627", industry="水利", contractor_id=builder)
        checks = {"专用账户": Checked("否", DAY), "实名制": Checked("是", DAY)}
        for who, region, made, on in ((CLERK, COUNTY, site, DAY), (ELSEWHERE, "530627", far, TODAY)):
            draft = InspectionDraft(builder, region, on, "示例监察大队", 40, 30, 20, made, checks)
            inspections.add(connection, who, draft, today=TODAY, now=NOW)
        early = {"period_from": date(2026, 1, 1), "period_to": date(2026, 3, 31)}
        late = {"period_from": date(2026, 6, 1), "period_to": date(2026, 8, 31)}
        entered(connection, employer_id=builder, project_id=site, **early)
        settled(connection, employer_id=builder, project_id=site, **late)
        entered(connection, ELSEWHERE, employer_id=builder, project_id=far, region="530627")
        store.builder, store.site = builder, site
    return store


def asked(store, kind, who=CLERK, *, limit=50, offset=0, **more):
    with store.read() as connection:
        return getattr(party_lists, kind)(connection, who.scope, Asked(**more), limit=limit, offset=offset)


def names(found):
    rows, total = found
    assert total == len(rows)
    return [row.name for row in rows]


def test_a_project_tells_its_last_check_and_open_cases(full):
    rows, total = asked(full, "sites")
    assert total == 3
    first = rows[0]
    assert (first.name, first.contractor, first.inspected_on, first.open_cases) == (
        "示例安置房一标段", "示例总包有限公司", DAY, 1,
    )  # fmt: skip
    assert first.checks["专用账户"] == Checked("否", DAY)
    assert [row.status for row in rows] == ["在建", "在建", "完工"]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"text": "总包"}, ["示例安置房一标段"]),
        ({"text": "城投"}, ["示例安置房一标段"]),
        ({"text": "%"}, []),
        ({"industries": ("交通",)}, ["示例道路工程"]),
        ({"statuses": ("完工", "停工")}, ["示例旧厂房"]),
        ({"flags": ("未排查",)}, ["示例道路工程"]),
        ({"flags": ("有未落实",)}, ["示例安置房一标段"]),
        ({"flags": ("有未结案件", "政府投资")}, ["示例安置房一标段"]),
        ({"flags": ("PPP", "国企")}, ["示例道路工程"]),
        ({"region": "530627"}, []),
    ],
)
def test_each_filter_narrows_the_projects(full, more, found):
    assert names(asked(full, "sites", **more)) == found


def test_who_sees_which_projects(full):
    assert len(asked(full, "sites", ADMIN)[0]) == 4
    assert names(asked(full, "sites", ELSEWHERE)) == ["示例水库"]
    assert len(asked(full, "sites", REVIEWER, region=PREFECTURE)[0]) == 3
    rows, total = asked(full, "sites", ADMIN, limit=1, offset=3)
    assert (len(rows), total) == (1, 4)


def test_inspections_by_days_words_and_project(full):
    rows, total = asked(full, "visits", ADMIN)
    assert (total, [row.on for row in rows]) == (2, [TODAY, DAY])
    assert asked(full, "visits")[1] == 1
    assert asked(full, "visits", ADMIN, since=DAY, until=DAY)[1] == 1
    assert asked(full, "visits", ADMIN, text="水库")[1] == 1
    assert asked(full, "visits", ADMIN, project_id=full.site)[0][0].project == "示例安置房一标段"
    assert asked(full, "visits", text="没有这样的单位") == ((), 0)


def test_employers_are_everybodys_and_their_cases_ones_own(full):
    def builder(who):
        rows, _ = asked(full, "firms", who, text="demo00x")
        return rows[0]

    assert (builder(CLERK).open_cases, builder(CLERK).inspected_on) == (1, DAY)
    assert (builder(ADMIN).open_cases, builder(ADMIN).inspected_on) == (2, TODAY)
    assert asked(full, "firms", classes=("校外培训机构",)) == ((), 0)
    assert asked(full, "firms", region="530627")[1] == 0


def test_an_employer_whole_holds_what_the_reader_may_see(full):
    with full.read() as connection:
        own = employer_file.read(connection, CLERK, full.builder, settings=SETTINGS, today=TODAY)
        far = employer_file.read(connection, ELSEWHERE, full.builder, settings=SETTINGS, today=TODAY)
        assert employer_file.read(connection, ADMIN, 9999, settings=SETTINGS, today=TODAY) is None
    assert [name for _, name, _, _ in own.projects] == ["示例安置房一标段"]
    assert [name for _, name, _, _ in far.projects] == ["示例水库"]
    assert (own.cases.sums.cases, far.cases.sums.cases) == (2, 1)
    assert [one.region for one in far.inspections] == ["530627"]
