"""The drawer of one case (``?case=AJ2026-000123``): facts, limits, what comes next, and beside it its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import streamlit as st

from monitors.access import restricted as sealed
from monitors.access.actor import Actor
from monitors.clock import local, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import case_file
from monitors.ledger.case_file import CaseFile
from monitors.ledger.case_rows import Case
from monitors.ledger.deadlines import ClockState
from monitors.ledger.model import OVER_CASE, Record
from monitors.ledger.suggestions import OPEN
from monitors.regions import divisions
from pages import (
    case_edit,
    case_marks,
    case_measures,
    case_notes,
    case_payments,
    case_steps,
    context,
    drawer_tabs,
    linked_alerts,
    presses,
    record_history,
    restricted,
)
from pages.case_notes import facts
from pages.ledger_table import TONES
from pages.markup import Html, joined, tag
from pages.wording import money, persons

MISSING = "没有这个案件，或您无权查看。"


def show_chosen() -> None:
    """Show the case of the page's address at the right edge, if it names one."""
    number = st.query_params.get("case", "")
    restricted.forget(number or None)
    if number:
        _drawer(number)
    else:
        case_notes.unsee()


def _closed() -> None:
    st.query_params.pop("case", None)
    case_notes.unsee()
    restricted.forget()
    presses.forget()


