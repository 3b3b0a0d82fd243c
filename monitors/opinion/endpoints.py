"""JSON endpoints (接口) → ``Parsed``: hot lists, searches, site APIs, read by dotted paths or by usual names.

Some boards hide their JSON in a script or a comment (``marker``), some wrap it in a call (JSONP); both are unwrapped.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from monitors.errors import ParseError
from monitors.opinion.addresses import absolute_url
from monitors.opinion.decode import Decoded, squeeze, strip_forbidden
from monitors.opinion.entries import Frame, RawEntry, finish
from monitors.opinion.model import Parsed, Recipe

# Usual names in the order of trust, compared without case, "_" and "-"; used where the recipe names none.
_TITLE = ("title", "name", "word", "query", "headline", "subject", "maintitle", "threadstitle")
_LINK = ("url", "link", "href", "mobileurl", "pcurl", "sourceurl", "docurl", "shareurl", "weburl")
_TIME = (
    "pubdate", "pubtime", "publishtime", "publishdate", "docrelpubtime", "displaytime", "publishedat", "datepublished",
    "createtime", "createdat", "ctime", "inputtime", "releasetime", "date", "time", "ptime", "updatetime", "timestamp",
)  # fmt: skip
_SUMMARY = (
    "content",
    "summary",
    "desc",
    "description",
    "digest",
    "abstract",
    "intro",
    "excerpt",
    "brief",
    "threadscontent",
)
_GUID = ("id", "guid", "docid", "tid", "aid", "newsid", "contentid")
_JSONP = re.compile(
    r"\s*(?:/\*.{0,200}?\*/)?\s*(?:(?:var|let|const|window\.)?\s*[\w$.]{1,100}\s*[(=])\s*(?=[\[{])", re.DOTALL
)
_FIELD = re.compile(r"\{([\w.-]{1,100})\}")
_SAMPLE = 50  # records of a list that are looked at to tell whether they have titles
_MAX_DEPTH = 8  # how far down a list is looked for where the recipe names none


def read_endpoint(decoded: Decoded, recipe: Recipe, frame: Frame) -> Parsed:
    """The entries of a JSON answer in its order. Raises ParseError where there is no such list in it."""
    document = _document(decoded.text, recipe.marker)
    found = follow_path(document, recipe.items) if recipe.items else _longest_list(document)
    if isinstance(found, dict):
        found = list(found.values())
    if not isinstance(found, list):
        where = f"路径 {recipe.items} 下没有列表" if recipe.items else "没有找到条目列表"
        raise ParseError(f"格式变了：返回的 JSON 中{where}{_message(document)}")
    limit = frame.limits.max_entries
    raws = [_raw(item, recipe, frame) for item in found[:limit]]
    parsed = finish(raws, frame, decoded, title="", format_name="json", beyond=max(0, len(found) - limit))
    if found and not parsed.entries:
        raise ParseError(f"格式变了：返回的 JSON 中有 {len(found)} 条，但没有一条读得出标题")
    return parsed


def follow_path(document: Any, path: str) -> Any:
    """The value at a dotted path; integer parts index lists, ``""`` is the whole. None where the path ends early."""
    value = document
    for part in filter(None, path.split(".")):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.lstrip("-").isdigit() and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _document(text: str, marker: str) -> Any:
    if not text.strip():
        raise ParseError("内容是空的：服务器没有返回任何内容")
    start = 0
    if marker:
        at = text.find(marker)
        if at < 0:
            raise ParseError(f"格式变了：没有找到标记 {marker[:40]}")
        starts = [position for position in (text.find(char, at + len(marker)) for char in "{[") if position >= 0]
        start = min(starts, default=len(text))
    else:
        wrapped = _JSONP.match(text.lstrip("\ufeff"))
        text = text.lstrip("\ufeff")
        start = wrapped.end() if wrapped else len(text) - len(text.lstrip())
    if text[start : start + 1] == "<":
        raise ParseError("格式变了：返回的是网页，不是 JSON（可能是登录或验证页面）")
    try:
        document, end = json.JSONDecoder(strict=False).raw_decode(text, start)
    except RecursionError as error:
        raise ParseError("内容可疑：JSON 嵌套过深，已拒绝解析") from error
    except ValueError as error:
        raise ParseError("内容无法解析：JSON 不完整或有语法错误") from error
    if not marker and text[end:].strip(" \t\r\n);"):
        raise ParseError("内容无法解析：JSON 之后还有别的内容")
    return document


def _longest_list(document: Any) -> list[Any] | None:
    """The longest list of records that have a title, anywhere near the top."""
    best: list[Any] | None = None
    level = [document]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, list):
                sample = value[:_SAMPLE]
                titled = sum(1 for item in sample if isinstance(item, dict) and _usual(item, _TITLE) is not None)
                if titled * 2 >= len(sample) and len(value) > len(best or ()):
                    best = value
            below.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        if best is None and document == []:
            return []
        level = [value for value in below if isinstance(value, (dict, list))]
    if best is None and isinstance(document, dict):
        # "nothing found" is an answer too: an empty list under a usual name
        best = next((document[key] for key in ("data", "items", "list", "result") if document.get(key) == []), None)
    return best


def _usual(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first value under a usual name that says something."""
    plain = {re.sub(r"[_-]", "", str(key)).lower(): value for key, value in item.items()}
    return next((plain[name] for name in names if plain.get(name) not in (None, "", [], {})), None)


def _raw(item: Any, recipe: Recipe, frame: Frame) -> RawEntry:
    if not isinstance(item, dict):
        return RawEntry(title=item if isinstance(item, str) else "")
    title = follow_path(item, recipe.title) if recipe.title else _usual(item, _TITLE)
    time = follow_path(item, recipe.time) if recipe.time else _usual(item, _TIME)
    summary = follow_path(item, recipe.summary) if recipe.summary else _usual(item, _SUMMARY)
    if recipe.link_template:
        link = _FIELD.sub(lambda field: quote(_text(follow_path(item, field[1])), safe=""), recipe.link_template)
    else:
        link = _text(follow_path(item, recipe.link) if recipe.link else _usual(item, _LINK))
    url = absolute_url(link, frame.base)
    # An id alone is unique only within its own board, so the address comes first where there is one.
    guid = url or _text(_usual(item, _GUID))
    return RawEntry(
        guid=guid, title=_text(title), link=url, texts=tuple(filter(None, [_text(summary)])), date=_date(time)
    )


def _date(value: Any) -> str | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return _text(value)


def _text(value: Any) -> str:
    """A scalar as text; records and lists say nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return strip_forbidden(str(value))


def _message(document: Any) -> str:
    """What the server itself said, where it said so under a usual name."""
    if isinstance(document, dict):
        said = _text(_usual(document, ("message", "msg", "errmsg", "error", "errormsg")))
        if said:
            return f"（对方答复：{squeeze(said)[:60]}）"
    return ""
