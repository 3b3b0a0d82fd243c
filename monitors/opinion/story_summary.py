"""A story summed up from its reports (事件汇总): what it says, how grave it is, and the alert that follows.

Everything here may be repeated at any time: it computes anew from the stored reports and changes what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from monitors.clock import local
from monitors.opinion import alerts, rule_effect, rule_sets
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, LEVELS, RuleHit, Severity
from monitors.opinion.severity import SeverityInputs, assess
from monitors.opinion.story_facts import Report, StoryFacts, summarise
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

# What a story is summed up from; never the texts: hundreds of reprints would be megabytes read under the write lock.
_SUMMED_UP: tuple[ColumnElement[Any], ...] = (
    t.item.c.title, t.item.c.outlet, t.item.c.published_at, t.item.c.fetched_at, t.item.c.region, t.item.c.scope,
    t.item.c.kind, t.item.c.stance, t.item.c.sentiment, t.item.c.workers, t.item.c.amount_fen, t.item.c.employer,
    t.item.c.judgement, t.item.c.level, t.source.c.tier, t.source.c.national,
)  # fmt: skip
EMPTIED = "报道均被标为不相关，请处理警情"  # said of a story that has lost its last report; its alert is a person's


def hold_stories(connection: Connection) -> None:
    """Workers join stories one after the other, else two reports of one event would found two stories."""
    take(connection, Turn.STORIES)


def refresh_story(
    connection: Connection, story_id: int, *, settings: Settings, now: datetime, as_of: datetime | None = None
) -> alerts.Change:
    """Recompute a story from its reports, then open or raise its alert. Safe to repeat at any time.

    ``as_of``: when its spread and growth are reckoned, ``now`` where not given: last month's story whose reports are
    judged anew must not become a quiet one. A story without reports keeps what it last said, with the note
    ``EMPTIED``, and its alert as it is.
    """
    rows = connection.execute(
        select(*_SUMMED_UP)
        .join_from(t.item, t.source, t.source.c.id == t.item.c.source_id)
        .where(t.item.c.story_id == story_id)
    ).all()
    if not rows:
        return _emptied(connection, story_id)
    at = as_of or now
    settings = rule_sets.effective(connection, settings)
    facts, severity = weighed(rows, settings=settings, at=at)
    before = connection.execute(select(t.story).where(t.story.c.id == story_id)).one()
    values: dict[str, Any] = {
        "title": facts.title,
        "region": facts.region,
        "scope": facts.scope,
        "kind": facts.kind,
        "stance": facts.stance,
        "sentiment": facts.sentiment,
        "workers": facts.workers,
        "amount_fen": facts.amount_fen,
        "employer": facts.employer,
        "items": len(rows),
        "outlets": facts.outlets,
        "first_outlet": facts.first_outlet,
        "first_published_at": facts.first_published_at,
        "last_seen_at": max(row.fetched_at for row in rows),
        "level": severity.level,
        "score": severity.score,
        "severity": {
            "parts": [asdict(p) for p in severity.parts],
            "floors": list(severity.floors),
            "notes": list(facts.disagreements),
            **rules_told(rows),
        },
        "matched": list(facts.matched),
    }
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    if changed:
        connection.execute(update(t.story).where(t.story.c.id == story_id).values(changed))
    story = {**before._mapping, **values}  # noqa: SLF001 - SQLAlchemy's public name
    return alerts.consider(connection, story, settings=settings, now=now)


def weighed(rows: Sequence[Any], *, settings: Settings, at: datetime) -> tuple[StoryFacts, Severity]:
    """What the reports say together and how grave it is at ``at``. ``rows``: relevant items with their source's rank.

    The laboratory of rules asks the same of reports as a draft would judge them, so nothing is read here.
    """
    facts = summarise([_report(row) for row in rows], at)
    found = assess(severity_inputs(facts, settings=settings, now=at), settings.severity)
    gravest = min(rules_of(rows), key=lambda hit: LEVELS.index(hit.level), default=None)
    return facts, _as_said(rule_effect.raised(found, gravest), rows)


def rules_of(rows: Sequence[Any]) -> tuple[RuleHit, ...]:
    """The keyword rules whose level counts for the story; what a person said of a report's level stands before them."""
    found = {
        hit: None
        for row in rows
        if "level" not in row.judgement.get("labelled", {})
        for hit in rule_effect.stored(row.judgement)
        if rule_effect.holds(hit, row.region, row.scope)
    }
    return tuple(found)


