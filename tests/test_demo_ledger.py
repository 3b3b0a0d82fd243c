"""The invented ledger: varied, deterministic, such as the rules allow, and gone without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import ledger_house as house
import pytest
from sqlalchemy import func, insert, select, update

from monitors import demo
from monitors.access.actor import SYSTEM
from monitors.clock import local
from monitors.desk import demo as demo_desk
from monitors.desk import handover
from monitors.ledger import (
    case_drafts,
    checks,
    clues,
    consequences,
    deadlines,
    employers,
    executions,
    form,
    form_checks,
    hazards,
    inspections,
    measures,
    payments,
    projects,
    receptions,
    register,
    uscc,
)  # fmt: skip
from monitors.ledger import demo as ledger
from monitors.ledger.case_moves import DOCUMENTS
from monitors.ledger.events import MOVED
from monitors.ledger.law import transfer_faults
from monitors.ledger.model import CaseState, ClueState, EmployerClass, HazardState, MeasureType, Record
from monitors.ledger.ways import find
from monitors.notify import roster
from monitors.opinion import demo as opinion
from monitors.opinion.demo_world import world
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY, SETTINGS = local(NOW).date(), house.SETTINGS
LEDGER = (
    t.employer, t.project, t.inspection, t.clue, t.hazard, t.wage_case, t.payment, t.measure, t.execution, t.reception,
    t.clock_change, t.suggestion, t.ledger_event,
)  # fmt: skip


def rows(connection, table, *where):
    return [dict(row) for row in connection.execute(select(table).where(*where).order_by(table.c.id)).mappings()]


def everything(connection):
    """Each table's rows but the trail's: clearing is itself told there."""
    found = {}
    for table in t.metadata.sorted_tables:
        if table.name not in {"audit", "audit_head", "data_version"}:
            found[table.name] = sorted(map(str, connection.execute(select(table)).all()))
    return found


def counted(connection):
    return {table.name: connection.scalar(select(func.count()).select_from(table)) for table in LEDGER}


@pytest.fixture
def loaded(store: Store):
    with store.write() as connection:
        ledger.load(connection, NOW, settings=SETTINGS)
    return store


def histories(connection, kind):
    found: dict[int, list] = {}
    event = t.ledger_event.c
    query = select(t.ledger_event).where(event.kind == str(kind)).order_by(event.record_id, event.id)
    for row in connection.execute(query):
        found.setdefault(row.record_id, []).append(row)
    return found


# ── What it is like ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_moment_gives_the_same_ledger_in_every_process():
    code = (
        "import hashlib\nfrom datetime import *\nfrom random import Random\nfrom monitors import settings\n"
        "from monitors.ledger import demo_cases, demo_parties, demo_records\n"
        "scene = demo_parties.Scene(Random(7), datetime(2026,11,23,2,30,tzinfo=UTC), settings.load(environ={}))\n"
        "parties = demo_parties.parties(scene); lives = demo_cases.lives(scene, parties)\n"
        "rooms = demo_records.inspections, demo_records.clues, demo_records.hazards\n"
        "rest = [room(scene, parties, lives) for room in rooms]\n"
        "told = repr((parties, lives, rest, demo_records.receptions(scene, lives)))\n"
        "print(hashlib.sha256(told.encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin", "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(seen) == 1


def test_it_shows_every_kind_of_thing(loaded):
    with loaded.read() as connection:
        cases, found = rows(connection, t.wage_case), counted(connection)
        classes = Counter(
            connection.scalars(
                select(t.employer.c["class"]).join(t.wage_case, t.wage_case.c.employer_id == t.employer.c.id)
            )
        )
        clue_states = set(connection.scalars(select(t.clue.c.state)))
        hazard_states = set(connection.scalars(select(t.hazard.c.state)))
        types = set(connection.scalars(select(t.measure.c.type)))
        flags = connection.execute(
            select(*(func.count().filter(t.project.c[name]) for name in ("gov", "ppp", "soe")))
        ).one()
    assert found["employer"] >= 60
    assert found["project"] >= 50
    assert len(cases) == 420
    assert (found["inspection"], found["clue"], found["hazard"]) == (80, 60, 40)
    assert {case["region"] for case in cases} == {county.code for county in divisions.counties()}
    assert {case["state"] for case in cases} == set(CaseState)
    bands = Counter(
        register.band(case["state"], case["deadline"], case["closed_on"], today=TODAY, settings=SETTINGS.ledger)
        for case in cases
    )
    assert set(bands) == set(deadlines.BANDS)
    assert bands["逾期"] >= 10
    assert set(classes) == {str(one) for one in EmployerClass}
    assert classes["建筑企业"] > len(cases) / 2
    assert clue_states == set(ClueState)
    assert hazard_states >= {HazardState.NOTED, HazardState.DEFUSING, HazardState.REMOVED, HazardState.BECAME_CASE}
    assert types >= {MeasureType.ORDER, MeasureType.DECISION, MeasureType.PENALTY, MeasureType.POLICE_FILING}
    assert min(flags) > 0
    for name in ("major", "listed", "escalated", "recurring", "prior_period"):
        assert any(case[name] for case in cases), name
    campaign = SETTINGS.campaign
    assert sum(case["accepted_on"] >= campaign.start for case in cases) >= 60
    assert sum(case["accepted_on"] < campaign.start - timedelta(days=180) for case in cases) >= 60


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 1, 16, 1, tzinfo=UTC),  # a minute past midnight in Kunming
        datetime(2027, 1, 5, 15, 59, tzinfo=UTC),
        datetime(2028, 2, 29, 4, 0, tzinfo=UTC),
    ],
)
def test_at_any_moment_nothing_comes_from_the_future(store, now):
    with store.write() as connection:
        ledger.load(connection, now, settings=SETTINGS)
        for table in LEDGER:
            for column in ("created_at", "updated_at", "at", "received_at", "concluded_at"):
                if column in table.c:
                    newest = connection.scalar(select(func.max(table.c[column])))
                    assert newest is None or newest <= now, (table.name, column)
        for table in (t.payment, t.measure, t.execution, t.inspection, t.reception, t.clock_change):
            assert connection.scalar(select(func.max(table.c.on))) <= local(now).date()
        last = connection.scalar(select(func.max(t.wage_case.c.accepted_on)))
        assert local(now).date() - last <= timedelta(days=3)


# ── The rules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_state_was_reached_by_a_legal_way(loaded):
    tables = {
        Record.CASE: (t.wage_case, "待受理"),
        Record.CLUE: (t.clue, "待登记"),
        Record.HAZARD: (t.hazard, "已登记"),
    }
    with loaded.read() as connection:
        for kind, (table, first) in tables.items():
            told = histories(connection, kind)
            for row in rows(connection, table):
                state, by, at = first, "", row["created_at"]
                assert told[row["id"]][0].act == "登记"
                for event in told[row["id"]]:
                    assert row["created_at"] <= event.at
                    assert at <= event.at <= row["updated_at"], (kind, row["number"])
                    at = event.at
                    if event.act != MOVED:
                        continue
                    assert event.before["state"] == state
                    way = find(kind, state, event.after["state"])
                    assert way is not None, (kind, state, event.after["state"])
                    for need in way.required:
                        given = event.after.get(need.field, row.get(need.field))
                        assert given not in (None, ""), (way.to, need.field)
                    assert not (way.second and event.after["by"] == by)
                    state, by = event.after["state"], event.after["by"]
                assert row["state"] == state


def test_every_record_would_pass_its_writers_checks(loaded):
    def drafted(kind, row, **more):
        given = {one.name: row[one.name] for one in fields(kind) if one.name in row}
        return kind(**given | more)

    with loaded.read() as connection:
        parties = {row["id"]: row for row in rows(connection, t.employer)}
        sites = {row["id"]: row for row in rows(connection, t.project)}
        for row in parties.values():
            draft = drafted(employers.EmployerDraft, row, employer_class=row["class"])
            assert employers.check(draft) == []
            assert uscc.valid(row["uscc"])
            assert row["name"].startswith(("滇示", "示例", "演示"))
        for row in sites.values():
            draft = drafted(projects.ProjectDraft, row, bond=None, checks=projects.read_checks(row["checks"]))
            assert projects.check(draft, today=TODAY) == []
            assert row["soe"] == parties[row["contractor_id"]]["state_owned"]
        assert len({row["name"] for row in parties.values()}) == len(parties)
        assert len({(row["name"], row["region"]) for row in sites.values()}) == len(sites)
        for row in rows(connection, t.inspection):
            draft = drafted(inspections.InspectionDraft, row, checks=projects.read_checks(row["checks"]))
            assert inspections.check(draft, today=TODAY) == []
        for row in rows(connection, t.clue):
            assert clues.check(drafted(clues.ClueDraft, row), now=NOW) == []
        for row in rows(connection, t.hazard):
            noted = local(row["created_at"]).date()
            assert hazards.check(drafted(hazards.HazardDraft, row), noted_on=noted) == []
        for row in rows(connection, t.reception):
            draft = drafted(receptions.ReceptionDraft, row, units=tuple(row["units"]), staff=tuple(row["staff"]))
            assert receptions.check(draft, today=TODAY) == []
        for row in rows(connection, t.execution):
            assert executions.check(drafted(executions.ExecutionDraft, row), settings=SETTINGS, today=TODAY) == []
        for row in rows(connection, t.wage_case):
            draft = drafted(case_drafts.CaseDraft, row, tags=tuple(row["tags"]), co_units=tuple(row["co_units"]))
            assert case_drafts.check(draft, settings=SETTINGS, today=TODAY) == [], row["number"]
            if row["verified_on"]:
                assert case_drafts.check_verified(row, settings=SETTINGS, today=TODAY) == [], row["number"]
                assert row["verified_on"] >= row["accepted_on"]
                assert checks.is_major(row["verified_workers"], row["verified_fen"], SETTINGS) <= row["major"]
            if row["project_id"]:
                assert row["region"] == sites[row["project_id"]]["region"]


def test_payments_documents_and_days_agree_with_the_cases(loaded):
    with loaded.read() as connection:
        paid: dict[int, list] = {}
        for row in rows(connection, t.payment):
            paid.setdefault(row["case_id"], []).append(row)
        documents: dict[int, list] = {}
        for row in rows(connection, t.measure):
            documents.setdefault(row["case_id"], []).append(row)
        told = histories(connection, Record.CASE)
        cases = {row["id"]: row for row in rows(connection, t.wage_case)}
    partly = 0
    for case_id, case in cases.items():
        own = paid.get(case_id, [])
        for row in own:
            given = {one.name: row[one.name] for one in fields(payments.PaymentDraft)}
            assert payments.check(payments.PaymentDraft(**given), settings=SETTINGS, today=TODAY) == [], case["number"]
            assert case["verified_on"] <= row["on"] <= (case["closed_on"] or TODAY)
        assert case["paid_workers"] == sum(row["first_persons"] for row in own)
        assert case["paid_fen"] == sum(row["wage_fen"] for row in own)
        if own:
            assert case["paid_fen"] <= case["verified_fen"]
            assert case["paid_workers"] <= case["verified_workers"]
            assert sum(row["wage_migrant_fen"] for row in own) <= case["verified_migrant_fen"]
            assert sum(row["first_migrants"] for row in own) <= case["verified_migrants"]
            partly += case["paid_fen"] < case["verified_fen"]
        if case["state"] in {CaseState.SETTLING, CaseState.SETTLED, CaseState.RECHECKING, CaseState.ENDED}:
            assert case["paid_fen"] == case["verified_fen"] or case["legal_ending"]
        for row in documents.get(case_id, []):
            given = {one.name: row[one.name] for one in fields(measures.MeasureDraft)}
            assert measures.check(measures.MeasureDraft(**given), settings=SETTINGS, today=TODAY) == []
            if row["type"] == MeasureType.TRANSFER:
                assert transfer_faults(documents[case_id], row["on"]) == [], case["number"]
        for event in told[case_id]:
            for wanted in [DOCUMENTS.get(event.after.get("state"))] if event.act == MOVED else []:
                if wanted:
                    day = local(event.at).date()
                    assert any(row["type"] in wanted and row["on"] <= day for row in documents[case_id])
    assert partly >= 10


def test_the_rules_find_nothing_to_change(loaded):
    """Deadlines, 边清边欠 and suggestions are what a change of the case would make them."""
    with loaded.write() as connection:
        before = rows(connection, t.wage_case)
        suggested = Counter(connection.execute(select(t.suggestion.c.case_id, t.suggestion.c.kind)).tuples().all())
        for case in before:
            consequences.follow(connection, case["id"], settings=SETTINGS, now=NOW)
        after = rows(connection, t.wage_case)
        again = Counter(connection.execute(select(t.suggestion.c.case_id, t.suggestion.c.kind)).tuples().all())
    for old, new in zip(before, after, strict=True):
        assert {name: (old[name], new[name]) for name in old if old[name] != new[name]} == {}
    assert again == suggested


@pytest.mark.parametrize("weeks", [0, 1, 5, 9])
def test_its_form_could_be_submitted(store, weeks):
    now = NOW + timedelta(weeks=weeks)
    with store.write() as connection:
        ledger.load(connection, now, settings=SETTINGS)
        cells = form.cells(connection, campaign=SETTINGS.campaign, cutoff=local(now).date(), region="530000")
    assert cells.demo
    assert [found for found in form_checks.check(cells) if found.level == "E"] == []


# ── Coming and going ─────────────────────────────────────────────────────────────────────────────────────────────────


def real(connection):
    """A real employer's case with all that hangs on it, entered by the writers."""
    case_id = house.settled(connection)
    house.measure(connection, house.verified(connection))
    return case_id


