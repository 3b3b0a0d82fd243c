"""The first start (首次设置): a one-time link printed at the server's console makes the first administrator.

No account comes with the product and no password is known beforehand. Who can read the console may set the house up.
"""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from monitors.access import accounts, audit, passwords, signing
from monitors.access.account_rows import any_exists, checked_name, get
from monitors.access.lockout import TURNSTILE, SignInFailed
from monitors.access.roles import Role
from monitors.access.scope import PROVINCE
from monitors.access.sessions import token_hash
from monitors.errors import InputError
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take
from monitors.store.upsert import insert_into

_KEY = "setup"  # meta key: digest of the link's token and until when it is good
_DONE = "管理员已设置完成，请直接登录"
_STALE = "设置链接无效或已过期，请重新启动服务，使用新打印的链接"


def offer(store: Store, *, settings: Settings, now: datetime) -> str | None:
    """A fresh token for the set-up link while there is no account; any earlier one is void. None once there is one."""
    token = secrets.token_urlsafe(32)
    until = now + timedelta(minutes=settings.password.setup_minutes)
    with store.write() as connection:
        take(connection, Turn.ACCOUNTS)
        if any_exists(connection):
            return None
        value = json.dumps({"hash": token_hash(token), "until": until.isoformat()})
        put = insert_into(connection, t.meta).values(key=_KEY, value=value)
        connection.execute(put.on_conflict_do_update(index_elements=[t.meta.c.key], set_={"value": value}))
    return token


def complete(
    store: Store,
    token: str,
    *,
    name: str,
    display: str,
    password: str,
    settings: Settings,
    now: datetime,
    address: str,
    agent: str,
) -> str:
    """Make the first 省级管理员 and sign him in; returns the session's token. The link is used up.

    Raises:
        InputError: the link is void, somebody was faster, or name or password will not do.
    """
    with store.read() as connection:
        _check(connection, token, now)
    plain = checked_name(name)
    passwords.check(password, name=plain, rules=settings.password)
    try:
        with TURNSTILE.passing():
            stored = passwords.hashed(password)
    except SignInFailed as busy:
        raise InputError(str(busy)) from busy
    with store.write() as connection:
        take(connection, Turn.ACCOUNTS)
        _check(connection, token, now)
        account_id = accounts.create(
            connection,
            name=plain,
            display=display,
            role=Role.ADMINISTRATOR,
            region=PROVINCE,
            password=stored,
            must_change=False,
            now=now,
        )
        connection.execute(delete(t.meta).where(t.meta.c.key == _KEY))
        account = get(connection, account_id)
        audit.append(
            connection,
            account.actor(address),
            "setup.complete",
            at=now,
            kind="account",
            target=account.name,
            region=account.region,
            after={"display": account.display, "role": str(account.role), "region": account.region},
        )
        return signing.admit(connection, account, settings=settings, now=now, address=address, agent=agent)


def _check(connection: Connection, token: str, now: datetime) -> None:
    if any_exists(connection):
        raise InputError(_DONE)
    value = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _KEY))
    held = json.loads(value) if value else {"hash": "", "until": now.isoformat()}
    good = hmac.compare_digest(held["hash"], token_hash(token))
    if not good or datetime.fromisoformat(held["until"]) <= now:
        raise InputError(_STALE)
