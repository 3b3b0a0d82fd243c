"""The audit trail (审计记录): who did what to what, when and from where, appended in the transaction of the change.

Each row carries a keyed digest (HMAC-SHA256) of itself and of the row before it, and one more row holds the digest of
the newest, so that a changed, removed, inserted or cut-off row is found by ``monitors.access.chain.verify``; without
the key, which is kept outside the database, nobody can write a row that fits. Rows are never changed: the database
itself refuses it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from monitors.access import keys
from monitors.access.actor import Actor
from monitors.store import tables as t
from monitors.store.turns import Turn, take

Outcome = Literal["成功", "拒绝", "失败"]
GENESIS = "0" * 64  # what stands before the first row


def append(
    connection: Connection,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    kind: str = "",
    target: str = "",
    region: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: Outcome = "成功",
) -> int:
    """Append one act to the trail and return its number.

    ``action`` is a code of ``monitors.access.roles`` or of ``monitors.access.trail.ACTS``; ``kind`` and ``target``
    name the record, ``region`` its division, ``before`` and ``after`` what changed (never a secret or a restricted
    field: only that it changed).
    """
    take(connection, Turn.AUDIT)
    last: int = connection.execute(select(t.audit_head.c.seq)).scalar_one()
    previous = connection.scalar(select(t.audit.c.mac).where(t.audit.c.seq == last)) or GENESIS
    values: dict[str, Any] = {
        "seq": last + 1,
        "at": at.astimezone(UTC),
        "account_id": actor.account_id,
        "actor": actor.name,
        "display": actor.display,
        "role": str(actor.role or ""),
        "address": actor.address,
        "session": actor.session,
        "action": action,
        "kind": kind,
        "target": target[:80],  # the column's width: a refusal must be written whatever was asked for
        "region": region,
        "outcome": outcome,
        "before": canonical(before or {}),
        "after": canonical(after or {}),
    }
    values["mac"] = digest(values, previous)
    connection.execute(insert(t.audit).values(values))
    connection.execute(update(t.audit_head).values(seq=last + 1, mac=head_digest(last + 1, values["mac"])))
    return last + 1


def canonical(value: Mapping[str, Any]) -> str:
    """The one way a mapping is written down: sorted keys, no spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest(row: Mapping[str, Any], previous: str) -> str:
    """The keyed digest of one row after the row whose digest is ``previous``; 64 hexadecimal digits."""
    held = {key: value for key, value in row.items() if key != "mac"}
    held["at"] = held["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return _keyed(f"{previous}\n{canonical(held)}")


def head_digest(seq: int, mac: str) -> str:
    """The keyed digest that says which row is the newest."""
    return _keyed(f"head\n{seq}\n{mac}")


def _keyed(message: str) -> str:
    return hmac.new(keys.derived("audit"), message.encode(), hashlib.sha256).hexdigest()
