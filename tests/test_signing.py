"""Signing in and out: waits that neither parallel guesses nor a restart get round, floods refused, all written down."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from monitors.access import accounts, lockout, passwords, sessions, signing
from monitors.access.actor import console
from monitors.access.lockout import Failures, Turnstile, wait_seconds
from monitors.access.roles import Role
from monitors.access.signing import SignInFailed
from monitors.errors import InputError
from monitors.settings import Password
from monitors.store import tables as t
from monitors.store.engine import Store
from tests.access_house import (
    FROM,
    GOOD,
    NOW,
    SETTINGS,
    administrator,
    everything_written,
    person,
    quick_hashing,
    race,
    read,
    trail,
)

WRONG = "登录名或密码不正确"
RULES = SETTINGS.password


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    quick_hashing(monkeypatch)


def sign_in(store, name="li", password=GOOD, now=NOW, **given):
    return signing.sign_in(store, name, password, settings=SETTINGS, now=now, **(FROM | given))


def refused(store, *arguments, **given) -> SignInFailed:
    with pytest.raises(SignInFailed) as failed:
        sign_in(store, *arguments, **given)
    return failed.value


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_the_right_password_opens_a_session_and_is_written_down(store):
    person(store, must_change=True)
    token, must_change = sign_in(store, " ＬＩ ")
    assert must_change
    with store.read() as connection:
        signed = sessions.find(connection, token, settings=SETTINGS, now=NOW)
    assert signed.actor.name == "li"
    (row,) = trail(store)
    assert (row["actor"], row["action"], row["outcome"]) == ("li", "session.sign_in", "成功")
    assert (row["address"], row["session"], row["role"]) == (FROM["address"], signed.actor.session, "县级经办")
    held = everything_written(store)
    assert token not in held
    assert GOOD not in held


def test_a_failure_is_written_down_as_typed_and_without_the_password(store):
    person(store)
    refused(store, "li", "Cuo-Wu-Mima-1")
    refused(store, "  某人" + "x" * 90 + "\x00\n", "Cuo-Wu-Mima-1")
    first, second = trail(store)
    assert (first["outcome"], first["target"], first["role"], first["account_id"]) == ("失败", "li", "", None)
    assert json.loads(first["after"]) == {"why": "密码不正确", "failures": 1}
    assert second["actor"] == "某人" + "x" * 38
    assert json.loads(second["after"])["why"] == "没有这个账号"
    assert "Cuo-Wu" not in everything_written(store)


def test_names_that_exist_and_names_that_do_not_are_answered_alike(store):
    person(store)
    person(store, "zhao", password="")
    with store.write() as connection:
        connection.execute(t.account.update().where(t.account.c.name == "zhao").values(password=None, origin="sso"))
    answers = []
    for name in ("li", "zhao", "nobody"):
        said = []
        for tried in range(RULES.lock_after + 2):
            failed = refused(store, name, "Cuo-Wu-Mima-1", address=f"10.9.{len(answers)}.{tried}")
            said.append((str(failed), failed.status, failed.retry_after))
        later = refused(store, name, "Cuo-Wu-Mima-1", now=after(61), address="10.9.9.9")
        answers.append((*said, (str(later), later.status, later.retry_after)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == (WRONG, 401, 0)
    assert answers[0][4] == (f"{WRONG}，已连续 5 次，请 60 秒后再试", 401, 60)
    assert answers[0][5] == ("尝试次数过多，请 60 秒后再试", 429, 60)
    assert answers[0][7] == (f"{WRONG}，已连续 6 次，请 120 秒后再试", 401, 120)


def test_one_verification_whoever_is_asked_for(store, monkeypatch):
    person(store)
    asked = []
    monkeypatch.setattr(passwords, "matches", lambda stored, _given: asked.append(stored is not None))
    refused(store, "li", "Cuo-Wu-Mima-1")
    refused(store, "nobody", "Cuo-Wu-Mima-1")
    assert asked == [True, False]


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 60), (6, 120), (7, 240), (8, 480), (9, 960), (10, 1800), (11, 1800), (10_000, 1800)],
)
def test_the_wait_doubles_up_to_the_cap(failures, seconds):
    assert wait_seconds(failures, Password()) == seconds


def test_the_right_password_is_refused_during_the_wait_and_tries_do_not_prolong_it(store):
    li = person(store)
    for _ in range(RULES.lock_after):
        refused(store, "li", "Cuo-Wu-Mima-1")
    for at in (1, 30, 59.2):
        failed = refused(store, now=after(at))
        assert (failed.status, failed.retry_after) == (429, 60 - int(at))
    assert (read(store, li).failures, read(store, li).locked_until) == (5, after(60))
    assert sign_in(store, now=after(60))
    assert (read(store, li).failures, read(store, li).locked_until, read(store, li).signed_in_at) == (
        0,
        None,
        after(60),
    )
    assert [json.loads(row["after"])["why"] for row in trail(store)[5:8]] == ["等待期内"] * 3
    assert json.loads(trail(store)[4]["after"]) == {"why": "密码不正确", "failures": 5, "wait_seconds": 60}


def test_each_failure_after_a_wait_waits_twice_as_long(store):
    li = person(store)
    for _ in range(RULES.lock_after):
        refused(store, "li", "Cuo-Wu-Mima-1")
    at, waits = 60, []
    for number in range(6):
        failed = refused(store, "li", "Cuo-Wu-Mima-1", now=after(at), address=f"10.3.3.{number}")
        waits.append(failed.retry_after)
        at += failed.retry_after
    assert waits == [120, 240, 480, 960, 1800, 1800]
    with store.write() as connection:
        accounts.unlock(connection, console(), li.id, now=NOW)
    assert sign_in(store)


def test_wrong_passwords_from_elsewhere_keep_nobody_from_their_own_desk(store):
    """One try every half hour would else keep a duty officer out for as long as somebody likes."""
    li = person(store)
    sign_in(store, now=after(-3600))
    at = 0
    for number in range(12):  # far beyond the cap
        at += refused(store, "li", "Cuo-Wu-Mima-1", now=after(at), address=f"10.3.3.{number}").retry_after
    assert refused(store, now=after(at - 10), address="10.3.4.1").status == 429, "everywhere else it waits"
    assert sign_in(store, now=after(at - 10))
    assert read(store, li).locked_until is None


def test_a_guesser_at_the_desk_has_no_more_tries_than_one_elsewhere(store):
    li = person(store)
    sign_in(store, now=after(-3600))
    answers = [refused(store, "li", "Cuo-Wu-Mima-1", now=after(number)) for number in range(9)]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 4
    for number in range(4):
        refused(store, "li", "Cuo-Wu-Mima-1", now=after(100 + 200 * number), address="10.3.3.3")
    until = read(store, li).locked_until
    waits = [refused(store, "li", "Cuo-Wu-Mima-1", now=until - timedelta(seconds=9 - n)).status for n in range(3)]
    assert waits == [401, 429, 429], "the desk's own wait goes on doubling beside the account's"
    assert read(store, li).locked_until == until, "and does not prolong it"
    with store.write() as connection:
        accounts.unlock(connection, console(), li.id, now=NOW)
    assert sign_in(store, now=until), "an administrator ends both"


def test_a_name_made_up_of_a_desk_counts_apart(store):
    li = person(store)
    for typed in (f"\n{li.id}@{FROM['address']}", f"{li.id}@{FROM['address']}"):
        refused(store, typed, "Cuo-Wu-Mima-1")
    assert lockout.failures_of(store).note_name(lockout.desk(li, FROM["address"]), rules=RULES, now=NOW) == (1, 0)


def test_twenty_parallel_guesses_are_counted_one_by_one(store, monkeypatch):
    """Guesses from many processes, which share no turnstile: five are answered, the right one among the rest is not."""
    li = person(store)
    verified = threading.Barrier(20)
    matches = passwords.matches

    class Open(Turnstile):
        def passing(self):
            return nullcontext()

    def together(stored, given):
        answer = matches(stored, given)
        verified.wait()  # nobody settles before all have verified: the worst order there is
        return answer

    monkeypatch.setattr(signing, "TURNSTILE", Open())
    monkeypatch.setattr(passwords, "matches", together)
    answers = race(20, lambda number: sign_in(store, "li", f"Cai-Yi-Cai-{number}", address=f"10.5.5.{number}"))
    assert sorted(failed.status for failed in answers) == [401] * 5 + [429] * 15
    assert (read(store, li).failures, read(store, li).locked_until) == (5, after(60))
    assert len(trail(store)) == 20


def test_parallel_right_passwords_all_come_in_even_while_the_hash_is_renewed(store, monkeypatch):
    li = person(store)
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    answers = race(6, lambda _number: sign_in(store))
    assert all(isinstance(answer, tuple) for answer in answers)
    assert len({token for token, _ in answers}) == 6
    with store.read() as connection:
        stored = connection.scalar(select(t.account.c.password).where(t.account.c.id == li.id))
    assert ",t=2," in stored.replace("$", ",")
    assert read(store, li).failures == 0


def test_a_password_changed_while_the_old_one_was_verified_does_not_come_in(store, monkeypatch):
    li = person(store)
    matches, changed = passwords.matches, []

    def meanwhile(stored, given):
        answer = matches(stored, given)
        if not changed:
            changed.append(True)
            with store.write() as connection:
                values = {"password": passwords.hashed("Xin-De-Mima-88")}
                connection.execute(t.account.update().where(t.account.c.id == li.id).values(values))
        return answer

    monkeypatch.setattr(passwords, "matches", meanwhile)
    assert str(refused(store)) == WRONG
    assert read(store, li).failures == 1


def test_a_disabled_account_is_told_so_only_with_the_right_password(store):
    boss, li = administrator(store), person(store)
    with store.write() as connection:
        accounts.disable(connection, boss, li.id, now=NOW)
    assert str(refused(store)) == "账号已停用，请联系省级管理员"
    assert str(refused(store, "li", "Cuo-Wu-Mima-1")) == WRONG
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.session)) == 0


def test_an_address_that_fails_too_often_waits_whatever_the_names(store):
    person(store)
    for number in range(20):
        assert refused(store, f"name{number}", "Cuo-Wu-Mima-1", now=after(number)).status == 401
    rows = len(trail(store))
    for _ in range(30):
        failed = refused(store, now=after(20))
        assert (failed.status, failed.retry_after) == (429, 280)
    assert len(trail(store)) == rows == 21  # a flood that is refused unread does not fill the trail either
    assert "该地址失败次数过多" in trail(store)[-1]["after"]
    assert sign_in(store, now=after(20), address="10.20.0.8")
    assert sign_in(store, now=after(300))


def test_one_databases_failures_are_not_anothers(tmp_path):
    first, second = Store(f"sqlite:///{tmp_path / 'a.db'}"), Store(f"sqlite:///{tmp_path / 'b.db'}")
    lockout.failures_of(first).note_name("x", rules=RULES, now=NOW)
    assert lockout.failures_of(first) is lockout.failures_of(first)
    assert lockout.failures_of(first) is not lockout.failures_of(second)
    first.close()
    second.close()


def test_the_memory_of_failures_is_bounded():
    book = Failures()
    for number in range(6000):
        book.note_address(f"a{number}", NOW)
        book.note_name(f"n{number}", rules=RULES, now=NOW)
    assert len(book._addresses) == len(book._names) == 4096
    assert "a5999" in book._addresses


def test_a_flood_is_refused_at_once_beyond_the_eight_who_wait():
    door = Turnstile()
    inside, leave = threading.Semaphore(0), threading.Event()
    most, now_in = [0], [0]

    def verify(_number):
        with door.passing():
            now_in[0] += 1
            most[0] = max(most[0], now_in[0])
            inside.release()
            leave.wait()
            now_in[0] -= 1

    threads = [threading.Thread(target=verify, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    inside.acquire()
    while door._places._value:  # until all nine have taken a place
        threading.Event().wait(0.001)
    for _ in range(50):
        with pytest.raises(SignInFailed, match="登录请求过多，请稍后再试") as failed, door.passing():
            pass
        assert failed.value.status == 429
    leave.set()
    for thread in threads:
        thread.join()
    assert most == [1]
    with door.passing():  # everybody has left
        pass


def test_signing_out_ends_this_sign_in_and_says_so_once(store):
    person(store)
    (token, _), (other, _) = sign_in(store), sign_in(store)
    signing.sign_out(store, token, settings=SETTINGS, now=NOW)
    signing.sign_out(store, token, settings=SETTINGS, now=NOW)
    signing.sign_out(store, "nonsense", settings=SETTINGS, now=NOW)
    with store.read() as connection:
        assert sessions.find(connection, token, settings=SETTINGS, now=NOW) is None
        assert sessions.find(connection, other, settings=SETTINGS, now=NOW) is not None
    assert [row["action"] for row in trail(store)] == ["session.sign_in", "session.sign_in", "session.sign_out"]


VOUCHED = {
    "issuer": "https://sso.example.gov.cn",
    "subject": "u-1",
    "name": "zhao",
    "display": "赵六",
    "role": Role.DUTY_OFFICER,
    "region": "530000",
}


def vouched(store, **given):
    return signing.sign_in_external(store, **(VOUCHED | given), settings=SETTINGS, now=NOW, **FROM)


def test_the_providers_word_opens_the_same_kind_of_session(store):
    token = vouched(store)
    with store.read() as connection:
        signed = sessions.find(connection, token, settings=SETTINGS, now=NOW)
    assert (signed.actor.name, signed.actor.role, signed.must_change) == ("zhao", Role.DUTY_OFFICER, False)
    assert [row["action"] for row in trail(store)] == ["account.manage", "session.sign_in"]
    assert json.loads(trail(store)[-1]["after"]) == {"way": "统一身份认证"}
    assert str(refused(store, "zhao", "")) == WRONG


def test_what_the_provider_says_is_refused_where_it_cannot_be_and_written_down(store):
    person(store)
    for given, says in (
        ({"name": "li"}, "已被使用"),
        ({"role": Role.COUNTY_CLERK}, "县级经办须选择一个县"),
    ):
        with pytest.raises(SignInFailed, match=says) as failed:
            vouched(store, **given)
        assert failed.value.status == 401
    vouched(store)
    with store.write() as connection:
        zhao = accounts.by_name(connection, "zhao")
        accounts.disable(connection, console(), zhao.id, now=NOW)
    with pytest.raises(SignInFailed, match="账号已停用"):
        vouched(store, role=Role.LEADER)
    assert read(store, zhao).role is Role.DUTY_OFFICER
    failures = [row for row in trail(store) if row["outcome"] == "失败"]
    assert [row["actor"] for row in failures] == ["li", "zhao", "zhao"]


def test_a_changed_own_password_is_what_signs_in(store):
    li = person(store)
    accounts.change_password(store, li.actor("10.0.0.1"), GOOD, "Xin-De-Mima-88", now=NOW, settings=SETTINGS)
    assert str(refused(store)) == WRONG
    assert sign_in(store, "li", "Xin-De-Mima-88")
    with pytest.raises(InputError, match="没有密码可改"):
        accounts.change_password(store, console(), "a", "b", now=NOW, settings=SETTINGS)
