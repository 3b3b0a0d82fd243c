"""A hand-over on paper (交接班记录): A4, the figures, the open items, both signatures, then what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitors import typeset
from monitors.clock import local, stamp
from monitors.desk.handover import Figures, Handover, OpenItem, desk_name
from monitors.opinion.model import LEVEL_NAMES

_TEMPLATE = Path(__file__).with_name("handover.typ")
# Name and unit of each figure, in the order of the sheet.
FIGURES: tuple[tuple[str, str, str], ...] = (
    ("opened", "新增警情", "起"), ("signed", "签收", "起"), ("closed", "办结", "起"), ("false", "误报", "起"),
    ("merged", "并案", "起"), ("reopened", "重启核查", "起"), ("raised", "升级", "次"), ("lowered", "降级", "次"),
    ("responses", "发布回应", "条"), ("open", "未办结", "起"), ("unsigned", "待签收", "起"), ("overdue", "超时", "起"),
    ("dead", "通知未送达", "条"),
)  # fmt: skip


def figure_words(figures: Figures) -> list[tuple[str, str]]:
    """Each figure's name and its value with the unit."""
    return [(name, f"{getattr(figures, field):,} {unit}") for field, name, unit in FIGURES]


def file_name(held: Handover) -> str:
    """``交接班记录_云南省值班室_20261123-0800.pdf``."""
    return f"交接班记录_{desk_name(held.region)}_{local(held.to_at):%Y%m%d-%H%M}.pdf"


def pdf(held: Handover) -> bytes:
    """The sheet as a PDF.

    Raises:
        MonitorsError: as ``typeset.render``.
    """
    return typeset.render(_TEMPLATE, "handover", content(held))


def content(held: Handover) -> dict[str, Any]:
    """What stands on the sheet, as the template reads it."""
    summary = held.summary
    kept, total = len(summary.items), summary.figures.open
    more = f"，列出最急的 {kept} 起" if kept < total else ""
    shown, happened = len(summary.events), summary.events_total
    cut = f"，列出最近的 {shown} 条" if shown < happened else ""
    figures = [list(pair) for pair in figure_words(summary.figures)]
    return {
        "title": f"{desk_name(held.region)}交接班记录",
        "period": f"{stamp(held.from_at)} 至 {stamp(held.to_at)}",
        "figures": figures + [["", ""]] * (-len(figures) % 4),
        "items_title": f"移交的未办结警情（{total} 起{more}）" if total else "移交的未办结警情：无",
        "items": [_line(one, held) for one in summary.items],
        "notes": held.notes or "无",
        "in_notes": held.in_notes or ("无" if held.in_at else "（尚未接班）"),
        "signatures": [
            f"交班人：{held.out_name}　{stamp(held.out_at)}",
            f"接班人：{held.in_name}　{stamp(held.in_at)}" if held.in_at else "接班人：（尚未签字）",
        ],
        "events_title": f"本班经过（{happened} 条{cut}）",
        "events": [[f"{local(one.at):%m-%d %H:%M}", one.number, one.words, one.who] for one in summary.events],
    }


def _line(one: OpenItem, held: Handover) -> list[str]:
    title = f"{one.title}{'（演示数据）' if one.demo else ''}"
    return [one.number, title, LEVEL_NAMES.get(one.level, one.level), one.state, one.who, due_words(one, held)]


def due_words(one: OpenItem, held: Handover) -> str:
    """``签收 11-23 10:20（已超时）`` as it stood when the shift was handed over."""
    if one.due_at is None:
        return "—"
    return f"{one.clock} {local(one.due_at):%m-%d %H:%M}{'（已超时）' if one.due_at < held.to_at else ''}"
