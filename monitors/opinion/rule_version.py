"""Which rules judge (规则版本): a digest of all a judgement follows from, so that no release can forget to say so.

The rooms that judge (the judge's own and whatever it comes by), the words, weights and places they read. Blank lines
and comments on lines of their own do not count: a remark mended makes no archive old.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from monitors.settings import ROOT

NAME = "规则 2026.11"  # for people; the digest behind it tells one set of rules from another
_JUDGE = "monitors.opinion.judge"
# Imported by them, but not what a judgement follows from.
BESIDE = (
    "monitors.access.roles", "monitors.clock", "monitors.errors", "monitors.finding", "monitors.opinion.model",
    "monitors.opinion.rule_version", "monitors.opinion.trained", "monitors.settings", "monitors.settings_faults",
)  # fmt: skip
_IMPORT = re.compile(r"^[ \t]*from (monitors[\w.]*) import (\([^)]*\)|[^\n(]+)", re.MULTILINE)
_TABLES = ("data/lexicon/terms.csv", "data/lexicon/relevance.csv", "data/lexicon/*.json", "data/regions/*.csv")


@cache
def present() -> str:
    """The rules' name and the first eight digits of their digest.

    Asked once per process (some 15 ms), which goes on with what it has read while an upgrade replaces the files.
    """
    return f"{NAME}·{digest(ROOT)[:8]}"


def digest(folder: Path) -> str:
    """SHA-256 of the rules under ``folder``; a file that is not there counts as empty."""
    whole = hashlib.sha256()
    for path in _files(folder):
        body = path.read_bytes() if path.is_file() else b""
        if path.suffix == ".py":
            lines = (line.rstrip() for line in body.splitlines())
            body = b"\n".join(line for line in lines if line and not line.lstrip().startswith(b"#"))
        whole.update(f"{path.relative_to(folder).as_posix()} {len(body)}\n".encode() + body)
    return whole.hexdigest()


def rooms(folder: Path) -> list[str]:
    """The modules that judge, by name: the judge's own and those it imports, at any remove."""
    found: set[str] = set()
    ahead = [_JUDGE]
    while ahead:
        room = ahead.pop()
        path = _file(folder, room)
        if room in found or room in BESIDE or not path.is_file():
            continue
        found.add(room)
        for package, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
            ahead += [package, *(f"{package}.{name}" for name in re.findall(r"\w+", names))]
    return sorted(found)


def _file(folder: Path, room: str) -> Path:
    return folder / f"{room.replace('.', '/')}.py"


def _files(folder: Path) -> Iterator[Path]:
    for room in rooms(folder):
        yield _file(folder, room)
    for pattern in _TABLES:
        yield from sorted(folder.glob(pattern)) if "*" in pattern else (folder / pattern,)