def test_cleared_without_a_trace_and_nothing_real_is_touched(store):
    with store.write() as connection:
        real(connection)
        before = everything(connection)
        first = ledger.load(connection, NOW, settings=SETTINGS)
        once = counted(connection)
        assert ledger.load(connection, NOW, settings=SETTINGS) == first, "in place of the one before"
        assert counted(connection) == once
        assert once["wage_case"] == 422
        newest = connection.scalar(select(func.max(t.wage_case.c.number)).where(t.wage_case.c.demo))
        assert newest > "AJ2026-000002", "counted on from the real ones"
        gone = ledger.clear(connection)
        assert everything(connection) == before
    assert gone == first
    with store.write() as connection:
        assert ledger.clear(connection).cases == 0


def test_what_real_records_rest_on_stays(store):
    with store.write() as connection:
        ledger.load(connection, NOW, settings=SETTINGS)
        site = connection.execute(select(t.project).where(t.project.c.contractor_id.is_not(None)).limit(1)).one()
        invented = connection.execute(select(t.wage_case).limit(1)).one()
        case_id = house.entered(
            connection, house.ADMIN, employer_id=site.contractor_id, project_id=site.id, region=site.region,
            period_from=date(2020, 1, 1), period_to=date(2020, 3, 31),
        )  # fmt: skip
        draft = receptions.ReceptionDraft(
            invented.region, house.TODAY, "个访", ("示例区信访局",), ("示例人员",), 2, case_id=invented.id
        )
        visit = receptions.add(connection, house.ADMIN, draft, today=house.TODAY, now=house.NOW)
        ledger.clear(connection)
        assert [row["id"] for row in rows(connection, t.wage_case)] == [case_id]
        assert [row["id"] for row in rows(connection, t.project)] == [site.id]
        assert [row["id"] for row in rows(connection, t.employer)] == [site.contractor_id]
        assert connection.scalar(select(t.reception.c.case_id).where(t.reception.c.id == visit)) is None
        kinds = Counter(connection.scalars(select(t.ledger_event.c.kind)))
    assert set(kinds) == {"wage_case", "reception", "employer", "project"}


