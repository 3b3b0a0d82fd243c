"""线索与隐患: complaints as they came in, arrears still to be averted, receptions, and what is to be looked at anew."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from monitors.ledger import clues, hazards, marks, receptions
from monitors.ledger.clue_rows import Punctuality
from monitors.ledger.hazards import Defusal
from monitors.ledger.model import VisitKind
from monitors.ledger.statistics_export import percent
from pages import case_notes, clue, context, hazard, lead_filters, lead_new, lead_tables, ledger_table, reception
from pages.lead_filters import CLUES, HAZARDS, LATE, RECEPTIONS, RECHECKS, STALE, UNLINKED, Asked
from pages.ledger_table import Payload
from pages.markup import Html, tag

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "ledger_page.css").read_text(encoding="utf-8")
KEY = "lead"
TABLE = "lead_table"
_AT = "lead-at"  # in the session state: (the question, the page of it that is looked at)
_DRAWERS: dict[str, Callable[[str], None]] = {
    clue.PARAM: clue.show, hazard.PARAM: hazard.show, reception.PARAM: reception.show,
}  # fmt: skip
_PARAM_OF = {CLUES: clue.PARAM, HAZARDS: hazard.PARAM, RECEPTIONS: reception.PARAM}


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=64, show_spinner=False)
def _rates(version: tuple[str, ...], scope: Scope, region: str, today: date) -> tuple[Punctuality, Defusal]:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return (
            clues.punctuality(connection, scope, today=today, region=region),
            hazards.defusal(connection, scope, region=region),
        )


def _page(scope: Scope, asked: Asked, page: int) -> tuple[Payload, bool]:
    """One page of the list asked for, and whether there is anything on it."""
    now, settings = utc_now(), context.settings()
    today, size = local(now).date(), ledger_table.SIZE
    cut = {"limit": size, "offset": (page - 1) * size}
    with context.look() as connection:
        if asked.tab == CLUES:
            wanted = {
                "text": asked.text, "region": asked.region, "channels": asked.channels, "states": asked.states,
                "conclusions": asked.conclusions, "late_on": today if asked.only == LATE else None,
                "settings": settings,
            }  # fmt: skip
            found = clues.listed(connection, scope, **wanted, **cut)
            total = clues.counted(connection, scope, **wanted)
            return lead_tables.clues(found, total, page, settings=settings, today=today), bool(found)
        if asked.tab == HAZARDS:
            wanted = {
                "text": asked.text, "region": asked.region, "states": asked.states,
                "overdue_on": today if asked.only == LATE else None,
                "untouched_since": hazards.stale_before(settings, now) if asked.only == STALE else None,
            }  # fmt: skip
            risks = hazards.listed(connection, scope, **wanted, **cut)
            total = hazards.counted(connection, scope, **wanted)
            return lead_tables.hazards(risks, total, page, settings=settings, today=today), bool(risks)
        wanted = {"region": asked.region, "kinds": asked.kinds, "unlinked": asked.only == UNLINKED}
        visits = receptions.listed(connection, scope, **wanted, **cut)
        total = receptions.counted(connection, scope, **wanted)
        return lead_tables.receptions(visits, total, page), bool(visits)


def _at(asked: Asked) -> int:
    """The page looked at; another question starts at its first."""
    before, page = st.session_state.get(_AT, (None, 1))
    page = page if before == asked.params() else 1
    st.session_state[_AT] = (asked.params(), page)
    return page


def _heard() -> None:
    """The list reports: a row was opened, or the page turned."""
    told, tab = st.session_state[TABLE], Asked.read(st.query_params.to_dict()).tab
    if (number := str(getattr(told, "open", None) or "")) and tab in _PARAM_OF:
        for param in _DRAWERS:
            st.query_params.pop(param, None)
        st.query_params[_PARAM_OF[tab]] = number
    elif page := getattr(told, "page", None):
        before, _ = st.session_state.get(_AT, (None, 1))
        st.session_state[_AT] = (before, max(1, int(page)))


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sums(scope: Scope, asked: Asked) -> Html:
    """How punctual, how much defused, and how many wait for somebody, each leading to its list."""
    now, settings, region = utc_now(), context.settings(), asked.region
    today = local(now).date()
    punctual, defused = _rates(context.versions("clue", "hazard"), scope, region, today)
    with context.look() as connection:
        late = clues.counted(connection, scope, region=region, late_on=today, settings=settings)
        overdue = hazards.counted(connection, scope, region=region, overdue_on=today)
        stale = hazards.counted(
            connection, scope, region=region, untouched_since=hazards.stale_before(settings, now)
        )  # fmt: skip
        loose = receptions.counted(
            connection, scope, region=region, kinds=(str(VisitKind.GROUP),), unlinked=True
        )  # fmt: skip
    whole = defused.removed + defused.running + defused.became_case
    place = Asked(region=region)
    days = settings.ledger.stale_hazard_days
    return tag(
        "div",
        _rate("线索按时核处率", punctual.rate, f"{punctual.in_time:,} ÷ {punctual.due:,}"),
        _rate("隐患化解率", defused.rate, f"{defused.removed:,} ÷ {whole:,}"),
        _waiting("线索逾期", late, replace(place, only=LATE)),
        _waiting("隐患逾期", overdue, replace(place, tab=HAZARDS, only=LATE)),
        _waiting(f"超 {days} 天未跟进", stale, replace(place, tab=HAZARDS, only=STALE)),
        _waiting("群访未关联案件", loose, replace(place, tab=RECEPTIONS, kinds=(str(VisitKind.GROUP),), only=UNLINKED)),
        class_="sums",
    )


def _rate(name: str, rate: Fraction | None, parts: str) -> Html:
    return tag("span", f"{name} ", tag("b", percent(rate)), tag("span", f" {parts}", class_="muted"))


def _waiting(name: str, number: int, asked: Asked) -> Html:
    words = tag("span", f"{name} ", tag("b", f"{number:,} 条"))
    if not number:
        return words
    address = "?" + "&".join(f"{key}={value}" for key, value in asked.params().items())
    return tag("a", words, href=address, target="_self", class_="late", title="查看这些记录")


def _list(scope: Scope) -> None:
    title, button = st.columns([3, 1], vertical_alignment="center")
    title.subheader("线索与隐患", anchor=False)
    sums = st.empty()
    asked = lead_filters.ask(scope, KEY)
    sums.html(_sums(scope, asked))
    if asked.tab == RECHECKS:
        _rechecks(scope, asked)
        return
    with button, st.container(horizontal=True, horizontal_alignment="right"):
        if context.may("ledger.edit") and st.button(
            lead_new.NAMES[asked.tab], type="primary", icon=":material/add:", key="lead-new"
        ):
            lead_new.ask(asked.tab)
    page = _at(asked)
    data, there = _page(scope, asked, page)
    if page > 1 and not there:  # the list has become shorter meanwhile
        st.session_state[_AT] = (asked.params(), 1)
        data, _ = _page(scope, asked, 1)
    ledger_table.show(data, heard=_heard, key=TABLE)


def _rechecks(scope: Scope, asked: Asked) -> None:
    today = local(utc_now()).date()
    with context.look() as connection:
        own = Scope(asked.region) if asked.region and scope.covers(asked.region) else scope
        cases = marks.recheck_due(connection, own, today, limit=lead_tables.MOST)
        risks = hazards.rechecks(connection, scope, today=today, region=asked.region)[: lead_tables.MOST]
    st.caption("已销账的案件和已排除的隐患，到回头看日期后列在这里，时间最久的在前；回头看后闭环，复发的重新办理。")
    st.html(lead_tables.rechecks(cases, risks, today))


def _drawer() -> None:
    for param, show in _DRAWERS.items():
        if number := st.query_params.get(param, ""):
            show(number)
            return
    case_notes.unsee()


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    case_notes.say()
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.view", kind="page", target="clues")
        try:
            _list(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("clues and hazards could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")
            return
        if not lead_new.show_asked():
            _drawer()


main()
