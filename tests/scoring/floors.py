"""The floors: the value each figure must keep, with the digest of the corpus it was measured on.

Floors rise by themselves on request; they fall one at a time, with a reason that is kept beside them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from .corpora import ROOT, Corpus
from .figures import Figure

PATH = ROOT / "tests" / "score_floors.json"
SHOWN = 10  # worst errors shown with a figure


class FloorError(Exception):
    """The floors cannot be changed as asked; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """One floor lowered on purpose. ``day``: ISO date."""

    figure: str
    before: float
    after: float
    reason: str
    day: str


@dataclass(frozen=True, slots=True)
class Floors:
    """``digests`` by corpus, ``bounds`` by figure name (``gold.amount``; a ceiling where smaller is better)."""

    digests: dict[str, str]
    bounds: dict[str, float]
    lowered: tuple[Lowered, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A corpus and its figures."""

    corpus: Corpus
    figures: tuple[Figure, ...]


def load(path: Path = PATH) -> Floors:
    """The floors as pinned; empty where the file does not exist yet."""
    if not path.exists():
        return Floors({}, {})
    table = json.loads(path.read_text(encoding="utf-8"))
    return Floors(table["digests"], table["bounds"], tuple(Lowered(**entry) for entry in table["lowered"]))


def save(floors: Floors, path: Path = PATH) -> None:
    """Write the floors, sorted, so that a change is a line of the diff."""
    table = {
        "digests": dict(sorted(floors.digests.items())),
        "bounds": dict(sorted(floors.bounds.items())),
        "lowered": [
            {
                "figure": entry.figure,
                "before": entry.before,
                "after": entry.after,
                "reason": entry.reason,
                "day": entry.day,
            }
            for entry in floors.lowered
        ],
    }
    path.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def problems(floors: Floors, measured: Sequence[Measured]) -> list[str]:
    """Why the gate fails (Chinese), one message per figure or corpus; empty when it holds.

    A corpus that was not measured is not missed: the measuring data is not on every machine.
    """
    found = []
    for one in measured:
        name, pinned = one.corpus.name, floors.digests.get(one.corpus.name)
        if pinned != one.corpus.digest:
            found.append(
                f"语料 {name} 的指纹与下限表不符（记录 {(pinned or '无')[:12]}，现为 {one.corpus.digest[:12]}），"
                "原有下限不再可比。请先运行 ./run score 核对分数，再运行 ./run score --raise 记下新指纹；"
                '若有图数低于下限，须先逐项运行 ./run score --lower 图名 --reason "原因"。'
            )
        for figure in one.figures:
            bound = floors.bounds.get(figure.name)
            if bound is None:
                found.append(f"{figure.name}（{figure.meaning.name}）还没有下限：运行 ./run score --raise 记下。")
            elif figure.misses(bound):
                found.append(_fallen(figure, bound))
        gone = {key for key in floors.bounds if key.startswith(f"{name}.")} - {figure.name for figure in one.figures}
        found += [f"{key} 有下限却没有量到：度量被去掉了，请补回。" for key in sorted(gone)]
    return found


def _fallen(figure: Figure, bound: float) -> str:
    limit = "上限" if figure.meaning.at_most else "下限"
    side = "高于" if figure.meaning.at_most else "低于"
    head = f"{figure.name}（{figure.meaning.name}）现为 {figure.value:.4f}（{figure.counted}）"
    count = min(SHOWN, len(figure.faults))
    first = f"{head}，{side}{limit} {bound:.4f}。最差的 {count} 处："
    return "\n".join([first, *(f"    {fault}" for fault in figure.worst(SHOWN))])


def raised(floors: Floors, measured: Sequence[Measured]) -> tuple[Floors, list[str]]:
    """Floors drawn up to what was measured, and the changes in words. Nothing ever falls here.

    Raises:
        FloorError: a figure is below its floor, so its corpus cannot be pinned.
    """
    fallen = [
        figure.name
        for one in measured
        for figure in one.figures
        if figure.name in floors.bounds and figure.misses(floors.bounds[figure.name])
    ]
    if fallen:
        raise FloorError(
            f"以下图数低于下限，什么也没有写：{'、'.join(fallen)}。先修好，或逐项用 --lower 图名 --reason 说明原因。"
        )
    bounds, digests, changes = dict(floors.bounds), dict(floors.digests), list[str]()
    for one in measured:
        if digests.get(one.corpus.name) != one.corpus.digest:
            digests[one.corpus.name] = one.corpus.digest
            changes.append(f"语料 {one.corpus.name}：记下指纹 {one.corpus.digest[:12]}")
        for figure in one.figures:
            if bounds.get(figure.name) != figure.bound():
                changes.append(f"{figure.name}：{bounds.get(figure.name, '无')} → {figure.bound()}")
                bounds[figure.name] = figure.bound()
    return replace(floors, digests=digests, bounds=bounds), changes


def lowered(floors: Floors, measured: Sequence[Measured], name: str, reason: str, today: date) -> Floors:
    """The floor of one figure let down to what was measured, the reason kept.

    Raises:
        FloorError: no reason, no such figure among those measured, or the figure is not below its floor.
    """
    if not reason.strip():
        raise FloorError('下调下限须写明原因：--reason "……"。')
    figure = next((figure for one in measured for figure in one.figures if figure.name == name), None)
    if figure is None or name not in floors.bounds:
        known = "、".join(figure.name for one in measured for figure in one.figures)
        raise FloorError(f"没有量到名为“{name}”的图数，或它还没有下限。量到的有：{known}。")
    before = floors.bounds[name]
    if not figure.misses(before):
        raise FloorError(f"{name} 现为 {figure.value:.4f}，没有跌破 {before:.4f}，无须下调。")
    entry = Lowered(name, before, figure.bound(), reason.strip(), today.isoformat())
    return replace(floors, bounds=floors.bounds | {name: entry.after}, lowered=(*floors.lowered, entry))
