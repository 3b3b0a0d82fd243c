"""应急预案: the plan of the alert's level, started, ticked item by item, stopped (R23)."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.desk import plans
from monitors.desk.alerts import Alert
from monitors.desk.plans import Check, Plan, Run
from pages import case_notes, context
from pages.alert_response import CSS
from pages.ledger_fields import Fields
from pages.markup import tag
from pages.people_drawer import plain
from pages.presses import press, pressed
from pages.wording import level_name


def panel(alert: Alert) -> None:
    """The tab of the alert's drawer."""
    st.html(f"<style>{CSS}</style>")
    who = context.actor()
    with context.explained():
        with context.look() as connection:
            run = plans.run(connection, who, alert.id)
        wanted = plans.library()[alert.level]
        _head(alert, run, wanted)
        if alert.open and who.may("alert.sign", alert.region):
            _start_stop(alert, run, wanted)
        ticking = run.running and who.may("alert.work", alert.region)
        _items(alert, run if run.plan else Run(wanted, checks=tuple(map(Check, wanted.items))), ticking=ticking)
        st.caption(f"依据：{(run.plan or wanted).basis}")


def _head(alert: Alert, run: Run, wanted: Plan) -> None:
    if run.plan is None:
        st.html(tag("div", tag("h4", wanted.name), tag("p", "尚未启动。", class_="muted"), class_="desk-part"))
        return
    words = f"{run.started_by} 于 {stamp(run.started_at)} 启动；已完成 {run.done} 项，共 {len(run.checks)} 项。"
    lines = [tag("p", words)]
    if not run.running:
        lines.append(tag("p", f"{run.stopped_by} 于 {stamp(run.stopped_at)} 终止：{run.why}"))
    st.html(tag("div", tag("h4", run.plan.name), *lines, class_="desk-part"))
    if run.running and run.plan.level != alert.level and alert.open:
        st.warning(
            f"警情现为{level_name(alert.level)}，正在执行的是{level_name(run.plan.level)}的预案，请按现级别启动。",
            icon=":material/priority_high:",
        )


def _start_stop(alert: Alert, run: Run, wanted: Plan) -> None:
    with st.container(horizontal=True):
        if not run.running or (run.plan and run.plan.level != alert.level):
            name = f"plan-start-{alert.number}-{run.started_at}-{alert.level}"
            st.button(
                f"启动{wanted.name}", key=name, type="primary", icon=":material/play_arrow:", on_click=press,
                args=(name, alert.number),
            )  # fmt: skip
            if pressed(name, alert.number):
                with context.explained():
                    with context.act() as connection:
                        plans.start(connection, context.actor(), alert.id, now=utc_now())
                    case_notes.done(f"已启动{wanted.name}")
        if run.running:
            with st.popover("终止预案", icon=":material/stop:", key=f"plan-stop-open-{alert.number}"):
                fields = Fields(f"plan-stop-{alert.number}-{run.started_at}", alert.number)
                with st.form(fields.key, border=False):
                    why = fields.text("why", "终止原因 *", most=plans.NOTE_CHARS)
                    sent = fields.send("终止", kind="secondary")
                if sent and fields.run(
                    lambda connection, actor: plans.stop(connection, actor, alert.id, why, now=utc_now())
                ):
                    case_notes.done("预案已终止")


def _items(alert: Alert, run: Run, *, ticking: bool) -> None:
    note = ""
    if ticking:
        note = st.text_input(
            "说明（勾选事项前填写，与该事项一并记录，可不填）", key=f"plan-note-{alert.number}-{run.done}",
            max_chars=plans.NOTE_CHARS,
        )  # fmt: skip
    for phase, checks in groupby(run.checks, key=lambda one: one.item.phase):
        st.markdown(f"**{phase}**")
        for check in checks:
            _item(alert, check, note or "", ticking=ticking)


def _item(alert: Alert, check: Check, note: str, *, ticking: bool) -> None:
    item, done = check.item, check.at is not None
    who = f"（{item.who}）" if item.who else ""
    name = f"plan-{alert.number}-{item.id}-{check.at}"
    told = (
        f"　:gray[{plain(check.by)} {stamp(check.at)}{'：' + plain(check.note) if check.note else ''}]" if done else ""
    )
    if not ticking and not done:
        st.html(tag("div", f"○ {item.words}{who}", class_="desk-part todo"))
        return
    st.checkbox(
        f"{item.words}{who}{told}", value=done, key=name, disabled=not ticking, on_change=press,
        args=(name, (item.id, not done)),
    )  # fmt: skip
    if ticking and pressed(name, (item.id, not done)):
        with context.explained():
            with context.act() as connection:
                plans.tick(
                    connection, context.actor(), alert.id, item.id, not done, note if not done else "", now=utc_now()
                )
            case_notes.done("事项已完成" if not done else "事项已撤回")
