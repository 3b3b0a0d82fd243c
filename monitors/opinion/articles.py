"""An article page (正文页) → title, text and publication time.

The text is where most paragraph characters stand together: paragraphs vote for their parent, commas count, links count
against. The time is sought where sites state it for machines (meta, JSON-LD), then in words near the title, then in
the address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion.dates import NOTE_NONE, Moment, date_in_url
from monitors.opinion.decode import decode, squeeze, squeeze_lines
from monitors.opinion.entries import MAX_TITLE_CHARS, Frame, read_time
from monitors.opinion.plain import plain_line


@dataclass(frozen=True, slots=True)
class Article:
    """One article page read. ``published`` is aware UTC or None, ``published_note`` says why or how exact."""

    title: str
    text: str
    published: datetime | None = None
    published_note: str = ""


_NOISE = "script,style,noscript,template,iframe,svg,form,button,select,nav,footer,aside,textarea,object"
_NOISY_NAMES = ",".join(
    f"[{attribute}*={name}]"
    for name in ("recommend", "related", "comment", "share", "copyright", "breadcrumb", "footer")
    for attribute in ("class", "id")
)
_TITLE_META = ("articletitle", "og:title", "twitter:title", "title")
_DATE_META = (
    "pubdate", "publishdate", "publish_date", "publish-date", "article:published_time", "og:published_time",
    "og:release_date", "datepublished", "release_date", "weibo:article:create_at", "apub:time", "dc.date.issued",
    "dc.date", "createdate", "_pubtime", "publish_time", "publishtime", "contentdate", "date", "firstpublishedtime",
    "dateupdate",
)  # fmt: skip
_SITE_SUFFIX = re.compile(r"\s*[-_|–—]+\s*[^-_|–—]{2,20}$")
_STATED = re.compile(
    r"(?:发布|发表|更新|刊发|来源|日期|时间|发稿)[^\d\n]{0,12}(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}[^\n]{0,16})"
)
_WITH_CLOCK = re.compile(
    r"(?<!\d)(?:20)?\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?\s*[T ]?\s*\d{1,2}[:：时]\d\d(?:[:：]\d\d)?"
)
_DAY = re.compile(r"20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}")
_SCRIPT_TIME = re.compile(
    r"""(?:publish_?time|pubtime|pubDate|publishDate|create_?time|\bct)["']?\s*[:=]\s*["']?(\d{10,13}|20\d{2}[-/]\d{1,2}[-/]\d{1,2}[^"',;]{0,20})""",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[，。；：？！、,.;!?]")
_MAX_NOISY = 200  # blocks weighed by name; nested ones cost their text each
_MIN_TEXT = 80  # characters below which paragraphs are not the article; the page's blocks are tried instead
_HEAD_CHARS = 3000  # how far into a page its own date stands in words


def read_article(body: bytes, *, url: str, content_type: str = "", now: datetime, limits: settings.Parse) -> Article:
    """Title, text and time of an article page. Raises ParseError where the page holds no text."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - loaded where an article is read

    decoded = decode(body, content_type)
    if "<" not in decoded.text[:5000]:
        raise ParseError("格式变了：返回的内容不是网页")
    tree = LexborHTMLParser(decoded.text)
    metas = _metas(tree)
    frame = Frame(now, limits, url)
    structured = list(_json_ld(tree))
    title = _title(tree, metas)
    stated = _stated_time(metas, structured, decoded.text, frame)
    _drop_noise(tree)
    page_text = tree.body.text(separator="\n")[: 20 * limits.max_text_chars] if tree.body else ""
    text = _text(tree)[: limits.max_text_chars].rstrip()
    if not text:
        raise ParseError(f"没有找到正文{f'（页面标题：{title[:40]}）' if title else ''}")
    moment = stated if stated.at is not None else _time_in_words(page_text, title, frame)
    if moment.at is None:
        in_url = date_in_url(url, now)
        moment = in_url if in_url.at is not None else moment
    return Article(title, text, moment.at, moment.note)


def _drop_noise(tree: Any) -> None:
    """Take out what is never the article. A name proves little: a block with much of the text stays."""
    for node in tree.css(_NOISE):
        # ASP.NET wraps whole pages in one form.
        if node.tag != "form" or len(node.css("p")) < 3:
            node.decompose()
    all_words = _paragraph_chars(tree)
    for node in tree.css(_NOISY_NAMES)[:_MAX_NOISY]:
        if node.tag not in ("body", "html") and _paragraph_chars(node) <= 0.3 * all_words:
            node.decompose()


def _paragraph_chars(node: Any) -> int:
    return sum(len(paragraph.text().strip()) for paragraph in node.css("p"))


def _metas(tree: Any) -> dict[str, str]:
    """Meta names (lower case) and contents; the first of a name wins."""
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        name = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "").lower()
        content = (attributes.get("content") or "").strip()
        if name and content:
            found.setdefault(name, content)
    return found


