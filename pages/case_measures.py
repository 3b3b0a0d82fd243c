"""措施与执行 of a case: the documents registered, a further one, and how they were answered."""

from __future__ import annotations

import streamlit as st

from monitors.clock import local, utc_now
from monitors.ledger import executions, measures
from monitors.ledger.case_file import CaseFile
from monitors.ledger.executions import Execution, ExecutionDraft
from monitors.ledger.field_names import yuan
from monitors.ledger.measures import Measure, MeasureDraft
from monitors.ledger.model import CaseState, ExecutionBasis, MeasureType
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, tag


def panel(found: CaseFile, *, editing: bool) -> None:
    """The tab."""
    st.html(case_notes.facts(_table(found.measures), _enforced(found.executions)))
    if not editing:
        return
    if found.case.state != CaseState.UNFOUNDED:
        with st.expander("登记措施文书", icon=":material/add:"):
            _new(found)
    if found.measures:
        with st.expander("更正文书、登记履行结果"):
            _correct(found)
    with st.expander("登记执行（判决、裁决、申请）", icon=":material/add:"):
        _execution(found, None)
    if found.executions:
        with st.expander("更正执行、登记到位金额"):
            _recovered(found)


def _table(registered: tuple[Measure, ...]) -> Html:
    if not registered:
        return tag("p", "还没有登记措施文书。", class_="muted")
    today = local(utc_now()).date()
    rows = []
    for one in registered:
        late = one.due is not None and one.done_on is None and one.due < today
        rows.append(
            tag(
                "tr",
                tag("td", one.type, class_="nowrap"),
                tag("td", one.doc_no),
                tag("td", one.on, class_="nowrap"),
                tag(
                    "td",
                    f"{one.due}{'　逾期未改' if late else ''}" if one.due else "—",
                    class_="late-words" if late else "",
                ),
                tag("td", one.done_on or "—", class_="nowrap"),
                tag("td", one.result or "—"),
            )
        )
    heads = ("措施", "文书编号", "日期", "限期", "履行日期", "结果")
    return tag("table", tag("tr", *(tag("th", words) for words in heads)), *rows)


def _enforced(known: tuple[Execution, ...]) -> Html | str:
    if not known:
        return ""
    rows = [
        tag(
            "tr",
            tag("td", one.basis),
            tag("td", one.court),
            tag("td", one.on, class_="nowrap"),
            tag("td", yuan(one.amount_fen), class_="n"),
            tag("td", yuan(one.recovered_fen), class_="n"),
            tag("td", one.batch or "—"),
        )
        for one in known
    ]
    heads = ("执行依据", "法院", "日期", "金额", "执行到位", "批次")
    return tag("table", tag("tr", *(tag("th", words) for words in heads)), *rows)


def _draft(fields: Fields, old: Measure | None) -> MeasureDraft:
    left, middle, right = st.columns(3)
    if old is None:
        kind = fields.choice("type", "措施类型 *", MeasureType, where=left)
    else:
        kind = old.type
        left.markdown(f"**{old.type}**")
    doc_no = fields.text("doc_no", "文书编号 *", old.doc_no if old else "", where=middle)
    on = fields.day("on", "文书日期 *", old.on if old else None, where=right)
    due = fields.day("due", "限期", old.due if old else None, where=left, hint="责令改正、责令支付文书必填")
    done_on = fields.day(
        "done_on", "履行日期", old.done_on if old else None, where=middle, hint="移送公安填公安答复日期"
    )
    result = fields.text("result", "结果", old.result if old else "", where=right)
    return MeasureDraft(kind, doc_no, on, due, result, done_on)  # type: ignore[arg-type]


def _new(found: CaseFile) -> None:
    case = found.case
    key = f"measure-{case.number}-{len(found.measures)}"
    fields = Fields(key, case.number)
    with st.form(key, border=False):
        draft = _draft(fields, None)
        sent = fields.send("登记文书")
    if sent and fields.run(
        lambda connection, actor: measures.add(
            connection, actor, case.id, draft, settings=context.settings(), now=utc_now()
        )
    ):
        case_notes.done(f"{draft.type}已登记")


def _correct(found: CaseFile) -> None:
    names = {one.id: f"{one.type}　{one.doc_no}　{one.on}" for one in found.measures}
    chosen = st.selectbox(
        "哪份文书", list(names), format_func=names.__getitem__, key=f"measure-which-{found.case.number}"
    )
    old = next(one for one in found.measures if one.id == chosen)
    key = f"measure-edit-{old.id}-{old.revision}"
    fields = Fields(key, (old.id, old.revision))
    with st.form(key, border=False):
        draft = _draft(fields, old)
        sent = fields.send("保存")
    changes = {name: getattr(draft, name) for name in MeasureDraft.__slots__ if name != "type"}
    if sent and fields.run(
        lambda connection, actor: measures.edit(
            connection, actor, old.id, changes, old.revision, settings=context.settings(), now=utc_now()
        )
    ):
        case_notes.done("文书已更正")


def _recovered(found: CaseFile) -> None:
    names = {one.id: f"{one.court}　{one.on}　{yuan(one.amount_fen)}" for one in found.executions}
    chosen = st.selectbox(
        "哪一项", list(names), format_func=names.__getitem__, key=f"execution-which-{found.case.number}"
    )
    _execution(found, next(one for one in found.executions if one.id == chosen))


def _execution(found: CaseFile, old: Execution | None) -> None:
    case = found.case
    key = f"execution-{old.id}-{old.revision}" if old else f"execution-{case.number}-{len(found.executions)}"
    fields = Fields(key, case.number)
    with st.form(key, border=False):
        left, middle, right = st.columns(3)
        basis = fields.choice("basis", "执行依据 *", ExecutionBasis, old.basis if old else "", where=left)
        court = fields.text("court", "法院 *", old.court if old else "", where=middle)
        on = fields.day("on", "日期 *", old.on if old else None, where=right)
        amount = fields.money("amount_fen", "申请执行金额 *", old.amount_fen if old else None, where=left)
        recovered = fields.money("recovered_fen", "执行到位金额", old.recovered_fen if old else None, where=middle)
        batch = fields.text("batch", "集中执行批次", old.batch if old else "", where=right)
        sent = fields.send("保存" if old else "登记执行")
    values = {
        "basis": basis,
        "court": court,
        "on": on,
        "amount_fen": amount,
        "recovered_fen": recovered or 0,
        "batch": batch,
    }
    settings, now = context.settings(), utc_now()
    if not sent:
        return
    if old is None:
        draft = ExecutionDraft(**values)  # type: ignore[arg-type]
        ready = fields.run(
            lambda connection, actor: executions.add(
                connection, actor, draft, case_id=case.id, settings=settings, now=now
            )
        )
    else:
        ready = fields.run(
            lambda connection, actor: executions.edit(
                connection, actor, old.id, values, old.revision, settings=settings, now=now
            )
        )
    if ready:
        case_notes.done("执行已保存")
