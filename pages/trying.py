"""试算: a text is typed, and the judge says at once what it would make of it. Nothing is stored."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from monitors.clock import local, utc_now
from monitors.opinion import label_values, rule_judge, rule_sets, tryout
from monitors.opinion.judge import Judge
from monitors.opinion.label_values import FIELDS
from monitors.opinion.tryout import Answer, Asked
from pages import context, judgement, story
from pages.markup import Html, joined, tag
from pages.wording import level_name, sentiment_name

_ASKED = "trying_asked"  # what was typed last: the answer stays while other parts of the page are used
_REASONS = 12
_MAX_TYPED = 20_000


@st.cache_resource(show_spinner="正在载入研判模型…", max_entries=2)
def _judge(rule_set: int) -> Judge:  # noqa: ARG001 - the version in force, which it is kept by
    """One for all, by the rules in force; it takes up newly trained weights by itself."""
    with context.look() as connection:
        return rule_judge.present(connection, context.settings())


@st.fragment
def draw() -> None:
    """The tab; typing and asking redraw it alone."""
    with context.explained():
        with context.look():
            context.actor().require("source.view", kind="page", target="rules")
        _ask()
        if (asked := st.session_state.get(_ASKED)) is not None:
            tryout.check(asked, now=utc_now())
            with context.look() as connection:
                version = rule_sets.in_force(connection).id
            _show(tryout.answer(_judge(version), asked, now=utc_now()))


def _ask() -> None:
    today = local(utc_now()).date()
    with st.form("trying", border=False):
        title = st.text_input("标题", max_chars=tryout.MAX_TITLE, key="trying-title")
        text = st.text_area("正文", height=120, max_chars=_MAX_TYPED, key="trying-text")
        place, day, national, send = st.columns([2.2, 1.2, 1.2, 1], vertical_alignment="bottom")
        region = place.selectbox(
            "媒体所在地（选填）",
            judgement.offered_divisions(),
            format_func=lambda code: label_values.words("county", code) if code else "不限",
            key="trying-region",
        )
        when = day.date_input(
            "发布日期", today, min_value=today - timedelta(days=3650), max_value=today, format="YYYY-MM-DD",
            key="trying-day",
        )  # fmt: skip
        widely = national.checkbox("全国性媒体", key="trying-national")
        if send.form_submit_button("试算", type="primary", icon=":material/play_arrow:", width="stretch"):
            st.session_state[_ASKED] = Asked(title, text, region or "", when, widely)
    st.caption("与监测所用的模型、词库和规则相同，按刚发现的单篇报道研判；输入的内容不保存、不报警、不进入训练。")


def _show(found: Answer) -> None:
    judged = found.judgement
    evidence = {name: [one for one in judged.evidence if one.field == name] for name in ("title", "text")}
    limit = context.settings().judge.max_chars
    st.html(
        tag(
            "div",
            tag("h4", _verdict(found)),
            story.colours(),
            tag("p", tag("strong", story.highlighted(found.title, evidence["title"]))) if found.title else "",
            tag("div", story.highlighted(found.text, evidence["text"]), class_="text") if found.text else "",
            tag("p", f"正文超过 {limit:,} 字，只研判前 {limit:,} 字。", class_="muted") if found.cut else "",
            class_="dossier",
        )
    )
    left, right = st.columns([1.5, 1], gap="large")
    left.html(tag("div", tag("h4", "各项研判与依据"), _outputs(found), class_="dossier judged"))
    right.html(tag("div", _severity(found), _weighed(found), class_="dossier"))


def _verdict(found: Answer) -> str:
    judged = found.judgement
    if not judged.relevant:
        return f"不相关（评分 {judged.relevance:.0%}）"
    level = judged.severity.level if judged.severity else ""
    return "　".join(word for word in (level_name(level), judged.kind or "", judged.scope) if word)


def _outputs(found: Answer) -> Html:
    judged, limits = found.judgement, context.settings().judge
    rows = [
        tag(
            "tr",
            tag("th", FIELDS[output.field]),
            tag("td", judgement.value_html(output, judged.relevance, most=_REASONS)),
        )
        for output in found.outputs
    ]
    if found.period:
        rows.append(
            tag(
                "tr",
                tag("th", "欠薪时段"),
                tag("td", "；".join(words.removeprefix("欠薪时段：") for words in found.period)),
            )
        )
    raw = "" if judged.snownlp is None else f"（SnowNLP 原始分 {judged.snownlp:.2f}）"
    feeling = f"{judged.sentiment:+.2f} {sentiment_name(judged.sentiment, limits)}{raw}"
    rows.append(tag("tr", tag("th", "情感"), tag("td", feeling)))
    rows.append(tag("tr", tag("th", "命中词"), tag("td", "、".join(judged.matched) or "—")))
    rows.append(tag("tr", tag("th", "研判模型"), tag("td", judged.model)))
    return tag("table", *rows, class_="facts")


def _severity(found: Answer) -> Html:
    severity = found.judgement.severity
    if severity is None:
        return Html("")
    floors = tag("ul", *(tag("li", words) for words in severity.floors)) if severity.floors else ""
    return joined(
        tag("h4", "级别是怎样算出的"),
        judgement.severity_table(severity.parts, severity.level, severity.score),
        joined(tag("p", "不低于的级别："), floors) if floors else "",
    )


def _weighed(found: Answer) -> Html:
    rows = [tag("tr", tag("td", meaning), tag("td", f"{points:+.2f}", class_="n")) for meaning, points in found.weighed]
    head = tag("tr", tag("th", "特征"), tag("th", "分量", class_="n"))
    table = tag("table", head, *rows) if rows else tag("p", "没有与欠薪有关的特征。", class_="muted")
    note = f"评分 {found.judgement.relevance:.1%}，达到 {found.threshold:.0%} 为相关；正数更像欠薪报道，负数更不像。"
    return joined(tag("h4", "相关性是怎样算出的"), tag("p", note, class_="muted"), table)
