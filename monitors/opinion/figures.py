"""A figure found in a report, and where its clause and its sentence end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from monitors.opinion.mentions import Mention

Field = Literal["title", "text"]

WORKER = (
    "农民工|民工|工人|员工|职工|工友|劳动者|务工者|务工人员|打工者|打工人|老乡|弟兄|兄弟|教师|老师|医生|护士|医护|司机|环卫工|保洁|保安|"
    "骑手|外卖员|快递员|矿工|船员|飞行员|服务员|厨师|教练|协管员|村民|泥工|木工|瓦工|钢筋工|小工|同事|学员工|申请人|当事人|网格员|辅警|临时工|"
    "群演|代课|店员|师傅|大姐|大叔|村医|女工|男工|粉刷工|工匠|劳务人员|务工|施工人员|人员"
)


_WEIGHED = 60  # figures of one report weighed against each other; a longer row is a table, not a telling


@dataclass(frozen=True, slots=True)
class Fact:
    """A number taken from ``field``'s view ``[start:end]`` and the Chinese reason for taking it.

    ``basis``: 合计 or 尚欠 where the words beside it say so; ``open`` where 多, 余 stands in it.
    """

    value: int
    field: Field
    start: int
    end: int
    why: str
    score: float
    basis: str = ""
    open: bool = False


def strongest(found: list[Fact], bar: float) -> Fact | None:
    """The best candidate at or above the bar; a total beats a part, an earlier one a later one."""
    passing = [fact for fact in found if fact.score >= bar]
    if not passing:
        return None
    return max(passing, key=lambda fact: (round(fact.score, 2), fact.field == "title", -fact.start))


def chosen(best: Fact, rivals: list[Fact]) -> Fact:
    """``best`` with the strongest figure that was not taken, and why not, added to its reason."""
    rival = max(rivals, key=lambda fact: fact.score, default=None)
    if rival is None:
        return best
    if best.basis:
        reason = f"取{best.basis}数"
    elif best.field == "title" != rival.field:
        reason = "取标题所述"
    else:
        reason = "取与欠薪表述最贴近者"
    return replace(best, why=f"{best.why}；另有“{rival.why.split('：', 1)[-1].split('，')[0]}”，{reason}")


def summed(found: list[Fact]) -> list[Fact]:
    """The figures, those to which two or more others right before or behind them add up marked as their total."""
    if not 2 < len(found) <= _WEIGHED:
        return found
    return [replace(one, score=one.score + 1.4, basis="合计") if _is_total(one, found) else one for one in found]


def _is_total(fact: Fact, found: list[Fact]) -> bool:
    others = [one for one in found if one.field == fact.field and one.value < fact.value]
    before = [one.value for one in others if fact.start - 160 <= one.start < fact.start][::-1]
    behind = [one.value for one in others if fact.end <= one.start <= fact.end + 160]
    return any(
        sum(values[:size]) == fact.value for values in (before, behind) for size in range(2, min(len(values), 8) + 1)
    )


def side_by_side(best: Fact, cases: list[Fact], label: str) -> Fact:
    """甲公司拖欠237名…；乙公司拖欠280名…: several debtors told of one after the other owe the sum."""
    values = list({fact.value: fact for fact in cases if fact.field == best.field}.values())
    if len(values) < 2:
        return best
    shown = "＋".join(fact.why.removeprefix(label).split("，")[0] for fact in values)
    total = sum(fact.value for fact in values)
    return replace(best, value=total, why=f"{label}{shown}，各案相加", basis="合计", open=False)


class Nearness:
    """How far a figure stands from the words for wages owed; mentions come by start and do not overlap."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, mentions: Sequence[Mention], *, least: float = 0.3) -> None:
        firm = [mention for mention in mentions if mention.strength >= least]
        self._starts = [mention.start for mention in firm]
        self._ends = [mention.end for mention in firm]

    def apart(self, start: int, end: int) -> int:
        """Characters between ``[start:end]`` and the nearest mention; 0 where they touch, 999 where there is none."""
        at = bisect_left(self._starts, end)
        behind = self._starts[at] - end if at < len(self._starts) else 999
        before = max(start - self._ends[at - 1], 0) if at else 999
        return min(behind, before)

    def begins_within(self, start: int, end: int) -> bool:
        """Whether a mention begins in ``[start:end]``."""
        at = bisect_left(self._starts, start)
        return at < len(self._starts) and self._starts[at] < end


def clause_of(text: str, start: int, end: int) -> tuple[int, int]:
    return _around(text, start, end, "。！？；\n，")


def sentence_of(text: str, start: int, end: int) -> tuple[int, int]:
    return _around(text, start, end, "。！？；\n")


def _around(text: str, start: int, end: int, marks: str) -> tuple[int, int]:
    left = max((text.rfind(mark, max(0, start - 120), start) for mark in marks), default=-1) + 1
    rights = [at for at in (text.find(mark, end, end + 120) for mark in marks) if at >= 0]
    return max(left, start - 120, 0), min(rights, default=min(len(text), end + 120))
