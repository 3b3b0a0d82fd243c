"""The queue of the alert desk: which alerts, whose, what is due next and what is late; one page of it at a time.

What stands open is found by the state's index, so that a hundred thousand alerts of the past cost a look nothing. A
limit (时限) counts while its duty is open: one table here decides it, for the conditions and for the countdowns alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from monitors.access.actor import Actor
from monitors.clock import SHANGHAI
from monitors.desk.queue_clocks import CLOCKS, Due, duties, standing
from monitors.opinion import search
from monitors.opinion.board import place_name, short_place
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES, CLOSED_STATES, LEVEL_NAMES
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.columns import Moment
from monitors.store.desk_tables import alert_link, response

Tab = Literal["待签收", "我的", "待批", "超时", "在办", "全部"]
TABS: tuple[Tab, ...] = ("待签收", "我的", "待批", "超时", "在办", "全部")
ORDERS = ("先到期在前", "级别高在前", "最新在前")
LINKED = ("已关联", "未关联")
MAX_IDS = 500  # one statement's worth of bound values
NEW_STATE = "新警情"
_TEXT_CHARS = 60
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Query:
    """Which alerts, in which order. Empty means "any". ``clock`` narrows to those late by that limit."""

    tab: Tab = "在办"
    text: str = ""
    region: str = ""
    levels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: date | None = None  # opened on this day or later, on the office's clock
    until: date | None = None  # … or earlier, that day included
    linked: str = ""
    clock: str = ""
    order: str = ORDERS[0]
    ids: tuple[int, ...] = ()  # these alone: an export of what was ticked

    def params(self) -> dict[str, str]:
        """The query as parameters of an address; what says nothing is left out."""
        found: dict[str, str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value != one.default and one.name != "ids":
                found[one.name] = ",".join(value) if isinstance(value, tuple) else str(value)
        return found

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Query:
        """A query from an address; what cannot be understood is dropped, never an error."""
        told = {name: params.get(name, "").strip() for name in cls.__slots__}
        one_of = {"tab": (TABS, "在办"), "linked": (LINKED, ""), "clock": (CLOCKS, ""), "order": (ORDERS, ORDERS[0])}
        values: dict[str, Any] = {
            name: told[name] if told[name] in choices else default for name, (choices, default) in one_of.items()
        }
        values["text"] = _plain(told["text"])[:_TEXT_CHARS]
        values["region"] = told["region"] if divisions.by_code(told["region"]) is not None else ""
        values["levels"] = tuple(one for one in ALERT_LEVELS if one in told["levels"].split(","))
        values["states"] = tuple(one for one in ALERT_STATES if one in told["states"].split(","))
        values |= {name: _day(told[name]) for name in ("since", "until")}
        return cls(**values)

    def words(self) -> str:
        """The filters as an export names them."""
        parts = [f"范围：{self.tab}"]
        if self.levels:
            parts.append("级别：" + "、".join(LEVEL_NAMES.get(one, one) for one in self.levels))
        if self.states:
            parts.append("状态：" + "、".join(self.states))
        if self.region:
            parts.append(f"地区：{divisions.full_name(self.region)}")
        if self.since or self.until:
            parts.append(f"发出日期：{self.since or '…'} 至 {self.until or '…'}")
        if self.clock:
            parts.append(f"超时时限：{self.clock}")
        if self.linked:
            parts.append(f"台账：{self.linked}")
        if self.text:
            parts.append(f"关键词：{self.text}")
        if self.ids:
            parts.append(f"所选警情 {len(self.ids)} 起")
        return "；".join(parts)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One alert of the list. Money in 分; times aware UTC; ``dues`` soonest first, only duties still open."""

    id: int
    number: str
    revision: int
    story_id: int
    title: str
    matched: tuple[str, ...]
    level: str
    state: str
    region: str
    place: str
    place_short: str
    workers: int | None
    amount_fen: int | None
    employer: str
    reports: int
    outlets: int
    opened_at: datetime
    raised: bool  # 提级: the level rose since it was opened
    holder: str  # who signed for it, or whom it was given to
    unit: str
    person: str
    dues: tuple[Due, ...]
    merged: int  # alerts that went into this one
    answered: bool  # an answer is published
    linked: int  # standing links to cases and clues
    waiting: str  # the state that waits for a second person's word, "" for none
    demo: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, how many match in all, and how many each tab holds under the same filters."""

    rows: tuple[QueueRow, ...]
    total: int
    tabs: Mapping[str, int]


def page(connection: Connection, actor: Actor, query: Query, *, now: datetime, limit: int, offset: int = 0) -> Page:
    """One page of the queue as ``actor`` may see it.

    Raises:
        RefusedError: the role sees no alerts.
    """
    actor.require("story.view", kind="alert")
    rows = connection.execute(
        selected()
        .where(*conditions(actor, query, now), _in_tab(actor, query.tab, now))
        .order_by(*order(connection, query))
        .limit(limit)
        .offset(offset)
    ).all()
    tabs = _counts(connection, actor, query, now)
    return Page(tuple(row_of(row) for row in rows), tabs[query.tab], tabs)


def conditions(actor: Actor, query: Query, now: datetime) -> list[ColumnElement[bool]]:
    """Scope and filters, the tab apart, as conditions on ``alert`` joined with its ``story``."""
    alert, found = t.alert.c, [actor.scope.stories()]
    if query.ids:
        found.append(alert.id.in_(query.ids[:MAX_IDS]))
    if query.levels:
        found.append(alert.level.in_(query.levels))
    if query.states:
        found.append(alert.state.in_(query.states))
    if query.since:
        found.append(alert.opened_at >= datetime.combine(query.since, time(), SHANGHAI))
    if query.until:
        found.append(alert.opened_at < datetime.combine(query.until, time(), SHANGHAI) + timedelta(days=1))
    if query.region:
        found.append(search.region_condition(actor.scope, t.story.c.region, query.region))
    if query.text:
        held = (t.story.c.title, t.story.c.employer, alert.number, alert.unit, alert.person)
        found.append(or_(*(place.icontains(query.text, autoescape=True) for place in held)))
    if query.linked:
        linked = exists().where(alert_link.c.alert_id == alert.id, alert_link.c.ended_at.is_(None))
        found.append(linked if query.linked == LINKED[0] else ~linked)
    if query.clock:
        found.append(and_(_open(), late(query.clock, now)))
    return found


def in_tab(actor: Actor, query: Query, now: datetime) -> list[ColumnElement[bool]]:
    """Scope, filters and tab together: what an export of this list holds."""
    return [*conditions(actor, query, now), _in_tab(actor, query.tab, now)]


def late(clock: str, now: datetime) -> ColumnElement[bool]:
    """Whether the duty of ``clock`` is open and its time has run out."""
    duty = duties()[clock]
    return and_(duty.open, duty.due < now)


def _open() -> ColumnElement[bool]:
    return t.alert.c.state.in_([state for state in ALERT_STATES if state not in CLOSED_STATES])


def _in_tab(actor: Actor, tab: str, now: datetime) -> ColumnElement[bool]:
    if tab == "全部":
        return true()
    return and_(_open(), _narrowed(actor, tab, now))


def _narrowed(actor: Actor, tab: str, now: datetime) -> ColumnElement[bool]:
    """What a tab asks of an alert known to be open."""
    if tab == "待签收":
        return t.alert.c.state == NEW_STATE
    if tab == "待批":
        return t.alert.c.proposal.is_not(None)
    if tab == "超时":
        return or_(*(late(clock, now) for clock in CLOCKS))
    if tab == "我的":
        return _mine(actor)
    return true()


def _mine(actor: Actor) -> ColumnElement[bool]:
    """Those in one's own hands, and those whose proposal waits for oneself."""
    if actor.account_id is None:
        return false()
    held = t.alert.c.holder_id == actor.account_id
    if not actor.may("alert.approve"):
        return held
    return or_(
        held, and_(t.alert.c.proposal.is_not(None), t.alert.c.proposal["by_id"].as_integer() != actor.account_id)
    )


