"""Whether accounts and sign-ins stand as the trail says they came about (账号与留痕核对).

Who can write to the database but has no key cannot add a row to the trail: an account raised to another role, a sign-in
made up for somebody, stand there without one.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitors.access import sessions
from monitors.store import tables as t

_ACTS = ("account.manage", "setup.complete")
_HELD = {"role": "角色", "region": "辖区", "disabled": "停用状态"}


def unbacked(connection: Connection, now: datetime) -> tuple[str, ...]:
    """What the trail does not account for, a sentence each; empty where all is well."""
    said = _said(connection)
    found = []
    held = select(*t.account.c["name", "role", "region", "disabled"]).order_by(t.account.c.name)
    for row in connection.execute(held):
        told = said.get(row.name)
        if told is None:
            found.append(f"账号 {row.name} 的添加没有审计记录")
            continue
        apart = [words for key, words in _HELD.items() if told.get(key, False) != getattr(row, key)]
        if apart:
            found.append(f"账号 {row.name} 的{'、'.join(apart)}与审计记录不符")
    return (*found, *_sessions(connection, now))


def _said(connection: Connection) -> dict[str, dict[str, Any]]:
    """By sign-in name what its rows in the trail leave standing."""
    audit = t.audit.c
    rows = connection.execute(
        select(audit.target, audit.after)
        .where(audit.action.in_(_ACTS), audit.kind == "account", audit.outcome == "成功")
        .order_by(audit.seq)
    )
    said: dict[str, dict[str, Any]] = {}
    for name, after in rows:
        said.setdefault(name, {}).update({key: value for key, value in json.loads(after).items() if key in _HELD})
    return said


def _sessions(connection: Connection, now: datetime) -> list[str]:
    held = t.session.c
    rows = connection.execute(
        select(held.token_hash, t.account.c.name)
        .join_from(t.session, t.account)
        .where(held.ended_at.is_(None), held.expires_at > now)
    ).all()
    audit = t.audit.c
    backed = set(
        connection.execute(
            select(audit.session, audit.actor).where(audit.action == "session.sign_in", audit.outcome == "成功")
        ).tuples()
    )
    return [
        f"账号 {row.name} 有一个登录（{sessions.short(row.token_hash)}）没有审计记录"
        for row in rows
        if (sessions.short(row.token_hash), row.name) not in backed
    ]