def test_a_complainants_data_goes_with_the_invented_record(store):
    with store.write() as connection:
        ledger.load(connection, NOW, settings=SETTINGS)
        clue, case = (connection.scalar(select(func.max(table.c.id))) for table in (t.clue, t.wage_case))
        sealed = (("clue", clue), ("wage_case", case), ("clue", 999_999), ("story", clue))
        for kind, target in sealed:
            values = {"kind": kind, "target": str(target), "region": "530100", "sealed": b"x", "fields": ["reporter"]}
            times = {"created_by": "张三", "created_at": NOW, "updated_at": NOW}
            connection.execute(insert(t.restricted).values(values | times))
        ledger.clear(connection)
        kept = connection.execute(select(t.restricted.c.kind, t.restricted.c.target)).tuples().all()
    assert set(kept) == {("clue", "999999"), ("story", str(clue))}


@pytest.fixture
def few(monkeypatch):
    """The last reports of the world: how the two halves hold together shows with few as with all."""
    last = world(NOW)[-160:]
    monkeypatch.setattr(opinion, "world", lambda now: last)


def tied_and_told(connection):
    """Links: of one county, as offered, told in both histories in their order; who has none said why."""
    links = rows(connection, t.alert_link)
    cases = {row["id"]: row for row in rows(connection, t.wage_case)}
    found = {row["id"]: row for row in rows(connection, t.alert)}
    regions = dict(connection.execute(select(t.story.c.id, t.story.c.region)).tuples().all())
    assert len(links) >= 4
    for link in links:
        alert, case = found[link["alert_id"]], cases[link["record_id"]]
        assert alert["demo"]
        assert case["demo"]
        assert alert["state"] not in ("新警情", "误报", "并案")
        assert regions[alert["story_id"]] == case["region"]
        assert alert["case_ids"] == [link["number"]] == [case["number"]]
        assert max(alert["signed_at"], case["created_at"]) <= link["at"] <= NOW
        told = [e for e in histories(connection, Record.CASE)[case["id"]] if e.act == "关联警情"]
        assert any(alert["number"] in e.note for e in told)
    tied = {link["alert_id"] for link in links}
    assert all(alert["case_ids"] == [] for alert in found.values() if alert["id"] not in tied)
    events = rows(connection, t.alert_event)
    for alert_id in found:
        own = [e["at"] for e in events if e["alert_id"] == alert_id and e["kind"] in ("state", "link", "update")]
        assert own == sorted(own), "histories are read by the order of their ids"
    proved = [e for e in events if e["kind"] == "state" and e["after"]["state"] == "处置中"]
    assert all(bool(e["after"].get("no_case")) == (not found[e["alert_id"]]["case_ids"]) for e in proved)


