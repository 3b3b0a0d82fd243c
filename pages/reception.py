"""The drawer of one reception (``?reception=17``): who came, who received them, which case it is about."""

from __future__ import annotations

from typing import Any

import streamlit as st

from monitors.clock import local, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import lead_files, receptions, record_rows
from monitors.ledger.model import Record, VisitKind
from monitors.ledger.receptions import Reception
from monitors.regions import divisions
from pages import case_notes, context, presses, record_history, restricted, way_form
from pages.case_notes import facts
from pages.clue import listed
from pages.ledger_fields import Fields, region_names
from pages.markup import tag
from pages.wording import persons

PARAM = "reception"
MISSING = "没有这条接访记录，或您无权查看。"
CALLED = record_rows.NAMES[Record.RECEPTION]
_NAMES_CHARS = 400


def show(number: str) -> None:
    """Show the reception of this id at the right edge."""
    restricted.forget()
    _drawer(number)


def _closed() -> None:
    st.query_params.pop(PARAM, None)
    case_notes.unsee()
    presses.forget()


@st.dialog("接访详情", width=1120, position="right", on_dismiss=_closed)
def _drawer(number: str) -> None:
    try:
        with context.look() as connection:
            who = context.actor()
            found = lead_files.reception(connection, who, number)
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        st.warning(MISSING, icon="🔍")
        return
    held = found.reception
    revision = case_notes.looked_at(f"reception-{held.id}", held.revision, found.history, "本接访记录")
    left, right = st.columns([2.35, 1], gap="medium")
    with left:
        _overview(held)
        if who.may("ledger.edit", held.region):
            _edit(held, revision)
    with right, st.container(height=640, border=False, key="reception-history"):
        st.html(record_history.drawn(found.history, found.names, CALLED))


def _overview(held: Reception) -> None:
    link: object = "未关联案件"
    if held.case_number:
        link = tag("a", held.case_number, href=f"/ledger?case={held.case_number}", target="_self")
    spoke = f"（代表 {held.representatives} 人）" if held.representatives else ""
    rows: list[tuple[str, object, bool]] = [
        ("地区", divisions.full_name(held.region).removeprefix("云南省") or held.region, False),
        ("来访人数", persons(held.persons) + spoke, False),
        ("参加单位", "、".join(held.units), True),
        ("接访人员", "、".join(held.staff), True),
        ("接访情况", held.note, True),
        ("关联案件", link, True),
    ]
    st.html(facts(tag("h3", f"{held.on}　{held.kind}{'（演示数据）' if held.demo else ''}"), listed(rows)))


def _edit(held: Reception, revision: int) -> None:
    key = f"reception-edit-{held.id}-{revision}"
    fields = Fields(key, (held.id, revision))
    with st.expander("修改、关联案件", expanded=not held.case_number), st.form(key, border=False):
        changes = form(fields, held)
        sent = fields.send("保存修改")
    now = utc_now()
    if sent and fields.run(
        lambda connection, actor: receptions.edit(
            connection, actor, held.id, changes, revision, today=local(now).date(), now=now
        )
    ):
        case_notes.done("接访记录已修改")


def form(fields: Fields, held: Reception | None) -> dict[str, Any]:
    """The fields of a reception, filled from ``held``; what was entered, by column."""
    who = context.actor()
    places = region_names(who.scope)
    left, middle, right = st.columns(3)
    region = held.region if held else who.region if not who.region.endswith("00") else ""
    today = local(utc_now()).date()
    found: dict[str, Any] = {
        "on": fields.day("on", "接访日期 *", held.on if held else today, where=left),
        "kind": fields.choice("kind", "来访类型 *", VisitKind, held.kind if held else "", where=middle),
        "region": fields.choice("region", "地区 *", places, region, where=right, names=places),
        "persons": fields.count("persons", "来访人数 *", held.persons if held else None, where=left),
        "representatives": fields.count(
            "representatives", "代表人数", held.representatives if held else 0, where=middle, hint="集体来访不超过 5 人"
        )
        or 0,
        "case_id": way_form.case_of(
            fields.text(
                "case_id", "关联案件", held.case_number if held else "", where=right, placeholder="案件编号，可稍后补填"
            )
        ),
    }
    one, other = st.columns(2)
    found["units"] = _parts(
        fields.text(
            "units", "参加单位 *（用顿号隔开）", "、".join(held.units) if held else "", where=one, most=_NAMES_CHARS
        )
    )
    found["staff"] = _parts(
        fields.text(
            "staff", "接访人员 *（用顿号隔开）", "、".join(held.staff) if held else "", where=other, most=_NAMES_CHARS
        )
    )
    found["note"] = fields.area("note", "接访情况（不写来访人姓名、电话）", held.note if held else "")
    return found


def _parts(words: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in words.replace("，", "、").replace(",", "、").split("、") if one.strip())
