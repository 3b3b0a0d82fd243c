"""The drawer of one county (``?county=530627``): stories, alerts, cases, money, sources, and what gathers there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from monitors.clock import local, stamp, utc_now
from monitors.errors import RefusedError
from monitors.hotspots import county, words
from monitors.hotspots.county import CountyFile, Money
from monitors.hotspots.layers import CountyRow
from monitors.regions import divisions
from pages import context, drawer_tabs
from pages.markup import Html, joined, tag
from pages.wording import TONES, level_name, money, persons

_CODE_CHARS = 6
_SIGNS = {"可见": "●", "弱": "◐", "盲区": "×"}


def show_chosen(rows: Sequence[CountyRow], *, on_closed: Callable[[], None]) -> None:
    """Show the county of the page's address at the right edge, if it names one; ``rows``: what the map knows of all."""
    code = st.query_params.get("county", "")[:_CODE_CHARS]
    if code:
        code = divisions.current_code(code)
        _dialog(on_closed)(code, next((row for row in rows if row.code == code), None))


def _dialog(on_closed: Callable[[], None]) -> Callable[[str, CountyRow | None], None]:
    def closed() -> None:
        st.query_params.pop("county", None)
        on_closed()

    return st.dialog("县情", width=960, position="right", on_dismiss=closed)(_draw)


def _draw(code: str, row: CountyRow | None) -> None:
    people, coverage = (row.people, row.coverage) if row else (None, None)
    try:
        with context.look() as connection:
            who = context.actor()
            found = county.read(connection, who, code, people=people, coverage=coverage, now=utc_now())
    except RefusedError:
        st.warning(f"{county.MISSING}。", icon="🔍")  # said as if there were none; the refusal is in the trail
        return
    st.html(_head(found))
    for one in found.clusters:
        mark = "▲ 预警" if one.tier == "预警" else "● 关注"
        rare = words.rarity(one.p_value, 1 / (1 + context.settings().hotspot.replicates))
        told = (tag("b", f"{mark}　"), f"{one.sentence}。", tag("small", rare))
        st.html(tag("div", *told, class_="hot-told warn" if one.tier == "预警" else "hot-told"))
    drawer_tabs.draw(f"county-{found.code}", _panels(found))


def _panels(found: CountyFile) -> dict[str, Callable[[], None]]:
    parts: dict[str, Callable[[], None]] = {f"事件 {found.stories_total}": partial(_stories, found)}
    if found.money is not None:
        parts[f"未结案件 {found.money.open_cases}"] = partial(_cases, found, found.money)
        parts["资金"] = partial(_money, found.money)
    parts["看得见吗"] = partial(_sight, found)
    return parts


# ── head ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _head(found: CountyFile) -> Html:
    people = found.people
    rows: list[tuple[str, str]] = [
        (f"近 {county.DAYS} 天事件", f"{found.stories_total} 起"),
        ("未办结警情", f"{found.open_alerts} 起"),
    ]
    if found.money is not None:
        rows += [("未结案件", f"{found.money.open_cases} 件"), ("未结金额", money(found.money.open_fen))]
    rows.append(("人口", f"{people.people:,} 人（{people.year} 年）" if people else "没有人口数"))
    if found.coverage is not None:
        rows.append(("可见度", f"{_SIGNS.get(found.coverage.state, '')} {found.coverage.state}"))
    facts = tag("dl", *(joined(tag("dt", name), tag("dd", value)) for name, value in rows))
    return tag("div", tag("h3", found.name), facts, class_="hot-head")


def _table(heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[Html]]) -> Html:
    head = tag("tr", *(tag("th", words, class_=style, scope="col") for words, style in heads))
    table = tag("table", tag("thead", head), tag("tbody", *(tag("tr", *cells) for cells in rows)))
    return tag("div", table, class_="dossier hot-table", tabindex="0")


