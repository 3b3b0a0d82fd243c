"""用户与审计: accounts, open sign-ins, the table of permissions and the audit trail, each for those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages import context, people_accounts, people_drawer, people_roles, people_sessions, people_trail

_CSS = (Path(__file__).resolve().parent / "live" / "people_page.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its name in the address, its title, what one must be allowed to see it, and how it is drawn."""

    address: str
    title: str
    actions: tuple[str, ...]
    draw: Callable[[], None]


def _roles() -> None:
    st.html(people_roles.matrix_html())


TABS = (
    Tab("accounts", "账号", ("account.view",), people_accounts.draw),
    Tab("sessions", "登录会话", ("account.view",), people_sessions.draw),
    Tab("roles", "权限表", ("account.view", "audit.view"), _roles),
    Tab("audit", "审计记录", ("audit.view",), people_trail.draw),
)


def _turned() -> None:
    title = st.session_state["people-tab"]
    # A new question: what belonged to the tab before leaves the address.
    st.query_params.from_dict({"tab": next(tab.address for tab in TABS if tab.title == title)})


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    st.subheader("用户与审计", anchor=False)
    who = context.actor()
    open_to = [tab for tab in TABS if any(who.may(action) for action in tab.actions)]
    if not open_to:
        with context.explained(), context.look():
            who.require("account.view", kind="page", target="people")
        return
    people_drawer.say_note()
    asked = st.query_params.get("tab", "")
    first = next((tab for tab in open_to if tab.address == asked), open_to[0])
    drawn = st.tabs([tab.title for tab in open_to], default=first.title, key="people-tab", on_change=_turned)
    for tab, container in zip(open_to, drawn, strict=True):
        if container.open:
            with container, context.explained():
                tab.draw()


main()
