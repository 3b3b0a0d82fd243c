"""The types one report passes through, from source to judgement. All frozen; no I/O, no rule.

``Source`` —fetch→ ``Response`` —parse→ ``Parsed`` of ``Entry`` —judge→ ``Judgement``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

SourceKind = Literal["feed", "page", "json"]
Stance = Literal["unresolved", "neutral", "resolved"]
Level = Literal["I", "II", "III", "IV", "关注"]
Scope = Literal["本省", "外省", "背景", "未定位"]
Condition = Literal["正常", "未核实", "已停更", "受阻"]

SOURCE_KINDS: tuple[SourceKind, ...] = ("feed", "page", "json")
SOURCE_GROUPS = ("云南省级", "州市", "中央媒体", "部委", "热榜", "搜索", "自建")
CONDITIONS: tuple[Condition, ...] = ("正常", "未核实", "已停更", "受阻")
LEVELS: tuple[Level, ...] = ("I", "II", "III", "IV", "关注")
ALERT_LEVELS: tuple[Level, ...] = ("I", "II", "III", "IV")
LEVEL_NAMES: dict[str, str] = {"I": "I级 红", "II": "II级 橙", "III": "III级 黄", "IV": "IV级 蓝", "关注": "关注"}
STANCES: tuple[Stance, ...] = ("unresolved", "neutral", "resolved")
STANCE_NAMES: dict[str, str] = {"unresolved": "未解决", "neutral": "中性", "resolved": "已解决"}
KINDS = ("欠薪举报", "讨薪维权", "群体性", "极端事件", "已解决", "执法通报", "拒不支付劳动报酬罪", "政策宣传", "其他")
# Lifecycle of an alert (domain.md 4.3). An alert in one of CLOSED_STATES lets its story open a new one.
ALERT_STATES = ("新警情", "已签收", "核查中", "处置中", "已办结", "误报", "并案")
CLOSED_STATES = ("已办结", "误报", "并案")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to ask for and read a source of kind ``page`` or ``json``; empty strings mean "work it out".

    ``items``, ``title``, ``link``, ``time``, ``summary``: CSS selectors below the item (page) or dotted paths (json;
    ``data.list`` for the list, ``target.title`` below an item, an integer part indexes a list).
    ``link_template``: json only, e.g. ``https://host/item/{id}``, filled from the item's own keys.
    ``marker``: json only, text in the body after which the JSON value begins (a board that hides JSON in a comment).
    ``follow``: read each new entry's article page for its full text and time.
    """

    items: str = ""
    title: str = ""
    link: str = ""
    time: str = ""
    summary: str = ""
    link_template: str = ""
    marker: str = ""
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    follow: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One address we watch (监测源).

    ``interval_seconds``/``max_interval_seconds``: floor and cap of the adaptive polling interval.
    ``region``: six-digit division code of the outlet's home, ``""`` where it has none.
    ``tier``: credibility 1 (official) … 4 (anybody can post). ``national``: counts as 央媒/全国性媒体 in severity.
    ``condition`` and ``condition_note``: what is known of the address, e.g. 已停更 with the reason.
    """

    id: str
    name: str
    kind: SourceKind
    url: str
    group: str = "自建"
    outlet: str = ""
    interval_seconds: int = 600
    max_interval_seconds: int = 7200
    region: str = ""
    tier: int = 3
    national: bool = False
    condition: Condition = "未核实"
    condition_note: str = ""
    paused: bool = False
    recipe: Recipe = field(default_factory=Recipe)


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered, already inflated and capped. ``headers`` has lower-case names."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    elapsed_seconds: float = 0.0

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One report as published. ``text`` is plain text; ``published`` is aware (UTC) or None.

    ``published_note`` says why a time is missing or was not believed (无日期、日期无法识别、日期在未来…), else ``""``.
    """

    guid: str
    title: str
    url: str
    text: str
    published: datetime | None = None
    published_note: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry set aside, with the reason in Chinese and the first characters of what was there."""

    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body read. ``repaired`` counts characters replaced while decoding; never silently zeroed."""

    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...] = ()
    title: str = ""
    format: str = ""
    encoding: str = ""
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a judgement was made: ``document[field][start:end] == text``. Offsets count characters.

    ``field`` is ``title`` or ``text``; ``about`` is the output concerned (relevance, stance, sentiment, place,
    workers, amount, employer, act, context, rule); ``why`` is Chinese and fit for a screen.
    """

    field: Literal["title", "text"]
    start: int
    end: int
    text: str
    why: str
    about: str


@dataclass(frozen=True, slots=True)
class SeverityPart:
    """One line of the severity sum (domain.md 4.2): ``code`` E N A M G B, ``points`` and the Chinese reason."""

    code: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Severity:
    """Score 0–100, the level it gives, its parts, and the floors that held the level up (Chinese)."""

    score: int
    level: Level
    parts: tuple[SeverityPart, ...] = ()
    floors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """For which months wages are owed (欠薪时段): 2025-03 to 2025-08, ``last`` empty where still unpaid today.

    ``months`` how many, None where unknown; ``text`` the report's own words.
    """

    first: str
    last: str
    months: int | None
    text: str


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A keyword rule (关键词规则) that hit the report: its name, the level it asks for at least, its tags.

    ``regions``: where the rule holds (codes, 不限, 外省, 未定位; empty: everywhere), asked again for a place put right.
    """

    name: str
    level: Level
    tags: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the watch thinks of one report. Four independent outputs, never one score.

    ``relevance`` 0…1; ``sentiment`` −1…1 (negative is bad news) and ``snownlp`` the raw 0…1 score behind it;
    ``region`` six-digit code or ``""``; ``workers`` persons; ``amount_fen`` integer 分. None means "not stated".
    ``scope``: 背景 (policy, statistics) and 外省 never open an alert. ``severity`` is None for what is not relevant.
    ``acts``: codes of acts found (death, extreme, blockade, gathering, stoppage, complaint).
    """

    relevant: bool
    relevance: float
    sentiment: float
    snownlp: float | None
    stance: Stance
    kind: str | None
    scope: Scope
    region: str
    region_name: str
    workers: int | None
    amount_fen: int | None
    employer: str | None
    severity: Severity | None
    matched: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    model: str = ""
    # What a story's severity is computed from beside acts, persons and amount (see severity.SeverityInputs).
    gathered: int | None = None
    visiting_province: int | None = None
    public_project: bool = False
    specific_claim: bool = False
    period: Period | None = None
    rules: tuple[RuleHit, ...] = ()
