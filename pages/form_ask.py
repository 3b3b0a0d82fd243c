"""What the page 附件2报表 is asked: campaign, cutoff, division. The address holds all of it, so it can be passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from monitors.access.scope import Scope
from monitors.regions import divisions
from monitors.settings import Campaign, ReportDue
from pages import context

_OTHER_DAY = "other"
_OTHER = "form-other"  # in the session state: 其他日期 is chosen
_PASSING = ("snapshot", "cell")  # of an answer, not of the question


@dataclass(frozen=True, slots=True)
class Asked:
    """One form's heading."""

    campaign: Campaign
    cutoff: date
    region: str

    @property
    def words(self) -> str:
        """``昆明市，截至 2026-11-30``."""
        return f"{divisions.full_name(self.region)}，截至 {self.cutoff}"

    @property
    def key(self) -> str:
        """One word for this form, for what a person has typed on it."""
        return f"{self.campaign.key}|{self.cutoff}|{self.region}"


def reports(campaign: Campaign) -> tuple[tuple[date, ReportDue], ...]:
    """Cutoff and report of those that carry figures, the earliest due first."""
    dated = [(one.cutoff, one) for one in campaign.report if one.cutoff is not None]
    return tuple(sorted(dated, key=lambda pair: (pair[1].due, pair[0])))


def usual_cutoff(campaign: Campaign, today: date) -> date:
    """The cutoff of the report that is due next; after the last one, its own."""
    known = reports(campaign)
    coming = [cutoff for cutoff, report in known if report.due >= today]
    if coming:
        return coming[0]
    return known[-1][0] if known else max(campaign.start, min(today, campaign.end))


def places(scope: Scope) -> tuple[str, ...]:
    """The divisions a person may ask for: one's own first, then what lies below it."""
    if scope.everything:
        found = [scope.region]
        for prefecture in divisions.prefectures():
            found += [prefecture.code, *(one.code for one in divisions.counties() if one.parent == prefecture.code)]
        return tuple(found)
    return (scope.region, *(one.code for one in divisions.counties() if one.parent == scope.region))


def read(scope: Scope, today: date) -> Asked:
    """The question of the address; what cannot be meant falls back to the usual one."""
    known = context.settings().campaigns
    code = st.query_params.get("campaign", "")
    campaign = next((one for one in known if one.key == code), context.settings().campaign)
    try:
        cutoff = date.fromisoformat(st.query_params.get("cutoff", ""))
    except ValueError:
        cutoff = usual_cutoff(campaign, today)
    if not campaign.start <= cutoff <= campaign.end:
        cutoff = usual_cutoff(campaign, today)
    region = st.query_params.get("region", "")
    return Asked(campaign, cutoff, region if region in places(scope) else scope.region)


def draw(scope: Scope, asked: Asked, today: date) -> None:
    """The three fields; a change is written to the address, from which the next run reads."""
    columns = st.columns([2.2, 1.9, 1.1, 1.8] if _free(asked, today) else [2.2, 2, 2, 0.9], vertical_alignment="bottom")
    known = {one.key: one for one in context.settings().campaigns}
    codes = list(known)[::-1]
    _choose(columns[0], "campaign", "专项行动", asked.campaign.key, options=codes, words=lambda key: known[key].name)
    named = _cutoffs(asked.campaign, today)
    free = _free(asked, today)
    days = [*map(str, named), _OTHER_DAY]
    _choose(
        columns[1], "cutoff", "数据截止日期", _OTHER_DAY if free else str(asked.cutoff), options=days,
        words=lambda day: "其他日期…" if day == _OTHER_DAY else named[date.fromisoformat(day)],
    )  # fmt: skip
    if free:
        _set("form-day", asked.cutoff)
        columns[2].date_input(
            "截止日期", key="form-day", min_value=asked.campaign.start, max_value=asked.campaign.end,
            format="YYYY-MM-DD", on_change=_changed, args=("day",),
        )  # fmt: skip
    where = columns[3 if free else 2]
    _choose(where, "region", "填报地区", asked.region, options=list(places(scope)), words=divisions.full_name)


def due_words(asked: Asked, today: date) -> str:
    """When and to whom the form of this cutoff goes; ``""`` where the campaign asks for none of that day."""
    parts = []
    for cutoff, report in reports(asked.campaign):
        if cutoff == asked.cutoff:
            left = (report.due - today).days
            when = f"还有 {left} 天" if left > 0 else "今天到期" if left == 0 else "已过期限"
            parts.append(f"{report.name}：{report.due} 前报{report.to}（{when}）")
    return "；".join(parts)


def _cutoffs(campaign: Campaign, today: date) -> dict[date, str]:
    named: dict[date, str] = {}
    for cutoff, report in reports(campaign):
        named.setdefault(cutoff, f"{cutoff}（{report.due.month}月{report.due.day}日前报）")
    if campaign.start <= today <= campaign.end:
        named.setdefault(today, f"{today}（今天）")
    return named


def _free(asked: Asked, today: date) -> bool:
    return bool(st.session_state.get(_OTHER)) or asked.cutoff not in _cutoffs(asked.campaign, today)


def _choose(
    where: Any, name: str, label: str, value: object, *, options: Sequence[Any], words: Callable[[Any], str]
) -> None:
    _set(f"form-{name}", value)
    where.selectbox(
        label, options, key=f"form-{name}", format_func=words, on_change=_changed, args=(name,),
        disabled=len(options) == 1,
    )  # fmt: skip


def _set(key: str, value: object) -> None:
    # The address rules: a link or 返回 changes it behind the widget's back.
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _changed(name: str) -> None:
    value = st.session_state[f"form-{name}"]
    for passing in _PASSING:
        st.query_params.pop(passing, None)
    if name == "cutoff":
        st.session_state[_OTHER] = value == _OTHER_DAY
        if value == _OTHER_DAY:
            return
    if name == "campaign":
        st.session_state.pop(_OTHER, None)
        st.query_params.pop("cutoff", None)  # the days of another campaign are other days
    st.query_params["cutoff" if name == "day" else name] = str(value)
