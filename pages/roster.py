"""值班与交接: who is on duty, the weeks ahead, handing over, and what was handed over before (R24)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.desk import handover
from monitors.notify import roster
from monitors.notify.roster import Gap, Shift
from monitors.regions import divisions
from pages import case_notes, context, roster_form, roster_handover, roster_week
from pages.alert_response import CSS
from pages.ledger_fields import region_names
from pages.markup import Html, plain, tag
from pages.signed import short_region

_DESK = "roster-desk"
TABS = ("交接班", "值班表", "历次交接")
_HOURS = 24
_NAMED = 5  # places named in the line about gaps


def main() -> None:
    """The page."""
    st.html(f"<style>{CSS}</style>")
    case_notes.say()
    who, now = context.reader(), utc_now()
    title, choice = st.columns([2, 1], vertical_alignment="center")
    title.subheader("值班与交接", anchor=False)
    with choice:
        desk = _choose(who)
    with context.look() as connection:
        shift = roster.current(connection, desk, now)
        behind = roster.on_duty(connection, desk, now)
        ahead = roster.between(connection, desk, now, now + timedelta(days=2))
        gaps = roster.coverage(connection, who.scope, now, _HOURS)
        waiting = handover.untaken(connection, who.scope)
        warning = roster.warning(connection, desk, now)
    following = next((one for one in ahead if one.starts_at > now), None)
    st.html(_watch(shift, following, warning, _stand_in(behind, desk)))
    _below(gaps, waiting, desk)
    chosen = st.segmented_control("内容", TABS, key="roster-tab", default=TABS[0], label_visibility="collapsed")
    if chosen == TABS[1]:
        _table(who, desk, now)
    elif chosen == TABS[2]:
        roster_handover.history(desk)
    else:
        roster_handover.draw(desk)


def _choose(who: Actor) -> str:
    """The desk looked at: one's own, or one below it."""
    names = {who.region: handover.desk_name(who.region)}
    names |= {code: f"{name}值班室" for code, name in region_names(who.scope).items() if code != who.region}
    if len(names) == 1:
        st.html(tag("div", f"{short_region(who.region)}值班室", class_="desk-name"))
        return who.region
    asked = st.query_params.get("desk", who.region)
    if _DESK not in st.session_state:
        st.session_state[_DESK] = asked if asked in names else who.region
    return str(
        st.selectbox(
            "值班室", list(names), key=_DESK, format_func=names.__getitem__, on_change=_chosen,
            label_visibility="collapsed",
        )
    )  # fmt: skip


def _chosen() -> None:
    st.query_params["desk"] = st.session_state[_DESK]


# ── now ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _watch(shift: Shift | None, following: Shift | None, warning: str, stand_in: str) -> Html:
    officer = shift.officer if shift and shift.officer else f"由{stand_in}接办" if stand_in else "—"
    until = f"至 {_hour(shift.ends_at)}" if shift else ""
    boxes = [
        tag("div", tag("span", "当前值班员"), tag("b", warning or officer), tag("span", until),
            class_="bad" if warning else ""),
        tag("div", tag("span", "带班领导"), tag("b", shift.leader if shift and shift.leader else "未排"),
            tag("span", until)),
    ]  # fmt: skip
    if following is not None:
        named = following.officer or "未排值班员"
        leader = f"　带班 {following.leader}" if following.leader else ""
        boxes.append(
            tag("div", tag("span", "下一班"), tag("b", named), tag("span", f"{_hour(following.starts_at)} 起{leader}"),
                class_="" if following.named else "bad")
        )  # fmt: skip
    else:
        boxes.append(tag("div", tag("span", "下一班"), tag("b", "48 小时内未排班"), class_="bad" if shift else ""))
    if warning and stand_in:
        boxes.append(tag("div", tag("span", "警情由上级值班室接办"), tag("b", stand_in)))
    return tag("div", *boxes, class_="watch")


def _stand_in(behind: tuple[Shift, str] | None, desk: str) -> str:
    if behind is None or behind[1] == desk:
        return ""
    return f"{short_region(behind[1])}值班室 {behind[0].officer} "


def _hour(at: datetime) -> str:
    return f"{local(at):%m-%d %H:%M}"


def _below(gaps: tuple[Gap, ...], waiting: tuple[tuple[str, datetime, str], ...], desk: str) -> None:
    """Hours without anybody, and hand-overs nobody has taken over, here and below."""
    if gaps:
        places = list(dict.fromkeys(short_region(one.region) for one in gaps))
        more = " 等" if len(places) > _NAMED else ""
        words = f"未来 {_HOURS} 小时有 {len(places)} 个值班室存在空班：{'、'.join(places[:_NAMED])}{more}"
        with st.expander(f":red[**{words}**]", icon=":material/warning:"):
            rows = [
                tag("tr", tag("td", divisions.full_name(one.region)), tag("td", one.words, class_="n late"))
                for one in gaps[:100]
            ]
            st.html(tag("div", tag("table", *rows), class_="desk-part"))
    others = {region: (at, name) for region, at, name in reversed(waiting) if region != desk}  # each desk's oldest
    for region, (at, name) in list(others.items())[:_NAMED]:
        words = f"{handover.desk_name(region)}：{plain(name)} 于 {stamp(at)} 交班，尚无人接班签字。"
        st.warning(words, icon=":material/draw:")


# ── the weeks ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _table(who: Actor, desk: str, now: datetime) -> None:
    monday = _week(local(now).date())
    with context.look() as connection:
        start = roster_week.midnight(monday)
        shifts = roster.between(connection, desk, start, start + timedelta(days=7))
    editing = who.may("roster.edit", desk)
    st.html(roster_week.week(monday, shifts, now, editing=editing))
    if not editing:
        st.caption("您的角色不能排班；排班由州市审核、省级管理员和带班领导负责。")
        return
    with context.look() as connection:
        officers = roster.people(connection, who, desk, "officer")
        leaders = roster.people(connection, who, desk, "leader")
    roster_form.draw(desk, monday, shifts, officers, leaders)


def _week(today: date) -> date:
    """The Monday of the week looked at, with the buttons that turn it."""
    this = today - timedelta(days=today.weekday())
    shown: date = st.session_state.setdefault("roster-week", this)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("上一周", key="roster-before", icon=":material/chevron_left:", on_click=_turn, args=(shown, -7))
        st.markdown(f"**{shown} 至 {shown + timedelta(days=6)}**", width="content")
        st.button("下一周", key="roster-after", icon=":material/chevron_right:", on_click=_turn, args=(shown, 7))
        if shown != this:
            st.button("本周", key="roster-this", on_click=_turn, args=(this, 0))
    return shown


def _turn(shown: date, days: int) -> None:
    st.session_state["roster-week"] = shown + timedelta(days=days)


main()
