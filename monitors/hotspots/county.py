"""One county as the map's drawer shows it (县情): its stories, alerts, cases, money, sources, and what gathers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from monitors.access.actor import Actor
from monitors.clock import SHANGHAI, local
from monitors.hotspots import layers, runs
from monitors.hotspots.coverage import Coverage
from monitors.hotspots.events import SEES
from monitors.hotspots.runs import ShownCluster
from monitors.regions import divisions
from monitors.regions.shapes import Population
from monitors.store import tables as t

MISSING = "没有这个县（市、区），或不在您的辖区内"
DAYS = layers.RATE_DAYS
LINES = 20  # of a list; the rest are counted, and their page shows them
_OVER_ALERT = ("已办结", "误报", "并案")


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One story. ``number`` and ``state``: of its alert, empty where none was raised."""

    id: int
    title: str
    level: str
    seen_at: datetime
    outlets: int
    reports: int
    number: str
    state: str
    demo: bool


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One open case; money in 分. ``owed_fen``: 查实 (else 诉求) less paid."""

    number: str
    employer: str
    accepted_on: date
    workers: int
    owed_fen: int
    state: str
    deadline: date | None
    demo: bool


@dataclass(frozen=True, slots=True)
class Money:
    """The ledger's sums for the county, in 分; None where no record holds one.

    ``paid``: wages paid since ``DAYS`` ago, ``by_source`` the same by where the money came from. ``bonds``: 工资保证金
    of its projects, ``bonded`` how many of ``projects`` have one on record.
    """

    open_cases: int
    open_fen: int
    paid_fen: int | None
    by_source: tuple[tuple[str, int], ...]
    projects: int
    bonded: int
    bonds_fen: int | None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source at home in the county or its prefecture."""

    name: str
    outlet: str
    region: str
    paused: bool
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class CountyFile:
    """Everything of the drawer. ``stories`` are of the last ``DAYS`` days; lists hold at most ``LINES``."""

    code: str
    name: str
    people: Population | None
    clusters: tuple[ShownCluster, ...]
    stories: tuple[StoryLine, ...]
    stories_total: int
    open_alerts: int
    cases: tuple[CaseLine, ...]
    money: Money | None
    sources: tuple[SourceLine, ...]
    coverage: Coverage | None


def read(
    connection: Connection,
    actor: Actor,
    code: str,
    *,
    people: Population | None,
    coverage: Coverage | None,
    now: datetime,
) -> CountyFile:
    """The drawer of one county; ``people`` and ``coverage`` are what the map knows of it already.

    The ledger's part is None for a role that does not see the ledger.

    Raises:
        RefusedError: not the actor's region, or the role sees no stories.
        InputError: never; an unknown code is refused like another's county, so that neither tells of the other.
    """
    actor.require(SEES["舆情"], code, kind="hotspot", target=code)
    today = local(now).date()
    stories, total = _stories(connection, code, today)
    ledger = actor.may(SEES["台账"])
    told: dict[int, ShownCluster] = {}
    for data_set, action in SEES.items():
        if actor.may(action):
            shown = runs.latest(connection, actor, data_set, now)
            told |= {one.id: one for one in shown.clusters if one.tier and _within(code, one)}
    return CountyFile(
        code=code,
        name=divisions.full_name(code),
        people=people,
        clusters=tuple(sorted(told.values(), key=lambda one: one.p_value)),
        stories=stories,
        stories_total=total,
        open_alerts=_open_alerts(connection, code),
        cases=_cases(connection, code) if ledger else (),
        money=_money(connection, code, today) if ledger else None,
        sources=_sources(connection, code),
        coverage=coverage,
    )


def _within(code: str, cluster: ShownCluster) -> bool:
    return any(divisions.within(code, region) for region in cluster.regions)


