"""通知渠道: by which ways alerts reach people, what was sent, what is kept quiet, who is told when nobody signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages import context, notify_channels, notify_contacts, notify_outbox, notify_silences, people_drawer

_LIVE = Path(__file__).resolve().parent / "live"
_CSS = "\n".join((_LIVE / name).read_text(encoding="utf-8") for name in ("people_page.css", "notify_page.css"))


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its name in the address, its title, and how it is drawn."""

    address: str
    title: str
    draw: Callable[[], None]


TABS = (
    Tab("channels", "渠道", notify_channels.draw),
    Tab("outbox", "发送记录", notify_outbox.draw),
    Tab("silences", "静默", notify_silences.draw),
    Tab("contacts", "升级名单", notify_contacts.draw),
)


def _turned() -> None:
    title = st.session_state["notify-tab"]
    # A new question: what belonged to the tab before leaves the address.
    st.query_params.from_dict({"tab": next(tab.address for tab in TABS if tab.title == title)})


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    st.subheader("通知渠道", anchor=False)
    with context.explained():
        with context.look():
            context.actor().require("notify.view", kind="page", target="notify")
        people_drawer.say_note()
        asked = st.query_params.get("tab", "")
        first = next((tab for tab in TABS if tab.address == asked), TABS[0])
        drawn = st.tabs([tab.title for tab in TABS], default=first.title, key="notify-tab", on_change=_turned)
        for tab, container in zip(TABS, drawn, strict=True):
            if container.open:
                with container, context.explained():
                    tab.draw()


main()
