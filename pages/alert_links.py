"""台账关联: what an alert is tied to, what may be the same matter and why, and a record entered from it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import stamp, utc_now
from monitors.desk import alerts
from monitors.desk.alerts import Alert
from monitors.ledger.model import RECORD_NAMES, Record
from monitors.links import candidates, linking
from monitors.links.candidates import Candidate
from monitors.links.linking import Link, Linkable
from pages import alert_record, case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, joined, tag
from pages.presses import press, pressed
from pages.signed import short_region
from pages.wording import money, persons

CSS = (Path(__file__).resolve().parent / "live" / "links.css").read_text(encoding="utf-8")
_LIKELY = 0.6  # from here on the offer is called likely; the words say so, the colour only repeats it
_NEW = {Record.CASE: "新建案件", Record.CLUE: "新建线索"}


def panel(alert_id: int) -> None:
    """The tab of the alert's drawer."""
    st.html(f"<style>{CSS}</style>")
    who = context.actor()
    if not who.may("ledger.view"):
        st.info("您的角色不能查看欠薪台账，本页不显示台账关联情况。", icon=":material/lock:")
        return
    with context.explained():
        with context.look() as connection:
            alert = alerts.get(connection, who, alert_id)
            standing = linking.links_of(connection, who, alert_id)
            ended = linking.links_of(connection, who, alert_id, ended=True)
        working = who.may(linking.WORK, alert.region)
        _standing(alert, standing, working=working)
        _ended(ended)
        if alert.state in linking.GONE:
            st.caption(f"警情已{'判为误报' if alert.state == '误报' else '并案'}，不再关联台账记录。")
        elif working:
            _offer(alert)
            _by_number(alert)
            _enter(alert, len(standing))
            if not standing:
                st.caption("经核查不是欠薪的，在“办理”中按“误报”处理，原因选“非欠薪”或相应原因，并写明依据。")


def record_link(record: Linkable | Candidate) -> Html:
    """The record's number, leading to its drawer."""
    page = "/ledger?case=" if record.kind is Record.CASE else "/clues?tab=线索&clue="
    return tag("a", record.number, href=f"{page}{record.number}", target="_self")


# ── what it is tied to ───────────────────────────────────────────────────────────────────────────────────────────────
def _standing(alert: Alert, standing: tuple[Link, ...], *, working: bool) -> None:
    st.html(tag("div", tag("h4", f"已关联的台账记录（{len(standing)}）"), class_="links"))
    if not standing:
        st.caption("尚未关联。办理“处置中”须关联案件，或写明无关联案件的理由。")
    for one in standing:
        left, right = st.columns([5, 1.5], vertical_alignment="center")
        left.html(_tied(one))
        if working and one.record is not None:
            with right.popover("取消关联", width="stretch", key=f"unlink-open-{one.id}"):
                _unlink(alert, one)


def _tied(one: Link) -> Html:
    how = "由本警情登记" if one.opened else "关联"
    by = tag("div", f"{one.by} 于 {stamp(one.at)} {how}", class_="muted")
    if one.record is None:
        return tag("div", tag("b", f"（其他地区的{RECORD_NAMES[one.kind]}，不在您的辖区内）"), by, class_="links")
    record = one.record
    verb = "受理" if record.kind is Record.CASE else "收到"
    name = joined(tag("span", f"{RECORD_NAMES[record.kind]} "), record_link(record), tag("b", f"　{record.employer}"))
    facts = f"{short_region(record.region)}　{record.on} {verb}"
    why = tag("div", f"依据：{'；'.join(one.why)}", class_="muted") if one.why else ""
    return tag("div", name, tag("span", record.state, class_="tag"), tag("div", facts), why, by, class_="links")


def _unlink(alert: Alert, one: Link) -> None:
    fields = Fields(f"unlink-{one.id}", one.id)
    with st.form(fields.key, border=False):
        reason = fields.area("reason", "取消关联的原因 *", height=68)
        sent = fields.send("确认取消", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: linking.unlink(connection, actor, alert.id, one.id, reason, now=utc_now())
    ):
        case_notes.done("已取消关联")


