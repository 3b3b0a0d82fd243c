"""登记检查: whom, where, how many people, and the five systems and three source checks; also the drawer of one."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import local, utc_now
from monitors.errors import InputError
from monitors.ledger import events, inspections, project_file
from monitors.ledger.inspections import Inspection, InspectionDraft
from monitors.ledger.model import SOURCE_CHECKS, SYSTEMS, CheckValue, Record
from monitors.ledger.projects import Checked, Project
from monitors.ledger.record_rows import NAMES
from pages import case_notes, case_parties, context, presses, project_filters, project_tables
from pages import record_parts as parts
from pages.case_notes import facts
from pages.ledger_fields import Fields, region_names
from pages.markup import tag

_ASKED = "inspection-new-asked"
_KEY = "new-inspection"
_UNSEEN = "未查"
_OTHER = 0  # somebody else than the main contractor


def ask() -> None:
    """From here on the form stands open."""
    st.session_state[_ASKED] = True


def show_asked() -> bool:
    """Draw the form where it was asked for."""
    if not st.session_state.get(_ASKED):
        return False
    _dialog()
    return True


def _closed() -> None:
    st.session_state.pop(_ASKED, None)
    st.query_params.pop("inspection", None)
    case_notes.unsee()
    presses.forget()


@st.dialog("登记检查", width=980, position="right", on_dismiss=_closed)
def _dialog() -> None:
    with context.explained():
        with context.look():
            context.actor().require("ledger.edit", kind=Record.INSPECTION)
        firm = case_parties.employer(_KEY)
        site = case_parties.project(_KEY)
        if _new(_KEY, firm, site, ""):
            _closed()
            for name in [name for name in st.session_state if str(name).startswith(f"{_KEY}-")]:
                del st.session_state[name]
            case_notes.done("检查已登记，项目的五项制度情况同时更新")


def of_project(found: Project, times: int) -> None:
    """The same form in a project's drawer. ``times``: inspections so far, so that each has a form of its own."""
    key = f"inspect-{found.id}-{times}"
    firm: int | None = found.contractor_id
    if found.contractor_id is not None:
        names = {found.contractor_id: f"{found.contractor}（总包）", _OTHER: "其他单位…"}
        firm = st.selectbox("被检查单位 *", list(names), format_func=names.__getitem__, key=f"{key}-who")
    if not firm:
        firm = case_parties.employer(key)
    if _new(key, firm, found.id, found.region):
        case_notes.done("检查已登记，项目的五项制度情况同时更新")


def _new(key: str, firm: int | None, site: int | None, region: str) -> bool:
    fields, now = Fields(key, key), utc_now()
    with st.form(key, border=True):
        values = _draw(fields, None, region, local(now).date())
        sent = fields.send("登记检查", icon=":material/save:")
    draft = InspectionDraft(employer_id=firm, project_id=site, **values)  # type: ignore[arg-type]
    return sent and fields.run(
        lambda connection, actor: inspections.add(
            connection, actor, draft, today=local(now).date(), now=now, confirm_figures=fields.sure
        )
    )


def _draw(fields: Fields, old: Inspection | None, region: str, today: date) -> dict[str, Any]:
    who = context.actor()
    places = region_names(who.scope)
    home = old.region if old else region or (who.region if who.region in places else "")
    found: dict[str, Any] = {}
    left, middle, right = st.columns(3)
    found["on"] = fields.day("on", "检查日期 *", old.on if old else today, where=left)
    found["region"] = fields.choice("region", "检查地点 *", places, home, where=middle, names=places)
    found["unit"] = fields.text("unit", "检查单位 *", old.unit if old else "", where=right)
    found["workers"] = fields.count("workers", "职工人数 *", old.workers if old else None, where=left)
    found["migrants"] = fields.count("migrants", "其中农民工人数 *", old.migrants if old else None, where=middle)
    found["migrants_with_contract"] = fields.count(
        "migrants_with_contract", "农民工签订劳动合同人数 *", old.migrants_with_contract if old else None, where=right
    )
    held: dict[str, Checked] = {}
    for title, names in (("五项制度", SYSTEMS), ("资金源头三项检查", SOURCE_CHECKS)):
        st.markdown(f"**{title}**（是否落实）")
        for name, column in zip(names, st.columns(len(SYSTEMS)), strict=False):
            now = old.checks[name].value if old and name in old.checks else _UNSEEN
            value = fields.choice(f"check-{name}", name, (_UNSEEN, *CheckValue), now, where=column)
            if value != _UNSEEN:
                held[name] = Checked(value, found["on"])
    found["checks"] = held
    found["note"] = fields.area("note", "检查情况", old.note if old else "", height=80)
    return found


