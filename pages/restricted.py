"""受限信息 in a record's drawer: which fields are filled; their values for a reason, which is recorded; the form."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from monitors.access import restricted
from monitors.access.restricted import FIELDS, Fields, Summary
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from pages import context
from pages.markup import joined, tag
from pages.presses import again, press, pressed

KIND = "story"
REASONS = ("核实情况", "联系当事人", "交办", "其他")
_SHOWN = "restricted_shown"  # in the session state: (record, token hash, values, revision) until the drawer closes
_NOTE = "restricted_note"


@dataclass(frozen=True, slots=True)
class Subject:
    """The record whose fields these are. ``id`` is what its page calls it; ``name`` as in ``本事件``."""

    kind: str
    id: int | str
    target: str
    region: str
    name: str


def offered() -> bool:
    """Whether this person has anything to do with restricted fields at all."""
    return context.may("restricted.read") or context.may("restricted.write")


def forget(record: int | str | None = None) -> None:
    """What was read is shown no longer; the values of ``record`` stay where its drawer is still open."""
    shown = st.session_state.get(_SHOWN)
    if shown is not None and shown[0] != record:
        del st.session_state[_SHOWN]


def panel(found: Subject, held: Summary | None) -> None:
    """The tab. ``held``: what the record has, read in the same snapshot as the dossier."""
    if (note := st.session_state.pop(_NOTE, None)) is not None:
        st.info(note)
    values = _shown(found.id, held)
    if held is None:
        st.caption(f"{found.name}没有登记受限信息。登记的内容加密保存，查看须写明事由并留痕。")
    else:
        again = f"，{stamp(held.updated_at)} 更新" if held.updated_at != held.created_at else ""
        st.markdown(f"已登记：**{held.words}**　（{stamp(held.created_at)} 登记{again}）")
        if values is None:
            _ask(found)
        else:
            _show(values)
    if context.may("restricted.write") and (held is None or values is not None):
        _form(found, held, values or Fields())


def _shown(record: int | str, held: Summary | None) -> Fields | None:
    shown = st.session_state.get(_SHOWN)
    if shown is None or held is None:
        return None
    mine = shown[0] == record and shown[1] == context.signed().token_hash and shown[3] == held.revision
    return shown[2] if mine and context.may("restricted.read") else None


def _ask(found: Subject) -> None:
    if not context.may("restricted.read"):
        return
    with st.form("restricted-read", border=True):
        st.caption("查看前请写明事由；查看人、时间和事由记入审计记录。")
        reason, more, ask = st.columns([1, 2, 1], vertical_alignment="bottom")
        chosen = reason.selectbox("事由", REASONS, key="restricted-reason", filter_mode=None)
        words = more.text_input("说明", key="restricted-words", max_chars=100, placeholder="选“其他”时必填")
        ask.form_submit_button(
            "查看", icon=":material/visibility:", width="stretch", on_click=press, args=("restricted-ask", found.id)
        )
    if not pressed("restricted-ask", found.id):
        return
    if chosen == "其他" and not words.strip():
        st.warning("请填写说明后再查看。")
        return
    why = f"{chosen}：{words.strip()}" if words.strip() else chosen
    with context.explained():
        who = context.signed()
        kind, target = found.kind, found.target
        values = restricted.read(context.store(), who.actor, kind, target, found.region, why=why, now=utc_now())
        with context.look() as connection:
            held = restricted.summary(connection, who.actor, kind, target, found.region)
        if held is not None:
            st.session_state[_SHOWN] = (found.id, who.token_hash, values, held.revision)
            again()


def _show(values: Fields) -> None:
    rows = [joined(tag("dt", FIELDS[name]), tag("dd", getattr(values, name))) for name in values.filled]
    st.html(tag("div", tag("dl", *rows, class_="single"), class_="dossier"))
    st.caption("关闭本窗口后不再显示。请勿截图、外传。")


def _form(found: Subject, held: Summary | None, values: Fields) -> None:
    with st.expander("登记受限信息" if held is None else "更正或删除", key="restricted-edit"):
        said = st.container()  # above the fields: below the button a message would stand outside the window
        with st.form("restricted-write", border=False):
            left, right = st.columns(2)
            reporter = left.text_input(FIELDS["reporter"], values.reporter, key="restricted-reporter", max_chars=60)
            phone = right.text_input(FIELDS["phone"], values.phone, key="restricted-phone", max_chars=60)
            identity = left.text_input(FIELDS["identity"], values.identity, key="restricted-identity", max_chars=30)
            note = st.text_area(FIELDS["note"], values.note, key="restricted-note", max_chars=restricted.MAX_CHARS)
            st.form_submit_button(
                "保存", type="primary", icon=":material/save:", on_click=press, args=("restricted-save", found.id)
            )
        if pressed("restricted-save", found.id):
            with said:
                _save(found, held, Fields(reporter, phone, identity, note))
        if held is not None:
            sure = st.checkbox(f"确认删除{found.name}的全部受限信息（不可恢复）", key="restricted-sure")
            st.button(
                "删除受限信息",
                disabled=not sure,
                key="restricted-remove",
                icon=":material/delete:",
                on_click=press,
                args=("restricted-remove", found.id),
            )
            if pressed("restricted-remove", found.id):
                with said:
                    _remove(found)


def _save(found: Subject, held: Summary | None, fields: Fields) -> None:
    revision = held.revision if held else None
    try:
        with context.act() as connection:
            who = context.actor()
            restricted.write(
                connection, who, found.kind, found.target, found.region, fields, revision=revision, now=utc_now()
            )
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    _done("受限信息已加密保存。")


def _remove(found: Subject) -> None:
    try:
        with context.act() as connection:
            restricted.remove(connection, context.actor(), found.kind, found.target, found.region, now=utc_now())
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    _done("受限信息已删除。")


def _done(words: str) -> None:
    forget()
    st.session_state[_NOTE] = words
    again()
