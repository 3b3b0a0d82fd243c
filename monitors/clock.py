"""The office's time: stored UTC, shown Asia/Shanghai. ``now`` is an argument everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The present instant, timezone-aware, in UTC."""
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """The same instant on the office's wall clock (Asia/Shanghai)."""
    return moment.astimezone(SHANGHAI)


def stamp(moment: datetime | None) -> str:
    """``2026-11-23 08:05`` on the office's clock, or an em dash where there is no time."""
    return local(moment).strftime("%Y-%m-%d %H:%M") if moment else "—"