def rules_told(rows: Sequence[Any]) -> dict[str, Any]:
    """``rules_of`` as part of a story's ``severity``, where ``alerts.would_open`` looks; no key where none holds."""
    rules = rules_of(rows)
    told = [{"name": hit.name, "level": hit.level, "tags": list(hit.tags)} for hit in rules]
    return {"rules": told} if told else {}


def _emptied(connection: Connection, story_id: int) -> alerts.Change:
    kept: dict[str, Any] = connection.scalar(select(t.story.c.severity).where(t.story.c.id == story_id)) or {}
    values = {"items": 0, "outlets": 0, "severity": kept | {"notes": [EMPTIED]}}
    connection.execute(update(t.story).where(t.story.c.id == story_id).values(values))
    return alerts.Change()


def _as_said(severity: Severity, rows: Sequence[Row[Any]]) -> Severity:
    """Raised to the gravest level a person gave one of the reports; a milder one corrects that report alone."""
    for row in rows:
        said = row.judgement.get("labelled", {}).get("level")
        if said and alerts.worse(row.level, severity.level):
            floor = f"{said['by']}定为{LEVEL_NAMES[row.level]}"
            severity = replace(severity, level=row.level, floors=(*severity.floors, floor))
    return severity


def open_stories(connection: Connection) -> list[int]:
    """Stories with an open alert, oldest first: what ``reassess`` should look at again."""
    query = select(t.alert.c.story_id).where(t.alert.c.state.not_in(CLOSED_STATES)).order_by(t.alert.c.story_id)
    return list(connection.scalars(query))


def reassess(
    connection: Connection, story_ids: Sequence[int], *, settings: Settings, now: datetime
) -> list[alerts.Change]:
    """Look again at stories with an open alert: outlets per 24 h, growth and the calendar move with time.

    Give a few dozen at a time: the write lock is held meanwhile.
    """
    hold_stories(connection)
    return [refresh_story(connection, story_id, settings=settings, now=now) for story_id in story_ids]


def _report(row: Row[Any]) -> Report:
    return Report(
        title=row.title,
        outlet=row.outlet,
        tier=row.tier,
        national=row.national,
        published_at=row.published_at,
        region=row.region,
        scope=row.scope,
        kind=row.kind,
        stance=row.stance,
        sentiment=row.sentiment,
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=row.employer,
        matched=tuple(row.judgement["matched"]),
        acts=tuple(row.judgement["acts"]),
        gathered=row.judgement["gathered"],
        visiting_province=row.judgement["visiting_province"],
        public_project=row.judgement["public_project"],
        specific_claim=row.judgement["specific_claim"],
        said=frozenset(row.judgement.get("labelled", ())),
    )


def severity_inputs(facts: StoryFacts, *, settings: Settings, now: datetime) -> SeverityInputs:
    """The story's facts in the terms of the severity table (domain.md 4.2)."""
    today = local(now).date()
    festival = settings.spring_festival_after(today)
    waited = (now - facts.first_published_at).total_seconds() / 3600
    return SeverityInputs(
        acts=facts.acts,
        workers=facts.workers,
        amount_fen=facts.amount_fen,
        outlets_24h=facts.outlets_24h,
        national_outlet=facts.national,
        growth=facts.growth,
        hours_without_response=None if facts.answered or facts.scope != "本省" else waited,
        public_project=facts.public_project,
        days_to_festival=(festival - today).days if festival else None,
        settled=facts.settled,
        in_province_claim=facts.specific_claim and facts.scope == "本省",
        gathered=facts.gathered,
        visiting_province=facts.visiting_province,
        listed_only=facts.scope in ("背景", "外省"),
    )
