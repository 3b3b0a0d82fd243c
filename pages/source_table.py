"""The list of sources as the browser gets it: plain data for the component in ``pages/live``, built from rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import streamlit as st

from monitors.clock import stamp
from monitors.opinion.schedule import HEALTH_NAMES, Health, HealthLevel, age
from monitors.opinion.sources import SourceRow

_FOLDER = Path(__file__).resolve().parent / "live"
KIND_NAMES = {"feed": "订阅源", "page": "网页列表", "json": "JSON 接口"}
# Trouble first: what somebody has to look at stands at the top.
_URGENCY: dict[HealthLevel, int] = {"bad": 0, "warn": 1, "ok": 2, "off": 3}
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A source with its health at one moment."""

    row: SourceRow
    health: Health


def in_order(rows: Sequence[Judged]) -> list[Judged]:
    """Troubled sources first, otherwise as they came."""
    return sorted(rows, key=lambda one: _URGENCY[one.health.level])


def health_counts(rows: Sequence[Judged]) -> dict[HealthLevel, int]:
    """How many sources are how, every level present."""
    found = Counter(one.health.level for one in rows)
    return {level: found[level] for level in HEALTH_NAMES}


def interval_words(seconds: float) -> str:
    """``5 秒``, ``10 分钟``, ``1.5 小时`` or ``2 天``."""
    for size, unit in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{round(seconds):g} 秒"


def ago_words(moment: datetime | None, now: datetime) -> str:
    """``12 分钟前``; to the minute, as the list is redrawn. An em dash where there is no time."""
    if moment is None:
        return "—"
    return f"{age(now - moment)}前" if now - moment >= timedelta(minutes=1) else "1 分钟内"


def due_words(row: SourceRow, now: datetime) -> str:
    """When the source is polled next, seen from ``now``."""
    if row.demo or row.source.paused or row.removed:
        return "—"
    if row.lease_until is not None and row.lease_until > now:
        return "正在抓取"
    left = row.next_at - now
    if left <= timedelta(minutes=-1):
        return f"已迟 {age(-left)}"
    return f"{age(left)}后" if left >= timedelta(minutes=1) else "1 分钟内"


def payload(rows: Sequence[Judged], now: datetime, *, page: int, pages: int, total: int, nothing: str) -> Payload:
    """One page of the list."""
    return {
        "rows": [_line(one, now) for one in rows],
        "page": page,
        "pages": pages,
        "total": total,
        "nothing": nothing,
    }


def _line(one: Judged, now: datetime) -> Payload:
    row, source = one.row, one.row.source
    parts = urlsplit(source.url)
    chips = []
    if source.condition in ("已停更", "受阻"):
        chips.append({"words": source.condition, "stop": True})
    if source.national:
        chips.append({"words": "全国", "stop": False})
    if row.demo:
        chips.append({"words": "演示", "stop": False})
    off = one.health.level == "off"
    return {
        "id": source.id,
        "level": one.health.level,
        "health": HEALTH_NAMES[one.health.level],
        "words": source.condition_note if off and source.condition_note else one.health.words,
        "name": source.name,
        "chips": chips,
        "host": (parts.hostname or "") + unquote(parts.path).rstrip("/"),
        "address": source.url,
        "group": source.group,
        "kind": KIND_NAMES.get(source.kind, source.kind),
        "note": row.last_note or ("—" if off else "尚未抓取"),
        "polled": ago_words(row.last_poll_at, now) if row.last_poll_at else "",
        "newest": ago_words(row.newest_item_at, now),
        "newestAt": stamp(row.newest_item_at) if row.newest_item_at else "还没有读到报道",
        "next": due_words(row, now),
        "nextAt": "" if off else stamp(row.next_at),
        "interval": "" if off else f"每 {interval_words(row.present_interval)}",
    }


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    read = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in ("common.js", "sources.js", "sources.css")}
    return st.components.v2.component(
        "source_table",
        html='<div class="sources"></div>',
        css=read["sources.css"],
        js=read["common.js"] + "\n" + read["sources.js"],
    )


def show(data: Payload, *, on_open: Callable[[], None], on_page: Callable[[], None]) -> None:
    """Mount the list; ``st.session_state["source_table"]`` holds ``open`` (an id) or ``page`` in the callbacks."""
    _component()(data=data, key="source_table", on_open_change=on_open, on_page_change=on_page)
