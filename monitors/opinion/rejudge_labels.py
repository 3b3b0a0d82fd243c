"""A judgement made anew, with what officers said of the report laid over it (重新研判时尊重标注).

The said value stays in its column; what the judge would say now is kept as the label's ``was``, so that taking the
label back later gives the present model's answer and not that of years ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from monitors.opinion import intake, labels
from monitors.opinion.judged import COLUMNS
from monitors.opinion.label_values import LabelField, Value, known
from monitors.opinion.model import Judgement
from monitors.settings import Settings
from monitors.store import tables as t

Said = Mapping[LabelField, Value]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is stored of a report: its columns, the reasons, and per label what the judge says now."""

    columns: Mapping[str, Any]
    why: Mapping[str, Any]
    was: Mapping[LabelField, Mapping[str, Any]]


def of(connection: Connection, item_ids: Sequence[int]) -> dict[int, Said]:
    """The standing labels of these reports."""
    found: dict[int, dict[LabelField, Value]] = {}
    label = t.label.c
    for row in connection.execute(select(label.item_id, label.field, label.said).where(label.item_id.in_(item_ids))):
        found.setdefault(row.item_id, {})[known(row.field)] = row.said["value"]
    return dict(found)


def settled(
    row: Row[Any], own: Judgement, asked: Judgement | None, said: Said, *, settings: Settings
) -> Settled | None:
    """The judgement ``own`` with the labels over it.

    ``asked``: the same report judged as relevant because a person said so; None where nobody had when it was judged,
    and None is returned where it is needed and missing. ``row`` has the report's ``national`` beside its columns.
    """
    wanted = bool(said.get("relevant", own.relevant))
    base = own
    if wanted and not own.relevant:
        if asked is None:
            return None
        base = asked
    columns, why, was = intake.findings(base), intake.explanation(base), dict[LabelField, Mapping[str, Any]]()
    others = {field: value for field, value in said.items() if field != "relevant"} if base.relevant else {}
    for field, value in others.items():
        was[field] = {name: columns[name] for name in COLUMNS[field]}
        columns |= labels.effect(field, value, kind=columns["kind"], scope=columns["scope"])
    if others:
        facts: Any = SimpleNamespace(**columns, judgement=why, national=row.national, published_at=row.published_at)
        found = labels.severity_of(facts, settings)
        why |= {"parts": [asdict(part) for part in found.parts], "floors": list(found.floors)}
        columns["score"] = found.score
        if "level" in others:
            was["level"] = {"level": found.level}
        else:
            columns["level"] = found.level
    if "relevant" in said:
        names = COLUMNS["relevant"] if own.relevant else labels.OF_RELEVANT
        mine = columns if own.relevant else intake.findings(own)
        was["relevant"] = {name: mine[name] for name in names}
        if not wanted:
            columns |= {"relevant": False, "kind": None, "level": None, "score": None}
    return Settled(columns, why, was)


def note(connection: Connection, item_id: int, judgement: dict[str, Any], after: Settled) -> dict[str, Any]:
    """Write into the report's labels what the judge says now; the report's JSON with the marks that say so."""
    marks = dict(judgement.get("labelled", {}))
    for field, was in after.was.items():
        chosen = (t.label.c.item_id == item_id, t.label.c.field == field)
        values = {"was": dict(was), "model": str(after.why["model"])[:80]}
        connection.execute(update(t.label).where(*chosen).values(values))
        if field in marks:
            marks[field] = {**marks[field], "was": was[COLUMNS[field][0]]}
    return {**judgement, "labelled": marks} if marks else judgement
