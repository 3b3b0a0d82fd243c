"""对外回应: the alert's answers with their clocks; writing, sending in, approving, publishing (R26)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import SHANGHAI, local, stamp, utc_now
from monitors.desk import responses
from monitors.desk.alerts import Alert
from monitors.desk.responses import APPROVED, DRAFT, KINDS, WAITING, Publication, Response, ResponseDraft, Timer
from monitors.desk.ways import FALSE, MERGED
from monitors.opinion.board import elapsed_words
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, joined, link, tag
from pages.presses import press, pressed

CSS = (Path(__file__).resolve().parent / "live" / "roster_page.css").read_text(encoding="utf-8")
_SEEN = "responses_seen"  # in the session state: (alert's number, {answer: the revision its forms rest on})
_TONES = {DRAFT: "grey", WAITING: "orange", APPROVED: "blue"}
_Work = Callable[[Connection, Actor, datetime], None]


class _ResponseFields(Fields):
    """Forms of this tab: a long text, and a minute of the past."""

    def body(self, value: str) -> str:
        """The text of an answer."""
        told = st.text_area(
            "回应正文 *", value, key=self._name("body"), max_chars=responses.MOST_CHARS, height=190,
            help="由拟稿人负责，只写已核实、可公开的内容，不写个人信息",
        )  # fmt: skip
        self._below("body", st)
        return (told or "").strip()

    def minute(self, field: str, label: str, value: datetime, where: tuple[Any, Any]) -> datetime | None:
        """A day and a minute on the office's clock."""
        shown = local(value).replace(second=0, microsecond=0)
        day = where[0].date_input(label, shown.date(), key=self._name(f"{field}-day"), format="YYYY-MM-DD")
        hour = where[1].time_input("时刻 *", shown.time(), key=self._name(f"{field}-hour"), step=60)
        self._below(field, where[0])
        return datetime.combine(day, hour, SHANGHAI) if day and hour else None


def panel(alert: Alert) -> None:
    """The tab of the alert's drawer."""
    st.html(f"<style>{CSS}</style>")
    who, now = context.actor(), utc_now()
    with context.explained():
        with context.look() as connection:
            found = responses.listed(connection, who, alert.id)
        st.html(_clocks(responses.timers(alert, found, now, context.settings()), now))
        for one in reversed(found):
            with st.container(border=True):
                _shown(alert, one)
        if not found:
            st.caption("还没有对外回应。拟写后送带班领导批准，发布后在此登记渠道和时间。")
        if who.may("alert.work", alert.region) and alert.state not in (FALSE, MERGED):
            with st.expander("拟写回应", icon=":material/edit_note:", expanded=alert.open and not found):
                _write(alert, len(found))


def _clocks(timers: tuple[Timer, ...], now: datetime) -> Html:
    rows = []
    for one in timers:
        length = elapsed_words(abs(one.left.total_seconds()))
        words = {
            "按时": f"{stamp(one.met_at)} 已发布，提前 {length}",
            "超时完成": f"{stamp(one.met_at)} 已发布，超时 {length}",
            "计时中": f"还剩 {length}",
            "已超时": f"已超时 {length}，尚未发布",
            "无需回应": "无需回应",
            "已办结": "警情已在时限前办结，不再计时",
        }[one.standing]
        tone = "late" if one.late else "soon" if one.standing == "计时中" else "well"
        rows.append(
            tag(
                "tr",
                tag("td", one.name),
                tag("td", f"{stamp(one.due_at)} 前", class_="n"),
                tag("td", words, class_=tone),
            )
        )
    note = f"自首篇报道发布起计时；截至 {local(now):%H:%M}。"
    return tag("div", tag("table", *rows), tag("p", note, class_="muted"), class_="desk-part")


def _shown(alert: Alert, one: Response) -> None:
    who = context.actor()
    held = _seen(alert, one)
    tone = _TONES.get(one.state, "green")
    head = tag("div", tag("b", one.kind), tag("span", one.state, class_=f"tag {tone}"), tag("span", one.unit))
    said = [f"{one.author} 拟写，{stamp(one.created_at)}"]
    if one.approved_at:
        said.append(f"{one.approver} 批准，{stamp(one.approved_at)}")
    lines: list[object] = [tag("p", "；".join(said), class_="muted")]
    if one.returned:
        lines.append(tag("p", f"退回原因：{one.returned}", class_="late"))
    if one.published_at:
        where = link(one.url, "查看原文") if one.url else ""
        lines.append(tag("p", joined(f"{stamp(one.published_at)} 由 {one.channel} 发布　", where)))
    st.html(tag("div", head, *lines, tag("div", one.body, class_="answer"), class_="desk-part"))
    if held != one.revision:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning("该回应已被他人修改，请刷新后再办理。", icon=":material/sync_problem:")
            if st.button("刷新", key=f"response-refresh-{one.id}", icon=":material/refresh:"):
                _forget()
                st.rerun()
        return
    if one.state == DRAFT and who.may("alert.work", alert.region):
        _send_in(one)
        with st.expander("修改"):
            _rewrite(one)
    if one.state == APPROVED and who.may("alert.work", alert.region):
        _publish(one)
    if one.state in (WAITING, APPROVED) and who.may("alert.approve", alert.region):
        _decide(one, who)
    elif one.state == WAITING:
        st.caption("等带班领导批准。")


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _write(alert: Alert, number: int) -> None:
    fields = _ResponseFields(f"response-new-{alert.number}-{number}", alert.number)
    with st.form(fields.key, border=False):
        draft = _draft(fields, "回应", "", responses.skeleton(alert))
        sent = fields.send("保存草稿", icon=":material/save:")
    if sent and fields.run(
        lambda connection, actor: responses.write(connection, actor, alert.id, draft, now=utc_now())
    ):
        _done("回应草稿已保存")


