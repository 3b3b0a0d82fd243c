"""实时值班: is the watch alive, what is open, what is new. Looks every few seconds, draws again what changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.scope import Scope
from monitors.clock import utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.notify import roster
from monitors.opinion import board, export
from pages import charts, context, screen, signed, story

_LOG = logging.getLogger("monitors.pages")
_TABLES = ("alert", "story", "item", "meta")
CHOSEN, PAGE, DRAWN, FRAME, LIST = "duty_chosen", "duty_page", "duty_drawn", "duty_frame", "duty-list"
_REGIONS = 32  # scopes kept at a time: the province, its 16 prefectures, and the counties that are looking
_FORMATS: dict[sheets.Format, str] = {"xlsx": "Excel 表格（.xlsx）", "csv": "CSV（Excel 可直接打开）"}


# ── ask ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _now() -> datetime:
    return utc_now()


# ── query: keyed by the data versions, the scope, and the minute (windows move, alerts fall overdue by themselves) ────
@st.cache_data(max_entries=_REGIONS, show_spinner=False)
def _counts(version: tuple[str, ...], scope: Scope, minute: datetime) -> board.Counts:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return board.counts(connection, scope, context.settings(), minute)


@st.cache_data(max_entries=2 * _REGIONS, show_spinner=False)
def _board(version: tuple[str, ...], scope: Scope, minute: datetime, chosen: str, page: int) -> dict[str, Any]:
    size = context.settings().duty.page_size
    with context.store().read() as connection:
        alerts = board.open_alerts(
            connection,
            scope,
            level=chosen if chosen != "new" else "",
            unsigned_only=chosen == "new",
            limit=size,
            offset=(page - 1) * size,
        )
    return screen.board_payload(_counts(version, scope, minute), alerts, chosen=chosen, page=page, page_size=size)


@st.cache_data(max_entries=_REGIONS, show_spinner=False)
def _charts(version: tuple[str, ...], scope: Scope, minute: datetime) -> tuple[dict[str, Any] | None, ...]:
    with context.store().read() as connection:
        hours = board.hourly_levels(connection, scope, context.settings(), minute)
        places = board.prefecture_counts(connection, scope)
    # A county has no parts to compare.
    drawn = charts.by_prefecture(places, screen.parts_name(scope)) if places and screen.parts_name(scope) else None
    return charts.hourly(hours, _counts(version, scope, minute).hours) if hours else None, drawn


@st.cache_data(max_entries=_REGIONS, show_spinner=False)
def _wall(version: tuple[str, ...], scope: Scope, minute: datetime) -> tuple[Any, ...]:
    with context.store().read() as connection:
        alerts = board.open_alerts(connection, scope, limit=screen.WALL_ROWS)
        places = board.prefecture_counts(connection, scope) if screen.parts_name(scope) else ()
        return _counts(version, scope, minute), alerts, places, board.demo_mark(connection)


@st.cache_data(max_entries=_REGIONS, show_spinner=False)
def _alarm(version: tuple[str, ...], scope: Scope) -> tuple[datetime, str] | None:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return board.alarm(connection, scope)


@st.cache_data(ttl=15, max_entries=2, show_spinner=False)
def _trouble() -> board.Trouble:
    with context.store().read() as connection:
        return board.troubled_sources(connection, context.settings(), utc_now())


def _pulse(version: tuple[str, ...], minute: datetime, now: datetime) -> dict[str, Any]:
    actor = context.reader()
    scope = actor.scope
    with context.store().read() as connection:
        strip = board.strip(connection, context.settings(), now)
        shift = roster.warning(connection, scope.region, now)
    unsigned = sum(row.unsigned for row in _counts(version, scope, minute).levels if row.level in board.URGENT_LEVELS)
    return screen.pulse_payload(
        strip,
        _trouble() if actor.may("source.view") else None,
        _alarm(version, scope),
        unsigned=unsigned,
        place="" if scope.everything else signed.short_region(scope.region),
        roster=shift,
        refresh=context.settings().duty.refresh_seconds,
        now=now,
    )


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _choose() -> None:
    st.session_state[CHOSEN] = str(st.session_state["board"].choose or "")
    st.session_state[PAGE] = 1


def _open() -> None:
    # By way of the address: the drawer belongs to the page, so it stays when the list is drawn again.
    if (clicked := st.session_state["board"].open) is not None:
        st.query_params["story"] = str(int(clicked))
        st.rerun()


def _turn() -> None:
    st.session_state[PAGE] = max(1, int(st.session_state["board"].page or 1))


def _explained(draw: Callable[[], None]) -> None:
    """Run ``draw``; what the database refuses is said in Chinese, and the next look tries again."""
    try:
        draw()
    except RefusedError as error:
        st.warning(f"{error}。", icon="🔒")
    except MonitorsError as error:
        st.error(f"{error}。本页会自动重试。", icon="⛔")
    except SQLAlchemyError:
        _LOG.exception("the duty page could not be refreshed")
        st.error("数据库读取失败，本页会自动重试；长时间不恢复请通知管理员查看日志。", icon="⛔")


def _state() -> tuple[tuple[str, ...], datetime]:
    """What the page was drawn for: when it differs, something changed or a minute has passed."""
    return context.versions(*_TABLES), _now().replace(second=0, microsecond=0)


@st.fragment(run_every=context.settings().duty.refresh_seconds)
def _look(*, wall: bool) -> None:
    """Every few seconds: the strip. The rest of the page is drawn again only when it would be another."""
    _explained(_wall_screen if wall else _strip)


def _strip() -> None:
    context.stay()
    version, minute = state = _state()
    pulse = _pulse(version, minute, _now())
    # The strip's own script answers with ``_changed``, once for each new state: so the list alone is drawn again,
    # and a drawer that is being read is left in peace.
    pulse["changed"] = screen.opaque(state) if state != st.session_state.get(DRAWN) else ""
    screen.show_pulse(pulse, on_changed=_changed)


def _changed() -> None:
    frame = _frame_state()
    empty, _ = frame
    if st.session_state.get(FRAME) == frame and not empty:
        st.rerun(LIST)
    st.rerun()


def _frame_state() -> tuple[bool, str | None]:
    """What the page outside the list depends on."""
    with context.store().read() as connection:
        return board.is_empty(connection), board.demo_mark(connection)


def _wall_screen() -> None:
    context.stay()
    version, minute = _state()
    scope = context.scope()
    counts, alerts, places, demo = _wall(version, scope, minute)
    pulse = _pulse(version, minute, _now())
    name, parts = context.settings().site.name, screen.parts_name(scope)
    screen.show_wall(
        screen.wall_payload(counts, alerts, places, name=name, parts=parts, demo=demo is not None, pulse=pulse)
    )


@st.fragment(key=LIST)
def _list() -> None:
    """Cards, list and charts; a fragment, so that a filter or a page turned asks for nothing else."""
    st.session_state[DRAWN] = _state()
    _explained(_draw_list)


def _draw_list() -> None:
    version, minute = st.session_state[DRAWN]
    scope = context.scope()
    chosen, page = st.session_state.get(CHOSEN, ""), st.session_state.get(PAGE, 1)
    left, right = st.columns([3.3, 1], gap="medium")
    with left:
        payload = _board(version, scope, minute, chosen, page)
        screen.show_board(payload, on_open=_open, on_choose=_choose, on_page=_turn)
    with right:
        hours, places = _charts(version, scope, minute)
        st.markdown("**近 24 小时欠薪相关报道**（篇/小时）")
        if hours is None:
            st.caption("近 24 小时没有欠薪相关报道。")
        else:
            st.vega_lite_chart(hours, key="hours", width="stretch")
        if places is not None:
            st.markdown(f"**未办结警情 · 按{screen.parts_name(scope)}**（起）")
            st.vega_lite_chart(places, key="places", width="stretch")
        if context.may("story.export"):
            _export(chosen)


def _export(chosen: str) -> None:
    filters = export.AlertFilters(
        levels=(chosen,) if chosen not in ("", "new") else (),
        states=(board.NEW_STATE,) if chosen == "new" else (),
        open_only=True,
    )
    with st.popover("导出警情清单", width="stretch", icon=":material/download:", key="duty-export"):
        st.caption(f"条件：{filters.words()}。文件含截至时间与条件。")
        for fmt, name in _FORMATS.items():
            st.download_button(
                name,
                partial(_alerts_file, context.held(), filters, fmt),
                file_name=export.file_name("警情清单", fmt, _now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"alerts-{fmt}",
                width="stretch",
            )


def _alerts_file(held: context.Held, filters: export.AlertFilters, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, not every few seconds; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return export.alerts_file(context.store(), actor, filters, fmt, utc_now(), settings=context.settings())


def main() -> None:
    """The page."""
    wall = st.query_params.get("wall") == "1"
    st.session_state[DRAWN], st.session_state[FRAME] = _state(), _frame_state()
    _look(wall=wall)
    if wall or context.offer_demo():
        return
    _list()
    story.show_chosen()


main()
