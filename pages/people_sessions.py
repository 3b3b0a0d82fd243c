"""登录会话: who is signed in at this moment, from where; an administrator can end one."""

from __future__ import annotations

import re
from datetime import datetime

import streamlit as st

from monitors.access import sessions
from monitors.access.sessions import OpenSession
from monitors.clock import local, utc_now
from monitors.errors import MonitorsError
from pages import context, people_drawer, people_table
from pages.markup import tag
from pages.people_table import Cell, Head, Line
from pages.source_table import ago_words

_TABLE, _PAGE, _ENDING = "people-sessions", "people-sessions-page", "people-ending"
_SHORT = 12  # digits of the digest that name a sign-in on the page; as in the trail
_WHY = "管理员结束"
HEADS = (
    Head("姓名", "17%"),
    Head("来源地址", "16%"),
    Head("浏览器"),
    Head("登录时间", "9.5rem"),
    Head("最近操作", "8.5rem"),
    Head("最迟到期", "9.5rem"),
    Head("", "7.5rem"),
)
# First match wins: most browsers also claim to be Chrome and Safari.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("360(?:SE|EE)|QihooBrowser", "360 浏览器"),
    ("UOS|UBrowser", "统信浏览器"),
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("Firefox/", "Firefox"),
    ("(?:Headless)?Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("MSIE|Trident/", "IE"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "安卓"),
    ("iPhone|iPad", "苹果移动设备"),
    ("Mac OS X|Macintosh", "苹果电脑"),
    ("Linux|X11", "Linux"),
)


def browser_words(agent: str) -> str:
    """``Chrome · Windows`` from what the browser says of itself; its own words cut short where none is known."""
    name = next((words for pattern, words in _BROWSERS if re.search(pattern, agent)), "")
    system = next((words for pattern, words in _SYSTEMS if re.search(pattern, agent)), "")
    return " · ".join(part for part in (name, system) if part) or agent[:24] or "未知"


def line(one: OpenSession, now: datetime, *, own: str, ends: bool) -> Line:
    """One row; ``own``: the digits of the reader's own sign-in, ``ends``: whether there are buttons."""
    short = one.token_hash[:_SHORT]
    mine = short == own
    note = ("本次登录" if mine else "") if ends or mine else None
    return Line(
        id=short,
        name=f"{one.display}（{one.name}），{one.address}",
        cells=(
            Cell(one.display, one.name, strong=True),
            Cell(one.address),
            Cell(browser_words(one.agent), hint=one.agent),
            Cell(f"{local(one.created_at):%m-%d %H:%M}"),
            Cell(ago_words(one.seen_at, now), hint=f"{local(one.seen_at):%Y-%m-%d %H:%M:%S}"),
            Cell(f"{local(one.expires_at):%m-%d %H:%M}"),
        ),
        action="结束登录" if ends and not mine else "",
        note=note,
    )


def _asked() -> None:
    st.session_state[_ENDING] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


def _open_now() -> tuple[OpenSession, ...]:
    who, settings = context.actor(), context.settings()
    with context.look() as connection:
        return sessions.list_open(connection, who, settings=settings, now=utc_now())


def draw() -> None:
    """The tab."""
    _list()
    if wanted := st.session_state.get(_ENDING, ""):
        _confirm(wanted)


@st.fragment(run_every=10.0)
def _list() -> None:
    if st.session_state.get(_ENDING) and st.session_state.get("people-asked") != st.session_state[_ENDING]:
        # The question belongs to the page, not to the part of it that redraws itself.
        st.session_state["people-asked"] = st.session_state[_ENDING]
        st.rerun()
    who, now = context.actor(), utc_now()
    with context.explained():
        rows = _open_now()
        st.caption(f"当前有 {len(rows)} 个有效登录。结束某个登录后，其所有页面在几秒内退出。")
        listing = people_table.cut(
            HEADS,
            [line(one, now, own=who.session, ends=who.may("account.manage")) for one in rows],
            page=st.session_state.get(_PAGE, 1),
            size=context.settings().duty.page_size,
            nothing="当前没有有效的登录。",
        )
        people_table.show(listing, _TABLE, on_open=_asked, on_page=_turned)


def _dropped() -> None:
    st.session_state.pop(_ENDING, None)
    st.session_state.pop("people-asked", None)


@st.dialog("结束登录", on_dismiss=_dropped)
def _confirm(wanted: str) -> None:
    try:
        found = next((one for one in _open_now() if one.token_hash.startswith(wanted)), None)
    except MonitorsError as error:
        people_drawer.complain(error)
        return
    if found is None:
        st.info("这个登录已经结束。", icon=":material/check_circle:")
        return
    words = f"结束 {found.display}（{found.name}）在 {found.address} 的登录？"
    st.html(
        tag("div", tag("p", tag("b", words)), tag("p", "对方页面会立即退出，未保存的内容会丢失。"), class_="person")
    )
    if not st.button("确认结束", type="primary", key="people-end"):
        return
    who = context.actor()
    try:
        with context.act() as connection:
            done = sessions.end(connection, who, found.token_hash, why=_WHY, now=utc_now())
    except MonitorsError as error:
        people_drawer.complain(error)
        return
    _dropped()
    people_drawer.rerun_with(f"已结束“{found.display}”的登录" if done else "这个登录已经结束")
