"""One source whole: state, polls, what was set aside, one look now, and every change a person may make."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from monitors.access.actor import Actor
from monitors.clock import local, stamp, utc_now
from monitors.errors import ConflictError, MonitorsError
from monitors.opinion import heartbeat, source_audit, sources
from monitors.opinion.model import Source
from monitors.opinion.schedule import HEALTH_NAMES
from monitors.opinion.source_audit import LastChange
from monitors.opinion.source_rules import PAGE_INTERVAL_FLOOR, problems
from monitors.opinion.sources import PollRow, SetAside, SourceRow
from monitors.opinion.trial import Trial, run_trial
from monitors.regions import divisions
from pages import context, presses, source_form
from pages.markup import Html, joined, link, tag
from pages.source_table import KIND_NAMES, due_words, interval_words

_CSS = (Path(__file__).resolve().parent / "live" / "source_page.css").read_text(encoding="utf-8")
_NOTE = "source_note"
_TRIAL = "source_trial"
_SHOWN_ENTRIES = 20
_SHOWN_ROWS = 30
# How long "立即抓取" waits for the watch to bring the result before it says "soon" instead.
_WAIT_SECONDS = 12.0
ORIGIN_NAMES = {"config": "config.toml 目录", "page": "本页添加或修改", "opml": "OPML 导入"}
OUTCOME_NAMES = {
    "ok": "成功",
    "unchanged": "无变化",
    "temporary": "暂时失败",
    "soft": "失败",
    "hard": "失败",
    "refused": "已拒绝",
}


def style() -> None:
    """The style sheet of this page."""
    st.html(f"<style>{_CSS}</style>")


def say_note() -> None:
    """Show once how the last change went."""
    if note := st.session_state.pop(_NOTE, ""):
        st.toast(note, icon=":material/check_circle:")


def _closed() -> None:
    st.query_params.pop("source", None)
    st.session_state.pop(_TRIAL, None)


def rerun_with(note: str) -> None:
    """Draw the whole page again and say ``note``."""
    st.session_state[_NOTE] = note
    st.rerun()


# ── A new source ─────────────────────────────────────────────────────────────────────────────────────────────────────


@st.dialog("新增监测源", width="large", position="right", on_dismiss=_closed)
def open_new() -> None:
    """The empty form in the drawer."""
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("source.edit", kind=source_audit.KIND)
        _new(actor)


def _new(actor: Actor) -> None:
    trying = actor.may("source.poll")
    sent = source_form.ask(source_form.BLANK, key="new-source", check=problems, save_label="添加", trying=trying)
    if sent is None:
        return
    if sent.action == "try":
        _show_trial(_look(sent.source))
        return
    with context.act() as connection:
        added = sources.add_source(connection, actor, sent.source, now=utc_now())
    st.query_params["source"] = added
    rerun_with(f"已添加“{sent.source.name}”，马上开始抓取")


# ── One source ───────────────────────────────────────────────────────────────────────────────────────────────────────


@st.dialog("监测源详情", width="large", position="right", on_dismiss=_closed)
def open_drawer(source_id: str) -> None:
    """Everything about one source at the right edge; the page's address keeps it while it is open."""
    try:
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind=source_audit.KIND, target=source_id[:80])
            row = sources.get(connection, source_id)
            last = source_audit.last_change(connection, row)
    except MonitorsError as error:
        st.warning(str(error), icon=":material/search_off:")
        return
    st.html(_summary(row, last))
    if row.demo:
        st.caption("这是演示数据的监测源，不会抓取，也不能修改。")
    else:
        _actions(row, actor)
    trial_id, trial = st.session_state.get(_TRIAL, ("", None))
    if trial_id == row.source.id:
        _show_trial(trial)
    _tabs(row, actor)


def _tabs(row: SourceRow, actor: Actor) -> None:
    source_id = row.source.id
    changing = actor.may("source.edit")
    history, set_aside, *rest = st.tabs(["抓取记录", "搁置条目", *(["修改"] if changing else [])])
    with history:
        _history(source_id)
    with set_aside, context.explained(), context.look() as connection:
        st.html(_aside(sources.set_aside_rows(connection, source_id, limit=_SHOWN_ROWS)))
    for tab in rest:
        with tab, context.explained():
            if row.demo:
                st.caption("演示数据不能修改。")
            elif row.removed:
                st.caption("已移除的监测源不能修改。")
            else:
                _edit(row, actor)


@st.fragment(run_every=5.0)
def _history(source_id: str) -> None:
    with context.explained():
        if not context.may("source.view"):
            st.rerun()  # the whole page, which says why
        with context.store().read() as connection:
            st.html(_polls(sources.recent_polls(connection, source_id, limit=_SHOWN_ROWS)))


