"""Accounts (账号): who may sign in, with which role, for which division. Every change is in the audit trail.

Reading is in ``account_rows``; functions that write run inside the caller's write transaction. Accounts are never
deleted: the trail and the records name them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from monitors.access import audit, own_password, passwords, sessions
from monitors.access.account_rows import (
    Account,
    any_exists,
    by_name,
    change,
    check_region,
    checked_name,
    checked_words,
    get,
    list_accounts,
    other_administrators,
    read_row,
)
from monitors.access.actor import SYSTEM, Actor
from monitors.access.own_password import change_password
from monitors.access.roles import Role
from monitors.errors import ConflictError, InputError
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

__all__ = [
    "Account",
    "add",
    "any_exists",
    "by_name",
    "change_password",
    "create",
    "disable",
    "edit",
    "enable",
    "from_sso",
    "get",
    "list_accounts",
    "reset_password",
    "unlock",
]

_MANAGE = "account.manage"


def add(
    connection: Connection,
    actor: Actor,
    *,
    name: str,
    display: str,
    role: Role,
    region: str,
    unit: str = "",
    password: str | None = None,
    now: datetime,
    settings: Settings,
) -> tuple[int, str]:
    """Add an account; returns its number and first password, which is made here where none is given.

    Its owner must change it at the first sign-in.

    Raises:
        RefusedError: the actor may not.
        InputError: name, region or password will not do, or the name is taken.
    """
    actor.require(_MANAGE, kind="account", target=name[:80])
    plain = checked_name(name)
    first = passwords.one_time(name=plain, rules=settings.password) if password is None else password
    passwords.check(first, name=plain, rules=settings.password)
    account_id = create(
        connection,
        name=plain,
        display=display,
        unit=unit,
        role=role,
        region=region,
        password=passwords.hashed(first),
        must_change=True,
        now=now,
    )
    _note(connection, actor, get(connection, account_id), "添加", now, after=_words(get(connection, account_id)))
    return account_id, first


def create(
    connection: Connection,
    *,
    name: str,
    display: str,
    unit: str = "",
    role: Role,
    region: str,
    password: str | None,
    must_change: bool,
    now: datetime,
    subject: str | None = None,
) -> int:
    """Store a new account; ``password`` is already hashed, None for one that signs in elsewhere. Not audited here.

    Raises:
        InputError: name or region will not do, or the name is taken.
    """
    plain = checked_name(name)
    check_region(role, region)
    shown, department = checked_words(display, "姓名", required=True), checked_words(unit, "单位", required=False)
    take(connection, Turn.ACCOUNTS)
    if by_name(connection, plain) is not None:
        raise InputError(f"登录名 {plain} 已被使用，请换一个")
    made: int = connection.execute(
        insert(t.account)
        .values(
            name=plain,
            display=shown,
            unit=department,
            role=str(role),
            region=region,
            password=password,
            must_change=must_change,
            password_at=now if password else None,
            origin="sso" if subject else "local",
            subject=subject,
            created_at=now,
            updated_at=now,
        )
        .returning(t.account.c.id)
    ).scalar_one()
    return made


def edit(
    connection: Connection,
    actor: Actor,
    account_id: int,
    revision: int,
    *,
    display: str,
    unit: str,
    role: Role,
    region: str,
    now: datetime,
) -> None:
    """Change what an account says and may do; it counts from its owner's next look. Sign-ins stay.

    Raises:
        RefusedError: the actor may not.
        InputError: a value will not do; one's own role; the last administrator's role; the provider's to say.
        ConflictError: somebody else changed the account since ``revision``.
    """
    account = _held(connection, actor, account_id)
    check_region(role, region)
    shown, department = checked_words(display, "姓名", required=True), checked_words(unit, "单位", required=False)
    moved = (role, region) != (account.role, account.region)
    if moved and actor.account_id == account_id:
        raise InputError("不能修改自己的角色或辖区，请由另一名省级管理员操作")
    if account.origin == "sso" and (moved or shown != account.display):
        raise InputError("该账号来自统一身份认证，姓名、角色和辖区以认证系统为准，请在那里修改")
    if account.role is Role.ADMINISTRATOR and role is not account.role:
        _not_the_last(connection, account, "改为其他角色")
    values = {"display": shown, "unit": department, "role": str(role), "region": region}
    before = {key: value for key, value in _words(account).items() if values.get(key, value) != value}
    done = connection.execute(
        update(t.account)
        .where(t.account.c.id == account_id, t.account.c.revision == revision)
        .values(values | {"updated_at": now, "revision": revision + 1})
    )
    if done.rowcount != 1:
        raise ConflictError(f"账号 {account.name} 刚被他人修改，请刷新后再改")
    _note(connection, actor, account, "修改", now, before=before, after={key: values[key] for key in before})


def disable(connection: Connection, actor: Actor, account_id: int, *, now: datetime) -> None:
    """Keep the account out from now on and end its sign-ins. Nothing happens where it is disabled already.

    Raises:
        RefusedError: the actor may not.
        InputError: it is the actor's own, or the last enabled 省级管理员.
    """
    account = _held(connection, actor, account_id)
    if actor.account_id == account_id:
        raise InputError("不能停用自己的账号")
    if account.disabled:
        return
    if account.role is Role.ADMINISTRATOR:
        _not_the_last(connection, account, "停用")
    change(connection, account, now, disabled=True)
    _note(connection, actor, account, "停用", now, before={"disabled": False}, after={"disabled": True})
    sessions.end_account(connection, actor, account_id, why="停用", now=now)


def enable(connection: Connection, actor: Actor, account_id: int, *, now: datetime) -> None:
    """Let a disabled account in again; its password is the old one.

    Raises:
        RefusedError: the actor may not.
    """
    account = _held(connection, actor, account_id)
    if not account.disabled:
        return
    change(connection, account, now, disabled=False)
    _note(connection, actor, account, "启用", now, before={"disabled": True}, after={"disabled": False})


def unlock(connection: Connection, actor: Actor, account_id: int, *, now: datetime) -> None:
    """End the wait after wrong passwords and forget them.

    Raises:
        RefusedError: the actor may not.
    """
    account = _held(connection, actor, account_id)
    if not account.failures and account.locked_until is None:
        return
    change(connection, account, now, failures=0, locked_until=None)
    _note(connection, actor, account, "解锁", now, before={"failures": account.failures}, after={"failures": 0})


def reset_password(
    connection: Connection,
    actor: Actor,
    account_id: int,
    *,
    now: datetime,
    settings: Settings,
    password: str | None = None,
) -> str:
    """Give an account a one-time password, which is returned; its owner must change it, its sign-ins end.

    Raises:
        RefusedError: the actor may not.
        InputError: it is the actor's own or has none; the given password breaks a rule.
    """
    account = _held(connection, actor, account_id)
    if actor.account_id == account_id:
        raise InputError("修改自己的密码请用“修改密码”，须输入原密码")
    own_password.check_local(account)
    given = passwords.one_time(name=account.name, rules=settings.password) if password is None else password
    passwords.check(given, name=account.name, rules=settings.password)
    new = passwords.hashed(given)
    change(connection, account, now, password=new, password_at=now, must_change=True, failures=0, locked_until=None)
    _note(connection, actor, account, "重置密码", now)
    sessions.end_account(connection, actor, account_id, why="改密", now=now)
    return given


def from_sso(
    connection: Connection,
    *,
    issuer: str,
    subject: str,
    name: str,
    display: str,
    role: Role,
    region: str,
    address: str,
    now: datetime,
) -> Account:
    """The account of a person the office's provider vouches for, made or brought up to date with what it says.

    Recognised by issuer and subject alone: a name can be given to somebody else, and a local account is never taken
    over because the provider knows somebody of the same name. A disabled account comes back disabled.

    Raises:
        InputError: the name is taken by another account, or a value will not do.
    """
    key = hashlib.sha256(f"{issuer}\n{subject}".encode("utf-8", "surrogatepass")).hexdigest()
    system = Actor(None, SYSTEM.name, SYSTEM.display, None, SYSTEM.region, address[:64])
    take(connection, Turn.ACCOUNTS)
    columns = [t.account.c[column] for column in Account.__slots__]
    row = connection.execute(select(*columns).where(t.account.c.subject == key).with_for_update()).mappings().first()
    if row is None:
        account_id = create(
            connection,
            name=name,
            display=display,
            role=role,
            region=region,
            password=None,
            must_change=False,
            now=now,
            subject=key,
        )
        account = get(connection, account_id)
        _note(connection, system, account, "添加", now, after=_words(account))
        return account
    account = read_row(row)
    check_region(role, region)
    values = {"display": checked_words(display, "姓名", required=True), "role": str(role), "region": region}
    before = {key: value for key, value in _words(account).items() if values.get(key, value) != value}
    if before:
        if account.role is Role.ADMINISTRATOR and role is not account.role and not account.disabled:
            _not_the_last(connection, account, "改为其他角色")
        change(connection, account, now, **values)
        _note(connection, system, account, "修改", now, before=before, after={key: values[key] for key in before})
    return get(connection, account.id)


def _held(connection: Connection, actor: Actor, account_id: int) -> Account:
    """The account to be changed, nobody else counting administrators meanwhile."""
    name = connection.scalar(select(t.account.c.name).where(t.account.c.id == account_id))
    actor.require(_MANAGE, kind="account", target=name or str(account_id))
    take(connection, Turn.ACCOUNTS)
    return get(connection, account_id, lock=True)


def _not_the_last(connection: Connection, account: Account, what: str) -> None:
    if not account.disabled and not other_administrators(connection, account.id):
        raise InputError(f"{account.display}是最后一名启用的省级管理员，不能{what}，请先添加或启用另一名")


def _words(account: Account) -> dict[str, Any]:
    return {"display": account.display, "unit": account.unit, "role": str(account.role), "region": account.region}


def _note(
    connection: Connection,
    actor: Actor,
    account: Account,
    act: str,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """One line in the trail; ``act`` is what was done in a word, the region the account's before it."""
    audit.append(
        connection,
        actor,
        _MANAGE,
        at=now,
        kind="account",
        target=account.name,
        region=account.region,
        before=before,
        after={"act": act, **(after or {})},
    )
