"""How well reports were grouped into events: B³ F1 and the precision of pairs, with the pairs that went wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

from .figures import Fault, Figure, share


def figures(
    corpus: str, found: Mapping[str, object], event: Mapping[str, object], words: Mapping[str, str]
) -> list[Figure]:
    """``found`` and ``event``: the group of each report as grouped and as labelled; ``words`` shown with an error.

    A report labelled as alone has an event of its own. Sources: B³ of Bagga and Baldwin (1998).
    """
    ours, theirs = _groups(found), _groups(event)
    precision = recall = 0.0
    for report, true_event in event.items():
        together, belong = ours[found[report]], theirs[true_event]
        precision += len(together & belong) / len(together)
        recall += len(together & belong) / len(belong)
    precision, recall = precision / len(event), recall / len(event)
    said, true = _pairs(ours), _pairs(theirs)
    merged = [Fault(f"{a}+{b}", "两件事", "归为一件", f"{words[a]} ／ {words[b]}", 2.0) for a, b in sorted(said - true)]
    parted = [Fault(f"{a}+{b}", "同一件事", "分成两件", f"{words[a]} ／ {words[b]}") for a, b in sorted(true - said)]
    b3 = 2 * precision * recall / (precision + recall)
    return [
        Figure(corpus, "stories_b3", b3, f"{len(event)} 篇", (*merged, *parted)),
        share(corpus, "stories_pair_precision", len(said & true), len(said), merged),
    ]


def _groups(of: Mapping[str, object]) -> dict[object, set[str]]:
    groups: dict[object, set[str]] = defaultdict(set)
    for report, group in of.items():
        groups[group].add(report)
    return groups


def _pairs(groups: Mapping[object, set[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
