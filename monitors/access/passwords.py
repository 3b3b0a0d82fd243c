"""Passwords: the rules, argon2id, the one-time ones made here (密码). Nothing in this room stores or shows one."""

from __future__ import annotations

import base64
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from monitors.errors import InputError
from monitors.settings import Password as Rules

# 64 MiB and two passes: three times OWASP's floor. One lane, so that it costs one core and the pages keep the other.
_MEMORY_KIB, _PASSES, _LANES = 65_536, 2, 1
_HASHER = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
_LONGEST = 128  # characters; more is a burden on the server, not a better password
_LONG_ENOUGH = 16  # from here on length alone will do: a sentence is better than a riddle
_UNAMBIGUOUS = (
    "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"  # read out over the telephone without 0/O, 1/l/I
)

# What people take first. Compared after leaving off the digits and signs at both ends and undoing 0 for o, @ for a.
_WORDS = frozenset(
    {
        "abc", "abcd", "abcdef", "aa", "aaa", "admin", "administrator", "root", "user", "test", "guest", "demo", "pass",
        "password", "passwd", "qwe", "qwer", "qwerty", "asdf", "zxcv", "zxcvbn", "letmein", "welcome", "iloveyou",
        "woaini", "nihao", "mima", "china", "zhongguo", "zhonghua", "yunnan", "yn", "kunming", "km", "dali", "lijiang",
        "qujing", "yuxi", "baoshan", "zhaotong", "honghe", "wenshan", "zhiqianxin", "zqx", "rsj", "renshe",
        "rensheting", "gongzi", "qianxin", "nongmingong", "laodong", "jiancha", "zhiban", "guanliyuan", "jingban",
        "changeme", "secret", "密码", "云南", "昆明", "中国", "治欠", "欠薪", "工资", "农民工", "管理员", "值班",
        "值班员", "人社厅", "人社局",
    }
)  # fmt: skip
_RUNS = tuple(
    run * 4
    for run in (
        "0123456789", "1234567890", "9876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop",
        "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1qaz@wsx3edc$rfv",
        "q1w2e3r4t5y6u7i8o9p0", "a1b2c3d4e5f6g7h8i9j0",
    )
)  # fmt: skip
_RIDDLES = str.maketrans("0134@$!5", "oieaasis")


def normal(password: str) -> str:
    """The form that is hashed and compared: full-width letters of a Chinese input method are the plain ones."""
    return unicodedata.normalize("NFKC", password)


def broken_rules(password: str, *, name: str, rules: Rules) -> tuple[str, ...]:
    """Every rule the password breaks, one sentence each; empty where it will do. ``name`` is the sign-in name."""
    given = normal(password)
    found: list[str] = []
    if not given.isprintable():
        found.append("密码不能含换行、制表符等控制字符")
    if len(given) > _LONGEST:
        found.append(f"密码不能超过 {_LONGEST} 个字符")
    if len(given) < rules.min_length:
        found.append(f"密码至少 {rules.min_length} 个字符")
    elif len(given) < _LONG_ENOUGH and _classes(given) < 3:
        found.append(f"密码须含大写字母、小写字母、数字、其他字符中的三种，或者不少于 {_LONG_ENOUGH} 个字符")
    if name and normal(name).casefold() in given.casefold():
        found.append("密码不能包含登录名")
    if _common(given):
        found.append("密码太常见，容易被猜到，请换一个")
    return tuple(found)


def check(password: str, *, name: str, rules: Rules) -> None:
    """See that the password keeps every rule.

    Raises:
        InputError: the sentences of the broken ones.
    """
    if broken := broken_rules(password, name=name, rules=rules):
        raise InputError("；".join(broken))


def _classes(password: str) -> int:
    return sum(
        any(test(character) for character in password)
        for test in (
            lambda c: c.isascii() and c.isupper(),
            lambda c: c.isascii() and c.islower(),
            lambda c: c.isascii() and c.isdigit(),
            lambda c: not (c.isascii() and c.isalnum()),
        )
    )


def _common(password: str) -> bool:
    plain = password.casefold()
    if len(set(plain)) < 5 or any(plain in run for run in _RUNS):
        return True
    cores = {_core(plain), _core(plain.translate(_RIDDLES)), _core(plain).translate(_RIDDLES)}
    return not cores.isdisjoint(_WORDS)


def _core(password: str) -> str:
    """Without the digits and signs at both ends: ``admin`` of ``Admin@123456``; all of it where no letter is in it."""
    letters = [index for index, character in enumerate(password) if character.isalpha()]
    return password[letters[0] : letters[-1] + 1] if letters else password


def hashed(password: str) -> str:
    """The argon2id string to store; about 0.1 s of one core and 64 MiB."""
    return _HASHER.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password. ``None`` (no such account, or one without a password) costs the same time."""
    if len(password) > _LONGEST * 4:  # typed by nobody; normal() of a megabyte would be the attacker's to spend
        password, stored = "", None
    try:
        return _HASHER.verify(stored or _NOBODY, _bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the stored string was made with other parameters than today's; hash again at the next sign-in."""
    return _HASHER.check_needs_rehash(stored)


def one_time(*, name: str, rules: Rules) -> str:
    """A first password: four groups of four (92 bits), replaced by its owner at the first sign-in."""
    groups = max(4, -(-(rules.min_length + 1) // 5))
    while True:
        made = "-".join("".join(secrets.choice(_UNAMBIGUOUS) for _ in range(4)) for _ in range(groups))
        if not broken_rules(made, name=name, rules=rules):
            return made


def _bytes(password: str) -> bytes:
    # A form may hold half a character (a lone surrogate); it is a wrong password, not a fault.
    return normal(password).encode("utf-8", "surrogatepass")


def _salt(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")


# The hash of nobody's password: verified where there is none, so that the answer takes as long.
_NOBODY = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${_salt(16)}${_salt(32)}"
