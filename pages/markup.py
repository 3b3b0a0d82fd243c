"""HTML from trusted tags and untrusted text: what is not built by ``tag`` is escaped, always."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

_MARKS = re.compile(r"[\\`*_{}\[\]<>()#+!|~:$&-]")


class Html(str):
    """Text that is already HTML. Only ``tag`` and ``joined`` make it."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: str) -> Html:
    """``<name attributes>children</name>``; a trailing underscore of an attribute's name is dropped (``class_``)."""
    inside = "".join(child if isinstance(child, Html) else escape(str(child)) for child in children)
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{named}>{inside}</{name}>")


def joined(*children: object) -> Html:
    """The children one after the other, without a tag round them."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child)) for child in children))


def plain(words: str) -> str:
    """Words that hold a person's name, for a place that reads Markdown: no picture, link or formula comes of it."""
    return _MARKS.sub(r"\\\g<0>", words)


def safe_url(url: str) -> str:
    """``url`` if a browser may be sent there (http or https with a host), else ``""``."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def link(url: str, words: str) -> Html:
    """A link that opens beside the page and tells the other side nothing; plain words where the address is not safe."""
    address = safe_url(url)
    if not address:
        return tag("span", words)
    return tag("a", words, href=address, target="_blank", rel="noopener noreferrer nofollow", title=address)
