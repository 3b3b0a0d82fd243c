"""Making the roster: one shift, a series, last week's again, and changing a shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st
from sqlalchemy import Connection

from monitors.access.actor import Actor
from monitors.clock import SHANGHAI, local, utc_now
from monitors.desk.faults import Fault
from monitors.notify import rostering
from monitors.notify.roster import Person, Shift
from monitors.notify.rostering import NOBODY, Named, ShiftDraft
from pages import case_notes, context
from pages.ledger_fields import Fields
from pages.presses import press, pressed

_MADE = "roster-made"  # in the session state: how often something was made; the forms then start anew
_NAMES_CHARS = 600


class _ShiftFields(Fields):
    """Fields of the roster's forms."""

    def clock(self, field: str, label: str, value: time, where: Any) -> time | None:
        """A time of day."""
        told: time | None = where.time_input(label, value, key=self._name(field), step=1800)
        self._below(field, where)
        return told

    def person(self, field: str, label: str, people: Sequence[Person], held: Named, where: Any) -> Named:
        """An account of the desk, or a name typed in; nobody where left empty."""
        known = {str(one.id): f"{one.name}（{one.role}）" for one in people}
        value = str(held.id) if held.id is not None else held.name
        if held.id is not None and value not in known:
            known[value] = f"{held.name}（账号不可用）"
        options = list(known) + ([value] if value and value not in known else [])
        told = where.selectbox(
            label, options, index=options.index(value) if value else None, key=self._name(field),
            format_func=lambda one: known.get(one, one), placeholder="选择或直接填写姓名", accept_new_options=True,
        )  # fmt: skip
        self._below(field, where)
        if not told:
            return NOBODY
        return Named(id=int(told)) if told in known else Named(str(told))


def draw(
    desk: str, monday: date, shifts: Sequence[Shift], officers: Sequence[Person], leaders: Sequence[Person]
) -> None:
    """The ways to make and to change shifts of this week."""
    made = st.session_state.get(_MADE, 0)
    chosen = st.segmented_control(
        "排班方式", ("连续排班", "单独一班", "修改班次", "复制上一周"), key="roster-way", default="连续排班",
        label_visibility="collapsed",
    )  # fmt: skip
    key = f"roster-{desk}-{monday}-{made}"
    if chosen == "单独一班":
        _one(key, desk, monday, officers, leaders)
    elif chosen == "修改班次":
        _change(key, desk, shifts, officers, leaders)
    elif chosen == "复制上一周":
        _copy(key, desk, monday)
    else:
        _series(key, desk, monday, officers, leaders)


def _first_day(monday: date) -> date:
    return max(monday, local(utc_now()).date())


def _series(key: str, desk: str, monday: date, officers: Sequence[Person], leaders: Sequence[Person]) -> None:
    fields = Fields(f"{key}-series", desk)
    with st.form(fields.key, border=True):
        left, middle, right = st.columns(3)
        begin = _first_day(monday)
        first = fields.day("first", "开始日期 *", begin, where=left)
        last = fields.day("last", "结束日期 *", max(begin, monday + timedelta(days=6)), where=middle)
        times = fields.text("times", "每天交接班时间 *", "08:00、20:00", where=right)
        named = fields.text(
            "officers", "值班员（按班次轮流，用顿号隔开）", most=_NAMES_CHARS, placeholder=_hint(officers)
        )
        led = fields.text(
            "leaders", "带班领导（按班次轮流，用顿号隔开）", most=_NAMES_CHARS, placeholder=_hint(leaders)
        )
        st.caption("姓名与本地区账号相同的自动对应账号；不填则班次先空着，显示为红色。已有班次的时段不重排。")
        sent = fields.send("排班", icon=":material/event_available:")
    hours = _times(times)
    if sent and hours is None:
        fields.complain([Fault("times", "交接班时间请写成 08:00、20:00")])
    elif sent and (first is None or last is None):
        fields.complain([Fault("first", "请填写起止日期")])
    elif sent and first and last and hours:
        _made(fields, lambda connection, actor: rostering.series(
            connection, actor, desk, first, last, times=hours, officers=_people(named, officers),
            leaders=_people(led, leaders), now=utc_now()).words)  # fmt: skip


def _hint(people: Sequence[Person]) -> str:
    return f"如：{'、'.join(one.name for one in people[:4])}" if people else "本地区没有相应账号，可直接填写姓名"


def _times(words: str) -> list[time] | None:
    try:
        return [time.fromisoformat(one.strip().zfill(5)) for one in _parts(words.replace("：", ":"))]
    except ValueError:
        return None


def _parts(words: str) -> list[str]:
    return [one.strip() for one in words.replace("，", "、").replace(",", "、").split("、") if one.strip()]


def _people(words: str, known: Sequence[Person]) -> list[Named]:
    """Names as typed; one that is an account's is that account. Two accounts of one name: the name alone."""
    ids: dict[str, list[int]] = {}
    for one in known:
        ids.setdefault(one.name, []).append(one.id)
    return [Named(name, ids[name][0] if len(ids.get(name, ())) == 1 else None) for name in _parts(words)]


