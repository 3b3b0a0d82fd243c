"""Imports that were made (导入记录): who brought in which file, and the cases it touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from monitors.access.scope import Scope, within
from monitors.ledger.model import Record
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. ``refused`` counts every row left out, suspected duplicates among them."""

    id: int
    at: datetime
    actor: str
    region: str
    file_name: str
    sha256: str
    added: int
    changed: int
    same: int
    refused: int


_COLUMNS = tuple(t.import_batch.c[name] for name in Batch.__slots__)


def listed(connection: Connection, scope: Scope, *, limit: int, offset: int = 0) -> tuple[Batch, ...]:
    """The imports of people of this division and below, newest first."""
    query = select(*_COLUMNS).where(within(t.import_batch.c.region, scope.region))
    newest = query.order_by(t.import_batch.c.id.desc()).limit(limit).offset(offset)
    return tuple(Batch(*row) for row in connection.execute(newest))


def total(connection: Connection, scope: Scope) -> int:
    """How many there are."""
    query = select(func.count()).select_from(t.import_batch).where(within(t.import_batch.c.region, scope.region))
    return connection.scalar(query) or 0


def same_file(connection: Connection, scope: Scope, sha256: str) -> Batch | None:
    """The last import of the very same file, if there was one."""
    query = select(*_COLUMNS).where(t.import_batch.c.sha256 == sha256, within(t.import_batch.c.region, scope.region))
    row = connection.execute(query.order_by(t.import_batch.c.id.desc()).limit(1)).one_or_none()
    return Batch(*row) if row else None


def cases_of(connection: Connection, scope: Scope, batch_id: int) -> tuple[int, ...]:
    """The cases this import added or changed, as far as they lie within ``scope`` now.

    An event of an import bears the very moment of its batch, which no other act shares.
    """
    event, case, batch = t.ledger_event.c, t.wage_case.c, t.import_batch.c
    row = connection.execute(
        select(batch.at, batch.actor).where(batch.id == batch_id, within(batch.region, scope.region))
    ).one_or_none()
    if row is None:
        return ()
    query = (
        select(case.id)
        .join(t.ledger_event, (event.record_id == case.id) & (event.kind == str(Record.CASE)))
        .where(event.at == row.at, event.actor == row.actor, within(case.region, scope.region))
        .distinct()
        .order_by(case.id)
    )
    return tuple(connection.scalars(query))
