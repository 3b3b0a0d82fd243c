"""The card of 重新训练: what there is to learn from, the button, how the last training went, and the way back."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from monitors.clock import local, stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import trained, training, training_job
from monitors.opinion.trained import Chosen
from monitors.opinion.training import Scores, Training
from monitors.opinion.training_job import STATE_NAMES, Job, Labels
from pages import context
from pages.markup import Html, joined, tag

REFRESH_SECONDS = 2.0
_SAID = "retraining_said"  # what became of the last press, where it failed or has no job of its own


@st.fragment(run_every=REFRESH_SECONDS)
def draw() -> None:
    """The card, for those who see the whole province; it redraws itself while the page is open."""
    try:
        chosen = trained.choose(context.settings())
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            st.html(_present(chosen))
            if not actor.scope.everything:
                return  # the numbers are the whole province's
            job, labels = training_job.read(connection), training_job.labels(connection, chosen)
        _card(chosen, job, labels, changing=actor.may(training_job.PERMISSION), now=utc_now())
    except MonitorsError as error:
        st.error(f"{error}。本页会自动重试。", icon=":material/error:")


def _present(chosen: Chosen) -> Html:
    """The model in force, as it stands at this look: it changes the moment a training ends."""
    origin = "随程序发布的权重"
    if chosen.trained_at:
        at = local(datetime.fromisoformat(chosen.trained_at))
        origin = f"本单位 {at:%Y-%m-%d} 用 {chosen.labels:,} 条标注训练的权重"
    rows = (
        ("现行版本", chosen.version),
        ("权重来历", origin),
        ("相关的门槛", f"{context.settings().judge.relevance_threshold:.0%}"),
    )
    fault = tag("p", f"{chosen.fault}，现用随程序发布的权重。", class_="late") if chosen.fault else ""
    facts = tag("dl", *(joined(tag("dt", name), tag("dd", value)) for name, value in rows), class_="single")
    return tag("div", fault, facts, class_="dossier")


def _card(chosen: Chosen, job: Job | None, labels: Labels, *, changing: bool, now: datetime) -> None:
    with st.container(border=True, key="retraining"):
        st.markdown("**重新训练**")
        if (said := st.session_state.pop(_SAID, None)) is not None:
            st.info(said)
        since = f"，其中上次训练以后 {labels.since:,} 条" if chosen.trained_at else "，还没有用于训练"
        st.write(f"本单位的“相关/不相关”标注共 {labels.all:,} 条{since}。")
        if job is not None and job.running(now):
            what = "试算" if job.dry else "训练"
            words = f"{job.by} {stamp(job.asked_at)} 发起的{what}正在进行，完成后自动显示结果。"
            st.info(words, icon=":material/hourglass_top:")
        elif job is not None:
            _ended(job)
        if changing:
            running = job is not None and job.running(now)
            _buttons(chosen, enough=labels.all >= training.MIN_LABELS, running=running)


def _buttons(chosen: Chosen, *, enough: bool, running: bool) -> None:
    st.caption(
        "用标注调整相关性各项特征的权重，约需几秒到半分钟，不影响监测。金标准集上的漏判或误报比随程序发布的权重多，"
        "或留出检验不如现用权重时，不启用。"
        + ("" if enough else f"至少需要 {training.MIN_LABELS} 条、来自 {training.FOLDS} 起不同事件的标注。")
    )
    with st.container(horizontal=True):
        st.button(
            "重新训练", type="primary", icon=":material/model_training:", key="train-start", on_click=_start,
            disabled=running or not enough,
        )  # fmt: skip
        st.button(
            "只试算，不启用", icon=":material/calculate:", key="train-dry", on_click=_start, kwargs={"dry": True},
            disabled=running or not enough,
        )  # fmt: skip
        if (chosen.trained_at or chosen.fault) and not running:
            with st.popover("恢复出厂权重", icon=":material/settings_backup_restore:"):
                st.write("改用随程序发布的权重；标注保留，以后可再训练。")
                st.button("确认恢复", key="train-shipped", on_click=_use_shipped)


def _ended(job: Job) -> None:
    end = stamp(job.ended_at) if job.ended_at else ""
    told = f"上一次由{job.by}于 {stamp(job.asked_at)} 发起"
    if job.result is None:
        why = job.why or "程序中途停止"
        st.warning(f"{told}，没有完成：{why.rstrip('。')}。仍用原来的权重。", icon=":material/warning:")
        return
    found = job.result
    if found.refused:
        st.warning(f"{told}，{end} 完成，未启用：{found.refused}。仍用原来的权重。", icon=":material/warning:")
    elif found.dry:
        st.caption(f"{told}试算，{end} {STATE_NAMES[job.state]}，可以启用（未启用）。")
    else:
        st.caption(f"{told}，{end} {STATE_NAMES[job.state]}并启用（{found.version}），监测从下一批报道起使用。")
    with st.expander("上一次训练的结果", expanded=bool(found.refused), key="train-figures"):
        st.html(_figures(found), width=760)


def _figures(found: Training) -> Html:
    rows = (
        ("金标准集", "随程序发布的权重", found.gold_before),
        ("", "训练后", found.gold_after),
        (f"留出检验（{training.FOLDS} 份轮流留出）", "训练时所用权重", found.held_before),
        ("", "训练后", found.held_after),
    )
    head = [tag("th", name) for name in ("检验", "权重")]
    head += [tag("th", name, class_="n") for name in ("条数", "判对", "漏判", "误报", "查准率", "查全率")]
    table = tag("table", tag("tr", *head), *(_row(*row) for row in rows))
    skipped = f"另有 {found.without_text:,} 条标注的正文已按期限清除，未用。" if found.without_text else ""
    what = "金标准集是随程序发布、已有定论的样例；留出检验是用没有学过的标注来考。"
    note = tag("p", f"用标注 {found.labels:,} 条。{skipped}{what}", class_="muted")
    if not found.moved:
        return tag("div", note, table, tag("p", "各项权重几乎没有变动。", class_="muted"), class_="dossier")
    heads = tag("tr", tag("th", "变动最大的权重"), tag("th", "原来", class_="n"), tag("th", "训练后", class_="n"))
    moved = [
        tag("tr", tag("td", words), tag("td", f"{before:+.2f}", class_="n"), tag("td", f"{after:+.2f}", class_="n"))
        for words, before, after in found.moved
    ]
    return tag("div", note, table, tag("table", heads, *moved), class_="dossier")


def _row(test: str, weights: str, found: Scores) -> Html:
    said, true = found.found + found.alarms, found.found + found.missed
    figures = (
        f"{found.correct + found.missed + found.alarms:,}", f"{found.correct:,}", f"{found.missed:,}",
        f"{found.alarms:,}", _share(found.found, said), _share(found.found, true),
    )  # fmt: skip
    return tag("tr", tag("td", test), tag("td", weights), *(tag("td", figure, class_="n") for figure in figures))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "—"


def _start(*, dry: bool = False) -> None:
    try:
        training_job.start(context.store(), context.actor(), now=utc_now(), dry=dry)
    except MonitorsError as error:
        st.session_state[_SAID] = f"{error}。"


def _use_shipped() -> None:
    try:
        changed = training.use_shipped(context.store(), context.actor(), context.settings(), now=utc_now())
    except MonitorsError as error:
        st.session_state[_SAID] = f"{error}。"
        return
    st.session_state[_SAID] = "已恢复随程序发布的权重。" if changed else "现用的就是随程序发布的权重。"
