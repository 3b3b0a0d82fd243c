"""聚集事件: what gathered where, since when it is shown, how rare that is by chance, and whether it was true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Literal

import streamlit as st

from monitors import sheets
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local, stamp, utc_now
from monitors.errors import InputError, MonitorsError
from monitors.hotspots import episodes, episodes_export, events, words
from monitors.hotspots.episodes import MISSING, VERDICTS, Episode, Month
from monitors.hotspots.events import DATA_SETS, SEES, DataSet, Event
from pages import context, people_table
from pages.markup import Html, joined, plain, tag
from pages.people_drawer import complain, rerun_with, say_note
from pages.people_table import Cell, Head, Line

_TABLE, _PAGE, _SET = "hotspot-episodes", "hotspot-episodes-page", "hotspot-episodes-set"
_TABLES = ("hotspot_run", "hotspot_episode", "story", "alert", "wage_case")
_ID_DIGITS = 9
_FORMATS: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}
KIND_WORDS = {"县级": "按县", "州市": "按州市", "严重": "按县，只计严重"}
_SEVERE = {"舆情": "I、II 级事件", "台账": "重大或挂牌案件"}
HEADS = (
    Head("级别", "7rem"),
    Head("聚集事件"),
    Head("多少天一遇", "8rem"),
    Head("首次显示", "12.5rem"),
    Head("告知", "9rem"),
    Head("标注", "7.5rem"),
)
ABOUT = (
    "同一起事件只计一次，报道再多也不加重。每天把每个县和邻近各县近 1–14 天的起数，"
    "与各地半年来的份额乘以全省同期总数相比；再按各地平常的起伏模拟近千个没有聚集的全省，"
    "看这样强的聚集多少天才偶然出现一次：不少于 {watch} 天列“关注”，"
    "不少于 {alert} 天列“预警”，此外不着色。同一地方前后相连的聚集算作一起，{gap} 天未再出现即结束。"
)


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=32, show_spinner=False)
def _found(
    version: tuple[str, ...],  # noqa: ARG001 - the cache key
    scope: Scope,  # noqa: ARG001 - the cache key
    who: Actor,
    data_set: DataSet,
    minute: datetime,
) -> tuple[Episode, ...]:
    with context.store().read() as connection:
        return episodes.listed(connection, who, data_set, now=minute)


def _read(who: Actor, data_set: DataSet) -> tuple[Episode, ...]:
    minute = utc_now().replace(second=0, microsecond=0)
    return _found(context.versions(*_TABLES), who.scope, who, data_set, minute)


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def tier(one: Episode) -> tuple[str, Literal["bad", "warn", "off"]]:
    """``预警``, ``关注``, or that it is over, and its colour."""
    if not one.open:
        return f"{one.tier}，已结束", "off"
    return one.tier, "bad" if one.tier == episodes.WARNING else "warn"


def line(one: Episode) -> Line:
    """One row of the list."""
    mark, tone = tier(one)
    told = stamp(one.told_at) if one.told_at else "演示，不告知" if one.demo else "未告知"
    return Line(
        id=str(one.id),
        name=f"{one.sentence}，{mark}",
        cells=(
            Cell(mark, KIND_WORDS[one.kind], tone=tone),
            Cell(one.sentence, "演示数据" if one.demo else "", strong=one.open),
            Cell(f"{round(one.recurrence_days):,} 天", "最近一次研判"),
            Cell(stamp(one.opened_at), f"最近出现 {stamp(one.seen_at)}"),
            Cell(told, f"告知时 {one.told_events} 起" if one.told_at else ""),
            Cell(one.verdict or "未标注", one.verdict_by),
        ),
        tone="off" if not one.open else "",
    )


def panel() -> None:
    """The tab."""
    say_note()
    who = context.actor()
    sets = [one for one in DATA_SETS if who.may(SEES[one])]
    asked = _asked()
    with st.container(horizontal=True, vertical_alignment="center"):
        data_set = st.segmented_control(
            "数据", sets, default=_set_of(who, sets, asked), required=True, key=_SET, label_visibility="collapsed"
        )
        found = _read(who, data_set)
        st.markdown(_counted(found))
        _export(data_set, found)
    listing = people_table.cut(
        HEADS,
        [line(one) for one in found],
        page=st.session_state.get(_PAGE, 1),
        size=context.settings().duty.page_size,
        nothing="没有达到“关注”的聚集。没有聚集不等于没有欠薪，请看“看得见吗”。",
        opens=True,
    )
    people_table.show(listing, _TABLE, on_open=_opened, on_page=_turned)
    limits = context.settings().hotspot
    with st.expander("怎么算的", icon=":material/functions:"):
        st.write(ABOUT.format(watch=limits.watch_days, alert=limits.alert_days, gap=limits.gap_days))
    if found:
        with st.expander("标注得怎样", icon=":material/fact_check:"):
            st.html(_months(episodes.months(found)))
            st.caption("按首次显示的月份统计；属实率 = 属实 ÷（属实 + 误报），不明与未标注不计。")
    if asked:
        _drawer(asked)


def _counted(found: Sequence[Episode]) -> str:
    going = [one for one in found if one.open]
    graver = sum(one.tier == episodes.WARNING for one in going)
    waiting = sum(not one.verdict for one in going)
    return f"进行中 **{len(going)}** 起（预警 {graver}），其中待标注 {waiting} 起；共 {len(found)} 起"


def _asked() -> int:
    """The episode of the page's address, 0 where it names none."""
    words_ = st.query_params.get("episode", "")
    return int(words_) if words_.isascii() and words_.isdigit() and len(words_) <= _ID_DIGITS else 0


