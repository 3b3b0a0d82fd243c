"""The thresholds an office may move (门槛) in words, with the values that make sense."""

from __future__ import annotations

from dataclasses import dataclass

from monitors.opinion import rule_sets
from monitors.settings import Settings


@dataclass(frozen=True, slots=True)
class Threshold:
    """``name`` as in config.toml (``judge.relevance_threshold``); ``low`` … ``high`` in steps of ``step``.

    ``whole``: an integer, shown with its ``unit``.
    """

    name: str
    words: str
    why: str
    low: float
    high: float
    step: float
    whole: bool
    unit: str = ""

    def shown(self, value: float) -> str:
        """A value as people read it."""
        return f"{round(value):,}{self.unit}" if self.whole else f"{value:.2f}"

    def of(self, settings: Settings) -> float:
        """The value in force under these settings."""
        return rule_sets.value_of(settings, self.name)


def _one(name: str, why: str, low: float, high: float, unit: str = "") -> Threshold:
    step = 1 if high > 1 else 0.01
    return Threshold(name, rule_sets.THRESHOLDS[name], why, low, high, step, step == 1, unit)


THRESHOLDS: tuple[Threshold, ...] = (
    _one("judge.relevance_threshold", "评分达到它的报道判为与欠薪相关", 0.01, 0.99),
    *(_one(f"severity.level_{number}", "达到这个分值即为本级", 1, 100, " 分") for number in (1, 2, 3, 4)),
    _one("severity.report_days", "首发时间更早的报道只归档", 1, 365, " 天"),
    _one("severity.festival_days", "距春节不超过这些天时另加分", 0, 120, " 天"),
)
BY_NAME = {one.name: one for one in THRESHOLDS}
