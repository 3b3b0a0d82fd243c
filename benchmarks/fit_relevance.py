"""Fit the weights of the named relevance features: `python benchmarks/fit_relevance.py [--write]`.

Each weight has a prior in data/lexicon/relevance.csv (what the rule's author expects); labelled rows move it from
there (ridge towards the prior, Newton steps). Rows: the project's gold set always, the measuring data where present.
Figures printed are ten-fold, near-duplicates kept together; without --write nothing is changed.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.relevance import PATH, Document, features
from monitors.opinion.training import fit

ROOT = Path(__file__).resolve().parent.parent
UNSURE, OWN = 0.25, 0.7  # weight of a row labelled with doubt, of a row the project wrote


def rows(shared: Path):
    """(features, label, weight, group, counts): ``counts`` marks the rows the printed figures are taken on."""
    lexicon = shipped()

    def one(row):
        return features(Document(read(row["title"] or "", lexicon), read(row["text"] or "", lexicon)))

    for line in (ROOT / "data" / "training" / "gold_judge.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["relevant"] is not None:
            yield one(row), float(row["relevant"]), OWN, "gold", False
    measured = shared / "eval" / "relevance.jsonl"
    if measured.exists():
        for line in measured.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            group = (row["title"] or row["text"])[:6]
            yield one(row), float(row["relevant"]), 1.0 if row["sure"] else UNSURE, group, bool(row["sure"])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="write the weights to data/lexicon/relevance.csv")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = arguments.parse_args()
    with PATH.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    names = [row["feature"] for row in table if row["feature"] != "bias"]
    priors = {row["feature"]: float(row["prior"]) for row in table}
    prior = np.array([priors[name] for name in (*names, "bias")])
    found = list(rows(options.shared))
    unknown = {name for row in found for name in row[0]} - set(names)
    if unknown:
        raise SystemExit(f"features without a row in {PATH.name}: {sorted(unknown)}")
    x = np.array([[row[0].get(name, 0.0) for name in names] for row in found])
    y, w = np.array([row[1] for row in found]), np.array([row[2] for row in found])
    counts = np.array([row[4] for row in found])
    none = np.zeros(len(found), dtype=bool)  # the shipped weights are learned from every row, the project's own too
    order: dict[str, int] = {}
    groups = np.array([order.setdefault(row[3], len(order)) for row in found])
    fold = np.random.default_rng(0).permutation(len(order))[groups] % 10
    if counts.any():
        score = np.zeros(len(found))
        for part in range(10):
            held = (fold == part) & (groups != 0)
            b = fit(x[~held], y[~held], w[~held], prior, none[~held])
            score[held] = 1 / (1 + np.exp(-(x[held] @ b[:-1] + b[-1])))
        for threshold in (0.3, 0.5, 0.7):
            said, true = counts & (score >= threshold), counts & (y == 1)
            both = (said & true).sum()
            print(f"threshold {threshold}: precision {both / said.sum():.3f} recall {both / true.sum():.3f}")
    b = fit(x, y, w, prior, none)
    if options.write:
        weights = dict(zip((*names, "bias"), b, strict=True))
        with PATH.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, ["feature", "weight", "prior", "meaning"], lineterminator="\n")
            out.writeheader()
            out.writerows({**row, "weight": round(float(weights[row["feature"]]), 3)} for row in table)


if __name__ == "__main__":
    main()
