"""The drawer of one clue (``?clue=XS2026-000001``): facts, the next legal step, its case, who complained, history."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from functools import partial

import streamlit as st

from monitors.access import restricted as sealed
from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import clues, lead_files, record_rows, transitions
from monitors.ledger.clue_rows import Clue
from monitors.ledger.lead_files import ClueFile
from monitors.ledger.model import ClueState, Conclusion, Record
from monitors.ledger.ways import WAYS
from monitors.regions import divisions
from pages import (
    case_notes,
    clue_form,
    context,
    drawer_tabs,
    lead_case,
    linked_alerts,
    presses,
    record_history,
    restricted,
    way_form,
)
from pages.case_notes import facts
from pages.lead_case import Origin
from pages.lead_tables import clue_due
from pages.ledger_fields import Fields
from pages.markup import Html, tag
from pages.way_form import Stepping
from pages.wording import money, persons

PARAM = "clue"
MISSING = "没有这条线索，或您无权查看。"
CALLED = record_rows.NAMES[Record.CLUE] | {"number": "线索编号", "concluded_at": "结论时间"}


def show(number: str) -> None:
    """Show the clue of this number at the right edge."""
    restricted.forget(number)
    _drawer(number)


def _closed() -> None:
    st.query_params.pop(PARAM, None)
    case_notes.unsee()
    restricted.forget()
    lead_case.forget()
    presses.forget()


@st.dialog("线索详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: str) -> None:
    offered, held = restricted.offered(), None
    try:
        with context.look() as connection:
            who = context.actor()
            found = lead_files.clue(connection, who, number)
            if found is not None and offered:
                held = sealed.summary(connection, who, clues.KIND, str(found.clue.id), found.clue.region)
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        st.warning(MISSING, icon="🔍")
        return
    clue = found.clue
    revision = case_notes.looked_at(clue.number, clue.revision, found.history, "本线索")
    left, right = st.columns([2.35, 1], gap="medium")
    with left:
        st.html(_summary(clue))
        _tabs(found, who, revision, held, offered=offered)
    with right, st.container(height=640, border=False, key="clue-history"):
        st.html(record_history.drawn(found.history, found.names, CALLED))


def _tabs(found: ClueFile, who: Actor, revision: int, held: sealed.Summary | None, *, offered: bool) -> None:
    clue = found.clue
    editing, reviewing = who.may("ledger.edit", clue.region), who.may("ledger.review", clue.region)
    parts = {"概况": partial(_overview, found)}
    if editing or reviewing:
        parts["办理"] = partial(_steps, found, who, revision)
    if editing and clue.state == ClueState.CHECKING:
        parts["转案件"] = partial(_case, found, revision)
    if editing and clue.state != ClueState.DONE:
        parts["修改"] = partial(_edit, clue, revision)
    if offered:
        subject = restricted.Subject(clues.KIND, clue.number, str(clue.id), clue.region, "本线索")
        parts["受限信息"] = partial(restricted.panel, subject, held)
    drawer_tabs.draw(f"clue-{clue.number}", parts)


# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────────
def _summary(clue: Clue) -> Html:
    due, tone = clue_due(clue, settings=context.settings(), today=_today())
    tags = [tag("span", clue.state, class_="tag state"), tag("span", due, class_=f"tag {tone}")]
    tags += [tag("span", words, class_="tag") for words in (clue.conclusion, "演示数据" if clue.demo else "") if words]
    head = tag("h3", f"{clue.number}　{clue.employer_name or clue.channel}")
    return facts(head, tag("div", *tags, class_="tags"))


def _today() -> date:
    return local(utc_now()).date()


def _overview(found: ClueFile) -> None:
    clue = found.clue
    link: object = ""
    if clue.case_number:
        link = tag("a", clue.case_number, href=f"/ledger?case={clue.case_number}", target="_self")
    rows: list[tuple[str, object, bool]] = [
        ("线索渠道", f"{clue.channel} {clue.external_no}".strip(), False),
        ("首问负责人", clue.first_receiver, False),
        ("收到时间", stamp(clue.received_at), False),
        ("地区", divisions.full_name(clue.region).removeprefix("云南省") or clue.region, False),
        ("反映的单位", clue.employer_name, True),
        ("登记单位", found.employer if found.employer != clue.employer_name else "", True),
        ("反映的项目", clue.project_name, True),
        ("反映人数", persons(clue.persons) if clue.persons else "", False),
        ("反映金额", money(clue.amount_fen) if clue.amount_fen else "", False),
        ("线索内容", clue.summary, True),
        ("承办单位", clue.unit, False),
        ("承办人", clue.person, False),
        ("转送单位", clue.target_unit, False),
        ("最迟受理", clue.accept_by(context.settings()), False),
        ("核处期限", clue.due or "", False),
        ("结论", clue.conclusion, False),
        ("结论时间", stamp(clue.concluded_at) if clue.concluded_at else "", False),
        ("反馈日期", clue.feedback_on or "", False),
        ("反馈方式", clue.feedback_how, False),
        ("关联案件", link, False),
    ]
    st.html(facts(listed(rows)))
    if alerts := linked_alerts.drawn(Record.CLUE, clue.id):
        st.html(alerts)


def listed(rows: list[tuple[str, object, bool]]) -> Html:
    """Name, value, whether it takes the whole line; what is empty is left out."""
    shown = [
        tag("div", tag("dt", name), tag("dd", value), class_="wide" if wide else "")
        for name, value, wide in rows
        if value
    ]
    return tag("dl", *shown)


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────────────
def _steps(found: ClueFile, who: Actor, revision: int) -> None:
    clue = found.clue
    reviewing, own = who.may("ledger.review", clue.region), found.handler == who.name
    ways = transitions.allowed(Record.CLUE, clue.state, who)
    open_to = [one for one in Conclusion if one not in transitions.DENYING or (reviewing and not own)]
    if clue.state == ClueState.CHECKING:
        if not ways and reviewing:  # who only reviews may still deny the ground of a complaint
            ways, open_to = WAYS[Record.CLUE][clue.state], [one for one in open_to if one in transitions.DENYING]
        if reviewing and own:
            words = "本线索由您转入核查，结论为“不属实”“虚假讨薪”的须由另一人复核。"
            st.info(words, icon=":material/info:")
        elif not reviewing:
            st.caption("结论为“不属实”“虚假讨薪”的，由核查人以外的审核人员办理。")
    if not ways or (clue.state == ClueState.CHECKING and not open_to):
        st.caption(f"线索现为“{clue.state}”，您没有可办理的下一步。")
        return
    record = Stepping(
        Record.CLUE, clue.id, clue.number, clue.state, revision, asdict(clue) | {"conclusion": ""}, tuple(open_to)
    )
    way_form.choose(record, ways)


def _case(found: ClueFile, revision: int) -> None:
    clue = found.clue
    origin = Origin(
        Record.CLUE, clue.id, clue.number, revision, clue.employer_id, found.employer or clue.employer_name,
        None, clue.project_name,
    )  # fmt: skip
    draft = clues.as_case(clue, employer_id=clue.employer_id or 0, accepted_on=_today())
    # A number the clue does not tell is asked for, not entered as nought.
    untold = {"claimed_workers": clue.persons, "claimed_migrants": None, "claimed_fen": clue.amount_fen}
    lead_case.panel(origin, replace(draft, **untold))


def _edit(clue: Clue, revision: int) -> None:
    key = f"clue-edit-{clue.number}-{revision}"
    fields = Fields(key, (clue.number, revision))
    with st.form(key, border=False):
        changes = clue_form.draw(fields, clue)
        sent = fields.send("保存修改")
    if not sent or not clue_form.dated(fields, changes, limited=clue.due is not None):
        return
    if fields.run(
        lambda connection, actor: clues.edit(
            connection, actor, clue.id, changes, revision, now=utc_now(), confirm_figures=fields.sure
        )
    ):
        case_notes.done(f"{clue.number} 已修改")
