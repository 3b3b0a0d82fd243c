"""Candidates for an alert: the right record stands first on an invented ledger, and each sign says what it means."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from rapidfuzz import fuzz
from sqlalchemy import insert, select

from monitors.access.roles import Role
from monitors.errors import RefusedError
from monitors.ledger import clues
from monitors.ledger.model import Record
from monitors.links import candidates as offered
from monitors.links import linking, signs
from monitors.links.signs import Known, Told
from monitors.store import tables as t
from tests import links_world, seed
from tests.ledger_house import (
    ADMIN,
    AUDITOR,
    CLERK,
    COUNTY,
    ELSEWHERE,
    NOW,
    SETTINGS,
    actor,
    employer,
    entered,
    project,
)
from tests.seed import Planted

# Measured on links_world (100 stories, 400 pairs): recall@3 1.00, first place 0.98, wrong offers 0.03. The world is
# invented by whoever wrote the signs: real names are messier, so these are floors against decay, not a promise.
RECALL_AT_3, FIRST_PLACE, WRONG_OFFERS = 0.95, 0.95, 0.10
LIKELY = 0.5


def figures(connection, world, who=ADMIN):
    """(share of held stories whose record is among the first three, … stands first among likely ones, wrong offers)."""
    hit, first, likely, wrong, held, absent = 0, 0, 0, 0, 0, 0
    missed = []
    for story in world.stories:
        found = offered.candidates(connection, who, story.alert_id)
        keys = [(str(one.kind), one.id) for one in found]
        top = [key for key, one in zip(keys, found, strict=True) if one.confidence >= LIKELY]
        if story.record is None:
            absent += 1
            wrong += bool(top)
            if top:
                missed.append((story.kind, found[0]))
            continue
        held += 1
        hit += story.record in keys[:3]
        if story.record not in keys[:3]:
            missed.append((story.kind, found[:1]))
        if top:
            likely += 1
            first += top[0] == story.record
    return hit / held, first / likely, wrong / absent, missed


def test_the_right_record_is_offered_and_stands_first(store):
    with store.write() as connection:
        world = links_world.build(connection)
    assert world.pairs >= 120
    with store.read() as connection:
        recall, first, wrong, missed = figures(connection, world)
    assert recall >= RECALL_AT_3, missed
    assert first >= FIRST_PLACE, missed
    assert wrong <= WRONG_OFFERS, missed


# ── one alert ────────────────────────────────────────────────────────────────────────────────────────────────────────
def planted(store, **more):
    """An alert of the clerk's county about 示例建筑劳务有限公司, 60 persons, 126 万元; its id."""
    story = seed.plant(store, Planted("示例工地工人讨薪", region=COUNTY, **more), NOW)
    with store.read() as connection:
        return connection.scalar(select(t.alert.c.id).where(t.alert.c.story_id == story))


def numbers(store, alert_id, who=CLERK):
    with store.read() as connection:
        return [one.number for one in offered.candidates(connection, who, alert_id)]


def test_the_reasons_are_said_in_words(store):
    alert = planted(store, amount_fen=1_260_000_00)
    with store.write() as connection:
        firm = employer(connection, "示例建筑劳务有限公司")
        entered(connection, employer_id=firm, claimed_workers=58, claimed_fen=1_200_000_00)
    with store.read() as connection:
        (one,) = offered.candidates(connection, CLERK, alert)
    assert one.reasons == (
        "用人单位名称相同：示例建筑劳务有限公司",
        "同一县（市、区）：五华区",
        "人数相近：58 人／60 人",
        "金额相近：120 万元／126 万元",
        "时间相近：首发前 13 天",
    )
    assert one.confidence == 0.98


def test_what_is_linked_already_is_not_offered_again_until_it_is_taken_back(store):
    alert = planted(store)
    with store.write() as connection:
        case = entered(connection, employer_id=employer(connection, "示例建筑劳务有限公司"), claimed_workers=60)
        made = linking.link(connection, CLERK, alert, Record.CASE, case, now=NOW)
    assert numbers(store, alert) == []
    with store.write() as connection:
        linking.unlink(connection, CLERK, alert, made, "点错", now=NOW)
    assert numbers(store, alert) == ["AJ2026-000001"]