# ── panels ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _stories(found: CountyFile) -> None:
    if not found.stories:
        st.info(f"近 {county.DAYS} 天没有监测到该县（市、区）的欠薪事件。", icon=":material/info:")
        return
    rows = []
    for one in found.stories:
        address = f"/alerts?alert={one.number}" if one.number else f"/alerts?story={one.id}"
        title = tag("a", one.title, href=address, target="_self")
        rows.append(
            (
                tag("td", tag("span", level_name(one.level), class_=f"tag {TONES.get(one.level, 'grey')}")),
                tag("td", joined("（演示）", title) if one.demo else title),
                tag("td", stamp(one.seen_at), class_="nowrap"),
                tag("td", f"{one.outlets} 家 {one.reports} 篇", class_="n"),
                tag("td", one.state or "未发警情", class_="nowrap"),
            )
        )
    heads = (("级别", ""), ("事件", ""), ("首次发现", ""), ("报道", "n"), ("警情", ""))
    st.html(_table(heads, rows))
    _more(found.stories_total, len(found.stories))


def _cases(found: CountyFile, sums: Money) -> None:
    if not found.cases:
        st.info("该县（市、区）目前没有未结案件。", icon=":material/info:")
        return
    today = local(utc_now()).date()
    rows = []
    for one in found.cases:
        late = one.deadline is not None and one.deadline < today
        due = f"{one.deadline}{'（逾期）' if late else ''}" if one.deadline else "—"
        rows.append(
            (
                tag("td", tag("a", one.number, href=f"/ledger?case={one.number}", target="_self"), class_="nowrap"),
                tag("td", f"（演示）{one.employer}" if one.demo else one.employer),
                tag("td", str(one.accepted_on), class_="nowrap"),
                tag("td", persons(one.workers), class_="n"),
                tag("td", money(one.owed_fen), class_="n"),
                tag("td", one.state, class_="nowrap"),
                tag("td", due, class_="nowrap"),
            )
        )
    heads = (("案件", ""), ("用人单位", ""), ("受理", ""), ("人数", "n"), ("尚欠", "n"), ("状态", ""), ("完成时限", ""))
    st.html(_table(heads, rows))
    _more(sums.open_cases, len(found.cases))


def _more(total: int, shown: int) -> None:
    if total > shown:
        st.caption(f"共 {total} 条，这里列出 {shown} 条。")


def _money(sums: Money) -> None:
    """Sums stand only where the record exists; what is not recorded is said to be so, never nought."""
    rows = [(tag("td", "未结案件尚欠"), tag("td", money(sums.open_fen), class_="n"))]
    if sums.paid_fen is None:
        rows.append((tag("td", f"近 {county.DAYS} 天已支付工资"), tag("td", "没有支付记录", class_="n")))
    else:
        rows.append((tag("td", f"近 {county.DAYS} 天已支付工资"), tag("td", money(sums.paid_fen), class_="n")))
        rows += [
            (tag("td", f"　其中：{source}"), tag("td", money(fen), class_="n")) for source, fen in sums.by_source if fen
        ]
    bonds = "没有登记" if sums.bonds_fen is None else f"{money(sums.bonds_fen)}（{sums.bonded} 个项目）"
    rows.append((tag("td", f"工资保证金（登记项目 {sums.projects} 个）"), tag("td", bonds, class_="n")))
    st.html(_table((("资金", ""), ("金额", "n")), rows))
    st.caption("“尚欠”为查实金额（未查实的按诉求）减已支付；没有记录的不填数字。")


def _sight(found: CountyFile) -> None:
    seen = found.coverage
    if seen is not None:
        st.markdown(f"**{_SIGNS.get(seen.state, '')} {seen.state}**　" + "；".join(seen.why))
    if not found.sources:
        st.info("没有归属该县（市、区）或所在州（市）的监测源，只能靠省级和全国性媒体发现。", icon=":material/info:")
        return
    rows = [
        (
            tag("td", one.name),
            tag("td", "本县（市、区）" if one.region == found.code else "所在州（市）", class_="nowrap"),
            tag(
                "td", "已暂停" if one.paused else stamp(one.newest_at) if one.newest_at else "尚无报道", class_="nowrap"
            ),
        )
        for one in found.sources
    ]
    st.html(_table((("监测源", ""), ("归属", ""), ("最新报道", "")), rows))
