"""Unified social credit codes (统一社会信用代码, GB 32100-2015): as people type them, and whether they can be true."""

from __future__ import annotations

import re
import unicodedata

from stdnum.cn import uscc

_BETWEEN = re.compile(r"[\s\-–—·.,'\"‘’“”\u200b-\u200f\u2060\ufeff]+")


def normalise(text: str) -> str:
    """The code as it is stored: half width, upper case, without spaces, hyphens and invisible marks. Not validated."""
    held = ""
    while held != text:  # what is left when a mark goes may compose anew: A, space, accent
        held, text = text, _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    return text


def valid(text: str) -> bool:
    """Whether length, alphabet and check digit are right, however the code is written."""
    code = normalise(text)
    return code.isascii() and bool(uscc.is_valid(code))
