"""The drawer of one hazard (``?hazard=YH2026-000001``): facts, the next legal step, what was done, its case."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import hazards, lead_files, record_rows, transitions
from monitors.ledger.case_drafts import CaseDraft
from monitors.ledger.hazards import AT_WORK, ENDED, SOURCES, Hazard
from monitors.ledger.lead_files import HazardFile
from monitors.ledger.model import Channel, HazardState, Record
from monitors.regions import divisions
from pages import (
    case_notes,
    case_parties,
    context,
    drawer_tabs,
    lead_case,
    presses,
    record_history,
    restricted,
    way_form,
)
from pages.case_notes import facts
from pages.clue import listed
from pages.lead_case import Origin
from pages.lead_tables import hazard_due, untouched
from pages.ledger_fields import Fields, region_names
from pages.markup import Html, tag
from pages.people_drawer import plain
from pages.way_form import Stepping
from pages.wording import money, persons

PARAM = "hazard"
MISSING = "没有这条隐患，或您无权查看。"
CALLED = record_rows.NAMES[Record.HAZARD] | {"number": "隐患编号", "finding": "回头看情况", "note": "跟进情况"}


def show(number: str) -> None:
    """Show the hazard of this number at the right edge."""
    restricted.forget()
    _drawer(number)


def _closed() -> None:
    st.query_params.pop(PARAM, None)
    case_notes.unsee()
    lead_case.forget()
    presses.forget()


@st.dialog("隐患详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: str) -> None:
    try:
        with context.look() as connection:
            who = context.actor()
            found = lead_files.hazard(connection, who, number)
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        st.warning(MISSING, icon="🔍")
        return
    revision = case_notes.looked_at(found.hazard.number, found.hazard.revision, found.history, "本隐患")
    left, right = st.columns([2.35, 1], gap="medium")
    with left:
        st.html(_summary(found.hazard))
        _tabs(found, who, revision)
    with right, st.container(height=640, border=False, key="hazard-history"):
        st.html(record_history.drawn(found.history, found.names, CALLED))


def _tabs(found: HazardFile, who: Actor, revision: int) -> None:
    hazard = found.hazard
    editing = who.may("ledger.edit", hazard.region)
    parts = {"概况": partial(_overview, found)}
    if editing and transitions.allowed(Record.HAZARD, hazard.state, who):
        parts["办理"] = partial(_steps, hazard, who, revision)
    if editing and hazard.state not in ENDED:
        parts["跟进"] = partial(_follow, hazard, revision)
    if editing and hazard.state == HazardState.DEFUSING:
        parts["转案件"] = partial(_case, hazard, revision)
    if editing and hazard.state not in ENDED:
        parts["修改"] = partial(_edit, hazard, revision)
    drawer_tabs.draw(f"hazard-{hazard.number}", parts)


# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────────
def _summary(hazard: Hazard) -> Html:
    settings, today = context.settings(), local(utc_now()).date()
    due, tone = hazard_due(hazard, settings=settings, today=today)
    tags = [tag("span", hazard.state, class_="tag state"), tag("span", due, class_=f"tag {tone}")]
    days = untouched(hazard, today)
    if hazard.state in AT_WORK and days > settings.ledger.stale_hazard_days:
        tags.append(tag("span", f"{days} 天未跟进", class_="tag soon"))
    if hazard.demo:
        tags.append(tag("span", "演示数据", class_="tag"))
    head = tag("h3", f"{hazard.number}　{hazard.employer_name or hazard.project_name}")
    return facts(head, tag("div", *tags, class_="tags"))


def _overview(found: HazardFile) -> None:
    hazard = found.hazard
    link: object = ""
    if found.case_number:
        link = tag("a", found.case_number, href=f"/ledger?case={found.case_number}", target="_self")
    rows: list[tuple[str, object, bool]] = [
        ("用人单位", hazard.employer_name, True),
        ("工程项目", hazard.project_name, True),
        ("隐患来源", hazard.source, False),
        ("地区", divisions.full_name(hazard.region).removeprefix("云南省") or hazard.region, False),
        ("隐患情况", hazard.cause, True),
        ("涉及人数", persons(hazard.persons) if hazard.persons else "", False),
        ("预估金额", money(hazard.amount_fen) if hazard.amount_fen else "", False),
        ("化解方案", hazard.plan, True),
        ("责任单位", hazard.unit, False),
        ("责任人", hazard.person, False),
        ("完成时限", hazard.due or "", False),
        ("最近跟进", stamp(hazard.updated_at), False),
        ("排除依据", hazard.proof, True),
        ("应回头看", hazard.recheck_on or "", False),
        ("转为案件", link, False),
    ]
    st.html(facts(listed(rows)))


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────────────
def _steps(hazard: Hazard, who: Actor, revision: int) -> None:
    held = asdict(hazard) | {"proof": "", "case_id": None}
    record = Stepping(Record.HAZARD, hazard.id, hazard.number, hazard.state, revision, held)
    way_form.choose(record, transitions.allowed(Record.HAZARD, hazard.state, who))


def _follow(hazard: Hazard, revision: int) -> None:
    key = f"hazard-follow-{hazard.number}-{revision}"
    fields = Fields(key, (hazard.number, revision))
    with st.form(key, border=False):
        words = fields.area("note", "跟进情况 *")
        sent = fields.send("登记跟进")
    if sent and fields.run(
        lambda connection, actor: hazards.follow_up(connection, actor, hazard.id, words, revision, now=utc_now())
    ):
        case_notes.done(f"{hazard.number} 已登记跟进")


def _case(hazard: Hazard, revision: int) -> None:
    origin = Origin(
        Record.HAZARD, hazard.id, hazard.number, revision, hazard.employer_id, hazard.employer_name,
        hazard.project_id, hazard.project_name,
    )  # fmt: skip
    draft = CaseDraft(
        employer_id=hazard.employer_id or 0,
        project_id=hazard.project_id,
        region=hazard.region,
        channel=Channel.OPINION if hazard.source == Channel.OPINION else Channel.SCREENING,
        accepted_on=local(utc_now()).date(),
        claimed_workers=0,
        claimed_migrants=0,
        claimed_fen=0,
        first_receiver=context.actor().display[:60],
        summary=hazard.cause,
        plan=hazard.plan,
        unit=hazard.unit,
        person=hazard.person,
        due=hazard.due,
    )
    # A number the hazard does not tell is asked for, not entered as nought.
    untold: dict[str, Any] = {
        "claimed_workers": hazard.persons, "claimed_migrants": None, "claimed_fen": hazard.amount_fen,
    }  # fmt: skip
    lead_case.panel(origin, replace(draft, **untold))


def _edit(hazard: Hazard, revision: int) -> None:
    key = f"hazard-edit-{hazard.number}-{revision}"
    fields = Fields(key, (hazard.number, revision))
    with st.form(key, border=False):
        changes = form(fields, hazard)
        sent = fields.send("保存修改")
    if sent and fields.run(
        lambda connection, actor: hazards.edit(
            connection, actor, hazard.id, changes, revision, now=utc_now(), confirm_figures=fields.sure
        )
    ):
        case_notes.done(f"{hazard.number} 已修改")
    with st.expander("更换用人单位或工程项目"):
        _parties(hazard, revision)


def _parties(hazard: Hazard, revision: int) -> None:
    key = f"hazard-party-{hazard.number}-{revision}"
    st.caption(
        f"现为：{plain(hazard.employer_name) or '（无用人单位）'}　{plain(hazard.project_name) or '（无工程项目）'}。"
    )
    firm = case_parties.employer(key, "用人单位名称或统一社会信用代码（不填则不变）")
    now = (hazard.project_id, hazard.project_name) if hazard.project_id is not None else None
    site = case_parties.project(key, now)
    fields = Fields(key, (hazard.number, revision))
    with st.form(key, border=False):
        sent = fields.send("保存更换", kind="secondary")
    changes = {"employer_id": firm or hazard.employer_id, "project_id": site}
    if sent and fields.run(
        lambda connection, actor: hazards.edit(connection, actor, hazard.id, changes, revision, now=utc_now())
    ):
        case_notes.done(f"{hazard.number} 已更换用人单位或项目")


def form(fields: Fields, hazard: Hazard | None) -> dict[str, Any]:
    """The fields of a hazard without its parties, filled from ``hazard``; what was entered, by column."""
    who = context.actor()
    places = region_names(who.scope)
    left, middle, right = st.columns(3)
    region = hazard.region if hazard else who.region if not who.region.endswith("00") else ""
    found: dict[str, Any] = {
        "region": fields.choice("region", "地区 *", places, region, where=left, names=places),
        "source": fields.choice("source", "隐患来源 *", SOURCES, hazard.source if hazard else "", where=middle),
        "due": fields.day("due", "完成时限", hazard.due if hazard else None, where=right),
        "persons": fields.count("persons", "涉及人数", hazard.persons if hazard else None, where=left),
        "amount_fen": fields.money("amount_fen", "预估金额", hazard.amount_fen if hazard else None, where=middle),
        "unit": fields.text("unit", "责任单位", hazard.unit if hazard else "", where=right),
        "person": fields.text("person", "责任人", hazard.person if hazard else "", where=left),
        "cause": fields.area("cause", "隐患情况 *", hazard.cause if hazard else ""),
        "plan": fields.area("plan", "化解方案", hazard.plan if hazard else ""),
    }
    return found
