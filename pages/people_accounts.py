"""账号: who may sign in. A list to search; a click opens one account to change, disable or give a new password."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import streamlit as st

from monitors.access import accounts
from monitors.access.accounts import Account
from monitors.access.roles import Role
from monitors.clock import local, stamp, utc_now
from monitors.regions import divisions
from pages import context, people_drawer, people_table, signed
from pages.people_table import Cell, Head, Line

State = Literal["ok", "locked", "must", "disabled"]
STATES: dict[State, str] = {"ok": "正常", "locked": "已锁定", "must": "须改密码", "disabled": "已停用"}
ORIGINS = {"local": "本地账号", "sso": "统一身份认证"}
ALL_ROLES, ALL_STATES = "全部角色", "all"
HEADS = (
    Head("姓名", "15%"),
    Head("单位", "26%"),
    Head("角色", "11rem"),
    Head("辖区"),
    Head("状态", "10.5rem"),
    Head("最近登录", "10.5rem"),
)
_PAGE, _TABLE = "people-page", "people-accounts"


def state(account: Account, now: datetime) -> State:
    """The one thing that matters about signing in: 停用 before 锁定 before 须改密码."""
    if account.disabled:
        return "disabled"
    if account.locked_until is not None and account.locked_until > now:
        return "locked"
    return "must" if account.must_change else "ok"


def state_words(account: Account, now: datetime) -> str:
    """``正常``, ``锁定至 14:05``, ``须改密码``, ``已停用``."""
    how = state(account, now)
    return f"锁定至 {local(account.locked_until):%H:%M}" if how == "locked" and account.locked_until else STATES[how]


def region_words(code: str) -> str:
    """云南省, 昆明市, 昆明市五华区; an unknown code as it is."""
    return divisions.full_name(code) or code


def matching(rows: tuple[Account, ...], text: str, role: str) -> list[Account]:
    """The accounts that hold every word in name, unit or region, and have the role."""
    words = text.lower().split()
    return [
        one
        for one in rows
        if role in (ALL_ROLES, str(one.role))
        and all(word in f"{one.name} {one.display} {one.unit} {region_words(one.region)}".lower() for word in words)
    ]


def line(account: Account, now: datetime) -> Line:
    """One row of the list."""
    how = state(account, now)
    tones: dict[State, Literal["ok", "warn", "bad", "off"]] = {
        "ok": "ok", "locked": "bad", "must": "warn", "disabled": "off",
    }  # fmt: skip
    return Line(
        id=str(account.id),
        name=f"{account.display}（{account.name}），{account.role}，{state_words(account, now)}",
        cells=(
            Cell(account.display, account.name, strong=True),
            Cell(account.unit or "—"),
            Cell(str(account.role)),
            Cell(signed.short_region(account.region), hint=region_words(account.region)),
            Cell(state_words(account, now), tone=tones[how]),
            Cell(
                stamp(account.signed_in_at) if account.signed_in_at else "从未登录",
                "" if account.origin == "local" else ORIGINS.get(account.origin, account.origin),
            ),
        ),
        tone="off" if how == "disabled" else "",
    )


def _opened() -> None:
    st.query_params["account"] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


def _first_page() -> None:
    st.session_state[_PAGE] = 1


def _new() -> None:
    st.query_params["account"] = people_drawer.NEW


def draw() -> None:
    """The tab."""
    now = utc_now()
    with context.look() as connection:
        rows = accounts.list_accounts(connection, context.actor())
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    text = bar.text_input(
        "查找", key="people-text", placeholder="姓名、账号、单位或辖区", live="300ms", width=260, on_change=_first_page
    )
    role = bar.selectbox(
        "角色", [ALL_ROLES, *map(str, Role)], key="people-role", width=170, on_change=_first_page, filter_mode=None
    )
    found = matching(rows, text, role)
    counts = {key: sum(state(one, now) == key for one in found) for key in STATES} | {ALL_STATES: len(found)}
    chosen = bar.segmented_control(
        "状态",
        [ALL_STATES, *STATES],
        key="people-state",
        default=ALL_STATES,
        required=True,
        label_visibility="collapsed",
        format_func=lambda key: f"{'全部' if key == ALL_STATES else STATES[key]} {counts[key]}",
        on_change=_first_page,
        width="stretch",
    )
    if context.may("account.manage"):
        bar.button("新增账号", icon=":material/person_add:", type="primary", key="people-new", on_click=_new)
    shown = [one for one in found if chosen in (None, ALL_STATES) or state(one, now) == chosen]
    listing = people_table.cut(
        HEADS,
        [line(one, now) for one in shown],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="没有符合条件的账号，请放宽查找条件。",
        opens=True,
    )
    people_table.show(listing, _TABLE, on_open=_opened, on_page=_turned)
    if wanted := st.query_params.get("account", ""):
        people_drawer.open_drawer(wanted)
