"""台账统计: what the cases come to along one dimension at a time; every number and every bar leads to its cases."""

from __future__ import annotations

import logging
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from monitors.ledger import breakdown, register, statistics, statistics_export
from monitors.ledger.breakdown import COLUMNS, MEASURES, Figure, Indicator, Measure
from monitors.ledger.query import Query
from monitors.ledger.register import Sums
from monitors.ledger.statistics import DIMENSIONS, Dimension, Group, Rates
from monitors.ledger.statistics_export import days, percent
from pages import context, ledger_charts, ledger_filters
from pages.ledger_charts import to_cases
from pages.markup import Html, joined, tag
from pages.wording import money, persons

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "ledger_stats_page.css").read_text(encoding="utf-8")
KEY = "stats"
FORMAT_NAMES: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}
_COUNTED = ("wage_case", "employer", "project")
_WAN = 1_000_000  # 分 in 万元


# ── query ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=64, show_spinner="正在统计…")
def _whole(version: tuple[str, ...], scope: Scope, query: Query, today: date) -> tuple[Sums, Rates]:  # noqa: ARG001 - the cache key
    rules = context.settings().ledger
    with context.store().read() as connection:
        wanted = register.condition(scope, query, today=today, settings=rules)
        return (
            register.sums(connection, wanted, today=today, settings=rules),
            statistics.rates(connection, scope, query, today=today, settings=rules),
        )


@st.cache_data(max_entries=64, show_spinner="正在统计…")
def _groups(
    version: tuple[str, ...],  # noqa: ARG001 - the cache key
    scope: Scope,
    query: Query,
    dimension: Dimension,
    today: date,
) -> tuple[Group, ...]:
    with context.store().read() as connection:
        return statistics.by(
            connection, scope, query, dimension, today=today, settings=context.settings().ledger
        )  # fmt: skip


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _linked(words: str, query: Query | None) -> Html:
    if query is None:
        return tag("span", words)
    return tag("a", words, href=to_cases(query), target="_self", title="查看这些案件")


def _card(name: str, value: object, *notes: object) -> Html:
    lines = [tag("span", note, class_="note") for note in notes]
    return tag("div", tag("span", name, class_="name"), tag("b", value), *lines, class_="card")


def _share(one: Indicator, *, by_money: bool = False) -> Html:
    first, *others = (
        _linked(f"{part.name} {money(part.value) if by_money else f'{part.value:,}'}", part.query) for part in one.parts
    )
    whole: list[object] = []
    for part in others:
        whole += ["＋", part]
    # What was closed on time is part of its own whole; the other shares are divided by what follows.
    below = joined("（", f"{one.parts[0].value:,}", *whole, "）") if len(others) > 1 else joined(" ", *whole[1:])
    return _card(one.name, percent(one.share), joined(first, " ÷", below))


def _cards(sums: Sums, rates: Rates, query: Query) -> Html:
    true_ones, open_ones = breakdown.narrowed(query, flag="查实"), breakdown.narrowed(query, flag="未结")
    late, late_closed = breakdown.narrowed(query, bands=("逾期",)), breakdown.late_of(rates, query)
    settled = breakdown.settled_of(query)
    shares = breakdown.indicators(sums, rates, query)

    def link(words: str, number: int, asked: Query | None) -> Html:
        return _linked(words, asked if number else None)

    return tag(
        "div",
        _card(
            "查实欠薪",
            link(f"{sums.verified:,} 件", sums.verified, true_ones),
            joined(
                link(f"登记 {sums.cases:,}", sums.cases, query), "，", link(f"未结 {sums.open:,}", sums.open, open_ones)
            ),
        ),
        _card(
            "涉及人数（查实）",
            link(persons(sums.verified_workers), sums.verified, true_ones),
            link(f"诉求 {persons(sums.claimed_workers)}", sums.cases, query),
        ),
        _card(
            "涉及金额（查实）",
            link(money(sums.verified_fen), sums.verified, true_ones),
            link(f"诉求 {money(sums.claimed_fen)}", sums.cases, query),
        ),
        _share(shares[0]),
        _share(shares[1]),
        _share(shares[2], by_money=True),
        _card(
            "平均办理时间",
            link(days(rates.mean_days), rates.settled, settled),
            joined("中位 ", link(days(rates.median_days), rates.settled, settled)),
        ),
        _card(
            "超期未结",
            link(f"{sums.overdue:,} 件", sums.overdue, late),
            joined("另有", link(f"逾期办结 {late_closed.value:,}", late_closed.value, late_closed.query)),
        ),
        class_="stats-cards",
    )


