"""归并与相关 in the story drawer: other stages of the affair, merging, splitting, and taking either back."""

from __future__ import annotations

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import story_edit_records, story_edits, story_neighbours
from monitors.opinion.board import short_place
from monitors.opinion.dossier import Dossier
from monitors.opinion.story_edit_records import Edit
from monitors.opinion.story_neighbours import Neighbour, stage_words
from pages import context
from pages.markup import Html, joined, tag
from pages.wording import level_name

TITLE = "归并与相关"
_NOTE = "story_edit_note"
_SHOWN_TITLE = 34  # characters of a title in a list to choose from


def say() -> None:
    """How the last merge, split or taking back went; once, above the tabs."""
    if (note := st.session_state.pop(_NOTE, None)) is not None:
        st.success(note, icon=":material/check_circle:")


def panel(found: Dossier) -> None:
    """The tab."""
    with context.look() as connection:
        who = context.actor()
        near = story_neighbours.related(connection, who, found.id)
        past = story_edit_records.history(connection, who, found.id)
    editing = who.may(story_edits.ACTION, found.region)
    st.html(_related(near))
    _history(found, past, editing=editing)
    if editing and found.items:
        _merge(found)
        _split(found)


def _related(near: tuple[Neighbour, ...]) -> Html:
    head = tag("h4", "前后相关事件")
    if not near:
        return tag("div", head, tag("p", "没有同一用工单位、同一县的其他事件。", class_="muted"), class_="dossier")
    lines = [tag("li", f"{stage_words(one)}　", _link(one.id, one.title), f"（{_about(one)}）") for one in near]
    why = tag(
        "p", "同一用工单位、同一县的其他事件，可能是此事的前因或后续；各自报警、各自计时，不自动合并。", class_="muted"
    )
    return tag("div", head, why, tag("ul", *lines), class_="dossier")


def _about(one: Neighbour) -> str:
    return "，".join(word for word in (level_name(one.level), one.kind or "", f"{one.reports} 篇") if word)


def _link(story_id: int, words: str) -> Html:
    return tag("a", words, href=f"?story={story_id}", target="_self")


def _history(found: Dossier, past: tuple[Edit, ...], *, editing: bool) -> None:
    if not past:
        return
    st.html(tag("div", tag("h4", "人工合并与拆分"), class_="dossier"))
    for edit in past:
        row = st.container(horizontal=True, vertical_alignment="center")
        with row:
            st.html(tag("div", tag("p", _told(edit, found.id)), class_="dossier"), width="stretch")
            if editing and edit.standing:
                name = story_edit_records.KIND_NAMES[edit.kind]
                if st.button(f"撤销{name}", key=f"story-undo-{edit.number}", icon=":material/undo:", width="content"):
                    _undo(edit)


def _told(edit: Edit, here: int) -> Html:
    if edit.kind == "merge":
        words = ("合并：", _named(edit.source, here), f"的 {edit.reports} 篇报道并入", _named(edit.target, here))
    else:
        words = ("拆分：", _named(edit.source, here), f"的 {edit.reports} 篇报道拆出为", _named(edit.target, here))
    why = f"（{edit.why}）" if edit.why else ""
    undone = ""
    if edit.undone_at is not None:
        undone = f"；{stamp(edit.undone_at)} 由{edit.undone_by}撤销"
    return joined(f"{stamp(edit.at)} {edit.by} ", *words, why, undone)


def _named(story_id: int, here: int) -> Html:
    return tag("span", "本事件") if story_id == here else _link(story_id, f"事件 {story_id}")


def _merge(found: Dossier) -> None:
    with st.expander("与另一起事件合并", key="story-merge"):
        words = st.text_input(
            "查找",
            key="story-merge-words",
            max_chars=60,
            placeholder="标题中的字、事件编号或警情编号；留空列出同一地区的",
        )
        with context.look() as connection:
            near = story_neighbours.mergeable(connection, context.actor(), found.id, words, context.settings().story)
        if not near:
            st.caption(
                "没有符合条件的事件。"
                if words.strip()
                else f"同一地区、前后 {2 * context.settings().story.window_days} 天内没有其他事件。"
            )
            return
        by_id = {one.id: one for one in near}
        chosen = st.selectbox(
            "同一起事件",
            list(by_id),
            index=None,
            placeholder="请选择",
            format_func=lambda story_id: _option(by_id[story_id]),
            key="story-merge-other",
            filter_mode=None,
        )
        if chosen is None:
            return
        with context.look() as connection:
            gone, kept = story_edits.direction(connection, chosen, found.id)
        stays = "本事件" if kept == found.id else f"事件 {kept}（其警情级别更高或仍在办理）"
        st.caption(f"合并后保留{stays}，另一起的报道全部移入，其在办警情转为“并案”。合并可以撤销。")
        why = st.text_input("原因（可不填）", key="story-merge-why", max_chars=story_edits.MAX_WHY)
        if st.button("合并", type="primary", key="story-merge-do", icon=":material/merge:"):
            _do_merge(gone, kept, why)


def _option(one: Neighbour) -> str:
    title = one.title if len(one.title) <= _SHOWN_TITLE else f"{one.title[:_SHOWN_TITLE]}…"
    return (
        f"{one.id}　{stage_words(one)}　{short_place(one.region)}　{title}（{level_name(one.level)}，{one.reports} 篇）"
    )


def _split(found: Dossier) -> None:
    if found.items < 2:
        return
    with st.expander("把部分报道拆为另一起事件", key="story-split"):
        names = {
            view.id: f"{view.outlet}　{stamp(view.published_at)}　{view.title[:_SHOWN_TITLE]}" for view in found.reports
        }
        chosen = st.multiselect(
            "不属于本事件的报道",
            list(names),
            format_func=names.__getitem__,
            placeholder="请选择",
            key="story-split-items",
            filter_mode=None,
        )
        why = st.text_input("原因（可不填）", key="story-split-why", max_chars=story_edits.MAX_WHY)
        st.caption("拆出的报道组成新事件，是否报警按通常规则判断；以后不会自动并回。拆分可以撤销。")
        if st.button("拆出", type="primary", key="story-split-do", icon=":material/call_split:", disabled=not chosen):
            _do_split(found, chosen, why)


def _do_merge(gone: int, kept: int, why: str) -> None:
    try:
        with context.act() as connection:
            edit = story_edits.merge(
                connection, context.actor(), gone, kept, why=why, settings=context.settings(), now=utc_now()
            )
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    _done(f"已把事件 {gone} 的 {edit.reports} 篇报道并入事件 {kept}。", kept)


def _do_split(found: Dossier, chosen: list[int], why: str) -> None:
    try:
        with context.act() as connection:
            edit = story_edits.split(
                connection, context.actor(), found.id, chosen, why=why, settings=context.settings(), now=utc_now()
            )
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    _done(f"已拆出 {edit.reports} 篇报道，组成事件 {edit.target}。", found.id)


def _undo(edit: Edit) -> None:
    try:
        with context.act() as connection:
            story_edits.undo(connection, context.actor(), edit.number, settings=context.settings(), now=utc_now())
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    _done(f"已撤销这次{story_edit_records.KIND_NAMES[edit.kind]}。", edit.source)


def _done(words: str, story_id: int) -> None:
    """The whole page is drawn again: the list behind the drawer has changed as well."""
    st.session_state[_NOTE] = words
    for key in ("story-merge-words", "story-merge-other", "story-merge-why", "story-split-items", "story-split-why"):
        st.session_state.pop(key, None)
    st.query_params["story"] = str(story_id)
    st.rerun()
