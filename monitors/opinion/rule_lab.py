"""Trying rules on the archive (试验): what the last days would have given under the rules in force, and under a draft.

Both are applied to every stored report of those days. A report is judged anew only where the two may differ: another
rule hits it, its relevance lies between the two thresholds, or it holds a word of an alias that only one has. Reports
keep the event they are in; one that has none counts as an event of its own, its copies with it. What people said of a
report stands. An event is looked at as its reports came in: its alert opens at the first that opens one, and its level
is the highest it reached, as an alert's only rises by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from monitors.clock import local
from monitors.errors import InputError
from monitors.opinion import alerts, lab_gold, lab_reading, rejudge_labels, rule_sets, story_summary
from monitors.opinion.judge import Report
from monitors.opinion.lab_figures import Result, Shift, Tally
from monitors.opinion.lab_reading import Piece
from monitors.opinion.lab_sides import Side, origin, pair, touched
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES
from monitors.opinion.retention import TEXT_REMOVED
from monitors.opinion.rule_sets import Draft
from monitors.settings import Settings
from monitors.store.engine import Store

Progress = Callable[[int, int], bool]  # reports done, of how many; False: stop
_EVERY_SECONDS = 1.0  # between two words of progress
_LOOKS = 24  # at an event of many reports, and as many again over the rest
_WHY = 300  # characters
# Of why a report was judged so: what an event is summed up from.
_TOLD = ("matched", "acts", "gathered", "visiting_province", "public_project", "specific_claim", "labelled", "rules")


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One report under both: its row as it would be stored, and why the two differ (``""`` where they do not).

    ``number`` of its event's alert.
    """

    before: Any
    after: Any
    why: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """A report as its event is summed up from it, without its text: an event may have a hundred thousand."""

    id: int
    story_id: int | None
    relevant: bool
    title: str
    outlet: str
    tier: int
    national: bool
    published_at: datetime
    fetched_at: datetime
    region: str
    scope: str
    kind: str | None
    stance: str
    sentiment: float
    level: str | None
    workers: int | None
    amount_fen: int | None
    employer: str | None
    judgement: Mapping[str, Any]


_FIELDS = tuple(one.name for one in fields(_Told))


@dataclass(frozen=True, slots=True)
class _Standing:
    """One event under one of the two: the highest level of its alert, ``""`` for none; the day it opened; why."""

    level: str
    title: str
    region: str
    day: str
    why: str


class _StoppedError(Exception):
    """``progress`` said stop."""


_NOTHING = _Standing("", "", "", "", "没有相关报道")


def run(
    store: Store,
    settings: Settings,
    draft: Draft,
    *,
    against: int,
    days: int = 90,
    now: datetime,
    progress: Progress | None = None,
) -> Result | None:
    """Try ``draft`` on the reports first seen in the ``days`` before ``now``; None where ``progress`` said stop.

    ``against``: the rule set in force when this was asked for (0: as shipped).

    Raises:
        InputError: the draft has faults, the rules in force have changed meanwhile, or the gold set is missing.
    """
    began = time.monotonic()
    since = now - timedelta(days=days)
    with store.read() as connection:
        present = rule_sets.in_force(connection)
        total = lab_reading.count(connection, since)
    if present.id != against:
        raise InputError("现行规则在试验期间有改动，请重新试验")
    if progress and not progress(0, total):
        return None
    sides = pair(settings, present, draft)
    gold = lab_gold.compare(*sides)
    tally = Tally()
    try:
        _read_all(store, since, sides, tally, _Beat(progress, tally, total))
    except _StoppedError:
        return None
    if progress:
        progress(tally.reports, tally.reports)
    first = local(since).date()
    series = [first + timedelta(days=number) for number in range((local(now).date() - first).days + 1)]
    return tally.result(series, gold, time.monotonic() - began)


