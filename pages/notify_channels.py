"""渠道: every channel with how its last message went; a click opens one to try, change, stop or remove it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st
from sqlalchemy import Connection, select

from monitors.clock import stamp, utc_now
from monitors.errors import InputError, MonitorsError
from monitors.notify import beat, channels
from monitors.notify.channel_settings import KINDS, ChannelKind, ChannelSettings
from monitors.notify.channels import Channel, Plan
from monitors.notify.outgoing import Sent
from monitors.regions import divisions
from monitors.store import tables as t
from pages import context, notify_form, people_table, presses
from pages.markup import Html, tag
from pages.people_drawer import complain, plain, rerun_with
from pages.people_table import Cell, Head, Line
from pages.presses import press, pressed
from pages.signed import short_region

NEW = "new"  # ?channel=new is the empty form
_PAGE, _TABLE, _TOLD = "notify-page", "notify-channels", "notify-told"
_SEEN = "notify-seen"  # in the session state: (channel, the revision its drawer opened with)
_QUIET = timedelta(minutes=2)  # a sender not heard of for so long stands still
HEADS = (
    Head("渠道", "22%"),
    Head("去向"),
    Head("范围", "15%"),
    Head("状态", "8.5rem"),
    Head("最近送达", "10.5rem"),
    Head("最近失败", "24%"),
)


def line(one: Channel) -> Line:
    """One row of the list."""
    state, tone = ("已停用", "off") if not one.plan.enabled else ("正常", "ok")
    if one.plan.enabled and one.failing:
        state, tone = "发送失败", "bad"
    elif one.plan.enabled and one.last_ok_at is None:
        state, tone = "未发过", "warn"
    quiet = channels.quiet_words(one.plan)
    waiting = f"待发 {one.waiting} 条" if one.waiting else ""
    return Line(
        id=str(one.id),
        name=f"{one.plan.name}，{KINDS[one.kind]}，{state}",
        cells=(
            Cell(one.plan.name, KINDS[one.kind], strong=True),
            Cell(one.shown, hint=one.shown),
            Cell(
                f"{short_region(one.plan.region)} · {'、'.join(one.plan.levels)}",
                f"免打扰 {quiet}" if quiet else "",
            ),
            Cell(state, waiting, tone=tone),
            Cell(stamp(one.last_ok_at) if one.last_ok_at else "—"),
            Cell(one.last_error or "—", stamp(one.last_error_at) if one.last_error_at else "", hint=one.last_error),
        ),
        tone="" if one.plan.enabled else "off",
    )


def draw() -> None:
    """The tab."""
    now = utc_now()
    with context.look() as connection:
        rows = channels.list_channels(connection, context.actor())
        beats = _beats(connection)
        outside = beat.status(connection)
    bar = st.container(horizontal=True, vertical_alignment="center")
    bar.html(_state(rows, beats, now))
    if context.may("notify.manage"):
        bar.button("新增渠道", icon=":material/add:", type="primary", key="notify-new", on_click=_new)
    listing = people_table.cut(
        HEADS,
        [line(one) for one in rows],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="还没有通知渠道，警情只在本系统页面上提示。"
        + ("点“新增渠道”添加。" if context.may("notify.manage") else ""),
        opens=True,
    )
    people_table.show(listing, _TABLE, on_open=_opened, on_page=_turned)
    st.html(outside_words(outside))
    if wanted := st.query_params.get("channel", ""):
        _open_drawer(wanted)
    else:
        st.session_state.pop(_SEEN, None)


def _beats(connection: Connection) -> dict[str, datetime]:
    query = select(t.heartbeat.c.part, t.heartbeat.c.at)
    found: dict[str, datetime] = {}
    for part, at in connection.execute(query):
        name = part.rpartition("/")[2]
        found[name] = max(at, found.get(name, at))
    return found


def _state(rows: tuple[Channel, ...], beats: dict[str, datetime], now: datetime) -> Html:
    """One line on how sending is: stopped, switched off, waiting, or well."""
    if not context.settings().notify.enabled:
        return tag(
            "p",
            "通知功能已在 config.toml 的 [notify] 中关闭，不会发送任何消息。",
            class_="notify-state bad",
            role="alert",
        )
    heard = beats.get("sender")
    waiting = sum(one.waiting for one in rows)
    queue = f"，待发 {waiting} 条" if waiting else ""
    if heard is None:
        return tag("p", f"发送程序还没有运行记录{queue}；监测启动后自动运行。", class_="notify-state warn")
    if now - heard > _QUIET:
        return tag(
            "p",
            f"发送程序自 {stamp(heard)} 起没有动静{queue}，请检查监测进程。",
            class_="notify-state bad",
            role="alert",
        )
    failing = sum(one.failing and one.plan.enabled for one in rows)
    if failing:
        return tag("p", f"发送程序运行正常{queue}；{failing} 个渠道最近一次发送失败。", class_="notify-state warn")
    return tag("p", f"发送程序运行正常{queue}。", class_="notify-state ok")


def outside_words(outside: beat.Status) -> Html:
    """Whether somebody outside would notice that the whole machine has stopped."""
    told = f"{outside.told}（{outside.host}，{stamp(outside.at)}）" if outside.at else outside.told
    return tag("p", f"心跳外报：{told}", class_="muted" if outside.ok else "muted notify-state warn")


def _opened() -> None:
    st.query_params["channel"] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


def _new() -> None:
    st.query_params["channel"] = NEW


def _closed() -> None:
    st.query_params.pop("channel", None)
    st.session_state.pop(_TOLD, None)
    st.session_state.pop(_SEEN, None)
    presses.forget()


def _open_drawer(wanted: str) -> None:
    if wanted != NEW:
        _open_channel(wanted)
    elif context.may("notify.manage"):
        _open_new()


# ── a new channel ────────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("新增通知渠道", width="medium", position="right", on_dismiss=_closed)
def _open_new() -> None:
    kinds = list(KINDS)
    kind: ChannelKind = st.selectbox(
        "类型", kinds, key="notify-kind", format_func=KINDS.__getitem__, filter_mode=None
    )  # fmt: skip
    fields = notify_form.ChannelFields(f"notify-add-{kind}", NEW)
    blank = ChannelSettings(kind, port=587)
    with st.form(f"notify-add-{kind}", border=False):
        plan, settings = notify_form.ask(fields, Plan("", divisions.YUNNAN, channels.LEVELS), blank, known=False)
        sent = fields.send("添加渠道", icon=":material/add:")
    made: list[int] = []
    if sent and fields.run(lambda c, who: made.append(channels.add(c, who, plan, settings, now=utc_now()))):
        st.query_params["channel"] = str(made[0])
        rerun_with(f"已添加渠道“{plan.name}”，请发送一条测试消息")


# ── one channel ──────────────────────────────────────────────────────────────────────────────────────────────────────
@st.dialog("通知渠道", width="medium", position="right", on_dismiss=_closed)
def _open_channel(wanted: str) -> None:
    try:
        with context.look() as connection:
            who = context.actor()
            number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
            one = _as_opened(channels.get(connection, who, number))
            manages = who.may("notify.manage")
            held = channels.editable(connection, who, number) if manages else None
    except InputError as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return
    except MonitorsError as error:
        complain(error)
        return
    st.html(_summary(one))
    if held is None:
        return
    _actions(one)
    st.divider()
    fields = notify_form.ChannelFields(f"notify-edit-{one.id}-{one.revision}", (one.id, one.revision))
    with st.form(f"notify-edit-{one.id}-{one.revision}", border=False):
        plan, settings = notify_form.ask(fields, one.plan, held, known=True)
        sent = fields.send("保存修改", icon=":material/save:")
    if sent and fields.run(lambda c, who: channels.edit(c, who, one.id, one.revision, plan, settings, now=utc_now())):
        _done(f"已保存渠道“{plan.name}”")


def _as_opened(one: Channel) -> Channel:
    """With the revision the drawer opened with: what others change meanwhile is a conflict, not lost typing."""
    number, revision = st.session_state.setdefault(_SEEN, (one.id, one.revision))
    if number != one.id:
        st.session_state[_SEEN], revision = (one.id, one.revision), one.revision
    return replace(one, revision=revision)


def _done(note: str) -> None:
    """Ours is the newest revision again."""
    st.session_state.pop(_SEEN, None)
    rerun_with(note)


def _summary(one: Channel) -> Html:
    facts = (
        ("类型", KINDS[one.kind]),
        ("状态", "启用" if one.plan.enabled else "已停用"),
        ("去向", one.shown),
        ("待发", f"{one.waiting} 条"),
        ("最近送达", stamp(one.last_ok_at)),
        ("最近失败", stamp(one.last_error_at)),
    )
    rows = [part for name, words in facts for part in (tag("dt", name), tag("dd", words))]
    error = tag("p", "最近失败的应答：", tag("b", one.last_error), class_="notify-error") if one.last_error else ""
    return tag("div", tag("h3", one.plan.name), tag("dl", *rows), error, class_="person")


def _actions(one: Channel) -> None:
    about = (one.id, one.revision)
    with st.container(horizontal=True):
        st.button(
            "发送测试",
            icon=":material/send:",
            type="primary",
            key="notify-test",
            on_click=press,
            args=("notify-test", one.id),
        )
        words, icon = ("停用", ":material/block:") if one.plan.enabled else ("启用", ":material/check:")
        st.button(words, icon=icon, key="notify-switch", on_click=press, args=("notify-switch", about))
        with st.popover("移除", icon=":material/delete:"):
            lost = f"还有 {one.waiting} 条待发消息会一并作废；" if one.waiting else ""
            st.write(f"{lost}该渠道的发送记录和升级名单中用它的各行也会移除，不能恢复。只是暂时不用请点“停用”。")
            st.button("确认移除", type="primary", key="notify-remove", on_click=press, args=("notify-remove", about))
    # Outside the row of buttons, so that what they say stands below it.
    if pressed("notify-test", one.id):
        _test(one)
    elif pressed("notify-switch", about):
        _switch(one)
    elif pressed("notify-remove", about):
        _remove(one)
    number, sent = st.session_state.get(_TOLD, (0, None))
    if sent is not None and number == one.id:
        _say(sent)


def _test(one: Channel) -> None:
    limit = context.settings().notify.send_seconds
    try:
        with st.spinner("正在发送测试消息…"):
            sent = channels.test(context.store(), context.actor(), one.id, timeout=limit, now=utc_now())
    except MonitorsError as error:
        complain(error)
        return
    st.session_state[_TOLD] = (one.id, sent)
    st.rerun()  # the list behind shows the same


def _say(sent: Sent) -> None:
    told = plain(sent.told)
    if sent.ok:
        st.success(f"测试消息已送达，请到群里或邮箱核对。对方应答：{told}", icon=":material/check_circle:")
    else:
        more = (
            "对方要求稍后再发。" if sent.retry_after else "请修改设置后再试。" if sent.permanent else "可以稍后再试。"
        )
        st.error(f"测试消息没有送达。对方应答：{told}。{more}", icon=":material/error:")


def _switch(one: Channel) -> None:
    enabled = not one.plan.enabled
    try:
        with context.act() as connection:
            channels.switch(connection, context.actor(), one.id, one.revision, enabled=enabled, now=utc_now())
    except MonitorsError as error:
        complain(error)
        return
    _done(f"已{'启用' if enabled else '停用'}渠道“{one.plan.name}”")


def _remove(one: Channel) -> None:
    try:
        with context.act() as connection:
            channels.remove(connection, context.actor(), one.id, one.revision, now=utc_now())
    except MonitorsError as error:
        complain(error)
        return
    _closed()
    rerun_with(f"已移除渠道“{one.plan.name}”")
