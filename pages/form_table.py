"""The sheet of 附件2 as the browser gets it: the official layout as plain data, each figure a way to its records."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.ledger.form_checks import Finding
from monitors.ledger.form_layout import ATTACHMENT, BLANKS, COLUMNS, NOTES, ROWS, Unit, headings, other_lines
from monitors.ledger.form_lines import Place
from monitors.ledger.form_paper import Paper

_FOLDER = Path(__file__).resolve().parent / "live"
_BLANK = re.compile(r"\{(\d+)\}")
_WIDTHS = {Unit.EMPLOYERS: "2.9rem", Unit.PERSONS: "3.3rem", Unit.MONEY: "3.9rem", Unit.PIECES: "2.9rem"}
Payload = dict[str, Any]


def place_of(text: str) -> Place | None:
    """The figure of ``1-8`` (row, column) or ``0-3`` (其他情况, blank); None where there is no such place."""
    row, dash, column = text.partition("-")
    if not (dash and row.isascii() and row.isdigit() and column.isascii() and column.isdigit() and len(text) < 6):
        return None
    place = Place(int(row), int(column))
    widest = len(BLANKS) if place.row == 0 else len(COLUMNS)
    return place if place.row <= len(ROWS) and 1 <= place.column <= widest else None


def name_of(place: Place) -> str:
    """``“合计”行 第8栏“涉及金额（合计）”``, or the blank's own words."""
    if place.row == 0:
        return f"其他情况{BLANKS[place.column - 1]}"
    return f"“{ROWS[place.row - 1]}”行{COLUMNS[place.column - 1].words}"


def payload(paper: Paper) -> Payload:
    """Everything on the sheet. Figures that are not zero open their records; what a check found is marked."""
    cells, marks = paper.cells, _marks(paper.findings)
    rows = [
        {
            "name": str(name),
            "number": row,
            "figures": [
                _figure(
                    Place(row, column.number), cells.printed(row, column.number), cells.at(row, column.number), marks
                )
                for column in COLUMNS
            ],
        }
        for row, name in enumerate(ROWS, start=1)
    ]
    printed = cells.printed_others()
    others = []
    for line in other_lines(tuple(f"{{{number}}}" for number in range(1, len(BLANKS) + 1))):
        parts: list[Payload] = []
        for index, piece in enumerate(_BLANK.split(line)):
            if index % 2 == 0:
                parts.append({"words": piece})
            else:
                number = int(piece)
                parts.append(_figure(Place(0, number), printed[number - 1], cells.others[number - 1], marks))
        others.append(parts)
    return {
        "mark": ATTACHMENT,
        "title": paper.title,
        "head": list(paper.head()),
        "headings": [
            {"top": one.top, "left": one.left, "bottom": one.bottom, "right": one.right, "words": one.words}
            for one in headings()
        ],
        "widths": [_WIDTHS[column.unit] for column in COLUMNS],
        "rows": rows,
        "others": others,
        "signatures": list(paper.signatures()),
        "notes": list(NOTES),
    }


def _marks(findings: Sequence[Finding]) -> dict[tuple[int, int], str]:
    marks: dict[tuple[int, int], str] = {}
    for one in sorted(findings, key=lambda finding: finding.level, reverse=True):  # E over W
        marks |= dict.fromkeys(((one.row, column) for column in one.columns), one.level)
    return marks


def _figure(place: Place, printed: str, exact: int, marks: dict[tuple[int, int], str]) -> Payload:
    return {
        "at": f"{place.row}-{place.column}" if exact else "",
        "words": printed,
        "name": f"{name_of(place)}：{printed} {place.unit}",
        "mark": marks.get((place.row, place.column), "") if place.row else "",
    }


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    read = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in ("common.js", "form.js", "form.css")}
    return st.components.v2.component(
        "form_sheet",
        html='<div class="sheet"></div>',
        css=read["form.css"],
        js=read["common.js"] + "\n" + read["form.js"],
    )


def _opened(key: str) -> None:
    if place := place_of(str(getattr(st.session_state[key], "open", None) or "")):
        st.query_params["cell"] = f"{place.row}-{place.column}"


def show(paper: Paper, key: str) -> None:
    """Mount the sheet; a click on a figure puts its place into the address (``?cell=1-8``)."""
    with st.container(key="form-sheet"):
        _component()(data=payload(paper), key=key, on_open_change=lambda: _opened(key))