def _counts(connection: Connection, actor: Actor, query: Query, now: datetime) -> dict[str, int]:
    """How many each tab holds under the filters, in one statement; what is open is found by the state's index."""
    wanted = conditions(actor, query, now)
    everything = select(func.count()).select_from(_joined(actor, query)).where(*wanted).scalar_subquery()
    narrowed = [
        func.count(case((_narrowed(actor, tab, now), 1))).label(f"n{index}") for index, tab in enumerate(TABS[:-1])
    ]
    row = connection.execute(
        select(*narrowed, everything.label("every")).select_from(_joined(actor, query)).where(_open(), *wanted)
    ).one()
    return dict(zip(TABS, map(int, row), strict=True))


def _joined(actor: Actor, query: Query) -> Any:
    """The story is asked only where something hangs on it: counting all alerts then needs no second table."""
    if actor.scope.everything and not (query.region or query.text):
        return t.alert
    return t.alert.join(t.story, t.story.c.id == t.alert.c.story_id)


_RANK = case({level: rank for rank, level in enumerate(ALERT_LEVELS)}, value=t.alert.c.level, else_=len(ALERT_LEVELS))


def order(connection: Connection, query: Query) -> tuple[ColumnElement[Any], ...]:
    """What the rows are ordered by; the last part makes the order whole."""
    alert = t.alert.c
    newest = (alert.opened_at.desc(), alert.id.desc())
    if query.order == "最新在前":
        return newest
    if query.order == "级别高在前":
        return (_RANK, alert.raised_at.desc(), alert.id.desc())
    far = literal(_NEVER, Moment())
    dues = [func.coalesce(standing(duty), far) for duty in duties().values()]
    soonest: ColumnElement[Any] = func.min(*dues) if connection.dialect.name == "sqlite" else func.least(*dues)
    # What is closed has no limit any more and need not be asked for one.
    return (case((_open(), soonest), else_=far), _RANK, *newest)


