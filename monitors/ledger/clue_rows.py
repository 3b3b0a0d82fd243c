"""Clues (线索) as they are read: one, a list, those that are late, and how punctual the office is with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select

from monitors.access.scope import Scope
from monitors.clock import SHANGHAI, local
from monitors.errors import InputError
from monitors.ledger import record_rows
from monitors.ledger.model import ClueState
from monitors.settings import Settings
from monitors.store import tables as t

SETTLED = (ClueState.CONCLUDED, ClueState.ANSWERED, ClueState.DONE)
UNACCEPTED, UNSETTLED = "逾期未受理", "逾期未核处"


@dataclass(frozen=True, slots=True)
class Clue:
    """One clue as stored; ``case_number`` empty while it is bound to no case."""

    id: int
    number: str
    channel: str
    external_no: str
    region: str
    first_receiver: str
    received_at: datetime
    employer_name: str
    project_name: str
    employer_id: int | None
    summary: str
    persons: int | None
    amount_fen: int | None
    unit: str
    person: str
    target_unit: str
    state: str
    conclusion: str
    due: date | None
    feedback_on: date | None
    feedback_how: str
    case_id: int | None
    case_number: str
    concluded_at: datetime | None
    demo: bool
    created_at: datetime
    updated_at: datetime
    revision: int

    def accept_by(self, settings: Settings) -> date:
        """The last day to accept it or pass it on."""
        return local(self.received_at).date() + timedelta(days=settings.ledger.clue_accept_days)

    def late(self, *, settings: Settings, today: date) -> str:
        """逾期未受理 or 逾期未核处, ``""`` where neither; the last day itself is in time."""
        if self.state in SETTLED:
            return ""
        if self.due is not None and self.due < today:
            return UNSETTLED
        return UNACCEPTED if self.state == ClueState.NEW and self.accept_by(settings) < today else ""


@dataclass(frozen=True, slots=True)
class Punctuality:
    """线索按时核处率 (domain.md 6)."""

    due: int  # clues whose day has come
    in_time: int

    @property
    def rate(self) -> Fraction | None:
        """Concluded by their day ÷ those whose day has come; None where there is none."""
        return Fraction(self.in_time, self.due) if self.due else None


def get(connection: Connection, scope: Scope, clue_id: int) -> Clue:
    """The clue.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(_query().where(t.clue.c.id == clue_id)).mappings().one_or_none()
    if row is None or not scope.covers(row["region"]):
        raise InputError(f"没有编号为 {clue_id} 的线索")
    return _read(row)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    text: str = "",
    region: str = "",
    channels: Sequence[str] = (),
    states: Sequence[str] = (),
    conclusions: Sequence[str] = (),
    late_on: date | None = None,
    settings: Settings | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Clue, ...]:
    """Clues of the reader's division, newest first; ``text`` is sought in numbers, names and content.

    ``late_on``: only those not accepted or not settled by their last day, as of it; ``settings`` say which day that is.
    """
    query = _narrowed(
        _query(), scope, text=text, region=region, channels=channels, states=states, conclusions=conclusions,
        late_on=late_on, settings=settings,
    )  # fmt: skip
    clue = t.clue.c
    query = query.order_by(clue.received_at.desc(), clue.id.desc()).limit(limit).offset(offset)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def counted(connection: Connection, scope: Scope, **asked: Any) -> int:
    """How many clues ``listed`` would give, asked alike, were there no limit."""
    query = _narrowed(select(func.count()).select_from(t.clue), scope, **asked)
    return int(connection.execute(query).scalar_one())


def _narrowed(
    query: Select[Any],
    scope: Scope,
    *,
    text: str = "",
    region: str = "",
    channels: Sequence[str] = (),
    states: Sequence[str] = (),
    conclusions: Sequence[str] = (),
    late_on: date | None = None,
    settings: Settings | None = None,
) -> Select[Any]:
    clue = t.clue.c
    query = record_rows.narrowed(query, clue.region, scope, region)
    if text.strip():
        columns = clue.number, clue.external_no, clue.employer_name, clue.project_name, clue.summary
        query = query.where(or_(*(one.contains(text.strip(), autoescape=True) for one in columns)))
    if channels:
        query = query.where(clue.channel.in_(channels))
    if states:
        query = query.where(clue.state.in_(states))
    if conclusions:
        query = query.where(clue.conclusion.in_(conclusions))
    if late_on is not None and settings is not None:
        query = query.where(_late(settings, late_on))
    return query


def late(
    connection: Connection, scope: Scope, *, settings: Settings, today: date, region: str = ""
) -> tuple[Clue, ...]:
    """Clues not accepted or not settled by their last day, the earliest first; ``Clue.late`` says which."""
    clue = t.clue.c
    query = record_rows.narrowed(_query(), clue.region, scope, region)
    query = query.where(_late(settings, today)).order_by(clue.due, clue.received_at, clue.id)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def punctuality(connection: Connection, scope: Scope, *, today: date, region: str = "") -> Punctuality:
    """How many clues had their day up to ``today``, and how many of those were concluded by it."""
    clue = t.clue.c
    query = record_rows.narrowed(select(clue.due, clue.concluded_at), clue.region, scope, region)
    rows = connection.execute(query.where(clue.due <= today)).all()
    in_time = sum(1 for due, at in rows if at is not None and local(at).date() <= due)
    return Punctuality(len(rows), in_time)


def _late(settings: Settings, today: date) -> ColumnElement[bool]:
    clue = t.clue.c
    first = today - timedelta(days=settings.ledger.clue_accept_days)  # received before it: the day to accept is over
    unaccepted = and_(
        clue.state == ClueState.NEW, clue.received_at < datetime.combine(first, time.min, tzinfo=SHANGHAI)
    )
    return and_(clue.state.not_in(SETTLED), or_(clue.due < today, unaccepted))


def _query() -> Select[Any]:
    joined = t.clue.outerjoin(t.wage_case, t.wage_case.c.id == t.clue.c.case_id)
    return select(t.clue, t.wage_case.c.number.label("case_number")).select_from(joined)


def _read(row: RowMapping) -> Clue:
    values = {name: row[name] for name in Clue.__slots__}
    return Clue(**values | {"case_number": row["case_number"] or ""})
