"""The rules of the judgement as a person reads them (规则与词库): levels and clocks, points, words, weights, version.

Everything is read from what the judge itself uses; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitors.opinion import trained
from monitors.opinion.dossier import PART_NAMES
from monitors.opinion.lexicon import SHOWN_GROUPS, Term
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES, SeverityPart
from monitors.opinion.relevance import RelevanceModel
from monitors.opinion.severity import FLOORS, table
from monitors.settings import Settings

GROUPS: dict[str, str] = {
    "core": "核心词", "evasive": "规避写法", "extreme": "极端行为", "protest": "群体行为", "resolution": "化解",
    "dialect": "云南方言", "official": "法律与官方", "sector": "行业与主体", "contrary": "反向词（涨薪、招聘等）",
    "owe": "拖欠的说法", "bare": "单字与简称", "short": "短语", "pay": "工资的说法", "worker": "劳动者",
    "claim": "诉求的说法", "petition": "信访口吻", "negation": "否定", "denial": "否认", "promise": "承诺",
    "paid": "已发放", "topic": "治理欠薪专题", "policy": "政策语境", "other_debt": "其他债务",
    "reverse": "企业向员工追薪", "abroad": "境外语境", "sport": "体育语境", "show": "文娱语境", "fiction": "虚构与演练",
    "family": "家庭、理财、购物", "scam": "骗取、造谣", "crime": "刑事", "court": "司法", "advice": "支招与提醒",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """One internal level: from which score, what is never below it, minutes to sign, hours to the first answer."""

    name: str
    score: int
    floors: tuple[str, ...]
    sign_minutes: int
    public_hours: int


@dataclass(frozen=True, slots=True)
class Group:
    """One group of the lexicon; ``shown``: its words are shown beside a report, most telling first."""

    name: str
    shown: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """One named feature of relevance: its weight now and as shipped (equal unless the office has trained its own)."""

    meaning: str
    weight: float
    shipped: float


def levels(settings: Settings) -> tuple[Level, ...]:
    """The four levels with their clocks, the gravest first."""
    rules = settings.severity
    bounds = (rules.level_1, rules.level_2, rules.level_3, rules.level_4)
    return tuple(
        Level(
            LEVEL_NAMES[level],
            bound,
            tuple(floor.when for floor in FLOORS if floor.level == level),
            settings.clocks[level].sign_minutes,
            settings.clocks[level].public_response_hours,
        )
        for level, bound in zip(ALERT_LEVELS, bounds, strict=True)
    )


def points(settings: Settings) -> tuple[tuple[str, tuple[SeverityPart, ...]], ...]:
    """The severity table (domain.md 4.2), part by part: the part's name and its rows, ``why`` saying when."""
    rows = table(settings.severity)
    return tuple((name, tuple(row for row in rows if row.code == code)) for code, name in PART_NAMES.items())


def groups(terms: Iterable[Term]) -> tuple[Group, ...]:
    """The lexicon by group: those shown to people first, within a group the most telling word first."""
    by_code: dict[str, list[Term]] = {}
    for term in terms:
        by_code.setdefault(term.group, []).append(term)
    order = sorted(by_code, key=lambda code: SHOWN_GROUPS.index(code) if code in SHOWN_GROUPS else len(SHOWN_GROUPS))
    return tuple(
        Group(
            GROUPS.get(code, code),
            code in SHOWN_GROUPS,
            tuple(sorted(by_code[code], key=lambda term: (-abs(term.weight), term.text))),
        )
        for code in order
    )


def weights(settings: Settings) -> tuple[trained.Chosen, tuple[Weight, ...]]:
    """The weights in force, the heaviest first, and where they come from.

    Raises:
        SettingsError: the shipped weights cannot be read.
    """
    chosen, shipped = trained.choose(settings), RelevanceModel.load()
    found = [
        Weight(chosen.model.meanings.get(name, name), value, shipped.weights.get(name, 0.0))
        for name, value in chosen.model.weights.items()
    ]
    return chosen, tuple(sorted(found, key=lambda one: -abs(one.weight)))
