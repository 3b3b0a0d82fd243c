"""The parts of 趋势 below its first chart: one is drawn at a time, so that a look stays small."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from monitors.hotspots import series, series_view
from monitors.hotspots.bursts import Burst
from monitors.ledger.model import CLOSED_CASE
from monitors.opinion.model import LEVEL_NAMES, STANCE_NAMES
from monitors.regions import divisions
from pages import context, trend_charts, trend_data, trend_export, trend_forecast, trend_sight, trend_tables
from pages.hotspot_map import Look
from pages.trend_data import Asked
from pages.trend_words import HELP

_LISTED = 12  # bursts in the list
_KINDS = 7  # parts of a whole that are told apart; the rest is 其他
REST = "其他"


def head(title: str, name: str, words: str = "") -> None:
    """A heading with how its figures come about behind a button."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"trend-head-{name}"):
        st.markdown(f"**{title}**", width="content")
        if words:
            st.caption(words, width="stretch")
        with st.popover("怎么算的", type="tertiary", icon=":material/help:"):
            st.write(HELP[name])


def named(key: str) -> str:
    """A series' name: of a place, or ``关键词“讨薪”``."""
    dimension, _, value = key.partition("/")
    return f"{dimension}“{kind_name(dimension, value)}”" if value else divisions.short_name(key)


def kind_name(dimension: str, value: str) -> str:
    """How a value of a dimension is written."""
    if dimension == "立场":
        return STANCE_NAMES.get(value, value)
    return LEVEL_NAMES.get(value, value) if dimension == "级别" else value


def _of(asked: Asked, *, before: bool = False) -> series.Daily:
    """Daily counts of the window alone, or with the days it is held against."""
    found = trend_data.places(asked)
    if before:
        return found
    skip = (asked.window.first - found.first).days
    return series.Daily(asked.window.first, found.keys, found.counts[:, skip:])


# ── 总览 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def overview(asked: Asked, _: object) -> None:
    unit = series.UNITS[asked.window.data_set]
    daily, judged = _of(asked), trend_data.judged(asked)
    look: Look = "dark" if st.context.theme.type == "dark" else "light"
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        head("日历", "calendar")
        st.vega_lite_chart(
            trend_charts.calendar(daily.days, daily.total.tolist(), trend_data.festivals(daily.days), unit, look=look),
            key="trend-calendar",
            width="content",
            alt=f"每日{unit}数的日历图",
        )
    with right:
        head("超出平常的上升", "bursts")
        _bursts(asked, judged, unit)
    parts = series_view.parts_of(asked.window.region)
    places = _of(asked, before=True)
    by_part = series_view.by_part(places, parts)
    by_week = series_view.weekly(by_part, asked.weeks)
    kind = (
        "各州市"
        if len(parts) == 16 and asked.window.region.endswith("0000")
        else "各县（市、区）"
        if len(parts) > 1
        else "本县（市、区）"
    )
    apart = "；各图纵轴不同，不能互比高低" if len(parts) > 1 else ""
    head(f"{kind}逐周", "multiples", f"灰带为通常的八成区间{apart}")
    if by_week.shape[1] < 2:
        st.info("不足两周，画不出逐周的线。", icon=":material/info:")
        return
    raised = [judged.found[code].significant for code in parts]
    sights = trend_sight.sights(asked)
    st.vega_lite_chart(
        trend_charts.multiples(
            [f"{'○ ' if _blind(sights, code) else ''}{divisions.short_name(code)}" for code in parts],
            by_week,
            series_view.expected(by_part, asked.weeks),
            series_view.week_ends(by_part, asked.weeks),
            raised=raised,
            unit=unit,
        ),
        key="trend-multiples",
        alt=f"{kind}每周{unit}数与通常水平",
    )


def _bursts(asked: Asked, judged: trend_data.Judged, unit: str) -> None:
    if (asked.window.last - asked.with_before.first).days < series_view.LEAST_BASELINE + series_view.GAP:
        st.info("此前的数据不足半个月，还说不出什么是“平常”。", icon=":material/info:")
        return
    found = series_view.ordered(list(judged.found.values()), named)
    _blind_words(asked)
    if not found:
        st.success(f"没有超出平常的上升（共看了 {len(judged.found)} 个序列）。", icon=":material/check:")
        return
    said = [
        (series_view.burst_words(one, name, unit, asked.window.last, judged.first), _chance(one))
        for name, one in found[:_LISTED]
    ]
    st.html(trend_tables.bursts(said))
    more = f"另有 {len(found) - _LISTED} 项未列。" if len(found) > _LISTED else ""
    st.caption(f"共看了 {len(judged.found)} 个序列，{len(found)} 项显著。{more}")


def _blind(sights: Mapping[str, tuple[str, str]], code: str) -> bool:
    return sights.get(code, ("", ""))[0] == "盲区"


def _blind_words(asked: Asked) -> None:
    """What nobody watches is never passed over where a page would otherwise sound calm."""
    sights = trend_sight.sights(asked)
    number = sum(_blind(sights, code) for code in series_view.counties_of(asked.window.region))
    if number:
        st.caption(f"○ {number} 个县（市、区）是盲区：没有数字不等于平静。")


