"""The records shown behind a figure of 附件2: together they make the figure, and each says whose it is."""

from __future__ import annotations

from datetime import date

import pytest

from monitors.ledger import form
from monitors.ledger.form_behind import behind, behind_other
from monitors.ledger.form_layout import BLANK_UNITS, COLUMNS, Unit
from monitors.ledger.form_lines import Place, lines, remark
from monitors.ledger.model import Record
from tests.form_ledger import CAMPAIGN, chance_ledger, golden, write

NOVEMBER = date(2021, 11, 30)
ALL = 10_000


def found(connection, region, place):
    asked = {"campaign": CAMPAIGN, "cutoff": NOVEMBER, "region": region}
    if place.row == 0:
        return behind_other(connection, **asked, blank=place.column)
    return behind(connection, **asked, row=place.row, col=place.column)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_shares_of_the_records_make_the_figure(store, seed):
    with store.write() as connection:
        write(connection, chance_ledger(seed))
    with store.read() as connection:
        for region in ("530000", "530100", "530103"):
            cells = form.cells(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region=region)
            for row in range(1, 6):
                for column in COLUMNS:
                    place = Place(row, column.number)
                    records = found(connection, region, place)
                    shown = lines(connection, records, place, limit=ALL)
                    total, exact = sum(line.share for line in shown), cells.at(row, column.number)
                    assert len(shown) == len(records.ids)
                    if column.number in (5, 12, 13):  # distinct employers, distinct people: records may be more
                        assert total >= exact, place
                        assert (total > 0) == (exact > 0), place
                        assert remark(place, records.kind)
                    else:
                        assert total == exact, place
                        assert not remark(place, records.kind)
            for number, unit in enumerate(BLANK_UNITS, start=1):
                place = Place(0, number)
                shown = lines(connection, found(connection, region, place), place, limit=ALL)
                total = sum(line.share for line in shown)
                assert total >= cells.others[12] if unit is Unit.EMPLOYERS else total == cells.others[number - 1], place


def test_a_record_says_whose_it_is_where_and_when(store):
    with store.write() as connection:
        write(connection, golden())
    with store.read() as connection:
        place = Place(1, 8)
        records = found(connection, "530100", place)
        first = lines(connection, records, place, limit=1)
        place = Place(2, 16)
        orders = lines(connection, found(connection, "530100", place), place, limit=ALL)
    assert records.kind is Record.CASE
    assert [(one.case, one.employer, one.project, one.region, one.on, one.words, one.share) for one in first] == [
        ("AJ2021-000001", "示例单位1", "示例工程一标段", "530102", date(2021, 11, 5), "核查中", 3_004_999)
    ]
    assert {one.share for one in orders} == {1}
    assert all("示例〔2021〕1号" in one.words for one in orders)
