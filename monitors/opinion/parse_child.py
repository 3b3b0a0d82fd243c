"""The child that parses for ``ParserPool``: ``python -m monitors.opinion.parse_child PARENT_PID MEMORY_MB``.

It reads tasks from standard input and answers on standard output, each a 4-byte length and a JSON header, a task also
its body. Answers are JSON, not pickles: the child handles hostile bytes, so the parent must not execute what it says.
The child dies with its parent, gives up its own memory limit rather than the machine's, and is replaced when it grows.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO

import psutil

from monitors import child, settings
from monitors.child import confine, read_header
from monitors.errors import ParseError
from monitors.opinion.articles import Article, read_article
from monitors.opinion.model import Entry, Parsed, Recipe, Rejected
from monitors.opinion.parse import parse

_MAX_TASKS = 500  # then a fresh child: parsers' caches and fragmented memory start anew
_GROWN = 0.5  # a child that holds more than this share of its memory after a task is replaced
OUT_OF_MEMORY = "内容可疑：解析所需内存超过上限，已中止"


def main() -> None:
    """Serve until the parent closes the pipe, the work is much or the memory has grown."""
    parent, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    confine(parent, memory_mb)
    limit = memory_mb * 1_048_576
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    myself = psutil.Process()
    write_frame(sink, {"ready": True})
    for number in range(1, _MAX_TASKS + 1):
        header = read_header(source)
        if header is None:
            return
        body = source.read(int(header["size"]))
        try:
            answer = _work(header, body)
        except MemoryError:
            body = b""
            answer = {"error": OUT_OF_MEMORY, "last": True}
        # Not ru_maxrss: Linux lets a child start with its parent's peak, so a large parent's children all seem grown.
        grown = myself.memory_info().rss > _GROWN * limit
        answer["last"] = answer.get("last", False) or grown or number == _MAX_TASKS
        write_frame(sink, answer)
        if answer["last"]:
            return


def _work(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    limits = settings.Parse(**header["limits"])
    now = datetime.fromisoformat(header["now"])
    try:
        if header["task"] == "article":
            article = read_article(body, url=header["url"], content_type=header["content_type"], now=now, limits=limits)
            return {"article": asdict(article)}
        recipe = header["recipe"]
        recipe["headers"] = tuple(tuple(pair) for pair in recipe["headers"])
        parsed = parse(
            body,
            kind=header["kind"],
            url=header["url"],
            content_type=header["content_type"],
            recipe=Recipe(**recipe),
            now=now,
            limits=limits,
        )
        return {"parsed": asdict(parsed)}
    except ParseError as error:
        return {"error": str(error)}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one body must not cost the child; the kind of error goes into the outcome
        return {"error": f"内容无法解析：解析器出错（{type(error).__name__}）"}


# ── What goes through the pipes; used by both ends ───────────────────────────────────────────────────────────────────


def write_frame(sink: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """One message of either end, moments in ISO form; see ``monitors.child``."""
    child.write_frame(sink, header, body, plain=_plain)


def parsed_from(record: dict[str, Any]) -> Parsed:
    """``Parsed`` from its JSON form."""
    return Parsed(
        entries=tuple(Entry(**{**entry, "published": _moment(entry["published"])}) for entry in record["entries"]),
        rejected=tuple(Rejected(**rejected) for rejected in record["rejected"]),
        title=record["title"],
        format=record["format"],
        encoding=record["encoding"],
        repaired=record["repaired"],
    )


def article_from(record: dict[str, Any]) -> Article:
    """``Article`` from its JSON form."""
    return Article(**{**record, "published": _moment(record["published"])})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    main()
