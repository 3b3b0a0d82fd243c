"""config.toml and the environment → one frozen, checked ``Settings``.

An unknown or ill-typed key stops the start with file, line and what was expected. The environment overrides only
what differs between deployments: ``MONITORS_CONFIG`` (which file), ``DATABASE_URL``, ``MONITORS_DATA`` (where the
runtime files live), ``MONITORS_MODELS`` (where models converted from installed packages are kept) and
``MONITORS_ADDRESS``/``MONITORS_PORT`` (where the pages are served).
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from monitors.access.roles import Role
from monitors.errors import SettingsError, reason
from monitors.opinion.model import CONDITIONS, SOURCE_GROUPS, Recipe, Source
from monitors.settings_faults import explain, not_toml

ROOT = Path(__file__).resolve().parent.parent
SEND_GRACE_SECONDS = 5.0  # past ``send_seconds`` an attempt is cut off from outside, should the channel's clock fail


class _Table(BaseModel):
    """A table of config.toml: no unknown key, no silent conversion, no change after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def networks(value: object) -> tuple[object, ...]:
    """A list of IP networks, checked; for validators."""
    if not isinstance(value, (list, tuple)):
        raise ValueError('应为网段列表，例如 ["10.20.0.0/16"]')  # noqa: TRY004 - pydantic reports ValueError only
    for network in value:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(f'{network!r} 不是网段，应如 "10.20.0.0/16"（主机位须为 0）') from error
    return tuple(value)


class Site(_Table):
    name: str = Field(min_length=1)
    office: str = Field(min_length=1)
    telephone: str
    emblem: str = ""  # a PNG or SVG file shown above the sign-in form; none by default

    @field_validator("emblem")
    @classmethod
    def _an_image(cls, value: str) -> str:
        if value and not value.lower().endswith((".png", ".svg")):
            raise ValueError("应为 .png 或 .svg 图片文件的路径，不用图徽时留空")
        return value


class Watch(_Table):
    embedded: bool
    concurrency: int = Field(ge=1, le=500)
    tick_seconds: float = Field(gt=0, le=60)
    lease_seconds: int = Field(ge=10, le=3600)
    heartbeat_red_seconds: int = Field(ge=10, le=3600)
    unconditional_poll_hours: int = Field(ge=1, le=168)
    silence_hours: int = Field(ge=1, le=2160)
    outcome_days: int = Field(ge=1, le=3650)


class Fetch(_Table):
    deadline_seconds: float = Field(gt=0, le=300)
    connect_seconds: float = Field(gt=0, le=60)
    max_body_bytes: int = Field(ge=65_536, le=268_435_456)
    max_redirects: int = Field(ge=0, le=20)
    host_gap_seconds: float = Field(ge=0, le=60)
    article_limit: int = Field(ge=0, le=200)
    user_agent: str = Field(min_length=1)
    trusted_networks: tuple[str, ...] = ()

    @field_validator("trusted_networks", mode="before")
    @classmethod
    def _tuple_of_networks(cls, value: object) -> object:
        return networks(value)


class Poll(_Table):
    backoff_seconds: int = Field(ge=1, le=86_400)
    backoff_cap_seconds: int = Field(ge=60, le=604_800)
    retry_after_cap_seconds: int = Field(ge=60, le=604_800)
    weight_temporary: float = Field(gt=0, le=10)
    weight_soft: float = Field(gt=0, le=10)
    weight_hard: float = Field(gt=0, le=10)
    shorten: float = Field(gt=0, lt=1)
    lengthen: float = Field(gt=1, le=4)
    jitter: float = Field(ge=0, le=0.5)


class Parse(_Table):
    seconds: float = Field(gt=0, le=120)
    memory_mb: int = Field(ge=128, le=8192)
    workers: int = Field(ge=1, le=16)
    max_entries: int = Field(ge=1, le=100_000)
    max_text_chars: int = Field(ge=500, le=1_000_000)
    future_tolerance_hours: int = Field(ge=0, le=72)


class Judge(_Table):
    relevance_threshold: float = Field(gt=0, lt=1)
    max_chars: int = Field(ge=200, le=1_000_000)
    snownlp_weight: float = Field(ge=0, le=10)
    negative_at: float = Field(ge=-1, le=0)
    positive_at: float = Field(ge=0, le=1)


