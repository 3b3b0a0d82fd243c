"""The preview of a workbook as lines on disk (预览): a page reads the few it shows, however many rows there are."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from monitors.ledger.workbook_plan import Decision, Plan, PlannedRow, Verdict
from monitors.ledger.workbook_rows import CellFault

Group = Literal["全部", "新增", "修改", "不变", "拒绝", "疑似重复", "数字存疑"]
# The last two hold what a person may settle, settled or not; the five before them, each row once.
GROUPS: tuple[Group, ...] = ("全部", "新增", "修改", "不变", "拒绝", "疑似重复", "数字存疑")
_ROWS, _PLACES = FILES = "rows.jsonl", "places.json"


@dataclass(frozen=True, slots=True)
class Changed:
    """One cell that differs from the ledger, in words."""

    address: str
    heading: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Alike:
    """What the row may repeat: a case by its number, or a row above it by its key."""

    number: str
    why: str
    case: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the workbook and what becomes of it. ``place`` is a division's code, ``number`` the case's.

    ``choice`` is what a person settled for a suspected duplicate, ``doubted`` whether only E13 stands in the way,
    ``trusted`` whether a person confirmed the figures.
    """

    key: str
    verdict: Verdict
    number: str
    employer: str
    project: str
    place: str
    workers: int | None
    fen: int | None
    faults: tuple[CellFault, ...]
    changes: tuple[Changed, ...]
    alike: tuple[Alike, ...]
    remarks: tuple[str, ...]
    choice: str
    doubted: bool
    trusted: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Where the lines of each group begin; the keys of rows to be settled, with whether 合并 is possible."""

    starts: Mapping[Group, Sequence[int]]
    alike: Mapping[str, bool]
    doubted: tuple[str, ...]


def doubted(row: PlannedRow) -> bool:
    """Whether nothing but E13 stands against the row."""
    return bool(row.faults) and all(one.code == "E13" for one in row.faults)


def write(folder: Path, plan: Plan) -> None:
    """Write the plan's rows to ``folder`` (made by us, nobody else's)."""
    starts: dict[Group, array[int]] = {group: array("q") for group in GROUPS}
    alike: dict[str, bool] = {}
    doubts: list[str] = []
    with (folder / _ROWS).open("wb") as stream:
        for row in plan.rows:
            found: list[Group] = ["全部"]
            if row.verdict != Verdict.DUPLICATE:
                found.append(_GROUP_OF[row.verdict])
            if row.verdict == Verdict.DUPLICATE or (row.duplicates and row.key in plan.decisions):
                found.append("疑似重复")
                alike[row.key] = row.duplicates[0].case_id is not None
            if doubted(row) or row.key in plan.trusted:
                found.append("数字存疑")
                doubts.append(row.key)
            for group in found:
                starts[group].append(stream.tell())
            stream.write(json.dumps(_told(row, plan), ensure_ascii=False).encode() + b"\n")
    told = {"starts": {group: list(found) for group, found in starts.items()}, "alike": alike, "doubted": doubts}
    (folder / _PLACES).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


_GROUP_OF: dict[Verdict, Group] = {
    Verdict.ADD: "新增", Verdict.CHANGE: "修改", Verdict.SAME: "不变", Verdict.REFUSED: "拒绝",
    Verdict.DUPLICATE: "疑似重复",
}  # fmt: skip


def places(folder: Path) -> Places:
    """Where each line is.

    Raises:
        OSError: the preview is gone.
    """
    told = json.loads((folder / _PLACES).read_bytes())
    starts = {group: array("q", told["starts"][group]) for group in GROUPS}
    return Places(starts, told["alike"], tuple(told["doubted"]))


def read(folder: Path, starts: Sequence[int]) -> tuple[Line, ...]:
    """The lines that begin at ``starts``.

    Raises:
        OSError: the preview is gone.
    """
    with (folder / _ROWS).open("rb") as stream:
        return tuple(_line(json.loads(body)) for body in _bodies(stream, starts))


def _bodies(stream: Any, starts: Sequence[int]) -> Iterator[bytes]:
    for start in starts:
        stream.seek(start)
        yield stream.readline()


def _told(row: PlannedRow, plan: Plan) -> dict[str, Any]:
    entry, case = row.reading.entry, row.case
    choice: Decision | str = plan.decisions.get(row.key, "")
    return {
        "key": row.key,
        "verdict": str(row.verdict),
        "number": case.number if case else entry.number,
        "employer": entry.employer or (case.employer_name if case else ""),
        "project": entry.project or (case.project_name if case else ""),
        "place": entry.region or (case.region if case else ""),
        "workers": entry.claimed_workers,
        "fen": entry.claimed_fen,
        "faults": [(one.address, one.heading, one.words, one.code) for one in row.faults],
        "changes": [(one.address, one.heading, one.before, one.after) for one in row.changes],
        "alike": [(one.number, one.why, one.case_id is not None) for one in row.duplicates],
        "remarks": row.remarks,
        "choice": choice if row.duplicates else "",
        "doubted": doubted(row),
        "trusted": row.key in plan.trusted,
    }


def _line(told: Mapping[str, Any]) -> Line:
    parts = {
        "verdict": Verdict(told["verdict"]),
        "faults": tuple(CellFault(*one) for one in told["faults"]),
        "changes": tuple(Changed(*one) for one in told["changes"]),
        "alike": tuple(Alike(*one) for one in told["alike"]),
        "remarks": tuple(told["remarks"]),
    }
    return Line(**(dict(told) | parts))
