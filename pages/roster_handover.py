"""交接班: what the shift did, what goes over, both signatures; and the hand-overs before."""

from __future__ import annotations

from functools import partial

import streamlit as st

from monitors.clock import local, stamp, utc_now
from monitors.desk import handover, handover_paper
from monitors.desk.handover import Handover, OpenItem, Summary
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, joined, tag
from pages.people_drawer import plain
from pages.wording import TONES, level_name

_PAGE = 10
_ALWAYS, _BAD = ("新增警情", "签收", "办结", "未办结", "待签收", "超时"), ("超时", "通知未送达")
_EVENTS = 40  # of the shift shown on the page; the sheet has them all


def draw(desk: str) -> None:
    """The present hand-over: those waiting to be taken over, then what the running shift has to hand over."""
    who, now = context.actor(), utc_now()
    with context.look() as connection:
        before = handover.last(connection, desk)
        waiting = handover.waiting(connection, who, desk)
        summary = handover.prepare(connection, who, desk, now=now)
    for held in waiting:
        _take_over(held)
    st.html(tag("div", tag("h3", f"本班自 {stamp(summary.from_at)} 起"), _figures(summary), class_="desk-part"))
    if who.may("handover.sign", desk):
        _hand_over(desk, before)
    st.html(_items(summary))
    st.html(_events(summary))


def _take_over(held: Handover) -> None:
    who = context.actor()
    with st.container(border=True):
        st.html(_head(held))
        _sheet(held)
        if not who.may("handover.sign", held.region):
            return
        if who.account_id == held.out_id:
            st.caption("您已交班签字，等接班人签字。")
            return
        fields = Fields(f"handover-in-{held.id}", held.id)
        with st.form(fields.key, border=False):
            notes = fields.area("notes", "接班意见（可不填）")
            sent = fields.send("接班签字", icon=":material/draw:")
        if sent and fields.run(
            lambda connection, actor: handover.sign_in(connection, actor, held.id, held.revision, notes, now=utc_now())
        ):
            case_notes.done("已接班签字")


def _hand_over(desk: str, before: Handover | None) -> None:
    previous = before.id if before else None
    with st.expander("交班签字", icon=":material/draw:"):
        fields = Fields(f"handover-out-{desk}-{previous}", (desk, previous))
        with st.form(fields.key, border=False):
            notes = fields.area("notes", "交接事项（未办完的、须盯住的、已约定的）", height=110)
            st.caption("签字后，上面的数字和下面的未办结警情按签字时固定，不能再改；由接班人另行签字确认。")
            sent = fields.send("交班签字", icon=":material/draw:")
        if sent and fields.run(
            lambda connection, actor: handover.sign_out(
                connection, actor, desk, notes, previous=previous, now=utc_now()
            )
        ):
            case_notes.done("已交班签字，请接班人签字确认")


# ── what is handed over ──────────────────────────────────────────────────────────────────────────────────────────────
def _figures(summary: Summary) -> Html:
    """The figures; of those that are mostly nought, the others alone."""
    parts = [
        tag("span", f"{name} ", tag("b", words, class_="late" if name in _BAD and not words.startswith("0 ") else ""))
        for name, words in handover_paper.figure_words(summary.figures)
        if name in _ALWAYS or not words.startswith("0 ")
    ]
    return tag("div", *parts, class_="figures")


def _items(summary: Summary) -> Html:
    total = summary.figures.open
    if not total:
        return tag("div", tag("h4", "移交的未办结警情：无"), class_="desk-part")
    cut = f"，列出最急的 {len(summary.items)} 起" if len(summary.items) < total else ""
    head = tag("tr", *(tag("th", name) for name in ("编号", "标题", "级别", "状态", "承办", "最近时限")))
    rows = [_item(one, summary) for one in summary.items]
    title = tag("h4", f"移交的未办结警情（{total:,} 起{cut}）")
    return tag("div", title, tag("table", head, *rows), class_="desk-part")