def _stories(connection: Connection, code: str, today: date) -> tuple[tuple[StoryLine, ...], int]:
    story, alert = t.story.c, t.alert.c
    since = datetime.combine(today - timedelta(days=DAYS - 1), time(), SHANGHAI).astimezone(UTC)
    newest = (
        select(alert.story_id, func.max(alert.id).label("id")).group_by(alert.story_id).subquery()
    )  # a reopened story may have had several
    wanted = (story.region == code, story.scope == "本省", story["items"] > 0, story.first_seen_at >= since)
    joined = t.story.outerjoin(newest, newest.c.story_id == story.id).outerjoin(t.alert, alert.id == newest.c.id)
    no_event = alert.state.in_(("误报", "并案"))
    query = (
        select(
            story.id, story.title, story.level, story.first_seen_at, story.outlets, story["items"].label("reports"),
            func.coalesce(alert.number, "").label("number"), func.coalesce(alert.state, "").label("state"), story.demo,
        )
        .select_from(joined)
        .where(*wanted, or_(alert.id.is_(None), ~no_event))
        .order_by(story.first_seen_at.desc(), story.id.desc())
    )  # fmt: skip
    total = connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    rows = connection.execute(query.limit(LINES))
    return tuple(_story(row) for row in rows), int(total)


def _story(row: Any) -> StoryLine:
    return StoryLine(
        row.id, row.title, row.level, row.first_seen_at, row.outlets, row.reports, row.number, row.state, row.demo
    )


def _open_alerts(connection: Connection, code: str) -> int:
    query = (
        select(func.count())
        .select_from(t.alert.join(t.story, t.story.c.id == t.alert.c.story_id))
        .where(t.story.c.region == code, t.alert.c.state.not_in(_OVER_ALERT))
    )
    return int(connection.execute(query).scalar_one())


def _cases(connection: Connection, code: str) -> tuple[CaseLine, ...]:
    held = t.wage_case.c
    owed = layers.owed_fen()
    query = (
        select(
            held.number, t.employer.c.name.label("employer"), held.accepted_on,
            func.coalesce(held.verified_workers, held.claimed_workers).label("workers"), owed.label("owed"),
            held.state, held.deadline, held.demo,
        )
        .join(t.employer, t.employer.c.id == held.employer_id)
        .where(held.region == code, held.state.not_in(layers.OVER))
        .order_by(case((held.deadline.is_(None), 1), else_=0), held.deadline, held.id)
        .limit(LINES)
    )  # fmt: skip
    return tuple(
        CaseLine(
            row.number, row.employer, row.accepted_on, row.workers, int(row.owed), row.state, row.deadline, row.demo
        )
        for row in connection.execute(query)
    )


def _money(connection: Connection, code: str, today: date) -> Money:
    held, paid = t.wage_case.c, t.payment.c
    query = select(func.count(), func.sum(layers.owed_fen())).where(held.region == code, held.state.not_in(layers.OVER))
    open_cases, open_fen = connection.execute(query).one()
    payments = connection.execute(
        select(paid.source, func.sum(paid.wage_fen))
        .join(t.wage_case, held.id == paid.case_id)
        .where(held.region == code, paid.on > today - timedelta(days=DAYS))
        .group_by(paid.source)
    ).all()
    by_source = tuple(sorted(((source, int(fen or 0)) for source, fen in payments), key=lambda one: -one[1]))
    bonds = [
        int(bond["amount_fen"]) if bond and bond.get("amount_fen") else None
        for bond in connection.execute(select(t.project.c.bond).where(t.project.c.region == code)).scalars()
    ]
    known = [one for one in bonds if one is not None]
    return Money(
        open_cases=int(open_cases),
        open_fen=int(open_fen or 0),
        paid_fen=sum(fen for _, fen in by_source) if by_source else None,
        by_source=by_source,
        projects=len(bonds),
        bonded=len(known),
        bonds_fen=sum(known) if known else None,
    )


def _sources(connection: Connection, code: str) -> tuple[SourceLine, ...]:
    source, state = t.source.c, t.source_state.c
    query = (
        select(source.name, source.outlet, source.region, source.paused, state.newest_item_at)
        .outerjoin(t.source_state, state.source_id == source.id)
        .where(source.region.in_((code, divisions.prefecture_of(code))), source.removed.is_(False))
        .order_by(source.region.desc(), source.name)
        .limit(LINES)
    )
    return tuple(
        SourceLine(row.name, row.outlet, row.region, row.paused, row.newest_item_at)
        for row in connection.execute(query)
    )
