"""The live screens (components in ``pages/live``): what they are given, as plain data, and how they are mounted.

The browser side builds the page from text nodes only, so nothing in a headline can act. Ages and countdowns tick there;
the server sends the list again only when the data changed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.access.scope import Scope
from monitors.clock import local
from monitors.opinion.board import Counts, OpenAlert, PrefectureCount, Strip, Trouble
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES, STANCE_NAMES
from pages.wording import TONES, marked, money, persons

_FOLDER = Path(__file__).resolve().parent / "live"
WALL_ROWS = 10
# For those who cannot start the watch themselves.
_TELL = "请告知省级管理员或值班员；停止期间的报道恢复后自动补抓，本页自行恢复。"
Payload = dict[str, Any]


def _read(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


@st.cache_resource(show_spinner=False)
def _component(name: str) -> Callable[..., Any]:
    return st.components.v2.component(
        f"duty_{name}",
        html=f'<div class="{name}"></div>',
        css=_read(f"{name}.css"),
        js=_read("common.js", f"{name}.js"),
    )


def show_pulse(payload: Payload, *, on_changed: Callable[[], None]) -> None:
    """Mount the heartbeat strip with the alarm. ``on_changed`` is called once for each new ``payload["changed"]``."""
    _component("pulse")(data=payload, key="pulse", on_changed_change=on_changed)


def show_board(
    payload: Payload, *, on_open: Callable[[], None], on_choose: Callable[[], None], on_page: Callable[[], None]
) -> None:
    """Mount cards, filters and the list. ``on_open`` is called when somebody has clicked on a story."""
    _component("board")(
        data=payload, key="board", on_open_change=on_open, on_choose_change=on_choose, on_page_change=on_page
    )


def show_wall(payload: Payload) -> None:
    """Mount the wall screen; it covers the whole window."""
    _component("wall")(data=payload, key="wall")


_SALT = secrets.token_bytes(16)


def opaque(state: object) -> str:
    """A word that is another for each state and tells nothing of it: data versions count what all counties get."""
    return hashlib.blake2b(repr(state).encode(), key=_SALT, digest_size=8).hexdigest()


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def parts_name(scope: Scope) -> str:
    """What the part of the province consists of: 州市, 县（市、区）, or ``""`` where there is nothing to compare."""
    if scope.everything:
        return "州市"
    return "县市区" if scope.region.endswith("00") else ""


def pulse_payload(
    strip: Strip,
    trouble: Trouble | None,
    alarm: tuple[datetime, str] | None,
    *,
    unsigned: int,
    place: str,
    roster: str = "",
    refresh: float,
    now: datetime,
) -> Payload:
    """The strip's data. ``patience``: seconds without a word from the server after which the page says so.

    ``trouble`` None: the reader has no business with the sources. ``place``: whose records these are, ``""`` all.
    ``roster``: what is wrong with the desk's present shift, shown red (R24).
    """
    return {
        "now": _ms(now),
        "state": strip.state,
        "words": strip.words,
        "advice": strip.advice if trouble or not strip.advice else _TELL,
        "place": f"辖区：{place}" if place else "",
        "roster": roster,
        "patience": max(10.0, 4 * refresh),
        "unsigned": unsigned,
        "alarm": {"at": _ms(alarm[0]), "level": alarm[1]} if alarm else None,
        "sources": _source_words(trouble) if trouble else {"words": "", "bad": False, "names": ""},
    }


def _source_words(trouble: Trouble) -> Payload:
    words = f"监测源 {trouble.watched} 个"
    if trouble.bad:
        words += f" · {trouble.bad} 个故障"
    if trouble.warn:
        words += f" · {trouble.warn} 个需注意"
    more = trouble.bad + trouble.warn - len(trouble.names)
    listed = "\n".join(trouble.names) + (f"\n另有 {more} 个，见“监测源”" if more > 0 else "")
    return {"words": words, "bad": bool(trouble.bad), "names": listed or "全部监测源正常"}


def _hour_labels(hours: Iterable[datetime]) -> list[str]:
    return [f"{local(hour):%H:00}" for hour in hours]


def _card(label: str, note: str, unit: str, *, series: Sequence[int], labels: Sequence[str], text: str) -> Payload:
    return {
        "label": label,
        "value": f"{sum(series):,}",
        "unit": unit,
        "note": note,
        "tone": "",
        "help": text,
        "series": list(series),
        "labels": list(labels),
    }


def card_payloads(counts: Counts) -> list[Payload]:
    """The five metric cards, each with its hours."""
    labels = _hour_labels(counts.hours)
    span = f"{len(counts.hours)} 小时"
    waiting = f"待签收 {counts.unsigned}" if counts.unsigned else "已全部签收" if counts.open else ""
    return [
        _card("监测报道", span, "篇", series=counts.reports, labels=labels, text="各监测源抓到的全部报道，按抓取时间"),
        _card("欠薪相关", span, "篇", series=counts.relevant, labels=labels, text="判定与欠薪有关的报道，按抓取时间"),
        _card("新增事件", span, "起", series=counts.stories, labels=labels, text="同一事件的多篇报道合为一起"),
        _card("新增警情", span, "起", series=counts.alerts, labels=labels, text="本省 IV 级及以上的事件自动发出警情"),
        _card(
            "未办结",
            waiting,
            "起",
            series=counts.alerts,
            labels=labels,
            text="尚未办结、误报或并案的警情；柱图为每小时新增警情",
        )
        | {"value": f"{counts.open:,}"}
        | ({"note": f"超时未签 {counts.overdue}", "tone": "hot"} if counts.overdue else {}),
    ]


def alert_payload(row: OpenAlert) -> Payload:
    """One line of the list."""
    return {
        "id": row.id,
        "story": row.story_id,
        "number": row.number,
        "tone": TONES.get(row.level, "grey"),
        "badge": LEVEL_NAMES.get(row.level, row.level),
        "state": row.state,
        "title": marked(row.title, row.matched),
        "words": [word for word in row.matched if word not in row.title][:4],
        "place": row.place_short,
        "placeFull": row.place,
        "persons": persons(row.workers) if row.workers is not None else "人数不详",
        "money": money(row.amount_fen) if row.amount_fen is not None else "金额不详",
        "outlets": row.outlets,
        "reports": row.reports,
        "firstOutlet": row.first_outlet,
        "kind": row.kind or "未分类",
        "stance": STANCE_NAMES.get(row.stance, row.stance),
        "published": _ms(row.first_published_at),
        "seen": _ms(row.first_seen_at),
        "raised": _ms(row.raised_at),
        "due": _ms(row.sign_due_at),
        "signed": row.signed_by or "",
        "demo": row.demo,
    }


def board_payload(counts: Counts, alerts: Sequence[OpenAlert], *, chosen: str, page: int, page_size: int) -> Payload:
    """Cards, the filters with their numbers, and one page of open alerts. ``chosen``: ``""``, ``new`` or a level."""
    choices = [
        {"value": "", "label": "全部", "count": counts.open, "tone": "", "on": chosen == ""},
        {"value": "new", "label": "待签收", "count": counts.unsigned, "tone": "", "on": chosen == "new"},
        *(
            {
                "value": row.level,
                "label": LEVEL_NAMES[row.level],
                "count": row.open,
                "tone": TONES[row.level],
                "on": chosen == row.level,
            }
            for row in counts.levels
        ),
    ]
    total = next((choice["count"] for choice in choices if choice["on"]), counts.open)
    return {
        "cards": card_payloads(counts),
        "choices": choices,
        "alerts": [alert_payload(row) for row in alerts],
        "page": page,
        "pages": max(1, -(-int(str(total)) // page_size)),
        "total": total,
        "nothing": "当前没有未办结的警情。新的警情会自动出现在这里。" if not chosen else "这一类目前没有未办结的警情。",
    }


def wall_payload(
    counts: Counts,
    alerts: Sequence[OpenAlert],
    prefectures: Sequence[PrefectureCount],
    *,
    name: str,
    parts: str,
    demo: bool,
    pulse: Payload,
) -> Payload:
    """Everything on the wall screen. ``parts``: what the places are (州市, 县市区); ``""`` leaves them out."""
    tiles: list[Payload] = [
        {
            "label": f"{LEVEL_NAMES[row.level]} · 未办结",
            "value": row.open,
            "note": f"待签收 {row.unsigned}" if row.unsigned else "已全部签收" if row.open else "",
            "tone": TONES[row.level],
        }
        for row in counts.levels
    ]
    tiles += [
        {"label": "超时未签收", "value": counts.overdue, "note": "起", "tone": "hot" if counts.overdue else ""},
        {"label": "24 小时新增警情", "value": sum(counts.alerts), "note": "起", "tone": ""},
        {"label": "24 小时欠薪相关", "value": sum(counts.relevant), "note": "篇", "tone": ""},
        {"label": "24 小时监测报道", "value": f"{sum(counts.reports):,}", "note": "篇", "tone": ""},
    ]
    more = counts.open - len(alerts)
    return {
        "name": name,
        "demo": demo,
        "place": pulse["place"],
        "pulse": pulse,
        "tiles": tiles,
        "heading": f"未办结警情 {counts.open} 起" + (f" · 显示最急的 {len(alerts)} 起" if more > 0 else ""),
        "alerts": [alert_payload(row) for row in alerts],
        "nothing": "当前没有未办结的警情",
        "parts": f"未办结警情 · 按{parts}" if parts else "",
        "prefectures": [
            {
                "name": row.name,
                "total": row.total,
                "parts": [
                    {"tone": TONES[level], "name": LEVEL_NAMES[level], "count": number}
                    for level, number in zip(ALERT_LEVELS, row.levels, strict=True)
                    if number
                ],
            }
            for row in prefectures
        ],
        "trend": {"series": list(counts.relevant), "labels": _hour_labels(counts.hours)},
    }