def changed_words(last: LastChange | None, now: datetime) -> str:
    """``张三 11-23 10:20``, with the year where it is not this one; an em dash where nobody knows."""
    if last is None:
        return "—"
    at = local(last.at)
    return f"{last.who} {at:%m-%d %H:%M}" if at.year == local(now).year else f"{last.who} {at:%Y-%m-%d %H:%M}"


def _summary(row: SourceRow, last: LastChange | None) -> Html:
    now = utc_now()
    source = row.source
    health = row.health(context.settings().watch, now)
    floor, cap = interval_words(source.interval_seconds), interval_words(source.max_interval_seconds)
    interval = f"{floor} 至 {cap}，现为 {interval_words(row.present_interval)}" if floor != cap else floor
    condition = source.condition + (f"：{source.condition_note}" if source.condition_note else "")
    rows: list[tuple[str, object]] = [
        ("网址", link(source.url, source.url)),
        ("状况", condition),
        ("类型", f"{KIND_NAMES.get(source.kind, source.kind)} · {source.group}"),
        ("媒体", source.outlet + ("（中央或全国性）" if source.national else "")),
        ("归属地", divisions.full_name(source.region) if source.region else "无"),
        ("可信等级", source_form.TIER_CHOICES.get(source.tier, str(source.tier))),
        ("抓取间隔", interval),
        ("下次抓取", due_words(row, now)),
        ("上次抓取", stamp(row.last_poll_at)),
        ("上次成功", stamp(row.last_ok_at)),
        ("最新报道", stamp(row.newest_item_at)),
        ("最近修改", changed_words(last, now)),
        ("来历", f"{ORIGIN_NAMES.get(row.origin, row.origin)}（{source.id}）"),
    ]
    wide = {"网址", "状况"}
    facts = [
        tag("div", tag("dt", name), tag("dd", value), class_="wide" if name in wide else "") for name, value in rows
    ]
    return tag(
        "div",
        tag("h3", source.name),
        tag("p", tag("b", HEALTH_NAMES[health.level]), " ", health.words, class_=f"health {health.level}"),
        tag("dl", *facts),
        class_="source-facts",
    )


def _actions(row: SourceRow, actor: Actor) -> None:
    source_id, name, paused = row.source.id, row.source.name, row.source.paused
    changing, polling = actor.may("source.edit"), actor.may("source.poll")
    if row.removed:
        if changing and st.button("放回列表", icon=":material/undo:", key="source-restore"):
            _change(sources.restore, source_id, f"“{name}”已放回列表")
        return
    with st.container(horizontal=True):
        pressed = _buttons(paused=paused, changing=changing, polling=polling)
    # Outside the row of buttons, so that what they say stands below it.
    if pressed == "try":
        with context.explained():
            st.session_state[_TRIAL] = (source_id, _look(row.source))
    elif pressed == "poll":
        with context.explained():
            _poll_now(row)
    elif pressed == "resume":
        _change(sources.resume, source_id, f"“{name}”已恢复抓取")
    elif pressed == "pause":
        _change(sources.pause, source_id, f"“{name}”已暂停")
    elif pressed == "remove":
        st.query_params.pop("source", None)
        _change(sources.remove, source_id, f"“{name}”已移除")


def _buttons(*, paused: bool, changing: bool, polling: bool) -> str:
    """What this person may have done; the name of the button pressed, or ``""``."""
    found: dict[str, bool] = {}
    if polling:
        found["try"] = st.button("试抓一次", icon=":material/network_check:", key="source-try")
    if polling and not paused:
        found["poll"] = st.button("立即抓取", icon=":material/bolt:", key="source-poll")
    if changing and paused:
        found["resume"] = st.button("恢复抓取", icon=":material/play_arrow:", key="source-resume")
    elif changing:
        found["pause"] = st.button("暂停抓取", icon=":material/pause:", key="source-pause")
    if changing:
        with st.popover("移除", icon=":material/delete:", key="source-remove-menu"):
            st.write("移除后不再抓取，已收录的报道保留。")
            found["remove"] = st.button("确认移除", type="primary", key="source-remove")
    return next((name for name, pressed in found.items() if pressed), "")


def _change(function: Callable[..., Any], source_id: str, note: str) -> None:
    with context.explained():
        with context.act() as connection:
            function(connection, context.actor(), source_id, now=utc_now())
        rerun_with(note)


