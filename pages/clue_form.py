"""The fields of a clue as a clerk fills them in, for a new one and for a change; who received it first is only new."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import streamlit as st

from monitors.access.restricted import FIELDS
from monitors.access.restricted import Fields as Reporter
from monitors.clock import SHANGHAI, local, utc_now
from monitors.ledger.clue_rows import Clue
from monitors.ledger.clues import ClueDraft
from monitors.ledger.faults import Fault
from monitors.ledger.model import Channel
from pages import context
from pages.ledger_fields import Fields, region_names


def draw(fields: Fields, clue: Clue | None, draft: ClueDraft | None = None) -> dict[str, Any]:
    """Draw them, filled from ``clue``, or a new one's from ``draft``; what was entered, by column."""
    told = clue or draft
    who = context.actor()
    places = region_names(who.scope)
    left, middle, right = st.columns(3)
    region = told.region if told else ""
    if clue is None and not region and not who.region.endswith("00"):
        region = who.region
    found: dict[str, Any] = {
        "region": fields.choice("region", "地区 *", places, region, where=left, names=places),
        "channel": fields.choice("channel", "线索渠道 *", Channel, told.channel if told else "", where=middle),
        "external_no": fields.text("external_no", "来源编号", told.external_no if told else "", where=right),
    }
    found["received_at"] = _received(fields, clue, left, middle)
    if clue is None:
        found["first_receiver"] = fields.text(
            "first_receiver", "首问负责人（登记后不得更改）", who.display, where=right
        )
    else:
        right.text_input("首问负责人（不得更改）", clue.first_receiver, disabled=True, key=f"{fields.key}-receiver")
    firm, site = st.columns(2)
    name = fields.text("employer_name", "反映的单位", told.employer_name if told else "", where=firm, most=120)
    found["employer_name"] = name
    found["project_name"] = fields.text(
        "project_name", "反映的项目", told.project_name if told else "", where=site, most=120
    )
    found["summary"] = fields.area("summary", "线索内容（不写举报人姓名、电话）", told.summary if told else "")
    left, middle, right = st.columns(3)
    found["persons"] = fields.count("persons", "反映人数", told.persons if told else None, where=left)
    found["amount_fen"] = fields.money("amount_fen", "反映金额", told.amount_fen if told else None, where=middle)
    found["due"] = fields.day(
        "due",
        "核处期限",
        clue.due if clue else None,
        where=right,
        hint=None if clue else "不填则从收到之日起按规定天数计算",
    )
    found["unit"] = fields.text("unit", "承办单位", told.unit if told else "", where=left)
    found["person"] = fields.text("person", "承办人", told.person if told else "", where=middle)
    return found


def reporter(fields: Fields) -> Reporter | None:
    """Who complained: kept encrypted, never listed."""
    if not context.may("restricted.write"):
        return None
    with st.expander("举报人信息（加密保存，查看须写明事由并留痕）"):
        left, middle, right = st.columns(3)
        told = Reporter(
            fields.text("reporter", FIELDS["reporter"], where=left),
            fields.text("phone", FIELDS["phone"], where=middle),
            fields.text("identity", FIELDS["identity"], where=right, most=30),
            fields.text("note", FIELDS["note"], most=200),
        )
    return told if told.filled else None


def _received(fields: Fields, clue: Clue | None, left: Any, middle: Any) -> datetime | None:
    key = f"{fields.key}-received_time"
    # Kept from the first look: a default that follows the clock would forget what was typed.
    held = st.session_state.setdefault(f"{fields.key}-since", local(clue.received_at if clue else utc_now()))
    day = fields.day("received_at", "收到日期 *", held.date(), where=left)
    at: time | None = middle.time_input("收到时间 *", held.time().replace(second=0, microsecond=0), key=key, step=60)
    if day is None or at is None:
        return None
    told = datetime.combine(day, at, tzinfo=SHANGHAI)
    # Seconds no widget shows: what was not touched is not changed.
    return clue.received_at if clue and told == local(clue.received_at).replace(second=0, microsecond=0) else told


def dated(fields: Fields, told: dict[str, Any], *, limited: bool = False) -> bool:
    """Whether the days are given; where not, it is said beside them. ``limited``: the clue keeps the limit it has."""
    found = [] if told["received_at"] is not None else [Fault("received_at", "请填写收到日期和时间")]
    if limited and told["due"] is None:
        found.append(Fault("due", "请填写核处期限"))
    if found:
        fields.complain(found)
    return not found
