"""What the laboratory of rules found (试验结果): figures before and after a draft, bounded whatever the archive's size.

``before`` is the rules in force applied to every report of the days looked at, ``after`` the draft: the difference
between the two is the draft's alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from monitors.opinion.model import ALERT_LEVELS
from monitors.opinion.training import Scores

MOST = 200  # rows kept of each list; their number is counted whole
_KEPT = 4 * MOST  # before the mildest and oldest are dropped
_RANK = {"": 0, "关注": 1, "IV": 2, "III": 3, "II": 4, "I": 5}


@dataclass(frozen=True, slots=True)
class Shift:
    """One event or report for which the draft decides otherwise.

    ``before``/``after``: level of the alert, or of the report, ``""`` for none. ``day`` (ISO, Shanghai) is when it was
    seen first. ``story_id`` None: a report that has no event yet; ``number`` of the alert there is, if any.
    """

    story_id: int | None
    item_id: int
    number: str
    title: str
    day: str
    region: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Relevant reports, and alerts by level."""

    relevant: int
    levels: Mapping[str, int]

    @property
    def alerts(self) -> int:
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Day:
    """Alerts of one day (ISO, Shanghai) under both."""

    day: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of shifts, the gravest and newest first: ``count`` of all, ``rows`` at most ``MOST``."""

    count: int
    rows: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold set under both, by relevance. ``floor``: why a reason is asked for, ``""`` where the floors are held.

    ``worse``: titles judged right before and wrong after, at most 20.
    """

    before: Scores
    after: Scores
    floor: str
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One run. ``reports`` looked at, of them ``demo`` invented; ``without_text`` keep the verdict they had.

    ``gained``/``lost``: alerts that only the draft, or only the rules in force, would open; ``moved``: of another
    level; ``joined``/``dropped``: reports newly relevant, and no longer.
    """

    reports: int
    stories: int
    demo: int
    without_text: int
    before: Totals
    after: Totals
    days: tuple[Day, ...]
    gained: Listed
    lost: Listed
    moved: Listed
    joined: Listed
    dropped: Listed
    gold: Gold
    seconds: float

    @property
    def figures(self) -> dict[str, Any]:
        """What is kept beside a rule set of the run that tried it: numbers only, for the history."""
        return {
            "reports": self.reports,
            "alerts": [self.before.alerts, self.after.alerts],
            "gained": self.gained.count,
            "lost": self.lost.count,
            "moved": self.moved.count,
            "gold": {"before": asdict(self.gold.before), "after": asdict(self.gold.after), "floor": self.gold.floor},
        }


def stored(result: Result) -> dict[str, Any]:
    """As it is kept in ``lab_run.result``."""
    return asdict(result)


def restored(held: Mapping[str, Any]) -> Result:
    """What ``stored`` wrote."""
    lists = {name: _listed(held[name]) for name in ("gained", "lost", "moved", "joined", "dropped")}
    gold = held["gold"]
    return Result(
        **{
            **held,
            **lists,
            "before": Totals(**held["before"]),
            "after": Totals(**held["after"]),
            "days": tuple(Day(**day) for day in held["days"]),
            "gold": Gold(Scores(**gold["before"]), Scores(**gold["after"]), gold["floor"], tuple(gold["worse"])),
        }
    )


def _listed(held: Mapping[str, Any]) -> Listed:
    return Listed(held["count"], tuple(Shift(**row) for row in held["rows"]))


class _List:
    """Rows as they come, in bounded memory."""

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[Shift] = []

    def add(self, row: Shift) -> None:
        self.count += 1
        self._rows.append(row)
        if len(self._rows) > _KEPT:
            self._rows = self._best()

    def _best(self) -> list[Shift]:
        newest = sorted(self._rows, key=lambda row: (row.day, row.item_id), reverse=True)
        return sorted(newest, key=lambda row: -max(_RANK[row.before], _RANK[row.after]))[:MOST]

    def whole(self) -> Listed:
        return Listed(self.count, tuple(self._best()))


class Tally:
    """The figures of a run while it goes on: events come in one by one, nothing of them stays but what is counted."""

    def __init__(self) -> None:
        self.reports = self.stories = self.demo = self.without_text = 0
        self._relevant = [0, 0]
        self._levels: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._days: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._lists = {name: _List() for name in ("gained", "lost", "moved", "joined", "dropped")}

    def report(self, *, before: bool, after: bool, shift: Shift | None) -> None:
        """One report: relevant or not under both; ``shift`` where the two differ."""
        self._relevant[0] += before
        self._relevant[1] += after
        if shift is not None and before != after:
            self._lists["joined" if after else "dropped"].add(shift)

    def event(self, shift: Shift) -> None:
        """One event with the level of its alert under both, ``""`` where none would open."""
        self.stories += 1
        for number, level in enumerate((shift.before, shift.after)):
            if level:
                self._levels[number][level] += 1
                self._days[number][shift.day] += 1
        if shift.before == shift.after:
            return
        self._lists["moved" if shift.before and shift.after else "gained" if shift.after else "lost"].add(shift)

    def result(self, days: Iterable[date], gold: Gold, seconds: float) -> Result:
        """The whole, one row for each of ``days``."""
        before, after = (
            Totals(relevant, {level: counted[level] for level in ALERT_LEVELS})
            for relevant, counted in zip(self._relevant, self._levels, strict=True)
        )
        series = tuple(
            Day(day.isoformat(), self._days[0][day.isoformat()], self._days[1][day.isoformat()]) for day in days
        )
        lists = {name: kept.whole() for name, kept in self._lists.items()}
        return Result(
            self.reports, self.stories, self.demo, self.without_text, before, after, series,
            lists["gained"], lists["lost"], lists["moved"], lists["joined"], lists["dropped"], gold, round(seconds, 1),
        )  # fmt: skip
