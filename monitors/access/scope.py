"""What part of the province a person sees (辖区): conditions for every query over items, stories and alerts.

A county sees its own records, a prefecture those of its counties, the province all. A record without a county or
prefecture (未定位, other provinces) is the province's alone. A report that belongs to a story is seen by whoever sees
the story; a report without one by its own place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, and_, case, literal_column, or_, select, true, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from monitors.store import tables as t

PROVINCE = "530000"


def within(region: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """Rows whose division is ``code`` or lies inside it. A range, not a pattern, so that an index serves it."""
    stem = code.removesuffix("0000") if code.endswith("0000") else code.removesuffix("00")
    return region.between(stem.ljust(6, "0"), stem.ljust(6, "9"))


class _Visible(FunctionElement[bool]):
    """One condition in two forms: SQLite finds an OR by two indexes, PostgreSQL by none, but an array of ids by one.

    Given the same ids as a subquery, PostgreSQL took 25 s for the first page of one prefecture out of 200,000 items.
    """

    name = "visible"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 - its signature is given
        return self  # else SQLite is asked for "(…) = 1" and uses no index


@compiles(_Visible)
def _as_either(element: _Visible, compiler: SQLCompiler, **options: Any) -> str:
    either, _ = element.clauses
    return f"({compiler.process(either, **options)})"


@compiles(_Visible, "postgresql")
def _as_array(element: _Visible, compiler: SQLCompiler, **options: Any) -> str:
    _, ids = element.clauses
    return f"{compiler.process(t.item.c.id, **options)} = ANY (ARRAY{compiler.process(ids, **options)})"


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

    def items(self, *, tested: bool = False) -> ColumnElement[bool]:
        """Condition on ``item``; with ``tested`` it never chooses the index, for queries that have a better one."""
        if self.everything:
            return true()
        own = select(t.story.c.id).where(within(t.story.c.region, self.region)).correlate(None)
        if tested:
            item = t.item.c
            return case((item.story_id.is_(None), within(item.region, self.region)), else_=item.story_id.in_(own))
        # The plus keeps SQLite from searching by "no story", which is most of the table, instead of by the place.
        without_story = literal_column("+item.story_id", Integer).is_(None)
        either = or_(t.item.c.story_id.in_(own), and_(without_story, within(t.item.c.region, self.region)))
        inside = t.item.alias("inside")
        ids = union_all(
            select(inside.c.id).where(inside.c.story_id.in_(own)),
            select(inside.c.id).where(inside.c.story_id.is_(None), within(inside.c.region, self.region)),
        )
        return _Visible(either, ids.scalar_subquery())


EVERYWHERE = Scope(PROVINCE)
