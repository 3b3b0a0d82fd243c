"""What part of the province a person sees (辖区): conditions for every query over items, stories and alerts.

A county sees its own records, a prefecture those of its counties, the province all. A record without a county or
prefecture (未定位, other provinces) is the province's alone. A report that belongs to a story is seen by whoever sees
the story; a report without one by its own place.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, true

from monitors.store import tables as t

PROVINCE = "530000"


def within(region: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """Rows whose division is ``code`` or lies inside it. A range, not a pattern, so that an index serves it."""
    stem = code.removesuffix("0000") if code.endswith("0000") else code.removesuffix("00")
    return region.between(stem.ljust(6, "0"), stem.ljust(6, "9"))


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the province ``region`` (six-digit code) stands for; ``530000`` is everything."""

    region: str

    @property
    def everything(self) -> bool:
        """The whole province, and with it what lies outside or nowhere."""
        return self.region == PROVINCE

    def covers(self, code: str) -> bool:
        """Whether a record of division ``code`` (``""`` is 未定位) is within."""
        if self.everything:
            return True
        stem = self.region.removesuffix("00")
        return code.startswith(stem) if len(stem) == 4 else code == self.region

    def stories(self) -> ColumnElement[bool]:
        """Condition on ``story`` (also where it is joined to ``alert``)."""
        return true() if self.everything else within(t.story.c.region, self.region)

    def items(self) -> ColumnElement[bool]:
        """Condition on ``item``."""
        if self.everything:
            return true()
        own = select(t.story.c.id).where(within(t.story.c.region, self.region))
        placed = and_(t.item.c.story_id.is_(None), within(t.item.c.region, self.region))
        return or_(t.item.c.story_id.in_(own), placed)


EVERYWHERE = Scope(PROVINCE)
