"""Which channels hear of an alert, and from when on (渠道分派、免打扰时段)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from monitors.clock import local
from monitors.notify.texts import URGENT, Facts
from monitors.regions import divisions
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Route:
    """One enabled channel. ``quiet_from``, ``quiet_to``: minutes after midnight (Asia/Shanghai); None: never quiet."""

    id: int
    name: str
    region: str
    levels: tuple[str, ...]
    quiet_from: int | None
    quiet_to: int | None

    def takes(self, facts: Facts) -> bool:
        """Whether alerts of this place and level go there."""
        here = self.region == divisions.YUNNAN or divisions.within(facts.region, self.region)
        return here and facts.level in self.levels

    def opens_at(self, level: str, now: datetime) -> datetime | None:
        """When a message of ``level`` may be sent: None at once. I and II wait for nobody's sleep."""
        if level in URGENT or self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return None
        here = local(now)
        minute = here.hour * 60 + here.minute
        over_midnight = self.quiet_from > self.quiet_to
        inside = self.quiet_from <= minute < self.quiet_to
        if over_midnight:
            inside = minute >= self.quiet_from or minute < self.quiet_to
        if not inside:
            return None
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        end = midnight + timedelta(minutes=self.quiet_to)
        return end if end > here else end + timedelta(days=1)


def routes(connection: Connection) -> tuple[Route, ...]:
    """The enabled channels, in the order they were made."""
    channel = t.channel.c
    columns = (channel.id, channel.name, channel.region, channel.levels, channel.quiet_from, channel.quiet_to)
    rows = connection.execute(select(*columns).where(channel.enabled.is_(True)).order_by(channel.id))
    return tuple(Route(**dict(row._mapping) | {"levels": tuple(row.levels)}) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it
