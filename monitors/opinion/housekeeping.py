"""What the watch clears away for its own sake. What the office keeps by rule goes by ``retention``."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, text

from monitors.opinion.story_index import StoryIndex
from monitors.settings import Settings
from monitors.store import tables as t


def prune(connection: Connection, settings: Settings, now: datetime) -> None:
    """Remove what has served its time: old outcome rows, story candidates beyond the window, change marks."""
    old = now - timedelta(days=settings.watch.outcome_days)
    connection.execute(delete(t.poll).where(t.poll.c.started_at < old))
    # Twice the window: a report may be published days before it is found.
    StoryIndex().prune(connection, now - timedelta(days=2 * settings.story.window_days))
    if connection.dialect.name == "postgresql":
        # The newest mark of each table stays: without it the version would fall back to that of an empty table.
        connection.execute(
            text(
                "DELETE FROM data_change WHERE at < now() - interval '1 day' "
                "AND id NOT IN (SELECT max(id) FROM data_change GROUP BY t)"
            )
        )
