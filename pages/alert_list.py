"""The queue of alerts as the browser gets it: plain data for the components in ``pages/live``, built from rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.access.actor import Actor
from monitors.desk import ways
from monitors.desk.queue import TABS, Page, Query, QueueRow
from pages.wording import TONES, level_name, marked, money, persons

_FOLDER = Path(__file__).resolve().parent / "live"
KEY, BEAT = "alert_queue", "alert_beat"
SIZE = 50
_KEYS = (
    ("j / k", "下一条、上一条（在列表中也可用 ↓ ↑）"),
    ("x", "勾选或取消勾选当前警情"),
    ("Enter", "打开当前警情"),
    ("s", "签收所选警情；未勾选时签收当前警情"),
    ("/", "输入关键词"),
    ("Esc", "关闭右侧详情"),
)
_HINTS = {
    "待签收": "还没有人签收的警情",
    "我的": "由我承办的，以及等我审批的警情",
    "待批": "已提请办结或定为误报、等另一人审批的警情",
    "超时": "至少一项时限已过的在办警情",
    "在办": "尚未办结、误报或并案的警情",
    "全部": "含已办结、误报和并案的警情",
}
Payload = dict[str, Any]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def acts(actor: Actor) -> list[Payload]:
    """What may be done with the ticked rows."""
    named = (
        ("sign", "签收所选（s）", "alert.sign"),
        ("check", "转核查", "alert.work"),
        ("export", "导出所选", "story.export"),
    )
    return [{"name": name, "words": words} for name, words, action in named if actor.may(action)]


def payload(found: Page, query: Query, *, page: int, offered: list[Payload]) -> Payload:
    """One page of the queue. ``offered``: the acts on ticked rows."""
    return {
        "choices": [
            {"value": tab, "label": tab, "count": found.tabs[tab], "on": tab == query.tab, "hint": _HINTS[tab],
             "tone": "hot" if tab == "超时" and found.tabs[tab] else ""}
            for tab in TABS
        ],
        "rows": [_line(row) for row in found.rows],
        "acts": offered,
        "page": page,
        "pages": max(1, -(-found.total // SIZE)),
        "total": found.total,
        "nothing": "没有符合条件的警情，请换一个范围或放宽筛选条件。"
        if query != Query(tab=query.tab, order=query.order)
        else f"“{query.tab}”中现在没有警情。",
    }  # fmt: skip


def _line(row: QueueRow) -> Payload:
    facts = f"{persons(row.workers) if row.workers is not None else '人数不详'} · " + (
        money(row.amount_fen) if row.amount_fen is not None else "金额不详"
    )
    state = f"{row.state}（待批）" if row.waiting else row.state
    return {
        "id": str(row.id),
        "number": row.number,
        "tone": TONES.get(row.level, "grey"),
        "badge": level_name(row.level),
        "title": marked(row.title, row.matched),
        "spread": f"{row.outlets} 家 {row.reports} 篇",
        "marks": marks(row),
        "place": row.place_short,
        "placeFull": row.place,
        "facts": facts,
        "state": state,
        "holder": " ".join(part for part in (row.unit, row.person) if part) or row.holder or "未承办",
        "dues": [{"name": due.clock, "at": _ms(due.at)} for due in row.dues],
        "done": "无待办时限",
        "name": f"{level_name(row.level)}，{row.number}，{row.title}，{state}",
    }


def marks(row: QueueRow) -> list[tuple[str, str]]:
    """Chips of a row, each with what it means."""
    named = (
        (f"关联 {row.linked}", "已关联的台账案件、线索数", row.linked),
        ("有回应", "已发布对外回应", row.answered),
        ("提级", "发出后级别上升过", row.raised),
        (f"并入 {row.merged}", "并入本警情的其他警情数", row.merged),
        (f"待批：{ways.deed('', row.waiting)}", "已提请，等另一人审批", row.waiting),
        ("演示", "演示数据，内容虚构", row.demo),
    )
    return [(words, hint) for words, hint, there in named if there]


def beat_payload(*, refresh: float, changed: str, now: datetime) -> Payload:
    """The line above the queue. ``changed``: another word for each new state of the data, ``""`` for none."""
    return {"now": _ms(now), "patience": max(10.0, 4 * refresh), "changed": changed, "keys": _KEYS}


@st.cache_resource(show_spinner=False)
def _component(name: str) -> Callable[..., Any]:
    read = {one: (_FOLDER / one).read_text(encoding="utf-8") for one in ("common.js", f"{name}.js", f"{name}.css")}
    return st.components.v2.component(
        f"alert_{name}",
        html=f'<div class="{name}"></div>',
        css=read[f"{name}.css"],
        js=read["common.js"] + "\n" + read[f"{name}.js"],
    )


def show(data: Payload, *, heard: Callable[[], None]) -> None:
    """Mount the list; in ``heard``, ``st.session_state[KEY]`` holds ``open``, ``page``, ``choose`` or ``act``."""
    _component("queue")(
        data=data, key=KEY, on_open_change=heard, on_page_change=heard, on_choose_change=heard, on_act_change=heard
    )


def show_beat(data: Payload, *, on_changed: Callable[[], None]) -> None:
    """Mount the line above it. ``on_changed`` is called once for each new ``data["changed"]``."""
    _component("queue_beat")(data=data, key=BEAT, on_changed_change=on_changed)


def show_limits(row: QueueRow, *, now: datetime) -> None:
    """The limits of one alert, counting down."""
    data = {
        "now": _ms(now),
        "dues": [{"name": due.clock, "at": _ms(due.at)} for due in row.dues],
        "nothing": "没有正在计算的时限",
    }
    _component("queue_limits")(data=data, key=f"limits-{row.number}")