def _read_all(store: Store, since: datetime, sides: tuple[Side, Side], tally: Tally, beat: _Beat) -> None:
    events = _Events()
    for piece in lab_reading.pieces(store, since):
        weighed = _weigh(piece, sides)
        for one in weighed:
            _count_report(tally, one)
        for event in events.ended(weighed):
            _count_event(tally, event, sides, beat)
        beat()
    for event in events.rest():
        _count_event(tally, event, sides, beat)


class _Beat:
    """A word of progress now and then, from wherever the work is: an event can take longer than a page waits."""

    def __init__(self, progress: Progress | None, tally: Tally, total: int) -> None:
        self._progress, self._tally, self._total = progress, tally, total
        self._told = time.monotonic()

    def __call__(self) -> None:
        if self._progress is None or time.monotonic() - self._told <= _EVERY_SECONDS:
            return
        self._told = time.monotonic()
        if not self._progress(self._tally.reports, max(self._total, self._tally.reports)):
            raise _StoppedError


# ── reports ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _weigh(piece: Piece, sides: tuple[Side, Side]) -> list[_Weighed]:
    """Every report under both; judged anew only where they may differ."""
    whole = [row for row in piece.rows if TEXT_REMOVED not in row.judgement]
    why = {row.id: reasons for row in whole if (reasons := touched(row, *sides))}
    chosen = [row for row in whole if row.id in why]
    anew = [_judged(chosen, piece.said, side) for side in sides]
    found: list[_Weighed] = []
    for row in piece.rows:
        number = piece.numbers.get(row.story_id or 0, "")
        if row.id not in why:
            found.append(_Weighed(row, row, "", number))
            continue
        found.append(_Weighed(anew[0][row.id], anew[1][row.id], "；".join(why[row.id])[:_WHY], number))
    return found


def _judged(rows: Sequence[Row[Any]], said: Mapping[int, rejudge_labels.Said], side: Side) -> dict[int, Any]:
    """The rows as this side would have stored them, people's labels over them."""
    if not rows:
        return {}
    missed = [row for row in rows if said.get(row.id, {}).get("relevant")]
    asked = [_report(row) for row in rows] + [_report(row, relevant=True) for row in missed]
    judged = side.judge_many(asked)
    as_relevant = dict(zip((row.id for row in missed), judged[len(rows) :], strict=True))
    found: dict[int, Any] = {}
    for row, own in zip(rows, judged[: len(rows)], strict=True):
        labels = said.get(row.id, {})
        settled = rejudge_labels.settled(row, own, as_relevant.get(row.id), labels, settings=side.settings)
        if settled is None:
            raise AssertionError("a report that a person called relevant was asked for as relevant")
        kept = {"labelled": row.judgement["labelled"]} if "labelled" in row.judgement else {}
        found[row.id] = SimpleNamespace(
            **{**row._mapping, **settled.columns, "judgement": {**settled.why, **kept}}  # noqa: SLF001 - public name
        )
    return found


def _report(row: Row[Any], *, relevant: bool | None = None) -> Report:
    return Report(
        row.title, row.text, row.published_at, row.home, row.national, row.fetched_at, relevant, origin=origin(row)
    )  # fmt: skip


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _count_report(tally: Tally, one: _Weighed) -> None:
    row, after = one.before, one.after
    tally.reports += 1
    tally.demo += row.demo
    tally.without_text += TEXT_REMOVED in row.judgement
    shift = None
    if row.relevant != after.relevant:
        shift = Shift(
            row.story_id, row.id, one.number, row.title, _day(row.fetched_at).isoformat(),
            (after if after.relevant else row).region, row.level or "", after.level or "", one.why,
        )  # fmt: skip
    tally.report(before=bool(row.relevant), after=bool(after.relevant), shift=shift)


