"""The audit trail grows row by row, each bound to the one before; the database refuses to change it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from monitors.access import acting, audit
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import Role
from monitors.errors import RefusedError
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 5, 6, 7, 890, tzinfo=UTC)
CLERK = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9", "abcd")


def test_rows_are_numbered_without_gaps_and_bound_to_the_row_before(store: Store) -> None:
    with store.write() as connection:
        first = audit.append(connection, SYSTEM, "demo.manage", at=NOW, after={"篇": 3})
        second = audit.append(connection, CLERK, "story.export", at=NOW, kind="alert", target="x", region="530102")
    assert (first, second) == (1, 2)
    with store.read() as connection:
        rows = [dict(row) for row in connection.execute(select(t.audit).order_by(t.audit.c.seq)).mappings()]
        head = connection.execute(select(t.audit_head)).one()
    assert rows[0]["mac"] == audit.digest(rows[0], audit.GENESIS)
    assert rows[1]["mac"] == audit.digest(rows[1], rows[0]["mac"])
    assert (head.seq, head.mac) == (2, audit.head_digest(2, rows[1]["mac"]))


def test_a_rolled_back_change_leaves_no_row_and_no_gap(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        audit.append(connection, SYSTEM, "demo.manage", at=NOW)
        raise RuntimeError
    with store.write() as connection:
        assert audit.append(connection, SYSTEM, "demo.manage", at=NOW) == 1


def test_the_database_refuses_to_change_or_remove_a_row(store: Store) -> None:
    with store.write() as connection:
        audit.append(connection, SYSTEM, "demo.manage", at=NOW)
    for statement in (update(t.audit).values(actor="别人"), delete(t.audit)):
        with pytest.raises(DBAPIError, match="only grows"), store.write() as connection:
            connection.execute(statement)


def test_a_refusal_is_recorded_although_the_act_was_not_done(store: Store) -> None:
    with pytest.raises(RefusedError, match="县级经办"), acting.acting(store, CLERK) as connection:
        audit.append(connection, CLERK, "story.export", at=NOW)
        CLERK.require("source.edit", kind="source", target="yn-1")
    with store.read() as connection:
        row = connection.execute(select(t.audit)).one()
    assert (row.action, row.outcome, row.kind, row.target, row.actor) == ("source.edit", "拒绝", "source", "yn-1", "li")