class Story(_Table):
    window_days: int = Field(ge=1, le=60)
    copy_similarity: float = Field(gt=0, le=1)
    same_facts_similarity: float = Field(gt=0, le=1)


class Severity(_Table):
    level_1: int = Field(ge=1, le=100)
    level_2: int = Field(ge=1, le=100)
    level_3: int = Field(ge=1, le=100)
    level_4: int = Field(ge=1, le=100)
    festival_days: int = Field(ge=0, le=120)
    report_days: int = Field(ge=1, le=365)

    @model_validator(mode="after")
    def _descending(self) -> Severity:
        if not self.level_1 > self.level_2 > self.level_3 > self.level_4:
            raise ValueError("level_1 至 level_4 须依次减小")
        return self


class Clock(_Table):
    """Internal time limits of one level, in minutes (domain.md 4.2, last column)."""

    level: Literal["I", "II", "III", "IV"]
    sign_minutes: int = Field(gt=0)
    public_response_hours: int = Field(gt=0)
    # 0: this level asks for none by the clock (IV goes into the shift report). Older files know none of the four.
    leader_minutes: int = Field(default=0, ge=0)
    fact_minutes: int = Field(default=0, ge=0)
    update_minutes: int = Field(default=0, ge=0)
    conference_hours: int = Field(default=0, ge=0)


class Notify(_Table):
    """How alerts reach people (domain.md 4.2, reliability.md 6)."""

    enabled: bool = True
    site_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    group_seconds: float = Field(default=10, ge=0, le=600)
    storm_alerts: int = Field(default=10, ge=2, le=1000)
    storm_seconds: float = Field(default=60, ge=5, le=3600)
    repeat_minutes: int = Field(default=240, ge=5, le=10_080)
    flap_minutes: int = Field(default=30, ge=0, le=1440)
    inhibit_parts: bool = True
    escalate_minutes: list[int] = Field(default=[10, 30, 60], min_length=1, max_length=5)
    send_seconds: float = Field(default=10, ge=1, le=60)
    lease_seconds: int = Field(default=60, ge=15, le=600)
    retry_seconds: float = Field(default=30, ge=1, le=3600)
    retry_cap_seconds: float = Field(default=1800, ge=10, le=86_400)
    expire_hours: int = Field(default=24, ge=1, le=168)
    beat_hour: int = Field(default=8, ge=0, le=23)
    keep_days: int = Field(default=180, ge=7, le=3650)

    @model_validator(mode="after")
    def _rising(self) -> Notify:
        if sorted(set(self.escalate_minutes)) != self.escalate_minutes or self.escalate_minutes[0] < 1:
            raise PydanticCustomError("rising", "escalate_minutes 须为依次增大的分钟数，如 [10, 30, 60]")
        if self.lease_seconds <= self.send_seconds + SEND_GRACE_SECONDS:
            # Else the message is taken again while its attempt is still being cut off, and arrives twice.
            grace = f"{SEND_GRACE_SECONDS:g}"
            raise PydanticCustomError("lease", f"lease_seconds 须比 send_seconds 多 {grace} 秒以上，否则会重复发送")
        return self


class Hotspot(_Table):
    """Where and when events gather, and how sure the product must be before it says so."""

    enabled: bool = True
    baseline_days: int = Field(default=180, ge=56, le=366)
    windows: list[int] = Field(default=[1, 2, 3, 4, 5, 7, 10, 14], min_length=1, max_length=12)
    neighbours: int = Field(default=15, ge=1, le=30)
    radius_km: float = Field(default=150, ge=20, le=500)
    replicates: int = Field(default=999, ge=199, le=9999)
    seed: int = Field(default=20_211_130, ge=0)
    min_cases: int = Field(default=5, ge=2, le=50)
    min_ratio: float = Field(default=2.0, ge=1.0, le=20)
    watch_days: int = Field(default=100, ge=20, le=1000)
    alert_days: int = Field(default=365, ge=50, le=5000)
    gap_days: int = Field(default=7, ge=1, le=30)
    half_life_days: float = Field(default=7, ge=1, le=60)
    burst_q: float = Field(default=0.05, gt=0, le=0.2)
    weak_days: int = Field(default=3, ge=1, le=30)
    blind_days: int = Field(default=14, ge=2, le=180)
    shapes: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Hotspot:
        if sorted(set(self.windows)) != self.windows or self.windows[0] < 1 or self.windows[-1] > 28:
            raise PydanticCustomError("windows", "windows 须为 1–28 之间依次增大的天数，如 [1, 2, 3, 4, 5, 7, 10, 14]")
        if self.watch_days >= self.alert_days:
            raise PydanticCustomError("tiers", "watch_days（关注）须小于 alert_days（预警）")
        if self.alert_days >= self.replicates + 1:
            raise PydanticCustomError("replicates", "replicates 太少，算不出 alert_days 那样少见的聚集")
        if self.weak_days >= self.blind_days:
            raise PydanticCustomError("sight", "weak_days（弱）须小于 blind_days（盲区）")
        return self


