"""Bytes from a source → ``Parsed``: decode, then read by the source's kind. In this process, without limits.

The watch calls the same code through ``ParserPool``, in a child that can be killed; hostile bodies can keep feedparser
busy for minutes. Call this one directly only where the body is trusted or the process may be stopped by hand.
"""

from __future__ import annotations

from datetime import datetime

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion.decode import decode
from monitors.opinion.entries import Frame
from monitors.opinion.model import Parsed, Recipe, SourceKind

_NO_RECIPE = Recipe()


def parse(
    body: bytes,
    *,
    kind: SourceKind,
    url: str = "",
    content_type: str = "",
    recipe: Recipe = _NO_RECIPE,
    now: datetime,
    limits: settings.Parse,
) -> Parsed:
    """The entries of a body in its own order. Raises ParseError in Chinese; nothing else escapes but MemoryError.

    ``url``: where the body came from, for relative links. ``now``: for relative times and times in the future.
    """
    if len(body) < 4 and not body.strip():
        raise ParseError("内容是空的：服务器没有返回任何内容")
    decoded = decode(body, content_type)
    frame = Frame(now, limits, url)
    try:
        if kind == "feed":
            from monitors.opinion.feeds import read_feed  # noqa: PLC0415 - each kind loads its own libraries

            return read_feed(decoded, frame)
        if kind == "page":
            from monitors.opinion.lists import read_list  # noqa: PLC0415

            return read_list(decoded, recipe, frame)
        from monitors.opinion.endpoints import read_endpoint  # noqa: PLC0415

        return read_endpoint(decoded, recipe, frame)
    except RecursionError as error:
        raise ParseError("内容可疑：嵌套过深，已拒绝解析") from error
