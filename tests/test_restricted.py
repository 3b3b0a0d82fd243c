"""Restricted fields: sealed at rest, bound to their record, every reading with its reason in the trail."""

from __future__ import annotations

import base64
import json
import logging
import threading
import traceback
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from monitors.access import restricted
from monitors.access.acting import acting
from monitors.access.actor import SYSTEM, Actor
from monitors.access.restricted import Fields
from monitors.access.roles import MATRIX, Role
from monitors.errors import ConflictError, InputError, RefusedError, StoreError
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 5, 6, 7, 890, tzinfo=UTC)
CLERK = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9", "abcd")
WULONG = "530102"
HELD = Fields("赵某某", "13812345678、0871-65551234", "11010519491231002X", "只接短信，勿打电话到家中")
VALUES = [HELD.reporter, "13812345678", HELD.identity, "勿打电话到家中"]


def put(store, fields=HELD, *, actor=CLERK, target="12", region=WULONG, revision=None):
    with acting(store, actor) as connection:
        restricted.write(connection, actor, "story", target, region, fields, revision=revision, now=NOW)


def trail(store):
    with store.read() as connection:
        return connection.execute(select(t.audit).order_by(t.audit.c.seq)).all()


def read(store, actor=CLERK, *, target="12", region=WULONG, why="核实欠薪金额"):
    return restricted.read(store, actor, "story", target, region, why=why, now=NOW)


def test_what_was_written_is_read_and_each_reading_leaves_its_reason(store):
    put(store)
    assert read(store) == HELD
    assert read(store, why=" 回访 ") == HELD
    rows = trail(store)
    assert [(row.action, row.actor, row.kind, row.target, row.region, row.outcome) for row in rows] == [
        ("restricted.write", "li", "story", "12", WULONG, "成功"),
        ("restricted.read", "li", "story", "12", WULONG, "成功"),
        ("restricted.read", "li", "story", "12", WULONG, "成功"),
    ]
    every = ["举报人", "联系电话", "证件号", "备注"]
    assert json.loads(rows[0].after) == {"fields": every}
    assert json.loads(rows[2].after) == {"fields": every, "why": "回访"}
    assert not [value for value in VALUES for row in rows if value in row.before + row.after]


def test_the_summary_says_which_and_not_what(store):
    put(store, Fields(phone="13812345678"))
    with store.read() as connection:
        found = restricted.summary(connection, CLERK, "story", "12", WULONG)
        assert restricted.summary(connection, CLERK, "story", "13", WULONG) is None
    assert (found.filled, found.words, found.created_by, found.revision) == (("phone",), "联系电话", "li", 1)
    assert "138" not in repr(found)
    assert len(trail(store)) == 1


def test_no_plaintext_lies_in_the_database(store, postgres_server):
    put(store)
    if store.dialect == "sqlite":
        store.checkpoint()
        held = b"".join(path.read_bytes() for path in store.path.parent.glob(f"{store.path.name}*"))
    else:
        with store.read() as connection:
            tables = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars()
            dump = [str(connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()) for name in tables.all()]
            # A bytea prints as \\x…: what it holds is looked at as bytes.
            sealed = connection.scalars(select(t.restricted.c.sealed)).all()
        held = "".join(dump).encode() + b"".join(sealed)
    assert b"li" in held
    for value in VALUES:
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert value.encode(encoding) not in held
        assert json.dumps(value).strip('"').encode() not in held


def test_two_records_with_the_same_fields_look_different(store):
    put(store)
    put(store, target="13")
    with store.read() as connection:
        first, second = connection.scalars(select(t.restricted.c.sealed)).all()
    assert first[1:13] != second[1:13]
    assert first[13:] != second[13:]


