"""Choosing the employer and the project of a case: looked up by name or code, offered, never taken by itself."""

from __future__ import annotations

import streamlit as st

from monitors.access.scope import EVERYWHERE
from monitors.clock import utc_now
from monitors.ledger import employers, projects, uscc
from monitors.ledger.employers import EmployerDraft
from monitors.ledger.model import EmployerClass
from pages import context
from pages.ledger_fields import Fields, region_names
from pages.people_drawer import plain
from pages.signed import short_region

_NONE = 0  # no project: 非工程


def employer(key: str, label: str = "用人单位名称或统一社会信用代码 *") -> int | None:
    """Ask for the employer; its id once one is chosen."""
    text = st.text_input(label, key=f"{key}-employer-text", max_chars=120, placeholder="输入后按回车查找").strip()
    if not text:
        return None
    with context.look() as connection:
        exact = employers.find(connection, code=text if uscc.valid(uscc.normalise(text)) else "", name=text)
        near = [one for one in employers.near(connection, text) if exact is None or one.employer.id != exact.id]
    offered = {exact.id: f"{exact.name}　{exact.uscc or '无信用代码'}"} if exact else {}
    offered |= {
        one.employer.id: f"{one.employer.name}　{one.employer.uscc or '无信用代码'}（{one.why}）" for one in near
    }
    added = st.session_state.pop(f"{key}-employer-added", None)
    if added in offered:
        st.session_state[f"{key}-employer"] = added
    chosen: int | None = None
    if offered:
        chosen = st.selectbox(
            "选择用人单位 *", list(offered), index=0 if exact else None, format_func=offered.__getitem__,
            key=f"{key}-employer", placeholder="名称相近的已登记单位，请核对后选择",
        )  # fmt: skip
    else:
        st.caption("没有找到同名或相近的用人单位，请登记。")
    if exact is None:
        with st.expander("以上都不是，登记新用人单位", expanded=not offered):
            chosen = _new_employer(key, text) or chosen
    return chosen


def _new_employer(key: str, text: str) -> int | None:
    """Register one; its id in the run that did."""
    code = uscc.normalise(text) if uscc.valid(uscc.normalise(text)) else ""
    fields = Fields(f"{key}-firm", text)
    who = context.actor()
    with st.form(f"{key}-firm", border=False):
        left, right = st.columns(2)
        name = fields.text("name", "企业名称 *", "" if code else text, where=left, most=120)
        number = fields.text("uscc", "统一社会信用代码", code, where=right, most=30)
        kind = fields.choice("class", "企业类别 *", EmployerClass, where=left)
        places = region_names(EVERYWHERE)
        region = fields.choice(
            "region", "注册地 *", places, who.region if who.region in places else "", where=right, names=places
        )
        person = fields.text("legal_rep", "法定代表人", where=left)
        owned = fields.flag("state_owned", "国有企业", where=right)
        sent = fields.send("登记用人单位", kind="secondary")
    draft = EmployerDraft(name, kind, region, number, person, owned)
    made: list[int] = []
    if sent and fields.run(
        lambda connection, actor: made.append(employers.add(connection, actor, draft, now=utc_now()))
    ):
        # No rerun: one that ends before the fields below are drawn would forget what stands in them.
        st.session_state[f"{key}-employer-added"] = made[0]
        st.success(f"已登记并选用“{plain(name)}”。", icon=":material/check_circle:")
        return made[0]
    return None


def project(key: str, now: tuple[int, str] | None = None) -> int | None:
    """Ask for the project; None where there is none. ``now``: id and name of the present one."""
    text = st.text_input(
        "工程项目名称（非工程类不填）",
        key=f"{key}-project-text",
        max_chars=120,
        placeholder="输入后按回车查找已登记项目",
    ).strip()
    offered = {_NONE: "（无工程项目）"} | ({now[0]: now[1]} if now else {})
    if text:
        with context.look() as connection:
            known = projects.listed(connection, context.actor().scope, text=text, limit=30)
        offered |= {
            one.id: f"{one.name}　{short_region(one.region)}　{one.contractor or one.developer}" for one in known
        }
        if len(offered) == 1:
            st.caption("没有这个名称的工程项目，可先在“项目与检查”中登记，再回来修改案件。")
    if len(offered) == 1:
        return None
    first = 1 if now or len(offered) == 2 else 0
    chosen = st.selectbox(
        "选择工程项目", list(offered), index=first, format_func=offered.__getitem__, key=f"{key}-project-{text}"
    )
    return chosen or None
