"""Password rules, each with its own sentence; argon2id; the answer for nobody costs what one for somebody does."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from monitors.access import passwords
from monitors.settings import Password

RULES = Password()


def broken(password: str, name: str = "wang.wu") -> tuple[str, ...]:
    return passwords.broken_rules(password, name=name, rules=RULES)


@pytest.mark.parametrize(
    "password",
    [
        "Zhen-Xiang-2026",
        "Tian7Shang8Yu",
        "zhe shi yi ju hen chang de hua",  # a sentence needs no signs
        "8364910274650193",  # sixteen of anything
        "滇池西山石林大观楼金马碧鸡坊东寺塔",
        "Shi-滇池-2026",
        "ｚｈｅｎ－ＸＩＡＮＧ－２０２６",  # full width is the same as plain
    ],
)
def test_a_fair_password_will_do(password):
    assert broken(password) == ()


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("Ab3-xyz", "密码至少 10 个字符"),
        ("Ａｂ３－ｘｙｚ", "密码至少 10 个字符"),
        ("tianshangyu", "密码须含大写字母、小写字母、数字、其他字符中的三种，或者不少于 16 个字符"),
        ("tianshang88712", "密码须含大写字母、小写字母、数字、其他字符中的三种，或者不少于 16 个字符"),
        ("Hao-Wang.Wu-2031", "密码不能包含登录名"),
        ("Zhen-Xiang\n2026", "密码不能含换行、制表符等控制字符"),
        ("Xy3-" * 33, "密码不能超过 128 个字符"),
        ("Password123!", "密码太常见，容易被猜到，请换一个"),
        ("P@ssw0rd2026", "密码太常见，容易被猜到，请换一个"),
        ("Admin@123456", "密码太常见，容易被猜到，请换一个"),
        ("Kunming@2026", "密码太常见，容易被猜到，请换一个"),
        ("云南2026!!!!!", "密码太常见，容易被猜到，请换一个"),
        ("1qaz@WSX3edc", "密码太常见，容易被猜到，请换一个"),
        ("12345678901234567890", "密码太常见，容易被猜到，请换一个"),
        ("Aa1!Aa1!Aa1!Aa1!", "密码太常见，容易被猜到，请换一个"),
    ],
)
def test_each_broken_rule_has_its_sentence(password, says):
    assert says in broken(password)


def test_several_broken_rules_are_all_said():
    assert len(broken("wang.wu")) == 2


def test_the_hash_is_argon2id_at_or_above_the_recommended_cost_and_salted():
    first, second = passwords.hashed("Zhen-Xiang-2026"), passwords.hashed("Zhen-Xiang-2026")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    assert passwords.matches(first, "Zhen-Xiang-2026")
    assert passwords.matches(first, "Ｚｈｅｎ-Ｘｉａｎｇ-２０２６")
    assert not passwords.matches(first, "zhen-xiang-2026")


def test_nobodys_password_costs_the_same_work_and_never_matches():
    prefix = passwords.hashed("x").rsplit("$", 2)[0]
    assert passwords._NOBODY.startswith(prefix + "$")
    seen: list[str] = []

    class Watching(PasswordHasher):
        def verify(self, hash, password):  # noqa: A002
            seen.append(hash)
            return super().verify(hash, password)

    kept, passwords._HASHER = passwords._HASHER, Watching()
    try:
        assert not passwords.matches(None, "Zhen-Xiang-2026")
    finally:
        passwords._HASHER = kept
    assert seen == [passwords._NOBODY]


@pytest.mark.parametrize("odd", ["", "\ud800half", "nul\x00inside", "长" * 100_000])
def test_what_no_person_types_is_a_wrong_password_not_a_fault(odd):
    stored = passwords.hashed("Zhen-Xiang-2026")
    assert not passwords.matches(stored, odd)
    assert not passwords.matches("no hash at all", odd)


def test_weaker_hashes_are_known():
    weak = PasswordHasher(time_cost=1, memory_cost=19_456, parallelism=1).hash("x")
    assert passwords.outdated(weak)
    assert not passwords.outdated(passwords.hashed("x"))


def test_one_time_passwords_keep_the_rules_and_differ():
    strict = Password(min_length=40)
    made = {passwords.one_time(name="li", rules=RULES) for _ in range(200)}
    assert len(made) == 200
    assert all(passwords.broken_rules(one, name="li", rules=RULES) == () for one in made)
    assert not set("0O1lI") & set("".join(made))
    assert passwords.broken_rules(passwords.one_time(name="li", rules=strict), name="li", rules=strict) == ()
