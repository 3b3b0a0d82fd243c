"""支付 of a case: what the workers have received so far, a further payment, corrections."""

from __future__ import annotations

from dataclasses import fields as fields_of

import streamlit as st

from monitors.clock import local, utc_now
from monitors.ledger import payments
from monitors.ledger.case_file import CaseFile
from monitors.ledger.field_names import yuan
from monitors.ledger.model import CaseState, PaymentSource
from monitors.ledger.payments import Payment, PaymentDraft
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.markup import Html, tag

_NAMES = tuple(field.name for field in fields_of(PaymentDraft))


def panel(found: CaseFile, *, editing: bool) -> None:
    """The tab."""
    case, paid = found.case, found.payments
    st.html(case_notes.facts(_table(paid)))
    if not editing:
        return
    if case.closed or case.verified_on is None or case.state == CaseState.UNFOUNDED:
        st.caption("案件查实后、销账前可以登记支付。")
        return
    with st.expander("登记支付", expanded=not paid, icon=":material/add:"):
        _new(found)
    if paid:
        with st.expander("更正或删除一笔支付"):
            _correct(found)


def _table(paid: tuple[Payment, ...]) -> Html:
    if not paid:
        return tag("p", "还没有支付记录。", class_="muted")
    rows = [
        tag(
            "tr",
            tag("td", one.on, class_="nowrap"),
            tag("td", f"{one.persons}（{one.migrants}）", class_="n"),
            tag("td", f"{one.first_persons}（{one.first_migrants}）", class_="n"),
            tag("td", yuan(one.wage_fen), class_="n"),
            tag("td", yuan(one.compensation_fen) if one.compensation_fen else "—", class_="n"),
            tag("td", one.source),
            tag("td", one.proof),
        )
        for one in paid
    ]
    heads = (
        ("日期", ""),
        ("人数（农民工）", "n"),
        ("首次领到", "n"),
        ("工资", "n"),
        ("赔偿金", "n"),
        ("来源", ""),
        ("凭证", ""),
    )
    return tag("table", tag("tr", *(tag("th", words, class_=style) for words, style in heads)), *rows)


def _draft(fields: Fields, old: Payment | None, *, first: bool) -> PaymentDraft:
    def was(name: str) -> int | None:
        return getattr(old, name) if old else None

    left, middle, right = st.columns(3)
    on = fields.day("on", "支付日期 *", old.on if old else local(utc_now()).date(), where=left)
    source = fields.choice("source", "资金来源 *", PaymentSource, old.source if old else "", where=middle)
    persons = fields.count("persons", "支付人数 *", was("persons"), where=left)
    migrants = fields.count("migrants", "其中农民工 *", was("migrants"), where=middle)
    wage = fields.money("wage_fen", "支付工资 *", was("wage_fen"), where=left)
    wage_migrant = fields.money("wage_migrant_fen", "其中农民工工资 *", was("wage_migrant_fen"), where=middle)
    mark = "" if first else " *"
    hint = "本案件中第一次领到工资的人；此前已领过的不计"
    first_persons = fields.count("first_persons", f"首次领到人数{mark}", was("first_persons"), where=right, hint=hint)
    first_migrants = fields.count("first_migrants", f"首次领到农民工{mark}", was("first_migrants"), where=right)
    extra = fields.money("compensation_fen", "赔偿金", was("compensation_fen"), where=right)
    extra_migrant = fields.money(
        "compensation_migrant_fen", "其中农民工赔偿金", was("compensation_migrant_fen"), where=right
    )
    proof = fields.area("proof", "支付凭证 *", old.proof if old else "", height=68)
    return PaymentDraft(
        on=on, persons=persons, migrants=migrants, wage_fen=wage, wage_migrant_fen=wage_migrant, source=source,
        proof=proof, first_persons=first_persons, first_migrants=first_migrants, compensation_fen=extra or 0,
        compensation_migrant_fen=extra_migrant or 0,
    )  # type: ignore[arg-type]  # fmt: skip


def _new(found: CaseFile) -> None:
    case = found.case
    key = f"pay-{case.number}-{len(found.payments)}"
    fields = Fields(key, case.number)
    with st.form(key, border=False):
        draft = _draft(fields, None, first=not found.payments)
        sent = fields.send("登记支付")
    if sent and fields.run(
        lambda connection, actor: payments.pay(
            connection, actor, case.id, draft, settings=context.settings(), now=utc_now(), confirm=fields.sure
        )
    ):
        case_notes.done("支付已登记")


def _correct(found: CaseFile) -> None:
    names = {one.id: f"{one.on}　{one.persons} 人　{yuan(one.wage_fen)}" for one in found.payments}
    chosen = st.selectbox("哪一笔", list(names), format_func=names.__getitem__, key=f"pay-which-{found.case.number}")
    old = next(one for one in found.payments if one.id == chosen)
    key, about = f"pay-edit-{old.id}-{old.revision}", (old.id, old.revision)
    fields = Fields(key, about)
    with st.form(key, border=False):
        draft = _draft(fields, old, first=False)
        sent = fields.send("保存更正")
    changes = {name: getattr(draft, name) for name in _NAMES}
    if sent and fields.run(
        lambda connection, actor: payments.edit(
            connection, actor, old.id, changes, old.revision,
            settings=context.settings(), now=utc_now(), confirm=fields.sure,
        )
    ):  # fmt: skip
        case_notes.done("支付已更正")
    fields = Fields(f"{key}-remove", about)
    with st.form(f"{key}-remove", border=False):
        reason = fields.text("reason", "删除原因（误登记的才删除，办理过程保留全部内容）", most=200)
        sent = fields.send("删除这一笔", kind="secondary", icon=":material/delete:")
    if sent and fields.run(
        lambda connection, actor: payments.remove(
            connection, actor, old.id, old.revision, reason=reason, settings=context.settings(), now=utc_now()
        )
    ):
        case_notes.done("支付已删除")
