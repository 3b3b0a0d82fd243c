"""The drawer of one employer (``/projects?tab=firms&employer=7``): facts, projects, inspections, cases, history."""

from __future__ import annotations

import streamlit as st

from monitors.access.scope import EVERYWHERE
from monitors.clock import local, utc_now
from monitors.ledger import employer_file, employers
from monitors.ledger.employer_file import EmployerFile
from monitors.ledger.employers import Employer
from monitors.ledger.model import CREDITS, EmployerClass, Record
from monitors.ledger.record_rows import NAMES
from pages import case_notes, context, presses, project_filters
from pages import record_parts as parts
from pages.case_notes import facts
from pages.ledger_fields import Fields, region_names
from pages.markup import tag


def show_chosen() -> bool:
    """Show the employer of the page's address at the right edge, if it names one."""
    number = st.query_params.get("employer", "")
    if not number:
        return False
    _drawer(project_filters.whole(number))
    return True


def _closed() -> None:
    st.query_params.pop("employer", None)
    case_notes.unsee()
    presses.forget()


@st.dialog("用人单位详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: int | None) -> None:
    with context.explained():
        found, today = None, local(utc_now()).date()
        with context.look() as connection:
            who = context.actor()
            if number is not None:
                found = employer_file.read(connection, who, number, settings=context.settings(), today=today)
        if found is None:
            st.warning("没有这个用人单位。", icon="🔍")
            return
        revision = case_notes.seen(f"employer-{number}", found.employer.revision)
        left, right = st.columns([2.35, 1], gap="medium")
        with left:
            _overview(found)
            if who.may("ledger.edit", found.employer.region):
                with st.expander("修改", icon=":material/edit:"):
                    _edit(found.employer, revision)
            elif who.may("ledger.edit"):
                st.caption("该单位注册地不在您的辖区，需要更正请告知省级或注册地经办人员。")
        with right:
            st.html(parts.history(found.history, NAMES[Record.EMPLOYER]))


def _overview(found: EmployerFile) -> None:
    firm = found.employer
    rows = (
        ("信用代码", firm.uscc or "未登记", False),
        ("企业类别", firm.employer_class, False),
        ("注册地", parts.place(firm.region), False),
        ("法定代表人", firm.legal_rep, False),
        ("国有企业", "是" if firm.state_owned else "否", False),
        ("信用等级", firm.credit, False),
        ("经营状况", firm.operating_status, False),
        ("说明", "演示数据" if firm.demo else "", False),
    )
    built = [
        tag(
            "tr",
            tag("td", tag("a", name, href=f"/projects?project={number}", target="_self")),
            tag("td", parts.place(region)),
            tag("td", status, class_="nowrap"),
        )
        for number, name, region, status in found.projects
    ]
    st.html(
        facts(
            tag("h3", firm.name),
            parts.listing(rows),
            tag("h4", "总承包的工程项目"),
            parts.table(("项目", "所在地", "状态"), built, "没有辖区内的工程项目。"),
            tag("h4", "检查记录"),
            parts.visits(found.inspections, of_project=False),
            parts.cases(found.cases, "employer_id", firm.id),
        )
    )


def _edit(firm: Employer, revision: int) -> None:
    key = f"employer-edit-{firm.id}-{revision}"
    fields, places = Fields(key, (firm.id, revision)), region_names(EVERYWHERE)
    with st.form(key, border=False):
        left, right = st.columns(2)
        changes = {
            "name": fields.text("name", "企业名称 *", firm.name, where=left, most=120),
            "uscc": fields.text("uscc", "统一社会信用代码", firm.uscc, where=right, most=30),
            "employer_class": fields.choice("class", "企业类别 *", EmployerClass, firm.employer_class, where=left),
            "region": fields.choice("region", "注册地 *", places, firm.region, where=right, names=places),
            "legal_rep": fields.text("legal_rep", "法定代表人", firm.legal_rep, where=left),
            "credit": fields.choice("credit", "信用等级", CREDITS, firm.credit, where=right, free=True),
            "operating_status": fields.text("operating_status", "经营状况", firm.operating_status, where=left, most=20),
            "state_owned": fields.flag("state_owned", "国有企业", firm.state_owned, where=right),
        }
        sent = fields.send("保存修改")
    if sent and fields.run(
        lambda connection, actor: employers.edit(connection, actor, firm.id, changes, revision, now=utc_now())
    ):
        case_notes.done(f"“{changes['name']}”已修改")
