"""RSS, Atom, RDF and JSON Feed → ``Parsed``. feedparser is the parser of record.

A quick reader (``feeds_fast``) stands in front of it and answers only where it is sure to give the same answer.
feedparser is given ``io.BytesIO`` alone: it would open a file or an address that a str or bytes happens to spell. It is
given clean UTF-8 without declarations, so that it never guesses an encoding, and its dates are never used.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

from monitors.errors import ParseError
from monitors.opinion.decode import Decoded, squeeze, strip_forbidden
from monitors.opinion.entries import Frame, RawEntry, finish
from monitors.opinion.model import Parsed

_XML_DECLARATION = re.compile(r"<\?xml\s[^<>]{0,300}?\?>", re.IGNORECASE)
_ROOT = re.compile(r"<\s*((?:rss|feed|rdf|channel|[A-Za-z]\w{0,20}:(?:rss|feed|rdf))\b)", re.IGNORECASE)
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,40})|(\d{1,40}));")
_FIRST_TAG = re.compile(r"<([A-Za-z_][\w:.-]{0,60})")
_HTML_TAGS = {
    "html",
    "head",
    "body",
    "title",
    "script",
    "meta",
    "div",
    "p",
    "table",
    "style",
    "link",
    "h1",
    "center",
    "br",
}
_PAGE_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_LOGIN = re.compile(r"登录|登陆|login|sign.?in|password|密码", re.IGNORECASE)
_CAPTCHA = re.compile(r"验证码|人机验证|安全验证|captcha|challenge|访问验证|waf", re.IGNORECASE)
_SOME_OPEN_COMMENTS = 64  # more comments left open than this is an attack on parsers, not a mistake
_FORMATS = {"feed": "atom", "rdf": "rdf"}  # by the root, whatever else a feed claims


def read_feed(decoded: Decoded, frame: Frame, *, fast: bool = True) -> Parsed:
    """All entries of a feed in its order. Raises ParseError where the text is no feed or not safe to read.

    ``fast=False`` asks feedparser whatever the text looks like; both ways give equal results.
    """
    from monitors.opinion import feeds_fast  # noqa: PLC0415 - lxml is loaded where a feed is read, not before

    text = decoded.text.lstrip("\ufeff \t\r\n")
    if not text:
        raise ParseError("内容是空的：服务器没有返回任何内容")
    if text[0] in "{[":
        return _read_json_feed(text, decoded, frame)
    text, root = _checked(text)
    found = feeds_fast.read(text) if fast else None
    raws, title = found if found is not None else _ask_feedparser(text)
    format_name = _FORMATS.get(root.rpartition(":")[2].lower(), "rss")
    return finish(raws, frame, decoded, title=title, format_name=format_name, keep_empty=True)


def _checked(text: str) -> tuple[str, str]:
    """The feed's markup and its root: what stands before it dropped where harmless, refused where not."""
    if text.count("<!--") - text.count("-->") > _SOME_OPEN_COMMENTS:
        raise ParseError("内容可疑：有大量未结束的注释，已拒绝解析")
    text = _XML_DECLARATION.sub("", text, count=1) if "<?xml" in text[:2000].lower() else text
    if "&#" in text:
        text = _CHARACTER_REFERENCE.sub(_possible, text)
    root, prolog = _root(text)
    if "<!entity" in prolog.lower():
        raise ParseError("内容可疑：自定义实体（DOCTYPE 内含 ENTITY）可用于攻击，已拒绝解析")
    if root and _ROOT.match(f"<{root}"):
        return text, root
    if root.lower() not in _HTML_TAGS:
        late = _ROOT.search(text, 0, 20_000)  # a program's warning printed before the feed
        if late and not text[: late.start()].lower().count("<html"):
            return text[late.start() :], late[1]
    raise ParseError(_what_it_is(text, root))


