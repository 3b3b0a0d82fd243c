"""The project's gold set under the rules in force and under a draft (金标准集): right and wrong by relevance.

Below the pinned floors (``data/training/floors.json``, the very ones the release is measured by) a draft may still be
put in force, but only with a reason that is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from monitors.clock import SHANGHAI
from monitors.errors import InputError
from monitors.opinion.judge import Report
from monitors.opinion.lab_figures import Gold
from monitors.opinion.model import Judgement
from monitors.opinion.training import Scores
from monitors.settings import ROOT

GOLD = ROOT / "data" / "training" / "gold_reports.jsonl"
FLOORS = ROOT / "data" / "training" / "floors.json"
_WORSE = 20
_UNDATED = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)  # rows that say no day: the same every time


class Judging(Protocol):
    """What judges reports; ``judge.Judge`` does."""

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]:
        """One judgement for each report, in their order."""


@dataclass(frozen=True, slots=True)
class Floors:
    """What relevance must keep on the gold set of this SHA-256."""

    digest: str
    relevance_precision: float
    relevance_recall: float


@cache
def floors(path: Path = FLOORS) -> Floors:
    """The pinned floors.

    Raises:
        InputError: the file is missing or no longer whole.
    """
    try:
        return Floors(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"缺少或无法读取金标准集的下限 {path.name}，请补齐程序文件后重试") from error


def compare(before: Judging, after: Judging, path: Path = GOLD) -> Gold:
    """Both judge the whole gold set.

    Raises:
        InputError: the gold set or its floors are missing.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise InputError(f"缺少金标准集 {path.name}，无法核对草稿，请补齐程序文件后重试") from error
    rows = [row for row in map(json.loads, body.decode("utf-8").splitlines()) if row.get("relevant") is not None]
    reports = [_report(row) for row in rows]
    true = [bool(row["relevant"]) for row in rows]
    said_before = [found.relevant for found in before.judge_many(reports)]
    said_after = [found.relevant for found in after.judge_many(reports)]
    worse = [
        str(row["title"] or row["text"])[:60]
        for row, wanted, was, now in zip(rows, true, said_before, said_after, strict=True)
        if was == wanted != now
    ]
    scored = scores(true, said_after)
    digest = hashlib.sha256(body).hexdigest()
    return Gold(scores(true, said_before), scored, below(scored, digest), tuple(worse[:_WORSE]))


def scores(true: Sequence[bool], said: Sequence[bool]) -> Scores:
    """Right and wrong of what was said."""
    pairs = list(zip(true, said, strict=True))
    return Scores(
        found=pairs.count((True, True)),
        missed=pairs.count((True, False)),
        alarms=pairs.count((False, True)),
        passed=pairs.count((False, False)),
    )


def below(found: Scores, digest: str) -> str:
    """Why a reason is asked for; ``""`` where both floors are held."""
    pinned = floors()
    if digest != pinned.digest:
        return "金标准集与下限所依的版本不同，无法核对"
    faults = []
    for name, share, floor in (
        ("查准率", precision(found), pinned.relevance_precision),
        ("查全率", recall(found), pinned.relevance_recall),
    ):
        if share < floor:
            faults.append(f"{name} {share:.2%}，低于下限 {floor:.2%}")
    return "；".join(faults)


def precision(found: Scores) -> float:
    """Share of what was called relevant that is, four decimals as the floors are pinned; 1 where nothing was called."""
    said = found.found + found.alarms
    return round(found.found / said, 4) if said else 1.0


def recall(found: Scores) -> float:
    """Share of the relevant that was found, likewise."""
    true = found.found + found.missed
    return round(found.found / true, 4) if true else 1.0


def _report(row: dict[str, Any]) -> Report:
    day = row.get("published") or ""
    whole = len(day) == len("2026-11-23")
    published = datetime.fromisoformat(day).replace(hour=12, tzinfo=SHANGHAI) if whole else _UNDATED
    return Report(
        row["title"] or "", row["text"] or "", published, row.get("source_region", ""),
        now=published + timedelta(hours=1),
    )  # fmt: skip
