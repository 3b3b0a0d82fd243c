"""The columns of the exported lists, and the cells of one alert or one report in them.

The alert list holds the fields of domain.md 1 (U3) in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from monitors.clock import stamp
from monitors.opinion.model import CLOSED_STATES, LEVEL_NAMES, STANCE_NAMES
from monitors.opinion.search import Hit
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column

_DEMO_TITLE = "【演示】"
_FEN_PER_WAN = 1_000_000

ALERT_COLUMNS = (
    Column("编号", width=18),
    Column("级别", width=9),
    Column("标题", width=44),
    Column("首发媒体", width=14),
    Column("首发时间", "time", 16),
    Column("州市", width=14),
    Column("县", width=14),
    Column("人数", "integer", 7),
    Column("金额(万元)", "decimal", 11),
    Column("关键词", width=24),
    Column("情感", width=7),
    Column("状态", width=9),
    Column("签收人", width=10),
    Column("时限", width=30),
    Column("关联案件", width=14),
)
ITEM_COLUMNS = (
    Column("标题", width=44),
    Column("媒体", width=14),
    Column("发布时间", "time", 16),
    Column("州市", width=14),
    Column("县", width=14),
    Column("是否相关", width=9),
    Column("级别", width=9),
    Column("立场", width=8),
    Column("情感", width=7),
    Column("类别", width=12),
    Column("人数", "integer", 7),
    Column("金额(万元)", "decimal", 11),
    Column("用人单位", width=24),
    Column("关键词", width=24),
    Column("摘要", width=60),
    Column("链接", width=36),
    Column("监测源", width=16),
    Column("入库时间", "time", 16),
)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as exported. ``workers`` persons, ``amount_fen`` 分; ``due`` is Chinese and says what is due when."""

    number: str
    level: str
    title: str
    first_outlet: str
    first_published_at: datetime
    prefecture: str
    county: str
    workers: int | None
    amount_fen: int | None
    keywords: tuple[str, ...]
    tone: str
    state: str
    signed_by: str
    due: str
    cases: tuple[str, ...]
    demo: bool

    def cells(self) -> tuple[Cell, ...]:
        """The cells in the order of ``ALERT_COLUMNS``."""
        return (
            self.number,
            LEVEL_NAMES.get(self.level, self.level),
            f"{_DEMO_TITLE}{self.title}" if self.demo else self.title,
            self.first_outlet,
            self.first_published_at,
            self.prefecture,
            self.county,
            self.workers,
            _wan(self.amount_fen),
            "、".join(self.keywords),
            self.tone,
            self.state,
            self.signed_by,
            self.due,
            "、".join(self.cases),
        )


def due_words(state: str, sign_due_at: datetime, public_due_at: datetime, now: datetime) -> str:
    """What is due next and when: signing while new, then the first public response; nothing once closed."""
    if state in CLOSED_STATES:
        return ""
    what, moment = ("签收", sign_due_at) if state == "新警情" else ("首次回应", public_due_at)
    return f"{what} {stamp(moment)}" + ("（已超时）" if moment < now else "")


def tone(sentiment: float, negative_at: float, positive_at: float) -> str:
    """负面, 中性 or 正面 for a sentiment of −1…1."""
    if sentiment <= negative_at:
        return "负面"
    return "正面" if sentiment >= positive_at else "中性"


@lru_cache(maxsize=4096)
def places(code: str) -> tuple[str, str]:
    """Names of prefecture and county for a division code; empty where the code does not reach so far."""
    if not code:
        return "", ""
    found = {d.level: d.name for d in map(divisions.by_code, divisions.lineage(divisions.current_code(code))) if d}
    if not found:
        return code, ""  # a code the table does not know is shown rather than lost
    prefecture = found.get("prefecture", found["province"] if not code.startswith("53") else "")
    return prefecture, found.get("county", "")


def item_cells(hit: Hit, settings: Settings) -> tuple[Cell, ...]:
    """The cells of one report in the order of ``ITEM_COLUMNS``."""
    prefecture, county = places(hit.region)
    return (
        f"{_DEMO_TITLE}{hit.title}" if hit.demo else hit.title,
        hit.outlet,
        hit.published_at,
        prefecture,
        county,
        "相关" if hit.relevant else "不相关",
        LEVEL_NAMES.get(hit.level, hit.level) if hit.level else "",
        STANCE_NAMES.get(hit.stance, hit.stance),
        tone(hit.sentiment, settings.judge.negative_at, settings.judge.positive_at),
        hit.kind or "",
        hit.workers,
        _wan(hit.amount_fen),
        hit.employer or "",
        "、".join(hit.matched),
        hit.snippet,
        hit.url,
        hit.source_name,
        hit.fetched_at,
    )


def _wan(fen: int | None) -> Decimal | None:
    """分 → 万元 with two decimals."""
    return None if fen is None else (Decimal(fen) / _FEN_PER_WAN).quantize(Decimal("0.01"))