class Duty(_Table):
    refresh_seconds: float = Field(ge=1, le=60)
    window_hours: int = Field(ge=1, le=720)
    page_size: int = Field(ge=10, le=500)


class Export(_Table):
    max_rows: int = Field(ge=100, le=1_000_000)


class Session(_Table):
    """How long a sign-in lasts, and whose word about the client's address is believed."""

    idle_minutes: int = Field(default=120, ge=5, le=1440)
    absolute_hours: int = Field(default=12, ge=1, le=24)
    check_seconds: float = Field(default=2.0, ge=0.5, le=30)
    https_only: bool = False
    trusted_proxies: tuple[str, ...] = ("127.0.0.1/32", "::1/128")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _tuple_of_networks(cls, value: object) -> object:
        return networks(value)


class Password(_Table):
    """Rules for passwords and the lock after wrong ones."""

    min_length: int = Field(default=10, ge=8, le=64)
    lock_after: int = Field(default=5, ge=3, le=20)
    lock_seconds: int = Field(default=60, ge=10, le=3600)
    lock_cap_seconds: int = Field(default=1800, ge=60, le=86_400)
    setup_minutes: int = Field(default=60, ge=5, le=1440)


class SsoRole(_Table):
    """``claim``: a value of the role claim; ``role``: what it means here."""

    claim: str = Field(min_length=1)
    role: str

    @field_validator("role")
    @classmethod
    def _known(cls, value: str) -> str:
        known = [str(role) for role in Role]
        if value not in known:
            raise ValueError(f"应为 {'、'.join(known)} 之一")
        return value