def _ended(ended: tuple[Link, ...]) -> None:
    if not ended:
        return
    with st.expander(f"已取消的关联（{len(ended)}）"):
        rows = [
            tag(
                "li",
                f"{one.record.number if one.record else '（其他地区的记录）'}：{one.ended_by}"
                f" 于 {stamp(one.ended_at) if one.ended_at else ''} 取消，原因：{one.ended_why}",
            )
            for one in ended
        ]
        st.html(tag("div", tag("ul", *rows), class_="links"))


# ── what may be the same matter ──────────────────────────────────────────────────────────────────────────────────────
def _offer(alert: Alert) -> None:
    with context.look() as connection:
        found = candidates.candidates(connection, context.actor(), alert.id)
    st.html(tag("div", tag("h4", f"可能是同一件事的记录（{len(found)}）"), class_="links"))
    if not found:
        st.caption("本地台账中没有找到单位、项目、人数、金额、时间相近的案件或线索。")
        return
    st.caption("按用人单位、工程项目、地区、人数、金额和时间比对，仅供参考，是否同一件事由承办人核对。")
    for one in found:
        left, right = st.columns([5, 1.5], vertical_alignment="center")
        left.html(_offered(one))
        name = f"link-{one.kind}-{one.id}"
        right.button("关联", key=name, on_click=press, args=(name, alert.id), width="stretch")
        if pressed(name, alert.id):
            alert_record.tie(alert, one.kind, one.id, one.number, confidence=one.confidence, why=one.reasons)


def _offered(one: Candidate) -> Html:
    likely = one.confidence >= _LIKELY
    sure = tag(
        "span", f"{'很可能' if likely else '可能'} {one.confidence:.0%}", class_="tag sure" if likely else "tag maybe"
    )
    name = joined(
        tag("span", f"{RECORD_NAMES[one.kind]} "), record_link(one), tag("b", f"　{one.employer or '（未提及单位）'}")
    )
    facts = "　".join(
        part
        for part in (
            short_region(one.region),
            f"{one.on} {'受理' if one.kind is Record.CASE else '收到'}",
            persons(one.persons),
            money(one.amount_fen),
            one.project,
            "演示数据" if one.demo else "",
        )
        if part and part != "—"
    )
    reasons = tag("ul", *(tag("li", words) for words in one.reasons))
    return tag("div", name, tag("span", one.state, class_="tag"), sure, tag("div", facts), reasons, class_="links")


# ── what the person knows better ─────────────────────────────────────────────────────────────────────────────────────
def _by_number(alert: Alert) -> None:
    with st.expander("按编号关联"):
        fields = Fields(f"link-number-{alert.number}-{len(alert.case_ids)}", alert.id)
        with st.form(fields.key, border=False):
            number = fields.text("number", "案件编号或线索编号", placeholder="如 AJ2026-000123、XS2026-000001", most=20)
            sent = fields.send("关联", kind="secondary")
        if not sent:
            return

        def work(connection: Connection, actor: Actor) -> None:
            record = linking.by_number(connection, actor, number)
            linking.link(connection, actor, alert.id, record.kind, record.id, now=utc_now())

        if fields.run(work):
            case_notes.done(f"已关联 {number.upper()}")


def _enter(alert: Alert, tied: int) -> None:
    """A record from what the reports say, for who may enter records there; closed again once one was ``tied``."""
    if not context.actor().may("ledger.edit"):
        return
    st.html(tag("div", tag("h4", "台账中没有的，由本警情登记"), class_="links"))
    key = f"alert-new-{alert.number}-{tied}"
    chosen = st.segmented_control(
        "登记", list(_NEW), format_func=_NEW.__getitem__, key=key, label_visibility="collapsed"
    )
    if chosen is Record.CASE:
        alert_record.case(alert)
    elif chosen is Record.CLUE:
        alert_record.clue(alert)
