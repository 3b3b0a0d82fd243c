"""The scan of the demonstration (演示数据): what gathers in it is shown at once, as if it had been looked for all week.

Nothing is invented here: the same scan as ever reads the invented stories and cases. Nobody is told of what it finds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from monitors.clock import local
from monitors.hotspots import events, runs
from monitors.hotspots.events import DATA_SETS, DataSet
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

_DAYS_BEFORE = (3, 1)  # on which the stories were scanned as well, so that one sees when a gathering was first shown


def load(store: Store, settings: Settings, *, now: datetime) -> int:
    """Scan both data sets as of ``now``; how many answers were written.

    Where nothing real was ever scanned, some days before are scanned first.

    Raises:
        StoreError: the database cannot be used; the watch scans later.
    """
    if not settings.hotspot.enabled:
        return 0
    asked: list[tuple[DataSet, datetime]] = [(data_set, now) for data_set in DATA_SETS]
    with store.read() as connection:
        if _alone(connection):
            asked = [*(("舆情", now - timedelta(days=days)) for days in _DAYS_BEFORE), *asked]
        asked = [(data_set, at) for data_set, at in asked if _any(connection, data_set, at)]
    return sum(runs.run(store, settings, data_set, now=at) is not None for data_set, at in asked)


def clear(connection: Connection) -> int:
    """Remove every answer and episode that rests on the demonstration; how many episodes. Safe to repeat.

    What real events gave beside it is found again by the next scan.
    """
    held = select(t.hotspot_run.c.id).where(t.hotspot_run.c.demo)
    connection.execute(delete(t.hotspot_cluster).where(t.hotspot_cluster.c.run_id.in_(held)))
    connection.execute(delete(t.hotspot_run).where(t.hotspot_run.c.demo))
    connection.execute(delete(t.known_change).where(t.known_change.c.demo))
    episodes = select(t.hotspot_episode.c.id).where(t.hotspot_episode.c.demo)
    connection.execute(delete(t.hotspot_cluster).where(t.hotspot_cluster.c.episode_id.in_(episodes)))
    return connection.execute(delete(t.hotspot_episode).where(t.hotspot_episode.c.demo)).rowcount


def _any(connection: Connection, data_set: DataSet, at: datetime) -> bool:
    """Whether anything had happened by then: an answer to nothing would not be the demonstration's, and would stay."""
    day = local(at).date()
    return bool(events.read(connection, data_set, day - timedelta(days=28), day))


def _alone(connection: Connection) -> bool:
    """Whether there is nothing real that a scan of the past could tell people of."""
    kept = (
        select(t.hotspot_run.c.id),
        select(t.story.c.id).where(t.story.c.demo.is_(False)),
        select(t.wage_case.c.id).where(t.wage_case.c.demo.is_(False)),
    )
    return all(connection.execute(query.limit(1)).first() is None for query in kept)