def _item(one: OpenItem, summary: Summary) -> Html:
    late = one.due_at is not None and one.due_at < summary.to_at
    due = f"{one.clock} {local(one.due_at):%m-%d %H:%M}{'（已超时）' if late else ''}" if one.due_at else "—"
    number = tag("a", one.number, href=f"/alerts?alert={one.number}", target="_self")
    return tag(
        "tr",
        tag("td", number, class_="n"),
        tag("td", f"{one.title}{'（演示数据）' if one.demo else ''}", tag("div", one.place, class_="muted")),
        tag("td", tag("span", level_name(one.level), class_=f"tag {TONES.get(one.level, 'grey')}"), class_="n"),
        tag("td", one.state, class_="n"),
        tag("td", one.who),
        tag("td", due, class_="n late" if late else "n"),
    )


def _events(summary: Summary) -> Html:
    if not summary.events:
        return tag("div", tag("h4", "本班经过：无"), class_="desk-part")
    shown = summary.events[:_EVENTS]
    cut = f"，列出最近的 {len(shown)} 条" if len(shown) < summary.events_total else ""
    rows = [
        tag("tr", tag("td", f"{local(one.at):%m-%d %H:%M}", class_="n"), tag("td", one.number, class_="n"),
            tag("td", one.words), tag("td", one.who))
        for one in shown
    ]  # fmt: skip
    title = tag("h4", f"本班经过（{summary.events_total:,} 条{cut}）")
    return tag("div", title, tag("table", *rows), class_="desk-part")


# ── before ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def history(desk: str) -> None:
    """The desk's hand-overs, newest first."""
    who = context.actor()
    with context.look() as connection:
        total = handover.counted(connection, who, desk)
    if not total:
        st.info("该值班室还没有交接班记录。", icon=":material/info:")
        return
    pages = -(-total // _PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input("页", 1, pages, 1, key=f"handover-page-{desk}", width=140) or 1)
        st.caption(f"共 {total:,} 次，每页 {_PAGE} 次。")
    with context.look() as connection:
        found = handover.listed(connection, who, desk, limit=_PAGE, offset=(page - 1) * _PAGE)
    for held in found:
        taken = f"{held.in_name} {local(held.in_at):%m-%d %H:%M} 接班" if held.in_at else ":red[**尚无人接班**]"
        label = f"{stamp(held.out_at)}　{plain(held.out_name)} 交班　{plain(taken) if held.in_at else taken}"
        with st.expander(label):
            st.html(_head(held))
            _sheet(held)
            st.html(_items(held.summary))
            st.html(_events(held.summary))


def _head(held: Handover) -> Html:
    signed = f"{held.in_name}于 {stamp(held.in_at)} 接班签字" if held.in_at else "尚无人接班签字"
    taken = tag("span", signed, class_="" if held.in_at else "late")
    lines = [
        tag("h3", f"{stamp(held.from_at)} 至 {stamp(held.to_at)}"),
        tag("p", f"{held.out_name}于 {stamp(held.out_at)} 交班签字；", taken),
        _figures(held.summary),
    ]  # fmt: skip
    if held.notes:
        lines.append(joined(tag("h4", "交接事项"), tag("div", held.notes, class_="answer")))
    if held.in_notes:
        lines.append(joined(tag("h4", "接班意见"), tag("div", held.in_notes, class_="answer")))
    return tag("div", *lines, class_="desk-part")


def _sheet(held: Handover) -> None:
    st.download_button(
        "打印交接班记录（PDF）",
        partial(_pdf, context.held(), held.id),
        file_name=handover_paper.file_name(held),
        mime="application/pdf",
        on_click="ignore",
        icon=":material/print:",
        key=f"handover-pdf-{held.id}",
    )


def _pdf(kept: context.Held, number: int) -> bytes:
    # Made when somebody clicks, for whoever is signed in then.
    who = context.actor_of(kept)
    with context.store().read() as connection:
        held = handover.get(connection, who, number)
    return handover_paper.pdf(held)
