"""A figure: one number that says how well one thing is judged, with the errors behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure is called (Chinese) and what it is to reach; ``at_most``: smaller is better."""

    name: str
    reach: float | None = None
    at_most: bool = False


MEANINGS: dict[str, Meaning] = {
    "relevance_precision": Meaning("相关判定：查准率", 0.96),
    "relevance_recall": Meaning("相关判定：查全率", 0.96),
    "stance": Meaning("进展判定正确率", 0.92),
    "sentiment_sign": Meaning("情感正负与进展一致", 0.93),
    "county": Meaning("县级正确率", 0.95),
    "prefecture": Meaning("州市正确率", 0.97),
    "look_alikes": Meaning("形似地名误作云南", 0.01, at_most=True),
    "place_invented": Meaning("未说明的地点凭空给出", at_most=True),
    "workers": Meaning("人数正确率", 0.95),
    "workers_invented": Meaning("人数凭空给出", 0.02, at_most=True),
    "amount": Meaning("金额正确率", 0.95),
    "amount_invented": Meaning("金额凭空给出", 0.02, at_most=True),
    "employer": Meaning("欠薪单位正确率", 0.85),
    "employer_invented": Meaning("欠薪单位凭空给出", at_most=True),
    "stories_b3": Meaning("同一事件归并 B³ F1", 0.93),
    "stories_pair_precision": Meaning("同一事件成对查准率", 0.98),
    "level": Meaning("预警级别正确率"),
    "list_pages": Meaning("列表页识别平均 F1", 0.90),
    "general_sentiment": Meaning("一般文本情感正确率"),
    "over_snownlp": Meaning("情感比 SnowNLP 高出（最差来源）", 0.0),
    "stream_false": Meaning("每十万标题误报数", 2.0, at_most=True),
    "stream_found": Meaning("标题流中已确认的找到率", 0.95),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One error: the row's id, what was right, what came out, the row's words; ``badness`` orders the worst first."""

    row: str
    wanted: str
    got: str
    words: str
    badness: float = 1.0

    def __str__(self) -> str:
        return f"{self.row} 应为 {self.wanted}，实为 {self.got} ｜{self.words}"


@dataclass(frozen=True, slots=True)
class Figure:
    """``key`` as in ``MEANINGS``; ``counted``: what the value was taken from, as shown (``412/430``)."""

    corpus: str
    key: str
    value: float
    counted: str
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """The name floors are kept under: ``gold.amount``."""
        return f"{self.corpus}.{self.key}"

    @property
    def meaning(self) -> Meaning:
        """What it is called and what it is to reach."""
        return MEANINGS[self.key]

    def misses(self, bound: float) -> bool:
        """Is the value on the wrong side of ``bound``?"""
        return self.value > bound if self.meaning.at_most else self.value < bound

    def bound(self) -> float:
        """The value as a floor: four decimals, rounded to the lenient side."""
        scaled = round(self.value * 10_000, 6)
        return (math.ceil(scaled) if self.meaning.at_most else math.floor(scaled)) / 10_000

    def worst(self, count: int) -> tuple[Fault, ...]:
        """The ``count`` worst errors, in the corpus's order where equally bad."""
        return tuple(sorted(self.faults, key=lambda fault: -fault.badness)[:count])


def share(corpus: str, key: str, good: int, of: int, faults: list[Fault]) -> Figure:
    """A figure that is a share; of nothing it is as good as can be."""
    value = good / of if of else float(not MEANINGS[key].at_most)
    return Figure(corpus, key, value, f"{good}/{of}", tuple(faults))


@dataclass(slots=True)
class Tally:
    """Counts one fact over the rows: right where stated, invented where the text says nothing."""

    corpus: str
    key: str
    same: Callable[[Any, Any], bool] = lambda wanted, got: wanted == got
    right: int = 0
    stated: int = 0
    silent: int = 0
    wrong: list[Fault] = field(default_factory=list)
    made_up: list[Fault] = field(default_factory=list)

    def add(self, row: str, words: str, wanted: Any, got: Any) -> None:
        """Count one row; ``wanted`` None: the text does not say."""
        if wanted is None:
            self.silent += 1
            if got is not None:
                self.made_up.append(Fault(row, "未说明", str(got), words))
            return
        self.stated += 1
        if got is not None and self.same(wanted, got):
            self.right += 1
        else:
            self.wrong.append(Fault(row, str(wanted), "无" if got is None else str(got), words, _apart(wanted, got)))

    def stated_right(self) -> Figure:
        """Right of stated."""
        return share(self.corpus, self.key, self.right, self.stated, self.wrong)

    def invented(self, key: str = "") -> Figure:
        """Given though not stated."""
        return share(self.corpus, key or f"{self.key}_invented", len(self.made_up), self.silent, self.made_up)


def _apart(wanted: Any, got: Any) -> float:
    """How far a wrong number is from the right one; what is no number counts 1."""
    if isinstance(wanted, int) and isinstance(got, int) and wanted > 0 and got > 0:
        return 1 + abs(math.log(got / wanted))
    return 1.0