# ── one inspection ───────────────────────────────────────────────────────────────────────────────────────────────────
def show_chosen() -> bool:
    """Show the inspection of the page's address, if it names one."""
    number = st.query_params.get("inspection", "")
    if not number:
        return False
    _drawer(project_filters.whole(number))
    return True


@st.dialog("检查详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: int | None) -> None:
    with context.explained():
        found = None
        with context.look() as connection:
            who = context.actor()
            who.require("ledger.view", kind=Record.INSPECTION, target=str(number))
            if number is not None:
                found = _read(connection, who, number)
            history = project_file.told(connection, events.history(connection, Record.INSPECTION, number or 0))
        if found is None:
            st.warning("没有这次检查，或您无权查看。", icon="🔍")
            return
        revision = case_notes.seen(f"inspection-{found.id}", found.revision)
        left, right = st.columns([2.35, 1], gap="medium")
        with left:
            st.html(facts(tag("h3", f"{found.on}　{found.employer_name}"), _facts(found)))
            if who.may("ledger.edit", found.region):
                with st.expander("修改"):
                    _edit(found, revision)
        with right:
            names = {("employer_id", found.employer_id): found.employer_name}
            names |= {("project_id", found.project_id): found.project_name} if found.project_id else {}
            st.html(parts.history(history, NAMES[Record.INSPECTION], names))


def _read(connection: Connection, who: Actor, number: int) -> Inspection | None:
    try:
        return inspections.get(connection, who.scope, number)
    except InputError:
        return None


def _facts(found: Inspection) -> object:
    site: object = found.project_name
    if found.project_id is not None:
        site = tag("a", found.project_name, href=f"/projects?project={found.project_id}", target="_self")
    firm = tag("a", found.employer_name, href=f"/projects?tab=firms&employer={found.employer_id}", target="_self")
    people = f"{found.workers:,} 人，其中农民工 {found.migrants:,} 人，签订劳动合同 {found.migrants_with_contract:,} 人"
    return parts.listing((
        ("用人单位", firm, True),
        ("工程项目", site, True),
        ("检查地点", parts.place(found.region), False),
        ("检查单位", found.unit, False),
        ("职工人数", people, True),
        ("五项制度", project_tables.duty_words(found.checks, SYSTEMS), True),
        ("三项检查", project_tables.duty_words(found.checks, SOURCE_CHECKS), True),
        ("检查情况", found.note, True),
        ("说明", "演示数据" if found.demo else "", False),
    ))  # fmt: skip


def _edit(found: Inspection, revision: int) -> None:
    key, now = f"inspection-edit-{found.id}-{revision}", utc_now()
    fields = Fields(key, (found.id, revision))
    with st.form(key, border=False):
        changes = _draw(fields, found, found.region, local(now).date())
        sent = fields.send("保存修改")
    if sent and fields.run(
        lambda connection, actor: inspections.edit(
            connection, actor, found.id, changes, revision,
            today=local(now).date(), now=now, confirm_figures=fields.sure,
        )
    ):  # fmt: skip
        case_notes.done("检查已修改")