def _rewrite(one: Response) -> None:
    fields = _ResponseFields(f"response-edit-{one.id}-{one.revision}", (one.id, one.revision))
    with st.form(fields.key, border=False):
        draft = _draft(fields, one.kind, one.unit, one.body)
        sent = fields.send("保存修改")
    if sent and fields.run(
        lambda connection, actor: responses.rewrite(connection, actor, one.id, one.revision, draft, now=utc_now())
    ):
        _done("回应草稿已修改")


def _draft(fields: _ResponseFields, kind: str, unit: str, body: str) -> ResponseDraft:
    left, right = st.columns(2)
    chosen = fields.choice("kind", "类型 *", KINDS, kind, where=left)
    by = fields.text("unit", "发布单位 *", unit, where=right, placeholder="如：示例区人力资源和社会保障局")
    return ResponseDraft(chosen, fields.body(body), by)


def _send_in(one: Response) -> None:
    def work(connection: Connection, actor: Actor, now: datetime) -> None:
        responses.send_in(connection, actor, one.id, one.revision, now=now)

    _button(one, "送批", work, done="回应已送批", icon=":material/send:")


def _approve(one: Response) -> None:
    def work(connection: Connection, actor: Actor, now: datetime) -> None:
        responses.approve(connection, actor, one.id, one.revision, now=now)

    _button(one, "批准", work, done="回应已批准", icon=":material/check:")


def _decide(one: Response, who: Actor) -> None:
    own = one.author_id == who.account_id
    if one.state == WAITING and own:
        st.caption("回应须由拟稿人以外的带班领导批准。")
    with st.container(horizontal=True):
        if one.state == WAITING and not own:
            _approve(one)
        with st.popover("退回", icon=":material/undo:", key=f"response-back-open-{one.id}"):
            fields = Fields(f"response-back-{one.id}-{one.revision}", (one.id, one.revision))
            with st.form(fields.key, border=False):
                reason = fields.text("reason", "退回原因 *", most=responses.REASON_CHARS)
                sent = fields.send("退回拟稿人", kind="secondary")
            if sent and fields.run(
                lambda connection, actor: responses.send_back(
                    connection, actor, one.id, one.revision, reason, now=utc_now()
                )
            ):
                _done("回应已退回")


def _publish(one: Response) -> None:
    fields = _ResponseFields(f"response-out-{one.id}-{one.revision}", (one.id, one.revision))
    with st.form(fields.key, border=False):
        first, second, third = st.columns([2, 1.2, 0.9])
        channel = fields.text("channel", "发布渠道 *", where=first, placeholder="如：政府网站、政务微博")
        at = fields.minute("published_at", "发布日期 *", utc_now(), (second, third))
        url = fields.text("url", "网址（没有可不填）", most=responses.URL_CHARS, placeholder="https://")
        sent = fields.send("登记发布", icon=":material/campaign:")
    if sent and fields.run(
        lambda connection, actor: responses.publish(
            connection, actor, one.id, one.revision, Publication(channel, at, url), now=utc_now()
        )
    ):
        _done("发布情况已登记")


def _button(one: Response, label: str, work: _Work, *, done: str, icon: str) -> None:
    name = f"response-{label}-{one.id}-{one.revision}"
    st.button(label, key=name, type="primary", icon=icon, on_click=press, args=(name, one.id))
    if pressed(name, one.id):
        with context.explained():
            with context.act() as connection:
                work(connection, context.actor(), utc_now())
            _done(done)


# ── which revision the forms rest on ─────────────────────────────────────────────────────────────────────────────────
def _seen(alert: Alert, one: Response) -> int:
    number, held = st.session_state.get(_SEEN, ("", {}))
    if number != alert.number:
        held = {}
    held.setdefault(one.id, one.revision)
    st.session_state[_SEEN] = (alert.number, held)
    return int(held[one.id])


def _forget() -> None:
    st.session_state.pop(_SEEN, None)


def _done(words: str) -> None:
    _forget()
    case_notes.done(words)
