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
_SILENT_END = {name: re.compile(rf"</{name}\b[^<>]*>?", re.IGNORECASE) for name in _SILENT}
_COMMENT_END = re.compile("-->")
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
    for _ in range(3):
        text = _strip(markup, " ")
        if text == markup:
            break
        markup = text
    return squeeze(markup)


def _strip(markup: str, line_end: str) -> str:
    if "<" in markup:
        markup = "".join(_pieces(markup, line_end))
    return html.unescape(markup) if "&" in markup else markup


def _pieces(markup: str, line_end: str) -> list[str]:
    """The text between the tags."""
    pieces: list[str] = []
    position = 0
    unended: set[str] = set()  # what is looked for in vain is looked for once, not at every beginning
    find = _TAG.search
    while found := find(markup, position):
        start = found.start()
        if start > position:
            pieces.append(_without_loose_tags(markup[position:start]))
        position = found.end()
        name = found[2]
        if name is None:
            if markup.startswith("<!--", start):
                position = _after(_COMMENT_END, "!--", markup, position, unended)
            continue
        name = name.lower().rpartition(":")[2]
        if name in _BLOCK:
            pieces.append(line_end)
        elif name in _SILENT and not found[1] and not (found[3] or "").endswith("/"):
            position = _after(_SILENT_END[name], name, markup, position, unended)
    if position < len(markup):
        pieces.append(_without_loose_tags(markup[position:]))
    return pieces


def _after(end: re.Pattern[str], name: str, markup: str, position: int, unended: set[str]) -> int:
    """Where reading goes on after something that says nothing; an unended one loses its beginning only."""
    if name in unended:
        return position
    found = end.search(markup, position)
    if not found:
        unended.add(name)
        return position
    return found.end()


def _without_loose_tags(text: str) -> str:
    return _LOOSE_TAG.sub(" ", text) if "<" in text else text
