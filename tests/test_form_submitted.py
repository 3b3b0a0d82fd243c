"""Submitted forms: frozen, checked, explained, compared; and sums of subordinate forms with what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.access.scope import Scope
from monitors.access.trail_words import ACTS, KINDS
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import form, form_snapshots, form_sum
from monitors.ledger.faults import LedgerError
from monitors.ledger.form_paper import Signed
from monitors.regions import divisions
from monitors.store import tables as t
from tests.access_house import trail
from tests.form_ledger import CAMPAIGN, golden, write

NOVEMBER, DECEMBER = date(2021, 11, 30), date(2021, 12, 31)
KUNMING, PROVINCE = "530100", "530000"
NOW = datetime(2021, 12, 3, 2, 0, tzinfo=UTC)
SIGNED = Signed("甲同志", "乙同志", "丙同志", "0871-00000000")
WHY = dict.fromkeys(("F21", "F22", "F23", "F24", "F26", "F27", "F29", "F30"), "已核实，情况属实")


def actor(region=KUNMING, role=Role.PREFECTURE_REVIEWER):
    return Actor(1, "li", "李同志", role, region, "10.20.0.7")


def submit(store, region=KUNMING, *, cutoff=NOVEMBER, why=WHY, now=NOW, who=None, maker=form_snapshots, **more):
    with store.write() as connection:
        return maker.submit(
            connection,
            who or actor(region),
            campaign=CAMPAIGN,
            cutoff=cutoff,
            region=region,
            unit=more.pop("unit", "示例制表单位"),
            signed=more.pop("signed", SIGNED),
            explanations=why,
            now=now,
            **more,
        )


def get(store, number, scope=PROVINCE):
    with store.read() as connection:
        return form_snapshots.get(connection, Scope(scope), number)


def count_rows(store):
    with store.read() as connection:
        return len(connection.execute(select(t.form_snapshot.c.id)).all())


@pytest.fixture
def filled(store):
    with store.write() as connection:
        write(connection, golden())
    return store


def test_a_submitted_form_keeps_its_figures_person_time_and_explanations(filled):
    snapshot = get(filled, submit(filled))
    expected = golden()["forms"][0]
    assert [list(row) for row in snapshot.cells.rows] == expected["rows"]
    assert (snapshot.at, snapshot.actor, snapshot.unit, snapshot.kind) == (NOW, "李同志", "示例制表单位", "本级")
    assert snapshot.signed == SIGNED
    assert {(one.code, one.row) for one in snapshot.findings} == set(map(tuple, expected["checks"]))
    assert set(snapshot.explanations) == {"F21", "F22", "F23", "F24", "F27"}  # only what was asked
    assert snapshot.intact


def test_later_edits_of_the_ledger_leave_it(filled):
    number = submit(filled)
    before = get(filled, number)
    with filled.write() as connection:
        connection.execute(update(t.wage_case).values(verified_fen=1, verified_workers=9))
        connection.execute(delete(t.payment))
    assert get(filled, number) == before
    with filled.read() as connection:
        now = form.cells(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING)
    changed = form_snapshots.diff(before.cells, now)
    assert {(one.row, one.column) for one in changed if one.row == 1 and one.column in (8, 12, 14)} == {
        (1, 8), (1, 12), (1, 14),
    }  # fmt: skip


def test_a_snapshot_that_was_altered_shows(filled):
    number = submit(filled)
    with filled.write() as connection:
        connection.execute(update(t.form_snapshot).values(explanations={"F21": "改过的说明"}))
    assert not get(filled, number).intact


def test_an_unexplained_warning_refuses_and_writes_nothing(filled):
    for why in ({}, WHY | {"F23": "   "}, WHY | {"F23": "长" * 501}):
        with pytest.raises(LedgerError) as refused:
            submit(filled, why=why)
        assert "F23" in {one.field for one in refused.value.faults}
    assert count_rows(filled) == 0
    assert trail(filled) == []


def test_an_error_refuses_whatever_is_explained(filled):
    with filled.write() as connection:
        connection.execute(update(t.payment).where(t.payment.c.id == 4).values(wage_fen=9_000_000))
    with pytest.raises(LedgerError) as refused:
        submit(filled, why=dict.fromkeys(("F11", *WHY), "说明"))
    assert {one.code for one in refused.value.faults} == {"F11"}
    assert count_rows(filled) == 0


def test_what_changed_since_the_person_looked_is_a_conflict(filled):
    with filled.read() as connection:
        seen = form_snapshots.fingerprint(form.cells(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING))
    with filled.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 4).values(verified_workers=2))
    with pytest.raises(ConflictError, match="有变化"):
        submit(filled, seen=seen)
    assert count_rows(filled) == 0


@pytest.mark.parametrize(
    "who", [actor("530300"), actor(KUNMING, Role.LEADER), actor(KUNMING, Role.DUTY_OFFICER), actor("530102")]
)
def test_only_those_who_may_submit_for_the_division_do(filled, who):
    with pytest.raises(RefusedError):
        submit(filled, who=who)
    assert count_rows(filled) == 0


@pytest.mark.parametrize("name", ["unit_head", "maker", "telephone"])
def test_a_form_without_its_signatories_is_refused(filled, name):
    with pytest.raises(InputError, match="请填写"):
        submit(filled, signed=replace(SIGNED, **{name: " "}))
    submit(filled, signed=replace(SIGNED, section_head=""))


def test_a_form_without_the_name_of_its_unit_is_refused(filled):
    for unit in (" ", "长" * 61):
        with pytest.raises(InputError, match="制表单位"):
            submit(filled, unit=unit)


def test_a_submission_leaves_its_line_without_names_or_telephone(filled):
    number = submit(filled)
    (line,) = trail(filled)
    assert (line["action"], line["kind"], line["target"], line["region"]) == (
        "form.submit",
        "form",
        str(number),
        KUNMING,
    )
    assert json.loads(line["after"])["explained"] == ["F21", "F22", "F23", "F24", "F27"]
    assert "同志" not in line["after"]
    assert "0871" not in line["after"]
    assert {"form.submit", "form.export"} <= ACTS.keys()
    assert "form" in KINDS


def test_cumulative_figures_that_fall_must_be_explained(filled):
    submit(filled)
    with pytest.raises(LedgerError) as refused:  # column 11 falls: the settled case was filed in December
        submit(filled, cutoff=DECEMBER, why={code: "说明" for code in WHY if code != "F29"}, now=NOW + timedelta(32))
    assert {one.code for one in refused.value.faults} == {"F29"}
    number = submit(filled, cutoff=DECEMBER, now=NOW + timedelta(32))
    fallen = [one for one in get(filled, number).findings if one.code == "F29"]
    assert [(one.row, one.columns) for one in fallen] == [(1, (11,)), (4, (11,))]


def test_a_later_cutoff_or_another_division_is_no_measure_for_falling(filled):
    later = NOW + timedelta(days=32)
    submit(filled, cutoff=DECEMBER, now=later)
    submit(filled, PROVINCE, who=actor(PROVINCE, Role.ADMINISTRATOR), cutoff=DECEMBER, now=later)
    number = submit(filled, now=later)
    assert "F29" not in {one.code for one in get(filled, number).findings}


def test_a_cutoff_still_to_come_is_not_submitted(filled):
    with pytest.raises(InputError, match="2021-12-31 尚未到"):
        submit(filled, cutoff=DECEMBER)
    assert submit(filled, cutoff=DECEMBER, now=datetime(2021, 12, 31, 1, tzinfo=UTC))  # the day itself, in Shanghai


def test_a_form_is_measured_against_one_of_its_own_kind(filled):
    submit(filled)
    with filled.read() as connection:
        cells = form.cells(connection, campaign=CAMPAIGN, cutoff=DECEMBER, region=KUNMING)
        assert form_snapshots.previous(connection, cells, "本级") is not None
        assert form_snapshots.previous(connection, cells, "汇总") is None


def test_the_list_keeps_to_the_scope_and_what_was_asked(filled):
    kunming = submit(filled)
    county = submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK), now=NOW + timedelta(hours=1))
    december = submit(filled, cutoff=DECEMBER, now=NOW + timedelta(days=32))
    with filled.read() as connection:

        def ids(scope, **asked):
            return [one.id for one in form_snapshots.listed(connection, Scope(scope), **asked)]

        assert ids(PROVINCE) == ids(KUNMING) == [december, county, kunming]
        assert ids("530103") == [county]
        assert ids("530300") == []
        assert ids(PROVINCE, cutoff=NOVEMBER) == [county, kunming]
        assert ids(PROVINCE, region=KUNMING, campaign="2021") == [december, kunming]
        assert ids(PROVINCE, campaign="2026") == []
    with pytest.raises(InputError):
        get(filled, county, "530300")
    with pytest.raises(InputError):
        get(filled, kunming, "530103")
    with pytest.raises(InputError):
        get(filled, 999)


def test_the_sum_adds_the_newest_forms_lists_the_missing_and_shows_the_difference(filled):
    with filled.write() as connection:  # inspected in two counties: one 户 for the ledger, two in the sum
        row = {"id": 50, "employer_id": 3, "on": "2021-11-03", "region": "530102", "workers": 5, "migrants": 5,
               "migrants_with_contract": 5}  # fmt: skip
        write(connection, {"inspection": [row]})
    first = submit(filled, "530102", who=actor("530102", Role.COUNTY_CLERK))
    with filled.write() as connection:
        connection.execute(update(t.wage_case).where(t.wage_case.c.id == 1).values(verified_workers=31))
    second = submit(filled, "530102", who=actor("530102", Role.COUNTY_CLERK), now=NOW + timedelta(hours=1))
    third = submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK))
    clerk = actor("530111", Role.COUNTY_CLERK)  # another cutoff is no part
    submit(filled, "530111", who=clerk, cutoff=DECEMBER, now=NOW + timedelta(days=32))
    with filled.read() as connection:
        found = form_sum.summed(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING)
    assert {code: part.id for code, part in found.parts.items()} == {"530102": second, "530103": third}
    assert first not in {part.id for part in found.parts.values()}
    counties = {one.code for one in divisions.counties() if one.parent == KUNMING}
    assert set(found.missing) == counties - {"530102", "530103"}
    for row in range(1, 6):
        for column in range(1, 21):
            assert found.cells.at(row, column) == sum(part.cells.at(row, column) for part in found.parts.values())
    assert found.cells.at(3, 1) == 2
    assert found.own.at(3, 1) == 1
    told = {(one.row, one.column): (one.before, one.after) for one in found.differences}
    assert told[3, 1] == (1, 2)
    assert (5, 1) in told  # 官渡区 has not reported for November
    assert (3, 8) not in told


def test_the_sum_balances_with_the_printed_forms_it_adds(store):
    """Three counties of 0.005 万元 each: 0.01 on each paper, so 0.03 on the sum, not the 0.02 of 0.015 rounded."""
    with store.write() as connection:
        write(connection, {"employer": golden()["employer"]})
        cases = [{"id": n, "employer_id": n, "region": region, "verified_on": "2021-11-02", "verified_workers": 1,
                  "verified_migrants": 1, "verified_fen": 5_000, "verified_migrant_fen": 5_000,
                  "filed_on": "2021-11-02"}
                 for n, region in ((1, "530102"), (2, "530103"), (3, "530111"))]  # fmt: skip
        write(connection, {"wage_case": cases})
    for code in ("530102", "530103", "530111"):
        submit(store, code, who=actor(code, Role.COUNTY_CLERK))
    with store.read() as connection:
        found = form_sum.summed(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING).cells
    assert found.at(1, 8) == 15_000
    assert found.printed(1, 8) == "0.03"
    assert found.rounding()[8] == 15_000


def test_a_sum_is_submitted_with_its_parts_and_the_missing_explained(filled):
    submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK))
    with pytest.raises(LedgerError) as refused:
        submit(filled, maker=form_sum, why={})
    assert "F30" in {one.code for one in refused.value.faults}
    number = submit(filled, maker=form_sum)
    snapshot = get(filled, number)
    assert snapshot.kind == "汇总"
    assert list(snapshot.parts) == ["530103"]
    assert snapshot.intact
    # and the province adds the prefecture's sum
    with filled.read() as connection:
        found = form_sum.summed(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=PROVINCE)
    assert found.parts[KUNMING].id == number
    assert len(found.missing) == 15
    assert found.cells.rows == snapshot.cells.rows


def test_nothing_submitted_is_no_sum(filled):
    with pytest.raises(InputError, match="均未报送"):
        submit(filled, maker=form_sum)


def test_a_new_part_since_the_person_looked_is_a_conflict(filled):
    submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK))
    with filled.read() as connection:
        seen = form_sum.summed(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING).cells
    submit(filled, "530102", who=actor("530102", Role.COUNTY_CLERK))
    with pytest.raises(ConflictError):
        submit(filled, maker=form_sum, seen=form_snapshots.fingerprint(seen))


def test_an_altered_part_is_not_added(filled):
    number = submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK))
    with filled.write() as connection:
        connection.execute(update(t.form_snapshot).where(t.form_snapshot.c.id == number).values(actor="他人"))
    with filled.read() as connection, pytest.raises(InputError, match="校验值"):
        form_sum.summed(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=KUNMING)


def test_a_county_has_nothing_to_add(filled):
    with pytest.raises(InputError, match="没有下级"):
        submit(filled, "530103", who=actor("530103", Role.COUNTY_CLERK), maker=form_sum)
