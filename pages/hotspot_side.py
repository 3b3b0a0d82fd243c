"""What stands beside the map: the legend with its counts, the ten counties to look at first, the clusters in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from monitors.errors import InputError
from monitors.hotspots import layers, words
from monitors.hotspots.layers import CountyRow, Layer, Layers
from monitors.regions import shapes
from monitors.regions.shapes import Population
from pages import context, hotspot_map
from pages.hotspot_map import Look
from pages.markup import Html, joined, tag

FIRST = 10
_FILE = "population.csv"


# ── denominators ─────────────────────────────────────────────────────────────────────────────────────────────────────
def people() -> tuple[Mapping[str, Population], str]:
    """The populations, with the office's own over the shipped ones; in words, why its file was left aside."""
    try:
        return shapes.own_population(context.settings().data_dir / _FILE), ""
    except InputError as error:
        return shapes.population(), str(error)


def people_state() -> str:
    """Another word once the office's own file has changed."""
    try:
        return str((context.settings().data_dir / _FILE).stat().st_mtime_ns)
    except OSError:
        return ""


# ── legend ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def legend(layer: Layer, rows: Sequence[CountyRow], look: Look, found: Layers) -> None:
    """Every class with its colour, its sign and how many counties are of it; what the figure is, in one line."""
    counts = Counter(layers.class_of(layer, row) for row in rows)
    signs, told = hotspot_map.MARKS.get(layer, {}), hotspot_map.colours(layer, look)
    lines: list[Html] = []
    for index, (name, colour) in enumerate(told.items()):
        if name in (layers.NO_PEOPLE, layers.NOT_KNOWN) and not counts[index]:
            continue
        lines.append(tag("i", signs.get(name, ""), style=f"background:{colour}"))
        lines.append(tag("span", name))
        lines.append(tag("span", f"{counts[index]} 个", class_="n"))
    st.html(
        joined(
            tag("p", f"图例：{layer}（{len(rows)} 个县（市、区））", class_="hot-title"),
            tag("div", *lines, class_="hot-legend"),
            tag("p", _meaning(layer, rows, found), class_="hot-note"),
        )
    )


def _meaning(layer: Layer, rows: Sequence[CountyRow], found: Layers) -> str:
    rules = context.settings().hotspot
    what = "事件" if found.data_set == "舆情" else "案件"
    if layer == "加权事件":
        by = "I 级 8、II 级 4、III 级 2、IV 级 1" if found.data_set == "舆情" else "重大或挂牌 4、其他 1"
        return f"按级别加权（{by}），每过 {rules.half_life_days:g} 天减半。"
    if layer == "每万人率":
        years = sorted({(row.people.year, row.people.source) for row in rows if row.people})
        told = "、".join(f"{year} 年{source}" for year, source in years)
        _, fault = people()
        rest = f"{fault}。现用随附的数字。" if fault else ""
        return (
            f"近 {layers.RATE_DAYS} 天{what}数 ÷ 万人；人数：{told or '无'}。不足 {layers.FEW} 起的注明件数少。{rest}"
        )
    if layer == "聚集":
        often = f"▲ 预警，约 {rules.alert_days} 天以上一遇；● 关注，约 {rules.watch_days} 天以上一遇"
        return f"只标偶然难得一见的聚集：{often}。"
    if layer == "未结金额":
        return "台账未结案件的查实金额（未查实的按诉求）减已支付。"
    return "× 盲区：没有能报出当地事件的监测源，没有颜色不等于没有事。"


# ── what to look at first ────────────────────────────────────────────────────────────────────────────────────────────
def listed(layer: Layer, rows: Sequence[CountyRow], found: Layers) -> None:
    """The clusters in words under that layer, else the ten counties to look at first; each opens its drawer."""
    if layer == "聚集":
        _clusters(found)
    else:
        _first_ten(layer, rows)
    if found.unplaced:
        st.caption(f"另有 {found.unplaced} 起只知到州（市）或省，未落到县（市、区）。")


def _first_ten(layer: Layer, rows: Sequence[CountyRow]) -> None:
    order = sorted(rows, key=lambda row: (*(-one for one in layers.rank(layer, row)), row.code))
    chosen = [row for row in order if layers.rank(layer, row)[0] > 0][:FIRST]
    st.html(tag("p", f"重点{'十县（市、区）' if len(chosen) == FIRST else '县（市、区）'}", class_="hot-title"))
    if not chosen:
        st.caption("这一图层目前没有需要列出的县（市、区）。")
        return
    with st.container(key="hot-list"):
        for number, row in enumerate(chosen, start=1):
            st.button(
                f"{number}. {row.prefecture}{row.name}　{layers.words_of(layer, row)}",
                type="tertiary", key=f"hot-open-{row.code}", on_click=_open, args=(row.code,),
            )  # fmt: skip


def _clusters(found: Layers) -> None:
    shown = found.shown
    told = [one for one in shown.clusters if one.tier]
    st.html(tag("p", f"聚集 {len(told)} 处", class_="hot-title"))
    if not told:
        st.caption(shown.reason or "目前没有达到“关注”的聚集。")
    for one in told[:FIRST]:
        mark = "▲ 预警" if one.tier == "预警" else "● 关注"
        least = 1 / (1 + context.settings().hotspot.replicates)
        lines = (tag("b", f"{mark}　"), f"{one.sentence}。", tag("small", words.rarity(one.p_value, least)))
        st.html(tag("div", *lines, class_="hot-told warn" if one.tier == "预警" else "hot-told"))
    if shown.at is None:
        st.caption("值守进程还没有做过聚集研判；有了事件后会自动进行。")


def _open(code: str) -> None:
    st.query_params["county"] = code
