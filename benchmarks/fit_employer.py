"""Fit the weights by which who owes is chosen: `python -m benchmarks.fit_employer [--write] [--more FILE …]`.

Each feature has a prior in data/lexicon/employer.json (what the rule's author expects); labelled reports move it from
there: a conditional logit over everybody who might owe and "nobody", drawn to the priors (ridge). What the grammar says
is held: its patterns were written over many of these reports, so that fitting would trust it too much. Rows: the
project's gold set, the measuring data where present, and FILEs of the same fields. Figures printed are five-fold;
without --write nothing is changed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitors.opinion import employers, ranking
from monitors.opinion.employer_candidates import Party
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.settings import ROOT

GOLD = tuple(ROOT / "data" / "training" / f"{name}.jsonl" for name in ("gold_judge", "gold_reports", "told_otherwise"))
STRENGTH = 2.0  # pull of a prior: as much as two rows that say otherwise
FOLDS, STEPS = 5, 400

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled report: the features of each candidate, which of them are right, and whether anybody is."""

    cues: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]
    stated: bool


def is_right(party: Party, wanted: str) -> bool:
    """Any of several right names, in its short or long form."""
    got = party.best.words
    names = wanted.lower().replace("（", "(").replace("）", ")").split(";")
    return any(got in name or name in got for name in names)


def rows(paths: Sequence[Path]) -> Iterator[Row]:
    """Reports with a text that are about wages, each text once."""
    seen = set()
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            row = json.loads(line)
            title, text = row.get("title") or "", row.get("text") or ""
            if not row.get("relevant") or "employer" not in row or not row.get("sure", 1) or not text:
                continue
            if (title, text) in seen:
                continue
            seen.add((title, text))
            readings = read(title, shipped()), read(text, shipped())
            asked = employers.question(*readings, employers.by_grammar(*readings))
            wanted = row["employer"] or ""
            right = [bool(wanted) and is_right(party, wanted) for party in asked.parties]
            yield Row(asked.cues, (*right, not wanted), bool(wanted))


def fitted(found: Sequence[Row], features: Sequence[ranking.Feature]) -> list[ranking.Feature]:
    """The features with weights moved from their priors but those held; rows nobody can get right teach nothing."""
    places = {one.name: at for at, one in enumerate(features)}
    taught = [row for row in found if any(row.right)]
    x = np.zeros((sum(len(row.cues) for row in taught), len(features)))
    cues = [cue for row in taught for cue in row.cues]
    for line, names in enumerate(cues):
        x[line, [places[name] for name in names]] = 1.0
    y = np.array([right for row in taught for right in row.right], dtype=np.float64)
    group = np.repeat(np.arange(len(taught)), [len(row.cues) for row in taught])
    prior = np.array([one.prior for one in features])
    free = np.array([not one.held for one in features])
    weight, first, second = prior.copy(), np.zeros(len(features)), np.zeros(len(features))
    for step in range(1, STEPS + 1):
        share = _shares(x @ weight, group, len(taught))
        said = share * y
        told = np.bincount(group, said, len(taught))
        slope = (x.T @ (share - said / np.maximum(told, 1e-12)[group]) + STRENGTH * (weight - prior)) * free
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope * slope
        rate = 0.05 if step < 0.6 * STEPS else 0.01
        weight -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return [replace(one, weight=round(float(value), 3)) for one, value in zip(features, weight, strict=True)]


def _shares(total: Vector, group: NDArray[np.intp], size: int) -> Vector:
    top = np.full(size, -np.inf)
    np.maximum.at(top, group, total)
    power = np.exp(total - top[group])
    share: Vector = power / np.bincount(group, power, size)[group]
    return share


def told(found: Sequence[Row], features: Sequence[ranking.Feature]) -> tuple[int, int, int, int]:
    """Right, stated, given though nobody is named, nobody named."""
    weights = ranking.Weights(features)
    picks = [ranking.choose(weights, row.cues) for row in found]
    right = sum(row.stated and row.right[at] for row, at in zip(found, picks, strict=True))
    stated = sum(row.stated for row in found)
    invented = sum(not row.stated and not row.right[at] for row, at in zip(found, picks, strict=True))
    return right, stated, invented, len(found) - stated


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true", help="write the weights to data/lexicon/employer.json")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    arguments.add_argument("--more", type=Path, nargs="*", default=[], help="further labelled reports")
    arguments.add_argument("--test", type=Path, nargs="*", default=[], help="reports to measure on only")
    options = arguments.parse_args()
    features = ranking.load(employers.PATH).features
    found = list(rows([*GOLD, options.shared / "eval" / "relevance.jsonl", *options.more]))
    fold = np.random.default_rng(0).permutation(len(found)) % FOLDS
    totals = np.zeros(4, dtype=int)
    for part in range(FOLDS):
        learned = fitted([row for row, at in zip(found, fold, strict=True) if at != part], features)
        totals += told([row for row, at in zip(found, fold, strict=True) if at == part], learned)
    print("held out, five-fold: right {}/{}, invented {}/{}".format(*totals))
    moved = fitted(found, features)
    print("as fitted: right {}/{}, invented {}/{}".format(*told(found, moved)))
    if options.test:
        print("measured only: right {}/{}, invented {}/{}".format(*told(list(rows(options.test)), moved)))
    if options.write:
        employers.PATH.write_text(ranking.written(moved), encoding="utf-8")


if __name__ == "__main__":
    main()
