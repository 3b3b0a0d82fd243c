"""Limits that run on a case (期限, domain.md 3.3): from which day, to which, how paused and extended. Pure.

Counting starts the day after the fact that starts a limit, the last day itself is valid, overdue is the day after.
Limits in 工作日 follow ``workdays``. A closed case shows its limits as they stood on that day, so that what was closed
late stays late. 信访 and 仲裁 limits run in their own procedures, not on a wage case, and are no clocks here.

Records may be rows, mappings or dataclasses with the columns of ``wage_case``, ``measure`` and ``clock_change``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from monitors.ledger import workdays
from monitors.ledger.faults import Fault
from monitors.ledger.model import CaseState, Clock, MeasureType
from monitors.settings import Campaign, Settings

Band = Literal["逾期", "临期", "在期", "无期限", "已办结", "逾期办结"]
BANDS: tuple[Band, ...] = ("逾期", "临期", "在期", "无期限", "已办结", "逾期办结")
PAUSE, RESUME, EXTEND = "暂停", "恢复", "延长"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of domain.md 3.3. ``days`` 0: the last day is given, not counted."""

    rule: str
    days: int = 0
    workdays: bool = False
    most_extension: int = 0  # days in the limit's own unit that may be approved in all
    pausable: bool = False

    @property
    def unit(self) -> str:
        return "个工作日" if self.workdays else "日"


LIMITS: dict[Clock, Limit] = {
    Clock.INVESTIGATION: Limit(
        "《劳动保障监察条例》第十七条：自立案之日起60个工作日内完成调查，经批准可延长30个工作日",
        60,
        workdays=True,
        most_extension=30,
        pausable=True,
    ),
    Clock.PENALTY: Limit(
        "《行政处罚法》第六十条：自立案之日起90日内作出行政处罚决定，法律、法规、规章另有规定的从其规定",
        90,
        most_extension=90,
        pausable=True,
    ),
    Clock.TRANSFER: Limit("国务院令第310号第五条：自接到移送书面报告之日起3日内决定，决定移送的24小时内移送", 3),
    Clock.POLICE_REVIEW: Limit("国务院令第310号第八条：公安机关自接受移送之日起3日内审查", 3),
    Clock.PROMISE: Limit("责任单位承诺的完成时限", most_extension=365, pausable=True),
    Clock.CAMPAIGN: Limit("人社部明电〔2021〕12号：查实的欠薪问题春节前全部办结"),
}
# What ends a limit before the case itself is closed.
_ENDS: dict[Clock, tuple[MeasureType, ...]] = {
    Clock.INVESTIGATION: (MeasureType.DECISION, MeasureType.PENALTY, MeasureType.TRANSFER),
    Clock.PENALTY: (MeasureType.DECISION, MeasureType.PENALTY, MeasureType.TRANSFER),
    Clock.TRANSFER: (MeasureType.TRANSFER,),
    Clock.POLICE_REVIEW: (MeasureType.POLICE_FILING,),
}


@dataclass(frozen=True, slots=True)
class ClockState:
    """One limit running on a case; ``due`` and ``left`` are None while it is paused.

    ``left`` counts calendar days to ``due`` from today, or from the day the case was closed; negative is overdue.
    """

    clock: Clock
    started: date | None
    due: date | None
    paused: bool
    extended_days: int  # in the limit's own unit
    why: str
    left: int | None


def of(record: object, name: str) -> Any:
    """The column ``name`` of a row, mapping or dataclass."""
    return record[name] if isinstance(record, Mapping) else getattr(record, name)


