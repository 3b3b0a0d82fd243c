"""The story drawer: what is reported, where, why it was judged so, and what has happened since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from monitors.access.restricted import summary
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.opinion import dossier
from monitors.opinion.board import elapsed_words, short_place
from monitors.opinion.dossier import AlertView, Dossier, ReportView
from monitors.opinion.model import CLOSED_STATES, STANCE_NAMES, Evidence
from monitors.opinion.story_summary import EMPTIED
from pages import context, drawer_tabs, judgement, restricted, story_edits
from pages.markup import Html, joined, link, safe_url, tag
from pages.wording import TONES, level_name, money, persons, sentiment_name

_SHOWN_TEXT = 6000
_ABOUT = (
    ("relevance", "欠薪用语"),
    ("place", "地点"),
    ("workers", "人数、金额、单位"),
    ("stance", "立场、情感"),
    ("context", "不作数"),
)


def show_chosen() -> None:
    """Show the story of the page's address (``?story=12``) at the right edge, if it names one."""
    value = st.query_params.get("story", "")
    wanted = int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
    restricted.forget(wanted)
    if wanted is not None:
        _drawer(wanted)


def _closed() -> None:
    st.query_params.pop("story", None)
    restricted.forget()


@st.dialog("事件详情", width=880, position="right", on_dismiss=_closed)
def _drawer(story_id: int) -> None:
    closed = restricted.offered()
    try:
        with context.look() as connection:
            who = context.actor()
            found = dossier.read(connection, who, story_id)
            held = summary(connection, who, restricted.KIND, str(story_id), found.region) if found and closed else None
    except RefusedError:
        found = None  # said as if there were none; the refusal is in the trail
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        return
    if found is None:
        if judgement.farewell():
            return
        st.warning("没有这起事件，可能已随演示数据清除。", icon="🔍")
        return
    now = utc_now()
    story_edits.say()
    if not found.items and found.alerts and found.alerts[0].state not in CLOSED_STATES:
        st.warning(f"{EMPTIED}。", icon="📭")
    st.html(_summary(found, now))
    panels: dict[str, Callable[[], None]] = {
        f"报道 {found.items}": lambda: st.html(reports_html(found)),
        "研判依据": partial(judged, found),
        "时间线": lambda: st.html(_timeline(found)),
        story_edits.TITLE: partial(story_edits.panel, found),
    }
    if closed:
        subject = restricted.Subject(restricted.KIND, found.id, str(found.id), found.region, "本事件")
        panels["受限信息"] = partial(restricted.panel, subject, held)
    drawer_tabs.draw(f"story-{found.id}", panels)


def judged(found: Dossier) -> None:
    """Why the story was judged so, and the means to say that it was wrong."""
    st.html(_reasons(found))
    judgement.panel(found)


def _whole(*children: object) -> Html:
    return tag("div", *children, class_="dossier")


def _summary(found: Dossier, now: datetime) -> Html:
    tags = [tag("span", level_name(found.level), class_=f"tag {TONES.get(found.level, 'grey')}")]
    tags += [tag("span", words, class_="tag") for words in (found.kind, STANCE_NAMES.get(found.stance)) if words]
    if found.scope != "本省":
        tags.append(tag("span", found.scope, class_="tag"))
    if found.demo:
        tags.append(tag("span", "演示数据", class_="tag"))
    rows: list[tuple[str, object]] = [
        ("地点", tag("span", short_place(found.region), title=found.place)),
        ("用工单位", found.employer or "—"),
        ("涉及人数", persons(found.workers)),
        ("涉及金额", money(found.amount_fen)),
        ("首发", f"{found.first_outlet} {stamp(found.first_published_at)}"),
        ("传播", f"{found.outlets} 家媒体 {found.items} 篇"),
        ("本系统发现", stamp(found.first_seen_at)),
        ("最近更新", stamp(found.last_seen_at)),
    ]
    if found.alerts:
        rows += _alert_rows(found.alerts[0], now)
    facts = tag("dl", *(joined(tag("dt", name), tag("dd", value)) for name, value in rows))
    return _whole(tag("h3", found.title), tag("div", *tags, class_="tags"), facts)


def _alert_rows(alert: AlertView, now: datetime) -> list[tuple[str, object]]:
    signed: object = f"{alert.signed_by} {stamp(alert.signed_at)}"
    if alert.signed_at is None:
        signed = _countdown(alert.sign_due_at, now)
    answer: object = "—" if alert.state in CLOSED_STATES else _countdown(alert.public_due_at, now)
    return [
        ("警情编号", joined(f"{alert.number}（{alert.state}）　", _desk(alert.number))),
        ("发出", stamp(alert.opened_at)),
        ("签收", signed),
        ("公开回应时限", answer),
    ]


def _desk(number: str) -> Html:
    """The way to where the alert is worked on."""
    return tag("a", "处置", href=f"/alerts?alert={number}", target="_self")


def _countdown(due: datetime, now: datetime) -> Html:
    left = (due - now).total_seconds()
    if left < 0:
        return tag("span", f"{stamp(due)} 前，已超 {elapsed_words(-left)}", class_="late")
    return tag("span", f"{stamp(due)} 前，剩 {elapsed_words(left)}")


