"""The lists of 项目与检查 as the browser gets them, for the live list of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitors.ledger.model import CHECKS, SOURCE_CHECKS, SYSTEMS, CheckValue
from monitors.ledger.party_lists import Firm, Site, Visit
from monitors.ledger.projects import Checked, unmet
from monitors.opinion.board import short_place
from pages.ledger_table import SIZE, Payload

MARKS = {CheckValue.YES: "✓", CheckValue.NO: "✗", CheckValue.NOT_APPLICABLE: "—"}
UNSEEN = "○"
WORDS = {CheckValue.YES: "已落实", CheckValue.NO: "未落实", CheckValue.NOT_APPLICABLE: "不适用"}
_SITE_HEADS = (
    ("项目名称 / 建设单位", "auto", False), ("地区", "max(6.7rem, 9cqw)", False), ("行业 / 状态", "5.2rem", False),
    ("施工总承包单位", "max(11rem, 20cqw)", False), ("性质", "6.4rem", False), ("五项制度｜源头三项", "9.6rem", False),
    ("上次检查", "6.2rem", False), ("未结案件", "5.2rem", True),
)  # fmt: skip
_VISIT_HEADS = (
    ("检查日期", "6.4rem", False), ("用人单位 / 项目", "auto", False), ("地区", "max(6.7rem, 9cqw)", False),
    ("检查单位", "max(9rem, 15cqw)", False), ("职工", "5rem", True), ("农民工", "5rem", True),
    ("签订合同", "5.4rem", True), ("检查结果", "max(9rem, 16cqw)", False),
)  # fmt: skip
_FIRM_HEADS = (
    ("名称 / 信用代码", "auto", False), ("企业类别", "8.4rem", False), ("注册地", "max(6.7rem, 9cqw)", False),
    ("法定代表人", "6rem", False), ("性质 / 信用", "6.4rem", False), ("经营状况", "6rem", False),
    ("上次检查", "6.2rem", False), ("未结案件", "5.2rem", True),
)  # fmt: skip


def duty_words(held: Mapping[str, Checked], names: Sequence[str] = CHECKS) -> str:
    """``专用账户 已落实、实名制 未检查``."""
    return "、".join(f"{name} {WORDS[CheckValue(held[name].value)] if name in held else '未检查'}" for name in names)


def natures(site: Site) -> str:
    """政府投资·PPP·国企; the three may hold together."""
    named = ((site.gov, "政府投资"), (site.ppp, "PPP"), (site.soe, "国企"))
    return "·".join(words for there, words in named if there) or "—"


def sites(rows: Sequence[Site], total: int, page: int) -> Payload:
    """The list of projects."""
    return _payload(_SITE_HEADS, [_site(row) for row in rows], total, page, what="工程项目", unit="个")


def visits(rows: Sequence[Visit], total: int, page: int) -> Payload:
    """The list of inspections."""
    return _payload(_VISIT_HEADS, [_visit(row) for row in rows], total, page, what="检查记录", unit="次")


def firms(rows: Sequence[Firm], total: int, page: int) -> Payload:
    """The list of employers."""
    return _payload(_FIRM_HEADS, [_firm(row) for row in rows], total, page, what="用人单位", unit="户")


def _payload(
    heads: Sequence[tuple[str, str, bool]], rows: list[Payload], total: int, page: int, *, what: str, unit: str
) -> Payload:
    return {
        "heads": [{"words": words, "width": width, "sort": "", "end": end} for words, width, end in heads],
        "sort": {"by": "", "descending": False},
        "rows": rows,
        "page": page,
        "pages": max(1, -(-total // SIZE)),
        "total": total,
        "unit": unit,
        "picking": False,
        "nothing": f"没有符合条件的{what}。",
    }


def _mark(held: Mapping[str, Checked], name: str) -> str:
    return MARKS[CheckValue(held[name].value)] if name in held else UNSEEN


def _site(row: Site) -> Payload:
    ticks = "｜".join(" ".join(_mark(row.checks, name) for name in names) for names in (SYSTEMS, SOURCE_CHECKS))
    wanting = [name for name, _ in unmet(row.checks)]
    tone = "late" if wanting else ""
    named = f"{wanting[0]}未落实" if len(wanting) == 1 else f"{len(wanting)} 项未落实"
    told = named if wanting else "" if row.checks else "未检查"
    small = "·".join(one for one in (row.developer, "演示" if row.demo else "") if one)
    cells: list[Payload] = [
        {"main": row.name, "small": small, "strong": True},
        {"main": short_place(row.region)},
        {"main": row.industry, "small": row.status},
        {"main": row.contractor or "—"},
        {"main": natures(row)},
        {"main": ticks, "small": told, "tone": tone, "hint": duty_words(row.checks)},
        {"main": row.inspected_on.isoformat() if row.inspected_on else "—"},
        {"main": f"{row.open_cases} 件" if row.open_cases else "—", "end": True},
    ]
    return _row(row.id, f"{row.name}，{row.status}，{told or '未发现问题'}", cells, tone)


def _visit(row: Visit) -> Payload:
    wanting = [name for name, _ in unmet(row.checks)]
    tone = "late" if wanting else ""
    found = "未落实：" + "、".join(wanting) if wanting else f"{len(row.checks)} 项未见问题" if row.checks else "—"
    cells: list[Payload] = [
        {"main": row.on.isoformat(), "small": "演示" if row.demo else "", "strong": True},
        {"main": row.employer, "small": row.project},
        {"main": short_place(row.region)},
        {"main": row.unit},
        *({"main": f"{n:,} 人", "end": True} for n in (row.workers, row.migrants, row.migrants_with_contract)),
        {"main": found, "tone": tone, "hint": duty_words(row.checks) if row.checks else ""},
    ]
    return _row(row.id, f"{row.on.isoformat()}，{row.employer}，{found}", cells, tone)


def _firm(row: Firm) -> Payload:
    code = row.uscc or "无信用代码"
    nature = [words for there, words in ((row.state_owned, "国企"), (row.credit, f"{row.credit} 级")) if there]
    cells: list[Payload] = [
        {"main": row.name, "small": f"{code}·演示" if row.demo else code, "strong": True},
        {"main": row.employer_class},
        {"main": short_place(row.region)},
        {"main": row.legal_rep or "—"},
        {"main": "·".join(nature) or "—"},
        {"main": row.operating_status or "—"},
        {"main": row.inspected_on.isoformat() if row.inspected_on else "—"},
        {"main": f"{row.open_cases} 件" if row.open_cases else "—", "end": True},
    ]
    return _row(row.id, f"{row.name}，{row.employer_class}", cells, "")


def _row(number: int, name: str, cells: list[Payload], tone: str) -> Payload:
    return {"id": str(number), "number": str(number), "name": name, "tone": tone, "cells": cells}
