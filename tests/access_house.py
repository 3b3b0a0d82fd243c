"""People of the tests: settings, a moment, an administrator, and passwords cheap enough to verify by the hundred."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from monitors import settings as settings_module
from monitors.access import accounts, passwords
from monitors.access.account_rows import Account
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.errors import MonitorsError
from monitors.store import tables as t
from monitors.store.engine import Store

SETTINGS = settings_module.load(environ={})
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
GOOD = "Zhen-Xiang-2026"
FROM = {"address": "10.20.0.7", "agent": "Mozilla/5.0 (Windows NT 10.0) Edg/130.0"}


def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id with the least memory it takes: the same code, a millisecond."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody's"))


def person(
    store: Store,
    name: str = "li",
    *,
    role: Role = Role.COUNTY_CLERK,
    region: str = "530102",
    password: str = GOOD,
    must_change: bool = False,
) -> Account:
    """An account as it stands after its first sign-in."""
    with store.write() as connection:
        account_id = accounts.create(
            connection,
            name=name,
            display=f"{name}同志",
            role=role,
            region=region,
            password=passwords.hashed(password),
            must_change=must_change,
            now=NOW,
        )
        return accounts.get(connection, account_id)


def administrator(store: Store, name: str = "boss") -> Actor:
    return person(store, name, role=Role.ADMINISTRATOR, region="530000").actor("10.20.0.1", "feedfeedfeed")


def read(store: Store, account: Account | int) -> Account:
    with store.read() as connection:
        return accounts.get(connection, account if isinstance(account, int) else account.id)


def trail(store: Store) -> list[dict]:
    """The audit trail, oldest first."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(t.audit).order_by(t.audit.c.seq)).mappings()]


def everything_written(store: Store) -> str:
    """All text of the tables a secret could have slipped into, as an administrator of the database would see it."""
    with store.read() as connection:
        tables = (t.account, t.session, t.audit, t.meta)
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))


def race(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work(number)`` in so many threads at once; what each returned or, of the product's own errors, raised."""
    barrier, outcomes = threading.Barrier(count), []

    def one(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(work(number))
        except MonitorsError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
