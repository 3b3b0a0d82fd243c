"""试验与生效: what a draft of rules would have given on the last days, and putting it in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import altair as alt
import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.errors import InputError, MonitorsError
from monitors.opinion import lab_adopt, lab_gold, lab_job, rule_sets, rule_sources
from monitors.opinion.board import short_place
from monitors.opinion.lab_figures import MOST, Listed, Result, Shift
from monitors.opinion.lab_job import DAYS, DONE, PERMISSION, RUNNING, Run
from monitors.opinion.model import ALERT_LEVELS, LEVEL_NAMES
from monitors.opinion.rule_sets import RuleSet
from monitors.opinion.training import Scores
from pages import context, rules_draft, rules_words
from pages.markup import Html, tag

REFRESH_SECONDS = 2.0
_SAID = "rules_trial_said"
_COLOURS = ("#94a3b8", "#2563eb")  # as it is, as drafted: readable on either background


@st.fragment(run_every=REFRESH_SECONDS)
def draw() -> None:
    """The tab; it redraws itself, so that a running trial is seen to move."""
    rules_draft.show_whole()
    try:
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            if not actor.scope.everything:
                st.caption("试验针对全省的报道，由能看到全省的人员查看。")
                return
            present, run = rule_sets.in_force(connection), lab_job.latest(connection)
            draft, _ = rules_draft.read(present)
            remarks = rule_sources.unknown(connection, draft.text)
        _draw(present, run, remarks, changing=actor.may(PERMISSION), now=utc_now())
    except MonitorsError as error:
        st.error(f"{error}。本页会自动重试。", icon=":material/error:")


def _draw(present: RuleSet, run: Run | None, remarks: tuple[str, ...], *, changing: bool, now: datetime) -> None:
    if (said := st.session_state.pop(_SAID, None)) is not None:
        kind, words = said
        (st.success if kind == "done" else st.warning)(words)
    if changing:
        _draft(present, run, remarks, now)
    if run is None:
        if not changing:
            st.caption("还没有试验过规则。")
        return
    _about(run, changing=changing, now=now)
    if run.result is not None:
        _result(run.result, run.days)
        if changing:
            _save(present, run, remarks)


# ── the draft and its trial ──────────────────────────────────────────────────────────────────────────────────────────
def _draft(present: RuleSet, run: Run | None, remarks: tuple[str, ...], now: datetime) -> None:
    draft, faults = rules_draft.read(present)
    if faults:
        st.warning("草稿有错，改好后才能试验：" + "；".join(faults[:5]), icon=":material/edit_note:")
    elif draft == present.draft:
        st.caption("草稿与现行规则相同。在“关键词规则”“门槛与别名”中修改后，到这里试验。")
    else:
        with st.expander("草稿改了什么", expanded=False, key="rules-changes"):
            st.html(rules_words.differences(present.draft, draft))
    _remark(remarks)
    busy = run is not None and run.running(now)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.selectbox(
            "试验最近多少天的报道", DAYS, index=DAYS.index(90), format_func=lambda days: f"{days} 天",
            key="rules-days", width=200,
        )  # fmt: skip
        st.button(
            "开始试验", type="primary", icon=":material/science:", key="rules-try", on_click=_start,
            args=(days,), disabled=busy or bool(faults) or draft == present.draft,
        )  # fmt: skip


def _remark(remarks: tuple[str, ...]) -> None:
    """Names of sources that nobody bears; a rule may still be saved before its source is entered."""
    if remarks:
        words = "；".join(remarks[:5]) + ("等" if len(remarks) > 5 else "")
        st.warning(f"请核对：{words}。照现在的写法，这些项不起作用。", icon=":material/rss_feed:")


def _start(days: int) -> None:
    try:
        with context.look() as connection:
            present = rule_sets.in_force(connection)
        draft, faults = rules_draft.read(present)
        if faults:
            return
        lab_job.start(context.store(), context.actor(), draft, settings=context.settings(), days=days, now=utc_now())
    except MonitorsError as error:
        st.session_state[_SAID] = ("fault", f"{error}。")


def _cancel(run_id: int) -> None:
    try:
        with context.act() as connection:
            lab_job.cancel(connection, context.actor(), run_id, now=utc_now())
    except MonitorsError as error:
        st.session_state[_SAID] = ("fault", f"{error}。")


def _about(run: Run, *, changing: bool, now: datetime) -> None:
    told = f"{run.by} {stamp(run.at)} 发起，最近 {run.days} 天"
    if run.running(now):
        st.progress(run.share, text=f"正在试验　{run.done:,} / {run.total:,} 篇")
        st.caption(f"{told}。试验只读报道，不影响监测，也不报警。")
        if changing:
            st.button("取消试验", icon=":material/close:", key="rules-cancel", on_click=_cancel, args=(run.id,))
    elif run.state == DONE and run.result is not None:
        st.caption(f"{told}；查看报道 {run.result.reports:,} 篇，用时 {run.result.seconds:,.0f} 秒。")
    elif run.state == RUNNING:
        st.warning(f"{told}，程序中途停止，请重新试验。", icon=":material/warning:")
    else:
        st.warning(f"{told}，没有完成：{run.error.rstrip('。')}。", icon=":material/warning:")


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────────
def _result(found: Result, days: int) -> None:
    left, right = st.columns([1.15, 1], gap="large")
    left.html(_totals(found))
    left.html(_gold(found))
    right.markdown(f"**最近 {days} 天每天首次发现的警情**")
    right.vega_lite_chart(_chart(found), width="stretch", key="rules-chart")
    right.caption("同一批报道，分别按现行规则和草稿计算，差别全部来自草稿。事件沿用现有归并；尚无事件的报道各算一起。")
    for name, listed, key in (
        ("新增警情", found.gained, "gained"), ("减少警情", found.lost, "lost"), ("级别有变", found.moved, "moved"),
        ("新判为相关的报道", found.joined, "joined"), ("不再相关的报道", found.dropped, "dropped"),
    ):  # fmt: skip
        if listed.count:
            with st.expander(f"{name}　{listed.count:,}", expanded=key in ("gained", "lost"), key=f"rules-{key}"):
                st.html(_list(listed))
    if found.demo:
        st.caption(f"其中演示数据 {found.demo:,} 篇。")
    if found.without_text:
        st.caption(f"有 {found.without_text:,} 篇的正文已按期限清除，沿用原来的判定。")


def _totals(found: Result) -> Html:
    before, after = found.before, found.after
    rows = [("警情合计", before.alerts, after.alerts)]
    rows += [(LEVEL_NAMES[level], before.levels[level], after.levels[level]) for level in ALERT_LEVELS]
    rows.append(("相关报道", before.relevant, after.relevant))
    head = [tag("th", "")] + [tag("th", name, class_="n") for name in ("现行规则", "草稿", "增减")]
    body = [
        tag("tr", tag("td", name), *(tag("td", words, class_="n") for words in (f"{a:,}", f"{b:,}", _more(b - a))))
        for name, a, b in rows
    ]
    return tag("div", tag("h4", "警情与报道"), tag("table", tag("tr", *head), *body), class_="dossier")


def _more(number: int) -> str:
    return f"{number:+,}" if number else "0"


def _gold(found: Result) -> Html:
    gold = found.gold
    names = ("", "判对", "漏判", "误报", "查准率", "查全率")
    head = [tag("th", name, class_="n" if name else "") for name in names]
    rows = [_scores("现行规则", gold.before), _scores("草稿", gold.after)]
    note = tag("p", f"{gold.floor}。", class_="late") if gold.floor else tag("p", "不低于下限。", class_="muted")
    worse = tag("p", f"原来判对、按草稿判错：{'；'.join(gold.worse)}", class_="muted") if gold.worse else ""
    return tag("div", tag("h4", "金标准集"), tag("table", tag("tr", *head), *rows), note, worse, class_="dossier")


def _scores(name: str, found: Scores) -> Html:
    whole = found.correct + found.missed + found.alarms
    figures = (
        f"{found.correct:,} / {whole:,}", f"{found.missed:,}", f"{found.alarms:,}",
        f"{lab_gold.precision(found):.2%}", f"{lab_gold.recall(found):.2%}",
    )  # fmt: skip
    return tag("tr", tag("td", name), *(tag("td", figure, class_="n") for figure in figures))


def _list(listed: Listed) -> Html:
    head = tag("tr", *(tag("th", name) for name in ("首次发现", "地区", "标题", "现行规则", "草稿", "原因")))
    rows = [_row(one) for one in listed.rows]
    more = f"只列出最重、最近的 {MOST} 条。" if listed.count > MOST else ""
    return tag("div", tag("table", head, *rows), tag("p", more, class_="muted") if more else "", class_="dossier")


def _row(one: Shift) -> Html:
    address = f"duty?story={one.story_id}" if one.story_id else f"search?report={one.item_id}"
    title = tag("a", one.title[:60], href=address, target="_blank", rel="noopener", title=one.title)
    number = tag("span", f" {one.number}", class_="muted") if one.number else ""
    cells = (
        one.day, short_place(one.region) or "—", tag("span", title, number), _level(one.before), _level(one.after),
        one.why,
    )  # fmt: skip
    return tag("tr", *(tag("td", cell) for cell in cells))


def _level(level: str) -> str:
    return LEVEL_NAMES.get(level, level) if level else "—"


def _chart(found: Result) -> dict[str, Any]:
    values = [
        {"day": one.day, "rules": name, "n": number}
        for one in found.days
        for name, number in (("现行规则", one.before), ("草稿", one.after))
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(interpolate="step")  # the last day has a width as well
        .encode(
            x=alt.X(field="day", type="temporal", axis=alt.Axis(title=None, format="%m-%d", tickCount=8, grid=False)),
            y=alt.Y(field="n", type="quantitative", axis=alt.Axis(title=None, tickMinStep=1, format="d")),
            color=alt.Color(
                field="rules", type="nominal", legend=alt.Legend(title=None, orient="top"),
                scale=alt.Scale(domain=["现行规则", "草稿"], range=list(_COLOURS)),
            ),
            tooltip=[
                alt.Tooltip(field="day", type="temporal", title="日期", format="%Y-%m-%d"),
                alt.Tooltip(field="rules", type="nominal", title="规则"),
                alt.Tooltip(field="n", type="quantitative", title="警情（起）"),
            ],
        )
        .properties(height=260)
    )  # fmt: skip
    return chart.to_dict()


# ── in force ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _save(present: RuleSet, run: Run, remarks: tuple[str, ...]) -> None:
    draft, _ = rules_draft.read(present)
    if run.against != present.id:
        st.info("这次试验以后现行规则已有改动，请重新试验后再保存。", icon=":material/info:")
        return
    if draft != run.draft:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("草稿与这次试验的不同，须重新试验才能保存。")
            st.button("载入这次试验的草稿", key="rules-load", on_click=rules_draft.load, args=(run.draft,))
        return
    floor = run.result.gold.floor if run.result else ""
    with st.container(border=True, key="rules-save-box"):
        if floor:
            st.warning(f"金标准集{floor}，保存须说明理由。", icon=":material/warning:")
        _remark(remarks)
        reason = st.text_input(
            "理由" if floor else "理由（选填）", max_chars=lab_adopt.MOST_REASON, key="rules-reason",
            placeholder="例如：新出现的说法，或误报较多",
        )  # fmt: skip
        st.button(
            "保存并生效", type="primary", icon=":material/check:", key="rules-save", on_click=_adopt,
            args=(present.id, run.id), disabled=bool(floor) and not reason.strip(),
        )  # fmt: skip
        st.caption("监测在下一轮起按新规则研判，无需重启；以前的报道可在“研判模型”中重新研判。")


def _adopt(expected_id: int, run_id: int) -> None:
    reason = str(st.session_state.get("rules-reason", ""))
    try:
        with context.act() as connection:
            run = lab_job.get(connection, run_id)
            if run is None:
                raise InputError("这次试验的记录已清理，请重新试验")
            saved = lab_adopt.adopt(
                connection, context.actor(), run.draft, reason, expected_id=expected_id, settings=context.settings(),
                now=utc_now(),
            )  # fmt: skip
    except MonitorsError as error:
        st.session_state[_SAID] = ("fault", f"{error}。")
        return
    rules_draft.forget()
    st.session_state[_SAID] = ("done", f"第 {saved} 版已生效，监测在下一轮起使用。")
