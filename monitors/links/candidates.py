"""Cases and open clues that may be the matter a story tells of (候选台账记录), with confidence and reasons.

Every query is bounded by the story's prefecture and the reader's part of the province; names are compared in memory,
those of firms with a case there only. Offered to a person, never linked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from monitors.access.actor import Actor
from monitors.access.scope import PROVINCE, within
from monitors.clock import SHANGHAI, local
from monitors.desk import alerts
from monitors.desk.alerts import Alert
from monitors.ledger import employers
from monitors.ledger.model import OVER_CASE, ClueState, Record
from monitors.links import signs
from monitors.links.signs import Known, Told
from monitors.regions import divisions
from monitors.store import tables as t

MOST = 8  # offered at once
_FIRMS, _SITES = 20, 30  # the likeliest of each whose cases are looked at
_CASES = 400  # of each way to find them, the newest
_BEFORE, _AFTER = timedelta(days=60), timedelta(days=90)  # around first publication, where no name leads to the case
_REPORTS, _CHARS = 12, 4_000  # of a story, that are read for names


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record that may be the matter; ``on`` is when it was accepted or received, money in 分."""

    kind: Record
    id: int
    number: str
    region: str
    state: str
    employer: str
    project: str
    persons: int | None
    amount_fen: int | None
    on: date
    confidence: float
    reasons: tuple[str, ...]
    demo: bool


def candidates(connection: Connection, actor: Actor, alert_id: int, *, limit: int = MOST) -> tuple[Candidate, ...]:
    """The likeliest records first; none that is linked already, none below ``signs.SHOWN``.

    Raises:
        RefusedError: no such alert for this person, or the role does not see the ledger.
    """
    alert = alerts.get(connection, actor, alert_id)
    actor.require("ledger.view", kind="alert", target=alert.number)
    told, area = heard(connection, alert), area_of(actor, alert.region)
    linked = _linked(connection, alert.id)
    found = [
        one
        for one in (*_cases(connection, told, area), *_clues(connection, told, area))
        if one.confidence >= signs.SHOWN and (str(one.kind), one.id) not in linked
    ]
    found.sort(key=lambda one: (-one.confidence, -one.on.toordinal(), one.number))
    return tuple(found[:limit])


def area_of(actor: Actor, region: str) -> str:
    """Where to look: the story's prefecture, all the reader sees where the story has none; a county its own."""
    above = divisions.prefecture_of(region) if region else ""
    return above if above and actor.scope.covers(above) else actor.region


def heard(connection: Connection, alert: Alert) -> Told:
    """What the story's reports say, for comparing."""
    item = t.item.c
    texts = connection.execute(
        select(item.title, func.substr(item.text, 1, _CHARS))
        .where(item.story_id == alert.story_id, item.relevant.is_(True))
        .order_by(item.published_at, item.id)
        .limit(_REPORTS)
    )
    whole = "\n".join([alert.title, *(f"{title}\n{text}" for title, text in texts)])
    plain = employers.bare_name(whole)
    return Told(
        region=alert.region,
        employer=alert.employer or "",
        text=plain,
        workers=alert.workers,
        amount_fen=alert.amount_fen,
        first_on=local(alert.first_published_at).date(),
        also=_aliases(connection, alert.employer or "", plain),
    )


def _aliases(connection: Connection, employer: str, text: str) -> tuple[str, ...]:
    """Full names that the office's list of aliases (别名) gives for a word of the story; the newest list counts."""
    rules = t.rule_set.c
    held = connection.scalar(select(rules.aliases).order_by(rules.id.desc()).limit(1)) or []
    short = signs.bare(employer) if employer else ""
    return tuple(
        str(one.get("means", ""))
        for one in held
        if isinstance(one, dict) and (word := signs.bare(str(one.get("word", "")))) and (word == short or word in text)
    )


def _linked(connection: Connection, alert_id: int) -> set[tuple[str, int]]:
    link = t.alert_link.c
    rows = connection.execute(
        select(link.kind, link.record_id).where(link.alert_id == alert_id, link.ended_at.is_(None))
    )
    return {(str(Record.CASE if kind == "case" else Record.CLUE), record_id) for kind, record_id in rows}


# ── cases ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _cases(connection: Connection, told: Told, area: str) -> Iterator[Candidate]:
    case = t.wage_case.c
    inside = _inside(case.region, area)
    firms = _likely_firms(connection, told, area)
    sites = _likely_sites(connection, told, area)
    ways: list[Sequence[ColumnElement[bool]]] = []
    if firms:
        ways.append([case.employer_id.in_(firms)])
    if sites:
        ways.append([case.project_id.in_(sites)])
    if told.region and not told.region.endswith("00"):
        ways.append(
            [case.region == told.region, case.accepted_on.between(told.first_on - _BEFORE, told.first_on + _AFTER)]
        )
    ids: set[int] = set()
    for way in ways:
        ids |= set(connection.scalars(select(case.id).where(inside, *way).order_by(case.id.desc()).limit(_CASES)))
    for row in _case_rows(connection, sorted(ids)):
        confidence, reasons = signs.weigh(told, _known(row))
        yield Candidate(
            Record.CASE, row.id, row.number, row.region, row.state, row.employer, row.project or "",
            row.verified_workers if row.verified_workers is not None else row.claimed_workers,
            row.verified_fen if row.verified_fen is not None else row.claimed_fen,
            row.accepted_on, confidence, reasons, row.demo,
        )  # fmt: skip


