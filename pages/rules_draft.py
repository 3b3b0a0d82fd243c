"""The draft of rules in this browser: the fields of two tabs, read by a third.

The fields hold it, so it lives as long as the page; a trial keeps its own copy and can be taken up again from there.
"""

from __future__ import annotations

import streamlit as st

from monitors.errors import InputError
from monitors.opinion import alias_lines, rule_sets
from monitors.opinion.lab_thresholds import THRESHOLDS
from monitors.opinion.rule_sets import Draft, RuleSet
from monitors.settings import Settings
from pages import context

TEXT, ALIASES = "rules-text", "rules-aliases"
_BASE = "rules_draft_base"  # the set in force that the draft was begun from
_STALE = "rules_draft_stale"  # the fields were filled from elsewhere: the whole page has to show it


def limit_key(name: str) -> str:
    """The key of a threshold's field."""
    return f"rules-limit-{name.replace('.', '-')}"


def begin(present: RuleSet) -> None:
    """Fill the fields from the set in force, unless there is a draft. Before any of them is drawn."""
    base: RuleSet | None = st.session_state.get(_BASE)
    filled = TEXT in st.session_state
    if base is not None and filled and (base.id == present.id or read(base)[0] != base.draft):
        return
    _fill(present.draft)
    st.session_state[_BASE] = present


def behind(present: RuleSet) -> bool:
    """Whether somebody put another set in force since the draft was begun."""
    base: RuleSet | None = st.session_state.get(_BASE)
    return base is not None and base.id != present.id


def read(present: RuleSet) -> tuple[Draft, tuple[str, ...]]:
    """The draft as it stands in the fields, with its faults in words; that of ``present`` where there are no fields."""
    if TEXT not in st.session_state:
        return present.draft, ()
    settings = context.settings()
    aliases, faults = alias_lines.read(str(st.session_state.get(ALIASES, "")))
    draft = Draft(_text(str(st.session_state[TEXT] or "")), _thresholds(settings), aliases)
    found = [f"别名{fault}" for fault in faults]
    try:
        rule_sets.check(draft, settings)
    except InputError as error:
        found += str(error).splitlines()
    return draft, tuple(found)


def load(draft: Draft) -> None:
    """Fill the fields anew, from a trial or an older set. In a callback, before they are drawn."""
    _fill(draft)
    st.session_state[_STALE] = True


def forget() -> None:
    """The draft is in force: the fields are filled from there at the next look."""
    st.session_state.pop(_BASE, None)
    st.session_state[_STALE] = True


def show_whole() -> None:
    """Draw the whole page again where ``load`` or ``forget`` was called from a part of it."""
    if st.session_state.pop(_STALE, False):
        st.rerun()


def _fill(draft: Draft) -> None:
    settings = context.settings()
    st.session_state[TEXT] = draft.text
    st.session_state[ALIASES] = alias_lines.written(draft.aliases)
    for one in THRESHOLDS:
        value = draft.thresholds.get(one.name, one.of(settings))
        st.session_state[limit_key(one.name)] = int(value) if one.whole else float(value)


def _text(words: str) -> str:
    """As a set in force keeps it."""
    return "\n".join(line.rstrip() for line in words.replace("\0", "").splitlines())


def _thresholds(settings: Settings) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in THRESHOLDS:
        value = st.session_state.get(limit_key(one.name))
        if value is None:
            continue
        value = int(value) if one.whole else round(float(value), 2)
        if value != one.of(settings):
            found[one.name] = value
    return dict(sorted(found.items()))
