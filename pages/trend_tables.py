"""The tables of 趋势: counties with their weeks, words, stories by speed; every row leads to what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from monitors.clock import local
from monitors.hotspots.bursts import Trend
from monitors.hotspots.series_spread import FIFTH, HOURS, Spread
from monitors.hotspots.series_view import Place, Word, figure, surprise
from monitors.regions import divisions
from pages.markup import Html, joined, tag
from pages.trend_charts import sparkline
from pages.wording import level_name

# Sight of a county (看得见吗) → its mark; what nobody watches is never shown as calm.
SIGHTS = {"可见": "●", "弱": "◐", "盲区": "○"}
Address = Callable[[Mapping[str, str]], str]


def address(kept: Mapping[str, str]) -> Address:
    """A function that gives the address of this page with some of its questions changed."""
    return lambda changed: "?" + urlencode({name: value for name, value in {**kept, **changed}.items() if value})


def ratio(one: Trend | None) -> str:
    """``1.7 倍（1.0–3.1）``; what cannot be said, said."""
    if one is None:
        return "数据不足"
    if not one.last28 + one.previous28:
        return "—"
    if not one.previous28:
        return "此前没有"
    return f"{figure(one.ratio)} 倍（{figure(one.low)}–{figure(one.high)}）"


def direction(one: Trend | None) -> str:
    """An arrow where the interval leaves one out, else nothing."""
    if one is None or not one.last28 + one.previous28:
        return ""
    return "↑" if one.low > 1 else "↓" if one.high < 1 else ""


def state(row: Place, sight: str) -> Html:
    """How unusual the last days are. Without sight an absence says nothing, and the cell says so."""
    words = surprise(row.burst)
    if row.burst.significant:
        return tag("b", f"▲ {words or '偏多'}（显著）", class_="up")
    if words:
        return tag("span", f"△ {words}", class_="some")
    if sight == "盲区":
        return tag("span", "看不见，不等于平静", class_="blind")
    return tag("span", "平常", class_="muted")


def counties(rows: Sequence[Place], sights: Mapping[str, tuple[str, str]], to: Address, *, weeks: int) -> Html:
    """The table of counties; ``sights`` gives the state and its reasons by code."""
    lines = []
    for row in rows:
        sight, why = sights.get(row.code, ("", ""))
        one = row.trend
        lines.append(
            tag(
                "tr",
                tag("td", _place(row.code, to)),
                _seen(sight, why),
                tag("td", sparkline(row.weekly)),
                tag("td", row.chosen, class_="n"),
                tag("td", one.last28 if one else "—", class_="n"),
                tag("td", one.previous28 if one else "—", class_="n"),
                tag("td", direction(one), " ", ratio(one)),
                tag("td", state(row, sight)),
            )
        )
    heads = (
        "县（市、区）",
        "看得见吗",
        f"逐周（{weeks} 周）",
        "所选时段",
        "近28天",
        "前28天",
        "变化（八成区间）",
        "近日是否异常",
    )
    return _table(heads, lines, numbers=(3, 4, 5))


def _seen(sight: str, why: str) -> Html:
    if sight not in SIGHTS:
        return tag("td", "—")
    strong = {"class_": "unseen"} if sight == "盲区" else {}
    return tag("td", f"{SIGHTS[sight]} {sight}", title=why, **strong)


def _place(code: str, to: Address) -> Html:
    above = divisions.short_name(divisions.prefecture_of(code))
    link = tag("a", divisions.short_name(code), href=to({"region": code, "view": ""}), target="_self")
    return joined(link, tag("span", f" {above}", class_="muted"))


def words(rows: Sequence[Word], named: Callable[[str], str], *, searched: bool) -> Html:
    """The table of words or tags, rising ones first; a word leads to its reports."""
    lines = []
    for row in rows:
        name: object = named(row.key)
        if searched:
            name = tag(
                "a", name, href="search?" + urlencode({"q": row.key}), target="_self", title="检索含有此词的报道"
            )
        rise = tag("b", "▲ 上升", class_="up") if row.rising else tag("span", "无显著上升", class_="muted")
        lines.append(
            tag(
                "tr",
                tag("td", name),
                tag("td", row.trend.last28, class_="n"),
                tag("td", row.trend.previous28, class_="n"),
                tag("td", direction(row.trend), " ", ratio(row.trend)),
                tag("td", f"{row.share_before:.0%} → {row.share:.0%}"),
                tag("td", chance(row.q_value), class_="n"),
                tag("td", rise),
            )
        )
    heads = ("词", "近28天", "前28天", "变化（八成区间）", "占全部事件", "校正后概率", "判断")
    return _table(heads, lines, numbers=(1, 2, 5))


def chance(q: float) -> str:
    """``＜0.001``, ``0.012``, ``0.35``."""
    return "＜0.001" if q < 0.001 else f"{q:.3f}" if q < 0.0995 else f"{q:.2f}"


def speeds(rows: Sequence[Spread], to: Address, *, now: datetime) -> Html:
    """The table of stories by how fast they spread."""
    lines = []
    for row in rows:
        young = now - row.first_at < timedelta(hours=24)
        place = divisions.short_name(row.region)
        at = local(row.first_at)
        lines.append(
            tag(
                "tr",
                tag("td", tag("a", row.title, href=to({"story": str(row.id)}), target="_self"), class_="title"),
                tag("td", place),
                tag("td", level_name(row.level)),
                tag("td", f"{at.month}月{at.day}日 {at:%H:%M}"),
                *(tag("td", number, class_="n") for number in row.outlets),
                tag("td", f"{figure(row.rate)} 家", class_="n"),
                tag("td", "—" if row.fifth_hours is None else _hours(row.fifth_hours), class_="n"),
                tag("td", _faster(row.percentile, young=young)),
            )
        )
    within = tuple(f"{hours} 小时" for hours in HOURS)
    heads = ("事件", "地区", "级别", "首次发布", *within, "每小时最多", f"第{FIFTH}家用时", "与存档比（24 小时）")
    return _table(heads, lines, numbers=(4, 5, 6, 7, 8, 9))


def _hours(hours: float) -> str:
    return f"{hours * 60:.0f} 分钟" if hours < 1 else f"{figure(hours)} 小时"


def _faster(percentile: float | None, *, young: bool) -> str:
    if percentile is None:
        return "存档太少，不作比较"
    said = f"快于 {percentile:.0f}% 的事件"
    return f"{said}（未满 24 小时）" if young else said


def _table(heads: Sequence[str], lines: Sequence[Html], *, numbers: Sequence[int]) -> Html:
    top = [tag("th", name, scope="col", class_="n" if at in numbers else "") for at, name in enumerate(heads)]
    table = tag("table", tag("thead", tag("tr", *top)), tag("tbody", *lines))
    return tag("div", table, class_="trend-table", tabindex="0")


def bursts(said: Sequence[tuple[str, Html | str]]) -> Html:
    """The list of what is more than usual: a sentence and what lies behind it."""
    lines = [
        tag("li", tag("b", "▲ ", class_="up"), words, tag("span", f"　{note}", class_="muted")) for words, note in said
    ]
    return tag("ul", *lines, class_="trend-bursts")