def test_nobody_is_offered_what_lies_outside_their_division(store):
    alert = planted(store)
    with store.write() as connection:
        firm = employer(connection, "示例建筑劳务有限公司")
        entered(connection, ADMIN, employer_id=firm, region="530103", claimed_workers=60, claimed_fen=126_000_00)
    assert numbers(store, alert) == []
    assert numbers(store, alert, ADMIN) == ["AJ2026-000001"]
    with store.read() as connection, pytest.raises(RefusedError):
        offered.candidates(connection, ELSEWHERE, alert)
    with store.read() as connection, pytest.raises(RefusedError):
        offered.candidates(connection, AUDITOR, alert)


def test_a_story_nobody_could_place_is_sought_in_the_whole_province(store):
    story = seed.plant(store, Planted("工人讨薪", region=""), NOW)
    with store.write() as connection:
        alert = connection.scalar(select(t.alert.c.id).where(t.alert.c.story_id == story))
        firm = employer(connection, "示例建筑劳务有限公司")
        entered(connection, ADMIN, employer_id=firm, region="530627", claimed_workers=60)
    assert numbers(store, alert, ADMIN) == ["AJ2026-000001"]


def test_an_alias_of_the_office_leads_to_the_firm(store):
    alert = planted(store, text="网友说在老滇建那边干活没拿到工资")
    with store.write() as connection:
        entered(connection, employer_id=employer(connection, "示例滇西北水务投资集团"), claimed_workers=60)
    assert numbers(store, alert) == []
    with store.write() as connection:
        aliases = [{"word": "老滇建", "means": "示例滇西北水务投资集团", "note": ""}]
        connection.execute(
            insert(t.rule_set).values(at=NOW, by="示例", text="", thresholds={}, aliases=aliases, figures={})
        )
    assert numbers(store, alert) == ["AJ2026-000001"]


def test_the_contractor_of_the_project_and_the_project_itself_lead_to_the_case(store):
    alert = planted(store, text="工人在示例青岭安置房工地讨薪")
    with store.write() as connection:
        site = project(connection, "示例青岭安置房项目二标段", developer="示例城投")
        firm = employer(connection, "示例全然不同班组")
        entered(connection, employer_id=firm, project_id=site, claimed_workers=60)
    with store.read() as connection:
        (one,) = offered.candidates(connection, CLERK, alert)
    assert one.reasons[0] == "报道提到工程项目：示例青岭安置房项目二标段"


def test_an_open_clue_is_offered_and_one_that_became_a_case_is_not(store):
    alert = planted(store)
    draft = clues.ClueDraft("12345", COUNTY, NOW - timedelta(days=2), employer_name="示例建筑劳务公司", persons=55)
    with store.write() as connection:
        clues.add(connection, CLERK, draft, settings=SETTINGS, now=NOW)
        bound = clues.add(connection, CLERK, replace(draft, external_no="2"), settings=SETTINGS, now=NOW)
        case = entered(connection, employer_id=employer(connection, "另一单位"))
        connection.execute(t.clue.update().where(t.clue.c.id == bound).values(case_id=case))
    with store.read() as connection:
        found = offered.candidates(connection, CLERK, alert)
    assert [(one.kind, one.number) for one in found] == [(Record.CLUE, "XS2026-000001")]


def test_a_county_officer_without_the_ledger_is_refused(store):
    alert = planted(store)
    blind = actor("blind", Role.AUDITOR, "530000")
    with store.read() as connection, pytest.raises(RefusedError):
        offered.candidates(connection, blind, alert)


