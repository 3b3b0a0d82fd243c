"""Alerts the ledger does not hold (见报未入账), those it held before the press (入账后见报), and how long before.

The lead (提前量) is first publication minus the earliest acceptance of a linked record, in the office's days: above
nought the office knew before the press did. A case whose own clue came earlier is known since that clue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Row, Select, and_, func, or_, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.clock import SHANGHAI, local
from monitors.opinion.model import LEVEL_NAMES
from monitors.regions import divisions
from monitors.store import tables as t

UNTOLD = ("误报", "并案")  # no arrears, or told by another alert
BEFORE, SAME_DAY, AFTER = "入账后见报", "同日", "先见报后入账"
_EVER = 100_000  # days
_STRETCHES = (
    ("提前 90 天以上", 91, _EVER), ("提前 31–90 天", 31, 90), ("提前 8–30 天", 8, 30), ("提前 1–7 天", 1, 7),
    ("同日", 0, 0), ("滞后 1–7 天", -7, -1), ("滞后 8–30 天", -30, -8), ("滞后 30 天以上", -_EVER, -31),
)  # fmt: skip
_IN_ONE = 500  # ids of one statement


@dataclass(frozen=True, slots=True)
class Asked:
    """Which alerts; empty means "any". ``since`` ≤ day of first publication ≤ ``until``."""

    region: str = ""
    since: date | None = None
    until: date | None = None
    levels: tuple[str, ...] = ()
    text: str = ""

    def words(self) -> str:
        """The active filters for a reader."""
        parts = [f"地区：{divisions.full_name(self.region)}"] if self.region else []
        if self.since or self.until:
            parts.append(f"首发日期：{self.since or '…'} 至 {self.until or '…'}")
        if self.levels:
            parts.append("级别：" + "、".join(LEVEL_NAMES.get(one, one) for one in self.levels))
        if self.text:
            parts.append(f"关键词：{self.text}")
        return "；".join(parts) or "全部"


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert of a list; money in 分."""

    id: int
    number: str
    level: str
    state: str
    title: str
    region: str
    employer: str
    workers: int | None
    amount_fen: int | None
    first_outlet: str
    first_published_at: datetime
    opened_at: datetime
    demo: bool


@dataclass(frozen=True, slots=True)
class Met:
    """An alert with its linked records the reader may see; ``days`` > 0: the ledger knew so many days before."""

    alert: AlertLine
    records: tuple[str, ...]
    known_on: date
    days: int

    @property
    def kind(self) -> str:
        """入账后见报, 同日 or 先见报后入账."""
        return BEFORE if self.days > 0 else AFTER if self.days < 0 else SAME_DAY


