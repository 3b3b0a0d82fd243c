"""One story with everything known about it (事件卷宗): reports, why they were judged so, alerts and the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from monitors.access.actor import Actor
from monitors.errors import RefusedError
from monitors.opinion import judged
from monitors.opinion.board import place_name
from monitors.opinion.event_words import event_words
from monitors.opinion.judged import Judged
from monitors.opinion.model import Evidence, SeverityPart
from monitors.opinion.retention import TEXT_REMOVED
from monitors.store.tables import alert, alert_event, item, source, story

__all__ = [
    "MISSING", "PART_NAMES", "AlertView", "Dossier", "ReportView", "Step", "event_words", "read", "report",
]  # fmt: skip

# One sentence for a story that is not there and for one of another place: nobody learns which it was.
MISSING = "没有这起事件，可能已随演示数据清除"
# The parts of the severity sum in the words of domain.md 4.2.
PART_NAMES = {"E": "行为", "N": "人数", "A": "金额", "M": "传播", "G": "增速", "B": "背景"}


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report of the story. ``evidence`` offsets are into ``title`` and ``text`` as given here."""

    id: int
    title: str
    text: str
    url: str
    outlet: str
    tier: int
    published_at: datetime
    published_note: str
    fetched_at: datetime
    relevance: float
    sentiment: float
    snownlp: float | None
    stance: str
    kind: str | None
    level: str | None
    score: int | None
    joined: str
    model: str
    matched: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    text_removed: str  # the day the text was removed by the retention job, ``""`` where it was not


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert of the story with its two clocks."""

    id: int
    number: str
    level: str
    score: int
    state: str
    opened_at: datetime
    raised_at: datetime
    sign_due_at: datetime
    public_due_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline; ``tone`` is ``report``, ``seen``, ``alert`` or ``person``."""

    at: datetime
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """One story. ``parts`` and ``floors`` explain its level, ``notes`` where its reports disagree."""

    id: int
    title: str
    place: str
    region: str
    scope: str
    kind: str | None
    stance: str
    sentiment: float
    workers: int | None
    amount_fen: int | None
    employer: str | None
    items: int
    outlets: int
    first_outlet: str
    first_published_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    level: str
    score: int
    parts: tuple[SeverityPart, ...]
    floors: tuple[str, ...]
    notes: tuple[str, ...]
    matched: tuple[str, ...]
    demo: bool
    alerts: tuple[AlertView, ...]
    reports: tuple[ReportView, ...]
    timeline: tuple[Step, ...]


def read(connection: Connection, actor: Actor, story_id: int, *, reports: int = 50) -> Dossier | None:
    """The story as ``actor`` may see it, or None where there is none with this number.

    Whoever sees the story sees all its reports, wherever each of them places it. ``reports`` limits the reports given,
    in order of publication; ``items`` tells how many there are.

    Raises:
        RefusedError: the role sees no stories, or the story is outside the actor's region (then in the words of
            ``MISSING``).
    """
    actor.require("story.view", kind="story", target=str(story_id))
    found = connection.execute(select(story).where(story.c.id == story_id)).one_or_none()
    if found is None:
        return None
    if not actor.scope.covers(found.region):
        raise RefusedError(MISSING, action="story.view", kind="story", target=str(story_id))
    rows = connection.execute(
        select(item, source.c.tier)
        .join(source, source.c.id == item.c.source_id)
        .where(item.c.story_id == story_id)
        .order_by(item.c.published_at, item.c.id)
        .limit(reports)
    ).all()
    alerts = tuple(
        _alert(row)
        for row in connection.execute(select(alert).where(alert.c.story_id == story_id).order_by(alert.c.id.desc()))
    )
    views = tuple(_report(row) for row in rows)
    severity: Mapping[str, Any] = found.severity or {}
    return Dossier(
        id=found.id,
        title=found.title,
        place=place_name(found.region),
        region=found.region,
        scope=found.scope,
        kind=found.kind,
        stance=found.stance,
        sentiment=found.sentiment,
        workers=found.workers,
        amount_fen=found.amount_fen,
        employer=found.employer,
        items=found.items,
        outlets=found.outlets,
        first_outlet=found.first_outlet,
        first_published_at=found.first_published_at,
        first_seen_at=found.first_seen_at,
        last_seen_at=found.last_seen_at,
        level=found.level,
        score=found.score,
        parts=tuple(SeverityPart(**part) for part in severity.get("parts", ())),
        floors=tuple(severity.get("floors", ())),
        notes=tuple(severity.get("notes", ())),
        matched=tuple(found.matched or ()),
        demo=bool(found.demo),
        alerts=alerts,
        reports=views,
        timeline=_timeline(views, _events(connection, [view.id for view in alerts])),
    )


def report(connection: Connection, actor: Actor, item_id: int) -> tuple[ReportView, Judged] | None:
    """One report by itself, relevant or not, with what was judged of it; None where there is none.

    Raises:
        RefusedError: the role sees no reports, or the report is outside the actor's region.
    """
    found = judged.of_report(connection, actor, item_id)
    if found is None:
        return None
    query = select(item, source.c.tier).join(source, source.c.id == item.c.source_id).where(item.c.id == item_id)
    return _report(connection.execute(query).one()), found


def _report(row: Row[Any]) -> ReportView:
    why: Mapping[str, Any] = row.judgement or {}
    return ReportView(
        id=row.id,
        title=row.title,
        text=row.text,
        url=row.url,
        outlet=row.outlet,
        tier=row.tier,
        published_at=row.published_at,
        published_note=row.published_note,
        fetched_at=row.fetched_at,
        relevance=row.relevance,
        sentiment=row.sentiment,
        snownlp=why.get("snownlp"),
        stance=row.stance,
        kind=row.kind,
        level=row.level,
        score=row.score,
        joined=str(why.get("joined", "")),
        model=str(why.get("model", "")),
        matched=tuple(why.get("matched", ())),
        evidence=tuple(Evidence(**entry) for entry in why.get("evidence", ())),
        text_removed=str(why.get(TEXT_REMOVED, "")),
    )


def _alert(row: Row[Any]) -> AlertView:
    return AlertView(
        id=row.id,
        number=row.number,
        level=row.level,
        score=row.score,
        state=row.state,
        opened_at=row.opened_at,
        raised_at=row.raised_at,
        sign_due_at=row.sign_due_at,
        public_due_at=row.public_due_at,
        signed_by=row.signed_by,
        signed_at=row.signed_at,
        closed_at=row.closed_at,
    )


def _events(connection: Connection, alert_ids: list[int]) -> list[Row[Any]]:
    if not alert_ids:
        return []
    query = (
        select(alert_event).where(alert_event.c.alert_id.in_(alert_ids)).order_by(alert_event.c.at, alert_event.c.id)
    )
    return list(connection.execute(query).all())


def _timeline(reports: Iterable[ReportView], events: Iterable[Row[Any]]) -> tuple[Step, ...]:
    """Publications, first detection and the alert's events in one order; equal times keep that order."""
    views = list(reports)
    steps = [Step(view.published_at, f"{view.outlet} 发布", "report") for view in views]
    if views:
        first = min(views, key=lambda view: view.fetched_at)
        steps.append(Step(first.fetched_at, f"本系统发现（{first.outlet}）", "seen"))
    steps += [
        Step(event.at, event_words(event.kind, event.actor, event.before or {}, event.after or {}), _tone(event.actor))
        for event in events
    ]
    return tuple(sorted(steps, key=lambda step: step.at))


def _tone(actor: str) -> str:
    return "alert" if actor == "系统" else "person"
