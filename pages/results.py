"""The list of search results: how one hit looks. Every text of a report is escaped by ``markup.tag``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitors.clock import stamp
from monitors.opinion.board import short_place
from monitors.opinion.model import STANCE_NAMES
from monitors.opinion.search import Hit
from pages.markup import Html, joined, safe_url, tag
from pages.wording import TONES, level_name, money, persons

STYLE = """
.hit { line-height: 1.5; overflow-wrap: anywhere; font-size: .95rem; }
.hit .head { display: flex; align-items: baseline; gap: .55rem; }
.hit .badge { flex: none; border-radius: .35rem; padding: 0 .45rem; font-size: .78rem; line-height: 1.5; color: #fff;
  background: #52525b; white-space: nowrap; }
.hit .badge.red { background: #c81e1e; } .hit .badge.orange { background: #c2410c; }
.hit .badge.yellow { background: #a16207; } .hit .badge.blue { background: #1d4ed8; }
.hit .badge.plain { background: none; color: inherit; border: 1px solid currentColor; opacity: .72; }
.hit .title { font-size: 1.05rem; font-weight: 600; color: inherit; text-decoration: none; }
.hit a.title:hover, .hit a.title:focus-visible { text-decoration: underline; }
[class*="st-key-hit-"] { padding: .4rem .5rem .45rem .9rem; }
.hit .snippet { margin: .1rem 0; opacity: .86; }
.hit .facts { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-size: .85rem; opacity: .72;
  font-variant-numeric: tabular-nums; }
.hit mark { color: inherit; background: rgba(245, 158, 11, .34); border-radius: .18rem; padding: 0 .05rem; }
"""


def hit_html(hit: Hit, now: datetime) -> Html:
    """One result: level, title, snippet with what was looked for marked, and the facts on one line."""
    badge = (
        tag("span", level_name(hit.level), class_=f"badge {TONES.get(hit.level, 'grey')}")
        if hit.level
        else tag("span", "不相关" if not hit.relevant else "未定级", class_="badge plain")
    )
    facts = [
        ("媒体", hit.outlet),
        ("发布时间，北京时间", _when(hit, now)),
        (hit.place or "地点", short_place(hit.region) if hit.region else "地点未定"),
        ("立场", STANCE_NAMES.get(hit.stance, hit.stance) if hit.relevant else ""),
        ("类别", hit.kind or ""),
        ("人数", persons(hit.workers) if hit.workers is not None else ""),
        ("金额", money(hit.amount_fen) if hit.amount_fen is not None else ""),
        ("用人单位", hit.employer or ""),
        ("", "演示数据" if hit.demo else ""),
    ]
    return tag(
        "div",
        tag("div", badge, _title(hit), class_="head"),
        tag("div", *_marked(hit.snippet, hit.snippet_spans), class_="snippet") if hit.snippet else "",
        tag("div", *(tag("span", words, title=name) for name, words in facts if words), class_="facts"),
        class_="hit",
    )


def _title(hit: Hit) -> Html:
    words = joined(*_marked(hit.title, hit.title_spans)) if hit.title else "（无标题）"
    address = safe_url(hit.url)
    if not address:
        return tag("span", words, class_="title")
    return tag(
        "a", words, class_="title", href=address, target="_blank", rel="noopener noreferrer nofollow", title=address
    )


def _when(hit: Hit, now: datetime) -> str:
    noted = f"（{hit.published_note}）" if hit.published_note else ""
    return f"{stamp(hit.published_at)}{noted}" if hit.published_at <= now else f"{stamp(hit.published_at)}（未到）"


def _marked(text: str, spans: Iterable[tuple[int, int]]) -> Iterable[object]:
    position = 0
    for start, end in spans:
        yield text[position:start]
        yield tag("mark", text[start:end])
        position = end
    yield text[position:]
