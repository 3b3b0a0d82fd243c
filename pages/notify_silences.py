"""静默: which alerts nobody is told of, why and until when; set and ended here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.notify import silences
from monitors.notify.silences import Draft, Silence
from monitors.regions import divisions
from pages import context, notify_form, people_table
from pages.people_drawer import complain, plain, rerun_with
from pages.people_table import Cell, Head, Line

Tone = Literal["", "ok", "warn", "bad", "off"]
_TABLE, _PAGE, _GOING = "notify-silences", "notify-silences-page", "notify-silence-going"
LENGTHS = {2: "2 小时", 8: "8 小时", 24: "1 天", 72: "3 天", 168: "7 天"}
HEADS = (
    Head("范围", "20%"),
    Head("级别", "9rem"),
    Head("理由"),
    Head("状态", "9.5rem"),
    Head("起止", "11rem"),
    Head("设置人", "11%"),
    Head("", "6.5rem"),
)


def state(one: Silence, now: datetime) -> tuple[str, Tone]:
    """``静默中``, ``未开始``, ``已解除``, ``已到期``, and its colour."""
    if one.ended_at is not None:
        return "已解除", "off"
    if one.ends_at <= now:
        return "已到期", "off"
    return ("静默中", "warn") if one.starts_at <= now else ("未开始", "")


def line(one: Silence, now: datetime, *, manages: bool, ours: bool = True) -> Line:
    """One row of the list. ``ours``: of the reader's own region; one of a division above is not theirs to end."""
    words, tone = state(one, now)
    what = f"含“{'”或“'.join(one.words.split())}”" if one.words else ""
    if one.story_id is not None:
        what = f"事件 {one.story_id}" + (f"，{what}" if what else "")
    return Line(
        id=str(one.id),
        name=f"{one.reason}，{words}",
        cells=(
            Cell(notify_form.regions().get(one.region, one.region), what),
            Cell("、".join(one.levels)),
            Cell(one.reason, hint=one.reason),
            Cell(words, f"{one.ended_by} 解除" if one.ended_at else "", tone=tone),
            Cell(stamp(one.starts_at), f"至 {stamp(one.ends_at)}"),
            Cell(one.by),
        ),
        tone="off" if tone == "off" else "",
        action="解除" if manages and ours and tone != "off" else "",
        note="" if manages and (tone == "off" or not ours) else None,
    )


def _place(one: Silence, now: datetime) -> tuple[bool, float]:
    """What silences now or will comes first, then what is over; the newest first in each."""
    return state(one, now)[1] == "off", -one.starts_at.timestamp()


def draw() -> None:
    """The tab."""
    now = utc_now()
    st.caption("静默期间，范围内的警情照常登记、计数和显示，只是不发通知；静默结束时仍未签收的，会补发。")
    with context.look() as connection:
        who = context.actor()
        manages = who.may("alert.silence")
        rows = sorted(silences.listed(connection, who, now), key=lambda one: _place(one, now))
    if manages:
        _adding(now)
    listing = people_table.cut(
        HEADS if manages else HEADS[:-1],
        [line(one, now, manages=manages, ours=who.scope.covers(one.region)) for one in rows],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="近 30 天没有静默。",
    )
    people_table.show(listing, _TABLE, on_open=_asked, on_page=_turned)
    if going := st.session_state.pop(_GOING, ""):
        _confirm(next((one for one in rows if str(one.id) == going), None))


def _adding(now: datetime) -> None:
    home = context.actor().region
    names = {code: words for code, words in notify_form.regions().items() if divisions.within(code, home)}
    with st.expander("设置静默", icon=":material/notifications_paused:"):
        fields = notify_form.ChannelFields("notify-silence", "new")
        with st.form("notify-silence", border=False):
            first, second, third = st.columns([2, 3, 2])
            region = fields.choice("region", "地区 *", names, home, names=names, where=first)
            levels = fields.levels("levels", "级别 *", ("III", "IV"), where=second)
            lengths = {str(hours): words for hours, words in LENGTHS.items()}
            hours = fields.choice("hours", "时长 *", lengths, "8", names=lengths, where=third)
            first, second = st.columns([2, 5])
            words = fields.text(
                "words",
                "关键词",
                where=first,
                most=silences.MAX_WORDS,
                help="标题或用人单位中含其一即静默，用空格隔开；留空则不限",
            )
            reason = fields.text("reason", "理由 *", where=second, most=silences.MAX_REASON)
            sent = fields.send("设置静默", icon=":material/notifications_paused:")
        draft = Draft(region, levels, reason, now + timedelta(hours=int(hours or 0)), words=words)
        if sent and fields.run(lambda c, who: silences.add(c, who, draft, now=now)):
            rerun_with(f"已静默至 {stamp(draft.ends_at)}")


def _asked() -> None:
    st.session_state[_GOING] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


@st.dialog("解除静默", width="small")
def _confirm(one: Silence | None) -> None:
    if one is None:
        st.write("没有这条静默。")
        return
    st.write(plain(f"“{one.reason}”解除后，其间未签收的警情会补发通知。"))
    if st.button("确认解除", type="primary", key="notify-silence-end"):
        try:
            with context.act() as connection:
                silences.end(connection, context.actor(), one.id, now=utc_now())
        except MonitorsError as error:
            complain(error)
            return
        rerun_with("已解除静默")
