"""办理: the next legal step with what it asks for, a second person's word, level, report to the leader, progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.desk import life, progress, ways
from monitors.desk.alert_file import AlertFile
from monitors.desk.alerts import Alert, Proposal
from monitors.desk.record import NAMES
from monitors.desk.ways import SIGNED, Need, Way
from monitors.opinion.event_words import level_words
from monitors.opinion.model import ALERT_LEVELS
from pages import case_notes, context, drawer_tabs
from pages.alert_fields import AlertFields
from pages.markup import Html, joined, tag
from pages.presses import pressed
from pages.wording import level_name, money, persons

_BESIDE = 2  # short fields on one line
_SOON = timedelta(minutes=10)  # a limit so near would have passed before the form is sent


def panel(found: AlertFile, revision: int) -> None:
    """The tab. ``revision``: what this person's forms rest on."""
    alert, who = found.alert, context.actor()
    if known := _known(alert):
        st.html(known)
    if alert.proposal is not None:
        _decision(alert, alert.proposal, revision)
    offered = ways.allowed(alert, who)
    if any(way.to == SIGNED for way in offered):
        _sign(alert)
    elif pressed(f"{_signing(alert)}-send", alert.number):
        with context.explained(), context.act() as connection:  # too late: refused in words that name who was first
            life.sign(connection, who, alert.id, settings=context.settings(), now=utc_now())
    if rest := [way for way in offered if way.to != SIGNED]:
        _choose(alert, rest, revision)
    if alert.open:
        _beside(alert, revision)
    elif not offered:
        st.caption(f"警情{alert.state}，没有您可办理的下一步。")


# ── what was found so far ────────────────────────────────────────────────────────────────────────────────────────────
def _known(alert: Alert) -> Html | None:
    checked = " ".join(part for part in (alert.unit, alert.person) if part)
    figures = f"{persons(alert.verified_workers)}，{money(alert.verified_fen)}" if alert.fact_at else ""
    rows = [
        ("核查", f"{checked}，{stamp(alert.check_due_at)} 前" if alert.check_due_at else checked),
        ("查实", "。".join(part for part in (figures, alert.verified) if part)),
        ("办结结果", alert.result),
        ("反馈情况", alert.feedback),
        ("无需回应的理由", alert.no_response),
        ("误报原因", alert.reason),
        ("依据", alert.evidence),
    ]
    shown = [joined(tag("dt", name), tag("dd", value, class_="wide", title=value)) for name, value in rows if value]
    return tag("div", tag("dl", *shown), class_=f"desk-head known {'brief' if alert.open else ''}") if shown else None


# ── the second person ────────────────────────────────────────────────────────────────────────────────────────────────
def _decision(alert: Alert, held: Proposal, revision: int) -> None:
    who = context.actor()
    own = held.made_by(who)
    way = ways.find(alert, held.to)
    lines = [
        tag("li", f"{NAMES[key].removesuffix('（分）')}：{_said(key, value)}")
        for key, value in held.values.items()
        if key in NAMES
    ]
    words = (
        f"{held.by} 于 {stamp(held.at)} 提请{'办结' if held.to == ways.DONE else f'定为“{held.to}”'}，等另一人审批："
    )
    st.html(tag("div", tag("div", tag("b", words), tag("ul", *lines), class_="waiting"), class_="desk-head"))
    if own:
        _answer(alert, revision, agree=False, key="withdraw", label="撤回提请", ask="")
        return
    if way is None or not who.may(way.decided_by, alert.region):
        st.caption("您不能审批此事项。")
        return
    agree, back = st.columns(2, gap="medium")
    with agree:
        _answer(alert, revision, agree=True, key="agree", label="批准", ask="审批意见")
    with back:
        _answer(alert, revision, agree=False, key="back", label="退回", ask="退回理由 *")


def _answer(alert: Alert, revision: int, *, agree: bool, key: str, label: str, ask: str) -> None:
    fields = AlertFields(f"alert-{key}-{alert.number}-{revision}", (alert.number, revision))
    with st.form(fields.key, border=bool(ask)):
        words = fields.area("words", ask, height=68) if ask else ""
        sent = fields.send(label, kind="primary" if agree else "secondary")
    if sent and fields.run(
        lambda connection, actor: life.decide(
            connection, actor, alert.id, revision, agree, words, settings=context.settings(), now=utc_now()
        )
    ):
        _done(f"{alert.number} 已{label.removesuffix('提请')}")


def _said(key: str, value: Any) -> str:
    if key == "verified_fen":
        return money(value)
    return stamp(datetime.fromisoformat(str(value))) if key.endswith("_at") else str(value)


# ── the next step ────────────────────────────────────────────────────────────────────────────────────────────────────
def _signing(alert: Alert) -> str:
    return f"alert-sign-{alert.number}"


def _sign(alert: Alert) -> None:
    fields = AlertFields(_signing(alert), alert.number)
    with st.form(fields.key, border=False):
        sent = fields.send("签收", icon=":material/how_to_reg:")
    if sent and fields.run(
        lambda connection, actor: life.sign(
            connection, actor, alert.id, settings=context.settings(), now=utc_now()
        )
    ):  # fmt: skip
        _done(f"{alert.number} 已签收")


