"""Who is signed in, on every page: the box in the sidebar, the look every few seconds, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.access import signing
from monitors.access.sessions import Signed
from monitors.clock import local, utc_now
from monitors.errors import MonitorsError
from monitors.opinion.board import short_place
from monitors.regions import divisions
from pages import context, presses
from pages.markup import joined, tag

_SCRIPT = Path(__file__).resolve().parent / "live" / "signed.js"
_WARNED = timedelta(minutes=10)  # before the absolute end: time to hand over and to sign in again
_LEFT = "left"  # in the session state: the person signed out here, and is not led back to this page


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "signed", html='<div class="signed"></div>', js=_SCRIPT.read_text(encoding="utf-8")
    )


def _nothing() -> None:
    """The component on the way out reports nothing; the callback only declares the name."""


def draw_out() -> None:
    """Nobody is signed in: nothing but these words, and the browser is led to the sign-in page."""
    left = bool(st.session_state.get(_LEFT))
    words = "您已退出登录。" if left else "登录已结束或尚未登录，请重新登录。"
    with st.container(key="signed-out"):
        st.html(tag("p", words, tag("a", "前往登录", href="/login", target="_self"), class_="signed-out"))
        _component()(data={"leave": True, "back": not left}, key="leave", on_acted_change=_nothing)


def watch(*, wall: bool) -> None:
    """Look every few seconds whether the sign-in still holds; what no longer may be seen goes with the next look."""
    every = context.settings().session.check_seconds
    st.fragment(run_every=every)(_look)(wall=wall)


def _look(*, wall: bool) -> None:
    try:
        found = context.find()
    except MonitorsError:
        return  # the database is out for a moment: nobody can read anything, and the next look decides
    if found is None or not context.settled(found) or presses.unanswered():
        st.rerun()
    now = utc_now()
    if found.expires_at - now <= _WARNED:
        words = f"登录将于 {local(found.expires_at):%H:%M} 到期，请先交班或重新登录。"
        st.html(tag("p", words, class_="expiring wall" if wall else "expiring", role="alert"))
    every = context.settings().session.check_seconds
    data = {"leave": False, "at": now.timestamp(), "patience": max(6.0, 3 * every)}
    with st.container(key="signed-look"):
        _component()(data=data, key="signed", on_acted_change=context.touch)


def account_box(found: Signed) -> None:
    """Name, role, region; the way to another password and the way out."""
    role, region = found.actor.role, found.actor.region
    with st.container(key="account", gap="xsmall"):
        st.html(
            tag(
                "div",
                tag("strong", found.display),
                tag("span", joined(role, " · ", short_region(region)), title=divisions.full_name(region)),
                class_="account",
            )
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(tag("a", "修改密码", href="/password", target="_self", class_="account-link"), width="content")
            st.button("退出登录", key="sign-out", type="tertiary", on_click=_leave)


def short_region(code: str) -> str:
    """The region in its everyday form: 云南省, 红河州, 昆明市五华区."""
    return "云南省" if context.Scope(code).everything else short_place(code)


def _leave() -> None:
    try:
        signing.sign_out(context.store(), context.token(), settings=context.settings(), now=utc_now())
    except MonitorsError as error:
        st.toast(f"未能退出：{error}", icon="⛔", duration="long")
        return
    st.session_state.clear()
    st.session_state[_LEFT] = True