@dataclass(frozen=True, slots=True)
class Lead:
    """Ledger and press of one division. ``missing``: real alerts without any link; ``days``: median of the lead."""

    region: str
    missing: int
    before: int
    same_day: int
    after: int
    days: float | None

    @property
    def linked(self) -> int:
        """Alerts with a linked record."""
        return self.before + self.same_day + self.after

    @property
    def share(self) -> Fraction | None:
        """Known before the press ÷ all real alerts, linked or not; None where there is none."""
        whole = self.linked + self.missing
        return Fraction(self.before, whole) if whole else None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows of one question: one page of ``missing`` of ``total``, all ``met``, the ``leads``."""

    missing: tuple[AlertLine, ...]
    total: int
    met: tuple[Met, ...]
    leads: tuple[Lead, ...]


def overview(connection: Connection, actor: Actor, asked: Asked, *, limit: int, offset: int = 0) -> Overview:
    """The lists and the leads of one question.

    Raises:
        RefusedError: as ``not_in_ledger``.
    """
    total, _ = count_not_in_ledger(connection, actor, asked)
    found = met(connection, actor, asked)
    missing = not_in_ledger(connection, actor, asked, limit=limit, offset=offset)
    return Overview(missing, total, found, leads(connection, actor, asked, found))


def not_in_ledger(
    connection: Connection, actor: Actor, asked: Asked, *, limit: int = 50, offset: int = 0
) -> tuple[AlertLine, ...]:
    """Alerts open or closed as real that no standing link ties to the ledger, last published first.

    Raises:
        RefusedError: the role sees no stories, or no ledger.
    """
    _allowed(actor)
    query = _lines().where(*_condition(actor.scope, asked), ~_tied()).order_by(*_ORDER).limit(limit).offset(offset)
    return tuple(_line(row) for row in connection.execute(query))


def count_not_in_ledger(connection: Connection, actor: Actor, asked: Asked) -> tuple[int, int]:
    """How many ``not_in_ledger`` holds, and how many of them are demonstration data."""
    _allowed(actor)
    query = select(func.count(), func.count().filter(t.alert.c.demo.is_(True))).select_from(_JOINED)
    total, demo = connection.execute(query.where(*_condition(actor.scope, asked), ~_tied())).one()
    return total, demo


def met(connection: Connection, actor: Actor, asked: Asked) -> tuple[Met, ...]:
    """Alerts with a linked record of the reader's division, the longest known first.

    Raises:
        RefusedError: as ``not_in_ledger``.
    """
    _allowed(actor)
    rows = connection.execute(_lines().where(*_condition(actor.scope, asked), _tied()).order_by(*_ORDER)).all()
    records = _known(connection, actor.scope, [row.id for row in rows])
    found = []
    for row in rows:
        if not (known := records.get(row.id)):
            continue
        day = min(on for _, on in known)
        lead = (local(row.first_published_at).date() - day).days
        found.append(Met(_line(row), tuple(dict.fromkeys(number for number, _ in known)), day, lead))
    return tuple(sorted(found, key=lambda one: (-one.days, one.alert.number)))


def leads(connection: Connection, actor: Actor, asked: Asked, found: Sequence[Met] | None = None) -> tuple[Lead, ...]:
    """The whole of what is asked first (``region`` is the division asked for), then each part of it that has alerts.

    Parts are prefectures; within one prefecture its counties. What lies nowhere is a part of its own (``""``).
    ``found``: what ``met`` gave for the same question, where that was asked already.

    Raises:
        RefusedError: as ``not_in_ledger``.
    """
    whole = asked.region or actor.region
    found = met(connection, actor, asked) if found is None else found
    missing: dict[str, int] = {}
    query = select(t.story.c.region, func.count()).select_from(_JOINED).group_by(t.story.c.region)
    for region, count in connection.execute(query.where(*_condition(actor.scope, asked), ~_tied())):
        part = _part(region, whole)
        missing[part] = missing.get(part, 0) + count
    parts: dict[str, list[Met]] = {}
    for one in found:
        parts.setdefault(_part(one.alert.region, whole), []).append(one)
    rows = [
        _lead(part, missing.get(part, 0), parts.get(part, ()))
        for part in sorted(missing.keys() | parts.keys(), key=_nowhere_last)
    ]
    return _lead(whole, sum(missing.values()), found), *rows


def _lead(region: str, missing: int, found: Sequence[Met]) -> Lead:
    count = {kind: sum(one.kind == kind for one in found) for kind in (BEFORE, SAME_DAY, AFTER)}
    days = float(median(one.days for one in found)) if found else None
    return Lead(region, missing, count[BEFORE], count[SAME_DAY], count[AFTER], days)


def spread(found: Iterable[Met]) -> tuple[tuple[str, int], ...]:
    """How the leads are spread: words and number of alerts of each stretch of days, the earliest known first."""
    days = [one.days for one in found]
    return tuple((words, sum(low <= one <= high for one in days)) for words, low, high in _STRETCHES)


def _nowhere_last(region: str) -> tuple[bool, str]:
    return not region, region


def _part(region: str, whole: str) -> str:
    return divisions.prefecture_of(region) if whole.endswith("0000") else region


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
_JOINED = t.alert.join(t.story, t.story.c.id == t.alert.c.story_id)
_ORDER = (t.story.c.first_published_at.desc(), t.alert.c.id.desc())


def _allowed(actor: Actor) -> None:
    actor.require("story.view", kind="alert")
    actor.require("ledger.view", kind="alert")


def _lines() -> Select[Any]:
    alert, story = t.alert.c, t.story.c
    return select(
        alert.id, alert.number, alert.level, alert.state, alert.opened_at, alert.demo, story.title, story.region,
        story.employer, story.workers, story.amount_fen, story.first_outlet, story.first_published_at,
    ).select_from(_JOINED)  # fmt: skip


def _line(row: Row[Any]) -> AlertLine:
    return AlertLine(**row._asdict() | {"employer": row.employer or ""})


def _tied() -> ColumnElement[bool]:
    """Whether a standing link ties it, or an alert that went into it, over any number of 并案."""
    one, into = t.alert_link.c, t.alert.alias("into")
    tied = select(one.alert_id.label("id")).where(one.ended_at.is_(None)).cte("tied", recursive=True)
    masters = select(into.c.master_id).join(tied, into.c.id == tied.c.id).where(into.c.master_id.is_not(None))
    tied = tied.union(masters)  # not UNION ALL: a ring, should there ever be one, ends
    return t.alert.c.id.in_(select(tied.c.id))


def _condition(scope: Scope, asked: Asked) -> list[ColumnElement[bool]]:
    alert, story = t.alert.c, t.story.c
    found = [scope.stories(), alert.state.not_in(UNTOLD)]
    if asked.region and asked.region != scope.region:
        found.append(and_(within(story.region, asked.region)))
    if asked.since:
        found.append(story.first_published_at >= _midnight(asked.since))
    if asked.until:
        found.append(story.first_published_at < _midnight(asked.until + timedelta(days=1)))
    if asked.levels:
        found.append(alert.level.in_(asked.levels))
    if asked.text:
        held = (story.title, story.employer, alert.number)
        found.append(or_(*(one.icontains(asked.text, autoescape=True) for one in held)))
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)


def _known(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, list[tuple[str, date]]]:
    """Alert → number and day of each record that ties it or one merged into it, of the reader's part of the ledger."""
    found: dict[int, list[tuple[str, date]]] = {}
    for start in range(0, len(ids), _IN_ONE):
        part = ids[start : start + _IN_ONE]
        for alert_id, number, region, at in _records(connection, part):
            if scope.covers(region):
                on = local(at).date() if isinstance(at, datetime) else at
                found.setdefault(alert_id, []).append((number, on))
    return found