class _Events:
    """Reports, as they come in pieces, put together to events; a relevant report without one is its own."""

    def __init__(self) -> None:
        self._open: list[_Weighed] = []
        self._story: int | None = None
        self._seen: set[str] = set()  # texts: a copy of a report without an event is no event of its own

    def ended(self, weighed: Sequence[_Weighed]) -> Iterator[list[_Weighed]]:
        """The events that are whole with these reports."""
        for one in weighed:
            row = one.before
            if row.story_id != self._story:
                yield from self.rest()
                self._story = row.story_id
            if not (row.relevant or one.after.relevant):
                continue
            if row.story_id is not None:
                self._open.append(_light(one))
            elif row.text_hash not in self._seen:
                self._seen.add(row.text_hash)
                yield [one]

    def rest(self) -> Iterator[list[_Weighed]]:
        """The event still open, if any: no more of it comes."""
        if self._open:
            yield self._open
        self._open = []


def _light(one: _Weighed) -> _Weighed:
    before = _told(one.before)
    return replace(one, before=before, after=before if one.after is one.before else _told(one.after))


def _told(row: Any) -> _Told:
    held = {name: getattr(row, name) for name in _FIELDS if name != "judgement"}
    return _Told(**held, judgement={name: row.judgement[name] for name in _TOLD if name in row.judgement})


def _count_event(tally: Tally, event: Sequence[_Weighed], sides: tuple[Side, Side], beat: _Beat) -> None:
    before = _standing([one.before for one in event], sides[0], beat)
    same = all(one.before is one.after for one in event) and sides[0].levels == sides[1].levels
    after = before if same else _standing([one.after for one in event], sides[1], beat)
    shown = after if after.level or not before.level else before
    if before is _NOTHING and after is _NOTHING:
        return
    head = event[0].before
    tally.event(
        Shift(
            head.story_id, head.id, event[0].number, shown.title, shown.day, shown.region,
            before.level, after.level, _why(event, before, after) if before.level != after.level else "",
        )
    )  # fmt: skip


def _standing(rows: Sequence[Any], side: Side, beat: _Beat) -> _Standing:
    """The event made of the relevant ``rows``, looked at as they came in, by the rules that sum up and open alerts."""
    relevant = sorted((row for row in rows if row.relevant), key=lambda row: (row.fetched_at, row.id))
    if not relevant:
        return _NOTHING
    opened, highest, told = "", "", ""
    for number in _looks(len(relevant)):
        beat()  # a look at an event of a hundred thousand takes a second
        at = relevant[number - 1].fetched_at
        facts, severity = story_summary.weighed(relevant[:number], settings=side.settings, at=at)
        story = {
            "scope": facts.scope, "stance": facts.stance, "level": severity.level,
            "first_published_at": facts.first_published_at, "severity": story_summary.rules_told(relevant[:number]),
        }  # fmt: skip
        if opened or alerts.would_open(story, settings=side.settings, now=at):
            opened = opened or _day(at).isoformat()
            if severity.level in ALERT_LEVELS and (not highest or alerts.worse(severity.level, highest)):
                highest = severity.level
        floor = f"，{severity.floors[0]}" if severity.floors else ""
        told = f"{severity.score} 分，{LEVEL_NAMES[severity.level]}{floor}"
    day = opened or _day(relevant[0].fetched_at).isoformat()
    return _Standing(highest, facts.title, facts.region, day, told)


def _looks(reports: int) -> list[int]:
    """After how many reports an event is looked at: each of the first, then some, always the last."""
    if reports <= _LOOKS:
        return list(range(1, reports + 1))
    return sorted({*range(1, _LOOKS), *range(_LOOKS, reports, max(1, reports // _LOOKS)), reports})


def _why(event: Sequence[_Weighed], before: _Standing, after: _Standing) -> str:
    """Why the alert differs: what hit the reports, else what the thresholds make of the same score."""
    told = list(dict.fromkeys(one.why for one in event if one.why))
    return "；".join(told[:3])[:_WHY] or f"原为 {before.why}；按草稿为 {after.why}"


def _day(moment: datetime) -> date:
    return local(moment).date()