def selected() -> Any:
    """The select of a ``QueueRow``, on ``alert`` joined with its ``story``, to be narrowed and ordered."""
    alert, story = t.alert.c, t.story.c
    into = t.alert.alias("into")
    return select(
        alert.id, alert.number, alert.revision, alert.story_id, alert.level, alert.state, alert.opened_at,
        alert.raised_at, alert.signed_by, alert.unit, alert.person, alert.demo,
        case((alert.proposal.is_not(None), alert.proposal["to"].as_string()), else_="").label("waiting"),
        story.title, story.matched, story.region, story.workers, story.amount_fen, story.employer,
        story["items"].label("reports"), story.outlets,
        select(t.account.c.display).where(t.account.c.id == alert.holder_id).scalar_subquery().label("holder"),
        select(func.count()).where(into.c.master_id == alert.id).scalar_subquery().label("merged"),
        select(func.count())
        .where(alert_link.c.alert_id == alert.id, alert_link.c.ended_at.is_(None))
        .scalar_subquery()
        .label("linked"),
        exists().where(response.c.alert_id == alert.id, response.c.state == "已发布").label("answered"),
        *(standing(duty).label(f"due_{index}") for index, duty in enumerate(duties().values())),
    ).select_from(t.alert.join(t.story, story.id == alert.story_id))  # fmt: skip


def row_of(row: Row[Any]) -> QueueRow:
    """One line as selected."""
    closed = row.state in CLOSED_STATES
    dues = [Due(clock, getattr(row, f"due_{index}")) for index, clock in enumerate(CLOCKS)]
    return QueueRow(
        id=row.id,
        number=row.number,
        revision=row.revision,
        story_id=row.story_id,
        title=row.title,
        matched=tuple(str(word) for word in row.matched or ()),
        level=row.level,
        state=row.state,
        region=row.region,
        place=place_name(row.region),
        place_short=short_place(row.region),
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=row.employer or "",
        reports=row.reports,
        outlets=row.outlets,
        opened_at=row.opened_at,
        raised=row.raised_at > row.opened_at,
        holder=row.holder or row.signed_by or "",
        unit=row.unit,
        person=row.person,
        dues=() if closed else tuple(sorted((one for one in dues if one.at is not None), key=lambda one: one.at)),
        merged=row.merged,
        answered=bool(row.answered),
        linked=row.linked,
        waiting=row.waiting or "",
        demo=bool(row.demo),
    )


def chosen(connection: Connection, actor: Actor, ids: Sequence[int]) -> tuple[QueueRow, ...]:
    """Those of the alerts ``ids`` that ``actor`` may see, in the order of their numbers."""
    rows = connection.execute(
        selected().where(t.alert.c.id.in_(tuple(ids)[:MAX_IDS]), actor.scope.stories()).order_by(t.alert.c.id)
    )
    return tuple(row_of(row) for row in rows)


def _plain(text: str) -> str:
    """Without what no database takes: NUL, lone surrogates."""
    return "".join(one for one in text if one.isprintable())


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= date(2100, 12, 31) else None