def _records(connection: Connection, ids: Sequence[int]) -> Iterable[tuple[int, str, str, date]]:
    one, case, clue = t.alert_link.c, t.wage_case.c, t.clue.c
    family = _family(ids)
    links = family.join(t.alert_link, and_(one.alert_id == family.c.id, one.ended_at.is_(None)))
    cases = links.join(t.wage_case, and_(one.kind == "case", case.id == one.record_id))
    clues = links.join(t.clue, and_(one.kind == "clue", clue.id == one.record_id))
    of_cases = cases.join(t.clue, clue.case_id == case.id)  # the clue the case grew from
    for query in (
        select(family.c.master, case.number, case.region, case.accepted_on).select_from(cases),
        select(family.c.master, clue.number, clue.region, clue.received_at).select_from(clues),
        select(family.c.master, case.number, clue.region, clue.received_at).select_from(of_cases),
    ):
        yield from (tuple(row) for row in connection.execute(query.order_by(one.at, one.id)))


def _family(ids: Sequence[int]) -> CTE:
    """Each of these alerts (``master``) with itself and all that went into it (``id``)."""
    alert, into = t.alert.c, t.alert.alias("into")
    family = select(alert.id.label("master"), alert.id.label("id")).where(alert.id.in_(ids))
    found = family.cte("family", recursive=True)
    return found.union(select(found.c.master, into.c.id).join(found, into.c.master_id == found.c.id))