def _choose(alert: Alert, offered: list[Way], revision: int) -> None:
    key = f"alert-step-{alert.number}-{revision}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"现为“{alert.state}”，下一步：", width="content")
        chosen = st.segmented_control(
            "下一步", [way.act for way in offered], key=key, label_visibility="collapsed",
            default=offered[0].act if len(offered) == 1 and alert.open else None,
        )  # fmt: skip
    way = next((one for one in offered if one.act == chosen), None)
    if way is None:
        return
    fields = AlertFields(f"{key}-{way.to}", (alert.number, revision))
    with st.form(fields.key, border=True):
        given = _given(fields, way, alert)
        if way.second:
            st.caption("此步骤须由您以外的另一人审批后生效。")
        sent = fields.send(way.act)
    if sent and fields.run(
        lambda connection, actor: life.move(
            connection, actor, alert.id, revision, way.to, given, settings=context.settings(), now=utc_now()
        )
    ):
        _done(f"{alert.number} 已{way.act}")


def _given(fields: AlertFields, way: Way, alert: Alert) -> dict[str, Any]:
    """What the way asks for, prefilled with what the alert has; short values beside each other, words below."""
    given: dict[str, Any] = {}
    short = [need for need in way.needs if need.type != "text"]
    for start in range(0, len(short), _BESIDE):
        # Row by row: a message below one field must not move its neighbours apart.
        for column, need in zip(st.columns(_BESIDE), short[start : start + _BESIDE], strict=False):
            given[need.field] = fields.given(need, _value(alert, need), where=column)
    for need in way.needs:
        if need.type == "text":
            given[need.field] = fields.given(need, _value(alert, need))
    return given


def _value(alert: Alert, need: Need) -> Any:
    """A limit that has passed is no offer, nor an earlier step's reason; a check ends when the facts are due."""
    if need.field == "check_due_at" and alert.fact_due_at and alert.fact_at is None:
        return alert.fact_due_at if alert.fact_due_at > utc_now() + _SOON else None
    if need.type == "moment" or need.field in ("reason", "evidence"):
        return None
    claimed = {"verified_workers": alert.workers, "verified_fen": alert.amount_fen}
    held = getattr(alert, need.field, None)
    return claimed.get(need.field) if held is None else held


# ── beside the steps ─────────────────────────────────────────────────────────────────────────────────────────────────
def _beside(alert: Alert, revision: int) -> None:
    who = context.actor()
    may: Mapping[str, bool] = {
        "progress": alert.signed_at is not None and who.may(progress.UPDATE, alert.region),
        "leader": alert.leader_told_at is None and who.may(progress.LEADER, alert.region),
        "assign": alert.signed_at is not None and who.may(progress.ASSIGN, alert.region),
        "level": who.may(progress.RAISE, alert.region),
    }
    if may["progress"]:
        with st.expander("登记处置进展", icon=":material/edit_note:"):
            _progress(alert, revision)
    if may["leader"]:
        with st.expander("报告带班领导", icon=":material/campaign:"):
            _leader(alert, revision)
    if may["assign"]:
        with st.expander("转办", icon=":material/forward_to_inbox:"):
            _assign(alert, revision)
    if may["level"]:
        with st.expander("调整级别", icon=":material/swap_vert:"):
            _level(alert, revision)


def _progress(alert: Alert, revision: int) -> None:
    fields = AlertFields(f"alert-progress-{alert.number}-{revision}", (alert.number, revision))
    with st.form(fields.key, border=False):
        words = fields.area("words", "处置进展 *")
        sent = fields.send("登记进展", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: progress.update(
            connection, actor, alert.id, revision, words, settings=context.settings(), now=utc_now()
        )
    ):
        _done(f"{alert.number} 已登记处置进展")


def _leader(alert: Alert, revision: int) -> None:
    fields = AlertFields(f"alert-leader-{alert.number}-{revision}", (alert.number, revision))
    with st.form(fields.key, border=False):
        leader = fields.text("leader", "带班领导 *")
        words = fields.area("words", "领导意见", height=68)
        sent = fields.send("登记报告", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: progress.tell_leader(
            connection, actor, alert.id, revision, leader, words, now=utc_now()
        )
    ):
        _done(f"{alert.number} 已报告带班领导")


def _assign(alert: Alert, revision: int) -> None:
    with context.look() as connection:
        takers = progress.takers(connection, context.actor(), alert.id)
    if not takers:
        st.caption("没有其他可以承办这起警情的账号。")
        return
    fields = AlertFields(f"alert-assign-{alert.number}-{revision}", (alert.number, revision))
    with st.form(fields.key, border=False):
        names = {str(one.id): one.words for one in takers}
        chosen = fields.choice("holder", "转给 *", names, names=names)
        st.caption("转办后列入对方的“我的”；状态和各项时限不变。")
        sent = fields.send("转办", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: progress.assign(
            connection, actor, alert.id, revision, int(chosen or 0), now=utc_now()
        )
    ):
        _done(f"{alert.number} 已转办 {names[chosen].split('（')[0]}")


def _level(alert: Alert, revision: int) -> None:
    fields = AlertFields(f"alert-level-{alert.number}-{revision}", (alert.number, revision))
    with st.form(fields.key, border=False):
        others = [one for one in ALERT_LEVELS if one != alert.level]
        level = fields.choice("level", "调整为 *", others, names={one: level_name(one) for one in others})
        reason = fields.area("reason", "调整理由 *", height=68)
        st.caption("升级后各项时限按新级别缩短；降级须由带班领导办理。")
        sent = fields.send("调整级别", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: progress.set_level(
            connection, actor, alert.id, revision, level, reason, settings=context.settings(), now=utc_now()
        )
    ):
        _done(f"{alert.number} 已调整为 {level_words(level)}")


def _done(words: str) -> None:
    drawer_tabs.acted()
    case_notes.done(words)
