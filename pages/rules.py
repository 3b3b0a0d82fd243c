"""规则与词库: by what the system judges (weights, levels, clocks, words), and judging the archive again by it."""

from __future__ import annotations

import streamlit as st

from monitors.opinion import rulebook
from monitors.opinion.board import elapsed_words
from monitors.opinion.lexicon import shipped
from monitors.opinion.rulebook import Group, Weight
from monitors.settings import Settings
from pages import context, rejudging
from pages.markup import Html, joined, tag


def main() -> None:
    """The page."""
    with context.explained():
        with context.look():
            context.actor().require("source.view", kind="page", target="rules")
        st.subheader("规则与词库", anchor=False)
        _page(context.settings())


def _page(settings: Settings) -> None:
    model, levels, words = st.tabs(["研判模型", "级别与时限", "词库"])
    with model:
        _model(settings)
    with levels:
        st.html(_levels(settings), width=760)
    with words:
        _words()


def _model(settings: Settings) -> None:
    chosen, weights = rulebook.weights(settings)
    if chosen.fault:
        st.warning(f"{chosen.fault}，现用随程序发布的权重。", icon="⚠️")
    origin = "随程序发布的权重"
    if chosen.trained_at:
        origin = f"本单位 {chosen.trained_at[:10]} 用 {chosen.labels} 条标注训练的权重"
    st.html(
        tag(
            "div",
            tag(
                "dl",
                *(tag("dt", "现行版本"), tag("dd", chosen.version)),
                *(tag("dt", "权重来历"), tag("dd", origin)),
                *(tag("dt", "相关的门槛"), tag("dd", f"{settings.judge.relevance_threshold:.0%}")),
                class_="single",
            ),
            class_="dossier",
        )
    )
    rejudging.draw()
    with st.expander(f"相关性的 {len(weights)} 项特征与权重", key="rules-weights"):
        st.html(_weights(weights, own=bool(chosen.trained_at)), width=760)


def _weights(weights: tuple[Weight, ...], *, own: bool) -> Html:
    note = "各项权重相加，正数表示更像欠薪报道，负数表示更不像；没有一项单独决定结果。"
    heads = [tag("th", "特征"), tag("th", "权重")]
    if own:
        heads.append(tag("th", "随程序发布"))
    rows = []
    for one in weights:
        cells = [tag("td", one.meaning), tag("td", f"{one.weight:+.2f}")]
        if own:
            cells.append(tag("td", f"{one.shipped:+.2f}"))
        rows.append(tag("tr", *cells))
    return tag("div", tag("p", note, class_="muted"), tag("table", tag("tr", *heads), *rows), class_="dossier")


def _levels(settings: Settings) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", one.name),
            tag("td", f"{one.score} 分及以上"),
            tag("td", elapsed_words(60 * one.sign_minutes)),
            tag("td", f"首发后 {one.public_hours} 小时"),
        )
        for one in rulebook.levels(settings)
    ]
    head = tag("tr", *(tag("th", name) for name in ("内部预警级别", "分值", "签收时限", "公开回应时限")))
    acts = [tag("tr", tag("td", words), tag("td", f"{points} 分")) for words, points in rulebook.acts()]
    story, severity = settings.story, settings.severity
    other = (
        f"距春节 {severity.festival_days} 天以内加 5 分；确认已解决减 20 分，但不低于各项底线级别。",
        f"首发超过 {severity.report_days} 天的报道只归档，不报警。",
        (
            f"{story.window_days} 天以内、同一地区且事实相符的报道归为一起事件；"
            f"文字相同达到 {story.copy_similarity:.0%} 视为转载。"
        ),
        "外省、背景（政策宣传等）信息只列入关注；级别由系统提示，定级与处置由值班人员决定。",
    )
    return tag(
        "div",
        tag("h4", "级别与时限"),
        tag("table", head, *rows),
        tag("h4", "行为分值"),
        tag("table", tag("tr", tag("th", "行为"), tag("th", "分值")), *acts),
        tag("h4", "其他规则"),
        tag("ul", *(tag("li", line) for line in other)),
        tag("p", "本页为现行设置，须由管理员在服务器上修改 config.toml 后重新启动。", class_="muted"),
        class_="dossier",
    )


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
