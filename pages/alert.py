"""The drawer of one alert (``?alert=YJ20261123-0001``): limits, what is known, what comes next, and its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import streamlit as st

from monitors.access import restricted as sealed
from monitors.clock import local, stamp, utc_now
from monitors.desk import alert_file, alerts
from monitors.desk.alert_file import AlertFile, Spread
from monitors.errors import InputError, MonitorsError, RefusedError
from monitors.opinion.model import STANCE_NAMES
from pages import (
    alert_links,
    alert_list,
    alert_pack,
    alert_plan,
    alert_response,
    alert_steps,
    case_notes,
    charts,
    context,
    drawer_tabs,
    presses,
    restricted,
    story,
)
from pages.markup import Html, joined, tag
from pages.wording import TONES, level_name, money, persons

MISSING = f"{alerts.MISSING}，或您无权查看。"
_NUMBER_CHARS = 20


def show_chosen() -> None:
    """Show the alert of the page's address at the right edge, if it names one."""
    number = st.query_params.get("alert", "")[:_NUMBER_CHARS]
    if number:
        _drawer(number)
    else:
        restricted.forget()
        case_notes.unsee()


def _closed() -> None:
    st.query_params.pop("alert", None)
    case_notes.unsee()
    restricted.forget()
    presses.forget()


@st.dialog("警情办理", width=1180, position="right", on_dismiss=_closed)
def _drawer(number: str) -> None:
    offered = restricted.offered()
    held = None
    try:
        with context.look() as connection:
            who = context.actor()
            found = alert_file.read(connection, who, number if number.isprintable() else "")
            if offered:
                held = sealed.summary(connection, who, restricted.KIND, str(found.story.id), found.story.region)
    except (RefusedError, InputError):
        st.warning(MISSING, icon="🔍")  # said as if there were none; a refusal is in the trail
        return
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    restricted.forget(found.story.id)
    revision = case_notes.looked_at(found.alert.number, found.alert.revision, found.history, "本警情")
    left, right = st.columns([2.5, 1], gap="medium")
    with left:
        with st.container(gap="xsmall"):
            st.html(_head(found, utc_now()))
            limits, packs = st.columns([4, 1.1], vertical_alignment="center")
            with limits:
                alert_list.show_limits(found.row, now=utc_now())
            with packs:
                alert_pack.buttons(found.alert.number)
        drawer_tabs.draw(f"alert-{found.alert.number}", _tabs(found, revision, held, offered=offered))
    with right, st.container(height=620, border=False, key="alert-history"):
        st.html(_history(found))


def _tabs(
    found: AlertFile, revision: int, held: sealed.Summary | None, *, offered: bool
) -> dict[str, Callable[[], None]]:
    parts: dict[str, Callable[[], None]] = {
        "办理": partial(alert_steps.panel, found, revision),
        f"报道 {found.story.items}": partial(_reports, found),
        f"台账关联 {found.row.linked}": partial(alert_links.panel, found.alert.id),
        "回应": partial(alert_response.panel, found.alert),
        "预案": partial(alert_plan.panel, found.alert),
        "研判依据": partial(story.judged, found.story),
    }
    if offered:
        subject = restricted.Subject(restricted.KIND, found.story.id, str(found.story.id), found.story.region, "本事件")
        parts["受限信息"] = partial(restricted.panel, subject, held)
    return parts


# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────────
def _head(found: AlertFile, now: datetime) -> Html:
    """What the alert is about, in few lines: the next step has to stand in the upper half of a small screen."""
    alert, one = found.alert, found.story
    tags = [
        tag("span", level_name(alert.level), class_=f"tag {TONES.get(alert.level, 'grey')}"),
        tag("span", alert.state, class_="tag state"),
    ]
    more = (one.kind, STANCE_NAMES.get(one.stance), *(words for words, _ in alert_list.marks(found.row)))
    tags += [tag("span", words, class_="tag") for words in more if words]
    tags.append(tag("span", alert.number, class_="number"))
    signed = joined(f"{alert.signed_by} ", _when(alert.signed_at, now)) if alert.signed_at else "未签收"
    rows: list[tuple[str, object, bool]] = [
        ("地点", tag("span", found.row.place_short, title=found.row.place), False),
        ("单位", one.employer or "—", False),
        ("规模", f"{persons(one.workers)}　{money(one.amount_fen)}", False),
        ("首发", joined(f"{one.first_outlet} ", _when(one.first_published_at, now)), False),
        ("传播", f"{one.outlets} 家媒体 {one.items} 篇", False),
        ("发出", _when(alert.opened_at, now), False),
        ("签收", signed, False),
        ("承办", found.row.holder or "—", False),
    ]
    if alert.master_number:
        rows.append(("并入", _to(alert.master_number), False))
    if found.merged:
        links = [part for number in found.merged for part in (_to(number), "　")]
        rows.append(("并入本警情", joined(*links), True))
    parts = (
        joined(tag("dt", name, class_=_wide(wide)), tag("dd", value, class_=_wide(wide))) for name, value, wide in rows
    )
    facts = tag("dl", *parts)
    return tag("div", tag("h3", one.title), tag("div", *tags, class_="tags"), facts, class_="desk-head")


def _wide(wide: bool) -> str:
    return "wide" if wide else ""


def _when(at: datetime, now: datetime) -> Html:
    """A moment without the year, where that is this one."""
    shown = local(at)
    words = f"{shown:%m-%d %H:%M}" if shown.year == local(now).year else stamp(at)
    return tag("span", words, title=stamp(at), class_="when")


def _to(number: str) -> Html:
    return tag("a", number, href=f"?alert={number}", target="_self")


# ── reports ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _reports(found: AlertFile) -> None:
    _spread(found.spread)
    st.html(story.reports_html(found.story))


def _spread(spread: Spread) -> None:
    if len(spread.hours) < 2:
        return
    st.markdown("**传播曲线**（每小时报道数，按发布时间）")
    st.vega_lite_chart(charts.spread(spread.hours, spread.reports), key="alert-spread", width="stretch")
    if spread.later:
        st.caption(f"首发 {len(spread.hours)} 小时之后另有 {spread.later} 篇。")


# ── history ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _history(found: AlertFile) -> Html:
    """Newest first; nothing is ever changed or removed there."""
    steps = [
        tag(
            "li",
            tag("b", event.act),
            tag("span", f"{event.actor}　{stamp(event.at)}", class_="who"),
            tag("ul", *(tag("li", line) for line in event.lines)) if event.lines else "",
        )
        for event in found.history
    ]
    return tag("div", tag("h4", f"办理过程（{len(steps)}）"), tag("ol", *steps), class_="case-history")
