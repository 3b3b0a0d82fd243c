"""Could we have seen it (看得见吗): how well each county is watched, so that no county looks calm for want of eyes.

A county is 可见 where it is usually in the news, was so of late, and a fresh source speaks of it; 盲区 where nothing
fresh speaks of it at all, or only sources of the whole province that have not mentioned it for ``blind_days``; 弱 in
between. The rules in full: docs/hotspots.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, select, union_all

from monitors.access.scope import PROVINCE, within
from monitors.clock import local
from monitors.hotspots import capture, events, places
from monitors.hotspots.capture import Estimate
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t

Sight = Literal["可见", "弱", "盲区"]
STATES: tuple[Sight, ...] = ("可见", "弱", "盲区")
USUAL_DAYS = 90  # over which a county's usual volume is reckoned
USUAL_A_WEEK = 1.0  # reports a week, of whatever, below which silence says little
_POLLED = timedelta(days=1)  # a source that was not reached for longer is not fresh
_NEWEST = 40  # reports of each county whose sources are looked at
_NEWS: events.DataSet = "舆情"  # of the ledger's channels: it came from the press itself


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one county is watched. ``sources`` speak of it, ``fresh`` of them are alive.

    ``reports``: placed there within ``USUAL_DAYS``, of whatever; ``newest``: when the last of them was published.
    """

    code: str
    state: Sight
    why: tuple[str, ...]
    sources: int
    fresh: int
    reports: int
    newest: datetime | None

    @property
    def weekly(self) -> float:
        """Reports in a usual week."""
        return self.reports * 7 / USUAL_DAYS


@dataclass(frozen=True, slots=True)
class Overlap:
    """What the press and the hotline each know of ``first_day`` … ``last_day``; ``why`` says where no estimate is."""

    first_day: date
    last_day: date
    news: int
    hotline: int
    both: int
    estimate: Estimate | None
    why: str

    @property
    def words(self) -> str:
        """The figures in sentences, with what the estimate rests on."""
        days = (self.last_day - self.first_day).days + 1
        said = (
            f"近 {days} 天，舆情记录 {self.news:,} 起，热线、来访等渠道记录 {self.hotline:,} 起，"
            f"其中两边都有、已互相关联的 {self.both:,} 起。"
        )
        if (one := self.estimate) is None:
            return said + self.why
        return (
            f"{said}据此估计共约 {one.total:,.0f} 起（95% 区间 {one.low:,.0f}–{one.high:,.0f}），"
            f"两边都没有看到的约 {one.missed:,.0f} 起。{capture.CAVEAT}"
        )


@dataclass(frozen=True, slots=True)
class _Source:
    """``level``: of what division it is at home; ``fresh``: reached of late, and with something new."""

    id: str
    region: str
    fresh: bool


def by_county(connection: Connection, settings: Settings, now: datetime) -> Mapping[str, Coverage]:
    """All 129 counties, whoever asks: reports and sources are counted, none is shown."""
    sources = _sources(connection, settings, now)
    volume = _volume(connection, now)
    speaking = _speaking(connection, now)
    found = {}
    for code in places.COUNTIES:
        reports, newest = volume.get(code, (0, None))
        local_ones = {one.id for one in sources.values() if _at_home(one.region, code)}
        known = [sources[one] for one in sorted(local_ones | speaking[code]) if one in sources]
        found[code] = judge(
            code, local_sources=len(local_ones), sources=len(known), fresh=sum(one.fresh for one in known),
            reports=reports, newest=newest, settings=settings, now=now,
        )  # fmt: skip
    return found


def judge(
    code: str,
    *,
    local_sources: int,
    sources: int,
    fresh: int,
    reports: int,
    newest: datetime | None,
    settings: Settings,
    now: datetime,
) -> Coverage:
    """The state of one county and why. ``local_sources``: at home in the county or its prefecture."""
    weak, blind = (timedelta(days=days) for days in (settings.hotspot.weak_days, settings.hotspot.blind_days))
    age = now - newest if newest else None
    why: list[str] = []
    state: Sight = "可见"
    if not sources:
        state, why = "盲区", ["没有监测源报道过该地"]
    elif not fresh:
        state, why = "盲区", [f"报道该地的 {sources} 个监测源近期都没有抓到新内容"]
    elif (age is None or age > blind) and not local_sources:
        state = "盲区"
        why = [f"只有全省性监测源，且 {settings.hotspot.blind_days} 天没有该地的报道"]
    else:
        weekly = reports * 7 / USUAL_DAYS
        if not local_sources:
            why.append("没有本县、本州（市）的监测源")
        if age is None:
            why.append(f"近 {USUAL_DAYS} 天没有该地的报道")
        elif age > weak:
            why.append(f"最近一篇该地的报道在 {age.days} 天前")
        if age is not None and weekly < USUAL_A_WEEK:
            why.append(f"平常每周只有 {weekly:.1f} 篇报道，没有消息不等于没有事")
        state = "弱" if age is None or age > weak or weekly < USUAL_A_WEEK else "可见"
    return Coverage(code, state, tuple(why), sources, fresh, reports, newest)


