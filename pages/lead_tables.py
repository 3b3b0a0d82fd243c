"""Clues, hazards and receptions as the live list gets them, and the two lists of what is to be looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitors.clock import local
from monitors.ledger.case_rows import Case
from monitors.ledger.clue_rows import SETTLED, Clue
from monitors.ledger.hazards import AT_WORK, Hazard
from monitors.ledger.receptions import Reception
from monitors.opinion.board import short_place
from monitors.settings import Settings
from pages.ledger_table import SIZE, Payload
from pages.markup import Html, tag
from pages.wording import money, persons

_CLUE = (
    ("编号 / 渠道", "8.6rem"), ("反映的单位 / 内容", "auto"), ("地区", "max(6.7rem, 8cqw)"), ("反映", "6rem"),
    ("状态 / 结论", "8.2rem"), ("时限", "6.6rem"), ("承办", "max(7rem, calc(20cqw - 8rem))"), ("收到 / 首问", "6.4rem"),
)  # fmt: skip
_HAZARD = (
    ("编号 / 来源", "8.6rem"), ("单位 / 项目", "max(11rem, 18cqw)"), ("隐患情况", "auto"),
    ("地区", "max(6.7rem, 8cqw)"), ("涉及", "6rem"), ("状态", "6rem"), ("时限", "6.2rem"),
    ("责任单位 / 人", "max(7rem, calc(20cqw - 8rem))"), ("最近跟进", "6.4rem"),
)  # fmt: skip
_RECEPTION = (
    ("日期 / 类型", "7rem"), ("接访情况", "auto"), ("地区", "max(6.7rem, 8cqw)"), ("来访", "6.4rem"),
    ("参加单位 / 人员", "max(12rem, 22cqw)"), ("案件", "8.8rem"),
)  # fmt: skip
_NUMBERS = ("反映", "涉及", "来访")
MOST = 200  # rows of one list of what is to be looked at again, the longest waiting first
NOTHING = "没有符合条件的记录，请放宽筛选条件或登记。"


def clues(rows: Sequence[Clue], total: int, page: int, *, settings: Settings, today: date) -> Payload:
    """One page of clues."""
    return _payload(_CLUE, [_clue(row, settings, today) for row in rows], total, page)


def hazards(rows: Sequence[Hazard], total: int, page: int, *, settings: Settings, today: date) -> Payload:
    """One page of hazards."""
    return _payload(_HAZARD, [_hazard(row, settings, today) for row in rows], total, page)


def receptions(rows: Sequence[Reception], total: int, page: int) -> Payload:
    """One page of receptions."""
    return _payload(_RECEPTION, [_reception(row) for row in rows], total, page)


def clue_due(row: Clue, *, settings: Settings, today: date) -> tuple[str, str]:
    """Words and tone of a clue's limit: ``逾期未核处 3 天``; the band in words, so that nothing hangs on the colour."""
    if row.state in SETTLED:
        return ("已核处", "calm")
    if late := row.late(settings=settings, today=today):
        by = row.due if row.due is not None and row.due < today else row.accept_by(settings)
        return (f"{late} {(today - by).days} 天", "late")
    return _left(row.due, settings, today)


def hazard_due(row: Hazard, *, settings: Settings, today: date) -> tuple[str, str]:
    """As ``clue_due``."""
    if row.state not in AT_WORK:
        return (f"回头看 {row.recheck_on}", "calm") if row.recheck_on else ("已了结", "calm")
    if row.due is not None and row.due < today:
        return (f"逾期 {(today - row.due).days} 天", "late")
    return _left(row.due, settings, today)


def untouched(row: Hazard, today: date) -> int:
    """Whole days since somebody last did something about it."""
    return max(0, (today - local(row.updated_at).date()).days)


def rechecks(cases: Sequence[Case], risks: Sequence[Hazard], today: date) -> Html:
    """Both lists, longest waiting first, each row leading to its record."""
    of_cases = [_row(f"/ledger?case={one.number}", one, one.employer_name, today) for one in cases]
    of_risks = [
        _row(f"/clues?tab=隐患&hazard={one.number}", one, one.employer_name or one.project_name, today) for one in risks
    ]
    return tag(
        "div",
        *_listed("已销账案件", of_cases, "没有到期待回头看的案件。"),
        *_listed("已排除隐患", of_risks, "没有到期待回头看的隐患。"),
        class_="case-facts",
    )


def _listed(name: str, rows: Sequence[Html], nothing: str) -> list[Html]:
    title = tag("h4", f"{name}（{'前 ' if len(rows) == MOST else ''}{len(rows)}）")
    if not rows:
        return [title, tag("p", nothing, class_="muted")]
    heads = ("编号", "单位 / 项目", "地区", "状态", "应回头看", "已超")
    return [title, tag("table", tag("tr", *(tag("th", words) for words in heads)), *rows)]


