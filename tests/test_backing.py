"""Accounts and sign-ins put into the database by hand are told from those that came about as they should."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from monitors import doctor_access
from monitors.access import accounts, backing, sessions, setup, signing
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.access_house import FROM, GOOD, NOW, SETTINGS, quick_hashing


@pytest.fixture
def lived_in(store, monkeypatch):
    """A house whose people came by the front door and were changed since, in every way there is."""
    quick_hashing(monkeypatch)
    link = setup.offer(store, settings=SETTINGS, now=NOW)
    setup.complete(store, link, name="boss", display="主任", password=GOOD, settings=SETTINGS, now=NOW, **FROM)
    with store.write() as connection:
        boss = accounts.by_name(connection, "boss").actor("10.20.0.1")
        made = {}
        for name in ("li", "wang"):
            made[name], _ = accounts.add(
                connection, boss, name=name, display=name, role=Role.COUNTY_CLERK, region="530102",
                password=GOOD, now=NOW, settings=SETTINGS,
            )  # fmt: skip
        accounts.edit(
            connection, boss, made["li"], 1, display="李", unit="", role=Role.PREFECTURE_REVIEWER, region="530100",
            now=NOW,
        )  # fmt: skip
        accounts.disable(connection, boss, made["wang"], now=NOW)
    signing.sign_in(store, "li", GOOD, settings=SETTINGS, now=NOW, **FROM)
    signing.sign_in_external(
        store, issuer="https://sso", subject="7", name="zhao", display="赵", role=Role.LEADER, region="530000",
        settings=SETTINGS, now=NOW, **FROM,
    )  # fmt: skip
    return store


def unbacked(store):
    with store.read() as connection:
        return backing.unbacked(connection, NOW)


def test_what_came_about_as_it_should_is_backed(lived_in):
    assert unbacked(lived_in) == ()


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("li", {"role": "省级管理员", "region": "530000"}, "账号 li 的角色、辖区与审计记录不符"),
        ("li", {"region": "530300"}, "账号 li 的辖区与审计记录不符"),
        ("wang", {"disabled": False}, "账号 wang 的停用状态与审计记录不符"),
        ("zhao", {"role": "省级管理员"}, "账号 zhao 的角色与审计记录不符"),
    ],
)
def test_an_account_changed_by_hand_is_named(lived_in, name, values, says):
    with lived_in.write() as connection:
        connection.execute(update(t.account).where(t.account.c.name == name).values(**values))
    assert unbacked(lived_in) == (says,)


def test_an_account_and_a_sign_in_put_in_by_hand_are_named(lived_in):
    with lived_in.write() as connection:
        boss = connection.scalar(select(t.account.c.id).where(t.account.c.name == "boss"))
        accounts.create(
            connection, name="ghost", display="x", role=Role.AUDITOR, region="530000", password=None,
            must_change=False, now=NOW,
        )  # fmt: skip
        own = sessions.token_hash("a token of the thief's own")
        connection.execute(
            insert(t.session).values(
                token_hash=own, account_id=boss, created_at=NOW, seen_at=NOW, expires_at=NOW.replace(year=2030),
                address="10.0.0.1", agent="x",
            )
        )  # fmt: skip
    assert unbacked(lived_in) == (
        "账号 ghost 的添加没有审计记录",
        f"账号 boss 有一个登录（{own[:12]}）没有审计记录",
    )


def test_the_doctor_says_so(lived_in):
    def findings():
        return [one for one in doctor_access.examine(lived_in, SETTINGS, NOW, {}) if one.part == "账号来历"]

    assert findings() == []
    with lived_in.write() as connection:
        connection.execute(update(t.account).where(t.account.c.name == "li").values(role="省级管理员"))
    (found,) = findings()
    assert found.failed
    assert "账号 li 的角色与审计记录不符" in found.words