def clocks(
    case: object,
    measures: Iterable[object],
    changes: Iterable[object],
    *,
    settings: Settings,
    today: date,
    campaign: Campaign | None = None,
    reported_on: date | None = None,
) -> tuple[ClockState, ...]:
    """The limits that run on the case, earliest last day first; those met, and those of a case not 属实, are left out.

    Args:
        case: a ``wage_case``.
        measures: its measures; of a transfer, ``done_on`` is the day the police answered, either way.
        changes: its clock changes (暂停, 恢复, 延长) in the order they were made; those of days to come are ignored.
        settings: gives the campaigns.
        today: the office's day.
        campaign: whose end caps a verified case; absent, the one the day of 查实 belongs to.
        reported_on: the day the written report proposing a transfer was received (a 移送 suggestion somebody adopted).
    """
    if of(case, "state") == CaseState.UNFOUNDED:
        return ()
    measures, changes = tuple(measures), tuple(changes)
    at: date = of(case, "closed_on") or today
    found = []
    for clock, started, due in _running(case, measures, campaign, settings, reported_on):
        if started > at or any(started <= day <= at for day in _ends(clock, measures)):
            continue
        own = [c for c in changes if of(c, "clock") == clock and of(c, "on") <= at]
        found.append(_state(clock, started, due, own, at))
    return tuple(sorted(found, key=lambda state: (state.due is None, state.due or at)))


def effective(running: Iterable[ClockState]) -> date | None:
    """The earliest last day, or None where nothing runs or everything is paused; ``wage_case.deadline``."""
    return min((state.due for state in running if state.due), default=None)


def campaign_of(verified_on: date | None, settings: Settings) -> Campaign | None:
    """The campaign by whose end a case verified that day is to be settled: the first that ends on or after it (R43)."""
    if not verified_on:
        return None
    return min((c for c in settings.campaigns if c.end >= verified_on), key=lambda c: c.end, default=None)


def _running(
    case: object,
    measures: Sequence[object],
    campaign: Campaign | None,
    settings: Settings,
    reported_on: date | None,
) -> list[tuple[Clock, date, date | None]]:
    """Each limit that has started: its first day (not counted) and, where it is given rather than counted, its last."""
    found: list[tuple[Clock, date, date | None]] = []
    filed, promised, verified = of(case, "filed_on"), of(case, "due"), of(case, "verified_on")
    withdrawn = of(case, "withdrawn_on")
    if filed and not (withdrawn and withdrawn >= filed):  # a relapse may be filed anew after an earlier withdrawal
        found += [(Clock.INVESTIGATION, filed, None), (Clock.PENALTY, filed, None)]
    if reported_on:
        found.append((Clock.TRANSFER, reported_on, None))
    transfers = [of(m, "on") for m in measures if of(m, "type") == MeasureType.TRANSFER and not of(m, "done_on")]
    if transfers:
        found.append((Clock.POLICE_REVIEW, max(transfers), None))
    if promised:
        found.append((Clock.PROMISE, min(of(case, "accepted_on"), promised), promised))
    campaign = campaign or campaign_of(verified, settings)
    closed = of(case, "closed_on")
    if campaign and verified and verified <= campaign.end and not (closed and closed < campaign.start):
        found.append((Clock.CAMPAIGN, verified, campaign.end))
    return found


def _ends(clock: Clock, measures: Sequence[object]) -> list[date]:
    ending = _ENDS.get(clock, ())
    return [of(m, "on") for m in measures if of(m, "type") in ending]


def _state(clock: Clock, started: date, given: date | None, changes: Sequence[object], at: date) -> ClockState:
    limit = LIMITS[clock]
    asked = sum(of(c, "days") or 0 for c in changes if of(c, "kind") == EXTEND)
    extended = min(asked, limit.most_extension)
    due = _add(limit, given, extended) if given else _add(limit, started, limit.days + extended)
    words = [limit.rule]
    if extended:
        words.append(f"已批准延长{extended}{limit.unit}")
    for first, last in _pauses(changes) if limit.pausable else ():
        if first > due:  # it had run out before anybody stopped it
            continue
        if last is None:
            words.append(f"自{first.isoformat()}起暂停计算")
            return ClockState(clock, started, None, True, extended, "；".join(words), None)
        due = _add(limit, due, _units(limit, max(first, started + _DAY), last - _DAY))
        words.append(f"{first.isoformat()}至{(last - _DAY).isoformat()}暂停，不计入期限")
    guessed = [str(year) for year in range(started.year, due.year + 1) if limit.workdays and not workdays.known(year)]
    if guessed:
        words.append(f"{'、'.join(guessed)}年放假调休安排尚未录入，日期为推算")
    return ClockState(clock, started, due, False, extended, "；".join(words), (due - at).days)


