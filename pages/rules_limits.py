"""门槛与别名: thresholds beside their shipped values, and spellings of the office's own."""

from __future__ import annotations

import streamlit as st

from monitors.opinion import alias_lines, rule_sets
from monitors.opinion.lab_job import PERMISSION
from monitors.opinion.lab_thresholds import THRESHOLDS, Threshold
from monitors.opinion.rule_sets import Alias, RuleSet
from pages import context, rules_draft
from pages.markup import Html, tag


@st.fragment
def draw() -> None:
    """The tab; typing redraws it alone."""
    with context.explained():
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            present = rule_sets.in_force(connection)
        left, right = st.columns([1, 1], gap="large")
        changing = actor.may(PERMISSION)
        with left:
            st.markdown("**门槛**")
            if changing:
                for one in THRESHOLDS:
                    _field(one, present)
                st.caption("改动只是草稿，在“试验与生效”中试验并保存后才生效。")
            else:
                st.html(_thresholds(present))
        with right:
            st.markdown("**别名**")
            if changing:
                _aliases()
            else:
                st.html(_table(present.draft.aliases))


def _field(one: Threshold, present: RuleSet) -> None:
    shipped = one.of(context.settings())
    now = present.draft.thresholds.get(one.name, shipped)
    name, field, told = st.columns([1.5, 1, 1.1], vertical_alignment="center")
    name.markdown(one.words, help=f"{one.why}。")
    kind = int if one.whole else float
    field.number_input(
        one.words, min_value=kind(one.low), max_value=kind(one.high), step=kind(one.step),
        format="%d" if one.whole else "%.2f", key=rules_draft.limit_key(one.name), label_visibility="collapsed",
    )  # fmt: skip
    told.caption(f"现行 {one.shown(now)}，出厂 {one.shown(shipped)}")


def _thresholds(present: RuleSet) -> Html:
    settings = context.settings()
    head = tag("tr", tag("th", "门槛"), tag("th", "现行", class_="n"), tag("th", "出厂", class_="n"))
    rows = [
        tag(
            "tr",
            tag("td", one.words),
            tag("td", one.shown(present.draft.thresholds.get(one.name, one.of(settings))), class_="n"),
            tag("td", one.shown(one.of(settings)), class_="n"),
        )
        for one in THRESHOLDS
    ]
    return tag("div", tag("table", head, *rows), class_="dossier")


def _aliases() -> None:
    st.text_area(
        "每行一个：写法 = 含义　# 备注", height=220, max_chars=20_000, key=rules_draft.ALIASES,
        placeholder="讨辛 = 讨薪  # 网帖写法",
        help="左边的写法在研判时当作右边的词。词库里已有的词不能当作别的词。",
    )  # fmt: skip
    found, faults = alias_lines.read(str(st.session_state.get(rules_draft.ALIASES) or ""))
    for fault in faults:
        st.warning(f"{fault}。")
    st.html(_table(found))


def _table(aliases: tuple[Alias, ...]) -> Html:
    if not aliases:
        return tag("div", tag("p", "没有本单位的别名，用随程序发布的规避写法。", class_="muted"), class_="dossier")
    head = tag("tr", *(tag("th", name) for name in ("写法", "含义", "备注")))
    rows = [tag("tr", tag("td", one.word), tag("td", one.means), tag("td", one.note or "—")) for one in aliases]
    return tag("div", tag("table", head, *rows), class_="dossier")
