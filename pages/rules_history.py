"""历史版本: who changed the rules when, why and by what figures; what differed; and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import lab_adopt, rule_sets
from monitors.opinion.lab_job import PERMISSION
from monitors.opinion.rule_sets import RuleSet
from pages import context, rules_draft, rules_words
from pages.markup import Html, tag

_SAID = "rules_history_said"
_SHIPPED = "出厂设置"


@st.fragment
def draw() -> None:
    """The tab."""
    rules_draft.show_whole()
    with context.explained():
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            versions = (*rule_sets.history(connection), rule_sets.EMPTY)
        if (said := st.session_state.pop(_SAID, None)) is not None:
            st.info(said)
        if len(versions) == 1:
            st.caption("还没有保存过规则，现行的是出厂设置。")
            return
        st.html(_list(versions))
        _compare(versions, changing=actor.may(PERMISSION))


def _name(one: RuleSet) -> str:
    return f"第 {one.id} 版" if one.id else _SHIPPED


def _list(versions: tuple[RuleSet, ...]) -> Html:
    names = ("版本", "时间", "保存人", "理由", "试验时的警情（原规则 → 新规则）")
    rows = [
        tag(
            "tr",
            tag("td", _name(one), tag("span", "　现行", class_="muted") if number == 0 else ""),
            tag("td", stamp(one.at) if one.at else "—"),
            tag("td", one.by or "—"),
            tag("td", one.reason or "—"),
            tag("td", _figures(one.figures)),
        )
        for number, one in enumerate(versions)
    ]
    return tag("div", tag("table", tag("tr", *(tag("th", name) for name in names)), *rows), class_="dossier")


def _figures(figures: Mapping[str, Any]) -> str:
    if "alerts" not in figures:
        return "—"
    before, after = figures["alerts"]
    days = f"{figures['days']} 天：" if "days" in figures else ""
    floor = figures.get("gold", {}).get("floor", "")
    below = f"；金标准集{floor}" if floor else ""
    return f"{days}{before:,} → {after:,}（增 {figures['gained']:,}，减 {figures['lost']:,}）{below}"


def _compare(versions: tuple[RuleSet, ...], *, changing: bool) -> None:
    present = versions[0]
    chosen = st.selectbox(
        "查看哪一版", range(len(versions)), format_func=lambda number: _name(versions[number]), key="rules-version",
        width=260,
    )  # fmt: skip
    one = versions[chosen]
    left, right = st.columns(2, gap="large")
    if one.id:
        before = versions[chosen + 1]
        left.markdown(f"**比{_name(before)}改了什么**")
        left.html(rules_words.differences(before.draft, one.draft))
    else:
        left.caption("出厂设置：没有关键词规则和别名，门槛按 config.toml。")
    if one is present:
        right.caption("这是现行的版本。")
        return
    right.markdown("**恢复到这一版，现行规则会有的改动**")
    right.html(rules_words.differences(present.draft, one.draft))
    if changing:
        with right.container(horizontal=True):
            st.button(
                "载入为草稿", icon=":material/edit_note:", key="rules-take", on_click=rules_draft.load,
                args=(one.draft,), help="在此基础上修改，试验后再保存。",
            )  # fmt: skip
            with st.popover("恢复此版本", icon=":material/settings_backup_restore:"):
                st.write(f"立即以{_name(one)}的内容另存为新版本并生效，不用再试验。")
                reason = st.text_input("理由", max_chars=lab_adopt.MOST_REASON, key="rules-back-reason")
                st.button(
                    "确认恢复", type="primary", key="rules-back", on_click=_restore, args=(one.id, present.id),
                    disabled=not reason.strip(),
                )  # fmt: skip


def _restore(old_id: int, expected_id: int) -> None:
    reason = str(st.session_state.get("rules-back-reason", ""))
    try:
        with context.act() as connection:
            saved = lab_adopt.restore(
                connection, context.actor(), old_id, reason, expected_id=expected_id, settings=context.settings(),
                now=utc_now(),
            )  # fmt: skip
    except MonitorsError as error:
        st.session_state[_SAID] = f"{error}。"
        return
    rules_draft.forget()
    st.session_state[_SAID] = f"已恢复，存为第 {saved} 版并生效，监测在下一轮起使用。"
