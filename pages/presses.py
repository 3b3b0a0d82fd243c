"""A press on a button that is never lost (按键不丢).

Streamlit's front end may send two acts in one message and then runs only one of their fragments; the other button's
value is gone after that run. Its callback is not: it writes the press down, and the next look at the sign-in draws the
whole page again for a press that nobody has answered.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st
from streamlit.errors import StreamlitAPIException

_WAITING = "presses_waiting"  # name of the button → what it was pressed for
_TOLD = "presses_told"  # those for which the whole page was drawn again already


def press(name: str, about: object) -> None:
    """For ``on_click``: the button ``name`` was pressed for ``about`` (the record on the screen)."""
    st.session_state.setdefault(_WAITING, {})[name] = about


def pressed(name: str, about: object) -> bool:
    """Whether the button waits for its answer; asking takes the press away. For another record it is void."""
    waiting = st.session_state.get(_WAITING, {})
    return name in waiting and waiting.pop(name) == about


def unanswered() -> bool:
    """Whether a press waits whose fragment did not run. True once for each press."""
    waiting = st.session_state.get(_WAITING, {})
    told = st.session_state.setdefault(_TOLD, {})
    late = {name: about for name, about in waiting.items() if told.get(name) != about}
    st.session_state[_TOLD] = dict(waiting)
    return bool(late)


def again() -> NoReturn:
    """Draw this fragment anew after an answered press.

    A press that came together with another act is answered while the whole page is drawn, where Streamlit refuses to
    draw a part alone: then the whole page is drawn anew.
    """
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def forget() -> None:
    """What was pressed in a drawer that has closed is void."""
    st.session_state.pop(_WAITING, None)