def desk_was_kept(connection):
    """The province's desk is manned, one hand-over waits for its second signature, and reads like a real one."""
    assert roster.coverage(connection, SYSTEM.scope, NOW, 24 * 6) == ()
    assert roster.warning(connection, SYSTEM.region, NOW) == ""
    newest, before = handover.listed(connection, SYSTEM, SYSTEM.region)
    assert newest.in_at is None
    assert before.in_at is not None
    assert before.in_name not in ("", before.out_name)
    assert newest.from_at == before.to_at
    assert newest.summary.figures.open == len(newest.summary.items)
    assert newest.summary.events_total == len(newest.summary.events)


def test_the_demonstrations_roster_leaves_a_real_one_alone_and_goes_alone(store):
    real = {"region": SYSTEM.region, "starts_at": NOW, "ends_at": NOW + timedelta(hours=12), "officer": "真人甲",
            "leader": "", "note": "", "created_at": NOW, "updated_at": NOW}  # fmt: skip
    with store.write() as connection:
        assert demo_desk.load(connection, NOW) > 0
        connection.execute(update(t.shift).where(t.shift.c.id == 1).values(officer_id=7, officer="真人乙"))
        connection.execute(insert(t.shift).values(real | {"region": "530100"}))
        demo_desk.clear(connection)
        assert {row["officer"] for row in rows(connection, t.shift)} == {"真人甲", "真人乙"}
        assert rows(connection, t.handover) == []
        connection.execute(insert(t.shift).values(real))
        assert demo_desk.load(connection, NOW) == 0