def test_a_sealed_row_moved_changed_or_under_another_key_does_not_open(store, monkeypatch):
    put(store)
    put(store, Fields(reporter="另一人"), target="13")
    with store.read() as connection:
        good = connection.scalars(select(t.restricted.c.sealed).where(t.restricted.c.target == "12")).one()

    def sealed(value, target="12"):
        with store.write() as connection:
            connection.execute(update(t.restricted).where(t.restricted.c.target == target).values(sealed=value))

    sealed(good, "13")
    with pytest.raises(StoreError, match="无法解密"):
        read(store, target="13")
    for place in (0, 1, 12, 13, len(good) // 2, len(good) - 1):
        sealed(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(StoreError, match="无法解密"):
            read(store)
    for short in (b"", good[:1], good[:13], good[:-1]):
        sealed(short)
        with pytest.raises(StoreError, match="无法解密"):
            read(store)
    sealed(good)
    assert read(store) == HELD
    monkeypatch.setenv("MONITORS_KEY", base64.b64encode(b"another".ljust(32, b".")).decode())
    with pytest.raises(StoreError, match="无法解密") as caught:
        read(store)
    assert not [value for value in VALUES if value in "".join(traceback.format_exception(caught.value))]
    assert trail(store)[-1].outcome == "失败"


def test_a_value_is_in_no_repr_and_no_trace(caplog):
    logging.getLogger("x").error("%s %r %s", HELD, [HELD], {"a": HELD})
    assert not [value for value in VALUES if value in caplog.text + repr(HELD) + str(HELD)]
    with pytest.raises(InputError) as caught:
        restricted.check(Fields(phone="张三的电话", note="x"))
    assert "张三" not in str(caught.value)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_the_table_says(store, role):
    put(store, actor=SYSTEM)
    actor = Actor(1, "a", "甲", role, "530000", "10.0.0.1")
    if role in MATRIX["restricted.read"].roles:
        assert read(store, actor) == HELD
        with store.read() as connection:
            assert restricted.summary(connection, actor, "story", "12", WULONG)
    else:
        with pytest.raises(RefusedError):
            read(store, actor)
        with store.read() as connection, pytest.raises(RefusedError):
            restricted.summary(connection, actor, "story", "12", WULONG)
    if role in MATRIX["restricted.write"].roles:
        put(store, Fields(note="改"), actor=actor, revision=1)
        with acting(store, actor) as connection:
            restricted.remove(connection, actor, "story", "12", WULONG, now=NOW)
    else:
        with pytest.raises(RefusedError):
            put(store, Fields(note="改"), actor=actor, revision=1)
        with pytest.raises(RefusedError), acting(store, actor) as connection:
            restricted.remove(connection, actor, "story", "12", WULONG, now=NOW)
        assert read(store, SYSTEM) == HELD


@pytest.mark.parametrize("region", ["530103", "530100", "", "530000", "500101"])
def test_another_region_is_refused_and_written_down(store, region):
    put(store, actor=SYSTEM)
    for act in (
        lambda: read(store, region=region),
        lambda: put(store, region=region, revision=1),
    ):
        with pytest.raises(RefusedError, match="辖区"):
            act()
    with pytest.raises(RefusedError), acting(store, CLERK) as connection:
        restricted.remove(connection, CLERK, "story", "12", region, now=NOW)
    with pytest.raises(RefusedError), acting(store, CLERK) as connection:
        restricted.summary(connection, CLERK, "story", "12", region)
    assert [(row.outcome, row.target) for row in trail(store)[1:]] == [("拒绝", "12")] * 4
    assert read(store, SYSTEM) == HELD


@pytest.mark.parametrize("why", ["", "  \n", "由" * 501])
def test_no_reading_without_a_reason(store, why):
    put(store)
    with pytest.raises(InputError, match="事由"):
        read(store, why=why)
    assert len(trail(store)) == 1


def test_what_is_not_there_is_said(store):
    with pytest.raises(InputError, match="没有登记"):
        read(store)
    with acting(store, CLERK) as connection:
        restricted.remove(connection, CLERK, "story", "12", WULONG, now=NOW)
    assert trail(store) == []


def test_the_second_of_two_writers_is_told(store):
    put(store)
    with pytest.raises(ConflictError):
        put(store, Fields(note="又登记一次"))
    put(store, Fields(note="改过"), revision=1)
    with pytest.raises(ConflictError):
        put(store, Fields(note="旧版"), revision=1)
    assert read(store) == Fields(note="改过")
    with acting(store, CLERK) as connection:
        restricted.remove(connection, CLERK, "story", "12", WULONG, now=NOW)
    with pytest.raises(ConflictError):
        put(store, Fields(note="旧版"), revision=2)
    assert [json.loads(row.before) for row in trail(store)] == [
        {},
        {"fields": ["举报人", "联系电话", "证件号", "备注"]},
        {},
        {"fields": ["备注"]},
    ]


def test_of_many_who_register_at_once_one_succeeds(store):
    gate, outcomes = threading.Barrier(4), []

    def register(number):
        gate.wait()
        try:
            put(store, Fields(note=f"第{number}人"))
            outcomes.append("ok")
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=register, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["ok"]
    with store.read() as connection:
        assert restricted.probe(connection) == 1


@pytest.mark.parametrize(
    "fields",
    [
        Fields(),
        Fields(reporter="  ", note="\n"),
        Fields(reporter="名" * 501),
        Fields(note="长" * 501),
        Fields(reporter="甲\x00"),
        Fields(reporter="甲\n乙"),
        Fields(note="\x1b[31m"),
        Fields(phone="没有"),
        Fields(phone="1234"),
        Fields(phone="<script>13812345678"),
        Fields(identity="不详"),
        Fields(identity="AB"),
        Fields(identity="ABCDEFG"),
        Fields(identity="110105194912310021"),
        Fields(identity="11010519491331002X"),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(store, fields):
    with pytest.raises(InputError):
        put(store, fields)
    assert trail(store) == []


@pytest.mark.parametrize(
    ("entered", "held"),
    [
        (Fields(phone=" １３８１２３４５６７８ "), Fields(phone="13812345678")),
        (Fields(phone="0871-67195055转12"), Fields(phone="0871-67195055转12")),
        (Fields(phone="+86 (871) 6719 5055；13912345678"), Fields(phone="+86 (871) 6719 5055;13912345678")),
        (Fields(identity="11010519491231002x"), Fields(identity="11010519491231002x")),
        (Fields(identity="E12345678"), Fields(identity="E12345678")),
        (Fields(note="一\n二😀𠮷"), Fields(note="一\n二😀𠮷")),
        (Fields(reporter="名" * 500), Fields(reporter="名" * 500)),
    ],
)
def test_what_people_have_is_accepted(store, entered, held):
    put(store, entered)
    assert read(store) == held


def test_a_kind_that_could_be_mistaken_for_another_is_refused(store):
    with pytest.raises(ValueError, match="kind"), store.write() as connection:
        restricted.write(connection, SYSTEM, "a|b", "c", "", HELD, revision=None, now=NOW)


def test_the_probe_tells_a_house_with_another_key(store, monkeypatch):
    with store.read() as connection:
        assert restricted.probe(connection) == 0
    put(store)
    with store.read() as connection:
        assert restricted.probe(connection) == 1
    with store.write() as connection:
        connection.execute(
            insert(t.restricted).values(
                kind="story", target="x", region="", sealed=b"junk", fields=[], created_by="x", created_at=NOW,
                updated_at=NOW,
            )
        )  # fmt: skip
    with store.read() as connection, pytest.raises(StoreError, match="无法解密"):
        restricted.probe(connection)
