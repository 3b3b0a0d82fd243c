"""What was judged of a story's reports (研判结果), output by output, with reasons and what officers said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from monitors.access.actor import Actor
from monitors.errors import RefusedError
from monitors.opinion.label_values import FIELDS, LabelField, Value, known
from monitors.opinion.model import Judgement
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
    "relevant": ("relevance", "context", "rule"), "stance": ("stance",), "county": ("place",), "workers": ("workers",),
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
    """One report with what was judged of it. ``inside``: it is in the story, not taken out of it as irrelevant.

    ``story_id``: the story it is in now, None where it is in none.
    """

    item_id: int
    title: str
    outlet: str
    published_at: datetime
    model: str
    relevance: float
    inside: bool
    outputs: tuple[Output, ...]
    period: tuple[str, ...] = ()  # 欠薪时段 as told, with the report's words
    story_id: int | None = None


def of_report(connection: Connection, actor: Actor, item_id: int) -> Judged | None:
    """One report by itself, in a story or not, as whoever finds it by a search may see it; None where there is none.

    ``inside``: it is in a story.

    Raises:
        RefusedError: the role sees no reports, or the report is outside the actor's region.
    """
    actor.require("story.view", kind="item", target=str(item_id))
    row = connection.execute(select(t.item).where(t.item.c.id == item_id)).one_or_none()
    if row is None:
        return None
    held = connection.execute(select(t.label).where(t.label.c.item_id == item_id)).all()
    # Taken out of a story by a label, it is still theirs who see the story, as in ``labels``.
    told_in = row.story_id or next((one.story_id for one in held if one.field == "relevant"), None)
    region = connection.scalar(select(t.story.c.region).where(t.story.c.id == told_in)) if told_in else None
    if not actor.scope.covers(row.region if region is None else region):
        raise RefusedError(MISSING, action="story.view", kind="item", target=str(item_id))
    return _judged(row, {label.field: label for label in map(_label, held)}, row.story_id)


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


def _judged(row: Row[Any], standing: Mapping[LabelField, Label], story_id: int | None) -> Judged:
    fields: tuple[LabelField, ...] = tuple(FIELDS) if row.relevant else ("relevant",)
    return Judged(
        item_id=row.id,
        title=row.title,
        outlet=row.outlet,
        published_at=row.published_at,
        model=str(row.judgement.get("model", "")),
        relevance=row.relevance,
        inside=row.story_id is not None and row.story_id == story_id,
        outputs=tuple(
            Output(field, getattr(row, COLUMNS[field][0]), _reasons(row.judgement, field), standing.get(field))
            for field in fields
        ),
        period=_period(row.judgement),
        story_id=row.story_id,
    )


def of_judgement(found: Judgement) -> tuple[Output, ...]:
    """The outputs of a judgement that is not stored, with the reasons a stored one would show."""
    fields: tuple[LabelField, ...] = tuple(FIELDS) if found.relevant else ("relevant",)
    severity = found.severity
    values: dict[LabelField, Value] = {
        "relevant": found.relevant, "stance": found.stance, "county": found.region, "workers": found.workers,
        "amount": found.amount_fen, "employer": found.employer, "level": severity.level if severity else None,
    }  # fmt: skip
    return tuple(Output(field, values[field], _reasons(_why(found), field), None) for field in fields)


def period_of(found: Judgement) -> tuple[str, ...]:
    """欠薪时段 of a judgement that is not stored, as ``Judged.period``."""
    return _period(_why(found))


def _why(found: Judgement) -> Mapping[str, Any]:
    parts = [asdict(part) for part in found.severity.parts] if found.severity else []
    floors = found.severity.floors if found.severity else ()
    return {"evidence": [asdict(one) for one in found.evidence], "parts": parts, "floors": floors}


def _reasons(why: Mapping[str, Any], field: LabelField) -> tuple[str, ...]:
    if field == "level":
        parts = tuple(f"{part['why']} {part['points']:+d} 分" for part in why.get("parts", ()))
        return (*parts, *why.get("floors", ()))
    told = (f"“{one['text']}”{one['why']}" for one in why.get("evidence", ()) if one["about"] in _ABOUT[field])
    return tuple(dict.fromkeys(told))


def _period(why: Mapping[str, Any]) -> tuple[str, ...]:
    evidence = why.get("evidence", ())
    return tuple(f"{one['why']}（“{one['text']}”）" for one in evidence if one["about"] == "period")


def _label(row: Row[Any]) -> Label:
    field = known(row.field)
    return Label(field, row.said["value"], row.was.get(COLUMNS[field][0]), row.author, row.at, row.note, row.model)
