"""Pages set by typst (排版): a template, data that is never read as markup, a Chinese font, bytes of a PDF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from monitors.errors import MonitorsError

# What an office has first, then what a server has. Any other family that says it is Chinese will do.
FONTS = (
    *("FangSong", "仿宋", "SimSun", "宋体", "Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN"),
    *("Noto Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Zen Hei", "SimHei"),
)


class NotOnePageError(MonitorsError):
    """What was to stand on one page does not."""


@cache
def chinese_font(families: tuple[str, ...] | None = None) -> str:
    """The family pages are set in; ``families`` are those installed, for tests.

    Raises:
        MonitorsError: no Chinese font is installed; a page of empty boxes must not be printed.
    """
    present = families if families is not None else tuple(typst.Fonts().families())
    chosen = next((name for name in FONTS if name in present), "")
    chosen = chosen or next((name for name in present if "CJK" in name or name.endswith(" SC")), "")
    if not chosen:
        raise MonitorsError("服务器上没有中文字体，无法生成 PDF。请安装 fonts-noto-cjk 后重试，或先下载其他格式")
    return chosen


def render(template: Path, name: str, content: Mapping[str, Any], kind: Literal["pdf", "png"] = "pdf") -> bytes:
    """The template filled with ``content``, which it reads as the JSON input ``name``; PDF, or a picture to look at.

    Raises:
        NotOnePageError: the template asked for one page and there are more.
        MonitorsError: no Chinese font, or the template fails.
    """
    words = json.dumps({"font": chinese_font(), **content}, ensure_ascii=False)
    try:
        # Of several pages as pictures it makes a list, whatever its types say.
        made: object = typst.compile(template.read_bytes(), format=kind, ppi=110.0, sys_inputs={name: words})
    except typst.TypstError as error:
        if "more than one page" in str(error):
            raise NotOnePageError("内容超出一页") from error
        raise MonitorsError(f"生成 PDF 失败：{str(error)[:200]}") from error
    if isinstance(made, list):
        return bytes(made[0])
    assert isinstance(made, bytes)
    return made
