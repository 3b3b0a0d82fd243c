"""看得见吗: which counties the watch could see trouble in, why not, and what two ways of finding out both missed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import streamlit as st

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import stamp, utc_now
from monitors.hotspots import coverage
from monitors.hotspots.coverage import Coverage
from monitors.regions import divisions
from pages import context
from pages.markup import Html, joined, tag

STATES = ("盲区", "弱", "可见")
_SIGNS = {"可见": "●", "弱": "◐", "盲区": "×"}
_ALL = "全部"
_TABLES = ("source", "story", "wage_case", "clue", "alert_link")
CAVEAT = (
    "公开报道只是欠薪事件的一小部分，多数欠薪从不见报。这里说的是“出了事能不能从公开渠道看到”，不是有没有事；"
    "盲区和弱的县（市、区），要靠热线、劳动监察和基层排查。"
)


@st.cache_data(max_entries=16, show_spinner="正在统计…")
def _seen(version: tuple[str, ...], scope: Scope, minute: datetime) -> dict[str, Coverage]:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        found = coverage.by_county(connection, context.settings(), minute)
    return {code: one for code, one in found.items() if scope.covers(code)}


def panel() -> None:
    """The tab."""
    who = context.reader()
    minute = utc_now().replace(second=0, microsecond=0)
    found = _seen(context.versions(*_TABLES), who.scope, minute)
    counts = Counter(one.state for one in found.values())
    st.markdown(
        "　".join(f"**{_SIGNS[state]} {state}** {counts[state]} 个" for state in STATES)
        + f"　共 {len(found)} 个县（市、区），截至 {stamp(minute)}"
    )
    st.info(CAVEAT, icon=":material/visibility_off:")
    _missed(who, minute)
    chosen = st.segmented_control("可见度", (_ALL, *STATES), default=_ALL, required=True, key="hot-sight")
    order = sorted(found.values(), key=lambda one: (STATES.index(one.state), one.code))
    st.html(_table([one for one in order if chosen in (_ALL, one.state)]))


def _missed(who: Actor, minute: datetime) -> None:
    """What neither the watch nor the hotlines knew of; for those who see the whole province's clues and stories."""
    if not (who.may("ledger.view") and who.scope.everything):
        return
    with context.look() as connection:
        told = coverage.overlap(connection, context.settings(), minute)
    st.markdown("**还有多少没看到（捕获—再捕获估计）**")
    st.write(told.words)


def _table(rows: list[Coverage]) -> Html:
    heads = (
        ("地区", ""),
        ("可见度", ""),
        ("监测源", "n"),
        ("其中近期有更新", "n"),
        ("报道", "n"),
        ("最新报道", ""),
        ("原因", ""),
    )
    lines = [
        tag(
            "tr",
            tag(
                "td",
                tag("a", divisions.full_name(one.code), href=f"?county={one.code}", target="_self"),
                class_="nowrap",
            ),
            tag("td", f"{_SIGNS.get(one.state, '')} {one.state}", class_=f"nowrap sight-{one.state}"),
            tag("td", one.sources, class_="n"),
            tag("td", one.fresh, class_="n"),
            tag("td", one.reports, class_="n"),
            tag("td", stamp(one.newest) if one.newest else "—", class_="nowrap"),
            tag("td", "；".join(one.why)),
        )
        for one in rows
    ]
    head = tag("tr", *(tag("th", words, class_=style, scope="col") for words, style in heads))
    table = tag("table", tag("thead", head), tag("tbody", *lines))
    return joined(tag("div", table, class_="hot-table tall", tabindex="0"))
