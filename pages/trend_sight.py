"""Whether a county can be seen at all (看得见吗): beside every figure, so that a blind spot never reads as calm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from monitors.access.scope import Scope
from monitors.hotspots import coverage
from pages import context
from pages.trend_data import Asked

_MINUTES = 10  # sight changes by the day; a poll every few seconds must not reckon it anew


@st.cache_data(max_entries=8, show_spinner=False)
def _sights(version: tuple[str, ...], scope: Scope, at: datetime) -> dict[str, tuple[str, str]]:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        found = coverage.by_county(connection, context.settings(), at)
    return {code: (one.state, "；".join(one.why)) for code, one in found.items() if scope.covers(code)}


def sights(asked: Asked) -> Mapping[str, tuple[str, str]]:
    """State and reasons by county of the reader's part; none for the ledger, whose complaints need no press."""
    if asked.window.data_set == "台账":
        return {}
    at = asked.now.replace(minute=asked.now.minute // _MINUTES * _MINUTES, second=0, microsecond=0)
    return _sights(context.versions("source"), asked.scope, at)