@pytest.mark.usefixtures("few")
def test_both_halves_come_and_go_together_and_know_each_other(store):
    with store.read() as connection:
        before = everything(connection)
    done = demo.load(store, SYSTEM, SETTINGS, now=NOW)
    assert "虚构" in done.words
    assert str(done.ledger.cases) in done.words
    with store.read() as connection:
        shared = connection.execute(
            select(t.story.c.employer)
            .join(t.employer, t.employer.c.name == t.story.c.employer)
            .join(t.wage_case, t.wage_case.c.employer_id == t.employer.c.id)
            .where(t.wage_case.c.region == t.story.c.region)
            .distinct()
        ).all()
        assert len(shared) >= 3
        entered = connection.execute(
            select(t.wage_case.c.created_at, t.story.c.first_seen_at)
            .join(t.employer, t.employer.c.id == t.wage_case.c.employer_id)
            .join(t.story, t.story.c.employer == t.employer.c.name)
            .where(t.wage_case.c.region == t.story.c.region, t.wage_case.c.claimed_workers == t.story.c.workers)
            .where(t.wage_case.c.channel == "舆情")
        ).all()
        assert entered
        assert all(case_at > seen_at for case_at, seen_at in entered), "no case rests on a report of later"
        trail = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
        assert json.loads(trail.after) == {"操作": "载入", **done.reports.counts, **done.ledger.counts}
        tied_and_told(connection)
        desk_was_kept(connection)
    cleared = demo.clear(store, SYSTEM)
    assert (cleared.reports, cleared.ledger) == (done.reports.items, done.ledger)
    with store.read() as connection:
        assert everything(connection) == before


@pytest.mark.usefixtures("few")
def test_a_ledger_that_fails_takes_the_reports_back_with_it(store, monkeypatch):
    def fail(connection, *_args, **_more):
        connection.execute(update(t.meta).values(value="x"))
        raise RuntimeError

    monkeypatch.setattr(ledger, "load", fail)
    with pytest.raises(RuntimeError):
        demo.load(store, SYSTEM, SETTINGS, now=NOW)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.item)) == 0
        assert connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "demo")) is None
