"""Spellings of the office's own as lines of text (别名): ``写法 = 含义  # 备注``, one a line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitors.opinion.rule_sets import Alias

_LINE = re.compile(r"([^=＝→#＃]{1,80})(?:=>|[=＝→])([^=＝→#＃]{1,80})(?:[#＃](.{0,80}))?")


def read(text: str) -> tuple[tuple[Alias, ...], tuple[str, ...]]:
    """The aliases, and what is wrong with which line; blank lines and whole comments are passed over."""
    found: list[Alias] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        if not words or words[0] in "#＃":
            continue
        told = _LINE.fullmatch(words)
        if told is None or not told[1].strip() or not told[2].strip():
            faults.append(f"第 {number} 行：应写成“写法 = 含义”，例如“讨xin = 讨薪”，后面可加“# 备注”")
            continue
        found.append(Alias(told[1].strip(), told[2].strip(), (told[3] or "").strip()))
    return tuple(found), tuple(faults)


def written(aliases: Iterable[Alias]) -> str:
    """The lines that ``read`` reads."""
    return "\n".join(f"{one.word} = {one.means}" + (f"  # {one.note}" if one.note else "") for one in aliases)
