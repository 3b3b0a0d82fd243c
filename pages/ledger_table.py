"""The list of cases as the browser gets it: plain data for the component in ``pages/live``, built from rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.ledger.query import Query
from monitors.ledger.register import CaseRow, Page
from monitors.ledger.register_export import marks
from monitors.opinion.board import short_place
from pages.wording import money, persons

_FOLDER = Path(__file__).resolve().parent / "live"
KEY = "ledger_table"
SIZE = 50
# Words of the head, width, what it sorts by, whether its numbers stand at the right.
_HEADS = (
    ("编号 / 渠道", "8.4rem", "案件编号", False),
    ("用人单位 / 项目", "auto", "", False),
    ("地区", "max(6.7rem, 8cqw)", "", False),
    ("诉求", "5.9rem", "诉求金额", True),
    ("查实", "5.9rem", "查实金额", True),
    ("已支付", "5.6rem", "", True),
    ("状态", "6.9rem", "更新时间", False),
    ("时限", "5.9rem", "完成时限", False),
    ("责任单位 / 人", "max(7rem, calc(20cqw - 8rem))", "", False),
    ("受理", "5.7rem", "受理日期", False),
)
TONES = {"逾期": "late", "临期": "soon", "逾期办结": "calm", "已办结": "calm"}
Payload = dict[str, Any]


def due_words(row: CaseRow, today: date) -> str:
    """``逾期 5 天``, ``临期 2 天``, ``临期 今日``: the band in words first, so that nothing hangs on the colour."""
    if row.deadline is None or row.band not in ("逾期", "临期", "在期"):
        return row.band
    left = (row.deadline - today).days
    return f"{row.band} {abs(left)} 天" if left else f"{row.band} 今日"


def payload(found: Page, query: Query, *, today: date, page: int, picking: bool) -> Payload:
    """One page of the list. ``picking``: rows can be ticked for an assignment."""
    pages = max(1, -(-found.sums.cases // SIZE))
    return {
        "heads": [{"words": words, "width": width, "sort": by, "end": end} for words, width, by, end in _HEADS],
        "sort": {"by": query.sort, "descending": query.descending},
        "rows": [_line(row, today) for row in found.rows],
        "page": page,
        "pages": pages,
        "total": found.sums.cases,
        "picking": picking,
        "nothing": "没有符合条件的案件，请放宽筛选条件。" if query.words() != Query().words() else "台账中还没有案件。",
    }


def _line(row: CaseRow, today: date) -> Payload:
    tone = TONES.get(row.band, "")
    chips = [*marks(row), *(["演示"] if row.demo else [])]
    due = due_words(row, today)
    verified = row.verified_workers is not None
    cells: list[Payload] = [
        {"main": row.number, "small": row.channel, "strong": True},
        {"main": row.employer, "small": row.project or row.employer_class},
        {"main": short_place(row.region)},
        {"main": money(row.claimed_fen), "small": persons(row.claimed_workers), "end": True},
        {"main": money(row.verified_fen), "small": persons(row.verified_workers) if verified else "", "end": True},
        {"main": money(row.paid_fen), "small": persons(row.paid_workers), "end": True} if verified else _none(),
        {"main": row.state, "small": "·".join(chips), "hint": "、".join((row.state, *chips))},
        {"main": due, "small": row.deadline.isoformat() if row.deadline else "", "tone": tone},
        {"main": row.unit or row.person or "未分派", "small": row.person if row.unit else ""},
        {"main": row.accepted_on.isoformat()},
    ]
    name = f"{row.number}，{row.employer}，{row.state}，{due}"
    return {"id": str(row.id), "number": row.number, "name": name, "tone": tone, "cells": cells}


def _none() -> Payload:
    return {"main": "—", "end": True}


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    read = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in ("common.js", "ledger.js", "ledger.css")}
    return st.components.v2.component(
        "ledger_table",
        html='<div class="ledger"></div>',
        css=read["ledger.css"],
        js=read["common.js"] + "\n" + read["ledger.js"],
    )


def show(data: Payload, *, heard: Callable[[], None], key: str = KEY) -> None:
    """Mount the list; in ``heard``, ``st.session_state[key]`` holds ``open``, ``page``, ``sort`` or ``assign``."""
    _component()(
        data=data, key=key, on_open_change=heard, on_page_change=heard, on_sort_change=heard, on_assign_change=heard
    )
