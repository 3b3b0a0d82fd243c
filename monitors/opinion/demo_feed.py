"""Writing reports as an RSS file: what the demonstration's replay and the tests' loopback server publish."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from monitors.clock import SHANGHAI
from monitors.opinion.model import Entry

# XML 1.0 section 2.2: these characters may not stand in a document, not even escaped.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def rss(title: str, link: str, entries: Iterable[Entry], *, encoding: str = "utf-8") -> bytes:
    """An RSS 2.0 document with ``entries`` in the given order; times are written on Shanghai's clock.

    Characters that ``encoding`` cannot hold become numeric references; an entry without a time gets no ``pubDate``.
    """
    items = "".join(_item(entry) for entry in entries)
    document = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0"><channel>'
        f"<title>{_text(title)}</title><link>{_text(link)}</link><description>{_text(title)}</description>\n"
        f"{items}</channel></rss>\n"
    )
    return document.encode(encoding, errors="xmlcharrefreplace")


def _item(entry: Entry) -> str:
    when = f"<pubDate>{_rfc822(entry.published)}</pubDate>" if entry.published else ""
    permanent = "true" if entry.guid == entry.url else "false"
    return (
        f"<item><title>{_text(entry.title)}</title><link>{_text(entry.url)}</link>"
        f'<guid isPermaLink="{permanent}">{_text(entry.guid)}</guid>{when}'
        f"<description>{_text(entry.text)}</description></item>\n"
    )


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(SHANGHAI))


def _text(value: str) -> str:
    return escape(_ILLEGAL.sub("", value))
