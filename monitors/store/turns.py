"""One at a time (轮流): what two processes must not do at once, each with its number, so that no two share one.

SQLite has one writer anyway. In PostgreSQL the lock is held to the end of the transaction; who takes two takes them in
the order of this list, the audit trail's last.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, text


class Turn(IntEnum):
    """Who waits for whom."""

    SCHEMA = 530_000  # the second process finds the tables made
    CATALOGUE = 530_003  # two workers starting together would both add the same sources
    STORIES = 530_001  # two reports of one event would found two stories
    ALERT_NUMBERS = 530_002  # two alerts of one moment would ask for one number
    ACCOUNTS = 530_005  # who counts administrators
    RESTRICTED = 530_006  # the second to write finds the first one's row
    ROSTER = 530_010  # two shifts of one desk would overlap, two hand-overs cover the same hours
    NOTICES = 530_008  # two workers would both group the same notices
    HOTSPOTS = 530_011  # two workers would both open one episode and tell of it twice
    RULES = 530_009  # the second who saves rules is told of the first's
    LEDGER_NUMBERS = 530_007  # two cases of one moment would ask for one number; who looks for duplicates
    AUDIT = 530_004  # a row is bound to the row before it


def take(connection: Connection, turn: Turn) -> None:
    """Wait until nobody else has the turn, and keep it until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(turn)})