def _number(measure: Measure, one: Figure) -> Html:
    words = f"{one.value / _WAN:,.2f}" if measure == "金额" else f"{one.value:,}"
    return tag("td", _linked(words, one.query), class_="n late" if one.name == "逾期未结" and one.value else "n")


def _inside(dimension: Dimension, measure: Measure, group: Group) -> Html:
    """The name of a prefecture leads to the same statistics of its counties."""
    whole = dimension == "地区" and group.query.region.endswith("00") and not group.query.exact
    if not whole or not group.sums.cases:
        return tag("th", group.name, scope="row")
    asked = urlencode({**group.query.params(), "by": dimension, "show": measure})
    return tag("th", tag("a", group.name, href=f"?{asked}", target="_self", title="查看所辖县（市、区）"), scope="row")


def _table(dimension: Dimension, measure: Measure, groups: tuple[Group, ...], sums: Sums, query: Query) -> Html:
    unit = "（万元）" if measure == "金额" else ""
    heads = (
        tag("th", dimension, scope="col"),
        *(tag("th", f"{n}{unit}", scope="col", class_="n") for n in COLUMNS[measure]),
    )
    lines = [
        tag("tr", _inside(dimension, measure, group), *(_number(measure, one) for one in shown))
        for group in groups
        for shown in (breakdown.figures(measure, group.sums, group.query),)
    ]
    if dimension != "项目性质":  # those overlap
        whole = (_number(measure, one) for one in breakdown.figures(measure, sums, query))
        lines.append(tag("tr", tag("th", statistics_export.WHOLE, scope="row"), *whole, class_="whole"))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *lines))
    return tag("div", table, class_="stats-table", tabindex="0")


def _switches() -> tuple[Dimension, Measure]:
    with st.container(horizontal=True, vertical_alignment="center", key="stats-switches"):
        dimension = st.segmented_control(
            "统计口径", DIMENSIONS, default=DIMENSIONS[0], required=True, key="by", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        st.space("stretch")
        measure = st.segmented_control(
            "统计项", MEASURES, default=MEASURES[0], required=True, key="show", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
    return dimension or DIMENSIONS[0], measure or MEASURES[0]


def _export(query: Query, total: int) -> None:
    with st.popover("导出", icon=":material/download:", disabled=not total, key="stats-export"):
        st.caption("导出当前条件下各口径的全部统计数字，含截至时间与筛选条件；每次导出留痕。")
        for fmt, name in FORMAT_NAMES.items():
            st.download_button(
                name,
                partial(_file, context.held(), query, fmt),
                file_name=statistics_export.file_name(fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"stats-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, query: Query, fmt: sheets.Format) -> bytes:
    # Made when somebody clicks, for whoever is signed in then; the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return statistics_export.made(context.store(), actor, query, fmt, settings=context.settings(), now=utc_now())


def _page(scope: Scope) -> None:
    title, buttons = st.columns([3, 1], vertical_alignment="center")
    title.subheader("台账统计", anchor=False)
    query = ledger_filters.ask(scope, KEY)
    today, version = local(utc_now()).date(), context.versions(*_COUNTED)
    sums, rates = _whole(version, scope, query, today)
    if context.may("ledger.export"):
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            _export(query, sums.cases)
    st.html(_cards(sums, rates, query))
    dimension, measure = _switches()
    if not sums.cases:
        st.info("没有符合条件的案件，请放宽筛选条件或先登记案件。", icon=":material/info:")
        return
    groups = _groups(version, scope, query, dimension, today)
    left, right = st.columns([1, 1.1], gap="medium")
    with left:
        st.vega_lite_chart(
            ledger_charts.by_group(dimension, measure, groups),
            key=f"stats-chart-{dimension}-{measure}",
            alt=f"按{dimension}统计的{measure}，数字见旁边的表",
        )
    with right:
        st.html(_table(dimension, measure, groups, sums, query))
        if dimension == "项目性质":
            st.caption(statistics_export.OVERLAP)
    st.caption("点击任一数字或图中色块，查看对应案件。“诉求”为投诉人所报，“查实”为核查认定，两者不相加。")


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.view", kind="page", target="ledger-stats")
        try:
            _page(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("the statistics could not be counted")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


main()
