"""整改: what the law proposes, documents about a project's duties, their answers, and hazards to be noted."""

from __future__ import annotations

from datetime import date
from functools import partial
from urllib.parse import quote

import streamlit as st

from monitors.clock import local, utc_now
from monitors.errors import MonitorsError
from monitors.ledger import hazards, rectifications
from monitors.ledger.hazards import HazardDraft
from monitors.ledger.measures import MeasureDraft
from monitors.ledger.model import CHECKS, MeasureType
from monitors.ledger.project_file import ProjectFile
from monitors.ledger.rectifications import TYPES, Rectification
from pages import case_notes, context
from pages import record_parts as parts
from pages.case_notes import facts
from pages.ledger_fields import Fields
from pages.markup import Html, tag
from pages.presses import press, pressed


def panel(found: ProjectFile, *, editing: bool) -> None:
    """The tab."""
    today = local(utc_now()).date()
    for one in found.proposals:
        st.html(_proposal(one.rule, one.why))
    st.html(facts(tag("h4", "整改文书"), documents(found.documents, today)))
    if editing:
        _issue(found, today)
        running = [one for one in found.documents if one.measure.done_on is None]
        if running:
            with st.expander("登记履行结果", icon=":material/task_alt:", expanded=any(o.late(today) for o in running)):
                _answer(found, running, today)
    st.html(facts(tag("h4", "隐患"), _hazards(found)))
    if found.proposed:
        st.html(facts(tag("p", "以下未落实事项还没有列为隐患：", class_="muted")))
        for draft in found.proposed:
            _propose(found, draft, editing=editing)


def _proposal(rule: str, why: tuple[str, ...]) -> Html:
    words = [tag("li", one) for one in why]
    head = tag("p", tag("b", "建议行政处罚"), f"　依据：{rule}")
    note = tag("p", "以上为依法提示，是否处罚由负责人决定；作出决定后在下方登记“行政处罚”文书。")
    return tag("div", head, tag("ul", *words), note, class_="problems", role="note")


def documents(registered: tuple[Rectification, ...], today: date) -> Html:
    """The table of documents."""
    rows = []
    for one in registered:
        held, late = one.measure, one.late(today)
        due = f"{held.due}{'　逾期未改' if late else ''}" if held.due else "—"
        rows.append(
            tag(
                "tr",
                tag("td", held.type, class_="nowrap"),
                tag("td", held.doc_no),
                tag("td", "、".join(one.duties)),
                tag("td", held.on, class_="nowrap"),
                tag("td", due, class_="late-words" if late else ""),
                tag("td", held.done_on or "—", class_="nowrap"),
                tag("td", held.result or "—"),
            )
        )
    heads = ("文书", "文书编号", "改正事项", "日期", "限期", "履行日期", "结果")
    return parts.table(heads, rows, "还没有登记整改文书。")


def _issue(found: ProjectFile, today: date) -> None:
    project = found.project
    waiting = "、".join(found.unordered)
    words = f"登记整改文书（{waiting}未落实，尚未责令改正）" if waiting else "登记整改文书"
    with st.expander(words, icon=":material/gavel:", expanded=bool(waiting)):
        if project.contractor_id is None:
            st.caption("文书登记在施工总承包单位名下，请先在“修改”中登记总承包单位。")
        # A form of its own for each set of duties: one drawn before they were found wanting would offer none of them.
        key = f"order-{project.id}-{len(found.documents)}-{'-'.join(found.unordered)}"
        fields = Fields(key, key)
        with st.form(key, border=False):
            left, middle, right = st.columns(3)
            kind = fields.choice("type", "文书类型 *", TYPES, MeasureType.ORDER, where=left)
            doc_no = fields.text("doc_no", "文书编号 *", where=middle)
            on = fields.day("on", "文书日期 *", today, where=right)
            duties = fields.several("duties", "改正事项 *", CHECKS, found.unordered)
            due = fields.day("due", "限期", where=left, hint="责令改正文书必填；期满次日起为逾期不改")
            sent = fields.send("登记文书")
        draft = MeasureDraft(kind, doc_no, on, due)  # type: ignore[arg-type]
        if sent and fields.run(
            lambda connection, actor: rectifications.issue(
                connection, actor, project.id, duties, draft, settings=context.settings(), now=utc_now()
            )
        ):
            case_notes.done(f"{draft.type}文书已登记")


def _answer(found: ProjectFile, running: list[Rectification], today: date) -> None:
    project = found.project
    names = {one.measure.id: f"{one.measure.type}　{one.measure.doc_no}　{'、'.join(one.duties)}" for one in running}
    chosen = st.selectbox("哪份文书", list(names), format_func=names.__getitem__, key=f"order-which-{project.id}")
    one = next(one for one in running if one.measure.id == chosen)
    key = f"order-done-{one.measure.id}-{one.measure.revision}"
    fields = Fields(key, (one.measure.id, one.measure.revision))
    with st.form(key, border=False):
        left, right = st.columns(2)
        done_on = fields.day("done_on", "履行日期 *", today, where=left)
        result = fields.text("result", "结果", where=right)
        ordered = one.measure.type != MeasureType.PENALTY
        mended = fields.flag("mended", "经复查已落实，同时把改正事项记为“是”", ordered)
        sent = fields.send("登记履行", kind="secondary")
    if sent and fields.run(
        lambda connection, actor: rectifications.answered(
            connection, actor, one.measure.id, done_on, one.measure.revision,
            project_id=project.id, result=result, mended=mended, settings=context.settings(), now=utc_now(),
        )
    ):  # fmt: skip
        case_notes.done("履行结果已登记")


def _hazards(found: ProjectFile) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", tag("a", one.number, href=f"/clues?hazard={quote(one.number)}", target="_self"), class_="nowrap"),
            tag("td", one.source),
            tag("td", one.state, class_="nowrap"),
            tag("td", "　".join(word for word in (one.unit, one.person) if word) or "—"),
            tag("td", one.due or "—", class_="nowrap"),
        )
        for one in found.hazards
    ]
    return parts.table(("隐患", "来源", "状态", "责任单位、责任人", "完成时限"), rows, "没有登记隐患。")


def _propose(found: ProjectFile, draft: HazardDraft, *, editing: bool) -> None:
    left, right = st.columns([5, 1.3], vertical_alignment="center")
    left.markdown(f"**{draft.source}**　{'、'.join(_seen(found, draft.source))}")
    name = f"hazard-{found.project.id}-{draft.source}"
    if not editing:
        return
    right.button("列为隐患", key=name, on_click=partial(press, name, found.project.id), width="stretch")
    if pressed(name, found.project.id):
        try:
            with context.act() as connection:
                hazards.add(connection, context.actor(), draft, now=utc_now())
        except MonitorsError as error:
            st.error(f"{str(error).rstrip('。')}。")
            return
        case_notes.done(f"{draft.source}已列为隐患，请在“线索与隐患”中填写化解方案、责任人和时限")


def _seen(found: ProjectFile, source: str) -> tuple[str, ...]:
    duty = source.removesuffix(hazards.UNMET)
    held = found.project.checks.get(duty)
    return (f"{held.on} 检查发现",) if held else ()