def _chance(one: Burst) -> str:
    return f"校正后概率 {trend_tables.chance(one.q_value)}"


# ── 县（市、区） ─────────────────────────────────────────────────────────────────────────────────────────────────────
def counties(asked: Asked, saved: st.delta_generator.DeltaGenerator) -> None:
    sights = trend_sight.sights(asked)
    rows = trend_data.county_rows(asked)
    head("县（市、区）升降", "counties")
    with st.container(horizontal=True, vertical_alignment="center"):
        by = st.segmented_control(
            "排序", ORDERS, default=ORDERS[0], required=True, key="trend-order", label_visibility="collapsed"
        )
        _blind_words(asked)
    if by == ORDERS[1]:
        rows = sorted(rows, key=lambda row: (-row.chosen, row.code))
    elif by == ORDERS[2]:
        rows = sorted(rows, key=lambda row: row.code)
    weeks = len(rows[0].weekly) if rows else 0
    st.html(trend_tables.counties(rows, sights, trend_tables.address(st.query_params.to_dict()), weeks=weeks))
    if context.may(trend_export.ACTIONS[asked.window.data_set]):
        with saved:
            trend_export.button(asked)


ORDERS = ("变化大的在前", "数量多的在前", "按行政区划")


# ── 构成 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def shares(asked: Asked, _: object) -> None:
    unit = series.UNITS[asked.window.data_set]
    choices = [name for name in trend_data.dimensions(asked) if name not in ("关键词", "标签")]
    first = "立场" if "立场" in choices else "办理状态"
    head("逐周构成", "shares")
    by = st.segmented_control(
        "按",
        choices,
        default=first,
        required=True,
        key=f"trend-by-{asked.window.data_set}",
        label_visibility="collapsed",
    )
    dimension = by or first
    daily = trend_data.named(asked, dimension)
    if dimension == "办理状态":
        daily = daily.grouped({state: "已销账" if state in CLOSED_CASE else "未结" for state in daily.keys})
    keys = [key for key in _ordered(dimension, daily) if daily.of(key).sum()]
    if len(keys) > _KINDS + 1:
        kept = keys[:_KINDS]
        daily = daily.grouped({key: key if key in kept else REST for key in keys})
        keys = [*kept, REST]
    by_week = series_view.weekly(daily.grouped({key: key for key in keys}), asked.weeks) if keys else None
    if by_week is None or not by_week.sum():
        st.info("这段时间没有可分的数。", icon=":material/info:")
        return
    order = daily.grouped({key: key for key in keys}).keys
    ends = series_view.week_ends(daily, asked.weeks)
    rows = [order.index(key) for key in keys]
    st.vega_lite_chart(
        trend_charts.shares(keys, by_week[rows], ends, unit=unit, named=lambda key: kind_name(dimension, key)),
        key=f"trend-shares-{dimension}",
        alt=f"每周{unit}数按{dimension}的构成",
    )


def _ordered(dimension: str, daily: series.Daily) -> list[str]:
    fixed = {"立场": tuple(STANCE_NAMES), "级别": tuple(LEVEL_NAMES), "办理状态": ("未结", "已销账")}.get(dimension, ())
    others = [key for key in trend_data.most(daily, len(daily.keys)) if key not in fixed]
    return [*(key for key in fixed if key in daily.keys), *others]


# ── 关键词、传播 ─────────────────────────────────────────────────────────────────────────────────────────────────────
def words(asked: Asked, _: object) -> None:
    dimension = "关键词" if asked.window.data_set == "舆情" else "标签"
    head("用词升降" if dimension == "关键词" else "标签升降", "words", "近 28 天与前 28 天相比")
    found = series_view.words(
        trend_data.named(asked, dimension), trend_data.places(asked).total, q=context.settings().hotspot.burst_q
    )
    if not found:
        st.info("数据不足 35 天，或这段时间没有词可比。", icon=":material/info:")
        return
    rising = sum(one.rising for one in found)
    st.caption(
        f"共比较 {len(found)} 个词，{rising} 个显著上升。" if rising else f"共比较 {len(found)} 个词，没有显著上升的。"
    )
    st.html(trend_tables.words(found, str, searched=dimension == "关键词"))


def speeds(asked: Asked, _: object) -> None:
    head("传播最快的事件", "speeds")
    found = trend_data.spreads(asked)
    if not found:
        st.info("这段时间没有两家以上媒体报道过的事件。", icon=":material/info:")
        return
    st.html(trend_tables.speeds(found, trend_tables.address(st.query_params.to_dict()), now=asked.now))


VIEWS: Mapping[str, Callable[[Asked, st.delta_generator.DeltaGenerator], None]] = {
    "总览": overview,
    "县（市、区）": counties,
    "构成": shares,
    "关键词与标签": words,
    "传播速度": speeds,
    "未来四周": trend_forecast.panel,
}
STORIES_ALONE = ("传播速度",)
