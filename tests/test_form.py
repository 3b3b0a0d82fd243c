"""附件2: hand-computed figures, an independent recount, and the records behind each figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from monitors.errors import InputError
from monitors.ledger import form
from monitors.ledger.form_behind import behind, behind_other
from monitors.ledger.form_checks import RULES, check
from monitors.ledger.form_layout import BLANKS, COLUMNS, Unit, figure, headings, steps
from monitors.ledger.model import Record
from monitors.store import tables as t
from tests.form_ledger import CAMPAIGN, chance_ledger, golden, recount, write

NOVEMBER, DECEMBER = date(2021, 11, 30), date(2021, 12, 31)
KUNMING = "530100"


def count(connection, cutoff=NOVEMBER, region=KUNMING):
    return form.cells(connection, campaign=CAMPAIGN, cutoff=cutoff, region=region)


@pytest.fixture
def filled(store):
    with store.write() as connection:
        write(connection, golden())
    return store


@pytest.mark.parametrize("number", range(len(golden()["forms"])), ids=lambda n: golden()["forms"][n]["about"])
def test_the_form_is_what_was_computed_by_hand(filled, number):
    expected = golden()["forms"][number]
    with filled.read() as connection:
        found = count(connection, date.fromisoformat(expected["cutoff"]), expected["region"])
    assert [list(row) for row in found.rows] == expected["rows"]
    assert list(found.others) == expected["others"]
    assert list(found.prior_fen) == expected["prior_fen"]
    for column, figures in expected["printed_money"].items():
        assert [found.printed(row, int(column)) for row in range(1, 6)] == figures
    assert list(found.printed_others()) == expected["printed_others"]
    assert [[one.code, one.row] for one in check(found)] == expected["checks"]
    assert not found.demo


def test_the_printed_total_adds_rounded_rows_and_the_exact_difference_is_kept(filled):
    with filled.read() as connection:
        found = count(connection)
    assert found.printed(1, 8) == "6.03"  # 4.01 + 1.01 + 1.01; the exact 6.019999 alone would print 6.02
    assert found.rounding()[8] == 10_001


@pytest.mark.parametrize("seed", range(6))
def test_the_form_equals_a_recount_over_all_rows(store, seed):
    ledger = chance_ledger(seed)
    with store.write() as connection:
        write(connection, ledger)
    with store.read() as connection:
        for region in ("530000", "530100", "530102", "530302"):
            for cutoff in (CAMPAIGN.start, date(2021, 11, 29), DECEMBER):
                found = count(connection, cutoff, region)
                rows, blanks = recount(ledger, CAMPAIGN.start, cutoff, region)
                assert [list(row) for row in found.rows] == rows
                assert list(found.others) == blanks


@pytest.mark.parametrize("seed", [11, 12])
def test_the_records_behind_a_figure_make_it(store, seed):
    with store.write() as connection:
        write(connection, chance_ledger(seed))
    values = {
        2: t.inspection.c.workers, 3: t.inspection.c.migrants, 4: t.inspection.c.migrants_with_contract,
        6: t.wage_case.c.verified_workers, 7: t.wage_case.c.verified_migrants, 8: t.wage_case.c.verified_fen,
        9: t.wage_case.c.verified_migrant_fen, 14: t.payment.c.wage_fen + t.payment.c.compensation_fen,
        15: t.payment.c.wage_migrant_fen + t.payment.c.compensation_migrant_fen,
    }  # fmt: skip
    tables = {Record.INSPECTION: t.inspection, Record.CASE: t.wage_case, Record.PAYMENT: t.payment}
    asked = {"campaign": CAMPAIGN, "cutoff": NOVEMBER, "region": KUNMING}
    with store.read() as connection:
        found = count(connection)
        assert found.at(1, 1)
        for row in range(1, 6):
            for column in range(1, 21):
                records = behind(connection, **asked, row=row, col=column)
                if column in values:
                    table = tables[records.kind]
                    made = sum(connection.scalars(select(values[column]).where(table.c.id.in_(records.ids))))
                elif column == 5:
                    owners = select(t.wage_case.c.employer_id).where(t.wage_case.c.id.in_(records.ids)).distinct()
                    made = len(connection.scalars(owners).all())
                elif column in (12, 13):
                    assert bool(records.ids) == bool(found.at(row, column))
                    continue
                else:
                    made = len(records.ids)
                assert made == found.at(row, column), (row, column)
        for blank in range(1, len(BLANKS) + 1):
            records = behind_other(connection, **asked, blank=blank)
            value = found.others[blank - 1]
            assert bool(records.ids) == bool(value)
            if records.kind is Record.PROJECT or blank == 14:
                assert len(records.ids) == value
            elif records.kind is Record.CASE:
                key = "verified_fen" if blank % 4 == 3 else "verified_workers"
                column = t.wage_case.c[key]
                assert sum(connection.scalars(select(column).where(t.wage_case.c.id.in_(records.case_ids)))) == value


def test_behind_refuses_a_cell_that_is_not_on_the_form(store):
    asked = {"campaign": CAMPAIGN, "cutoff": NOVEMBER, "region": KUNMING}
    with store.read() as connection:
        for row, column in ((0, 1), (6, 1), (1, 0), (1, 21)):
            with pytest.raises(InputError):
                behind(connection, **asked, row=row, col=column)
        for blank in (0, 15):
            with pytest.raises(InputError):
                behind_other(connection, **asked, blank=blank)


def test_the_state_of_today_changes_nothing_in_a_form_of_then(filled):
    with filled.read() as connection:
        before = count(connection)
    with filled.write() as connection:
        connection.execute(update(t.wage_case).values(state="闭环", paid_fen=99, paid_workers=9))
    with filled.read() as connection:
        assert count(connection) == before


@pytest.mark.parametrize("cutoff", [date(2021, 10, 31), date(2022, 2, 1)])
def test_a_cutoff_outside_the_campaign_is_refused(store, cutoff):
    with store.read() as connection, pytest.raises(InputError, match="截止日期"):
        count(connection, cutoff)


@pytest.mark.parametrize("region", ["539999", "440100", "", "530102001"])
def test_a_division_outside_the_province_is_refused(store, region):
    with store.read() as connection, pytest.raises(InputError, match="区划代码"):
        count(connection, region=region)


def test_an_empty_ledger_gives_a_form_of_noughts_without_complaint(store):
    with store.read() as connection:
        found = count(connection)
    assert {value for row in found.rows for value in row} | set(found.others) == {0}
    assert check(found) == ()
    assert found.printed(1, 2) == "0.0000"
    assert found.printed(1, 8) == "0.00"


def test_demonstration_records_mark_the_form(filled):
    with filled.write() as connection:
        connection.execute(update(t.measure).where(t.measure.c.type == "公布").values(demo=True))
    with filled.read() as connection:
        assert count(connection).demo
        assert not count(connection, region="530302").demo


def test_a_class_the_form_does_not_know_blocks_it(filled):
    with filled.write() as connection:
        connection.execute(update(t.employer).where(t.employer.c.id == 4).values({"class": "个体"}))
    with filled.read() as connection:
        found = check(count(connection))
    assert {one.columns[0] for one in found if one.code == "F01"} == {5, 6, 8, 11, 12, 14}


def test_rounding_is_half_up_and_persons_are_exact():
    assert steps(Unit.MONEY, 4_999) == 0
    assert steps(Unit.MONEY, 5_000) == 1
    assert steps(Unit.MONEY, 25_000) == 3  # half to even would give 2
    assert str(figure(Unit.MONEY, 123_456)) == "1234.56"
    assert str(figure(Unit.PERSONS, steps(Unit.PERSONS, 1))) == "0.0001"
    assert str(figure(Unit.PIECES, 12)) == "12"


def test_the_head_of_the_table_covers_every_place_once():
    places = [
        (row, column)
        for one in headings()
        for row in range(one.top, one.bottom + 1)
        for column in range(one.left, one.right + 1)
    ]
    assert sorted(places) == [(row, column) for row in range(4) for column in range(22)]


def base(**changes):
    """A sound form of one row: 建筑企业 alone."""
    row = [5, 100, 80, 60, 3, 50, 40, 9_000_000, 8_000_000, 2, 1, 40, 30, 8_000_000, 7_000_000, 3, 2, 1, 1, 1]
    for column, value in changes.items():
        if column.startswith("c"):
            row[int(column[1:]) - 1] = value
    rows = (tuple(row), tuple(row), *(((0,) * 20,) * 3))
    others = (3, 1, 1_000_000, 10, 0, 0, 0, 0, 3, 1, 1_000_000, 10, 1, 1)
    return form.FormCells("2021", CAMPAIGN.start, NOVEMBER, KUNMING, rows, others, form.rounded(rows), others, (0,) * 5)


def codes(cells, *more, **named):
    return {one.code for one in check(cells, *more, **named)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"c3": 101}, "F02"), ({"c4": 81}, "F03"), ({"c7": 51}, "F04"), ({"c9": 9_000_001}, "F05"),
        ({"c13": 41}, "F06"), ({"c15": 8_000_001}, "F07"), ({"c8": 0, "c9": 0, "c14": 0, "c15": 0}, "F08"),
        ({"c6": 0, "c7": 0, "c12": 0, "c13": 0}, "F08"), ({"c15": 0}, "F08"), ({"c16": -1}, "F10"),
        ({"c14": 18_000_001}, "F11"), ({"c5": 6}, "F21"), ({"c6": 101}, "F22"), ({"c12": 51}, "F23"),
        ({"c14": 9_000_001}, "F24"), ({"c10": 0, "c11": 0}, "F25"), ({"c19": 6, "c20": 6}, "F26"), ({"c20": 2}, "F27"),
    ],
)  # fmt: skip
def test_each_rule_between_columns_fires_and_names_them(changes, code):
    assert codes(base()) == set()
    found = [one for one in check(base(**changes)) if one.code == code]
    assert {one.row for one in found} == {1, 2}
    assert all(f"第{column}栏" in one.words for one in found for column in one.columns[:2])
    assert code in RULES


@pytest.mark.parametrize("column", range(1, 21))
def test_a_total_that_is_not_the_sum_of_its_rows_blocks(column):
    cells = base()
    total = list(cells.rows[0])
    total[column - 1] += 1
    found = [one for one in check(replace(cells, rows=(tuple(total), *cells.rows[1:]))) if one.code == "F01"]
    assert [one.columns for one in found] == [(column,)]
    assert found[0].level == "E"


def test_older_debts_paid_now_turn_the_block_into_a_question():
    cells = base(c14=18_000_001)
    assert "F11" in codes(cells)
    assert "F24" not in codes(cells)
    cells = replace(cells, prior_fen=(1, 1, 0, 0, 0))
    assert "F11" not in codes(cells)
    assert "F24" in codes(cells)


@pytest.mark.parametrize(
    ("blank", "value", "code"), [(2, 4, "F09"), (10, 4, "F09"), (3, 9_000_001, "F28"), (13, -1, "F10"), (1, -1, "F10")]
)
def test_rules_of_the_other_circumstances(blank, value, code):
    cells = base()
    others = list(cells.others)
    others[blank - 1] = value
    assert code in codes(replace(cells, others=tuple(others)))


def test_a_cumulative_figure_that_falls_is_asked_about():
    before = base()
    assert codes(base(c16=4), before) == set()
    found = check(base(c16=2, c17=1), before)
    assert [(one.code, one.row, one.columns) for one in found] == [("F29", 1, (16, 17)), ("F29", 2, (16, 17))]
    fewer = replace(before, others=(2, *before.others[1:]))
    assert codes(fewer, before) == {"F29"}


def test_the_five_columns_of_persons_and_money_have_their_units():
    assert [column.number for column in COLUMNS if column.unit is Unit.PERSONS] == [2, 3, 4, 6, 7, 12, 13]
    assert [column.number for column in COLUMNS if column.unit is Unit.MONEY] == [8, 9, 14, 15]


def test_large_sums_stay_exact(store):
    """Money beyond 32 bits, and a sum beyond what a float holds to the last 分."""
    with store.write() as connection:
        write(connection, {"employer": golden()["employer"]})
        rows = [{"id": n, "employer_id": 1, "region": "530102", "verified_on": "2021-11-02", "verified_workers": 1,
                 "verified_migrants": 1, "verified_fen": 9_007_199_254_740_993, "verified_migrant_fen": 1}
                for n in (1, 2)]  # fmt: skip
        write(connection, {"wage_case": rows})
    with store.read() as connection:
        found = count(connection)
    assert found.at(1, 8) == 18_014_398_509_481_986
    assert found.printed(1, 8) == "18014398509.48"
