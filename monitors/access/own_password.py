"""Changing one's own password (修改密码)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitors.access import audit, passwords, sessions
from monitors.access.account_rows import Account, change, get, with_password
from monitors.access.actor import Actor
from monitors.access.lockout import TURNSTILE, SignInFailed, count_wrong, must_wait, seconds_left
from monitors.errors import InputError
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store


def change_password(store: Store, actor: Actor, old: str, new: str, *, now: datetime, settings: Settings) -> None:
    """Change one's own password; one's other sign-ins end, this one stays.

    A wrong old password counts like one at sign-in: an unattended screen is no place to guess.

    Raises:
        InputError: the broken rules, the old password is wrong, or too many tries.
    """
    if actor.account_id is None:
        raise InputError("控制台没有密码可改")
    with store.read() as connection:
        account = get(connection, actor.account_id)
        found = with_password(connection, account.name)
    check_local(account)
    passwords.check(new, name=account.name, rules=settings.password)
    if passwords.normal(new) == passwords.normal(old):
        raise InputError("新密码不能与原密码相同")
    if wait := seconds_left(account.locked_until, now):
        raise InputError(str(must_wait(wait)))
    stored = found[1] if found else None
    try:
        with TURNSTILE.passing():
            right = passwords.matches(stored, old)
            fresh = passwords.hashed(new) if right else ""
    except SignInFailed as busy:
        raise InputError(str(busy)) from busy
    with store.write() as connection:
        problem = _settle_change(connection, actor, stored, fresh, settings=settings, now=now)
    if problem:
        raise InputError(problem)


def _settle_change(
    connection: Connection, actor: Actor, stored: str | None, fresh: str, *, settings: Settings, now: datetime
) -> str:
    """Store the new password, or count the wrong old one: a sentence where it was not changed."""
    account = get(connection, actor.account_id or 0, lock=True)
    if wait := seconds_left(account.locked_until, now):
        return str(must_wait(wait))
    present = connection.scalar(select(t.account.c.password).where(t.account.c.id == account.id))
    if present != stored:
        return "密码刚在别处改过，请用新密码重新登录"
    after: dict[str, Any] = {}
    if fresh:
        change(
            connection, account, now, password=fresh, password_at=now, must_change=False, failures=0, locked_until=None
        )
    else:
        failures, wait = count_wrong(connection, account, rules=settings.password, now=now)
        after = {"why": "原密码不正确", "failures": failures} | ({"wait_seconds": wait} if wait else {})
    audit.append(
        connection,
        actor,
        "password.change",
        at=now,
        kind="account",
        target=account.name,
        region=account.region,
        after=after,
        outcome="失败" if after else "成功",
    )
    if after:
        return "原密码不正确"
    sessions.end_account(connection, actor, account.id, why="改密", now=now, keep=actor.session)
    return ""


def check_local(account: Account) -> None:
    """See that the account's password is ours to change.

    Raises:
        InputError: it is the office's provider's.
    """
    if account.origin == "sso":
        raise InputError("该账号通过统一身份认证登录，密码请在那里修改")
