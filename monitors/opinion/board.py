"""What the live page 实时值班 asks of the store: heartbeat, counts, open alerts, sources in trouble.

Every function takes an open read connection, the reader's scope (辖区) where it asks for reports, stories or alerts,
and ``now``; it changes nothing and returns frozen records, so that one screen is drawn from one consistent snapshot.
One story with all its reports: ``monitors.opinion.dossier``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    select,
)

from monitors.access.scope import PROVINCE, Scope
from monitors.opinion import heartbeat, source_rows
from monitors.opinion.model import ALERT_LEVELS, CLOSED_STATES
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store.tables import alert, item, meta, story

NEW_STATE = "新警情"
URGENT_LEVELS = ("I", "II")
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Strip:
    """The heartbeat strip: ``state`` colours it, ``words`` say how the watch is, ``advice`` what to do (or ``""``)."""

    state: heartbeat.State
    words: str
    advice: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """How many sources are watched, how many of them are red (故障) and yellow (注意); ``names`` with the reason."""

    watched: int
    bad: int
    warn: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelCount:
    """Open alerts of one level and how many of them nobody has signed for."""

    level: str
    open: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of the last ``len(hours)`` clock hours, the present one included, and the alerts now open.

    ``hours`` are the hours' beginnings (UTC); the series beside them add up to the totals.
    """

    hours: tuple[datetime, ...]
    reports: tuple[int, ...]
    relevant: tuple[int, ...]
    stories: tuple[int, ...]
    alerts: tuple[int, ...]
    levels: tuple[LevelCount, ...]
    overdue: int

    @property
    def open(self) -> int:
        return sum(row.open for row in self.levels)

    @property
    def unsigned(self) -> int:
        return sum(row.unsigned for row in self.levels)


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """One alert still to be worked on, with its story. Money in 分; times aware UTC."""

    id: int
    number: str
    story_id: int
    level: str
    score: int
    state: str
    title: str
    matched: tuple[str, ...]
    kind: str | None
    stance: str
    sentiment: float
    region: str
    place: str
    place_short: str
    workers: int | None
    amount_fen: int | None
    employer: str | None
    reports: int
    outlets: int
    first_outlet: str
    first_published_at: datetime
    first_seen_at: datetime
    opened_at: datetime
    raised_at: datetime
    sign_due_at: datetime
    public_due_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    demo: bool


@dataclass(frozen=True, slots=True)
class PrefectureCount:
    """Open alerts of one prefecture or county by level (order of ``ALERT_LEVELS``); code ``""`` is 未定位, 未定到县."""

    code: str
    name: str
    levels: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.levels)


@dataclass(frozen=True, slots=True)
class HourLevel:
    """Relevant reports fetched in one hour at one level (关注 included)."""

    hour: datetime
    level: str
    reports: int


def elapsed_words(seconds: float) -> str:
    """A length of time as a person on duty says it: ``12 秒``, ``7 分钟``, ``3 小时 20 分``, ``2 天 5 小时``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} 秒"
    if whole < _HOUR:
        return f"{whole // 60} 分钟"
    if whole < 24 * _HOUR:
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    days, hours = divmod(whole // _HOUR, 24)
    return f"{days} 天 {hours} 小时" if hours else f"{days} 天"


def place_name(code: str) -> str:
    """The place as shown to a reader; a code the gazetteer does not know is shown as it is."""
    if not code:
        return "未定位"
    if code == PROVINCE:
        return "云南（未定位）"
    return divisions.full_name(code) or code


_ADVICE: dict[heartbeat.State, str] = {
    "ok": "",
    "stopped": "请重新启动系统；仍不恢复请运行 python -m monitors check 并通知管理员。停止期间的报道恢复后自动补抓。",
    "never": "启动系统（./run）后监测自动开始，本页自行恢复，无需刷新。",
}


def short_place(code: str) -> str:
    """The place in its everyday form, without ethnic names: 普洱市孟连县; for narrow columns."""
    if not code.startswith("53") or code == PROVINCE:
        return place_name(code)  # elsewhere the province has to be said: 广东省梅州市五华县
    prefecture = divisions.prefecture_of(code)
    above = divisions.short_name(prefecture) if prefecture != divisions.current_code(code) else ""
    return f"{above}{divisions.short_name(code)}" or code


def strip(connection: Connection, settings: Settings, now: datetime) -> Strip:
    """Is the watch alive, and what to do where it is not."""
    found = heartbeat.pulse(connection, settings, now)
    return Strip(found.state, found.words, _ADVICE[found.state])


def troubled_sources(connection: Connection, settings: Settings, now: datetime, *, names: int = 8) -> Trouble:
    """Sources on duty in trouble, judged as the page 监测源 judges them; the red ones first."""
    judged = [(row.source.name, row.health(settings.watch, now)) for row in source_rows.list_sources(connection)]
    watched = [(name, health) for name, health in judged if health.level != "off"]
    bad = [f"{name}：{health.words}" for name, health in watched if health.level == "bad"]
    warn = [f"{name}：{health.words}" for name, health in watched if health.level == "warn"]
    return Trouble(len(watched), len(bad), len(warn), tuple((bad + warn)[:names]))


def window(settings: Settings, now: datetime) -> tuple[datetime, ...]:
    """Beginnings of the clock hours that the counts cover, oldest first; the last is the present hour."""
    last = now.replace(minute=0, second=0, microsecond=0)
    return tuple(last - timedelta(hours=back) for back in reversed(range(settings.duty.window_hours)))


def _hour(connection: Connection, column: ColumnElement[datetime]) -> ColumnElement[int]:
    """Whole hours since 1970 of a stored moment, in the database's own words."""
    if connection.dialect.name == "sqlite":
        # Division of integers is whole in SQLite; SQLAlchemy's // would add a FLOOR that plain builds lack.
        return cast(func.strftime("%s", column), Integer).op("/")(_HOUR)
    return cast(func.floor(extract("epoch", column) / _HOUR), Integer)


