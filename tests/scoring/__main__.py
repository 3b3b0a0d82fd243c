# ruff: noqa: T201 - printing is what a command line does
"""`./run score`: the table of figures, the worst errors of each, and the ways to move a floor."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Sequence
from datetime import date

from monitors import settings
from monitors.opinion.judge import Judge

from . import corpora, floors, measures
from .figures import Figure
from .floors import FloorError, Floors, Measured


def measure_all(*, own_only: bool = False) -> list[Measured]:
    """The gold set, and the measuring data where it is present, judged as ``config.toml`` of the project says."""
    shipped = settings.load(corpora.ROOT / "config.toml")
    judge = Judge(shipped)
    found = [corpora.gold()]
    if not own_only:
        found += corpora.shared(corpora.shared_folder())
    return [Measured(corpus, tuple(measures.measure(corpus, judge, shipped))) for corpus in found]


def table(measured: Sequence[Measured], pinned: Floors) -> list[str]:
    """The figures as shown: name, value, floor, what is to be reached."""
    lines = [_row("图数", "名称", "现值", "下限", "目标", "计数")]
    for one in measured:
        for figure in one.figures:
            bound, reach = pinned.bounds.get(figure.name), figure.meaning.reach
            mark = "≤" if figure.meaning.at_most else "≥"
            missed = " ✗" if bound is not None and figure.misses(bound) else ""
            short = " ↓" if reach is not None and figure.misses(reach) else ""
            lines.append(
                _row(
                    figure.name,
                    figure.meaning.name,
                    f"{figure.value:.4f}{missed}",
                    f"{mark}{bound:.4f}" if bound is not None else "未定",
                    f"{mark}{reach:g}{short}" if reach is not None else "—",
                    figure.counted,
                )
            )
    return lines


def _row(*cells: str) -> str:
    widths = (30, 32, 10, 10, 10, 0)
    return "".join(
        cell + " " * max(1, width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    ).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _errors(figure: Figure, count: int) -> list[str]:
    shown = figure.worst(count)
    return [f"── {figure.name}（{figure.meaning.name}）：{len(figure.faults)} 处错误", *(f"    {one}" for one in shown)]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every floor holds; 1 when one does not, or what was asked is refused."""
    parser = argparse.ArgumentParser(prog="./run score", description="量出研判的各项分数，与下限对照。")
    parser.add_argument("--errors", type=int, default=floors.SHOWN, help="每项显示多少处错误（默认 10）")
    parser.add_argument("--own", action="store_true", help="只量项目自有的金标准集")
    parser.add_argument("--raise", dest="up", action="store_true", help="把下限抬到现值，并记下语料指纹")
    parser.add_argument("--lower", metavar="图名", help="把一项下限降到现值，须同时写明 --reason")
    parser.add_argument("--reason", default="", help="下调的原因，随下限一起保存")
    asked = parser.parse_args(arguments)
    if asked.up and asked.lower:
        parser.error("--raise 与 --lower 只能用一个")
    measured, pinned = measure_all(own_only=asked.own), floors.load()
    for one in measured:
        for figure in one.figures:
            if figure.faults and asked.errors > 0:
                print("\n".join(_errors(figure, asked.errors)))
    print("\n".join(table(measured, pinned)))
    if not asked.own and not corpora.shared(corpora.shared_folder()):
        print(f"没有找到真实语料（{corpora.shared_folder()}），只量了项目自有的金标准集。")
    try:
        if asked.up:
            pinned, changes = floors.raised(pinned, measured)
            floors.save(pinned)
            print("\n".join(changes) or "下限没有变化。")
        elif asked.lower:
            pinned = floors.lowered(pinned, measured, asked.lower, asked.reason, date.today())  # noqa: DTZ011 - a day to file under
            floors.save(pinned)
            print(f"已下调 {asked.lower}，原因已记下。")
    except FloorError as refused:
        print(refused, file=sys.stderr)
        return 1
    failed = floors.problems(pinned, measured)
    print("\n".join(failed) or "全部达到下限。")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