def _possible(reference: re.Match[str]) -> str:
    """A character reference, or nothing where XML knows no such character: one ``&#8;`` must not cost the feed."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return reference[0] if allowed else ""


def _root(text: str) -> tuple[str, str]:
    """Name of the first element and all that stands before it. Linear, whatever is left open."""
    position = 0
    while (start := text.find("<", position)) >= 0:
        if text.startswith("<!--", start):
            end = text.find("-->", start)
            position = end + 3 if end >= 0 else len(text)
        elif text.startswith("<?", start):
            end = text.find("?>", start)
            position = end + 2 if end >= 0 else len(text)
        elif text.startswith("<!", start):
            bracket, close = text.find("[", start), text.find(">", start)
            if 0 <= bracket < close:
                end = text.find("]", bracket)
                close = text.find(">", end) if end >= 0 else -1
            position = close + 1 if close >= 0 else len(text)
        else:
            found = _FIRST_TAG.match(text, start)
            if found:
                return found[1], text[:start]
            position = start + 1
    return "", text


def _what_it_is(text: str, root: str) -> str:
    """Words for a body that is no feed: a login page, a captcha, a page, something else."""
    head = text[:20_000]
    title = _PAGE_TITLE.search(head)
    shown = f"（页面标题：{squeeze(title[1])[:40]}）" if title else ""
    if root.lower() in _HTML_TAGS or "<html" in head.lower():
        if _CAPTCHA.search(head):
            return f"格式变了：返回的是验证页面，不是订阅源{shown}"
        if _LOGIN.search(head):
            return f"格式变了：返回的是登录页面，不是订阅源{shown}"
        return f"格式变了：返回的是普通网页，不是订阅源{shown}"
    if root:
        return f"格式变了：返回的内容不是订阅源（首个标签是 {root[:40]}）"
    return f"格式变了：返回的内容不是订阅源（开头是“{squeeze(head)[:40]}”）"


def _ask_feedparser(text: str) -> tuple[list[RawEntry], str]:
    import feedparser  # noqa: PLC0415 - a tenth of a second and 10 MB that most bodies do not need

    try:
        found = feedparser.parse(
            io.BytesIO(text.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # all markup is stripped to text anyway; sanitising costs half the time
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # feedparser lets many kinds through on hostile input; the body is at fault, not we
        raise ParseError(f"内容无法解析：解析器出错（{type(error).__name__}）") from error
    if not found.entries and not found.version:
        raise ParseError(_what_it_is(text, _root(text)[0]))
    return [_raw(entry) for entry in found.entries], _text(found.feed, "title")


def _raw(entry: Any) -> RawEntry:
    texts = [_text(entry, "summary")]
    texts += [
        str(content.get("value") or "") for content in dict.get(entry, "content") or () if hasattr(content, "get")
    ]
    return RawEntry(
        guid=_text(entry, "id"),
        title=_text(entry, "title"),
        link=_text(entry, "link"),
        texts=tuple(filter(None, texts)),
        date=_text(entry, "published") or _text(entry, "updated") or _text(entry, "created"),
    )


def _text(record: Any, key: str) -> str:
    """A field that is text; dict.get goes around feedparser's aliases (updated → published)."""
    value = dict.get(record, key)
    return value if isinstance(value, str) else ""


def _read_json_feed(text: str, decoded: Decoded, frame: Frame) -> Parsed:
    """JSON Feed 1.x (jsonfeed.org), and what calls itself so."""
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise ParseError("内容无法解析：JSON 不完整或有语法错误") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ParseError("格式变了：返回的 JSON 不是 JSON Feed（没有 items 列表）")
    raws = [_json_raw(item if isinstance(item, dict) else {}) for item in items]
    return finish(raws, frame, decoded, title=_json_text(document.get("title")), format_name="json")


def _json_raw(item: dict[str, Any]) -> RawEntry:
    texts = (item.get("content_html"), item.get("content_text"), item.get("summary"))
    return RawEntry(
        guid=_json_text(item.get("id")),
        title=_json_text(item.get("title")),
        link=_json_text(item.get("url")) or _json_text(item.get("external_url")),
        texts=tuple(filter(None, map(_json_text, texts))),
        date=_json_text(item.get("date_published")) or _json_text(item.get("date_modified")),
    )


def _json_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return strip_forbidden(str(value))