def _title(tree: Any, metas: dict[str, str]) -> str:
    """What the page calls itself: government meta, a heading that its title tag repeats, else the title tag."""
    page = squeeze(tree.css_first("title").text()) if tree.css_first("title") else ""
    if metas.get("articletitle"):
        return plain_line(metas["articletitle"])[:MAX_TITLE_CHARS]
    for node in tree.css("h1"):
        heading = squeeze(node.text(separator=" "))
        if len(heading) >= 4 and (heading in page or page.startswith(heading[:8])):
            return heading[:MAX_TITLE_CHARS]
    for name in _TITLE_META[1:]:
        if metas.get(name):
            return _without_site(plain_line(metas[name]))[:MAX_TITLE_CHARS]
    return _without_site(page)[:MAX_TITLE_CHARS]


def _without_site(title: str) -> str:
    for _ in range(2):
        shorter = _SITE_SUFFIX.sub("", title)
        if len(shorter) < 6:
            break
        title = shorter
    return title


def _json_ld(tree: Any) -> Iterator[dict[str, Any]]:
    """Every record of the page's JSON-LD, lists and graphs opened."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            document = json.loads(node.text() or "", strict=False)
        except (ValueError, RecursionError):
            continue
        records = document if isinstance(document, list) else [document]
        for record in records:
            if isinstance(record, dict):
                yield record
                graph = record.get("@graph")
                yield from (item for item in graph if isinstance(item, dict)) if isinstance(graph, list) else ()


def _stated_time(metas: dict[str, str], structured: Iterable[dict[str, Any]], text: str, frame: Frame) -> Moment:
    """The time stated for machines: meta, JSON-LD, then a script's variable. The first believable one."""
    candidates = [metas[name] for name in _DATE_META if name in metas]
    for record in structured:
        candidates += [str(record[key]) for key in ("datePublished", "pubDate", "uploadDate") if record.get(key)]
    candidates += [found[1] for found in _SCRIPT_TIME.finditer(text[:1_000_000])][:5]
    return _first_believable(candidates, frame)


def _time_in_words(page_text: str, title: str, frame: Frame) -> Moment:
    """The time a reader sees: after 发布时间 and the like, else the first with a clock time, else the first day."""
    at = page_text.find(title[:12]) if title else -1
    near = page_text[max(0, at) : max(0, at) + _HEAD_CHARS]
    candidates = [found[1] for found in _STATED.finditer(near)]
    candidates += [found[0] for found in _WITH_CLOCK.finditer(near)]
    candidates += [found[1] for found in _STATED.finditer(page_text)][:3]
    candidates += [found[0] for found in _WITH_CLOCK.finditer(page_text)][:3]
    candidates += [found[0] for found in _DAY.finditer(near)][:1]
    return _first_believable(candidates, frame)


def _first_believable(candidates: Iterable[str], frame: Frame) -> Moment:
    first = Moment(None, NOTE_NONE)
    for candidate in candidates:
        moment = read_time(candidate, frame)
        if moment.at is not None:
            return moment
        if first.note == NOTE_NONE:
            first = moment
    return first


# ── Text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(tree: Any) -> str:
    """The paragraphs of the block with most of them; blocks of lines (``<br>``) where a page has no paragraphs."""
    best = _densest(tree)
    text = _paragraphs(best) if best is not None else ""
    if len(text) >= _MIN_TEXT:
        return text
    blocks = (_block_text(node) for node in tree.css("article,section,div,td"))
    fallback = max(blocks, key=_weight, default="")
    return max((text, fallback), key=len)


def _densest(tree: Any) -> Any:
    """The element whose paragraphs weigh most; grandparents get half, so that split articles hold together."""
    scores: dict[int, float] = {}
    nodes: dict[int, Any] = {}
    for paragraph in tree.css("p"):
        parent = paragraph.parent
        if parent is None:
            continue
        weight = _weight(paragraph.text(separator="")) - 2 * sum(len(link.text()) for link in paragraph.css("a"))
        for node, share in ((parent, 1.0), (parent.parent, 0.5)):
            if node is not None and node.tag not in ("html", "-undef"):
                scores[node.mem_id] = scores.get(node.mem_id, 0.0) + share * weight
                nodes[node.mem_id] = node
    if not scores:
        return None
    best = max(scores, key=lambda key: scores[key])
    return nodes[best] if scores[best] > 0 else None


def _weight(text: str) -> float:
    """Characters of sentences: words with punctuation count, menus do not."""
    length = len(text.strip())
    return length + 8 * len(_PUNCTUATION.findall(text)) if length > 10 else 0.0


def _paragraphs(node: Any) -> str:
    lines = [paragraph.text(separator="") for paragraph in node.css("p")]
    return squeeze_lines("\n".join(line.replace("\n", " ") for line in lines))


def _block_text(node: Any) -> str:
    """The text directly in a block, its line breaks kept, the blocks inside it left out."""
    pieces: list[str] = []
    child = node.child
    while child is not None:
        if child.tag == "-text":
            pieces.append(child.text(deep=False) or "")
        elif child.tag == "br":
            pieces.append("\n")
        elif child.tag in ("span", "font", "b", "strong", "em", "i", "u", "a", "h2", "h3"):
            pieces.append(child.text())
        child = child.next
    return squeeze_lines("".join(pieces))
