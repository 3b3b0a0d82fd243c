"""What every page needs before it can ask: the settings, the store, data versions; demonstration data in and out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import streamlit as st

from monitors import settings as _settings
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opening import open_store
from monitors.opinion import board
from monitors.settings import Settings
from monitors.store.engine import Store

DEMO_NOTE = "demo_note"


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The checked settings, read once per process.

    Raises:
        SettingsError: config.toml is wrong; the frame shows the sentence.
    """
    return _settings.load()


@st.cache_resource(show_spinner="正在打开数据库…")
def store() -> Store:
    """The one store of this process, brought to the present schema.

    Raises:
        StoreError: the database cannot be used; nothing is cached, so the next run tries again.
    """
    return open_store(settings())


def versions(*tables: str) -> tuple[str, ...]:
    """Data versions of ``tables``: the key of every page cache."""
    return store().versions(*tables)


@st.cache_data(max_entries=4, show_spinner=False)
def _demo_mark(version: tuple[str, ...]) -> str | None:  # noqa: ARG001 - the cache key
    with store().read() as connection:
        return board.demo_mark(connection)


@st.cache_data(max_entries=4, show_spinner=False)
def _is_empty(version: tuple[str, ...]) -> bool:  # noqa: ARG001 - the cache key
    with store().read() as connection:
        return board.is_empty(connection)


def demo_banner() -> None:
    """On every page while demonstration data is loaded: say so, and take it away in one click."""
    mark = _demo_mark(versions("meta"))
    if mark is None:
        return
    with st.container(border=True, key="demo-banner", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**演示数据** · {_demo_words(mark)}，内容均为虚构，不代表任何真实单位、人员或事件。")
        st.button("清除演示数据", on_click=_clear_demo, key="demo-clear", width="content")


def _demo_words(mark: str) -> str:
    try:
        loaded = json.loads(mark)
        return f"{stamp(datetime.fromisoformat(loaded['loaded_at']))} 载入 {int(loaded['items'])} 篇"
    except (ValueError, KeyError, TypeError):
        return "已载入"


def offer_demo() -> bool:
    """On an empty database, say what to do next; True where that is all the page has to show."""
    if not _is_empty(versions("item")):
        return False
    with st.container(border=True, key="first-start"):
        st.subheader("还没有任何报道", anchor=False)
        st.write(
            "监测启动后会自动抓取“监测源”中的网站，发现欠薪报道即在本页报警。"
            "想先看看系统的样子，可以载入一套虚构的演示数据，随时一键清除。"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            load_button()
            if (page := st.session_state.get("pages", {}).get("sources")) is not None:
                st.page_link(page, label="去看监测源", icon=":material/rss_feed:")
    return True


def load_button() -> None:
    """Demonstration data in one click; where it is loaded already, words instead."""
    if _demo_mark(versions("meta")) is not None:
        st.write("演示数据已经载入，可在页首的提示条上一键清除。")
        return
    if st.button("载入演示数据", type="primary", key="demo-load"):
        _load_demo()
        st.rerun()  # the whole page: the button may stand in a drawer of its own


def demo_note() -> None:
    """Show once how loading or clearing the demonstration data went."""
    note = st.session_state.pop(DEMO_NOTE, None)
    if note:
        st.toast(note, duration="long")


def _load_demo() -> None:
    from monitors.opinion import demo  # noqa: PLC0415 - loads the judge; only this button needs it

    def load(report: Callable[[float, str], None]) -> str:
        return demo.load(store(), settings(), now=utc_now(), progress=report).words

    _with_progress(load)


def _clear_demo() -> None:
    from monitors.opinion import demo  # noqa: PLC0415 - as above

    def clear(report: Callable[[float, str], None]) -> str:
        report(0.1, "正在清除演示数据…")
        return f"已清除演示数据 {demo.clear(store())} 篇"

    _with_progress(clear)


def _with_progress(work: Callable[[Callable[[float, str], None]], str]) -> None:
    bar = st.progress(0.0, text="请稍候…")
    try:
        st.session_state[DEMO_NOTE] = work(
            lambda part, words: bar.progress(min(1.0, max(0.0, part)), text=words) and None
        )
    except MonitorsError as error:
        st.session_state[DEMO_NOTE] = str(error)
    bar.empty()