def _pauses(changes: Sequence[object]) -> list[tuple[date, date | None]]:
    """From–to of each pause: the day of 暂停 no longer counts, the day of 恢复 counts again; None while it lasts."""
    found: list[tuple[date, date | None]] = []
    since: date | None = None
    for change in sorted(changes, key=lambda c: of(c, "on")):
        kind, on = of(change, "kind"), of(change, "on")
        if kind == PAUSE and since is None:
            since = on
        elif kind == RESUME and since is not None:
            if on > since:
                found.append((since, on))
            since = None
    return [*found, (since, None)] if since else found


def _add(limit: Limit, start: date, days: int) -> date:
    return workdays.add_workdays(start, days) if limit.workdays else start + _DAY * days


def _units(limit: Limit, first: date, last: date) -> int:
    """Days of the limit's unit from ``first`` to ``last``, both included."""
    if last < first:
        return 0
    return workdays.workdays_between(first - _DAY, last) if limit.workdays else (last - first).days + 1


def change_faults(clock: Clock, kind: str, days: int | None, on: date, changes: Iterable[object]) -> list[Fault]:
    """Why this change of ``clock`` may not be: no right to it, too many days, or out of turn with ``changes``."""
    own = [c for c in changes if of(c, "clock") == clock]
    if kind == EXTEND:
        return _extension_faults(clock, days, own)
    if kind in {PAUSE, RESUME}:
        return _pause_faults(clock, kind, on, own)
    return [Fault("kind", f"期限变更应为以下之一：{PAUSE}、{RESUME}、{EXTEND}")]


def _extension_faults(clock: Clock, days: int | None, own: Sequence[object]) -> list[Fault]:
    limit = LIMITS[clock]
    taken = sum(of(c, "days") or 0 for c in own if of(c, "kind") == EXTEND)
    if not limit.most_extension:
        return [Fault("kind", f"“{clock}”期限不能延长")]
    if not days or days < 0:
        return [Fault("days", "请填写延长天数")]
    if taken + days > limit.most_extension:
        return [Fault("days", f"“{clock}”累计最多延长{limit.most_extension}{limit.unit}，已延长{taken}{limit.unit}")]
    return []


def _pause_faults(clock: Clock, kind: str, on: date, own: Sequence[object]) -> list[Fault]:
    pauses = _pauses(own)
    since = pauses[-1][0] if pauses and pauses[-1][1] is None else None
    if not LIMITS[clock].pausable:
        return [Fault("kind", f"“{clock}”期限不能暂停")]
    if kind == PAUSE and since:
        return [Fault("kind", f"“{clock}”期限自{since.isoformat()}起已经暂停")]
    if kind == RESUME and not since:
        return [Fault("kind", f"“{clock}”期限没有暂停，无需恢复")]
    later = [of(c, "on") for c in own if of(c, "kind") in {PAUSE, RESUME} and of(c, "on") > on]
    return [Fault("on", f"日期不能早于上一次变更（{max(later).isoformat()}）")] if later else []


def reminders(deadline: date | None, settings: Settings) -> tuple[date, ...]:
    """The days before the last valid one on which somebody is reminded, earliest first (−3 and −1 by default)."""
    if not deadline:
        return ()
    return tuple(sorted(deadline - _DAY * days for days in set(settings.ledger.due_soon_days)))


def is_old(accepted_on: date, closed_on: date | None, today: date, settings: Settings) -> bool:
    """陈案: unresolved for more than a year (domain.md 3.1)."""
    return ((closed_on or today) - accepted_on).days > settings.ledger.old_days
