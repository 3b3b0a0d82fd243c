"""A child process for hostile bytes: it dies with its parent, within its own limits, and its messages are JSON.

JSON, not pickles: the child handles what strangers made, so the parent must not execute what it says.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")
_PR_SET_PDEATHSIG = 1


def confine(parent: int, memory_mb: int, *, writes: bool = False) -> None:
    """Bind this process to ``parent`` and to its limits, for good: so much memory, no core file, no file written.

    ``writes``: it may write files, as a child that works on our own database must.
    """
    _die_with(parent)
    limit = memory_mb * 1_048_576
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not writes:  # nothing read from outside is ever written by a parser
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe


def write_frame(
    sink: BinaryIO, header: dict[str, Any], body: bytes = b"", *, plain: Callable[[Any], Any] | None = None
) -> None:
    """One message: length of the header, the header, the body (its size stands in the header).

    ``plain`` says what JSON has no word for, as ``json.dumps`` asks for it.
    """
    encoded = json.dumps(header, default=plain, ensure_ascii=False).encode("utf-8", "replace")
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