_ALERTS = alert.join(story, story.c.id == alert.c.story_id)


def _series(rows: Sequence[Any], index: int, hours: Sequence[datetime]) -> tuple[int, ...]:
    found = {int(row[0]): int(row[index] or 0) for row in rows}
    return tuple(found.get(int(hour.timestamp()) // _HOUR, 0) for hour in hours)


def counts(connection: Connection, scope: Scope, settings: Settings, now: datetime) -> Counts:
    """The metric cards: reports, relevant ones, new stories and alerts by hour, and what is open now."""
    hours = window(settings, now)
    start = hours[0]
    of_item, of_story, of_alert = (
        _hour(connection, column) for column in (item.c.fetched_at, story.c.first_seen_at, alert.c.opened_at)
    )
    relevant = func.sum(case((item.c.relevant, 1), else_=0))
    items = connection.execute(
        select(of_item, func.count(), relevant)
        .where(item.c.fetched_at >= start, scope.items(tested=True))
        .group_by(of_item)
    ).all()
    # last_seen_at is indexed and never earlier than first_seen_at: it narrows before the second test decides.
    # One without reports was merged into another or judged to be about something else: it is no event of its own.
    fresh = and_(story.c.last_seen_at >= start, story.c.first_seen_at >= start, story.c["items"] > 0)
    stories = connection.execute(select(of_story, func.count()).where(fresh, scope.stories()).group_by(of_story)).all()
    opened = connection.execute(
        select(of_alert, func.count())
        .select_from(_ALERTS)
        .where(alert.c.opened_at >= start, scope.stories())
        .group_by(of_alert)
    ).all()
    unsigned = alert.c.state == NEW_STATE
    late = and_(unsigned, alert.c.sign_due_at < now)
    found = {
        row[0]: row
        for row in connection.execute(
            select(
                alert.c.level,
                func.count(),
                func.sum(case((unsigned, 1), else_=0)),
                func.sum(case((late, 1), else_=0)),
            )
            .select_from(_ALERTS)
            .where(alert.c.state.not_in(CLOSED_STATES), scope.stories())
            .group_by(alert.c.level)
        )
    }
    return Counts(
        hours=hours,
        reports=_series(items, 1, hours),
        relevant=_series(items, 2, hours),
        stories=_series(stories, 1, hours),
        alerts=_series(opened, 1, hours),
        levels=tuple(
            LevelCount(level, int(found[level][1]), int(found[level][2])) if level in found else LevelCount(level, 0, 0)
            for level in ALERT_LEVELS
        ),
        overdue=sum(int(row[3]) for row in found.values()),
    )


_RANK = case({level: rank for rank, level in enumerate(ALERT_LEVELS)}, value=alert.c.level, else_=len(ALERT_LEVELS))
_STORY_COLUMNS = (
    story.c.title,
    story.c.matched,
    story.c.kind,
    story.c.stance,
    story.c.sentiment,
    story.c.region,
    story.c.workers,
    story.c.amount_fen,
    story.c.employer,
    story.c["items"],
    story.c.outlets,
    story.c.first_outlet,
    story.c.first_published_at,
    story.c.first_seen_at,
)


def open_alerts(
    connection: Connection, scope: Scope, *, level: str = "", unsigned_only: bool = False, limit: int, offset: int = 0
) -> tuple[OpenAlert, ...]:
    """Open alerts, the gravest level first, within a level the newest or last raised first.

    ``level`` narrows to one level (``""`` all), ``unsigned_only`` to those nobody has signed for.
    """
    wanted: list[ColumnElement[bool]] = [alert.c.state.not_in(CLOSED_STATES), scope.stories()]
    if level:
        wanted.append(alert.c.level == level)
    if unsigned_only:
        wanted.append(alert.c.state == NEW_STATE)
    rows = connection.execute(
        select(alert, *_STORY_COLUMNS)
        .select_from(_ALERTS)
        .where(*wanted)
        .order_by(_RANK, alert.c.raised_at.desc(), alert.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).mappings()
    return tuple(_open_alert(row) for row in rows)


def _open_alert(row: Mapping[Any, Any]) -> OpenAlert:
    return OpenAlert(
        id=row["id"],
        number=row["number"],
        story_id=row["story_id"],
        level=row["level"],
        score=row["score"],
        state=row["state"],
        title=row["title"],
        matched=tuple(str(word) for word in row["matched"] or ()),
        kind=row["kind"],
        stance=row["stance"],
        sentiment=row["sentiment"],
        region=row["region"],
        place=place_name(row["region"]),
        place_short=short_place(row["region"]),
        workers=row["workers"],
        amount_fen=row["amount_fen"],
        employer=row["employer"],
        reports=row["items"],
        outlets=row["outlets"],
        first_outlet=row["first_outlet"],
        first_published_at=row["first_published_at"],
        first_seen_at=row["first_seen_at"],
        opened_at=row["opened_at"],
        raised_at=row["raised_at"],
        sign_due_at=row["sign_due_at"],
        public_due_at=row["public_due_at"],
        signed_by=row["signed_by"],
        signed_at=row["signed_at"],
        demo=bool(row["demo"]),
    )


def alarm(connection: Connection, scope: Scope) -> tuple[datetime, str] | None:
    """When a red or orange alert last came or was raised, and its level; the page sounds when this moves on."""
    row = connection.execute(
        select(alert.c.raised_at, alert.c.level)
        .select_from(_ALERTS)
        .where(alert.c.level.in_(URGENT_LEVELS), alert.c.state.not_in(CLOSED_STATES), scope.stories())
        .order_by(alert.c.raised_at.desc(), _RANK)
        .limit(1)
    ).first()
    return (row[0], str(row[1])) if row else None


def prefecture_counts(connection: Connection, scope: Scope) -> tuple[PrefectureCount, ...]:
    """Open alerts by prefecture, or, for a prefecture's people, by county; most first.

    What is known only to the province or prefecture, or not at all, comes last.
    """
    code = func.substr(story.c.region, 1, 4 if scope.everything else 6)
    rows = connection.execute(
        select(code, alert.c.level, func.count())
        .select_from(_ALERTS)
        .where(alert.c.state.not_in(CLOSED_STATES), scope.stories())
        .group_by(code, alert.c.level)
    ).all()
    tally: dict[str, list[int]] = {}
    for prefix, level, number in rows:
        known = str(prefix).ljust(6, "0") if len(str(prefix)) >= 4 and not str(prefix).endswith("00") else ""
        tally.setdefault(known, [0] * len(ALERT_LEVELS))[ALERT_LEVELS.index(level)] += int(number)
    found = [PrefectureCount(known, _part_name(known, scope), tuple(levels)) for known, levels in tally.items()]
    return tuple(sorted(found, key=lambda row: (not row.code, -row.total, row.code)))


def _part_name(code: str, scope: Scope) -> str:
    if scope.everything:
        return short_place(code)
    return divisions.short_name(code) if code else "未定到县"


def hourly_levels(connection: Connection, scope: Scope, settings: Settings, now: datetime) -> tuple[HourLevel, ...]:
    """Relevant reports by hour and level over the counts' window; hours without any are left out."""
    hours = window(settings, now)
    hour = _hour(connection, item.c.fetched_at)
    level = func.coalesce(item.c.level, "关注")
    # Summed and not a condition: SQLite would go by the index of all relevant reports rather than by that of the hours.
    relevant = func.sum(case((item.c.relevant, 1), else_=0))
    rows = connection.execute(
        select(hour, level, relevant)
        .where(item.c.fetched_at >= hours[0], scope.items(tested=True))
        .group_by(hour, level)
        .having(relevant > 0)
    ).all()
    by_number = {int(moment.timestamp()) // _HOUR: moment for moment in hours}
    return tuple(
        HourLevel(by_number[int(number)], str(name), int(total))
        for number, name, total in sorted(rows, key=lambda row: (row[0], str(row[1])))
        if int(number) in by_number
    )


def is_empty(connection: Connection) -> bool:
    """True where nothing was ever taken in: the moment to offer demonstration data."""
    return not connection.scalar(select(exists().where(item.c.id.is_not(None))))


def demo_mark(connection: Connection) -> str | None:
    """The value of ``meta`` key ``demo`` while demonstration data is loaded, else None."""
    return connection.scalar(select(meta.c.value).where(meta.c.key == "demo"))
