"""The drawer of one project (``/projects?project=12``): facts, duties, inspections, rectification, cases, history."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.errors import RefusedError
from monitors.ledger import project_file
from monitors.ledger.model import CHECKS, CheckValue, Record
from monitors.ledger.project_file import ProjectFile
from monitors.ledger.projects import Project
from monitors.ledger.record_rows import NAMES
from pages import (
    case_notes,
    context,
    drawer_tabs,
    inspection_form,
    presses,
    project_filters,
    project_form,
    project_orders,
    project_tables,
)
from pages import record_parts as parts
from pages.case_notes import facts
from pages.markup import Html, tag
from pages.people_drawer import plain
from pages.wording import money

MISSING = "没有这个工程项目，或您无权查看。"


def show_chosen() -> bool:
    """Show the project of the page's address at the right edge, if it names one."""
    number = st.query_params.get("project", "")
    if not number:
        return False
    _drawer(project_filters.whole(number))
    return True


def _closed() -> None:
    st.query_params.pop("project", None)
    case_notes.unsee()
    presses.forget()


@st.dialog("项目详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: int | None) -> None:
    with context.explained():
        found, today = None, local(utc_now()).date()
        try:
            with context.look() as connection:
                who = context.actor()
                if number is not None:
                    found = project_file.read(connection, who, number, settings=context.settings(), today=today)
        except RefusedError:
            found = None  # said as if there were none; the refusal is in the trail
        if found is None:
            st.warning(MISSING, icon="🔍")
            return
        revision = _looked_at(found)
        left, right = st.columns([2.35, 1], gap="medium")
        with left:
            st.html(_summary(found.project))
            _tabs(found, who, revision)
        with right, st.container(height=640, border=False, key="project-history"):
            st.html(parts.history(found.history, NAMES[Record.PROJECT]))


def _looked_at(found: ProjectFile) -> int:
    """The revision this person's forms rest on; where somebody else changed the project since, say so."""
    project = found.project
    seen = case_notes.seen(f"project-{project.id}", project.revision)
    if seen != project.revision:
        last = next(iter(found.history), None)
        who = f"{last.actor}于 {stamp(last.at)} 已修改（{last.act}）" if last else "他人已修改"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                f"本项目{plain(who)}，请刷新后再办理；未保存的填写内容须重新填写。", icon=":material/sync_problem:"
            )
            if st.button("刷新", key="project-refresh", icon=":material/refresh:"):
                case_notes.unsee()
                st.rerun()
    return seen


def _tabs(found: ProjectFile, who: Actor, revision: int) -> None:
    project = found.project
    editing = who.may("ledger.edit", project.region)
    panels: dict[str, Callable[[], None]] = {
        "概况": partial(_overview, found),
        "检查": partial(_visits, found, editing=editing),
        "整改": partial(project_orders.panel, found, editing=editing),
    }
    if editing:
        panels["修改"] = partial(project_form.edit, project, revision)
    drawer_tabs.draw(f"project-{project.id}", panels)


def _summary(project: Project) -> Html:
    natures = ((project.gov, "政府投资"), (project.ppp, "PPP"), (project.soe, "国企"), (project.demo, "演示数据"))
    tags = [tag("span", project.status, class_="tag state")]
    tags += [tag("span", words, class_="tag") for there, words in natures if there]
    if project.unmet:
        tags.append(tag("span", f"{len(project.unmet)} 项未落实", class_="tag late"))
    elif not project.checks:
        tags.append(tag("span", "未排查", class_="tag soon"))
    return facts(tag("h3", project.name), tag("div", *tags, class_="tags"))


def _overview(found: ProjectFile) -> None:
    project = found.project
    builder: object = ""
    if project.contractor_id is not None:
        builder = tag(
            "a", project.contractor, href=f"/projects?tab=firms&employer={project.contractor_id}", target="_self"
        )
    rows = (
        ("项目所在地", parts.place(project.region), False),
        ("行业类别", project.industry, False),
        ("建设单位", project.developer, True),
        ("总承包单位", builder, True),
        ("分包单位", "、".join(project.subcontractors), True),
        ("工资保证金", _bond(project), True),
    )
    st.html(
        facts(
            parts.listing(rows),
            tag("h4", "五项制度与资金源头三项检查"),
            _duties(found),
            parts.cases(found.cases, "project_id", project.id),
        )
    )


def _bond(project: Project) -> str:
    bond = project.bond
    if bond is None:
        return "未登记"
    until = f"，{bond.expiry} 到期" if bond.expiry else ""
    return f"{bond.kind} {money(bond.amount_fen)} {bond.bank}{until}"


def _duties(found: ProjectFile) -> Html:
    held, today = found.project.checks, local(utc_now()).date()
    rows = []
    for name in CHECKS:
        one = held.get(name)
        value = CheckValue(one.value) if one else None
        words = f"{project_tables.MARKS[value]} {project_tables.WORDS[value]}" if value else "○ 未检查"
        orders = [each for each in found.documents if name in each.duties and each.measure.done_on is None]
        told = "；".join(
            f"{each.measure.type} {each.measure.doc_no}{'　逾期未改' if each.late(today) else ''}" for each in orders
        )
        wanting = value is CheckValue.NO
        rows.append(
            tag(
                "tr",
                tag("td", name, class_="nowrap"),
                tag("td", words, class_="nowrap late-words" if wanting else "nowrap"),
                tag("td", one.on if one else "—", class_="nowrap"),
                tag("td", told or ("尚未责令改正" if wanting else "—")),
            )
        )
    return parts.table(("事项", "检查结果", "检查日期", "整改"), rows, "")


def _visits(found: ProjectFile, *, editing: bool) -> None:
    st.html(facts(parts.visits(found.inspections, of_project=True)))
    if editing:
        times = len(found.inspections)
        with st.expander("登记检查", icon=":material/fact_check:", expanded=not times):
            inspection_form.of_project(found.project, times)
