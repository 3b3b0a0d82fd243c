"""Acting and looking in somebody's name: a refusal is recorded, whoever forgot to (留痕).

Every page and command opens the store through these two, so that ``Actor.require`` deep inside a write function, or a
query asked for a record of another county, leaves its line in the audit trail although nothing else was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import utc_now
from monitors.errors import RefusedError
from monitors.store.engine import Store


@contextmanager
def acting(store: Store, actor: Actor) -> Iterator[Connection]:
    """One write transaction in the actor's name."""
    try:
        with store.write() as connection:
            yield connection
    except RefusedError as refusal:
        record(store, actor, refusal)
        raise


@contextmanager
def looking(store: Store, actor: Actor) -> Iterator[Connection]:
    """One read snapshot in the actor's name."""
    try:
        with store.read() as connection:
            yield connection
    except RefusedError as refusal:
        record(store, actor, refusal)
        raise


def record(store: Store, actor: Actor, refusal: RefusedError) -> None:
    """Write the refusal down, in a transaction of its own."""
    with store.write() as connection:
        audit.append(
            connection,
            actor,
            refusal.action,
            at=utc_now(),
            kind=refusal.kind,
            target=refusal.target,
            after={"why": str(refusal)},
            outcome="拒绝",
        )
