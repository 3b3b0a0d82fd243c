"""Fit the weights of the signs of stance: `python -m benchmarks.fit_stance [--rows FILE …] [--write]`.

Rows: the project's gold sets and retold reports, the measuring data where present, further labelled files by --rows.
Every row is learned twice, with the rules' answer among its signs and without: the rules were made on some of these
rows, and trusted as far as they are right there they would silence every other sign. Figures printed are six-fold,
equal texts kept together; without --write nothing is changed. Numpy's threads do harm here: OMP_NUM_THREADS=1.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from monitors.opinion import employers, facts, labour, stance_model
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.stance import by_rules, weighed

ROOT = Path(__file__).resolve().parent.parent
RIDGE, RIDGE_RULES = 0.5, 4.0  # shrinking of a sign's weights, of those of the rules' answer
WITHOUT_RULES = 0.5  # weight of a row's second copy
FOLDS, STEPS = 6, 15
OWN = (
    *("data/training/gold_judge.jsonl", "data/training/gold_reports.jsonl", "tests/data/judge_retold.jsonl"),
    "data/training/told_otherwise.jsonl",
)
WEIGHT = {"gold_judge": 0.8, "gold_reports": 0.5, "judge_retold": 0.7}
NAMES = {"negative": "unresolved", "positive": "resolved"}


def labelled(paths):
    """(title, text, label, weight, source) of every relevant row with a stance; equal texts once, the last file's."""
    found = {}
    for path in paths:
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            stance = row.get("stance")
            if not row.get("relevant") or not stance or not row.get("sure", 1):
                continue
            first = stance[0] if isinstance(stance, list) else stance
            title, text = row["title"] or "", row["text"] or ""
            found[title, text] = (title, text, NAMES.get(first, first), WEIGHT.get(path.stem, 1.0), path.stem)
    return list(found.values())


def shown(title, text):
    """(signs, the rules' answer) as the judge sees them."""
    lexicon = shipped()
    title, text = read(title, lexicon), read(text, lexicon)
    mentions = (*title.mentions, *text.mentions)
    stated = any(one.mood == "stated" for one in mentions) or (not mentions and labour.is_case(title, text))
    told = facts.workers(title, text) or facts.amount(title, text) or employers.find(title, text)
    specific = bool(told or len(text.of("petition")) >= 2) and stated
    ruled = by_rules(title, text, specific=specific)
    return weighed(title, text, ruled), ruled.stance


def fit(x, y, w, ridge):
    """Newton steps of the softmax with a ridge per sign; ``x`` has the bias as its last column."""
    count, kinds = x.shape[1], len(stance_model.STANCES)
    b, wanted = np.zeros((count, kinds)), np.eye(kinds)[y]
    for _ in range(STEPS):
        p = softmax(x @ b)
        slope = (x.T @ ((p - wanted) * w[:, None]) + ridge[:, None] * b).T.ravel()
        bend = np.diag(np.tile(ridge, kinds))
        for i in range(kinds):
            for j in range(kinds):
                q = w * p[:, i] * ((i == j) - p[:, j])
                bend[i * count : (i + 1) * count, j * count : (j + 1) * count] += (x * q[:, None]).T @ x
        step = np.linalg.solve(bend, slope).reshape(kinds, count).T
        b -= step
        if np.abs(step).max() < 1e-5:
            break
    return b


def softmax(sums):
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="write data/lexicon/stance.json")
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    arguments.add_argument("--rows", type=Path, nargs="*", default=[], help="further labelled files")
    arguments.add_argument("--held", type=Path, nargs="*", default=[], help="labelled files only measured on")
    options = arguments.parse_args()
    paths = [options.shared / "eval" / "relevance.jsonl", *(ROOT / one for one in OWN), *options.rows, *options.held]
    rows = labelled(paths)
    began = time.monotonic()
    seen = [shown(title, text) for title, text, *_ in rows]
    names = sorted({name for found, _ in seen for name in found})
    x = np.array([[found.get(name, 0.0) for name in names] + [1.0] for found, _ in seen])
    y = np.array([stance_model.STANCES.index(row[2]) for row in rows])
    ruled = np.array([stance_model.STANCES.index(answer) for _, answer in seen])
    w, source = np.array([row[3] for row in rows]), np.array([row[4] for row in rows])
    of_rules = np.array([name.startswith("rules_say_") for name in names] + [False])
    ridge = np.where(of_rules, RIDGE_RULES, RIDGE)
    ridge[-1] = 0.01
    bare = np.where(of_rules[None, :], 0.0, x)

    def fitted(use):
        return fit(np.vstack([x[use], bare[use]]), np.tile(y[use], 2), np.r_[w[use], w[use] * WITHOUT_RULES], ridge)

    def answers(b, at):
        p, old, many = softmax(x[at] @ b), ruled[at], np.arange(int(at.sum()))
        best = p.argmax(axis=1)
        return np.where(p[many, best] - p[many, old] > stance_model.MARGIN, best, old)

    learned = ~np.isin(source, [path.stem for path in options.held])
    b = fitted(learned)
    said, folded = answers(b, np.ones(len(rows), dtype=bool)), ruled.copy()
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    for part in range(FOLDS):
        held = learned & (fold == part)
        folded[held] = answers(fitted(learned & (fold != part)), held)
    print(f"{len(rows)} rows, {len(names)} signs, {time.monotonic() - began:.0f} s")
    for one in dict.fromkeys(source):
        at = source == one
        right = [f"{(each[at] == y[at]).mean():.3f}" for each in (ruled, folded, said)]
        kind = "learned" if learned[at].all() else "held out"
        print(f"{one}: {at.sum()} rows, rules {right[0]}, {FOLDS}-fold {right[1]}, {kind} {right[2]}")
    if options.write:
        table = {name: tuple(round(float(v), 3) for v in b[at]) for at, name in enumerate((*names, stance_model.BIAS))}
        stance_model.PATH.write_text(stance_model.written(table), encoding="utf-8")


if __name__ == "__main__":
    main()