# ── signs ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def one_by_one(names, text, firm):
    """``likeness`` as its docstring says it, of one bare name."""
    found = [0]
    for name in names:
        found.append(100 if name == firm else 0)
        found.append(92 if len(firm) > 2 and (name in firm or firm in name) else 0)
        found.append(round(fuzz.ratio(name, firm, score_cutoff=82)))
    found.append(95 if len(firm) >= 4 and firm in text else 0)
    return max(found)


def test_many_names_at_once_are_each_as_like_as_alone():
    dice = random.Random(5)
    firms = [
        "".join(dice.choices("甲乙丙丁", k=dice.randint(1, 9))) + dice.choice(("", "有限公司")) for _ in range(3_000)
    ]
    names = tuple(signs.bare(one) for one in ("甲乙丙丁甲乙丙", "丁丙乙", "乙乙"))
    text = signs.bare("工人在丁丁甲丙丁乙工地说，甲甲乙丙没有发工资，丙丙也没有。")
    alike = signs.likenesses(names, text, firms)
    assert alike == {one: mark for one in firms if (mark := one_by_one(names, text, signs.bare(one)))}
    assert {92, 95, 100} < set(alike.values())
    assert 0 < len(alike) < len(set(firms))
    assert all(signs.likeness(names, text, signs.bare(one)) == mark for one, mark in alike.items())


TOLD = Told("530102", "示例甲乙建筑劳务有限公司", "", 40, 500_000_00, date(2026, 11, 20))
KNOWN = Known("530102", "示例甲乙建筑劳务有限公司", persons=(40,), amounts=(500_000_00,), on=date(2026, 11, 10))


def confidence(told=None, **known):
    return signs.weigh(replace(TOLD, **(told or {})), replace(KNOWN, **known))[0]


@pytest.mark.parametrize(
    ("worse", "than"),
    [
        ({"employer": "示例甲乙建筑有限公司", "on": None}, {"on": None}),
        ({"employer": "示例丙丁餐饮店"}, {"employer": "示例甲乙建筑有限公司"}),
        ({"region": "530103", "persons": (), "amounts": ()}, {"persons": (), "amounts": ()}),
        ({"persons": (200,), "amounts": ()}, {"persons": (70,), "amounts": ()}),
        ({"amounts": (9_000_000_00,), "persons": ()}, {"amounts": (900_000_00,), "persons": ()}),
        ({"on": date(2025, 1, 1)}, {"on": date(2026, 9, 1)}),
        ({"over_on": date(2026, 6, 1)}, {"over_on": date(2026, 11, 10)}),
    ],
)
def test_what_fits_less_is_believed_less(worse, than):
    assert confidence(**worse) < confidence(**than)


def test_a_name_in_another_county_is_weak():
    assert confidence(region="530103", persons=(), amounts=(), on=None) <= 0.35
    assert confidence(region="530103", persons=(), amounts=(), on=None) > 0


def test_place_and_month_alone_are_no_reason():
    weak, reasons = signs.weigh(replace(TOLD, employer="", workers=None, amount_fen=None), KNOWN)
    assert weak < signs.SHOWN + 0.01
    assert "同一县（市、区）：五华区" in reasons


def test_a_confidence_never_leaves_its_bounds():
    every = Known(
        "530102", "示例甲乙建筑劳务有限公司", "示例一中扩建", "示例甲乙建筑劳务有限公司", "", (40,), (500_000_00,),
        TOLD.first_on,
    )  # fmt: skip
    assert signs.weigh(replace(TOLD, text="示例一中扩建"), every)[0] == 0.98
    nothing = Known("530627", "别家", persons=(4000,), amounts=(1,), on=date(2020, 1, 1), over_on=date(2020, 2, 1))
    assert signs.weigh(TOLD, nothing)[0] == 0.0


@pytest.mark.parametrize(
    ("project", "stem"),
    [
        ("示例安置房项目一标段", "示例安置房"),
        ("示例灌区改造工程", "示例灌区改造"),
        ("示例大道第3合同段", "示例大道"),
        ("一标段", "一标段"),
    ],
)
def test_a_project_is_told_without_its_section(project, stem):
    assert signs.stem(project) == stem
