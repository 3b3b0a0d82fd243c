"""规则与词库: by what the system judges (weights, levels, clocks, words); trying, training, judging again by it."""

from __future__ import annotations

import streamlit as st

from monitors.opinion import rule_sets, rulebook
from monitors.opinion.board import elapsed_words
from monitors.opinion.lexicon import shipped
from monitors.opinion.rulebook import Group, Weight
from monitors.opinion.severity import MOST
from monitors.settings import Settings
from pages import (
    context,
    rejudging,
    retraining,
    rules_draft,
    rules_history,
    rules_keywords,
    rules_limits,
    rules_trial,
    trying,
)
from pages.markup import Html, joined, tag


def main() -> None:
    """The page."""
    with context.explained():
        with context.look() as connection:
            actor = context.actor()
            actor.require("source.view", kind="page", target="rules")
            present = rule_sets.in_force(connection)
            unread = rule_sets.unread(connection)
        if actor.may(rule_sets.PERMISSION):
            rules_draft.begin(present)
        st.subheader("规则与词库", anchor=False)
        if unread:
            st.warning(f"{unread}。请在“关键词规则”中改正，试验后重新保存。", icon=":material/warning:")
        _page(rule_sets.settings_under(context.settings(), present))


_TABS = ("研判模型", "关键词规则", "门槛与别名", "试验与生效", "历史版本", "试算", "级别与分值", "词库")


def _page(settings: Settings) -> None:
    model, keywords, limits, lab, history, trial, levels, words = st.tabs(_TABS, key="rules-tabs")
    with model:
        _model(settings)
    for tab, drawn in (
        (keywords, rules_keywords),
        (limits, rules_limits),
        (lab, rules_trial),
        (history, rules_history),
    ):
        with tab:
            drawn.draw()
    with trial:
        trying.draw()
    with levels:
        st.html(_levels(settings), width=980)
        st.html(_points(settings), width=760)
        st.html(_others(settings), width=980)
    with words:
        _words()


def _model(settings: Settings) -> None:
    chosen, weights = rulebook.weights(settings)
    retraining.draw()
    rejudging.draw()
    with st.expander(f"相关性的 {len(weights)} 项特征与权重", key="rules-weights"):
        st.html(_weights(weights, own=bool(chosen.trained_at)), width=760)


def _weights(weights: tuple[Weight, ...], *, own: bool) -> Html:
    note = "各项权重相加，正数表示更像欠薪报道，负数表示更不像；没有一项单独决定结果。"
    heads = [tag("th", "特征"), tag("th", "权重", class_="n")]
    if own:
        heads.append(tag("th", "随程序发布", class_="n"))
    rows = []
    for one in weights:
        cells = [tag("td", one.meaning), tag("td", f"{one.weight:+.2f}", class_="n")]
        if own:
            cells.append(tag("td", f"{one.shipped:+.2f}", class_="n"))
        rows.append(tag("tr", *cells))
    return tag("div", tag("p", note, class_="muted"), tag("table", tag("tr", *heads), *rows), class_="dossier")


def _levels(settings: Settings) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", one.name),
            tag("td", f"{one.score} 分及以上"),
            tag("td", "；".join(one.floors)),
            tag("td", elapsed_words(60 * one.sign_minutes)),
            tag("td", f"首发后 {one.public_hours} 小时"),
        )
        for one in rulebook.levels(settings)
    ]
    names = ("内部预警级别", "分值", "不论分值、不低于本级的情形", "签收时限", "公开回应时限")
    head = tag("tr", *(tag("th", name) for name in names))
    return tag("div", tag("h4", "级别与时限"), tag("table", head, *rows), class_="dossier")


def _others(settings: Settings) -> Html:
    story, severity = settings.story, settings.severity
    other = (
        "工资确认解决只减分，不降到“不低于”的级别以下；那须由具名的人决定。",
        f"首发超过 {severity.report_days} 天的报道只归档，不报警。",
        (
            f"{story.window_days} 天以内、同一地区且事实相符的报道归为一起事件；"
            f"文字相同达到 {story.copy_similarity:.0%} 视为转载。"
        ),
        "外省、背景（政策宣传等）信息只列入关注；级别由系统提示，定级与处置由值班人员决定。",
    )
    return tag(
        "div",
        tag("h4", "其他规则"),
        tag("ul", *(tag("li", line) for line in other)),
        tag(
            "p",
            "本页为现行设置。级别的分值门槛在“门槛与别名”中修改；时限由管理员在服务器上修改 config.toml 后重新启动；"
            "分值表随程序发布。",
            class_="muted",
        ),
        class_="dossier",
    )


def _points(settings: Settings) -> Html:
    rows = []
    for name, parts in rulebook.points(settings):
        for number, part in enumerate(parts):
            first = [tag("td", name, rowspan=str(len(parts)), class_="part")] if number == 0 else []
            rows.append(tag("tr", *first, tag("td", part.why), tag("td", f"{part.points:+d}", class_="n")))
    note = (
        f"各项相加，最少 0 分，最多 {MOST} 分。行为取最重的一种，人数、金额、传播、增速取所在的一行，"
        "注明“另加”“另减”的再加减。"
    )
    head = tag("tr", tag("th", "项目"), tag("th", "情形"), tag("th", "分值", class_="n"))
    return tag("div", tag("h4", "分值表"), tag("p", note, class_="muted"), tag("table", head, *rows), class_="dossier")


def _words() -> None:
    wanted = st.text_input("查找词语", key="rules-word", placeholder="例如：讨薪", live="300ms", width=260).strip()
    groups = rulebook.groups(shipped().terms)
    if wanted:
        st.html(_found(groups, wanted))
        return
    total = sum(len(group.terms) for group in groups)
    st.caption(f"共 {total:,} 个词语，{len(groups)} 组。前几组的词语会作为“命中词”列在报道旁，其余只用于判断语境。")
    for group in groups:
        with st.expander(f"{group.name}　{len(group.terms)} 个", key=f"rules-group-{group.name}"):
            st.html(_group(group))


def _group(group: Group) -> Html:
    return tag("div", tag("p", "、".join(term.text for term in group.terms)), class_="dossier")


def _found(groups: tuple[Group, ...], wanted: str) -> Html:
    hits = [(group, term) for group in groups for term in group.terms if wanted in term.text]
    if not hits:
        return tag("div", tag("p", "词库中没有这个词语。", class_="muted"), class_="dossier")
    head = tag("tr", *(tag("th", name) for name in ("词语", "组", "分量", "说明")))
    rows = [
        tag("tr", tag("td", term.text), tag("td", group.name), tag("td", f"{term.weight:g}"), _note(term))
        for group, term in hits[:200]
    ]
    return tag("div", tag("table", head, *rows), class_="dossier")


def _note(term: rulebook.Term) -> Html:
    means = f"即“{term.means}”" if term.means else ""
    return tag("td", joined("；".join(word for word in (means, term.note) if word) or "—"))


main()
