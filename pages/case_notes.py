"""What the parts of the case drawer share: how the last act went, and which revision the forms rest on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from monitors.clock import stamp
from monitors.ledger.events import Event
from pages import drawer_tabs
from pages.markup import Html, plain, tag

_NOTE = "case_note"
_SEEN = "case_seen"  # in the session state: (number, revision the person looks at)


def say() -> None:
    """Show once how the last act went."""
    if note := st.session_state.pop(_NOTE, ""):
        st.toast(plain(note), icon=":material/check_circle:")


def done(words: str) -> None:
    """An act of this person's own went well: draw all of it anew."""
    st.session_state[_NOTE] = words
    drawer_tabs.acted()
    unsee()
    st.rerun()


def opened(number: str, words: str) -> None:
    """Go on with the case just entered."""
    st.query_params["case"] = number
    done(words)


def seen(number: str, revision: int) -> int:
    """The revision this person's forms rest on: that of the first look, until an act of theirs or a refresh."""
    held = st.session_state.get(_SEEN)
    if held is None or held[0] != number:
        held = st.session_state[_SEEN] = (number, revision)
    return int(held[1])


def looked_at(number: str, revision: int, history: Sequence[Event], name: str = "本案件") -> int:
    """The revision this person's forms rest on; where somebody else changed the record since, say so."""
    held = seen(number, revision)
    if held != revision:
        last = next(iter(history), None)
        who = f"{plain(last.actor)}于 {stamp(last.at)} 已修改（{plain(last.act)}）" if last else "他人已修改"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(f"{name}{who}，请刷新后再办理；未保存的填写内容须重新填写。", icon=":material/sync_problem:")
            if st.button("刷新", key="case-refresh", icon=":material/refresh:"):
                unsee()
                st.rerun()
    return held


def unsee() -> None:
    """The next look counts as the first."""
    st.session_state.pop(_SEEN, None)


def facts(*children: object) -> Html:
    """A block of the drawer."""
    return tag("div", *children, class_="case-facts")
