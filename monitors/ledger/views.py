"""Saved views (常用视图): a question under a name, per account. Nobody sees another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.ledger import checks
from monitors.ledger.faults import refuse
from monitors.store import tables as t

MAX_NAME = 30
MOST = 30  # views of one account on one page: more is a list nobody reads


@dataclass(frozen=True, slots=True)
class SavedView:
    """``query``: the parameters of an address, as ``Query.params`` gives and ``Query.read`` takes them."""

    id: int
    name: str
    query: Mapping[str, str]


def listed(connection: Connection, actor: Actor, page: str) -> tuple[SavedView, ...]:
    """The actor's views of ``page``, by name."""
    own = t.saved_view.c
    rows = connection.execute(
        select(own.id, own.name, own.query)
        .where(own.account_id == actor.account_id, own.page == page)
        .order_by(own.name, own.id)
    )
    return tuple(SavedView(row.id, row.name, {str(k): str(v) for k, v in row.query.items()}) for row in rows)


def save(connection: Connection, actor: Actor, page: str, name: str, query: Mapping[str, str], *, now: datetime) -> int:
    """Keep the question under ``name``; one of the same name is replaced. Returns its id.

    Raises:
        LedgerError: no name, or too long a one.
        InputError: there are too many, or the console has no account to keep it for.
    """
    account_id, name = _account(actor), " ".join(name.split())
    refuse(checks.required("name", name, "视图名称") + checks.text("name", name, "视图名称", MAX_NAME))
    own, values = t.saved_view.c, {"query": dict(query), "at": now}
    mine = (own.account_id == account_id) & (own.page == page)
    found: int | None = connection.scalar(select(own.id).where(mine, own.name == name))
    if found is not None:
        connection.execute(update(t.saved_view).where(own.id == found).values(values))
        return found
    if (connection.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise InputError(f"最多保存 {MOST} 个视图，请先删除不用的")
    values |= {"account_id": account_id, "page": page, "name": name}
    added: int = connection.execute(insert(t.saved_view).values(values).returning(own.id)).scalar_one()
    return added


def remove(connection: Connection, actor: Actor, view_id: int) -> None:
    """Forget one of the actor's own views; another's, or one that is gone, is left alone without a word."""
    own = t.saved_view.c
    connection.execute(delete(t.saved_view).where(own.id == view_id, own.account_id == _account(actor)))


def _account(actor: Actor) -> int:
    if actor.account_id is None:
        raise InputError("只有登录账号可以保存视图")
    return actor.account_id
