"""Receptions: who came, who received them, at most five speakers, and the case it is about. All invented."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_house import ADMIN, CLERK, COUNTY, DUTY, ELSEWHERE, NOW, REVIEWER, TODAY, entered, faults, later

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import cases, events, receptions
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import Record
from monitors.ledger.receptions import ReceptionDraft


def draft(**more):
    plain = {
        "region": COUNTY, "on": date(2026, 11, 20), "kind": "群访", "units": ("示例区人社局",),
        "staff": ("示例接访人",), "persons": 12, "representatives": 5,
    }  # fmt: skip
    return ReceptionDraft(**plain | more)


def add(connection, who=CLERK, **more):
    return receptions.add(connection, who, draft(**more), today=TODAY, now=NOW)


def edit(connection, made, changes, revision=1, who=CLERK):
    receptions.edit(connection, who, made, changes, revision, today=TODAY, now=later(1))


def test_a_reception_comes_back_and_is_linked_to_its_case(store):
    with store.write() as connection:
        made = add(connection, units=("示例区人社局 ", "示例区住建局", "示例区人社局"), note=" 已答复 ")
        found = receptions.get(connection, CLERK.scope, made)
        assert (found.units, found.staff, found.note) == (("示例区人社局", "示例区住建局"), ("示例接访人",), "已答复")
        assert (found.persons, found.representatives, found.case_number) == (12, 5, "")
        case_id = entered(connection)
        edit(connection, made, {"case_id": case_id})
        found = receptions.get(connection, CLERK.scope, made)
        assert found.case_number == cases.get(connection, CLERK.scope, case_id).number
        assert events.history(connection, Record.RECEPTION, made)[0].after == {"case_id": case_id}


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"representatives": 6}, "representatives"),
        ({"persons": 3, "representatives": 4}, "representatives"),
        ({"representatives": -1}, "representatives"),
        ({"persons": 0, "representatives": 0}, "persons"),
        ({"persons": None, "representatives": 0}, "persons"),
        ({"kind": "路过"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"kind": "联合接访"}, "units"),
        ({"units": (" ",)}, "units"),
        ({"staff": ()}, "staff"),
        ({"staff": tuple(f"示例{n}" for n in range(21))}, "staff"),
        ({"units": ("字" * 61,)}, "units"),
        ({"on": date(2026, 11, 24)}, "on"),
        ({"region": "530000x"}, "region"),
        ({"case_id": 404}, "case_id"),
        ({"note": "字" * 501}, "note"),
    ],
)
def test_refused(store, more, wrong):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(connection, **more)
    assert set(faults(caught)) == {wrong}


def test_five_speak_and_two_units_are_joint(store):
    with store.write() as connection:
        add(connection, representatives=5)
        add(connection, kind="联合接访", units=("示例区人社局", "示例区住建局"))
        add(connection, kind="个访", persons=1, representatives=0)


def test_another_county_s_case_is_none(store):
    with store.write() as connection:
        case_id = entered(connection)
        with pytest.raises(LedgerError) as caught:
            add(connection, ELSEWHERE, region="530627", case_id=case_id)
    assert "辖区" in faults(caught)["case_id"]


def test_who_may_and_who_sees(store):
    with store.write() as connection:
        made = add(connection)
        for who in (ELSEWHERE, DUTY):
            with pytest.raises(RefusedError):
                add(connection, who)
        with pytest.raises(RefusedError):
            edit(connection, made, {"note": "改"}, who=ELSEWHERE)
        with pytest.raises(RefusedError):
            edit(connection, made, {"region": "530627"})
        with pytest.raises(InputError):
            receptions.get(connection, ELSEWHERE.scope, made)
        edit(connection, made, {"note": "改"})
        with pytest.raises(ConflictError, match=f"接访 {made}"):
            edit(connection, made, {"note": "再改"})


def test_listed_narrows_newest_first(store):
    with store.write() as connection:
        case_id = entered(connection)
        first = add(connection, on=date(2026, 11, 1), kind="个访", case_id=case_id)
        second = add(connection, on=date(2026, 11, 9))
        third = add(connection, REVIEWER, on=date(2026, 11, 9), region="530103")

        def ids(**more):
            return [one.id for one in receptions.listed(connection, ADMIN.scope, **more)]

        assert ids() == [third, second, first]
        assert ids(kinds=("个访",)) == ids(case_id=case_id) == [first]
        assert ids(unlinked=True) == [third, second]
        assert ids(region="530103") == [third]
        assert ids(since=date(2026, 11, 2)) == [third, second]
        assert ids(until=date(2026, 11, 1)) == [first]
        assert ids(limit=1, offset=1) == [second]
        assert receptions.listed(connection, ELSEWHERE.scope) == ()
