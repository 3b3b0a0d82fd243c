"""数字明细: what stands behind a figure of 附件2, with the way to the cases; for a sum, which unit brought how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import streamlit as st

from monitors.access.scope import Scope
from monitors.ledger.form import FormCells
from monitors.ledger.form_layout import Unit
from monitors.ledger.form_lines import Line, Place, remark
from monitors.ledger.form_snapshots import Snapshot
from monitors.ledger.model import RECORD_NAMES, Record
from monitors.ledger.query import MAX_IDS
from monitors.regions import divisions
from pages import context, form_figures
from pages.form_ask import Asked
from pages.form_figures import LINES, exact_words
from pages.form_table import name_of, place_of
from pages.markup import Html, tag

_DAYS = {Record.INSPECTION: "检查日期", Record.PAYMENT: "支付日期", Record.MEASURE: "文书日期"}
_WORDS = {Record.CASE: "办理状态", Record.INSPECTION: "检查单位", Record.PAYMENT: "资金来源", Record.MEASURE: "文书"}


def exact(cells: FormCells, place: Place) -> int:
    """The exact figure of a place of the form."""
    return cells.others[place.column - 1] if place.row == 0 else cells.at(place.row, place.column)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet whose figures are opened. ``frozen``: it is a submitted one; ``parts``: it is the sum of these."""

    asked: Asked
    cells: FormCells
    frozen: bool = False
    parts: Mapping[str, Snapshot] | None = None


def show_chosen(scope: Scope, sheet: Sheet) -> None:
    """Open the figure of the address (``?cell=1-8``) over the sheet."""
    place = place_of(st.query_params.get("cell", ""))
    if place is not None:
        _drawer(scope, sheet, place)


def _closed() -> None:
    st.query_params.pop("cell", None)


@st.dialog("数字明细", width="large", on_dismiss=_closed)
def _drawer(scope: Scope, sheet: Sheet, place: Place) -> None:
    value = exact(sheet.cells, place)
    cells = sheet.cells
    printed = cells.printed_others()[place.column - 1] if place.row == 0 else cells.printed(place.row, place.column)
    st.html(
        tag(
            "div",
            tag("b", name_of(place)),
            tag("p", f"{sheet.asked.words}：{printed} {place.unit}（准确数 {exact_words(place.unit, value)}）"),
            class_="form-list",
        )
    )
    with context.explained():
        if sheet.parts is not None:
            st.html(tag("div", _units(sheet.parts, place), class_="form-list"))
        else:
            _records(scope, sheet.asked, place, frozen=sheet.frozen)


def _units(parts: Mapping[str, Snapshot], place: Place) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", divisions.full_name(code)),
            tag("td", exact_words(place.unit, exact(part.cells, place)), class_="n"),
            tag("td", tag("a", f"第 {part.id} 号", href=f"/form?snapshot={part.id}", target="_blank", rel="noopener")),
        )
        for code, part in parts.items()
        if exact(part.cells, place)
    ]
    head = tag("tr", tag("th", "下级单位"), tag("th", "报送的数字", class_="n"), tag("th", "报送件"))
    return tag("div", tag("table", head, *rows), class_="scroll")


def _records(scope: Scope, asked: Asked, place: Place, *, frozen: bool) -> None:
    found, lines = form_figures.behind(scope, asked, place)
    if frozen:
        st.caption("报送件中的数字不再变化；以下是台账中现在的记录，报送后有修改的可能与报送时不同。")
    if note := remark(place, found.kind):
        st.caption(note)
    kind = RECORD_NAMES[found.kind]
    if not found.ids:
        st.info(f"台账中现在没有计入这一数字的{kind}记录。", icon=":material/info:")
        return
    left, right = st.columns([3, 2], vertical_alignment="center")
    more = f"，以下为前 {LINES} 条" if len(found.ids) > LINES else ""
    left.markdown(f"**{kind}记录 {len(found.ids):,} 条**{more}")
    page = st.session_state.get("pages", {}).get("ledger")
    if found.case_ids and page is not None:
        ids = found.case_ids[:MAX_IDS]
        words = (
            f"在台账中查看 {len(ids)} 件案件" if len(ids) == len(found.case_ids) else f"在台账中查看前 {MAX_IDS} 件案件"
        )
        with right:
            st.page_link(
                page, label=words, icon=":material/open_in_new:", query_params={"ids": ",".join(map(str, ids))}
            )
    st.html(tag("div", _table(found.kind, lines, place), class_="form-list"))


def _table(kind: Record, lines: tuple[Line, ...], place: Place) -> Html:
    numbered = any(line.case for line in lines)
    day = {10: "立案日期", 11: "销账日期"}.get(place.column if place.row else 0, _DAYS.get(kind, "查实日期"))
    dated = any(line.on for line in lines)
    shared = place.unit in (Unit.PERSONS, Unit.MONEY)
    head = tag(
        "tr",
        tag("th", "案件编号") if numbered else "",
        tag("th", "总包单位" if kind is Record.PROJECT else "用人单位"),
        tag("th", "工程项目"),
        tag("th", "地区"),
        tag("th", day) if dated else "",
        tag("th", _WORDS.get(kind, "行业、状态")),
        tag("th", "计入", class_="n") if shared else "",
    )
    rows = [
        tag(
            "tr",
            tag("td", _case(line.case), class_="nowrap") if numbered else "",
            tag("td", line.employer or "—"),
            tag("td", line.project or "—"),
            tag("td", divisions.full_name(line.region) or line.region),
            tag("td", line.on.isoformat() if line.on else "—", class_="nowrap") if dated else "",
            tag("td", line.words),
            tag("td", exact_words(place.unit, line.share), class_="n") if shared else "",
        )
        for line in lines
    ]
    return tag("div", tag("table", head, *rows), class_="scroll")


def _case(number: str) -> Html | str:
    if not number:
        return "—"
    return tag("a", number, href=f"/ledger?case={quote(number)}", target="_blank", rel="noopener")