def _poll_now(row: SourceRow) -> None:
    """Make it due and stay to see what came, if the watch is alive to do it."""
    asked = utc_now()
    with context.act() as connection:
        sources.poll_now(connection, context.actor(), row.source.id, now=asked)
        alive = heartbeat.pulse(connection, context.settings(), asked)
    if alive.state != "ok":
        st.warning(f"{alive.words}；监测恢复后会立即抓取这个监测源。", icon=":material/warning:")
        return
    with st.spinner("已排入，正在等待结果…"):
        while utc_now() - asked < timedelta(seconds=_WAIT_SECONDS):
            time.sleep(0.25)
            with context.store().read() as connection:
                latest = sources.recent_polls(connection, row.source.id, limit=1)
            if latest and latest[0].finished_at >= asked:
                rerun_with(f"抓取完成：{latest[0].note}")
    st.info("已排入抓取，结果稍后出现在下面的抓取记录中。", icon=":material/schedule:")


def _look(source: Source) -> Trial:
    with st.spinner("正在试抓，最多需要半分钟…"):
        return run_trial(context.store(), context.actor(), source, context.settings(), utc_now())


def _show_trial(trial: Trial) -> None:
    head, *rest = trial.lines
    lines = [tag("p", f"试抓：{head}", class_="head"), *(tag("p", line) for line in rest)]
    rows = [
        tag(
            "tr",
            tag("td", link(entry.url, entry.title) if entry.url else entry.title),
            tag("td", stamp(entry.published) if entry.published else entry.published_note or "—", class_="n"),
        )
        for entry in trial.entries[:_SHOWN_ENTRIES]
    ]
    table = tag("table", tag("tr", tag("th", "标题"), tag("th", "发布时间", class_="n")), *rows) if rows else ""
    hidden = len(trial.entries) - _SHOWN_ENTRIES
    more = tag("p", f"另有 {hidden} 条未列出。", class_="muted") if hidden > 0 else ""
    aside = [tag("li", f"{row.reason}：{row.excerpt[:120]}") for row in trial.rejected[:5]]
    st.html(
        tag(
            "div",
            *lines,
            table,
            more,
            joined(tag("p", "搁置的条目："), tag("ul", *aside)) if aside else "",
            tag("p", "试抓不收录报道，只在审计记录中留一行。", class_="muted"),
            class_=f"trial {'good' if trial.ok else 'poor'}",
            role="status",
        )
    )


def _polls(polls: Sequence[PollRow]) -> Html:
    if not polls:
        return tag("p", "还没有抓取过。", class_="source-empty")
    rows = [
        tag(
            "tr",
            tag("td", stamp(poll.started_at), class_="n"),
            tag("td", OUTCOME_NAMES.get(poll.outcome, poll.outcome)),
            tag("td", poll.note),
            tag("td", f"{(poll.finished_at - poll.started_at).total_seconds():.1f} 秒", class_="n"),
            class_="fine" if poll.outcome in ("ok", "unchanged") else "failed",
        )
        for poll in polls
    ]
    head = tag("tr", tag("th", "开始时间"), tag("th", "结果"), tag("th", "说明", class_="grow"), tag("th", "用时"))
    return tag("table", head, *rows, class_="source-polls")


def _aside(rows: Sequence[SetAside]) -> Html:
    if not rows:
        return tag("p", "没有搁置的条目。", class_="source-empty")
    body = [
        tag("tr", tag("td", stamp(row.at), class_="n"), tag("td", row.reason, class_="n"), tag("td", row.excerpt[:300]))
        for row in rows
    ]
    head = tag("tr", tag("th", "时间"), tag("th", "原因"), tag("th", "内容摘录", class_="grow"))
    return tag("table", head, *body, class_="source-polls")


def _edit(row: SourceRow, actor: Actor) -> None:
    key = f"edit-{row.source.id}-{row.revision}"
    # What config.toml set below the page's floor stays valid while nobody lowers it further.
    floor = min(PAGE_INTERVAL_FLOOR, row.source.interval_seconds)
    check = partial(problems, interval_floor=floor)
    sent = source_form.ask(row.source, key=key, check=check, save_label="保存修改", trying=actor.may("source.poll"))
    if sent is None:
        return
    if sent.action == "try":
        st.session_state[_TRIAL] = (row.source.id, _look(sent.source))
        presses.again()
    try:
        with context.act() as connection:
            sources.edit_source(connection, context.actor(), sent.source, revision=row.revision, now=utc_now())
    except ConflictError as error:
        st.warning(str(error), icon=":material/warning:")
        if st.button("载入最新内容", key=f"{key}-reload"):
            presses.again()
        return
    rerun_with(f"已保存“{sent.source.name}”的修改")
