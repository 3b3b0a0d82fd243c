"""Sign-ins that hold: found by a token stored nowhere, gone at every limit and whenever somebody says so."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from monitors.access import accounts, sessions
from monitors.access.roles import Role
from monitors.errors import RefusedError
from monitors.store import tables as t
from tests.access_house import (
    FROM,
    NOW,
    SETTINGS,
    administrator,
    everything_written,
    person,
    quick_hashing,
    trail,
)

IDLE = timedelta(minutes=SETTINGS.session.idle_minutes)
WHOLE = timedelta(hours=SETTINGS.session.absolute_hours)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    quick_hashing(monkeypatch)


def mint(store, account, now=NOW, **given):
    with store.write() as connection:
        return sessions.mint(connection, account, settings=SETTINGS, now=now, **(FROM | given))


def find(store, token, now=NOW):
    with store.read() as connection:
        return sessions.find(connection, token, settings=SETTINGS, now=now)


def seen_at(store):
    with store.read() as connection:
        return connection.scalar(select(t.session.c.seen_at))


def test_a_token_finds_the_person_and_is_written_nowhere(store):
    li = person(store)
    token = mint(store, li)
    signed = find(store, token)
    assert (signed.account_id, signed.display, signed.must_change) == (li.id, "li同志", False)
    assert (signed.actor.name, signed.actor.role, signed.actor.region) == ("li", Role.COUNTY_CLERK, "530102")
    assert signed.actor.address == FROM["address"]
    assert signed.actor.session == sessions.token_hash(token)[:12]
    assert (signed.created_at, signed.seen_at, signed.expires_at) == (NOW, NOW, NOW + WHOLE)
    assert token not in everything_written(store)
    assert token not in repr(signed)
    assert signed.token_hash not in repr(signed)


def test_every_sign_in_has_its_own_token(store):
    li = person(store)
    tokens = {mint(store, li) for _ in range(50)}
    assert len(tokens) == 50
    assert min(len(token) for token in tokens) >= 43  # 32 bytes


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\x00", "\ud800", "a" * 100_000])
def test_what_is_no_token_finds_nobody(store, token):
    mint(store, person(store))
    assert find(store, token) is None


def test_the_stored_digest_is_no_token(store):
    token = mint(store, person(store))
    assert find(store, sessions.token_hash(token)) is None


def test_a_sign_in_ends_at_the_idle_limit_and_at_the_absolute_one(store):
    token = mint(store, person(store))
    second = timedelta(seconds=1)
    assert find(store, token, NOW + IDLE - second) is not None
    assert find(store, token, NOW + IDLE) is None
    now = NOW
    while now < NOW + WHOLE - IDLE / 2:  # a person at work all day
        now += IDLE / 2
        if now < NOW + WHOLE:
            sessions.touch(store, find(store, token, now), now=now)
    assert find(store, token, NOW + WHOLE - second) is not None
    assert find(store, token, NOW + WHOLE) is None


def test_acts_are_written_at_most_once_a_minute(store):
    token = mint(store, person(store))
    signed = find(store, token)
    before = store.versions("session")
    sessions.touch(store, signed, now=NOW + timedelta(seconds=59))
    assert (seen_at(store), store.versions("session")) == (NOW, before)
    first = NOW + timedelta(seconds=60)
    sessions.touch(store, signed, now=first)
    assert seen_at(store) == first
    sessions.touch(store, signed, now=first + timedelta(seconds=30))  # an older reading of the same session
    assert seen_at(store) == first


def test_an_act_does_not_revive_an_ended_sign_in(store):
    li = person(store)
    token = mint(store, li)
    signed = find(store, token)
    with store.write() as connection:
        assert sessions.end(connection, signed.actor, signed.token_hash, why="退出", now=NOW)
    sessions.touch(store, signed, now=NOW + timedelta(minutes=5))
    assert seen_at(store) == NOW
    assert find(store, token) is None


def test_one_ends_ones_own_and_only_the_administrator_anothers(store):
    boss, li, wang = administrator(store), person(store), person(store, "wang", role=Role.LEADER)
    mine, other, theirs = mint(store, li), mint(store, li), mint(store, wang)
    actor = find(store, mine).actor
    with pytest.raises(RefusedError), store.write() as connection:
        sessions.end(connection, actor, sessions.token_hash(theirs), why="管理员结束", now=NOW)
    assert find(store, theirs) is not None
    with store.write() as connection:
        assert sessions.end(connection, actor, sessions.token_hash(other), why="退出", now=NOW)
        assert not sessions.end(connection, actor, sessions.token_hash(other), why="退出", now=NOW)
        assert sessions.end(connection, actor, sessions.token_hash(mine), why="退出", now=NOW)
        assert sessions.end(connection, boss, sessions.token_hash(theirs), why="管理员结束", now=NOW)
        assert not sessions.end(connection, boss, "0" * 64, why="管理员结束", now=NOW)
    assert [find(store, token) for token in (mine, other, theirs)] == [None, None, None]
    assert [(row["actor"], row["action"], row["target"]) for row in trail(store)] == [
        ("li", "session.end", "li"),
        ("li", "session.sign_out", "li"),
        ("boss", "session.end", "wang"),
    ]
    assert json.loads(trail(store)[-1]["after"]) == {"why": "管理员结束", "session": sessions.token_hash(theirs)[:12]}


def test_all_of_an_account_end_but_the_one_kept(store):
    boss, li = administrator(store), person(store)
    kept, *others = [mint(store, li) for _ in range(3)]
    stale = mint(store, li, NOW - WHOLE)
    with store.write() as connection:
        keep = sessions.token_hash(kept)[:12]
        assert sessions.end_account(connection, boss, li.id, why="管理员结束", now=NOW, keep=keep) == 2
        assert sessions.end_account(connection, boss, li.id, why="管理员结束", now=NOW, keep=keep) == 0
    assert find(store, kept) is not None
    assert [find(store, token) for token in (*others, stale)] == [None] * 3
    assert len(trail(store)) == 1


def test_a_disabled_account_is_out_at_the_next_look_without_its_sessions_being_touched(store):
    li = person(store)
    token = mint(store, li)
    with store.write() as connection:
        connection.execute(t.account.update().where(t.account.c.id == li.id).values(disabled=True))
    assert find(store, token) is None


def test_the_open_ones_are_listed_for_those_who_may_see_them(store):
    boss, li = administrator(store), person(store)
    auditor = person(store, "shen", role=Role.AUDITOR, region="530000").actor("10.0.0.3")
    first = mint(store, li)
    mint(store, li, NOW - WHOLE)  # expired
    mint(store, li, NOW - IDLE)  # idle
    second = mint(store, li, NOW + timedelta(minutes=1), address="x" * 200, agent="浏览器\n" * 100)
    ended = mint(store, li)
    with store.write() as connection:
        sessions.end(connection, boss, sessions.token_hash(ended), why="管理员结束", now=NOW)
        for reader in (boss, auditor):
            found = sessions.list_open(connection, reader, settings=SETTINGS, now=NOW)
            assert [one.token_hash for one in found] == [sessions.token_hash(second), sessions.token_hash(first)]
        with pytest.raises(RefusedError):
            sessions.list_open(connection, li.actor("10.0.0.2"), settings=SETTINGS, now=NOW)
        accounts.disable(connection, boss, li.id, now=NOW)
        assert sessions.list_open(connection, boss, settings=SETTINGS, now=NOW) == ()
    assert (found[1].name, found[1].display, found[1].address, found[1].agent) == ("li", "li同志", *FROM.values())
    assert (len(found[0].address), len(found[0].agent)) == (64, 200)
    assert "\n" not in found[0].agent