@st.dialog("案件详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: str) -> None:
    offered = restricted.offered()
    today = local(utc_now()).date()
    try:
        with context.look() as connection:
            who = context.actor()
            found = case_file.read(connection, who, number, settings=context.settings(), today=today)
            held = None
            if found is not None and offered:
                held = sealed.summary(connection, who, Record.CASE, str(found.case.id), found.case.region)
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        st.warning(MISSING, icon="🔍")
        return
    revision = case_notes.looked_at(found.case.number, found.case.revision, found.history)
    left, right = st.columns([2.35, 1], gap="medium")
    with left:
        st.html(_summary(found, today))
        _tabs(found, who, revision, held if offered else None, offered=offered)
    with right, st.container(height=640, border=False, key="case-history"):
        st.html(record_history.drawn(found.history, found.names))


def _tabs(found: CaseFile, who: Actor, revision: int, held: sealed.Summary | None, *, offered: bool) -> None:
    case, region = found.case, found.case.region
    editing, reviewing = who.may("ledger.edit", region), who.may("ledger.review", region)
    waiting = sum(one.state == OPEN for one in found.suggestions)
    parts = {"概况": partial(_overview, found)}
    if editing or reviewing:
        parts["办理"] = partial(case_steps.panel, found, who, revision)
    parts[f"支付 {len(found.payments)}"] = partial(case_payments.panel, found, editing=editing)
    parts[f"措施 {len(found.measures) + len(found.executions)}"] = partial(case_measures.panel, found, editing=editing)
    parts[f"建议 {waiting}" if waiting else "建议"] = partial(case_marks.proposals, found, reviewing=reviewing)
    if (editing or reviewing) and case.state not in OVER_CASE:
        parts["督办与期限"] = partial(case_marks.panel, found, who, revision)
    if editing and case.state not in OVER_CASE:
        parts["修改"] = partial(case_edit.panel, found, who, revision)
    if offered:
        subject = restricted.Subject(Record.CASE, case.number, str(case.id), region, "本案件")
        parts["受限信息"] = partial(restricted.panel, subject, held)
    drawer_tabs.draw(f"case-{case.number}", parts)


# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────────
def _summary(found: CaseFile, today: date) -> Html:
    case = found.case
    tags = [
        tag("span", case.state, class_="tag state"),
        tag("span", _band_words(found, today), class_=f"tag {TONES.get(found.band, '')}"),
    ]
    marks = (("重大", case.major), ("挂牌", case.listed), ("提级办理", case.escalated), ("边清边欠", case.recurring))
    tags += [tag("span", words, class_="tag") for words, there in (*marks, ("演示数据", case.demo)) if there]
    tags += [tag("span", words, class_="tag") for words in case.tags]
    verified = case.verified_on is not None
    share = "（其中农民工 {}）"
    sides = (
        _side(
            "诉求",
            money(case.claimed_fen),
            persons(case.claimed_workers) + share.format(persons(case.claimed_migrants)),
        ),
        _side(
            f"查实 {case.verified_on}" if verified else "查实",
            money(case.verified_fen),
            persons(case.verified_workers) + share.format(persons(case.verified_migrants)) if verified else "尚未查实",
        ),
        _side(
            "已支付",
            money(case.paid_fen),
            f"{persons(case.paid_workers)}，尚欠 {money(_owing(case))}" if verified else "—",
        ),
    )
    head = tag("h3", f"{case.number}　{case.employer_name}")
    return facts(head, tag("div", *tags, class_="tags"), tag("div", *sides, class_="sides"))


def _owing(case: Case) -> int:
    return max(0, (case.verified_fen or 0) - case.paid_fen)


def _side(name: str, amount: str, people: str) -> Html:
    return tag("div", tag("span", name), tag("b", amount), tag("span", people), class_="side")


def _band_words(found: CaseFile, today: date) -> str:
    deadline = found.case.deadline
    if deadline is None or found.band not in ("逾期", "临期", "在期"):
        return found.band
    left = (deadline - today).days
    return f"逾期 {-left} 天" if left < 0 else f"{found.band} 剩 {left} 天（{deadline}）"


def _overview(found: CaseFile) -> None:
    case = found.case
    firm: list[object] = [f"{case.employer_name}（{case.employer_class}）"]
    if found.of_employer > 1:
        firm += ["　", _others("employer_id", case.employer_id, f"该单位共 {found.of_employer} 件")]
    site: list[object] = [case.project_name or "—"]
    if found.of_project > 1:
        site += ["　", _others("project_id", case.project_id, f"该项目共 {found.of_project} 件")]
    period = f"{case.period_from or '…'} 至 {case.period_to or '…'}" if case.period_from or case.period_to else ""
    rows: list[tuple[str, object, bool]] = [
        ("用人单位", joined(*firm), True),
        ("工程项目", joined(*site), True),
        ("信用代码", case.uscc or "", False),
        ("地区", divisions.full_name(case.region).removeprefix("云南省") or case.region, False),
        ("渠道", f"{case.channel} {case.external_no}".strip(), False),
        ("首问负责人", case.first_receiver, False),
        ("受理日期", case.accepted_on, False),
        ("欠薪发生日", case.occurred_on or "", False),
        ("欠薪时段", period, False),
        ("行动前欠薪", "是" if case.prior_period else "", False),
        ("农民工金额", money(case.verified_migrant_fen) if case.verified_on else "", False),
        ("案情摘要", case.summary, True),
        ("牵头部门", case.lead_unit, False),
        ("协办单位", "、".join(case.co_units), False),
        ("责任单位", case.unit, False),
        ("责任人", case.person, False),
        ("完成时限", case.due or "", False),
        ("包案领导", f"{case.leader}（{case.leader_unit}）" if case.leader else "", False),
        ("化解方案", case.plan, True),
        ("立案日期", case.filed_on or "", False),
        ("撤销立案", case.withdrawn_on or "", False),
        ("销账日期", case.closed_on or "", False),
        ("回头看日期", case.recheck_on or "", False),
        ("法定结案", case.legal_ending, True),
    ]
    shown = [
        tag("div", tag("dt", name), tag("dd", value), class_="wide" if wide else "")
        for name, value, wide in rows
        if value
    ]
    st.html(facts(tag("dl", *shown), tag("h4", "办理期限"), _clocks(found.clocks)))
    if alerts := linked_alerts.drawn(Record.CASE, case.id):
        st.html(alerts)


def _others(field: str, value: object, words: str) -> Html:
    return tag("a", words, href=f"?{field}={value}", target="_self")


def _clocks(clocks: Sequence[ClockState]) -> Html:
    if not clocks:
        return tag("p", "目前没有正在计算的期限。", class_="muted")
    rows = []
    soon = max(context.settings().ledger.due_soon_days)
    for one in clocks:
        if one.left is None:
            left, tone = "暂停计算", ""
        elif one.left < 0:
            left, tone = f"已超 {-one.left} 天", "late-words"
        else:
            left, tone = f"剩 {one.left} 天", "soon-words" if one.left <= soon else ""
        rows.append(
            tag(
                "tr",
                tag("td", one.clock, class_="nowrap"),
                tag("td", one.due or "—", class_="nowrap"),
                tag("td", left, class_=f"nowrap {tone}"),
                tag("td", one.why),
            )
        )
    head = tag("tr", *(tag("th", words) for words in ("期限", "最后一日", "还剩", "依据")))
    return tag("table", head, *rows)
