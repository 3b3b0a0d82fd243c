"""督办与期限 of a case: 包案, 挂牌, 提级, legal endings, pausing and extending limits; what the law proposes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.ledger import clock_changes, marks, suggestions
from monitors.ledger.case_file import CaseFile
from monitors.ledger.case_rows import Case
from monitors.ledger.clock_changes import EXTEND, PAUSE, RESUME
from monitors.ledger.deadlines import LIMITS
from monitors.ledger.faults import Fault
from monitors.ledger.model import LEADERS, Clock
from monitors.ledger.suggestions import OPEN, Suggestion
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, tag


def panel(found: CaseFile, who: Actor, revision: int) -> None:
    """The tab. What somebody may not do is not there."""
    case = found.case
    reviewing, above = who.may("ledger.review", case.region), who.region.endswith("00")
    if case.escalated and not above:
        st.info("本案件已提级办理，县级为协办单位，由州（市）办理督办与期限。", icon=":material/info:")
        return
    parts: dict[str, Callable[[], None]] = {}
    if who.may("ledger.edit", case.region):
        parts["领导包案"] = partial(_lead, case, revision)
    if reviewing:
        parts["摘牌" if case.listed else "挂牌办理"] = partial(_list, case, revision)
    if reviewing and above:
        parts["交回属地" if case.escalated else "提级办理"] = partial(_escalate, case, revision)
    if reviewing and case.verified_on is not None:
        parts["法定结案"] = partial(_ending, case, revision)
    if who.may("ledger.edit", case.region):
        parts["期限变更"] = partial(_clock, found)
    chosen = st.segmented_control(
        "督办与期限", list(parts), key=f"mark-{case.number}-{revision}", label_visibility="collapsed",
        default=next(iter(parts), None),
    )  # fmt: skip
    if chosen in parts:
        parts[chosen]()
    if found.changes:
        st.html(case_notes.facts(tag("h4", "已有的期限变更"), _changes(found)))


def _lead(case: Case, revision: int) -> None:
    key = f"lead-{case.number}-{revision}"
    fields = Fields(key, (case.number, revision))
    with st.form(key, border=False):
        left, right = st.columns(2)
        leader = fields.text("leader", "包案领导", case.leader, where=left)
        unit = fields.choice("leader_unit", "包案领导身份", LEADERS, case.leader_unit, where=right, free=True)
        major = fields.flag("major", "重大案件（达到人数或金额标准的自动认定，不能取消）", case.major)
        sent = fields.send("保存包案")
    if sent and fields.run(
        lambda connection, actor: marks.lead(
            connection, actor, case.id, revision, leader=leader, leader_unit=unit, major=major,
            settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        case_notes.done("包案领导已保存")


def _list(case: Case, revision: int) -> None:
    key, act = f"list-{case.number}-{revision}", marks.take_off_list if case.listed else marks.put_on_list
    name = "摘牌" if case.listed else "挂牌办理"
    fields = Fields(key, (case.number, revision))
    with st.form(key, border=False):
        if not case.listed:
            st.caption("挂牌办理须先指定包案领导。")
        reason = fields.area("reason", "原因 *")
        sent = fields.send(name)
    if sent and fields.run(
        lambda connection, actor: act(connection, actor, case.id, revision, reason=reason, now=utc_now())
    ):
        case_notes.done(f"{case.number} 已{name}")


def _escalate(case: Case, revision: int) -> None:
    key, name = f"escalate-{case.number}-{revision}", "交回属地办理" if case.escalated else "提级办理"
    fields = Fields(key, (case.number, revision))
    with st.form(key, border=False):
        if not case.escalated:
            st.caption("提级后由州（市）为责任单位，县级改为协办，不再变更状态。")
        left, right = st.columns(2)
        unit = fields.text("unit", "责任单位 *", where=left)
        person = fields.text("person", "责任人 *", where=right)
        reason = fields.area("reason", "原因 *")
        sent = fields.send(name)
    told = {"unit": unit, "person": person, "reason": reason, "now": utc_now()}
    if case.escalated:
        act = partial(marks.hand_back, **told)  # type: ignore[arg-type]
    else:
        act = partial(marks.escalate, settings=context.settings(), **told)  # type: ignore[arg-type]
    if sent and fields.run(lambda connection, actor: act(connection, actor, case.id, revision)):
        case_notes.done(f"{case.number} 已{name}")


def _ending(case: Case, revision: int) -> None:
    key = f"ending-{case.number}-{revision}"
    fields = Fields(key, (case.number, revision))
    with st.form(key, border=False):
        st.caption("未足额支付而依法以其他方式结案的，经复核人批准后方可提请销账。")
        ending = fields.choice("ending", "法定结案情形 *", marks.LEGAL_ENDINGS)
        words = fields.area("words", "批准依据 *")
        sent = fields.send("批准")
    if sent and fields.run(
        lambda connection, actor: marks.approve_ending(
            connection, actor, case.id, revision, ending=ending, words=words,
            settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        case_notes.done("法定结案情形已批准")


def _clock(found: CaseFile) -> None:
    case = found.case
    running = [one.clock for one in found.clocks if LIMITS[one.clock].pausable or LIMITS[one.clock].most_extension]
    if not running:
        st.caption("目前没有可以暂停或延长的期限。")
        return
    key = f"clock-{case.number}-{len(found.changes)}"
    fields = Fields(key, case.number)
    with st.form(key, border=False):
        left, middle, right = st.columns(3)
        clock = fields.choice("clock", "期限 *", running, str(running[0]), where=left)
        kind = fields.choice("kind", "变更 *", (EXTEND, PAUSE, RESUME), EXTEND, where=middle)
        days = fields.count("days", "延长天数", where=right, hint="仅延长时填写；监察办案以工作日计")
        on = fields.day("on", "自哪一日起 *", local(utc_now()).date(), where=left)
        approver = fields.text("approver", "批准人 *", where=middle)
        reason = fields.area("reason", "原因 *", height=68)
        sent = fields.send("保存期限变更")
    if sent and fields.run(
        lambda connection, actor: clock_changes.change(
            connection, actor, case.id, Clock(clock), kind, on=on, reason=reason, approver=approver, days=days,  # type: ignore[arg-type]
            settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        case_notes.done(f"“{clock}”期限已{kind}")


def _changes(found: CaseFile) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", one.on, class_="nowrap"),
            tag("td", f"{one.clock}{one.kind}{f' {one.days} {LIMITS[Clock(one.clock)].unit}' if one.days else ''}"),
            tag("td", one.approver),
            tag("td", one.reason),
        )
        for one in found.changes
    ]
    return tag("table", tag("tr", *(tag("th", words) for words in ("日期", "变更", "批准人", "原因"))), *rows)


# ── what the law's thresholds suggest ────────────────────────────────────────────────────────────────────────────────
def proposals(found: CaseFile, *, reviewing: bool) -> None:
    """The tab 建议: rule and facts of each proposal; a reviewer adopts or declines it with a reason."""
    if not found.suggestions:
        st.caption("按现有记录，没有达到法定标准的处置建议。")
        return
    st.caption("系统只按法定标准提示，是否处置由复核人决定；采纳后请登记相应文书。")
    for one in found.suggestions:
        with st.container(border=True):
            st.html(case_notes.facts(*_told(one)))
            if one.state == OPEN and reviewing:
                _decide(one)


def _told(one: Suggestion) -> list[object]:
    told: list[object] = [
        tag("b", f"{one.kind}（{one.state}）"),
        tag("p", one.why),
        tag("p", f"依据：{one.rule}", class_="muted"),
    ]
    if one.state != OPEN:
        told.append(tag("p", f"{one.decided_by} {stamp(one.decided_at)}：{one.reason}", class_="muted"))
    return told


def _decide(one: Suggestion) -> None:
    key = f"proposal-{one.id}"
    fields = Fields(key, one.id)
    with st.form(key, border=False):
        left, right = st.columns([1, 2.4], vertical_alignment="bottom")
        answer = fields.choice("answer", "决定 *", (suggestions.ADOPTED, suggestions.DECLINED), where=left)
        reason = fields.text("reason", "理由 *", where=right, most=200)
        sent = fields.send("保存决定", kind="secondary")
    if not sent:
        return
    if not answer:
        fields.complain([Fault("answer", "请选择采纳或不采纳")])
        return
    if fields.run(
        lambda connection, actor: suggestions.decide(
            connection, actor, one.id, answer == suggestions.ADOPTED, reason=reason,
            settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        case_notes.done(f"处置建议“{one.kind}”：{answer}")
