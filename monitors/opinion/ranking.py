"""A choice among candidates by weighed features (择优): a linear model whose every feature has a name and a meaning.

The weights stand in a small JSON file under ``data/lexicon`` with a digest over its content. A candidate's weight is
the sum over its features; the heaviest is taken, "none of them" being a candidate like the others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitors.errors import SettingsError

_FORMAT = 1
_TELLING = 0.25  # the least weight worth telling a reader of


@dataclass(frozen=True, slots=True)
class Feature:
    """``weight`` is in force; ``prior`` is what the rule's author expects; ``held``: not moved by fitting."""

    name: str
    meaning: str
    weight: float
    prior: float
    held: bool = False


class Weights:
    """The features by name. Immutable."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._weight = {one.name: one.weight for one in features}
        self._meaning = {one.name: one.meaning for one in features}

    def weigh(self, found: Sequence[str]) -> float:
        """The sum over the features found.

        Raises:
            KeyError: a feature has no weight: it was added to the rules without the file.
        """
        return sum(self._weight[name] for name in found)

    def reasons(self, found: Sequence[str], most: int = 3) -> tuple[str, ...]:
        """The meanings of the features that speak most for a candidate, the strongest first."""
        ranked = sorted(found, key=lambda name: -self._weight[name])
        meanings = [self._meaning[name] for name in ranked if self._weight[name] >= _TELLING and self._meaning[name]]
        return tuple(dict.fromkeys(meanings))[:most]


def choose(weights: Weights, candidates: Sequence[Sequence[str]]) -> int:
    """The number of the heaviest candidate, the first of equals."""
    sums = [weights.weigh(found) for found in candidates]
    return max(range(len(sums)), key=lambda at: (sums[at], -at))


@cache
def load(path: Path) -> Weights:
    """The weights in ``path``, read once per process.

    Raises:
        SettingsError: the file is missing, damaged or changed by hand.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        digest = held.pop("digest")
        features = [Feature(**one) for one in held["features"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"无法读取权重文件 {path.name}：{error}，请恢复随程序发布的文件") from error
    if held.get("format") != _FORMAT or digest != _digest(held) or not all(_is_sound(one) for one in features):
        raise SettingsError(f"权重文件 {path.name} 已损坏或被改动（校验值不符），请恢复随程序发布的文件")
    return Weights(features)


def _is_sound(feature: Feature) -> bool:
    return all(isinstance(value, int | float) and math.isfinite(value) for value in (feature.weight, feature.prior))


def written(features: Sequence[Feature]) -> str:
    """The file's text, one feature a line."""
    rows = [
        {"name": one.name, "meaning": one.meaning, "weight": one.weight, "prior": one.prior, "held": one.held}
        for one in features
    ]
    digest = _digest({"format": _FORMAT, "features": rows})
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    return f'{{\n "format": {_FORMAT},\n "features": [\n{lines}\n ],\n "digest": "{digest}"\n}}\n'


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
