"""已报送: the frozen forms of one division, any of them whole, and what differs between two of them or from today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from monitors.access.scope import Scope
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.ledger import form_snapshots
from monitors.ledger.form_cli import campaign_of
from monitors.ledger.form_lines import Place
from monitors.ledger.form_snapshots import Difference, Snapshot
from monitors.regions import divisions
from pages import context, form_desk, form_figures, form_records, form_table
from pages.form_ask import Asked
from pages.form_figures import exact_words
from pages.form_records import Sheet
from pages.markup import Html, tag
from pages.people_drawer import plain

_NOW = 0  # instead of a snapshot: the ledger as it is


def draw(scope: Scope, asked: Asked) -> None:
    """The tab: everything submitted for this campaign and division, and the comparison."""
    with context.look() as connection:
        found = form_snapshots.listed(connection, scope, campaign=asked.campaign.key, region=asked.region)
    if not found:
        st.info(
            f"{divisions.full_name(asked.region)}在“{asked.campaign.name}”中还没有报送过。在“报表”中核对后报送。",
            icon=":material/info:",
        )
        return
    st.caption(f"{divisions.full_name(asked.region)} · {asked.campaign.name}：报送件一经报送即固定，更正须另行报送。")
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("查看", key=f"form-open-{one.id}", on_click=_open, args=(one.id,))
            st.markdown(_line(one), width="stretch")
    _compare(scope, asked, found)


def words(one: Snapshot) -> str:
    """A submitted form in one line, without the person: for a list to choose from."""
    return f"第 {one.id} 号（{one.kind}，截至 {one.cutoff}，{stamp(one.at)} 报送）"


def _line(one: Snapshot) -> str:
    explained = f" · 说明 {len(one.explanations)} 项" if one.explanations else ""
    broken = "" if one.intact else " · :red[**与校验值不符**]"
    return f"**第 {one.id} 号** · {one.kind} · 截至 {one.cutoff} · {stamp(one.at)} 报送{explained}{broken}"


def _open(number: int) -> None:
    st.query_params["snapshot"] = str(number)


def _back() -> None:
    for name in ("snapshot", "cell"):
        st.query_params.pop(name, None)


# ── differences ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _compare(scope: Scope, asked: Asked, found: Sequence[Snapshot]) -> None:
    st.markdown("**差异比较**")
    known = {one.id: one for one in found}
    named = {number: words(one) for number, one in known.items()}
    left, right = st.columns(2)
    numbers = list(known)
    before = _pick(left, "由", named, key="form-before", usual=numbers[min(1, len(numbers) - 1)])
    named = {_NOW: f"当前台账（截至 {asked.cutoff}）"} | named
    after = _pick(right, "到", named, key="form-after", usual=numbers[0] if len(numbers) > 1 else _NOW)
    newer = known[after].cells if after else form_figures.cells(scope, asked)
    st.html(differences(form_snapshots.diff(known[before].cells, newer)))


def _pick(where: Any, label: str, named: dict[int, str], *, key: str, usual: int) -> int:
    if st.session_state.get(key) not in named:
        st.session_state[key] = usual
    return int(where.selectbox(label, list(named), key=key, format_func=named.__getitem__))


def differences(found: Sequence[Difference], before: str = "原数", after: str = "现数") -> Html:
    """Every exact figure that differs, or the words that none does."""
    if not found:
        return tag("div", tag("p", "各项数字完全一致。"), class_="form-list")
    rows = []
    for one in found:
        unit, change = Place(one.row, one.column).unit, one.after - one.before
        sign = "+" if change > 0 else "−"
        rows.append(
            tag(
                "tr",
                tag("td", one.words),
                tag("td", exact_words(unit, one.before), class_="n"),
                tag("td", exact_words(unit, one.after), class_="n"),
                tag("td", f"{sign}{exact_words(unit, abs(change))}", class_="n"),
            )
        )
    head = tag("tr", tag("th", "项目"), *(tag("th", name, class_="n") for name in (before, after, "增减")))
    return tag(
        "div",
        tag("p", f"共 {len(found)} 处不同（按准确数比较）"),
        tag("div", tag("table", head, *rows), class_="scroll"),
        class_="form-list",
    )


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────────────
def draw_one(scope: Scope, text: str) -> None:
    """The submitted form of the address (``?snapshot=12``), as it was."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    try:
        with context.look() as connection:
            one = form_snapshots.get(connection, scope, number)
            parts = {code: form_snapshots.get(connection, scope, part) for code, part in one.parts.items()}
    except InputError:
        st.button("返回报表", icon=":material/arrow_back:", key="form-back", on_click=_back)
        st.warning("没有这份报送件，或您无权查看。", icon="🔍")
        return
    paper = one.paper(local(one.at).date())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("返回报表", icon=":material/arrow_back:", key="form-back", on_click=_back)
        st.markdown(f"**报送件第 {one.id} 号** · {one.kind} · {divisions.full_name(one.region)}", width="stretch")
        form_desk.files(paper, snapshot=one.id)
    if one.intact:
        st.caption(f"{stamp(one.at)} 由 {plain(one.actor)} 报送，内容已固定，校验一致。")
    else:
        st.error("这份报送件与其校验值不符，内容可能被改动，请联系管理员核查。", icon=":material/gpp_bad:")
    form_table.show(paper, "form_frozen")
    remarks = paper.remarks()
    if remarks:
        st.markdown("**审核与说明**")
        st.html(tag("div", tag("ul", *(tag("li", words) for words in remarks)), class_="form-list"))
    asked = Asked(campaign_of(context.settings(), one.campaign), one.cutoff, one.region)
    with st.expander("与当前台账比较", key="form-since", on_change="rerun") as since:
        if since.open:
            found = form_snapshots.diff(one.cells, form_figures.cells(scope, asked))
            st.html(differences(found, "报送时", "当前台账"))
    form_records.show_chosen(scope, Sheet(asked, one.cells, frozen=True, parts=parts if one.kind == "汇总" else None))