def _row(href: str, one: Case | Hazard, name: str, today: date) -> Html:
    over = (today - one.recheck_on).days if one.recheck_on else 0
    return tag(
        "tr",
        tag("td", tag("a", one.number, href=href, target="_self"), class_="nowrap"),
        tag("td", name),
        tag("td", short_place(one.region), class_="nowrap"),
        tag("td", one.state, class_="nowrap"),
        tag("td", one.recheck_on or "", class_="nowrap"),
        tag("td", f"{over} 天" if over else "今日", class_="nowrap late-words" if over else "nowrap soon-words"),
    )


def _payload(heads: Sequence[tuple[str, str]], rows: list[Payload], total: int, page: int) -> Payload:
    return {
        "heads": [{"words": words, "width": width, "sort": "", "end": words in _NUMBERS} for words, width in heads],
        "sort": {"by": "", "descending": False},
        "rows": rows,
        "page": page,
        "pages": max(1, -(-total // SIZE)),
        "total": total,
        "unit": "条",
        "picking": False,
        "nothing": NOTHING,
    }


def _line(record_id: int, number: str, tone: str, name: str, cells: list[Mapping[str, Any]]) -> Payload:
    return {"id": str(record_id), "number": number, "name": name, "tone": tone, "cells": cells}


def _clue(row: Clue, settings: Settings, today: date) -> Payload:
    due, tone = clue_due(row, settings=settings, today=today)
    firm = row.employer_name or "（未提及单位）"
    cells: list[Mapping[str, Any]] = [
        {"main": row.number, "small": row.channel, "strong": True},
        {"main": firm, "small": row.summary or row.project_name},
        {"main": short_place(row.region)},
        {"main": persons(row.persons), "small": money(row.amount_fen) if row.amount_fen else "", "end": True},
        {"main": row.state, "small": "·".join(filter(None, (row.conclusion, _demo(row.demo))))},
        {"main": due, "small": row.due.isoformat() if row.due else "", "tone": tone},
        {"main": row.unit or row.target_unit or row.person or "未分派", "small": row.person if row.unit else ""},
        {"main": local(row.received_at).date().isoformat(), "small": row.first_receiver},
    ]
    return _line(row.id, row.number, tone, f"{row.number}，{firm}，{row.state}，{due}", cells)


def _hazard(row: Hazard, settings: Settings, today: date) -> Payload:
    due, tone = hazard_due(row, settings=settings, today=today)
    days = untouched(row, today)
    stale = row.state in AT_WORK and days > settings.ledger.stale_hazard_days
    firm = row.employer_name or row.project_name
    cells: list[Mapping[str, Any]] = [
        {"main": row.number, "small": row.source, "strong": True},
        {"main": firm, "small": row.project_name if row.employer_name else ""},
        {"main": row.cause, "small": row.plan},
        {"main": short_place(row.region)},
        {"main": persons(row.persons), "small": money(row.amount_fen) if row.amount_fen else "", "end": True},
        {"main": row.state, "small": _demo(row.demo)},
        {"main": due, "small": row.due.isoformat() if row.due and row.state in AT_WORK else "", "tone": tone},
        {"main": row.unit or row.person or "未落实", "small": row.person if row.unit else ""},
        {
            "main": local(row.updated_at).date().isoformat(),
            "small": f"{days} 天未跟进" if stale else "",
            "tone": "soon" if stale else "",
        },
    ]
    words = f"{row.number}，{firm}，{row.state}，{due}"
    return _line(row.id, row.number, tone or ("soon" if stale else ""), words, cells)


def _reception(row: Reception) -> Payload:
    linked = {"main": row.case_number} if row.case_number else {"main": "未关联案件", "tone": "soon"}
    spoke = f"代表 {row.representatives} 人" if row.representatives else ""
    cells: list[Mapping[str, Any]] = [
        {"main": row.on.isoformat(), "small": "·".join(filter(None, (row.kind, _demo(row.demo)))), "strong": True},
        {"main": row.note or "（未填写）"},
        {"main": short_place(row.region)},
        {"main": persons(row.persons), "small": spoke, "end": True},
        {"main": "、".join(row.units), "small": "、".join(row.staff)},
        linked,
    ]
    return _line(row.id, str(row.id), "", f"{row.on} {row.kind}，{row.persons} 人，{linked['main']}", cells)


def _demo(there: bool) -> str:
    return "演示" if there else ""


def _left(due: date | None, settings: Settings, today: date) -> tuple[str, str]:
    if due is None:
        return ("无期限", "")
    left = (due - today).days
    tone = "soon" if left <= max(settings.ledger.due_soon_days) else ""
    return (f"剩 {left} 天" if left else "今日到期", tone)
