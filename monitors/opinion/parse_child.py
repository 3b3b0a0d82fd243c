"""The child that parses for ``ParserPool``: ``python -m monitors.opinion.parse_child PARENT_PID MEMORY_MB``.

It reads tasks from standard input and answers on standard output, each a 4-byte length and a JSON header, a task also
its body. Answers are JSON, not pickles: the child handles hostile bytes, so the parent must not execute what it says.
The child dies with its parent, gives up its own memory limit rather than the machine's, and is replaced when it grows.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO

import psutil

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion.articles import Article, read_article
from monitors.opinion.model import Entry, Parsed, Recipe, Rejected
from monitors.opinion.parse import parse

_LENGTH = struct.Struct(">I")
_PR_SET_PDEATHSIG = 1
_MAX_TASKS = 500  # then a fresh child: parsers' caches and fragmented memory start anew
_GROWN = 0.5  # a child that holds more than this share of its memory after a task is replaced
OUT_OF_MEMORY = "内容可疑：解析所需内存超过上限，已中止"


def main() -> None:
    """Serve until the parent closes the pipe, the work is much or the memory has grown."""
    parent, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    limit = memory_mb * 1_048_576
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing read from outside is ever written by a parser.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
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


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe


# ── What goes through the pipes; used by both ends ───────────────────────────────────────────────────────────────────


def write_frame(sink: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """One message: length of the header, the header, the body (its size stands in the header)."""
    encoded = json.dumps(header, default=_plain, ensure_ascii=False).encode("utf-8", "replace")
    sink.write(_LENGTH.pack(len(encoded)) + encoded)
    if body:
        sink.write(body)
    sink.flush()


def read_header(source: BinaryIO) -> dict[str, Any] | None:
    """The next message's header, or None at the end of the pipe."""
    size = source.read(_LENGTH.size)
    if len(size) < _LENGTH.size:
        return None
    encoded = source.read(_LENGTH.unpack(size)[0])
    if len(encoded) < _LENGTH.unpack(size)[0]:
        return None
    header = json.loads(encoded)
    return header if isinstance(header, dict) else None


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
