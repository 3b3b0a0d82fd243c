"""The tabs of a drawer, which stay where the reader is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages import context

_DRAWN, _ACTED = "tab_drawn", "tab_acted"  # in the session state: (record, tab) being drawn; of the last act


def draw(record: str, panels: Mapping[str, Callable[[], None]]) -> None:
    """Every panel in its tab; ``record`` names the drawer's record, e.g. ``case-2026-0001``.

    The key lets the browser keep the open tab when the drawer is built anew. A label may end in a count (``支付 2``):
    where the count changes by an act in that tab (``acted``), the tab is the one to open.
    """
    labels, (of, name) = list(panels), st.session_state.get(_ACTED, ("", ""))
    last = next((label for label in labels if of == record and _name(label) == name), None)
    for tab, (label, panel) in zip(st.tabs(labels, key=f"tab-{record}", default=last), panels.items(), strict=True):
        st.session_state[_DRAWN] = (record, _name(label))
        with tab, context.explained():
            panel()


def acted() -> None:
    """A person's act in the tab being drawn went well."""
    st.session_state[_ACTED] = st.session_state.get(_DRAWN, ("", ""))


def _name(label: str) -> str:
    return label.split(maxsplit=1)[0]