def overlap(connection: Connection, settings: Settings, now: datetime) -> Overlap:
    """Events of the press, records of hotline, visits and the like, and how many are tied to each other.

    Of the days the scan looks back on. A record that was entered from an alert or came from the press is no second
    witness; a clue that became a case counts once, as the case.
    """
    last = local(now).date()
    first = last - timedelta(days=settings.hotspot.baseline_days - 1)
    news = {one.id for one in events.read(connection, _NEWS, first, last)}
    link, alert, clue, wage_case = t.alert_link.c, t.alert.c, t.clue.c, t.wage_case.c
    opened = select(link.kind, link.record_id).where(link.opened, link.ended_at.is_(None))
    from_press: set[tuple[str, int]] = {(row.kind, row.record_id) for row in connection.execute(opened)}
    received = events.day_bounds(first, last)
    clues = select(clue.id, clue.case_id).where(
        clue.channel != _NEWS, clue.received_at >= received[0], clue.received_at < received[1]
    )
    cases = select(wage_case.id).where(
        wage_case.channel != _NEWS, wage_case.state != events.UNFOUNDED, wage_case.accepted_on.between(first, last)
    )
    record_of: dict[tuple[str, int], tuple[str, int]] = {
        ("case", number): ("case", number) for number in connection.scalars(cases)
    }
    for number, case_id in connection.execute(clues):
        whole: tuple[str, int] = ("case", case_id) if case_id is not None else ("clue", number)
        if ("clue", number) not in from_press:
            record_of[("clue", number)] = whole
            record_of.setdefault(whole, whole)
    hotline = {whole for whole in record_of.values() if whole not in from_press}
    tied = select(alert.story_id, link.kind, link.record_id).join(t.alert, alert.id == link.alert_id)
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    for story_id, kind, number in connection.execute(tied.where(link.ended_at.is_(None))):
        record = record_of.get((kind, number))
        if story_id in news and record is not None and record in hotline:
            seen[record].add(story_id)
    # One story tied to two records is one event known to both, and so are two stories of one record.
    both = min(len(seen), len({story_id for stories in seen.values() for story_id in stories}))
    estimate = capture.estimate(len(news), len(hotline), both)
    return Overlap(
        first, last, len(news), len(hotline), both, estimate,
        "" if estimate else capture.too_few(len(news), len(hotline), both),
    )  # fmt: skip


def _at_home(region: str, code: str) -> bool:
    return bool(region) and region != PROVINCE and divisions.within(code, region)


def _sources(connection: Connection, settings: Settings, now: datetime) -> dict[str, _Source]:
    """Sources that are watched. Those of the demonstration are paused by their nature and count as if they were not."""
    source, state = t.source.c, t.source_state.c
    query = (
        select(source.id, source.region, state.last_ok_at, state.newest_item_at, source.demo)
        .outerjoin(t.source_state, state.source_id == source.id)
        .where(source.removed.is_(False), (source.paused.is_(False)) | source.demo)
    )
    blind = timedelta(days=settings.hotspot.blind_days)
    found = {}
    for row in connection.execute(query):
        polled = row.last_ok_at is not None and (row.demo or now - row.last_ok_at <= _POLLED)
        fresh = polled and row.newest_item_at is not None and now - row.newest_item_at <= blind
        found[row.id] = _Source(row.id, divisions.current_code(row.region), fresh)
    return found


def _volume(connection: Connection, now: datetime) -> dict[str, tuple[int, datetime | None]]:
    """Reports and the newest of them by county; an index holds all that is asked."""
    item = t.item.c
    since = now - timedelta(days=USUAL_DAYS)
    query = (
        select(item.region, func.count(), func.max(item.published_at))
        .where(within(item.region, PROVINCE), item.published_at >= since, item.published_at <= now)
        .group_by(item.region)
    )
    found: dict[str, tuple[int, datetime | None]] = {}
    for region, count, newest in connection.execute(query):
        code = divisions.current_code(region)
        before, last = found.get(code, (0, None))
        found[code] = before + count, max(newest, last) if last else newest
    return found


def _speaking(connection: Connection, now: datetime) -> Mapping[str, set[str]]:
    """The sources of each county's newest reports: few rows by the index, however many reports there are."""
    item = t.item.c
    since = now - timedelta(days=USUAL_DAYS)
    parts: Sequence[Any] = [
        select(
            select(item.region, item.source_id)
            .where(item.region == code, item.published_at >= since, item.published_at <= now)
            .order_by(item.published_at.desc())
            .limit(_NEWEST)
            .subquery(f"of_{code}")
        )
        for code in places.COUNTIES
    ]
    found: dict[str, set[str]] = defaultdict(set)
    for region, source_id in connection.execute(union_all(*parts)):
        found[region].add(source_id)
    return found