def _one(key: str, desk: str, monday: date, officers: Sequence[Person], leaders: Sequence[Person]) -> None:
    fields = _ShiftFields(f"{key}-one", desk)
    with st.form(fields.key, border=True):
        start = datetime.combine(_first_day(monday), time(8), SHANGHAI)
        draft = _draft(fields, ShiftDraft(desk, start, start + timedelta(hours=12)), officers, leaders)
        sent = fields.send("添加班次", icon=":material/add:")
    if sent and draft is None:
        fields.complain([Fault("on", "请填写日期和时间")])
    elif sent and draft is not None:
        _made(fields, lambda connection, actor: _added(connection, actor, draft))


def _change(
    key: str, desk: str, shifts: Sequence[Shift], officers: Sequence[Person], leaders: Sequence[Person]
) -> None:
    now = utc_now()
    open_ = {one.id: one for one in shifts if one.ends_at > now}
    if not open_:
        st.caption("本周没有可修改的班次；已结束的班次是值班记录，不能修改。")
        return
    number = st.selectbox("班次", list(open_), key=f"{key}-which", format_func=lambda one: open_[one].words)
    held = open_[number]
    fields = _ShiftFields(f"{key}-{held.id}-{held.revision}", held.id)
    with st.form(fields.key, border=True):
        before = ShiftDraft(
            desk, held.starts_at, held.ends_at, Named(held.officer, held.officer_id),
            Named(held.leader, held.leader_id), held.note,
        )  # fmt: skip
        draft = _draft(fields, before, officers, leaders)
        sent = fields.send("保存修改")
    if sent and draft is None:
        fields.complain([Fault("on", "请填写日期和时间")])
    elif sent and draft is not None:
        _made(fields, lambda connection, actor: _edited(connection, actor, held, draft))
    if held.starts_at > now:
        with st.popover("删除该班次", icon=":material/delete:", key=f"{key}-remove-open-{held.id}"):
            name = f"{key}-remove-{held.id}-{held.revision}"
            st.write("删除后该时段无人值班，审计记录保留。")
            st.button("确认删除", key=name, type="primary", on_click=press, args=(name, held.id))
            if pressed(name, held.id):
                with context.explained():
                    with context.act() as connection:
                        rostering.remove(connection, context.actor(), held.id, held.revision, now=utc_now())
                    _done("班次已删除")


def _draft(
    fields: _ShiftFields, held: ShiftDraft, officers: Sequence[Person], leaders: Sequence[Person]
) -> ShiftDraft | None:
    """The shift as entered; the end is on the next day where its time is not after the beginning's."""
    start, end = local(held.starts_at), local(held.ends_at)
    first, second, third = st.columns(3)
    day = fields.day("on", "日期 *", start.date(), where=first)
    begins = fields.clock("starts", "开始 *", start.time(), second)
    ends = fields.clock("ends", "结束 *（不晚于开始即为次日）", end.time(), third)
    left, right = st.columns(2)
    officer = fields.person("officer", "值班员", officers, held.officer, left)
    leader = fields.person("leader", "带班领导", leaders, held.leader, right)
    note = fields.text(
        "note", "备注", held.note, most=rostering.NOTE_CHARS, placeholder="如：替班原因、联系方式所在文件"
    )
    if not day or not begins or not ends:
        return None
    starts_at = datetime.combine(day, begins, SHANGHAI)
    ends_at = datetime.combine(day if ends > begins else day + timedelta(days=1), ends, SHANGHAI)
    return ShiftDraft(held.region, starts_at, ends_at, officer, leader, note)


def _copy(key: str, desk: str, monday: date) -> None:
    before = monday - timedelta(days=7)
    fields = Fields(f"{key}-copy", desk)
    with st.form(fields.key, border=True):
        st.write(f"把 {before} 起一周的班次和人员照样排到 {monday} 起的一周；已有班次的时段不重排，停用的账号留空。")
        sent = fields.send("复制上一周", icon=":material/content_copy:")
    if sent:
        _made(fields, lambda connection, actor: rostering.copy_week(
            connection, actor, desk, monday, now=utc_now()).words)  # fmt: skip


def _added(connection: Connection, actor: Actor, draft: ShiftDraft) -> str:
    rostering.add(connection, actor, draft, now=utc_now())
    return "班次已添加"


def _edited(connection: Connection, actor: Actor, held: Shift, draft: ShiftDraft) -> str:
    rostering.edit(connection, actor, held.id, held.revision, draft, now=utc_now())
    return "班次已修改"


def _made(fields: Fields, work: Callable[[Connection, Actor], str]) -> None:
    told: list[str] = []
    if fields.run(lambda connection, actor: told.append(work(connection, actor))):
        _done(told[0])


def _done(words: str) -> None:
    st.session_state[_MADE] = st.session_state.get(_MADE, 0) + 1
    case_notes.done(words)
