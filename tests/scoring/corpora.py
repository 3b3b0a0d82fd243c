"""The labelled reports the judge is measured on: the project's own gold set, and the measuring data where present."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT / "data" / "training" / "gold_reports.jsonl"

_SHARED = {
    "relevance": "eval/relevance.jsonl",
    "region": "eval/region.jsonl",
    "dups": "eval/dups.jsonl",
    "sentiment": "eval/sentiment.jsonl",
    "stream": "eval/stream.jsonl.gz",
}
_PAGES = "pages/list_expected.json"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled rows under a name; ``digest`` is the SHA-256 of the bytes they were read from.

    ``pages`` (corpus ``lists`` only): the raw list pages by file name.
    """

    name: str
    digest: str
    rows: tuple[dict[str, Any], ...]
    pages: tuple[tuple[str, bytes], ...] = ()


def shared_folder() -> Path:
    """Where the measuring data lies, whether or not it is there."""
    return Path(os.environ.get("MONITORS_SHARED", "") or ROOT.parent / "shared")


def gold(path: Path = GOLD) -> Corpus:
    """The project's own gold set."""
    return _lines("gold", path.read_bytes())


def shared(folder: Path) -> list[Corpus]:
    """What is present of the measuring data under ``folder``; an empty list where nothing is."""
    found = []
    for name, place in _SHARED.items():
        path = folder / place
        if path.is_file():
            found.append(_lines(name, path.read_bytes(), packed=path.suffix == ".gz"))
    expected = folder / _PAGES
    if expected.is_file():
        found.append(_lists(expected))
    return found


def _lines(name: str, raw: bytes, *, packed: bool = False) -> Corpus:
    body = gzip.decompress(raw) if packed else raw
    rows = tuple(json.loads(line) for line in body.decode("utf-8").splitlines() if line.strip())
    return Corpus(name, hashlib.sha256(raw).hexdigest(), rows)


def _lists(expected: Path) -> Corpus:
    raw = expected.read_bytes()
    digest = hashlib.sha256(raw)
    rows, pages = [], []
    for name, items in json.loads(raw.decode("utf-8")).items():
        body = (expected.parent / name).read_bytes()
        digest.update(body)
        rows.append({"id": name, "titles": [item["title"] for item in items]})
        pages.append((name, body))
    return Corpus("lists", digest.hexdigest(), tuple(rows), tuple(pages))
