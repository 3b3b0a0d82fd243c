"""Bytes → text without mojibake (乱码), and text → text without what no screen or database should see.

Chinese sites label their bytes wrongly every day: GBK under a header that says ISO-8859-1, GBK that declares UTF-8,
GB18030 that declares GB2312. So labels are hints and bytes are evidence. Order: BOM → strict UTF-8 → declaration in the
first 2 KB → header → what the bytes look like, with GB18030 (never GB2312 or GBK, which it contains) in the first
place. Whatever had to be replaced is counted, never silent.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Only these labels are obeyed: Python also knows "punycode", "zip", "unicode_escape" and other ways to be hurt.
_LABELS = {
    "utf8": "utf-8",
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "xgbk", "csgb2312", "euccn", "gb231280"), "gb18030"),
    **dict.fromkeys(("big5", "big5hkscs", "cp950", "xbig5"), "big5hkscs"),
    **dict.fromkeys(("shiftjis", "sjis", "xsjis", "cp932", "windows31j", "ms932"), "cp932"),
    **dict.fromkeys(("eucjp", "xeucjp"), "euc_jp"),
    **dict.fromkeys(("euckr", "ksc56011987", "cp949", "windows949"), "cp949"),
    # Browsers read both of these as Windows-1252, and so do the people who write them.
    **dict.fromkeys(("iso88591", "latin1", "usascii", "ascii", "windows1252", "cp1252"), "cp1252"),
    **{f"iso8859{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    **{f"windows{page}": f"cp{page}" for page in (1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258, 874)},
    **{f"cp{page}": f"cp{page}" for page in (1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258, 874)},
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
}
_MULTIBYTE = {"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"}
# Guesses where no label can be believed, likeliest first: ties go to the front.
_GUESSES = ("gb18030", "big5hkscs", "euc_jp", "cp932", "cp1252")
_RIVALS = {"big5hkscs", "euc_jp", "cp932"}  # labels that can be weighed against GB18030 by everyday characters
_NAMES = {"cp932": "shift_jis", "euc_jp": "euc-jp", "cp1252": "windows-1252", "big5hkscs": "big5"}

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9._:-]{2,40})|<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""",
    re.IGNORECASE,
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
_SAMPLE_CHARS = 4000  # how many telling characters are weighed; more changes no verdict

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Invisible characters that hide words from the rules or turn a line round (bidirectional overrides).
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """``text`` without forbidden characters; ``repaired`` counts bytes that no encoding explained."""

    text: str
    encoding: str
    repaired: int = 0


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Read bytes as text. Never fails; ``repaired`` says how much was lost."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _lossy(body[len(mark) :], encoding)
    if body[:200].count(0) > len(body[:200]) // 3:  # UTF-16 without a mark: every second byte of markup is NUL
        return _lossy(body, "utf-16-be" if body[:1] == b"\0" else "utf-16-le")
    try:
        return Decoded(strip_forbidden(body.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        pass
    declared, header = _label(_declaration(body)), _label(_header_charset(content_type))
    for name in (declared, header):
        if name and name != "utf-8":
            found = _believed(body, name)
            if found:
                return found
    if _is_damaged_utf8(body):
        return _lossy(body, "utf-8")
    return _lossy(body, _likeliest(body))


def strip_forbidden(text: str) -> str:
    """Without NUL, control characters, lone surrogates and non-characters (PostgreSQL and XML refuse them)."""
    return _FORBIDDEN.sub("", text) if not text.isascii() or _FORBIDDEN.search(text) else text


def squeeze(text: str) -> str:
    """One line: forbidden and invisible characters gone, runs of white space one space."""
    return " ".join(_INVISIBLE.sub("", strip_forbidden(text)).split())


def squeeze_lines(text: str) -> str:
    """Paragraphs: each line squeezed, empty lines dropped."""
    cleaned = _INVISIBLE.sub("", strip_forbidden(text))
    return "\n".join(filter(None, (" ".join(line.split()) for line in cleaned.splitlines())))


def _declaration(body: bytes) -> str:
    found = _DECLARED.search(body[:2048])
    return (found[1] or found[2]).decode("ascii") if found else ""


def _header_charset(content_type: str) -> str:
    found = _HEADER.search(content_type[:500])
    return found[1] if found else ""


def _label(name: str) -> str:
    """The codec for a label, ``""`` for labels we do not obey."""
    return _LABELS.get(re.sub(r"[^a-z0-9]", "", name.lower()), "")


def _believed(body: bytes, codec: str) -> Decoded | None:
    """The reading a label asks for, or None where the bytes speak against it.

    A one-byte label decodes anything, so it is checked for being Chinese after all; a multi-byte label that fails in
    more than one character of a hundred is wrong, in fewer it is damage (a cut-off download, one bad advert).
    """
    decoded = _lossy(body, codec)
    if codec not in _MULTIBYTE:
        return None if decoded.repaired > len(body) // 100 or _is_chinese(body) else decoded
    if codec in _RIVALS and _is_chinese(body, rival=_share(decoded.text, codec)):
        return None
    telling = sum(1 for char in decoded.text if char > "\x7f")
    return decoded if decoded.repaired * 100 <= telling else None


def _is_chinese(body: bytes, rival: float = 0.0) -> bool:
    """Whether bytes with another label are GB18030: nearly all everyday Chinese, more so than under the label."""
    try:
        text = body.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return _share(text, "gb18030") >= max(0.8, rival)


def _is_damaged_utf8(body: bytes) -> bool:
    """UTF-8 with a few bad bytes: many whole multi-byte characters for each broken one."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(1 for char in text if char > "\x7f") - bad >= 4 * bad


def _lossy(body: bytes, codec: str) -> Decoded:
    text = body.decode(codec, "replace")
    repaired = text.count("\ufffd") if "\ufffd" in text else 0
    return Decoded(strip_forbidden(text), _NAMES.get(codec, codec), repaired)


def _likeliest(body: bytes) -> str:
    """The guess under which the most of what is not ASCII is everyday writing of its language."""
    scored = [(_score(body, codec), -order, codec) for order, codec in enumerate(_GUESSES)]
    return max(scored)[2]


def _score(body: bytes, codec: str) -> float:
    text = body.decode(codec, "replace")
    return _share(text, codec) - 3 * text.count("\ufffd") / max(1, sum(1 for char in text if char > "\x7f"))


def _share(text: str, codec: str) -> float:
    """Share of the non-ASCII characters that are common in the codec's language (0…1)."""
    telling = [char for char in text[: 50 * _SAMPLE_CHARS] if char > "\x7f"][:_SAMPLE_CHARS]
    if not telling:
        return 0.0
    common = _common(codec)
    share = sum(1 for char in telling if char in common) / len(telling)
    kana = sum(1 for char in telling if "\u3041" <= char <= "\u30fe") / len(telling)
    if codec == "gb18030" and kana > 0.15:
        share -= 0.5  # Japanese kana have the same bytes in GB2312 and EUC-JP; such text is Japanese
    if codec in ("euc_jp", "cp932") and kana < 0.1:
        share -= 0.5  # Japanese without kana is Chinese misread
    return share


@lru_cache(maxsize=8)
def _common(codec: str) -> frozenset[str]:
    """Everyday characters of an encoding: its first-level table, its punctuation and full-width forms."""
    if codec == "cp1252":
        return frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüœ‘’“”–—…«»€°\u00a0")
    rows = {
        # (first lead, last lead, first trail, last trail) of the most used characters
        "gb18030": ((0xA1, 0xA3, 0xA1, 0xFE), (0xB0, 0xD7, 0xA1, 0xFE)),
        "big5hkscs": ((0xA1, 0xA2, 0x40, 0xFE), (0xA4, 0xC6, 0x40, 0xFE)),
        "euc_jp": ((0xA1, 0xA5, 0xA1, 0xFE), (0xB0, 0xCF, 0xA1, 0xFE)),
        "cp932": ((0x81, 0x83, 0x40, 0xFC), (0x88, 0x98, 0x40, 0xFC)),
    }[codec]
    found: set[str] = set()
    for first, last, low, high in rows:
        for lead in range(first, last + 1):
            found.update(bytes((lead, trail)).decode(codec, "ignore") for trail in range(low, high + 1))
    return frozenset(char for char in found if len(char) == 1 and char > "\x7f")
