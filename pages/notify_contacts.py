"""升级名单: who is told when nobody signs, step by step; a division without a list uses the one above it."""

from __future__ import annotations

import streamlit as st

from monitors.clock import utc_now
from monitors.errors import MonitorsError
from monitors.notify import channels, contacts
from monitors.notify.contacts import STEPS, Contact
from monitors.regions import divisions
from pages import context, notify_form, people_table
from pages.people_drawer import complain, rerun_with
from pages.people_table import Cell, Head, Line

_TABLE, _PAGE, _GOING = "notify-contacts", "notify-contacts-page", "notify-contact-going"
HEADS = (
    Head("地区", "18%"),
    Head("次序", "9rem"),
    Head("姓名或岗位", "20%"),
    Head("渠道"),
    Head("收件人", "22%"),
    Head("", "6.5rem"),
)


def line(one: Contact, *, manages: bool) -> Line:
    """One row of the list."""
    return Line(
        id=str(one.id),
        name=f"{one.name}，{STEPS.get(one.step, one.step)}，{one.channel}",
        cells=(
            Cell(notify_form.regions().get(one.region, one.region)),
            Cell(STEPS.get(one.step, str(one.step))),
            Cell(one.name, strong=True),
            Cell(one.channel),
            Cell(one.recipient or "渠道内全体"),
        ),
        action="移除" if manages else "",
        note=None if manages else "",
    )


def draw() -> None:
    """The tab."""
    minutes = context.settings().notify.escalate_minutes
    steps = "、".join(f"{number} 分钟" for number in minutes)
    st.caption(
        f"I、II 级警情无人签收满 {steps}时，依次通知第一、二、三次升级的人员；有人签收即停止。"
        "本县没有名单时用州市的，州市没有时用全省的。"
    )
    with context.look() as connection:
        who = context.actor()
        manages = who.may("notify.manage")
        rows = [one for one in contacts.list_contacts(connection, who) if _near(one, who.region)]
        known = {one.id: one.plan.name for one in channels.list_channels(connection, who)}
    if manages:
        _adding(known)
    listing = people_table.cut(
        HEADS if manages else HEADS[:-1],
        [line(one, manages=manages) for one in rows],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="升级名单是空的：警情超时无人签收时，没有人会收到提醒。",
    )
    people_table.show(listing, _TABLE, on_open=_asked, on_page=_turned)
    if going := st.session_state.pop(_GOING, ""):
        _confirm(next((one for one in rows if str(one.id) == going), None))


def _near(one: Contact, region: str) -> bool:
    """Of the reader's own division, inside it, or above it: who is told of the reader's alerts."""
    return divisions.within(one.region, region) or divisions.within(region, one.region)


def _adding(known: dict[int, str]) -> None:
    with st.expander("添加人员", icon=":material/person_add:"):
        if not known:
            st.write("请先在“渠道”中添加通知渠道。")
            return
        fields = notify_form.ChannelFields("notify-contact", "new")
        with st.form("notify-contact", border=False, clear_on_submit=False):
            first, second, third = st.columns(3)
            names = notify_form.regions()
            region = fields.choice("region", "地区 *", names, divisions.YUNNAN, names=names, where=first)
            steps = {str(number): words for number, words in STEPS.items()}
            step = fields.choice("step", "次序 *", steps, "1", names=steps, where=second)
            name = fields.text("name", "姓名或岗位 *", where=third, most=contacts.MAX_NAME)
            first, second = st.columns([1, 2])
            ways = {str(number): words for number, words in known.items()}
            only = next(iter(ways)) if len(ways) == 1 else ""
            way = fields.choice("channel_id", "通知渠道 *", ways, only, where=first, names=ways)
            recipient = fields.text(
                "recipient", "收件人", where=second, most=120,
                help="邮件填邮箱；企业微信填成员账号或手机号，钉钉填手机号，飞书填 open_id；留空则通知群内全体",
            )  # fmt: skip
            sent = fields.send("添加", icon=":material/add:")
        if sent and fields.run(
            lambda c, who: contacts.add(
                c, who, region=region, step=int(step or 0), name=name, channel_id=int(way or 0),
                recipient=recipient, now=utc_now(),
            )
        ):  # fmt: skip
            rerun_with(f"已把{name}加入升级名单")


def _asked() -> None:
    st.session_state[_GOING] = str(st.session_state[_TABLE].open or "")


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


@st.dialog("移出升级名单", width="small")
def _confirm(one: Contact | None) -> None:
    if one is None:
        st.write("名单中已没有这一行。")
        return
    st.text(f"{one.name}（{STEPS.get(one.step, '')}，{one.channel}）将不再收到升级提醒。")
    if st.button("确认移除", type="primary", key="notify-contact-remove"):
        try:
            with context.act() as connection:
                contacts.remove(connection, context.actor(), one.id, now=utc_now())
        except MonitorsError as error:
            complain(error)
            return
        rerun_with(f"已把{one.name}移出升级名单")
