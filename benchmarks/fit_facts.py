"""Fit the weights by which figures are chosen: `python -m benchmarks.fit_facts [--write] [--more FILE]`.

Conditional logit over the candidates of each labelled report, saying nothing included, with a ridge. The rules were
made with the same reports in view, so there they look surer than they are: in SHARE of each row's weight what they take
is moved to the other candidates. A larger share finds more figures in unseen reports and invents more.

Rows: the project's own reports, the measuring data where present, and FILE (lines as in gold_reports.jsonl). Figures
printed are five-fold over all rows, then on FILE with weights fitted without it. Without the measuring data --write
keeps the weights as they are: fewer rows would be a worse fit.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.opinion import amounts, choice, persons
from monitors.opinion.candidates import Candidate, Fields
from monitors.opinion.choice import Weights
from monitors.opinion.figures import Fact
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.person_candidates import of_persons
from monitors.opinion.sum_candidates import of_sums

ROOT = Path(__file__).resolve().parent.parent
OWN = ("gold_reports.jsonl", "gold_judge.jsonl", "gold_facts.jsonl", "told_otherwise.jsonl")
SHARE = 0.1  # of a row's weight where the rules are taken to err
# Added to the weights fitted: a missing number is asked for, an invented one misleads.
CAUTION = {"persons": {"rules.nothing": 1.0}, "sums": {"nothing": 0.5}}
RIDGE = 0.3
UNSURE = 0.4  # weight of a row labelled with doubt
STEPS, RATE = 300, 0.08
FOLDS = 5
LEAST = 0.005  # a smaller weight is left out of the file

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """The candidates of one report for one fact, with what is right and what the rules take."""

    name: str
    source: str
    candidates: tuple[Candidate, ...]
    right: int | None
    pick: Fact | None
    weight: float


def reports(paths: Sequence[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("relevant"):
                yield path.name, row


def rows(paths: Sequence[Path]) -> tuple[list[Row], list[Row]]:
    """Rows for persons and for sums; a report whose label is absent is none."""
    lexicon = shipped()
    counted: list[Row] = []
    summed: list[Row] = []
    for source, row in reports(paths):
        title, text = read(row["title"] or "", lexicon), read(row["text"] or "", lexicon)
        fields: Fields = (("title", title), ("text", text))
        weight = 1.0 if row.get("sure", True) else UNSURE
        if "workers" in row:
            pick = persons.workers(title, text)
            found = tuple(of_persons(fields, pick, "涉及人数："))
            counted.append(Row(row["id"], source, found, row["workers"], pick, weight))
        if "amount_fen" in row or "amount_yuan" in row:
            fen = row["amount_fen"] if "amount_fen" in row else _fen(row["amount_yuan"])
            pick = amounts.amount(title, text)
            found = tuple(of_sums(fields, pick, "欠薪金额："))
            summed.append(Row(row["id"], source, found, fen, pick, weight))
    return counted, summed


def _fen(yuan: float | None) -> int | None:
    return round(yuan * 100) if yuan else None


def with_errors(row: Row, share: float) -> Iterator[Row]:
    """The row as it is, and as it would be had the rules taken each of the other candidates."""
    pick = row.pick.value if row.pick else None
    others = list(dict.fromkeys(one.value for one in row.candidates if one.value != pick))
    yield replace(row, weight=row.weight * (1 - share if others else 1.0))
    taken = next((_of_rules(one) for one in row.candidates if one.value == pick), {})
    for value in others:
        marks = {"rules.nothing": 1.0} if value is None else taken if pick else {"rules": 1.0, "rules.apart": 1.0}
        changed = tuple(
            replace(one, features=_told(one) | (marks if one.value == value else {})) for one in row.candidates
        )
        yield replace(row, candidates=changed, weight=row.weight * share / len(others))


def _of_rules(one: Candidate) -> dict[str, float]:
    return {name: value for name, value in one.features.items() if name.split(".")[0] == "rules"}


def _told(one: Candidate) -> dict[str, float]:
    return {name: value for name, value in one.features.items() if name.split(".")[0] != "rules"}


def cautious(fact: str, labelled: Sequence[Row]) -> Weights:
    """The weights as shipped: as fitted, with what makes saying nothing likelier."""
    fitted = fit(labelled).by_name
    return Weights({**fitted, **{name: fitted.get(name, 0.0) + more for name, more in CAUTION[fact].items()}})


def fit(labelled: Sequence[Row], *, share: float = SHARE, ridge: float = RIDGE) -> Weights:
    """The weights under which what is right is likeliest (Adam on the whole batch; nothing is drawn by chance)."""
    usable = [
        copy
        for row in labelled
        if any(one.value == row.right for one in row.candidates)
        for copy in with_errors(row, share)
    ]
    names = sorted({name for row in usable for one in row.candidates for name in one.features})
    index = {name: at for at, name in enumerate(names)}
    sizes = [len(row.candidates) for row in usable]
    x = np.zeros((sum(sizes), len(names)))
    for at, one in enumerate(one for row in usable for one in row.candidates):
        for name, value in one.features.items():
            x[at, index[name]] = value
    right = np.array([float(one.value == row.right) for row in usable for one in row.candidates])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    weight = np.repeat([row.weight for row in usable], sizes)

    def gradient(b: Vector) -> Vector:
        sums = x @ b
        powers = np.exp(sums - np.repeat(np.maximum.reduceat(sums, starts), sizes))
        whole = np.repeat(np.add.reduceat(powers, starts), sizes)
        held = np.repeat(np.maximum(np.add.reduceat(powers * right, starts), 1e-300), sizes)
        return x.T @ ((powers / whole - powers * right / held) * weight) + ridge * b

    return Weights(dict(zip(names, map(float, _descend(gradient, len(names))), strict=True)))


def _descend(gradient: Callable[[Vector], Vector], size: int) -> Vector:
    b, mean, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, STEPS + 1):
        g = gradient(b)
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        b = b - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return b


def answer(row: Row, weights: Weights) -> int | None:
    found = choice.choose(row.candidates, weights, row.pick)
    return found.value if found else None


def figures(labelled: Sequence[Row], answers: Sequence[int | None]) -> str:
    """Right where stated, given though not stated; rows labelled with doubt are left out."""
    pairs = [(row, got) for row, got in zip(labelled, answers, strict=True) if row.weight == 1]
    stated = [got == row.right for row, got in pairs if row.right is not None]
    silent = [got is not None for row, got in pairs if row.right is None]
    return f"{sum(stated)}/{len(stated)} right, {sum(silent)}/{len(silent)} invented"


def folded(fact: str, labelled: Sequence[Row]) -> list[int | None]:
    answers: list[int | None] = [None] * len(labelled)
    for fold in range(FOLDS):
        weights = cautious(fact, [row for at, row in enumerate(labelled) if at % FOLDS != fold])
        for at in range(fold, len(labelled), FOLDS):
            answers[at] = answer(labelled[at], weights)
    return answers


def shown(fact: str, labelled: Sequence[Row], more: str) -> None:
    sources = list(dict.fromkeys(row.source for row in labelled))
    by_fold = folded(fact, labelled)
    for source in sources:
        at = [index for index, row in enumerate(labelled) if row.source == source]
        here = [labelled[index] for index in at]
        rules = [row.pick.value if row.pick else None for row in here]
        print(f"{fact} {source}: rules {figures(here, rules)}; five-fold {figures(here, [by_fold[i] for i in at])}")
    if more:
        without = cautious(fact, [row for row in labelled if row.source != more])
        apart = [row for row in labelled if row.source == more]
        print(f"{fact} {more}, fitted without it: {figures(apart, [answer(row, without) for row in apart])}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help=f"write {choice.PATH.name}")
    arguments.add_argument("--fast", action="store_true", help="no figures")
    arguments.add_argument("--more", type=Path, help="further labelled reports")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = arguments.parse_args()
    own = [ROOT / "data" / "training" / name for name in OWN]
    measured = options.shared / "eval" / "relevance.jsonl"
    paths = [*own, *([measured] if measured.is_file() else []), *([options.more] if options.more else [])]
    counted, summed = rows(paths)
    if not options.fast:
        shown("persons", counted, options.more.name if options.more else "")
        shown("sums", summed, options.more.name if options.more else "")
    if options.write and not measured.is_file():
        print(f"{measured} is not there: {choice.PATH.name} stays as it is")
    elif options.write:
        content = {
            "about": "人数与金额取数的权重：每个特征一行，由 benchmarks/fit_facts.py 拟合，请勿手改",
            "rows": {"persons": len(counted), "sums": len(summed)},
            **{name: _rounded(cautious(name, found)) for name, found in (("persons", counted), ("sums", summed))},
        }
        choice.PATH.write_text(choice.written(content), encoding="utf-8")


def _rounded(weights: Weights) -> dict[str, float]:
    return {name: round(value, 3) for name, value in weights.by_name.items() if abs(value) >= LEAST}


if __name__ == "__main__":
    main()
