"""What was judged of a story's reports (研判结果), output by output, with reasons and what officers said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from monitors.access.actor import Actor
from monitors.errors import RefusedError
from monitors.opinion.label_values import FIELDS, LabelField, Value, known
from monitors.store import tables as t

MISSING = "没有这篇报道，可能已被清理"  # said as well of one of another place
# The columns an output lives in, the first of them its value.
COLUMNS: dict[LabelField, tuple[str, ...]] = {
    "relevant": ("relevant", "kind", "level", "score"),
    "stance": ("stance", "kind"),
    "county": ("region", "scope"),
    "workers": ("workers",),
    "amount": ("amount_fen",),
    "employer": ("employer",),
    "level": ("level",),
}
_ABOUT: dict[LabelField, tuple[str, ...]] = {
    "relevant": ("relevance", "context"), "stance": ("stance",), "county": ("place",), "workers": ("workers",),
    "amount": ("amount",), "employer": ("employer",), "level": (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """One standing label: ``said`` is right, ``was`` what the judge said, ``model`` its version then."""

    field: LabelField
    said: Value
    was: Value
    author: str
    at: datetime
    note: str
    model: str

    @property
    def confirms(self) -> bool:
        """The person agrees with the judge (only of relevance)."""
        return self.said == self.was


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a judgement as it stands, with its reasons (Chinese) and the label on it, if any."""

    field: LabelField
    value: Value
    reasons: tuple[str, ...]
    label: Label | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One report with what was judged of it. ``inside``: it is in the story, not taken out of it as irrelevant."""

    item_id: int
    title: str
    outlet: str
    published_at: datetime
    model: str
    relevance: float
    inside: bool
    outputs: tuple[Output, ...]
    period: tuple[str, ...] = ()  # 欠薪时段 as told, with the report's words


def of_story(connection: Connection, actor: Actor, story_id: int, *, limit: int = 50) -> tuple[Judged, ...]:
    """The story's reports in order of publication, and those that a label took out of it.

    Raises:
        RefusedError: the role sees no stories, or the story is outside the actor's region or not there.
    """
    region = connection.scalar(select(t.story.c.region).where(t.story.c.id == story_id))
    actor.require("story.view", kind="story", target=str(story_id))
    if region is None or not actor.scope.covers(region):
        raise RefusedError(MISSING, action="story.view", kind="story", target=str(story_id))
    taken_out = select(t.label.c.item_id).where(t.label.c.story_id == story_id, t.label.c.field == "relevant")
    item = t.item.c
    rows = connection.execute(
        select(t.item)
        .where(or_(item.story_id == story_id, item.id.in_(taken_out) & item.story_id.is_(None)))
        .order_by(item.published_at, item.id)
        .limit(limit)
    ).all()
    standing: dict[int, dict[LabelField, Label]] = {}
    for row in connection.execute(select(t.label).where(t.label.c.item_id.in_([row.id for row in rows]))):
        found = _label(row)
        standing.setdefault(row.item_id, {})[found.field] = found
    return tuple(_judged(row, standing.get(row.id, {}), story_id) for row in rows)


def _judged(row: Row[Any], standing: Mapping[LabelField, Label], story_id: int) -> Judged:
    fields: tuple[LabelField, ...] = tuple(FIELDS) if row.relevant else ("relevant",)
    return Judged(
        item_id=row.id,
        title=row.title,
        outlet=row.outlet,
        published_at=row.published_at,
        model=str(row.judgement.get("model", "")),
        relevance=row.relevance,
        inside=row.story_id == story_id,
        outputs=tuple(
            Output(field, getattr(row, COLUMNS[field][0]), _reasons(row, field), standing.get(field))
            for field in fields
        ),
        period=_period(row),
    )


def _reasons(row: Row[Any], field: LabelField) -> tuple[str, ...]:
    why: Mapping[str, Any] = row.judgement
    if field == "level":
        parts = tuple(f"{part['why']} {part['points']:+d} 分" for part in why.get("parts", ()))
        return (*parts, *why.get("floors", ()))
    told = (f"“{one['text']}”{one['why']}" for one in why.get("evidence", ()) if one["about"] in _ABOUT[field])
    return tuple(dict.fromkeys(told))


def _period(row: Row[Any]) -> tuple[str, ...]:
    evidence = row.judgement.get("evidence", ())
    return tuple(f"{one['why']}（“{one['text']}”）" for one in evidence if one["about"] == "period")


def _label(row: Row[Any]) -> Label:
    field = known(row.field)
    return Label(field, row.said["value"], row.was.get(COLUMNS[field][0]), row.author, row.at, row.note, row.model)
