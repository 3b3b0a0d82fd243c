"""见报与台账: what the press told that the ledger does not hold, what it held before, and how long before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.actor import Actor
from monitors.access.scope import PROVINCE, Scope
from monitors.clock import local, stamp, utc_now
from monitors.ledger.statistics_export import percent
from monitors.links import export, lists
from monitors.links.lists import AFTER, BEFORE, SAME_DAY, AlertLine, Asked, Lead, Met, Overview
from monitors.opinion.board import short_place
from monitors.opinion.model import ALERT_LEVELS
from monitors.regions import divisions
from pages import alert_links, context, ledger_filters
from pages.markup import Html, joined, tag
from pages.signed import short_region
from pages.wording import level_name, money, persons

_LOG = logging.getLogger("monitors.pages")
KEY = "links"
SIZE = 50
LEADS = "提前量"
TABS = (export.MISSING, BEFORE, SAME_DAY, AFTER, LEADS)
PERIODS: dict[str, int | None] = {"近 7 天": 7, "近 30 天": 30, "近 90 天": 90, "近一年": 365, "全部时间": None}
_FIRST = "近 90 天"
_FORMATS: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}
_ABOUT = {
    export.MISSING: "未判误报、未并案，且没有关联任何案件或线索的警情；打开警情，在“台账关联”中关联或登记。",
    BEFORE: "关联的案件或线索在首发前已入账：先于媒体掌握。",
    SAME_DAY: "入账与首发在同一天。",
    AFTER: "首发之后才入账：由舆情发现，或监管掌握在后。",
    LEADS: "提前天数为首发日期减最早入账日期（案件受理日、线索收到日取早者）；中位数只计已关联的警情。",
}


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=32, show_spinner=False)
def _found(version: tuple[str, ...], scope: Scope, who: Actor, asked: Asked, page: int) -> Overview:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return lists.overview(connection, who, asked, limit=SIZE, offset=(page - 1) * SIZE)


def _asked(scope: Scope) -> Asked:
    """Draw the filters; what they ask. Tab and place are held in the address, so that a list can be passed on."""
    held = st.session_state
    if f"{KEY}-period" not in held:
        _seed(scope)
    widths = [2.2, *[1.2] * (2 if scope.everything else 1 if scope.region.endswith("00") else 0), 1.2, 1.6]
    columns = list(st.columns(widths))
    text = columns[0].text_input(
        "关键词", key=f"{KEY}-text", placeholder="标题、用工单位、警情编号", label_visibility="collapsed",
        icon=":material/search:", max_chars=60,
    )  # fmt: skip
    ledger_filters.places(scope, KEY, columns[1:-2])
    period = columns[-2].selectbox("首发时间", list(PERIODS), key=f"{KEY}-period", label_visibility="collapsed")
    levels = columns[-1].multiselect(
        "级别", ALERT_LEVELS, key=f"{KEY}-levels", placeholder="级别", label_visibility="collapsed", select_all=False,
        format_func=level_name,
    )  # fmt: skip
    days = PERIODS[period]
    since = local(utc_now()).date() - timedelta(days=days - 1) if days else None
    region = held.get(f"{KEY}-county") or held.get(f"{KEY}-pref") or ""
    return Asked(region, since, None, tuple(levels), text.strip())


def _seed(scope: Scope) -> None:
    held, region = st.session_state, st.query_params.get("region", "")
    own = region if divisions.by_code(region) is not None and region != PROVINCE and scope.covers(region) else ""
    if scope.everything:
        held[f"{KEY}-pref"] = divisions.prefecture_of(own) if own else ""
    held[f"{KEY}-county"] = own if own and not own.endswith("00") else ""
    period = st.query_params.get("period", "")
    held[f"{KEY}-period"] = period if period in PERIODS else _FIRST
    tab = st.query_params.get("tab", "")
    held[f"{KEY}-tab"] = tab if tab in TABS else export.MISSING


def _tell(tab: str, asked: Asked) -> None:
    told = {"tab": tab, "region": asked.region, "period": st.session_state[f"{KEY}-period"]}
    plain = {"tab": export.MISSING, "region": "", "period": _FIRST}
    st.query_params.from_dict({name: value for name, value in told.items() if value != plain[name]})


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sums(whole: Lead) -> Html:
    def one(name: str, value: str, more: str = "", tone: str = "") -> Html:
        small = tag("span", f" {more}", class_="muted") if more else ""
        return tag("span", f"{name} ", tag("b", value), small, class_=tone)

    real = whole.linked + whole.missing
    return tag(
        "div",
        one(export.MISSING, f"{whole.missing:,} 起", tone="late" if whole.missing else ""),
        one(BEFORE, f"{whole.before:,} 起"),
        one(SAME_DAY, f"{whole.same_day:,} 起"),
        one(AFTER, f"{whole.after:,} 起"),
        one("见报前已掌握", percent(whole.share), f"{whole.before:,} ÷ {real:,}"),
        one("提前天数中位数", _days(whole.days)),
        class_="sums links",
    )


def _days(days: float | None) -> str:
    """``提前 3 天``, ``滞后 2.5 天``, ``同日``; an em dash where nothing is linked."""
    if days is None:
        return "—"
    if not days:
        return "同日"
    return f"{'提前' if days > 0 else '滞后'} {abs(days):g} 天"


def _alert_cells(one: AlertLine) -> tuple[Html, ...]:
    marks = "　演示数据" if one.demo else ""
    return (
        tag(
            "td",
            tag("a", one.number, href=f"/alerts?alert={one.number}", target="_self"),
            tag("div", f"{level_name(one.level)}　{one.state}{marks}", class_="muted"),
            class_="nowrap",
        ),
        tag("td", one.title, tag("div", one.employer, class_="muted") if one.employer else ""),
        tag("td", short_place(one.region), class_="nowrap"),
        tag("td", tag("div", persons(one.workers)), tag("div", money(one.amount_fen), class_="muted"), class_="n"),
        tag("td", stamp(one.first_published_at), tag("div", one.first_outlet, class_="muted"), class_="nowrap"),
    )


_NUMBERS = ("人数 / 金额", "发现至今", "提前天数", "警情数", *TABS[:4], "见报前已掌握", "提前天数中位数")
_HEADS = ("警情", "标题 / 用工单位", "地区", "人数 / 金额", "首发")


def _table(heads: Sequence[str], rows: Sequence[Html], nothing: str) -> Html:
    if not rows:
        return tag("div", tag("p", nothing, class_="muted"), class_="links")
    head = tag("tr", *(tag("th", words, class_="n" if words in _NUMBERS else "") for words in heads))
    return tag("div", tag("table", head, *rows), class_="links")


def _missing(rows: Sequence[AlertLine]) -> Html:
    now = utc_now()
    lines = [tag("tr", *_alert_cells(one), _waited((now - one.opened_at).days)) for one in rows]
    return _table((*_HEADS, "发现至今"), lines, "没有未入账的警情。")


def _waited(days: int) -> Html:
    return tag("td", f"{days} 天", class_="n late-words") if days > 0 else tag("td", "不足 1 天", class_="n")


def _met(rows: Sequence[Met]) -> Html:
    lines = [
        tag(
            "tr",
            *_alert_cells(one.alert),
            tag("td", joined(*(joined(_record(number), " ") for number in one.records)), class_="nowrap"),
            tag("td", tag("b", _days(float(one.days))), tag("div", f"{one.known_on} 入账", class_="muted"), class_="n"),
        )
        for one in rows
    ]
    return _table((*_HEADS, "台账记录", "提前天数"), lines, "没有符合条件的警情。")


def _record(number: str) -> Html:
    page = "/ledger?case=" if number.startswith("AJ") else "/clues?tab=线索&clue="
    return tag("a", number, href=f"{page}{number}", target="_self")


def _leads(rows: Sequence[Lead]) -> Html:
    lines = []
    for index, one in enumerate(rows):
        name = short_region(one.region) if one.region else "未定位"
        cells = (one.linked + one.missing, one.missing, one.before, one.same_day, one.after)
        lines.append(
            tag(
                "tr",
                tag("td", f"{name}合计" if not index else name, class_="nowrap"),
                *(tag("td", f"{number:,}", class_="n") for number in cells),
                tag("td", percent(one.share), class_="n"),
                tag("td", _days(one.days), class_="n"),
                class_="whole" if not index else "",
            )
        )
    heads = ("地区", "警情数", export.MISSING, BEFORE, SAME_DAY, AFTER, "见报前已掌握", "提前天数中位数")
    return _table(heads, lines, "没有符合条件的警情。")


def _page(asked: Asked, tab: str, total: int) -> int:
    pages = max(1, -(-total // SIZE))
    if pages == 1:
        return 1
    key = f"{KEY}-page-{tab}-{hash(asked)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"共 {total:,} 条，每页 {SIZE} 条，共 {pages} 页。")
        return int(st.number_input("第几页", 1, pages, key=key, label_visibility="collapsed", width=120))


def _export(tab: str, asked: Asked, total: int) -> None:
    if tab == LEADS or not (context.may("story.export") and context.may("ledger.export")):
        return
    with st.popover("导出", icon=":material/download:", disabled=not total, key=f"{KEY}-export"):
        st.caption("导出当前列表的全部警情，含截至时间与筛选条件；每次导出留痕。")
        for fmt, name in _FORMATS.items():
            st.download_button(
                name,
                partial(_file, context.held(), tab, asked, fmt),
                file_name=export.file_name(tab, fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"{KEY}-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, tab: str, asked: Asked, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, for whoever is signed in then; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return export.made(context.store(), actor, tab, asked, fmt, settings=context.settings(), now=utc_now())


def _list(who: Actor) -> None:
    title, buttons = st.columns([2, 1], vertical_alignment="center")
    title.subheader("见报与台账", anchor=False)
    asked = _asked(who.scope)
    sums = st.empty()
    version = context.versions("alert", "story", "alert_link", "wage_case", "clue")
    tab = st.segmented_control("列表", TABS, key=f"{KEY}-tab", label_visibility="collapsed") or export.MISSING
    _tell(tab, asked)
    st.caption(_ABOUT[tab])
    first = _found(version, who.scope, who, asked, 1)
    sums.html(_sums(first.leads[0]))
    chosen = [one for one in first.met if one.kind == tab]
    total = first.total if tab == export.MISSING else len(chosen)
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        _export(tab, asked, total)
    if tab == LEADS:
        st.html(_leads(first.leads))
        if first.met:
            rows = [
                tag("tr", tag("td", words), tag("td", f"{count:,}", class_="n"))
                for words, count in lists.spread(first.met)
            ]
            st.html(tag("div", tag("h4", "提前天数分布（已关联的警情）"), class_="links"))
            st.columns([1, 2])[0].html(_table(("首发与入账相距", "警情数"), rows, ""))
        return
    place = st.empty()
    page = _page(asked, tab, total)
    if tab == export.MISSING:
        rows = first.missing if page == 1 else _found(version, who.scope, who, asked, page).missing
        place.html(_missing(rows))
    else:
        place.html(_met(chosen[(page - 1) * SIZE : page * SIZE]))


def main() -> None:
    """The page."""
    st.html(f"<style>{alert_links.CSS}{_CSS}</style>")
    with context.explained():
        with context.look():
            who = context.actor()
            who.require("story.view", kind="page", target="links")
            who.require("ledger.view", kind="page", target="links")
        try:
            _list(who)
        except SQLAlchemyError:
            _LOG.exception("the lists of press and ledger could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


_CSS = """
.sums { display: flex; flex-wrap: wrap; gap: .15rem 1.5rem; align-items: baseline; font-variant-numeric: tabular-nums; }
.sums b { font-size: 1.08rem; } .sums .late b { color: color-mix(in srgb, #e02424 78%, currentColor); }
"""

main()
