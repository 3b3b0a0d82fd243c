"""Employers of the ledger: one record per credit code, found by code, name or a name much like it. All invented."""

from __future__ import annotations

import json

import pytest
from ledger_house import ADMIN, CLERK, COUNTY, DUTY, ELSEWHERE, NOW, faults, later
from sqlalchemy import select

from monitors.access.trail_words import ACTS, KINDS
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import employers, events
from monitors.ledger.employers import EmployerDraft
from monitors.ledger.faults import LedgerError
from monitors.ledger.model import Record
from monitors.store import tables as t

CODE, OTHER = "91530102MA6K1EXA5G", "915301021234567890"


def valid_code(number: int) -> str:
    """An invented code whose check character fits (GB 32100-2015)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91530102{number:09d}"
    total = sum(alphabet.index(one) * pow(3, place, 31) for place, one in enumerate(body))
    return body + alphabet[-total % 31]


FIRST, SECOND = valid_code(123), valid_code(456)


def draft(name="示例建筑劳务有限公司", **more):
    return EmployerDraft(**{"name": name, "employer_class": "建筑企业", "region": COUNTY} | more)


def add(connection, who=CLERK, **more):
    return employers.add(connection, who, draft(**more), now=NOW)


def test_an_employer_is_stored_tidied_with_history_and_trail(store):
    with store.write() as connection:
        made = add(
            connection, name="  示例(云南)  建筑有限公司 ", uscc=f" {FIRST.lower()} ", legal_rep=" 示例某 ", credit="B"
        )
        found = employers.get(connection, made)
        assert (found.name, found.uscc, found.legal_rep) == ("示例（云南） 建筑有限公司", FIRST, "示例某")
        assert (found.employer_class, found.credit, found.revision, found.demo) == ("建筑企业", "B", 1, False)
        (event,) = events.history(connection, Record.EMPLOYER, made)
        assert (event.act, event.after["uscc"]) == ("登记", FIRST)
        row = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
        told = json.loads(row.after)
    assert (row.action, row.kind, row.target, row.region) == ("employer.add", "employer", found.name, COUNTY)
    assert row.action in ACTS
    assert row.kind in KINDS
    assert told == {
        "企业名称": found.name, "企业类别": "建筑企业", "注册地": "昆明市五华区", "统一社会信用代码": FIRST,
        "法定代表人": "示例某", "信用等级": "B",
    }  # fmt: skip


def test_everything_wrong_is_said_at_once(store):
    with store.write() as connection, pytest.raises(LedgerError) as caught:
        add(
            connection,
            name=" ",
            employer_class="矿山",
            region="999999",
            uscc=OTHER,
            credit="D",
            legal_rep="字" * 61,
        )
    assert set(faults(caught)) == {"name", "class", "region", "uscc", "credit", "legal_rep"}
    assert faults(caught)["uscc"] == "E04"


def test_an_employer_may_be_registered_in_another_province(store):
    with store.write() as connection:
        made = add(connection, region="510104")
        assert employers.get(connection, made).region == "510104"


def test_a_code_is_one_employer_s(store):
    with store.write() as connection:
        add(connection, uscc=FIRST)
        second = add(connection, name="示例另一家有限公司", uscc=SECOND)
        with pytest.raises(LedgerError) as caught:
            add(connection, name="示例第三家有限公司", uscc=FIRST)
        assert "示例建筑劳务有限公司" in faults(caught)["uscc"]
        with pytest.raises(LedgerError):
            employers.edit(connection, CLERK, second, {"uscc": FIRST}, 1, now=NOW)
        employers.edit(connection, CLERK, second, {"uscc": SECOND, "credit": "A"}, 1, now=NOW)  # its own stays free
        assert employers.get(connection, second).credit == "A"


def test_a_name_without_code_stands_once_and_with_codes_any_number_of_times(store):
    with store.write() as connection:
        add(connection)
        with pytest.raises(LedgerError) as caught:
            add(connection)
        assert "已有同名" in faults(caught)["name"]
        add(connection, uscc=FIRST)
        add(connection, uscc=SECOND)
        assert len(employers.listed(connection)) == 3


def test_found_by_code_before_name_and_never_by_a_name_of_another_code(store):
    with store.write() as connection:
        made = add(connection, uscc=FIRST)
        assert employers.find(connection, code=FIRST.lower(), name="改过的名称").id == made
        assert employers.find(connection, name="示例建筑劳务有限公司 ").id == made
        assert employers.find(connection, code=SECOND, name="示例建筑劳务有限公司") is None
        assert employers.find(connection, name="示例建筑劳务") is None
        add(connection, uscc=SECOND)
        assert employers.find(connection, name="示例建筑劳务有限公司") is None  # two: a person chooses


def test_near_offers_the_same_firm_differently_written_and_not_a_stranger(store):
    with store.write() as connection:
        same = add(connection, name="示例华建（云南）建筑工程有限责任公司")
        typo = add(connection, name="示例华健云南建筑工程有限公司")
        add(connection, name="示例永昌餐饮管理有限公司")
        found = employers.near(connection, "示例华建(云南)建筑工程有限公司")
        assert next((one.employer.id, one.likeness) for one in found) == (same, 100)
        assert found[0].why == "去除公司形式后名称相同"
        assert [one.employer.id for one in found] == [same, typo]
        assert next(one.employer.id for one in employers.near(connection, "华建（云南）建筑工程")) == same
        assert employers.near(connection, "  ") == ()
        assert len(employers.near(connection, "示例华建云南建筑工程", limit=1)) == 1


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("示例建筑有限公司", "示例建筑"),
        ("示例建筑有限责任公司", "示例建筑"),
        ("示例建筑股份有限公司", "示例建筑"),
        ("示例（昆明）建筑 有限公司", "示例昆明建筑"),
        ("有限公司", "有限公司"),
        ("示例餐馆", "示例餐馆"),
    ],
)
def test_bare_names(name, bare):
    assert employers.bare_name(name) == bare


def test_put_finds_or_adds_and_fills_only_a_missing_code(store):
    with store.write() as connection:
        made, new = employers.put(connection, CLERK, draft(), now=NOW)
        assert new
        assert employers.put(connection, CLERK, draft(uscc=FIRST, credit="C"), now=NOW) == (made, False)
        found = employers.get(connection, made)
        assert (found.uscc, found.credit) == (FIRST, "")
        assert employers.put(connection, ELSEWHERE, draft("改过的名称", uscc=FIRST), now=NOW) == (made, False)
        other, new = employers.put(connection, CLERK, draft(uscc=SECOND), now=NOW)
        assert new
        assert other != made


def test_a_code_is_not_filled_in_by_a_county_that_is_not_the_employer_s(store):
    with store.write() as connection:
        made = add(connection)
        assert employers.put(connection, ELSEWHERE, draft(uscc=FIRST), now=NOW) == (made, False)
        assert employers.get(connection, made).uscc == ""


def test_an_edit_is_told_field_by_field_and_the_slower_one_refused(store):
    with store.write() as connection:
        made = add(connection)
        employers.edit(connection, CLERK, made, {"operating_status": "停业", "state_owned": True}, 1, now=later(1))
        employers.edit(connection, CLERK, made, {"operating_status": "停业"}, 2, now=later(2))  # nothing to write
        newest, _ = events.history(connection, Record.EMPLOYER, made)
        assert newest.before == {"operating_status": "", "state_owned": False}
        assert newest.after == {"operating_status": "停业", "state_owned": True}
        assert employers.get(connection, made).revision == 2
        with pytest.raises(ConflictError, match=r"示例建筑劳务有限公司.*clerk同志.*2026-11-24"):
            employers.edit(connection, CLERK, made, {"credit": "A"}, 1, now=NOW)
        with pytest.raises(InputError, match="999"):
            employers.edit(connection, CLERK, 999, {"credit": "A"}, 1, now=NOW)


def test_who_may(store):
    with store.write() as connection:
        made = add(connection)
        with pytest.raises(RefusedError):
            add(connection, DUTY, name="示例不许有限公司")
        with pytest.raises(RefusedError):
            employers.edit(connection, ELSEWHERE, made, {"credit": "A"}, 1, now=NOW)
        employers.edit(connection, ADMIN, made, {"credit": "A"}, 1, now=NOW)


def test_listed_seeks_in_name_and_code_and_takes_signs_literally(store):
    with store.write() as connection:
        add(connection, name="示例甲有限公司", uscc=FIRST)
        add(connection, name="示例乙100%有限公司", employer_class="加工制造企业")
        assert [one.name for one in employers.listed(connection, text="甲")] == ["示例甲有限公司"]
        assert [one.name for one in employers.listed(connection, text=FIRST[8:].lower())] == ["示例甲有限公司"]
        assert [one.name for one in employers.listed(connection, text="%")] == ["示例乙100%有限公司"]
        assert [one.name for one in employers.listed(connection, classes=("加工制造企业",))] == ["示例乙100%有限公司"]
        assert len(employers.listed(connection, limit=1)) == 1
        assert employers.listed(connection, offset=2) == ()
