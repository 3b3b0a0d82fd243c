"""The card of 重新研判存量报道: how far it is, what it changed, and its buttons for whoever may train the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import rejudge, rejudge_job, trained
from monitors.opinion.board import elapsed_words
from monitors.opinion.rejudge_job import STATE_NAMES, Job
from pages import context

REFRESH_SECONDS = 2.0
_ERROR = "rejudging_error"


@st.cache_data(max_entries=8, ttl=60, show_spinner=False)
def _outdated(model: str) -> int:
    """Reports of another version; a minute old at most, for it looks at every report."""
    with context.store().read() as connection:
        return rejudge.outdated(connection, model)


@st.fragment(run_every=REFRESH_SECONDS)
def draw() -> None:
    """The card; it redraws itself while the page is open."""
    try:
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            job = rejudge_job.read(connection)
        if actor.scope.everything:
            _card(job, changing=actor.may(rejudge_job.PERMISSION), now=utc_now())
        elif job is not None and job.open:
            # The numbers are the whole province's.
            st.progress(job.share, text=f"重新研判存量报道：{STATE_NAMES[job.state]}　{job.share:.0%}")
    except MonitorsError as error:
        st.error(f"{error}。本页会自动重试。", icon=":material/error:")


def _card(job: Job | None, *, changing: bool, now: datetime) -> None:
    with st.container(border=True, key="rejudging"):
        st.markdown("**重新研判存量报道**")
        if (problem := st.session_state.pop(_ERROR, None)) is not None:
            st.warning(f"{problem}。", icon=":material/warning:")
        if job is not None and job.open:
            _progress(job, now)
            if changing:
                _buttons(job)
            return
        if job is not None:
            _ended(job)
        model = trained.choose(context.settings()).version
        outdated = _outdated(model)
        if not outdated:
            st.caption(f"全部报道均由现行版本（{model}）研判，不必重新研判。")
            return
        st.write(f"有 {outdated:,} 篇报道由以前的版本研判，现行版本为 {model}。")
        if changing:
            st.caption(
                "从最近的报道开始，在后台分步进行，不影响监测。人工更正、合并与拆分保持不变；在办警情只升级、不降级；"
                "新判为相关的报道归入事件，判为不相关的移出。想先知道会有哪些变化，可在服务器上运行 "
                "python -m monitors rejudge --dry-run 试算。"
            )
            st.button(
                "重新研判存量报道", type="primary", icon=":material/cached:", key="rejudge-start",
                on_click=_do, args=(rejudge_job.ask,),
            )  # fmt: skip


def _progress(job: Job, now: datetime) -> None:
    told = f"{STATE_NAMES[job.state]}　{job.done:,} / {job.total:,} 篇" if job.total else "正在准备…"
    if job.state == "running" and job.rate:
        told += f"　每秒 {job.rate:.0f} 篇"
        if job.left_seconds is not None:
            # The watch rests as long as it works, so that polls and pages get their turn.
            told += f"　约剩 {elapsed_words(2 * job.left_seconds)}"
    st.progress(job.share, text=told)
    st.caption(f"{job.by} {stamp(job.asked_at)} 发起；{job.counts.words}。")
    if job.stalled(now):
        st.warning("监测没有运行，任务会在监测启动后从中断处继续。", icon=":material/pause_circle:")


def _ended(job: Job) -> None:
    ended = stamp(job.ended_at) if job.ended_at else ""
    st.caption(
        f"上一次由{job.by}于 {stamp(job.asked_at)} 发起，{ended} {STATE_NAMES[job.state]}："
        f"研判 {job.done:,} 篇，{job.counts.words}。"
    )


def _buttons(job: Job) -> None:
    with st.container(horizontal=True):
        if job.state == "running":
            st.button("暂停", icon=":material/pause:", key="rejudge-pause", on_click=_do, args=(rejudge_job.pause,))
        else:
            st.button(
                "继续", icon=":material/play_arrow:", key="rejudge-resume", on_click=_do, args=(rejudge_job.resume,)
            )
        st.button("取消", icon=":material/close:", key="rejudge-cancel", on_click=_do, args=(rejudge_job.cancel,))


def _do(act: Callable[..., Job]) -> None:
    def asked(connection: Connection, actor: Actor) -> None:
        act(connection, actor, now=utc_now())

    try:
        with context.act() as connection:
            asked(connection, context.actor())
    except MonitorsError as error:
        st.session_state[_ERROR] = str(error)
    _outdated.clear()
