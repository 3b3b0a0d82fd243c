"""The evidence pack as a PDF (``pack.typ``): what leaders read and print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from monitors import typeset
from monitors.clock import stamp
from monitors.desk.pack import Pack, Section
from monitors.desk.pack_docx import cite, foot_lines, head_lines
from monitors.sheets import clean

TEMPLATE = Path(__file__).with_name("pack.typ")
_UNBROKEN = re.compile(r"[!-~]{12}(?=[!-~])")  # a long address or digest: a place to break it, every 12 characters


def render(pack: Pack, kind: Literal["pdf", "png"] = "pdf") -> bytes:
    """The pack as the bytes of a PDF; or its first page as a picture, to look at.

    Raises:
        MonitorsError: no Chinese font is installed, or the template fails.
    """
    return typeset.render(TEMPLATE, "pack", _content(pack), kind)


def _content(pack: Pack) -> dict[str, Any]:
    more = f"（另有 {pack.left_out} 篇未逐一列出）" if pack.left_out else ""
    return {
        "name": pack.name + ("（演示数据）" if pack.demo else ""),
        "title": clean(pack.title),
        "head": [clean(words) for words in head_lines(pack)],
        "sections": [_section(one) for one in (Section("核心研判", pack.core), *pack.sections)],
        "annex": f"附表：报道清单 {len(pack.reports)} 篇{more}",
        "reports": [
            {
                "key": one.key,
                "title": _breakable(one.title),
                "outlet": clean(one.outlet),
                "times": f"{stamp(one.published_at)}\n{stamp(one.fetched_at)}",
                "url": clean(one.url),
                "link": one.url.startswith(("http://", "https://")),
                "digest": _breakable(one.digest),
            }
            for one in pack.reports
        ],
        "sources": [f"[{one.key}]　{_breakable(one.words)}" for one in pack.sources],
        "foot": [clean(words) for words in foot_lines(pack)],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "empty": section.empty,
        "sentences": [{"text": _breakable(one.text), "cite": cite(one)} for one in section.sentences],
    }


def _breakable(words: str) -> str:
    return _UNBROKEN.sub(lambda found: found.group() + "\u200b", clean(words))
