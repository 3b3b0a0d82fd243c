"""What every page needs before it can ask: settings, store, data versions, and who looks.

Who looks is asked of the database at every call, never of the session state: that one can be inherited. A page opens
the store through ``look`` and ``act`` only, so that a refusal leaves its line in the audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import streamlit as st
from sqlalchemy import Connection

from monitors import settings as _settings
from monitors.access import sessions
from monitors.access.acting import acting, looking, record
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.access.sessions import Signed
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError, RefusedError, StoreError
from monitors.opening import open_store
from monitors.opinion import board
from monitors.settings import Settings
from monitors.store.engine import Store
from pages.markup import plain

DEMO_NOTE = "demo_note"
_HOLDER = "holder"  # in the session state: whose page this is; never asked who looks, only compared


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


# ── who looks ────────────────────────────────────────────────────────────────────────────────────────────────────────
def token() -> str:
    """The sign-in cookie of this browser; empty outside a run, as in a download made when somebody clicks."""
    return st.context.cookies.get(sessions.COOKIE, "")


def address() -> str:
    """Where this browser is, as the gate saw it; empty outside a run."""
    return st.context.headers.get("X-Monitors-Address", "")


@dataclass(frozen=True, slots=True)
class Held:
    """What a button keeps of whoever it was drawn for; its work is done later, outside a run."""

    token: str = field(repr=False)
    address: str


def held() -> Held:
    """The cookie and the place of this browser, to be asked anew when somebody clicks."""
    return Held(token(), address())


def find(kept: Held | None = None) -> Signed | None:
    """The sign-in that the cookie (or ``kept``) stands for, if it still holds."""
    who = kept or held()
    if not who.token:
        return None
    with store().read() as connection:
        found = sessions.find(connection, who.token, settings=settings(), now=utc_now())
    # Whoever must change the password first sees nothing before that; the gate leads there.
    if found is None or found.must_change:
        return None
    # Acts come from where the cookie is used, which need not be where it was given.
    return replace(found, actor=replace(found.actor, address=who.address)) if who.address else found


def signed() -> Signed:
    """Who is signed in. Where nobody is any more, the whole page is drawn again, and the frame leaves."""
    found = find()
    if found is None:
        st.rerun()
    return found


def actor() -> Actor:
    """The person in whose name this run looks and acts."""
    return signed().actor


def reader() -> Actor:
    """The person, where the role sees reports at all.

    Raises:
        RefusedError: it does not; recorded. A part of a page can be asked for again by itself, by somebody whose role
            has changed since it was drawn.
    """
    who = actor()
    try:
        who.require("story.view", kind="page")
    except RefusedError as refusal:
        record(store(), who, refusal)
        raise
    return who


def scope() -> Scope:
    """The part of the province this person sees: an argument of every query and of every page cache.

    Raises:
        RefusedError: as in ``reader``.
    """
    return reader().scope


def may(action: str) -> bool:
    """Whether to offer the action at all; the function behind it refuses by itself."""
    return actor().may(action)


def actor_of(kept: Held) -> Actor:
    """The person for whom a download button was drawn: its file is made later, outside a run.

    Raises:
        RefusedError: the sign-in has ended meanwhile.
    """
    found = find(kept)
    if found is None:
        raise RefusedError("登录已结束，请重新登录", action="session.sign_in")
    return found.actor


def look() -> AbstractContextManager[Connection]:
    """One read snapshot in this person's name."""
    return looking(store(), actor())


def act() -> AbstractContextManager[Connection]:
    """One write transaction in this person's name."""
    return acting(store(), actor())


@contextmanager
def explained() -> Iterator[None]:
    """What was refused or went wrong inside is said in its own Chinese sentence, nothing more."""
    try:
        yield
    except RefusedError as error:
        st.warning(f"{plain(str(error)).rstrip('。')}。", icon="🔒")
    except MonitorsError as error:
        st.error(plain(str(error)), icon="⛔")  # it may name a person, who may be called anything


def touch() -> None:
    """The person acted: the idle limit counts from now."""
    if (found := find()) is not None:
        _touch(found)


def _touch(found: Signed) -> None:
    with suppress(StoreError):  # a full disk stops no reading; the limit then counts from the last act written
        sessions.touch(store(), found, now=utc_now())


def stay() -> None:
    """A look of the duty screen: for those on duty it counts as an act, so that nobody is signed out in mid-shift."""
    found = signed()
    if found.actor.may("duty.stay"):
        _touch(found)


def settle(found: Signed) -> None:
    """First thing in every whole run: what another person left in this page is forgotten before anything is drawn."""
    before = st.session_state.get(_HOLDER)
    if before is None or before[0] != found.token_hash:
        st.session_state.clear()
        _touch(found)
    st.session_state[_HOLDER] = _holder(found)


def settled(found: Signed) -> bool:
    """Whether the page on the screen was drawn for this sign-in, in its present role and region."""
    return st.session_state.get(_HOLDER) == _holder(found)


def _holder(found: Signed) -> tuple[str, ...]:
    return found.token_hash, str(found.actor.role), found.actor.region, found.display


# ── demonstration data ───────────────────────────────────────────────────────────────────────────────────────────────
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
        words = _demo_words(mark, counted=actor().scope.everything)
        st.markdown(f"**演示数据** · {words}，内容均为虚构，不代表任何真实单位、人员或事件。")
        if may("demo.manage"):
            st.button("清除演示数据", on_click=_clear_demo, key="demo-clear", width="content")


def _demo_words(mark: str, *, counted: bool) -> str:
    try:
        loaded = json.loads(mark)
        number = f" {int(loaded['items'])} 篇" if counted else ""  # the number is the whole province's
        return f"{stamp(datetime.fromisoformat(loaded['loaded_at']))} 载入{number}"
    except (ValueError, KeyError, TypeError):
        return "已载入"


def offer_demo() -> bool:
    """On an empty database, say what to do next; True where that is all the page has to show."""
    if not _is_empty(versions("item")):
        return False
    with st.container(border=True, key="first-start"):
        st.subheader("还没有任何报道", anchor=False)
        if not may("demo.manage"):
            st.write("监测启动后会自动抓取各监测源，发现欠薪报道即在本页报警，无需刷新。")
            return True
        st.write(
            "监测启动后会自动抓取“监测源”中的网站，发现欠薪报道即在本页报警。"
            "想先看看系统的样子，可以载入一套虚构的演示数据（报道、警情和欠薪台账），随时一键清除。"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            load_button()
            if (page := st.session_state.get("pages", {}).get("sources")) is not None:
                st.page_link(page, label="去看监测源", icon=":material/rss_feed:")
    return True


def load_button() -> None:
    """Demonstration data in one click; where it is loaded already, words instead; nothing for who may not."""
    if not may("demo.manage"):
        return
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
    from monitors import demo  # noqa: PLC0415 - loads the judge; only this button needs it

    def load(report: Callable[[float, str], None]) -> str:
        return demo.load(store(), actor(), settings(), now=utc_now(), progress=report).words

    _with_progress(load)


def _clear_demo() -> None:
    from monitors import demo  # noqa: PLC0415 - as above

    def clear(report: Callable[[float, str], None]) -> str:
        report(0.1, "正在清除演示数据…")
        return demo.clear(store(), actor()).words

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
