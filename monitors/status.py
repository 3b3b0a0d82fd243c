"""How the system is, for machines: the health answer and the metrics (健康检查、指标)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from monitors.errors import StoreError
from monitors.opinion import heartbeat
from monitors.opinion.model import ALERT_LEVELS, CLOSED_STATES
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store


@dataclass(frozen=True, slots=True)
class Health:
    """``ok`` is what a load balancer asks; ``words`` is Chinese for the person who looks."""

    ok: bool
    database: bool
    watch: str
    seconds: float
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "status": "ok" if self.ok else "late",
            "database": self.database,
            "watch": self.watch,
            "seconds_since_heartbeat": round(self.seconds, 1),
            "message": self.words,
        }


def health(store: Store, settings: Settings, now: datetime) -> Health:
    """Whether the database answers and every part of the watch beats in time."""
    try:
        with store.read() as connection:
            beat = heartbeat.pulse(connection, settings, now)
    except StoreError as error:
        return Health(ok=False, database=False, watch="unknown", seconds=0.0, words=str(error))
    return Health(ok=beat.state == "ok", database=True, watch=beat.state, seconds=beat.seconds, words=beat.words)


def metrics(store: Store, now: datetime) -> bytes:
    """Gauges read from the database at this moment, in Prometheus' text format.

    Raises:
        StoreError: the database does not answer; the scrape fails, which is itself the signal.
    """
    registry = CollectorRegistry()
    age = Gauge("monitors_heartbeat_age_seconds", "Age of the last heartbeat by part", ["part"], registry=registry)
    alerts = Gauge("monitors_open_alerts", "Open alerts by level", ["level"], registry=registry)
    items = Gauge("monitors_items", "Items stored", registry=registry)
    polls = Gauge("monitors_polls_last_hour", "Polls of the last hour by outcome", ["outcome"], registry=registry)
    with store.read() as connection:
        for part, at in connection.execute(select(t.heartbeat.c.part, t.heartbeat.c.at)).all():
            age.labels(part).set(max(0.0, (now - at).total_seconds()))
        by_level = (
            select(t.alert.c.level, func.count())
            .where(t.alert.c.state.not_in(CLOSED_STATES), t.alert.c.demo.is_(False))
            .group_by(t.alert.c.level)
        )
        found = {level: count for level, count in connection.execute(by_level).all()}  # noqa: C416 - rows are not pairs to mypy
        for level in ALERT_LEVELS:
            alerts.labels(level).set(found.get(level, 0))
        items.set(connection.scalar(select(func.count()).select_from(t.item)) or 0)
        recent = select(t.poll.c.outcome, func.count()).where(t.poll.c.started_at >= now - timedelta(hours=1))
        for outcome, count in connection.execute(recent.group_by(t.poll.c.outcome)).all():
            polls.labels(outcome).set(count)
    return generate_latest(registry)