def _set_of(who: Actor, sets: Sequence[DataSet], asked: int) -> DataSet:
    """The data set of the episode asked for, else the first that the person sees."""
    if asked:
        return next((one for one in sets if any(found.id == asked for found in _read(who, one))), sets[0])
    return sets[0]


def _opened() -> None:
    if wanted := str(st.session_state[_TABLE].open or ""):
        st.query_params["episode"] = wanted


def _turned() -> None:
    st.session_state[_PAGE] = max(1, int(st.session_state[_TABLE].page or 1))


def _months(found: Sequence[Month]) -> Html:
    heads = ("月份", "首次显示", "属实", "误报", "不明", "未标注", "属实率")
    rows = []
    for one in found:
        unmarked = one.shown - one.true - one.false - one.unclear
        share = "—" if one.precision is None else f"{one.precision:.0%}"
        numbers = (one.shown, one.true, one.false, one.unclear, unmarked, share)
        rows.append(tag("tr", tag("td", one.month), *(tag("td", str(number), class_="n") for number in numbers)))
    return _table(heads, rows, numbers=range(1, len(heads)))


def _table(heads: Sequence[str], rows: Sequence[Html], *, numbers: Sequence[int] = ()) -> Html:
    head = tag("tr", *(tag("th", said, class_="n" if at in numbers else "") for at, said in enumerate(heads)))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="hot-table tall", tabindex="0")


# ── one episode ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _closed() -> None:
    st.query_params.pop("episode", None)


@st.dialog("聚集事件", width=960, position="right", on_dismiss=_closed)
def _drawer(asked: int) -> None:
    who = context.actor()
    one = next((one for held in DATA_SETS if who.may(SEES[held]) for one in _read(who, held) if one.id == asked), None)
    if one is None:
        st.warning(f"{MISSING}，或不在您的辖区。", icon=":material/search_off:")
        return
    st.html(_head(one))
    if who.may("hotspot.mark"):
        _mark(one, whole=not one.outside)
    with context.look() as connection:
        counted = events.of(connection, one.data_set, one.events, within=(who.region,))
    st.html(_events(one, counted))
    beyond = one.observed - len(counted)
    if beyond > 0:
        why = "在本辖区外，或" if one.outside else ""
        st.caption(f"所计 {one.observed} 起中另有 {beyond} 起{why}此后已并入其他事件或判为误报，不在此列。")


