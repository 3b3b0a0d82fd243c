"""The list component of 用户与审计: accounts and open sign-ins as plain words, drawn by ``pages/live/people.js``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_FOLDER = Path(__file__).resolve().parent / "live"


@dataclass(frozen=True, slots=True)
class Head:
    """One column: its heading and CSS width."""

    words: str
    width: str = "auto"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``small`` stands below, ``tone`` gives a coloured dot, ``hint`` shows under the pointer."""

    main: str
    small: str = ""
    tone: Literal["", "ok", "warn", "bad", "off"] = ""
    strong: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row. ``action``: words of a button at its end; without one ``note`` stands there, if any."""

    id: str
    name: str
    cells: tuple[Cell, ...]
    tone: str = ""
    action: str = ""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list. ``opens``: a click on a row means something."""

    heads: tuple[Head, ...]
    rows: tuple[Line, ...]
    page: int
    pages: int
    total: int
    nothing: str
    opens: bool = False


def cut(
    heads: tuple[Head, ...], rows: Sequence[Line], *, page: int, size: int, nothing: str, opens: bool = False
) -> Listing:
    """The page asked for of all rows; one beyond the end gives the last."""
    pages = max(1, -(-len(rows) // size))
    wanted = min(max(1, page), pages)
    shown = tuple(rows[(wanted - 1) * size : wanted * size])
    return Listing(heads, shown, wanted, pages, len(rows), nothing, opens)


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    read = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in ("common.js", "people.js", "people.css")}
    return st.components.v2.component(
        "people_table",
        html='<div class="people"></div>',
        css=read["people.css"],
        js=read["common.js"] + "\n" + read["people.js"],
    )


def payload(listing: Listing) -> dict[str, Any]:
    """The list as the browser gets it."""
    data = asdict(listing)
    for row in data["rows"]:
        if row["note"] is None:
            del row["note"]  # absent means: this list has no last column
    return data


def show(listing: Listing, key: str, *, on_open: Callable[[], None], on_page: Callable[[], None]) -> None:
    """Mount the list; ``st.session_state[key]`` holds ``open`` (an id) or ``page`` in the callbacks."""
    _component()(data=payload(listing), key=key, on_open_change=on_open, on_page_change=on_page)
