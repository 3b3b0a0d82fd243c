"""What a story says as a whole, from the reports in it (事件汇总): pure, so that a table of cases can test it.

Several outlets report one event with different numbers. The value most outlets give wins, then the more credible
outlet, then the larger number (a first report undercounts); where the reports disagree the choice is recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from monitors.opinion.model import Scope, Stance

Value = TypeVar("Value", bound=Hashable)

_SCOPES: tuple[Scope, ...] = ("本省", "未定位", "外省", "背景")
_KINDS = (
    "极端事件", "群体性", "讨薪维权", "欠薪举报", "拒不支付劳动报酬罪", "执法通报", "已解决", "政策宣传", "其他",
)  # fmt: skip
OFFICIAL_TIER = 2  # tiers 1 and 2 (official bodies, official media) can confirm a settlement
_GROWTH_HOURS = 6
_GROWTH_MINIMUM = 3


@dataclass(frozen=True, slots=True)
class Report:
    """One report as the story sees it."""

    title: str
    outlet: str
    tier: int
    national: bool
    published_at: datetime
    region: str
    scope: Scope
    kind: str | None
    stance: Stance
    sentiment: float
    workers: int | None
    amount_fen: int | None
    employer: str | None
    matched: tuple[str, ...]
    acts: tuple[str, ...]
    gathered: int | None = None
    visiting_province: int | None = None
    public_project: bool = False
    specific_claim: bool = False
    said: frozenset[str] = frozenset()  # outputs a person has put right (label_values.FIELDS)


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """The story's own facts. ``growth`` is the ratio of the last 6 h to the 6 h before, None below 3 reports."""

    title: str
    region: str
    scope: Scope
    kind: str | None
    stance: Stance
    sentiment: float
    workers: int | None
    amount_fen: int | None
    employer: str | None
    matched: tuple[str, ...]
    acts: tuple[str, ...]
    outlets: int
    outlets_24h: int
    national: bool
    first_outlet: str
    first_published_at: datetime
    growth: float | None
    settled: bool
    answered: bool
    disagreements: tuple[str, ...]
    gathered: int | None
    visiting_province: int | None
    public_project: bool
    specific_claim: bool


def summarise(reports: Sequence[Report], now: datetime) -> StoryFacts:
    """Facts of a story with at least one report. ``now`` bounds the 24 h and 6 h windows."""
    ordered = sorted(reports, key=lambda r: (r.published_at, r.outlet, r.title))
    first = ordered[0]
    scope = min((r.scope for r in ordered), key=_SCOPES.index)
    concerned = [r for r in ordered if r.scope == scope]
    workers, workers_note = _agree("人数", "workers", ((r.workers, r) for r in concerned))
    amount, amount_note = _agree("金额", "amount", ((r.amount_fen, r) for r in concerned))
    employer, _ = _agree("用人单位", "employer", ((r.employer, r) for r in concerned))
    settled = _settled(ordered)
    kinds = [r.kind for r in concerned if r.kind in _KINDS]
    return StoryFacts(
        title=first.title,
        region=_region(concerned),
        scope=scope,
        kind="已解决" if settled else min(kinds, key=_KINDS.index, default=None),
        stance="resolved" if settled else _stance(concerned),
        sentiment=round(sum(r.sentiment for r in ordered) / len(ordered), 4),
        workers=workers,
        amount_fen=amount,
        employer=employer,
        matched=_union(r.matched for r in concerned),
        acts=_union(r.acts for r in concerned),
        outlets=len({r.outlet for r in ordered}),
        outlets_24h=len({r.outlet for r in ordered if now - r.published_at <= timedelta(hours=24)}),
        national=any(r.national for r in ordered),
        first_outlet=first.outlet,
        first_published_at=first.published_at,
        growth=_growth([r.published_at for r in ordered], now),
        settled=settled,
        answered=any(r.tier == 1 for r in ordered),
        disagreements=tuple(note for note in (workers_note, amount_note) if note),
        gathered=max((r.gathered for r in concerned if r.gathered is not None), default=None),
        visiting_province=max(
            (r.visiting_province for r in concerned if r.visiting_province is not None), default=None
        ),
        public_project=any(r.public_project for r in concerned),
        specific_claim=any(r.specific_claim for r in concerned),
    )


def _agree(name: str, field: str, stated: Iterable[tuple[Value | None, Report]]) -> tuple[Value | None, str]:
    """The value to show and, where reports differ, a Chinese note of what was chosen from what.

    What a person has put right outweighs any number of outlets.
    """
    told = [(value, report) for value, report in stated if value is not None]
    said = [(value, report) for value, report in told if field in report.said]
    outlets: dict[Value, set[str]] = {}
    tiers: dict[Value, int] = {}
    for value, report in said or told:
        outlets.setdefault(value, set()).add(report.outlet)
        tiers[value] = min(tiers.get(value, report.tier), report.tier)
    if not outlets:
        return None, ""

    def standing(value: Value) -> tuple[int, int, float]:
        size = float(value) if isinstance(value, int) else float(len(str(value)))
        return len(outlets[value]), -tiers[value], size

    chosen = max(outlets, key=standing)
    if said:
        return chosen, f"{name}报道不一，取人工更正的" if len({value for value, _ in told}) > 1 else ""
    note = f"{name}报道不一，取{len(outlets[chosen])}家媒体所述" if len(outlets) > 1 else ""
    return chosen, note


def _region(reports: Sequence[Report]) -> str:
    """The finest place that most outlets name, or a person; a prefecture's vote also supports its counties."""
    reports = [r for r in reports if "county" in r.said and r.region] or reports
    votes = Counter(
        {code: len({r.outlet for r in reports if r.region == code}) for code in {r.region for r in reports}}
    )
    del votes[""]
    if not votes:
        return ""

    def support(code: str) -> tuple[int, int, str]:
        parents = {f"{code[:4]}00", f"{code[:2]}0000"} - {code}
        fineness = 2 if not code.endswith("00") else 1 if not code.endswith("0000") else 0
        return votes[code] + sum(votes[p] for p in parents if p in votes), fineness, code

    return max(votes, key=support)


def _settled(ordered: Sequence[Report]) -> bool:
    """Whether the latest official word is that the workers were paid and nobody has said otherwise since."""
    for report in reversed(ordered):
        if report.stance == "unresolved":
            return False
        if report.stance == "resolved" and report.tier <= OFFICIAL_TIER:
            return True
    return False


def _stance(ordered: Sequence[Report]) -> Stance:
    for report in reversed(ordered):
        if report.stance != "neutral":
            return report.stance
    return "neutral"


def _growth(times: Sequence[datetime], now: datetime) -> float | None:
    span = timedelta(hours=_GROWTH_HOURS)
    recent = sum(now - span < moment <= now for moment in times)
    before = sum(now - 2 * span < moment <= now - span for moment in times)
    if recent < _GROWTH_MINIMUM or before == 0:
        return None
    return recent / before


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))
