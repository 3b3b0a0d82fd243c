"""The first start: one link, one administrator, whoever races; nothing on offer once there is an account."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from monitors.access import accounts, sessions, setup, signing
from monitors.access.roles import Role
from monitors.errors import InputError
from monitors.store import tables as t
from tests.access_house import FROM, GOOD, NOW, SETTINGS, everything_written, person, quick_hashing, race, trail

GOOD_FOR = timedelta(minutes=SETTINGS.password.setup_minutes)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    quick_hashing(monkeypatch)


def offer(store, now=NOW):
    return setup.offer(store, settings=SETTINGS, now=now)


def complete(store, token, now=NOW, **given):
    values = {"name": "admin-yn", "display": "张三", "password": GOOD}
    return setup.complete(store, token, **(values | given), settings=SETTINGS, now=now, **FROM)


def count(store, table=t.account):
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_the_link_makes_the_administrator_signs_him_in_and_is_used_up(store):
    token = offer(store)
    assert token not in everything_written(store)
    opened = complete(store, token)
    with store.read() as connection:
        signed = sessions.find(connection, opened, settings=SETTINGS, now=NOW)
    assert (signed.actor.name, signed.actor.role, signed.actor.region) == ("admin-yn", Role.ADMINISTRATOR, "530000")
    assert not signed.must_change
    assert [row["action"] for row in trail(store)] == ["setup.complete", "session.sign_in"]
    assert {row["address"] for row in trail(store)} == {FROM["address"]}
    assert json.loads(trail(store)[0]["after"])["display"] == "张三"
    assert GOOD not in everything_written(store)
    assert offer(store) is None
    with pytest.raises(InputError, match="请直接登录"):
        complete(store, token, name="second")
    assert signing.sign_in(store, "admin-yn", GOOD, settings=SETTINGS, now=NOW, **FROM)[1] is False


def test_no_link_is_offered_once_there_is_any_account(store):
    token = offer(store)
    person(store)
    assert offer(store) is None
    with pytest.raises(InputError, match="请直接登录"):
        complete(store, token)
    assert count(store) == 1


def test_a_restart_prints_a_new_link_and_the_old_one_is_void(store):
    old, new = offer(store), offer(store)
    assert old != new
    with pytest.raises(InputError, match="无效或已过期"):
        complete(store, old)
    assert complete(store, new)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 5000])
def test_what_is_not_the_link_makes_nobody(store, token):
    with pytest.raises(InputError, match="无效或已过期"):
        complete(store, token)  # none was offered
    offer(store)
    with pytest.raises(InputError, match="无效或已过期"):
        complete(store, token)
    assert count(store) == 0


def test_the_link_is_good_for_the_hour(store):
    token = offer(store)
    with pytest.raises(InputError, match="无效或已过期"):
        complete(store, token, NOW + GOOD_FOR)
    assert complete(store, token, NOW + GOOD_FOR - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "管"}, "登录名须为"),
        ({"display": ""}, "请填写姓名"),
        ({"password": "short"}, "密码至少 10 个字符"),
        ({"password": "Xx-admin-yn-26"}, "密码不能包含登录名"),
    ],
)
def test_a_slip_in_the_form_leaves_the_link_good(store, given, says):
    token = offer(store)
    with pytest.raises(InputError, match=says):
        complete(store, token, **given)
    assert count(store) == count(store, t.session) == count(store, t.audit) == 0
    assert complete(store, token)


def test_a_wrong_link_costs_no_hashing(store, monkeypatch):
    offer(store)
    monkeypatch.setattr(setup.passwords, "hashed", lambda _password: pytest.fail("hashed for a stranger"))
    with pytest.raises(InputError):
        complete(store, "x" * 43)


def test_of_those_who_race_exactly_one_becomes_administrator(store):
    token = offer(store)
    outcomes = race(6, lambda number: complete(store, token, name=f"admin{number}x"))
    losers = [str(outcome) for outcome in outcomes if isinstance(outcome, InputError)]
    assert len(losers) == 5
    assert set(losers) == {"管理员已设置完成，请直接登录"}
    assert count(store) == count(store, t.session) == 1
    with store.read() as connection:
        assert accounts.any_exists(connection)
        assert connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "setup")) is None
