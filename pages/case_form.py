"""The fields of a case as a clerk fills them in, for a new one and for a change."""

from __future__ import annotations

from typing import Any

import streamlit as st

from monitors.clock import local, utc_now
from monitors.ledger.case_drafts import CaseDraft
from monitors.ledger.case_rows import Case
from monitors.ledger.model import LEADERS, TAGS, Channel
from pages import context
from pages.ledger_fields import Fields, region_names


def draw(fields: Fields, case: Case | CaseDraft | None) -> dict[str, Any]:
    """Draw them, filled from ``case`` (or a draft); what was entered, by column, without employer and project."""
    who = context.actor()
    places = region_names(who.scope)
    left, middle, right = st.columns(3)
    found: dict[str, Any] = {}
    region = case.region if case else who.region if not who.region.endswith("00") else ""
    found["region"] = fields.choice("region", "地区 *", places, region, where=left, names=places)
    found["channel"] = fields.choice("channel", "线索渠道 *", Channel, case.channel if case else "", where=middle)
    found["external_no"] = fields.text("external_no", "来源编号", case.external_no if case else "", where=right)
    today = local(utc_now()).date()
    found["accepted_on"] = fields.day("accepted_on", "受理日期 *", case.accepted_on if case else today, where=left)
    found["occurred_on"] = fields.day("occurred_on", "欠薪发生日", case.occurred_on if case else None, where=middle)
    if case is None:
        found["first_receiver"] = fields.text("first_receiver", "首问负责人", who.display, where=right)
    else:
        right.text_input("首问负责人（不得更改）", case.first_receiver, disabled=True, key=f"{fields.key}-receiver")
    found["claimed_workers"] = fields.count(
        "claimed_workers", "诉求人数 *", case.claimed_workers if case else None, where=left
    )
    found["claimed_migrants"] = fields.count(
        "claimed_migrants", "其中农民工 *", case.claimed_migrants if case else None, where=middle
    )
    found["claimed_fen"] = fields.money("claimed_fen", "诉求金额 *", case.claimed_fen if case else None, where=right)
    found["period_from"] = fields.day("period_from", "欠薪时段从", case.period_from if case else None, where=left)
    found["period_to"] = fields.day("period_to", "到", case.period_to if case else None, where=middle)
    found["tags"] = fields.several("tags", "标签", TAGS, case.tags if case else (), where=right)
    found["summary"] = fields.area("summary", "案情摘要（不写举报人姓名、电话）", case.summary if case else "")
    with st.expander("责任与包案", expanded=case is not None):
        found |= _duty(fields, case)
    return found


def _duty(fields: Fields, case: Case | CaseDraft | None) -> dict[str, Any]:
    left, middle, right = st.columns(3)
    found: dict[str, Any] = {
        "unit": fields.text("unit", "责任单位", case.unit if case else "", where=left),
        "person": fields.text("person", "责任人", case.person if case else "", where=middle),
        "due": fields.day("due", "完成时限", case.due if case else None, where=right),
        "lead_unit": fields.text(
            "lead_unit", "牵头部门", case.lead_unit if case else "", where=left, placeholder="不填则按项目和单位建议"
        ),
    }
    helping = "、".join(case.co_units) if case else ""
    told = fields.text("co_units", "协办单位（用顿号隔开）", helping, where=middle, most=400)
    found["co_units"] = tuple(
        one.strip() for one in told.replace("，", "、").replace(",", "、").split("、") if one.strip()
    )
    found["leader"] = fields.text("leader", "包案领导", case.leader if case else "", where=left)
    found["leader_unit"] = fields.choice(
        "leader_unit", "包案领导身份", LEADERS, case.leader_unit if case else "", where=middle, free=True
    )
    found["major"] = fields.flag("major", "重大案件", bool(case and case.major), where=right)
    found["plan"] = fields.area("plan", "化解方案", case.plan if case else "")
    return found


def verified(fields: Fields, case: Case) -> dict[str, Any]:
    """The verified figures, for a correction of what was found."""
    left, middle, right = st.columns(3)
    return {
        "verified_workers": fields.count("verified_workers", "查实人数 *", case.verified_workers, where=left),
        "verified_migrants": fields.count("verified_migrants", "其中农民工 *", case.verified_migrants, where=middle),
        "verified_on": fields.day("verified_on", "查实日期 *", case.verified_on, where=right),
        "verified_fen": fields.money("verified_fen", "查实金额 *", case.verified_fen, where=left),
        "verified_migrant_fen": fields.money(
            "verified_migrant_fen", "其中农民工金额 *", case.verified_migrant_fen, where=middle
        ),
        "prior_period": fields.flag("prior_period", "专项行动开始前的欠薪", case.prior_period, where=right),
    }
