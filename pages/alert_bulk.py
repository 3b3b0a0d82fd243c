"""What is done with several alerts at once: 签收, 转核查, a list of them as a file; each is told how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import streamlit as st

from monitors import sheets
from monitors.clock import utc_now
from monitors.desk import bulk, queue, queue_export
from monitors.desk.bulk import Outcome
from monitors.desk.queue import MAX_IDS, Query
from monitors.desk.ways import CHECKING
from monitors.errors import MonitorsError
from pages import context, presses
from pages.alert_fields import AlertFields
from pages.markup import tag

_ASKED = "alert-bulk"  # in the session state: (what is to be done, ids)
_SEEN = "alert-bulk-seen"  # (ids, {id: the revision this person looked at}) of the form
_SAID = "alert-bulk-said"  # how the last act went: (verb, outcomes)
_SHOWN = 20  # refusals named; the rest are counted
_FORMATS: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}
_HOURS = 24  # offered for a check where nobody says otherwise


def sign(ids: Sequence[int]) -> None:
    """For a callback: sign these in this person's name; ``say`` tells how it went."""
    try:
        with context.act() as connection:
            done = bulk.bulk_sign(connection, context.actor(), ids, settings=context.settings(), now=utc_now())
    except MonitorsError as error:
        st.session_state[_SAID] = ("签收", str(error))
    else:
        st.session_state[_SAID] = ("签收", done)


def say() -> None:
    """Tell how the last act on several alerts went; whatever failed stays, with its reason, until it was read."""
    held = st.session_state.get(_SAID)
    if held is None:
        return
    act, done = held
    if isinstance(done, str):
        st.session_state.pop(_SAID)
        st.toast(f"{done.rstrip('。')}。", icon="🔒", duration="long")
        return
    good, bad = [one for one in done if one.done], tuple(one for one in done if not one.done)
    if good:
        numbers = "、".join(one.number for one in good[:3]) + (" 等" if len(good) > 3 else "")
        st.toast(f"已{act} {len(good)} 起：{numbers}", icon=":material/check_circle:")
    if bad:
        # A refresh every few seconds must not take the reasons away.
        st.session_state[_SAID] = (act, bad)
        _failed(act, bad)
        st.button("知道了", key="alerts-read", on_click=_read)
    else:
        st.session_state.pop(_SAID)


def _read() -> None:
    st.session_state.pop(_SAID, None)


def _failed(act: str, bad: Sequence[Outcome]) -> None:
    lines = [tag("li", f"{one.number or '一起警情'}：{one.words}") for one in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(tag("li", f"另有 {len(bad) - _SHOWN} 起未成"))
    st.html(tag("div", tag("p", f"{len(bad)} 起未能{act}："), tag("ul", *lines), class_="problems", role="alert"))


def ask(what: str, ids: Sequence[int]) -> None:
    """From here on the form (``check``) or the files (``export``) for these alerts stand open."""
    st.session_state[_ASKED] = (what, tuple(ids)[:MAX_IDS])


def show_asked() -> bool:
    """Draw what was asked for, if anything."""
    asked = st.session_state.get(_ASKED)
    if not asked:
        return False
    what, ids = asked
    if what == "check":
        _check(ids)
    elif what == "export":
        _export(ids)
    else:
        _closed()
        return False
    return True


def _closed() -> None:
    st.session_state.pop(_ASKED, None)
    st.session_state.pop(_SEEN, None)
    presses.forget()


@st.dialog("批量转核查", width="medium", on_dismiss=_closed)
def _check(ids: tuple[int, ...]) -> None:
    with context.explained():
        with context.look() as connection:
            who = context.actor()
            who.require("alert.work", kind="alert")
            rows = queue.chosen(connection, who, ids)
        st.caption(f"已选 {len(rows)} 起，交同一核查单位。不符合条件的逐起说明原因，不影响其他警情。")
        fields = AlertFields("alert-check", ids)
        with st.form("alert-check", border=False):
            left, right = st.columns(2)
            unit = fields.text("unit", "核查单位 *", where=left)
            person = fields.text("person", "核查人 *", where=right)
            due = fields.moment("check_due_at", "核查时限 *", utc_now() + timedelta(hours=_HOURS))
            sent = fields.send(f"转核查 {len(rows)} 起")
        chosen = _seen(ids, {row.id: row.revision for row in rows})
        values = {"unit": unit, "person": person, "check_due_at": due}
        done: list[tuple[Outcome, ...]] = []
        if sent and fields.run(
            lambda connection, actor: done.append(
                bulk.bulk_move(
                    connection, actor, chosen, CHECKING, values, settings=context.settings(), now=utc_now()
                )
            )
        ):  # fmt: skip
            _closed()
            st.session_state[_SAID] = ("转核查", done[0])
            st.rerun()


def _seen(ids: tuple[int, ...], now: dict[int, int]) -> dict[int, int]:
    """The revisions as the form was opened: whoever was faster while it was filled in is named."""
    held = st.session_state.get(_SEEN)
    if held is None or held[0] != ids:
        held = st.session_state[_SEEN] = (ids, now)
    return {one: held[1].get(one, revision) for one, revision in now.items()}


@st.dialog("导出所选警情", width="small", on_dismiss=_closed)
def _export(ids: tuple[int, ...]) -> None:
    with context.explained():
        st.caption(f"已选 {len(ids)} 起；每次导出留痕。")
        downloads("alerts-chosen", lambda: Query(tab="全部", ids=ids))


def downloads(key: str, query: Callable[[], Query]) -> None:
    """A button for each format; the file is made when somebody clicks, for whoever is signed in then."""
    for fmt, name in _FORMATS.items():
        st.download_button(
            name,
            partial(_file, context.held(), query(), fmt),
            file_name=queue_export.file_name(fmt, utc_now()),
            mime=sheets.MIME[fmt],
            on_click="ignore",
            key=f"{key}-{fmt}",
            width="stretch",
        )


def _file(held: context.Held, query: Query, fmt: sheets.Format) -> bytes:
    actor = context.actor_of(held)
    return queue_export.made(context.store(), actor, query, fmt, settings=context.settings(), now=utc_now())
