"""发送记录: what is waiting, sent or given up; a click shows one with its attempts, a dead letter can go again."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from monitors.clock import local, stamp, utc_now
from monitors.errors import InputError, MonitorsError
from monitors.notify import channels, messages, outbox
from monitors.notify.messages import KINDS, STATES, Attempt, Message
from pages import context, people_table, presses
from pages.markup import Html, tag
from pages.people_drawer import complain, plain, rerun_with
from pages.people_table import Cell, Head, Line
from pages.presses import press, pressed

Tone = Literal["", "ok", "warn", "bad", "off"]
_PAGE, _TABLE, _ALL = "notify-outbox-page", "notify-outbox", "all"
_TONES: dict[str, Tone] = {"待发": "warn", "发送": "warn", "已发": "ok", "死信": "bad", "作废": "off"}
HEADS = (
    Head("消息"),
    Head("渠道", "14%"),
    Head("类型", "5rem"),
    Head("状态", "9rem"),
    Head("生成时间", "8rem"),
    Head("应答", "22%"),
)


def line(one: Message) -> Line:
    """One row of the list."""
    small = ""
    if one.state == "已发" and one.sent_at:
        small = f"{local(one.sent_at):%m-%d %H:%M} 送达"
    elif one.state == "待发" and one.attempts:
        small = f"{local(one.next_at):%H:%M} 再试"
    tried = f"已试 {one.attempts} 次" if one.attempts else ""
    return Line(
        id=str(one.id),
        name=f"{one.title}，{one.channel}，{STATES.get(one.state, one.state)}",
        cells=(
            Cell(one.title, hint=one.title, strong=one.state == "死信"),
            Cell(one.channel, one.recipient),
            Cell(KINDS.get(one.kind, one.kind), f"{one.level}级" if one.level else ""),
            Cell(STATES.get(one.state, one.state), small, tone=_TONES.get(one.state, "")),
            Cell(f"{local(one.created_at):%m-%d %H:%M:%S}"),
            Cell(one.error or "—", tried, hint=one.error),
        ),
    )


def draw() -> None:
    """The tab."""
    bar = st.container(horizontal=True, vertical_alignment="center")
    with context.look() as connection:
        known = {one.id: one.plan.name for one in channels.list_channels(connection, context.actor())}
    chosen = bar.selectbox(
        "渠道", [0, *known], key="notify-outbox-channel", width=240, on_change=_first_page, filter_mode=None,
        format_func=lambda number: known.get(number, "全部渠道"), label_visibility="collapsed",
    )  # fmt: skip
    state = st.session_state.get("notify-outbox-state") or _ALL
    size = context.settings().duty.page_size
    page = st.session_state.get(_PAGE, 1)
    with context.look() as connection:
        found = messages.search(
            connection, context.actor(), state="" if state == _ALL else state, channel_id=chosen or None,
            page=page, size=size,
        )  # fmt: skip
    counts = {one: found.counts.get(one, 0) for one in STATES} | {_ALL: sum(found.counts.values())}
    bar.segmented_control(
        "状态",
        [_ALL, *STATES],
        key="notify-outbox-state",
        default=_ALL,
        required=True,
        label_visibility="collapsed",
        format_func=lambda one: f"{'全部' if one == _ALL else STATES[one]} {counts[one]}",
        on_change=_first_page,
        width="stretch",
    )
    bar.button("刷新", icon=":material/refresh:", key="notify-outbox-refresh")
    pages = max(1, -(-found.total // size))
    rows = tuple(line(one) for one in found.rows)
    listing = people_table.Listing(
        HEADS, rows, min(page, pages), pages, found.total, "没有符合条件的消息。", opens=True
    )
    people_table.show(listing, _TABLE, on_open=_opened, on_page=_turned)
    if wanted := st.query_params.get("message", ""):
        _open_message(wanted)


def _opened() -> None:
    st.query_params["message"] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


def _first_page() -> None:
    st.session_state[_PAGE] = 1


def _closed() -> None:
    st.query_params.pop("message", None)
    presses.forget()


@st.dialog("消息详情", width="medium", position="right", on_dismiss=_closed)
def _open_message(wanted: str) -> None:
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    try:
        with context.look() as connection:
            one, body, attempts = messages.get(connection, context.actor(), number)
    except InputError as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return
    except MonitorsError as error:
        complain(error)
        return
    st.html(_summary(one, body, attempts))
    if one.state == "死信" and context.may("notify.manage"):
        about = (one.id, one.attempts)
        st.button(
            "重新发送",
            icon=":material/replay:",
            type="primary",
            key="notify-resend",
            on_click=press,
            args=("notify-resend", about),
        )
        if pressed("notify-resend", about):
            _resend(one)


def _summary(one: Message, body: str, attempts: tuple[Attempt, ...]) -> Html:
    facts = (
        ("状态", STATES.get(one.state, one.state)),
        ("类型", KINDS.get(one.kind, one.kind)),
        ("渠道", one.channel),
        ("收件人", one.recipient or "渠道内全体"),
        ("生成", stamp(one.created_at)),
        ("送达", stamp(one.sent_at)),
    )
    rows = [part for name, words in facts for part in (tag("dt", name), tag("dd", words))]
    tried = [
        tag(
            "tr",
            tag("td", f"{local(each.at):%m-%d %H:%M:%S}", class_="n"),
            tag("td", "送达" if each.ok else "失败", class_="n"),
            tag("td", each.told),
            class_="" if each.ok else "no",
        )
        for each in attempts
    ]
    head = tag("tr", tag("th", "时间"), tag("th", "结果"), tag("th", "对方应答"))
    table = tag("table", head, *tried, class_="acts") if tried else tag("p", "还没有发送过。", class_="muted")
    return tag(
        "div", tag("h3", one.title), tag("dl", *rows), tag("div", body, class_="notify-body"),
        tag("h4", f"发送 {len(attempts)} 次"), table, class_="person",
    )  # fmt: skip


def _resend(one: Message) -> None:
    try:
        with context.act() as connection:
            outbox.resend(connection, context.actor(), one.id, now=utc_now(), settings=context.settings())
    except MonitorsError as error:
        complain(error)
        return
    rerun_with("已放回待发，马上发送")
