"""Accounts: what may stand in one, who may change it, what is written down; an administrator always remains."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from monitors.access import accounts, passwords, sessions
from monitors.access.actor import SYSTEM, console
from monitors.access.roles import Role
from monitors.errors import ConflictError, InputError, RefusedError
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


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    quick_hashing(monkeypatch)


def add(store: Store, actor=SYSTEM, **given):
    values = {"name": "li", "display": "李四", "role": Role.COUNTY_CLERK, "region": "530102", "unit": "五华区人社局"}
    with store.write() as connection:
        return accounts.add(connection, actor, **(values | given), now=NOW, settings=SETTINGS)


def test_an_added_account_has_a_one_time_password_and_must_change_it(store):
    boss = administrator(store)
    account_id, first = add(store, boss, name=" Ｌi.Si ")
    account = read(store, account_id)
    assert (account.name, account.display, account.unit) == ("li.si", "李四", "五华区人社局")
    assert (account.role, account.region) == (Role.COUNTY_CLERK, "530102")
    assert (account.must_change, account.disabled, account.origin, account.revision) == (True, False, "local", 1)
    assert passwords.broken_rules(first, name="li.si", rules=SETTINGS.password) == ()
    row = trail(store)[-1]
    assert (row["actor"], row["action"], row["kind"], row["target"]) == ("boss", "account.manage", "account", "li.si")
    assert (row["address"], row["session"], row["region"]) == ("10.20.0.1", "feedfeedfeed", "530102")
    assert json.loads(row["after"])["act"] == "添加"
    assert first not in everything_written(store)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "l"}, "登录名须为 2–40 个字符"),
        ({"name": "li si"}, "登录名须为"),
        ({"name": "li\x00si"}, "登录名须为"),
        ({"name": "-li"}, "登录名须为"),
        ({"name": "l" * 41}, "登录名须为"),
        ({"display": "  "}, "请填写姓名"),
        ({"display": "李" * 61}, "姓名须在 60 个字符以内"),
        ({"unit": "人社局\n二科"}, "单位须在 60 个字符以内"),
        ({"password": "short"}, "密码至少 10 个字符"),
        ({"password": "Hao-li-2031-xx"}, "密码不能包含登录名"),
    ],
)
def test_what_will_not_do_is_refused_in_words_and_nothing_is_stored(store, given, says):
    with pytest.raises(InputError, match=says):
        add(store, **given)
    with store.read() as connection:
        assert not accounts.any_exists(connection)
    assert trail(store) == []


@pytest.mark.parametrize(
    ("role", "fits", "does_not", "says"),
    [
        (Role.COUNTY_CLERK, ["530102"], ["530100", "530000", "", "530199", "110101"], "县级经办须选择一个县（市、区）"),
        (Role.PREFECTURE_REVIEWER, ["532900"], ["530102", "530000", "510100"], "州市审核须选择一个州（市）"),
        (Role.ADMINISTRATOR, ["530000"], ["530100", "530102", "510000"], "省级管理员的辖区须为云南省"),
        (Role.AUDITOR, ["530000"], ["530100"], "审计的辖区须为云南省"),
        (Role.DUTY_OFFICER, ["530000", "530100", "530102"], ["110000", "53010", "530102001"], "值班员须选择云南省"),
        (Role.LEADER, ["530000", "532900"], ["440100"], r"领导\(只读\)须选择云南省"),
    ],
)
def test_the_division_fits_the_role(store, role, fits, does_not, says):
    for number, region in enumerate(fits):
        add(store, name=f"fits{number}", role=role, region=region)
    for region in does_not:
        with pytest.raises(InputError, match=says):
            add(store, name="other", role=role, region=region)


def test_a_name_is_taken_whatever_its_spelling(store):
    add(store, name="Zhang3")
    for other in ("zhang3", "ＺＨＡＮＧ３", " zhang3 "):
        with pytest.raises(InputError, match="已被使用"):
            add(store, name=other)


def test_of_two_who_add_the_same_name_one_is_told(store):
    outcomes = race(4, lambda _: add(store, name="same"))
    assert sorted(type(one).__name__ for one in outcomes) == ["InputError"] * 3 + ["tuple"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_the_administrator_changes_accounts(store, role):
    region = {Role.COUNTY_CLERK: "530102", Role.PREFECTURE_REVIEWER: "530100"}.get(role, "530000")
    actor = person(store, "anna", role=role, region=region).actor("10.0.0.2")
    other = person(store, "other")
    values = {"display": "x", "unit": "", "role": Role.DUTY_OFFICER, "region": "530000", "now": NOW}
    with pytest.raises(RefusedError):
        add(store, actor, name="friend")
    for act in (
        lambda c: accounts.edit(c, actor, other.id, 1, **values),
        lambda c: accounts.edit(c, actor, actor.account_id, 1, **values),
        lambda c: accounts.disable(c, actor, other.id, now=NOW),
        lambda c: accounts.enable(c, actor, other.id, now=NOW),
        lambda c: accounts.unlock(c, actor, other.id, now=NOW),
        lambda c: accounts.reset_password(c, actor, other.id, now=NOW, settings=SETTINGS),
        lambda c: sessions.end_account(c, actor, other.id, why="管理员结束", now=NOW),
    ):
        with pytest.raises(RefusedError) as refused, store.write() as connection:
            act(connection)
        assert refused.value.action == "account.manage"
    assert read(store, other) == other
    if role is not Role.AUDITOR:
        with pytest.raises(RefusedError), store.read() as connection:
            accounts.list_accounts(connection, actor)


def test_the_list_shows_all_and_no_secret(store):
    boss = administrator(store)
    person(store, "li")
    with store.read() as connection:
        found = accounts.list_accounts(connection, boss)
    assert [account.name for account in found] == ["boss", "li"]
    assert "argon2" not in repr(found)


def test_an_edit_counts_at_the_next_look_and_says_what_changed(store):
    boss, li = administrator(store), person(store)
    with store.write() as connection:
        token = sessions.mint(connection, li, settings=SETTINGS, now=NOW, **FROM)
        accounts.edit(
            connection, boss, li.id, 1, display="李四", unit="", role=Role.DUTY_OFFICER, region="530100", now=NOW
        )
    with store.read() as connection:
        signed = sessions.find(connection, token, settings=SETTINGS, now=NOW)
    assert (signed.actor.role, signed.actor.region, signed.display) == (Role.DUTY_OFFICER, "530100", "李四")
    row = trail(store)[-1]
    assert json.loads(row["before"]) == {"display": "li同志", "role": "县级经办", "region": "530102"}
    assert json.loads(row["after"]) == {"act": "修改", "display": "李四", "role": "值班员", "region": "530100"}


def test_the_slower_of_two_edits_is_told(store):
    boss, li = administrator(store), person(store)
    values = {"unit": "", "role": li.role, "region": li.region, "now": NOW}
    with store.write() as connection:
        accounts.edit(connection, boss, li.id, 1, display="甲", **values)
    with pytest.raises(ConflictError, match="刚被他人修改"), store.write() as connection:
        accounts.edit(connection, boss, li.id, 1, display="乙", **values)
    assert read(store, li).display == "甲"


def test_nobody_disables_or_promotes_himself(store):
    boss = administrator(store)
    administrator(store, "second")
    values = {"unit": "", "now": NOW}
    with pytest.raises(InputError, match="不能停用自己的账号"), store.write() as connection:
        accounts.disable(connection, boss, boss.account_id, now=NOW)
    with pytest.raises(InputError, match="不能修改自己的角色或辖区"), store.write() as connection:
        accounts.edit(connection, boss, boss.account_id, 1, display="b", role=Role.AUDITOR, region="530000", **values)
    with pytest.raises(InputError, match="须输入原密码"), store.write() as connection:
        accounts.reset_password(connection, boss, boss.account_id, now=NOW, settings=SETTINGS)
    with store.write() as connection:  # one's own name is one's own
        accounts.edit(
            connection, boss, boss.account_id, 1, display="新名", role=Role.ADMINISTRATOR, region="530000", **values
        )
    assert read(store, boss.account_id).display == "新名"


def test_the_last_administrator_stays(store):
    boss = administrator(store)
    operator = console()
    off = administrator(store, "off")
    with store.write() as connection:
        accounts.disable(connection, operator, off.account_id, now=NOW)
    with pytest.raises(InputError, match="最后一名启用的省级管理员，不能停用"), store.write() as connection:
        accounts.disable(connection, operator, boss.account_id, now=NOW)
    with pytest.raises(InputError, match="不能改为其他角色"), store.write() as connection:
        accounts.edit(
            connection,
            operator,
            boss.account_id,
            1,
            display="b",
            unit="",
            role=Role.AUDITOR,
            region="530000",
            now=NOW,
        )
    assert (read(store, boss.account_id).role, read(store, boss.account_id).disabled) == (Role.ADMINISTRATOR, False)


def test_of_two_administrators_who_disable_each_other_one_remains(store):
    pair = [administrator(store, "first"), administrator(store, "second")]

    def disable(number):
        with store.write() as connection:
            accounts.disable(connection, pair[number], pair[1 - number].account_id, now=NOW)

    outcomes = race(2, disable)
    assert sorted(type(one).__name__ for one in outcomes) == ["InputError", "NoneType"]
    assert sum(read(store, actor.account_id).disabled for actor in pair) == 1


def test_disabling_ends_the_sign_ins_and_enabling_does_not_revive_them(store):
    boss, li = administrator(store), person(store)
    with store.write() as connection:
        token = sessions.mint(connection, li, settings=SETTINGS, now=NOW, **FROM)
        accounts.disable(connection, boss, li.id, now=NOW)
        accounts.disable(connection, boss, li.id, now=NOW)  # twice says nothing new
        accounts.enable(connection, boss, li.id, now=NOW)
        assert sessions.find(connection, token, settings=SETTINGS, now=NOW) is None
    assert not read(store, li).disabled
    acts = [(row["action"], json.loads(row["after"]).get("act") or json.loads(row["after"])) for row in trail(store)]
    assert acts == [
        ("account.manage", "停用"),
        ("session.end", {"why": "停用", "count": 1}),
        ("account.manage", "启用"),
    ]


def test_a_reset_gives_a_one_time_password_and_ends_every_sign_in(store):
    boss, li = administrator(store), person(store)
    with store.write() as connection:
        token = sessions.mint(connection, li, settings=SETTINGS, now=NOW, **FROM)
        new = accounts.reset_password(connection, boss, li.id, now=NOW, settings=SETTINGS)
        assert sessions.find(connection, token, settings=SETTINGS, now=NOW) is None
    assert read(store, li).must_change
    assert new not in everything_written(store)
    with pytest.raises(InputError, match="密码至少"), store.write() as connection:
        accounts.reset_password(connection, boss, li.id, now=NOW, settings=SETTINGS, password="short")


def signed_in(store, account):
    with store.write() as connection:
        token = sessions.mint(connection, account, settings=SETTINGS, now=NOW, **FROM)
        return token, sessions.find(connection, token, settings=SETTINGS, now=NOW)


def test_changing_ones_password_ends_the_other_sign_ins_and_keeps_this_one(store):
    li = person(store, must_change=True)
    token, signed = signed_in(store, li)
    elsewhere, _ = signed_in(store, li)
    accounts.change_password(store, signed.actor, GOOD, "Xin-De-Mima-88", now=NOW, settings=SETTINGS)
    with store.read() as connection:
        assert not sessions.find(connection, token, settings=SETTINGS, now=NOW).must_change
        assert sessions.find(connection, elsewhere, settings=SETTINGS, now=NOW) is None
    assert [row["action"] for row in trail(store)] == ["password.change", "session.end"]
    held = everything_written(store)
    assert GOOD not in held
    assert "Xin-De-Mima-88" not in held
    with pytest.raises(InputError, match="原密码不正确"):
        accounts.change_password(store, signed.actor, GOOD, "Geng-Xin-De-99", now=NOW, settings=SETTINGS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (GOOD, GOOD, "新密码不能与原密码相同"),
        (GOOD, "Ｚｈｅｎ-Xiang-2026", "新密码不能与原密码相同"),
        (GOOD, "short", "密码至少 10 个字符"),
        (GOOD, "Admin@123456", "密码太常见"),
        ("Bu-Zhi-Dao-77", "Xin-De-Mima-88", "原密码不正确"),
    ],
)
def test_a_change_that_will_not_do_changes_nothing(store, old, new, says):
    li = person(store, must_change=True)
    _, signed = signed_in(store, li)
    with pytest.raises(InputError, match=says):
        accounts.change_password(store, signed.actor, old, new, now=NOW, settings=SETTINGS)
    assert read(store, li).must_change
    accounts.change_password(store, signed.actor, GOOD, "Xin-De-Mima-88", now=NOW, settings=SETTINGS)


def test_guessing_the_old_password_at_an_open_screen_locks_too(store):
    li = person(store)
    _, signed = signed_in(store, li)
    for _ in range(SETTINGS.password.lock_after):
        with pytest.raises(InputError, match="原密码不正确"):
            accounts.change_password(store, signed.actor, "Cai-Yi-Cai-1", "Xin-De-Mima-88", now=NOW, settings=SETTINGS)
    with pytest.raises(InputError, match="尝试次数过多，请 60 秒后再试"):
        accounts.change_password(store, signed.actor, GOOD, "Xin-De-Mima-88", now=NOW, settings=SETTINGS)
    assert [row["outcome"] for row in trail(store)] == ["失败"] * SETTINGS.password.lock_after
    later = NOW + timedelta(seconds=61)
    accounts.change_password(store, signed.actor, GOOD, "Xin-De-Mima-88", now=later, settings=SETTINGS)
    assert read(store, li).failures == 0


def vouch(store: Store, **given):
    values = {
        "issuer": "https://sso.example.gov.cn",
        "subject": "u-1",
        "name": "Zhao@yn",
        "display": "赵六",
        "role": Role.DUTY_OFFICER,
        "region": "530000",
        "address": "10.1.1.1",
        "now": NOW,
    }
    with store.write() as connection:
        return accounts.from_sso(connection, **(values | given))


def test_the_providers_word_makes_an_account_and_keeps_it_up_to_date(store):
    first = vouch(store)
    assert (first.name, first.origin, first.must_change) == ("zhao@yn", "sso", False)
    moved = vouch(store, role=Role.COUNTY_CLERK, region="530102", name="renamed")
    assert (moved.id, moved.name, moved.role, moved.region) == (first.id, "zhao@yn", Role.COUNTY_CLERK, "530102")
    vouch(store, role=Role.COUNTY_CLERK, region="530102")  # nothing new: nothing written
    assert [json.loads(row["after"])["act"] for row in trail(store)] == ["添加", "修改"]
    assert {row["actor"] for row in trail(store)} == {"系统"}


def test_the_provider_never_takes_over_an_account_by_its_name(store):
    local = person(store, "zhao@yn", role=Role.ADMINISTRATOR, region="530000")
    with pytest.raises(InputError, match="已被使用"):
        vouch(store)
    assert read(store, local) == local
    vouch(store, name="zhao2")
    with pytest.raises(InputError, match="已被使用"):
        vouch(store, subject="u-2", name="zhao2")  # somebody else was given the name
    with pytest.raises(InputError, match="已被使用"):
        vouch(store, issuer="https://other.example.gov.cn", name="zhao2")


def test_an_account_of_the_providers_is_changed_there(store):
    boss, sso = administrator(store), vouch(store)
    with pytest.raises(InputError, match="统一身份认证"), store.write() as connection:
        accounts.reset_password(connection, boss, sso.id, now=NOW, settings=SETTINGS)
    values = {"unit": "二处", "region": "530000", "now": NOW}
    with pytest.raises(InputError, match="统一身份认证"), store.write() as connection:
        accounts.edit(connection, boss, sso.id, 1, display="赵六", role=Role.AUDITOR, **values)
    with store.write() as connection:
        accounts.edit(connection, boss, sso.id, 1, display="赵六", role=Role.DUTY_OFFICER, **values)
        accounts.disable(connection, boss, sso.id, now=NOW)
    assert read(store, sso).unit == "二处"
    assert vouch(store).disabled


def test_the_provider_cannot_take_the_last_administrator_away(store):
    sso = vouch(store, role=Role.ADMINISTRATOR)
    with pytest.raises(InputError, match="最后一名启用的省级管理员"):
        vouch(store, role=Role.AUDITOR)
    administrator(store)
    assert vouch(store, role=Role.AUDITOR).role is Role.AUDITOR
    assert read(store, sso).role is Role.AUDITOR