def _inside(column: ColumnElement[str], area: str) -> ColumnElement[bool]:
    return within(column, area)


def _likely_firms(connection: Connection, told: Told, area: str) -> list[int]:
    """Employers with a case in the area whose name is like the story's, the likeliest first."""
    firm, case = t.employer.c, t.wage_case.c
    query = select(firm.id, firm.name)
    if area != PROVINCE:
        query = query.where(firm.id.in_(select(case.employer_id).where(_inside(case.region, area))))
    firms = connection.execute(query).tuples().all()
    alike = signs.likenesses(told.names, told.text, {name for _, name in firms})
    marks = {key: alike[name] for key, name in firms if name in alike}
    return sorted(marks, key=lambda one: (-marks[one], one))[:_FIRMS]


def _likely_sites(connection: Connection, told: Told, area: str) -> list[int]:
    """Projects in the area that the reports name, or whose contractor or developer they do."""
    site, firm = t.project.c, t.employer.c
    query = select(site.id, site.name, site.developer, firm.name).select_from(
        t.project.outerjoin(t.employer, firm.id == site.contractor_id)
    )
    if area != PROVINCE:  # read in its own order the whole table takes a third of the time
        query = query.where(_inside(site.region, area))
    sites = connection.execute(query).tuples().all()
    parties = {party for _, _, *both in sites for party in both if party}
    alike = signs.likenesses(told.names, told.text, parties)
    marks: dict[int, int] = {}
    for key, name, developer, contractor in sites:
        mark = max(alike.get(developer, 0), alike.get(contractor, 0))
        if signs.mentioned(name, told.text):
            mark = 100
        if mark:
            marks[key] = mark
    return sorted(marks, key=lambda one: (-marks[one], one))[:_SITES]


def _case_rows(connection: Connection, ids: Sequence[int]) -> Iterator[Row[Any]]:
    case, contractor = t.wage_case.c, t.employer.alias("contractor")
    query: Select[Any] = (
        select(
            case.id, case.number, case.region, case.state, case.accepted_on, case.occurred_on, case.period_from,
            case.period_to, case.claimed_workers, case.claimed_fen, case.verified_workers, case.verified_fen,
            case.closed_on, case.updated_at, case.demo, t.employer.c.name.label("employer"),
            t.project.c.name.label("project"), t.project.c.developer, contractor.c.name.label("contractor"),
        )
        .select_from(
            t.wage_case.join(t.employer, t.employer.c.id == case.employer_id)
            .outerjoin(t.project, t.project.c.id == case.project_id)
            .outerjoin(contractor, contractor.c.id == t.project.c.contractor_id)
        )
    )  # fmt: skip
    for start in range(0, len(ids), 500):
        yield from connection.execute(query.where(case.id.in_(ids[start : start + 500]))).all()


def _known(row: Row[Any]) -> Known:
    over = None
    if row.state in OVER_CASE:
        over = row.closed_on or local(row.updated_at).date()
    return Known(
        region=row.region,
        employer=row.employer,
        project=row.project or "",
        contractor=row.contractor or "",
        developer=row.developer or "",
        persons=tuple(one for one in (row.claimed_workers, row.verified_workers) if one),
        amounts=tuple(one for one in (row.claimed_fen, row.verified_fen) if one),
        on=row.accepted_on,
        occurred=row.occurred_on,
        period=(row.period_from, row.period_to),
        over_on=over,
    )


# ── clues ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _clues(connection: Connection, told: Told, area: str) -> Iterator[Candidate]:
    """Clues not yet 办结 and bound to no case, received around the first report."""
    clue = t.clue.c
    first = datetime.combine(told.first_on, time.min, tzinfo=SHANGHAI)
    rows = connection.execute(
        select(
            clue.id, clue.number, clue.region, clue.state, clue.employer_name, clue.project_name, clue.persons,
            clue.amount_fen, clue.received_at, clue.demo, t.employer.c.name.label("registered"),
        )
        .select_from(t.clue.outerjoin(t.employer, t.employer.c.id == clue.employer_id))
        .where(
            _inside(clue.region, area),
            clue.received_at.between(first - 2 * _AFTER, first + _AFTER),
            clue.state != ClueState.DONE,
            clue.case_id.is_(None),
        )
        .order_by(clue.received_at.desc())
        .limit(_CASES)
    )  # fmt: skip
    for row in rows:
        firm, on = row.registered or row.employer_name, local(row.received_at).date()
        known = Known(
            row.region, firm, row.project_name, persons=(row.persons,) if row.persons else (),
            amounts=(row.amount_fen,) if row.amount_fen else (), on=on,
        )  # fmt: skip
        confidence, reasons = signs.weigh(told, known)
        yield Candidate(
            Record.CLUE, row.id, row.number, row.region, row.state, firm, row.project_name, row.persons,
            row.amount_fen, on, confidence, reasons, row.demo,
        )  # fmt: skip