def highlighted(text: str, evidence: Sequence[Evidence]) -> Html:
    """``text`` with each piece of evidence marked and explained on hover; where pieces overlap the earlier one wins."""
    parts: list[object] = []
    at = 0
    for piece in sorted(evidence, key=lambda one: (one.start, -one.end)):
        if piece.start < at or piece.end > len(text) or text[piece.start : piece.end] != piece.text:
            continue
        parts += [text[at : piece.start], tag("mark", piece.text, class_=piece.about, title=piece.why)]
        at = piece.end
    return joined(*parts, text[at:])


def reports_html(found: Dossier) -> Html:
    """The reports of a story, the first one open."""
    # In order of publication: the first is whom the public clock runs from.
    blocks = [report_html(view, first=index == 0) for index, view in enumerate(found.reports)]
    if not found.items:
        return _whole(tag("p", f"本事件现在没有报道：已并入其他事件（见“{story_edits.TITLE}”），或均被判为不相关。"))
    hidden = found.items - len(found.reports)
    more = tag("p", f"另有 {hidden} 篇较晚的报道未列出，可在“舆情检索”中查看。", class_="muted") if hidden > 0 else ""
    return _whole(colours(), *blocks, more)


def colours() -> Html:
    """What the colours of the evidence mean."""
    return tag("p", "标色：", *(tag("mark", words, class_=about) for about, words in _ABOUT), class_="muted key")


def report_html(view: ReportView, *, first: bool) -> Html:
    """One report with its evidence marked; ``first`` stands open."""
    title = [piece for piece in view.evidence if piece.field == "title"]
    text = [piece for piece in view.evidence if piece.field == "text"]
    shown = view.text[:_SHOWN_TEXT]
    cut = tag("p", f"正文共 {len(view.text)} 字，此处显示前 {_SHOWN_TEXT} 字。", class_="muted")
    inner = (
        tag("summary", f"{view.outlet} · ", highlighted(view.title, title)),
        tag(
            "p",
            f"发布 {stamp(view.published_at)}",
            f"（{view.published_note}）" if view.published_note else "",
            f"　抓取 {stamp(view.fetched_at)}　",
            link(view.url, "查看原文 ↗") if safe_url(view.url) else "无可用的原文链接",
            class_="muted",
        ),
        tag("div", highlighted(shown, text), class_="text")
        if view.text
        else tag("p", _without_text(view), class_="muted"),
        cut if len(view.text) > _SHOWN_TEXT else "",
        tag("p", f"并入本事件的依据：{view.joined}", class_="muted") if view.joined else "",
    )
    return tag("details", *inner, open="open") if first else tag("details", *inner)


def _without_text(view: ReportView) -> str:
    if view.text_removed:
        return f"（正文已于 {view.text_removed} 按保存期限清除，标题与研判结果保留）"
    return "（只有标题，没有正文）"


def _reasons(found: Dossier) -> Html:
    limits = context.settings().judge
    floors = [tag("li", words) for words in found.floors]
    notes = [tag("li", words) for words in found.notes if words != EMPTIED]
    judged = [
        tag(
            "tr",
            tag("td", view.outlet),
            tag("td", f"{view.relevance:.0%}", class_="n"),
            tag("td", f"{view.sentiment:+.2f} {sentiment_name(view.sentiment, limits)}"),
            tag("td", "—" if view.snownlp is None else f"{view.snownlp:.2f}", class_="n"),
            tag("td", STANCE_NAMES.get(view.stance, view.stance)),
            tag("td", "、".join(view.matched[:8]) or "—"),
        )
        for view in found.reports
    ]
    feeling = sentiment_name(found.sentiment, limits)
    stance = STANCE_NAMES.get(found.stance, found.stance)
    return _whole(
        tag("h4", f"级别：{level_name(found.level)}（{found.score} 分，内部预警级别）"),
        judgement.severity_table(found.parts, found.level, found.score),
        joined(tag("p", "不低于的级别："), tag("ul", *floors)) if floors else "",
        joined(tag("p", "报道之间不一致："), tag("ul", *notes)) if notes else "",
        tag("h4", f"情感 {found.sentiment:+.2f} {feeling} · 立场 {stance}"),
        tag(
            "p",
            f"情感由欠薪领域词与 SnowNLP 合成，−1 最负面、+1 最正面；{limits.negative_at:+.1f} 及以下为负面，"
            f"{limits.positive_at:+.1f} 及以上为正面。SnowNLP 原始分 0 为负面、1 为正面。",
            class_="muted",
        ),
        tag(
            "table",
            tag("tr", *(tag("th", name) for name in ("媒体", "相关度", "情感", "SnowNLP", "立场", "命中词"))),
            *judged,
        ),
        tag("p", "系统只作提示，定级与处置由值班人员决定。", class_="muted"),
    )


def _timeline(found: Dossier) -> Html:
    steps = [tag("li", tag("time", stamp(step.at)), step.words, class_=step.tone) for step in found.timeline]
    return _whole(tag("ol", *steps, class_="line"))
