"""关键词规则: the rules as text with their faults by line, what each does in words, and a text to try them on."""

from __future__ import annotations

import streamlit as st

from monitors.errors import InputError
from monitors.opinion import alias_lines, lab_try, rule_sets
from monitors.opinion.lab_job import PERMISSION
from monitors.opinion.lab_try import MAX_TEXT, MAX_TITLE, Tried
from monitors.opinion.rule_grammar import MAX_TEXT as MAX_RULES_TEXT
from monitors.opinion.rule_grammar import Rule, RulesError, parse
from monitors.opinion.rule_sets import RuleSet
from pages import context, rules_draft, rules_words, story
from pages.markup import Html, joined, tag

_TRIED = "rules_tried"  # the text asked about last: the answer stays while the rules are changed
_HELP = """
【名称】在方括号里，各条规则之间空一行；以 # 开头的行是说明。

- 一行写几个词，用空格隔开：有**任一个**即可；加引号可含空格
- `+词`：**必须有**（同一行几个词有一个即可）
- `!词`：有它就**不算**，只管本条规则
- `近(10)：甲 乙`：两词相隔不超过 10 字，先后不限
- `/讨薪(队伍|车队)/`：正则表达式
- `字段：标题`（或 正文、全部）　`来源：…`　`平台：…`　`地区：镇雄县`
- `级别：II`：命中的报道不低于该级；不写则只列入关注
- `标签：…`：列在报道的依据里

大小写、全半角、简繁和“欠xin”这类写法视为相同。规则只升级、不降级；人工标注优先。
"""
_EXAMPLE = """【讨薪车队】
# 几辆车结队到外地讨薪
讨薪车队 车队讨薪
近(8)：结队 讨薪
!演练
级别：III"""


@st.fragment
def draw() -> None:
    """The tab; typing redraws it alone."""
    with context.explained():
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            present = rule_sets.in_force(connection)
        changing = actor.may(PERMISSION)
        left, right = st.columns([1, 1.25], gap="large")
        with left:
            rules = _editor(present) if changing else _shown(present)
        with right:
            if rules is not None:
                st.html(rules_words.rules_html(rules))
        _try(rules, present, changing=changing)


def _editor(present: RuleSet) -> tuple[Rule, ...] | None:
    """The field with its faults; the rules it holds, None while there are faults."""
    if rules_draft.behind(present):
        st.info(f"{present.by}已保存第 {present.id} 版，您的草稿依据的是以前的版本。", icon=":material/info:")
        if st.button("放弃草稿，载入现行规则", key="rules-reload", on_click=rules_draft.forget):
            rules_draft.show_whole()
    st.text_area(
        "规则", height=440, max_chars=MAX_RULES_TEXT, key=rules_draft.TEXT, placeholder=_EXAMPLE,
        help="点到别处即检查。改动只是草稿，试验并保存后才生效。",
    )  # fmt: skip
    with st.expander("写法", key="rules-help"):
        st.markdown(_HELP)
    try:
        rules = parse(str(st.session_state.get(rules_draft.TEXT) or ""))
    except RulesError as error:
        st.html(_faults(error))
        return None
    st.caption(f"共 {len(rules)} 条规则，没有错误。" if rules else "没有规则。")
    return rules


def _shown(present: RuleSet) -> tuple[Rule, ...] | None:
    by = f"第 {present.id} 版，{present.by}保存。" if present.id else "没有保存过规则。"
    st.caption(f"{by}修改规则由有权限的管理员进行。")
    if not present.draft.text.strip():
        return ()
    st.text_area("现行规则", present.draft.text, height=440, disabled=True, key="rules-present")
    try:
        return present.rules
    except RulesError as error:
        st.html(_faults(error))
        return None


def _faults(error: RulesError) -> Html:
    rows = [
        tag("tr", tag("td", f"第 {fault.line} 行" if fault.line else "整体"), tag("td", fault.words))
        for fault in error.faults
    ]
    head = tag("p", f"有 {len(error.faults)} 处需要改：", class_="late")
    return tag("div", head, tag("table", *rows), class_="dossier")


# ── trying ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _try(rules: tuple[Rule, ...] | None, present: RuleSet, *, changing: bool) -> None:
    with st.container(border=True, key="rules-try-box"):
        st.markdown("**试一试**")
        with st.form("rules-attempt", border=False):
            title = st.text_input("标题", max_chars=MAX_TITLE, key="rules-try-title")
            text = st.text_area("正文", height=120, max_chars=MAX_TEXT, key="rules-try-text")
            if st.form_submit_button("看看命中哪些规则", icon=":material/search_check:"):
                st.session_state[_TRIED] = (title, text)
        st.caption("只看规则是否命中，不限来源和平台；输入的内容不保存。要看完整研判，用“试算”。")
        asked = st.session_state.get(_TRIED)
        if asked is None:
            return
        if rules is None:
            st.warning("规则有错，改好后再试。", icon=":material/edit_note:")
            return
        aliases = present.draft.aliases
        if changing:
            aliases, _ = alias_lines.read(str(st.session_state.get(rules_draft.ALIASES, "")))
        try:
            st.html(_answer(lab_try.attempt(rules, aliases, *asked)))
        except InputError as error:
            st.warning(f"{error}。")


def _answer(found: Tried) -> Html:
    evidence = [span for hit in found.hits for span in hit.spans]
    marked = {name: [one for one in evidence if one.field == name] for name in ("title", "text")}
    rows = [
        tag(
            "tr",
            tag("td", tag("strong", hit.rule.name)),
            tag("td", "；".join(_place(one.text, one.field, one.start) for one in hit.spans)),
            tag("td", rules_words.effect(hit.rule)),
        )
        for hit in found.hits
    ]
    head = tag("tr", *(tag("th", name) for name in ("命中的规则", "命中的词和位置", "命中后")))
    table = tag("table", head, *rows) if rows else tag("p", "没有命中任何规则。", class_="muted")
    return tag(
        "div",
        tag("p", tag("strong", story.highlighted(found.title, marked["title"]))) if found.title else "",
        tag("div", story.highlighted(found.text, marked["text"]), class_="text") if found.text else "",
        tag("p", f"地点：{found.place or '未定位'}", class_="muted"),
        joined(table),
        class_="dossier",
    )


def _place(word: str, field: str, start: int) -> str:
    return f"“{word}”{'标题' if field == 'title' else '正文'}第 {start + 1} 字"