def _head(one: Episode) -> Html:
    mark, tone = tier(one)
    least = 1 / (1 + context.settings().hotspot.replicates)
    year = local(utc_now()).year
    counts = _SEVERE[one.data_set] if one.kind == "严重" else "全部事件" if one.data_set == "舆情" else "全部案件"
    facts = (
        ("首次显示", stamp(one.opened_at)), ("最近出现", stamp(one.seen_at)),
        ("涉及日期", f"{words.day(one.first_day, year=year)}至{words.day(one.last_day, year=year)}"),
        ("所计", f"{counts}，{KIND_WORDS[one.kind].split('，')[0]}"),
        ("p 值", f"{one.p_value:.3f}"), ("是通常的", f"{one.observed / one.expected:.1f} 倍" if one.expected else "—"),
        ("告知", stamp(one.told_at) if one.told_at else "未告知"),
        ("结束", stamp(one.closed_at) if one.closed_at else "进行中"),
    )  # fmt: skip
    rows = [part for name, said in facts for part in (tag("dt", name), tag("dd", said))]
    said = tag(
        "div", tag("b", f"{'▲' if tone == 'bad' else '●'} {mark}　"), f"{one.sentence}。",
        tag("small", f"{words.rarity(one.p_value, least)}。{'演示数据，内容虚构。' if one.demo else ''}"),
        class_="hot-told warn" if tone == "bad" else "hot-told",
    )  # fmt: skip
    return tag("div", said, tag("dl", *rows), class_="hot-head")


def _events(one: Episode, counted: Sequence[Event]) -> Html:
    if one.data_set == "台账":
        heads = ("受理日", "案件", "用人单位", "地区")
        rows = [
            tag("tr", tag("td", str(each.day), class_="nowrap"), tag("td", _link(each, each.number), class_="nowrap"),
                tag("td", each.title), tag("td", words.names((each.region,))))
            for each in reversed(counted)
        ]  # fmt: skip
        return _table(heads, rows)
    heads = ("首次发现", "级别", "事件", "地区")
    rows = [
        tag("tr", tag("td", str(each.day), class_="nowrap"), tag("td", each.level, class_="nowrap"),
            tag("td", joined("（演示）", _link(each, each.title)) if each.demo else _link(each, each.title)),
            tag("td", words.names((each.region,))))
        for each in reversed(counted)
    ]  # fmt: skip
    return _table(heads, rows)


def _link(one: Event, said: str) -> Html:
    if one.number.startswith("AJ"):
        address = f"/ledger?case={one.number}"
    else:
        address = f"/alerts?alert={one.number}" if one.number else f"/alerts?story={one.id}"
    return tag("a", said, href=address, target="_self")


def _mark(one: Episode, *, whole: bool) -> None:
    if one.verdict:
        note = f"：{one.verdict_words}" if one.verdict_words else ""
        st.markdown(f"**已标为{one.verdict}**　{plain(one.verdict_by)}　{stamp(one.verdict_at)}{plain(note)}")
    if not whole:
        st.caption("这起聚集涉及本辖区以外，由上级标注。")
        return
    key = f"hotspot-mark-{one.id}-{one.revision}"
    with st.expander("标注", expanded=not one.verdict, icon=":material/fact_check:"), st.form(key, border=False):
        left, right = st.columns([1, 2])
        verdict = left.radio("核实结果 *", VERDICTS, index=None, horizontal=True, key=f"{key}-verdict")
        said = right.text_input("说明", key=f"{key}-words", max_chars=episodes.MAX_WORDS, placeholder="误报须说明原因")
        sent = st.form_submit_button("保存标注", type="primary", key=f"{key}-save")
    if not sent:
        return
    try:
        with context.act() as connection:
            episodes.mark(
                connection, context.actor(), one.id, verdict or "", said, revision=one.revision, now=utc_now()
            )
    except MonitorsError as error:
        complain(error)
        return
    rerun_with(f"已标为{verdict}")


# ── as a file ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _export(data_set: DataSet, found: Sequence[Episode]) -> None:
    if not context.may(episodes_export.EXPORTS[data_set]):
        return
    with st.popover("导出", icon=":material/download:", disabled=not found, key="hotspot-episodes-export"):
        st.caption("导出全部聚集事件及其标注；每次导出留痕。")
        for fmt, name in _FORMATS.items():
            st.download_button(
                name,
                partial(_file, context.held(), data_set, fmt),
                file_name=episodes_export.file_name(data_set, fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"hotspot-episodes-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, data_set: DataSet, fmt: sheets.Format) -> bytes:
    actor = context.actor_of(held)
    if fmt not in _FORMATS:
        raise InputError("请选择文件格式")
    return episodes_export.made(context.store(), actor, data_set, fmt, settings=context.settings(), now=utc_now())
