"""Which of the candidate figures is taken (取数): weights fitted on labelled reports, one per named feature.

The weights stand in ``data/lexicon/facts.json``, written by ``python -m benchmarks.fit_facts --write``. Each candidate
weighs the sum of its features' weights; equal values are weighed together; saying nothing is a candidate too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from monitors.errors import SettingsError
from monitors.opinion.candidates import Candidate
from monitors.opinion.figures import Fact

PATH = Path(__file__).resolve().parent.parent.parent / "data" / "lexicon" / "facts.json"
_FORMAT = 1
_TOLD = 3  # reasons named
_TELLING = 0.25  # the least weight of a reason worth naming
_BESIDE = 12  # characters to a word worth naming
_RIVAL = 0.05  # the least share of a figure worth naming beside the one taken
# What is told of a figure besides the words near it.
_SAID = {
    "title": "标题所述",
    "repeated": "文中多次出现",
    "adds_up": "等于其他各数之和",
    "joined": "并列各数相加",
    "plus_self": "含本人",
    "only": "文中唯一",
    "mention.touch": "紧邻欠薪表述",
    "mention.near": "邻近欠薪表述",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the features for one kind of fact."""

    by_name: Mapping[str, float]

    def shares(self, candidates: Sequence[Candidate]) -> list[float]:
        """How likely each candidate is among all, from 0 to 1; together 1."""
        sums = [self.of(one.features) for one in candidates]
        top = max(sums)
        powers = [math.exp(one - top) for one in sums]
        whole = sum(powers)
        return [power / whole for power in powers]

    def of(self, features: Mapping[str, float]) -> float:
        """The weighed sum of ``features``; a feature never seen in fitting weighs nothing."""
        return sum(self.by_name.get(name, 0.0) * value for name, value in features.items())


@dataclass(frozen=True, slots=True)
class FactWeights:
    """The shipped weights of both facts."""

    persons: Weights
    sums: Weights


@cache
def shipped(path: Path = PATH) -> FactWeights:
    """The weights as released, read once per process.

    Raises:
        SettingsError: the file is missing, changed by hand or made for another release.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        persons, sums = ({str(k): float(v) for k, v in held[name].items()} for name in ("persons", "sums"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"无法读取人数与金额的权重 {path}：{error}") from error
    if held.get("format") != _FORMAT or held.pop("digest", None) != digest(held):
        raise SettingsError(f"人数与金额的权重 {path} 已损坏或被改动（校验值不符），请恢复随程序发布的文件")
    return FactWeights(Weights(persons), Weights(sums))


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of what the file says, its own digest left out."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def written(content: Mapping[str, Any]) -> str:
    """The file's text: one weight a line, with the digest."""
    whole: dict[str, Any] = {"format": _FORMAT, **content}
    return json.dumps(whole | {"digest": digest(whole)}, ensure_ascii=False, indent=1) + "\n"


def choose(candidates: Sequence[Candidate], weights: Weights, pick: Fact | None) -> Fact | None:
    """The figure most likely meant, None where nothing is; its ``why`` names the reasons and the next likely figure.

    Where the rules would take the same figure (``pick``), their own reason and place are kept.
    """
    shares = weights.shares(candidates)
    by_value: dict[int | None, float] = {}
    for one, share in zip(candidates, shares, strict=True):
        by_value[one.value] = by_value.get(one.value, 0.0) + share
    value = max(by_value, key=by_value.__getitem__)
    if value is None:
        return None
    alike = [(share, at) for at, (one, share) in enumerate(zip(candidates, shares, strict=True)) if one.value == value]
    best = candidates[max(alike, key=lambda one: (one[0], -one[1]))[1]]
    taken = pick if pick and pick.value == value else best.fact
    if taken is None:
        return None
    return replace(taken, why=taken.why + _reasons(best, weights) + _rival(taken, candidates, by_value))


def _reasons(best: Candidate, weights: Weights) -> str:
    """The features that weigh most for the candidate, as a reader would say them."""
    words = {word.feature: word.told for word in best.words if word.apart <= _BESIDE}
    told = [
        (weights.by_name.get(name, 0.0) * value, words.get(name) or _SAID[name])
        for name, value in best.features.items()
        if name in words or name in _SAID
    ]
    telling = sorted((one for one in told if one[0] >= _TELLING), key=lambda one: -one[0])[:_TOLD]
    return f"；依据：{'、'.join(said for _, said in telling)}" if telling else ""


def _rival(taken: Fact, candidates: Sequence[Candidate], by_value: Mapping[int | None, float]) -> str:
    """The next likely figure, unless the rules' reason names one."""
    if "另有" in taken.why:
        return ""
    rivals = [one.fact for one in candidates if one.fact and one.fact.value != taken.value]
    rival = max(rivals, key=lambda fact: by_value[fact.value], default=None)
    if rival is None or by_value[rival.value] < _RIVAL:
        return ""
    return f"；另有“{rival.why.split('：', 1)[-1].split('，')[0]}”，可能性较小"
