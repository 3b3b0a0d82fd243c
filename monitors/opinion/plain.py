"""Markup → plain text, in one pass and linear time. What comes out is data for the judge, never HTML for a screen.

Feeds carry fragments of HTML, not documents, so this is a scanner rather than a parser: it cannot be made slow by
nesting, and an unclosed tag costs one tag. Scripts, styles and comments are dropped, block tags end a line.
"""

from __future__ import annotations

import html
import re

from monitors.opinion.decode import squeeze, squeeze_lines

# A tag ends at ">", quoted attribute values may hold one; "<" never occurs inside, so the scan cannot run away.
_TAG = re.compile(r"""<(?:(/?)([A-Za-z][A-Za-z0-9:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*/?)>|!--|![^<>]*>|\?[^<>]*>)""")
_LOOSE_TAG = re.compile(r"</?[A-Za-z][^<>]*>")  # a tag whose quotes do not match
_SILENT = {"script", "style", "template", "iframe", "noembed", "noframes", "textarea", "svg", "math", "object"}
_BLOCK = {
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend",
    "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "title", "tr", "ul",
}  # fmt: skip


def plain_text(markup: str, limit: int | None = None) -> str:
    """Paragraphs of plain text, one per line, at most ``limit`` characters."""
    text = squeeze_lines(_strip(markup, "\n"))
    return text if limit is None or len(text) <= limit else text[:limit].rstrip()


def plain_line(markup: str) -> str:
    """One line of plain text, as a title wants it. Twice-escaped markup (``&amp;lt;b&amp;gt;``) is stripped too."""
    text = _strip(markup, " ")
    if "&" in text or "<" in text:
        text = _strip(text, " ")
    return squeeze(text)


def _strip(markup: str, line_end: str) -> str:
    if "<" in markup:
        markup = "".join(_pieces(markup, line_end))
    return html.unescape(markup) if "&" in markup else markup


def _pieces(markup: str, line_end: str) -> list[str]:
    """The text between the tags."""
    pieces: list[str] = []
    position, comments_end = 0, True
    find = _TAG.search
    while found := find(markup, position):
        start = found.start()
        if start > position:
            pieces.append(_without_loose_tags(markup[position:start]))
        position = found.end()
        name = found[2]
        if name is None:
            if markup.startswith("<!--", start) and comments_end:
                end = markup.find("-->", position)
                comments_end = end >= 0  # look for an end that is not there once, not at every "<!--"
                position = end + 3 if end >= 0 else position
            continue
        name = name.lower().rpartition(":")[2]
        if name in _BLOCK:
            pieces.append(line_end)
        elif name in _SILENT and not found[1] and not (found[3] or "").endswith("/"):
            position = _after_close(markup, name, position)
    if position < len(markup):
        pieces.append(_without_loose_tags(markup[position:]))
    return pieces


def _after_close(markup: str, name: str, position: int) -> int:
    """Where reading goes on after an element that says nothing; an unclosed one loses its tag only."""
    close = re.compile(rf"</{name}\b[^<>]*>?", re.IGNORECASE).search(markup, position, position + 200_000)
    return close.end() if close else position


def _without_loose_tags(text: str) -> str:
    return _LOOSE_TAG.sub(" ", text) if "<" in text else text