class Sso(_Table):
    """The office's OpenID Connect provider. The client's secret comes from ``MONITORS_SSO_SECRET``."""

    enabled: bool = False
    label: str = Field(default="统一身份认证登录", min_length=1)
    issuer: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    client_id: str = ""
    scopes: str = "openid profile"
    prompt: Literal["", "login", "select_account"] = "login"
    name_claim: str = "preferred_username"
    display_claim: str = "name"
    role_claim: str = "roles"
    region_claim: str = "region"
    default_region: str = Field(default="", pattern=r"^(\d{6})?$")
    role: tuple[SsoRole, ...] = ()

    @field_validator("role", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _whole(self) -> Sso:
        if self.enabled and not (self.issuer and self.client_id and self.role):
            raise ValueError("启用单点登录须写明 issuer、client_id 和至少一段 [[sso.role]]")
        return self


class Retention(_Table):
    """Days each kind of data is kept; 0 keeps it for ever."""

    irrelevant_days: int = Field(default=90, ge=0, le=36_500)
    report_text_days: int = Field(default=1095, ge=0, le=36_500)
    restricted_days: int = Field(default=730, ge=0, le=36_500)
    set_aside_days: int = Field(default=90, ge=0, le=36_500)
    session_days: int = Field(default=180, ge=0, le=36_500)
    hour: int = Field(default=3, ge=0, le=23)


class ReportDue(_Table):
    """One report of a campaign: to whom, by which day (itself the last valid one), on figures up to which day."""

    name: str = Field(min_length=1, max_length=40)
    to: str = Field(min_length=1, max_length=40)
    due: date
    cutoff: date | None = None  # absent: a narrative report


class Campaign(_Table):
    name: str = Field(min_length=1)
    code: str = Field(default="", max_length=12)  # what the command line calls it; absent: the year it starts in
    start: date
    end: date
    spring_festival: date
    report: list[ReportDue] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ordered(self) -> Campaign:
        if not self.start < self.end < self.spring_festival + timedelta(days=30):
            raise PydanticCustomError("whole_campaign", "[[campaign]] 的起止日期须先后有序，且止于春节后一个月内")
        return self

    @property
    def key(self) -> str:
        """Its code, or the year it starts in."""
        return self.code or str(self.start.year)


class Ledger(_Table):
    """Thresholds of the ledger that a region or a province sets for itself (domain.md 3.1, 3.3, 3.4)."""

    major_workers: int = Field(default=50, ge=1)
    major_yuan: int = Field(default=1_000_000, ge=1)
    old_days: int = Field(default=365, ge=1)
    stale_hazard_days: int = Field(default=7, ge=1)
    recheck_days: int = Field(default=30, ge=1)
    due_soon_days: list[int] = Field(default=[3, 1])
    clue_accept_days: int = Field(default=1, ge=1)
    clue_finish_days: int = Field(default=15, ge=1)
    refuse_one_yuan: list[int] = Field(default=[5_000, 20_000], min_length=2, max_length=2)
    refuse_one_months: int = Field(default=3, ge=1)
    refuse_many_workers: int = Field(default=10, ge=1)
    refuse_many_yuan: list[int] = Field(default=[30_000, 100_000], min_length=2, max_length=2)
    import_rows: int = Field(default=20_000, ge=1, le=100_000)
    import_mib: int = Field(default=20, ge=1, le=200)

    @field_validator("refuse_one_yuan", "refuse_many_yuan")
    @classmethod
    def _band(cls, value: list[int]) -> list[int]:
        if not 0 < value[0] <= value[1]:
            raise PydanticCustomError("band", "应为 [下限, 上限]，下限不大于上限")
        return value


class SourceEntry(_Table):
    """One ``[[source]]`` block; becomes ``monitors.opinion.model.Source``."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")
    name: str = Field(min_length=1, max_length=60)
    kind: Literal["feed", "page", "json"]
    url: str = Field(pattern=r"^https?://")
    group: str
    outlet: str = ""
    interval_minutes: float = Field(default=10, gt=0, le=10_080)
    # Absent: the interval is a promise and does not stretch. Given: it may stretch so far while nothing new comes.
    max_interval_minutes: float | None = Field(default=None, gt=0, le=43_200)
    region: str = Field(default="", pattern=r"^(\d{6})?$")
    tier: int = Field(default=3, ge=1, le=4)
    national: bool = False
    condition: Literal["正常", "未核实", "已停更", "受阻"] = "未核实"
    note: str = ""
    paused: bool = False
    items: str = ""
    title: str = ""
    link: str = ""
    time: str = ""
    summary: str = ""
    link_template: str = ""
    marker: str = ""
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    follow: bool = False

    @field_validator("group")
    @classmethod
    def _known_group(cls, value: str) -> str:
        if value not in SOURCE_GROUPS:
            raise ValueError(f"应为 {'、'.join(SOURCE_GROUPS)} 之一")
        return value

    @model_validator(mode="after")
    def _reasoned(self) -> SourceEntry:
        if self.condition in CONDITIONS[2:] and not self.note:
            raise ValueError("condition 为 已停更 或 受阻 时须在 note 写明原因")
        if self.max_interval_minutes is not None and self.max_interval_minutes < self.interval_minutes:
            raise ValueError("max_interval_minutes 不能小于 interval_minutes")
        return self

    def source(self) -> Source:
        recipe = Recipe(
            items=self.items,
            title=self.title,
            link=self.link,
            time=self.time,
            summary=self.summary,
            link_template=self.link_template,
            marker=self.marker,
            method=self.method,
            body=self.body,
            headers=tuple(sorted(self.headers.items())),
            follow=self.follow,
        )
        return Source(
            id=self.id,
            name=self.name,
            kind=self.kind,
            url=self.url,
            group=self.group,
            outlet=self.outlet or self.name,
            interval_seconds=max(1, round(self.interval_minutes * 60)),
            max_interval_seconds=max(1, round((self.max_interval_minutes or self.interval_minutes) * 60)),
            region=self.region,
            tier=self.tier,
            national=self.national,
            condition=self.condition,
            condition_note=self.note,
            paused=self.paused,
            recipe=recipe,
        )


class _File(_Table):
    """The whole of config.toml."""

    site: Site
    watch: Watch
    fetch: Fetch
    poll: Poll
    parse: Parse
    judge: Judge
    story: Story
    severity: Severity
    clock: list[Clock]
    duty: Duty
    export: Export
    campaign: list[Campaign] = Field(min_length=1)
    # Tables that came later have defaults, so that an older config.toml still starts.
    session: Session = Field(default_factory=Session)
    password: Password = Field(default_factory=Password)
    sso: Sso = Field(default_factory=Sso)
    retention: Retention = Field(default_factory=Retention)
    ledger: Ledger = Field(default_factory=Ledger)
    notify: Notify = Field(default_factory=Notify)
    hotspot: Hotspot = Field(default_factory=Hotspot)
    source: list[SourceEntry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> _File:
        levels = [clock.level for clock in self.clock]
        if sorted(levels) != ["I", "II", "III", "IV"]:
            raise PydanticCustomError("whole_clock", "[[clock]] 须为 I、II、III、IV 各写一段")
        seen: set[str] = set()
        for entry in self.source:
            if entry.id in seen:
                raise PydanticCustomError("whole_source", "[[source]] id 重复：{id}", {"id": entry.id})
            seen.add(entry.id)
        return self


class Settings(_Table):
    """Everything the product may be told, checked and frozen. ``clocks`` is keyed by level."""

    path: Path
    data_dir: Path
    model_dir: Path
    database_url: str
    address: str
    port: int
    site: Site
    watch: Watch
    fetch: Fetch
    poll: Poll
    parse: Parse
    judge: Judge
    story: Story
    severity: Severity
    clocks: dict[str, Clock]
    duty: Duty
    export: Export
    campaigns: tuple[Campaign, ...]
    session: Session
    password: Password
    sso: Sso
    retention: Retention
    ledger: Ledger
    notify: Notify
    hotspot: Hotspot
    sources: tuple[SourceEntry, ...]

    @property
    def campaign(self) -> Campaign:
        """The present campaign: the last in config.toml."""
        return self.campaigns[-1]

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def spring_festival_after(self, day: date) -> date | None:
        """The next Spring Festival on or after ``day`` known to config.toml, or None beyond its last campaign."""
        coming = sorted(c.spring_festival for c in self.campaigns if c.spring_festival >= day)
        return coming[0] if coming else None


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings.

    Raises:
        SettingsError: the file is missing, is not TOML, or holds a key that is unknown, missing or ill-typed.
    """
    path = path or Path(environ.get("MONITORS_CONFIG", "") or ROOT / "config.toml")
    try:
        # Windows' Notepad puts a byte order mark in front, which TOML itself does not allow.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"设置文件 {path} 不是 UTF-8 编码，请在编辑器中另存为 UTF-8") from error
    except OSError as error:
        raise SettingsError(f"无法读取设置文件 {path}：{reason(error)}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(not_toml(path, text, str(error))) from error
    try:
        file = _File.model_validate(table)
    except ValidationError as error:
        raise SettingsError(explain(path, text, error)) from error
    data_dir = Path(environ.get("MONITORS_DATA", "") or ROOT / "data" / "var").resolve()
    port = environ.get("MONITORS_PORT", "") or "8501"
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise SettingsError(f"环境变量 MONITORS_PORT 应为 1–65535 的端口号，现为 {port!r}")
    return Settings(
        path=path,
        data_dir=data_dir,
        model_dir=Path(environ.get("MONITORS_MODELS", "") or data_dir / "models").resolve(),
        database_url=environ.get("DATABASE_URL", "") or f"sqlite:///{data_dir / 'monitors.db'}",
        address=environ.get("MONITORS_ADDRESS", "") or "127.0.0.1",
        port=int(port),
        site=file.site,
        watch=file.watch,
        fetch=file.fetch,
        poll=file.poll,
        parse=file.parse,
        judge=file.judge,
        story=file.story,
        severity=file.severity,
        clocks={clock.level: clock for clock in file.clock},
        duty=file.duty,
        export=file.export,
        campaigns=tuple(file.campaign),
        session=file.session,
        password=file.password,
        sso=file.sso,
        retention=file.retention,
        ledger=file.ledger,
        notify=file.notify,
        hotspot=file.hotspot,
        sources=tuple(file.source),
    )


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process, read once."""
    return load()
